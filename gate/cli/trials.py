"""Trials of custom rules for ``gate rules test``: their Rego tests, and their cases through the whole flow."""

from __future__ import annotations

import datetime
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import yaml

from gate.bundle.load import Bundle, load, shipped
from gate.bundle.metadata import check_depth
from gate.cli.collectors import foreign_inputs
from gate.engine import choose
from gate.engine.paths import Typed
from gate.engine.protocol import Engine
from gate.errors import GateError, PolicyError, UsageError
from gate.evidence import model
from gate.exemptions import Exemptions
from gate.judge import Judge
from gate.settings import Settings, parse_settings
from gate.settings.files import UnreadableError, read_regular

Trial = tuple[str, str | None]

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
# The day cases are judged on: exemptions in them never run out by themselves.
_DAY = datetime.date(2026, 1, 1)
_LARGEST = 1 << 20
_SOURCES = ("dockerfile", "manifest", "evidence")
_KEYS = {"name", "settings", "expect", *_SOURCES}


def run_rego_tests(folder: Path, seconds: int) -> Iterator[Trial]:
    """(test, why it fails or None) of every Rego test below a folder."""
    shared = [path for path in sorted((shipped() / "lib").rglob("*.rego")) if not path.name.endswith("_test.rego")]
    paths = [*shared, *sorted(folder.rglob("*.rego"))]
    modules = {str(path): _text(path) for path in paths}
    command = [sys.executable, "-m", "gate.cli.rego_tests"]
    try:
        done = subprocess.run(
            command, input=json.dumps(modules), capture_output=True, text=True, timeout=seconds, check=False
        )
    except subprocess.TimeoutExpired as error:
        yield from _lines((error.stdout or b"").decode() if isinstance(error.stdout, bytes) else error.stdout or "")
        yield str(folder), f"its Rego tests did not end within {seconds} s"
        return
    yield from _lines(done.stdout)
    if done.returncode:
        told = done.stderr.strip().splitlines()
        yield str(folder), told[-1] if told else f"the process of its tests left with {done.returncode}"


def _text(path: Path) -> str:
    try:
        return read_regular(path, _LARGEST).decode("utf-8")
    except (UnreadableError, UnicodeDecodeError) as error:
        reason = "not UTF-8" if isinstance(error, UnicodeDecodeError) else f"cannot be read: {error}"
        raise PolicyError(reason, where=str(path)) from None


def compile_all(folder: Path) -> None:
    """Load and compile the policies below a folder, tests or not; raises `PolicyError` with file and line."""
    bundle = load([folder])
    if bundle.custom_modules:
        _engine(bundle).close()


def _engine(bundle: Bundle) -> Engine:
    return choose(
        "auto",
        modules=bundle.modules,
        revision=bundle.revision,
        custom=bundle.custom_modules,
        builtins=bundle.builtins,
        capabilities=bundle.capabilities,
        typed=Typed(bundle.native, bundle.schema) if bundle.native else None,
        opa=shutil.which("opa"),
    )


def _lines(text: str) -> Iterator[Trial]:
    for line in text.splitlines():
        name, problem = json.loads(line)
        yield name, problem


def run_cases(folder: Path) -> Iterator[Trial]:
    """(case, why it fails or None) of every case below a folder."""
    files = sorted([*folder.rglob("cases.yaml"), *folder.rglob("*.cases.yaml")])
    if not files:
        return
    bundle = load([folder])
    engine = _engine(bundle)
    try:
        for path in files:
            for case in _cases(path):
                yield f"{path}: {case['name']}", _problem(case, path, bundle, engine)
    finally:
        engine.close()


def _cases(path: Path) -> list[dict[str, Any]]:
    try:
        text = path.read_text(encoding="utf-8")
        check_depth(text)
        cases = yaml.load(text, Loader=_Loader)  # noqa: S506 - a safe loader
    except (OSError, ValueError, RecursionError, yaml.YAMLError) as error:
        raise UsageError(f"cannot be read: {' '.join(str(error).split())}", where=str(path)) from None
    if not isinstance(cases, list):
        raise UsageError("is no list of cases", where=str(path))
    for case in cases:
        known = isinstance(case, dict) and case.keys() <= _KEYS and {"name", "expect"} <= case.keys()
        if not known or sum(source in case for source in _SOURCES) != 1:
            hint = "A case has name, expect, and one of dockerfile, manifest, evidence; settings is optional."
            raise UsageError("holds something that is no case", where=str(path), hint=hint)
    return cases


def _problem(case: dict[str, Any], path: Path, bundle: Bundle, engine: Any) -> str | None:
    """How what is found differs from what the case expects."""
    own = {rule for rule in bundle.catalogue if rule.startswith("custom/")}
    try:
        found = {each for each in _found(case, path, bundle, engine) if each[0] in own}
    except GateError as error:
        return str(error)
    expected = {(each["rule"], each["status"], each.get("line")) for each in case["expect"]}
    missing, extra = sorted(map(str, expected - found)), sorted(map(str, found - expected))
    parts = [
        f"not found: {', '.join(missing)}" if missing else "",
        f"not expected: {', '.join(extra)}" if extra else "",
    ]
    return "; ".join(part for part in parts if part) or None


def _found(case: dict[str, Any], path: Path, bundle: Bundle, engine: Any) -> Iterator[tuple[str, str, int | None]]:
    text = yaml.safe_dump({"version": 1, **(case.get("settings") or {})}).encode()
    written = parse_settings(text, path.with_name("gate.yaml"), bundle.catalogue)
    settings = Settings(written, bundle.catalogue, bundle.defaults)
    judge = Judge(
        catalogue=bundle.catalogue, engine=engine, settings=settings, exemptions=Exemptions(written.exemptions, _DAY)
    )
    for evidence in _subjects(case, settings):
        data = str(case["dockerfile"]).encode() if "dockerfile" in case else None
        for finding in judge.judge(evidence, foreign=foreign_inputs(bundle, evidence, data)).findings:
            yield finding.rule, finding.status, finding.location.line if finding.location else None


def _subjects(case: dict[str, Any], settings: Settings) -> Iterator[model.Evidence]:
    """What a case is about, as evidence."""
    if "dockerfile" in case:
        from gate.cli.collectors import evidence_of_text

        yield evidence_of_text(str(case["dockerfile"]).encode(), settings)
    elif "manifest" in case:
        from gate.cli.manifests import containers, offline
        from gate.evidence.kubernetes.workloads import custom_resources

        name, custom = "manifest.yaml", custom_resources(settings.written)
        yield from containers(str(case["manifest"]).encode(), name, custom, offline(name))
    else:
        try:
            yield model.decode(json.dumps(case["evidence"]).encode())
        except msgspec.MsgspecError as error:
            raise UsageError(f"its evidence is none: {error}") from None
