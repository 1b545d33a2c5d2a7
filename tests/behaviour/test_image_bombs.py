"""Images made to exhaust whoever reads them end in `unknown`, within memory that does not depend on them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LARGEST_KB = 300_000

# Reads one bomb in a process of its own; prints what became of it and the peak memory of every process.
READER = """
import asyncio, json, resource, sys
from pathlib import Path
from tests.behaviour import bombs
from gate.evidence.image.collect import collect
from gate.evidence.image.pool import Pool

async def main(name):
    async with Pool(2, inline_below=0) as pool:
        [found] = await collect(getattr(bombs, name)(), pool=pool)
    return found

found = asyncio.run(main(sys.argv[1]))
own = int(Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0])
worker = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
print(json.dumps({"state": found.facts.shell.state, "reason": found.facts.shell.reason, "own": own, "worker": worker}))
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("bomb", "reason"),
    [
        ("zeros_in_gzip", "unpacks to more than 200 times its size"),
        ("zeros_in_zstd", "unpacks to more than 200 times its size"),
        ("a_window_of_two_gigabytes", "broken zstd data"),
        ("endless_gzip_members", "unpacks to"),
        ("too_many_entries", "more than 1000000 entries"),
        ("too_many_names", "bytes of names"),
        ("too_many_directories", "more than 300000 directories"),
        ("a_gigabyte_of_pax", "an extended header is longer than 1048576 bytes"),
        ("a_million_small_pax_headers", "bytes of names"),
        ("links_in_circles", None),
        ("whiteouts_of_everything", "too long to follow"),
        ("a_thousand_layers", "more than 128 layers"),
    ],
)
def test_a_bomb_ends_within_memory(bomb: str, reason: str | None) -> None:
    done = subprocess.run([sys.executable, "-c", READER, bomb], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    told = json.loads(done.stdout)
    assert max(told["own"], told["worker"]) < LARGEST_KB, told
    if reason is None:
        assert told["state"] == "known", told
    else:
        assert told["state"] == "unknown" and reason in told["reason"], told
