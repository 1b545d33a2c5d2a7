"""Whatever bytes a layer holds, reading it ends in facts: broken storage, broken tars, broken trees."""

from __future__ import annotations

import gzip
from random import Random

import pytest
from backports import zstd
from gate.evidence.image.facts import Subject, describe
from gate.evidence.image.layers import Expected, read_layer
from gate.evidence.image.limits import ImageLimits
from gate.evidence.image.source import Layer
from tests.support import tar_grammar, tree_grammar
from tests.support.oci_images import digest_of

SEED = 20261121


def broken(random: Random, data: bytes) -> bytes:
    """The same with a few bytes changed, cut, repeated or put in."""
    for _ in range(random.randrange(0, 4)):
        at = random.randrange(len(data) + 1)
        data = random.choice(
            [
                data[:at] + random.randbytes(random.randrange(1, 9)) + data[at:],
                data[:at] + random.randbytes(1) + data[at + 1 :],
                data[:at],
                data[:at] + data[at // 2 :],
            ]
        )
    return data


@pytest.mark.parametrize("block", range(4))
def test_broken_layers_end_in_facts(block: int) -> None:
    random = Random(SEED + block)
    for _ in range(400):
        archive = random.choice([tar_grammar.archive, lambda r: tree_grammar.stack(r)[0]])(random)
        packed = broken(random, random.choice([bytes, gzip.compress, zstd.compress])(archive))
        digest = digest_of(archive)
        whole = read_layer([packed], Expected(diff_id=digest))
        size = random.choice([1, 10, 511, 513, 4096])
        pieces = [packed[at : at + size] for at in range(0, len(packed), size)]
        again = read_layer(pieces, Expected(diff_id=digest))
        assert (again.whole, again.fault is None) == (whole.whole, whole.fault is None)
        if whole.fault is None:
            assert list(again.listing.entries()) == list(whole.listing.entries())
            assert (again.marks, again.kept, again.links) == (whole.marks, whole.kept, whole.links)
        subject = Subject(config={}, layers=[Layer(index=0, digest=None, size=1, diff_id=digest)])
        facts = describe(subject, [whole], ImageLimits())
        assert (facts.shell.state == "known") <= (whole.fault is None)


def test_configs_of_any_shape_end_in_facts() -> None:
    random = Random(SEED)
    odd = [
        None,
        "",
        "x",
        0,
        [],
        {},
        [None],
        ["PATH"],
        ["PATH=/bin"],
        {"Test": "x"},
        {"Test": []},
        [1, 2],
        "0:0:0",
        "\ud800",
    ]
    for _ in range(2_000):
        members = {name: random.choice(odd) for name in ("User", "Env", "Entrypoint", "Cmd", "Healthcheck", "Labels")}
        config = random.choice([{"config": members}, {"config": random.choice(odd)}, {}])
        found = describe(Subject(config=config, layers=[]), [], ImageLimits())
        assert found.shell.state == "known"
