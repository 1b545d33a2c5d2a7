"""The policy for the OPA beside us, by OPA's own bundle protocol: ETag, 304, and long polling.

Source: OPA's bundle service API. A request with ``Prefer: modes=...;wait=N`` may be held up to N seconds; the answer
then carries ``Content-Type: application/vnd.openpolicyagent.bundles``, or 304 when nothing changed. gate never writes
to OPA: OPA asks.
"""

from __future__ import annotations

import asyncio
import re

from aiohttp import web

PATH = "/bundles/gate.tar.gz"
LONGEST_WAIT = 60.0
_CONTENT_TYPE = "application/vnd.openpolicyagent.bundles"
_WAIT = re.compile(r"(?:^|[;,\s])wait=(\d{1,4})")


class BundleServer:
    """Serves one bundle, the newest; everyone who waits is answered when it changes."""

    def __init__(self) -> None:
        self._content: bytes | None = None
        self._etag = ""
        self._changed = asyncio.Condition()
        self._closing = False

    async def publish(self, content: bytes, revision: str) -> None:
        """Make ``content`` (a ``.tar.gz``) of ``revision`` the bundle from now on."""
        async with self._changed:
            self._content, self._etag = content, f'"{revision}"'
            self._changed.notify_all()

    async def close(self) -> None:
        """Answer everyone who waits, and let nobody wait any more."""
        async with self._changed:
            self._closing = True
            self._changed.notify_all()

    def application(self) -> web.Application:
        """The application OPA talks to; on loopback, where the pod's containers share a network."""
        app = web.Application()
        app.router.add_get(PATH, self._get)
        return app

    async def _get(self, http: web.Request) -> web.Response:
        wait = _wait(http.headers.get("Prefer", ""))
        known = http.headers.get("If-None-Match", "")
        if known and known == self._etag and wait > 0:
            await self._wait_for_another(known, wait)
        if self._content is None:
            return web.Response(status=503, text="no policy is loaded yet\n")
        headers = {"ETag": self._etag, "Content-Type": _CONTENT_TYPE}
        if known == self._etag:
            return web.Response(status=304, headers=headers)
        return web.Response(body=self._content, headers=headers)

    async def _wait_for_another(self, known: str, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds), self._changed:
                await self._changed.wait_for(lambda: self._closing or self._etag != known)
        except TimeoutError:
            return


def _wait(prefer: str) -> float:
    found = _WAIT.search(prefer)
    return min(float(found.group(1)), LONGEST_WAIT) if found else 0.0
