"""Write the published JSON Schemas of the reports and of gate.yaml, or (--check) fail where one here is old."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from gate.audit.schema import schema as audit_schema
from gate.bundle.load import load
from gate.report.json import schema as report_schema
from gate.settings.schema import schema as settings_schema

FOLDER = Path(__file__).resolve().parent


def main() -> int:
    """Exit 1 with --check when a file would change."""
    schemas = {
        "report.schema.json": report_schema(),
        "audit.schema.json": audit_schema(),
        "gate.yaml.schema.json": settings_schema(load().catalogue),
    }
    old = []
    for name, schema in schemas.items():
        path = FOLDER / name
        text = json.dumps(schema, indent=2) + "\n"
        if "--check" not in sys.argv[1:]:
            path.write_text(text, encoding="utf-8")
        elif not path.exists() or path.read_text(encoding="utf-8") != text:
            old.append(name)
            print(f"{name}: old; run make docs")
    return 1 if old else 0


if __name__ == "__main__":
    sys.exit(main())
