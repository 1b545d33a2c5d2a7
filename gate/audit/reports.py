"""Failures written to the cluster: PolicyReport ``wgpolicyk8s.io/v1alpha2`` and Report ``openreports.io/v1alpha1``.

One report a namespace, failures only, bounded: etcd is no archive, and one report per Pod has filled it before. Reports
of this gate in namespaces without failures are removed. Both kinds have the same body but for their names.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any, Literal

from gate.audit.model import AuditFinding, AuditReport, AuditResult, Place
from gate.errors import ClusterError
from gate.evidence.kubernetes.cluster import ClusterApi, path_of

Flavour = Literal["policyreport", "openreports"]

MAX_RESULTS = 500
_KINDS = {
    "policyreport": ("wgpolicyk8s.io/v1alpha2", "policyreports", "PolicyReport"),
    "openreports": ("openreports.io/v1alpha1", "reports", "Report"),
}
_MINE = {"app.kubernetes.io/managed-by": "gate"}
NAME = "gate-audit"


def write_reports(cluster: ClusterApi, report: AuditReport, flavour: Flavour) -> Counter[str]:
    """Write one report a namespace, and remove stale ones; counts of what was done. Raises `ClusterError`."""
    version, plural, _ = _KINDS[flavour]
    done: Counter[str] = Counter()
    wanted = documents(report, flavour)
    for namespace, body in wanted.items():
        done[_put(cluster, path_of(version, plural, namespace), body)] += 1
    selector = {"labelSelector": ",".join(f"{key}={value}" for key, value in _MINE.items())}
    for page in cluster.pages(path_of(version, plural), query=selector):
        for item in page.items:
            meta = item.get("metadata") or {}
            namespace, name = str(meta.get("namespace")), str(meta.get("name"))
            if namespace not in wanted and name == NAME and report.complete:
                cluster.request("DELETE", path_of(version, plural, namespace, name))
                done["removed"] += 1
    return done


def documents(report: AuditReport, flavour: Flavour) -> dict[str, dict[str, Any]]:
    """The body for every namespace that has a failure."""
    version, _, kind = _KINDS[flavour]
    by_namespace: dict[str, list[tuple[AuditResult, AuditFinding, Place]]] = defaultdict(list)
    for result in report.results:
        for place in result.places:
            if place.namespace:
                by_namespace[place.namespace] += [
                    (result, finding, place) for finding in result.findings if not finding.exempted
                ]
    return {
        namespace: _document(report, version, kind, flavour, namespace, rows)
        for namespace, rows in by_namespace.items()
        if rows
    }


def _document(
    report: AuditReport,
    version: str,
    kind: str,
    flavour: Flavour,
    namespace: str,
    rows: list[tuple[AuditResult, AuditFinding, Place]],
) -> dict[str, Any]:
    outcomes = [_outcome(finding) for _, finding, _ in rows]
    counts = Counter(outcomes)
    body: dict[str, Any] = {
        "apiVersion": version,
        "kind": kind,
        "metadata": {
            "name": NAME,
            "namespace": namespace,
            "labels": dict(_MINE),
            "annotations": {"gate-images.dev/run": report.run, "gate-images.dev/policy": report.inputs.policy},
        },
        "summary": {key: counts.get(key, 0) for key in ("pass", "fail", "warn", "error", "skip")},
        "results": [_row(*row) for row in rows[:MAX_RESULTS]],
    }
    if flavour == "openreports":
        body["source"] = "gate"
    if len(rows) > MAX_RESULTS:
        body["metadata"]["annotations"]["gate-images.dev/left-out"] = str(len(rows) - MAX_RESULTS)
    return body


def _row(result: AuditResult, finding: AuditFinding, place: Place) -> dict[str, Any]:
    row: dict[str, Any] = {
        "source": "gate",
        "policy": finding.rule,
        "rule": finding.rule,
        "result": _outcome(finding),
        "severity": finding.severity,
        "scored": finding.level == "deny",
        "properties": {
            key: value[:500]
            for key, value in (
                ("container", place.container),
                ("image", result.reference),
                ("digest", result.digest),
                ("fix", finding.fix),
                ("owner", result.owners[0] if result.owners else None),
            )
            if value
        },
        "message": f"{result.name}: {finding.message}"[:1000],
    }
    if place.kind and place.name:
        row["resources"] = [
            {
                "apiVersion": _api_version(place.kind),
                "kind": place.kind,
                "name": place.name,
                "namespace": place.namespace,
            }
        ]
    return row


def _outcome(finding: AuditFinding) -> str:
    if finding.status == "undecided":
        return "error" if finding.level == "deny" else "warn"
    return "fail" if finding.level == "deny" else "warn"


def _api_version(kind: str) -> str:
    groups = {"Deployment": "apps/v1", "StatefulSet": "apps/v1", "DaemonSet": "apps/v1", "ReplicaSet": "apps/v1"}
    return groups.get(kind) or {"Job": "batch/v1", "CronJob": "batch/v1"}.get(kind, "v1")


def _put(cluster: ClusterApi, path: str, body: dict[str, Any]) -> str:
    try:
        cluster.request("POST", path, body=body)
    except ClusterError as error:
        if error.status != 409:
            raise
        stored = cluster.request("GET", f"{path}/{NAME}")
        body["metadata"]["resourceVersion"] = stored["metadata"]["resourceVersion"]
        cluster.request("PUT", f"{path}/{NAME}", body=body)
        return "updated"
    return "written"
