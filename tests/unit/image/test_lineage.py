"""What an image is built on: proofs, claims, and what proves nothing."""

from __future__ import annotations

import asyncio
import dataclasses
import datetime
import json
from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import Any

import pytest
from gate.errors import RegistryError
from gate.evidence.image.lineage import Bases, run_as, trace
from gate.evidence.image.manifest import Descriptor
from gate.evidence.image.reference import Reference, parse
from gate.evidence.image.source import Layer, PlatformImage, Resolved, Span
from gate.evidence.model import BaseFact
from gate.lock import Lock, LockedBase, LockedPlatform
from tests.support.oci_images import digest_of

LAYERS = [digest_of(bytes([n])) for n in range(8)]
EMPTY = digest_of(bytes(1024))
INDEX, OTHER_INDEX = digest_of(b"index"), digest_of(b"other index")
NAME, DIGEST = "org.opencontainers.image.base.name", "org.opencontainers.image.base.digest"


def locked(reference: str, layers: Sequence[str], digest: str = INDEX, **facts: Any) -> LockedBase:
    platforms = {"linux/amd64": LockedPlatform(diff_ids=list(layers), manifest=digest_of(digest.encode()), **facts)}
    return LockedBase(reference=reference, digest=digest, resolved=datetime.date(2026, 11, 1), platforms=platforms)


def image(
    layers: Sequence[str], labels: dict[str, str] | None = None, annotations: dict[str, str] | None = None, **more: Any
) -> PlatformImage:
    listed = tuple(Layer(index=n, digest=None, size=1, diff_id=each) for n, each in enumerate(layers))
    return PlatformImage(
        platform="linux/amd64",
        manifest_digest=None,
        index_digest=None,
        config_digest=digest_of(b"config"),
        config={"config": {"Labels": labels or {}}, "created": "2026-05-06T07:08:09Z"},
        layers=listed,
        annotations=annotations or {},
        **more,
    )


class OneImage:
    """A source of one image that is not a registry."""

    name = "fake"
    scope = ""

    def __init__(
        self, found: PlatformImage | Exception, digest: str = INDEX, blobs: Mapping[str, bytes] | None = None
    ) -> None:
        self._found, self._digest, self._blobs = found, digest, blobs or {}

    async def resolve(self) -> Resolved:
        if isinstance(self._found, Exception):
            raise self._found
        return Resolved(None, self._digest)

    async def images(self, platform: str | None = None) -> list[PlatformImage]:
        assert isinstance(self._found, PlatformImage)
        return [self._found]

    async def manifest(self, descriptor: Descriptor) -> bytes:
        return await self.content(descriptor, 1 << 20)

    async def content(self, descriptor: Descriptor, limit: int) -> bytes:
        if descriptor.digest not in self._blobs:
            raise RegistryError("gone", reason="not-found")
        return self._blobs[descriptor.digest]

    async def may_read(self, layer: Layer) -> bool:
        return True

    def open_layer(self, layer: Layer) -> AsyncGenerator[bytes, None]:
        raise AssertionError("no layer of a base is read")

    def span(self, layer: Layer) -> Span | None:
        return None

    async def close(self) -> None:
        pass


def base(
    found: PlatformImage,
    bases: Bases | None = None,
    *,
    own: str | None = None,
    bare: bool = False,
    source: object = None,
) -> BaseFact:
    reference = parse(own) if own else None
    return asyncio.run(trace(found, reference, bases or Bases(), source or OneImage(found), bare=bare))


def lock(*bases: LockedBase) -> Bases:
    return Bases(lock=Lock(bases=list(bases)))


def asking(found: PlatformImage | Exception, asked: list[str], digest: str = INDEX, **more: Any) -> Bases:
    def open_(reference: Reference) -> OneImage:
        asked.append(reference.normalized)
        return OneImage(found, digest)

    return Bases(open=open_, hosts=frozenset({"docker.io"}), **more)


# --- proof -------------------------------------------------------------------------------------------------------


def test_a_base_of_the_lock_is_proven_by_its_layers() -> None:
    fact = base(
        image(LAYERS[:4]), lock(locked("docker.io/library/alpine:3.20", LAYERS[:2], created="2026-04-05T06:07:08Z"))
    )
    assert (fact.state, fact.reference, fact.tag, fact.digest) == (
        "known",
        "docker.io/library/alpine:3.20",
        "3.20",
        INDEX,
    )
    assert (fact.registry, fact.repository, fact.created) == ("docker.io", "library/alpine", "2026-04-05")
    assert [(each.reference, each.digest, each.via, each.layers, each.hinted_by) for each in fact.ancestors] == [
        ("docker.io/library/alpine:3.20", INDEX, "layers", 2, None)
    ]


@pytest.mark.parametrize(
    ("created", "day"),
    [("2026-04-05T06:07:08Z", "2026-04-05"), ("1970-01-01T00:00:00Z", "2026-11-01"), (None, "2026-11-01"), ("x", "2026-11-01")],
)  # fmt: skip
def test_a_base_that_hides_its_day_is_as_old_as_the_lock_knows(created: str | None, day: str) -> None:
    assert (
        base(image(LAYERS[:2]), lock(locked("docker.io/library/alpine:3.20", LAYERS[:1], created=created))).created
        == day
    )


def test_the_nearest_of_several_ancestors_is_the_base() -> None:
    bases = lock(
        locked("docker.io/library/alpine:3.20", LAYERS[:1]),
        locked("docker.io/library/python:3-alpine", LAYERS[:3], OTHER_INDEX),
    )
    fact = base(image(LAYERS[:4]), bases)
    assert fact.reference == "docker.io/library/python:3-alpine"
    assert [each.layers for each in fact.ancestors] == [3, 1]


def test_an_image_is_its_own_base_where_the_lock_holds_it() -> None:
    fact = base(image(LAYERS[:2]), lock(locked("docker.io/library/alpine:3.20", LAYERS[:2])))
    assert (fact.reference, fact.ancestors[0].layers) == ("docker.io/library/alpine:3.20", 2)


def test_a_superseded_digest_still_proves() -> None:
    old = locked("docker.io/library/alpine:3.20", LAYERS[:2])
    fact = base(image(LAYERS[:3]), lock(locked("docker.io/library/alpine:3.20", LAYERS[4:6], OTHER_INDEX), old))
    assert (fact.state, fact.digest) == ("known", INDEX)


@pytest.mark.parametrize(
    ("layers", "of_base"),
    [
        pytest.param(LAYERS[:1], LAYERS[:2], id="fewer layers than the base"),
        pytest.param([LAYERS[1], LAYERS[0]], LAYERS[:2], id="another order"),
        pytest.param([LAYERS[0], LAYERS[5]], LAYERS[:2], id="another second layer"),
        pytest.param([LAYERS[7]], LAYERS[:2], id="squashed"),
        pytest.param([EMPTY, LAYERS[3]], [EMPTY], id="a base of an empty layer"),
        pytest.param(LAYERS[:2], [], id="a base without layers"),
    ],
)  # fmt: skip
def test_layers_that_do_not_begin_with_all_of_the_base_prove_nothing(layers: list[str], of_base: list[str]) -> None:
    fact = base(image(layers), lock(locked("docker.io/library/alpine:3.20", of_base)))
    assert (fact.state, fact.reference, fact.ancestors) == ("unknown", None, [])
    assert "no base is proven" in (fact.reason or "")


def test_an_image_whose_layers_cannot_be_matched_has_no_base() -> None:
    fact = base(
        image(LAYERS[:2], problem="the manifest lists 3 layers"), lock(locked("docker.io/library/alpine", LAYERS[:1]))
    )
    assert (fact.state, fact.reason) == ("unknown", "the manifest lists 3 layers")


def test_a_bare_image_is_taken_for_one_on_scratch() -> None:
    fact = base(image(LAYERS[:1]), bare=True)
    assert (fact.state, fact.reference) == ("assumed", "scratch")
    assert [(each.reference, each.via) for each in fact.ancestors] == [("scratch", "structure")]


def test_an_approved_image_is_its_own_base() -> None:
    own = f"docker.io/library/postgres:16@{INDEX}"
    fact = base(
        image(LAYERS[:1]), Bases(vendor=lambda reference: reference.name == "docker.io/library/postgres"), own=own
    )
    assert (fact.state, fact.reference) == ("known", None)
    assert [(each.reference, each.digest, each.via) for each in fact.ancestors] == [(own, INDEX, "self")]
    assert base(image(LAYERS[:1]), Bases(vendor=lambda reference: False), own=own).state == "unknown"


@pytest.mark.parametrize("bare", [True, False])
@pytest.mark.parametrize("lock", [Lock(bases=[locked("a.io/base:1", LAYERS[:1])]), None], ids=["proven", "unproven"])
def test_what_followed_from_another_name_of_the_image_is_taken_back(lock: Lock | None, bare: bool) -> None:
    names = [parse(each) for each in ("docker.io/library/postgres:16", "docker.io/library/postgres:9", "evil.io/a:16")]

    def vendor(reference: Reference) -> bool:
        return reference == names[0]

    as_any = {
        name: base(image(LAYERS[:2]), Bases(lock=lock, vendor=vendor), bare=bare, own=str(name)) for name in names
    }
    assert as_any[names[1]] == as_any[names[2]] != as_any[names[0]]
    for asked in names:
        assert {name: run_as(as_any[asked], name, vendor) for name in names} == as_any
        assert run_as(as_any[asked], None, vendor) == as_any[names[1]]


# --- claims ------------------------------------------------------------------------------------------------------


def claims(fact: BaseFact) -> list[tuple[str, str, bool | None, int | None]]:
    return [(each.source, each.reference, each.holds, each.differs_at) for each in fact.claims]


def test_a_label_names_a_candidate_that_its_layers_prove() -> None:
    asked: list[str] = []
    reference = f"docker.io/library/alpine:3.20@{INDEX}"
    fact = base(image(LAYERS[:3], {NAME: "alpine:3.20", DIGEST: INDEX}), asking(image(LAYERS[:2]), asked))
    assert asked == [reference]
    assert claims(fact) == [("label", reference, True, None)]
    assert [(each.reference, each.layers, each.hinted_by) for each in fact.ancestors] == [(reference, 2, "label")]
    assert (fact.state, fact.digest, fact.created) == ("known", INDEX, "2026-05-06")


def test_a_label_with_a_digest_that_the_layers_contradict_is_a_lie() -> None:
    fact = base(image([LAYERS[0], LAYERS[5]], {NAME: "alpine:3.20", DIGEST: INDEX}), asking(image(LAYERS[:2]), []))
    assert claims(fact) == [("label", f"docker.io/library/alpine:3.20@{INDEX}", False, 1)]
    assert fact.claims[0].reason == "layer 2 is another than the base's"
    assert fact.state == "unknown"


def test_a_lie_about_a_base_of_the_lock_is_found_offline() -> None:
    fact = base(
        image([LAYERS[5]], {NAME: "alpine:3.20", DIGEST: INDEX}),
        lock(locked("docker.io/library/alpine:3.20", LAYERS[:2])),
    )
    assert claims(fact) == [("label", f"docker.io/library/alpine:3.20@{INDEX}", False, 0)]


def test_a_tag_that_leads_elsewhere_now_is_no_lie() -> None:
    fact = base(image([LAYERS[5]], {NAME: "alpine:3.20"}), asking(image(LAYERS[:2]), []))
    assert claims(fact) == [("label", "docker.io/library/alpine:3.20", None, 0)]
    assert "the tag may have moved" in (fact.claims[0].reason or "")


def test_a_label_that_the_lock_proves_holds_without_asking() -> None:
    fact = base(
        image(LAYERS[:3], annotations={NAME: "alpine:3.20"}), lock(locked("docker.io/library/alpine:3.20", LAYERS[:2]))
    )
    assert claims(fact) == [("annotation", "docker.io/library/alpine:3.20", True, None)]
    assert fact.ancestors[0].hinted_by == "annotation"


def test_only_registries_that_may_be_asked_are() -> None:
    asked: list[str] = []
    labels = {NAME: "evil.example/base:1", DIGEST: INDEX}
    fact = base(image(LAYERS[:1], labels), asking(image(LAYERS[:1]), asked))
    assert asked == []
    assert claims(fact) == [("label", f"evil.example/base:1@{INDEX}", None, None)]
    assert "evil.example is not a registry that may be asked" in (fact.claims[0].reason or "")
    assert "nothing may be asked offline" in (base(image(LAYERS[:1], labels)).claims[0].reason or "")


def test_a_registry_that_fails_leaves_the_claim_open() -> None:
    fact = base(image(LAYERS[:1], {NAME: "alpine"}), asking(RegistryError("gone", reason="not-found"), []))
    assert (fact.claims[0].holds, fact.claims[0].reason) == (None, "gone")


@pytest.mark.parametrize("name", ["UPPER", "scratch", "", "a b", "x" * 5000])
def test_a_label_that_names_nothing_claims_nothing(name: str) -> None:
    assert base(image(LAYERS[:1], {NAME: name, DIGEST: INDEX}), asking(image(LAYERS[:1]), [])).claims == []


def test_one_name_is_asked_for_once() -> None:
    asked: list[str] = []
    labels = {NAME: "alpine:3.20", DIGEST: INDEX}
    base(image(LAYERS[:1], labels, labels), asking(image(LAYERS[:1]), asked))
    assert len(asked) == 1


# --- provenance --------------------------------------------------------------------------------------------------


def attested(found: PlatformImage, statement: dict[str, Any]) -> tuple[PlatformImage, OneImage]:
    blob = json.dumps(statement).encode()
    layer = {"mediaType": "application/vnd.in-toto+json", "digest": digest_of(blob), "size": len(blob)}
    config = {"mediaType": "application/vnd.oci.empty.v1+json", "digest": digest_of(b"{}"), "size": 2}
    manifest = json.dumps({"schemaVersion": 2, "config": config, "layers": [layer]}).encode()
    found = dataclasses.replace(found, attestations=(digest_of(manifest),))
    return found, OneImage(found, blobs={digest_of(manifest): manifest, digest_of(blob): blob})


V02 = {
    "predicateType": "https://slsa.dev/provenance/v0.2",
    "predicate": {
        "materials": [
            {"uri": "pkg:docker/docker/dockerfile@1?platform=linux%2Famd64", "digest": {"sha256": "1" * 64}},
            {"uri": "pkg:docker/alpine@3.20?platform=linux%2Famd64", "digest": {"sha256": INDEX[7:]}},
            {"uri": "https://github.com/acme/app", "digest": {"sha1": "2" * 40}},
        ]
    },
}
V1 = {
    "predicateType": "https://slsa.dev/provenance/v1",
    "predicate": {
        "buildDefinition": {
            "resolvedDependencies": [{"uri": f"pkg:docker/alpine@3.20?digest={INDEX}", "digest": {"sha256": INDEX[7:]}}]
        }
    },
}


@pytest.mark.parametrize("statement", [V02, V1], ids=["0.2", "1"])
def test_materials_of_the_provenance_name_candidates(statement: dict[str, Any]) -> None:
    found, source = attested(image(LAYERS[:3]), statement)
    fact = base(found, asking(image(LAYERS[:2]), []), source=source)
    reference = f"docker.io/library/alpine:3.20@{INDEX}"
    assert ("provenance", reference, True, None) in claims(fact)
    assert fact.ancestors[0].hinted_by == "provenance"


def test_materials_that_are_no_base_are_no_lies() -> None:
    found, source = attested(image([LAYERS[6]]), V02)
    assert base(found, asking(image(LAYERS[:2]), []), source=source).claims == []


@pytest.mark.parametrize(
    "statement",
    [{}, {"predicateType": "https://spdx.dev/Document", "predicate": {}}, {**V02, "predicate": []}, {**V02, "predicate": {"materials": ["x", {"uri": 5}]}}],
)  # fmt: skip
def test_statements_of_another_kind_name_nothing(statement: dict[str, Any]) -> None:
    found, source = attested(image(LAYERS[:1]), statement)
    assert base(found, asking(image(LAYERS[:1]), []), source=source).claims == []


def test_attestations_that_cannot_be_read_name_nothing() -> None:
    found = dataclasses.replace(image(LAYERS[:1]), attestations=(INDEX,))
    assert base(found, source=OneImage(found)).claims == []
