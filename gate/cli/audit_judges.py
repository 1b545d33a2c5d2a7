"""Judging for an audit: in one thread, or in several processes where there is much to judge.

A process that dies loses nothing: its batch is judged again, one subject at a time, by another; a subject that kills
that one too is undecided, and said to be. Results are the same, whoever judges.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from types import TracebackType
from typing import TypeVar

import msgspec

from gate.cli.audit_worker import FRAME, Answer, Failed, Judged, Question, Ready, Start, judge_each
from gate.cli.session import Session
from gate.errors import (
    EngineProtocolError,
    EngineTimeoutError,
    EngineUnavailableError,
    GateError,
    InternalError,
    PolicyError,
)
from gate.finding import Result

LEAST = 400
"""Fewer subjects are judged sooner than processes are started."""

_DEATHS = 20  # of processes, one after the other, before it is given up
_SECONDS = 600.0  # for one batch
_START = (
    "import sys, json; sys.path[:] = json.loads(sys.argv[1]); "
    "from gate.cli.audit_worker import main; main(sys.stdin.buffer, sys.stdout.buffer)"
)
_KINDS = {
    kind.__name__: kind for kind in (PolicyError, EngineUnavailableError, EngineTimeoutError, EngineProtocolError)
}
_T = TypeVar("_T")
_ANSWER: msgspec.msgpack.Decoder[Answer] = msgspec.msgpack.Decoder(Answer)


class JudgeThread:
    """A session whose engine lives in one thread, off the event loop: regorus must not be touched from another."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="judge")

    def __enter__(self) -> JudgeThread:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the engine where it lives."""
        self._thread.submit(self.session.close).result()
        self._thread.shutdown()

    async def run(self, work: Callable[[], _T]) -> _T:
        """Do something with the session."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    async def judge(self, asked: Sequence[Question]) -> Sequence[Result | str]:
        """Judge documents, in order."""
        return await self.run(lambda: judge_each(self.session.judge, asked))


class _DiedError(Exception):
    """A process gave no answer; the text says why."""


class Judges:
    """At most ``jobs`` processes, each with a session of its own like ``session``. Belongs to one event loop.

    What a session of theirs finds changed since (the policy, gate.yaml) ends the run: half a run by each is none.
    """

    def __init__(self, session: Session, jobs: int) -> None:
        self._session = session
        self._slots = asyncio.Semaphore(jobs)
        self._idle: list[Process] = []
        self._deaths = 0

    async def judge(self, asked: Sequence[Question]) -> Sequence[Result | str]:
        """Judge documents, in order; raises `GateError` where none can be judged."""
        try:
            return await self._ask(asked)
        except _DiedError:
            return [await self._alone(one) for one in asked]

    async def _alone(self, one: Question) -> Result | str:
        try:
            return (await self._ask([one]))[0]
        except _DiedError as error:
            return str(error)

    async def _ask(self, asked: Sequence[Question]) -> Sequence[Result | str]:
        async with self._slots:
            process = self._idle.pop() if self._idle else await self._start()
            try:
                async with asyncio.timeout(_SECONDS):
                    answer = await _exchange(process, msgspec.msgpack.encode(asked))
            except TimeoutError:
                await self._lost(process)
                raise _DiedError(f"judging it took longer than {_SECONDS:g} s") from None
            except _DiedError:
                await self._lost(process)
                raise
            except BaseException:
                await _end(process)
                raise
            self._idle.append(process)
        self._deaths = 0
        if not isinstance(answer, Judged):
            raise _error(answer)
        return [answer.failures[at] if one is None else one for at, one in enumerate(answer.results)]

    async def _lost(self, process: Process) -> None:
        await _end(process)
        self._deaths += 1
        if self._deaths >= _DEATHS:
            hint = "Look for the kernel's out-of-memory killer; fewer --workers need less memory."
            raise EngineUnavailableError("the processes that judge die one after the other", hint=hint)

    async def _start(self) -> Process:
        session = self._session
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-I", "-c", _START, json.dumps(sys.path)),
            stdin=PIPE,
            stdout=PIPE,
            stderr=DEVNULL,
            env={**os.environ, **session.environ},
            start_new_session=True,
        )
        try:
            start = Start(asked=session.asked._replace(today=session.today), cwd=str(session.cwd))
            answer = await _exchange(process, msgspec.msgpack.encode(start))
            if not isinstance(answer, Ready):
                raise _error(answer)
            if (answer.revision, answer.settings) != (session.bundle.revision, session.settings.written.digest):
                raise GateError("the policy or gate.yaml changed while the audit ran", hint="Start it again.")
        except BaseException:
            await _end(process)
            raise
        return process

    async def close(self) -> None:
        """End the processes."""
        while self._idle:
            await _end(self._idle.pop())

    async def __aenter__(self) -> Judges:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()


def _error(answer: Answer) -> GateError:
    """What a process reported, as the error it was."""
    if not isinstance(answer, Failed):
        return InternalError("a process that judges answered another question")
    kind = _KINDS.get(answer.kind, GateError)
    return kind(answer.message, where=answer.where, hint=answer.hint)


async def _exchange(process: Process, data: bytes) -> Answer:
    died = "the process that judged it ended without an answer, perhaps for want of memory"
    if process.stdin is None or process.stdout is None:
        raise _DiedError(died)
    try:
        process.stdin.write(FRAME.pack(len(data)) + data)
        await process.stdin.drain()
        length = FRAME.unpack(await process.stdout.readexactly(FRAME.size))[0]
        answer = await process.stdout.readexactly(length)
    except (asyncio.IncompleteReadError, BrokenPipeError, ConnectionResetError):
        raise _DiedError(died) from None
    return _ANSWER.decode(answer)


async def _end(process: Process) -> None:
    with suppress(ProcessLookupError):
        process.kill()
    if process.stdout is not None:
        await process.stdout.read()
    await process.wait()
