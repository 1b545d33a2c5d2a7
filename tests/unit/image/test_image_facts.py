"""Facts of images but their base: users, tools, leftovers, sizes, and bounds."""

from __future__ import annotations

import struct

import pytest
from gate.evidence.image.facts import ImageFacts
from gate.evidence.image.limits import ImageLimits
from gate.evidence.model import File
from tests.support import layered
from tests.support.layered import (
    BUSYBOX,
    device,
    digest_of,
    facts,
    file,
    folder,
    hardlink,
    layer,
    link,
    opaque,
    whiteout,
)

PASSWD = b"root:x:0:0::/:/bin/sh\napp:x:1001:1002::/:\n"
KEY = b"-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n"


def text(path: str, content: bytes) -> bytes:
    return file(path, content, 0o644)


def user(*tars: bytes, name: str = "app") -> tuple[str, int | None, int | None, bool | None, str | None]:
    fact = facts(*tars, User=name).user
    return fact.state, fact.uid, fact.gid, fact.root, fact.reason


def listed(found: list[File]) -> list[tuple[str, str | None, bool]]:
    return [(each.path, each.detail, each.deleted) for each in found]


# --- users -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "tars",
    [
        pytest.param([layer(text("etc/passwd", PASSWD))], id="a file"),
        pytest.param([layer(link("etc/passwd", "../usr/lib/passwd"), text("usr/lib/passwd", PASSWD))], id="a link"),
        pytest.param([layer(link("etc/passwd", "/usr/lib/passwd"), text("usr/lib/passwd", PASSWD))], id="an absolute link"),
        pytest.param([layer(text("x/passwd", PASSWD), link("etc", "x"))], id="a linked directory"),
        pytest.param([layer(text("x/passwd", PASSWD), hardlink("etc/passwd", "x/passwd", 0o644))], id="a hard link"),
        pytest.param([layer(text("etc/passwd", b"app:x:0:0\n")), layer(text("etc/passwd", PASSWD))], id="replaced"),
        pytest.param([layer(text("etc/passwd", b"app:x:0:0\n")), layer(whiteout("etc/passwd")), layer(text("etc/passwd", PASSWD))], id="deleted and made anew"),
        pytest.param([layer(text("etc/passwd", b"app:x:0:0\n")), layer(opaque("etc"), text("etc/passwd", PASSWD))], id="hidden and made anew"),
    ],
)  # fmt: skip
def test_a_name_is_looked_up_in_the_final_passwd(tars: list[bytes]) -> None:
    assert user(*tars) == ("known", 1001, 1002, False, None)


def test_a_name_that_became_root_is_root() -> None:
    assert user(layer(text("etc/passwd", PASSWD)), layer(text("etc/passwd", b"app:x:0:0\n"))) == (
        "known",
        0,
        0,
        True,
        None,
    )


@pytest.mark.parametrize(
    ("tars", "reason"),
    [
        pytest.param([layer(text("etc/passwd", PASSWD), whiteout("etc/passwd"))], "depends on the runtime", id="brought and deleted by one layer"),
        pytest.param([layer(text("etc/passwd", PASSWD), link("e", "etc")), layer(text("e/passwd", b"app:x:0:0\n"))], "depends on the runtime", id="replaced through a link"),
        pytest.param([layer(link("etc/passwd", "/opt/accounts"), text("opt/accounts", PASSWD))], "not kept", id="a link to an odd name"),
        pytest.param([layer(text("etc/passwd", PASSWD + b"#" * (2 << 20)))], "too large", id="too large"),
        pytest.param([layer(text("etc/passwd", PASSWD)) + b"x"], "layer 1: data follows", id="a broken layer"),
    ],
)  # fmt: skip
def test_a_name_is_unknown_where_its_passwd_is(tars: list[bytes], reason: str) -> None:
    state, uid, _, root, why = user(*tars)
    assert (state, uid, root) == ("unknown", None, None)
    assert reason in (why or "")


def test_a_name_without_a_passwd_cannot_exist() -> None:
    fact = facts(layer(file("app")), User="app").user
    assert (fact.state, fact.root, fact.exists, fact.numeric) == ("known", False, False, False)


def test_a_number_is_known_whatever_the_layers_hold() -> None:
    fact = facts(layer(file("app")) + b"x", User="65532:65532").user
    assert (fact.state, fact.uid, fact.gid, fact.root, fact.numeric) == ("known", 65532, 65532, False, True)


def test_no_user_is_root_whatever_the_layers_hold() -> None:
    for found in (facts(layer(file("app"))), facts(layer(file("app")) + b"x")):
        assert (found.user.state, found.user.value, found.user.uid, found.user.root) == ("known", "", 0, True)


def test_the_names_of_the_passwd_are_known() -> None:
    assert facts(layer(text("etc/passwd", PASSWD))).users == {"root": 0, "app": 1001}
    assert facts(layer(file("app"))).users == {}
    assert facts(layer(link("etc/passwd", "/x"), text("x", PASSWD))).users is None


# --- rights ------------------------------------------------------------------------------------------------------


def capability(permitted: int, *, effective: bool = True) -> bytes:
    return struct.pack("<IIIII", 0x02000000 | effective, permitted & 0xFFFFFFFF, 0, permitted >> 32, 0)


def test_files_that_give_rights_are_listed_with_what_they_give() -> None:
    found = facts(
        layer(
            file("bin/su", mode=0o4755),
            file("bin/wall", mode=0o2755),
            file("bin/both", mode=0o6755),
            file("bin/ping", capability=capability(1 << 13)),
            file("bin/future", capability=capability(1 << 50, effective=False)),
            file("bin/short", capability=b"\x01"),
            folder("srv", 0o2775),
            device("dev/null", 1, 3),
            device("data/disk", 8, 0, b"4"),
            file("bin/plain"),
        ),
        layer(hardlink("bin/su2", "bin/su"), whiteout("bin/both")),
    ).filesystem
    assert listed(found.setuid) == [
        ("/bin/future", "capabilities others", False),
        ("/bin/ping", "capabilities net_raw (effective)", False),
        ("/bin/short", "capabilities that cannot be read", False),
        ("/bin/su", "setuid", False),
        ("/bin/su2", "setuid", False),
        ("/bin/wall", "setgid", False),
        ("/data/disk", "block device 8:0", False),
    ]


def test_directories_on_path_that_all_may_write_to_are_listed() -> None:
    tar = layer(folder("opt/bin", 0o777), folder("usr/bin", 0o1777), folder("tmp", 0o1777), link("bin", "usr/bin"))
    found = facts(tar, Env=["PATH=/opt/bin:/bin:/usr/bin:relative"]).filesystem
    assert listed(found.world_writable) == [
        ("/opt/bin", "on PATH and writable by all", False),
        ("/usr/bin", "on PATH and writable by all (sticky)", False),
    ]
    assert listed(facts(tar).filesystem.world_writable) == [("/usr/bin", "on PATH and writable by all (sticky)", False)]


# --- tools -------------------------------------------------------------------------------------------------------


def test_package_managers_are_programs_by_name_that_are_no_applets() -> None:
    found = facts(
        layer(
            file("usr/bin/apt-get"), file("sbin/apk"), file("usr/local/bin/pip3.12"), link("usr/bin/npm", "../lib/npm.js"),
            file("usr/lib/npm.js"), text("usr/share/apt", b"text"), folder("etc/apt"), file("bin/busybox", BUSYBOX),
            link("bin/rpm", "busybox"), hardlink("bin/dpkg", "bin/busybox"), link("bin/yum", "nowhere"),
        ),
        layer(whiteout("sbin/apk")),
    )  # fmt: skip
    assert [each.path for each in found.filesystem.package_managers] == [
        "/usr/bin/apt-get",
        "/usr/bin/npm",
        "/usr/local/bin/pip3.12",
    ]
    assert found.package_manager == "apt"


@pytest.mark.parametrize(
    ("tar", "expected"),
    [
        (layer(file("sbin/apk")), "apk"),
        (layer(file("bin/rpm"), file("bin/dnf")), "dnf"),
        (layer(file("bin/pip")), "none"),
    ],
)
def test_the_package_manager_of_the_system_is_named(tar: bytes, expected: str) -> None:
    assert facts(tar).package_manager == expected


def test_compilers_are_found_by_name_with_versions_and_targets() -> None:
    names = ["gcc", "x86_64-linux-gnu-gcc-12", "g++-12", "cc", "ld.bfd", "clang-17", "go", "make", "as"]
    others = ["gcc-wrapper.txt", "gopher", "class", "assets", "ccache-stats", "python3"]
    found = facts(
        layer(*(file(f"usr/bin/{name}") for name in names + others)),
        layer(
            file("usr/lib/gcc/cc1"),
            text("usr/include/stdio.h", b"int"),
            text("opt/stdio.h", b"int"),
            text("home/make", b""),
        ),
    ).filesystem
    expected = sorted([*(f"/usr/bin/{name}" for name in names), "/usr/lib/gcc/cc1", "/usr/include/stdio.h"])
    assert [each.path for each in found.compilers] == expected


# --- leftovers ---------------------------------------------------------------------------------------------------


def test_caches_and_repositories_are_listed_once_with_their_size() -> None:
    found = facts(
        layer(
            text("var/lib/apt/lists/a_Packages", b"x" * 1000), text("var/lib/apt/lists/b_Packages", b"x" * 500),
            text("var/lib/apt/lists/lock", b""), folder("var/lib/apt/lists/partial"),
            text("root/.cache/pip/http/a", b"x" * 70), text("home/a/.npm/_cacache/x/y", b"x" * 80),
            text("app/.git/HEAD", b"ref"), text("app/.git/objects/aa", b"x" * 90), text("var/cache/apk/x.apk", b"x" * 10),
            text("srv/.gitignore", b"x"), text("home/.npmrc", b"x"), folder("root/.cache/uv"),
        )
    ).filesystem.leftovers  # fmt: skip
    assert [(each.path, each.detail, each.size) for each in found] == [
        ("/app/.git", "git repository", 93),
        ("/home/a/.npm/_cacache", "cache of npm", 80),
        ("/root/.cache/pip", "cache of pip", 70),
        ("/var/cache/apk", "cache of apk", 10),
        ("/var/lib/apt/lists", "lists of apt", 1500),
    ]


def test_what_a_later_layer_deleted_is_listed_as_deleted_with_the_layer_that_holds_it() -> None:
    lower = layer(text("var/lib/apt/lists/a", b"x" * 1000), text("root/.env", b"SECRET=1"), text("k", KEY))
    found = facts(
        lower, layer(whiteout("var/lib/apt/lists/a"), whiteout("root"), text("k", b"gone"))
    ).filesystem.leftovers
    assert listed(found) == [
        ("/k", "private key", True),
        ("/root/.env", "environment file", True),
        ("/var/lib/apt/lists", "lists of apt", True),
    ]
    assert {each.origin.digest for each in found} == {digest_of(lower)}  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("path", "content", "detail"),
    [
        ("root/.ssh/id_ed25519", b"text", "private key, by its name"),
        ("certs/server.p12", b"\x30", "private key, by its name"),
        ("opt/thing", KEY, "private key"),
        ("opt/thing", b"-----BEGIN RSA PRIVATE KEY-----\n", "private key"),
        ("opt/thing", b"-----BEGIN ENCRYPTED PRIVATE KEY-----\n", "private key"),
        ("opt/thing", b"-----BEGIN PGP PRIVATE KEY BLOCK-----\n", "private key"),
        ("opt/thing", b"PuTTY-User-Key-File-3: ssh-ed25519\n", "private key"),
        ("opt/bundle.pem", b"-----BEGIN CERTIFICATE-----\nMA==\n-----END CERTIFICATE-----\n-----BEGIN PRIVATE KEY-----\n", "private key"),
        ("opt/server.key", b"Bag Attributes\n-----BEGIN PRIVATE KEY-----\n", "private key"),
        ("app/.env", b"x", "environment file"),
        ("app/.env.production", b"x", "environment file"),
        ("root/.netrc", b"x", "credentials"),
        ("root/.aws/credentials", b"x", "credentials"),
        ("root/.docker/config.json", b"x", "credentials"),
        ("app/.env.example", b"x", None),
        ("app/.environment", b"x", None),
        ("app/config.json", b"x", None),
        ("root/.ssh/id_ed25519.pub", b"x", None),
        ("opt/thing", b"-----BEGIN PUBLIC KEY-----\n", None),
        ("opt/ca.pem", b"-----BEGIN CERTIFICATE-----\n", None),
        ("opt/thing", b"about -----BEGIN PRIVATE KEY-----", None),
    ],
)  # fmt: skip
def test_secrets_are_known_by_name_and_header(path: str, content: bytes, detail: str | None) -> None:
    found = facts(layer(text(path, content))).filesystem.leftovers
    assert listed(found) == ([(f"/{path}", detail, False)] if detail else [])


def test_no_private_key_is_kept() -> None:
    kept = layered.read(layer(text("a.pem", KEY), text("b.key", b"x\n" + KEY), text("etc/passwd", PASSWD)))
    assert list(kept.kept.values()) == [PASSWD]


# --- sizes -------------------------------------------------------------------------------------------------------


def test_sizes_are_those_of_the_tars_and_what_later_layers_hide_is_wasted() -> None:
    tars = [
        layer(text("a", b"x" * 1000), text("d/b", b"x" * 2000), text("d/c", b"x" * 3000), text("h", b"x" * 400), hardlink("h2", "h")),
        layer(text("a", b"y" * 50), whiteout("d"), whiteout("h")),
        layer(text("a", b"z"), whiteout("h2")),
    ]  # fmt: skip
    size = facts(*tars).size
    assert (size.state, size.uncompressed, size.at_least) == ("known", sum(map(len, tars)), sum(map(len, tars)))
    assert [each.wasted for each in size.layers] == [6400, 50, 0]
    assert size.wasted == 6450
    assert [each.uncompressed for each in size.layers] == list(map(len, tars))


def test_sizes_are_known_though_the_tree_is_not() -> None:
    tars = [layer(file("a")), layer(file("b")) + b"junk"]
    size = facts(*tars).size
    assert (size.state, size.uncompressed, size.wasted) == ("known", sum(map(len, tars)), None)


# --- structure and bounds ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tar", "bare", "libc"),
    [
        (layer(file("app"), text("etc/passwd", PASSWD), text("etc/ssl/certs/ca.pem", b"x")), True, "none"),
        (layer(file("app"), text("etc/os-release", b"x")), False, "none"),
        (layer(file("app"), text("usr/lib/os-release", b"x")), False, "none"),
        (layer(file("app"), text("var/lib/dpkg/status.d/base", b"x")), False, "none"),
        (layer(file("app"), text("lib/apk/db/installed", b"x")), False, "none"),
        (layer(file("app"), file("lib64/ld-linux-x86-64.so.2")), False, "glibc"),
        (layer(file("app"), file("lib/ld-musl-x86_64.so.1")), False, "musl"),
        (layer(file("lib/ld-linux-aarch64.so.1"), file("lib/ld-musl-aarch64.so.1")), False, None),
        (layer(file("app"), file("bin/sh")), False, "none"),
    ],
)
def test_the_structure_of_a_distribution_is_noticed(tar: bytes, bare: bool, libc: str | None) -> None:
    found = facts(tar)
    assert (found.bare, found.libc) == (bare, libc)


@pytest.mark.parametrize(
    ("limits", "reason"),
    [
        (ImageLimits(layers=2), "more than 2 layers"),
        (ImageLimits(entries=5), "more than 5 entries"),
        (ImageLimits(names=10), "more than 10 bytes of names"),
    ],
)
def test_bounds_of_an_image_make_it_unknown(limits: ImageLimits, reason: str) -> None:
    found: ImageFacts = facts(*[layer(file("a"), file("b"))] * 3, limits=limits, User="1000")
    assert {found.shell.state, found.filesystem.state} == {"unknown"}
    assert reason in (found.shell.reason or "")
    assert (found.user.state, found.size.state) == ("known", "known")


def test_names_that_are_no_text_are_shown_and_judged() -> None:
    tar = layer(layered.block(b"bin/\xff\xfe/sh", mode=0o755), layered.block(b"new\nline/bash", mode=0o755))
    assert [each.path for each in facts(tar).shell.shells] == ["/bin/\\xff\\xfe/sh", "/new\nline/bash"]
