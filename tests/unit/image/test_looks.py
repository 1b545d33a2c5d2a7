"""Looks at images by reference: each digest once, few at a time, a bounded number, no registry without end."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from gate.errors import RegistryError
from gate.evidence.image.looks import AT_ONCE, PATIENCE, Looks
from gate.evidence.image.reference import Reference
from gate.evidence.model import Evidence
from tests.support.subjects import image

HOST = "reg.io"
ONE, TWO = (f"sha256:{digit * 64}" for digit in "12")


class World:
    """Registries in memory: digests by tag, what was asked, and how many were asked at once."""

    def __init__(self, tags: dict[str, str] | None = None, *, fail: str | None = None, unless: int = 0) -> None:
        self.tags = tags or {}
        self.fail, self.unless = fail, unless
        self.resolved: list[str] = []
        self.read_: list[str] = []
        self.now = self.most = 0

    async def resolve(self, reference: Reference) -> str:
        await self._work()
        self.resolved.append(reference.normalized)
        if self.fail and (not self.unless or len(self.resolved) % self.unless):
            raise RegistryError("does not answer", reason=self.fail, where=reference.normalized)
        return self.tags.get(reference.tag or "latest", ONE)

    async def read(self, reference: Reference) -> Sequence[Evidence]:
        await self._work()
        self.read_.append(reference.normalized)
        return [image(reference.normalized)]

    async def _work(self) -> None:
        self.now += 1
        self.most = max(self.most, self.now)
        await asyncio.sleep(0)
        self.now -= 1

    def look(self, *rounds: Sequence[str], **more: int) -> list[dict[str, Sequence[Evidence] | str]]:
        """The answers of one run that asks several times."""

        async def ask() -> list[dict[str, Sequence[Evidence] | str]]:
            looks = Looks(self.resolve, self.read, frozenset({HOST, "other.io"}), **more)
            return [await looks.at(wanted) for wanted in rounds]

        return asyncio.run(ask())


def test_one_digest_of_a_repository_is_read_once_whatever_names_it() -> None:
    world = World({"1": ONE, "2": ONE, "3": TWO})
    names = [f"{HOST}/a:1", f"{HOST}/a:2", f"{HOST}/a@{ONE}", f"{HOST}/a:3"]
    first, second = world.look(names, [*names, f"{HOST}/a@{TWO}"])
    assert world.read_ == [f"{HOST}/a:1@{ONE}", f"{HOST}/a:3@{TWO}"] or sorted(world.read_) == sorted(
        [f"{HOST}/a@{ONE}", f"{HOST}/a:3@{TWO}"]
    )
    assert world.resolved == [f"{HOST}/a:1", f"{HOST}/a:2", f"{HOST}/a:3"]
    assert first == {name: second[name] for name in names}
    assert second[f"{HOST}/a@{TWO}"] == second[f"{HOST}/a:3"]


def test_what_was_read_in_one_repository_answers_for_no_other() -> None:
    world = World()
    world.look([f"{HOST}/a@{ONE}", f"{HOST}/b@{ONE}", f"other.io/a@{ONE}"])
    assert sorted(world.read_) == [f"other.io/a@{ONE}", f"{HOST}/a@{ONE}", f"{HOST}/b@{ONE}"]


def test_a_few_images_are_asked_for_at_a_time() -> None:
    world = World()
    world.look([f"{HOST}/a{number}:1" for number in range(5 * AT_ONCE)])
    assert (world.most, len(world.read_)) == (AT_ONCE, 5 * AT_ONCE)


def test_no_more_images_are_looked_at_than_may_be() -> None:
    world = World()
    names = [f"{HOST}/a{number}:1" for number in range(5)]
    [first, second] = world.look(names[:2], names, most=3)
    late = "it was not read: gate reads at most 3 images in one run"
    assert len(world.resolved) == 3
    assert {name for name, found in {**first, **second}.items() if found == late} == set(names[3:])


@pytest.mark.parametrize(("reason", "asked"), [("unreachable", PATIENCE), ("timeout", PATIENCE), ("not-found", 20)])
def test_a_registry_out_of_order_is_asked_no_more_after_some_failures(reason: str, asked: int) -> None:
    world = World(fail=reason)
    [answers] = world.look([f"{HOST}/a{number}:1" for number in range(20)], at_once=1)
    assert len(world.resolved) == asked
    assert {name for name, found in answers.items() if not isinstance(found, str) or name not in found} == set()


def test_failures_between_successes_stop_nothing() -> None:
    world = World(fail="unreachable", unless=2)
    world.look([f"{HOST}/a{number}:1" for number in range(20)], at_once=1)
    assert len(world.resolved) == 20


def test_a_registry_that_fails_takes_no_other_with_it() -> None:
    world = World(fail="unreachable")
    world.look([f"{HOST}/a{number}:1" for number in range(20)], at_once=1)
    before = len(world.resolved)
    [answers] = world.look([f"other.io/a@{ONE}"])
    assert len(world.resolved) == before
    assert not isinstance(answers[f"other.io/a@{ONE}"], str)


@pytest.mark.parametrize("name", ["evil.example/a:1", "docker.io/library/a:1", "a", "my_host.io/a"])
def test_only_named_registries_are_asked(name: str) -> None:
    world = World()
    [answers] = world.look([name])
    assert (world.resolved, world.read_) == ([], [])
    assert "nothing is asked of it" in str(answers[name])
