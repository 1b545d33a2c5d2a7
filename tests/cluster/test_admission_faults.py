"""What a cluster goes through while gate, OPA, the registry or certificates fail, change or are replaced."""

from __future__ import annotations

import base64
import datetime as dt
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from gate.evidence.kubernetes.cluster import Cluster, path_of
from gate.webhook.authority import Lives
from gate.webhook.certificates import ManagedCertificates, ManagedNames
from gate.webhook.selftest import report_event, run_self_test

from tests.cluster.conftest import GOOD, push_images
from tests.support.balancer import Balancer
from tests.support.kube import Kube
from tests.support.load import Load
from tests.support.oci_images import Pusher
from tests.support.processes import free_port
from tests.support.registry import Registry, start_registry
from tests.support.serving import GateServer, Pair, base64_of, pod, settings_for, start_gate
from tests.support.webhooks import (
    GROUP,
    Said,
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

ENFORCE = "--set=rollout=enforce,templates=enforce"


@pytest.fixture(scope="module")
def cluster(kube: Kube) -> Iterator[Cluster]:
    connected = Cluster.connect(kube.kubeconfig)
    yield connected
    connected.close()


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    """A registry of this test alone, which it may stop."""
    started = start_registry(tmp_path / "registry")
    yield started
    started.daemon.stop(seconds=2)


# --- outages -----------------------------------------------------------------------------------------------------


def test_what_runs_can_be_scaled_labelled_and_removed_with_registry_and_opa_down(
    kube: Kube, helm: Path, registry: Registry, tmp_path: Path, opa_binary: Path
) -> None:
    images = push_images(registry)
    where = namespace(kube, "outage")
    deployment = holder("Deployment", images["bad"], "old")
    deployment["metadata"]["finalizers"] = ["example.dev/wait"]
    old = pod(images["bad"], "old", metadata={"name": "old", "finalizers": ["example.dev/wait"]})
    assert create(kube, where, deployment).allowed and create(kube, where, old).allowed
    server = start_gate(tmp_path / "gate", settings_for(registry.host), opa=True)
    try:
        with installed(kube, configuration(helm, server, "gate-outage", [where], ENFORCE), where):
            registry.daemon.stop(seconds=2)
            server.started[0].stop(seconds=0)
            refused = create(kube, where, pod(images["good"], "new"))
            assert refused.status == 403 and "gate could not decide" in refused.message
            scale = patch(
                kube, path_to("Deployment", where, "old", "scale"), {"spec": {"replicas": 3}}, "merge-patch+json"
            )
            direct = patch(kube, path_to("Deployment", where, "old"), {"spec": {"replicas": 2}})
            labelled = [
                patch(kube, path_to(kind, where, "old"), {"metadata": {"labels": {"a": "b"}}})
                for kind in ("Deployment", "Pod")
            ]
            deleted = [ask(kube, "DELETE", path_to(kind, where, "old")) for kind in ("Deployment", "Pod")]
            freed = [
                patch(kube, path_to(kind, where, "old"), {"metadata": {"finalizers": None}}, "merge-patch+json")
                for kind in ("Deployment", "Pod")
            ]
            assert [each.message for each in [scale, direct, *labelled, *deleted, *freed] if not each.allowed] == []
            until(lambda: ask(kube, "GET", path_to("Pod", where, "old")).status == 404, "the Pod is still there")
    finally:
        server.stop()


def test_with_all_replicas_down_only_guarded_namespaces_stop_and_deleting_the_webhook_restores_them(
    kube: Kube, helm: Path, images: dict[str, str], tmp_path: Path
) -> None:
    guarded, free = namespace(kube, "guarded"), namespace(kube, "gate-system")
    server = start_gate(tmp_path / "gate", settings_for(images["good"].partition("/")[0]))
    config = configuration(helm, server, "gate-down", [guarded, free, "kube-system"], ENFORCE)
    with installed(kube, config, guarded) as name:
        server.stop()
        stopped = create(kube, guarded, pod(images["good"]))
        assert stopped.status == 500 and 'failed calling webhook "pods.gate-images.dev"' in stopped.message
        template = create(kube, guarded, holder("Deployment", images["bad"], "later"))
        assert template.allowed, "templates fail open: their Pods do not"
        for other in (free, "kube-system"):
            assert create(kube, other, pod(images["bad"]), dry_run=True).allowed
        assert ask(kube, "DELETE", f"{GROUP}/{name}").allowed
        until(lambda: create(kube, guarded, pod(images["good"]), dry_run=True).allowed, "still stopped")


def test_overload_is_shed_at_once_and_over_when_the_load_is(
    kube: Kube, helm: Path, images: dict[str, str], tmp_path: Path
) -> None:
    host, where = images["good"].partition("/")[0], namespace(kube, "full")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        slow = f"127.0.0.1:{silent.getsockname()[1]}"
        server = start_gate(tmp_path / "gate", settings_for(host, slow), arguments=["--concurrency=2"])
        try:
            with installed(kube, configuration(helm, server, "gate-full", [where], ENFORCE), where):
                said: list[Said] = []

                def one(number: int) -> None:
                    said.append(create(kube, where, pod(f"{slow}/x:{number}"), dry_run=True))

                threads = [threading.Thread(target=one, args=(number,)) for number in range(12)]
                for thread in threads:
                    thread.start()
                for thread in threads:
                    thread.join()
                assert {each.status for each in said} == {403, 500}
                assert [
                    each.message for each in said if each.status == 500 and "unable to handle" not in each.message
                ] == []
                assert (server.metric("gate_admission_shed_total") or 0) >= 1
                assert create(kube, where, pod(images["good"]), dry_run=True).allowed
        finally:
            server.stop()


# --- the self-test -----------------------------------------------------------------------------------------------


def test_the_self_test_sees_whether_anything_is_validated(
    kube: Kube, helm: Path, images: dict[str, str], tmp_path: Path, cluster: Cluster
) -> None:
    where = namespace(kube, "gate-system-self-test")
    quota = {
        "apiVersion": "v1",
        "kind": "ResourceQuota",
        "metadata": {"name": "no-pods"},
        "spec": {"hard": {"pods": "0"}},
    }
    assert kube.request("POST", f"/api/v1/namespaces/{where}/resourcequotas", quota)[0] == 201
    kube.start_controllers()
    until(lambda: "pods" in (_quota(kube, where).get("used") or {}), "the quota is not counted")
    before = run_self_test(cluster, where)
    assert before.refused is False and "through to the quota" in before.message
    port = free_port()
    arguments = [
        f"--self-test={where}",
        "--rollout=audit",
        f"--kubeconfig={kube.kubeconfig}",
        f"--listen=127.0.0.1:{port}",
    ]
    pair = Pair(tmp_path / "tls")
    planned = GateServer(kube.apiserver, f"https://127.0.0.1:{port}", "", pair.bundle, tmp_path)
    config = configuration(helm, planned, "gate-self-test", [where])
    assert kube.request("POST", GROUP, config)[0] == 201
    server = start_gate(
        tmp_path / "gate", settings_for(images["good"].partition("/")[0]), pair=pair, arguments=arguments
    )
    try:
        until(lambda: run_self_test(cluster, where).refused is True, "the self-test is not refused")
        until(lambda: server.metric("gate_self_test_refused") == 1, "gate's own self-test is not in its metrics")
        assert create(kube, where, pod(images["bad"]), dry_run=True).message.startswith("admission webhook")
    finally:
        kube.request("DELETE", f"{GROUP}/gate-self-test")
        server.stop()
    until(lambda: run_self_test(cluster, where).refused is False, "nobody noticed that the webhook is gone")
    report_event(cluster, where, "gate-0", "the webhook validates nothing", "2026-11-21T00:00:00Z")
    events = kube.request("GET", f"/api/v1/namespaces/{where}/events")[1]["items"]
    # gate's own may have seen the moments before the API server knew of the webhook and after it forgot it.
    reported = [each["reason"] for each in events if each["involvedObject"]["name"] == "gate-0"]
    assert reported == ["ValidatesNothing"]


def _quota(kube: Kube, where: str) -> dict[str, Any]:
    found: dict[str, Any] = kube.request("GET", f"/api/v1/namespaces/{where}/resourcequotas/no-pods")[1]
    return dict(found.get("status") or {})


# --- who may ask -------------------------------------------------------------------------------------------------


def test_a_forged_review_reaches_no_other_registry_and_no_other_namespace_s_credentials(
    kube: Kube, docker_registry_secure: Registry, tmp_path: Path
) -> None:
    secure = docker_registry_secure
    user, password = next(iter(secure.users.items()))
    token = base64.b64encode(f"{user}:{password}".encode()).decode()
    Pusher(secure.url, ca=secure.ca, authorization=f"Basic {token}").image("victim/api", "1", GOOD)
    for name in ("victim", "attacker"):
        namespace(kube, name)
    config = base64_of(f'{{"auths": {{"{secure.host}": {{"auth": "{token}"}}}}}}'.encode())
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "pull"},
        "type": "kubernetes.io/dockerconfigjson",
        "data": {".dockerconfigjson": config},
    }
    assert kube.request("POST", "/api/v1/namespaces/victim/secrets", secret)[0] == 201
    settings = f'version: 1\nregistries:\n  - {{host: "{secure.host}", ca: "{secure.ca}"}}\n'
    server = start_gate(
        tmp_path / "gate", settings, arguments=["--pull-secrets=victim,attacker", f"--kubeconfig={kube.kubeconfig}"]
    )
    with socket.create_server(("127.0.0.1", 0)) as evil:
        evil.setblocking(False)
        try:
            named: dict[str, Any] = {"imagePullSecrets": [{"name": "pull"}]}
            image = f"{secure.host}/victim/api:1"
            mine = server.review(pod(image, **named), namespace="victim")
            unnamed = server.review(pod(image), namespace="victim")
            theirs = server.review(pod(image, **named), namespace="attacker")
            by_digest = server.review(pod(f"{image}@{GOOD.digest}", **named), namespace="attacker")
            forged = server.review(
                pod(f"127.0.0.1:{evil.getsockname()[1]}/x:1", **named, metadata={"namespace": "victim"})
            )
            assert [each["allowed"] for each in (mine, unnamed, theirs, by_digest, forged)] == [True] + [False] * 4
            assert "do not name the registry" in forged["status"]["message"]
            with pytest.raises(BlockingIOError):
                evil.accept()
            said = server.daemon.log.read_text() + "".join(str(each) for each in (unnamed, theirs, by_digest, forged))
            assert password not in said and token not in said
        finally:
            server.stop()


# --- rotation and replacement under load ---------------------------------------------------------------------------


def test_leaf_and_authority_rotate_under_load_without_a_failed_call(
    kube: Kube, helm: Path, images: dict[str, str], tmp_path: Path, cluster: Cluster
) -> None:
    where = namespace(kube, "rotation")
    names = ManagedNames("default", "rotation-tls", "gate-rotation", ("localhost",))
    body = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": names.secret}, "type": "Opaque"}
    cluster.request("POST", path_of("v1", "secrets", "default"), body=body)
    lives = Lives(ca=dt.timedelta(days=50), leaf=dt.timedelta(days=40), settle=dt.timedelta(minutes=10))
    managed = ManagedCertificates(cluster, names, tmp_path, lives)
    start = dt.datetime.now(dt.UTC) - dt.timedelta(days=39)  # so that all that is issued below is valid today
    first = managed.step(start)
    pair = Pair(tmp_path / "unused")
    pair.certificate, pair.key = managed.certificate, managed.key
    server = start_gate(
        tmp_path / "gate", settings_for(images["good"].partition("/")[0]), pair=pair, arguments=["--poll=0.1"]
    )
    server.bundle = first.ca
    server.url = server.url.replace("127.0.0.1", "localhost")
    phases, leaves = [], {first.leaf}
    try:
        load = Load(lambda: create(kube, where, pod(images["good"]), dry_run=True), 50)
        with installed(kube, configuration(helm, server, names.webhook, [where], ENFORCE), where):
            with load:
                for days, minutes in ((27, 0), (34, 0), (34, 6), (34, 11), (34, 17), (34, 22)):
                    material = managed.step(start + dt.timedelta(days=days, minutes=minutes))
                    phases.append(material.phase)
                    leaves.add(material.leaf)
                    threading.Event().wait(1.2)  # API servers see the bundle, gate the pair; in earnest ten minutes
            failed = [each.message for each in load.answers if not each.allowed]
        assert failed == []
        assert phases == ["steady", "introduced", "introduced", "switched", "switched", "steady"]
        assert len(leaves) == 3 and material.ca != first.ca
        assert len(load.answers) > 200
    finally:
        server.stop()


def test_replicas_are_replaced_under_load_without_a_failed_call(
    kube: Kube, helm: Path, images: dict[str, str], tmp_path: Path
) -> None:
    where, settings = namespace(kube, "rolling"), settings_for(images["good"].partition("/")[0])
    pair = Pair(tmp_path / "tls")

    def replica(name: str) -> GateServer:
        return start_gate(tmp_path / name, settings, pair=pair, arguments=["--drain=1.5"])

    with Balancer() as balancer:
        old = [replica("a"), replica("b")]
        balancer.servers = list(old)
        front = GateServer(old[0].daemon, f"https://127.0.0.1:{balancer.port}", "", pair.bundle, tmp_path)
        load = Load(lambda: create(kube, where, pod(images["good"]), dry_run=True), 50)
        with installed(kube, configuration(helm, front, "gate-rolling", [where], ENFORCE), where), load:
            for number, server in enumerate(old):
                balancer.servers.append(replica(f"new-{number}"))
                server.daemon.process.terminate()
                assert server.daemon.process.wait(30) == 0
                balancer.servers.remove(server)
        failed = [each.message for each in load.answers if not each.allowed]
        served = [server.metric("gate_admission_total", verdict="pass") for server in balancer.servers]
        for server in balancer.servers:
            server.stop()
    assert failed == [] and len(load.answers) > 100
    assert sum(each or 0 for each in served) > 0


def test_facts_outlive_every_replica_in_the_cluster_itself(
    kube: Kube, registry: Registry, tmp_path: Path, image_facts: None
) -> None:
    images = push_images(registry)
    arguments = ["--store=imagefacts", f"--kubeconfig={kube.kubeconfig}"]
    first = start_gate(tmp_path / "first", settings_for(registry.host), arguments=arguments)
    assert first.review(pod(images["good"]))["allowed"] is True
    until(lambda: kube.request("GET", "/apis/gate-images.dev/v1/imagefacts")[1]["items"], "nothing is stored")
    first.stop()
    registry.daemon.stop(seconds=2)
    second = start_gate(tmp_path / "second", settings_for(registry.host), arguments=arguments)
    try:
        assert second.review(pod(images["good"]))["allowed"] is True
        assert second.review(pod(images["bad"]))["allowed"] is False
        assert second.metric("gate_evidence_cache_total", source="store") == 1
    finally:
        second.stop()


@pytest.fixture
def image_facts(kube: Kube) -> None:
    """The custom resource of the chart is served."""
    import yaml

    from tests.support.webhooks import CHART

    crd = yaml.safe_load((CHART / "crds" / "imagefacts.yaml").read_text())
    assert kube.request("POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", crd)[0] in (201, 409)
    until(lambda: kube.request("GET", "/apis/gate-images.dev/v1/imagefacts")[0] == 200, "it is not served")
