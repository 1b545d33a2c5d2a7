"""Which engine judges: the one asked for, or the first that is there."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import msgspec

from gate.engine.protocol import Engine
from gate.errors import EngineUnavailableError, UsageError

if TYPE_CHECKING:
    from gate.engine.paths import Typed

_REMEDIES = "Install Rego in process with `pip install 'gate-images[embedded]'`, or put `opa` on PATH."


class Server(msgspec.Struct, frozen=True):
    """How to reach an OPA: ``http(s)://host[:port]``, a bearer token, PEM files, seconds a query may take."""

    url: str
    token: str | None = None
    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = None
    seconds: float = 5.0


def choose(
    asked: Literal["auto", "regorus", "opa"],
    *,
    modules: Mapping[str, str],
    revision: str,
    custom: Mapping[str, str] | None = None,
    builtins: frozenset[str] = frozenset(),
    capabilities: str | None = None,
    server: Server | None = None,
    opa: str | None = None,
    triggers: Mapping[str, Sequence[str]] | None = None,
    typed: Typed | None = None,
) -> Engine:
    """The engine for a run; the caller closes it.

    ``typed``: the custom policies whose paths into the input are checked, which the embedded engine does.
    ``triggers``: METADATA ``only_with`` by rule, which spares the embedded engine rules that have nothing to say.
    ``server`` is an OPA that runs already, ``opa`` the path of its program for a private one (None: not on PATH).
    ``auto`` is the server if one is given, else regorus if its wheel is there, else a private OPA. Raises
    `EngineUnavailableError` naming the remedies, `UsageError` and `PolicyError`.
    """
    if asked == "regorus" and server is not None:
        raise UsageError("--opa-url is for --engine opa", hint="Leave one of them out.")
    embedded = importlib.util.find_spec("regorus") is not None
    if server is not None:
        from gate.engine.opa import OpaEngine

        return OpaEngine(
            server.url,
            revision,
            token=server.token,
            ca=server.ca,
            certificate=server.certificate,
            key=server.key,
            seconds=server.seconds,
        )
    if asked == "regorus" or (asked == "auto" and embedded):
        if not embedded:
            raise EngineUnavailableError("Rego in process is not installed", hint=_REMEDIES)
        from gate.engine.regorus import RegorusEngine

        return RegorusEngine(modules, revision, custom=custom, builtins=builtins, triggers=triggers, typed=typed)
    if opa is None:
        missing = "no `opa` on PATH" if asked == "opa" else "neither Rego in process nor `opa` is there"
        raise EngineUnavailableError(missing, hint=_REMEDIES)
    return _private(opa, modules, custom or {}, revision, capabilities)


def _private(
    opa: str, modules: Mapping[str, str], custom: Mapping[str, str], revision: str, capabilities: str | None
) -> Engine:
    from gate.engine.opa import OpaEngine
    from gate.engine.opa_process import PrivateOpa

    process = PrivateOpa(opa, modules, custom, revision, capabilities)

    def check(url: str) -> None:
        probe = OpaEngine(url, revision, seconds=2.0, retries=0)
        try:
            probe.check()
        finally:
            probe.close()

    process.start(check)
    return OpaEngine(process.url, revision, process=process)
