"""The commands of a RUN with the place of every word, for edits of command lines."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from gate.evidence.dockerfile import wrappers
from gate.evidence.dockerfile.commands import simple_commands
from gate.evidence.dockerfile.shellwords import Simple, Word
from gate.evidence.dockerfile.syntax import RawInstruction
from gate.fixes.source import Change, Places, Source

_DEEPEST = 3


class Call(NamedTuple):
    """One command. ``words``: the program and its arguments, wrappers such as sudo taken off; ``all``: as written.

    ``nested``: it stands inside quotes, as in ``sh -c "..."``, so that nothing with quotes may be put in.
    """

    words: list[Word]
    all: list[Word]
    simple: Simple
    script: Places
    nested: bool

    @property
    def program(self) -> str:
        """The program's name without its folder; empty where only the running shell knows."""
        return (self.words[0].name if self.words else None) or ""

    @property
    def args(self) -> list[str]:
        """What follows the program."""
        return [word.text for word in self.words[1:]]

    def has(self, *flags: str) -> bool:
        """Whether one of the flags is there; a long one may carry a value, short ones may be bundled."""
        short = {flag[1] for flag in flags if len(flag) == 2}
        return any(
            arg.partition("=")[0] in flags or (arg[:1] == "-" and arg[1:].isalpha() and bool(short & set(arg[1:])))
            for arg in self.args
        )

    def find(self, *texts: str) -> Word | None:
        """The first argument that is one of some words."""
        return next((word for word in self.words[1:] if word.text in texts), None)

    def verb(self) -> str:
        """The first argument that is no flag."""
        return next((arg for arg in self.args if not arg.startswith("-")), "")

    def end(self, word: Word) -> int | None:
        """Where a word ends in the script; None where quotes or escapes are in it."""
        end = word.offset + len(word.text)
        return end if word.text and self.script.text[word.offset : end] == word.text else None

    def insert_after(self, word: Word, text: str) -> Change | None:
        """Put text behind a word."""
        end = self.end(word)
        return None if end is None else self.script.insert(end, text)

    def replace(self, word: Word, text: str) -> Change | None:
        """Put text in the place of a word."""
        end = self.end(word)
        return None if end is None else self.script.replace(word.offset, end, text)

    def remove(self, word: Word) -> Change | None:
        """Take a word out with the blanks before it; with those after it where it is the first on its line."""
        end, text, start = self.end(word), self.script.text, word.offset
        if end is None:
            return None
        before = len(text[:start].rstrip(" \t"))
        if before and self.script.together(before - 1, end):
            return self.script.replace(before, end, "")
        while end < len(text) and text[end] in " \t" and self.script.together(start, end + 1):
            end += 1
        return self.script.replace(start, end, "") if end < len(text) else None


def calls(source: Source, instruction: RawInstruction) -> list[Call]:
    """The commands of a RUN in shell form; none where its script does not parse or is not found to the letter."""
    script = source.script(instruction)
    return list(_of(script, nested=False, depth=0)) if script is not None else []


def _of(script: Places, *, nested: bool, depth: int) -> Iterator[Call]:
    for simple in simple_commands(script.text) or []:
        seen = wrappers.unwrap(simple.words, simple.env)
        inner = wrappers.script_of(seen.words, simple).script
        if inner is None:
            yield Call(seen.words, simple.words, simple, script, nested)
        elif depth < _DEEPEST and not inner.dynamic:
            places = _inside(script, inner)
            if places is not None:
                yield from _of(places, nested=True, depth=depth + 1)


def _inside(script: Places, word: Word) -> Places | None:
    """A script in quotes, where nothing in it is escaped."""
    start = word.marks[0][1] if len(word.marks) == 1 else None
    if start is None or script.text[start : start + len(word.text)] != word.text:
        return None
    return Places(word.text, [(index, script.at(start + index)) for index in range(len(word.text))])
