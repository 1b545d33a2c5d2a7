"""USER: by number, and at all where any number will do."""

from __future__ import annotations

import re
from collections.abc import Iterator

from gate.evidence.model import Stage
from gate.fixes.context import Context, edit
from gate.fixes.source import Change, Edit

USER = "USER 65532:65532"
_MINIMAL = ("scratch", "gcr.io/distroless/", "cgr.dev/chainguard/static")
_ROOT = frozenset(("CMD", "ENTRYPOINT", "HEALTHCHECK"))


def user(context: Context) -> Iterator[Edit]:
    """A number at the end of a stage on scratch or distroless, before what starts the program."""
    stage = next((one for one in context.dockerfile.stages if one.target), None)
    if stage is None or not _minimal(context, stage):
        return
    source, safe = context.source, not _needs_root(stage)
    own = [one for one in stage.instructions if one.onbuild_from is None]
    users = [raw for one in own if one.cmd == "USER" for raw in source.at(one.line, "USER")]
    if users:
        value = source.value(users[-1])
        yield from edit(value.replace(0, len(value.text), USER.partition(" ")[2]) if value else None, safe=safe)
        return
    after = max((one.end_line for one in own if one.cmd in {"COPY", "ADD", "RUN", "WORKDIR"}), default=stage.line)
    starts = [one.line for one in own if one.cmd in _ROOT and one.line > after]
    if starts:
        yield from edit(*(context.line_before(raw, USER) for raw in source.at(min(starts))), safe=safe)
        return
    last = max((one.end_line for one in own), default=stage.line)
    place, newline = source.start(last + 1), source.end_of_line(last)
    ends = source.text[:place].endswith("\n")
    yield Edit((Change(place, place, f"{USER}{newline}" if ends else f"{newline}{USER}"),), safe)


def _needs_root(stage: Stage) -> bool:
    """Whether something in the stage says that another user may not do what root does: files that only root reads,
    a volume to write to, a port below 1024."""
    for one in stage.instructions:
        modes = [flag.partition("=")[2] for flag in one.flags if flag.startswith("--chmod=")]
        ports = [int(found[0]) for arg in one.args if one.cmd == "EXPOSE" and (found := re.match(r"[0-9]{1,6}", arg))]
        if one.cmd == "VOLUME" or min(ports, default=1024) < 1024 or any(re.search(r"[0-3]$", mode) for mode in modes):
            return True
    return False


def _minimal(context: Context, stage: Stage) -> bool:
    """Whether the image under a stage holds nothing that a user could need."""
    seen: set[int] = set()
    while stage.base.stage is not None and stage.index not in seen:
        seen.add(stage.index)
        stage = context.dockerfile.stages[stage.base.stage]
    return (stage.base.reference or "").startswith(_MINIMAL)


def number(context: Context) -> Iterator[Edit]:
    """The number of the user that is named, where the file or what is known of the base says it."""
    uid = context.evidence.facts.user.uid
    for raw in context.at("USER"):
        value = context.source.value(raw)
        found = re.fullmatch(r"([a-z_][a-z0-9_-]*)(?::([a-z0-9_][a-z0-9_-]*))?", value.text) if value else None
        if value is None or found is None:
            continue
        if found[0] in ("nonroot", "nonroot:nonroot") and uid in (None, 65532) and _distroless(context):
            yield from edit(value.replace(0, len(value.text), "65532:65532"))
        elif uid is not None and (found[2] is None or found[2].isdigit()):
            yield from edit(value.replace(*found.span(1), str(uid)))


def _distroless(context: Context) -> bool:
    return (context.evidence.facts.base.reference or "").startswith("gcr.io/distroless/")
