"""Facts that outlive every replica: one small ``ImageFacts`` object an image, in the cluster itself.

An object holds at most 8 KB; what does not fit stays in memory only, and is read again after a restart. Objects carry a
checksum over what they belong to, so that one that was edited or copied is not believed, and the day they were last
used, so that unused ones can be pruned.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import datetime as dt
import hashlib
import logging
import zlib
from collections.abc import Callable
from typing import Any

from gate.errors import ClusterError, StoreError
from gate.evidence.kubernetes.cluster import ClusterApi, path_of

GROUP_VERSION = "gate-images.dev/v1"
PLURAL = "imagefacts"
LARGEST = 8_192
_LARGEST_PLAIN = 4_000_000

_log = logging.getLogger("gate.webhook.imagefacts")


class ImageFactsStore:
    """A `FactStore` over the custom resource. ``today`` gives the UTC date."""

    def __init__(self, cluster: ClusterApi, today: Callable[[], dt.date]) -> None:
        self._cluster = cluster
        self._today = today
        self._too_large: set[str] = set()

    async def get(self, key: str) -> bytes | None:
        """The stored bytes; None where there are none, or where they are not what was stored."""
        return await asyncio.to_thread(self._get, key)

    async def put(self, key: str, value: bytes, *, reference: str) -> None:
        """Store ``value``, unless its object would hold more than 8 KB."""
        await asyncio.to_thread(self._put, key, value, reference)

    async def prune(self, unused_for: dt.timedelta) -> int:
        """Delete objects not used for that long; how many. Stops at the first failure and says so."""
        return await asyncio.to_thread(self._prune, unused_for)

    def _get(self, key: str) -> bytes | None:
        try:
            found = self._cluster.request("GET", _path(key))
        except ClusterError as error:
            if error.status == 404:
                return None
            raise StoreError(f"ImageFacts cannot be read: {error}") from error
        spec = found.get("spec") if isinstance(found, dict) else None
        value = _open(key, spec) if isinstance(spec, dict) else None
        if value is None:
            _log.warning("an ImageFacts object does not hold what was stored", extra={"object": _name(key)})
            return None
        if spec and spec.get("used") != self._today().isoformat():
            self._touch(key)
        return value

    def _put(self, key: str, value: bytes, reference: str) -> None:
        packed = base64.b64encode(zlib.compress(value, 9)).decode()
        if len(packed) > LARGEST:
            self._too_large.add(_name(key))
            _log.info(
                "facts are too large for an ImageFacts object", extra={"object": _name(key), "bytes": len(packed)}
            )
            return
        spec = {
            "digest": key.rpartition("/")[2][:200],
            "reference": reference[:512],
            "extractor": key.partition("/")[0][:64],
            "facts": packed,
            "checksum": _checksum(key, packed),
            "used": self._today().isoformat(),
        }
        body = {"apiVersion": GROUP_VERSION, "kind": "ImageFacts", "metadata": {"name": _name(key)}, "spec": spec}
        try:
            self._cluster.request("POST", path_of(GROUP_VERSION, PLURAL), body=body)
        except ClusterError as error:
            if error.status != 409:
                raise StoreError(f"ImageFacts cannot be written: {error}") from error
            self._replace(key, body)

    def _replace(self, key: str, body: dict[str, Any]) -> None:
        try:
            stored = self._cluster.request("GET", _path(key))
            body["metadata"]["resourceVersion"] = stored["metadata"]["resourceVersion"]
            self._cluster.request("PUT", _path(key), body=body)
        except ClusterError as error:
            if error.status not in {404, 409}:
                raise StoreError(f"ImageFacts cannot be written: {error}") from error

    def _touch(self, key: str) -> None:
        """Note today's use; another replica that does the same at the same time is as good."""
        try:
            stored = self._cluster.request("GET", _path(key))
            stored["spec"]["used"] = self._today().isoformat()
            self._cluster.request("PUT", _path(key), body=stored)
        except ClusterError as error:
            _log.debug("the day of use was not noted", extra={"error": str(error)})

    def _prune(self, unused_for: dt.timedelta) -> int:
        limit = (self._today() - unused_for).isoformat()
        pruned = 0
        try:
            for page in self._cluster.pages(path_of(GROUP_VERSION, PLURAL)):
                for item in page.items:
                    if str((item.get("spec") or {}).get("used") or "") < limit:
                        name = str((item.get("metadata") or {}).get("name"))
                        self._cluster.request("DELETE", path_of(GROUP_VERSION, PLURAL, name=name))
                        pruned += 1
        except ClusterError as error:
            raise StoreError(f"ImageFacts cannot be pruned: {error}") from error
        return pruned


def _name(key: str) -> str:
    return "i-" + hashlib.sha256(key.encode()).hexdigest()[:48]


def _path(key: str) -> str:
    return path_of(GROUP_VERSION, PLURAL, name=_name(key))


def _checksum(key: str, packed: str) -> str:
    return "sha256:" + hashlib.sha256(f"{key}\0{packed}".encode()).hexdigest()


def _open(key: str, spec: dict[str, Any]) -> bytes | None:
    packed = spec.get("facts")
    if not isinstance(packed, str) or spec.get("checksum") != _checksum(key, packed):
        return None
    try:
        unpacker = zlib.decompressobj()
        value = unpacker.decompress(base64.b64decode(packed, validate=True), _LARGEST_PLAIN)
    except (zlib.error, binascii.Error, ValueError):
        return None
    return value if unpacker.eof else None
