"""The grammar of gate.yaml: which keys there are, what each may be, and what it means to a reader of the schema."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gate.settings import entries
from gate.settings.entries import LEVEL, unknown_rule
from gate.settings.labels import environment_label
from gate.settings.limits import limits
from gate.settings.model import COLLECTIONS, Level, RuleSetting
from gate.settings.nodes import Node, Scalar
from gate.settings.parameters import RuleLike, fields_of
from gate.settings.reading import Reading, Shape
from gate.settings.shapes import Choice, Field, Flag, ListOf, MapOf, Record, Text, entries_of

ROLES = ("container", "init", "sidecar", "ephemeral", "volume")
SUGAR = {
    "approved_bases": ("approved-base", "bases"),
    "approved_images": ("approved-base", "images"),
    "approved_sources": ("approved-source", "sources"),
    "approved_frontends": ("approved-frontend", "frontends"),
}
DESCRIPTIONS = {
    "approved_bases": "Images a build may rest on; short for rules.approved-base.bases.",
    "approved_images": "Vendor images that may run unchanged; short for rules.approved-base.images.",
    "approved_sources": "What a build may copy from, besides its bases; short for rules.approved-source.sources.",
    "approved_frontends": "Images a # syntax= line may name; short for rules.approved-frontend.frontends.",
}


class RuleShape:
    """One rule's setting: a level alone, or a mapping of ``level``, ``roles`` and the rule's parameters."""

    def __init__(self, rule: RuleLike, *, defaults: bool = False) -> None:
        self._rule = rule
        parameters = fields_of(rule.parameters, rule.id, nullable=defaults)
        roles = Record({role: Field(LEVEL) for role in ROLES})
        head = {
            "level": Field(LEVEL, doc="What a finding does."),
            "roles": Field(roles, doc="The most a finding may do in containers of a role."),
        }
        if defaults:
            head["levels"] = Field(MapOf(LEVEL))
            head["parameters"] = Field(Record(parameters))
            parameters = {}
        self._record = Record(head | parameters, doc=rule.title)

    def read(self, reading: Reading, node: Node, name: str) -> RuleSetting | None:
        if isinstance(node, Scalar):
            level: Level = LEVEL.read(reading, node, name)
            return RuleSetting(level=level)
        values = self._record.read(reading, node, name)
        if values is None:
            return None
        level, roles = values.pop("level", None), values.pop("roles", {})
        return RuleSetting(level=level, roles=roles, parameters=values)

    def read_defaults(self, reading: Reading, node: Node) -> dict[str, Any]:
        """The row of a table of defaults: ``levels``, ``roles`` and ``parameters``."""
        return self._record.read(reading, node, self._rule.id) or {}

    def schema(self) -> dict[str, Any]:
        return {"title": self._rule.title, "anyOf": [LEVEL.schema(), self._record.schema()]}


class RulesShape:
    """``rules:``, checked against the rules that are loaded; without a catalogue it is left unread."""

    def __init__(self, catalogue: Mapping[str, RuleLike] | None) -> None:
        self._catalogue = catalogue
        self._shapes: dict[str, RuleShape] = {}

    def read(self, reading: Reading, node: Node, name: str) -> dict[str, RuleSetting]:
        written = entries_of(reading, node, name)
        if self._catalogue is None:
            return {}
        settings = {}
        for rule_id, (key, value) in written.items():
            if rule_id not in self._catalogue:
                reading.mistakes.append(unknown_rule(reading, key, rule_id, self._catalogue))
                continue
            setting = reading.attempt(self.shape(rule_id), value, f"{name}.{rule_id}")
            if setting is not None:
                settings[rule_id] = setting
        return settings

    def shape(self, rule_id: str) -> RuleShape:
        """The shape of one rule that is loaded."""
        if rule_id not in self._shapes:
            self._shapes[rule_id] = RuleShape((self._catalogue or {})[rule_id])
        return self._shapes[rule_id]

    def schema(self) -> dict[str, Any]:
        return {"$ref": "#/$defs/rules"}

    def definition(self) -> dict[str, Any]:
        """The schema that ``$ref`` means; custom rules may have any parameter."""
        rules = {rule_id: self.shape(rule_id).schema() for rule_id in sorted(self._catalogue or {})}
        custom = {"anyOf": [LEVEL.schema(), {"type": "object"}]}
        return {
            "type": "object",
            "properties": rules,
            "patternProperties": {"^custom/": custom},
            "additionalProperties": False,
        }


class _Version:
    """``version: 1``."""

    def read(self, reading: Reading, node: Node, name: str) -> int:
        if isinstance(node, Scalar) and node.type == "int" and node.text == "1":
            return 1
        raise reading.error(node, "version must be 1", "this gate reads no other")

    def schema(self) -> dict[str, Any]:
        return {"const": 1}


def top(catalogue: Mapping[str, RuleLike] | None, sugar: Mapping[str, Shape]) -> Record:
    """All of gate.yaml. ``sugar``: the shapes of ``approved_bases`` and its like, where those rules are loaded."""
    rules = RulesShape(catalogue)
    return Record(
        {
            "version": Field(_Version(), True, "The version of this format.", "write version: 1 at the top"),
            "environment": Field(entries.ENVIRONMENT_NAME, doc="The default of gate check; --env beats it."),
            "collection": Field(Choice(*COLLECTIONS), doc="How many rules run: essential, recommended or strict."),
            "builds": Field(ListOf(entries.build()), doc="What this repository builds, and as what."),
            **{key: Field(shape, doc=DESCRIPTIONS[key]) for key, shape in sugar.items()},
            "rules": Field(rules, doc="Levels and parameters of rules."),
            "environments": Field(
                ListOf(entries.environment(rules), least=1), doc="In order; the first that matches holds."
            ),
            "environment_label": Field(
                environment_label(), doc="A label of namespaces that chooses environments, and who may set it."
            ),
            "undecided": Field(entries.DOUBT, doc="What a rule at deny does when it cannot be decided."),
            "assumed": Field(entries.ASSUMED, doc="What is made of an answer that rests on assumptions."),
            "evidence_pending": Field(entries.DOUBT, doc="Admission, while an image's layers are read."),
            "registries": Field(ListOf(entries.registry()), doc="How to talk to registries."),
            "limits": Field(limits(), doc="How much of an image is read at most."),
            "known_bases": Field(ListOf(entries.known_base()), doc="A team's own rows of the table of known bases."),
            "exemptions": Field(ListOf(entries.ExemptionShape(catalogue)), doc="Dated waivers."),
            "inline_exemptions": Field(Choice("allow", "forbid"), doc="Whether comments in a Dockerfile may exempt."),
            "honour_foreign_ignores": Field(Flag(), doc="Understand hadolint, trivy and checkov comments."),
            "exclude": Field(ListOf(Text()), doc="Files not to look at, as in .gitignore."),
            "manifests": Field(ListOf(Text()), doc="Kubernetes manifests to judge, as in .gitignore."),
            "custom_resources": Field(ListOf(entries.custom_resource()), doc="Custom resources that hold a pod spec."),
        },
        doc="Settings of gate.",
    )
