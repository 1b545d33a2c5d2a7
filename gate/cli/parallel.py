"""The same judging in several processes, for many targets.

Each process opens a session of its own. One that dies takes only the targets it held with it, and says so.
"""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import msgspec

from gate.cli.judging import Outcome, given_up, judge_target
from gate.cli.session import Asked, Session
from gate.errors import GateError, PolicyError
from gate.finding import Failure
from gate.settings.environ import Variables
from gate.target import Target

CHUNK = 16

_session: Session | None = None
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(list[Outcome]).decode


def judge_parallel(session: Session, targets: Sequence[Target], jobs: int) -> Iterator[Outcome]:
    """One outcome per target, in order."""
    chunks = [targets[start : start + CHUNK] for start in range(0, len(targets), CHUNK)]
    method = "fork" if "fork" in multiprocessing.get_all_start_methods() else "spawn"
    pool = ProcessPoolExecutor(
        jobs,
        mp_context=multiprocessing.get_context(method),
        initializer=_open,
        initargs=(session.asked, session.variables, session.cwd, session.environ, session.cached),
    )
    try:
        futures = [pool.submit(_judge, list(chunk)) for chunk in chunks]
        judged = 0
        for chunk, future in zip(chunks, futures, strict=True):
            for outcome in _outcomes(chunk, future):
                judged += 1
                for result in outcome.results:
                    session.exemptions.recall(result)
                yield outcome
                if outcome.fatal:
                    yield from given_up(outcome, len(targets) - judged)
                    return
    finally:
        # To the end, so that no process is left behind: at most one chunk is still being judged.
        pool.shutdown(wait=True, cancel_futures=True)


def _outcomes(chunk: Sequence[Target], future: Future[bytes]) -> list[Outcome]:
    try:
        return _decode(future.result())
    except BrokenProcessPool:
        message = "a process of gate's died while judging it (out of memory?)"
        return [Outcome(failure=Failure(target=target.name, message=message, internal=True)) for target in chunk]


def _open(asked: Asked, variables: Variables, cwd: Path, environ: dict[str, str], cached: bool) -> None:
    """In a new process: a session of its own. Ctrl-C is for the parent to answer."""
    global _session  # noqa: PLW0603 - what an initializer of a process pool is for
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _session = Session(asked, variables, cwd=cwd, environ=environ, cached=cached)


def _judge(targets: list[Target]) -> bytes:
    session = _session
    if session is None:
        raise GateError("a process of gate's was not prepared")
    outcomes = []
    for target in targets:
        try:
            outcomes.append(judge_target(session, target))
        except PolicyError as error:
            failure = Failure(target=target.name, message=str(error), hint=error.hint)
            outcomes.append(Outcome(failure=failure, fatal=True))
        if outcomes[-1].fatal:
            break
    return _encode(outcomes)
