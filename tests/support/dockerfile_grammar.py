"""Random Dockerfiles and random words, meant to be nasty; the same seed gives the same files.

``valid_dockerfile`` makes files that BuildKit mostly accepts, for comparing what they mean; ``dockerfile`` also breaks
them: mutated text, odd blanks, open here-documents; ``word`` and ``environment`` are for expansion.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

Rng = random.Random

NAMES = ("A", "B", "APP_USER", "base", "_x", "V1", "é", "TARGETARCH")
PLAIN = (
    "a",
    "b/c",
    "/srv/app",
    "1000",
    "0",
    "root",
    "app",
    "nonroot:nonroot",
    "x.y-z",
    "3.20",
    "ubuntu",
    "é",
    "日本",
    "a=b",
)
IMAGES = (
    "alpine",
    "alpine:3.20",
    "scratch",
    "gcr.io/distroless/static:nonroot",
    "a/b@sha256:" + "a" * 64,
    "localhost:5000/x",
    "Busybox",
)
BLANKS = (" ", " ", " ", " ", "\t", "  ", " \t ", "\v", "\f", " \r ")
ODD_BLANKS = ("\u00a0", "\u2003", "\u3000", "\u0085", "\x1c", "\x1f", "\u2028", "\ufeff", "\u200b", "\u1680")
SPOILERS = (
    "\\",
    "`",
    "$",
    "${",
    "}",
    "<<",
    "<<E",
    "<<-E",
    "'",
    '"',
    "#",
    "[",
    "]",
    "--",
    "=",
    "\\\\",
    "\\ ",
    "\n",
    "\r",
    "\t",
    "<",
    "|",
    "\0",
    "\\\n",
)
HEREDOC_WORDS = ("EOF", "E", "'EOF'", '"EOF"', "E\\ F", "$E", "${E}", "E'F'", "é", '"E F"', "E/f.txt", "-", "3", "\\E")


def dockerfile(rng: Rng) -> bytes:
    """One file, possibly invalid in any way."""
    kind = rng.random()
    if kind < 0.1:
        return _soup(rng)
    data = valid_dockerfile(rng, daring=rng.choice((0.0, 0.0, 0.01, 0.05, 0.2)))
    return _mutated(rng, data) if kind < 0.4 else data


def valid_dockerfile(rng: Rng, daring: float = 0.0) -> bytes:
    """One file; ``daring`` is the chance of each risk that often makes it invalid."""
    return _Writer(rng, daring).file()


class _Writer:
    def __init__(self, rng: Rng, daring: float) -> None:
        self.rng = rng
        self.daring = daring
        self.escape = "\\"
        self.eol = rng.choice(("\n", "\n", "\n", "\r\n"))
        self.stages: list[str] = []

    def chance(self, probability: float) -> bool:
        return self.rng.random() < probability

    def dares(self) -> bool:
        return self.rng.random() < self.daring

    def pick(self, choices: Sequence[str]) -> str:
        return self.rng.choice(choices)

    def file(self) -> bytes:
        text = self.top()
        for _ in range(self.rng.choice((0, 0, 1, 2))):
            text += self.instruction("ARG")
        for _ in range(self.rng.choice((1, 1, 1, 2, 3))):
            text += self.instruction("FROM")
            for _ in range(self.rng.randint(0, 6)):
                text += self.filler() + self.instruction(self.pick(_IN_STAGE))
        if self.chance(0.3):
            text = text.rstrip("\r\n") + (self.escape if self.chance(0.2) else "")
        data = text.encode("utf-8", "surrogateescape")
        if self.chance(0.05):
            data = b"\xef\xbb\xbf" + data
        return data

    def top(self) -> str:
        text = ""
        if self.chance(0.03):
            text += "#!/usr/bin/env docker\n"
        names = [name for name in ("syntax", "escape", "check") if self.chance(0.12)]
        self.rng.shuffle(names)
        if self.dares():
            names += [self.pick(("syntax", "escape", "check", "unknown"))]
        ended = bool(text)
        for name in names:
            value = {
                "syntax": self.pick(("docker/dockerfile:1", "evil/frontend", "docker/dockerfile:1 arg", "é")),
                "escape": self.pick(("`", "`", "\\")),
                "check": self.pick(("skip=all", "error=false", "skip=A,B;experimental=all")),
            }.get(name, "1")
            if self.dares():
                value = self.pick(("", " ", "x", "\\\\", "error=true"))
            between = self.pick(("=", " = ", "=\t", " ="))
            written = "".join(char.upper() if self.chance(0.1) else char for char in name)
            text += (
                self.pick(("#", "# ", "#  ", "#\t", " # "))
                + written
                + between
                + value
                + self.pick(("", " ", "  "))
                + "\n"
            )
            if name == "escape" and not ended and value in ("`", "\\"):
                self.escape = value
            ended = ended or name == "unknown"
        return text + self.filler()

    def filler(self) -> str:
        text = ""
        while self.chance(0.25):
            text += self.pick(
                ("", "# comment", "  # indented", "#", "# escape=`", "   ", "\t", f"# {self.escape}", "#é")
            )
            text += self.eol
        return text

    def instruction(self, cmd: str) -> str:
        body, heredocs = _BODIES[cmd](self)
        if self.dares():
            body += self.pick(SPOILERS[:-2])
        flags = "".join(flag + self.blank() for flag in self.flags(cmd))
        keyword = self.pick((cmd, cmd, cmd, cmd.lower(), cmd.title()))
        line = keyword + (self.blank() if flags or body else "") + flags + body
        line = self.pick(("", "", "", " ", "\t")) + line + self.pick(("", "", "", " ", "\t", " \t"))
        if self.dares():
            at = self.rng.randint(0, len(line))
            line = line[:at] + self.pick(ODD_BLANKS) + line[at:]
        return self.wrapped(line) + self.eol + "".join(heredocs)

    def wrapped(self, line: str) -> str:
        """The line over several physical lines."""
        if not self.chance(0.3):
            return line
        cuts = {self.rng.randint(0, len(line)) for _ in range(self.rng.randint(1, 3))}
        for at in sorted(cuts, reverse=True):
            if line[at - 1 : at] == self.escape and not self.dares():
                continue
            between = self.escape + self.pick(("", "", "", " ", "\t", " \t")) + self.eol
            while self.chance(0.25):
                between += self.pick(("", "  ", "# in between", "   # " + self.escape, "\t")) + self.eol
            beside_blank = line[at - 1 : at].isspace() or line[at : at + 1].isspace()
            indent = self.pick(("", "  ", "\t")) if beside_blank or self.dares() else ""
            line = line[:at] + between + indent + line[at:]
        return line

    def blank(self) -> str:
        return self.pick(BLANKS)

    def flags(self, cmd: str) -> list[str]:
        found = []
        choices = _FLAGS.get(cmd, ())
        count = self.rng.randint(0, 1 if cmd == "FROM" else 2) if choices and self.chance(0.4) else 0
        for flag in self.rng.sample(choices, count):
            at = self.rng.randint(2, len(flag) - 1)
            found.append(flag[:at] + self.pick(('""', "''", self.escape)) + flag[at:] if self.chance(0.15) else flag)
        if self.dares():
            found.append(
                self.pick(("--", "--unknown", "--from=é", "--link=maybe", "--x=à b", "-x", '--chown="a b"', "--=1"))
            )
        return found

    def text(self) -> str:
        """A word with variables, quotes and escapes."""
        parts = [self.piece() for _ in range(self.rng.choice((1, 1, 1, 2, 3)))]
        return "".join(parts)

    def piece(self) -> str:
        kind = self.rng.random()
        if kind < 0.55:
            return self.pick(PLAIN)
        if kind < 0.7:
            return "$" + self.pick(NAMES)
        if kind < 0.8:
            modifier = self.pick(("", ":-x", "-x", ":+y", "+y", "#*a", "%a*", "##*", "%%*", "/a/b", "//a/b", ":-${B}"))
            return "${" + self.pick(NAMES) + modifier + "}"
        if kind < 0.87:
            quote = self.pick(("'", '"'))
            return quote + self.pick(PLAIN) + self.pick(("", " ", "\t")) + quote
        if kind < 0.93:
            return self.escape + self.pick(("a", " ", "$", '"', "'", self.escape, "n"))
        if self.dares():
            return self.pick(SPOILERS)
        return self.pick(("-", ":", "/", ".", "\udcff", "#", ","))

    def several(self, least: int, most: int) -> str:
        return self.blank().join(self.text() for _ in range(self.rng.randint(least, most)))

    def listed(self, least: int = 0) -> str:
        """A JSON array, sometimes broken or of other things."""
        items = [
            self.pick(('"a"', '"b c"', '"$A"', '"/x"', '"\\u00e9"', '"\\\\"', '""', '"\\ud800"'))
            for _ in range(self.rng.randint(least, 3))
        ]
        if self.dares():
            items.append(
                self.pick(("1", "null", "[]", "'x'", "true", '"a', "1e999", "{}", "NaN", '"\\x"', '"\t"', "\udcff"))
            )
        return "[" + self.pick(("", " ")) + self.pick((",", ", ", " , ")).join(items) + self.pick(("]", " ]"))

    def heredocs(self) -> tuple[str, list[str]]:
        words, bodies = [], []
        for _ in range(self.rng.choice((1, 1, 1, 2))):
            written = self.pick(HEREDOC_WORDS)
            dash = self.pick(("", "-"))
            words.append(
                self.pick(("", "", "", "3", "0")) + "<<" + dash + ("" if dash else self.pick(("", "", " "))) + written
            )
            name = written.replace("'", "").replace('"', "").replace("\\", "")
            lines = [
                self.pick(
                    (
                        "USER root",
                        "FROM evil",
                        "  text $A",
                        "\ttabbed",
                        "",
                        "# comment",
                        "EOF ",
                        " EOF",
                        self.escape,
                        "'",
                        "${A:-b}",
                    )
                )
                for _ in range(self.rng.randint(0, 3))
            ]
            end = (self.pick(("", "\t", "\t\t")) if dash else "") + name
            if self.dares():
                end = self.pick((end + " ", "x" + end, ""))
            bodies.append("".join(line + self.eol for line in lines) + end + self.eol)
        return " ".join(words), bodies


_Body = tuple[str, list[str]]


def _only(text: Callable[[_Writer], str]) -> Callable[[_Writer], _Body]:
    return lambda writer: (text(writer), [])


def _from(writer: _Writer) -> str:
    base = writer.pick((*IMAGES, *writer.stages, "$A", "${B:-alpine}", writer.text() if writer.dares() else "debian"))
    if not writer.chance(0.4):
        return base
    name = f"s{len(writer.stages)}" if not writer.dares() else writer.pick(("1", "Ünï", "S", "a b", "K", "a_b", "-"))
    writer.stages.append(name)
    return base + writer.blank() + writer.pick(("AS", "as", "As")) + writer.blank() + name


def _run(writer: _Writer) -> _Body:
    kind = writer.rng.random()
    if kind < 0.25:
        words, bodies = writer.heredocs()
        return writer.pick(("", "cat ", "python3 - ", 'echo "$A" ')) + words + writer.pick(
            ("", " > /x", " && true")
        ), bodies
    if kind < 0.45:
        return writer.listed(), []
    return writer.several(0 if writer.dares() else 1, 5), []


def _copy(writer: _Writer) -> _Body:
    kind = writer.rng.random()
    if kind < 0.2:
        words, bodies = writer.heredocs()
        return words + " " + writer.text(), bodies
    if kind < 0.4:
        return writer.listed(0 if writer.dares() else 2), []
    return writer.several(1 if writer.dares() else 2, 4), []


def _pairs(writer: _Writer) -> str:
    if writer.chance(0.3):
        return writer.pick(NAMES) + writer.blank() + writer.several(1, 3)
    pairs = [
        writer.pick(NAMES) + "=" + writer.pick(("", writer.text(), writer.text()))
        for _ in range(writer.rng.randint(1, 3))
    ]
    if writer.dares():
        pairs.append(writer.pick(("x", "=x", '"=x"', "'a b'=c")))
    return writer.blank().join(pairs)


def _arg(writer: _Writer) -> str:
    found = [
        writer.pick(NAMES) + writer.pick(("", "=", "=" + writer.text())) for _ in range(writer.rng.choice((1, 1, 2)))
    ]
    if writer.dares():
        found.append(writer.pick(("=x", '"A=b c"', "A='")))
    return writer.blank().join(found)


def _exec_or_shell(writer: _Writer) -> str:
    return writer.listed() if writer.chance(0.5) else writer.several(0, 4)


def _healthcheck(writer: _Writer) -> str:
    if writer.chance(0.2):
        return writer.pick(("NONE", "none")) + (" x" if writer.dares() else "")
    kind = writer.pick(("CMD", "cmd", "CMD" if not writer.dares() else "CMDà"))
    return kind + writer.blank() + (writer.listed(1) if writer.chance(0.4) else writer.several(1, 3))


def _onbuild(writer: _Writer) -> _Body:
    choices = [cmd for cmd in _IN_STAGE if cmd != "ONBUILD"]
    cmd = writer.pick(choices if not writer.dares() else ("ONBUILD", "FROM", "MAINTAINER", "NOPE", "ONBUıLD"))
    body, heredocs = _BODIES[cmd](writer) if cmd in _BODIES else ("x", [])
    flags = "".join(flag + writer.blank() for flag in writer.flags(cmd))
    return writer.pick((cmd, cmd.lower())) + writer.blank() + flags + body, heredocs


_BODIES: dict[str, Callable[[_Writer], _Body]] = {
    "ADD": _copy,
    "ARG": _only(_arg),
    "CMD": _only(_exec_or_shell),
    "COPY": _copy,
    "ENTRYPOINT": _only(_exec_or_shell),
    "ENV": _only(_pairs),
    "EXPOSE": _only(
        lambda w: w.blank().join(w.pick(("80", "$A", "8080/tcp", "1-3")) for _ in range(w.rng.randint(1, 3)))
    ),
    "FROM": _only(_from),
    "HEALTHCHECK": _only(_healthcheck),
    "LABEL": _only(_pairs),
    "MAINTAINER": _only(lambda w: w.several(1, 2)),
    "ONBUILD": _onbuild,
    "RUN": _run,
    "SHELL": _only(lambda w: w.listed(1) if not w.dares() else w.several(0, 2)),
    "STOPSIGNAL": _only(lambda w: w.pick(("9", "SIGTERM", "$A"))),
    "USER": _only(lambda w: w.several(1, 1) if not w.chance(0.1) else w.several(1, 3)),
    "VOLUME": _only(lambda w: w.listed(1) if w.chance(0.5) else w.several(1, 3)),
    "WORKDIR": _only(lambda w: w.text()),
}
_IN_STAGE = (*(cmd for cmd in _BODIES if cmd != "FROM"), "RUN", "RUN", "COPY", "USER", "USER", "ENV", "ARG")
_FLAGS: dict[str, tuple[str, ...]] = {
    "ADD": (
        "--chown=1:1",
        "--chmod=755",
        "--link",
        "--keep-git-dir=true",
        "--checksum=sha256:x",
        "--exclude=*.a",
        "--unpack",
    ),
    "COPY": (
        "--from=s0",
        "--from=0",
        "--from=alpine",
        "--chown=$A",
        "--chmod=u+x",
        "--link=false",
        "--exclude=a",
        "--parents",
    ),
    "FROM": ("--platform=linux/amd64", "--platform=$BUILDPLATFORM"),
    "HEALTHCHECK": ("--interval=1s", "--timeout=1m30s", "--retries=3", "--start-period=0", "--start-interval=1.5s"),
    "RUN": (
        "--mount=type=cache,target=/c",
        "--mount=type=bind,from=s0,target=/m",
        '--mount=type=secret,id=x,"target=/a b"',
        "--network=none",
        "--security=sandbox",
        "--device=vendor/x=y",
    ),
}


def _soup(rng: Rng) -> bytes:
    """Keywords, blanks and spoilers thrown together."""
    choices = (
        *_BODIES,
        *SPOILERS,
        *BLANKS,
        *ODD_BLANKS,
        *PLAIN,
        "\n",
        "\n",
        "\n",
        "FROM a\n",
        "USER root\n",
        " \\\n",
        "EOF\n",
        "E\n",
        "\udcc3",
    )
    head = rng.choice(("", "FROM a\n", "FROM a\nRUN <<E\n", "# escape=`\n", "# syntax=x\n"))
    return (head + "".join(rng.choice(choices) for _ in range(rng.randint(1, 40)))).encode("utf-8", "surrogateescape")


def _mutated(rng: Rng, data: bytes) -> bytes:
    for _ in range(rng.randint(1, 4)):
        at = rng.randint(0, len(data))
        kind = rng.random()
        if kind < 0.5:
            spoiler = rng.choice((*SPOILERS, *ODD_BLANKS, *BLANKS)).encode()
            data = data[:at] + spoiler + data[at:]
        elif kind < 0.75:
            data = data[:at] + data[at + rng.randint(1, 3) :]
        elif kind < 0.8:
            plain, odd = rng.choice(
                (("s", "\u017f"), ("i", "\u0131"), ("I", "\u0130"), ("K", "\u212a"), ("S", "\u017f"), ("E", "\u0395"))
            )
            data = data.replace(plain.encode(), odd.encode(), 1)
        elif kind < 0.9:
            byte = rng.choice((b"\xa0", b"\x85", b"\xc2", b"\xe2\x80", b"\xff", bytes([rng.randint(1, 255)])))
            data = data[:at] + byte + data[at:]
        else:
            lines = data.split(b"\n")
            first, second = rng.randrange(len(lines)), rng.randrange(len(lines))
            lines[first], lines[second] = lines[second], lines[first]
            data = b"\n".join(lines)
    return data


def smaller(data: bytes, still: Callable[[bytes], bool]) -> bytes:
    """Drop lines, then characters, as long as ``still`` holds: what to show when a comparison fails."""
    for separator in (b"\n", b""):
        at = 0
        while True:
            parts = data.split(separator) if separator else [data[i : i + 1] for i in range(len(data))]
            if at >= len(parts):
                break
            shorter = separator.join(parts[:at] + parts[at + 1 :])
            if still(shorter):
                data = shorter
            else:
                at += 1
    return data


_WORD_PIECES = (
    *(
        "$",
        "$",
        "${",
        "}",
        "}",
        ":",
        "-",
        "+",
        "?",
        "#",
        "%",
        "/",
        "//",
        "*",
        "?",
        "=",
        "\\",
        "`",
        '"',
        '"',
        "'",
        "'",
        " ",
        "\t",
    ),
    *(
        "A",
        "B",
        "LONG",
        "EMPTY",
        "UNSET",
        "é",
        "0",
        "1",
        "@",
        "!",
        "a",
        "b",
        ".",
        ",",
        "<",
        "<<",
        "<< ",
        "\\\\",
        "\\}",
        "\\/",
        "\\*",
    ),
    *("\ufeff", "\u00a0", "\u2003", "\udcff", "日", "[", "]", "(", ")", "|", "^", "\n", "\r"),
)
_MODIFIERS = (":-", "-", ":+", "+", ":?", "?", "#", "##", "%", "%%", "/", "//", ":", ":#", ",,", "^", "@")


def environment(rng: Rng) -> dict[str, str]:
    """Some of the names that `word` uses."""
    values = (
        "",
        "x",
        "a/b/c.d.e",
        "aaa",
        "abcabc",
        "a b",
        " lead",
        "$B",
        "\\",
        "é日é",
        "*",
        "a\nb",
        "q'q",
        '"',
        "${A}",
        "$$",
        "<$0${0}$1>",
        "${0",
        "$_$",
    )
    env = {name: rng.choice(values) for name in ("A", "B", "é", "1") if rng.random() < 0.7}
    return env | {"EMPTY": "", "LONG": "registry.example.test/team/app:1.2.3"}


def word(rng: Rng, depth: int = 0) -> str:
    """A word with every construct of expansion, and with broken ones."""
    kind = rng.random()
    if kind < 0.3:
        return "".join(rng.choice(_WORD_PIECES) for _ in range(rng.randint(1, 8)))
    parts = []
    for _ in range(rng.randint(1, 4)):
        kind = rng.random()
        if kind < 0.5 and depth < 3:
            parts.append(_reference(rng, depth))
        elif kind < 0.6:
            quote = rng.choice("'\"")
            parts.append(quote + (word(rng, depth + 1) if depth < 3 else "x") + quote)
        else:
            parts.append(rng.choice(_WORD_PIECES))
    return "".join(parts)


def _reference(rng: Rng, depth: int) -> str:
    name = rng.choice(("A", "B", "LONG", "EMPTY", "UNSET", "é", "1"))
    if rng.random() < 0.25:
        return "$" + name
    if rng.random() < 0.1:
        return "${" + name + "}"
    modifier = rng.choice(_MODIFIERS)
    if modifier[0] in "#%/":
        pattern = "".join(
            rng.choice(
                ("a", "b", "/", ".", "*", "*", "?", "\\*", "\\?", "\\/", "\\}", "\\\\", "\\x", "é", "+", "c", "$A")
            )
            for _ in range(rng.randint(0, 4))
        )
        tail = (
            rng.choice(("/", "/x", "/$B", "/\\$0", "/\\$1", "/\\${0}z", "/$0", "", "/\\$\\$", "/$A", "/$B$A", "/$1"))
            if modifier[0] == "/"
            else ""
        )
        return "${" + name + modifier + pattern + tail + "}"
    return "${" + name + modifier + (word(rng, depth + 1) if depth < 3 else "") + "}"
