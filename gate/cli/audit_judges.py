"""Judging for an audit: in one thread, or in several processes where there is much to judge.

A process that dies loses nothing: its batch is judged again, one subject at a time, by another; a subject that kills
that one too is undecided, and said to be. Results are the same, whoever judges.
"""

from __future__ import annotations

import asyncio
import json
import os
import struct
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
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
_DIED = "the process that judged it ended without an answer, perhaps for want of memory"
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


class _Worker:
    """One process, asked from one thread at a time; `kill` may come from any."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()
        self._killed = False

    def ask(self, asked: Sequence[Question]) -> Answer:
        """The answer, waiting for it; the process is started when first asked."""
        if self._process is None:
            self._start()
        return self._exchange(msgspec.msgpack.encode(asked))

    def kill(self) -> None:
        """End the process; whoever waits for its answer gets a `_DiedError`."""
        with self._lock:
            self._killed = True
            if self._process is None:
                return
            self._process.kill()
        self._process.wait()

    def _start(self) -> None:
        session = self._session
        with self._lock:
            if self._killed:
                raise _DiedError(_DIED)
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-c", _START, json.dumps(sys.path)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env={**os.environ, **session.environ},
                start_new_session=True,
            )
        start = Start(asked=session.asked._replace(today=session.today), cwd=str(session.cwd))
        answer = self._exchange(msgspec.msgpack.encode(start))
        if not isinstance(answer, Ready):
            raise _error(answer)
        if (answer.revision, answer.settings) != (session.bundle.revision, session.settings.written.digest):
            raise GateError("the policy or gate.yaml changed while the audit ran", hint="Start it again.")

    def _exchange(self, data: bytes) -> Answer:
        process = self._process
        if process is None or process.stdin is None or process.stdout is None:
            raise _DiedError(_DIED)
        try:
            process.stdin.write(FRAME.pack(len(data)) + data)
            process.stdin.flush()
            head = process.stdout.read(FRAME.size)
            answer = process.stdout.read(FRAME.unpack(head)[0])
            return _ANSWER.decode(answer)
        except (OSError, ValueError, struct.error, msgspec.DecodeError):
            raise _DiedError(_DIED) from None


class Judges:
    """At most ``jobs`` processes, each with a session of its own like ``session``. Belongs to one event loop.

    What a session of theirs finds changed since (the policy, gate.yaml) ends the run: half a run by each is none.
    """

    def __init__(self, session: Session, jobs: int) -> None:
        self._session = session
        self._slots = asyncio.Semaphore(jobs)
        self._threads = ThreadPoolExecutor(jobs, thread_name_prefix="judges")
        self._idle: list[_Worker] = []
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
            answer = await self._answered(asked)
        self._deaths = 0
        if not isinstance(answer, Judged):
            raise _error(answer)
        return [answer.failures[at] if one is None else one for at, one in enumerate(answer.results)]

    async def _answered(self, asked: Sequence[Question]) -> Answer:
        worker = self._idle.pop() if self._idle else _Worker(self._session)
        try:
            async with asyncio.timeout(_SECONDS):
                answer = await asyncio.get_running_loop().run_in_executor(self._threads, worker.ask, asked)
        except BaseException as error:
            worker.kill()
            if isinstance(error, TimeoutError):
                self._count_death()
                raise _DiedError(f"judging it took longer than {_SECONDS:g} s") from None
            if isinstance(error, _DiedError):
                self._count_death()
            raise
        self._idle.append(worker)
        return answer

    def _count_death(self) -> None:
        self._deaths += 1
        if self._deaths >= _DEATHS:
            hint = "Look for the kernel's out-of-memory killer; fewer --workers need less memory."
            raise EngineUnavailableError("the processes that judge die one after the other", hint=hint) from None

    async def __aenter__(self) -> Judges:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        while self._idle:
            self._idle.pop().kill()
        self._threads.shutdown()


def _error(answer: Answer) -> GateError:
    """What a process reported, as the error it was."""
    if not isinstance(answer, Failed):
        return InternalError("a process that judges answered another question")
    kind = _KINDS.get(answer.kind, GateError)
    return kind(answer.message, where=answer.where, hint=answer.hint)
