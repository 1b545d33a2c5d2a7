"""Debian's docker-registry as a test registry: plain HTTP, or TLS with passwords."""

from __future__ import annotations

import base64
import json
import ssl
import subprocess
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path

import trustme

from tests.support import tools
from tests.support.processes import Daemon, accepts_connections, free_port


@dataclass(frozen=True)
class Registry:
    """A running registry.

    ``host`` is what a reference starts with ("127.0.0.1:40123"); ``ca`` the PEM file of its authority, None for plain
    HTTP; ``users`` the passwords by name, empty when anybody may read and write. ``client``: the certificate and key it
    asks for, where it asks.
    """

    host: str
    daemon: Daemon
    ca: Path | None = None
    users: dict[str, str] = field(default_factory=dict)
    client: tuple[Path, Path] | None = None

    @property
    def url(self) -> str:
        """The address, without a slash at the end."""
        return f"{'https' if self.ca else 'http'}://{self.host}"

    def docker_config(self, directory: Path) -> Path:
        """Write ``config.json`` with the first user's credentials; returns the directory, for DOCKER_CONFIG."""
        auths = {}
        for name, password in list(self.users.items())[:1]:
            auths[self.host] = {"auth": base64.b64encode(f"{name}:{password}".encode()).decode()}
        directory.mkdir(parents=True, exist_ok=True)
        (directory / "config.json").write_text(json.dumps({"auths": auths}))
        return directory

    def log_tail(self) -> str:
        """The end of its log."""
        return self.daemon.log_tail()


def start_registry(
    directory: Path,
    *,
    tls: bool = False,
    clients: bool = False,
    users: dict[str, str] | None = None,
    auth: dict[str, object] | None = None,
) -> Registry:
    """Start a registry that keeps its blobs under ``directory``; manifests and blobs may be deleted.

    ``auth`` is that section of its configuration, where ``users`` is not enough. ``clients``: it speaks TLS, and only
    with those who show a certificate of its authority.
    """
    program = tools.installed("docker-registry", package="docker-registry")
    directory.mkdir(parents=True, exist_ok=True)
    port = free_port()
    settings: dict[str, object] = {
        "version": 0.1,
        "log": {"level": "info", "accesslog": {"disabled": False}},
        "storage": {"filesystem": {"rootdirectory": str(directory / "data")}, "delete": {"enabled": True}},
        "http": {"addr": f"127.0.0.1:{port}", "secret": "only-for-tests"},
    }
    ca = client = None
    if tls or clients:
        ca, certificate, key = _certificates(directory)
        options: dict[str, object] = {"certificate": str(certificate), "key": str(key)}
        if clients:
            client = certificate, key
            options["clientcas"] = [str(ca)]
        settings["http"] = {"addr": f"127.0.0.1:{port}", "secret": "only-for-tests", "tls": options}
    if users:
        settings["auth"] = {"htpasswd": {"realm": "tests", "path": str(_htpasswd(directory, users))}}
    if auth:
        settings["auth"] = auth
    config = directory / "config.yml"
    config.write_text(json.dumps(settings))
    daemon = Daemon("docker-registry", [program, "serve", config], directory / "registry.log")
    registry = Registry(host=f"127.0.0.1:{port}", daemon=daemon, ca=ca, users=dict(users or {}), client=client)
    daemon.wait_until(lambda: accepts_connections(port) and _answers(registry))
    return registry


def _answers(registry: Registry) -> bool:
    context = ssl.create_default_context(cafile=str(registry.ca)) if registry.ca else None
    if context is not None and registry.client is not None:
        context.load_cert_chain(*registry.client)
    try:
        with urllib.request.urlopen(f"{registry.url}/v2/", timeout=5, context=context) as response:
            return bool(response.status == 200)
    except urllib.error.HTTPError as error:
        return error.code == 401


def _certificates(directory: Path) -> tuple[Path, Path, Path]:
    authority = trustme.CA()
    leaf = authority.issue_cert("127.0.0.1", "localhost")
    ca, certificate, key = (directory / name for name in ("ca.pem", "certificate.pem", "key.pem"))
    authority.cert_pem.write_to_path(ca)
    certificate.write_bytes(b"".join(blob.bytes() for blob in leaf.cert_chain_pems))
    leaf.private_key_pem.write_to_path(key)
    return ca, certificate, key


def _htpasswd(directory: Path, users: dict[str, str]) -> Path:
    program = tools.installed("htpasswd", package="apache2-utils")
    path = directory / "htpasswd"
    lines = [
        subprocess.run([program, "-Bbn", name, password], check=True, capture_output=True, text=True).stdout.strip()
        for name, password in users.items()
    ]
    path.write_text("\n".join(lines) + "\n")
    return path
