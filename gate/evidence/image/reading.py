"""Reading one image after the other with the same means, wherever each of them is."""

from __future__ import annotations

from gate.errors import GateError
from gate.evidence.image.collect import Turns, collect
from gate.evidence.image.limits import ImageLimits
from gate.evidence.image.lineage import Bases
from gate.evidence.image.pool import Pool
from gate.evidence.image.source import ImageSource
from gate.evidence.model import Evidence
from gate.store import Store

__all__ = ["Reader", "why"]


class Reader:
    """Reads images: the worker processes, what is known of bases, the store, the bounds and the platform are one."""

    def __init__(
        self,
        pool: Pool,
        bases: Bases,
        store: Store | None,
        *,
        limits: ImageLimits | None = None,
        platform: str | None = None,
    ) -> None:
        self._pool, self._bases, self._store = pool, bases, store
        self._limits, self._platform = limits, platform
        self._turns = Turns()

    async def read(self, source: ImageSource, name: str) -> list[Evidence]:
        """The evidence of one image, called ``name`` in reports; closes the source. Raises `TargetError`."""
        try:
            return await collect(
                source,
                pool=self._pool,
                name=name,
                platform=self._platform,
                bases=self._bases,
                store=self._store,
                limits=self._limits,
                turns=self._turns,
            )
        finally:
            await source.close()


def why(error: GateError) -> str:
    """Why there is no evidence, in the line that an undecided finding has for it."""
    return f"{error} ({error.hint})" if error.hint else str(error)
