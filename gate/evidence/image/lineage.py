"""What an image is built on, proven by its layers: an ancestor is an image all of whose diff_ids come first in it.

gate.lock is asked first. Labels, annotations and provenance only name candidates, whose own config then proves them or
not; hosts outside the allowed ones are never asked. Layers that contradict a claim with a digest make it a lie; a tag
may have moved since. Squashed images prove nothing and stay unknown.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import msgspec

from gate.errors import GateError
from gate.evidence.bases import BaseLookup
from gate.evidence.image.provenance import Hint, hints_of, materials_of
from gate.evidence.image.reference import Reference, parse
from gate.evidence.image.source import ImageSource, PlatformImage
from gate.evidence.model import Ancestor, BaseClaim, BaseFact, ConfigOrigin
from gate.lock import Lock, LockedBase, LockedPlatform

__all__ = ["EMPTY_LAYERS", "Bases", "Candidate", "diff_ids_of", "run_as", "trace"]

EMPTY_LAYERS = frozenset(
    (
        "sha256:5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef",  # 1,024 zeros
        "sha256:84ff92691f909a05b224e1c56abb4864f01b4f8e3c854e4bb4c7baf1d3f6d652",  # 10,240 zeros
        "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",  # nothing
    )
)
_UNPROVEN = "no base is proven: its layers start with those of no image in gate.lock, or it was squashed"
_BARE = "a full walk found no os-release, package database, loader or shell"
_BUILT_BEFORE = "2001"  # such dates are put in to make builds reproducible


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """An image that may be an ancestor. ``created`` is its config's."""

    reference: Reference
    digest: str | None
    diff_ids: list[str]
    created: str | None = None

    def differs_at(self, diff_ids: Sequence[str]) -> int:
        """How many of its layers come first in these."""
        pairs = zip(self.diff_ids, diff_ids, strict=False)
        shorter = min(len(self.diff_ids), len(diff_ids))
        return next((at for at, (ours, theirs) in enumerate(pairs) if ours != theirs), shorter)

    def is_under(self, diff_ids: Sequence[str]) -> bool:
        """Whether all its layers, not all of them empty, are the first of these."""
        return self.differs_at(diff_ids) == len(self.diff_ids) and not EMPTY_LAYERS.issuperset(self.diff_ids)


Proof = tuple[Candidate, str | None]
"""An ancestor, and the kind of hint that named it."""


@dataclass(slots=True)
class Bases:
    """Where candidates come from. ``open`` is null where nothing may be asked; ``hosts`` are the registries that may.

    ``vendor`` says whether an image may be run as it is (``approved_images``). ``table`` knows how long bases are
    supported.
    """

    lock: Lock | None = None
    table: BaseLookup | None = None
    open: Callable[[Reference], ImageSource] | None = None
    hosts: frozenset[str] = frozenset()
    vendor: Callable[[Reference], bool] = lambda reference: False
    _answers: dict[Reference, tuple[list[Candidate], str | None]] = field(default_factory=dict)

    def locked(self, diff_ids: Sequence[str]) -> list[Candidate]:
        """The bases of gate.lock that are ancestors of an image with these layers."""
        if self.lock is None or not diff_ids:
            return []
        found = [_of_lock(base, facts) for base, _, facts in self.lock.by_first_layer(diff_ids[0])]
        return [candidate for candidate in found if candidate.is_under(diff_ids)]

    async def named(self, reference: Reference) -> tuple[list[Candidate], str | None]:
        """The images a reference names, one a platform; or why they are not known."""
        if reference not in self._answers:
            self._answers[reference] = await self._ask(reference)
        return self._answers[reference]

    async def _ask(self, reference: Reference) -> tuple[list[Candidate], str | None]:
        base = self.lock.find(reference.name, reference.tag, reference.digest) if self.lock is not None else None
        if base is not None:
            return [_of_lock(base, facts) for facts in base.platforms.values()], None
        if self.open is None:
            return [], "it is not in gate.lock, and nothing may be asked offline"
        if reference.registry not in self.hosts:
            return [], f"it is not in gate.lock, and {reference.registry} is not a registry that may be asked"
        source = self.open(reference)
        try:
            resolved = await source.resolve()
            images = await source.images()
        except GateError as error:
            return [], str(error)
        finally:
            await source.close()
        return [_of_image(reference, resolved.digest, image) for image in images], None


def _of_lock(base: LockedBase, facts: LockedPlatform) -> Candidate:
    # A build may leave out when it was made; the tag led there on that day at the latest.
    created = facts.created if _day(facts.created) else base.resolved.isoformat()
    return Candidate(reference=parse(base.reference), digest=base.digest, diff_ids=facts.diff_ids, created=created)


def _of_image(reference: Reference, digest: str | None, image: PlatformImage) -> Candidate:
    created = image.config.get("created")
    return Candidate(
        reference=reference,
        digest=digest,
        diff_ids=diff_ids_of(image),
        created=created if isinstance(created, str) else None,
    )


def diff_ids_of(image: PlatformImage) -> list[str]:
    """The diff_ids of an image's layers; none where one is missing."""
    found = [layer.diff_id for layer in image.layers if layer.diff_id is not None]
    return found if len(found) == len(image.layers) and image.problem is None else []


async def trace(image: PlatformImage, own: Reference | None, bases: Bases, source: object, *, bare: bool) -> BaseFact:
    """The base of an image. ``own``: its reference, as written; ``bare``: a full walk found no distribution in it."""
    diff_ids = diff_ids_of(image)
    origin = ConfigOrigin(field="rootfs.diff_ids")
    if image.problem is not None:
        return BaseFact(state="unknown", reason=image.problem, origin=origin)
    proven: list[Proof] = [(candidate, None) for candidate in bases.locked(diff_ids)]
    claims = []
    for hint in [*hints_of(image), *await materials_of(source, image)]:
        candidates, reason = await bases.named(hint.reference)
        under = [each for each in candidates if each.is_under(diff_ids)]
        proven += [(each, hint.source) for each in under]
        claim = _claim(hint, candidates, diff_ids, reason, proven=bool(under or _same(hint, proven)))
        if hint.source != "provenance" or claim.holds:
            claims.append(claim)
    return run_as(_fact(_distinct(proven), claims, bases, image.platform, bare=bare), own, bases.vendor)


def _same(hint: Hint, proven: Sequence[Proof]) -> list[Candidate]:
    """Proven ancestors that the hint means: the same repository and digest, or tag where it names none."""
    wanted = hint.reference
    return [
        each
        for each, _ in proven
        if each.reference.name == wanted.name
        and (wanted.digest == each.digest if wanted.digest else wanted.tag == each.reference.tag)
    ]


def _claim(
    hint: Hint, candidates: Sequence[Candidate], diff_ids: Sequence[str], reason: str | None, *, proven: bool
) -> BaseClaim:
    reference = hint.reference
    holds: bool | None = proven or None
    differs_at = None
    if not proven and candidates:
        differs_at = max(each.differs_at(diff_ids) for each in candidates)
        if reference.digest is not None:
            holds = False
            reason = f"layer {differs_at + 1} is another than the base's"
        else:
            reason = f"layer {differs_at + 1} is another than the base's now; the tag may have moved since"
    return BaseClaim(
        source=hint.source,
        reference=reference.normalized,
        digest=reference.digest,
        holds=holds,
        differs_at=differs_at,
        reason=None if holds else reason,
    )


def _distinct(proven: Sequence[Proof]) -> list[Proof]:
    """Each ancestor once, the nearest first, what a hint named before others of the same layers."""
    found: dict[tuple[Reference, str | None], Proof] = {}
    for candidate, hint in proven:
        key = candidate.reference, candidate.digest
        if key not in found or found[key][1] is None:
            found[key] = candidate, hint
    return sorted(found.values(), key=lambda each: (-len(each[0].diff_ids), each[1] is None))


def _fact(
    proven: Sequence[Proof],
    claims: list[BaseClaim],
    bases: Bases,
    platform: str,
    *,
    bare: bool,
) -> BaseFact:
    ancestors = [
        Ancestor(
            reference=each.reference.normalized,
            digest=each.digest,
            via="layers",
            layers=len(each.diff_ids),
            hinted_by=hint,
        )
        for each, hint in proven
    ]
    origin = ConfigOrigin(field="rootfs.diff_ids")
    if proven:
        found = _nearest(proven[0][0], bases, platform)
        return msgspec.structs.replace(found, ancestors=ancestors, claims=claims, origin=origin)
    if bare:
        ancestors.append(Ancestor(reference="scratch", via="structure"))
        return BaseFact(
            state="assumed", reason=_BARE, reference="scratch", ancestors=ancestors, claims=claims, origin=origin
        )
    return BaseFact(state="unknown", reason=_UNPROVEN, claims=claims, origin=origin)


def run_as(fact: BaseFact, own: Reference | None, vendor: Callable[[Reference], bool]) -> BaseFact:
    """The base of an image that is run by the name ``own``: a vendor's image is known whatever it is built on.

    Facts of one digest serve all its names, so what followed from another name is taken back.
    """
    found = [each for each in fact.ancestors if each.via != "self"]
    state, reason = fact.state, fact.reason
    if len(found) < len(fact.ancestors) and not any(each.via == "layers" for each in found):
        state, reason = ("assumed", _BARE) if found else ("unknown", _UNPROVEN)
    if own is not None and vendor(own):
        found.append(Ancestor(reference=own.normalized, digest=own.digest, via="self"))
        if reason in (_UNPROVEN, _BARE):
            state, reason = "known", None
    return msgspec.structs.replace(fact, state=state, reason=reason, ancestors=found)


def _nearest(base: Candidate, bases: Bases, platform: str) -> BaseFact:
    known = bases.table.lookup(base.reference, platform) if bases.table is not None else None
    return BaseFact(
        state="known",
        reference=base.reference.normalized,
        registry=base.reference.registry,
        repository=base.reference.repository,
        tag=base.reference.tag,
        digest=base.digest,
        created=_day(base.created),
        supported_until=known.supported_until if known else None,
    )


def _day(created: str | None) -> str | None:
    """The date of a config's ``created``; null for the first days of clocks, which say nothing."""
    day = (created or "")[:10]
    return day if day > _BUILT_BEFORE and len(day) == 10 else None
