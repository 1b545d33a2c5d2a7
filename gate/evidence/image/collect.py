"""From an image, wherever it is, to evidence: one document for every platform it can run on.

>>> async with Pool(2) as pool:  # doctest: +SKIP
...     documents = await collect(source, pool=pool, bases=Bases(lock=lock))
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence
from dataclasses import replace
from typing import TypeVar
from weakref import WeakValueDictionary

import msgspec

from gate.errors import StoreError
from gate.evidence import model
from gate.evidence.image import facts as facts_of
from gate.evidence.image import layers as layers_of
from gate.evidence.image.facts import ImageFacts, Subject, unreadable
from gate.evidence.image.layers import LayerFacts
from gate.evidence.image.limits import ImageLimits
from gate.evidence.image.lineage import Bases, trace
from gate.evidence.image.pool import Pool
from gate.evidence.image.reference import Reference
from gate.evidence.image.source import ImageSource, Layer, PlatformImage
from gate.store import NoStore, Store

__all__ = ["Collector", "Turns", "collect"]

Facts = TypeVar("Facts", ImageFacts, LayerFacts)

_LAYERS, _IMAGES = "layer", "image"  # namespaces of the store
_LONGEST_AUTHOR = 300  # characters kept of what an author says made a layer


class Turns:
    """Whoever reads a layer first reads it for all: the others wait, and then find it in the store.

    For images that are collected at the same time over one store. Belongs to one event loop.
    """

    def __init__(self) -> None:
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    def of(self, key: str) -> asyncio.Lock:
        """The lock of a layer, for as long as anybody holds or awaits it."""
        lock = self._locks.get(key)
        if lock is None:
            lock = self._locks[key] = asyncio.Lock()
        return lock


async def collect(
    source: ImageSource,
    *,
    pool: Pool,
    name: str | None = None,
    platform: str | None = None,
    bases: Bases | None = None,
    store: Store | None = None,
    limits: ImageLimits | None = None,
    turns: Turns | None = None,
) -> list[model.Evidence]:
    """Evidence for every runnable platform, or the one asked for; raises `TargetError` where there is no reading it.

    ``name`` is what reports call it. What the store holds is used only after this source, with its credentials, was
    given the image's digest just now, and each layer's where facts of single layers are used. ``turns`` is shared by
    images that are collected at the same time.
    """
    collector = Collector(source, pool, bases or Bases(), store or NoStore(), limits or ImageLimits(), turns)
    return await collector.collect(name or source.name, platform)


class Collector:
    """Reads one image; see `collect`."""

    def __init__(
        self,
        source: ImageSource,
        pool: Pool,
        bases: Bases,
        store: Store,
        limits: ImageLimits,
        turns: Turns | None = None,
    ) -> None:
        self._source, self._pool, self._bases = source, pool, bases
        self._store, self._limits = store, limits
        self._turns = turns or Turns()
        self._layer_bounds = msgspec.json.encode(limits.layer).decode()
        self._reading: dict[str, asyncio.Task[LayerFacts]] = {}

    async def collect(self, name: str, platform: str | None) -> list[model.Evidence]:
        """Every platform, one after the other; a layer they share is read once."""
        resolved = await self._source.resolve()
        found = []
        for image in await self._source.images(platform):
            facts = await self.facts(image)
            base = await trace(image, resolved.reference, self._bases, self._source, bare=facts.bare)
            found.append(_evidence(name, resolved.reference, resolved.digest, image, facts, base))
        return found

    async def facts(self, image: PlatformImage) -> ImageFacts:
        """What the image shows without regard to its base; from the store where all of it was read before."""
        subject = _subject(image)
        if subject.problem is not None:
            return unreadable(subject, subject.problem)
        key = self._key(image)
        cached = _decoded(self._get(_IMAGES, key), ImageFacts)
        if cached is not None:
            return cached
        layers = await self._layers(image)
        found = await self._pool.image(subject, layers, self._limits)
        if all(each.whole for each in layers):
            self._put(_IMAGES, key, msgspec.msgpack.encode(found))
        return found

    def _key(self, image: PlatformImage) -> str:
        """What the facts follow from (the config, the layers, the bounds, the code that reads them), and for whom."""
        parts = [self._source.scope, facts_of.VERSION, layers_of.VERSION, image.config_digest]
        parts += [msgspec.json.encode(self._limits).decode()]
        parts += [f"{layer.digest} {layer.diff_id} {layer.compressed}" for layer in image.layers]
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()

    def _layer_key(self, layer: Layer) -> str:
        return f"{layers_of.VERSION} {layer.digest} {layer.diff_id} {self._layer_bounds}"

    # --- layers --------------------------------------------------------------------------------------------------

    async def _layers(self, image: PlatformImage) -> list[LayerFacts]:
        tasks = []
        for layer in image.layers:
            key = self._layer_key(layer)
            if key not in self._reading:
                self._reading[key] = asyncio.ensure_future(self._layer(layer, key))
            tasks.append(self._reading[key])
        try:
            return list(await asyncio.gather(*tasks))
        except BaseException:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            raise

    async def _layer(self, layer: Layer, key: str) -> LayerFacts:
        async with self._turns.of(key):
            cached = _decoded(self._get(_LAYERS, key), LayerFacts)
            if cached is not None and await self._source.may_read(layer):
                return cached
            found = await self._pool.layer(self._source, layer, self._limits.layer)
            if found.whole:
                self._put(_LAYERS, key, msgspec.msgpack.encode(found))
            return found

    # --- the store -----------------------------------------------------------------------------------------------

    def _get(self, namespace: str, key: str) -> bytes | None:
        try:
            return self._store.get(namespace, key)
        except StoreError:
            return None

    def _put(self, namespace: str, key: str, value: bytes) -> None:
        try:
            self._store.put(namespace, key, value)
        except StoreError:
            return


def _decoded(value: bytes | None, kind: type[Facts]) -> Facts | None:
    """Facts from the store; null for what another version wrote."""
    if value is None:
        return None
    try:
        return msgspec.msgpack.decode(value, type=kind)
    except msgspec.MsgspecError:
        return None


def _subject(image: PlatformImage) -> Subject:
    problem = image.problem
    if problem is None:
        problem = next((f"layer {layer.index + 1}: {layer.problem}" for layer in image.layers if layer.problem), None)
    return Subject(
        config=image.config,
        layers=[_short(layer) for layer in image.layers],
        windows=image.platform.startswith("windows"),
        problem=problem,
    )


def _short(layer: Layer) -> Layer:
    """Authors may write megabytes, which every finding of the layer would repeat."""
    author = layer.created_by
    if author is None or len(author) <= _LONGEST_AUTHOR:
        return layer
    return replace(layer, created_by=author[: _LONGEST_AUTHOR - 1] + "…")


def _evidence(
    name: str,
    reference: Reference | None,
    digest: str | None,
    image: PlatformImage,
    facts: ImageFacts,
    base: model.BaseFact,
) -> model.Evidence:
    platform = image.platform
    return model.Evidence(
        kind="image",
        subject=model.Subject(
            name=name,
            platform=platform,
            reference=reference.normalized if reference else None,
            digest=digest or image.manifest_digest,
        ),
        facts=model.Facts(
            user=msgspec.structs.replace(facts.user, platform=platform),
            shell=msgspec.structs.replace(facts.shell, platform=platform),
            base=msgspec.structs.replace(base, platform=platform),
            size=msgspec.structs.replace(facts.size, platform=platform, above_base=_above(facts.size, base)),
            filesystem=msgspec.structs.replace(facts.filesystem, platform=platform),
        ),
        image=model.Image(
            config=image.config,
            manifest_digest=image.manifest_digest,
            index_digest=image.index_digest,
            layers=_listed(image.layers),
            annotations=image.annotations,
        ),
    )


def _above(size: model.SizeFact, base: model.BaseFact) -> int | None:
    """Bytes of the layers above the nearest ancestor; all of them on scratch."""
    nearest = next((each.layers for each in base.ancestors if each.via == "layers"), None)
    if nearest is None and base.reference != "scratch":
        return None
    above = [layer.uncompressed for layer in size.layers[nearest or 0 :]]
    return None if None in above else sum(each for each in above if each is not None)


def _listed(layers: Sequence[Layer]) -> list[model.ImageLayer]:
    return [
        model.ImageLayer(
            digest=layer.digest or layer.diff_id or "",
            diff_id=layer.diff_id,
            media_type=layer.media_type,
            compressed=layer.compressed,
            created_by=layer.created_by,
        )
        for layer in layers
    ]
