"""One verdict by name and over platforms: a tag counts on every side, whatever digest it leads to and whoever asked for
that first; a Pod breaks what any platform of its image breaks.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.layered import BUSYBOX, file, image_of, layer, link
from tests.support.oci_images import OCI_INDEX, Pusher, entry, index_of, make_image
from tests.support.parity import Project, Said, of_review
from tests.support.registry import Registry
from tests.support.serving import GateServer, pod, start_gate

pytestmark = [pytest.mark.registry, pytest.mark.go]

# Nothing proves its base, so that only its name can approve it.
IMAGE = image_of(layer(file("app")), layer(file("bin/busybox", BUSYBOX), link("bin/sh", "busybox")), User="65532")
SETTINGS = """version: 1
registries:
  - {{host: "{host}", insecure: true}}
approved_images:
  - {{image: "{host}/names/vendor", tags: ["16*"]}}
rules:
  max-size:
    uncompressed: 1B
    budgets:
      - {{images: [{{image: "{host}/names/*", tags: ["*-big"]}}], uncompressed: 1GB}}
exemptions:
  - rule: no-shell
    images: [{{image: "{host}/names/*", tags: ["16*"]}}]
    owner: team
    reason: a test of names
    expires: 2999-01-01
"""
BY_NAME = {
    "vendor:16": {"max-size"},
    "vendor:16-big": set(),
    "vendor:9": {"max-size", "no-shell", "approved-base?"},
    "vendor:9-big": {"no-shell", "approved-base?"},
    "other:16": {"max-size", "approved-base?"},
    "other:16-big": {"approved-base?"},
    "other:9": {"max-size", "no-shell", "approved-base?"},
    f"vendor@{IMAGE.digest}": set(),
    f"vendor:9@{IMAGE.digest}": set(),
    f"other@{IMAGE.digest}": {"approved-base?"},
}
"""What each name of the one image breaks, and (?) leaves undecided. With a written digest the repository decides."""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory, docker_registry: Registry) -> Project:
    root = tmp_path_factory.mktemp("names")
    pusher = Pusher(docker_registry.url)
    for repository, tag in (name.partition("@")[0].partition(":")[::2] for name in BY_NAME):
        pusher.image(f"names/{repository}", tag or "none", IMAGE)
    (root / "gate.yaml").write_text(SETTINGS.format(host=docker_registry.host))
    return Project(root, docker_registry)


def manifest(project: Project, names: list[str]) -> dict[str, Said]:
    """What is said of a manifest with a Pod for each name."""
    pods = [pod(f"{project.registry.host}/names/{name}", f"p{number}") for number, name in enumerate(names)]
    (project.root / "pods.yaml").write_text("\n---\n".join(map(json.dumps, pods)))
    found = project.checked("--online", "pods.yaml")
    return {name: found[f"pod/p{number}:c"] for number, name in enumerate(names)}


def test_a_pod_breaks_what_any_platform_of_its_image_breaks(
    project: Project, server: tuple[GateServer, list[str]]
) -> None:
    images = {
        "linux/amd64": image_of(layer(file("app", b"x" * 5_000)), User="65532"),
        "linux/arm64": make_image({"bin/sh": b"shell"}, config={"User": "65532"}, platform="linux/arm64"),
        "linux/s390x": make_image({"app": b"program"}, platform="linux/s390x"),
    }
    pusher = Pusher(project.registry.url)
    for each in images.values():
        pusher.image("names/several", None, each)
    index = index_of(*(entry(each.manifest, platform) for platform, each in images.items()))
    pusher.manifest("names/several", "1", index, OCI_INDEX)
    reference = f"{project.registry.host}/names/several:1"
    alone = [
        of(found)
        for platform in images
        for found in project.checked("--platform", platform, f"docker://{reference}").values()
    ]
    assert len({frozenset(each) for each in alone}) == len(images)
    whole = set().union(*alone)
    assert of(manifest(project, ["several:1"])["several:1"]) == whole
    assert of(of_review(server[0].review(pod(reference)))) == whole


def of(said: Said) -> set[str]:
    return said.broken | {f"{rule}?" for rule in said.undecided}


def test_an_image_is_judged_by_the_name_it_was_asked_for(project: Project) -> None:
    references = {name: f"{project.registry.host}/names/{name}" for name in BY_NAME}
    found = project.checked(*(f"docker://{each}" for each in references.values()))
    assert {name: of(found[each]) for name, each in references.items()} == BY_NAME


def test_a_manifest_is_judged_by_the_names_in_it(project: Project) -> None:
    assert {name: of(said) for name, said in manifest(project, list(BY_NAME)).items()} == BY_NAME
    assert {name: of(said) for name, said in manifest(project, list(BY_NAME)[::-1]).items()} == BY_NAME


@pytest.fixture(params=[1, -1], ids=["forwards", "backwards"])
def server(request: pytest.FixtureRequest, project: Project, tmp_path: Path) -> Iterator[tuple[GateServer, list[str]]]:
    """A server that knows nothing, and the order to ask it in."""
    started = start_gate(tmp_path / "gate", (project.root / "gate.yaml").read_text())
    yield started, list(BY_NAME)[:: request.param]
    started.stop()


def test_admission_judges_by_the_names_in_any_order(project: Project, server: tuple[GateServer, list[str]]) -> None:
    gate, names = server
    answers = {name: gate.review(pod(f"{project.registry.host}/names/{name}")) for name in names}
    assert {name: of(of_review(answer)) for name, answer in answers.items()} == BY_NAME
