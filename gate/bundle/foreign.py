"""Policies written for conftest or for Trivy: read as they are, each of their rules behind a small one of gate's.

Such a package says ``custom: {input: conftest}`` or ``{input: trivy}`` in the METADATA of one of its files (Trivy's own
``input: {selector: [{type: dockerfile}]}`` says so too). What it finds is reported by a generated module, which
evaluates it ``with input as`` the Dockerfile in the shape it knows.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from gate.bundle import catalogue
from gate.bundle.catalogue import SEVERITIES, Related, Rule
from gate.errors import PolicyError

if TYPE_CHECKING:
    from gate.bundle import metadata

KINDS = ("conftest", "trivy")
RESULT = "foreign/result.rego"

_RESERVED = ("gate", "custom", "system")
_HEAD = re.compile(r"^((?:deny|violation|warn)(?:_\w+)?)(?=[\s\[{(:=]|$)", re.MULTILINE)
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,79}")
_WORD = re.compile(r"[A-Za-z_]\w*")
_NEW = re.compile(r"\bresult\.new\s*\(")
_NO_CODE = re.compile(r'"(?:\\.|[^"\\\n])*"|`[^`]*`|#[^\n]*')
_DATA = re.compile(r"(?<![\w.])data((?:\.[A-Za-z_]\w*)+)")
_RESULT_TEXT = """package gate.foreign.result

# What Trivy's function of this name gives, as far as places go.
new(message, cause) := {
\t"msg": message,
\t"startline": object.get(cause, "StartLine", 0),
\t"endline": object.get(cause, "EndLine", 0),
} if is_object(cause)

new(message, cause) := {"msg": message, "startline": 0, "endline": 0} if not is_object(cause)
"""
_SHIM_TEXT = """
violations contains finding if {
\tsome result in _results
\tmessage := _message(result.said)
\tfinding := object.union({"origin": _origin(result.said), "message": message}, result.level)
}

undecided contains {"origin": null, "message": "the policy's result is no text and has no `msg`"} if {
\tsome result in _results
\tnot _message(result.said)
}

undecided contains {"origin": null, "message": "the Dockerfile itself is not at hand"} if not _given

_given if is_object(input.foreign)

_message(said) := said if is_string(said)

_message(said) := said.msg if {
\tis_object(said)
\tis_string(said.msg)
}

_origin(said) := {
\t"kind": "line",
\t"path": input.evidence.subject.name,
\t"line": said.startline,
\t"end_line": max([said.startline, object.get(said, "endline", 0)]),
} if _placed(said)

_origin(said) := null if not _placed(said)

_placed(said) if {
\tis_object(said)
\tis_number(said.startline)
\tsaid.startline > 0
}
"""


class File(NamedTuple):
    """One such file: the ``path`` messages show, its ``name`` in a bundle, its text, and whose ``input`` it knows."""

    path: str
    name: str
    text: str
    input: str


class Foreign(NamedTuple):
    """What they become: modules by path, names in a bundle by path, rules, and the rules that only warn."""

    modules: dict[str, str]
    names: dict[str, str]
    rules: dict[str, Rule]
    warnings: frozenset[str]


class _Part(NamedTuple):
    """One rule head of one package."""

    package: tuple[str, ...]
    head: str
    input: str


def kind(path: str, text: str) -> str | None:
    """Whose input a module says it knows; None for gate's own. Raises `PolicyError`."""
    parts, line = catalogue.package(path, text)
    if parts[0] in _RESERVED:
        return None
    block = _metadata(path, text, line)
    if block is None or "custom" not in block:
        return None
    custom = block.section("custom")
    said = custom.value("input")
    if isinstance(said, dict):
        return "trivy" if _selects_dockerfiles(said.get("selector")) else None
    return custom.choice("input", KINDS) if said is not None else None


def sort(modules: list[tuple[str, str, str]]) -> tuple[list[tuple[str, str, str]], list[File]]:
    """gate's own and theirs among (path, name, text); a file without METADATA belongs to whom its package does."""
    packages: dict[tuple[str, ...], str] = {}
    for path, _, text in modules:
        known = kind(path, text)
        spelled, line = catalogue.package(path, text)
        if known is not None and packages.setdefault(tuple(spelled), known) != known:
            raise PolicyError(
                f"package {'.'.join(spelled)} is for {packages[tuple(spelled)]} in another file", where=f"{path}:{line}"
            )
    own: list[tuple[str, str, str]] = []
    theirs: list[File] = []
    for path, name, text in modules:
        package = tuple(catalogue.package(path, text)[0])
        if package in packages:
            theirs.append(File(path, name, text, packages[package]))
        else:
            own.append((path, name, text))
    return own, theirs


def read(files: list[File]) -> Foreign:
    """The rules in these files; raises `PolicyError` with file and line."""
    rules: dict[str, Rule] = {}
    parts: dict[str, list[_Part]] = {}
    packages = _packages(files)
    for file in files:
        _complete(file, packages)
    for package, own in packages.items():
        described = next((file for file in own if _block(file) is not None), own[0])
        heads = dict.fromkeys(head for file in own for head in _HEAD.findall(file.text))
        for head in heads:
            rule = _rule(described, "-".join((*package, head)))
            other = rules.setdefault(rule.id, rule)
            if other.path != rule.path:
                raise PolicyError(f"rule {rule.id} is also in {other.path}", where=f"{rule.path}:{rule.line}")
            parts.setdefault(rule.id, []).append(_Part(package, head, described.input))
    modules = {file.path: _prepared(file) for file in files}
    names = {file.path: f"foreign/{file.name}" for file in files}
    for rule_id, these in parts.items():
        shown = f"{rules[rule_id].path} ({rule_id})"
        modules[shown], names[shown] = _shim(rule_id, these), f"{rule_id}.rego"
    if any(_NEW.search(file.text) for file in files):
        modules[RESULT], names[RESULT] = _RESULT_TEXT, RESULT
    warnings = frozenset(rule_id for rule_id, these in parts.items() if all(_warns(part.head) for part in these))
    return Foreign(modules, names, rules, warnings)


def _packages(files: list[File]) -> dict[tuple[str, ...], list[File]]:
    found: dict[tuple[str, ...], list[File]] = {}
    for file in files:
        found.setdefault(tuple(catalogue.package(file.path, file.text)[0]), []).append(file)
    return found


def _complete(file: File, packages: Mapping[tuple[str, ...], Any]) -> None:
    """Raise `PolicyError` where a file asks for data that nobody has: it would find nothing, and look content."""
    code = _NO_CODE.sub(lambda found: "\n" * found[0].count("\n"), file.text)
    for found in _DATA.finditer(code):
        asked = tuple(found[1].split(".")[1:])
        if asked[0] in ("gate", "custom") or any(_reaches(asked, package) for package in packages):
            continue
        raise PolicyError(
            f"data{found[1]} is not here",
            where=f"{file.path}:{code.count(chr(10), 0, found.start()) + 1}",
            hint="Put the library it belongs to into a --policy directory; data files are not read.",
        )


def _reaches(asked: tuple[str, ...], package: tuple[str, ...]) -> bool:
    shared = min(len(asked), len(package))
    return asked[:shared] == package[:shared]


def _block(file: File) -> metadata.Block | None:
    return _metadata(file.path, file.text, catalogue.package(file.path, file.text)[1])


def _metadata(path: str, text: str, package_line: int) -> metadata.Block | None:
    from gate.bundle import metadata

    return metadata.before(path, text, package_line)


def _selects_dockerfiles(selector: Any) -> bool:
    entries = selector if isinstance(selector, list) else []
    return any(isinstance(entry, dict) and entry.get("type") == "dockerfile" for entry in entries)


def _prepared(file: File) -> str:
    """The text without its METADATA, which engines would read, and with ``result`` where it is used; lines stay."""
    lines = file.text.split("\n")
    at = catalogue.package(file.path, file.text)[1] - 1
    if _block(file) is not None:
        first = max(number for number in range(at) if lines[number].strip() == "# METADATA")
        lines[first:at] = [""] * (at - first)
    if _NEW.search(file.text):
        if at == 0 or (lines[at - 1].strip() and not lines[at - 1].startswith("#")):
            raise PolicyError(
                "uses result.new, which takes a line before the package line",
                where=f"{file.path}:{at + 1}",
                hint="Put its METADATA, or an empty line, before it.",
            )
        lines[at - 1], lines[at] = lines[at], "import data.gate.foreign.result"
    return "\n".join(lines)


def _rule(file: File, fallback: str) -> Rule:
    """The rule of a file, from whatever its METADATA says; other keys are none of gate's business."""
    block = _block(file)
    if block is None:
        raise PolicyError("no METADATA", where=file.path)
    custom = block.section("custom")
    key = next((key for key in ("id", "short_code", "short_name") if key in custom), None)
    name = custom.text(key) if key else fallback
    if not _NAME.fullmatch(name):
        raise (custom if key else block).error(
            key or "custom", f"`{name}` cannot be a rule's name: letters, digits, - and _ make one"
        )
    title = block.text("title", default="") or f"{file.input} policy {fallback}"
    severity = str(custom.value("severity") or "").lower()
    return Rule(
        id=f"custom/{name}",
        title=title,
        description=block.text("description", default="") or title,
        severity=severity if severity in SEVERITIES else "medium",
        collection="recommended",
        kinds=["dockerfile"],
        needs=["dockerfile"],
        settled_on=[],
        fix=_fix(custom),
        aliases=[],
        controls=[],
        since="",
        related=list(_related(block.value("related_resources"))),
        parameters={},
        path=file.path,
        line=block.line,
    )


def _fix(custom: metadata.Block) -> str:
    said = custom.value("recommended_actions") or custom.value("recommended_action")
    return said if isinstance(said, str) and said.strip() else "Change what the message names."


def _related(said: Any) -> Iterator[Related]:
    for entry in said if isinstance(said, list) else []:
        ref = entry.get("ref") if isinstance(entry, Mapping) else entry
        if isinstance(ref, str):
            yield Related(ref=ref)


def _warns(head: str) -> bool:
    return head.split("_", 1)[0] == "warn"


def _shim(rule_id: str, parts: list[_Part]) -> str:
    """The module of gate's that reports what these rules say."""
    lines = [f'package custom["{rule_id.removeprefix("custom/")}"]', ""]
    for part in parts:
        level = '{"level": "warn"}' if _warns(part.head) else "{}"
        asked = f"{_reference(part)} with input as input.foreign.{part.input}"
        lines.append(f'_results contains {{"said": said, "level": {level}}} if {{ some said in {asked} }}')
    return "\n".join(lines) + "\n" + _SHIM_TEXT


def _reference(part: _Part) -> str:
    steps = [f".{step}" if _WORD.fullmatch(step) else f'["{step}"]' for step in part.package]
    return f"data{''.join(steps)}.{part.head}"
