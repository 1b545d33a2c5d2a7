"""Custom policies, in a process of their own that can be killed.

regorus cannot be interrupted and holds the GIL, so a policy that never ends would take gate with it. The worker
speaks frames of a 4-byte big-endian length and JSON over its standard input and output, and limits its own memory.
What a policy may call (`gate.engine.calls`) reaches neither files nor environment.
"""

from __future__ import annotations

import os
import selectors
import struct
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Mapping
from typing import IO, Any

import msgspec

from gate.engine.paths import Typed
from gate.engine.protocol import RawReport
from gate.errors import EngineError, EngineProtocolError, EngineTimeoutError, EngineUnavailableError, PolicyError

_LONGEST_ANSWER = 64 << 20
_START_SECONDS = 20.0
_MEMORY = 1 << 30
_PATIENCE = 3


class _Hello(msgspec.Struct):
    modules: dict[str, str]
    builtins: list[str]
    typed: Typed | None = None


class _Question(msgspec.Struct):
    document: msgspec.Raw
    ids: list[str]


class _Answer(msgspec.Struct, omit_defaults=True):
    report: RawReport | None = None
    error: str | None = None
    where: str | None = None
    hint: str | None = None
    policy: bool = False


class Worker:
    """One such process, started at once, so that a policy that does not compile is known before any target is read.

    ``seconds``: how long one answer may take; ``late`` counts how often a rule took longer. Raises `PolicyError` and
    `EngineUnavailableError`.
    """

    def __init__(
        self, modules: Mapping[str, str], *, builtins: frozenset[str], seconds: float, typed: Typed | None = None
    ) -> None:
        self._hello = msgspec.json.encode(_Hello(dict(modules), sorted(builtins), typed))
        self._seconds = seconds
        self._process: subprocess.Popen[bytes] | None = None
        self.late: Counter[str] = Counter()
        self._start()

    def report(self, document: bytes, ids: list[str]) -> RawReport:
        """The report over ``ids``; a policy that does not end in time is an `EngineError` naming the limit."""
        if len(ids) == 1 and self.late[ids[0]] >= _PATIENCE:
            raise EngineError(f"did not finish within {self._seconds:g} s {_PATIENCE} times, and is not asked again")
        if self._process is None or self._process.poll() is not None:
            self.close()
            self._start()
        question = msgspec.json.encode(_Question(msgspec.Raw(document), ids))
        try:
            answer = self._exchange(question, self._seconds)
        except EngineTimeoutError:
            self.close()
            if len(ids) == 1:
                self.late[ids[0]] += 1
            raise EngineError(f"did not finish within {self._seconds:g} s") from None
        except EngineProtocolError:
            self.close()
            raise EngineError("the process that evaluates custom policies died") from None
        if answer.report is None:
            raise EngineError(answer.error or "no answer", where=answer.where)
        return answer.report

    def close(self) -> None:
        """Kill the process."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    pipe.close()

    def _start(self) -> None:
        command = [sys.executable, "-I", "-m", "gate.engine.worker"]
        try:
            self._process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, bufsize=0
            )
            answer = self._exchange(self._hello, _START_SECONDS)
        except EngineProtocolError as error:
            self.close()
            raise EngineUnavailableError(
                f"the process that compiles custom policies died: {error.message}",
                hint="A policy nested thousands of levels deep, or larger than a gigabyte in memory, does that.",
            ) from None
        except (OSError, EngineTimeoutError) as error:
            self.close()
            raise EngineUnavailableError(f"the process for custom policies did not start: {error}") from None
        if answer.error is not None:
            self.close()
            kind = PolicyError if answer.policy else EngineUnavailableError
            raise kind(answer.error, where=answer.where, hint=answer.hint)

    def _exchange(self, frame: bytes, seconds: float) -> _Answer:
        process = self._process
        if process is None or process.stdin is None or process.stdout is None:
            raise EngineProtocolError("the worker has no pipes")
        deadline = time.monotonic() + seconds
        try:
            process.stdin.write(struct.pack(">I", len(frame)))
            _write_all(process.stdin, frame)
        except OSError:
            raise EngineProtocolError("the worker closed its pipe") from None
        length = struct.unpack(">I", _read_until(process.stdout, 4, deadline))[0]
        if length > _LONGEST_ANSWER:
            raise EngineProtocolError("the worker's answer is too long")
        try:
            return msgspec.json.decode(_read_until(process.stdout, length, deadline), type=_Answer)
        except msgspec.MsgspecError as error:
            raise EngineProtocolError(f"the worker's answer is malformed: {error}") from None


def _write_all(pipe: IO[bytes], data: bytes) -> None:
    view = memoryview(data)
    while view:
        written = pipe.write(view)
        view = view[written or 0 :]


def _read_until(pipe: IO[bytes], count: int, deadline: float) -> bytes:
    """Exactly ``count`` bytes before the monotonic ``deadline``."""
    parts: list[bytes] = []
    with selectors.DefaultSelector() as selector:
        selector.register(pipe, selectors.EVENT_READ)
        while count:
            left = deadline - time.monotonic()
            if left <= 0 or not selector.select(left):
                raise EngineTimeoutError("no answer in time")
            part = os.read(pipe.fileno(), min(count, 1 << 20))
            if not part:
                raise EngineProtocolError("the worker ended")
            parts.append(part)
            count -= len(part)
    return b"".join(parts)


# --- inside the process -----------------------------------------------------------------------------------------


def _limit_memory() -> None:
    try:
        import resource
    except ImportError:
        return
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _read_exactly(stream: IO[bytes], count: int) -> bytes | None:
    data = stream.read(count)
    return data if len(data) == count else None


def _frames(stream: IO[bytes]) -> Any:
    while (head := _read_exactly(stream, 4)) is not None:
        frame = _read_exactly(stream, struct.unpack(">I", head)[0])
        if frame is None:
            return
        yield frame


def _serve(source: IO[bytes], sink: IO[bytes]) -> None:
    from gate.engine.calls import refuse_other_builtins
    from gate.engine.paths import refuse_absent_paths
    from gate.engine.regorus import Interpreter

    def say(answer: _Answer) -> None:
        data = msgspec.json.encode(answer)
        sink.write(struct.pack(">I", len(data)) + data)
        sink.flush()

    frames = _frames(source)
    hello = msgspec.json.decode(next(frames), type=_Hello)
    try:
        interpreter = Interpreter(hello.modules)
        tree = interpreter.ast()
        refuse_other_builtins(tree, frozenset(hello.builtins))
        if hello.typed is not None:
            refuse_absent_paths(tree, hello.typed)
    except (PolicyError, EngineError) as error:
        unavailable = isinstance(error, EngineUnavailableError)
        say(_Answer(error=error.message, where=error.where, hint=error.hint, policy=not unavailable))
        return
    say(_Answer())
    for frame in frames:
        question = msgspec.json.decode(frame, type=_Question)
        try:
            say(_Answer(report=interpreter.report(bytes(question.document), question.ids)))
        except EngineError as error:
            say(_Answer(error=error.message, where=error.where))


if __name__ == "__main__":
    _limit_memory()
    _serve(sys.stdin.buffer, sys.stdout.buffer)
