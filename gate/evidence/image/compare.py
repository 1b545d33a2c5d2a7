"""What changed between two images: ``gate check IMAGE --against PREVIOUS``.

Only what is known of both is compared; where one of the two is unknown, that is said instead of a difference.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Literal

import msgspec

from gate.evidence.model import Evidence, LayerSize

__all__ = ["Change", "What", "changes", "match", "with_previous"]

What = Literal[
    "base", "user", "size", "layer", "shell", "setuid", "package-manager", "compiler", "leftover", "world-writable"
]


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """One difference. ``before`` is null for what is new, ``after`` for what is gone; ``bytes`` by how much a size
    grew. ``unknown``: why the two cannot be compared in this."""

    what: What
    before: str | None = None
    after: str | None = None
    bytes: int | None = None
    unknown: str | None = None


def match(evidence: Evidence, previous: Sequence[Evidence]) -> Evidence | None:
    """The previous image to compare with: of the same platform, or the only one."""
    same = [each for each in previous if each.subject.platform == evidence.subject.platform]
    if same or len(previous) != 1:
        return same[0] if same else None
    return previous[0]


def with_previous(evidence: Evidence, previous: Evidence) -> Evidence:
    """The evidence with the previous image's size, for rules that bound growth."""
    size = msgspec.structs.replace(evidence.facts.size, previous=previous.facts.size.uncompressed)
    return msgspec.structs.replace(evidence, facts=msgspec.structs.replace(evidence.facts, size=size))


def changes(previous: Evidence, current: Evidence) -> list[Change]:
    """Every difference, the gravest kinds first."""
    return [
        *_base(previous, current),
        *_user(previous, current),
        *_shells(previous, current),
        *_files(previous, current),
        *_size(previous, current),
    ]


def _base(previous: Evidence, current: Evidence) -> Iterator[Change]:
    old, new = previous.facts.base, current.facts.base
    yield from _compared("base", (old.state, old.reason, _named(old.reference, old.digest)),
                         (new.state, new.reason, _named(new.reference, new.digest)))  # fmt: skip


def _named(reference: str | None, digest: str | None) -> str | None:
    if reference is None or digest is None or "@" in reference:
        return reference
    return f"{reference}@{digest}"


def _user(previous: Evidence, current: Evidence) -> Iterator[Change]:
    old, new = previous.facts.user, current.facts.user
    yield from _compared("user", (old.state, old.reason, _who(old.value, old.uid)),
                         (new.state, new.reason, _who(new.value, new.uid)))  # fmt: skip


def _who(value: str | None, uid: int | None) -> str:
    return f"{value or 'none set'} (uid {'unknown' if uid is None else uid})"


Side = tuple[str, str | None, str | None]
"""State, reason and value of a fact in one of the two images."""


def _compared(what: What, old: Side, new: Side) -> Iterator[Change]:
    for side, called in ((old, "the previous image"), (new, "this image")):
        if side[0] == "unknown":
            yield Change(what=what, unknown=f"not known of {called}: {side[1]}")
            return
    if old[2] != new[2]:
        yield Change(what=what, before=old[2], after=new[2])


def _shells(previous: Evidence, current: Evidence) -> Iterator[Change]:
    old, new = previous.facts.shell, current.facts.shell
    if _unknown(old.state, new.state):
        yield Change(what="shell", unknown=_which(old.state, old.reason, new.reason))
    else:
        yield from _sets("shell", (each.path for each in old.shells), (each.path for each in new.shells))


def _files(previous: Evidence, current: Evidence) -> Iterator[Change]:
    old, new = previous.facts.filesystem, current.facts.filesystem
    if _unknown(old.state, new.state):
        yield Change(what="setuid", unknown=_which(old.state, old.reason, new.reason))
        return
    kinds: list[tuple[What, Callable[[Evidence], Iterable[str]]]] = [
        ("setuid", lambda each: (_shown(f.path, f.detail) for f in each.facts.filesystem.setuid)),
        ("world-writable", lambda each: (f.path for f in each.facts.filesystem.world_writable)),
        ("package-manager", lambda each: (f.path for f in each.facts.filesystem.package_managers)),
        ("compiler", lambda each: (f.path for f in each.facts.filesystem.compilers)),
        ("leftover", lambda each: (_shown(f.path, f.detail) for f in each.facts.filesystem.leftovers)),
    ]
    for what, paths in kinds:
        yield from _sets(what, paths(previous), paths(current))


def _shown(path: str, detail: str | None) -> str:
    return f"{path} ({detail})" if detail else path


def _sets(what: What, old: Iterable[str], new: Iterable[str]) -> Iterator[Change]:
    before, after = set(old), set(new)
    yield from (Change(what=what, after=each) for each in sorted(after - before))
    yield from (Change(what=what, before=each) for each in sorted(before - after))


def _unknown(*states: str) -> bool:
    return "unknown" in states


def _which(old_state: str, old: str | None, new: str | None) -> str:
    return f"not known of the previous image: {old}" if old_state == "unknown" else f"not known of this image: {new}"


# --- sizes -------------------------------------------------------------------------------------------------------


def _size(previous: Evidence, current: Evidence) -> Iterator[Change]:
    old, new = previous.facts.size, current.facts.size
    if old.uncompressed is None or new.uncompressed is None:
        yield Change(what="size", unknown=_which(old.state, old.reason, new.reason))
    elif old.uncompressed != new.uncompressed:
        difference = new.uncompressed - old.uncompressed
        yield Change(what="size", before=str(old.uncompressed), after=str(new.uncompressed), bytes=difference)
    yield from _layers(old.layers, new.layers)


def _layers(old: Sequence[LayerSize], new: Sequence[LayerSize]) -> Iterator[Change]:
    """Layers that only one of the two has, by diff_id."""
    before, after = {each.diff_id for each in old}, {each.diff_id for each in new}
    for layer in new:
        if layer.diff_id not in before:
            yield Change(what="layer", after=_made(layer), bytes=layer.uncompressed)
    for layer in old:
        if layer.diff_id not in after:
            yield Change(
                what="layer", before=_made(layer), bytes=None if layer.uncompressed is None else -layer.uncompressed
            )


def _made(layer: LayerSize) -> str:
    return layer.created_by or layer.diff_id or layer.digest or "a layer"
