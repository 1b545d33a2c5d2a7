"""A made-up estate: images that share layers in a registry, Pods that run them, and a paged API to list them from.

The mix is meant to be an ordinary cluster's, not a kind one: ten Pods a template; five templates an image (one app in
several namespaces); a fifth of the templates with a second container; six styles of securityContext; two templates
in five with arguments of their own. Everything follows from numbers, so that two runs see the same.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec

from tests.support.layered import PROGRAM, file, folder, image_of, layer, link
from tests.support.oci_images import Pusher, digest_of

PODS_A_TEMPLATE, NAMESPACES, PAGE = 10, 200, 500
SECURITY: tuple[dict[str, Any], ...] = (
    {},
    {"runAsNonRoot": True},
    {"runAsNonRoot": True, "allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
    {"runAsUser": 10001, "allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True},
    {"privileged": True},
    {"capabilities": {"drop": ["ALL"], "add": ["NET_BIND_SERVICE"]}},
)


@dataclass(frozen=True, slots=True)
class Made:
    """An image of the estate: ``name`` with a tag, as Pods name it, and its digest."""

    name: str
    digest: str


@dataclass(slots=True)
class Images:
    """What was pushed: the images, and the digest of every distinct layer."""

    made: list[Made] = field(default_factory=list)
    layers: set[str] = field(default_factory=set)


def push_images(url: str, host: str, bases: int, apps: int, *, jobs: int = 4) -> Images:
    """Push ``bases`` times ``apps`` images: three layers of a base and two of their own, a repository each."""
    found = Images()
    lowest = [_base(number) for number in range(bases)]

    def push(number: int) -> tuple[Made, set[str]]:
        base, app = number % bases, number // bases
        own = layer(folder("app"), file(f"app/server-{number}", PROGRAM + bytes(200)))
        config = layer(folder("etc"), file(f"etc/app-{number}.conf", f"number={number}\n".encode(), 0o644))
        user = ("65532", "", "10001:10001", "app")[number % 4]
        image = image_of(*lowest[base], own, config, User=user, Entrypoint=[f"/app/server-{number}"])
        repository = f"base{base}/app{app}"
        digest = Pusher(url).image(repository, "1", image)
        return Made(f"{host}/{repository}:1", digest), {digest_of(each) for each in image.layers}

    with ThreadPoolExecutor(jobs) as pool:
        for made, layers in pool.map(push, range(bases * apps)):
            found.made.append(made)
            found.layers |= layers
    return found


def _base(number: int) -> list[bytes]:
    """A distribution, its certificates, a runtime; every second one has a shell."""
    passwd = b"root:x:0:0::/root:/bin/sh\napp:x:1000:1000::/:/sbin/nologin\n"
    shell = [folder("bin"), file("bin/busybox", PROGRAM), link("bin/sh", "/bin/busybox")] if number % 2 else []
    release = f'ID=made-up\nVERSION_ID="{number}"\n'.encode()
    runtime = [file(f"usr/lib/runtime/{number}-{part}.so", PROGRAM, 0o644) for part in range(40)]
    return [
        layer(folder("etc"), file("etc/os-release", release, 0o644), file("etc/passwd", passwd, 0o644), *shell),
        layer(folder("etc/ssl"), file(f"etc/ssl/{number}.pem", b"certificate", 0o644)),
        layer(folder("usr/lib/runtime"), *runtime),
    ]


# --- what runs ------------------------------------------------------------------------------------------------


def pods(count: int, images: Sequence[Made]) -> Iterator[dict[str, Any]]:
    """Pods as the API server lists them, about four kilobytes each, with managedFields."""
    templates = max(1, count // PODS_A_TEMPLATE)
    for number in range(count):
        yield _pod(number, number % templates, images)


def deployments(count: int, images: Sequence[Made]) -> Iterator[dict[str, Any]]:
    """The Deployments of as many Pods."""
    for template in range(max(1, count // PODS_A_TEMPLATE)):
        spec = _spec(template, images)
        meta = {"name": f"app-{template}", "namespace": _namespace(template), "managedFields": _managed(spec)}
        labels = {"app": f"app-{template}"}
        yield {
            "metadata": meta,
            "spec": {"replicas": PODS_A_TEMPLATE, "template": {"metadata": {"labels": labels}, "spec": spec}},
        }


def namespaces() -> Iterator[dict[str, Any]]:
    """Some with the label of a team."""
    for number in range(NAMESPACES):
        yield {"metadata": {"name": f"ns-{number}", "labels": {"team": f"team-{number % 40}"} if number % 3 else {}}}


def _namespace(template: int) -> str:
    return f"ns-{template % NAMESPACES}"


def _spec(template: int, images: Sequence[Made]) -> dict[str, Any]:
    chosen = [("main", images[template % len(images)])]
    if template % 5 == 0:
        chosen.append(("proxy", images[template % min(20, len(images))]))
    containers = [
        {
            "name": name,
            "image": image.name,
            "args": [f"--instance={template}"] if template % 5 < 2 and name == "main" else ["--serve"],
            "env": [{"name": f"VARIABLE_{at}", "value": f"value-{at}-{template % 50}"} for at in range(12)],
            "ports": [{"containerPort": 8080, "name": "http", "protocol": "TCP"}],
            "resources": {
                "limits": {"cpu": "1", "memory": "512Mi"},
                "requests": {"cpu": "100m", "memory": "128Mi"},
            },
            "securityContext": SECURITY[(template // 7) % len(SECURITY)],
            "livenessProbe": {"httpGet": {"path": "/healthz", "port": "http"}, "periodSeconds": 10},
            "volumeMounts": [
                {"name": "tmp", "mountPath": "/tmp"},
                {"name": "kube-api-access", "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount"},
            ],
            "imagePullPolicy": "IfNotPresent",
            "terminationMessagePath": "/dev/termination-log",
        }
        for name, image in chosen
    ]
    volumes = [{"name": "tmp", "emptyDir": {}}, {"name": "kube-api-access", "projected": {"sources": [{}, {}, {}]}}]
    return {"containers": containers, "volumes": volumes, "restartPolicy": "Always", "dnsPolicy": "ClusterFirst"}


def _pod(number: int, template: int, images: Sequence[Made]) -> dict[str, Any]:
    spec = _spec(template, images)
    by_name = {image["name"]: image["image"] for image in spec["containers"]}
    digests = {
        made.name: made.digest for made in (images[template % len(images)], images[template % min(20, len(images))])
    }
    statuses = [
        {
            "name": name,
            "image": image,
            "imageID": f"{image.rpartition(':')[0]}@{digests[image]}",
            "containerID": f"containerd://{number:064x}",
            "ready": True,
            "restartCount": 0,
            "state": {"running": {"startedAt": "2026-11-20T00:00:00Z"}},
        }
        for name, image in by_name.items()
    ]
    conditions = [
        {"type": kind, "status": "True", "lastTransitionTime": "2026-11-20T00:00:00Z"}
        for kind in ("Initialized", "Ready", "ContainersReady", "PodScheduled")
    ]
    owner = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": f"app-{template}-7d4b9c", "controller": True}
    meta = {
        "name": f"app-{template}-7d4b9c-{number}",
        "namespace": _namespace(template),
        "uid": f"{number:032x}",
        "labels": {"app": f"app-{template}", "pod-template-hash": "7d4b9c"},
        "ownerReferences": [owner],
        "managedFields": _managed(spec),
    }
    status = {"phase": "Running", "podIP": "10.0.0.1", "containerStatuses": statuses, "conditions": conditions}
    return {"metadata": meta, "spec": {**spec, "nodeName": f"node-{number % 3000}"}, "status": status}


def _managed(spec: dict[str, Any]) -> list[dict[str, Any]]:
    """What no audit wants, and every list holds."""
    fields = {f"f:{key}": {".": {}, "f:value": {}} for container in spec["containers"] for key in container}
    return [
        {"manager": manager, "operation": "Update", "time": "2026-11-20T00:00:00Z", "fieldsV1": {"f:spec": fields}}
        for manager in ("kube-controller-manager", "kubelet")
    ]


# --- the API --------------------------------------------------------------------------------------------------


class PagedApi:
    """Answers lists in pages, over HTTP on loopback, from files written beforehand; reads only, no faults."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._pages: dict[str, list[Path]] = {}
        self._server: ThreadingHTTPServer | None = None

    def add(self, path: str, items: Iterator[dict[str, Any]]) -> int:
        """Write the pages of one list; how many items."""
        count, page, pages = 0, [], self._pages.setdefault(path, [])
        for item in items:
            page.append(item)
            count += 1
            if len(page) == PAGE:
                pages.append(self._write(len(pages), path, page))
                page = []
        if page:
            pages.append(self._write(len(pages), path, page))
        return count

    def start(self) -> Path:
        """Serve; the kubeconfig."""
        server = self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_address[1]}"
        path = self._directory / "kubeconfig"
        entry = {"name": "made-up", "context": {"cluster": "made-up", "user": "made-up"}}
        clusters = [{"name": "made-up", "cluster": {"server": url}}]
        users = [{"name": "made-up", "user": {}}]
        config = {"apiVersion": "v1", "kind": "Config", "clusters": clusters, "users": users, "contexts": [entry]}
        path.write_bytes(msgspec.json.encode({**config, "current-context": "made-up"}))
        return path

    def stop(self) -> None:
        """Close the port."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()

    def _write(self, number: int, path: str, page: list[dict[str, Any]]) -> Path:
        file = self._directory / f"{path.strip('/').replace('/', '-')}-{number}.json"
        file.write_bytes(msgspec.json.encode(page))
        return file

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        pages = self._pages

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                parts = urlsplit(self.path)
                at = int(parse_qs(parts.query).get("continue", ["0"])[0])
                listed = pages.get(parts.path, [])
                token = str(at + 1) if at + 1 < len(listed) else ""
                items = listed[at].read_bytes() if at < len(listed) else b"[]"
                head = b'{"kind":"List","metadata":{"continue":"' + token.encode() + b'"},"items":'
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(head) + len(items) + 1))
                self.end_headers()
                for piece in (head, items, b"}"):
                    self.wfile.write(piece)

            def log_message(self, *_: object) -> None:
                """Nothing."""

        return Handler


def paged_api(directory: Path, count: int, images: Sequence[Made]) -> PagedApi:
    """The API of the estate with ``count`` Pods."""
    directory.mkdir(parents=True, exist_ok=True)
    api = PagedApi(directory)
    api.add("/api/v1/namespaces", namespaces())
    api.add("/api/v1/pods", pods(count, images))
    api.add("/apis/apps/v1/deployments", deployments(count, images))
    return api
