"""The tree made of layers, against containerd's own code: applied to one directory, and mounted with overlayfs."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator
from random import Random
from typing import Any

import pytest
from gate.evidence.image.filesystem import Tree, TreeError
from gate.evidence.image.layers import Expected, read_layer
from gate.evidence.image.nodes import DIRECTORY, REGULAR, SYMLINK, Directory, Inode, Node, mode_of, size_of
from gate.evidence.image.paths import Found, below, join

from tests.support import tools
from tests.support.layered import facts
from tests.support.oracles import UnpackOracle
from tests.support.tree_grammar import stack

pytestmark = [pytest.mark.go, pytest.mark.root]

SEED, STACKS = 20261121, 1_000
Description = tuple[str, int, int, str]
"""Type, mode, size and target."""
LETTERS = {REGULAR: "-", DIRECTORY: "d", SYMLINK: "l"}


@pytest.fixture(scope="module")
def oracle() -> Iterator[UnpackOracle]:
    tools.need_root()
    with UnpackOracle(tools.built("unpack-oracle")) as running:
        yield running


def tree_of(layers: list[bytes]) -> Tree:
    tree = Tree()
    for layer in layers:
        facts = read_layer([layer], Expected(diff_id=f"sha256:{hashlib.sha256(layer).hexdigest()}"))
        assert facts.fault is None
        tree.apply(facts)
    return tree


def listed(tree: Tree) -> dict[str, Description]:
    return {
        join(path, name).decode(): described(node)
        for path, directory in below(b"", tree.root)
        for name, node in directory.children.items()
    }


def described(node: Node) -> Description:
    if isinstance(node, Directory):
        return "d", node.mode, 0, ""
    kind = node.kind if isinstance(node, Inode) else REGULAR
    target = node.target.decode() if isinstance(node, Inode) else ""
    return LETTERS.get(kind, "o"), mode_of(node), size_of(node), target


def as_listed(answer: dict[str, Any]) -> dict[str, Description]:
    return {
        each["path"]: (each["type"] if each["type"] in "-dl" else "o", each["mode"], each["size"], each["target"])
        for each in answer["files"]
    }


def files(tree: Tree) -> set[tuple[str, int]]:
    """Name and size of every regular file that is there or may be left."""
    found = {(path.rsplit("/", 1)[-1], each[2]) for path, each in listed(tree).items() if each[0] == "-"}
    for path, node in tree.leftover:
        if isinstance(node, Directory):
            under = below(path, node)
            found |= {
                (n.decode(), size_of(c)) for _, d in under for n, c in d.children.items() if described(c)[0] == "-"
            }
        elif described(node)[0] == "-":
            found.add((path.decode().rsplit("/", 1)[-1], size_of(node)))
    return found


def test_the_tree_is_containerds_or_says_where_runtimes_differ(oracle: UnpackOracle) -> None:
    random = Random(SEED)
    stacks = [stack(random) for _ in range(STACKS)]
    seen: Counter[str] = Counter()
    answers = zip(stacks, oracle.trees(stacks, "naive"), oracle.trees(stacks, "overlay"), strict=True)
    for number, (layers, naive, overlay) in enumerate(answers):
        try:
            tree = tree_of(layers)
        except TreeError:
            seen["refused"] += 1
            continue
        for answer in (naive, overlay):
            if answer["error"] is None:
                missing = {(p.rsplit("/", 1)[-1], e[2]) for p, e in as_listed(answer).items() if e[0] == "-"} - files(
                    tree
                )
                assert not missing, (number, missing)
        if not tree.disputed and not tree.leftover:
            if naive["error"] is None:
                seen["equal"] += 1
                assert_same(tree, as_listed(naive), "l")
            if overlay["error"] is None:
                seen["equal on overlayfs"] += 1
                assert_same(tree, as_listed(overlay), "ld")
        else:
            seen["disputed"] += 1
    assert seen["equal"] > STACKS // 4, seen
    assert seen["equal on overlayfs"] > STACKS // 5, seen
    assert seen["disputed"] > STACKS // 10, seen


def test_no_runtime_has_a_shell_where_none_is_said_to_be(oracle: UnpackOracle) -> None:
    random = Random(SEED + 1)
    stacks = [stack(random) for _ in range(STACKS)]
    seen: Counter[str] = Counter()
    answers = zip(stacks, oracle.trees(stacks, "naive"), oracle.trees(stacks, "overlay"), strict=True)
    for number, (layers, naive, overlay) in enumerate(answers):
        fact = facts(*layers).shell
        seen[f"{fact.state} {fact.present}"] += 1
        for answer in (naive, overlay):
            there = answer["error"] is None and has_shell(as_listed(answer))
            assert not (there and fact.state == "known" and fact.present is False), number
            seen["real shells"] += there
    assert seen["known True"] > STACKS // 10 and seen["known False"] > STACKS // 10, seen
    assert seen["real shells"] > STACKS // 10, seen


def has_shell(listing: dict[str, Description]) -> bool:
    """Whether a program is called ``sh``, after links, by the plainest reading of a real tree."""
    return any(
        path.rsplit("/", 1)[-1] == "sh" and kind in "-l" and is_program(listing, "/" + path)
        for path, (kind, *_) in listing.items()
    )


def is_program(listing: dict[str, Description], path: str) -> bool:
    here: list[str] = []
    ahead = path.split("/")[::-1]
    for _ in range(1000):
        if not ahead:
            kind, mode, _, _ = listing.get("/".join(here), ("d", 0, 0, ""))
            return kind == "-" and bool(mode & 0o111)
        part = ahead.pop()
        if part == "..":
            del here[-1:]
        elif part and part != ".":
            entry = listing.get("/".join([*here, part]))
            if entry is None or (entry[0] not in "dl" and ahead):
                return False
            if entry[0] == "l":
                here = [] if entry[3].startswith("/") else here
                ahead += entry[3].split("/")[::-1]
            else:
                here.append(part)
    return False


def assert_same(tree: Tree, theirs: dict[str, Description], without_mode: str) -> None:
    """The same files. Links have no mode of their own, hard links one of several (ours is the union), and overlayfs
    that of the lower layer for a directory that no entry names."""
    ours = listed(tree)
    assert {path: (kind, size, target) for path, (kind, _, size, target) in ours.items()} == {
        path: (kind, size, target) for path, (kind, _, size, target) in theirs.items()
    }
    for path, (kind, mode, _, _) in ours.items():
        if kind not in without_mode:
            found = tree.lookup(path.encode())
            assert mode == theirs[path][1] or (several_names(found) and mode | theirs[path][1] == mode), path


def several_names(found: Found | None) -> bool:
    return found is not None and isinstance(found.node, Inode) and found.node.names > 1
