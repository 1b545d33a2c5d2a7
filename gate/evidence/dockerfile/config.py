"""The image config of a stage while its instructions are applied to it, and what set each part."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from gate.evidence.bases import BaseImage
from gate.evidence.dockerfile import scope as scopes
from gate.evidence.dockerfile.platform import Platform
from gate.evidence.dockerfile.scope import Scope, Value
from gate.evidence.model import StageConfig

if TYPE_CHECKING:
    from gate.evidence.dockerfile.graph import Bound


class Setting(msgspec.Struct, frozen=True):
    """The instruction behind a part of the config, in stage ``stage``; ``shell``: it was written in shell form."""

    stage: int
    bound: Bound
    value: Value = Value("")
    shell: bool = False


class Config(msgspec.Struct):
    """BuildKit's ``image.Config`` of one stage. ``known``: false while it rests on an image whose config is not known.

    ``user`` is null when nothing in the file sets it and the base's is not known.
    """

    known: bool
    os: str = "linux"
    user: str | None = None
    env: dict[str, Value] = {}
    workdir: str | None = None
    entrypoint: list[str] | None = None
    cmd: list[str] | None = None
    shell: list[str] | None = None
    healthcheck: list[str] | None = None
    labels: dict[str, str] = {}
    ports: dict[str, None] = {}
    volumes: dict[str, None] = {}
    stop_signal: str | None = None
    onbuild: list[str] = []
    user_from: Setting | None = None
    cmd_from: Setting | None = None
    entrypoint_from: Setting | None = None
    healthcheck_from: Setting | None = None

    @property
    def weight(self) -> int:
        """How many entries a copy has."""
        return len(self.env) + len(self.labels) + len(self.ports) + len(self.volumes)

    def child(self) -> Config:
        """What a stage built on this one starts with; triggers do not carry over."""
        return msgspec.structs.replace(
            self,
            env=dict(self.env),
            labels=dict(self.labels),
            ports=dict(self.ports),
            volumes=dict(self.volumes),
            onbuild=[],
        )

    def with_shell(self, text: str) -> list[str]:
        """A command in shell form, as it is run."""
        default = ["cmd", "/S", "/C"] if self.os == "windows" else ["/bin/sh", "-c"]
        return [*(self.shell or default), text]

    def described(self) -> StageConfig:
        """The config as evidence has it."""
        return StageConfig(
            user=self.user,
            env={name: value.text for name, value in self.env.items()},
            workdir=self.workdir,
            entrypoint=self.entrypoint,
            cmd=self.cmd,
            shell=self.shell,
            healthcheck=self.healthcheck,
            labels=self.labels,
            exposed_ports=sorted(self.ports),
            volumes=sorted(self.volumes),
            stop_signal=self.stop_signal,
            onbuild=self.onbuild,
        )


def of_base(known: BaseImage | None, platform: Platform) -> Config:
    """The config of an external image, as far as it is known."""
    config = known.config if known else None
    if known is None or config is None:
        found = Config(known=False, os=platform.os, user=known.user if known else None)
        for name, text in ((known.env if known else None) or {}).items():
            found.env[name] = Value(text, rests=frozenset((name,)))
        return found
    return Config(
        known=True,
        os=platform.os,
        user=config.user or "",
        env={name: Value(text) for name, text in config.env.items()},
        workdir=config.workdir,
        entrypoint=config.entrypoint,
        cmd=config.cmd,
        shell=config.shell,
        healthcheck=config.healthcheck,
        labels=dict(config.labels),
        ports=dict.fromkeys(config.exposed_ports),
        volumes=dict.fromkeys(config.volumes),
        stop_signal=config.stop_signal,
    )


def start_scope(config: Config, inherited: Scope | None, scope: Scope) -> Scope:
    """The variables a stage starts with: those of its base stage, then its config's environment over them."""
    started = inherited.copy() if inherited is not None else Scope(scope.escape, scope.budget)
    started.open = not config.known
    windows = config.os == "windows"
    if "PATH" not in config.env and not windows:
        if config.known:
            config.env["PATH"] = Value(scopes.DEFAULT_PATH)
        else:
            started.set("PATH", Value(scopes.DEFAULT_PATH))
    for name, value in config.env.items():
        started.set(name, value)
    return started
