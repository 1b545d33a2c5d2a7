"""Evidence about images for an audit: registries, layers in worker processes, one store for facts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from fnmatch import fnmatchcase
from pathlib import Path

from gate.errors import GateError
from gate.evidence.image.bounds import bounds_of
from gate.evidence.image.lineage import Bases
from gate.evidence.image.pool import Pool
from gate.evidence.image.reading import Reader
from gate.evidence.image.reference import Reference, parse
from gate.evidence.image.registry_lists import repositories, tags
from gate.evidence.image.sources import Sources
from gate.evidence.model import Evidence
from gate.settings.limits import Limits
from gate.settings.model import Registry
from gate.store import Store

_HEADS = 16

BasesOf = Callable[[Sources], Bases]
"""What is known of bases, over the connections of a run."""


class ImageReader:
    """Reads images and lists registries; belongs to one event loop."""

    def __init__(self, sources: Sources, reader: Reader) -> None:
        self._sources, self._reader = sources, reader

    async def __call__(self, image: str) -> Sequence[Evidence] | str:
        """Evidence of every runnable platform, or why there is none."""
        try:
            reference = parse(image)
            return await self._reader.read(self._sources.registry(reference), reference.normalized)
        except GateError as error:
            return str(error)

    async def digest(self, image: str) -> str | None:
        """What a tag names now; None where nobody says."""
        try:
            return (await self._sources.client.head(parse(image))).digest
        except GateError:
            return None

    async def digests(self, images: Collection[str]) -> dict[str, str]:
        """What tags name now, a few asked at a time; those of which nobody says are left out."""
        slots = asyncio.Semaphore(_HEADS)

        async def ask(image: str) -> str | None:
            async with slots:
                return await self.digest(image)

        found = await asyncio.gather(*map(ask, images))
        return {image: digest for image, digest in zip(images, found, strict=True) if digest is not None}

    async def listed(
        self, registry: str, wanted: Sequence[str], globs: Sequence[str], failures: list[str]
    ) -> dict[Reference, list[str]]:
        """Every image of a registry by digest, with its tags. ``wanted``: repositories; none means its catalog.

        What it refuses is named in ``failures``, and the rest is still listed.
        """
        found: dict[Reference, list[str]] = {}
        names = list(wanted)
        if not names:
            try:
                names = [name async for name in repositories(self._sources.client, registry)]
            except GateError as error:
                failures.append(f"the catalog of {registry}: {error}")
        for name in names:
            try:
                async for tag in tags(self._sources.client, registry, name):
                    if globs and not any(fnmatchcase(tag, glob) for glob in globs):
                        continue
                    reference = parse(f"{registry}/{name}:{tag}")
                    head = await self._sources.client.head(reference)
                    pinned = parse(f"{registry}/{name}@{head.digest}")
                    found.setdefault(pinned, []).append(tag)
            except GateError as error:
                failures.append(f"{registry}/{name}: {error}")
        return found


@asynccontextmanager
async def reading(
    *,
    environ: Mapping[str, str],
    home: Path,
    registries: Iterable[Registry],
    root: Path,
    store: Store,
    workers: int,
    bases: BasesOf,
    limits: Limits | None = None,
    notice: Callable[[str], None] | None = None,
) -> AsyncIterator[ImageReader]:
    """A reader over its own connections and worker processes, closed at the end; ``limits`` are gate.yaml's.

    ``notice`` is told what people should know of a registry.
    """
    bounds = bounds_of(limits or Limits())
    sources = Sources(
        environ=environ,
        home=home,
        registries=registries,
        root=root,
        store=store,
        limits=bounds.documents,
        bounds=bounds.archive,
        notice=notice,
    )
    try:
        async with Pool(workers) as pool:
            yield ImageReader(sources, Reader(pool, bases(sources), store, limits=bounds.image))
    finally:
        await sources.close()
