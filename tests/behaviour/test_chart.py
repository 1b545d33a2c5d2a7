"""The chart without a cluster: lint, renders kept as files, values that are refused, gate's own rules over it."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.behaviour.command_line import gate
from tests.support.webhooks import CHART, render

pytestmark = pytest.mark.go

CASES = sorted(path.name.removesuffix("-values.yaml") for path in (CHART / "ci").glob("*-values.yaml"))


def values_of(case: str) -> Path:
    return CHART / "ci" / f"{case}-values.yaml"


def run(helm: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(helm), *map(str, arguments)], capture_output=True, text=True, check=False)


@pytest.mark.parametrize("case", CASES)
def test_every_case_passes_strict_lint(helm: Path, case: str) -> None:
    done = run(helm, "lint", "--strict", CHART, "--values", values_of(case))
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("case", CASES)
def test_what_is_rendered_is_what_was_read_before(helm: Path, case: str, golden: Callable[[str, str], None]) -> None:
    arguments: list[str | Path] = [
        "template",
        "gate",
        CHART,
        "-n",
        "gate-system",
        "--kube-version=1.36.3",
        "--values",
        values_of(case),
    ]
    done = run(helm, *arguments)
    assert done.returncode == 0, done.stderr
    golden(f"chart/{case}.yaml", done.stdout)


@pytest.mark.parametrize(
    "wrong",
    [
        "rolout=enforce",
        "rollout=off",
        "engine=cel",
        "tls.mode=none",
        "image.digest=latest",
        "webhook.timeoutSeconds=31",
        "opa.bundle.source=s3",
        "opa.bundle.reference=gate",
        "otel.endpoint=collector:4318",
        "otel.env.GATE_CONFIG=x",
        "policies.owner=x",
    ],
)
def test_a_value_that_means_nothing_is_refused(helm: Path, wrong: str) -> None:
    done = run(helm, "template", CHART, "--set", wrong)
    assert done.returncode != 0 and wrong.partition("=")[0].split(".")[-1] in done.stderr


def test_the_schema_knows_every_value_and_the_comments_name_them(helm: Path) -> None:
    schema = json.loads((CHART / "values.schema.json").read_text())
    values = yaml.safe_load((CHART / "values.yaml").read_text())
    assert set(schema["properties"]) - {"global"} == set(values)


def test_every_metric_that_alerts_and_panels_ask_for_exists(helm: Path) -> None:
    from gate.webhook.metrics import Metrics

    metrics = Metrics()
    known = set()
    for family in metrics.registry.collect():
        known |= {family.name, f"{family.name}_total", f"{family.name}_bucket"}
    texts = [(CHART / "files" / "dashboard.json").read_text(), (CHART / "templates" / "monitoring.yaml").read_text()]
    asked = {name for text in texts for name in re.findall(r"\bgate_[a-z_]+", text)}
    assert asked - known == set() and len(asked) > 10


@pytest.mark.parametrize("case", CASES)
def test_gate_s_own_pods_pass_gate_s_rules_but_for_what_only_their_images_show(
    helm: Path, case: str, tmp_path: Path
) -> None:
    (tmp_path / "chart.yaml").write_text(yaml.safe_dump_all(render(helm, "--values", str(values_of(case)))))
    done = gate("check", "manifest:chart.yaml", "-o", "json", cwd=tmp_path)
    assert done.code in (0, 3), done.err
    findings = [each for result in done.report["results"] for each in result["findings"]]
    denied = [each for each in findings if each["level"] == "deny"]
    assert {each["status"] for each in denied} <= {"undecided"}
    warned = {each["rule"] for each in findings if each["level"] == "warn" and each["status"] == "violation"}
    assert warned <= {"require-digest"}


def test_uninstalling_removes_the_webhook_first(helm: Path) -> None:
    (job,) = [each for each in render(helm) if each["kind"] == "Job"]
    assert job["metadata"]["annotations"]["helm.sh/hook"] == "pre-delete"
    (container,) = job["spec"]["template"]["spec"]["containers"]
    assert container["args"] == ["serve", "--remove-webhook", "gate"]


def test_until_it_is_enforced_nothing_can_be_stopped_by_it(helm: Path) -> None:
    def policies(*arguments: str) -> list[str]:
        (found,) = [each for each in render(helm, *arguments) if each["kind"] == "ValidatingWebhookConfiguration"]
        hooks: list[dict[str, Any]] = found["webhooks"]
        return [hook["failurePolicy"] for hook in hooks]

    assert policies() == ["Ignore", "Ignore"]
    assert policies("--set=rollout=enforce") == ["Fail", "Ignore"]


def test_a_policy_from_a_registry_needs_a_name_there(helm: Path) -> None:
    done = run(helm, "template", CHART, "--set", "opa.bundle.source=oci")
    assert done.returncode != 0 and "reference" in done.stderr


def containers(helm: Path, *arguments: str) -> dict[str, Any]:
    """The webhook's containers by name."""
    (found,) = [each for each in render(helm, *arguments) if each["kind"] == "Deployment"]
    return {each["name"]: each for each in found["spec"]["template"]["spec"]["containers"]}


def test_gate_gives_its_policy_to_opa_unless_a_registry_does(helm: Path) -> None:
    def serves(*arguments: str) -> bool:
        return any(each.startswith("--bundle-listen") for each in containers(helm, *arguments)["gate"]["args"])

    oci = "--set=opa.bundle.source=oci,opa.bundle.reference=docker.io/acme/policy:1"
    assert (serves(), serves(oci)) == (True, False)
    assert "--set=services.policy.url=https://registry-1.docker.io" in containers(helm, oci)["opa"]["args"]


def test_without_an_endpoint_nothing_of_traces_is_set(helm: Path) -> None:
    assert [each["name"] for each in containers(helm)["gate"]["env"] if each["name"].startswith("OTEL_")] == []


def test_custom_rules_are_for_opa_and_are_given_to_the_webhook_and_the_audit(helm: Path, tmp_path: Path) -> None:
    values = values_of("oci")
    refused = run(helm, "template", CHART, "--kube-version=1.36.3", "--values", values, "--set=engine=regorus")
    assert refused.returncode != 0 and "policies are evaluated by OPA" in refused.stderr
    rendered = render(helm, "--values", str(values))
    (text,) = [each["data"] for each in rendered if each["metadata"]["name"] == "gate-policies"]
    for name, content in text.items():
        (tmp_path / name).write_text(content)
    assert gate("bundle", "build", "-o", "bundle.tar.gz", "--policy", tmp_path, cwd=tmp_path).code == 0
    pods = [each["spec"]["template"]["spec"] for each in rendered if each["kind"] == "Deployment"]
    pods += [each["spec"]["jobTemplate"]["spec"]["template"]["spec"] for each in rendered if each["kind"] == "CronJob"]
    given = [
        (
            "--policy=/etc/gate-policies" in each["args"],
            [m["mountPath"] for m in each["volumeMounts"] if m["name"] == "policies"],
        )
        for pod in pods
        for each in pod["containers"]
        if each["name"] != "opa"
    ]
    assert given == [(True, ["/etc/gate-policies"])] * 2


def test_environments_by_a_label_need_its_guard(helm: Path) -> None:
    unguarded = "settings.environments[0].name=dev,settings.environments[0].labels={dev}"
    done = run(helm, "template", CHART, "--kube-version=1.36.3", "--set", unguarded)
    assert done.returncode != 0 and "chosen by a label that nobody guards" in done.stderr


def test_every_namespace_is_asked_about_at_one_path_and_the_guard_fails_closed_in_every_rollout(helm: Path) -> None:
    (found,) = [
        each
        for each in render(helm, "--values", str(values_of("labels")), "--set=rollout=audit")
        if each["kind"] == "ValidatingWebhookConfiguration"
    ]
    hooks = {each["name"]: each for each in found["webhooks"]}
    assert {name: hook["clientConfig"]["service"]["path"] for name, hook in hooks.items()} == {
        "pods.gate-images.dev": "/validate",
        "templates.gate-images.dev": "/validate",
        "dev.pods.gate-images.dev": "/validate/dev",
        "dev.templates.gate-images.dev": "/validate/dev",
        "pre-prod.pods.gate-images.dev": "/validate/pre-prod",
        "pre-prod.templates.gate-images.dev": "/validate/pre-prod",
        "namespaces.gate-images.dev": "/guard",
    }
    matched = {
        name: [
            (each["operator"], each["values"])
            for each in hook["namespaceSelector"]["matchExpressions"]
            if each["key"] == "acme.dev/environment"
        ]
        for name, hook in hooks.items()
        if ".templates" not in name and not name.startswith("templates")
    }
    assert matched == {
        "pods.gate-images.dev": [("NotIn", ["dev", "test", "pre-prod"])],
        "dev.pods.gate-images.dev": [("In", ["dev", "test"])],
        "pre-prod.pods.gate-images.dev": [("In", ["pre-prod"])],
        "namespaces.gate-images.dev": [],
    }
    assert {name for name, hook in hooks.items() if hook["failurePolicy"] == "Fail"} == {"namespaces.gate-images.dev"}
