"""Every example on all sides: its Dockerfile, the image BuildKit makes of it, and Pods and manifests that run it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tests.support.buildkitd import Buildkitd
from tests.support.oci_images import Pusher
from tests.support.registry import Registry
from tests.support.serving import GateServer, pod
from tests.support.stand_ins import BUILT_ON, STAND_INS, push_all, size

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples"
RULES = frozenset({"non-root", "no-shell", "approved-base", "max-size"})
_DEFAULT = "Dockerfile"
_SETTINGS = """version: 1
registries:
  - {{host: docker.io, mirrors: ["{host}"], mirror_tags: true}}
  - {{host: gcr.io, mirrors: ["{host}"], mirror_tags: true}}
  - {{host: "{host}", insecure: true}}
rules:
  max-size: {{uncompressed: {limit}B}}
"""


@dataclass(frozen=True)
class Build:
    """One way to build an example. ``deny``: what ``expected.yaml`` says of its Dockerfile offline."""

    example: str
    context: str
    file: str = _DEFAULT
    target: str | None = None
    deny: frozenset[str] = frozenset()

    @property
    def path(self) -> str:
        """Its Dockerfile in a project that has the examples."""
        return f"examples/{self.example}/{self.file}"

    @property
    def name(self) -> str:
        """What tells it from the others."""
        return f"{self.example}/{self.file}{f'@{self.target}' if self.target else ''}"

    @property
    def repository(self) -> str:
        """Where its image goes."""
        return f"parity/{self.name.lower().replace('@', '/')}"

    @property
    def pod_name(self) -> str:
        """What its Pod is called."""
        return self.repository.replace("/", "-").replace(".", "-")


@dataclass(frozen=True)
class Said:
    """What gate says on one side: the rules broken, undecided and left to a later checkpoint, of the four.

    ``findings`` are all rules' by rule, status and level; ``facts`` and ``digest`` where that side shows them.
    """

    broken: frozenset[str]
    undecided: frozenset[str]
    later: frozenset[str] = frozenset()
    findings: frozenset[tuple[str, str, str]] = frozenset()
    facts: Mapping[str, Any] = field(default_factory=dict, compare=False)
    digest: str | None = None

    @property
    def verdict(self) -> tuple[frozenset[str], frozenset[str], frozenset[str]]:
        """What must be the same on all sides, but for what a side leaves to a later one."""
        return self.broken, self.undecided, self.later


def said(
    findings: Iterable[tuple[str, str, str]],
    later: Iterable[str] = (),
    facts: Mapping[str, Any] | None = None,
    digest: str | None = None,
) -> Said:
    """What follows from findings, each a rule, a status and a level."""
    found = frozenset(findings)
    return Said(
        broken=RULES & {rule for rule, status, _ in found if status == "violation"},
        undecided=RULES & {rule for rule, status, _ in found if status == "undecided"},
        later=RULES & set(later),
        findings=found,
        facts=facts or {},
        digest=digest,
    )


def builds() -> list[Build]:
    """Those of ``examples/expected.yaml`` that gate takes for ones that build."""
    rows = yaml.safe_load((EXAMPLES / "expected.yaml").read_text(encoding="utf-8"))["builds"]
    return [
        Build(
            **{key: row[key] for key in ("example", "context", "file", "target") if key in row},
            deny=frozenset(row.get("deny", [])),
        )
        for row in rows
        if "dockerfile-valid" not in row.get("deny", []) and row.get("file", "").partition(".")[2] != "lost-from"
    ]


@dataclass(frozen=True)
class Project:
    """A folder with the examples and a gate.yaml, for which ``registry`` stands in for every public one."""

    root: Path
    registry: Registry

    @property
    def settings(self) -> str:
        """Its gate.yaml. No base of one layer is too large, all that is built on one is: what only the image shows."""
        limit = max(size(each) for each in STAND_INS if each.name not in BUILT_ON)
        return _SETTINGS.format(host=self.registry.host, limit=limit)

    def image(self, build: Build) -> str:
        """The reference of a build's image."""
        return f"{self.registry.host}/{build.repository}:1"

    def gate(self, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        """Run gate in it."""
        command = [sys.executable, "-m", "gate", *map(str, arguments)]
        environment = {"HOME": str(self.root)}
        return subprocess.run(command, cwd=self.root, capture_output=True, text=True, check=False, env=environment)

    def facts(self, *arguments: str) -> dict[str, dict[str, Any]]:
        """The facts of some targets, by subject."""
        done = self.gate("facts", "-o", "json", *arguments)
        assert done.returncode == 0, done.stderr
        return {each["subject"]["name"]: each["facts"] for each in json.loads(done.stdout)}

    def checked(self, *arguments: str, facts: bool = False) -> dict[str, Said]:
        """What ``gate check`` says of some targets, by subject."""
        known = self.facts(*arguments) if facts else {}
        done = self.gate("check", "-o", "json", *arguments)
        assert done.returncode in (0, 1, 3), done.stderr
        return {
            each["subject"]["name"]: said(
                ((one["rule"], one["status"], one["level"]) for one in each["findings"] if not one["exemption"]),
                each["settled_later"],
                known.get(each["subject"]["name"]),
                each["subject"]["digest"],
            )
            for each in json.loads(done.stdout)["results"]
        }

    def dockerfiles(self, of: Sequence[Build], *arguments: str, facts: bool = False) -> dict[Build, Said]:
        """What is said of their Dockerfiles; those of one target in one run."""
        answers: dict[Build, Said] = {}
        for target in {build.target for build in of}:
            ours = [build for build in of if build.target == target]
            paths = [build.path for build in ours]
            found = self.checked(*(["--target", target] if target else []), *arguments, *paths, facts=facts)
            answers |= {build: found[build.path] for build in ours}
        return answers

    def images(self, of: Sequence[Build]) -> dict[Build, Said]:
        """What is said of their images, where they were pushed."""
        found = self.checked(*(f"docker://{self.image(build)}" for build in of), facts=True)
        return {build: found[self.image(build)] for build in of}

    def manifests(self, of: Sequence[Build], **security: Any) -> dict[Build, Said]:
        """What is said of a manifest with a Pod for each image."""
        path = self.root / "pods.yaml"
        path.write_text("\n---\n".join(json.dumps(self.pod(build, **security)) for build in of))
        found = self.checked("--online", path.name)
        return {build: found[f"pod/{build.pod_name}:c"] for build in of}

    def admitted(self, of: Sequence[Build], server: GateServer, **security: Any) -> dict[Build, Said]:
        """What a running ``gate serve`` answers to the creation of a Pod for each image."""
        return {build: of_review(server.review(self.pod(build, **security))) for build in of}

    def pod(self, build: Build, **security: Any) -> dict[str, Any]:
        """A Pod that runs a build's image."""
        return pod(self.image(build), build.pod_name, **({"securityContext": security} if security else {}))


def new_project(root: Path, registry: Registry, *, lock: Sequence[Build] = ()) -> Project:
    """A project in an empty folder; ``lock``: the builds whose bases its gate.lock knows."""
    project = Project(root, registry)
    push_all(Pusher(registry.url))
    (root / "examples").symlink_to(EXAMPLES)
    (root / "gate.yaml").write_text(project.settings)
    if lock:
        done = project.gate("lock", *sorted({build.path for build in lock}))
        assert done.returncode == 0, done.stderr
    return project


def of_review(response: Mapping[str, Any]) -> Said:
    """What an answer to an AdmissionReview says, by the audit annotations."""
    notes = response["auditAnnotations"]
    findings = [tuple(each.split(":")) for each in notes["findings"].split(",") if each]
    assert response["allowed"] == (notes["verdict"] == "pass"), response
    return said(findings, digest=notes["images"].rpartition("=")[2])  # type: ignore[arg-type]


def build_all(buildkitd: Buildkitd, project: Project, of: Sequence[Build], directory: Path) -> None:
    """Build and push images, several at once."""
    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(build_one, buildkitd, project, build, directory / build.pod_name) for build in of]:
            done.result()


def build_one(buildkitd: Buildkitd, project: Project, build: Build, directory: Path) -> None:
    """Build and push one image. A frontend image cannot be had here: the built-in one does the same."""
    source = EXAMPLES / build.example / build.file
    directory.mkdir(parents=True)
    dockerfile = directory / source.name
    dockerfile.write_text(source.read_text().replace("# syntax=", "# not syntax="))
    ignored = source.with_name(f"{source.name}.dockerignore")
    if ignored.is_file():
        dockerfile.with_name(ignored.name).write_bytes(ignored.read_bytes())
    output = f"type=image,name={project.image(build)},push=true,oci-mediatypes=true"
    options = {"target": build.target} if build.target else {}
    buildkitd.build(EXAMPLES / build.context, output, dockerfile=dockerfile, options=options)
