"""Runs of every shape a reporter meets, made by hand so that a golden file changes only when a report does."""

from __future__ import annotations

from types import SimpleNamespace

import msgspec
from gate.evidence.model import (
    BaseFact,
    Dockerfile,
    Evidence,
    Facts,
    FilesystemFact,
    ShellFact,
    SizeFact,
    Stage,
    StageBase,
    Subject,
    UserFact,
)
from gate.finding import Assumed, ExemptionUse, Failure, Finding, Inputs, Location, Result, Run
from gate.report.context import Context
from gate.report.fixes import combine

SOURCES = {
    "Dockerfile": ["FROM golang:1.23", "WORKDIR /srv", "COPY . .", "RUN go build -o greeter .", 'CMD ["./greeter"]'],
    "web/Dockerfile": [
        "FROM node:20-alpine AS build",
        "RUN npm ci && \\",
        "    npm run build && \\",
        "    npm prune --omit=dev && \\",
        "    rm -rf /tmp/cache && \\",
        "    true",
        "FROM alpine:3.20",
        "USER app",
        "\tCOPY --from=build /srv /srv",
    ],
    "evil \x1b[31m.Dockerfile": ["FROM \x1b]0;owned\x07scratch\u202e::error::pwned"],
}

RULES = {
    "non-root": SimpleNamespace(
        title="The container runs as root",
        description="A process that runs as uid 0 in a container is uid 0 on the node as soon as it leaves it.",
        severity="high",
        fix="End the final stage with a numeric user, for example `USER 65532:65532`.",
    ),
    "no-shell": SimpleNamespace(
        title="The image has a shell",
        description="A shell is what an intruder starts first.",
        severity="medium",
        fix="Use a base without a shell.",
    ),
}

CONTEXT = Context(rules=RULES, source=SOURCES.get, width=100)


def finding(rule: str, **changes: object) -> Finding:
    """A violation at deny on line 1 of Dockerfile, changed as told."""
    fields = {
        "aliases": ["DL3002"] if rule == "non-root" else [],
        "severity": "high",
        "level": "deny",
        "status": "violation",
        "state": "known",
        "message": f"{rule} is violated",
        "location": Location(path="Dockerfile", line=1, end_line=1),
        "fix": f"Mend {rule}.",
        "docs": f"docs/rules/{rule}.md",
        "fingerprint": f"{rule}-0123456789abcdef",
    }
    return Finding(rule=rule, **{**fields, **changes})  # type: ignore[arg-type]


def result(name: str, verdict: str = "pass", findings: tuple[Finding, ...] = (), **changes: object) -> Result:
    """The judgement of a Dockerfile for prod."""
    return Result(
        subject=Subject(name=name, platform="linux/amd64"),
        environment="prod",
        verdict=verdict,  # type: ignore[arg-type]
        findings=list(findings),
        **changes,  # type: ignore[arg-type]
    )


def run(*results: Result, verdict: str = "pass", **changes: object) -> Run:
    """A run of the build checkpoint, with the fixes that are combined for people."""
    results = tuple(msgspec.structs.replace(each, fixes=combine(each)) for each in results)
    return Run(
        gate="0.1.0",
        checkpoint="build",
        revision="sha256:" + "3f2c" * 16,
        engine="regorus",
        environment="prod",
        verdict=verdict,  # type: ignore[arg-type]
        inputs=Inputs(known_bases="sha256:" + "ab" * 32, platform="linux/amd64", today="2026-11-21"),
        results=list(results),
        **changes,  # type: ignore[arg-type]
    )


WAIVER = ExemptionUse(
    rule="no-shell",
    reason="needs sh until the port",
    owner="team-shop",
    expires="2027-03-31",
    ticket="SHOP-12",
    source="gate.yaml:14",
)


def well() -> Run:
    """One Dockerfile, nothing found, two rules on assumptions, one settled later."""
    return run(
        result(
            "Dockerfile",
            settled_later=["max-size"],
            assumed=[Assumed(rule="no-shell", reason="gcr.io/distroless/static-debian13:nonroot has none")],
        )
    )


def denied() -> Run:
    """A single-stage Go build: four rules at the same line, one combined fix."""
    findings = (
        finding(
            "non-root",
            state="assumed",
            message="runs as root: no USER is set, and docker.io/library/golang:1.23 runs as root",
        ),
        finding("no-shell", severity="medium", state="assumed", message="has a shell: /bin/sh, /bin/dash, /bin/bash"),
        finding("approved-base", message="the base docker.io/library/golang:1.23 is not approved"),
        finding("max-size", severity="low", message="is at least 500 MB, over the limit of 300 MB"),
        finding("layer-order", severity="low", level="warn", location=Location(path="Dockerfile", line=3, end_line=3)),
    )
    return run(result("Dockerfile", "deny", findings, evidence=_golang()), verdict="deny")


def everything() -> Run:
    """Two stages judged, an exemption, a baseline, a doubt, a note that is ignored, a failure, an unused exemption."""
    web = "web/Dockerfile"
    first = (
        finding("no-shell", severity="medium", location=Location(path=web, line=7, end_line=7), exemption=WAIVER),
        finding("user-numeric", level="warn", severity="low", location=Location(path=web, line=8, end_line=8)),
        finding("layer-order", severity="low", location=Location(path=web, line=2, end_line=6), baseline=True),
        finding("unseen", level="ignore"),
    )
    second = (
        finding(
            "non-root",
            status="undecided",
            state="unknown",
            message="could not decide: the user is not known",
            reason="ghcr.io/acme/base:1 is not in gate.lock",
            location=Location(path=web, line=9, end_line=9),
            fix=None,
        ),
        finding(
            "company/labels",
            docs=None,
            aliases=[],
            location=None,
            message="has no owner label",
            expired=msgspec.structs.replace(WAIVER, rule="company/labels", expires="2026-10-31", state="expired"),
        ),
    )
    tester = Subject(name=web, target="tester", platform="linux/amd64", image="ghcr.io/acme/web")
    return run(
        result(web, "pass", first),
        msgspec.structs.replace(result(web, "deny", second, settled_later=["max-size", "no-setuid"]), subject=tester),
        verdict="deny",
        failures=[Failure(target="gone/Dockerfile", message="no such file", hint="Name a file that exists.")],
        skipped=["charts/templates/pod.yaml"],
        unused_exemptions=[
            msgspec.structs.replace(WAIVER, state="unused"),
            msgspec.structs.replace(WAIVER, state="expired"),
        ],
    )


def hostile() -> Run:
    """Text that would act on a terminal, a workflow log, XML or a Markdown page if it were let through."""
    name = "evil \x1b[31m.Dockerfile"
    message = "base \x1b]0;owned\x07 \u202e is <b>|not|</b> `approved`\n::error::pwned 100% ]]>&amp; \udcff @team"
    place = Location(path=name, line=1, end_line=1)
    return run(
        result(name, "deny", (finding("approved-base", message=message, location=place, fix="a\r\n::stop::b"),)),
        verdict="deny",
    )


def nothing() -> Run:
    """No subject at all."""
    return run()


def _golang() -> Evidence:
    base = StageBase(
        reference="docker.io/library/golang:1.23", registry="docker.io", repository="library/golang", tag="1.23"
    )
    stage = Stage(index=0, name=None, base=base, reachable=True, target=True, line=1, end_line=5, ships="builder")
    return Evidence(
        kind="dockerfile",
        subject=Subject(name="Dockerfile"),
        facts=Facts(
            user=UserFact(state="assumed", root=True),
            shell=ShellFact(state="assumed", present=True),
            base=BaseFact(state="known", reference=base.reference),
            size=SizeFact(state="unknown"),
            filesystem=FilesystemFact(state="unknown"),
        ),
        dockerfile=Dockerfile(stages=[stage]),
    )
