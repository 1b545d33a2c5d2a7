"""Shell text of the plainest kind, read without a parser: words and quotes, ``&&``, ``||``, ``;`` and ``|``.

Most RUN lines are no more than that. Anything else is left to tree-sitter; a test holds both readings equal.
"""

from __future__ import annotations

import re
from itertools import pairwise

from gate.evidence.dockerfile.shellwords import Simple, Word

_TOKEN = re.compile(
    r"""(?P<blank>[ \t]+)"""
    r"""|(?P<operator>&&|\|\||;|\|)"""
    r"""|(?P<word>(?:[A-Za-z0-9_@%+:,./=*?~^-]|'[^'\n]*'|"[^"$`\\!\n]*")+)"""
)
_BEYOND = re.compile(r"[$`(){}<>\\#!\n]")
_PIECE = re.compile(r"""'([^']*)'|"([^"]*)"|([^'"]+)""")
_ASSIGNMENT = re.compile(r"[A-Za-z_][A-Za-z0-9_]*=")
_NAME = re.compile(r"[A-Za-z0-9_./][A-Za-z0-9_./+-]*")
_RESERVED = frozenset({
    "case", "coproc", "declare", "do", "done", "elif", "else", "esac", "export", "fi", "for", "function", "if", "in",
    "local", "readonly", "select", "then", "time", "typeset", "unset", "unsetenv", "until", "while",
})  # fmt: skip


def read(text: str) -> list[Simple] | None:
    """The commands in the order written; null where the text holds more than this reads."""
    if _BEYOND.search(text):
        return None
    found: list[Simple] = []
    current: Simple | None = None
    connector: str | None = None
    position, end = 0, len(text)
    while position < end:
        token = _TOKEN.match(text, position)
        if token is None:
            return None
        kind = token.lastgroup
        if kind == "word":
            if current is None:
                current = Simple([], position, connector=connector)
            if not _take(current, token[0], position):
                return None
        elif kind == "operator":
            if current is None or not current.words:
                return None
            found.append(current)
            current, connector = None, token[0]
        position = token.end()
    if current is not None and current.words:
        found.append(current)
    elif current is not None or connector != ";":
        return None if found or current is not None else found
    _pipe(found)
    return found


def _take(command: Simple, raw: str, offset: int) -> bool:
    """Adds a word, or an assignment before the command; false for what starts something else."""
    word = _word(raw, offset)
    if not command.words:
        if _ASSIGNMENT.match(raw):
            name, _, value = word.text.partition("=")
            command.env.append((name, value))
            return True
        if raw in _RESERVED or not _NAME.fullmatch(raw):
            return False
        command.offset = offset
    elif raw.startswith("="):
        return False
    command.words.append(word)
    return True


def _word(raw: str, offset: int) -> Word:
    if "'" not in raw and '"' not in raw:
        return Word(raw, offset)
    text = ""
    marks: list[tuple[int, int]] = []
    for piece in _PIECE.finditer(raw):
        quoted = piece.lastindex != 3
        marks.append((len(text), offset + piece.start() + quoted))
        text += piece[piece.lastindex or 0]
    return Word(text, offset, marks=tuple(marks))


def _pipe(found: list[Simple]) -> None:
    for before, after in pairwise(found):
        if after.connector == "|":
            before.pipe = after
            after.reads_pipe = True
