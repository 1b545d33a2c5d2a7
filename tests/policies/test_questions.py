"""What `gate.questions` takes for granted of the shipped rules: which parts of a container's evidence they do not read."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from random import Random
from typing import Any

import msgspec
import pytest
from gate import questions
from gate.bundle.load import load
from gate.engine.protocol import RawReport, merge
from gate.engine.regorus import RegorusEngine
from gate.evidence import model
from hypothesis import HealthCheck, given, seed, settings

from tests.policies import rego
from tests.policies.random_evidence import evidence
from tests.policies.subjects import parameters

_BUNDLE = load()
_RULES = {rule.id: rule for rule in _BUNDLE.catalogue.values() if "container" in rule.kinds}
_UNREAD = {"kind", "namespace", "name", "labels", "container"}


def _text(path: Path) -> str:
    """A module without its comments."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return "\n".join(line for line in lines if not line.lstrip().startswith("#"))


def _modules() -> dict[str, str]:
    paths = [path for path in rego.POLICIES.rglob("*.rego") if not path.name.endswith("_test.rego")]
    return {str(path.relative_to(rego.POLICIES)): _text(path) for path in paths}


def test_no_module_reads_a_workload_but_by_fields_that_are_no_names() -> None:
    """Wherever the input, the evidence or the workload is named as a whole, a field of it is taken at once."""
    # The subject's name is a Dockerfile's path in an origin, and in test-tools, which judges Dockerfiles alone;
    # startup takes it where there is no workload.
    named = {
        "lib/dockerfile/dockerfile.rego": 1,
        "lib/startup/startup.rego": 2,
        "rules/test-tools/test_tools.rego": 1,
    }
    fields: set[str] = set()
    for path, text in _modules().items():
        assert "import input" not in text, path
        for use in re.findall(r"\binput\b(.{0,60})", text):
            assert re.match(r"\.(evidence|parameters|rules|today|foreign)\b", use), (path, use)
        for before, use in re.findall(r"(.{0,40})\binput\.evidence(?![.\w])(.{0,60})", text):
            constant = re.match(r', (?:\["(\w+)"(?:, "(\w+)")?|need, null\)|\["facts", need)', use)
            assert before.endswith("object.get(") and constant, (path, before, use)
            if constant[1] == "workload":
                fields.add(constant[2])
        for before, use in re.findall(r"(.{0,40})\binput\.evidence\.workload(?![.\w])(.{0,30})", text):
            taken = re.match(r', "(\w+)"\)', use)
            assert before.endswith("_list(") and taken, (path, before, use)
            fields.add(taken[1])
        fields |= set(re.findall(r"\binput\.evidence\.workload\.(\w+)", text))
        assert not re.search(r"\binput\.evidence\.subject(?![.\w])", text), path
        assert text.count("input.evidence.subject.name") == named.get(path, 0), path
    assert None not in fields and not fields & _UNREAD
    assert fields >= {"security", "role", "image_origin", "args", "command"}


@pytest.mark.go
def test_rules_about_the_image_read_nothing_of_the_workload_says_opa(opa_binary: Path, tmp_path: Path) -> None:
    for path in rego.POLICIES.rglob("*.rego"):
        if not path.name.endswith("_test.rego"):
            copy = tmp_path / path.relative_to(rego.POLICIES)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, copy)
    (about_image, *_) = [part for part in questions.parts(_RULES, _RULES) if "no-shell" in part]
    assert len(about_image) > 8
    for rule in about_image:
        reads = {
            read
            for field in ("violations", "undecided")
            for read in _reads(opa_binary, tmp_path, f'data.gate.rules["{rule}"].{field}')
        }
        whole = {"evidence", "evidence.facts", "evidence.subject", "evidence.subject.name"} & reads
        hidden = {read for read in reads if re.match(r"evidence\.(workload|facts\.user)\b", read)}
        assert (rule, whole, hidden) == (rule, set(), set())


def _reads(opa: Path, policies: Path, query: str) -> set[str]:
    """What of the input a rule may read, by OPA's own analysis."""
    command = [opa, "deps", "--data", policies, "--format", "json", query]
    found = json.loads(subprocess.run(command, capture_output=True, check=True).stdout).get("base") or []
    return {".".join(str(part["value"]) for part in ref[1:]) for ref in found if ref[0]["value"] == "input"}


@given(subject=evidence().filter(lambda each: each["workload"] is not None))
@seed(20261121)
@settings(max_examples=25, deadline=None, database=None, suppress_health_check=list(HealthCheck))
def test_equal_questions_have_equal_reports_and_the_parts_make_the_whole(subject: dict[str, Any]) -> None:
    first = msgspec.structs.replace(model.decode(msgspec.json.encode(subject)), kind="container")
    assert first.workload is not None
    chance = Random(len(str(subject)))
    names = {"kind": "Job", "namespace": "other", "name": f"n{chance.random()}", "labels": {"a": "b"}, "container": "c"}
    renamed = msgspec.structs.replace(
        first,
        subject=msgspec.structs.replace(first.subject, name="other/job/n:c"),
        workload=msgspec.structs.replace(first.workload, **names),
    )
    user = model.UserFact(state="known", value="0", uid=0, gid=0, root=True, numeric=True)
    workload = model.Workload(
        kind="Job", container="x", role="init", security={"privileged": True}, args=["sh"], pinned=True,
        image_origin=first.workload.image_origin,
    )  # fmt: skip
    elsewhere = msgspec.structs.replace(
        first, workload=workload, facts=msgspec.structs.replace(first.facts, user=user), subject=renamed.subject
    )
    parts = questions.parts(_RULES, _RULES)
    reports = [_report(first, part) for part in parts]
    assert merge(reports) == _report(first, _RULES)
    for part, report in zip(parts, reports, strict=True):
        asked = [questions.question(each, part, _RULES, b"") for each in (first, renamed, elsewhere)]
        assert asked[0] == asked[1] is not None and report == _report(renamed, part)
        if asked[0] == asked[2]:
            assert "no-shell" in part and report == _report(elsewhere, part)


_ENGINE = RegorusEngine(_BUNDLE.modules, _BUNDLE.revision, triggers=_BUNDLE.triggers)


def _report(subject: model.Evidence, rules: Any) -> RawReport:
    document = {
        "evidence": subject,
        "today": "2026-11-21",
        "parameters": {rule: parameters(_RULES[rule]) for rule in rules},
        "rules": {rule: _RULES[rule].document() for rule in rules},
    }
    return _ENGINE.evaluate(msgspec.json.encode(document))


def test_what_a_question_is_asked_about_differs_only_by_what_rules_read() -> None:
    parts = questions.parts(
        {"non-root": 1, "no-shell": 1, "max-size": 1, "custom/x": 1}, {**_RULES, "custom/x": _RULES["no-shell"]}
    )
    assert parts == [{"non-root": 1}, {"no-shell": 1, "max-size": 1}, {"custom/x": 1}]
    container = model.Evidence(
        kind="container",
        subject=model.Subject(name="s"),
        facts=model.Facts(
            user=model.UserFact(state="unknown"), shell=model.ShellFact(state="unknown"),
            base=model.BaseFact(state="unknown"), size=model.SizeFact(state="unknown"),
            filesystem=model.FilesystemFact(state="unknown"),
        ),
        workload=model.Workload(kind="Pod", container="c", role="container"),
    )  # fmt: skip
    assert questions.question(container, {"custom/x": 1}, _RULES, b"") is None
    assert questions.question(msgspec.structs.replace(container, kind="image"), {"no-shell": 1}, _RULES, b"") is None
    args = msgspec.structs.replace(
        container, workload=model.Workload(kind="Pod", container="c", role="container", args=["x"])
    )
    assert questions.question(args, {"no-shell": 1}, _RULES, b"") == questions.question(
        container, {"no-shell": 1}, _RULES, b""
    )
    assert questions.question(args, {"non-root": 1}, _RULES, b"") != questions.question(
        container, {"non-root": 1}, _RULES, b""
    )
    assert questions.question(args, {"no-shell": 1}, _RULES, b"") != questions.question(
        args, {"no-shell": 1}, _RULES, b"x"
    )
