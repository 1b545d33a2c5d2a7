"""Registries that ask who connects, and registries that are about to refuse: docker-registry with client certificates,
gate as a process."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
import trustme
from aiohttp import web
from gate.errors import RegistryError, SettingsError
from gate.evidence.image.answers import Answer, quota
from gate.evidence.image.certificates import Certificates, context, of_folder
from gate.evidence.image.endpoints import Registries
from gate.evidence.image.reference import parse
from gate.evidence.image.sources import Sources
from gate.evidence.image.transport import TransportLimits
from gate.settings.model import Registry as Row

from tests.behaviour.command_line import Done, gate
from tests.support.layered import file, image_of, layer
from tests.support.oci_images import Pusher
from tests.support.registry import Registry, start_registry
from tests.support.registry_fakes import FakeRegistry

IMAGE = image_of(layer(file("app")), User="65532:65532", Entrypoint=["/app"])


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    """A registry that speaks only with those who show a certificate of its authority."""
    started = start_registry(tmp_path_factory.mktemp("registry-clients"), clients=True)
    Pusher(started.url, ca=started.ca, client=started.client).image("acme/api", "1", IMAGE)
    yield started
    started.daemon.stop(seconds=2)


def check(folder: Path, registry: Registry, row: str) -> Done:
    (folder / "gate.yaml").write_text(f'version: 1\nregistries: [{{host: "{registry.host}"{row}}}]\n')
    return gate("check", f"docker://{registry.host}/acme/api:1", "--no-cache", cwd=folder)


def copies(folder: Path, registry: Registry) -> tuple[str, str, str]:
    """The authority, certificate and key as files of a project, by relative name."""
    assert registry.ca is not None and registry.client is not None
    (folder / "certs").mkdir()
    for name, source in zip(("ca.pem", "me.pem", "me.key"), (registry.ca, *registry.client), strict=True):
        (folder / "certs" / name).write_bytes(source.read_bytes())
    return "certs/ca.pem", "certs/me.pem", "certs/me.key"


@pytest.mark.registry
def test_a_registry_that_wants_a_client_certificate_is_read_with_the_one_gate_yaml_names(
    registry: Registry, tmp_path: Path
) -> None:
    ca, certificate, key = copies(tmp_path, registry)
    done = check(tmp_path, registry, f", ca: {ca}, client_cert: {certificate}, client_key: {key}")
    assert (done.code, done.err) == (0, "")


@pytest.mark.registry
def test_without_a_certificate_or_with_a_stranger_s_the_error_says_what_to_name(
    registry: Registry, tmp_path: Path
) -> None:
    ca, _, _ = copies(tmp_path, registry)
    other = trustme.CA().issue_cert("nobody@example.org")
    other.private_key_and_cert_chain_pem.write_to_path(tmp_path / "other.pem")
    for row in (f", ca: {ca}", f", ca: {ca}, client_cert: other.pem, client_key: other.pem"):
        done = check(tmp_path, registry, row)
        assert done.code == 2
        assert "asks for a client certificate" in done.err and "client_cert: FILE, client_key: FILE" in done.err
        assert len(done.err.splitlines()) == 2


@pytest.mark.registry
def test_certificates_are_found_where_docker_and_podman_keep_them(registry: Registry, tmp_path: Path) -> None:
    assert registry.ca is not None and registry.client is not None
    folder = tmp_path / ".home" / ".config" / "containers" / "certs.d" / registry.host
    folder.mkdir(parents=True)
    for name, source in zip(("ca.crt", "client.cert", "client.key"), (registry.ca, *registry.client), strict=True):
        (folder / name).write_bytes(source.read_bytes())
    assert check(tmp_path, registry, "").code == 0
    (folder / "client.key").unlink()
    done = check(tmp_path, registry, "")
    assert done.code == 2
    assert "holds client.cert without client.key" in done.err


@pytest.mark.registry
def test_a_certificate_that_is_replaced_is_shown_from_then_on(registry: Registry, tmp_path: Path) -> None:
    """A webhook runs for longer than a certificate of a day; half of a new one does not end the old one."""
    ca, certificate, key = copies(tmp_path, registry)
    good = [(tmp_path / name).read_bytes() for name in (certificate, key)]
    other = trustme.CA().issue_cert("nobody@example.org")
    other.cert_chain_pems[0].write_to_path(tmp_path / certificate)
    other.private_key_pem.write_to_path(tmp_path / key)
    row = Row(host=registry.host, ca=ca, client_cert=certificate, client_key=key)

    async def ask() -> None:
        limits = TransportLimits(tries=1)
        sources = Sources(environ={}, home=tmp_path, registries=[row], root=tmp_path, transport=limits)
        image = parse(f"{registry.host}/acme/api:1")
        try:
            with pytest.raises(RegistryError, match="asks for a client certificate"):
                await sources.client.head(image)
            (tmp_path / certificate).write_bytes(good[0])
            with pytest.raises(RegistryError, match="asks for a client certificate"):
                await sources.client.head(image)
            (tmp_path / key).write_bytes(good[1])
            first = await sources.client.head(image)
            (tmp_path / key).unlink()
            assert await sources.client.head(image) == first
        finally:
            await sources.close()

    asyncio.run(ask())


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (", client_cert: a.pem", "client_cert and client_key need each other"),
        (", client_key: a.pem", "client_cert and client_key need each other"),
        (", insecure: true, client_cert: a, client_key: b", "leave insecure out"),
        (", client_cert: no.pem, client_key: no.key", "no.pem cannot be read: No such file or directory"),
        (", client_cert: gate.yaml, client_key: gate.yaml", "are not a readable certificate with its key"),
        (", client_cert: me.pem, client_key: other.key", "other.key is not the key of "),
        (", client_cert: me.pem, client_key: locked.key", "locked.key needs a password"),
    ],
)
def test_certificates_that_cannot_be_used_are_a_mistake_of_the_settings(tmp_path: Path, row: str, message: str) -> None:
    authority = trustme.CA()
    mine, other = authority.issue_cert("me@example.org"), authority.issue_cert("other@example.org")
    (tmp_path / "me.pem").write_bytes(b"".join(each.bytes() for each in mine.cert_chain_pems))
    mine.private_key_pem.write_to_path(tmp_path / "me.key")
    other.private_key_pem.write_to_path(tmp_path / "other.key")
    subprocess.run(
        ["openssl", "pkey", "-in", "me.key", "-aes256", "-passout", "pass:x", "-out", "locked.key"],
        cwd=tmp_path,
        check=True,
        capture_output=True,
    )
    (tmp_path / "gate.yaml").write_text(f'version: 1\nregistries: [{{host: "127.0.0.1:1"{row}}}]\n')
    done = gate("check", "docker://127.0.0.1:1/acme/api:1", "--no-cache", cwd=tmp_path)
    assert done.code == 2
    assert message in done.err and "Traceback" not in done.err and len(done.err.splitlines()) <= 2


def test_the_first_folder_that_has_a_host_counts_and_a_row_beats_them(tmp_path: Path) -> None:
    from gate.settings.model import Registry as Row

    one, two = tmp_path / "one", tmp_path / "two"
    (two / "reg.test").mkdir(parents=True)
    (two / "reg.test" / "a.crt").touch()
    (two / "reg.test" / "b.crt").touch()
    found = of_folder([one, two], "reg.test")
    assert [path.name for path in found.authorities] == ["a.crt", "b.crt"]
    assert of_folder([one, two], "other.test") == Certificates()
    registries = Registries([Row(host="reg.test", ca="own.pem")], tmp_path, [two])
    [endpoint] = registries.endpoints(parse("reg.test/x"), by_digest=True)
    assert endpoint.certificates.authorities == (tmp_path / "own.pem",)


def test_a_certificate_is_shown_to_its_own_registry_alone(tmp_path: Path) -> None:
    absent = Certificates(client=(tmp_path / "no.pem", tmp_path / "no.key"), source="registries: reg.test")
    with pytest.raises(SettingsError):
        context(absent)
    from gate.evidence.image.endpoints import Endpoint, tls

    elsewhere = tls(Endpoint(registry="reg.test", host="reg.test", repository="x", certificates=absent), own=False)
    assert elsewhere.check_hostname


# --- requests that remain ----------------------------------------------------------------------------------------


class Said:
    """A response with headers."""

    def __init__(self, headers: Mapping[str, str]) -> None:
        self.headers = {name.title(): value for name, value in headers.items()}

    def get(self, name: str, default: str = "") -> str:
        return self.headers.get(name.title(), default)


@pytest.mark.parametrize(
    ("remaining", "limit", "expected"),
    [
        ("76;w=21600", "100;w=21600", (76, 100, 21600)),
        ("0", "", (0, None, None)),
        (" 3 ; w=60", "5", (3, 5, 60)),
        ("many", "100", None),
        ("", "", None),
        ("9" * 40, "1", None),
        ("-1", "1", None),
    ],
)
def test_what_remains_is_read_as_registries_write_it(
    remaining: str, limit: str, expected: tuple[int, int | None, int | None] | None
) -> None:
    class Response:
        headers = Said({"RateLimit-Remaining": remaining, "RateLimit-Limit": limit})

    assert quota(Answer(Response(), False)) == expected  # type: ignore[arg-type]


@pytest.mark.parametrize(("remaining", "told"), [("0;w=21600", True), ("10;w=21600", True), ("11;w=21600", False)])
def test_a_registry_that_will_soon_refuse_is_told_once(tmp_path: Path, remaining: str, told: bool) -> None:
    async def attempt() -> tuple[Done, str]:
        async with FakeRegistry() as fake:
            fake.hold("acme/api", "1", IMAGE)

            async def hook(request: web.Request) -> web.StreamResponse:
                answer = fake.honest(request)
                answer.headers.update({"RateLimit-Limit": "100;w=21600", "RateLimit-Remaining": remaining})
                return answer

            fake.hook = hook
            (tmp_path / "gate.yaml").write_text(f'version: 1\nregistries: [{{host: "{fake.host}", insecure: true}}]\n')
            return await asyncio.to_thread(gate, "check", f"{fake.host}/acme/api:1", cwd=tmp_path), fake.host

    done, host = asyncio.run(attempt())
    notice = (
        f"gate: note: {host} allows {remaining.partition(';')[0]} more requests of 100 in 6 h; log in to it, or name a "
        "mirror under registries:\n"
    )
    assert (done.code, done.err) == (0, notice if told else ""), done.err
