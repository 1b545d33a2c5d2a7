"""A here-document written before its command is read as one written behind it; its body is no command."""

from __future__ import annotations

import subprocess
from typing import Any

import pytest
from gate.evidence.bases import TableLookup
from gate.evidence.dockerfile.collect import collect
from gate.evidence.dockerfile.heredocfirst import moved
from hypothesis import given, settings
from hypothesis import strategies as st

MOVED = {
    "<<E python3\nimport os\nE\n": "python3 <<E\nimport os\nE\n",
    "A=1 B='x y' <<E python3 -\nrm\nE\n": "A=1 B='x y' python3 <<E -\nrm\nE\n",
    "<<E >/x cat\ny\nE\n": ">/x cat <<E\ny\nE\n",
    "<<E 2>&1 >>/x cat\ny\nE\n": "2>&1 >>/x cat <<E\ny\nE\n",
    "a && <<-'E' b | c\n\tx\n\tE\n": "a && b <<-'E' | c\n\tx\n\tE\n",
    "<<A cat <<B\nx\nA\ny\nB\n": "cat <<A <<B\nx\nA\ny\nB\n",
    "<<A <<B cat\nx\nA\ny\nB\n": "cat  <<A<<B\nx\nA\ny\nB\n",
    "if <<E grep x; then y; fi\nE\n": "if grep <<E x; then y; fi\nE\n",
    "$(<<E cat)\nb\nE\n": "$(cat <<E)\nb\nE\n",
    "<<E>/x cat\ny\nE\n": ">/x cat<<E\ny\nE\n",
    "<<E a; <<F b\nE\nF\n<<G c\nG\n": "a <<E; b <<F\nE\nF\nc <<G\nG\n",
    "<<E \\\n  a\nb\nE\n": "\\\n  a <<E\nb\nE\n",
}
KEPT = [
    "a <<E\n<<F b\nE\n",  # the body of another
    "<<E\na\nE\n",
    "<<E | a\nb\nE\n",
    "3<<E>/x cat\ny\nE\n",  # no blank to part the word from the 3
    "<<E a\nno end",
    "a <<<E b",
    "'<<E a'",
    '"$(<<E a)"',
    "# <<E a",
    "a \\",
    "",
]


@pytest.mark.parametrize(("text", "expected"), MOVED.items())
def test_it_comes_behind_the_first_word(text: str, expected: str) -> None:
    assert moved(text) == expected


@pytest.mark.parametrize("text", KEPT)
def test_what_is_no_such_here_document_stays(text: str) -> None:
    assert moved(text) == text


_PIECES = st.sampled_from(
    [*("a", "cat", " ", "\n", ";", "&&", "|", "(", ")", "$(", "'", '"', "\\", "<<E", "<<-E", "<<'E'", "3<<E", "\nE\n"),
     *("\n\tE\n", ">", ">/dev/null", "<", "<<<", "#", "A=1", "2>&1", "if ", "é", "`", "&")]
)  # fmt: skip


@settings(derandomize=True, max_examples=500, deadline=None)
@given(st.lists(_PIECES, max_size=25).map("".join))
def test_length_and_lines_stay_whatever_the_text(text: str) -> None:
    found = moved(text)
    assert len(found) == len(text)
    assert [at for at, each in enumerate(found) if each == "\n"] == [
        at for at, each in enumerate(text) if each == "\n"
    ] or "\\\n" in text


@pytest.mark.parametrize(
    "text", ["<<E cat\na $HOME\nE\n", "<<'E' cat -\na $HOME\nE\n", "A=1 <<E sed s/a/b/\naaa\nE\n",
             "<<A cat <<B\nx\nA\ny\nB\n", "<<A <<B cat\nx\nA\ny\nB\n", "<<-E 2>/dev/null cat | tr a b\n\ta\n\tE\n",
             "true && <<E cat && echo done\nz\nE\n", "for i in 1 2; do <<E cat; done\n$i\nE\n"]
)  # fmt: skip
def test_a_shell_does_the_same_with_both(text: str) -> None:
    def run(script: str) -> tuple[int, str]:
        done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=False)
        return done.returncode, done.stdout

    assert moved(text) != text
    assert run(moved(text)) == run(text)


@pytest.mark.parametrize(
    ("run", "expected"),
    [
        ("RUN <<E python3\nimport os\nrm -rf /\nE", [("python3", [], 2)]),
        ("RUN A=1 <<E python3 -\napt-get update\nE", [("python3", ["-"], 2)]),
        ("RUN <<E bash\napt-get update\ncurl x\nE", [("apt-get", ["update"], 3), ("curl", ["x"], 4)]),
        ("RUN <<E cat > /x && apk add y\napt-get update\nE", [("cat", [], 2), ("apk", ["add", "y"], 2)]),
        ("RUN <<-'E' sudo sh -x\n\tapt-get update\n\tE", [("apt-get", ["update"], 3)]),
        ("RUN <<E\napt-get update\nE", [("apt-get", ["update"], 3)]),
    ],
)
def test_a_run_is_read_as_the_shell_reads_it(run: str, expected: list[Any]) -> None:
    evidence = collect(f"FROM alpine\n{run}\n".encode(), path="Dockerfile", bases=TableLookup([]))
    assert evidence.dockerfile is not None
    commands = evidence.dockerfile.stages[0].instructions[0].commands
    assert [(each.program, each.args, each.line) for each in commands] == expected
    assert not any(each.opaque for each in commands)
