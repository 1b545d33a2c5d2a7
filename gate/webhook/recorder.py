"""What would have been refused while the rollout is not enforced: a bounded ConfigMap, which ``helm upgrade`` prints.

Entries are by owner, not by Pod: a Deployment that restarts a thousand times is one line. Nothing is recorded for dry
runs.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from gate.errors import ClusterError
from gate.evidence.kubernetes.cluster import ClusterApi, path_of
from gate.webhook.admission import Decision
from gate.webhook.review import Request, clean

MAX_ENTRIES = 300
_LONGEST = 300
_NOT_A_KEY = re.compile(r"[^-._a-zA-Z0-9]+")


class Recorder:
    """Collects refusals-to-be, and writes them now and then."""

    def __init__(self, cluster: ClusterApi, namespace: str, name: str) -> None:
        self._cluster = cluster
        self._path = path_of("v1", "configmaps", namespace, name)
        self._fresh: dict[str, str] = {}

    def note(self, request: Request, decision: Decision) -> None:
        """Keep a decision that would have refused."""
        if request.dry_run or decision.verdict == "pass" or not decision.answer.allowed:
            return
        if len(self._fresh) < MAX_ENTRIES:
            self._fresh[_key(request)] = clean(decision.answer.annotations.get("findings", ""), _LONGEST)

    def flush(self) -> int:
        """Write what is new; how many entries. Raises `ClusterError`, and then keeps them for the next time."""
        if not self._fresh:
            return 0
        stored = self._cluster.request("GET", self._path)
        data: dict[str, str] = dict(stored.get("data") or {})
        fresh = {key: value for key, value in self._fresh.items() if data.get(key) != value}
        for key in fresh:
            data.pop(key, None)
        merged = {**data, **fresh}
        kept = dict(list(merged.items())[-MAX_ENTRIES:])
        if fresh:
            try:
                self._cluster.request("PUT", self._path, body={**stored, "data": kept})
            except ClusterError as error:
                if error.status == 409:
                    return 0
                raise
        self._fresh.clear()
        return len(fresh)


def _key(request: Request) -> str:
    kind, name = _owner(request.obj or {}, request)
    return _NOT_A_KEY.sub("-", f"{request.namespace}.{kind.lower()}.{name}")[:253]


def _owner(obj: Mapping[str, Any], request: Request) -> tuple[str, str]:
    """The controller of a Pod by its own words (a hint for people, never for a verdict), else the object itself."""
    meta = obj.get("metadata")
    meta = meta if isinstance(meta, Mapping) else {}
    labels = meta.get("labels")
    template = labels.get("pod-template-hash") if isinstance(labels, Mapping) else None
    references = meta.get("ownerReferences")
    for owner in references if isinstance(references, list) else []:
        if isinstance(owner, Mapping) and owner.get("controller") is True:
            name = str(owner.get("name"))
            if owner.get("kind") == "ReplicaSet" and template and name.endswith(f"-{template}"):
                return "Deployment", name.removesuffix(f"-{template}")
            return str(owner.get("kind")), name
    name = request.name or str(meta.get("name") or meta.get("generateName") or "unnamed").rstrip("-")
    return request.kind or "object", name
