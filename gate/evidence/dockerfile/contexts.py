"""Named contexts (``docker build --build-context NAME=VALUE``): what stands in for a stage or an image.

A context with the name of a stage replaces the whole stage, whose instructions are then not run; one with the name of
an image stands in for that image wherever it is used, ``FROM`` and ``--from`` alike. ``scratch`` is never replaced.
Names of images mean what they mean to docker: ``alpine`` is ``docker.io/library/alpine:latest``.
Source: BuildKit v0.33.1, dockerfile2llb/convert.go and dockerui/namedcontext.go; buildx, build/opt.go.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from gate.errors import ReferenceError_, UsageError
from gate.evidence.base_image import SCRATCH, BaseImage
from gate.evidence.dockerfile.blanks import printable
from gate.evidence.image import reference as references
from gate.evidence.image.reference import Reference
from gate.evidence.model import StageConfig

__all__ = ["Context", "contexts_of", "familiar"]

_IMAGE, _LAYOUT = "docker-image://", "oci-layout://"
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
_USER = re.compile(r"//[^/@]*@")
_FETCHED = ("http", "https", "git", "ssh")


class Context(NamedTuple):
    """What stands in. ``reference``: an image; null for scratch and for what is no image of a registry (``other``).

    ``fetched``: it comes from elsewhere than a folder of this machine.
    """

    name: str
    text: str
    reference: Reference | None = None
    other: bool = False
    fetched: bool = False

    @property
    def shown(self) -> str:
        """Its value for messages, without what a URL says of its user."""
        return printable(_USER.sub("//", self.text), 300)

    @property
    def known(self) -> BaseImage | None:
        """What is known of it before anything is read: folders and repositories have files, and no config."""
        if not self.other:
            return SCRATCH if self.reference is None else None
        if self.text.startswith(_LAYOUT):
            return None
        return BaseImage(
            reference=self.shown, state="known", user="", uid=0, gid=0, env={}, config=StageConfig(user="", workdir="/")
        )

    @property
    def reason(self) -> str:
        """Why its files are not known."""
        return f"{self.shown} stands in for {self.name} (--build-context), and its files are not read"


def contexts_of(given: Iterable[tuple[str, str]] | Mapping[str, str]) -> dict[str, Context]:
    """Contexts by the name that is looked up; of two with one name the last holds, as buildx has it.

    Raises `UsageError` for a name or value that BuildKit would refuse.
    """
    pairs = given.items() if isinstance(given, Mapping) else given
    found = (_context(name, text) for name, text in pairs)
    return {each.name: each for each in found}


def familiar(reference: Reference) -> str:
    """An image's shortest name, the default tag left out."""
    name = reference.name
    if reference.registry == references.DEFAULT_REGISTRY:
        first, slash, rest = reference.repository.partition("/")
        name = rest if slash and first == "library" and "/" not in rest else reference.repository
    if reference.digest is not None:
        return f"{name}{f':{reference.tag}' if reference.tag else ''}@{reference.digest}"
    return name if reference.tag in (None, references.DEFAULT_TAG) else f"{name}:{reference.tag}"


def _context(written: str, text: str) -> Context:
    where = f"--build-context {written}={text}"
    try:
        name = familiar(references.parse(written))
    except ReferenceError_:
        hint = "use the name of a stage or of an image, in lower case"
        raise UsageError(f'"{written}" is no name for a context', where=where, hint=hint) from None
    if text.startswith(_IMAGE):
        image = text.removeprefix(_IMAGE)
        if image == "scratch":
            return Context(name, text)
        try:
            return Context(name, text, references.parse(image))
        except ReferenceError_ as error:
            raise UsageError(error.message, where=where) from None
    scheme = _SCHEME.match(text)
    if text.startswith(_LAYOUT):
        return Context(name, text, other=True, fetched=True)
    if scheme is not None and scheme[1] not in _FETCHED:
        hint = "write NAME=FOLDER, docker-image://REF, oci-layout://PATH or a Git or HTTP URL"
        raise UsageError(f'no kind of context is called "{scheme[1]}"', where=where, hint=hint)
    if not text:
        raise UsageError("a context without a value", where=where, hint="write NAME=FOLDER or docker-image://REF")
    return Context(name, text, other=True, fetched=scheme is not None or text.startswith("git@"))
