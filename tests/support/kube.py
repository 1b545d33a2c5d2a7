"""A real Kubernetes API server with its etcd, and controllers when asked for; no scheduler and no nodes."""

from __future__ import annotations

import base64
import json
import secrets
import ssl
import subprocess
import urllib.error
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import trustme

from tests.support import tools
from tests.support.processes import Daemon, DaemonError, free_port

ISSUER = "https://kubernetes.default.svc"


@dataclass
class Kube:
    """A running cluster of one API server.

    ``kubeconfig`` is of ``admin`` (group system:masters). ``tokens`` holds the token of each user by name: ``admin``
    and ``nobody`` (authenticated, no rights until a RoleBinding gives some).
    """

    url: str
    ca: Path
    kubeconfig: Path
    tokens: dict[str, str]
    directory: Path
    etcd: Daemon
    apiserver: Daemon
    controllers: Daemon | None = None
    started: list[Daemon] = field(default_factory=list)

    @property
    def token(self) -> str:
        """The administrator's token."""
        return self.tokens["admin"]

    def request(
        self, method: str, path: str, body: Any = None, *, user: str = "admin", content_type: str = "application/json"
    ) -> tuple[int, Any]:
        """One HTTP exchange: status and decoded JSON (or text)."""
        data = None if body is None else json.dumps(body).encode()
        headers = {"Authorization": f"Bearer {self.tokens[user]}", "Content-Type": content_type}
        call = urllib.request.Request(self.url + path, data=data, headers=headers, method=method)
        context = ssl.create_default_context(cafile=str(self.ca))
        try:
            with urllib.request.urlopen(call, timeout=60, context=context) as response:
                return response.status, _decoded(response.read())
        except urllib.error.HTTPError as error:
            return error.code, _decoded(error.read())

    def kubectl(self, *arguments: str | Path, stdin: str | None = None, check: bool = True) -> str:
        """Run kubectl as the administrator; returns standard output, raises RuntimeError with standard error."""
        command = [str(tools.built("kubectl", "kubernetes")), f"--kubeconfig={self.kubeconfig}", *map(str, arguments)]
        done = subprocess.run(command, input=stdin, capture_output=True, text=True, check=False)
        if check and done.returncode != 0:
            raise RuntimeError(f"{' '.join(command)}: {done.stderr}")
        return done.stdout if check else done.stdout + done.stderr

    def kubeconfig_of(self, user: str) -> Path:
        """A kubeconfig of another user in ``tokens``."""
        return _write_kubeconfig(self.directory / f"{user}.kubeconfig", self.url, self.ca, user, self.tokens[user])

    def start_controllers(self) -> None:
        """Start kube-controller-manager (namespaces are emptied, ReplicaSets make Pods); once is enough."""
        if self.controllers is not None and self.controllers.running():
            return
        port = free_port()
        self.controllers = Daemon(
            "kube-controller-manager",
            [
                tools.built("kube-controller-manager", "kubernetes"),
                *(f"--kubeconfig={self.kubeconfig}", "--leader-elect=false", "--bind-address=127.0.0.1"),
                *(f"--secure-port={port}", f"--cert-dir={self.directory / 'controller-certificates'}"),
                *(f"--root-ca-file={self.ca}", "--use-service-account-credentials=true"),
                f"--service-account-private-key-file={self.directory / 'service-account.key'}",
            ],
            self.directory / "controller-manager.log",
        )
        self.started.append(self.controllers)
        self.controllers.wait_until(self._has_default_account)

    def _has_default_account(self) -> bool:
        return self.request("GET", "/api/v1/namespaces/default/serviceaccounts/default")[0] == 200

    def log_tail(self) -> str:
        """The end of each program's log."""
        return "\n".join(f"== {daemon.name}\n{daemon.log_tail(30)}" for daemon in self.started)

    def stop(self) -> None:
        """End everything, the API server before its database."""
        for daemon in reversed(self.started):
            daemon.stop(seconds=5)


def start_kube(directory: Path, *, apiserver_flags: Sequence[str] = ()) -> Kube:
    """Start etcd and kube-apiserver under ``directory`` and wait until the API server is ready."""
    programs = {name: tools.built(name, "kubernetes") for name in ("kube-apiserver", "kubectl")}
    directory.mkdir(parents=True, exist_ok=True)
    etcd, etcd_url = _start_etcd(directory)
    try:
        return _start_apiserver(programs["kube-apiserver"], directory, etcd, etcd_url, apiserver_flags)
    except BaseException:
        etcd.stop()
        raise


def _start_etcd(directory: Path) -> tuple[Daemon, str]:
    client, peer = (f"http://127.0.0.1:{free_port()}" for _ in range(2))
    daemon = Daemon(
        "etcd",
        [
            *(
                tools.built("etcd", "kubernetes"),
                f"--data-dir={directory / 'etcd'}",
                "--unsafe-no-fsync",
                "--name=tests",
            ),
            *(f"--listen-client-urls={client}", f"--advertise-client-urls={client}", f"--listen-peer-urls={peer}"),
            *(f"--initial-advertise-peer-urls={peer}", f"--initial-cluster=tests={peer}"),
        ],
        directory / "etcd.log",
    )
    daemon.wait_until(lambda: _ok(f"{client}/health"))
    return daemon, client


def _start_apiserver(program: Path, directory: Path, etcd: Daemon, etcd_url: str, flags: Sequence[str]) -> Kube:
    port = free_port()
    ca, certificate, key = _certificates(directory)
    _signing_key(directory / "service-account.key")
    tokens = {name: secrets.token_hex(16) for name in ("admin", "nobody")}
    (directory / "tokens.csv").write_text(
        f'{tokens["admin"]},admin,1,"system:masters"\n{tokens["nobody"]},nobody,2,"tests"\n'
    )
    daemon = Daemon(
        "kube-apiserver",
        [
            *(program, f"--etcd-servers={etcd_url}", "--bind-address=127.0.0.1", f"--secure-port={port}"),
            *(f"--tls-cert-file={certificate}", f"--tls-private-key-file={key}", "--advertise-address=127.0.0.1"),
            *("--endpoint-reconciler-type=none", "--service-cluster-ip-range=10.0.0.0/24", "--allow-privileged=true"),
            *(f"--service-account-issuer={ISSUER}", f"--cert-dir={directory}"),
            *(f"--service-account-{use}-file={directory / 'service-account.key'}" for use in ("key", "signing-key")),
            *(f"--token-auth-file={directory / 'tokens.csv'}", "--authorization-mode=RBAC"),
            *("--disable-admission-plugins=ServiceAccount", *flags),
        ],
        directory / "apiserver.log",
    )
    url = f"https://127.0.0.1:{port}"
    kubeconfig = _write_kubeconfig(directory / "admin.kubeconfig", url, ca, "admin", tokens["admin"])
    kube = Kube(url, ca, kubeconfig, tokens, directory, etcd, daemon, started=[etcd, daemon])
    try:
        daemon.wait_until(lambda: _is_ready(kube), seconds=120)
    except DaemonError:
        daemon.stop(seconds=1)
        raise
    return kube


def _is_ready(kube: Kube) -> bool:
    """Ready, and the namespace and the roles it makes after its start are there."""
    wanted = ("/readyz", "/api/v1/namespaces/default", "/apis/rbac.authorization.k8s.io/v1/clusterroles/view")
    return all(kube.request("GET", path)[0] == 200 for path in wanted)


def _ok(url: str) -> bool:
    with urllib.request.urlopen(url, timeout=5) as response:
        return bool(response.status == 200)


def _decoded(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return body.decode(errors="replace")


def _certificates(directory: Path) -> tuple[Path, Path, Path]:
    authority = trustme.CA()
    leaf = authority.issue_cert("127.0.0.1", "localhost", "kubernetes.default.svc")
    ca, certificate, key = (directory / name for name in ("ca.pem", "apiserver.pem", "apiserver.key"))
    authority.cert_pem.write_to_path(ca)
    certificate.write_bytes(b"".join(blob.bytes() for blob in leaf.cert_chain_pems))
    leaf.private_key_pem.write_to_path(key)
    return ca, certificate, key


def _signing_key(path: Path) -> None:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.TraditionalOpenSSL,
            serialization.NoEncryption(),
        )
    )
    path.chmod(0o600)


def _write_kubeconfig(path: Path, url: str, ca: Path, user: str, token: str) -> Path:
    authority = base64.b64encode(ca.read_bytes()).decode()
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "tests", "cluster": {"server": url, "certificate-authority-data": authority}}],
        "users": [{"name": user, "user": {"token": token}}],
        "contexts": [{"name": "tests", "context": {"cluster": "tests", "user": user}}],
        "current-context": "tests",
    }
    path.write_text(json.dumps(content))
    path.chmod(0o600)
    return path
