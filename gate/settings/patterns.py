"""Patterns over image references, names and paths, compiled to regular expressions both engines run.

An image pattern is the path of a repository: segments, never string prefixes. ``*`` stands for anything inside one
segment, ``**`` for one or more segments and only as the last. Tags are apart, because a digest makes them decoration.
The expressions use only literals, negated classes, ``.``, ``*``, ``+``, groups and anchors, so that Python, RE2 (OPA)
and Rust (regorus) agree on them; matching is over ``registry/repository``.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

SCRATCH = "scratch"
MOST_STARS = 4

_HUB = "docker.io"

_SEGMENT = re.compile(r"[a-z0-9._*-]+")
_HOST = re.compile(r"(?:\[[0-9a-f:.]+\]|[A-Za-z0-9.*-]+)(?::[0-9*]+)?")
_TAG = re.compile(r"[A-Za-z0-9_.*-]{1,128}")
_URL_STAR = r"[^/%\\]*"
_URL_SEGMENT = r"(?:[^/%\\.][^/%\\]*|\.[^/%\\.][^/%\\]*|\.\.[^/%\\]+)"
_NAME = re.compile(r"[A-Za-z0-9._*-]+")


class Name(NamedTuple):
    """What patterns look at: ``registry/repository`` (or ``scratch``), tag and digest."""

    path: str
    tag: str | None
    digest: str | None


def image_regex(pattern: str) -> str:
    """The anchored expression of a repository pattern; `ValueError` says what is wrong with it.

    Short names mean what they mean to docker: ``alpine`` is ``docker.io/library/alpine``.
    """
    if pattern == SCRATCH:
        return "^scratch$"
    if pattern == "**":
        return "^.+$"
    _no_tag(pattern)
    segments = _with_registry(pattern)
    parts = _segments(segments, pattern)
    for index, segment in enumerate(segments):
        if segment != "**":
            _check(segment, pattern, host=index == 0)
    return f"^{'/'.join(parts)}$"


def _segments(
    segments: Sequence[str], pattern: str, star: str = "[^/]*", one: str = "[^/]+", many: str = ".+"
) -> list[str]:
    """One expression per segment; ``**`` stands for one or more, and only at the end."""
    parts = []
    for index, segment in enumerate(segments):
        if segment == "**" and index == len(segments) - 1:
            parts.append(many)
        elif "**" in segment:
            raise ValueError(f'in "{pattern}" the ** is not the last segment; inside a segment write *')
        else:
            parts.append(one if segment == "*" else _glob(segment, star))
    return parts


def _no_tag(pattern: str) -> None:
    tail = pattern.rsplit("/", 1)[-1]
    if "@" in pattern:
        raise ValueError(f'pattern "{pattern}" holds a digest; patterns name repositories')
    if ":" in tail:
        repository, tag = pattern.rsplit(":", 1)
        raise ValueError(f'pattern "{pattern}" holds a tag; write {{image: "{repository}", tags: ["{tag}"]}}')


def _with_registry(pattern: str) -> list[str]:
    first, *rest = pattern.split("/")
    if not rest:
        return [_HUB, "library", first]
    if "." in first or ":" in first or first == "localhost":
        host = _HUB if first == "index.docker.io" else first
        return [host, "library", *rest] if host == _HUB and len(rest) == 1 and rest != ["**"] else [host, *rest]
    if first == "**":
        raise ValueError(f'in "{pattern}" the ** is not the last segment')
    if "*" in first:
        raise ValueError(
            f'pattern "{pattern}" does not say which registry; start it with a host such as docker.io or *.example.com'
        )
    return [_HUB, first, *rest]


def _check(segment: str, pattern: str, *, host: bool) -> None:
    allowed = _HOST if host else _SEGMENT
    if allowed.fullmatch(segment):
        return
    if not segment:
        raise ValueError(f'pattern "{pattern}" has an empty segment')
    if not host and segment != segment.lower():
        raise ValueError(f'pattern "{pattern}" has upper case; repositories are lower case')
    raise ValueError(f'pattern "{pattern}" has characters no image reference has, in "{segment}"')


def _glob(text: str, star: str = "[^/]*") -> str:
    parts = re.split(r"\*+", text)
    if len(parts) > MOST_STARS + 1:
        raise ValueError(f'"{text}" holds more than {MOST_STARS} *')
    return star.join(re.escape(part) for part in parts)


def compile_url(pattern: str) -> dict[str, str]:
    """A URL pattern such as ``https://github.com/acme/**``: ``{"url": text, "regex": anchored expression}``.

    ``*`` in the host stays inside one label. Wildcards match no ``.``, ``..``, percent or backslash, because a server
    may read those as a way out of the folder that was meant.
    """
    scheme, separator, rest = pattern.partition("://")
    if not separator or re.fullmatch(r"[a-z][a-z0-9+.-]*", scheme) is None or not rest:
        raise ValueError(f'"{pattern}" is not a URL pattern; write it as https://host/path, with * or a last **')
    segments = rest.split("/")
    if not segments[0] or re.fullmatch(r"[A-Za-z0-9._:*\[\]-]+", segments[0]) is None or "**" in segments[0]:
        raise ValueError(f'"{pattern}" does not say which host')
    if any(re.fullmatch(r"[A-Za-z0-9._~%!$&'()*+,;=:@-]*", segment) is None for segment in segments):
        raise ValueError(f'"{pattern}" has characters no URL path has')
    host = _glob(segments[0], r"[^/.:@%?#\\]*")
    path = _segments(segments[1:], pattern, _URL_STAR, _URL_SEGMENT, f"{_URL_SEGMENT}(?:/{_URL_SEGMENT})*/?")
    return {"url": pattern, "regex": f"^{scheme}://{'/'.join([host, *path])}$"}


def tag_regex(pattern: str) -> str:
    """The anchored expression of a tag pattern such as ``1.*``."""
    if _TAG.fullmatch(pattern) is None:
        raise ValueError(f'"{pattern}" is not a tag pattern; tags hold letters, digits, "_", "." and "-", and * here')
    return f"^{_glob(pattern, '.*')}$"


def name_regex(pattern: str) -> str:
    """The anchored expression of a pattern over namespaces, containers or other names without ``/``."""
    if _NAME.fullmatch(pattern) is None:
        raise ValueError(f'"{pattern}" is not a name pattern; names hold letters, digits, ".", "_" and "-", and * here')
    return f"^{_glob(pattern, '.*')}$"


def path_regex(pattern: str) -> str:
    """The anchored expression of a path pattern, relative to gate.yaml's folder: segments, ``*`` and a last ``**``."""
    plain = pattern.removeprefix("./")
    segments = plain.split("/")
    if plain.startswith("/") or ".." in segments:
        raise ValueError(f'path "{pattern}" is not relative to the folder of gate.yaml')
    if any(not segment for segment in segments) or "\x00" in plain:
        raise ValueError(f'path "{pattern}" has an empty segment; for everything below a folder write folder/**')
    return f"^{'/'.join(_segments(segments, plain))}$"


def compile_image(
    image: str,
    tags: Sequence[str] | None = None,
    not_tags: Sequence[str] | None = None,
    max_age: int | None = None,
) -> dict[str, Any]:
    """The compiled pattern as rules' parameters carry it; ``max_age`` is days. Without ``tags`` any tag is meant."""
    return {
        "image": image,
        "regex": image_regex(image),
        "tags": [tag_regex(tag) for tag in tags or ()],
        "not_tags": [tag_regex(tag) for tag in not_tags or ()],
        "max_age": max_age,
    }


def matches(pattern: Mapping[str, Any], name: Name) -> bool:
    """Whether a compiled pattern covers a name, as ``gate.lib.image.matches`` decides it.

    With a digest the repository decides and the tag is decoration; without a tag the tag is ``latest``.
    """
    if _compiled(pattern["regex"]).fullmatch(name.path) is None:
        return False
    if name.digest is not None:
        return True
    tag = name.tag or "latest"
    if pattern["tags"] and not matches_any(pattern["tags"], tag):
        return False
    return not matches_any(pattern["not_tags"], tag)


def matches_any(regexes: Iterable[str], text: str) -> bool:
    """Whether any anchored expression matches the whole text."""
    return any(_compiled(regex).fullmatch(text) is not None for regex in regexes)


@functools.lru_cache(maxsize=4096)
def _compiled(regex: str) -> re.Pattern[str]:
    return re.compile(regex)


@functools.lru_cache(maxsize=4096)
def name_of(reference: str) -> Name | None:
    """The name of an image reference as patterns see it, short names completed; None where it cannot be one.

    This only takes a reference apart for matching; `gate.evidence.image.reference` decides what is valid.
    """
    if reference == SCRATCH:
        return Name(SCRATCH, None, None)
    rest, _, digest = reference.partition("@")
    head, slash, tail = rest.rpartition("/")
    base, _, tag = tail.partition(":")
    if not base or any(character.isspace() for character in reference):
        return None
    path = "/".join(_with_registry(f"{head}{slash}{base}")) if "*" not in rest else None
    return Name(path, tag or None, digest or None) if path else None
