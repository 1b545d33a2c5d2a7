"""Shells: every way one can be in an image, and every way it can be gone."""

from __future__ import annotations

import pytest
from gate.evidence.model import ShellFact
from tests.support import layered
from tests.support.layered import BUSYBOX, ELF, PROGRAM, file, folder, hardlink, layer, link, opaque, whiteout

SH = file("bin/sh")


def shell(*tars: bytes) -> ShellFact:
    return layered.facts(*tars).shell


def paths(*tars: bytes) -> list[str]:
    fact = shell(*tars)
    assert (fact.state, fact.present) == ("known", bool(fact.shells))
    return [each.path for each in fact.shells]


@pytest.mark.parametrize(
    ("tars", "expected"),
    [
        pytest.param([layer(SH)], ["/bin/sh"], id="a file"),
        pytest.param([layer(file("./bin/sh"))], ["/bin/sh"], id="dot slash"),
        pytest.param([layer(file("/bin/sh"))], ["/bin/sh"], id="absolute"),
        pytest.param([layer(file("../../bin/sh"))], ["/bin/sh"], id="above the root"),
        pytest.param([layer(file("x/../bin/sh"))], ["/bin/sh"], id="down and up"),
        pytest.param([layer(file("bin/sh", mode=0o001))], ["/bin/sh"], id="executable by others"),
        pytest.param([layer(file("opt/tools/zsh"))], ["/opt/tools/zsh"], id="out of PATH"),
        pytest.param([layer(file("busybox/sh"))], ["/busybox/sh"], id="distroless debug"),
        pytest.param([layer(file("bin/x"), link("bin/sh", "x"))], ["/bin/sh"], id="a relative link"),
        pytest.param([layer(file("opt/x"), link("bin/sh", "/opt/x"))], ["/bin/sh"], id="an absolute link"),
        pytest.param([layer(file("opt/x"), link("bin/sh", "../../../opt/x"))], ["/bin/sh"], id="a link above the root"),
        pytest.param([layer(link("bin/sh", "/opt/x"), file("opt/x"))], ["/bin/sh"], id="a link before its target"),
        pytest.param([layer(link("bin/sh", "/opt/x")), layer(file("opt/x"))], ["/bin/sh"], id="target in a later layer"),
        pytest.param([layer(file("opt/x"), hardlink("bin/sh", "opt/x"))], ["/bin/sh"], id="a hard link"),
        pytest.param([layer(file("opt/x", mode=0o644), hardlink("bin/sh", "opt/x"))], ["/bin/sh"], id="mode of a hard link"),
        pytest.param([layer(file("opt/x")), layer(hardlink("bin/sh", "/opt/x"))], ["/bin/sh"], id="hard link to a lower layer"),
        pytest.param([layer(file("usr/bin/sh"), link("bin", "usr/bin"))], ["/usr/bin/sh"], id="merged usr"),
        pytest.param([layer(link("lnk", "bin"), file("lnk/sh"))], ["/bin/sh"], id="through a link of the layer"),
        pytest.param([layer(folder("bin"), link("lnk", "/bin")), layer(file("lnk/sh"))], ["/bin/sh"], id="through a link of a lower layer"),
        pytest.param([layer(file("bin/busybox", BUSYBOX))], ["/bin/busybox"], id="busybox by name"),
        pytest.param([layer(file("bin/ls", BUSYBOX))], ["/bin/ls"], id="busybox by content"),
        pytest.param([layer(file("app", BUSYBOX), hardlink("app2", "app"))], ["/app"], id="busybox by content, once"),
        pytest.param([layer(file("app", BUSYBOX), link("bin/sh", "/app"))], ["/app", "/bin/sh"], id="renamed with a link"),
        pytest.param([layer(file("bin/tool", ELF + bytes(50) + b"GNU bash, version %s"))], ["/bin/tool"], id="bash by content"),
        pytest.param([layer(file("bin/tool", ELF + bytes(50) + b"Toybox %s multicall binary (see toybox --help)"))], ["/bin/tool"], id="toybox by content"),
        pytest.param([layer(file("opt/runner"), file("etc/shells", b"# c\n/opt/runner\n/bin/none\n", 0o644))], ["/opt/runner"], id="/etc/shells"),
        pytest.param([layer(SH), layer(whiteout("bin/sh")), layer(SH)], ["/bin/sh"], id="deleted and brought again"),
        pytest.param([layer(SH), layer(whiteout("bin/sh"), SH)], ["/bin/sh"], id="deleted and brought by one layer"),
        pytest.param([layer(SH), layer(SH, whiteout("bin/sh"))], ["/bin/sh"], id="brought and deleted by one layer"),
        pytest.param([layer(SH), layer(opaque("bin"), SH)], ["/bin/sh"], id="hidden and brought by one layer"),
        pytest.param([layer(SH), layer(SH, opaque("bin"))], ["/bin/sh"], id="brought and hidden by one layer"),
        pytest.param([layer(SH, link("lnk", "bin")), layer(whiteout("lnk/sh"))], ["/bin/sh"], id="whiteout through a link"),
        pytest.param([layer(SH, link("lnk", "bin")), layer(opaque("lnk"))], ["/bin/sh"], id="opaque through a link"),
        pytest.param([layer(SH), layer(layered.file(".wh..wh..opq", b""))], ["/bin/sh"], id="opaque root, which overlayfs ignores"),
        pytest.param([layer(SH), layer(whiteout("bin"), folder("bin"))], ["/bin/sh"], id="directory made anew, which overlayfs merges"),
        pytest.param([layer(SH), layer(file("bin", b""), folder("bin"))], ["/bin/sh"], id="directory over a file, which overlayfs merges"),
        pytest.param([layer(SH), layer(whiteout("other"), whiteout("bin/shell"))], ["/bin/sh"], id="other names deleted"),
        pytest.param([layer(SH), layer(file("bin/.wh..wh.plnk", b""))], ["/bin/sh"], id="bookkeeping of aufs"),
    ],
)  # fmt: skip
def test_a_shell_is_found(tars: list[bytes], expected: list[str]) -> None:
    assert paths(*tars) == expected


@pytest.mark.parametrize(
    "tars",
    [
        pytest.param([], id="no layers"),
        pytest.param([layer(file("app"))], id="one program"),
        pytest.param([layer(file("bin/sh", mode=0o644))], id="not executable"),
        pytest.param([layer(folder("bin/sh"))], id="a directory"),
        pytest.param([layer(link("bin/sh", "/opt/x"))], id="a dangling link"),
        pytest.param([layer(link("bin/sh", "bash"), link("bin/bash", "sh"))], id="links in a circle"),
        pytest.param([layer(link("bin/sh", "/opt")), layer(folder("opt"))], id="a link to a directory"),
        pytest.param([layer(file("app", b"about BusyBox v1.36"))], id="a text about busybox"),
        pytest.param([layer(file("app", BUSYBOX, 0o644))], id="busybox that nobody may execute"),
        pytest.param([layer(SH), layer(whiteout("bin/sh"))], id="deleted"),
        pytest.param([layer(SH), layer(whiteout("./bin/../bin/sh"))], id="deleted by another spelling"),
        pytest.param([layer(SH), layer(whiteout("bin"))], id="its directory deleted"),
        pytest.param([layer(SH), layer(opaque("bin"))], id="its directory hidden"),
        pytest.param([layer(SH), layer(file("bin/sh", b"text", 0o644))], id="replaced by a text"),
        pytest.param([layer(SH), layer(file("bin", b"", 0o644))], id="its directory replaced by a file"),
        pytest.param([layer(file("opt/x"), link("bin/sh", "/opt/x")), layer(whiteout("opt/x"))], id="its target deleted"),
        pytest.param([layer(file("opt/x"), hardlink("bin/sh", "opt/x")), layer(whiteout("bin/sh"))], id="a hard link deleted"),
        pytest.param([layer(file("bin/shell"), file("bin/bashful"), file("bin/fi.sh"))], id="other names"),
        pytest.param([layer(file("etc/shells", b"/opt/runner\n", 0o644))], id="/etc/shells lists nothing that is there"),
    ],
)  # fmt: skip
def test_no_shell_is_found_where_there_is_none(tars: list[bytes]) -> None:
    assert paths(*tars) == []


@pytest.mark.parametrize(
    ("tars", "reason"),
    [
        pytest.param([layer(SH) + b"x"], "layer 1: data follows the end", id="trailing data"),
        pytest.param([layer(layered.pax({b"path": b"etc/x"}, kind=b"g"), SH)], "layer 1: a global extended header sets path", id="global path"),
        pytest.param([layer(hardlink("bin/sh", "nothing"))], "layer 1: a hard link leads to no file", id="hard link to nothing"),
        pytest.param([layer(hardlink("bin/sh", "bin/sh"))], "layer 1: a hard link leads to no file", id="hard link to itself"),
        pytest.param([layer(SH), layer(file("bin/sh/x"))], "layer 2: an entry lies under a file", id="under a file"),
        pytest.param([layer(file("x/.wh."))], "layer 1: a whiteout names no file", id="empty whiteout"),
        pytest.param([layer(file("x/.wh...")) ], "layer 1: a whiteout names no file", id="whiteout of the parent"),
        pytest.param([layer(link(".", "x"))], "layer 1: an entry takes the place of the root", id="root replaced"),
        pytest.param([layer(link("a", "b"), link("b", "a"), file("a/sh"))], "links that runtimes follow differently", id="parents in a circle"),
        pytest.param([layer(file("d/x"), link("l", "d/../d"), file("l/sh"))], "links that runtimes follow differently", id="link down and up"),
        pytest.param([layer(file("etc/x", b"", **{"SCHILY.xattr.trusted.overlay.redirect": b"/bin"}))], "attributes of overlay", id="overlay redirect"),
        pytest.param([layer(folder("d"), link("l", "d"), link("bin/sh", "/l/app")), layer(file("l/app")), layer(whiteout("d/app"))], "where the link /bin/sh leads depends on the runtime", id="target elsewhere on overlayfs"),
    ],
)  # fmt: skip
def test_what_runtimes_could_read_in_two_ways_is_unknown(tars: list[bytes], reason: str) -> None:
    fact = shell(*tars)
    assert (fact.state, fact.present, fact.shells) == ("unknown", None, [])
    assert reason in (fact.reason or "")


def test_a_shell_tells_its_links_and_the_layer_that_brought_it() -> None:
    tars = [
        layer(file("bin/busybox", BUSYBOX)),
        layer(link("bin/ash", "/lnk/busybox"), link("lnk", "bin"), link("bin/sh", "ash")),
    ]
    found = {each.path: each for each in shell(*tars).shells}
    assert found.keys() == {"/bin/ash", "/bin/busybox", "/bin/sh"}
    assert found["/bin/sh"].links == ["/bin/ash", "/lnk", "/bin/busybox"]
    assert found["/bin/busybox"].links == []
    origins = {path: (each.origin.digest, each.origin.created_by) for path, each in found.items()}  # type: ignore[union-attr]
    lower, upper = (layered.digest_of(tar) for tar in tars)
    assert origins == {"/bin/busybox": (lower, "step 0"), "/bin/ash": (upper, "step 1"), "/bin/sh": (upper, "step 1")}


@pytest.mark.parametrize(
    ("config", "fields"),
    [
        ({"Entrypoint": ["/bin/sh", "-c", "app"]}, ["Entrypoint"]),
        ({"Entrypoint": ["/app"], "Cmd": ["--flag"]}, []),
        ({"Cmd": ["bash"]}, ["Cmd"]),
        ({"Healthcheck": {"Test": ["CMD-SHELL", "curl x"]}}, ["Healthcheck"]),
        ({"Healthcheck": {"Test": ["CMD", "/busybox/sh", "-c"]}}, ["Healthcheck"]),
        ({"Healthcheck": {"Test": ["NONE"]}}, []),
        ({"Entrypoint": None, "Cmd": []}, []),
        ({"Entrypoint": "broken"}, []),
    ],
)
def test_what_needs_a_shell_is_named(config: dict[str, object], fields: list[str]) -> None:
    needed = layered.facts(layer(file("app", PROGRAM)), **config).shell.needed_by
    assert [origin.field for origin in needed] == fields  # type: ignore[union-attr]
