"""Small policies, good and broken, and documents that ask for them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from gate.bundle.load import load

BUNDLE = load()


def custom(name: str, body: str) -> dict[str, str]:
    """One custom module, as its path and text."""
    return {f"team/{name}.rego": f"package custom.{name}\n\n{body}\n"}


GOOD = custom("good", 'violations contains {"origin": null, "message": "custom says no"} if input.evidence.kind')
CONFLICT = custom("conflict", "size := 1\n\nsize := input.evidence.n\n\nviolations contains size")
TYPE_ERROR = custom(
    "strict", 'violations contains {"origin": null, "message": "x"} if to_number(input.evidence.kind) > 1'
)
ENDLESS = custom(
    "endless",
    'violations contains {"origin": null, "message": "x"} if {\n'
    "\tn := numbers.range(1, 900)\n\tsome a in n\n\tsome b in n\n\tsome c in n\n\tsome d in n\n\ta * b * c * d == -1\n}",
)
HUGE = custom(
    "huge",
    'violations contains {"origin": null, "message": "x"} if {\n'
    "\tn := numbers.range(1, 100000)\n\tm := [[a, n] | some a in n; some _ in n]\n\tcount(m) < 0\n}",
)
NETWORK = custom("network", 'violations contains {"origin": null, "message": "x"} if {\n\thttp.send({"url": "x"})\n}')
SYNTAX = custom("syntax", "violations contains if {")
UNSAFE = custom("unsafe", "violations contains x if y > 1")


def evidence(**changes: Any) -> dict[str, Any]:
    """A Dockerfile that runs as root on scratch."""
    user = {"state": "known", "root": True, "value": None, "overridable_by": [], "origin": None}
    base = {"state": "known", "reference": "scratch", "origin": None}
    return {"kind": "dockerfile", "subject": {"name": "Dockerfile"}, "facts": {"user": user, "base": base}} | changes


def document(*rules: str, subject: Mapping[str, Any] | None = None) -> bytes:
    """A question for ``rules``; custom ones need nothing."""
    asked = {
        rule: BUNDLE.catalogue[rule].document() if rule in BUNDLE.catalogue else {"needs": [], "settled_on": []}
        for rule in rules
    }
    return json.dumps(
        {
            "evidence": subject or evidence(),
            "parameters": {"non-root": {"build_args": False}},
            "rules": asked,
        }
    ).encode()
