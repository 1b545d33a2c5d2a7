"""Settings in force: defaults, then ``rules:``, then the environment, by key; lists replace.

`Settings.resolve` answers for one kind of subject in one environment, and remembers the answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gate.errors import SettingsError
from gate.settings import patterns
from gate.settings.grammar import SUGAR, RuleShape
from gate.settings.model import COLLECTIONS, LEVELS, Effective, Environment, Level, RuleSetting, Stance, Written
from gate.settings.nodes import from_plain
from gate.settings.parameters import RuleLike, shape_of
from gate.settings.reading import Reading, suggest

BUILT_IN = ("prod", "dev")

_Key = tuple[str, str, str | None]


class Settings:
    """What gate.yaml and the defaults say together. ``written`` is gate.yaml alone."""

    def __init__(self, written: Written, catalogue: Mapping[str, RuleLike], defaults: Mapping[str, Any]) -> None:
        """``defaults`` is the plain content of ``policies/defaults.yaml``; raises `SettingsError` where it is wrong."""
        self.written = written
        self._catalogue = catalogue
        self._defaults = _Defaults(catalogue, defaults)
        self._environments = {environment.name: environment for environment in written.environments}
        self._memory: dict[_Key, dict[str, Effective]] = {}

    @property
    def names(self) -> list[str]:
        """Every environment that may be asked for."""
        return [*self._environments, *(name for name in BUILT_IN if name not in self._environments)]

    def named(self, name: str | None) -> str:
        """The environment asked for, or the default; `SettingsError` for a name nobody declared."""
        wanted = name or self.written.environment
        if wanted in self._environments or wanted in BUILT_IN:
            return wanted
        where = str(self.written.path) if self.written.path else None
        hint = suggest(wanted, self.names) or f"environments are {', '.join(self.names)}"
        raise SettingsError(f'no environment is called "{wanted}"', where=where, hint=hint)

    def of_namespace(self, namespace: str, labelled: str | None = None) -> str:
        """The environment of a namespace: the first that matches; ``prod`` where none are declared.

        ``labelled``: the environment whose label the namespace carries.
        """
        for environment in self.written.environments:
            if environment.name == labelled or patterns.matches_any(environment.namespaces, namespace):
                return environment.name
        return BUILT_IN[0]

    def of_labels(self, namespace: str, labels: Mapping[str, str]) -> str | None:
        """The environment of a namespace whose labels choose one; null where only its name counts."""
        label = self.written.environment_label
        value = labels.get(label.key) if label is not None else None
        labelled = next((each.name for each in self.written.environments if value in each.labels), None)
        return None if labelled is None else self.of_namespace(namespace, labelled)

    def stance(self, environment: str) -> Stance:
        """What is made of doubt in an environment."""
        own = self._environments.get(environment, Environment(name=environment))
        top = self.written.stance
        return Stance(
            own.undecided or top.undecided, own.assumed or top.assumed, own.evidence_pending or top.evidence_pending
        )

    def resolve(self, environment: str, kind: str, role: str | None = None) -> Mapping[str, Effective]:
        """The rules to run on a kind of subject, with level and parameters; those at ``ignore`` are left out.

        ``role`` is that of a container. The same mapping is returned for the same question: it must not be changed.
        """
        key = (environment, kind, role)
        found = self._memory.get(key)
        if found is None:
            found = self._memory[key] = dict(self._resolve(environment, kind, role))
        return found

    def parameters(self, rule: str, environment: str) -> dict[str, Any]:
        """The parameters of a rule in an environment, whatever its level."""
        layers = self._layers(rule, environment)
        merged: dict[str, Any] = dict(self._defaults.parameters(rule))
        for layer in layers:
            merged |= layer.parameters
        if rule == "approved-source" and "approved-base" in self._catalogue:
            sources = merged.get("sources") or []
            bases = self.parameters("approved-base", environment).get("bases") or []
            merged["sources"] = [*sources, *(one for one in bases if one not in sources)]
        return merged

    def level(self, rule: str, environment: str, role: str | None = None) -> Level:
        """The level of a rule in an environment, for containers of a role."""
        layers = self._layers(rule, environment)
        explicit = [layer.level for layer in layers if layer.level is not None]
        level = explicit[-1] if explicit else self._default_level(rule, environment)
        roles: dict[str, Level] = dict(self._defaults.roles(rule))
        for layer in layers:
            roles |= layer.roles
        return weaker(level, roles[role]) if role in roles else level

    def _default_level(self, rule: str, environment: str) -> Level:
        runs = COLLECTIONS[: COLLECTIONS.index(self.written.collection) + 1]
        return self._defaults.level(rule, environment) if self._catalogue[rule].collection in runs else "ignore"

    def _layers(self, rule: str, environment: str) -> list[RuleSetting]:
        own = self._environments.get(environment)
        found = (self.written.rules.get(rule), own.rules.get(rule) if own else None)
        return [layer for layer in found if layer is not None]

    def _resolve(self, environment: str, kind: str, role: str | None) -> Mapping[str, Effective]:
        rules = {}
        for rule_id, rule in self._catalogue.items():
            level = self.level(rule_id, environment, role)
            if kind in rule.kinds and level != "ignore":
                rules[rule_id] = Effective(level, self.parameters(rule_id, environment))
        return rules


def weaker(one: Level, other: Level) -> Level:
    """The milder of two levels."""
    return LEVELS[min(LEVELS.index(one), LEVELS.index(other))]


class _Defaults:
    """The table of defaults, each row read when it is first asked for."""

    def __init__(self, catalogue: Mapping[str, RuleLike], plain: Mapping[str, Any]) -> None:
        self._catalogue = catalogue
        self._plain = plain
        self._rows: dict[str, dict[str, Any]] = {}

    def _row(self, rule: str) -> dict[str, Any]:
        row = self._rows.get(rule)
        if row is None:
            row = self._rows[rule] = self._read(rule)
        return row

    def _read(self, rule: str) -> dict[str, Any]:
        reading = Reading("policies/defaults.yaml")
        plain = (self._plain.get("rules") or {}).get(rule) or {}
        row = RuleShape(self._catalogue[rule], defaults=True).read_defaults(reading, from_plain(plain))
        for key, (owner, parameter) in SUGAR.items():
            described = self._catalogue[rule].parameters.get(parameter) if owner == rule else None
            if described is not None and key in self._plain:
                value = shape_of(described, key).read(reading, from_plain(self._plain[key]), key)
                row.setdefault("parameters", {})[parameter] = value
        reading.finish()
        return row

    def parameters(self, rule: str) -> dict[str, Any]:
        parameters: dict[str, Any] = self._row(rule).get("parameters") or {}
        return parameters

    def roles(self, rule: str) -> dict[str, Level]:
        roles: dict[str, Level] = self._row(rule).get("roles") or {}
        return roles

    def level(self, rule: str, environment: str) -> Level:
        levels: dict[str, Level] = self._row(rule).get("levels") or {}
        column = environment if environment in levels else BUILT_IN[0]
        return levels.get(column, "deny")
