"""What the engine is asked about a container: in two parts, each remembered by what its rules can tell apart.

Rules about the image (by their METADATA ``needs``) read nothing of the workload but where it names the image, so the
containers of one image are one question to them. No shipped rule reads the name, namespace, kind or labels of a
workload, or the name of a container's subject, so equal containers of two workloads are one question to the others.
Tests hold every module to both. What a custom rule reads is not known: it is asked about each container.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Protocol, TypeVar

import msgspec

from gate.engine.protocol import RawReport
from gate.evidence.model import Evidence, UserFact, Workload

OF_IMAGE = frozenset({"shell", "base", "size", "filesystem", "image"})
"""What a rule about the image needs: at least one of these, and nothing else."""

_NOBODY = UserFact(state="unknown")


class Needing(Protocol):
    """The part of a rule that tells what it reads; `gate.bundle.catalogue.Rule` is one."""

    @property
    def needs(self) -> list[str]: ...


Use = TypeVar("Use")


class Reports:
    """The newest ``size`` reports, by question."""

    def __init__(self, size: int = 1_024) -> None:
        self._size = size
        self._known: OrderedDict[bytes, RawReport] = OrderedDict()

    def get(self, question: bytes | None, ask: Callable[[], RawReport]) -> RawReport:
        """The report for a question, asked for where it is not known; rules that failed are asked again."""
        known = self._known.get(question) if question is not None else None
        if known is not None and question is not None:
            self._known.move_to_end(question)
            return known
        report = ask()
        if question is not None and not any((one.reason or "").startswith("rule-error") for one in report.findings):
            self._known[question] = report
            if len(self._known) > self._size:
                self._known.popitem(last=False)
        return report


def parts(rules: Mapping[str, Use], catalogue: Mapping[str, Needing]) -> list[dict[str, Use]]:
    """The rules to ask together: about the image, about the container, and custom ones; no part is empty."""
    found: dict[str, dict[str, Use]] = {}
    for rule, use in rules.items():
        needs = frozenset(catalogue[rule].needs)
        part = "custom" if rule.startswith("custom/") else "image" if needs and needs <= OF_IMAGE else "container"
        found.setdefault(part, {})[rule] = use
    return list(found.values())


def question(
    evidence: Evidence, rules: Mapping[str, object], catalogue: Mapping[str, Needing], rest: bytes
) -> bytes | None:
    """What identifies the report of one of the `parts` about a container; None where it may depend on anything.

    ``rest`` is what the engine's document holds beside the evidence.
    """
    workload = evidence.workload
    if evidence.kind != "container" or workload is None or any(rule.startswith("custom/") for rule in rules):
        return None
    facts = evidence.facts
    if all(catalogue[rule].needs and OF_IMAGE.issuperset(catalogue[rule].needs) for rule in rules):
        facts = msgspec.structs.replace(facts, user=_NOBODY)
        workload = Workload(kind="", container="", role="container", image_origin=workload.image_origin)
    else:
        workload = msgspec.structs.replace(workload, kind="", namespace=None, name=None, labels={}, container="")
    subject = msgspec.structs.replace(evidence.subject, name="")
    asked = msgspec.structs.replace(evidence, subject=subject, facts=facts, workload=workload)
    try:
        return hashlib.sha256(msgspec.msgpack.encode(asked) + rest).digest()
    except UnicodeEncodeError:
        return None
