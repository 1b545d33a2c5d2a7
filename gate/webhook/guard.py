"""The guard of the label that chooses environments: who may set it on a namespace, and who may not.

It asks nobody: both versions of the namespace, and the groups of the user, are in the request. It refuses whatever the
rollout, for a label that was set while nobody looked would go on choosing rules later. Updates of the subresources
status and finalize change labels as well, so that all are judged alike.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gate.finding import Verdict
from gate.settings.model import EnvironmentLabel
from gate.webhook.admission import Decision, unchanged
from gate.webhook.review import Answer, Request
from gate.webhook.sentences import short

_LONGEST = 100


def guard(request: Request, label: EnvironmentLabel | None, revision: str) -> Decision:
    """Allow what leaves the label as it is, and members of its groups; refuse all else, and what cannot be read."""
    if request.operation not in {"CREATE", "UPDATE"}:
        return unchanged(f"operation {request.operation} sets no label")
    if label is None:
        return _decided("undecided", "gate guards no label: its settings name no environment_label", revision)
    if request.resource != "/namespaces" or request.obj is None:
        return _decided("undecided", "gate guards labels of namespaces, and this is none", revision)
    try:
        before, after = _value(request.old, label.key), _value(request.obj, label.key)
    except ValueError:
        return _decided("undecided", "gate could not read the labels of the namespace", revision)
    if before == after:
        return unchanged("the label that chooses the environment stays as it is")
    change = f"{label.key} of {request.name[:_LONGEST]} from {_shown(before)} to {_shown(after)}"
    allowed = sorted(set(request.groups) & set(label.groups))
    if allowed:
        return _decided("pass", f"a member of {', '.join(allowed)} changed {change}", revision)
    fix = f"ask a member of {' or '.join(label.groups)}"
    return _decided(
        "deny", f"gate denied changing {change}: it chooses the rules that hold there. Fix: {fix}.", revision
    )


def _value(obj: Mapping[str, Any] | None, key: str) -> str | None:
    """The label's value, null without one; `ValueError` for what no API server would send."""
    meta = (obj or {}).get("metadata") or {}
    labels = (meta.get("labels") or {}) if isinstance(meta, Mapping) else None
    value = labels.get(key) if isinstance(labels, Mapping) else 0
    if value is None or isinstance(value, str):
        return value
    raise ValueError(key)


def _shown(value: str | None) -> str:
    return "nothing" if value is None else f'"{value[:_LONGEST]}"'


def _decided(verdict: Verdict, text: str, revision: str) -> Decision:
    return Decision(
        answer=Answer(
            verdict == "pass",
            f"{text} [policy {short(revision)}]",
            annotations={"verdict": verdict, "policy": revision, "findings": text},
        ),
        verdict=verdict,
        undecided=(text,) if verdict == "undecided" else (),
        judged=True,
    )
