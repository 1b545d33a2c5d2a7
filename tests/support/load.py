"""Requests at a steady rate, in the background, and what became of them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Any


class Load:
    """Calls ``ask`` ``rate`` times a second until the end; ``answers`` and ``failures`` say how that went."""

    def __init__(self, ask: Callable[[], Any], rate: float, *, threads: int = 24) -> None:
        self._ask = ask
        self._pause = 1 / rate
        self._pool = ThreadPoolExecutor(threads)
        self._end = threading.Event()
        self._futures: list[Future[Any]] = []
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Load:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end.set()
        self._thread.join(30)
        self._pool.shutdown(wait=True)

    def _run(self) -> None:
        due = time.monotonic()
        while not self._end.is_set():
            self._futures.append(self._pool.submit(self._ask))
            due += self._pause
            time.sleep(max(0.0, due - time.monotonic()))

    @property
    def answers(self) -> list[Any]:
        """All of them, once the load has ended; raises what a call raised."""
        return [future.result() for future in self._futures]
