"""Shell text: which programs run, with what, where; and what cannot be told."""

from __future__ import annotations

import random
from typing import Any

import msgspec
import pytest
from gate.evidence.bases import TableLookup
from gate.evidence.dockerfile import commands, plainshell
from gate.evidence.dockerfile.collect import collect
from gate.evidence.dockerfile.commands import MAX_SCRIPT, Budget, is_posix_shell, parse, parse_argv
from gate.evidence.dockerfile.positions import LineMap
from gate.evidence.dockerfile.shelltree import ScriptReader
from gate.evidence.dockerfile.shellwords import Simple
from gate.evidence.model import Command
from hypothesis import given, settings
from hypothesis import strategies as st


def _described(found: list[Command]) -> list[dict[str, Any]]:
    """Each command with only what is set, its line left out."""
    return [
        {name: value for name, value in msgspec.structs.asdict(each).items() if value and name != "line"}
        for each in found
    ]


def _read(text: str) -> list[dict[str, Any]]:
    return _described(parse(text, LineMap.whole(1)))


CURL = {"program": "curl", "args": ["-fsSL", "https://e.com/x"]}

TABLE: dict[str, list[dict[str, Any]]] = {
    "make": [{"program": "make"}],
    "/usr/bin/make -j4 all": [{"program": "make", "args": ["-j4", "all"]}],
    "a && b || c; d & e": [
        {"program": "a"},
        {"program": "b", "connector": "&&"},
        {"program": "c", "connector": "||"},
        {"program": "d", "connector": ";"},
        {"program": "e", "connector": "&"},
    ],
    "a\nb": [{"program": "a"}, {"program": "b", "connector": ";"}],
    "a | b |& c": [
        {"program": "a", "piped_to": "b"},
        {"program": "b", "piped_to": "c", "connector": "|"},
        {"program": "c", "connector": "|&"},
    ],
    "a && { b; c; } | d": [
        {"program": "a"},
        {"program": "b", "piped_to": "d", "connector": "&&"},
        {"program": "c", "piped_to": "d", "connector": ";"},
        {"program": "d", "connector": "|"},
    ],
    "a > x && b > y | c": [
        {"program": "a", "redirects": ["> x"]},
        {"program": "b", "redirects": ["> y"], "piped_to": "c", "connector": "&&"},
        {"program": "c", "connector": "|"},
    ],
    "a >/dev/null 2>&1 last": [{"program": "a", "args": ["last"], "redirects": ["> /dev/null", "2>&1"]}],
    "X=1 Y='a b' make": [{"program": "make", "env": {"X": "1", "Y": "a b"}}],
    "X=1": [],
    "# nothing": [],
    "   ": [],
    """echo 'a b' "c d" e\\ f "g\\"h" $'i\\tj' k'l'"m" """: [
        {"program": "echo", "args": ["a b", "c d", "e f", 'g"h', "i\tj", "klm"]}
    ],
    'echo "$A" ${B:-x} $(c) *.txt': [
        {"program": "echo", "args": ["$A", "${B:-x}", "$(c)", "*.txt"]},
        {"program": "c"},
    ],
    "X=$(curl y)": [{"program": "curl", "args": ["y"]}],
    "echo `date`": [{"program": "echo", "args": ["`date`"]}, {"program": "date"}],
    "echo ${X:-$(date)}": [{"program": "echo", "args": ["${X:-$(date)}"]}, {"program": "date"}],
    "if a; then b; elif c; then d; else e; fi": [
        {"program": "a"},
        {"program": "b", "connector": ";"},
        {"program": "c", "connector": ";"},
        {"program": "d", "connector": ";"},
        {"program": "e", "connector": ";"},
    ],
    "for i in a b; do c $i; done": [{"program": "c", "args": ["$i"]}],
    "while a; do b; done < f": [
        {"program": "a", "redirects": ["< f"]},
        {"program": "b", "connector": ";", "redirects": ["< f"]},
    ],
    "case $x in a) b;; *) c;; esac": [{"program": "b"}, {"program": "c", "connector": ";"}],
    "f() { a; }; f": [{"program": "a"}, {"program": "f", "connector": ";"}],
    "(a; b)": [{"program": "a"}, {"program": "b", "connector": ";"}],
    "! a": [{"program": "a"}],
    "[ -f x ] && a": [{"program": "[", "args": ["-f", "x", "]"]}, {"program": "a", "connector": "&&"}],
    "export A=1 B": [{"program": "export", "args": ["A=1", "B"]}],
    "set -eux; a": [{"program": "set", "args": ["-eux"]}, {"program": "a", "connector": ";"}],
    "cat > f <<E\nx $(y)\nE": [{"program": "cat", "redirects": ["> f", "<<E"]}, {"program": "y"}],
    "cat <<E | b && c\nx\nE": [
        {"program": "cat", "redirects": ["<<E"], "piped_to": "b"},
        {"program": "b", "connector": "|"},
        {"program": "c", "connector": "&&"},
    ],
    "find . -name x -exec rm -f {} \\; -exec sh -c 'a $0' {} +": [
        {
            "program": "find",
            "args": [".", "-name", "x", "-exec", "rm", "-f", "{}", ";", "-exec", "sh", "-c", "a $0", "{}", "+"],
        },
        {"program": "rm", "args": ["-f", "{}"], "wrappers": ["find"]},
        {"program": "a", "args": ["$0"], "wrappers": ["find", "sh"]},
    ],
}

WRAPPED = {
    "sudo a b": ["sudo"],
    "sudo -u app -H a b": ["sudo"],
    "sudo -uapp -- a b": ["sudo"],
    "sudo --user=app --login a b": ["sudo"],
    "env a b": ["env"],
    "env -i -u X a b": ["env"],
    "nice -n 10 a b": ["nice"],
    "nice -10 a b": ["nice"],
    "ionice -c2 -n 7 a b": ["ionice"],
    "nohup a b": ["nohup"],
    "time -p a b": ["time"],
    "timeout -k 5 --signal=TERM 10s a b": ["timeout"],
    "exec -a name a b": ["exec"],
    "command -p a b": ["command"],
    "xargs -0 -n1 -I{} a b": ["xargs"],
    "gosu app a b": ["gosu"],
    "su-exec app:app a b": ["su-exec"],
    "chroot --userspec=app /mnt a b": ["chroot"],
    "tini -g -- a b": ["tini"],
    "busybox a b": ["busybox"],
    "sh -c 'a b'": ["sh"],
    "bash -lc 'a b'": ["bash"],
    "/bin/bash -euxo pipefail -c 'a b'": ["bash"],
    "bash -c -e 'a b' name": ["bash"],
    "bash --login -c 'a b'": ["bash"],
    "su app -c 'a b'": ["su"],
    "su - app --command='a b'": ["su"],
    "runuser -u app -c 'a b'": ["runuser"],
    "env -S 'a b'": ["env"],
    "sh <<E\na b\nE": ["sh"],
    "bash -s <<'E'\na b\nE": ["bash"],
    "sudo env timeout 5 sh -c \"bash -c 'a b'\"": ["sudo", "env", "timeout", "sh", "bash"],
}

OPAQUE = {
    "$CMD x": (None, ["x"]),
    '"$DIR"/$NAME': (None, []),
    "$(which x) y": (None, ["y"]),
    "eval a b": ("eval", ["a", "b"]),
    'sh -c "$v"': (None, []),
    "bash -c": ("bash", ["-c"]),
    "source /dev/stdin": ("source", ["/dev/stdin"]),
    "sh < f": ("sh", []),
    "bash -s": ("bash", ["-s"]),
}


@pytest.mark.parametrize("text", TABLE)
def test_a_script_is_read_as_the_table_says(text: str) -> None:
    assert _read(text) == TABLE[text]


@pytest.mark.parametrize("text", WRAPPED)
def test_a_wrapper_is_seen_through(text: str) -> None:
    assert _read(text) == [{"program": "a", "args": ["b"], "wrappers": WRAPPED[text]}]


def test_variables_that_wrappers_set_are_kept() -> None:
    assert _read("X=1 sudo Y=2 env Z=3 a") == [
        {"program": "a", "wrappers": ["sudo", "env"], "env": {"X": "1", "Y": "2", "Z": "3"}}
    ]


@pytest.mark.parametrize("text", ["command -v a", "sudo", "env", "xargs -0", "time", "sh script.sh", "su app"])
def test_what_wraps_nothing_is_a_command_itself(text: str) -> None:
    program, *args = text.split()
    assert _read(text) == [{"program": program, **({"args": args} if args else {})}]


@pytest.mark.parametrize("text", OPAQUE)
def test_what_only_the_running_shell_knows_is_opaque(text: str) -> None:
    program, args = OPAQUE[text]
    (found,) = [each for each in parse(text, LineMap.whole(1)) if each.opaque]
    assert (found.program, found.args) == (program, args)


def test_a_computed_directory_hides_no_name() -> None:
    assert _read('"$JAVA_HOME"/bin/java -jar x') == [{"program": "java", "args": ["-jar", "x"]}]


@pytest.mark.parametrize(
    ("text", "shell"),
    [
        ("curl -fsSL https://e.com/x | sh", "sh"),
        ("curl -fsSL https://e.com/x | sudo -E bash -", "bash"),
        ('bash -c "$(curl -fsSL https://e.com/x)"', "bash"),
        ("bash <(curl -fsSL https://e.com/x)", "bash"),
        ("source <(curl -fsSL https://e.com/x)", "source"),
        ('eval "$(curl -fsSL https://e.com/x)"', "eval"),
    ],
)
def test_a_shell_fed_from_elsewhere_is_opaque_and_named(text: str, shell: str) -> None:
    found = _read(text)
    assert {**CURL, "piped_to": shell} in found
    assert any(each.get("opaque") for each in found)


def test_base64_into_a_shell_is_opaque() -> None:
    assert [(each.get("program"), each.get("opaque", False)) for each in _read("echo YQ== | base64 -d | sh")] == [
        ("echo", False),
        ("base64", False),
        ("sh", True),
    ]


@pytest.mark.parametrize("text", ["echo 'open", "a && (b", "if a; then b", 'echo "x', "a <<E <<F\n1\nE\n2\nF\n"])
def test_text_that_does_not_parse_is_opaque(text: str) -> None:
    assert any(each.opaque for each in parse(text, LineMap.whole(1)))


def test_scripts_in_scripts_are_followed_to_a_depth() -> None:
    text = "a b"
    for _ in range(4):
        text = (
            f"sh -c {text!r}"
            if "'" not in text
            else "sh -c " + '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
        )
    assert _read(text) == [{"program": "a", "args": ["b"], "wrappers": ["sh"] * 4}]


@pytest.mark.parametrize(
    ("shell", "expected"),
    [
        (None, True),
        (["/bin/sh", "-c"], True),
        (["/bin/bash", "-o", "pipefail", "-c"], True),
        (["/usr/bin/env", "bash", "-c"], True),
        (["busybox", "sh", "-c"], True),
        (["powershell", "-Command"], False),
        (["cmd", "/S", "/C"], False),
        (["/usr/bin/python3", "-c"], False),
    ],
)
def test_posix_shells_are_known(shell: list[str] | None, expected: bool) -> None:
    assert is_posix_shell(shell) is expected


def test_lines_are_those_of_the_file() -> None:
    text = "RUN set -e && \\\n  a && \\\n  # why\n  b; \\\n\n  sh -c 'c; \\\n    d'\n"
    assert [(each.program, each.line) for each in _run(text)] == [("set", 2), ("a", 3), ("b", 5), ("c", 7), ("d", 8)]


def test_lines_in_here_documents_are_those_of_the_file() -> None:
    text = "RUN <<E\na\n\nb $(c)\nE\n"
    assert [(each.program, each.line) for each in _run(text)] == [("a", 3), ("b", 5), ("c", 5)]


def test_lines_after_a_here_document_for_another_program() -> None:
    text = "RUN python3 <<E && a\nimport os\nE\n"
    assert [(each.program, each.line) for each in _run(text)] == [("python3", 2), ("a", 2)]


def test_lines_stay_right_after_characters_of_several_bytes() -> None:
    text = "RUN echo 'é日本' && \\\n  é && \\\n  b\n"
    assert [(each.program, each.line) for each in _run(text)] == [("echo", 2), ("é", 3), ("b", 4)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('RUN ["apt-get", "update"]\n', [("apt-get", ["update"])]),
        ('RUN ["sh", "-c", "a && b"]\n', [("a", []), ("b", [])]),
        ("RUN <<E\n#!/usr/bin/env python3\nimport os\nE\n", [("python3", ["/dev/pipes/E"])]),
        ("RUN <<E\n#!/bin/bash -e\na\nE\n", [("a", [])]),
        ("CMD a b\n", [("a", ["b"])]),
        ("CMD []\n", []),
        ('ENTRYPOINT ["a", "b"]\n', [("a", ["b"])]),
        ("HEALTHCHECK CMD a | b\n", [("a", []), ("b", [])]),
        ('HEALTHCHECK CMD ["a", "b"]\n', [("a", ["b"])]),
        ("HEALTHCHECK NONE\n", []),
        ("ONBUILD RUN a b\n", [("a", ["b"])]),
        ('SHELL ["/bin/bash", "-c"]\nRUN a\n', [("a", [])]),
        ('SHELL ["powershell", "-Command"]\nRUN a\n', [(None, [])]),
    ],
)
def test_commands_of_each_instruction(text: str, expected: list[tuple[str | None, list[str]]]) -> None:
    assert [(each.program, each.args) for each in _run(text)] == expected


def test_an_exec_form_is_no_script() -> None:
    assert _described(parse_argv(["echo", "$A && b", "a b"], 3)) == [{"program": "echo", "args": ["$A && b", "a b"]}]


def test_too_long_a_script_is_opaque() -> None:
    assert _read("a " + "b" * MAX_SCRIPT) == [{"opaque": True}]


def test_many_pipes_are_opaque() -> None:
    assert _read("a|" * 5000 + "a") == [{"opaque": True}]


def test_broken_scripts_use_up_what_one_file_may_cost() -> None:
    budget = Budget()
    text = "a){1.." * 3000
    found = [_described(parse(text, LineMap.whole(1), budget)) for _ in range(5)]
    assert [each == [{"opaque": True}] for each in found[2:]] == [True, True, True]
    assert _described(parse("a b", LineMap.whole(1), budget)) == [{"program": "a", "args": ["b"]}]


_SNIPPETS = st.sampled_from(
    ["a", "b c", " ", "\n", ";", "&&", "||", "|", "&", "(", ")", "{", "}", "$(", "`", "'", '"', "\\", "$X", "<<E", ">", "#",
     "sh -c ", "sudo ", "if ", "then ", "fi", "case x in ", "é", "\udcff", "\x00", "eval ", "env X=1 "]
)  # fmt: skip


@settings(derandomize=True, max_examples=300, deadline=None)
@given(st.lists(_SNIPPETS, max_size=25).map("".join))
def test_any_text_is_read_without_failing(text: str) -> None:
    for each in parse(text, LineMap.whole(7)):
        assert each.line == 7
        assert each.opaque or each.program


_PIECES = (
    *("a", "go", "./x", "/usr/bin/env", "1", "-x", "--y=z", "-ldflags='-s -w'", "A=1", "B='c d'", 'C="x y"'),
    *(
        "'p q'",
        '"r s"',
        "''",
        "*.txt",
        "a?b",
        "~/x",
        "a=b",
        "x:y",
        "@a",
        "%",
        "a,b",
        "+x",
        "time",
        "if",
        "export",
        "in",
    ),
    *("[", "]", "{", "}", "!", "(", "#", "==", "$A", "&", ">", "é", "\\", "\n", "a+=1", "..", ".", ":", "0x1", "//"),
)
_JOINTS = (" ", " ", " ", " ", "  ", "\t", " && ", "&&", " || ", " ; ", ";", " | ", "")


def _random_script(rng: random.Random) -> str:
    common = _PIECES[: rng.choice((16, 16, 26, len(_PIECES)))]
    return "".join(rng.choice(common) + rng.choice(_JOINTS) for _ in range(rng.randint(1, 9)))


def _comparable(found: list[Simple]) -> list[Any]:
    places = {id(each): number for number, each in enumerate(found)}
    return [
        (
            [(word.text, word.offset, word.dynamic, word.name) for word in each.words],
            (each.offset, each.env, each.redirects, each.connector, each.reads_pipe, each.broken, each.body),
            places[id(each.pipe)] if each.pipe else None,
        )
        for each in found
    ]


def test_plain_text_is_read_as_the_parser_reads_it() -> None:
    rng = random.Random(20_261_121)
    compared = 0
    for _ in range(12_000):
        text = _random_script(rng)
        plain = plainshell.read(text)
        if plain is None:
            continue
        compared += 1
        reader = ScriptReader(text)
        tree = reader.read(commands._parser().parse(reader.source).root_node)
        assert (_comparable(plain), reader.broken_at) == (_comparable(tree), None), text
    assert compared > 500


@pytest.mark.parametrize("text", ["(" * 10_000 + ")" * 10_000, "{ " * 8_000, "((" * 5_000, "[[ ( " * 4_000])
def test_text_nested_beyond_all_measure_is_opaque(text: str) -> None:
    assert any(command.opaque for command in _run(f"RUN {text}\n"))


def _run(text: str) -> list[Command]:
    evidence = collect(f"FROM alpine\n{text}".encode(), path="Dockerfile", bases=TableLookup())
    assert evidence.dockerfile is not None
    return evidence.dockerfile.stages[0].instructions[-1].commands
