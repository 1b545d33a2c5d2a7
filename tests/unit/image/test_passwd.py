"""Every form of the config's User, against passwd and group files of every shape."""

from __future__ import annotations

import pytest
from gate.evidence.image.passwd import AccountFiles, names, resolve

PASSWD = b"root:x:0:0:root:/root:/bin/sh\napp:x:10001:10002::/:/sbin/nologin\n"
GROUP = b"root:x:0:\nstaff:x:50:app\n"
FILES = AccountFiles(passwd=PASSWD, group=GROUP)

Expected = tuple[int | None, int | None, bool | None, bool, bool | None]
"""uid, gid, root, numeric, exists."""


@pytest.mark.parametrize(
    ("user", "expected"),
    [
        ("", (0, 0, True, False, None)),
        ("0", (0, 0, True, True, None)),
        ("00", (0, 0, True, True, None)),
        ("+0", (0, 0, True, True, None)),
        ("-0", (0, 0, True, True, None)),
        ("0:0", (0, 0, True, True, None)),
        ("0:staff", (0, 50, True, True, None)),
        (":1000", (0, 1000, True, False, None)),
        (":staff", (0, 50, True, False, None)),
        (":", (0, 0, True, False, None)),
        ("root", (0, 0, True, False, True)),
        ("root:staff", (0, 50, True, False, True)),
        ("app", (10001, 10002, False, False, True)),
        ("app:staff", (10001, 50, False, False, True)),
        ("app:7", (10001, 7, False, False, True)),
        ("app:nobody", (10001, None, False, False, True)),
        ("app:", (10001, None, False, False, True)),
        ("10001", (10001, 10002, False, True, None)),
        ("+10001", (10001, 10002, False, True, None)),
        ("010001", (10001, 10002, False, True, None)),
        ("65532", (65532, 0, False, True, None)),
        ("65532:65532", (65532, 65532, False, True, None)),
        ("65532:staff", (65532, 50, False, True, None)),
        ("65532:4294967296", (65532, None, False, True, None)),
        ("2147483647", (2147483647, 0, False, True, None)),
        ("nobody", (None, None, False, False, False)),
        ("App", (None, None, False, False, False)),
        (" app", (None, None, False, False, False)),
        ("0x0", (None, None, False, False, False)),
        ("1_0", (None, None, False, False, False)),
        ("\u0660", (None, None, False, False, False)),
        ("2147483648", (None, None, True, True, None)),
        ("4294967296", (None, None, True, True, None)),
        ("-1", (None, None, True, True, None)),
        ("99999999999999999999999999", (None, None, True, True, None)),
        ("9" * 5_000, (None, None, True, True, None)),
        ("app:staff:x", (None, None, None, False, None)),
        ("1000:1000:1000", (None, None, None, True, None)),
    ],
)
def test_every_form_of_a_user_is_what_the_runtime_makes_of_it(user: str, expected: Expected) -> None:
    found = resolve(user, FILES)
    assert (found.uid, found.gid, found.root, found.numeric, found.exists) == expected


@pytest.mark.parametrize(
    ("passwd", "expected"),
    [
        pytest.param(b"app:x:0:0::/:/bin/sh\n", (0, 0, True), id="uid 0"),
        pytest.param(b"app:x::\n", (0, 0, True), id="empty uid"),
        pytest.param(b"app:x::1000:\n", (0, 1000, True), id="empty uid with gid"),
        pytest.param(b"app:x:zz:\n", (0, 0, True), id="uid that is no number"),
        pytest.param(b"app\n", (0, 0, True), id="bare name"),
        pytest.param(b"app:x:4294967296:1\n", (None, None, True), id="uid that wraps to 0"),
        pytest.param(b"app:x:2147483648:1\n", (None, None, True), id="uid out of range"),
        pytest.param(b"app:x:-1:1\n", (None, None, True), id="negative uid"),
        pytest.param(b"app:x:5:5\napp:x:0:0\n", (5, 5, False), id="first of two lines"),
        pytest.param(b"app:x:0:0\napp:x:5:5\n", (0, 0, True), id="first of two lines is root"),
        pytest.param(b"  app:x:7:8  \r\n", (7, 8, False), id="space around"),
        pytest.param(b"#app:x:7:8\napp:x:9:9", (9, 9, False), id="comment is a line"),
        pytest.param(b"app:x:+7:08", (7, 8, False), id="sign and zeros"),
        pytest.param(b"app:x:7:99999999999999999999", (7, None, False), id="gid out of range"),
        pytest.param(b"\n\n\napp:x:7:8", (7, 8, False), id="blank lines"),
        pytest.param(b"\xff\xfe\napp:x:7:8", (7, 8, False), id="no text"),
    ],
)
def test_a_name_is_looked_up_as_the_runtime_does(passwd: bytes, expected: tuple[int | None, int | None, bool]) -> None:
    found = resolve("app", AccountFiles(passwd=passwd))
    assert (found.uid, found.gid, found.root) == expected
    assert found.exists is True


def test_a_number_is_never_a_name() -> None:
    found = resolve("4294967296", AccountFiles(passwd=b"4294967296:x:1000:1000\n"))
    assert (found.uid, found.root) == (None, True)
    assert resolve("1000", AccountFiles(passwd=b"1000:x:0:0\n")).uid == 1000


def test_a_line_that_is_too_long_is_a_doubt() -> None:
    passwd = b"app:x:5:5\nlong:" + b"x" * 70_000
    assert resolve("app", AccountFiles(passwd=passwd)).root is None
    assert resolve("5", AccountFiles(passwd=passwd)).root is False
    assert names(passwd) == {}


def test_without_a_passwd_only_numbers_mean_something() -> None:
    found = resolve("app", AccountFiles())
    assert (found.root, found.exists) == (False, False)
    assert found.refused == "no line of /etc/passwd names app: it does not start"
    assert resolve("7", AccountFiles()).gid == 0
    assert (resolve("root", AccountFiles()).root, resolve("root", AccountFiles()).exists) == (True, False)


def test_a_passwd_that_is_not_known_leaves_names_undecided() -> None:
    files = AccountFiles(passwd_doubt="too large")
    assert resolve("app", files).doubt == "too large"
    assert (resolve("7", files).uid, resolve("7", files).gid) == (7, None)
    assert resolve("7:staff", AccountFiles(group_doubt="too large")).gid is None


def test_names_are_listed_with_the_uid_of_their_first_line() -> None:
    assert names(PASSWD + b"app:x:1:1\n:x:3\nbare\n") == {"root": 0, "app": 10001, "bare": 0}
