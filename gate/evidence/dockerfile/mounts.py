"""``RUN --mount``: the keys of each type, checked as BuildKit checks them."""

from __future__ import annotations

import re
from collections.abc import Callable

import msgspec

from gate.evidence.dockerfile.blanks import lower, printable
from gate.evidence.dockerfile.flags import comma_fields
from gate.evidence.dockerfile.syntax import DockerfileError

_TYPES = frozenset(("bind", "cache", "tmpfs", "secret", "ssh"))
_SHARING = frozenset(("shared", "private", "locked"))
_TRUE = frozenset(("1", "t", "T", "TRUE", "true", "True"))
_FALSE = frozenset(("0", "f", "F", "FALSE", "false", "False"))
_ALIASES = {"src": "source", "dst": "target", "destination": "target", "ro": "readonly", "rw": "readwrite"}
_SIZE = re.compile(r"(\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?( ?)([kmgtp]?i?b?)", re.IGNORECASE | re.ASCII)
_ID_LIMIT = 2**32


class MountSpec(msgspec.Struct):
    """One mount. ``from_`` is a stage or an image as written; ``options`` are the keys not named here."""

    type: str = "bind"
    from_: str = ""
    source: str = ""
    target: str = ""
    id: str = ""
    options: dict[str, str] = msgspec.field(default_factory=dict)


def from_of(value: str) -> str:
    """What a mount reads, before anything is expanded; ``""`` when it does not say."""
    found = ""
    for text in comma_fields(value):
        key, equals, name = text.partition("=")
        if equals and lower(key) == "from":
            found = name
    return found


def parse(value: str, expand: Callable[[str], str]) -> MountSpec:
    """The mount, its values expanded; raises `DockerfileError` without a line."""
    mount = MountSpec()
    for text in comma_fields(value):
        key, equals, raw = text.partition("=")
        key = lower(key)
        name = _ALIASES.get(key, key)
        if not equals:
            _bare(mount, name, text)
        else:
            _set(mount, name, expand(raw), text)
    _check(mount)
    return mount


def _bare(mount: MountSpec, name: str, text: str) -> None:
    if name in ("readonly", "readwrite"):
        mount.options[name] = "true"
    elif name == "required":
        _only_for(mount, name, "secret", "ssh")
        mount.options[name] = "true"
    else:
        raise DockerfileError(f"invalid field '{printable(text)}': --mount takes key=value pairs")


def _only_for(mount: MountSpec, name: str, *types: str) -> None:
    if mount.type not in types:
        raise DockerfileError(f"unexpected key '{name}' for mount type '{mount.type}'")


def _set(mount: MountSpec, name: str, value: str, text: str) -> None:
    if name == "type":
        if lower(value) not in _TYPES:
            raise DockerfileError(f"unsupported mount type '{printable(value)}'")
        mount.type = lower(value)
    elif name == "from":
        mount.from_ = value
    elif name in ("source", "target", "id"):
        setattr(mount, name, value)
    elif name in _CHECKS:
        mount.options[name] = _CHECKS[name](mount, name, value)
    else:
        raise DockerfileError(f"unexpected key '{printable(name)}' in '{printable(text)}'")


def _truth(mount: MountSpec, name: str, value: str) -> str:
    if name == "required":
        _only_for(mount, name, "secret", "ssh")
    if value not in _TRUE and value not in _FALSE:
        raise DockerfileError(f"invalid value for {name}: '{printable(value)}'")
    return "true" if value in _TRUE else "false"


def _size(mount: MountSpec, name: str, value: str) -> str:
    _only_for(mount, name, "tmpfs")
    if not _SIZE.fullmatch(value):
        raise DockerfileError(f"invalid value for {name}: '{printable(value)}'")
    return value


def _sharing(mount: MountSpec, name: str, value: str) -> str:
    if lower(value) not in _SHARING:
        raise DockerfileError(f"unsupported sharing value '{printable(value)}'")
    return lower(value)


def _number(base: int) -> Callable[[MountSpec, str, str], str]:
    digits = re.compile(r"[0-7]+" if base == 8 else r"[0-9]+", re.ASCII)

    def check(mount: MountSpec, name: str, value: str) -> str:
        if len(value) > 64 or not digits.fullmatch(value) or int(value, base) >= _ID_LIMIT:
            raise DockerfileError(f"invalid value '{printable(value)}' for {name}")
        return value

    return check


def _text(mount: MountSpec, name: str, value: str) -> str:
    return value


_CHECKS: dict[str, Callable[[MountSpec, str, str], str]] = {
    "readonly": _truth,
    "readwrite": _truth,
    "required": _truth,
    "size": _size,
    "sharing": _sharing,
    "mode": _number(8),
    "uid": _number(10),
    "gid": _number(10),
    "env": _text,
}


def _check(mount: MountSpec) -> None:
    if mount.type not in ("secret", "ssh", "cache"):
        for name in ("mode", "uid", "gid"):
            if name in mount.options:
                raise DockerfileError(f"{name} is not allowed for mounts of type {mount.type}")
    if mount.type == "secret":
        _check_secret(mount)
    if "sharing" in mount.options and mount.type != "cache":
        raise DockerfileError(f"sharing is not allowed for mounts of type {mount.type}")
    if mount.type == "ssh" and mount.source:
        raise DockerfileError("a mount of type ssh has no source")


def _check_secret(mount: MountSpec) -> None:
    if mount.from_:
        raise DockerfileError("a secret mount has no from")
    if not (mount.source or mount.target or mount.id):
        raise DockerfileError("a secret mount needs an id, a source or a target")
    if mount.source and mount.id:
        raise DockerfileError("a secret mount takes a source or an id, not both")
