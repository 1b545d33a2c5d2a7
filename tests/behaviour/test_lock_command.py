"""gate lock, and what Dockerfiles are judged by once there is one; registries are docker-registry."""

import functools
import json
from pathlib import Path

import pytest
from gate import lock as lockfile
from gate.cli.main import exit_code

from tests.behaviour.command_line import Done
from tests.support import tools
from tests.support.oci_images import OCI_INDEX, Pusher, digest_of, entry, index_of, make_image

pytestmark = pytest.mark.registry

PASSWD = b"root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534::/:/sbin/nologin\n"


def busybox():
    return tools.installed("busybox", package="busybox-static").read_bytes()


@functools.cache
def alpine(extra=b"", **config):
    files = {
        "bin/busybox": busybox(),
        "bin/sh": "busybox",
        "bin/ash": "busybox",
        "sbin/apk": b"\x7fELF apk",
        "etc/passwd": PASSWD,
        "lib/ld-musl-x86_64.so.1": b"\x7fELF loader",
        "extra": extra,
    }
    return make_image(files, config={"Env": ["PATH=/usr/bin:/bin"], "Cmd": ["/bin/sh"], **config})


ARM = make_image({"bin/other": b"arm"}, platform="linux/arm64/v8", config={"User": "77"})
STATIC = make_image({"etc/passwd": PASSWD + b"nonroot:x:65532:65532::/:\n"}, config={"User": "65532"})


@pytest.fixture
def gate(monkeypatch, capfd):
    """gate in this process: starting one takes longer than most of these."""

    def run(*arguments, cwd, variables=None):
        with monkeypatch.context() as patch:
            patch.chdir(cwd)
            patch.setenv("HOME", str(cwd / ".home"))
            for name in ("GATE_OFFLINE", "GATE_CACHE_DIR", "XDG_CACHE_HOME", "HTTPS_PROXY", "HTTP_PROXY"):
                patch.delenv(name, raising=False)
            for name, value in (variables or {}).items():
                patch.setenv(name, value)
            capfd.readouterr()
            code = exit_code(list(arguments))
        out, err = capfd.readouterr()
        return Done(code, out, err)

    return run


def but_notes(out):
    """What was printed, without what it says of the table: these bases are small stand-ins."""
    return "".join(line for line in out.splitlines(True) if "the table of known bases" not in line)


@pytest.fixture
def project(tmp_path, docker_registry):
    """A folder with a Dockerfile on alpine:3.20 and one on distroless, whose registries docker_registry stands for."""
    pusher = Pusher(docker_registry.url)
    push(pusher, "library/alpine", "3.20", alpine(), ARM)
    push(pusher, "distroless/static", "nonroot", STATIC)
    (tmp_path / "gate.yaml").write_text(
        "version: 1\n"
        "registries:\n"
        f'  - {{host: docker.io, mirrors: ["{docker_registry.host}"], mirror_tags: true}}\n'
        f'  - {{host: gcr.io, mirrors: ["{docker_registry.host}"], mirror_tags: true}}\n'
        f'  - {{host: "{docker_registry.host}", insecure: true}}\n'
    )
    (tmp_path / "Dockerfile").write_text("FROM alpine:3.20\nCOPY app /app\nUSER nobody\n")
    (tmp_path / "api").mkdir()
    (tmp_path / "api" / "Dockerfile").write_text(
        "FROM alpine:3.20 AS build\nRUN make\nFROM gcr.io/distroless/static:nonroot\nCOPY --from=build /app /app\n"
    )
    return tmp_path


def push(pusher, repository, tag, *images):
    for image in images:
        pusher.image(repository, None, image)
    platforms = ("linux/amd64", "linux/arm64/v8")
    entries = [entry(image.manifest, platform) for image, platform in zip(images, platforms, strict=False)]
    return pusher.manifest(repository, tag, index_of(*entries), OCI_INDEX)


def locked(project):
    return lockfile.load((project / "gate.lock").read_bytes())


def names(project):
    return [(base.reference, base.superseded is None) for base in locked(project).bases]


def test_the_bases_of_a_project_are_written_down(gate, project):
    done = gate("lock", cwd=project)
    base = locked(project).find("docker.io/library/alpine", "3.20")
    static = locked(project).find("gcr.io/distroless/static", "nonroot")
    assert (done.code, but_notes(done.out), done.err) == (
        0,
        f"+ docker.io/library/alpine:3.20  {base.digest}\n"
        f"+ gcr.io/distroless/static:nonroot  {static.digest}\n"
        "gate.lock: 2 bases\n",
        "",
    )
    amd, arm = base.platforms["linux/amd64"], base.platforms["linux/arm64"]
    image = alpine()
    assert (amd.user, amd.uid, amd.gid, amd.users) == ("", 0, 0, {"root": 0, "nobody": 65534})
    assert (amd.shells, amd.libc, amd.package_manager) == (["/bin/ash", "/bin/busybox", "/bin/sh"], "musl", "apk")
    assert (amd.manifest, amd.config, amd.compressed) == (image.digest, digest_of(image.config), len(image.layers[0]))
    assert (amd.env, amd.cmd, amd.diff_ids) == (
        {"PATH": "/usr/bin:/bin"},
        ["/bin/sh"],
        json.loads(image.config)["rootfs"]["diff_ids"],
    )
    assert amd.size is not None
    assert (arm.user, arm.uid, arm.shells, arm.size, len(arm.diff_ids)) == ("77", 77, None, None, 1)
    assert static.platforms["linux/amd64"].shells == []


def test_a_dockerfile_is_then_judged_by_what_its_base_is(gate, project):
    (project / "Dockerfile").write_text("FROM alpine:3.20\nCOPY app /app\n")
    before = gate("facts", "Dockerfile", "-o", "json", cwd=project).report[0]["facts"]
    gate("lock", cwd=project)
    after = gate("facts", "Dockerfile", "-o", "json", cwd=project).report[0]["facts"]
    assert [(facts["user"]["state"], facts["shell"]["state"]) for facts in (before, after)] == [
        ("assumed", "assumed"),
        ("known", "known"),
    ]
    assert (after["user"]["root"], after["shell"]["present"]) == (True, True)


def test_online_asks_registries_that_gate_yaml_names_and_nobody_else(gate, project):
    (project / "Dockerfile").write_text("FROM alpine:3.20\nCOPY app /app\n")
    (project / "Evil.Dockerfile").write_text("FROM evil.example/base:1\n")
    done = gate("facts", "--online", "Dockerfile", "-o", "json", cwd=project)
    facts = done.report[0]["facts"]
    assert (facts["user"]["state"], facts["user"]["uid"], facts["shell"]["state"]) == ("known", 0, "known")
    evil = gate("facts", "--online", "Evil.Dockerfile", "-o", "json", cwd=project)
    assert evil.report[0]["facts"]["user"]["state"] == "unknown"
    assert evil.err == ""
    (project / "Dockerfile").write_text("FROM alpine:9.99\n")
    absent = gate("facts", "--online", "Dockerfile", "-o", "json", cwd=project)
    assert absent.code == 0
    assert absent.err.startswith("gate: not asked: docker.io/library/alpine:9.99: ")


def test_check_says_what_is_missing_and_what_moved(gate, project, docker_registry):
    missing = gate("lock", "--check", cwd=project)
    assert (missing.code, missing.out) == (
        1,
        "docker.io/library/alpine:3.20 is not in gate.lock (Dockerfile:1)\n"
        "gcr.io/distroless/static:nonroot is not in gate.lock (api/Dockerfile:3)\n"
        "run gate lock --update\n",
    )
    assert not (project / "gate.lock").exists()
    gate("lock", cwd=project)
    old = locked(project).find("docker.io/library/alpine", "3.20").digest
    assert gate("lock", "--check", cwd=project).out == "gate.lock: 2 bases, as they should be\n"
    new = push(Pusher(docker_registry.url), "library/alpine", "3.20", alpine(b"new"), ARM)
    moved = gate("lock", "--check", cwd=project)
    assert (moved.code, moved.out) == (
        1,
        f"docker.io/library/alpine:3.20 leads to {new} now, not to {old}\nrun gate lock --update\n",
    )
    assert gate("lock", "--check", "--offline", cwd=project).code == 0
    assert gate("lock", "--check", cwd=project, variables={"GATE_OFFLINE": "1"}).code == 0
    assert gate("lock", cwd=project).out == "gate.lock: 2 bases\n"
    updated = gate("lock", "--update", cwd=project)
    assert but_notes(updated.out) == f"~ docker.io/library/alpine:3.20  {old} -> {new}\ngate.lock: 2 bases\n"
    found = [(base.digest, base.superseded is None) for base in locked(project).bases if "alpine" in base.reference]
    assert found == [(new, True), (old, False)]


def test_the_same_bases_give_the_same_file(gate, project):
    gate("lock", cwd=project)
    first = (project / "gate.lock").read_bytes()
    assert but_notes(gate("lock", "--update", cwd=project).out) == "gate.lock: 2 bases\n"
    assert (project / "gate.lock").read_bytes() == first


def test_a_base_that_is_no_longer_named_stays_for_lineage(gate, project):
    gate("lock", cwd=project)
    (project / "api" / "Dockerfile").unlink()
    done = gate("lock", cwd=project)
    assert done.out == "- gcr.io/distroless/static:nonroot  no longer named\ngate.lock: 1 base\n"
    assert names(project) == [("docker.io/library/alpine:3.20", True), ("gcr.io/distroless/static:nonroot", False)]


def test_every_platform_is_read_when_asked(gate, project):
    gate("lock", cwd=project)
    gate("lock", "--platform", "linux/arm64", cwd=project)
    arm = locked(project).find("docker.io/library/alpine", "3.20").platforms["linux/arm64"]
    assert (arm.shells, arm.size is not None) == ([], True)


def test_approved_bases_with_one_tag_are_locked_too(gate, project, docker_registry):
    push(Pusher(docker_registry.url), "base/python", "1.2", STATIC)
    text = (project / "gate.yaml").read_text()
    (project / "gate.yaml").write_text(
        text + f'approved_bases: [{{image: "{docker_registry.host}/base/python", tags: ["1.2"], max_age: 30d}}]\n'
    )
    done = gate("lock", cwd=project)
    assert done.code == 0
    assert f"+ {docker_registry.host}/base/python:1.2  " in done.out


def test_a_base_is_locked_by_its_digest_where_it_is_named_so(gate, project):
    digest = alpine().digest
    (project / "Dockerfile").write_text(f"FROM alpine:9.99@{digest}\n")
    (project / "api" / "Dockerfile").unlink()
    assert gate("lock", cwd=project).code == 0
    assert names(project) == [(f"docker.io/library/alpine@{digest}", True)]
    facts = gate("facts", "Dockerfile", "-o", "json", cwd=project).report[0]["facts"]
    assert (facts["user"]["state"], facts["user"]["root"]) == ("known", True)


def test_hosts_that_nobody_named_are_not_asked(gate, project):
    (project / "Dockerfile").write_text("FROM 169.254.169.254/latest:1\nFROM evil.example/base:1\n")
    done = gate("lock", cwd=project)
    assert done.code == 2
    assert done.err == (
        "gate: evil.example/base:1 (Dockerfile:2): evil.example is not a registry that gate.yaml names\n"
        "  name it under registries: - {host: evil.example}\n"
    )
    assert [name for name, _ in names(project)] == [
        "docker.io/library/alpine:3.20",
        "gcr.io/distroless/static:nonroot",
    ]


def test_a_base_that_cannot_be_read_keeps_no_other_from_being_locked(gate, project):
    gate("lock", cwd=project)
    (project / "Dockerfile").write_text("FROM alpine:9.99\n")
    done = gate("lock", cwd=project)
    assert done.code == 2
    assert done.err.startswith("gate: docker.io/library/alpine:9.99 (Dockerfile:1): ")
    assert ("docker.io/library/alpine:3.20", True) in names(project)


def test_where_the_table_of_known_bases_is_wrong_it_is_said(gate, project, docker_registry):
    push(Pusher(docker_registry.url), "library/alpine", "3.20", alpine(User="1000"), ARM)
    done = gate("lock", cwd=project)
    said = [line for line in done.out.splitlines() if "table of known bases" in line]
    assert said == [
        '  the table of known bases says of docker.io/library/alpine:3.20: user "", not "1000"',
        "  the table of known bases says of docker.io/library/alpine:3.20: uid 0, not 1000",
        *(line for line in said if "bytes" in line),
    ]


@pytest.mark.parametrize("content", ["<<<<<<< HEAD\n", "version: 9\n", "[]", "\0"])
def test_a_broken_lock_is_never_written_over_and_nothing_is_judged_without_it(gate, project, content):
    (project / "gate.lock").write_text(content)
    for arguments in (["lock"], ["lock", "--check"], ["lock", "--update"], ["check"], ["facts", "."]):
        done = gate(*arguments, cwd=project)
        assert done.code == 2
        assert f"{project}/gate.lock" in done.err
    assert (project / "gate.lock").read_text() == content


def test_asking_nobody_and_locking_is_a_contradiction(gate, project):
    done = gate("lock", "--offline", cwd=project)
    assert (done.code, done.err) == (
        2,
        "gate: gate lock asks registries\n  gate lock --check --offline looks at gate.lock alone\n",
    )


def test_a_project_without_bases_has_an_empty_lock(gate, tmp_path):
    (tmp_path / "Dockerfile").write_text("FROM scratch\nCOPY app /app\n")
    done = gate("lock", cwd=tmp_path)
    assert (done.code, done.out) == (0, "gate.lock: 0 bases\n")
    assert gate("lock", "--check", cwd=tmp_path).code == 0


# --- images ------------------------------------------------------------------------------------------------------


def test_an_image_is_recognized_by_the_locked_base_under_it(gate, project, docker_registry):
    gate("lock", cwd=project)
    base = alpine()
    config = json.loads(base.config)
    app = make_image({"app": b"app"}, config={"User": "10001"})
    both = make_image(config={"User": "10001"})
    document = config | {"config": {"User": "10001"}}
    document["rootfs"]["diff_ids"] += json.loads(app.config)["rootfs"]["diff_ids"]
    document["history"] = []
    config_bytes = json.dumps(document).encode()
    manifest = json.loads(both.manifest)
    manifest["config"] |= {"digest": digest_of(config_bytes), "size": len(config_bytes)}
    manifest["layers"] = json.loads(base.manifest)["layers"] + json.loads(app.manifest)["layers"]
    both.manifest, both.config = json.dumps(manifest).encode(), config_bytes
    both.blobs = {**base.blobs, **app.blobs, digest_of(config_bytes): config_bytes}
    Pusher(docker_registry.url).image("acme/api", "1", both)
    done = gate("facts", f"docker://{docker_registry.host}/acme/api:1", "-o", "json", cwd=project)
    facts = done.report[0]["facts"]
    assert (facts["user"]["uid"], facts["base"]["state"], facts["base"]["reference"]) == (
        10001,
        "known",
        "docker.io/library/alpine:3.20",
    )
    assert facts["shell"]["present"] is True


def requests_of(registry, since):
    lines = registry.daemon.log.read_text().splitlines()[since:]
    return [line.split('"')[1] for line in lines if '"HEAD ' in line or '"GET ' in line]


def test_the_same_image_again_is_one_request(gate, project, docker_registry):
    Pusher(docker_registry.url).image("acme/again", "1", alpine(b"again"))
    name = f"{docker_registry.host}/acme/again:1"
    first = gate("check", name, cwd=project)
    since = len(docker_registry.daemon.log.read_text().splitlines())
    second = gate("check", name, cwd=project)
    asked = [line for line in requests_of(docker_registry, since) if "/v2/ " not in line]
    assert asked == ["HEAD /v2/acme/again/manifests/1 HTTP/1.1"]
    assert (second.code, second.out) == (first.code, first.out)


def test_what_cannot_be_read_is_an_error_and_the_rest_is_judged(gate, project, docker_registry):
    done = gate("check", f"{docker_registry.host}/acme/absent:1", "oci:absent", "Dockerfile", cwd=project)
    assert done.code == 2
    assert "no such image" in done.err
    assert "Dockerfile" in done.out
    assert "Traceback" not in done.err


def test_images_are_not_read_offline(gate, project, docker_registry):
    done = gate("check", "--offline", f"docker://{docker_registry.host}/acme/api:1", cwd=project)
    assert (done.code, "its registry may not be asked: --offline" in done.err) == (2, True)


def test_what_gate_writes_holds_no_path_of_this_machine(gate, project):
    gate("lock", cwd=project)
    assert str(Path.home()) not in (project / "gate.lock").read_text()
