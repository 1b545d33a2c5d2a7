"""A registry's refusals in words. What it writes itself is shown, cut and without control characters."""

from __future__ import annotations

import aiohttp
import msgspec

from gate.errors import RegistryError
from gate.evidence.image.answers import Answer, read_body
from gate.evidence.image.endpoints import Endpoint

__all__ = ["refused_by"]

_LIMIT = 16 << 10


class _Error(msgspec.Struct):
    code: str | None = None
    message: str | None = None


class _Errors(msgspec.Struct):
    errors: list[_Error] = []


async def refused_by(answer: Answer, endpoint: Endpoint, what: str) -> None:
    """Raise `RegistryError` unless the answer is a success. ``what``: the image or blob that was asked for."""
    status = answer.status
    if status in (200, 206):
        return
    said = await _said(answer, endpoint)
    host = endpoint.host
    if status in (401, 403):
        raise RegistryError(
            f"{host} refuses: {said or 'it is not there, or not for you'}",
            reason="unauthorized",
            where=what,
            hint=f"log in with docker login {endpoint.registry}, or check the name",
        )
    if status == 404:
        raise RegistryError(f"{host} has no such image{f': {said}' if said else ''}", reason="not-found", where=what)
    if status >= 500:
        raise RegistryError(f"{host} fails with status {status}", reason="unreachable", where=what)
    raise RegistryError(f"{host} answers with status {status}{f': {said}' if said else ''}", where=what)


async def _said(answer: Answer, endpoint: Endpoint) -> str:
    """The registry's own message, made harmless."""
    try:
        body = await read_body(answer, _LIMIT, "the error", endpoint.host)
        found = msgspec.json.decode(body, type=_Errors).errors
    except (RegistryError, msgspec.DecodeError, aiohttp.ClientError):
        return ""
    text = "; ".join(filter(None, (each.message or each.code for each in found[:3])))
    return "".join(each if each.isprintable() else " " for each in text)[:200].strip()
