"""The facts about the image that a Dockerfile's target becomes, each with where it comes from."""

from __future__ import annotations

import re

from gate.evidence import model
from gate.evidence.dockerfile import accounts
from gate.evidence.dockerfile.config import Config, Setting
from gate.evidence.dockerfile.evaluate import Stage
from gate.evidence.dockerfile.graph import Graph, Node
from gate.evidence.dockerfile.scope import NOTHING
from gate.evidence.model import State

_INTEGER = re.compile(r"[+-]?[0-9]+", re.ASCII)
_LARGEST_UID = 2**31 - 1
NOT_BUILT = "not built yet"


def unknown(reason: str, *, origin: model.Origin | None = None) -> model.Facts:
    """Facts of which none can be known, for one reason."""
    return model.Facts(
        user=model.UserFact(state="unknown", reason=reason, origin=origin),
        shell=model.ShellFact(state="unknown", reason=reason),
        base=model.BaseFact(state="unknown", reason=reason, origin=origin),
        size=model.SizeFact(state="unknown", reason=reason),
        filesystem=model.FilesystemFact(state="unknown", reason=reason),
    )


def base(graph: Graph, path: str) -> model.BaseFact:
    """The external image under the target; its FROM is the origin."""
    root = graph.target.root
    known = root.known
    over = NOTHING.union(*(node.base_value.over for node in _chain(graph.target) if node.base_value))
    origin = model.LineOrigin(path=path, line=root.line, end_line=root.end_line)
    reference = root.reference
    if root.context is not None and root.context.other:
        return model.BaseFact(state="unknown", reason=root.context.reason, overridable_by=sorted(over), origin=origin)
    if reference is None:
        scratch = [model.Ancestor(reference="scratch", via="source")]
        return model.BaseFact(
            state="known", reference="scratch", overridable_by=sorted(over), ancestors=scratch, origin=origin
        )
    digest = reference.digest or (known.digest if known else None)
    return model.BaseFact(
        state="known",
        reference=reference.normalized,
        registry=reference.registry,
        repository=reference.repository,
        tag=reference.tag,
        digest=reference.digest,
        overridable_by=sorted(over),
        ancestors=[model.Ancestor(reference=reference.normalized, digest=digest, via="source")],
        created=known.created if known else None,
        supported_until=known.supported_until if known else None,
        origin=origin,
    )


def _chain(node: Node) -> list[Node]:
    found = [node]
    while found[-1].base is not None:
        found.append(found[-1].base)
    return found


def size(graph: Graph) -> model.SizeFact:
    """Nothing is built; certain is only what the smallest tag of the base weighs, where that was measured."""
    known = graph.target.root.known
    floor = known.floor if known is not None and known.floor_measured else None
    return model.SizeFact(
        state="unknown", reason=NOT_BUILT, at_least=floor, platform=str(graph.target.platform or graph.platform)
    )


# --- the user --------------------------------------------------------------------------------------------------


class _User:
    """A ``user[:group]`` taken apart as container runtimes do: numbers first, empty is 0."""

    def __init__(self, text: str) -> None:
        self.text = text
        user, _, group = text.partition(":")
        self.name = user
        self.numeric = _INTEGER.fullmatch(user) is not None
        number = int(user[:40]) if self.numeric else 0
        self.too_large = self.numeric and not 0 <= number <= _LARGEST_UID
        self.uid: int | None = None
        if not self.too_large and (self.numeric or user in ("", "root")):
            self.uid = number
        self.gid: int | None = None
        if _INTEGER.fullmatch(group) and 0 <= int(group[:40]) <= _LARGEST_UID:
            self.gid = int(group)
        elif group == "root" or (not group and self.uid == 0):
            self.gid = 0


def user(graph: Graph, stages: list[Stage], path: str) -> model.UserFact:
    """The user that the target's container runs as; ``stages`` are those it reaches, in order."""
    node = graph.target
    stage = next(each for each in stages if each.node is node)
    setting = stage.config.user_from
    if setting is None:
        return _inherited(node, stage.config, path)
    line, end_line = setting.bound.origin or (setting.bound.line, setting.bound.end_line)
    origin = model.LineOrigin(path=path, line=line, end_line=end_line)
    over = sorted(setting.value.over)
    if setting.value.rests and not _known_environment(node):
        names = ", ".join(sorted(f"${name}" for name in setting.value.rests))
        if node.root.known is None:
            reason = f"{names} is not set in this file; the base image may set it"
            return model.UserFact(
                state="unknown", reason=reason, overridable_by=over, origin=origin, value=setting.value.text
            )
        reason = f"{names} is up to the base image's environment, which is assumed"
        return _read(stage, stages, setting, origin, "assumed", reason)
    return _read(stage, stages, setting, origin, "known", None)


def _known_environment(node: Node) -> bool:
    known = node.root.known
    return known is not None and known.config is not None


def _inherited(node: Node, config: Config, path: str) -> model.UserFact:
    """No USER anywhere: the base's, shown at the target's FROM, where one is missing."""
    origin = model.LineOrigin(path=path, line=node.line, end_line=node.end_line)
    root = node.root
    known = root.known
    if config.user is None or known is None:
        reference = root.reference.normalized if root.reference else root.base_text
        return model.UserFact(
            state="unknown", reason=f"no USER is set, and the user of {reference} is not known", origin=origin
        )
    state, reason = known.state_of("user")
    found = _User(config.user)
    uid = known.uid if known.uid is not None else found.uid
    if uid is None and known.users:
        uid = known.users.get(found.name)
    root_user = True if uid == 0 or found.too_large else None if uid is None and not found.numeric else False
    if config.os == "windows":
        root_user, state, reason = None, "unknown", "a user of Windows"
    if root_user is None and state != "unknown":
        state, reason = "unknown", f"the uid of {found.name} shows only in the image"
    return model.UserFact(
        state=state,
        reason=reason,
        value=config.user,
        uid=uid,
        gid=found.gid if found.gid is not None else known.gid,
        root=root_user,
        numeric=found.numeric,
        exists=True if found.name and not found.numeric else None,
        origin=origin,
    )


def _read(
    stage: Stage, stages: list[Stage], setting: Setting, origin: model.Origin, state: State, reason: str | None
) -> model.UserFact:
    found = _User(setting.value.text)
    over = setting.value.over
    root: bool | None = found.uid == 0 or found.too_large
    uid = found.uid
    exists: bool | None = None
    if stage.config.os == "windows":
        root, uid, state, reason = None, None, "unknown", "a user of Windows"
    elif found.too_large:
        reason = reason or "no runtime accepts this number as it is: refused, or wrapped to another uid"
    elif uid is None:
        known = accounts.of_stage(stage, stages)
        account = known.names.get(found.name)
        if account is not None and account.hidden:
            root, state, reason = None, "unknown", f"{account.reason}; the uid of {found.name} shows only in the image"
        elif known.edited is not None:
            root, state, reason = None, "unknown", f"{known.edited}; the uid of {found.name} shows only in the image"
        elif account is not None:
            uid, exists, over = account.uid, True, over | account.over
            root, state, reason = account.uid == 0, "assumed", reason or account.reason
        elif known.complete:
            exists = False
        else:
            root, state, reason = None, "unknown", f"the uid of {found.name} shows only in the image"
    return model.UserFact(
        state=state,
        reason=reason,
        value=setting.value.text,
        uid=uid,
        gid=found.gid,
        root=root,
        numeric=found.numeric,
        exists=exists,
        overridable_by=sorted(over),
        origin=origin,
    )
