"""Credentials as Docker, podman and Kubernetes keep them, and which of them may open an image.

Entries are matched as the kubelet matches pull secrets: hosts part by part with globs, ports exactly, paths by prefix,
longest path first, and every entry that matches is a candidate (KEP-2535 and kubelet's ``credentialprovider``). A
credential never leaves for a host its own entry does not name.
"""

from __future__ import annotations

import base64
import binascii
import fnmatch
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from gate.errors import ImageError
from gate.evidence.image.credential_programs import helper_credential
from gate.evidence.image.documents import read_object
from gate.evidence.image.registry_auth import Credential, Keychain
from gate.settings.files import UnreadableError, read_regular

__all__ = ["DockerKeychain", "Ring", "SeveralKeychains", "config_files", "matches", "ring_of_secrets"]

_LIMIT = 4 << 20
_HUB = ("docker.io", "index.docker.io", "registry-1.docker.io")
_HUB_SERVER = "https://index.docker.io/v1/"
_TYPES = {"kubernetes.io/dockerconfigjson": ".dockerconfigjson", "kubernetes.io/dockercfg": ".dockercfg"}


class _Entry(msgspec.Struct, frozen=True):
    """One value of ``auths``."""

    auth: str | None = None
    username: str | None = None
    password: str | None = None
    identitytoken: str | None = None
    registrytoken: str | None = None


class _Config(msgspec.Struct, frozen=True, rename="camel"):
    """What matters of config.json."""

    auths: dict[str, _Entry] = {}
    cred_helpers: dict[str, str] = {}
    creds_store: str | None = None


@dataclass(slots=True)
class Ring:
    """Credentials by what they open: ``host[:port][/path]``, the host's parts may hold globs."""

    entries: list[tuple[str, Credential]] = field(default_factory=list)

    def add(self, key: str, credential: Credential) -> None:
        """Add one; ``key`` as config.json writes it, scheme and ``/v1/`` included."""
        self.entries.append((_plain(key), credential))

    def find(self, name: str) -> list[Credential]:
        """All that may open ``registry/repository``: longest path first, then in order; each once."""
        found = [each for each in self.entries if matches(each[0], name)]
        found.sort(key=lambda each: -len(each[0].partition("/")[2]))
        return list(dict.fromkeys(credential for _, credential in found))

    async def credentials(self, name: str) -> Sequence[Credential]:
        """`find`, as a keychain."""
        return self.find(name)


def matches(pattern: str, name: str) -> bool:
    """Whether ``host[:port][/path]`` covers ``registry/repository`` by the kubelet's rules."""
    host, _, path = pattern.partition("/")
    registry, _, repository = name.partition("/")
    if not repository.startswith(path):
        return False
    names = _HUB if registry in _HUB else (registry,)
    return any(_host_matches(host, each) for each in names)


def _host_matches(pattern: str, host: str) -> bool:
    pattern_name, pattern_port = _port(pattern)
    host_name, host_port = _port(host)
    wanted, there = pattern_name.lower().split("."), host_name.lower().split(".")
    if pattern_port != host_port or len(wanted) != len(there):
        return False
    return all(part == glob or fnmatch.fnmatchcase(part, glob) for glob, part in zip(wanted, there, strict=True))


def _port(host: str) -> tuple[str, str]:
    name, colon, port = host.rpartition(":")
    return (name, port) if colon and port.isdigit() else (host, "")


def _plain(key: str) -> str:
    """A key of ``auths`` without its scheme, and without the version path Docker once wrote."""
    key = key.partition("://")[2] if "://" in key else key
    host, _, path = key.partition("/")
    for version in ("v1", "v2"):
        if path == version or path.startswith(f"{version}/"):
            path = path[3:]
            break
    return f"{host}/{path.strip('/')}" if path.strip("/") else host


def _credential(entry: _Entry) -> Credential | None:
    """What an entry holds; null for the empty ones that only say a helper knows."""
    username, password = entry.username or "", entry.password or ""
    if entry.auth:
        try:
            username, _, password = base64.b64decode(entry.auth, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            raise ImageError("an auth that is not base64") from None
        password = password.strip("\0")
    if not (username or entry.identitytoken or entry.registrytoken):
        return None
    return Credential(
        username=username,
        password=password,
        identity_token=entry.identitytoken or None,
        registry_token=entry.registrytoken or None,
    )


def _parse(data: bytes, what: str) -> _Config:
    """config.json; `ImageError`, which says nothing of the content, where it is broken."""
    document = read_object(data, what, _LIMIT)
    try:
        return msgspec.convert({key: value for key, value in document.items() if value is not None}, _Config)
    except msgspec.ValidationError:
        raise ImageError(f"{what} is not a Docker configuration") from None


def _fill(ring: Ring, auths: Mapping[str, _Entry]) -> None:
    for key, entry in auths.items():
        credential = _credential(entry)
        if credential is not None:
            ring.add(key, credential)


# --- Docker and podman -----------------------------------------------------------------------------------------


def config_files(environ: Mapping[str, str], home: Path) -> list[Path]:
    """Where docker and podman would look for credentials, in the order they are tried."""
    docker = environ.get("DOCKER_CONFIG")
    found = [(Path(docker) if docker else home / ".docker") / "config.json"]
    if environ.get("REGISTRY_AUTH_FILE"):
        found.append(Path(environ["REGISTRY_AUTH_FILE"]))
    elif environ.get("XDG_RUNTIME_DIR"):
        found.append(Path(environ["XDG_RUNTIME_DIR"]) / "containers" / "auth.json")
    return found


class DockerKeychain:
    """The credentials of configuration files, and of the helpers they name.

    A broken file or helper opens nothing; what was wrong is in ``problems``, without any secret.
    """

    def __init__(self, files: Sequence[Path], environ: Mapping[str, str]) -> None:
        self.problems: list[str] = []
        self._files = list(files)
        self._environ = dict(environ)
        self._configs: list[tuple[_Config, Ring]] | None = None

    async def credentials(self, name: str) -> Sequence[Credential]:
        """Those of each file in turn: its helper for the registry, then its own entries."""
        if self._configs is None:
            self._configs = [read for each in self._files if (read := self._read(each)) is not None]
        found: list[Credential] = []
        for config, ring in self._configs:
            helper = await self._ask_helper(config, name.partition("/")[0])
            found += [helper] if helper is not None else []
            found += ring.find(name)
        return list(dict.fromkeys(found))

    def _read(self, path: Path) -> tuple[_Config, Ring] | None:
        ring = Ring()
        try:
            config = _parse(read_regular(path, _LIMIT), "it")
            _fill(ring, config.auths)
        except UnreadableError as error:
            if not error.missing:
                self.problems.append(f"{path}: {error}")
            return None
        except ImageError as error:
            self.problems.append(f"{path}: {error.message}")
            return None
        return config, ring

    async def _ask_helper(self, config: _Config, registry: str) -> Credential | None:
        names = _HUB if registry in _HUB else (registry,)
        helper = next((value for key, value in config.cred_helpers.items() if _plain(key) in names), config.creds_store)
        if not helper:
            return None
        server = _HUB_SERVER if registry in _HUB else registry
        try:
            return await helper_credential(helper, server, self._environ)
        except ImageError as error:
            self.problems.append(error.message)
            return None


class SeveralKeychains:
    """Keychains one after the other."""

    def __init__(self, keychains: Sequence[Keychain]) -> None:
        self._keychains = list(keychains)

    async def credentials(self, name: str) -> Sequence[Credential]:
        """The credentials of all, each once."""
        found: list[Credential] = []
        for each in self._keychains:
            found += await each.credentials(name)
        return list(dict.fromkeys(found))


# --- Kubernetes ------------------------------------------------------------------------------------------------


def ring_of_secrets(secrets: Sequence[Mapping[str, Any]]) -> tuple[Ring, list[str]]:
    """The pull secrets of a pod or service account, as the API gives them, in order; and what was wrong with some.

    Secrets that are broken or of another type open nothing, as with the kubelet. Problems name the secret only.
    """
    ring, problems = Ring(), []
    for secret in secrets:
        name = str((secret.get("metadata") or {}).get("name") or "a secret")
        member = _TYPES.get(str(secret.get("type")))
        if member is None:
            problems.append(f"{name} is no pull secret")
            continue
        try:
            data = base64.b64decode(str((secret.get("data") or {}).get(member) or ""), validate=True)
            if member == ".dockercfg":
                auths = msgspec.convert(read_object(data, name, _LIMIT), dict[str, _Entry])
            else:
                auths = _parse(data, name).auths
            fresh = Ring()
            _fill(fresh, auths)
        except (ImageError, msgspec.ValidationError, binascii.Error):
            problems.append(f"{name} is broken")
            continue
        ring.entries += fresh.entries
    return ring, problems
