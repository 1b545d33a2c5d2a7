"""What runs in a cluster, reduced to what is judged: groups of equal containers, by namespace and owner.

A hundred thousand Pods are a few thousand groups. Pods are read page by page and forgotten; a group keeps one container
as its example and counts the others. The image judged is the one that runs: the digest of ``status.*.imageID``.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from gate.errors import ClusterError, ManifestError
from gate.evidence.kubernetes.cluster import ClusterApi, path_of
from gate.evidence.kubernetes.workloads import ContainerRef, CustomResource, PodHolder, containers_of, holder_of

TEMPLATES: tuple[tuple[str, str, str], ...] = (
    ("apps/v1", "deployments", "Deployment"),
    ("apps/v1", "statefulsets", "StatefulSet"),
    ("apps/v1", "daemonsets", "DaemonSet"),
    ("batch/v1", "cronjobs", "CronJob"),
)
"""What is listed beside Pods: owners whose Pods may not run at the moment, but will."""

_DIGEST = re.compile(r"(?:^|@)(sha(?:256|512):[0-9a-f]{64,128})$")
_FINISHED = frozenset({"Succeeded", "Failed"})


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose Pods these are: the controller a person would change."""

    namespace: str
    kind: str
    name: str


@dataclass(slots=True)
class Group:
    """Equal containers of one owner. ``running`` is the digest that runs, null where none is known.

    ``settings`` is what the manifest makes of the container; ``count`` is the number of Pods, 0 for a template without
    any; ``labels`` are those of the example's Pod.
    """

    owner: Owner
    holder: PodHolder
    ref: ContainerRef
    running: str | None
    settings: str
    count: int = 0


@dataclass(slots=True)
class Inventory:
    """Everything found. ``failures``: what could not be listed; the run is then incomplete."""

    groups: list[Group] = field(default_factory=list)
    namespaces: dict[str, Mapping[str, str]] = field(default_factory=dict)
    seen: Counter[str] = field(default_factory=Counter)
    skipped: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)


_Key = tuple[Owner, str, str, str | None, str | None, str]


def list_cluster(
    api: ClusterApi, *, namespaces: Sequence[str] = (), custom: Sequence[CustomResource] = ()
) -> Inventory:
    """Everything that runs, or would, in the whole cluster or in some namespaces.

    A list that fails, or that the server's clock cut in two, is a failure in the result: nothing is passed over.
    """
    inventory = Inventory()
    for item in _items(api, path_of("v1", "namespaces"), inventory, "namespaces"):
        meta = _object(item.get("metadata"))
        inventory.namespaces[str(meta.get("name"))] = {
            str(key): str(value) for key, value in _object(meta.get("labels")).items()
        }
    if inventory.namespaces:
        inventory.failures += [f"namespace {n}: there is none" for n in namespaces if n not in inventory.namespaces]
    found: dict[_Key, Group] = {}
    owned: set[tuple[Owner, str]] = set()
    wanted: Sequence[str | None] = namespaces or [None]
    for where in wanted:
        for item in _items(api, path_of("v1", "pods", where), inventory, _called("pods", where)):
            inventory.seen["pods"] += 1
            _add_pod({"apiVersion": "v1", "kind": "Pod", **item}, found, owned, inventory)
        for version, plural, kind in TEMPLATES:
            for item in _items(api, path_of(version, plural, where), inventory, _called(plural, where)):
                inventory.seen[plural] += 1
                _add_template({"apiVersion": version, "kind": kind, **item}, found, owned, inventory, custom)
    inventory.groups = list(found.values())
    return inventory


def _items(api: ClusterApi, path: str, inventory: Inventory, what: str) -> Iterator[dict[str, Any]]:
    try:
        for page in api.pages(path):
            if page.inconsistent and (note := f"{what}: the list expired while it was read") not in inventory.failures:
                inventory.failures.append(note)
            yield from page.items
    except ClusterError as error:
        inventory.failures.append(f"{what}: {error}")


def _called(plural: str, namespace: str | None) -> str:
    return plural if namespace is None else f"{plural} of {namespace}"


def _add_pod(
    pod: dict[str, Any], found: dict[_Key, Group], owned: set[tuple[Owner, str]], inventory: Inventory
) -> None:
    status = _object(pod.get("status"))
    if status.get("phase") in _FINISHED:
        inventory.skipped["finished pods"] += 1
        return
    try:
        holder = holder_of(pod)
        refs = containers_of(holder) if holder is not None else []
    except ManifestError as error:
        inventory.failures.append(f"a pod cannot be read: {error}")
        return
    if holder is None:
        return
    owner = _owner(pod, holder)
    digests = _running(status)
    for ref in refs:
        owned.add((owner, ref.name))
        group = _group(found, owner, holder, ref, digests.get(ref.name))
        group.count += 1


def _add_template(
    obj: dict[str, Any],
    found: dict[_Key, Group],
    owned: set[tuple[Owner, str]],
    inventory: Inventory,
    custom: Sequence[CustomResource],
) -> None:
    """A template counts where none of its Pods runs now: nothing scheduled, scaled to zero, or not due yet."""
    try:
        holder = holder_of(obj, custom)
        refs = containers_of(holder) if holder is not None else []
    except ManifestError as error:
        inventory.failures.append(f"a {obj['kind']} cannot be read: {error}")
        return
    if holder is None:
        return
    owner = Owner(holder.namespace or "", holder.kind, holder.name or "")
    for ref in refs:
        if (owner, ref.name) not in owned and ref.image is not None:
            _group(found, owner, holder, ref, None)


def _group(found: dict[_Key, Group], owner: Owner, holder: PodHolder, ref: ContainerRef, running: str | None) -> Group:
    settings = _settings(ref)
    key = (owner, ref.role, ref.name, ref.image, running, settings)
    group = found.get(key)
    if group is None:
        group = found[key] = Group(owner=owner, holder=_light(holder), ref=ref, running=running, settings=settings)
    return group


def _settings(ref: ContainerRef) -> str:
    """All that a container is judged by beside its image. Names of volumes are left out: some are made for each Pod."""
    mounts = [(mount.path, mount.source, mount.medium, mount.read_only) for mount in ref.mounts]
    where = (ref.host_users, ref.shares_processes, ref.windows, ref.pull_policy)
    return repr((ref.security, ref.pod_security, ref.command, ref.args, mounts, where))


def _light(holder: PodHolder) -> PodHolder:
    """The holder without its spec, so that a page's memory can go."""
    return PodHolder(
        kind=holder.kind,
        group=holder.group,
        namespace=holder.namespace,
        name=holder.name,
        labels=holder.labels,
        spec={},
        pointer=holder.pointer,
        is_pod=holder.is_pod,
    )


def _owner(pod: Mapping[str, Any], holder: PodHolder) -> Owner:
    """The controller: a Deployment for its ReplicaSet's Pods, a CronJob for its Job's, else what is named."""
    namespace = holder.namespace or ""
    references = _object(pod.get("metadata")).get("ownerReferences")
    for reference in references if isinstance(references, list) else []:
        if not isinstance(reference, Mapping) or reference.get("controller") is not True:
            continue
        kind, name = str(reference.get("kind")), str(reference.get("name"))
        template = holder.labels.get("pod-template-hash")
        if kind == "ReplicaSet" and template and name.endswith(f"-{template}"):
            return Owner(namespace, "Deployment", name.removesuffix(f"-{template}"))
        if kind == "Job" and (cron := re.fullmatch(r"(.+)-\d{8,11}", name)):
            return Owner(namespace, "CronJob", cron.group(1))
        return Owner(namespace, kind, name)
    return Owner(namespace, "Pod", holder.name or "")


def _running(status: Mapping[str, Any]) -> dict[str, str]:
    """Container name to the digest that runs; names that a runtime gives otherwise are left out."""
    found: dict[str, str] = {}
    for key in ("containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses"):
        listed = status.get(key)
        for one in listed if isinstance(listed, list) else []:
            match = _DIGEST.search(str(_object(one).get("imageID") or ""))
            if match and "@" in str(one.get("imageID")):
                found[str(one.get("name"))] = match.group(1)
    return found


def _object(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
