"""Facts in a database that all replicas share."""

from __future__ import annotations

import asyncio

from gate.sqlstore import SqlStore

_NAMESPACE = "webhook"


class SqlFacts:
    """A `FactStore` over a shared database; its calls run in threads, off the event loop."""

    def __init__(self, url: str) -> None:
        self._store = SqlStore(url)

    async def get(self, key: str) -> bytes | None:
        """The bytes stored under ``key``, checked."""
        return await asyncio.to_thread(self._store.get, _NAMESPACE, key)

    async def put(self, key: str, value: bytes, *, reference: str) -> None:
        """Store; the name for people is not kept here."""
        await asyncio.to_thread(self._store.put, _NAMESPACE, key, value)
