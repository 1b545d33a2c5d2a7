"""Content checked against what names it, while it streams."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing

from gate.errors import TargetError
from gate.evidence.image.documents import new_hash

__all__ = ["PIECE", "verified"]

PIECE = 1 << 20
"""The largest piece of a stream, in bytes."""


async def verified(
    pieces: AsyncGenerator[bytes, None], digest: str | None, size: int, error: Callable[[str], TargetError]
) -> AsyncGenerator[bytes, None]:
    """``pieces``, unchanged. Raises ``error(message)`` as soon as there are more than ``size`` bytes, and at the end
    where there are fewer, or where ``digest`` (if given: sha256 or sha512) is not theirs."""
    running = new_hash(digest) if digest is not None else None
    count = 0
    async with aclosing(pieces):
        async for piece in pieces:
            count += len(piece)
            if count > size:
                raise error(f"{digest or 'a layer'} is longer than the {size} bytes announced")
            if running is not None:
                running.update(piece)
            yield piece
    if count != size:
        raise error(f"{digest or 'a layer'} ends after {count} of {size} bytes")
    if running is not None and digest is not None and running.hexdigest() != digest.partition(":")[2]:
        raise error(f"the content of {digest} has another digest")
