"""AdmissionReviews are read strictly and answered as the API server demands."""

from __future__ import annotations

import json
from typing import Any

import pytest
from gate.errors import ReviewError
from gate.webhook.review import MAX_BODY, MAX_WARNING, MAX_WARNINGS, Answer, clean, parse_review, write_review
from hypothesis import given
from hypothesis import strategies as st


def review(**request: Any) -> bytes:
    body = {
        "apiVersion": "admission.k8s.io/v1",
        "kind": "AdmissionReview",
        "request": {"uid": "u-1", "operation": "CREATE", "object": {}} | request,
    }
    return json.dumps(body).encode()


def test_a_review_is_read_into_a_request() -> None:
    found = parse_review(
        review(
            resource={"group": "apps", "version": "v1", "resource": "deployments"},
            requestResource={"group": "extensions", "version": "v1beta1", "resource": "deployments"},
            kind={"group": "apps", "version": "v1", "kind": "Deployment"},
            namespace="shop",
            userInfo={"username": "system:node:n1", "groups": ["system:nodes"]},
            dryRun=True,
        )
    )
    assert (found.uid, found.resource, found.request_resource, found.kind, found.namespace, found.dry_run, found.groups) == (
        "u-1", "apps/deployments", "extensions/deployments", "Deployment", "shop", True, ("system:nodes",),
    )  # fmt: skip


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"null", b"{}", b'{"kind":"AdmissionReview"}', b"[" * 5_000 + b"]" * 5_000,
     b'{"apiVersion":"admission.k8s.io/v1beta1","kind":"AdmissionReview","request":{"uid":"a","operation":"CREATE"}}',
     b'{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview"}', review(uid=""), review(uid=5),
     review(operation=None), review(object=[]), review(object="x"), review(userInfo=[]), review(namespace=5),
     review(userInfo={"groups": "x"}), b"\xff\xfe", b" " * (MAX_BODY + 1)],
    ids=lambda b: repr(b[:40]),
)  # fmt: skip
def test_what_is_not_a_review_is_refused_and_nothing_crashes(body: bytes) -> None:
    with pytest.raises(ReviewError):
        parse_review(body)


def test_an_answer_repeats_uid_and_version_and_holds_no_patch() -> None:
    answer = json.loads(
        write_review("u-1", Answer(False, "no\nway", ["a\tb", "", "a b"], {"verdict": "deny", "x": ""}))
    )
    assert answer == {
        "apiVersion": "admission.k8s.io/v1",
        "kind": "AdmissionReview",
        "response": {
            "uid": "u-1",
            "allowed": False,
            "status": {"code": 403, "reason": "Forbidden", "message": "no way"},
            "warnings": ["a b"],
            "auditAnnotations": {"verdict": "deny"},
        },
    }


def test_a_refusal_without_a_text_still_says_who_refused() -> None:
    assert json.loads(write_review("u", Answer(False)))["response"]["status"]["message"] == "gate denied the request"


def test_many_warnings_are_counted_instead_of_listed() -> None:
    found = json.loads(write_review("u", Answer(True, warnings=[f"w{i}" for i in range(100)])))["response"]["warnings"]
    assert len(found) == MAX_WARNINGS
    assert found[-1] == "gate: and 86 more warnings; gate check shows all"


@given(st.text(max_size=600))
def test_no_warning_holds_what_the_api_server_would_drop(text: str) -> None:
    found = clean(text, MAX_WARNING)
    assert len(found) <= MAX_WARNING
    assert not any(ord(char) < 32 or 127 <= ord(char) < 160 for char in found)
    found.encode("utf-8")
