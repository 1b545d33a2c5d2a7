"""The evidence of one build of a Dockerfile: `collect` is the whole way from bytes to the document."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from gate.errors import ReferenceError_
from gate.evidence import model
from gate.evidence.bases import BaseLookup
from gate.evidence.dockerfile import commands, describe, facts
from gate.evidence.dockerfile.blanks import well_formed
from gate.evidence.dockerfile.directives import Frontend, detect_frontend
from gate.evidence.dockerfile.evaluate import evaluate
from gate.evidence.dockerfile.globalscope import BuildOptions
from gate.evidence.dockerfile.graph import Graph
from gate.evidence.dockerfile.instructions import parse
from gate.evidence.dockerfile.shells import ShellReader
from gate.evidence.dockerfile.syntax import DockerfileError, ParsedDockerfile, RawHeredoc
from gate.evidence.dockerfile.validity import INSTRUCTIONS
from gate.evidence.image import reference as references
from gate.settings import patterns

__all__ = ["DEFAULT_FRONTENDS", "BuildOptions", "DockerfileError", "collect"]

DEFAULT_FRONTENDS: Sequence[Mapping[str, Any]] = (patterns.compile_image("docker.io/docker/dockerfile"),)
"""Frontends whose reading of a Dockerfile is the one emulated here."""
_BUILT_IN = "dockerfile.v0"


def collect(
    data: bytes,
    *,
    path: str,
    bases: BaseLookup,
    options: BuildOptions | None = None,
    approved_frontends: Sequence[Mapping[str, Any]] = DEFAULT_FRONTENDS,
    image: str | None = None,
    ignore: model.Ignore | None = None,
) -> model.Evidence:
    """The evidence of building ``data`` with ``options``.

    ``path`` is what origins show; ``image`` what the build is tagged as. ``approved_frontends`` are compiled patterns:
    a ``# syntax=`` outside them makes all facts unknown, because that image alone decides what the file means.
    Raises `DockerfileError` where BuildKit would refuse the build.
    """
    options = options or BuildOptions()
    frontend = _frontend(data, options)
    if frontend is not None and not _approved(frontend, approved_frontends):
        reason = f"the frontend {frontend.reference} is not approved, and it alone decides what this file means"
        return _foreign(frontend, reason, path, options, image, ignore)
    parsed = parse(data)
    if frontend is not None and "@" in frontend.reference and _reads_two_ways(parsed):
        reason = (
            f"the frontend {frontend.reference} goes by its digest, which may be older than 1.4: that reads the "
            "here-documents of this file as instructions"
        )
        return _foreign(frontend, reason, path, options, image, ignore)
    graph = Graph(parsed, options, bases)
    done = evaluate(graph)
    budget = commands.Budget()
    stages = [describe.stage(graph, done[id(node)], budget) for node in graph.stages]
    built = [done[id(node)] for node in graph.stages if id(node) in graph.reachable]
    found = model.Facts(
        user=facts.user(graph, built, path),
        shell=ShellReader(path, built).fact(done[id(graph.target)]),
        base=facts.base(graph, path),
        size=facts.size(graph),
        filesystem=model.FilesystemFact(state="unknown", reason=facts.NOT_BUILT),
    )
    evidence = model.Evidence(
        kind="dockerfile",
        subject=_subject(path, options.target or graph.target.name, str(graph.platform), image),
        facts=found,
        dockerfile=_described(graph, stages, describe.inputs(graph, done), parsed, frontend, ignore),
    )
    return evidence if _is_text(data) else _told_as_text(evidence)


def _described(
    graph: Graph,
    stages: list[model.Stage],
    inputs: list[model.Input],
    parsed: ParsedDockerfile,
    frontend: Frontend | None,
    ignore: model.Ignore | None,
) -> model.Dockerfile:
    values = graph.globals.values
    return model.Dockerfile(
        frontend=frontend.reference if frontend else None,
        frontend_line=frontend.line or None if frontend else None,
        escape=parsed.escape,
        stages=stages,
        inputs=[_frontend_input(frontend), *inputs] if frontend else inputs,
        arguments=[describe.argument(raw, graph.options.build_args, values) for raw in graph.global_args],
        comments=[model.Comment(line=line, text=text) for line, text in parsed.comments],
        directives={name: value for name, (value, _) in parsed.directives.items()},
        warnings=list(parsed.warnings),
        ignore=ignore,
    )


def _is_text(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def _told_as_text(evidence: model.Evidence) -> model.Evidence:
    """The same with U+FFFD for bytes that are no UTF-8: JSON cannot hold them, and no rule needs them."""
    return msgspec.convert(_plain(msgspec.to_builtins(evidence)), model.Evidence)


def _plain(value: Any) -> Any:
    if isinstance(value, str):
        return well_formed(value)
    if isinstance(value, dict):
        return {_plain(name): _plain(each) for name, each in value.items()}
    return [_plain(each) for each in value] if isinstance(value, (list, tuple)) else value


def _subject(path: str, target: str | None, platform: str, image: str | None) -> model.Subject:
    return model.Subject(name=path, target=target, platform=platform, image=image)


# --- frontends -------------------------------------------------------------------------------------------------


def _frontend(data: bytes, options: BuildOptions) -> Frontend | None:
    given = options.build_args.get("BUILDKIT_SYNTAX")
    found = Frontend(given, 0) if given else detect_frontend(data)
    return None if found is None or found.reference == _BUILT_IN else found


def _approved(frontend: Frontend, approved: Sequence[Mapping[str, Any]]) -> bool:
    try:
        reference = references.parse(frontend.reference)
    except ReferenceError_:
        return False
    name = patterns.Name(reference.name, reference.tag, reference.digest)
    return any(patterns.matches(pattern, name) for pattern in approved)


def _frontend_input(frontend: Frontend) -> model.Input:
    line = frontend.line or 1
    try:
        reference = references.parse(frontend.reference)
    except ReferenceError_:
        return model.Input(kind="frontend", reference=frontend.reference, line=line, end_line=line)
    return model.Input(
        kind="frontend",
        reference=reference.normalized,
        line=line,
        end_line=line,
        registry=reference.registry,
        repository=reference.repository,
        tag=reference.tag,
        digest=reference.digest,
    )


def _reads_two_ways(parsed: ParsedDockerfile) -> bool:
    """Whether a frontend without here-documents could build this file, and so build something else.

    It takes every line of a here-document for an instruction, the word that ends it too. Where the first line of one
    begins with no instruction it refuses the file, and then only the reading with here-documents is left.
    """
    raws = [raw.sub or raw for raw in parsed.instructions]
    firsts = [_first_line(raw.heredocs[0]) for raw in raws if raw.heredocs]
    return bool(firsts) and all(
        not line or line.endswith(parsed.escape) or line.split()[0].upper() in INSTRUCTIONS for line in firsts
    )


def _first_line(heredoc: RawHeredoc) -> str:
    """What stands first below the line that begins a here-document, blank lines and comments left out."""
    lines = (line.strip() for line in heredoc.content.split("\n"))
    return next((line for line in lines if line and not line.startswith("#")), heredoc.name)


def _foreign(
    frontend: Frontend, reason: str, path: str, options: BuildOptions, image: str | None, ignore: model.Ignore | None
) -> model.Evidence:
    """All there is to know of a file that another program reads."""
    line = frontend.line or 1
    return model.Evidence(
        kind="dockerfile",
        subject=_subject(path, options.target, options.platform, image),
        facts=facts.unknown(reason, origin=model.LineOrigin(path=path, line=line, end_line=line)),
        dockerfile=model.Dockerfile(
            frontend=frontend.reference,
            frontend_line=frontend.line or None,
            inputs=[_frontend_input(frontend)],
            ignore=ignore,
        ),
    )
