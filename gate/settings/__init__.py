"""gate.yaml: what a team wants, strictly read, and merged with the defaults.

>>> settings = load(start=Path.cwd(), catalogue=bundle.catalogue, defaults=bundle.defaults)  # doctest: +SKIP
>>> settings.resolve("prod", "dockerfile")["non-root"].level  # doctest: +SKIP
'deny'
"""

from __future__ import annotations

from gate.settings.load import find, load, parse_settings, read
from gate.settings.model import (
    Build,
    CustomResource,
    Effective,
    Environment,
    Exemption,
    KnownBase,
    Level,
    Registry,
    RuleSetting,
    Stance,
    Written,
)
from gate.settings.resolve import Settings

__all__ = [
    "Build",
    "CustomResource",
    "Effective",
    "Environment",
    "Exemption",
    "KnownBase",
    "Level",
    "Registry",
    "RuleSetting",
    "Settings",
    "Stance",
    "Written",
    "find",
    "load",
    "parse_settings",
    "read",
]
