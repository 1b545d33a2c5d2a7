"""One logical line taken apart: keyword, flags, arguments; exec form; name=value words; here-document words.

All functions are exact to BuildKit v0.33.1 (frontend/dockerfile/parser), its byte-wise reading of flags included.
"""

from __future__ import annotations

__all__ = [
    "Command",
    "HeredocWord",
    "exec_form",
    "first_byte_word",
    "heredoc_word",
    "heredoc_words",
    "name_value_words",
    "split_command",
]

import re
from functools import cache
from typing import NamedTuple

import msgspec

from gate.evidence.dockerfile import expansion
from gate.evidence.dockerfile.blanks import UNICODE_BLANKS, split_once, well_formed
from gate.evidence.dockerfile.syntax import DockerfileError, TooCostlyError

_LATIN1_BLANKS = "\t\n\v\f\r \x85\xa0"
_FLAG_LEAD = "\t\n\v\f\r \udc85\udca0"
_FLAG_STARTS = frozenset(_FLAG_LEAD + "-")
_HEREDOC = re.compile(r"([0-9]*+)<<(-?)[\t\n\f\r ]*+([^<]*+)")
_PLAIN_NAME = re.compile(r"[A-Za-z0-9_./-]+")
_LARGEST_FD = 2**64 - 1
_AS_WRITTEN = expansion.Lexing(keep_quotes=True, keep_escapes=True, keep_unset=True)
_UNQUOTED = expansion.Lexing(keep_unset=True)
_QUOTED = expansion.Lexing(keep_quotes=True, keep_unset=True)


@cache
def _name_value_pattern(escape: str) -> re.Pattern[str]:
    e = re.escape(escape)
    single = "'[^']*+(?:'|\\Z)"
    double = f'"(?:[^"{e}]++|{e}.)*+(?:"|\\Z|(?={e}\\Z))'
    return re.compile(f"(?:[^'\"{e}{UNICODE_BLANKS}]++|{e}.|{single}|{double})++", re.DOTALL)


class Command(NamedTuple):
    """``keyword`` as written; ``flags`` without quotes and escapes; ``rest`` trimmed."""

    keyword: str
    flags: tuple[str, ...]
    rest: str


class HeredocWord(msgspec.Struct, frozen=True, gc=False):
    """What ``3<<-"WORD"`` announces."""

    name: str
    expand: bool
    chomp: bool
    fd: int


def split_command(line: str, escape: str) -> Command:
    """Take a logical line apart."""
    parts = split_once(line.strip(UNICODE_BLANKS))
    if len(parts) == 1:
        return Command(parts[0], (), "")
    keyword, rest = parts
    if rest[0] not in _FLAG_STARTS:
        return Command(keyword, (), rest.strip(UNICODE_BLANKS))
    rest = rest.lstrip(_FLAG_LEAD)
    if not rest.startswith("--"):
        return Command(keyword, (), rest.strip(UNICODE_BLANKS))
    flags, rest = _flags(rest, escape)
    return Command(keyword, flags, rest.strip(UNICODE_BLANKS))


def _flags(text: str, escape: str) -> tuple[tuple[str, ...], str]:
    """Leading ``--x`` words, and what follows them; a bare ``--`` ends them.

    BuildKit reads them byte by byte and takes each byte for a character, so ``--x=é`` is ``--x=Ã©``.
    """
    line = text.encode("utf-8", "surrogateescape").decode("latin-1")
    flags: list[str] = []
    at = 0
    while True:
        while at < len(line) and line[at] in _LATIN1_BLANKS:
            at += 1
        if not line.startswith("--", at):
            break
        word, at = _flag_word(line, at, escape)
        if word == "--":
            break
        flags.append(word)
    return tuple(flags), _from_latin1(line[at:])


def _flag_word(line: str, at: int, escape: str) -> tuple[str, int]:
    word: list[str] = []
    quote = ""
    while at < len(line):
        char = line[at]
        if not quote and char in _LATIN1_BLANKS:
            break
        at += 1
        if quote and char == quote:
            quote = ""
        elif not quote and char in "'\"":
            quote = char
        elif char == escape:
            word.append(line[at : at + 1])
            at += 1
        else:
            word.append(char)
    return "".join(word), min(at, len(line))


class _ShellFormError(ValueError):
    """The text starts like a JSON array but BuildKit reads it in shell form."""


def exec_form(rest: str) -> tuple[str, ...] | None:
    """The list when ``rest`` is a JSON array of strings; None when it is shell form.

    An array with anything but strings is an error of BuildKit's; broken JSON is shell form.
    """
    if rest[:1] in UNICODE_BLANKS:
        rest = rest.lstrip(UNICODE_BLANKS)
    if rest[:1] != "[":
        return None
    import json

    try:
        items = json.loads(rest, parse_constant=_no_constant, parse_int=_number, parse_float=_number)
    except ValueError:
        return None
    except RecursionError:
        raise DockerfileError("a JSON array is nested too deeply") from None
    if not all(isinstance(item, str) for item in items):
        raise DockerfileError("when using JSON array syntax, arrays must be comprised of strings only")
    return tuple(well_formed(item) for item in items)


def _no_constant(name: str) -> object:
    raise _ShellFormError(name)


def _number(digits: str) -> float:
    value = float(digits)
    if value in (float("inf"), float("-inf")):
        raise _ShellFormError(digits)
    return value


def first_byte_word(text: str) -> tuple[str, str]:
    """The first word and what follows it, blanks found byte by byte (so that the last byte of ``à`` is one)."""
    line = text.encode("utf-8", "surrogateescape").decode("latin-1")
    end = next((at for at, char in enumerate(line) if char in _LATIN1_BLANKS), len(line))
    rest = line[end:].lstrip(_LATIN1_BLANKS)
    return _from_latin1(line[:end]), _from_latin1(rest)


def _from_latin1(text: str) -> str:
    return text.encode("latin-1").decode("utf-8", "surrogateescape")


def name_value_words(rest: str, escape: str) -> list[str]:
    """Split ENV, LABEL and ARG arguments at blanks outside quotes; quotes and escapes stay.

    An open quote reaches to the end; an escape character at the very end is dropped.
    """
    return _name_value_pattern(escape).findall(well_formed(rest))


def heredoc_words(line: str) -> list[HeredocWord]:
    """The here-documents that a RUN, COPY or ADD line announces, in order.

    A line that BuildKit cannot split (an open quote, a substitution it does not know) announces none.
    """
    try:
        words = expansion.expand_words(line, lexing=_AS_WRITTEN)
    except TooCostlyError:
        raise
    except DockerfileError:
        return []
    return [found for word in words if (found := heredoc_word(word)) is not None]


def heredoc_word(word: str) -> HeredocWord | None:
    """Read one word; None when it is no here-document. `DockerfileError` when its name cannot be read."""
    match = _HEREDOC.fullmatch(word)
    if match is None or not match[3]:
        return None
    digits = match[1].lstrip("0")[:21] or "0"
    fd = min(int(digits), _LARGEST_FD)
    if _PLAIN_NAME.fullmatch(match[3]):
        return HeredocWord(match[3], True, bool(match[2]), fd)
    plain = expansion.expand_words(match[3], lexing=_UNQUOTED)
    if len(plain) != 1:
        return None
    quoted = expansion.expand_words(match[3], lexing=_QUOTED)
    if len(quoted) != 1:
        raise DockerfileError("the name of a here-document cannot be read")
    return HeredocWord(plain[0], _quotes(plain[0]) == _quotes(quoted[0]), bool(match[2]), fd)


def _quotes(text: str) -> int:
    return text.count("'") + text.count('"')
