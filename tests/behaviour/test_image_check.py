"""``gate check IMAGE`` and ``gate facts IMAGE``, as a process: verdicts, exit codes, ``--against``."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.behaviour.command_line import gate
from tests.support.layered import BUSYBOX, file, image_of, layer, link
from tests.support.oci_images import Image, entry, index_of, write_layout

APP = layer(file("app"))
SHELL = layer(file("bin/busybox", BUSYBOX), link("bin/sh", "busybox"))


def layout(directory: Path, image: Image) -> Path:
    return write_layout(directory, {**image.blobs, image.digest: image.manifest}, index_of(entry(image.manifest)))


def test_a_good_image_passes(tmp_path: Path) -> None:
    layout(tmp_path / "good", image_of(APP, User="65532:65532", Entrypoint=["/app"]))
    done = gate("check", "oci:good", cwd=tmp_path)
    assert (done.code, done.err) == (0, "")
    assert "pass" in done.out and len(done.out.splitlines()) == 1


def test_an_image_with_a_shell_and_root_is_denied_with_the_layer(tmp_path: Path) -> None:
    layout(tmp_path / "bad", image_of(APP, SHELL))
    done = gate("check", "oci:bad", "-o", "json", cwd=tmp_path)
    assert done.code == 1
    report = done.report
    assert report["checkpoint"] == "image"
    found = {each["rule"]: each for each in report["results"][0]["findings"] if each["level"] == "deny"}
    assert {"non-root", "no-shell"} <= found.keys()
    assert found["no-shell"]["message"] == "has a shell: /bin/busybox, /bin/sh (in the layer made by: step 1)"
    assert {each["state"] for each in found.values() if each["rule"] in ("non-root", "no-shell")} == {"known"}


def test_an_image_that_proves_nothing_could_not_be_decided(tmp_path: Path) -> None:
    layout(tmp_path / "broken", image_of(APP + b"junk", User="1000"))
    done = gate("check", "oci:broken", "-o", "json", cwd=tmp_path)
    assert done.code == 3
    undecided = {each["rule"] for each in done.report["results"][0]["findings"] if each["status"] == "undecided"}
    assert {"no-shell", "approved-base"} <= undecided


def test_facts_of_an_image_are_printed(tmp_path: Path) -> None:
    layout(tmp_path / "image", image_of(APP, SHELL, User="1000"))
    [document] = gate("facts", "oci:image", "-o", "json", cwd=tmp_path).report  # type: ignore[misc]
    assert (document["schema"], document["kind"]) == ("gate.evidence/v1", "image")
    assert [each["path"] for each in document["facts"]["shell"]["shells"]] == ["/bin/busybox", "/bin/sh"]


@pytest.mark.parametrize("no_cache", [[], ["--no-cache"]], ids=["cached", "uncached"])
def test_against_a_previous_image_shows_what_changed(tmp_path: Path, no_cache: list[str]) -> None:
    layout(tmp_path / "old", image_of(APP, User="65532"))
    layout(tmp_path / "new", image_of(APP, SHELL, User="65532"))
    done = gate("check", "oci:new", "--against", "oci:old", *no_cache, cwd=tmp_path)
    assert done.code == 1
    assert "  + shell /bin/busybox" in done.out.splitlines()
    assert any(line.startswith("  size: ") for line in done.out.splitlines())
    report = gate("check", "oci:new", "--against", "oci:old", "-o", "json", cwd=tmp_path).report
    changes = report["results"][0]["changes"]
    assert {"what": "shell", "before": None, "after": "/bin/sh", "bytes": None, "unknown": None} in changes
    assert next(each["bytes"] for each in changes if each["what"] == "size") == len(SHELL)


def test_growth_is_bounded_by_a_rule(tmp_path: Path) -> None:
    layout(tmp_path / "old", image_of(APP, User="65532"))
    layout(tmp_path / "new", image_of(APP, layer(file("data", b"x" * 5_000_000, 0o644)), User="65532"))
    (tmp_path / "gate.yaml").write_text("version: 1\nrules:\n  max-size: {level: deny, growth: 1MB}\n")
    done = gate("check", "oci:new", "--against", "oci:old", cwd=tmp_path)
    assert done.code == 1
    assert "grew by 5 MB" in done.out
    assert gate("check", "oci:new", cwd=tmp_path).code == 0


def test_nothing_changed_is_said_by_silence(tmp_path: Path) -> None:
    layout(tmp_path / "image", image_of(APP, User="65532"))
    done = gate("check", "oci:image", "--against", "oci:image", cwd=tmp_path)
    assert (done.code, len(done.out.splitlines())) == (0, 1)


@pytest.mark.parametrize("previous", ["oci:nothing", "Dockerfile", "oci:image:nothing"])
def test_a_previous_image_that_is_none_is_an_error(tmp_path: Path, previous: str) -> None:
    layout(tmp_path / "image", image_of(APP, User="65532"))
    (tmp_path / "Dockerfile").write_text("FROM scratch\n")
    done = gate("check", "oci:image", "--against", previous, cwd=tmp_path)
    assert done.code == 2
    assert len(done.err.splitlines()) <= 2 and "Traceback" not in done.err
