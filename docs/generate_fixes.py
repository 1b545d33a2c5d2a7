"""Writes the table of docs/fixes.md: for every rule what ``--fix`` does; ``--check`` only compares."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from gate.bundle.load import load
from gate.fixes.decisions import DECISIONS

PATH = Path(__file__).resolve().parent / "fixes.md"
START = "<!-- The rest is made by docs/generate_fixes.py. -->\n"
_CALLED = {"safe": "`--fix`", "unsafe": "`--unsafe-fixes`", "both": "`--fix`, some `--unsafe-fixes`", "no": "no"}


def table() -> Iterator[str]:
    """The rules with edits first, then the others, each by name."""
    rules = sorted(load().catalogue)
    undecided = [rule for rule in rules if rule not in DECISIONS]
    if undecided:
        sys.exit(f"gate/fixes/decisions.py says nothing of {', '.join(undecided)}: can it be fixed, or why not?")
    edited = [rule for rule in rules if DECISIONS[rule].kind != "no"]
    yield from [
        "",
        "## Rules with edits",
        "",
        f"{len(edited)} of {len(rules)}.",
        "",
        "| rule | by | |",
        "|---|---|---|",
    ]
    yield from (f"| {_link(rule)} | {_CALLED[DECISIONS[rule].kind]} | {DECISIONS[rule].told} |" for rule in edited)
    yield from ["", "## Rules without", "", "| rule | why not |", "|---|---|"]
    yield from (f"| {_link(rule)} | {DECISIONS[rule].told} |" for rule in rules if rule not in edited)


def _link(rule: str) -> str:
    return f"[{rule}](rules/{rule}.md)"


def main() -> int:
    """Write or, with ``--check``, compare; 1 when the table is old."""
    old = PATH.read_text(encoding="utf-8")
    head, start, _ = old.partition(START)
    new = head + (start or START) + "\n".join(table()) + "\n"
    if "--check" in sys.argv[1:]:
        print(f"{PATH.name}: {'fresh' if old == new else 'old; run make docs'}")
        return 0 if old == new else 1
    PATH.write_text(new, encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
