"""The process that runs a private OPA says nothing of its own when OPA ends first."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def test_a_program_that_ends_first_leaves_its_own_words_and_code_alone(tmp_path: Path) -> None:
    program = ["/bin/sh", "-c", "echo broken >&2; exit 3"]
    command = [sys.executable, "-I", "-m", "gate.engine.guard", str(tmp_path), *program]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE) as guard:
        assert guard.stderr is not None
        said = guard.stderr.read()
        assert (guard.wait(), said) == (3, b"broken\n")
