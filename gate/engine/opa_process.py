"""A private OPA: ``opa run --server -b`` on a loopback port, over a bundle in a private folder, ended with the run."""

from __future__ import annotations

import contextlib
import json
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from gate.dialect import is_v0
from gate.errors import EngineError, EngineUnavailableError, PolicyError

_ATTEMPTS = 3
_START_SECONDS = 20.0
_END_SECONDS = 6.0
_PAUSE = 0.02


class PrivateOpa:
    """The process and its folder. ``url`` is where it listens once `start` has returned.

    ``binary``: the path of ``opa``. ``modules`` and ``custom``: Rego text by the path that messages show;
    ``capabilities``: what custom policies may call, as OPA's capabilities document.
    """

    def __init__(
        self,
        binary: str,
        modules: Mapping[str, str],
        custom: Mapping[str, str],
        revision: str,
        capabilities: str | None = None,
    ) -> None:
        self.url = ""
        self._binary = binary
        self._folder = tempfile.TemporaryDirectory(prefix="gate-opa-")
        self._bundle = Path(self._folder.name, "bundle")
        self._originals: dict[str, str] = {}
        self._process: subprocess.Popen[bytes] | None = None
        try:
            self._write(modules, custom, revision)
            if custom and capabilities is not None:
                self._refuse_other_builtins(capabilities)
        except BaseException:
            self._folder.cleanup()
            raise

    def start(self, check: Callable[[str], None]) -> None:
        """Start it; ``check(url)`` raises `EngineError` until OPA answers as it should."""
        problem = "it never answered"
        for _ in range(_ATTEMPTS):
            port = _free_port()
            self.url = f"http://127.0.0.1:{port}"
            self._launch(port)
            ended = self._wait(check)
            if ended is None:
                return
            problem = ended
            self._stop()
        self.close()
        raise EngineUnavailableError(f"the private OPA did not start: {problem}", where=self._binary)

    def original(self, file: str) -> str:
        """The path that messages show for a file of the bundle."""
        for written, shown in self._originals.items():
            if file == written or file.endswith(f"/bundle/{written}"):
                return shown
        return file

    def named(self, text: str) -> str:
        """The same text with the paths that messages show."""
        for written, shown in self._originals.items():
            text = text.replace(str(self._bundle / written), shown)
        return text

    def close(self) -> None:
        """End the process and remove the folder; may be called again."""
        self._stop()
        self._folder.cleanup()

    def _write(self, modules: Mapping[str, str], custom: Mapping[str, str], revision: str) -> None:
        self._bundle.mkdir()
        old: dict[str, int] = {}
        for number, (path, text) in enumerate([*modules.items(), *custom.items()]):
            written = f"{number:04d}.rego"
            self._originals[written] = path
            if path in custom and is_v0(text):
                old[f"/{written}"] = 0
            (self._bundle / written).write_text(text, encoding="utf-8")
        manifest: dict[str, Any] = {"revision": revision, "rego_version": 1, "file_rego_versions": old}
        (self._bundle / ".manifest").write_text(json.dumps(manifest), encoding="utf-8")

    def _refuse_other_builtins(self, capabilities: str) -> None:
        allowed = Path(self._folder.name, "capabilities.json")
        allowed.write_text(capabilities, encoding="utf-8")
        command = [self._binary, "check", "--format", "json", "--capabilities", str(allowed)]
        command += ["--bundle", str(self._bundle)]
        try:
            done = subprocess.run(command, capture_output=True, timeout=_START_SECONDS, env={}, check=False)
        except (OSError, subprocess.TimeoutExpired) as error:
            raise EngineUnavailableError(f"opa cannot be run: {error}", where=self._binary) from None
        if done.returncode == 0:
            return
        try:
            first = json.loads(done.stdout or done.stderr)["errors"][0]
            place = first["location"]
            where = f"{self.original(place['file'])}:{place['row']}"
        except (ValueError, KeyError, IndexError, TypeError):
            text = (done.stderr or done.stdout).decode("utf-8", "replace")
            raise PolicyError(f"opa check refuses the policy: {text}") from None
        raise PolicyError(str(first.get("message", "does not compile")), where=where)

    def _launch(self, port: int) -> None:
        command = [sys.executable, "-I", "-m", "gate.engine.guard", self._folder.name]
        command += [self._binary, "run", "--server", "--bundle", str(self._bundle), "--addr", f"127.0.0.1:{port}"]
        command += ["--log-level", "error", "--skip-version-check", "--shutdown-grace-period", "1"]
        try:
            with Path(self._folder.name, "opa.log").open("wb") as log:
                self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=log, stderr=log)
        except OSError as error:
            self.close()
            raise EngineUnavailableError(f"opa cannot be run: {error.strerror}", where=self._binary) from None

    def _wait(self, check: Callable[[str], None]) -> str | None:
        """None once it answers, else why it will not."""
        deadline = time.monotonic() + _START_SECONDS
        problem = "it never answered"
        while time.monotonic() < deadline:
            if self._process is not None and self._process.poll() is not None:
                return self._last_words()
            try:
                check(self.url)
            except EngineError as error:
                problem = error.message
                time.sleep(_PAUSE)
            else:
                return None
        return problem

    def _last_words(self) -> str:
        text = Path(self._folder.name, "opa.log").read_text(encoding="utf-8", errors="replace")
        return text.strip()[-500:] or "it ended at once"

    def _stop(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            if process.stdin is not None:
                with contextlib.suppress(OSError):
                    process.stdin.write(b".")
                    process.stdin.close()
            try:
                process.wait(_END_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
