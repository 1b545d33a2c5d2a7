"""Write what README shows of gate's output; ``--check`` fails where gate says something else."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PATH = ROOT / "README.md"
BLOCK = re.compile(r"^(```console\n\$ gate (check examples/\S+)\n).*?^```$", re.MULTILINE | re.DOTALL)


def main() -> int:
    """Exit 1 with --check when the file would change."""
    old = PATH.read_text(encoding="utf-8")
    new = BLOCK.sub(lambda block: f"{block[1]}{output(block[2])}```", old)
    if "--check" in sys.argv[1:]:
        print(f"{PATH.name}: {'fresh' if old == new else 'old; run make docs'}")
        return 0 if old == new else 1
    PATH.write_text(new, encoding="utf-8")
    return 0


def output(command: str) -> str:
    """What a command prints."""
    done = subprocess.run(
        [sys.executable, "-m", "gate", *command.split(), "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.stderr:
        sys.exit(done.stderr)
    return done.stdout


if __name__ == "__main__":
    sys.exit(main())
