"""The report ``gate.audit/v1``: where an estate stands against the policy. A wire format; fields are only ever added.

Results are by subject: one image by digest, one group of equal containers, one Dockerfile. Times are RFC 3339 in UTC,
sizes bytes, digests ``sha256:...``.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from gate.evidence.model import Via
from gate.finding import Level, Severity, Verdict

SCHEMA: Literal["gate.audit/v1"] = "gate.audit/v1"

SubjectKind = Literal["container", "image", "dockerfile", "manifest"]


class AuditInputs(msgspec.Struct, frozen=True, kw_only=True):
    """What the run rested on, so that it can be repeated."""

    settings: str | None = None
    policy: str = ""
    engine: str = ""
    lock: str | None = None
    known_bases: str | None = None
    today: str = ""
    sources: list[str] = []
    candidate: str | None = None


class Coverage(msgspec.Struct, frozen=True, kw_only=True):
    """What was looked at. ``seen`` is what sources listed, by kind; a run is complete only if nothing is missing."""

    seen: dict[str, int] = {}
    judged: int = 0
    undecided: dict[str, int] = {}
    skipped: dict[str, int] = {}
    failures: list[str] = []


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where a subject is in use: a workload's container, a registry's tag, a file of a checkout."""

    source: str
    namespace: str | None = None
    kind: str | None = None
    name: str | None = None
    container: str | None = None
    role: str | None = None
    path: str | None = None
    tag: str | None = None
    count: int = 1


class Drift(msgspec.Struct, frozen=True, kw_only=True):
    """A tag that now names another image than the one that runs."""

    reference: str
    running: str
    now: str


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """Where an image says it comes from, and the line to change: a Dockerfile of the checkouts given."""

    repository: str | None = None
    revision: str | None = None
    dockerfile: str | None = None
    line: int | None = None
    joined_by: str | None = None


class AuditFinding(msgspec.Struct, frozen=True, kw_only=True):
    """A finding, as in the report of ``gate check``."""

    rule: str
    severity: Severity
    level: Level
    status: Literal["violation", "undecided"]
    message: str
    fix: str | None = None
    fingerprint: str
    reason: str | None = None
    path: str | None = None
    line: int | None = None
    exempted: bool = False
    exempted_by: str | None = None


class SizeOf(msgspec.Struct, frozen=True, kw_only=True):
    """Bytes of an image and of its layers, lowest first (digest, bytes, created_by)."""

    uncompressed: int | None = None
    compressed: int | None = None
    wasted: int | None = None
    layers: list[tuple[str, int, str]] = []


class AncestorOf(msgspec.Struct, frozen=True, kw_only=True):
    """An image that a subject is built on. ``layers``: how many of its layers prove it, null where nothing does."""

    reference: str
    via: Via
    digest: str | None = None
    layers: int | None = None


class AuditResult(msgspec.Struct, frozen=True, kw_only=True):
    """One subject. ``key`` is the same in every run; ``at_restart`` is the candidate policy's verdict.

    ``lineage`` is what it is built on, the nearest first; ``stages`` the chain of a Dockerfile's target, the lowest
    first. ``created`` and ``base_created`` are days, ``supported_until`` is the base's.
    """

    key: str
    kind: SubjectKind
    name: str
    verdict: Verdict
    environment: str
    reference: str | None = None
    digest: str | None = None
    platform: str | None = None
    owners: list[str] = []
    places: list[Place] = []
    findings: list[AuditFinding] = []
    user: str | None = None
    shells: list[str] = []
    base: str | None = None
    ancestors: list[str] = []
    base_created: str | None = None
    size: SizeOf = SizeOf()
    tags: list[str] = []
    source: Source | None = None
    drift: list[Drift] = []
    at_restart: Verdict | None = None
    candidate_findings: list[AuditFinding] = []
    lineage: list[AncestorOf] = []
    base_digest: str | None = None
    supported_until: str | None = None
    created: str | None = None
    stages: list[str] = []


class OwnerSummary(msgspec.Struct, frozen=True, kw_only=True):
    """One owner's part of the estate."""

    owner: str
    subjects: int
    denied: int
    undecided: int
    passed: int
    refused_at_restart: int = 0


class RuleSummary(msgspec.Struct, frozen=True, kw_only=True):
    """One rule over the estate."""

    rule: str
    title: str
    severity: Severity
    violations: int
    undecided: int
    exempted: int
    controls: list[str] = []


class ControlSummary(msgspec.Struct, frozen=True, kw_only=True):
    """One control of a standard (CIS Docker, NIST SP 800-190), and the rules that speak to it."""

    control: str
    rules: list[str]
    violations: int
    undecided: int


class Loosened(msgspec.Struct, frozen=True, kw_only=True):
    """A place where settings ask less than the shipped defaults: who, what, and how it was."""

    where: str
    rule: str
    was: str
    now: str


Standing = Literal["active", "expiring", "expired", "unused", "overlapping"]


class ExemptionState(msgspec.Struct, frozen=True, kw_only=True):
    """An exemption with its age and use.

    ``states`` is all that holds of: expired, unused, overlapping (another one covers the same findings), expiring
    (within 30 days); ``state`` is the first of them, or active. ``used``: findings it waives; ``covers``: those it
    would waive if it still held and were alone. ``first_seen``: the day of the first run of the history that had it,
    null where this is the first; ``identity`` (its rule and selectors) is how the history knows it again.
    """

    rule: str
    owner: str
    reason: str
    expires: str
    state: Standing
    used: int = 0
    days_left: int = 0
    ticket: str | None = None
    states: list[Standing] = []
    covers: int = 0
    first_seen: str | None = None
    source: str | None = None
    identity: str | None = None


class LineageNode(msgspec.Struct, frozen=True, kw_only=True):
    """An image in use, and the nearest image it is built on.

    ``parent`` is that one's ``key``, null where none is known; ``proof`` says what the link rests on: ``layers`` (all
    of the parent's diff_ids come first in this one's), ``structure`` (a full walk found nothing but programs), null
    without a parent. ``audited``: a subject of this run, with ``results`` (keys) that are this very image.
    ``dockerfiles`` are keys of Dockerfiles that name it as their base: what they say, not what was built. ``running``
    counts containers of this image, ``below`` those of images built on it. ``age_days`` is since ``created``.
    """

    key: str
    name: str
    digest: str | None = None
    parent: str | None = None
    proof: Literal["layers", "structure"] | None = None
    layers: int = 0
    created: str | None = None
    age_days: int | None = None
    supported_until: str | None = None
    audited: bool = False
    results: list[str] = []
    dockerfiles: list[str] = []
    running: int = 0
    below: int = 0


class Totals(msgspec.Struct, frozen=True, kw_only=True):
    """Counts over all subjects."""

    subjects: int = 0
    denied: int = 0
    undecided: int = 0
    passed: int = 0
    exempted: int = 0
    refused_at_restart: int = 0


class AuditReport(msgspec.Struct, frozen=True, kw_only=True):
    """One audit."""

    schema: Literal["gate.audit/v1"] = SCHEMA
    run: str
    gate: str
    started: str
    finished: str
    complete: bool
    environment: str
    inputs: AuditInputs
    coverage: Coverage
    totals: Totals
    results: list[AuditResult] = []
    owners: list[OwnerSummary] = []
    rules: list[RuleSummary] = []
    controls: list[ControlSummary] = []
    loosened: list[Loosened] = []
    exemptions: list[ExemptionState] = []
    lineage: list[LineageNode] = []
