"""What replicas share in the cluster: the certificate Secret and the ImageFacts, on a real API server."""

from __future__ import annotations

import asyncio
import base64
import datetime as dt
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from gate.errors import ClusterError, StoreError
from gate.evidence.kubernetes.cluster import Cluster, path_of
from gate.webhook.authority import Lives
from gate.webhook.certificates import ManagedCertificates, ManagedNames
from gate.webhook.imagefacts import GROUP_VERSION, LARGEST, PLURAL, ImageFactsStore

from tests.support.kube import Kube

pytestmark = pytest.mark.cluster

CHART = Path(__file__).parents[2] / "charts" / "gate"
VWC = "admissionregistration.k8s.io/v1"
START = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
LIVES = Lives(ca=dt.timedelta(days=30), leaf=dt.timedelta(days=9), settle=dt.timedelta(minutes=10))


@pytest.fixture(scope="module")
def cluster(kube: Kube) -> Iterator[Cluster]:
    connected = Cluster.connect(kube.kubeconfig)
    crd = yaml.safe_load((CHART / "crds" / "imagefacts.yaml").read_text())
    try:
        connected.request("POST", path_of("apiextensions.k8s.io/v1", "customresourcedefinitions"), body=crd)
    except ClusterError as error:
        assert error.status == 409
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            connected.request("GET", path_of(GROUP_VERSION, PLURAL))
            break
        except ClusterError:
            time.sleep(0.2)
    yield connected
    connected.close()


@pytest.fixture
def names(cluster: Cluster, request: pytest.FixtureRequest) -> Iterator[ManagedNames]:
    name = f"gate-{abs(hash(request.node.name)) % 10**8}"
    found = ManagedNames("default", f"{name}-tls", name, (f"{name}.default.svc",))
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": found.secret}, "type": "Opaque"}
    cluster.request("POST", path_of("v1", "secrets", "default"), body=secret)
    hooks = [
        {
            "name": f"{part}.gate-images.dev",
            "clientConfig": {"url": "https://127.0.0.1:1/validate"},
            "admissionReviewVersions": ["v1"],
            "sideEffects": "None",
            "failurePolicy": "Ignore",
            "rules": [
                {
                    "apiGroups": ["never.example"],
                    "apiVersions": ["v1"],
                    "operations": ["CREATE"],
                    "resources": ["things"],
                }
            ],
        }
        for part in ("pods", "templates")
    ]
    body = {"apiVersion": VWC, "kind": "ValidatingWebhookConfiguration", "metadata": {"name": name}, "webhooks": hooks}
    cluster.request("POST", path_of(VWC, "validatingwebhookconfigurations"), body=body)
    yield found
    ManagedCertificates(cluster, found, Path()).remove_webhook()


def bundles(cluster: Cluster, names: ManagedNames) -> list[bytes]:
    found = cluster.request("GET", path_of(VWC, "validatingwebhookconfigurations", name=names.webhook))
    return [base64.b64decode(hook["clientConfig"].get("caBundle", "")) for hook in found["webhooks"]]


def test_the_first_round_fills_the_secret_the_files_and_every_webhook(
    cluster: Cluster, names: ManagedNames, tmp_path: Path
) -> None:
    managed = ManagedCertificates(cluster, names, tmp_path, LIVES)
    made = managed.step(START)
    assert bundles(cluster, names) == [made.bundle, made.bundle]
    assert (managed.certificate.read_bytes(), managed.key.read_bytes()) == (made.leaf, made.leaf_key)
    assert managed.key.stat().st_mode & 0o777 == 0o600


def test_two_replicas_end_with_the_same_certificate(cluster: Cluster, names: ManagedNames, tmp_path: Path) -> None:
    one, two = (ManagedCertificates(cluster, names, tmp_path / side, LIVES) for side in ("a", "b"))
    for side in ("a", "b"):
        (tmp_path / side).mkdir()
    one.step(START)
    two.step(START)
    one.step(START)
    assert one.certificate.read_bytes() == two.certificate.read_bytes()


def test_a_whole_rotation_keeps_what_is_served_trusted(cluster: Cluster, names: ManagedNames, tmp_path: Path) -> None:
    managed = ManagedCertificates(cluster, names, tmp_path, LIVES)
    first = managed.step(START)
    phases = []
    now = START + dt.timedelta(days=21)
    for _ in range(8):
        material = managed.step(now)
        phases.append(material.phase)
        assert all(material.ca.strip() in bundle for bundle in bundles(cluster, names))
        now += dt.timedelta(minutes=6)
    assert list(dict.fromkeys(phases)) == ["introduced", "switched", "steady"]
    assert first.ca not in bundles(cluster, names)[0]


def test_a_webhook_configuration_that_gitops_emptied_is_filled_again(
    cluster: Cluster, names: ManagedNames, tmp_path: Path
) -> None:
    managed = ManagedCertificates(cluster, names, tmp_path, LIVES)
    made = managed.step(START)
    path = path_of(VWC, "validatingwebhookconfigurations", name=names.webhook)
    patch = [{"op": "remove", "path": "/webhooks/0/clientConfig/caBundle"}]
    cluster.request("PATCH", path, body=patch, content_type="application/json-patch+json")
    managed.step(START)
    assert bundles(cluster, names) == [made.bundle, made.bundle]


def test_the_webhook_can_be_removed_and_is_then_gone(cluster: Cluster, names: ManagedNames, tmp_path: Path) -> None:
    managed = ManagedCertificates(cluster, names, tmp_path, LIVES)
    assert (managed.remove_webhook(), managed.remove_webhook()) == (True, False)
    assert managed.step(START).phase == "steady"


# --- ImageFacts ------------------------------------------------------------------------------------------------


def facts(cluster: Cluster, day: str = "2026-11-21") -> ImageFactsStore:
    return ImageFactsStore(cluster, lambda: dt.date.fromisoformat(day))


def objects(cluster: Cluster) -> list[dict[str, Any]]:
    return [item for page in cluster.pages(path_of(GROUP_VERSION, PLURAL)) for item in page.items]


def test_facts_come_back_as_they_went_in(cluster: Cluster) -> None:
    store = facts(cluster)

    async def talk() -> list[bytes | None]:
        await store.put("facts/v1/sha256:aa", b"one" * 100, reference="reg.io/api:1")
        await store.put("facts/v1/sha256:aa", b"two" * 100, reference="reg.io/api:1")
        return [await store.get("facts/v1/sha256:aa"), await store.get("facts/v2/sha256:aa")]

    assert asyncio.run(talk()) == [b"two" * 100, None]


@pytest.mark.parametrize("field", ["facts", "checksum"])
def test_an_object_that_was_edited_is_not_believed(cluster: Cluster, field: str) -> None:
    store = facts(cluster)
    key = f"facts/v1/sha256:edited-{field}"
    asyncio.run(store.put(key, b"root: true", reference="x"))
    (found,) = [item for item in objects(cluster) if item["spec"]["digest"] == f"sha256:edited-{field}"]
    found["spec"][field] = base64.b64encode(b"root: false").decode()
    cluster.request("PUT", path_of(GROUP_VERSION, PLURAL, name=found["metadata"]["name"]), body=found)
    assert asyncio.run(store.get(key)) is None


def test_an_object_copied_to_another_image_is_not_believed(cluster: Cluster) -> None:
    store = facts(cluster)
    asyncio.run(store.put("facts/v1/sha256:good", b"good", reference="x"))
    asyncio.run(store.put("facts/v1/sha256:evil", b"evil", reference="x"))
    by_digest = {item["spec"]["digest"]: item for item in objects(cluster)}
    evil = by_digest["sha256:evil"]
    evil["spec"] |= {key: by_digest["sha256:good"]["spec"][key] for key in ("facts", "checksum")}
    cluster.request("PUT", path_of(GROUP_VERSION, PLURAL, name=evil["metadata"]["name"]), body=evil)
    assert asyncio.run(store.get("facts/v1/sha256:evil")) is None


def test_what_is_larger_than_8_kb_is_not_stored(cluster: Cluster) -> None:
    store = facts(cluster)
    asyncio.run(store.put("facts/v1/sha256:large", os.urandom(LARGEST), reference="x"))
    assert asyncio.run(store.get("facts/v1/sha256:large")) is None


def test_unused_objects_are_pruned_and_used_ones_stay(cluster: Cluster) -> None:
    asyncio.run(facts(cluster, "2026-10-01").put("facts/v1/sha256:old", b"old", reference="x"))
    asyncio.run(facts(cluster, "2026-10-01").put("facts/v1/sha256:kept", b"kept", reference="x"))
    today = facts(cluster)
    assert asyncio.run(today.get("facts/v1/sha256:kept")) == b"kept"
    assert asyncio.run(today.prune(dt.timedelta(days=30))) == 1
    digests = {item["spec"]["digest"] for item in objects(cluster)}
    assert "sha256:old" not in digests and "sha256:kept" in digests


def test_no_rights_are_a_store_error(kube: Kube, cluster: Cluster) -> None:
    nobody = ImageFactsStore(Cluster.connect(kube.kubeconfig_of("nobody")), lambda: dt.date(2026, 1, 1))
    with pytest.raises(StoreError):
        asyncio.run(nobody.get("facts/v1/sha256:aa"))
