"""Images of a run, named as targets or by manifests: one event loop, one set of connections, however many there are."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from gate.errors import UsageError
from gate.report import plain
from gate.settings.images import hosts_of, vendors_of
from gate.target import Target

if TYPE_CHECKING:
    from gate.cli.session import Session
    from gate.evidence.image.compare import Change
    from gate.evidence.image.lineage import Bases
    from gate.evidence.image.looks import Looks
    from gate.evidence.image.pool import Pool
    from gate.evidence.image.reading import Reader
    from gate.evidence.image.sources import Kind, Sources
    from gate.evidence.model import Evidence, Subject
    from gate.finding import Result

__all__ = ["KINDS", "Images", "lineage", "make_sources", "tell"]

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
        self._readers: dict[bool, Reader] = {}
        self._looks: Looks | None = None
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

    def named(self, references: Sequence[str]) -> Mapping[str, Sequence[Evidence] | str]:
        """By reference: the evidence of every platform of an image in a registry, or why there is none."""
        if self._runner is None:
            self._runner = asyncio.Runner()
        return self._runner.run(self._named(references))

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
        kind = KINDS[target.kind]
        reader = self._reader(remote=kind == "registry")
        return await reader.read(self._opened.open(kind, reference=target.reference, path=target.path), target.name)

    async def _named(self, references: Sequence[str]) -> Mapping[str, Sequence[Evidence] | str]:
        if self._looks is None:
            from gate.evidence.image.looks import over

            self._looks = over(self._opened, self._reader(remote=True), hosts_of(self._session.settings))
        return await self._looks.at(references)

    @property
    def _opened(self) -> Sources:
        if self._sources is None:
            self._sources = make_sources(self._session)
        return self._sources

    def _reader(self, *, remote: bool) -> Reader:
        """What reads images of registries, or those that are here."""
        if remote not in self._readers:
            from gate.evidence.image.pool import Pool
            from gate.evidence.image.reading import Reader

            if self._pool is None:
                self._pool = Pool(_cores())
            session = self._session
            self._readers[remote] = Reader(
                self._pool,
                lineage(session, self._opened, remote=remote),
                session.store,
                limits=session.bounds.image,
                platform=session.asked.platform,
            )
        return self._readers[remote]

    async def _end(self) -> None:
        if self._pool is not None:
            await self._pool.close()
        if self._sources is not None:
            await self._sources.close()


def lineage(session: Session, sources: Sources, *, remote: bool) -> Bases:
    """Where ancestors are looked for: gate.lock, and registries.

    For an image that is ``remote`` itself, those that settings name in any way, as at admission; for one that is here,
    those under ``registries:``.
    """
    from gate.evidence.bases import TableLookup
    from gate.evidence.image.lineage import Bases

    is_vendors = vendors_of(session.settings)
    rows = session.settings.written.registries
    return Bases(
        lock=session.lock[0] if session.lock else None,
        table=TableLookup(session.settings.written.known_bases),
        open=None if session.offline else sources.registry,
        hosts=hosts_of(session.settings) if remote else frozenset(row.host for row in rows),
        vendor=lambda reference: is_vendors(reference.normalized),
    )


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
