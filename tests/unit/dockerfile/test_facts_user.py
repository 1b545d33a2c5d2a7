"""The user of the final image: known, assumed or unknown, and why."""

from __future__ import annotations

from typing import Any

import pytest
from gate.evidence.bases import BaseImage, ChainLookup, TableLookup
from gate.evidence.dockerfile.collect import collect
from gate.evidence.dockerfile.graph import BuildOptions
from gate.evidence.image.reference import Reference
from gate.evidence.model import LineOrigin, StageConfig, UserFact


class _Known:
    """One image whose config is known, as a lock knows it."""

    def __init__(self, **values: Any) -> None:
        self._values = values

    def lookup(self, reference: Reference, platform: str) -> BaseImage | None:
        if reference.repository != "acme/base":
            return None
        user = self._values.get("user", "")
        config = StageConfig(user=user, env=self._values.get("env", {}), onbuild=self._values.get("onbuild", []))
        values = {name: value for name, value in self._values.items() if name not in ("env", "onbuild")}
        return BaseImage(reference="acme", state="known", config=config, env=config.env, **{"user": user, **values})


def _user(text: str, *, known: _Known | None = None, **args: str) -> UserFact:
    bases = ChainLookup([known, TableLookup()] if known else [TableLookup()])
    options = BuildOptions(build_args=args)
    return collect(text.encode(), path="Dockerfile", bases=bases, options=options).facts.user


def _short(fact: UserFact) -> tuple[str, bool | None, int | None]:
    return fact.state, fact.root, fact.uid


@pytest.mark.parametrize(
    ("written", "uid", "gid"),
    [
        ("10001", 10001, None),
        ("10001:10001", 10001, 10001),
        ("1000:root", 1000, 0),
        ("65532:65532", 65532, 65532),
        ("00123", 123, None),
        ("+1", 1, None),
        ("2147483647", 2147483647, None),
        ("1:", 1, None),
    ],
)
def test_a_number_is_known_not_to_be_root(written: str, uid: int, gid: int | None) -> None:
    fact = _user(f"FROM evil.io/x\nUSER {written}\n")
    assert (fact.state, fact.root, fact.numeric, fact.uid, fact.gid) == ("known", False, True, uid, gid)


@pytest.mark.parametrize(
    "written", ["root", "0", "00", "+0", "-0", "0:0", "0:5", "root:x", ":1000", '""', ":", "root:root"]
)
def test_root_in_every_spelling_is_known_root(written: str) -> None:
    assert _short(_user(f"FROM evil.io/x\nUSER {written}\n")) == ("known", True, 0)


@pytest.mark.parametrize("written", ["2147483648", "4294967296", "-1", "99999999999999999999", "4294967295:1"])
def test_a_number_out_of_range_counts_as_root(written: str) -> None:
    fact = _user(f"FROM evil.io/x\nUSER {written}\n")
    assert (fact.state, fact.root, fact.uid, fact.numeric) == ("known", True, None, True)
    assert fact.reason is not None


@pytest.mark.parametrize("written", ["١", "0x0", "1_000", "1.0", "app # c", "Root", "root "])
def test_what_looks_like_a_number_or_root_is_a_name(written: str) -> None:
    fact = _user(f"FROM evil.io/x\nUSER {written}\n")
    expected = ("known", True, 0) if written.strip() == "root" else ("unknown", None, None)
    assert _short(fact) == expected


@pytest.mark.parametrize(
    ("command", "uid"),
    [
        ("adduser -D -u 10001 app", 10001),
        ("adduser -D app", None),
        ("addgroup -S app && adduser -S -G app app", None),
        ("useradd -r app", None),
        ("useradd --create-home app", None),
        ("useradd -u 1234 -g users app", 1234),
        ("useradd -u1234 app", 1234),
        ("useradd -mru 1234 app", 1234),
        ("useradd --uid=1234 app", 1234),
        ("useradd --uid 1234 -s /bin/sh app", 1234),
        ("adduser --system --uid 700 --disabled-password --gecos '' app", 700),
        ("groupadd -g 5 app && useradd -u 6 -g app app", 6),
        ("sudo useradd -u 7 app", 7),
        ("sh -c 'useradd -u 8 app'", 8),
        ("useradd app && usermod -u 9 app", 9),
        ("useradd old && usermod -l app old", None),
        ("echo 'app:x:11:11::/:' >> /etc/passwd", 11),
        ("printf 'a:x:1:1::/:\\napp:x:12:1::/:\\n' >> /etc/passwd", 12),
    ],
)
def test_a_name_that_a_line_creates_is_assumed(command: str, uid: int | None) -> None:
    fact = _user(f"FROM evil.io/x\nRUN {command}\nUSER app\n")
    assert (*_short(fact), fact.exists) == ("assumed", False, uid, True)
    assert (fact.reason or "").startswith("line 2 ")


@pytest.mark.parametrize(
    "command",
    [
        "useradd -o -u 0 app",
        "useradd -ou 0 app",
        "useradd --non-unique --uid=0 app",
        "adduser -u 0 -D app",
        "useradd app && usermod -o -u 0 app",
        "echo 'app:x:0:0::/:' >> /etc/passwd",
        "useradd -o -u 4294967296 app",
    ],
)
def test_a_name_for_uid_0_is_root(command: str) -> None:
    fact = _user(f"FROM evil.io/x\nRUN {command}\nUSER app\n")
    assert _short(fact) == ("assumed", True, 0)


@pytest.mark.parametrize(
    "command",
    [
        "useradd other",
        "useradd app && userdel app",
        "useradd -u 5 app && sed -i s/5/0/ /etc/passwd",
        "useradd app && cp /tmp/p /etc/passwd",
        'useradd app && echo "$LINE" >> /etc/passwd',
        "useradd $(cat name)",
        "useradd -o -u $(id -u) app",
        "U=0; useradd -ou $U app",
        "useradd --non-unique --uid=0x0 app",
        "useradd app && usermod -o -u $(id -u) app",
        "useradd app && cd /etc && sed -i s/5/0/ passwd",
        "useradd app && cat /tmp/p > passwd",
        "cat > /etc/passwd && useradd app && mv x /etc/passwd",
    ],
)
def test_any_other_name_is_unknown(command: str) -> None:
    fact = _user(f"FROM evil.io/x\nRUN {command}\nUSER app\n")
    assert (*_short(fact), fact.exists) == ("unknown", None, None, None)
    assert "shows only in the image" in (fact.reason or "")


@pytest.mark.parametrize("command", ["grep app /etc/passwd", "sed s/a/b/ /etc/passwd", "cat /etc/passwd | wc -l"])
def test_reading_the_accounts_changes_none(command: str) -> None:
    assert _short(_user(f"FROM evil.io/x\nRUN useradd app && {command}\nUSER app\n")) == ("assumed", False, None)


def test_a_uid_may_come_from_a_build_arg() -> None:
    text = "FROM alpine\nARG UID=1000\nRUN adduser -D -u $UID app\nUSER app\n"
    fact = _user(text)
    assert (*_short(fact), fact.overridable_by) == ("assumed", False, 1000, ["UID"])
    assert _short(_user(text, UID="0")) == ("assumed", True, 0)


def test_a_name_of_the_base_is_assumed() -> None:
    assert _short(_user("FROM node:20-alpine\nUSER node\n")) == ("assumed", False, 1000)
    assert _short(_user("FROM ghcr.io/acme/base\nUSER app\n", known=_Known(users={"app": 7}))) == ("assumed", False, 7)
    assert _short(_user("FROM ghcr.io/acme/base\nUSER app\n", known=_Known(users={"app": 0}))) == ("assumed", True, 0)


def test_names_come_with_the_stages_below() -> None:
    assert _short(_user("FROM evil.io/x AS a\nRUN useradd -u 5 app\nFROM a\nUSER app\n")) == ("assumed", False, 5)
    assert _short(_user("FROM evil.io/x AS a\nRUN useradd app\nFROM evil.io/y\nUSER app\n")) == ("unknown", None, None)


def test_names_come_with_a_copied_passwd() -> None:
    start = "FROM alpine AS build\nRUN adduser -D -u 5 app\nFROM scratch\n"
    for copy in ("/etc/passwd /etc/passwd", "/etc/passwd /etc/", "/etc/passwd /etc/group /etc/", "/etc /etc", "/ /"):
        fact = _user(f"{start}COPY --from=build {copy}\nUSER app\n")
        assert (*_short(fact), fact.exists) == ("assumed", False, 5, True), copy


def test_a_passwd_may_be_written_in_the_file() -> None:
    text = "FROM scratch\nCOPY <<E /etc/passwd\nroot:x:0:0::/:\napp:x:{}:5::/:\nE\nUSER app\n"
    assert _short(_user(text.format(9))) == ("assumed", False, 9)
    assert _short(_user(text.format(0))) == ("assumed", True, 0)


def test_a_passwd_from_elsewhere_shows_only_in_the_image() -> None:
    fact = _user("FROM node:20\nCOPY passwd /etc/passwd\nUSER node\n")
    assert (*_short(fact), fact.reason) == (
        "unknown", None, None, "line 2 copies /etc/passwd; the uid of node shows only in the image",
    )  # fmt: skip
    assert _short(_user("FROM scratch\nCOPY --from=evil.io/x /etc/passwd /etc/passwd\nUSER app\n")) == (
        "unknown", None, None,
    )  # fmt: skip


def test_a_name_cannot_exist_on_scratch_without_a_passwd() -> None:
    fact = _user("FROM golang AS b\nFROM scratch\nCOPY --from=b /out/server /server\nUSER app\n")
    assert (*_short(fact), fact.exists, fact.numeric) == ("known", False, None, False, False)


@pytest.mark.parametrize(
    "copy", ["COPY passwd /etc/", "COPY p* /etc/", "COPY conf/* /etc/", "WORKDIR /etc\nCOPY pass?d ./"]
)
def test_a_pattern_that_takes_passwd_leaves_the_uid_of_a_name_unknown(copy: str) -> None:
    assert _short(_user(f"FROM gcr.io/distroless/static:nonroot\n{copy}\nUSER nonroot\n")) == ("unknown", None, None)


@pytest.mark.parametrize("copy", ["COPY rootfs /", "ADD rootfs.tar /", "COPY --from=evil.io/x / /", "COPY etc/ /etc/"])
def test_a_name_may_exist_on_scratch_once_something_is_copied_over_it(copy: str) -> None:
    assert _user(f"FROM scratch\n{copy}\nUSER app\n").exists is None


def test_without_user_the_base_decides() -> None:
    assert _short(_user("FROM alpine\n")) == ("assumed", True, 0)
    assert _short(_user("FROM gcr.io/distroless/static:nonroot\n")) == ("assumed", False, 65532)
    assert _short(_user("FROM scratch\n")) == ("known", True, 0)
    assert _short(_user("FROM ghcr.io/acme/base\n", known=_Known(user="5"))) == ("known", False, 5)
    assert _short(_user("FROM ghcr.io/acme/base\n", known=_Known(user="app", uid=5))) == ("known", False, 5)
    assert _short(_user("FROM ghcr.io/acme/base\n", known=_Known(user="app"))) == ("unknown", None, None)
    fact = _user("FROM evil.io/x\n")
    assert (*_short(fact), fact.reason) == (
        "unknown", None, None, "no USER is set, and the user of evil.io/x is not known",
    )  # fmt: skip


def test_a_missing_user_points_at_the_targets_from() -> None:
    fact = _user("FROM alpine AS a\nRUN x\nFROM \\\n  a\nRUN y\n")
    assert fact.origin == LineOrigin(path="Dockerfile", line=3, end_line=4)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("FROM alpine\nUSER a\nUSER b\nRUN x\n", 3),
        ("FROM alpine AS a\nUSER b\nFROM a\nRUN x\n", 2),
        ("FROM alpine AS a\nONBUILD USER b\nFROM a\nRUN x\n", 2),
    ],
)
def test_a_user_points_at_the_line_that_sets_it(text: str, line: int) -> None:
    assert _user(text).origin == LineOrigin(path="Dockerfile", line=line, end_line=line)


def test_the_user_of_a_trigger_counts() -> None:
    assert _short(_user("FROM alpine AS a\nONBUILD USER root\nUSER 5\nFROM a\n")) == ("known", True, 0)
    known = _Known(user="5", onbuild=["USER 0"])
    assert _short(_user("FROM ghcr.io/acme/base\n", known=known)) == ("known", True, 0)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("FROM alpine\nARG U=5\nUSER $U\n", ["U"]),
        ("FROM alpine\nARG U\nUSER ${U:-5}\n", ["U"]),
        ("ARG U=5\nFROM alpine\nARG U\nUSER $U\n", ["U"]),
        ("ARG A=5\nARG U=$A\nFROM alpine\nARG U\nUSER $U\n", ["A", "U"]),
        ("FROM alpine\nARG A=5\nARG U=$A\nUSER $U\n", ["A", "U"]),
        ("FROM alpine\nARG U=5\nENV V=$U\nUSER $V\n", ["U"]),
        ("FROM alpine\nARG U=5\nENV U=6\nUSER $U\n", []),
        ("FROM alpine\nENV U=6\nARG U\nUSER $U\n", ["U"]),
        ("FROM alpine\nENV U=6\nARG U=5\nUSER $U\n", ["U"]),
        ("FROM alpine\nENV U=6\nUSER $U\n", []),
        ("FROM alpine AS a\nARG U=5\nFROM a\nUSER $U\n", ["U"]),
        ("FROM alpine AS a\nENV U=6\nARG U=5\nFROM a\nUSER $U\n", []),
        ("ARG B=alpine\nFROM $B\nUSER 5\n", []),
        ("FROM alpine\nARG G=5\nUSER 5:$G\n", ["G"]),
    ],
)
def test_build_args_that_can_replace_the_user_are_named(text: str, expected: list[str]) -> None:
    assert _user(text).overridable_by == expected


def test_a_build_arg_sets_the_user() -> None:
    text = "FROM alpine\nARG U=5\nUSER $U\n"
    assert _short(_user(text)) == ("known", False, 5)
    assert _short(_user(text, U="root")) == ("known", True, 0)
    assert _short(_user(text, OTHER="root")) == ("known", False, 5)


def test_an_unset_variable_is_root_where_the_base_sets_none() -> None:
    assert _short(_user("FROM scratch\nUSER $U\n")) == ("known", True, 0)
    assert _short(_user("FROM alpine\nUSER $U\n")) == ("assumed", True, 0)
    assert _short(_user("FROM ghcr.io/acme/base\nUSER $U\n", known=_Known())) == ("known", True, 0)


def test_the_base_may_set_a_variable() -> None:
    assert _short(_user("FROM ghcr.io/acme/base\nUSER $U\n", known=_Known(env={"U": "5"}))) == ("known", False, 5)
    assert _short(_user("FROM mcr.microsoft.com/dotnet/runtime-deps:8.0-chiseled\nUSER $APP_UID\n")) == (
        "assumed", False, 1654,
    )  # fmt: skip
    fact = _user("FROM evil.io/x\nENV V=$APP_UID\nUSER $V\n")
    assert (*_short(fact), fact.reason) == (
        "unknown", None, None, "$APP_UID is not set in this file; the base image may set it",
    )  # fmt: skip


def test_users_of_windows_are_unknown() -> None:
    options = BuildOptions(platform="windows/amd64")
    data = b"FROM mcr.microsoft.com/windows/nanoserver\nUSER ContainerUser\n"
    fact = collect(data, path="Dockerfile", bases=TableLookup(), options=options).facts.user
    assert (*_short(fact), fact.reason) == ("unknown", None, None, "a user of Windows")
