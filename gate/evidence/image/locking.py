"""A base image as gate.lock holds it: resolved, read layer by layer where it matters, and compared with the table.

Every platform gives its config, which is small: diff_ids for lineage, the config's user, what it starts with. Only the
platforms asked for are walked, because the layers of all nine that a base may have are hundreds of megabytes; what only
a walk shows (shells, names, sizes) stays null for the others.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from gate.evidence.bases import BaseImage
from gate.evidence.image.collect import Collector
from gate.evidence.image.facts import ImageFacts, Subject, unreadable
from gate.evidence.image.limits import ImageLimits
from gate.evidence.image.lineage import Bases, diff_ids_of
from gate.evidence.image.manifest import Execution
from gate.evidence.image.pool import Pool
from gate.evidence.image.reference import DEFAULT_TAG, Reference
from gate.evidence.image.source import ImageSource, PlatformImage
from gate.lock import LockedBase, LockedPlatform
from gate.store import NoStore, Store

__all__ = ["differences", "lock_base", "name_in_lock"]

_NOT_WALKED = "the layers of this platform were not read"
_MOST_NAMES = 1_000


def name_in_lock(reference: Reference) -> str:
    """What a base is called in gate.lock: by its digest alone where it has one, else with its tag."""
    if reference.digest is not None:
        return f"{reference.name}@{reference.digest}"
    return f"{reference.name}:{reference.tag or DEFAULT_TAG}"


async def lock_base(
    source: ImageSource,
    reference: Reference,
    *,
    pool: Pool,
    today: datetime.date,
    walk: Callable[[str], bool] = lambda platform: True,
    platform: str | None = None,
    store: Store | None = None,
    limits: ImageLimits | None = None,
) -> LockedBase:
    """The base a reference names now; raises `TargetError`.

    ``walk``: whether the layers of a platform are read. ``platform`` leaves all others out.
    """
    resolved = await source.resolve()
    collector = Collector(source, pool, Bases(), store or NoStore(), limits or ImageLimits())
    platforms: dict[str, LockedPlatform] = {}
    for image in await source.images(platform):
        if image.artifact_type is not None or image.platform in platforms:
            continue  # of two entries for one platform runtimes take the first
        if walk(image.platform):
            facts = await collector.facts(image)
        else:
            facts = unreadable(Subject(config=image.config, layers=list(image.layers)), _NOT_WALKED)
        platforms[image.platform] = _platform(image, facts)
    return LockedBase(
        reference=name_in_lock(reference), digest=resolved.digest or "", resolved=today, platforms=platforms
    )


def _platform(image: PlatformImage, facts: ImageFacts) -> LockedPlatform:
    execution = msgspec.convert(image.config.get("config") or {}, Execution)
    shells = [each.path for each in facts.shell.shells] if facts.shell.state == "known" else None
    created = image.config.get("created")
    health = (execution.healthcheck or {}).get("Test")
    users = facts.users
    return LockedPlatform(
        manifest=image.manifest_digest,
        config=image.config_digest,
        created=created if isinstance(created, str) else None,
        user=execution.user or "",
        uid=facts.user.uid,
        gid=facts.user.gid,
        users=users if users is None or len(users) <= _MOST_NAMES else None,
        shells=shells,
        libc=facts.libc,
        package_manager=facts.package_manager,
        size=facts.size.uncompressed,
        compressed=facts.size.compressed,
        env=_variables(execution.env or []),
        workdir=execution.working_dir or None,
        entrypoint=execution.entrypoint,
        cmd=execution.cmd,
        shell=execution.shell,
        healthcheck=health if isinstance(health, list) and all(isinstance(each, str) for each in health) else None,
        stop_signal=execution.stop_signal or None,
        labels=execution.labels or {},
        exposed_ports=sorted(execution.exposed_ports or {}),
        volumes=sorted(execution.volumes or {}),
        onbuild=execution.on_build or [],
        diff_ids=diff_ids_of(image),
    )


def _variables(listed: Sequence[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for each in listed:
        name, _, value = each.partition("=")
        found[name] = value
    return found


# --- the table of known bases ----------------------------------------------------------------------------------


def differences(known: BaseImage | None, found: LockedPlatform) -> list[str]:
    """What the table of known bases says otherwise of an image that was read, in words; sizes within a half agree."""
    if known is None:
        return []
    pairs: list[tuple[str, Any, Any]] = [
        ("user", known.user, found.user),
        ("uid", known.uid, found.uid),
        ("libc", known.libc, found.libc),
        ("package manager", known.package_manager, found.package_manager),
        ("shells", _sorted(known.shells), _sorted(found.shells)),
    ]
    said = [f"{what} {_text(table)}, not {_text(real)}" for what, table, real in pairs if _differ(table, real)]
    for name, uid in sorted((known.users or {}).items()):
        real = (found.users or {}).get(name)
        if found.users is not None and real != uid:
            said.append(f"user {name} with uid {uid}, not {'none' if real is None else real}")
    if found.size is not None:
        if known.floor is not None and found.size < known.floor:
            said.append(f"at least {known.floor} bytes, not {found.size}")
        if known.size is not None and not known.size / 2 <= found.size <= known.size * 2:
            said.append(f"about {known.size} bytes, not {found.size}")
    return said


def _differ(table: object, real: object) -> bool:
    return table is not None and real is not None and table != real


def _sorted(paths: Sequence[str] | None) -> list[str] | None:
    """Shells, once each: distributions link /bin to /usr/bin, so that one has two paths."""
    if paths is None:
        return None
    return sorted({each.removeprefix("/usr") if each.startswith("/usr/bin/") else each for each in paths})


def _text(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(value) or "none"
    return f'"{value}"' if isinstance(value, str) else str(value)
