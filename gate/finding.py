"""Findings, results and runs: what the engine's answers become, for every checkpoint and report.

These are the internal shapes; each report format has wire types of its own.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Literal, Protocol, cast

import msgspec

from gate.engine.protocol import RawFinding
from gate.evidence.image.compare import Change
from gate.evidence.model import Evidence, LineOrigin, State, Subject

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
    """An exemption as reports show it.

    ``state``: ``active`` where it waives a finding, ``expired``, or ``unused`` where it no longer waives anything.
    """

    rule: str
    reason: str
    owner: str
    expires: str
    ticket: str | None = None
    source: str | None = None
    state: Literal["active", "expired", "unused"] = "active"


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """A violation, or an undecided rule, about one subject; the contract's ``findings[]``.

    ``level`` is what it does here, once ``undecided:`` of the settings is applied. ``expired`` is an exemption that
    would have waived it until its last day; ``baseline`` is true where an earlier run had the same finding.
    """

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
    expired: ExemptionUse | None = None
    baseline: bool = False


class Assumed(msgspec.Struct, frozen=True, kw_only=True):
    """A rule that passed on an assumed fact, and why that may still turn out otherwise."""

    rule: str
    reason: str


class Fix(msgspec.Struct, frozen=True, kw_only=True):
    """What to do about some rules at once: a sentence, and lines of a Dockerfile where they can be given."""

    rules: list[str]
    text: str
    code: list[str] = []


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """The judgement of one subject; ``changes`` since the image that ``--against`` names.

    ``fixes`` is what `gate.report.fixes` combines for people, ``evidence`` what it rests on, ``leftovers`` its own
    exemptions that have run out or waive nothing; none of them is on the wire.
    """

    subject: Subject
    environment: str
    verdict: Verdict
    findings: list[Finding]
    settled_later: list[str] = []
    assumed: list[Assumed] = []
    fixes: list[Fix] = []
    leftovers: list[ExemptionUse] = []
    changes: list[Change] = []
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
    build_contexts: dict[str, str] = {}
    target: str | None = None
    platform: str | None = None
    today: str | None = None


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """Everything one ``gate check`` found; what every reporter renders. ``empty``: folders named without a target."""

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
    empty: list[str] = []
    unused_exemptions: list[ExemptionUse] = []


# --- from the engine's answer to a finding ---------------------------------------------------------------------


class RuleWords(Protocol):
    """The words of a rule that go into its findings; `gate.bundle.catalogue.Rule` is one."""

    @property
    def aliases(self) -> list[str]: ...
    @property
    def severity(self) -> str: ...
    @property
    def fix(self) -> str: ...


def join(raw: RawFinding, rule: RuleWords, evidence: Evidence, *, level: Level, status: str) -> Finding:
    """One finding: the engine's answer, the rule's words, and where in the subject to look.

    ``level`` and ``status`` are what `gate.verdict.weigh` made of them.
    """
    turned = raw.status != status
    return Finding(
        rule=raw.rule,
        aliases=rule.aliases,
        severity=cast(Severity, rule.severity),
        level=level,
        status=cast(Literal["violation", "undecided"], status),
        state=raw.state,
        message=raw.message,
        location=locate(raw.origin, evidence),
        fix=None if (raw.reason or "").startswith("rule-error") else raw.fix or rule.fix or None,
        docs=None if raw.rule.startswith("custom/") else f"docs/rules/{raw.rule}.md",
        fingerprint=fingerprint(raw.rule, status, raw.message, raw.origin, evidence),
        reason=raw.reason or ("it rests on an assumption" if turned else None),
    )


def numbered(finding: Finding, seen: Counter[str]) -> Finding:
    """The finding with a fingerprint of its own, where a subject has several that are equal but for their lines."""
    count = seen[finding.fingerprint]
    seen[finding.fingerprint] += 1
    if not count:
        return finding
    return msgspec.structs.replace(finding, fingerprint=_hash([finding.fingerprint, str(count)]))


REFUSED = (
    *("DL1000", "DL3023", "DL3043", "DL3061", "DS-0006", "kics/copy_from_references_current_from_alias"),
    *("dockerfilelint/from_first", "dockerfilelint/invalid_line", "dockerfilelint/invalid_command"),
    *("dockerfilelint/invalid_format", "dockerfilelint/required_params", "dockerfilelint/extra_args"),
    *(
        "dockerfilelint/missing_args",
        "dockerfilelint/healthcheck_options_missing_args",
        "tally/invalid-onbuild-trigger",
    ),
)
"""What other tools call faults that BuildKit refuses: their ids for ``dockerfile-valid``."""


def unbuildable(subject: Subject, message: str, line: int, end_line: int) -> Finding:
    """The built-in finding ``dockerfile-valid``: BuildKit would refuse the file. ``line`` is 0 for the whole file."""
    return Finding(
        rule="dockerfile-valid",
        aliases=list(REFUSED),
        severity="high",
        level="deny",
        status="violation",
        state="known",
        message=message,
        location=Location(path=subject.name, line=line or None, end_line=end_line or None),
        fix="Correct it until `docker build` accepts the file.",
        docs="docs/rules/dockerfile-valid.md",
        fingerprint=_hash(["dockerfile-valid", subject.name, subject.target or "", _NUMBERS.sub("#", message)]),
    )


def locate(origin: Mapping[str, Any] | None, evidence: Evidence) -> Location:
    """Where a person would look; without a place of its own a finding points at what the subject starts from.

    That is the FROM of a Dockerfile, the ``image:`` of a container, the reference of an image.
    """
    subject = evidence.subject
    name = subject.reference or subject.name if evidence.kind == "image" else subject.name
    match origin:
        case {"kind": "line", "path": str(path), "line": int(line), "end_line": int(end)}:
            return Location(path=path, line=line, end_line=end)
        case {"kind": "pointer", "path": str(path), "pointer": str(pointer)}:
            at = (origin or {}).get("line")
            return Location(path=path, line=at, end_line=at, pointer=pointer)
        case {"kind": "config", "field": str(field)} if evidence.kind == "image":
            return Location(path=name, pointer=f"/config/{field}")
        case {"kind": "layer", "digest": str(digest)} if evidence.kind == "image":
            return Location(path=name, pointer=f"/layers/{digest}")
    return _start(evidence) or Location(path=name)


def _start(evidence: Evidence) -> Location | None:
    """The FROM of a Dockerfile's target, or of the external base below it; the image of a container."""
    work = evidence.workload
    named = work and (work.image_origin or work.origin)
    if named:
        return Location(path=named.path, line=named.line, end_line=named.line, pointer=named.pointer)
    base = evidence.facts.base.origin
    for stage in evidence.dockerfile.stages if evidence.dockerfile else ():
        if stage.target:
            path = base.path if isinstance(base, LineOrigin) else evidence.subject.name
            return Location(path=path, line=stage.line, end_line=stage.line)
    if isinstance(base, LineOrigin):
        return Location(path=base.path, line=base.line, end_line=base.end_line)
    return None


_NUMBERS = re.compile(r"\b[0-9a-f]{7,64}\b|[0-9]+(?:[.,][0-9]+)*")


def fingerprint(rule: str, status: str, message: str, origin: Mapping[str, Any] | None, evidence: Evidence) -> str:
    """32 hex digits that stay the same while a finding moves: no line numbers, tags, digests or amounts go in.

    In go the rule, the status, the subject (for images the repository), the text of the instruction or the pointer it
    points at, and the message with its numbers masked.
    """
    subject = evidence.subject
    work = evidence.workload
    who: Sequence[str | None] = (subject.name, subject.target)
    if work is not None:
        who = (work.kind, work.namespace, work.name or subject.name, work.role, work.container)
    elif evidence.kind == "image":
        who = (_repository(subject.reference or subject.name),)
    place = _anchor(origin, evidence)
    return _hash([rule, status, evidence.kind, *who, subject.platform, *place, _NUMBERS.sub("#", message)])


def _hash(parts: Sequence[str | None]) -> str:
    """32 hex digits of texts, so joined that no two lists of texts look alike."""
    data = msgspec.json.encode([part and part.encode("utf-8", "replace").decode() for part in parts])
    return hashlib.sha256(data).hexdigest()[:32]


def _repository(reference: str) -> str:
    head, slash, tail = reference.partition("@")[0].rpartition("/")
    return head + slash + tail.partition(":")[0]


def _anchor(origin: Mapping[str, Any] | None, evidence: Evidence) -> list[str]:
    """What a finding points at, without the places that move."""
    match origin:
        case {"kind": "line", "line": int(line)}:
            stages = evidence.dockerfile.stages if evidence.dockerfile else ()
            for stage in stages:
                for instruction in stage.instructions:
                    if instruction.line <= line <= instruction.end_line:
                        return [stage.name or str(stage.index), instruction.cmd, instruction.raw]
                if stage.line == line:
                    return [stage.name or str(stage.index), "FROM", _repository(stage.base.raw)]
        case {"kind": "pointer", "pointer": str(pointer)}:
            return ["pointer", pointer]
        case {"kind": "config", "field": str(field)}:
            return ["config", field]
        case {"kind": "layer"}:
            return ["layer", str((origin or {}).get("created_by") or "")]
        case {"kind": "base", "reference": str(reference)}:
            return ["base", _repository(reference)]
    return []
