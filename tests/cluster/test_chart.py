"""The chart on a real API server: every manifest accepted, gate running with exactly the rights the chart gives."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.kube import Kube, _write_kubeconfig  # the file of a user that no token file knows
from tests.support.processes import free_port
from tests.support.serving import GateServer, Pair, pod, settings_for, start_gate
from tests.support.webhooks import CHART, GROUP, create, namespace, render, until

pytestmark = [pytest.mark.cluster, pytest.mark.go, pytest.mark.registry]

CASES = sorted(path.name.removesuffix("-values.yaml") for path in (CHART / "ci").glob("*-values.yaml"))
FOREIGN = {
    "monitoring.coreos.com": [("ServiceMonitor", "servicemonitors", "v1"), ("PrometheusRule", "prometheusrules", "v1")],
    "cert-manager.io": [("Certificate", "certificates", "v1"), ("Issuer", "issuers", "v1")],
}


def crd(group: str, kind: str, plural: str, version: str) -> dict[str, Any]:
    """A definition that takes anything, for what others bring."""
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{group}"},
        "spec": {
            "group": group,
            "scope": "Namespaced",
            "names": {"kind": kind, "plural": plural, "singular": kind.lower()},
            "versions": [{"name": version, "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}],
        },
    }


@pytest.fixture(scope="module")
def ready(kube: Kube) -> Kube:
    """The server knows the kinds the chart uses, and the namespaces it writes to."""
    made = [crd(group, *each) for group, kinds in FOREIGN.items() for each in kinds]
    made.append(yaml.safe_load((CHART / "crds" / "imagefacts.yaml").read_text()))
    for each in made:
        status, body = kube.request("POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", each)
        assert status in (201, 409), body
    for name in ("gate-system", "gate-system-self-test", "shop", "pay"):
        namespace(kube, name)
    until(lambda: kube.request("GET", "/apis/cert-manager.io/v1/issuers")[0] == 200, "issuers are not served")
    until(lambda: kube.request("GET", "/apis/monitoring.coreos.com/v1/prometheusrules")[0] == 200, "not served")
    return kube


@pytest.mark.parametrize("case", CASES)
def test_every_manifest_is_accepted_by_server_dry_run(ready: Kube, helm: Path, case: str) -> None:
    documents = render(helm, "--values", str(CHART / "ci" / f"{case}-values.yaml"))
    text = yaml.safe_dump_all(documents)
    said = ready.kubectl("apply", "--server-side", "--dry-run=server", "--validate=strict", "-f", "-", stdin=text)
    assert len(said.splitlines()) == len(documents)


@pytest.fixture(scope="module")
def schemas(kube: Kube, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """JSON schemas of built-in kinds as this API server describes them, strict, where kubeconform finds them."""
    folder = tmp_path_factory.mktemp("schemas")
    definitions = kube.request("GET", "/openapi/v2")[1]["definitions"]
    for each in definitions.values():
        if "properties" in each and "additionalProperties" not in each:
            each["additionalProperties"] = False
        if each.get("format") == "int-or-string":
            each.pop("type")
    for name, each in definitions.items():
        for known in each.get("x-kubernetes-group-version-kind") or []:
            group = f"{known['group'].split('.')[0]}-" if known["group"] else ""
            path = folder / f"{known['kind'].lower()}-{group}{known['version']}.json"
            if known["kind"] in WANTED:
                path.write_text(json.dumps({"$ref": f"#/definitions/{name}", "definitions": definitions}))
    return folder


WANTED = {
    *("Deployment", "Service", "ServiceAccount", "ConfigMap", "Secret", "Namespace", "ResourceQuota", "Job", "CronJob"),
    *("Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding", "NetworkPolicy", "PodDisruptionBudget", "Pod"),
    *("HorizontalPodAutoscaler", "ValidatingWebhookConfiguration"),
}


@pytest.mark.parametrize("case", CASES)
def test_kubeconform_finds_nothing_by_the_server_s_own_schemas(
    schemas: Path, helm: Path, kubeconform: Path, case: str, tmp_path: Path
) -> None:
    documents = render(helm, "--values", str(CHART / "ci" / f"{case}-values.yaml"))
    own = [each for each in documents if each["apiVersion"].partition("/")[0] not in FOREIGN]
    (tmp_path / "chart.yaml").write_text(yaml.safe_dump_all(own))
    location = f"{schemas}/{{{{.ResourceKind}}}}{{{{.KindSuffix}}}}.json"
    command = [kubeconform, "-schema-location", location, "-summary", "-output", "json", tmp_path / "chart.yaml"]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)
    summary = json.loads(done.stdout)
    assert (summary["summary"]["valid"], summary.get("resources")) == (len(own), []), done.stdout


# --- what helm says -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rollout", "said"),
    [
        ("audit", "Seen so far, and refused once enforced:\n  shop.deployment.api: non-root:violation:deny"),
        ("enforce", "Seen so far, and REFUSED FROM NOW ON:\n  shop.deployment.api: non-root:violation:deny"),
    ],
)
def test_helm_prints_what_the_audit_rollout_saw_before_it_is_refused(
    ready: Kube, helm: Path, rollout: str, said: str
) -> None:
    where = namespace(ready, "notes")
    seen = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": "gate-notes-would-refuse",
            "labels": {"app.kubernetes.io/managed-by": "Helm"},
            "annotations": {"meta.helm.sh/release-name": "gate-notes", "meta.helm.sh/release-namespace": where},
        },
        "data": {"shop.deployment.api": "non-root:violation:deny"},
    }
    assert ready.request("POST", f"/api/v1/namespaces/{where}/configmaps", seen)[0] in (201, 409)
    command = [helm, "upgrade", "--install", "gate-notes", CHART, "-n", where, "--dry-run=server"]
    command += [f"--kubeconfig={ready.kubeconfig}", "--skip-crds", f"--set=rollout={rollout}"]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert said in done.stdout.partition("NOTES:")[2]


# --- gate with the chart's rights ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def installed(
    ready: Kube, helm: Path, images: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[GateServer]:
    """The chart applied for real, its arguments given to a process that is its ServiceAccount."""
    folder = tmp_path_factory.mktemp("installed")
    port = free_port()
    documents = render(helm, "--set=rollout=enforce,engine=regorus,credentials.pullSecretNamespaces={shop}")
    (config,) = [each for each in documents if each["kind"] == "ValidatingWebhookConfiguration"]
    for hook in config["webhooks"]:
        hook["clientConfig"] = {"url": f"https://localhost:{port}/validate"}
        only = {"key": "kubernetes.io/metadata.name", "operator": "In", "values": ["gate-system-self-test", "pay"]}
        hook["namespaceSelector"]["matchExpressions"].append(only)
    applied = [each for each in documents if each["kind"] not in {"Deployment", "Job", "Pod"}]
    ready.kubectl("apply", "--server-side", "--force-conflicts", "-f", "-", stdin=yaml.safe_dump_all(applied))
    token = ready.request(
        "POST",
        "/api/v1/namespaces/gate-system/serviceaccounts/gate/token",
        {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}},
    )[1]["status"]["token"]
    kubeconfig = _write_kubeconfig(folder / "kubeconfig", ready.url, ready.ca, "gate", token)
    (deployment,) = [each for each in documents if each["kind"] == "Deployment"]
    given = deployment["spec"]["template"]["spec"]["containers"][0]["args"][1:]
    ours = ("--listen", "--metrics-listen", "--config")
    arguments = [
        *("--tls-managed=gate-tls", *(each for each in given if not each.startswith((*ours, "--tls-managed")))),
        *(f"--listen=127.0.0.1:{port}", "--tls-name=localhost", f"--kubeconfig={kubeconfig}", "--poll=0.5"),
    ]
    server = start_gate(
        folder,
        settings_for(images["good"].partition("/")[0]),
        pair=Pair(folder / "unused"),
        arguments=arguments,
        POD_NAMESPACE="gate-system",
        POD_NAME="gate-0",
    )
    yield server
    server.stop()
    ready.request("DELETE", f"{GROUP}/gate")


def test_gate_runs_with_no_more_rights_than_the_chart_gives(
    ready: Kube, installed: GateServer, images: dict[str, str]
) -> None:
    bundle = [hook["clientConfig"].get("caBundle") for hook in ready.request("GET", f"{GROUP}/gate")[1]["webhooks"]]
    assert bundle[0] and len(set(bundle)) == 1
    until(lambda: not create(ready, "pay", pod(images["bad"]), dry_run=True).allowed, "nothing is refused")
    assert create(ready, "pay", pod(images["good"]), dry_run=True).allowed
    until(lambda: ready.request("GET", "/apis/gate-images.dev/v1/imagefacts")[1]["items"], "no facts are kept")
    complaints = [each for each in installed.logs() if each["level"] in {"error", "warning"}]
    assert [each for each in complaints if "403" in str(each.get("error", "")) + str(each.get("said", ""))] == []


def test_its_account_may_do_nothing_else(ready: Kube, installed: GateServer) -> None:
    account = "--as=system:serviceaccount:gate-system:gate"

    def may(*question: str) -> str:
        said = ready.kubectl("auth", "can-i", *question, account, check=False).splitlines()
        return "yes" if "yes" in said else "no"

    yes = [
        ("get", "secrets/gate-tls", "-n", "gate-system"),
        ("get", "secrets", "-n", "shop"),
        ("create", "pods", "-n", "gate-system-self-test"),
        ("patch", "validatingwebhookconfigurations/gate"),
    ]
    no = [
        ("get", "secrets", "-n", "pay"),
        ("list", "secrets", "-n", "shop"),
        ("get", "secrets/other", "-n", "gate-system"),
        ("create", "pods", "-n", "gate-system"),
        ("create", "pods", "-n", "shop"),
        ("patch", "validatingwebhookconfigurations/other"),
        ("create", "validatingwebhookconfigurations"),
        ("get", "pods", "-n", "shop"),
        ("update", "deployments", "-n", "gate-system"),
    ]
    assert [may(*each) for each in yes] == ["yes"] * len(yes)
    assert [may(*each) for each in no] == ["no"] * len(no)


def test_removing_the_webhook_as_the_uninstall_hook_does_restores_the_cluster(
    ready: Kube, installed: GateServer, images: dict[str, str]
) -> None:
    import sys

    command = [sys.executable, "-m", "gate", "serve", "--remove-webhook", "gate"]
    done = subprocess.run(
        [*command, f"--kubeconfig={installed.folder / 'kubeconfig'}"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, "removed the webhook configuration gate\n"), done.stderr
    until(lambda: create(ready, "pay", pod(images["bad"]), dry_run=True).allowed, "still refused")
