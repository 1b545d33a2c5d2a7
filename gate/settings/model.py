"""What gate.yaml says, once read: plain immutable values."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any, Literal, NamedTuple

import msgspec

from gate.settings.limits import Limits

Level = Literal["deny", "warn", "ignore"]
Collection = Literal["essential", "recommended", "strict"]

LEVELS: tuple[Level, ...] = ("ignore", "warn", "deny")
COLLECTIONS: tuple[Collection, ...] = ("essential", "recommended", "strict")


class RuleSetting(msgspec.Struct, frozen=True, kw_only=True):
    """What one layer (defaults, ``rules:``, an environment) says of one rule; parameters are compiled."""

    level: Level | None = None
    roles: dict[str, Level] = {}
    parameters: dict[str, Any] = {}


class Effective(NamedTuple):
    """A rule as it holds for a subject."""

    level: Level
    parameters: dict[str, Any]


class Stance(NamedTuple):
    """What is made of doubt: undecided rules at deny, passes that rest on assumptions, evidence not read yet."""

    undecided: Literal["deny", "warn", "ignore"] = "deny"
    assumed: Literal["accept", "undecided"] = "accept"
    evidence_pending: Literal["deny", "warn", "ignore"] = "deny"


class Environment(msgspec.Struct, frozen=True, kw_only=True):
    """One environment: the namespaces it holds for (anchored expressions), and what it changes.

    ``labels``: values of the label in `EnvironmentLabel` that choose it.
    """

    name: str
    namespaces: list[str] = []
    labels: list[str] = []
    rules: dict[str, RuleSetting] = {}
    undecided: Literal["deny", "warn", "ignore"] | None = None
    assumed: Literal["accept", "undecided"] | None = None
    evidence_pending: Literal["deny", "warn", "ignore"] | None = None


class EnvironmentLabel(msgspec.Struct, frozen=True, kw_only=True):
    """The label of namespaces that chooses environments, and the groups of users who may set it."""

    key: str
    groups: list[str]


class Build(msgspec.Struct, frozen=True, kw_only=True):
    """One image this repository builds. ``path`` and ``context`` are relative to gate.yaml's folder."""

    path: str
    target: str | None = None
    args: dict[str, str] = {}
    contexts: dict[str, str] = {}
    image: str | None = None
    environment: str | None = None
    platform: str | None = None
    context: str | None = None


class Registry(msgspec.Struct, frozen=True, kw_only=True):
    """How to talk to one registry. ``mirrors`` are ``host[/prefix]``; paths are relative to gate.yaml's folder."""

    host: str
    insecure: bool = False
    mirrors: list[str] = []
    mirror_tags: bool = False
    ca: str | None = None
    client_cert: str | None = None
    client_key: str | None = None


class Exemption(msgspec.Struct, frozen=True, kw_only=True):
    """A dated, owned, reasoned waiver of one rule. Selectors are compiled; all that are given must match."""

    rule: str
    reason: str
    owner: str
    expires: datetime.date
    ticket: str | None = None
    paths: list[str] | None = None
    images: list[dict[str, Any]] | None = None
    digests: list[str] | None = None
    namespaces: list[str] | None = None
    containers: list[str] | None = None
    source: str | None = None


class KnownBase(msgspec.Struct, frozen=True, kw_only=True):
    """A team's own row of the table of known bases; see ``gate/evidence/known_bases.yaml`` for the fields."""

    pattern: dict[str, Any]
    user: str | None = None
    uid: int | None = None
    users: dict[str, int] | None = None
    shells: list[str] | None = None
    libc: Literal["glibc", "musl", "none"] | None = None
    package_manager: str | None = None
    size: int | None = None
    floor: int | None = None
    ships: Literal["runtime", "builder"] | None = None
    supported_until: datetime.date | None = None


class CustomResource(msgspec.Struct, frozen=True, kw_only=True):
    """A custom resource that holds a pod spec, and the dotted path to it."""

    group: str
    version: str
    resource: str
    pod_spec: str
    kind: str | None = None


class Written(msgspec.Struct, frozen=True, kw_only=True):
    """All of gate.yaml. ``digest`` is of its bytes; ``path`` is null when there is no file."""

    root: Path
    path: Path | None = None
    digest: str | None = None
    environment: str = "prod"
    builds: list[Build] = []
    rules: dict[str, RuleSetting] = {}
    environments: list[Environment] = []
    environment_label: EnvironmentLabel | None = None
    collection: Collection = "recommended"
    stance: Stance = Stance()
    registries: list[Registry] = []
    limits: Limits = Limits()
    exemptions: list[Exemption] = []
    known_bases: list[KnownBase] = []
    exclude: list[str] = []
    manifests: list[str] = []
    custom_resources: list[CustomResource] = []
    honour_foreign_ignores: bool = False
    inline_exemptions: Literal["allow", "forbid"] = "allow"
