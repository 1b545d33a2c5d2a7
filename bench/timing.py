"""Timing of commands against each other: in turns, so that what else the machine does hits all of them alike."""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple


class Command(NamedTuple):
    """A command to time; ``codes`` are the exit codes that mean it has done its work."""

    arguments: Sequence[str]
    cwd: Path
    codes: tuple[int, ...] = (0, 1)
    variables: Mapping[str, str] = {}


def once(command: Command) -> tuple[float, float, int]:
    """Seconds of wall clock, seconds of processor, and peak memory in kilobytes of one run."""
    variables = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    start = time.perf_counter()
    process = subprocess.Popen(
        list(command.arguments),
        cwd=command.cwd,
        env={**variables, **command.variables},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in command.codes:
        raise RuntimeError(f"{' '.join(map(str, command.arguments[:4]))} left with {process.returncode}")
    return wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss


class Watched(NamedTuple):
    """One run: seconds of wall clock, of processor, and the highest sum of its processes' memory (PSS)."""

    seconds: float
    processor: float
    peak_kb: int
    shares_kb: list[int]


def watched(arguments: Sequence[str], codes: tuple[int, ...] = (0, 3)) -> Watched:
    """Run a command, looking at its processes' memory five times a second; pages they share count once."""
    start = time.perf_counter()
    process = subprocess.Popen(
        list(arguments), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    highest: list[int] = []
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    while process.poll() is None:
        now = [_proportional(pid) for pid in _tree(process.pid)]
        highest = max(highest, now, key=sum)
        time.sleep(0.2)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if process.returncode not in codes:
        raise RuntimeError(f"{' '.join(arguments[:8])} left with {process.returncode}")
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Watched(time.perf_counter() - start, used, sum(highest), highest)


def _tree(pid: int) -> list[int]:
    """A process and all below it."""
    found = [pid]
    try:
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in (task / "children").read_text().split():
                found += _tree(int(child))
    except OSError:
        pass
    return found


def _proportional(pid: int) -> int:
    """Kilobytes of a process, shared pages divided among those that share them."""
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0
    return int(text.partition("\nPss:")[2].split()[0]) if "\nPss:" in text else 0


def in_turns(commands: Mapping[str, Command], rounds: int, warm: int = 1) -> dict[str, dict[str, Any]]:
    """Median and least wall clock, and least processor time, in milliseconds, of every command."""
    for command in commands.values():
        for _ in range(warm):
            once(command)
    walls: dict[str, list[float]] = {name: [] for name in commands}
    used: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(rounds):
        for name, command in commands.items():
            wall, processor, _ = once(command)
            walls[name].append(wall * 1000)
            used[name].append(processor * 1000)
    return {
        name: {
            "median_ms": round(statistics.median(walls[name]), 1),
            "least_ms": round(min(walls[name]), 1),
            "processor_ms": round(min(used[name]), 1),
        }
        for name in commands
    }


def ratio(one: Mapping[str, Any], other: Mapping[str, Any], key: str = "median_ms") -> float:
    """How many times ``other`` fits into ``one``."""
    return round(float(one[key]) / float(other[key]), 2)
