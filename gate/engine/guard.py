"""Runs a program until it ends or our standard input closes, as it does when the process that started us is gone.

``python -I -m gate.engine.guard FOLDER PROGRAM ARG...``: so that no OPA outlives a gate that was killed. A parent that
ends us itself writes a byte first; without one it died, and FOLDER, which it would have removed, is removed here.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading

_GRACE = 2.0


def _end_with_input(child: subprocess.Popen[bytes], orphaned: threading.Event) -> None:
    if not os.read(sys.stdin.fileno(), 1):  # not the stream: it would be locked when the interpreter ends
        orphaned.set()
    child.terminate()
    try:
        child.wait(_GRACE)
    except subprocess.TimeoutExpired:
        child.kill()


def main(folder: str, command: list[str]) -> int:
    """Run ``command`` without our environment; the program's exit code, 127 when it cannot be run."""
    try:
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, env={})
    except OSError as error:
        sys.stderr.write(f"{command[0]}: {error.strerror}\n")
        return 127
    orphaned = threading.Event()
    threading.Thread(target=_end_with_input, args=(child, orphaned), daemon=True).start()
    code = child.wait()
    if orphaned.is_set():
        import shutil

        shutil.rmtree(folder, ignore_errors=True)
    return code


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1], sys.argv[2:]))
