"""The history of audits in a database: SQLite by default, PostgreSQL for a team; the schema is versioned.

Runs, subjects, findings and exemptions are rows, so that trends and differences are queries; the report itself is kept
beside them, compressed, so that any run can be shown again.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from gate.audit.model import AuditReport
from gate.errors import StoreError

VERSION = 1

_meta = sa.MetaData()

schema_version = sa.Table("gate_schema", _meta, sa.Column("version", sa.Integer, nullable=False))
runs = sa.Table(
    "gate_runs",
    _meta,
    sa.Column("run", sa.String(100), primary_key=True),
    sa.Column("started", sa.String(40), nullable=False, index=True),
    sa.Column("finished", sa.String(40), nullable=False),
    sa.Column("complete", sa.Boolean, nullable=False),
    sa.Column("environment", sa.String(100), nullable=False),
    sa.Column("policy", sa.String(100), nullable=False),
    sa.Column("settings", sa.String(100)),
    sa.Column("subjects", sa.Integer, nullable=False),
    sa.Column("denied", sa.Integer, nullable=False),
    sa.Column("undecided", sa.Integer, nullable=False),
    sa.Column("passed", sa.Integer, nullable=False),
    sa.Column("report", sa.LargeBinary, nullable=False),
)
subjects = sa.Table(
    "gate_subjects",
    _meta,
    sa.Column("run", sa.ForeignKey("gate_runs.run", ondelete="CASCADE"), primary_key=True),
    sa.Column("key", sa.String(200), primary_key=True),
    sa.Column("kind", sa.String(20), nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("digest", sa.String(200), index=True),
    sa.Column("verdict", sa.String(20), nullable=False),
    sa.Column("owner", sa.Text),
    sa.Column("bytes", sa.BigInteger),
)
findings = sa.Table(
    "gate_findings",
    _meta,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("run", sa.ForeignKey("gate_runs.run", ondelete="CASCADE"), nullable=False, index=True),
    sa.Column("key", sa.String(200), nullable=False),
    sa.Column("fingerprint", sa.String(200), nullable=False, index=True),
    sa.Column("rule", sa.String(100), nullable=False, index=True),
    sa.Column("level", sa.String(20), nullable=False),
    sa.Column("status", sa.String(20), nullable=False),
    sa.Column("exempted", sa.Boolean, nullable=False),
    sa.Column("message", sa.Text, nullable=False),
)
exemptions = sa.Table(
    "gate_exemptions",
    _meta,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("run", sa.ForeignKey("gate_runs.run", ondelete="CASCADE"), nullable=False, index=True),
    sa.Column("rule", sa.String(100), nullable=False),
    sa.Column("owner", sa.Text, nullable=False),
    sa.Column("expires", sa.String(20), nullable=False),
    sa.Column("state", sa.String(20), nullable=False),
    sa.Column("used", sa.Integer, nullable=False),
)


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


class RuleTrend(msgspec.Struct, frozen=True, kw_only=True):
    """How often a rule was violated in a run, exempted or not."""

    run: str
    started: str
    rule: str
    violations: int


class History:
    """All runs of one database. Every method raises `StoreError` where the database fails."""

    def __init__(self, url: str) -> None:
        """``url``: ``sqlite:///FILE``, ``postgresql+psycopg://...`` (``postgresql://`` means the same)."""
        if url.startswith("postgresql://"):
            url = "postgresql+psycopg://" + url.removeprefix("postgresql://")
        with _failures():
            self._engine = sa.create_engine(url, pool_pre_ping=True)
            if self._engine.dialect.name == "sqlite":
                sa.event.listen(self._engine, "connect", _sqlite_settings)
            self._migrate()

    def _migrate(self) -> None:
        """Create the tables, or refuse a schema of a newer gate."""
        with self._engine.begin() as connection:
            _meta.create_all(connection)
            found = connection.execute(sa.select(schema_version.c.version)).scalar()
            if found is None:
                connection.execute(schema_version.insert().values(version=VERSION))
            elif found > VERSION:
                raise StoreError(
                    f"the history has schema {found}; this gate knows {VERSION}",
                    hint="use the newer gate, or another database",
                )

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
            "subjects": report.totals.subjects,
            "denied": report.totals.denied,
            "undecided": report.totals.undecided,
            "passed": report.totals.passed,
            "report": zlib.compress(msgspec.json.encode(report), 6),
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
            return msgspec.json.decode(zlib.decompress(found), type=AuditReport)
        except (zlib.error, msgspec.DecodeError) as error:
            raise StoreError(f"the stored report of {run or 'the newest run'} cannot be read: {error}") from error

    def list(self, limit: int = 50) -> list[RunRow]:
        """Runs, the newest first."""
        columns = [runs.c[name] for name in RunRow.__struct_fields__]
        query = sa.select(*columns).order_by(runs.c.started.desc(), runs.c.run.desc()).limit(limit)
        with _failures(), self._engine.connect() as connection:
            return [RunRow(**row._mapping) for row in connection.execute(query)]

    def before(self, report: AuditReport) -> str | None:
        """The id of the newest run that started before this one."""
        query = (
            sa.select(runs.c.run)
            .where(runs.c.started < report.started)
            .order_by(runs.c.started.desc(), runs.c.run.desc())
            .limit(1)
        )
        with _failures(), self._engine.connect() as connection:
            found = connection.execute(query).scalar()
        return str(found) if found is not None else None

    def trend(self, limit: int = 30) -> Sequence[RuleTrend]:
        """Violations by rule of the newest ``limit`` runs, the oldest first."""
        recent = sa.select(runs.c.run, runs.c.started).order_by(runs.c.started.desc()).limit(limit).subquery()
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

    def prune(self, keep: int) -> int:
        """Keep the newest ``keep`` runs; how many were deleted."""
        old = sa.select(runs.c.run).order_by(runs.c.started.desc(), runs.c.run.desc()).offset(keep)
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
        }


def _insert(connection: sa.Connection, table: sa.Table, rows: Iterator[dict[str, Any]]) -> None:
    batch: list[dict[str, Any]] = []
    for row in rows:
        batch.append(row)
        if len(batch) == 1_000:
            connection.execute(table.insert(), batch)
            batch.clear()
    if batch:
        connection.execute(table.insert(), batch)


def _sqlite_settings(connection: Any, _record: object) -> None:
    """Readers beside a writer, and patience where two write."""
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA busy_timeout=10000")
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
