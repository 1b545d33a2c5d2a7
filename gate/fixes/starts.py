"""Exec form for a program that no shell was needed for, and the directory and ports around it."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from gate.errors import ReferenceError_
from gate.evidence.dockerfile.commands import is_posix_shell
from gate.evidence.dockerfile.syntax import RawInstruction
from gate.evidence.image.reference import parse
from gate.evidence.model import Stage
from gate.fixes.context import Context, edit
from gate.fixes.source import Change, Edit, Places

_ARGV = re.compile(r"(?:[A-Za-z0-9_@%+=:,./-]|'[^']*'|\"[^\"$`\\!]*\")+")
_WORD = re.compile(r"(?:[^\s'\"]|'[^']*'|\"[^\"]*\")+")
_PIECE = re.compile(r"'([^']*)'|\"([^\"]*)\"|([^'\"]+)")
# JSON but for its quotes; no shell has a program of that name.
_SINGLE = re.compile(r"\[\s*'[^'\"$\\`]+'(?:\s*,\s*'[^'\"$\\`]*')*\s*\]")
_PLAIN_SHELL = re.compile(r"-[aeux]*c?|-o|-[eux]+o|pipefail|errexit|nounset|xtrace")
# By its name alone, or where packages put programs.
_INSTALLED = re.compile(r"(?:(?:/usr)?/s?bin/)?[^/]+(?<!\.sh)(?<!\.bash)")
# Built into shells: no file, another one, or one that does something else.
_BUILT_IN = frozenset({
    ".", ":", "alias", "bg", "break", "builtin", "case", "cd", "command", "continue", "declare", "do", "done", "echo",
    "elif", "else", "esac", "eval", "exec", "exit", "export", "fg", "fi", "for", "function", "hash", "if", "in", "jobs",
    "kill", "let", "local", "printf", "read", "readonly", "return", "select", "set", "shift", "source", "test", "then",
    "time", "times", "trap", "type", "typeset", "ulimit", "umask", "unset", "until", "wait", "while",
})  # fmt: skip
# Images of Docker Hub without an ENTRYPOINT, or with one that runs what it is given.
_PASS_ON = frozenset({
    "alpine", "amazoncorretto", "busybox", "clojure", "debian", "eclipse-temurin", "elixir", "erlang", "fedora", "gcc",
    "golang", "gradle", "haskell", "julia", "maven", "node", "openjdk", "perl", "php", "pypy", "python", "r-base",
    "rockylinux", "ruby", "rust", "swift", "ubuntu",
})  # fmt: skip


def exec_form(context: Context) -> Iterator[Edit]:
    """A JSON array of the words, as the shell would have split them.

    Not safe where the entry point of the base is not known, as it then gets other arguments, and for a file that may
    be a script without ``#!``: a shell would read it, and the kernel does not.
    """
    for raw in context.at("CMD", "ENTRYPOINT"):
        known = context.known(raw)
        value = context.source.value(raw)
        words = _argv(value.text) if value and known and raw.json is None else []
        if value and known and _SINGLE.fullmatch(value.text):
            quotes = [found.start() for found in re.finditer("'", value.text)]
            yield from edit(*(value.replace(at, at + 1, '"') for at in quotes))
        if not words or value is None or known is None or not _plain_shell(known[0]):
            continue
        safe = _entry_point(context, known[0], raw)
        if safe is not None:
            yield from _as_json(value, words, safe=safe and bool(_INSTALLED.fullmatch(words[0][2])))


def _argv(text: str) -> list[tuple[int, int, str]]:
    """The words of a command with their places, where there is nothing in it but words."""
    found = []
    for word in re.finditer(_WORD, text):
        if not _ARGV.fullmatch(word[0]):
            return []
        found.append((*word.span(), "".join(a or b or c for a, b, c in _PIECE.findall(word[0]))))
    gaps = "".join(re.split(_WORD, text)).strip()
    program = found[0][2] if found else ""
    return found if program and not gaps and "=" not in program and program not in _BUILT_IN else []


def _as_json(value: Places, words: list[tuple[int, int, str]], *, safe: bool) -> Iterator[Edit]:
    changes: list[Change | None] = []
    for index, (start, end, word) in enumerate(words):
        text = msgspec.json.encode(word).decode()
        text = ("[" if index == 0 else "") + text + ("," if index < len(words) - 1 else "]")
        changes.append(value.replace(start, end, text))
    yield from edit(*changes, safe=safe)


def _plain_shell(stage: Stage) -> bool:
    """Whether the SHELL does no more than run the command: no login shell with an environment of its own."""
    shell = stage.config.shell if stage.config else None
    return not shell or (is_posix_shell(shell) and all(_PLAIN_SHELL.fullmatch(word) for word in shell[1:]))


def _entry_point(context: Context, stage: Stage, raw: RawInstruction) -> bool | None:
    """Whether the words start the same program then: null for no, false where the base decides."""
    config = stage.config
    if config is None:
        return None
    if raw.cmd == "ENTRYPOINT":
        acts = any(one.config is not None and one.config.cmd for one in context.on_top(stage))
        return None if acts else True
    if config.entrypoint:
        return None
    base = stage
    while base.base.stage is not None:
        base = context.dockerfile.stages[base.base.stage]
    if base.base.reference == "scratch":
        return True
    name = (base.base.repository or "").removeprefix("library/")
    return base.base.registry == "docker.io" and name in _PASS_ON


def absolute(context: Context) -> Iterator[Edit]:
    """WORKDIR with the directory before it, where gate.lock or the file itself says which."""
    for raw in context.at("WORKDIR"):
        facts = context.before(raw)
        stage = facts.dockerfile.stages[-1] if facts and facts.dockerfile and facts.dockerfile.stages else None
        above = stage.config.workdir if stage and stage.config else None
        if stage and above is None and stage.base.reference == "scratch":
            above = "/"
        value = context.source.value(raw)
        if above is None or value is None or value.text.startswith(('"', "'")) or ".." in value.text:
            continue
        start = len(value.text) - len(value.text.removeprefix("./"))
        prefix = f"{above.rstrip('/')}/" if above.startswith("/") or not above else ""
        yield from edit(value.replace(0, start, prefix) if prefix else None)


def pinned(context: Context) -> Iterator[Edit]:
    """The digest that gate.lock has, behind the reference."""
    for one in context.dockerfile.inputs:
        if one.line != context.line or one.digest is not None or one.overridable_by:
            continue
        digest = context.pinned(one)
        for raw in context.at("FROM", "COPY", "RUN") if digest else ():
            start, text = context.source.flags(raw)
            value = context.source.value(raw) if raw.cmd == "FROM" else None
            if value is not None:
                start, text = value.at(0), value.text.split()[0]
            pattern = r"\A[^\s$\"'@]+\Z" if raw.cmd == "FROM" else r"(?<=from=)[^\s$\"',@]+(?=[\s,])"
            for word in re.finditer(pattern, text):
                if _same_image(word[0], one.reference):
                    place = start + word.end()
                    yield Edit((Change(place, place, f"@{digest}"),))


def _same_image(word: str, reference: str) -> bool:
    try:
        return parse(word).normalized == reference
    except ReferenceError_:
        return False
