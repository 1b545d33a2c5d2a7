"""A cluster is reduced to groups of equal containers, and nothing that could not be listed is passed over."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from gate.audit.inventory import Owner, list_cluster
from gate.audit.items import of_cluster
from gate.audit.model import Drift
from gate.errors import ClusterError
from gate.evidence.kubernetes.cluster import Page

A, B = "sha256:" + "a" * 64, "sha256:" + "b" * 64


class Api:
    """Lists in memory, in pages of two; a list can fail or be inconsistent."""

    name = "fake"

    def __init__(self, **lists: list[dict[str, Any]]) -> None:
        self.lists = lists
        self.fails: dict[str, ClusterError] = {}
        self.inconsistent: set[str] = set()
        self.asked: list[str] = []

    def request(self, method: str, path: str, **_: Any) -> Any:
        raise AssertionError(f"{method} {path}: the inventory only lists")

    def pages(self, path: str, *, limit: int = 500, query: Mapping[str, str] | None = None) -> Iterator[Page]:
        self.asked.append(path)
        plural = path.rpartition("/")[2]
        items = self.lists.get(plural, [])
        if "/namespaces/" in path:
            wanted = path.split("/namespaces/")[1].split("/")[0]
            items = [item for item in items if item["metadata"].get("namespace") == wanted]
        for start in range(0, len(items), 2):
            yield Page(items[start : start + 2], inconsistent=plural in self.inconsistent and start > 0)
        if plural in self.fails:
            raise self.fails[plural]


def pod(
    name: str, *, owner: tuple[str, str] | None = None, image: str = "api:1", digest: str | None = A, **more: Any
) -> dict[str, Any]:
    meta: dict[str, Any] = {"name": name, "namespace": more.pop("namespace", "shop"), "labels": more.pop("labels", {})}
    if owner:
        meta["ownerReferences"] = [{"kind": owner[0], "name": owner[1], "controller": True}]
    statuses = [{"name": "api", "imageID": f"docker.io/library/api@{digest}"}] if digest else []
    return {
        "metadata": meta,
        "spec": {"containers": [{"name": "api", "image": image} | more.pop("container", {})]},
        "status": {"phase": "Running", "containerStatuses": statuses} | more,
    }


def deployment(name: str, image: str = "api:1") -> dict[str, Any]:
    return {
        "metadata": {"name": name, "namespace": "shop"},
        "spec": {"template": {"spec": {"containers": [{"name": "api", "image": image}]}}},
    }


def groups(api: Api) -> set[tuple[Owner, str | None, str | None, int]]:
    return {(g.owner, g.ref.image, g.running, g.count) for g in list_cluster(api).groups}


def test_pods_of_one_deployment_are_one_group() -> None:
    labels = {"pod-template-hash": "7d4b9c"}
    api = Api(pods=[pod(f"api-7d4b9c-{n}", owner=("ReplicaSet", "api-7d4b9c"), labels=labels) for n in range(5)])
    assert groups(api) == {(Owner("shop", "Deployment", "api"), "api:1", A, 5)}


def test_other_images_settings_and_owners_are_groups_of_their_own() -> None:
    api = Api(
        pods=[
            pod("a-0", owner=("StatefulSet", "a")),
            pod("a-1", owner=("StatefulSet", "a"), digest=B),
            pod("a-2", owner=("StatefulSet", "a"), container={"securityContext": {"runAsUser": 5}}),
            pod("b-0", owner=("StatefulSet", "b")),
            pod("backup-28900000-x", owner=("Job", "backup-28900000")),
            pod("alone", digest=None),
        ]
    )
    assert groups(api) == {
        (Owner("shop", "StatefulSet", "a"), "api:1", A, 1),
        (Owner("shop", "StatefulSet", "a"), "api:1", B, 1),
        (Owner("shop", "StatefulSet", "b"), "api:1", A, 1),
        (Owner("shop", "CronJob", "backup"), "api:1", A, 1),
        (Owner("shop", "Pod", "alone"), "api:1", None, 1),
    }
    assert len(list_cluster(api).groups) == 6


def test_a_template_counts_only_where_no_pod_of_it_runs() -> None:
    labels = {"pod-template-hash": "1"}
    api = Api(
        pods=[pod("api-1-x", owner=("ReplicaSet", "api-1"), labels=labels)],
        deployments=[deployment("api"), deployment("idle", "old:1")],
    )
    assert groups(api) == {
        (Owner("shop", "Deployment", "api"), "api:1", A, 1),
        (Owner("shop", "Deployment", "idle"), "old:1", None, 0),
    }


def test_finished_pods_are_counted_as_skipped() -> None:
    inventory = list_cluster(Api(pods=[pod("done", phase="Succeeded"), pod("bad", phase="Failed"), pod("up")]))
    assert (inventory.skipped, len(inventory.groups)) == ({"finished pods": 2}, 1)


def test_a_local_image_id_is_not_taken_for_a_registry_s_digest() -> None:
    one = pod("x")
    one["status"]["containerStatuses"] = [{"name": "api", "imageID": A}]
    assert groups(Api(pods=[one])) == {(Owner("shop", "Pod", "x"), "api:1", None, 1)}


def test_a_list_that_fails_is_named_and_the_rest_is_still_there() -> None:
    api = Api(pods=[pod("a"), pod("b"), pod("c")], deployments=[deployment("idle")])
    api.fails["pods"] = ClusterError("GET /api/v1/pods: 500", status=500)
    inventory = list_cluster(api)
    assert inventory.failures == ["pods: GET /api/v1/pods: 500"]
    assert len(inventory.groups) == 4


def test_an_expired_list_is_named_once() -> None:
    api = Api(pods=[pod(str(n)) for n in range(9)])
    api.inconsistent.add("pods")
    assert list_cluster(api).failures == ["pods: the list expired while it was read"]


def test_one_forbidden_namespace_does_not_hide_another() -> None:
    class Partly(Api):
        def pages(self, path: str, **more: Any) -> Iterator[Page]:
            if "/secret/" in path:
                raise ClusterError("403", status=403)
            yield from super().pages(path, **more)

    inventory = list_cluster(Partly(pods=[pod("a"), pod("b", namespace="secret")]), namespaces=["shop", "secret"])
    assert len(inventory.groups) == 1
    assert any("pods of secret" in failure for failure in inventory.failures)


def test_a_pod_that_cannot_be_read_makes_the_run_incomplete() -> None:
    broken = pod("x")
    broken["spec"] = {"containers": "none"}
    inventory = list_cluster(Api(pods=[broken]))
    assert len(inventory.failures) == 1 and "cannot be read" in inventory.failures[0]


def test_a_namespace_that_is_not_there_is_named_and_no_pass() -> None:
    api = Api(pods=[pod("a")], namespaces=[{"metadata": {"name": "shop"}}])
    assert list_cluster(api, namespaces=["shop", "shpo"]).failures == ["namespace shpo: there is none"]


def test_drift_is_what_each_group_runs_though_two_digests_run_under_one_tag() -> None:
    now = "sha256:" + "c" * 64
    inventory = list_cluster(Api(pods=[pod("old", digest=A), pod("older", digest=B), pod("new", digest=now)]))
    drift = Drift(reference="docker.io/library/api:1", running=A, now=now)
    found = of_cluster(inventory, "c", {drift.reference: drift})
    assert {item.name: [one.running for one in item.drift] for item in found} == {
        "shop/pod/old:api": [A],
        "shop/pod/older:api": [B],
        "shop/pod/new:api": [],
    }
