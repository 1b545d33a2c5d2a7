"""Stand-ins for the public base images the examples build on: made of busybox and scripts, pushed under their names.

A stand-in has what gate and the builds look at (users, shells, loader, package manager, os-release) and programs that
behave as the real ones to a build: ``go build -o FILE`` makes a program, ``npm ci`` a node_modules, and so on.
"""

from __future__ import annotations

import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.support import tools
from tests.support.layered import ELF, file, folder, image_of, layer, link
from tests.support.oci_images import Image, Pusher

_NOT_LINKED = {"dpkg", "dpkg-deb", "rpm", "rpm2cpio", "init", "linuxrc", "su", "ping", "ping6"}
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_PROGRAM = r"program() { mkdir -p $(dirname $1) && printf '\177ELFmade here' > $1 && chmod 755 $1; }"

_SCRIPTS = {
    "go": f"""{_PROGRAM}
while [ $# -gt 0 ]; do case $1 in -o) program $2; shift;; esac; shift; done""",
    "npm": """case $1 in
  ci|install) mkdir -p node_modules/left-pad && echo {} > node_modules/left-pad/package.json;;
  run) mkdir -p dist && echo serve > dist/server.js;;
esac""",
    "pip": """[ "$1" = wheel ] && { mkdir -p /wheels; echo w > /wheels/a.whl; exit; }
for a; do case $a in
  --target=*) mkdir -p ${a#--target=}/greeter && echo x > ${a#--target=}/greeter/__init__.py;;
  --user) mkdir -p /root/.local/bin && echo x > /root/.local/bin/tool;;
esac; done""",
    "python": """[ "$2" = venv ] || exit 0
mkdir -p $3/bin && cp /usr/local/bin/pip /usr/local/bin/python $3/bin/""",
    "cargo": f"""{_PROGRAM}
target=target
while [ $# -gt 0 ]; do case $1 in --target) target=target/$2; shift;; esac; shift; done
program $target/release/greeter""",
    "gradle": "mkdir -p build/libs && echo jar > build/libs/greeter.jar",
    "apt-get": "mkdir -p /var/lib/apt/lists && echo list > /var/lib/apt/lists/packages",
    "useradd": """for name; do :; done
case "$*" in *"-r "*) id=999;; *) id=1000;; esac
echo "$name:x:$id:$id::/home/$name:/bin/sh" >> /etc/passwd""",
    "groupadd": """for name; do :; done
echo "$name:x:999:" >> /etc/group""",
    "adduser": """uid=100
while [ $# -gt 0 ]; do case $1 in -u) uid=$2; shift;; -G) shift;; -*) ;; *) name=$1;; esac; shift; done
echo "$name:x:$uid:$uid::/home/$name:/sbin/nologin" >> /etc/passwd""",
    "addgroup": """for name; do :; done
echo "$name:x:101:" >> /etc/group""",
}
_SCRIPTS["rustup"] = _SCRIPTS["apk"] = _SCRIPTS["groupadd"].replace('echo "$name:x:999:" >> /etc/group', ":")


@dataclass(frozen=True)
class StandIn:
    """One base: its name in the registry, what it is like, and what it can do."""

    name: str
    like: str
    programs: tuple[str, ...] = ()
    user: str = ""
    users: tuple[str, ...] = ()
    files: dict[str, bytes] = field(default_factory=dict)
    env: tuple[str, ...] = ()
    cmd: tuple[str, ...] = ()
    entrypoint: tuple[str, ...] = ()


_GO = ("go", "apk")
_NODE = ("npm",)
_PYTHON = ("pip", "python", "apt-get", "useradd", "groupadd")
_ALPINE = ("apk", "adduser", "addgroup")
_NONROOT = "nonroot:x:65532:65532::/home/nonroot:/sbin/nologin"
_NODE_USER = "node:x:1000:1000::/home/node:/bin/sh"

STAND_INS = [
    StandIn("library/alpine:3.20", "alpine", _ALPINE, cmd=("/bin/sh",)),
    StandIn("library/golang:1.22-alpine", "alpine", (*_GO, *_ALPINE)),
    StandIn("library/golang:1.23-alpine", "alpine", (*_GO, *_ALPINE)),
    StandIn("library/golang:1.23", "debian", ("go", "apt-get")),
    StandIn("library/node:20-alpine", "alpine", (*_NODE, *_ALPINE), users=(_NODE_USER,)),
    StandIn("library/node:20-slim", "debian", (*_NODE, "apt-get"), users=(_NODE_USER,)),
    StandIn("library/node:22-alpine", "alpine", (*_NODE, *_ALPINE), users=(_NODE_USER,)),
    StandIn("library/node:22-slim", "debian", (*_NODE, "apt-get"), users=(_NODE_USER,)),
    StandIn("library/node:20", "debian", (*_NODE, "apt-get"), users=(_NODE_USER,)),
    StandIn("library/python:3.12-slim", "debian", _PYTHON),
    StandIn("library/python:3.13-slim", "debian", _PYTHON),
    StandIn("library/python:3.12", "debian", _PYTHON),
    StandIn("library/rust:1.82", "debian", ("cargo", "rustup", "apt-get")),
    StandIn("library/rust:1.77-slim", "debian", ("cargo", "rustup", "apt-get")),
    StandIn("library/gradle:8.7-jdk21", "debian", ("gradle",)),
    StandIn("library/eclipse-temurin:21-jre-alpine", "alpine", ("apk",)),
    StandIn("library/nginx:alpine", "alpine", ("apk",), files={"usr/sbin/nginx": ELF + b"nginx"}),
    StandIn("library/caddy:2.10.2-alpine", "alpine", ("apk",), files={"usr/bin/caddy": ELF + b"caddy"}),
    StandIn("distroless/static-debian12:latest", "distroless", user="0", users=(_NONROOT,)),
    *(
        StandIn(f"distroless/{name}:nonroot", "distroless", user="65532", users=(_NONROOT,))
        for name in (
            "static-debian12",
            "static-debian13",
            "nodejs20-debian12",
            "nodejs22-debian13",
            "python3-debian13",
            "java21-debian13",
            "cc-debian12",
        )
    ),
    StandIn("distroless/cc-debian12:latest", "distroless", user="0", users=(_NONROOT,)),
]


BUILT_ON = {
    "library/golang:1.22-alpine": "library/alpine:3.20",
    "library/node:20-alpine": "library/alpine:3.20",
    "library/gradle:8.7-jdk21": "library/python:3.12-slim",
}
"""Bases that are built on an approved one, which does not approve them."""


def push_all(pusher: Pusher) -> None:
    """Put every stand-in into a registry."""
    for each in STAND_INS:
        repository, _, tag = each.name.partition(":")
        pusher.image(repository, tag, made(each))


def made(stand_in: StandIn) -> Image:
    """The image of one stand-in; some are built on another, as the real ones are, and no two are the same."""
    below = [_layer(other) for other in STAND_INS if other.name == BUILT_ON.get(stand_in.name)]
    return image_of(*below, _layer(stand_in), **_config(stand_in))


def size(stand_in: StandIn) -> int:
    """The bytes of its own layer, uncompressed."""
    return len(_layer(stand_in))


def _layer(stand_in: StandIn) -> bytes:
    passwd = "".join(f"{line}\n" for line in ("root:x:0:0:root:/root:/bin/sh", *stand_in.users)).encode()
    entries = [
        file("etc/stand-in", stand_in.name.encode(), 0o644),
        file("etc/os-release", f"ID={stand_in.like}\n".encode(), 0o644),
        file("etc/passwd", passwd, 0o644),
        file("etc/group", b"root:x:0:\n", 0o644),
        file("etc/ssl/certs/ca-certificates.crt", b"-----BEGIN CERTIFICATE-----\n", 0o644),
        folder("tmp", 0o1777),
        folder("root", 0o700),
        *(file(path, content) for path, content in stand_in.files.items()),
    ]
    if stand_in.like != "distroless":
        entries += _userland(stand_in)
    return layer(*entries)


def _userland(stand_in: StandIn) -> list[bytes]:
    busybox = tools.installed("busybox", package="busybox-static")
    applets = subprocess.run([busybox, "--list"], capture_output=True, text=True, check=True).stdout.split()
    loader = "lib/ld-musl-x86_64.so.1" if stand_in.like == "alpine" else "lib64/ld-linux-x86-64.so.2"
    names = [each for each in applets if each not in _NOT_LINKED and each != "busybox" and "/" not in each]
    if stand_in.like == "debian":
        names = [each for each in names if each != "ash"]
    scripts = [
        file(
            f"usr/local/bin/{name}" if name != "apk" else "sbin/apk", f"#!/bin/sh\nset -e\n{_SCRIPTS[name]}\n".encode()
        )
        for name in stand_in.programs
    ]
    links = [link(f"bin/{name}", "busybox") for name in names]
    return [file("bin/busybox", Path(busybox).read_bytes()), *links, file(loader), *scripts]


def _config(stand_in: StandIn) -> dict[str, Any]:
    config: dict[str, Any] = {"Env": [f"PATH={_PATH}", *stand_in.env]}
    for name, value in (
        ("User", stand_in.user),
        ("Cmd", list(stand_in.cmd)),
        ("Entrypoint", list(stand_in.entrypoint)),
    ):
        if value:
            config[name] = value
    return config
