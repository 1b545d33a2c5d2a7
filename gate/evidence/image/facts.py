"""What the layers and the config of one image show, whatever its base is called: the part that a cache may keep.

Every fact is either known from a full walk whose layers have the diff_ids of the config, or unknown with the reason.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import Any

import msgspec

from gate.evidence.image import passwd, sizes, tools
from gate.evidence.image.files import Files
from gate.evidence.image.filesystem import Tree, TreeError
from gate.evidence.image.findings import Findings, origin_of
from gate.evidence.image.layers import LayerFacts
from gate.evidence.image.limits import ImageLimits
from gate.evidence.image.passwd import AccountFiles
from gate.evidence.image.paths import below, text
from gate.evidence.image.shells import NAMES, ShellHit, find_shells
from gate.evidence.image.source import Layer
from gate.evidence.image.survey import contents, survey
from gate.evidence.model import ConfigOrigin, FilesystemFact, Origin, Shell, ShellFact, SizeFact, UserFact

__all__ = ["VERSION", "ImageFacts", "Subject", "describe", "unreadable"]

VERSION = "1"
"""Changes when the same layers and config would give other facts."""

_DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class Subject(msgspec.Struct, frozen=True, kw_only=True):
    """What an image says of itself: the config as published, its layers as listed, and why they cannot be matched."""

    config: dict[str, Any]
    layers: list[Layer]
    windows: bool = False
    problem: str | None = None

    @property
    def execution(self) -> dict[str, Any]:
        """How a container of it starts."""
        found = self.config.get("config")
        return found if isinstance(found, dict) else {}


class ImageFacts(msgspec.Struct, frozen=True, kw_only=True):
    """The facts that need no base, and what else the layers show.

    ``users``: names of the passwd with their uids, null where not known. ``libc``: glibc, musl, none, or null.
    ``package_manager``: of the system, ``none``, or null. ``bare``: a full walk found no os-release, package
    database, loader or shell, as in an image built on scratch.
    """

    user: UserFact
    shell: ShellFact
    size: SizeFact
    filesystem: FilesystemFact
    users: dict[str, int] | None = None
    libc: str | None = None
    package_manager: str | None = None
    bare: bool = False


def describe(subject: Subject, layers: Sequence[LayerFacts], limits: ImageLimits) -> ImageFacts:
    """The facts of an image from those of its layers, lowest first; never raises for what they hold."""
    reason = subject.problem or _too_much(layers, limits) or _fault(layers)
    if reason is None and subject.windows:
        reason = "an image for Windows"
    if reason is not None:
        return unreadable(subject, reason, layers)
    tree = Tree(limits.folders)
    for number, facts in enumerate(layers, 1):
        try:
            tree.apply(facts)
        except TreeError as error:
            return unreadable(subject, f"layer {number}: {error}", layers)
    return _walked(subject, layers, tree)


def unreadable(subject: Subject, reason: str, layers: Sequence[LayerFacts] = ()) -> ImageFacts:
    """The facts of an image whose layers prove nothing: a numeric user, and the sizes that are certain."""
    unknown = AccountFiles(passwd_doubt=reason, group_doubt=reason)
    return ImageFacts(
        user=user_fact(subject, unknown),
        shell=ShellFact(state="unknown", reason=reason, needed_by=needed_by(subject)),
        size=sizes.fact(subject.layers, layers, {}, reason),
        filesystem=FilesystemFact(state="unknown", reason=reason),
    )


def _too_much(layers: Sequence[LayerFacts], limits: ImageLimits) -> str | None:
    if len(layers) > limits.layers:
        return f"the image has more than {limits.layers} layers"
    if sum(each.listing.count for each in layers) > limits.entries:
        return f"the layers have more than {limits.entries} entries"
    if sum(each.listing.names_bytes for each in layers) > limits.names:
        return f"the layers have more than {limits.names} bytes of names"
    return None


def _fault(layers: Sequence[LayerFacts]) -> str | None:
    return next((f"layer {number}: {each.fault}" for number, each in enumerate(layers, 1) if each.fault), None)


def _walked(subject: Subject, layers: Sequence[LayerFacts], tree: Tree) -> ImageFacts:
    live = survey(((path, directory.children) for path, directory in below(b"", tree.root)), layers)
    left = survey(chain.from_iterable(contents(*each) for each in tree.leftover), layers)
    gone = survey(chain.from_iterable(contents(*each) for each in tree.removed), layers)
    files = Files(tree, layers)
    listed, doubt = files.content(b"etc/shells")
    shells = find_shells(tree, live.shells + left.shells, live.marked + left.marked, listed or b"")
    shell = _shell(subject, shells.found, shells.doubt or doubt)
    found = Findings(tree, subject.layers, live, left, gone)
    accounts = files.accounts()
    known = accounts.passwd_doubt is None
    return ImageFacts(
        user=user_fact(subject, accounts),
        shell=shell,
        size=sizes.fact(subject.layers, layers, sizes.wasted(tree.removed), None),
        filesystem=found.fact(_path(subject)),
        users=passwd.names(accounts.passwd or b"") if known else None,
        libc=_libc(live.loaders | left.loaders),
        package_manager=tools.family(place.path.rpartition(b"/")[2] for place in found.package_managers()),
        bare=shell.present is False and not (live.structure | left.structure | live.loaders | left.loaders),
    )


def _shell(subject: Subject, found: Sequence[ShellHit], doubt: str | None) -> ShellFact:
    listed = [
        Shell(
            path="/" + text(hit.path),
            links=["/" + text(link) for link in hit.links],
            origin=origin_of(subject.layers, hit.layer),
        )
        for hit in found
    ]
    needed = needed_by(subject)
    if listed:
        return ShellFact(state="known", present=True, shells=listed, needed_by=needed)
    if doubt is not None:
        return ShellFact(state="unknown", reason=doubt, needed_by=needed)
    return ShellFact(state="known", present=False, needed_by=needed)


def needed_by(subject: Subject) -> list[Origin]:
    """The fields of the config whose program is a shell."""
    found: list[Origin] = []
    for field, start in (("Entrypoint", 0), ("Cmd", 0), ("Healthcheck", 1)):
        value = subject.execution.get(field)
        argv = value.get("Test") if isinstance(value, dict) else value
        if not isinstance(argv, list) or len(argv) <= start:
            continue
        program = str(argv[start]).rpartition("/")[2].encode("utf-8", "surrogatepass")
        if program in NAMES or argv[0] == "CMD-SHELL":
            found.append(ConfigOrigin(field=field))
    return found


def user_fact(subject: Subject, accounts: AccountFiles) -> UserFact:
    """The config's user, looked up in the image's own files."""
    value = subject.execution.get("User")
    user = value if isinstance(value, str) else ""
    origin = ConfigOrigin(field="User")
    if subject.windows:
        return UserFact(state="unknown", reason="a user of Windows", value=user, origin=origin)
    account = passwd.resolve(user, accounts)
    return UserFact(
        state="unknown" if account.root is None else "known",
        reason=account.doubt or account.refused,
        value=user,
        uid=account.uid,
        gid=account.gid,
        root=account.root,
        numeric=account.numeric,
        exists=account.exists,
        origin=origin,
    )


def _libc(loaders: set[bytes]) -> str | None:
    kinds = {"musl" if name.startswith(b"ld-musl") else "glibc" for name in loaders}
    return (kinds or {"none"}).pop() if len(kinds) < 2 else None


def _path(subject: Subject) -> str:
    for variable in subject.execution.get("Env") or []:
        name, _, value = str(variable).partition("=")
        if name == "PATH":
            return value
    return _DEFAULT_PATH
