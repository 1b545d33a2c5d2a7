"""Containers of manifests, as ``gate check`` judges them: one subject a container, at its line."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from gate.evidence.kubernetes.containers import container_evidence
from gate.evidence.kubernetes.manifests import read_manifests
from gate.evidence.kubernetes.workloads import CustomResource, containers_of, holder_of
from gate.evidence.model import Evidence
from gate.settings.model import Written

OFFLINE = "the image was not read: manifests are judged offline without --online"

Images = Callable[[str], Sequence[Evidence] | str]
"""Evidence per platform of an image reference, or why there is none."""


def custom_resources(written: Written) -> list[CustomResource]:
    """The kinds beside the API's own that settings name; the kind defaults to the singular of the resource."""
    return [
        CustomResource(one.group, one.kind or one.resource.removesuffix("s").capitalize(), one.pod_spec)
        for one in written.custom_resources
    ]


def containers(data: bytes, path: str, custom: Sequence[CustomResource], images: Images | None) -> Iterator[Evidence]:
    """Evidence of every container in a manifest; raises `ManifestError`.

    Without ``images`` what only the image can tell is unknown; what the manifest settles (a numeric runAsUser) is
    known all the same.
    """
    known: dict[str, Sequence[Evidence] | str] = {}
    for item in read_manifests(data, path):
        holder = holder_of(item.obj, custom)
        if holder is None:
            continue
        for ref in containers_of(holder):
            if ref.image is None and not holder.is_pod:
                continue
            found: Sequence[Evidence] | str = "the manifest names no image"
            if ref.image is not None:
                if ref.image not in known:
                    known[ref.image] = images(ref.image) if images else OFFLINE
                found = known[ref.image]
            yield container_evidence(holder, ref, found, path=path, lines=item.lines)
