"""Lists and writes against a real API server: pages, refusals with their status, expired tokens."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from gate.errors import ClusterError
from gate.evidence.kubernetes.cluster import Cluster, path_of

from tests.support.kube import Kube

pytestmark = pytest.mark.cluster


@pytest.fixture(scope="module")
def cluster(kube: Kube) -> Iterator[Cluster]:
    connected = Cluster.connect(kube.kubeconfig)
    yield connected
    connected.close()


@pytest.fixture(scope="module")
def namespace(cluster: Cluster) -> str:
    body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "paging"}}
    cluster.request("POST", path_of("v1", "namespaces"), body=body)
    for number in range(7):
        pod = {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": f"p{number}"},
            "spec": {"containers": [{"name": "c", "image": "x:1"}]},
        }
        cluster.request("POST", path_of("v1", "pods", "paging"), body=pod)
    return "paging"


def test_a_list_comes_in_pages_without_managed_fields(cluster: Cluster, namespace: str) -> None:
    pages = list(cluster.pages(path_of("v1", "pods", namespace), limit=3))
    assert [len(page.items) for page in pages] == [3, 3, 1]
    names = [item["metadata"]["name"] for page in pages for item in page.items]
    assert names == [f"p{number}" for number in range(7)]
    assert not any("managedFields" in item["metadata"] for page in pages for item in page.items)
    assert not any(page.inconsistent for page in pages)


@pytest.mark.parametrize(
    ("path", "status"),
    [("/api/v1/namespaces/paging/pods/none", 404), ("/apis/none.example/v1/things", 404)],
)
def test_a_refusal_carries_its_status(cluster: Cluster, namespace: str, path: str, status: int) -> None:
    with pytest.raises(ClusterError) as caught:
        cluster.request("GET", path)
    assert caught.value.status == status


def test_a_user_without_rights_is_told_so(kube: Kube, namespace: str) -> None:
    nobody = Cluster.connect(kube.kubeconfig_of("nobody"))
    with pytest.raises(ClusterError) as caught:
        list(nobody.pages(path_of("v1", "pods", namespace)))
    assert caught.value.status == 403
    assert caught.value.hint is not None


def test_a_write_with_an_old_version_is_a_conflict(cluster: Cluster, namespace: str) -> None:
    path = path_of("v1", "configmaps", namespace)
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}, "data": {"a": "1"}}
    made = cluster.request("POST", path, body=body)
    made["data"]["a"] = "2"
    cluster.request("PUT", f"{path}/c", body=made)
    with pytest.raises(ClusterError) as caught:
        cluster.request("PUT", f"{path}/c", body=made)
    assert caught.value.status == 409
    patch = [{"op": "replace", "path": "/data/a", "value": "3"}]
    patched = cluster.request("PATCH", f"{path}/c", body=patch, content_type="application/json-patch+json")
    assert patched["data"] == {"a": "3"}


def test_no_server_is_one_clear_line(kube: Kube, tmp_path: Path) -> None:
    text = kube.kubeconfig.read_text().replace(kube.url, "https://127.0.0.1:1")
    (tmp_path / "config").write_text(text)
    with pytest.raises(ClusterError) as caught:
        Cluster.connect(tmp_path / "config").request("GET", "/version")
    assert caught.value.status == 0
    assert "no answer" in str(caught.value)


@pytest.mark.parametrize("text", ["", "not: [yaml", "kind: Config\n"])
def test_a_broken_kubeconfig_is_one_clear_line(tmp_path: Path, text: str) -> None:
    (tmp_path / "config").write_text(text)
    with pytest.raises(ClusterError, match="cannot load"):
        Cluster.connect(tmp_path / "config")
