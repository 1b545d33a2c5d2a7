"""What changed between two images."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from gate.evidence import model
from gate.evidence.image.compare import Change, changes, match, with_previous
from gate.report.phrases import change
from tests.support import layered
from tests.support.layered import file, layer, link


def evidence(*tars: bytes, platform: str = "linux/amd64", base: str | None = None, **config: Any) -> model.Evidence:
    found = layered.facts(*tars, **config)
    fact = model.BaseFact(state="known", reference=base) if base else model.BaseFact(state="unknown", reason="squashed")
    return model.Evidence(
        kind="image",
        subject=model.Subject(name="api", platform=platform),
        facts=model.Facts(user=found.user, shell=found.shell, base=fact, size=found.size, filesystem=found.filesystem),
    )


LOWER = layer(file("app"), file("bin/su", mode=0o4755))
ADDED = layer(file("bin/sh"), file("usr/bin/apt"), file("usr/bin/gcc"), file("root/.env", b"A=1", 0o644))
GONE = layer(file("opt/bash"), link("bin/zsh", "/opt/bash"))


def told(previous: model.Evidence, current: model.Evidence) -> list[str]:
    return [change(each) for each in changes(previous, current)]


def test_two_equal_images_differ_in_nothing() -> None:
    assert changes(evidence(LOWER, base="a:1"), evidence(LOWER, base="a:1")) == []


def test_every_kind_of_difference_is_told() -> None:
    previous = evidence(LOWER, GONE, base="docker.io/library/alpine:3.19")
    current = evidence(LOWER, ADDED, base="docker.io/library/alpine:3.20", User="1000")
    assert told(previous, current) == [
        "base: docker.io/library/alpine:3.20, was docker.io/library/alpine:3.19",
        "user: 1000 (uid 1000), was none set (uid 0)",
        "+ shell /bin/sh",
        "- shell /bin/zsh",
        "- shell /opt/bash",
        "+ package manager /usr/bin/apt",
        "+ compiler /usr/bin/gcc",
        "+ leftover /root/.env (environment file)",
        f"size: {(len(LOWER) + len(ADDED)) / 1e6:.1f} MB, was {(len(LOWER) + len(GONE)) / 1e6:.1f} MB (+0.0 MB)",
        "+ layer step 1 (+0.0 MB)",
        "- layer step 1 (-0.0 MB)",
    ]


def test_a_new_setuid_file_is_told() -> None:
    assert "+ setuid /bin/su (setuid)" in told(evidence(layer(file("app"))), evidence(LOWER))


def test_a_size_says_by_how_much() -> None:
    found = next(each for each in changes(evidence(LOWER), evidence(LOWER, ADDED)) if each.what == "size")
    assert found == Change(what="size", before=str(len(LOWER)), after=str(len(LOWER) + len(ADDED)), bytes=len(ADDED))


def test_what_is_not_known_of_one_is_said_instead() -> None:
    found = changes(evidence(LOWER, base="a:1"), evidence(LOWER + b"x", base="a:1"))
    reason = "not known of this image: layer 1: data follows the end of the archive"
    assert [(each.what, each.unknown) for each in found if each.unknown] == [("shell", reason), ("setuid", reason)]
    other_way = changes(evidence(LOWER + b"x", base="a:1"), evidence(LOWER, base="a:1"))
    assert "not known of the previous image" in (other_way[0].unknown or "")


def test_bases_that_are_not_proven_are_said() -> None:
    assert told(evidence(LOWER, base="a:1"), evidence(LOWER)) == ["base: not known of this image: squashed"]


@pytest.mark.parametrize(
    ("platforms", "expected"),
    [(["linux/amd64", "linux/arm64"], 1), (["linux/amd64"], 0), (["linux/amd64", "linux/s390x"], None), ([], None)],
)
def test_images_are_compared_by_platform(platforms: list[str], expected: int | None) -> None:
    current = evidence(LOWER, platform="linux/arm64")
    previous = [evidence(LOWER, platform=each) for each in platforms]
    assert match(current, previous) is (None if expected is None else previous[expected])


def test_growth_is_for_rules_to_bound() -> None:
    found = with_previous(evidence(LOWER, ADDED), evidence(LOWER))
    assert found.facts.size.previous == len(LOWER)
    assert msgspec.json.decode(msgspec.json.encode(found))["facts"]["size"]["previous"] == len(LOWER)
