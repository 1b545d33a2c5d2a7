"""The policy as a bundle of OPA's: for an OPA that fetches it from gate, or from a file."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
from typing import Any

from gate.bundle.catalogue import package
from gate.bundle.load import Bundle
from gate.dialect import is_v0


def files(bundle: Bundle) -> dict[str, bytes]:
    """What the bundle holds by name; the revision is in its manifest, as every answer of OPA then shows."""
    manifest: dict[str, Any] = {"revision": bundle.revision, "roots": _roots(bundle)}
    old = {f"/{bundle.names[path]}": 0 for path, text in bundle.custom_modules.items() if is_v0(text)}
    if old:
        manifest |= {"rego_version": 1, "file_rego_versions": old}
    held = {".manifest": json.dumps(manifest).encode()}
    for path, text in bundle.modules.items():
        held[path.removeprefix("policies/")] = text.encode()
    held.update({bundle.names[path]: text.encode() for path, text in bundle.custom_modules.items()})
    return held


def _roots(bundle: Bundle) -> list[str]:
    """The packages that only this bundle may hold."""
    theirs = {package(path, text)[0][0] for path, text in bundle.custom_modules.items()}
    return ["gate", "custom", *sorted(theirs - {"gate", "custom"})]


def tarball(bundle: Bundle) -> bytes:
    """The same as ``bundle.tar.gz``; equal policies give equal bytes."""
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name, data in sorted(files(bundle).items()):
            member = tarfile.TarInfo(f"/{name}")
            member.size = len(data)
            member.mode = 0o644
            archive.addfile(member, io.BytesIO(data))
    return gzip.compress(raw.getvalue(), mtime=0)
