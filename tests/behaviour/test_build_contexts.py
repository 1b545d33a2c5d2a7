"""``--build-context``: what stands in for a stage or an image is what BuildKit puts there, by real builds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from gate.evidence.bases import TableLookup
from gate.evidence.dockerfile.collect import BuildOptions, DockerfileError, collect

from tests.behaviour.command_line import gate
from tests.support.buildkitd import Buildkitd
from tests.support.layered import file, image_of, layer
from tests.support.oci_images import Pusher

real = [pytest.mark.go, pytest.mark.root, pytest.mark.registry]

TEXT = """\
FROM docker.io/ctx/one:1 AS build
COPY --from=docker.io/ctx/two:1 /two /two
USER 100
ONBUILD USER 77
FROM build AS middle
ENV A=1
FROM docker.io/ctx/one:latest AS final
COPY --from=middle / /
"""
BUILDS: list[tuple[str, dict[str, str]]] = [
    ("final", {}),
    ("build", {"build": "docker-image://docker.io/ctx/two:1"}),
    ("middle", {"build": "docker-image://docker.io/ctx/two:1"}),
    ("middle", {"ctx/one:1": "docker-image://docker.io/ctx/two:1"}),
    ("final", {"ctx/one": "docker-image://docker.io/ctx/two:1"}),
    ("final", {"docker.io/ctx/one:latest": "docker-image://docker.io/ctx/two:1"}),
    ("final", {"ctx/one:1": "docker-image://docker.io/ctx/two:1"}),
    ("final", {"final": "docker-image://docker.io/ctx/two:1"}),
    ("final", {"ctx/one": "docker-image://scratch"}),
    ("middle", {"middle": "docker-image://docker.io/ctx/two:1", "build": "docker-image://docker.io/ctx/one:1"}),
]


@pytest.fixture(scope="module")
def builder(buildkitd: Buildkitd) -> Buildkitd:
    """A BuildKit whose registry has two images, of users 1 and 2."""
    pusher = Pusher(buildkitd.registry.url)
    one = image_of(layer(file("one")), User="1", Env=["PATH=/one"])
    two = image_of(layer(file("two")), User="2", Env=["PATH=/two"])
    for name, tag, image in (("one", "1", one), ("one", "latest", one), ("two", "1", two)):
        pusher.image(f"ctx/{name}", tag, image)
    return buildkitd


def familiar(name: str) -> str:
    """A name as buildx hands it to BuildKit."""
    return name.removeprefix("docker.io/").removesuffix(":latest")


@pytest.mark.parametrize(("target", "contexts"), BUILDS)
@pytest.mark.usefixtures("builder")
class TestRealBuilds:
    pytestmark = real

    def test_the_user_is_the_built_image_s(
        self, target: str, contexts: dict[str, str], buildkitd: Buildkitd, tmp_path: Path
    ) -> None:
        (tmp_path / "Dockerfile").write_text(TEXT)
        options = {"target": target, **{f"context:{familiar(name)}": value for name, value in contexts.items()}}
        buildkitd.build(tmp_path, f"type=oci,dest={tmp_path / 'built.tar'},tar=true", options=options)
        row = f'{{host: docker.io, mirrors: ["{buildkitd.registry.host}"], mirror_tags: true}}'
        plain = f'{{host: "{buildkitd.registry.host}", insecure: true}}'
        (tmp_path / "gate.yaml").write_text(f"version: 1\nregistries: [{row}, {plain}]\n")
        given = [f"--build-context={name}={value}" for name, value in contexts.items()]
        before: Any = gate(
            "facts", "Dockerfile", "--online", "--target", target, *given, "-o", "json", cwd=tmp_path
        ).report
        after: Any = gate("facts", "oci-archive:built.tar", "-o", "json", cwd=tmp_path).report
        [said], [built] = before, after
        assert said["facts"]["user"]["state"] == "known"
        assert said["facts"]["user"]["value"] == built["facts"]["user"]["value"]
        [stage] = [each for each in said["dockerfile"]["stages"] if each["target"]]
        config = built["image"]["config"]["config"]
        assert dict(each.split("=", 1) for each in config.get("Env") or []).items() >= stage["config"]["env"].items()


@pytest.mark.parametrize("name", ["a.-b", "a" * 64, "a--b", "a__b", "a_-b", "a."])
@pytest.mark.usefixtures("builder")
class TestNamesOfStages:
    pytestmark = real

    def test_a_name_that_no_context_could_have_is_refused_as_buildkit_does(
        self, name: str, buildkitd: Buildkitd, tmp_path: Path
    ) -> None:
        text = f"FROM docker.io/ctx/one:1 AS {name}\n"
        (tmp_path / "Dockerfile").write_text(text)
        try:
            buildkitd.build(tmp_path, f"type=oci,dest={tmp_path / 'built.tar'},tar=true")
            builds = True
        except RuntimeError as error:
            assert "invalid context name" in str(error)
            builds = False
        try:
            facts({}, text)
            accepted = True
        except DockerfileError:
            accepted = False
        assert accepted == builds


# --- what is told of what cannot be read -------------------------------------------------------------------------


def facts(contexts: dict[str, str], text: str = TEXT, target: str | None = None) -> Any:
    options = BuildOptions(target=target, contexts=contexts)
    return collect(text.encode(), path="Dockerfile", options=options, bases=TableLookup([]))


@pytest.mark.parametrize("value", ["./folder", "oci-layout://build/image:1", "https://h.example/x.git", "git@h:x"])
def test_a_base_that_is_no_image_of_a_registry_is_unknown(value: str) -> None:
    found = facts({"ctx/one": value})
    assert (found.facts.base.state, found.facts.base.reference) == ("unknown", None)
    assert found.facts.base.reason == f"{value} stands in for ctx/one (--build-context), and its files are not read"
    assert found.facts.shell.state == "unknown"
    assert (found.facts.user.state, found.facts.user.root) == (
        ("unknown", None) if value.startswith("oci") else ("known", True)
    )


def test_what_comes_from_elsewhere_is_an_input_and_a_folder_is_none() -> None:
    def inputs(value: str) -> list[tuple[str, str]]:
        text = "FROM scratch\nCOPY --from=tools /t /t\nRUN --mount=from=tools,target=/m x\n"
        return [(each.kind, each.reference) for each in facts({"tools": value}, text).dockerfile.inputs]

    assert inputs("./folder") == []
    for value in ("https://h.example/x.git", "oci-layout://x:1"):
        assert inputs(value) == [("copy", value), ("mount", value)]
    assert inputs("docker-image://ghcr.io/a/b:1") == [("copy", "ghcr.io/a/b:1"), ("mount", "ghcr.io/a/b:1")]


def test_an_unapproved_context_is_denied_as_the_image_it_is(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM scratch\nCOPY --from=docker.io/library/golang:1 /x /x\nUSER 1\n")
    assert gate("check", cwd=tmp_path).code == 0
    for value in ("docker-image://evil.example/x:1", "https://evil.example/x.git", "oci-layout://x:1"):
        done = gate("check", "--build-context", f"golang:1={value}", "-o", "json", cwd=tmp_path)
        denied = {each["rule"] for each in done.report["results"][0]["findings"] if each["level"] == "deny"}
        assert (done.code, denied >= {"approved-source"}) == (1, True), value


def test_contexts_of_gate_yaml_are_the_build_s_and_the_option_beats_them(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM base\nUSER 1\n")
    build = "{path: Dockerfile, contexts: {base: 'docker-image://gcr.io/distroless/static:nonroot'}}"
    (tmp_path / "gate.yaml").write_text(f"version: 1\nbuilds: [{build}]\n")
    assert gate("check", cwd=tmp_path).code == 0
    assert gate("check", "--build-context", "base=docker-image://evil.example/x:1", cwd=tmp_path).code == 1


def test_a_result_is_not_remembered_across_contexts_and_secrets_of_urls_are_not_told(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM scratch\nCOPY --from=tools /x /x\nUSER 1\n")
    given = "tools=https://user:geheim@h.example/x.git"
    assert gate("check", "--build-context", "tools=./folder", cwd=tmp_path).code == 0
    done = gate("check", "--build-context", given, "-o", "json", cwd=tmp_path)
    assert done.code == 1
    assert "geheim" not in done.out + done.err + gate("facts", "Dockerfile", "--build-context", given, cwd=tmp_path).out
    assert json.loads(done.out)["inputs"]["build_contexts"] == {"tools": "https://h.example/x.git"}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("x", 'build context "x" has no value'),
        ("x=", "a context without a value"),
        ("Build=./x", '"Build" is no name for a context'),
        ("x=foo://y", 'no kind of context is called "foo"'),
        ("x=docker-image://A", "the repository must be lower case"),
    ],
)
def test_a_context_that_docker_would_refuse_is_a_usage_error(tmp_path: Path, given: str, message: str) -> None:
    (tmp_path / "Dockerfile").write_text("FROM scratch\nUSER 1\n")
    done = gate("check", "--build-context", given, cwd=tmp_path)
    assert done.code == 2 and message in done.err and len(done.err.splitlines()) <= 2
