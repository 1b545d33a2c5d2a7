"""Write the published JSON Schema of the report, or (--check) fail where the one here is old."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from gate.report.json import schema

PATH = Path(__file__).resolve().parent / "report.schema.json"


def main() -> int:
    """Exit 1 with --check when the file would change."""
    text = json.dumps(schema(), indent=2) + "\n"
    if "--check" in sys.argv[1:]:
        fresh = PATH.exists() and PATH.read_text(encoding="utf-8") == text
        print(f"{PATH.name}: {'fresh' if fresh else 'old; run make docs'}")
        return 0 if fresh else 1
    PATH.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
