"""Every build under examples/ gets the verdict that examples/expected.yaml says, rule by rule."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples"
TABLE = yaml.safe_load((EXAMPLES / "expected.yaml").read_text(encoding="utf-8"))
BUILDS = TABLE["builds"]
EXIT = {"pass": 0, "deny": 1, "undecided": 3}


def _file(build: dict[str, Any]) -> str:
    return f"{build['example']}/{build.get('file', 'Dockerfile')}"


def _id(build: dict[str, Any]) -> str:
    return _file(build) + (f"@{build['target']}" if "target" in build else "")


def check(*arguments: str, cwd: Path = EXAMPLES) -> tuple[int, dict[str, Any]]:
    """The exit code and JSON report of gate check."""
    done = subprocess.run(
        [sys.executable, "-m", "gate", "check", "--no-cache", "-o", "json", *arguments],
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout, done.stderr
    report: dict[str, Any] = json.loads(done.stdout)
    return done.returncode, report


@pytest.fixture(scope="module")
def results() -> dict[tuple[str, str | None], dict[str, Any]]:
    """Results by file and target, one run of gate for each target that the table names."""
    found = {}
    for target in {build.get("target") for build in BUILDS}:
        files = [_file(build) for build in BUILDS if build.get("target") == target]
        _, report = check(*(["--target", target] if target else []), *files)
        for result in report["results"]:
            found[result["subject"]["name"].removeprefix("examples/"), target] = result
    return found


@pytest.mark.parametrize("build", BUILDS, ids=_id)
def test_a_build_gets_the_verdict_of_the_table(
    build: dict[str, Any], results: dict[tuple[str, str | None], dict[str, Any]]
) -> None:
    result = results[_file(build), build.get("target")]
    rules = set(TABLE["rules"])
    found = {
        level: {finding["rule"] for finding in result["findings"] if finding["level"] == level} & rules
        for level in ("deny", "warn")
    }
    assert {
        "verdict": result["verdict"],
        **found,
        "undecided": {finding["rule"] for finding in result["findings"] if finding["status"] == "undecided"},
        "assumed": {each["rule"] for each in result["assumed"]} & set(TABLE["core"]),
        "later": set(result["settled_later"]) & rules,
    } == {
        "verdict": build["verdict"],
        "deny": set(build.get("deny", [])),
        "warn": set(build.get("warn", [])),
        "undecided": set(),
        "assumed": set(build.get("assumed", [])),
        "later": set(build.get("later", [])),
    }


def test_every_example_is_in_the_table_and_has_a_repaired_twin() -> None:
    files = {
        path.relative_to(EXAMPLES).as_posix()
        for path in EXAMPLES.glob("*/Dockerfile*")
        if path.suffix != ".dockerignore"
    }
    assert files == {_file(build) for build in BUILDS}
    assert {path.parent for path in EXAMPLES.glob("*/Dockerfile")} == {
        path.parent for path in EXAMPLES.glob("*/Dockerfile.fixed")
    }


@pytest.mark.parametrize(
    "build",
    [build for build in BUILDS if build["example"] in ("go-single", "go-distroless", "go-scratch-target")],
    ids=_id,
)
def test_the_exit_code_is_the_verdicts(build: dict[str, Any]) -> None:
    code, _ = check(*(["--target", build["target"]] if "target" in build else []), _file(build))
    assert code == EXIT[build["verdict"]]


def test_findings_point_at_the_line_to_change(results: dict[tuple[str, str | None], dict[str, Any]]) -> None:
    lines = {
        (finding["rule"], finding["location"]["line"])
        for finding in results["go-alpine/Dockerfile", None]["findings"]
        if finding["rule"] in TABLE["rules"]
    }
    assert lines == {("dockerignore", 6), ("no-shell", 9), ("user-numeric", 12)}


def test_the_fix_for_files_below_root_leaves_them_readable(
    results: dict[tuple[str, str | None], dict[str, Any]],
) -> None:
    fixes = {
        finding["location"]["line"]: ("venv" in finding["fix"], "--chown" in finding["fix"])
        for finding in results["python-user-install/Dockerfile", None]["findings"]
        if finding["rule"] == "root-home-unreadable"
    }
    assert fixes == {9: (True, True)}


def test_a_narrowed_list_of_sources_denies_the_image_that_is_copied_from(tmp_path: Path) -> None:
    settings = tmp_path / "gate.yaml"
    settings.write_text("version: 1\napproved_sources: ['docker.io/library/golang']\n", encoding="utf-8")
    _, report = check("--config", str(settings), str(EXAMPLES / "external-copy" / "Dockerfile"))
    denied = {
        (finding["rule"], finding["location"]["line"])
        for finding in report["results"][0]["findings"]
        if finding["rule"] == "approved-source"
    }
    assert denied == {("approved-source", 3)}


def test_a_whole_folder_is_judged_at_once() -> None:
    code, report = check(".")
    assert code == 1
    assert report["summary"]["subjects"] == len({_file(build) for build in BUILDS})
    assert report["verdict"] == "deny"
