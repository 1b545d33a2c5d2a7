"""The shared store gives back what was put, or nothing."""

from __future__ import annotations

import concurrent.futures
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from gate.errors import StoreError
from gate.sqlstore import SqlStore
from gate.store import LARGEST_VALUE


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SqlStore]:
    local = f"sqlite:///{tmp_path / 'store.sqlite'}"
    opened = SqlStore(local if request.param == "sqlite" else request.getfixturevalue("postgres").new_database())
    yield opened
    opened.close()


def test_a_value_comes_back_under_its_namespace_and_key_only(store: SqlStore) -> None:
    store.put("a", "k" * 5_000, b"one")
    store.put("a", "k" * 5_000, b"two")
    found = [store.get("a", "k" * 5_000), store.get("b", "k" * 5_000), store.get("a", "k")]
    assert found == [b"two", None, None]


def test_what_is_too_large_is_forgotten(store: SqlStore) -> None:
    store.put("a", "k", b"x" * (LARGEST_VALUE + 1))
    assert store.get("a", "k") is None


def test_old_values_are_pruned(store: SqlStore) -> None:
    store.put("a", "k", b"one")
    assert (store.prune(0), store.get("a", "k")) == (0, b"one")
    assert (store.prune(9e12), store.get("a", "k")) == (1, None)


def test_many_writers_of_one_key_all_succeed(store: SqlStore) -> None:
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: store.put("a", "k", str(n).encode()), range(50)))
    assert store.get("a", "k") in {str(n).encode() for n in range(50)}


def test_a_value_that_was_changed_is_not_believed(tmp_path: Path) -> None:
    store = SqlStore(f"sqlite:///{tmp_path / 's.sqlite'}")
    store.put("a", "k", b"root: true")
    with sqlite3.connect(tmp_path / "s.sqlite") as connection:
        connection.execute("UPDATE gate_store SET value = ?", (b"root: false",))
    assert store.get("a", "k") is None


def test_a_database_that_is_away_is_one_clear_line() -> None:
    with pytest.raises(StoreError, match="shared store"):
        SqlStore("postgresql://127.0.0.1:1/none")
