"""Evidence for admission: who may ask, what is asked of a registry, and what happens while it is down or slow."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from gate.errors import RegistryError, StoreError
from gate.evidence.image.reference import Reference
from gate.evidence.kubernetes.containers import unknown_facts
from gate.evidence.model import Evidence, Subject
from gate.webhook.admission import Missing, Pull
from gate.webhook.evidence import EvidenceProvider, ProviderSettings, Read, Recent
from gate.webhook.metrics import Metrics

A, B = "sha256:" + "a" * 64, "sha256:" + "b" * 64
FACTS = [Evidence(kind="image", subject=Subject(name="i"), facts=unknown_facts("x"))]
SHOP, OTHER = Pull("shop", ("s",)), Pull("other")


class Reader:
    """A registry in memory that can fail, hang and count."""

    def __init__(self) -> None:
        self.tags = {"reg.io/api:1": A}
        self.private_to: set[str] | None = None
        self.down: RegistryError | None = None
        self.resolved: list[str] = []
        self.read_digests: list[str] = []
        self.gate = asyncio.Event()
        self.gate.set()

    async def resolve(self, reference: Reference, pull: Pull) -> str:
        self.resolved.append(reference.normalized)
        if self.down is not None:
            raise self.down
        if self.private_to is not None and pull.namespace not in self.private_to:
            raise RegistryError("unauthorized", reason="unauthorized")
        return reference.digest or self.tags[reference.normalized]

    async def read(self, reference: Reference, digest: str, pull: Pull) -> Read:
        self.read_digests.append(digest)
        await self.gate.wait()
        if self.down is not None:
            raise self.down
        return Read(FACTS)


class Memory:
    """A shared store in memory; ``broken`` makes it fail."""

    def __init__(self) -> None:
        self.values: dict[str, bytes] = {}
        self.broken = False

    async def get(self, key: str) -> bytes | None:
        if self.broken:
            raise StoreError("down")
        return self.values.get(key)

    async def put(self, key: str, value: bytes, *, reference: str) -> None:
        if self.broken:
            raise StoreError("down")
        self.values[key] = value


Talk = Callable[[EvidenceProvider, Reader, Memory], Awaitable[Any]]


def run(talk: Talk, *, store: Memory | None = None, **changes: Any) -> Any:
    async def main() -> Any:
        memory = store or Memory()
        reader = Reader()
        settings = ProviderSettings(hosts=frozenset({"reg.io"}), context="v1", **changes)
        provider = EvidenceProvider(reader, memory, settings, Metrics())
        try:
            return await talk(provider, reader, memory)
        finally:
            reader.gate.set()
            await provider.close()

    return asyncio.run(main())


def test_a_registry_that_settings_do_not_name_is_never_asked() -> None:
    async def talk(provider: EvidenceProvider, reader: Reader, _: Memory) -> Any:
        return await provider("evil.io/api:1", SHOP), reader.resolved

    missing, asked = run(talk)
    assert isinstance(missing, Missing) and "do not name the registry evil.io" in missing.reason
    assert asked == []


@pytest.mark.parametrize("image", ["UPPER/x", "", "a b", "reg.io/x@sha256:zz"])
def test_a_reference_that_cannot_be_read_is_missing_evidence(image: str) -> None:
    async def talk(provider: EvidenceProvider, _reader: Reader, _: Memory) -> Any:
        return await provider(image, SHOP)

    assert isinstance(run(talk), Missing)


def test_a_hundred_at_once_cost_one_head_and_one_reading() -> None:
    async def talk(provider: EvidenceProvider, reader: Reader, _: Memory) -> Any:
        found = await asyncio.gather(*(provider("reg.io/api:1", SHOP) for _ in range(100)))
        again = await provider("reg.io/api:1", SHOP)
        return found, again, reader.resolved, reader.read_digests

    found, again, resolved, read = run(talk)
    assert all(one == FACTS for one in [*found, again])
    assert (resolved, read) == (["reg.io/api:1"], [A])


def test_cached_facts_do_not_answer_for_someone_who_may_not_read_the_image() -> None:
    async def talk(provider: EvidenceProvider, reader: Reader, _: Memory) -> Any:
        reader.private_to = {"shop"}
        mine = await provider(f"reg.io/api@{A}", SHOP)
        theirs = await provider(f"reg.io/api@{A}", OTHER)
        return mine, theirs, reader.resolved

    mine, theirs, resolved = run(talk)
    assert mine == FACTS
    assert isinstance(theirs, Missing) and theirs.reason == "unauthorized"
    assert len(resolved) == 2


def test_facts_outlive_the_process_in_the_shared_store() -> None:
    store = Memory()

    async def first(provider: EvidenceProvider, _reader: Reader, _: Memory) -> Any:
        return await provider("reg.io/api:1", SHOP)

    async def second(provider: EvidenceProvider, reader: Reader, _: Memory) -> Any:
        return await provider("reg.io/api:1", SHOP), reader.read_digests

    assert run(first, store=store) == FACTS
    assert run(second, store=store) == (FACTS, [])


@pytest.mark.parametrize("stored", [b"junk", b"{}", b""])
def test_what_the_store_holds_is_checked(stored: bytes) -> None:
    store = Memory()
    store.values[f"facts/v1/{A}"] = stored

    async def talk(provider: EvidenceProvider, reader: Reader, _: Memory) -> Any:
        return await provider("reg.io/api:1", SHOP), reader.read_digests

    assert run(talk, store=store) == (FACTS, [A])


def test_a_store_that_is_down_costs_a_reading_and_no_verdict() -> None:
    async def talk(provider: EvidenceProvider, _reader: Reader, store: Memory) -> Any:
        store.broken = True
        return await provider("reg.io/api:1", SHOP)

    assert run(talk) == FACTS


@pytest.mark.parametrize("image", ["reg.io/api:1", f"reg.io/api@{A}"])
@pytest.mark.parametrize(
    ("outage", "reason", "known"),
    [("last-known", "unreachable", True), ("last-known", "timeout", True), ("last-known", "rate-limited", True),
     ("last-known", "unauthorized", False), ("last-known", "not-found", False), ("refuse", "unreachable", False)],
)  # fmt: skip
def test_a_registry_outage_does_not_block_what_was_known(image: str, outage: Any, reason: str, known: bool) -> None:
    store = Memory()

    async def before(provider: EvidenceProvider, _reader: Reader, _: Memory) -> Any:
        return await provider(image, SHOP)

    async def after(provider: EvidenceProvider, reader: Reader, _: Memory) -> Any:
        reader.down = RegistryError("down", reason=reason)
        return await provider(image, SHOP)

    run(before, store=store)
    found = run(after, store=store, outage=outage)
    assert (found == FACTS) is known
    assert known or isinstance(found, Missing)


def test_an_outage_does_not_invent_facts_of_an_unknown_image() -> None:
    async def talk(provider: EvidenceProvider, reader: Reader, _: Memory) -> Any:
        reader.down = RegistryError("down", reason="unreachable")
        return await provider(f"reg.io/api@{B}", SHOP)

    assert run(talk) == Missing("down")


def test_a_slow_reading_is_pending_and_goes_on_for_the_retry() -> None:
    async def talk(provider: EvidenceProvider, reader: Reader, _: Memory) -> Any:
        reader.gate.clear()
        deadline = asyncio.get_running_loop().time() + 0.1
        first = await provider("reg.io/api:1", Pull("shop", ("s",), deadline=deadline))
        reader.gate.set()
        second = await provider("reg.io/api:1", SHOP)
        return first, second, reader.read_digests

    first, second, read = run(talk)
    assert first == Missing("its layers are being read", pending=True)
    assert (second, read) == (FACTS, [A])


def test_a_full_queue_says_so_instead_of_growing() -> None:
    async def talk(provider: EvidenceProvider, reader: Reader, _: Memory) -> Any:
        reader.gate.clear()
        soon = asyncio.get_running_loop().time() + 0.2
        await provider(f"reg.io/api@{A}", Pull("shop", deadline=soon))
        return await provider(f"reg.io/api@{B}", Pull("shop", deadline=soon + 5)), reader.read_digests

    found, read = run(talk, queue=1)
    assert found == Missing("1 images are waiting to be read", pending=True)
    assert read == [A]


def test_a_failed_reading_is_not_repeated_at_once() -> None:
    async def talk(provider: EvidenceProvider, reader: Reader, _: Memory) -> Any:
        await provider("reg.io/api:1", SHOP)
        reader.read_digests.clear()
        reader.tags["reg.io/api:2"] = B
        real = reader.resolve

        async def resolve(reference: Reference, pull: Pull) -> str:
            reader.down = None
            digest = await real(reference, pull)
            reader.down = RegistryError("blob is gone", reason="not-found")
            return digest

        reader.resolve = resolve  # type: ignore[method-assign]
        return [await provider("reg.io/api:2", SHOP) for _ in range(3)], reader.read_digests

    found, read = run(talk)
    assert found == [Missing("blob is gone")] * 3
    assert read == [B]


def test_another_digest_than_the_one_named_is_refused() -> None:
    async def talk(provider: EvidenceProvider, reader: Reader, _: Memory) -> Any:
        async def lie(_reference: Reference, _pull: Pull) -> str:
            return B

        reader.resolve = lie  # type: ignore[method-assign]
        return await provider(f"reg.io/api@{A}", SHOP)

    found = run(talk)
    assert isinstance(found, Missing) and "another digest" in found.reason


def test_memory_is_bounded_and_forgets_in_time() -> None:
    now = 0.0
    recent: Recent[int, int] = Recent(3, lambda: now)
    for number in range(5):
        recent.put(number, number, 10)
    assert [recent.get(n) for n in range(5)] == [None, None, 2, 3, 4]
    now = 11.0
    assert [recent.get(n) for n in range(5)] == [None] * 5
