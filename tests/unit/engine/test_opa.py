"""Rego by an OPA server: the real one, and servers that answer as no OPA should."""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme
from gate.engine import choose
from gate.engine.opa import OpaEngine
from gate.engine.protocol import RawFinding, RawReport
from gate.errors import EngineError, EngineProtocolError, EngineTimeoutError, EngineUnavailableError, PolicyError

from tests.unit.engine import fakes, policies
from tests.unit.engine.policies import BUNDLE, document
from tests.unit.engine.test_regorus import ROOT

EMPTY = {"findings": [], "settled_later": [], "assumed": []}
PROVENANCE = {"bundles": {"gate": {"revision": BUNDLE.revision}}}


def _asked(url: str, **options: Any) -> RawReport:
    engine = OpaEngine(url, BUNDLE.revision, **({"seconds": 5.0, "retries": 0} | options))
    try:
        return engine.evaluate(document("non-root"))
    finally:
        engine.close()


# --- a real OPA -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def opa(opa_binary: Path) -> Iterator[OpaEngine]:
    engine = choose("opa", modules=BUNDLE.modules, revision=BUNDLE.revision, opa=str(opa_binary))
    assert isinstance(engine, OpaEngine)
    yield engine
    engine.close()


@pytest.mark.go
def test_a_private_opa_judges_and_ends_with_the_engine(opa_binary: Path) -> None:
    engine = choose("opa", modules=BUNDLE.modules, revision=BUNDLE.revision, opa=str(opa_binary))
    assert isinstance(engine, OpaEngine) and engine._process is not None
    port, folder = int(engine.url.rsplit(":", 1)[1]), Path(engine._process._folder.name)
    assert engine.evaluate(document("non-root")) == ROOT
    assert folder.stat().st_mode & 0o777 == 0o700
    engine.close()
    engine.close()
    assert not folder.exists()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=1)


@pytest.mark.go
def test_a_private_opa_ends_when_gate_is_killed_and_sees_none_of_its_environment(opa_binary: Path) -> None:
    code = (
        "from gate.engine import choose\nfrom tests.unit.engine.policies import BUNDLE\nimport sys\n"
        f"engine = choose('opa', modules=BUNDLE.modules, revision=BUNDLE.revision, opa={str(opa_binary)!r})\n"
        "print(engine.url, engine._process._process.pid, engine._process._folder.name, flush=True)\nsys.stdin.read()\n"
    )
    gate = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert gate.stdout is not None and gate.stdin is not None
    with gate.stdin, gate.stdout:
        url, guard, folder = gate.stdout.readline().split()
        children = Path(f"/proc/{guard}/task/{guard}/children").read_text().split()
        assert [Path(f"/proc/{child}/environ").read_bytes() for child in children] == [b""]
        gate.kill()
        gate.wait()
    address = ("127.0.0.1", int(url.rsplit(":", 1)[1]))
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            socket.create_connection(address, timeout=1).close()
        except OSError:
            if not Path(folder).exists():
                return
        time.sleep(0.05)
    pytest.fail("the private OPA outlived gate")


@pytest.mark.go
def test_many_questions_at_once(opa: OpaEngine) -> None:
    async def ask() -> list[RawReport]:
        engine = OpaEngine(opa.url, BUNDLE.revision)
        try:
            return await asyncio.gather(*[engine.evaluate_async(document("non-root")) for _ in range(50)])
        finally:
            await engine.close_async()

    assert asyncio.run(ask()) == [ROOT] * 50


@pytest.mark.go
def test_nothing_is_written_to_opa(opa: OpaEngine) -> None:
    def held() -> dict[str, str]:
        with urllib.request.urlopen(f"{opa.url}/v1/policies") as answer:
            return {each["id"]: each["raw"] for each in json.load(answer)["result"]}

    before = held()
    assert opa.evaluate(document("non-root")) == ROOT
    assert held() == before != {}


@pytest.mark.go
def test_another_revision_is_refused(opa: OpaEngine) -> None:
    with pytest.raises(EngineProtocolError) as caught:
        OpaEngine(opa.url, "sha256:other").check()
    assert BUNDLE.revision in str(caught.value) and "sha256:other" in str(caught.value)
    assert "bundle" in str(caught.value.hint)


@pytest.mark.go
def test_rules_that_fail_are_undecided_and_the_others_hold(opa_binary: Path) -> None:
    custom = policies.GOOD | policies.TYPE_ERROR | policies.CONFLICT
    engine = choose("opa", modules=BUNDLE.modules, revision="sha256:x", custom=custom, opa=str(opa_binary))
    try:
        asked = document("non-root", "custom/good", "custom/strict", "custom/conflict", subject=policies.evidence(n=2))
        conflict, good, strict, root = engine.evaluate(asked).findings
    finally:
        engine.close()
    assert (good.message, root) == ("custom says no", ROOT.findings[0])
    assert (conflict.status, strict.status) == ("undecided", "undecided")
    assert "team/strict.rego:3: " in str(strict.reason) and "team/conflict.rego:" in str(conflict.reason)
    assert "gate-opa-" not in str(conflict.reason) + conflict.message


@pytest.mark.go
def test_an_endless_custom_policy_does_not_hold_up_the_others(opa_binary: Path) -> None:
    custom = policies.GOOD | policies.ENDLESS
    engine = choose("opa", modules=BUNDLE.modules, revision="sha256:x", custom=custom, opa=str(opa_binary))
    assert isinstance(engine, OpaEngine)
    quick = OpaEngine(engine.url, "sha256:x", seconds=1.0)
    try:
        report = quick.evaluate(document("non-root", "custom/good", "custom/endless"))
    finally:
        quick.close()
        engine.close()
    assert [(found.rule, found.status) for found in report.findings] == [
        ("custom/endless", "undecided"),
        ("custom/good", "violation"),
        ("non-root", "violation"),
    ]


@pytest.mark.go
@pytest.mark.parametrize(
    ("modules", "where", "words"),
    [
        (policies.SYNTAX, "team/syntax.rego:3", "if"),
        (policies.NETWORK, "team/network.rego:4", "http.send"),
        (policies.UNSAFE, "team/unsafe.rego:3", "unsafe"),
    ],
)
def test_a_custom_policy_that_does_not_compile_is_named(
    opa_binary: Path, modules: dict[str, str], where: str, words: str
) -> None:
    with pytest.raises(PolicyError) as caught:
        choose(
            "opa",
            modules=BUNDLE.modules,
            revision="sha256:x",
            custom=modules,
            capabilities=BUNDLE.capabilities,
            opa=str(opa_binary),
        )
    assert (caught.value.where, words in caught.value.message) == (where, True), caught.value


# --- servers that are no OPA ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "body", "kind", "words"),
    [
        (200, {}, EngineProtocolError, "revision none"),
        (200, {"result": EMPTY}, EngineProtocolError, "revision none"),
        (200, {"provenance": PROVENANCE}, EngineProtocolError, "no data.gate.main.report"),
        (
            200,
            {"provenance": {"bundles": {"gate": {"revision": "sha256:old"}}}, "result": EMPTY},
            EngineProtocolError,
            "old",
        ),
        (200, {"provenance": {"bundles": []}, "result": EMPTY}, EngineProtocolError, "revision none"),
        (200, {"provenance": {"bundles": {"gate": 3}}, "result": EMPTY}, EngineProtocolError, "revision none"),
        (200, {"provenance": PROVENANCE, "result": []}, EngineProtocolError, "malformed"),
        (200, {"provenance": PROVENANCE, "result": {"findings": [{"rule": "x"}]}}, EngineProtocolError, "malformed"),
        (200, {"provenance": PROVENANCE, "result": {"findings": None}}, EngineProtocolError, "malformed"),
        (200, [], EngineProtocolError, "not a map"),
        (200, b"<html>hello</html>", EngineProtocolError, "not JSON"),
        (200, b'{"result": ', EngineProtocolError, "not JSON"),
        (200, b"[" * 100_000, EngineProtocolError, "not JSON"),
        (200, b"\xff\xfe", EngineProtocolError, "not JSON"),
        (500, b"oops", EngineProtocolError, "answered 500"),
        (500, {"code": "internal_error", "message": "storage is gone"}, EngineProtocolError, "storage is gone"),
        (503, b"", EngineProtocolError, "answered 503"),
        (401, {"code": "unauthorized", "message": "who are you"}, EngineProtocolError, "401: who are you"),
        (404, b"", EngineProtocolError, "answered 404"),
        (204, b"", EngineProtocolError, "answered 204"),
        (500, {"errors": 3, "message": 4}, EngineProtocolError, "answered 500"),
    ],
)
def test_whatever_is_no_report_of_our_revision_is_an_error(
    status: int, body: Any, kind: type[EngineError], words: str
) -> None:
    with fakes.serving(fakes.say(status, body)) as url, pytest.raises(kind) as caught:
        _asked(url)
    assert words in str(caught.value), caught.value
    assert "\n" not in str(caught.value)


def test_a_redirect_is_not_followed_elsewhere() -> None:
    seen: list[str] = []

    def elsewhere(handler: fakes.Handler) -> None:
        seen.append(str(handler.headers.get("Authorization")))
        fakes.say(200, {"provenance": PROVENANCE, "result": EMPTY})(handler)

    with fakes.serving(elsewhere) as other:

        def redirect(handler: fakes.Handler) -> None:
            handler.send_response(307)
            handler.send_header("Location", f"{other}/v1/data/gate/main/report")
            handler.send_header("Content-Length", "0")
            handler.end_headers()

        with fakes.serving(redirect) as url, pytest.raises(EngineProtocolError, match="answered 307"):
            _asked(url, token="secret")
    assert seen == []


def test_the_question_is_strict_and_asks_for_provenance() -> None:
    seen: list[tuple[str, str | None, Any]] = []

    def answer(handler: fakes.Handler) -> None:
        seen.append((handler.path, handler.headers.get("Authorization"), json.loads(handler.body)))  # type: ignore[attr-defined]
        fakes.say(200, {"provenance": PROVENANCE, "result": EMPTY})(handler)

    with fakes.serving(answer) as url:
        assert _asked(url, token="s3cret") == RawReport()
    assert seen == [
        (
            "/v1/data/gate/main/report?provenance=true&strict-builtin-errors=true",
            "Bearer s3cret",
            {"input": json.loads(document("non-root"))},
        )
    ]


def test_an_opa_that_is_down_is_named() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}"
        with pytest.raises(EngineUnavailableError) as caught:
            _asked(url)
    assert str(caught.value).startswith(f"{url}: OPA cannot be reached")


@pytest.mark.parametrize("step", ["nothing", "headers", "drip"])
def test_a_slow_opa_is_given_up(step: str) -> None:
    done = threading.Event()

    def slow(handler: fakes.Handler) -> None:
        if step != "nothing":
            handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n")
        while step == "drip" and not done.wait(0.05):
            handler.wfile.write(b" ")
        done.wait(30)

    with fakes.serving(slow) as url:
        try:
            with pytest.raises(EngineTimeoutError, match=r"did not answer within 0\.4 s"):
                _asked(url, seconds=0.4)
        finally:
            done.set()


def test_a_connection_that_breaks_is_an_error() -> None:
    def hang_up(handler: fakes.Handler) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{")
        handler.close_connection = True

    with fakes.serving(hang_up) as url, pytest.raises(EngineError):
        _asked(url)


def _eval_error(rule: str) -> Callable[[fakes.Handler], None]:
    """An OPA in which one rule cannot be evaluated."""

    def answer(handler: fakes.Handler) -> None:
        asked = json.loads(handler.body)["input"]["rules"]  # type: ignore[attr-defined]
        if rule in asked:
            location = {"file": "rules/x.rego", "row": 7, "col": 2}
            error = {"code": "eval_type_error", "message": "went wrong", "location": location}
            fakes.say(500, {"code": "internal_error", "message": "see errors", "errors": [error]})(handler)
        else:
            fakes.say(200, {"provenance": PROVENANCE, "result": EMPTY})(handler)

    return answer


def test_a_rule_that_opa_cannot_evaluate_is_undecided() -> None:
    with fakes.serving(_eval_error("non-root")) as url:
        assert _asked(url) == RawReport(
            findings=[
                RawFinding(
                    rule="non-root",
                    status="undecided",
                    state="unknown",
                    message="the rule failed: rules/x.rego:7: went wrong",
                    reason="rule-error: rules/x.rego:7: went wrong",
                )
            ]
        )


# --- TLS ------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def pem(authority: trustme.CA, tmp_path: Path) -> dict[str, Path]:
    """ca.pem, and a client's certificate and key."""
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    client = authority.issue_cert("gate@example.com")
    client.private_key_pem.write_to_path(tmp_path / "key.pem")
    client.cert_chain_pems[0].write_to_path(tmp_path / "cert.pem")
    return {"ca": tmp_path / "ca.pem", "certificate": tmp_path / "cert.pem", "key": tmp_path / "key.pem"}


def _tls(authority: trustme.CA, name: str = "127.0.0.1", *, client: bool = False) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)
    if client:
        authority.configure_trust(context)
        context.verify_mode = ssl.CERT_REQUIRED
    return context


FINE = fakes.say(200, {"provenance": PROVENANCE, "result": EMPTY})


def test_tls_with_an_authority_of_ones_own(authority: trustme.CA, pem: dict[str, Path]) -> None:
    with fakes.serving(FINE, _tls(authority)) as url:
        assert _asked(url, ca=pem["ca"]) == RawReport()
        with pytest.raises(EngineUnavailableError):
            _asked(url)


def test_tls_with_another_name_is_refused(authority: trustme.CA, pem: dict[str, Path]) -> None:
    with fakes.serving(FINE, _tls(authority, "example.org")) as url, pytest.raises(EngineUnavailableError):
        _asked(url, ca=pem["ca"])


def test_tls_with_a_client_certificate(authority: trustme.CA, pem: dict[str, Path]) -> None:
    with fakes.serving(FINE, _tls(authority, client=True)) as url:
        assert _asked(url, **pem) == RawReport()
        with pytest.raises(EngineError):
            _asked(url, ca=pem["ca"])


def test_certificates_that_cannot_be_used_are_named(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("nonsense")
    for ca in (tmp_path / "ca.pem", tmp_path / "absent.pem"):
        with pytest.raises(EngineUnavailableError) as caught:
            OpaEngine("https://127.0.0.1:8181", "sha256:x", ca=ca)
        assert caught.value.where == str(ca)


@pytest.mark.parametrize(
    "url",
    ["127.0.0.1:8181", "ftp://x", "http://", "http://h/path", "http://u:p@h", "http://h:99999", "http://h?x=1", ""],
)
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(EngineUnavailableError) as caught:
        OpaEngine(url, "sha256:x")
    assert "http://host:8181" in str(caught.value.hint)
    assert "u:p" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("http://h:8181", ("h", 8181, False)),
        ("https://h", ("h", 443, True)),
        ("http://[::1]:8181/", ("[::1]", 8181, False)),
    ],
)
def test_addresses(url: str, address: tuple[str, int, bool]) -> None:
    engine = OpaEngine(url, "sha256:x")
    assert (engine._host, engine._port, engine._tls) == address
