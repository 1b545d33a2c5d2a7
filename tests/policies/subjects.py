"""One plain subject of each kind, good enough for every rule, to change in tests."""

from __future__ import annotations

from typing import Any

import msgspec
from gate.bundle.catalogue import Rule
from gate.bundle.load import Bundle
from gate.evidence import model
from gate.settings import patterns

KINDS = ("dockerfile", "image", "container")

_DIGEST = "sha256:" + "ab" * 32


def facts(kind: str) -> model.Facts:
    """Facts nobody can object to; the size of a Dockerfile is not known before the build."""
    origin = model.ConfigOrigin(field="User")
    size = (
        model.SizeFact(state="unknown", reason="not built yet", at_least=0)
        if kind == "dockerfile"
        else model.SizeFact(state="known", compressed=4_000_000, uncompressed=12_000_000)
    )
    walked = "unknown" if kind == "dockerfile" else "known"
    return model.Facts(
        user=model.UserFact(state="known", value="65532", uid=65532, root=False, numeric=True, origin=origin),
        shell=model.ShellFact(state="known", present=False),
        base=model.BaseFact(
            state="known",
            reference="docker.io/library/alpine:3.20",
            registry="docker.io",
            repository="library/alpine",
            tag="3.20",
            ancestors=[model.Ancestor(reference="docker.io/library/alpine:3.20", via="source")],
            origin=origin,
        ),
        size=size,
        filesystem=model.FilesystemFact(state=walked, reason="not built yet" if walked == "unknown" else None),
    )


def plain(kind: str) -> dict[str, Any]:
    """Evidence of one kind as plain data."""
    stage = model.Stage(
        index=0, name="final", base=model.StageBase(raw="alpine:3.20"), reachable=True, target=True, line=1, end_line=2
    )
    evidence = model.Evidence(
        kind=kind,  # type: ignore[arg-type]
        subject=model.Subject(name="subject", platform="linux/amd64", reference="ghcr.io/acme/api:1"),
        facts=facts(kind),
        dockerfile=model.Dockerfile(stages=[stage]) if kind == "dockerfile" else None,
        image=None if kind == "dockerfile" else model.Image(config={"config": {}}, manifest_digest=_DIGEST),
        workload=model.Workload(kind="Pod", name="api", container="api", role="container")
        if kind == "container"
        else None,
    )
    data: dict[str, Any] = msgspec.to_builtins(evidence)
    return data


_VALUES: dict[str, Any] = {
    "age": 90,
    "boolean": False,
    "integer": 1,
    "list": [],
    "patterns": [patterns.compile_image("docker.io/library/alpine")],
    "size": 300_000_000,
    "size-or-percent": {"percent": 10},
    "string": "x",
    "strings": [],
    "urls": [],
}


def parameters(rule: Rule) -> dict[str, Any]:
    """A value for each of a rule's parameters."""
    return {name: one.values[0] if one.type == "choice" else _VALUES[one.type] for name, one in rule.parameters.items()}


def document(bundle: Bundle, evidence: dict[str, Any], *rules: str) -> bytes:
    """The engine's document that asks for ``rules``, or for all that fit the kind."""
    chosen = rules or [each.id for each in bundle.catalogue.values() if evidence["kind"] in each.kinds]
    return msgspec.json.encode(
        {
            "evidence": evidence,
            "today": "2026-11-21",
            "parameters": {each.id: parameters(each) for each in bundle.catalogue.values()},
            "rules": {each: bundle.catalogue[each].document() for each in chosen},
        }
    )
