"""Where registries may send us, and which way we go: addresses, proxies, endpoints."""

import asyncio

import pytest
from aiohttp import web
from gate.errors import RegistryError, SettingsError
from gate.evidence.image import addresses, proxies
from gate.evidence.image.certificates import Certificates
from gate.evidence.image.endpoints import Endpoint, Registries, tls
from gate.evidence.image.proxies import Proxies
from gate.evidence.image.reference import parse
from gate.evidence.image.registry import RegistryClient
from gate.evidence.image.registry_source import RegistrySource
from gate.evidence.image.transport import Transport
from gate.settings.model import Registry
from tests.support.oci_images import make_image
from tests.support.registry_fakes import Authority, FakeRegistry


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        ("8.8.8.8", "public"),
        ("2606:4700::1111", "public"),
        ("127.0.0.1", "loopback"),
        ("127.255.0.1", "loopback"),
        ("::1", "loopback"),
        ("::ffff:127.0.0.1", "loopback"),
        ("10.0.0.1", "private"),
        ("172.16.0.1", "private"),
        ("192.168.1.1", "private"),
        ("fd00:ec2::254", "private"),
        ("100.64.0.1", "private"),
        ("100.100.100.200", "private"),
        ("::ffff:10.0.0.1", "private"),
        ("2002:0a00:0001::", "private"),
        ("64:ff9b::a00:1", "private"),
        ("169.254.169.254", "link-local"),
        ("fe80::1%eth0", "link-local"),
        ("::ffff:169.254.169.254", "link-local"),
        ("64:ff9b::a9fe:a9fe", "link-local"),
        ("0.0.0.0", "other"),
        ("::", "other"),
        ("224.0.0.1", "other"),
        ("ff02::1", "other"),
        ("240.0.0.1", "private"),
        ("198.18.0.1", "private"),
    ],
)
def test_an_address_is_a_kind_of_place(address, kind):
    assert addresses.kind_of(address) == kind


@pytest.mark.parametrize(
    ("own", "allowed", "refused"),
    [
        ([], ["8.8.8.8"], ["10.0.0.1", "127.0.0.1", "169.254.169.254", "0.0.0.0"]),
        (["8.8.8.8"], ["1.1.1.1"], ["10.0.0.1", "127.0.0.1", "169.254.169.254"]),
        (["10.0.0.1"], ["10.9.9.9", "192.168.1.1", "1.1.1.1"], ["127.0.0.1", "169.254.169.254"]),
        (["127.0.0.1"], ["127.0.0.2", "::1", "1.1.1.1"], ["10.0.0.1", "169.254.169.254"]),
        (["169.254.1.1"], ["169.254.1.1", "1.1.1.1"], ["169.254.169.254", "10.0.0.1"]),
    ],
)
def test_other_hosts_are_public_or_where_the_registry_is(own, allowed, refused):
    guard = addresses.Guard()
    guard.learn(own)
    assert [each for each in allowed if not guard.allows(each)] == []
    assert [each for each in refused if guard.allows(each)] == []


ENVIRONMENT = {"HTTPS_PROXY": "proxy.test:3128", "HTTP_PROXY": "http://plain.test:80", "NO_PROXY": "internal.test"}


@pytest.mark.parametrize(
    ("none_for", "host", "port", "direct"),
    [
        ("", "ghcr.io", 443, False),
        ("*", "ghcr.io", 443, True),
        ("ghcr.io", "ghcr.io", 443, True),
        ("ghcr.io", "pkg.ghcr.io", 443, True),
        ("ghcr.io", "notghcr.io", 443, False),
        (".ghcr.io", "ghcr.io", 443, False),
        (".ghcr.io", "pkg.ghcr.io", 443, True),
        ("*.ghcr.io", "pkg.ghcr.io", 443, True),
        ("reg.test:5000", "reg.test", 5000, True),
        ("reg.test:5000", "reg.test", 443, False),
        ("10.0.0.0/8", "10.1.2.3", 443, True),
        ("10.0.0.0/8", "11.1.2.3", 443, False),
        ("10.1.2.3", "10.1.2.3", 443, True),
        ("10.0.0.0/8", "reg.test", 443, False),
        ("fd00::/8", "[fd00::1]", 443, True),
        ("GHCR.IO", "Ghcr.io.", 443, True),
        (" a.test , ghcr.io ", "ghcr.io", 443, True),
        ("", "localhost", 443, True),
        ("", "127.0.0.1", 443, True),
        ("", "[::1]", 443, True),
    ],
)
def test_hosts_are_reached_through_the_proxy_or_directly(none_for, host, port, direct):
    found = proxies.from_environment({**ENVIRONMENT, "NO_PROXY": none_for})
    assert found.choose("https", host, port) == (None if direct else "http://proxy.test:3128")


def test_each_scheme_has_its_proxy_and_lower_case_wins():
    found = proxies.from_environment({**ENVIRONMENT, "https_proxy": "https://lower.test"})
    assert found.choose("http", "ghcr.io", 80) == "http://plain.test:80"
    assert found.choose("https", "ghcr.io", 443) == "https://lower.test"
    assert proxies.from_environment({}) == Proxies()


def test_a_request_header_cannot_set_the_proxy():
    assert proxies.from_environment({"REQUEST_METHOD": "GET", "HTTP_PROXY": "http://evil.test"}).http is None


@pytest.mark.parametrize("url", ["socks5://x", "http://", "http://x:y", "http://[", "ftp://x"])
def test_a_proxy_that_is_none_is_a_settings_error(url):
    with pytest.raises(SettingsError, match="HTTPS_PROXY"):
        proxies.from_environment({"HTTPS_PROXY": url})


def test_a_registry_is_asked_through_the_proxy():
    image = make_image({"a": b"a"})

    async def attempt():
        async with FakeRegistry() as fake:
            fake.hold("acme/api", "1", image)
            transport = Transport(proxies=Proxies(http=fake.url, https=fake.url))
            client = RegistryClient(transport, Registries([Registry(host="registry.test", insecure=True)]))
            try:
                return (await client.head(parse("registry.test/acme/api:1"))).digest, fake.asked
            finally:
                await client.close()

    digest, asked = asyncio.run(attempt())
    assert digest == image.digest
    assert {each.headers["Host"] for each in asked} == {"registry.test"}  # which no resolver knows


async def tunnel(reader, writer, targets, asked):
    """A proxy that knows CONNECT, to hosts that only it can resolve."""
    line = (await reader.readuntil(b"\r\n\r\n")).split(b"\r\n")[0].decode()
    asked.append(line)
    target = targets.get(line.split()[1])
    if target is None:
        writer.write(b"HTTP/1.1 502 Bad Gateway\r\n\r\n")
        writer.close()
        return
    writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
    host, port = target.split(":")
    there, back = await asyncio.open_connection(host, int(port))

    async def pass_on(source, sink):
        while data := await source.read(65_536):
            sink.write(data)

    try:
        await asyncio.wait(
            [asyncio.ensure_future(pass_on(reader, back)), asyncio.ensure_future(pass_on(there, writer))],
            return_when=asyncio.FIRST_COMPLETED,
        )
    finally:
        back.close()
        writer.close()


def through_a_tunnel(tmp_path, hook=None):
    """Read an image of https://registry.test through a proxy; its digest or the error, and what the proxy was asked."""
    image = make_image({"a": b"a"})
    authority = Authority(tmp_path)

    async def attempt():
        asked, targets = [], {}
        async with FakeRegistry(tls=authority.server("registry.test")) as fake:
            fake.hold("acme/api", "1", image)
            fake.hook = hook
            targets["registry.test:443"] = fake.host
            server = await asyncio.start_server(lambda r, w: tunnel(r, w, targets, asked), "127.0.0.1", 0)
            proxy = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
            rows = [Registry(host="registry.test", ca=str(authority.pem))]
            client = RegistryClient(Transport(proxies=Proxies(https=proxy)), Registries(rows))
            try:
                source = RegistrySource(client, parse("registry.test/acme/api:1"))
                return (await source.images())[0].manifest_digest == image.digest, asked
            except RegistryError as error:
                return error, asked
            finally:
                await client.close()
                server.close()

    return asyncio.run(attempt())


def test_a_registry_with_tls_is_reached_through_a_tunnel(tmp_path):
    found, asked = through_a_tunnel(tmp_path)
    assert (found, set(asked)) == (True, {"CONNECT registry.test:443 HTTP/1.1"})


def test_a_proxy_makes_no_way_to_private_addresses(tmp_path):
    async def hook(request):
        if "/blobs/" in request.path:
            return web.Response(status=307, headers={"Location": "https://169.254.169.254/x"})
        return None

    error, asked = through_a_tunnel(tmp_path, hook)
    assert (error.reason, set(asked)) == ("refused", {"CONNECT registry.test:443 HTTP/1.1"})


# --- endpoints ---------------------------------------------------------------------------------------------------


def hosts(registries, name, *, by_digest=True):
    found = registries.endpoints(parse(name), by_digest=by_digest)
    return [(each.host, each.repository, each.insecure, each.is_mirror) for each in found]


def test_docker_hub_has_a_host_of_its_own():
    assert hosts(Registries(), "nginx") == [("registry-1.docker.io", "library/nginx", False, False)]
    assert Registries().endpoint("docker.io", "library/nginx").name == "docker.io/library/nginx"


def test_mirrors_come_first_with_their_own_settings():
    registries = Registries(
        [
            Registry(host="docker.io", mirrors=["mirror.test:5000/hub/", "other.test"]),
            Registry(host="mirror.test:5000", insecure=True),
            Registry(host="ghcr.io", mirrors=["mirror.test:5000"], mirror_tags=True),
        ]
    )
    assert hosts(registries, "nginx") == [
        ("mirror.test:5000", "hub/library/nginx", True, True),
        ("other.test", "library/nginx", False, True),
        ("registry-1.docker.io", "library/nginx", False, False),
    ]
    assert hosts(registries, "nginx", by_digest=False) == [("registry-1.docker.io", "library/nginx", False, False)]
    assert hosts(registries, "ghcr.io/a", by_digest=False)[0] == ("mirror.test:5000", "a", True, True)
    assert registries.hosts == {"docker.io", "mirror.test:5000", "ghcr.io"}


def test_a_name_no_host_can_have_is_never_asked_for():
    with pytest.raises(RegistryError, match="no registry can have that name"):
        Registries().endpoints(parse("my_host.io/x"), by_digest=False)


def test_only_the_endpoint_named_insecure_goes_unchecked(tmp_path):
    import ssl

    def checks(**options):
        return tls(Endpoint(registry="r.test", host="r.test", repository="", **options)).verify_mode

    assert (checks(), checks(insecure=True)) == (ssl.CERT_REQUIRED, ssl.CERT_NONE)
    for content in (None, "no certificate"):
        path = tmp_path / "ca.pem"
        if content:
            path.write_text(content)
        with pytest.raises(SettingsError, match=r"ca\.pem (is not a readable CA file|cannot be read: No such file)"):
            checks(certificates=Certificates(authorities=(path,)))
