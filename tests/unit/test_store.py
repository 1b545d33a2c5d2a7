"""The store: whole values or none, checked on read, bounded, shared between processes; and results kept in it."""

from __future__ import annotations

import multiprocessing
import os
from pathlib import Path
from typing import Any

import pytest
from gate.errors import StoreError
from gate.evidence.model import Subject
from gate.finding import Result
from gate.remembered import Remembered, Scope
from gate.settings import Build
from gate.store import FileStore, MemoryStore, NoStore, Store

from tests.support.subjects import dockerfile


@pytest.fixture(params=["memory", "file"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    """Each store that keeps things."""
    return MemoryStore() if request.param == "memory" else FileStore(tmp_path / "cache")


VALUES = [b"", b"x", bytes(range(256)) * 1000]
KEYS = ["", "a", "a/../../b", "é\udcff\n", "x" * 10_000]


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("value", VALUES)
def test_what_was_put_comes_back(store: Store, key: str, value: bytes) -> None:
    assert store.get("n", key) is None
    store.put("n", key, b"before")
    store.put("n", key, value)
    assert store.get("n", key) == value
    assert store.get("m", key) is None
    assert store.get("n", key + "x") is None


def test_no_store_keeps_nothing() -> None:
    store = NoStore()
    store.put("n", "k", b"v")
    assert store.get("n", "k") is None


def test_a_memory_store_throws_away_what_was_unused_longest() -> None:
    store = MemoryStore(size=30)
    for key in "abc":
        store.put("n", key, b"x" * 10)
    store.get("n", "a")
    store.put("n", "d", b"x" * 10)
    store.put("n", "huge", b"x" * 31)
    assert [key for key in "abcd" if store.get("n", key)] == ["a", "c", "d"]


# --- files ------------------------------------------------------------------------------------------------------


def files(root: Path) -> list[Path]:
    """The values' files."""
    return sorted(path for path in root.rglob("*") if path.is_file() and path.name != "swept")


def test_values_outlive_the_process(tmp_path: Path) -> None:
    FileStore(tmp_path).put("n", "k", b"v")
    assert FileStore(tmp_path).get("n", "k") == b"v"


DAMAGE: list[Any] = [
    pytest.param(lambda data: b"", id="empty"),
    pytest.param(lambda data: data[:-1], id="cut"),
    pytest.param(lambda data: data + b"x", id="longer"),
    pytest.param(lambda data: data[:-1] + bytes([data[-1] ^ 1]), id="a bit"),
    pytest.param(lambda data: b"x" * len(data), id="something else"),
]


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_file_is_no_value_and_is_removed(tmp_path: Path, damage: Any) -> None:
    store = FileStore(tmp_path)
    store.put("n", "k", b"value")
    (path,) = files(tmp_path)
    path.write_bytes(damage(path.read_bytes()))
    assert (store.get("n", "k"), files(tmp_path)) == (None, [])
    store.put("n", "k", b"again")
    assert store.get("n", "k") == b"again"


def test_no_file_stands_in_for_another(tmp_path: Path) -> None:
    store = FileStore(tmp_path)
    store.put("n", "a", b"pass")
    (path,) = files(tmp_path)
    data = path.read_bytes()
    store.put("n", "b", b"deny")
    (other,) = set(files(tmp_path)) - {path}
    other.write_bytes(data)
    assert store.get("n", "b") is None


@pytest.mark.parametrize("kind", ["folder", "fifo", "link"])
def test_what_is_no_file_is_no_value(tmp_path: Path, kind: str) -> None:
    store = FileStore(tmp_path / "cache")
    store.put("n", "k", b"v")
    (path,) = files(tmp_path)
    path.unlink()
    if kind == "folder":
        path.mkdir()
    elif kind == "fifo":
        os.mkfifo(path)
    else:
        path.symlink_to("/dev/zero")
    assert store.get("n", "k") is None


def test_nothing_half_written_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = FileStore(tmp_path)

    def full(handle: int, data: bytes) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(StoreError, match="No space left on device"):
        store.put("n", "k", b"v")
    monkeypatch.undo()
    assert (store.get("n", "k"), files(tmp_path)) == (None, [])


def test_a_directory_others_may_write_to_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o777)
    with pytest.raises(StoreError, match="others may write to the cache"):
        FileStore(tmp_path)


def test_a_directory_that_cannot_be_made_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="the cache cannot be used"):
        FileStore(tmp_path / "file" / "cache")


def age(root: Path, key: str, seconds: float, store: FileStore) -> None:
    """Make a value look as if it had been used that long ago."""
    before = set(files(root))
    store.put("n", key, b"x" * 1000)
    (path,) = set(files(root)) - before
    used = path.stat().st_mtime - seconds
    os.utime(path, (used, used))


def test_the_longest_unused_are_thrown_away(tmp_path: Path) -> None:
    large, small = FileStore(tmp_path), FileStore(tmp_path, size=8_000)
    keys = [str(number) for number in range(10)]
    for number, key in enumerate(keys):
        age(tmp_path, key, 10_000 - number, large)
    assert small.get("n", "0") is not None
    small.sweep()
    assert [key for key in keys if small.get("n", key)] == ["0", "5", "6", "7", "8", "9"]


def test_the_size_holds_while_a_process_writes(tmp_path: Path) -> None:
    store = FileStore(tmp_path, size=20_000)
    for number in range(100):
        store.put("n", str(number), b"x" * 1000)
        assert sum(path.stat().st_size for path in files(tmp_path)) <= 20_000 * 9 // 8 + 2_000


def test_a_value_that_is_too_large_is_not_kept(tmp_path: Path) -> None:
    store = FileStore(tmp_path, size=8_000)
    store.put("n", "k", b"x" * 3_000)
    assert store.get("n", "k") is None


def test_a_sweep_removes_forgotten_temporary_files_and_no_others(tmp_path: Path) -> None:
    store = FileStore(tmp_path)
    store.put("n", "k", b"v")
    (path,) = files(tmp_path)
    old, new = path.with_name("old.tmp"), path.with_name("new.tmp")
    old.touch()
    new.touch()
    os.utime(old, (0, 0))
    store.close()
    assert set(files(tmp_path)) == {path, new}


def test_closing_sweeps_once_an_hour(tmp_path: Path) -> None:
    def written(key: str) -> Path:
        store = FileStore(tmp_path, size=8_000)
        store.put("n", key, b"x")
        store.close()
        return tmp_path / "swept"

    marker = written("a")
    os.utime(marker, (0, 0))
    assert written("b").stat().st_mtime > 0
    first = marker.stat().st_mtime_ns
    written("c")
    assert marker.stat().st_mtime_ns == first


def _hammer(root: str, seed: int) -> int:
    """Write and read the same few keys; the number of values that were neither whole nor absent."""
    store = FileStore(Path(root), size=40_000)
    wrong = 0
    for number in range(200):
        key = str((number * 7 + seed) % 10)
        store.put("n", key, key.encode() * 1000)
        found = store.get("n", str(number % 10))
        wrong += found not in (None, str(number % 10).encode() * 1000)
    store.close()
    return wrong


def test_processes_share_a_directory(tmp_path: Path) -> None:
    with multiprocessing.get_context("spawn").Pool(4) as pool:
        assert pool.starmap(_hammer, [(str(tmp_path), seed) for seed in range(4)]) == [0] * 4


# --- results ------------------------------------------------------------------------------------------------------

SCOPE: dict[str, Any] = {
    "gate": "1",
    "revision": "sha256:r",
    "engine": "regorus",
    "environment": None,
    "today": "2026-11-21",
    "platform": "linux/amd64",
}
RESULT = Result(subject=Subject(name="Dockerfile"), environment="prod", verdict="pass", findings=[])


def remember(store: Store, **scope: Any) -> Remembered:
    """The results under a scope."""
    return Remembered(store, Scope(**(SCOPE | scope)))


def test_a_result_comes_back_without_its_evidence() -> None:
    kept = Result(
        subject=Subject(name="Dockerfile"), environment="prod", verdict="pass", findings=[], evidence=dockerfile()
    )
    memory = remember(MemoryStore())
    memory.put(memory.key("Dockerfile", b"FROM x"), kept)
    assert memory.get(memory.key("Dockerfile", b"FROM x")) == RESULT


@pytest.mark.parametrize(
    "scope",
    [
        *({key: "other"} for key in SCOPE),
        *({key: "other"} for key in ("settings", "lock", "known_bases", "baseline", "target")),
        {"build_args": {"A": "1"}},
        {"build_contexts": {"base": "docker-image://x"}},
        {"options": {"online": "1"}},
    ],
    ids=lambda scope: next(iter(scope)),
)
def test_a_result_is_never_found_under_another_scope(scope: Any) -> None:
    store = MemoryStore()
    memory = remember(store)
    memory.put(memory.key("Dockerfile", b"FROM x"), RESULT)
    other = remember(store, **scope)
    assert other.get(other.key("Dockerfile", b"FROM x")) is None
    others = {"settings", "lock", "known_bases", "baseline", "target", "build_args", "build_contexts", "options"}
    assert set(SCOPE) | others == set(Scope.__struct_fields__)


def test_a_result_is_never_found_for_another_file() -> None:
    memory = remember(MemoryStore())
    keys = {
        memory.key("Dockerfile", b"FROM x"),
        memory.key("Dockerfile", b"FROM y"),
        memory.key("DockerfileF", b"ROM x"),
        memory.key("other", b"FROM x"),
        memory.key("Dockerfile", b"FROM x", b""),
        memory.key("Dockerfile", b"FROM x", b".git"),
        memory.key("Dockerfile", b"FROM x", None, Build(path="Dockerfile")),
        memory.key("Dockerfile", b"FROM x", None, Build(path="Dockerfile", target="t")),
    }
    assert len(keys) == 8


def test_build_args_in_any_order_are_the_same_scope() -> None:
    one, other = (
        remember(NoStore(), build_args={"A": "1", "B": "\udcff"}),
        remember(NoStore(), build_args={"B": "\udcff", "A": "1"}),
    )
    assert one.key("x", b"") == other.key("x", b"")


def test_a_value_that_is_no_result_is_judged_again() -> None:
    store = MemoryStore()
    memory = remember(store)
    store.put("results", memory.key("x", b""), b"\x93garbage")
    assert memory.get(memory.key("x", b"")) is None


class _Failing:
    """A store whose disk is full."""

    calls = 0

    def get(self, namespace: str, key: str) -> bytes | None:
        """Fail."""
        self.calls += 1
        raise StoreError("gone")

    def put(self, namespace: str, key: str, value: bytes) -> None:
        """Fail."""
        self.calls += 1
        raise StoreError("full")

    def close(self) -> None:
        """Nothing to do."""


def test_a_store_that_fails_is_left_alone_and_told() -> None:
    store = _Failing()
    memory = remember(store)
    memory.put("k", RESULT)
    memory.put("k", RESULT)
    assert (memory.get("k"), store.calls, str(memory.error)) == (None, 1, "full")
