"""Small images made in memory, whole or broken on purpose, and how they get into a registry or a directory."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import ssl
import tarfile
import urllib.parse
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

OCI_INDEX = "application/vnd.oci.image.index.v1+json"
OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_CONFIG = "application/vnd.oci.image.config.v1+json"
OCI_LAYER = "application/vnd.oci.image.layer.v1.tar"


def digest_of(data: bytes, algorithm: str = "sha256") -> str:
    return f"{algorithm}:{hashlib.new(algorithm, data).hexdigest()}"


def descriptor(data: bytes, media_type: str, **more: Any) -> dict[str, Any]:
    return {"mediaType": media_type, "digest": digest_of(data), "size": len(data), **more}


def tar_of(files: dict[str, bytes | str]) -> bytes:
    """A tar of regular files (bytes) and symlinks (text), the same bytes every time."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            if isinstance(content, str):
                info.type, info.linkname = tarfile.SYMTYPE, content
                archive.addfile(info)
            else:
                info.size, info.mode = len(content), 0o755
                archive.addfile(info, io.BytesIO(content))
    return out.getvalue()


@dataclass
class Image:
    """One image for one platform: its documents and blobs, by digest."""

    manifest: bytes
    config: bytes
    layers: list[bytes]
    media_type: str = OCI_MANIFEST
    blobs: dict[str, bytes] = field(default_factory=dict)

    @property
    def digest(self) -> str:
        return digest_of(self.manifest)


def make_image(
    *layers: dict[str, bytes | str],
    platform: str = "linux/amd64",
    config: dict[str, Any] | None = None,
    annotations: dict[str, str] | None = None,
    compress: bool = True,
    manifest: dict[str, Any] | None = None,
    document: dict[str, Any] | None = None,
) -> Image:
    """An image of some layers. ``config``: its ``config`` member; ``document`` and ``manifest`` replace members."""
    tars = [tar_of(files) for files in layers]
    system, architecture, *variant = platform.split("/")
    described = {
        "os": system,
        "architecture": architecture,
        **({"variant": variant[0]} if variant else {}),
        "config": config or {},
        "rootfs": {"type": "layers", "diff_ids": [digest_of(each) for each in tars]},
        "history": [{"created_by": f"layer {number}"} for number in range(len(tars))],
        **(document or {}),
    }
    config_bytes = json.dumps(described).encode()
    packed = [gzip.compress(each, mtime=0) if compress else each for each in tars]
    listed = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": descriptor(config_bytes, OCI_CONFIG),
        "layers": [descriptor(each, OCI_LAYER + ("+gzip" if compress else "")) for each in packed],
        **({"annotations": annotations} if annotations else {}),
        **(manifest or {}),
    }
    data = json.dumps(listed).encode()
    blobs = {digest_of(each): each for each in [config_bytes, *packed]}
    return Image(data, config_bytes, packed, blobs=blobs)


def index_of(*entries: dict[str, Any], **more: Any) -> bytes:
    return json.dumps({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": list(entries), **more}).encode()


def entry(data: bytes, platform: str | None = None, media_type: str = OCI_MANIFEST, **more: Any) -> dict[str, Any]:
    """An index entry for a manifest or index."""
    if platform is None:
        return descriptor(data, media_type, **more)
    system, architecture, *variant = platform.split("/")
    wanted = {"os": system, "architecture": architecture, **({"variant": variant[0]} if variant else {})}
    return descriptor(data, media_type, platform=wanted, **more)


class Pusher:
    """Puts documents and blobs into a registry as they are, broken or not."""

    def __init__(
        self,
        url: str,
        *,
        ca: Path | None = None,
        authorization: str | None = None,
        client: tuple[Path, Path] | None = None,
    ) -> None:
        self.url = url
        self._context = ssl.create_default_context(cafile=str(ca)) if ca else None
        if self._context is not None and client is not None:
            self._context.load_cert_chain(*client)
        self._headers = {"Authorization": authorization} if authorization else {}

    def image(self, repository: str, tag: str | None, image: Image) -> str:
        """Push all of an image; returns its digest."""
        for blob in image.blobs.values():
            self.blob(repository, blob)
        return self.manifest(repository, tag, image.manifest, image.media_type)

    def blob(self, repository: str, data: bytes) -> None:
        place = self._send("POST", f"/v2/{repository}/blobs/uploads/", b"").headers["Location"]
        joint = "&" if "?" in place else "?"
        where = urllib.parse.urljoin(self.url, place) + joint + urllib.parse.urlencode({"digest": digest_of(data)})
        self._send("PUT", where, data, "application/octet-stream")

    def manifest(self, repository: str, tag: str | None, data: bytes, media_type: str = OCI_MANIFEST) -> str:
        digest = digest_of(data)
        self._send("PUT", f"/v2/{repository}/manifests/{tag or digest}", data, media_type)
        return digest

    def _send(self, method: str, where: str, data: bytes, media_type: str = "application/json") -> Any:
        request = urllib.request.Request(
            urllib.parse.urljoin(self.url, where), data, {"Content-Type": media_type, **self._headers}, method=method
        )
        with urllib.request.urlopen(request, timeout=30, context=self._context) as response:
            response.read()
            return response


def write_layout(directory: Path, blobs: dict[str, bytes], index: bytes) -> Path:
    """An OCI layout."""
    for digest, data in blobs.items():
        algorithm, _, encoded = digest.partition(":")
        (directory / "blobs" / algorithm).mkdir(parents=True, exist_ok=True)
        (directory / "blobs" / algorithm / encoded).write_bytes(data)
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "index.json").write_bytes(index)
    (directory / "oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}')
    return directory
