"""Writes policies/catalogue.json, so that a run need not read every rule's METADATA; ``--check`` only compares.

It is used while its revision is that of the policy beside it, and ignored from the first change on.
"""

from __future__ import annotations

import sys
from pathlib import Path

from gate.bundle.load import prepare

ROOT = Path(__file__).resolve().parent.parent / "policies"
TARGET = ROOT / "catalogue.json"


def main() -> int:
    """Write or, with ``--check``, compare; 1 when the file is out of date."""
    data = prepare(ROOT)
    if "--check" in sys.argv[1:]:
        fresh = TARGET.is_file() and TARGET.read_bytes() == data
        print("fresh" if fresh else f"{TARGET.name} is out of date: python docs/generate_catalogue.py")
        return 0 if fresh else 1
    TARGET.write_bytes(data)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
