"""``gate serve`` as a process of its own, with real TLS, and what tests ask of it."""

from __future__ import annotations

import base64
import json
import re
import ssl
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import trustme

from tests.support import tools
from tests.support.processes import Daemon, DaemonError, free_port

_ADDRESS = re.compile(r"gate serves reviews on (\S+), metrics on (\S+)")


class Pair:
    """An authority, and the files of a pair it issued for loopback."""

    def __init__(self, folder: Path, names: Sequence[str] = ("localhost", "127.0.0.1")) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.names = names
        self.authority = trustme.CA()
        self.certificate, self.key = folder / "tls.crt", folder / "tls.key"
        self.issue()

    def issue(self) -> None:
        """Write a new pair: the key first, both by rename."""
        leaf = self.authority.issue_cert(*self.names)
        for path, content in (
            (self.key, leaf.private_key_pem.bytes()),
            (self.certificate, b"".join(blob.bytes() for blob in leaf.cert_chain_pems)),
        ):
            scratch = path.with_suffix(".new")
            scratch.write_bytes(content)
            scratch.replace(path)

    @property
    def bundle(self) -> bytes:
        """The authority's certificate, PEM."""
        return bytes(self.authority.cert_pem.bytes())


@dataclass
class GateServer:
    """A running ``gate serve``. ``url`` is where reviews go, ``metrics`` the other port's address."""

    daemon: Daemon
    url: str
    metrics: str
    bundle: bytes
    folder: Path
    started: list[Daemon] = field(default_factory=list)

    @property
    def context(self) -> ssl.SSLContext:
        """Trusts this server's certificate."""
        return ssl.create_default_context(cadata=self.bundle.decode())

    def post(self, body: bytes, *, query: str = "", content_type: str = "application/json") -> tuple[int, bytes]:
        """One POST to /validate; status and body."""
        request = urllib.request.Request(f"{self.url}/validate{query}", body, {"Content-Type": content_type})
        try:
            with urllib.request.urlopen(request, timeout=30, context=self.context) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()

    def review(self, obj: Mapping[str, Any], *, query: str = "", **request: Any) -> dict[str, Any]:
        """The response of a review of ``obj``."""
        status, body = self.post(review(obj, **request), query=query)
        assert status == 200, body
        found: dict[str, Any] = json.loads(body)["response"]
        return found

    def get(self, path: str) -> tuple[int, str]:
        """A page of the metrics port."""
        try:
            with urllib.request.urlopen(f"{self.metrics}{path}", timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def metric(self, name: str, **labels: str) -> float | None:
        """The value of a series, null where there is none."""
        for line in self.get("/metrics")[1].splitlines():
            found = re.fullmatch(r"([a-z_]+)(?:\{(.*)\})? (\S+)", line)
            if found and found[1] == name:
                there = dict(re.findall(r'(\w+)="([^"]*)"', found[2] or ""))
                if labels.items() <= there.items():
                    return float(found[3])
        return None

    def logs(self) -> list[dict[str, Any]]:
        """The lines of its log that are JSON."""
        lines = self.daemon.log.read_text().splitlines()
        return [json.loads(line) for line in lines if line.startswith("{")]

    def wait_until(self, ready: Any, seconds: float = 30) -> None:
        """As `Daemon.wait_until`."""
        self.daemon.wait_until(ready, seconds)

    def stop(self) -> None:
        """End it, and what was started with it."""
        for daemon in [self.daemon, *self.started]:
            daemon.stop(seconds=15)


def review(obj: Mapping[str, Any] | None, **request: Any) -> bytes:
    """An AdmissionReview of the creation of ``obj``."""
    meta = (obj or {}).get("metadata") or {}
    full = {
        "uid": "uid-1",
        "operation": "CREATE",
        "kind": {"group": "", "version": "v1", "kind": (obj or {}).get("kind", "Pod")},
        "resource": {"group": "", "version": "v1", "resource": "pods"},
        "namespace": meta.get("namespace", "shop"),
        "object": obj,
        "userInfo": {"username": "alice"},
    } | request
    return json.dumps({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": full}).encode()


def pod(image: str, name: str = "api", **spec: Any) -> dict[str, Any]:
    """A Pod of one container."""
    container = {"name": "c", "image": image} | spec.pop("container", {})
    meta = {"name": name} | spec.pop("metadata", {})
    return {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": {"containers": [container], **spec}}


def launch_gate(folder: Path, settings: str, pair: Pair, arguments: Sequence[str | Path] = (), **env: str) -> Daemon:
    """Start ``gate serve`` on ports the system chooses; it may not be able to."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "gate.yaml").write_text(settings)
    command: list[str | Path] = [
        *(sys.executable, "-m", "gate", "serve", "--listen=127.0.0.1:0", "--metrics-listen=127.0.0.1:0"),
        *(f"--config={folder / 'gate.yaml'}", "--drain=0"),
        *(
            []
            if "--tls-managed" in map(str, arguments)
            else [f"--tls-cert={pair.certificate}", f"--tls-key={pair.key}"]
        ),
        *arguments,
    ]
    plain = {"PATH": "/usr/bin:/bin", "HOME": str(folder), "PYTHONUNBUFFERED": "1"}
    return Daemon("gate serve", command, folder / "gate.log", env=plain | env)


def start_gate(
    folder: Path,
    settings: str,
    *,
    arguments: Sequence[str | Path] = (),
    pair: Pair | None = None,
    opa: bool = False,
    ready: bool = True,
    **env: str,
) -> GateServer:
    """Start ``gate serve`` and wait until it is ``ready``, or only listens.

    With ``opa``, beside an OPA that takes its bundle from gate.
    """
    folder.mkdir(parents=True, exist_ok=True)
    pair = pair or Pair(folder / "tls")
    started = []
    if opa:
        opa_port, bundle_port = free_port(), free_port()
        arguments = [*arguments, "--engine=opa", f"--opa-url=http://127.0.0.1:{opa_port}"]
        arguments = [*arguments, f"--bundle-listen=127.0.0.1:{bundle_port}"]
        started.append(start_opa(folder, opa_port, bundle_port))
    daemon = launch_gate(folder, settings, pair, arguments, **env)
    server = GateServer(daemon, "", "", pair.bundle, folder, started)

    def serves() -> bool:
        found = _ADDRESS.search(daemon.log.read_text())
        if found is None:
            return False
        server.url, server.metrics = f"https://{found[1]}", f"http://{found[2]}"
        return not ready or server.get("/readyz")[0] == 200

    try:
        daemon.wait_until(serves, 60)
    except DaemonError as error:
        server.stop()
        raise DaemonError("\n".join([str(error), *(each.log_tail() for each in started)])) from None
    return server


def start_opa(folder: Path, port: int, bundle_port: int, name: str = "opa") -> Daemon:
    """An OPA as the chart runs it: it takes the policy from gate by long polling."""
    return Daemon(
        "opa",
        [
            *(tools.built("opa"), "run", "--server", f"--addr=127.0.0.1:{port}", "--disable-telemetry"),
            *("--log-level=error", f"--set=services.gate.url=http://127.0.0.1:{bundle_port}"),
            *("--set=bundles.gate.service=gate", "--set=bundles.gate.resource=bundles/gate.tar.gz"),
            *("--set=bundles.gate.polling.min_delay_seconds=1", "--set=bundles.gate.polling.max_delay_seconds=2"),
            "--set=bundles.gate.polling.long_polling_timeout_seconds=30",
        ],
        folder / f"{name}.log",
    )


def start_oci_opa(folder: Path, port: int, chart: Sequence[str], **moved: str) -> Daemon:
    """An OPA with the arguments the ``chart`` gives it, on another port and with some texts of them ``moved``."""
    (folder / "tmp").mkdir(parents=True, exist_ok=True)
    given = [each for each in chart if not each.startswith("--addr=")]
    for old, new in moved.items():
        given = [each.replace(old, new) for each in given]
    return Daemon(
        "opa",
        [tools.built("opa"), *given, f"--addr=127.0.0.1:{port}"],
        folder / f"opa-{port}.log",
        env={"PATH": "/usr/bin:/bin", "TMPDIR": str(folder / "tmp"), "HOME": str(folder)},
    )


def settings_for(*hosts: str, more: str = "") -> str:
    """gate.yaml that names insecure registries on loopback."""
    rows = "".join(f'  - {{host: "{host}", insecure: true}}\n' for host in hosts)
    return f"version: 1\nregistries:\n{rows}{more}"


def base64_of(data: bytes) -> str:
    """As Kubernetes writes bytes."""
    return base64.b64encode(data).decode()
