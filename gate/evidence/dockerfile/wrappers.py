"""Programs that run another program or a script given to them: sudo, env, xargs, ``sh -c``, ``su -c`` and the like."""

from __future__ import annotations

import re

import msgspec

from gate.evidence.dockerfile.shellwords import Simple, Word

SHELLS = frozenset(("sh", "bash", "ash", "dash", "ksh", "zsh", "mksh", "rbash"))
"""Programs that read POSIX shell text."""

_ASSIGNMENT = re.compile(r"[A-Za-z_][A-Za-z0-9_]*=", re.ASCII)
_MOST = 12


class _Wrapper(msgspec.Struct, frozen=True):
    """How a wrapper's own words end: short and long options that take a value, then ``skip`` operands."""

    short: str = ""
    long: frozenset[str] = frozenset()
    skip: int = 0
    assigns: bool = False
    lookup: str = ""


def _long(names: str) -> frozenset[str]:
    return frozenset(names.split())


_WRAPPERS: dict[str, _Wrapper] = {
    "sudo": _Wrapper(
        "ugpChrtTURDa",
        _long("user group prompt close-from host role type command-timeout other-user chroot chdir auth-type"),
        assigns=True,
    ),
    "doas": _Wrapper("uCa"),
    "env": _Wrapper("uC", _long("unset chdir"), assigns=True, lookup="S"),
    "nice": _Wrapper("n", _long("adjustment")),
    "ionice": _Wrapper("cn", _long("class classdata")),
    "nohup": _Wrapper(),
    "setsid": _Wrapper(),
    "time": _Wrapper("fo", _long("format output")),
    "timeout": _Wrapper("ks", _long("kill-after signal"), skip=1),
    "stdbuf": _Wrapper("ioe", _long("input output error")),
    "exec": _Wrapper("a"),
    "command": _Wrapper(lookup="vV"),
    "builtin": _Wrapper(),
    "xargs": _Wrapper("adEILnPs", _long("arg-file delimiter max-lines max-args max-procs max-chars process-slot-var")),
    "gosu": _Wrapper(skip=1),
    "su-exec": _Wrapper(skip=1),
    "setpriv": _Wrapper("", _long("reuid regid groups ambient-caps inh-caps bounding-set securebits pdeathsig")),
    "chroot": _Wrapper("", _long("userspec groups"), skip=1),
    "taskset": _Wrapper(skip=1),
    "fakeroot": _Wrapper("lsib", _long("lib faked")),
    "eatmydata": _Wrapper(),
    "tini": _Wrapper("pe"),
    "dumb-init": _Wrapper("r", _long("rewrite")),
    "catchsegv": _Wrapper(),
    "busybox": _Wrapper(),
    "toybox": _Wrapper(),
    "coproc": _Wrapper(),
    "!": _Wrapper(),
}


class Unwrapped(msgspec.Struct):
    """A command with its wrappers taken off, outermost first, and the environment they and the script set."""

    words: list[Word]
    wrappers: list[str] = msgspec.field(default_factory=list)
    env: list[tuple[str, str]] = msgspec.field(default_factory=list)


def unwrap(words: list[Word], env: list[tuple[str, str]]) -> Unwrapped:
    """Takes wrappers off as long as the words after them are a command."""
    out = Unwrapped(words, env=list(env))
    while len(out.wrappers) < _MOST and out.words:
        name = out.words[0].name
        wrapper = _WRAPPERS.get(name) if name else None
        if wrapper is None or name is None:
            break
        at = _command_at(out.words, wrapper, out.env)
        if at is None or at >= len(out.words):
            break
        out.wrappers.append(name)
        out.words = out.words[at:]
    return out


def _command_at(words: list[Word], wrapper: _Wrapper, env: list[tuple[str, str]]) -> int | None:
    """Where the wrapped command starts; null when the wrapper only looks something up."""
    position, end = 1, len(words)
    while position < end:
        text = words[position].text
        if text == "--":
            position += 1
            break
        if not text.startswith("-") or text == "-":
            break
        if wrapper.lookup and _looks_up(text, wrapper):
            return None
        position += 1 + _takes_next(text, wrapper)
    position += wrapper.skip
    while wrapper.assigns and position < end and _ASSIGNMENT.match(words[position].text):
        name, _, value = words[position].text.partition("=")
        env.append((name, value))
        position += 1
    return position


def _looks_up(option: str, wrapper: _Wrapper) -> bool:
    """Whether the wrapper does something else than run the words after its options."""
    if option.startswith("--"):
        return option.startswith("--split-string")
    return any(letter in option for letter in wrapper.lookup)


def _takes_next(option: str, wrapper: _Wrapper) -> bool:
    """Whether the option's value is the next word."""
    if option.startswith("--"):
        return "=" not in option and option[2:] in wrapper.long
    for index, letter in enumerate(option[1:], start=1):
        if letter in wrapper.short:
            return index == len(option) - 1
    return False


class Nested(msgspec.Struct, frozen=True):
    """The script that a command runs: in a word, or ``opaque`` where it comes from elsewhere."""

    name: str = ""
    script: Word | None = None
    opaque: bool = False


_NONE = Nested()


def script_of(words: list[Word], simple: Simple) -> Nested:
    """The script that a shell, su, runuser, script or eval runs, if this is one."""
    name = words[0].name if words else None
    if name is None:
        return _NONE
    if name in SHELLS:
        return _shell_script(name, words, simple)
    if name in ("su", "runuser", "script", "flock", "watch"):
        found = _option_script(words)
        return Nested(name, found) if found is not None else _NONE
    if name == "eval":
        return Nested(name, opaque=True)
    if name in (".", "source") and len(words) > 1:
        return Nested(name, opaque=_streamed(words[1].text))
    if name == "env":
        return _env_split(words)
    return _NONE


def _shell_script(name: str, words: list[Word], simple: Simple) -> Nested:
    position, end = 1, len(words)
    inline = stdin = False
    while position < end:
        text = words[position].text
        if text in ("--", "-"):
            position += 1
            break
        if len(text) < 2 or text[0] not in "-+":
            break
        if text.startswith("--"):
            position += 2 if text in ("--rcfile", "--init-file") else 1
            continue
        if text[0] == "-":
            inline = inline or "c" in text
            stdin = stdin or "s" in text
        position += 2 if text[-1] in "oO" else 1
    operand = words[position] if position < end else None
    if inline:
        return Nested(name, operand) if operand is not None else Nested(name, opaque=True)
    if operand is None or stdin:
        if simple.body is not None:
            return Nested(name, simple.body)
        fed = simple.reads_pipe or any(redirect.lstrip("0").startswith("<") for redirect in simple.redirects)
        return Nested(name, opaque=fed or stdin)
    return Nested(name, opaque=_streamed(operand.text) or operand.name is None)


def _streamed(path: str) -> bool:
    return path.startswith(("<(", "/dev/fd/")) or path in ("/dev/stdin", "/proc/self/fd/0", "-")


def _option_script(words: list[Word]) -> Word | None:
    for position, word in enumerate(words[1:], start=1):
        text = word.text
        if text in ("-c", "--command", "--session-command") or (
            text.startswith("-") and not text.startswith("--") and text.endswith("c")
        ):
            return words[position + 1] if position + 1 < len(words) else None
        if text.startswith("--command="):
            return Word(text[len("--command=") :], word.offset, word.dynamic)
    return None


def _env_split(words: list[Word]) -> Nested:
    for position, word in enumerate(words[1:], start=1):
        if word.text.endswith(("S", "--split-string")) and word.text.startswith("-") and position + 1 < len(words):
            return Nested("env", words[position + 1])
        if word.text.startswith("--split-string="):
            return Nested("env", Word(word.text.partition("=")[2], word.offset, word.dynamic))
        if not word.text.startswith("-"):
            break
    return _NONE


def inner_commands(words: list[Word]) -> list[list[Word]]:
    """The commands that ``find -exec`` and its kin run."""
    if not words or words[0].name != "find":
        return []
    found: list[list[Word]] = []
    position = 1
    while position < len(words):
        if words[position].text in ("-exec", "-execdir", "-ok", "-okdir"):
            end = position + 1
            while end < len(words) and words[end].text not in (";", "+"):
                end += 1
            if end > position + 1:
                found.append(words[position + 1 : end])
            position = end
        position += 1
    return found


def runs_its_input(simple: Simple) -> bool:
    """Whether what a substitution in this command prints is run as a script."""
    name = unwrap(simple.words, []).words[0].name if simple.words else None
    return name in SHELLS or name in ("eval", "source", ".", "su")
