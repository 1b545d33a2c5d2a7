"""Every holder of a pod spec and every role of container is found; misshapen objects are errors, never silence."""

from __future__ import annotations

from typing import Any

import pytest
from gate.errors import ManifestError
from gate.evidence.kubernetes.workloads import POD_SPEC_PATHS, CustomResource, containers_of, holder_of

SPEC: dict[str, Any] = {
    "initContainers": [
        {"name": "migrate", "image": "m:1"},
        {"name": "proxy", "image": "p:1", "restartPolicy": "Always"},
    ],
    "containers": [
        {"name": "api", "image": "a:1", "command": ["/api"], "volumeMounts": [{"name": "tmp", "mountPath": "/tmp"}]}
    ],
    "ephemeralContainers": [{"name": "debug", "image": "d:1", "targetContainerName": "api"}],
    "volumes": [
        {"name": "tmp", "emptyDir": {"medium": "Memory"}},
        {"name": "model", "image": {"reference": "v:1", "pullPolicy": "Always"}},
    ],
}


def wrap(group: str, kind: str, spec: object, path: str | None = None) -> dict[str, Any]:
    obj: dict[str, Any] = {
        "apiVersion": f"{group}/v1" if group else "v1",
        "kind": kind,
        "metadata": {"name": "x", "namespace": "shop", "labels": {"app": "x"}},
    }
    here = obj
    keys = (path or POD_SPEC_PATHS[(group, kind)]).split(".")
    for key in keys[:-1]:
        here = here.setdefault(key, {})
    here[keys[-1]] = spec
    return obj


@pytest.mark.parametrize(("group", "kind"), sorted(POD_SPEC_PATHS))
def test_every_kind_of_the_api_shows_all_its_roles(group: str, kind: str) -> None:
    holder = holder_of(wrap(group, kind, SPEC))
    assert holder is not None
    assert (holder.kind, holder.namespace, holder.name, holder.is_pod) == (kind, "shop", "x", kind == "Pod")
    found = {(c.role, c.name, c.image, c.image_pointer.removeprefix(holder.pointer)) for c in containers_of(holder)}
    assert found == {
        ("init", "migrate", "m:1", "/initContainers/0/image"),
        ("sidecar", "proxy", "p:1", "/initContainers/1/image"),
        ("container", "api", "a:1", "/containers/0/image"),
        ("ephemeral", "debug", "d:1", "/ephemeralContainers/0/image"),
        ("volume", "model", "v:1", "/volumes/1/image/reference"),
    }


def test_a_custom_resource_is_judged_at_its_configured_path() -> None:
    custom = [CustomResource(group="argoproj.io", kind="Rollout", path="spec.template.spec")]
    rollout = wrap("argoproj.io", "Rollout", SPEC, "spec.template.spec")
    holder = holder_of(rollout, custom)
    assert holder is not None and len(containers_of(holder)) == 5
    assert holder_of(rollout) is None


@pytest.mark.parametrize("kind", ["Service", "ConfigMap", "Namespace"])
def test_kinds_without_a_pod_spec_hold_nothing(kind: str) -> None:
    assert holder_of({"apiVersion": "v1", "kind": kind, "metadata": {"name": "x"}}) is None


def test_a_kind_of_another_group_is_not_taken_for_the_api_s_own() -> None:
    assert holder_of({"apiVersion": "example.com/v1", "kind": "Deployment", "spec": {}}) is None


def test_an_old_extensions_deployment_is_still_a_deployment() -> None:
    old = wrap("apps", "Deployment", SPEC) | {"apiVersion": "extensions/v1beta1"}
    holder = holder_of(old)
    assert holder is not None and len(containers_of(holder)) == 5


@pytest.mark.parametrize(
    "spec",
    [None, [], "x", {"containers": {}}, {"containers": ["x"]}, {"containers": [{"name": 1}]},
     {"containers": [{"image": ["a"]}]}, {"volumes": [{"image": "x"}]}, {"containers": [{"securityContext": 1}]},
     {"containers": [{"command": "x"}]}, {"securityContext": "x"}, {"initContainers": 5}, {"volumes": 3}],
    ids=repr,
)  # fmt: skip
def test_a_misshapen_pod_spec_is_an_error_not_an_empty_pod(spec: object) -> None:
    with pytest.raises(ManifestError):
        holder = holder_of(wrap("", "Pod", spec))
        assert holder is not None
        containers_of(holder)


def test_more_containers_than_the_bound_are_refused() -> None:
    holder = holder_of(wrap("", "Pod", {"containers": [{"name": str(i), "image": "a"} for i in range(1_001)]}))
    assert holder is not None
    with pytest.raises(ManifestError, match="at most 1000"):
        containers_of(holder)


def test_mounts_carry_the_type_and_medium_of_their_volume() -> None:
    holder = holder_of(wrap("", "Pod", SPEC))
    assert holder is not None
    (api,) = [c for c in containers_of(holder) if c.name == "api"]
    assert [(m.path, m.name, m.source, m.medium) for m in api.mounts] == [("/tmp", "tmp", "emptyDir", "Memory")]
