"""JSON documents of images, read so that no other reader can see something else in the same bytes.

Runtimes are written in Go, whose JSON takes ``"user"`` for ``"User"``, lets the last of two keys win and replaces
broken text. Documents in which that would matter are refused; none that a builder writes is.
"""

from __future__ import annotations

import hashlib
import json
from functools import cache
from typing import Any, TypeVar

import msgspec

from gate.errors import ImageError
from gate.evidence.image.reference import is_digest

__all__ = ["HASHES", "digest_of", "has_digest", "new_hash", "read_array", "read_object", "shaped", "supported"]

HASHES = ("sha256", "sha512")
"""Digest algorithms whose content is accepted."""

_KELVIN, _LONG_S = "\u212a", "\u017f"

T = TypeVar("T")


def digest_of(data: bytes, algorithm: str = "sha256") -> str:
    """``algorithm:hex`` of ``data``."""
    return f"{algorithm}:{hashlib.new(algorithm, data, usedforsecurity=True).hexdigest()}"


def supported(digest: str) -> bool:
    """Whether content can be checked against this digest."""
    return is_digest(digest) and digest.partition(":")[0] in HASHES


def new_hash(digest: str) -> Any:
    """A hash object of the digest's algorithm."""
    return hashlib.new(digest.partition(":")[0])


def has_digest(data: bytes, digest: str) -> bool:
    """Whether ``data`` hashes to ``digest``."""
    return supported(digest) and digest_of(data, digest.partition(":")[0]) == digest


def read_object(data: bytes, what: str, limit: int) -> dict[str, Any]:
    """The JSON object in ``data``; `ImageError` where it is none, is longer than ``limit``, or repeats a key.

    ``what`` names the document in messages.
    """
    found = _read(data, what, limit)
    if not isinstance(found, dict):
        raise ImageError(f"{what} is not a JSON object")
    return found


def read_array(data: bytes, what: str, limit: int) -> list[dict[str, Any]]:
    """The JSON array of objects in ``data``, read as strictly."""
    found = _read(data, what, limit)
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
        raise ImageError(f"{what} is not a JSON array of objects")
    return found


def _read(data: bytes, what: str, limit: int) -> Any:
    if len(data) > limit:
        raise ImageError(f"{what} is longer than {limit} bytes")
    try:
        msgspec.json.decode(data)  # strict about UTF-8, surrogates, numbers and depth; blind to repeated keys
        return json.loads(data.decode("utf-8"), object_pairs_hook=_without_repeats)
    except _RepeatedKeyError as error:
        raise ImageError(f'{what} has the key "{_short(error.key)}" twice') from None
    except (msgspec.DecodeError, ValueError, RecursionError):
        raise ImageError(f"{what} is not valid JSON") from None


def shaped(document: dict[str, Any], shape: type[T], what: str) -> T:
    """``document`` as a struct; `ImageError` where a member has the wrong type or a key only Go would recognize."""
    _check_spelling(document, shape, what)
    try:
        return msgspec.convert(document, shape)
    except msgspec.ValidationError as error:
        raise ImageError(f"{what}: {error}") from None


class _RepeatedKeyError(Exception):
    def __init__(self, key: str) -> None:
        self.key = key
        super().__init__(key)


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise _RepeatedKeyError(key)
            seen.add(key)
    return found


def _check_spelling(value: Any, shape: Any, what: str) -> None:
    """Refuse keys that equal a known one but for case, at every level the shape describes."""
    if isinstance(value, list):
        for inner in _inner(shape):
            for item in value:
                _check_spelling(item, inner, what)
    if not isinstance(value, dict):
        return
    for struct in [each for each in (shape, *_inner(shape)) if _is_struct(each)]:
        fields, folded = _fields(struct)
        for key, item in value.items():
            if key in fields:
                _check_spelling(item, fields[key], what)
            elif _fold(key) in folded:
                raise ImageError(f'{what} has the key "{_short(key)}", which some readers take for another')


@cache
def _fields(struct: type[msgspec.Struct]) -> tuple[dict[str, Any], frozenset[str]]:
    """The types of a struct's members by key, and the keys folded; finding them out takes longer than to read one."""
    fields = {field.encode_name: field.type for field in msgspec.structs.fields(struct)}
    return fields, frozenset(map(_fold, fields))


@cache
def _inner(shape: Any) -> tuple[Any, ...]:
    """The types inside ``X | None`` and ``list[X]``."""
    return tuple(found for each in getattr(shape, "__args__", ()) for found in (each, *_inner(each)))


def _is_struct(shape: Any) -> bool:
    return isinstance(shape, type) and issubclass(shape, msgspec.Struct)


def _fold(key: str) -> str:
    """Equal for keys that Go's encoding/json takes for the same."""
    return key.replace(_KELVIN, "k").replace(_LONG_S, "s").lower()


def _short(text: str) -> str:
    return text if len(text) <= 40 else text[:39] + "…"
