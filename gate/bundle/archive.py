"""The policy as a bundle of OPA's: for an OPA that fetches it from gate, or from a file."""

from __future__ import annotations

import gzip
import io
import json
import tarfile

from gate.bundle.load import Bundle


def files(bundle: Bundle) -> dict[str, bytes]:
    """What the bundle holds by name; the revision is in its manifest, as every answer of OPA then shows."""
    manifest = {"revision": bundle.revision, "roots": ["gate", "custom"]}
    held = {".manifest": json.dumps(manifest).encode()}
    for path, text in bundle.modules.items():
        held[path.removeprefix("policies/")] = text.encode()
    for rule in bundle.catalogue.values():
        if rule.path in bundle.custom_modules:
            held[f"{rule.id}.rego"] = bundle.custom_modules[rule.path].encode()
    return held


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
