"""One audit report with everything in it: a family of images, workloads, a Dockerfile, names that are attacks."""

from __future__ import annotations

import datetime as dt
from typing import Any

from gate.audit.lineage import forest
from gate.audit.model import (
    AncestorOf,
    AuditFinding,
    AuditInputs,
    AuditReport,
    AuditResult,
    Coverage,
    Drift,
    ExemptionState,
    Loosened,
    Place,
    RuleSummary,
    SizeOf,
)
from gate.audit.summary import by_owner, totals

HOSTILE = (
    "<img src=x onerror=document.title='taken'><script>document.title='taken'</script>\"'>\u202egnp.exe\u05d0\u05d1"
)
LONG = "registry.example/" + "very-long-name/" * 20 + "x" * 120
TODAY = "2026-11-21"


def finding(rule: str, message: str = "m", level: Any = "deny", **more: Any) -> AuditFinding:
    return AuditFinding(
        rule=rule, severity="high", level=level, status="violation", message=message, fingerprint=message, **more
    )


def image(id_: str, layers: str, /, *findings: AuditFinding, **more: Any) -> AuditResult:
    fields: dict[str, Any] = {
        "key": f"image/{id_}", "kind": "image", "name": f"ghcr.io/acme/{id_}:1", "environment": "prod",
        "verdict": "deny" if findings else "pass", "findings": list(findings), "tags": ["1"], "digest": f"sha256:{id_}",
        "reference": f"ghcr.io/acme/{id_}@sha256:{id_}", "platform": "linux/amd64", "created": "2026-10-01", "user": "",
        "size": SizeOf(uncompressed=len(layers) * 10**7, layers=[(one, 10**7, f"RUN {one}") for one in layers]), **more,
    }  # fmt: skip
    return AuditResult(**fields)


def container(name: str, namespace: str, owner: str, like: AuditResult, count: int = 1, **more: Any) -> AuditResult:
    places = [Place(source="c", namespace=namespace, kind="Deployment", name=name, container="main", count=count)]
    fields = {field: getattr(like, field) for field in like.__struct_fields__} | {
        "key": f"container/{namespace}/{name}", "kind": "container", "name": f"{namespace}/deployment/{name}:main",
        "owners": [owner], "places": places, **more,
    }  # fmt: skip
    return AuditResult(**fields)


def estate() -> AuditReport:
    base, node = image("alpine", "a"), image("node", "ab")
    shop = image("shop", "abcd", finding("non-root", "runs as root"), finding("no-shell", "has a shell", "warn"))
    lock = AncestorOf(reference="docker.io/library/debian:12", digest="sha256:deb", via="layers", layers=1)
    pay = image("pay", "xy", finding("max-size"), lineage=[lock], base=lock.reference, base_created="2025-05-21")
    evil = image("evil", "z", finding("non-root", HOSTILE), name=HOSTILE, owners=[HOSTILE], user=HOSTILE, base=HOSTILE)
    moved = Drift(reference="ghcr.io/acme/pay:1", running="sha256:pay", now="sha256:new")
    results = [
        base, node, shop, pay, evil, image("long", "w", finding("no-shell"), name=LONG, reference=LONG),
        container("front", "shop", "team-shop", shop, 6),
        container("api", "pay", "team-pay", pay, 4, drift=[moved]),
        container("ok", "pay", "team-pay", node, 2, at_restart="deny", candidate_findings=[finding("no-shell")]),
        AuditResult(
            key="file/d", kind="dockerfile", name="web/Dockerfile (prod)", verdict="pass", environment="prod",
            owners=["@web"], stages=["build", "prod"], lineage=[AncestorOf(reference="ghcr.io/acme/node:1", via="source")],
        ),
    ]  # fmt: skip
    rules = [("non-root", 3), ("no-shell", 2), ("max-size", 2)]
    return AuditReport(
        run="nightly-7", gate="1.0", started=f"{TODAY}T03:00:00Z", finished=f"{TODAY}T03:05:00Z", complete=False,
        environment="prod", inputs=AuditInputs(policy="sha256:abc", sources=["cluster", HOSTILE], today=TODAY, candidate="strict.yaml"),
        coverage=Coverage(seen={"pods": 12}, judged=10, undecided={"no such image": 1}, failures=[f"pods of {HOSTILE}: 403"]),
        totals=totals(results), results=results, owners=by_owner(results),
        rules=[RuleSummary(rule=rule, title=rule, severity="high", violations=n, undecided=0, exempted=0) for rule, n in rules],
        loosened=[Loosened(where="gate.yaml, environment dev", rule="max-size", was="deny", now="warn")],
        exemptions=[
            ExemptionState(rule="non-root", owner="o", reason=HOSTILE, expires="2026-11-01", state="expired", states=["expired"], days_left=-20, covers=2),
            ExemptionState(rule="no-shell", owner="o", reason="r", expires="2026-12-01", state="overlapping", states=["overlapping", "expiring"], days_left=10, first_seen="2025-11-21"),
        ],
        lineage=forest(results, dt.date.fromisoformat(TODAY)),
    )  # fmt: skip
