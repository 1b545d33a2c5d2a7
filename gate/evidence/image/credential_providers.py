"""The kubelet's credential provider plugins (``credentialprovider.kubelet.k8s.io/v1``), for ECR, GAR, ACR and others.

The same configuration file and programs as on a node give gate the credentials a node would use, without any cloud's
SDK. Answers are kept as long, and for as much, as the plugin says.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

import msgspec

from gate.errors import ImageError, SettingsError
from gate.evidence.image.credential_programs import Provider, ask
from gate.evidence.image.credentials import Ring, matches
from gate.evidence.image.documents import read_object
from gate.evidence.image.registry_auth import Credential
from gate.settings import nodes
from gate.settings.files import UnreadableError, read_regular

__all__ = ["PluginKeychain", "load_providers"]

_API = "credentialprovider.kubelet.k8s.io/v1"
_CONFIG_APIS = ("kubelet.config.k8s.io/v1", "kubelet.config.k8s.io/v1beta1")
_LIMIT = 1 << 20
_SECONDS = 60.0  # the kubelet's own
_LONGEST = 24 * 3600.0
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_PART = re.compile(r"(\d+(?:\.\d+)?)(h|ms|m|s|us|ns)")
_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}


class _Variable(msgspec.Struct):
    name: str
    value: str = ""


class _Provider(msgspec.Struct, rename="camel"):
    name: str
    match_images: list[str]
    api_version: str = _API
    default_cache_duration: str = "0s"
    args: list[str] = []
    env: list[_Variable] = []


class _Config(msgspec.Struct, rename="camel"):
    kind: Literal["CredentialProviderConfig"]
    api_version: str
    providers: list[_Provider]


class _Auth(msgspec.Struct):
    username: str = ""
    password: str = ""


class _Answer(msgspec.Struct, rename="camel"):
    kind: Literal["CredentialProviderResponse"]
    api_version: str
    cache_key_type: Literal["Image", "Registry", "Global"]
    cache_duration: str | None = None
    auth: dict[str, _Auth] | None = None


class Plugin(msgspec.Struct, frozen=True, kw_only=True):
    """One plugin, the images it is asked for, and the seconds its answers hold where it does not say."""

    provider: Provider
    match_images: tuple[str, ...]
    cache: float


def load_providers(config: Path, directory: Path) -> list[Plugin]:
    """The plugins of a CredentialProviderConfig (YAML or JSON) whose programs are in ``directory``.

    Raises `SettingsError` where the file, or a program it names, is not as it should be.
    """
    where = str(config)
    try:
        found = msgspec.convert(_plain(nodes.parse(read_regular(config, _LIMIT), where)), _Config)
    except UnreadableError as error:
        raise SettingsError(str(error), where=where) from None
    except msgspec.ValidationError as error:
        raise SettingsError(f"is no CredentialProviderConfig: {error}", where=where) from None
    if found.api_version not in _CONFIG_APIS:
        raise SettingsError(f"is of the unknown version {found.api_version}", where=where)
    plugins = []
    for each in found.providers:
        program = directory / each.name
        if not _NAME.fullmatch(each.name) or not program.is_file():
            raise SettingsError(f"{each.name} is not in {directory}", where=where)
        if each.api_version != _API:
            raise SettingsError(f"{each.name} speaks {each.api_version}, not {_API}", where=where)
        environ = {variable.name: variable.value for variable in each.env}
        provider = Provider(program=program, args=tuple(each.args), env=environ)
        cache = _seconds(each.default_cache_duration)
        plugins.append(Plugin(provider=provider, match_images=tuple(each.match_images), cache=cache))
    return plugins


class PluginKeychain:
    """Asks plugins for the images they say they know. What goes wrong opens nothing and is in ``problems``."""

    def __init__(self, plugins: Sequence[Plugin], environ: Mapping[str, str]) -> None:
        self.problems: list[str] = []
        self._plugins = list(plugins)
        self._environ = dict(environ)
        self._kept: dict[tuple[int, str], tuple[float, Ring]] = {}
        self._lock = asyncio.Lock()

    async def credentials(self, name: str) -> Sequence[Credential]:
        """What every plugin that matches ``registry/repository`` gives for it, in the configuration's order."""
        found: list[Credential] = []
        for index, plugin in enumerate(self._plugins):
            if any(matches(pattern, name) for pattern in plugin.match_images):
                async with self._lock:  # plugins are slow, and one answer often serves many
                    found += (await self._ring(index, plugin, name)).find(name)
        return list(dict.fromkeys(found))

    async def _ring(self, index: int, plugin: Plugin, name: str) -> Ring:
        now = asyncio.get_running_loop().time()
        for key in (name, name.partition("/")[0], ""):
            until, ring = self._kept.get((index, key), (0.0, Ring()))
            if now < until:
                return ring
        program = plugin.provider.program
        request = {"apiVersion": _API, "kind": "CredentialProviderRequest", "image": name}
        environ = self._environ | dict(plugin.provider.env)
        try:
            status, output = await ask(
                [str(program), *plugin.provider.args], msgspec.json.encode(request), environ, program.name, _SECONDS
            )
            if status != 0:
                raise ImageError(f"{program.name} fails with status {status}")
            answer = msgspec.convert(read_object(output, program.name, _LIMIT), _Answer)
            if answer.api_version != _API:
                raise ImageError(f"{program.name} answers with {answer.api_version}")
        except msgspec.ValidationError:
            self.problems.append(f"{program.name} answers something else than credentials")
            return Ring()
        except ImageError as error:
            self.problems.append(error.message)
            return Ring()
        ring = Ring()
        for key, auth in (answer.auth or {}).items():
            ring.add(key, Credential(username=auth.username, password=auth.password))
        lifetime = plugin.cache if answer.cache_duration is None else _seconds(answer.cache_duration)
        key = {"Image": name, "Registry": name.partition("/")[0], "Global": ""}[answer.cache_key_type]
        self._kept[(index, key)] = (now + min(lifetime, _LONGEST), ring)
        return ring


def _seconds(duration: str) -> float:
    """A Go duration such as ``12h0m0s``; 0 for anything else, so that nothing is kept."""
    parts = _PART.findall(duration)
    if "".join(number + unit for number, unit in parts) != duration:
        return 0.0
    return sum(float(number) * _UNITS[unit] for number, unit in parts)


def _plain(node: nodes.Node) -> object:
    """A tree of settings as plain data; keys that repeat make it unusable, as does any value but text and numbers."""
    if isinstance(node, nodes.Items):
        return [_plain(each) for each in node.items]
    if isinstance(node, nodes.Fields):
        found = {key.text: _plain(value) for key, value in node.entries}
        return found if len(found) == len(node.entries) else None
    return None if node.type == "null" else node.text
