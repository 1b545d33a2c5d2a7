"""Rego in process, by regorus (github.com/microsoft/regorus).

regorus evaluates every rule below ``data.gate.rules`` as soon as one is asked for by a variable, so each set of rule
ids gets an interpreter that holds just their modules and finds them by name. It cannot be interrupted and holds the
GIL: only the shipped rules run here, custom ones in a process that can be killed (`gate.engine.worker`).
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec

from gate.dialect import is_v0
from gate.engine import protocol
from gate.engine.protocol import RawReport
from gate.engine.triggers import roused
from gate.errors import EngineError, EngineUnavailableError, GateError, PolicyError

if TYPE_CHECKING:
    from gate.engine.paths import Typed
    from gate.engine.worker import Worker

_QUERY = "data.gate.main.report"
_CONSTANT = "data.gate.main._called"
_DISPATCH = "policies/dispatch.rego"
_REMEMBERED = 16
# What OPA reads, within the megabyte that `gate.bundle.load` reads.
LENGTHS = {"max_col": 1 << 20, "max_file_bytes": 1 << 20, "max_lines": 1 << 16}
_PLACE = re.compile(r"^\s*-->\s*(?P<where>.+?:\d+):\d+\s*$", re.MULTILINE)
_ERROR = re.compile(r"^error: (?P<message>.+)$", re.MULTILINE)
_SHIPPED = re.compile(r"^policies/rules/(?P<id>[^/]+)/")
_CUSTOM = re.compile(r"^package\s+custom(?:\.(\w+)|\[\"([^\"]+)\"\])\s*(?:#.*)?$", re.MULTILINE)


class RegorusEngine:
    """The shipped rules in this process, custom ones in a worker.

    ``modules`` and ``custom``: Rego text by path; ``builtins``: what custom policies may call; ``triggers``: words
    without which a rule is silent about a Dockerfile (`gate.engine.triggers`); ``typed``: the custom policies whose
    paths into the input are checked. Raises `EngineUnavailableError` without
    the wheel and `PolicyError` where a policy does not compile.
    """

    name = "regorus"

    def __init__(
        self,
        modules: Mapping[str, str],
        revision: str,
        *,
        custom: Mapping[str, str] | None = None,
        builtins: frozenset[str] = frozenset(),
        seconds: float = 2.0,
        triggers: Mapping[str, Sequence[str]] | None = None,
        typed: Typed | None = None,
    ) -> None:
        self.revision = revision
        self._triggers = dict(triggers or {})
        self._interpreter = Interpreter(modules)
        self._worker: Worker | None = None
        if custom:
            from gate.engine.worker import Worker

            shared = {path: text for path, text in modules.items() if _rule_of(path, text) is None}
            self._worker = Worker({**shared, **custom}, builtins=builtins, seconds=seconds, typed=typed)

    def evaluate(self, document: bytes) -> RawReport:
        """Judge one document; rules that fail are undecided with the reason ``rule-error: ...``."""
        ids = protocol.rule_ids(document)
        custom = [each for each in ids if each.startswith("custom/")]
        own = [each for each in ids if not each.startswith("custom/")]
        reports = []
        if own or not custom:
            awake = roused(document, own, self._triggers)
            narrowed = document if awake == ids else protocol.restrict(document, awake)
            reports.append(protocol.each_on_its_own(partial(self._own, asked=frozenset(own)), narrowed, awake))
        if custom:
            if self._worker is None:
                raise EngineError("custom rules are asked for, and the engine was given none")
            # A rule that was late once is asked alone, so that it holds up no other.
            late = [each for each in custom if each in self._worker.late]
            for group in [[each for each in custom if each not in late], *([each] for each in late)]:
                if group:
                    narrowed = protocol.restrict(document, group)
                    reports.append(protocol.each_on_its_own(self._worker.report, narrowed, group))
        return protocol.merge(reports)

    def _own(self, document: bytes, ids: list[str], *, asked: frozenset[str]) -> RawReport:
        return self._interpreter.report(document, ids, asked) if ids else RawReport()

    def close(self) -> None:
        """End the worker, and let go of what was compiled: in the thread that evaluated, as regorus demands."""
        self._interpreter.forget()
        if self._worker is not None:
            self._worker.close()


class Interpreter:
    """regorus itself: modules in, the report's JSON out. Not for several threads at once."""

    def __init__(self, modules: Mapping[str, str]) -> None:
        try:
            import regorus
        except ImportError as error:
            raise EngineUnavailableError(
                f"Rego in process is not installed ({error})",
                hint="pip install 'gate-images[embedded]', or put `opa` on PATH.",
            ) from None
        regorus.set_cache_config(regex=2_048, glob=0)
        self._new: Any = regorus.Engine
        self._modules: dict[str, str] = {}
        self._rules: dict[str, dict[str, str]] = {}
        for path, text in modules.items():
            rule = _rule_of(path, text)
            group = self._modules if rule is None else self._rules.setdefault(rule, {})
            group[path] = text
        self._compiled: OrderedDict[frozenset[str], Any] = OrderedDict()

    def report(self, document: bytes, ids: list[str], asked: frozenset[str] | None = None) -> RawReport:
        """The report over the rules ``ids``, which are all that ``document`` asks for.

        ``asked``: all that may be asked for by documents like it; from the second on they are compiled together.
        Raises `EngineError` with file, line and message.
        """
        engine = self._fitting(frozenset(ids), asked)
        with _explained(EngineError):
            engine.set_input_json(document.decode("utf-8"))
            answer = engine.eval_rule_as_json(_QUERY)
        return protocol.decode(answer)

    def forget(self) -> None:
        """Drop every compiled engine; the next question compiles again."""
        self._compiled.clear()

    def value(self, path: str) -> Any:
        """The value of a rule such as ``data.custom.labels_test.test_one`` with an empty input; None if undefined."""
        engine = self._engine(frozenset(self._rules))
        with _explained(EngineError):
            engine.set_input_json("{}")
            answer = engine.eval_rule_as_json(path)
        return msgspec.json.decode(answer)

    def ast(self) -> Any:
        """The parsed modules, for finding out what they call; raises `PolicyError` where one does not compile."""
        engine = self._engine(frozenset(self._rules))
        tree = msgspec.json.decode(engine.get_ast_as_json())
        with _explained(PolicyError):
            engine.eval_rule_as_json(_CONSTANT)
        return tree

    def _fitting(self, ids: frozenset[str], asked: frozenset[str] | None) -> Any:
        """One that holds at least ``ids``."""
        if asked is None or asked == ids:
            return self._engine(ids)
        if asked in self._compiled or any(compiled <= asked for compiled in self._compiled if not ids <= compiled):
            return self._engine(asked)
        return self._engine(next((compiled for compiled in self._compiled if ids <= compiled <= asked), ids))

    def _engine(self, ids: frozenset[str]) -> Any:
        engine = self._compiled.get(ids)
        if engine is None:
            engine = self._new()
            engine.set_policy_length_config(**LENGTHS)
            for path, text in self._chosen(ids):
                with _explained(PolicyError, path):
                    engine.set_rego_v0(is_v0(text))
                    engine.add_policy(path, text)
            self._compiled[ids] = engine
            if len(self._compiled) > _REMEMBERED:
                self._compiled.popitem(last=False)
        else:
            self._compiled.move_to_end(ids)
        return engine

    def _chosen(self, ids: frozenset[str]) -> list[tuple[str, str]]:
        there = {rule: modules for rule, modules in self._rules.items() if rule in ids}
        chosen = [(path, text) for path, text in self._modules.items() if path != _DISPATCH]
        chosen.append((_DISPATCH, _spelled_out(there)))
        for modules in there.values():
            chosen += modules.items()
        return chosen


def _rule_of(path: str, text: str) -> str | None:
    """The rule a module belongs to; None for what rules share."""
    if shipped := _SHIPPED.match(path):
        return shipped["id"]
    custom = _CUSTOM.search(text)
    return f"custom/{custom[1] or custom[2]}" if custom else None


def _spelled_out(rules: Mapping[str, Mapping[str, str]]) -> str:
    """policies/dispatch.rego for just these rules; ids hold letters, digits, ``-`` and ``_``.

    The parts are put into one map at the end: in a rule of many parts, every lookup takes as long as it has parts.
    """
    lines = ["package gate.main"]
    for said, field in (("_violations", "violations"), ("_doubts", "undecided")):
        saying = [rule for rule in sorted(rules) if any(f"\n{field}" in text for text in rules[rule].values())]
        for rule in saying:
            asked = f'input.rules["{rule}"]; answer := {_path(rule)}.{field}'
            lines.append(f'{said}_part["{rule}"] := answer if {{ {asked} }}')
        lines += [] if saying else [f"{said}_part := {{}}"]
        lines.append(f"{said} := {{id: answer | some id, answer in {said}_part}}")
    return "\n".join(lines)


def _path(rule: str) -> str:
    return f'data.custom["{rule.removeprefix("custom/")}"]' if "/" in rule else f'data.gate.rules["{rule}"]'


@contextmanager
def _explained(kind: type[GateError], where: str | None = None) -> Iterator[None]:
    """Turn what regorus raises, panics included, into one line with its place."""
    try:
        yield
    except RuntimeError as error:
        place, message = explain(str(error))
    except BaseException as error:
        if type(error).__name__ != "PanicException":
            raise
        place, message = None, f"regorus panicked: {error}"
    else:
        return
    raise kind(message, where=place or where)


def explain(text: str) -> tuple[str | None, str]:
    """Where and what, out of regorus' text; its backtrace is nobody's business."""
    text = text.split("\nStack backtrace:", 1)[0]
    place = _PLACE.search(text)
    found = _ERROR.search(text)
    message = found["message"] if found else (text.strip().splitlines() or ["no reason given"])[0]
    return place["where"] if place else None, message.strip().rstrip(":")
