"""A Dockerfile's facts, with a lock, are those of the image that BuildKit builds from it: every example is built."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.buildkitd import Buildkitd
from tests.support.oci_images import Pusher
from tests.support.registry import Registry
from tests.support.stand_ins import push_all

pytestmark = [pytest.mark.go, pytest.mark.root, pytest.mark.registry, pytest.mark.slow]

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples"
RULES = ("non-root", "no-shell", "approved-base", "max-size")
BUILDS = [
    build
    for build in yaml.safe_load((EXAMPLES / "expected.yaml").read_text(encoding="utf-8"))["builds"]
    if "dockerfile-valid" not in build.get("deny", []) and build.get("file", "").partition(".")[2] != "lost-from"
]
# Their COPY has a comment at its end, which Docker takes for names of files that are not there.
DO_NOT_BUILD = {"node-caching-bad/Dockerfile", "node-caching-good/Dockerfile"}
SETTINGS = """version: 1
registries:
  - {{host: docker.io, mirrors: ["{host}"], mirror_tags: true}}
  - {{host: gcr.io, mirrors: ["{host}"], mirror_tags: true}}
  - {{host: "{host}", insecure: true}}
"""


def name_of(build: dict[str, Any]) -> str:
    target = f"@{build['target']}" if "target" in build else ""
    return f"{build['example']}/{build.get('file', 'Dockerfile')}{target}"


@dataclass(frozen=True)
class Side:
    """What gate says of one side: its evidence's facts, and the rules that it finds broken or cannot decide."""

    facts: dict[str, Any]
    broken: set[str]
    undecided: set[str]
    later: set[str]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory, docker_registry: Registry) -> Path:
    """The examples in a project that knows the stand-ins by a lock."""
    root = tmp_path_factory.mktemp("parity")
    push_all(Pusher(docker_registry.url))
    (root / "examples").symlink_to(EXAMPLES)
    (root / "gate.yaml").write_text(SETTINGS.format(host=docker_registry.host))
    files = sorted({str(Path("examples", name_of(build).partition("@")[0])) for build in BUILDS})
    done = gate(root, "lock", *files)
    assert done.returncode == 0, done.stderr
    return root


def gate(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "gate", *arguments]
    return subprocess.run(command, cwd=root, capture_output=True, text=True, check=False, env={"HOME": str(root)})


def sides(root: Path, *arguments: str) -> dict[str, Side]:
    """What gate says of some targets, by name."""
    facts = gate(root, "facts", "-o", "json", *arguments)
    assert facts.returncode == 0, facts.stderr
    results = json.loads(gate(root, "check", "--no-cache", "-o", "json", *arguments).stdout)["results"]
    found = {}
    for evidence, result in zip(json.loads(facts.stdout), results, strict=True):
        assert evidence["subject"]["name"] == result["subject"]["name"]
        broken = [each for each in result["findings"] if each["rule"] in RULES]
        found[evidence["subject"]["name"]] = Side(
            facts=evidence["facts"],
            broken={each["rule"] for each in broken if each["status"] == "violation"},
            undecided={each["rule"] for each in broken if each["status"] == "undecided"},
            later=set(result["settled_later"]) & set(RULES),
        )
    return found


@pytest.fixture(scope="module")
def pairs(
    project: Path, buildkitd: Buildkitd, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, tuple[Side, Side]]:
    """The Dockerfile's side and the image's of every build."""
    builds = {name_of(build): build for build in BUILDS if name_of(build) not in DO_NOT_BUILD}
    archives = {
        name: f"oci-archive:{built(buildkitd, build, tmp_path_factory.mktemp('build'))}"
        for name, build in builds.items()
    }
    images = sides(project, *archives.values())
    sources: dict[str, Side] = {}
    for target in {build.get("target") for build in builds.values()}:
        paths = [
            f"examples/{name.partition('@')[0]}" for name, build in builds.items() if build.get("target") == target
        ]
        found = sides(project, *(["--target", target] if target else []), *paths)
        sources |= {f"{path.removeprefix('examples/')}{f'@{target}' if target else ''}": found[path] for path in found}
    return {name: (sources[name], images[archive.removeprefix("oci-archive:")]) for name, archive in archives.items()}


def built(buildkitd: Buildkitd, build: dict[str, Any], directory: Path) -> Path:
    """The image of one build as an archive. A frontend image cannot be had here: the built-in one does the same."""
    source = EXAMPLES / build["example"] / build.get("file", "Dockerfile")
    dockerfile = directory / source.name
    dockerfile.write_text(source.read_text().replace("# syntax=", "# not syntax="))
    ignored = source.with_name(f"{source.name}.dockerignore")
    if ignored.is_file():
        dockerfile.with_name(ignored.name).write_bytes(ignored.read_bytes())
    archive = directory / "image.tar"
    options = {"target": build["target"]} if "target" in build else {}
    buildkitd.build(EXAMPLES / build["context"], f"type=oci,dest={archive}", dockerfile=dockerfile, options=options)
    return archive


def tagged(reference: str | None) -> str | None:
    """A reference as a lock names it."""
    if reference in (None, "scratch") or ":" in reference.rpartition("/")[2]:
        return reference
    return f"{reference}:latest"


@pytest.mark.parametrize("build", [each for each in BUILDS if name_of(each) not in DO_NOT_BUILD], ids=name_of)
def test_a_dockerfile_and_its_image_agree(build: dict[str, Any], pairs: dict[str, tuple[Side, Side]]) -> None:
    source, image = pairs[name_of(build)]

    ours, theirs = source.facts["user"], image.facts["user"]
    assert theirs["state"] == "known"
    assert ours["root"] == theirs["root"]
    assert (ours["value"] or "") == theirs["value"]
    assert ours["uid"] in (None, theirs["uid"])

    ours, theirs = source.facts["shell"], image.facts["shell"]
    assert theirs["state"] == "known"
    assert ours["present"] == theirs["present"]
    assert {each["path"] for each in ours["shells"]} == {each["path"] for each in theirs["shells"]}

    ours, theirs = source.facts["base"], image.facts["base"]
    assert theirs["state"] in ("known", "assumed")
    assert tagged(ours["reference"]) == tagged(theirs["reference"])

    assert image.undecided == set() and image.later == set()
    assert source.undecided == set()
    # A build argument that can change the user is a fault of the Dockerfile, and none of any one image.
    settled = set(RULES) - source.later - ({"non-root"} if source.facts["user"]["overridable_by"] else set())
    assert source.broken & settled == image.broken & settled


@pytest.mark.parametrize("build", [each for each in BUILDS if name_of(each) in DO_NOT_BUILD], ids=name_of)
def test_an_example_that_docker_does_not_build_is_not_built_here(
    build: dict[str, Any], project: Path, buildkitd: Buildkitd, tmp_path: Path
) -> None:
    with pytest.raises(RuntimeError, match="failed to"):
        built(buildkitd, build, tmp_path)
