"""What is known of external base images before anything is built: from gate.lock, a table, or a registry.

Every source is a `BaseLookup`; `ChainLookup` asks several, field by field. The lock's answers are ``known``, the
table's only ``assumed``. What no source knows stays null: no user, shell or size is guessed.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

import msgspec

from gate.evidence.base_image import GROUPS, MERGED, SCRATCH, BaseImage, BaseLookup, filled
from gate.evidence.image.reference import Reference
from gate.evidence.model import StageConfig
from gate.settings import patterns

if TYPE_CHECKING:
    from gate.lock import Lock, LockedPlatform
    from gate.settings.model import KnownBase

__all__ = ["SCRATCH", "BaseImage", "BaseLookup", "ChainLookup", "LockLookup", "TableLookup", "table_digest"]

_MB = 10**6
_TABLE = Path(__file__).with_name("known_bases.yaml")


class ChainLookup:
    """Asks several sources in order; of each field the first that knows it counts."""

    def __init__(self, lookups: Iterable[BaseLookup]) -> None:
        self._lookups = tuple(lookups)

    def lookup(self, reference: Reference, platform: str) -> BaseImage | None:
        """See `BaseLookup`."""
        found: BaseImage | None = None
        for source in self._lookups:
            other = source.lookup(reference, platform)
            if other is not None:
                found = other if found is None else filled(found, other)
        return found


# --- the lock --------------------------------------------------------------------------------------------------


class LockLookup:
    """What gate.lock holds of a base, as ``known``."""

    def __init__(self, lock: Lock) -> None:
        self._lock = lock

    def lookup(self, reference: Reference, platform: str) -> BaseImage | None:
        """See `BaseLookup`."""
        base = self._lock.find(reference.name, reference.tag, reference.digest)
        if base is None:
            return None
        facts = base.platforms.get(platform) or base.platforms.get(_without_default_variant(platform))
        return None if facts is None else _from_lock(base.reference, base.digest, facts)


def _without_default_variant(platform: str) -> str:
    return platform.removesuffix("/v8") if platform.startswith("linux/arm64/") else platform


def _from_lock(reference: str, digest: str, facts: LockedPlatform) -> BaseImage:
    libc: Any = facts.libc if facts.libc in ("glibc", "musl", "none") else None
    return BaseImage(
        reference=reference,
        state="known",
        digest=digest,
        user=facts.user,
        uid=facts.uid,
        gid=facts.gid,
        users=facts.users,
        shells=facts.shells,
        libc=libc,
        package_manager=facts.package_manager,
        size=facts.size,
        floor=facts.size,
        floor_measured=facts.size is not None,
        created=facts.created,
        env=facts.env,
        config=StageConfig(
            user=facts.user,
            env=facts.env,
            workdir=facts.workdir,
            entrypoint=facts.entrypoint,
            cmd=facts.cmd,
            shell=facts.shell,
            healthcheck=facts.healthcheck,
            labels=facts.labels,
            exposed_ports=facts.exposed_ports,
            volumes=facts.volumes,
            stop_signal=facts.stop_signal,
            onbuild=facts.onbuild,
        ),
        diff_ids=facts.diff_ids or None,
    )


# --- the table of known bases ----------------------------------------------------------------------------------


class _AnyRow(Protocol):
    def covers_image(self, name: str) -> bool: ...

    def covers_tag(self, tag: str) -> bool: ...

    @property
    def any_tag(self) -> bool: ...

    def image_of(self, reference: str) -> BaseImage: ...


class _Row(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A row of known_bases.yaml; the file says what the fields mean."""

    image: str
    tags: list[str] = []
    not_tags: list[str] = []
    not_images: list[str] = []
    user: str | None = None
    uid: int | None = None
    users: dict[str, int] | None = None
    env: dict[str, str] | None = None
    shells: list[str] | None = None
    libc: Literal["glibc", "musl", "none"] | None = None
    package_manager: str | None = None
    size_mb: float | None = None
    floor_mb: float | None = None
    measured: bool = False
    ships: Literal["runtime", "builder"] | None = None
    supported_until: str | None = None
    source: str = ""
    seen: str | None = None

    def covers_image(self, name: str) -> bool:
        literal, star, _ = self.image.partition("*")
        if not star:
            return name == self.image
        return (
            name.startswith(literal)
            and patterns.matches_any((patterns.image_regex(self.image),), name)
            and not any(patterns.matches_any((patterns.image_regex(each),), name) for each in self.not_images)
        )

    def covers_tag(self, tag: str) -> bool:
        if self.tags and not patterns.matches_any(map(patterns.tag_regex, self.tags), tag):
            return False
        return not patterns.matches_any(map(patterns.tag_regex, self.not_tags), tag)

    @property
    def any_tag(self) -> bool:
        return not self.tags

    def image_of(self, reference: str) -> BaseImage:
        return BaseImage(
            reference=reference,
            state="assumed",
            reason=_reason(reference),
            user=self.user,
            uid=self.uid,
            users=self.users,
            env=self.env,
            shells=self.shells,
            libc=self.libc,
            package_manager=self.package_manager,
            size=None if self.size_mb is None else int(self.size_mb * _MB),
            floor=None if self.floor_mb is None else int(self.floor_mb * _MB),
            floor_measured=self.measured,
            ships=self.ships,
            supported_until=self.supported_until,
        )


class _OwnRow:
    """A row of ``known_bases:`` in gate.yaml."""

    def __init__(self, row: KnownBase) -> None:
        self._row = row

    def covers_image(self, name: str) -> bool:
        return patterns.matches_any((self._row.pattern["regex"],), name)

    def covers_tag(self, tag: str) -> bool:
        pattern = self._row.pattern
        if pattern["tags"] and not patterns.matches_any(pattern["tags"], tag):
            return False
        return not patterns.matches_any(pattern["not_tags"], tag)

    @property
    def any_tag(self) -> bool:
        return not self._row.pattern["tags"]

    def image_of(self, reference: str) -> BaseImage:
        row = self._row
        return BaseImage(
            reference=reference,
            state="assumed",
            reason=f"gate.yaml's known_bases says so of {row.pattern['image']}",
            user=row.user,
            uid=row.uid,
            users=row.users,
            shells=row.shells,
            libc=row.libc,
            package_manager=row.package_manager,
            size=row.size,
            floor=row.floor,
            floor_measured=row.floor is not None,
            ships=row.ships,
            supported_until=None if row.supported_until is None else row.supported_until.isoformat(),
        )


def _reason(reference: str) -> str:
    return f"from the table of known bases: {reference}"


class TableLookup:
    """The shipped table of well-known images, a team's own rows before it; all answers are ``assumed``."""

    def __init__(self, own: Iterable[KnownBase] = ()) -> None:
        self._own = tuple(_OwnRow(row) for row in own)
        self._answers: dict[Reference, BaseImage | None] = {}

    def lookup(self, reference: Reference, platform: str) -> BaseImage | None:
        """See `BaseLookup`; the table is the same for all platforms of Linux, and knows none other."""
        if not platform.startswith("linux"):
            return None
        if reference not in self._answers:
            self._answers[reference] = self._find(reference)
        return self._answers[reference]

    def _find(self, reference: Reference) -> BaseImage | None:
        known: list[_AnyRow] = [*self._own, *_rows()]
        rows = [row for row in known if row.covers_image(reference.name)]
        if reference.digest is not None and reference.tag is None:
            return _whatever_tag([(row.image_of(reference.normalized), row.any_tag) for row in rows])
        tag = reference.tag or "latest"
        found = [row.image_of(reference.normalized) for row in rows if row.covers_tag(tag)]
        return functools.reduce(_filled_alike, found) if found else None


def _filled_alike(first: BaseImage, second: BaseImage) -> BaseImage:
    both = filled(first, second)
    same = {name: each for name, each in both.weaker.items() if each != (both.state, both.reason)}
    return msgspec.structs.replace(both, weaker=same)


def _whatever_tag(rows: list[tuple[BaseImage, bool]]) -> BaseImage | None:
    """What holds for every tag: the digest of an image without a tag does not say which row is meant.

    A field counts when a row for all tags has it and no other row has another value; a floor is the least of all.
    """
    always = [row for row, any_tag in rows if any_tag]
    if not always:
        return None
    found = functools.reduce(_filled_alike, always)
    changes: dict[str, Any] = {}
    for name in MERGED:
        values = [value for row, _ in rows if (value := getattr(row, name)) is not None]
        if getattr(found, name) is None:
            continue
        if name == "floor":
            least = min((row for row, _ in rows if row.floor is not None), key=lambda row: row.floor or 0)
            changes |= {"floor": least.floor, "floor_measured": all(r.floor_measured for r, _ in rows if r.floor)}
        elif any(value != values[0] for value in values):
            changes |= dict.fromkeys(GROUPS.get(name, (name,)))
    return msgspec.structs.replace(found, **changes)


@functools.lru_cache(maxsize=1)
def _rows() -> tuple[_Row, ...]:
    """The table's rows. Each stands on one line of YAML that is JSON too, so that no YAML need be parsed."""
    decode = msgspec.json.Decoder(_Row).decode
    return tuple(
        decode(line[4:]) for line in _TABLE.read_text(encoding="utf-8").splitlines() if line.startswith("  - {")
    )


@functools.lru_cache(maxsize=1)
def table_digest() -> str:
    """The hash of the shipped table, as reports and caches name it."""
    import hashlib

    return "sha256:" + hashlib.sha256(_TABLE.read_bytes()).hexdigest()
