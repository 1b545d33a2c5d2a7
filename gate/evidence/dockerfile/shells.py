"""Which shells the final image has, as far as the Dockerfile and its base show, and what needs one."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase

import msgspec

from gate.evidence.bases import BaseImage
from gate.evidence.dockerfile.commands import is_posix_shell
from gate.evidence.dockerfile.copies import Copied, copied
from gate.evidence.dockerfile.evaluate import Applied, Stage
from gate.evidence.dockerfile.flags import flag_values
from gate.evidence.dockerfile.graph import Node
from gate.evidence.dockerfile.paths import clean, join_workdir
from gate.evidence.model import BaseOrigin, Command, LineOrigin, Origin, Shell, ShellFact, State

NAMES = frozenset(
    ("sh", "bash", "ash", "dash", "ksh", "mksh", "zsh", "fish", "tcsh", "csh", "busybox", "toybox", "yash")
)
"""Programs that are shells, or bring one."""
_PACKAGES = NAMES | {"busybox-static", "busybox-extras", "loksh", "oksh"}
_INSTALLERS = {
    "apk": ("add",),
    "apt": ("install",),
    "apt-get": ("install",),
    "aptitude": ("install",),
    "dnf": ("install",),
    "microdnf": ("install",),
    "pacman": ("-S", "-Sy", "-Syu"),
    "tdnf": ("install",),
    "yum": ("install",),
    "zypper": ("install", "in"),
}
_REMOVERS = {"apk": ("del",), "apt": ("remove", "purge"), "apt-get": ("remove", "purge"), "dnf": ("remove",)}
_ROOT_MAKERS = frozenset({"debootstrap", "mmdebstrap", "multistrap", "pacstrap"})
_ROOT_OPTIONS = frozenset({"--root", "--installroot"})
_MOST = 100
_ROOTS = ("/bin/sh", "/usr/bin/sh")


class Shells(msgspec.Struct):
    """Shells of one stage by path, each with its state; ``unsure``: why the list may not be all;
    ``made``: what makes another root filesystem inside this one."""

    found: dict[str, tuple[Shell, State]] = {}
    base: State = "known"
    reason: str | None = None
    unsure: str | None = None
    made: str | None = None
    touched: bool = False
    needed_by: list[Origin] = []

    def child(self) -> Shells:
        """What a stage built on this one starts with."""
        return msgspec.structs.replace(self, found=dict(self.found), needed_by=list(self.needed_by))

    def add(self, path: str, origin: Origin, state: State) -> None:
        """Notes one shell; the surer origin stays."""
        before = self.found.get(path)
        if before is None and len(self.found) >= _MOST:
            return
        if before is None or (before[1] != "known" and state == "known"):
            self.found[path] = (Shell(path=path, origin=origin), state)


class ShellReader:
    """Follows shells through the stages of one file, in the order in which they are built."""

    def __init__(self, path: str, stages: Iterable[Stage]) -> None:
        self._path = path
        self._seen: dict[int, Shells] = {}
        for stage in stages:
            self._read(stage)

    def fact(self, stage: Stage) -> ShellFact:
        """The fact about the image that a stage becomes."""
        shells = self._seen[id(stage.node)]
        needed = shells.needed_by + self._needed(stage)
        listed = [shell for shell, _ in shells.found.values()]
        if any(state == "known" for _, state in shells.found.values()):
            return ShellFact(state="known", present=True, shells=listed, needed_by=needed)
        if listed:
            reason = shells.reason or f"{listed[0].path} is brought by what a line runs or copies"
            return ShellFact(state="assumed", reason=reason, present=True, shells=listed, needed_by=needed)
        if shells.unsure is not None or shells.base == "unknown":
            return ShellFact(state="unknown", reason=shells.unsure or shells.reason, needed_by=needed)
        if shells.base == "known" and not shells.touched:
            return ShellFact(state="known", present=False, needed_by=needed)
        reason = shells.reason or "nothing that is copied or run here is known to bring a shell"
        return ShellFact(state="assumed", reason=reason, present=False, needed_by=needed)

    # the filesystem of a stage

    def _read(self, stage: Stage) -> None:
        """Notes the shells of a stage; bases and sources were read before it."""
        node = stage.node
        base = self._seen.get(id(node.base)) if node.base is not None else None
        shells = self._seen[id(node)] = self._image(node) if base is None else base.child()
        for applied in stage.applied:
            cmd = applied.bound.raw.cmd
            if cmd == "RUN":
                shells.touched = True
                self._run(shells, applied, stage)
            elif cmd in ("COPY", "ADD"):
                shells.touched = True
                for each in copied(applied):
                    self._copy(shells, each, self._origin(applied))

    def _image(self, node: Node) -> Shells:
        if node.scratch:
            return Shells()
        reference = node.reference.normalized if node.reference else node.base_text
        known: BaseImage | None = node.known
        if known is None or known.shells is None:
            if node.context is not None and node.context.other:
                return Shells(base="unknown", reason=node.context.reason)
            return Shells(base="unknown", reason=f"whether {reference} ships a shell shows only in the image")
        state, reason = known.state_of("shells")
        shells = Shells(base=state, reason=reason)
        for path in known.shells:
            shells.add(path, BaseOrigin(reference=reference), state)
        return shells

    def _origin(self, applied: Applied) -> LineOrigin:
        line, end_line = applied.bound.origin or (applied.bound.line, applied.bound.end_line)
        return LineOrigin(path=self._path, line=line, end_line=end_line)

    # COPY and ADD

    def _copy(self, shells: Shells, each: Copied, origin: LineOrigin) -> None:
        if each.content is not None or "://" in each.path:
            return
        name = each.path.rsplit("/", 1)[-1]
        target = f"{each.target.rstrip('/')}/{name}" if each.into else each.target
        if each.node is not None and self._from_node(shells, each, origin):
            return
        if name in NAMES or target.rsplit("/", 1)[-1] in NAMES:
            sure = _in_bin(target) or (each.node is not None and name in NAMES and _in_bin(each.path))
            shells.add(target, origin, "known" if sure else "assumed")
        elif each.archive and any(each.may_bring(path) for path in _ROOTS):
            shells.unsure = f"line {origin.line} unpacks {each.path} over {each.target}"

    def _from_node(self, shells: Shells, each: Copied, origin: LineOrigin) -> bool:
        """Shells of another stage or image that the copied paths hold; true when there were any."""
        source = each.node
        if source is None:
            return False
        other = self._seen.get(id(source)) or self._image(source)
        merged = bool(source.root.known and source.root.known.libc == "glibc")
        brought = False
        for path, (_, state) in list(other.found.items()):
            for alias in (path, f"/usr{path}") if merged and path.startswith("/bin/") else (path,):
                target = each.places(alias)
                if target is not None:
                    shells.add(target, origin, state)
                    brought = True
                    break
        if not brought and other.made and source.index is not None and any(each.may_bring(path) for path in _ROOTS):
            shells.unsure = f"line {origin.line} copies {each.path}, and {other.made}"
        if not brought and (other.base == "unknown" or other.unsure) and any(each.places(path) for path in _ROOTS):
            shells.unsure = f"line {origin.line} copies {each.path}, and what is in it shows only in the image"
        return brought

    # RUN

    def _run(self, shells: Shells, applied: Applied, stage: Stage) -> None:
        origin = self._origin(applied)
        self._proof(shells, applied, origin, stage)
        for folder in _installed_applets(applied):
            shells.add(clean(f"{folder}/sh"), origin, "assumed")
        for command in applied.commands:
            program = command.program or ""
            if program in _INSTALLERS and any(word in command.args for word in _INSTALLERS[program]):
                for package in _packages(command):
                    shells.add(f"/bin/{package.removesuffix('-static').removesuffix('-extras')}", origin, "assumed")
            elif program in _REMOVERS and any(word in command.args for word in _REMOVERS[program]):
                _remove(shells, [f"*/{package}" for package in _packages(command)], command.line)
            elif program in ("rm", "unlink"):
                _remove(shells, [word for word in command.args if word.startswith("/")], command.line)
            elif program in ("cp", "ln", "mv", "install") and len(command.args) > 1:
                _copies(shells, command, applied, origin)
            if program in _ROOT_MAKERS or any(word.partition("=")[0] in _ROOT_OPTIONS for word in command.args):
                shells.made = shells.made or f"line {command.line} makes a root filesystem"

    def _proof(self, shells: Shells, applied: Applied, origin: LineOrigin, stage: Stage) -> None:
        """A RUN in shell form proves a shell where the base is not known, and needs one where it has none."""
        raw = applied.bound.raw
        if raw.json is not None or not raw.words or stage.config.os == "windows":
            return
        if any(body.startswith("#!") for _, body in applied.heredocs):
            return
        if any(_covers_bin(mount.target) for mount in applied.mounts if mount.type == "bind"):
            return
        if flag_values(raw.flags, "device"):
            return
        path = applied.shell[0] if applied.shell else "/bin/sh"
        if shells.found or not is_posix_shell(applied.shell):
            return
        if shells.base == "unknown" or shells.unsure:
            shells.reason = f"line {origin.line} runs in {path}"
            shells.add(path, origin, "assumed")
        else:
            shells.needed_by.append(origin)

    # what the final image starts

    def _needed(self, stage: Stage) -> list[Origin]:
        config = stage.config
        found: list[Origin] = []
        parts = (
            (config.entrypoint_from, config.entrypoint),
            (config.cmd_from, config.cmd),
            (config.healthcheck_from, (config.healthcheck or [])[1:]),
        )
        for setting, argv in parts:
            if setting is None or not argv:
                continue
            if setting.shell or argv[0].rsplit("/", 1)[-1] in NAMES:
                line, end_line = setting.bound.origin or (setting.bound.line, setting.bound.end_line)
                found.append(LineOrigin(path=self._path, line=line, end_line=end_line))
        return found


def _installed_applets(applied: Applied) -> list[str]:
    """Folders that ``busybox --install`` fills, in exec form as well."""
    words = [word for text in (applied.bound.raw.json or applied.bound.raw.words) for word in text.split()]
    if "--install" not in words or not any(word.endswith("busybox") for word in words):
        return []
    return [word for word in words[words.index("--install") :] if word.startswith("/")][:1] or ["/bin"]


def _copies(shells: Shells, command: Command, applied: Applied, origin: LineOrigin) -> None:
    """``cp`` and its like: shells get other names, and files get a shell's."""
    words = [word for word in command.args if not word.startswith("-")]
    if len(words) < 2:
        return
    target = clean(join_workdir(applied.workdir, words[-1], "linux"))
    for word in words[:-1]:
        source = clean(join_workdir(applied.workdir, word, "linux"))
        name = source.rsplit("/", 1)[-1]
        if target.rsplit("/", 1)[-1] in NAMES:
            shells.add(target, origin, "assumed")
        elif source in shells.found or (name in NAMES and _in_bin(source)):
            shells.add(f"{target}/{name}" if words[-1].endswith("/") else target, origin, "assumed")
        else:
            for path in [path for path in shells.found if path.startswith(f"{source.rstrip('/')}/")]:
                shells.add(clean(f"{target}/{path[len(source) :]}"), origin, "assumed")


def _in_bin(path: str) -> bool:
    return path.rsplit("/", 1)[0].endswith(("bin", "busybox"))


def _covers_bin(target: str) -> bool:
    return target.rstrip("/") in ("/bin", "/usr", "/usr/bin", "/bin/sh", "/busybox", "/lib", "/lib64")


def _packages(command: Command) -> list[str]:
    names = [word.partition("=")[0].partition("@")[0].partition("~")[0] for word in command.args]
    return [name for name in names if name in _PACKAGES]


def _remove(shells: Shells, paths: list[str], line: int) -> None:
    """Takes away what ``rm`` names; what is left then shows only in the image."""
    for path in list(shells.found):
        if any(fnmatchcase(path, each) or path.startswith(each.rstrip("/*") + "/") for each in paths if each != "/"):
            del shells.found[path]
            shells.unsure = f"line {line} removes {path}; what is left shows only in the image"
