"""``gate.lock``: what is known of the bases a project names, by digest.

Written by ``gate lock``, read by every other command, kept under version control. The YAML has one order and one
form, so that a difference in review is a difference of the bases. Tags move: a digest that a tag no longer leads to
stays as ``superseded`` while images built on it may still be in use.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import msgspec

from gate.errors import LockError

__all__ = ["FILE_NAME", "Lock", "LockedBase", "LockedPlatform", "dump", "load", "merge"]

FILE_NAME = "gate.lock"

_VERSION = 1
_LARGEST = 32 << 20
_MOST_VALUES = 2_000_000
_DEEPEST = 16
_HEADER = (
    "# Written by `gate lock`; do not edit. `gate lock --update` renews it, `gate lock --check` says what changed.\n"
)
_DEFAULT_TAG = "latest"


class LockedPlatform(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """A base for one platform, as its config and a full walk of its layers say.

    ``manifest`` and ``config`` are digests; ``user`` is the config's text, ``uid`` and ``gid`` what it leads to (null
    where not known); ``users`` are the names in its passwd with their uids. ``shells``, ``libc`` and
    ``package_manager`` are null where the walk was not conclusive (``[]`` and ``"none"`` mean there is none).
    ``size`` and ``compressed`` are bytes. The rest is the config as the image starts with it.
    """

    manifest: str | None = None
    config: str | None = None
    created: str | None = None
    user: str = ""
    uid: int | None = None
    gid: int | None = None
    users: dict[str, int] | None = None
    shells: list[str] | None = None
    libc: str | None = None
    package_manager: str | None = None
    size: int | None = None
    compressed: int | None = None
    env: dict[str, str] = {}
    workdir: str | None = None
    entrypoint: list[str] | None = None
    cmd: list[str] | None = None
    shell: list[str] | None = None
    healthcheck: list[str] | None = None
    stop_signal: str | None = None
    labels: dict[str, str] = {}
    exposed_ports: list[str] = []
    volumes: list[str] = []
    onbuild: list[str] = []
    diff_ids: list[str] = []


class LockedBase(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """One base at one digest. ``reference`` is normalized, with its tag; ``resolved``: the day the tag led here last.

    ``superseded``: the day the tag was seen to lead elsewhere; null while it leads here.
    """

    reference: str
    digest: str
    resolved: datetime.date
    superseded: datetime.date | None = None
    platforms: dict[str, LockedPlatform] = {}

    @property
    def name(self) -> str:
        """``registry/repository``."""
        return _split(self.reference)[0]

    @property
    def tag(self) -> str | None:
        """The tag of the reference; null where it was named by digest alone."""
        return _split(self.reference)[1]

    def holds(self, digest: str) -> bool:
        """Whether ``digest`` is this base's: of its index, or of one platform's manifest."""
        return digest == self.digest or any(digest == each.manifest for each in self.platforms.values())


class Lock(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All bases, by reference; of one reference the current digest first, then the superseded, newest first."""

    version: int = _VERSION
    bases: list[LockedBase] = []

    def find(self, name: str, tag: str | None = None, digest: str | None = None) -> LockedBase | None:
        """The base ``registry/repository`` at a digest, else what its tag (else ``latest``) leads to now."""
        for base in self.bases:
            if base.name != name:
                continue
            if digest is not None:
                if base.holds(digest):
                    return base
            elif base.superseded is None and base.tag == (tag or _DEFAULT_TAG):
                return base
        return None

    def by_first_layer(self, diff_id: str) -> Iterator[tuple[LockedBase, str, LockedPlatform]]:
        """Every base, with platform, whose lowest layer this is: the candidates for an image's ancestors."""
        for base in self.bases:
            for platform, facts in base.platforms.items():
                if facts.diff_ids and facts.diff_ids[0] == diff_id:
                    yield base, platform, facts


def _split(reference: str) -> tuple[str, str | None]:
    name = reference.partition("@")[0]
    head, slash, last = name.rpartition("/")
    last, colon, tag = last.partition(":")
    return head + slash + last, tag if colon else None


# --- the file --------------------------------------------------------------------------------------------------


def load(data: bytes, where: str = FILE_NAME) -> Lock:
    """The lock in a file's bytes; `LockError` naming ``where`` (and the line) for anything that is none."""
    if len(data) > _LARGEST:
        raise LockError(f"is larger than {_LARGEST} bytes", where=where)
    plain = _Plain(where).read(data)
    if not isinstance(plain, dict) or plain.get("version") != _VERSION:
        raise LockError(
            f"is not a gate.lock of version {_VERSION}", where=where, hint="repair it, or delete it and run gate lock"
        )
    try:
        return msgspec.convert(plain, Lock)
    except msgspec.ValidationError as error:
        raise LockError(str(error), where=where, hint="repair it, or delete it and run gate lock") from None


def dump(lock: Lock) -> str:
    """The file's text: one form for equal locks."""
    import yaml

    class Dumper(getattr(yaml, "CSafeDumper", yaml.SafeDumper)):  # type: ignore[misc]
        """Writes equal values in full, not as aliases of each other."""

        def ignore_aliases(self, data: object) -> bool:
            return True

    plain = msgspec.to_builtins(_ordered(lock), builtin_types=(datetime.date,))
    return _HEADER + str(yaml.dump(plain, Dumper=Dumper, sort_keys=False, allow_unicode=True, width=1_000_000))


def _ordered(lock: Lock) -> Lock:
    def key(base: LockedBase) -> tuple[Any, ...]:
        gone = base.superseded or datetime.date.max
        return (base.reference, -gone.toordinal(), -base.resolved.toordinal(), base.digest)

    bases = [
        msgspec.structs.replace(base, platforms=dict(sorted(base.platforms.items())))
        for base in sorted(lock.bases, key=key)
    ]
    return Lock(bases=bases)


class _Plain:
    """YAML to plain data, from events and therefore bounded: no tags, no aliases, no key twice."""

    def __init__(self, where: str) -> None:
        self._where = where
        self._open: list[tuple[Any, str | None]] = []  # lists and mappings not ended yet, with the key that waits
        self._root: Any = None

    def read(self, data: bytes) -> Any:
        import yaml

        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        resolver = yaml.resolver.Resolver()
        try:
            for count, event in enumerate(yaml.parse(data.decode("utf-8"), Loader=loader)):
                if count > _MOST_VALUES:
                    raise self._error(event, "too many values")
                self._take(yaml, resolver, event)
        except yaml.MarkedYAMLError as error:
            line = error.problem_mark.line + 1 if error.problem_mark else 1
            raise LockError(f"is not YAML: {error.problem}", where=f"{self._where}:{line}") from None
        except (yaml.YAMLError, UnicodeDecodeError, ValueError):
            raise LockError("is not YAML", where=self._where) from None
        return self._root

    def _take(self, yaml: Any, resolver: Any, event: Any) -> None:
        if isinstance(event, yaml.AliasEvent):
            raise self._error(event, "an alias")
        if getattr(event, "tag", None) is not None:
            raise self._error(event, f"the tag {event.tag}")
        if isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
            value: Any = {} if isinstance(event, yaml.MappingStartEvent) else []
            self._add(event, value)
            self._open.append((value, None))
            if len(self._open) > _DEEPEST:
                raise self._error(event, f"more than {_DEEPEST} levels")
        elif isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
            self._open.pop()
        elif isinstance(event, yaml.ScalarEvent):
            self._scalar(event, resolver.resolve(yaml.ScalarNode, event.value, event.implicit))
        elif isinstance(event, yaml.DocumentStartEvent) and self._root is not None:
            raise self._error(event, "more than one document")

    def _scalar(self, event: Any, tag: str) -> None:
        holder, key = self._open[-1] if self._open else (None, None)
        if isinstance(holder, dict) and key is None:
            if event.value in holder:
                raise self._error(event, f'the key "{event.value[:80]}" twice')
            self._open[-1] = (holder, event.value)
            return
        read = _SCALARS.get(tag.removeprefix("tag:yaml.org,2002:"))
        if read is None:
            raise self._error(event, f"a value of type {tag}")
        self._add(event, read(event.value))

    def _add(self, event: Any, value: Any) -> None:
        if not self._open:
            self._root = value
            return
        holder, key = self._open[-1]
        if isinstance(holder, list):
            holder.append(value)
        elif key is None:
            raise self._error(event, "a key that is no word")
        else:
            holder[key] = value
            self._open[-1] = (holder, None)

    def _error(self, event: Any, what: str) -> LockError:
        return LockError(f"holds {what}", where=f"{self._where}:{event.start_mark.line + 1}")


_SCALARS: dict[str, Callable[[str], Any]] = {
    "str": str,
    "int": int,
    "null": lambda _: None,
    "timestamp": datetime.date.fromisoformat,
}


# --- renewing --------------------------------------------------------------------------------------------------


def merge(old: Lock, fresh: Iterable[LockedBase], today: datetime.date, keep: Callable[[str, str | None], int]) -> Lock:
    """``old`` brought up to date with what was just resolved.

    A digest its tag no longer leads to becomes superseded, and stays ``keep(name, tag)`` days after the tag last led
    to it. References that ``fresh`` no longer holds go the same way.
    """
    current = {base.reference: base for base in fresh}
    bases = list(current.values())
    for base in old.bases:
        now = current.get(base.reference)
        if now is not None and now.digest == base.digest:
            continue
        gone = base.superseded or today
        if (today - base.resolved).days <= keep(base.name, base.tag):
            bases.append(msgspec.structs.replace(base, superseded=gone))
    return _ordered(Lock(bases=bases))
