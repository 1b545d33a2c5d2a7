"""Policies written for conftest and for Trivy run as they are, on both engines, and find what they found there."""

from __future__ import annotations

import datetime
import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from gate.bundle.load import Bundle, load
from gate.cli.collectors import evidence_of_text, foreign_inputs
from gate.engine import choose
from gate.engine.protocol import Engine
from gate.evidence.dockerfile import foreign
from gate.evidence.dockerfile.instructions import parse
from gate.exemptions import Exemptions
from gate.finding import Finding
from gate.judge import Judge
from gate.settings import Settings, parse_settings

from tests.assets.dockerfiles.table import CASES, Refused
from tests.support.foreign_sources import SOURCES

POLICIES = Path(__file__).parent.parent / "assets" / "foreign"
Said = tuple[str, str]


@pytest.fixture(params=["regorus", "opa"])
def engine(request: pytest.FixtureRequest) -> str:
    """Each engine in turn."""
    return str(request.param)


def _findings(
    policies: list[Path], sources: Mapping[str, str], engine: str, opa: Path
) -> Iterator[tuple[str, list[Finding]]]:
    bundle = load(policies)
    chosen = choose(
        "opa" if engine == "opa" else "regorus",
        modules=bundle.modules,
        revision=bundle.revision,
        custom=bundle.custom_modules,
        builtins=bundle.builtins,
        capabilities=bundle.capabilities,
        opa=str(opa),
    )
    settings = _settings(bundle)
    judge = _judge(bundle, chosen, settings)
    try:
        for name, text in sources.items():
            yield name, _judged(judge, bundle, settings, text)
    finally:
        chosen.close()


def _settings(bundle: Bundle) -> Settings:
    """All rules off but theirs."""
    others = "".join(f"  {rule}: ignore\n" for rule in bundle.catalogue if "/" not in rule)
    written = parse_settings(f"version: 1\nrules:\n{others}".encode(), Path("gate.yaml"), bundle.catalogue)
    return Settings(written, bundle.catalogue, bundle.defaults)


def _judge(bundle: Bundle, engine: Engine, settings: Settings) -> Judge:
    exemptions = Exemptions([], datetime.date(2026, 1, 1))
    return Judge(catalogue=bundle.catalogue, engine=engine, settings=settings, exemptions=exemptions)


def _judged(judge: Judge, bundle: Bundle, settings: Settings, text: str) -> list[Finding]:
    evidence = evidence_of_text(text.encode(), settings)
    given = foreign_inputs(bundle, evidence, text.encode())
    return [each for each in judge.judge(evidence, foreign=given).findings if each.rule.startswith("custom/")]


def _by_conftest(binary: Path, folder: Path, policies: Path, *options: str) -> dict[str, set[Said]]:
    """What conftest itself finds in files of these names: (level, message)."""
    for number, text in enumerate(SOURCES.values()):
        (folder / f"{number}.Dockerfile").write_bytes(text.encode())
    command = [
        str(binary),
        "test",
        "--all-namespaces",
        "--parser",
        "dockerfile",
        "-o",
        "json",
        "--policy",
        str(policies),
    ]
    done = subprocess.run([*command, *options, *sorted(folder.iterdir())], capture_output=True, check=False, cwd=folder)
    found: dict[str, set[Said]] = {name: set() for name in SOURCES}
    for one in json.loads(done.stdout):
        said = found[list(SOURCES)[int(Path(one["filename"]).name.split(".")[0])]]
        said |= {("deny", each["msg"]) for each in one.get("failures", [])}
        said |= {("warn", each["msg"]) for each in one.get("warnings", [])}
    return found


@pytest.mark.go
@pytest.mark.parametrize(("folder", "options"), [("conftest", ()), ("conftest-v0", ("--rego-version", "v0"))])
def test_a_policy_of_conftests_says_the_same_here(
    tmp_path: Path, conftest_binary: Path, opa_binary: Path, engine: str, folder: str, options: tuple[str, ...]
) -> None:
    expected = _by_conftest(conftest_binary, tmp_path, POLICIES / folder, *options)
    found = dict(_findings([POLICIES / folder], SOURCES, engine, opa_binary))
    assert all(each.status == "violation" for findings in found.values() for each in findings)
    assert {name: {(each.level, each.message) for each in findings} for name, findings in found.items()} == expected
    assert len({said for each in expected.values() for said in each}) >= 6


@pytest.mark.go
def test_the_input_is_what_conftest_parses(tmp_path: Path, conftest_binary: Path) -> None:
    accepted = [case.data for case in CASES if not isinstance(case.expected, Refused)]
    sources = [*(text.encode() for text in SOURCES.values()), *accepted]
    compared = 0
    command = [str(conftest_binary), "parse", "--parser", "dockerfile"]
    for number, data in enumerate(sources):
        path = tmp_path / f"{number}.Dockerfile"
        path.write_bytes(data)
        done = subprocess.run([*command, path], capture_output=True, check=False)
        if done.returncode == 0:
            assert [foreign.conftest(parse(data))] == json.loads(done.stdout), data
            compared += 1
    assert compared >= len(SOURCES)


# By Trivy's source, and by hand: no Trivy runs here. What has no place of its own is shown at the last stage's FROM.
TRIVY: dict[str, set[tuple[str, str, str, tuple[int, int | None] | None]]] = {
    "plain": {("USER-001", "deny", "stage 'alpine' sets no USER", (1, 1))},
    "stages": {("USER-001", "deny", "stage 'build' sets no USER", (3, 3))},
    "by number": {("USER-001", "deny", "the last USER is 0", (4, 4))},
    "arguments first": {("USER-001", "deny", "the last USER is root", (4, 4))},
    "comment inside": {
        ("USER-001", "deny", "stage 'a:1' sets no USER", (1, 1)),
        ("USER-002", "deny", "Dockerfile installs from an old list: RUN apt-get install   curl", (2, 4)),
    },
    "not quite lists": {
        ("USER-001", "deny", "stage 'a:1' sets no USER", (1, 1)),
        ("user-exec_form-deny", "deny", "ENTRYPOINT is started by a shell", (3, 3)),
    },
    "triggers": {
        ("USER-001", "deny", "stage 'a:1' sets no USER", (1, 1)),
        ("USER-002", "warn", "ONBUILD CMD is a surprise", (4, 4)),
        ("USER-002", "warn", "ONBUILD ENV is a surprise", (5, 5)),
        ("USER-002", "warn", "ONBUILD RUN is a surprise", (2, 2)),
        ("USER-002", "warn", "ONBUILD copy is a surprise", (3, 3)),
    },
    "here-documents": {
        ("USER-001", "deny", "stage 'a:1' sets no USER", (1, 1)),
        ("USER-002", "deny", "Dockerfile installs from an old list: RUN <<EOF\napt-get install x\nmake y\nEOF", (2, 5)),
    },
    "pipe": {("USER-002", "deny", "pipes into a shell", (2, 3))},
    "backtick": {("USER-001", "deny", "stage 'a:1' sets no USER", (2, 2))},
    "lower case": {("USER-001", "deny", "stage 'from one as two' sets no USER", (3, 3))},
    "all else": set(),
    "many": {
        ("USER-001", "deny", "stage '--platform=linux/amd64 a:1' sets no USER", (4, 4)),
        ("user-exec_form-deny", "deny", "4 stages", (4, 4)),
        ("user-exec_form-deny", "deny", "ENTRYPOINT is started by a shell", (5, 5)),
    },
    "flags": {
        ("USER-001", "deny", "stage 'a:1' sets no USER", (1, 1)),
        (
            "USER-002",
            "deny",
            "Dockerfile installs from an old list: RUN --mount=type=cache,target=/x --network=none apt-get install y",
            (2, 2),
        ),
    },
}


def _row(found: Finding) -> tuple[str, str, str, tuple[int, int | None] | None]:
    place = found.location
    lines = (place.line or 0, place.end_line) if place else None
    return found.rule.removeprefix("custom/"), found.level, found.message, lines


@pytest.mark.go
def test_a_policy_of_trivys_says_what_the_table_says(opa_binary: Path, engine: str) -> None:
    sources = {name: SOURCES[name] for name in TRIVY}
    found = dict(_findings([POLICIES / "trivy"], sources, engine, opa_binary))
    assert {name: {_row(each) for each in findings} for name, findings in found.items()} == TRIVY


BROKEN = """# METADATA
# custom:
#   input: conftest
package main

deny contains {"message": "no msg"} if input

warn_number contains to_number(input[0].Cmd)
"""


@pytest.mark.go
def test_a_policy_that_goes_wrong_is_no_pass(tmp_path: Path, opa_binary: Path, engine: str) -> None:
    (tmp_path / "a.rego").write_text(BROKEN)
    found = dict(_findings([tmp_path], {"plain": SOURCES["plain"]}, engine, opa_binary))["plain"]
    assert {(each.rule, each.status) for each in found} == {
        ("custom/main-deny", "undecided"),
        ("custom/main-warn_number", "undecided"),
    }


def test_a_policy_that_never_ends_is_undecided(tmp_path: Path) -> None:
    slow = "count([1 | some a in xs; some b in xs; some c in xs; a + b + c < 0])"
    (tmp_path / "a.rego").write_text(
        f"# METADATA\n# custom:\n#   input: conftest\npackage main\nxs := numbers.range(1, 2000)\n"
        f'deny contains "x" if {slow} > 0\n'
    )
    found = dict(_findings([tmp_path], {"plain": SOURCES["plain"]}, "regorus", Path("opa")))["plain"]
    assert [(each.rule, each.status, each.message) for each in found] == [
        ("custom/main-deny", "undecided", "the rule failed: did not finish within 2 s")
    ]


def test_evidence_without_its_dockerfile_is_undecided() -> None:
    bundle = load([POLICIES / "trivy"])
    settings = _settings(bundle)
    engine = choose(
        "regorus",
        modules=bundle.modules,
        revision=bundle.revision,
        custom=bundle.custom_modules,
        builtins=bundle.builtins,
    )
    try:
        judge = _judge(bundle, engine, settings)
        found = judge.judge(evidence_of_text(b"FROM a:1\n", settings)).findings
    finally:
        engine.close()
    assert {(each.rule, each.status, each.message) for each in found} == {
        (rule, "undecided", "the Dockerfile itself is not at hand")
        for rule in bundle.catalogue
        if rule.startswith("custom/")
    }


def test_the_command_line_shows_their_findings(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text(SOURCES["by number"])
    command = [sys.executable, "-m", "gate", "check", "--no-cache", "-o", "json", "Dockerfile"]
    options = ["--policy", str(POLICIES / "conftest"), "--policy", str(POLICIES / "trivy")]
    done = subprocess.run([*command, *options], capture_output=True, check=False, cwd=tmp_path)
    found = json.loads(done.stdout)["results"][0]["findings"]
    assert done.returncode == 1
    assert {(each["rule"], each["level"], each["message"]) for each in found if each["rule"].startswith("custom/")} == {
        ("custom/USER-001", "deny", "the last USER is 0"),
        ("custom/builders", "warn", "stage 1 copies from stage number 0"),
    }
