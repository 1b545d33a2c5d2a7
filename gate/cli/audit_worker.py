"""The process that judges for an audit: batches on standard input, results on standard output, until input ends.

Frames are four bytes of length, big-endian, and MessagePack. The first is a `Start`, answered by a `Ready` or a
`Failed`; every other a list of evidence with its environment, answered by a list of results or a `Failed`.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

import msgspec

from gate.cli.session import Asked, Session, variables
from gate.errors import GateError, TargetError
from gate.evidence.model import Evidence
from gate.finding import Result
from gate.judge import Judge

FRAME = struct.Struct(">I")
Question = tuple[Evidence, str | None]


class Start(msgspec.Struct, frozen=True, kw_only=True):
    """The session to open."""

    asked: Asked
    cwd: str


class Ready(msgspec.Struct, frozen=True, kw_only=True, tag="ready"):
    """What the session judges by: the digests of its policy and settings."""

    revision: str
    settings: str | None


class Failed(msgspec.Struct, frozen=True, kw_only=True, tag="failed"):
    """Nothing can be judged; ``kind`` is the name of the error's class."""

    kind: str
    message: str
    where: str | None
    hint: str | None


class Judged(msgspec.Struct, frozen=True, kw_only=True, tag="judged"):
    """Results in order; for a subject that cannot be judged, why (in ``failures``, by position)."""

    results: list[Result | None]
    failures: dict[int, str]


Answer = Ready | Failed | Judged


def judge_each(judge: Judge, asked: Sequence[Question]) -> list[Result | str]:
    """Results without their evidence; one subject that cannot be judged keeps no other from it.

    Raises `GateError` where no subject can be judged: a policy that does not compile, an engine that is gone.
    """
    return [_judge(judge, evidence, environment) for evidence, environment in asked]


def _judge(judge: Judge, evidence: Evidence, environment: str | None) -> Result | str:
    try:
        return msgspec.structs.replace(judge.judge(evidence, environment), evidence=None)
    except TargetError as error:
        return str(error)
    except GateError:
        raise
    except Exception as error:  # noqa: BLE001 - a bug met by one subject must not hide the verdict on the others
        from gate.cli.bug import describe

        return describe(error)


def main(source: BinaryIO, sink: BinaryIO) -> None:
    """Answer until there are no more questions."""
    session: Session | None = None
    try:
        while head := source.read(FRAME.size):
            data = source.read(FRAME.unpack(head)[0])
            try:
                if session is None:
                    session = _open(msgspec.msgpack.decode(data, type=Start))
                    answer: Answer = Ready(revision=session.bundle.revision, settings=session.settings.written.digest)
                else:
                    answer = _answer(session, msgspec.msgpack.decode(data, type=list[Question]))
            except GateError as error:
                kind = type(error).__name__
                answer = Failed(kind=kind, message=error.message, where=error.where, hint=error.hint)
            packed = msgspec.msgpack.encode(answer)
            sink.write(FRAME.pack(len(packed)) + packed)
            sink.flush()
    finally:
        if session is not None:
            session.close()


def _open(start: Start) -> Session:
    return Session(start.asked, variables(), cwd=Path(start.cwd), environ=os.environ)


def _answer(session: Session, asked: list[Question]) -> Judged:
    found = judge_each(session.judge, asked)
    return Judged(
        results=[None if isinstance(one, str) else one for one in found],
        failures={at: one for at, one in enumerate(found) if isinstance(one, str)},
    )
