"""The tar reader: what it lists, and what it refuses to trust."""

from __future__ import annotations

import io
import subprocess
import tarfile
from pathlib import Path

import pytest
from gate.evidence.image.tar import HEAD, Batch, TarLimits, TarReader
from tests.support.tar_grammar import GNU, V7, ZERO, block, entry, long, padded, pax, record

END = ZERO * 2
SHELL = entry(b"bin/sh", b"#!", mode=0o755)


def read(data: bytes, limits: TarLimits | None = None, keep: tuple[bytes, ...] = ()) -> tuple[TarReader, Batch]:
    reader = TarReader(limits, keep=keep)
    batch = reader.feed(data)
    reader.finish()
    return reader, batch


def names(data: bytes) -> list[bytes]:
    reader, batch = read(data)
    assert reader.fault is None
    return batch.names


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        pytest.param(pax({b"path": b"etc/harmless"}, kind=b"g") + SHELL + END, "global extended header sets path", id="global path"),
        pytest.param(pax({b"linkpath": b"x"}, kind=b"g") + SHELL + END, "global extended header sets linkpath", id="global linkpath"),
        pytest.param(pax({b"size": b"0"}, kind=b"g") + SHELL + END, "global extended header sets size", id="global size"),
        pytest.param(pax({b"path": b"etc/x"}) + long(b"bin/sh\x00") + SHELL + END, "several extended headers", id="pax then long name"),
        pytest.param(long(b"bin/sh\x00") + pax({b"path": b"etc/x"}) + SHELL + END, "several extended headers", id="long name then pax"),
        pytest.param(long(b"x\x00", kind=b"K") + pax({b"linkpath": b"y"}) + block(b"a", kind=b"2", link=b"z") + END, "several extended headers", id="long link and linkpath"),
        pytest.param(pax({b"path": b"a"}) + pax({b"uid": b"1"}) + SHELL + END, "several extended headers", id="two pax headers"),
        pytest.param(long(b"a\x00") + long(b"b\x00") + SHELL + END, "several extended headers", id="two long names"),
        pytest.param(pax({b"path": b"a"}) + pax({b"comment": b"x"}, kind=b"g") + SHELL + END, "several extended headers", id="global header between"),
        pytest.param(pax({b"path": b""}) + SHELL + END, "path readers differ on", id="empty path"),
        pytest.param(pax({b"path": b"bin/sh\x00x"}) + SHELL + END, "path readers differ on", id="NUL in path"),
        pytest.param(pax({b"size": b"2"}) + block(b"bin/sh") + padded(b"#!") + END, "size is not the header's", id="size over zero"),
        pytest.param(pax({b"GNU.sparse.major": b"1"}) + SHELL + END, "GNU.sparse.major readers differ on", id="sparse by pax"),
        pytest.param(block(b"a", kind=b"S") + END, "type is unknown", id="sparse"),
        pytest.param(block(b"a", kind=b"7") + END, "type is unknown", id="contiguous"),
        pytest.param(block(b"a", kind=b"Z") + END, "type is unknown", id="unknown type"),
        pytest.param(pax(record(b"path", b"a") + record(b"path", b"b")) + SHELL + END, "repeats a keyword", id="path twice"),
        pytest.param(pax(b"30 path=a\n") + SHELL + END, "wrong length", id="record too long"),
        pytest.param(block(b"a", size=2 << 20, kind=b"x") + END, "longer than 1048576 bytes", id="pax over 1 MiB"),
        pytest.param(ZERO + SHELL + END, "single zero block", id="one zero block"),
        pytest.param(SHELL + END + b"x", "data follows the end", id="trailing data"),
        pytest.param(SHELL + END + SHELL, "data follows the end", id="trailing entry"),
        pytest.param(SHELL[:-1], "ends inside", id="cut content"),
        pytest.param(SHELL + END[:700], "ends inside", id="cut end"),
        pytest.param(pax({b"path": b"a"}) + END, "followed by no entry", id="nothing after pax"),
        pytest.param(entry(b"dir/", b"content") + END, "ends with a slash", id="regular file with slash"),
        pytest.param(entry(b"dir/", kind=b"\x00", content=b"x") + END, "has a size", id="old directory with size"),
        pytest.param(block(b"l", kind=b"2", link=b"x", size=512) + ZERO + END, "has a size", id="link with size"),
        pytest.param(block(b"l", kind=b"2") + END, "leads nowhere", id="link to nothing"),
        pytest.param(block(b"bin/sh", check=b"000000\x00 ") + END, "checksum", id="checksum"),
        pytest.param(entry(b"sh", magic=GNU, rest=b"14000000000\x0014000000000\x00") + END, "times or sparse", id="GNU times as prefix"),
        pytest.param(entry(b"sh", magic=GNU, rest=b"bin") + END, "times or sparse", id="GNU prefix"),
        pytest.param(entry(b"sh", magic=V7, rest=b"bin") + END, "new fields", id="V7 with prefix"),
        pytest.param(entry(b"sh", magic=b"ustar\x00\x00\x00") + END, "format is unknown", id="no version"),
        pytest.param(block(b"a", size=b"\x0000000000010") + END, "not octal", id="NUL before digits"),
        pytest.param(block(b"a", mtime=b"\xff" * 12) + END, "negative", id="negative time"),
        pytest.param(block(b"") + END, "no name", id="no name"),
        pytest.param(long(b"x" * 5000 + b"\x00") + SHELL + END, "longer than 4096", id="long path"),
        pytest.param(long(b"a\x00b") + SHELL + END, "holds a NUL", id="NUL in long name"),
    ],
)  # fmt: skip
def test_what_leaves_the_plain_profile_is_not_trusted(data: bytes, fault: str) -> None:
    reader, _ = read(data)
    assert reader.fault is not None and fault in reader.fault
    assert not reader.complete


def test_plain_entries_are_listed_with_all_that_is_known_of_them() -> None:
    data = (
        entry(b"bin/busybox", b"\x7fELF" + bytes(2000), mode=0o104755)
        + block(b"bin/sh", kind=b"2", link=b"/bin/busybox")
        + pax({b"path": b"d/" * 100, b"SCHILY.xattr.security.capability": b"\x01\x02"})
        + block(b"d", kind=b"5", mode=0o1777)
        + long(b"e" * 300 + b"\x00")
        + long(b"f" * 200 + b"\x00", kind=b"K")
        + block(b"e", kind=b"1", link=b"f", magic=GNU)
        + block(b"dev/null", kind=b"3", device=(1, 3), mode=0o666)
        + entry(b"a" * 100, b"x", rest=b"prefix")
        + block(b"old/", kind=b"\x00", magic=V7)
        + END
    )
    reader, batch = read(data)
    assert reader.complete and reader.count == 7
    assert batch.names == [
        b"bin/busybox",
        b"bin/sh",
        b"d/" * 100,
        b"e" * 300,
        b"dev/null",
        b"prefix/" + b"a" * 100,
        b"old/",
    ]
    assert bytes(batch.kinds) == b"0251305"
    assert batch.modes == [0o4755, 0o644, 0o1777, 0o644, 0o666, 0o644, 0o644]
    assert batch.sizes == [2004, 0, 0, 0, 0, 1, 0]
    assert batch.heads == [b"\x7fELF" + bytes(HEAD - 4), b"", b"", b"", b"", b"x", b""]
    assert batch.links == {1: b"/bin/busybox", 3: b"f" * 200}
    assert batch.xattrs == {2: {b"security.capability": b"\x01\x02"}}
    assert batch.devices == {4: (1, 3)}
    assert [data[at : at + 4] for at in batch.offsets[:1]] == [b"\x7fELF"]


@pytest.mark.parametrize("end", [b"", ZERO, ZERO * 2, ZERO * 20], ids=["none", "one block", "two", "many"])
def test_any_end_go_accepts_is_accepted(end: bytes) -> None:
    assert names(SHELL + end) == [b"bin/sh"]


def test_an_empty_stream_is_an_empty_listing() -> None:
    assert names(b"") == []


@pytest.mark.parametrize("step", [1, 100, 512, 513, 4096])
def test_contents_are_kept_by_name_however_they_arrive(step: int) -> None:
    passwd = b"root:x:0:0::/:/bin/sh\n" * 40
    data = entry(b"etc/passwd", passwd) + entry(b"etc/other", b"o") + entry(b"./etc/group", b"g") + END
    reader = TarReader(TarLimits(kept_file=800), keep=(b"passwd", b"group"))
    for at in range(0, len(data), step):
        reader.feed(data[at : at + step])
    reader.finish()
    assert reader.complete
    assert reader.kept == {0: passwd[:800], 2: b"g"}


def test_contents_past_the_bound_are_not_kept() -> None:
    data = b"".join(entry(b"%d/passwd" % i, bytes(400)) for i in range(4)) + END
    reader, _ = read(data, TarLimits(kept=1000), keep=(b"passwd",))
    assert sorted(reader.kept) == [0, 1]


@pytest.mark.parametrize(
    ("limits", "fault"),
    [(TarLimits(entries=3), "more than 3 entries"), (TarLimits(names=20), "more than 20 bytes of names")],
)
def test_bounds_end_the_reading(limits: TarLimits, fault: str) -> None:
    reader, _ = read(b"".join(entry(b"file%d" % i) for i in range(5)) + END, limits)
    assert reader.fault == fault


@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_archives_of_python_are_plain(form: int) -> None:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=form) as archive:
        for name in ("bin/sh", "dir/" + "n" * (90 if form == tarfile.USTAR_FORMAT else 150), "café"):
            member = tarfile.TarInfo(name)
            member.size, member.mtime, member.uid = 3, 1_700_000_000, 70_000
            archive.addfile(member, io.BytesIO(b"abc"))
    assert len(names(out.getvalue())) == 3


@pytest.mark.parametrize(
    "command",
    [
        ["tar", "--format=gnu"],
        ["tar", "--format=posix"],
        ["tar", "--format=ustar"],
        ["tar", "--format=v7"],
        ["busybox", "tar"],
    ],
    ids=" ".join,
)
def test_archives_of_real_programs_are_plain(command: list[str], tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    (tree / "bin").mkdir(parents=True)
    (tree / "bin" / "busybox").write_bytes(b"\x7fELF" + bytes(5000))
    (tree / "bin" / "sh").symlink_to("busybox")
    (tree / "bin" / "ash").hardlink_to(tree / "bin" / "busybox")
    listed = subprocess.run([*command, "-cf", "-", "-C", str(tree), "."], capture_output=True, check=True).stdout
    assert sorted(names(listed)) == [b"./", b"./bin/", b"./bin/ash", b"./bin/busybox", b"./bin/sh"]
