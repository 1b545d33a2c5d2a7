"""The tree of bases: what is built on what, by layers alone, as deep as that is proven."""

from __future__ import annotations

import datetime as dt

from gate.audit.lineage import forest
from gate.audit.model import AncestorOf, AuditResult, LineageNode, Place, SizeOf
from gate.evidence.image.lineage import EMPTY_LAYERS
from hypothesis import given, settings
from hypothesis import strategies as st

TODAY = dt.date(2026, 11, 21)


def digest(name: str) -> str:
    return f"sha256:{name}"


def image(name: str, layers: str, **more: object) -> AuditResult:
    fields: dict[str, object] = {
        "key": f"image/{name}", "kind": "image", "name": f"acme/{name}:1", "verdict": "pass", "environment": "prod",
        "reference": f"acme/{name}@{digest(name)}", "digest": digest(name),
        "size": SizeOf(layers=[(each, 1, "") for each in layers]), **more,
    }  # fmt: skip
    return AuditResult(**fields)  # type: ignore[arg-type]


def container(name: str, layers: str, count: int, **more: object) -> AuditResult:
    places = [Place(source="c", namespace="n", kind="Deployment", name=name, container="main", count=count)]
    return image(name, layers, key=f"container/{name}", kind="container", places=places, **more)


def parents(nodes: list[LineageNode]) -> dict[str, str | None]:
    names = {node.key: node.name for node in nodes}
    return {node.name: names[node.parent] if node.parent else None for node in nodes}


def test_images_are_built_on_the_longest_of_those_whose_layers_come_first_in_them() -> None:
    nodes = forest([image("base", "a"), image("node", "ab"), image("app", "abcd"), image("other", "xb")], TODAY)
    assert parents(nodes) == {
        "acme/base:1": None,
        "acme/node:1": "acme/base:1",
        "acme/app:1": "acme/node:1",
        "acme/other:1": None,
    }
    assert {node.name: (node.proof, node.layers) for node in nodes} == {
        "acme/base:1": (None, 0),
        "acme/node:1": ("layers", 1),
        "acme/app:1": ("layers", 2),
        "acme/other:1": (None, 0),
    }


def test_images_whose_platforms_are_built_on_each_other_make_no_circle() -> None:
    one = [image("one", "ab"), image("one", "cde", key="image/one#arm64")]
    other = [image("other", "abx", key="image/other"), image("other", "cd", key="image/other#arm64")]
    nodes = forest([*one, *other, container("top", "abxy", 3)], TODAY)
    assert parents(nodes) == {"acme/one:1": "acme/other:1", "acme/other:1": None, "acme/top": "acme/other:1"}
    assert {node.name: node.below for node in nodes if node.below} == {"acme/other:1": 3}


def test_an_ancestor_that_is_no_subject_is_between_those_that_are() -> None:
    lock = AncestorOf(reference="docker.io/library/node:20", digest=digest("locked"), via="layers", layers=2)
    nodes = forest(
        [image("base", "a"), image("app", "abc", lineage=[lock], base=lock.reference, base_created="2025-11-21")], TODAY
    )
    assert parents(nodes) == {
        "acme/base:1": None,
        "docker.io/library/node:20": "acme/base:1",
        "acme/app:1": "docker.io/library/node:20",
    }
    (node,) = [node for node in nodes if node.digest == digest("locked")]
    assert (node.audited, node.created, node.age_days) == (False, "2025-11-21", 365)


def test_running_containers_count_for_their_image_and_for_all_it_is_built_on() -> None:
    nodes = forest([image("base", "a"), container("app", "ab", 6), container("late", "abc", 3)], TODAY)
    assert {node.name: (node.running, node.below) for node in nodes} == {
        "acme/base:1": (0, 9),
        "acme/app": (6, 3),
        "acme/late": (3, 0),
    }


def test_one_digest_is_one_image_wherever_it_is() -> None:
    nodes = forest([image("app", "ab"), container("app", "ab", 2)], TODAY)
    assert [(node.name, node.results, node.running) for node in nodes] == [
        ("acme/app:1", ["container/app", "image/app"], 2)
    ]


def test_the_same_layers_prove_nothing_between_two_images_unless_one_names_the_other() -> None:
    named = AncestorOf(reference="acme/a:1", digest=digest("a"), via="layers", layers=2)
    assert parents(forest([image("a", "xy"), image("b", "xy")], TODAY)) == {"acme/a:1": None, "acme/b:1": None}
    found = parents(forest([image("a", "xy"), image("b", "xy", lineage=[named])], TODAY))
    assert found == {"acme/a:1": None, "acme/b:1": "acme/a:1"}


def test_two_images_that_name_each_other_do_not_go_round_in_circles() -> None:
    one = AncestorOf(reference="acme/a:1", digest=digest("a"), via="layers", layers=2)
    two = AncestorOf(reference="acme/b:1", digest=digest("b"), via="layers", layers=2)
    nodes = forest([image("a", "xy", lineage=[two]), image("b", "xy", lineage=[one])], TODAY)
    assert sum(node.parent is None for node in nodes) == 1


def test_an_empty_layer_makes_no_family() -> None:
    (empty, *_) = sorted(EMPTY_LAYERS)
    layers = [(empty, 0, "")]
    one = image("one", "", size=SizeOf(layers=layers))
    two = image("two", "", size=SizeOf(layers=[*layers, ("b", 1, "")]))
    assert parents(forest([one, two], TODAY)) == {"acme/one:1": None, "acme/two:1": None}


def test_scratch_is_a_base_where_a_full_walk_found_nothing_below() -> None:
    scratch = AncestorOf(reference="scratch", via="structure")
    nodes = forest([image("app", "a", base="scratch", lineage=[scratch])], TODAY)
    assert parents(nodes) == {"scratch": None, "acme/app:1": "scratch"}
    assert [node.proof for node in nodes if node.name != "scratch"] == ["structure"]


def test_dockerfiles_are_under_the_base_they_name_by_digest_or_by_tag() -> None:
    def file(path: str, ancestor: AncestorOf) -> AuditResult:
        return AuditResult(
            key=f"file/{path}", kind="dockerfile", name=path, verdict="pass", environment="prod", lineage=[ancestor]
        )

    tagged = file("a", AncestorOf(reference="acme/base:1", via="source"))
    pinned = file("b", AncestorOf(reference="acme/base:0", digest=digest("base"), via="source"))
    unknown = file("c", AncestorOf(reference="docker.io/library/alpine:3", via="source"))
    nodes = forest([image("base", "a", tags=["1"]), tagged, pinned, unknown], TODAY)
    assert {node.name: node.dockerfiles for node in nodes} == {
        "acme/base:1": ["file/a", "file/b"],
        "docker.io/library/alpine:3": ["file/c"],
    }


_LAYERS = st.lists(st.sampled_from("abc"), min_size=0, max_size=5)


@settings(max_examples=60)
@given(st.lists(_LAYERS, max_size=8))
def test_every_link_holds_and_every_image_has_a_root(chains: list[list[str]]) -> None:
    results = [image(str(position), "".join(chain)) for position, chain in enumerate(chains)]
    nodes = {node.key: node for node in forest(results, TODAY)}
    by_digest = {result.digest: [one[0] for one in result.size.layers] for result in results}
    assert {node.digest for node in nodes.values()} == {r.digest for r in results if r.size.layers}
    for node in nodes.values():
        seen = set()
        at: LineageNode | None = node
        while at is not None and at.parent:
            assert at.key not in seen
            seen.add(at.key)
            above = nodes[at.parent]
            mine, theirs = by_digest[at.digest], by_digest[above.digest]
            assert mine[: len(theirs)] == theirs and len(theirs) < len(mine)
            longer = [c for c in by_digest.values() if len(theirs) < len(c) < len(mine) and mine[: len(c)] == c]
            assert longer == []
            at = above
