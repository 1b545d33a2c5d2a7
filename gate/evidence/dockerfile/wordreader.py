"""Reads one word with its quotes, escapes and ``${...}``, character by character, as BuildKit's shell lexer does."""

from __future__ import annotations

__all__ = ["Lexing", "WordReader"]

import re
from collections.abc import Mapping

import msgspec

from gate.evidence.dockerfile import globs
from gate.evidence.dockerfile.blanks import UNICODE_BLANKS, is_name_char, printable, well_formed
from gate.evidence.dockerfile.globs import Budget
from gate.evidence.dockerfile.syntax import ExpansionError, TooCostlyError

_DEEPEST = 50
_BLANKS = frozenset(UNICODE_BLANKS)
_SPECIAL_PARAMETERS = frozenset("@*#?-$!0")


class Lexing(msgspec.Struct, frozen=True, gc=False):
    """Variants of the reading.

    ``quotes`` false: quotes are ordinary (bodies of unquoted here-documents); ``keep_quotes``, ``keep_escapes``: they
    stay in the text; ``keep_unset``: a reference to an unset name stays as written.
    """

    quotes: bool = True
    keep_quotes: bool = False
    keep_escapes: bool = False
    keep_unset: bool = False


class _Splitter:
    """Splits what one level of the reading yields into words.

    ``pending`` is the word being collected. BuildKit shares it with nested ``${...}``, which swallow what came before.
    """

    __slots__ = ("in_word", "pending", "words")

    def __init__(self, pending: list[str]) -> None:
        pending.clear()
        self.pending = pending
        self.words: list[str] = []
        self.in_word = False

    def split(self, text: str) -> None:
        for char in text:
            if char not in _BLANKS:
                self.keep(char)
            elif self.in_word and self.flush():
                self.in_word = False

    def keep(self, text: str) -> None:
        if text:
            self.pending.append(text)
        self.in_word = True

    def flush(self) -> bool:
        if not self.pending:
            return False
        self.words.append("".join(self.pending))
        self.pending.clear()
        return True


class WordReader:
    """One pass over a word; with ``split`` it also collects words, which are then in ``finished``."""

    def __init__(
        self,
        word: str,
        env: Mapping[str, str],
        escape: str,
        lexing: Lexing,
        budget: Budget,
        *,
        split: bool = False,
    ) -> None:
        self.text = well_formed(word).removeprefix("\ufeff")
        self.at = 0
        self.depth = 0
        self.env = env
        self.escape = escape
        self.lexing = lexing
        self.keep_escapes = lexing.keep_escapes
        self.budget = budget
        self.pending: list[str] | None = [] if split else None
        self.finished: list[str] = []
        self.used: dict[str, None] = {}
        self.unset: dict[str, None] = {}

    def peek(self) -> str:
        """The next character, empty at the end."""
        return self.text[self.at : self.at + 1]

    def take(self) -> str:
        char = self.text[self.at : self.at + 1]
        self.at += 1
        return char

    def read_until(self, stop: str, keep_escapes: bool) -> str:
        """Read up to and over ``stop`` (empty: to the end)."""
        if self.depth >= _DEEPEST:
            raise TooCostlyError(f"variables are nested more than {_DEEPEST} deep")
        outer, self.keep_escapes = self.keep_escapes, keep_escapes
        self.depth += 1
        try:
            return self._read_until(stop)
        finally:
            self.depth -= 1
            self.keep_escapes = outer

    def _read_until(self, stop: str) -> str:
        parts: list[str] = []
        splitter = _Splitter(self.pending) if self.pending is not None else None
        ordinary = _ordinary(self.escape, stop, self.lexing.quotes)
        while self.at < len(self.text):
            run = ordinary.match(self.text, self.at)
            if run:
                self.at = run.end()
                parts.append(run[0])
                if splitter:
                    splitter.split(run[0])
                continue
            char = self.peek()
            if char == stop:
                self.at += 1
                self._finish(splitter)
                return "".join(parts)
            if char == self.escape:
                piece = self._escaped()
                if piece and splitter:
                    splitter.keep(piece)
            elif char == "$":
                piece = self._variable()
                if splitter:
                    splitter.split(piece)
            else:
                piece = self._heredoc_mark() if char == "<" else self._quoted(char)
                if splitter:
                    splitter.keep(piece)
            parts.append(piece)
        if stop:
            raise ExpansionError(f"'{stop}' is missing in '{printable(self.text)}'")
        self._finish(splitter)
        return "".join(parts)

    def _finish(self, splitter: _Splitter | None) -> None:
        if splitter:
            splitter.flush()
            self.finished = splitter.words

    def _escaped(self) -> str:
        """An escape character and what follows it; at the end it stands for nothing."""
        kept = self.take() if self.keep_escapes else self.take()[:0]
        return kept + self.take()

    def _quoted(self, quote: str) -> str:
        self.at += 1
        text = self._single_quoted() if quote == "'" else self._double_quoted()
        return quote + text + quote if self.lexing.keep_quotes else text

    def _single_quoted(self) -> str:
        end = self.text.find("'", self.at)
        if end < 0:
            raise ExpansionError(f"a single quote is not closed in '{printable(self.text)}'")
        text = self.text[self.at : end]
        self.at = end + 1
        return text

    def _double_quoted(self) -> str:
        parts: list[str] = []
        ordinary = _ordinary_quoted(self.escape)
        while self.at < len(self.text):
            run = ordinary.match(self.text, self.at)
            if run:
                self.at = run.end()
                parts.append(run[0])
            elif self.peek() == '"':
                self.at += 1
                return "".join(parts)
            elif self.peek() == "$":
                parts.append(self._variable())
            else:
                escape = self.take()
                if self.keep_escapes:
                    parts.append(escape)
                if self.at < len(self.text):
                    parts.append(self.take() if self.peek() in ('"', "$", self.escape) else escape)
        raise ExpansionError(f"a double quote is not closed in '{printable(self.text)}'")

    def _heredoc_mark(self) -> str:
        """``<`` is ordinary; after ``<<`` the blanks belong to the word, so that ``<< EOF`` is one."""
        self.at += 1
        if self.peek() != "<":
            return "<"
        self.at += 1
        start = self.at
        while self.peek() in ("\t", "\r", " "):
            self.at += 1
        return "<<" + self.text[start : self.at]

    def _variable(self) -> str:
        self.at += 1
        if self.peek() != "{":
            name = self._name()
            if not name:
                return "$"
            value = self._value(name)
            return "$" + name if value is None and self.lexing.keep_unset else value or ""
        self.at += 1
        if self.peek() in ("", "{", "}", ":"):
            raise ExpansionError(f"bad substitution in '{printable(self.text)}'")
        name = self._name()
        operator = self.take()
        if operator == "}":
            value = self._value(name)
            return "${" + name + "}" if value is None and self.lexing.keep_unset else value or ""
        if operator == "/":
            return self._replaced(name)
        if operator == ":":
            return self._modified(name, self.take(), ":")
        if operator and operator in "+-?#%":
            return self._modified(name, operator, "")
        raise self._unsupported(operator)

    def _modified(self, name: str, operator: str, colon: str) -> str:
        """``${name-word}`` and its kin; with ``colon`` an empty value counts as none."""
        trims = operator in ("#", "%")
        if trims and colon:
            raise self._unsupported(colon + operator)
        word = self.read_until("}", trims)
        value = self._value(name)
        if value is None and self.lexing.keep_unset:
            return "${" + name + colon + operator + word + "}"
        missing = value is None or (bool(colon) and not value)
        if operator == "-":
            return word if missing else value or ""
        if operator == "+":
            return "" if missing else word
        if operator == "?":
            if missing:
                why = word or f"is not allowed to be {'unset' if value is None else 'empty'}"
                raise ExpansionError(f"{printable(name)}: {printable(why)}")
            return value or ""
        if not trims:
            raise self._unsupported(colon + operator)
        longest = word.startswith(operator)
        trim = globs.trim_suffix if operator == "%" else globs.trim_prefix
        return trim(value or "", word[longest:], longest=longest, budget=self.budget)

    def _replaced(self, name: str) -> str:
        every = self.peek() == "/"
        self.at += every
        pattern = self.read_until("/", True)
        replacement = self.read_until("}", True)
        value = self._value(name)
        if value is None and self.lexing.keep_unset:
            return "${" + name + "/" + pattern + "/" + replacement + "}"
        return globs.replace(value or "", pattern, replacement, every=every, budget=self.budget)

    def _unsupported(self, operator: str) -> ExpansionError:
        return ExpansionError(f"unsupported modifier '{printable(operator)}' in '{printable(self.text)}'")

    def _name(self) -> str:
        """A name, a number or one special parameter; empty when none is there."""
        start = self.at
        first = self.peek()
        accepts = str.isdecimal if first.isdecimal() else is_name_char
        if first in _SPECIAL_PARAMETERS and not first.isdecimal():
            self.at += 1
            return first
        while self.at < len(self.text) and accepts(self.text[self.at]):
            self.at += 1
        self._refuse_unassigned()
        return self.text[start : self.at]

    def _refuse_unassigned(self) -> None:
        """A character our Unicode tables lack may be a letter in BuildKit's: then the name would be another."""
        char = self.peek()
        if char > "\u0377" and not char.isprintable() and not self.lexing.keep_unset:
            import unicodedata

            if unicodedata.category(char) == "Cn":
                raise ExpansionError(f"a variable's name is followed by an unassigned character, U+{ord(char):04X}")

    def _value(self, name: str) -> str | None:
        value = self.env.get(name)
        if value is None:
            self.unset[name] = None
        else:
            self.used[name] = None
            self.budget.spend(len(value))
        return value


_ORDINARY: dict[str, re.Pattern[str]] = {}


def _ordinary(escape: str, stop: str, quotes: bool) -> re.Pattern[str]:
    """Matches a run of characters that mean nothing at this level."""
    special = "$<" + escape + stop + ("'\"" if quotes else "")
    return _run_without(special)


def _ordinary_quoted(escape: str) -> re.Pattern[str]:
    return _run_without('"$' + escape)


def _run_without(special: str) -> re.Pattern[str]:
    pattern = _ORDINARY.get(special)
    if pattern is None:
        pattern = _ORDINARY[special] = re.compile(f"[^{re.escape(special)}]+")
    return pattern
