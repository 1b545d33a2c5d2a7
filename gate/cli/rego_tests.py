"""Rego tests of custom rules, in a process of their own: ``python -m gate.cli.rego_tests`` with modules as JSON.

regorus cannot be interrupted; `gate.cli.trials` ends this process when its time is over. One JSON line per test.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator

from gate.engine.regorus import Interpreter
from gate.errors import GateError

# How regorus spells a rule without a value.
_UNDEFINED = "<undefined>"
_PACKAGE = re.compile(r"^package\s+([\w.]+)", re.MULTILINE)
_TEST = re.compile(r"^(test_\w+)(?:\s+if\b|\s*:=|\s*\{)", re.MULTILINE)


def tests(modules: dict[str, str]) -> Iterator[tuple[str, str]]:
    """(package, rule) of every test in files that end in _test.rego."""
    for path, text in sorted(modules.items()):
        package = _PACKAGE.search(text)
        if path.endswith("_test.rego") and package:
            for name in dict.fromkeys(_TEST.findall(text)):
                yield package[1], name


def problem(interpreter: Interpreter, package: str, name: str) -> str | None:
    """Why a test fails, or None."""
    try:
        value = interpreter.value(f"data.{package}.{name}")
    except GateError as error:
        return str(error)
    if value is True:
        return None
    return "a condition in it does not hold" if value in (None, _UNDEFINED) else f"is {value!r}"


def main() -> None:
    """Modules on standard input, by path; results on standard output."""
    modules = json.load(sys.stdin)
    interpreter = Interpreter(modules)
    for package, name in tests(modules):
        print(json.dumps([f"{package}.{name}", problem(interpreter, package, name)]), flush=True)


if __name__ == "__main__":
    main()
