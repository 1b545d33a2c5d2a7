"""A Docker daemon of the tests' own, on a private socket, with no network of its own."""

from __future__ import annotations

import os
import socket
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.support import tools
from tests.support.processes import Daemon, unmount_below


@dataclass(frozen=True)
class Dockerd:
    """A running daemon; ``host`` is the value of DOCKER_HOST."""

    host: str
    daemon: Daemon
    directory: Path
    client: Path

    def run(self, *arguments: str | Path, stdin: bytes | None = None) -> str:
        """Run the docker command line against it; returns standard output, raises with standard error."""
        environment = os.environ | {"DOCKER_HOST": self.host, "DOCKER_BUILDKIT": "0"}
        command = [str(self.client), *map(str, arguments)]
        done = subprocess.run(command, env=environment, input=stdin, capture_output=True, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"{' '.join(command)}: {done.stderr.decode(errors='replace')}")
        return done.stdout.decode(errors="replace")

    def stop(self) -> None:
        """End it and unmount what it left under its directory."""
        self.daemon.stop()
        unmount_below(self.directory)

    def log_tail(self) -> str:
        """The end of its log."""
        return self.daemon.log_tail()


def start_dockerd(directory: Path) -> Dockerd:
    """Start dockerd with its data under ``directory``; containers can only have ``--network none`` or ``host``."""
    tools.need_root()
    program = tools.installed("dockerd", package="docker.io")
    client = Path("/usr/bin/docker")  # Debian's, of the daemon's version, whatever else is on PATH
    if not client.is_file():
        client = tools.installed("docker", package="docker.io")
    directory.mkdir(parents=True, exist_ok=True)
    path, settings = directory / "docker.sock", directory / "daemon.json"
    settings.write_text("{}")  # not the machine's own
    daemon = Daemon(
        "dockerd",
        [
            program,
            f"--host=unix://{path}",
            f"--data-root={directory / 'data'}",
            f"--exec-root={directory / 'exec'}",
            f"--pidfile={directory / 'docker.pid'}",
            f"--config-file={settings}",
            "--iptables=false",
            "--ip6tables=false",
            "--bridge=none",
            "--containerd-namespace=gate-tests",
            "--containerd-plugins-namespace=gate-tests-plugins",
        ],
        directory / "dockerd.log",
    )
    daemon.wait_until(lambda: _pong(path), seconds=90)
    return Dockerd(host=f"unix://{path}", daemon=daemon, directory=directory, client=client)


def _pong(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(5)
        connection.connect(str(path))
        connection.sendall(b"GET /_ping HTTP/1.0\r\n\r\n")
        return b" 200 " in connection.recv(100)
