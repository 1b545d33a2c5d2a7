"""The guard of the label that chooses environments: every change by everybody, and what no API server would send."""

from __future__ import annotations

from typing import Any

import pytest
from gate.settings.model import EnvironmentLabel
from gate.webhook.admission import Decision
from gate.webhook.guard import guard
from gate.webhook.review import Request
from hypothesis import given
from hypothesis import strategies as st

KEY = "acme.dev/environment"
LABEL = EnvironmentLabel(key=KEY, groups=["platform-admins", "release"])


def namespace(value: str | None, **labels: str) -> dict[str, Any]:
    found = labels | ({} if value is None else {KEY: value})
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop", "labels": found}}


def ask(obj: Any, old: Any = None, *, label: EnvironmentLabel | None = LABEL, **more: Any) -> Decision:
    fields: dict[str, Any] = {
        "uid": "u", "operation": "UPDATE" if old else "CREATE", "kind": "Namespace", "resource": "/namespaces",
        "subresource": "", "request_resource": "/namespaces", "namespace": "shop", "name": "shop", "user": "alice",
        "groups": ("developers",), "dry_run": False, "obj": obj, "old": old,
    } | more  # fmt: skip
    return guard(Request(**fields), label, "sha256:3f2c00112233")


@pytest.mark.parametrize("subresource", ["", "status", "finalize", "of-the-future"])
@pytest.mark.parametrize(
    ("before", "after"), [(None, "dev"), ("dev", "prod"), ("dev", None), ("dev", ""), ("dev", "Dev")]
)
def test_a_change_by_others_is_refused_on_every_subresource(
    before: str | None, after: str | None, subresource: str
) -> None:
    decision = ask(namespace(after), namespace(before), subresource=subresource)
    assert (decision.answer.allowed, decision.verdict) == (False, "deny")
    assert decision.answer.message.startswith(f"gate denied changing {KEY} of shop from ")
    assert "Fix: ask a member of platform-admins or release." in decision.answer.message


def test_a_namespace_is_not_created_with_the_label() -> None:
    assert not ask(namespace("dev")).answer.allowed
    assert ask(namespace(None, team="a")).answer.allowed


@pytest.mark.parametrize(("before", "after"), [(None, "dev"), ("dev", "prod"), ("dev", None)])
def test_a_member_of_a_group_may_and_the_audit_log_says_which(before: str | None, after: str | None) -> None:
    decision = ask(namespace(after), namespace(before), groups=("system:authenticated", "release"))
    assert decision.answer.allowed and decision.judged
    assert decision.answer.annotations["findings"].startswith(f"a member of release changed {KEY} of shop from ")


def test_what_leaves_the_label_as_it_is_is_allowed() -> None:
    assert ask(namespace("dev", a="b"), namespace("dev")).answer.allowed
    assert ask(namespace(None), {"metadata": None}).answer.allowed
    assert ask(None, namespace("dev"), operation="DELETE").answer.allowed


@pytest.mark.parametrize(
    "odd",
    [
        {"metadata": {"labels": [KEY]}},
        {"metadata": {"labels": {KEY: 7}}},
        {"metadata": ["x"]},
        {"metadata": {"labels": {KEY: ["dev"]}}},
    ],
)
def test_what_cannot_be_read_is_refused_for_members_too(odd: dict[str, Any]) -> None:
    for obj, old in ((odd, namespace(None)), (namespace(None), odd)):
        decision = ask(obj, old, groups=("release",))
        assert (decision.answer.allowed, decision.verdict) == (False, "undecided")


def test_without_settings_that_name_a_label_and_for_other_objects_it_fails_closed() -> None:
    assert "guards no label" in ask(namespace("dev"), groups=("release",), label=None).answer.message
    assert not ask({"kind": "Pod"}, resource="/pods", groups=("release",)).answer.allowed
    assert not ask(None, groups=("release",)).answer.allowed


VALUES = st.one_of(st.none(), st.sampled_from(["", "dev", "prod", "é", "\n", "x" * 300]))


@given(before=VALUES, after=VALUES, groups=st.lists(st.sampled_from(["a", "release", "Release", "platform-admins "])))
def test_nobody_outside_the_groups_ever_changes_it(before: str | None, after: str | None, groups: list[str]) -> None:
    decision = ask(namespace(after), namespace(before), groups=tuple(groups))
    assert decision.answer.allowed is (before == after or "release" in groups)
