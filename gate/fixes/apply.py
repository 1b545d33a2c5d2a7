"""Fixing a file: edit, judge again, keep what helped. Comments, layout, line ends and BOM stay as they are."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Callable
from typing import NamedTuple

from gate.evidence.model import Dockerfile
from gate.finding import Result
from gate.fixes.edits import Edit, proposals

Rejudge = Callable[[bytes], Result | None]
"""The result for a text, with its evidence; None where it is no Dockerfile that builds."""

MAX_EDITS = 200


class Fixed(NamedTuple):
    """The new text, the rules whose findings are settled, in order, and the result for it."""

    data: bytes
    rules: list[str]
    result: Result


def fix(data: bytes, result: Result, judge: Rejudge) -> Fixed:
    """Apply every edit that makes a finding go and brings no other.

    Each one is judged by itself, so an edit that changes what a file means in another way is not kept.
    """
    settled: list[str] = []
    tried: set[tuple[bytes, str, Edit]] = set()
    for _ in range(MAX_EDITS):
        better = _better(data, result, judge, tried)
        if better is None:
            break
        rule, data, result = better
        settled.append(rule)
    return Fixed(data, settled, result)


def _better(
    data: bytes, result: Result, judge: Rejudge, tried: set[tuple[bytes, str, Edit]]
) -> tuple[str, bytes, Result] | None:
    dockerfile = result.evidence.dockerfile if result.evidence is not None else None
    if dockerfile is None:
        return None
    lines = _lines(data.decode("utf-8", "surrogateescape"))
    for finding in sorted(result.findings, key=lambda one: -(one.location.line or 0) if one.location else 0):
        if finding.exemption is not None:
            continue
        for edit in proposals(finding, dockerfile, lines):
            key = (data, finding.rule, edit)
            if key in tried:
                continue
            tried.add(key)
            changed = _apply(lines, edit)
            after = judge(changed)
            if after is not None and _helps(result, after, finding.rule) and _same_stages(dockerfile, after):
                return finding.rule, changed, after
    return None


def _lines(text: str) -> list[str]:
    """Lines with their ends; only a line feed ends one, as BuildKit has it."""
    parts = text.split("\n")
    return [f"{part}\n" for part in parts[:-1]] + ([parts[-1]] if parts[-1] else [])


def _apply(lines: list[str], edit: Edit) -> bytes:
    end = "\r\n" if any(line.endswith("\r\n") for line in lines) else "\n"
    before, after = list(lines[: edit.first - 1]), lines[max(edit.last, edit.first - 1) :]
    if before and not before[-1].endswith("\n"):
        before[-1] += end
    new = [line + end for line in edit.lines]
    if not after and lines and not lines[-1].endswith("\n"):
        new[-1] = new[-1].removesuffix(end)
    mark = "\ufeff" if edit.first == 1 and lines and lines[0].startswith("\ufeff") and not before else ""
    return (mark + "".join([*before, *new, *after])).encode("utf-8", "surrogateescape")


def _helps(before: Result, after: Result, rule: str) -> bool:
    """Fewer findings of the rule, and of no rule more."""
    had, has = (Counter(finding.rule for finding in result.findings) for result in (before, after))
    return has[rule] < had[rule] and all(has[name] <= had[name] for name in has)


def _same_stages(before: Dockerfile, after: Result) -> bool:
    now = after.evidence.dockerfile if after.evidence is not None else None
    if now is None:
        return False
    shape = [(stage.name, stage.base.reference, stage.base.stage, stage.reachable) for stage in before.stages]
    return shape == [(stage.name, stage.base.reference, stage.base.stage, stage.reachable) for stage in now.stages]


def diff(path: str, before: bytes, after: bytes) -> str:
    """A unified diff, as ``patch`` reads it."""
    old, new = (_lines(data.decode("utf-8", "replace")) for data in (before, after))
    lines = difflib.unified_diff(old, new, fromfile=f"a/{path.lstrip('/')}", tofile=f"b/{path.lstrip('/')}")
    return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)
