"""Indexes, manifests and configs: the documents an image is made of, as OCI image-spec 1.1 and Docker write them.

Refused: schema 1, documents that are index and manifest at once (CVE-2021-41190), a media type inside that differs
from the one outside, digests of unknown algorithms. Descriptors' ``urls`` and ``data`` are never used.
"""

from __future__ import annotations

from typing import Any

import msgspec

from gate.errors import ImageError
from gate.evidence.image.documents import read_object, shaped, supported

__all__ = [
    "ACCEPTED",
    "Config",
    "Descriptor",
    "DocumentLimits",
    "Execution",
    "History",
    "Index",
    "Manifest",
    "Platform",
    "RootFS",
    "is_schema_1",
    "layer_problem",
    "media_type_of",
    "parse",
    "parse_config",
]

OCI_INDEX = "application/vnd.oci.image.index.v1+json"
OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
INDEXES = (OCI_INDEX, DOCKER_LIST)
MANIFESTS = (OCI_MANIFEST, DOCKER_MANIFEST)
ACCEPTED = (*INDEXES, *MANIFESTS)
CONFIGS = ("application/vnd.oci.image.config.v1+json", "application/vnd.docker.container.image.v1+json")

_SCHEMA_1 = "application/vnd.docker.distribution.manifest.v1+"
_NO_MEDIA_TYPE = ("", "application/octet-stream", "application/json", "text/plain")
_LAYERS = frozenset(
    [
        "application/vnd.oci.image.layer.v1.tar",
        "application/vnd.oci.image.layer.v1.tar+gzip",
        "application/vnd.oci.image.layer.v1.tar+zstd",
        "application/vnd.docker.image.rootfs.diff.tar",
        "application/vnd.docker.image.rootfs.diff.tar.gzip",
        "application/vnd.docker.image.rootfs.diff.tar.zstd",
    ]
)


class DocumentLimits(msgspec.Struct, frozen=True, kw_only=True):
    """Bounds: bytes of an index or manifest, of a config, and of a token server's answer; nesting of indexes; manifests
    an image may lead to; entries of one index, and layers of one manifest."""

    manifest: int = 4 << 20
    config: int = 4 << 20
    token: int = 1 << 20
    depth: int = 4
    manifests: int = 64
    entries: int = 1_000
    layers: int = 1_000


class Platform(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """``platform`` of an index entry."""

    architecture: str | None = None
    os: str | None = None
    os_version: str | None = msgspec.field(name="os.version", default=None)
    os_features: list[str] | None = msgspec.field(name="os.features", default=None)
    variant: str | None = None


class Descriptor(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What points at content: its digest, size in bytes and media type."""

    digest: str
    size: int
    media_type: str | None = msgspec.field(name="mediaType", default=None)
    artifact_type: str | None = msgspec.field(name="artifactType", default=None)
    platform: Platform | None = None
    annotations: dict[str, str] | None = None
    urls: list[str] | None = None
    data: str | None = None


class _Document(msgspec.Struct, frozen=True, kw_only=True):
    """Both kinds at once, to tell them apart."""

    schema_version: int | None = msgspec.field(name="schemaVersion", default=None)
    media_type: str | None = msgspec.field(name="mediaType", default=None)
    artifact_type: str | None = msgspec.field(name="artifactType", default=None)
    manifests: list[Descriptor] | None = None
    config: Descriptor | None = None
    layers: list[Descriptor] | None = None
    subject: Descriptor | None = None
    annotations: dict[str, str] | None = None
    fs_layers: list[Any] | None = msgspec.field(name="fsLayers", default=None)
    blobs: list[Any] | None = None


class Index(msgspec.Struct, frozen=True, kw_only=True):
    """An OCI index or a Docker manifest list."""

    media_type: str
    manifests: list[Descriptor]
    annotations: dict[str, str] = {}


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """A manifest: one image for one platform, or an artifact."""

    media_type: str
    config: Descriptor
    layers: list[Descriptor]
    artifact_type: str | None = None
    subject: Descriptor | None = None
    annotations: dict[str, str] = {}


def is_schema_1(media_type: str) -> bool:
    """Whether a media type is that of Docker's first manifests, which are refused."""
    return media_type.startswith(_SCHEMA_1)


def media_type_of(content_type: str | None) -> str | None:
    """The media type in a Content-Type header; null for headers that say nothing about images."""
    found = (content_type or "").partition(";")[0].strip().lower()
    return None if found in _NO_MEDIA_TYPE else found


def parse(data: bytes, declared: str | None, limits: DocumentLimits | None = None) -> Index | Manifest:
    """An index or a manifest; ``declared`` is its media type by the descriptor or header that led to it."""
    limits = limits or DocumentLimits()
    document = shaped(read_object(data, "the manifest", limits.manifest), _Document, "the manifest")
    media_type = _media_type(document, declared)
    if media_type in INDEXES:
        return _index(document, media_type, limits)
    return _manifest(document, media_type, limits)


def _media_type(document: _Document, declared: str | None) -> str:
    if is_schema_1(declared or document.media_type or "") or document.fs_layers is not None:
        raise ImageError("the manifest is of schema 1, which runtimes no longer pull", hint="push the image again")
    if document.schema_version not in (None, 2):
        raise ImageError(f"the manifest is of the unknown schema {document.schema_version}")
    if declared and document.media_type and declared != document.media_type:
        raise ImageError(f"the manifest calls itself {document.media_type} but was announced as {declared}")
    media_type = declared or document.media_type
    if media_type is None:
        media_type = OCI_INDEX if document.manifests is not None else OCI_MANIFEST
    if media_type not in ACCEPTED:
        raise ImageError(f"{media_type} is no image")
    if document.manifests is not None and (document.config is not None or document.layers is not None):
        raise ImageError("the document is both an index and a manifest")
    return media_type


def _index(document: _Document, media_type: str, limits: DocumentLimits) -> Index:
    if document.manifests is None:
        raise ImageError("the index has no manifests")
    if len(document.manifests) > limits.entries:
        raise ImageError(f"the index lists more than {limits.entries} manifests")
    _check(document.manifests)
    return Index(media_type=media_type, manifests=document.manifests, annotations=document.annotations or {})


def _manifest(document: _Document, media_type: str, limits: DocumentLimits) -> Manifest:
    if document.config is None:
        raise ImageError("the manifest has no config")
    layers = document.layers or []
    if len(layers) > limits.layers:
        raise ImageError(f"the manifest lists more than {limits.layers} layers")
    _check([document.config, *layers])
    return Manifest(
        media_type=media_type,
        config=document.config,
        layers=layers,
        artifact_type=document.artifact_type,
        subject=document.subject,
        annotations=document.annotations or {},
    )


def _check(descriptors: list[Descriptor]) -> None:
    for each in descriptors:
        if not supported(each.digest):
            raise ImageError(f'"{each.digest[:80]}" is not a digest that can be checked (sha256 or sha512)')
        if each.size < 0:
            raise ImageError(f"{each.digest} has a negative size")


def layer_problem(descriptor: Descriptor) -> str | None:
    """Why a layer's content cannot be known, or null."""
    media_type = (descriptor.media_type or "").lower()
    if "nondistributable" in media_type or ".foreign." in media_type:
        return "a foreign layer, which is fetched from elsewhere"
    if media_type.endswith("+encrypted"):
        return "an encrypted layer"
    if media_type not in _LAYERS:
        return f'a layer of the unknown media type "{media_type[:80]}"'
    return None


# --- config ----------------------------------------------------------------------------------------------------


class RootFS(msgspec.Struct, frozen=True, kw_only=True):
    """``rootfs`` of a config."""

    type: str | None = None
    diff_ids: list[str] | None = None


class History(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of ``history``; author text."""

    created: str | None = None
    created_by: str | None = None
    author: str | None = None
    comment: str | None = None
    empty_layer: bool | None = None


class Execution(msgspec.Struct, frozen=True, kw_only=True, rename="pascal"):
    """``config`` of a config: how a container of the image starts."""

    user: str | None = None
    env: list[str] | None = None
    entrypoint: list[str] | None = None
    cmd: list[str] | None = None
    working_dir: str | None = None
    labels: dict[str, str] | None = None
    exposed_ports: dict[str, Any] | None = None
    volumes: dict[str, Any] | None = None
    stop_signal: str | None = None
    shell: list[str] | None = None
    healthcheck: dict[str, Any] | None = None
    on_build: list[str] | None = None
    args_escaped: bool | None = None


class Config(msgspec.Struct, frozen=True, kw_only=True):
    """A config document."""

    architecture: str | None = None
    os: str | None = None
    os_version: str | None = msgspec.field(name="os.version", default=None)
    variant: str | None = None
    created: str | None = None
    author: str | None = None
    config: Execution | None = None
    rootfs: RootFS | None = None
    history: list[History] | None = None


def parse_config(data: bytes, limits: DocumentLimits | None = None) -> tuple[Config, dict[str, Any]]:
    """A config document as a struct, and as JSON with null members of its known objects dropped."""
    document = read_object(data, "the config", (limits or DocumentLimits()).config)
    config = shaped(document, Config, "the config")
    for diff_id in (config.rootfs.diff_ids or []) if config.rootfs else []:
        if not supported(diff_id):
            raise ImageError(f'"{diff_id[:80]}" in rootfs.diff_ids is not a digest that can be checked')
    return config, _without_nulls(document)


def _without_nulls(document: dict[str, Any]) -> dict[str, Any]:
    found = {key: value for key, value in document.items() if value is not None}
    for key in ("config", "rootfs"):
        if isinstance(found.get(key), dict):
            found[key] = {name: value for name, value in found[key].items() if value is not None}
    return found
