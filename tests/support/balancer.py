"""A TCP balancer as small as a Service: new connections go to whoever is ready, those that are open stay."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import urllib.error
import urllib.request
from types import TracebackType

from tests.support.serving import GateServer


class Balancer:
    """Listens on loopback in a thread of its own. ``servers`` may change at any time."""

    def __init__(self) -> None:
        self.servers: list[GateServer] = []
        self.port = 0
        self._turn = 0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._server: asyncio.Server | None = None

    def __enter__(self) -> Balancer:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._start(), self._loop).result(10)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        asyncio.run_coroutine_threadsafe(self._stop(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    async def _start(self) -> None:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = int(self._server.sockets[0].getsockname()[1])

    async def _stop(self) -> None:
        assert self._server is not None
        self._server.close()
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.CancelledError):
            server = await asyncio.to_thread(self._choose)
            port = int(server.url.rpartition(":")[2])
            there, back = await asyncio.open_connection("127.0.0.1", port)
            await asyncio.gather(_pipe(reader, back), _pipe(there, writer))
        writer.close()

    def _choose(self) -> GateServer:
        """The next that is ready: what a Service's endpoints say, without the time they need to spread."""
        for _ in range(50):
            self._turn += 1
            servers = list(self.servers)
            server = servers[self._turn % len(servers)]
            with contextlib.suppress(OSError, urllib.error.URLError):
                if server.get("/readyz")[0] == 200:
                    return server
        raise OSError("nobody is ready")


async def _pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(1 << 16):
            writer.write(data)
            await writer.drain()
    with contextlib.suppress(OSError):
        writer.close()
