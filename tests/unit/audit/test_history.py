"""The history keeps runs whole, counts over them, and forgets the old ones, on SQLite and on PostgreSQL."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa
from gate.audit.history import History, RuleTrend
from gate.audit.model import (
    AuditFinding,
    AuditInputs,
    AuditReport,
    AuditResult,
    Coverage,
    ExemptionState,
    SizeOf,
    Totals,
)
from gate.errors import StoreError


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'history.sqlite'}"
    return str(request.getfixturevalue("postgres").new_database())


@pytest.fixture
def history(url: str) -> Iterator[History]:
    opened = History(url)
    yield opened
    opened.close()


def finding(rule: str, *, exempted: bool = False, status: Any = "violation") -> AuditFinding:
    return AuditFinding(
        rule=rule, severity="high", level="deny", status=status, message="m", fingerprint=f"f-{rule}", exempted=exempted
    )


def report(run: str, started: str, *rules: AuditFinding, sources: tuple[str, ...] = ()) -> AuditReport:
    result = AuditResult(
        key="sha256:aa/linux/amd64", kind="image", name="api", verdict="deny", environment="prod", digest="sha256:aa",
        owners=["team-shop"], findings=list(rules), size=SizeOf(uncompressed=3_000_000_000),
    )  # fmt: skip
    return AuditReport(
        run=run, gate="0.1.0", started=started, finished=started, complete=True, environment="prod",
        inputs=AuditInputs(policy="sha256:p", settings="sha256:s", sources=list(sources)), coverage=Coverage(), totals=Totals(subjects=1, denied=1),
        results=[result],
        exemptions=[ExemptionState(rule="no-shell", owner="o", reason="r", expires="2027-01-01", state="unused", identity="i")],
    )  # fmt: skip


def test_a_run_comes_back_whole_and_the_newest_is_the_default(history: History) -> None:
    first = report("r1", "2026-11-01T00:00:00Z", finding("non-root"))
    second = report("r2", "2026-11-02T00:00:00Z")
    history.save(second)
    history.save(first)
    assert (history.load("r1"), history.load(), history.load("none")) == (first, second, None)
    assert [row.run for row in history.list()] == ["r2", "r1"]
    assert (history.before(second), history.before(first)) == ("r1", None)


def test_saving_a_run_again_replaces_it(history: History) -> None:
    history.save(report("r1", "2026-11-01T00:00:00Z", finding("non-root"), finding("no-shell")))
    history.save(report("r1", "2026-11-01T00:00:00Z", finding("max-size")))
    assert [trend.rule for trend in history.trend()] == ["max-size"]
    assert len(history.list()) == 1


def test_the_trend_counts_violations_that_nobody_exempted(history: History) -> None:
    history.save(report("r1", "2026-11-01T00:00:00Z", finding("non-root"), finding("no-shell", exempted=True)))
    history.save(report("r2", "2026-11-02T00:00:00Z", finding("non-root"), finding("max-size", status="undecided")))
    assert list(history.trend()) == [
        RuleTrend(run="r1", started="2026-11-01T00:00:00Z", rule="non-root", violations=1),
        RuleTrend(run="r2", started="2026-11-02T00:00:00Z", rule="non-root", violations=1),
    ]


def test_old_runs_are_forgotten_with_all_their_rows(history: History) -> None:
    for day in range(1, 6):
        history.save(report(f"r{day}", f"2026-11-0{day}T00:00:00Z", finding("non-root")))
    assert history.prune(2) == 3
    assert [row.run for row in history.list()] == ["r5", "r4"]
    assert {trend.run for trend in history.trend()} == {"r4", "r5"}
    assert history.prune(2) == 0


def test_texts_that_no_database_takes_keep_no_run_out(history: History) -> None:
    """PostgreSQL takes no NUL in texts, and no more characters than a column has."""
    base = report("a", "2026-11-01T00:00:00Z")
    message = msgspec.structs.replace(finding("r" * 300), message="a\0b")
    long = f"image/reg.example/{'x/' * 100}y@sha256:{'a' * 64}"
    one = msgspec.structs.replace(base.results[0], key=long, name="n\0", owners=["o\0"], findings=[message])
    other = msgspec.structs.replace(one, key=long + "#linux/amd64")
    history.save(msgspec.structs.replace(base, results=[one, other]))
    loaded = history.load("a")
    assert loaded is not None and [each.key for each in loaded.results] == [one.key, other.key]
    (trend,) = history.trend()
    assert (trend.rule[:80], len(trend.rule), trend.violations) == ("r" * 80, 100, 2)


def test_many_results_are_stored_in_batches(history: History) -> None:
    big = report("r1", "2026-11-01T00:00:00Z", *(finding(f"rule-{number}") for number in range(2_500)))
    history.save(big)
    assert len(list(history.trend())) == 2_500


def test_opening_again_keeps_what_is_there(url: str) -> None:
    one = History(url)
    one.save(report("r1", "2026-11-01T00:00:00Z"))
    one.close()
    two = History(url)
    assert [row.run for row in two.list()] == ["r1"]
    two.close()


def test_runs_are_compared_with_runs_of_the_same_sources_only(history: History) -> None:
    for day, source in enumerate(("cluster", ".", "cluster", "."), 1):
        history.save(report(f"r{day}", f"2026-11-0{day}T00:00:00Z", finding("non-root"), sources=(source,)))
    newest = report("r5", "2026-11-05T00:00:00Z", sources=("cluster",))
    assert history.before(newest) == "r3"
    assert [(row.run, row.scope) for row in history.list(scope="cluster")] == [("r3", "cluster"), ("r1", "cluster")]
    assert {row.run for row in history.trend(scope="cluster")} == {"r1", "r3"}
    assert history.prune(1, "cluster") == 1
    assert [row.run for row in history.list()] == ["r4", "r3", "r2"]


def test_an_exemption_is_as_old_as_the_first_run_that_had_it(history: History) -> None:
    first = report("r1", "2026-11-01T00:00:00Z")
    history.save(first)
    history.save(report("r2", "2026-11-02T00:00:00Z"))
    third = history.aged(report("r3", "2026-11-03T00:00:00Z"))
    assert [one.first_seen for one in third.exemptions] == ["2026-11-01"]
    assert [one.first_seen for one in history.aged(first).exemptions] == ["2026-11-02"]


def _as_version_1(url: str) -> None:
    """The tables as the first gate made them."""
    engine = sa.create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    with engine.begin() as connection:
        connection.execute(sa.text("ALTER TABLE gate_runs DROP COLUMN scope"))
        connection.execute(sa.text("ALTER TABLE gate_exemptions DROP COLUMN identity"))
        connection.execute(sa.text("UPDATE gate_schema SET version = 1"))
    engine.dispose()


def test_a_history_of_the_first_schema_is_brought_up_to_date_with_its_runs(url: str) -> None:
    one = History(url)
    old = report("r1", "2026-11-01T00:00:00Z", finding("non-root"), sources=("cluster",))
    one.save(old)
    one.close()
    _as_version_1(url)
    two = History(url)
    assert [(row.run, row.scope) for row in two.list()] == [("r1", "cluster")]
    two.save(report("r2", "2026-11-02T00:00:00Z", sources=("cluster",)))
    assert (two.load("r1"), two.before(report("r3", "2026-11-03T00:00:00Z", sources=("cluster",)))) == (old, "r2")
    two.close()


def test_many_that_open_a_new_database_at_once_make_its_tables_once(url: str) -> None:
    with ThreadPoolExecutor(6) as pool:
        opened = list(pool.map(lambda _: History(url), range(6)))
    assert [one.list() for one in opened] == [[]] * 6
    for one in opened:
        one.close()


def test_a_schema_of_a_newer_gate_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "h.sqlite"
    History(f"sqlite:///{path}").close()
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE gate_schema SET version = 99")
    with pytest.raises(StoreError, match="schema 99"):
        History(f"sqlite:///{path}")


@pytest.mark.parametrize("url", ["sqlite:////nowhere/at/all/h.sqlite", "postgresql://127.0.0.1:1/x", "nonsense"])
def test_a_database_that_cannot_be_reached_is_one_clear_line(url: str) -> None:
    with pytest.raises(StoreError, match="database"):
        History(url)


def test_a_damaged_file_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "h.sqlite").write_bytes(b"not a database" * 100)
    with pytest.raises(StoreError, match="database"):
        History(f"sqlite:///{tmp_path / 'h.sqlite'}")
