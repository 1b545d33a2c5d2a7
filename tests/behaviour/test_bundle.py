"""``gate bundle``: what is built and pushed is what OPA loads, and what gate asks for."""

from __future__ import annotations

import asyncio
import gzip
import json
import re
import subprocess
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from gate.errors import RegistryError
from gate.evidence.image.publish import publish_layer
from gate.evidence.image.reference import parse
from gate.evidence.image.sources import Sources
from gate.evidence.image.transport import TransportLimits
from gate.settings.model import Registry as Row

from tests.behaviour.command_line import gate
from tests.support.oci_images import Pusher, make_image
from tests.support.processes import free_port
from tests.support.registry import Registry, start_registry
from tests.support.registry_fakes import FakeRegistry
from tests.support.serving import GateServer, pod, settings_for, start_gate, start_oci_opa
from tests.support.webhooks import render

CUSTOM = """# METADATA
# title: Names an owner
# description: Every image says whose it is.
# custom:
#   severity: low
#   kinds: [dockerfile, image, container]
#   needs: [user]
#   fix: Add LABEL owner=TEAM.
package custom.owner

import data.gate.lib.finding

violations contains finding.at(input.evidence.facts.user.origin, "nobody answers for it") if {
	%s
}
"""
A, B = CUSTOM % "true", CUSTOM % 'input.evidence.kind == "image"'
"""Two policies that differ: B leaves containers alone."""

LAYER = gzip.compress(b"\0" * 1024, mtime=0)


def custom(folder: Path, text: str) -> Path:
    """A folder of custom rules."""
    (folder / "owner").mkdir(parents=True, exist_ok=True)
    (folder / "owner" / "owner.rego").write_text(text)
    return folder


def revision_in(said: str) -> str:
    found = re.search(r"policy (sha256:[0-9a-f]{64})", said)
    assert found, said
    return found[1]


@pytest.fixture
def push(tmp_path: Path) -> Callable[..., str]:
    """Pushes a policy from a folder of its own; the revision that was said."""

    def do(registry: Registry, name: str, *arguments: str | Path) -> str:
        (tmp_path / "gate.yaml").write_text(settings_for(registry.host))
        done = gate("bundle", "push", f"{registry.host}/{name}", *arguments, cwd=tmp_path)
        assert done.code == 0, done.err
        assert re.match(rf"{re.escape(registry.host)}/{name}@sha256:[0-9a-f]{{64}}: policy ", done.out)
        return revision_in(done.out)

    return do


def manifest_of(registry: Registry, name: str, tag: str) -> tuple[str, dict[str, Any]]:
    """Digest and content of a manifest."""
    asked = urllib.request.Request(
        f"{registry.url}/v2/{name}/manifests/{tag}", headers={"Accept": "application/vnd.oci.image.manifest.v1+json"}
    )
    with urllib.request.urlopen(asked, timeout=10) as answer:
        return answer.headers["Docker-Content-Digest"], json.loads(answer.read())


# --- files ---------------------------------------------------------------------------------------------------------


@pytest.mark.go
def test_a_bundle_says_its_revision_and_opa_takes_it(tmp_path: Path, opa_binary: Path) -> None:
    done = gate("bundle", "build", "-o", "bundle.tar.gz", cwd=tmp_path)
    assert done.code == 0, done.err
    read = subprocess.run(
        [opa_binary, "inspect", "-f", "json", tmp_path / "bundle.tar.gz"], capture_output=True, check=True
    )
    assert json.loads(read.stdout)["manifest"]["revision"] == revision_in(done.out)


def test_equal_policies_are_equal_files_and_another_rule_is_another_revision(tmp_path: Path) -> None:
    def build(name: str, *more: str | Path) -> tuple[bytes, str]:
        done = gate("bundle", "build", "-o", name, *more, cwd=tmp_path)
        assert done.code == 0, done.err
        return (tmp_path / name).read_bytes(), revision_in(done.out)

    one, again = build("a.tar.gz"), build("b.tar.gz")
    other = build("c.tar.gz", "--policy", custom(tmp_path / "custom", A))
    assert one == again and other[1] != one[1]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["build", "-o", "no/such/folder.tar.gz"], "no/such/folder.tar.gz"),
        (["build"], "--output"),
        (["push", "127.0.0.1:1/x"], "under which tag"),
        (["push", f"127.0.0.1:1/x:1@sha256:{'0' * 64}"], "under which tag"),
        (["push", "A b"], "A b"),
        (["build", "-o", "x.tar.gz", "--policy", "broken"], "broken"),
    ],
    ids=["no folder", "no file", "no tag", "a digest", "no reference", "a rule that does not parse"],
)
def test_what_cannot_be_done_is_one_line_and_exit_2(tmp_path: Path, arguments: list[str], said: str) -> None:
    custom(tmp_path / "broken", "package custom.broken\n\nviolations contains {")
    done = gate("bundle", *arguments, cwd=tmp_path)
    assert (done.code, done.out) == (2, "") and said in done.err and "Traceback" not in done.err


# --- registries ----------------------------------------------------------------------------------------------------


@pytest.mark.registry
def test_what_is_pushed_is_one_layer_that_opa_looks_for_and_pushing_again_changes_nothing(
    push: Callable[..., str], docker_registry: Registry
) -> None:
    revision = push(docker_registry, "policies/one:1")
    digest, manifest = manifest_of(docker_registry, "policies/one", "1")
    assert [layer["mediaType"] for layer in manifest["layers"]] == ["application/vnd.oci.image.layer.v1.tar+gzip"]
    assert manifest["annotations"]["dev.gate-images.policy.revision"] == revision
    assert push(docker_registry, "policies/one:1") == revision
    assert manifest_of(docker_registry, "policies/one", "1")[0] == digest


@pytest.mark.registry
@pytest.mark.parametrize("known", [True, False], ids=["with a password", "without"])
def test_a_registry_that_asks_for_a_password_gets_the_one_of_docker_login(tmp_path: Path, known: bool) -> None:
    registry = start_registry(tmp_path / "registry", users={"ci": "push-me"})
    try:
        (tmp_path / "gate.yaml").write_text(settings_for(registry.host))
        variables = {"DOCKER_CONFIG": str(registry.docker_config(tmp_path / "docker"))} if known else {}
        done = gate("bundle", "push", f"{registry.host}/p/gate:1", cwd=tmp_path, variables=variables)
        assert (done.code, "docker login" in done.err) == ((0, False) if known else (2, True)), done.err
        assert "push-me" not in done.out + done.err
    finally:
        registry.daemon.stop()


@pytest.mark.parametrize(
    ("location", "said"),
    [
        ("https://elsewhere.example/upload", "wants the upload elsewhere: https://elsewhere.example/upload"),
        ("//elsewhere.example/upload", "names no place for the upload"),
        ("https://{host}//elsewhere.example/upload", "wants the upload elsewhere"),
        ("", "wants the upload elsewhere: nowhere"),
        ("http://[", "names no place for the upload"),
    ],
)
def test_an_upload_goes_nowhere_but_to_the_registry_that_was_asked(location: str, said: str, tmp_path: Path) -> None:
    async def hook(request: web.Request) -> web.StreamResponse | None:
        if request.method == "POST":
            return web.Response(status=202, headers={"Location": location.replace("{host}", request.host)})
        return web.Response(status=404)

    async def push() -> None:
        async with FakeRegistry() as fake:
            fake.hook = hook
            rows = [Row(host=fake.host, insecure=True)]
            sources = Sources(environ={}, home=tmp_path, registries=rows)
            try:
                await publish_layer(sources.client, parse(f"{fake.host}/p/gate:1"), LAYER, {})
            finally:
                await sources.close()
                assert fake.paths("PUT") == []

    with pytest.raises(RegistryError, match=re.escape(said)):
        asyncio.run(push())


@pytest.mark.parametrize("status", [400, 403, 404, 405, 429, 500])
@pytest.mark.parametrize("step", ["POST", "PUT blob", "PUT manifest"])
def test_a_registry_that_takes_no_upload_is_an_error_that_names_it(status: int, step: str, tmp_path: Path) -> None:
    async def hook(request: web.Request) -> web.StreamResponse | None:
        kind = request.method + (" manifest" if "/manifests/" in request.path else " blob") * (request.method == "PUT")
        if kind == step:
            return web.Response(status=status)
        done = {"POST": 202, "PUT": 201}.get(request.method, 404)
        return web.Response(status=done, headers={"Location": "/v2/p/gate/blobs/uploads/1?a=b"})

    async def push() -> None:
        async with FakeRegistry() as fake:
            fake.hook = hook
            limits = TransportLimits(tries=1, patience=0)
            sources = Sources(
                environ={}, home=tmp_path, registries=[Row(host=fake.host, insecure=True)], transport=limits
            )
            try:
                await publish_layer(sources.client, parse(f"{fake.host}/p/gate:1"), LAYER, {})
            finally:
                await sources.close()

    with pytest.raises(RegistryError) as caught:
        asyncio.run(push())
    assert "127.0.0.1" in str(caught.value)


# --- OPA, which loads it from there --------------------------------------------------------------------------------


@pytest.fixture
def beside(tmp_path: Path, helm: Path) -> Iterator[Callable[..., GateServer]]:
    """gate, and an OPA beside it whose bundle is an image, with the arguments that the chart gives it."""
    started: list[GateServer] = []

    def start(registry: Registry, name: str, *policies: Path, ready: bool = True, secret: str = "") -> GateServer:
        port = free_port()
        folder = tmp_path / f"beside{len(started)}"
        folder.mkdir()
        (folder / "credentials").write_text(secret + "\n")
        values = f"source=oci,url={registry.url},reference={registry.host}/{name}"
        values += ",credentialsSecretName=policy-registry" if secret else ""
        settings = ",".join(f"opa.bundle.{each}" for each in values.split(","))
        (chart,) = [each for each in render(helm, "--set", settings) if each["kind"] == "Deployment"]
        (arguments,) = [
            each["args"] for each in chart["spec"]["template"]["spec"]["containers"] if each["name"] == "opa"
        ]
        often = {"delay_seconds=30": "delay_seconds=1", "delay_seconds=60": "delay_seconds=1"}
        daemon = start_oci_opa(folder, port, arguments, **{"/etc/opa-registry": str(folder)}, **often)
        arguments = ["--engine=opa", f"--opa-url=http://127.0.0.1:{port}", "--poll=0.3"]
        arguments += [f"--policy={each}" for each in policies]
        server = start_gate(folder, settings_for(registry.host), arguments=arguments, ready=ready)
        server.started.append(daemon)
        started.append(server)
        return server

    yield start
    for each in started:
        each.stop()


@pytest.fixture
def image(docker_registry: Registry) -> str:
    good = make_image({"app": b"program"}, config={"User": "10001:10001", "Entrypoint": ["/app"]})
    Pusher(docker_registry.url).image("bundles/good", "1", good)
    return f"{docker_registry.host}/bundles/good:1"


@pytest.mark.registry
@pytest.mark.go
def test_opa_answers_from_what_was_pushed_and_every_answer_names_its_revision(
    push: Callable[..., str], beside: Callable[..., GateServer], docker_registry: Registry, image: str
) -> None:
    revision = push(docker_registry, "policies/two:1")
    server = beside(docker_registry, "policies/two:1")
    said = server.review(pod(image))
    assert (said["allowed"], said["auditAnnotations"]["policy"]) == (True, revision)
    assert server.review(pod(image, container={"securityContext": {"runAsUser": 0}}))["allowed"] is False


@pytest.mark.registry
@pytest.mark.go
def test_a_registry_with_another_policy_leaves_gate_unready_and_refusing_until_its_own_is_there(
    push: Callable[..., str], beside: Callable[..., GateServer], docker_registry: Registry, image: str, tmp_path: Path
) -> None:
    other = push(docker_registry, "policies/three:1", "--policy", custom(tmp_path / "a", A))
    server = beside(docker_registry, "policies/three:1", ready=False)
    server.wait_until(lambda: any(other in str(line.get("error")) for line in server.logs()))
    assert server.get("/readyz") == (503, "OPA does not answer with our policy's revision\n")
    said = server.review(pod(image))
    assert said["allowed"] is False and f"OPA holds policy revision {other}" in said["status"]["message"]
    push(docker_registry, "policies/three:1")
    server.wait_until(lambda: server.get("/readyz")[0] == 200)
    assert server.review(pod(image))["allowed"] is True


@pytest.mark.registry
@pytest.mark.go
def test_a_tag_that_is_moved_under_a_running_gate_ends_in_refusals_and_not_in_the_other_s_answers(
    push: Callable[..., str], beside: Callable[..., GateServer], docker_registry: Registry, image: str, tmp_path: Path
) -> None:
    rules = custom(tmp_path / "rules", A)
    push(docker_registry, "policies/four:1", "--policy", rules)
    server = beside(docker_registry, "policies/four:1", rules)
    strict = server.review(pod(image))
    assert "custom/owner" in strict["auditAnnotations"]["findings"]
    push(docker_registry, "policies/four:1", "--policy", custom(tmp_path / "lax", B))
    server.wait_until(lambda: server.get("/readyz")[0] == 503)
    said = server.review(pod(image, name="new", container={"name": "new"}))
    assert said["allowed"] is False and "OPA holds policy revision" in said["status"]["message"]


@pytest.mark.registry
@pytest.mark.go
def test_a_policy_by_digest_is_not_moved_with_its_tag(
    push: Callable[..., str], beside: Callable[..., GateServer], docker_registry: Registry, image: str, tmp_path: Path
) -> None:
    revision = push(docker_registry, "policies/five:1")
    digest, _ = manifest_of(docker_registry, "policies/five", "1")
    push(docker_registry, "policies/five:1", "--policy", custom(tmp_path / "other", A))
    server = beside(docker_registry, f"policies/five:1@{digest}")
    said = server.review(pod(image))
    assert (said["allowed"], said["auditAnnotations"]["policy"]) == (True, revision)


@pytest.mark.registry
@pytest.mark.go
def test_a_registry_without_a_policy_leaves_gate_unready(
    beside: Callable[..., GateServer], docker_registry: Registry, image: str
) -> None:
    server = beside(docker_registry, "policies/none:1", ready=False)
    assert server.get("/readyz")[0] == 503
    assert server.review(pod(image))["allowed"] is False


@pytest.mark.registry
@pytest.mark.go
def test_opa_loads_from_a_registry_that_asks_for_a_password(beside: Callable[..., GateServer], tmp_path: Path) -> None:
    private = start_registry(tmp_path / "private", users={"opa": "load-me"})
    try:
        (tmp_path / "gate.yaml").write_text(settings_for(private.host))
        variables = {"DOCKER_CONFIG": str(private.docker_config(tmp_path / "docker"))}
        assert gate("bundle", "push", f"{private.host}/p:1", cwd=tmp_path, variables=variables).code == 0
        assert beside(private, "p:1", secret="opa:load-me").get("/readyz")[0] == 200
    finally:
        private.daemon.stop()
