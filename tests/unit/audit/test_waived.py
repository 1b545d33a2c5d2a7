"""What exemptions cover is what they cover when each is asked about each finding, however many there are."""

from __future__ import annotations

import datetime as dt

from gate.audit.model import AuditResult, Place
from gate.audit.onboard import evidence_of
from gate.audit.waived import exemption_states
from gate.exemptions import covers
from gate.settings.model import Exemption
from gate.settings.patterns import compile_image, name_regex, path_regex
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.audit_report import finding

TODAY = dt.date(2026, 11, 21)
RULES = st.sampled_from(["non-root", "no-shell"])
SPACES = st.sampled_from(["shop", "pay"])
IMAGES = st.sampled_from(["ghcr.io/acme/a", "ghcr.io/acme/*", "alpine", "docker.io/library/alpine", "ghcr.io/**"])
REFERENCES = st.sampled_from(
    ["ghcr.io/acme/a:1", "docker.io/library/alpine:3", "ghcr.io/acme/b@sha256:" + "0" * 64, "x y"]
)


@st.composite
def exemptions(draw: st.DrawFn) -> Exemption:
    images = draw(st.none() | st.lists(IMAGES, min_size=1, max_size=2))
    spaces = draw(st.none() | st.lists(st.sampled_from(["shop", "s*", "*"]), min_size=1, max_size=2))
    paths = draw(st.none() | st.just([path_regex("web/**")]))
    return Exemption(
        rule=draw(RULES), reason="r", owner="o", expires=draw(st.sampled_from([TODAY, TODAY - dt.timedelta(1)])),
        images=[compile_image(one) for one in images] if images else None, paths=paths,
        namespaces=[name_regex(one) for one in spaces] if spaces else None,
    )  # fmt: skip


@st.composite
def results(draw: st.DrawFn) -> AuditResult:
    kind = draw(st.sampled_from(["container", "image", "dockerfile", "manifest"]))
    place = (
        Place(source="s", namespace=draw(SPACES), container="main")
        if kind == "container"
        else Place(source="s", path="web/x")
    )
    found = [finding(rule, rule, path="web/x" if kind == "dockerfile" else None) for rule in draw(st.sets(RULES))]
    return AuditResult(
        key="k", kind=kind, name="n", verdict="deny", environment="prod", reference=draw(REFERENCES), places=[place],
        findings=found,
    )  # fmt: skip


@settings(max_examples=150)
@given(st.lists(exemptions(), max_size=6), st.lists(results(), max_size=6))
def test_each_exemption_covers_what_it_would_if_it_were_asked_alone(
    given_exemptions: list[Exemption], judged: list[AuditResult]
) -> None:
    states = exemption_states(given_exemptions, judged, {}, TODAY)
    expected = [
        sum(
            each.rule == one.rule and any(covers(one, evidence_of(result, place), each.path) for place in result.places)
            for result in judged
            for each in result.findings
        )
        for one in given_exemptions
    ]
    assert [state.covers for state in states] == expected
