"""The tables of the audit's history, their version, and the way from one version to the next.

Version 2 added what a run looked at (``gate_runs.scope``) and which exemption is which (``gate_exemptions.identity``).
"""

from __future__ import annotations

import zlib

import msgspec
import sqlalchemy as sa

from gate.audit.model import AuditReport
from gate.errors import StoreError

VERSION = 2

META = sa.MetaData()

schema_version = sa.Table("gate_schema", META, sa.Column("version", sa.Integer, nullable=False))
runs = sa.Table(
    "gate_runs",
    META,
    sa.Column("run", sa.String(100), primary_key=True),
    sa.Column("started", sa.String(40), nullable=False, index=True),
    sa.Column("finished", sa.String(40), nullable=False),
    sa.Column("complete", sa.Boolean, nullable=False),
    sa.Column("environment", sa.String(100), nullable=False),
    sa.Column("policy", sa.String(100), nullable=False),
    sa.Column("settings", sa.String(100)),
    sa.Column("scope", sa.Text),
    sa.Column("subjects", sa.Integer, nullable=False),
    sa.Column("denied", sa.Integer, nullable=False),
    sa.Column("undecided", sa.Integer, nullable=False),
    sa.Column("passed", sa.Integer, nullable=False),
    sa.Column("report", sa.LargeBinary, nullable=False),
)
subjects = sa.Table(
    "gate_subjects",
    META,
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
    META,
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
    META,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("run", sa.ForeignKey("gate_runs.run", ondelete="CASCADE"), nullable=False, index=True),
    sa.Column("rule", sa.String(100), nullable=False),
    sa.Column("owner", sa.Text, nullable=False),
    sa.Column("expires", sa.String(20), nullable=False),
    sa.Column("state", sa.String(20), nullable=False),
    sa.Column("used", sa.Integer, nullable=False),
    sa.Column("identity", sa.String(100)),
)

_LOCK = 0x67617465
"""Of PostgreSQL's advisory lock: shards that start at once must not make the same tables twice."""


def migrate(engine: sa.Engine) -> None:
    """Create the tables or bring them up to date; `StoreError` for those of a newer gate."""
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
        elif engine.dialect.name == "sqlite":
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        META.create_all(connection)
        found = connection.execute(sa.select(schema_version.c.version)).scalar()
        if found is None:
            connection.execute(schema_version.insert().values(version=VERSION))
        elif found > VERSION:
            raise StoreError(
                f"the history's database has schema {found}, and this gate knows {VERSION}",
                hint="Use the newer gate, or another database with --store.",
            )
        elif found < VERSION:
            _to_version_2(connection)
            connection.execute(schema_version.update().values(version=VERSION))


def scope_of(report: AuditReport) -> str:
    """What a run looked at: only runs of one scope are compared with each other."""
    return ", ".join(report.inputs.sources)


def report_of(data: bytes) -> AuditReport:
    """A report as it is stored; raises `zlib.error` or `msgspec.DecodeError` where it is damaged."""
    return msgspec.json.decode(zlib.decompress(data), type=AuditReport)


def _to_version_2(connection: sa.Connection) -> None:
    for table, column in ((runs, runs.c.scope), (exemptions, exemptions.c.identity)):
        kind = column.type.compile(connection.dialect)
        connection.execute(sa.text(f"ALTER TABLE {table.name} ADD COLUMN {column.name} {kind}"))
    for run, data in connection.execute(sa.select(runs.c.run, runs.c.report)).all():
        try:
            scope = scope_of(report_of(data))
        except (zlib.error, msgspec.DecodeError):
            continue
        connection.execute(runs.update().where(runs.c.run == run).values(scope=scope))
