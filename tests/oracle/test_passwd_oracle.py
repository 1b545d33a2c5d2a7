"""Names in passwd and group, against the reader of the runtimes: 5,000 generated pairs of files."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

import pytest
from gate.evidence.image.passwd import LARGEST_ID, AccountFiles, names, resolve

from tests.support import tools
from tests.support.oracles import PasswdOracle

pytestmark = pytest.mark.go

SEED, FILES = 20261121, 5_000
_NAMES = ["app", "root", "", "app ", "#app", "caf\u00e9", "a:b", "0"]
_IDS = [
    "", "0", "1000", "-1", "+7", "00", "007", " 5", "5 ", "x", "0x10", "1_0", "4294967296", "2147483648", "2147483647",
    "9223372036854775807", "9223372036854775808", "-9223372036854775809", "1e3", "\u0665", "99999999999999999999999",
]  # fmt: skip


@pytest.fixture(scope="module")
def oracle() -> Iterator[PasswdOracle]:
    with PasswdOracle(tools.built("passwd-oracle")) as running:
        yield running


def line(random: Random, fields: int) -> str:
    parts = [random.choice(_NAMES), "x", *(random.choice(_IDS) for _ in range(2)), "", "/", "/bin/sh"]
    text = ":".join(parts[: random.choice([fields, fields, fields, 1, 2, 3, 4])])
    return (
        random.choice(["", "", "", " ", "\t", "\u2003", "\u00a0"]) + text + random.choice(["", "", "\r", " ", "\u3000"])
    )


def content(random: Random, fields: int) -> bytes:
    lines = [line(random, fields) for _ in range(random.randrange(0, 6))]
    if random.random() < 0.02:
        lines.append("app:" + "x" * random.choice([65_530, 65_531, 65_532, 65_533]))
    return "\n".join(lines).encode() + random.choice([b"\n", b"", b"\n\n", b"\xff\n", b"\x85\n"])


def test_names_are_found_as_runtimes_find_them(oracle: PasswdOracle) -> None:
    random = Random(SEED)
    questions = [
        (
            content(random, 7),
            content(random, 4),
            random.choice(["app", "root", "caf\u00e9"]),
            random.choice(["app", "#app"]),
        )
        for _ in range(FILES)
    ]
    found = refused = 0
    for (passwd, group, name, groupname), theirs in zip(questions, oracle.lookups(questions), strict=True):
        ours = resolve(f"{name}:{groupname}", AccountFiles(passwd=passwd, group=group))
        listed = names(passwd)
        if theirs["refused"] and ours.doubt:
            refused += 1
            assert listed == {}
        elif theirs["found"]:
            found += 1
            in_range = 0 <= theirs["uid"] <= LARGEST_ID
            assert (ours.exists, ours.uid) == (True, theirs["uid"] if in_range else None), (passwd, name)
            assert ours.root is (theirs["uid"] == 0 or not in_range)
            assert listed[name] == theirs["uid"]
            known = in_range and theirs["groupfound"] and 0 <= theirs["group"] <= LARGEST_ID and not theirs["refused"]
            assert ours.gid == (theirs["group"] if known else None), (group, groupname)
        elif not theirs["refused"]:
            # Nothing starts as a name that is not there; "root" is called root all the same.
            assert (ours.exists, ours.root) == (False, name == "root"), (passwd, name)
            assert name not in listed
    assert found > FILES // 5 and refused > 20
