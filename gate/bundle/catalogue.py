"""METADATA of rules, read once into a catalogue: who a rule is, what it needs, what to do about it.

A rule's METADATA is the comment block before its ``package`` line, as OPA's annotations define it
(openpolicyagent.org/docs/policy-language#annotations): YAML behind ``#``. The schema is closed; whatever is wrong is
a `PolicyError` with file and line. `rego.metadata` is not used: the engines differ in it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import msgspec

from gate.errors import PolicyError

if TYPE_CHECKING:
    from gate.bundle import metadata

SEVERITIES = ("critical", "high", "medium", "low", "info")
KINDS = ("dockerfile", "image", "container")
FACTS = ("user", "shell", "base", "size", "filesystem")
DOCUMENTS = ("dockerfile", "image", "workload")
COLLECTIONS = ("essential", "recommended", "strict")
PARAMETER_TYPES = (
    "age",  # "90d"; arrives as days
    "boolean",
    "choice",  # one of `values`
    "integer",
    "list",  # of maps with the keys of `items`
    "patterns",  # image patterns; arrive compiled
    "size",  # "300MB"; arrives as bytes
    "size-or-percent",  # "20MB" or "10%"; arrives as {"bytes": n} or {"percent": n}
    "string",
    "strings",
    "urls",  # URL patterns; arrive compiled like image patterns
)

_PACKAGE = re.compile(r"^package\s+(?P<path>[^\s#]+)\s*(?:#.*)?$", re.MULTILINE)
_PART = re.compile(r"\[\"(?P<quoted>[a-z][a-z0-9_-]*)\"\]|\.?(?P<plain>[A-Za-z_][A-Za-z0-9_]*)")


class Related(msgspec.Struct, frozen=True, kw_only=True):
    """A page that says more."""

    ref: str
    description: str | None = None


class Parameter(msgspec.Struct, frozen=True, kw_only=True):
    """One setting of a rule. ``type`` is one of `PARAMETER_TYPES`; ``nullable`` parameters may be switched off by null.

    ``items``: the keys of each element of a ``list``. ``values``: what a ``choice`` allows. ``default``: of custom
    rules only; the shipped ones have theirs in defaults.yaml.
    """

    name: str
    type: str
    description: str
    nullable: bool = False
    values: list[str] = []
    items: dict[str, Parameter] = {}
    default: Any = None


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """One rule as its METADATA describes it. ``path`` and ``line``: where that stands.

    ``needs``: facts and documents without which it cannot tell; with none it says ``undecided`` by itself.
    ``only_with``: programs (``apt-get``, ``python*``), instructions and flags without which it is silent.
    """

    id: str
    title: str
    description: str
    severity: str
    collection: str
    kinds: list[str]
    needs: list[str]
    settled_on: list[str]
    fix: str
    aliases: list[str]
    controls: list[str]
    since: str
    related: list[Related]
    parameters: dict[str, Parameter]
    path: str
    line: int
    only_with: list[str] = []

    def document(self) -> dict[str, list[str]]:
        """What the engine's document says of this rule, below ``rules``."""
        return {
            "needs": self.needs,
            "settled_on": self.settled_on,
            "kinds": self.kinds,
            "parameters": sorted(self.parameters),
        }


def package(path: str, text: str) -> tuple[list[str], int]:
    """The parts of a module's package, and its line; raises `PolicyError` where there is none."""
    found = _PACKAGE.search(text)
    if found is None:
        raise PolicyError("no package line", where=f"{path}:1", hint="A policy starts with `package custom.<name>`.")
    line = text.count("\n", 0, found.start()) + 1
    spelled, parts, end = found["path"], [], 0
    for part in _PART.finditer(spelled):
        if part.start() != end:
            break
        parts.append(part["quoted"] or part["plain"])
        end = part.end()
    if end != len(spelled):
        raise PolicyError(f"cannot read the package name {spelled}", where=f"{path}:{line}")
    return parts, line


def rule(rule_id: str, path: str, text: str) -> Rule:
    """The rule that a module describes; raises `PolicyError` naming the line that is wrong or missing."""
    from gate.bundle import metadata

    _, package_line = package(path, text)
    block = metadata.before(path, text, package_line)
    if block is None:
        raise PolicyError(
            f"rule {rule_id} has no METADATA",
            where=f"{path}:{package_line}",
            hint="Every rule says its title, severity, kinds and needs; see docs/rules/README.md.",
        )
    block.only("title", "description", "related_resources", "custom", "scope", "authors", "organizations", "schemas")
    custom = block.section("custom")
    custom.only(
        *("severity", "collection", "kinds", "needs", "settled_on", "fix", "aliases", "controls"),
        *("since", "parameters", "only_with"),
    )
    return Rule(
        id=rule_id,
        title=block.text("title"),
        description=block.text("description"),
        severity=custom.choice("severity", SEVERITIES),
        collection=custom.choice("collection", COLLECTIONS, default="recommended"),
        kinds=custom.choices("kinds", KINDS),
        needs=custom.choices("needs", (*FACTS, *DOCUMENTS)),
        settled_on=custom.choices("settled_on", KINDS, default=[]),
        fix=custom.text("fix"),
        aliases=custom.texts("aliases", default=[]),
        controls=custom.texts("controls", default=[]),
        since=custom.text("since", default="" if rule_id.startswith("custom/") else None),
        related=list(_related(block)),
        parameters=_parameters(custom, "parameters", allow_default=rule_id.startswith("custom/")),
        path=path,
        line=block.line,
        only_with=custom.texts("only_with", default=[]),
    )


def _related(block: metadata.Block) -> Iterator[Related]:
    for entry in block.sections("related_resources"):
        entry.only("ref", "description")
        yield Related(ref=entry.text("ref"), description=entry.text("description", default="") or None)


def _parameters(parent: metadata.Block, key: str, *, allow_default: bool) -> dict[str, Parameter]:
    declared: dict[str, Parameter] = {}
    if key not in parent:
        return declared
    group = parent.section(key)
    for name in group:
        one = group.section(name)
        one.only("type", "description", "nullable", "values", "items", *(["default"] if allow_default else []))
        kind = one.choice("type", PARAMETER_TYPES)
        if (kind == "choice") != ("values" in one) or (kind == "list") != ("items" in one):
            raise one.error(name, "a choice has `values`, a list has `items`, and no other type has either")
        declared[name] = Parameter(
            name=name,
            type=kind,
            description=one.text("description"),
            nullable=one.flag("nullable", default=False),
            values=one.texts("values", default=[]),
            items=_parameters(one, "items", allow_default=False),
            default=one.value("default"),
        )
    return declared
