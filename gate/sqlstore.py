"""A store in a database that many processes share: PostgreSQL for a team, SQLite for one machine. Checked on read."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import SQLAlchemyError

from gate.errors import StoreError
from gate.store import LARGEST_VALUE

_meta = sa.MetaData()
_values = sa.Table(
    "gate_store",
    _meta,
    sa.Column("namespace", sa.String(60), primary_key=True),
    sa.Column("key", sa.String(80), primary_key=True),
    sa.Column("value", sa.LargeBinary, nullable=False),
    sa.Column("checksum", sa.LargeBinary, nullable=False),
    sa.Column("written", sa.Float, nullable=False, index=True),
)


_LOCK = 0x67617466
"""Of PostgreSQL's advisory lock: shards that start at once must not make the same table twice."""


def database_url(text: str) -> str:
    """A database's URL as SQLAlchemy takes it: ``sqlite:///FILE``, or ``postgresql://``, by psycopg.

    Raises `StoreError` for anything else, without its secrets; a database in memory would forget.
    """
    if text.startswith("postgresql://"):
        text = "postgresql+psycopg://" + text.removeprefix("postgresql://")
    try:
        url = sa.engine.make_url(text)
    except (sa.exc.ArgumentError, ValueError):
        url = None
    kind = url.get_backend_name() if url is not None else ""
    if url is None or kind not in ("sqlite", "postgresql") or (kind == "sqlite" and not url.database):
        raise StoreError(
            "that is not the URL of a database", hint="Write sqlite:///FILE or postgresql://USER@HOST/NAME."
        )
    return text


class SqlStore:
    """A `gate.store.Store` over SQLAlchemy; safe between threads and processes. Raises `StoreError`."""

    def __init__(self, url: str) -> None:
        """``url``: ``postgresql://...`` or ``sqlite:///FILE``; the table is made when it is not there."""
        url = database_url(url)
        with _failures():
            self._engine = sa.create_engine(url, pool_pre_ping=True, pool_size=4, max_overflow=4)
            with self._engine.begin() as connection:
                if self._engine.dialect.name == "postgresql":
                    connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
                elif self._engine.dialect.name == "sqlite":
                    connection.exec_driver_sql("BEGIN IMMEDIATE")
                _meta.create_all(connection)

    def get(self, namespace: str, key: str) -> bytes | None:
        """The value; None where there is none, or where it is not what was written."""
        return self.get_many(namespace, [key])[0]

    def get_many(self, namespace: str, keys: Sequence[str]) -> list[bytes | None]:
        """Values as `get` gives them, in the order of the keys."""
        names = {_short(key): key for key in keys}
        query = sa.select(_values.c.key, _values.c.value, _values.c.checksum).where(
            _values.c.namespace == namespace, _values.c.key.in_(names)
        )
        with _failures(), self._engine.connect() as connection:
            rows = connection.execute(query).all()
        whole = {
            names[row.key]: bytes(row.value)
            for row in rows
            if bytes(row.checksum) == _checksum(namespace, names[row.key], bytes(row.value))
        }
        return [whole.get(key) for key in keys]

    def put(self, namespace: str, key: str, value: bytes) -> None:
        """Keep a value; one over 64 MB is forgotten."""
        self.put_many(namespace, {key: value})

    def put_many(self, namespace: str, values: Mapping[str, bytes]) -> None:
        """Keep all of these values or, where the database fails, none."""
        rows = [
            {
                "namespace": namespace,
                "key": _short(key),
                "value": value,
                "checksum": _checksum(namespace, key, value),
                "written": time.time(),
            }
            for key, value in sorted(values.items())
            if len(value) <= LARGEST_VALUE
        ]
        if not rows:
            return
        insert = postgresql.insert if self._engine.dialect.name == "postgresql" else sqlite.insert
        statement = insert(_values)
        changed = {name: statement.excluded[name] for name in ("value", "checksum", "written")}
        with _failures(), self._engine.begin() as connection:
            connection.execute(statement.on_conflict_do_update(index_elements=["namespace", "key"], set_=changed), rows)

    def prune(self, older_than: float, namespaces: Sequence[str] = ()) -> int:
        """Delete values written before a time (seconds since the epoch), of some namespaces or all; how many."""
        old = _values.delete().where(_values.c.written < older_than)
        if namespaces:
            old = old.where(_values.c.namespace.in_(namespaces))
        with _failures(), self._engine.begin() as connection:
            return int(connection.execute(old).rowcount)

    def close(self) -> None:
        """Close the connections."""
        self._engine.dispose()


def _short(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


def _checksum(namespace: str, key: str, value: bytes) -> bytes:
    return hashlib.sha256(f"{namespace}\0{key}\0".encode() + value).digest()


@contextmanager
def _failures() -> Iterator[None]:
    try:
        yield
    except SQLAlchemyError as error:
        reason = str(getattr(error, "orig", None) or error).splitlines()[0][:300]
        raise StoreError(f"the shared store fails: {reason}") from error
