"""Progress of long runs: a bar on a terminal, a line now and then elsewhere. On standard error."""

from __future__ import annotations

import time
from types import TracebackType
from typing import Any, TextIO

from gate.report import plain

_PAUSE = 10.0


class Progress:
    """Told by the run how far it is; a context manager, so that the terminal is left clean."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._bar: Any = None
        self._task: Any = None
        self._done = self._total = 0
        self._told = time.monotonic()

    def __enter__(self) -> Progress:
        if self._stream.isatty():
            from rich.console import Console
            from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
            from rich.progress import Progress as Bar

            columns = (TextColumn("audit"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
            self._bar = Bar(
                *columns, TextColumn("{task.description}"), console=Console(file=self._stream), transient=True
            )
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def start(self, total: int) -> None:
        """So many subjects are to be judged."""
        self._total = total
        if self._bar is not None:
            self._task = self._bar.add_task("", total=total)

    def advance(self, done: int, name: str) -> None:
        """So many more are."""
        self._done += done
        if self._bar is not None:
            self._bar.update(self._task, advance=done, description=plain.line(name, 60))
        elif time.monotonic() - self._told >= _PAUSE:
            self._told = time.monotonic()
            print(f"audit: {self._done} of {self._total}", file=self._stream, flush=True)
