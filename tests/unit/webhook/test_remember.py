"""Reports that are remembered: how long, how many, and which never."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from gate.engine.protocol import RawFinding, RawReport
from gate.webhook.remember import ReportMemory

FAILED = RawFinding(rule="r", status="undecided", state="unknown", message="m", reason="rule-error: boom")


def asked(
    talk: Callable[[ReportMemory], Awaitable[None]], *, seconds: float | None = None, size: int = 2
) -> list[bytes]:
    """What reached the engine while ``talk`` went on."""
    found: list[bytes] = []

    async def ask(document: bytes) -> RawReport:
        found.append(document)
        return RawReport(findings=[FAILED] if document == b"fails" else [])

    asyncio.run(_run(talk, ReportMemory(ask, seconds=seconds, size=size)))
    return found


async def _run(talk: Callable[[ReportMemory], Awaitable[None]], memory: ReportMemory) -> None:
    await talk(memory)


async def _each(memory: ReportMemory, *documents: bytes) -> None:
    for document in documents:
        await memory.evaluate(document)


def test_one_document_is_asked_for_once() -> None:
    assert asked(lambda memory: _each(memory, b"a", b"a", b"b", b"a")) == [b"a", b"b"]


def test_the_document_not_used_for_longest_makes_room() -> None:
    assert asked(lambda memory: _each(memory, b"a", b"b", b"a", b"c", b"a", b"b")) == [b"a", b"b", b"c", b"b"]


def test_a_rule_that_failed_is_asked_again() -> None:
    assert asked(lambda memory: _each(memory, b"fails", b"fails")) == [b"fails", b"fails"]


def test_nothing_is_said_again_after_its_time() -> None:
    assert asked(lambda memory: _each(memory, b"a", b"a"), seconds=0.0) == [b"a", b"a"]


def test_what_is_forgotten_is_asked_again() -> None:
    async def talk(memory: ReportMemory) -> None:
        await memory.evaluate(b"a")
        memory.clear()
        await memory.evaluate(b"a")

    assert asked(talk) == [b"a", b"a"]
