"""What settings say of images before any is read: which registries may be asked, and whose run as they are.

Every checkpoint asks the same registries, or the same image would get two verdicts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from gate.settings.patterns import SCRATCH, matches, name_of
from gate.settings.resolve import Settings

__all__ = ["hosts_of", "vendors_of"]

_NAMING = (("approved-base", "bases"), ("approved-base", "images"), ("approved-source", "sources"))
_VENDORS = (("approved-base", "images"),)


def hosts_of(settings: Settings) -> frozenset[str]:
    """The registries that settings name: rows, their mirrors, and the hosts of approved images, bases and sources."""
    rows = settings.written.registries
    found = {row.host for row in rows}
    found |= {mirror.strip("/").partition("/")[0] for row in rows for mirror in row.mirrors}
    for pattern in _patterns(settings, _NAMING):
        name = str(pattern["image"])
        host = "" if name == SCRATCH else _host(name)
        if host and "*" not in host:
            found.add(host)
    return frozenset(found)


def vendors_of(settings: Settings) -> Callable[[str], bool]:
    """Whether an image (its normalized reference) may be run as its vendor made it (``approved_images``).

    In any environment: the rule looks at the patterns of its own once more.
    """
    patterns = _patterns(settings, _VENDORS)

    def is_vendors(reference: str) -> bool:
        name = name_of(reference)
        return name is not None and any(matches(pattern, name) for pattern in patterns)

    return is_vendors


def _host(pattern: str) -> str:
    """The registry of a pattern, as docker reads short names."""
    first, slash, _ = pattern.partition("/")
    if slash and ("." in first or ":" in first or first == "localhost"):
        return "docker.io" if first == "index.docker.io" else first
    return "" if first == "**" else "docker.io"


def _patterns(settings: Settings, rules: Iterable[tuple[str, str]]) -> list[Mapping[str, Any]]:
    """Compiled patterns of some rules' parameters, over all environments."""
    return [
        pattern
        for environment in settings.names
        for rule, parameter in rules
        for pattern in settings.parameters(rule, environment).get(parameter) or []
    ]
