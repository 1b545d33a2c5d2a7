"""Exemptions: what they cover, how long, which are left over, and which a run would need."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import pytest
from gate.evidence.model import Evidence
from gate.exemptions import Exemptions, Waiver, covers, suggest, use
from gate.finding import Finding, Location, Result
from gate.settings import Exemption, parse_settings
from gate.settings.patterns import compile_image, name_regex, path_regex

from tests.support.subjects import catalogue, container, dockerfile, image, rule

TODAY = datetime.date(2026, 11, 21)
D, E = "sha256:" + "1" * 64, "sha256:" + "2" * 64


def exemption(rule_id: str = "no-shell", *, expires: datetime.date = TODAY, **selectors: Any) -> Exemption:
    """An exemption whose selectors are written as in gate.yaml."""
    compile_: dict[str, Any] = {
        "paths": path_regex,
        "images": compile_image,
        "digests": str,
        "namespaces": name_regex,
        "containers": name_regex,
    }
    compiled = {key: [compile_[key](value) for value in values] for key, values in selectors.items()}
    name = ",".join(f"{key}={'+'.join(values)}" for key, values in selectors.items())
    return Exemption(rule=rule_id, reason="r", owner="o", expires=expires, source=name, **compiled)


def finding(rule_id: str = "no-shell", path: str | None = "Dockerfile", **more: Any) -> Finding:
    """A finding at a path."""
    words: dict[str, Any] = {
        "aliases": [],
        "severity": "high",
        "level": "deny",
        "status": "violation",
        "state": "known",
        "message": "m",
        "fix": None,
        "docs": None,
        "fingerprint": "f",
    }
    return Finding(rule=rule_id, location=Location(path=path) if path else None, **(words | more))


API = container(namespace="shop", name="api")
COVERED = [
    pytest.param({"paths": ["a/Dockerfile"]}, dockerfile("a/Dockerfile"), True, id="its path"),
    pytest.param({"paths": ["a/**"]}, dockerfile("a/b/Dockerfile"), True, id="below a folder"),
    pytest.param({"paths": ["a/**"]}, dockerfile("ab/Dockerfile"), False, id="no string prefix"),
    pytest.param({"paths": ["./a/Dockerfile"]}, dockerfile("./a/Dockerfile"), True, id="dots in front"),
    pytest.param({"paths": ["**"]}, image("ghcr.io/a/b:1"), False, id="an image has no path"),
    pytest.param({"images": ["ghcr.io/a/b"]}, image("ghcr.io/a/b:1"), True, id="its repository"),
    pytest.param({"images": ["ghcr.io/a/b"]}, image("ghcr.io/a/bc:1"), False, id="another repository"),
    pytest.param(
        {"images": ["ghcr.io/a/*"]}, dockerfile(image="ghcr.io/a/b"), True, id="what a Dockerfile is built as"
    ),
    pytest.param({"images": ["ghcr.io/a/*"]}, dockerfile(), False, id="a Dockerfile built as nobody knows what"),
    pytest.param({"images": ["ghcr.io/acme/*"]}, API, True, id="a container's image"),
    pytest.param({"digests": [D, E]}, image("ghcr.io/a/b", digest=E), True, id="its digest"),
    pytest.param({"digests": [D]}, image("ghcr.io/a/b"), False, id="no digest"),
    pytest.param({"namespaces": ["shop"]}, API, True, id="its namespace"),
    pytest.param({"namespaces": ["sho"]}, API, False, id="another namespace"),
    pytest.param({"namespaces": ["*"]}, container(namespace=None), False, id="no namespace is in none"),
    pytest.param({"namespaces": ["*"]}, dockerfile(), False, id="a Dockerfile is in no namespace"),
    pytest.param({"containers": ["a*"]}, API, True, id="its container"),
    pytest.param({"namespaces": ["shop"], "containers": ["api"]}, API, True, id="both match"),
    pytest.param({"namespaces": ["shop"], "containers": ["db"]}, API, False, id="one of two does not"),
    pytest.param({"paths": ["Dockerfile"], "images": ["ghcr.io/a/b"]}, dockerfile(), False, id="path but not image"),
]


@pytest.mark.parametrize(("selectors", "evidence", "expected"), COVERED)
def test_every_selector_that_is_given_must_match(selectors: Any, evidence: Evidence, expected: bool) -> None:
    assert covers(exemption(**selectors), evidence, evidence.subject.name) is expected


def test_a_manifests_path_is_where_its_finding_is() -> None:
    found = Exemptions([exemption(paths=["deploy/*"])], TODAY)
    assert found.waive(finding(path="deploy/api.yaml"), API).active is not None
    assert found.waive(finding(path="other/api.yaml"), API).active is None


def test_an_exemption_is_for_its_rule_alone() -> None:
    found = Exemptions([exemption("non-root", paths=["**"])], TODAY)
    assert found.waive(finding("no-shell"), dockerfile()) == Waiver()


def test_two_exemptions_never_add_up() -> None:
    found = Exemptions(
        [exemption(namespaces=["shop"], containers=["db"]), exemption(containers=["api"], paths=["x"])], TODAY
    )
    assert found.waive(finding(path=None), API) == Waiver()


@pytest.mark.parametrize(
    ("days", "active"), [(1, True), (0, True), (-1, False)], ids=["the day before", "its last day", "the day after"]
)
def test_an_exemption_holds_through_its_last_day(days: int, active: bool) -> None:
    one = exemption(paths=["**"], expires=TODAY + datetime.timedelta(days))
    waiver = Exemptions([one], TODAY).waive(finding(), dockerfile())
    assert waiver == (Waiver(active=use(one, "active")) if active else Waiver(expired=use(one, "expired")))


def test_a_server_asks_for_the_day_each_time() -> None:
    days = iter([TODAY, TODAY + datetime.timedelta(1)])
    found = Exemptions([exemption(paths=["**"])], lambda: next(days))
    waivers = [found.waive(finding(), dockerfile()) for _ in range(2)]
    assert [waiver.active is not None for waiver in waivers] == [True, False]


def test_one_that_holds_counts_where_another_has_run_out() -> None:
    old, new = exemption(paths=["**"], expires=datetime.date(2020, 1, 1)), exemption(paths=["Dockerfile"])
    found = Exemptions([old, new], TODAY)
    assert found.waive(finding(), dockerfile()) == Waiver(active=use(new, "active"))
    assert found.leftovers(whole=False) == [use(old, "expired")]


def test_what_does_not_build_is_never_exempted() -> None:
    found = Exemptions([exemption("dockerfile-valid", paths=["**"])], TODAY)
    assert found.waive(finding("dockerfile-valid"), dockerfile()) == Waiver()


# --- what is left over ------------------------------------------------------------------------------------------


def leftovers(*exemptions: Exemption, whole: bool) -> list[tuple[str | None, str]]:
    """What is left after one Dockerfile ``a/Dockerfile`` with a no-shell finding."""
    found = Exemptions(exemptions, TODAY)
    evidence = dockerfile("a/Dockerfile")
    found.meet(evidence)
    found.waive(finding(path="a/Dockerfile"), evidence)
    return [(one.source, one.state) for one in found.leftovers(whole=whole)]


OLD = datetime.date(2026, 11, 20)


@pytest.mark.parametrize("whole", [True, False])
def test_an_exemption_that_waives_something_is_not_left_over(whole: bool) -> None:
    assert leftovers(exemption(paths=["a/**"]), exemption(paths=["a/Dockerfile"]), whole=whole) == []


@pytest.mark.parametrize("whole", [True, False])
def test_an_exemption_that_waives_nothing_of_its_subject_is_unused(whole: bool) -> None:
    assert leftovers(exemption("non-root", paths=["a/**"]), whole=whole) == [("paths=a/**", "unused")]


def test_an_exemption_that_met_no_subject_is_unused_only_when_all_were_looked_at() -> None:
    other = exemption(paths=["b/Dockerfile"])
    assert leftovers(other, whole=False) == []
    assert leftovers(other, whole=True) == [("paths=b/Dockerfile", "unused")]


def test_an_expired_exemption_is_told_as_such() -> None:
    assert leftovers(exemption(paths=["a/**"], expires=OLD), whole=False) == [("paths=a/**", "expired")]
    assert leftovers(exemption(paths=["b/**"], expires=OLD), whole=False) == []
    assert leftovers(exemption(paths=["b/**"], expires=OLD), whole=True) == [("paths=b/**", "expired")]


def test_a_remembered_result_uses_its_exemptions_again() -> None:
    used, unused = exemption(paths=["a/**"]), exemption("non-root", paths=["a/**"])
    evidence = dockerfile("a/Dockerfile")
    waiver = Exemptions([used], TODAY).waive(finding(path="a/Dockerfile"), evidence)
    result = Result(
        subject=evidence.subject, environment="prod", verdict="pass", findings=[finding(exemption=waiver.active)]
    )
    found = Exemptions([used, unused], TODAY)
    found.recall(result)
    assert found.leftovers(whole=False) == [use(unused, "unused")]


# --- suggestions ------------------------------------------------------------------------------------------------


def results() -> list[Result]:
    """Findings of every kind of subject, some of which need no exemption."""

    def one(evidence: Evidence, *findings: Finding) -> Result:
        return Result(
            subject=evidence.subject, environment="prod", verdict="deny", findings=list(findings), evidence=evidence
        )

    waived = Exemptions([exemption(paths=["**"])], TODAY).waive(finding(), dockerfile()).active
    return [
        one(dockerfile("b/Dockerfile"), finding("no-shell", "b/Dockerfile"), finding("no-shell", "b/Dockerfile")),
        one(dockerfile("a/Dockerfile"), finding("no-shell", "a/Dockerfile"), finding("non-root", "a/Dockerfile")),
        one(dockerfile("c/Dockerfile"), finding("dockerfile-valid", "c/Dockerfile")),
        one(dockerfile("d/Dockerfile"), finding(level="warn"), finding(exemption=waived), finding(baseline=True)),
        one(image("ghcr.io/acme/api:1"), finding("no-shell", "ghcr.io/acme/api:1")),
        one(container(namespace="shop", name="db"), finding("no-shell", None, status="undecided")),
        one(container(namespace="shop", name="api"), finding("no-shell", None)),
    ]


def test_suggestions_are_narrow_and_grouped_by_rule() -> None:
    text = suggest(results(), expires=datetime.date(2026, 12, 21), owner="team-a", reason='old "estate"')
    head = ['    reason: "old \\"estate\\""', '    owner: "team-a"', "    expires: 2026-12-21"]
    assert text.splitlines() == [
        "exemptions:",
        "  - rule: no-shell",
        '    namespaces: ["shop"]',
        '    containers: ["api", "db"]',
        *head,
        "  - rule: no-shell",
        '    images: ["ghcr.io/acme/api"]',
        *head,
        "  - rule: no-shell",
        '    paths: ["a/Dockerfile", "b/Dockerfile"]',
        *head,
        "  - rule: non-root",
        '    paths: ["a/Dockerfile"]',
        *head,
    ]


def test_suggestions_are_settings_under_which_the_same_findings_are_exempted() -> None:
    text = "version: 1\n" + suggest(results(), expires=TODAY, owner="o", reason="r")
    written = parse_settings(text.encode(), Path("gate.yaml"), catalogue(rule("no-shell"), rule("non-root")))
    found = Exemptions(written.exemptions, TODAY)
    left = [
        one.rule
        for result in results()
        for one in result.findings
        if result.evidence is not None and found.waive(one, result.evidence).active is None
    ]
    assert left == ["dockerfile-valid", "no-shell", "no-shell", "no-shell"]  # what needed none
    assert found.leftovers(whole=True) == []


def test_what_a_person_must_say_is_left_empty_and_refused() -> None:
    text = "version: 1\n" + suggest(results(), expires=TODAY)
    with pytest.raises(Exception, match="reason is empty"):
        parse_settings(text.encode(), Path("gate.yaml"), catalogue(rule("no-shell"), rule("non-root")))


def test_a_run_that_passes_needs_none() -> None:
    assert suggest([], expires=TODAY) == "exemptions: []\n"
