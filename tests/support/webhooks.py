"""The chart's webhook configuration in front of a real API server, and requests whose warnings are kept."""

from __future__ import annotations

import json
import ssl
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tests.support.kube import Kube
from tests.support.serving import GateServer, base64_of

CHART = Path(__file__).resolve().parents[2] / "charts" / "gate"
GROUP = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations"
_PATHS = {
    "Pod": "/api/v1/namespaces/{}/pods",
    "PodTemplate": "/api/v1/namespaces/{}/podtemplates",
    "ReplicationController": "/api/v1/namespaces/{}/replicationcontrollers",
    "Deployment": "/apis/apps/v1/namespaces/{}/deployments",
    "StatefulSet": "/apis/apps/v1/namespaces/{}/statefulsets",
    "DaemonSet": "/apis/apps/v1/namespaces/{}/daemonsets",
    "ReplicaSet": "/apis/apps/v1/namespaces/{}/replicasets",
    "Job": "/apis/batch/v1/namespaces/{}/jobs",
    "CronJob": "/apis/batch/v1/namespaces/{}/cronjobs",
}
KINDS = [kind for kind in _PATHS if kind != "Pod"]


@dataclass
class Said:
    """An API server's answer."""

    status: int
    body: Any
    warnings: list[str] = field(default_factory=list)

    @property
    def allowed(self) -> bool:
        """Whether the object was written."""
        return 200 <= self.status < 300

    @property
    def message(self) -> str:
        """What a refusal says."""
        return str(self.body.get("message", "")) if isinstance(self.body, dict) else str(self.body)


def ask(
    kube: Kube, method: str, path: str, body: Any = None, *, user: str = "admin", content_type: str = "application/json"
) -> Said:
    """One request, with its warnings."""
    data = None if body is None else json.dumps(body).encode()
    headers = {"Authorization": f"Bearer {kube.tokens[user]}", "Content-Type": content_type}
    request = urllib.request.Request(kube.url + path, data=data, headers=headers, method=method)
    context = ssl.create_default_context(cafile=str(kube.ca))
    try:
        with urllib.request.urlopen(request, timeout=60, context=context) as answer:
            return Said(answer.status, json.loads(answer.read()), answer.headers.get_all("Warning") or [])
    except urllib.error.HTTPError as error:
        text = error.read()
        try:
            found = json.loads(text)
        except ValueError:
            found = text.decode(errors="replace")
        return Said(error.code, found, error.headers.get_all("Warning") or [])


def create(kube: Kube, namespace: str, obj: Mapping[str, Any], *, dry_run: bool = False, user: str = "admin") -> Said:
    """Create an object of a built-in kind."""
    path = _PATHS[obj["kind"]].format(namespace) + ("?dryRun=All" if dry_run else "")
    return ask(kube, "POST", path, obj, user=user)


def path_to(kind: str, namespace: str, name: str, subresource: str = "") -> str:
    """The path of an object, or of a subresource of it."""
    return f"{_PATHS[kind].format(namespace)}/{name}" + (f"/{subresource}" if subresource else "")


def patch(kube: Kube, path: str, body: Any, kind: str = "strategic-merge-patch+json") -> Said:
    """Change an object."""
    return ask(kube, "PATCH", path, body, content_type=f"application/{kind}")


def holder(kind: str, image: str, name: str) -> dict[str, Any]:
    """An object of a kind that holds a pod template with one container."""
    labels = {"app": name}
    template: dict[str, Any] = {
        "metadata": {"labels": labels},
        "spec": {"containers": [{"name": "c", "image": image}]},
    }
    if kind in {"Job", "CronJob"}:
        template["spec"]["restartPolicy"] = "Never"
    group = {"PodTemplate": "v1", "ReplicationController": "v1", "Job": "batch/v1", "CronJob": "batch/v1"}
    obj: dict[str, Any] = {"apiVersion": group.get(kind, "apps/v1"), "kind": kind, "metadata": {"name": name}}
    if kind == "PodTemplate":
        return obj | {"template": template}
    if kind == "CronJob":
        return obj | {"spec": {"schedule": "0 0 1 1 *", "jobTemplate": {"spec": {"template": template}}}}
    if kind == "Job":
        return obj | {"spec": {"template": template, "backoffLimit": 0}}
    selector: Any = labels if kind == "ReplicationController" else {"matchLabels": labels}
    spec = {"selector": selector, "template": template}
    return obj | {"spec": spec | ({"serviceName": name} if kind == "StatefulSet" else {})}


def namespace(kube: Kube, name: str, **labels: str) -> str:
    """Make a namespace."""
    body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}
    status, answer = kube.request("POST", "/api/v1/namespaces", body)
    assert status in (201, 409), answer
    return name


def render(helm: Path, *arguments: str | Path, release: str = "gate", within: str = "gate-system") -> list[Any]:
    """The chart's manifests."""
    command = [helm, "template", release, CHART, "--namespace", within, "--kube-version=1.36.3", *arguments]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return [each for each in yaml.safe_load_all(done.stdout) if each]


def configuration(
    helm: Path, server: GateServer, name: str, namespaces: Sequence[str], *arguments: str
) -> dict[str, Any]:
    """The chart's webhook configuration for one server and some namespaces, by URL instead of a Service."""
    (found,) = [each for each in render(helm, *arguments) if each["kind"] == "ValidatingWebhookConfiguration"]
    found["metadata"]["name"] = name
    for hook in found["webhooks"]:
        hook["clientConfig"] = {"url": f"{server.url}{_path(hook)}", "caBundle": base64_of(server.bundle)}
        only = {"key": "kubernetes.io/metadata.name", "operator": "In", "values": list(namespaces)}
        hook["namespaceSelector"]["matchExpressions"].append(only)
    return dict(found)


def _path(hook: Mapping[str, Any]) -> str:
    return str(hook["clientConfig"]["service"]["path"])


BAD_POD: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "probe"},
    "spec": {"containers": [{"name": "c", "image": "probe.invalid/x", "securityContext": {"runAsUser": 0}}]},
}


@contextmanager
def installed(kube: Kube, config: dict[str, Any], probe: str) -> Iterator[str]:
    """The configuration in force for the namespace ``probe``, until the end."""
    name = config["metadata"]["name"]
    status, body = kube.request("POST", GROUP, config)
    assert status == 201, body
    try:
        until(lambda: not create(kube, probe, BAD_POD, dry_run=True).allowed, "the webhook is not in force")
        yield name
    finally:
        kube.request("DELETE", f"{GROUP}/{name}")


def until(done: Callable[[], Any], why: str, seconds: float = 30) -> None:
    """Wait for something that takes a moment."""
    deadline = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < deadline, why
        time.sleep(0.1)
