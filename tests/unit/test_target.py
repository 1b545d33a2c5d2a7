"""Targets: what an argument means, what a directory holds, and how a file is read that anybody may have put there."""

from __future__ import annotations

import errno
import io
import os
import random
import subprocess
from pathlib import Path

import pytest
from gate.errors import TargetError, TargetNotFoundError
from gate.settings import Build, Written
from gate.target import Plan, Target, classify, ignore_file, ignore_patterns, is_dockerfile, plan, read
from gate.target.gitignore import Ignore
from gate.target.read import LARGEST_DOCKERFILE


def write(root: Path, *names: str, text: str = "FROM scratch\n") -> None:
    """Files with a text."""
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def found(root: Path, *arguments: str, cwd: Path | None = None, **settings: object) -> Plan:
    """The plan for arguments under settings."""
    return plan(arguments, Written(root=root, **settings), cwd=cwd or root)  # type: ignore[arg-type]


def names(one: Plan) -> list[str]:
    """Kind and name of every target."""
    return [f"{target.kind} {target.name}" for target in one.targets]


def refused(one: Plan) -> list[str]:
    """The failures, for people."""
    return [error.diagnostics() for _, error in one.failures]


# --- names ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        *((name, True) for name in ("Dockerfile", "Dockerfile.prod", "api.Dockerfile", "api.dockerfile", "dockerfile")),
        *((name, True) for name in ("Containerfile", "Containerfile.dev", "Dockerfile-arm64", "Dockerfile.go")),
        *((name, False) for name in ("Dockerfile.dockerignore", "Containerfile.containerignore", "dockerfile.go")),
        *((name, False) for name in ("Dockerfile.j2", "Dockerfile.tmpl", "Dockerfile.orig", "Dockerfile~")),
        *(
            (name, False)
            for name in ("Dockerfile.md", "Dockerfiles", "DockerfileGenerator.java", "docker-compose.yaml")
        ),
    ],
)
def test_names_of_dockerfiles(name: str, expected: bool) -> None:
    assert is_dockerfile(name) is expected


# --- one argument -------------------------------------------------------------------------------------------------

IMAGES = [
    ("alpine:3.20", "registry", "alpine:3.20"),
    ("ghcr.io/acme/api", "registry", "ghcr.io/acme/api"),
    ("localhost/api", "registry", "localhost/api"),
    ("127.0.0.1:5000/api", "registry", "127.0.0.1:5000/api"),
    ("acme/api:1", "registry", "acme/api:1"),
    ("api@sha256:" + "0" * 64, "registry", "api@sha256:" + "0" * 64),
    ("docker://api", "registry", "api"),
    ("docker-daemon:api", "daemon", "api"),
    ("docker-daemon:api:1", "daemon", "api:1"),
]


@pytest.mark.parametrize(("text", "kind", "reference"), IMAGES)
def test_what_is_no_file_and_has_a_tag_a_digest_or_a_host_is_an_image(
    tmp_path: Path, text: str, kind: str, reference: str
) -> None:
    target = classify(text, cwd=tmp_path, root=tmp_path)
    assert isinstance(target, Target)
    assert (target.kind, target.reference, target.path) == (kind, reference, None)


NOWHERE = [
    ("api", "api: there is no such file\n  did you mean docker://api?"),
    ("acme/api", "acme/api: there is no such file\n  did you mean docker://acme/api?"),
    ("Dokerfile", 'Dokerfile: there is no such file\n  did you mean "Dockerfile"?'),
    ("services/api/Dockerfile", "services/api/Dockerfile: there is no such file"),
    ("my.dir/Dockerfile", "my.dir/Dockerfile: there is no such file"),
    ("k8s.d/app.yaml", "k8s.d/app.yaml: there is no such file"),
    ("./api:1", "./api:1: there is no such file"),
    ("../ghcr.io/api:1", "../ghcr.io/api:1: there is no such file"),
    ("image.tar", "image.tar: there is no such file"),
    ("", '"": a target without a name\n  leave it out to judge the current folder'),
    ("a b:c", "a b:c: there is no such file"),
    ("x" * 5000, "x" * 5000 + ": there is no such file"),
    ("a\x00b", "a\x00b: there is no such file"),
    ("docker-deamon:api", "docker-deamon:api: no such file, and no image\n  did you mean docker-daemon:api?"),
    ("dockerfil:api", "dockerfil:api: no such file, and no image\n  did you mean dockerfile:api?"),
    ("https://x/y", "https://x/y: gate judges no URLs\n  for an image write docker://HOST/REPOSITORY:TAG"),
    ("docker://", "docker://: docker:// names nothing"),
    ("oci:nowhere:1", "nowhere:1: there is no such file"),
]


@pytest.mark.parametrize(("text", "expected"), NOWHERE)
def test_what_is_nothing_is_refused_with_what_was_meant(tmp_path: Path, text: str, expected: str) -> None:
    write(tmp_path, "Dockerfile")
    assert refused(found(tmp_path, text))[0].partition("\n  did you mean docker://xxx")[0] == expected


def test_a_file_that_exists_is_that_file_whatever_else_its_name_could_mean(tmp_path: Path) -> None:
    write(tmp_path, "Dockerfile", "alpine:3.20", "build.docker")
    write(tmp_path, "app.yaml", "notes", text="# a comment\n\napiVersion: v1\n")
    plan_ = found(tmp_path, "Dockerfile", "alpine:3.20", "build.docker", "app.yaml", "notes")
    assert (names(plan_), plan_.failures) == (
        [
            "dockerfile Dockerfile",
            "dockerfile alpine:3.20",
            "dockerfile build.docker",
            "manifest app.yaml",
            "manifest notes",
        ],
        [],
    )


def test_archives_and_layouts_are_known_by_their_content(tmp_path: Path) -> None:
    write(tmp_path, "layout/oci-layout", "layout/index.json", text="{}")
    (tmp_path / "a").write_bytes(b"\0" * 257 + b"ustar\x0000" + b"\0" * 248)
    (tmp_path / "b.img").write_bytes(b"\x1f\x8b\x08rest")
    (tmp_path / "c").write_bytes(b"\x28\xb5\x2f\xfdrest")
    assert names(found(tmp_path, "layout", "a", "b.img", "c")) == [
        "oci-layout layout",
        "archive a",
        "archive b.img",
        "archive c",
    ]


def test_a_file_of_no_known_kind_must_be_named_with_one(tmp_path: Path) -> None:
    write(tmp_path, "thing", text="hello\n")
    write(tmp_path, "empty", text="")
    plan_ = found(tmp_path, "thing", "empty", "dockerfile:thing", "manifest:thing")
    assert names(plan_) == ["dockerfile thing", "manifest thing"]
    assert refused(plan_) == [
        f"{name}: gate cannot tell what this file is\n  say it: dockerfile:{name} or manifest:{name}"
        for name in ("thing", "empty")
    ]


@pytest.mark.parametrize(
    ("text", "kind", "path", "reference"),
    [
        ("docker-archive:a.tar", "docker-archive", "a.tar", None),
        ("docker-archive:a.tar:app:1.0", "docker-archive", "a.tar", "app:1.0"),
        ("oci-archive:a.tar:v1", "oci-archive", "a.tar", "v1"),
        ("oci:dir:with:colon", "oci-layout", "dir:with:colon", None),
        ("oci:dir:with:colon:v1", "oci-layout", "dir:with:colon", "v1"),
    ],
)
def test_explicit_prefixes_take_a_path_and_a_reference(
    tmp_path: Path, text: str, kind: str, path: str, reference: str | None
) -> None:
    write(tmp_path, "a.tar", "dir:with:colon/oci-layout")
    target = classify(text, cwd=tmp_path, root=tmp_path)
    assert isinstance(target, Target)
    assert (target.kind, target.path, target.reference) == (kind, tmp_path / path, reference)


def test_standard_input_is_a_dockerfile_or_a_manifest(tmp_path: Path) -> None:
    plan_ = found(tmp_path, "-", "dockerfile:-", "manifest:-")
    assert [(one.kind, one.name, one.is_stdin) for one in plan_.targets] == [
        ("dockerfile", "-", True),
        ("manifest", "-", True),
    ]
    assert read(plan_.targets[0], io.BytesIO(b"FROM x")) == b"FROM x"
    with pytest.raises(TargetError, match="larger than"):
        read(plan_.targets[0], io.BytesIO(b"x" * (LARGEST_DOCKERFILE + 1)))


# --- directories ----------------------------------------------------------------------------------------------------


def test_a_directory_is_searched_for_dockerfiles_in_the_order_of_names(tmp_path: Path) -> None:
    write(tmp_path, "Dockerfile", "b/Dockerfile.x", "a/z/Containerfile", "a/b.dockerfile", "c/Dockerfile.j2", "main.py")
    write(tmp_path, "c/Dockerfile.dockerignore", ".git/Dockerfile", ".devcontainer/Dockerfile", "deploy.yaml")
    plan_ = found(tmp_path)
    assert names(plan_) == [
        f"dockerfile {name}"
        for name in ("Dockerfile", ".devcontainer/Dockerfile", "a/b.dockerfile", "a/z/Containerfile", "b/Dockerfile.x")
    ]
    assert plan_.skipped == ["c/Dockerfile.j2: a template"]


def test_names_are_relative_to_the_root_wherever_gate_runs(tmp_path: Path) -> None:
    write(tmp_path, "a/b/Dockerfile")
    assert names(found(tmp_path, ".", "b/../b", cwd=tmp_path / "a")) == ["dockerfile a/b/Dockerfile"]


def test_a_directory_beside_the_root_keeps_its_full_name(tmp_path: Path) -> None:
    (tmp_path / "root").mkdir()
    write(tmp_path, "beside/Dockerfile")
    assert names(found(tmp_path / "root", "../beside")) == [f"dockerfile {tmp_path}/beside/Dockerfile"]


def test_gitignore_holds_as_git_reads_it(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    write(
        tmp_path,
        *(
            "Dockerfile",
            "build/Dockerfile",
            "a/build/Dockerfile",
            "a/Dockerfile",
            "a/Dockerfile.gen",
            "b/Dockerfile.gen",
        ),
        *("b/keep/Dockerfile", "b/drop/Dockerfile", "c/deep/x/Dockerfile", "c/Dockerfile", "spa ce/Dockerfile"),
        *("c/other/Dockerfile", "d/Dockerfile", "d/e/Dockerfile"),
    )
    write(tmp_path, ".gitignore", text="/build\n*.gen\n# comment\nc/*\n!c/Dockerfile\nspa\\ ce/\n")
    write(tmp_path, "a/.gitignore", text="!Dockerfile.gen\n")
    write(tmp_path, "b/.gitignore", text="/drop/\n")
    write(tmp_path, "d/.gitignore", text="*\n!e\n")
    listed = subprocess.run(
        ["git", "-C", tmp_path, "ls-files", "-o", "--exclude-standard", "-z"], capture_output=True, check=True
    ).stdout.split(b"\0")
    ours = {target.name for target in found(tmp_path).targets}
    assert ours == {name.decode() for name in listed if b"Dockerfile" in name}
    assert found(tmp_path).skipped == [
        f"{name}: ignored by .gitignore" for name in ("b/Dockerfile.gen", "d/Dockerfile", "d/e/Dockerfile")
    ]


# fmt: off
PATTERNS = [
    "*", "a", "b", "/a", "a/", "!a", "!/a/", "*.x", "!*.x", "**/b", "a/**", "!a/**", "a/*", "!a/b", "Dockerfile",
    "!Dockerfile", "/Dockerfile", "a/b", "**", "!**/", "Dockerfile.?", "Dockerfile.[xy]", "!Dockerfile.[!x]",
    r"\!a", "**/a/**", "a/**/b", "!a/**/b", "/*", "!/*/", "*/b", "#a", r"\#a", "Docker*", "!Docker*/", "a*b",
    "[ab]", "[a-", "?", "a**", "**b", "!", "/", "//", "b/..", "Dockerfile/", r"\Dockerfile", r"Dock\erfile",
    "[[:alpha:]]", "[^a]", "[]a]", r"c\ d", "c d", r"a\ ", "a ", " a",
]
# fmt: on


def scatter(root: Path, chance: random.Random) -> None:
    """A tree of Dockerfiles and .gitignore files."""
    for _ in range(12):
        folder = root.joinpath(*chance.choices(["a", "b", "ab", "c d"], k=chance.randrange(4)))
        folder.mkdir(parents=True, exist_ok=True)
        (folder / chance.choice(["Dockerfile", "Dockerfile.x", "Dockerfile.y"])).touch()
    for folder in [root, *(path for path in sorted(root.rglob("*")) if path.is_dir() and ".git" not in path.parts)]:
        if folder == root or chance.random() < 0.25:
            lines = chance.choices(PATTERNS, k=chance.randrange(1, 5))
            (folder / ".gitignore").write_text(chance.choice(["\n", "\r\n"]).join(lines) + chance.choice(["", "\n"]))


@pytest.mark.parametrize("number", range(60))
def test_any_gitignore_holds_as_git_reads_it(tmp_path: Path, number: int) -> None:
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    scatter(tmp_path, random.Random(number))
    command = ["git", "-C", tmp_path, "ls-files", "-o", "--exclude-standard", "-z"]
    listed = subprocess.run(command, capture_output=True, check=True).stdout.decode().split("\0")
    assert {one.name for one in found(tmp_path).targets} == {name for name in listed if "Dockerfile" in name}


def test_no_pattern_takes_longer_than_its_name_is_long() -> None:
    lines = Ignore(["*a" * 40 + "b", "**/" * 40 + "b", "[" * 4000])
    assert lines.decide("/".join(["a" * 200] * 20)) is None


def test_a_gitignore_above_the_directory_holds_too(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    write(tmp_path, ".gitignore", text="gen/\n")
    write(tmp_path, "services/gen/Dockerfile", "services/api/Dockerfile")
    assert names(found(tmp_path, "services", cwd=tmp_path)) == ["dockerfile services/api/Dockerfile"]


def test_exclude_and_manifests_of_gate_yaml_hold(tmp_path: Path) -> None:
    write(
        tmp_path, "Dockerfile", "vendor/x/Dockerfile", "deploy/a.yaml", "deploy/b.json", "deploy/c.txt", "other/d.yaml"
    )
    write(tmp_path, "test/Dockerfile", "deploy/skip.yaml")
    plan_ = found(tmp_path, exclude=["vendor/", "test/Dockerfile", "deploy/skip.yaml"], manifests=["deploy/**"])
    assert names(plan_) == ["dockerfile Dockerfile", "manifest deploy/a.yaml", "manifest deploy/b.json"]
    assert plan_.skipped == ["deploy/skip.yaml: excluded in gate.yaml", "test/Dockerfile: excluded in gate.yaml"]


def test_a_file_that_is_named_is_read_whatever_is_ignored(tmp_path: Path) -> None:
    write(tmp_path, ".gitignore", text="Dockerfile\n")
    write(tmp_path, "Dockerfile")
    assert names(found(tmp_path, "Dockerfile", exclude=["Dockerfile"])) == ["dockerfile Dockerfile"]


def test_links_to_folders_are_not_followed_and_loops_end(tmp_path: Path) -> None:
    write(tmp_path, "a/Dockerfile")
    (tmp_path / "a" / "up").symlink_to(tmp_path)
    (tmp_path / "self").symlink_to("self")
    assert names(found(tmp_path)) == ["dockerfile a/Dockerfile"]


def test_depth_is_bounded(tmp_path: Path) -> None:
    deep = tmp_path.joinpath(*["d"] * 105)
    deep.mkdir(parents=True)
    plan_ = found(tmp_path)
    assert [error.message for _, error in plan_.failures] == ["more than 100 folders deep"]


def test_a_folder_that_cannot_be_read_is_a_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, "a/Dockerfile", "b/Dockerfile")
    scan = os.scandir

    def refuse(path: Path) -> object:
        if path.name == "a":
            raise PermissionError(errno.EACCES, "Permission denied")
        return scan(path)

    monkeypatch.setattr(os, "scandir", refuse)  # root may read everything
    plan_ = found(tmp_path)
    assert (names(plan_), refused(plan_)) == (["dockerfile b/Dockerfile"], ["a: cannot be searched: Permission denied"])


def test_names_that_are_no_text_are_shown_as_text(tmp_path: Path) -> None:
    os.mkdir(os.fsencode(tmp_path) + b"/\xff\x1b[31m\n")
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff\x1b[31m\n/Dockerfile")).write_text("FROM x")
    (target,) = found(tmp_path).targets
    assert target.name == "\\xff\\x1b[31m\\n/Dockerfile"
    assert read(target) == b"FROM x"


# --- builds ---------------------------------------------------------------------------------------------------------

BUILDS = [
    Build(path="a/Dockerfile", target="final"),
    Build(path="a/Dockerfile", target="test"),
    Build(path="b/Dockerfile"),
]


def built(one: Plan) -> list[tuple[str, str | None]]:
    """Name and target stage."""
    return [(target.name, target.build.target if target.build else "-") for target in one.targets]


@pytest.mark.parametrize("arguments", [(), (".",), ("a/Dockerfile", "b"), ("./a//Dockerfile", "b/Dockerfile", "a")])
def test_builds_hold_however_a_dockerfile_is_named(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    write(tmp_path, "a/Dockerfile", "b/Dockerfile")
    expected = [("a/Dockerfile", "final"), ("a/Dockerfile", "test"), ("b/Dockerfile", None)]
    assert built(found(tmp_path, *arguments, builds=BUILDS)) == expected


def test_without_arguments_only_the_builds_are_judged(tmp_path: Path) -> None:
    write(tmp_path, "a/Dockerfile", "b/Dockerfile", "c/Dockerfile")
    assert ("c/Dockerfile", "-") not in built(found(tmp_path, builds=BUILDS))
    assert ("c/Dockerfile", "-") in built(found(tmp_path, ".", builds=BUILDS))


def test_failures_leave_the_other_targets_alone(tmp_path: Path) -> None:
    write(tmp_path, "Dockerfile")
    plan_ = found(tmp_path, "nope/x", "Dockerfile", "https://x", "Dockerfile")
    assert (names(plan_), len(plan_.failures)) == (["dockerfile Dockerfile"], 2)


# --- reading ----------------------------------------------------------------------------------------------------------


def reason(path: Path, root: Path | None = None) -> str:
    """Why a file cannot be read."""
    with pytest.raises(TargetError) as caught:
        read(Target(kind="dockerfile", text="x", name="x", path=path, root=root))
    return str(caught.value)


def test_what_is_no_regular_file_of_fair_size_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "dangling").symlink_to("nowhere")
    with (tmp_path / "large").open("wb") as file:
        file.truncate(100 << 20)
    assert {name: reason(tmp_path / name) for name in ("fifo", "loop", "dangling", "large", ".", "missing")} == {
        "fifo": "x: cannot be read: it is not a regular file",
        "loop": "x: cannot be read: it is a loop of symbolic links",
        "dangling": "x: cannot be read: there is no such file",
        "large": f"x: cannot be read: it is larger than {LARGEST_DOCKERFILE} bytes",
        ".": "x: cannot be read: it is a directory",
        "missing": "x: cannot be read: there is no such file",
    }
    assert reason(Path("/dev/zero")) == "x: cannot be read: it is not a regular file"


def test_a_missing_file_is_an_error_of_its_own(tmp_path: Path) -> None:
    with pytest.raises(TargetNotFoundError):
        read(Target(kind="dockerfile", text="x", name="x", path=tmp_path / "x"))


def test_a_link_out_of_the_project_is_refused_where_nobody_named_it(tmp_path: Path) -> None:
    root = tmp_path / "root"
    write(tmp_path, "secret")
    write(root, "real/Dockerfile")
    (root / "Dockerfile").symlink_to("../secret")
    (root / "inside").mkdir()
    (root / "inside" / "Dockerfile").symlink_to("../real/Dockerfile")
    (root / "folder").symlink_to("..")
    outside, inside = found(root, builds=[Build(path="Dockerfile"), Build(path="inside/Dockerfile")]).targets
    assert read(inside) == b"FROM scratch\n"
    for target in (outside, Target(kind="dockerfile", text="x", name="x", path=root / "folder" / "secret", root=root)):
        with pytest.raises(TargetError, match="leads out of the project"):
            read(target)
    (named,) = found(root, "Dockerfile").targets
    assert read(named) == b"FROM scratch\n"


# --- .dockerignore ------------------------------------------------------------------------------------------------------


def test_the_dockerignore_is_the_dockerfiles_own_then_the_contexts(tmp_path: Path) -> None:
    write(tmp_path, "a/Dockerfile", "a/Dockerfile.dev")
    dockerfile, dev = tmp_path / "a" / "Dockerfile", tmp_path / "a" / "Dockerfile.dev"
    assert ignore_file(dockerfile, None, tmp_path) == (None, [])
    write(tmp_path, ".dockerignore", text="root\n")
    assert ignore_file(dockerfile, None, tmp_path) == (tmp_path / ".dockerignore", ["root"])
    assert ignore_file(dockerfile, tmp_path / "a", tmp_path) == (None, [])
    write(tmp_path, "a/.dockerignore", text="folder\n")
    assert ignore_file(dockerfile, None, tmp_path) == (tmp_path / "a" / ".dockerignore", ["folder"])
    assert ignore_file(dockerfile, tmp_path, tmp_path) == (tmp_path / ".dockerignore", ["root"])
    write(tmp_path, "a/Dockerfile.dev.dockerignore", text="own\n")
    assert ignore_file(dev, tmp_path, tmp_path) == (tmp_path / "a" / "Dockerfile.dev.dockerignore", ["own"])


def test_a_dockerignore_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    write(tmp_path, "Dockerfile")
    (tmp_path / ".dockerignore").mkdir()
    with pytest.raises(TargetError, match="it is a directory"):
        ignore_file(tmp_path / "Dockerfile")


def test_patterns_of_a_dockerignore_are_cleaned_as_buildkit_cleans_them() -> None:
    data = b"\xef\xbb\xbf# c\n\n  node_modules  \n/a/b/\n!/keep/../kept\n! x\n#y\n **/z\n./q\n/\n!\n"
    assert ignore_patterns(data) == ["node_modules", "a/b", "!kept", "!x", "**/z", "q", "/", "!"]
