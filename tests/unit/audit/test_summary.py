"""Views of an audit count each subject once, name every control, and show who loosened what."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from gate.audit.diff import compare
from gate.audit.model import AuditFinding, AuditInputs, AuditReport, AuditResult, Coverage, OwnerSummary, Totals
from gate.audit.summary import by_control, by_owner, by_rule, loosened, totals
from gate.audit.waived import exemption_states
from gate.bundle.load import load
from gate.settings import load as load_settings
from gate.settings.model import Exemption
from gate.settings.patterns import compile_image

BUNDLE = load([])
TODAY = dt.date(2026, 11, 21)


def finding(rule: str, fingerprint: str = "f", **more: Any) -> AuditFinding:
    fields = {"severity": "high", "level": "deny", "status": "violation", "message": rule} | more
    return AuditFinding(rule=rule, fingerprint=fingerprint, **fields)


def result(
    name: str, verdict: Any, *findings: AuditFinding, owners: tuple[str, ...] = ("shop",), key: str = "", **more: Any
) -> AuditResult:
    return AuditResult(
        key=key or name,
        kind="image",
        name=name,
        verdict=verdict,
        environment="prod",
        owners=list(owners),
        findings=list(findings),
        **more,
    )


def report(run: str, *results: AuditResult, complete: bool = True, policy: str = "p") -> AuditReport:
    return AuditReport(
        run=run, gate="0", started=run, finished=run, complete=complete, environment="prod",
        inputs=AuditInputs(policy=policy), coverage=Coverage(), totals=Totals(), results=list(results),
    )  # fmt: skip


RESULTS = [
    result("a", "deny", finding("non-root"), finding("no-shell", status="undecided")),
    result("b", "pass", finding("no-shell", exempted=True), at_restart="deny"),
    result("c", "undecided", finding("non-root", status="undecided"), owners=("pay", "shop")),
    result("d", "pass", owners=()),
]


def test_totals_count_every_subject_once() -> None:
    expected = Totals(subjects=4, denied=1, undecided=1, passed=2, exempted=1, refused_at_restart=1)
    assert totals(RESULTS) == expected


def test_owners_come_worst_first_and_nobody_is_an_owner() -> None:
    assert by_owner(RESULTS) == [
        OwnerSummary(owner="shop", subjects=3, denied=1, undecided=1, passed=1, refused_at_restart=1),
        OwnerSummary(owner="pay", subjects=1, denied=0, undecided=1, passed=0),
        OwnerSummary(owner="(no owner)", subjects=1, denied=0, undecided=0, passed=1),
    ]


def test_rules_count_violations_doubts_and_exemptions_apart() -> None:
    found = {(row.rule, row.violations, row.undecided, row.exempted) for row in by_rule(RESULTS, BUNDLE.catalogue)}
    assert found == {("non-root", 1, 1, 0), ("no-shell", 0, 1, 1)}


def test_every_control_is_listed_even_where_nothing_was_found() -> None:
    rows = by_control(by_rule(RESULTS, BUNDLE.catalogue), BUNDLE.catalogue)
    expected = {control for rule in BUNDLE.catalogue.values() for control in rule.controls}
    assert {row.control for row in rows} == expected
    (user,) = [row for row in rows if row.control == "CIS Docker 4.1"]
    assert "non-root" in user.rules and user.violations >= 1


def test_what_gate_yaml_asks_less_is_shown_with_how_it_was(tmp_path: Any) -> None:
    text = "version: 1\nrules: {non-root: warn, max-size: deny}\nenvironments:\n- {name: lab, namespaces: ['*'], rules: {approved-base: ignore}}\n"
    (tmp_path / "gate.yaml").write_text(text)
    (tmp_path / "empty").mkdir()
    shipped = load_settings(start=tmp_path, catalogue=BUNDLE.catalogue, defaults=BUNDLE.defaults, path=_empty(tmp_path))
    own = load_settings(
        start=tmp_path, catalogue=BUNDLE.catalogue, defaults=BUNDLE.defaults, path=tmp_path / "gate.yaml"
    )
    found = {(one.where, one.rule, one.was, one.now) for one in loosened(own, shipped, BUNDLE.catalogue)}
    assert found == {
        ("gate.yaml, environment lab", "non-root", "deny", "warn"),
        ("gate.yaml, environment lab", "approved-base", "deny", "ignore"),
        ("gate.yaml, environment prod", "non-root", "deny", "warn"),
    }


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "rules: {max-size: {level: deny, uncompressed: 5GB}}",
            ("max-size", "uncompressed 300 MB", "uncompressed 5000 MB"),
        ),
        ("rules: {max-size: {uncompressed: null}}", ("max-size", "uncompressed 300 MB", "uncompressed without limit")),
        ("undecided: warn", ("undecided", "deny", "warn")),
        ("evidence_pending: ignore", ("evidence_pending", "deny", "ignore")),
        ("collection: essential", ("collection", "recommended", "essential")),
        ("rules: {max-size: {level: deny, uncompressed: 100MB}}", None),
        ("collection: strict", None),
    ],
)
def test_limits_doubts_and_fewer_rules_are_shown_as_well(
    tmp_path: Any, text: str, expected: tuple[str, str, str] | None
) -> None:
    def read(name: str, content: str) -> Any:
        (tmp_path / name).write_text(f"version: 1\n{content}\n")
        path = tmp_path / name
        return load_settings(start=tmp_path, catalogue=BUNDLE.catalogue, defaults=BUNDLE.defaults, path=path)

    own = read("gate.yaml", text)
    shipped = read("shipped.yaml", f"collection: {own.written.collection}")
    found = {(one.rule, one.was, one.now) for one in loosened(own, shipped, BUNDLE.catalogue)}
    assert found == ({expected} if expected else set())


def _empty(folder: Any) -> Any:
    (folder / "shipped.yaml").write_text("version: 1\n")
    return folder / "shipped.yaml"


@pytest.mark.parametrize(
    ("expires", "used", "state"),
    [
        ("2026-11-20", 1, "expired"),
        ("2026-11-21", 1, "expiring"),
        ("2027-06-01", 1, "active"),
        ("2027-06-01", 0, "unused"),
    ],
)
def test_exemptions_show_their_state(expires: str, used: int, state: str) -> None:
    one = Exemption(rule="no-shell", reason="r", owner="o", expires=dt.date.fromisoformat(expires), paths=["x"])
    (found,) = exemption_states([one], RESULTS, {0: used}, TODAY)
    assert (found.state, found.used) == (state, used)


def test_exemptions_for_the_same_thing_overlap() -> None:
    one = Exemption(rule="no-shell", reason="r", owner="o", expires=dt.date(2027, 6, 1), paths=["x"])
    two = Exemption(rule="no-shell", reason="again", owner="p", expires=dt.date(2027, 7, 1), paths=["x"])
    assert [s.state for s in exemption_states([one, two], RESULTS, {0: 1, 1: 1}, TODAY)] == ["overlapping"] * 2


def test_a_difference_tells_new_fixed_appeared_and_gone() -> None:
    before = report(
        "1", result("a", "deny", finding("non-root", "f1")), result("old", "deny", finding("max-size", "f2"))
    )
    after = report("2", result("a", "pass"), result("new", "deny", finding("no-shell", "f3")), policy="q")
    diff = compare(before, after)
    assert [(c.name, c.rule) for c in diff.new] == [("new", "no-shell")]
    assert [(c.name, c.rule) for c in diff.fixed] == [("a", "non-root")]
    assert (diff.appeared, diff.gone, diff.policy_changed, diff.comparable) == (["new"], ["old"], True, True)
    assert [(v.name, v.was, v.now) for v in diff.verdicts] == [("a", "deny", "pass")]


def test_what_is_exempted_or_asked_no_longer_was_not_fixed() -> None:
    before = report(
        "1", result("a", "deny", finding("non-root", "f1"), finding("no-shell", "f2"), finding("max-size", "f3"))
    )
    after = report(
        "2", result("a", "pass", finding("non-root", "f1", exempted=True), finding("no-shell", "f2", level="warn"))
    )
    diff = compare(before, after)
    assert [[one.rule for one in found] for found in (diff.new, diff.fixed, diff.exempted, diff.lowered)] == [
        [],
        ["max-size"],
        ["non-root"],
        ["no-shell"],
    ]


def test_a_rebuilt_image_does_not_make_its_findings_new() -> None:
    before = report("1", result("a", "deny", finding("non-root", "f1"), key="sha256:1"))
    after = report("2", result("a", "deny", finding("non-root", "f1"), key="sha256:2"))
    diff = compare(before, after)
    assert (diff.new, diff.fixed) == ([], [])


def test_an_incomplete_run_is_not_comparable() -> None:
    assert not compare(report("1", complete=False), report("2")).comparable


def _image(name: str, *findings: AuditFinding) -> AuditResult:
    return result(name, "deny", *findings, reference=f"ghcr.io/acme/{name}:1")


def _exemption(image: str, expires: str = "2027-06-01") -> Exemption:
    day = dt.date.fromisoformat(expires)
    return Exemption(rule="non-root", reason="r", owner="o", expires=day, images=[compile_image(image)])


def test_exemptions_overlap_where_they_cover_one_finding_though_they_are_written_differently() -> None:
    found = exemption_states(
        [_exemption("ghcr.io/acme/*"), _exemption("ghcr.io/acme/a"), _exemption("ghcr.io/acme/b")],
        [_image("a", finding("non-root", "f")), _image("c", finding("non-root", "g"))],
        {0: 2},
        TODAY,
    )
    assert [(one.states, one.used, one.covers) for one in found] == [
        (["overlapping"], 2, 2),
        (["overlapping"], 0, 1),
        (["unused"], 0, 0),
    ]


def test_an_exemption_that_ran_out_tells_what_it_would_waive_and_overlaps_with_none() -> None:
    exemptions = [_exemption("ghcr.io/acme/a", "2026-11-01"), _exemption("ghcr.io/acme/a", "2026-12-01")]
    exemptions.append(_exemption("ghcr.io/acme/gone", "2026-11-01"))
    found = exemption_states(exemptions[::2], [_image("a", finding("non-root", "f"))], {}, TODAY)
    assert [(one.state, one.states, one.covers, one.days_left) for one in found] == [
        ("expired", ["expired"], 1, -20),
        ("expired", ["expired", "unused"], 0, -20),
    ]
    both = exemption_states(exemptions[:2], [_image("a", finding("non-root", "f"))], {1: 1}, TODAY)
    assert [one.states for one in both] == [["expired"], ["expiring"]]
