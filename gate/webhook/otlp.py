"""Spans by OpenTelemetry over OTLP/HTTP, set up by the standard ``OTEL_*`` variables alone.

Spans wait in a bounded queue and are sent by a thread of their own: a collector that is slow or down costs spans, never
a review. Source: OpenTelemetry's specification of SDK environment variables, and W3C Trace Context.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import unquote

from gate.errors import RegistryError, UsageError
from gate.webhook.tracing import OFF, Span, Tracing, Value

if TYPE_CHECKING:
    from opentelemetry import trace
    from opentelemetry.sdk.trace.export import SpanExporter

_ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
_PROTOCOLS = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
_HEADERS = ("OTEL_EXPORTER_OTLP_TRACES_HEADERS", "OTEL_EXPORTER_OTLP_HEADERS")
_SHORTEST = 4  # characters of a value that is taken out of messages: shorter ones are in every other word
_CLOSING = 2.0


def from_environment(environ: Mapping[str, str], version: str) -> Tracing:
    """Traces as the environment asks: none unless it names an endpoint or the exporter ``otlp``.

    The SDK reads the rest (headers, sampler, queue, resource) from the process' own environment. Raises `UsageError`
    for an exporter or protocol that is not OTLP/HTTP, for values the SDK refuses, and where the extra is missing.
    """
    exporter = environ.get("OTEL_TRACES_EXPORTER", "").strip()
    asked = exporter == "otlp" or any(environ.get(name) for name in _ENDPOINTS)
    if environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true" or exporter == "none":
        return OFF
    if exporter not in ("", "otlp"):
        raise UsageError(
            f'OTEL_TRACES_EXPORTER is "{exporter[:40]}"', hint="gate sends traces by OTLP: write otlp, or none."
        )
    if not asked:
        return OFF
    protocol = next((environ[name] for name in _PROTOCOLS if environ.get(name)), "http/protobuf")
    if protocol != "http/protobuf":
        raise UsageError(
            f'the OTLP protocol "{protocol[:40]}" is not spoken', hint="Collectors take http/protobuf, on port 4318."
        )
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

        return OpenTelemetry(OTLPSpanExporter(), version)
    except ImportError:
        raise UsageError(
            "the environment asks for traces, and OpenTelemetry is not installed",
            hint="Install it with `pip install 'gate-images[otel]'`, or set OTEL_SDK_DISABLED=true.",
        ) from None
    except (ValueError, OSError) as error:
        raise UsageError(f"OpenTelemetry cannot be set up: {error}", hint="Look at the OTEL_* variables.") from None


def secrets_in(environ: Mapping[str, str]) -> list[str]:
    """Headers that the environment gives to the exporter, each of them alone, and their values, longest first.

    Values are there as written, decoded, and as Python quotes them.
    """
    found = [environ[name] for name in _HEADERS if environ.get(name)]
    found += [piece.strip() for text in found for piece in text.split(",")]
    written = {piece.partition("=")[2].strip() for piece in found}
    decoded = {each for value in written for each in (unquote(value), unquote(value).strip())}
    values = written | decoded | {repr(value)[1:-1] for value in decoded}
    return sorted({*filter(None, found), *(each for each in values if len(each) >= _SHORTEST)}, key=len, reverse=True)


class OpenTelemetry:
    """`Tracing` by the SDK; ``exporter`` is given what was sampled, by a thread of the SDK's."""

    on = True

    def __init__(self, exporter: SpanExporter, version: str) -> None:
        from opentelemetry.sdk.resources import OTELResourceDetector, Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        named = OTELResourceDetector().detect().attributes
        resource = Resource.create({"service.name": named.get("service.name", "gate"), "service.version": version})
        self._provider = TracerProvider(resource=resource, shutdown_on_exit=False)
        self._provider.add_span_processor(BatchSpanProcessor(exporter))
        self._tracer = self._provider.get_tracer("gate", version)
        self._propagator = TraceContextTextMapPropagator()

    @contextmanager
    def review(self, headers: Mapping[str, str]) -> Iterator[Span]:
        """As `Tracing.review`."""
        from opentelemetry.trace import SpanKind

        carried = {name: headers[name] for name in ("traceparent", "tracestate") if name in headers}
        with self._tracer.start_as_current_span(
            "gate.review",
            context=self._propagator.extract(carried),
            kind=SpanKind.SERVER,
            record_exception=False,
            set_status_on_exception=False,
        ) as span:
            yield _Recorded(span)

    @contextmanager
    def span(self, name: str, values: Mapping[str, Value]) -> Iterator[Span]:
        """As `Tracing.span`."""
        with self._tracer.start_as_current_span(
            name, attributes=dict(values), record_exception=False, set_status_on_exception=False
        ) as span:
            recorded = _Recorded(span)
            try:
                yield recorded
            except Exception as error:
                recorded.fail(error.reason if isinstance(error, RegistryError) else type(error).__name__)
                raise

    def close(self) -> None:
        """As `Tracing.close`; the SDK itself may wait for half a minute."""
        ending = threading.Thread(target=self._provider.shutdown, daemon=True)
        ending.start()
        ending.join(_CLOSING)


class _Recorded:
    """A `Span` of the SDK's."""

    def __init__(self, span: trace.Span) -> None:
        self._span = span

    @property
    def trace(self) -> str:
        """As `Span.trace`."""
        context = self._span.get_span_context()
        return f"{context.trace_id:032x}" if context.is_valid and self._span.is_recording() else ""

    def note(self, values: Mapping[str, Value]) -> None:
        """As `Span.note`."""
        self._span.set_attributes(dict(values))

    def fail(self, kind: str) -> None:
        """As `Span.fail`."""
        from opentelemetry.trace import Status, StatusCode

        self._span.set_status(Status(StatusCode.ERROR))
        self._span.set_attribute("error.type", kind)
