"""Runs a program until it ends or our standard input closes, as it does when the process that started us is gone.

``python -I -m gate.engine.guard PROGRAM ARG...``: so that no OPA outlives a gate that was killed.
"""

from __future__ import annotations

import subprocess
import sys
import threading

_GRACE = 2.0


def _end_with_input(child: subprocess.Popen[bytes]) -> None:
    sys.stdin.buffer.read()
    child.terminate()
    try:
        child.wait(_GRACE)
    except subprocess.TimeoutExpired:
        child.kill()


def main(command: list[str]) -> int:
    """Run ``command``; the program's exit code, 127 when it cannot be run."""
    try:
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    except OSError as error:
        sys.stderr.write(f"{command[0]}: {error.strerror}\n")
        return 127
    threading.Thread(target=_end_with_input, args=(child,), daemon=True).start()
    return child.wait()


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
