"""The archive/tar oracle gives answers known beforehand, also where it and Python's tarfile part ways."""

import gzip
import hashlib
import io
import tarfile

import pytest

pytestmark = pytest.mark.go


def archive(*members: tuple[tarfile.TarInfo, bytes], **options) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", **options) as tar:
        for info, content in members:
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return out.getvalue()


def member(name: str, **fields) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    for key, value in fields.items():
        setattr(info, key, value)
    return info


def test_it_lists_what_an_archive_holds(tar_oracle, tmp_path):
    data = archive(
        (member("bin", type=tarfile.DIRTYPE, mode=0o755), b""),
        (member("bin/sh", mode=0o4755, uid=7, gid=8, uname="u", gname="g"), b"#!"),
        (member("bin/ash", type=tarfile.SYMTYPE, linkname="sh"), b""),
        (member("bin/hard", type=tarfile.LNKTYPE, linkname="bin/sh"), b""),
        (member("x" * 200, pax_headers={"SCHILY.xattr.user.a": "b"}), b""),
        (member("dev", type=tarfile.CHRTYPE, devmajor=0, devminor=3), b""),
        format=tarfile.PAX_FORMAT,
    )
    path = tmp_path / "layer.tar"
    path.write_bytes(data)
    found = tar_oracle.entries(path, hashes=True)
    assert found["error"] is None
    assert found == tar_oracle.entries(data, hashes=True)
    assert found == tar_oracle.entries(gzip.compress(data[:512]) + gzip.compress(data[512:]), gzip=True, hashes=True)
    shape = [(e["name"], e["typeflag"], oct(e["mode"]), e["linkname"], e["devminor"]) for e in found["entries"]]
    assert shape == [
        ("bin/", "5", "0o755", "", 0),
        ("bin/sh", "0", "0o4755", "", 0),
        ("bin/ash", "2", "0o644", "sh", 0),
        ("bin/hard", "1", "0o644", "bin/sh", 0),
        ("x" * 200, "0", "0o644", "", 0),
        ("dev", "3", "0o644", "", 3),
    ]
    shell = found["entries"][1]
    assert (shell["uid"], shell["gid"], shell["uname"], shell["gname"], shell["size"]) == (7, 8, "u", "g", 2)
    assert shell["sha256"] == hashlib.sha256(b"#!").hexdigest()
    assert found["entries"][4]["pax"]["SCHILY.xattr.user.a"] == "b"


def test_entries_before_a_fault_are_kept_beside_the_error(tar_oracle):
    data = archive((member("a"), b"1"), (member("b"), b"2" * 600))
    cut = tar_oracle.entries(data[:1600], hashes=True)
    assert [entry["name"] for entry in cut["entries"]] == ["a", "b"]
    assert "unexpected EOF" in cut["error"]
    broken = bytearray(data)
    broken[1024] ^= 1
    found = tar_oracle.entries(bytes(broken))
    assert [entry["name"] for entry in found["entries"]] == ["a"]
    assert found["error"] == "archive/tar: invalid tar header"


def test_names_that_are_not_utf8_come_back_as_surrogates(tar_oracle):
    data = archive((member("a\udcff"), b""), format=tarfile.GNU_FORMAT, errors="surrogateescape")
    assert [entry["name"] for entry in tar_oracle.entries(data)["entries"]] == ["a\udcff"]


def test_an_absent_file_and_an_empty_one_are_told_apart(tar_oracle, tmp_path):
    assert "no such file" in tar_oracle.entries(tmp_path / "absent")["error"]
    assert tar_oracle.entries(b"") == {"error": None, "entries": []}
