"""Rego by an OPA server, through opa-python-client: a central OPA, the webhook's sidecar, or one of our own.

gate never writes to OPA: OPA holds the policy because it loaded the bundle itself. Every query asks for
``provenance`` and must be answered by our revision, and for ``strict-builtin-errors``, because OPA otherwise turns a
type error into silence where regorus raises one. Source: OPA's REST API, Data API, "Get a Document (with Input)".
"""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import SplitResult, urlsplit

import msgspec

from gate.engine import protocol
from gate.engine.protocol import RawReport
from gate.errors import EngineError, EngineProtocolError, EngineTimeoutError, EngineUnavailableError

if TYPE_CHECKING:
    from gate.engine.opa_process import PrivateOpa

_PACKAGE = "gate.main"
_RULE = "report"
_PARAMETERS = {"provenance": "true", "strict-builtin-errors": "true"}
_LONGEST_ERROR = 64 << 10
_EMPTY = b'{"evidence":{},"parameters":{},"rules":{}}'
_T = TypeVar("_T")


class OpaEngine:
    """Asks one OPA server. ``evaluate`` is for synchronous callers, ``evaluate_async`` for an event loop.

    ``url``: ``http(s)://host[:port]``. ``token``: a bearer token. ``ca``, ``certificate``, ``key``: PEM files for
    https. ``seconds``: how long one query may take in all. ``retries``: after a connection that broke (one may, when
    OPA closed an idle one). ``process``: a private OPA to end with the engine.
    Nothing is asked before the first evaluation; `check` asks at once.
    """

    name = "opa"

    def __init__(
        self,
        url: str,
        revision: str,
        *,
        token: str | None = None,
        ca: Path | None = None,
        certificate: Path | None = None,
        key: Path | None = None,
        seconds: float = 5.0,
        retries: int = 1,
        process: PrivateOpa | None = None,
    ) -> None:
        self.url = url
        self.revision = revision
        self._seconds = seconds
        self._host, self._port, self._tls = _address(url)
        self._context = _context(ca, certificate, key) if self._tls else None
        self._token = token
        self._retries = retries
        self._process = process
        self._clients: dict[int, Any] = {}
        self._loop: asyncio.AbstractEventLoop | None = None

    def evaluate(self, document: bytes) -> RawReport:
        """Judge one document; not from within a running event loop."""
        return self._run(self.evaluate_async(document))

    async def evaluate_async(self, document: bytes) -> RawReport:
        """Judge one document; rules that fail are undecided with the reason ``rule-error: ...``."""
        ids = protocol.rule_ids(document)
        try:
            return await self._one_by_one(document, ids)
        except EngineTimeoutError:
            custom = [each for each in ids if each.startswith("custom/")]
            own = [each for each in ids if not each.startswith("custom/")]
            if not custom:
                raise
        # Only somebody else's policy may be slow: ours are asked without it, and each of theirs alone.
        reports = [await self._one_by_one(protocol.restrict(document, own), own)]
        reports += [await self._alone(document, each) for each in custom]
        return protocol.merge(reports)

    def check(self) -> None:
        """Raise an `EngineError` unless OPA answers and holds our revision."""
        self._run(self.check_async())

    async def check_async(self) -> None:
        """As `check`."""
        await self._ask(_EMPTY)

    def close(self) -> None:
        """Close the connections of the synchronous side, and end a private OPA."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.run_until_complete(self.close_async())
            self._loop.close()
        if self._process is not None:
            self._process.close()

    async def close_async(self) -> None:
        """Close the connections of the running event loop."""
        client = self._clients.pop(id(asyncio.get_running_loop()), None)
        if client is not None:
            await client.close_connection()

    def _run(self, work: Coroutine[Any, Any, _T]) -> _T:
        if self._loop is None:
            self._loop = asyncio.new_event_loop()
        return self._loop.run_until_complete(work)

    async def _one_by_one(self, document: bytes, ids: list[str]) -> RawReport:
        try:
            return await self._ask(document)
        except EngineError as error:
            if not protocol.blames_a_rule(error) or not ids:
                raise
            if len(ids) == 1:
                return RawReport(findings=[protocol.rule_error(ids[0], error)])
        return protocol.merge([await self._one_by_one(protocol.restrict(document, [each]), [each]) for each in ids])

    async def _alone(self, document: bytes, rule: str) -> RawReport:
        try:
            return await self._one_by_one(protocol.restrict(document, [rule]), [rule])
        except EngineTimeoutError as error:
            return RawReport(findings=[protocol.rule_error(rule, error)])

    async def _ask(self, document: bytes) -> RawReport:
        """One query; raises `EngineError` where a rule fails and one of its kinds where OPA does."""
        client = await self._client()
        try:
            answer = await client.query_rule(
                input_data=msgspec.json.decode(document),
                package_path=_PACKAGE,
                rule_name=_RULE,
                query_params=_PARAMETERS,
            )
        except _RefusedError as refused:
            raise self._refusal(refused) from None
        except TimeoutError:
            raise EngineTimeoutError(f"OPA did not answer within {self._seconds:g} s", where=self.url) from None
        except ssl.SSLError as error:
            raise EngineUnavailableError(f"TLS with OPA failed: {error}", where=self.url) from None
        except (_client_error(), OSError, ValueError, RecursionError) as error:
            raise self._failure(error) from None
        return self._report(answer)

    def _failure(self, error: Exception) -> EngineError:
        """What aiohttp and the JSON decoder raise, in our words."""
        from aiohttp import ClientConnectionError

        if isinstance(error, ClientConnectionError | OSError):
            return EngineUnavailableError(
                f"OPA cannot be reached: {error}",
                where=self.url,
                hint="Start it with the policy's bundle, or leave --opa-url out.",
            )
        return EngineProtocolError(f"OPA's answer is not JSON of its Data API: {error}", where=self.url)

    def _refusal(self, refused: _RefusedError) -> EngineError:
        try:
            body = json.loads(refused.body)
            first = body["errors"][0] if body.get("errors") else {}
            message = str(first.get("message") or body["message"])
        except (ValueError, KeyError, TypeError, IndexError, AttributeError):
            return EngineProtocolError(f"OPA answered {refused.status}", where=self.url)
        if str(first.get("code", "")).startswith("eval_"):
            place = first.get("location") or {}
            told = self._process.named(message) if self._process is not None else message
            return EngineError(told, where=self._place(place))
        return EngineProtocolError(f"OPA answered {refused.status}: {message}", where=self.url)

    def _place(self, place: dict[str, Any]) -> str | None:
        file = place.get("file")
        if not file:
            return None
        known = self._process.original(str(file)) if self._process is not None else str(file)
        return f"{known}:{place.get('row', 0)}"

    def _report(self, answer: Any) -> RawReport:
        if not isinstance(answer, dict):
            raise EngineProtocolError("OPA's answer is not a map", where=self.url)
        held = _revisions(answer)
        if self.revision not in held:
            others = ", ".join(sorted(held)) or "none"
            raise EngineProtocolError(
                f"OPA holds policy revision {others}, this gate has {self.revision}",
                where=self.url,
                hint="Load the bundle of this gate and these --policy directories into OPA.",
            )
        if "result" not in answer:
            raise EngineProtocolError("OPA has no data.gate.main.report", where=self.url)
        return protocol.convert(answer["result"])

    async def _client(self) -> Any:
        key = id(asyncio.get_running_loop())
        client = self._clients.get(key)
        if client is None:
            client = self._clients[key] = _client_class()(
                host=self._host,
                port=self._port,
                ssl=self._tls,
                token=self._token,
                retries=self._retries,
                timeout=self._seconds,
            )
            client.context = self._context
            await client._init_session()
        return client


class _RefusedError(Exception):
    """OPA answered something else than 200; ``body`` is cut."""

    def __init__(self, status: int, body: bytes) -> None:
        super().__init__(f"status {status}")
        self.status = status
        self.body = body


def _client_error() -> type[Exception]:
    """The root of what aiohttp raises, without importing it before it is used."""
    from aiohttp import ClientError

    return ClientError


def _client_class() -> Any:
    """opa-python-client's asynchronous client with two things it lacks: a CA of one's own, and OPA's error text."""
    from aiohttp import ClientResponse, ClientSession, ClientTimeout, TCPConnector
    from opa_client.opa_async import AsyncOpaClient

    async def refuse(response: ClientResponse) -> None:
        if response.status != 200:
            raise _RefusedError(response.status, await response.content.read(_LONGEST_ERROR))

    class Client(AsyncOpaClient):  # type: ignore[misc]
        """Only the session differs, and that no redirect is followed: OPA sends none."""

        context: ssl.SSLContext | None = None

        async def _init_session(self) -> None:
            self._connector = TCPConnector(ssl=self.context if self.context is not None else True)
            self._session = ClientSession(
                headers=self.headers,
                connector=self._connector,
                timeout=ClientTimeout(total=self.timeout),
                raise_for_status=refuse,
            )

        def _request(self, method: str, url: str, **options: Any) -> Any:
            return super()._request(method, url, allow_redirects=False, **options)

    return Client


def _revisions(answer: dict[str, Any]) -> set[str]:
    """The revisions OPA says it answered from."""
    provenance = answer.get("provenance")
    bundles = provenance.get("bundles") if isinstance(provenance, dict) else None
    if not isinstance(bundles, dict):
        return set()
    held = {each.get("revision") for each in bundles.values() if isinstance(each, dict)}
    return {each for each in held if isinstance(each, str)}


def _shown(parts: SplitResult, url: str) -> str:
    """The URL for a message, without whatever may be a secret in it."""
    return f"{parts.scheme}://{parts.hostname}" if parts.hostname else url


def _address(url: str) -> tuple[str, int, bool]:
    hint = "Write it as http://host:8181 or https://host:8181."
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise EngineUnavailableError(f"not the URL of an OPA: {error}", where=url, hint=hint) from None
    extra = parts.path.strip("/") or parts.query or parts.fragment or parts.username or parts.password
    if parts.scheme not in {"http", "https"} or not host or extra:
        raise EngineUnavailableError("not the URL of an OPA", where=_shown(parts, url), hint=hint)
    tls = parts.scheme == "https"
    return (f"[{host}]" if ":" in host else host), port or (443 if tls else 80), tls


def _context(ca: Path | None, certificate: Path | None, key: Path | None) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=str(ca) if ca else None)
        if certificate is not None:
            context.load_cert_chain(str(certificate), str(key) if key else None)
    except (OSError, ssl.SSLError) as error:
        files = ", ".join(str(each) for each in (ca, certificate, key) if each)
        raise EngineUnavailableError(f"a certificate cannot be used: {error}", where=files) from None
    return context
