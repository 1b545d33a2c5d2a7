"""Images that something names, such as the containers of a manifest: each digest is looked at once.

Whoever writes a manifest chooses what is asked for: so only registries that settings name are asked, for a bounded
number of images, a few at a time, and one that goes on failing is asked no more.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import TypeVar

from gate.errors import GateError, RegistryError
from gate.evidence.image.endpoints import may_ask
from gate.evidence.image.reading import Reader, why
from gate.evidence.image.reference import Reference, parse
from gate.evidence.image.sources import Sources
from gate.evidence.model import Evidence

__all__ = ["AT_ONCE", "MOST", "PATIENCE", "Looks", "over"]

MOST = 1_000
"""References that one run looks at."""

AT_ONCE = 8
"""Images asked for or read at the same time; their layers share the worker processes."""

PATIENCE = 4
"""Failures of a registry, one after the other, before it is asked no more."""

_OUT_OF_ORDER = frozenset({"unreachable", "timeout"})

_T = TypeVar("_T")


class Looks:
    """Evidence by reference, remembered for all of a run. Belongs to one event loop.

    ``resolve`` gives the digest a tag names now, ``read`` the evidence of an image pinned by digest; both raise
    `GateError`. What was read in one repository never answers for another.
    """

    def __init__(
        self,
        resolve: Callable[[Reference], Awaitable[str]],
        read: Callable[[Reference], Awaitable[Sequence[Evidence]]],
        hosts: frozenset[str],
        *,
        at_once: int = AT_ONCE,
        most: int = MOST,
    ) -> None:
        self._resolve, self._read, self._hosts, self._most = resolve, read, hosts, most
        self._slots = asyncio.Semaphore(at_once)
        self._answers: dict[str, Sequence[Evidence] | str] = {}
        self._readings: dict[tuple[str, str], asyncio.Task[Sequence[Evidence]]] = {}
        self._failures: Counter[str] = Counter()

    async def at(self, images: Iterable[str]) -> dict[str, Sequence[Evidence] | str]:
        """By image: evidence per runnable platform, or why there is none."""
        wanted = list(dict.fromkeys(images))
        new = [image for image in wanted if image not in self._answers][: self._most - len(self._answers)]
        self._answers |= zip(new, await asyncio.gather(*map(self._look, new)), strict=True)
        late = f"it was not read: gate reads at most {self._most:,} images in one run"
        return {image: self._answers.get(image, late) for image in wanted}

    async def _look(self, image: str) -> Sequence[Evidence] | str:
        try:
            reference = parse(image)
            may_ask(reference, self._hosts)
            digest = reference.digest
            if digest is None:
                digest = await self._asked(self._resolve, reference)
            key = reference.name, digest
            if key not in self._readings:
                self._readings[key] = asyncio.ensure_future(self._asked(self._read, reference.pinned(digest)))
            return await self._readings[key]
        except GateError as error:
            return why(error)

    async def _asked(self, question: Callable[[Reference], Awaitable[_T]], reference: Reference) -> _T:
        """The answer of the image's registry, unless it has failed too often."""
        host = reference.registry
        async with self._slots:
            if self._failures[host] >= PATIENCE:
                raise RegistryError(f"{host} failed {PATIENCE} times and was asked no more", where=reference.normalized)
            try:
                answer = await question(reference)
            except RegistryError as error:
                if error.reason in _OUT_OF_ORDER:
                    self._failures[host] += 1
                raise
        self._failures[host] = 0
        return answer


def over(sources: Sources, reader: Reader, hosts: frozenset[str]) -> Looks:
    """Looks through the connections of a run."""

    async def resolve(reference: Reference) -> str:
        return (await sources.client.head(reference)).digest

    async def read(reference: Reference) -> Sequence[Evidence]:
        return await reader.read(sources.registry(reference), reference.normalized)

    return Looks(resolve, read, hosts)
