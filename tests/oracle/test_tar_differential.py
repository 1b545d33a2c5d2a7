"""Whenever the tar reader claims a listing, Go's archive/tar reads the same: 10,000 generated archives."""

from __future__ import annotations

import io
import itertools
import tarfile
from collections.abc import Iterator
from random import Random
from typing import Any

import pytest
from gate.evidence.image.tar import TarReader

from tests.support import tar_grammar as grammar
from tests.support.oracles import TarOracle

pytestmark = pytest.mark.go

SEED = 20261121
ARCHIVES = 10_000


def listing(archive: bytes, step: int) -> tuple[str | None, list[dict[str, Any]]]:
    """What our reader makes of an archive that arrives ``step`` bytes at a time: the fault, and the entries."""
    reader = TarReader()
    found = []
    for at in range(0, len(archive), step):
        batch = reader.feed(archive[at : at + step])
        found += [
            {
                "name": name,
                "typeflag": chr(kind),
                "mode": mode,
                "size": size,
                "linkname": batch.links.get(index, b""),
                "device": batch.devices.get(index),
                "xattrs": batch.xattrs.get(index, {}),
            }
            for index, (name, kind, mode, size) in enumerate(
                zip(batch.names, batch.kinds, batch.modes, batch.sizes, strict=True)
            )
        ]
    reader.finish()
    return reader.fault, found


def as_go_reads(answer: dict[str, Any]) -> list[dict[str, Any]]:
    """Go's listing in the same shape; global headers, which Go lists and runtimes ignore, are left out."""
    entries = [entry for entry in answer["entries"] if entry["typeflag"] != "g"]
    return [
        {
            "name": raw(entry["name"]),
            "typeflag": entry["typeflag"],
            "mode": entry["mode"] & 0o7777,
            "size": entry["size"],
            "linkname": raw(entry["linkname"]) if entry["typeflag"] in "12" else b"",
            "device": (entry["devmajor"], entry["devminor"]) if entry["typeflag"] in "34" else None,
            "xattrs": {
                key.removeprefix("SCHILY.xattr.").encode(): raw(value)
                for key, value in entry["pax"].items()
                if key.startswith("SCHILY.xattr.")
            },
        }
        for entry in entries
    ]


def raw(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def archives() -> Iterator[bytes]:
    random = Random(SEED)
    return (grammar.archive(random) for _ in range(ARCHIVES))


def test_every_claimed_listing_is_the_one_go_reads(tar_oracle: TarOracle) -> None:
    ours, theirs = itertools.tee(archives())
    claimed = refused_by_both = 0
    faults: set[str] = set()
    for number, (archive, answer) in enumerate(zip(ours, tar_oracle.entries_all(theirs), strict=True)):
        fault, found = listing(archive, step=(1 << 20, 512, 700)[number % 3])
        if fault is not None:
            faults.add(fault)
            refused_by_both += answer["error"] is not None
            continue
        claimed += 1
        assert answer["error"] is None, (number, answer["error"], found)
        assert found == as_go_reads(answer), number
    assert claimed > ARCHIVES // 5, "the generator should stay within the plain profile often enough to mean something"
    assert refused_by_both > ARCHIVES // 10
    assert len(faults) > 25, faults


def test_how_the_bytes_arrive_does_not_change_a_listing() -> None:
    for archive in itertools.islice(archives(), 600):
        whole = listing(archive, 1 << 20)
        for step in (1, 511, 513):
            fault, found = listing(archive, step)
            assert (fault, found if fault is None else None) == (whole[0], whole[1] if whole[0] is None else None)


def test_every_claimed_listing_is_the_one_python_reads_too() -> None:
    for number, archive in enumerate(itertools.islice(archives(), 3_000)):
        fault, found = listing(archive, 1 << 20)
        if fault is None and found:
            with tarfile.open(
                fileobj=io.BytesIO(archive), mode="r:", encoding="utf-8", errors="surrogateescape"
            ) as theirs:
                listed = [
                    (raw(member.name), member.type.replace(b"\x00", b"0").decode(), member.size) for member in theirs
                ]
            assert [(e["name"].rstrip(b"/"), e["typeflag"], e["size"]) for e in found] == listed, number
