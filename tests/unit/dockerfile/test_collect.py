"""The evidence of whole builds: the articles' ones, frontends, sizes, bases, hostile files."""

from __future__ import annotations

import sys
from typing import Any

import pytest
from gate.evidence import model
from gate.evidence.bases import TableLookup
from gate.evidence.dockerfile.collect import collect
from gate.evidence.dockerfile.graph import BuildOptions
from gate.evidence.dockerfile.syntax import DockerfileError
from gate.settings import patterns
from hypothesis import given, settings
from hypothesis import strategies as st

TABLE = TableLookup()


def _evidence(text: str, *, frontends: list[dict[str, Any]] | None = None, **options: Any) -> model.Evidence:
    more: dict[str, Any] = {} if frontends is None else {"approved_frontends": frontends}
    return collect(text.encode(), path="a/Dockerfile", bases=TABLE, options=BuildOptions(**options), **more)


GO = "FROM golang:1.22-alpine AS builder\nWORKDIR /src\nCOPY . .\nRUN CGO_ENABLED=0 go build -o /out/app .\n"
NODE = "FROM node:20-alpine AS build\nWORKDIR /app\nCOPY . .\nRUN npm ci && npm run build\n"

# name, text, target; base, user (state, root, uid), shell (state, present), certain size in MB, unused stages
ARTICLES: list[tuple[str, str, str | None, str, tuple[Any, ...], tuple[Any, ...], int | None, list[str]]] = [
    ("go in one stage", "FROM golang:1.22-alpine\nCOPY . .\nRUN go build -o /app .\nCMD [\"/app\"]\n", None,
     "docker.io/library/golang:1.22-alpine", ("assumed", True, 0), ("assumed", True), 180, []),
    ("go on alpine", GO + "FROM alpine:3.20\nRUN adduser -D -u 10001 app\nCOPY --from=builder /out/app /app\nUSER app\n", None,
     "docker.io/library/alpine:3.20", ("assumed", False, 10001), ("assumed", True), 5, []),
    ("java", "FROM gradle:8.7-jdk21 AS builder\nRUN gradle bootJar\nFROM eclipse-temurin:21-jre-alpine\n"
     "COPY --from=builder /src/*.jar app.jar\nENTRYPOINT [\"java\", \"-jar\", \"/app.jar\"]\n", None,
     "docker.io/library/eclipse-temurin:21-jre-alpine", ("assumed", True, 0), ("assumed", True), 120, []),
    ("node with its user", NODE + "FROM node:20-alpine\nCOPY --from=build /app/dist ./dist\nUSER node\n", None,
     "docker.io/library/node:20-alpine", ("assumed", False, 1000), ("assumed", True), 100, []),
    ("python without a user", "FROM python:3.12-slim AS b\nRUN pip install --user x\nFROM python:3.12-slim\n"
     "COPY --from=b /root/.local /root/.local\nCMD [\"python\"]\n", None,
     "docker.io/library/python:3.12-slim", ("assumed", True, 0), ("assumed", True), 90, []),
    ("python with useradd -r", "FROM python:3.12-slim\nRUN groupadd -r app && useradd -r -g app app\nUSER app\n", None,
     "docker.io/library/python:3.12-slim", ("assumed", False, None), ("assumed", True), 90, []),
    ("go on scratch", GO + "FROM scratch\nCOPY --from=builder /out/app /app\nENTRYPOINT [\"/app\"]\n", None,
     "scratch", ("known", True, 0), ("assumed", False), 0, []),
    ("go on distroless", GO + "FROM gcr.io/distroless/static-debian12:nonroot\nCOPY --from=builder /out/app /app\n"
     "USER nonroot:nonroot\nENTRYPOINT [\"/app\"]\n", None,
     "gcr.io/distroless/static-debian12:nonroot", ("assumed", False, 65532), ("assumed", False), 1, []),
    ("go on distroless without a tag", GO + "FROM gcr.io/distroless/static-debian12\nCOPY --from=builder /out/app /app\n",
     None, "gcr.io/distroless/static-debian12", ("assumed", True, 0), ("assumed", False), 1, []),
    ("a tester stage", GO + "FROM builder AS tester\nRUN go test ./...\nFROM alpine:3.20 AS runtime\n"
     "COPY --from=builder /out/app /app\n", None,
     "docker.io/library/alpine:3.20", ("assumed", True, 0), ("assumed", True), 5, ["tester"]),
    ("the tester stage itself", GO + "FROM builder AS tester\nRUN go test ./...\nFROM alpine:3.20 AS runtime\n", "tester",
     "docker.io/library/golang:1.22-alpine", ("assumed", True, 0), ("assumed", True), 180, ["runtime"]),
    ("copies that lost their --from", NODE + "FROM node:20-alpine AS production\n"
     "RUN apk add --no-cache dumb-init && addgroup -S app && adduser -S -G app app\nCOPY /app/dist ./dist\nUSER app\n", None,
     "docker.io/library/node:20-alpine", ("assumed", False, None), ("assumed", True), 100, ["build"]),
    ("node in one stage", "FROM node:20\nCOPY . .\nRUN npm install\nCMD [\"node\", \"x\"]\n", None,
     "docker.io/library/node:20", ("assumed", True, 0), ("assumed", True), None, []),
    ("rust on scratch", "FROM rust:1.77-slim AS build\nRUN cargo build --release\nFROM scratch\n"
     "COPY --from=build /target/release/app /app\nENTRYPOINT [\"/app\"]\n", None,
     "scratch", ("known", True, 0), ("assumed", False), 0, []),
    ("rust on distroless", "FROM rust:1.82 AS b\nRUN --mount=type=cache,target=/t cargo build\n"
     "FROM gcr.io/distroless/cc-debian12\nCOPY --from=b /app /\nENTRYPOINT [\"/app\"]\n", None,
     "gcr.io/distroless/cc-debian12", ("assumed", True, 0), ("assumed", False), None, []),
    ("go in one large stage", "FROM golang:1.23\nCOPY . .\nRUN go build .\nCMD [\"./server\"]\n", None,
     "docker.io/library/golang:1.23", ("assumed", True, 0), ("assumed", True), 500, []),
    ("cache mounts", "# syntax=docker/dockerfile:1.7\nFROM golang:1.22-alpine AS builder\n"
     "RUN --mount=type=cache,target=/go/pkg/mod \\\n    go mod download\n", None,
     "docker.io/library/golang:1.22-alpine", ("assumed", True, 0), ("assumed", True), 180, []),
    ("a comment as source of COPY", "FROM node:20-alpine\nCOPY package.json package-lock.json ./ # Changes rarely\n"
     "RUN npm ci # Cached\n", None,
     "docker.io/library/node:20-alpine", ("assumed", True, 0), ("assumed", True), 100, []),
    ("a cache mount that lost its line", "# syntax=docker/dockerfile:1\nFROM python:3.12-slim AS build\n"
     "RUN \\\n    pip install -r requirements.txt\n", None,
     "docker.io/library/python:3.12-slim", ("assumed", True, 0), ("assumed", True), 90, []),
    ("the production stage", "ARG BUILD_ENV=production\nFROM node:20-alpine AS base\nFROM base AS development\n"
     "RUN npm install\nFROM base AS builder\nRUN npm ci\nFROM node:20-alpine AS production\n"
     "COPY --from=builder /app/dist ./dist\n", None,
     "docker.io/library/node:20-alpine", ("assumed", True, 0), ("assumed", True), 100, ["development"]),
    ("the development stage", "FROM node:20-alpine AS base\nFROM base AS development\nRUN npm install\n"
     "CMD [\"npm\", \"run\", \"dev\"]\nFROM node:20-alpine AS production\n", "development",
     "docker.io/library/node:20-alpine", ("assumed", True, 0), ("assumed", True), 100, ["production"]),
    ("a copy from an image", "FROM alpine:3.20\nCOPY --from=nginx:alpine /usr/sbin/nginx /usr/sbin/nginx\n", None,
     "docker.io/library/alpine:3.20", ("assumed", True, 0), ("assumed", True), 5, []),
    ("parallel stages", "FROM golang:1.22-alpine AS backend\nFROM node:20-alpine AS frontend\nFROM alpine:3.20\n"
     "COPY --from=backend /backend /app/backend\nCOPY --from=frontend /src/dist /app/static\n", None,
     "docker.io/library/alpine:3.20", ("assumed", True, 0), ("assumed", True), 5, []),
    ("python with wheels", "FROM python:3.13-slim AS builder\nRUN apt-get update && apt-get install -y gcc\n"
     "FROM python:3.13-slim\nCOPY --from=builder /wheels /wheels\nRUN pip install /wheels/* && rm -rf /wheels\n", None,
     "docker.io/library/python:3.13-slim", ("assumed", True, 0), ("assumed", True), 90, []),
    ("node in three stages", "FROM node:22-alpine AS deps\nFROM node:22-alpine AS builder\nFROM node:22-alpine\n"
     "COPY --from=deps /a /b\nCOPY --from=builder /a /c\n", None,
     "docker.io/library/node:22-alpine", ("assumed", True, 0), ("assumed", True), 100, []),
    ("node with a heavy builder", "FROM node:20 AS builder\nFROM node:20-alpine AS production\n"
     "COPY --from=builder /app/dist ./dist\nUSER node\n", None,
     "docker.io/library/node:20-alpine", ("assumed", False, 1000), ("assumed", True), 100, []),
    ("certificates on scratch", GO + "FROM scratch\nCOPY --from=builder /etc/ssl/certs/ca.crt /etc/ssl/certs/\n"
     "COPY --from=builder /out/app /app\nEXPOSE 8080\nENTRYPOINT [\"/app\"]\n", None,
     "scratch", ("known", True, 0), ("assumed", False), 0, []),
    ("a repaired twin", GO + "FROM scratch\nCOPY --from=builder /out/app /app\nUSER 65532:65532\n", None,
     "scratch", ("known", False, 65532), ("assumed", False), 0, []),
]  # fmt: skip


@pytest.mark.parametrize("row", ARTICLES, ids=lambda row: row[0])
def test_the_builds_of_the_articles_have_the_facts_they_should(row: tuple[Any, ...]) -> None:
    _, text, target, base, user, shell, floor, unused = row
    evidence = _evidence(text, target=target)
    facts = evidence.facts
    assert facts.base.reference == base
    assert (facts.user.state, facts.user.root, facts.user.uid) == user
    assert (facts.shell.state, facts.shell.present) == shell
    assert facts.size.at_least == (None if floor is None else floor * 10**6)
    assert evidence.dockerfile is not None
    assert [stage.name for stage in evidence.dockerfile.stages if not stage.reachable] == unused


def test_a_fragment_without_from_is_refused() -> None:
    with pytest.raises(DockerfileError):
        _evidence("COPY . .\nRUN go build\n")


def test_nothing_is_known_of_size_and_files_before_the_build() -> None:
    facts = _evidence("FROM golang:1.23\n").facts
    assert facts.size == model.SizeFact(
        state="unknown", reason="not built yet", at_least=500_000_000, platform="linux/amd64"
    )
    assert facts.filesystem == model.FilesystemFact(state="unknown", reason="not built yet")


def test_the_base_is_the_image_below_all_stages() -> None:
    text = "ARG V=3.20\nFROM alpine:$V AS a\nFROM a AS b\nFROM b\n"
    base = _evidence(text).facts.base
    assert base == model.BaseFact(
        state="known",
        reference="docker.io/library/alpine:3.20",
        registry="docker.io",
        repository="library/alpine",
        tag="3.20",
        overridable_by=["V"],
        ancestors=[model.Ancestor(reference="docker.io/library/alpine:3.20", via="source")],
        origin=model.LineOrigin(path="a/Dockerfile", line=2, end_line=2),
    )


def test_a_build_arg_may_choose_among_stages() -> None:
    text = "ARG KIND=a\nFROM alpine AS a\nFROM evil.io/x AS b\nFROM $KIND\n"
    assert _evidence(text).facts.base.reference == "docker.io/library/alpine"
    assert _evidence(text).facts.base.overridable_by == ["KIND"]
    assert _evidence(text, build_args={"KIND": "b"}).facts.base.reference == "evil.io/x"


def test_stages_say_what_their_base_ships() -> None:
    found = _evidence(GO + "FROM scratch AS final\n").dockerfile
    assert found is not None
    assert [(stage.name, stage.libc, stage.ships) for stage in found.stages] == [
        ("builder", "musl", "builder"),
        ("final", "none", "runtime"),
    ]


def test_a_config_that_rests_on_an_unknown_base_is_null() -> None:
    found = _evidence("FROM evil.io/x\nENV A=1\n").dockerfile
    assert found is not None
    config = found.stages[0].config
    assert config is not None
    assert (config.user, config.workdir, config.cmd, config.env) == (None, None, None, {"A": "1"})


def test_the_subject_names_file_target_platform_and_image() -> None:
    evidence = collect(
        b"FROM alpine AS a\nFROM alpine AS b\n",
        path="x/Dockerfile",
        bases=TABLE,
        options=BuildOptions(target="a", platform="linux/arm64"),
        image="ghcr.io/acme/api",
    )
    assert evidence.subject == model.Subject(
        name="x/Dockerfile", target="a", platform="linux/arm64", image="ghcr.io/acme/api"
    )
    assert _evidence("FROM alpine AS a\nFROM alpine AS b\n").subject.target == "b"
    assert _evidence("FROM alpine\n").subject.target is None


# --- frontends ---


@pytest.mark.parametrize(
    "line",
    [
        "# syntax=docker/dockerfile:1",
        "# syntax=docker.io/docker/dockerfile:1.7-labs",
        "#SYNTAX = docker/dockerfile@sha256:" + "a" * 64,
        "// syntax=docker/dockerfile:1",
        "# syntax=dockerfile.v0",
    ],
)
def test_an_approved_frontend_changes_nothing(line: str) -> None:
    text = f"{line}\nFROM scratch\nUSER 5\n" if line.startswith("#") else f"{line}\n"
    if line.startswith("//"):
        with pytest.raises(DockerfileError):
            _evidence(text)
    else:
        assert _evidence(text).facts.user.uid == 5


@pytest.mark.parametrize(
    ("text", "frontend", "line"),
    [
        ("# syntax=evil.io/frontend\nFROM scratch\nUSER 5\n", "evil.io/frontend", 1),
        ("# check=skip=all\n# syntax=evil.io/frontend\nFROM scratch\n", "evil.io/frontend", 2),
        ("#!/bin/x\n# syntax=evil.io/frontend\nFROM scratch\n", "evil.io/frontend", 2),
        ("// syntax=evil.io/frontend\nanything { at all", "evil.io/frontend", 1),
        ('{"syntax": "evil.io/frontend"}', "evil.io/frontend", 1),
        ("# syntax=Bad Image\nFROM scratch\n", "Bad", 1),
        ("# syntax=docker.io/evil/dockerfile:1\nFROM scratch\n", "docker.io/evil/dockerfile:1", 1),
    ],
)
def test_nothing_is_known_behind_a_foreign_frontend(text: str, frontend: str, line: int) -> None:
    evidence = _evidence(text)
    facts = evidence.facts
    assert {each.state for each in (facts.user, facts.shell, facts.base, facts.size, facts.filesystem)} == {"unknown"}
    assert {each.reason for each in (facts.user, facts.shell, facts.base, facts.size, facts.filesystem)} == {
        f"the frontend {frontend} is not approved, and it alone decides what this file means"
    }
    found = evidence.dockerfile
    assert found is not None
    assert (found.frontend, found.frontend_line, found.stages) == (frontend, line, [])
    assert [(each.kind, each.line) for each in found.inputs] == [("frontend", line)]


def test_a_build_arg_chooses_the_frontend() -> None:
    evidence = _evidence("FROM scratch\nUSER 5\n", build_args={"BUILDKIT_SYNTAX": "evil.io/x"})
    assert (evidence.facts.user.state, evidence.dockerfile and evidence.dockerfile.frontend) == ("unknown", "evil.io/x")
    trusted = {"BUILDKIT_SYNTAX": "docker/dockerfile:1"}
    assert _evidence("# syntax=evil.io/x\nFROM scratch\nUSER 5\n", build_args=trusted).facts.user.uid == 5


def test_a_team_approves_its_own_frontends() -> None:
    own = [patterns.compile_image("ghcr.io/acme/frontend", ["1.*"])]
    text = "# syntax=ghcr.io/acme/frontend:{}\nFROM scratch\nUSER 5\n"
    assert _evidence(text.format("1.2"), frontends=own).facts.user.state == "known"
    assert _evidence(text.format("2.0"), frontends=own).facts.user.state == "unknown"
    assert _evidence("# syntax=docker/dockerfile:1\nFROM scratch\n", frontends=own).facts.user.state == "unknown"


# --- hostile files ---


_DIGEST = "docker/dockerfile:1.7@sha256:" + "a" * 64


@pytest.mark.parametrize(
    ("below", "state"),
    [
        ("COPY <<CMD /x\nUSER root\nCMD\n", "unknown"),
        ("RUN <<EOF\nuser root\nRUN true \\\nEOF\n", "unknown"),
        ("RUN <<EOF\n\n# USER 7\n US\\\nER root\nEOF\n", "unknown"),
        ("RUN <<CMD\nCMD\n", "unknown"),
        ('RUN <<""\n\nRUN true\n', "known"),
        ("RUN <<-CMD\n\tUSER root\n\tCMD\n", "unknown"),
        # A frontend that takes these lines for instructions refuses the file: only one reading builds.
        ("RUN <<EOF\nset -e\nUSER root\nEOF\n", "known"),
        ("RUN <<EOF\nEOF\n", "known"),
        ("RUN <<CMD\nUSER root\nCMD\nRUN <<EOF\nset -e\nEOF\n", "known"),
        ("RUN true\n", "known"),
    ],
)
def test_here_documents_under_a_frontend_by_digest_are_read_only_where_all_frontends_agree(
    below: str, state: str
) -> None:
    text = f"FROM alpine\nUSER 7\n{below}"
    assert _evidence(f"# syntax={_DIGEST}\n{text}").facts.user.state == state
    assert _evidence(f"# syntax=docker/dockerfile:1.7\n{text}").facts.user.state == "known"


def test_a_file_of_many_stages_is_read() -> None:
    lines = ["FROM alpine AS s0", *(f"FROM s{number - 1} AS s{number}\nRUN a" for number in range(1, 1500)), "USER 5"]
    assert _evidence("\n".join(lines)).facts.user.uid == 5


@pytest.mark.parametrize("line", ["ENV {0}=x", "LABEL {0}=x", "ARG {0}=x", "EXPOSE 0-65535/tcp 0-65535/udp"])
def test_a_file_that_would_fill_the_memory_is_refused(line: str) -> None:
    lines = ["FROM alpine AS s0"]
    for number in range(1, 2500):
        lines += [f"FROM s{number - 1} AS s{number}", line.format(f"A{number}")]
    with pytest.raises(DockerfileError, match="more work than gate allows"):
        _evidence("\n".join(lines))


@pytest.mark.parametrize("form", ["$A$A", "${A}${A}", "${A:-x}${A:+$A}"])
def test_values_that_double_are_refused_or_end(form: str) -> None:
    text = "FROM alpine\nENV A=xxxxxxxxxxxxxxxx\n" + f"ENV A={form}\n" * 60 + "USER $A\n"
    with pytest.raises(DockerfileError):
        _evidence(text)


def test_evidence_goes_through_json() -> None:
    evidence = _evidence("FROM alpine\nRUN --mount=type=cache,target=/c a \\\n  b\nCOPY <<E /x\n\udcff\nE\nUSER \udcff\n"
                         .encode("utf-8", "surrogateescape").decode("utf-8", "replace"))  # fmt: skip
    assert model.decode(model.encode(evidence)) == evidence


def test_bytes_that_are_no_utf8_can_be_told_as_json() -> None:
    data = b'FROM alpine\nLABEL a=\xff\nENV B=\xfe\nRUN echo \xff\nCMD ["\xff"]\nUSER \xff\n# \xff\n'
    evidence = collect(data, path="Dockerfile", bases=TABLE)
    assert model.encode(evidence)


_LINES = st.sampled_from(
    [
        "FROM alpine", "FROM alpine AS a", "FROM a", "FROM scratch", "ARG X=1", "ARG X", "ENV X=$X$X", "USER $X", "USER app",
        "RUN useradd -u 0 -o app", "COPY --from=a / /", "COPY --from=0 /bin/sh /bin/", "COPY --from=busybox /bin /bin",
        "ADD x.tar /", "CMD a", "ENTRYPOINT []", "SHELL [\"x\"]", "ONBUILD USER root", "ONBUILD COPY --from=a /x /y",
        "RUN --mount=from=a,target=/m x", "RUN <<E\nx\nE", "COPY <<E /etc/passwd\na:x:0:0\nE", "WORKDIR $X", "RUN rm -rf /bin",
        "HEALTHCHECK CMD x", "RUN echo 'a:x:0:0' >> /etc/passwd", "VOLUME $X", "EXPOSE $X", "RUN \\", "# x", "",
    ]
)  # fmt: skip


@settings(derandomize=True, max_examples=400, deadline=None)
@given(st.lists(_LINES, min_size=1, max_size=14))
def test_any_file_gives_evidence_or_a_refusal_with_its_line(lines: list[str]) -> None:
    try:
        evidence = _evidence("\n".join(lines))
    except DockerfileError as error:
        assert 0 <= error.line <= len("\n".join(lines).split("\n")) + 1
    else:
        assert model.decode(model.encode(evidence)) == evidence


def test_a_file_without_shell_commands_needs_no_shell_parser() -> None:
    import subprocess

    code = (
        "import sys\nfrom gate.evidence.bases import TableLookup\nfrom gate.evidence.dockerfile.collect import collect\n"
        "collect(b'FROM alpine\\nUSER 5\\nCMD [\"x\"]\\n', path='D', bases=TableLookup())\n"
        "print(sorted({'tree_sitter', 'yaml', 'aiohttp', 'kubernetes', 'docker', 'requests'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
