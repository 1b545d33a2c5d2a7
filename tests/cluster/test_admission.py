"""Every kind and role in front of a real API server: what is denied, warned about, and let through untouched."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cluster.conftest import BAD, GOOD
from tests.support.kube import Kube
from tests.support.serving import GateServer, pod, settings_for, start_gate
from tests.support.webhooks import (
    GROUP,
    KINDS,
    ask,
    configuration,
    create,
    holder,
    installed,
    namespace,
    patch,
    path_to,
    until,
)

pytestmark = [pytest.mark.cluster, pytest.mark.go, pytest.mark.registry]

CUSTOM = """custom_resources:
  - {group: example.dev, version: v1, resource: rollouts, kind: Rollout, pod_spec: spec.template.spec}
"""
CUSTOM_VALUES = "webhook.customResources[0].group=example.dev,webhook.customResources[0].resource=rollouts"


@pytest.fixture(scope="module")
def server(
    tmp_path_factory: pytest.TempPathFactory, kube: Kube, images: dict[str, str], opa_binary: Path
) -> Iterator[GateServer]:
    host = images["good"].partition("/")[0]
    folder = tmp_path_factory.mktemp("gate")
    started = start_gate(folder, settings_for(host, more=CUSTOM), opa=True)
    yield started
    started.stop()


@pytest.fixture(scope="module")
def shop(kube: Kube, server: GateServer, helm: Path) -> Iterator[str]:
    """A namespace that gate guards."""
    name = namespace(kube, "shop")
    config = configuration(
        helm,
        server,
        "gate-shop",
        [name],
        "--set=rollout=enforce",
        "--set",
        f"{CUSTOM_VALUES},webhook.customResources[0].version=v1",
    )
    with installed(kube, config, name):
        yield name


NAMES = iter(f"w{number}" for number in range(10_000))


def named(obj: dict[str, Any]) -> dict[str, Any]:
    """The object under a name of its own."""
    return obj | {"metadata": {**obj["metadata"], "name": next(NAMES)}}


# --- pods --------------------------------------------------------------------------------------------------------


def in_role(role: str, good: str, image: str) -> dict[str, Any]:
    """A Pod that is good but for ``image`` in one role."""
    if role == "container":
        return pod(image)
    if role == "init":
        return pod(good, initContainers=[{"name": "i", "image": image}])
    if role == "sidecar":
        return pod(good, initContainers=[{"name": "i", "image": image, "restartPolicy": "Always"}])
    return pod(good, volumes=[{"name": "v", "image": {"reference": image}}])


@pytest.mark.parametrize("dry_run", [False, True], ids=["real", "dry run"])
@pytest.mark.parametrize("role", ["container", "init", "sidecar", "volume"])
def test_a_bad_image_is_denied_in_every_role_and_a_good_one_is_not(
    kube: Kube, shop: str, images: dict[str, str], role: str, dry_run: bool
) -> None:
    denied = create(kube, shop, named(in_role(role, images["good"], images["bad"])), dry_run=dry_run)
    allowed = create(kube, shop, named(in_role(role, images["good"], images["good"])), dry_run=dry_run)
    assert (denied.status, allowed.status) == (403, 201)
    start = 'admission webhook "pods.gate-images.dev" denied the request: gate denied '
    assert denied.message.startswith(start)
    what = {"container": 'container "c"', "volume": 'image volume "v"'}.get(role, f'{role} container "i"')
    assert f"{what} ({images['bad']}@{BAD.digest[:19]})" in denied.message
    assert "no-shell: " in denied.message and "Fix: " in denied.message


def test_a_refusal_is_forbidden_and_lists_all_that_is_wrong(kube: Kube, shop: str, images: dict[str, str]) -> None:
    said = create(kube, shop, named(in_role("init", images["bad"], images["bad"])))
    assert (said.body["code"], said.body["reason"]) == (403, "Forbidden")
    for container in ('init container "i"', 'container "c"'):
        part = said.message.partition(container)[2].partition(" | ")[0]
        assert all(f"{rule}: " in part for rule in ("non-root", "no-shell", "approved-base"))


def test_warnings_reach_the_user_and_each_is_short(kube: Kube, shop: str, images: dict[str, str]) -> None:
    said = create(kube, shop, named(pod(images["good"])), dry_run=True)
    assert any("require-digest" in each for each in said.warnings)
    assert all(len(each) <= 300 and "\n" not in each for each in said.warnings)


def test_a_debug_container_is_judged_on_its_subresource(kube: Kube, shop: str, images: dict[str, str]) -> None:
    made = named(pod(images["good"]))
    assert create(kube, shop, made).allowed
    where = path_to("Pod", shop, made["metadata"]["name"], "ephemeralcontainers")

    def debug(name: str, image: str, **more: Any) -> Any:
        return patch(kube, where, {"spec": {"ephemeralContainers": [{"name": name, "image": image, **more}]}})

    bad = debug("d1", images["bad"])
    assert bad.status == 403 and 'ephemeral container "d1"' in bad.message and "non-root" in bad.message
    assert debug("d2", images["good"]).allowed


def test_a_resize_changes_no_image_and_needs_no_judgement(
    kube: Kube, shop: str, server: GateServer, images: dict[str, str]
) -> None:
    resources = {"requests": {"cpu": "100m"}, "limits": {"cpu": "100m"}}
    made = named(pod(images["good"], container={"resources": resources}))
    assert create(kube, shop, made).allowed
    where = path_to("Pod", shop, made["metadata"]["name"], "resize")
    change = {"requests": {"cpu": "200m"}, "limits": {"cpu": "200m"}}
    before = len(server.logs())
    said = patch(kube, where, {"spec": {"containers": [{"name": "c", "resources": change}]}})
    assert said.allowed, said.message
    assert [each for each in server.logs()[before:] if each["message"] == "review"] == []


def test_status_binding_and_eviction_never_reach_gate(
    kube: Kube, shop: str, server: GateServer, images: dict[str, str]
) -> None:
    made = named(pod(images["good"]))
    name = made["metadata"]["name"]
    assert create(kube, shop, made).allowed
    before = server.metric("gate_admission_total", verdict="pass") or 0
    patch(kube, path_to("Pod", shop, name, "status"), {"status": {"phase": "Running"}})
    binding = {"apiVersion": "v1", "kind": "Binding", "metadata": {"name": name}, "target": {"name": "node"}}
    assert ask(kube, "POST", path_to("Pod", shop, name, "binding"), binding).allowed
    eviction = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name}}
    assert ask(kube, "POST", path_to("Pod", shop, name, "eviction"), eviction).status in (200, 201)
    total = sum(server.metric("gate_admission_total", verdict=each) or 0 for each in ("pass",))
    assert total == before


FORGED: dict[str, dict[str, Any]] = {
    "owner": {
        "ownerReferences": [
            {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "x", "uid": "1", "controller": True}
        ]
    },
    "finalizer": {"finalizers": ["example.dev/never"], "deletionTimestamp": "2026-01-01T00:00:00Z"},
    "labels": {"labels": {"gate": "ignore", "gate-images.dev/skip": "true", "app.kubernetes.io/name": "gate"}},
    "mirror": {"annotations": {"kubernetes.io/config.mirror": "x", "kubernetes.io/config.source": "file"}},
}


@pytest.mark.parametrize("meta", FORGED.values(), ids=FORGED.keys())
def test_what_users_write_about_a_pod_exempts_nothing(
    kube: Kube, shop: str, images: dict[str, str], meta: dict[str, Any]
) -> None:
    said = create(kube, shop, named(pod(images["bad"], metadata=meta)))
    assert said.status == (422 if "annotations" in meta else 403)  # no user may write a mirror at all


def test_labels_of_a_namespace_exempt_nothing(kube: Kube, shop: str, images: dict[str, str]) -> None:
    labels = {"gate": "ignore", "environment": "dev", "pod-security.kubernetes.io/enforce": "privileged"}
    assert patch(kube, f"/api/v1/namespaces/{shop}", {"metadata": {"labels": labels}}).allowed
    forged = {"metadata": {"labels": {"kubernetes.io/metadata.name": "kube-system"}}}
    patch(kube, f"/api/v1/namespaces/{shop}", forged)
    assert create(kube, shop, named(pod(images["bad"]))).status == 403


def test_an_image_that_changes_in_a_pod_is_judged_and_a_label_is_not(
    kube: Kube, shop: str, server: GateServer, images: dict[str, str]
) -> None:
    made = named(pod(images["good"]))
    assert create(kube, shop, made).allowed
    where = path_to("Pod", shop, made["metadata"]["name"])
    before = len(server.logs())
    assert patch(kube, where, {"metadata": {"labels": {"a": "b"}}}).allowed
    assert [each for each in server.logs()[before:] if each["message"] == "review"] == []
    assert patch(kube, where, {"spec": {"containers": [{"name": "c", "image": images["bad"]}]}}).status == 403


def test_kube_system_and_gate_s_own_namespace_are_left_alone(kube: Kube, shop: str, helm: Path) -> None:
    status, config = kube.request("GET", f"{GROUP}/gate-shop")
    assert status == 200
    for hook in config["webhooks"]:
        first = hook["namespaceSelector"]["matchExpressions"][0]
        assert (first["operator"], set(first["values"])) == ("NotIn", {"kube-system", "gate-system"})


# --- what holds pods ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_a_template_is_warned_about_and_a_good_one_is_not(
    kube: Kube, shop: str, images: dict[str, str], kind: str
) -> None:
    bad = create(kube, shop, holder(kind, images["bad"], next(NAMES)), dry_run=True)
    good = create(kube, shop, holder(kind, images["good"], next(NAMES)), dry_run=True)
    assert (bad.status, good.status) == (201, 201), bad.message + good.message
    assert any("gate would refuse this once enforced: denied container" in each for each in bad.warnings)
    assert not any("would refuse" in each for each in good.warnings)


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory, kube: Kube, helm: Path, images: dict[str, str]) -> Iterator[str]:
    """A namespace where templates are refused as well, by the engine in process."""
    host = images["good"].partition("/")[0]
    server = start_gate(tmp_path_factory.mktemp("strict"), settings_for(host), arguments=["--templates=enforce"])
    name = namespace(kube, "strict")
    try:
        with installed(kube, configuration(helm, server, "gate-strict", [name], "--set=rollout=enforce"), name):
            yield name
    finally:
        server.stop()


@pytest.mark.parametrize("kind", KINDS)
def test_a_template_is_denied_where_that_is_configured(
    kube: Kube, strict: str, images: dict[str, str], kind: str
) -> None:
    bad = create(kube, strict, holder(kind, images["bad"], next(NAMES)))
    good = create(kube, strict, holder(kind, images["good"], next(NAMES)), dry_run=True)
    assert (bad.status, good.status) == (403, 201), good.message
    assert 'admission webhook "templates.gate-images.dev" denied the request: gate denied container "c"' in bad.message


def test_pods_of_controllers_are_judged_whatever_made_them(kube: Kube, shop: str, images: dict[str, str]) -> None:
    kube.start_controllers()
    made = {}
    for kind in ("Deployment", "StatefulSet", "Job", "ReplicationController"):
        for word in ("good", "bad"):
            obj = holder(kind, images[word], next(NAMES))
            made[kind, word] = obj["metadata"]["name"]
            assert create(kube, shop, obj).allowed

    def pods_of(name: str) -> list[Any]:
        query = f"/api/v1/namespaces/{shop}/pods?labelSelector=app%3D{name}"
        return list(kube.request("GET", query)[1]["items"])

    def refusals(name: str) -> list[str]:
        events = kube.request("GET", f"/api/v1/namespaces/{shop}/events?limit=500")[1]["items"]
        return [
            each["message"]
            for each in events
            if each["involvedObject"]["name"].startswith(name) and "denied the request: gate denied" in each["message"]
        ]

    for kind in ("Deployment", "StatefulSet", "Job", "ReplicationController"):
        until(lambda name=made[kind, "good"]: pods_of(name), f"no good Pod of a {kind}")  # type: ignore[misc]
        until(lambda name=made[kind, "bad"]: refusals(name), f"no refusal for a {kind}")  # type: ignore[misc]
        assert pods_of(made[kind, "bad"]) == []


# --- custom resources, conversion --------------------------------------------------------------------------------

ROLLOUTS = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "rollouts.example.dev"},
    "spec": {
        "group": "example.dev",
        "scope": "Namespaced",
        "names": {"kind": "Rollout", "plural": "rollouts", "singular": "rollout"},
        "versions": [
            {
                "name": version,
                "served": True,
                "storage": version == "v1",
                "schema": {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}},
            }
            for version in ("v1", "v1beta1")
        ],
    },
}


def test_a_custom_resource_asked_for_in_another_version_is_converted_and_judged(
    kube: Kube, shop: str, server: GateServer, images: dict[str, str]
) -> None:
    status, body = kube.request("POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", ROLLOUTS)
    assert status in (201, 409), body
    where = "/apis/example.dev/v1beta1/namespaces/shop/rollouts"
    until(lambda: ask(kube, "GET", where).allowed, "the custom resource is not served")

    def make(image: str) -> Any:
        obj = holder("Deployment", image, next(NAMES)) | {"apiVersion": "example.dev/v1beta1", "kind": "Rollout"}
        return ask(kube, "POST", f"{where}?dryRun=All", obj)

    until(lambda: any("would refuse" in each for each in make(images["bad"]).warnings), "it is not judged")
    assert not any("would refuse" in each for each in make(images["good"]).warnings)
    line = [each for each in server.logs() if each.get("resource") == "example.dev/rollouts"][-1]
    assert line["requestResource"] == "example.dev/rollouts"


# --- what the API server keeps -----------------------------------------------------------------------------------


def test_audit_annotations_are_valid_and_name_policy_and_digest(kube: Kube, shop: str, images: dict[str, str]) -> None:
    made = named(pod(images["good"]))
    assert create(kube, shop, made).allowed
    lines = [json.loads(line) for line in (kube.directory / "audit.log").read_text().splitlines()]
    (event,) = [
        each
        for each in lines
        if each["verb"] == "create" and (each.get("objectRef") or {}).get("name") == made["metadata"]["name"]
    ]
    found = {key: value for key, value in event["annotations"].items() if "gate-images.dev/" in key}
    assert set(found) == {f"pods.gate-images.dev/{key}" for key in ("verdict", "policy", "images", "findings")}
    assert found["pods.gate-images.dev/verdict"] == "pass"
    assert found["pods.gate-images.dev/images"] == f"{images['good']}={GOOD.digest}"
    assert found["pods.gate-images.dev/policy"].startswith("sha256:")
