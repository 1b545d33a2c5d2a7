"""AdmissionReview in and out: ``admission.k8s.io/v1``, and nothing of HTTP.

Source: k8s.io/api/admission/v1 and ``VerifyAdmissionResponse`` of k8s.io/apiserver: the answer repeats apiVersion, kind
and uid; a refusal carries ``status.code`` 403; a warning with a control character is dropped without a trace, one over
256 characters may be cut; audit annotation keys hold no slash.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from gate.errors import ReviewError

API_VERSION = "admission.k8s.io/v1"
MAX_BODY = 7 * 1024 * 1024
MAX_MESSAGE = 8_000
MAX_WARNING = 250
MAX_WARNINGS = 15
MAX_ANNOTATION = 4_000


@dataclass(frozen=True, slots=True)
class Request:
    """What gate reads of an AdmissionRequest. ``resource`` is ``group/plural`` (``/pods`` for the core group).

    ``labelled`` is not in it: the environment whose label the API server found on the namespace, by the path it called.
    """

    uid: str
    operation: str
    kind: str
    resource: str
    subresource: str
    request_resource: str
    namespace: str
    name: str
    user: str
    groups: tuple[str, ...]
    dry_run: bool
    obj: Mapping[str, Any] | None
    old: Mapping[str, Any] | None
    labelled: str | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """The decision about a request, in the words of the protocol."""

    allowed: bool
    message: str = ""
    warnings: Sequence[str] = ()
    annotations: Mapping[str, str] = field(default_factory=dict)


def parse_review(body: bytes) -> Request:
    """The request of an AdmissionReview.

    Raises `ReviewError` for an empty body, one over 7 MiB, JSON that is broken or nested too deeply, another
    apiVersion, and fields of another shape than the API's.
    """
    if not body:
        raise ReviewError("the body is empty")
    if len(body) > MAX_BODY:
        raise ReviewError(f"the body has {len(body):,} bytes; at most {MAX_BODY:,} are read")
    try:
        review = msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise ReviewError("the body is not JSON, or is nested too deeply") from error
    if not isinstance(review, dict) or review.get("kind") != "AdmissionReview":
        raise ReviewError("the body is not an AdmissionReview")
    if review.get("apiVersion") != API_VERSION:
        raise ReviewError(f"apiVersion {str(review.get('apiVersion'))[:60]!r} is not {API_VERSION}")
    request = _object(review.get("request"), "request")
    if request is None:
        raise ReviewError("the review has no request")
    return _request(request)


def _request(request: Mapping[str, Any]) -> Request:
    uid = _text(request.get("uid"), "uid")
    operation = _text(request.get("operation"), "operation")
    if not uid or not operation:
        raise ReviewError("the request has no uid or no operation")
    user = _object(request.get("userInfo"), "userInfo") or {}
    groups = user.get("groups") or []
    if not isinstance(groups, list):
        raise ReviewError("userInfo.groups is not a list")
    resource = _resource(request.get("resource"), "resource")
    return Request(
        uid=uid,
        operation=operation,
        kind=_text((_object(request.get("kind"), "kind") or {}).get("kind"), "kind.kind"),
        resource=resource,
        subresource=_text(request.get("subResource"), "subResource"),
        request_resource=_resource(request.get("requestResource"), "requestResource") or resource,
        namespace=_text(request.get("namespace"), "namespace"),
        name=_text(request.get("name"), "name"),
        user=_text(user.get("username"), "userInfo.username"),
        groups=tuple(str(group) for group in groups),
        dry_run=request.get("dryRun") is True,
        obj=_object(request.get("object"), "object"),
        old=_object(request.get("oldObject"), "oldObject"),
    )


def write_review(uid: str, answer: Answer) -> bytes:
    """The AdmissionReview that answers the request ``uid``; everything in it is bounded and printable."""
    response: dict[str, Any] = {"uid": uid, "allowed": answer.allowed}
    if not answer.allowed:
        message = clean(answer.message, MAX_MESSAGE) or "gate denied the request"
        response["status"] = {"code": 403, "reason": "Forbidden", "message": message}
    warnings = [clean(warning, MAX_WARNING) for warning in answer.warnings]
    warnings = [warning for warning in dict.fromkeys(warnings) if warning]
    if len(warnings) > MAX_WARNINGS:
        rest = len(warnings) - MAX_WARNINGS + 1
        warnings = [*warnings[: MAX_WARNINGS - 1], f"gate: and {rest} more warnings; gate check shows all"]
    if warnings:
        response["warnings"] = warnings
    if answer.annotations:
        response["auditAnnotations"] = {
            key: clean(value, MAX_ANNOTATION) for key, value in answer.annotations.items() if value
        }
    return msgspec.json.encode({"apiVersion": API_VERSION, "kind": "AdmissionReview", "response": response})


def clean(text: str, longest: int) -> str:
    """``text`` on one line, without control characters or lone surrogates, at most ``longest`` characters."""
    if not text.isprintable():  # most are, and looking at each character takes longer than the rest of a review
        text = "".join(" " if unicodedata.category(char) in {"Cc", "Cs", "Zl", "Zp", "Cf"} else char for char in text)
    flat = " ".join(text.split())
    return flat if len(flat) <= longest else flat[: longest - 1] + "…"


def _resource(value: object, where: str) -> str:
    found = _object(value, where)
    if found is None:
        return ""
    return f"{_text(found.get('group'), where)}/{_text(found.get('resource'), where)}"


def _object(value: object, where: str) -> Mapping[str, Any] | None:
    if value is None or isinstance(value, Mapping):
        return value
    raise ReviewError(f"{where} is not an object")


def _text(value: object, where: str) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    raise ReviewError(f"{where} is not text")
