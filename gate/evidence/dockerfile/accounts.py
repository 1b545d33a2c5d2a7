"""Users that a stage's /etc/passwd has, as far as the Dockerfile shows: the base's, useradd's, copied ones."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase

import msgspec

from gate.evidence.dockerfile.copies import Copied, copied
from gate.evidence.dockerfile.evaluate import Applied, Stage
from gate.evidence.dockerfile.graph import Node
from gate.evidence.dockerfile.scope import NOTHING, Scope
from gate.evidence.dockerfile.syntax import DockerfileError
from gate.evidence.model import Command

PASSWD = "/etc/passwd"  # noqa: S105 - a path
_CREATES = frozenset(("useradd", "adduser"))
_REMOVES = frozenset(("userdel", "deluser"))
_READS = frozenset({
    "[", "[[", "awk", "cat", "chmod", "chown", "cmp", "cut", "diff", "egrep", "fgrep", "gawk", "getent", "grep", "head",
    "ls", "md5sum", "sha256sum", "sort", "stat", "tail", "test", "wc",
})  # fmt: skip
_VALUED = frozenset("bcdefgGhkKpPRsuZ")
_LONG_VALUED = frozenset({
    "add_extra_groups", "base-dir", "comment", "conf", "expiredate", "firstgid", "firstuid", "gecos", "gid", "group",
    "groups", "home", "home-dir", "inactive", "ingroup", "key", "lastgid", "lastuid", "login", "password", "prefix",
    "root", "selinux-range", "selinux-user", "shell", "skel", "uid",
})  # fmt: skip
_LIMIT = 2**32


class Account(msgspec.Struct, frozen=True):
    """One name. ``uid`` is null where it is chosen during the build; ``over``: build args that can change it;
    ``hidden``: the build gives it a uid that the file does not show, and that may be another user's, such as root's.
    """

    uid: int | None
    reason: str
    over: frozenset[str] = NOTHING
    hidden: bool = False


class Accounts(msgspec.Struct):
    """Names of one stage. ``complete``: there can be no other; ``edited``: why a listed one may be another by now."""

    names: dict[str, Account] = msgspec.field(default_factory=dict)
    complete: bool = False
    edited: str | None = None

    def copy(self) -> Accounts:
        """What a stage built on this one starts with."""
        return Accounts(dict(self.names), self.complete, self.edited)


def of_stage(stage: Stage, stages: Iterable[Stage]) -> Accounts:
    """The accounts at the end of a stage; ``stages`` are it and all it needs, in the order of the file."""
    reader = _Reader()
    for each in stages:
        reader.read(each)
    return reader.seen[id(stage.node)]


class _Reader:
    """Follows accounts through the stages of one file, in the order in which they are built."""

    def __init__(self) -> None:
        self.seen: dict[int, Accounts] = {}

    def read(self, stage: Stage) -> None:
        """Notes the accounts of a stage; bases and sources were read before it."""
        node = stage.node
        base = self.seen.get(id(node.base)) if node.base is not None else None
        accounts = self.seen[id(node)] = _of_image(node) if base is None else base.copy()
        for applied in stage.applied:
            cmd = applied.bound.raw.cmd
            if cmd == "RUN":
                _run(accounts, applied)
            elif cmd in ("COPY", "ADD"):
                self._copy(accounts, applied)

    def _copy(self, accounts: Accounts, applied: Applied) -> None:
        line = (applied.bound.origin or (applied.bound.line,))[0]
        for each in copied(applied):
            if _brings_passwd(each):
                self._replace(accounts, each, line)
            elif each.may_bring(PASSWD):
                accounts.complete = False

    def _replace(self, accounts: Accounts, each: Copied, line: int) -> None:
        accounts.complete = False
        if each.content is not None:
            accounts.names = dict(_lines(each.content.splitlines(), f"line {line} writes {PASSWD}"))
            accounts.edited = None
            return
        other = self.seen.get(id(each.node)) if each.node is not None else None
        if other is not None and each.path in (PASSWD, "/etc", "/etc/*", "/", "/*"):
            accounts.names, accounts.edited = dict(other.names), other.edited
        elif each.node is not None and each.node.index is None and each.path == PASSWD:
            accounts.names = _of_image(each.node).names
        else:
            accounts.names = {}
            accounts.edited = f"line {line} copies {PASSWD}"


def _of_image(node: Node) -> Accounts:
    known = node.known
    users = known.users if known is not None else None
    reason = "the base image has this user"
    names = {name: Account(uid, reason) for name, uid in (users or {}).items()}
    return Accounts(names, complete=node.scratch)


# --- COPY and ADD ----------------------------------------------------------------------------------------------


def _brings_passwd(each: Copied) -> bool:
    if each.content is not None:
        return each.target == PASSWD
    if each.node is not None:
        return each.places(PASSWD) == PASSWD or (each.target == PASSWD and not each.into)
    return each.target == PASSWD or (each.target == "/etc" and fnmatchcase("passwd", each.path.rsplit("/", 1)[-1]))


def _lines(lines: Iterable[str], reason: str) -> Iterable[tuple[str, Account]]:
    for line in lines:
        fields = line.strip().split(":")
        if len(fields) >= 4 and fields[0] and fields[2].isascii() and fields[2].isdecimal():
            yield fields[0], Account(int(fields[2][:20]) % _LIMIT, reason)


# --- RUN -------------------------------------------------------------------------------------------------------


def _run(accounts: Accounts, applied: Applied) -> None:
    for command in applied.commands:
        name = command.program or ""
        if name in _CREATES:
            _create(accounts, command, applied.scope)
        elif name == "usermod":
            _modify(accounts, command, applied.scope)
        elif name in _REMOVES:
            for each in command.args:
                accounts.names.pop(each, None)
        elif any(_names_passwd(redirect) for redirect in command.redirects if ">" in redirect):
            _write(accounts, command)
        elif name not in _READS and any(_names_passwd(argument) for argument in command.args):
            if name in ("echo", "printf"):
                continue
            if name == "tee":
                accounts.edited = f"line {command.line} writes {PASSWD}"
            elif name != "sed" or any(argument.startswith(("-i", "--in-place")) for argument in command.args):
                accounts.edited = f"line {command.line} edits {PASSWD}"


def _names_passwd(text: str) -> bool:
    """The file by its path, or by its name alone, from within its folder."""
    return PASSWD in text or text.lstrip(">&| 012").removeprefix("./") == "passwd"


def _create(accounts: Accounts, command: Command, scope: Scope | None) -> None:
    options, operands = _parsed(command.args)
    if not operands:
        return
    # `adduser user group` adds a member; Debian and BusyBox list the new name first, useradd last.
    name = operands[-1] if command.program == "useradd" else operands[0]
    if command.program == "adduser" and len(operands) > 1 and name in accounts.names:
        return
    given = options.get("u") or options.get("uid")
    uid, over = _uid(given, scope)
    text, more = _static(name, scope)
    if text is not None:
        reason = f"line {command.line} creates this user"
        accounts.names[text] = Account(uid, reason, over | more, _hides(given, uid, options))
        accounts.complete = False


def _modify(accounts: Accounts, command: Command, scope: Scope | None) -> None:
    options, operands = _parsed(command.args)
    value = options.get("u") or options.get("uid")
    for name in operands[-1:]:
        if value is not None:
            uid, over = _uid(value, scope)
            reason = f"line {command.line} gives this user its uid"
            accounts.names[name] = Account(uid, reason, over, _hides(value, uid, options))
        if "l" in options and len(operands) > 1 and name in accounts.names:
            accounts.names[operands[-2]] = accounts.names.pop(name)


def _hides(given: str | None, uid: int | None, options: dict[str, str]) -> bool:
    """Whether a uid is given that only the build knows, and may be taken: without ``-o`` root's would be refused."""
    return given is not None and uid is None and ("o" in options or "non-unique" in options)


def _uid(text: str | None, scope: Scope | None) -> tuple[int | None, frozenset[str]]:
    if text is None:
        return None, NOTHING
    value, over = _static(text, scope)
    if value is None or not value.isascii() or not value.isdecimal():
        return None, over
    return int(value[:20]) % _LIMIT, over


def _static(text: str, scope: Scope | None) -> tuple[str | None, frozenset[str]]:
    """A shell word whose variables are those of the build; null where only the shell knows."""
    if "$" not in text and "`" not in text:
        return text, NOTHING
    if scope is None or "$(" in text or "`" in text:
        return None, NOTHING
    try:
        value = scope.expand(text, escape="\\")
    except DockerfileError:
        return None, NOTHING
    return (None if value.unset else value.text), value.over


def _parsed(args: list[str]) -> tuple[dict[str, str], list[str]]:
    """Options with their values, and operands, of useradd, usermod and the adduser of Debian and BusyBox."""
    options: dict[str, str] = {}
    operands: list[str] = []
    position, end = 0, len(args)
    while position < end:
        word = args[position]
        position += 1
        if word == "--":
            operands += args[position:]
            break
        if word.startswith("--"):
            name, equals, value = word[2:].partition("=")
            if not equals and name in _LONG_VALUED and position < end:
                value = args[position]
                position += 1
            options[name] = value
        elif word.startswith("-") and len(word) > 1:
            position = _short(word, args, position, options)
        else:
            operands.append(word)
    return options, operands


def _short(word: str, args: list[str], position: int, options: dict[str, str]) -> int:
    for index, letter in enumerate(word[1:], start=2):
        if letter not in _VALUED:
            options[letter] = ""
            continue
        if word[index:]:
            options[letter] = word[index:]
        elif position < len(args):
            options[letter] = args[position]
            position += 1
        break
    return position


def _write(accounts: Accounts, command: Command) -> None:
    """``echo name:x:uid:... >> /etc/passwd``: lines are read from the arguments."""
    reason = f"line {command.line} writes {PASSWD}"
    replaces = any(_names_passwd(each) and ">>" not in each for each in command.redirects)
    text = "\n".join(command.args).replace("\\n", "\n")
    found = dict(_lines(text.splitlines(), reason)) if command.program in ("echo", "printf") else {}
    if replaces:
        accounts.names = {}
    accounts.names.update(found)
    accounts.complete = False
    if not found or "$" in text:
        accounts.edited = reason
