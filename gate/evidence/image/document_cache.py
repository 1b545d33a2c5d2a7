"""Manifests and configs, kept so that each is fetched once.

Keys are ``registry/repository@digest``: what one repository gave never answers for another, whose reader may be
someone else.
"""

from __future__ import annotations

from collections import OrderedDict
from contextlib import suppress
from typing import Protocol

from gate.errors import StoreError
from gate.store import Store

__all__ = ["DocumentCache", "RecentDocuments", "StoredDocuments"]


class DocumentCache(Protocol):
    """Keeps documents; what it gives back is hashed again by whoever asks."""

    def get(self, key: str) -> bytes | None:
        """The document kept under ``registry/repository@digest``, or null."""
        ...

    def put(self, key: str, data: bytes) -> None:
        """Keep a document, or not."""
        ...


class RecentDocuments:
    """The documents used last, in memory, up to ``limit`` bytes."""

    def __init__(self, limit: int = 64 << 20) -> None:
        self._limit = limit
        self._held: OrderedDict[str, bytes] = OrderedDict()
        self._bytes = 0

    def get(self, key: str) -> bytes | None:
        """The document, if it is still held."""
        found = self._held.get(key)
        if found is not None:
            self._held.move_to_end(key)
        return found

    def put(self, key: str, data: bytes) -> None:
        """Hold a document; the ones not used for longest make room."""
        self._bytes -= len(self._held.pop(key, b""))
        if len(data) > self._limit:
            return
        self._held[key] = data
        self._bytes += len(data)
        while self._bytes > self._limit:
            self._bytes -= len(self._held.popitem(last=False)[1])


class StoredDocuments:
    """Documents in the run's store; one that fails remembers nothing."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._recent = RecentDocuments()

    def get(self, key: str) -> bytes | None:
        """The document, if the store has it."""
        found = self._recent.get(key)
        if found is None:
            with suppress(StoreError):
                found = self._store.get("documents", key)
        return found

    def put(self, key: str, data: bytes) -> None:
        """Keep a document for other runs."""
        self._recent.put(key, data)
        with suppress(StoreError):
            self._store.put("documents", key, data)
