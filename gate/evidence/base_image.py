"""One base image as far as it is known before a build, and what a source of such knowledge is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, Protocol

import msgspec

from gate.evidence.image.reference import Reference
from gate.evidence.model import StageConfig, State

__all__ = ["GROUPS", "MERGED", "SCRATCH", "BaseImage", "BaseLookup", "filled"]


class BaseImage(msgspec.Struct, frozen=True, kw_only=True):
    """One base image for one platform; null means not known. Sizes are bytes, uncompressed.

    ``user`` is the config's text (``""`` is root), ``uid`` its number; ``users`` are names of its passwd with their
    uids. ``shells``: paths, ``[]`` for none. ``floor``: no tag or platform is smaller; only a ``floor_measured`` one
    is certain. ``config``: the image's config, null where it is not known; ``env``: variables known without it.
    ``weaker``: fields whose state is less than ``state``, with their own state and reason.
    """

    reference: str
    state: State
    reason: str | None = None
    digest: str | None = None
    user: str | None = None
    uid: int | None = None
    gid: int | None = None
    users: Mapping[str, int] | None = None
    shells: Sequence[str] | None = None
    libc: Literal["glibc", "musl", "none"] | None = None
    package_manager: str | None = None
    size: int | None = None
    floor: int | None = None
    floor_measured: bool = False
    ships: Literal["runtime", "builder"] | None = None
    supported_until: str | None = None
    created: str | None = None
    env: Mapping[str, str] | None = None
    config: StageConfig | None = None
    diff_ids: Sequence[str] | None = None
    weaker: Mapping[str, tuple[State, str | None]] = msgspec.field(default_factory=dict)

    def state_of(self, name: str) -> tuple[State, str | None]:
        """The state and reason of one field."""
        if getattr(self, name) is None:
            return "unknown", None
        return self.weaker.get(name, (self.state, self.reason))


SCRATCH = BaseImage(
    reference="scratch",
    state="known",
    user="",
    uid=0,
    gid=0,
    users={},
    shells=(),
    libc="none",
    package_manager="none",
    size=0,
    floor=0,
    floor_measured=True,
    ships="runtime",
    env={},
    config=StageConfig(user="", workdir="/"),
    diff_ids=(),
)
"""The empty image that ``FROM scratch`` starts with."""


class BaseLookup(Protocol):
    """A source of knowledge about base images. Implementations never raise for an image they do not know."""

    def lookup(self, reference: Reference, platform: str) -> BaseImage | None:
        """What is known of an image for one platform (``os/arch[/variant]``); null when nothing is."""
        ...


MERGED = tuple(
    name
    for name in BaseImage.__struct_fields__
    if name not in ("reference", "state", "reason", "weaker", "floor_measured", "uid", "gid")
)
"""Fields that sources fill for each other."""

GROUPS = {"user": ("user", "uid", "gid"), "floor": ("floor", "floor_measured")}
"""Fields that only make sense together."""


def filled(first: BaseImage, second: BaseImage) -> BaseImage:
    """``first`` with what it does not know taken from ``second``."""
    changes: dict[str, Any] = {}
    weaker = dict(first.weaker)
    for name in MERGED:
        value = getattr(second, name)
        if value is None or getattr(first, name) is not None:
            continue
        for part in GROUPS.get(name, (name,)):
            changes[part] = getattr(second, part)
        weaker[name] = second.weaker.get(name, (second.state, second.reason))
    return msgspec.structs.replace(first, weaker=weaker, **changes) if changes else first
