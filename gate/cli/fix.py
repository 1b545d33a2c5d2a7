"""``gate check --fix`` and ``--diff``: edit Dockerfiles where the edit is certain, or show what it would be."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from gate.cli import output
from gate.cli.collectors import Broken, collect, environment_of, foreign_inputs
from gate.cli.session import Session
from gate.errors import GateError, UsageError
from gate.finding import Result
from gate.fixes.apply import diff, fix
from gate.report import plain
from gate.target import Target, plan, read


def fix_all(session: Session, targets: Sequence[str], *, write: bool) -> int:
    """Fix every Dockerfile among the targets, and count them; others are left alone, as is what cannot be read.

    With ``write`` files are replaced whole, by rename, and a line on standard error says what was settled; without,
    unified diffs go to standard output and nothing changes.
    """
    changed = 0
    planned = plan(targets, session.settings.written, cwd=session.cwd)
    for target in planned.targets:
        if target.kind != "dockerfile":
            continue
        if target.is_stdin and write:
            raise UsageError("standard input cannot be fixed in place", hint="Use --diff, or name the file.")
        try:
            before = session.stdin if target.is_stdin else read(target)
            after, rules = _fixed(session, target, before)
        except GateError:
            continue
        if after == before:
            continue
        changed += 1
        if not write:
            output.write_stdout(diff(target.name, before, after))
        elif target.path is not None:
            output.write_file(target.path, after.decode("utf-8", "surrogateescape"))
            told = ", ".join(dict.fromkeys(rules))
            print(f"gate: fixed {plain.line(target.name)}: {told}", file=sys.stderr)
    return changed


def _fixed(session: Session, target: Target, data: bytes) -> tuple[bytes, list[str]]:
    first = _judge(session, target, data)
    if first is None:
        return data, []
    found = fix(data, first, lambda text: _judge(session, target, text))
    return found.data, found.rules


def _judge(session: Session, target: Target, data: bytes) -> Result | None:
    """The result for a text with its evidence; None where it does not build."""
    for subject in collect(session, target, data):
        if isinstance(subject, Broken):
            return None
        foreign = foreign_inputs(session.bundle, subject, data)
        return session.judge.judge(subject, environment_of(session, target), foreign)
    return None
