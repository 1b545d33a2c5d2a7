"""Reads a shell script's syntax tree, as tree-sitter-bash makes it, into simple commands.

The grammar puts some things elsewhere than a shell does: a redirection can swallow the words after its target, and
``a && b > f | c`` becomes one pipeline. Both are put right here.
"""

from __future__ import annotations

from gate.evidence.dockerfile import wrappers
from gate.evidence.dockerfile.shellwords import Simple, Word
from gate.evidence.dockerfile.treewords import EXPANSIONS, STRINGS, WORDY, Node, TreeWords

MAX_COMMANDS = 5_000
"""Commands of one instruction; after that many, one opaque command stands for the rest."""
MAX_NESTING = 120
"""Depth of the syntax tree that is followed."""


_SEPARATORS = frozenset((";", "&", "&&", "||", "|", "|&", "\n"))
_WHOLE = frozenset(
    (
        "compound_statement",
        "subshell",
        "if_statement",
        "while_statement",
        "for_statement",
        "c_style_for_statement",
        "case_statement",
        "function_definition",
    )
)
_STATEMENTS = _WHOLE | frozenset(
    (
        "command",
        "declaration_command",
        "unset_command",
        "test_command",
        "variable_assignment",
        "variable_assignments",
        "redirected_statement",
        "pipeline",
        "list",
        "negated_command",
    )
)


class ScriptReader(TreeWords):
    """Reads the syntax tree of one script into simple commands, those inside substitutions included.

    ``broken_at`` is where the script does not parse, if anywhere.
    """

    def __init__(self, text: str, *, substitutions: bool = True) -> None:
        super().__init__(text)
        self.broken_at: int | None = None
        self._substitute = substitutions
        self._out: list[Simple] = []
        self._depth = 0

    def read(self, root: Node) -> list[Simple]:
        """The commands in the order written; ``root`` is the tree of `source`."""
        self._children(root, None)
        if root.has_error:
            self.broken_at = self.at(_first_error(root))
        return self._out

    # statements: each returns the commands whose output is the statement's

    def _children(self, node: Node, connector: str | None) -> list[Simple]:
        all_ends: list[Simple] = []
        start = len(self._out)
        for child in node.children:
            kind = child.type
            if kind in _SEPARATORS:
                if len(self._out) > start:
                    connector = ";" if kind == "\n" else kind
            elif kind in _STATEMENTS:
                before = len(self._out)
                all_ends += self._statement(child, connector)
                if len(self._out) > before:
                    connector = ";"
            elif child.child_count:
                if kind in EXPANSIONS or kind in ("string", "concatenation"):
                    self._substitutions(child, None)
                else:
                    before = len(self._out)
                    all_ends += self._nested(child, connector)
                    if len(self._out) > before:
                        connector = ";"
        return all_ends

    def _nested(self, node: Node, connector: str | None) -> list[Simple]:
        """What a node holds that is no statement itself, such as the parser's own for text it cannot read."""
        self._depth += 1
        try:
            if self._depth <= MAX_NESTING:
                return self._children(node, connector)
            if self.broken_at is None:
                self.broken_at = self.at(node)
            return []
        finally:
            self._depth -= 1

    def _statement(self, node: Node, connector: str | None) -> list[Simple]:
        self._depth += 1
        try:
            if self._depth > MAX_NESTING or len(self._out) > MAX_COMMANDS:
                if self.broken_at is None:
                    self.broken_at = self.at(node)
                return []
            return self._known_statement(node, connector)
        finally:
            self._depth -= 1

    def _known_statement(self, node: Node, connector: str | None) -> list[Simple]:
        kind = node.type
        if kind == "command":
            return [self._command(node, connector)]
        if kind == "redirected_statement":
            return self._redirected(node, connector)
        if kind == "pipeline":
            return self._pipeline(node, connector)
        if kind == "list":
            return self._list(node, connector)
        if kind in ("declaration_command", "unset_command", "test_command"):
            return [self._builtin(node, connector)]
        if kind in ("variable_assignment", "variable_assignments"):
            self._substitutions(node, None)
            return []
        ends = self._children(node, connector)
        return ends if kind in _WHOLE else ends[-1:]

    def _list(self, node: Node, connector: str | None) -> list[Simple]:
        ends: list[Simple] = []
        for child in node.children:
            if child.type in _SEPARATORS:
                connector = child.type
            elif child.type in _STATEMENTS:
                ends = self._statement(child, connector)
                connector = ";"
        return ends

    def _pipeline(self, node: Node, connector: str | None, ends: list[Simple] | None = None) -> list[Simple]:
        ends = ends or []
        for child in node.children:
            if child.type in _SEPARATORS:
                connector = child.type
            elif child.type in _STATEMENTS:
                before = len(self._out)
                found = self._statement(child, connector)
                if len(self._out) > before:
                    head = self._out[before]
                    head.reads_pipe = bool(ends)
                    for end in ends:
                        end.pipe = head
                ends = found
                connector = ";"
        return ends

    def _redirected(self, node: Node, connector: str | None) -> list[Simple]:
        before = len(self._out)
        ends: list[Simple] = []
        whole = False
        for child in node.children:
            kind = child.type
            if kind in _STATEMENTS:
                ends = self._statement(child, connector)
                whole = kind in _WHOLE
            elif kind == "heredoc_redirect":
                ends = self._heredoc(child, ends)
            elif kind.endswith("_redirect"):
                if not ends and len(self._out) == before:
                    self._substitutions(child, None)
                    continue
                for end in ends if whole else ends[-1:]:
                    self._redirect(child, end)
        return ends

    def _heredoc(self, node: Node, ends: list[Simple]) -> list[Simple]:
        connector: str | None = ";"
        target = ends[-1] if ends else None
        opening = ""
        for child in node.children:
            kind = child.type
            if kind in ("<<", "<<-"):
                opening = kind
            elif kind == "heredoc_start":
                opening += self.raw(child)
            elif kind in _SEPARATORS:
                connector = kind
            elif kind == "pipeline":
                ends = self._pipeline(child, "|", ends)
            elif kind in _STATEMENTS:
                ends = self._statement(child, connector)
            elif kind == "heredoc_body":
                if target is not None:
                    target.body = Word(self.raw(child), self.at(child), dynamic=int(child.child_count > 0))
                self._substitutions(child, None)
            elif kind.endswith("_redirect") and target is not None:
                self._redirect(child, target)
            elif target is not None and (kind in WORDY or kind in STRINGS or kind in EXPANSIONS):
                target.words.append(self.word(child))
        if target is not None:
            target.redirects.append(opening)
        return ends

    def _redirect(self, node: Node, command: Simple) -> None:
        """Adds a redirection; words that follow its target are arguments of the command."""
        text = ""
        named = False
        for child in node.children:
            if child.type == "ERROR":
                continue
            if child.is_named and child.type != "file_descriptor":
                if named:
                    command.words.append(self.word(child))
                else:
                    text += (" " if text and text[-1] in "<>" else "") + self.word(child).text
                    named = True
                self._substitutions(child, None)
            else:
                text += self.raw(child)
        command.redirects.append(text)

    # simple commands

    def _command(self, node: Node, connector: str | None) -> Simple:
        simple = Simple([], self.at(node), connector=connector)
        self._out.append(simple)
        later: list[Node] = []
        for child in node.children:
            kind = child.type
            if kind == "word":
                simple.words.append(self.word(child))
            elif kind == "command_name":
                simple.words.append(self.word(child.children[0] if child.child_count == 1 else child))
                simple.offset = simple.words[-1].offset
                later.append(child)
            elif kind == "variable_assignment":
                self._assignment(child, simple)
                later.append(child)
            elif kind.endswith("_redirect"):
                self._redirect(child, simple)
            elif kind == "ERROR":
                simple.broken = True
                later.append(child)
            elif kind not in ("$", "(", ")"):
                simple.words.append(self.word(child))
                if child.child_count:
                    later.append(child)
        for child in later:
            self._substitutions(child, simple)
        return simple

    def _assignment(self, node: Node, simple: Simple) -> None:
        children = node.children
        value = self.word(children[-1]).text if len(children) > 2 else ""
        simple.env.append((self.raw(children[0]), value))

    def _builtin(self, node: Node, connector: str | None) -> Simple:
        first = node.children[0]
        words = [Word(self.raw(first), self.at(first))]
        if node.type == "test_command":
            inner = self.slice(first.end_byte, node.children[-1].start_byte).split()
            words += [Word(text, self.at(first)) for text in inner]
            words.append(Word(self.raw(node.children[-1]), self.at(first)))
        else:
            words += [self.word(child) for child in node.children[1:] if child.is_named]
        simple = Simple(words, self.at(node), connector=connector)
        self._out.append(simple)
        self._substitutions(node, None)
        return simple

    def _substitutions(self, node: Node, reader: Simple | None) -> None:
        """Reads the commands of ``$(...)``, backquotes and ``<(...)`` anywhere below a word."""
        if not self._substitute:
            return
        self._depth += 1
        if self._depth <= MAX_NESTING:
            for child in (node,) if node.type in ("command_substitution", "process_substitution") else node.children:
                if child.type in ("command_substitution", "process_substitution"):
                    for end in self._children(child, None):
                        end.feeds = end.feeds or (reader if reader and wrappers.runs_its_input(reader) else None)
                elif child.child_count:
                    self._substitutions(child, reader)
        elif self.broken_at is None:
            self.broken_at = self.at(node)
        self._depth -= 1


def _first_error(node: Node) -> Node:
    """The first ERROR or missing node in the text."""
    while True:
        for child in node.children:
            if child.is_error or child.is_missing:
                return child
            if child.has_error:
                node = child
                break
        else:
            return node
