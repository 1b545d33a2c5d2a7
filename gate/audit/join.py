"""Joining what runs with where it is made: image names of builds, source labels, git remotes, CODEOWNERS."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec

from gate.audit.model import AuditResult, Source

_REMOTE = re.compile(r"^(?:https?://(?:[^@/]+@)?|ssh://(?:[^@/]+@)?|git@)([^/:]+)[/:](.+?)(?:\.git)?/?$")


@dataclass(frozen=True, slots=True)
class Checkout:
    """A tree of sources: where it is, its git remote, its CODEOWNERS text."""

    root: str
    remote: str | None = None
    codeowners: str = ""


_SECTION = re.compile(r"^\^?\[[^\]]+\](?:\[\d+\])?\s*(.*)$")
_SPACE = re.compile(r"(?<!\\)\s+")

_Rules = list[tuple[re.Pattern[str], tuple[str, ...]]]


@dataclass(slots=True)
class Owners:
    """CODEOWNERS of one tree, as GitHub and GitLab read it.

    In each section the last line whose pattern matches a path decides; GitHub's files are one section.
    """

    sections: list[_Rules] = field(default_factory=list)

    @classmethod
    def parse(cls, text: str) -> Owners:
        """Lines of ``pattern owner...``; a section's heading may have owners for its lines without any."""
        sections: list[_Rules] = [[]]
        default: tuple[str, ...] = ()
        for line in text.splitlines():
            words = _SPACE.split(line.split("#")[0].strip())
            if heading := _SECTION.match(line.strip()):
                sections.append([])
                default = tuple(heading.group(1).split("#")[0].split())
            elif words[0]:
                pattern = words[0].replace("\\ ", " ")
                sections[-1].append((_pattern(pattern), tuple(words[1:]) or default))
        return cls(sections)

    def of(self, path: str) -> tuple[str, ...]:
        """The owners of a path relative to the tree, those of each section once."""
        found: dict[str, None] = {}
        for rules in self.sections:
            decided: tuple[str, ...] = ()
            for pattern, owners in rules:
                if pattern.match(path):
                    decided = owners
            found |= dict.fromkeys(decided)
        return tuple(found)


def _pattern(glob: str) -> re.Pattern[str]:
    """A gitignore-like glob as an expression over ``a/b/c``; ``docs/*`` is the files of docs alone."""
    anchored = "/" in glob.rstrip("/")
    body = glob.strip("/")
    parts = re.split(r"(\*\*/|\*\*|\*|\?)", body)
    replaced = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    middle = "".join(replaced.get(part, re.escape(part)) for part in parts)
    below = "" if body.endswith("/*") else "(?:/.*)?"
    return re.compile(("" if anchored else "(?:.*/)?") + middle + below + "$")


def same_repository(one: str | None, other: str | None) -> bool:
    """Whether two remotes name one repository, whatever the protocol, credentials and ``.git``."""
    if not one or not other:
        return False
    left, right = _REMOTE.match(one.strip()), _REMOTE.match(other.strip())
    if left is None or right is None:
        return one.strip().rstrip("/") == other.strip().rstrip("/")
    return (left.group(1).lower(), left.group(2).lower()) == (right.group(1).lower(), right.group(2).lower())


def join_sources(
    results: Sequence[AuditResult],
    dockerfiles: Iterable[AuditResult],
    images: Mapping[str, str],
    checkouts: Sequence[Checkout],
) -> list[AuditResult]:
    """Results with the Dockerfile to change, where that is known.

    ``images``: repository (``registry/path``) to the name of the Dockerfile result that builds it, from ``builds:``.
    A source label names a checkout; the Dockerfile is then known if the checkout has only one. Labels are their
    author's claim: ``joined_by`` says what the join rests on.
    """
    files = {result.name: result for result in dockerfiles if result.kind == "dockerfile"}
    return [_joined(result, files, images, checkouts) for result in results]


def _joined(
    result: AuditResult, files: Mapping[str, AuditResult], images: Mapping[str, str], checkouts: Sequence[Checkout]
) -> AuditResult:
    if result.kind not in {"container", "image"}:
        return result
    known = result.source or Source()
    repository = (result.reference or "").partition("@")[0]
    repository = repository.rpartition(":")[0] if ":" in repository.rpartition("/")[2] else repository
    name, by = images.get(repository), "builds"
    if name is None:
        name, by = _only_file(files.values(), checkouts, known.repository), "label"
    if name is None or name not in files:
        return result
    file = files[name]
    line = next((finding.line for finding in file.findings if finding.line is not None), None)
    path = next((place.path for place in file.places if place.path), name)
    source = msgspec.structs.replace(known, dockerfile=path, line=line, joined_by=by)
    owners = [*result.owners, *(owner for owner in file.owners if owner not in result.owners)]
    return msgspec.structs.replace(result, source=source, owners=owners)


def _only_file(files: Iterable[AuditResult], checkouts: Sequence[Checkout], repository: str | None) -> str | None:
    """The Dockerfile of the checkout that a label names, where it has just one."""
    for checkout in checkouts:
        if same_repository(checkout.remote, repository):
            inside = [file.name for file in files if any(place.source == checkout.root for place in file.places)]
            return inside[0] if len(inside) == 1 else None
    return None
