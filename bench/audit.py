"""``gate audit`` at size: 100,000 Pods of a paged API, 5,000 of a real one, 2,000 images, 4 shards against 1.

Real processes of the real command line. The mix (`tests.support.estate`): ten Pods a template, so 10,000 templates and
12,000 distinct containers (a fifth have a second one); 2,000 images, five templates each, 40 bases of three layers
under 50 applications with two of their own; six styles of securityContext; two templates in five with arguments of
their own. Pods have about four kilobytes with managedFields. ``BENCH_AUDIT`` names parts (registry, cluster, real,
shards), ``BENCH_PODS``, ``BENCH_REAL_PODS``, ``BENCH_BASES`` and ``BENCH_APPS`` their sizes.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from tests.support import estate
from tests.support.kube import Kube, start_kube
from tests.support.postgres import start_postgres
from tests.support.registry import Registry, start_registry

from bench.peers import ROOT
from bench.timing import Watched, watched

PARTS = os.environ.get("BENCH_AUDIT", "registry,cluster,real,shards").split(",")
PODS = int(os.environ.get("BENCH_PODS", "100000"))
REAL_PODS = int(os.environ.get("BENCH_REAL_PODS", "5000"))
BASES, APPS = int(os.environ.get("BENCH_BASES", "40")), int(os.environ.get("BENCH_APPS", "50"))
INSPECTED = 40


def measure() -> dict[str, Any]:
    """Every figure of the audit at size; each part says how busy the machine was."""
    with tempfile.TemporaryDirectory(prefix="gate-bench-audit-") as name, ExitStack() as stack:
        folder = Path(name)
        registry = start_registry(folder / "registry")
        stack.callback(registry.daemon.stop, 2)
        images = estate.push_images(registry.url, registry.host, BASES, APPS)
        (folder / "home").mkdir()
        (folder / "gate.yaml").write_text(
            f'version: 1\nregistries: [{{host: "{registry.host}", insecure: true}}]\nrules: {{approved-base: warn}}\n'
        )
        result: dict[str, Any] = {"what": __doc__.splitlines()[0] if __doc__ else ""}
        if "registry" in PARTS:
            result["registry"] = _registry(folder, registry, images)
        if "cluster" in PARTS:
            result["cluster"] = _cluster(folder, images)
        if "real" in PARTS:
            result["real_api_server"] = _real(folder, images)
        if "shards" in PARTS:
            result["shards"] = _shards(folder, registry)
        return result


def _gate(folder: Path, *arguments: str | Path, home: str = "home") -> list[str]:
    return ["env", "-C", str(folder), f"HOME={folder / home}", f"PYTHONPATH={ROOT}", sys.executable, "-m", "gate",
            "audit", *map(str, arguments)]  # fmt: skip


def _figures(found: Watched) -> dict[str, Any]:
    return {
        "seconds": round(found.seconds, 1),
        "processor_seconds": round(found.processor, 1),
        "peak_mb": round(found.peak_kb / 1024),
        "processes_at_peak_mb": [round(each / 1024) for each in found.shares_kb],
        "load": round(os.getloadavg()[0], 1),
    }


def _blobs(registry: Registry, since: int) -> Counter[str]:
    lines = registry.daemon.log.read_text(errors="replace")[since:]
    return Counter(re.findall(r'"GET /v2/\S+/blobs/(sha256:[0-9a-f]{64}) HTTP', lines))


def _registry(folder: Path, registry: Registry, images: estate.Images) -> dict[str, Any]:
    """All images for the first time, and again; skopeo asking for one after the other is the floor."""
    result: dict[str, Any] = {"images": len(images.made), "distinct_layers": len(images.layers)}
    for name in ("first", "again"):
        since = registry.daemon.log.stat().st_size
        found = watched(_gate(folder, "--registry", registry.host, "-o", f"json={folder / name}.json"))
        fetched = _blobs(registry, since)
        read = [count for digest, count in fetched.items() if digest in images.layers]
        result[name] = {**_figures(found), "layers_read": sum(read), "most_reads_of_one": max(read, default=0)}
    started = time.perf_counter()
    for made in images.made[:INSPECTED]:
        command = ["skopeo", "inspect", "--tls-verify=false", "--no-tags", f"docker://{made.name}"]
        subprocess.run(command, check=True, capture_output=True)
    each = (time.perf_counter() - started) / min(INSPECTED, len(images.made))
    result["skopeo_inspect_ms_an_image"] = round(each * 1000, 1)
    result["again_ms_an_image"] = round(result["again"]["seconds"] * 1000 / len(images.made), 1)
    result["again_against_skopeo"] = round(result["again_ms_an_image"] / result["skopeo_inspect_ms_an_image"], 2)
    return result


def _cluster(folder: Path, images: estate.Images) -> dict[str, Any]:
    """Pods of a paged API, images known from before; judged, stored, reported."""
    api = estate.paged_api(folder / "paged", PODS, images.made)
    try:
        command = _gate(folder, "--cluster", "--kubeconfig", api.start(), "-o", f"json={folder / 'cluster'}.json")
        if "registry" not in PARTS:
            watched(command)
        found = watched(command)
    finally:
        api.stop()
        shutil.rmtree(folder / "paged")
    report = json.loads((folder / "cluster.json").read_bytes())
    return {
        "pods": report["coverage"]["seen"]["pods"],
        "containers_judged": report["totals"]["subjects"],
        "verdicts": {key: report["totals"][key] for key in ("denied", "undecided", "passed")},
        "complete": report["complete"],
        **_figures(found),
        "wanted": {"seconds": 60, "peak_mb": 500},
    }


def _real(folder: Path, images: estate.Images) -> dict[str, Any]:
    """Pods of a real API server; kubectl listing them is the floor."""
    kube = start_kube(folder / "kube")
    try:
        fill(kube, REAL_PODS, images)
        # Nothing but Pods is there: the images are known, so what is measured is the list and the judging.
        command = _gate(folder, "--cluster", "--kubeconfig", kube.kubeconfig, "-o", f"json={folder / 'real'}.json")
        if "registry" not in PARTS:
            watched(command)
        found = watched(command)
        kubectl = ["kubectl", f"--kubeconfig={kube.kubeconfig}", "get", "pods", "-A", "-o", "json"]
        floor = watched([*kubectl, "--chunk-size=500"])
    finally:
        kube.stop()
    report = json.loads((folder / "real.json").read_bytes())
    return {
        "pods": report["coverage"]["seen"]["pods"],
        "containers_judged": report["totals"]["subjects"],
        "complete": report["complete"],
        **_figures(found),
        "kubectl_get_pods": _figures(floor),
        "times_kubectl": round(found.seconds / floor.seconds, 2),
    }


def fill(kube: Kube, count: int, images: estate.Images) -> None:
    """Create the estate's namespaces and Pods, with the status that a kubelet would write."""
    for namespace in estate.namespaces():
        kube.request("POST", "/api/v1/namespaces", namespace)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda pod: _create(kube, pod), estate.pods(count, images.made)))


def _create(kube: Kube, pod: dict[str, Any]) -> None:
    meta = {key: value for key, value in pod["metadata"].items() if key not in {"managedFields", "uid"}}
    owners = [{**owner, "uid": "made-up"} for owner in meta["ownerReferences"]]
    spec = {**pod["spec"], "volumes": [{"name": name, "emptyDir": {}} for name in ("tmp", "kube-api-access")]}
    body = {"apiVersion": "v1", "kind": "Pod", "metadata": {**meta, "ownerReferences": owners}, "spec": spec}
    path = f"/api/v1/namespaces/{meta['namespace']}/pods"
    status, made = kube.request("POST", path, body)
    if status == 201:
        statuses = [{**one, "restartCount": 0} for one in pod["status"]["containerStatuses"]]
        made["status"] = {"phase": "Running", "containerStatuses": statuses}
        status, made = kube.request("PUT", f"{path}/{meta['name']}/status", made)
    if status not in {200, 201}:
        raise RuntimeError(f"the API server refuses a Pod: {made}")


def _shards(folder: Path, registry: Registry) -> dict[str, Any]:
    """The registry by one process, and by four at once, each over an empty PostgreSQL of their own."""
    server = start_postgres(folder / "postgres.log")
    try:
        result: dict[str, Any] = {"cores": os.cpu_count()}
        seconds: dict[int, float] = {}
        for shards in (1, 4):
            url = server.new_database()
            scope = ["--registry", registry.host, "--store", url, "--run", "bench", "--shards", str(shards)]
            started = time.perf_counter()
            outputs = [folder / f"shard-{shards}-{index}.json" for index in range(shards)]
            running = [
                subprocess.Popen(
                    _gate(folder, *scope, "--shard", str(index), "-o", f"json={path}", home=f"home-{shards}"),
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                )
                for index, path in enumerate(outputs)
            ]
            codes = [process.wait() for process in running]
            seconds[shards] = time.perf_counter() - started
            (report, *_) = [json.loads(path.read_bytes()) for path in outputs if path.exists()]
            result[f"by_{shards}"] = {
                "seconds": round(seconds[shards], 1),
                "codes": codes,
                "load": round(os.getloadavg()[0], 1),
            }
            result.setdefault("verdicts", report["totals"])
            result["equal"] = result["verdicts"] == report["totals"]
        result["times_faster_by_4"] = round(seconds[1] / seconds[4], 2)
        return result
    finally:
        server.stop()
