"""Images that other tools made: skopeo, umoci, buildah and dockerd write them, and see in them what we see."""

import asyncio
import gzip
import json
import subprocess

import pytest
from gate.errors import DaemonError, TargetNotFoundError
from gate.evidence.image.documents import digest_of
from gate.evidence.image.sources import Sources
from gate.settings.model import Registry

from tests.support import tools
from tests.support.oci_images import OCI_INDEX, Pusher, entry, index_of, make_image, write_layout

IMAGE = make_image({"bin/app": b"app" * 40_000}, {"etc/passwd": b"root:x:0:0::/:/bin/sh\n"}, config={"User": "10001"})
NAME = "org.opencontainers.image.ref.name"


def run(*command, **options):
    done = subprocess.run([str(each) for each in command], capture_output=True, text=True, check=False, **options)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def skopeo():
    program = tools.installed("skopeo", package="skopeo")
    return lambda *arguments: run(program, "--insecure-policy", *arguments)


@pytest.fixture(scope="module")
def layout(tmp_path_factory):
    blobs = {**IMAGE.blobs, IMAGE.digest: IMAGE.manifest}
    index = index_of(entry(IMAGE.manifest, annotations={NAME: "1"}))
    return write_layout(tmp_path_factory.mktemp("made") / "layout", blobs, index)


async def look(kind, *, path=None, reference=None, rows=(), environ=None):
    sources = Sources(environ=environ or {}, home=path or tools.TOOLS, registries=rows)
    source = sources.open(kind, path=path, reference=reference)
    try:
        resolved = await source.resolve()
        found = []
        for image in await source.images():
            for layer in image.layers:
                data = b"".join([piece async for piece in source.open_layer(layer)])
                assert digest_of(gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data) == layer.diff_id
                assert len(data) == layer.size
            found.append(image)
        return resolved, found
    finally:
        await source.close()
        await sources.close()


def read(kind, **options):
    """The images, every layer read and compared with its diff_id."""
    return asyncio.run(look(kind, **options))


def ours(image):
    """What skopeo says of an image, in our words."""
    config = image.config.get("config") or {}
    return {
        "layers": [(each.digest, each.size) for each in image.layers],
        "platform": image.platform,
        "env": config.get("Env") or [],
        "labels": config.get("Labels") or {},
    }


def theirs(skopeo, place, directory, *options):
    """The same of skopeo: what it inspects, and the sizes of the files it copies to a directory."""
    inspected = json.loads(skopeo("inspect", *options, place))
    skopeo("copy", *(f"--src-{each.removeprefix('--')}" for each in options), place, f"dir:{directory}")
    return inspected, {
        "layers": [(each, (directory / each.partition(":")[2]).stat().st_size) for each in inspected["Layers"]],
        "platform": f"{inspected['Os']}/{inspected['Architecture']}",
        "env": inspected["Env"] or [],
        "labels": inspected["Labels"] or {},
    }


@pytest.mark.parametrize(
    ("transport", "kind"),
    [("oci", "oci-layout"), ("oci-archive", "oci-archive"), ("oci-archive", "archive")],
)
def test_layouts_and_archives_of_skopeo_hold_what_skopeo_says(skopeo, layout, tmp_path, transport, kind):
    path = tmp_path / "image"
    skopeo("copy", f"oci:{layout}:1", f"{transport}:{path}:1")
    inspected, described = theirs(skopeo, f"{transport}:{path}:1", tmp_path / "files")
    resolved, images = read(kind, path=path, reference="1")
    assert [ours(each) for each in images] == [described]
    assert resolved.digest == inspected["Digest"]


@pytest.mark.parametrize("packed", [False, True])
def test_docker_archives_of_skopeo_are_the_same_image(skopeo, layout, tmp_path, packed):
    path = tmp_path / "image.tar"
    skopeo("copy", f"oci:{layout}:1", f"docker-archive:{path}:acme/api:1")
    if packed:
        path.write_bytes(gzip.compress(path.read_bytes()))
    _, images = read("docker-archive", path=path, reference="acme/api:1")
    assert [(each.config_digest, each.config["config"]["User"]) for each in images] == [
        (digest_of(IMAGE.config), "10001")
    ]
    _, images = read("archive", path=path)
    assert [each.config_digest for each in images] == [digest_of(IMAGE.config)]


@pytest.mark.parametrize("how", [["--format", "v2s2"], ["--dest-compress-format", "zstd", "--format", "oci"], []])
@pytest.mark.registry
def test_a_registry_holds_what_skopeo_says(skopeo, layout, docker_registry, tmp_path, how):
    tag = "v" + str(len(how)) + ("z" if "zstd" in how else "")
    place = f"{docker_registry.host}/skopeo/image:{tag}"
    skopeo("copy", "--dest-tls-verify=false", *how, f"oci:{layout}:1", f"docker://{place}")
    inspected, described = theirs(skopeo, f"docker://{place}", tmp_path / "files", "--tls-verify=false")
    raw = skopeo("inspect", "--raw", "--tls-verify=false", f"docker://{place}").encode()
    rows = [Registry(host=docker_registry.host, insecure=True)]
    resolved, images = asyncio.run(_described(place, rows))
    assert [ours(each) for each in images] == [described]
    assert resolved.digest == inspected["Digest"] == digest_of(raw)


async def _described(place, rows):
    sources = Sources(environ={}, home=tools.TOOLS, registries=rows)
    try:
        source = sources.open("registry", reference=place)
        return await source.resolve(), await source.images()
    finally:
        await sources.close()


@pytest.mark.registry
def test_platforms_of_an_index_are_those_crane_lists(docker_registry, crane):
    pusher = Pusher(docker_registry.url)
    images = [
        make_image({"a": each.encode()}, platform=each) for each in ("linux/amd64", "linux/arm64/v8", "linux/arm/v7")
    ]
    for image in images:
        pusher.image("crane/image", None, image)
    entries = [
        entry(image.manifest, platform)
        for image, platform in zip(images, ("linux/amd64", "linux/arm64/v8", "linux/arm/v7"), strict=True)
    ]
    pusher.manifest("crane/image", "1", index_of(*entries), OCI_INDEX)
    place = f"{docker_registry.host}/crane/image:1"
    listed = json.loads(run(crane, "manifest", place, "--insecure"))["manifests"]
    resolved, found = read("registry", reference=place, rows=[Registry(host=docker_registry.host, insecure=True)])
    assert [each.manifest_digest for each in found] == [each["digest"] for each in listed]
    assert [each.platform for each in found] == ["linux/amd64", "linux/arm64", "linux/arm/v7"]
    assert resolved.digest == run(crane, "digest", place, "--insecure").strip()


def test_images_of_umoci_are_read(tmp_path, skopeo):
    umoci = tools.installed("umoci", package="umoci")
    path = tmp_path / "layout"
    file = tmp_path / "file"
    file.write_bytes(b"content" * 1000)
    run(umoci, "init", "--layout", path)
    run(umoci, "new", "--image", f"{path}:1")
    run(umoci, "insert", "--rootless", "--image", f"{path}:1", file, "/data/file")
    run(umoci, "insert", "--rootless", "--image", f"{path}:1", "--whiteout", "/data/file")
    run(umoci, "config", "--image", f"{path}:1", "--config.user", "app", "--config.env", "A=b", "--config.label", "l=m")
    _, images = read("oci-layout", path=path, reference="1")
    assert [ours(each) for each in images] == [theirs(skopeo, f"oci:{path}:1", tmp_path / "files")[1]]
    assert images[0].config["config"]["User"] == "app"
    assert len(images[0].layers) == 2


@pytest.mark.root
def test_images_of_buildah_are_read(tmp_path, skopeo):
    tools.need_root()
    program = tools.installed("buildah", package="buildah")
    store = ["--storage-driver", "vfs", "--root", tmp_path / "root", "--runroot", tmp_path / "run"]
    (tmp_path / "file").write_bytes(b"content")
    container = run(program, *store, "from", "scratch").strip()
    run(program, *store, "copy", container, tmp_path / "file", "/file")
    run(program, *store, "config", "--user", "10001", "--entrypoint", '["/file"]', container)
    for transport, kind in (
        ("oci", "oci-layout"),
        ("oci-archive", "oci-archive"),
        ("docker-archive", "docker-archive"),
    ):
        path = tmp_path / transport
        run(program, *store, "commit", "--disable-compression=false", container, f"{transport}:{path}:localhost/x:1")
        name = "localhost/x:1"
        _, images = read(kind, path=path, reference=name)
        assert [each.config["config"]["User"] for each in images] == ["10001"]
        if kind != "docker-archive":
            described = theirs(skopeo, f"{transport}:{path}:{name}", tmp_path / f"{transport}-files")[1]
            assert [ours(each) for each in images] == [described]


# --- dockerd -----------------------------------------------------------------------------------------------------


@pytest.mark.docker
@pytest.mark.root
def test_a_daemons_image_is_what_was_loaded_into_it(dockerd, skopeo, layout, tmp_path):
    path = tmp_path / "image.tar"
    skopeo("copy", f"oci:{layout}:1", f"docker-archive:{path}:acme/api:1")
    dockerd.run("load", "-i", path)
    environ = {"DOCKER_HOST": dockerd.host}
    resolved, images = read("daemon", reference="acme/api:1", environ=environ)
    identity = dockerd.run("image", "inspect", "--format", "{{.Id}}", "acme/api:1").strip()
    assert [(each.config_digest, each.platform) for each in images] == [(identity, "linux/amd64")]
    assert resolved.digest is None
    saved = tmp_path / "saved.tar"
    dockerd.run("save", "-o", saved, "acme/api:1")
    for kind in ("docker-archive", "archive"):
        assert [each.config_digest for each in read(kind, path=saved, reference="acme/api:1")[1]] == [identity]


@pytest.mark.docker
@pytest.mark.root
@pytest.mark.registry
def test_a_daemon_knows_the_registrys_digest_of_what_it_pulled(dockerd, docker_registry):
    digest = Pusher(docker_registry.url).image("pulled/image", "1", IMAGE)
    place = f"{docker_registry.host}/pulled/image:1"
    dockerd.run("pull", place)
    resolved, images = read("daemon", reference=place, environ={"DOCKER_HOST": dockerd.host})
    assert (resolved.digest, images[0].config_digest) == (digest, digest_of(IMAGE.config))


@pytest.mark.docker
@pytest.mark.root
def test_an_image_the_daemon_has_not_is_not_found(dockerd):
    with pytest.raises(TargetNotFoundError) as caught:
        read("daemon", reference="acme/absent:1", environ={"DOCKER_HOST": dockerd.host})
    assert caught.value.diagnostics() == (
        "docker-daemon:acme/absent:1: the daemon has no such image\n"
        "  docker pull acme/absent:1, or read it from its registry: docker://..."
    )


def test_a_daemon_that_is_not_there_is_named(tmp_path):
    with pytest.raises(DaemonError) as caught:
        read("daemon", reference="acme/api:1", environ={"DOCKER_HOST": f"unix://{tmp_path}/docker.sock"})
    assert caught.value.diagnostics() == (
        f"unix://{tmp_path}/docker.sock: no Docker daemon answers\n"
        "  start the daemon, set DOCKER_HOST, or read the image from its registry: docker://REF"
    )


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", "the Docker daemon fails"),
        (b"HTTP/1.1 500 No\r\nContent-Length: 4\r\n\r\nxxxx", "the Docker daemon fails"),
        (b"nonsense\r\n\r\n", "the Docker daemon fails"),
        (b"", "the Docker daemon fails"),
    ],
)
def test_a_daemon_that_answers_nonsense_is_an_error(tmp_path, answer, message):
    import socket
    import threading

    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(tmp_path / "docker.sock"))
    listener.listen()

    def serve():
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                connection.recv(65_536)
                connection.sendall(answer)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        with pytest.raises(DaemonError) as caught:
            read("daemon", reference="acme/api:1", environ={"DOCKER_HOST": f"unix://{tmp_path}/docker.sock"})
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()
    assert caught.value.message.startswith(message)
    assert str(tmp_path) in str(caught.value)


@pytest.mark.parametrize("host", ["nonsense://x", "tcp://", "unix:", "tcp://127.0.0.1:1"])
def test_a_host_that_is_none_is_an_error(host):
    with pytest.raises(DaemonError):
        read("daemon", reference="acme/api:1", environ={"DOCKER_HOST": host})
