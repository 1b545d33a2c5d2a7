"""Findings, results and runs: what the engine's answers become, for every checkpoint and report.

These are the internal shapes; each report format has wire types of its own.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from gate.evidence.model import Evidence, State, Subject

Level = Literal["deny", "warn", "ignore"]
Verdict = Literal["pass", "deny", "undecided"]
Checkpoint = Literal["build", "image", "admission", "audit"]
Severity = Literal["critical", "high", "medium", "low", "info"]


class Location(msgspec.Struct, frozen=True, kw_only=True):
    """Where a person would look: a file and lines (1-based), or a JSON pointer, or an image's layer or field."""

    path: str
    line: int | None = None
    end_line: int | None = None
    pointer: str | None = None


class ExemptionUse(msgspec.Struct, frozen=True, kw_only=True):
    """The exemption that waives a finding, as reports show it."""

    rule: str
    reason: str
    owner: str
    expires: str
    ticket: str | None = None
    source: str | None = None


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """A violation, or an undecided rule, about one subject; the contract's ``findings[]``."""

    rule: str
    aliases: list[str]
    severity: Severity
    level: Level
    status: Literal["violation", "undecided"]
    state: State
    message: str
    location: Location | None
    fix: str | None
    docs: str | None
    fingerprint: str
    reason: str | None = None
    exemption: ExemptionUse | None = None
    baseline: bool = False


class Assumed(msgspec.Struct, frozen=True, kw_only=True):
    """A rule that passed on an assumed fact, and why that may still turn out otherwise."""

    rule: str
    reason: str


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """The judgement of one subject. ``evidence`` is kept for reports that show facts; it is not on the wire."""

    subject: Subject
    environment: str
    verdict: Verdict
    findings: list[Finding]
    settled_later: list[str] = []
    assumed: list[Assumed] = []
    evidence: Evidence | None = None


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """A target that could not be read: what, where, and what to do next."""

    target: str
    message: str
    hint: str | None = None
    internal: bool = False


class Inputs(msgspec.Struct, frozen=True, kw_only=True):
    """What a run rested on, so that it can be replayed; digests are ``sha256:...``, secret build args redacted."""

    settings: str | None = None
    lock: str | None = None
    known_bases: str | None = None
    build_args: dict[str, str] = {}
    target: str | None = None
    platform: str | None = None
    today: str | None = None


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """Everything one ``gate check`` found; what every reporter renders."""

    gate: str
    checkpoint: Checkpoint
    revision: str
    engine: str
    environment: str
    verdict: Verdict
    inputs: Inputs
    results: list[Result]
    failures: list[Failure] = []
    skipped: list[str] = []
    unused_exemptions: list[ExemptionUse] = []
