"""The base images a project names, and the registries that may be asked about them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from gate.errors import GateError, ReferenceError_

if TYPE_CHECKING:
    from gate.cli.session import Session
    from gate.evidence.image.reference import Reference
    from gate.evidence.model import Evidence

_LITERAL = re.compile(r"(?:[^\\.*+()\[\]|^$?]|\\.)+")
_LISTS = (("approved-base", "bases"), ("approved-base", "images"), ("approved-source", "sources"))


class Wanted:
    """One base: its reference, where it is named first, the platforms it is built for."""

    def __init__(self, reference: Reference, place: str) -> None:
        self.reference = reference
        self.place = place
        self.platforms: set[str] = set()


def wanted(session: Session, targets: Sequence[str]) -> tuple[dict[str, Wanted], list[int]]:
    """The bases that Dockerfiles and gate.yaml name, by their names in the lock; and exit codes of what went wrong.

    What cannot be read is said on standard error.
    """
    from gate.cli.collectors import Broken, collect
    from gate.cli.judging import complain
    from gate.evidence.image.locking import name_in_lock
    from gate.target import plan

    found: dict[str, Wanted] = {}
    planned = plan(targets, session.settings.written, cwd=session.cwd if targets else session.root)
    codes = [0, *(complain(name, error) for name, error in planned.failures)]
    named: list[tuple[Reference, str, str]] = []
    for target in planned.targets:
        if target.kind != "dockerfile":
            continue
        try:
            for subject in collect(session, target, session.stdin if target.is_stdin else None):
                if isinstance(subject, Broken):
                    codes.append(complain(target.name, GateError(subject.error.message)))
                else:
                    named += _bases_of(subject)
        except GateError as error:
            codes.append(complain(target.name, error))
    for reference, place, platform in [*named, *_approved(session)]:
        base = found.setdefault(name_in_lock(reference), Wanted(reference, place))
        base.platforms.add(platform)
    return found, codes


def _bases_of(evidence: Evidence) -> Iterator[tuple[Reference, str, str]]:
    """The images that stages which are built start from; those whose names depend on what is not known are left out."""
    from gate.evidence.image import platforms
    from gate.evidence.image.reference import parse

    for stage in evidence.dockerfile.stages if evidence.dockerfile else ():
        base = stage.base
        if not stage.reachable or base.stage is not None or not base.registry or not base.reference:
            continue
        platform = base.platform or evidence.subject.platform or "linux/amd64"
        try:
            normal = platforms.text(platforms.parse(platform))
            yield parse(base.reference), f"{evidence.subject.name}:{stage.line}", normal
        except GateError:
            continue


def _approved(session: Session) -> Iterator[tuple[Reference, str, str]]:
    """The approved images that gate.yaml names with a tag and without any pattern."""
    from gate.evidence.image.reference import parse

    for pattern in _patterns(session, _LISTS[:2]):
        name = _literal(pattern["regex"])
        for tag in map(_literal, pattern["tags"]):
            if name is not None and tag is not None:
                try:
                    yield parse(f"{name}:{tag}"), "gate.yaml", "linux/amd64"
                except ReferenceError_:
                    continue


def hosts(session: Session) -> frozenset[str]:
    """The registries that ``registries:`` or an approved image names; nobody else is asked about a base."""
    found = {row.host for row in session.settings.written.registries}
    for pattern in _patterns(session, _LISTS):
        host = _literal(pattern["regex"].partition("/")[0] + "$")
        if host is not None:
            found.add(host)
    return frozenset(found)


def _patterns(session: Session, lists: Sequence[tuple[str, str]]) -> Iterator[dict[str, Any]]:
    environments = [session.environment, *(each.name for each in session.settings.written.environments)]
    for environment in dict.fromkeys(environments):
        for rule, parameter in lists:
            for pattern in session.settings.parameters(rule, environment).get(parameter) or ():
                if pattern.get("image") != "scratch":
                    yield pattern


def _literal(regex: str) -> str | None:
    """The one text an anchored expression matches; null where it matches several."""
    inner = regex.removeprefix("^").removesuffix("$")
    return re.sub(r"\\(.)", r"\1", inner) if _LITERAL.fullmatch(inner) else None
