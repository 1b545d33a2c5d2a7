"""The commands of RUN, CMD, ENTRYPOINT and HEALTHCHECK: what runs, with which arguments, on which line.

Scripts are read by tree-sitter-bash, imported when the first one is met that `plainshell` cannot read. What cannot be
told is said to be ``opaque``: a name or script computed at run time, ``eval``, a shell fed by a pipe, text that does
not parse, and text over the bounds below. Wrappers such as ``sudo`` or ``sh -c`` are seen through (see `wrappers`).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from gate.evidence.dockerfile import heredocfirst, plainshell, wrappers
from gate.evidence.dockerfile.positions import LineMap
from gate.evidence.dockerfile.shelltree import MAX_COMMANDS, ScriptReader
from gate.evidence.dockerfile.shellwords import Simple, Word
from gate.evidence.model import Command

if TYPE_CHECKING:
    from tree_sitter import Parser

MAX_SCRIPT = 24 * 1024
"""Characters of one script; a longer one is opaque, because the parser's recovery from errors is quadratic."""
MAX_PIPES = 800
"""``|`` in one script, and a quarter as many ``<<``: the parser is quadratic in them."""
MAX_SCRIPTS_DEEP = 6
"""Scripts within scripts (``sh -c "sh -c ..."``) that are followed."""

_SHELLS = wrappers.SHELLS


class Budget:
    """How much broken shell text one file may make us read; deterministic, unlike a clock."""

    __slots__ = ("_left",)

    def __init__(self) -> None:
        self._left = MAX_SCRIPT * MAX_SCRIPT

    def allows(self, text: str) -> bool:
        """Whether this script may still be parsed."""
        if len(text) > MAX_SCRIPT or (self._left < 0 and len(text) > 500):
            return False
        pipes = text.count("|") - 2 * text.count("||")
        return pipes <= MAX_PIPES and text.count("<<") <= MAX_PIPES // 4

    def spend(self, text: str) -> None:
        """Notes a script that did not parse."""
        self._left -= len(text) * len(text)


def is_posix_shell(shell: Sequence[str] | None) -> bool:
    """Whether a SHELL reads POSIX shell text (null means BuildKit's default, ``/bin/sh -c``)."""
    if not shell:
        return True
    argv = [part.rsplit("/", 1)[-1] for part in shell]
    if argv[0] in ("busybox", "env", "toybox") and len(argv) > 1:
        argv = argv[1:]
    return argv[0] in _SHELLS


def parse(text: str, lines: LineMap, budget: Budget | None = None) -> list[Command]:
    """The commands of a shell script in the order written; never raises.

    ``lines`` maps offsets in ``text`` to lines of the file; ``budget`` is shared by the scripts of one file.
    """
    made = _Commands(budget or Budget())
    made.script(Word(text, 0), lines, [], 0)
    return made.out


def parse_argv(argv: Sequence[str], line: int, budget: Budget | None = None) -> list[Command]:
    """The commands of an exec form: one, or those of the script that a wrapper in it runs."""
    made = _Commands(budget or Budget())
    if argv:
        made.add([Simple([Word(text, 0) for text in argv], 0)], LineMap.whole(line), [], 0)
    return made.out


def simple_commands(text: str) -> list[Simple] | None:
    """The commands of one script as it spells them, for those who edit it; null where it is not read to its end."""
    if not Budget().allows(text):
        return None
    plain = plainshell.read(text)
    if plain is not None:
        return plain
    reader = ScriptReader(text)
    root: Any = _parser().parse(reader.source).root_node
    found = reader.read(root)
    return found if reader.broken_at is None else None


class _Commands:
    """Turns simple commands into `Command`s, following wrappers and the scripts they run."""

    def __init__(self, budget: Budget) -> None:
        self.out: list[Command] = []
        self._budget = budget

    def script(self, script: Word, lines: LineMap, around: list[str], depth: int) -> None:
        """Adds the commands of a script."""
        text = script.text
        if not text.strip():
            return
        if depth > MAX_SCRIPTS_DEEP or len(self.out) >= MAX_COMMANDS or not self._budget.allows(text):
            self._opaque(lines.line(0), around)
            return
        plain = plainshell.read(text)
        if plain is not None:
            self.add(plain, lines, around, depth)
            return
        text = heredocfirst.moved(text)
        expanded = script.dynamic > 0 and text.count("$(") + text.count("`") // 2 == script.substitutions
        reader = ScriptReader(text, substitutions=not expanded)
        root: Any = _parser().parse(reader.source).root_node
        self.add(reader.read(root), lines, around, depth)
        if reader.broken_at is not None:
            self._budget.spend(text)
            self._opaque(lines.line(reader.broken_at), around)

    def _opaque(self, line: int, around: list[str]) -> None:
        self.out.append(Command(program=None, line=line, opaque=True, wrappers=list(around)))

    def add(self, simples: list[Simple], lines: LineMap, around: list[str], depth: int) -> None:
        """Adds simple commands of one script, and says which of them reads which one's output."""
        out = self.out
        firsts: dict[int, str | None] = {}
        made: list[tuple[Simple, int, int]] = []
        for simple in simples:
            if len(out) >= MAX_COMMANDS:
                self._opaque(lines.line(simple.offset), around)
                break
            start = len(out)
            runner = self._one(simple, lines, around, depth)
            firsts[id(simple)] = runner or (out[start].program if len(out) > start else None)
            made.append((simple, start, len(out)))
        for simple, start, end in made:
            to = simple.pipe or simple.feeds
            if to is not None:
                for place in range(start, end):
                    if out[place].piped_to is None:
                        out[place] = _with(out[place], piped_to=firsts.get(id(to)) or "")

    def _one(self, simple: Simple, lines: LineMap, around: list[str], depth: int) -> str | None:
        """Adds one command, or those of the script it runs; returns the shell whose script is computed, if any."""
        out = self.out
        seen = wrappers.unwrap(simple.words, simple.env)
        names = [*around, *seen.wrappers]
        nested = wrappers.script_of(seen.words, simple)
        if nested.script is not None:
            start = len(out)
            inner = LineMap(nested.script.marks or ((0, nested.script.offset),), lines)
            self.script(nested.script, inner, [*names, nested.name], depth + 1)
            if len(out) > start and out[start].connector is None:
                out[start] = _with(out[start], connector=simple.connector)
            return nested.name if nested.script.substitutions else None
        program = seen.words[0].name if seen.words else None
        out.append(
            Command(
                program=program,
                args=[word.text for word in seen.words[1:]],
                line=lines.line(seen.words[0].offset if seen.words else simple.offset),
                opaque=program is None or nested.opaque or simple.broken,
                wrappers=names,
                env=dict(seen.env),
                connector=simple.connector,
                redirects=simple.redirects,
            )
        )
        for extra in wrappers.inner_commands(seen.words):
            self.add([Simple(extra, extra[0].offset)], lines, [*names, program or ""], depth + 1)
        return None


def _with(command: Command, *, piped_to: str | None = None, connector: str | None = None) -> Command:
    return Command(
        program=command.program,
        args=command.args,
        line=command.line,
        opaque=command.opaque,
        wrappers=command.wrappers,
        env=command.env,
        piped_to=command.piped_to if piped_to is None else piped_to,
        connector=command.connector if connector is None else connector,
        redirects=command.redirects,
    )


@lru_cache(maxsize=1)
def _parser() -> Parser:
    import tree_sitter
    import tree_sitter_bash

    return tree_sitter.Parser(tree_sitter.Language(tree_sitter_bash.language()))
