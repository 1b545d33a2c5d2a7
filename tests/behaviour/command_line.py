"""gate as a user runs it: a process, with a clean environment and a home of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

COMMAND = [sys.executable, "-m", "gate"]


class Done(NamedTuple):
    """How a process ended."""

    code: int
    out: str
    err: str

    @property
    def report(self) -> dict[str, Any]:
        """Standard output as JSON."""
        document: dict[str, Any] = json.loads(self.out)
        return document


def environment(home: Path, **more: str) -> dict[str, str]:
    """The variables of a process: nothing of gate's but what is given."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("GATE_", "XDG_", "NO_COLOR"))}
    return {**kept, "HOME": str(home), **more}


def gate(
    *arguments: str | Path,
    cwd: Path,
    stdin: bytes | None = None,
    seconds: float = 60,
    variables: Mapping[str, str] | None = None,
) -> Done:
    """Run gate in a folder, whose ``.home`` is its home."""
    home = cwd / ".home"
    done = subprocess.run(
        [*COMMAND, *map(str, arguments)],
        cwd=cwd,
        env=environment(home, **(variables or {})),
        input=stdin,
        stdin=subprocess.DEVNULL if stdin is None else None,
        capture_output=True,
        timeout=seconds,
        check=False,
    )
    return Done(done.returncode, done.stdout.decode(), done.stderr.decode())
