"""What settings mean for evidence: which registries may be asked, what facts rest on, whose credentials are used."""

from __future__ import annotations

import asyncio
import base64
import datetime as dt
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from gate.settings.images import hosts_of
from gate.webhook.assemble import FreshKeychain, context_of
from gate.webhook.metrics import Metrics
from gate.webhook.policy import Loaded, PolicyInForce, PolicySources

DEFAULT = {"docker.io", "gcr.io", "cgr.dev", "dhi.io"}


def loaded(folder: Path, settings: str, lock: str | None = None) -> Loaded:
    """A policy with these settings; its engine is ended."""
    (folder / "gate.yaml").write_text("version: 1\n" + settings)
    if lock is not None:
        (folder / "gate.lock").write_text(lock)
    sources = PolicySources(config=folder / "gate.yaml", folder=folder)
    policy = PolicyInForce(sources, Metrics(), lambda: dt.date(2026, 1, 1), None)

    async def start() -> Loaded:
        await policy.start()
        found = policy.loaded
        await policy.close()
        return found

    return asyncio.run(start())


@pytest.mark.parametrize(
    ("settings", "more"),
    [
        ("", set()),
        ('registries: [{host: "reg.io:5000"}]', {"reg.io:5000"}),
        ("registries: [{host: docker.io, mirrors: [mirror.io/hub]}]", {"mirror.io"}),
        ('approved_images: ["vendor.io/db", "postgres"]', {"vendor.io"}),
        ('approved_sources: ["build.io/**", "*.any.io/x"]', {"build.io"}),
        (
            "environments:\n  - {name: dev, namespaces: ['dev-*'], rules: {approved-base: {bases: ['dev.io/*']}}}\n"
            "  - {name: prod, namespaces: ['*']}",
            {"dev.io"},
        ),
    ],
)
def test_only_registries_that_settings_name_may_be_asked(tmp_path: Path, settings: str, more: set[str]) -> None:
    assert hosts_of(loaded(tmp_path, settings).settings) == DEFAULT | more


LOCK = "version: 1\nbases: []\n"


@pytest.mark.parametrize(
    ("settings", "lock", "same"),
    [
        ("rules: {non-root: warn}", None, True),
        ("", LOCK, False),
        ('approved_images: ["docker.io/library/postgres"]', None, True),
        ("registries: [{host: reg.io}]", None, False),
        ("limits: {layer: {seconds: 10}}", None, False),
    ],
    ids=["a level", "a lock", "a vendor's image", "a registry", "a bound"],
)
def test_facts_are_read_anew_when_what_they_rest_on_changes(
    tmp_path: Path, settings: str, lock: str | None, same: bool
) -> None:
    def context(folder: Path, text: str, locked: str | None) -> str:
        folder.mkdir()
        policy = loaded(folder, text, locked)
        return context_of(policy, hosts_of(policy.settings))

    assert (context(tmp_path / "a", "", None) == context(tmp_path / "b", settings, lock)) is same


@pytest.fixture
def config(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "config.json"


def test_credentials_that_are_replaced_on_disk_are_used_from_then_on(config: Path) -> None:
    def write(password: str) -> None:
        token = base64.b64encode(f"u:{password}".encode()).decode()
        scratch = config.with_suffix(".new")
        scratch.write_text(json.dumps({"auths": {"reg.io": {"auth": token}}}))
        scratch.replace(config)

    chain = FreshKeychain([config], {})

    def passwords() -> list[str]:
        return [each.password for each in asyncio.run(chain.credentials("reg.io/x"))]

    found = [passwords()]
    for password in ("one", "two-two"):
        write(password)
        found.append(passwords())
    assert found == [[], ["one"], ["two-two"]]


def test_a_credential_helper_is_given_nothing_of_gate_s_own_environment(tmp_path: Path) -> None:
    helper = tmp_path / "docker-credential-mine"
    helper.write_text(f'#!/bin/sh\nenv >{tmp_path}/seen\necho \'{{"Username": "u", "Secret": "p"}}\'\n')
    helper.chmod(0o755)
    config = tmp_path / "config.json"
    config.write_text('{"credHelpers": {"r.io": "mine"}}')
    environ = {"PATH": f"{tmp_path}:/usr/bin:/bin", "AWS_PROFILE": "a"}
    secret = {"GATE_STORE_URL": "postgresql://u:s3cret@db/x", "OTEL_EXPORTER_OTLP_HEADERS": "a=s3cret"}
    (found,) = asyncio.run(FreshKeychain([config], environ | secret).credentials("r.io/x"))
    assert (found.username, found.password) == ("u", "p")
    seen = (tmp_path / "seen").read_text()
    assert "AWS_PROFILE=a" in seen and "s3cret" not in seen


def test_settings_that_were_found_upwards_are_watched_as_well(tmp_path: Path) -> None:
    (tmp_path / "gate.yaml").write_text("version: 1\n")
    policy = PolicyInForce(PolicySources(config=None, folder=tmp_path), Metrics(), lambda: dt.date(2026, 1, 1), None)
    seen: list[Loaded] = []

    async def note(changed: Loaded) -> None:
        seen.append(changed)

    async def main() -> list[int]:
        await policy.start()
        policy.subscribe(note)
        counts = []
        for text in ("version: 1\n", "version: 1\nrules: {non-root: warn}\n", "version: 1\nrulez: {}\n"):
            (tmp_path / "gate.yaml").write_text(text)
            await policy.poll()
            counts.append(len(seen))
        await policy.close()
        return counts

    assert asyncio.run(main()) == [0, 1, 1]
    assert policy.problem is not None and "gate.yaml:2" in policy.problem
