"""Whether gate reads a Dockerfile as BuildKit does: both readings brought to one shape and compared."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from gate.evidence.dockerfile import instructions
from gate.evidence.dockerfile.blanks import lower, well_formed
from gate.evidence.dockerfile.syntax import DockerfileError, ParsedDockerfile, RawInstruction
from gate.evidence.dockerfile.validity import INSTRUCTIONS

from tests.support.oracles import BuildkitOracle

Reading = dict[str, Any]
_KNOWN = {name.lower() for name in INSTRUCTIONS}

STRICTER = ("reads in two ways", "holds a NUL byte", "gate reads Dockerfiles of up to", "nested", "check option")
"""Parts of the messages for what gate refuses although BuildKit's parser does not (bad check options it refuses later)."""


def gate_reading(data: bytes) -> Reading:
    """Our reading: ``refused`` (the message or None), and when not refused what the file says."""
    try:
        return {"refused": None, **_described(instructions.parse(data))}
    except DockerfileError as error:
        return {"refused": error.message, "lines": (error.line, error.end_line)}


def _described(parsed: ParsedDockerfile) -> Reading:
    return {
        "escape": parsed.escape,
        "syntax": parsed.frontend,
        "instructions": [_ours(instruction) for instruction in parsed.instructions],
        "warnings": len(parsed.warnings),
    }


def _ours(instruction: RawInstruction) -> Reading:
    inner = instruction.sub or instruction
    return {
        "cmd": lower(instruction.cmd),
        "sub": lower(instruction.sub.cmd) if instruction.sub else None,
        "json": inner.json is not None,
        "flags": list(instruction.flags),
        "sub_flags": list(instruction.sub.flags) if instruction.sub else [],
        "original": instruction.original,
        "values": list(inner.words),
        "lines": (instruction.line, instruction.end_line),
        "heredocs": [(h.name, h.content, h.expand, h.chomp, h.fd) for h in instruction.heredocs],
    }


def buildkit_reading(answer: Reading) -> Reading:
    """The oracle's answer to mode ``parse`` in the same shape."""
    failure = answer["error"] or answer["stages_error"]
    if failure or not answer["stages"]:
        return {"refused": failure["message"] if failure else "no stages", "lines": (failure or {}).get("lines", [])}
    return {
        "refused": None,
        "escape": answer["escape"],
        "syntax": answer["syntax"],
        "instructions": [_theirs(instruction) for instruction in answer["instructions"]],
        "warnings": len(answer["warnings"]),
    }


def _theirs(instruction: Reading) -> Reading:
    sub = instruction["sub"]
    values = instruction["values"]
    if (sub or instruction["cmd"]) in ("env", "label"):
        values = [value for at, value in enumerate(values) if at % 3 != 2]
    elif (sub or instruction["cmd"]) not in _KNOWN:
        values = []  # BuildKit leaves one empty node
    return {
        "cmd": well_formed(instruction["cmd"]),
        "sub": None if sub is None else well_formed(sub),
        "json": instruction["json"],
        "flags": instruction["flags"],
        "sub_flags": instruction["sub_flags"],
        "original": instruction["original"],
        "values": values,
        "lines": (instruction["start_line"], instruction["end_line"]),
        "heredocs": [(h["name"], h["content"], h["expand"], h["chomp"], h["fd"]) for h in instruction["heredocs"]],
    }


def disagreement(ours: Reading, theirs: Reading) -> str | None:
    """How the two readings differ, or None. Being stricter in the ways of `STRICTER` is no difference."""
    if ours["refused"] and not theirs["refused"]:
        return None if any(part in ours["refused"] for part in STRICTER) else f"only gate refuses: {ours['refused']}"
    if ours["refused"] or theirs["refused"]:
        return None if ours["refused"] else f"only BuildKit refuses: {theirs['refused']}"
    for key in ("escape", "syntax", "warnings"):
        if ours[key] != theirs[key]:
            return f"{key}: gate {ours[key]!r}, BuildKit {theirs[key]!r}"
    if len(ours["instructions"]) != len(theirs["instructions"]):
        return f"gate has {len(ours['instructions'])} instructions, BuildKit {len(theirs['instructions'])}"
    for mine, real in zip(ours["instructions"], theirs["instructions"], strict=True):
        for key, value in real.items():
            if mine[key] != value:
                return f"line {real['lines'][0]}: {key}: gate {mine[key]!r}, BuildKit {value!r}"
    return None


def disagreements(oracle: BuildkitOracle, files: Iterable[bytes]) -> Iterator[tuple[bytes, str]]:
    """The files that gate and BuildKit read differently, and how."""
    kept = list(files)
    requests = (request_for(data) for data in kept)
    for data, answer in zip(kept, oracle.ask_all(requests), strict=True):
        how = disagreement(gate_reading(data), buildkit_reading(answer["parse"]))
        if how is not None:
            yield data, how


def request_for(data: bytes) -> Reading:
    """The oracle's request for mode ``parse``."""
    return BuildkitOracle.build_request(data) | {"mode": "parse"}
