"""The managed certificate: a Secret that every replica shares, and the ``caBundle`` of the webhook configuration.

Any replica may advance the rotation; the Secret's resourceVersion lets one of them win. The bundle in the webhook
configuration is read back before a new authority signs what is served, so that no API server meets a stranger.
"""

from __future__ import annotations

import base64
import datetime as dt
import json
import logging
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gate.errors import ClusterError
from gate.evidence.kubernetes.cluster import ClusterApi, path_of
from gate.webhook.authority import Lives, Material, advance

_log = logging.getLogger("gate.webhook.certificates")
_VWC = "admissionregistration.k8s.io/v1"


@dataclass(frozen=True, slots=True)
class ManagedNames:
    """Where things are: the Secret, the webhook configuration, and the DNS names the certificate is for."""

    namespace: str
    secret: str
    webhook: str
    dns: Sequence[str]


class ManagedCertificates:
    """Keeps the shared Secret, the files this process serves from, and the webhook's ``caBundle`` in step."""

    def __init__(self, cluster: ClusterApi, names: ManagedNames, folder: Path, lives: Lives | None = None) -> None:
        self._cluster = cluster
        self._names = names
        self._lives = lives or Lives()
        self.certificate = folder / "tls.crt"
        self.key = folder / "tls.key"

    def step(self, now: dt.datetime) -> Material:
        """One round: publish, advance, write. Returns what is in force; raises `ClusterError`."""
        secret = self._secret()
        stored = _material(secret)
        trusted = self._publish(stored.bundle) if stored is not None else b""
        wanted = advance(stored, now, self._names.dns, trusted=trusted, lives=self._lives)
        if wanted is not stored:
            wanted = self._write_secret(secret, wanted)
            self._publish(wanted.bundle)
        self._write_files(wanted)
        return wanted

    def remove_webhook(self) -> bool:
        """Delete the webhook configuration; False when there was none."""
        try:
            self._cluster.request("DELETE", path_of(_VWC, "validatingwebhookconfigurations", name=self._names.webhook))
        except ClusterError as error:
            if error.status == 404:
                return False
            raise
        return True

    def _secret(self) -> dict[str, Any]:
        found = self._cluster.request("GET", path_of("v1", "secrets", self._names.namespace, self._names.secret))
        if not isinstance(found, dict):
            raise ClusterError(f"the Secret {self._names.secret} is not an object")
        return found

    def _write_secret(self, secret: dict[str, Any], material: Material) -> Material:
        """Store ``material``; where another replica was faster, its material is the one in force."""
        body = {**secret, "data": {**(secret.get("data") or {}), **_data(material)}}
        try:
            path = path_of("v1", "secrets", self._names.namespace, self._names.secret)
            self._cluster.request("PUT", path, body=body)
        except ClusterError as error:
            if error.status != 409:
                raise
            other = _material(self._secret())
            if other is None:
                raise
            return other
        _log.info("certificates advanced", extra={"phase": material.phase})
        return material

    def _publish(self, bundle: bytes) -> bytes:
        """Make every webhook trust ``bundle``; returns what they trusted before."""
        path = path_of(_VWC, "validatingwebhookconfigurations", name=self._names.webhook)
        try:
            found = self._cluster.request("GET", path)
        except ClusterError as error:
            if error.status == 404:
                return bundle
            raise
        webhooks = found.get("webhooks") or []
        wanted = base64.b64encode(bundle).decode()
        present = [str((hook.get("clientConfig") or {}).get("caBundle") or "") for hook in webhooks]
        patch = [{"op": "test", "path": "/metadata/resourceVersion", "value": found["metadata"]["resourceVersion"]}]
        patch += [
            {"op": "add", "path": f"/webhooks/{position}/clientConfig/caBundle", "value": wanted}
            for position, value in enumerate(present)
            if value != wanted
        ]
        if len(patch) > 1:
            self._cluster.request("PATCH", path, body=patch, content_type="application/json-patch+json")
            _log.info("the webhook's caBundle was updated", extra={"webhook": self._names.webhook})
        trusted = {_decoded(value) for value in present}
        return trusted.pop() if len(trusted) == 1 else b""

    def _write_files(self, material: Material) -> None:
        """Key first, both by rename: a reader that sees half a change keeps the old pair and looks again."""
        for path, content in ((self.key, material.leaf_key), (self.certificate, material.leaf)):
            if path.exists() and path.read_bytes() == content:
                continue
            scratch = path.with_suffix(".new")
            descriptor = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
            scratch.replace(path)


def _data(material: Material) -> dict[str, str]:
    state = {"phase": material.phase, "since": material.since.isoformat()}
    plain = {
        "ca.crt": material.bundle,
        "gate-ca.crt": material.ca,
        "gate-ca.key": material.ca_key,
        "tls.crt": material.leaf,
        "tls.key": material.leaf_key,
        "gate-other-ca.crt": material.other_ca,
        "gate-other-ca.key": material.other_ca_key,
        "gate-state": json.dumps(state).encode(),
    }
    return {key: base64.b64encode(value).decode() for key, value in plain.items()}


def _material(secret: dict[str, Any]) -> Material | None:
    """What the Secret holds; None where it is empty or not ours to read, and then it is made anew."""
    data = secret.get("data") or {}
    plain = {key: _decoded(str(value)) for key, value in data.items()}
    try:
        state = json.loads(plain["gate-state"])
        since = dt.datetime.fromisoformat(state["since"])
        if state["phase"] not in {"steady", "introduced", "switched"} or since.tzinfo is None:
            return None
        return Material(
            ca=plain["gate-ca.crt"],
            ca_key=plain["gate-ca.key"],
            leaf=plain["tls.crt"],
            leaf_key=plain["tls.key"],
            phase=state["phase"],
            since=since,
            other_ca=plain.get("gate-other-ca.crt", b""),
            other_ca_key=plain.get("gate-other-ca.key", b""),
        )
    except (KeyError, ValueError, TypeError):
        return None


def _decoded(value: str) -> bytes:
    try:
        return base64.b64decode(value)
    except ValueError:
        return b""
