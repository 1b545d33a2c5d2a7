"""The BuildKit oracle gives answers known beforehand, so that comparisons with it mean something."""

import pytest

from tests.support import tools
from tests.support.oracles import BuildkitOracle, OracleError

pytestmark = pytest.mark.go


def test_it_lists_instructions_as_the_parser_sees_them(buildkit_oracle):
    dockerfile = (
        "# syntax=docker/dockerfile:1\n# escape=`\nFROM --platform=linux/arm64 alpine AS b\n"
        'RUN <<-"E" 3<<F `\n\n  cat\n\tone $x\n\tE\ntwo\nF\nONBUILD COPY --chown=1 ["a b", "/c"]\n'
    )
    found = buildkit_oracle.parse(dockerfile)
    assert found["error"] is None
    assert (found["syntax"], found["escape"]) == ("docker/dockerfile:1", "`")
    assert found["directives"] == [
        {"name": "syntax", "value": "docker/dockerfile:1", "line": 1},
        {"name": "escape", "value": "`", "line": 2},
    ]
    shape = [(i["cmd"], i["sub"], i["json"], i["flags"], i["values"], i["start_line"]) for i in found["instructions"]]
    assert shape == [
        ("from", None, False, ["--platform=linux/arm64"], ["alpine", "AS", "b"], 3),
        ("run", None, False, [], ['<<-"E" 3<<F   cat'], 4),
        ("onbuild", "copy", True, [], ["a b", "/c"], 11),
    ]
    assert found["instructions"][2]["sub_flags"] == ["--chown=1"]
    assert found["instructions"][1]["end_line"] == 10
    assert found["instructions"][1]["heredocs"] == [
        {"name": "E", "content": "\tone $x\n", "expand": False, "chomp": True, "fd": 0},
        {"name": "F", "content": "two\n", "expand": True, "chomp": False, "fd": 3},
    ]
    assert [w["lines"] for w in found["warnings"]] == [[6]]


@pytest.mark.parametrize(
    ("dockerfile", "user"),
    [
        ("FROM alpine", "base-user:docker.io/library/alpine:latest"),
        ("FROM scratch", ""),
        ("FROM a\nUSER app\nRUN echo \\\\\nUSER root", "root"),
        ("FROM a\nUS\\\nER root", "root"),
        ("FROM a\nUSER $UNSET", ""),
        ("FROM a\nARG U=7\nENV U=$U\nUSER ${U:+x}", "x"),
        ("FROM a AS x\nONBUILD USER root\nUSER app\nFROM x", "root"),
        ("FROM a\nRUN <<E\nUSER app\nE", "base-user:docker.io/library/a:latest"),
    ],
)
def test_it_knows_the_user_of_the_final_image(buildkit_oracle, dockerfile, user):
    found = buildkit_oracle.build(dockerfile)
    assert found["error"] is None
    assert found["config"]["user"] == user


def test_it_names_every_input_the_target_reaches_and_no_other(buildkit_oracle):
    dockerfile = (
        "ARG T=1\nFROM golang:$T AS build\nRUN a\nFROM unused\nRUN b\nFROM build AS other\nRUN c\nFROM alpine@sha256:"
        + "a" * 64
        + "\nCOPY --from=build /x /\nCOPY --from=ghcr.io/a/b /y /\nRUN --mount=from=busybox,target=/m d\n"
        "ADD https://example.test/z /\n"
    )
    found = buildkit_oracle.build(dockerfile, platform="linux/arm64", build_args={"T": "2"})
    assert found["error"] is None
    assert found["inputs"] == [
        {"reference": reference, "platform": "linux/arm64"}
        for reference in (
            "docker.io/library/alpine@sha256:" + "a" * 64,
            "docker.io/library/busybox:latest",
            "docker.io/library/golang:2",
            "ghcr.io/a/b:latest",
        )
    ]
    assert [source["identifier"] for source in found["sources"]] == [
        "docker-image://docker.io/library/alpine@sha256:" + "a" * 64,
        "docker-image://docker.io/library/busybox:latest",
        "docker-image://docker.io/library/golang:2",
        "docker-image://ghcr.io/a/b:latest",
        "https://example.test/z",
    ]
    assert {5, 7} & set(found["reached_lines"]) == set()
    assert {3, 9, 10, 11, 12} <= set(found["reached_lines"])
    other = buildkit_oracle.build(dockerfile, target="OTHER")
    assert [i["reference"] for i in other["inputs"]] == ["docker.io/library/golang:1"]


def test_the_caller_may_say_what_a_base_holds(buildkit_oracle):
    bases = {
        "docker.io/library/a:latest": {"user": "7", "on_build": ["USER 8"], "entrypoint": ["/e"], "shell": ["/bin/x"]},
        "docker.io/library/gone:latest": None,
    }
    config = buildkit_oracle.build("FROM a\nCMD b", bases=bases)["config"]
    assert (config["user"], config["entrypoint"], config["cmd"]) == ("8", ["/e"], ["/bin/x", "b"])
    missing = buildkit_oracle.build("FROM gone", bases=bases)
    assert missing["config"] is None
    assert "not found" in missing["error"]["message"]


@pytest.mark.parametrize(
    ("dockerfile", "where", "lines"),
    [
        ("", "parse", None),
        ("FROM a\nNOPE x", "build", [2]),
        ("FROM a\nRUN <<E\nx", "parse", [2, 3]),
        ("FROM a\nCOPY --from=later x /\nFROM b AS later\nCOPY --from=0 x /", "build", [2, 4]),
        ("FROM a\nRUN --mount=target=/ x", "build", [2]),
        ("FROM ${X?unset}", "build", [1]),
    ],
)
def test_what_buildkit_refuses_is_an_error_with_its_lines(buildkit_oracle, dockerfile, where, lines):
    parsed, built = buildkit_oracle.parse_and_build(dockerfile)
    assert (parsed["error"] is not None) == (where == "parse")
    assert built["error"]
    if lines is not None:
        assert built["error"]["lines"] == lines


def test_bytes_that_are_not_utf8_come_back_as_surrogates(buildkit_oracle):
    found = buildkit_oracle.parse(b"FROM a\nRUN \xff\xe2\x82 \xf0\x9f\x90\x8b <&>\n")
    assert found["instructions"][1]["values"] == ["\udcff\udce2\udc82 \U0001f40b <&>"]


@pytest.mark.parametrize(
    ("word", "result"),
    [
        ("$A", "q/r"),
        ("${A#*/}", "r"),
        ("${B:-x y}'$A'\"$A\"", "x y$Aq/r"),
        ("${A%%/*}${E:+no}${E+yes}", "qyes"),
        ("${A/[a-z]/z}${A/?/z}", "q/rz/r"),
        ("\\$A", "$A"),
        ("a$1b", "ab"),
    ],
)
def test_it_expands_words(buildkit_oracle, word, result):
    found = buildkit_oracle.expand(word, {"A": "q/r", "E": ""})
    assert found["error"] is None
    assert found["result"] == result


def test_a_word_buildkit_cannot_expand_is_an_error(buildkit_oracle):
    assert "matching single-quote" in buildkit_oracle.expand("'a")["error"]["message"]
    assert "unsupported modifier" in buildkit_oracle.expand("${a")["error"]["message"]
    assert buildkit_oracle.expand("${A?told}", {})["error"] is not None


def test_words_and_unset_variables_are_listed(buildkit_oracle):
    assert buildkit_oracle.expand("a $A", {"A": "1 2"})["words"] == ["a", "1", "2"]
    assert buildkit_oracle.expand("$a $b", {"a": b"\xff"})["unmatched"] == ["b"]
    assert buildkit_oracle.expand("$a", {"a": b"\xff"})["result"] == "\udcff"


def test_many_files_are_answered_in_order(buildkit_oracle):
    requests = [buildkit_oracle.build_request(f"FROM a\nUSER {number}") for number in range(300)]
    users = [answer["build"]["config"]["user"] for answer in buildkit_oracle.ask_all(requests)]
    assert users == [str(number) for number in range(300)]


def test_a_refused_request_is_an_oracle_error_and_the_next_is_answered(buildkit_oracle):
    with pytest.raises(OracleError, match="over"):
        buildkit_oracle.parse(b"x" * (5 << 20))
    with pytest.raises(OracleError, match="unknown mode"):
        buildkit_oracle.ask({"mode": "nonsense"})
    assert buildkit_oracle.build("FROM scratch")["config"]["working_dir"] == "/"


def test_a_hanging_or_ended_oracle_is_an_error_and_starts_again(tmp_path):
    hanging = tmp_path / "hanging"
    hanging.write_text("#!/bin/sh\nexec sleep 60\n")
    ending = tmp_path / "ending"
    ending.write_text("#!/bin/sh\necho broken >&2\n")
    for program in (hanging, ending):
        program.chmod(0o755)
    with BuildkitOracle(hanging, timeout=0.2) as oracle, pytest.raises(OracleError, match=r"within 0\.2 s"):
        oracle.parse("FROM a")
    with BuildkitOracle(ending) as oracle, pytest.raises(OracleError, match="broken"):
        oracle.parse("FROM a")
        oracle.program = tools.built("buildkit-oracle")
        assert oracle.parse("FROM a")["error"] is None
