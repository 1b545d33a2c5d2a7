"""What a registry lists: repositories, the tags of one, and what refers to a manifest.

Lists come in pages that link to the next. A link leads nowhere but to the same registry and path, and never twice to
the same page, so that a list ends; whatever is not a name is a broken registry, not a name to skip.
"""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Mapping
from urllib.parse import parse_qsl, urlencode, urlsplit

import msgspec

from gate.errors import ImageError, ReferenceError_, RegistryError
from gate.evidence.image import reference as references
from gate.evidence.image.answers import read_body
from gate.evidence.image.documents import read_object, shaped, supported
from gate.evidence.image.endpoints import Endpoint
from gate.evidence.image.manifest import Descriptor
from gate.evidence.image.registry import RegistryClient
from gate.evidence.image.registry_errors import refused_by

__all__ = ["ListLimits", "referrers", "repositories", "tags"]

_NEXT = re.compile(r'<([^<>]*)>\s*;[^,]*\brel="?next"?', re.IGNORECASE)


class ListLimits(msgspec.Struct, frozen=True, kw_only=True):
    """Entries asked for in one page; bytes of one; pages; entries altogether."""

    page: int = 1_000
    bytes: int = 4 << 20
    pages: int = 10_000
    entries: int = 1_000_000


class _Repositories(msgspec.Struct):
    repositories: list[str] | None = None


class _Tags(msgspec.Struct):
    tags: list[str] | None = None


class _Referrers(msgspec.Struct):
    manifests: list[Descriptor] | None = None


async def repositories(
    client: RegistryClient, registry: str, limits: ListLimits | None = None
) -> AsyncGenerator[str, None]:
    """Every repository of a registry that lists them; `RegistryError` (not-found, unauthorized) where it does not."""
    limits = limits or ListLimits()
    endpoint = client.registries.endpoint(registry)
    async for page in _pages(client, endpoint, "/v2/_catalog", {"n": str(limits.page)}, limits):
        for name in shaped(page, _Repositories, "the catalog").repositories or []:
            yield _repository(endpoint, name)


async def tags(
    client: RegistryClient, registry: str, repository: str, limits: ListLimits | None = None
) -> AsyncGenerator[str, None]:
    """Every tag of a repository."""
    limits = limits or ListLimits()
    endpoint = client.registries.endpoint(registry, repository)
    async for page in _pages(client, endpoint, f"/v2/{repository}/tags/list", {"n": str(limits.page)}, limits):
        for tag in shaped(page, _Tags, "the list of tags").tags or []:
            if not references.is_tag(tag):
                raise RegistryError("lists a tag that cannot be one", where=endpoint.name)
            yield tag


async def referrers(
    client: RegistryClient,
    reference: references.Reference,
    digest: str,
    artifact_type: str | None = None,
    limits: ListLimits | None = None,
) -> list[Descriptor]:
    """What says of itself that it refers to a manifest: signatures, attestations. Claims, all of them.

    Registries without that list are asked for the tag that stands in for it (distribution-spec 1.1).
    """
    limits = limits or ListLimits()
    endpoint = client.registries.endpoint(reference.registry, reference.repository)
    query = {"artifactType": artifact_type} if artifact_type else {}
    found: list[Descriptor] = []
    try:
        async for page in _pages(client, endpoint, f"/v2/{endpoint.repository}/referrers/{digest}", query, limits):
            found += shaped(page, _Referrers, "the referrers").manifests or []
    except RegistryError as error:
        if error.reason != "not-found":
            raise
        path = f"/v2/{endpoint.repository}/manifests/{digest.replace(':', '-', 1)}"
        try:
            async for page in _pages(client, endpoint, path, {}, limits):
                found += shaped(page, _Referrers, "the referrers").manifests or []
        except RegistryError as missing:
            if missing.reason != "not-found":
                raise
    kept = [each for each in found if artifact_type in (None, each.artifact_type)]
    if not all(supported(each.digest) for each in kept):
        raise RegistryError("refers to a digest that cannot be checked", where=endpoint.name)
    return kept


async def _pages(
    client: RegistryClient, endpoint: Endpoint, path: str, query: Mapping[str, str], limits: ListLimits
) -> AsyncGenerator[dict[str, object], None]:
    url, seen, entries = f"{path}?{urlencode(query)}" if query else path, set[str](), 0
    while url not in seen:
        seen.add(url)
        answer = await client.ask(endpoint, url, accept="application/vnd.oci.image.index.v1+json, application/json")
        try:
            await refused_by(answer, endpoint, endpoint.name)
            body = await read_body(answer, limits.bytes, "a page of the list", endpoint.host)
            link = answer.headers.get("Link", "")
        finally:
            answer.close()
        try:
            page = read_object(body, "a page of the list", limits.bytes)
        except ImageError as error:
            raise RegistryError(str(error), where=endpoint.name) from None
        entries += sum(len(each) for each in page.values() if isinstance(each, list))
        if len(seen) > limits.pages or entries > limits.entries:
            raise RegistryError("lists more than anyone asked for", reason="too-large", where=endpoint.name)
        yield page
        following = _NEXT.search(link[:8192])
        if following is None:
            return
        url = _next(endpoint, path, following.group(1))
    raise RegistryError("a list whose pages go in circles", where=endpoint.name)


def _next(endpoint: Endpoint, path: str, link: str) -> str:
    """The next page: only the link's query is used, so that it cannot lead anywhere else."""
    try:
        query = parse_qsl(urlsplit(link).query, keep_blank_values=True, max_num_fields=16)
    except ValueError:
        raise RegistryError("a list with a broken link to its next page", where=endpoint.name) from None
    return f"{path}?{urlencode(query)}"


def _repository(endpoint: Endpoint, name: str) -> str:
    try:
        found = references.parse(f"{endpoint.registry}/{name}")
    except ReferenceError_:
        found = None
    if found is None or found.tag or found.digest:
        raise RegistryError("lists a repository that cannot be one", where=endpoint.name)
    return name
