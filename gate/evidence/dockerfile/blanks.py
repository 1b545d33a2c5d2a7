"""Which characters count as blank, and lower case, where BuildKit's answer is not Python's.

BuildKit (frontend/dockerfile/parser, v0.33.1) uses three different sets: Unicode white space to trim lines, five ASCII
blanks to split words, space and tab after a continuation character. Python's ``str.isspace`` adds U+001C to U+001F
to the first, and ``str.lower`` differs for U+0130 and a final sigma; each difference would be a way past a rule.
"""

from __future__ import annotations

__all__ = [
    "ASCII_BLANKS",
    "UNICODE_BLANKS",
    "is_name_char",
    "lower",
    "printable",
    "split_once",
    "split_words",
    "well_formed",
]

import re

UNICODE_BLANKS = (
    "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000"
)
"""The White_Space property, as Go's ``unicode.IsSpace``."""

ASCII_BLANKS = "\t\v\f\r "
"""What separates a keyword from its arguments, and words from each other."""

_RUNS = re.compile(r"[\t\v\f\r ]+")
_SURROGATES = re.compile("[\ud800-\udfff]")


def split_words(text: str) -> list[str]:
    """Split at runs of ASCII blanks; ``text`` is trimmed already, so no word is empty unless ``text`` is."""
    return _RUNS.split(text)


def split_once(text: str) -> list[str]:
    """Split at the first run of ASCII blanks: one or two parts."""
    first, space, rest = text.partition(" ")
    if space and first.isalnum():
        return [first, rest.lstrip(ASCII_BLANKS)]
    return _RUNS.split(text, maxsplit=1)


def lower(text: str) -> str:
    """Lower case, one character for one character (``strings.ToLower``): U+0130 becomes ``i``, U+212A ``k``."""
    if text.isascii():
        return text.lower()
    return "".join("i" if char == "\u0130" else char.lower() for char in text)


def is_name_char(char: str) -> bool:
    """Whether a variable's name may hold ``char``: a letter, a decimal digit or ``_``, in any script."""
    return char == "_" or char.isalpha() or char.isdecimal()


def well_formed(text: str) -> str:
    """Replace each byte that is not UTF-8 (a lone surrogate here) by U+FFFD, as BuildKit's scanner does."""
    if text.isascii():
        return text
    return _SURROGATES.sub("\ufffd", text)


def printable(text: str, longest: int = 80) -> str:
    """``text`` for a message: at most ``longest`` characters, nothing a terminal would act on."""
    cut = text if len(text) <= longest else text[: longest - 1] + "\u2026"
    return "".join(char if char.isprintable() else "\ufffd" for char in cut)
