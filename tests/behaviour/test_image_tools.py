"""Images as umoci, buildah and skopeo make them: their files, sizes and users are what gate says they are."""

from __future__ import annotations

import json
import shutil
import stat
import subprocess
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.behaviour.command_line import gate
from tests.support import tools

pytestmark = [pytest.mark.root, pytest.mark.slow]


def run(*command: str | Path, cwd: Path | None = None) -> str:
    done = subprocess.run([*map(str, command)], cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def facts(target: str, cwd: Path) -> dict[str, Any]:
    done = gate("facts", target, "-o", "json", cwd=cwd, seconds=120)
    assert done.code == 0, done.err
    [document] = json.loads(done.out)
    return document["facts"]


def files(found: list[dict[str, Any]]) -> list[str]:
    return [each["path"] for each in found]


@pytest.fixture(scope="module")
def layout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An OCI layout of three layers made by umoci: a userland, changes to it, and deletions."""
    tools.need_root()
    umoci = tools.installed("umoci", package="umoci")
    busybox = tools.installed("busybox", package="busybox-static")
    work = tmp_path_factory.mktemp("umoci")
    image = work / "image:latest"
    run(umoci, "init", "--layout", work / "image")
    run(umoci, "new", "--image", image)
    for number, change in enumerate((_userland, _changes, _deletions)):
        bundle = work / f"bundle{number}"
        run(umoci, "unpack", "--image", image, bundle)
        change(bundle / "rootfs", busybox)
        run(umoci, "repack", "--image", image, bundle)
        shutil.rmtree(bundle)
    run(umoci, "config", "--image", image, "--config.user", "app", "--config.entrypoint", "/app")
    return work


def _userland(root: Path, busybox: Path) -> None:
    for folder in ("bin", "etc", "usr/bin", "tmp", "var/lib/apt/lists", "root/.cache/pip"):
        (root / folder).mkdir(parents=True)
    shutil.copy(busybox, root / "bin/busybox")
    for applet in ("sh", "ash", "ls"):
        (root / "bin" / applet).symlink_to("busybox")
    (root / "usr/bin/again").hardlink_to(root / "bin/busybox")
    (root / "etc/passwd").write_text("root:x:0:0::/:/bin/sh\napp:x:1234:1234::/:\n")
    (root / "var/lib/apt/lists/packages").write_bytes(b"x" * 40_000)
    (root / "root/.cache/pip/wheel").write_bytes(b"y" * 30_000)


def _changes(root: Path, _: Path) -> None:
    (root / "app").write_bytes(b"\x7fELF app")
    (root / "app").chmod(0o755)
    (root / "usr/bin/su").write_bytes(b"\x7fELF su")
    (root / "usr/bin/su").chmod(0o4755)
    (root / "var/lib/apt/lists/packages").unlink()
    (root / "etc/os-release").write_text("ID=made-by-umoci\n")


def _deletions(root: Path, _: Path) -> None:
    shutil.rmtree(root / "bin")
    shutil.rmtree(root / "root")
    (root / "usr/bin/again").rename(root / "usr/bin/tool")


def test_facts_are_those_of_what_umoci_unpacks(layout: Path) -> None:
    found = facts("oci:image:latest", layout)
    run(tools.installed("umoci", package="umoci"), "unpack", "--image", layout / "image:latest", layout / "out")
    root = layout / "out" / "rootfs"
    setuid = [
        path for path in root.rglob("*") if path.is_file() and path.lstat().st_mode & (stat.S_ISUID | stat.S_ISGID)
    ]
    assert files(found["filesystem"]["setuid"]) == [f"/{path.relative_to(root)}" for path in setuid] == ["/usr/bin/su"]
    # Its last name is one that means nothing, but the content is busybox.
    assert files(found["shell"]["shells"]) == ["/usr/bin/tool"]
    assert (root / "usr/bin/tool").is_file() and not (root / "bin").exists()
    assert (found["user"]["uid"], found["user"]["root"]) == (1234, False)
    left = {(each["path"], each["deleted"]): each["size"] for each in found["filesystem"]["leftovers"]}
    assert left == {("/root/.cache/pip", True): 30_000, ("/var/lib/apt/lists", True): 40_000}


def test_sizes_are_those_skopeo_and_gzip_tell(layout: Path) -> None:
    size = facts("oci:image:latest", layout)["size"]
    skopeo = tools.installed("skopeo", package="skopeo")
    told = json.loads(run(skopeo, "inspect", "--raw", f"oci:{layout / 'image'}:latest"))["layers"]
    assert size["compressed"] == sum(each["size"] for each in told)
    blobs = layout / "image" / "blobs" / "sha256"
    unpacked = [len(zlib.decompress((blobs / each["digest"][7:]).read_bytes(), 31)) for each in told]
    assert [each["uncompressed"] for each in size["layers"]] == unpacked
    assert size["uncompressed"] == sum(unpacked)
    assert size["wasted"] > 70_000


@pytest.mark.parametrize("kind", ["docker-archive", "oci-archive", "dir"])
def test_a_copy_in_another_form_has_the_same_facts(layout: Path, kind: str, tmp_path: Path) -> None:
    copied = tmp_path / "copy"
    skopeo = tools.installed("skopeo", package="skopeo")
    if kind == "dir":
        run(skopeo, "copy", f"oci:{layout / 'image'}:latest", f"oci:{copied}:other")
        target = "oci:copy:other"
    else:
        name = ":acme/api:1" if kind == "docker-archive" else ":other"
        run(skopeo, "copy", f"oci:{layout / 'image'}:latest", f"{kind}:{copied}{name}")
        target = f"{kind}:copy"
    first, second = facts("oci:image:latest", layout), facts(target, tmp_path)
    for fact in ("user", "base"):
        assert first[fact] == second[fact]
    for fact, key in (("shell", "shells"), ("filesystem", "setuid"), ("filesystem", "leftovers")):
        assert files(first[fact][key]) == files(second[fact][key])
    assert first["size"]["uncompressed"] == second["size"]["uncompressed"]


@pytest.fixture
def buildah(tmp_path: Path) -> Iterator[list[str]]:
    """buildah with a store of its own."""
    tools.need_root()
    program = tools.installed("buildah", package="buildah")
    yield [
        str(program),
        "--root",
        str(tmp_path / "store"),
        "--runroot",
        str(tmp_path / "run"),
        "--storage-driver",
        "vfs",
    ]


def test_what_buildah_commits_is_read(buildah: list[str], tmp_path: Path) -> None:
    (tmp_path / "app").write_bytes(b"\x7fELF app")
    (tmp_path / "app").chmod(0o755)
    (tmp_path / "key.pem").write_text("-----BEGIN PRIVATE KEY-----\n")
    container = run(*buildah, "from", "scratch").strip()
    run(*buildah, "copy", container, tmp_path / "app", "/app")
    run(*buildah, "copy", container, tmp_path / "key.pem", "/etc/key.pem")
    run(*buildah, "config", "--user", "65532", "--entrypoint", '["/app"]', container)
    run(*buildah, "commit", "--format", "oci", container, f"oci:{tmp_path / 'image'}:1")
    found = facts("oci:image:1", tmp_path)
    assert (found["shell"]["state"], found["shell"]["present"]) == ("known", False)
    assert (found["user"]["uid"], found["base"]["reference"]) == (65532, "scratch")
    assert [(each["path"], each["detail"]) for each in found["filesystem"]["leftovers"]] == [
        ("/etc/key.pem", "private key")
    ]
    assert gate("check", "oci:image:1", cwd=tmp_path, seconds=120).code == 0
