"""Run some measurements, or all: each is a module with ``measure() -> dict``; results go to bench/results/NAME.json."""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path

from bench.machine import machine

HERE = Path(__file__).resolve().parent
OTHERS = {"__init__", "__main__", "machine", "timing", "peers", "corpus"}


def names() -> list[str]:
    """Every measurement there is."""
    return sorted(path.stem for path in HERE.glob("*.py") if path.stem not in OTHERS)


def main(wanted: list[str]) -> int:
    """Measure and write."""
    unknown = sorted(set(wanted) - set(names()))
    if unknown:
        print(f"no such measurement: {', '.join(unknown)}; there are {', '.join(names())}", file=sys.stderr)
        return 2
    for name in wanted or names():
        result = {"machine": machine(), **importlib.import_module(f"bench.{name}").measure()}
        path = HERE / "results" / f"{name}.json"
        path.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
        print(json.dumps(result, indent=2))
    return 0


sys.exit(main(sys.argv[1:]))
