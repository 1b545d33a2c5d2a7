"""One audit: subjects in, results out, in any order, resumable, divisible into shards.

No clock, network or policy of its own: evidence about images, and judgements, come through callables. What was judged
is noted as soon as it is, so that a run that was killed goes on where it stopped, and shards of one run add up.
"""

from __future__ import annotations

import hashlib
import sys
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Protocol

from gate.audit.facts import with_facts
from gate.audit.flow import Window, with_evidence
from gate.audit.model import AuditFinding, AuditResult, Coverage, Drift, Place, Source, SubjectKind
from gate.evidence.model import Evidence
from gate.finding import Finding, Result

Images = Callable[[str], Awaitable[Sequence[Evidence] | str]]
"""Evidence per platform of an image reference, or why there is none; may raise `GateError`."""

JudgeMany = Callable[[Sequence[tuple[Evidence, str | None]]], Awaitable[Sequence[Result | str]]]
"""Results for evidence and environments, in order; a text says why there is none."""

NOT_JUDGED = "not-judged"
"""The built-in finding about a subject that no engine has judged."""


class Progress(Protocol):
    """Told what is going on; called from the event loop."""

    def start(self, total: int) -> None: ...
    def advance(self, done: int, name: str) -> None: ...


class Checkpoint(Protocol):
    """Results of a run so far, by the items' keys; survives a kill. Failures of it are `StoreError`."""

    def load(self, keys: Sequence[str]) -> dict[str, list[AuditResult]]: ...
    def save(self, results: Sequence[tuple[str, list[AuditResult]]]) -> None: ...


@dataclass(frozen=True, slots=True)
class Item:
    """One subject to judge.

    ``image``: the reference whose evidence is needed first; ``build`` then makes the evidence that is judged, from the
    image's (or from why there is none). ``shard_by``: what decides the shard; subjects of one image go together.
    """

    key: str
    kind: SubjectKind
    name: str
    places: tuple[Place, ...]
    owners: tuple[str, ...]
    build: Callable[[Sequence[Evidence] | str], Sequence[Evidence]]
    image: str | None = None
    environment: str | None = None
    tags: tuple[str, ...] = ()
    drift: tuple[Drift, ...] = ()
    source: Source | None = None

    @property
    def shard_by(self) -> str:
        """The image, or the subject itself where it has none."""
        return self.image or self.key


@dataclass(slots=True)
class Outcome:
    """Results and what is to be said about how complete they are."""

    results: list[AuditResult] = field(default_factory=list)
    undecided: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    resumed: int = 0


@dataclass(frozen=True, slots=True)
class Limits:
    """``images``: images read at once. ``batch``: subjects judged in one call. ``calls``: such calls at once."""

    images: int = 16
    batch: int = 64
    calls: int = 1


def shard_of(item: Item, shards: int) -> int:
    """The shard an item belongs to: by its image, so that each image is read by one shard only."""
    return int.from_bytes(hashlib.sha256(item.shard_by.encode()).digest()[:8]) % shards


async def audit(
    items: Sequence[Item],
    *,
    images: Images,
    judge: JudgeMany,
    candidate: JudgeMany | None = None,
    checkpoint: Checkpoint | None = None,
    progress: Progress | None = None,
    limits: Limits | None = None,
) -> Outcome:
    """Judge every item. One that fails is undecided and named; the others are judged all the same.

    Cancelled, it leaves what was judged in the checkpoint.
    """
    limits = limits or Limits()
    outcome = Outcome()
    known = checkpoint.load([item.key for item in items]) if checkpoint else {}
    outcome.results = [result for item in items for result in known.get(item.key, ())]
    outcome.resumed = sum(item.key in known for item in items)
    rest = [item for item in items if item.key not in known]
    known.clear()
    if progress:
        progress.start(len(items))
        progress.advance(outcome.resumed, "resumed")
    unread: dict[str, str] = {}
    judging = _Judging(judge, candidate, checkpoint, progress, outcome, unread)
    async with aclosing(with_evidence(rest, images, limits.images)) as ready, Window(limits.calls) as window:
        batch: list[tuple[Item, Sequence[Evidence]]] = []
        async for item, found in ready:
            batch.append((item, item.build(found)))
            if isinstance(found, str) and item.image is not None:
                unread[item.image] = found
            if len(batch) >= limits.batch:
                await window.add(judging.settle(batch))
                batch = []
        await window.add(judging.settle(batch))
        await window.finish()
    outcome.results.sort(key=lambda result: (result.name, result.key))
    outcome.failures += [
        reason if reason.startswith(image) else f"{image}: {reason}" for image, reason in sorted(unread.items())
    ]
    for result in outcome.results:
        outcome.undecided.update(
            {finding.reason or finding.message for finding in result.findings if finding.status == "undecided"}
        )
        outcome.failures += [
            f"{result.name}: {finding.message}" for finding in result.findings if finding.rule == NOT_JUDGED
        ]
    return outcome


@dataclass(frozen=True, slots=True)
class _Judging:
    """Where batches are judged, and where what comes of it goes.

    ``unread``: images that could not be read, and why. They are not noted as done, nor is what no engine judged, so
    that a run that goes on tries them again.
    """

    judge: JudgeMany
    candidate: JudgeMany | None
    checkpoint: Checkpoint | None
    progress: Progress | None
    outcome: Outcome
    unread: Mapping[str, str]

    async def settle(self, batch: Sequence[tuple[Item, Sequence[Evidence]]]) -> None:
        """Judge a batch, note it, and tell."""
        asked = [(evidence, item.environment) for item, documents in batch for evidence in documents]
        if not batch:
            return
        now = await self.judge(asked)
        later = await self.candidate(asked) if self.candidate else [None] * len(asked)
        answers = iter(zip(asked, now, later, strict=True))
        made = []
        for item, documents in batch:
            rows = [
                _result(item, index, len(documents), evidence, result, next_one)
                for index, ((evidence, _), result, next_one) in zip(range(len(documents)), answers, strict=False)
            ]
            made.append((item, rows))
        if self.checkpoint:
            self.checkpoint.save(
                [
                    (item.key, rows)
                    for item, rows in made
                    if item.image not in self.unread and all(map(_is_judged, rows))
                ]
            )
        self.outcome.results += [row for _, rows in made for row in rows]
        if self.progress:
            self.progress.advance(len(batch), batch[-1][0].name)


def _result(
    item: Item, index: int, count: int, evidence: Evidence, judged: Result | str, candidate: Result | str | None
) -> AuditResult:
    subject = evidence.subject
    platform = subject.platform or evidence.facts.size.platform
    row = AuditResult(
        key=item.key if count == 1 else f"{item.key}#{platform or index}",
        kind=item.kind,
        name=item.name if count == 1 else f"{item.name} ({platform})",
        verdict="undecided" if isinstance(judged, str) else judged.verdict,
        environment="" if isinstance(judged, str) else judged.environment,
        reference=subject.reference,
        digest=subject.digest,
        platform=platform,
        owners=list(item.owners),
        places=list(item.places),
        findings=_rows(judged, evidence),
        tags=list(item.tags),
        source=item.source or _source(evidence),
        drift=list(item.drift),
        at_restart="undecided" if isinstance(candidate, str) else candidate.verdict if candidate else None,
        candidate_findings=_rows(candidate, evidence) if candidate is not None else [],
    )
    return with_facts(row, evidence)


def _rows(judged: Result | str, evidence: Evidence) -> list[AuditFinding]:
    """The findings of a result; where there is none, that."""
    if not isinstance(judged, str):
        return [finding_row(one) for one in judged.findings]
    named = hashlib.sha256(f"{NOT_JUDGED}\0{evidence.subject.name}".encode("utf-8", "replace")).hexdigest()
    return [
        AuditFinding(
            rule=NOT_JUDGED,
            severity="high",
            level="deny",
            status="undecided",
            message=f"it was not judged: {judged}",
            fingerprint=f"sha256:{named}",
            reason=judged,
        )
    ]


def _is_judged(row: AuditResult) -> bool:
    return all(finding.rule != NOT_JUDGED for finding in (*row.findings, *row.candidate_findings))


def finding_row(finding: Finding) -> AuditFinding:
    """A finding as the report has it; what thousands say in the same words is kept once."""
    return AuditFinding(
        rule=sys.intern(finding.rule),
        severity=finding.severity,
        level=finding.level,
        status=finding.status,
        message=sys.intern(finding.message),
        fix=finding.fix and sys.intern(finding.fix),
        fingerprint=finding.fingerprint,
        reason=finding.reason and sys.intern(finding.reason),
        path=finding.location.path if finding.location else None,
        line=finding.location.line if finding.location else None,
        exempted=finding.exemption is not None,
        exempted_by=finding.exemption.source if finding.exemption else None,
    )


def _source(evidence: Evidence) -> Source | None:
    """What an image's labels say of where it comes from; hints, joined with checkouts later."""
    config = evidence.image.config.get("config") if evidence.image else None
    labels = config.get("Labels") if isinstance(config, dict) else None
    if not isinstance(labels, dict):
        return None
    repository = labels.get("org.opencontainers.image.source")
    revision = labels.get("org.opencontainers.image.revision")
    if not isinstance(repository, str) and not isinstance(revision, str):
        return None
    return Source(
        repository=repository if isinstance(repository, str) else None,
        revision=revision if isinstance(revision, str) else None,
        joined_by="label",
    )


def coverage(outcome: Outcome, seen: Counter[str], skipped: Counter[str], failures: Iterable[str]) -> Coverage:
    """What was looked at; incomplete where there is any failure."""
    return Coverage(
        seen=dict(sorted(seen.items())),
        judged=len(outcome.results),
        undecided=dict(sorted(outcome.undecided.items(), key=lambda pair: (-pair[1], pair[0]))[:100]),
        skipped=dict(sorted(skipped.items())),
        failures=[*failures, *outcome.failures],
    )
