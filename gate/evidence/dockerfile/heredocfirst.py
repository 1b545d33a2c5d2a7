"""Here-documents written before their command (``<<E python3``), put behind its first word (``python3 <<E``).

A shell takes a redirection anywhere in a simple command; tree-sitter-bash takes the body of a here-document that comes
first for commands. The text keeps its length and every line, so that places in it stay true. Where a here-document
has no end the rest is left as it is: the shell would not read it either.
"""

from __future__ import annotations

import re
from typing import NamedTuple

__all__ = ["moved"]

_WORD = r"""(?:\\.|'[^']*'|"(?:\\.|[^"\\])*"|[^\s\\'"|&;()<>])+"""
_TOKEN = re.compile(
    rf"""(?P<blank>(?:[ \t]|\\\n)+)
    |(?P<newline>\n)
    |(?P<heredoc>[0-9]*<<(?P<chomp>-?)[ \t]*(?P<end>{_WORD}))
    |(?P<redirect>[0-9]*(?:<<<|<>|<&|>>|>&|>\||<|>)[ \t]*(?:{_WORD})?|&>>?[ \t]*(?:{_WORD})?)
    |(?P<operator>&&|\|\||;;|[|&;()])
    |(?P<comment>\#[^\n]*)
    |(?P<word>{_WORD}|.)""",
    re.VERBOSE | re.DOTALL,
)
_ASSIGNMENT = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\+?=")
_RESERVED = frozenset(["if", "then", "elif", "else", "while", "until", "do", "!", "{", "time"])
_QUOTES = re.compile(r"""\\(.)|['"]""", re.DOTALL)


class _Document(NamedTuple):
    """A here-document of the line being read."""

    end: str
    chomp: bool


class _Mover:
    """Reads a script once, token by token."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.out: list[str] = []
        self.started = False  # whether the simple command has its first word
        self.held: list[str] = []  # here-documents that wait for that word
        self.since = 0  # the place in ``out`` of the first of them
        self.documents: list[_Document] = []

    def run(self) -> str | None:
        """The text with here-documents moved; null where one has no end."""
        at = 0
        while at < len(self.text):
            match = _TOKEN.match(self.text, at)
            if match is None:  # a lone backslash at the end
                self.out.append(self.text[at:])
                break
            at = match.end()
            self._take(match)
            if match.lastgroup == "newline" and self.documents:
                end = self._bodies(at)
                if end is None:
                    return None
                self.out.append(self.text[at:end])
                at = end
        return "".join(self.out)

    def _take(self, match: re.Match[str]) -> None:
        kind, token = match.lastgroup, match[0]
        if kind == "heredoc":
            self.documents.append(_Document(_QUOTES.sub(r"\1", match["end"]), match["chomp"] == "-"))
            if not self.started:
                self.since = self.since if self.held else len(self.out)
                self.held.append(token)
        elif kind in ("newline", "operator"):
            self.started, self.held = False, []
        elif kind == "word" and not self.started and not _ASSIGNMENT.match(token) and token not in _RESERVED:
            self.started = True
            if self.held:
                self._move(token)
                return
        self.out.append(token)

    def _move(self, word: str) -> None:
        """Put the waiting here-documents behind the first word, with the blanks that were behind the first of them."""
        left, kept = list(self.held), ""
        for token in self.out[self.since :]:
            if left and token == left[0]:
                left.pop(0)
            else:
                kept += token
        rest = kept.lstrip(" \t")
        blanks, held = kept[: len(kept) - len(rest)], "".join(self.held)
        self.held = []
        if blanks or not held[0].isdigit():  # or the word would end in the number of a file
            self.out[self.since :] = [rest, word, blanks, held]
        else:
            self.out.append(word)

    def _bodies(self, at: int) -> int | None:
        """Where the bodies of this line's here-documents end."""
        for document in self.documents:
            while True:
                if at >= len(self.text):
                    return None
                end = self.text.find("\n", at)
                line = self.text[at : end if end >= 0 else len(self.text)]
                at = end + 1 if end >= 0 else len(self.text)
                if (line.lstrip("\t") if document.chomp else line) == document.end:
                    break
        self.documents = []
        return at


def moved(text: str) -> str:
    """The script with every here-document behind the first word of its command; of the same length."""
    if "<<" not in text:
        return text
    return _Mover(text).run() or text
