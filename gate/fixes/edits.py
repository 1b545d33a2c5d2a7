"""What each fixable rule changes, as whole-line edits. A proposal may be wrong: `gate.fixes.apply` tries it first."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

import msgspec

from gate.evidence.model import Dockerfile, Instruction, Stage
from gate.finding import Finding


class Edit(NamedTuple):
    """Replace lines ``first`` to ``last`` (1-based, inclusive; ``last`` before ``first`` inserts) by ``lines``."""

    first: int
    last: int
    lines: tuple[str, ...]


Proposal = Callable[[Finding, Dockerfile, list[str]], Iterator[Edit]]

_MINIMAL = ("scratch", "gcr.io/distroless/", "cgr.dev/chainguard/static")
_WORD = re.compile(r"[A-Za-z0-9_@%+=:,./-]+")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")


def proposals(finding: Finding, dockerfile: Dockerfile, lines: list[str]) -> Iterator[Edit]:
    """Edits that may settle a finding, the best first; none where the rule has no certain one."""
    found = _RULES.get(finding.rule)
    if found is not None and finding.status == "violation" and finding.location and finding.location.line:
        yield from found(finding, dockerfile, lines)


def _user(_: Finding, dockerfile: Dockerfile, lines: list[str]) -> Iterator[Edit]:
    """A numeric USER at the end of a stage on scratch or distroless, before what starts the program."""
    stage = next((one for one in dockerfile.stages if one.target), None)
    if stage is None or not (_base(stage, dockerfile) or "").startswith(_MINIMAL):
        return
    own = [one for one in stage.instructions if one.onbuild_from is None]
    users = [one for one in own if one.cmd == "USER"]
    if users:
        yield Edit(users[-1].line, users[-1].end_line, ("USER 65532:65532",))
        return
    starts = [one.line for one in own if one.cmd in {"ENTRYPOINT", "CMD", "HEALTHCHECK"}]
    after = max((one.end_line for one in own if one.cmd in {"COPY", "ADD", "RUN", "WORKDIR"}), default=stage.line)
    place = min((line for line in starts if line > after), default=0) or _end(stage, own) + 1
    yield Edit(place, place - 1, ("USER 65532:65532",))


def _numeric_user(_: Finding, dockerfile: Dockerfile, lines: list[str]) -> Iterator[Edit]:
    """distroless' nonroot is 65532."""
    stage = next((one for one in dockerfile.stages if one.target), None)
    if stage is None or not (_base(stage, dockerfile) or "").startswith("gcr.io/distroless/"):
        return
    for one in stage.instructions:
        if one.cmd == "USER" and one.raw.strip() in {"nonroot", "nonroot:nonroot"} and one.line == one.end_line:
            yield Edit(one.line, one.line, ("USER 65532:65532",))


def _maintainer(finding: Finding, dockerfile: Dockerfile, lines: list[str]) -> Iterator[Edit]:
    for one in _at(finding, dockerfile, "MAINTAINER"):
        value = one.raw.strip().replace("\\", "\\\\").replace('"', '\\"')
        if "$" not in value:
            yield Edit(one.line, one.end_line, (f'LABEL org.opencontainers.image.authors="{value}"',))


def _add(finding: Finding, dockerfile: Dockerfile, lines: list[str]) -> Iterator[Edit]:
    for one in _at(finding, dockerfile, "ADD"):
        yield from _replace(lines, one.line, r"(?i)^(\s*)ADD\b", r"\1COPY")


def _legacy_env(finding: Finding, dockerfile: Dockerfile, lines: list[str]) -> Iterator[Edit]:
    for one in _at(finding, dockerfile, "ENV"):
        name, _, value = one.raw.strip().partition(" ")
        value = value.strip()
        if one.line == one.end_line and _NAME.fullmatch(name) and value and not set(value) & set("\"'\\`"):
            yield Edit(one.line, one.line, (f'ENV {name}="{value}"',))


def _exec_form(finding: Finding, dockerfile: Dockerfile, lines: list[str]) -> Iterator[Edit]:
    """Only plain words: no variable, quote, glob, pipe or list, so that no shell was needed."""
    for cmd in ("CMD", "ENTRYPOINT"):
        for one in _at(finding, dockerfile, cmd):
            words = one.raw.split()
            plain = words and all(_WORD.fullmatch(word) for word in words) and "=" not in words[0]
            if plain and len(one.commands) == 1 and not one.commands[0].opaque and one.line == one.end_line:
                yield Edit(one.line, one.line, (f"{cmd} {msgspec.json.encode(words).decode().replace(',', ', ')}",))


def _in_command(pattern: str, replacement: str) -> Proposal:
    """Edit the one place of an instruction where a command stands as text."""

    def propose(finding: Finding, dockerfile: Dockerfile, lines: list[str]) -> Iterator[Edit]:
        for one in _at(finding, dockerfile, "RUN"):
            for number in range(one.line, min(one.end_line, len(lines)) + 1):
                yield from _replace(lines, number, pattern, replacement)

    return propose


def _replace(lines: list[str], number: int, pattern: str, replacement: str) -> Iterator[Edit]:
    text = lines[number - 1].rstrip("\r\n")
    changed, count = re.subn(pattern, replacement, text)
    if count and changed != text:
        yield Edit(number, number, (changed,))


def _at(finding: Finding, dockerfile: Dockerfile, cmd: str) -> Iterator[Instruction]:
    line = finding.location.line if finding.location else None
    for stage in dockerfile.stages:
        for one in stage.instructions:
            if one.cmd == cmd and one.onbuild_from is None and line is not None and one.line <= line <= one.end_line:
                yield one


def _base(stage: Stage, dockerfile: Dockerfile) -> str | None:
    """The external image under a stage."""
    seen: set[int] = set()
    while stage.base.stage is not None and stage.index not in seen:
        seen.add(stage.index)
        stage = dockerfile.stages[stage.base.stage]
    return stage.base.reference


def _end(stage: Stage, own: list[Instruction]) -> int:
    return max((one.end_line for one in own), default=stage.line)


_HEAD = r"((?:^|[;&|(]|\bRUN(?:\s+--\S+)*)\s*(?:sudo\s+)?(?:[A-Z_]+=\S+\s+)*"
_RULES: dict[str, Proposal] = {
    "non-root": _user,
    "user-numeric": _numeric_user,
    "no-maintainer": _maintainer,
    "copy-not-add": _add,
    "env-format": _legacy_env,
    "exec-form": _exec_form,
    "apt-not-aptget": _in_command(_HEAD + r")apt(?=\s)", r"\1apt-get"),
    "non-interactive": _in_command(_HEAD + r"(?:apt-get|apt|yum|dnf)(?:\s+-\S+)*\s+install)\b", r"\1 -y"),
    "no-recommends": _in_command(_HEAD + r"(?:apt-get|apt)(?:\s+-\S+)*\s+install)\b", r"\1 --no-install-recommends"),
    "clean-os-cache": _in_command(_HEAD + r"apk(?:\s+-\S+)*\s+add)\b", r"\1 --no-cache"),
    "clean-lang-cache": _in_command(_HEAD + r"(?:python3?\s+-m\s+)?pip3?\s+install)\b", r"\1 --no-cache-dir"),
}

FIXABLE = frozenset(_RULES)
"""Rules that have a certain edit in some cases."""
