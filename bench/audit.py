"""The audit at size: 100,000 Pods from a paged fake API, and what grouping them costs.

Run with ``python -m bench.audit [PODS]``; prints one JSON object: seconds, peak memory, groups.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
from gate.audit.inventory import list_cluster
from gate.audit.items import of_cluster
from gate.evidence.kubernetes.cluster import Page

NAMESPACES, OWNERS = 200, 5_000


class Fake:
    """Pages of Pods made on the way, decoded from JSON as a real answer is."""

    name = "fake"

    def __init__(self, pods: int) -> None:
        self._pods = pods

    def request(self, method: str, path: str, **_: Any) -> Any:
        raise NotImplementedError

    def pages(self, path: str, *, limit: int = 500, query: Mapping[str, str] | None = None) -> Iterator[Page]:
        if not path.endswith("/pods"):
            return
        for start in range(0, self._pods, limit):
            data = msgspec.json.encode([_pod(number) for number in range(start, min(start + limit, self._pods))])
            yield Page(msgspec.json.decode(data))


def _pod(number: int) -> dict[str, Any]:
    owner = number % OWNERS
    digest = f"sha256:{owner % 800:064x}"
    spec = {
        "nodeName": f"node-{number % 3000}",
        "serviceAccountName": "default",
        "containers": [
            {
                "name": name,
                "image": f"ghcr.io/acme/app-{owner % 800}:1",
                "resources": {"requests": {"cpu": "100m", "memory": "128Mi"}},
                "securityContext": {"runAsNonRoot": True, "capabilities": {"drop": ["ALL"]}},
                "volumeMounts": [{"name": "kube-api-access", "mountPath": "/var/run/secrets", "readOnly": True}],
            }
            for name in ("main", "proxy")
        ],
        "volumes": [{"name": "kube-api-access", "projected": {"sources": []}}],
    }
    statuses = [{"name": c["name"], "imageID": f"ghcr.io/acme/app@{digest}", "ready": True} for c in spec["containers"]]  # type: ignore[index]
    return {
        "metadata": {
            "name": f"app-{owner}-7d4b9c-{number}",
            "namespace": f"ns-{owner % NAMESPACES}",
            "labels": {"app": f"app-{owner}", "pod-template-hash": "7d4b9c", "team": f"team-{owner % 40}"},
            "ownerReferences": [{"kind": "ReplicaSet", "name": f"app-{owner}-7d4b9c", "controller": True}],
        },
        "spec": spec,
        "status": {"phase": "Running", "containerStatuses": statuses, "conditions": [{"type": "Ready"}] * 4},
    }


def main(pods: int) -> None:
    """List, group, make items; print the figures."""
    started = time.perf_counter()
    inventory = list_cluster(Fake(pods))
    items = of_cluster(inventory, "fake", {})
    seconds = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    figures = {"pods": pods, "groups": len(items), "seconds": round(seconds, 2), "peak_mb": round(peak, 1)}
    print(json.dumps(figures))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
