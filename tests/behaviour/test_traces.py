"""Traces of the webhook: what is in them, whose trace they belong to, and that no collector can hold up a review."""

from __future__ import annotations

import json
import logging
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from gate.errors import UsageError
from gate.webhook import logs, otlp
from gate.webhook.tracing import OFF

from tests.support.collectors import Collector
from tests.support.oci_images import Pusher, make_image
from tests.support.processes import free_port
from tests.support.registry import Registry, start_registry
from tests.support.serving import GateServer, Pair, launch_gate, pod, review, settings_for, start_gate

GOOD = make_image({"app": b"program"}, config={"User": "10001:10001", "Entrypoint": ["/app"]})
SOON = {"OTEL_BSP_SCHEDULE_DELAY": "100"}
TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"

# --- what is asked for ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "environ",
    [
        {},
        {"OTEL_SERVICE_NAME": "gate"},
        {"OTEL_TRACES_EXPORTER": "none", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318"},
        {"OTEL_SDK_DISABLED": "true", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318"},
        {"OTEL_EXPORTER_OTLP_ENDPOINT": ""},
    ],
    ids=["nothing", "a name only", "no exporter", "disabled", "an empty endpoint"],
)
def test_nothing_is_traced_unless_the_environment_asks_for_it(environ: dict[str, str]) -> None:
    assert otlp.from_environment(environ, "1") is OFF


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        ({"OTEL_TRACES_EXPORTER": "zipkin"}, "zipkin"),
        ({"OTEL_TRACES_EXPORTER": "otlp", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, "grpc"),
        (
            {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://x", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "http/json"},
            "http/json",
        ),
    ],
)
def test_what_gate_cannot_send_is_a_mistake_of_the_command_line(environ: dict[str, str], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        otlp.from_environment(environ, "1")


def test_without_the_extra_the_remedy_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None)
    with pytest.raises(UsageError, match="OpenTelemetry is not installed") as caught:
        otlp.from_environment({"OTEL_TRACES_EXPORTER": "otlp"}, "1")
    assert "gate-images[otel]" in str(caught.value.hint)


@pytest.mark.parametrize(
    "wrong",
    [
        {"OTEL_BSP_MAX_QUEUE_SIZE": "8", "OTEL_BSP_MAX_EXPORT_BATCH_SIZE": "16"},
        {"OTEL_BSP_MAX_QUEUE_SIZE": "-1"},
    ],
    ids=["a batch larger than the queue", "a queue of nothing"],
)
def test_values_that_opentelemetry_refuses_are_a_mistake_of_the_command_line(
    monkeypatch: pytest.MonkeyPatch, wrong: dict[str, str]
) -> None:
    for name, value in wrong.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(UsageError, match="OpenTelemetry cannot be set up"):
        otlp.from_environment({"OTEL_TRACES_EXPORTER": "otlp"}, "1")


def test_headers_written_wrongly_are_complained_of_and_not_logged(tmp_path: Path) -> None:
    daemon = launch_gate(
        tmp_path,
        "version: 1\n",
        Pair(tmp_path / "tls"),
        OTEL_EXPORTER_OTLP_ENDPOINT=f"http://127.0.0.1:{free_port()}",
        OTEL_EXPORTER_OTLP_HEADERS="a=b, Authorization: Bearer s3cret",
        OTEL_EXPORTER_OTLP_TIMEOUT="soon",
    )
    try:
        daemon.wait_until(lambda: "gate serves reviews" in daemon.log.read_text(), 60)
        lines = [json.loads(line) for line in daemon.log.read_text().splitlines() if line.startswith("{")]
        said = [line["message"] for line in lines if line["logger"].startswith("opentelemetry")]
        assert any("Header format invalid" in each for each in said) and any("soon" in each for each in said)
        assert "s3cret" not in daemon.log.read_text()
    finally:
        daemon.stop()


@pytest.mark.parametrize(
    "written", ["authorization=Basic%20s3cret%0Ax", "a=b,authorization=s3cret", "k=%20s3cret%22%27"]
)
def test_headers_are_withheld_as_they_are_written_decoded_and_quoted(written: str) -> None:
    withheld = logs.Withheld(otlp.secrets_in({"OTEL_EXPORTER_OTLP_HEADERS": written}))
    value = unquote(written.rpartition("=")[2])
    for said in (written, value, value.strip(), repr(value), repr(value.strip().encode())):
        error = ValueError(f"refused: {said}")
        record = logging.LogRecord("opentelemetry", logging.ERROR, "", 0, str(error), None, (ValueError, error, None))
        assert withheld.filter(record)
        line = json.loads(logs.JsonFormatter().format(record))
        assert "s3cret" not in str(line) and "ValueError: refused:" in line["message"]


def test_when_off_nothing_of_opentelemetry_is_imported(tmp_path: Path) -> None:
    daemon = launch_gate(tmp_path, "version: 1\n", Pair(tmp_path / "tls"), PYTHONVERBOSE="1")
    try:
        daemon.wait_until(lambda: "gate serves reviews" in daemon.log.read_text(errors="replace"), 60)
        log = daemon.log.read_text(errors="replace")
        assert "import 'gate.webhook.server'" in log and "import 'opentelemetry" not in log
    finally:
        daemon.stop()


# --- spans of real reviews -----------------------------------------------------------------------------------------


@pytest.fixture
def collector() -> Iterator[Collector]:
    started = Collector()
    yield started
    started.close()


@pytest.fixture(scope="module")
def host(docker_registry: Registry) -> str:
    Pusher(docker_registry.url).image("traces/good", "1", GOOD)
    return docker_registry.host


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Callable[..., GateServer]]:
    """Starts servers of one test, and ends them."""
    started: list[GateServer] = []

    def start(settings: str, **more: Any) -> GateServer:
        started.append(start_gate(tmp_path / f"gate{len(started)}", settings, **more))
        return started[-1]

    yield start
    for each in started:
        each.stop()


def traced(server: GateServer, obj: dict[str, Any], parent: str | None = None, **request: Any) -> dict[str, Any]:
    """The response of a review that carries a ``traceparent``."""
    headers = {"Content-Type": "application/json"} | ({"traceparent": parent} if parent else {})
    asked = urllib.request.Request(f"{server.url}/validate", review(obj, **request), headers)
    with urllib.request.urlopen(asked, timeout=30, context=server.context) as answer:
        found: dict[str, Any] = json.loads(answer.read())["response"]
    return found


@pytest.mark.registry
@pytest.mark.go
@pytest.mark.parametrize("opa", [False, True], ids=["embedded", "opa"])
def test_a_review_is_one_trace_below_the_caller_s(
    running: Callable[..., GateServer], collector: Collector, host: str, opa: bool
) -> None:
    server = running(settings_for(host), opa=opa, OTEL_EXPORTER_OTLP_ENDPOINT=collector.url, **SOON)
    said = traced(server, pod(f"{host}/traces/good:1"), f"00-{TRACE}-{PARENT}-01", uid="uid-of-a-trace")
    wanted = {"gate.review", "gate.evidence", "gate.registry.resolve", "gate.registry.read", "gate.engine"}
    server.wait_until(lambda: wanted <= {span.name for span in collector.spans})
    spans = {span.name: span for span in collector.spans if span.trace == TRACE}
    assert set(spans) == wanted
    top = spans["gate.review"]
    assert (top.parent, top.kind, top.failed) == (PARENT, 2, False)
    assert top.values == {
        "gate.uid": "uid-of-a-trace",
        "gate.operation": "CREATE",
        "gate.kind": "Pod",
        "gate.resource": "/pods",
        "gate.dry_run": False,
        "gate.environment": "prod",
        "gate.verdict": said["auditAnnotations"]["verdict"],
        "gate.allowed": said["allowed"],
        "gate.policy.revision": said["auditAnnotations"]["policy"],
        "gate.digests": [GOOD.digest],
    }
    assert spans["gate.evidence"].parent == spans["gate.engine"].parent == top.span
    assert spans["gate.evidence"].values == {"gate.evidence": "known", "gate.digests": [GOOD.digest]}
    assert spans["gate.registry.resolve"].parent == spans["gate.evidence"].span
    assert spans["gate.registry.resolve"].values == {"server.address": host, "gate.digest": GOOD.digest}
    assert spans["gate.engine"].values["gate.engine"] == ("opa" if opa else "regorus")
    assert top.resource["service.name"] == "gate"
    (line,) = [each for each in server.logs() if each.get("uid") == "uid-of-a-trace"]
    assert line["traceId"] == TRACE


@pytest.mark.registry
def test_names_headers_and_the_sampler_are_those_of_the_environment(
    running: Callable[..., GateServer], collector: Collector, host: str
) -> None:
    server = running(
        settings_for(host),
        OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=f"{collector.url}/v1/traces",
        OTEL_EXPORTER_OTLP_HEADERS="authorization=Bearer%20s3cret",
        OTEL_SERVICE_NAME="gate-of-team-a",
        OTEL_RESOURCE_ATTRIBUTES="deployment.environment.name=ci",
        OTEL_TRACES_SAMPLER="parentbased_always_off",
        **SOON,
    )
    traced(server, pod(f"{host}/traces/good:1"), uid="not sampled")
    traced(server, pod(f"{host}/traces/good:1"), f"00-{TRACE}-{PARENT}-00", uid="not sampled by the caller")
    traced(server, pod(f"{host}/traces/good:1"), f"00-{TRACE}-{PARENT}-01", uid="sampled")
    server.wait_until(lambda: collector.named("gate.review"))
    assert [span.values["gate.uid"] for span in collector.named("gate.review")] == ["sampled"]
    (first, *_) = collector.spans
    assert (first.resource["service.name"], first.resource["deployment.environment.name"]) == ("gate-of-team-a", "ci")
    assert {header["authorization"] for header in collector.headers} == {"Bearer s3cret"}
    assert "s3cret" not in server.daemon.log.read_text()


def test_a_traceparent_that_is_none_begins_a_trace_of_its_own(
    running: Callable[..., GateServer], collector: Collector
) -> None:
    server = running("version: 1\n", OTEL_EXPORTER_OTLP_ENDPOINT=collector.url, **SOON)
    parents = ["", "00-xyz", f"00-{'0' * 32}-{PARENT}-01", f"ff-{TRACE}-{PARENT}-01", "x" * 4_000]
    for parent in parents:
        assert traced(server, pod("nobody.example/x:1"), parent)["allowed"] is False
    server.wait_until(lambda: len(collector.named("gate.review")) == len(parents))
    tops = collector.named("gate.review")
    assert {top.parent for top in tops} == {""}
    assert len({top.trace for top in tops} | {TRACE}) == len(parents) + 1


@pytest.mark.registry
def test_credentials_and_texts_of_the_object_are_in_no_span(
    running: Callable[..., GateServer], collector: Collector, tmp_path: Path
) -> None:
    private = start_registry(tmp_path / "private", users={"alice": "hunter2-in-a-test"})
    try:
        config = private.docker_config(tmp_path / "docker")
        server = running(
            settings_for(private.host),
            arguments=[f"--docker-config={config}"],
            OTEL_EXPORTER_OTLP_ENDPOINT=collector.url,
            **SOON,
        )
        secret = {"env": [{"name": "TOKEN", "value": "s3cret-of-a-pod"}], "command": ["run", "--token=s3cret-arg"]}
        traced(server, pod(f"{private.host}/none:1", container=secret, metadata={"annotations": {"a": "s3cret-note"}}))
        server.wait_until(lambda: collector.named("gate.review") and collector.named("gate.registry.resolve"))
        (failed,) = collector.named("gate.registry.resolve")
        assert (failed.failed, failed.values["error.type"]) == (True, "not-found")
        assert [word for word in (b"hunter2", b"s3cret", b"alice") if word in b"".join(collector.bodies)] == []
    finally:
        private.daemon.stop()


# --- a collector that is not well ----------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", ["nobody listens", "it hangs", "it fails"])
def test_a_collector_that_is_down_costs_spans_and_no_review(running: Callable[..., GateServer], fault: str) -> None:
    collector = Collector(status=503)
    if fault == "it hangs":
        collector.hang.clear()
    url = f"http://127.0.0.1:{free_port()}" if fault == "nobody listens" else collector.url
    queue = {"OTEL_BSP_MAX_QUEUE_SIZE": "16", "OTEL_BSP_MAX_EXPORT_BATCH_SIZE": "8"}
    try:
        server = running("version: 1\n", OTEL_EXPORTER_OTLP_ENDPOINT=url, **SOON, **queue)
        before = server.metric("gate_admission_total", verdict="undecided") or 0
        said = [server.review(pod("nobody.example/x:1"), query="?timeout=2s") for _ in range(100)]
        assert {"could not decide on container" in each["status"]["message"] for each in said} == {True}
        assert {"in time" in each["status"]["message"] for each in said} == {False}
        assert (server.metric("gate_admission_total", verdict="undecided") or 0) - before == 100
        assert server.get("/readyz")[0] == 200
        started = time.monotonic()
        server.daemon.stop(seconds=15)
        assert time.monotonic() - started < 12
        assert server.daemon.process.returncode == 0
    finally:
        collector.close()


def test_what_was_recorded_is_sent_before_the_end(running: Callable[..., GateServer], collector: Collector) -> None:
    server = running("version: 1\n", OTEL_EXPORTER_OTLP_ENDPOINT=collector.url, OTEL_BSP_SCHEDULE_DELAY="600000")
    for number in range(5):
        server.review(pod("nobody.example/x:1"), uid=f"{number}")
    assert collector.spans == []
    server.daemon.stop(seconds=15)
    assert [span.values["gate.uid"] for span in collector.named("gate.review")] == ["0", "1", "2", "3", "4"]
