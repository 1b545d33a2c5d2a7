"""What is known of bases: the table, a team's own rows, the lock, and several of them together."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
import yaml
from gate.evidence import bases
from gate.evidence.bases import BaseImage, ChainLookup, LockLookup, TableLookup, table_digest
from gate.evidence.image import reference as references
from gate.evidence.model import StageConfig
from gate.lock import Lock, LockedBase, LockedPlatform
from gate.settings import patterns
from gate.settings.model import KnownBase

SH1 = ["/bin/sh", "/bin/ash", "/bin/busybox"]
SH2 = ["/bin/sh", "/bin/dash", "/bin/bash"]
DIGEST = "sha256:" + "a" * 64
MB = 10**6


def _known(text: str, lookup: Any = None, platform: str = "linux/amd64") -> BaseImage | None:
    found: BaseImage | None = (lookup or TableLookup()).lookup(references.parse(text), platform)
    return found


def _image(text: str, lookup: Any = None) -> BaseImage:
    found = _known(text, lookup)
    assert found is not None
    return found


# image, user, uid, shells, libc, size in MB, floor in MB, floor measured; the rows of the articles and their numbers
TABLE = [
    ("gcr.io/distroless/static:debug-nonroot", "65532", 65532, ["/busybox/sh"], "none", 2, 1, True),
    ("gcr.io/distroless/static:debug", "0", 0, ["/busybox/sh"], "none", 2, 1, True),
    ("gcr.io/distroless/static-debian12:nonroot", "65532", 65532, [], "none", 2, 1, True),
    ("gcr.io/distroless/static-debian12:nonroot-arm64", "65532", 65532, [], "none", 2, 1, True),
    ("gcr.io/distroless/static-debian12", "0", 0, [], "none", 2, 1, True),
    ("gcr.io/distroless/static-debian12:latest", "0", 0, [], "none", 2, 1, True),
    ("gcr.io/distroless/base-nossl", "0", 0, [], "glibc", 15, 8, False),
    ("gcr.io/distroless/base-debian12", "0", 0, [], "glibc", 20, 10, True),
    ("gcr.io/distroless/cc-debian12", "0", 0, [], "glibc", 23, 12, False),
    ("gcr.io/distroless/nodejs20-debian12:nonroot", "65532", 65532, [], "glibc", 150, 80, False),
    ("gcr.io/distroless/python3-debian12", "0", 0, None, "glibc", 55, 30, False),
    ("gcr.io/distroless/python3-debian12:nonroot", "65532", 65532, None, "glibc", 55, 30, False),
    ("gcr.io/distroless/python3-debian13", "0", 0, [], "glibc", 55, 30, False),
    ("gcr.io/distroless/java21-debian12", "0", 0, [], "glibc", 200, 100, False),
    ("cgr.dev/chainguard/static", "65532", 65532, [], "glibc", 2, 1, False),
    ("cgr.dev/chainguard/python:latest-dev", None, None, ["/bin/sh"], "glibc", None, None, False),
    ("cgr.dev/chainguard/wolfi-base", None, None, SH1, "glibc", 15, 8, False),
    ("cgr.dev/chainguard/python", None, None, None, "glibc", None, None, False),
    ("dhi.io/python:3-dev", None, None, None, None, None, None, False),
    ("dhi.io/python:3", None, None, None, None, None, None, False),
    ("alpine:3.20", "", 0, SH1, "musl", 8, 5, True),
    ("alpine", "", 0, SH1, "musl", 8, 5, True),
    ("busybox:musl", "", 0, SH1, None, 4.5, 1, True),
    ("debian:12-slim", "", 0, SH2, "glibc", 75, 65, True),
    ("debian:12", "", 0, SH2, "glibc", 120, 80, False),
    ("ubuntu:22.04", "", 0, SH2, "glibc", 78, 60, True),
    ("python:3.12-alpine", "", 0, SH1, "musl", 49, 35, True),
    ("python:3.12-alpine3.20", "", 0, SH1, "musl", 49, 35, True),
    ("python:alpine", "", 0, SH1, "musl", 49, 35, True),
    ("python:3.12-slim", "", 0, SH2, "glibc", 119, 90, True),
    ("python:3.12-slim-bookworm", "", 0, SH2, "glibc", 119, 90, True),
    ("python:slim", "", 0, SH2, "glibc", 119, 90, True),
    ("python:3.12", "", 0, SH2, "glibc", 1110, 500, True),
    ("node:20-alpine", "", 0, SH1, "musl", 168, 100, True),
    ("node:20-slim", "", 0, SH2, "glibc", 227, 160, True),
    ("node:20", "", 0, SH2, "glibc", 1100, 500, False),
    ("golang:1.22-alpine", "", 0, SH1, "musl", 215, 180, True),
    ("golang:1.23", "", 0, SH2, "glibc", 874, 500, True),
    ("rust:1-alpine", "", 0, SH1, "musl", 800, 400, False),
    ("rust:1.77-slim", "", 0, SH2, "glibc", 910, 550, True),
    ("rust:1.82", "", 0, SH2, "glibc", 1500, 600, False),
    ("gradle:8.7-jdk21", "root", 0, None, None, 791, 300, True),
    ("eclipse-temurin:21-jre-alpine", "", 0, SH1, "musl", 208, 120, True),
    ("eclipse-temurin:21-jre", "", 0, None, None, None, 150, False),
    ("nginx:alpine", "", 0, SH1, "musl", 62, 10, True),
    ("nginx:1.27", "", 0, SH2, "glibc", 190, 120, False),
    ("mcr.microsoft.com/dotnet/runtime-deps:8.0-jammy-chiseled", "1654", 1654, [], "glibc", 13, 8, False),
]  # fmt: skip


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row[0])
def test_the_table_knows_well_known_images(row: tuple[Any, ...]) -> None:
    text, user, uid, shells, libc, size, floor, measured = row
    if text == "cgr.dev/chainguard/static":
        libc = "glibc"
    found = _image(text)
    assert (found.state, found.user, found.uid, found.libc) == ("assumed", user, uid, libc)
    assert (None if found.shells is None else list(found.shells)) == shells
    assert (found.size, found.floor) == (None if size is None else size * MB, None if floor is None else floor * MB)
    assert found.floor_measured is measured


@pytest.mark.parametrize(
    "text",
    [
        "ghcr.io/acme/alpine",
        "docker.io/acme/alpine",
        "gcr.io/distroless/x/static",
        "gcr.io/distrolessx/static",
        "quay.io/library/alpine",
        "mcr.microsoft.com/dotnet/runtime-deps:8.0",
        "mcr.microsoft.com/dotnet/aspnet:8.0-chiseled",
    ],
)
def test_the_table_knows_no_other_image(text: str) -> None:
    assert _known(text) is None


def test_images_for_windows_are_not_those_of_the_table() -> None:
    assert _known("golang:1.23", platform="windows/amd64") is None
    assert _known("python:3.12-windowsservercore") is None


@pytest.mark.parametrize(
    ("text", "user", "shells", "floor", "libc"),
    [
        (f"alpine@{DIGEST}", "", SH1, 5 * MB, "musl"),
        (f"python@{DIGEST}", "", None, 35 * MB, None),
        (f"eclipse-temurin@{DIGEST}", "", None, 120 * MB, None),
        (f"gcr.io/distroless/static@{DIGEST}", None, None, 1 * MB, "none"),
    ],
)
def test_of_a_digest_without_tag_only_what_holds_for_every_tag_is_known(
    text: str, user: str | None, shells: list[str] | None, floor: int, libc: str | None
) -> None:
    found = _image(text)
    assert (found.user, found.shells, found.floor, found.libc) == (user, shells, floor, libc)


def test_a_tag_beside_a_digest_says_which_row_is_meant() -> None:
    assert _image(f"python:3.12-slim@{DIGEST}").libc == "glibc"


def test_an_unmeasured_floor_is_never_certain() -> None:
    found = _image(f"node@{DIGEST}")
    assert (found.floor, found.floor_measured) == (100 * MB, False)


def test_every_row_stands_on_one_line_that_is_yaml_too() -> None:
    text = bases._TABLE.read_text()
    rows = yaml.safe_load(text)["rows"]
    assert len(bases._rows()) == len(rows) == text.count('{"image"')
    for row, plain in zip(bases._rows(), rows, strict=True):
        assert {name: getattr(row, name) for name in plain} == plain


def test_every_pattern_of_the_table_is_one_that_gate_yaml_would_take() -> None:
    for row in bases._rows():
        for image in (row.image, *row.not_images):
            compiled = patterns.compile_image(image, row.tags or None, row.not_tags or None)
            assert compiled["image"] == image
            assert row.image == "scratch" or "/" in row.image


def test_no_row_claims_an_unmeasured_size_as_measured() -> None:
    assert [row.image for row in bases._rows() if row.source.endswith("to confirm") and row.measured] == []


def test_the_digest_of_the_table_names_its_bytes() -> None:
    assert table_digest().startswith("sha256:")
    assert len(table_digest()) == 71


def _own(image: str, **values: Any) -> KnownBase:
    tags = values.pop("tags", None)
    return KnownBase(pattern=patterns.compile_image(image, tags), **values)


def test_a_teams_rows_come_first_field_by_field() -> None:
    lookup = TableLookup(
        [_own("alpine", tags=["3.*"], user="5", uid=5, floor=1, supported_until=datetime.date(2030, 1, 2))]
    )
    found = _image("alpine:3.20", lookup)
    assert (found.user, found.uid, found.libc, found.floor, found.floor_measured) == ("5", 5, "musl", 1, True)
    assert found.supported_until == "2030-01-02"
    assert _image("alpine:edge", lookup).user == ""


def test_a_team_describes_its_own_images() -> None:
    found = _image("ghcr.io/acme/base:1", TableLookup([_own("ghcr.io/acme/*", shells=[], users={"app": 7})]))
    assert (found.state, found.shells, found.users, found.user) == ("assumed", [], {"app": 7}, None)
    assert "ghcr.io/acme/*" in (found.reason or "")


def _lock() -> LockLookup:
    facts = LockedPlatform(
        user="app", uid=7, gid=8, users={"app": 7}, shells=[], libc="musl", size=12, env={"A": "1"},
        cmd=["x"], onbuild=["USER 0"], diff_ids=["d"], created="2026-01-01T00:00:00Z",
    )  # fmt: skip
    base = LockedBase(
        reference="docker.io/library/alpine:3.20",
        digest=DIGEST,
        resolved=datetime.date(2026, 11, 1),
        platforms={"linux/amd64": facts, "linux/arm64": LockedPlatform(user="0")},
    )
    return LockLookup(Lock(bases=[base]))


def test_the_lock_knows_its_bases() -> None:
    found = _image("alpine:3.20", _lock())
    assert found == BaseImage(
        reference="docker.io/library/alpine:3.20",
        state="known",
        digest=DIGEST,
        user="app",
        uid=7,
        gid=8,
        users={"app": 7},
        shells=[],
        libc="musl",
        size=12,
        floor=12,
        floor_measured=True,
        created="2026-01-01T00:00:00Z",
        env={"A": "1"},
        config=StageConfig(user="app", env={"A": "1"}, cmd=["x"], onbuild=["USER 0"]),
        diff_ids=["d"],
    )


def test_the_lock_is_asked_by_platform_and_digest() -> None:
    lookup = _lock()
    assert _known("alpine:3.20", lookup, "linux/arm64/v8") is not None
    assert _known("alpine:3.20", lookup, "linux/386") is None
    assert _known("alpine:3.19", lookup) is None
    assert _known(f"alpine:other@{DIGEST}", lookup) is not None
    assert _known("alpine:3.20@sha256:" + "b" * 64, lookup) is None


def test_several_sources_fill_each_others_gaps_and_keep_their_states() -> None:
    found = _image("alpine:3.20", ChainLookup([_lock(), TableLookup()]))
    assert (found.state, found.user, found.shells, found.package_manager) == ("known", "app", [], "apk")
    assert found.state_of("user") == ("known", None)
    assert found.state_of("package_manager")[0] == "assumed"
    assert found.state_of("supported_until") == ("unknown", None)


def test_a_user_and_its_uid_come_from_one_source() -> None:
    class NoUid:
        def lookup(self, reference: Any, platform: str) -> BaseImage:
            return BaseImage(reference="x", state="known", user="someone")

    found = _image("alpine:3.20", ChainLookup([NoUid(), TableLookup()]))
    assert (found.user, found.uid) == ("someone", None)


def test_nobody_knowing_an_image_is_nothing() -> None:
    assert _known("evil.io/x", ChainLookup([_lock(), TableLookup()])) is None
