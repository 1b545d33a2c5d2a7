"""Which files COPY and ADD put where, as far as the file itself says."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase

import msgspec

from gate.evidence.dockerfile.evaluate import Applied
from gate.evidence.dockerfile.graph import Node
from gate.evidence.dockerfile.paths import clean, join_workdir

_ARCHIVES = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz", ".tar.zst", ".tzst")
_DIRECTORIES = frozenset(
    {"/", "/bin", "/sbin", "/usr", "/usr/bin", "/usr/sbin", "/usr/local", "/usr/local/bin", "/etc", "/lib", "/opt"}
)


class Copied(msgspec.Struct, frozen=True):
    """One source of a COPY or ADD. ``path`` is where it comes from, absolute in ``node`` (a stage or an image) or as
    written from the build context; ``target`` where it goes, a directory when ``into``. ``content``: of a
    here-document; ``archive``: it is unpacked.
    """

    path: str
    target: str
    into: bool
    node: Node | None = None
    content: str | None = None
    archive: bool = False

    def places(self, path: str) -> str | None:
        """Where a file of the source's filesystem ends up, if this copies it."""
        source = self.path
        if path == source or (any(mark in source for mark in "*?[") and fnmatchcase(path, source)):
            return clean(f"{self.target}/{path.rsplit('/', 1)[-1]}") if self.into else self.target
        inside = "/" if source == "/" else f"{source}/"
        if source.endswith("/*"):
            inside = source[:-1]
        return clean(f"{self.target}/{path[len(inside) :]}") if path.startswith(inside) else None

    def may_bring(self, path: str) -> bool:
        """Whether the source, should it be a directory or an archive, could put a file at ``path``."""
        if self.content is not None:
            return False
        if self.target == path:
            return True
        inside = "/" if self.target == "/" else f"{self.target}/"
        return path.startswith(inside)


def copied(applied: Applied) -> Iterator[Copied]:
    """Every source of one COPY or ADD."""
    raw = applied.bound.raw
    node = applied.bound.sources[0] if applied.bound.sources else None
    written = applied.values[-1]
    target = clean(join_workdir(applied.workdir, written, "linux"))
    sources = applied.values[:-1]
    many = len(sources) + len(applied.heredocs) > 1
    into = many or written.endswith(("/", "/.")) or written in (".", "") or target in _DIRECTORIES
    parents = "--parents" in raw.flags or "--parents=true" in raw.flags
    for source in sources:
        path = clean(source) if node is not None else source
        if parents and node is not None:
            yield Copied(path, clean(target + path.rsplit("/", 1)[0]), True, node)
        else:
            unpacks = raw.cmd == "ADD" and source.lower().endswith(_ARCHIVES) and "://" not in source
            yield Copied(path, target, into, node, archive=unpacks or "--unpack" in raw.flags)
    for each, body in applied.heredocs:
        name = f"{target}/{each.name}" if into else target
        yield Copied(each.name, clean(name), False, content=body)
