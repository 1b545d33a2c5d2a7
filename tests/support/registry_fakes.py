"""Registries and token servers for what real ones never do, and for tokens that a real registry believes.

`FakeRegistry` speaks the protocol honestly until a hook answers instead; it notes every request. `TokenServer` gives
tokens signed as docker-registry checks them. Both listen on loopback, in the event loop or thread of their user.
"""

from __future__ import annotations

import asyncio
import base64
import datetime
import json
import ssl
import threading
import time
import urllib.parse
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self

import trustme
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import NameOID

from tests.support.oci_images import OCI_MANIFEST, Image, digest_of

Hook = Callable[[web.Request], Awaitable[web.StreamResponse | None]]


@dataclass(frozen=True)
class Asked:
    """One request as it arrived."""

    method: str
    path: str
    headers: dict[str, str]

    @property
    def authorization(self) -> str | None:
        return self.headers.get("Authorization")


class Authority:
    """A certificate authority for loopback servers."""

    def __init__(self, directory: Path) -> None:
        self._authority = trustme.CA()
        directory.mkdir(parents=True, exist_ok=True)
        self.pem = directory / "authority.pem"
        self._authority.cert_pem.write_to_path(self.pem)

    def server(self, *names: str) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._authority.issue_cert(*(names or ("127.0.0.1", "localhost"))).configure_cert(context)
        return context


class FakeRegistry:
    """An HTTP server that behaves as a registry: ``async with FakeRegistry() as fake``.

    ``hook`` may answer any request instead; ``asked`` are all requests in order.
    """

    def __init__(self, *, tls: ssl.SSLContext | None = None) -> None:
        self.manifests: dict[str, tuple[bytes, str]] = {}
        self.blobs: dict[str, bytes] = {}
        self.tags: dict[str, list[str]] = {}
        self.asked: list[Asked] = []
        self.hook: Hook | None = None
        self.host = ""
        self._tls = tls
        self._runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        return f"{'https' if self._tls else 'http'}://{self.host}"

    def hold(self, repository: str, tag: str | None, image: Image) -> str:
        """Serve an image; returns its digest."""
        self.blobs |= image.blobs
        return self.hold_manifest(repository, tag, image.manifest, image.media_type)

    def hold_manifest(self, repository: str, tag: str | None, data: bytes, media_type: str = OCI_MANIFEST) -> str:
        digest = digest_of(data)
        self.manifests[f"{repository}@{digest}"] = (data, media_type)
        if tag is not None:
            self.manifests[f"{repository}@{tag}"] = (data, media_type)
            self.tags.setdefault(repository, []).append(tag)
        return digest

    def paths(self, method: str | None = None) -> list[str]:
        return [each.path for each in self.asked if method in (None, each.method)]

    async def __aenter__(self) -> Self:
        application = web.Application()
        application.router.add_route("*", "/{path:.*}", self._answer)
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0, ssl_context=self._tls)
        await site.start()
        self.host = f"127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._runner is not None
        await self._runner.cleanup()

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(Asked(request.method, request.path_qs, dict(request.headers)))
        answer = await self.hook(request) if self.hook is not None else None
        return answer if answer is not None else self.honest(request)

    def honest(self, request: web.Request) -> web.StreamResponse:
        """What a registry that means well answers."""
        if request.path in ("/v2/", "/v2"):
            return web.json_response({})
        name, _, last = request.path.removeprefix("/v2/").rpartition("/")
        repository, _, kind = name.rpartition("/")
        if kind == "manifests" and f"{repository}@{last}" in self.manifests:
            data, media_type = self.manifests[f"{repository}@{last}"]
            headers = {"Content-Type": media_type, "Docker-Content-Digest": digest_of(data)}
            return web.Response(body=data, headers=headers)
        if kind == "blobs" and last in self.blobs:
            return _ranged(request, self.blobs[last])
        if kind == "tags":
            return web.json_response({"name": repository, "tags": self.tags.get(repository, [])})
        return refusal(404, "MANIFEST_UNKNOWN", "manifest unknown")


def _ranged(request: web.Request, data: bytes) -> web.Response:
    asked = request.headers.get("Range", "")
    if not asked.startswith("bytes="):
        return web.Response(body=data, content_type="application/octet-stream")
    start = int(asked.removeprefix("bytes=").partition("-")[0])
    headers = {"Content-Range": f"bytes {start}-{len(data) - 1}/{len(data)}"}
    return web.Response(status=206, body=data[start:], headers=headers)


def refusal(status: int, code: str, message: str = "", **headers: str) -> web.Response:
    body = {"errors": [{"code": code, "message": message}]}
    return web.json_response(
        body, status=status, headers={key.replace("_", "-"): value for key, value in headers.items()}
    )


async def drip(request: web.Request, data: bytes, pause: float, length: int | None = None) -> web.StreamResponse:
    """Send a body byte by byte until the client has had enough."""
    answer = web.StreamResponse(headers={"Content-Length": str(length or len(data))})
    await answer.prepare(request)
    with suppress(ConnectionError):
        for index in range(len(data)):
            await answer.write(data[index : index + 1])
            await asyncio.sleep(pause)
    return answer


async def endless(request: web.Request, **headers: str) -> web.StreamResponse:
    """Send zeros until the client has had enough."""
    answer = web.StreamResponse(headers=headers)
    await answer.prepare(request)
    with suppress(ConnectionError):
        while True:
            await answer.write(bytes(1 << 16))
    return answer


# --- tokens ----------------------------------------------------------------------------------------------------


@dataclass
class TokenServer:
    """Gives signed tokens to those who may have them: ``GET ?service&scope`` with a password, or OAuth2 refresh.

    ``readers``: repositories by user; ``""`` is anybody. ``certificate`` is what docker-registry trusts.
    """

    directory: Path
    service: str = "gate-tests"
    issuer: str = "gate-tests-tokens"
    users: dict[str, str] = field(default_factory=dict)
    refresh_tokens: dict[str, str] = field(default_factory=dict)
    readers: dict[str, set[str]] = field(default_factory=dict)
    seconds: int = 300
    knows_oauth: bool = True
    asked: list[tuple[str, str]] = field(default_factory=list)
    host: str = ""

    def __enter__(self) -> Self:
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self._certificate = _self_signed(self._key)
        self.directory.mkdir(parents=True, exist_ok=True)
        self.certificate = self.directory / "tokens.pem"
        self.certificate.write_bytes(self._certificate.public_bytes(serialization.Encoding.PEM))
        handler = type("Handler", (_TokenHandler,), {"tokens": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.host = f"127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def realm(self) -> str:
        return f"http://{self.host}/token"

    def token(self, user: str, scopes: list[str]) -> str:
        """A JWT that grants what the user may read of the scopes."""
        now = int(time.time())
        der = self._certificate.public_bytes(serialization.Encoding.DER)
        header = {"typ": "JWT", "alg": "RS256", "x5c": [base64.b64encode(der).decode()]}
        claims = {
            "iss": self.issuer,
            "sub": user,
            "aud": self.service,
            "exp": now + self.seconds,
            "nbf": now - 10,
            "iat": now,
            "jti": str(time.monotonic_ns()),
            "access": [access for scope in scopes if (access := self._access(user, scope))],
        }
        signed = f"{_segment(json.dumps(header).encode())}.{_segment(json.dumps(claims).encode())}"
        signature = self._key.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256())
        return f"{signed}.{_segment(signature)}"

    def _access(self, user: str, scope: str) -> dict[str, Any] | None:
        kind, _, rest = scope.partition(":")
        name, _, actions = rest.rpartition(":")
        may = self.readers.get(user, set()) | self.readers.get("", set())
        if name not in may and "*" not in may:
            return None
        granted = [each for each in actions.split(",") if each in ("pull", "*") or user == "writer"]
        return {"type": kind, "name": name, "actions": granted}


class _TokenHandler(BaseHTTPRequestHandler):
    tokens: TokenServer

    def do_GET(self) -> None:
        query = urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query)
        user = self._user(self.headers.get("Authorization"))
        self._give("GET", user, query.get("scope", []))

    def do_POST(self) -> None:
        text = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        form = urllib.parse.parse_qs(text)
        if not self.tokens.knows_oauth:
            self.tokens.asked.append(("POST", "404"))
            self._send(404, {})
            return
        user = self.tokens.refresh_tokens.get(form.get("refresh_token", [""])[0])
        self._give("POST", user, " ".join(form.get("scope", [])).split())

    def _user(self, authorization: str | None) -> str | None:
        if authorization is None:
            return ""
        name, _, password = base64.b64decode(authorization.removeprefix("Basic ")).decode().partition(":")
        return name if self.tokens.users.get(name) == password else None

    def _give(self, method: str, user: str | None, scopes: list[str]) -> None:
        self.tokens.asked.append((method, " ".join(scopes)))
        if user is None:
            self._send(401, {"details": "incorrect username or password"})
            return
        token = self.tokens.token(user, scopes)
        member = "access_token" if method == "POST" else "token"
        self._send(200, {member: token, "expires_in": self.tokens.seconds})

    def _send(self, status: int, body: dict[str, Any]) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def _segment(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _self_signed(key: rsa.RSAPrivateKey) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "gate tests")])
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=2))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
