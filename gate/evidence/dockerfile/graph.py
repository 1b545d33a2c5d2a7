"""The stages of a Dockerfile and what they read from each other, as BuildKit v0.33.1 links them.

Names: FROM looks its expanded base up exactly, among earlier stages, the latest of a name first; COPY --from, RUN
--mount and --target take any case and the last stage of a name in the file. COPY --from takes indexes too, into the
list of stages and of the images that earlier ``--from`` added. ONBUILD triggers run in direct children only.
Source: frontend/dockerfile/dockerfile2llb/convert.go.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

import msgspec

from gate.errors import ReferenceError_
from gate.evidence.bases import SCRATCH, BaseImage, BaseLookup
from gate.evidence.dockerfile import mounts, platform
from gate.evidence.dockerfile.blanks import lower, printable
from gate.evidence.dockerfile.contexts import Context, contexts_of, familiar
from gate.evidence.dockerfile.expansion import Budget
from gate.evidence.dockerfile.flags import flag_values
from gate.evidence.dockerfile.globalscope import BuildOptions, before_stages, expanded, stage_name
from gate.evidence.dockerfile.instructions import parse_trigger, trigger_text
from gate.evidence.dockerfile.platform import Platform
from gate.evidence.dockerfile.scope import Scope, Value, located
from gate.evidence.dockerfile.syntax import DockerfileError, ParsedDockerfile, RawInstruction
from gate.evidence.image import reference as references
from gate.evidence.image.reference import Reference

_MOST_ROUNDS = 100
_INTEGER = re.compile(r"[+-]?[0-9]+", re.ASCII)


class Bound(msgspec.Struct, eq=False):
    """An instruction of a stage with the nodes it reads: one for ``COPY --from``, one per mount for RUN.

    ``trigger_of``: the stage whose ONBUILD brought it, ``trigger_line`` that ONBUILD's lines; both null for the
    triggers of an image (``from_image``).
    """

    raw: RawInstruction
    line: int
    end_line: int
    sources: list[Node] = msgspec.field(default_factory=list)
    trigger_of: int | None = None
    origin: tuple[int, int] | None = None
    from_image: bool = False


class Node(msgspec.Struct, eq=False):
    """A stage, or an image that a ``--from`` names (``index`` null).

    ``base`` is the stage it is built on; else ``reference`` is the image, null for scratch. ``known``: what a lookup
    says of the image. ``asked``: its config would be fetched. ``context``: the named context that stands in for it,
    and ``replaced`` where that is a whole stage, whose commands are not run.
    """

    base_text: str
    line: int
    end_line: int
    index: int | None = None
    name: str | None = None
    raw: RawInstruction | None = None
    base_value: Value | None = None
    platform: Platform | None = None
    platform_text: str | None = None
    base: Node | None = None
    reference: Reference | None = None
    known: BaseImage | None = None
    asked: bool = False
    dispatched: bool = False
    context: Context | None = None
    replaced: bool = False
    commands: list[Bound] = msgspec.field(default_factory=list)
    deps: list[Node] = msgspec.field(default_factory=list)
    triggered: bool = False

    @property
    def scratch(self) -> bool:
        """Whether it starts empty."""
        if self.context is not None:
            return self.context.reference is None and not self.context.other
        return self.base is None and self.base_text == "scratch"

    @property
    def root(self) -> Node:
        """The node at the end of the chain of bases."""
        node = self
        while node.base is not None:
            node = node.base
        return node

    @property
    def label(self) -> str:
        """How a message names it."""
        return self.name or (f"stage {self.index}" if self.index is not None else self.base_text)


def _check_name(node: Node) -> None:
    """Refuse what no named context could be called: BuildKit looks for one by the name of every stage."""
    try:
        if node.name:
            references.parse(node.name)
    except ReferenceError_ as error:
        raise DockerfileError(f"a stage cannot be called so: {error.message}", node.line, node.end_line) from None


class Graph:
    """All nodes in BuildKit's order, the target, and what it reaches."""

    def __init__(
        self, parsed: ParsedDockerfile, options: BuildOptions, bases: BaseLookup, budget: Budget | None = None
    ) -> None:
        self.escape = parsed.escape
        self.options = options
        self.budget = budget or Budget()
        self._bases = bases
        self._contexts = contexts_of(options.contexts)
        self.platform = platform.parse(options.platform).normalized
        self.global_args: list[RawInstruction] = []
        self.nodes: list[Node] = []
        self._by_name: dict[str, Node] = {}
        self._known: dict[tuple[Reference, Platform], BaseImage | None] = {}
        stages = self._split(parsed.instructions)
        self.globals = before_stages(
            self.global_args, [start for start, _ in stages], options, self.platform, Scope(self.escape, self.budget)
        )
        for index, (start, commands) in enumerate(stages):
            self._add(self._stage(index, start, commands))
        self.stages = list(self.nodes)
        self.target = self._find_target()
        self._link()
        self.reachable = self._resolve()

    # stages and their bases

    def _split(self, instructions: Iterable[RawInstruction]) -> list[tuple[RawInstruction, list[RawInstruction]]]:
        stages: list[tuple[RawInstruction, list[RawInstruction]]] = []
        for raw in instructions:
            if raw.cmd == "FROM":
                stages.append((raw, []))
            elif stages:
                stages[-1][1].append(raw)
            else:
                self.global_args.append(raw)
        return stages

    def _stage(self, index: int, start: RawInstruction, commands: list[RawInstruction]) -> Node:
        base = expanded(self.globals, start.words[0], start)
        if not base.text:
            names = printable(", ".join(sorted(base.over)))
            hint = f"; give it one with --build-arg {names}=..." if names else ""
            raise DockerfileError(f"the base '{printable(start.words[0])}' is empty{hint}", start.line, start.end_line)
        node = Node(base.text, start.line, start.end_line, index, stage_name(start), start, base)
        _check_name(node)
        written = flag_values(start.flags, "platform")
        if written and written[-1]:
            node.platform_text = written[-1]
            node.platform = self._platform(written[-1], start)
        node.commands = [Bound(raw, raw.line, raw.end_line) for raw in commands]
        return node

    def _platform(self, written: str, start: RawInstruction) -> Platform:
        text = expanded(self.globals, written, start).text
        if not text:
            raise DockerfileError(f"--platform={printable(written)} is empty", start.line, start.end_line)
        try:
            return platform.parse(text)
        except DockerfileError as error:
            raise located(error, start.line, start.end_line) from None

    def _add(self, node: Node) -> None:
        self.nodes.append(node)
        node.context = self._contexts.get(node.name) if node.name else None
        node.replaced = node.context is not None
        node.base = None if node.replaced else self._by_name.get(node.base_text)
        if node.name:
            self._by_name[node.name] = node

    def _find_target(self) -> Node:
        if not self.options.target:
            return self.nodes[-1]
        found = self._by_name.get(lower(self.options.target))
        if found is None:
            names = ", ".join(sorted(self._by_name)) or "none is named"
            raise DockerfileError(f"there is no stage '{printable(self.options.target)}'; stages: {names}")
        return found

    # what instructions read

    def _link(self) -> None:
        for node in self.stages:
            for bound in () if node.replaced else node.commands:
                self._bind(node, bound)
        self._refuse_cycles()

    def _bind(self, node: Node, bound: Bound) -> None:
        for name, source in self._sources(bound):
            found = source or Node(name, bound.line, bound.end_line)
            bound.sources.append(found)
            if found not in node.deps:
                node.deps.append(found)
            if source is None:
                self._add(found)

    def _sources(self, bound: Bound) -> Iterable[tuple[str, Node | None]]:
        raw = bound.raw
        try:
            if raw.cmd == "COPY":
                name = "".join(flag_values(raw.flags, "from")[-1:])
                return [(name, self._copy_source(name))] if name else ()
            if raw.cmd == "RUN":
                wanted = [mounts.from_of(value) or "scratch" for value in flag_values(raw.flags, "mount")]
                return [(name, self._by_name.get(lower(name))) for name in wanted]
        except DockerfileError as error:
            raise located(error, bound.line, bound.end_line) from None
        return ()

    def _copy_source(self, name: str) -> Node | None:
        if Scope(self.escape, self.budget).expand(name).text != name:
            raise DockerfileError(
                "COPY --from takes no variables; name a stage with FROM and an ARG before the first stage instead"
            )
        if not _INTEGER.fullmatch(name) or not -(2**63) <= int(name[:30]) < 2**63:
            return self._by_name.get(lower(name))
        if not 0 <= int(name) < len(self.nodes):
            raise DockerfileError(f"there is no stage with the index {name}")
        return self.nodes[int(name)]

    def _refuse_cycles(self) -> None:
        """Circles of COPY --from and mounts, anywhere in the file; bases only lead backwards."""
        done: set[int] = set()
        for start in self.stages:
            path = [(start, iter(start.deps))]
            on_path = {id(start)}
            while path:
                node, rest = path[-1]
                following = next(rest, None)
                if following is None:
                    path.pop()
                    on_path.discard(id(node))
                    done.add(id(node))
                elif id(following) in on_path:
                    bound = next(each for each in node.commands if following in each.sources)
                    raise DockerfileError(
                        f"stages wait for each other: {node.label} reads {following.label}",
                        bound.line,
                        bound.end_line,
                    )
                elif id(following) not in done:
                    path.append((following, iter(following.deps)))
                    on_path.add(id(following))

    # images, reachability, triggers

    def _resolve(self) -> set[int]:
        """Resolves images, follows the triggers of everything reached, and returns the ids of what is reached."""
        for _ in range(_MOST_ROUNDS):
            reached = self._reached(self.target)
            for node in self.nodes:
                self._resolve_image(node, asked=id(node) in reached)
            if not self._run_triggers([node for node in self.nodes if id(node) in reached]):
                return reached
        raise DockerfileError("ONBUILD triggers of images bring ever more images", self.target.line)

    @staticmethod
    def _reached(target: Node) -> set[int]:
        reached: set[int] = set()
        todo = [target]
        while todo:
            node = todo.pop()
            if id(node) not in reached:
                reached.add(id(node))
                todo += node.deps
                if node.base is not None:
                    todo.append(node.base)
        return reached

    def _resolve_image(self, node: Node, *, asked: bool) -> None:
        if node.base is not None:
            return
        if not node.dispatched:
            node.asked = node.asked or asked
        if node.index is None:
            # BuildKit never comes back to such an image, also where a trigger makes it reached later.
            node.dispatched = True
        if node.scratch:
            node.known = SCRATCH
            node.platform = self.platform
            return
        node.platform = node.platform or self.platform
        if node.reference is not None:
            return
        if node.context is not None and node.context.other:
            node.known = node.context.known
            return
        node.reference = node.context.reference if node.context else self._named(node)
        if node.reference is None:
            node.known = node.context.known if node.context else None
            return
        key = (node.reference, node.platform)
        if key not in self._known:
            self._known[key] = self._bases.lookup(node.reference, str(node.platform))
        node.known = self._known[key]

    def _named(self, node: Node) -> Reference | None:
        """The image a node names, or the one that a named context puts in its place; null where that is none."""
        try:
            reference = references.parse(node.base_text)
        except ReferenceError_ as error:
            raise DockerfileError(printable(error.message, 200), node.line, node.end_line) from None
        node.context = self._contexts.get(familiar(reference))
        return reference if node.context is None else node.context.reference

    def _run_triggers(self, nodes: list[Node]) -> bool:
        """Puts ONBUILD triggers of bases before the commands of their children; true when they read something new."""
        news = False
        for node in nodes:
            if node.triggered:
                continue
            node.triggered = True
            bound = self._triggers(node)
            for each in bound:
                self._bind(node, each)
                news = news or bool(each.sources)
            node.commands = bound + node.commands
        return news

    def _triggers(self, node: Node) -> list[Bound]:
        found: list[Bound] = []
        base = node.base
        if base is None and node.replaced:
            return found
        if base is None:
            config = node.known.config if node.known and node.asked else None
            for text in config.onbuild if config else ():
                raw = self._trigger(text, node)
                found.append(Bound(raw, node.line, node.end_line, from_image=True))
            return found
        for bound in base.commands:
            if bound.raw.cmd == "ONBUILD":
                raw = self._trigger(trigger_text(bound.raw), node)
                found.append(
                    Bound(raw, node.line, node.end_line, trigger_of=base.index, origin=(bound.line, bound.end_line))
                )
        return found

    def _trigger(self, text: str, node: Node) -> RawInstruction:
        try:
            return parse_trigger(text)
        except DockerfileError as error:
            raise DockerfileError(f"an ONBUILD trigger: {error.message}", node.line, node.end_line) from None

    def run_triggers_of_unreached(self, node: Node) -> None:
        """What `_resolve` does for reached stages; raises `DockerfileError`."""
        before = len(self.nodes)
        self._run_triggers([node])
        for added in self.nodes[before:]:
            self._resolve_image(added, asked=False)
