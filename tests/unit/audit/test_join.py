"""What runs is joined with the Dockerfile that makes it, by what gate.yaml says or what labels claim, and no further."""

from __future__ import annotations

import pytest
from gate.audit.join import Checkout, Owners, join_sources, same_repository
from gate.audit.model import AuditFinding, AuditResult, Place, Source

HERE = Checkout("services", "git@git.example:acme/api.git")


def file(path: str, *owners: str, line: int | None = None, root: str = "services") -> AuditResult:
    findings = []
    if line is not None:
        findings = [
            AuditFinding(
                rule="non-root",
                severity="high",
                level="deny",
                status="violation",
                message="m",
                fingerprint="f",
                line=line,
            )
        ]
    return AuditResult(
        key=path, kind="dockerfile", name=path, verdict="deny", environment="prod", owners=list(owners),
        places=[Place(source=root, path=path)], findings=findings,
    )  # fmt: skip


def image(reference: str = "ghcr.io/acme/api@sha256:aa", label: str | None = None) -> AuditResult:
    return AuditResult(
        key="i", kind="image", name="api", verdict="deny", environment="prod", reference=reference, owners=["acme"],
        source=Source(repository=label, revision="abc", joined_by="label") if label else None,
    )  # fmt: skip


@pytest.mark.parametrize(
    "label",
    [
        "https://git.example/acme/api",
        "https://git.example/acme/api.git",
        "https://token@git.example/ACME/api/",
        "ssh://git@git.example/acme/api",
        "git@git.example:acme/api.git",
    ],
)
def test_a_source_label_leads_to_the_only_dockerfile_of_its_checkout(label: str) -> None:
    (found,) = join_sources([image(label=label)], [file("services/Dockerfile", "@api", line=7)], {}, [HERE])
    assert found.source is not None
    assert (found.source.dockerfile, found.source.line, found.source.joined_by) == ("services/Dockerfile", 7, "label")
    assert (found.source.revision, found.owners) == ("abc", ["acme", "@api"])


@pytest.mark.parametrize(
    ("label", "files"),
    [
        ("https://git.example/acme/other", [file("services/Dockerfile")]),
        ("https://git.example/acme/api", [file("services/a/Dockerfile"), file("services/b/Dockerfile")]),
        ("https://git.example/acme/api", [file("elsewhere/Dockerfile", root="elsewhere")]),
        ("https://git.example/acme/api", []),
        (None, [file("services/Dockerfile")]),
    ],
)
def test_a_label_that_does_not_lead_to_one_file_joins_nothing(label: str | None, files: list[AuditResult]) -> None:
    one = image(label=label)
    assert join_sources([one], files, {}, [HERE]) == [one]


def test_what_gate_yaml_says_beats_what_a_label_claims() -> None:
    files = [file("services/api/Dockerfile", "@api"), file("services/Dockerfile")]
    one = image("ghcr.io/acme/api:1@sha256:aa", "https://git.example/acme/api")
    (found,) = join_sources([one], files, {"ghcr.io/acme/api": "services/api/Dockerfile"}, [HERE])
    assert found.source is not None
    assert (found.source.dockerfile, found.source.joined_by) == ("services/api/Dockerfile", "builds")


def test_repositories_are_the_same_by_host_and_path_alone() -> None:
    assert not same_repository(None, "https://git.example/a/b")
    assert not same_repository("https://git.example/a/b", "https://git.example.evil/a/b")
    assert not same_repository("https://git.example/a/b", "https://git.example/a/bc")


@pytest.mark.parametrize(
    ("text", "path", "owners"),
    [
        ("* @all\n", "a/b/Dockerfile", ("@all",)),
        ("* @all\n/api/ @api\n", "api/x/Dockerfile", ("@api",)),
        ("* @all\n/api/ @api\n", "web/api/Dockerfile", ("@all",)),
        ("api/ @api\n", "web/api/Dockerfile", ("@api",)),
        ("* @all\n*.dev @dev @ops\n", "web/Dockerfile.dev", ("@dev", "@ops")),
        ("/apps/* @apps\n", "apps/Dockerfile", ("@apps",)),
        ("/apps/* @apps\n", "apps/shop/Dockerfile", ()),
        ("/apps/** @apps\n", "apps/shop/Dockerfile", ("@apps",)),
        ("/apps/**/Dockerfile @docker\n", "apps/a/b/Dockerfile", ("@docker",)),
        ("* @all\n/legacy/\n", "legacy/Dockerfile", ()),
        ("# * @nobody\n* @all # everybody\n", "Dockerfile", ("@all",)),
        ("/my\\ app/ @app\n", "my app/Dockerfile", ("@app",)),
        ("[Docs] @docs\n*.md\n", "a.md", ("@docs",)),
        (
            "* @all\n[Docker][2] @docker\nDockerfile\n^[Extra]\n/api/ @api\n",
            "api/Dockerfile",
            ("@all", "@docker", "@api"),
        ),
        ("", "Dockerfile", ()),
    ],
)
def test_owners_are_those_that_github_and_gitlab_find(text: str, path: str, owners: tuple[str, ...]) -> None:
    assert Owners.parse(text).of(path) == owners
