"""A few at a time: images are read and batches judged while others wait, so that memory stays what it is."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Collection, Coroutine, Sequence
from types import TracebackType
from typing import Protocol, TypeVar

from gate.errors import GateError
from gate.evidence.model import Evidence

Found = Sequence[Evidence] | str
"""Evidence per platform of an image, or why there is none."""


class OfImage(Protocol):
    """What is judged by an image's evidence; null where it has no image."""

    @property
    def image(self) -> str | None: ...


_Item = TypeVar("_Item", bound=OfImage)


async def with_evidence(
    items: Sequence[_Item], images: Callable[[str], Awaitable[Found]], at_once: int
) -> AsyncGenerator[tuple[_Item, Found], None]:
    """Items with their image's evidence as it comes in, those of one image together; each image is asked for once.

    Whoever iterates closes it (`contextlib.aclosing`).
    """
    by_image: dict[str | None, list[_Item]] = {}
    for item in items:
        by_image.setdefault(item.image, []).append(item)
    for item in by_image.pop(None, []):
        yield item, "no image"
    names = [name for name in by_image if name is not None]
    waiting = iter(names)
    ready: asyncio.Queue[tuple[str, Found | Exception]] = asyncio.Queue(1)

    async def read() -> None:
        for name in waiting:
            await ready.put((name, await _asked(images, name)))

    readers = [asyncio.ensure_future(read()) for _ in range(min(at_once, len(names)))]
    try:
        for _ in names:
            name, found = await ready.get()
            if isinstance(found, Exception):
                raise found
            for item in by_image.pop(name):
                yield item, found
    finally:
        await _end(readers)


async def _asked(images: Callable[[str], Awaitable[Found]], name: str) -> Found | Exception:
    try:
        return await images(name)
    except GateError as error:
        return str(error)
    except Exception as error:  # noqa: BLE001 - raised where it is awaited
        return error


class Window:
    """At most ``most`` pieces of work at a time; the first that fails is raised, and ends the others."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._tasks: set[asyncio.Future[None]] = set()

    async def add(self, work: Coroutine[None, None, None]) -> None:
        """Start a piece of work as soon as there is room."""
        try:
            while len(self._tasks) >= self._most:
                await self._some()
        except BaseException:
            work.close()
            raise
        self._tasks.add(asyncio.ensure_future(work))

    async def finish(self) -> None:
        """Wait for all of it."""
        while self._tasks:
            await self._some()

    async def _some(self) -> None:
        done, self._tasks = await asyncio.wait(self._tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()

    async def __aenter__(self) -> Window:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await _end(self._tasks)


async def _end(tasks: Collection[asyncio.Future[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
