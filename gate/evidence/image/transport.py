"""HTTP to registries: bounded, guarded, patient only where that helps.

Redirects are followed by hand, over https (http only to an insecure endpoint's own host), never with credentials to
another host, and never to an address the guard refuses. 429 is waited for as the registry asks, within bounds; 5xx and
broken connections are tried again. Bodies are read raw: no content encoding is ever undone.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace

import aiohttp
import msgspec
from aiohttp.abc import AbstractResolver
from yarl import URL

from gate.errors import RegistryError, SettingsError
from gate.evidence.image.addresses import Guard, GuardedResolver, literal
from gate.evidence.image.answers import Answer, failure, quota, rate_limited, retry_after, shown
from gate.evidence.image.certificates import stamp
from gate.evidence.image.endpoints import Endpoint, tls
from gate.evidence.image.proxies import Proxies

__all__ = ["Transport", "TransportLimits"]

_REDIRECTS = (301, 302, 303, 307, 308)
_TRANSIENT = (500, 502, 503, 504)
_AGENT = "gate"
_FEW = 5  # requests that remain when people are told


class TransportLimits(msgspec.Struct, frozen=True, kw_only=True):
    """Seconds to connect, between two pieces of a body (``idle``), for a whole ``document``.

    ``patience``: seconds to wait altogether after 429 or a transient failure; ``pause``: at first, where the registry
    does not say. ``tries`` of one request, ``redirects``, ``connections`` to one host. ``rate`` (bytes a second) is
    what a blob must arrive at on average; ``blob`` the seconds it has at least, ``longest`` at most.
    """

    connect: float = 10
    idle: float = 20
    document: float = 30
    patience: float = 60
    pause: float = 0.5
    tries: int = 3
    redirects: int = 5
    connections: int = 8
    rate: int = 256 << 10
    blob: float = 60
    longest: float = 3600

    def for_blob(self, size: int) -> float:
        """Seconds a blob of ``size`` bytes may take."""
        return min(self.blob + size / self.rate, self.longest)


@dataclass(slots=True)
class _Host:
    """The connections of one endpoint's host: to itself, and to wherever it redirects."""

    guard: Guard
    own: aiohttp.ClientSession
    others: aiohttp.ClientSession
    own_tls: ssl.SSLContext
    others_tls: ssl.SSLContext
    stamp: tuple[int, ...] | None = None
    scheme: str | None = None
    finding: asyncio.Lock = field(default_factory=asyncio.Lock)


class Transport:
    """Connections to registries, kept open between requests. One per event loop; close it."""

    def __init__(
        self,
        *,
        limits: TransportLimits | None = None,
        proxies: Proxies | None = None,
        resolver: AbstractResolver | None = None,
        notice: Callable[[str], None] | None = None,
    ) -> None:
        """``notice`` is told, once a host, that few requests remain before it refuses more."""
        self.limits = limits or TransportLimits()
        self._notice = notice
        self._scarce: set[str] = set()
        self._resolver = resolver
        self._proxies = proxies or Proxies()
        self._hosts: dict[Endpoint, _Host] = {}

    async def close(self) -> None:
        """Close all connections."""
        for host in self._hosts.values():
            await host.own.close()
            await host.others.close()
        self._hosts.clear()

    async def base(self, endpoint: Endpoint) -> URL:
        """``https://host``, or ``http://host`` for an insecure endpoint that does not speak TLS."""
        host = self._host(endpoint)
        if host.scheme is None:
            async with host.finding:
                if host.scheme is None:
                    host.scheme = await self._find_scheme(endpoint, host) if endpoint.insecure else "https"
        return URL(f"{host.scheme}://{endpoint.host}")

    async def send(
        self,
        endpoint: Endpoint,
        url: URL,
        *,
        method: str = "GET",
        headers: Mapping[str, str] | None = None,
        authorization: str | None = None,
        form: Mapping[str, str] | bytes | None = None,
        total: float | None = None,
        follow: bool = True,
    ) -> Answer:
        """One request, repeated where that helps; the caller closes the answer, of whatever status.

        ``authorization`` goes to ``url``'s own host only. ``form``: what is posted, or bytes as they are. ``total``:
        seconds for everything, the body included.
        Raises `RegistryError`: unreachable, timeout, rate-limited, refused, protocol.
        """
        limits, origin = self.limits, (await self.base(endpoint)).origin()
        patience = limits.patience
        for attempt in range(1, limits.tries + 1):
            last = attempt == limits.tries
            try:
                answer = await self._follow(endpoint, origin, url, method, headers, authorization, form, total, follow)
            except RegistryError as error:
                if last or error.reason != "unreachable":
                    raise
                pause = limits.pause * attempt
            else:
                self._note_quota(endpoint.host, answer)
                if answer.status != 429 and answer.status not in _TRANSIENT:
                    return answer
                asked = retry_after(answer)
                pause = limits.pause * 2**attempt if asked is None else asked
                if last or pause > patience:
                    if answer.status != 429:
                        return answer
                    answer.close()
                    raise rate_limited(endpoint.host, pause)
                answer.close()
            patience -= pause
            await asyncio.sleep(pause)
        raise AssertionError("the last attempt returns or raises")

    def _note_quota(self, host: str, answer: Answer) -> None:
        """Tell when a registry lets us ask only a few times more."""
        found = quota(answer)
        if found is None or self._notice is None or answer.foreign:
            return
        remaining, limit, window = found
        if remaining > max(_FEW, (limit or 0) // 10):
            self._scarce.discard(host)
        elif host not in self._scarce:
            self._scarce.add(host)
            of = f" of {limit}" if limit else ""
            within = f" in {window / 3600:.3g} h" if window else ""
            self._notice(
                f"{host} allows {remaining} more requests{of}{within}; log in to it, or name a mirror under registries:"
            )

    # --- one request, with its redirects -----------------------------------------------------------------------

    async def _follow(
        self,
        endpoint: Endpoint,
        origin: URL,
        url: URL,
        method: str,
        headers: Mapping[str, str] | None,
        authorization: str | None,
        form: Mapping[str, str] | bytes | None,
        total: float | None,
        follow: bool,
    ) -> Answer:
        first = url.origin()
        for _ in range(self.limits.redirects + 1):
            self._check(endpoint, origin, url)
            sent = dict(headers or {})
            if authorization is not None and url.origin() == first:
                sent["Authorization"] = authorization
            response = await self._once(endpoint, origin, url, method, sent, form, total)
            if not follow or response.status not in _REDIRECTS:
                return Answer(response, url.origin() != first)
            response.close()
            url = _target(endpoint, url, response)
        raise RegistryError(f"more than {self.limits.redirects} redirects", where=endpoint.host)

    def _check(self, endpoint: Endpoint, origin: URL, url: URL) -> None:
        """Refuse URLs no registry has a reason to send us to."""
        if url.scheme not in ("https", "http") or not url.host or url.user is not None:
            raise RegistryError(f"refused to go to {shown(url)}", reason="refused", where=endpoint.host)
        if url.origin() == origin:
            return
        if url.scheme == "http" and not (endpoint.insecure and url.host == origin.host):
            raise RegistryError(f"refused to go to {shown(url)}: not https", reason="refused", where=endpoint.host)
        self._host(endpoint).guard.check(url.host)

    async def _once(
        self,
        endpoint: Endpoint,
        origin: URL,
        url: URL,
        method: str,
        headers: Mapping[str, str],
        form: Mapping[str, str] | bytes | None,
        total: float | None,
    ) -> aiohttp.ClientResponse:
        host = self._host(endpoint)
        proxy = self._proxies.choose(url.scheme, url.host or "", url.port or 0)
        own = url.origin() == origin or proxy is not None  # a proxy resolves names itself
        session = host.own if own else host.others
        limits = self.limits
        timeout = aiohttp.ClientTimeout(
            total=total or limits.document, sock_connect=limits.connect, sock_read=limits.idle
        )
        try:
            return await session.request(
                method,
                url,
                headers={"User-Agent": _AGENT, "Accept-Encoding": "identity", **headers},
                data=form if form is None or isinstance(form, bytes) else dict(form),
                allow_redirects=False,
                proxy=proxy,
                ssl=host.own_tls if url.origin() == origin else host.others_tls,
                timeout=timeout,
            )
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            raise failure(url.host or endpoint.host, error) from None

    def _host(self, endpoint: Endpoint) -> _Host:
        key = replace(endpoint, repository="", is_mirror=False)
        found = self._hosts.get(key)
        now = stamp(endpoint.certificates)
        if found is None:
            own_tls, others_tls = tls(endpoint), tls(endpoint, own=False)  # first: nothing is open when they raise
            guard = Guard()
            own = URL(f"https://{endpoint.host}").host or ""
            if address := literal(own):
                guard.learn([address])
            found = self._hosts[key] = _Host(
                guard=guard,
                own=self._session(GuardedResolver(guard, own, self._resolver)),
                others=self._session(GuardedResolver(guard, None, self._resolver)),
                own_tls=own_tls,
                others_tls=others_tls,
                stamp=now,
            )
        elif now is not None and now != found.stamp:
            with suppress(SettingsError):  # half of a new certificate: the old one goes on
                found.own_tls, found.others_tls = tls(endpoint), tls(endpoint, own=False)
                found.stamp = now
        return found

    def _session(self, resolver: GuardedResolver) -> aiohttp.ClientSession:
        connector = aiohttp.TCPConnector(
            resolver=resolver, use_dns_cache=False, limit=0, limit_per_host=self.limits.connections
        )
        return aiohttp.ClientSession(
            connector=connector, auto_decompress=False, cookie_jar=aiohttp.DummyCookieJar(), trust_env=False
        )

    async def _find_scheme(self, endpoint: Endpoint, host: _Host) -> str:
        """Whether an insecure endpoint speaks TLS."""
        url = URL(f"https://{endpoint.host}/v2/")
        try:
            response = await self._once(endpoint, url.origin(), url, "GET", {}, None, None)
        except RegistryError:
            return "http"
        response.close()
        return "https"


def _target(endpoint: Endpoint, url: URL, response: aiohttp.ClientResponse) -> URL:
    location = response.headers.get("Location")
    try:
        if not location:
            raise ValueError
        return url.join(URL(location, encoded=True))
    except ValueError:
        raise RegistryError("a redirect that leads nowhere", where=endpoint.host) from None
