"""``gate serve`` as a process: TLS files, a registry, OPA beside it; what happens while parts of it fail or change."""

from __future__ import annotations

import datetime
import json
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from gate.webhook.review import MAX_BODY

from tests.support.oci_images import Pusher, make_image
from tests.support.processes import free_port
from tests.support.registry import Registry, start_registry
from tests.support.serving import (
    GateServer,
    Pair,
    launch_gate,
    pod,
    review,
    settings_for,
    start_gate,
    start_opa,
)

pytestmark = [pytest.mark.registry, pytest.mark.go]

GOOD = make_image({"app": b"program"}, config={"User": "10001:10001", "Entrypoint": ["/app"]})
BAD = make_image({"bin/sh": b"shell", "etc/os-release": b"ID=x"}, config={"Cmd": ["sh"]})


@pytest.fixture(scope="module")
def host(docker_registry: Registry) -> str:
    pusher = Pusher(docker_registry.url)
    pusher.image("serve/good", "1", GOOD)
    pusher.image("serve/bad", "1", BAD)
    return docker_registry.host


@pytest.fixture(scope="module", params=["regorus", "opa"])
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, host: str) -> Iterator[GateServer]:
    folder = tmp_path_factory.mktemp(f"serve-{request.param}")
    started = start_gate(folder, settings_for(host), opa=request.param == "opa")
    yield started
    started.stop()


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Callable[..., GateServer]]:
    """Starts servers of one test, and ends them."""
    started: list[GateServer] = []

    def start(settings: str, name: str = "gate", **more: Any) -> GateServer:
        started.append(start_gate(tmp_path / name, settings, **more))
        return started[-1]

    yield start
    for each in started:
        each.stop()


def message(response: dict[str, Any]) -> str:
    return str(response.get("status", {}).get("message", ""))


# --- what it is for ----------------------------------------------------------------------------------------------


def test_a_good_image_is_admitted_and_a_bad_one_refused_with_all_that_is_wrong(server: GateServer, host: str) -> None:
    good = server.review(pod(f"{host}/serve/good:1"))
    bad = server.review(pod(f"{host}/serve/bad:1"))
    assert good["allowed"] is True
    assert (bad["allowed"], bad["status"]["code"], bad["status"]["reason"]) == (False, 403, "Forbidden")
    assert message(bad).startswith(f'gate denied container "c" ({host}/serve/bad:1@{BAD.digest[:19]}): ')
    assert all(f"{rule}: " in message(bad) for rule in ("non-root", "no-shell", "approved-base"))
    assert "Fix: " in message(bad)
    assert bad["auditAnnotations"]["images"] == f"{host}/serve/bad:1={BAD.digest}"


def test_an_image_of_a_registry_nobody_named_is_undecided_in_one_sentence(server: GateServer) -> None:
    said = message(server.review(pod("evil.example/x:1")))
    assert said.startswith('gate could not decide on container "c" (evil.example/x:1): ')
    assert said.count("settings do not name the registry evil.example") == 1


def test_metrics_and_logs_tell_what_was_decided_and_no_more(server: GateServer, host: str) -> None:
    before = server.metric("gate_admission_total", verdict="deny", environment="prod") or 0
    server.review(pod(f"{host}/serve/bad:1"), uid="uid-of-this-test")
    assert server.metric("gate_admission_total", verdict="deny", environment="prod") == before + 1
    assert (server.metric("gate_certificate_expiry_seconds") or 0) > 0
    revision = server.review(pod(f"{host}/serve/good:1"))["auditAnnotations"]["policy"]
    assert server.metric("gate_policy_info", revision=revision) == 1
    (line,) = [each for each in server.logs() if each.get("uid") == "uid-of-this-test"]
    wanted = {"verdict": "deny", "requestResource": "/pods", "policy": revision, "allowed": False, "dryRun": False}
    assert wanted.items() <= line.items()
    assert BAD.digest in line["images"]


def test_labels_of_metrics_hold_nothing_an_image_controls(server: GateServer, host: str) -> None:
    server.review(pod("evil.example/x:1", namespace="shop"))
    text = server.get("/metrics")[1]
    assert "evil.example" not in text and host not in text


@pytest.mark.parametrize(
    ("size", "status"), [(MAX_BODY - 1_000, 200), (MAX_BODY + 1, 413)], ids=["just below", "above"]
)
def test_seven_mebibytes_are_read_and_no_more(server: GateServer, host: str, size: int, status: int) -> None:
    small = review(pod(f"{host}/serve/good:1"))
    assert server.post(small + b" " * (size - len(small)))[0] == status


def test_what_is_no_review_is_4xx_and_the_next_review_is_answered(server: GateServer, host: str) -> None:
    bodies = [b"", b"{", b"[" * 5_000, b'{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1beta1"}']
    assert [server.post(body)[0] for body in bodies] == [400] * 4
    assert server.post(b"{}", content_type="text/plain")[0] == 415
    assert server.review(pod(f"{host}/serve/good:1"))["allowed"] is True


# --- registries that fail ----------------------------------------------------------------------------------------


class Faulty:
    """A registry that answers everything the same way, or not at all."""

    def __init__(self) -> None:
        self.status = 503
        self.hang = threading.Event()
        self.hang.set()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def answer(self) -> None:
                outer.hang.wait(30)
                self.send_response(outer.status)
                self.send_header("Retry-After", "30")
                self.send_header("Content-Length", "0")
                self.end_headers()

            do_GET = do_HEAD = answer

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.host = f"127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def faulty() -> Iterator[Faulty]:
    registry = Faulty()
    yield registry
    registry.hang.set()
    registry.server.shutdown()
    registry.server.server_close()


def test_a_registry_that_is_down_slow_full_or_refuses_is_a_refusal_that_says_so(
    running: Callable[..., GateServer], faulty: Faulty, tmp_path: Path
) -> None:
    nobody = f"127.0.0.1:{free_port()}"
    server = running(settings_for(faulty.host, nobody))
    said = {}
    for number, status in enumerate((503, 429, 401, 404)):
        faulty.status = status
        said[status] = message(server.review(pod(f"{faulty.host}/x:{number}")))
    faulty.hang.clear()
    said[0] = message(server.review(pod(f"{faulty.host}/x:slow"), query="?timeout=2s"))
    said[1] = message(server.review(pod(f"{nobody}/x:1")))
    assert all(text.startswith("gate could not decide on container") for text in said.values())
    assert "did not answer within" in said[0]
    assert "too many requests; it asks to wait 30 s" in said[429]
    assert [status for status, text in said.items() if faulty.host not in text and nobody not in text] == []
    assert server.get("/readyz")[0] == 200


def test_the_api_server_s_timeout_is_honoured_with_a_registry_and_an_opa_that_hang(
    tmp_path: Path, faulty: Faulty
) -> None:
    faulty.hang.clear()
    pair = Pair(tmp_path / "tls")
    arguments = ["--engine=opa", f"--opa-url=http://{faulty.host}", f"--bundle-listen=127.0.0.1:{free_port()}"]
    server = _unready(tmp_path, settings_for(faulty.host), pair, arguments)
    try:
        started = time.monotonic()
        said = message(server.review(pod(f"{faulty.host}/x:1"), query="?timeout=2s"))
        assert time.monotonic() - started < 2
        assert said.startswith("gate could not decide")
    finally:
        server.stop()


def test_what_was_admitted_is_admitted_again_by_a_new_process_while_the_registry_is_down(
    running: Callable[..., GateServer], tmp_path: Path
) -> None:
    registry = start_registry(tmp_path / "registry")
    Pusher(registry.url).image("shop/api", "1", GOOD)
    store = f"--store=sqlite:///{tmp_path / 'facts.db'}"
    first = running(settings_for(registry.host), "first", arguments=[store])
    assert first.review(pod(f"{registry.host}/shop/api:1"))["allowed"] is True
    first.stop()
    registry.daemon.stop(seconds=2)
    second = running(settings_for(registry.host), "second", arguments=[store])
    answers = [second.review(pod(f"{registry.host}/shop/{name}")) for name in ("api:1", f"api@{GOOD.digest}", "new:1")]
    assert [each["allowed"] for each in answers] == [True, True, False]
    assert (second.metric("gate_evidence_cache_total", source="outage") or 0) >= 1
    strict = running(settings_for(registry.host), "third", arguments=[store, "--outage=refuse"])
    assert strict.review(pod(f"{registry.host}/shop/api:1"))["allowed"] is False


# --- policies and settings that change -----------------------------------------------------------------------------


def test_settings_that_break_keep_the_last_good_ones_and_say_so(
    running: Callable[..., GateServer], host: str, tmp_path: Path
) -> None:
    server = running(settings_for(host), arguments=["--poll=0.2"])
    settings = server.folder / "gate.yaml"
    settings.write_text("version: 1\nrulez: {}\n")
    server.wait_until(lambda: server.metric("gate_policy_reload_failed") == 1)
    assert server.review(pod(f"{host}/serve/good:1"))["allowed"] is True
    assert server.review(pod(f"{host}/serve/bad:1"))["allowed"] is False
    assert server.get("/readyz")[0] == 200
    newcomer = launch_gate(tmp_path / "new", settings.read_text(), Pair(tmp_path / "new-tls"))
    assert newcomer.process.wait(60) == 2
    assert "gate.yaml:2" in newcomer.log_tail() and "Traceback" not in newcomer.log_tail()
    settings.write_text(settings_for(host, more="rules: {non-root: warn, no-shell: warn, approved-base: warn}\n"))
    server.wait_until(lambda: server.metric("gate_policy_reload_failed") == 0)
    server.wait_until(lambda: server.review(pod(f"{host}/serve/bad:1"))["allowed"] is True)


def test_a_registry_that_settings_add_may_be_asked_from_then_on(running: Callable[..., GateServer], host: str) -> None:
    server = running("version: 1\n", arguments=["--poll=0.2"])
    assert "do not name the registry" in message(server.review(pod(f"{host}/serve/good:1")))
    (server.folder / "gate.yaml").write_text(settings_for(host))
    server.wait_until(lambda: server.review(pod(f"{host}/serve/good:1"))["allowed"] is True)


def test_a_new_policy_reaches_opa_by_its_bundle_protocol_without_a_wrong_answer_between(
    running: Callable[..., GateServer], host: str, tmp_path: Path
) -> None:
    policies = tmp_path / "policies"
    policies.mkdir()
    server = running(settings_for(host), opa=True, arguments=["--poll=0.2", f"--policy={policies}"])
    old = server.review(pod(f"{host}/serve/good:1"))["auditAnnotations"]["policy"]
    (policies / "teams.rego").write_text(CUSTOM)
    seen = []

    def changed() -> bool:
        response = server.review(pod(f"{host}/serve/good:1"))
        seen.append(response["allowed"])
        return "custom/teams" in message(response)

    server.wait_until(changed)
    assert seen[:-1] == [True] * (len(seen) - 1)
    new = server.review(pod(f"{host}/serve/good:1"))["auditAnnotations"]["policy"]
    assert new != old
    (policies / "teams.rego").write_text(CUSTOM + "\nbroken if {\n")
    server.wait_until(lambda: server.metric("gate_policy_reload_failed") == 1)
    assert server.review(pod(f"{host}/serve/good:1"))["auditAnnotations"]["policy"] == new
    assert server.get("/readyz")[0] == 200


CUSTOM = """# METADATA
# title: Every workload has a team
# description: Somebody must be asked when it breaks.
# custom:
#   severity: high
#   kinds: [container]
#   needs: []
#   fix: Set the label team.
package custom.teams

import data.gate.lib.finding

violations contains finding.at(input.evidence.workload.origin, "no team is named") if {
	not input.evidence.workload.labels.team
}
"""


def test_custom_policies_without_opa_are_refused_at_the_start(tmp_path: Path) -> None:
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies" / "teams.rego").write_text(CUSTOM)
    daemon = launch_gate(tmp_path, "version: 1\n", Pair(tmp_path), [f"--policy={tmp_path / 'policies'}"])
    assert daemon.process.wait(60) == 2
    assert "only with OPA" in daemon.log_tail()


# --- OPA that fails ------------------------------------------------------------------------------------------------


def test_opa_killed_is_a_refusal_with_a_reason_and_passes_again_when_it_is_back(
    running: Callable[..., GateServer], host: str
) -> None:
    server = running(settings_for(host), opa=True, arguments=["--poll=0.2"])
    (opa,) = server.started
    command = opa.process.args
    assert isinstance(command, list)
    address = next(each for each in command if str(each).startswith("--addr="))
    bundle = next(each for each in command if "services.gate.url" in str(each))
    assert server.review(pod(f"{host}/serve/good:1"))["allowed"] is True
    opa.stop(seconds=0)
    fresh = server.review(pod(f"{host}/serve/good:1", "never-seen"))
    assert fresh["allowed"] is False and "OPA cannot be reached" in message(fresh)
    server.wait_until(lambda: server.get("/readyz")[0] == 503)
    refused = server.review(pod(f"{host}/serve/good:1"))
    assert (refused["allowed"], refused["auditAnnotations"]["verdict"]) == (False, "undecided")
    assert "OPA cannot be reached" in message(refused)
    server.wait_until(lambda: server.get("/readyz") == (503, "OPA does not answer with our policy's revision\n"))
    port, bundle_port = (int(str(each).rpartition(":")[2]) for each in (address, bundle))
    server.started.append(start_opa(server.folder, port, bundle_port, "opa-again"))
    server.wait_until(lambda: server.get("/readyz")[0] == 200)
    assert server.review(pod(f"{host}/serve/good:1"))["allowed"] is True


class FakeOpa:
    """Answers every query with the same bytes."""

    def __init__(self, body: bytes, status: int = 200) -> None:
        class Handler(BaseHTTPRequestHandler):
            def answer(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_POST = answer

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


EMPTY_REPORT: dict[str, Any] = {"findings": [], "assumed": [], "settled_later": []}


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{}", 200),
        (b'{"result": {"findings": []}}', 200),
        (json.dumps({"result": EMPTY_REPORT, "provenance": {"bundles": {"gate": {"revision": "x"}}}}).encode(), 200),
        (b"<html>", 200),
        (b"", 200),
        (b"[" * 10_000, 200),
        (b'{"code": "internal_error", "message": "boom"}', 500),
        (b"", 302),
    ],
    ids=["empty", "no revision", "other revision", "html", "nothing", "deep", "error", "redirect"],
)
def test_an_opa_that_answers_nonsense_never_admits(tmp_path: Path, host: str, body: bytes, status: int) -> None:
    fake = FakeOpa(body, status)
    arguments = ["--engine=opa", f"--opa-url={fake.url}", f"--bundle-listen=127.0.0.1:{free_port()}"]
    server = _unready(tmp_path, settings_for(host), Pair(tmp_path / "tls"), arguments)
    try:
        response = server.review(pod(f"{host}/serve/good:1"))
        assert (response["allowed"], response["auditAnnotations"]["verdict"]) == (False, "undecided")
        assert message(response).startswith("gate could not decide")
        assert server.get("/readyz")[0] == 503
    finally:
        server.stop()
        fake.server.shutdown()


def _unready(folder: Path, settings: str, pair: Pair, arguments: list[str]) -> GateServer:
    """A server that serves without ever being ready."""
    return start_gate(folder, settings, pair=pair, arguments=arguments, ready=False)


# --- certificates, and the end -------------------------------------------------------------------------------------


def test_a_mismatched_pair_on_disk_keeps_the_old_one_and_counts(
    running: Callable[..., GateServer], host: str, tmp_path: Path
) -> None:
    pair = Pair(tmp_path / "tls")
    server = running(settings_for(host), pair=pair, arguments=["--poll=0.1"])
    pair.key.write_bytes(Pair(tmp_path / "other").key.read_bytes())
    server.wait_until(lambda: (server.metric("gate_certificate_reload_failures_total") or 0) >= 1)
    assert server.review(pod(f"{host}/serve/good:1"))["allowed"] is True
    pair.issue()
    serial = server.metric("gate_certificate_expiry_seconds")
    server.wait_until(lambda: server.metric("gate_certificate_expiry_seconds") != serial)
    assert server.review(pod(f"{host}/serve/good:1"))["allowed"] is True


def test_sigterm_drains_answers_with_connection_close_and_ends_with_zero(
    running: Callable[..., GateServer], host: str
) -> None:
    server = running(settings_for(host), arguments=["--drain=1.5"])
    server.review(pod(f"{host}/serve/good:1"))
    server.daemon.process.terminate()
    server.wait_until(lambda: server.get("/readyz") == (503, "draining\n"))
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(f"{server.url}/validate", review(pod(f"{host}/serve/good:1")), headers)
    with urllib.request.urlopen(request, timeout=10, context=server.context) as answer:
        assert (answer.status, answer.headers["Connection"]) == (200, "close")
    assert server.daemon.process.wait(30) == 0
    assert "Traceback" not in server.daemon.log_tail()


def test_an_expired_certificate_is_served_and_the_process_is_not_ready(tmp_path: Path) -> None:
    pair = Pair(tmp_path / "tls")
    leaf = pair.authority.issue_cert("localhost", not_after=datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC))
    pair.key.write_bytes(leaf.private_key_pem.bytes())
    pair.certificate.write_bytes(b"".join(blob.bytes() for blob in leaf.cert_chain_pems))
    server = _unready(tmp_path, "version: 1\n", pair, [])
    try:
        assert server.get("/readyz") == (503, "the serving certificate is not valid\n")
        server.wait_until(lambda: (server.metric("gate_certificate_expiry_seconds") or 0) < 0)
    finally:
        server.stop()


def test_no_path_is_ever_a_redirect(server: GateServer) -> None:
    paths = ["/validate/", "/", "//validate", "/validate/..", "/%2e%2e/validate", "/validate?x"]
    for path in paths:
        request = urllib.request.Request(server.url + path, b"{}", {"Content-Type": "application/json"})
        opener = urllib.request.build_opener(urllib.request.HTTPSHandler(context=server.context), Stay())
        with pytest.raises(urllib.error.HTTPError) as caught:
            opener.open(request, timeout=10)
        assert caught.value.code in (400, 404, 405)


class Stay(urllib.request.HTTPRedirectHandler):
    """Follows nothing."""

    def redirect_request(self, *_: object) -> None:  # type: ignore[override]
        return None


def test_a_custom_policy_that_would_use_the_network_is_refused_at_the_start(tmp_path: Path) -> None:
    (tmp_path / "policies").mkdir()
    evil = CUSTOM + '\nleak := http.send({"method": "get", "url": "http://127.0.0.1:1"})\n'
    (tmp_path / "policies" / "teams.rego").write_text(evil)
    arguments = [f"--policy={tmp_path / 'policies'}", "--engine=opa", f"--opa-url=http://127.0.0.1:{free_port()}"]
    arguments.append(f"--bundle-listen=127.0.0.1:{free_port()}")
    daemon = launch_gate(tmp_path, "version: 1\n", Pair(tmp_path), arguments)
    assert daemon.process.wait(60) == 2
    assert "http.send" in daemon.log_tail()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--tls-cert=/none", "--tls-key=/none"], "cannot read the TLS pair"),
        (["--engine=opa"], "--engine opa needs --opa-url"),
        (["--store=imagefacts", "--kubeconfig=/none"], "cannot load the cluster's configuration"),
        (["--listen=nonsense"], "is no address"),
        (["--credential-provider-config=/none"], "/none"),
    ],
)
def test_what_cannot_start_says_why_in_one_line(tmp_path: Path, arguments: list[str], said: str) -> None:
    daemon = launch_gate(tmp_path, "version: 1\n", Pair(tmp_path), arguments)
    assert daemon.process.wait(60) == 2
    assert said in daemon.log_tail() and "Traceback" not in daemon.log_tail()


# --- environments by a label -----------------------------------------------------------------------------------------

LABELLED = """environment_label: {key: acme.dev/environment, groups: [platform]}
environments:
  - {name: dev, labels: [dev]}
  - {name: prod, namespaces: ["*"]}
"""


@pytest.mark.parametrize("guarded", [None, "acme.dev/env"])
def test_a_label_that_the_webhook_configuration_does_not_guard_is_refused(tmp_path: Path, guarded: str | None) -> None:
    arguments = [f"--guarded-label={guarded}"] if guarded else []
    daemon = launch_gate(tmp_path, f"version: 1\n{LABELLED}", Pair(tmp_path / "tls"), arguments)
    try:
        assert daemon.process.wait(60) == 2
        log = daemon.log.read_text()
        assert "chosen by the label acme.dev/environment, and changes of it are not guarded" in log
        assert f"guards {f'only {guarded}' if guarded else 'none'};" in log and "Traceback" not in log
    finally:
        daemon.stop()


def test_the_path_is_the_environment_and_the_guard_answers_at_its_own(
    running: Callable[..., GateServer], host: str
) -> None:
    server = running(settings_for(host, more=LABELLED), arguments=["--guarded-label=acme.dev/environment"])

    def ask(path: str, obj: dict[str, Any], **more: Any) -> tuple[int, dict[str, Any]]:
        asked = urllib.request.Request(f"{server.url}{path}", review(obj, **more), {"Content-Type": "application/json"})
        with urllib.request.urlopen(asked, timeout=30, context=server.context) as answer:
            return answer.status, json.loads(answer.read())["response"]

    bad = pod(f"{host}/serve/bad:1")
    assert "[prod, policy" in message(ask("/validate", bad)[1])
    assert ask("/validate/dev", bad)[1]["allowed"] is True
    unknown = ask("/validate/prod", bad)
    assert unknown[0] == 200 and 'settings choose no environment "prod" by a label' in message(unknown[1])
    changed = {"kind": "Namespace", "metadata": {"name": "shop", "labels": {"acme.dev/environment": "dev"}}}
    spaces = {"resource": {"group": "", "version": "v1", "resource": "namespaces"}}
    who = {"userInfo": {"username": "bob", "groups": ["platform"]}}
    assert "gate denied changing acme.dev/environment" in message(ask("/guard", changed, **spaces)[1])
    assert ask("/guard", changed, **spaces, **who)[1]["allowed"] is True


# --- custom rules, as a ConfigMap is mounted --------------------------------------------------------------------------

OWNER = """# METADATA
# title: Names an owner
# description: Every workload says whose it is.
# custom:
#   severity: low
#   kinds: [container]
#   needs: [user]
#   fix: Add the label owner.
package custom.owner

import data.gate.lib.finding

violations contains finding.at(null, "%s")
"""


def mount(folder: Path, version: str, text: str) -> None:
    """What the kubelet writes: a new folder, and a link to it that is replaced at once."""
    (folder / f"..{version}").mkdir(parents=True)
    (folder / f"..{version}" / "owner.rego").write_text(text)
    (folder / "..new").symlink_to(f"..{version}")
    (folder / "..new").rename(folder / "..data")
    if not (folder / "owner.rego").is_symlink():
        (folder / "owner.rego").symlink_to("..data/owner.rego")


def test_custom_rules_of_a_config_map_are_in_force_once_and_follow_it(
    running: Callable[..., GateServer], host: str, tmp_path: Path
) -> None:
    folder = tmp_path / "policies"
    mount(folder, "1", OWNER % "nobody owns it")
    server = running(settings_for(host), opa=True, arguments=[f"--policy={folder}", "--poll=0.3"])
    assert message(server.review(pod(f"{host}/serve/good:1"))).count("custom/owner: nobody owns it") == 1
    mount(folder, "2", OWNER % "whose is it")
    server.wait_until(lambda: "custom/owner: whose is it" in message(server.review(pod(f"{host}/serve/good:1"))))
    mount(folder, "3", "package custom.owner\n\nviolations contains {")
    server.wait_until(lambda: server.metric("gate_policy_reload_failed") == 1)
    assert "custom/owner: whose is it" in message(server.review(pod(f"{host}/serve/good:1")))
