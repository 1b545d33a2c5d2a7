"""What a run leaves in a store while it goes on: judged subjects, and the parts of its shards.

Everything is keyed by the run's id. A shard that was killed finds what it had judged; the last shard to end finds the
parts of all others and puts the report together. Two that end at once make the same report twice.
"""

from __future__ import annotations

import hashlib
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence

import msgspec

from gate.audit.model import AuditResult
from gate.audit.run import Outcome
from gate.errors import StoreError
from gate.store import ManyStore, Store

_SUBJECTS, _PARTS = "audit-subject", "audit-part"
NAMESPACES = (_SUBJECTS, _PARTS)
"""Of what is of no use once its run has ended."""

_AT_ONCE = 500  # subjects looked up in one question
_PIECE = 1_000  # results in one value


class StoredCheckpoint:
    """A `Checkpoint` over any store. ``basis`` is a digest of policy, settings and day: other answers do not count."""

    def __init__(self, store: Store, run: str, basis: str) -> None:
        self._store = store
        self._prefix = f"{run}/{basis}/"

    def load(self, keys: Sequence[str]) -> dict[str, list[AuditResult]]:
        """What was judged before, by item; damaged entries are judged again."""
        found = {}
        for key, data in self._noted(keys):
            try:
                found[key] = msgspec.json.decode(data, type=list[AuditResult])
            except msgspec.DecodeError:
                continue
        return found

    def save(self, results: Sequence[tuple[str, list[AuditResult]]]) -> None:
        """Note results; raises `StoreError`."""
        noted = {self._prefix + key: msgspec.json.encode(rows) for key, rows in results}
        if isinstance(self._store, ManyStore):
            self._store.put_many(_SUBJECTS, noted)
            return
        for key, value in noted.items():
            self._store.put(_SUBJECTS, key, value)

    def _noted(self, keys: Sequence[str]) -> Iterator[tuple[str, bytes]]:
        for start in range(0, len(keys), _AT_ONCE):
            some = keys[start : start + _AT_ONCE]
            try:
                if isinstance(self._store, ManyStore):
                    values = self._store.get_many(_SUBJECTS, [self._prefix + key for key in some])
                else:
                    values = [self._store.get(_SUBJECTS, self._prefix + key) for key in some]
            except StoreError:
                continue
            yield from ((key, value) for key, value in zip(some, values, strict=True) if value is not None)


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """What one shard found. Counts of what was listed are the whole run's, not the shard's."""

    shard: int
    results: list[AuditResult]
    undecided: dict[str, int]
    failures: list[str]
    seen: dict[str, int]
    skipped: dict[str, int]
    listing_failures: list[str]


class _Head(msgspec.Struct, frozen=True, kw_only=True):
    """A part without its results, which follow in pieces; written last."""

    part: Part
    pieces: int


def save_part(store: Store, run: str, part: Part) -> None:
    """Leave a shard's part for whoever ends last, in pieces that any store takes; raises `StoreError`."""
    pieces = range(0, len(part.results), _PIECE)
    for number, start in enumerate(pieces):
        data = msgspec.json.encode(part.results[start : start + _PIECE])
        store.put(_PARTS, f"{run}/{part.shard}/{number}", zlib.compress(data, 1))
    head = _Head(part=msgspec.structs.replace(part, results=[]), pieces=len(pieces))
    store.put(_PARTS, f"{run}/{part.shard}", msgspec.json.encode(head))


def load_parts(store: Store, run: str, shards: int) -> list[Part] | None:
    """All parts of a run, or None while one is missing."""
    heads = [store.get(_PARTS, f"{run}/{shard}") for shard in range(shards)]
    if None in heads:
        return None
    return [_load_part(store, run, shard, head) for shard, head in enumerate(heads) if head is not None]


def _load_part(store: Store, run: str, shard: int, data: bytes) -> Part:
    try:
        head = msgspec.json.decode(data, type=_Head)
        results: list[AuditResult] = []
        for number in range(head.pieces):
            piece = store.get(_PARTS, f"{run}/{shard}/{number}") or b""
            results += msgspec.json.decode(zlib.decompress(piece), type=list[AuditResult])
    except (msgspec.DecodeError, zlib.error) as error:
        raise StoreError(f"the part of shard {shard} cannot be read") from error
    return msgspec.structs.replace(head.part, results=results)


def merge(parts: Sequence[Part]) -> tuple[Outcome, Counter[str], Counter[str], list[str]]:
    """One outcome, what was seen, what was skipped, and what failed. What any shard failed to list counts."""
    outcome = Outcome()
    seen: Counter[str] = Counter()
    skipped: Counter[str] = Counter()
    failures: dict[str, None] = {}
    for part in parts:
        outcome.results += part.results
        outcome.undecided.update(part.undecided)
        outcome.failures += part.failures
        seen |= Counter(part.seen)
        skipped |= Counter(part.skipped)
        failures.update(dict.fromkeys(part.listing_failures))
    outcome.failures.sort()
    outcome.results.sort(key=lambda result: (result.name, result.key))
    return outcome, seen, skipped, list(failures)


def basis(*parts: str | None) -> str:
    """A digest of what answers rest on."""
    return hashlib.sha256("\0".join(part or "" for part in parts).encode()).hexdigest()[:32]
