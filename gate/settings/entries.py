"""The entries of gate.yaml's lists: builds, environments, registries, exemptions, known bases, custom resources."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

import msgspec

from gate.errors import SettingsError
from gate.settings import patterns
from gate.settings.labels import VALUES
from gate.settings.model import Build, CustomResource, Environment, Exemption, KnownBase, Registry
from gate.settings.nodes import Node
from gate.settings.parameters import RuleLike
from gate.settings.reading import Reading, Shape, suggest
from gate.settings.shapes import Choice, Field, Flag, ImagePattern, ListOf, MapOf, Number, Record, Text, date

LEVEL = Choice(
    *("deny", "warn", "ignore"),
    instead=dict.fromkeys(("off", "false", "no", "disable", "disabled", "none", "allow", "skip"), "ignore")
    | dict.fromkeys(("error", "on", "true", "yes", "fail", "enforce", "block", "high", "critical"), "deny")
    | dict.fromkeys(("warning", "info", "audit", "notice", "low", "medium"), "warn"),
)
DOUBT = Choice("deny", "warn", "ignore", instead={"false": "ignore", "off": "ignore", "accept": "ignore"})
ASSUMED = Choice("accept", "undecided", instead={"ignore": "accept", "deny": "undecided"})


def unknown_rule(reading: Reading, node: Node, rule_id: str, catalogue: Mapping[str, RuleLike]) -> SettingsError:
    """The mistake of naming a rule that is not loaded, with the nearest one, or the one known by that alias."""
    by_alias = [rule.id for rule in catalogue.values() if rule_id in rule.aliases]
    if by_alias:
        hint: str | None = f"gate calls it {' or '.join(by_alias)}"
    elif rule_id.startswith("custom/"):
        hint = suggest(rule_id, list(catalogue)) or "load it with --policy DIR"
    else:
        hint = suggest(rule_id, list(catalogue)) or "gate rules list shows them all"
    return reading.error(node, f'no rule is called "{rule_id}"', hint)


class _RuleName:
    """The id of a loaded rule that may be exempted."""

    def __init__(self, catalogue: Mapping[str, RuleLike] | None) -> None:
        self._catalogue = catalogue

    def read(self, reading: Reading, node: Node, name: str) -> str:
        rule_id: str = Text().read(reading, node, name)
        if rule_id == "dockerfile-valid":
            raise reading.error(node, "dockerfile-valid cannot be exempted: what does not build cannot be judged")
        if self._catalogue is not None and rule_id not in self._catalogue:
            raise unknown_rule(reading, node, rule_id, self._catalogue)
        return rule_id

    def schema(self) -> dict[str, Any]:
        known = sorted(self._catalogue or {})
        return {"anyOf": [{"enum": known}, {"type": "string", "pattern": "^custom/"}]}


def _host(text: str) -> str:
    if "://" in text:
        raise ValueError(f'"{text}" is a URL; write only the host, such as {text.split("://", 1)[1].rstrip("/")}')
    if re.fullmatch(r"(?:\[[0-9a-fA-F:.]+\]|[A-Za-z0-9.-]+)(?::[0-9]{1,5})?", text) is None:
        raise ValueError(f'"{text}" is not a host')
    return text.lower()


def _mirror(text: str) -> str:
    host, slash, prefix = text.partition("/")
    if slash and re.fullmatch(r"[a-z0-9]+(?:[._-]+[a-z0-9]+)*(?:/[a-z0-9]+(?:[._-]+[a-z0-9]+)*)*", prefix) is None:
        raise ValueError(f'"{text}" is not a host and a repository prefix')
    return _host(host) + slash + prefix


def _digest(text: str) -> str:
    if re.fullmatch(r"sha256:[0-9a-f]{64}", text) is None:
        raise ValueError(f'"{text}" is not a digest; write sha256: and 64 hexadecimal digits')
    return text


def _platform(text: str) -> str:
    if re.fullmatch(r"[a-z0-9]+/[a-z0-9_]+(?:/[a-z0-9]+)?", text) is None:
        raise ValueError(f'"{text}" is not a platform; write it as linux/amd64')
    return text


def _relative(text: str) -> str:
    plain = posixpath.normpath(text)
    if plain.startswith("/") or ".." in plain.split("/") or "\\" in plain:
        raise ValueError(f'"{text}" is not a path below the folder of gate.yaml')
    return plain


def _image(text: str) -> str:
    name = patterns.name_of(text)
    if name is None or name.digest is not None:
        raise ValueError(f'"{text}" is not an image to publish to')
    patterns.image_regex(name.path)
    return f"{name.path}:{name.tag}" if name.tag else name.path


def _dotted(text: str) -> str:
    if re.fullmatch(r"[A-Za-z][A-Za-z0-9]*(?:\.[A-Za-z][A-Za-z0-9]*)*", text) is None:
        raise ValueError(f'"{text}" is not a dotted path such as spec.template.spec')
    return text


def _kubernetes_name(text: str) -> str:
    if re.fullmatch(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?", text) is None:
        raise ValueError(f'"{text}" is not a name Kubernetes would accept')
    return text


def _environment_name(text: str) -> str:
    if re.fullmatch(r"[a-z0-9]([a-z0-9._-]{0,61}[a-z0-9])?", text) is None:
        raise ValueError(f'"{text}" is not a name for an environment; use lower case letters, digits, "-", "." and "_"')
    return text


ENVIRONMENT_NAME = Text(_environment_name)
NAMES = ListOf(Text(patterns.name_regex), least=1)


def build() -> Record:
    """One build of this repository."""
    return Record(
        {
            "path": Field(Text(_relative), True, "The Dockerfile."),
            "target": Field(Text(), doc="The stage to build; the last one when left out."),
            "args": Field(MapOf(Text(empty=True)), doc="Build arguments."),
            "contexts": Field(MapOf(Text()), doc="Named contexts: a folder, or docker-image://REF."),
            "image": Field(Text(_image), doc="The repository it is published to, with or without a tag."),
            "environment": Field(ENVIRONMENT_NAME, doc="The environment it is judged for."),
            "platform": Field(Text(_platform), doc="Such as linux/amd64."),
            "context": Field(Text(_relative), doc="The folder of the build context, for its .dockerignore."),
        },
        Build,
    )


def environment(rules: Shape) -> Record:
    """One environment; ``rules`` is the shape of its rules."""
    return Record(
        {
            "name": Field(ENVIRONMENT_NAME, True),
            "namespaces": Field(NAMES, doc='Namespaces it holds for, such as "dev-*"; the last environment has "*".'),
            "labels": Field(VALUES, doc="Values of environment_label that choose it, whatever the namespace's name."),
            "rules": Field(rules, doc="What it changes of the rules."),
            "undecided": Field(DOUBT, doc="As at the top, for this environment."),
            "assumed": Field(ASSUMED, doc="As at the top, for this environment."),
            "evidence_pending": Field(DOUBT, doc="As at the top, for this environment."),
        },
        Environment,
    )


def registry() -> Record:
    """How to talk to one registry."""
    return Record(
        {
            "host": Field(Text(_host), True, "Host and port."),
            "insecure": Field(Flag(), doc="TLS whose certificate nobody checks, else plain HTTP."),
            "mirrors": Field(ListOf(Text(_mirror)), doc="Asked first, by digest."),
            "mirror_tags": Field(Flag(), doc="Ask mirrors for tags too."),
            "ca": Field(Text(), doc="A file of certificates to trust, relative to gate.yaml."),
            "client_cert": Field(Text(), doc="The certificate to show it, relative to gate.yaml."),
            "client_key": Field(Text(), doc="That certificate's private key, relative to gate.yaml."),
        },
        _make_registry,
    )


def _make_registry(**values: Any) -> Registry:
    if ("client_cert" in values) != ("client_key" in values):
        raise ValueError("client_cert and client_key need each other")
    if "client_cert" in values and values.get("insecure"):
        raise ValueError("a client certificate is shown only to a registry whose own is checked; leave insecure out")
    return Registry(**values)


_OWNED = "an exemption needs an owner, a reason and a last day"


def _exemption(catalogue: Mapping[str, RuleLike] | None) -> Record:
    return Record(
        {
            "rule": Field(_RuleName(catalogue), True, "The one rule it waives."),
            "reason": Field(Text(), True, "Why; people will read it.", _OWNED),
            "owner": Field(Text(), True, "Who answers for it.", _OWNED),
            "expires": Field(date(), True, "The last day it holds, UTC.", _OWNED),
            "ticket": Field(Text(any_scalar=True), doc="Where the repair is tracked."),
            "paths": Field(ListOf(Text(patterns.path_regex), least=1), doc="Files, relative to gate.yaml."),
            "images": Field(ListOf(ImagePattern(), least=1), doc="Images, by repository and tag."),
            "digests": Field(ListOf(Text(_digest), least=1), doc="Images, by content."),
            "namespaces": Field(NAMES, doc="Kubernetes namespaces."),
            "containers": Field(NAMES, doc="Names of containers."),
        },
        _make_exemption,
    )


def _make_exemption(**values: Any) -> Exemption:
    if not {"paths", "images", "digests", "namespaces", "containers"} & values.keys():
        raise ValueError("it does not say for what; name paths, images, digests, namespaces or containers")
    return Exemption(**values)


class ExemptionShape:
    """An exemption, which remembers where it was written."""

    def __init__(self, catalogue: Mapping[str, RuleLike] | None) -> None:
        self._record = _exemption(catalogue)

    def read(self, reading: Reading, node: Node, name: str) -> Exemption | None:
        exemption: Exemption | None = self._record.read(reading, node, name)
        source = f"{PurePath(reading.file).name}:{node.line}"
        return None if exemption is None else msgspec.structs.replace(exemption, source=source)

    def schema(self) -> dict[str, Any]:
        one_of = [{"required": [key]} for key in ("paths", "images", "digests", "namespaces", "containers")]
        return self._record.schema() | {"anyOf": one_of}


def known_base() -> Record:
    """A row of the table of known bases."""
    tags = ListOf(Text(), least=1)
    return Record(
        {
            "image": Field(Text(), True, "A repository pattern."),
            "tags": Field(tags),
            "not_tags": Field(tags),
            "user": Field(Text(any_scalar=True, empty=True), doc='The config\'s User; "" is root.'),
            "uid": Field(Number(0, 2**32 - 1), doc="Its number."),
            "users": Field(MapOf(Number(0, 2**32 - 1)), doc="Names that exist, and their numbers."),
            "shells": Field(ListOf(Text()), doc="Paths of its shells; [] for none."),
            "libc": Field(Choice("glibc", "musl", "none")),
            "package_manager": Field(Text()),
            "size_mb": Field(Number(0, 10**9), doc="Uncompressed, in MB."),
            "floor_mb": Field(Number(0, 10**9), doc="The least any of its tags has, measured, in MB."),
            "ships": Field(Choice("runtime", "builder")),
            "supported_until": Field(date()),
        },
        _make_known_base,
    )


def _make_known_base(
    *, image: str, tags: list[str] | None = None, not_tags: list[str] | None = None, **values: Any
) -> KnownBase:
    for megabytes, name in (("size_mb", "size"), ("floor_mb", "floor")):
        if megabytes in values:
            values[name] = values.pop(megabytes) * 10**6
    return KnownBase(pattern=patterns.compile_image(image, tags, not_tags), **values)


def custom_resource() -> Record:
    """A custom resource with a pod spec."""
    return Record(
        {
            "group": Field(Text(_kubernetes_name), True),
            "version": Field(Text(_kubernetes_name), True),
            "resource": Field(Text(_kubernetes_name), True, "Plural, as in the URL."),
            "kind": Field(Text(_dotted), doc="As manifests name it."),
            "pod_spec": Field(Text(_dotted), True, "Where the pod spec is, such as spec.template.spec."),
        },
        CustomResource,
    )
