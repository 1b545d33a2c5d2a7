"""One request, one decision: which containers are judged, what is allowed untouched, and what refusals say."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import msgspec
import pytest
from gate.errors import RegistryError
from gate.evidence.kubernetes.containers import unknown_facts
from gate.evidence.model import Evidence, Image, Subject, UserFact
from gate.finding import Finding, Result
from gate.webhook.admission import AdmissionPolicy, Decision, Missing, Pull, admit
from gate.webhook.review import Request
from gate.webhook.sentences import PENDING

DIGEST = "sha256:" + "ab" * 32


class Registry:
    """Evidence by reference; counts every question."""

    def __init__(self, **answers: Any) -> None:
        self.answers = answers
        self.asked: list[str] = []
        self.pulls: list[Pull] = []

    async def __call__(self, image: str, pull: Pull) -> Sequence[Evidence] | Missing:
        self.asked.append(image)
        self.pulls.append(pull)
        answer = self.answers.get(image.partition(":")[0], "good")
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, Missing):
            return answer
        return [image_evidence(root=answer == "bad")]


def image_evidence(root: bool) -> Evidence:
    facts = unknown_facts("not read")
    user = UserFact(state="known", value="0" if root else "7", uid=0 if root else 7, root=root, numeric=True)
    return Evidence(
        kind="image",
        subject=Subject(name="i"),
        facts=msgspec.structs.replace(facts, user=user),
        image=Image(manifest_digest=DIGEST),
    )


async def judge(evidence: Evidence, environment: str) -> Result:
    """Non-root and nothing else, so that the tests below are about admission."""
    user = evidence.facts.user
    findings = []
    if user.root or user.state == "unknown":
        findings = [
            Finding(
                rule="non-root", aliases=[], severity="high", level="deny", state=user.state,
                status="violation" if user.root else "undecided", message="runs as uid 0", location=None,
                fix="USER 10001", docs=None, fingerprint="f", reason=None if user.root else user.reason,
            )
        ]  # fmt: skip
    verdict = "pass" if not findings else "deny" if user.root else "undecided"
    return Result(subject=evidence.subject, environment=environment, verdict=verdict, findings=findings)  # type: ignore[arg-type]


def policy(**changes: Any) -> AdmissionPolicy:
    return AdmissionPolicy(
        environment_of=lambda ns, labelled: labelled or ("dev" if ns.startswith("dev-") else "prod"),
        revision="sha256:3f2c00112233",
        **changes,
    )


def pod(*containers: dict[str, Any], **spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "p"},
        "spec": {"containers": list(containers)} | spec,
    }


def deployment(*containers: dict[str, Any]) -> dict[str, Any]:
    return {
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d"},
        "spec": {"template": {"spec": {"containers": list(containers)}}},
    }  # fmt: skip


def ask(
    obj: Any, old: Any = None, *, registry: Registry | None = None, rules: AdmissionPolicy | None = None, **more: Any
) -> Decision:
    resource = {"Pod": "/pods", "Deployment": "apps/deployments"}.get(obj["kind"] if obj else "Pod", "/things")
    fields: dict[str, Any] = {
        "uid": "u", "operation": "UPDATE" if old else "CREATE", "kind": "Pod", "resource": resource, "subresource": "",
        "request_resource": resource, "namespace": "shop", "name": "p", "user": "alice", "groups": (), "dry_run": False,
        "obj": obj, "old": old,
    } | more  # fmt: skip
    return asyncio.run(admit(Request(**fields), rules or policy(), registry or Registry(bad="bad"), judge))


def test_a_refusal_names_container_image_rule_fix_environment_and_policy() -> None:
    decision = ask(pod({"name": "api", "image": "bad:1"}, {"name": "side", "image": "good:1"}))
    assert not decision.answer.allowed
    assert decision.answer.message == (
        'gate denied container "api" (docker.io/library/bad:1@sha256:abababababab): '
        "non-root: runs as uid 0. Fix: USER 10001. [prod, policy 3f2c0011]"
    )
    assert decision.answer.annotations == {
        "verdict": "deny",
        "policy": "sha256:3f2c00112233",
        "images": f"docker.io/library/bad:1={DIGEST},docker.io/library/good:1={DIGEST}",
        "findings": "non-root:violation:deny",
    }


@pytest.mark.parametrize("role", ["containers", "initContainers", "ephemeralContainers"])
def test_a_bad_image_is_refused_in_every_role(role: str) -> None:
    assert not ask(pod(**{role: [{"name": "x", "image": "bad:1"}]})).answer.allowed


def test_a_bad_image_volume_is_judged_too() -> None:
    registry = Registry(bad="bad")
    ask(
        pod({"name": "a", "image": "good:1"}, volumes=[{"name": "v", "image": {"reference": "bad:1"}}]),
        registry=registry,
    )
    assert sorted(registry.asked) == ["bad:1", "good:1"]


def test_all_violations_of_a_pod_are_in_one_message() -> None:
    message = ask(pod({"name": "a", "image": "bad:1"}, {"name": "b", "image": "bad:2"})).answer.message
    assert 'container "a"' in message and 'container "b"' in message


def test_the_same_image_is_asked_for_once_a_request() -> None:
    registry = Registry()
    ask(pod({"name": "a", "image": "x:1"}, {"name": "b", "image": "x:1"}), registry=registry)
    assert registry.asked == ["x:1"]


@pytest.mark.parametrize("old", [pod({"name": "a", "image": "bad:1"}), pod({"image": "bad:1", "name": "a"})])
def test_an_update_that_changes_nothing_relevant_needs_no_network(old: dict[str, Any]) -> None:
    new = pod({"name": "a", "image": "bad:1"})
    new["metadata"] = {"name": "p", "labels": {"x": "y"}, "finalizers": []}
    registry = Registry(bad=RegistryError("down", reason="unreachable"))
    decision = ask(new, old, registry=registry)
    assert (decision.answer.allowed, registry.asked) == (True, [])


def test_only_the_containers_an_update_of_a_pod_touches_are_judged() -> None:
    old = pod({"name": "a", "image": "bad:1"})
    new = pod({"name": "a", "image": "bad:1"}, ephemeralContainers=[{"name": "debug", "image": "good:1"}])
    registry = Registry(bad="bad")
    assert ask(new, old, registry=registry, subresource="ephemeralcontainers").answer.allowed
    assert registry.asked == ["good:1"]


@pytest.mark.parametrize(
    "change",
    [{"image": "bad:2"}, {"securityContext": {"runAsNonRoot": False}}, {"command": ["sh"]}],
    ids=lambda c: next(iter(c)),
)
def test_a_relevant_change_is_judged(change: dict[str, Any]) -> None:
    old = pod({"name": "a", "image": "bad:1"})
    assert not ask(pod({"name": "a", "image": "bad:1"} | change), old).answer.allowed


def test_an_update_whose_old_object_cannot_be_read_is_judged_whole() -> None:
    assert not ask(pod({"name": "a", "image": "bad:1"}), {"apiVersion": "v1", "kind": "Pod"}).answer.allowed


@pytest.mark.parametrize(
    ("fields", "allowed"),
    [
        ({"operation": "DELETE"}, True),
        ({"operation": "CONNECT"}, True),
        ({"subresource": "status"}, True),
        ({"subresource": "binding"}, True),
        ({"subresource": "eviction"}, True),
        ({"subresource": "resize"}, False),
        ({"subresource": "something-new"}, False),
    ],
)
def test_unknown_subresources_are_judged_and_noise_is_not(fields: dict[str, Any], allowed: bool) -> None:
    assert ask(pod({"name": "a", "image": "bad:1"}), **fields).answer.allowed is allowed


def test_a_new_subresource_that_carries_no_pod_is_refused() -> None:
    decision = ask({"apiVersion": "v1", "kind": "Mystery"}, resource="/pods", subresource="mystery")
    assert not decision.answer.allowed
    assert "pods/mystery holds a Mystery" in decision.answer.message


@pytest.mark.parametrize(
    "obj", [None, {"apiVersion": "v1", "kind": "Pod"}, {"apiVersion": "v1", "kind": "Pod", "spec": {"containers": {}}}]
)
def test_a_pod_that_cannot_be_read_is_refused_with_the_reason(obj: Any) -> None:
    decision = ask(obj)
    assert not decision.answer.allowed
    assert decision.answer.message.startswith("gate could not read the object: ")
    assert decision.verdict == "undecided"


@pytest.mark.parametrize(
    ("user", "groups", "allowed"),
    [
        ("system:node:n1", ("system:nodes",), True),
        ("alice", ("system:nodes",), False),
        ("system:node:n1", (), False),
        ("alice", (), False),
    ],
)
def test_only_a_node_may_send_a_mirror_pod(user: str, groups: tuple[str, ...], allowed: bool) -> None:
    mirror = pod({"name": "a", "image": "bad:1"})
    mirror["metadata"]["annotations"] = {"kubernetes.io/config.mirror": "x"}
    assert ask(mirror, user=user, groups=groups).answer.allowed is allowed


def test_forged_owner_references_labels_and_deletion_are_judged_all_the_same() -> None:
    forged = pod({"name": "a", "image": "bad:1"})
    forged["metadata"] |= {
        "ownerReferences": [{"kind": "ReplicaSet", "name": "ok", "controller": True}],
        "deletionTimestamp": "2026-01-01T00:00:00Z", "finalizers": ["x/y"], "labels": {"gate": "ignore"},
    }  # fmt: skip
    assert not ask(forged).answer.allowed


def test_a_registry_that_fails_is_undecided_and_says_why() -> None:
    decision = ask(
        pod({"name": "a", "image": "bad:1"}), registry=Registry(bad=RegistryError("refused", where="reg.io"))
    )
    assert (decision.answer.allowed, decision.verdict) == (False, "undecided")
    assert 'gate could not decide on container "a"' in decision.answer.message
    assert "reg.io: refused" in decision.answer.message


def test_a_numeric_run_as_user_settles_the_user_while_the_registry_is_down() -> None:
    obj = pod({"name": "a", "image": "bad:1", "securityContext": {"runAsUser": 1000}})
    assert ask(obj, registry=Registry(bad=RegistryError("down"))).answer.allowed


@pytest.mark.parametrize(("pending", "allowed", "warned"), [("deny", False, 0), ("warn", True, 1), ("ignore", True, 0)])
def test_an_image_still_being_read_is_an_answer_of_its_own(pending: Any, allowed: bool, warned: int) -> None:
    registry = Registry(bad=Missing("reading 3 layers", pending=True))
    decision = ask(
        pod({"name": "a", "image": "bad:1"}), registry=registry, rules=policy(pending=lambda _environment: pending)
    )
    assert (decision.answer.allowed, len(decision.answer.warnings)) == (allowed, warned)
    if not allowed:
        assert "being analysed, retry (reading 3 layers)" in decision.answer.message
    assert all(reason.startswith(PENDING) for reason in decision.undecided)


@pytest.mark.parametrize(
    ("rollout", "allowed", "warned"), [("audit", True, False), ("warn", True, True), ("enforce", False, False)]
)
def test_the_rollout_decides_whether_a_denial_refuses(rollout: Any, allowed: bool, warned: bool) -> None:
    decision = ask(pod({"name": "a", "image": "bad:1"}), rules=policy(rollout=rollout))
    assert (decision.answer.allowed, bool(decision.answer.warnings)) == (allowed, warned)
    assert decision.answer.annotations["verdict"] == ("deny" if rollout == "enforce" else f"deny ({rollout})")
    assert decision.verdict == "deny"


def test_templates_warn_while_pods_are_refused() -> None:
    decision = ask(deployment({"name": "a", "image": "bad:1"}))
    assert decision.answer.allowed
    assert decision.answer.warnings[0].startswith('gate would refuse this once enforced: denied container "a"')
    assert not ask(deployment({"name": "a", "image": "bad:1"}), rules=policy(templates="enforce")).answer.allowed


def test_a_template_may_leave_an_image_out_and_a_pod_may_not() -> None:
    assert ask(deployment({"name": "a"}), rules=policy(templates="enforce")).answer.allowed
    assert not ask(pod({"name": "a"})).answer.allowed


def test_the_environment_comes_from_the_namespace_name() -> None:
    assert ask(pod({"name": "a", "image": "bad:1"}), namespace="dev-x").environment == "dev"


def test_pull_secrets_travel_with_the_question() -> None:
    registry = Registry()
    ask(
        pod({"name": "a", "image": "x:1"}, imagePullSecrets=[{"name": "s"}], serviceAccountName="sa"), registry=registry
    )
    assert registry.pulls == [Pull("shop", ("s",), "sa")]


# --- environments by a label --------------------------------------------------------------------------------------


def test_the_environment_is_that_of_the_path_the_api_server_called() -> None:
    by_label = policy(labelled=frozenset({"tests"}))
    assert ask(pod({"name": "a", "image": "bad:1"}), rules=by_label, labelled="tests").environment == "tests"
    assert ask(pod({"name": "a", "image": "bad:1"}), rules=by_label).environment == "prod"


@pytest.mark.parametrize("labelled", ["dev", "prod", "", "x" * 300, "\n"])
def test_a_path_that_settings_do_not_know_is_refused_and_never_another_environment(labelled: str) -> None:
    for rules in (policy(), policy(labelled=frozenset({"tests"}))):
        decision = ask(pod({"name": "a", "image": "good:1"}), rules=rules, labelled=labelled)
        assert (decision.answer.allowed, decision.verdict, decision.environment) == (False, "undecided", "prod")
        assert "settings choose no environment" in decision.answer.message


def test_a_path_that_settings_do_not_know_holds_back_nothing_that_starts_no_container() -> None:
    """Finalizers of Pods are removed by updates, and must be while settings and webhook configuration differ."""
    same = pod({"name": "a", "image": "bad:1"})
    assert ask(same | {"metadata": {"name": "p", "labels": {"a": "b"}}}, same, labelled="gone").answer.allowed


def test_evidence_pending_is_asked_of_the_environment() -> None:
    registry = Registry(bad=Missing("reading 3 layers", pending=True))
    rules = policy(pending=lambda environment: "warn" if environment == "dev" else "deny")
    obj = pod({"name": "a", "image": "bad:1"})
    assert ask(obj, registry=registry, rules=rules, namespace="dev-a").answer.allowed
    assert not ask(obj, registry=registry, rules=rules, namespace="shop").answer.allowed


# --- what cannot be decided, by what it is about ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("templates", "allowed", "warned"), [("enforce", False, 0), ("warn", True, 1), ("audit", True, 0)]
)
def test_a_template_that_cannot_be_decided_does_what_templates_does(templates: Any, allowed: bool, warned: int) -> None:
    unreadable = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d"}, "spec": {"template": []}}
    decision = ask(unreadable, rules=policy(templates=templates))
    assert (decision.answer.allowed, len(decision.answer.warnings), decision.verdict) == (allowed, warned, "undecided")
    pods = ask({"apiVersion": "v1", "kind": "Pod", "spec": []}, rules=policy(templates=templates))
    assert (pods.answer.allowed, pods.verdict) == (False, "undecided")


def test_what_cannot_be_decided_is_refused_in_the_namespace_of_the_self_test_in_every_rollout() -> None:
    broken = {"apiVersion": "v1", "kind": "Pod", "spec": []}
    rules = policy(rollout="audit", self_test="probe")
    assert [ask(broken, rules=rules, namespace=name).answer.allowed for name in ("probe", "shop")] == [False, True]
