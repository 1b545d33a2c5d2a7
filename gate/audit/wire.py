"""The report as JSON in pieces: one result at a time, so that a large estate's is never in memory twice."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from gate.audit.model import AuditReport


def compact(report: AuditReport) -> Iterator[bytes]:
    """``gate.audit/v1`` without white space, as ``msgspec.json.encode`` writes it."""
    between = b"{"
    for name in AuditReport.__struct_fields__:
        yield between + msgspec.json.encode(name) + b":"
        value = getattr(report, name)
        if isinstance(value, list) and value:
            yield from _separated(b"[", b",", map(msgspec.json.encode, value))
            yield b"]"
        else:
            yield msgspec.json.encode(value)
        between = b","
    yield b"}"


def indented(report: AuditReport) -> Iterator[bytes]:
    """The same with one space a level and a newline at the end, for people and for ``diff``."""
    between = b"{\n "
    for name in AuditReport.__struct_fields__:
        yield between + msgspec.json.encode(name) + b": "
        value = getattr(report, name)
        if isinstance(value, list) and value:
            yield from _separated(b"[\n  ", b",\n  ", (_pretty(each, 2) for each in value))
            yield b"\n ]"
        else:
            yield _pretty(value, 1)
        between = b",\n "
    yield b"\n}\n"


def _separated(first: bytes, between: bytes, values: Iterable[bytes]) -> Iterator[bytes]:
    for value in values:
        yield first + value
        first = between


def _pretty(value: object, level: int) -> bytes:
    """A value as it is written at a level; no text in JSON holds a line break."""
    return msgspec.json.format(msgspec.json.encode(value), indent=1).replace(b"\n", b"\n" + b" " * level)
