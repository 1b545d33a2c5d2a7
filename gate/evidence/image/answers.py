"""What comes back from a registry: bodies within bounds, and failures in words."""

from __future__ import annotations

import email.utils
import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass

import aiohttp
from yarl import URL

from gate.errors import RegistryError

_COUNT = re.compile(r"\s*(\d{1,12})(?!\d)(?:\s*;\s*w=(\d{1,9}))?", re.ASCII)
_REFUSALS = frozenset(
    f"{version}_ALERT_{name}"
    for version in ("SSLV3", "TLSV1", "TLSV13")
    for name in ("CERTIFICATE_REQUIRED", "BAD_CERTIFICATE", "UNKNOWN_CA", "CERTIFICATE_EXPIRED")
)

__all__ = ["Answer", "failure", "quota", "rate_limited", "read_body", "retry_after", "shown"]


@dataclass(slots=True)
class Answer:
    """An open response. ``foreign``: it came from another host than the one asked, after a redirect."""

    response: aiohttp.ClientResponse
    foreign: bool

    @property
    def status(self) -> int:
        """The HTTP status."""
        return self.response.status

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers, by any case."""
        return self.response.headers

    def close(self) -> None:
        """Drop the response, and its connection where the body was not read."""
        self.response.close()


def retry_after(answer: Answer) -> float | None:
    """Seconds a registry asks to wait; a date counts from the answer's own Date. Null where it does not say."""
    asked = answer.headers.get("Retry-After", "")
    if asked.isascii() and asked.isdigit() and len(asked) < 20:
        return float(asked)
    try:
        then = email.utils.parsedate_to_datetime(asked)
        now = email.utils.parsedate_to_datetime(answer.headers.get("Date", ""))
        return max(0.0, (then - now).total_seconds())
    except (ValueError, TypeError, OverflowError):
        return None


def quota(answer: Answer) -> tuple[int, int | None, int | None] | None:
    """Requests that remain, of how many, in how many seconds, as ``RateLimit-*`` headers say; null where they do not.

    Docker Hub writes ``100;w=21600``; the window is its own.
    """
    remaining, window = _counted(answer.headers.get("RateLimit-Remaining", ""))
    if remaining is None:
        return None
    limit, own = _counted(answer.headers.get("RateLimit-Limit", ""))
    return remaining, limit, own or window


def _counted(header: str) -> tuple[int | None, int | None]:
    match = _COUNT.match(header)
    if match is None:
        return None, None
    return int(match[1]), int(match[2]) if match[2] else None


def shown(url: URL) -> str:
    """A URL for a message: without user, query and fragment, which may hold secrets."""
    return f"{url.scheme}://{url.host or ''}{url.path}"[:200]


def rate_limited(where: str, pause: float) -> RegistryError:
    return RegistryError(
        f"too many requests; it asks to wait {pause:.0f} s",
        reason="rate-limited",
        where=where,
        hint="log in to the registry, or name a mirror under registries:",
    )


def failure(host: str, error: BaseException) -> RegistryError:
    """A network error as one of ours."""
    if isinstance(error, TimeoutError):
        return RegistryError("does not answer in time", reason="timeout", where=host)
    if isinstance(error, aiohttp.ClientConnectorCertificateError | ssl.SSLCertVerificationError):
        return RegistryError(
            "its certificate is not trusted",
            reason="unreachable",
            where=host,
            hint="name its CA under registries: {host: ..., ca: FILE}",
        )
    if _wants_certificate(error):
        return RegistryError(
            "asks for a client certificate, and takes no other than one it knows",
            reason="unauthorized",
            where=host,
            hint="name it under registries: {host: ..., client_cert: FILE, client_key: FILE}",
        )
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return RegistryError("no such host", reason="unreachable", where=host)
    if isinstance(error, aiohttp.ClientSSLError):
        return RegistryError(
            "does not speak TLS as it should",
            reason="unreachable",
            where=host,
            hint="if it is plain HTTP on purpose: registries: {host: ..., insecure: true}",
        )
    if isinstance(error, aiohttp.InvalidURL | ValueError):
        return RegistryError("not a host that can be asked", reason="refused", where=host)
    detail = getattr(error, "strerror", None) or type(error).__name__
    return RegistryError(f"cannot be reached ({detail})", reason="unreachable", where=host)


def _wants_certificate(error: BaseException) -> bool:
    """Whether TLS ended because of what we showed of ourselves: nothing, or a certificate the other does not trust.

    aiohttp's own errors are `ssl.SSLError` without a ``reason``; the one they wrap has it.
    """
    found: BaseException | None = error
    while found is not None:
        if getattr(found, "reason", None) in _REFUSALS:
            return True
        found = getattr(found, "os_error", None) or found.__cause__
    return False


async def read_body(answer: Answer, limit: int, what: str, where: str) -> bytes:
    """The body, at most ``limit`` bytes; `RegistryError` (too-large, timeout, unreachable) otherwise."""
    declared = answer.headers.get("Content-Length", "")
    body = bytearray()
    try:
        if not (declared.isdigit() and int(declared) > limit):
            async for piece in answer.response.content.iter_chunked(1 << 16):
                body += piece
                if len(body) > limit:
                    break
            else:
                return bytes(body)
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        raise failure(where, error) from None
    raise RegistryError(f"{what} is longer than {limit} bytes", reason="too-large", where=where)
