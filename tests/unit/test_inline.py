"""Exemptions written in a Dockerfile waive what they name, where they stand, for as long as they say."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import pytest
from gate.bundle.load import load
from gate.engine import choose
from gate.evidence.bases import TableLookup
from gate.evidence.dockerfile.collect import BuildOptions, collect
from gate.exemptions import Exemptions
from gate.finding import Result
from gate.judge import Judge
from gate.settings import Settings, parse_settings

BUNDLE = load()
ENGINE = choose("regorus", modules=BUNDLE.modules, revision=BUNDLE.revision)
TODAY = datetime.date(2026, 11, 21)


def judge(dockerfile: str, settings: str = "") -> Result:
    text = f"version: 1\ncollection: essential\n{settings}".encode()
    chosen = Settings(parse_settings(text, Path("gate.yaml"), BUNDLE.catalogue), BUNDLE.catalogue, BUNDLE.defaults)
    evidence = collect(
        dockerfile.encode(), path="Dockerfile", options=BuildOptions(), bases=TableLookup([]),
        approved_frontends=chosen.parameters("approved-frontend", "prod")["frontends"], image=None, ignore=None,
    )  # fmt: skip
    whole = Judge(catalogue=BUNDLE.catalogue, engine=ENGINE, settings=chosen, exemptions=Exemptions([], TODAY))
    return whole.judge(evidence)


def waived(result: Result) -> set[str]:
    return {finding.rule for finding in result.findings if finding.exemption is not None}


ROOT = 'FROM scratch\nCOPY a /a\nENTRYPOINT ["/a"]\n'
OWN = '# gate: ignore={} reason="port 80 until the proxy moves" until={}\n'


def test_a_comment_at_the_top_waives_what_is_missing_in_the_whole_file() -> None:
    result = judge(OWN.format("non-root", "2027-01-31") + ROOT)
    assert (result.verdict, waived(result), result.leftovers) == ("pass", {"non-root"}, [])
    (finding,) = [f for f in result.findings if f.rule == "non-root"]
    assert finding.exemption is not None
    assert (finding.exemption.reason, finding.exemption.expires, finding.exemption.source) == (
        "port 80 until the proxy moves", "2027-01-31", "Dockerfile:1",
    )  # fmt: skip


def test_a_comment_above_an_instruction_waives_only_there() -> None:
    first = (
        "FROM scratch AS x\nCOPY a /a\n" + OWN.format("non-root", "2027-01-31") + "FROM scratch\nCOPY --from=x /a /a\n"
    )
    assert waived(judge(first)) == {"non-root"}
    other = "FROM scratch\n" + OWN.format("non-root", "2027-01-31") + "COPY a /a\n"
    result = judge(other)
    assert waived(result) == set()
    assert [(one.rule, one.state) for one in result.leftovers] == [("non-root", "unused")]


def test_a_comment_inside_an_instruction_speaks_of_it() -> None:
    text = "FROM alpine:3.20\nRUN a \\\n" + OWN.format("non-root,no-shell", "2027-01-31") + " b\nUSER 7\n"
    assert {(one.rule, one.state) for one in judge(text).leftovers} == {("non-root", "unused"), ("no-shell", "unused")}


@pytest.mark.parametrize(
    ("until", "verdict", "state"), [("2026-11-21", "pass", None), ("2026-11-20", "deny", "expired")]
)
def test_it_holds_through_its_last_day(until: str, verdict: str, state: str | None) -> None:
    result = judge(OWN.format("non-root", until) + ROOT)
    assert result.verdict == verdict
    assert [one.state for one in result.leftovers] == ([state] if state else [])


@pytest.mark.parametrize(
    ("comment", "said"),
    [
        ('gate: ignore= reason="x" until=2027-01-01', "it names no rule"),
        ('gate: ignore=no-such-rule reason="x" until=2027-01-01', "there is no rule 'no-such-rule'"),
        ("gate: ignore=non-root until=2027-01-01", "it gives no reason"),
        ('gate: ignore=non-root reason="" until=2027-01-01', "it gives no reason"),
        ('gate: ignore=non-root reason="x"', "it has no date"),
        ('gate: ignore=non-root reason="x" until=soon', "it has no date"),
        ('gate: ignore=non-root reason="x" until=2027-13-01', "it has no date"),
        ('gate: ignore=non-root reason="x" until=20270101', "it has no date"),
        ('gate: ignore=non-root reason="x" until=2027-W01', "it has no date"),
        ('gate: ignore=non-root reason="x" until=2027-01-01 colour=red', "there is no key 'colour'"),
        ("gate: ignore=non-root because I say so", "cannot read"),
        ('gate: ignore=dockerfile-valid reason="x" until=2027-01-01', "dockerfile-valid"),
    ],
)
def test_what_is_no_exemption_waives_nothing_and_is_a_warning_at_its_line(comment: str, said: str) -> None:
    result = judge(f"# {comment}\n{ROOT}")
    assert result.verdict == "deny"
    (warning,) = [f for f in result.findings if f.rule == "inline-exemption"]
    assert said in warning.message
    assert (warning.level, warning.location.line if warning.location else None) == ("warn", 1)


def test_settings_can_forbid_them() -> None:
    result = judge(OWN.format("non-root", "2027-01-31") + ROOT, "inline_exemptions: forbid\n")
    assert (result.verdict, waived(result)) == ("deny", set())
    assert any("forbidden" in f.message for f in result.findings if f.rule == "inline-exemption")


@pytest.mark.parametrize(
    "comment",
    ["# hadolint ignore=DL3002", "# hadolint global ignore=DL3059,DL3002", "# trivy:ignore:DS002", "# trivy:ignore:AVD-DS-0002",
     "# checkov:skip=CKV_DOCKER_3:we are root"],
)  # fmt: skip
def test_other_linters_ignores_count_only_where_settings_honour_them(comment: str) -> None:
    text = f"{comment}\n{ROOT}"
    assert waived(judge(text)) == set()
    result = judge(text, "honour_foreign_ignores: true\n")
    assert "non-root" in waived(result)
    assert result.leftovers == []


WARNED = "FROM scratch\nMAINTAINER me\nUSER 0\n"


@pytest.mark.parametrize(
    ("comment", "waives"),
    [
        ("# check=skip=all", True),
        ("# check=skip=MaintainerDeprecated", True),
        ("# check=error=true;skip=JSONArgsRecommended,MaintainerDeprecated", True),
        ("# check=skip=MaintainerDeprecated;error=true", True),
        ("# check=error=true;experimental=all", False),
        ("# check=skip=JSONArgsRecommended", False),
        ("# check=skip=DL4000", False),
        ("# hadolint ignore=MaintainerDeprecated", False),
    ],
)
def test_a_buildkit_skip_waives_what_buildkit_checks_and_nothing_else(comment: str, waives: bool) -> None:
    text, rules = f"{comment}\n{WARNED}", "rules: {no-maintainer: deny}\n"
    assert waived(judge(text, rules)) == set()
    assert waived(judge(text, rules + "honour_foreign_ignores: true\n")) == ({"no-maintainer"} if waives else set())


def test_a_foreign_ignore_of_another_rule_waives_nothing() -> None:
    assert waived(judge(f"# hadolint ignore=DL3008\n{ROOT}", "honour_foreign_ignores: true\n")) == set()


def test_heredoc_text_is_no_comment() -> None:
    forged: Any = "FROM alpine:3.20\nRUN <<EOF\n" + OWN.format("no-shell", "2027-01-31") + "EOF\nUSER 7\n"
    result = judge(forged)
    assert (waived(result), result.leftovers) == (set(), [])
