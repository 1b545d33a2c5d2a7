"""One combined fix per subject: what settles several findings at once comes first, and nothing is said twice."""

from __future__ import annotations

from collections.abc import Callable

from gate.evidence.model import Dockerfile, Stage
from gate.finding import Finding, Fix, Result
from gate.report.effects import effective, ordered

USER = "65532:65532"

# What a change of the base settles, as long as two of them are found and a shell or the base itself is among them.
_OF_THE_BASE = ("approved-base", "no-shell", "non-root", "max-size", "base-pinned", "user-numeric")
_ASK_FOR_A_BASE = ("approved-base", "no-shell")

_LEARN = (
    "Let gate learn what the base image is: gate lock reads it from its registry into gate.lock, gate check --online"
    " asks now, and known_bases in gate.yaml says it by hand."
)

_STATIC = "gcr.io/distroless/static-debian13:nonroot"
# The repository of a stage's image, its last part, to a base without a shell that runs what such a stage builds.
_FAMILIES = {
    "python": "gcr.io/distroless/python3-debian13:nonroot",
    "node": "gcr.io/distroless/nodejs22-debian13:nonroot",
    "eclipse-temurin": "gcr.io/distroless/java21-debian13:nonroot",
    "gradle": "gcr.io/distroless/java21-debian13:nonroot",
    "maven": "gcr.io/distroless/java21-debian13:nonroot",
    "amazoncorretto": "gcr.io/distroless/java21-debian13:nonroot",
    "openjdk": "gcr.io/distroless/java21-debian13:nonroot",
    "rust": "gcr.io/distroless/cc-debian13:nonroot",
    "golang": _STATIC,
}
# Bases that bring no server or language of their own: what such a stage runs was made by the stage that builds.
_PLAIN = frozenset({
    "scratch", "alpine", "debian", "ubuntu", "busybox", "fedora", "almalinux", "rockylinux", "amazonlinux",
    "oraclelinux", "photon", "wolfi-base", "ubi", "ubi-minimal", "ubi-micro", "ubi-init", "buildpack-deps",
})  # fmt: skip


def combine(result: Result, approves: Callable[[str, str], bool] | None = None) -> list[Fix]:
    """The fixes of a subject's effective findings, each sentence once, worst first."""
    findings = ordered(effective(result))
    fixes: list[Fix] = []
    base = _new_base(result, approves)
    if base:
        fixes.append(base)
        findings = [finding for finding in findings if finding.rule not in base.rules]
    by_text: dict[str, list[str]] = {}
    for finding in findings:
        if _asks_for_the_base(finding, result):
            by_text.setdefault(_LEARN, []).append(finding.rule)
        elif finding.fix and finding.rule not in by_text.setdefault(finding.fix, []):
            by_text[finding.fix].append(finding.rule)
    return [*fixes, *(Fix(rules=rules, text=text) for text, rules in by_text.items())]


def _asks_for_the_base(finding: Finding, result: Result) -> bool:
    """Whether a rule is undecided because nobody told gate what the base image is."""
    unknown = finding.status == "undecided" and finding.state == "unknown"
    if not unknown or result.evidence is None or result.evidence.kind != "dockerfile":
        return False
    stages = result.evidence.dockerfile.stages if result.evidence.dockerfile else []
    return bool(stages) and not (finding.reason or "").startswith("rule-error")


def _new_base(result: Result, approves: Callable[[str, str], bool] | None) -> Fix | None:
    """End on a base without a shell, when that settles at least two findings and the environment approves of it."""
    found = {finding.rule for finding in effective(result) if finding.status == "violation"}
    settles = [rule for rule in _OF_THE_BASE if rule in found]
    dockerfile = result.evidence.dockerfile if result.evidence else None
    if len(settles) < 2 or not found.intersection(_ASK_FOR_A_BASE) or dockerfile is None:
        return None
    target = next((stage for stage in dockerfile.stages if stage.target), None)
    if target is None:
        return None
    last = dockerfile.stages[-1]
    if target.ships == "builder" and last is not target and last.ships != "builder":
        text = f"Ship the stage at line {last.line} and leave --target out: the one at line {target.line} only builds."
        return Fix(rules=settles, text=text)
    suggested = _suggestion(dockerfile, target)
    if suggested is None or (approves and not approves(result.environment, suggested)):
        return None
    below = [stage for stage in dockerfile.stages if stage.index < target.index and stage.reachable]
    if below and target.ships != "builder":
        text = (
            f"Base the stage at line {target.line} on an image without a shell, and do what its RUN lines do"
            " in a builder stage:"
        )
        source = below[-1].name or str(below[-1].index)
    else:
        name = target.name or "build"
        text = f"Keep the stage at line {target.line} as a builder (`AS {name}`) and end the file with one that ships:"
        source = name
    code = [f"FROM {suggested}", f"COPY --from={source} <what it runs> <where>", f"USER {USER}", "ENTRYPOINT [...]"]
    return Fix(rules=settles, text=text, code=code)


def _suggestion(dockerfile: Dockerfile, target: Stage) -> str | None:
    """By what the target stage is made of, else by the one kind of builder there is; None where nothing tells, or
    where the stage ships a server or language that no such base has."""
    name = _external(dockerfile, target)
    if name in _FAMILIES or name not in _PLAIN:
        return _FAMILIES.get(name)
    others = {_FAMILIES.get(_external(dockerfile, stage)) for stage in dockerfile.stages if stage.reachable}
    found = [base for base in others if base]
    return found[0] if len(found) == 1 else None


def _external(dockerfile: Dockerfile, stage: Stage) -> str:
    """The last part of the repository under a stage, through stages built on stages; or scratch."""
    seen: set[int] = set()
    while stage.base.stage is not None and stage.index not in seen:
        seen.add(stage.index)
        stage = dockerfile.stages[stage.base.stage]
    if stage.base.reference == "scratch":
        return "scratch"
    return (stage.base.repository or "").rpartition("/")[2]
