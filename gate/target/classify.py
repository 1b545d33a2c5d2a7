"""One argument of the command line, understood: a path that exists, an explicit prefix, or an image reference."""

from __future__ import annotations

import os
import re
from pathlib import Path

from gate.errors import TargetError, TargetNotFoundError
from gate.settings.files import UnreadableError, read_start
from gate.settings.patterns import name_of
from gate.settings.reading import suggest
from gate.target.model import STDIN, Kind, Target

PREFIXES = ("docker://", "docker-daemon:", "docker-archive:", "oci:", "oci-archive:", "dockerfile:", "manifest:")

_DOCKERFILE = re.compile(r"Dockerfile(?:[._-].+)?|dockerfile|.+\.[Dd]ockerfile|Containerfile.*")
_NOT_DOCKERFILE = re.compile(r".*(?:ignore|~|\.(?:bak|orig|rej|swp|md|html|yaml|yml|json))")
_TEMPLATE = re.compile(r".*\.(?:j2|jinja2?|tmpl|tpl|template|erb|mustache|hbs|ejs|m4|in|gotmpl|liquid)")
_MANIFEST = re.compile(r".*\.(?:yaml|yml|json)")
_PATH_LIKE = re.compile(r"(?:[./~].*|.*\\.*|.*\.(?:yaml|yml|json|tar|tgz|gz|zst))")


def is_dockerfile(name: str) -> bool:
    """Whether a file of this name is taken for a Dockerfile when a directory is searched."""
    return _DOCKERFILE.fullmatch(name) is not None and _NOT_DOCKERFILE.fullmatch(name) is None and not is_template(name)


def is_template(name: str) -> bool:
    """Whether a file of this name would become a Dockerfile once something fills it in."""
    return _TEMPLATE.fullmatch(name) is not None and _DOCKERFILE.fullmatch(name) is not None


def is_manifest(name: str) -> bool:
    """Whether a file of this name may hold Kubernetes objects."""
    return _MANIFEST.fullmatch(name) is not None


def shown(path: Path, root: Path) -> str:
    """How reports call a path: relative to ``root`` where it lies below it, with ``/``; always printable text."""
    plain = Path(os.path.normpath(path))
    name = plain.relative_to(root) if plain.is_relative_to(root) else plain
    text = os.fsencode(name).decode("utf-8", "backslashreplace")
    return text if text.isprintable() else "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def classify(text: str, *, cwd: Path, root: Path) -> Target | Path:
    """The target an argument names, or the directory to search.

    Paths are relative to ``cwd``; names in reports to ``root``. Raises `TargetNotFoundError` and `TargetError`.
    """
    if not text.strip():
        raise TargetError("a target without a name", where='""', hint="leave it out to judge the current folder")
    if text == STDIN:
        return Target(kind="dockerfile", text=text, name=STDIN)
    for prefix in PREFIXES:
        if text.startswith(prefix):
            return _explicit(prefix, text, cwd, root)
    path = cwd / text
    if _exists(path):
        return _existing(text, path, root)
    if "://" in text:
        raise TargetError("gate judges no URLs", where=text, hint="for an image write docker://HOST/REPOSITORY:TAG")
    _misspelt(text)
    if _is_reference(text):
        return Target(kind="registry", text=text, name=text, reference=text)
    raise _not_found(text, path)


def _exists(path: Path) -> bool:
    """Whether something is there, even if it cannot be read; a dangling or looping link is there too."""
    try:
        path.lstat()
    except PermissionError:
        return True
    except (OSError, ValueError):
        return False
    return True


def _explicit(prefix: str, text: str, cwd: Path, root: Path) -> Target:
    rest = text.removeprefix(prefix)
    if not rest:
        raise TargetError(f"{prefix} names nothing", where=text)
    match prefix:
        case "docker://":
            return Target(kind="registry", text=text, name=rest, reference=rest)
        case "docker-daemon:":
            return Target(kind="daemon", text=text, name=rest, reference=rest)
        case "dockerfile:" | "manifest:":
            kind: Kind = "dockerfile" if prefix == "dockerfile:" else "manifest"
            path = None if rest == STDIN else cwd / rest
            return Target(kind=kind, text=text, name=rest if path is None else shown(path, root), path=path)
    kinds: dict[str, Kind] = {
        "docker-archive:": "docker-archive",
        "oci-archive:": "oci-archive",
        "oci:": "oci-layout",
    }
    path, reference = _with_reference(rest, cwd)
    name = shown(path, root) + (f":{reference}" if reference else "")
    return Target(kind=kinds[prefix], text=text, name=name, path=path, reference=reference)


def _with_reference(rest: str, cwd: Path) -> tuple[Path, str | None]:
    """``PATH[:REF]``: the whole text where that exists, else the longest part before a colon that does."""
    if _exists(cwd / rest):
        return cwd / rest, None
    for match in reversed(list(re.finditer(":", rest))):
        path = cwd / rest[: match.start()]
        if match.start() and _exists(path):
            return path, rest[match.end() :] or None
    raise _not_found(rest, cwd / rest.partition(":")[0], maybe_image=False)


def _existing(text: str, path: Path, root: Path) -> Target | Path:
    name = shown(path, root)
    if os.path.isdir(path):  # noqa: PTH112 - Path.is_dir raises where a folder above may not be entered
        if (path / "oci-layout").is_file():
            return Target(kind="oci-layout", text=text, name=name, path=path)
        return path
    kind: Kind | None
    if is_dockerfile(path.name):
        kind = "dockerfile"
    elif is_manifest(path.name):
        kind = "manifest"
    else:
        kind = _by_content(path, name)
    if kind is None:
        raise TargetError(
            "gate cannot tell what this file is", where=name, hint=f"say it: dockerfile:{text} or manifest:{text}"
        )
    return Target(kind=kind, text=text, name=name, path=path)


def _by_content(path: Path, name: str) -> Kind | None:
    try:
        start = read_start(path, 65_536)
    except UnreadableError as error:
        raise TargetError(f"cannot be read: {error}", where=name) from None
    if start[257:262] == b"ustar" or start[:2] == b"\x1f\x8b" or start[:4] == b"\x28\xb5\x2f\xfd":
        return "archive"
    for line in start.decode("utf-8", "replace").splitlines():
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        if re.match(r"\s*(?:FROM|ARG)\s", line, re.IGNORECASE):
            return "dockerfile"
        return "manifest" if re.match(r"(?:---|apiVersion:|kind:|\{|metadata:)", line) else None
    return None


def _misspelt(text: str) -> None:
    prefix, colon, rest = text.partition(":")
    words = [word.rstrip(":/") for word in PREFIXES if len(word) > 8]
    hint = suggest(prefix, words) if colon and prefix not in words and len(prefix) > 7 and "/" not in prefix else None
    if hint is not None:
        word = hint.split('"')[1]
        raise TargetNotFoundError("no such file, and no image", where=text, hint=f"did you mean {word}:{rest}?")


def _is_reference(text: str) -> bool:
    """Whether a text is an image reference with a tag, a digest or a host."""
    if _PATH_LIKE.fullmatch(text) or is_dockerfile(text.rsplit("/", 1)[-1]):
        return False
    try:
        name = name_of(text)
    except ValueError:
        return False
    if name is None:
        return False
    first = text.split("/", 1)[0]
    has_host = "/" in text and ("." in first or ":" in first or first == "localhost")
    return name.tag is not None or name.digest is not None or has_host


def _not_found(text: str, path: Path, *, maybe_image: bool = True) -> TargetNotFoundError:
    hint = None
    try:
        siblings = [entry.name for entry in path.parent.iterdir()][:10_000]
    except (OSError, ValueError):
        siblings = []
    close = suggest(path.name, siblings)
    if close:
        hint = close
    elif maybe_image and re.fullmatch(r"[a-z0-9]+(?:[._/-]+[a-z0-9]+)*", text) and not _PATH_LIKE.fullmatch(text):
        hint = f"did you mean docker://{text}?"
    return TargetNotFoundError("there is no such file", where=text, hint=hint)
