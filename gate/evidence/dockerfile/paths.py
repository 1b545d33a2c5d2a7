"""Paths as WORKDIR joins them, on Linux and on Windows (BuildKit's util/system)."""

from __future__ import annotations

import posixpath

from gate.evidence.dockerfile.syntax import DockerfileError


def join_workdir(current: str | None, new: str, system: str) -> str:
    """The working directory after ``WORKDIR new``; `DockerfileError` (without a line) for a foreign Windows drive."""
    windows = system == "windows"
    if windows:
        current, new = (current or "").replace("\\", "/"), new.replace("\\", "/")
    parent = _without_drive(current or "/", windows)
    if not parent.startswith("/"):
        parent = _join("/", parent)
    path = _without_drive(new or parent, windows)
    if not path.startswith("/"):
        path = _join(parent, path)
    return path.replace("/", "\\") if windows else path


def check_path(path: str, system: str) -> None:
    """`DockerfileError` (without a line) for a path of COPY or ADD that Windows would not take."""
    if system == "windows":
        _without_drive(path.replace("\\", "/"), windows=True)


def is_absolute(path: str, system: str) -> bool:
    """Whether a path is absolute, a Windows drive left away."""
    try:
        return _without_drive(path, system == "windows").startswith("/")
    except DockerfileError:
        return False


def clean_relative(path: str) -> str:
    """Go's ``path.Clean``: as `clean`, relative paths left so, ``.`` for none."""
    return clean(path) if path.startswith("/") else posixpath.normpath(path or ".")


def _join(parent: str, path: str) -> str:
    """Go's ``path.Join``: cleaned, one leading slash."""
    joined = posixpath.normpath(f"{parent}/{path}")
    return "/" + joined.lstrip("/")


def clean(path: str) -> str:
    """Go's ``path.Clean`` of an absolute path."""
    return _join("/", path)


def _without_drive(path: str, windows: bool) -> str:
    if not windows:
        return path
    if len(path) == 2 and path[1] == ":":
        raise DockerfileError(f"no path after the drive in '{path}'")
    if path.startswith("//"):
        raise DockerfileError("UNC paths are not supported")
    drive, colon, rest = path.partition(":")
    if not colon:
        return _clean_windows(path)
    if drive.lower() != "c":
        raise DockerfileError("the path is not on the system drive (C:)")
    return _clean_windows(rest)


def _clean_windows(path: str) -> str:
    if path.startswith("/"):
        return _join("/", path)
    return posixpath.normpath(path) if path else "."
