"""The JSON Schema of ``gate.audit/v1``, made from its types."""

from __future__ import annotations

from typing import Any

import msgspec

from gate.audit.model import AuditReport


def schema() -> dict[str, Any]:
    """As published in docs/schemas/audit.schema.json."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "gate audit report, version 1",
        **msgspec.json.schema(AuditReport),
    }
