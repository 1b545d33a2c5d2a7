"""Words and simple commands of a shell script, before wrappers such as sudo or ``sh -c`` are seen through."""

from __future__ import annotations

import msgspec


class Word(msgspec.Struct):
    """One word with its quoting removed.

    ``text`` keeps expansions as written; ``dynamic`` is how many characters of it the last of them needs (0: there is
    none), ``substitutions`` how many commands are in them. ``offset`` is where the word starts in its script;
    ``marks`` maps offsets in ``text`` to offsets in the script, where they do not run in step.
    """

    text: str
    offset: int
    dynamic: int = 0
    marks: tuple[tuple[int, int], ...] = ()
    substitutions: int = 0

    @property
    def name(self) -> str | None:
        """The last path segment, or null where only the running shell knows it."""
        slash = self.text.rfind("/") + 1
        return (self.text[slash:] or None) if slash >= self.dynamic else None


class Simple(msgspec.Struct, eq=False):
    """One simple command as the script spells it.

    ``pipe`` is the command that reads its output, ``feeds`` the one whose words are its output; ``body`` is the
    here-document it reads.
    """

    words: list[Word]
    offset: int
    env: list[tuple[str, str]] = msgspec.field(default_factory=list)
    redirects: list[str] = msgspec.field(default_factory=list)
    connector: str | None = None
    pipe: Simple | None = None
    reads_pipe: bool = False
    broken: bool = False
    body: Word | None = None
    feeds: Simple | None = None


def unescape_word(text: str) -> str:
    """An unquoted word: each backslash makes the next character literal, and vanishes with a line end."""
    if "\\" not in text:
        return text
    out: list[str] = []
    position, end = 0, len(text)
    while position < end:
        char = text[position]
        if char == "\\" and position + 1 < end:
            if text[position + 1] != "\n":
                out.append(text[position + 1])
            position += 2
        else:
            out.append(char)
            position += 1
    return "".join(out)


def unescape_double(text: str) -> str:
    """The inside of double quotes: a backslash escapes only ``$ ` " \\`` and the line end."""
    if "\\" not in text:
        return text
    out: list[str] = []
    position, end = 0, len(text)
    while position < end:
        char = text[position]
        if char == "\\" and position + 1 < end and text[position + 1] in '$`"\\\n':
            if text[position + 1] != "\n":
                out.append(text[position + 1])
            position += 2
        else:
            out.append(char)
            position += 1
    return "".join(out)


_ANSI = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "f": "\f", "v": "\v", "e": "\x1b", "E": "\x1b"}
_DIGITS = {8: "01234567", 16: "0123456789abcdefABCDEF"}


def unescape_ansi(text: str) -> str:
    r"""The inside of ``$'...'``: C escapes, ``\xHH``, octal and ``\uHHHH``."""
    out: list[str] = []
    position, end = 0, len(text)
    while position < end:
        char = text[position]
        if char != "\\" or position + 1 >= end:
            out.append(char)
            position += 1
            continue
        code = text[position + 1]
        position += 2
        if code in _ANSI:
            out.append(_ANSI[code])
        elif code in "xuU01234567":
            base, most = (16, {"x": 2, "u": 4, "U": 8}[code]) if code in "xuU" else (8, 3)
            start = position if base == 16 else position - 1
            digits = _digits(text, start, most, base)
            number = int(digits, base) if digits else 0
            out.append(chr(number) if digits and number < 0x110000 and not 0xD800 <= number < 0xE000 else "\\" + code)
            position = start + len(digits)
        else:
            out.append(code)
    return "".join(out)


def _digits(text: str, start: int, most: int, base: int) -> str:
    end = start
    while end < len(text) and end - start < most and text[end] in _DIGITS[base]:
        end += 1
    return text[start:end]
