"""Colour for terminals: a handful of SGR codes, so that nothing has to be imported for them."""

from __future__ import annotations

from typing import Literal

Tone = Literal["bad", "doubt", "warn", "good", "dim", "strong"]

_CODES: dict[Tone, str] = {"bad": "1;31", "doubt": "1;35", "warn": "33", "good": "32", "dim": "2", "strong": "1"}


class Style:
    """Paints text, or leaves it as it is where nobody would see the colour."""

    def __init__(self, color: bool) -> None:
        self._color = color

    def __call__(self, text: str, tone: Tone) -> str:
        """``text`` in a tone."""
        return f"\x1b[{_CODES[tone]}m{text}\x1b[0m" if self._color else text
