"""Applies the instructions of each stage in turn, as BuildKit's dispatcher does, and describes what they became.

Expanded: ADD, COPY (sources, destination, --chown, --chmod, --checksum, unquoted here-documents), ENV, EXPOSE, LABEL,
STOPSIGNAL, USER, VOLUME, WORKDIR, values of ARG and of RUN --mount. An instruction sees the variables from before it.
Source: frontend/dockerfile/dockerfile2llb/convert.go.
"""

from __future__ import annotations

import re

import msgspec

from gate.evidence.dockerfile import mounts, ports, remote
from gate.evidence.dockerfile.blanks import UNICODE_BLANKS, printable
from gate.evidence.dockerfile.config import Config, Setting, of_base, start_scope
from gate.evidence.dockerfile.expansion import Lexing
from gate.evidence.dockerfile.flags import flag_values
from gate.evidence.dockerfile.graph import Bound, Graph, Node
from gate.evidence.dockerfile.instructions import trigger_text
from gate.evidence.dockerfile.paths import check_path, clean, clean_relative, is_absolute, join_workdir
from gate.evidence.dockerfile.remote import Remote
from gate.evidence.dockerfile.scope import Scope, Value, located
from gate.evidence.dockerfile.sources import check_chmod, check_remote, flag_text, heredoc_name, is_heredoc
from gate.evidence.dockerfile.syntax import DockerfileError, RawHeredoc
from gate.evidence.model import Command

_BODY = Lexing(quotes=False)
_NOT_ENV = frozenset(("BUILDKIT_SBOM_SCAN_CONTEXT", "BUILDKIT_SBOM_SCAN_STAGE"))
_LEADING_TABS = re.compile(r"^\t+", re.MULTILINE)


class Applied(msgspec.Struct):
    """One instruction after it was applied.

    ``values``: its words after expansion (COPY and ADD: sources, then the destination); ``pairs`` of ENV, ARG and
    LABEL; ``heredocs`` with their bodies expanded; ``remotes`` of ADD with the build args that can change them;
    ``unset``: names without a value. ``shell`` is the SHELL in force, ``workdir`` the working directory before it,
    ``scope`` the variables before it (RUN only). ``commands`` is filled in by `describe`.
    """

    bound: Bound
    values: list[str] = msgspec.field(default_factory=list)
    pairs: list[tuple[str, str | None]] = msgspec.field(default_factory=list)
    heredocs: list[tuple[RawHeredoc, str]] = msgspec.field(default_factory=list)
    mounts: list[mounts.MountSpec] = msgspec.field(default_factory=list)
    remotes: list[tuple[Remote, frozenset[str]]] = msgspec.field(default_factory=list)
    checksum: str | None = None
    unset: list[str] = msgspec.field(default_factory=list)
    shell: list[str] | None = None
    scope: Scope | None = None
    workdir: str = "/"
    commands: list[Command] = msgspec.field(default_factory=list)


class Stage(msgspec.Struct):
    """A node after its instructions. ``error``: why an unreachable one could not be followed to its end."""

    node: Node
    config: Config
    scope: Scope
    applied: list[Applied] = msgspec.field(default_factory=list)
    error: DockerfileError | None = None


def evaluate(graph: Graph) -> dict[int, Stage]:
    """Every stage by the id of its node. Raises `DockerfileError` where the build of the target fails.

    Unreachable stages are followed as far as they make sense; BuildKit does not look at them.
    """
    done: dict[int, Stage] = {}
    for node in graph.stages:
        if id(node) in graph.reachable:
            done[id(node)] = _Run(graph, node, done).stage
    for node in graph.stages:
        if id(node) not in graph.reachable:
            done[id(node)] = _unreached(graph, node, done)
    return done


def _unreached(graph: Graph, node: Node, done: dict[int, Stage]) -> Stage:
    run = _Run(graph, node, done, start=False)
    try:
        graph.run_triggers_of_unreached(node)
        run.go()
    except DockerfileError as error:
        run.stage.error = error
    return run.stage


class _Run:
    """One stage being applied."""

    def __init__(self, graph: Graph, node: Node, done: dict[int, Stage], *, start: bool = True) -> None:
        self.graph = graph
        self.node = node
        base = done.get(id(node.base)) if node.base is not None else None
        try:
            if base is not None:
                graph.budget.spend(4 * base.config.weight)
                config = base.config.child()
                node.platform = node.base.platform if node.base else None
            else:
                config = of_base(node.known, node.platform or graph.platform)
            self.scope = start_scope(config, base.scope if base else None, graph.globals)
        except DockerfileError as error:
            raise located(error, node.line, node.end_line) from None
        self.config = config
        self.stage = Stage(node, config, self.scope)
        self.cmd_set = False
        self.system = (node.platform or graph.platform).os
        if config.workdir:
            config.workdir = join_workdir(config.workdir, config.workdir, self.system)
        if start:
            self.go()

    def go(self) -> None:
        """Applies all commands; raises `DockerfileError` with the lines of the one that fails."""
        self.node.dispatched = True
        for bound in () if self.node.replaced else self.node.commands:
            applied = Applied(bound, workdir=self.config.workdir or "/")
            try:
                _APPLY[bound.raw.cmd](self, applied)
            except DockerfileError as error:
                raise located(error, bound.line, bound.end_line) from None
            self.stage.applied.append(applied)

    # expansion

    def value(self, applied: Applied, word: str) -> Value:
        """One word expanded in this stage; names without a value are noted."""
        value = self.scope.expand(word)
        applied.unset += [name for name in value.unset if name not in applied.unset]
        return value

    def text(self, applied: Applied, word: str) -> str:
        """The text of a word expanded."""
        return self.value(applied, word).text

    def setting(self, applied: Applied, value: Value | None = None, *, shell: bool = False) -> Setting:
        """This instruction as what sets a part of the config."""
        return Setting(self.node.index or 0, applied.bound, value or Value(""), shell)

    # instructions

    def env(self, applied: Applied) -> None:
        words = applied.bound.raw.words
        found = [
            (self.text(applied, name), self.value(applied, value))
            for name, value in zip(words[::2], words[1::2], strict=True)
        ]
        for name, value in found:
            self.scope.set(name, value)
            self.config.env[name] = value
            applied.pairs.append((name, value.text))

    def arg(self, applied: Applied) -> None:
        for word in applied.bound.raw.words:
            name, equals, default = word.partition("=")
            given = self.graph.options.build_args.get(name)
            value: Value | None = None
            if given is not None:
                value = Value(given)
            elif equals:
                value = self.value(applied, default)
            else:
                value = self.graph.globals.get(name)
            if value is not None and name not in _NOT_ENV:
                self.scope.set(name, value._replace(over=value.over | {name}))
            else:
                self.scope.overridable(name, (name,))
            applied.pairs.append((name, None if value is None else value.text))

    def label(self, applied: Applied) -> None:
        words = applied.bound.raw.words
        for name, value in zip(words[::2], words[1::2], strict=True):
            pair = (self.text(applied, name), self.text(applied, value))
            applied.pairs.append(pair)
        self.config.labels.update((name, value or "") for name, value in applied.pairs)

    def user(self, applied: Applied) -> None:
        value = self.value(applied, applied.bound.raw.words[0])
        applied.values = [value.text]
        self.config.user = value.text
        self.config.user_from = self.setting(applied, value)

    def workdir(self, applied: Applied) -> None:
        text = self.text(applied, applied.bound.raw.words[0])
        applied.values = [text]
        known = self.config.known or self.config.workdir is not None
        joined = join_workdir(self.config.workdir, text, self.system)
        self.config.workdir = joined if known or join_workdir("/a", text, self.system) == joined else None

    def shell(self, applied: Applied) -> None:
        self.config.shell = list(applied.bound.raw.json or ())
        applied.values = self.config.shell

    def _command(self, applied: Applied) -> list[str]:
        raw = applied.bound.raw
        applied.values = list(raw.words)
        applied.shell = self.config.shell
        return list(raw.json) if raw.json is not None else self.config.with_shell(" ".join(raw.words))

    def cmd(self, applied: Applied) -> None:
        self.config.cmd = self._command(applied)
        self.config.cmd_from = self.setting(applied, shell=applied.bound.raw.json is None)
        self.cmd_set = True

    def entrypoint(self, applied: Applied) -> None:
        self.config.entrypoint = self._command(applied) or None
        self.config.entrypoint_from = self.setting(applied, shell=applied.bound.raw.json is None)
        if not self.cmd_set:
            self.config.cmd = None
            self.config.cmd_from = None

    def healthcheck(self, applied: Applied) -> None:
        raw = applied.bound.raw
        kind, rest = raw.words[0].upper(), raw.words[1:]
        applied.shell = self.config.shell
        if kind != "NONE" and raw.json is None:
            kind, rest = "CMD-SHELL", (" ".join(rest),)
        self.config.healthcheck = applied.values = [kind, *rest]
        self.config.healthcheck_from = self.setting(applied, shell=kind == "CMD-SHELL")

    def expose(self, applied: Applied) -> None:
        specs: list[str] = []
        for word in sorted(applied.bound.raw.words):
            specs += self.scope.split(word)
            self.text(applied, word)
        applied.values = ports.exposed(specs)
        self.config.ports.update(dict.fromkeys(applied.values))

    def volume(self, applied: Applied) -> None:
        names = [self.text(applied, word.strip(UNICODE_BLANKS)) for word in applied.bound.raw.words]
        applied.values = names
        if not all(names):
            raise DockerfileError("VOLUME takes no empty names")
        self.config.volumes.update(dict.fromkeys(names))

    def stop_signal(self, applied: Applied) -> None:
        text = self.text(applied, applied.bound.raw.words[0])
        ports.check_signal(text)
        applied.values = [text]
        self.config.stop_signal = text

    def onbuild(self, applied: Applied) -> None:
        text = trigger_text(applied.bound.raw)
        applied.values = [text]
        applied.shell = self.config.shell
        self.config.onbuild.append(text)

    def maintainer(self, applied: Applied) -> None:
        applied.values = list(applied.bound.raw.words)

    def run(self, applied: Applied) -> None:
        raw = applied.bound.raw
        applied.values = list(raw.words)
        applied.heredocs = [(each, each.content) for each in raw.heredocs]
        applied.shell = self.config.shell
        applied.scope = self.scope.snapshot()
        written = flag_values(raw.flags, "mount")
        applied.mounts = [mounts.parse(each, lambda word: self.text(applied, word)) for each in written]
        if raw.heredocs and (len(raw.words) != 1 or raw.json is not None):
            raise DockerfileError("RUN takes a here-document only in shell form")
        for mount, source in zip(applied.mounts, applied.bound.sources, strict=True):
            if (mount.from_ or mount.type == "cache") and not source.dispatched:
                raise DockerfileError(
                    f"cannot mount from stage '{printable(source.label)}': it comes after '{self.node.label}'"
                )
            self._check_target(mount)

    def _check_target(self, mount: mounts.MountSpec) -> None:
        windows = self.system == "windows"
        if mount.type == "secret" and windows:
            target = mount.target.replace("\\", "/")
            if not target and "env" not in mount.options:
                raise DockerfileError("a secret mount needs a target on Windows")
            if target and not is_absolute(target, self.system):
                raise DockerfileError("a secret mount's target must be an absolute path")
        if mount.type in ("secret", "ssh"):
            return
        target = mount.target
        if not clean_relative(target).startswith("/"):
            workdir = (self.config.workdir or "").replace("\\", "/") if windows else self.config.workdir or ""
            target = clean(f"/{workdir}/{target}")
        if target == "/":
            raise DockerfileError("a mount needs a target other than /")

    def copy(self, applied: Applied) -> None:
        bound = applied.bound
        raw = bound.raw
        adds = raw.cmd == "ADD"
        self.text(applied, flag_text(raw.flags, "chown"))
        chmod = self.text(applied, flag_text(raw.flags, "chmod"))
        checksum = self.text(applied, flag_text(raw.flags, "checksum")) if adds else ""
        values = self._sources(applied)
        if bound.sources and not bound.sources[0].dispatched:
            raise DockerfileError(
                f"cannot copy from stage '{printable(bound.sources[0].label)}': "
                f"it needs to be defined before '{self.node.label}'"
            )
        check_chmod(chmod)
        check_path(applied.values[-1], self.system)
        found = [(remote.remote(value.text), value) for value in values]
        if not adds and any(each for each, _ in found):
            raise DockerfileError("COPY takes no URL or git source; ADD does")
        if checksum:
            if len(found) != 1 or not remote.takes_checksum(found[0][1].text):
                raise DockerfileError("--checksum goes with one source from HTTP(S) or git")
            applied.checksum = checksum
        for each, value in found:
            if each is None:
                check_path(value.text, self.system)
            else:
                check_remote(each, checksum, raw.flags)
                applied.remotes.append((each, value.over))

    def _sources(self, applied: Applied) -> list[Value]:
        """Expands sources, destination and here-documents; returns the sources that are none."""
        raw = applied.bound.raw
        bodies = {each.name: each for each in raw.heredocs}
        values = [self.value(applied, word) for word in raw.words[:-1] if not is_heredoc(word)]
        applied.values = [*(value.text for value in values), self.text(applied, raw.words[-1])]
        for word in raw.words[:-1] if bodies else ():
            name = heredoc_name(word)
            body = bodies.get(name) if name is not None else None
            if body is None:
                continue
            content = _LEADING_TABS.sub("", body.content) if body.chomp else body.content
            if body.expand:
                content = self.scope.expand(content, escape="\\", lexing=_BODY).text
            applied.heredocs.append((body, content))
        return values


_APPLY = {
    "ADD": _Run.copy,
    "ARG": _Run.arg,
    "CMD": _Run.cmd,
    "COPY": _Run.copy,
    "ENTRYPOINT": _Run.entrypoint,
    "ENV": _Run.env,
    "EXPOSE": _Run.expose,
    "HEALTHCHECK": _Run.healthcheck,
    "LABEL": _Run.label,
    "MAINTAINER": _Run.maintainer,
    "ONBUILD": _Run.onbuild,
    "RUN": _Run.run,
    "SHELL": _Run.shell,
    "STOPSIGNAL": _Run.stop_signal,
    "USER": _Run.user,
    "VOLUME": _Run.volume,
    "WORKDIR": _Run.workdir,
}
