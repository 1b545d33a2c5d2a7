"""A PostgreSQL server of the tests' own: loopback, a free port, thrown away afterwards."""

from __future__ import annotations

import itertools
import os
import secrets
import shutil
import signal
import subprocess
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from tests.support import tools
from tests.support.processes import Daemon, accepts_connections, free_port

ACCOUNT = "postgres"


@dataclass(frozen=True)
class Postgres:
    """A running server with the superuser ``postgres``."""

    port: int
    password: str
    daemon: Daemon
    directory: Path
    _numbers: itertools.count[int] = field(default_factory=itertools.count)

    def url(self, database: str = "postgres", driver: str = "postgresql") -> str:
        """A connection URL; SQLAlchemy wants ``driver="postgresql+psycopg"``."""
        return f"{driver}://{ACCOUNT}:{self.password}@127.0.0.1:{self.port}/{database}"

    def new_database(self, driver: str = "postgresql") -> str:
        """Create an empty database; returns its URL."""
        import psycopg

        name = f"test_{next(self._numbers)}"
        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return self.url(name, driver)

    def log_tail(self) -> str:
        """The end of its log."""
        return self.daemon.log_tail()

    def stop(self) -> None:
        """End the server and remove its data."""
        self.daemon.stop(first=signal.SIGINT)  # fast shutdown: open connections are closed
        shutil.rmtree(self.directory, ignore_errors=True)


def start_postgres(log: Path) -> Postgres:
    """Start a server; as root it runs as the ``postgres`` user, for it refuses to run as root."""
    initdb, server = tools.postgres_program("initdb"), tools.postgres_program("postgres")
    directory = Path(tempfile.mkdtemp(prefix="gate-postgres-"))  # not under pytest's, which only root may enter
    account = ACCOUNT if os.geteuid() == 0 else None
    password = secrets.token_hex(16)
    secret = directory / "password"
    secret.write_text(password)
    if account:
        shutil.chown(directory, account, account)
        shutil.chown(secret, account, account)
    data = directory / "data"
    subprocess.run(
        [
            *(initdb, f"--pgdata={data}", f"--username={ACCOUNT}", f"--pwfile={secret}", "--auth=scram-sha-256"),
            *("--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"),
        ],
        user=account,
        group=account,
        extra_groups=[] if account else None,
        check=True,
        capture_output=True,
        cwd=directory,
    )
    port = free_port()
    settings = {
        "listen_addresses": "127.0.0.1",
        "port": str(port),
        "unix_socket_directories": "",
        "fsync": "off",
        "synchronous_commit": "off",
        "full_page_writes": "off",
        "shared_buffers": "16MB",
    }
    options = [f"--{key}={value}" for key, value in settings.items()]
    daemon = Daemon("postgres", [server, "-D", data, *options], log, user=account)
    postgres = Postgres(port=port, password=password, daemon=daemon, directory=directory)
    daemon.wait_until(lambda: accepts_connections(port) and _answers(postgres))
    return postgres


def _answers(postgres: Postgres) -> bool:
    import psycopg

    try:
        psycopg.connect(postgres.url(), connect_timeout=5).close()
    except psycopg.OperationalError:
        return False
    return True
