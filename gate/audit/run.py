"""One audit: subjects in, results out, in any order, resumable, divisible into shards.

No clock, network or policy of its own: evidence about images, and judgements, come through callables. What was judged
is noted as soon as it is, so that a run that was killed goes on where it stopped, and shards of one run add up.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Protocol

from gate.audit.facts import with_facts
from gate.audit.model import AuditFinding, AuditResult, Coverage, Drift, Place, Source, SubjectKind
from gate.errors import GateError
from gate.evidence.model import Evidence
from gate.finding import Finding, Result

Images = Callable[[str], Awaitable[Sequence[Evidence] | str]]
"""Evidence per platform of an image reference, or why there is none; may raise `GateError`."""

JudgeMany = Callable[[Sequence[tuple[Evidence, str | None]]], Awaitable[Sequence[Result]]]
"""Results for evidence and environments, in order."""


class Progress(Protocol):
    """Told what is going on; called from the event loop."""

    def start(self, total: int) -> None: ...
    def advance(self, done: int, name: str) -> None: ...


class Checkpoint(Protocol):
    """Results of a run so far, by key; survives a kill. Failures of it are `StoreError`."""

    def load(self, keys: Sequence[str]) -> dict[str, AuditResult]: ...
    def save(self, results: Sequence[AuditResult]) -> None: ...


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
    """``images``: images read at once. ``batch``: subjects judged in one call."""

    images: int = 16
    batch: int = 64


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
    outcome.results = [known[item.key] for item in items if item.key in known]
    outcome.resumed = len(outcome.results)
    rest = [item for item in items if item.key not in known]
    if progress:
        progress.start(len(items))
        progress.advance(outcome.resumed, "resumed")
    async with _evidence(rest, images, limits) as ready:
        batch: list[tuple[Item, Sequence[Evidence]]] = []
        async for item, found in ready:
            batch.append((item, item.build(found)))
            if len(batch) >= limits.batch:
                await _settle(batch, judge, candidate, checkpoint, outcome, progress)
                batch.clear()
        await _settle(batch, judge, candidate, checkpoint, outcome, progress)
    outcome.results.sort(key=lambda result: (result.name, result.key))
    for result in outcome.results:
        outcome.undecided.update(
            {finding.reason or finding.message for finding in result.findings if finding.status == "undecided"}
        )
    return outcome


@asynccontextmanager
async def _evidence(
    items: Sequence[Item], images: Images, limits: Limits
) -> AsyncIterator[AsyncIterator[tuple[Item, Sequence[Evidence] | str]]]:
    """Items with their image's evidence as it comes in; each image is asked for once."""
    by_image: dict[str | None, list[Item]] = {}
    for item in items:
        by_image.setdefault(item.image, []).append(item)
    slots = asyncio.Semaphore(limits.images)

    async def ask(image: str) -> tuple[str, Sequence[Evidence] | str]:
        async with slots:
            try:
                return image, await images(image)
            except GateError as error:
                return image, str(error)

    tasks = [asyncio.ensure_future(ask(image)) for image in by_image if image is not None]

    async def stream() -> AsyncIterator[tuple[Item, Sequence[Evidence] | str]]:
        for item in by_image.get(None, []):
            yield item, "no image"
        for done in asyncio.as_completed(tasks):
            image, found = await done
            for item in by_image[image]:
                yield item, found

    try:
        yield stream()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _settle(
    batch: Sequence[tuple[Item, Sequence[Evidence]]],
    judge: JudgeMany,
    candidate: JudgeMany | None,
    checkpoint: Checkpoint | None,
    outcome: Outcome,
    progress: Progress | None,
) -> None:
    """Judge a batch, note it, and tell."""
    asked = [(evidence, item.environment) for item, documents in batch for evidence in documents]
    if not asked:
        return
    now = await judge(asked)
    later = await candidate(asked) if candidate else [None] * len(asked)
    pairs = iter(zip(now, later, asked, strict=True))
    made = []
    for item, documents in batch:
        for index, _ in enumerate(documents):
            result, next_one, (evidence, _env) = next(pairs)
            made.append(_result(item, index, len(documents), evidence, result, next_one))
    outcome.results += made
    if checkpoint:
        checkpoint.save(made)
    if progress:
        progress.advance(len(batch), batch[-1][0].name)


def _result(
    item: Item, index: int, count: int, evidence: Evidence, result: Result, candidate: Result | None
) -> AuditResult:
    subject = evidence.subject
    platform = subject.platform or evidence.facts.size.platform
    row = AuditResult(
        key=item.key if count == 1 else f"{item.key}#{platform or index}",
        kind=item.kind,
        name=item.name if count == 1 else f"{item.name} ({platform})",
        verdict=result.verdict,
        environment=result.environment,
        reference=subject.reference,
        digest=subject.digest,
        platform=platform,
        owners=list(item.owners),
        places=list(item.places),
        findings=[finding_row(one) for one in result.findings],
        tags=list(item.tags),
        source=item.source or _source(evidence),
        drift=list(item.drift),
        at_restart=candidate.verdict if candidate else None,
        candidate_findings=[finding_row(one) for one in candidate.findings] if candidate else [],
    )
    return with_facts(row, evidence)


def finding_row(finding: Finding) -> AuditFinding:
    """A finding as the report has it."""
    return AuditFinding(
        rule=finding.rule,
        severity=finding.severity,
        level=finding.level,
        status=finding.status,
        message=finding.message,
        fix=finding.fix,
        fingerprint=finding.fingerprint,
        reason=finding.reason,
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
        undecided=dict(outcome.undecided.most_common(100)),
        skipped=dict(sorted(skipped.items())),
        failures=[*failures, *outcome.failures],
    )
