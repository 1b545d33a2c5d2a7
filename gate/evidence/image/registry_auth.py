"""Logging in to a registry: challenges, tokens, and which credential goes where.

The flow is the distribution project's: a 401 names a realm, the realm gives a token for a scope. A credential goes to
the endpoint it was looked up for and to the realm that endpoint itself names, over https unless the endpoint is
insecure by name; never after a redirect, never to a host that a redirect led to. A token that is refused is asked for
once more, then the next credential is tried, and then it ends.
"""

from __future__ import annotations

import asyncio
import base64
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import msgspec
from yarl import URL

from gate.errors import ImageError, RegistryError
from gate.evidence.image.answers import Answer, read_body
from gate.evidence.image.document_cache import DocumentCache, RecentDocuments
from gate.evidence.image.documents import read_object
from gate.evidence.image.endpoints import Endpoint
from gate.evidence.image.transport import Transport

__all__ = ["Challenge", "Credential", "Door", "Keychain", "NoCredentials", "challenges"]

_TOKEN_LIMIT = 1 << 20
_VALUE = r'"((?:[^"\\]|\\.)*)"|([^\s,"]+)'
_PARAMETER = re.compile(rf"([A-Za-z_]+)\s*=\s*(?:{_VALUE})")
_CHALLENGE = re.compile(rf"([A-Za-z][A-Za-z0-9-]*)(?:\s+|$)((?:[A-Za-z_]+\s*=\s*(?:{_VALUE})\s*,?\s*)*)")
_VISIBLE = re.compile(r"[\x21-\x7e]+")


class Credential(msgspec.Struct, frozen=True, kw_only=True):
    """What proves who asks: a user and password, a refresh token (``identity_token``), or a token to use as it is."""

    username: str = ""
    password: str = ""
    identity_token: str | None = None
    registry_token: str | None = None

    def __repr__(self) -> str:
        return f"Credential(username={self.username!r}, secret=...)"

    __str__ = __repr__

    @property
    def basic(self) -> str:
        """The value of a basic Authorization header."""
        return "Basic " + base64.b64encode(f"{self.username}:{self.password}".encode()).decode()


class Keychain(Protocol):
    """Where credentials come from."""

    async def credentials(self, name: str) -> Sequence[Credential]:
        """All that may open ``registry/repository`` (or a registry's catalog), best first."""
        ...


class NoCredentials:
    """Asks as nobody."""

    async def credentials(self, name: str) -> Sequence[Credential]:
        """None."""
        return ()


class Challenge(msgspec.Struct, frozen=True):
    """One challenge of a WWW-Authenticate header, its scheme in lower case."""

    scheme: str
    parameters: dict[str, str]


def challenges(headers: Sequence[str]) -> list[Challenge]:
    """All challenges in some WWW-Authenticate headers, in order."""
    found = []
    for header in headers:
        for scheme, text, *_ in _CHALLENGE.findall(header[:8192]):
            parameters: dict[str, str] = {}
            for name, quoted, plain in _PARAMETER.findall(text):
                parameters.setdefault(name.lower(), re.sub(r"\\(.)", r"\1", quoted) or plain)
            found.append(Challenge(scheme.lower(), parameters))
    return found


class _Token(msgspec.Struct):
    """The answer of a token server."""

    token: str | None = None
    access_token: str | None = None
    expires_in: float | None = None


@dataclass(slots=True)
class _Key:
    """How one credential opens one scope: the header that worked last, and until when it does."""

    header: str | None = None
    until: float = 0
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class Door:
    """Sends requests to registries, logging in where asked. Tokens are kept for its lifetime.

    ``memory`` keeps what a host asked for the last time, which is no secret, so that the next run need not be refused
    first. ``token_limit``: bytes of a token server's answer.
    """

    def __init__(
        self,
        transport: Transport,
        keychain: Keychain | None = None,
        memory: DocumentCache | None = None,
        *,
        token_limit: int = _TOKEN_LIMIT,
    ) -> None:
        self._transport = transport
        self._token_limit = token_limit
        self._memory = memory if memory is not None else RecentDocuments()
        self._keychain = keychain or NoCredentials()
        self._keys: dict[tuple[Endpoint, str, int], _Key] = {}
        self._credentials: dict[Endpoint, Sequence[Credential]] = {}
        self._opened: dict[Endpoint, int] = {}  # which credential did

    async def send(
        self,
        endpoint: Endpoint,
        path: str,
        *,
        scope: str,
        method: str = "GET",
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        total: float | None = None,
    ) -> Answer:
        """The answer to a request below ``/v2/``, of any status; the caller closes it. ``body``: bytes to send.

        A 401 or 403 is returned only when no credential opens the door.
        """
        url = (await self._transport.base(endpoint)).join(URL(path, encoded=True))
        credentials = await self._known(endpoint)
        first = self._opened.get(endpoint, 0)
        order = [first, *(index for index in range(max(1, len(credentials))) if index != first)]
        for index in order:
            credential = credentials[index] if credentials else None
            key = self._keys.setdefault((endpoint, scope, index), _Key())
            answer = await self._try(endpoint, url, scope, credential, key, method, headers, body, total)
            if answer.status not in (401, 403):
                self._opened[endpoint] = index
                return answer
            if index == order[-1]:
                return answer
            answer.close()
        raise AssertionError("the last credential returns")

    async def _known(self, endpoint: Endpoint) -> Sequence[Credential]:
        found = self._credentials.get(endpoint)
        if found is None:
            found = self._credentials[endpoint] = await self._keychain.credentials(endpoint.name)
        return found

    async def _try(
        self,
        endpoint: Endpoint,
        url: URL,
        scope: str,
        credential: Credential | None,
        key: _Key,
        method: str,
        headers: Mapping[str, str] | None,
        body: bytes | None,
        total: float | None,
    ) -> Answer:
        """Ask with what worked before, then at most once more with what the challenge asks for."""
        held = key.header if asyncio.get_running_loop().time() < key.until else None
        if held is None:
            held = await self._foresee(endpoint, scope, credential, key)
        answer = await self._transport.send(
            endpoint, url, method=method, headers=headers, authorization=held, form=body, total=total
        )
        if answer.status != 401 or answer.foreign:
            return answer
        asked = challenges(answer.response.headers.getall("WWW-Authenticate", []))
        async with key.lock:  # requests at the same time share one login
            if key.header is None or key.header == held or asyncio.get_running_loop().time() >= key.until:
                header, lifetime = await self._login(endpoint, asked, scope, credential)
                if header is None or header == held:
                    return answer
                key.header, key.until = header, asyncio.get_running_loop().time() + lifetime
                self._memory.put(_memory_key(endpoint), msgspec.json.encode(asked))
        answer.close()
        return await self._transport.send(
            endpoint, url, method=method, headers=headers, authorization=key.header, form=body, total=total
        )

    async def _foresee(self, endpoint: Endpoint, scope: str, credential: Credential | None, key: _Key) -> str | None:
        """The header that answers what the host asked for the last time; null where that is not known or fails."""
        remembered = self._memory.get(_memory_key(endpoint))
        if remembered is None:
            return None
        async with key.lock:
            if key.header is None or asyncio.get_running_loop().time() >= key.until:
                try:
                    asked = msgspec.json.decode(remembered, type=list[Challenge])
                    header, lifetime = await self._login(endpoint, asked, scope, credential)
                except (msgspec.DecodeError, RegistryError):
                    return None
                if header is not None:
                    key.header, key.until = header, asyncio.get_running_loop().time() + lifetime
        return key.header

    async def _login(
        self, endpoint: Endpoint, asked: Sequence[Challenge], scope: str, credential: Credential | None
    ) -> tuple[str | None, float]:
        """The Authorization header that answers a challenge and the seconds it holds; null where nothing can."""
        if credential is not None and credential.registry_token:
            return _bearer(endpoint, credential.registry_token), 60.0
        for challenge in asked:
            if challenge.scheme == "bearer":
                return await self._token(endpoint, challenge, scope, credential)
        if credential is not None and credential.username and any(each.scheme == "basic" for each in asked):
            return credential.basic, 3600.0
        return None, 0.0

    async def _token(
        self, endpoint: Endpoint, challenge: Challenge, scope: str, credential: Credential | None
    ) -> tuple[str | None, float]:
        realm = await self._realm(endpoint, challenge)
        service = challenge.parameters.get("service", "")
        answer = None
        if credential is not None and credential.identity_token:
            form = {
                "grant_type": "refresh_token",
                "service": service,
                "scope": scope,
                "client_id": "gate",
                "refresh_token": credential.identity_token,
            }
            answer = await self._transport.send(endpoint, realm, method="POST", form=form, follow=False)
            if answer.status in (404, 405):
                answer.close()
                answer = None
        if answer is None:
            query = {"service": service, "scope": scope} if service else {"scope": scope}
            basic = credential.basic if credential is not None and credential.username else None
            answer = await self._transport.send(endpoint, realm.update_query(query), authorization=basic, follow=False)
        try:
            return await self._read_token(endpoint, realm, answer)
        finally:
            answer.close()

    async def _realm(self, endpoint: Endpoint, challenge: Challenge) -> URL:
        """The token server's URL, checked; the transport refuses addresses it must not have."""
        text = challenge.parameters.get("realm", "")
        try:
            realm = URL(text, encoded=True)
            usable = realm.scheme in ("https", "http") and bool(realm.host) and realm.user is None
        except ValueError:
            usable = False
        if not usable:
            raise RegistryError("names no token server that can be asked", where=endpoint.host)
        if realm.scheme == "http" and not endpoint.insecure:
            raise RegistryError(
                f"names a token server without TLS: {realm.host}",
                reason="refused",
                where=endpoint.host,
                hint="if the registry is plain HTTP on purpose: registries: {host: ..., insecure: true}",
            )
        return realm

    async def _read_token(self, endpoint: Endpoint, realm: URL, answer: Answer) -> tuple[str | None, float]:
        where = realm.host or endpoint.host
        if answer.status in (400, 401, 403):
            return None, 0.0
        if answer.status != 200:
            raise RegistryError(f"the token server answers {answer.status}", where=where)
        body = await read_body(answer, self._token_limit, "the token", where)
        try:
            found = msgspec.convert(read_object(body, "the token", self._token_limit), _Token)
        except (ImageError, msgspec.ValidationError):
            raise RegistryError("the token server's answer is no token", where=where) from None
        token = found.token or found.access_token
        if not token:
            return None, 0.0
        # Asked again a little before it ends; tokens are good for 60 s where the server does not say.
        lifetime = min(max(found.expires_in or 60.0, 1.0), 3600.0)
        return _bearer(endpoint, token), lifetime * 0.9


def _memory_key(endpoint: Endpoint) -> str:
    return f"challenge of {endpoint.host} {endpoint.insecure}"


def _bearer(endpoint: Endpoint, token: str) -> str:
    if not _VISIBLE.fullmatch(token):
        raise RegistryError("a token with spaces or control characters", where=endpoint.host)
    return f"Bearer {token}"
