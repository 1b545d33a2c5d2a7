"""The file tree of layers: what is there, what was taken away, what only some runtime keeps, and lookups in it."""

from __future__ import annotations

import pytest
from gate.evidence.image.filesystem import Tree, TreeError
from gate.evidence.image.nodes import Directory, Inode, Node, layer_of, mode_of, size_of
from gate.evidence.image.paths import below, clean, climbs, find, join
from tests.support import layered
from tests.support.layered import file, folder, hardlink, layer, link, opaque, whiteout


def tree(*tars: bytes, folders: int = 1000) -> Tree:
    found = Tree(folders)
    for tar in tars:
        found.apply(layered.read(tar))
    return found


def paths(found: Tree) -> set[str]:
    """Every path; directories end with a slash."""
    return {
        join(path, name).decode() + ("/" if isinstance(node, Directory) else "")
        for path, directory in below(b"", found.root)
        for name, node in directory.children.items()
    }


def node_at(found: Tree, path: str) -> Node:
    node: Node = found.root
    for part in path.encode().split(b"/"):
        assert isinstance(node, Directory)
        node = node.children[part]
    return node


def names(places: list[tuple[bytes, Node]]) -> list[str]:
    return [path.decode() for path, _ in places]


LOWER = layer(file("a/b/one", b"1"), file("a/two", b"22"), link("l", "a"), file("x", b"333"))


@pytest.mark.parametrize(
    ("upper", "expected", "removed", "leftover"),
    [
        pytest.param(layer(whiteout("a/b/one")), {"a/", "a/b/", "a/two", "l", "x"}, ["a/b/one"], [], id="a file deleted"),
        pytest.param(layer(whiteout("a")), {"l", "x"}, ["a"], [], id="a directory deleted"),
        pytest.param(layer(opaque("a")), {"a/", "l", "x"}, ["a/b", "a/two"], [], id="a directory hidden"),
        pytest.param(layer(opaque("a"), file("a/b/new", b"")), {"a/", "a/b/", "a/b/new", "l", "x"}, ["a/b", "a/two"], ["a/b"], id="hidden and filled: overlayfs merges what is made anew"),
        pytest.param(layer(file("a/b/new", b""), opaque("a")), {"a/", "a/b/", "a/b/new", "l", "x"}, ["a/two", "a/b/one"], [], id="hidden late"),
        pytest.param(layer(file("x", b"")), {"a/", "a/b/", "a/b/one", "a/two", "l", "x"}, ["x"], [], id="a file replaced"),
        pytest.param(layer(file("a", b"")), {"a", "l", "x"}, ["a"], [], id="a directory replaced by a file"),
        pytest.param(layer(folder("x")), {"a/", "a/b/", "a/b/one", "a/two", "l", "x/"}, ["x"], [], id="a file replaced by a directory"),
        pytest.param(layer(folder("l")), {"a/", "a/b/", "a/b/one", "a/two", "l/", "x"}, ["l"], [], id="a link replaced by a directory"),
        pytest.param(layer(folder("a", 0o700)), {"a/", "a/b/", "a/b/one", "a/two", "l", "x"}, [], [], id="a directory over a directory"),
        pytest.param(layer(whiteout("nothing"), whiteout("deep/down")), {"a/", "a/b/", "a/b/one", "a/two", "l", "x", "deep/"}, [], [], id="nothing deleted"),
        pytest.param(layer(whiteout("a"), folder("a")), {"a/", "l", "x"}, ["a"], ["a"], id="deleted and made anew: overlayfs merges"),
        pytest.param(layer(whiteout("l/two")), {"a/", "a/b/", "a/b/one", "a/two", "l", "x"}, [], [], id="deleted through a link: only some do"),
        pytest.param(layer(file("l/two", b"")), {"a/", "a/b/", "a/b/one", "a/two", "l", "x"}, ["a/two"], ["a/two", "a/two"], id="replaced through a link: some keep both"),
    ],
)  # fmt: skip
def test_a_layer_over_another(upper: bytes, expected: set[str], removed: list[str], leftover: list[str]) -> None:
    found = tree(LOWER, upper)
    assert paths(found) == expected
    assert (sorted(names(found.removed)), sorted(names(found.leftover))) == (sorted(removed), sorted(leftover))


@pytest.mark.parametrize(
    ("upper", "disputed"),
    [
        (layer(file("a/two", b"")), set()),
        (layer(whiteout("a/two")), set()),
        (layer(file("l/two", b"")), {"l", "a/two"}),
        (layer(whiteout("l/two")), {"l", "a/two"}),
        (layer(file("a/two", b""), whiteout("a/two")), {"a/two"}),
        (layer(file(".wh..wh..opq", b"")), {"a", "l", "x"}),
        (layer(link("m", "a"), file("m/two", b"")), set()),
    ],
)
def test_what_depends_on_the_runtime_is_disputed(upper: bytes, disputed: set[str]) -> None:
    assert {path.decode() for path in tree(LOWER, upper).disputed} == disputed


def test_a_file_knows_its_mode_size_and_layer() -> None:
    found = tree(LOWER, layer(file("big", b"x" * 5000, 0o4711)))
    big = node_at(found, "big")
    assert (mode_of(big), size_of(big), layer_of(big)) == (0o4711, 5000, 1)
    assert isinstance(big, int)


def test_hard_links_are_one_file_with_the_modes_of_all() -> None:
    found = tree(layer(file("a", b"x", 0o600)), layer(hardlink("d/b", "/a", 0o4755)))
    first, second = node_at(found, "a"), node_at(found, "d/b")
    assert first is second and isinstance(first, Inode)
    assert (first.mode, first.size, first.names, first.layer) == (0o4755, 1, 2, 0)


def test_a_hard_link_may_name_a_link() -> None:
    found = tree(layer(link("a", "target"), hardlink("b", "a")))
    node = node_at(found, "b")
    assert isinstance(node, Inode) and node.target == b"target"


def test_directories_of_names_are_made_where_they_are_missing() -> None:
    found = tree(layer(file("deep/er/est", b"")))
    directory = node_at(found, "deep/er")
    assert isinstance(directory, Directory) and directory.mode == 0o755


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("a/b/one", ("a/b/one", [])),
        ("/a//b/./one", ("a/b/one", [])),
        ("l/two", ("a/two", ["l"])),
        ("l/../x", ("x", ["l"])),
        ("a/../../../x", ("x", [])),
        ("", ("", [])),
        ("x/..", None),
        ("nothing", None),
        ("x/below", None),
    ],
)
def test_paths_are_followed_as_the_kernel_does(path: str, expected: tuple[str, list[str]] | None) -> None:
    found = tree(LOWER).lookup(path.encode())
    assert (found and (found.path.decode(), [each.decode() for each in found.links])) == expected


def test_too_many_links_lead_nowhere() -> None:
    chain = layer(file("end"), *(link(f"l{n}", f"l{n + 1}" if n < 40 else "end") for n in range(41)))
    found = tree(chain)
    assert found.lookup(b"l1") is not None
    assert found.lookup(b"l0") is None
    assert find(tree(layer(link("a", "a"))).root, b"a") is None


@pytest.mark.parametrize(
    ("tars", "reason"),
    [
        ([LOWER, layer(hardlink("y", "nothing"))], "a hard link leads to no file"),
        ([LOWER, layer(hardlink("y", "a"))], "a hard link leads to no file"),
        ([LOWER, layer(hardlink("y", "/"))], "a hard link leads to no file"),
        ([LOWER, layer(file("x/y"))], "no directory"),
        ([layer(*(folder(f"d{n}") for n in range(20)))], "more than 10 directories"),
    ],
)
def test_layers_that_make_no_tree_say_why(tars: list[bytes], reason: str) -> None:
    with pytest.raises(TreeError, match=reason):
        tree(*tars, folders=10)


@pytest.mark.parametrize(
    ("name", "parts"),
    [("a/b", "a b"), ("./a//b/", "a b"), ("/a/../b", "b"), ("../../a", "a"), ("a/..", ""), ("...", "..."), ("", "")],
)
def test_names_are_cleaned_as_go_does(name: str, parts: str) -> None:
    assert clean(name.encode()) == parts.encode().split()


@pytest.mark.parametrize(
    ("target", "expected"),
    [("../a", False), ("/a/b", False), ("../../a/b", False), ("a/../b", True), ("../a/../b", True), ("a/b/../..", True), (".../..", True), ("./../a", False)],
)  # fmt: skip
def test_targets_that_go_down_and_up_are_told(target: str, expected: bool) -> None:
    assert climbs(target.encode()) is expected
