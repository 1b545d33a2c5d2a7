"""``gate check --fix`` and ``--diff``: edit Dockerfiles where the edit is certain, or show what it would be."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from gate.cli import output
from gate.cli.collectors import Broken, collect, environment_of, foreign_inputs
from gate.cli.session import Session
from gate.errors import GateError, UsageError
from gate.evidence.model import Input
from gate.finding import Result
from gate.fixes.apply import Fixed, diff, fix
from gate.report import plain
from gate.target import Target, plan, read


class _File:
    """A file that is fixed, for each of its builds after the other."""

    def __init__(self, target: Target, before: bytes) -> None:
        self.target, self.before, self.now = target, before, before
        self.found: list[Fixed] = []


def fix_all(session: Session, targets: Sequence[str], *, write: bool, unsafe: bool = False) -> int:
    """Fix every Dockerfile among the targets, and count them; others are left alone, as is what cannot be read.

    With ``write`` files are replaced whole, by rename, and a line on standard error says what was settled; without,
    unified diffs go to standard output and nothing changes. ``unsafe`` allows edits that may change what is built.
    """
    files: dict[str, _File] = {}
    planned = plan(targets, session.settings.written, cwd=session.cwd)
    for target in planned.targets:
        if target.kind != "dockerfile":
            continue
        if target.is_stdin and write:
            raise UsageError("standard input cannot be fixed in place", hint="Use --diff, or name the file.")
        key = str(target.path)
        try:
            if key not in files:
                files[key] = _File(target, session.stdin if target.is_stdin else read(target))
            found = _fixed(session, target, files[key].now, unsafe=unsafe)
        except GateError:
            continue
        if found is not None:
            files[key].found.append(found)
            files[key].now = found.data
    for file in files.values():
        _finish(file, write=write)
    return sum(file.now != file.before for file in files.values())


def _finish(file: _File, *, write: bool) -> None:
    if file.now != file.before:
        if write and file.target.path is not None:
            _write(file.target.path, file.now)
        else:
            output.write_stdout_bytes(diff(file.target.name, file.before, file.now))
    _tell(file, wrote=write)


def _write(path: Path, data: bytes) -> None:
    """Replace a file; one that nobody may write is left alone, though its folder would allow it."""
    if path.exists() and not path.stat().st_mode & 0o222:
        raise UsageError("is read-only, so it was not fixed", where=str(path), hint="Make it writable, or use --diff.")
    output.write_file(path, data.decode("utf-8", "surrogateescape"))


def _tell(file: _File, *, wrote: bool) -> None:
    """Say on standard error what was settled, and what was left for want of --unsafe-fixes."""
    name = plain.line(file.target.name)
    rules = dict.fromkeys(rule for found in file.found for rule in found.rules)
    unsafe = dict.fromkeys(rule for found in file.found for rule in found.unsafe)
    if wrote and rules:
        print(f"gate: fixed {name}: {', '.join(rules)}", file=sys.stderr)
    if unsafe:
        print(f"gate: {name}: --unsafe-fixes would also settle {', '.join(unsafe)}", file=sys.stderr)
    if not all(found.complete for found in file.found):
        print(f"gate: not everything in {name} was tried: the file is too large for that", file=sys.stderr)


def _fixed(session: Session, target: Target, data: bytes, *, unsafe: bool) -> Fixed | None:
    first = _judge(session, target, data)
    if first is None:
        return None
    return fix(data, first, lambda text: _judge(session, target, text), unsafe=unsafe, pinned=_pinned(session))


def _pinned(session: Session) -> Callable[[Input], str | None]:
    """The digest that gate.lock has for the tag of an input."""

    def digest(one: Input) -> str | None:
        lock = session.lock
        base = lock[0].find(f"{one.registry}/{one.repository}", one.tag) if lock else None
        return base.digest if base else None

    return digest


def _judge(session: Session, target: Target, data: bytes) -> Result | None:
    """The result for a text with its evidence; None where it does not build."""
    for subject in collect(session, target, data):
        if isinstance(subject, Broken):
            return None
        foreign = foreign_inputs(session.bundle, subject, data)
        return session.judge.judge(subject, environment_of(session, target), foreign)
    return None
