"""Platforms as ``FROM --platform`` and ``--platform`` name them, read as containerd/platforms reads them."""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import unquote

from gate.evidence.dockerfile.blanks import printable
from gate.evidence.dockerfile.syntax import DockerfileError

_OS = re.compile(r"([A-Za-z0-9_-]+)(?:\(([A-Za-z0-9_.%-]*)((?:\+[A-Za-z0-9_.%-]+)*)\))?")
_PART = re.compile(r"[A-Za-z0-9_.-]+")
_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_KNOWN_OS = frozenset({
    "aix", "android", "darwin", "dragonfly", "freebsd", "hurd", "illumos", "ios", "js", "linux", "nacl", "netbsd",
    "openbsd", "plan9", "solaris", "windows", "zos",
})  # fmt: skip
_KNOWN_ARCH = frozenset({
    "386", "amd64", "amd64p32", "arm", "armbe", "arm64", "arm64be", "ppc64", "ppc64le", "loong64", "mips", "mipsle",
    "mips64", "mips64le", "mips64p32", "mips64p32le", "ppc", "riscv", "riscv64", "s390", "s390x", "sparc", "sparc64",
    "wasm",
})  # fmt: skip


class Platform(NamedTuple):
    """``os/architecture[/variant]``, with an OS version where one is given."""

    os: str
    architecture: str
    variant: str = ""
    os_version: str = ""

    def __str__(self) -> str:
        return "/".join(filter(None, (self.os, self.architecture, self.variant)))

    @property
    def full(self) -> str:
        """With the OS version, as ``TARGETPLATFORM`` has it."""
        version = f"({self.os_version})" if self.os_version else ""
        return "/".join(filter(None, (self.os + version, self.architecture, self.variant)))

    @property
    def normalized(self) -> Platform:
        """Aliases resolved once more, as BuildKit does with the platform it builds for."""
        architecture, variant = _architecture(self.architecture, self.variant)
        return Platform(self.os, architecture, variant, self.os_version)


def parse(text: str) -> Platform:
    """The platform; `DockerfileError` (without a line) where BuildKit refuses it.

    What is left out is linux and amd64, never the host's.
    """
    parts = text.split("/")
    found = _OS.fullmatch(parts[0])
    if found is None or len(parts) > 3 or not all(_PART.fullmatch(part) for part in parts[1:]):
        raise _refused(text)
    version = found[2] or ""
    if _BAD_ESCAPE.search(parts[0]):
        raise _refused(text)
    system = found[1].lower()
    system = "darwin" if system == "macos" else system
    version = unquote(version)
    if len(parts) == 1:
        return _single(text, system, version)
    architecture, variant = _architecture(parts[1], parts[2] if len(parts) == 3 else "")
    if len(parts) == 2 and (architecture, variant) == ("arm", "v7"):
        variant = ""
    if len(parts) == 3 and architecture == "arm64" and not variant:
        variant = "v8"
    return Platform(system, architecture, variant, version)


def _single(text: str, system: str, version: str) -> Platform:
    if system in _KNOWN_OS:
        return Platform(system, "amd64", "", version)
    architecture, variant = _architecture(text, "")
    if architecture not in _KNOWN_ARCH:
        raise _refused(text)
    if (architecture, variant) == ("arm", "v7"):
        variant = ""
    return Platform("linux", architecture, variant)


def _refused(text: str) -> DockerfileError:
    return DockerfileError(f"'{printable(text)}' is not a platform; write it as os/architecture, such as linux/amd64")


def _architecture(architecture: str, variant: str) -> tuple[str, str]:
    architecture, variant = architecture.lower(), variant.lower()
    if architecture == "i386":
        return "386", ""
    if architecture in ("x86_64", "x86-64", "amd64"):
        return "amd64", "" if variant == "v1" else variant
    if architecture in ("aarch64", "arm64"):
        return "arm64", {"8": "", "v8": "", "v8.0": "", "9": "v9", "9.0": "v9", "v9.0": "v9"}.get(variant, variant)
    if architecture in ("armhf", "armel"):
        return "arm", "v7" if architecture == "armhf" else "v6"
    if architecture == "arm":
        return "arm", {"": "v7", "7": "v7", "5": "v5", "6": "v6", "8": "v8"}.get(variant, variant)
    return architecture, variant
