"""Section 4 of the design, sentence by sentence and from outside: what users script against."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.behaviour.command_line import Done, gate
from tests.support import tools

PASSES = "FROM scratch\nCOPY app /app\nUSER 65532:65532\n"
ROOT = "FROM scratch\nCOPY app /app\nUSER 0\n"
FOREIGN = "FROM registry.example/acme/base:1\nUSER 1\n"  # approved below; its shell shows only in the image
ASSUMED = "FROM gcr.io/distroless/static:nonroot\n"  # its user is in the table of known bases


def folder(root: Path, text: str, settings: str = "") -> Path:
    (root / "Dockerfile").write_text(text)
    (root / "gate.yaml").write_text(
        f'version: 1\napproved_bases: [scratch, "registry.example/**", "gcr.io/distroless/*"]\n{settings}'
    )
    return root


def findings(done: Done) -> dict[str, dict[str, Any]]:
    """By rule, those of all results."""
    return {each["rule"]: each for result in done.report["results"] for each in result["findings"]}


# --- evidence ----------------------------------------------------------------------------------------------------

EVIDENCE = {
    "": {"schema", "kind", "subject", "facts", "dockerfile", "image", "workload"},
    "subject": {"name", "target", "platform", "reference", "digest", "image"},
    "facts": {"user", "shell", "base", "size", "filesystem"},
    "facts.user": {"state", "reason", "value", "uid", "gid", "root", "numeric", "origin"},
    "facts.shell": {"state", "reason", "present", "shells", "needed_by"},
    "facts.base": {
        *("state", "reason", "reference", "registry", "repository", "tag", "digest", "overridable_by", "ancestors"),
        "origin",
    },
    "facts.size": {"state", "reason", "compressed", "uncompressed", "above_base", "at_least", "layers"},
    "facts.filesystem": {"state", "reason", "setuid", "package_managers", "compilers", "leftovers"},
    "dockerfile": {"frontend", "stages", "inputs"},
    "dockerfile.stages.0": {
        *("index", "name", "base", "reachable", "target", "line", "end_line", "user", "instructions"),
    },
    "dockerfile.stages.0.instructions.1": {
        *("cmd", "line", "end_line", "flags", "mounts", "json", "args", "commands"),
    },
    "dockerfile.stages.0.instructions.1.commands.0": {"program", "args", "line", "opaque"},
    "dockerfile.inputs.0": {"kind", "reference", "stage", "line"},
}


def at(document: Any, path: str) -> Any:
    for part in path.split(".") if path else ():
        document = document[int(part)] if isinstance(document, list) else document[part]
    return document


def test_facts_are_a_list_of_documents_with_the_keys_of_the_contract(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM alpine:3.20\nENV A=1\nRUN apk add x\n")
    done = gate("facts", "Dockerfile", "-o", "json", cwd=tmp_path)
    document: Any = json.loads(done.out)
    assert (done.code, len(document), document[0]["schema"]) == (0, 1, "gate.evidence/v1")
    missing = {path: keys - set(at(document[0], path)) for path, keys in EVIDENCE.items()}
    assert {path: keys for path, keys in missing.items() if keys} == {}
    assert (document[0]["image"], document[0]["workload"]) == (None, None)
    assert document[0]["subject"]["platform"] == "linux/amd64"
    assert document[0]["facts"]["base"]["reference"] == "docker.io/library/alpine:3.20"


@pytest.mark.parametrize(
    ("text", "state", "root", "uid"),
    [
        ("FROM scratch\nUSER 7\n", "known", False, 7),
        ("FROM scratch\nUSER root\n", "known", True, 0),
        ("FROM scratch\n", "known", True, 0),
        ('FROM alpine:3.20\nUSER ""\n', "known", True, 0),
        ("FROM alpine:3.20\nRUN adduser -D app\nUSER app\n", "assumed", False, None),
        ("FROM alpine:3.20\nRUN adduser -D -u 55 app\nUSER app\n", "assumed", False, 55),
        ("FROM alpine:3.20\nRUN useradd -o -u 0 app\nUSER app\n", "assumed", True, 0),
        ("FROM alpine:3.20\nUSER nobody\n", "assumed", False, 65534),
        ("FROM alpine:3.20\nUSER someone\n", "unknown", None, None),
        ("FROM alpine:3.20\n", "assumed", True, 0),
        ("FROM registry.example/x:1\n", "unknown", None, None),
    ],
)
def test_the_user_is_as_sure_as_the_file_makes_it(
    tmp_path: Path, text: str, state: str, root: bool | None, uid: int | None
) -> None:
    (tmp_path / "Dockerfile").write_text(text)
    user = json.loads(gate("facts", "Dockerfile", "-o", "json", cwd=tmp_path).out)[0]["facts"]["user"]
    assert (user["state"], user["root"], user["uid"]) == (state, root, uid)
    assert (user["reason"] is None) == (state == "known")


# --- gate check -o json --------------------------------------------------------------------------------------------


def test_the_report_has_the_keys_of_the_contract_and_no_secret(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM alpine\nARG API_TOKEN\nARG V\nUSER root\n")
    given = ["--build-arg", "API_TOKEN=ghp_abcdefghijklmnopqrstuvwxyz0123456789", "--build-arg", "V=1"]
    done = gate("check", "-o", "json", *given, cwd=tmp_path)
    report = done.report
    assert done.code == 1 and "ghp_" not in done.out
    assert set(report) >= {
        *("version", "gate", "checkpoint", "policy", "environment", "verdict", "inputs", "results", "summary"),
        "unused_exemptions",
    }
    assert (report["version"], report["checkpoint"], report["verdict"]) == ("1", "build", "deny")
    assert set(report["policy"]) == {"revision", "engine"} and report["policy"]["revision"].startswith("sha256:")
    assert set(report["inputs"]) == {
        *("settings", "lock", "known_bases", "build_args", "target", "platform", "today"),
    }
    assert report["inputs"]["build_args"]["V"] == "1"
    [result] = report["results"]
    assert set(result) >= {"subject", "environment", "verdict", "findings", "settled_later"}
    found = {each["rule"]: each for each in result["findings"]}
    assert set(found["non-root"]) >= {
        *("rule", "aliases", "severity", "level", "status", "state", "message", "location", "fix", "docs"),
        *("fingerprint", "exemption"),
    }
    assert found["non-root"]["location"] == {"path": "Dockerfile", "line": 4, "end_line": 4}
    assert {"DL3002", "DS-0002", "CKV_DOCKER_3"} <= set(found["non-root"]["aliases"])
    assert set(report["summary"]) == {
        *("subjects", "denied", "undecided", "passed", "warnings", "exempted", "skipped"),
    }


def test_a_missing_user_is_shown_at_the_from_of_the_target(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM golang:1.23 AS build\nRUN x\n\nFROM scratch\nCOPY --from=build /x /x\n")
    done = gate("check", "-o", "json", cwd=tmp_path)
    assert findings(done)["non-root"]["location"]["line"] == 4


# --- verdicts ------------------------------------------------------------------------------------------------------

TABLE = [
    ("a violation at deny", ROOT, "", 1, "deny"),
    ("a violation at warn", ROOT, "rules: {non-root: warn}", 0, "pass"),
    ("a violation at ignore", ROOT, "rules: {non-root: ignore}", 0, "pass"),
    ("undecided at deny", FOREIGN, "", 3, "undecided"),
    ("undecided: deny", FOREIGN, "undecided: deny", 3, "undecided"),
    ("undecided: warn", FOREIGN, "undecided: warn", 0, "pass"),
    ("undecided: ignore", FOREIGN, "undecided: ignore", 0, "pass"),
    ("undecided at warn", FOREIGN, "rules: {no-shell: warn}", 0, "pass"),
    ("assumed: accept", ASSUMED, "", 0, "pass"),
    ("assumed: undecided", ASSUMED, "assumed: undecided", 3, "undecided"),
    (
        "exempted",
        ROOT,
        "exemptions: [{rule: non-root, paths: [Dockerfile], reason: r, owner: o, expires: 2999-01-01}]",
        0,
        "pass",
    ),
    (
        "exempted until yesterday",
        ROOT,
        "exemptions: [{rule: non-root, paths: [Dockerfile], reason: r, owner: o, expires: 2020-01-01}]",
        1,
        "deny",
    ),
    ("what does not build", "FROM scratch\nNOPE\n", "", 1, "deny"),
    ("the environment's level", ROOT, "environment: dev", 0, "pass"),
]


@pytest.mark.parametrize(("name", "text", "settings", "code", "verdict"), TABLE, ids=[row[0] for row in TABLE])
def test_every_row_of_the_table_of_verdicts(
    tmp_path: Path, name: str, text: str, settings: str, code: int, verdict: str
) -> None:
    done = gate("check", "-o", "json", cwd=folder(tmp_path, text, settings + "\n"))
    assert (done.code, done.report["verdict"]) == (code, verdict), done.out


def test_an_exempted_finding_is_shown_and_an_assumed_pass_says_so(tmp_path: Path) -> None:
    exempt = "exemptions: [{rule: non-root, paths: [Dockerfile], reason: r, owner: o, expires: 2999-01-01}]\n"
    done = gate("check", "-o", "json", cwd=folder(tmp_path, ROOT, exempt))
    assert findings(done)["non-root"]["exemption"]["owner"] == "o"
    assert done.report["summary"]["exempted"] == 1
    assert "assumed: " in gate("check", cwd=folder(tmp_path, ASSUMED)).out


def test_other_rules_are_not_run_on_what_does_not_build_and_it_cannot_be_turned_off(tmp_path: Path) -> None:
    done = gate("check", "-o", "json", cwd=folder(tmp_path, "FROM alpine\nUSER root\nNOPE\n"))
    assert set(findings(done)) == {"dockerfile-valid"}
    for settings in ("rules: {dockerfile-valid: ignore}\n", "rules: {dockerfile-valid: warn}\n"):
        assert gate("check", cwd=folder(tmp_path, "FROM alpine\nNOPE\n", settings)).code in (1, 2)


# --- targets -------------------------------------------------------------------------------------------------------


def test_a_folder_is_searched_for_dockerfiles_by_name_and_nothing_else(tmp_path: Path) -> None:
    for name in ("Dockerfile", "Dockerfile.dev", "api.Dockerfile", "Containerfile", "Containerfile.x", "notes.txt"):
        (tmp_path / name).write_text(PASSES)
    (tmp_path / "pod.yaml").write_text(
        "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: c}]}\n"
    )
    (tmp_path / ".gitignore").write_text("/ignored\n")
    for name in ("ignored", "excluded"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "Dockerfile").write_text(ROOT)
    (tmp_path / "gate.yaml").write_text("version: 1\nexclude: [excluded]\n")
    done = gate("check", ".", "-o", "json", cwd=tmp_path)
    names = [each["subject"]["name"] for each in done.report["results"]]
    assert sorted(names) == ["Containerfile", "Containerfile.x", "Dockerfile", "Dockerfile.dev", "api.Dockerfile"]
    assert done.code == 0


def test_a_word_alone_is_no_image(tmp_path: Path) -> None:
    done = gate("check", "api", cwd=tmp_path)
    assert done.code == 2 and "did you mean docker://api?" in done.err


# --- the command line ----------------------------------------------------------------------------------------------


def test_env_of_the_option_beats_the_variable_and_both_beat_gate_yaml(tmp_path: Path) -> None:
    root = folder(tmp_path, ROOT, "environment: prod\n")
    codes = [
        gate("check", cwd=root).code,
        gate("check", cwd=root, variables={"GATE_ENV": "dev"}).code,
        gate("check", "--env", "prod", cwd=root, variables={"GATE_ENV": "dev"}).code,
    ]
    assert codes == [1, 0, 1]


def test_the_variables_of_the_contract_are_read(tmp_path: Path) -> None:
    root = folder(tmp_path, ROOT)
    (root / "other.yaml").write_text("version: 1\nrules: {non-root: ignore}\n")
    assert gate("check", cwd=root, variables={"GATE_CONFIG": "other.yaml"}).code == 0
    assert gate("check", "docker://127.0.0.1:1/x:1", cwd=root, variables={"GATE_OFFLINE": "1"}).err.endswith(
        "--offline\n"
    )
    assert json.loads(gate("check", cwd=root, variables={"GATE_OUTPUT": "json"}).out)["version"] == "1"
    gate("check", cwd=root, variables={"GATE_CACHE_DIR": str(root / "kept")})
    assert any((root / "kept").rglob("*"))


@pytest.mark.go
def test_both_engines_give_one_report(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM python:3.12\nRUN pip install x\n")
    path = {"PATH": f"{tools.built('opa').parent}{os.pathsep}{os.environ['PATH']}"}
    reports = [
        gate("check", "--engine", name, "-o", "json", cwd=tmp_path, variables=path).report
        for name in ("regorus", "opa")
    ]
    assert [report["policy"].pop("engine") for report in reports] == ["regorus", "opa"]
    assert reports[0] == reports[1]


@pytest.mark.parametrize("package", ["gate.rules.mine", "gate.main", "gate.lib.mine", "other", "customs.x"])
def test_custom_rules_are_in_packages_of_their_own_and_any_other_is_refused(tmp_path: Path, package: str) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "rule.rego").write_text(f"package {package}\n\nviolations := set()\n")
    done = gate("check", "--policy", "mine", cwd=folder(tmp_path, PASSES))
    assert done.code == 2 and "rule.rego" in done.err and "Traceback" not in done.err


# --- out of the box ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "code", "denied"),
    [
        ("FROM python:3.12\n", 1, {"non-root", "no-shell", "approved-base", "max-size"}),
        ("FROM alpine:3.20\nUSER 10001\n", 1, {"no-shell"}),
        ("FROM gcr.io/distroless/static:nonroot\n", 0, set()),
        ("FROM scratch\n", 1, {"non-root"}),
    ],
)
def test_what_a_new_user_sees_first(tmp_path: Path, text: str, code: int, denied: set[str]) -> None:
    (tmp_path / "Dockerfile").write_text(text)
    done = gate("check", "-o", "json", cwd=tmp_path)
    found = {rule for rule, each in findings(done).items() if each["level"] == "deny"}
    assert (done.code, found) == (code, denied)


DEFAULTS = {
    **dict.fromkeys(("non-root", "approved-base", "approved-source", "max-size", "base-pinned"), ("deny", "warn")),
    "no-shell": ("deny", "ignore"),
    "approved-frontend": ("deny", "deny"),
    **dict.fromkeys(("base-overridable", "user-numeric", "unreachable-stage"), ("warn", "ignore")),
}


@pytest.mark.parametrize(("environment", "column"), [("prod", 0), ("dev", 1), ("staging", 0)])
def test_the_levels_of_the_table_of_defaults_hold(tmp_path: Path, environment: str, column: int) -> None:
    settings = 'environments: [{name: staging, namespaces: ["*"]}]\n'
    done = gate("rules", "list", "--env", environment, "-o", "json", cwd=folder(tmp_path, PASSES, settings))
    levels = {each["id"]: each["level"] for each in json.loads(done.out)}
    assert {rule: levels[rule] for rule in DEFAULTS} == {rule: row[column] for rule, row in DEFAULTS.items()}
