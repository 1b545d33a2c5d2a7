"""A run judges every item once, survives a kill, and divides into shards without loss."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from gate.audit.model import AuditResult, Place
from gate.audit.run import Item, Outcome, audit, shard_of
from gate.audit.shards import Part, StoredCheckpoint, basis, load_parts, merge, save_part
from gate.errors import RegistryError, StoreError
from gate.evidence.kubernetes.containers import unknown_facts
from gate.evidence.model import Evidence, Subject
from gate.finding import Finding, Result
from gate.store import FileStore, MemoryStore


def item(number: int, image: str | None = None) -> Item:
    def build(found: Sequence[Evidence] | str) -> Sequence[Evidence]:
        reason = found if isinstance(found, str) else "known"
        return [Evidence(kind="image", subject=Subject(name=f"s{number}"), facts=unknown_facts(reason))]

    return Item(
        key=f"k{number}", kind="image", name=f"s{number}", places=(Place(source="here"),), owners=("o",), build=build,
        image=image or f"reg.io/i{number}",
    )  # fmt: skip


async def judge(asked: Sequence[tuple[Evidence, str | None]]) -> list[Result]:
    return [_result(evidence) for evidence, _ in asked]


def _result(evidence: Evidence) -> Result:
    reason = evidence.facts.user.reason
    finding = Finding(
        rule="non-root", aliases=[], severity="high", level="deny", status="undecided", state="unknown", message="?",
        location=None, fix=None, docs=None, fingerprint=evidence.subject.name, reason=reason,
    )  # fmt: skip
    bad = reason != "known"
    return Result(
        subject=evidence.subject,
        environment="prod",
        verdict="undecided" if bad else "pass",
        findings=[finding] if bad else [],
    )


class Images:
    """Evidence in memory; counts what was asked, can fail and can stop the world after some."""

    def __init__(self, stop_after: int | None = None) -> None:
        self.asked: list[str] = []
        self.stop_after = stop_after

    async def __call__(self, image: str) -> Sequence[Evidence] | str:
        self.asked.append(image)
        if self.stop_after is not None and len(self.asked) > self.stop_after:
            await asyncio.Event().wait()
        if "gone" in image:
            raise RegistryError("not found", reason="not-found")
        return [Evidence(kind="image", subject=Subject(name=image), facts=unknown_facts("x"))]


def run(items: Sequence[Item], images: Any, **more: Any) -> Outcome:
    return asyncio.run(audit(items, images=images, judge=judge, **more))


def test_every_image_is_asked_for_once_however_many_use_it() -> None:
    images = Images()
    outcome = run([item(number, f"reg.io/shared{number % 3}") for number in range(30)], images)
    assert sorted(images.asked) == ["reg.io/shared0", "reg.io/shared1", "reg.io/shared2"]
    assert len(outcome.results) == 30


def test_an_image_that_vanished_is_undecided_by_name_and_the_others_are_judged() -> None:
    outcome = run([item(1), item(2, "reg.io/gone"), item(3)], Images())
    assert {(r.name, r.verdict) for r in outcome.results} == {("s1", "pass"), ("s2", "undecided"), ("s3", "pass")}
    assert outcome.undecided == Counter({"not found": 1})


def test_an_image_that_vanished_makes_the_run_incomplete_and_is_named_once() -> None:
    items = [item(1), *(item(number, "reg.io/gone") for number in range(2, 5))]
    assert run(items, Images()).failures == ["reg.io/gone: not found"]


def test_an_image_that_could_not_be_read_is_tried_again_when_the_run_goes_on(tmp_path: Path) -> None:
    store = FileStore(tmp_path)
    items = [item(1), item(2, "reg.io/gone")]
    for _ in range(2):
        images = Images()
        outcome = run(items, images, checkpoint=StoredCheckpoint(store, "nightly", "b"))
        assert (len(outcome.results), outcome.failures) == (2, ["reg.io/gone: not found"])
    assert images.asked == ["reg.io/gone"]


def test_a_subject_that_was_not_judged_is_judged_when_the_run_goes_on(tmp_path: Path) -> None:
    async def killed(asked: Sequence[tuple[Evidence, str | None]]) -> list[Result | str]:
        return ["the process ended" if each.subject.name == "s1" else _result(each) for each, _ in asked]

    notes = StoredCheckpoint(FileStore(tmp_path), "r", "b")
    first = asyncio.run(audit([item(0), item(1)], images=Images(), judge=killed, checkpoint=notes))
    assert first.failures == ["s1: it was not judged: the process ended"]
    again = run([item(0), item(1)], Images(), checkpoint=notes)
    assert (again.resumed, again.failures) == (1, [])
    assert [result.verdict for result in again.results] == ["pass", "pass"]


def test_a_run_that_was_cut_off_goes_on_where_it_stopped(tmp_path: Path) -> None:
    items = [item(number) for number in range(10)]
    store = FileStore(tmp_path)

    async def cut() -> None:
        limits = _Limits()
        work = audit(
            items,
            images=Images(stop_after=6),
            judge=judge,
            checkpoint=StoredCheckpoint(store, "nightly", "b"),
            limits=limits,
        )
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(work, 1)

    asyncio.run(cut())
    images = Images()
    outcome = run(items, images, checkpoint=StoredCheckpoint(store, "nightly", "b"))
    assert outcome.resumed == 6 and len(images.asked) == 4
    assert [r.key for r in outcome.results] == sorted(i.key for i in items)
    whole = run(items, Images())
    assert outcome.results == whole.results


def _Limits() -> Any:
    from gate.audit.run import Limits

    return Limits(images=1, batch=1)


@pytest.mark.parametrize("other", [("other", "b"), ("nightly", "changed")])
def test_another_run_or_policy_starts_anew(tmp_path: Path, other: tuple[str, str]) -> None:
    store = FileStore(tmp_path)
    run([item(1)], Images(), checkpoint=StoredCheckpoint(store, "nightly", "b"))
    images = Images()
    assert run([item(1)], images, checkpoint=StoredCheckpoint(store, *other)).resumed == 0
    assert images.asked == ["reg.io/i1"]


@pytest.mark.parametrize("shards", [1, 2, 4, 7])
def test_shards_divide_the_items_and_keep_an_image_together(shards: int) -> None:
    items = [item(number, f"reg.io/i{number % 40}") for number in range(200)]
    by_image: dict[str | None, set[int]] = {}
    for one in items:
        by_image.setdefault(one.image, set()).add(shard_of(one, shards))
    assert all(len(found) == 1 for found in by_image.values())
    assert {shard_of(one, shards) for one in items} == set(range(shards))


def test_parts_merge_to_what_one_process_finds() -> None:
    items = [item(number, f"reg.io/{'gone' if number % 5 == 0 else 'i'}{number}") for number in range(40)]
    whole = run(items, Images())
    store = MemoryStore()
    for shard in range(3):
        mine = [one for one in items if shard_of(one, 3) == shard]
        part = run(mine, Images())
        assert load_parts(store, "r", 3) is None
        save_part(
            store,
            "r",
            Part(
                shard=shard, results=part.results, undecided=dict(part.undecided), failures=[], seen={"pods": 40},
                skipped={}, listing_failures=["pods of secret: 403"],
            ),
        )  # fmt: skip
    parts = load_parts(store, "r", 3)
    assert parts is not None
    merged, seen, _, failures = merge(parts)
    assert (merged.results, merged.undecided) == (whole.results, whole.undecided)
    assert (seen, failures) == (Counter({"pods": 40}), ["pods of secret: 403"])


def test_a_store_that_fails_to_note_a_result_ends_the_run_with_the_reason() -> None:
    class Broken(MemoryStore):
        def put(self, namespace: str, key: str, value: bytes) -> None:
            raise StoreError("disk full")

    with pytest.raises(StoreError, match="disk full"):
        run([item(1)], Images(), checkpoint=StoredCheckpoint(Broken(), "r", "b"))


def test_damaged_notes_are_judged_again() -> None:
    store = MemoryStore()
    store.put("audit-subject", "r/b/k1", b"junk")
    assert StoredCheckpoint(store, "r", "b").load(["k1", "k2"]) == {}


def test_a_basis_changes_with_each_of_its_parts() -> None:
    assert len({basis("a", "b"), basis("ab", ""), basis("a", None), basis("b", "a")}) == 4


def test_results_are_in_one_order_whatever_came_first() -> None:
    names = [r.name for r in run([item(n) for n in (3, 1, 2)], Images()).results]
    assert names == ["s1", "s2", "s3"]
    assert all(isinstance(r, AuditResult) for r in run([item(1)], Images()).results)
