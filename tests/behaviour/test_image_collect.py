"""Images become evidence, wherever they are: platforms, caches, requests, worker processes, hostile layers."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import datetime
import gzip
import json
import zlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from backports import zstd
from gate.errors import RegistryError
from gate.evidence.image.collect import collect
from gate.evidence.image.document_cache import StoredDocuments
from gate.evidence.image.endpoints import Registries
from gate.evidence.image.layout import open_layout
from gate.evidence.image.limits import ImageLimits, LayerLimits
from gate.evidence.image.lineage import Bases
from gate.evidence.image.pool import Pool
from gate.evidence.image.reference import parse
from gate.evidence.image.registry import RegistryClient
from gate.evidence.image.registry_source import RegistrySource
from gate.evidence.image.source import ImageSource
from gate.evidence.image.transport import Transport
from gate.evidence.model import Evidence
from gate.lock import Lock, LockedBase, LockedPlatform
from gate.settings.model import Registry
from gate.store import FileStore, MemoryStore, Store

from tests.support.layered import BUSYBOX, PROGRAM, file, image_of, layer, link, whiteout
from tests.support.oci_images import Image, digest_of, entry, index_of, write_layout
from tests.support.registry_fakes import FakeRegistry, refusal

BASE = layer(
    file("bin/busybox", BUSYBOX), link("bin/sh", "busybox"), file("etc/passwd", b"app:x:1001:1001::/:\n", 0o644)
)
APP = layer(file("app", PROGRAM))
SLIM = layer(whiteout("bin"))


def layout(directory: Path, *images: Image, platforms: tuple[str, ...] = ("linux/amd64",)) -> Path:
    blobs = {digest: blob for image in images for digest, blob in image.blobs.items()}
    blobs |= {image.digest: image.manifest for image in images}
    entries = [entry(image.manifest, platform) for image, platform in zip(images, platforms, strict=True)]
    if len(images) == 1:
        return write_layout(directory, blobs, index_of(*entries))
    index = index_of(*entries)
    return write_layout(
        directory,
        {**blobs, digest_of(index): index},
        index_of(entry(index, media_type="application/vnd.oci.image.index.v1+json")),
    )


def of_layout(path: Path, *, inline_below: int = 1 << 20, **options: Any) -> list[Evidence]:
    async def run() -> list[Evidence]:
        source = open_layout(path)
        try:
            async with Pool(2, inline_below=inline_below) as pool:
                return await collect(source, pool=pool, **options)
        finally:
            await source.close()

    return asyncio.run(run())


@contextlib.asynccontextmanager
async def registry(store: Store) -> AsyncIterator[tuple[FakeRegistry, RegistryClient]]:
    async with FakeRegistry() as fake:
        rows = [Registry(host=fake.host, insecure=True)]
        client = RegistryClient(Transport(), Registries(rows), NoCredentials(), cache=StoredDocuments(store))
        try:
            yield fake, client
        finally:
            await client.close()


class NoCredentials:
    async def credentials(self, name: str) -> tuple[()]:
        return ()


async def read(client: RegistryClient, name: str, store: Store, **options: Any) -> list[Evidence]:
    async with Pool(2, inline_below=0) as pool:
        return await collect(RegistrySource(client, parse(name)), pool=pool, store=store, **options)


# --- evidence ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("inline_below", [0, 1 << 20], ids=["in a process", "in this process"])
def test_an_image_becomes_one_document_with_all_facts(tmp_path: Path, inline_below: int) -> None:
    image = image_of(BASE, APP, SLIM, User="app", Entrypoint=["/app"])
    [found] = of_layout(layout(tmp_path, image), inline_below=inline_below, name="shown")
    assert (found.kind, found.subject.name, found.subject.platform) == ("image", "shown", "linux/amd64")
    assert found.subject.digest == image.digest
    facts = found.facts
    assert (facts.user.state, facts.user.uid, facts.user.root, facts.user.platform) == (
        "known",
        1001,
        False,
        "linux/amd64",
    )
    assert (facts.shell.state, facts.shell.present) == ("known", False)
    assert (facts.size.compressed, facts.size.uncompressed) == (
        sum(map(len, image.layers)),
        len(BASE) + len(APP) + len(SLIM),
    )
    assert [each.wasted for each in facts.size.layers] == [len(BUSYBOX), 0, 0]
    assert facts.filesystem.state == "known"
    assert (facts.base.state, facts.base.reference) == ("assumed", "scratch")
    assert facts.size.above_base == facts.size.uncompressed
    assert found.image is not None
    assert found.image.config["config"] == {"User": "app", "Entrypoint": ["/app"]}
    assert [each.created_by for each in found.image.layers] == ["step 0", "step 1", "step 2"]
    assert json.loads(json.dumps(found.image.config)) == found.image.config


def test_every_platform_is_judged_by_its_own_layers(tmp_path: Path) -> None:
    good = image_of(APP, User="1000")
    bad = image_of(BASE, APP, platform="linux/arm64")
    path = layout(tmp_path, good, bad, platforms=("linux/amd64", "linux/arm64"))
    found = {each.subject.platform: each for each in of_layout(path)}
    assert {platform: (each.facts.shell.present, each.facts.user.root) for platform, each in found.items()} == {
        "linux/amd64": (False, False),
        "linux/arm64": (True, True),
    }
    assert [each.subject.platform for each in of_layout(path, platform="linux/arm64")] == ["linux/arm64"]


def test_the_lock_proves_the_base_and_what_lies_above_it(tmp_path: Path) -> None:
    image = image_of(BASE, APP)
    platforms = {"linux/amd64": LockedPlatform(diff_ids=[digest_of(BASE)])}
    base = LockedBase(
        reference="docker.io/library/alpine:3.20",
        digest=digest_of(b"i"),
        resolved=datetime.date(2026, 1, 1),
        platforms=platforms,
    )
    [found] = of_layout(layout(tmp_path, image), bases=Bases(lock=Lock(bases=[base])))
    assert (found.facts.base.state, found.facts.base.reference) == ("known", "docker.io/library/alpine:3.20")
    assert found.facts.size.above_base == len(APP)


@pytest.mark.parametrize(
    ("image", "reason"),
    [
        pytest.param(image_of(BASE, document={"rootfs": {"type": "layers", "diff_ids": [digest_of(APP)]}}), "layer 1: the layer's content does not have the diff_id", id="another diff_id"),
        pytest.param(image_of(BASE, document={"rootfs": {"type": "layers", "diff_ids": []}}), "an image of 1 layers", id="no diff_ids"),
        pytest.param(image_of(BASE, document={"rootfs": {"type": "layers", "diff_ids": [digest_of(BASE)] * 2}}), "the manifest lists 1 layers, the config 2 diff_ids", id="too many diff_ids"),
        pytest.param(image_of(BASE, pack=lambda tar: gzip.compress(tar)[:-20]), "layer 1: the gzip stream is cut short", id="cut"),
        pytest.param(image_of(BASE, pack=lambda tar: gzip.compress(tar) + b"junk"), "layer 1: junk follows", id="junk"),
        pytest.param(image_of(BASE, platform="windows/amd64"), "an image for Windows", id="windows"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("inline_below", [0, 1 << 20], ids=["process", "inline"])
def test_layers_that_prove_nothing_leave_facts_unknown(
    tmp_path: Path, image: Image, reason: str, inline_below: int
) -> None:
    [found] = of_layout(layout(tmp_path, image), inline_below=inline_below)
    states = {found.facts.shell.state, found.facts.filesystem.state}
    assert states == {"unknown"}
    if "an image of" not in reason:
        assert reason in (found.facts.shell.reason or "")
    assert found.facts.shell.shells == []


def test_any_way_to_pack_a_layer_is_read(tmp_path: Path) -> None:
    image = image_of(BASE, APP, SLIM, pack=[bytes, zstd.compress, gzip.compress])
    [found] = of_layout(layout(tmp_path, image))
    assert found.facts.shell.present is False
    assert found.facts.size.uncompressed == len(BASE) + len(APP) + len(SLIM)


def test_layers_of_an_unknown_kind_leave_facts_unknown(tmp_path: Path) -> None:
    image = image_of(BASE, APP)
    manifest = json.loads(image.manifest)
    manifest["layers"][1]["mediaType"] = "application/vnd.oci.image.layer.v1.tar+gzip+encrypted"
    [found] = of_layout(layout(tmp_path, dataclasses.replace(image, manifest=json.dumps(manifest).encode())))
    assert (found.facts.shell.state, found.facts.shell.reason) == ("unknown", "layer 2: an encrypted layer")


# --- caches and requests -----------------------------------------------------------------------------------------


def test_the_same_image_again_costs_one_request_and_no_layer() -> None:
    async def run() -> tuple[list[Evidence], list[Evidence], list[str]]:
        store = MemoryStore()
        async with registry(store) as (fake, client):
            fake.hold("acme/api", "1", image_of(BASE, APP, SLIM, User="app"))
            first = await read(client, f"{fake.host}/acme/api:1", store)
            before = len(fake.asked)
            again = await read(client, f"{fake.host}/acme/api:1", store)
            return first, again, [f"{each.method} {each.path}" for each in fake.asked[before:]]

    first, again, asked = asyncio.run(run())
    assert first == again
    assert asked == ["HEAD /v2/acme/api/manifests/1"]


def test_an_image_that_shares_layers_is_read_only_where_it_differs() -> None:
    async def run() -> list[str]:
        store = MemoryStore()
        async with registry(store) as (fake, client):
            lower = [layer(file(f"file{number}", PROGRAM)) for number in range(7)]
            fake.hold("acme/api", "1", image_of(*lower, APP))
            second = image_of(*lower, SLIM)
            fake.hold("acme/api", "2", second)
            await read(client, f"{fake.host}/acme/api:1", store)
            before = len(fake.asked)
            await read(client, f"{fake.host}/acme/api:2", store)
            return [
                each.path
                for each in fake.asked[before:]
                if each.method == "GET" and "/blobs/" in each.path and digest_of(second.config) not in each.path
            ] + [digest_of(second.layers[7])]

    asked = asyncio.run(run())
    assert len(asked) == 2 and asked[1] in asked[0]


def test_cached_facts_answer_nobody_who_may_not_read_the_image() -> None:
    async def run() -> None:
        store = MemoryStore()
        async with registry(store) as (fake, client):
            fake.hold("acme/api", "1", image_of(BASE))
            await read(client, f"{fake.host}/acme/api:1", store)

            async def refuse(request: Any) -> Any:
                return refusal(401, "UNAUTHORIZED", WWW_Authenticate='Basic realm="x"')

            fake.hook = refuse
            with pytest.raises(RegistryError) as caught:
                await read(client, f"{fake.host}/acme/api:1", store)
            assert caught.value.reason == "unauthorized"

    asyncio.run(run())


def test_cached_facts_of_a_layer_are_used_only_where_the_layer_would_be_given() -> None:
    async def run() -> tuple[int, int]:
        store = MemoryStore()
        async with registry(store) as (fake, client):
            fake.hold("acme/api", "1", image_of(BASE, APP))
            await read(client, f"{fake.host}/acme/api:1", store)
            fake.hold("evil/api", "1", image_of(BASE, SLIM))
            shared = image_of(BASE).layers[0]
            before = len(fake.asked)
            await read(client, f"{fake.host}/evil/api:1", store)
            heads = [each for each in fake.asked[before:] if each.method == "HEAD" and digest_of(shared) in each.path]
            return len(heads), len(
                [each for each in fake.asked[before:] if each.method == "GET" and digest_of(shared) in each.path]
            )

    assert asyncio.run(run()) == (1, 0)


def test_a_damaged_cache_is_read_again(tmp_path: Path) -> None:
    store = FileStore(tmp_path / "cache")
    path = layout(tmp_path / "layout", image_of(BASE, APP))
    first = of_layout(path, store=store)
    for each in (tmp_path / "cache").rglob("*"):
        if each.is_file():
            each.write_bytes(each.read_bytes()[:-3] + b"xyz")
    assert of_layout(path, store=store) == first


def test_what_another_version_kept_is_read_again(tmp_path: Path) -> None:
    class Odd(MemoryStore):
        def get(self, namespace: str, key: str) -> bytes | None:
            return b"\x81\xa5other\x01" if super().get(namespace, key) else None

    store, path = Odd(), layout(tmp_path, image_of(BASE, APP))
    first = of_layout(path, store=store)
    assert of_layout(path, store=store) == first


def test_without_processes_facts_are_unknown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.executable", str(tmp_path / "no-python"))
    [found] = of_layout(layout(tmp_path, image_of(BASE)), inline_below=0)
    assert "no process to read it could be started" in (found.facts.shell.reason or "")


def test_facts_that_prove_nothing_are_not_cached(tmp_path: Path) -> None:
    store = MemoryStore()
    path = layout(
        tmp_path / "one", image_of(BASE, document={"rootfs": {"type": "layers", "diff_ids": [digest_of(APP)]}})
    )
    assert of_layout(path, store=store)[0].facts.shell.state == "unknown"
    [found] = of_layout(layout(tmp_path / "two", image_of(BASE)), store=store)
    assert found.facts.shell.present is True


def test_other_bounds_are_other_facts(tmp_path: Path) -> None:
    store, path = MemoryStore(), layout(tmp_path, image_of(BASE, APP))
    assert of_layout(path, store=store, limits=ImageLimits(layers=1))[0].facts.shell.state == "unknown"
    assert of_layout(path, store=store)[0].facts.shell.state == "known"


def test_a_layer_listed_twice_is_read_once() -> None:
    async def run() -> int:
        store = MemoryStore()
        async with registry(store) as (fake, client):
            image = image_of(APP, APP, APP)
            fake.hold("acme/api", "1", image)
            [found] = await read(client, f"{fake.host}/acme/api:1", store)
            assert found.facts.size.uncompressed == 3 * len(APP)
            return len([each for each in fake.asked if digest_of(image.layers[0]) in each.path])

    assert asyncio.run(run()) == 1


# --- processes ---------------------------------------------------------------------------------------------------


def zeros(total: int) -> bytes:
    packer = zlib.compressobj(9, wbits=31)
    return b"".join([*(packer.compress(bytes(1 << 20)) for _ in range(total >> 20)), packer.flush()])


def test_a_bomb_ends_early_and_the_process_is_not_used_again(tmp_path: Path) -> None:
    bomb = zeros(300 << 20)
    image = image_of(APP, BASE, pack=[lambda tar: bomb, gzip.compress])
    [found] = of_layout(
        layout(tmp_path, image), inline_below=0, limits=ImageLimits(layer=LayerLimits(ratio_from=32 << 20))
    )
    assert found.facts.shell.reason == "layer 1: the layer unpacks to more than 200 times its size"
    assert (found.facts.size.state, found.facts.size.at_least) != ("known", None)


def test_a_layer_that_takes_too_long_is_given_up(tmp_path: Path) -> None:
    [found] = of_layout(
        layout(tmp_path, image_of(BASE)), inline_below=0, limits=ImageLimits(layer=LayerLimits(seconds=0.0))
    )
    assert found.facts.shell.reason == "layer 1: reading it took longer than 0 s"


class Dripping:
    """A source whose layers end in an error, or that breaks."""

    def __init__(self, inner: ImageSource, error: Exception) -> None:
        self._inner, self._error, self.name = inner, error, inner.name

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def span(self, layer: Any) -> None:
        return None

    async def open_layer(self, layer: Any) -> AsyncIterator[bytes]:
        async for piece in self._inner.open_layer(layer):
            yield piece
        raise self._error


@pytest.mark.parametrize("inline_below", [0, 1 << 20], ids=["process", "inline"])
def test_a_source_that_fails_at_the_end_of_a_layer_fails_the_image(tmp_path: Path, inline_below: int) -> None:
    async def run() -> None:
        store = MemoryStore()
        source = Dripping(
            open_layout(layout(tmp_path, image_of(BASE, APP))), RegistryError("wrong digest", reason="digest")
        )
        async with Pool(2, inline_below=inline_below) as pool:
            with pytest.raises(RegistryError, match="wrong digest"):
                await collect(source, pool=pool, store=store)  # type: ignore[arg-type]
            path = layout(tmp_path / "again", image_of(BASE))
            [found] = await collect(open_layout(path), pool=pool, store=store)
            assert found.facts.shell.present is True

    asyncio.run(run())


class Killing(Dripping):
    """A source that kills the process which reads its layer."""

    pool: Watched

    async def open_layer(self, layer: Any) -> AsyncIterator[bytes]:
        for process in self.pool.started:
            process.kill()
            await process.wait()
        async for piece in self._inner.open_layer(layer):
            yield piece


class Watched(Pool):
    """A pool that knows its processes."""

    def __init__(self) -> None:
        super().__init__(1, inline_below=0)
        self.started: list[Any] = []

    async def _process(self) -> Any:
        self.started.append(await super()._process())
        return self.started[-1]


def test_a_process_that_dies_leaves_the_facts_unknown_and_is_replaced(tmp_path: Path) -> None:
    async def run() -> None:
        source = open_layout(layout(tmp_path, image_of(BASE)))
        killing = Killing(source, AssertionError())
        async with Watched() as killing.pool:
            [broken] = await collect(killing, pool=killing.pool)  # type: ignore[arg-type]
            assert broken.facts.shell.state == "unknown"
            assert "ended without an answer" in (broken.facts.shell.reason or "")
            [found] = await collect(source, pool=killing.pool)
            assert found.facts.shell.present is True
            assert len(killing.pool.started) > 1

    asyncio.run(run())


def test_authors_who_write_much_are_cut(tmp_path: Path) -> None:
    history = [{"created_by": "x" * 100_000}]
    [found] = of_layout(layout(tmp_path, image_of(BASE, document={"history": history})))
    assert found.facts.shell.shells[0].origin is not None
    assert len(found.facts.shell.shells[0].origin.created_by or "") == 300  # type: ignore[union-attr]
