"""The policy's files, its tests, and both engines to run them on."""

from __future__ import annotations

import json
import re
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from gate.engine.opa_process import PrivateOpa
from gate.engine.regorus import LENGTHS, explain
from gate.errors import EngineUnavailableError

POLICIES = Path(__file__).resolve().parent.parent.parent / "policies"
RULES = sorted(path.name for path in (POLICIES / "rules").iterdir() if path.is_dir())

_PACKAGE = re.compile(r"^package (\S+)$", re.MULTILINE)
_TEST = re.compile(r"^(test_\w+) if", re.MULTILINE)


@cache
def modules() -> dict[str, str]:
    """Every Rego file, tests included, by its path."""
    files = sorted(POLICIES.rglob("*.rego"))
    return {path.relative_to(POLICIES.parent).as_posix(): path.read_text(encoding="utf-8") for path in files}


@cache
def tests() -> list[tuple[str, str]]:
    """(package, test) of every test rule."""
    found = []
    for path, text in modules().items():
        if path.endswith("_test.rego"):
            package = _PACKAGE.search(text)
            assert package is not None, path
            found += [(package[1], name) for name in _TEST.findall(text)]
    return found


def on_regorus() -> Iterator[tuple[str, str, Any]]:
    """(package, test, value or error) of every test rule, by regorus."""
    import regorus

    engine = regorus.Engine()
    engine.set_policy_length_config(**LENGTHS)
    # regorus forgets `with data...` in the other modules of a package, so the entry point is made one.
    texts = dict(modules())
    texts["policies/main.rego"] += texts.pop("policies/dispatch.rego").replace("package gate.main", "")
    for path, text in texts.items():
        engine.add_policy(path, text)
    engine.set_input_json("{}")
    for package, name in tests():
        try:
            value: Any = json.loads(engine.eval_rule_as_json(f"data.{package}.{name}"))
        except RuntimeError as error:
            value = explain(str(error))
        yield package, name, value


def on_opa(binary: Path) -> Iterator[tuple[str, str, Any]]:
    """The same by OPA, with builtin errors strict, as gate asks it; `opa test` does not have that."""
    with server(binary) as url:
        for package in sorted({package for package, _ in tests()}):
            path = "/".join(re.findall(r"[\w-]+", package))
            value = _ask(f"{url}/v1/data/{path}?strict-builtin-errors=true")
            for other, name in tests():
                if other == package:
                    yield package, name, value.get(name) if isinstance(value, dict) else value


@contextmanager
def server(binary: Path) -> Iterator[str]:
    """An OPA that holds everything, tests too."""
    process = PrivateOpa(str(binary), modules(), {}, "sha256:tests")

    def check(url: str) -> None:
        try:
            urllib.request.urlopen(f"{url}/health", timeout=1).close()
        except OSError as error:
            raise EngineUnavailableError(str(error)) from None

    try:
        process.start(check)
        yield process.url
    finally:
        process.close()


def _ask(url: str) -> Any:
    request = urllib.request.Request(url, data=b'{"input": {}}', headers={"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer).get("result")
    except urllib.error.HTTPError as error:
        return error.read().decode()
