"""A headless Chromium driven over its debugging pipe: what a page looks like, says to a screen reader, and asks for."""

from __future__ import annotations

import base64
import fcntl
import json
import os
import select
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_FLAGS = [
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run",
    "--disable-dev-shm-usage", "--disable-extensions", "--hide-scrollbars", "--force-color-profile=srgb",
    "--disable-component-update", "--remote-debugging-pipe",
]  # fmt: skip


class BrowserError(RuntimeError):
    """The browser refused, or did not answer in time."""


@dataclass
class Browser:
    """One page of one browser. ``asked``: every URL it wanted; ``logged``: errors of scripts and policies."""

    process: subprocess.Popen[bytes]
    to: int
    back: int
    session: str | None = None
    asked: list[str] = field(default_factory=list)
    logged: list[str] = field(default_factory=list)
    _buffer: bytes = b""
    _last: int = 0
    _events: list[dict[str, Any]] = field(default_factory=list)

    def call(self, method: str, seconds: float = 60, **parameters: Any) -> dict[str, Any]:
        """One command of the DevTools protocol, and its result."""
        self._last += 1
        number = self._last
        message: dict[str, Any] = {"id": number, "method": method, "params": parameters}
        if self.session is not None:
            message["sessionId"] = self.session
        os.write(self.to, json.dumps(message).encode() + b"\0")
        answer = self._read(lambda one: one.get("id") == number, seconds)
        if "error" in answer:
            raise BrowserError(f"{method}: {answer['error']}")
        result: dict[str, Any] = answer["result"]
        return result

    def open(self, page: Path, fragment: str = "") -> None:
        """Show a file, and wait until it has loaded."""
        self._events.clear()
        self.call("Page.navigate", url=page.as_uri() + fragment)
        if not any(one.get("method") == "Page.loadEventFired" for one in self._events):
            self._read(lambda one: one.get("method") == "Page.loadEventFired", 60)

    def run(self, script: str) -> Any:
        """The value of a JavaScript expression."""
        found = self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in found:
            raise BrowserError(str(found["exceptionDetails"]))
        return found["result"].get("value")

    def until(self, script: str) -> None:
        """Return once an expression is true: events of a page come after what caused them."""
        wait = f"new Promise(done => {{ const look = () => ({script}) ? done(true) : setTimeout(look, 10); look(); }})"
        self.run(wait)

    def screen(self, width: int, height: int, *, dark: bool = False, paper: bool = False, motion: bool = True) -> None:
        """The size of the window in CSS pixels, and what the reader prefers."""
        self.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600
        )
        preferences = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
        preferences.append({"name": "prefers-reduced-motion", "value": "no-preference" if motion else "reduce"})
        self.call("Emulation.setEmulatedMedia", media="print" if paper else "", features=preferences)

    def picture(self, *, whole: bool = True) -> bytes:
        """A PNG of the page, or of the window."""
        found = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        return base64.b64decode(found["data"])

    def pdf(self) -> bytes:
        """The page printed."""
        return base64.b64decode(self.call("Page.printToPDF", printBackground=False)["data"])

    def press(self, key: str, *, shift: bool = False) -> None:
        """A key by its name: Tab, Enter, Escape, or one character."""
        codes = {"Tab": 9, "Enter": 13, "Escape": 27, " ": 32}
        common: dict[str, Any] = {"key": key, "modifiers": 8 if shift else 0}
        common["windowsVirtualKeyCode"] = codes.get(key, ord(key[0].upper()))
        text = {"Enter": "\r"}.get(key, key if len(key) == 1 else "")
        self.call("Input.dispatchKeyEvent", type="keyDown", text=text, **common)
        self.call("Input.dispatchKeyEvent", type="keyUp", **common)

    def tree(self) -> list[tuple[str, str]]:
        """What a screen reader is told: (role, name) in reading order; what is hidden from it left out."""
        nodes = self.call("Accessibility.getFullAXTree")["nodes"]
        shown = [node for node in nodes if not node.get("ignored")]
        return [(str(node["role"]["value"]), str(node.get("name", {}).get("value", ""))) for node in shown]

    def _read(self, wanted: Callable[[dict[str, Any]], bool], seconds: float) -> dict[str, Any]:
        until = time.monotonic() + seconds
        while True:
            line, found, rest = self._buffer.partition(b"\0")
            if not found:
                ready, _, _ = select.select([self.back], [], [], max(0.0, until - time.monotonic()))
                data = os.read(self.back, 1 << 20) if ready else b""
                if not data:
                    raise BrowserError("the browser does not answer")
                self._buffer += data
                continue
            self._buffer = rest
            message = json.loads(line)
            self._note(message)
            if wanted(message):
                return message  # type: ignore[no-any-return]

    def _note(self, message: dict[str, Any]) -> None:
        method, parameters = message.get("method"), message.get("params", {})
        if method is None:
            return
        self._events.append(message)
        if method == "Network.requestWillBeSent":
            self.asked.append(parameters["request"]["url"])
        elif method == "Runtime.exceptionThrown":
            self.logged.append(str(parameters["exceptionDetails"].get("text")))
        elif method == "Log.entryAdded" and parameters["entry"]["level"] == "error":
            self.logged.append(parameters["entry"]["text"])


@contextmanager
def browser(program: Path, folder: Path, flags: Sequence[str] = ()) -> Iterator[Browser]:
    """A browser with one empty page; ``folder`` is for its profile."""
    child_in, to = _pipe()
    back, child_out = _pipe()
    command = [str(program), *_FLAGS, *flags, f"--user-data-dir={folder / 'profile'}", "about:blank"]
    # The browser reads descriptor 3 and writes 4; a shell moves them there, whatever their numbers are here.
    script = f'exec "$@" 3<&{child_in} 4>&{child_out}'
    with (folder / "chromium.log").open("wb") as log:
        process = subprocess.Popen(
            ["/bin/bash", "-c", script, "chromium", *command],
            pass_fds=(child_in, child_out), stdout=log, stderr=log, start_new_session=True,
        )  # fmt: skip
    os.close(child_in)
    os.close(child_out)
    try:
        yield _attached(Browser(process, to, back))
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(10)
        os.close(to)
        os.close(back)


def _pipe() -> tuple[int, int]:
    """A pipe whose numbers are none of the two that the browser wants."""
    ends = os.pipe()
    high = [fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 10) for end in ends]
    for end in ends:
        os.close(end)
    return high[0], high[1]


def _attached(browser: Browser) -> Browser:
    targets = browser.call("Target.getTargets")["targetInfos"]
    page = next(target["targetId"] for target in targets if target["type"] == "page")
    browser.session = browser.call("Target.attachToTarget", targetId=page, flatten=True)["sessionId"]
    for domain in ("Page", "Runtime", "Network", "Log", "Accessibility", "DOM"):
        browser.call(f"{domain}.enable")
    return browser
