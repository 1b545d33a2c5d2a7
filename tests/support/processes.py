"""Daemons started for tests: a process group each, a log file each, ended by process id."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

LOG_LINES = 60


class DaemonError(Exception):
    """A daemon ended early or was not ready in time; the message holds the end of its log."""


def free_port() -> int:
    """A TCP port of the loopback interface that nobody listens on now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


class Daemon:
    """One running program.

    It leads a process group of its own, which is ended with it; where setpriv exists the kernel also ends it when the
    test process dies. Its output goes to ``log``.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str | Path],
        log: Path,
        *,
        env: Mapping[str, str] | None = None,
        user: str | None = None,
    ) -> None:
        self.name = name
        self.log = log
        with log.open("ab") as output:
            self.process = subprocess.Popen(
                [*_wrapper(user), *map(str, command)],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=dict(os.environ if env is None else env),
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        """The process id, also of the process group."""
        return self.process.pid

    def wait_until(self, ready: Callable[[], bool], seconds: float = 60) -> None:
        """Return once ``ready()``; DaemonError when the program ends first or the time is over.

        OSError and what derives from it (refused connections) count as not ready.
        """
        deadline = time.monotonic() + seconds
        while True:
            if self.process.poll() is not None:
                raise DaemonError(f"{self.name} ended with {self.process.returncode}\n{self.log_tail()}")
            with contextlib.suppress(OSError):
                if ready():
                    return
            if time.monotonic() > deadline:
                tail = self.log_tail()
                self.stop()
                raise DaemonError(f"{self.name} was not ready in {seconds:g} s\n{tail}")
            time.sleep(0.05)

    def log_tail(self, lines: int = LOG_LINES) -> str:
        """The last lines of the log."""
        with self.log.open("rb") as log:
            log.seek(0, os.SEEK_END)
            log.seek(max(0, log.tell() - 400 * lines))
            text = log.read().decode(errors="replace")
        return "\n".join(text.splitlines()[-lines:])

    def running(self) -> bool:
        """Whether it still runs."""
        return self.process.poll() is None

    def stop(self, seconds: float = 20, first: signal.Signals = signal.SIGTERM) -> None:
        """Ask it to end, wait, then kill what is left of its process group."""
        if self.process.poll() is None:
            self.process.send_signal(first)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(seconds)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


def _wrapper(user: str | None) -> list[str]:
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        if user is not None:
            raise DaemonError(f"setpriv is needed to run a program as {user}")
        return []
    identity = [f"--reuid={user}", f"--regid={user}", "--clear-groups"] if user else []
    return [setpriv, *identity, "--pdeathsig=KILL", "--"]


def accepts_connections(port: int) -> bool:
    """Whether something listens on a loopback port."""
    with socket.create_connection(("127.0.0.1", port), timeout=1):
        return True


def unmount_below(directory: Path) -> None:
    """Unmount what a daemon ended early has left mounted under its directory, so that it can be removed."""
    mounted = [line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    for path in sorted((path for path in mounted if path.startswith(f"{directory}/")), reverse=True):
        subprocess.run(["umount", "--lazy", path], check=False, capture_output=True)
