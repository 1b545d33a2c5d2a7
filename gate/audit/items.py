"""From what sources list to what is judged: containers of a cluster, images of registries."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence

import msgspec

from gate.audit.inventory import Group, Inventory
from gate.audit.model import Drift, Place
from gate.audit.run import Item
from gate.errors import ReferenceError_
from gate.evidence.image.reference import Reference, parse
from gate.evidence.kubernetes.containers import container_evidence
from gate.evidence.kubernetes.workloads import PodHolder
from gate.evidence.model import Evidence

OWNER_LABELS = ("gate-images.dev/owner", "owner", "team")


def of_cluster(
    inventory: Inventory,
    source: str,
    drifts: Mapping[str, Drift],
    owner_labels: Sequence[str] = OWNER_LABELS,
    by_labels: Callable[[str, Mapping[str, str]], str | None] | None = None,
    vendor: Callable[[str], bool] = lambda reference: False,
) -> list[Item]:
    """One item a group. The image judged is the one that runs; ``drifts`` by reference as written.

    ``by_labels``: the environment that the labels of a namespace choose. ``vendor``: see `container_evidence`.
    """
    environments = {
        name: by_labels(name, labels) if by_labels is not None else None
        for name, labels in inventory.namespaces.items()
    }
    return [
        _container(group, inventory, source, drifts, owner_labels, environments.get(group.owner.namespace), vendor)
        for group in inventory.groups
    ]


def of_registry(found: Mapping[Reference, Sequence[str]], source: str) -> list[Item]:
    """One item a digest: references pinned by digest, with the tags that name each."""
    ordered = {reference: sorted(tags, key=lambda tag: (tag == "latest", tag)) for reference, tags in found.items()}
    return [
        Item(
            key=f"image/{reference.name}@{reference.digest}",
            kind="image",
            name=f"{reference.name}:{tags[0]}" if tags else reference.normalized,
            places=tuple(Place(source=source, tag=tag, name=reference.name) for tag in tags),
            owners=(reference.repository.partition("/")[0],),
            build=_as_it_is(reference),
            image=f"{reference.name}@{reference.digest}",
            tags=tuple(tags),
        )
        for reference, tags in ordered.items()
    ]


def running_reference(group: Group) -> str | None:
    """The reference of what runs: as written, pinned to the digest that the kubelet reports."""
    if group.ref.image is None:
        return None
    if group.running is None:
        return group.ref.image
    try:
        return parse(group.ref.image).pinned(group.running).normalized
    except ReferenceError_:
        return group.ref.image


def tags_in_use(inventory: Inventory) -> dict[str, set[str]]:
    """References by tag that run, with the digests that run under them: where drift can be."""
    found: dict[str, set[str]] = {}
    for group in inventory.groups:
        if group.running is None or group.ref.image is None:
            continue
        try:
            reference = parse(group.ref.image)
        except ReferenceError_:
            continue
        if reference.digest is None:
            found.setdefault(reference.normalized, set()).add(group.running)
    return found


def _container(
    group: Group,
    inventory: Inventory,
    source: str,
    drifts: Mapping[str, Drift],
    owner_labels: Sequence[str],
    environment: str | None,
    vendor: Callable[[str], bool],
) -> Item:
    owner, ref = group.owner, group.ref
    reference = running_reference(group)
    place = Place(
        source=source,
        namespace=owner.namespace,
        kind=owner.kind,
        name=owner.name,
        container=ref.name,
        role=ref.role,
        count=group.count,
    )
    drift = drifts.get(_normalized(ref.image)) if ref.image else None
    where = f"container/{owner.namespace}/{owner.kind}/{owner.name}/{ref.name}"
    parts = (where, ref.role, reference or "", group.running or "", group.settings)
    digest = hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()
    return Item(
        key=f"{where[:183]}/{digest[:16]}",
        kind="container",
        name=f"{owner.namespace}/{owner.kind.lower()}/{owner.name}:{ref.name}",
        places=(place,),
        owners=(_owner_of(group, inventory, owner_labels),),
        build=_in_workload(group, vendor),
        image=reference,
        environment=environment,
        drift=_moved(drift, group.running),
    )


def _moved(drift: Drift | None, running: str | None) -> tuple[Drift, ...]:
    """The drift of a reference as it concerns one group: several digests may run under one tag."""
    if drift is None or running is None or drift.now == running:
        return ()
    return (msgspec.structs.replace(drift, running=running),)


def _in_workload(
    group: Group, vendor: Callable[[str], bool]
) -> Callable[[Sequence[Evidence] | str], Sequence[Evidence]]:
    holder = PodHolder(
        kind=group.owner.kind,
        group=group.holder.group,
        namespace=group.owner.namespace,
        name=group.owner.name,
        labels=group.holder.labels,
        spec={},
        pointer=group.holder.pointer,
        is_pod=group.holder.is_pod,
    )

    def build(found: Sequence[Evidence] | str) -> Sequence[Evidence]:
        return [container_evidence(holder, group.ref, found, vendor=vendor)]

    return build


def _as_it_is(reference: Reference) -> Callable[[Sequence[Evidence] | str], Sequence[Evidence]]:
    from gate.evidence.kubernetes.containers import unknown_facts
    from gate.evidence.model import Subject

    def build(found: Sequence[Evidence] | str) -> Sequence[Evidence]:
        if not isinstance(found, str):
            return found
        subject = Subject(name=reference.normalized, reference=reference.normalized, digest=reference.digest)
        return [Evidence(kind="image", subject=subject, facts=unknown_facts(found))]

    return build


def _owner_of(group: Group, inventory: Inventory, labels: Sequence[str]) -> str:
    """The label of the workload, then of its namespace, then the namespace's name."""
    for found in (group.holder.labels, inventory.namespaces.get(group.owner.namespace, {})):
        for label in labels:
            if found.get(label):
                return str(found[label])
    return group.owner.namespace


def _normalized(image: str) -> str:
    try:
        return parse(image).normalized
    except ReferenceError_:
        return image
