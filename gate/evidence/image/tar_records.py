"""The fields and extended headers of a tar entry, read as Go reads them or refused.

POSIX.1-2024 "pax Extended Header" for records; GNU tar manual for long names and base-256 numbers. Where readers are
known to differ (empty values, repeated keys, sparse files, a size over the header's, NUL in a name) `NotPlainError`.
"""

from __future__ import annotations

import re

__all__ = ["XATTR", "NotPlainError", "check_global", "checksum", "long_text", "number", "old_name", "parse"]

XATTR = b"SCHILY.xattr."
_GNU = b"ustar  \x00"
_POSIX = b"ustar\x0000"
_V7 = bytes(8)
_PREFIX = 155
_NOTHING = bytes(167)
_LENGTH = re.compile(rb"([1-9][0-9]{0,9}) ")
_INTEGER = re.compile(rb"-?[0-9]{1,18}")
_TIME = re.compile(rb"-?[0-9]{1,18}(\.[0-9]*)?")
_TIMES = frozenset((b"atime", b"mtime", b"ctime"))
_INTEGERS = frozenset((b"uid", b"gid"))
_NAMES = frozenset((b"path", b"linkpath"))
_CHARSETS = frozenset((b"BINARY", b"ISO-IR 10646 2000 UTF-8"))
_CHANGES_THE_FILE = (b"GNU.sparse.", b"SCHILY.realsize", b"SCHILY.filetype", b"SCHILY.sparse")
_GLOBAL = frozenset((b"comment",))
_LARGEST = (1 << 63) - 1


class NotPlainError(Exception):
    """The stream leaves the plain profile; the text says how."""


def number(field: bytes) -> int:
    """A numeric field: octal digits after spaces and before spaces and NULs, or positive base-256."""
    if field[0] >= 0x80:
        value = int.from_bytes(field[1:], "big")
        if field[0] != 0x80 or value > _LARGEST:
            raise NotPlainError("a number in a header is negative or too large")
        return value
    digits = field.lstrip(b" ").rstrip(b" \x00")
    if not digits:
        return 0
    try:
        if digits.isdigit():
            return int(digits, 8)
    except ValueError:
        pass
    raise NotPlainError("a number in a header is not octal")


def checksum(field: bytes) -> int:
    """What the bytes of a block must add up to, its checksum field included, for that field to be right."""
    return number(field) + sum(field) - 8 * 0x20


def old_name(name: bytes, magic: bytes, device: bytes, rest: bytes) -> bytes:
    """The name in a header that is not POSIX without a prefix: with its prefix, or from a GNU or V7 header.

    ``rest`` is all that follows the ``device`` numbers. In GNU headers times may stand where POSIX has the prefix, and
    readers disagree about them.
    """
    name = name.partition(b"\x00")[0]
    if magic == _POSIX:
        if rest[_PREFIX:].strip(b"\x00"):
            raise NotPlainError("a header has fields after its prefix")
        prefix = rest[:_PREFIX].partition(b"\x00")[0]
        return prefix + b"/" + name if prefix else name
    if magic not in (_GNU, _V7):
        raise NotPlainError("a header's format is unknown")
    if rest != _NOTHING or (magic == _V7 and device.strip(b"\x000")):
        raise NotPlainError(
            "a GNU header holds times or sparse data" if magic == _GNU else "an old header has new fields"
        )
    return name


def long_text(content: bytes, what: str) -> bytes:
    """The text of a GNU long name or long link: up to one closing NUL."""
    text = content[:-1] if content.endswith(b"\x00") else content
    if not text or b"\x00" in text:
        raise NotPlainError(f"a long {what} is empty or holds a NUL")
    return text


def parse(content: bytes) -> dict[bytes, bytes]:
    """The records of one extended header: keyword to value."""
    found: dict[bytes, bytes] = {}
    at = 0
    while at < len(content):
        key, value, at = _record(content, at)
        if key in found:
            raise NotPlainError("an extended header repeats a keyword")
        _check(key, value)
        found[key] = value
    return found


def check_global(content: bytes) -> None:
    """A global extended header may only carry a comment: readers differ on whether the rest applies to entries."""
    extra = sorted(set(parse(content)) - _GLOBAL)
    if extra:
        raise NotPlainError(f"a global extended header sets {extra[0].decode('utf-8', 'backslashreplace')[:40]}")


def _record(content: bytes, at: int) -> tuple[bytes, bytes, int]:
    head = _LENGTH.match(content, at)
    end = at + int(head[1]) if head else 0
    if not head or end > len(content) or end <= head.end() or content[end - 1 : end] != b"\n":
        raise NotPlainError("an extended header's record has a wrong length")
    key, equals, value = content[head.end() : end - 1].partition(b"=")
    if not equals or not key or b"\x00" in key:
        raise NotPlainError("an extended header's record has no keyword")
    return key, value, end


def _check(key: bytes, value: bytes) -> None:
    if key in _NAMES:
        wrong = not value or b"\x00" in value
    elif key in (b"uname", b"gname"):
        wrong = b"\x00" in value
    elif key in _INTEGERS:
        wrong = not _INTEGER.fullmatch(value)
    elif key in _TIMES:
        wrong = not _TIME.fullmatch(value)
    elif key == b"size":
        wrong = not value.isdigit() or len(value) > 18
    elif key == b"hdrcharset":
        wrong = value not in _CHARSETS
    else:
        wrong = key.startswith(_CHANGES_THE_FILE)
    if wrong:
        raise NotPlainError(
            f"an extended header has a {key.decode('utf-8', 'backslashreplace')[:40]} readers differ on"
        )
