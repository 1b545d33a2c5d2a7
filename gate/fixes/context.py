"""What a proposal may look at: the finding, the file, what is known of it, and what it would be cut short."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from gate.evidence.dockerfile.syntax import RawInstruction
from gate.evidence.model import Dockerfile, Evidence, Input, Instruction, Stage
from gate.finding import Finding
from gate.fixes.calls import Call, calls
from gate.fixes.source import Change, Edit, Source


class Context(NamedTuple):
    """One finding in one file.

    ``pinned`` is the digest that gate.lock has for an input, ``facts`` the evidence of another text of this file.
    """

    finding: Finding
    evidence: Evidence
    dockerfile: Dockerfile
    source: Source
    pinned: Callable[[Input], str | None]
    facts: Callable[[bytes], Evidence | None]

    @property
    def line(self) -> int | None:
        """Where the finding is."""
        return self.finding.location.line if self.finding.location else None

    def at(self, *keywords: str) -> Iterator[RawInstruction]:
        """The instruction of the finding, if its keyword is one of those."""
        return self.source.at(self.line, *keywords)

    def known(self, raw: RawInstruction) -> tuple[Stage, Instruction] | None:
        """What is known of an instruction, and its stage."""
        for stage in self.dockerfile.stages:
            for one in stage.instructions:
                if one.onbuild_from is None and one.line == raw.line and one.cmd == raw.cmd:
                    return stage, one
        return None

    def on_top(self, stage: Stage) -> list[Stage]:
        """A stage, and those that are built on it."""
        found = [stage]
        for other in self.dockerfile.stages:
            if other.index != stage.index and any(other.base.stage == one.index for one in found):
                found.append(other)
        return found

    def without(self, raw: RawInstruction) -> Change | None:
        """Take an instruction out with its line's end, unless a comment above it speaks to a checker of it alone."""
        if any(speaks_to_checker(text) for _, text in raw.comments):
            return None
        return Change(self.source.start(raw.line), self.source.start(raw.end_line + 1), "")

    def before(self, raw: RawInstruction) -> Evidence | None:
        """The evidence of the file up to an instruction; None where the target comes later."""
        text = self.source.text[: self.source.start(raw.line)]
        return self.facts(text.encode("utf-8", "surrogateescape"))

    def line_before(self, raw: RawInstruction, text: str) -> Change:
        """Put a line above an instruction and the comments that belong to it."""
        line = raw.line
        while line > 1 and self.source.line(line - 1).lstrip().startswith("#") and not self._inside(line - 1):
            line -= 1
        place = self.source.start(line)
        return Change(place, place, text + self.source.end_of_line(raw.line))

    def _inside(self, line: int) -> bool:
        return any(one.line <= line <= one.end_line for one in self.source.parsed.instructions)


_CHECKER = re.compile(r"(?i)\b(?:ignore|skip|disable|nosemgrep|nosec)\b|^\s*gate:")


def speaks_to_checker(comment: str) -> bool:
    """Whether a comment exempts what stands below it, so that it must stay above just that."""
    return _CHECKER.search(comment) is not None


Proposal = Callable[[Context], Iterator[Edit]]
OnCall = Callable[[Call], Change | list[Change] | None]


def cased(word: str, like: str) -> str:
    """A keyword in lower case where another one is."""
    return word.lower() if like.islower() else word


def edit(*changes: Change | None, safe: bool = True) -> Iterator[Edit]:
    """One edit, where every change of it can be made."""
    made = tuple(change for change in changes if change is not None)
    if made and len(made) == len(changes):
        yield Edit(made, safe)


def each_call(make: OnCall, *, safe: bool = True) -> Proposal:
    """Edit the commands of a RUN: all that ask for it at once, else one after the other."""

    def propose(context: Context) -> Iterator[Edit]:
        for raw in context.at("RUN"):
            found = []
            for call in calls(context.source, raw):
                change = make(call)
                if change:
                    found.append(change if isinstance(change, list) else [change])
            if found:
                yield Edit(tuple(one for changes in found for one in changes), safe)
            if len(found) > 1:
                yield from (Edit(tuple(changes), safe) for changes in found)

    return propose
