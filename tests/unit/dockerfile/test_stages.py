"""Stages: what the hand-made builds mean, and what the evidence says of stages and inputs."""

from __future__ import annotations

import msgspec
import pytest
from gate.evidence import model
from gate.evidence.dockerfile.collect import collect
from gate.evidence.dockerfile.graph import BuildOptions
from gate.evidence.dockerfile.syntax import DockerfileError
from tests.support import stage_cases
from tests.support.stage_agreement import StubBases, gate_meaning
from tests.support.stage_cases import Case


def _dockerfile(text: str, **options: object) -> model.Dockerfile:
    found = collect(text.encode(), path="Dockerfile", bases=StubBases(), options=BuildOptions(**options))  # type: ignore[arg-type]
    assert found.dockerfile is not None
    return found.dockerfile


def _refusal(text: str, **options: object) -> tuple[int, str]:
    with pytest.raises(DockerfileError) as caught:
        _dockerfile(text, **options)
    return caught.value.line, caught.value.message


@pytest.mark.parametrize("case", stage_cases.ALL, ids=lambda case: case.name)
def test_a_build_means_what_the_table_says(case: Case) -> None:
    options = BuildOptions(case.target or None, case.args, case.platform)
    ours = gate_meaning(case.text.encode(), options, case.bases)
    line = case.expect.get("refused")
    if line is None:
        assert {name: ours[name] for name in case.expect} == case.expect
    else:
        assert (ours["refused"] is not None, ours["lines"][0]) == (True, line)


def test_reachable_stages_are_those_the_target_needs() -> None:
    text = (
        "FROM one AS base\nFROM base AS copied\nFROM two AS mounted\nFROM three AS unused\nCOPY --from=four /a /b\n"
        "FROM base\nCOPY --from=copied /a /b\nRUN --mount=from=mounted,target=/m x\n"
    )
    stages = _dockerfile(text).stages
    assert [(stage.name, stage.reachable, stage.target) for stage in stages] == [
        ("base", True, False),
        ("copied", True, False),
        ("mounted", True, False),
        ("unused", False, False),
        (None, True, True),
    ]


def test_lines_of_a_stage_go_from_its_from_to_its_last_instruction() -> None:
    stages = _dockerfile("ARG X=1\n\nFROM one AS a\nRUN x \\\n  y\n\n# end\nFROM a\n").stages
    assert [(stage.line, stage.end_line) for stage in stages] == [(3, 5), (8, 8)]


def test_every_input_is_listed_with_its_stage_line_and_reach() -> None:
    text = (
        "# syntax=docker/dockerfile:1.7\n"
        "ARG TAG=3.20\n"
        "FROM golang:1.22 AS build\n"
        "ADD --checksum=sha256:" + "a" * 64 + " https://e.com/a.tgz /x\n"
        "ADD https://e.com/r.git?commit=abc /y\n"
        "FROM evil.io/x AS unused\n"
        "COPY --from=evil.io/y /a /b\n"
        "FROM alpine:$TAG\n"
        "COPY --from=build /a /b\n"
        "COPY --from=nginx:alpine /a /b\n"
        "RUN --mount=type=bind,from=ghcr.io/acme/tool@sha256:" + "b" * 64 + ",target=/m x\n"
    )
    inputs = _dockerfile(text).inputs
    assert [
        (each.kind, each.reference, each.stage, each.line, each.reachable, each.checksum, each.overridable_by)
        for each in inputs
    ] == [
        ("frontend", "docker.io/docker/dockerfile:1.7", None, 1, True, None, []),
        ("from", "docker.io/library/golang:1.22", 0, 3, True, None, []),
        ("add", "https://e.com/a.tgz", 0, 4, True, "sha256:" + "a" * 64, []),
        ("add", "https://e.com/r.git?commit=abc", 0, 5, True, "abc", []),
        ("from", "evil.io/x", 1, 6, False, None, []),
        ("copy", "evil.io/y", 1, 7, False, None, []),
        ("from", "docker.io/library/alpine:3.20", 2, 8, True, None, ["TAG"]),
        ("copy", "docker.io/library/nginx:alpine", 2, 10, True, None, []),
        ("mount", "ghcr.io/acme/tool@sha256:" + "b" * 64, 2, 11, True, None, []),
    ]
    assert [(each.registry, each.repository, each.tag) for each in inputs[-3:-1]] == [
        ("docker.io", "library/alpine", "3.20"),
        ("docker.io", "library/nginx", "alpine"),
    ]


def test_scratch_is_no_input() -> None:
    assert _dockerfile("FROM scratch\nCOPY --from=scratch /a /b\nRUN --mount=type=cache,target=/c x\n").inputs == []


def test_inputs_that_a_trigger_brings_stand_at_the_trigger() -> None:
    inputs = _dockerfile("FROM one AS a\nONBUILD COPY --from=two /x /y\nFROM a\n").inputs
    assert [(each.kind, each.reference, each.stage, each.line) for each in inputs] == [
        ("from", "docker.io/library/one", 0, 1),
        ("copy", "docker.io/library/two", 1, 2),
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ARG B=alpine\nFROM $B\n", ["B"]),
        ("ARG A=alpine\nARG B=$A\nFROM $B\n", ["A", "B"]),
        ("ARG B=alpine\nARG B=$B:3\nFROM $B\n", ["B"]),
        ("ARG B\nFROM ${B:-alpine}\n", ["B"]),
        ("ARG B=alpine\nARG C=x\nFROM $B\n", ["B"]),
        ("FROM alpine\nARG B=alpine\n", []),
        ("FROM img-$TARGETARCH\n", ["TARGETARCH"]),
        ("ARG B=a\nFROM ${B#x}\n", ["B"]),
    ],
)
def test_build_args_that_can_replace_a_base_are_named(text: str, expected: list[str]) -> None:
    assert _dockerfile(text).stages[-1].base.overridable_by == expected


def test_variables_without_a_value_are_named() -> None:
    stages = _dockerfile("ARG A\nFROM alpine$A${B:-x}\nUSER $C${D:-x}\n").stages
    assert (stages[0].base.unresolved, stages[0].instructions[0].unresolved) == (["A", "B"], ["C", "D"])


def test_instructions_show_what_they_became() -> None:
    text = (
        "FROM one AS base\n"
        "FROM two\n"
        "ARG DIR=/srv\n"
        "ENV HOME=$DIR/home OTHER=$NOPE\n"
        'LABEL a="b c"\n'
        "WORKDIR $DIR\n"
        "COPY --chown=1:1 --from=base $DIR/a b/ $DIR/\n"
        "COPY <<E /conf\nhello $DIR\nE\n"
        "EXPOSE 80 53/udp\n"
        "RUN --mount=type=cache,id=go,target=/c make\n"
    )
    stage = _dockerfile(text).stages[1]
    found = [
        {
            name: value
            for name, value in msgspec.structs.asdict(each).items()
            if value and name not in ("line", "end_line", "raw", "commands")
        }
        for each in stage.instructions
    ]
    heredoc = model.Heredoc(name="E", content="hello /srv\n", line=9)
    mount = model.Mount(type="cache", target="/c", id="go")
    assert found == [
        {"cmd": "ARG", "pairs": [("DIR", "/srv")]},
        {"cmd": "ENV", "pairs": [("HOME", "/srv/home"), ("OTHER", "")], "unresolved": ["NOPE"]},
        {"cmd": "LABEL", "pairs": [("a", "b c")]},
        {"cmd": "WORKDIR", "args": ["/srv"]},
        {"cmd": "COPY", "flags": ["--chown=1:1", "--from=base"], "args": ["/srv/a", "b/", "/srv/"]},
        {"cmd": "COPY", "args": ["/conf"], "heredocs": [heredoc]},
        {"cmd": "EXPOSE", "args": ["53/udp", "80/tcp"]},
        {
            "cmd": "RUN",
            "flags": ["--mount=type=cache,id=go,target=/c"],
            "args": ["make"],
            "mounts": [mount],
        },
    ]
    assert stage.instructions[4].source_stage == 0


def test_a_source_is_a_stage_or_an_image() -> None:
    text = "FROM one AS a\nFROM two\nCOPY --from=a /x /y\nCOPY --from=three /x /y\nRUN --mount=from=a,target=/m x\n"
    first, second, third = _dockerfile(text).stages[1].instructions
    assert (first.source_stage, first.source_image) == (0, None)
    assert (second.source_stage, second.source_image) == (None, "docker.io/library/three")
    assert [(each.stage, each.from_) for each in third.mounts] == [(0, "a")]


def test_triggers_show_where_they_come_from() -> None:
    text = "FROM one AS a\nUSER app\nONBUILD RUN \\\n  make\nFROM a\nUSER x\n"
    first, second = _dockerfile(text).stages[1].instructions
    assert (first.cmd, first.line, first.end_line, first.onbuild_from) == ("RUN", 3, 4, 0)
    assert (second.cmd, second.line, second.onbuild_from) == ("USER", 6, None)
    assert [each.line for each in first.commands] == [3]


def test_an_unused_stage_that_makes_no_sense_is_still_shown() -> None:
    stages = _dockerfile("FROM one AS a\nUSER x\nVOLUME $NOPE\nRUN y\nFROM two\n").stages
    assert (stages[0].config, [each.cmd for each in stages[0].instructions]) == (None, ["USER", "VOLUME", "RUN"])


def test_global_arguments_have_their_values() -> None:
    found = _dockerfile("ARG A=1\nARG B=$A C\nFROM x\n", build_args={"C": "c"}).arguments
    assert [each.pairs for each in found] == [[("A", "1")], [("B", "1"), ("C", "c")]]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("ARG BASE\nFROM $BASE\n", "the base '$BASE' is empty; give it one with --build-arg BASE=..."),
        ("FROM a AS b\nCOPY --from=b x y\n", "stages wait for each other: b reads b"),
        ("FROM a\nCOPY --from=7 x y\n", "there is no stage with the index 7"),
    ],
)
def test_a_refusal_says_what_to_change(text: str, message: str) -> None:
    assert _refusal(text) == (2, message)


def test_an_unknown_target_names_the_stages_there_are() -> None:
    assert _refusal("FROM a AS x\nFROM b AS y\n", target="z") == (0, "there is no stage 'z'; stages: x, y")


def test_triggers_that_bring_ever_more_images_come_to_an_end() -> None:
    bases = StubBases({"docker.io/library/a:latest": {"on_build": ["COPY --from=a /x /y"]}})
    with pytest.raises(DockerfileError, match="ever more images"):
        collect(b"FROM a\n", path="Dockerfile", bases=bases)


def test_stages_that_copy_from_each_other_many_times_are_read_once() -> None:
    lines = ["FROM x AS s0"]
    for number in range(1, 60):
        lines += [f"FROM scratch AS s{number}", *[f"COPY --from=s{number - 1} / /"] * 4]
    evidence = collect("\n".join([*lines, "USER app"]).encode(), path="Dockerfile", bases=StubBases())
    assert evidence.facts.user.state == "unknown"
