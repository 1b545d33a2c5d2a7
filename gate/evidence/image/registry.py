"""A client for registries (OCI distribution-spec 1.1): manifests, blobs, tags, catalog, referrers.

Nothing a registry says is believed where it can be checked: bytes are hashed as they come, tags are resolved by HEAD
and their digest then fetched, ``Docker-Content-Digest`` is only a claim. Each digest is fetched once, however many
ask at the same time, and what was fetched from one repository never answers for another.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

import aiohttp

from gate.errors import RegistryError
from gate.evidence.image.answers import Answer, failure, read_body
from gate.evidence.image.blobs import PIECE, verified
from gate.evidence.image.document_cache import DocumentCache, RecentDocuments
from gate.evidence.image.documents import digest_of, has_digest, supported
from gate.evidence.image.endpoints import Endpoint, Registries
from gate.evidence.image.manifest import ACCEPTED, Descriptor, DocumentLimits, media_type_of
from gate.evidence.image.reference import Reference
from gate.evidence.image.registry_auth import Door, Keychain
from gate.evidence.image.registry_errors import refused_by
from gate.evidence.image.transport import Transport

__all__ = ["Head", "RegistryClient"]

_ACCEPT = ", ".join(ACCEPTED)
_RESUMES = 3

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Head:
    """What a name leads to: ``digest`` as the registry claims it (hashed where it had to be fetched)."""

    digest: str
    media_type: str | None


class RegistryClient:
    """Reads images with one set of credentials. Many may share a transport; one belongs to one event loop."""

    def __init__(
        self,
        transport: Transport,
        registries: Registries | None = None,
        keychain: Keychain | None = None,
        *,
        limits: DocumentLimits | None = None,
        cache: DocumentCache | None = None,
    ) -> None:
        self.registries = registries or Registries()
        self.limits = limits or DocumentLimits()
        self._transport = transport
        self._cache = cache if cache is not None else RecentDocuments()
        self._door = Door(transport, keychain, self._cache, token_limit=self.limits.token)
        self._flights: dict[str, asyncio.Task[bytes]] = {}

    async def close(self) -> None:
        """Close the transport."""
        await self._transport.close()

    # --- manifests and configs -------------------------------------------------------------------------------

    async def head(self, reference: Reference) -> Head:
        """What a reference leads to now: one authorized request, by HEAD where the registry has it right."""
        by_digest = reference.digest is not None
        if reference.digest is not None:
            _check(reference.digest, reference.normalized)
        return await self._first(reference, by_digest, lambda endpoint: self._head(endpoint, reference))

    async def document(self, reference: Reference, descriptor: Descriptor, limit: int, *, blob: bool) -> bytes:
        """A manifest or (``blob``) a config by digest, from any endpoint of the reference, checked and kept."""
        _check(descriptor.digest, reference.normalized)
        key = f"{reference.name}@{descriptor.digest}"
        found = self._cache.get(key)
        if found is None or not has_digest(found, descriptor.digest):
            found = await self._once(key, lambda: self._fetch(reference, descriptor, limit, blob, key))
        if len(found) > limit:
            raise RegistryError(f"{descriptor.digest} is longer than {limit} bytes", reason="too-large", where=key)
        return found

    async def _head(self, endpoint: Endpoint, reference: Reference) -> Head:
        path = f"/v2/{endpoint.repository}/manifests/{reference.wanted}"
        answer = await self.ask(endpoint, path, method="HEAD", accept=_ACCEPT)
        try:
            if answer.status in (400, 405, 501):  # a proxy that knows no HEAD
                return await self._head_by_get(endpoint, reference, path)
            await refused_by(answer, endpoint, reference.normalized)
            claimed = answer.headers.get("Docker-Content-Digest", "")
            media_type = media_type_of(answer.headers.get("Content-Type"))
        finally:
            answer.close()
        if reference.digest is not None:
            if claimed and claimed != reference.digest and supported(claimed):
                raise RegistryError("answers with another digest", reason="digest", where=reference.normalized)
            return Head(reference.digest, media_type)
        if not supported(claimed):
            return await self._head_by_get(endpoint, reference, path)
        return Head(claimed, media_type)

    async def _head_by_get(self, endpoint: Endpoint, reference: Reference, path: str) -> Head:
        answer = await self.ask(endpoint, path, accept=_ACCEPT)
        try:
            await refused_by(answer, endpoint, reference.normalized)
            data = await read_body(answer, self.limits.manifest, "the manifest", reference.normalized)
            media_type = media_type_of(answer.headers.get("Content-Type"))
        finally:
            answer.close()
        digest = reference.digest or digest_of(data)
        if not has_digest(data, digest):
            raise RegistryError("the manifest has another digest", reason="digest", where=reference.normalized)
        self._cache.put(f"{reference.name}@{digest}", data)
        return Head(digest, media_type)

    async def _fetch(self, reference: Reference, descriptor: Descriptor, limit: int, blob: bool, key: str) -> bytes:
        async def get(endpoint: Endpoint) -> bytes:
            kind = "blobs" if blob else "manifests"
            path = f"/v2/{endpoint.repository}/{kind}/{descriptor.digest}"
            answer = await self.ask(endpoint, path, accept="*/*" if blob else _ACCEPT)
            try:
                await refused_by(answer, endpoint, key)
                content_type = media_type_of(answer.headers.get("Content-Type"))
                data = await read_body(answer, limit, descriptor.digest, endpoint.host)
            finally:
                answer.close()
            if not has_digest(data, descriptor.digest):
                raise RegistryError(
                    f"the content of {descriptor.digest} has another digest", reason="digest", where=key
                )
            if not blob and descriptor.media_type and content_type not in (None, descriptor.media_type):
                raise RegistryError(f"it is {content_type}, not {descriptor.media_type}", where=key)
            return data

        data = await self._first(reference, True, get)
        self._cache.put(key, data)
        return data

    # --- blobs -------------------------------------------------------------------------------------------------

    async def has_blob(self, reference: Reference, digest: str) -> bool:
        """Whether the registry would give a blob of this repository now, with these credentials."""

        async def ask(endpoint: Endpoint) -> bool:
            answer = await self.ask(endpoint, f"/v2/{endpoint.repository}/blobs/{digest}", method="HEAD")
            try:
                await refused_by(answer, endpoint, f"{reference.name}@{digest}")
                return True
            finally:
                answer.close()

        _check(digest, reference.normalized)
        try:
            return await self._first(reference, True, ask)
        except RegistryError as error:
            if error.reason in ("not-found", "unauthorized"):
                return False
            raise

    def blob(self, reference: Reference, digest: str, size: int) -> AsyncGenerator[bytes, None]:
        """A blob in pieces of at most 1 MiB; a wrong size or digest raises `RegistryError` after the last piece."""
        _check(digest, reference.normalized)

        def wrong(message: str) -> RegistryError:
            return RegistryError(message, reason="digest", where=reference.name)

        return verified(self._pieces(reference, digest, size), digest, size, wrong)

    async def _pieces(self, reference: Reference, digest: str, size: int) -> AsyncGenerator[bytes, None]:
        """The bytes, taken up again where a connection broke."""
        done, resumes = 0, 0
        while True:
            endpoint, answer = await self._open(reference, digest, size, done)
            skip = done if answer.status == 200 else 0  # the range was ignored: pass what we have
            try:
                async for piece in answer.response.content.iter_chunked(PIECE):
                    if skip:
                        dropped = min(skip, len(piece))
                        skip, piece = skip - dropped, piece[dropped:]  # noqa: PLW2901 - the rest of it
                    if piece:
                        done += len(piece)
                        yield piece
                return
            except (aiohttp.ClientError, OSError) as error:
                resumes += 1
                if isinstance(error, TimeoutError) or resumes > _RESUMES or done > size:
                    raise failure(endpoint.host, error) from None
            finally:
                answer.close()

    async def _open(self, reference: Reference, digest: str, size: int, start: int) -> tuple[Endpoint, Answer]:
        async def get(endpoint: Endpoint) -> tuple[Endpoint, Answer]:
            path = f"/v2/{endpoint.repository}/blobs/{digest}"
            total = self._transport.limits.for_blob(size)
            answer = await self.ask(endpoint, path, accept="*/*", start=start, total=total)
            try:
                await refused_by(answer, endpoint, f"{reference.name}@{digest}")
                _check_length(answer, digest, size, start, endpoint)
            except BaseException:
                answer.close()
                raise
            return endpoint, answer

        return await self._first(reference, True, get)

    # --- asking --------------------------------------------------------------------------------------------------

    async def ask(
        self,
        endpoint: Endpoint,
        path: str,
        *,
        method: str = "GET",
        accept: str = "*/*",
        start: int = 0,
        total: float | None = None,
    ) -> Answer:
        """The answer to a request about an endpoint's repository, or about its catalog where it has none."""
        headers = {"Accept": accept} | ({"Range": f"bytes={start}-"} if start else {})
        scope = f"repository:{endpoint.repository}:pull" if endpoint.repository else "registry:catalog:*"
        return await self._door.send(endpoint, path, scope=scope, method=method, headers=headers, total=total)

    async def send(
        self, endpoint: Endpoint, path: str, *, method: str, body: bytes | None = None, media_type: str | None = None
    ) -> Answer:
        """The answer to a request that may change an endpoint's repository."""
        headers = {"Content-Type": media_type} if media_type else {}
        scope = f"repository:{endpoint.repository}:pull,push"
        return await self._door.send(endpoint, path, scope=scope, method=method, headers=headers, body=body)

    async def _first(self, reference: Reference, by_digest: bool, ask: Callable[[Endpoint], Awaitable[T]]) -> T:
        """The answer of the first endpoint that has one; a mirror's failure only means the next is asked."""
        endpoints = self.registries.endpoints(reference, by_digest=by_digest)
        for endpoint in endpoints[:-1]:
            try:
                return await ask(endpoint)
            except RegistryError:
                continue
        return await ask(endpoints[-1])

    async def _once(self, key: str, fetch: Callable[[], Awaitable[bytes]]) -> bytes:
        """The result of one fetch for all who ask while it is under way."""
        flight = self._flights.get(key)
        if flight is None:
            flight = asyncio.ensure_future(_awaited(fetch))
            self._flights[key] = flight
            flight.add_done_callback(lambda done: self._landed(key, done))
        return await asyncio.shield(flight)

    def _landed(self, key: str, flight: asyncio.Task[bytes]) -> None:
        self._flights.pop(key, None)
        if not flight.cancelled():
            flight.exception()  # seen, even when all who asked have gone


async def _awaited(fetch: Callable[[], Awaitable[bytes]]) -> bytes:
    return await fetch()


def _check(digest: str, where: str) -> None:
    if not supported(digest):
        raise RegistryError(f'"{digest[:80]}" is not a digest that can be checked (sha256 or sha512)', where=where)


def _check_length(answer: Answer, digest: str, size: int, start: int, endpoint: Endpoint) -> None:
    """Refuse a blob whose headers already contradict its descriptor."""
    declared = answer.headers.get("Content-Length", "")
    expected = size if answer.status == 200 else size - start
    if declared.isdigit() and int(declared) != expected:
        raise RegistryError(f"{digest} has {declared} bytes, not {expected}", reason="digest", where=endpoint.host)
    if answer.status == 206 and not answer.headers.get("Content-Range", "").startswith(f"bytes {start}-"):
        raise RegistryError(f"{digest} comes as a range nobody asked for", where=endpoint.host)
