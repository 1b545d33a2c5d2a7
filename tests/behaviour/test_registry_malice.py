"""What a registry that lies, stalls or sends us elsewhere gets: an error with its reason, within bounds."""

import asyncio
import contextlib
import gzip
import socket

import pytest
from aiohttp import web
from aiohttp.abc import AbstractResolver
from gate.errors import ImageError, RegistryError
from gate.evidence.image.endpoints import Registries
from gate.evidence.image.reference import parse
from gate.evidence.image.registry import RegistryClient
from gate.evidence.image.registry_auth import Credential
from gate.evidence.image.registry_source import RegistrySource
from gate.evidence.image.transport import Transport, TransportLimits
from gate.settings.model import Registry

from tests.support.oci_images import OCI_INDEX, digest_of, entry, index_of, make_image
from tests.support.registry_fakes import Authority, FakeRegistry, drip, endless, refusal

QUICK = TransportLimits(pause=0.01, connect=5, idle=5, document=20, blob=20, tries=2, patience=5)
IMAGE = make_image({"bin/app": b"app" * 1000}, config={"User": "10001"})
LAYER = IMAGE.layers[0]
SECRET = Credential(username="user", password="geheim")


class Chain:
    def __init__(self, *held):
        self.held = held

    async def credentials(self, name):
        return self.held


@contextlib.asynccontextmanager
async def client_of(*rows, limits=QUICK, held=(), resolver=None):
    client = RegistryClient(Transport(limits=limits, resolver=resolver), Registries(rows), Chain(*held))
    try:
        yield client
    finally:
        await client.close()


def plain(fake, **more):
    return Registry(host=fake.host, insecure=True, **more)


async def read(client, name):
    """All of an image, layers included; the images."""
    source = RegistrySource(client, parse(name))
    await source.resolve()
    images = await source.images()
    for image in images:
        for layer in image.layers:
            async for _ in source.open_layer(layer):
                pass
    return images


def error_from(hook, *, limits=QUICK, held=(), image=IMAGE, name="acme/api:1", resolver=None):
    """The error that reading an image from a fake with this hook ends in, and the fake."""

    async def attempt():
        async with (
            FakeRegistry() as fake,
            client_of(plain(fake), limits=limits, held=held, resolver=resolver) as client,
        ):
            fake.hold("acme/api", "1", image)
            fake.hook = hook
            with pytest.raises((RegistryError, ImageError)) as caught:
                await read(client, f"{fake.host}/{name}")
            return caught.value, fake

    return asyncio.run(attempt())


def at(path, answer, method="GET"):
    """A hook that answers one path with what ``answer`` makes of the request."""

    async def hook(request):
        if request.method == method and path in request.path:
            made = answer(request)
            return await made if asyncio.iscoroutine(made) else made
        return None

    return hook


def manifest_answer(data, **headers):
    return web.Response(body=data, headers={"Content-Type": IMAGE.media_type, **headers})


# --- bytes that are not what was asked for -----------------------------------------------------------------------


def test_an_honest_fake_is_read():
    async def attempt():
        async with FakeRegistry() as fake, client_of(plain(fake)) as client:
            fake.hold("acme/api", "1", IMAGE)
            return await read(client, f"{fake.host}/acme/api:1"), fake.paths()

    images, paths = asyncio.run(attempt())
    assert [(each.platform, each.manifest_digest) for each in images] == [("linux/amd64", IMAGE.digest)]
    config = digest_of(IMAGE.config)
    assert [path for path in paths if path != "/v2/"] == [
        "/v2/acme/api/manifests/1",
        f"/v2/acme/api/manifests/{IMAGE.digest}",
        f"/v2/acme/api/blobs/{config}",
        f"/v2/acme/api/blobs/{digest_of(LAYER)}",
    ]


OTHER = make_image({"bin/other": b"other"})


@pytest.mark.parametrize(
    ("path", "answer", "reason"),
    [
        ("manifests/sha256", lambda _: manifest_answer(OTHER.manifest), "digest"),
        ("manifests/sha256", lambda _: manifest_answer(IMAGE.manifest + b" "), "digest"),
        ("manifests/sha256", lambda _: manifest_answer(IMAGE.manifest[:-1]), "digest"),
        ("manifests/sha256", lambda _: web.Response(body=IMAGE.manifest, content_type=OCI_INDEX), "protocol"),
        (f"blobs/{digest_of(IMAGE.config)}", lambda _: web.Response(body=OTHER.config), "digest"),
        (f"blobs/{digest_of(LAYER)}", lambda _: web.Response(body=bytes(len(LAYER))), "digest"),
        (f"blobs/{digest_of(LAYER)}", lambda _: web.Response(body=LAYER + b"x"), "digest"),
        (f"blobs/{digest_of(LAYER)}", lambda _: web.Response(body=LAYER[:-1]), "digest"),
        (f"blobs/{digest_of(LAYER)}", endless, "digest"),
        (f"blobs/{digest_of(LAYER)}", lambda _: web.Response(status=204), "protocol"),
        (f"blobs/{digest_of(LAYER)}", lambda _: web.Response(status=206, body=LAYER), "protocol"),
        ("manifests/sha256", lambda request: endless(request, **{"Content-Type": IMAGE.media_type}), "too-large"),
        ("manifests/sha256", lambda request: drip(request, b" " * 10, 0, 5 << 20), "too-large"),
        (f"blobs/{digest_of(IMAGE.config)}", endless, "too-large"),
    ],
)
def test_other_bytes_than_the_digest_names_are_refused(path, answer, reason):
    error, _ = error_from(at(path, answer))
    assert isinstance(error, RegistryError)
    assert error.reason == reason


def test_an_answer_that_changes_between_two_reads_is_seen():
    """HEAD leads to one manifest; what is then given under its digest is another one, whole and valid."""
    answers = [IMAGE.manifest, OTHER.manifest]

    def answer(_):
        return manifest_answer(answers.pop(0) if len(answers) > 1 else answers[0])

    error, fake = error_from(at("manifests/1", answer, "HEAD"), image=IMAGE, name="acme/api:absent")
    assert error.reason == "not-found"
    error, fake = error_from(at(f"manifests/{IMAGE.digest}", lambda _: manifest_answer(OTHER.manifest)))
    assert (error.reason, fake.paths("GET").count("/v2/acme/api/manifests/1")) == ("digest", 0)


@pytest.mark.parametrize("claimed", ["", "md5:" + "0" * 32, "sha256:short", "sha384:" + "0" * 96])
def test_without_a_digest_to_trust_the_bytes_are_hashed(claimed):
    async def attempt():
        async with FakeRegistry() as fake, client_of(plain(fake)) as client:
            fake.hold("acme/api", "1", IMAGE)

            async def hook(request):
                if request.path.endswith("/manifests/1"):
                    headers = {"Docker-Content-Digest": claimed} if claimed else {}
                    return manifest_answer(IMAGE.manifest, **headers)
                return None

            fake.hook = hook
            source = RegistrySource(client, parse(f"{fake.host}/acme/api:1"))
            resolved = await source.resolve()
            await source.images()
            return resolved, fake

    resolved, fake = asyncio.run(attempt())
    assert resolved.digest == IMAGE.digest
    assert f"/v2/acme/api/manifests/{IMAGE.digest}" not in fake.paths()


def test_a_digest_that_was_asked_for_is_not_replaced():
    headers = {"Docker-Content-Digest": OTHER.digest}
    hook = at("manifests/", lambda _: manifest_answer(OTHER.manifest, **headers), "HEAD")
    error, _ = error_from(hook, name=f"acme/api@{IMAGE.digest}")
    assert (error.reason, error.message) == ("digest", "answers with another digest")


def test_a_digest_that_cannot_be_checked_is_never_asked_for():
    error, fake = error_from(None, name="acme/api@sha384:" + "0" * 96)
    assert "not a digest that can be checked" in error.message
    assert fake.asked == []


@pytest.mark.parametrize("status", [400, 405, 501])
def test_a_registry_without_head_is_asked_with_get(status):
    async def attempt():
        async with FakeRegistry() as fake, client_of(plain(fake)) as client:
            fake.hold("acme/api", "1", IMAGE)
            fake.hook = at("manifests/1", lambda _: web.Response(status=status), "HEAD")
            return (await read(client, f"{fake.host}/acme/api:1"))[0].manifest_digest

    assert asyncio.run(attempt()) == IMAGE.digest


def test_a_content_encoding_is_never_undone():
    bomb = gzip.compress(bytes(50 << 20))
    hook = at("manifests/sha256", lambda _: manifest_answer(bomb, **{"Content-Encoding": "gzip"}))
    error, _ = error_from(hook)
    assert error.reason == "digest"


def test_descriptors_that_lie_about_sizes_are_refused():
    small = make_image({"a": b"a"}, manifest={"layers": []}, document={"rootfs": {"type": "layers", "diff_ids": []}})
    listed = entry(small.manifest, "linux/amd64")
    for size, message in ((len(small.manifest) + 1, "not"), (1 << 40, "is longer than")):
        index = index_of(listed | {"size": size})

        async def attempt(index=index):
            async with FakeRegistry() as fake, client_of(plain(fake)) as client:
                fake.hold("acme/api", None, small)
                fake.hold_manifest("acme/api", "1", index, OCI_INDEX)
                await read(client, f"{fake.host}/acme/api:1")

        with pytest.raises(RegistryError, match=message):
            asyncio.run(attempt())


# --- time ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "limits"),
    [
        ("manifests/sha256", TransportLimits(document=0.5, tries=1)),
        ("blobs/sha256", TransportLimits(document=0.5, tries=1)),
        (f"blobs/{digest_of(LAYER)}", TransportLimits(blob=0.5, rate=1 << 30, tries=1)),
        ("manifests/sha256", TransportLimits(idle=0.2, tries=1)),
    ],
)
def test_a_slow_drip_ends(path, limits):
    pause = 5 if limits.idle < 1 else 0.05
    length = len(LAYER) if digest_of(LAYER) in path else 4000
    error, _ = error_from(at(path, lambda request: drip(request, bytes(4000), pause, length)), limits=limits)
    assert error.reason == "timeout"


def test_a_registry_that_never_answers_ends():
    async def silence(_):
        await asyncio.sleep(60)

    error, _ = error_from(at("manifests/1", silence, "HEAD"), limits=TransportLimits(document=0.3, tries=1))
    assert (error.reason, error.message) == ("timeout", "does not answer in time")


# --- broken connections --------------------------------------------------------------------------------------------

BIG = make_image({"big": bytes(range(256)) * 12_000}, compress=False)


def reading_a_broken_blob(second):
    """Read a blob whose first answer breaks in the middle and whose next is ``second``'s."""
    blob = BIG.layers[0]
    ranges = []

    async def hook(request):
        if digest_of(blob) not in request.path:
            return None
        ranges.append(request.headers.get("Range"))
        if len(ranges) > 1:
            return second(request, blob)
        answer = web.StreamResponse(headers={"Content-Length": str(len(blob))})
        await answer.prepare(request)
        await answer.write(blob[: 1 << 21])
        await asyncio.sleep(0.2)
        request.transport.abort()
        return answer

    async def attempt():
        async with FakeRegistry() as fake, client_of(plain(fake)) as client:
            fake.hold("acme/api", "1", BIG)
            fake.hook = hook
            await read(client, f"{fake.host}/acme/api:1")

    asyncio.run(attempt())
    return ranges


def test_a_blob_is_taken_up_where_its_connection_broke():
    ranges = reading_a_broken_blob(lambda request, _: None)
    assert ranges[0] is None
    assert len(ranges) == 2
    assert 0 < int(ranges[1].removeprefix("bytes=").removesuffix("-")) <= 1 << 21


def test_a_registry_that_ignores_the_range_sends_it_all_again():
    assert len(reading_a_broken_blob(lambda _, blob: web.Response(body=blob))) == 2


@pytest.mark.parametrize(
    "second",
    [
        lambda _, blob: web.Response(status=206, body=blob, headers={"Content-Range": f"bytes 0-9/{len(blob)}"}),
        lambda _, blob: web.Response(body=bytes(len(blob))),
        lambda _, blob: web.Response(status=416),
    ],
)
def test_a_range_that_is_another_is_refused(second):
    with pytest.raises(RegistryError):
        reading_a_broken_blob(second)


def test_a_connection_that_always_breaks_ends():
    async def broken(request):
        request.transport.abort()
        return web.Response()

    error, fake = error_from(at("manifests/1", broken, "HEAD"))
    assert error.reason == "unreachable"
    assert len(fake.asked) < 6


# --- being sent elsewhere --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "target",
    [
        "http://169.254.169.254/latest/meta-data/",
        "https://169.254.169.254/latest/meta-data/",
        "https://[fe80::1]/x",
        "https://[::ffff:169.254.169.254]/x",
        "https://[64:ff9b::a9fe:a9fe]/x",
        "https://10.0.0.1/x",
        "https://192.168.1.1/x",
        "https://[fd00::1]/x",
        "https://100.100.100.200/x",
        "https://0.0.0.0/x",
        "https://224.0.0.1/x",
        "http://example.com/x",
        "file:///etc/passwd",
        "ftp://127.0.0.1/x",
        "https://user:password@127.0.0.1/x",
        "//169.254.169.254/x",
        "https://2130706433/x",
        "https://0xa9fea9fe/x",
        "https://169.254.43518/x",
        "http://[",
        "",
    ],
)
@pytest.mark.parametrize("path", ["manifests/sha256", f"blobs/{digest_of(LAYER)}"])
def test_redirects_into_private_networks_and_odd_places_are_refused(path, target):
    error, fake = error_from(at(path, lambda _: web.Response(status=307, headers={"Location": target})))
    assert error.reason in ("refused", "protocol")
    assert sum(path in each for each in fake.paths("GET")) == 1


class Names(AbstractResolver):
    """A resolver under the attacker's control."""

    def __init__(self, **addresses):
        self.addresses = {key.replace("_", "."): value for key, value in addresses.items()}

    async def resolve(self, host, port=0, family=socket.AF_INET):
        if host not in self.addresses:
            raise OSError(None, "no such host")
        return [
            {"hostname": host, "host": each, "port": port, "family": socket.AF_INET, "proto": 0, "flags": 0}
            for each in self.addresses[host]
        ]

    async def close(self):
        pass


@pytest.mark.parametrize("address", ["169.254.169.254", "10.1.2.3", "192.168.0.1", "fd00::1", "100.64.0.1"])
def test_a_name_that_leads_to_a_private_address_is_refused(address):
    hook = at("blobs/", lambda _: web.Response(status=307, headers={"Location": "https://evil.test/x"}))
    error, _ = error_from(hook, resolver=Names(evil_test=[address]))
    assert error.reason == "refused"
    assert "evil.test" in error.message


def test_redirects_that_never_end_do():
    error, fake = error_from(
        at("blobs/", lambda request: web.Response(status=302, headers={"Location": request.path + "x"}))
    )
    assert error.message == "more than 5 redirects"
    assert len([each for each in fake.paths() if "/blobs/" in each]) == 6


def test_a_tls_registry_cannot_redirect_to_plain_http(tmp_path):
    authority = Authority(tmp_path)

    async def attempt():
        async with (
            FakeRegistry(tls=authority.server()) as fake,
            FakeRegistry() as other,
            client_of(Registry(host=fake.host, ca=str(authority.pem))) as client,
        ):
            fake.hold("acme/api", "1", IMAGE)
            fake.hook = at("blobs/", lambda _: web.Response(status=307, headers={"Location": other.url + "/x"}))
            with pytest.raises(RegistryError) as caught:
                await read(client, f"{fake.host}/acme/api:1")
            return caught.value, other.asked

    error, asked = asyncio.run(attempt())
    assert (error.reason, asked) == ("refused", [])
    assert error.message.endswith("not https")


def test_no_credential_follows_a_redirect():
    async def attempt():
        async with FakeRegistry() as fake, FakeRegistry() as other, client_of(plain(fake), held=[SECRET]) as client:
            fake.hold("acme/api", "1", IMAGE)
            other.blobs |= IMAGE.blobs

            async def hook(request):
                if "Authorization" not in request.headers:
                    return refusal(401, "UNAUTHORIZED", WWW_Authenticate='Basic realm="x"')
                if "/blobs/" in request.path:
                    return web.Response(status=307, headers={"Location": other.url + request.path})
                return None

            fake.hook = hook
            await read(client, f"{fake.host}/acme/api:1")
            return fake.asked, other.asked

    asked, elsewhere = asyncio.run(attempt())
    assert [each.authorization for each in elsewhere] == [None, None]
    assert SECRET.basic in [each.authorization for each in asked]


def test_a_host_after_a_redirect_cannot_ask_for_credentials():
    async def attempt():
        async with FakeRegistry() as fake, FakeRegistry() as other, client_of(plain(fake), held=[SECRET]) as client:
            fake.hold("acme/api", "1", IMAGE)
            fake.hook = at(
                "blobs/", lambda request: web.Response(status=307, headers={"Location": other.url + request.path})
            )
            other.hook = at("", lambda _: refusal(401, "UNAUTHORIZED", WWW_Authenticate='Basic realm="x"'))
            with pytest.raises(RegistryError) as caught:
                await read(client, f"{fake.host}/acme/api:1")
            return caught.value, other.asked

    error, elsewhere = asyncio.run(attempt())
    assert error.reason == "unauthorized"
    assert {each.authorization for each in elsewhere} == {None}


# --- patience --------------------------------------------------------------------------------------------------------


def counted(answers):
    """A hook that gives some answers to HEAD of the tag, then honest ones."""
    left = list(answers)
    return at("manifests/1", lambda _: left.pop(0) if left else None, "HEAD")


@pytest.mark.parametrize(
    "answers",
    [
        [web.Response(status=429, headers={"Retry-After": "0"})],
        [web.Response(status=503)],
        [web.Response(status=502)],
        [
            web.Response(
                status=429,
                headers={"Retry-After": "Sat, 21 Nov 2026 10:00:00 GMT", "Date": "Sat, 21 Nov 2026 10:00:00 GMT"},
            )
        ],
    ],
)
def test_what_passes_is_waited_for(answers):
    async def attempt():
        async with FakeRegistry() as fake, client_of(plain(fake)) as client:
            fake.hold("acme/api", "1", IMAGE)
            fake.hook = counted(answers)
            return len(await read(client, f"{fake.host}/acme/api:1"))

    assert asyncio.run(attempt()) == 1


@pytest.mark.parametrize("after", ["3600", "99999999999999", "Sat, 21 Nov 2099 10:00:00 GMT", "x", "-1"])
def test_too_many_requests_is_said_when_waiting_would_be_long_or_in_vain(after):
    headers = {"Retry-After": after, "Date": "Sat, 21 Nov 2026 10:00:00 GMT"}
    limits = TransportLimits(tries=2, patience=1, pause=0.01)
    error, fake = error_from(
        at("manifests/1", lambda _: web.Response(status=429, headers=headers), "HEAD"), limits=limits
    )
    assert (error.reason, error.hint) == (
        "rate-limited",
        "log in to the registry, or name a mirror under registries:",
    )
    assert len(fake.paths("HEAD")) <= 2


def test_a_registry_that_always_fails_is_unreachable():
    error, fake = error_from(at("manifests/1", lambda _: web.Response(status=503), "HEAD"))
    assert (error.reason, len(fake.paths("HEAD"))) == ("unreachable", 2)


def test_what_a_registry_says_is_shown_without_control_characters():
    message = "no\x1b[31m red\r\n\x00" + "x" * 500
    hook = at("manifests/", lambda _: refusal(400, "DENIED", message), "HEAD")

    async def both(request):
        return await hook(request) or await at("manifests/", lambda _: refusal(418, "DENIED", message))(request)

    error, _ = error_from(both)
    assert "red" in error.message
    assert error.message.isprintable()
    assert len(error.message) < 300


# --- once ------------------------------------------------------------------------------------------------------------


def test_a_hundred_that_ask_at_once_cause_one_request_a_digest():
    async def attempt():
        async with FakeRegistry() as fake, client_of(plain(fake)) as client:
            fake.hold("acme/api", "1", IMAGE)

            async def one():
                source = RegistrySource(client, parse(f"{fake.host}/acme/api@{IMAGE.digest}"))
                return (await source.images())[0].manifest_digest

            found = await asyncio.gather(*(one() for _ in range(100)))
            return set(found), fake

    found, fake = asyncio.run(attempt())
    assert found == {IMAGE.digest}
    assert fake.paths("GET").count(f"/v2/acme/api/manifests/{IMAGE.digest}") == 1
    assert fake.paths("GET").count(f"/v2/acme/api/blobs/{digest_of(IMAGE.config)}") == 1


def test_the_same_image_again_is_one_request():
    async def attempt():
        async with FakeRegistry() as fake, client_of(plain(fake)) as client:
            fake.hold("acme/api", "1", IMAGE)
            for _ in range(2):
                source = RegistrySource(client, parse(f"{fake.host}/acme/api:1"))
                await source.resolve()
                before = len(fake.asked)
                await source.images()
            return fake.asked[before - 1 :]

    assert [(each.method, each.path) for each in asyncio.run(attempt())] == [("HEAD", "/v2/acme/api/manifests/1")]


def test_what_one_repository_gave_does_not_answer_for_another():
    async def attempt():
        async with FakeRegistry() as fake, client_of(plain(fake)) as client:
            fake.hold("acme/api", "1", IMAGE)
            await read(client, f"{fake.host}/acme/api:1")
            fake.hook = at("evil/", lambda _: web.Response(headers={"Docker-Content-Digest": IMAGE.digest}), "HEAD")
            with pytest.raises(RegistryError) as caught:
                await read(client, f"{fake.host}/evil/probe:1")
            return caught.value.reason

    assert asyncio.run(attempt()) == "not-found"


def test_a_layer_is_readable_only_where_the_registry_gives_it():
    async def attempt():
        async with FakeRegistry() as fake, client_of(plain(fake)) as client:
            fake.hold("acme/api", "1", IMAGE)
            source = RegistrySource(client, parse(f"{fake.host}/acme/api:1"))
            layer = (await source.images())[0].layers[0]
            found = [await source.may_read(layer)]
            for status in (404, 401, 403):
                fake.hook = at("blobs/", lambda _, status=status: web.Response(status=status), "HEAD")
                found.append(await source.may_read(layer))
            return found

    assert asyncio.run(attempt()) == [True, False, False, False]
