"""Every error gate raises on purpose.

    GateError
    ├── UsageError            the command line asks for something that cannot be
    ├── SettingsError         gate.yaml, exemptions, GATE_* variables
    ├── LockError             gate.lock cannot be read, or is out of date
    ├── StoreError            a cache or shared store fails (never decides a verdict)
    ├── TargetError           a target cannot be read
    │   ├── TargetNotFoundError
    │   ├── ReferenceError_   an image reference that no registry would accept
    │   ├── RegistryError     a registry refuses, lies or does not answer
    │   ├── DaemonError       a Docker daemon is absent, old or refuses
    │   ├── ArchiveError      an archive or OCI layout is broken
    │   ├── ImageError        an image's index, manifest or config is broken, or could be read in two ways
    │   ├── ManifestError     a Kubernetes manifest is broken
    │   └── ClusterError      a cluster refuses or does not answer
    ├── PolicyError           a policy does not load or compile
    ├── EngineError           an engine fails
    │   ├── EngineUnavailableError
    │   ├── EngineTimeoutError
    │   └── EngineProtocolError
    ├── ReviewError           an AdmissionReview is malformed
    └── InternalError         a bug of gate's; exit code 5

``str(error)`` is one line. ``where`` names the file, line or host; ``hint`` says what to do next.
"""

from __future__ import annotations

from collections.abc import Sequence

__all__ = [
    "ArchiveError",
    "ClusterError",
    "DaemonError",
    "EngineError",
    "EngineProtocolError",
    "EngineTimeoutError",
    "EngineUnavailableError",
    "ForeignManifestError",
    "GateError",
    "ImageError",
    "InternalError",
    "LockError",
    "ManifestError",
    "PolicyError",
    "ReferenceError_",
    "RegistryError",
    "ReviewError",
    "SettingsError",
    "StoreError",
    "TargetError",
    "TargetNotFoundError",
    "UsageError",
]

_LONGEST = 2_000


class GateError(Exception):
    """The root: what went wrong, where, and what to do next.

    ``message`` and ``hint`` are one line each and hold no secret; both are cut at 2,000 characters.
    """

    exit_code = 2

    def __init__(self, message: str, *, where: str | None = None, hint: str | None = None) -> None:
        self.message = _one_line(message)
        self.where = where
        self.hint = _one_line(hint) if hint else None
        super().__init__(self.message)

    def __str__(self) -> str:
        return f"{self.where}: {self.message}" if self.where else self.message

    def diagnostics(self) -> str:
        """The text for a person: one line, and a second one that says what to do."""
        return f"{self}\n  {self.hint}" if self.hint else str(self)


def _one_line(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= _LONGEST else flat[: _LONGEST - 1] + "…"


class UsageError(GateError):
    """The command line asks for something that cannot be."""


class SettingsError(GateError):
    """gate.yaml or a GATE_* variable is wrong; ``where`` is ``path:line``. ``others``: more mistakes in that file."""

    def __init__(
        self,
        message: str,
        *,
        where: str | None = None,
        hint: str | None = None,
        others: Sequence[SettingsError] = (),
    ) -> None:
        super().__init__(message, where=where, hint=hint)
        self.others = tuple(others)

    def diagnostics(self) -> str:
        """Every mistake, each with what to do."""
        return "\n".join([super().diagnostics(), *(other.diagnostics() for other in self.others)])


class LockError(GateError):
    """gate.lock cannot be read, or does not fit the project."""


class StoreError(GateError):
    """A cache or a shared store fails. Callers compute again or report; it never decides a verdict."""


class TargetError(GateError):
    """A target cannot be read; the other targets are still judged."""


class TargetNotFoundError(TargetError):
    """No such file, image or object."""


class ReferenceError_(TargetError):  # noqa: N801,N818 - the trailing underscore keeps the builtin's name free
    """An image reference that no registry would accept."""


class RegistryError(TargetError):
    """A registry refuses, lies or does not answer.

    ``reason``: unreachable, timeout, unauthorized, not-found, rate-limited, protocol, digest, too-large or refused.
    """

    def __init__(
        self, message: str, *, reason: str = "protocol", where: str | None = None, hint: str | None = None
    ) -> None:
        super().__init__(message, where=where, hint=hint)
        self.reason = reason


class DaemonError(TargetError):
    """A Docker daemon is absent, too old, or refuses; the message names its socket."""


class ArchiveError(TargetError):
    """An image archive or OCI layout is broken."""


class ImageError(TargetError):
    """An image's index, manifest or config is broken, or two readers could see two images in it."""


class ManifestError(TargetError):
    """A Kubernetes manifest cannot be read; ``where`` is ``path:line``."""


class ForeignManifestError(ManifestError):
    """A file that holds no Kubernetes object at all: other YAML, or a template that nothing has filled in."""


class ClusterError(TargetError):
    """A cluster refuses or does not answer. ``status`` is the HTTP status, 0 where there was no answer."""

    def __init__(self, message: str, *, status: int = 0, where: str | None = None, hint: str | None = None) -> None:
        super().__init__(message, where=where, hint=hint)
        self.status = status


class PolicyError(GateError):
    """A policy does not load or compile; ``where`` is ``file:line``."""


class EngineError(GateError):
    """An engine fails while it evaluates."""


class EngineUnavailableError(EngineError):
    """No engine is there, or it cannot be reached."""


class EngineTimeoutError(EngineError):
    """An engine, or one policy in it, did not answer in time."""


class EngineProtocolError(EngineError):
    """An engine answered something else than a report of our revision."""


class ReviewError(GateError):
    """An AdmissionReview is malformed."""


class InternalError(GateError):
    """A bug of gate's own."""

    exit_code = 5
