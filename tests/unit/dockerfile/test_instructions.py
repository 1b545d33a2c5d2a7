"""Instructions are read as the hand-made table says; what BuildKit refuses is refused with its lines."""

from __future__ import annotations

import subprocess
import sys

import dockerfile_parse
import pytest
from gate.evidence.dockerfile import instructions
from gate.evidence.dockerfile.instructions import parse, parse_trigger, trigger_text
from gate.evidence.dockerfile.syntax import DockerfileError
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.assets.dockerfiles.table import CASES, CLASSES, Refused, summary


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.group}: {case.name}")
def test_a_dockerfile_reads_as_the_table_says(case):
    if isinstance(case.expected, Refused):
        with pytest.raises(DockerfileError) as caught:
            parse(case.data)
        assert case.expected.message in caught.value.message
        assert caught.value.line == case.expected.line
    else:
        assert summary(parse(case.data)) == case.expected


def test_the_table_covers_every_class_of_deviation_with_cases_of_their_own_names():
    assert {case.group for case in CASES} == set(CLASSES)
    assert len({case.name for case in CASES}) == len(CASES) >= 150


@pytest.mark.parametrize(
    ("data", "value", "segments"),
    [
        (b"FROM a\nRUN a b\n", "a b", ((0, 2),)),
        (b"FROM a\nRUN a \\\n  b\\\nc\n", "a   bc", ((0, 2), (2, 3), (5, 4))),
        (b"FROM a\nRUN \\\n\n# c\na \\\nb\n", "a b", ((0, 5), (2, 6))),
        (b"FROM a\nR\\\nUN --net\\\nwork=none \\\n a\n", "a", ((0, 5),)),
        (b"FROM a\nRUN --network=none a\\\nb\n", "ab", ((0, 2), (1, 3))),
        (b"FROM a\nRUN \xc3\xa9\\\nb\n", "éb", ((0, 2), (1, 3))),
    ],
)
def test_segments_lead_from_the_value_back_to_physical_lines(data, value, segments):
    instruction = parse(data).instructions[1]
    assert (instruction.value, instruction.segments) == (value, segments)


def test_segments_of_a_trigger_are_those_of_its_own_value():
    sub = parse(b"FROM a\nONBUILD \\\n  RUN \\\n x\\\ny\n").instructions[1].sub
    assert (sub.cmd, sub.value, sub.segments) == ("RUN", "xy", ((0, 4), (1, 5)))
    assert (sub.line, sub.end_line) == (2, 5)


def test_a_here_document_knows_the_line_of_its_first_line():
    copy = parse(b"FROM a\nCOPY <<A \\\n  <<B /x/\n1\nA\n2\nB\n").instructions[1]
    assert [(doc.name, doc.content, doc.line) for doc in copy.heredocs] == [("A", "1\n", 4), ("B", "2\n", 6)]


def test_comments_go_to_the_instruction_they_stand_before():
    parsed = parse(b"# one\n\n# two\nFROM a\n# three\n#\n# four\nRUN b \\\n# inside\n c\n# last\n")
    assert [instruction.comments for instruction in parsed.instructions] == [((1, "one"), (3, "two")), ((7, "four"),)]
    assert parsed.comments == ((1, "one"), (3, "two"), (5, "three"), (6, ""), (7, "four"), (9, "inside"), (11, "last"))


def test_directives_are_listed_with_their_lines_and_are_no_comments():
    parsed = parse(b"# Syntax = x/y:1 \n#check=skip=all\n# escape=`\nFROM a\n")
    assert parsed.directives == {"syntax": ("x/y:1", 1), "check": ("skip=all", 2), "escape": ("`", 3)}
    assert (parsed.escape, parsed.frontend, parsed.frontend_line, parsed.comments) == ("`", "x/y:1", 1, ())


def test_legacy_pairs_are_told_from_modern_ones():
    assert [i.legacy for i in parse(b"FROM a\nENV a b\nENV a=b\nLABEL a b\n").instructions] == [
        False,
        True,
        False,
        True,
    ]


def test_a_blank_line_in_a_continuation_is_a_warning():
    assert parse(b"FROM a\nRUN b \\\n\nc\n").warnings == ("line 3: empty continuation line in: RUN b c",)


@pytest.mark.parametrize(
    "option",
    ["x", "skip", "skip=A;x=1", "error=maybe", "error=", "=", "Skip=all", "skip=a;error=true;x;error=0"],
)
def test_check_options_that_buildkit_does_not_know_are_refused(option):
    with pytest.raises(DockerfileError, match="check option") as caught:
        parse(f"# check={option}\nFROM a\n".encode())
    assert caught.value.line == 1


@pytest.mark.parametrize(
    "option", ["skip=all", "skip=A, B ;error=T", " skip = A", "experimental=all;skip=x", ";".join(["error=0"] * 3)]
)
def test_check_options_that_buildkit_knows_are_accepted(option):
    assert len(parse(f"# check={option}\nFROM a\n".encode()).instructions) == 1


def test_a_trigger_is_kept_as_the_text_it_will_be_run_as():
    parsed = parse(
        b'FROM a\nonbuild  \tcopy --chown=1 a \\\n b\nONBUILD RUN <<-E <<F\n\tx\n\tE\ny\nF\nONBUILD CMD ["a"]\n'
    )
    texts = [trigger_text(instruction) for instruction in parsed.instructions[1:]]
    assert texts == ["copy --chown=1 a  b", "RUN <<-E <<F\n\tx\nE\ny\nF", 'CMD ["a"]']
    again = [parse_trigger(text) for text in texts]
    assert [i.words for i in again] == [("a", "b"), ("<<-E <<F",), ("a",)]
    assert [doc.content for doc in again[1].heredocs] == ["\tx\n", "y\n"]


def test_a_trigger_is_read_with_a_backslash_whatever_the_file_says():
    onbuild = parse(b"# escape=`\nFROM a\nONBUILD COPY --fr`om=x a\\ b\n").instructions[1]
    assert onbuild.sub.flags == ("--from=x",)
    assert parse_trigger("USER root\\").value == "USER root"[5:]


@pytest.mark.parametrize(
    "text",
    ["", "# x", "USER", "NOPE x", "FROM a", "MAINTAINER\nUSER a", "USER a\nUSER b", "RUN <<E\nx"],
)
def test_a_trigger_that_cannot_run_is_refused(text):
    with pytest.raises(DockerfileError):
        parse_trigger(text)


@pytest.mark.parametrize(
    "change",
    [
        lambda found: found.pop(),
        lambda found: found[1].update(instruction="RUN"),
        lambda found: found[1].update(value="root ."),
        lambda found: found[1].update(value=found[1]["value"] + " x"),
        lambda found: found.reverse(),
    ],
)
def test_a_file_the_two_parsers_read_differently_is_refused(monkeypatch, change):
    class Faulty(dockerfile_parse.DockerfileParser):
        @property
        def structure(self):
            found = super().structure
            change(found)
            return found

    data = b"FROM a\nUSER app\nCMD x\n"
    assert len(parse(data).instructions) == 3
    monkeypatch.setattr(dockerfile_parse, "DockerfileParser", Faulty)
    with pytest.raises(DockerfileError, match="reads in two ways"):
        parse(data)


def test_dockerfile_parse_is_imported_only_when_a_file_is_read():
    code = "import sys, gate.evidence.dockerfile.instructions as i; assert 'dockerfile_parse' not in sys.modules; i.parse(b'FROM a'); assert 'dockerfile_parse' in sys.modules"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_file_of_ten_thousand_instructions_is_read_and_one_more_is_refused():
    assert len(parse(b"FROM a\n" * 10_000).instructions) == 10_000
    with pytest.raises(DockerfileError, match="up to 10000 instructions"):
        parse(b"FROM a\n" * 10_001)


def test_a_file_of_a_mebibyte_is_read_and_one_byte_more_is_refused():
    largest = b"FROM a\n" + b"#\n" * (((1 << 20) - 7) // 2) + b"\n"
    assert len(parse(largest).instructions) == 1
    with pytest.raises(DockerfileError, match="1048577 bytes"):
        parse(largest + b"\n")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"FROM a\nRUN <<E " + b"${a:-" * 9_000 + b"\n", "nested"),
        (b"FROM a\nCMD " + b"[" * 60_000 + b"\n", "nested"),
        (b"FROM a\nHEALTHCHECK --retries=" + b"9" * 60_000 + b" CMD a\n", "retries"),
        (b"FROM a\nHEALTHCHECK --interval=" + b"9" * 60_000 + b"h CMD a\n", "duration"),
        (b"FROM a\nRUN " + b"<<a " * 15_000 + b"\n", "not closed"),
        (b"# check=" + b"=" * 60_000 + b"\nFROM a\n", "check option"),
        (b'{"a":' * 10_000, "unknown instruction"),
    ],
)
def test_hostile_files_are_refused_for_what_is_wrong_with_them(data, message):
    with pytest.raises(DockerfileError, match=message) as caught:
        parse(data)
    assert len(caught.value.message) < 300


@settings(derandomize=True, max_examples=300, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data):
    _read_or_refuse(data)


@settings(derandomize=True, max_examples=300, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            [
                b"FROM a\n",
                b"RUN ",
                b"COPY ",
                b"<<E",
                b"\nE\n",
                b"\\",
                b"\\\n",
                b" ",
                b"[",
                b'"a"',
                b"]",
                b"--",
                b"ENV ",
                b"=",
                b"#",
                b"\xff",
                b"\xa0",
                b"ONBUILD ",
                b"HEALTHCHECK ",
                b"'",
            ]
        ),
        max_size=30,
    )
)
def test_any_pieces_are_read_or_refused(pieces):
    _read_or_refuse(b"FROM a\n" + b"".join(pieces))


def _read_or_refuse(data: bytes) -> None:
    try:
        parsed = instructions.parse(data)
    except DockerfileError as error:
        assert error.message.isprintable()
        assert 0 <= error.line <= error.end_line <= data.count(b"\n") + 1
        return
    assert parsed.instructions
    previous = 0
    for instruction in parsed.instructions:
        assert previous < instruction.line <= instruction.end_line
        previous = instruction.end_line
        assert instruction.segments[0][0] == 0
        assert all(instruction.line <= line <= instruction.end_line for _, line in instruction.segments)
