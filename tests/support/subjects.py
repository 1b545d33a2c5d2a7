"""Rules, evidence and engines of a few lines, for tests of what stands between evidence and verdict."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from gate.bundle.catalogue import Parameter, Rule
from gate.engine.protocol import RawFinding, RawReport
from gate.evidence.model import (
    BaseFact,
    Dockerfile,
    Evidence,
    Facts,
    FilesystemFact,
    Instruction,
    LineOrigin,
    ShellFact,
    SizeFact,
    Stage,
    StageBase,
    Subject,
    UserFact,
    Workload,
)


def parameter(kind: str, **more: Any) -> Parameter:
    """A parameter of a type; ``items`` are parameters by name."""
    return Parameter(name="p", type=kind, description="a parameter", **more)


def rule(rule_id: str, **more: Any) -> Rule:
    """A rule over everything, with no parameters and needs."""
    words: dict[str, Any] = {
        "title": f"The title of {rule_id}",
        "description": "Why.",
        "severity": "high",
        "collection": "essential",
        "kinds": ["dockerfile", "image", "container"],
        "needs": ["user"],
        "settled_on": [],
        "fix": f"Repair {rule_id}.",
        "aliases": [],
        "controls": [],
        "since": "0.1",
        "related": [],
        "parameters": {},
        "path": f"policies/rules/{rule_id}/rule.rego",
        "line": 1,
    }
    return Rule(id=rule_id, **(words | more))


def catalogue(*rules: Rule) -> dict[str, Rule]:
    """Rules by id."""
    return {one.id: one for one in rules}


def defaults(rules: Mapping[str, Rule], **rows: Any) -> dict[str, Any]:
    """A table of defaults in which every rule denies in prod and warns in dev, unless ``rows`` says otherwise."""
    table: dict[str, Any] = {rule_id: {"levels": {"prod": "deny", "dev": "warn"}} for rule_id in rules}
    for rule_id, row in rows.items():
        table[rule_id.replace("_", "-")] = row
    return {"version": 1, "rules": table}


_UNKNOWN: dict[str, Any] = {"state": "unknown", "reason": "not looked at"}


def _facts(base: BaseFact) -> Facts:
    return Facts(
        user=UserFact(**_UNKNOWN),
        shell=ShellFact(**_UNKNOWN),
        base=base,
        size=SizeFact(**_UNKNOWN),
        filesystem=FilesystemFact(**_UNKNOWN),
    )


def dockerfile(name: str = "Dockerfile", *, lines: tuple[str, ...] = ("FROM alpine:3.20",), **subject: Any) -> Evidence:
    """A Dockerfile of one stage whose instructions are the given lines."""
    instructions = [
        Instruction(cmd=text.split(" ")[0], line=number, end_line=number, raw=text.partition(" ")[2])
        for number, text in enumerate(lines, start=1)
        if text and not text.startswith(("#", "FROM"))
    ]
    start = next(number for number, text in enumerate(lines, start=1) if text.startswith("FROM"))
    raw = lines[start - 1].partition(" ")[2]
    stage = Stage(
        index=0,
        name=None,
        base=StageBase(raw=raw),
        reachable=True,
        target=True,
        line=start,
        end_line=len(lines),
        instructions=instructions,
    )
    base = BaseFact(state="known", reference=raw, origin=LineOrigin(path=name, line=start, end_line=start))
    return Evidence(
        kind="dockerfile",
        subject=Subject(name=name, **subject),
        facts=_facts(base),
        dockerfile=Dockerfile(stages=[stage]),
    )


def image(reference: str, **subject: Any) -> Evidence:
    """An image by reference."""
    return Evidence(
        kind="image",
        subject=Subject(name=reference, reference=reference, **subject),
        facts=_facts(BaseFact(**_UNKNOWN)),
    )


def container(
    reference: str = "ghcr.io/acme/api:1", *, namespace: str | None = "shop", role: Any = "container", name: str = "api"
) -> Evidence:
    """A container of a Deployment."""
    return Evidence(
        kind="container",
        subject=Subject(name=f"Deployment/{name}", reference=reference),
        facts=_facts(BaseFact(**_UNKNOWN)),
        workload=Workload(kind="Deployment", namespace=namespace, name="api", container=name, role=role),
    )


class FakeEngine:
    """Answers with what ``answer`` makes of the document, and keeps the documents."""

    name = "fake"
    revision = "sha256:fake"

    def __init__(self, answer: RawReport | Callable[[Any], RawReport]) -> None:
        self._answer = answer
        self.documents: list[Any] = []

    def evaluate(self, document: bytes) -> RawReport:
        """The answer."""
        self.documents.append(msgspec.json.decode(document))
        return self._answer if isinstance(self._answer, RawReport) else self._answer(self.documents[-1])

    async def evaluate_async(self, document: bytes) -> RawReport:
        """The same answer, awaited."""
        return self.evaluate(document)

    def close(self) -> None:
        """Nothing to end."""


def violation(rule_id: str = "non-root", message: str = "runs as root", **more: Any) -> RawFinding:
    """A violation as an engine reports it."""
    return RawFinding(rule=rule_id, status="violation", message=message, **more)


def undecided(rule_id: str = "non-root", message: str = "the user is not known", **more: Any) -> RawFinding:
    """An undecided rule as an engine reports it."""
    return RawFinding(rule=rule_id, status="undecided", message=message, state="unknown", reason="not known", **more)


def line(number: int, path: str = "Dockerfile") -> dict[str, Any]:
    """The origin of one line."""
    return {"kind": "line", "path": path, "line": number, "end_line": number}
