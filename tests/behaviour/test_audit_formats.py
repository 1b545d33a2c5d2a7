"""What an audit writes for other programs is what those programs read: SARIF, Prometheus, CSV, markdown, text."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from pathlib import Path

import msgspec
import pytest
from gate.audit import sarif, text
from gate.audit.model import AuditReport
from gate.audit.schema import schema

from tests.support.audit_report import HOSTILE, estate
from tests.support.sarif import official_schema


@pytest.fixture(scope="module")
def report() -> AuditReport:
    return estate()


@pytest.mark.go
def test_sarif_is_what_the_official_schema_asks_for(report: AuditReport) -> None:
    import jsonschema

    jsonschema.validate(json.loads(sarif.render(report)), official_schema())


def test_sarif_has_one_rule_an_id_and_every_finding(report: AuditReport) -> None:
    (run,) = json.loads(sarif.render(report))["runs"]
    ids = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert len(ids) == len(set(ids))
    assert all(ids[result["ruleIndex"]] == result["ruleId"] for result in run["results"])
    assert len(run["results"]) == sum(len(result.findings) for result in report.results)


def test_the_textfile_is_read_by_the_client_of_prometheus(report: AuditReport) -> None:
    from prometheus_client.parser import text_string_to_metric_families

    found = {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text.prometheus(report))
        for sample in family.samples
    }
    totals = report.totals
    assert {key: value for key, value in found.items() if key[0] == "gate_audit_subjects"} == {
        ("gate_audit_subjects", "deny"): totals.denied,
        ("gate_audit_subjects", "undecided"): totals.undecided,
        ("gate_audit_subjects", "pass"): totals.passed,
    }
    assert found["gate_audit_violations", "non-root", "high"] == 3
    assert found["gate_audit_exemptions", "expired"] == found["gate_audit_exemptions", "overlapping"] == 1
    assert (found["gate_audit_complete",], found["gate_audit_drifting",], found["gate_audit_refused_at_restart",]) == (
        0,
        1,
        1,
    )
    assert found["gate_audit_finished_timestamp_seconds",] == 1_795_230_300


def test_without_a_candidate_nothing_is_said_of_one(report: AuditReport) -> None:
    inputs = msgspec.structs.replace(report.inputs, candidate=None)
    plain = msgspec.structs.replace(report, inputs=inputs, results=report.results[:4])
    for written in (text.prometheus(plain), text.text(plain), text.markdown(plain)):
        assert "restart" not in written


def test_csv_has_a_row_a_finding_and_every_owner(report: AuditReport) -> None:
    rows = list(csv.DictReader(io.StringIO(text.as_csv(report))))
    expected = Counter({result.name: max(1, len(result.findings)) for result in report.results})
    assert Counter(row["name"] for row in rows) == expected
    (api,) = [row for row in rows if row["name"].startswith("pay/deployment/api")]
    assert (api["owner"], api["namespace"], api["containers"], api["base"], api["base_created"]) == (
        "team-pay", "pay", "4", "docker.io/library/debian:12", "2025-05-21",
    )  # fmt: skip


def test_text_and_markdown_say_what_would_break_what_moved_and_what_ran_out(report: AuditReport) -> None:
    for written in (text.text(report), text.markdown(report)):
        for said in ("pay/deployment/ok:main: no-shell", "its tag is now sha256:new", "expired: non-root (o, over since 2026-11-01, waives 0, would waive 2)", "overlapping, expiring: no-shell", "403"):  # fmt: skip
            assert said in written
        assert "\u202e" not in written


def test_markdown_of_hostile_names_stays_in_its_cell(report: AuditReport) -> None:
    lines = text.markdown(report).splitlines()
    (row,) = [line for line in lines if line.startswith("| ") and "onerror" in line]
    assert row.count("|") == 6 and "<img" not in row
    assert HOSTILE not in text.markdown(report)


def test_the_json_report_holds_to_its_published_schema_and_that_is_the_one_the_code_makes(report: AuditReport) -> None:
    import jsonschema

    published = json.loads((Path(__file__).parents[2] / "docs" / "schemas" / "audit.schema.json").read_text())
    assert published == schema()
    jsonschema.Draft202012Validator.check_schema(published)
    jsonschema.Draft202012Validator(published).validate(json.loads(msgspec.json.encode(report)))
