"""Fixing a file: edit, judge again, keep what helped. Comments, layout, line ends and BOM stay as they are."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Callable, Iterator
from typing import NamedTuple

from gate.evidence.dockerfile.syntax import DockerfileError
from gate.evidence.model import Evidence, Input
from gate.finding import Finding, Result
from gate.fixes.context import Context
from gate.fixes.edits import proposals
from gate.fixes.meaning import same
from gate.fixes.source import Edit, Source, apply

Rejudge = Callable[[bytes], Result | None]
"""The result for a text, with its evidence; None where it is no Dockerfile that builds."""

MAX_TRIES = 1_000
"""Edits of one file that are tried; each is judged."""

UNCOVERS = {"exec-form": frozenset(("init-process",))}
"""Findings that an edit brings to light: with a shell in between, nobody saw which program would be PID 1."""


class Fixed(NamedTuple):
    """The new text, the rules whose findings are settled, in order, and the result for it.

    ``unsafe``: rules whose findings an edit would settle that was not allowed. ``complete``: false where tries ran out.
    """

    data: bytes
    rules: list[str]
    result: Result
    unsafe: list[str]
    complete: bool


def fix(
    data: bytes,
    result: Result,
    judge: Rejudge,
    *,
    unsafe: bool = False,
    only: frozenset[str] | None = None,
    pinned: Callable[[Input], str | None] = lambda _: None,
) -> Fixed:
    """Apply every edit that makes a finding go and brings no other.

    Each one is judged by itself, so an edit that changes what a file means in another way is not kept. ``unsafe``
    allows those that may change what the build does, ``only`` those for some rules. ``pinned`` is the digest that
    gate.lock has for an input.
    """
    fixing = _Fixing(data, result, judge, pinned, only)
    while fixing.step(unsafe=unsafe):
        pass
    return Fixed(fixing.data, fixing.settled, fixing.result, fixing.held_back(), fixing.tries < MAX_TRIES)


class _Fixing:
    def __init__(
        self,
        data: bytes,
        result: Result,
        judge: Rejudge,
        pinned: Callable[[Input], str | None],
        only: frozenset[str] | None,
    ) -> None:
        self.data, self.result = data, result
        self.settled: list[str] = []
        self.tries = 0
        self._judge, self._pinned, self._only = judge, pinned, only
        self._failed: set[tuple[str, Edit]] = set()
        self._progress = False

    def step(self, *, unsafe: bool) -> bool:
        """Keep one edit; false where none helps any more. Places above an edit stay where they are, so findings are
        taken from the last line up, and what failed above is not tried again before everything has been looked at."""
        for finding, edit, source in self._proposed():
            if (edit.safe or unsafe) and (finding.rule, edit) not in self._failed:
                after = self._after(finding, edit, source)
                if after is not None:
                    self.settled.append(finding.rule)
                    self.data, self.result = after
                    self._progress = True
                    return True
                self._failed.add((finding.rule, edit))
        if self._progress and self.tries < MAX_TRIES:
            self._progress = False
            self._failed.clear()
            return True
        return False

    def held_back(self) -> list[str]:
        """Rules with findings that an edit would settle which is not safe."""
        rules: list[str] = []
        for finding, edit, source in self._proposed():
            if not edit.safe and finding.rule not in rules and self._after(finding, edit, source) is not None:
                rules.append(finding.rule)
        return rules

    def _proposed(self) -> Iterator[tuple[Finding, Edit, Source]]:
        evidence = self.result.evidence
        if evidence is None or evidence.dockerfile is None:
            return
        try:
            source = Source(self.data)
        except DockerfileError:
            return
        for finding in sorted(self.result.findings, key=_line, reverse=True):
            asked = self._only is None or finding.rule in self._only
            if asked and finding.exemption is None and self.tries < MAX_TRIES:
                context = Context(finding, evidence, evidence.dockerfile, source, self._pinned, self._facts)
                for edit in proposals(context):
                    yield finding, edit, source

    def _facts(self, data: bytes) -> Evidence | None:
        result = self._judge(data)
        return result.evidence if result else None

    def _after(self, finding: Finding, edit: Edit, source: Source) -> tuple[bytes, Result] | None:
        """The text and the result after an edit, if it settles a finding and changes nothing else."""
        self.tries += 1
        try:
            data = apply(source.text, edit)
        except ValueError:
            return None
        after = self._judge(data) if data != self.data else None
        if after is None or not _helps(self.result, after, finding.rule):
            return None
        old, new = self.result.evidence, after.evidence
        if old is None or new is None or old.dockerfile is None or new.dockerfile is None:
            return None
        return (data, after) if same(finding.rule, old.dockerfile, new.dockerfile, source, edit.changes) else None


def _line(finding: Finding) -> int:
    return (finding.location.line or 0) if finding.location else 0


def _helps(before: Result, after: Result, rule: str) -> bool:
    """Fewer findings of the rule, and of no other rule more, except where it was only hidden."""
    had, has = (Counter(finding.rule for finding in result.findings) for result in (before, after))
    hidden = UNCOVERS.get(rule, frozenset())
    return has[rule] < had[rule] and all(has[name] <= had[name] for name in has if name not in hidden)


def diff(path: str, before: bytes, after: bytes) -> bytes:
    """A unified diff, as ``patch`` and ``git apply`` read it: bytes and line ends are the file's own."""
    old, new = (_lines(data.decode("latin-1")) for data in (before, after))
    names = [_quoted(f"{side}/{path.lstrip('/')}") for side in "ab"]
    lines = list(difflib.unified_diff(old, new))[2:]
    text = "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)
    return f"--- {names[0]}\n+++ {names[1]}\n".encode("utf-8", "surrogateescape") + text.encode("latin-1")


def _lines(text: str) -> list[str]:
    """Lines with their ends; only a line feed ends one, as BuildKit has it."""
    parts = text.split("\n")
    return [f"{part}\n" for part in parts[:-1]] + ([parts[-1]] if parts[-1] else [])


def _quoted(name: str) -> str:
    """A file's name as diffs have it: quoted as in C where it must be, with a tab behind it where blanks are in it."""
    plain = [chr(byte) for byte in name.encode("utf-8", "surrogateescape")]
    if any(not " " <= char < "\x7f" or char in '"\\' for char in plain):
        told = [char if " " <= char < "\x7f" and char not in '"\\' else f"\\{ord(char):03o}" for char in plain]
        return f'"{"".join(told)}"'
    return f"{name}\t" if " " in name else name
