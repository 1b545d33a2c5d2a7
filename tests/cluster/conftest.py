"""One API server for all cluster tests, with an audit log."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.kube import Kube, start_kube
from tests.support.oci_images import Image, Pusher, make_image
from tests.support.registry import Registry

AUDIT_POLICY = """apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
  - level: Metadata
    verbs: [create, update, patch]
    resources: [{group: ""}, {group: apps}, {group: batch}]
"""

GOOD = make_image({"app": b"program"}, config={"User": "10001:10001", "Entrypoint": ["/app"]})
BAD = make_image({"bin/sh": b"shell", "etc/os-release": b"ID=x"}, config={"Cmd": ["sh"]})


@pytest.fixture(scope="session")
def kube(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kube]:
    """A real API server and its etcd; ``kube.start_controllers()`` adds the controllers."""
    folder = tmp_path_factory.mktemp("kube")
    (folder / "audit-policy.yaml").write_text(AUDIT_POLICY)
    flags = [f"--audit-policy-file={folder / 'audit-policy.yaml'}", f"--audit-log-path={folder / 'audit.log'}"]
    cluster = start_kube(folder, apiserver_flags=[*flags, "--audit-log-mode=blocking"])
    yield cluster
    cluster.stop()


@pytest.fixture(scope="session")
def images(docker_registry: Registry) -> dict[str, str]:
    """References of a good and a bad image."""
    return push_images(docker_registry)


def push_images(registry: Registry) -> dict[str, str]:
    """Put a good and a bad image into a registry; their references."""
    pusher = Pusher(registry.url)
    found: dict[str, Image] = {"good": GOOD, "bad": BAD}
    for name, image in found.items():
        pusher.image(f"cluster/{name}", "1", image)
    return {name: f"{registry.host}/cluster/{name}:1" for name in found}
