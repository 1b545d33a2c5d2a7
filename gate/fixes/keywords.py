"""Edits of whole instructions: keywords, flags, forms, and instructions that go."""

from __future__ import annotations

import re
from collections.abc import Iterator

from gate.evidence.dockerfile import tokens
from gate.evidence.dockerfile.commands import simple_commands
from gate.evidence.dockerfile.syntax import RawInstruction
from gate.fixes.context import Context, cased, edit, speaks_to_checker
from gate.fixes.source import Change, Edit, Places

_AS = re.compile(r"\S+\s+(as)\s+\S+", re.IGNORECASE)
_PORT = re.compile(r"(?:[0-9.:\-\[\]]*:)?([0-9]+(?:-[0-9]+)?)((?:/[A-Za-z]+)?)")
_TARGET_PLATFORM = r"(--platform=\$(?:TARGETPLATFORM|\{TARGETPLATFORM\})[ \t]+)"
_ONLY_ADD = ("--checksum", "--keep-git-dir", "--unpack")
# Built-ins that change the shell for what follows, or end it.
_STATE = frozenset({
    ".", "alias", "break", "builtin", "cd", "command", "continue", "declare", "eval", "exec", "exit", "export", "let",
    "local", "popd", "pushd", "read", "readonly", "return", "set", "shift", "shopt", "source", "trap", "typeset",
    "ulimit", "umask", "unalias", "unset",
})  # fmt: skip
# Programs that install nothing with apk; others may be scripts that do.
_NO_INDEX = frozenset({
    "addgroup", "adduser", "bundle", "cargo", "cat", "cd", "chmod", "chown", "composer", "cp", "curl", "echo", "go",
    "install", "ln", "mkdir", "mv", "node", "npm", "pip", "pip3", "pnpm", "printf", "rm", "sed", "set", "strip", "tar",
    "touch", "uv", "wget", "yarn", "gem",
})  # fmt: skip
# A variable that is set for all that follows, or a function.
_SETS = re.compile(
    r"(?:^|[;&|(){}\n]|\b(?:then|do|else)\b)\s*[A-Za-z_]\w*\+?=(?:[^\s;&|'\"]|'[^']*'|\"[^\"]*\")*\s*(?:[;&|)}\n]|$)"
    r"|\(\s*\)|\bfunction\b"
)
AUTHORS = "org.opencontainers.image.authors"


def casing(context: Context) -> Iterator[Edit]:
    """All keywords in capitals, or all in lower case, as most of them are."""
    words = [context.source.keyword(raw).text for raw in context.source.parsed.instructions]
    lower = sum(word.islower() for word in words) * 2 > len(words)
    for style in (str.lower, str.upper) if lower else (str.upper, str.lower):
        changes = []
        for raw in context.source.parsed.instructions:
            keyword = context.source.keyword(raw)
            changes.append(keyword._replace(text=style(keyword.text)))
            value = context.source.value(raw) if raw.cmd == "FROM" else None
            found = _AS.fullmatch(value.text) if value else None
            if value and found and value.together(*found.span(1)):
                changes.append(Change(value.at(found.start(1)), value.after(found.end(1)), style(found[1])))
        needed = tuple(one for one in changes if context.source.text[one.start : one.end] != one.text)
        if needed:
            yield Edit(needed)


def copy_for_add(context: Context) -> Iterator[Edit]:
    """COPY for an ADD without flags of its own. Not safe where a wildcard may also find archives to unpack."""
    for raw in context.at("ADD"):
        if not any(flag.partition("=")[0] in _ONLY_ADD for flag in raw.flags):
            keyword = context.source.keyword(raw)
            open_end = any(re.search(r"[*?\]][^./]*\Z", word) for word in raw.words[:-1])
            yield from edit(keyword._replace(text=cased("COPY", keyword.text)), safe=not open_end)


def label_for_maintainer(context: Context) -> Iterator[Edit]:
    """LABEL with the same text, of all at once: the last one counts, as it did."""
    pairs = [pair for stage in context.dockerfile.stages for one in stage.instructions for pair in one.pairs]
    if any(name == AUTHORS for name, _ in pairs):
        return
    every = [raw for raw in context.source.parsed.instructions if raw.cmd == "MAINTAINER"]
    yield from edit(*(change for raw in every for change in _authors(context, raw)))


def _authors(context: Context, raw: RawInstruction) -> Iterator[Change | None]:
    """A label's value is expanded and a maintainer never was: what would be special is escaped."""
    value, keyword = context.source.value(raw), context.source.keyword(raw)
    yield keyword._replace(text=cased("LABEL", keyword.text))
    if value is None:
        yield None
        return
    text, last = value.text, len(value.text) - 1
    quoted = last > 1 and text[0] in "\"'" and text.find(text[0], 1) == last
    start = f'{AUTHORS}="'
    yield value.replace(0, 1, start) if quoted else Change(value.at(0), value.at(0), start)
    for at in range(1, last) if quoted else range(last + 1):
        if text[at] in ('"', "$", context.source.escape):
            yield Change(value.at(at), value.at(at), context.source.escape)
    yield value.replace(last, last + 1, '"') if quoted else value.insert(last + 1, '"')


def equals_sign(context: Context) -> Iterator[Edit]:
    """``ENV name=value`` with what keeps blanks together: quotes, else escapes where there are quotes already."""
    for raw in context.at("ENV", "LABEL"):
        value = context.source.value(raw)
        found = re.match(r"(\S+)([\t\v\f\r ]+)", value.text) if value and raw.legacy else None
        if value is None or found is None:
            continue
        start, rest, escape = found.end(), value.text[found.end() :], context.source.escape
        words = tokens.name_value_words(rest, escape)
        if len(words) == 1:
            yield from edit(value.replace(found.end(1), start, "="))
        elif not set(rest) & {'"', "'", escape}:
            yield from edit(value.replace(found.end(1), start, '="'), value.insert(len(value.text), '"'))
        else:
            blanks = _gaps(rest, words)
            if blanks is not None:
                inside = [Change(value.at(start + at), value.at(start + at), escape) for at in blanks]
                yield from edit(value.replace(found.end(1), start, "="), *inside)


def _gaps(text: str, words: list[str]) -> list[int] | None:
    """Where the blanks between words are; None where the words are not found again."""
    gaps: list[int] = []
    at = 0
    for word in words:
        place = text.find(word, at)
        if place < 0 or text[at:place].strip():
            return None
        gaps += range(at, place)
        at = place + len(word)
    return gaps if at == len(text) else None


def stage_by_name(context: Context) -> Iterator[Edit]:
    """The name of the stage in the place of its number, where it has one."""
    for raw in context.at("COPY"):
        known = context.known(raw)
        number = known[1].source_stage if known else None
        name = context.dockerfile.stages[number].name if number is not None else None
        if name:
            yield from edit(_in_head(context, raw, r"--from=([0-9]+)(?=\s)", name))


def without_platform(context: Context) -> Iterator[Edit]:
    """FROM without the platform that it has anyway."""
    for raw in context.at("FROM"):
        yield from edit(_in_head(context, raw, _TARGET_PLATFORM, ""))


def _in_head(context: Context, raw: RawInstruction, pattern: str, text: str) -> Change | None:
    """Replace the first group of the one match among an instruction's flags."""
    start, flags = context.source.flags(raw)
    found = list(re.finditer(pattern, flags))
    return Change(start + found[0].start(1), start + found[0].end(1), text) if len(found) == 1 else None


def slash(context: Context) -> Iterator[Edit]:
    """A slash behind the target; a comment that is none goes on a line of its own."""
    for raw in context.at("COPY", "ADD"):
        value = context.source.value(raw)
        if value is None:
            continue
        if "#" in raw.words and raw.json is None:
            yield from _own_line(context, raw, value)
        elif raw.json is None:
            yield from edit(value.insert(len(value.text), "/"))
        else:
            end = re.search(r'"\s*\]\s*\Z', value.text)
            yield from edit(value.insert(end.start(), "/") if end else None)


def _own_line(context: Context, raw: RawInstruction, value: Places) -> Iterator[Edit]:
    found = re.search(r"[ \t]+(#[ \t].*)\Z", value.text)
    if found and raw.line == raw.end_line:
        start = context.source.start(raw.line)
        comment = Change(start, start, found[1] + context.source.end_of_line(raw.line))
        yield from edit(comment, value.replace(found.start(), len(value.text), ""))


def no_blank_lines(context: Context) -> Iterator[Edit]:
    """Without the blank lines of an instruction, unless one may have been meant to end it."""
    for raw in context.at():
        last = raw.heredocs[0].line - 1 if raw.heredocs else raw.end_line
        blank = [number for number in range(raw.line + 1, last + 1) if not context.source.line(number).strip()]
        after = [context.source.line(number + 1).split() for number in blank if number < last]
        if not any(words and (words[0].isupper() and words[0].isalpha()) for words in after):
            start = context.source.start
            yield from edit(*(Change(start(number), start(number + 1), "") for number in blank))


def port(context: Context) -> Iterator[Edit]:
    """What EXPOSE makes of it: the port of the container, the protocol in lower case."""
    for raw in context.at("EXPOSE"):
        value = context.source.value(raw)
        changes = []
        for word in re.finditer(r"\S+", value.text) if value else ():
            found = _PORT.fullmatch(word[0])
            text = found[1] + found[2].lower() if found else word[0]
            if value and text != word[0]:
                changes.append(value.replace(*word.span(), text))
        yield from edit(*changes)


def without_it(context: Context) -> Iterator[Edit]:
    """Without the instruction that a later one replaces."""
    for raw in context.at("CMD", "ENTRYPOINT", "HEALTHCHECK"):
        yield from edit(context.without(raw))


def without_argument(context: Context) -> Iterator[Edit]:
    """Without the ARG; of several in one instruction, without the one."""
    for raw in context.at("ARG"):
        if _mentioned(context, raw):
            continue
        if len(raw.words) == 1:
            yield from edit(context.without(raw))
            continue
        value = context.source.value(raw)
        for word in re.finditer(r"\S+", value.text) if value else ():
            if value is None or word[0] not in raw.words:
                continue
            first = word.start() == 0
            start = 0 if first else len(value.text[: word.start()].rstrip())
            end = re.compile(r"\s*").match(value.text, word.end()).end() if first else word.end()  # type: ignore[union-attr]
            yield from edit(value.replace(start, end, ""))


def _mentioned(context: Context, raw: RawInstruction) -> bool:
    """Whether other instructions say one of the names: they may have been meant to have its value."""
    names = [re.escape(word.partition("=")[0]) for word in raw.words]
    mention = re.compile(rf"(?<![A-Za-z0-9_])(?:{'|'.join(names)})(?![A-Za-z0-9_])")
    others = [one for one in context.source.parsed.instructions if one is not raw and one.line > raw.line]
    texts = (text for one in others for text in (one.original, *(heredoc.content for heredoc in one.heredocs)))
    return any(mention.search(text) for text in texts)


def joined(context: Context) -> Iterator[Edit]:
    """The RUN that updates the package lists and the one after it as one, comments between them kept; nothing of it
    where no later command reads the lists."""
    source = context.source
    for raw in context.at("RUN"):
        if _unread(context, raw):
            yield from edit(context.without(raw))
        later = source.next(raw)
        first, second = source.value(raw), source.value(later) if later else None
        if later is None or first is None or second is None or later.cmd != "RUN" or not _joins(context, raw, later):
            continue
        end, start = first.after(len(first.text)), second.at(0)
        newline = source.end_of_line(raw.line)
        between = source.text[end:start].split("\n")[1:-1]
        kept = [line.rstrip("\r") for line in between if line.lstrip().startswith("#")]
        if any(speaks_to_checker(line.lstrip(" \t#")) for line in kept):
            continue
        comments = "".join(line + newline for line in kept)
        yield from edit(Change(end, start, f" {source.escape}{newline}{comments} && "))


def _unread(context: Context, raw: RawInstruction) -> bool:
    """Whether a RUN is just ``apk update``, and what follows uses ``apk add --no-cache``, which reads its own index."""
    known = context.known(raw)
    if known is None or raw.value.split() != ["apk", "update"]:
        return False
    later = [
        command
        for stage in context.on_top(known[0])
        for one in stage.instructions
        if one.cmd == "RUN" and (stage.index != known[0].index or one.line > raw.line)
        for command in one.commands
    ]
    return all(not command.opaque and _needs_no_index(command.program, command.args) for command in later)


def _needs_no_index(program: str | None, args: list[str]) -> bool:
    return "--no-cache" in args or "del" in args if program == "apk" else program in _NO_INDEX


def _joins(context: Context, first: RawInstruction, second: RawInstruction) -> bool:
    """Whether ``first && second`` does what both do one after the other."""
    for raw in (first, second):
        known = context.known(raw)
        if raw.flags or raw.heredocs or raw.json is not None or known is None:
            return False
        commands = known[1].commands
        if any(one.opaque for one in commands) or re.search(r"(?:^|\s)#|&\s*\Z|\\\Z", raw.value):
            return False
        if raw is second and any(one.connector not in (None, "&&", "|") for one in commands):
            return False
    return not re.search(r"[;|]\s*\Z", first.value) and not _stays(first.value)


def _stays(script: str) -> bool:
    """Whether a script changes the shell it runs in, or ends it: the command joined to it would then do something
    else. ``set -e`` and ``set -x`` change nothing for a list of commands."""
    simples = simple_commands(script)
    for simple in simples or []:
        words = [word.text for word in simple.words]
        plain = words[:1] == ["set"] and all(re.fullmatch("-[ex]+", word) for word in words[1:])
        if words and words[0] in _STATE and not plain:
            return True
    return simples is None or bool(_SETS.search(script))


def argument_declared(context: Context) -> Iterator[Edit]:
    """``ARG name`` above the instruction that uses the name. What was empty then has a value, so it is not safe."""
    for raw in context.at():
        known = context.known(raw)
        for name in known[1].unresolved if known else ():
            if context.finding.message.startswith(f"{name} "):
                keyword = cased("ARG", context.source.keyword(raw).text)
                yield from edit(context.line_before(raw, f"{keyword} {name}"), safe=False)
