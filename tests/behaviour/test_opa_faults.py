"""gate check with an OPA that is wrong in every way: one line, exit code 2, nothing passes."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.behaviour.command_line import gate

GOOD = 'FROM scratch\nCOPY app /app\nUSER 65532:65532\nENTRYPOINT ["/app"]\n'
REPORT = {"findings": [], "settled_later": [], "assumed": []}

# What it answers: status, body, seconds to wait before.
FAULTS: dict[str, tuple[int, bytes, float]] = {
    "answers 500": (500, b'{"code": "internal_error", "message": "out of memory"}', 0),
    "answers garbage": (200, b"<html>hello</html>", 0),
    "answers an empty object": (200, b"{}", 0),
    "answers nothing": (200, b"", 0),
    "answers with no provenance": (200, json.dumps({"result": REPORT}).encode(), 0),
    "answers for another revision": (
        200,
        json.dumps({"result": REPORT, "provenance": {"bundles": {"gate": {"revision": "sha256:other"}}}}).encode(),
        0,
    ),
    "answers another shape": (200, b'{"result": [1], "provenance": {"bundles": {"gate": {"revision": "x"}}}}', 0),
    "needs a token": (401, b'{"code": "unauthorized", "message": "request rejected by administrative policy"}', 0),
    "is slow": (200, b"{}", 20),
}


class _Opa(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        status, body, seconds = self.server.fault  # type: ignore[attr-defined]
        self.server.asked += 1  # type: ignore[attr-defined]
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        end = time.monotonic() + seconds
        while time.monotonic() < end and not self.server.over.wait(0.1):  # type: ignore[attr-defined]
            pass
        try:
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
        except OSError:
            pass

    do_GET = do_POST

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def opa() -> Iterator[ThreadingHTTPServer]:
    """A server on a free port of loopback; ``fault`` says how it answers, ``asked`` counts."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Opa)
    server.daemon_threads = True
    server.asked, server.over = 0, threading.Event()  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield server
    server.over.set()  # type: ignore[attr-defined]
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_an_opa_that_is_wrong_lets_nothing_pass(
    fault: tuple[int, bytes, float], opa: ThreadingHTTPServer, tmp_path: Path
) -> None:
    for index in range(4):
        (tmp_path / f"{index}.Dockerfile").write_text(GOOD)
    opa.fault = fault  # type: ignore[attr-defined]
    url = f"http://127.0.0.1:{opa.server_address[1]}"
    done = gate("check", "--no-cache", "-o", "json", "--opa-url", url, cwd=tmp_path)
    assert done.code == 2
    assert done.report["results"] == []
    assert done.report["verdict"] == "undecided"
    assert [failure["target"] for failure in done.report["failures"]] == ["0.Dockerfile", "3 more targets"]
    assert "Traceback" not in done.err
    assert len([line for line in done.err.splitlines() if line.startswith("gate: ")]) == 2
    assert opa.asked <= 3  # type: ignore[attr-defined]


@pytest.mark.go
def test_a_real_opa_gives_the_report_that_the_engine_in_process_gives(tmp_path: Path, opa_binary: Path) -> None:
    (tmp_path / "good.Dockerfile").write_text(GOOD)
    (tmp_path / "bad.Dockerfile").write_text("FROM golang:1.23\n")
    arguments = ["check", "--no-cache", "--today", "2026-12-01", "-o", "json", "--engine"]
    ours = gate(*arguments, "regorus", cwd=tmp_path)
    theirs = gate(*arguments, "opa", cwd=tmp_path, variables={"PATH": f"{opa_binary.parent}:/usr/bin:/bin"})
    assert (ours.code, theirs.code, theirs.err) == (1, 1, "")
    assert theirs.report["policy"]["engine"] == "opa"
    assert {**ours.report, "policy": None} == {**theirs.report, "policy": None}
    assert ours.report["policy"]["revision"] == theirs.report["policy"]["revision"]


def test_no_engine_at_all_names_both_remedies(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text(GOOD)
    done = gate("check", "--no-cache", "--engine", "opa", cwd=tmp_path, variables={"PATH": "/nowhere"})
    assert (done.code, done.out) == (2, "")
    assert "gate-images[embedded]" in done.err and "`opa` on PATH" in done.err
