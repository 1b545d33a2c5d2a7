"""Processes that read layers: started when first needed, reused, killed when one takes too long or cannot be trusted.

>>> async with Pool(2) as pool:  # doctest: +SKIP
...     facts = await pool.layer(source, layer, limits)
"""

from __future__ import annotations

import asyncio
import json
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from contextlib import aclosing, suppress
from types import TracebackType

import msgspec

from gate.evidence.image.facts import ImageFacts, Subject, describe, unreadable
from gate.evidence.image.layers import Expected, LayerFacts, LayerReader, layer_facts
from gate.evidence.image.limits import ImageLimits, LayerError, LayerLimits
from gate.evidence.image.source import ImageSource, Layer
from gate.evidence.image.worker import FRAME, Assemble, ReadFile, ReadStream, Request

__all__ = ["Pool"]

_BUFFER = 1 << 20
_START = (
    "import sys, json; sys.path[:] = json.loads(sys.argv[1]); "
    "from gate.evidence.image.worker import main; main(sys.stdin.buffer, sys.stdout.buffer)"
)
_DIED = "the process that read it ended without an answer, perhaps for want of memory"


class _WorkerError(Exception):
    """A worker gave no answer; the text says why."""


class Pool:
    """At most ``jobs`` processes. Belongs to one event loop; close it.

    What takes fewer than ``inline_below`` bytes is done in this process, which is quicker than to start another.
    """

    def __init__(self, jobs: int, *, inline_below: int = 1 << 18) -> None:
        self._slots = asyncio.Semaphore(max(1, jobs))
        self._inline_below = inline_below
        self._idle: list[Process] = []

    async def layer(self, source: ImageSource, layer: Layer, limits: LayerLimits) -> LayerFacts:
        """The facts of one layer; raises `TargetError` where its source does."""
        expected = Expected(diff_id=layer.diff_id)
        if layer.size > limits.compressed:
            return LayerFacts(
                compressed=0, uncompressed=0, whole=False, fault=f"the layer is larger than {limits.compressed} bytes"
            )
        if layer.size < self._inline_below:
            return await _inline(source, layer, expected, limits)
        span = source.span(layer)
        async with self._slots:
            try:
                async with asyncio.timeout(limits.seconds):
                    if span is None:
                        answer = await self._stream(source, layer, ReadStream(expected=expected, limits=limits))
                    else:
                        checked = Expected(diff_id=layer.diff_id, digest=layer.digest, size=layer.size)
                        request = ReadFile(
                            path=str(span.path), offset=span.offset, size=span.size, expected=checked, limits=limits
                        )
                        answer = await self._ask(request)
                return layer_facts(answer)
            except TimeoutError:
                reason = f"reading it took longer than {limits.seconds:g} s"
            except _WorkerError as error:
                reason = str(error)
        return LayerFacts(compressed=0, uncompressed=0, whole=False, fault=reason)

    async def image(self, subject: Subject, layers: list[LayerFacts], limits: ImageLimits) -> ImageFacts:
        """The facts of an image from those of its layers, lowest first."""
        is_small = sum(len(each.listing.names) for each in layers) < self._inline_below * 4
        if is_small or any(each.fault for each in layers):
            return describe(subject, layers, limits)
        encoded = [msgspec.msgpack.encode(each) for each in layers]
        async with self._slots:
            try:
                async with asyncio.timeout(limits.layer.seconds):
                    answer = await self._ask(Assemble(subject=subject, layers=encoded, limits=limits))
                return msgspec.msgpack.decode(answer, type=ImageFacts)
            except TimeoutError:
                reason = f"putting the layers together took longer than {limits.layer.seconds:g} s"
            except _WorkerError as error:
                reason = str(error)
        return unreadable(subject, reason, layers)

    async def close(self) -> None:
        """End the processes."""
        while self._idle:
            await _end(self._idle.pop())

    async def __aenter__(self) -> Pool:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    # --- processes -----------------------------------------------------------------------------------------------

    async def _ask(self, request: Request) -> bytes:
        process = await self._process()
        try:
            await _send(process, msgspec.msgpack.encode(request))
            answer = await _answer(process)
        except BaseException:
            await _end(process)
            raise
        self._idle.append(process)
        return answer

    async def _stream(self, source: ImageSource, layer: Layer, request: ReadStream) -> bytes:
        """Send a layer while it arrives. A worker that answers before the end wants no more of it."""
        process = await self._process()
        reuse = False
        answer = asyncio.ensure_future(_answer(process))
        try:
            await _send(process, msgspec.msgpack.encode(request))
            async with aclosing(source.open_layer(layer)) as pieces:
                async for piece in pieces:
                    await asyncio.sleep(0)  # a local source never waits, and the answer must be noticed
                    if answer.done():
                        return await answer
                    await _send(process, piece)
            await _send(process, b"")
            found = await answer
            reuse = True
            return found
        finally:
            answer.cancel()
            with suppress(asyncio.CancelledError, _WorkerError):
                await answer
            if reuse:
                self._idle.append(process)
            else:
                await _end(process)

    async def _process(self) -> Process:
        while self._idle:
            process = self._idle.pop()
            if process.returncode is None:
                return process
        arguments = ["-I", "-c", _START, json.dumps(sys.path)]
        try:
            return await asyncio.create_subprocess_exec(
                sys.executable,
                *arguments,
                stdin=PIPE,
                stdout=PIPE,
                stderr=DEVNULL,
                env={},
                limit=_BUFFER,
                start_new_session=True,
            )
        except OSError as error:
            raise _WorkerError(f"no process to read it could be started: {error.strerror}") from None


async def _inline(source: ImageSource, layer: Layer, expected: Expected, limits: LayerLimits) -> LayerFacts:
    reader = LayerReader(expected, limits)
    async with aclosing(source.open_layer(layer)) as pieces:
        async for piece in pieces:
            try:
                reader.feed(piece)
            except LayerError as error:
                return reader.failed(str(error))
    return reader.finish()


async def _send(process: Process, data: bytes) -> None:
    if process.stdin is None:
        raise _WorkerError(_DIED)
    try:
        process.stdin.write(FRAME.pack(len(data)))
        process.stdin.write(data)
        await process.stdin.drain()
    except (BrokenPipeError, ConnectionResetError):
        raise _WorkerError(_DIED) from None


async def _answer(process: Process) -> bytes:
    if process.stdout is None:
        raise _WorkerError(_DIED)
    try:
        length = FRAME.unpack(await process.stdout.readexactly(FRAME.size))[0]
        return await process.stdout.readexactly(length)
    except asyncio.IncompleteReadError:
        raise _WorkerError(_DIED) from None


async def _end(process: Process) -> None:
    with suppress(ProcessLookupError):
        process.kill()
    if process.stdout is not None:
        await process.stdout.read()  # the end of `wait` is the end of the pipes, and one left full never ends
    await process.wait()
