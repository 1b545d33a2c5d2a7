"""The lines of judged files, for reports that show them; read again only for what is shown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from gate.settings.files import UnreadableError, read_regular
from gate.target import LARGEST_MANIFEST, STDIN

if TYPE_CHECKING:
    from gate.cli.session import Session

REMEMBERED = 8


class SourceText:
    """Text by the names that reports use; a few files are kept at a time."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._texts: dict[str, Sequence[str] | None] = {}

    def lines(self, name: str) -> Sequence[str] | None:
        """The lines of a file, or None where it cannot be read any more."""
        if name not in self._texts:
            if len(self._texts) >= REMEMBERED:
                self._texts.pop(next(iter(self._texts)))
            self._texts[name] = self._read(name)
        return self._texts[name]

    def _read(self, name: str) -> Sequence[str] | None:
        try:
            data = self._session.stdin if name == STDIN else read_regular(self._session.root / name, LARGEST_MANIFEST)
        except UnreadableError:
            return None
        text = data.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "surrogateescape")
        return text.split("\n")
