"""The history of audits in a database: SQLite by default, PostgreSQL for a team; the schema is versioned.

Runs, subjects, findings and exemptions are rows, so that trends and differences are queries; the report itself is kept
beside them, compressed, so that any run can be shown again.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from gate.audit import wire
from gate.audit.history_tables import exemptions, findings, migrate, report_of, runs, scope_of, subjects
from gate.audit.model import AuditReport
from gate.errors import StoreError
from gate.sqlstore import database_url


class RunRow(msgspec.Struct, frozen=True, kw_only=True):
    """One run in a list."""

    run: str
    started: str
    finished: str
    complete: bool
    environment: str
    policy: str
    subjects: int
    denied: int
    undecided: int
    passed: int
    scope: str | None = None


class RuleTrend(msgspec.Struct, frozen=True, kw_only=True):
    """How often a rule was violated in a run and not exempted."""

    run: str
    started: str
    rule: str
    violations: int


class History:
    """All runs of one database. Every method raises `StoreError` where the database fails."""

    def __init__(self, url: str) -> None:
        """``url``: ``sqlite:///FILE``, ``postgresql+psycopg://...`` (``postgresql://`` means the same)."""
        url = database_url(url)
        with _failures():
            self._engine = sa.create_engine(url, pool_pre_ping=True)
            if self._engine.dialect.name == "sqlite":
                sa.event.listen(self._engine, "connect", _sqlite_settings)
            migrate(self._engine)

    def save(self, report: AuditReport) -> None:
        """Store a run whole; one of the same id is replaced."""
        run = {
            "run": report.run,
            "started": report.started,
            "finished": report.finished,
            "complete": report.complete,
            "environment": report.environment,
            "policy": report.inputs.policy,
            "settings": report.inputs.settings,
            "scope": scope_of(report),
            "subjects": report.totals.subjects,
            "denied": report.totals.denied,
            "undecided": report.totals.undecided,
            "passed": report.totals.passed,
            "report": _packed(report),
        }
        with _failures(), self._engine.begin() as connection:
            self._delete(connection, [report.run])
            connection.execute(runs.insert().values(run))
            _insert(connection, subjects, _subject_rows(report))
            _insert(connection, findings, _finding_rows(report))
            _insert(connection, exemptions, _exemption_rows(report))

    def load(self, run: str | None = None) -> AuditReport | None:
        """A run's report; the newest without ``run``. None where there is none."""
        query = sa.select(runs.c.report).order_by(runs.c.started.desc(), runs.c.run.desc()).limit(1)
        if run is not None:
            query = query.where(runs.c.run == run)
        with _failures(), self._engine.connect() as connection:
            found = connection.execute(query).scalar()
        if found is None:
            return None
        try:
            return report_of(found)
        except (zlib.error, msgspec.DecodeError) as error:
            raise StoreError(f"the stored report of {run or 'the newest run'} cannot be read: {error}") from error

    def list(self, limit: int = 50, scope: str | None = None) -> list[RunRow]:
        """Runs, the newest first; of one scope only where it is given."""
        columns = [runs.c[name] for name in RunRow.__struct_fields__]
        query = sa.select(*columns).order_by(runs.c.started.desc(), runs.c.run.desc()).limit(limit)
        if scope is not None:
            query = query.where(runs.c.scope == scope)
        with _failures(), self._engine.connect() as connection:
            return [RunRow(**row._mapping) for row in connection.execute(query)]

    def before(self, report: AuditReport) -> str | None:
        """The id of the newest run of the same sources that started before this one."""
        query = (
            sa.select(runs.c.run)
            .where(runs.c.started < report.started, runs.c.run != report.run, runs.c.scope == scope_of(report))
            .order_by(runs.c.started.desc(), runs.c.run.desc())
            .limit(1)
        )
        with _failures(), self._engine.connect() as connection:
            found = connection.execute(query).scalar()
        return str(found) if found is not None else None

    def aged(self, report: AuditReport) -> AuditReport:
        """The report with the day each exemption was first seen; without one where this run is the first."""
        first = sa.func.min(runs.c.started)
        query = (
            sa.select(exemptions.c.identity, first)
            .join(runs, runs.c.run == exemptions.c.run)
            .where(runs.c.run != report.run)
            .group_by(exemptions.c.identity)
        )
        with _failures(), self._engine.connect() as connection:
            seen = {identity: started[:10] for identity, started in connection.execute(query)}
        states = [msgspec.structs.replace(one, first_seen=seen.get(one.identity)) for one in report.exemptions]
        return msgspec.structs.replace(report, exemptions=states)

    def trend(self, limit: int = 30, scope: str | None = None) -> Sequence[RuleTrend]:
        """Violations by rule of the newest ``limit`` runs, the oldest first; of one scope only where it is given."""
        newest = sa.select(runs.c.run, runs.c.started).order_by(runs.c.started.desc()).limit(limit)
        recent = (newest if scope is None else newest.where(runs.c.scope == scope)).subquery()
        count = sa.func.count(findings.c.id).label("violations")
        query = (
            sa.select(recent.c.run, recent.c.started, findings.c.rule, count)
            .join(findings, findings.c.run == recent.c.run)
            .where(findings.c.status == "violation", findings.c.exempted.is_(False))
            .group_by(recent.c.run, recent.c.started, findings.c.rule)
            .order_by(recent.c.started, findings.c.rule)
        )
        with _failures(), self._engine.connect() as connection:
            return [RuleTrend(**row._mapping) for row in connection.execute(query)]

    def prune(self, keep: int, scope: str | None = None) -> int:
        """Keep the newest ``keep`` runs, of one scope where it is given; how many were deleted."""
        old = sa.select(runs.c.run).order_by(runs.c.started.desc(), runs.c.run.desc()).offset(keep)
        if scope is not None:
            old = old.where(runs.c.scope == scope)
        with _failures(), self._engine.begin() as connection:
            if self._engine.dialect.name == "sqlite":
                old = old.limit(-1)
            names = [str(name) for name in connection.execute(old).scalars()]
            self._delete(connection, names)
        return len(names)

    def close(self) -> None:
        """Close the connections."""
        self._engine.dispose()

    def _delete(self, connection: sa.Connection, names: Sequence[str]) -> None:
        for table in (findings, exemptions, subjects, runs):
            connection.execute(table.delete().where(table.c.run.in_(names)))


def _packed(report: AuditReport) -> bytes:
    packer = zlib.compressobj(6)
    return b"".join([*map(packer.compress, wire.compact(report)), packer.flush()])


def _subject_rows(report: AuditReport) -> Iterator[dict[str, Any]]:
    for result in report.results:
        yield {
            "run": report.run,
            "key": result.key,
            "kind": result.kind,
            "name": result.name,
            "digest": result.digest,
            "verdict": result.verdict,
            "owner": result.owners[0] if result.owners else None,
            "bytes": result.size.uncompressed,
        }


def _finding_rows(report: AuditReport) -> Iterator[dict[str, Any]]:
    for result in report.results:
        for finding in result.findings:
            yield {
                "run": report.run,
                "key": result.key,
                "fingerprint": finding.fingerprint,
                "rule": finding.rule,
                "level": finding.level,
                "status": finding.status,
                "exempted": finding.exempted,
                "message": finding.message,
            }


def _exemption_rows(report: AuditReport) -> Iterator[dict[str, Any]]:
    for one in report.exemptions:
        yield {
            "run": report.run,
            "rule": one.rule,
            "owner": one.owner,
            "expires": one.expires,
            "state": one.state,
            "used": one.used,
            "identity": one.identity,
        }


def _insert(connection: sa.Connection, table: sa.Table, rows: Iterator[dict[str, Any]]) -> None:
    batch: list[dict[str, Any]] = []
    lengths = {column.name: getattr(column.type, "length", None) for column in table.columns}
    for row in rows:
        batch.append({name: _fitting(value, lengths[name]) for name, value in row.items()})
        if len(batch) == 1_000:
            connection.execute(table.insert(), batch)
            batch.clear()
    if batch:
        connection.execute(table.insert(), batch)


def _fitting(value: Any, length: int | None) -> Any:
    """What a column takes: PostgreSQL has no NUL in texts; what is too long ends in a hash of the whole."""
    if not isinstance(value, str):
        return value
    text = value.replace("\0", "\ufffd")
    if length is None or len(text) <= length:
        return text
    return f"{text[: length - 17]}/{hashlib.sha256(text.encode()).hexdigest()[:16]}"


def _sqlite_settings(connection: Any, _record: object) -> None:
    """Readers beside a writer, and patience where two write."""
    cursor = connection.cursor()
    cursor.execute("PRAGMA busy_timeout=10000")
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.close()


@contextmanager
def _failures() -> Iterator[None]:
    try:
        yield
    except SQLAlchemyError as error:
        reason = str(getattr(error, "orig", None) or error).splitlines()[0][:300]
        raise StoreError(f"the history's database fails: {reason}") from error


def default_url(folder: Path) -> str:
    """SQLite in gate's own data folder."""
    return f"sqlite:///{folder / 'history.sqlite'}"
