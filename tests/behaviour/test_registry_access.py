"""Logging in to registries: real ones with passwords and tokens, and fakes for what goes wrong on the way."""

import asyncio
import base64
import contextlib
import json

import pytest
from aiohttp import web
from gate.errors import RegistryError
from gate.evidence.image import registry_lists
from gate.evidence.image.credentials import DockerKeychain
from gate.evidence.image.document_cache import StoredDocuments
from gate.evidence.image.endpoints import Registries
from gate.evidence.image.reference import parse
from gate.evidence.image.registry import RegistryClient
from gate.evidence.image.registry_auth import Challenge, Credential, challenges
from gate.evidence.image.registry_source import RegistrySource
from gate.evidence.image.transport import Transport, TransportLimits
from gate.settings.model import Registry
from gate.store import FileStore

from tests.support.oci_images import OCI_INDEX, Pusher, entry, index_of, make_image
from tests.support.registry import start_registry
from tests.support.registry_fakes import Authority, FakeRegistry, TokenServer, endless, refusal

AMD = make_image({"bin/app": b"amd" * 1000})
ARM = make_image({"bin/app": b"arm" * 1000}, platform="linux/arm64/v8")
INDEX = index_of(entry(AMD.manifest, "linux/amd64"), entry(ARM.manifest, "linux/arm64/v8"))
QUICK = TransportLimits(tries=2, pause=0.01, patience=5)
USER = Credential(username="gate", password="s3cret:/x")


class Chain:
    def __init__(self, *held):
        self.held = held

    async def credentials(self, name):
        return self.held


@contextlib.asynccontextmanager
async def client_of(*rows, held=(), keychain=None):
    client = RegistryClient(Transport(limits=QUICK), Registries(rows), keychain or Chain(*held))
    try:
        yield client
    finally:
        await client.close()


async def platforms(client, name):
    """The platforms of an image, every layer read."""
    source = RegistrySource(client, parse(name))
    await source.resolve()
    images = await source.images()
    for image in images:
        for layer in image.layers:
            async for _ in source.open_layer(layer):
                pass
    return [each.platform for each in images]


def push(registry, repository="acme/api", tag="1"):
    authorization = None
    if registry.users:
        name, password = next(iter(registry.users.items()))
        authorization = Credential(username=name, password=password).basic
    pusher = Pusher(registry.url, ca=registry.ca, authorization=authorization, client=registry.client)
    for image in (AMD, ARM):
        pusher.image(repository, None, image)
    pusher.manifest(repository, tag, INDEX, OCI_INDEX)


def read(name, *rows, **options):
    async def attempt():
        async with client_of(*rows, **options) as client:
            return await platforms(client, name)

    return asyncio.run(attempt())


def refused(name, *rows, **options):
    with pytest.raises(RegistryError) as caught:
        read(name, *rows, **options)
    return caught.value


# --- docker-registry ---------------------------------------------------------------------------------------------


@pytest.mark.registry
def test_a_plain_registry_is_read_when_it_is_named_insecure(docker_registry):
    push(docker_registry)
    name = f"{docker_registry.host}/acme/api:1"
    assert read(name, Registry(host=docker_registry.host, insecure=True)) == ["linux/amd64", "linux/arm64"]
    error = refused(name)
    assert (error.reason, error.hint) == (
        "unreachable",
        "if it is plain HTTP on purpose: registries: {host: ..., insecure: true}",
    )


@pytest.mark.registry
def test_a_registry_with_a_private_authority_and_a_password_is_read(docker_registry_secure, tmp_path):
    registry = docker_registry_secure
    push(registry)
    name = f"{registry.host}/acme/api:1"
    trusted = Registry(host=registry.host, ca=str(registry.ca))
    keychain = DockerKeychain([registry.docker_config(tmp_path) / "config.json"], {})
    assert read(name, trusted, keychain=keychain) == ["linux/amd64", "linux/arm64"]
    wrong = Credential(username="gate", password="wrong")
    assert read(name, trusted, held=[wrong, USER]) == ["linux/amd64", "linux/arm64"]
    assert refused(name, trusted).reason == "unauthorized"
    assert refused(name, trusted, held=[wrong]).reason == "unauthorized"
    untrusted = refused(name, held=[USER])
    assert (untrusted.reason, untrusted.hint) == (
        "unreachable",
        "name its CA under registries: {host: ..., ca: FILE}",
    )
    unchecked = Registry(host=registry.host, insecure=True)
    assert read(name, unchecked, held=[USER]) == ["linux/amd64", "linux/arm64"]


@pytest.mark.registry
def test_what_is_not_there_is_not_found(docker_registry):
    row = Registry(host=docker_registry.host, insecure=True)
    push(docker_registry)
    for name in ("acme/api:2", "acme/absent:1", f"acme/api@sha256:{'0' * 64}"):
        assert refused(f"{docker_registry.host}/{name}", row).reason == "not-found"


@pytest.fixture(scope="module")
def token_registry(tmp_path_factory):
    """docker-registry that believes a token server, and the server."""
    directory = tmp_path_factory.mktemp("tokens")
    with TokenServer(directory / "server", users={"gate": "s3cret:/x", "writer": "w"}) as tokens:
        tokens.readers = {"gate": {"acme/api"}, "writer": {"*"}, "": {"public/api"}}
        tokens.refresh_tokens = {"refresh-me": "gate"}
        auth = {
            "token": {
                "realm": tokens.realm,
                "service": tokens.service,
                "issuer": tokens.issuer,
                "rootcertbundle": str(tokens.certificate),
            }
        }
        registry = start_registry(directory / "registry", auth=auth)
        try:
            for repository in ("acme/api", "public/api", "other/api"):
                scope = f"repository:{repository}:pull,push"
                pusher = Pusher(registry.url, authorization=f"Bearer {tokens.token('writer', [scope])}")
                for image in (AMD, ARM):
                    pusher.image(repository, None, image)
                pusher.manifest(repository, "1", INDEX, OCI_INDEX)
            yield registry, tokens
        finally:
            registry.daemon.stop(seconds=2)


@pytest.mark.registry
@pytest.mark.parametrize(
    ("repository", "held", "found"),
    [
        ("public/api", [], ["linux/amd64", "linux/arm64"]),
        ("acme/api", [USER], ["linux/amd64", "linux/arm64"]),
        ("acme/api", [Credential(identity_token="refresh-me")], ["linux/amd64", "linux/arm64"]),
        ("acme/api", [], "unauthorized"),
        ("acme/api", [Credential(username="gate", password="no")], "unauthorized"),
        ("acme/api", [Credential(identity_token="no")], "unauthorized"),
        ("other/api", [USER], "unauthorized"),
        ("acme/api", [Credential(username="gate", password="no"), USER], ["linux/amd64", "linux/arm64"]),
    ],
)
def test_tokens_open_what_their_user_may_read(token_registry, repository, held, found):
    registry, _ = token_registry
    row = Registry(host=registry.host, insecure=True)
    name = f"{registry.host}/{repository}:1"
    if isinstance(found, str):
        assert refused(name, row, held=held).reason == found
    else:
        assert read(name, row, held=held) == found


@pytest.mark.registry
def test_a_token_server_without_oauth_is_asked_the_old_way(token_registry):
    registry, tokens = token_registry
    tokens.knows_oauth = False
    tokens.asked.clear()
    both = Credential(username="gate", password="s3cret:/x", identity_token="refresh-me")
    try:
        assert read(f"{registry.host}/acme/api:1", Registry(host=registry.host, insecure=True), held=[both])
    finally:
        tokens.knows_oauth = True
    assert tokens.asked == [("POST", "404"), ("GET", "repository:acme/api:pull")]


@pytest.mark.registry
def test_one_token_serves_a_whole_image_however_many_ask(token_registry):
    registry, tokens = token_registry
    tokens.asked.clear()

    async def attempt():
        async with client_of(Registry(host=registry.host, insecure=True), held=[USER]) as client:
            name = f"{registry.host}/acme/api:1"
            return await asyncio.gather(*(platforms(client, name) for _ in range(20)))

    assert asyncio.run(attempt()) == [["linux/amd64", "linux/arm64"]] * 20
    assert tokens.asked == [("GET", "repository:acme/api:pull")]


@pytest.mark.registry
def test_a_token_that_ended_is_asked_for_again(token_registry):
    registry, tokens = token_registry
    tokens.asked.clear()
    tokens.seconds = -600  # ended before it was given, which docker-registry checks and we cannot see coming

    async def attempt():
        async with client_of(Registry(host=registry.host, insecure=True), held=[USER]) as client:
            name = f"{registry.host}/acme/api:1"
            with pytest.raises(RegistryError) as caught:
                await platforms(client, name)
            tokens.seconds = 300
            return caught.value.reason, await platforms(client, name)

    try:
        assert asyncio.run(attempt()) == ("unauthorized", ["linux/amd64", "linux/arm64"])
    finally:
        tokens.seconds = 300


@pytest.mark.registry
def test_the_next_run_knows_what_the_registry_will_ask_for(token_registry, tmp_path):
    registry, tokens = token_registry
    name = f"{registry.host}/acme/api:1"

    async def attempt(held):
        store = FileStore(tmp_path / "cache")
        transport = Transport(limits=QUICK)
        row = Registry(host=registry.host, insecure=True)
        client = RegistryClient(transport, Registries([row]), Chain(*held), cache=StoredDocuments(store))
        try:
            source = RegistrySource(client, parse(name))
            await source.resolve()
            return [each.platform for each in await source.images()]
        finally:
            await client.close()

    asyncio.run(attempt([USER]))
    before = len(registry.daemon.log.read_text().splitlines())
    tokens.asked.clear()
    assert asyncio.run(attempt([USER])) == ["linux/amd64", "linux/arm64"]
    lines = registry.daemon.log.read_text().splitlines()[before:]
    asked = [line.split('"')[1] for line in lines if 'HTTP/1.1" ' in line and '"GET /v2/ ' not in line]
    assert asked == ["HEAD /v2/acme/api/manifests/1 HTTP/1.1"]
    assert tokens.asked == [("GET", "repository:acme/api:pull")]
    with pytest.raises(RegistryError) as caught:  # what is kept opens nothing to others
        asyncio.run(attempt([]))
    assert caught.value.reason == "unauthorized"


# --- tokens of fakes ---------------------------------------------------------------------------------------------


def bearer(realm, **more):
    parameters = "".join(f',{key}="{value}"' for key, value in more.items())
    return refusal(401, "UNAUTHORIZED", WWW_Authenticate=f'Bearer realm="{realm}"{parameters}')


def behind(make_realm, token_answer=None, held=(USER,), expect=None, tls=None):
    """Read from a fake that always asks for a token of ``make_realm(fake)``; the error, all requests."""

    async def attempt():
        async with FakeRegistry(tls=tls and tls.server()) as fake:
            row = Registry(host=fake.host, ca=str(tls.pem)) if tls else Registry(host=fake.host, insecure=True)
            fake.hold("acme/api", "1", AMD)

            async def hook(request):
                if request.path == "/token":
                    return token_answer(request) if token_answer else None
                if request.headers.get("Authorization") == "Bearer good":
                    return None
                return bearer(make_realm(fake), service="fake")

            fake.hook = hook
            async with client_of(row, held=held) as client:
                try:
                    return await platforms(client, f"{fake.host}/acme/api:1"), fake
                except RegistryError as error:
                    return error, fake

    return asyncio.run(attempt())


def own(fake):
    return fake.url + "/token"


def test_a_fake_gives_tokens_too():
    found, fake = behind(own, lambda _: web.json_response({"access_token": "good"}))
    assert found == ["linux/amd64"]
    first = next(each for each in fake.asked if each.path.startswith("/token"))
    assert first.authorization == USER.basic
    assert first.path == "/token?service=fake&scope=repository:acme/api:pull"


def test_a_401_that_never_ends_does():
    error, fake = behind(own, lambda _: web.json_response({"token": "bad"}))
    assert error.reason == "unauthorized"
    assert [each.path.partition("?")[0] for each in fake.asked if each.path != "/v2/"] == [
        "/v2/acme/api/manifests/1",
        "/token",
        "/v2/acme/api/manifests/1",
    ]


@pytest.mark.parametrize(
    "answer",
    [
        lambda: web.json_response({"token": "with\nnewline"}),
        lambda: web.json_response({"token": "with space"}),
        lambda: web.Response(text="{"),
        lambda: web.Response(text='{"token": "good", "token": "bad"}'),
        lambda: web.json_response({"token": 1}),
        lambda: web.json_response([]),
        lambda: web.Response(status=500),
        lambda: web.Response(status=302, headers={"Location": "/elsewhere"}),
        lambda: web.Response(body=b'{"token": "good"}' + b" " * (1 << 20)),
    ],
)
def test_what_is_no_token_is_an_error(answer):
    error, fake = behind(own, lambda _: answer())
    assert isinstance(error, RegistryError)
    assert "/elsewhere" not in fake.paths()


@pytest.mark.parametrize("answer", [{}, {"token": ""}, {"token": None, "access_token": ""}])
def test_without_a_token_there_is_no_way_in(answer):
    error, _ = behind(own, lambda _: web.json_response(answer))
    assert error.reason == "unauthorized"


def test_an_endless_token_is_refused():
    async def attempt():
        async with FakeRegistry() as fake, client_of(Registry(host=fake.host, insecure=True)) as client:

            async def hook(request):
                return await endless(request) if request.path == "/token" else bearer(own(fake))

            fake.hook = hook
            await platforms(client, f"{fake.host}/acme/api:1")

    with pytest.raises(RegistryError) as caught:
        asyncio.run(attempt())
    assert caught.value.reason == "too-large"


@pytest.mark.parametrize(
    ("realm", "reason"),
    [
        ("http://169.254.169.254/token", "refused"),
        ("https://169.254.169.254/token", "refused"),
        ("https://10.0.0.1/token", "refused"),
        ("https://[::ffff:10.0.0.1]/token", "refused"),
        ("http://example.com/token", "refused"),
        ("file:///etc/passwd", "protocol"),
        ("https://user:pw@127.0.0.1/token", "protocol"),
        ("", "protocol"),
        ("nonsense", "protocol"),
        ("https://[", "protocol"),
    ],
)
def test_a_realm_elsewhere_is_refused_before_anything_is_sent(realm, reason):
    error, fake = behind(lambda _: realm)
    assert error.reason == reason
    assert {each.authorization for each in fake.asked} == {None}


def test_a_registry_with_tls_cannot_have_a_realm_without(tmp_path):
    error, fake = behind(lambda fake: own(fake).replace("https:", "http:"), tls=Authority(tmp_path))
    assert (error.reason, error.message.partition(":")[0]) == ("refused", "names a token server without TLS")
    assert {each.authorization for each in fake.asked} == {None}


def test_a_token_to_use_as_it_is_goes_to_the_registry_alone():
    found, fake = behind(own, held=[Credential(registry_token="good")])
    assert found == ["linux/amd64"]
    assert not [each for each in fake.asked if each.path.startswith("/token")]


@pytest.mark.parametrize(
    ("headers", "found"),
    [
        (['Basic realm="x"'], [("basic", {"realm": "x"})]),
        (["Basic"], [("basic", {})]),
        (
            ['Bearer realm="https://a/t",service="s",scope="repository:a/b:pull,push"'],
            [("bearer", {"realm": "https://a/t", "service": "s", "scope": "repository:a/b:pull,push"})],
        ),
        (['bearer Realm = "r" , SERVICE=s'], [("bearer", {"realm": "r", "service": "s"})]),
        (['Bearer realm="a\\"b"'], [("bearer", {"realm": 'a"b'})]),
        (['Bearer realm="1",realm="2"'], [("bearer", {"realm": "1"})]),
        (['Basic realm="x", Bearer realm="y"'], [("basic", {"realm": "x"}), ("bearer", {"realm": "y"})]),
        (["Negotiate", 'Bearer realm="y"'], [("negotiate", {}), ("bearer", {"realm": "y"})]),
        ([""], []),
        (["=,=;\x00"], []),
    ],
)
def test_challenges_are_read_as_they_are_written(headers, found):
    assert challenges(headers) == [Challenge(scheme, parameters) for scheme, parameters in found]


def test_a_long_header_takes_no_long_time():
    for text in ('Bearer realm="' * 100_000, "a=" * 100_000, "Bearer " + "a=b," * 100_000 + '"', "a " * 100_000):
        challenges([text])


# --- mirrors -----------------------------------------------------------------------------------------------------


def mirrored(mirror_tags, *, prepare):
    """Read ``acme/api:1`` through a mirror; what both were asked for."""

    async def attempt():
        async with FakeRegistry() as origin, FakeRegistry() as mirror:
            origin.hold("acme/api", "1", AMD)
            mirror.hold("hub/acme/api", "1", AMD)
            prepare(origin, mirror)
            rows = [
                Registry(host=origin.host, insecure=True, mirrors=[f"{mirror.host}/hub"], mirror_tags=mirror_tags),
                Registry(host=mirror.host, insecure=True),
            ]
            async with client_of(*rows) as client:
                found = await platforms(client, f"{origin.host}/acme/api:1")
            return found, _kinds(origin), _kinds(mirror)

    return asyncio.run(attempt())


def _kinds(fake):
    return [f"{each.method} {each.path.split('/')[-2]}" for each in fake.asked if each.path != "/v2/"]


def test_a_mirror_is_asked_for_digests_only():
    found, origin, mirror = mirrored(False, prepare=lambda origin, mirror: None)
    assert found == ["linux/amd64"]
    assert origin == ["HEAD manifests"]
    assert mirror == ["GET manifests", "GET blobs", "GET blobs"]


def test_a_mirror_is_asked_for_tags_where_it_may_be():
    found, origin, mirror = mirrored(True, prepare=lambda origin, mirror: None)
    assert (found, origin) == (["linux/amd64"], [])
    assert mirror == ["HEAD manifests", "GET manifests", "GET blobs", "GET blobs"]


def empty(origin, mirror):
    mirror.manifests.clear()
    mirror.blobs.clear()


def lying(origin, mirror):
    mirror.blobs = dict.fromkeys(mirror.blobs, b"lie")


def broken(origin, mirror):
    async def hook(request):
        return web.Response(status=500)

    mirror.hook = hook


@pytest.mark.parametrize("prepare", [empty, lying, broken])
def test_a_mirror_that_has_it_not_or_lies_is_passed_over(prepare):
    found, _, _ = mirrored(False, prepare=prepare)
    assert found == ["linux/amd64"]


# --- lists -------------------------------------------------------------------------------------------------------


def listed(make, hook=None, prepare=None):
    async def attempt():
        async with FakeRegistry() as fake, client_of(Registry(host=fake.host, insecure=True)) as client:
            if prepare:
                prepare(fake)
            fake.hook = hook and hook(fake)
            return await make(client, fake.host), [each for each in fake.paths() if each != "/v2/"]

    return asyncio.run(attempt())


async def all_tags(client, host):
    return [each async for each in registry_lists.tags(client, host, "acme/api")]


async def all_repositories(client, host):
    return [each async for each in registry_lists.repositories(client, host)]


def pages(*answers):
    """A hook that gives some pages, each linking to the next by ``link``."""

    def make(fake):
        left = list(answers)

        async def hook(request):
            if request.path == "/v2/":
                return None
            body, link = left.pop(0)
            headers = {"Link": link.replace("HOST", fake.url)} if link else {}
            return web.json_response(body, headers=headers)

        return hook

    return make


def test_lists_are_read_page_by_page():
    found, paths = listed(
        all_tags,
        pages(
            ({"tags": ["1", "2"]}, '</v2/acme/api/tags/list?last=2&n=2>; rel="next"'),
            ({"tags": ["3"]}, "<HOST/v2/acme/api/tags/list?last=3>; rel=next"),
            ({"tags": None}, None),
        ),
    )
    assert found == ["1", "2", "3"]
    assert paths == [
        "/v2/acme/api/tags/list?n=1000",
        "/v2/acme/api/tags/list?last=2&n=2",
        "/v2/acme/api/tags/list?last=3",
    ]


def test_a_link_to_elsewhere_leads_to_the_same_list():
    link = '<https://169.254.169.254/latest?last=b>; rel="next"'
    found, paths = listed(all_repositories, pages(({"repositories": ["a", "b"]}, link), ({"repositories": []}, None)))
    assert (found, paths) == (["a", "b"], ["/v2/_catalog?n=1000", "/v2/_catalog?last=b"])


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (({"tags": ["a"]}, "</v2/x?n=1000>; rel=next"), "a list whose pages go in circles"),
        (({"tags": ["a", "bad tag"]}, None), "lists a tag that cannot be one"),
        (({"tags": ["../../x"]}, None), "lists a tag that cannot be one"),
        (({"tags": {}}, None), "the list of tags: Expected `array | null`, got `object` - at `$.tags`"),
        (([], None), "a page of the list is not a JSON object"),
        (({"tags": []}, "</v2/x?" + "&".join(f"a{n}=1" for n in range(20)) + ">; rel=next"), "a list with a broken"),
    ],
)
def test_lists_that_are_none_or_never_end_are_errors(answer, message):
    from gate.errors import TargetError

    with pytest.raises(TargetError) as caught:
        listed(all_tags, pages(answer, answer, answer))
    assert caught.value.message.startswith(message)


def test_a_catalog_that_is_not_given_is_an_error_with_its_reason():
    def hook(fake):
        async def answer(request):
            return refusal(401, "UNAUTHORIZED", "no catalog for you")

        return answer

    with pytest.raises(RegistryError, match="no catalog for you") as caught:
        listed(all_repositories, hook)
    assert caught.value.reason == "unauthorized"


@pytest.mark.registry
def test_a_real_registry_lists_what_it_has(docker_registry):
    push(docker_registry, "lists/one", "1")
    push(docker_registry, "lists/one", "2")
    push(docker_registry, "lists/two", "1")

    async def attempt():
        limits = registry_lists.ListLimits(page=1)
        async with client_of(Registry(host=docker_registry.host, insecure=True)) as client:
            tags = [each async for each in registry_lists.tags(client, docker_registry.host, "lists/one", limits)]
            names = [each async for each in registry_lists.repositories(client, docker_registry.host, limits)]
            return sorted(tags), [each for each in names if each.startswith("lists/")]

    assert asyncio.run(attempt()) == (["1", "2"], ["lists/one", "lists/two"])


def referring(image, kind):
    data = json.dumps(
        {
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "artifactType": kind,
            "config": {"mediaType": "application/vnd.oci.empty.v1+json", "digest": "sha256:" + "0" * 64, "size": 2},
            "layers": [],
            "subject": entry(image.manifest),
        }
    ).encode()
    return entry(data, artifactType=kind)


@pytest.mark.parametrize("by_tag", [False, True])
def test_referrers_are_found_by_their_list_or_by_the_tag_that_stands_for_it(by_tag):
    signature, provenance = referring(AMD, "signature"), referring(AMD, "provenance")
    index = index_of(signature, provenance)

    def prepare(fake):
        place = f"sha256-{AMD.digest.partition(':')[2]}"
        if by_tag:
            fake.hold_manifest("acme/api", place, index, OCI_INDEX)

    def hook(fake):
        async def answer(request):
            if "/referrers/" in request.path and not by_tag:
                return web.Response(body=index, content_type=OCI_INDEX)
            return None

        return answer

    async def make(client, host):
        reference = parse(f"{host}/acme/api:1")
        some = await registry_lists.referrers(client, reference, AMD.digest, "signature")
        every = await registry_lists.referrers(client, reference, AMD.digest)
        none = await registry_lists.referrers(client, reference, "sha256:" + "1" * 64) if by_tag else []
        return [[each.artifact_type for each in found] for found in (some, every, none)]

    found, _ = listed(make, hook, prepare)
    assert found == [["signature"], ["signature", "provenance"], []]


def test_a_user_name_in_utf8_is_sent_as_such():
    assert base64.b64decode(Credential(username="ü", password="ß").basic.partition(" ")[2]).decode() == "ü:ß"
