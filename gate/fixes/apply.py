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

MAX_JUDGED = 16 << 20
"""Bytes of text judged for one file; each edit that is tried costs the file's size, and `_FLOOR` at least."""
_FLOOR = 16 << 10

UNCOVERS = {"exec-form": frozenset(("init-process",))}
"""Findings that an edit brings to light: with a shell in between, nobody saw which program would be PID 1."""


class Fixed(NamedTuple):
    """The new text, the rules whose findings are settled, in order, and the result for it.

    ``unsafe``: rules whose findings an edit would settle that was not allowed. ``complete``: false where there was too
    much to try.
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
    fixing.run(unsafe=unsafe)
    held_back = fixing.held_back()
    return Fixed(fixing.data, fixing.settled, fixing.result, held_back, fixing.left > 0)


class _Proposed(NamedTuple):
    finding: Finding
    edit: Edit
    source: Source


class _Fixing:
    """One file on its way. ``left`` is how many bytes may still be judged."""

    def __init__(
        self,
        data: bytes,
        result: Result,
        judge: Rejudge,
        pinned: Callable[[Input], str | None],
        only: frozenset[str] | None,
    ) -> None:
        self.data, self.result, self.left = data, result, MAX_JUDGED
        self.settled: list[str] = []
        self._judging, self._pinned, self._only = judge, pinned, only
        self._failed: set[tuple[str, Edit]] = set()

    def run(self, *, unsafe: bool) -> None:
        """Until no edit helps any more: first all edits for a rule at once, then each by itself."""
        progress = True
        while progress and self.left > 0:
            progress = False
            self._failed.clear()
            while self._all_of_a_rule(unsafe=unsafe) or self._one(unsafe=unsafe):
                progress = True

    def held_back(self) -> list[str]:
        """Rules with findings that an edit would settle which is not safe."""
        rules: list[str] = []
        for one in self._proposed():
            rule = one.finding.rule
            if not one.edit.safe and rule not in rules and self._after(rule, one.edit, one.source, 1) is not None:
                rules.append(rule)
        return rules

    def _all_of_a_rule(self, *, unsafe: bool) -> bool:
        """Keep the first edits of all findings of one rule, where they are all good and in each other's way nowhere."""
        first: dict[str, dict[str, _Proposed]] = {}
        for one in self._proposed():
            if one.edit.safe or unsafe:
                first.setdefault(one.finding.rule, {}).setdefault(one.finding.fingerprint, one)
        for rule, found in first.items():
            edits = list(dict.fromkeys(one.edit for one in found.values()))
            whole = Edit(tuple(change for edit in edits for change in edit.changes))
            if len(edits) > 1 and self._keep(rule, whole, next(iter(found.values())).source, len(found)):
                return True
        return False

    def _one(self, *, unsafe: bool) -> bool:
        """Keep one edit. Places above it stay where they are, so findings are taken from the last line up, and what
        failed above is not tried again before everything has been looked at."""
        allowed = (one for one in self._proposed() if one.edit.safe or unsafe)
        return any(self._keep(one.finding.rule, one.edit, one.source, 1) for one in allowed)

    def _keep(self, rule: str, edit: Edit, source: Source, findings: int) -> bool:
        if (rule, edit) in self._failed:
            return False
        after = self._after(rule, edit, source, findings)
        if after is None:
            self._failed.add((rule, edit))
            return False
        self.settled += [rule] * findings
        self.data, self.result = after
        return True

    def _proposed(self) -> Iterator[_Proposed]:
        evidence = self.result.evidence
        if evidence is None or evidence.dockerfile is None:
            return
        try:
            source = Source(self.data)
        except DockerfileError:
            return
        for finding in sorted(self.result.findings, key=_line, reverse=True):
            asked = self._only is None or finding.rule in self._only
            if asked and finding.exemption is None and self.left > 0:
                context = Context(finding, evidence, evidence.dockerfile, source, self._pinned, self._facts)
                for edit in proposals(context):
                    yield _Proposed(finding, edit, source)

    def _judge(self, data: bytes) -> Result | None:
        self.left -= max(len(data), _FLOOR)
        return self._judging(data)

    def _facts(self, data: bytes) -> Evidence | None:
        result = self._judge(data)
        return result.evidence if result else None

    def _after(self, rule: str, edit: Edit, source: Source, findings: int) -> tuple[bytes, Result] | None:
        """The text and the result after an edit, if it settles as many findings and changes nothing else."""
        try:
            data = apply(source.text, edit)
        except ValueError:
            return None
        after = self._judge(data) if data != self.data else None
        if after is None or not _helps(self.result, after, rule, findings):
            return None
        old, new = self.result.evidence, after.evidence
        if old is None or new is None or old.dockerfile is None or new.dockerfile is None:
            return None
        return (data, after) if same(rule, old.dockerfile, new.dockerfile, source, edit.changes) else None


def _line(finding: Finding) -> int:
    return (finding.location.line or 0) if finding.location else 0


def _helps(before: Result, after: Result, rule: str, findings: int) -> bool:
    """So many findings of the rule less, and of no other rule more, except where it was only hidden."""
    had, has = (Counter(finding.rule for finding in result.findings) for result in (before, after))
    hidden = UNCOVERS.get(rule, frozenset())
    return has[rule] + findings <= had[rule] and all(has[name] <= had[name] for name in has if name not in hidden)


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
