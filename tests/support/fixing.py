"""Judging a Dockerfile's text as ``gate check --fix`` does, every rule switched on."""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Callable
from functools import cache
from typing import Any

import yaml
from gate.bundle.load import load
from gate.engine import choose
from gate.evidence import model
from gate.evidence.bases import TableLookup
from gate.evidence.dockerfile.collect import BuildOptions, collect
from gate.evidence.dockerfile.syntax import DockerfileError
from gate.exemptions import Exemptions
from gate.finding import Result
from gate.fixes.apply import UNCOVERS, Fixed, fix
from gate.judge import Judge
from gate.settings import Settings, parse_settings

from tests.policies import rego

BUNDLE = load()
DIGEST = "sha256:" + "a" * 64
_TODAY = datetime.date(2026, 11, 21)

Rejudge = Callable[[bytes], Result | None]


@cache
def _engine() -> Any:
    return choose("regorus", modules=BUNDLE.modules, revision=BUNDLE.revision)


@cache
def _judge(settings: str) -> tuple[Judge, Settings]:
    written = parse_settings(settings.encode(), rego.POLICIES / "gate.yaml", BUNDLE.catalogue)
    chosen = Settings(written, BUNDLE.catalogue, BUNDLE.defaults)
    exemptions = Exemptions((), _TODAY)
    return Judge(catalogue=BUNDLE.catalogue, engine=_engine(), settings=chosen, exemptions=exemptions), chosen


def judging(case: dict[str, Any] | None = None, **settings: Any) -> Rejudge:
    """What judges texts: with a case's build, .dockerignore and settings, else with these settings."""
    case = case or {}
    every = {"version": 1, "collection": "strict", **case.get("settings", {}), **settings}
    judge, chosen = _judge(yaml.safe_dump(every))
    build, patterns = case.get("build", {}), case.get("ignore")
    ignore = None if patterns is None else model.Ignore(path=".dockerignore" if patterns else None, patterns=patterns)

    def run(data: bytes) -> Result | None:
        try:
            evidence = collect(
                data,
                path="Dockerfile",
                options=BuildOptions(target=build.get("target"), build_args=build.get("args", {})),
                bases=TableLookup(chosen.written.known_bases),
                approved_frontends=chosen.parameters("approved-frontend", "prod")["frontends"],
                image=build.get("image"),
                ignore=ignore,
            )
        except DockerfileError:
            return None
        return judge.judge(evidence, case.get("environment"))

    return run


def fixed(data: bytes, judge: Rejudge, **options: Any) -> Fixed:
    """The text after ``--fix``; gate.lock knows every image, by `DIGEST`."""
    before = judge(data)
    assert before is not None
    return fix(data, before, judge, **{"pinned": lambda _: DIGEST, **options})


def rewritten(text: str, *rules: str, unsafe: bool = False) -> str:
    """A text after the edits for some rules, with every rule judging."""
    data = text.encode("utf-8", "surrogateescape")
    return fixed(data, judging(), only=frozenset(rules), unsafe=unsafe).data.decode("utf-8", "surrogateescape")


def counts(result: Result | None) -> Counter[str]:
    """How many findings each rule has."""
    assert result is not None
    return Counter(finding.rule for finding in result.findings)


def worse(before: Result | None, after: Result | None, rules: list[str]) -> dict[str, int]:
    """What is found more often, but for what edits for these rules bring to light."""
    hidden = {name for rule in rules for name in UNCOVERS.get(rule, ())}
    return {name: n for name, n in (counts(after) - counts(before)).items() if name not in hidden}
