"""The GATE_* variables, read from a mapping that the caller passes in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from gate.errors import SettingsError


class Variables(NamedTuple):
    """What the environment asks for; None where it says nothing. Options of the command line beat all of it."""

    config: str | None = None
    env: str | None = None
    output: str | None = None
    opa_url: str | None = None
    cache_dir: str | None = None
    offline: bool | None = None
    no_color: bool = False


_TRUE = ("1", "true", "yes", "on")
_FALSE = ("0", "false", "no", "off")


def read(environ: Mapping[str, str]) -> Variables:
    """The variables gate knows; an empty one counts as not set. `SettingsError` names the one that is wrong."""

    def text(name: str) -> str | None:
        return environ.get(name) or None

    offline = (environ.get("GATE_OFFLINE") or "").lower()
    if offline and offline not in _TRUE + _FALSE:
        raise SettingsError(f'"{offline}" is neither yes nor no', where="GATE_OFFLINE", hint="write 1 or 0")
    return Variables(
        config=text("GATE_CONFIG"),
        env=text("GATE_ENV"),
        output=text("GATE_OUTPUT"),
        opa_url=text("GATE_OPA_URL"),
        cache_dir=text("GATE_CACHE_DIR"),
        offline=offline in _TRUE if offline else None,
        no_color=bool(environ.get("NO_COLOR")),
    )
