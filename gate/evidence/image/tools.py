"""Programs a service does not need: package managers, compilers, and files that give rights their caller lacks."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterable

from gate.evidence.image.nodes import Inode, Node, is_regular, mode_of
from gate.evidence.image.paths import words

__all__ = ["COMPILERS", "HEADER", "PACKAGE_MANAGERS", "family", "is_compiler", "is_package_manager", "privilege"]

_SYSTEM = {
    b"apk": "apk", b"apt": "apt", b"apt-get": "apt", b"aptitude": "apt", b"dpkg": "apt", b"dnf": "dnf", b"dnf5": "dnf",
    b"microdnf": "microdnf", b"tdnf": "tdnf", b"yum": "yum", b"rpm": "rpm", b"zypper": "zypper", b"pacman": "pacman",
    b"opkg": "opkg", b"emerge": "portage", b"xbps-install": "xbps", b"nix-env": "nix", b"guix": "guix",
}  # fmt: skip
_LANGUAGES = words(
    "pip pip2 pip3 pipx uv poetry conda mamba micromamba easy_install npm npx yarn yarnpkg pnpm corepack bun gem "
    "bundle bundler composer cpan cpanm luarocks"
)

PACKAGE_MANAGERS = _LANGUAGES | _SYSTEM.keys()
"""File names of package managers, of systems and of languages."""

COMPILERS = words(
    "cc c89 c99 gcc g++ c++ cpp cc1 cc1plus collect2 clang clang++ tcc icc as ld ld.bfd ld.gold ld.lld lld mold "
    "make gmake ninja cmake go gccgo rustc cargo javac ghc gfortran gnat ocamlc ocamlopt swiftc zig kotlinc "
    "scalac dmd ldc2 fpc nasm yasm gdb"
)
"""File names of compilers, assemblers, linkers, build tools and debuggers."""

HEADER = b"stdio.h"
"""With it in an include directory, C programs can be compiled."""

_COMPILER = re.compile(
    rb"(?:[a-z0-9_]+-){0,4}(?:gcc|g\+\+|c\+\+|cpp|cc|clang|clang\+\+|gfortran|ld|as|gccgo)(?:-?[0-9][0-9.]*)?"
)
_PIP = re.compile(rb"pip[0-9][0-9.]*")
_SETUID, _SETGID = 0o4000, 0o2000
_CHARACTER_DEVICE = ord("3")
_BLOCK_DEVICE = ord("4")
_CAPABILITIES = (
    "chown dac_override dac_read_search fowner fsetid kill setgid setuid setpcap linux_immutable net_bind_service "
    "net_broadcast net_admin net_raw ipc_lock ipc_owner sys_module sys_rawio sys_chroot sys_ptrace sys_pacct "
    "sys_admin sys_boot sys_nice sys_resource sys_time sys_tty_config mknod lease audit_write audit_control "
    "setfcap mac_override mac_admin syslog wake_alarm block_suspend audit_read perfmon bpf checkpoint_restore"
)
"""Names of capabilities, lowest bit first."""


def is_package_manager(name: bytes) -> bool:
    """Whether a program of this name installs packages."""
    return name in PACKAGE_MANAGERS or _PIP.fullmatch(name) is not None


def is_compiler(name: bytes) -> bool:
    """Whether a program of this name builds programs; versions and target triplets are understood."""
    return name in COMPILERS or _COMPILER.fullmatch(name) is not None


def family(names: Iterable[bytes]) -> str:
    """The system's package manager among file names: apk, apt, dnf, ...; ``none`` where there is none."""
    found = {_SYSTEM[name] for name in names if name in _SYSTEM}
    return next((each for each in dict.fromkeys(_SYSTEM.values()) if each in found), "none")


def privilege(node: Node, capability: bytes | None) -> str | None:
    """What makes a file give rights to whoever runs or opens it; null for an ordinary one."""
    if isinstance(node, Inode) and node.kind in (_CHARACTER_DEVICE, _BLOCK_DEVICE):
        major, minor = node.device or (0, 0)
        return f"{'character' if node.kind == _CHARACTER_DEVICE else 'block'} device {major}:{minor}"
    if not is_regular(node):
        return None
    mode = mode_of(node)
    found = [text for bit, text in ((_SETUID, "setuid"), (_SETGID, "setgid")) if mode & bit]
    if capability is not None:
        found.append(_capability_text(capability))
    return ", ".join(found) or None


def _capability_text(value: bytes) -> str:
    """``capabilities net_raw (effective)`` from a ``security.capability`` attribute (linux/capability.h)."""
    if len(value) < 12:
        return "capabilities that cannot be read"
    magic, low, _ = struct.unpack_from("<III", value)
    high = struct.unpack_from("<I", value, 12)[0] if len(value) >= 20 else 0
    permitted, known = low | high << 32, _CAPABILITIES.split()
    names = [name for bit, name in enumerate(known) if permitted >> bit & 1]
    names += ["others"] if permitted >> len(known) else []
    return f"capabilities {' '.join(names) or 'none'}{' (effective)' if magic & 1 else ''}"
