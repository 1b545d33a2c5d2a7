"""From a name's document to the images a runtime could run; and what no two readers may see differently."""

import asyncio
import json

import pytest
from gate.errors import GateError, ImageError, UsageError
from gate.evidence.image import manifest as documents
from gate.evidence.image import platforms
from gate.evidence.image.documents import digest_of, has_digest
from gate.evidence.image.manifest import DocumentLimits, Platform
from gate.evidence.image.walk import Root, read_images
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.oci_images import OCI_INDEX, OCI_MANIFEST, descriptor, entry, index_of, make_image

AMD = make_image({"a": b"amd"})
ARM = make_image({"a": b"arm"}, platform="linux/arm64/v8")
BARE = make_image({"a": b"bare"}, platform="linux/s390x")
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"


def read(data, *held, platform=None, media_type=None, limits=None, holds=None, fetched=None):
    """The images under a document; ``held`` are documents and images it may lead to."""
    blobs = {}
    for each in held:
        if isinstance(each, bytes):
            blobs[digest_of(each)] = each
        else:
            blobs |= {each.digest: each.manifest, digest_of(each.config): each.config}

    async def fetch(wanted, limit, config):
        if fetched is not None:
            fetched.append(wanted.digest)
        found = blobs[wanted.digest]
        assert len(found) <= limit
        return found

    root = Root(data, digest_of(data), media_type)
    return asyncio.run(read_images(root, fetch, platform, limits, holds))


def seen(data, *held, **options):
    return [(each.platform, each.manifest_digest) for each in read(data, *held, **options)]


def refusal(data, *held, **options):
    with pytest.raises(ImageError) as caught:
        read(data if isinstance(data, bytes) else json.dumps(data).encode(), *held, **options)
    return caught.value


# --- platforms ---------------------------------------------------------------------------------------------------


def test_every_runnable_platform_is_read():
    index = index_of(entry(AMD.manifest, "linux/amd64"), entry(ARM.manifest, "linux/arm64/v8"), entry(BARE.manifest))
    assert seen(index, AMD, ARM, BARE) == [
        ("linux/amd64", AMD.digest),
        ("linux/arm64", ARM.digest),
        ("linux/s390x", BARE.digest),
    ]


def test_only_unknown_platforms_are_left_out_never_an_entry_by_its_annotations():
    attested = entry(BARE.manifest, "unknown/unknown", annotations={"vnd.docker.reference.digest": AMD.digest})
    disguised = entry(
        ARM.manifest,
        "linux/arm64",
        annotations={"vnd.docker.reference.type": "attestation-manifest", "vnd.docker.reference.digest": AMD.digest},
    )
    half = entry(AMD.manifest, "unknown/amd64")
    found = read(index_of(half, disguised, attested), AMD, ARM, BARE)
    assert [(each.platform, each.attestations) for each in found] == [
        ("unknown/amd64", (BARE.digest,)),
        ("linux/arm64", ()),
    ]


def test_a_platform_narrows_and_a_missing_one_lists_what_there_is():
    index = index_of(entry(AMD.manifest, "linux/amd64"), entry(ARM.manifest, "linux/arm64/v8"), entry(BARE.manifest))
    for wanted, found in [
        ("linux/amd64", [AMD.digest]),
        ("linux/x86_64", [AMD.digest]),
        ("linux/arm64", [ARM.digest]),
        ("linux/arm64/v8", [ARM.digest]),
        ("linux/s390x", [BARE.digest]),
    ]:
        assert [digest for _, digest in seen(index, AMD, ARM, BARE, platform=wanted)] == found
    error = refusal(index, AMD, ARM, BARE, platform="linux/riscv64")
    assert (error.message, error.hint) == (
        "no image for linux/riscv64",
        "the image's platforms: linux/amd64, linux/arm64, linux/s390x",
    )


def test_another_platforms_manifest_is_not_fetched():
    fetched = []
    index = index_of(entry(AMD.manifest, "linux/amd64"), entry(ARM.manifest, "linux/arm64/v8"))
    read(index, AMD, platform="linux/amd64", fetched=fetched)
    assert fetched == [AMD.digest, digest_of(AMD.config)]


def test_a_manifest_alone_is_run_whatever_its_config_says():
    assert seen(ARM.manifest, ARM, platform="linux/amd64") == [("linux/arm64", ARM.digest)]


def test_the_same_manifest_for_two_platforms_is_read_once():
    index = index_of(entry(AMD.manifest, "linux/amd64"), entry(AMD.manifest, "linux/386"))
    assert seen(index, AMD) == [("linux/amd64", AMD.digest)]
    assert seen(index, AMD, platform="linux/386") == [("linux/386", AMD.digest)]


@pytest.mark.parametrize(
    ("platform", "text"),
    [
        (Platform(os="linux", architecture="amd64"), "linux/amd64"),
        (Platform(os="Linux", architecture="x86_64", variant="v1"), "linux/amd64"),
        (Platform(os="linux", architecture="amd64", variant="v3"), "linux/amd64/v3"),
        (Platform(os="linux", architecture="aarch64"), "linux/arm64"),
        (Platform(os="linux", architecture="arm64", variant="v9"), "linux/arm64/v9"),
        (Platform(os="linux", architecture="arm"), "linux/arm/v7"),
        (Platform(os="linux", architecture="armhf"), "linux/arm/v7"),
        (Platform(os="linux", architecture="armel"), "linux/arm/v6"),
        (Platform(os="linux", architecture="arm", variant="6"), "linux/arm/v6"),
        (Platform(os="linux", architecture="i386"), "linux/386"),
        (Platform(os="windows", architecture="amd64", os_version="10.0.1"), "windows(10.0.1)/amd64"),
        (Platform(), "linux/unknown"),
    ],
)
def test_platforms_are_written_as_containerd_writes_them(platform, text):
    assert platforms.text(platform) == text


@pytest.mark.parametrize("wanted", ["", "linux", "linux/", "/amd64", "linux/a/b/c", "linux/*", "linux amd64/x"])
def test_what_is_no_platform_is_a_usage_error(wanted):
    with pytest.raises(UsageError):
        platforms.parse(wanted)


# --- indexes -----------------------------------------------------------------------------------------------------


def nested(depth):
    """An index in an index ..., ``depth`` of them, with AMD in the innermost; and all documents."""
    inner = index_of(entry(AMD.manifest, "linux/amd64"))
    levels = [inner]
    for _ in range(depth - 1):
        levels.append(index_of(entry(levels[-1], media_type=OCI_INDEX)))
    return levels[-1], levels


def test_indexes_are_followed_to_a_depth_of_four():
    top, levels = nested(4)
    assert seen(top, AMD, *levels) == [("linux/amd64", AMD.digest)]
    assert read(top, AMD, *levels)[0].index_digest == digest_of(top)
    top, levels = nested(5)
    assert refusal(top, AMD, *levels).message == "indexes are nested deeper than 4"


def test_unknown_media_types_are_no_error_but_nothing_else_is_an_error():
    other = entry(b"{}", "linux/amd64", media_type="application/vnd.example+json")
    assert seen(index_of(other, entry(AMD.manifest, "linux/amd64")), AMD) == [("linux/amd64", AMD.digest)]
    for entries in ([], [other], [entry(AMD.manifest, "unknown/unknown")]):
        assert refusal(index_of(*entries), AMD).message == "the index lists nothing that can run"


def test_an_entry_without_a_media_type_counts():
    listed = entry(AMD.manifest, "linux/amd64")
    del listed["mediaType"]
    assert seen(index_of(listed), AMD) == [("linux/amd64", AMD.digest)]


def test_an_image_leads_to_a_bounded_number_of_manifests():
    images = [make_image({"a": str(number).encode()}) for number in range(3)]
    index = index_of(*(entry(each.manifest, "linux/amd64") for each in images))
    limits = DocumentLimits(manifests=2, entries=3)
    assert refusal(index, *images, limits=limits).message == "the image has more than 2 manifests"
    limits = DocumentLimits(entries=2)
    assert refusal(index, *images, limits=limits).message == "the index lists more than 2 manifests"


def test_a_local_source_may_hold_fewer_platforms_than_its_index_lists():
    index = index_of(entry(AMD.manifest, "linux/amd64"), entry(ARM.manifest, "linux/arm64/v8"))
    assert seen(index, AMD, holds={AMD.digest}.__contains__) == [("linux/amd64", AMD.digest)]
    error = refusal(index, holds=lambda digest: False)
    assert error.message == "the manifests it lists are not there: linux/amd64, linux/arm64"


# --- documents two readers could read differently ----------------------------------------------------------------


def manifest_with(**changes):
    found = json.loads(AMD.manifest) | changes
    return {key: value for key, value in found.items() if value is not None}


@pytest.mark.parametrize(
    ("document", "media_type", "message"),
    [
        (manifest_with(manifests=[]), OCI_MANIFEST, "the document is both an index and a manifest"),
        (json.loads(index_of()) | {"layers": []}, OCI_INDEX, "the document is both an index and a manifest"),
        (
            json.loads(index_of()) | {"config": descriptor(b"{}", "x")},
            OCI_INDEX,
            "the document is both an index and a manifest",
        ),
        (manifest_with(), OCI_INDEX, f"the manifest calls itself {OCI_MANIFEST} but was announced as {OCI_INDEX}"),
        (manifest_with(mediaType=None), OCI_INDEX, "the index has no manifests"),
        (manifest_with(mediaType=None), "application/vnd.example", "application/vnd.example is no image"),
        (manifest_with(mediaType="application/vnd.example"), None, "application/vnd.example is no image"),
        (manifest_with(config=None), OCI_MANIFEST, "the manifest has no config"),
        (manifest_with(schemaVersion=3), None, "the manifest is of the unknown schema 3"),
        (
            {"schemaVersion": 1, "fsLayers": [], "history": []},
            None,
            "the manifest is of schema 1, which runtimes no longer pull",
        ),
        (
            manifest_with(mediaType=None),
            "application/vnd.docker.distribution.manifest.v1+prettyjws",
            "the manifest is of schema 1, which runtimes no longer pull",
        ),
        (
            manifest_with(config=descriptor(b"{}", "x") | {"digest": "md5:" + "0" * 32}),
            None,
            f'"md5:{"0" * 32}" is not a digest that can be checked (sha256 or sha512)',
        ),
        (
            manifest_with(layers=[descriptor(b"", "x") | {"digest": "sha256:../../etc/passwd"}]),
            None,
            '"sha256:../../etc/passwd" is not a digest that can be checked (sha256 or sha512)',
        ),
        (manifest_with(layers=[descriptor(b"", "x") | {"size": -1}]), None, f"{digest_of(b'')} has a negative size"),
    ],
)
def test_ambiguous_and_unknown_documents_are_refused(document, media_type, message):
    assert refusal(document, AMD, media_type=media_type).message == message


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "the manifest is not valid JSON"),
        (b"[]", "the manifest is not a JSON object"),
        (b"{}", "the manifest has no config"),
        (b"\xef\xbb\xbf{}", "the manifest is not valid JSON"),
        (b'{"mediaType": "\xff"}', "the manifest is not valid JSON"),
        (b'{"mediaType": "\\ud800"}', "the manifest is not valid JSON"),
        (b'{"schemaVersion": NaN}', "the manifest is not valid JSON"),
        (b'{"schemaVersion": 2.5}', "the manifest: Expected `int | null`, got `float` - at `$.schemaVersion`"),
        (b'{"schemaVersion": true}', "the manifest: Expected `int | null`, got `bool` - at `$.schemaVersion`"),
        (b'{"a": ' * 100_000, "the manifest is not valid JSON"),
        (b'{"layers": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "the manifest is not valid JSON"),
        (b'{"a": 1, "a": 1}', 'the manifest has the key "a" twice'),
        (b'{"x": {"a": 1, "a": 1}}', 'the manifest has the key "a" twice'),
        (b'{"mediatype": "x"}', 'the manifest has the key "mediatype", which some readers take for another'),
        (b'{"Layers": []}', 'the manifest has the key "Layers", which some readers take for another'),
        (b'{"layer\xc5\xbf": []}', 'the manifest has the key "layer\u017f", which some readers take for another'),
        (
            b'{"config": {"Digest": "x", "digest": "y", "size": 1}}',
            'the manifest has the key "Digest", which some readers take for another',
        ),
        (b'{"layers": [{"digest": "x", "size": "1"}]}', "the manifest: Expected `int`, got `str`"),
        (b" " * ((4 << 20) + 1), f"the manifest is longer than {4 << 20} bytes"),
    ],
)
def test_json_is_read_strictly(data, message):
    assert refusal(data).message.startswith(message)


def config_refusal(text):
    with pytest.raises(ImageError) as caught:
        documents.parse_config(text.encode())
    return caught.value.message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            '{"config": {"User": "0", "user": "1"}}',
            'the config has the key "user", which some readers take for another',
        ),
        ('{"config": {"user": "1"}}', 'the config has the key "user", which some readers take for another'),
        ('{"config": {"U\u017fer": "1"}}', 'the config has the key "U\u017fer", which some readers take for another'),
        ('{"Config": {}}', 'the config has the key "Config", which some readers take for another'),
        ('{"config": {"User": "0", "User": "1"}}', 'the config has the key "User" twice'),
        ('{"config": {"User": 0}}', "the config: Expected `str | null`, got `int` - at `$.config.User`"),
        (
            '{"config": {"Entrypoint": "sh"}}',
            "the config: Expected `array | null`, got `str` - at `$.config.Entrypoint`",
        ),
        ('{"rootfs": {"Diff_ids": []}}', 'the config has the key "Diff_ids", which some readers take for another'),
        (
            '{"rootfs": {"diff_ids": ["x"]}}',
            '"x" in rootfs.diff_ids is not a digest that can be checked',
        ),
        (
            '{"history": [{"EMPTY_LAYER": true}]}',
            'the config has the key "EMPTY_LAYER", which some readers take for another',
        ),
    ],
)
def test_configs_are_read_as_runtimes_read_them_or_not_at_all(text, message):
    assert config_refusal(text) == message


def test_labels_may_differ_by_case_and_nulls_are_nothing():
    text = (
        '{"config": {"User": null, "Labels": {"a": "1", "A": "2"}, "Env": null}, "os": null, "rootfs": {"type": null}}'
    )
    config, published = documents.parse_config(text.encode())
    assert config.config is not None
    assert (config.config.user, config.config.labels) == (None, {"a": "1", "A": "2"})
    assert published == {"config": {"Labels": {"a": "1", "A": "2"}}, "rootfs": {}}


@settings(derandomize=True, max_examples=300, deadline=None)
@given(st.binary(max_size=200))
def test_no_bytes_do_more_than_be_refused(data):
    for attempt in (lambda: read(data), lambda: documents.parse_config(data)):
        try:
            attempt()
        except GateError:
            pass


# --- layers and artifacts ----------------------------------------------------------------------------------------


def layer_of(media_type):
    listed = [descriptor(AMD.layers[0], media_type)]
    return read(json.dumps(manifest_with(layers=listed)).encode(), AMD)[0].layers[0]


@pytest.mark.parametrize(
    ("media_type", "problem"),
    [
        ("application/vnd.oci.image.layer.v1.tar", None),
        ("application/vnd.oci.image.layer.v1.tar+gzip", None),
        ("application/vnd.oci.image.layer.v1.tar+zstd", None),
        ("application/vnd.docker.image.rootfs.diff.tar.gzip", None),
        (
            "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
            "a foreign layer, which is fetched from elsewhere",
        ),
        (
            "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
            "a foreign layer, which is fetched from elsewhere",
        ),
        ("application/vnd.oci.image.layer.v1.tar+gzip+encrypted", "an encrypted layer"),
        ("application/vnd.erofs.layer.v1", 'a layer of the unknown media type "application/vnd.erofs.layer.v1"'),
        ("", 'a layer of the unknown media type ""'),
    ],
)
def test_layers_that_cannot_be_read_say_so(media_type, problem):
    assert layer_of(media_type).problem == problem


def test_layers_stand_beside_their_diff_ids_and_authors():
    document = {
        "history": [
            {"created_by": "ADD base"},
            {"created_by": "ENV a=b", "empty_layer": True},
            {"created_by": "RUN x"},
        ]
    }
    image = make_image({"a": b"1"}, {"b": b"2"}, document=document)
    diff_ids = json.loads(image.config)["rootfs"]["diff_ids"]
    layers = read(image.manifest, image)[0].layers
    assert [
        (each.index, each.digest, each.size, each.compressed, each.diff_id, each.created_by) for each in layers
    ] == [
        (0, digest_of(image.layers[0]), len(image.layers[0]), len(image.layers[0]), diff_ids[0], "ADD base"),
        (1, digest_of(image.layers[1]), len(image.layers[1]), len(image.layers[1]), diff_ids[1], "RUN x"),
    ]


def test_layers_and_diff_ids_that_do_not_pair_are_a_problem_of_the_image():
    image = make_image({"a": b"1"}, {"b": b"2"}, document={"rootfs": {"type": "layers", "diff_ids": [digest_of(b"x")]}})
    found = read(image.manifest, image)[0]
    assert found.problem == "the manifest lists 2 layers, the config 1 diff_ids"
    assert [each.diff_id for each in found.layers] == [None, None]


def artifact(config, media_type, **more):
    return json.dumps(manifest_with(config=descriptor(config, media_type), layers=[], **more)).encode()


def test_an_artifact_is_no_image():
    empty = b"{}"
    data = artifact(empty, "application/vnd.oci.empty.v1+json", artifactType="application/vnd.example")
    found = read(data, empty)[0]
    assert (found.artifact_type, found.config, found.problem) == (
        "application/vnd.example",
        {},
        "an artifact, not an image",
    )
    model = b"not json"
    assert read(artifact(model, "application/vnd.model"), model)[0].artifact_type == "application/vnd.model"


def test_a_config_of_another_media_type_is_one_if_runtimes_could_run_it():
    data = json.dumps(manifest_with(config=descriptor(AMD.config, "application/vnd.innocent+json"))).encode()
    found = read(data, AMD)[0]
    assert (found.artifact_type, found.problem, found.platform) == (None, None, "linux/amd64")


def test_inline_data_and_urls_of_descriptors_are_never_used():
    lie = {"data": "bGll", "urls": ["https://169.254.169.254/"]}
    index = index_of(entry(AMD.manifest, "linux/amd64") | lie)
    fetched = []
    assert seen(index, AMD, fetched=fetched) == [("linux/amd64", AMD.digest)]
    assert fetched == [AMD.digest, digest_of(AMD.config)]


def test_docker_documents_are_images_too():
    listed = manifest_with(mediaType=DOCKER_MANIFEST, config=descriptor(AMD.config, documents.CONFIGS[1]))
    data = json.dumps(listed).encode()
    index = index_of(entry(data, "linux/amd64", media_type=DOCKER_MANIFEST), mediaType=DOCKER_LIST)
    assert seen(index, data, AMD, media_type=DOCKER_LIST) == [("linux/amd64", digest_of(data))]


@pytest.mark.parametrize(
    ("header", "media_type"),
    [
        (None, None),
        ("application/json", None),
        ("text/plain; charset=utf-8", None),
        (f"{OCI_INDEX}; charset=utf-8", OCI_INDEX),
        ("Application/Vnd.Example", "application/vnd.example"),
    ],
)
def test_a_content_type_says_something_or_nothing(header, media_type):
    assert documents.media_type_of(header) == media_type


def test_content_is_checked_with_the_algorithm_that_names_it():
    assert has_digest(b"x", digest_of(b"x"))
    assert has_digest(b"x", digest_of(b"x", "sha512"))
    assert not has_digest(b"y", digest_of(b"x"))
    for digest in ("md5:9dd4e461268c8034f5c8564e155c67a6", digest_of(b"x", "sha384"), "sha256:", ""):
        assert not has_digest(b"x", digest)
