"""Sources and flags of ADD and COPY, checked as BuildKit checks them when it dispatches them."""

from __future__ import annotations

import re

from gate.evidence.dockerfile import tokens
from gate.evidence.dockerfile.blanks import printable
from gate.evidence.dockerfile.flags import flag_values
from gate.evidence.dockerfile.remote import Remote
from gate.evidence.dockerfile.syntax import DockerfileError

_OCTAL = re.compile(r"[0-7]+", re.ASCII)
_SYMBOLIC = re.compile(r"[augo]*(?:[+=-][rstwXxugo]*)+(?:,[augo]*(?:[+=-][rstwXxugo]*)+)*")
_DIGEST = re.compile(r"(?:sha256:[0-9a-f]{64}|sha384:[0-9a-f]{96}|sha512:[0-9a-f]{128})")


def heredoc_name(word: str) -> str | None:
    """The name of the here-document that a source stands for, if it is one."""
    try:
        found = tokens.heredoc_word(word)
    except DockerfileError:
        return None
    return None if found is None else found.name


def is_heredoc(word: str) -> bool:
    """Whether a source stands for a here-document."""
    return "<<" in word and heredoc_name(word) is not None


def flag_text(flags: tuple[str, ...], name: str) -> str:
    """The last value of a flag; empty when it is not there."""
    return "".join(flag_values(flags, name)[-1:]) if flags else ""


def check_chmod(text: str) -> None:
    """`DockerfileError` (without a line) unless --chmod takes this: octal up to 07777, or symbolic."""
    if not text:
        return
    if _OCTAL.fullmatch(text) and len(text.lstrip("0")) < 12:
        if int(text, 8) > 0o7777:
            raise DockerfileError(f"invalid chmod parameter '{printable(text)}': it goes from 0 to 07777")
    elif not _SYMBOLIC.fullmatch(text):
        raise DockerfileError(f"invalid chmod parameter '{printable(text)}'")


def check_remote(source: Remote, checksum: str, flags: tuple[str, ...]) -> None:
    """`DockerfileError` (without a line) where the flags of ADD contradict what the source itself says."""
    if source.kind == "http":
        if checksum and not _DIGEST.fullmatch(checksum):
            raise DockerfileError(f"'{printable(checksum)}' is not a digest such as sha256:<64 hex digits>")
        return
    keep = flag_text(flags, "keep-git-dir")
    if keep and source.keep_git_dir is not None and (keep.lower() == "true") != source.keep_git_dir:
        raise DockerfileError("--keep-git-dir contradicts the source's own keep-git-dir")
    if checksum and source.checksum and checksum != source.checksum:
        raise DockerfileError("--checksum contradicts the source's own checksum")
