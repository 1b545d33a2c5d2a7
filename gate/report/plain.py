"""Text from files and registries made safe to print: one line, nothing a terminal would act on, bounded."""

from __future__ import annotations

LONGEST = 2_000


def line(text: str, longest: int = LONGEST) -> str:
    """``text`` on one line. What is not printable (controls, direction marks, lone surrogates) is spelled out."""
    shown = text if text.isprintable() else "".join(_visible(character) for character in text)
    return shown if len(shown) <= longest else shown[: longest - 1] + "…"


def source(text: str, longest: int) -> str:
    """A line of a file: tabs become spaces, the rest as `line`."""
    return line(text.rstrip("\r\n").expandtabs(4), longest)


def _visible(character: str) -> str:
    if character.isprintable():
        return character
    if character in "\t\n\r\x0b\x0c\u2028\u2029\x85" or character.isspace():
        return " "
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:
        return f"\\x{code - 0xDC00:02x}"
    return f"\\x{code:02x}" if code <= 0xFF else f"\\u{code:04x}"
