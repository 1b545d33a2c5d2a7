"""Shells of the final image: which, from where, how sure, and what needs one."""

from __future__ import annotations

import pytest
from gate.evidence.bases import BaseImage, ChainLookup, TableLookup
from gate.evidence.dockerfile.collect import collect
from gate.evidence.image.reference import Reference
from gate.evidence.model import BaseOrigin, LineOrigin, ShellFact, StageConfig


class _Known:
    """Images under known.io whose shells a lock knows."""

    def lookup(self, reference: Reference, platform: str) -> BaseImage | None:
        if reference.registry != "known.io":
            return None
        shells = {"none": [], "sh": ["/bin/sh", "/bin/bash"], "unsure": None}[reference.repository]
        return BaseImage(reference="x", state="known", user="", uid=0, shells=shells, config=StageConfig(user=""))


def _shell(text: str) -> ShellFact:
    bases = ChainLookup([_Known(), TableLookup()])
    return collect(text.encode(), path="Dockerfile", bases=bases).facts.shell


def _short(fact: ShellFact) -> tuple[str, bool | None, list[str]]:
    return fact.state, fact.present, [each.path for each in fact.shells]


BUSYBOX = ["/bin/sh", "/bin/ash", "/bin/busybox"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("FROM scratch\n", ("known", False, [])),
        ("FROM scratch\nCOPY server /server\n", ("assumed", False, [])),
        ("FROM alpine\n", ("assumed", True, BUSYBOX)),
        ("FROM alpine AS a\nFROM a\nRUN x\n", ("assumed", True, BUSYBOX)),
        ("FROM gcr.io/distroless/static:nonroot\n", ("assumed", False, [])),
        ("FROM gcr.io/distroless/static:debug\n", ("assumed", True, ["/busybox/sh"])),
        ("FROM gcr.io/distroless/python3-debian12\n", ("unknown", None, [])),
        ("FROM gcr.io/distroless/python3-debian13\n", ("assumed", False, [])),
        ("FROM evil.io/x\n", ("unknown", None, [])),
        ("FROM known.io/none\n", ("known", False, [])),
        ('FROM known.io/none\nRUN ["x"]\n', ("assumed", False, [])),
        ("FROM known.io/none\nCOPY a /b\n", ("assumed", False, [])),
        ('FROM known.io/none\nUSER 5\nCMD ["/x"]\n', ("known", False, [])),
        ("FROM known.io/sh\nRUN x\n", ("known", True, ["/bin/sh", "/bin/bash"])),
        ("FROM known.io/unsure\n", ("unknown", None, [])),
        ("FROM golang AS build\nFROM scratch\nCOPY --from=build /app /app\n", ("assumed", False, [])),
    ],
)
def test_the_bases_shells_are_the_images(text: str, expected: tuple[str, bool | None, list[str]]) -> None:
    assert _short(_shell(text)) == expected


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("COPY --from=busybox /bin/busybox /bin/sh", ("assumed", True, ["/bin/sh"])),
        ("COPY --from=busybox /bin/sh /sh", ("assumed", True, ["/sh"])),
        ("COPY --from=busybox /bin /bin", ("assumed", True, BUSYBOX)),
        ("COPY --from=busybox /bin/* /tools/", ("assumed", True, ["/tools/sh", "/tools/ash", "/tools/busybox"])),
        ("COPY --from=busybox / /", ("assumed", True, BUSYBOX)),
        ("COPY --from=debian /usr/bin /usr/bin", ("assumed", True, ["/usr/bin/sh", "/usr/bin/dash", "/usr/bin/bash"])),
        ("COPY --from=busybox /etc/ssl /etc/ssl", ("assumed", False, [])),
        ("COPY --from=known.io/sh /bin/bash /bin/", ("known", True, ["/bin/bash"])),
        ("COPY --from=evil.io/x /bin/bash /bin/", ("known", True, ["/bin/bash"])),
        ("COPY --from=evil.io/x /bin/zsh /z", ("known", True, ["/z"])),
        ("COPY --from=evil.io/x /usr/bin /usr/bin", ("unknown", None, [])),
        ("COPY --from=evil.io/x / /", ("unknown", None, [])),
        ("COPY --from=evil.io/x /app /app", ("assumed", False, [])),
        ("COPY busybox /bin/busybox", ("known", True, ["/bin/busybox"])),
        ("COPY bash /usr/local/bin/", ("known", True, ["/usr/local/bin/bash"])),
        ("COPY busybox /opt/tools/", ("assumed", True, ["/opt/tools/busybox"])),
        ("COPY tool /bin/sh", ("known", True, ["/bin/sh"])),
        ("COPY --parents --from=busybox /bin/sh /x/", ("assumed", True, ["/x/bin/sh"])),
        ("COPY <<sh /srv/\necho\nsh", ("assumed", False, [])),
        ("COPY . /", ("assumed", False, [])),
        ("COPY bin/app bin/tool /usr/bin/", ("assumed", False, [])),
        ("ADD rootfs.tar.gz /", ("unknown", None, [])),
        ("ADD app.tar.gz /srv/", ("assumed", False, [])),
        ("ADD https://e.com/bash /bin/bash", ("assumed", False, [])),
        ('RUN ["/tool", "cp", "x"]', ("assumed", False, [])),
    ],
)
def test_what_is_copied_onto_scratch_may_be_a_shell(line: str, expected: tuple[str, bool | None, list[str]]) -> None:
    assert _short(_shell(f"FROM scratch\n{line}\n")) == expected


def test_shells_of_a_stage_come_with_what_is_copied_from_it() -> None:
    text = "FROM debian AS a\nFROM scratch AS b\nCOPY --from=a /bin/bash /bin/bash\nFROM scratch\nCOPY --from=b / /\n"
    fact = _shell(text)
    assert _short(fact) == ("assumed", True, ["/bin/bash"])
    assert fact.shells[0].origin == LineOrigin(path="Dockerfile", line=5, end_line=5)


def test_a_shell_of_the_base_names_the_base() -> None:
    origins = {each.origin for each in _shell("FROM alpine:3.20 AS a\nFROM a\n").shells}
    assert origins == {BaseOrigin(reference="docker.io/library/alpine:3.20")}


@pytest.mark.parametrize(
    ("command", "path"),
    [
        ("apk add --no-cache bash", "/bin/bash"),
        ("apk add zsh=5.9-r0 git", "/bin/zsh"),
        ("apt-get update && apt-get install -y mksh", "/bin/mksh"),
        ("dnf install -y ksh", "/bin/ksh"),
        ("ln -s /opt/x/dash /usr/local/bin/dash", "/usr/local/bin/dash"),
        ("cp /bin/busybox /opt/sh", "/opt/sh"),
        ("cp /bin/busybox /tool", "/tool"),
        ("install -m 755 /bin/busybox /srv/app", "/srv/app"),
        ("cp -a /bin/sh tool", "/tool"),
        ("cp /usr/local/bin/bash /srv/", "/srv/bash"),
    ],
)
def test_a_shell_that_a_line_installs_is_assumed(command: str, path: str) -> None:
    fact = _shell(f"FROM alpine\nRUN {command}\n")
    assert (fact.state, fact.present) == ("assumed", True)
    assert [each.path for each in fact.shells] == [*BUSYBOX, path]
    assert fact.shells[-1].origin == LineOrigin(path="Dockerfile", line=2, end_line=2)


@pytest.mark.parametrize(
    ("command", "copy"),
    [
        ("cp /bin/busybox /out/app", "/out/app /app"),
        ("cp /bin/busybox /out/app", "/out /"),
        ("mkdir out && mv /bin/sh out/app", "/out /"),
        ("cp -r /bin /out", "/out /tools"),
        ("busybox --install /out", "/out /"),
    ],
)
def test_a_shell_under_another_name_stays_one(command: str, copy: str) -> None:
    fact = _shell(f"FROM alpine AS a\nRUN {command}\nFROM scratch\nCOPY --from=a {copy}\n")
    assert (fact.state, fact.present) == ("assumed", True)


@pytest.mark.parametrize(
    "command",
    [
        "debootstrap --variant=minbase stable /out",
        "apk add --root /out --initdb alpine-baselayout",
        "dnf install -y --installroot=/out coreutils",
    ],
)
def test_what_is_in_a_root_filesystem_made_by_a_program_shows_only_in_the_image(command: str) -> None:
    start = f"FROM alpine AS a\nRUN {command}\nFROM scratch\n"
    assert _short(_shell(f"{start}COPY --from=a /out /\n")) == ("unknown", None, [])
    assert _short(_shell(f"{start}COPY --from=a /app /app\n")) == ("assumed", False, [])


def test_a_run_in_shell_form_shows_that_an_unknown_base_has_a_shell() -> None:
    fact = _shell("FROM evil.io/x\nUSER 5\nRUN make\n")
    assert (*_short(fact), fact.reason) == ("assumed", True, ["/bin/sh"], "line 3 runs in /bin/sh")
    fact = _shell('FROM evil.io/x\nSHELL ["/bin/bash", "-c"]\nRUN make\n')
    assert _short(fact) == ("assumed", True, ["/bin/bash"])


@pytest.mark.parametrize(
    "line",
    [
        'RUN ["make"]',
        "RUN <<E\n#!/usr/bin/env python3\nE",
        "RUN --mount=type=bind,from=busybox,source=/bin,target=/bin make",
        'SHELL ["python3", "-c"]\nRUN make',
        "RUN",
    ],
)
def test_other_runs_show_nothing(line: str) -> None:
    assert _short(_shell(f"FROM evil.io/x\n{line}\n")) == ("unknown", None, [])


@pytest.mark.parametrize(
    "command", ["rm /bin/sh /bin/ash /bin/busybox", "rm -rf /bin", "rm -f /bin/*", "apk del sh ash busybox"]
)
def test_what_is_left_after_removing_shells_shows_only_in_the_image(command: str) -> None:
    fact = _shell(f"FROM alpine\nRUN {command}\n")
    assert _short(fact) == ("unknown", None, [])
    assert (fact.reason or "").startswith("line 2 removes")


def test_shells_that_stay_are_still_there() -> None:
    assert _short(_shell("FROM alpine\nRUN rm /bin/sh\n")) == ("assumed", True, ["/bin/ash", "/bin/busybox"])


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("FROM scratch\nCMD run\n", [2]),
        ("FROM scratch\nENTRYPOINT run\nHEALTHCHECK CMD check\n", [2, 3]),
        ('FROM scratch\nCMD ["run"]\nENTRYPOINT ["x"]\n', []),
        ('FROM scratch\nCMD run\nCMD ["run"]\n', []),
        ("FROM scratch\nCMD run\nHEALTHCHECK NONE\n", [2]),
        ('FROM scratch AS a\nCMD run\nFROM a\nENTRYPOINT ["x"]\n', []),
        ("FROM scratch AS a\nCMD run\nFROM a\nUSER 5\n", [2]),
        ('FROM scratch\nCMD ["/bin/sh", "run.sh"]\n', [2]),
        ('FROM scratch\nRUN make\nRUN ["x"]\n', [2]),
        ("FROM gcr.io/distroless/static\nRUN make\n", [2]),
        ("FROM alpine AS a\nRUN make\nFROM scratch\nCOPY --from=a /x /x\n", []),
        ("FROM scratch AS a\nONBUILD CMD run\nFROM a\n", [2]),
        ('FROM scratch\nSHELL ["/tool"]\nRUN make\n', []),
        ("FROM alpine\nCMD run\n", [2]),
        ('FROM alpine\nRUN make\nCMD ["run"]\n', []),
    ],
)
def test_what_needs_a_shell_is_listed(text: str, lines: list[int]) -> None:
    needed = _shell(text).needed_by
    assert [each.line for each in needed if isinstance(each, LineOrigin)] == lines


def test_shells_that_are_copied_over_and_over_stay_few() -> None:
    text = "FROM busybox AS s0\n"
    for number in range(1, 40):
        source = f"COPY --from=s{number - 1} / /"
        text += f"FROM scratch AS s{number}\n{source}a/\n{source}b/\n{source}c/\n"
    fact = _shell(text)
    assert (fact.state, fact.present, len(fact.shells)) == ("assumed", True, 100)
