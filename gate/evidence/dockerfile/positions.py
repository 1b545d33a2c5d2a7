"""Where a piece of text stands in the file, through continuations, here-documents and nested quoting."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable


class LineMap:
    """Maps offsets in a text to 1-based lines of the file.

    Made of marks (offset, value): from ``offset`` on, ``value`` is the file's line, or with ``outer`` the offset in
    the text that ``outer`` maps.
    """

    __slots__ = ("_offsets", "_outer", "_values")

    def __init__(self, marks: Iterable[tuple[int, int]], outer: LineMap | None = None) -> None:
        pairs = list(marks) or [(0, 0 if outer else 1)]
        self._offsets = [offset for offset, _ in pairs]
        self._values = [value for _, value in pairs]
        self._outer = outer

    @classmethod
    def whole(cls, line: int) -> LineMap:
        """A text that stands on one line."""
        return cls(((0, line),))

    @classmethod
    def physical(cls, text: str, first_line: int) -> LineMap:
        """A text that stands in the file as it is, starting at ``first_line``."""
        marks = [(0, first_line)]
        start = text.find("\n")
        while start >= 0:
            marks.append((start + 1, first_line + len(marks)))
            start = text.find("\n", start + 1)
        return cls(marks)

    def shifted(self, by: int) -> LineMap:
        """The map of the text that starts ``by`` characters into this one."""
        return LineMap(((0, by),), self) if by else self

    def line(self, offset: int) -> int:
        """The line of the file that the character at ``offset`` stands on."""
        at = max(bisect_right(self._offsets, offset) - 1, 0)
        if self._outer is None:
            return self._values[at]
        return self._outer.line(self._values[at] + max(offset - self._offsets[at], 0))
