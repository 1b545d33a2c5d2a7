"""What an image says its base is: labels, annotations, and the materials of its build's provenance. All are claims.

Labels and annotations: image-spec 1.1, ``org.opencontainers.image.base.name`` and ``.digest``. Provenance: in-toto
statements that BuildKit attaches (SLSA 0.2 ``materials``, SLSA 1 ``resolvedDependencies``), images as package URLs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Protocol
from urllib.parse import unquote

import msgspec

from gate.errors import GateError, ImageError, ReferenceError_
from gate.evidence.image import manifest as documents
from gate.evidence.image.documents import read_object, supported
from gate.evidence.image.manifest import Descriptor, Manifest
from gate.evidence.image.reference import Reference, parse
from gate.evidence.image.source import PlatformImage

__all__ = ["Hint", "hints_of", "materials_of"]

_NAME, _DIGEST = "org.opencontainers.image.base.name", "org.opencontainers.image.base.digest"
_STATEMENTS = ("application/vnd.in-toto+json",)
_LARGEST_STATEMENT = 4 << 20
_MOST_STATEMENTS = 4
_MOST_MATERIALS = 50
_PACKAGE = re.compile(r"pkg:(?:docker|oci)/([^@?#]+)(?:@([^?#]+))?")


class Hint(msgspec.Struct, frozen=True, kw_only=True):
    """One image named as the base. ``source``: label, annotation or provenance."""

    source: str
    reference: Reference


class Attested(Protocol):
    """A source that can read attestations beside an image."""

    async def manifest(self, descriptor: Descriptor) -> bytes:
        """A manifest by digest, checked."""
        ...

    async def content(self, descriptor: Descriptor, limit: int) -> bytes:
        """A small blob, checked."""
        ...


def hints_of(image: PlatformImage) -> list[Hint]:
    """The base as labels and annotations name it; what is no reference names nothing."""
    execution = image.config.get("config")
    labels = execution.get("Labels") if isinstance(execution, dict) else None
    found = []
    for source, texts in (("label", labels), ("annotation", image.annotations)):
        name = texts.get(_NAME) if isinstance(texts, dict) else None
        reference = _reference(name, texts.get(_DIGEST)) if isinstance(name, str) and isinstance(texts, dict) else None
        if reference is not None and name != "scratch":
            found.append(Hint(source=source, reference=reference))
    return found


async def materials_of(source: object, image: PlatformImage) -> list[Hint]:
    """The images that the build's provenance lists, where the source can read it; builders are among them."""
    if not (hasattr(source, "manifest") and hasattr(source, "content")):
        return []
    attested: Attested = source
    found: dict[Reference, Hint] = {}
    for digest in image.attestations[:_MOST_STATEMENTS]:
        try:
            async for reference in _materials(attested, digest):
                found.setdefault(reference, Hint(source="provenance", reference=reference))
        except GateError:
            continue  # a claim that cannot be read claims nothing
    return list(found.values())[:_MOST_MATERIALS]


async def _materials(source: Attested, digest: str) -> Any:
    data = await source.manifest(Descriptor(digest=digest, size=0))
    manifest = documents.parse(data, None)
    if not isinstance(manifest, Manifest):
        return
    for layer in manifest.layers[:_MOST_STATEMENTS]:
        if layer.media_type in _STATEMENTS:
            statement = await source.content(layer, _LARGEST_STATEMENT)
            for reference in _images(read_object(statement, "the attestation", _LARGEST_STATEMENT)):
                yield reference


def _images(statement: dict[str, Any]) -> Iterator[Reference]:
    predicate = statement.get("predicate")
    if "slsa.dev/provenance" not in str(statement.get("predicateType")) or not isinstance(predicate, dict):
        return
    definition = predicate.get("buildDefinition")
    materials = predicate.get("materials") or (
        definition.get("resolvedDependencies") if isinstance(definition, dict) else None
    )
    for material in materials if isinstance(materials, list) else []:
        if isinstance(material, dict) and isinstance(material.get("uri"), str):
            digests = material.get("digest")
            reference = _of_package(material["uri"], digests if isinstance(digests, dict) else {})
            if reference is not None:
                yield reference


def _of_package(uri: str, digests: dict[str, Any]) -> Reference | None:
    found = _PACKAGE.match(uri)
    if found is None:
        return None
    digest = next((f"{name}:{digests[name]}" for name in ("sha256", "sha512") if name in digests), None)
    version = unquote(found[2] or "")
    name = unquote(found[1])
    if version and not supported(version):
        name += f":{version}"
    return _reference(name, digest or (version if supported(version) else None))


def _reference(name: str, digest: object) -> Reference | None:
    try:
        reference = parse(name)
    except (ReferenceError_, ImageError):
        return None
    if isinstance(digest, str) and supported(digest):
        return reference.pinned(digest)
    return reference
