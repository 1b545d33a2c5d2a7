"""Platforms as containerd writes, normalizes and compares them: ``linux/amd64``, ``linux/arm/v7``."""

from __future__ import annotations

import re

from gate.errors import UsageError
from gate.evidence.image.manifest import Platform

__all__ = ["is_nothing", "normalized", "parse", "text", "wants"]

_PART = re.compile(r"[A-Za-z0-9_.-]+")
_ARCHITECTURES = {
    "i386": "386",
    "x86_64": "amd64",
    "x86-64": "amd64",
    "aarch64": "arm64",
    "armhf": "arm",
    "armel": "arm",
}
_VARIANTS = {
    ("amd64", "v1"): "",
    ("arm64", "8"): "",
    ("arm64", "v8"): "",
    ("arm64", "v8.0"): "",
    ("arm64", "9"): "v9",
    ("arm64", "9.0"): "v9",
    ("arm64", "v9.0"): "v9",
    ("arm", ""): "v7",
    ("arm", "5"): "v5",
    ("arm", "6"): "v6",
    ("arm", "7"): "v7",
    ("arm", "8"): "v8",
}


def normalized(platform: Platform) -> tuple[str, str, str]:
    """os, architecture and variant, aliases resolved; what is missing is ``linux`` and ``unknown``."""
    system = (platform.os or "linux").lower()
    alias = (platform.architecture or "unknown").lower()
    architecture = _ARCHITECTURES.get(alias, alias)
    variant = {"armhf": "v7", "armel": "v6", "i386": ""}.get(alias, (platform.variant or "").lower())
    return system, architecture, _VARIANTS.get((architecture, variant), variant)


def text(platform: Platform) -> str:
    """How a platform is shown: ``linux/arm64``, ``linux/arm/v7``, ``windows(10.0.20348.2)/amd64``."""
    system, architecture, variant = normalized(platform)
    version = f"({platform.os_version})" if platform.os_version else ""
    return "/".join(filter(None, (system + version, architecture, variant)))


def is_nothing(platform: Platform | None) -> bool:
    """Whether an index entry runs nowhere: ``unknown/unknown``, as attestations are marked. Nothing else counts."""
    return platform is not None and platform.os == "unknown" and platform.architecture == "unknown"


def parse(wanted: str) -> Platform:
    """``os/arch[/variant]`` as people type it; `UsageError` for anything else."""
    parts = wanted.split("/")
    if len(parts) not in (2, 3) or not all(_PART.fullmatch(part) for part in parts):
        raise UsageError(f'"{wanted}" is not a platform', hint="write os/architecture[/variant], such as linux/arm64")
    return Platform(os=parts[0], architecture=parts[1], variant=parts[2] if len(parts) == 3 else None)


def wants(wanted: Platform, found: Platform) -> bool:
    """Whether ``found`` is what was asked for; without a variant any variant is."""
    asked, there = normalized(wanted), normalized(found)
    return asked[:2] == there[:2] and (not wanted.variant or asked[2] == there[2])
