"""One verdict wherever an example is judged: its Dockerfile, the image BuildKit builds from it, a Pod, a manifest."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.support.buildkitd import Buildkitd
from tests.support.parity import RULES, Build, Project, Said, build_all, build_one, builds, new_project
from tests.support.registry import Registry
from tests.support.serving import GateServer, start_gate

pytestmark = [
    *(pytest.mark.go, pytest.mark.root, pytest.mark.registry, pytest.mark.slow),
    pytest.mark.xdist_group("parity"),
]

# Their COPY has a comment at its end, which Docker takes for names of files that are not there.
DO_NOT_BUILD = {"node-caching-bad/Dockerfile", "node-caching-good/Dockerfile"}
BUILT = [build for build in builds() if build.name not in DO_NOT_BUILD]
REFUSED = [build for build in builds() if build.name in DO_NOT_BUILD]
SETTLED_BY_THE_IMAGE = {"max-size"}
"""Of the four rules those whose ``settled_on`` names a later checkpoint than the build."""

each_build = pytest.mark.parametrize("build", BUILT, ids=lambda build: build.name)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory, docker_registry: Registry, buildkitd: Buildkitd) -> Project:
    """A project that knows the stand-ins by a lock; every build's image is in the registry."""
    found = new_project(tmp_path_factory.mktemp("parity"), docker_registry, lock=builds())
    build_all(buildkitd, found, BUILT, tmp_path_factory.mktemp("builds"))
    return found


@pytest.fixture(scope="module")
def server(project: Project) -> Iterator[GateServer]:
    """``gate serve`` with the project's settings and lock."""
    started = start_gate(project.root, project.settings)
    yield started
    started.stop()


@dataclass(frozen=True)
class Sides:
    """What is said of each build, side by side. ``pods`` and ``manifests``: as the image would run by itself."""

    locked: dict[Build, Said]
    images: dict[Build, Said]
    pods: dict[Build, Said]
    manifests: dict[Build, Said]


@pytest.fixture(scope="module")
def sides(project: Project, server: GateServer) -> Sides:
    return Sides(
        locked=project.dockerfiles(BUILT, facts=True),
        images=project.images(BUILT),
        pods=project.admitted(BUILT, server),
        manifests=project.manifests(BUILT),
    )


def tagged(reference: str | None) -> str | None:
    """A reference as a lock names it."""
    if reference in (None, "scratch") or ":" in reference.rpartition("/")[2]:
        return reference
    return f"{reference}:latest"


def test_the_examples_say_something_of_every_rule(sides: Sides) -> None:
    """Each rule is broken by one image and not by another; what is too large shows before the build, after it, never."""
    broken = [image.broken for image in sides.images.values()]
    assert frozenset.union(*broken) == RULES
    assert frozenset.intersection(*broken) == set()
    places = {("max-size" in sides.locked[build].broken, "max-size" in sides.images[build].broken) for build in BUILT}
    assert places == {(True, True), (False, True), (False, False)}


# --- the image and what runs it ----------------------------------------------------------------------------------


@each_build
def test_an_image_a_pod_and_a_manifest_have_one_verdict(build: Build, sides: Sides) -> None:
    image, pod, manifest = sides.images[build], sides.pods[build], sides.manifests[build]
    assert (image.undecided, image.later) == (set(), set())
    assert image.verdict == pod.verdict == manifest.verdict
    assert image.digest == pod.digest == manifest.digest is not None
    # Of all rules, also those of the manifest itself: the same code before and at admission.
    assert pod.findings == manifest.findings


@pytest.fixture(scope="module", params=[10001, 0], ids=["numeric", "root"])
def repaired(request: pytest.FixtureRequest, project: Project, server: GateServer) -> tuple[int, Any, Any]:
    """The Pods and manifests again, with a user in their securityContext."""
    uid = request.param
    return uid, project.admitted(BUILT, server, runAsUser=uid), project.manifests(BUILT, runAsUser=uid)


def test_a_numeric_user_of_the_pod_settles_non_root_and_nothing_else(
    repaired: tuple[int, dict[Build, Said], dict[Build, Said]], sides: Sides
) -> None:
    uid, pods, manifests = repaired
    expected = {
        build.name: image.broken - {"non-root"} if uid else image.broken | {"non-root"}
        for build, image in sides.images.items()
    }
    assert {build.name: pod.broken for build, pod in pods.items()} == expected
    assert {build: pod.findings for build, pod in pods.items()} == {
        build: manifest.findings for build, manifest in manifests.items()
    }
    assert all(not each.undecided for each in (*pods.values(), *manifests.values()))
    # It is a difference for some examples, or this would show nothing.
    assert expected != {build.name: image.broken for build, image in sides.images.items()}


# --- the Dockerfile and its image --------------------------------------------------------------------------------


@each_build
def test_a_dockerfile_and_its_image_have_one_verdict(build: Build, sides: Sides) -> None:
    source, image = sides.locked[build], sides.images[build]
    assert source.undecided == set()
    # Left to the image is exactly what settles there, where the base alone does not break it already.
    assert source.later == SETTLED_BY_THE_IMAGE - source.broken
    # A build argument that can change the user is a fault of the Dockerfile, and none of any one image.
    doubt = {"non-root"} if source.facts["user"]["overridable_by"] else set()
    assert source.broken == (image.broken - source.later) | doubt
    # And what is known of its base by a lock changes nothing: the limit of sizes alone is another here.
    assert source.broken - {"max-size"} == build.deny & RULES - {"max-size"}


@each_build
def test_a_dockerfile_and_its_image_have_the_same_facts(build: Build, sides: Sides) -> None:
    source, image = sides.locked[build].facts, sides.images[build].facts

    ours, theirs = source["user"], image["user"]
    assert theirs["state"] == "known"
    assert ours["root"] == theirs["root"]
    assert (ours["value"] or "") == theirs["value"]
    assert ours["uid"] in (None, theirs["uid"])

    ours, theirs = source["shell"], image["shell"]
    assert theirs["state"] == "known"
    assert ours["present"] == theirs["present"]
    assert {each["path"] for each in ours["shells"]} == {each["path"] for each in theirs["shells"]}

    ours, theirs = source["base"], image["base"]
    assert theirs["state"] in ("known", "assumed")
    assert tagged(ours["reference"]) == tagged(theirs["reference"])


def test_asking_registries_says_of_dockerfiles_what_a_lock_says(
    docker_registry: Registry, sides: Sides, tmp_path: Path
) -> None:
    without = new_project(tmp_path, docker_registry)
    online = without.dockerfiles(BUILT, "--online")
    assert {build.name: each.findings for build, each in online.items()} == {
        build.name: each.findings for build, each in sides.locked.items()
    }
    assert {build.name: each.verdict for build, each in online.items()} == {
        build.name: each.verdict for build, each in sides.locked.items()
    }


@pytest.mark.parametrize("build", REFUSED, ids=lambda build: build.name)
def test_an_example_that_docker_does_not_build_is_not_built_here(
    build: Build, project: Project, buildkitd: Buildkitd, tmp_path: Path
) -> None:
    with pytest.raises(RuntimeError, match="failed to"):
        build_one(buildkitd, project, build, tmp_path / "build")
