"""A collector of traces on loopback: OTLP/HTTP with protobuf, decoded by OpenTelemetry's own definitions."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


@dataclass(frozen=True)
class Sent:
    """One span as it arrived. ``parent`` is empty for the first of a trace; ``service`` and ``resource`` its sender."""

    name: str
    trace: str
    span: str
    parent: str
    kind: int
    failed: bool
    values: dict[str, Any]
    resource: dict[str, Any]


class Collector:
    """Answers every export with ``status``, or with nothing while ``hang`` is not set."""

    def __init__(self, status: int = 200) -> None:
        self.spans: list[Sent] = []
        self.bodies: list[bytes] = []
        self.headers: list[Mapping[str, str]] = []
        self.hang = threading.Event()
        self.hang.set()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                outer.hang.wait(30)
                if status == 200 and self.path == "/v1/traces":
                    outer.headers.append(dict(self.headers))
                    outer.take(gzip.decompress(body) if self.headers.get("Content-Encoding") == "gzip" else body)
                self.send_response(status)
                self.send_header("Content-Type", "application/x-protobuf")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def take(self, body: bytes) -> None:
        """Keep the spans of one request."""
        self.bodies.append(body)
        request = ExportTraceServiceRequest.FromString(body)
        for group in request.resource_spans:
            resource = _values(group.resource.attributes)
            for scope in group.scope_spans:
                self.spans += [_sent(span, resource) for span in scope.spans]

    def named(self, name: str) -> list[Sent]:
        """The spans of a name, in the order they came."""
        return [span for span in self.spans if span.name == name]

    def close(self) -> None:
        """End it."""
        self.hang.set()
        self._server.shutdown()
        self._server.server_close()


def _sent(span: Any, resource: dict[str, Any]) -> Sent:
    return Sent(
        name=span.name,
        trace=span.trace_id.hex(),
        span=span.span_id.hex(),
        parent=span.parent_span_id.hex(),
        kind=span.kind,
        failed=span.status.code == 2,
        values=_values(span.attributes),
        resource=resource,
    )


def _values(attributes: Any) -> dict[str, Any]:
    return {each.key: _value(each.value) for each in attributes}


def _value(value: Any) -> Any:
    kind = value.WhichOneof("value")
    if kind == "array_value":
        return [_value(each) for each in value.array_value.values]
    return getattr(value, kind) if kind else None
