"""Edits of package managers' commands: flags they lack, what they leave behind, and switches that go."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from gate.evidence.dockerfile.commands import simple_commands
from gate.evidence.dockerfile.shellwords import Simple
from gate.evidence.dockerfile.syntax import RawInstruction
from gate.evidence.model import Stage
from gate.fixes.calls import Call, calls
from gate.fixes.context import Context, each_call, edit
from gate.fixes.source import Change, Edit, Places, Source

_APT = {
    "install", "update", "remove", "purge", "autoremove", "clean", "autoclean", "download", "source", "build-dep",
    "dist-upgrade", "reinstall", "autopurge",
}  # fmt: skip
_APTS = ("apt", "apt-get", "aptitude")
_CLEANERS = {
    **dict.fromkeys(_APTS, ("rm -rf /var/lib/apt/lists/*", "apt-get clean")),
    **{program: (f"{program} clean all",) for program in ("dnf", "microdnf", "tdnf", "yum")},
    "zypper": ("zypper clean --all",),
}
_GROUP = ".build-deps"
_INSTALLS = ("install", "build-dep", "reinstall", "localinstall", "groupinstall", "in", "module")
_READS_LISTS = frozenset(("install", "build-dep", "reinstall", "download", "source", "upgrade", "dist-upgrade", "show"))


def _apt(call: Call) -> list[Change] | None:
    """apt-get, or apt-cache, by the verb; ``apt upgrade`` takes new packages along."""
    if call.program != "apt" or call.words[0].text.rpartition("/")[2] != "apt":
        return None
    end, verb = call.end(call.words[0]), call.verb()
    if end is None:
        return None
    changes: list[Change | None] = []
    if verb in _APT:
        changes = [call.script.insert(end, "-get")]
    elif verb in ("search", "show", "policy", "depends", "rdepends"):
        changes = [call.script.insert(end, "-cache")]
    elif verb == "full-upgrade":
        word = call.find(verb)
        changes = [call.script.insert(end, "-get"), call.replace(word, "dist-upgrade") if word else None]
    elif verb == "upgrade":
        word = call.find(verb)
        changes = [call.script.insert(end, "-get"), call.insert_after(word, " --with-new-pkgs") if word else None]
    made = [change for change in changes if change]
    return made if made and len(made) == len(changes) else None


def _behind_verb(call: Call, text: str, *verbs: str) -> Change | None:
    word = call.find(*verbs)
    return call.insert_after(word if word and word.text == call.verb() else call.words[0], text)


def _yes(call: Call) -> Change | None:
    if call.program == "zypper" and call.find("install", "in") and not call.has("-n", "--non-interactive", "-y"):
        return call.insert_after(call.words[0], " --non-interactive")
    if call.program in ("apt-get", "apt", "aptitude", "yum", "dnf", "tdnf") and call.find(*_INSTALLS):
        has = call.has("-y", "--yes", "--assume-yes", "--assumeyes", "-qq", "--force-yes")
        return None if has else _behind_verb(call, " -y", *_INSTALLS)
    return None


def _no_recommends(call: Call) -> Change | None:
    if call.program not in ("apt-get", "apt") or not call.find("install"):
        return None
    if call.has("--no-install-recommends", "--install-recommends"):
        return None
    for verb, after in pairwise(call.words):
        if verb.text == "install" and after.text in ("-y", "--yes", "-qq", "-yq", "-qy", "-yqq", "-qqy"):
            return call.insert_after(after, " --no-install-recommends")
    return _behind_verb(call, " --no-install-recommends", "install")


def _no_cache(call: Call) -> Change | None:
    has = call.program != "apk" or not call.find("add") or call.has("--no-cache")
    return None if has else _behind_verb(call, " --no-cache", "add")


def _no_pip_cache(call: Call) -> Change | None:
    module = call.program.startswith("python") and call.args[:2] == ["-m", "pip"]
    word = call.find("install")
    if not (module or re.fullmatch(r"pip[0-9.]*", call.program)) or word is None or call.has("--no-cache-dir"):
        return None
    return call.insert_after(word, " --no-cache-dir")


def os_cache(context: Context) -> Iterator[Edit]:
    """``apk add --no-cache``; for the others, what empties the cache at the end of the RUN."""
    yield from each_call(_no_cache)(context)
    for raw in context.at("RUN"):
        found = [call for call in calls(context.source, raw) if call.program in _CLEANERS]
        sudo = "sudo " if found and all(call.all[0].text == "sudo" for call in found) else ""
        known = context.known(raw)
        for program in sorted({call.program for call in found}):
            if program in _APTS and (known is None or _read_later(context, known[0], raw)):
                continue
            for cleaner in _CLEANERS[program]:
                yield from edit(_at_the_end(context.source, raw, sudo + cleaner))


def virtual(context: Context) -> Iterator[Edit]:
    """``apk add --virtual``, where the RUN deletes just what it adds."""
    for raw in context.at("RUN"):
        uses = [call for call in calls(context.source, raw) if call.program == "apk"]
        adds, dels = ([call for call in uses if call.verb() == verb] for verb in ("add", "del"))
        if len(adds) != 1 or len(dels) != 1 or _GROUP in raw.value:
            continue
        names, gone = ([word for word in call.words[1:] if word.text[:1] != "-"][1:] for call in (adds[0], dels[0]))
        if not gone or {word.text for word in names} != {word.text for word in gone} or adds[0].has("-t", "--virtual"):
            continue
        verb = adds[0].find("add")
        yield from edit(
            adds[0].insert_after(verb, f" --virtual {_GROUP}") if verb else None,
            dels[0].replace(gone[0], _GROUP),
            *(dels[0].remove(word) for word in gone[1:]),
        )


def lang_cache(context: Context) -> Iterator[Edit]:
    """``pip install --no-cache-dir``. Some projects run from yarn's cache, so emptying that is not safe."""
    yield from each_call(_no_pip_cache)(context)
    for raw in context.at("RUN"):
        if any(call.program == "yarn" for call in calls(context.source, raw)):
            yield from edit(_at_the_end(context.source, raw, "yarn cache clean"), safe=False)


def _read_later(context: Context, stage: Stage, raw: RawInstruction) -> bool:
    """Whether a later RUN of the stage, or of one on top of it, installs from the lists that this one fetched."""
    for other in context.on_top(stage):
        for one in other.instructions:
            if one.cmd != "RUN" or (other.index == stage.index and one.line <= raw.line):
                continue
            for command in one.commands:
                words = set(command.args)
                if command.program in (*_APTS, "apt-cache"):
                    if "update" in words:
                        break
                    if words & _READS_LISTS:
                        return True
    return False


def _at_the_end(source: Source, raw: RawInstruction, command: str) -> Change | None:
    """``&& command`` behind a RUN, laid out as the RUN is; a line of its own in a here-document with ``set -e``."""
    script = source.script(raw)
    simples = simple_commands(script.text) if script else None
    if script is None or not simples:
        return None
    fails = _stops(simples[0])
    if raw.heredocs:
        number = raw.end_line
        indent = re.match(r"[ \t]*", source.line(number - 1))
        place = source.start(number)
        text = f"{indent[0] if indent else ''}{command}{source.end_of_line(number - 1)}"
        return Change(place, place, text) if fails else None
    if re.search(r"(?:^|\s)#|[;&|]\s*\Z", script.text):
        return None
    return script.insert(len(script.text), _joined(source, raw, command, fails=fails))


def _stops(first: Simple) -> bool:
    """Whether a script starts with ``set -e``, so that it ends at the first command that fails."""
    words = [word.text for word in first.words]
    return words[:1] == ["set"] and any(re.fullmatch(r"-[a-z]*e[a-z]*", word) for word in words[1:])


def _joined(source: Source, raw: RawInstruction, command: str, *, fails: bool) -> str:
    """How one more command is joined to a RUN: as its lines are joined to each other."""
    lines = [source.line(number) for number in range(raw.line, raw.end_line + 1)]
    if len(lines) == 1:
        return f" && {command}"
    newline, escape = source.end_of_line(raw.line), re.escape(source.escape)
    leading = [found for line in lines[1:] if (found := re.match(r"([ \t]*)&&([ \t]*)", line))]
    if leading:
        return f" {source.escape}{newline}{leading[-1][1]}&&{leading[-1][2] or ' '}{command}"
    for joint, text in (("&&", " &&"), (";", ";")) if fails else (("&&", " &&"),):
        for line, after in pairwise(lines):
            if re.search(rf"{joint}[ \t]*{escape}[ \t]*\Z", line):
                indent = after[: len(after) - len(after.lstrip(" \t"))]
                return f"{text} {source.escape}{newline}{indent}{command}"
    return f" {source.escape}{newline}    && {command}"


def dist_upgrade(context: Context) -> Iterator[Edit]:
    """Without the upgrade. Packages then have the versions of the base, so it is not safe."""
    verbs = ("upgrade", "dist-upgrade", "full-upgrade", "update", "up", "dup", "distro-sync")
    managers = {"apt-get": verbs[:3], "apt": verbs[:3], "apk": verbs[:1], "yum": verbs, "dnf": verbs, "zypper": verbs}
    for raw in context.at("RUN"):
        found = calls(context.source, raw)
        for index, call in enumerate(found):
            if call.nested or call.simple.env or call.verb() not in managers.get(call.program, ()):
                continue
            text, start = call.script.text, call.all[0].offset
            later = found[index + 1] if index + 1 < len(found) else None
            if len(found) == 1:
                yield from edit(context.without(raw), safe=False)
            elif later and later.simple.connector == "&&" and later.script is call.script and not later.simple.env:
                yield from edit(_cut(context.source, call.script, start, later.all[0].offset), safe=False)
            elif later is None and call.simple.connector == "&&":
                start = text.rindex("&&", 0, start)
                yield from edit(_cut(context.source, call.script, len(text[:start].rstrip()), len(text)), safe=False)


def _cut(source: Source, script: Places, start: int, end: int) -> Change | None:
    """Take a range out that may go over lines, unless comments stand between them."""
    first = script.after(start) if start else script.at(0)
    last = script.at(end) if end < len(script.text) else script.after(end)
    return None if "#" in source.text[first:last] else Change(first, last, "")


apt = each_call(_apt)
yes = each_call(_yes)
no_recommends = each_call(_no_recommends, safe=False)
