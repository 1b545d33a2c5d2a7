"""``gate lock``: write down what the bases of a project are, by digest, so that files are judged by facts."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gate.cli import output
from gate.cli.options import asked, check_platform, policy_options

if TYPE_CHECKING:
    from gate.cli.bases import Wanted
    from gate.cli.session import Session
    from gate.errors import GateError
    from gate.evidence.image.sources import Sources
    from gate.lock import Lock, LockedBase

_AT_ONCE = 4
_KEEP_DAYS = 365


@click.command(
    "lock",
    epilog="""\b
Examples:
  gate lock                   write gate.lock, or add the bases that are new
  gate lock --update          ask for every base again: tags move
  gate lock --check           say what changed and exit 1, write nothing (for CI)
  gate lock --check --offline only whether every base is in the lock
""",
)
@click.argument("targets", nargs=-1, metavar="[TARGET...]")
@click.option("--update", is_flag=True, help="Ask for every base again, not only for new ones.")
@click.option("--check", is_flag=True, help="Write nothing; exit 1 where gate.lock is not what it should be.")
@click.option("--offline", is_flag=True, help="With --check: ask no registry. [GATE_OFFLINE]")
@click.option(
    "--platform",
    "platforms",
    multiple=True,
    metavar="OS/ARCH",
    help="A platform whose layers are read too; else those the builds are for. Repeatable.",
)
@click.option("--all-platforms", is_flag=True, help="Read the layers of every platform.")
@policy_options
def command(targets: tuple[str, ...], **values: Any) -> int:
    """Write down what the bases are that TARGETs (else the project's Dockerfiles) and gate.yaml name.

    gate.lock holds their digests, users, shells, sizes and layers. With it, Dockerfiles are judged by what their bases
    really are, and images are recognized by the bases under them. Only registries that gate.yaml or its approved
    images name are asked.
    """
    from gate.cli.bases import wanted
    from gate.cli.session import open_session

    update, check, offline = values.pop("update"), values.pop("check"), values.pop("offline")
    platforms, every = values.pop("platforms"), values.pop("all_platforms")
    for platform in platforms:
        check_platform(platform)
    session = open_session(asked(values))
    offline = offline or bool(session.variables.offline)
    if offline and not check:
        from gate.errors import UsageError

        raise UsageError("gate lock asks registries", hint="gate lock --check --offline looks at gate.lock alone")
    session.lock  # noqa: B018 - a broken one is told before anything is asked or written
    found, codes = wanted(session, targets)
    run = _Run(session, found, set(platforms), every)
    if check:
        return max([*codes, run.check(offline)], key=(0, 1, 2).index)
    return max([*codes, run.write(update, incomplete=any(codes))], key=(0, 1, 2).index)


class _Run:
    """One run over the bases that are wanted, by their names in the lock."""

    def __init__(self, session: Session, bases: dict[str, Wanted], platforms: set[str], every: bool) -> None:
        from gate.cli.bases import hosts
        from gate.lock import Lock

        self._session = session
        self._old: Lock = session.lock[0] if session.lock else Lock()
        self._hosts = hosts(session)
        self._bases = bases
        self._platforms = platforms
        self._every = every
        self._failed: dict[str, GateError] = {}

    # --- --check -------------------------------------------------------------------------------------------------

    def check(self, offline: bool) -> int:
        """Say what is not in the lock and, unless offline, which tags lead elsewhere now."""
        current = {base.reference: base for base in self._old.bases if base.superseded is None}
        missing = [name for name in self._asked() if name not in current]
        moved: list[tuple[str, str, str]] = []
        if not offline:
            names = [name for name in self._asked() if name in current]
            for name, digest in asyncio.run(self._digests(names)).items():
                if digest != current[name].digest:
                    moved.append((name, current[name].digest, digest))
        for name in missing:
            print(f"{name} is not in gate.lock ({self._bases[name].place})")
        for name, old, new in moved:
            print(f"{name} leads to {new} now, not to {old}")
        if not missing and not moved:
            print(f"gate.lock: {len(current)} bases, as they should be" if not self._failed else "gate.lock: not sure")
        else:
            print("run gate lock --update")
        return 2 if self._failed else int(bool(missing or moved))

    async def _digests(self, names: Sequence[str]) -> dict[str, str]:
        sources = self._sources()

        async def one(name: str) -> tuple[str, str | None]:
            from gate.errors import GateError

            try:
                return name, (await sources.registry(self._bases[name].reference).resolve()).digest
            except GateError as error:
                self._fail(name, error)
                return name, None

        try:
            found = await _several([one(name) for name in names])
        finally:
            await sources.close()
        return {name: digest for name, digest in found if digest is not None}

    # --- writing -------------------------------------------------------------------------------------------------

    def write(self, update: bool, *, incomplete: bool) -> int:
        """Bring the file up to date, and say what changed. ``incomplete``: not all that names bases could be read."""
        from gate import lock as lock_of

        current = {base.reference: base for base in self._old.bases if base.superseded is None}
        asked = [name for name in self._asked() if update or not self._suffices(current.get(name), name)]
        fresh = {base.reference: base for base in asyncio.run(self._read(asked))}
        kept = {name: base for name, base in current.items() if name in self._bases and name not in fresh}
        new = lock_of.merge(self._old, [*fresh.values(), *kept.values()], self._session.today, self._keep)
        path = self._session.root / lock_of.FILE_NAME
        text = lock_of.dump(new)
        if not new.bases and (self._failed or incomplete) and not path.exists():
            return 2  # a lock without any base says nothing that is true
        if new != self._old or not path.exists():
            output.write_file(path, text)
        for line in [*_changes(self._old, new), *self._notes(fresh.values())]:
            print(line)
        count = sum(base.superseded is None for base in new.bases)
        print(f"{_shown(path, self._session.cwd)}: {count} base{'s' * (count != 1)}")
        return 2 if self._failed else 0

    def _asked(self) -> list[str]:
        """The bases on registries that may be asked; the others are said on standard error."""
        from gate.errors import RegistryError

        for name, base in self._bases.items():
            if base.reference.registry not in self._hosts and name not in self._failed:
                host = base.reference.registry
                hint = f"name it under registries: - {{host: {host}}}"
                self._fail(name, RegistryError(f"{host} is not a registry that gate.yaml names", hint=hint))
        return sorted(name for name, base in self._bases.items() if base.reference.registry in self._hosts)

    def _suffices(self, base: LockedBase | None, name: str) -> bool:
        """Whether a base of the lock was walked for every platform that is wanted now."""
        if base is None:
            return False
        return all(facts.size is not None for key, facts in base.platforms.items() if self._walks(name, key))

    def _walks(self, name: str, platform: str) -> bool:
        return self._every or platform in self._platforms or platform in self._bases[name].platforms

    async def _read(self, names: Sequence[str]) -> list[LockedBase]:
        from gate.evidence.image.locking import lock_base
        from gate.evidence.image.pool import Pool

        sources = self._sources()
        async with Pool(2) as pool:

            async def one(name: str) -> LockedBase | None:
                from gate.errors import GateError

                reference = self._bases[name].reference
                try:
                    return await lock_base(
                        sources.registry(reference),
                        reference,
                        pool=pool,
                        today=self._session.today,
                        walk=lambda platform: self._walks(name, platform),
                        limits=self._session.bounds.image,
                    )
                except GateError as error:
                    self._fail(name, error)
                    return None

            try:
                found = await _several([one(name) for name in names])
            finally:
                await sources.close()
        return [base for base in found if base is not None]

    def _sources(self) -> Sources:
        from gate.cli.images import make_sources

        return make_sources(self._session)

    def _keep(self, name: str, tag: str | None) -> int:
        """Days a digest stays after its tag left it: as long as an image built on it may be approved."""
        from gate.settings.patterns import Name, matches

        ages = [
            pattern.get("max_age")
            for pattern in self._session.settings.parameters("approved-base", self._session.environment)["bases"]
            if matches(pattern, Name(name, tag, None))
        ]
        return max((age for age in ages if age is not None), default=_KEEP_DAYS)

    def _notes(self, bases: Any) -> Iterator[str]:
        """Where the table of known bases says otherwise."""
        from gate.evidence.bases import TableLookup
        from gate.evidence.image.locking import differences

        table = TableLookup(self._session.settings.written.known_bases)
        for base in bases:
            known = table.lookup(self._bases[base.reference].reference, "linux/amd64")
            facts = base.platforms.get("linux/amd64")
            for difference in differences(known, facts) if facts is not None else ():
                print_name = base.reference
                yield f"  the table of known bases says of {print_name}: {difference}"

    def _fail(self, name: str, error: GateError) -> None:
        self._failed[name] = error
        place = self._bases[name].place
        hint = f"\n  {error.hint}" if error.hint else ""
        print(f"gate: {name} ({place}): {error.message}{hint}", file=sys.stderr)


async def _several(work: Sequence[Any]) -> list[Any]:
    slots = asyncio.Semaphore(_AT_ONCE)

    async def one(each: Any) -> Any:
        async with slots:
            return await each

    return await asyncio.gather(*(one(each) for each in work))


def _changes(old: Lock, new: Lock) -> Iterator[str]:
    before = {base.reference: base for base in old.bases if base.superseded is None}
    after = {base.reference: base for base in new.bases if base.superseded is None}
    for name in sorted(before | after):
        if name not in before:
            yield f"+ {name}  {after[name].digest}"
        elif name not in after:
            yield f"- {name}  no longer named"
        elif before[name].digest != after[name].digest:
            yield f"~ {name}  {before[name].digest} -> {after[name].digest}"


def _shown(path: Path, cwd: Path) -> str:
    return str(path.relative_to(cwd)) if path.is_relative_to(cwd) else str(path)
