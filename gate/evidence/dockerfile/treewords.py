"""The words of a shell script, read from its syntax tree: quoting removed, expansions kept as written."""

from __future__ import annotations

from typing import Protocol

from gate.evidence.dockerfile.shellwords import Word, unescape_ansi, unescape_double, unescape_word

EXPANSIONS = frozenset(
    ("simple_expansion", "expansion", "command_substitution", "process_substitution", "arithmetic_expansion")
)
WORDY = frozenset(("word", "number", "variable_name", "special_variable_name", "test_operator", "heredoc_start"))
STRINGS = frozenset(("string", "raw_string", "concatenation"))


class Node(Protocol):
    """What is used of ``tree_sitter.Node``."""

    @property
    def type(self) -> str: ...
    @property
    def children(self) -> list[Node]: ...
    @property
    def child_count(self) -> int: ...
    @property
    def start_byte(self) -> int: ...
    @property
    def end_byte(self) -> int: ...
    @property
    def is_named(self) -> bool: ...
    @property
    def is_error(self) -> bool: ...
    @property
    def is_missing(self) -> bool: ...
    @property
    def has_error(self) -> bool: ...


class TreeWords:
    """Reads words of one script. Offsets are in characters; the tree's are in bytes."""

    def __init__(self, text: str) -> None:
        self.text = text
        if text.isascii():
            self._source = text.encode()
            self._chars: list[int] | None = None
        else:
            self._source = text.encode("utf-8", "surrogateescape")
            self._chars = _byte_to_char(text)

    @property
    def source(self) -> bytes:
        """What the parser is to read."""
        return self._source

    def at(self, node: Node) -> int:
        """Where a node starts."""
        return self._char(node.start_byte)

    def _char(self, byte: int) -> int:
        return byte if self._chars is None else self._chars[byte]

    def slice(self, start: int, end: int) -> str:
        """The text between two byte offsets."""
        if self._chars is None:
            return self.text[start:end]
        return self._source[start:end].decode("utf-8", "surrogateescape")

    def raw(self, node: Node) -> str:
        """A node as written."""
        return self.slice(node.start_byte, node.end_byte)

    def word(self, node: Node) -> Word:
        """A node as one word."""
        kind = node.type
        start = self.at(node)
        if kind in WORDY:
            raw = self.raw(node)
            return Word(unescape_word(raw) if "\\" in raw else raw, start)
        if kind == "raw_string":
            return Word(self.raw(node)[1:-1], start, marks=((0, start + 1),))
        if kind == "ansi_c_string":
            return Word(unescape_ansi(self.raw(node)[2:-1]), start, marks=((0, start + 2),))
        if kind == "string":
            return self._string(node)
        if kind in EXPANSIONS:
            raw = self.raw(node)
            return Word(raw, start, dynamic=len(raw), substitutions=raw.count("$(") + raw.count("`") // 2)
        if kind in ("concatenation", "command_name", "variable_assignment", "subscript"):
            return self._joined(node)
        return Word(self.raw(node), start)

    def _joined(self, node: Node) -> Word:
        text, dynamic, inside = "", 0, 0
        marks: list[tuple[int, int]] = []
        end = node.start_byte
        for child in node.children:
            if child.start_byte > end:
                marks.append((len(text), self._char(end)))
                text += unescape_word(self.slice(end, child.start_byte))
            word = self.word(child)
            marks += [(len(text) + offset, at) for offset, at in word.marks or ((0, word.offset),)]
            dynamic = len(text) + word.dynamic if word.dynamic else dynamic
            inside += word.substitutions
            text += word.text
            end = child.end_byte
        return Word(text, self.at(node), dynamic, tuple(marks), inside)

    def _string(self, node: Node) -> Word:
        text, dynamic, inside = "", 0, 0
        marks: list[tuple[int, int]] = []
        position = node.start_byte + 1
        last = max(node.end_byte - 1, position)
        for child in node.children:
            if child.type not in EXPANSIONS:
                continue
            marks.append((len(text), self._char(position)))
            text += unescape_double(self.slice(position, child.start_byte))
            marks.append((len(text), self.at(child)))
            raw = self.raw(child)
            text += raw
            dynamic = len(text)
            inside += raw.count("$(") + raw.count("`") // 2
            position = child.end_byte
        marks.append((len(text), self._char(position)))
        text += unescape_double(self.slice(position, last))
        return Word(text, self.at(node), dynamic, tuple(marks), inside)


def _byte_to_char(text: str) -> list[int]:
    """For each byte offset of the UTF-8 form, the offset of its character."""
    table: list[int] = []
    for index, char in enumerate(text):
        code = ord(char)
        width = 1 if code < 0x80 or 0xDC80 <= code <= 0xDCFF else 2 if code < 0x800 else 3 if code < 0x10000 else 4
        table += [index] * width
    table.append(len(text))
    return table
