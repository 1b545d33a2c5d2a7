"""Hand-made Dockerfiles: where readers of Dockerfiles go astray, and what BuildKit reads.

Each is filed under one of the 24 classes of `CLASSES` (0: none of them). ``expected`` is one line an instruction, as
`summary` writes it, or `Refused` with the reason and the line. tests/oracle checks every one against BuildKit.
"""

from __future__ import annotations

from typing import NamedTuple

from gate.evidence.dockerfile.syntax import ParsedDockerfile, RawInstruction

CLASSES = {
    0: "anything else",
    1: "bodies of here-documents",
    2: "a base forged in a here-document",
    3: "blank lines and comments in continuations",
    4: "escaped continuation characters",
    5: "what may follow a continuation character",
    6: "keywords split over lines",
    7: "where directives count",
    8: "byte order marks",
    9: "the file's end inside a continuation",
    10: "characters that do not end a line",
    11: "modifiers in FROM",
    12: "names of stages",
    13: "quotes, escapes and variables in values",
    14: "flags",
    15: "ONBUILD",
    16: "lists of ARG",
    17: "platform arguments",
    18: "exec form",
    19: "what must be refused",
    20: "blanks that split words",
    21: "bytes that are not UTF-8",
    22: "NUL",
    23: "sizes",
    24: "line numbers",
}


class Refused(NamedTuple):
    """Part of the message, and the first line it is about (0: the whole file)."""

    message: str
    line: int = 0


class Case(NamedTuple):
    """One Dockerfile."""

    group: int
    name: str
    data: bytes
    expected: list[str] | Refused


def summary(parsed: ParsedDockerfile) -> list[str]:
    """The frontend and escape character where they are not the usual ones, then one line an instruction."""
    head = []
    if parsed.frontend is not None:
        head.append(f"frontend {parsed.frontend!r} line {parsed.frontend_line}")
    if parsed.escape != "\\":
        head.append(f"escape {parsed.escape}")
    return head + [_line(instruction) for instruction in parsed.instructions]


def _line(instruction: RawInstruction) -> str:
    inner = instruction.sub or instruction
    lines = (
        f"{instruction.line}-{instruction.end_line}" if instruction.end_line > instruction.line else instruction.line
    )
    parts = [f"{lines}:", instruction.cmd, *map(repr, instruction.flags)]
    if instruction.sub is not None:
        parts += [inner.cmd, *map(repr, inner.flags)]
    if inner.json is not None:
        parts.append("exec")
    parts.append(ascii(list(inner.words)))
    for doc in instruction.heredocs:
        marks = (
            ("" if doc.expand else " as written")
            + (" chomped" if doc.chomp else "")
            + (f" fd {doc.fd}" if doc.fd else "")
        )
        parts.append(f"<<{doc.name!a}{marks} at {doc.line}: {doc.content!a}")
    text = " ".join(parts)
    return text if len(text) <= 160 else text[:150] + f"... {len(text)}"


CASES = [
    Case(
        1,
        "the body of a here-document of RUN is no instructions",
        b"FROM a\nUSER root\nRUN <<E\nUSER app\nE\n",
        ["1: FROM ['a']", "2: USER ['root']", "3-5: RUN ['<<E'] <<'E' at 4: 'USER app\\n'"],
    ),
    Case(
        1,
        "a here-document of COPY",
        b"FROM a\nCOPY <<E /f\nUSER app\nE\nUSER root\n",
        ["1: FROM ['a']", "2-4: COPY ['<<E', '/f'] <<'E' at 3: 'USER app\\n'", "5: USER ['root']"],
    ),
    Case(
        1,
        "a here-document of ADD",
        b"FROM a\nADD <<E /f\nUSER app\nE\nUSER root\n",
        ["1: FROM ['a']", "2-4: ADD ['<<E', '/f'] <<'E' at 3: 'USER app\\n'", "5: USER ['root']"],
    ),
    Case(
        1,
        "a here-document under ONBUILD",
        b"FROM a\nONBUILD RUN <<E\nUSER app\nE\nUSER root\n",
        ["1: FROM ['a']", "2-4: ONBUILD RUN ['<<E'] <<'E' at 3: 'USER app\\n'", "5: USER ['root']"],
    ),
    Case(
        1,
        "two here-documents on one line",
        b"FROM a\nRUN <<A cat <<B\nUSER a\nA\nUSER b\nB\nUSER c\n",
        ["1: FROM ['a']", "2-6: RUN ['<<A cat <<B'] <<'A' at 3: 'USER a\\n' <<'B' at 5: 'USER b\\n'", "7: USER ['c']"],
    ),
    Case(
        1,
        "a here-document with a file descriptor (1)",
        b"FROM a\nRUN cat 3<<E\nx\nE\n",
        ["1: FROM ['a']", "2-4: RUN ['cat 3<<E'] <<'E' fd 3 at 3: 'x\\n'"],
    ),
    Case(
        1,
        "a here-document with a file descriptor (2)",
        b"FROM a\nRUN cat 03<<E\nx\nE\n",
        ["1: FROM ['a']", "2-4: RUN ['cat 03<<E'] <<'E' fd 3 at 3: 'x\\n'"],
    ),
    Case(
        1,
        "a here-document with a file descriptor (3)",
        b"FROM a\nRUN cat 99999999999999999999999<<E\nx\nE\n",
        ["1: FROM ['a']", "2-4: RUN ['cat 99999999999999999999999<<E'] <<'E' fd 18446744073709551615 at 3: 'x\\n'"],
    ),
    Case(
        1,
        "quotes around the word stop expansion (1)",
        b'FROM a\nRUN <<"E"\n$x\nE\n',
        ["1: FROM ['a']", "2-4: RUN ['<<\"E\"'] <<'E' as written at 3: '$x\\n'"],
    ),
    Case(
        1,
        "quotes around the word stop expansion (2)",
        b"FROM a\nRUN <<'E'\n$x\nE\n",
        ["1: FROM ['a']", "2-4: RUN [\"<<'E'\"] <<'E' as written at 3: '$x\\n'"],
    ),
    Case(
        1,
        "quotes around the word stop expansion (3)",
        b'FROM a\nRUN <<E"F"\n$x\nEF\n',
        ["1: FROM ['a']", "2-4: RUN ['<<E\"F\"'] <<'EF' as written at 3: '$x\\n'"],
    ),
    Case(
        1,
        "quotes around the word stop expansion (4)",
        b"FROM a\nRUN <<\\E\n$x\nE\n",
        ["1: FROM ['a']", "2-4: RUN ['<<\\\\E'] <<'E' at 3: '$x\\n'"],
    ),
    Case(
        1,
        "a dash strips tabs before the end word (1)",
        b"FROM a\nRUN <<-E\n\tx\n\tE\n",
        ["1: FROM ['a']", "2-4: RUN ['<<-E'] <<'E' chomped at 3: '\\tx\\n'"],
    ),
    Case(
        1,
        "a dash strips tabs before the end word (2)",
        b"FROM a\nRUN <<-E\n  E\nE\n",
        ["1: FROM ['a']", "2-4: RUN ['<<-E'] <<'E' chomped at 3: '  E\\n'"],
    ),
    Case(
        1,
        "blanks may stand before the word (1)",
        b"FROM a\nRUN << E\nx\nE\n",
        ["1: FROM ['a']", "2-4: RUN ['<< E'] <<'E' at 3: 'x\\n'"],
    ),
    Case(
        1,
        "blanks may stand before the word (2)",
        b"FROM a\nRUN <<\tE\nx\nE\n",
        ["1: FROM ['a']", "2-4: RUN ['<<\\tE'] <<'E' at 3: 'x\\n'"],
    ),
    Case(
        1,
        "blanks may stand before the word (3)",
        b"FROM a\nRUN <<- E\nUSER b\n",
        ["1: FROM ['a']", "2: RUN ['<<- E']", "3: USER ['b']"],
    ),
    Case(
        1,
        "an end word with a blank after it ends nothing",
        b"FROM a\nRUN <<E\nE \nE\n",
        ["1: FROM ['a']", "2-4: RUN ['<<E'] <<'E' at 3: 'E \\n'"],
    ),
    Case(
        1,
        "an end word with carriage returns ends",
        b"FROM a\nRUN <<E\nx\nE\r\r\nUSER b\n",
        ["1: FROM ['a']", "2-4: RUN ['<<E'] <<'E' at 3: 'x\\n'", "5: USER ['b']"],
    ),
    Case(
        1,
        "a here-document in an open quote is none (1)",
        b'FROM a\nRUN echo "<<E\nUSER b\n',
        ["1: FROM ['a']", "2: RUN ['echo \"<<E']", "3: USER ['b']"],
    ),
    Case(
        1,
        "a here-document in an open quote is none (2)",
        b"FROM a\nRUN it's <<E\nUSER b\n",
        ["1: FROM ['a']", '2: RUN ["it\'s <<E"]', "3: USER ['b']"],
    ),
    Case(
        1,
        "a here-document after an unknown substitution is none (1)",
        b"FROM a\nRUN echo ${x,,} <<E\nUSER b\n",
        ["1: FROM ['a']", "2: RUN ['echo ${x,,} <<E']", "3: USER ['b']"],
    ),
    Case(
        1,
        "a here-document after an unknown substitution is none (2)",
        b"FROM a\nRUN echo ${} <<E\nUSER b\n",
        ["1: FROM ['a']", "2: RUN ['echo ${} <<E']", "3: USER ['b']"],
    ),
    Case(
        1,
        "a known substitution does not hide a here-document (1)",
        b"FROM a\nRUN echo ${x:-y} <<E\nUSER b\nE\n",
        ["1: FROM ['a']", "2-4: RUN ['echo ${x:-y} <<E'] <<'E' at 3: 'USER b\\n'"],
    ),
    Case(
        1,
        "a known substitution does not hide a here-document (2)",
        b"FROM a\nRUN a${x:-b} <<E\nUSER b\nE\n",
        ["1: FROM ['a']", "2-4: RUN ['a${x:-b} <<E'] <<'E' at 3: 'USER b\\n'"],
    ),
    Case(
        1,
        "a known substitution does not hide a here-document (3)",
        b"FROM a\nRUN echo ${x:0:3} <<E\nUSER b\nE\n",
        ["1: FROM ['a']", "2-4: RUN ['echo ${x:0:3} <<E'] <<'E' at 3: 'USER b\\n'"],
    ),
    Case(
        1,
        "a word in front swallows the mark (1)",
        b"FROM a\nRUN x<<E\nUSER b\n",
        ["1: FROM ['a']", "2: RUN ['x<<E']", "3: USER ['b']"],
    ),
    Case(
        1,
        "a word in front swallows the mark (2)",
        b"FROM a\nRUN x=<<E\nUSER b\n",
        ["1: FROM ['a']", "2: RUN ['x=<<E']", "3: USER ['b']"],
    ),
    Case(
        1,
        "<<< and << alone announce nothing (1)",
        b"FROM a\nRUN cat <<<E\nUSER b\n",
        ["1: FROM ['a']", "2: RUN ['cat <<<E']", "3: USER ['b']"],
    ),
    Case(
        1,
        "<<< and << alone announce nothing (2)",
        b"FROM a\nRUN a <<\nUSER b\n",
        ["1: FROM ['a']", "2: RUN ['a <<']", "3: USER ['b']"],
    ),
    Case(
        1,
        "<<< and << alone announce nothing (3)",
        b"FROM a\nRUN $((1<<2))\nUSER b\n",
        ["1: FROM ['a']", "2: RUN ['$((1<<2))']", "3: USER ['b']"],
    ),
    Case(
        1,
        "<<< and << alone announce nothing (4)",
        b"FROM a\nRUN cat <<E<F\nUSER b\n",
        ["1: FROM ['a']", "2: RUN ['cat <<E<F']", "3: USER ['b']"],
    ),
    Case(
        1,
        "a quoted mark announces nothing (1)",
        b'FROM a\nRUN echo "<<E"\nUSER b\n',
        ["1: FROM ['a']", "2: RUN ['echo \"<<E\"']", "3: USER ['b']"],
    ),
    Case(
        1,
        "a quoted mark announces nothing (2)",
        b"FROM a\nRUN echo '<<E'\nUSER b\n",
        ["1: FROM ['a']", "2: RUN [\"echo '<<E'\"]", "3: USER ['b']"],
    ),
    Case(
        1,
        "exec form holds no here-document (1)",
        b'FROM a\nRUN ["cat", "<<E"]\nUSER b\n',
        ["1: FROM ['a']", "2: RUN exec ['cat', '<<E']", "3: USER ['b']"],
    ),
    Case(
        1,
        "exec form holds no here-document (2)",
        b'FROM a\nCOPY ["<<E", "/x"]\nUSER b\n',
        ["1: FROM ['a']", "2: COPY exec ['<<E', '/x']", "3: USER ['b']"],
    ),
    Case(
        1,
        "other instructions hold no here-document (1)",
        b"FROM a\nCMD <<E\nUSER b\n",
        ["1: FROM ['a']", "2: CMD ['<<E']", "3: USER ['b']"],
    ),
    Case(
        1,
        "other instructions hold no here-document (2)",
        b"FROM a\nENV A=<<E\nUSER b\n",
        ["1: FROM ['a']", "2: ENV ['A', '<<E']", "3: USER ['b']"],
    ),
    Case(
        1,
        "other instructions hold no here-document (3)",
        b"FROM a\nUSER <<E\nUSER b\n",
        ["1: FROM ['a']", "2: USER ['<<E']", "3: USER ['b']"],
    ),
    Case(
        1,
        "other instructions hold no here-document (4)",
        b"FROM a\nLABEL a=<<E\n",
        ["1: FROM ['a']", "2: LABEL ['a', '<<E']"],
    ),
    Case(
        1,
        "other instructions hold no here-document (5)",
        b"FROM a\nENTRYPOINT cat <<E\nUSER b\n",
        ["1: FROM ['a']", "2: ENTRYPOINT ['cat <<E']", "3: USER ['b']"],
    ),
    Case(
        1,
        "a mark over two lines (1)",
        b"FROM a\nRUN <\\\n<E\nx\nE\n",
        ["1: FROM ['a']", "2-5: RUN ['<<E'] <<'E' at 4: 'x\\n'"],
    ),
    Case(
        1,
        "a mark over two lines (2)",
        b"FROM a\nRUN <<\\\nE\nx\nE\n",
        ["1: FROM ['a']", "2-5: RUN ['<<E'] <<'E' at 4: 'x\\n'"],
    ),
    Case(1, "an empty here-document", b"FROM a\nRUN <<E\nE\n", ["1: FROM ['a']", "2-3: RUN ['<<E'] <<'E' at 3: ''"]),
    Case(
        1,
        "an end word that is a variable stays as written (1)",
        b"FROM a\nRUN <<$E\nx\n$E\n",
        ["1: FROM ['a']", "2-4: RUN ['<<$E'] <<'$E' at 3: 'x\\n'"],
    ),
    Case(
        1,
        "an end word that is a variable stays as written (2)",
        b"FROM a\nRUN <<${E}\nx\n${E}\n",
        ["1: FROM ['a']", "2-4: RUN ['<<${E}'] <<'${E}' at 3: 'x\\n'"],
    ),
    Case(
        1,
        "a heredoc keeps carriage returns, blanks and continuation characters",
        b"FROM a\r\nRUN <<E\r\n  x \\\r\n\r\nE\r\n",
        ["1: FROM ['a']", "2-5: RUN ['<<E'] <<'E' at 3: '  x \\\\\\r\\n\\r\\n'"],
    ),
    Case(
        1,
        "a here-document is the destination of COPY",
        b"FROM a\nCOPY x <<E\nE\n",
        Refused("COPY cannot take a here-document as its destination", 2),
    ),
    Case(
        1, "a here-document with no end (1)", b"FROM a\nRUN <<E\nx\n", Refused("the here-document 'E' is not closed", 2)
    ),
    Case(1, "a here-document with no end (2)", b"FROM a\nRUN <<E", Refused("the here-document 'E' is not closed", 2)),
    Case(
        1,
        "a here-document with no end (3)",
        b"FROM a\nRUN <<A <<B\nA\n",
        Refused("the here-document 'B' is not closed", 2),
    ),
    Case(
        1,
        "the end word may stand on the last line without newline",
        b"FROM a\nRUN <<E\nx\nE",
        ["1: FROM ['a']", "2-4: RUN ['<<E'] <<'E' at 3: 'x\\n'"],
    ),
    Case(
        1,
        "a here-document with an empty word is none",
        b'FROM a\nRUN <<""\nUSER b\n',
        ["1: FROM ['a']", "2: RUN ['<<\"\"']", "3: USER ['b']"],
    ),
    Case(
        2,
        "a here-document forges no base",
        b"FROM evil\nCOPY <<E /f\nFROM approved/img\nE\n",
        ["1: FROM ['evil']", "2-4: COPY ['<<E', '/f'] <<'E' at 3: 'FROM approved/img\\n'"],
    ),
    Case(
        3,
        "a blank line does not end a continuation (1)",
        b"FROM a\nRUN x \\\n\nUSER app\n",
        ["1: FROM ['a']", "2-4: RUN ['x USER app']"],
    ),
    Case(
        3,
        "a blank line does not end a continuation (2)",
        b"FROM a\nRUN x \\\n   \n\t\nUSER app\n",
        ["1: FROM ['a']", "2-5: RUN ['x USER app']"],
    ),
    Case(
        3,
        "a blank line does not end a continuation (3)",
        b"FROM a\nRUN x \\\n\r\nUSER app\n",
        ["1: FROM ['a']", "2-4: RUN ['x USER app']"],
    ),
    Case(
        3,
        "a blank line does not end a continuation (4)",
        b"FROM a\nRUN x \\\n\xe2\x80\x83\xc2\xa0\nUSER app\n",
        ["1: FROM ['a']", "2-4: RUN ['x USER app']"],
    ),
    Case(
        3,
        "a comment line does not end a continuation (1)",
        b"FROM a\nRUN x \\\n# c\n  # d \\\ny\nUSER app\n",
        ["1: FROM ['a']", "2-5: RUN ['x y']", "6: USER ['app']"],
    ),
    Case(
        3,
        "a comment line does not end a continuation (2)",
        b"FROM a\nRUN x \\\n\xc2\xa0# d\ny\n",
        ["1: FROM ['a']", "2-4: RUN ['x y']"],
    ),
    Case(
        3,
        "a comment as the last line of a continuation (1)",
        b"FROM a\nUSER x \\\n# y",
        ["1: FROM ['a']", "2-3: USER ['x']"],
    ),
    Case(
        3,
        "a comment as the last line of a continuation (2)",
        b"FROM a\nUSER x \\\n# y\n\n",
        ["1: FROM ['a']", "2-4: USER ['x']"],
    ),
    Case(
        4,
        "an escaped backslash does not continue (1)",
        b"FROM a\nUSER app\nRUN echo \\\\\nUSER root\n",
        ["1: FROM ['a']", "2: USER ['app']", "3: RUN ['echo \\\\\\\\']", "4: USER ['root']"],
    ),
    Case(
        4,
        "an escaped backslash does not continue (2)",
        b"FROM a\nRUN echo \\\\\\\nUSER root\n",
        ["1: FROM ['a']", "2: RUN ['echo \\\\\\\\\\\\']", "3: USER ['root']"],
    ),
    Case(
        4,
        "an escaped backslash does not continue (3)",
        b"FROM a\nRUN echo \\\\ \nUSER root\n",
        ["1: FROM ['a']", "2: RUN ['echo \\\\\\\\']", "3: USER ['root']"],
    ),
    Case(
        4,
        "an escaped backslash does not continue (4)",
        b"FROM a\nRUN echo \\ \\\nUSER root\n",
        ["1: FROM ['a']", "2-3: RUN ['echo \\\\ USER root']"],
    ),
    Case(
        5,
        "a backslash and U+00A0 do not continue",
        b"FROM a\nUSER app\nRUN echo \\\xc2\xa0\nUSER root\n",
        ["1: FROM ['a']", "2: USER ['app']", "3: RUN ['echo \\\\']", "4: USER ['root']"],
    ),
    Case(
        5,
        "a backslash and U+000C do not continue",
        b"FROM a\nUSER app\nRUN echo \\\x0c\nUSER root\n",
        ["1: FROM ['a']", "2: USER ['app']", "3: RUN ['echo \\\\']", "4: USER ['root']"],
    ),
    Case(
        5,
        "a backslash and U+000B do not continue",
        b"FROM a\nUSER app\nRUN echo \\\x0b\nUSER root\n",
        ["1: FROM ['a']", "2: USER ['app']", "3: RUN ['echo \\\\']", "4: USER ['root']"],
    ),
    Case(
        5,
        "a backslash and U+2028 do not continue",
        b"FROM a\nUSER app\nRUN echo \\\xe2\x80\xa8\nUSER root\n",
        ["1: FROM ['a']", "2: USER ['app']", "3: RUN ['echo \\\\']", "4: USER ['root']"],
    ),
    Case(
        5,
        "a backslash and U+0085 do not continue",
        b"FROM a\nUSER app\nRUN echo \\\xc2\x85\nUSER root\n",
        ["1: FROM ['a']", "2: USER ['app']", "3: RUN ['echo \\\\']", "4: USER ['root']"],
    ),
    Case(
        5,
        "a backslash and U+2003 do not continue",
        b"FROM a\nUSER app\nRUN echo \\\xe2\x80\x83\nUSER root\n",
        ["1: FROM ['a']", "2: USER ['app']", "3: RUN ['echo \\\\']", "4: USER ['root']"],
    ),
    Case(
        5,
        "a backslash and U+001C do not continue",
        b"FROM a\nUSER app\nRUN echo \\\x1c\nUSER root\n",
        ["1: FROM ['a']", "2: USER ['app']", "3: RUN ['echo \\\\\\x1c']", "4: USER ['root']"],
    ),
    Case(
        5,
        "a backslash and U+FEFF do not continue",
        b"FROM a\nUSER app\nRUN echo \\\xef\xbb\xbf\nUSER root\n",
        ["1: FROM ['a']", "2: USER ['app']", "3: RUN ['echo \\\\\\ufeff']", "4: USER ['root']"],
    ),
    Case(
        5,
        "a backslash and blanks continue (1)",
        b"FROM a\nRUN echo \\ \t \nUSER root\n",
        ["1: FROM ['a']", "2-3: RUN ['echo USER root']"],
    ),
    Case(
        5,
        "a backslash and blanks continue (2)",
        b"FROM a\nRUN echo \\\r\nUSER root\n",
        ["1: FROM ['a']", "2-3: RUN ['echo USER root']"],
    ),
    Case(
        5,
        "a backslash and blanks continue (3)",
        b"FROM a\nRUN echo \\ \r\nUSER root\n",
        ["1: FROM ['a']", "2-3: RUN ['echo USER root']"],
    ),
    Case(
        5,
        "a backslash and blanks continue (4)",
        b"FROM a\nRUN echo \\\r\r\nUSER root\n",
        ["1: FROM ['a']", "2-3: RUN ['echo USER root']"],
    ),
    Case(
        5,
        "a backslash, carriage return and blank do not continue",
        b"FROM a\nRUN echo \\\r \nUSER root\n",
        ["1: FROM ['a']", "2: RUN ['echo \\\\']", "3: USER ['root']"],
    ),
    Case(6, "a keyword over two lines (1)", b"FROM a\nUS\\\nER root\n", ["1: FROM ['a']", "2-3: USER ['root']"]),
    Case(6, "a keyword over two lines (2)", b"FROM a\nUSER\\\n root\n", ["1: FROM ['a']", "2-3: USER ['root']"]),
    Case(6, "a keyword over two lines (3)", b"FR\\\nOM b\nUSER x\n", ["1-2: FROM ['b']", "3: USER ['x']"]),
    Case(6, "a keyword over two lines (4)", b"FROM a\nUS\\\n# c\n\nER root\n", ["1: FROM ['a']", "2-5: USER ['root']"]),
    Case(6, "a keyword over two lines (5)", b"FROM a\nUSER\\\nroot\n", Refused("unknown instruction 'USERROOT'", 2)),
    Case(6, "a line of only a backslash (1)", b"\\\nFROM a\n", ["1-2: FROM ['a']"]),
    Case(6, "a line of only a backslash (2)", b"FROM a\n\\\n\\\nUSER x\n", ["1: FROM ['a']", "2-4: USER ['x']"]),
    Case(6, "a line of only a backslash (3)", b" \\\nFROM a\n", ["1-2: FROM ['a']"]),
    Case(6, "a line of only a backslash (4)", b"FROM a\n\\", Refused("unknown instruction ''", 2)),
    Case(6, "a line of only a backslash (5)", b"FROM a\n\\\n", Refused("unknown instruction ''", 2)),
    Case(
        7,
        "escape is honoured after check",
        b"# check=skip=all\n# escape=`\nFROM a\nUSER app\nRUN dir c:\\\nUSER root\n",
        ["escape `", "3: FROM ['a']", "4: USER ['app']", "5: RUN ['dir c:\\\\']", "6: USER ['root']"],
    ),
    Case(
        7,
        "escape is honoured after syntax",
        b"# syntax=docker/dockerfile:1\n# escape=`\nFROM a\nRUN dir c:\\\nUSER root\n",
        [
            "frontend 'docker/dockerfile:1' line 1",
            "escape `",
            "3: FROM ['a']",
            "4: RUN ['dir c:\\\\']",
            "5: USER ['root']",
        ],
    ),
    Case(
        7,
        "escape with odd writing (1)",
        b"#escape=`\nFROM a\nRUN a `\nb\n",
        ["escape `", "2: FROM ['a']", "3-4: RUN ['a b']"],
    ),
    Case(
        7,
        "escape with odd writing (2)",
        b"#  ESCAPE  =  `  \nFROM a\nRUN a `\nb\n",
        ["escape `", "2: FROM ['a']", "3-4: RUN ['a b']"],
    ),
    Case(
        7,
        "escape with odd writing (3)",
        b" # escape=`\nFROM a\nRUN a `\nb\n",
        ["escape `", "2: FROM ['a']", "3-4: RUN ['a b']"],
    ),
    Case(
        7,
        "escape with odd writing (4)",
        b"#\xc2\xa0escape=`\nFROM a\nRUN a `\nb\n",
        ["escape `", "2: FROM ['a']", "3-4: RUN ['a b']"],
    ),
    Case(
        7, "escape with odd writing (5)", b"# escape=\\\nFROM a\nRUN a \\\nb\n", ["2: FROM ['a']", "3-4: RUN ['a b']"]
    ),
    Case(
        7,
        "escape with odd writing (6)",
        b"#\tescape\t=`\r\nFROM a\r\nRUN a `\r\nb\r\n",
        ["escape `", "2: FROM ['a']", "3-4: RUN ['a b']"],
    ),
    Case(
        7,
        "escape too late is a comment (1)",
        b"# x\n# escape=`\nFROM a\nRUN a `\nUSER b\n",
        ["3: FROM ['a']", "4: RUN ['a `']", "5: USER ['b']"],
    ),
    Case(
        7,
        "escape too late is a comment (2)",
        b"\n# escape=`\nFROM a\nRUN a `\nUSER b\n",
        ["3: FROM ['a']", "4: RUN ['a `']", "5: USER ['b']"],
    ),
    Case(
        7,
        "escape too late is a comment (3)",
        b"FROM a\n# escape=`\nRUN a `\nUSER b\n",
        ["1: FROM ['a']", "3: RUN ['a `']", "4: USER ['b']"],
    ),
    Case(
        7,
        "escape too late is a comment (4)",
        b"# unknown=1\n# escape=`\nFROM a\nRUN a `\nUSER b\n",
        ["3: FROM ['a']", "4: RUN ['a `']", "5: USER ['b']"],
    ),
    Case(
        7,
        "escape too late is a comment (5)",
        b"#!/bin/x\n# escape=`\nFROM a\nRUN a `\nUSER b\n",
        ["3: FROM ['a']", "4: RUN ['a `']", "5: USER ['b']"],
    ),
    Case(
        7,
        "escape too late is a comment (6)",
        b"#\n# escape=`\nFROM a\nRUN a `\nUSER b\n",
        ["3: FROM ['a']", "4: RUN ['a `']", "5: USER ['b']"],
    ),
    Case(
        7,
        "not quite a directive (1)",
        b"# escape\nFROM a\nRUN a `\nUSER b\n",
        ["2: FROM ['a']", "3: RUN ['a `']", "4: USER ['b']"],
    ),
    Case(
        7,
        "not quite a directive (2)",
        b"# escape=\nFROM a\nRUN a `\nUSER b\n",
        ["2: FROM ['a']", "3: RUN ['a `']", "4: USER ['b']"],
    ),
    Case(7, "not quite a directive (3)", b"# escape ` = x\nFROM a\n", ["2: FROM ['a']"]),
    Case(
        7,
        "not quite a directive (4)",
        b"## escape=`\nFROM a\nRUN a `\nUSER b\n",
        ["2: FROM ['a']", "3: RUN ['a `']", "4: USER ['b']"],
    ),
    Case(7, "not quite a directive (5)", b"# e-scape=`\nFROM a\n", ["2: FROM ['a']"]),
    Case(
        7,
        "a backquote escapes a backquote (1)",
        b"# escape=`\nFROM a\nRUN a ``\nUSER b\n",
        ["escape `", "2: FROM ['a']", "3: RUN ['a ``']", "4: USER ['b']"],
    ),
    Case(
        7,
        "a backquote escapes a backquote (2)",
        b'# escape=`\nFROM a\nENV A=`"b c`" D=e\n',
        Refused("ENV: no '=' in 'c`\"'; it must be of the form name=value", 3),
    ),
    Case(8, "a byte order mark is dropped (1)", b"\xef\xbb\xbfFROM a\nUSER b\n", ["1: FROM ['a']", "2: USER ['b']"]),
    Case(
        8,
        "a byte order mark is dropped (2)",
        b"\xef\xbb\xbf# escape=`\nFROM a\nRUN a `\nb\n",
        ["escape `", "2: FROM ['a']", "3-4: RUN ['a b']"],
    ),
    Case(8, "a byte order mark is dropped (3)", b"\xef\xbb\xbf# c\nFROM a\n", ["2: FROM ['a']"]),
    Case(8, "a byte order mark is dropped (4)", b"\xef\xbb\xbf FROM a\n", ["1: FROM ['a']"]),
    Case(
        8,
        "a byte order mark later is text (1)",
        b"\xef\xbb\xbf\xef\xbb\xbfFROM a\n",
        Refused("unknown instruction '�FROM'", 1),
    ),
    Case(
        8,
        "a byte order mark later is text (2)",
        b"FROM a\n\xef\xbb\xbfUSER b\n",
        Refused("unknown instruction '�USER'", 2),
    ),
    Case(
        8,
        "a byte order mark later is text (3)",
        b"FROM a\nUSER \xef\xbb\xbfb\n",
        ["1: FROM ['a']", "2: USER ['\\ufeffb']"],
    ),
    Case(
        9,
        "the file ends inside a continuation (1)",
        b"FROM a\nUSER app\nUSER root \\",
        ["1: FROM ['a']", "2: USER ['app']", "3: USER ['root']"],
    ),
    Case(
        9,
        "the file ends inside a continuation (2)",
        b"FROM a\nUSER app\nUSER root \\\n",
        ["1: FROM ['a']", "2: USER ['app']", "3: USER ['root']"],
    ),
    Case(
        9,
        "the file ends inside a continuation (3)",
        b"FROM a\nUSER root \\\n\n\n",
        ["1: FROM ['a']", "2-4: USER ['root']"],
    ),
    Case(
        9, "the file ends inside a continuation (4)", b"FROM a\nUSER root \\ \t", ["1: FROM ['a']", "2: USER ['root']"]
    ),
    Case(
        10,
        "U+2028 does not end a line",
        b"FROM a\nRUN echo \xe2\x80\xa8USER app\n",
        ["1: FROM ['a']", "2: RUN ['echo \\u2028USER app']"],
    ),
    Case(
        10,
        "U+000D does not end a line",
        b"FROM a\nRUN echo \rUSER app\n",
        ["1: FROM ['a']", "2: RUN ['echo \\rUSER app']"],
    ),
    Case(
        10,
        "U+000B does not end a line",
        b"FROM a\nRUN echo \x0bUSER app\n",
        ["1: FROM ['a']", "2: RUN ['echo \\x0bUSER app']"],
    ),
    Case(
        10,
        "U+000C does not end a line",
        b"FROM a\nRUN echo \x0cUSER app\n",
        ["1: FROM ['a']", "2: RUN ['echo \\x0cUSER app']"],
    ),
    Case(
        10,
        "U+0085 does not end a line",
        b"FROM a\nRUN echo \xc2\x85USER app\n",
        ["1: FROM ['a']", "2: RUN ['echo \\x85USER app']"],
    ),
    Case(
        10,
        "U+001C does not end a line",
        b"FROM a\nRUN echo \x1cUSER app\n",
        ["1: FROM ['a']", "2: RUN ['echo \\x1cUSER app']"],
    ),
    Case(
        10,
        "U+001E does not end a line",
        b"FROM a\nRUN echo \x1eUSER app\n",
        ["1: FROM ['a']", "2: RUN ['echo \\x1eUSER app']"],
    ),
    Case(
        10,
        "U+2029 does not end a line",
        b"FROM a\nRUN echo \xe2\x80\xa9USER app\n",
        ["1: FROM ['a']", "2: RUN ['echo \\u2029USER app']"],
    ),
    Case(
        11,
        "modifiers in FROM stay as written (1)",
        b"ARG B=approved/evil.io/x\nFROM ${B#approved/}\n",
        ["1: ARG ['B=approved/evil.io/x']", "2: FROM ['${B#approved/}']"],
    ),
    Case(
        11, "modifiers in FROM stay as written (2)", b"ARG B\nFROM ${B:-x}\n", ["1: ARG ['B']", "2: FROM ['${B:-x}']"]
    ),
    Case(
        11,
        "modifiers in FROM stay as written (3)",
        b"FROM ${B:+x y}\n",
        Refused("FROM requires either one or three arguments", 1),
    ),
    Case(
        11,
        "modifiers in FROM stay as written (4)",
        b'FROM "${B:-x y}"\n',
        Refused("FROM requires either one or three arguments", 1),
    ),
    Case(
        12,
        "a stage named like an image (1)",
        b"FROM evil AS approved\nFROM approved\n",
        ["1: FROM ['evil', 'AS', 'approved']", "2: FROM ['approved']"],
    ),
    Case(
        12,
        "a stage named like an image (2)",
        b"FROM evil AS scratch\nFROM scratch\n",
        ["1: FROM ['evil', 'AS', 'scratch']", "2: FROM ['scratch']"],
    ),
    Case(12, "names of stages (1)", b"FROM a AS B\n", ["1: FROM ['a', 'AS', 'B']"]),
    Case(12, "names of stages (2)", b"FROM a as b.c-d_e9\n", ["1: FROM ['a', 'as', 'b.c-d_e9']"]),
    Case(
        12,
        "names of stages (3)",
        b"FROM a AS 9b\n",
        Refused("invalid name for build stage '9b': it starts with a letter a", 1),
    ),
    Case(
        12,
        "names of stages (4)",
        b"FROM a AS -b\n",
        Refused("invalid name for build stage '-b': it starts with a letter a", 1),
    ),
    Case(
        12,
        "names of stages (5)",
        b"FROM a AS b/c\n",
        Refused("invalid name for build stage 'b/c': it starts with a letter ", 1),
    ),
    Case(
        12,
        "names of stages (6)",
        b"FROM a AS \xc3\xa9\n",
        Refused("invalid name for build stage 'é': it starts with a letter an", 1),
    ),
    Case(12, "names of stages (7)", b"FROM a A\xc5\xbf b\n", ["1: FROM ['a', 'A\\u017f', 'b']"]),
    Case(12, "names of stages (8)", b"FROM a AS \xe2\x84\xaaa\n", ["1: FROM ['a', 'AS', '\\u212aa']"]),
    Case(12, "names of stages (9)", b"FROM a AS b c\n", Refused("FROM requires either one or three arguments", 1)),
    Case(12, "names of stages (10)", b"FROM a b\n", Refused("FROM requires either one or three arguments", 1)),
    Case(12, "names of stages (11)", b"FROM a IN b\n", Refused("FROM requires either one or three arguments", 1)),
    Case(12, "names of stages (12)", b"FROM a AS\n", Refused("FROM requires either one or three arguments", 1)),
    Case(
        12,
        "names of stages (13)",
        b'FROM a AS "b"\n',
        Refused("invalid name for build stage '\"b\"': it starts with a letter ", 1),
    ),
    Case(
        12,
        "names of stages (14)",
        b"FROM a AS b:c\n",
        Refused("invalid name for build stage 'b:c': it starts with a letter ", 1),
    ),
    Case(
        13,
        "quotes, escapes and variables stay as written (1)",
        b'FROM a\nUSER "root"\n',
        ["1: FROM ['a']", "2: USER ['\"root\"']"],
    ),
    Case(
        13,
        "quotes, escapes and variables stay as written (2)",
        b"FROM a\nUSER ro\\ot\n",
        ["1: FROM ['a']", "2: USER ['ro\\\\ot']"],
    ),
    Case(
        13,
        "quotes, escapes and variables stay as written (3)",
        b"FROM a\nUSER $UNSET\n",
        ["1: FROM ['a']", "2: USER ['$UNSET']"],
    ),
    Case(
        13,
        "quotes, escapes and variables stay as written (4)",
        b"FROM a\nUSER app # c\n",
        ["1: FROM ['a']", "2: USER ['app # c']"],
    ),
    Case(
        13,
        "quotes, escapes and variables stay as written (5)",
        b"FROM a\nUSER\tapp  x \n",
        ["1: FROM ['a']", "2: USER ['app  x']"],
    ),
    Case(
        13,
        "quotes, escapes and variables stay as written (6)",
        b'FROM a\nUSER ""\n',
        ["1: FROM ['a']", "2: USER ['\"\"']"],
    ),
    Case(
        13,
        "quotes, escapes and variables stay as written (7)",
        b'FROM a\nWORKDIR "/a b"\n',
        ["1: FROM ['a']", "2: WORKDIR ['\"/a b\"']"],
    ),
    Case(
        14,
        "quotes and escapes in flags go (1)",
        b'FROM a\nCOPY --fr\\om="evil.io/x" /a /b\n',
        ["1: FROM ['a']", "2: COPY '--from=evil.io/x' ['/a', '/b']"],
    ),
    Case(
        14,
        "quotes and escapes in flags go (2)",
        b"FROM a\nCOPY --from='x y' /a /b\n",
        ["1: FROM ['a']", "2: COPY '--from=x y' ['/a', '/b']"],
    ),
    Case(
        14,
        "quotes and escapes in flags go (3)",
        b'FROM a\nCOPY --"from"=x /a /b\n',
        ["1: FROM ['a']", "2: COPY '--from=x' ['/a', '/b']"],
    ),
    Case(
        14,
        "quotes and escapes in flags go (4)",
        b'FROM a\nCOPY "--from=x" /a /b\n',
        ["1: FROM ['a']", "2: COPY ['\"--from=x\"', '/a', '/b']"],
    ),
    Case(
        14,
        "quotes and escapes in flags go (5)",
        b"FROM a\nCOPY \\--from=x /a /b\n",
        ["1: FROM ['a']", "2: COPY ['\\\\--from=x', '/a', '/b']"],
    ),
    Case(
        14,
        "quotes and escapes in flags go (6)",
        b"FROM a\nCOPY --from=x\\ y /a /b\n",
        ["1: FROM ['a']", "2: COPY '--from=x y' ['/a', '/b']"],
    ),
    Case(
        14,
        "quotes and escapes in flags go (7)",
        b'FROM a\nCOPY --from="a\'b" /a /b\n',
        ["1: FROM ['a']", "2: COPY \"--from=a'b\" ['/a', '/b']"],
    ),
    Case(
        14,
        "quotes and escapes in flags go (8)",
        b"FROM a\nCOPY --from='a\\'b' /a /b\n",
        ["1: FROM ['a']", "2: COPY \"--from=a'b\" ['/a', '/b']"],
    ),
    Case(
        14,
        "a bare -- ends the flags (1)",
        b"FROM a\nCOPY -- --from=x /b\n",
        ["1: FROM ['a']", "2: COPY ['--from=x', '/b']"],
    ),
    Case(
        14,
        "a bare -- ends the flags (2)",
        b"FROM a\nCOPY --link -- --from=x /b\n",
        ["1: FROM ['a']", "2: COPY '--link' ['--from=x', '/b']"],
    ),
    Case(14, "a bare -- ends the flags (3)", b"FROM a\nRUN -- --mount=x\n", ["1: FROM ['a']", "2: RUN ['--mount=x']"]),
    Case(14, "a bare -- ends the flags (4)", b"FROM a\nRUN --\n", ["1: FROM ['a']", "2: RUN []"]),
    Case(
        14,
        "flags end at the first other word (1)",
        b"FROM a\nCOPY /a --from=x /b\n",
        ["1: FROM ['a']", "2: COPY ['/a', '--from=x', '/b']"],
    ),
    Case(
        14,
        "flags end at the first other word (2)",
        b"FROM a\nRUN -x --mount=type=tmpfs,target=/a\n",
        ["1: FROM ['a']", "2: RUN ['-x --mount=type=tmpfs,target=/a']"],
    ),
    Case(
        14,
        "flags are read by bytes (1)",
        b"FROM a\nCOPY --from=\xc3\xa9 /a /b\n",
        ["1: FROM ['a']", "2: COPY '--from=Ã©' ['/a', '/b']"],
    ),
    Case(
        14,
        "flags are read by bytes (2)",
        b"FROM a\nCOPY --from=x\xc3\xa0 /a /b\n",
        ["1: FROM ['a']", "2: COPY '--from=xÃ' ['/a', '/b']"],
    ),
    Case(
        14,
        "flags are read by bytes (3)",
        b'FROM a\nCOPY --from="\xc3\xa0" /a /b\n',
        ["1: FROM ['a']", "2: COPY '--from=Ã\\xa0' ['/a', '/b']"],
    ),
    Case(
        14,
        "flags are read by bytes (4)",
        b"FROM a\nCOPY --from=\xff /a /b\n",
        ["1: FROM ['a']", "2: COPY '--from=ÿ' ['/a', '/b']"],
    ),
    Case(
        14,
        "flags are read by bytes (5)",
        b"FROM a\nCOPY --from=\xf0\x9f\xa0\xa0 /a /b\n",
        ["1: FROM ['a']", "2: COPY '--from=ð\\x9f' ['/a', '/b']"],
    ),
    Case(
        14,
        "an open quote in a flag reaches to the end (1)",
        b'FROM a\nCOPY --from="x /a /b\n',
        Refused("COPY requires at least two arguments: sources and a destination", 2),
    ),
    Case(
        14,
        "an open quote in a flag reaches to the end (2)",
        b'FROM a\nRUN --mount="type=cache,target=/a b\n',
        ["1: FROM ['a']", "2: RUN '--mount=type=cache,target=/a b' []"],
    ),
    Case(14, "a flag alone (1)", b"FROM --platform=x\n", Refused("FROM requires either one or three arguments", 1)),
    Case(14, "a flag alone (2)", b"FROM a\nRUN --network=none\n", ["1: FROM ['a']", "2: RUN '--network=none' []"]),
    Case(
        14,
        "a flag over two lines (1)",
        b"FROM a\nCOPY --fr\\\nom=x /a /b\n",
        ["1: FROM ['a']", "2-3: COPY '--from=x' ['/a', '/b']"],
    ),
    Case(
        14,
        "a flag over two lines (2)",
        b"FROM a\nCOPY --from=x \\\n  --chown=1 /a /b\n",
        ["1: FROM ['a']", "2-3: COPY '--from=x' '--chown=1' ['/a', '/b']"],
    ),
    Case(
        14,
        "flags under ONBUILD (1)",
        b"FROM a\nONBUILD COPY --fr\\om=x /a /b\n",
        ["1: FROM ['a']", "2: ONBUILD COPY '--from=x' ['/a', '/b']"],
    ),
    Case(14, "flags under ONBUILD (2)", b"FROM a\nONBUILD --x COPY a b\n", Refused("ONBUILD has no flag --x", 2)),
    Case(
        14,
        "flags with the other escape character",
        b"# escape=`\nFROM a\nCOPY --fr`om=c:\\x a b\n",
        ["escape `", "2: FROM ['a']", "3: COPY '--from=c:\\\\x' ['a', 'b']"],
    ),
    Case(
        15,
        "ONBUILD keeps its instruction apart (1)",
        b"FROM a AS x\nONBUILD USER root\nUSER app\nFROM x\n",
        ["1: FROM ['a', 'AS', 'x']", "2: ONBUILD USER ['root']", "3: USER ['app']", "4: FROM ['x']"],
    ),
    Case(
        15,
        "ONBUILD keeps its instruction apart (2)",
        b'FROM a\nONBUILD run ["a", "b"]\n',
        ["1: FROM ['a']", "2: ONBUILD RUN exec ['a', 'b']"],
    ),
    Case(
        15,
        "ONBUILD keeps its instruction apart (3)",
        b"FROM a\nONBUILD ENV A=1 B=2\n",
        ["1: FROM ['a']", "2: ONBUILD ENV ['A', '1', 'B', '2']"],
    ),
    Case(
        15,
        "ONBUILD keeps its instruction apart (4)",
        b"FROM a\nONBUILD HEALTHCHECK NONE\n",
        ["1: FROM ['a']", "2: ONBUILD HEALTHCHECK ['NONE']"],
    ),
    Case(
        15, "ONBUILD keeps its instruction apart (5)", b"FROM a\nONBUILD\tCMD\n", ["1: FROM ['a']", "2: ONBUILD CMD []"]
    ),
    Case(
        15,
        "ONBUILD keeps its instruction apart (6)",
        b"FROM a\nONBUILD NOPE x\n",
        ["1: FROM ['a']", "2: ONBUILD NOPE []"],
    ),
    Case(
        15,
        "ONBUILD keeps its instruction apart (7)",
        b"FROM a\nONBUILD COPY a\n",
        ["1: FROM ['a']", "2: ONBUILD COPY ['a']"],
    ),
    Case(
        15,
        "triggers that are not allowed (1)",
        b"FROM a\nONBUILD\n",
        Refused("ONBUILD requires at least one argument", 2),
    ),
    Case(
        15,
        "triggers that are not allowed (2)",
        b"FROM a\nONBUILD ONBUILD RUN x\n",
        Refused("ONBUILD is not allowed as an ONBUILD trigger", 2),
    ),
    Case(
        15,
        "triggers that are not allowed (3)",
        b"FROM a\nONBUILD FROM b\n",
        Refused("FROM is not allowed as an ONBUILD trigger", 2),
    ),
    Case(
        15,
        "triggers that are not allowed (4)",
        b"FROM a\nONBUILD MAINTAINER b\n",
        Refused("MAINTAINER is not allowed as an ONBUILD trigger", 2),
    ),
    Case(
        15,
        "triggers that are not allowed (5)",
        b"FROM a\nonbuild onbuild onbuild user x\n",
        Refused("ONBUILD is not allowed as an ONBUILD trigger", 2),
    ),
    Case(
        15,
        "triggers that are not allowed (6)",
        b"FROM a\nONBUILD ONBU\xc4\xb1LD x\n",
        Refused("ONBUILD is not allowed as an ONBUILD trigger", 2),
    ),
    Case(
        15,
        "BuildKit does not recognise every forbidden trigger",
        "FROM a\nONBUILD MA\u0130NTAINER x\n".encode(),
        ["1: FROM ['a']", "2: ONBUILD MAINTAINER ['x']"],
    ),
    Case(
        16,
        "lists of ARG (1)",
        b"ARG A=evil\nARG B=$A/x\nFROM $B\n",
        ["1: ARG ['A=evil']", "2: ARG ['B=$A/x']", "3: FROM ['$B']"],
    ),
    Case(16, "lists of ARG (2)", b"ARG A B=evil.io/y\nFROM $B\n", ["1: ARG ['A', 'B=evil.io/y']", "2: FROM ['$B']"]),
    Case(
        16,
        "lists of ARG (3)",
        b"FROM a\nARG A=\"b c\" D='e f' G\n",
        ["1: FROM ['a']", "2: ARG ['A=\"b c\"', \"D='e f'\", 'G']"],
    ),
    Case(16, "lists of ARG (4)", b"FROM a\nARG A=b\\ c D\n", ["1: FROM ['a']", "2: ARG ['A=b\\\\ c', 'D']"]),
    Case(16, "lists of ARG (5)", b'FROM a\nARG "A=b c"\n', ["1: FROM ['a']", "2: ARG ['\"A=b c\"']"]),
    Case(16, "lists of ARG (6)", b"FROM a\nARG A=\n", ["1: FROM ['a']", "2: ARG ['A=']"]),
    Case(16, "lists of ARG (7)", b"FROM a\nARG --x A\n", ["1: FROM ['a']", "2: ARG '--x' ['A']"]),
    Case(16, "lists of ARG (8)", b"FROM a\nARG A='b c\n", ["1: FROM ['a']", '2: ARG ["A=\'b c"]']),
    Case(16, "lists of ARG (9)", b"FROM a\nARG A=b\\\\\n", ["1: FROM ['a']", "2: ARG ['A=b\\\\\\\\']"]),
    Case(17, "platform arguments stay as written (1)", b"FROM img-$TARGETARCH\n", ["1: FROM ['img-$TARGETARCH']"]),
    Case(
        17,
        "platform arguments stay as written (2)",
        b"FROM --platform=$BUILDPLATFORM img\n",
        ["1: FROM '--platform=$BUILDPLATFORM' ['img']"],
    ),
    Case(
        18, "exec form is decoded (1)", b'FROM a\nCMD ["a", \\\n "b"]\n', ["1: FROM ['a']", "2-3: CMD exec ['a', 'b']"]
    ),
    Case(
        18, "exec form is decoded (2)", b'FROM a\nCOPY ["a b","/c"]\n', ["1: FROM ['a']", "2: COPY exec ['a b', '/c']"]
    ),
    Case(18, "exec form is decoded (3)", b"FROM a\nCMD [ ]\n", ["1: FROM ['a']", "2: CMD exec []"]),
    Case(18, "exec form is decoded (4)", b"FROM a\nENTRYPOINT []\n", ["1: FROM ['a']", "2: ENTRYPOINT exec []"]),
    Case(
        18,
        "exec form is decoded (5)",
        b'FROM a\nCMD ["\\u0041\\n\\"\\\\"]\n',
        ["1: FROM ['a']", "2: CMD exec ['A\\n\"\\\\']"],
    ),
    Case(
        18,
        "exec form is decoded (6)",
        b'FROM a\nCMD ["\\ud83d\\ude00", "\\ud83d"]\n',
        ["1: FROM ['a']", "2: CMD exec ['\\U0001f600', '\\ufffd']"],
    ),
    Case(
        18,
        "exec form is decoded (7)",
        b'FROM a\nSHELL ["/bin/bash","-c"]\n',
        ["1: FROM ['a']", "2: SHELL exec ['/bin/bash', '-c']"],
    ),
    Case(
        18,
        "exec form is decoded (8)",
        b'FROM a\nVOLUME ["/a", "/b c"]\n',
        ["1: FROM ['a']", "2: VOLUME exec ['/a', '/b c']"],
    ),
    Case(
        18, "exec form is decoded (9)", b'FROM a\nRUN\t[ "a" , "b" ]\t\n', ["1: FROM ['a']", "2: RUN exec ['a', 'b']"]
    ),
    Case(18, "exec form is decoded (10)", b'FROM a\nCMD ["\xff"]\n', ["1: FROM ['a']", "2: CMD exec ['\\ufffd']"]),
    Case(
        18,
        "exec form is decoded (11)",
        b'FROM a\nHEALTHCHECK CMD ["a","b"]\n',
        ["1: FROM ['a']", "2: HEALTHCHECK exec ['CMD', 'a', 'b']"],
    ),
    Case(18, "broken JSON is shell form (1)", b"FROM a\nCMD ['a']\n", ["1: FROM ['a']", "2: CMD [\"['a']\"]"]),
    Case(18, "broken JSON is shell form (2)", b'FROM a\nCMD ["a"\n', ["1: FROM ['a']", "2: CMD ['[\"a\"']"]),
    Case(18, "broken JSON is shell form (3)", b'FROM a\nCMD ["a"] x\n', ["1: FROM ['a']", "2: CMD ['[\"a\"] x']"]),
    Case(18, "broken JSON is shell form (4)", b'FROM a\nCMD ["a",]\n', ["1: FROM ['a']", "2: CMD ['[\"a\",]']"]),
    Case(18, "broken JSON is shell form (5)", b"FROM a\nCMD [NaN]\n", ["1: FROM ['a']", "2: CMD ['[NaN]']"]),
    Case(18, "broken JSON is shell form (6)", b"FROM a\nCMD [1e999]\n", ["1: FROM ['a']", "2: CMD ['[1e999]']"]),
    Case(18, "broken JSON is shell form (7)", b'FROM a\nCMD ["\\x"]\n', ["1: FROM ['a']", "2: CMD ['[\"\\\\x\"]']"]),
    Case(18, "broken JSON is shell form (8)", b'FROM a\nCMD ["\t"]\n', ["1: FROM ['a']", "2: CMD ['[\"\\t\"]']"]),
    Case(18, "broken JSON is shell form (9)", b"FROM a\nCMD [a]\n", ["1: FROM ['a']", "2: CMD ['[a]']"]),
    Case(
        18,
        "broken JSON is shell form (10)",
        b'FROM a\nCOPY ["a", b] /c\n',
        ["1: FROM ['a']", "2: COPY ['[\"a\",', 'b]', '/c']"],
    ),
    Case(
        18,
        "broken JSON is shell form (11)",
        b'FROM a\nCMD\xc2\xa0["a"]\n',
        Refused("unknown instruction 'CMD�[\"a\"]'", 2),
    ),
    Case(
        18, "broken JSON is shell form (12)", b'FROM a\nCMD \xe2\x80\x83["a"]\n', ["1: FROM ['a']", "2: CMD exec ['a']"]
    ),
    Case(
        18,
        "broken JSON is shell form (13)",
        b"FROM a\nRUN [ -f x ] && y\n",
        ["1: FROM ['a']", "2: RUN ['[ -f x ] && y']"],
    ),
    Case(18, "broken JSON is shell form (14)", b"FROM a\nCMD [01]\n", ["1: FROM ['a']", "2: CMD ['[01]']"]),
    Case(18, "broken JSON is shell form (15)", b"FROM a\nCMD [-]\n", ["1: FROM ['a']", "2: CMD ['[-]']"]),
    Case(
        18,
        "JSON of other things than strings (1)",
        b'FROM a\nCMD ["a",["b"]]\n',
        Refused("when using JSON array syntax, arrays must be comprised of strings only", 2),
    ),
    Case(
        18,
        "JSON of other things than strings (2)",
        b"FROM a\nCMD [1]\n",
        Refused("when using JSON array syntax, arrays must be comprised of strings only", 2),
    ),
    Case(
        18,
        "JSON of other things than strings (3)",
        b"FROM a\nCMD [null]\n",
        Refused("when using JSON array syntax, arrays must be comprised of strings only", 2),
    ),
    Case(
        18,
        "JSON of other things than strings (4)",
        b"FROM a\nRUN [true]\n",
        Refused("when using JSON array syntax, arrays must be comprised of strings only", 2),
    ),
    Case(
        18,
        "JSON of other things than strings (5)",
        b'FROM a\nCOPY ["a",{}]\n',
        Refused("when using JSON array syntax, arrays must be comprised of strings only", 2),
    ),
    Case(
        18,
        "JSON of other things than strings (6)",
        b"FROM a\nONBUILD CMD [1]\n",
        Refused("when using JSON array syntax, arrays must be comprised of strings only", 2),
    ),
    Case(
        18,
        "JSON of other things than strings (7)",
        b"FROM a\nHEALTHCHECK CMD [1]\n",
        Refused("when using JSON array syntax, arrays must be comprised of strings only", 2),
    ),
    Case(
        18,
        "JSON of other things than strings (8)",
        b"FROM a\nSHELL [1]\n",
        Refused("when using JSON array syntax, arrays must be comprised of strings only", 2),
    ),
    Case(
        19, "bad directives (1)", b"# escape=x\nFROM a\n", Refused("invalid escape directive 'x': it takes \\ or `", 1)
    ),
    Case(
        19,
        "bad directives (2)",
        b"# escape=\\\\\nFROM a\n",
        Refused("invalid escape directive '\\\\': it takes \\ or `", 1),
    ),
    Case(
        19,
        "bad directives (3)",
        b"# escape=`\n# escape=`\nFROM a\n",
        Refused("only one escape parser directive can be used", 2),
    ),
    Case(
        19,
        "bad directives (4)",
        b"# syntax=a\n# syntax=b\nFROM a\n",
        Refused("only one syntax parser directive can be used", 2),
    ),
    Case(
        19,
        "bad directives (5)",
        b"# check=skip=all\n# check=skip=all\nFROM a\n",
        Refused("only one check parser directive can be used", 2),
    ),
    Case(
        19, "bad directives (6)", b"# escape=  \nFROM a\n", Refused("invalid escape directive ' ': it takes \\ or `", 1)
    ),
    Case(
        19,
        "comments at the end of a line are arguments (1)",
        b"FROM img # c\n",
        Refused("FROM requires either one or three arguments", 1),
    ),
    Case(
        19,
        "comments at the end of a line are arguments (2)",
        b"FROM a\nENV A=1 # c\n",
        Refused("ENV: no '=' in '#'; it must be of the form name=value", 2),
    ),
    Case(
        19,
        "comments at the end of a line are arguments (3)",
        b"FROM a\nEXPOSE 80 # c\n",
        ["1: FROM ['a']", "2: EXPOSE ['80', '#', 'c']"],
    ),
    Case(
        19,
        "comments at the end of a line are arguments (4)",
        b"FROM a\nWORKDIR /a # c\n",
        ["1: FROM ['a']", "2: WORKDIR ['/a # c']"],
    ),
    Case(19, "unknown instructions (1)", b"FROM a\nNOPE x\n", Refused("unknown instruction 'NOPE'", 2)),
    Case(19, "unknown instructions (2)", b"FROM a\nUSERapp\n", Refused("unknown instruction 'USERAPP'", 2)),
    Case(19, "unknown instructions (3)", b'FROM a\n"USER" x\n', Refused("unknown instruction '\"USER\"'", 2)),
    Case(19, "unknown instructions (4)", b"FROM a\n{}\n", Refused("unknown instruction '{}'", 2)),
    Case(19, "unknown instructions (5)", b"FROM a\nRUN: x\n", Refused("unknown instruction 'RUN:'", 2)),
    Case(19, "unknown instructions (6)", b"FROM a\nU\xc5\xbfER x\n", Refused("unknown instruction 'UſER'", 2)),
    Case(19, "keywords in any case (1)", b"from a\nUser b\n", ["1: FROM ['a']", "2: USER ['b']"]),
    Case(19, "keywords in any case (2)", b"FROM a\nWOR\xe2\x84\xaaDIR /a\n", ["1: FROM ['a']", "2: WORKDIR ['/a']"]),
    Case(19, "keywords in any case (3)", b"FROM a\nENTRYPO\xc4\xb0NT x\n", ["1: FROM ['a']", "2: ENTRYPOINT ['x']"]),
    Case(19, "unknown and repeated flags (1)", b"FROM --PLATFORM=x a\n", Refused("FROM has no flag --PLATFORM", 1)),
    Case(
        19,
        "unknown and repeated flags (2)",
        b"FROM --platform=x --platform=y a\n",
        Refused("FROM takes --platform once", 1),
    ),
    Case(19, "unknown and repeated flags (3)", b"FROM --platform a\n", Refused("FROM --platform needs a value", 1)),
    Case(19, "unknown and repeated flags (4)", b"FROM a\nCOPY --form=x a b\n", Refused("COPY has no flag --form", 2)),
    Case(
        19,
        "unknown and repeated flags (5)",
        b"FROM a\nCOPY --from=x --from=y a b\n",
        Refused("COPY takes --from once", 2),
    ),
    Case(
        19,
        "unknown and repeated flags (6)",
        b"FROM a\nCOPY --exclude=a --exclude=b a b\n",
        ["1: FROM ['a']", "2: COPY '--exclude=a' '--exclude=b' ['a', 'b']"],
    ),
    Case(19, "unknown and repeated flags (7)", b"FROM a\nUSER --x app\n", Refused("USER has no flag --x", 2)),
    Case(19, "unknown and repeated flags (8)", b"FROM a\nRUN --mount a\n", Refused("RUN --mount needs a value", 2)),
    Case(
        19,
        "unknown and repeated flags (9)",
        b"FROM a\nCOPY --link=yes a b\n",
        Refused("COPY --link takes true or false, not 'yes'", 2),
    ),
    Case(
        19,
        "unknown and repeated flags (10)",
        b"FROM a\nCOPY --link=TRUE a b\n",
        ["1: FROM ['a']", "2: COPY '--link=TRUE' ['a', 'b']"],
    ),
    Case(
        19,
        "unknown and repeated flags (11)",
        b"FROM a\nCOPY --link= a b\n",
        Refused("COPY --link takes true or false, not ''", 2),
    ),
    Case(19, "unknown and repeated flags (12)", b"FROM a\nADD --from=x a b\n", Refused("ADD has no flag --from", 2)),
    Case(19, "unknown and repeated flags (13)", b"FROM a\nCMD --x a\n", Refused("CMD has no flag --x", 2)),
    Case(19, "unknown and repeated flags (14)", b"FROM a\nENV --x A=1\n", Refused("ENV has no flag --x", 2)),
    Case(
        19,
        "unknown and repeated flags (15)",
        b"FROM a\nSTOPSIGNAL --x 9\n",
        ["1: FROM ['a']", "2: STOPSIGNAL '--x' ['9']"],
    ),
    Case(19, "unknown and repeated flags (16)", b"FROM a\nONBUILD --x RUN a\n", Refused("ONBUILD has no flag --x", 2)),
    Case(19, "unknown and repeated flags (17)", b"FROM a\nCOPY --= a b\n", Refused("COPY has no flag --", 2)),
    Case(
        19,
        "flags whose values are checked (1)",
        b"FROM a\nRUN --network=bridge a\n",
        Refused("RUN --network takes default, none or host, not 'bridge'", 2),
    ),
    Case(
        19,
        "flags whose values are checked (2)",
        b"FROM a\nRUN --security=none a\n",
        Refused("RUN --security takes sandbox or insecure, not 'none'", 2),
    ),
    Case(
        19,
        "flags whose values are checked (3)",
        b"FROM a\nRUN --security=insecure a\n",
        ["1: FROM ['a']", "2: RUN '--security=insecure' ['a']"],
    ),
    Case(
        19,
        "flags whose values are checked (4)",
        b"FROM a\nRUN --mount= a\n",
        Refused("a list of key=value pairs is empty", 2),
    ),
    Case(
        19,
        "flags whose values are checked (5)",
        b"FROM a\nRUN --mount=type=bind,from=$x,target=/a a\n",
        Refused("RUN --mount 'from' takes no variables; name a stage instead", 2),
    ),
    Case(
        19,
        "flags whose values are checked (6)",
        b"FROM a\nRUN --mount=type=bind,from=x$,target=/a a\n",
        ["1: FROM ['a']", "2: RUN '--mount=type=bind,from=x$,target=/a' ['a']"],
    ),
    Case(
        19,
        "flags whose values are checked (7)",
        b"FROM a\nRUN --mount='type=cache,\"target=/a,b\"' a\n",
        ["1: FROM ['a']", "2: RUN '--mount=type=cache,\"target=/a,b\"' ['a']"],
    ),
    Case(
        19,
        "flags whose values are checked (8)",
        b"FROM a\nRUN --mount='type=\"cache\"' a\n",
        Refused("a quote inside a field of 'type=\"cache\"'", 2),
    ),
    Case(
        19,
        "flags whose values are checked (9)",
        b"FROM a\nRUN --mount='\"type=cache\"x' a\n",
        Refused("text after a closing quote in '\"type=cache\"x'", 2),
    ),
    Case(
        19,
        "flags whose values are checked (10)",
        b"FROM a\nRUN --mount='\"type' a\n",
        Refused("a quote is not closed in '\"type'", 2),
    ),
    Case(
        19,
        "flags whose values are checked (11)",
        b"FROM a\nRUN --device=v.com/d=x a\n",
        ["1: FROM ['a']", "2: RUN '--device=v.com/d=x' ['a']"],
    ),
    Case(
        19,
        "flags whose values are checked (12)",
        b"FROM a\nRUN --device=v.com/d=x,required=maybe a\n",
        Refused("RUN --device required takes true or false, not 'maybe'", 2),
    ),
    Case(
        19,
        "flags whose values are checked (13)",
        b"FROM a\nRUN --device=a,name=b a\n",
        Refused("RUN --device has a name already: a", 2),
    ),
    Case(
        19,
        "flags whose values are checked (14)",
        b"FROM a\nRUN --device=a,b a\n",
        Refused("RUN --device does not know 'b'", 2),
    ),
    Case(
        19,
        "flags whose values are checked (15)",
        b"FROM a\nRUN --device=a,required a\n",
        ["1: FROM ['a']", "2: RUN '--device=a,required' ['a']"],
    ),
    Case(19, "too few or too many arguments (1)", b"FROM a\nUSER\n", Refused("USER requires exactly one argument", 2)),
    Case(19, "too few or too many arguments (2)", b"FROM\n", Refused("FROM requires either one or three arguments", 1)),
    Case(
        19,
        "too few or too many arguments (3)",
        b"FROM a b\n",
        Refused("FROM requires either one or three arguments", 1),
    ),
    Case(
        19,
        "too few or too many arguments (4)",
        b"FROM a AS b c\n",
        Refused("FROM requires either one or three arguments", 1),
    ),
    Case(
        19,
        "too few or too many arguments (5)",
        b"FROM a\nWORKDIR\n",
        Refused("WORKDIR requires exactly one argument", 2),
    ),
    Case(19, "too few or too many arguments (6)", b"FROM a\nENV\n", Refused("ENV requires at least one argument", 2)),
    Case(19, "too few or too many arguments (7)", b"FROM a\nENV A\n", Refused("ENV must have two arguments", 2)),
    Case(
        19,
        "too few or too many arguments (8)",
        b"FROM a\nENV A=1 B\n",
        Refused("ENV: no '=' in 'B'; it must be of the form name=value", 2),
    ),
    Case(19, "too few or too many arguments (9)", b"FROM a\nENV =1\n", Refused("ENV names can not be blank", 2)),
    Case(
        19, "too few or too many arguments (10)", b"FROM a\nLABEL\n", Refused("LABEL requires at least one argument", 2)
    ),
    Case(19, "too few or too many arguments (11)", b"FROM a\nLABEL a\n", Refused("LABEL must have two arguments", 2)),
    Case(19, "too few or too many arguments (12)", b"FROM a\nARG\n", Refused("ARG requires at least one argument", 2)),
    Case(19, "too few or too many arguments (13)", b"FROM a\nARG =1\n", Refused("ARG names can not be blank", 2)),
    Case(
        19,
        "too few or too many arguments (14)",
        b"FROM a\nCOPY a\n",
        Refused("COPY requires at least two arguments: sources and a destination", 2),
    ),
    Case(
        19,
        "too few or too many arguments (15)",
        b'FROM a\nCOPY ["a"]\n',
        Refused("COPY requires at least two arguments: sources and a destination", 2),
    ),
    Case(
        19,
        "too few or too many arguments (16)",
        b"FROM a\nADD\n",
        Refused("ADD requires at least two arguments: sources and a destination", 2),
    ),
    Case(
        19,
        "too few or too many arguments (17)",
        b"FROM a\nEXPOSE\n",
        Refused("EXPOSE requires at least one argument", 2),
    ),
    Case(
        19,
        "too few or too many arguments (18)",
        b"FROM a\nVOLUME\n",
        Refused("VOLUME requires at least one argument", 2),
    ),
    Case(
        19,
        "too few or too many arguments (19)",
        b"FROM a\nVOLUME []\n",
        Refused("VOLUME requires at least one argument", 2),
    ),
    Case(19, "too few or too many arguments (20)", b'FROM a\nVOLUME [""]\n', Refused("VOLUME takes no empty names", 2)),
    Case(
        19, "too few or too many arguments (21)", b'FROM a\nVOLUME [" "]\n', Refused("VOLUME takes no empty names", 2)
    ),
    Case(
        19,
        "too few or too many arguments (22)",
        b"FROM a\nSTOPSIGNAL\n",
        Refused("STOPSIGNAL requires exactly one argument", 2),
    ),
    Case(
        19, "too few or too many arguments (23)", b"FROM a\nSHELL\n", Refused("SHELL requires at least one argument", 2)
    ),
    Case(
        19,
        "too few or too many arguments (24)",
        b"FROM a\nSHELL []\n",
        Refused("SHELL requires at least one argument", 2),
    ),
    Case(
        19,
        "too few or too many arguments (25)",
        b"FROM a\nSHELL bash -c\n",
        Refused("SHELL requires the arguments to be in JSON form", 2),
    ),
    Case(
        19,
        "too few or too many arguments (26)",
        b"FROM a\nMAINTAINER\n",
        Refused("MAINTAINER requires exactly one argument", 2),
    ),
    Case(19, "too few or too many arguments (27)", b"FROM a\nRUN\n", ["1: FROM ['a']", "2: RUN []"]),
    Case(19, "too few or too many arguments (28)", b"FROM a\nCMD\n", ["1: FROM ['a']", "2: CMD []"]),
    Case(19, "too few or too many arguments (29)", b"FROM a\nENTRYPOINT\n", ["1: FROM ['a']", "2: ENTRYPOINT []"]),
    Case(19, "HEALTHCHECK (1)", b"FROM a\nHEALTHCHECK\n", Refused("HEALTHCHECK requires at least one argument", 2)),
    Case(19, "HEALTHCHECK (2)", b"FROM a\nHEALTHCHECK NONE\n", ["1: FROM ['a']", "2: HEALTHCHECK ['NONE']"]),
    Case(19, "HEALTHCHECK (3)", b"FROM a\nHEALTHCHECK none x\n", Refused("HEALTHCHECK NONE takes no arguments", 2)),
    Case(19, "HEALTHCHECK (4)", b"FROM a\nHEALTHCHECK --x NONE\n", ["1: FROM ['a']", "2: HEALTHCHECK '--x' ['NONE']"]),
    Case(19, "HEALTHCHECK (5)", b"FROM a\nHEALTHCHECK CMD\n", Refused("HEALTHCHECK CMD needs a command", 2)),
    Case(19, "HEALTHCHECK (6)", b"FROM a\nHEALTHCHECK CMD a  b\n", ["1: FROM ['a']", "2: HEALTHCHECK ['CMD', 'a  b']"]),
    Case(19, "HEALTHCHECK (7)", b"FROM a\nHEALTHCHECK cmd a\n", ["1: FROM ['a']", "2: HEALTHCHECK ['cmd', 'a']"]),
    Case(
        19,
        "HEALTHCHECK (8)",
        b"FROM a\nHEALTHCHECK RUN a\n",
        Refused("unknown type 'RUN' in HEALTHCHECK: it takes CMD or NONE", 2),
    ),
    Case(
        19,
        "HEALTHCHECK (9)",
        b"FROM a\nHEALTHCHECK --interval=1m30s --timeout=1.5s --retries=3 CMD a\n",
        ["1: FROM ['a']", "2: HEALTHCHECK '--interval=1m30s' '--timeout=1.5s' '--retries=3' ['CMD', 'a']"],
    ),
    Case(
        19,
        "HEALTHCHECK (10)",
        b"FROM a\nHEALTHCHECK --interval=5 CMD a\n",
        Refused("HEALTHCHECK --interval takes a duration such as 30s, not '5'", 2),
    ),
    Case(
        19,
        "HEALTHCHECK (11)",
        b"FROM a\nHEALTHCHECK --interval=0 CMD a\n",
        ["1: FROM ['a']", "2: HEALTHCHECK '--interval=0' ['CMD', 'a']"],
    ),
    Case(
        19,
        "HEALTHCHECK (12)",
        b"FROM a\nHEALTHCHECK --interval=1us CMD a\n",
        Refused("HEALTHCHECK --interval cannot be less than 1ms", 2),
    ),
    Case(
        19,
        "HEALTHCHECK (13)",
        b"FROM a\nHEALTHCHECK --interval=-1s CMD a\n",
        Refused("HEALTHCHECK --interval cannot be less than 1ms", 2),
    ),
    Case(
        19,
        "HEALTHCHECK (14)",
        b"FROM a\nHEALTHCHECK --interval= CMD a\n",
        ["1: FROM ['a']", "2: HEALTHCHECK '--interval=' ['CMD', 'a']"],
    ),
    Case(
        19,
        "HEALTHCHECK (15)",
        b"FROM a\nHEALTHCHECK --retries=x CMD a\n",
        Refused("HEALTHCHECK --retries takes a number, not 'x'", 2),
    ),
    Case(
        19,
        "HEALTHCHECK (16)",
        b"FROM a\nHEALTHCHECK --retries=-1 CMD a\n",
        Refused("HEALTHCHECK --retries takes a number, not '-1'", 2),
    ),
    Case(
        19,
        "HEALTHCHECK (17)",
        b"FROM a\nHEALTHCHECK --retries=99999999999 CMD a\n",
        Refused("HEALTHCHECK --retries takes a number, not '99999999999'", 2),
    ),
    Case(
        19,
        "HEALTHCHECK (18)",
        b"FROM a\nHEALTHCHECK --start-period=1h1h --start-interval=10ms CMD a\n",
        ["1: FROM ['a']", "2: HEALTHCHECK '--start-period=1h1h' '--start-interval=10ms' ['CMD', 'a']"],
    ),
    Case(
        19,
        "HEALTHCHECK (19)",
        b"FROM a\nHEALTHCHECK CMD\xc3\xa0 x\n",
        Refused("unknown type 'CMD�' in HEALTHCHECK: it takes CMD or NONE", 2),
    ),
    Case(19, "the order of instructions (1)", b"USER a\nFROM a\n", Refused("USER comes before the first FROM", 1)),
    Case(
        19, "the order of instructions (2)", b"ARG A\nUSER a\nFROM a\n", Refused("USER comes before the first FROM", 2)
    ),
    Case(
        19, "the order of instructions (3)", b"ARG A\n", Refused("the file has no FROM: there is no stage to build", 1)
    ),
    Case(19, "the order of instructions (4)", b"", Refused("the file has no instructions", 0)),
    Case(19, "the order of instructions (5)", b"\n\n# only a comment\n", Refused("the file has no instructions", 3)),
    Case(19, "the order of instructions (6)", b"# escape=`\n", Refused("the file has no instructions", 1)),
    Case(
        19,
        "the order of instructions (7)",
        b"MAINTAINER x\nFROM a\n",
        Refused("MAINTAINER comes before the first FROM", 1),
    ),
    Case(
        19,
        "the order of instructions (8)",
        b"ONBUILD USER x\nFROM a\n",
        Refused("ONBUILD comes before the first FROM", 1),
    ),
    Case(
        20,
        "only five blanks split words (1)",
        b"FROM a\nUSER\xc2\xa0app\n",
        Refused("unknown instruction 'USER�app'", 2),
    ),
    Case(
        20,
        "only five blanks split words (2)",
        b"FROM a\nUSER \xc2\xa0app\xc2\xa0\n",
        ["1: FROM ['a']", "2: USER ['app']"],
    ),
    Case(20, "only five blanks split words (3)", b"FROM a\nUSER\x0bapp\n", ["1: FROM ['a']", "2: USER ['app']"]),
    Case(20, "only five blanks split words (4)", b"FROM a\nUSER\x0capp\n", ["1: FROM ['a']", "2: USER ['app']"]),
    Case(20, "only five blanks split words (5)", b"FROM a\nUSER\rapp\n", ["1: FROM ['a']", "2: USER ['app']"]),
    Case(
        20,
        "only five blanks split words (6)",
        b"FROM a\nCOPY a\xe2\x80\x83b c\n",
        ["1: FROM ['a']", "2: COPY ['a\\u2003b', 'c']"],
    ),
    Case(
        20,
        "only five blanks split words (7)",
        b"FROM a\xe2\x80\x83AS b\n",
        Refused("FROM requires either one or three arguments", 1),
    ),
    Case(
        20,
        "only five blanks split words (8)",
        b"FROM a\nEXPOSE 80\x0b81\r82\n",
        ["1: FROM ['a']", "2: EXPOSE ['80', '81', '82']"],
    ),
    Case(
        20, "only five blanks split words (9)", b"FROM a\nUSER\x1capp\n", Refused("unknown instruction 'USER�APP'", 2)
    ),
    Case(
        20,
        "only five blanks split words (10)",
        b"FROM a\nENV A=1\xe2\x80\x83B=2\n",
        ["1: FROM ['a']", "2: ENV ['A', '1', 'B', '2']"],
    ),
    Case(
        20,
        "only five blanks split words (11)",
        b"FROM a\nENV A\xe2\x80\x83b\n",
        Refused("ENV must have two arguments", 2),
    ),
    Case(
        20,
        "only five blanks split words (12)",
        b"FROM a\nENV A \xe2\x80\x83b\n",
        ["1: FROM ['a']", "2: ENV ['A', '\\u2003b']"],
    ),
    Case(
        20,
        "Unicode blanks before a line go (1)",
        b"\xe3\x80\x80FROM a\n\xc2\xa0USER b\n",
        ["1: FROM ['a']", "2: USER ['b']"],
    ),
    Case(20, "Unicode blanks before a line go (2)", b"FROM a\n\x1cUSER b\n", Refused("unknown instruction '�USER'", 2)),
    Case(20, "Unicode blanks before a line go (3)", b"\xe2\x80\x8bFROM a\n", Refused("unknown instruction '�FROM'", 1)),
    Case(21, "bytes that are not UTF-8 (1)", b"# \xff\nFROM a\n", ["2: FROM ['a']"]),
    Case(21, "bytes that are not UTF-8 (2)", b"FROM a\nRUN echo \xff\n", ["1: FROM ['a']", "2: RUN ['echo \\udcff']"]),
    Case(
        21,
        "bytes that are not UTF-8 (3)",
        b"FROM a\nENV A=\xff B\xfe=c\n",
        ["1: FROM ['a']", "2: ENV ['A', '\\ufffd', 'B\\ufffd', 'c']"],
    ),
    Case(21, "bytes that are not UTF-8 (4)", b"FROM a\nENV A \xff\n", ["1: FROM ['a']", "2: ENV ['A', '\\udcff']"]),
    Case(21, "bytes that are not UTF-8 (5)", b"FROM \xff\n", ["1: FROM ['\\udcff']"]),
    Case(
        21,
        "bytes that are not UTF-8 (6)",
        b"FROM a\nRUN <<\xff\nx\n\xff\n",
        Refused("the here-document '�' is not closed", 2),
    ),
    Case(
        21,
        "bytes that are not UTF-8 (7)",
        b"FROM a\nRUN <<E\n\xff\nE\n",
        ["1: FROM ['a']", "2-4: RUN ['<<E'] <<'E' at 3: '\\udcff\\n'"],
    ),
    Case(21, "bytes that are not UTF-8 (8)", b"FROM a\n\xffUSER b\n", Refused("unknown instruction '�USER'", 2)),
    Case(
        21,
        "a character over two lines (1)",
        b"FROM a\nADD b \xe2\\\n\x80\x83c d\n",
        ["1: FROM ['a']", "2-3: ADD ['b', '\\u2003c', 'd']"],
    ),
    Case(
        21, "a character over two lines (2)", b"FROM a\nUSER \xc3\\\n\xa9\n", ["1: FROM ['a']", "2-3: USER ['\\xe9']"]
    ),
    Case(
        21, "a character over two lines (3)", b"FROM a\nUSER\xc2\\\n\xa0b\n", Refused("unknown instruction 'USER�b'", 2)
    ),
    Case(
        21,
        "bytes 85 and A0 before the arguments count as blanks (1)",
        b"FROM a\nUSER \xa0app\n",
        ["1: FROM ['a']", "2: USER ['app']"],
    ),
    Case(
        21,
        "bytes 85 and A0 before the arguments count as blanks (2)",
        b"FROM a\nCOPY \x85 \xa0--link a b\n",
        ["1: FROM ['a']", "2: COPY '--link' ['a', 'b']"],
    ),
    Case(
        21,
        "bytes 85 and A0 before the arguments count as blanks (3)",
        b"FROM a\nUSER \xc2\xa0\xa0app\n",
        ["1: FROM ['a']", "2: USER ['\\udca0app']"],
    ),
    Case(
        21,
        "HEALTHCHECK that begins with byte A0",
        b"FROM a\nHEALTHCHECK \xc2\xa0\xa0CMD x\n",
        Refused("HEALTHCHECK requires at least one argument", 2),
    ),
    Case(
        21,
        "a destination that cannot be read as a here-document is a path",
        b'FROM a\nCOPY ["a", "<<\'b"]\n',
        ["1: FROM ['a']", "2: COPY exec ['a', \"<<'b\"]"],
    ),
    Case(
        21,
        "a here-document whose name is in quotes within quotes",
        b"FROM a\nRUN <<\"'E'\"\nx\n'E'\n",
        ["1: FROM ['a']", "2-4: RUN ['<<\"\\'E\\'\"'] <<\"'E'\" as written at 3: 'x\\n'"],
    ),
    Case(22, "NUL is refused (1)", b"FROM a\nUSER app\x00x\n", Refused("the file holds a NUL byte", 2)),
    Case(22, "NUL is refused (2)", b"# \x00\nFROM a\n", Refused("the file holds a NUL byte", 1)),
    Case(22, "NUL is refused (3)", b"FROM a\nRUN <<E\n\x00\nE\n", Refused("the file holds a NUL byte", 3)),
    Case(22, "NUL by an escape is text", b'FROM a\nCMD ["\\u0000"]\n', ["1: FROM ['a']", "2: CMD exec ['\\x00']"]),
    Case(
        23,
        "long lines (1)",
        b"FROM a\nRUN " + b"x" * 65531 + b"\n",
        [
            "1: FROM ['a']",
            "2: RUN ['xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx... 65542",
        ],
    ),
    Case(23, "long lines (2)", b"FROM a\nRUN " + b"x" * 65532 + b"\n", Refused("line 2 is longer than 65535 bytes", 2)),
    Case(
        23,
        "long lines (3)",
        b"FROM a\nRUN " + b"x" * 65531,
        [
            "1: FROM ['a']",
            "2: RUN ['xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx... 65542",
        ],
    ),
    Case(23, "long lines (4)", b"FROM a\nRUN " + b"x" * 65532, Refused("line 2 is longer than 65535 bytes", 2)),
    Case(23, "long lines (5)", b"FROM a\n#" + b"x" * 65535 + b"\n", Refused("line 2 is longer than 65535 bytes", 2)),
    Case(
        23,
        "long lines (6)",
        b"FROM a\nRUN <<E\n" + b"x" * 65536 + b"\nE\n",
        Refused("line 3 is longer than 65535 bytes", 3),
    ),
    Case(
        23,
        "long lines (7)",
        b"FROM a\nRUN " + b"x" * 65000 + b"\\\n" + b"y" * 65000 + b"\n",
        [
            "1: FROM ['a']",
            "2-3: RUN ['xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx... 130013",
        ],
    ),
    Case(
        24,
        "lines count from one",
        b"\n\n# c\nFROM a\n\nRUN x \\\n  y\n\nUSER b\n",
        ["4: FROM ['a']", "6-7: RUN ['x   y']", "9: USER ['b']"],
    ),
    Case(0, "legacy and modern ENV and LABEL (1)", b"FROM a\nENV k v w\n", ["1: FROM ['a']", "2: ENV ['k', 'v w']"]),
    Case(
        0, "legacy and modern ENV and LABEL (2)", b"FROM a\nENV k  v  w \n", ["1: FROM ['a']", "2: ENV ['k', 'v  w']"]
    ),
    Case(
        0, "legacy and modern ENV and LABEL (3)", b'FROM a\nENV k "v w"\n', ["1: FROM ['a']", "2: ENV ['k', '\"v w\"']"]
    ),
    Case(
        0,
        "legacy and modern ENV and LABEL (4)",
        b"FROM a\nENV A=1 B=\"2 3\" C='4 5' D=6\\ 7\n",
        ["1: FROM ['a']", "2: ENV ['A', '1', 'B', '\"2 3\"', 'C', \"'4 5'\", 'D', '6\\\\ 7']"],
    ),
    Case(
        0,
        "legacy and modern ENV and LABEL (5)",
        b'FROM a\nENV A="b\\"c" D=\'e\\\' f=g\n',
        ["1: FROM ['a']", "2: ENV ['A', '\"b\\\\\"c\"', 'D', \"'e\\\\'\", 'f', 'g']"],
    ),
    Case(0, "legacy and modern ENV and LABEL (6)", b"FROM a\nENV A=\n", ["1: FROM ['a']", "2: ENV ['A', '']"]),
    Case(0, "legacy and modern ENV and LABEL (7)", b"FROM a\nENV A=b=c\n", ["1: FROM ['a']", "2: ENV ['A', 'b=c']"]),
    Case(
        0,
        "legacy and modern ENV and LABEL (8)",
        b"FROM a\nENV A= b\n",
        Refused("ENV: no '=' in 'b'; it must be of the form name=value", 2),
    ),
    Case(0, "legacy and modern ENV and LABEL (9)", b"FROM a\nENV A =b\n", ["1: FROM ['a']", "2: ENV ['A', '=b']"]),
    Case(
        0,
        "legacy and modern ENV and LABEL (10)",
        b'FROM a\nENV "A B"=c\n',
        ["1: FROM ['a']", "2: ENV ['\"A B\"', 'c']"],
    ),
    Case(
        0,
        "legacy and modern ENV and LABEL (11)",
        b'FROM a\nLABEL a.b=c "d e"="f g"\n',
        ["1: FROM ['a']", "2: LABEL ['a.b', 'c', '\"d e\"', '\"f g\"']"],
    ),
    Case(
        0, "legacy and modern ENV and LABEL (12)", b"FROM a\nLABEL a b c\n", ["1: FROM ['a']", "2: LABEL ['a', 'b c']"]
    ),
    Case(
        0, "legacy and modern ENV and LABEL (13)", b'FROM a\nENV A="b c\n', ["1: FROM ['a']", "2: ENV ['A', '\"b c']"]
    ),
    Case(
        0,
        "legacy and modern ENV and LABEL (14)",
        b"FROM a\nENV A=b\\\\\n",
        ["1: FROM ['a']", "2: ENV ['A', 'b\\\\\\\\']"],
    ),
    Case(
        0,
        "legacy and modern ENV and LABEL (15)",
        b'FROM a\nENV A="b\\\\\n',
        ["1: FROM ['a']", "2: ENV ['A', '\"b\\\\\\\\']"],
    ),
    Case(
        0,
        "legacy and modern ENV and LABEL (16)",
        b"FROM a\nENV $A=b ${C}=d\n",
        ["1: FROM ['a']", "2: ENV ['$A', 'b', '${C}', 'd']"],
    ),
    Case(
        0,
        "blanks around instructions (1)",
        b"  FROM   a   AS   b  \n\tUSER\t b\t\n",
        ["1: FROM ['a', 'AS', 'b']", "2: USER ['b']"],
    ),
    Case(0, "blanks around instructions (2)", b"FROM a\r\nUSER b\r\n", ["1: FROM ['a']", "2: USER ['b']"]),
    Case(0, "blanks around instructions (3)", b"FROM a\nRUN   a   b   \n", ["1: FROM ['a']", "2: RUN ['a   b']"]),
    Case(
        0,
        "blanks around instructions (4)",
        b"FROM a\nEXPOSE 80  443/tcp\t1\n",
        ["1: FROM ['a']", "2: EXPOSE ['80', '443/tcp', '1']"],
    ),
    Case(
        0, "blanks around instructions (5)", b"FROM a\nCOPY  a  b\tc \n", ["1: FROM ['a']", "2: COPY ['a', 'b', 'c']"]
    ),
    Case(
        0,
        "CRLF and continuations",
        b"FROM a\r\nRUN a \\\r\n  b \\\r\n# c\r\n  d\r\nUSER x\r\n",
        ["1: FROM ['a']", "2-5: RUN ['a   b   d']", "6: USER ['x']"],
    ),
    Case(0, "a carriage return inside a line (1)", b"FROM a\nRUN a\rb\n", ["1: FROM ['a']", "2: RUN ['a\\rb']"]),
    Case(
        0,
        "a carriage return inside a line (2)",
        b"FROM a\rUSER b\n",
        Refused("FROM requires either one or three arguments", 1),
    ),
    Case(
        0,
        "frontends (1)",
        b"# syntax=docker/dockerfile:1\nFROM a\n",
        ["frontend 'docker/dockerfile:1' line 1", "2: FROM ['a']"],
    ),
    Case(0, "frontends (2)", b"# syntax = evil/x:1 --arg\nFROM a\n", ["frontend 'evil/x:1' line 1", "2: FROM ['a']"]),
    Case(0, "frontends (3)", b"// syntax=evil/x\nFROM a\n", Refused("unknown instruction '//'", 1)),
    Case(0, "frontends (4)", b"#!/bin/x\n# syntax=evil/x\nFROM a\n", ["frontend 'evil/x' line 2", "3: FROM ['a']"]),
    Case(0, "frontends (5)", b" # syntax=evil/x\nFROM a\n", ["2: FROM ['a']"]),
    Case(
        0,
        "frontends (6)",
        b"# escape=`\n# syntax=evil/x\nFROM a\n",
        ["frontend 'evil/x' line 2", "escape `", "3: FROM ['a']"],
    ),
    Case(0, "frontends (7)", b"#\n# syntax=evil/x\nFROM a\n", ["3: FROM ['a']"]),
    Case(0, "frontends (8)", b"\xef\xbb\xbf# syntax=evil/x\nFROM a\n", ["frontend 'evil/x' line 1", "2: FROM ['a']"]),
    Case(0, "frontends (9)", b"# SYNTAX=evil/x\r\nFROM a\n", ["frontend 'evil/x' line 1", "2: FROM ['a']"]),
    Case(0, "empty arguments over lines (1)", b"FROM a\nRUN \\\n\n", ["1: FROM ['a']", "2-3: RUN []"]),
    Case(0, "empty arguments over lines (2)", b"FROM a\nRUN\\\n", ["1: FROM ['a']", "2: RUN []"]),
    Case(0, "empty arguments over lines (3)", b"FROM a\nCMD \\\n# c\n", ["1: FROM ['a']", "2-3: CMD []"]),
    Case(
        0,
        "strings and words that look like others (1)",
        b"FROM a\nSTOPSIGNAL SIGTERM 9\n",
        ["1: FROM ['a']", "2: STOPSIGNAL ['SIGTERM 9']"],
    ),
    Case(
        0,
        "strings and words that look like others (2)",
        b"FROM a\nMAINTAINER a b <c@d>\n",
        ["1: FROM ['a']", "2: MAINTAINER ['a b <c@d>']"],
    ),
    Case(
        0,
        "strings and words that look like others (3)",
        b"FROM a\nVOLUME /a /b\n",
        ["1: FROM ['a']", "2: VOLUME ['/a', '/b']"],
    ),
    Case(
        0,
        "strings and words that look like others (4)",
        b'FROM a\nLABEL a="#b" # c=d\n',
        Refused("LABEL: no '=' in '#'; it must be of the form name=value", 2),
    ),
    Case(0, "strings and words that look like others (5)", b"FROM a\nRUN # x\n", ["1: FROM ['a']", "2: RUN ['# x']"]),
    Case(
        0,
        "comments with backslashes do not continue (1)",
        b"# a \\\nFROM a\n# b \\\nUSER c\n",
        ["2: FROM ['a']", "4: USER ['c']"],
    ),
    Case(
        0,
        "comments with backslashes do not continue (2)",
        b"FROM a # b \\\n\n",
        Refused("FROM requires either one or three arguments", 1),
    ),
    Case(0, "digits and names (1)", b"FROM 0\n", ["1: FROM ['0']"]),
    Case(0, "digits and names (2)", b"FROM a\nCOPY --from=0 a b\n", ["1: FROM ['a']", "2: COPY '--from=0' ['a', 'b']"]),
]
