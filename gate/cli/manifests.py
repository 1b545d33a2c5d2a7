"""Containers of manifests, as ``gate check`` judges them: one subject a container, at its line."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from gate.evidence.kubernetes.containers import container_evidence
from gate.evidence.kubernetes.manifests import read_manifests
from gate.evidence.kubernetes.workloads import CustomResource, containers_of, holder_of
from gate.evidence.model import Evidence

Images = Callable[[Sequence[str]], Mapping[str, Sequence[Evidence] | str]]
"""For each image reference its evidence per platform, or why there is none."""


def offline(target: str) -> Images:
    """No image is looked at; the reason names the command that would."""
    reason = f"the image was not read, because files are judged offline; gate check --online {target} reads it"
    return lambda references: dict.fromkeys(references, reason)


def containers(
    data: bytes,
    path: str,
    custom: Sequence[CustomResource],
    images: Images,
    vendor: Callable[[str], bool] = lambda reference: False,
) -> Iterator[Evidence]:
    """Evidence of every container in a manifest; raises `ManifestError`.

    All its images are asked for at once. Where one is not known, what the manifest settles (a numeric runAsUser) is
    known all the same. ``vendor``: see `container_evidence`.
    """
    found = [
        (item, holder, ref)
        for item in read_manifests(data, path)
        if (holder := holder_of(item.obj, custom)) is not None
        for ref in containers_of(holder)
        if ref.image is not None or holder.is_pod
    ]
    known = images(list(dict.fromkeys(ref.image for _, _, ref in found if ref.image is not None)))
    for item, holder, ref in found:
        image = "the manifest names no image" if ref.image is None else known[ref.image]
        yield container_evidence(holder, ref, image, path=path, lines=item.lines, vendor=vendor)
