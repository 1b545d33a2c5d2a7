"""Stages and inputs as evidence has them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from gate.evidence import model
from gate.evidence.dockerfile import commands, scripts
from gate.evidence.dockerfile.contexts import Context
from gate.evidence.dockerfile.evaluate import Applied, Stage
from gate.evidence.dockerfile.graph import Bound, Graph, Node
from gate.evidence.dockerfile.mounts import MountSpec
from gate.evidence.dockerfile.scope import Value
from gate.evidence.dockerfile.syntax import RawInstruction
from gate.evidence.image.reference import Reference

_Kind = Literal["from", "copy", "mount", "add", "frontend"]
_RUNS = frozenset(("RUN", "CMD", "ENTRYPOINT", "HEALTHCHECK", "ONBUILD"))


def stage(graph: Graph, done: Stage, budget: commands.Budget) -> model.Stage:
    """One stage of the file."""
    node = done.node
    known = node.root.known
    ends = [node.end_line, *(bound.end_line for bound in node.commands if bound.trigger_of is None)]
    instructions = [instruction(each, budget) for each in done.applied]
    if done.error is not None:
        seen = len(done.applied)
        instructions += [_unapplied(bound) for bound in node.commands[seen:]]
    return model.Stage(
        index=node.index or 0,
        name=node.name,
        base=_base(node),
        reachable=id(node) in graph.reachable,
        target=node is graph.target,
        line=node.line,
        end_line=max(ends),
        user=done.config.user,
        libc=known.libc if known else None,
        ships=known.ships if known else None,
        config=None if done.error else done.config.described(),
        keywords=[_keyword(node.raw), *node.raw.words[1:3]] if node.raw else [],
        instructions=instructions,
    )


def _base(node: Node) -> model.StageBase:
    value = node.base_value
    reference = node.reference
    return model.StageBase(
        reference=None if node.base else _external(node),
        registry=reference.registry if reference else None,
        repository=reference.repository if reference else None,
        tag=reference.tag if reference else None,
        digest=reference.digest if reference else None,
        stage=node.base.index if node.base else None,
        platform=str(node.platform) if node.platform_text else None,
        platform_raw=node.platform_text,
        raw=node.raw.words[0] if node.raw else "",
        overridable_by=sorted(value.over) if value else [],
        unresolved=list(value.unset) if value else [],
    )


def instruction(applied: Applied, budget: commands.Budget) -> model.Instruction:
    """One instruction after it was applied."""
    bound = applied.bound
    raw = bound.raw
    if raw.cmd in _RUNS:
        applied.commands = scripts.commands_of(applied, budget)
    source = bound.sources[0] if raw.cmd == "COPY" and bound.sources else None
    line, end_line = bound.origin or (bound.line, bound.end_line)
    return model.Instruction(
        cmd=raw.cmd,
        line=line,
        end_line=end_line,
        flags=list(raw.flags),
        mounts=[_mount(spec, node) for spec, node in zip(applied.mounts, bound.sources, strict=False)],
        json=None if raw.json is None else list(raw.json),
        args=applied.values,
        commands=applied.commands,
        raw=raw.value,
        heredocs=[
            model.Heredoc(
                name=each.name, content=body, expand=each.expand, chomp=each.chomp, fd=each.fd, line=each.line
            )
            for each, body in applied.heredocs
        ],
        pairs=applied.pairs,
        sub=raw.sub.cmd if raw.sub else None,
        unresolved=applied.unset,
        onbuild_from=bound.trigger_of,
        source_stage=source.index if source else None,
        source_image=_image_of(source),
        comments=[text for _, text in raw.comments],
        keyword=_odd_keyword(raw),
    )


def _unapplied(bound: Bound) -> model.Instruction:
    raw = bound.raw
    return model.Instruction(
        cmd=raw.cmd,
        line=bound.line,
        end_line=bound.end_line,
        flags=list(raw.flags),
        json=None if raw.json is None else list(raw.json),
        args=list(raw.words),
        raw=raw.value,
        sub=raw.sub.cmd if raw.sub else None,
        onbuild_from=bound.trigger_of,
        comments=[text for _, text in raw.comments],
        keyword=_odd_keyword(raw),
    )


def _keyword(raw: RawInstruction) -> str:
    return raw.original[: len(raw.cmd)]


def _odd_keyword(raw: RawInstruction) -> str | None:
    written = _keyword(raw)
    return None if written == raw.cmd else written


def _image_of(node: Node | None) -> str | None:
    if node is None or node.index is not None:
        return None
    return _external(node)


def _external(node: Node) -> str:
    """What a node that is built on no stage starts with."""
    if node.context is not None and node.context.other:
        return node.context.shown
    return node.reference.normalized if node.reference else "scratch"


def _mount(spec: MountSpec, node: Node) -> model.Mount:
    reads = bool(spec.from_)
    return model.Mount(
        type=spec.type,
        target=spec.target or None,
        source=spec.source or None,
        from_=spec.from_ or None,
        stage=node.index if reads else None,
        reference=_image_of(node) if reads else None,
        id=spec.id or None,
        options=spec.options,
    )


def argument(raw: RawInstruction, build_args: Mapping[str, str], values: Mapping[str, str]) -> model.Instruction:
    """An ARG before the first FROM."""
    names = [word.partition("=")[0] for word in raw.words]
    return model.Instruction(
        cmd=raw.cmd,
        line=raw.line,
        end_line=raw.end_line,
        flags=list(raw.flags),
        raw=raw.value,
        pairs=[(name, build_args.get(name, values.get(name))) for name in names],
        comments=[text for _, text in raw.comments],
        keyword=_odd_keyword(raw),
    )


def inputs(graph: Graph, done: dict[int, Stage]) -> list[model.Input]:
    """Everything the build takes from elsewhere, in the order of the file; nothing for scratch."""
    found: list[model.Input] = []
    for node in graph.stages:
        reached = id(node) in graph.reachable
        if node.reference is not None:
            found.append(_image(node.reference, node, "from", (node.line, node.end_line), reached, node.base_value))
        elif node.context is not None and node.context.fetched:
            found.append(_image(_fetched(node.context), node, "from", (node.line, node.end_line), reached))
        for applied in done[id(node)].applied:
            found += _of_instruction(applied, node, reached)
    return found


def _of_instruction(applied: Applied, node: Node, reached: bool) -> list[model.Input]:
    bound = applied.bound
    line, end_line = place = bound.origin or (bound.line, bound.end_line)
    found: list[model.Input] = []
    for source in bound.sources:
        fetched = source.context is not None and source.context.fetched
        reference = _fetched(source.context) if source.context and fetched else source.reference
        if source.index is None and reference is not None:
            kind: _Kind = "copy" if bound.raw.cmd == "COPY" else "mount"
            found.append(_image(reference, node, kind, place, reached))
    for remote, over in applied.remotes:
        found.append(
            model.Input(
                kind="add",
                reference=remote.reference,
                stage=node.index,
                line=line,
                end_line=end_line,
                reachable=reached,
                checksum=applied.checksum or remote.checksum,
                overridable_by=sorted(over),
            )
        )
    return found


def _fetched(context: Context) -> Reference:
    """A named context from elsewhere, under a name that no pattern of images approves."""
    return Reference("", context.shown)


def _image(
    reference: Reference, user: Node, kind: _Kind, place: tuple[int, int], reached: bool, written: Value | None = None
) -> model.Input:
    return model.Input(
        kind=kind,
        reference=reference.normalized,
        stage=user.index,
        line=place[0],
        end_line=place[1],
        reachable=reached,
        overridable_by=sorted(written.over) if written else [],
        registry=reference.registry,
        repository=reference.repository,
        tag=reference.tag,
        digest=reference.digest,
    )
