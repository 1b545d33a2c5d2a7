"""The judgement of one AdmissionRequest: which containers matter, what is known of them, and the answer.

Pure of HTTP, clock and network: evidence and verdicts come through two callables, so that any review can be replayed.
Whatever cannot be judged is refused with the reason, never passed over.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from gate.errors import GateError, ManifestError
from gate.evidence.kubernetes.containers import container_evidence
from gate.evidence.kubernetes.workloads import (
    ContainerRef,
    CustomResource,
    PodHolder,
    containers_of,
    holder_of,
)
from gate.evidence.model import Evidence
from gate.finding import Finding, Level, Result, Verdict
from gate.settings.model import EnvironmentLabel
from gate.webhook.review import Answer, Request, clean
from gate.webhook.sentences import PENDING, container_line, counted, is_pending, short, warning

Rollout = Literal["audit", "warn", "enforce"]

_HELD_RESOURCES = frozenset(
    f"{group}/{plural}"
    for group, plural in (
        ("", "pods"),
        ("", "replicationcontrollers"),
        ("", "podtemplates"),
        ("apps", "deployments"),
        ("apps", "statefulsets"),
        ("apps", "daemonsets"),
        ("apps", "replicasets"),
        ("batch", "jobs"),
        ("batch", "cronjobs"),
    )
)
_WITHOUT_SPEC = frozenset({"status", "binding", "eviction", "log", "scale", "finalize", "approval"})
_MIRROR = "kubernetes.io/config.mirror"


@dataclass(frozen=True, slots=True)
class Missing:
    """Why there is no evidence about an image. ``pending``: it is being read, and a retry will find it."""

    reason: str
    pending: bool = False


@dataclass(frozen=True, slots=True)
class Pull:
    """What may be used to read an image: the namespace, and the pull secrets and service account the pod names.

    ``deadline`` is a time of the event loop's clock, after which nobody waits for the answer.
    """

    namespace: str
    secrets: tuple[str, ...] = ()
    service_account: str | None = None
    deadline: float | None = None


EvidenceSource = Callable[[str, Pull], Awaitable[Sequence[Evidence] | Missing]]
"""Evidence per runnable platform of an image reference, or why there is none; raises nothing but `GateError`."""

ContainerJudge = Callable[[Evidence, str], Awaitable[Result]]
"""The result for one container's evidence in an environment."""


@dataclass(frozen=True, slots=True)
class AdmissionPolicy:
    """What is decided by settings, not by the request.

    ``environment_of``: the environment of a namespace, and of the label the API server found on it. ``labelled``: the
    environments such a label can choose, and ``label`` which it is.
    ``rollout``: ``audit`` allows and records, ``warn`` allows with warnings, ``enforce`` refuses; ``templates`` is the
    same for objects that only hold a pod template (their Pods are judged again). ``pending``: what an image that is
    still being read means in an environment. ``revision``: the policy's, shown in every refusal. ``self_test``: the
    namespace of the self-test, where what is denied is refused whatever the rollout. ``vendor``: whether an image may
    be run as it is, by its normalized reference.
    """

    environment_of: Callable[[str, str | None], str]
    revision: str
    rollout: Rollout = "enforce"
    templates: Rollout = "warn"
    pending: Callable[[str], Level] = lambda _environment: "deny"
    custom: Sequence[CustomResource] = ()
    self_test: str | None = None
    labelled: frozenset[str] = frozenset()
    label: EnvironmentLabel | None = None
    vendor: Callable[[str], bool] = lambda _reference: False


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer, and what logs and metrics say about it."""

    answer: Answer
    verdict: Verdict
    environment: str = ""
    results: Sequence[Result] = ()
    undecided: Sequence[str] = field(default_factory=tuple)
    judged: bool = False


def unchanged(reason: str) -> Decision:
    """Allowed without a judgement, for ``reason``."""
    return Decision(answer=Answer(True, annotations={"verdict": f"not judged: {reason}"}), verdict="pass")


async def admit(
    request: Request,
    policy: AdmissionPolicy,
    evidence: EvidenceSource,
    judge: ContainerJudge,
    *,
    deadline: float | None = None,
) -> Decision:
    """Judge one request. Never raises for what a request can hold: what cannot be judged is refused.

    ``deadline`` (event loop clock) is handed to the evidence source; an engine that fails raises `GateError`.
    """
    unknown = request.labelled if request.labelled not in policy.labelled else None
    if unknown is not None:
        request = replace(request, labelled=None)
    try:
        found = _to_judge(request, policy)
    except ManifestError as error:
        return refuse(request, policy, f"gate could not read the object: {error}")
    if isinstance(found, str):
        return unchanged(found)
    if unknown is not None:
        said = f'settings choose no environment "{clean(unknown, 63)}" by a label'
        return refuse(request, policy, f"gate could not decide: {said}")
    holder, refs = found
    environment = policy.environment_of(request.namespace, request.labelled)
    images = await _evidence_of(refs, request.namespace, evidence, deadline)
    known = [container_evidence(holder, ref, _known(images[ref.image]), vendor=policy.vendor) for ref in refs]
    results = await asyncio.gather(*(judge(each, environment) for each in known))
    return _decide(request, policy, environment, refs, results, holder)


def _to_judge(request: Request, policy: AdmissionPolicy) -> tuple[PodHolder, list[ContainerRef]] | str:
    """The holder and the containers to judge, or why there is nothing to judge."""
    if request.operation not in {"CREATE", "UPDATE"}:
        return f"operation {request.operation} starts no container"
    if request.subresource in _WITHOUT_SPEC:
        return f"subresource {request.subresource} changes no container"
    if request.obj is None:
        raise ManifestError("the request has no object")
    holder = holder_of(request.obj, policy.custom, namespace=request.namespace)
    if holder is not None and holder.is_pod:
        holder = _as_made(holder, request.obj)
    if holder is None:
        if request.resource in _HELD_RESOURCES:
            kind = str(request.obj.get("kind"))[:60]
            raise ManifestError(f"{request.resource.strip('/')}/{request.subresource} holds a {kind}, not a pod spec")
        return f"{request.kind or 'the kind'} holds no pod spec"
    if _is_mirror(request, holder):
        return "a static pod's mirror, which the kubelet runs whatever admission says"
    refs = containers_of(holder)
    if request.operation == "UPDATE" and request.old is not None:
        before = _previous(request, policy)
        if before == _relevant(refs):
            return "nothing changed that a policy judges"
        if holder.is_pod and before is not None:
            refs = [ref for ref in refs if _relevant([ref]) - before]
    if not holder.is_pod:
        refs = [ref for ref in refs if ref.image is not None]
    return holder, refs


def _as_made(holder: PodHolder, obj: Mapping[str, Any]) -> PodHolder:
    """A Pod whose name was generated, under the name it was generated from: all Pods of one controller are one."""
    generated = (obj.get("metadata") or {}).get("generateName")
    return replace(holder, name=generated) if isinstance(generated, str) and generated else holder


def _previous(request: Request, policy: AdmissionPolicy) -> frozenset[ContainerKey] | None:
    """What the stored object held; None where it cannot be read (then everything is judged)."""
    try:
        old = holder_of(request.old or {}, policy.custom, namespace=request.namespace)
        return _relevant(containers_of(old)) if old is not None else None
    except ManifestError:
        return None


ContainerKey = tuple[str, str, str | None, str, str]


def _relevant(refs: Sequence[ContainerRef]) -> frozenset[ContainerKey]:
    """What a policy judges of containers: role, name, image, securityContext, command and mounts."""
    return frozenset(
        (
            ref.role,
            ref.name,
            ref.image,
            repr((_sorted(ref.security), _sorted(ref.pod_security), ref.host_users, ref.windows)),
            repr((ref.command, ref.args, ref.mounts, ref.shares_processes)),
        )
        for ref in refs
    )


def _sorted(value: object) -> object:
    """Objects with their keys in order, so that equal ones compare equal."""
    if isinstance(value, Mapping):
        return sorted((str(key), _sorted(item)) for key, item in value.items())
    if isinstance(value, list):
        return [_sorted(item) for item in value]
    return repr(value)


def _is_mirror(request: Request, holder: PodHolder) -> bool:
    """A mirror pod, sent by a node: denying it hides the static pod and stops nothing (kubernetes issue 53467)."""
    if not holder.is_pod or request.obj is None or "system:nodes" not in request.groups:
        return False
    meta = request.obj.get("metadata")
    annotations = meta.get("annotations") if isinstance(meta, Mapping) else None
    return request.user.startswith("system:node:") and isinstance(annotations, Mapping) and _MIRROR in annotations


async def _evidence_of(
    refs: Sequence[ContainerRef], namespace: str, source: EvidenceSource, deadline: float | None
) -> dict[str | None, Sequence[Evidence] | Missing]:
    """Evidence by image: each reference is asked for once, so that one request sees one resolution of a tag."""

    async def ask(image: str, how: Pull) -> Sequence[Evidence] | Missing:
        try:
            return await source(image, how)
        except GateError as error:
            return Missing(str(error))

    by_image = {
        ref.image: Pull(namespace, ref.pull_secrets, ref.service_account, deadline) for ref in refs if ref.image
    }
    answers = await asyncio.gather(*(ask(image, how) for image, how in by_image.items()))
    found: dict[str | None, Sequence[Evidence] | Missing] = dict(zip(by_image, answers, strict=True))
    found[None] = Missing("the manifest names no image")
    return found


def _known(found: Sequence[Evidence] | Missing) -> Sequence[Evidence] | str:
    if isinstance(found, Missing):
        return f"{PENDING}{found.reason}" if found.pending else found.reason
    return found


# --- the answer ----------------------------------------------------------------------------------------------


def _decide(
    request: Request,
    policy: AdmissionPolicy,
    environment: str,
    refs: Sequence[ContainerRef],
    results: Sequence[Result],
    holder: PodHolder,
) -> Decision:
    rollout = _rollout(request, policy, holder.is_pod)
    verdicts: list[Verdict] = [_with_pending(result, policy.pending(environment)) for result in results]
    verdict: Verdict = "deny" if "deny" in verdicts else "undecided" if "undecided" in verdicts else "pass"
    lines = [
        container_line(ref, result, outcome)
        for ref, result, outcome in zip(refs, results, verdicts, strict=True)
        if outcome != "pass"
    ]
    suffix = f"[{environment}, policy {short(policy.revision)}]"
    message = f"gate {' | '.join(lines)} {suffix}" if lines else ""
    warnings = [warning(ref, f) for ref, result in zip(refs, results, strict=True) for f in _warned(result, policy)]
    allowed = verdict == "pass" or rollout != "enforce"
    if verdict != "pass" and rollout == "warn":
        warnings = [f"gate would refuse this once enforced: {line} {suffix}" for line in lines] + warnings
    return Decision(
        answer=Answer(
            allowed=allowed,
            message="" if allowed else message,
            warnings=warnings if rollout != "audit" else (),
            annotations=_annotations(policy, verdict, rollout, results),
        ),
        verdict=verdict,
        environment=environment,
        results=results,
        undecided=sorted({f.reason or f.message for r in results for f in counted(r) if f.status == "undecided"}),
        judged=True,
    )


def _rollout(request: Request, policy: AdmissionPolicy, is_pod: bool) -> Rollout:
    if policy.self_test is not None and request.namespace == policy.self_test:
        return "enforce"
    return policy.rollout if is_pod else _softer(policy.rollout, policy.templates)


def _softer(one: Rollout, other: Rollout) -> Rollout:
    order: list[Rollout] = ["audit", "warn", "enforce"]
    return min(one, other, key=order.index)


def refuse(request: Request, policy: AdmissionPolicy, message: str) -> Decision:
    """Undecided for ``message``: refused when the policy is enforced for such objects."""
    rollout = _rollout(request, policy, request.resource == "/pods")
    environment = policy.environment_of(request.namespace, request.labelled)
    text = f"{message} [{environment}, policy {short(policy.revision)}]"
    allowed = rollout != "enforce"
    return Decision(
        answer=Answer(
            allowed=allowed,
            message="" if allowed else text,
            warnings=[text] if rollout == "warn" else (),
            annotations={"verdict": "undecided", "policy": policy.revision, "findings": message},
        ),
        verdict="undecided",
        environment=environment,
        undecided=[message],
        judged=True,
    )


def _with_pending(result: Result, pending: Level) -> Verdict:
    """The verdict, with ``evidence_pending`` applied: an image still being read need not refuse the container."""
    if result.verdict != "undecided" or pending == "deny":
        return result.verdict
    return "pass" if all(is_pending(f) for f in counted(result) if f.status == "undecided") else result.verdict


def _warned(result: Result, policy: AdmissionPolicy) -> list[Finding]:
    found = [f for f in result.findings if f.level == "warn" and f.exemption is None]
    if policy.pending(result.environment) == "warn":
        found += [f for f in counted(result) if is_pending(f)]
    return found


def _annotations(
    policy: AdmissionPolicy, verdict: Verdict, rollout: Rollout, results: Sequence[Result]
) -> dict[str, str]:
    images = {f"{r.subject.reference or ''}={r.subject.digest or 'unresolved'}" for r in results}
    findings = {f"{f.rule}:{f.status}:{f.level}" for r in results for f in r.findings if f.exemption is None}
    return {
        "verdict": verdict if rollout == "enforce" or verdict == "pass" else f"{verdict} ({rollout})",
        "policy": policy.revision,
        "images": ",".join(sorted(images)),
        "findings": ",".join(sorted(findings)),
    }
