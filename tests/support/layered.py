"""Layers entry by entry, and the facts or the image they make."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Sequence
from typing import Any

from gate.evidence.image.facts import ImageFacts, Subject, describe
from gate.evidence.image.layers import Expected, LayerFacts, read_layer
from gate.evidence.image.limits import ImageLimits, LayerLimits
from gate.evidence.image.source import Layer

from tests.support.oci_images import OCI_CONFIG, OCI_LAYER, OCI_MANIFEST, Image, descriptor, digest_of
from tests.support.tar_grammar import ZERO, block, padded, pax

ELF = b"\x7fELF\x02\x01\x01\x00"
BUSYBOX = ELF + bytes(600) + b"\x00BusyBox v1.36.1 (2026-01-01)\x00" + bytes(300)
PROGRAM = ELF + bytes(100)


def layer(*entries: bytes) -> bytes:
    """The tar of some entries."""
    return b"".join(entries) + ZERO * 2


def file(path: str, content: bytes = PROGRAM, mode: int = 0o755, **pax_records: bytes) -> bytes:
    """A regular file; ``pax_records`` go before it, ``capability`` as the attribute of that name."""
    records = {
        b"SCHILY.xattr.security.capability" if k == "capability" else k.encode(): v for k, v in pax_records.items()
    }
    before = pax(records) if records else b""
    return before + block(path.encode(), size=len(content), mode=mode) + padded(content)


def link(path: str, target: str) -> bytes:
    """A symbolic link."""
    return block(path.encode(), kind=b"2", link=target.encode(), mode=0o777)


def hardlink(path: str, target: str, mode: int = 0o755) -> bytes:
    """A hard link."""
    return block(path.encode(), kind=b"1", link=target.encode(), mode=mode)


def folder(path: str, mode: int = 0o755) -> bytes:
    """A directory."""
    return block(path.encode() + b"/", kind=b"5", mode=mode)


def device(path: str, major: int, minor: int, kind: bytes = b"3") -> bytes:
    """A character (3) or block (4) device."""
    return block(path.encode(), kind=kind, device=(major, minor), mode=0o666)


def whiteout(path: str) -> bytes:
    """What deletes a path of lower layers."""
    before, slash, name = path.rpartition("/")
    return file(f"{before}{slash}.wh.{name}", b"", 0o644)


def opaque(path: str) -> bytes:
    """What hides all that lower layers have in a directory."""
    return file(f"{path}/.wh..wh..opq", b"", 0o644)


def read(tar: bytes, limits: LayerLimits | None = None) -> LayerFacts:
    """The facts of one layer that is what its diff_id says."""
    return read_layer([tar], Expected(diff_id=digest_of(tar)), limits)


def facts(*tars: bytes, limits: ImageLimits | None = None, **config: Any) -> ImageFacts:
    """The facts of an image of uncompressed layers; ``config`` are members of the config's ``config``."""
    listed = [
        Layer(
            index=index,
            digest=None,
            size=len(tar),
            compressed=len(tar),
            diff_id=digest_of(tar),
            created_by=f"step {index}",
        )
        for index, tar in enumerate(tars)
    ]
    subject = Subject(config={"config": config}, layers=listed)
    return describe(subject, [read(tar) for tar in tars], limits or ImageLimits())


def image_of(
    *tars: bytes,
    pack: Callable[[bytes], bytes] | Sequence[Callable[[bytes], bytes]] = lambda tar: gzip.compress(tar, 1, mtime=0),
    platform: str = "linux/amd64",
    document: dict[str, Any] | None = None,
    annotations: dict[str, str] | None = None,
    **config: Any,
) -> Image:
    """An image of layers given as tars; ``document`` replaces members of the config document."""
    packers = [pack] * len(tars) if callable(pack) else list(pack)
    packed = [each(tar) for each, tar in zip(packers, tars, strict=True)]
    system, architecture, *_ = platform.split("/")
    described = {
        "os": system,
        "architecture": architecture,
        "config": config,
        "rootfs": {"type": "layers", "diff_ids": [digest_of(tar) for tar in tars]},
        "history": [{"created_by": f"step {number}"} for number in range(len(tars))],
        **(document or {}),
    }
    config_bytes = json.dumps(described).encode()
    listed = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": descriptor(config_bytes, OCI_CONFIG),
        "layers": [descriptor(each, OCI_LAYER + "+gzip") for each in packed],
        **({"annotations": annotations} if annotations else {}),
    }
    return Image(
        json.dumps(listed).encode(),
        config_bytes,
        packed,
        blobs={digest_of(each): each for each in [config_bytes, *packed]},
    )
