"""``gate check --online manifest.yaml``: the images of a manifest are looked at where they are, in real registries."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.behaviour.command_line import Done, gate
from tests.support.layered import BUSYBOX, file, image_of, layer, link
from tests.support.oci_images import OCI_INDEX, Pusher, entry, index_of, make_image
from tests.support.processes import free_port
from tests.support.registry import Registry, start_registry
from tests.support.serving import settings_for

pytestmark = [pytest.mark.registry, pytest.mark.go]

FOUR = {"non-root", "no-shell", "approved-base", "max-size"}
APP = layer(file("app"))
SHELL = layer(file("bin/busybox", BUSYBOX), link("bin/sh", "busybox"))
GOOD = image_of(APP, User="65532:65532", Entrypoint=["/app"])
BAD = image_of(APP, SHELL)
NAMED = image_of(APP, SHELL, User="app")


@pytest.fixture(scope="module")
def host(docker_registry: Registry) -> str:
    pusher = Pusher(docker_registry.url)
    for name, image in {"good": GOOD, "bad": BAD, "named": NAMED}.items():
        pusher.image(f"online/{name}", "1", image)
    return docker_registry.host


def pods(*images: str, **security: Any) -> str:
    """A Pod an image, called p0, p1 and so on."""
    found = [
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": f"p{number}"},
            "spec": {"securityContext": security, "containers": [{"name": "c", "image": image}]},
        }
        for number, image in enumerate(images)
    ]
    return "\n---\n".join(map(json.dumps, found))


def write(folder: Path, manifest: str, *hosts: str, more: str = "") -> None:
    (folder / "gate.yaml").write_text(settings_for(*hosts, more=more) if hosts else f"version: 1\n{more}")
    (folder / "pods.yaml").write_text(manifest)


def check(folder: Path, *arguments: str, **more: Any) -> Done:
    return gate("check", "-o", "json", "pods.yaml", *arguments, cwd=folder, **more)


def four(done: Done, status: str) -> list[set[str]]:
    """Which of the four rules have a status, container by container."""
    return [
        {each["rule"] for each in result["findings"] if each["status"] == status} & FOUR
        for result in done.report["results"]
    ]


def reasons(done: Done, number: int = 0) -> set[str]:
    """Why the four rules are undecided about a container."""
    found = done.report["results"][number]["findings"]
    return {each["reason"] for each in found if each["status"] == "undecided" and each["rule"] in FOUR}


# --- offline -----------------------------------------------------------------------------------------------------


def test_offline_what_only_the_image_can_tell_is_undecided_and_the_next_command_is_named(
    tmp_path: Path, host: str
) -> None:
    write(tmp_path, pods(f"{host}/online/good:1"), host)
    done = check(tmp_path)
    assert done.code == 3
    assert (four(done, "undecided"), four(done, "violation")) == ([FOUR], [set()])
    assert reasons(done) == {
        "the image was not read, because files are judged offline; gate check --online pods.yaml reads it"
    }


def test_offline_a_numeric_user_settles_who_it_runs_as(tmp_path: Path, host: str) -> None:
    write(tmp_path, pods(f"{host}/online/bad:1", runAsUser=1000), host)
    assert four(check(tmp_path), "undecided") == [FOUR - {"non-root"}]


@pytest.mark.parametrize("arguments", [["--offline"], []], ids=["--offline", "neither"])
def test_without_online_no_registry_is_asked(tmp_path: Path, arguments: list[str]) -> None:
    registry = start_registry(tmp_path / "registry")
    try:
        write(tmp_path, pods(f"{registry.host}/online/good:1"), registry.host)
        asked = registry.daemon.log.read_text()
        assert check(tmp_path, *arguments).code == 3
        assert registry.daemon.log.read_text() == asked
    finally:
        registry.daemon.stop()


# --- online ------------------------------------------------------------------------------------------------------


def test_online_each_container_is_judged_by_its_image(tmp_path: Path, host: str) -> None:
    write(tmp_path, pods(f"{host}/online/good:1", f"{host}/online/bad:1", f"{host}/online/named:1"), host)
    done = check(tmp_path, "--online")
    assert done.code == 1
    assert four(done, "violation") == [set(), {"non-root", "no-shell"}, {"no-shell"}]
    assert four(done, "undecided") == [set(), {"approved-base"}, {"approved-base"}]
    assert [each["subject"]["digest"] for each in done.report["results"]] == [GOOD.digest, BAD.digest, NAMED.digest]


def test_online_a_good_manifest_passes(tmp_path: Path, host: str) -> None:
    write(tmp_path, pods(f"{host}/online/good:1", f"{host}/online/good@{GOOD.digest}"), host)
    done = check(tmp_path, "--online")
    assert (done.code, done.err, done.report["verdict"]) == (0, "", "pass")


def test_online_standard_input_is_read_too(tmp_path: Path, host: str) -> None:
    write(tmp_path, "", host)
    manifest = pods(f"{host}/online/good:1").encode()
    offline = gate("check", "-o", "json", "manifest:-", cwd=tmp_path, stdin=manifest)
    [reason] = reasons(offline)
    assert reason.endswith("; gate check --online manifest:- reads it")
    assert gate("check", "--online", "manifest:-", cwd=tmp_path, stdin=manifest).code == 0


def test_facts_of_a_manifest_are_those_of_its_images(tmp_path: Path, host: str) -> None:
    write(tmp_path, pods(f"{host}/online/bad:1"), host)
    done = gate("facts", "--online", "-o", "json", "pods.yaml", cwd=tmp_path)
    [document] = json.loads(done.out)
    shells = [each["path"] for each in document["facts"]["shell"]["shells"]]
    assert (document["kind"], shells) == ("container", ["/bin/busybox", "/bin/sh"])


def test_every_platform_counts_unless_one_is_asked_for(tmp_path: Path, docker_registry: Registry) -> None:
    pusher = Pusher(docker_registry.url)
    config = {"User": "65532", "Entrypoint": ["/app"]}
    good = make_image({"app": b"program"}, config=config)
    bad = make_image({"bin/sh": b"shell", "app": b"program"}, config=config, platform="linux/arm64")
    for image in (good, bad):
        pusher.image("online/two", None, image)
    index = index_of(entry(good.manifest, "linux/amd64"), entry(bad.manifest, "linux/arm64"))
    pusher.manifest("online/two", "1", index, OCI_INDEX)
    write(tmp_path, pods(f"{docker_registry.host}/online/two:1"), docker_registry.host)
    assert four(check(tmp_path, "--online"), "violation") == [{"no-shell"}]
    assert four(check(tmp_path, "--online", "--platform", "linux/amd64"), "violation") == [set()]
    assert four(check(tmp_path, "--online", "--platform", "linux/arm64"), "violation") == [{"no-shell"}]


# --- how registries are asked ------------------------------------------------------------------------------------


def gets(registry: Registry, what: str) -> int:
    """How often something was fetched, by the registry's own log."""
    lines = registry.daemon.log.read_text().splitlines()
    return sum('"GET /v2/' in line and what in line for line in lines)


@pytest.mark.parametrize("arguments", [[], ["--no-cache"]], ids=["cached", "uncached"])
def test_a_digest_is_looked_at_once_however_it_is_named(tmp_path: Path, arguments: list[str]) -> None:
    registry = start_registry(tmp_path / "registry")
    try:
        pusher = Pusher(registry.url)
        for tag in ("1", "2", "latest"):
            pusher.image("one", tag, BAD)
        names = [f"{registry.host}/one{how}" for how in (":1", ":2", "", f"@{BAD.digest}", f":1@{BAD.digest}", ":1")]
        write(tmp_path, pods(*names), registry.host)
        files = [f"again{number}.yaml" for number in range(24)]  # as many as would be shared among processes
        for name in files:
            (tmp_path / name).write_text(pods(names[0]))
        done = gate("check", "-o", "json", "--jobs=2", "--online", "pods.yaml", *files, *arguments, cwd=tmp_path)
        assert four(done, "violation") == [{"non-root", "no-shell"}] * (len(names) + len(files))
        fetched = [gets(registry, digest) for digest in (BAD.digest, *BAD.blobs)]
        assert fetched == [1] * len(fetched)
    finally:
        registry.daemon.stop()


def test_a_mirror_is_asked_as_for_an_image(tmp_path: Path, host: str) -> None:
    rows = f'registries:\n  - {{host: docker.io, mirrors: ["{host}"], mirror_tags: true}}\n'
    write(tmp_path, pods("online/bad:1"), more=f'{rows}  - {{host: "{host}", insecure: true}}\n')
    assert four(check(tmp_path, "--online"), "violation") == [{"non-root", "no-shell"}]


def test_credentials_open_a_private_registry(tmp_path: Path, docker_registry_secure: Registry) -> None:
    registry = docker_registry_secure
    [(user, password)] = registry.users.items()
    basic = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
    Pusher(registry.url, ca=registry.ca, authorization=basic).image("online/bad", "1", BAD)
    rows = f'registries:\n  - {{host: "{registry.host}", ca: "{registry.ca}"}}\n'
    write(tmp_path, pods(f"{registry.host}/online/bad:1"), more=rows)
    stranger = check(tmp_path, "--online")
    assert (stranger.code, four(stranger, "undecided")) == (3, [FOUR])
    assert all(f"docker login {registry.host}" in reason for reason in reasons(stranger))
    config = registry.docker_config(tmp_path / "docker")
    known = check(tmp_path, "--online", variables={"DOCKER_CONFIG": str(config)})
    assert four(known, "violation") == [{"non-root", "no-shell"}]


def test_the_bounds_of_images_hold(tmp_path: Path, host: str) -> None:
    write(tmp_path, pods(f"{host}/online/good:1"), host, more="limits: {layer: {entries: 100}}\n")
    assert check(tmp_path, "--online").code == 0
    write(tmp_path, pods(f"{host}/online/good:1"), host, more="limits: {layer: {uncompressed: 1KiB}}\n")
    done = check(tmp_path, "--online")
    assert done.code == 3
    assert four(done, "undecided") == [{"no-shell", "approved-base", "max-size"}]


# --- what goes wrong ---------------------------------------------------------------------------------------------


def undecided_alone(done: Done, *, of: int, among: Sequence[set[str]]) -> set[str]:
    """The reasons of one container that is undecided for want of its image, ``among`` others and what they break."""
    assert "Traceback" not in done.err
    assert four(done, "violation") == list(among)
    assert four(done, "undecided")[of] == FOUR
    return reasons(done, of)


def test_a_registry_that_is_down_leaves_its_images_undecided(tmp_path: Path, host: str) -> None:
    dead = f"127.0.0.1:{free_port()}"
    write(tmp_path, pods(f"{dead}/api:1"), host, dead)
    done = check(tmp_path, "--online")
    assert done.code == 3
    [reason] = undecided_alone(done, of=0, among=[set()])
    assert "cannot be reached" in reason
    write(tmp_path, pods(f"{host}/online/bad:1", f"{dead}/api:1"), host, dead)
    undecided_alone(check(tmp_path, "--online"), of=1, among=[{"non-root", "no-shell"}, set()])


def test_an_image_that_is_not_there_is_named(tmp_path: Path, host: str) -> None:
    write(tmp_path, pods(f"{host}/online/good:1", f"{host}/online/good:no-such"), host)
    done = check(tmp_path, "--online")
    assert done.code == 3
    [reason] = undecided_alone(done, of=1, among=[set(), set()])
    assert f"{host}/online/good:no-such" in reason and "no such image" in reason


def test_a_registry_that_settings_do_not_name_is_not_asked(tmp_path: Path) -> None:
    registry = start_registry(tmp_path / "registry")
    try:
        write(tmp_path, pods(f"{registry.host}/api:1"))
        asked = registry.daemon.log.read_text()
        done = check(tmp_path, "--online")
        assert done.code == 3
        assert undecided_alone(done, of=0, among=[set()]) == {
            f"settings do not name the registry {registry.host}; nothing is asked of it "
            "(add it to registries: in gate.yaml)"
        }
        assert registry.daemon.log.read_text() == asked
    finally:
        registry.daemon.stop()


def test_references_that_cannot_be_are_undecided(tmp_path: Path, host: str) -> None:
    images = ["UPPER/case:1", "a" * 5_000, "x@sha256:1", "my_host.io/x", "-", "a b", "\x00"]
    write(tmp_path, pods(*images), host)
    done = check(tmp_path, "--online")
    assert (done.code, len(done.report["results"])) == (3, len(images))
    for number in range(len(images)):
        assert len(undecided_alone(done, of=number, among=[set()] * len(images))) == 1


def test_a_broken_image_is_undecided(tmp_path: Path, docker_registry: Registry) -> None:
    pusher, good = Pusher(docker_registry.url), json.loads(GOOD.manifest)
    pusher.image("online/good", "other", GOOD)
    broken = {**good, "config": {**good["config"], "size": good["config"]["size"] + 1}}
    pusher.manifest("online/good", "broken", json.dumps(broken).encode())
    write(tmp_path, pods(f"{docker_registry.host}/online/good:broken"), docker_registry.host)
    done = check(tmp_path, "--online")
    assert done.code == 3
    undecided_alone(done, of=0, among=[set()])
