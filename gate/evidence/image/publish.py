"""Putting something into a registry: blobs that are not there yet, then the manifest that names them.

Source: OCI distribution-spec 1.1, "Pushing blobs" and "Pushing manifests", in their monolithic form. Equal content is
equal bytes and therefore an equal digest. The place of an upload must be a path of the host that was asked.
"""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from dataclasses import dataclass

import msgspec
from yarl import URL

from gate.errors import ReferenceError_, RegistryError
from gate.evidence.image.answers import shown
from gate.evidence.image.documents import digest_of
from gate.evidence.image.endpoints import Endpoint
from gate.evidence.image.reference import Reference
from gate.evidence.image.registry import RegistryClient
from gate.evidence.image.registry_errors import refused_by

__all__ = ["Published", "publish_layer"]

_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
_CONFIG = "application/vnd.oci.image.config.v1+json"
_LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
_BYTES = "application/octet-stream"


@dataclass(frozen=True, slots=True)
class Published:
    """Where it is now: ``reference`` with the tag, ``digest`` of its manifest."""

    reference: str
    digest: str


async def publish_layer(
    client: RegistryClient, reference: Reference, layer: bytes, annotations: Mapping[str, str]
) -> Published:
    """Push an image of one layer, a ``.tar.gz``, under the tag of ``reference``.

    Raises `ReferenceError_` for a reference with a digest or without a tag, and `RegistryError`.
    """
    if reference.digest is not None or reference.tag is None or not reference.registry:
        raise ReferenceError_(
            "it does not say under which tag", where=reference.familiar, hint="Write it as registry/repository:tag."
        )
    push = _Push(client, client.registries.endpoint(reference.registry, reference.repository), reference.normalized)
    config = _config(layer)
    for blob in (config, layer):
        await push.blob(blob)
    manifest = msgspec.json.encode(
        {
            "schemaVersion": 2,
            "mediaType": _MANIFEST,
            "config": _descriptor(_CONFIG, config),
            "layers": [_descriptor(_LAYER, layer)],
            "annotations": dict(sorted(annotations.items())),
        }
    )
    await push.manifest(manifest, reference.tag)
    return Published(reference.normalized, digest_of(manifest))


def _config(layer: bytes) -> bytes:
    """The config of an image that is no program: registries that look into it find what they expect."""
    rootfs = {"type": "layers", "diff_ids": [digest_of(gzip.decompress(layer))]}
    return msgspec.json.encode({"architecture": "unknown", "os": "unknown", "config": {}, "rootfs": rootfs})


def _descriptor(media_type: str, data: bytes) -> dict[str, str | int]:
    return {"mediaType": media_type, "digest": digest_of(data), "size": len(data)}


class _Push:
    """Uploads to one repository; ``what`` is pushed, for messages."""

    def __init__(self, client: RegistryClient, endpoint: Endpoint, what: str) -> None:
        self._client = client
        self._endpoint = endpoint
        self._what = what

    async def blob(self, data: bytes) -> None:
        """Upload ``data`` unless the repository has it."""
        digest = digest_of(data)
        status, _ = await self._send("HEAD", f"blobs/{digest}", (200, 404))
        if status == 404:
            _, location = await self._send("POST", "blobs/uploads/", (202,), b"")
            place = self._place(location).update_query({"digest": digest})
            await self._send("PUT", place.raw_path_qs, (201,), data)

    async def manifest(self, data: bytes, tag: str) -> None:
        """Put the manifest under ``tag``."""
        await self._send("PUT", f"manifests/{tag}", (201,), data, _MANIFEST)

    async def _send(
        self, method: str, path: str, known: tuple[int, ...], body: bytes | None = None, media_type: str = _BYTES
    ) -> tuple[int, str]:
        """Status and Location of an answer whose status is ``known``; `RegistryError` for any other."""
        full = path if path.startswith("/") else f"/v2/{self._endpoint.repository}/{path}"
        answer = await self._client.send(
            self._endpoint, full, method=method, body=body, media_type=media_type if body is not None else None
        )
        try:
            if answer.status not in known:
                await refused_by(answer, self._endpoint, self._what)
                raise RegistryError(f"answers {method} with status {answer.status}", where=self._what)
            return answer.status, answer.headers.get("Location", "")
        finally:
            answer.close()

    def _place(self, location: str) -> URL:
        """Where the registry takes the upload."""
        try:
            found = URL(location, encoded=True)
            here = not found.absolute or found.origin() == URL(f"{found.scheme}://{self._endpoint.host}").origin()
        except ValueError:
            raise RegistryError("names no place for the upload", where=self._what) from None
        if not here or not found.raw_path.startswith("/") or found.raw_path.startswith("//"):  # "//" leads to a host
            told = shown(found) if found.absolute else "nowhere"
            raise RegistryError(f"wants the upload elsewhere: {told}", reason="refused", where=self._what)
        return found
