"""Images of a run: one event loop, one set of connections and of worker processes, whatever the number of targets."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from gate.errors import UsageError
from gate.report import plain
from gate.target import Target

if TYPE_CHECKING:
    from gate.cli.session import Session
    from gate.evidence.image.compare import Change
    from gate.evidence.image.lineage import Bases
    from gate.evidence.image.pool import Pool
    from gate.evidence.image.reference import Reference
    from gate.evidence.image.sources import Kind, Sources
    from gate.evidence.model import Evidence, Subject
    from gate.finding import Result

__all__ = ["KINDS", "Images", "make_sources", "tell"]

KINDS: dict[str, Kind] = {
    "registry": "registry",
    "daemon": "daemon",
    "archive": "archive",
    "docker-archive": "docker-archive",
    "oci-archive": "oci-archive",
    "oci-layout": "oci-layout",
}
"""Kinds of targets that are images, and what their sources are called."""


class Images:
    """Reads image targets one after the other; layers in parallel. Nothing starts before the first is read."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._runner: asyncio.Runner | None = None
        self._sources: Sources | None = None
        self._pool: Pool | None = None
        self._bases: Bases | None = None
        self._previous: list[Evidence] | None = None
        self._changes: dict[Subject, list[Change]] = {}

    def read(self, target: Target) -> list[Evidence]:
        """The evidence of every platform of an image, or of the one --platform names; raises `TargetError`."""
        if target.kind == "registry" and self._session.offline:
            raise UsageError("its registry may not be asked: --offline", where=target.name)
        if self._runner is None:
            self._runner = asyncio.Runner()
        found = self._runner.run(self._read(target))
        against = self._session.asked.against
        return [self._compared(each, against) for each in found] if against else found

    def told(self, result: Result) -> Result:
        """A result with what changed since the image that --against names."""
        return msgspec.structs.replace(result, changes=self._changes.get(result.subject, []))

    def _compared(self, evidence: Evidence, against: str) -> Evidence:
        from gate.evidence.image.compare import changes, match, with_previous

        if self._previous is None:
            self._previous = self._older(against)
        previous = match(evidence, self._previous)
        if previous is None:
            raise UsageError(f"{against} has no image for {evidence.subject.platform}", where=evidence.subject.name)
        self._changes[evidence.subject] = changes(previous, evidence)
        return with_previous(evidence, previous)

    def _older(self, against: str) -> list[Evidence]:
        """The image that --against names, every platform."""
        from gate.target import plan

        planned = plan([against], self._session.settings.written, cwd=self._session.cwd)
        for _, error in planned.failures:
            raise error
        targets = planned.targets
        if len(targets) != 1 or targets[0].kind not in KINDS or self._runner is None:
            raise UsageError("--against names one image", where=against)
        return self._runner.run(self._read(targets[0]))

    def close(self) -> None:
        """End the connections and the processes."""
        if self._runner is None:
            return
        self._runner.run(self._end())
        self._runner.close()
        self._runner = None

    async def _read(self, target: Target) -> list[Evidence]:
        from gate.evidence.image.collect import collect
        from gate.evidence.image.pool import Pool

        if self._sources is None:
            self._sources = make_sources(self._session)
        if self._pool is None:
            self._pool = Pool(_cores())
        source = self._sources.open(KINDS[target.kind], reference=target.reference, path=target.path)
        try:
            return await collect(
                source,
                pool=self._pool,
                name=target.name,
                platform=self._session.asked.platform,
                bases=self._lineage(self._sources),
                store=self._session.store,
                limits=self._session.bounds.image,
            )
        finally:
            await source.close()

    def _lineage(self, sources: Sources) -> Bases:
        """Where ancestors are looked for: gate.lock, and registries that gate.yaml names."""
        if self._bases is None:
            from gate.evidence.bases import TableLookup
            from gate.evidence.image.lineage import Bases

            session = self._session
            self._bases = Bases(
                lock=session.lock[0] if session.lock else None,
                table=TableLookup(session.settings.written.known_bases),
                open=None if session.offline else sources.registry,
                hosts=frozenset(row.host for row in session.settings.written.registries),
                vendor=self._is_vendors,
            )
        return self._bases

    def _is_vendors(self, reference: Reference) -> bool:
        """Whether an image may be run as its vendor made it (``approved_images``)."""
        from gate.settings.patterns import Name, matches

        patterns = self._session.settings.parameters("approved-base", self._session.environment).get("images") or ()
        name = Name(reference.name, reference.tag, reference.digest)
        return any(matches(pattern, name) for pattern in patterns)

    async def _end(self) -> None:
        if self._pool is not None:
            await self._pool.close()
        if self._sources is not None:
            await self._sources.close()


def make_sources(session: Session) -> Sources:
    """The connections of a session, as its environment and gate.yaml want them."""
    from gate.evidence.image.sources import Sources

    return Sources(
        environ=session.environ,
        home=Path(session.environ.get("HOME") or "/"),
        registries=session.settings.written.registries,
        root=session.root,
        store=session.store,
        limits=session.bounds.documents,
        bounds=session.bounds.archive,
        notice=tell,
    )


def tell(notice: str) -> None:
    """Say on standard error what people should know of a registry."""
    print(f"gate: note: {plain.line(notice)}", file=sys.stderr)


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
