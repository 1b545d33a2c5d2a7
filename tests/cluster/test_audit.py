"""The audit of a real API server: what runs is judged by its digest, and nothing is written but reports, when asked."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import yaml
from gate.audit.model import AuditInputs, AuditReport, Coverage, Totals
from gate.audit.reports import MAX_RESULTS, NAME, documents, write_reports
from gate.evidence.kubernetes.cluster import Cluster, path_of

from tests.behaviour.command_line import gate
from tests.support.kube import Kube, start_kube
from tests.support.layered import PROGRAM, file, folder, image_of, layer, link
from tests.support.oci_images import Pusher
from tests.support.registry import Registry

pytestmark = [pytest.mark.cluster, pytest.mark.registry]

CHART = Path(__file__).parents[2] / "charts" / "gate"


@pytest.fixture(scope="module")
def kube(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kube]:
    """An API server of its own: controllers that other tests start would collect Pods whose owners are made up."""
    server = start_kube(tmp_path_factory.mktemp("kube-audit"))
    yield server
    server.stop()


@pytest.fixture(scope="module")
def images(docker_registry: Registry) -> dict[str, str]:
    """References by name; ``moved`` names another image now than the one that runs."""
    push = Pusher(docker_registry.url)
    program = layer(folder("app"), file("app/api", PROGRAM))
    shell = layer(folder("bin"), file("bin/busybox", PROGRAM), link("bin/sh", "/bin/busybox"))
    host = docker_registry.host
    good = push.image("audit/good", "1", image_of(program, User="65532", Entrypoint=["/app/api"]))
    bad = push.image("audit/bad", "1", image_of(shell, program, User="", Entrypoint=["/app/api"]))
    push.image("audit/moved", "1", image_of(program, User="65533", Entrypoint=["/app/api"]))
    old = push.image("audit/moved", "old", image_of(program, User="65532", Entrypoint=["/app/api"]))
    return {"host": host, "good": f"{host}/audit/good:1", "good@": good, "bad": f"{host}/audit/bad:1", "bad@": bad,
            "moved": f"{host}/audit/moved:1", "moved@": old}  # fmt: skip


@pytest.fixture(scope="module")
def cluster(kube: Kube) -> Iterator[Cluster]:
    connected = Cluster.connect(kube.kubeconfig)
    yield connected
    connected.close()


def _pod(cluster: Cluster, namespace: str, name: str, image: str, digest: str) -> None:
    owner = {"apiVersion": "apps/v1", "kind": "StatefulSet", "name": name, "uid": "u", "controller": True}
    pod = {
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": f"{name}-0", "ownerReferences": [owner]},
        "spec": {"containers": [{"name": "main", "image": image}]},
    }  # fmt: skip
    path = path_of("v1", "pods", namespace)
    made = cluster.request("POST", path, body=pod)
    made["status"] = {
        "phase": "Running",
        "containerStatuses": [{"name": "main", "image": image, "imageID": f"{image.rpartition(':')[0]}@{digest}",
                               "ready": True, "restartCount": 0, "state": {"running": {}}}],
    }  # fmt: skip
    cluster.request("PUT", f"{path}/{name}-0/status", body=made)


@pytest.fixture(scope="module")
def estate(cluster: Cluster, images: dict[str, str]) -> None:
    for namespace, labels in (("audit-shop", {"team": "shop-team"}), ("audit-pay", {})):
        body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace, "labels": labels}}
        cluster.request("POST", path_of("v1", "namespaces"), body=body)
    for name in ("good", "bad", "moved"):
        _pod(cluster, "audit-shop", name, images[name], images[f"{name}@"])
    _pod(cluster, "audit-pay", "gone", f"{images['host']}/audit/none:1", "sha256:" + "0" * 64)


@pytest.fixture
def project(tmp_path: Path, images: dict[str, str]) -> Path:
    (tmp_path / ".home").mkdir()
    (tmp_path / "gate.yaml").write_text(
        f'version: 1\nregistries: [{{host: "{images["host"]}", insecure: true}}]\nrules: {{max-size: warn}}\n'
    )
    return tmp_path


def _audit(project: Path, kube: Kube, *more: str, user: str = "admin") -> tuple[int, dict[str, Any]]:
    config = kube.kubeconfig if user == "admin" else kube.kubeconfig_of(user)
    scope = ["--namespace", "audit-shop", "--namespace", "audit-pay"]
    done = gate("audit", "--cluster", "--kubeconfig", config, *scope, "-o", "json", *more, cwd=project)
    assert "Traceback" not in done.err, done.err
    return done.code, done.report


def test_what_runs_is_judged_by_its_digest_and_a_tag_that_moved_is_drift(
    estate: None, project: Path, kube: Kube, images: dict[str, str]
) -> None:
    code, found = _audit(project, kube)
    assert (code, found["complete"]) == (3, False), "an image that is gone was not read"
    assert ["audit/none" in failure for failure in found["coverage"]["failures"]] == [True]
    by_name = {result["name"]: result for result in found["results"]}
    assert {name: result["verdict"] for name, result in by_name.items()} == {
        "audit-shop/statefulset/good:main": "pass",
        "audit-shop/statefulset/bad:main": "deny",
        "audit-shop/statefulset/moved:main": "pass",
        "audit-pay/statefulset/gone:main": "undecided",
    }
    moved = by_name["audit-shop/statefulset/moved:main"]
    assert (moved["digest"], moved["user"]) == (images["moved@"], "65532")
    assert [drift["running"] for drift in moved["drift"]] == [images["moved@"]]
    assert by_name["audit-shop/statefulset/bad:main"]["owners"] == ["shop-team"]
    assert any("not found" in reason or "none" in reason for reason in found["coverage"]["undecided"])


def test_a_namespace_s_label_chooses_its_environment_as_at_admission(estate: None, project: Path, kube: Kube) -> None:
    with (project / "gate.yaml").open("a") as settings:
        settings.write("environment_label: {key: team, groups: [platform]}\n")
        settings.write('environments: [{name: dev, labels: [shop-team]}, {name: prod, namespaces: ["*"]}]\n')
    _, found = _audit(project, kube)
    by_namespace = {result["name"].partition("/")[0]: result["environment"] for result in found["results"]}
    assert by_namespace == {"audit-shop": "dev", "audit-pay": "prod"}


def test_an_account_that_may_not_list_ends_incomplete_and_says_where(estate: None, project: Path, kube: Kube) -> None:
    code, found = _audit(project, kube, user="nobody")
    assert (code, found["complete"], found["results"]) == (3, False, [])
    assert any("pods of audit-shop" in failure and "403" in failure for failure in found["coverage"]["failures"])


def test_the_chart_s_audit_role_is_enough_and_reads_only(
    estate: None, cluster: Cluster, project: Path, kube: Kube, helm: Path
) -> None:
    import subprocess

    command = [
        helm,
        "template",
        "gate",
        CHART,
        "-n",
        "gate-system",
        "--kube-version",
        "1.36.3",
        "--set",
        "audit.cronJob.enabled=true",
    ]
    rendered = list(yaml.safe_load_all(subprocess.run(command, capture_output=True, text=True, check=True).stdout))
    (role,) = [d for d in rendered if d and d["kind"] == "ClusterRole" and d["metadata"]["name"].endswith("-audit")]
    assert {verb for rule in role["rules"] for verb in rule["verbs"]} == {"get", "list"}
    role["metadata"] = {"name": "audit-readonly"}
    binding = {
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "metadata": {"name": "audit-readonly"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "audit-readonly"},
        "subjects": [{"kind": "User", "name": "nobody", "apiGroup": "rbac.authorization.k8s.io"}],
    }  # fmt: skip
    rbac = "rbac.authorization.k8s.io/v1"
    cluster.request("POST", path_of(rbac, "clusterroles"), body=role)
    cluster.request("POST", path_of(rbac, "clusterrolebindings"), body=binding)
    try:
        deadline = time.monotonic() + 20
        _, found = _audit(project, kube, user="nobody")
        while len(found["results"]) < 4 and time.monotonic() < deadline:
            _, found = _audit(project, kube, user="nobody")
        refused = [failure for failure in found["coverage"]["failures"] if "audit/none" not in failure]
        assert (len(found["results"]), refused) == (4, [])
    finally:
        cluster.request("DELETE", path_of(rbac, "clusterrolebindings", name="audit-readonly"))
        cluster.request("DELETE", path_of(rbac, "clusterroles", name="audit-readonly"))


def _crd(group: str, version: str, plural: str, kind: str, more: dict[str, Any]) -> dict[str, Any]:
    """The parts of both report kinds that their specifications make mandatory or enumerate."""
    text = {"type": "string"}
    row = {
        "type": "object", "required": ["policy"],
        "properties": {
            "policy": text, "rule": text, "source": text, "message": text, "category": text, "scored": {"type": "boolean"},
            "description": text,
            "result": {"type": "string", "enum": ["pass", "fail", "warn", "error", "skip"]},
            "severity": {"type": "string", "enum": ["critical", "high", "low", "medium", "info"]},
            "properties": {"type": "object", "additionalProperties": text},
            "timestamp": {"type": "object", "properties": {"seconds": {"type": "integer"}, "nanos": {"type": "integer"}}},
            "resources": {"type": "array", "items": {"type": "object", "properties": dict.fromkeys(("apiVersion", "kind", "name", "namespace", "uid"), text)}},
        },
    }  # fmt: skip
    counts = {key: {"type": "integer"} for key in ("pass", "fail", "warn", "error", "skip")}
    schema = {
        "type": "object",
        "properties": {
            "apiVersion": text, "kind": text, "metadata": {"type": "object"},
            "results": {"type": "array", "items": row}, "summary": {"type": "object", "properties": counts}, **more,
        },
    }  # fmt: skip
    served = {"name": version, "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
    names = {"kind": kind, "plural": plural, "singular": kind.lower(), "listKind": f"{kind}List"}
    return {
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{group}", "annotations": {"api-approved.kubernetes.io": "unapproved, test"}},
        "spec": {"group": group, "scope": "Namespaced", "names": names, "versions": [served]},
    }  # fmt: skip


@pytest.fixture(scope="module")
def report_kinds(cluster: Cluster) -> None:
    path = path_of("apiextensions.k8s.io/v1", "customresourcedefinitions")
    for crd in (
        _crd("wgpolicyk8s.io", "v1alpha2", "policyreports", "PolicyReport", {}),
        _crd("openreports.io", "v1alpha1", "reports", "Report", {"source": {"type": "string"}}),
    ):
        cluster.request("POST", path, body=crd)
    for version, plural in (("wgpolicyk8s.io/v1alpha2", "policyreports"), ("openreports.io/v1alpha1", "reports")):
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            try:
                cluster.request("GET", path_of(version, plural))
                break
            except Exception:  # noqa: BLE001 - the kind is not served yet
                time.sleep(0.2)


@pytest.mark.parametrize(
    ("flavour", "version", "plural"),
    [
        ("policyreport", "wgpolicyk8s.io/v1alpha2", "policyreports"),
        ("openreports", "openreports.io/v1alpha1", "reports"),
    ],
)
def test_failures_are_written_as_reports_and_stale_ones_go(
    estate: None,
    report_kinds: None,
    project: Path,
    kube: Kube,
    cluster: Cluster,
    flavour: str,
    version: str,
    plural: str,
) -> None:
    _audit(project, kube, "--write-reports", flavour)
    listed = {
        item["metadata"]["namespace"]: item for page in cluster.pages(path_of(version, plural)) for item in page.items
    }
    assert set(listed) == {"audit-shop", "audit-pay"}
    shop = listed["audit-shop"]
    assert {row["policy"] for row in shop["results"] if row["result"] == "fail"} >= {"non-root", "no-shell"}
    assert shop["summary"]["fail"] == sum(row["result"] == "fail" for row in shop["results"])
    assert all(len(json.dumps(item)) < 1_000_000 for item in listed.values())
    (project / "gate.yaml").write_text((project / "gate.yaml").read_text() + "undecided: ignore\n")
    empty = AuditReport(
        run="r", gate="0", started="", finished="", complete=True, environment="prod",
        inputs=AuditInputs(),
        coverage=Coverage(),
        totals=Totals(),
    )  # fmt: skip
    assert write_reports(cluster, empty, flavour)["removed"] == 2  # type: ignore[arg-type]
    assert [item for page in cluster.pages(path_of(version, plural)) for item in page.items] == []


def test_a_report_is_bounded_and_counts_what_it_leaves_out(project: Path, estate: None, kube: Kube) -> None:
    import msgspec

    _, found = _audit(project, kube)
    report = msgspec.convert(found, AuditReport)
    bad = next(result for result in report.results if "bad" in result.name)
    many = msgspec.structs.replace(report, results=[bad] * 400)
    (body,) = documents(many, "policyreport").values()
    assert len(body["results"]) == MAX_RESULTS
    left_out = int(body["metadata"]["annotations"]["gate-images.dev/left-out"])
    assert left_out + MAX_RESULTS == 400 * sum(not finding.exempted for finding in bad.findings)
    assert body["metadata"]["name"] == NAME


def test_the_chart_s_indexed_job_is_expanded_into_one_pod_a_shard(kube: Kube, cluster: Cluster, helm: Path) -> None:
    import subprocess

    kube.start_controllers()
    command = [
        helm,
        "template",
        "gate",
        CHART,
        "-n",
        "default",
        "--kube-version",
        "1.36.3",
        "--set",
        "audit.job.enabled=true",
    ]
    command += ["--set", "audit.job.shards=3", "--set", "audit.storeSecretName=store"]
    rendered = list(yaml.safe_load_all(subprocess.run(command, capture_output=True, text=True, check=True).stdout))
    (job,) = [d for d in rendered if d and d["kind"] == "Job" and "-audit-" in d["metadata"]["name"]]
    (account,) = [
        d for d in rendered if d and d["kind"] == "ServiceAccount" and d["metadata"]["name"].endswith("-audit")
    ]
    cluster.request("POST", path_of("v1", "serviceaccounts", "default"), body=account)
    cluster.request("POST", path_of("batch/v1", "jobs", "default"), body=job)
    name = job["metadata"]["name"]
    deadline, pods = time.monotonic() + 60, []
    while time.monotonic() < deadline and len(pods) < 3:
        selector = {"labelSelector": f"batch.kubernetes.io/job-name={name}"}
        pods = [item for page in cluster.pages(path_of("v1", "pods", "default"), query=selector) for item in page.items]
        time.sleep(0.3)
    indexes = {pod["metadata"]["annotations"]["batch.kubernetes.io/job-completion-index"] for pod in pods}
    assert indexes == {"0", "1", "2"}
    variables = {variable["name"] for variable in pods[0]["spec"]["containers"][0]["env"]}
    assert {"JOB_COMPLETION_INDEX", "GATE_STORE_URL"} <= variables
    assert "--shards=3" in pods[0]["spec"]["containers"][0]["args"]


def test_pods_beyond_a_page_of_a_real_api_server_are_all_judged(
    project: Path, kube: Kube, cluster: Cluster, images: dict[str, str]
) -> None:
    """700 Pods of seven StatefulSets in one namespace: two pages, seven questions."""
    body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "audit-many"}}
    cluster.request("POST", path_of("v1", "namespaces"), body=body)
    container = {"name": "main", "image": images["good"]}

    def create(number: int) -> None:
        owner = {
            "apiVersion": "apps/v1",
            "kind": "StatefulSet",
            "name": f"s{number % 7}",
            "uid": "u",
            "controller": True,
        }
        meta = {"name": f"s{number % 7}-{number}", "ownerReferences": [owner]}
        args = [f"--of={number % 7}"]
        pod = {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": meta,
            "spec": {"containers": [{**container, "args": args}]},
        }
        assert kube.request("POST", path_of("v1", "pods", "audit-many"), pod)[0] == 201

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(create, range(700)))
    done = gate(
        "audit", "--cluster", "--kubeconfig", kube.kubeconfig, "--namespace", "audit-many", "-o", "json", cwd=project
    )
    found = done.report
    assert (done.code, found["coverage"]["seen"]["pods"]) == (0, 700), done.err
    assert {(r["name"], r["verdict"], r["places"][0]["count"]) for r in found["results"]} == {
        (f"audit-many/statefulset/s{number}:main", "pass", 100) for number in range(7)
    }
