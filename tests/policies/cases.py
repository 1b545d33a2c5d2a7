"""The cases of rules: sources, settings, and all that the rule must find in them."""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterator
from functools import cache
from typing import Any, NamedTuple

import msgspec
import yaml
from gate.bundle.load import load
from gate.engine.protocol import Engine
from gate.evidence import model
from gate.evidence.bases import TableLookup
from gate.evidence.dockerfile.collect import BuildOptions, collect
from gate.exemptions import Exemptions
from gate.judge import Judge
from gate.settings import Settings, parse_settings

from tests.policies import rego, subjects

BUNDLE = load()
KEYS = {"name", "dockerfile", "manifest", "evidence", "build", "ignore", "settings", "environment", "expect"}
_TODAY = datetime.date(2026, 11, 21)


class Case(NamedTuple):
    """One case of a rule; ``source`` is its map in cases.yaml."""

    rule: str
    source: dict[str, Any]

    @property
    def name(self) -> str:
        """What tests and pages call it."""
        return f"{self.rule}: {self.source['name']}"


@cache
def all_cases() -> list[Case]:
    """Every case of every rule."""
    found = []
    for rule in rego.RULES:
        path = rego.POLICIES / "rules" / rule / "cases.yaml"
        listed = yaml.safe_load(path.read_text(encoding="utf-8")) if path.is_file() else []
        found += [Case(rule, source) for source in listed]
    return found


def found(case: Case, engine: Engine) -> list[dict[str, Any]]:
    """What the rule finds, in the form of ``expect``: the keys that the case names."""
    keys = {key for each in case.source["expect"] for key in each} | {"rule", "status"}
    settings = _settings(case)
    judge = Judge(catalogue=BUNDLE.catalogue, engine=engine, settings=settings, exemptions=Exemptions((), _TODAY))
    seen = []
    for evidence in _evidence(case, settings):
        for finding in judge.judge(evidence, case.source.get("environment")).findings:
            if finding.rule == case.rule and finding.level != "ignore":
                line = finding.location.line if finding.location else None
                whole = {"rule": finding.rule, "status": finding.status, "line": line, "level": finding.level}
                seen.append({key: value for key, value in whole.items() if key in keys})
    return sorted(seen, key=_order)


def expected(case: Case) -> list[dict[str, Any]]:
    """What the case expects, in the same order."""
    return sorted(case.source["expect"], key=_order)


def _order(each: dict[str, Any]) -> str:
    return json.dumps(each, sort_keys=True)


@cache
def _parsed(text: bytes) -> Settings:
    written = parse_settings(text, rego.POLICIES / "gate.yaml", BUNDLE.catalogue)
    return Settings(written, BUNDLE.catalogue, BUNDLE.defaults)


def _settings(case: Case) -> Settings:
    every = {"version": 1, "collection": "strict"}
    return _parsed(yaml.safe_dump({**every, **case.source.get("settings", {})}).encode())


def _evidence(case: Case, settings: Settings) -> Iterator[model.Evidence]:
    source = case.source
    if "dockerfile" in source:
        build = source.get("build", {})
        patterns = source.get("ignore")
        yield collect(
            source["dockerfile"].encode(),
            path="Dockerfile",
            options=BuildOptions(
                target=build.get("target"),
                build_args=build.get("args", {}),
                platform=build.get("platform", "linux/amd64"),
            ),
            bases=TableLookup(settings.written.known_bases),
            approved_frontends=settings.parameters("approved-frontend", settings.named(None))["frontends"],
            image=build.get("image"),
            ignore=None
            if patterns is None
            else model.Ignore(path=".dockerignore" if patterns else None, patterns=patterns),
        )
    elif "manifest" in source:
        from gate.cli.manifests import containers, offline

        yield from containers(source["manifest"].encode(), "manifest.yaml", [], offline("manifest.yaml"))
    else:
        whole = _merged(subjects.plain(source["evidence"]["kind"]), source["evidence"])
        yield msgspec.convert(whole, model.Evidence)


def _merged(base: Any, over: Any) -> Any:
    """Maps key by key, so that a case says only what matters; facts that name a state start from nothing."""
    if not isinstance(base, dict) or not isinstance(over, dict) or "state" in over:
        return over
    return {**base, **{key: _merged(base.get(key), value) for key, value in over.items()}}
