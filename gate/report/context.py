"""What a reporter may use beside the run itself: the rules' words, the source text, and the terminal."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, Protocol

DOCUMENTATION = "https://github.com/gate-images/gate/blob/main/"


class RuleInfo(Protocol):
    """A rule's words; `gate.bundle.catalogue.Rule` is one."""

    @property
    def title(self) -> str:
        """The fault in a few words."""
        ...

    @property
    def description(self) -> str:
        """Why it does harm."""
        ...

    @property
    def severity(self) -> str:
        """One of critical, high, medium, low, info."""
        ...

    @property
    def fix(self) -> str:
        """What to do about it, in general."""
        ...


def no_source(path: str) -> Sequence[str] | None:
    """The answer where no source text is at hand."""
    return None


class Context(NamedTuple):
    """``source``: a file's lines, or None. ``width``: columns to fill. ``verbose``: subjects that pass, too."""

    rules: Mapping[str, RuleInfo] = {}
    source: Callable[[str], Sequence[str] | None] = no_source
    color: bool = False
    width: int = 100
    verbose: bool = False
