"""The webhook's server over real TLS: what callers see when they are hostile, when time runs out, when it drains."""

from __future__ import annotations

import asyncio
import contextlib
import json
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import trustme
from aiohttp import web
from gate.errors import EngineUnavailableError, UsageError
from gate.webhook.admission import Decision
from gate.webhook.metrics import Metrics
from gate.webhook.review import MAX_BODY, Answer, Request
from gate.webhook.server import KEEP_ALIVE, ServerLimits, WebhookServer
from gate.webhook.tls import LiveContext, TlsFiles

ALLOWED = Decision(answer=Answer(True), verdict="pass", environment="prod", judged=True)


async def allow(_request: Request, _deadline: float) -> Decision:
    return ALLOWED


def refuse(_request: Request, message: str) -> Decision:
    return Decision(answer=Answer(False, message), verdict="undecided", undecided=[message], judged=True)


def body(**request: Any) -> bytes:
    full = {"uid": "u", "operation": "CREATE", "object": {}} | request
    return json.dumps({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": full}).encode()


class Pki:
    """A certificate authority and the files of a pair it issued."""

    def __init__(self, folder: Path) -> None:
        self.ca = trustme.CA()
        self.files = TlsFiles(folder / "tls.crt", folder / "tls.key")
        self.issue()

    def issue(self) -> None:
        pair = self.ca.issue_cert("localhost", "127.0.0.1")
        self.files.certificate.write_bytes(b"".join(blob.bytes() for blob in pair.cert_chain_pems))
        self.files.key.write_bytes(pair.private_key_pem.bytes())

    def client(self, certificate: trustme.LeafCert | None = None) -> ssl.SSLContext:
        context = ssl.create_default_context()
        self.ca.configure_trust(context)
        if certificate is not None:
            certificate.configure_cert(context)
        return context


@pytest.fixture
def pki(tmp_path: Path) -> Pki:
    return Pki(tmp_path)


@contextlib.asynccontextmanager
async def serving(server: WebhookServer, context: LiveContext) -> AsyncIterator[str]:
    runner = web.AppRunner(server.application(), keepalive_timeout=KEEP_ALIVE, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context.outer)
    await site.start()
    try:
        yield f"https://localhost:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


def make(admit: Callable[[Request, float], Awaitable[Decision]] = allow, **more: Any) -> WebhookServer:
    return WebhookServer(admit, refuse, more.pop("readiness", list), Metrics(), **more)


def run(pki: Pki, server: WebhookServer, talk: Callable[[aiohttp.ClientSession, str], Awaitable[Any]]) -> Any:
    async def main() -> Any:
        async with serving(server, LiveContext(pki.files)) as url:
            connector = aiohttp.TCPConnector(ssl=pki.client())
            async with aiohttp.ClientSession(connector=connector) as session:
                return await talk(session, url)

    return asyncio.run(main())


JSON = {"Content-Type": "application/json"}


def test_a_review_is_answered_with_its_uid(pki: Pki) -> None:
    async def talk(session: aiohttp.ClientSession, url: str) -> Any:
        async with session.post(f"{url}/validate", data=body(uid="42"), headers=JSON) as answer:
            return answer.status, await answer.json()

    status, review = run(pki, make(), talk)
    assert (status, review["response"]) == (200, {"uid": "42", "allowed": True})


@pytest.mark.parametrize(
    ("data", "headers", "status"),
    [
        (b"", JSON, 400),
        (b"{", JSON, 400),
        (b"[" * 5_000, JSON, 400),
        (body(), {"Content-Type": "text/plain"}, 415),
        (b" " * (MAX_BODY + 1), JSON, 413),
    ],
    ids=["empty", "broken", "deep", "text", "huge"],
)
def test_what_is_no_review_gets_4xx_and_the_server_lives(
    pki: Pki, data: bytes, headers: dict[str, str], status: int
) -> None:
    async def talk(session: aiohttp.ClientSession, url: str) -> Any:
        async with session.post(f"{url}/validate", data=data, headers=headers) as answer:
            first = answer.status
        async with session.post(f"{url}/validate", data=body(), headers=JSON) as answer:
            return first, answer.status

    assert run(pki, make(), talk) == (status, 200)


def test_the_api_server_s_timeout_is_honoured_while_everything_hangs(pki: Pki) -> None:
    async def hang(_request: Request, _deadline: float) -> Decision:
        await asyncio.Event().wait()
        raise AssertionError

    async def talk(session: aiohttp.ClientSession, url: str) -> Any:
        timeout = aiohttp.ClientTimeout(total=2)
        async with session.post(f"{url}/validate?timeout=2s", data=body(), headers=JSON, timeout=timeout) as answer:
            return (await answer.json())["response"]

    response = run(pki, make(hang), talk)
    assert response["allowed"] is False
    assert response["status"]["message"] == "gate could not decide in time; retry"


@pytest.mark.parametrize(
    ("error", "said"),
    [(EngineUnavailableError("OPA is down"), "OPA is down"), (ValueError("secret"), "internal error")],
)
def test_a_failure_inside_is_a_refusal_with_a_reason_and_no_trace(pki: Pki, error: Exception, said: str) -> None:
    async def fail(_request: Request, _deadline: float) -> Decision:
        raise error

    async def talk(session: aiohttp.ClientSession, url: str) -> Any:
        async with session.post(f"{url}/validate", data=body(), headers=JSON) as answer:
            return (await answer.json())["response"]["status"]["message"]

    message = run(pki, make(fail), talk)
    assert said in message and "secret" not in message


def test_a_full_server_sheds_with_503_at_once(pki: Pki) -> None:
    async def talk(session: aiohttp.ClientSession, url: str) -> Any:
        first = asyncio.create_task(_status(session, url))
        await entered.wait()
        second = await _status(session, url)
        release.set()
        return await first, second

    entered, release = asyncio.Event(), asyncio.Event()

    async def slow(_request: Request, _deadline: float) -> Decision:
        entered.set()
        await release.wait()
        return ALLOWED

    assert run(pki, make(slow, limits=ServerLimits(concurrency=1)), talk) == (200, 503)


async def _status(session: aiohttp.ClientSession, url: str) -> int:
    async with session.post(f"{url}/validate", data=body(), headers=JSON) as answer:
        return answer.status


def test_a_draining_server_answers_and_closes_the_connection(pki: Pki) -> None:
    server = make()

    async def talk(session: aiohttp.ClientSession, url: str) -> Any:
        async with session.post(f"{url}/validate", data=body(), headers=JSON) as answer:
            before = answer.headers.get("Connection")
        server.draining = True
        async with session.post(f"{url}/validate", data=body(), headers=JSON) as answer:
            after = (answer.status, answer.headers.get("Connection"))
        async with session.get(f"{url}/readyz") as answer:
            return before, after, answer.status

    assert run(pki, server, talk) == (None, (200, "close"), 503)


def test_readiness_says_what_is_missing(pki: Pki) -> None:
    async def talk(session: aiohttp.ClientSession, url: str) -> Any:
        async with session.get(f"{url}/readyz") as answer:
            return answer.status, await answer.text()

    assert run(pki, make(readiness=lambda: ["OPA does not answer"]), talk) == (503, "OPA does not answer\n")


def _serial(url: str, context: ssl.SSLContext) -> str:
    import socket

    port = int(url.rpartition(":")[2])
    with (
        socket.create_connection(("127.0.0.1", port)) as raw,
        context.wrap_socket(raw, server_hostname="localhost") as tls,
    ):
        return str((tls.getpeercert() or {})["serialNumber"])


def test_a_new_pair_is_served_and_a_mismatched_one_keeps_the_old(pki: Pki) -> None:
    async def main() -> None:
        live = LiveContext(pki.files)
        async with serving(make(), live) as url:
            first = await asyncio.to_thread(_serial, url, pki.client())
            assert live.reload() is False
            pki.issue()
            assert live.reload() is True
            second = await asyncio.to_thread(_serial, url, pki.client())
            assert second != first
            pki.files.key.write_bytes(trustme.CA().issue_cert("localhost").private_key_pem.bytes())
            with pytest.raises(UsageError):
                live.reload()
            assert await asyncio.to_thread(_serial, url, pki.client()) == second

    asyncio.run(main())


def test_with_a_client_ca_only_the_api_server_gets_an_answer(pki: Pki, tmp_path: Path) -> None:
    client_ca = trustme.CA()
    (tmp_path / "client-ca.pem").write_bytes(client_ca.cert_pem.bytes())
    files = TlsFiles(pki.files.certificate, pki.files.key, tmp_path / "client-ca.pem")

    async def post(url: str, certificate: trustme.LeafCert | None) -> int | str:
        connector = aiohttp.TCPConnector(ssl=pki.client(certificate))
        async with aiohttp.ClientSession(connector=connector) as session:
            try:
                return await _status(session, url)
            except (aiohttp.ClientError, ConnectionError):
                return "refused"

    async def main() -> list[int | str]:
        async with serving(make(client_names=("kube-apiserver",)), LiveContext(files)) as url:
            good = client_ca.issue_cert(common_name="kube-apiserver")
            return [
                await post(url, good),
                await post(url, client_ca.issue_cert(common_name="somebody")),
                await post(url, None),
                await post(url, trustme.CA().issue_cert(common_name="kube-apiserver")),
            ]

    assert asyncio.run(main()) == [200, 403, "refused", "refused"]
