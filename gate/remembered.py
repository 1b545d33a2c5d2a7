"""Results remembered between runs of ``gate check``: a file that did not change is not judged again.

A result is found again only under everything it rests on: the file and its .dockerignore, its name and how it is
built, and the `Scope` of the run. Whatever cannot be read back is judged again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import msgspec

from gate.errors import StoreError
from gate.finding import Result
from gate.settings.model import Build
from gate.store import Store

NAMESPACE = "results"


class Scope(msgspec.Struct, frozen=True, kw_only=True):
    """What all results of a run rest on besides their files.

    ``gate``: its version. ``revision``, ``engine``: the policy's and the engine's name. ``settings``, ``lock``,
    ``known_bases``, ``baseline``: digests of those files, null where there is none. ``today``: exemptions end.
    """

    gate: str
    revision: str
    engine: str
    environment: str | None
    today: str
    platform: str
    settings: str | None = None
    lock: str | None = None
    known_bases: str | None = None
    baseline: str | None = None
    target: str | None = None
    build_args: Mapping[str, str] = {}
    build_contexts: Mapping[str, str] = {}
    options: Mapping[str, str] = {}


class Remembered:
    """Results of earlier runs under one scope. A store that fails is left alone from then on."""

    def __init__(self, store: Store, scope: Scope) -> None:
        self._store: Store | None = store
        parts = msgspec.structs.asdict(scope)
        plain = {name: sorted(part.items()) if isinstance(part, Mapping) else part for name, part in parts.items()}
        self._scope = hashlib.sha256(ascii(plain).encode())
        self.error: StoreError | None = None

    def key(self, name: str, data: bytes, ignore: bytes | None = None, build: Build | None = None) -> str:
        """The key of a file's result: ``name`` as reports show it, its bytes, its .dockerignore's, how it is built."""
        digest = self._scope.copy()
        for part in (name.encode("utf-8", "surrogatepass"), data, ignore, msgspec.json.encode(build)):
            digest.update(b"-" if part is None else b"%d:" % len(part))
            digest.update(part or b"")
        return digest.hexdigest()

    def get(self, key: str) -> Result | None:
        """The result, without its evidence, or None."""
        if self._store is None:
            return None
        try:
            value = self._store.get(NAMESPACE, key)
            return None if value is None else msgspec.msgpack.decode(value, type=Result)
        except StoreError as error:
            self._give_up(error)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            return None
        return None

    def put(self, key: str, result: Result) -> None:
        """Remember a result; its evidence is not kept."""
        if self._store is None:
            return
        try:
            self._store.put(NAMESPACE, key, msgspec.msgpack.encode(msgspec.structs.replace(result, evidence=None)))
        except StoreError as error:
            self._give_up(error)

    def _give_up(self, error: StoreError) -> None:
        self.error = error
        self._store = None
