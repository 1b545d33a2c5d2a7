"""Reports hold to the schemas that others read them by."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from gate.report import json as json_report
from gate.report import render

from tests.golden import runs
from tests.support.sarif import official_schema

SHAPES = ["well", "denied", "everything", "hostile", "nothing"]
PUBLISHED = Path(__file__).resolve().parents[2] / "docs" / "schemas" / "report.schema.json"


@pytest.fixture(scope="module")
def sarif_schema() -> dict[str, Any]:
    return official_schema()


@pytest.mark.parametrize("shape", SHAPES)
def test_the_json_report_holds_to_its_published_schema(shape: str) -> None:
    schema = json.loads(PUBLISHED.read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.Draft202012Validator(schema).validate(json.loads(render("json", getattr(runs, shape)(), runs.CONTEXT)))


def test_the_published_schema_is_the_one_the_code_makes() -> None:
    assert json.loads(PUBLISHED.read_text(encoding="utf-8")) == json_report.schema()


@pytest.mark.go
@pytest.mark.parametrize("shape", SHAPES)
def test_the_sarif_report_holds_to_the_official_schema(shape: str, sarif_schema: dict[str, Any]) -> None:
    jsonschema.Draft4Validator(sarif_schema).validate(json.loads(render("sarif", getattr(runs, shape)(), runs.CONTEXT)))


@pytest.mark.parametrize("shape", SHAPES)
def test_sarif_has_one_rule_per_id_and_points_at_it(shape: str) -> None:
    log = json.loads(render("sarif", getattr(runs, shape)(), runs.CONTEXT))["runs"][0]
    rules = [rule["id"] for rule in log["tool"]["driver"]["rules"]]
    assert rules == sorted(set(rules))
    assert [result["ruleId"] for result in log["results"]] == [rules[result["ruleIndex"]] for result in log["results"]]
    for result in log["results"]:
        assert result["level"] == "none" or result["kind"] == "fail"
        assert result["partialFingerprints"]
    for rule in log["tool"]["driver"]["rules"]:
        assert rule["help"]["text"]
        assert 0 < float(rule["properties"]["security-severity"]) <= 10
