"""Random multi-stage Dockerfiles that mean something: names, arguments, users, triggers, copies between stages.

The same seed gives the same builds. Most are accepted by BuildKit; the rest break a rule of meaning, not of syntax.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Any

Rng = random.Random

STAGES = ("build", "base", "final", "tools", "alpine", "scratch", "a.b-c_1", "deps")
IMAGES = (
    "alpine",
    "alpine:3.20",
    "ghcr.io/acme/app:1",
    "gcr.io/distroless/static@sha256:" + "a" * 64,
    "localhost:5000/x",
    "acme/tool:2@sha256:" + "b" * 64,
    "Acme.io/y",
)
BAD_IMAGES = ("Alpine", "a b", "acme/App", "x:", "../y", "a@sha256:12", "-x")
VARIABLES = ("A", "B", "BASE", "USERNAME", "UID", "DIR", "TARGETARCH", "TARGETPLATFORM", "PATH", "HTTP_PROXY", "é")
TEXTS = (
    "app",
    "root",
    "0",
    "1000",
    "10001:10001",
    "nobody",
    "",
    "x y",
    "/srv",
    "alpine",
    "build",
    "linux/arm64",
    "a,b",
)
PLATFORMS = (
    "linux/amd64",
    "linux/arm64",
    "$TARGETPLATFORM",
    "$BUILDPLATFORM",
    "linux/arm/v7",
    "${A:-linux/386}",
    "windows/amd64",
    "arm64",
)
MODIFIERS = (
    "{0}",
    "${0}",
    "${{{0}}}",
    "${{{0}:-{1}}}",
    "${{{0}:+{1}}}",
    "${{{0}-{1}}}",
    "${{{0}#a}}",
    "${{{0}%e}}",
    '"${0}"',
)


@dataclass(slots=True)
class Build:
    """One build: the file, and what the command line and the registry say."""

    text: str
    target: str = ""
    build_args: dict[str, str] = field(default_factory=dict)
    platform: str = "linux/amd64"
    bases: dict[str, dict[str, Any]] = field(default_factory=dict)


def build(rng: Rng) -> Build:
    """A random build."""
    return _Writer(rng).build()


class _Writer:
    def __init__(self, rng: Rng) -> None:
        self.rng = rng
        self.names: list[str] = []
        self.upcoming: list[str] = []
        self.globals: list[str] = []
        self.current = ""
        self.at = 0

    def build(self) -> Build:
        rng = self.rng
        lines = [self._arg() for _ in range(rng.choice((0, 0, 1, 2, 3)))]
        self.globals = [line.split()[1].partition("=")[0] for line in lines]
        count = rng.choice((1, 1, 2, 2, 3, 3, 4, 5))
        self.upcoming = [rng.choice(STAGES) for _ in range(count)]
        for index in range(count):
            lines += self._stage(index)
        out = Build("\n".join(lines) + "\n")
        if rng.random() < 0.25:
            out.target = rng.choice([*self.names * 8, "nope", "0"])
            out.target = out.target.upper() if rng.random() < 0.3 else out.target
        if rng.random() < 0.35:
            out.build_args = {rng.choice(VARIABLES): rng.choice(TEXTS) for _ in range(rng.randint(1, 3))}
        if rng.random() < 0.2:
            out.platform = rng.choice(("linux/arm64", "linux/arm/v7", "linux/386", "windows/amd64", "linux/amd64"))
        out.bases = self._bases()
        return out

    def _bases(self) -> dict[str, dict[str, Any]]:
        rng = self.rng
        found: dict[str, dict[str, Any]] = {}
        for name in ("docker.io/library/alpine:latest", "docker.io/library/alpine:3.20", "ghcr.io/acme/app:1"):
            if rng.random() < 0.3:
                found[name] = self._config()
        return found

    def _config(self) -> dict[str, Any]:
        rng = self.rng
        config: dict[str, Any] = {"user": rng.choice(("", "app", "1000"))}
        if rng.random() < 0.5:
            config["env"] = [f"{name}={rng.choice(TEXTS)}" for name in rng.sample(VARIABLES, 2)]
        if rng.random() < 0.4:
            config["working_dir"] = rng.choice(("/", "/work", "rel", "/a/../b"))
        if rng.random() < 0.4:
            # BuildKit never ends where the trigger of an image copies from an image with a trigger.
            triggers = [self._trigger() for _ in range(rng.randint(1, 2))]
            config["on_build"] = [each for each in triggers if "alpine" not in each and "ghcr" not in each]
        if rng.random() < 0.3:
            config["cmd"] = ["serve"]
            config["entrypoint"] = ["/start"]
        if rng.random() < 0.3:
            config["shell"] = ["/bin/bash", "-c"]
        if rng.random() < 0.3:
            config["labels"] = {"base": "yes"}
            config["exposed_ports"] = ["80/tcp"]
            config["volumes"] = ["/data"]
            config["stop_signal"] = "SIGINT"
        return config

    # parts

    def _word(self) -> str:
        rng = self.rng
        if rng.random() < 0.6:
            return rng.choice(TEXTS) or '""'
        form = rng.choice(MODIFIERS)
        word = form.format(rng.choice(VARIABLES), rng.choice(("app", "x", "0")))
        return rng.choice(("", "", "", "a", "/")) + word

    def _one(self) -> str:
        return self._word().replace(" ", "_") or "x"

    def _arg(self) -> str:
        name = self.rng.choice(VARIABLES)
        kind = self.rng.random()
        if kind < 0.25:
            return f"ARG {name}"
        if kind < 0.9:
            return f"ARG {name}={self._one()}"
        return f"ARG {name}={self._one()} {self.rng.choice(VARIABLES)}={self._one()}"

    def _stage(self, index: int) -> list[str]:
        rng = self.rng
        self.at = index
        name = self.upcoming[index] if rng.random() < 0.75 else ""
        flag = f"--platform={rng.choice(PLATFORMS)} " if rng.random() < 0.12 else ""
        self.current = name
        written = rng.choice((name, name, name, name.upper(), name.capitalize()))
        lines = [f"FROM {flag}{self._base()}" + (f" {rng.choice(('AS', 'as', 'As'))} {written}" if name else "")]
        lines += [self._instruction() for _ in range(rng.choice((0, 1, 2, 3, 4, 5, 7)))]
        if name:
            self.names.append(name)
        return lines

    def _base(self) -> str:
        rng = self.rng
        kind = rng.random()
        if self.names and kind < 0.45:
            name = rng.choice(self.names)
            return name.upper() if rng.random() < 0.06 else name
        if kind < 0.75:
            return rng.choice(IMAGES)
        if kind < 0.87:
            return "scratch"
        if kind < 0.97 and self.globals:
            variable = rng.choice(self.globals)
            return rng.choice(
                (f"${{{variable}:-alpine}}", f"${variable}", f"alpine:${{{variable}:-3.20}}", f"x-${variable}")
            )
        return rng.choice((*BAD_IMAGES[:1], *self.upcoming)) if rng.random() < 0.5 else rng.choice(IMAGES)

    def _source(self) -> str:
        rng = self.rng
        kind = rng.random()
        earlier = [name for name in self.names if name != self.current]
        if kind < 0.5 and earlier:
            name = rng.choice(earlier)
            return name.upper() if rng.random() < 0.2 else name
        if kind < 0.62 and self.at:
            return rng.choice((str(rng.randrange(self.at)), "0", "+0", "00"))
        if kind < 0.97:
            return rng.choice(IMAGES)
        return rng.choice((*self.upcoming, "$A", *BAD_IMAGES[2:4], "1", "2", "5", "-1"))

    def _instruction(self) -> str:
        rng = self.rng
        if rng.random() < 0.08:
            return "ONBUILD " + self._trigger()
        return self._plain()

    def _trigger(self) -> str:
        text = self._plain()
        return text if not text.startswith("ONBUILD") else "RUN true"

    def _plain(self) -> str:
        return self.rng.choice(_KINDS)(self)

    def env(self) -> str:
        name = self.rng.choice(VARIABLES)
        if self.rng.random() < 0.15:
            return f"ENV {name} {self._word() or 'x'} y"
        return f"ENV {name}={self._one()}" + (
            f" {self.rng.choice(VARIABLES)}={self._one()}" if self.rng.random() < 0.3 else ""
        )

    def label(self) -> str:
        return f"LABEL {self.rng.choice(('a', 'b.c', '$A', 'd'))}={self._one()}"

    def user(self) -> str:
        return f"USER {self._word() or 'app'}"

    def workdir(self) -> str:
        return "WORKDIR " + self.rng.choice(("/srv", "rel", "../up", "/a/../b/", "$DIR", ".", "a//b", "${DIR}/x", "/"))

    def copy(self) -> str:
        rng = self.rng
        flags = f"--from={self._source()} " if rng.random() < 0.75 else ""
        if rng.random() < 0.15:
            flags += rng.choice(
                ("--chown=$UID ", "--chmod=755 ", "--chmod=u+x ", "--link ", "--chmod=9 ", "--chmod=$UID ")
            )
        return f"COPY {flags}{rng.choice(('/a', '/a /b', 'x', '$DIR', '/bin/*'))} {rng.choice(('/x/', '/x/', './', '/$DIR/'))}"

    def add(self) -> str:
        rng = self.rng
        source = rng.choice(
            (
                "https://e.com/a.tgz",
                "https://e.com/r.git#v1:sub",
                "git@e.com:o/r.git",
                "x.tar",
                "https://$A/b",
                "https://e.com/r.git?checksum=abc",
                "https://e.com/r.git?nope=1",
                "github.com/o/r",
                "ftp://e.com/x",
                "ssh://git@e.com/o/r",
            )
        )
        flags = rng.choice(("", "", "", "--checksum=sha256:" + "c" * 64 + " ", "--checksum=abc ", "--keep-git-dir "))
        return f"ADD {flags}{source} /dst/"

    def run(self) -> str:
        rng = self.rng
        kind = rng.random()
        if kind < 0.45:
            return rng.choice(("RUN true", "RUN a && b | c", 'RUN ["x", "y"]', "RUN echo $A"))
        if kind < 0.8:
            return f"RUN --mount={rng.choice(('type=bind,', 'type=bind,', 'type=cache,', 'type=tmpfs,', ''))}from={self._source()},target=/m x"
        return "RUN " + rng.choice(
            (
                "--mount=type=cache,target=/c x",
                "--mount=type=cache,id=$A,target=/c x",
                "--mount=type=secret,id=s x",
                "--mount=type=ssh x",
                "--mount=type=tmpfs,target=/t,size=1m x",
                "--mount=target=/ x",
                "--mount=type=$A,target=/x x",
                "--mount=type=bind,target=$DIR x",
                "--mount=type=secret x",
                "--mount=type=cache,sharing=nope,target=/c x",
                "--mount=type=bind,uid=1,target=/c x",
                "--network=none x",
            )
        )

    def cmd(self) -> str:
        return self.rng.choice(("CMD run it", 'CMD ["run", "it"]', "CMD []", "CMD", "CMD $A"))

    def entrypoint(self) -> str:
        return self.rng.choice(("ENTRYPOINT start now", 'ENTRYPOINT ["start"]', "ENTRYPOINT []", "ENTRYPOINT"))

    def shell(self) -> str:
        return self.rng.choice(
            ('SHELL ["/bin/bash", "-o", "pipefail", "-c"]', 'SHELL ["/bin/sh", "-c"]', 'SHELL ["x"]')
        )

    def healthcheck(self) -> str:
        return self.rng.choice(
            (
                "HEALTHCHECK NONE",
                "HEALTHCHECK CMD curl -f x",
                'HEALTHCHECK --interval=5s CMD ["x"]',
                "HEALTHCHECK CMD $A",
            )
        )

    def expose(self) -> str:
        return "EXPOSE " + self.rng.choice(
            ("80", "80/udp 443", "8000-8003", "$A", "${UID}", "1:2", "x", "70000", "53/TCP", '"1 2"')
        )

    def volume(self) -> str:
        return self.rng.choice(("VOLUME /data", 'VOLUME ["/a b", "/c"]', "VOLUME ${DIR:-/d} /e", "VOLUME /x$NOTHING"))

    def stop_signal(self) -> str:
        return "STOPSIGNAL " + self.rng.choice(("SIGTERM", "9", "$A", "int", "SIGRTMIN+3", "NOPE", "0"))


_KINDS = (
    *(_Writer.env,) * 4,
    *(_Writer._arg,) * 4,
    *(_Writer.user,) * 3,
    *(_Writer.copy,) * 5,
    *(_Writer.run,) * 4,
    *(_Writer.workdir,) * 2,
    *(_Writer.cmd,) * 2,
    *(_Writer.entrypoint,) * 2,
    _Writer.label,
    _Writer.add,
    _Writer.shell,
    _Writer.healthcheck,
    _Writer.expose,
    _Writer.volume,
    _Writer.stop_signal,
)
