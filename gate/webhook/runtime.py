"""The webhook as a process: what listens, what runs beside it, and how it ends.

Order of start: policy, certificate, evidence, listeners; ready last. Order of end: not ready, answers go on with
``Connection: close`` while endpoints are withdrawn, then the listeners close, then the rest.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from aiohttp import web

from gate.errors import EngineProtocolError, GateError
from gate.evidence.kubernetes.cluster import ClusterApi
from gate.webhook import admission
from gate.webhook.admission import Decision
from gate.webhook.certificates import ManagedCertificates
from gate.webhook.evidence import EvidenceProvider
from gate.webhook.guard import guard
from gate.webhook.imagefacts import ImageFactsStore
from gate.webhook.metrics import Metrics
from gate.webhook.opa_bundle import BundleServer
from gate.webhook.policy import PolicyInForce
from gate.webhook.recorder import Recorder
from gate.webhook.review import Request
from gate.webhook.selftest import report_event, run_self_test
from gate.webhook.server import KEEP_ALIVE, ServerLimits, WebhookServer
from gate.webhook.tls import LiveContext, TlsFiles
from gate.webhook.tracing import OFF, Tracing

_log = logging.getLogger("gate.webhook")

_SOON = 0.5
_SELF_TEST_EVERY, _SELF_TEST_AGAIN = 60.0, 5.0

Address = tuple[str, int]


@dataclass(slots=True)
class Parts:
    """Everything a running webhook is made of; the command line puts it together.

    ``now`` is the clock (UTC). ``cluster`` is null outside a cluster; what needs it is then off. ``evidence`` makes the
    provider inside the event loop, and leaves what must be closed on the stack.
    """

    listen: Address
    metrics_listen: Address
    tls: TlsFiles
    policy: PolicyInForce
    metrics: Metrics
    evidence: Callable[[PolicyInForce, AsyncExitStack], Awaitable[EvidenceProvider]]
    now: Callable[[], dt.datetime]
    limits: ServerLimits = field(default_factory=ServerLimits)
    bundle_listen: Address | None = None
    bundles: BundleServer | None = None
    cluster: ClusterApi | None = None
    managed: ManagedCertificates | None = None
    recorder: Recorder | None = None
    facts: ImageFactsStore | None = None
    self_test: str | None = None
    namespace: str = ""
    pod: str = ""
    poll: float = 5.0
    started: Callable[[Sequence[Address]], None] | None = None
    tracing: Tracing = OFF


class Webhook:
    """One process of the webhook."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._stop = asyncio.Event()
        self._live: LiveContext | None = None
        self._provider: EvidenceProvider | None = None
        self._look_at = 0.0
        self._test_at = 0.0
        self._server = WebhookServer(
            self._admit,
            self._refuse,
            self._missing,
            parts.metrics,
            limits=parts.limits,
            client_names=parts.tls.client_names,
            tracing=parts.tracing,
            guard=self._guard,
        )

    def stop(self) -> None:
        """Begin to end; safe to call from a signal handler, more than once."""
        self._stop.set()

    async def run(self) -> None:
        """Serve until `stop`; raises `GateError` where it cannot start."""
        parts = self._parts
        async with AsyncExitStack() as stack:
            stack.callback(parts.tracing.close)
            if parts.bundles is not None and parts.bundle_listen is not None:
                await _listen(stack, parts.bundles.application(), parts.bundle_listen, None)
            await parts.policy.start()
            stack.push_async_callback(parts.policy.close)
            metrics_at = await _listen(stack, self._server.metrics_application(), parts.metrics_listen, None)
            if parts.managed is not None:
                await asyncio.to_thread(_step, parts.managed, parts.now)
            live = self._live = LiveContext(parts.tls)
            self._provider = await parts.evidence(parts.policy, stack)
            tasks = [asyncio.ensure_future(_every(*each)) for each in self._chores(live)]
            stack.push_async_callback(_cancel, tasks)
            at = await _listen(stack, self._server.application(), parts.listen, live)
            _log.info("serving", extra={"address": f"{at[0]}:{at[1]}"})
            if parts.started is not None:
                parts.started([at, metrics_at])
            await self._stop.wait()
            await self._drain()

    async def _drain(self) -> None:
        self._server.draining = True
        _log.info("draining", extra={"seconds": self._parts.limits.drain})
        await asyncio.sleep(self._parts.limits.drain)
        if self._parts.bundles is not None:
            await self._parts.bundles.close()

    # --- reviews ----------------------------------------------------------------------------------------------

    async def _admit(self, request: Request, deadline: float) -> Decision:
        if self._provider is None:
            return self._refuse(request, "gate is starting; retry")
        decision = await self._judge(request, self._provider, deadline)
        if self._parts.recorder is not None:
            self._parts.recorder.note(request, decision)
        return decision

    async def _judge(self, request: Request, provider: EvidenceProvider, deadline: float) -> Decision:
        """By the policy in force; while OPA changes to the next one, by whichever it holds."""
        *others, last = self._parts.policy.candidates()
        for loaded in others:
            try:
                return await admission.admit(
                    request, loaded.admission, provider, loaded.judge.judge_async, deadline=deadline
                )
            except EngineProtocolError:
                continue
        return await admission.admit(request, last.admission, provider, last.judge.judge_async, deadline=deadline)

    async def _guard(self, request: Request, _deadline: float) -> Decision:
        policy = self._parts.policy.loaded.admission
        return guard(request, policy.label, policy.revision)

    def _refuse(self, request: Request, message: str) -> Decision:
        return admission.refuse(request, self._parts.policy.loaded.admission, message)

    def _missing(self) -> list[str]:
        missing = self._parts.policy.missing()
        if self._live is None or self._live.not_after <= self._parts.now().timestamp():
            missing.append("the serving certificate is not valid")
        return missing

    # --- what runs beside --------------------------------------------------------------------------------------

    def _chores(self, live: LiveContext) -> list[tuple[float, Callable[[], Awaitable[Any]], str]]:
        parts = self._parts
        chores: list[tuple[float, Callable[[], Awaitable[Any]], str]] = [
            (min(_SOON, parts.poll), self._poll_policy, "policy"),
            (min(10.0, parts.poll * 2), partial(self._reload_certificate, live), "certificate"),
        ]
        if parts.managed is not None:
            chores.append((30.0, partial(asyncio.to_thread, _step, parts.managed, parts.now), "managed certificate"))
        if parts.recorder is not None:
            chores.append((30.0, partial(asyncio.to_thread, parts.recorder.flush), "record of refusals"))
        if parts.facts is not None:
            chores.append((24 * 3600.0, partial(parts.facts.prune, dt.timedelta(days=30)), "pruning"))
        if parts.self_test is not None and parts.cluster is not None:
            chores.append((_SELF_TEST_AGAIN, partial(self._self_test, parts.cluster, parts.self_test), "self-test"))
        return chores

    async def _poll_policy(self) -> None:
        """Look for changes every ``poll`` seconds, and more often while OPA does not hold the newest policy."""
        now = asyncio.get_running_loop().time()
        if now >= self._look_at or not self._parts.policy.settled:
            self._look_at = now + self._parts.poll
            await self._parts.policy.poll()

    async def _reload_certificate(self, live: LiveContext) -> None:
        try:
            if await asyncio.to_thread(live.reload):
                _log.info("a new certificate is served")
        except GateError as error:
            self._parts.metrics.certificate_failures.inc()
            _log.error("the new certificate does not load; the old one is served", extra={"error": str(error)})
        self._parts.metrics.certificate.set(live.not_after - self._parts.now().timestamp())

    async def _self_test(self, cluster: ClusterApi, namespace: str) -> None:
        """Once a minute; sooner while the API server has not said anything of the last one."""
        parts = self._parts
        now = asyncio.get_running_loop().time()
        if now < self._test_at:
            return
        found = await asyncio.to_thread(run_self_test, cluster, namespace)
        if found.refused is None:
            _log.warning("the self-test could not be made", extra={"said": found.message})
            return
        self._test_at = now + _SELF_TEST_EVERY
        parts.metrics.self_test.set(1 if found.refused else 0)
        if not found.refused:
            _log.error("the webhook validates nothing", extra={"said": found.message})
            time = parts.now().strftime("%Y-%m-%dT%H:%M:%SZ")
            await asyncio.to_thread(report_event, cluster, parts.namespace, parts.pod, found.message, time)


async def _listen(stack: AsyncExitStack, app: web.Application, address: Address, live: LiveContext | None) -> Address:
    runner = web.AppRunner(app, keepalive_timeout=KEEP_ALIVE, access_log=None, shutdown_timeout=30.0)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    site = web.TCPSite(runner, *address, ssl_context=live.outer if live else None, backlog=1024)
    try:
        await site.start()
    except OSError as error:
        raise GateError(f"cannot listen: {error.strerror}", where=f"{address[0]}:{address[1]}") from error
    host, port = runner.addresses[0][:2]
    return str(host), int(port)


async def _every(seconds: float, chore: Callable[[], Awaitable[Any]], name: str) -> None:
    """Do a chore again and again; one that fails is logged and tried again next time."""
    while True:
        try:
            await chore()
        except GateError as error:
            _log.warning("a chore failed", extra={"chore": name, "error": str(error)})
        except Exception:  # noqa: BLE001 - a bug in one chore must not end the others, or the server
            _log.exception("a chore failed", extra={"chore": name})
        await asyncio.sleep(seconds)


async def _cancel(tasks: Sequence[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _step(managed: ManagedCertificates, now: Callable[[], dt.datetime]) -> None:
    managed.step(now())


def files_in(folder: Path, client_ca: Path | None, client_names: tuple[str, ...]) -> TlsFiles:
    """The files a managed certificate is served from."""
    return TlsFiles(folder / "tls.crt", folder / "tls.key", client_ca, client_names)
