"""Who a container runs as, the way the kubelet decides it.

Sources: ``DetermineEffectiveSecurityContext`` (the container's field wins over the pod's) and ``verifyRunAsNonRoot``
of kubernetes/pkg/securitycontext and pkg/kubelet/kuberuntime; for the image's own user, ``getImageUser``: an empty
user is 0, a number is that number, a name is left to the runtime.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from gate.evidence.kubernetes.workloads import ContainerRef
from gate.evidence.model import PointerOrigin, Refusal, UserFact

LARGEST_UID = 2**31 - 1
_WINDOWS_ADMINISTRATORS = frozenset({"containeradministrator", "administrator", "nt authority\\system", "system"})

_CONTAINER_FIELDS = (
    "runAsUser",
    "runAsGroup",
    "runAsNonRoot",
    "seLinuxOptions",
    "seccompProfile",
    "appArmorProfile",
    "windowsOptions",
)
_OWN_FIELDS = ("readOnlyRootFilesystem", "allowPrivilegeEscalation", "privileged", "capabilities", "procMount")


def effective_security(ref: ContainerRef) -> dict[str, Any]:
    """The securityContext in force: the container's fields, else the pod's; plus ``hostUsers``."""
    combined: dict[str, Any] = {}
    for field in _CONTAINER_FIELDS:
        value = ref.security.get(field)
        if field == "windowsOptions":
            value = {**_mapping(ref.pod_security.get(field)), **_mapping(value)} or None
        elif value is None:
            value = ref.pod_security.get(field)
        if value is not None:
            combined[field] = value
    combined.update({f: ref.security[f] for f in _OWN_FIELDS if ref.security.get(f) is not None})
    combined["hostUsers"] = ref.host_users
    return combined


def effective_user(ref: ContainerRef, image: UserFact, path: str, line_of: Mapping[str, int]) -> UserFact:
    """The user of one container; ``image`` is the image's own user fact.

    A numeric ``runAsUser`` settles it whatever the image says. A bare ``runAsNonRoot: true`` over an image whose user
    is unknown is assumed to hold: the kubelet refuses to start the container as uid 0.
    """
    if ref.windows:
        return _windows_user(ref, image, path, line_of)
    uid, uid_origin = _field(ref, "runAsUser", path, line_of)
    gid, _ = _field(ref, "runAsGroup", path, line_of)
    if uid is not None:
        return _numeric(uid, gid, uid_origin)
    non_root, origin = _field(ref, "runAsNonRoot", path, line_of)
    if non_root is True and image.state == "unknown" and image.root is None:
        return UserFact(
            state="assumed",
            reason="runAsNonRoot: true makes the kubelet refuse uid 0; the image's user is not known",
            value=image.value,
            root=False,
            numeric=image.numeric,
            origin=origin,
        )
    if isinstance(gid, int) and not isinstance(gid, bool):
        return msgspec.structs.replace(image, gid=gid)
    return image


def predicted_refusals(ref: ContainerRef, user: UserFact, path: str, line_of: Mapping[str, int]) -> list[Refusal]:
    """What ``verifyRunAsNonRoot`` of the kubelet will say when it starts this container."""
    if ref.windows or ref.role == "volume":
        return []
    non_root, origin = _field(ref, "runAsNonRoot", path, line_of)
    if non_root is not True or origin is None:
        return []
    uid, uid_origin = _field(ref, "runAsUser", path, line_of)
    if uid is not None:
        if uid == 0:
            message = "the kubelet will refuse it: runAsUser 0 breaks runAsNonRoot: true"
            return [Refusal(message=message, origin=uid_origin or origin)]
        return []
    if user.numeric is False and user.value:
        name = user.value.partition(":")[0]
        message = (
            f"the kubelet will refuse it: runAsNonRoot: true needs a numeric user, and the image's is {name!r}; "
            "set runAsUser, or a numeric USER in the image"
        )
        return [Refusal(message=message, origin=origin)]
    if user.state == "known" and user.root:
        message = "the kubelet will refuse it: runAsNonRoot: true, and the image runs as root"
        return [Refusal(message=message, origin=origin)]
    return []


def _numeric(uid: object, gid: object, origin: PointerOrigin | None) -> UserFact:
    if not isinstance(uid, int) or isinstance(uid, bool) or not 0 <= uid <= LARGEST_UID:
        return UserFact(
            state="known",
            reason=f"runAsUser {uid!r} is outside 0..{LARGEST_UID}; runtimes have read such numbers as root",
            value=str(uid),
            root=True,
            numeric=True,
            origin=origin,
        )
    group = gid if isinstance(gid, int) and not isinstance(gid, bool) else None
    return UserFact(
        state="known",
        value=str(uid) if group is None else f"{uid}:{group}",
        uid=uid,
        gid=group,
        root=uid == 0,
        numeric=True,
        origin=origin,
    )


def _windows_user(ref: ContainerRef, image: UserFact, path: str, line_of: Mapping[str, int]) -> UserFact:
    """Windows has no uid: ``runAsUserName`` decides, else the image's User; ContainerUser is the default there."""
    for security, pointer in ((ref.security, ref.pointer), (ref.pod_security, _pod_pointer(ref))):
        name = _mapping(security.get("windowsOptions")).get("runAsUserName")
        if isinstance(name, str) and name:
            where = f"{pointer}/securityContext/windowsOptions/runAsUserName"
            return UserFact(
                state="known",
                value=name,
                root=name.lower() in _WINDOWS_ADMINISTRATORS,
                numeric=False,
                origin=PointerOrigin(path=path, pointer=where, line=line_of.get(where)),
            )
    if image.value and image.value.lower() in _WINDOWS_ADMINISTRATORS:
        return msgspec.structs.replace(image, state="known", root=True, reason=None)
    if image.value and image.value.lower() == "containeruser":
        return msgspec.structs.replace(image, state="known", root=False, uid=None, reason=None)
    return UserFact(
        state="unknown",
        reason="a Windows container without runAsUserName; its user shows only on the node",
        value=image.value,
        numeric=False,
        origin=image.origin,
    )


def _field(ref: ContainerRef, name: str, path: str, line_of: Mapping[str, int]) -> tuple[Any, PointerOrigin | None]:
    for security, pointer in ((ref.security, ref.pointer), (ref.pod_security, _pod_pointer(ref))):
        value = security.get(name)
        if value is not None:
            where = f"{pointer}/securityContext/{name}"
            return value, PointerOrigin(path=path, pointer=where, line=line_of.get(where))
    return None, None


def _pod_pointer(ref: ContainerRef) -> str:
    """The pod spec's pointer: two segments above a container's."""
    return ref.pointer.rsplit("/", 2)[0]


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
