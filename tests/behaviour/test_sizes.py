"""The sizes that articles measure for their images, each with the verdict of the default limit."""

from __future__ import annotations

import datetime
from collections.abc import Iterator

import pytest
from gate.bundle.load import load
from gate.engine import choose
from gate.evidence.model import (
    BaseFact,
    Evidence,
    Facts,
    FilesystemFact,
    Image,
    ShellFact,
    SizeFact,
    Subject,
    UserFact,
)
from gate.exemptions import Exemptions
from gate.judge import Judge
from gate.settings import Settings, Written

MB = 1_000_000
PASS = [0, 2, 7, 8, 12, 15, 20, 45, 75, 77, 80, 145, 150, 180, 250]
DENIED = [350, 500, 800, 850, 1_100, 1_200, 1_400]


@pytest.fixture(scope="module")
def judge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Judge]:
    """A judge by the defaults, in process."""
    bundle = load()
    engine = choose("regorus", modules=bundle.modules, revision=bundle.revision)
    settings = Settings(Written(root=tmp_path_factory.getbasetemp()), bundle.catalogue, bundle.defaults)
    exemptions = Exemptions([], datetime.date(2026, 11, 21))
    yield Judge(catalogue=bundle.catalogue, engine=engine, settings=settings, exemptions=exemptions)
    engine.close()


def image(uncompressed: int, compressed: int | None = None) -> Evidence:
    """An image that is well but for its size."""
    return Evidence(
        kind="image",
        subject=Subject(name="acme/api:1", reference="docker.io/acme/api:1", platform="linux/amd64"),
        facts=Facts(
            user=UserFact(state="known", value="65532:65532", uid=65532, gid=65532, root=False, numeric=True),
            shell=ShellFact(state="known", present=False),
            base=BaseFact(state="known", reference="scratch", registry="", repository="scratch"),
            size=SizeFact(state="known", uncompressed=uncompressed, compressed=compressed, wasted=0),
            filesystem=FilesystemFact(state="known"),
        ),
        image=Image(config={"config": {"User": "65532:65532", "Entrypoint": ["/app"]}}),
    )


def found(judge: Judge, evidence: Evidence) -> set[tuple[str, str]]:
    """What max-size says of an image."""
    return {(one.rule, one.level) for one in judge.judge(evidence, "prod").findings if one.rule == "max-size"}


@pytest.mark.parametrize("size", PASS)
def test_a_small_image_passes(size: int, judge: Judge) -> None:
    assert found(judge, image(size * MB)) == set()


@pytest.mark.parametrize("size", DENIED)
def test_a_large_image_is_denied(size: int, judge: Judge) -> None:
    assert found(judge, image(size * MB)) == {("max-size", "deny")}


def test_the_limit_is_three_hundred_million_bytes(judge: Judge) -> None:
    assert found(judge, image(300_000_000)) == set()
    assert found(judge, image(300_000_001)) == {("max-size", "deny")}


def test_the_compressed_size_is_not_what_the_limit_is_about(judge: Judge) -> None:
    assert found(judge, image(300_000_001, compressed=45 * MB)) == {("max-size", "deny")}
    assert found(judge, image(45 * MB, compressed=300_000_001)) == set()
