"""Sources of ADD and COPY that come from elsewhere: URLs and git repositories, told apart as BuildKit does."""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import parse_qsl, unquote

from gate.evidence.dockerfile.blanks import printable
from gate.evidence.dockerfile.syntax import DockerfileError

_PROTOCOL = re.compile(r"([a-zA-Z0-9]+)://")
_SCP = re.compile(r"([a-zA-Z0-9_-]+)@([a-zA-Z0-9.-]+):(.*?)(?:\?(.*?))?(?:#(.*))?", re.DOTALL)
_TRUTHS = frozenset(("1", "t", "T", "TRUE", "true", "True", "0", "f", "F", "FALSE", "false", "False"))
_FLAGS = frozenset(("submodules", "keep-git-dir", "fetch-by-commit"))
_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


class Remote(NamedTuple):
    """A source from elsewhere. ``checksum`` is what the text itself asks for (git: a commit)."""

    kind: str
    reference: str
    checksum: str | None = None
    keep_git_dir: bool | None = None


def remote(source: str) -> Remote | None:
    """What a source names, or null for a path; `DockerfileError` (without a line) for a git query BuildKit refuses."""
    if "://" not in source and "@" not in source and not source.startswith("github.com/"):
        return None
    git = _git(source)
    if git is not None:
        return git
    if source.startswith(("http://", "https://")):
        return Remote("http", source)
    return None


def takes_checksum(source: str) -> bool:
    """Whether ``--checksum`` may stand beside this source; BuildKit counts paths such as ``github.com/a/b`` in."""
    return source.startswith(("http://", "https://")) or _parts(source) is not None


def _git(source: str) -> Remote | None:
    parts = _parts(source)
    if parts is None:
        return None
    query, local, fragment = parts
    checksum, keep = _query(query, fragment)
    return None if local else Remote("git", source, checksum, keep)


def _parts(source: str) -> tuple[str, bool, str] | None:
    return None if source.startswith(("./", "../")) else _split(source)


def _split(source: str) -> tuple[str, bool, str] | None:
    """Query, whether it could be a local path as well, and fragment; null where this is no git source."""
    if source.startswith("github.com/"):
        parts = _url(source)
        return None if parts is None else (parts[1], True, parts[2])
    protocol = _PROTOCOL.match(source)
    if protocol is None:
        found = _SCP.fullmatch(source)
        return None if found is None or "\n" in source else (found[4] or "", False, found[5] or "")
    scheme = protocol[1].lower()
    if scheme not in ("http", "https", "ssh", "git"):
        return None
    parts = _url(source)
    if parts is None or (scheme in ("http", "https") and not parts[0].endswith(".git")):
        return None
    return parts[1], False, parts[2]


def _url(text: str) -> tuple[str, str, str] | None:
    """Path (unescaped), query and fragment; null where Go's ``net/url`` refuses the text."""
    if _CONTROL.search(text):
        return None
    rest, _, fragment = text.partition("#")
    rest, _, query = rest.partition("?")
    authority, slash, path = rest.partition("://")[2].partition("/") if "://" in rest else ("", "", rest)
    if _BAD_ESCAPE.search(path) or _BAD_ESCAPE.search(fragment) or not _good_authority(authority):
        return None
    return unquote(slash + path), query, unquote(fragment)


def _good_authority(authority: str) -> bool:
    host = authority.rpartition("@")[2]
    if host.startswith("["):
        return "]" in host
    _, colon, port = host.rpartition(":")
    return " " not in host and (not colon or port == "" or port.isdecimal())


def _query(query: str, fragment: str) -> tuple[str | None, bool | None]:
    """The checksum and keep-git-dir of a query; raises where its keys are wrong or contradict each other."""
    ref, _, subdir = fragment.partition(":")
    checksum: str | None = None
    keep: bool | None = None
    seen: dict[str, str] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        if name in seen:
            raise DockerfileError(f"the query '{printable(name)}' has several values")
        seen[name] = value
    for name, value in seen.items():
        if not value and name not in _FLAGS:
            raise DockerfileError(f"the query '{printable(name)}' has no value")
        if name in _FLAGS:
            if value and value not in _TRUTHS:
                raise DockerfileError(f"invalid {name} value: '{printable(value)}'")
            if name == "keep-git-dir":
                keep = not value or value in ("1", "t", "T", "TRUE", "true", "True")
        elif name in ("checksum", "commit"):
            checksum = value
        elif name == "mtime":
            if value not in ("checkout", "commit"):
                raise DockerfileError(f"invalid mtime value: '{printable(value)}'")
        elif name not in ("ref", "tag", "branch", "subdir"):
            raise DockerfileError(f"unexpected query '{printable(name)}'")
    _check_ref(seen, ref, subdir)
    return checksum, keep


def _check_ref(seen: dict[str, str], ref: str, subdir: str) -> None:
    clean = "/".join(part for part in subdir.split("/") if part not in ("", "."))
    if "subdir" in seen and clean and clean != seen["subdir"]:
        raise DockerfileError("the git source names two directories")
    if "tag" in seen and "branch" in seen:
        raise DockerfileError("the git source names a tag and a branch")
    names = [ref, seen.get("ref", "")]
    if "tag" in seen:
        names.append("refs/tags/" + seen["tag"].removeprefix("refs/tags/"))
    if "branch" in seen:
        names.append("refs/heads/" + seen["branch"].removeprefix("refs/heads/"))
    if len({name for name in names if name}) > 1:
        raise DockerfileError("the git source names two refs")
