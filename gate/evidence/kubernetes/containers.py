"""Evidence about one container: what its image is, and what the manifest makes of it.

A container is one subject. Its facts are the worst over the image's runnable platforms, the platform named, because
nobody can tell which node will run it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

import msgspec

from gate.errors import ReferenceError_
from gate.evidence.image.lineage import run_as
from gate.evidence.image.reference import parse
from gate.evidence.kubernetes.effective_user import effective_security, effective_user, predicted_refusals
from gate.evidence.kubernetes.workloads import ContainerRef, PodHolder
from gate.evidence.model import (
    BaseFact,
    Evidence,
    Facts,
    File,
    FilesystemFact,
    Image,
    PointerOrigin,
    ShellFact,
    SizeFact,
    Subject,
    UserFact,
    Workload,
)

_Fact = TypeVar("_Fact", UserFact, ShellFact, BaseFact, SizeFact, FilesystemFact)


def unknown_facts(reason: str) -> Facts:
    """Facts of an image about which nothing is known, and why."""
    return Facts(
        user=UserFact(state="unknown", reason=reason),
        shell=ShellFact(state="unknown", reason=reason),
        base=BaseFact(state="unknown", reason=reason),
        size=SizeFact(state="unknown", reason=reason),
        filesystem=FilesystemFact(state="unknown", reason=reason),
    )


def container_evidence(
    holder: PodHolder,
    ref: ContainerRef,
    images: Sequence[Evidence] | str,
    *,
    path: str = "",
    lines: Mapping[str, int] | None = None,
    vendor: Callable[[str], bool] = lambda reference: False,
) -> Evidence:
    """Evidence of kind ``container``. ``images``: the image's evidence per platform, or why there is none.

    ``path`` is the manifest's, empty for an admitted object; ``lines`` maps JSON pointers to lines of it. ``vendor``
    says of a normalized reference whether it may be run as it is (``approved_images``).
    """
    known = lines or {}
    if isinstance(images, str) or not images:
        facts, image, digest = unknown_facts(images if isinstance(images, str) else "no runnable platform"), None, None
    else:
        facts = _as_named(worst_facts(images), ref.image, vendor)
        image = _shared_image(images)
        digest = image.index_digest or image.manifest_digest if image else None
    user = effective_user(ref, facts.user, path, known)
    reference, pinned, digest = _reference(ref.image, digest)
    return Evidence(
        kind="container",
        subject=Subject(
            name=_name(holder, ref),
            platform=_single_platform(images),
            reference=reference,
            digest=digest,
            image=reference,
        ),
        facts=msgspec.structs.replace(facts, user=user),
        image=image,
        workload=_workload(holder, ref, facts.user, pinned, path, known),
    )


def _workload(
    holder: PodHolder, ref: ContainerRef, image_user: UserFact, pinned: bool, path: str, lines: Mapping[str, int]
) -> Workload:
    def at(pointer: str) -> PointerOrigin:
        return PointerOrigin(path=path, pointer=pointer, line=lines.get(pointer) or lines.get(ref.pointer))

    return Workload(
        kind=holder.kind,
        namespace=holder.namespace,
        name=holder.name,
        labels=dict(holder.labels),
        container=ref.name,
        role=ref.role,
        security=effective_security(ref),
        image=ref.image,
        pinned=pinned,
        pull_policy=ref.pull_policy,
        command=list(ref.command) if ref.command is not None else None,
        args=list(ref.args) if ref.args is not None else None,
        mounts=list(ref.mounts),
        shares_processes=ref.shares_processes,
        windows=ref.windows,
        refusals=predicted_refusals(ref, image_user, path, lines),
        origin=at(ref.pointer),
        image_origin=at(ref.image_pointer),
    )


def _name(holder: PodHolder, ref: ContainerRef) -> str:
    owner = "/".join(part for part in (holder.namespace, holder.kind.lower(), holder.name) if part)
    return f"{owner}:{ref.name}" if ref.role == "container" else f"{owner}:{ref.name} ({ref.role})"


def _reference(image: str | None, digest: str | None) -> tuple[str | None, bool, str | None]:
    """(normalized reference, named by digest, digest); a reference no registry accepts is kept as written."""
    if not image:
        return None, False, digest
    try:
        parsed = parse(image)
    except ReferenceError_:
        return image, False, digest
    return parsed.normalized, parsed.digest is not None, parsed.digest or digest


def _as_named(facts: Facts, image: str | None, vendor: Callable[[str], bool]) -> Facts:
    """The facts of an image that is run by this name; those of its digest may have been read under another."""
    try:
        own = parse(image) if image else None
    except ReferenceError_:
        own = None
    return msgspec.structs.replace(facts, base=run_as(facts.base, own, lambda name: vendor(name.normalized)))


def _single_platform(images: Sequence[Evidence] | str) -> str | None:
    if isinstance(images, str) or len(images) != 1:
        return None
    return images[0].subject.platform


def _shared_image(images: Sequence[Evidence]) -> Image | None:
    """The image document of the first platform; rules about labels and entry points read it."""
    return next((evidence.image for evidence in images if evidence.image is not None), None)


# --- the worst over platforms --------------------------------------------------------------------------------


def worst_facts(images: Sequence[Evidence]) -> Facts:
    """For each fact, the platform's that would be judged hardest; the fact names it where platforms differ."""
    return Facts(
        user=_worst(images, lambda f: f.user, _user_rank),
        shell=_worst(images, lambda f: f.shell, _shell_rank),
        base=_worst_base(images),
        size=_worst_size(images),
        filesystem=_all_files(images),
    )


def _worst(
    images: Sequence[Evidence], pick: Callable[[Facts], _Fact], rank: Callable[[_Fact], tuple[int, int]]
) -> _Fact:
    facts = [(pick(evidence.facts), evidence.subject.platform) for evidence in images]
    worst, platform = max(facts, key=lambda pair: rank(pair[0]))
    differs = any(rank(fact) != rank(worst) for fact, _ in facts)
    return msgspec.structs.replace(worst, platform=platform) if differs else worst


def _user_rank(fact: UserFact) -> tuple[int, int]:
    if fact.root:
        return (3, 0)
    return ({"unknown": 2, "assumed": 1, "known": 0}[fact.state], 0 if fact.numeric else 1)


def _shell_rank(fact: ShellFact) -> tuple[int, int]:
    if fact.shells or fact.present:
        return (3, len(fact.shells))
    return ({"unknown": 2, "assumed": 1, "known": 0}[fact.state], 0)


def _size_rank(fact: SizeFact) -> tuple[int, int]:
    unknown = 1 if fact.state == "unknown" else 0
    return (unknown, fact.uncompressed or fact.at_least or 0)


def _worst_size(images: Sequence[Evidence]) -> SizeFact:
    """The largest platform, or an unknown one; what is certain of any platform stays certain in ``at_least``."""
    worst = _worst(images, lambda f: f.size, _size_rank)
    certain = [f.uncompressed or f.at_least or 0 for f in (evidence.facts.size for evidence in images)]
    return msgspec.structs.replace(worst, at_least=max(certain) or None)


def _worst_base(images: Sequence[Evidence]) -> BaseFact:
    """The first platform's base, with only the ancestors that every platform has; claims of all platforms."""
    facts = [evidence.facts.base for evidence in images]
    shared = set.intersection(*({a.reference for a in fact.ancestors} for fact in facts))
    chosen = min(
        zip(facts, images, strict=True),
        key=lambda pair: ({"unknown": 0, "assumed": 1, "known": 2}[pair[0].state], len(pair[0].ancestors)),
    )
    fact, evidence = chosen
    differs = any(len(f.ancestors) != len(shared) or f.state != fact.state for f in facts)
    return msgspec.structs.replace(
        fact,
        ancestors=[a for a in fact.ancestors if a.reference in shared],
        claims=[claim for f in facts for claim in f.claims],
        platform=evidence.subject.platform if differs else fact.platform,
    )


def _all_files(images: Sequence[Evidence]) -> FilesystemFact:
    """Every platform's files together: one bad platform is enough."""
    facts = [evidence.facts.filesystem for evidence in images]
    unknown = next((fact for fact in facts if fact.state == "unknown"), None)

    def merge(pick: Callable[[FilesystemFact], list[File]]) -> list[File]:
        return list({(f.path, f.deleted): f for fact in facts for f in pick(fact)}.values())

    return FilesystemFact(
        state="unknown" if unknown else facts[0].state,
        reason=unknown.reason if unknown else facts[0].reason,
        setuid=merge(lambda f: f.setuid),
        package_managers=merge(lambda f: f.package_managers),
        compilers=merge(lambda f: f.compilers),
        leftovers=merge(lambda f: f.leftovers),
        world_writable=merge(lambda f: f.world_writable),
    )
