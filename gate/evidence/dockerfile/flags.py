"""The flags each instruction takes, and the values BuildKit checks while it parses.

``COPY --from`` and the like are read later, where they mean something; here a flag that BuildKit refuses is refused.
"""

from __future__ import annotations

__all__ = ["check_flags", "comma_fields", "flag_values"]

import re
from collections.abc import Iterable, Mapping
from typing import Final

from gate.evidence.dockerfile.blanks import printable
from gate.evidence.dockerfile.syntax import DockerfileError

_BOOL: Final = "bool"
_ONE: Final = "one"
_MANY: Final = "many"
_NO_FLAGS: Mapping[str, str] = {}

FLAGS: Mapping[str, Mapping[str, str] | None] = {
    "ADD": {
        "chown": _ONE, "chmod": _ONE, "link": _BOOL, "keep-git-dir": _BOOL, "checksum": _ONE, "unpack": _BOOL,
        "exclude": _MANY,
    },
    "ARG": None,
    "COPY": {"chown": _ONE, "from": _ONE, "chmod": _ONE, "link": _BOOL, "exclude": _MANY, "parents": _BOOL},
    "FROM": {"platform": _ONE},
    "HEALTHCHECK": {
        "interval": _ONE, "timeout": _ONE, "start-period": _ONE, "start-interval": _ONE, "retries": _ONE,
    },
    "RUN": {"mount": _MANY, "device": _MANY, "network": _ONE, "security": _ONE},
    "STOPSIGNAL": None,
}  # fmt: skip
"""Flags by instruction. An instruction not listed takes none; None: BuildKit drops whatever is there unread."""

_DURATION = re.compile(r"([0-9]*)(?:\.([0-9]*))?(ns|us|\u00b5s|\u03bcs|ms|s|m|h)")
_UNITS = {
    "ns": 1, "us": 10**3, "\u00b5s": 10**3, "\u03bcs": 10**3, "ms": 10**6,
    "s": 10**9, "m": 60 * 10**9, "h": 3600 * 10**9,
}  # fmt: skip
_TRUTHS = frozenset({"1", "t", "T", "TRUE", "true", "True", "0", "f", "F", "FALSE", "false", "False"})


def flag_values(flags: Iterable[str], name: str) -> list[str]:
    """The values of ``--name`` in order; a bare flag counts as ``true``."""
    found = []
    for flag in flags:
        key, equals, value = flag.partition("=")
        if key == "--" + name:
            found.append(value if equals else "true")
    return found


def check_flags(cmd: str, flags: tuple[str, ...]) -> None:
    """Raise `DockerfileError` (without a line) for flags that ``cmd`` does not take, or takes once, or not so."""
    allowed = FLAGS.get(cmd, _NO_FLAGS)
    if not flags or allowed is None:
        return
    seen: set[str] = set()
    for flag in flags:
        written, equals, value = flag.partition("=")
        name = written[2:]
        kind = allowed.get(name)
        if kind is None:
            raise DockerfileError(f"{cmd} has no flag {printable(written)}")
        if name in seen and kind != _MANY:
            raise DockerfileError(f"{cmd} takes {written} once")
        seen.add(name)
        if kind != _BOOL and not equals:
            raise DockerfileError(f"{cmd} {written} needs a value")
        if kind == _BOOL and equals and value.lower() not in ("true", "false"):
            raise DockerfileError(f"{cmd} {written} takes true or false, not '{printable(value)}'")
        _check_value(cmd, name, value)


def _check_value(cmd: str, name: str, value: str) -> None:
    if cmd == "HEALTHCHECK" and value:
        if name == "retries":
            _check_retries(value)
        else:
            _check_duration(name, value)
    elif cmd != "RUN":
        return
    elif name == "network" and value not in ("default", "none", "host"):
        raise DockerfileError(f"RUN --network takes default, none or host, not '{printable(value)}'")
    elif name == "security" and value not in ("insecure", "sandbox"):
        raise DockerfileError(f"RUN --security takes sandbox or insecure, not '{printable(value)}'")
    elif name == "mount":
        _check_mount(value)
    elif name == "device":
        _check_device(value)


def _check_retries(value: str) -> None:
    digits = value.lstrip("+-0") or "0"
    if not re.fullmatch(r"\+?[0-9]+|-0+", value) or len(digits) > 10 or int(digits) > 2**31 - 1:
        raise DockerfileError(f"HEALTHCHECK --retries takes a number, not '{printable(value)}'")


def _check_duration(name: str, value: str) -> None:
    nanoseconds = _duration(value)
    if nanoseconds is None:
        raise DockerfileError(f"HEALTHCHECK --{name} takes a duration such as 30s, not '{printable(value)}'")
    if nanoseconds and nanoseconds < 10**6:
        raise DockerfileError(f"HEALTHCHECK --{name} cannot be less than 1ms")


def _duration(value: str) -> int | None:
    """Nanoseconds of a duration as Go writes them (``1h30m``, ``1.5s``); None for anything else."""
    sign = -1 if value.startswith("-") else 1
    text = value[1:] if value[:1] in ("+", "-") else value
    if text == "0":
        return 0
    total = at = 0
    while at < len(text):
        match = _DURATION.match(text, at)
        if match is None or not (match[1] or match[2]):
            return None
        unit = _UNITS[match[3]]
        whole = int(match[1].lstrip("0")[:20] or 0)
        fraction = match[2] or ""
        total += whole * unit + (int(fraction[:18] or 0) * unit // 10 ** min(len(fraction), 18))
        at = match.end()
        if total > 2**63 - (sign > 0):
            return None
    return sign * total if text else None


def comma_fields(text: str) -> list[str]:
    """Split one line of comma-separated values, with quoted fields, as ``--mount`` has it.

    `DockerfileError` (without a line) for stray quotes and for an empty text.
    """
    text = text.removesuffix("\n").removesuffix("\r") if text.endswith("\n") else text
    if not text:
        raise DockerfileError("a list of key=value pairs is empty")
    fields: list[str] = []
    at = 0
    while True:
        if text.startswith('"', at):
            field, at = _quoted_field(text, at)
        else:
            end = text.find(",", at)
            end = len(text) if end < 0 else end
            field, at = text[at:end], end
            if '"' in field:
                raise DockerfileError(f"a quote inside a field of '{printable(text)}'")
        fields.append(field)
        if at >= len(text):
            return fields
        at += 1


def _quoted_field(text: str, at: int) -> tuple[str, int]:
    parts: list[str] = []
    at += 1
    while True:
        end = text.find('"', at)
        if end < 0:
            raise DockerfileError(f"a quote is not closed in '{printable(text)}'")
        parts.append(text[at:end])
        at = end + 1
        if text.startswith('"', at):
            parts.append('"')
            at += 1
        elif at == len(text) or text[at] == ",":
            return "".join(parts), at
        else:
            raise DockerfileError(f"text after a closing quote in '{printable(text)}'")


def _check_mount(value: str) -> None:
    for field in comma_fields(value):
        key, equals, text = field.partition("=")
        if equals and key.lower() == "from" and "$" in text and text.index("$") != len(text) - 1:
            raise DockerfileError("RUN --mount 'from' takes no variables; name a stage instead")


def _check_device(value: str) -> None:
    name = ""
    for field in comma_fields(value):
        key, equals, text = field.partition("=")
        key = key.lower()
        if key == "required":
            if equals and text not in _TRUTHS:
                raise DockerfileError(f"RUN --device required takes true or false, not '{printable(text)}'")
        elif key == "name" and equals:
            if name:
                raise DockerfileError(f"RUN --device has a name already: {printable(name)}")
            name = text
        elif not name:
            name = field
        else:
            raise DockerfileError(f"RUN --device does not know '{printable(field)}'")
