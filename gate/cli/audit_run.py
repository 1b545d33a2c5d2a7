"""One audit put together: session, sources, evidence, judgement, report."""

from __future__ import annotations

import asyncio
import datetime as dt
import gc
import os
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from gate import __version__
from gate.audit import items as items_of
from gate.audit.images import ImageReader, reading
from gate.audit.inventory import Inventory, list_cluster
from gate.audit.join import join_sources
from gate.audit.model import AuditInputs, AuditReport, Drift
from gate.audit.report import assemble, sources_of
from gate.audit.run import Checkpoint, Item, Limits, Outcome, audit, shard_of
from gate.audit.shards import NAMESPACES, Part, StoredCheckpoint, basis, load_parts, merge, save_part
from gate.cli.audit_judges import LEAST, Judges, JudgeThread
from gate.cli.audit_trees import Trees
from gate.cli.images import lineage, tell
from gate.cli.session import Asked, Session, cache_folder
from gate.errors import StoreError, UsageError
from gate.evidence.kubernetes.workloads import custom_resources
from gate.settings import Settings, parse_settings
from gate.settings.images import vendors_of
from gate.store import FileStore, NoStore, Store

if TYPE_CHECKING:
    from gate.audit.run import Progress
    from gate.evidence.image.reference import Reference

_T = TypeVar("_T")

_KEPT = dt.timedelta(days=30)
"""How long a run can go on where it stopped, in a database."""


async def run_audit(
    values: dict[str, Any], asked: Asked, run: str, progress: Progress, persistent: bool
) -> AuditReport | None:
    """The report; None for a shard that is not the last one to end."""
    from gate.cli.session import variables

    gc.set_threshold(100_000, 20, 20)  # pages of JSON have no cycles, and looking for some takes half of listing
    with JudgeThread(Session(asked, variables(), cwd=Path.cwd(), environ=os.environ)) as judges:
        whole = _Audit(values, judges, run, progress, persistent)
        try:
            return await whole.run()
        finally:
            whole.close()


class _Audit:
    """What the steps of one audit share."""

    def __init__(
        self, values: dict[str, Any], judges: JudgeThread, run: str, progress: Progress, persistent: bool
    ) -> None:
        self.values, self.judges, self.id, self.progress = values, judges, run, progress
        self.session = judges.session
        self.other: Session | None = None
        self.store = _store(values, self.session) if persistent else NoStore()
        self.seen: Counter[str] = Counter()
        self.skipped: Counter[str] = Counter()
        self.failures: list[str] = []
        self.cluster = ""
        self.trees = Trees(seen=self.seen, skipped=self.skipped, failures=self.failures)

    async def run(self) -> AuditReport | None:
        """Read, judge, put together."""
        started = dt.datetime.now(dt.UTC)
        shards, shard = self.values["shards"], self._shard()
        settings = self.session.settings.written
        async with (
            reading(
                environ=os.environ,
                home=Path.home(),
                registries=settings.registries,
                limits=settings.limits,
                notice=tell,
                root=settings.root,
                store=self.store,
                workers=self.values["workers"],
                bases=lambda sources: lineage(self.session, sources, remote=True),
            ) as reader,
            self._candidate() as candidate,
        ):
            for tree in self.values["trees"]:
                await self._tree(Path(tree), candidate)
            found = await self._items(reader)
            mine = [item for item in found if shard_of(item, shards) == shard] if shards > 1 else found
            outcome = await self._judged(mine, reader, candidate)
        if shards > 1:
            whole = self._merge(outcome, shards, shard)
            if whole is None:
                return None
            outcome = whole
        return self._report(outcome, started)

    def close(self) -> None:
        """Close the store, without what runs of long ago left there."""
        from gate.sqlstore import SqlStore

        with suppress(StoreError):  # whatever was found was found
            if isinstance(self.store, SqlStore):
                self.store.prune(dt.datetime.now(dt.UTC).timestamp() - _KEPT.total_seconds(), NAMESPACES)
            self.store.close()

    async def _judged(self, mine: Sequence[Item], reader: ImageReader, candidate: JudgeThread | None) -> Outcome:
        """The outcome for some items, judged in processes of their own where there are many."""
        jobs = self.values["workers"]
        many = len(mine) >= LEAST and jobs > 1 and self.session.engine_name == "regorus"
        async with AsyncExitStack() as stack:
            threads = [each for each in (self.judges, candidate) if each is not None]
            judges: Sequence[Judges | JudgeThread] = threads
            if many:
                judges = [await stack.enter_async_context(Judges(each.session, jobs)) for each in threads]
            return await audit(
                mine,
                images=reader,
                judge=judges[0].judge,
                candidate=judges[1].judge if candidate else None,
                checkpoint=self._checkpoint(),
                progress=self.progress,
                limits=Limits(calls=2 * jobs if many else 1),
            )

    def _shard(self) -> int:
        given = self.values["shard"]
        if self.values["shards"] == 1:
            return 0
        if given is None:
            given = os.environ.get("JOB_COMPLETION_INDEX")
        if given is None or not str(given).isdigit() or int(given) >= self.values["shards"]:
            raise UsageError("which shard?", hint="Give --shard, or run in an Indexed Job.")
        return int(given)

    def _merge(self, outcome: Outcome, shards: int, shard: int) -> Outcome | None:
        part = Part(
            shard=shard,
            results=outcome.results,
            undecided=dict(outcome.undecided),
            failures=outcome.failures,
            seen=dict(self.seen),
            skipped=dict(self.skipped),
            listing_failures=self.failures,
        )
        run = f"{self.id}/{self._basis()}/{shards}"
        save_part(self.store, run, part)
        parts = load_parts(self.store, run, shards)
        if parts is None:
            return None
        whole, self.seen, self.skipped, self.failures = merge(parts)
        return whole

    # --- what there is ----------------------------------------------------------------------------------------

    async def _items(self, reader: ImageReader) -> list[Item]:
        found: list[Item] = []
        if self.values["cluster"]:
            found += await self._cluster(reader)
        for registry in self.values["registries"]:
            listed: dict[Reference, list[str]] = await reader.listed(
                registry, self.values["repositories"], self.values["tags"], self.failures
            )
            self.seen["images"] += len(listed)
            if not listed and not self.failures:
                self.failures.append(f"registry {registry}: no image was found")
            found += items_of.of_registry(listed, registry)
        return found

    async def _cluster(self, reader: ImageReader) -> list[Item]:
        inventory, name = await asyncio.to_thread(self._inventory)
        self.cluster = name
        self.seen.update(inventory.seen)
        self.skipped.update(inventory.skipped)
        self.failures += inventory.failures
        drifts: dict[str, Drift] = {}
        in_use = items_of.tags_in_use(inventory)
        for reference, now in (await reader.digests(in_use)).items():
            running = in_use[reference]
            if running != {now}:
                other = sorted(running - {now})[0]
                drifts[reference] = Drift(reference=reference, running=other, now=now)
        labels = self.values["owner_labels"] or items_of.OWNER_LABELS
        settings = self.session.settings
        return items_of.of_cluster(inventory, name, drifts, labels, settings.of_labels, vendors_of(settings))

    def _inventory(self) -> tuple[Inventory, str]:
        from gate.evidence.kubernetes.cluster import Cluster

        config = self.values["kubeconfig"]
        cluster = Cluster.connect(Path(config) if config else None, self.values["context"])
        try:
            custom = custom_resources(self.session.settings.written)
            return list_cluster(cluster, namespaces=self.values["namespaces"], custom=custom), cluster.name
        finally:
            cluster.close()

    async def _tree(self, root: Path, candidate: JudgeThread | None) -> None:
        """Judge the files of a checkout, by the policy to come as well where there is one."""
        targets = await self.judges.run(lambda: self.trees.targets(self.session, root))
        await self.judges.run(lambda: self.trees.judge(self.session, root, targets))
        if candidate is not None:
            await candidate.run(lambda: self.trees.judge_again(candidate.session, root, targets))

    # --- how it is judged -------------------------------------------------------------------------------------

    @asynccontextmanager
    async def _candidate(self) -> AsyncIterator[JudgeThread | None]:
        """The judgement by the policy to come, with an engine of its own."""
        path, policies = self.values["candidate"], self.values["candidate_policies"]
        if not path and not policies:
            yield None
            return
        asked = self.session.asked._replace(
            config=path or self.session.asked.config, policies=(*self.session.asked.policies, *policies)
        )
        self.other = Session(asked, self.session.variables, cwd=self.session.cwd, environ=self.session.environ)
        with JudgeThread(self.other) as judges:
            yield judges

    def _checkpoint(self) -> Checkpoint | None:
        if isinstance(self.store, NoStore) or not self.values["run_id"]:
            return None
        return StoredCheckpoint(self.store, self.id, self._basis())

    def _basis(self) -> str:
        """What answers rest on: what is asked for, policies, settings, the lock, the day, gate itself."""
        session, other = self.session, self.other
        return basis(
            session.bundle.revision,
            session.settings.written.digest,
            session.today.isoformat(),
            session.lock[1] if session.lock else None,
            other.bundle.revision if other else None,
            other.settings.written.digest if other else None,
            __version__,
            session.environment,
            *sources_of(self.values, self.cluster),
        )

    # --- the report -------------------------------------------------------------------------------------------

    def _report(self, outcome: Outcome, started: dt.datetime) -> AuditReport:
        session, values = self.session, self.values
        joined = join_sources(outcome.results, self.trees.rows, self.trees.images, self.trees.checkouts)
        outcome.results = sorted([*joined, *self.trees.rows], key=lambda result: (result.name, result.key))
        uses = Counter(f.exempted_by for result in outcome.results for f in result.findings if f.exempted_by)
        exemptions = session.settings.written.exemptions
        inputs = session.inputs()
        return assemble(
            run=self.id,
            gate=__version__,
            started=started,
            finished=dt.datetime.now(dt.UTC),
            environment=session.environment,
            inputs=AuditInputs(
                settings=inputs.settings,
                policy=session.bundle.revision,
                engine=session.engine_name,
                lock=inputs.lock,
                known_bases=inputs.known_bases,
                today=session.today.isoformat(),
                sources=sources_of(values, self.cluster),
                candidate=values["candidate"] or ", ".join(values["candidate_policies"]) or None,
            ),
            outcome=outcome,
            seen=self.seen,
            skipped=self.skipped,
            failures=self.failures,
            catalogue=session.bundle.catalogue,
            settings=session.settings,
            shipped=_shipped(session),
            exemptions=exemptions,
            used={index: uses[one.source or ""] for index, one in enumerate(exemptions)},
            inline=self.trees.inline,
            today=session.today,
        )


def _store(values: dict[str, Any], session: Session) -> Store:
    url = values["store"] or os.environ.get("GATE_STORE_URL")
    if url:
        from gate.sqlstore import SqlStore

        return SqlStore(url)
    folder = cache_folder(session.variables, session.environ)
    return FileStore(folder) if folder is not None else NoStore()


def _shipped(session: Session) -> Settings:
    """The settings of an empty gate.yaml, to see what was loosened."""
    catalogue = session.bundle.catalogue
    text = f"version: 1\ncollection: {session.settings.written.collection}\n".encode()
    written = parse_settings(text, session.root / "gate.yaml", catalogue)
    return Settings(written, catalogue, session.bundle.defaults)
