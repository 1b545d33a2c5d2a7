"""The process that reads layers: requests on standard input, facts on standard output, until input ends.

Layers are hostile, so they are read here: a process that can be killed, with bounded memory, that holds no credential
and opens nothing but local layer files its parent names. Frames are four bytes of length, big-endian, and content.
A request is a `Request`; a layer to be sent follows in frames, an empty one last. An answer is one frame.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import BinaryIO

import msgspec

from gate.evidence.image.facts import ImageFacts, Subject, describe
from gate.evidence.image.layers import Expected, LayerFacts, layer_facts, read_layer
from gate.evidence.image.limits import ImageLimits, LayerLimits

__all__ = ["FRAME", "Assemble", "ReadFile", "ReadStream", "Request", "main", "perform"]

FRAME = struct.Struct(">I")
_PIECE = 1 << 20
_MEMORY = 2 << 30  # bytes of address space


class ReadStream(msgspec.Struct, frozen=True, kw_only=True, tag="stream"):
    """Read the layer that follows; its source has checked digest and size."""

    expected: Expected
    limits: LayerLimits


class ReadFile(msgspec.Struct, frozen=True, kw_only=True, tag="file"):
    """Read the layer at a place in a local file."""

    path: str
    offset: int
    size: int
    expected: Expected
    limits: LayerLimits


class Assemble(msgspec.Struct, frozen=True, kw_only=True, tag="assemble"):
    """Make an image's facts from those of its layers, lowest first, encoded as they are cached."""

    subject: Subject
    layers: list[bytes]
    limits: ImageLimits


Request = ReadStream | ReadFile | Assemble


def perform(request: Request, pieces: Iterator[bytes]) -> LayerFacts | ImageFacts:
    """Do what is asked. ``pieces`` are the layer that follows a `ReadStream`."""
    if isinstance(request, ReadStream):
        return read_layer(pieces, request.expected, request.limits)
    if isinstance(request, ReadFile):
        return read_layer(_of_file(request), request.expected, request.limits)
    return describe(request.subject, [layer_facts(each) for each in request.layers], request.limits)


def _of_file(request: ReadFile) -> Iterator[bytes]:
    with open(request.path, "rb", buffering=0) as file:  # noqa: PTH123 - unbuffered
        file.seek(request.offset)
        left = request.size
        while left > 0 and (piece := file.read(min(left, _PIECE))):
            left -= len(piece)
            yield piece


def main(source: BinaryIO, sink: BinaryIO) -> None:
    """Answer requests until there are no more."""
    _bound_memory()
    decoder = msgspec.msgpack.Decoder(Request)
    while head := source.read(FRAME.size):
        request = decoder.decode(source.read(FRAME.unpack(head)[0]))
        pieces = _frames(source)
        answer = msgspec.msgpack.encode(perform(request, pieces))
        sink.write(FRAME.pack(len(answer)) + answer)
        sink.flush()
        if isinstance(request, ReadStream):
            for _ in pieces:
                pass


def _frames(source: BinaryIO) -> Iterator[bytes]:
    while length := FRAME.unpack(source.read(FRAME.size))[0]:
        yield source.read(length)


def _bound_memory() -> None:
    try:
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    except (ImportError, ValueError, OSError):
        pass  # not this system's
