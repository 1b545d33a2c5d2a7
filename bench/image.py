"""A first look at an image in a registry, the same image again, one that shares its layers; against skopeo and tar.

The image has 200 MB (compressed) in 8 layers of this machine's own files, in a docker-registry on loopback.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.support.layered import image_of
from tests.support.oci_images import Pusher
from tests.support.registry import start_registry

LAYERS, LAYER_BYTES, SAMPLE = 8, 25_000_000, 200_000
ROUNDS = 5
HERE = Path(__file__).resolve().parent
SOURCES = ("/usr/lib", "/usr/share", "/usr/bin", "/usr/local/lib", "/opt")

LOOK = """
import asyncio, json, resource, sys, time
from pathlib import Path
from gate.evidence.image.collect import collect
from gate.evidence.image.pool import Pool
from gate.evidence.image.sources import Sources
from gate.settings.model import Registry
from gate.store import FileStore, NoStore

async def main(host, name, cache, jobs):
    store = FileStore(Path(cache), 1 << 30) if cache else NoStore()
    rows = [Registry(host=host, insecure=True)]
    sources = Sources(environ={}, home=Path("/nonexistent"), registries=rows, store=store)
    async with Pool(int(jobs)) as pool:
        found = await collect(sources.open("registry", reference=host + "/" + name), pool=pool, store=store)
    await sources.close()
    assert found[0].facts.shell.state == "known", found[0].facts.shell.reason
    store.close()

asyncio.run(main(*sys.argv[1:]))
own = int(Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0])
workers = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
print(json.dumps({"own_kb": own, "largest_worker_kb": workers}), file=sys.stderr)
"""


def files() -> Iterator[Path]:
    """Regular files of this machine, in a fixed order."""
    for source in SOURCES:
        for folder, folders, names in os.walk(source):
            folders.sort()
            for name in sorted(names):
                path = Path(folder, name)
                if path.is_file() and not path.is_symlink():
                    yield path


def packed_layer(found: Iterator[Path], wanted: int) -> tuple[bytes, bytes]:
    """A tar of the next files and the same gzipped, of about ``wanted`` compressed bytes."""
    raw = io.BytesIO()
    size = 0.0
    with tarfile.open(fileobj=raw, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for path in found:
            try:
                data = path.read_bytes()
            except OSError:
                continue
            if len(data) > 20_000_000:
                continue
            info = tarfile.TarInfo(str(path).lstrip("/"))
            info.size, info.mode, info.mtime = len(data), path.stat().st_mode & 0o7777, 1_700_000_000
            archive.addfile(info, io.BytesIO(data))
            sample = data[:SAMPLE]
            size += len(gzip.compress(sample, 6)) * len(data) / max(1, len(sample))
            if size > wanted:
                break
    tar = raw.getvalue()
    return tar, gzip.compress(tar, 6, mtime=0)


def count(tar: bytes) -> int:
    """How many entries a tar has."""
    with tarfile.open(fileobj=io.BytesIO(tar)) as archive:
        return len(archive.getnames())


def requests(log: Path, since: int) -> list[str]:
    """What the registry was asked since a place in its log."""
    lines = log.read_text(errors="replace")[since:].splitlines()
    return [line.split('"')[1] for line in lines if '"HEAD /v2/' in line or '"GET /v2/' in line]


def measure() -> dict[str, Any]:
    """Milliseconds, ratios, requests and memory."""
    work = Path(tempfile.mkdtemp(prefix="gate-bench-image-"))
    registry = start_registry(work / "registry")
    try:
        return _measure(work, registry)
    finally:
        registry.daemon.stop(seconds=2)
        shutil.rmtree(work, ignore_errors=True)


def _measure(work: Path, registry: Any) -> dict[str, Any]:
    found = files()
    layers = [packed_layer(found, LAYER_BYTES) for _ in range(LAYERS + 1)]
    packers = [lambda tar, gz=gz: gz for _, gz in layers]
    pusher = Pusher(registry.url)
    image = image_of(*(tar for tar, _ in layers[:LAYERS]), pack=packers[:LAYERS], User="1000")
    others = [*range(LAYERS - 1), LAYERS]
    sharing = image_of(*(layers[n][0] for n in others), pack=[packers[n] for n in others])
    pusher.image("bench/image", "1", image)
    pusher.image("bench/image", "2", sharing)
    entries = sum(count(tar) for tar, _ in layers[:LAYERS])
    result: dict[str, Any] = {
        "image": {
            "layers": LAYERS,
            "compressed": sum(len(gz) for _, gz in layers[:LAYERS]),
            "uncompressed": sum(len(tar) for tar, _ in layers[:LAYERS]),
            "entries": entries,
        }
    }
    del layers
    result |= _first(work, registry, image)
    result |= _again(work, registry)
    return result


def _first(work: Path, registry: Any, image: Any) -> dict[str, Any]:
    copied = work / "copied"
    gate, theirs = [], []
    for _ in range(ROUNDS):
        shutil.rmtree(copied, ignore_errors=True)
        gate.append(_look(work, registry, "bench/image:1", "")[0])
        copy = [
            "skopeo",
            "copy",
            "-q",
            "--src-tls-verify=false",
            f"docker://{registry.host}/bench/image:1",
            f"dir:{copied}",
        ]
        start = time.perf_counter()
        subprocess.run(copy, check=True)
        for layer in image.layers:
            name = hashlib.sha256(layer).hexdigest()
            subprocess.run(["tar", "-tzf", str(copied / name)], check=True, stdout=subprocess.DEVNULL)
        theirs.append(time.perf_counter() - start)
    _, told = _look(work, registry, "bench/image:1", "")
    return {
        "first_look_ms": round(min(gate) * 1000),
        "skopeo_and_tar_ms": round(min(theirs) * 1000),
        "ratio": round(min(gate) / min(theirs), 2),
        "memory": told,
    }


def _again(work: Path, registry: Any) -> dict[str, Any]:
    cache = str(work / "cache")
    log = registry.daemon.log
    _look(work, registry, "bench/image:1", cache)
    before = len(log.read_text(errors="replace"))
    again, _ = _look(work, registry, "bench/image:1", cache)
    asked = requests(log, before)
    before = len(log.read_text(errors="replace"))
    shared, _ = _look(work, registry, "bench/image:2", cache)
    layers = [line for line in requests(log, before) if line.startswith("GET") and "/blobs/" in line]
    return {
        "again_ms": round(again * 1000),
        "again_requests": len(asked),
        "sharing_7_of_8_ms": round(shared * 1000),
        "sharing_7_of_8_blobs": len(layers) - 1,
    }


def _look(work: Path, registry: Any, name: str, cache: str) -> tuple[float, dict[str, int]]:
    command = [sys.executable, "-c", LOOK, registry.host, name, cache, "2"]
    start = time.perf_counter()
    done = subprocess.run(command, check=True, cwd=HERE.parent, stderr=subprocess.PIPE)
    return time.perf_counter() - start, json.loads(done.stderr)
