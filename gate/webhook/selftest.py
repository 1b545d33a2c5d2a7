"""The self-test: is a known-bad Pod refused, by gate, right now?

It is created by server dry run, in a namespace made for it where a quota admits no Pod at all. A webhook configuration
that is gone, empty, or points elsewhere refuses nothing, and nobody else would notice.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from gate.errors import ClusterError
from gate.evidence.kubernetes.cluster import ClusterApi, path_of

NAME = "gate-self-test"

BAD_POD: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": NAME, "labels": {"app.kubernetes.io/name": NAME}},
    "spec": {
        "containers": [
            {
                "name": "root",
                "image": "gate-self-test.invalid/root",
                "securityContext": {"runAsUser": 0, "privileged": True},
            }
        ],
    },
}
"""Runs as root in a privileged container, of an image no registry has."""


@dataclass(frozen=True, slots=True)
class SelfTest:
    """``refused``: True by gate, False not, None where the API server did not say. ``message`` is what it said."""

    refused: bool | None
    message: str


def run_self_test(cluster: ClusterApi, namespace: str) -> SelfTest:
    """Ask the API server, by dry run, to create the known-bad Pod."""
    try:
        cluster.request("POST", path_of("v1", "pods", namespace), query={"dryRun": "All"}, body=BAD_POD)
    except ClusterError as error:
        if "denied the request: gate " in error.message:
            return SelfTest(True, error.message)
        if error.status == 403 and "exceeded quota" in error.message:
            return SelfTest(False, "the webhook let the known-bad Pod through to the quota")
        return SelfTest(None, error.message)
    return SelfTest(False, "the known-bad Pod was admitted")


def report_event(cluster: ClusterApi, namespace: str, pod: str, message: str, now: str) -> None:
    """A warning event on our own Pod, for people who look there first. Raises `ClusterError`."""
    body = {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"generateName": f"{NAME}-"},
        "involvedObject": {"apiVersion": "v1", "kind": "Pod", "namespace": namespace, "name": pod},
        "reason": "ValidatesNothing",
        "message": message[:1000],
        "type": "Warning",
        "source": {"component": "gate"},
        "firstTimestamp": now,
        "lastTimestamp": now,
        "count": 1,
    }
    cluster.request("POST", path_of("v1", "events", namespace), body=body)
