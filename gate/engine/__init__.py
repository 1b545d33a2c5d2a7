"""Rego, by either engine. ``choose`` is the only thing other packages need besides `gate.engine.protocol`."""

from gate.engine.choice import choose

__all__ = ["choose"]
