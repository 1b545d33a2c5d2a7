"""What a target is once its argument is understood."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import msgspec

from gate.errors import TargetError
from gate.settings.model import Build

Kind = Literal[
    "dockerfile",
    "manifest",
    "registry",
    "daemon",
    "archive",
    "docker-archive",
    "oci-archive",
    "oci-layout",
]

STDIN = "-"


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """One thing to read.

    ``text``: the argument as given, or the path found. ``name``: what reports call it; a path relative to the root with
    ``/``, or the reference. ``path``: the file or directory; null for references and standard input. ``reference``: an
    image reference, or the tag inside an archive or layout. ``build``: what gate.yaml says of building it. An
    ``archive`` may be Docker's or OCI's: its content tells. ``root``: links must not lead out of it; null where the
    file was named by the person at the command line.
    """

    kind: Kind
    text: str
    name: str
    path: Path | None = None
    reference: str | None = None
    build: Build | None = None
    root: Path | None = None

    @property
    def is_stdin(self) -> bool:
        """Whether its text comes from standard input."""
        return self.path is None and self.reference is None and self.text.endswith(STDIN)


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """All targets of a run, in order.

    ``skipped``: files that look like targets and are left out, each with the reason. ``failures``: arguments and
    folders that cannot be read, with the argument or path. ``empty``: arguments that are folders without a target.
    """

    targets: list[Target] = []
    skipped: list[str] = []
    failures: list[tuple[str, TargetError]] = []
    empty: list[str] = []
