"""Where the programs tests need are, and what to do to get one that is missing."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

TOOLS = Path(__file__).resolve().parent.parent / "tools"
BIN = TOOLS / "bin"
POSTGRES_DIRECTORIES = "/usr/lib/postgresql/*/bin"


def built(program: str, tool: str | None = None) -> Path:
    """The path of a program made by ``tests/tools/build``; skips the test when it is not there."""
    path = BIN / program
    if not path.is_file():
        pytest.skip(f"{program} is not built (needs Go): tests/tools/build {tool or program}")
    return path


def installed(*names: str, package: str) -> Path:
    """The path of the first of some system programs; skips the test when none is installed."""
    for name in names:
        found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin:/usr/local/sbin")
        if found:
            return Path(found)
    pytest.skip(f"{names[0]} is not installed: tests/tools/install-system (Debian package {package})")


def postgres_program(name: str) -> Path:
    """The path of a PostgreSQL program, which Debian keeps off PATH; skips the test when not installed."""
    directories = sorted(Path("/").glob(POSTGRES_DIRECTORIES.lstrip("/")), reverse=True)
    for directory in directories:
        if (directory / name).is_file():
            return directory / name
    return installed(name, package="postgresql")


def need_root() -> None:
    """Skip the test unless it runs as root."""
    if os.geteuid() != 0:
        pytest.skip("needs root")
