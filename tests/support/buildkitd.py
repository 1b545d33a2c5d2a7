"""A BuildKit daemon whose registries are all the tests' own: nothing leaves the machine."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.support import tools
from tests.support.processes import Daemon, unmount_below
from tests.support.registry import Registry

MIRRORED = ("docker.io", "gcr.io", "cgr.dev", "ghcr.io", "quay.io", "dhi.io")


@dataclass(frozen=True)
class Buildkitd:
    """A running daemon; ``address`` is for ``buildctl --addr``. Images come from ``registry`` whatever their host."""

    address: str
    daemon: Daemon
    directory: Path
    client: Path
    registry: Registry

    def build(
        self,
        context: Path,
        output: str,
        *,
        dockerfile: Path | None = None,
        options: Mapping[str, str] | None = None,
    ) -> str:
        """Build the Dockerfile of ``context``; returns the log, raises RuntimeError with it.

        ``output`` as of ``buildctl build --output`` ("type=image,name=127.0.0.1:5000/a:1,push=true",
        "type=oci,dest=FILE", "type=local,dest=DIR"); ``options`` are of the frontend ("target", "build-arg:NAME",
        "platform").
        """
        file = dockerfile or context / "Dockerfile"
        command = [
            *(str(self.client), f"--addr={self.address}", "build", "--progress=plain", "--frontend=dockerfile.v0"),
            *(f"--local=context={context}", f"--local=dockerfile={file.parent}", f"--opt=filename={file.name}"),
            *(f"--opt={key}={value}" for key, value in (options or {}).items()),
            f"--output={output}",
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"{' '.join(command)}\n{done.stdout}{done.stderr}")
        return done.stdout + done.stderr

    def stop(self) -> None:
        """End it and unmount what it left under its directory."""
        self.daemon.stop()
        unmount_below(self.directory)

    def log_tail(self) -> str:
        """The end of its log."""
        return self.daemon.log_tail()


def start_buildkitd(directory: Path, registry: Registry) -> Buildkitd:
    """Start buildkitd with its data under ``directory``."""
    tools.need_root()
    runc = tools.installed("runc", package="runc")
    program, client = tools.built("buildkitd", "buildkit"), tools.built("buildctl", "buildkit")
    directory.mkdir(parents=True, exist_ok=True)
    config = directory / "buildkitd.toml"
    mirrors = "".join(f'[registry."{host}"]\nmirrors = ["{registry.host}"]\n' for host in MIRRORED)
    config.write_text(f'{mirrors}[registry."{registry.host}"]\nhttp = true\ninsecure = true\n')
    address = f"unix://{directory / 'buildkitd.sock'}"
    daemon = Daemon(
        "buildkitd",
        [
            *(program, f"--config={config}", f"--addr={address}", f"--root={directory / 'data'}"),
            *("--oci-worker=true", "--containerd-worker=false", "--oci-worker-net=host"),
            *("--oci-worker-snapshotter=native", f"--oci-worker-binary={runc}"),
        ],
        directory / "buildkitd.log",
    )
    daemon.wait_until(lambda: _ready(client, address))
    return Buildkitd(address=address, daemon=daemon, directory=directory, client=client, registry=registry)


def _ready(client: Path, address: str) -> bool:
    command = [str(client), f"--addr={address}", "debug", "workers"]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0
