"""The HTTPS server of the webhook: ``POST /validate``, ``GET /healthz /readyz``, metrics on a port of their own.

``/validate/ENVIRONMENT`` is for namespaces whose label the API server matched, ``/guard`` for changes of that label.

Answers are HTTP 200 with a review, or 400 (no review), 403 (caller), 413, 415, 503 (full): never a redirect, which the
API server would follow (CVE-2020-8561). A review that cannot be judged in time is answered, not cut off.
"""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from aiohttp import web

from gate.errors import GateError, ReviewError
from gate.webhook.admission import Decision
from gate.webhook.metrics import Metrics, reason_label
from gate.webhook.review import MAX_BODY, Request, clean, parse_review, write_review
from gate.webhook.tls import caller_is_allowed
from gate.webhook.tracing import OFF, Tracing, Value

KEEP_ALIVE = 120.0
"""Seconds; the API server keeps idle connections for 90 s, and must be the one to close them."""

_log = logging.getLogger("gate.webhook")
_LONGEST_NOTE = 100

Admit = Callable[[Request, float], Awaitable[Decision]]
"""Judge a request before a deadline on the event loop's clock."""

Refuse = Callable[[Request, str], Decision]
"""The decision for a request that could not be judged, and why."""

Readiness = Callable[[], list[str]]
"""What keeps this process from being ready; empty when it is."""


@dataclass(frozen=True, slots=True)
class ServerLimits:
    """``budget``: seconds for a review when the API server names none; ``margin`` is kept for the way back."""

    concurrency: int = 64
    budget: float = 4.5
    margin: float = 0.3
    drain: float = 10.0
    shutdown: float = 60.0


class WebhookServer:
    """The handlers, and what they share: bounded concurrency, draining, metrics."""

    def __init__(
        self,
        admit: Admit,
        refuse: Refuse,
        readiness: Readiness,
        metrics: Metrics,
        *,
        limits: ServerLimits | None = None,
        client_names: tuple[str, ...] = (),
        tracing: Tracing = OFF,
        guard: Admit | None = None,
    ) -> None:
        self._admit = admit
        self._refuse = refuse
        self._readiness = readiness
        self.metrics = metrics
        self.limits = limits or ServerLimits()
        self._client_names = client_names
        self._tracing = tracing
        self._guard = guard
        self._running = 0
        self.draining = False

    def application(self) -> web.Application:
        """The application the API server talks to."""
        app = web.Application(client_max_size=MAX_BODY)
        app.router.add_post("/validate", self._validate)
        app.router.add_post("/validate/{environment}", self._validate)
        if self._guard is not None:
            app.router.add_post("/guard", partial(self._answer, admit=self._guard))
        app.router.add_get("/healthz", self._healthz)
        app.router.add_get("/readyz", self._readyz)
        app.on_response_prepare.append(self._close_when_draining)
        return app

    def metrics_application(self) -> web.Application:
        """The application Prometheus and the kubelet talk to, without TLS."""
        app = web.Application()
        app.router.add_get("/metrics", self._metrics)
        app.router.add_get("/healthz", self._healthz)
        app.router.add_get("/readyz", self._readyz)
        return app

    async def _validate(self, http: web.Request) -> web.StreamResponse:
        return await self._answer(http, self._admit)

    async def _answer(self, http: web.Request, admit: Admit) -> web.StreamResponse:
        refusal = self._refuse_caller(http)
        if refusal is not None:
            return refusal
        if self._running >= self.limits.concurrency:
            self.metrics.shed.inc()
            return _plain(503, "gate is judging as many reviews as it can; retry")
        self._running += 1
        self.metrics.inflight.set(self._running)
        try:
            return await self._judge(http, admit)
        finally:
            self._running -= 1
            self.metrics.inflight.set(self._running)

    def _refuse_caller(self, http: web.Request) -> web.Response | None:
        if http.content_type != "application/json":
            self.metrics.bad_requests.inc()
            return _plain(415, "send an AdmissionReview as application/json")
        if self._client_names:
            transport = http.transport
            peer: dict[str, Any] | None = transport.get_extra_info("peercert") if transport else None
            if not caller_is_allowed(peer, self._client_names):
                self.metrics.bad_requests.inc()
                return _plain(403, "the client certificate is not the API server's")
        return None

    async def _judge(self, http: web.Request, admit: Admit) -> web.Response:
        loop = asyncio.get_running_loop()
        started = loop.time()
        deadline = started + self._budget(http.query.get("timeout"))
        try:
            request = replace(parse_review(await http.read()), labelled=http.match_info.get("environment"))
        except ReviewError as error:
            self.metrics.bad_requests.inc()
            return _plain(400, str(error))
        with self._tracing.review(http.headers) as span:
            decision = await self._decide(request, deadline, admit)
            if self._tracing.on:
                span.note(_noted(request, decision))
            self._record(request, decision, loop.time() - started, span.trace)
        return web.Response(body=write_review(request.uid, decision.answer), content_type="application/json")

    async def _decide(self, request: Request, deadline: float, admit: Admit) -> Decision:
        try:
            async with asyncio.timeout_at(deadline):
                return await admit(request, deadline)
        except TimeoutError:
            return self._refuse(request, "gate could not decide in time; retry")
        except GateError as error:
            return self._refuse(request, f"gate could not decide: {error}")
        except Exception:  # noqa: BLE001 - a bug must end in a refusal with a text, and in the log with its trace
            _log.exception("internal error", extra={"uid": request.uid})
            return self._refuse(request, "gate could not decide: internal error, see its log")

    def _budget(self, timeout: str | None) -> float:
        """Seconds to answer in: our own budget, or what the API server says it waits, less a margin."""
        budget = self.limits.budget
        if timeout:
            try:
                asked = float(timeout.removesuffix("s"))
            except ValueError:
                asked = math.inf
            if 0 < asked < math.inf:
                budget = min(budget, max(asked - self.limits.margin, asked / 2))
        return budget

    def _record(self, request: Request, decision: Decision, seconds: float, trace: str) -> None:
        self.metrics.seconds.observe(seconds)
        self.metrics.admissions.labels(verdict=decision.verdict, environment=decision.environment or "none").inc()
        for reason in {reason_label(reason) for reason in decision.undecided}:
            self.metrics.undecided.labels(reason=reason).inc()
        if not decision.judged:
            return
        _log.info(
            "review",
            extra={
                "uid": request.uid,
                "operation": request.operation,
                "resource": request.resource,
                "requestResource": request.request_resource,
                "subresource": request.subresource,
                "namespace": request.namespace,
                "object": request.name,
                "dryRun": request.dry_run,
                "allowed": decision.answer.allowed,
                "verdict": decision.verdict,
                "environment": decision.environment,
                "milliseconds": round(seconds * 1000, 2),
                "policy": decision.answer.annotations.get("policy", ""),
                "images": decision.answer.annotations.get("images", ""),
                "findings": decision.answer.annotations.get("findings", ""),
                **({"traceId": trace} if trace else {}),
            },
        )

    async def _healthz(self, _http: web.Request) -> web.Response:
        return _plain(200, "ok")

    async def _readyz(self, _http: web.Request) -> web.Response:
        missing = ["draining"] if self.draining else self._readiness()
        return _plain(503, "; ".join(missing)) if missing else _plain(200, "ok")

    async def _metrics(self, _http: web.Request) -> web.Response:
        return web.Response(body=self.metrics.render(), headers={"Content-Type": self.metrics.content_type})

    async def _close_when_draining(self, _http: web.Request, response: web.StreamResponse) -> None:
        if self.draining:
            response.force_close()
            response.headers["Connection"] = "close"


def _noted(request: Request, decision: Decision) -> dict[str, Value]:
    """What a trace says of a review; the environment stands for the namespace."""
    return {
        "gate.uid": clean(request.uid, _LONGEST_NOTE),
        "gate.operation": clean(request.operation, _LONGEST_NOTE),
        "gate.kind": clean(request.kind, _LONGEST_NOTE),
        "gate.resource": clean(f"{request.resource}/{request.subresource}".rstrip("/"), _LONGEST_NOTE),
        "gate.dry_run": request.dry_run,
        "gate.environment": decision.environment or "none",
        "gate.verdict": decision.verdict,
        "gate.allowed": decision.answer.allowed,
        "gate.policy.revision": decision.answer.annotations.get("policy", ""),
        "gate.digests": sorted({result.subject.digest for result in decision.results if result.subject.digest}),
    }


def _plain(status: int, text: str) -> web.Response:
    return web.Response(status=status, text=text + "\n")
