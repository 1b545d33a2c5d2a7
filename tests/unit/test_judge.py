"""The judge: from evidence to result, whatever the engine and the checkpoint."""

from __future__ import annotations

import asyncio
import datetime
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from gate.bundle.load import Bundle, load
from gate.engine.protocol import Assumption, RawReport
from gate.engine.regorus import RegorusEngine
from gate.errors import EngineError, EngineProtocolError, EngineUnavailableError, SettingsError, TargetError
from gate.evidence.dockerfile.syntax import DockerfileError
from gate.evidence.model import Evidence, LineOrigin, PointerOrigin, Subject, UserFact
from gate.exemptions import Exemptions
from gate.finding import Assumed, Location, Result
from gate.judge import Judge
from gate.settings import Settings, parse_settings

from tests.support.subjects import (
    FakeEngine,
    catalogue,
    container,
    defaults,
    dockerfile,
    image,
    line,
    parameter,
    rule,
    undecided,
    violation,
)

TODAY = datetime.date(2026, 11, 21)
RULES = catalogue(
    rule("non-root", aliases=["DL3002"], severity="critical"),
    rule("no-shell", kinds=["image", "container"], settled_on=["image"], needs=["shell"]),
    rule("max-size", parameters={"uncompressed": parameter("size")}),
    rule("custom/labels"),
)
DEFAULTS = defaults(
    RULES,
    max_size={"levels": {"prod": "warn"}, "parameters": {"uncompressed": "300MB"}},
    non_root={"levels": {"prod": "deny", "dev": "ignore"}},
)


def judge(report: Any, text: str = "", **more: Any) -> Judge:
    """A judge whose engine answers with a report."""
    written = parse_settings(f"version: 1\n{text}".encode(), Path("gate.yaml"), RULES)
    engine = report if isinstance(report, FakeEngine) else FakeEngine(report)
    return Judge(
        catalogue=RULES,
        engine=engine,
        settings=Settings(written, RULES, DEFAULTS),
        exemptions=Exemptions(written.exemptions, TODAY),
        **more,
    )


def brief(result: Result) -> list[tuple[str, str, str]]:
    """Rule, level and status of every finding."""
    return [(one.rule, one.level, one.status) for one in result.findings]


# --- the document -----------------------------------------------------------------------------------------------


def test_the_engine_is_asked_for_the_rules_that_are_to_run_with_their_parameters() -> None:
    engine = FakeEngine(RawReport())
    evidence = dockerfile()
    judge(engine, "rules: {custom/labels: ignore}").judge(evidence)
    asked = {"needs": ["user"], "settled_on": [], "kinds": ["dockerfile", "image", "container"]}
    assert engine.documents == [
        {
            "evidence": msgspec.json.decode(msgspec.json.encode(evidence)),
            "today": TODAY.isoformat(),
            "parameters": {"non-root": {}, "max-size": {"uncompressed": 300_000_000}},
            "rules": {
                "non-root": asked | {"parameters": []},
                "max-size": asked | {"parameters": ["uncompressed"]},
            },
        }
    ]


def test_inputs_of_other_programs_policies_stand_beside_the_evidence() -> None:
    engine = FakeEngine(RawReport())
    judge(engine).judge(dockerfile(), foreign={"conftest": [{"Cmd": "from"}]})
    assert [each["foreign"] for each in engine.documents] == [{"conftest": [{"Cmd": "from"}]}]


def test_where_no_rule_is_to_run_no_engine_is_asked() -> None:
    engine = FakeEngine(RawReport())
    off = "rules: {non-root: ignore, max-size: ignore, custom/labels: ignore}"
    assert judge(engine, off).judge(dockerfile()).verdict == "pass"
    assert engine.documents == []


def test_evidence_that_is_not_text_is_a_target_that_cannot_be_judged() -> None:
    with pytest.raises(TargetError, match="text that is not UTF-8"):
        judge(RawReport()).judge(dockerfile(image="\udcff"))


# --- the finding ------------------------------------------------------------------------------------------------


def test_a_finding_has_the_rules_words_the_engines_message_and_a_place() -> None:
    report = RawReport(findings=[violation(origin=line(3), state="assumed")], settled_later=["no-shell", "max-size"])
    result = judge(report).judge(dockerfile(lines=("FROM alpine", "RUN x", "USER root")))
    (found,) = result.findings
    assert (found.rule, found.aliases, found.severity, found.level) == ("non-root", ["DL3002"], "critical", "deny")
    assert (found.status, found.state, found.message) == ("violation", "assumed", "runs as root")
    assert found.location == Location(path="Dockerfile", line=3, end_line=3)
    assert (found.fix, found.docs) == ("Repair non-root.", "docs/rules/non-root.md")
    assert (result.verdict, result.environment, result.settled_later) == ("deny", "prod", ["max-size", "no-shell"])


def test_the_engines_fix_is_better_than_the_rules() -> None:
    report = RawReport(findings=[violation(fix="USER 10001"), violation("custom/labels", "no owner")])
    assert [(one.fix, one.docs) for one in judge(report).judge(dockerfile()).findings] == [
        ("Repair custom/labels.", None),
        ("USER 10001", "docs/rules/non-root.md"),
    ]


PLACES = [
    pytest.param(
        dockerfile(lines=("ARG X", "FROM a")), None, Location(path="Dockerfile", line=2, end_line=2), id="FROM"
    ),
    pytest.param(
        dockerfile(lines=("ARG X", "FROM a")),
        {"kind": "base", "reference": "a"},
        Location(path="Dockerfile", line=2, end_line=2),
        id="base",
    ),
    pytest.param(
        dockerfile(),
        {"kind": "line", "path": "x", "line": 4, "end_line": 6},
        Location(path="x", line=4, end_line=6),
        id="line",
    ),
    pytest.param(image("ghcr.io/a/b:1"), None, Location(path="ghcr.io/a/b:1"), id="image"),
    pytest.param(
        image("ghcr.io/a/b:1"),
        {"kind": "config", "field": "User"},
        Location(path="ghcr.io/a/b:1", pointer="/config/User"),
        id="field",
    ),
    pytest.param(
        image("ghcr.io/a/b:1"),
        {"kind": "layer", "digest": "sha256:ab"},
        Location(path="ghcr.io/a/b:1", pointer="/layers/sha256:ab"),
        id="layer",
    ),
    pytest.param(
        container(),
        {"kind": "pointer", "path": "d.yaml", "pointer": "/spec", "line": 7},
        Location(path="d.yaml", line=7, end_line=7, pointer="/spec"),
        id="pointer",
    ),
    pytest.param(
        container(),
        {"kind": "pointer", "path": "p", "pointer": "/spec"},
        Location(path="p", pointer="/spec"),
        id="object",
    ),
    pytest.param(container(), {"kind": "what"}, Location(path="Deployment/api"), id="unknown"),
    pytest.param(
        msgspec.structs.replace(
            container(),
            workload=msgspec.structs.replace(
                container().workload or pytest.fail("no workload"),
                image_origin=PointerOrigin(path="d.yaml", pointer="/spec/containers/0/image", line=12),
            ),
        ),
        {"kind": "config", "field": "User"},
        Location(path="d.yaml", line=12, end_line=12, pointer="/spec/containers/0/image"),
        id="the image of a container",
    ),
]


@pytest.mark.parametrize(("evidence", "origin", "expected"), PLACES)
def test_a_finding_is_where_a_person_would_look(evidence: Evidence, origin: Any, expected: Location) -> None:
    (found,) = judge(RawReport(findings=[violation(origin=origin)])).judge(evidence).findings
    assert found.location == expected


def test_findings_are_in_one_order_whatever_the_engines() -> None:
    raws = [
        violation(origin=line(2)),
        violation("max-size", "b"),
        violation("max-size", "a"),
        violation(origin=line(1)),
    ]
    results = [judge(RawReport(findings=order)).judge(dockerfile()) for order in (raws, raws[::-1])]
    assert results[0].findings == results[1].findings
    assert [(one.rule, one.message) for one in results[0].findings][:2] == [("max-size", "a"), ("max-size", "b")]


def test_an_answer_for_a_rule_that_was_not_asked_is_refused() -> None:
    with pytest.raises(EngineProtocolError, match="no-shell, which was not asked"):
        judge(RawReport(findings=[violation("no-shell")])).judge(dockerfile())


# --- levels and doubt -------------------------------------------------------------------------------------------


def test_a_finding_may_call_itself_a_warning() -> None:
    assert brief(judge(RawReport(findings=[violation(level="warn")])).judge(dockerfile())) == [
        ("non-root", "warn", "violation")
    ]


@pytest.mark.parametrize(
    ("text", "findings", "verdict"),
    [
        ("", [("non-root", "deny", "undecided")], "undecided"),
        ("undecided: warn", [("non-root", "warn", "undecided")], "pass"),
        ("undecided: ignore", [("non-root", "ignore", "undecided")], "pass"),
        (
            "environments: [{name: prod, namespaces: ['*'], undecided: warn}]",
            [("non-root", "warn", "undecided")],
            "pass",
        ),
    ],
)
def test_what_is_undecided_does_what_the_settings_say(text: str, findings: Any, verdict: str) -> None:
    result = judge(RawReport(findings=[undecided()]), text).judge(dockerfile())
    assert (brief(result), result.verdict) == (findings, verdict)


def test_a_pass_on_an_assumption_is_told_and_undecided_where_no_assumption_is_accepted() -> None:
    report = RawReport(assumed=[Assumption(rule="non-root", reason="the base's table")])
    accepted, refused = judge(report).judge(dockerfile()), judge(report, "assumed: undecided").judge(dockerfile())
    assert (accepted.verdict, accepted.findings) == ("pass", [])
    assert accepted.assumed == refused.assumed == [Assumed(rule="non-root", reason="the base's table")]
    (found,) = refused.findings
    assert (refused.verdict, found.status, found.state, found.reason) == (
        "undecided",
        "undecided",
        "assumed",
        "the base's table",
    )


def test_a_violation_on_an_assumption_is_undecided_where_no_assumption_is_accepted() -> None:
    report = RawReport(findings=[violation(state="assumed")])
    (found,) = judge(report, "assumed: undecided").judge(dockerfile()).findings
    assert (found.status, found.state, found.reason) == ("undecided", "assumed", "it rests on an assumption")


# --- environments -----------------------------------------------------------------------------------------------

ENVIRONMENTS = """
environments:
  - {name: dev, namespaces: ["dev-*"], rules: {non-root: warn}}
  - {name: prod, namespaces: ["*"]}
"""


@pytest.mark.parametrize(
    ("evidence", "asked", "expected"),
    [
        pytest.param(container(namespace="dev-a"), None, "dev", id="a workload's is its namespace's"),
        pytest.param(container(namespace="dev-a"), "prod", "prod", id="the one asked for beats it"),
        pytest.param(container(namespace=None), None, "prod", id="no namespace"),
        pytest.param(dockerfile(), None, "prod", id="a Dockerfile's is the default"),
        pytest.param(dockerfile(), "dev", "dev", id="or the one asked for"),
    ],
)
def test_the_environment(evidence: Evidence, asked: str | None, expected: str) -> None:
    result = judge(RawReport(findings=[violation()]), ENVIRONMENTS).judge(evidence, asked)
    assert (result.environment, result.findings[0].level) == (expected, {"dev": "warn", "prod": "deny"}[expected])


def test_an_environment_nobody_declared_is_an_error() -> None:
    with pytest.raises(SettingsError, match='no environment is called "pord"'):
        judge(RawReport()).judge(dockerfile(), "pord")


# --- exemptions and baseline --------------------------------------------------------------------------------------

EXEMPT = "exemptions: [{rule: non-root, paths: [Dockerfile], reason: r, owner: o, expires: %s}]"


def test_an_exempted_finding_is_still_found_and_shown() -> None:
    result = judge(RawReport(findings=[violation()]), EXEMPT % "2026-11-21").judge(dockerfile())
    (found,) = result.findings
    assert (result.verdict, found.exemption and found.exemption.owner, found.expired) == ("pass", "o", None)


def test_an_expired_exemption_is_shown_and_exempts_nothing() -> None:
    result = judge(RawReport(findings=[violation()]), EXEMPT % "2026-11-20").judge(dockerfile())
    (found,) = result.findings
    assert (result.verdict, found.exemption, found.expired and found.expired.state) == ("deny", None, "expired")


def test_only_what_is_not_in_the_baseline_denies() -> None:
    report = RawReport(findings=[violation(origin=line(2))])
    known = frozenset(one.fingerprint for one in judge(report).judge(dockerfile()).findings)
    again = judge(report, baseline=known).judge(dockerfile())
    assert (again.verdict, [one.baseline for one in again.findings]) == ("pass", [True])
    more = judge(RawReport(findings=[*report.findings, violation("custom/labels", "x")]), baseline=known)
    assert more.judge(dockerfile()).verdict == "deny"


# --- fingerprints -------------------------------------------------------------------------------------------------


def prints(evidence: Evidence, *findings: Any) -> list[str]:
    """The fingerprints of findings, in order."""
    return [one.fingerprint for one in judge(RawReport(findings=list(findings))).judge(evidence).findings]


def test_a_fingerprint_stays_while_lines_move() -> None:
    before = prints(dockerfile(lines=("FROM alpine", "USER root")), violation(origin=line(2)))
    after = prints(dockerfile(lines=("# new", "FROM alpine:3", "", "USER root")), violation(origin=line(4)))
    assert before == after


def test_a_fingerprint_stays_while_amounts_tags_and_digests_change() -> None:
    one = prints(image("ghcr.io/a/b:1", digest="sha256:aa"), violation("max-size", "is 312 MB, 12 MB over 300 MB"))
    other = prints(
        image("ghcr.io/a/b:2", digest="sha256:bb"), violation("max-size", "is 350.5 MB, 50.5 MB over 300 MB")
    )
    assert one == other


CHANGED = [
    pytest.param(dockerfile(), violation("max-size"), id="rule"),
    pytest.param(dockerfile(), undecided(message="runs as root"), id="status"),
    pytest.param(dockerfile(), violation(message="runs as somebody"), id="message"),
    pytest.param(dockerfile("other"), violation(), id="file"),
    pytest.param(dockerfile(target="test"), violation(), id="target"),
    pytest.param(image("Dockerfile"), violation(), id="kind"),
    pytest.param(dockerfile(lines=("FROM a", "USER root")), violation(origin=line(2)), id="instruction"),
    pytest.param(dockerfile(lines=("FROM a", "USER 0")), violation(origin=line(2)), id="another instruction"),
    pytest.param(container(), violation(), id="container"),
    pytest.param(container(namespace="x"), violation(), id="namespace"),
    pytest.param(container(name="db"), violation(), id="other container"),
]


def test_fingerprints_tell_findings_apart() -> None:
    found = [prints(*parameters.values)[0] for parameters in CHANGED] + prints(dockerfile(), violation())  # type: ignore[arg-type]
    assert len(set(found)) == len(CHANGED) + 1


def test_equal_findings_of_one_subject_have_fingerprints_of_their_own() -> None:
    evidence = dockerfile(lines=("FROM a", "RUN x", "RUN x"))
    found = prints(evidence, violation(origin=line(2)), violation(origin=line(3)))
    assert len(set(found)) == 2
    assert prints(evidence, violation(origin=line(2))) == found[:1]


# --- a Dockerfile that does not build -----------------------------------------------------------------------------


def test_what_does_not_build_is_the_one_finding_that_nothing_waives() -> None:
    text = "undecided: ignore\nexemptions: [{rule: non-root, paths: ['**'], reason: r, owner: o, expires: 2030-01-01}]"
    subject = Subject(name="a/Dockerfile")
    result = judge(RawReport(), text).judge_broken(subject, DockerfileError("unknown instruction: FRM", 3), "dev")
    (found,) = result.findings
    assert (found.rule, found.level, found.status) == ("dockerfile-valid", "deny", "violation")
    assert found.location == Location(path="a/Dockerfile", line=3, end_line=3)
    assert (result.verdict, result.environment) == ("deny", "dev")


def test_an_error_of_the_whole_file_points_at_the_file() -> None:
    result = judge(RawReport()).judge_broken(Subject(name="Dockerfile"), DockerfileError("no FROM"))
    assert result.findings[0].location == Location(path="Dockerfile")


def test_a_broken_file_can_be_in_the_baseline_too() -> None:
    def broken(**more: Any) -> Result:
        return judge(RawReport(), **more).judge_broken(Subject(name="Dockerfile"), DockerfileError("no FROM", 1))

    assert broken(baseline=frozenset([broken().findings[0].fingerprint])).verdict == "pass"


# --- awaited ------------------------------------------------------------------------------------------------------


def test_an_awaited_engine_gives_the_same_result() -> None:
    report = RawReport(findings=[violation(origin=line(1)), undecided("max-size")])
    engine = FakeEngine(report)
    awaited = judge(engine, evaluate_async=engine.evaluate_async)
    assert asyncio.run(awaited.judge_async(dockerfile())) == judge(report).judge(dockerfile())
    assert asyncio.run(judge(report).judge_async(dockerfile())) == judge(report).judge(dockerfile())


def test_without_any_engine_there_is_an_error_and_no_result() -> None:
    found = judge(RawReport())
    found._engine = None
    with pytest.raises(EngineUnavailableError):
        found.judge(dockerfile())


def test_an_engine_that_fails_gives_no_result() -> None:
    def fail(document: Any) -> RawReport:
        raise EngineError("gone")

    with pytest.raises(EngineError, match="gone"):
        judge(fail).judge(dockerfile())


# --- the shipped policy on the real engine ------------------------------------------------------------------------


@pytest.fixture(scope="module")
def policy() -> Iterator[tuple[Bundle, RegorusEngine]]:
    """The shipped policy, in process."""
    pytest.importorskip("regorus")
    bundle = load()
    engine = RegorusEngine(bundle.modules, bundle.revision)
    yield bundle, engine
    engine.close()


def real(policy: tuple[Bundle, RegorusEngine], text: str = "") -> Judge:
    """A judge over the shipped policy."""
    bundle, engine = policy
    written = parse_settings(f"version: 1\n{text}".encode(), Path("gate.yaml"), bundle.catalogue)
    return Judge(
        catalogue=bundle.catalogue,
        engine=engine,
        settings=Settings(written, bundle.catalogue, bundle.defaults),
        exemptions=Exemptions(written.exemptions, TODAY),
    )


def with_user(evidence: Evidence, user: UserFact) -> Evidence:
    """The same evidence with another user."""
    return msgspec.structs.replace(evidence, facts=msgspec.structs.replace(evidence.facts, user=user))


ORIGIN = LineOrigin(path="Dockerfile", line=2, end_line=2)
ROOT = UserFact(state="known", value="root", uid=0, root=True, numeric=False, origin=ORIGIN)


def test_root_is_denied_where_it_is_said(policy: tuple[Bundle, RegorusEngine]) -> None:
    evidence = with_user(dockerfile(lines=("FROM alpine:3.20", "USER root")), ROOT)
    found = [one for one in real(policy).judge(evidence).findings if one.rule == "non-root"]
    assert [(one.level, one.status, one.state, one.location) for one in found] == [
        ("deny", "violation", "known", Location(path="Dockerfile", line=2, end_line=2))
    ]


def test_settings_reach_the_rules(policy: tuple[Bundle, RegorusEngine]) -> None:
    evidence = with_user(dockerfile(lines=("FROM alpine:3.20", "USER root")), ROOT)
    text = "rules: {non-root: warn}"
    assert {one.level for one in real(policy, text).judge(evidence).findings if one.rule == "non-root"} == {"warn"}
    assert not [
        one for one in real(policy, "rules: {non-root: ignore}").judge(evidence).findings if one.rule == "non-root"
    ]


def test_evidence_that_knows_nothing_passes_nowhere(policy: tuple[Bundle, RegorusEngine]) -> None:
    result = real(policy).judge(image("ghcr.io/acme/api:1"))
    assert result.verdict == "undecided"
    assert {"non-root", "no-shell", "approved-base", "max-size"} <= {one.rule for one in result.findings}
    assert {one.status for one in result.findings} == {"undecided"}
