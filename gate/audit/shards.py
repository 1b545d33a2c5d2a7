"""What a run leaves in a store while it goes on: judged subjects, and the parts of its shards.

Everything is keyed by the run's id. A shard that was killed finds what it had judged; the last shard to end finds the
parts of all others and puts the report together. Two that end at once make the same report twice.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence

import msgspec

from gate.audit.model import AuditResult
from gate.audit.run import Outcome
from gate.errors import StoreError
from gate.store import Store

_SUBJECTS, _PARTS = "audit-subject", "audit-part"


class StoredCheckpoint:
    """A `Checkpoint` over any store. ``basis`` is a digest of policy, settings and day: other answers do not count."""

    def __init__(self, store: Store, run: str, basis: str) -> None:
        self._store = store
        self._prefix = f"{run}/{basis}/"

    def load(self, keys: Sequence[str]) -> dict[str, AuditResult]:
        """What was judged before, by key; damaged entries are judged again."""
        found = {}
        for key in keys:
            try:
                data = self._store.get(_SUBJECTS, self._prefix + key)
                if data is not None:
                    found[key] = msgspec.json.decode(data, type=AuditResult)
            except (StoreError, msgspec.DecodeError):
                continue
        return found

    def save(self, results: Sequence[AuditResult]) -> None:
        """Note results; raises `StoreError`."""
        for result in results:
            self._store.put(_SUBJECTS, self._prefix + result.key, msgspec.json.encode(result))


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """What one shard found. Counts of what was listed are the whole run's, not the shard's."""

    shard: int
    results: list[AuditResult]
    undecided: dict[str, int]
    failures: list[str]
    seen: dict[str, int]
    skipped: dict[str, int]
    listing_failures: list[str]


def save_part(store: Store, run: str, part: Part) -> None:
    """Leave a shard's part for whoever ends last; raises `StoreError`."""
    store.put(_PARTS, f"{run}/{part.shard}", msgspec.json.encode(part))


def load_parts(store: Store, run: str, shards: int) -> list[Part] | None:
    """All parts of a run, or None while one is missing."""
    found = []
    for shard in range(shards):
        data = store.get(_PARTS, f"{run}/{shard}")
        if data is None:
            return None
        try:
            found.append(msgspec.json.decode(data, type=Part))
        except msgspec.DecodeError as error:
            raise StoreError(f"the part of shard {shard} cannot be read") from error
    return found


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
    outcome.results.sort(key=lambda result: (result.name, result.key))
    return outcome, seen, skipped, list(failures)


def basis(*parts: str | None) -> str:
    """A digest of what answers rest on."""
    return hashlib.sha256("\0".join(part or "" for part in parts).encode()).hexdigest()[:32]
