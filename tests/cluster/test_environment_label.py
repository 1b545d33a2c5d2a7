"""Environments by a label of the namespace, on a real API server: who may set it, and what it then changes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.kube import Kube
from tests.support.serving import GateServer, pod, settings_for, start_gate
from tests.support.webhooks import GROUP, Said, ask, configuration, create, installed, namespace, until

pytestmark = [pytest.mark.cluster, pytest.mark.go, pytest.mark.registry]

KEY = "acme.dev/environment"
SETTINGS = f"""
environment_label: {{key: {KEY}, groups: ["system:masters"]}}
environments:
  - {{name: dev, labels: [dev, test]}}
  - {{name: prod, namespaces: ["*"]}}
"""
NAMESPACES = "/api/v1/namespaces"
MERGE = "application/merge-patch+json"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, images: dict[str, str]) -> Iterator[GateServer]:
    host = images["good"].partition("/")[0]
    settings = settings_for(host, more=SETTINGS)
    started = start_gate(tmp_path_factory.mktemp("labels"), settings, arguments=[f"--guarded-label={KEY}"])
    yield started
    started.stop()


@pytest.fixture(scope="module")
def guarded(kube: Kube, helm: Path, server: GateServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kube]:
    """The chart's configuration in force for some namespaces, and a user who may do anything to namespaces."""
    rights = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRole",
        "metadata": {"name": "namespaces"},
        "rules": [
            {
                "apiGroups": [""],
                "resources": ["namespaces", "namespaces/status", "namespaces/finalize"],
                "verbs": ["get", "create", "update", "patch"],
            }
        ],
    }
    binding = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": "namespaces"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "namespaces"},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "nobody"}],
    }
    for each in (rights, binding):
        path = f"/apis/rbac.authorization.k8s.io/v1/{each['kind'].lower()}s"  # type: ignore[attr-defined]
        assert kube.request("POST", path, each)[0] == 201
    values = tmp_path_factory.mktemp("values") / "values.yaml"
    settings = yaml.safe_load(f"version: 1\n{SETTINGS}")
    values.write_text(yaml.safe_dump({"rollout": "enforce", "settings": settings}))
    names = ["flipped", "born-dev", "reborn", "unlabelled"]
    config = configuration(helm, server, "gate-labels", names, "--values", str(values))
    namespace(kube, "flipped")
    with installed(kube, config, "flipped"):
        until(lambda: allowed(label(kube, "flipped", "probe", user="nobody")) is False, "the guard is not in force")
        yield kube


def allowed(said: Said) -> bool:
    return said.status in (200, 201)


def label(kube: Kube, name: str, value: str | None, *, user: str, subresource: str = "") -> Said:
    """Set the label by a patch, or take it away."""
    path = f"{NAMESPACES}/{name}{subresource}"
    return ask(kube, "PATCH", path, {"metadata": {"labels": {KEY: value}}}, user=user, content_type=MERGE)


def finalize(kube: Kube, name: str, value: str, *, user: str) -> Said:
    """Set the label by the subresource that takes finalizers away."""
    found = kube.request("GET", f"{NAMESPACES}/{name}")[1]
    found["metadata"]["labels"][KEY] = value
    return ask(kube, "PUT", f"{NAMESPACES}/{name}/finalize", found, user=user)


def held(kube: Kube, name: str) -> str | None:
    labels: dict[str, str] = kube.request("GET", f"{NAMESPACES}/{name}")[1]["metadata"]["labels"]
    return labels.get(KEY)


WAYS: dict[str, Callable[..., Said]] = {
    "a patch": label,
    "a patch of its status": lambda *it, **more: label(*it, **more, subresource="/status"),
    "an update of its finalizers": finalize,
}


@pytest.mark.parametrize("way", WAYS)
def test_an_ordinary_user_does_not_set_it_by_any_way_and_a_group_that_may_does(guarded: Kube, way: str) -> None:
    before = held(guarded, "flipped")
    refused = WAYS[way](guarded, "flipped", "dev", user="nobody")
    assert (refused.status, held(guarded, "flipped")) == (403, before)
    start = (
        'admission webhook "namespaces.gate-images.dev" denied the request: gate denied changing acme.dev/environment'
    )
    assert refused.message.startswith(start) and "Fix: ask a member of system:masters." in refused.message
    done = WAYS[way](guarded, "flipped", "dev", user="admin")
    assert allowed(done), done.message
    assert held(guarded, "flipped") == "dev"  # so that way does change labels
    removed = label(guarded, "flipped", None, user="nobody")
    assert (removed.status, held(guarded, "flipped")) == (403, "dev")
    assert allowed(label(guarded, "flipped", None, user="admin")) and held(guarded, "flipped") is None


def test_an_ordinary_user_makes_namespaces_without_it_only(guarded: Kube) -> None:
    def made(name: str, user: str, **labels: str) -> Said:
        body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}
        return ask(guarded, "POST", NAMESPACES, body, user=user)

    assert made("born-dev", "nobody", **{KEY: "dev"}).status == 403
    assert made("unlabelled", "nobody", team="a").status == 201
    assert made("reborn", "admin", **{KEY: "dev"}).status == 201


def test_other_labels_and_what_else_users_do_to_namespaces_never_ask_gate(guarded: Kube, server: GateServer) -> None:
    before = len([each for each in server.logs() if each.get("resource") == "/namespaces"])
    body: dict[str, Any] = {"metadata": {"labels": {"team": "b"}, "annotations": {"a": "b"}}}
    assert ask(guarded, "PATCH", f"{NAMESPACES}/flipped", body, user="nobody", content_type=MERGE).status == 200
    assert len([each for each in server.logs() if each.get("resource") == "/namespaces"]) == before


def test_the_environment_changes_with_the_label_and_back(guarded: Kube, images: dict[str, str]) -> None:
    def admitted() -> bool:
        return create(guarded, "flipped", pod(images["bad"]), dry_run=True).allowed

    refused = create(guarded, "flipped", pod(images["bad"]), dry_run=True)
    assert refused.status == 403 and "[prod, policy" in refused.message
    assert allowed(label(guarded, "flipped", "test", user="admin"))
    until(admitted, "the API server does not see the label")
    said = create(guarded, "flipped", pod(images["bad"]), dry_run=True)
    assert any("non-root" in each for each in said.warnings)
    assert allowed(label(guarded, "flipped", "other", user="admin"))
    until(lambda: not admitted(), "a value that chooses nothing still chooses")
    assert allowed(label(guarded, "flipped", None, user="admin"))
    assert not admitted()


def test_with_gate_down_the_label_stays_as_it_is_and_everything_else_goes_on(
    kube: Kube, guarded: Kube, helm: Path, server: GateServer
) -> None:
    config = guarded.request("GET", f"{GROUP}/gate-labels")[1]
    gone = [{**each, "clientConfig": {"url": "https://127.0.0.1:1/guard"}} for each in config["webhooks"]]
    name = namespace(kube, "guard-down")
    for each in gone:
        (only,) = [one for one in each["namespaceSelector"]["matchExpressions"] if one["operator"] == "In"][-1:]
        only["values"] = [name]
    body = {**config, "metadata": {"name": "gate-labels-down"}, "webhooks": [each for each in gone if _guards(each)]}
    assert kube.request("POST", GROUP, body)[0] == 201
    try:
        until(lambda: not allowed(label(kube, name, "dev", user="admin")), "the guard that is down is not in force")
        assert held(kube, name) is None
        other = {"metadata": {"labels": {"team": "b"}}}
        assert ask(kube, "PATCH", f"{NAMESPACES}/{name}", other, user="nobody", content_type=MERGE).status == 200
    finally:
        kube.request("DELETE", f"{GROUP}/gate-labels-down")


def _guards(hook: dict[str, Any]) -> bool:
    return str(hook["name"]).startswith("namespaces.")
