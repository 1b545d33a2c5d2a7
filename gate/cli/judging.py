"""Judging many targets: one after the other or in several processes, each failure its own.

A target that cannot be read, or that trips a bug of gate's, never keeps the others from being judged.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import msgspec

from gate.cli.collectors import Broken, collect, environment_of, foreign_inputs
from gate.errors import (
    EngineProtocolError,
    EngineTimeoutError,
    EngineUnavailableError,
    ForeignManifestError,
    GateError,
    PolicyError,
)
from gate.finding import Failure, Result
from gate.report import plain
from gate.report.fixes import combine
from gate.settings.patterns import matches, name_of
from gate.target import ignore_file, plan, read

if TYPE_CHECKING:
    from gate.cli.session import Session
    from gate.evidence.model import Evidence
    from gate.target import Target

# An engine that is not there, too slow or no OPA of ours answers the next target no better.
_HOPELESS = (EngineUnavailableError, EngineTimeoutError, EngineProtocolError)

# Below this many targets a process, starting processes costs more than it saves.
LEAST_PER_JOB = 12


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one target: its results, or why there are none.

    ``fatal``: no other target can be judged. ``skipped``: it is nothing to judge after all, and nobody named it.
    """

    results: list[Result] = []
    failure: Failure | None = None
    fatal: bool = False
    skipped: str | None = None


def judge_all(session: Session, targets: Sequence[Target], jobs: int) -> Iterator[Outcome]:
    """One outcome per target, in order."""
    jobs = min(jobs, len(targets) // LEAST_PER_JOB)
    if jobs > 1:
        from gate.cli.parallel import judge_parallel

        yield from judge_parallel(session, targets, jobs)
        return
    for index, target in enumerate(targets):
        outcome = judge_target(session, target)
        yield outcome
        if outcome.fatal:
            yield from given_up(outcome, len(targets) - index - 1)
            return


def judge_target(session: Session, target: Target) -> Outcome:
    """Judge one target; raises nothing but `PolicyError`: with a policy that does not load nothing can be judged."""
    try:
        if target.kind != "dockerfile":
            return Outcome(results=_judge(session, target))
        return Outcome(results=[_remembered(session, target)])
    except PolicyError:
        raise
    except GateError as error:
        if isinstance(error, ForeignManifestError) and target.root is not None:
            return Outcome(skipped=f"{target.name}: {error.message}")
        failure = Failure(target=target.name, message=_message(error, target), hint=error.hint)
        return Outcome(failure=failure, fatal=isinstance(error, _HOPELESS))
    except Exception as error:  # noqa: BLE001 - a bug met by one file must not hide the verdict on the others
        from gate.cli.bug import describe

        return Outcome(failure=Failure(target=target.name, message=describe(error), internal=True))


def given_up(outcome: Outcome, rest: int) -> Iterator[Outcome]:
    """What is said of the targets after one that showed that none can be judged."""
    if rest and outcome.failure:
        what = f"{rest} more target{'s' if rest > 1 else ''}"
        yield Outcome(failure=Failure(target=what, message=f"not judged: {outcome.failure.message}"))


def collect_all(session: Session, targets: Sequence[str]) -> tuple[list[Evidence], int]:
    """The evidence of some targets, and an exit code: 1 where a Dockerfile does not build, 2 for what is unreadable.

    What is wrong is said on standard error, and the other targets are still read.
    """
    session.lock  # noqa: B018 - what is wrong with it is said once, not for every target
    planned = plan(targets, session.settings.written, cwd=session.cwd)
    documents: list[Evidence] = []
    codes = [0, *(complain(name, error) for name, error in planned.failures)]
    for target in planned.targets:
        try:
            for subject in collect(session, target, session.stdin if target.is_stdin else None):
                if isinstance(subject, Broken):
                    where = f"{target.name}:{subject.error.line}" if subject.error.line else target.name
                    complain(where, GateError(subject.error.message))
                    codes.append(1)
                else:
                    documents.append(subject)
        except GateError as error:
            codes.append(complain(target.name, error))
    empty = planned.empty or ([] if documents or codes != [0] else [" ".join(targets)])
    codes += [complain(name, GateError("nothing to read here")) and 4 for name in empty]
    return documents, max(codes, key=(0, 4, 3, 1, 2, 5).index)


def complain(name: str, error: GateError) -> int:
    """Say on standard error what is wrong with a target; its exit code."""
    hint = f"\n  {error.hint}" if error.hint else ""
    message = error.message if error.where in (None, name) else str(error)
    text = f"gate: {plain.line(name)}: {message}{hint}"
    print("\n".join(plain.line(line) for line in text.split("\n")), file=sys.stderr)
    return error.exit_code


def _remembered(session: Session, target: Target) -> Result:
    """The result for a Dockerfile: an earlier run's, where nothing it rests on has changed."""
    data = session.stdin if target.is_stdin else read(target)
    memory = session.memory
    if memory is None:
        return _judge(session, target, data)[0]
    ignored = ignore_file(target.path, root=target.root).patterns if target.path else []
    key = memory.key(target.name, data, "\n".join(ignored).encode(), target.build)
    found = memory.get(key)
    if found is not None:
        session.exemptions.recall(found)
        return found
    result = _judge(session, target, data)[0]
    memory.put(key, result)
    return result


def _judge(session: Session, target: Target, data: bytes | None = None) -> list[Result]:
    results = []
    environment = environment_of(session, target)
    for subject in collect(session, target, data):
        if isinstance(subject, Broken):
            result = session.judge.judge_broken(subject.subject, subject.error, environment)
        else:
            foreign = foreign_inputs(session.bundle, subject, data)
            result = session.judge.judge(subject, environment, foreign)
        fixes = combine(result, lambda name, reference: _approves(session, name, reference))
        results.append(msgspec.structs.replace(result, fixes=fixes, evidence=None))
    return results


def _approves(session: Session, environment: str, reference: str) -> bool:
    """Whether an image is an approved base, so that no fix leads to the next denial."""
    name = name_of(reference)
    bases = session.settings.parameters("approved-base", environment).get("bases") or ()
    return name is not None and any(matches(pattern, name) for pattern in bases)


def _message(error: GateError, target: Target) -> str:
    """The error without the target's name, which stands before it anyway."""
    return error.message if error.where in (None, target.name, target.text) else str(error)
