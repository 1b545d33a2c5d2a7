"""What the webhook tells of its work as it does it: spans, or nothing at all, which costs nothing.

Spans hold what logs hold (uid, digests, verdict, revision), never a credential, a message of a registry, or text of an
object. `gate.webhook.otlp` sends them; it is imported only where the environment asks for it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Protocol, TypeVar

Value = str | bool | int | float | Sequence[str]
_In = TypeVar("_In")
_Out = TypeVar("_Out")


class Span(Protocol):
    """One piece of work that is being done."""

    @property
    def trace(self) -> str:
        """The trace it belongs to, 32 hexadecimal digits; empty where it is not recorded."""
        ...

    def note(self, values: Mapping[str, Value]) -> None:
        """Say more of it."""
        ...

    def fail(self, kind: str) -> None:
        """It failed; ``kind`` is one of a few words, not a message."""
        ...


class Tracing(Protocol):
    """Where spans go. ``on``: whether anything is worth computing for them."""

    @property
    def on(self) -> bool:
        """Whether spans are kept at all."""
        ...

    def review(self, headers: Mapping[str, str]) -> AbstractContextManager[Span]:
        """The span of a whole review, below the one that the caller's ``traceparent`` names."""
        ...

    def span(self, name: str, values: Mapping[str, Value]) -> AbstractContextManager[Span]:
        """A part of what is being done now. An error that ends it is noted by its kind."""
        ...

    def close(self) -> None:
        """Send what is left, within two seconds; what cannot be sent by then is lost."""
        ...


class _Nothing:
    trace = ""

    def note(self, values: Mapping[str, Value]) -> None:
        """Nothing."""

    def fail(self, kind: str) -> None:
        """Nothing."""


class NoTracing:
    """Nothing is recorded."""

    on = False
    _nothing = nullcontext[Span](_Nothing())

    def review(self, headers: Mapping[str, str]) -> AbstractContextManager[Span]:
        """Nothing."""
        return self._nothing

    def span(self, name: str, values: Mapping[str, Value]) -> AbstractContextManager[Span]:
        """Nothing."""
        return self._nothing

    def close(self) -> None:
        """Nothing."""


OFF: Tracing = NoTracing()


def traced(
    tracing: Tracing, name: str, values: Mapping[str, Value], ask: Callable[[_In], Awaitable[_Out]]
) -> Callable[[_In], Awaitable[_Out]]:
    """``ask`` in a span of its own; itself where nothing is recorded."""
    if not tracing.on:
        return ask

    async def within(what: _In) -> _Out:
        with tracing.span(name, values):
            return await ask(what)

    return within
