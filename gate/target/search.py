"""Directories searched for Dockerfiles and manifests, as git would see them.

``.gitignore`` files hold for their folder and below, the deepest that has an opinion decides, and folders that are
ignored are not entered. Links to folders are not followed. Depth and number of entries are bounded.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from gate.errors import TargetError
from gate.settings.files import UnreadableError, read_regular
from gate.target.classify import is_dockerfile, is_manifest, is_template, shown
from gate.target.gitignore import Ignore

DEEPEST = 100
MOST_ENTRIES = 2_000_000
_LARGEST_IGNORE = 1 << 20


class Found(NamedTuple):
    """A file or folder that the search has something to say about.

    ``what``: ``dockerfile``, ``manifest``, ``skipped`` or ``failed``; ``reason`` for the last two.
    """

    what: str
    path: Path
    reason: str = ""


def search(folder: Path, *, root: Path, exclude: Sequence[str] = (), manifests: Sequence[str] = ()) -> Iterator[Found]:
    """Everything below ``folder``, in the order of names.

    ``exclude`` and ``manifests`` are lines as in .gitignore, relative to ``root``.
    """
    rules = _Rules(folder, root, exclude, manifests)
    seen = 0
    pending = [(folder, 0)]
    while pending:
        here, depth = pending.pop()
        try:
            with os.scandir(here) as scan:
                entries = sorted(scan, key=lambda entry: entry.name)
        except OSError as error:
            yield Found("failed", here, f"cannot be searched: {error.strerror}")
            continue
        seen += len(entries)
        if seen > MOST_ENTRIES:
            yield Found("failed", here, f"more than {MOST_ENTRIES} files; narrow it with exclude: in gate.yaml")
            return
        yield from rules.enter(here, entries)
        folders = []
        for entry in entries:
            if _is_folder(entry):
                if entry.is_symlink():
                    continue
                if entry.name != ".git" and not rules.ignored(Path(entry.path), is_folder=True):
                    folders.append((Path(entry.path), depth + 1))
            else:
                yield from rules.judge(Path(entry.path), entry.name)
        if folders and depth >= DEEPEST:
            yield Found("failed", here, f"more than {DEEPEST} folders deep")
            continue
        pending.extend(reversed(folders))


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False


class _Rules:
    """Which entries count, by ``exclude``, ``manifests`` and the .gitignore files met so far."""

    def __init__(self, folder: Path, root: Path, exclude: Sequence[str], manifests: Sequence[str]) -> None:
        self._root = root
        self._exclude = Ignore(exclude)
        self._manifests = Ignore(manifests)
        self._ignores: dict[Path, Ignore] = {}
        self.early: list[Found] = []
        for above in reversed(_above(folder)):
            self.early += self._read(above)

    def enter(self, folder: Path, entries: list[os.DirEntry[str]]) -> Iterator[Found]:
        """Read the folder's .gitignore, if it has one."""
        yield from self.early
        self.early = []
        if any(entry.name == ".gitignore" for entry in entries):
            yield from self._read(folder)

    def _read(self, folder: Path) -> list[Found]:
        path = folder / ".gitignore"
        try:
            data = read_regular(path, _LARGEST_IGNORE)
        except UnreadableError as error:
            return [] if error.missing else [Found("failed", path, f"cannot be read: {error}")]
        lines = os.fsdecode(data.removeprefix(b"\xef\xbb\xbf")).split("\n")
        self._ignores[folder] = Ignore(lines)
        return []

    def judge(self, path: Path, name: str) -> Iterator[Found]:
        """What a file is, if it is anything to gate."""
        if is_template(name):
            yield Found("skipped", path, "a template")
            return
        what = "dockerfile" if is_dockerfile(name) else ""
        if not what and self._manifests and is_manifest(name) and self._within(self._manifests, path):
            what = "manifest"
        if not what:
            return
        why = self.ignored(path)
        yield Found("skipped", path, why) if why else Found(what, path)

    def ignored(self, path: Path, *, is_folder: bool = False) -> str:
        """Why an entry is left out; empty where it is not."""
        if self._within(self._exclude, path, is_folder=is_folder):
            return "excluded in gate.yaml"
        for folder in path.parents:
            lines = self._ignores.get(folder)
            decided = lines.decide(_below(path, folder), is_folder=is_folder) if lines else None
            if decided is not None:
                return "ignored by .gitignore" if decided else ""
        return ""

    def _within(self, lines: Ignore, path: Path, *, is_folder: bool = False) -> bool:
        """Whether lines of gate.yaml name an entry, or a folder it is in."""
        if not lines:
            return False
        if not path.is_relative_to(self._root):
            return bool(lines.decide(path.name, is_folder=is_folder))
        parts = path.relative_to(self._root).parts
        for depth in range(1, len(parts) + 1):
            whole = depth == len(parts)
            decided = lines.decide("/".join(parts[:depth]), is_folder=is_folder or not whole)
            if decided:
                return True
        return False


def _below(path: Path, folder: Path) -> str:
    return path.relative_to(folder).as_posix()


def _above(folder: Path) -> list[Path]:
    """The folders above one, nearest first, up to the top of its git work tree; none outside of one."""
    above: list[Path] = []
    for parent in (folder, *folder.parents):
        if parent != folder:
            above.append(parent)
        if (parent / ".git").exists():
            return above
    return []


def failure(found: Found, root: Path) -> TargetError:
    """The error for a folder or ignore file that cannot be read."""
    return TargetError(found.reason, where=shown(found.path, root))
