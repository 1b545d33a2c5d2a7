"""The whole flow: evidence, document, engine, findings, exemptions, verdict. No I/O of its own.

The same judge serves every checkpoint: the command line calls `judge`, the webhook awaits `judge_async`, and both
give the same result for the same evidence and environment.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec

from gate import finding as findings_of
from gate import inline, questions, verdict
from gate.engine.protocol import Assumption, Engine, RawFinding, RawReport, merge
from gate.errors import EngineProtocolError, EngineUnavailableError, TargetError
from gate.evidence.dockerfile.syntax import DockerfileError
from gate.evidence.model import Evidence, Subject
from gate.exemptions import Exemptions
from gate.finding import Assumed, Finding, Result
from gate.settings import Effective, Settings, Stance

if TYPE_CHECKING:
    from gate.bundle.catalogue import Rule

MOST = {"stages": 250, "instructions": 10_000, "pairs": 1_000}
"""What the rules judge in one Dockerfile; ``pairs`` are those of ENV, LABEL and ARG."""


class Judge:
    """Judges subjects by one policy and one gate.yaml.

    ``evaluate_async`` is that of an engine that can be awaited; ``baseline``: fingerprints of findings that are known;
    ``in_parts``: ask about containers as `gate.questions` says, for a run that meets many of them.
    """

    def __init__(
        self,
        *,
        catalogue: Mapping[str, Rule],
        engine: Engine | None,
        settings: Settings,
        exemptions: Exemptions,
        baseline: frozenset[str] = frozenset(),
        evaluate_async: Callable[[bytes], Awaitable[RawReport]] | None = None,
        in_parts: bool = False,
    ) -> None:
        self._catalogue = catalogue
        self._engine = engine
        self._evaluate_async = evaluate_async
        self._settings = settings
        self._exemptions = exemptions
        self._baseline = baseline
        self._documents: dict[int, tuple[Any, bytes]] = {}
        self._reports = questions.Reports()
        self._in_parts = in_parts
        self._parts: dict[int, tuple[Any, list[dict[str, Effective]]]] = {}

    def judge(
        self, evidence: Evidence, environment: str | None = None, foreign: Mapping[str, Any] | None = None
    ) -> Result:
        """The result for one subject; raises `EngineError` where the engine gives no answer at all.

        ``foreign``: a Dockerfile as conftest's and Trivy's policies know it (`gate.evidence.dockerfile.foreign`).
        """
        engine = self._engine
        if engine is None:
            raise EngineUnavailableError("this judge has only an engine that must be awaited")
        environment, rules = self._plan(evidence, environment)
        report = self._report(engine, evidence, rules, foreign) if rules else RawReport()
        return self._result(evidence, environment, rules, report)

    def _report(
        self, engine: Engine, evidence: Evidence, rules: Mapping[str, Effective], foreign: Mapping[str, Any] | None
    ) -> RawReport:
        """The engine's report; about a container in parts, what was asked before from memory."""
        if evidence.kind != "container" or not self._in_parts:
            return engine.evaluate(self._document(evidence, rules, foreign))
        known = self._parts.get(id(rules))
        if known is None or known[0] is not rules:
            known = self._parts[id(rules)] = (rules, questions.parts(rules, self._catalogue))
        reports = []
        for part in known[1]:
            asked = questions.question(evidence, part, self._catalogue, self._rest(part))
            reports.append(self._reports.get(asked, partial(self._ask, engine, evidence, part)))
        return merge(reports)

    def _ask(self, engine: Engine, evidence: Evidence, rules: Mapping[str, Effective]) -> RawReport:
        return engine.evaluate(self._document(evidence, rules))

    async def judge_async(self, evidence: Evidence, environment: str | None = None) -> Result:
        """As `judge`, without blocking where the engine can be awaited."""
        if self._evaluate_async is None:
            return self.judge(evidence, environment)
        environment, rules = self._plan(evidence, environment)
        report = await self._evaluate_async(self._document(evidence, rules)) if rules else RawReport()
        return self._result(evidence, environment, rules, report)

    def judge_broken(self, subject: Subject, error: DockerfileError, environment: str | None = None) -> Result:
        """The result for a Dockerfile that BuildKit refuses: ``dockerfile-valid`` alone, no other rule is run."""
        name = self._settings.named(environment)
        found = findings_of.unbuildable(subject, error.message, error.line, error.end_line)
        found = msgspec.structs.replace(found, baseline=found.fingerprint in self._baseline)
        return Result(subject=subject, environment=name, verdict=verdict.of_findings([found]), findings=[found])

    def _plan(self, evidence: Evidence, environment: str | None) -> tuple[str, Mapping[str, Effective]]:
        name = self._environment(evidence, environment)
        role = evidence.workload.role if evidence.workload is not None else None
        return name, self._settings.resolve(name, evidence.kind, role)

    def _environment(self, evidence: Evidence, asked: str | None) -> str:
        """The one asked for; else a workload's is that of its namespace, as at admission."""
        namespace = evidence.workload.namespace if evidence.workload is not None else None
        if asked is None and namespace is not None and self._settings.written.environments:
            return self._settings.of_namespace(namespace)
        return self._settings.named(asked)

    def _document(
        self, evidence: Evidence, rules: Mapping[str, Effective], foreign: Mapping[str, Any] | None = None
    ) -> bytes:
        """The engine's document; raises `TargetError` for what no engine takes."""
        _bound(evidence)
        try:
            beside = b',"foreign":' + msgspec.json.encode(foreign) if foreign else b""
            return b'{"evidence":' + msgspec.json.encode(evidence) + beside + self._rest(rules)
        except UnicodeEncodeError:
            raise TargetError("holds text that is not UTF-8", where=evidence.subject.name) from None

    def _rest(self, rules: Mapping[str, Effective]) -> bytes:
        """What a document holds beside the evidence; but for the day it is encoded once."""
        known = self._documents.get(id(rules))
        if known is None or known[0] is not rules:
            tail = {
                "parameters": {rule: use.parameters for rule, use in rules.items()},
                "rules": {rule: self._catalogue[rule].document() for rule in rules},
            }
            known = self._documents[id(rules)] = (rules, msgspec.json.encode(tail)[1:])
        return b',"today":"' + self._exemptions.today.isoformat().encode() + b'",' + known[1]

    def _result(
        self, evidence: Evidence, environment: str, rules: Mapping[str, Effective], report: RawReport
    ) -> Result:
        stance = self._settings.stance(environment)
        seen: Counter[str] = Counter()
        self._exemptions.meet(evidence)
        raws = [*report.findings, *map(_doubt, report.assumed if stance.assumed == "undecided" else ())]
        own = inline.read(evidence, self._catalogue, self._settings.written, self._exemptions.today)
        found = [self._finding(raw, evidence, rules, stance, seen, own) for raw in sorted(raws, key=_order)]
        found += own.findings(evidence.subject.name) if own else ()
        return Result(
            subject=evidence.subject,
            environment=environment,
            verdict=verdict.of_findings(found),
            findings=found,
            settled_later=sorted(report.settled_later),
            assumed=[Assumed(rule=one.rule, reason=one.reason) for one in report.assumed],
            leftovers=own.leftovers() if own else [],
            evidence=evidence,
        )

    def _finding(
        self,
        raw: RawFinding,
        evidence: Evidence,
        rules: Mapping[str, Effective],
        stance: Stance,
        seen: Counter[str],
        own: inline.Inline | None,
    ) -> Finding:
        if raw.rule not in rules:
            raise EngineProtocolError(f"the engine answered for {raw.rule}, which was not asked")
        level = rules[raw.rule].level
        level, status = verdict.weigh(level, raw.status, state=raw.state, stance=stance, at_most=raw.level)
        found = findings_of.join(raw, self._catalogue[raw.rule], evidence, level=level, status=status)
        found = findings_of.numbered(found, seen)
        waiver = self._exemptions.waive(found, evidence)
        if waiver.active is None and own is not None:
            waiver = own.waive(found)
        known = found.fingerprint in self._baseline
        return msgspec.structs.replace(found, exemption=waiver.active, expired=waiver.expired, baseline=known)


def _bound(evidence: Evidence) -> None:
    """Refuse what no honest Dockerfile holds: rules compare stages with each other, and engines cannot be stopped."""
    stages = evidence.dockerfile.stages if evidence.dockerfile is not None else []
    instructions = [one for stage in stages for one in stage.instructions]
    counts = {
        "stages": len(stages),
        "instructions": len(instructions),
        "pairs": sum(len(i.pairs) for i in instructions),
    }
    for what, count in counts.items():
        if count > MOST[what]:
            raise TargetError(f"too large to be judged: {count:,} {what}; gate judges at most {MOST[what]:,}")


def _doubt(one: Assumption) -> RawFinding:
    """A pass that rests on an assumption, where the settings accept none."""
    message = f"found nothing, but that rests on an assumption: {one.reason}"
    return RawFinding(rule=one.rule, status="undecided", state="assumed", message=message, reason=one.reason)


def _order(raw: RawFinding) -> tuple[str, int, str, str]:
    """The same order whatever the engine."""
    line = (raw.origin or {}).get("line")
    return raw.rule, line if isinstance(line, int) else 0, raw.message, repr(sorted((raw.origin or {}).items()))
