"""``limits:`` of gate.yaml hold wherever images are read: check, facts, lock, audit and admission."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from gate import lock as lockfile

from tests.behaviour.command_line import gate
from tests.support.layered import file, image_of, layer
from tests.support.oci_images import Image, Pusher, entry, index_of, write_layout
from tests.support.registry import Registry
from tests.support.serving import pod, settings_for, start_gate

APP = layer(file("app", b"x" * 20_000))
SMALL = "limits: {layer: {uncompressed: 10kB}}\n"
REASON = "larger than 10000 bytes"


def image() -> Image:
    return image_of(APP, User="65532:65532", Entrypoint=["/app"])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    found = image()
    write_layout(tmp_path / "image", {**found.blobs, found.digest: found.manifest}, index_of(entry(found.manifest)))
    return tmp_path


def settings(folder: Path, text: str) -> None:
    (folder / "gate.yaml").write_text("version: 1\n" + text)


def shell_of(folder: Path) -> tuple[str, str | None]:
    documents: Any = gate("facts", "oci:image", "-o", "json", cwd=folder).report
    [document] = documents
    shell = document["facts"]["shell"]
    return shell["state"], shell["reason"]


def test_what_exceeds_a_bound_is_undecided_and_remembered_facts_of_other_bounds_do_not_answer(folder: Path) -> None:
    codes = []
    for text in ("", SMALL, "limits: {layer: {uncompressed: 50kB}}\n", SMALL, ""):
        settings(folder, text)
        codes.append(gate("check", "oci:image", cwd=folder).code)
    assert codes == [0, 3, 0, 3, 0]
    settings(folder, SMALL)
    state, reason = shell_of(folder)
    assert state == "unknown" and REASON in (reason or "")


@pytest.mark.parametrize(
    "limits", ["documents: {manifest: 1KiB, config: 1KiB}", "image: {layers: 1}", "layer: {uncompressed: 50kB}"]
)
def test_bounds_that_an_image_keeps_change_nothing(folder: Path, limits: str) -> None:
    settings(folder, f"limits: {{{limits}}}\n")
    done = gate("check", "oci:image", cwd=folder)
    assert (done.code, done.err) == (0, "")


def test_a_config_beyond_its_bound_is_refused_with_the_bound(tmp_path: Path) -> None:
    found = image_of(APP, User="65532:65532", Labels={"note": "x" * 2_000})
    write_layout(tmp_path / "image", {**found.blobs, found.digest: found.manifest}, index_of(entry(found.manifest)))
    settings(tmp_path, "limits: {documents: {config: 1KiB}}\n")
    done = gate("check", "oci:image", cwd=tmp_path)
    assert done.code == 2 and "1024 bytes" in done.err, done.err


@pytest.fixture(scope="module")
def pushed(docker_registry: Registry) -> Registry:
    Pusher(docker_registry.url).image("limits/app", "1", image())
    return docker_registry


@pytest.mark.registry
def test_lock_and_audit_keep_the_bounds_too(pushed: Registry, tmp_path: Path) -> None:
    row = f'registries: [{{host: "{pushed.host}", insecure: true}}]\n'
    (tmp_path / "Dockerfile").write_text(f"FROM {pushed.host}/limits/app:1\n")
    for text, shells in ((SMALL, None), ("", [])):
        settings(tmp_path, row + text)
        assert gate("lock", "--update", cwd=tmp_path).code == 0
        [base] = lockfile.load((tmp_path / "gate.lock").read_bytes()).bases
        assert base.platforms["linux/amd64"].shells == shells
    settings(tmp_path, row + SMALL)
    report = gate("audit", "--registry", pushed.host, "--repository", "limits/app", "-o", "json", cwd=tmp_path).report
    [result] = report["results"]
    assert any(REASON in finding["message"] for finding in result["findings"])


@pytest.mark.registry
def test_admission_keeps_the_bounds(pushed: Registry, tmp_path: Path) -> None:
    server = start_gate(tmp_path / "gate", settings_for(pushed.host, more=SMALL))
    try:
        answer = server.review(pod(f"{pushed.host}/limits/app:1"))
    finally:
        server.stop()
    assert answer["allowed"] is False
    assert REASON in answer["status"]["message"]
