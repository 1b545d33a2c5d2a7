"""Images in layouts and archives: which one is meant, and what hostile ones get."""

import asyncio
import gzip
import io
import json
import os
import tarfile

import pytest
from backports import zstd
from gate.errors import ArchiveError, GateError, ImageError, TargetError, TargetNotFoundError
from gate.evidence.image.archive import Archive, ArchiveLimits, Directory
from gate.evidence.image.sources import Sources
from tests.support.oci_images import OCI_INDEX, digest_of, entry, index_of, make_image, tar_of, write_layout

NAME = "org.opencontainers.image.ref.name"
FULL = "io.containerd.image.name"
AMD = make_image({"a": b"amd" * 100}, {"b": "a"}, config={"User": "1"})
ARM = make_image({"a": b"arm"}, platform="linux/arm64")
LAYOUT = b'{"imageLayoutVersion":"1.0.0"}'


def blobs_of(*images):
    return {key: value for each in images for key, value in {**each.blobs, each.digest: each.manifest}.items()}


def members(index, *images, extra=None):
    """The files of a layout as a tar's members."""
    blobs = {f"blobs/{key.replace(':', '/')}": value for key, value in blobs_of(*images).items()}
    return {"oci-layout": LAYOUT, "index.json": index, **blobs, **(extra or {})}


def saved(image, *tags, config_name=None, extra=None, listed=None):
    """The files of an archive as old versions of docker save write them."""
    name = config_name or f"{digest_of(image.config).partition(':')[2]}.json"
    tars = {f"{number}/layer.tar": gzip.decompress(each) for number, each in enumerate(image.layers)}
    manifest = [{"Config": name, "RepoTags": list(tags) or None, "Layers": list(tars)}]
    return {name: image.config, **tars, "manifest.json": json.dumps(listed or manifest).encode(), **(extra or {})}


def archive(path, files, pack=None):
    data = tar_of(files)
    path.write_bytes(pack(data) if pack else data)
    return path


async def look(kind, path, name=None, bounds=None, environ=None, platform=None):
    source = Sources(environ={}, home=path, bounds=bounds).open(kind, path=path, reference=name)
    try:
        resolved = await source.resolve()
        images = await source.images(platform)
        found = []
        for image in images:
            layers = []
            for layer in image.layers:
                assert await source.may_read(layer)
                data = b"".join([piece async for piece in source.open_layer(layer)])
                span = source.span(layer)
                if span is not None:
                    with open(span.path, "rb") as file:
                        file.seek(span.offset)
                        assert file.read(span.size) == data
                layers.append(data)
            found.append((image, layers))
        return resolved, found
    finally:
        await source.close()


def read(kind, path, name=None, **options):
    """The platforms of an image, every layer read."""
    return [image.platform for image, _ in asyncio.run(look(kind, path, name, **options))[1]]


def refusal(kind, path, name=None, **options):
    with pytest.raises(TargetError) as caught:
        read(kind, path, name, **options)
    return caught.value


# --- layouts -----------------------------------------------------------------------------------------------------


def test_a_layout_with_one_image_needs_no_name(tmp_path):
    path = write_layout(tmp_path / "l", blobs_of(AMD), index_of(entry(AMD.manifest, annotations={NAME: "1"})))
    resolved, found = asyncio.run(look("oci-layout", path))
    image, layers = found[0]
    assert (resolved.digest, image.manifest_digest, image.platform) == (AMD.digest, AMD.digest, "linux/amd64")
    assert layers == AMD.layers
    assert [each.compressed for each in image.layers] == [len(each) for each in AMD.layers]
    assert read("oci-layout", path, "1") == ["linux/amd64"]


def test_a_layout_with_several_images_needs_one(tmp_path):
    index = index_of(
        entry(AMD.manifest, annotations={NAME: "1", FULL: "docker.io/acme/api:1"}),
        entry(ARM.manifest, annotations={NAME: "2"}),
    )
    path = write_layout(tmp_path / "l", blobs_of(AMD, ARM), index)
    assert read("oci-layout", path, "1") == ["linux/amd64"]
    assert read("oci-layout", path, "docker.io/acme/api:1") == ["linux/amd64"]
    assert read("oci-layout", path, "2") == ["linux/arm64"]
    error = refusal("oci-layout", path)
    assert (error.message, error.hint) == (
        "the layout holds several images",
        "name one, as in oci:PATH:TAG: 1, 2, docker.io/acme/api:1",
    )
    error = refusal("oci-layout", path, "3")
    assert (type(error), error.message, error.hint) == (
        TargetNotFoundError,
        "no image called 3",
        "it holds: 1, 2, docker.io/acme/api:1",
    )


def test_entries_of_one_name_are_one_image_together(tmp_path):
    named = {"annotations": {NAME: "1"}}
    other = make_image({"x": b"x"})
    index = index_of(
        entry(AMD.manifest, "linux/amd64", **named),
        entry(ARM.manifest, "linux/arm64", **named),
        entry(other.manifest, annotations={NAME: "2"}),
    )
    path = write_layout(tmp_path / "l", blobs_of(AMD, ARM, other), index)
    assert read("oci-layout", path, "1") == ["linux/amd64", "linux/arm64"]
    both = index_of(entry(AMD.manifest, "linux/amd64"), entry(ARM.manifest, "linux/arm64"))
    path = write_layout(tmp_path / "m", blobs_of(AMD, ARM), both)
    assert read("oci-layout", path) == ["linux/amd64", "linux/arm64"]
    assert read("oci-layout", path, platform="linux/arm64") == ["linux/arm64"]


def test_an_index_copied_for_one_platform_is_that_platform(tmp_path):
    inner = index_of(entry(AMD.manifest, "linux/amd64"), entry(ARM.manifest, "linux/arm64"))
    outer = index_of(entry(inner, media_type=OCI_INDEX))
    path = write_layout(tmp_path / "l", {**blobs_of(AMD), digest_of(inner): inner}, outer)
    assert read("oci-layout", path) == ["linux/amd64"]


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"oci-layout": None}, ArchiveError, "no OCI layout: oci-layout: there is no such file"),
        ({"oci-layout": b"{"}, ArchiveError, "no OCI layout: oci-layout is not valid JSON"),
        ({"oci-layout": b'{"imageLayoutVersion":"2.0.0"}'}, ArchiveError, "an OCI layout of an unknown version"),
        ({"oci-layout": b" " * 5000}, ArchiveError, "no OCI layout: oci-layout: it is larger than 4096 bytes"),
        ({"index.json": None}, ArchiveError, "index.json: there is no such file"),
        ({"index.json": b"{"}, ImageError, "the manifest is not valid JSON"),
        ({"index.json": AMD.manifest}, ArchiveError, "index.json is no index"),
        ({"index.json": index_of()}, TargetNotFoundError, "the layout holds no image"),
        ({"index.json": index_of(entry(ARM.manifest))}, ArchiveError, f"blobs/{ARM.digest.replace(':', '/')}"),
        (
            {f"blobs/{AMD.digest.replace(':', '/')}": ARM.manifest},
            ArchiveError,
            f"the content of {AMD.digest} is another",
        ),
        (
            {f"blobs/{digest_of(AMD.layers[0]).replace(':', '/')}": b"x" * len(AMD.layers[0])},
            ArchiveError,
            f"the content of {digest_of(AMD.layers[0])} has another digest",
        ),
        (
            {f"blobs/{digest_of(AMD.layers[0]).replace(':', '/')}": AMD.layers[0] + b"x"},
            ArchiveError,
            f"{digest_of(AMD.layers[0])} is longer than",
        ),
        (
            {f"blobs/{digest_of(AMD.layers[0]).replace(':', '/')}": AMD.layers[0][:-1]},
            ArchiveError,
            f"{digest_of(AMD.layers[0])} ends after",
        ),
    ],
)
def test_a_broken_layout_is_an_error(tmp_path, change, error, message):
    path = write_layout(tmp_path / "l", blobs_of(AMD), index_of(entry(AMD.manifest)))
    for name, data in change.items():
        (path / name).unlink()
        if data is not None:
            (path / name).write_bytes(data)
    found = refusal("oci-layout", path)
    assert isinstance(found, error)
    assert found.message.startswith(message)


def test_what_is_no_file_is_never_read(tmp_path):
    path = write_layout(tmp_path / "l", blobs_of(AMD), index_of(entry(AMD.manifest)))
    blob = path / "blobs" / AMD.digest.replace(":", "/")
    for make in (lambda: os.mkfifo(blob), blob.mkdir, lambda: blob.symlink_to("/dev/zero")):
        blob.unlink() if not blob.is_dir() else blob.rmdir()
        make()
        assert isinstance(refusal("oci-layout", path), (ArchiveError, ImageError))


def test_a_path_that_is_not_there_is_not_found(tmp_path):
    for kind in ("oci-layout", "oci-archive", "docker-archive", "archive"):
        assert isinstance(refusal(kind, tmp_path / "absent"), TargetNotFoundError)
    assert isinstance(refusal("archive", tmp_path), ArchiveError)


# --- archives ----------------------------------------------------------------------------------------------------

PACKED = [None, lambda data: gzip.compress(data, mtime=0), zstd.compress]


@pytest.mark.parametrize("pack", PACKED)
def test_archives_are_read_plain_and_compressed(tmp_path, pack):
    index = index_of(entry(AMD.manifest, annotations={NAME: "1"}))
    oci = archive(tmp_path / "oci.tar", members(index, AMD), pack)
    docker = archive(tmp_path / "docker.tar", saved(AMD, "acme/api:1"), pack)
    for kind in ("archive", "oci-archive"):
        _, found = asyncio.run(look(kind, oci, "1"))
        assert [layers for _, layers in found] == [AMD.layers]
    for kind, name in [("archive", None), ("docker-archive", "acme/api:1"), ("docker-archive", "docker.io/acme/api:1")]:
        resolved, found = asyncio.run(look(kind, docker, name))
        image, layers = found[0]
        assert resolved.digest is None
        assert (image.manifest_digest, image.config_digest) == (None, digest_of(AMD.config))
        assert layers == [gzip.decompress(each) for each in AMD.layers]
        assert [(each.digest, each.compressed) for each in image.layers] == [(None, None)] * 2
        assert [each.diff_id for each in image.layers] == json.loads(AMD.config)["rootfs"]["diff_ids"]
        assert [each.created_by for each in image.layers] == ["layer 0", "layer 1"]


def test_an_archive_with_several_images_needs_a_name(tmp_path):
    first, second = (json.loads(saved(each, tag)["manifest.json"]) for each, tag in ((AMD, "a:1"), (ARM, "b:latest")))
    files = saved(AMD) | saved(ARM, listed=first + second)
    path = archive(tmp_path / "a.tar", files)
    assert read("docker-archive", path, "b") == ["linux/arm64"]
    error = refusal("docker-archive", path)
    assert (error.message, error.hint) == (
        "holds several images",
        "name one, as in docker-archive:PATH:REF; it holds: a:1, b:latest",
    )
    assert refusal("docker-archive", path, "c").message == "no image called c"
    assert refusal("docker-archive", path, "a:2").message == "no image called a:2"


def test_layers_that_are_links_to_others_are_followed(tmp_path):
    files = saved(AMD)
    layer = files.pop("1/layer.tar")
    files = {
        "0/layer.tar": files.pop("0/layer.tar"),
        "real/layer.tar": layer,
        "1/layer.tar": "../real/layer.tar",
        **files,
    }
    _, found = asyncio.run(look("docker-archive", archive(tmp_path / "a.tar", files)))
    assert found[0][1] == [gzip.decompress(each) for each in AMD.layers]


def new_save(image, *, index=None, config=None, tag="acme/api:1"):
    """What docker save of version 25 and later writes: a layout and manifest.json."""
    described = entry(image.manifest, annotations={FULL: f"docker.io/{tag}", NAME: tag.partition(":")[2]})
    place = f"blobs/{digest_of(config or image.config).replace(':', '/')}"
    layers = [f"blobs/{digest_of(each).replace(':', '/')}" for each in image.layers]
    manifest = json.dumps([{"Config": place, "RepoTags": [tag], "Layers": layers}]).encode()
    extra = {"manifest.json": manifest, **({place: config} if config else {})}
    return members(index or index_of(described), image, extra=extra)


def test_new_archives_of_docker_are_read_by_their_layout(tmp_path):
    unpacked = make_image({"a": b"a"}, {"b": b"b"}, compress=False)
    for name in (None, "acme/api:1"):
        _, found = asyncio.run(look("docker-archive", archive(tmp_path / "a.tar", new_save(unpacked)), name))
        image, layers = found[0]
        assert layers == unpacked.layers
        assert (image.manifest_digest, [each.compressed for each in image.layers]) == (None, [None, None])
    _, found = asyncio.run(look("docker-archive", archive(tmp_path / "b.tar", new_save(AMD)), "acme/api:1"))
    image, layers = found[0]
    assert (image.manifest_digest, layers) == (AMD.digest, AMD.layers)


def test_an_archive_that_is_two_images_is_refused(tmp_path):
    path = archive(tmp_path / "a.tar", new_save(AMD, config=ARM.config))
    assert refusal("docker-archive", path).message == "manifest.json and index.json describe different images"
    index = index_of(entry(AMD.manifest, annotations={FULL: "docker.io/acme/other:1"}))
    path = archive(tmp_path / "b.tar", new_save(AMD, index=index))
    assert refusal("docker-archive", path, "acme/api:1").message == (
        "manifest.json names an image that index.json does not"
    )


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({}, "holds no image"),
        ({"x": b"x"}, "holds no image"),
        ({"manifest.json": b"{}"}, "manifest.json is not a JSON array of objects"),
        ({"manifest.json": b"[]"}, "holds no image"),
        ({"manifest.json": b"["}, "manifest.json is not valid JSON"),
        ({"manifest.json": b'[{"Config": 1}]'}, "manifest.json: Expected `str`, got `int`"),
        ({"manifest.json": b'[{"Config": "a", "config": "b"}]'}, 'manifest.json has the key "config"'),
        ({"manifest.json": b'[{"Config": "absent", "Layers": []}]'}, "holds no absent"),
        ({"manifest.json": b'[{"Config": "../../etc/passwd", "Layers": []}]'}, "holds no ../../etc/passwd"),
        ({"manifest.json": b'[{"Config": "/etc/passwd", "Layers": []}]'}, "holds no /etc/passwd"),
        ({"c": "../../../etc/passwd", "manifest.json": b'[{"Config": "c", "Layers": []}]'}, "holds no c"),
        ({"c": "c", "manifest.json": b'[{"Config": "c", "Layers": []}]'}, "holds no c"),
        (saved(AMD, extra={"0/layer.tar": "absent"}), "holds no 0/layer.tar"),
        (saved(AMD) | {"1/layer.tar": "../2/layer.tar"}, "holds no 1/layer.tar"),
        ({"manifest.json": b" " * ((4 << 20) + 1)}, f"manifest.json is longer than {4 << 20} bytes"),
    ],
)
def test_a_broken_archive_is_an_error(tmp_path, files, message):
    error = refusal("archive", archive(tmp_path / "a.tar", files))
    assert error.message.startswith(message)


def twice(name):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for each in (name, "./" + name):
            info = tarfile.TarInfo(each)
            info.size = 2
            tar.addfile(info, io.BytesIO(b"[]"))
    return out.getvalue()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (twice("manifest.json"), "holds a file twice"),
        (
            tar_of({"manifest.json": b"[]"})[:600],
            "not an archive that can be trusted: the tar stream ends inside an entry",
        ),
        (b"\x1f\x8b\x08" + b"junk" * 100, "broken gzip data"),
        (gzip.compress(tar_of({"a": b"a"}), mtime=0)[:-9], "the gzip stream is cut short"),
        (b"\xfd7zXZ\x00" + bytes(600), "the layer is compressed with xz"),
        (b"x" * 2000, "not an archive that can be trusted"),
    ],
)
def test_what_is_no_archive_is_an_error(tmp_path, data, message):
    path = tmp_path / "a.tar"
    path.write_bytes(data)
    assert refusal("archive", path).message.startswith(message)


def test_bombs_end_within_bounds(tmp_path):
    zeros = {"manifest.json": bytes(20 << 20)}
    for pack in PACKED[1:]:
        path = archive(tmp_path / "bomb.tar", zeros, pack)
        for bounds in (ArchiveLimits(bytes=1 << 20), ArchiveLimits(ratio_from=1 << 20, ratio=10)):
            error = refusal("archive", path, bounds=bounds)
            assert error.message.startswith("grows beyond all bounds when decompressed")
    many = archive(tmp_path / "many.tar", {str(number): b"" for number in range(101)})
    assert refusal("archive", many, bounds=ArchiveLimits(entries=100)).message.endswith("more than 100 entries")


def test_a_temporary_file_is_gone_when_the_image_is_closed(tmp_path):
    path = archive(tmp_path / "a.tar", saved(AMD), PACKED[1])
    before = set(os.listdir("/proc/self/fd"))
    files = Archive.open(path)
    assert len(set(os.listdir("/proc/self/fd")) - before) >= 1
    files.close()
    assert len(os.listdir("/proc/self/fd")) <= len(before)


def test_a_file_cut_after_it_was_listed_is_noticed(tmp_path):
    big = make_image({"big": bytes(range(256)) * 8000}, compress=False)
    path = archive(tmp_path / "a.tar", members(index_of(entry(big.manifest)), big))

    async def attempt():
        source = Sources(environ={}, home=tmp_path).open("oci-archive", path=path)
        layer = (await source.images())[0].layers[0]
        os.truncate(path, path.stat().st_size // 2)
        try:
            async for _ in source.open_layer(layer):
                pass
        finally:
            await source.close()

    with pytest.raises(GateError, match="ends after"):
        asyncio.run(attempt())


def test_a_directory_gives_sizes_and_spans_of_files_only(tmp_path):
    (tmp_path / "file").write_bytes(b"four")
    files = Directory(tmp_path)
    assert (files.size("file"), files.size("absent"), files.size(".")) == (4, None, None)
    assert files.span("absent") is None
