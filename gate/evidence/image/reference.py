"""Image references, read exactly as Docker, BuildKit and containerd read them.

A port of the grammar and the normalization of github.com/distribution/reference v0.6.0: ``nginx`` is
``docker.io/library/nginx``. Registry, repository, tag and digest stay apart, because a tag beside a digest is
decoration and string prefixes of names mean nothing.
"""

from __future__ import annotations

import re

import msgspec

from gate.errors import ReferenceError_

__all__ = ["DEFAULT_REGISTRY", "DEFAULT_TAG", "DIGESTS", "Reference", "is_digest", "is_tag", "parse"]

DEFAULT_REGISTRY = "docker.io"
DEFAULT_TAG = "latest"
DIGESTS = {"sha256": 64, "sha384": 96, "sha512": 128}
"""Hash algorithms that can be named, with the length of their lower case hex. Fetching refuses sha384."""

_LONGEST = 4096
_LONGEST_PATH = 255

_ALPHANUMERIC = "[a-z0-9]+"
_COMPONENT = rf"{_ALPHANUMERIC}(?:(?:[._]|__|-+){_ALPHANUMERIC})*"
_PATH = rf"{_COMPONENT}(?:/{_COMPONENT})*"
_LABEL = "[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?"
_HOST = rf"(?:{_LABEL}(?:\.{_LABEL})*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?"
_TAG_TEXT = "[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}"
_DIGEST_TEXT = "[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}"

_REFERENCE = re.compile(rf"(?:({_HOST})/)?({_PATH})(?::({_TAG_TEXT}))?(?:@({_DIGEST_TEXT}))?")
_TAG = re.compile(_TAG_TEXT)
_HEX = re.compile("[0-9a-f]+")
_IDENTIFIER = re.compile("[a-f0-9]{64}")


class Reference(msgspec.Struct, frozen=True):
    """A normalized reference: ``registry`` and ``repository`` always, ``tag`` and ``digest`` where written.

    ``registry`` is empty for the few texts Docker accepts though no host can be called so (``my_host.io/x``, which
    is then all repository); no registry is ever asked for those.
    """

    registry: str
    repository: str
    tag: str | None = None
    digest: str | None = None

    @property
    def name(self) -> str:
        """``registry/repository``."""
        return f"{self.registry}/{self.repository}" if self.registry else self.repository

    @property
    def normalized(self) -> str:
        """The full text, nothing added: ``docker.io/library/alpine:3.20``."""
        tag = f":{self.tag}" if self.tag else ""
        digest = f"@{self.digest}" if self.digest else ""
        return f"{self.name}{tag}{digest}"

    @property
    def familiar(self) -> str:
        """As people write it: without ``docker.io/`` and ``library/`` where they can be left out."""
        name = self.name
        if self.registry == DEFAULT_REGISTRY:
            short = self.repository.removeprefix("library/")
            name = self.repository if "/" in short else short
        return f"{name}{self.normalized.removeprefix(self.name)}"

    @property
    def wanted(self) -> str:
        """What a registry is asked for: the digest, else the tag, else ``latest``."""
        return self.digest or self.tag or DEFAULT_TAG

    def pinned(self, digest: str) -> Reference:
        """The same reference with ``digest``, its tag kept as decoration."""
        return msgspec.structs.replace(self, digest=digest)

    def __str__(self) -> str:
        return self.normalized


def parse(text: str) -> Reference:
    """The normalized reference; `ReferenceError_` where Docker would refuse the text."""
    if _IDENTIFIER.fullmatch(text):
        raise _refused(text, "64 hex digits name no repository", "write the repository in front: name@sha256:...")
    if len(text) > _LONGEST:
        raise _refused(text[:80], f"longer than {_LONGEST} characters")
    registry, remainder = _split_registry(text)
    found = _REFERENCE.fullmatch(f"{registry}/{remainder}")
    if found is None:
        raise _invalid(text, remainder)
    host, repository, tag, digest = found.groups()
    if len(repository) > _LONGEST_PATH:
        raise _refused(text[:80], f"the repository is longer than {_LONGEST_PATH} characters")
    if digest and not is_digest(digest):
        raise _refused(text, f"{digest.partition(':')[0]} digest with a wrong algorithm or length")
    return Reference(host or "", repository, tag, digest)


def is_digest(text: str) -> bool:
    """Whether ``text`` is ``algorithm:hex`` with a known algorithm and its length, lower case."""
    algorithm, _, encoded = text.partition(":")
    return len(encoded) == DIGESTS.get(algorithm) and _HEX.fullmatch(encoded) is not None


def is_tag(text: str) -> bool:
    """Whether a registry could have a tag of this name."""
    return _TAG.fullmatch(text) is not None


def _split_registry(text: str) -> tuple[str, str]:
    first, slash, rest = text.partition("/")
    if not slash:
        return DEFAULT_REGISTRY, f"library/{text}"
    if first == "index.docker.io":
        first = DEFAULT_REGISTRY
    elif first != "localhost" and not {".", ":"} & set(first) and first == first.lower():
        first, rest = DEFAULT_REGISTRY, text
    if first == DEFAULT_REGISTRY and "/" not in rest:
        rest = f"library/{rest}"
    return first, rest


def _invalid(text: str, remainder: str) -> ReferenceError_:
    if not text:
        return ReferenceError_("an image reference is empty")
    name = remainder.partition(":")[0].partition("@")[0]
    if name != name.lower():
        return _refused(text, "the repository must be lower case", f"did you mean {text.lower()}?")
    if "://" in text:
        return _refused(text, "not an image reference", "leave the https:// away")
    return _refused(text, "not an image reference", "write registry/repository:tag or registry/repository@sha256:...")


def _refused(text: str, why: str, hint: str | None = None) -> ReferenceError_:
    return ReferenceError_(f'"{text}": {why}', hint=hint)
