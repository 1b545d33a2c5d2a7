"""Containers of Kubernetes objects: every holder of a pod spec, every role, image volumes included.

Pure: objects are the JSON that the API server or a manifest holds, and nothing here does I/O. Hostile objects are
expected: whatever has another shape than the API's is a `ManifestError`, never a container that is passed over.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from gate.errors import ManifestError
from gate.evidence.model import Role, VolumeMount
from gate.settings.model import Written

MAX_CONTAINERS = 1_000

POD_SPEC_PATHS: Mapping[tuple[str, str], str] = {
    ("", "Pod"): "spec",
    ("", "ReplicationController"): "spec.template.spec",
    ("", "PodTemplate"): "template.spec",
    ("apps", "Deployment"): "spec.template.spec",
    ("apps", "StatefulSet"): "spec.template.spec",
    ("apps", "DaemonSet"): "spec.template.spec",
    ("apps", "ReplicaSet"): "spec.template.spec",
    ("batch", "Job"): "spec.template.spec",
    ("batch", "CronJob"): "spec.jobTemplate.spec.template.spec",
}
"""Where each kind of the API keeps its pod spec, by (group, kind)."""

_LISTS: tuple[tuple[str, Role], ...] = (
    ("initContainers", "init"),
    ("containers", "container"),
    ("ephemeralContainers", "ephemeral"),
)


@dataclass(frozen=True, slots=True)
class CustomResource:
    """A kind outside the API's own that holds a pod spec at ``path`` (dots between keys)."""

    group: str
    kind: str
    path: str


@dataclass(frozen=True, slots=True)
class PodHolder:
    """An object that holds a pod spec. ``pointer`` is the JSON pointer of the spec inside the object."""

    kind: str
    group: str
    namespace: str | None
    name: str | None
    labels: Mapping[str, str]
    spec: Mapping[str, Any]
    pointer: str
    is_pod: bool


@dataclass(frozen=True, slots=True)
class ContainerRef:
    """One image that a pod spec would run or mount. ``image`` is null where the manifest leaves it out."""

    name: str
    role: Role
    image: str | None
    pointer: str
    image_pointer: str
    security: Mapping[str, Any] = field(default_factory=dict)
    pod_security: Mapping[str, Any] = field(default_factory=dict)
    pull_policy: str | None = None
    command: tuple[str, ...] | None = None
    args: tuple[str, ...] | None = None
    mounts: tuple[VolumeMount, ...] = ()
    shares_processes: bool = False
    windows: bool = False
    host_users: bool = True
    pull_secrets: tuple[str, ...] = ()
    service_account: str | None = None


def custom_resources(written: Written) -> list[CustomResource]:
    """What settings name beside the API's own kinds. The kind defaults to the plural's: ``rollouts`` is ``Rollout``."""
    return [
        CustomResource(one.group, one.kind or one.resource.removesuffix("s").capitalize(), one.pod_spec)
        for one in written.custom_resources
    ]


def group_of(api_version: object) -> str:
    """The group of an ``apiVersion``: ``apps`` of ``apps/v1``, empty for the core group."""
    if not isinstance(api_version, str):
        return ""
    group, slash, _ = api_version.rpartition("/")
    return group if slash else ""


def holder_of(
    obj: Mapping[str, Any], custom: Sequence[CustomResource] = (), *, namespace: str | None = None
) -> PodHolder | None:
    """The pod spec inside ``obj``, or None for kinds that hold none.

    ``namespace`` is used where the object names none. Raises `ManifestError` where the kind holds a pod spec but this
    object's is missing or misshapen: it must not pass as "nothing to judge".
    """
    kind = obj.get("kind")
    if not isinstance(kind, str):
        return None
    group = group_of(obj.get("apiVersion"))
    path = POD_SPEC_PATHS.get((group, kind)) or next(
        (c.path for c in custom if c.group == group and c.kind == kind), None
    )
    if path is None and group == "extensions":
        path = POD_SPEC_PATHS.get(("apps", kind))
    if path is None:
        return None
    meta = _mapping(obj.get("metadata"), f"{kind}: metadata")
    spec: Any = obj
    for key in path.split("."):
        spec = _mapping(spec, f"{kind}: {path}").get(key)
    labels = _mapping(meta.get("labels"), f"{kind}: metadata.labels")
    return PodHolder(
        kind=kind,
        group=group,
        namespace=_text(meta.get("namespace"), "metadata.namespace") or namespace,
        name=_text(meta.get("name") or meta.get("generateName"), "metadata.name"),
        labels={str(k): str(v) for k, v in labels.items()},
        spec=_spec(spec, f"{kind}: {path}"),
        pointer="/" + path.replace(".", "/"),
        is_pod=(group, kind) == ("", "Pod"),
    )


def containers_of(holder: PodHolder) -> list[ContainerRef]:
    """Every container and image volume of a pod spec, in the order a person reads them.

    Raises `ManifestError` for shapes the API would refuse and for more than 1,000 containers.
    """
    spec = holder.spec
    pod_security = _mapping(spec.get("securityContext"), "securityContext")
    volumes = _volumes(spec)
    shared: dict[str, Any] = {
        "pod_security": pod_security,
        "shares_processes": spec.get("shareProcessNamespace") is True,
        "windows": _is_windows(spec),
        "host_users": spec.get("hostUsers") is not False,
        "pull_secrets": _pull_secrets(spec),
        "service_account": _text(spec.get("serviceAccountName") or spec.get("serviceAccount"), "serviceAccountName"),
    }
    found = [
        _container(item, role, f"{holder.pointer}/{key}/{position}", volumes, shared)
        for key, role in _LISTS
        for position, item in enumerate(_sequence(spec.get(key), key))
    ]
    found += _image_volumes(spec, holder.pointer, shared)
    if len(found) > MAX_CONTAINERS:
        raise ManifestError(f"{holder.kind} has {len(found)} containers; gate judges at most {MAX_CONTAINERS}")
    return found


def _container(
    item: object, role: Role, pointer: str, volumes: Mapping[str, tuple[str | None, str | None]], shared: dict[str, Any]
) -> ContainerRef:
    spec = _mapping(item, pointer)
    if role == "init" and spec.get("restartPolicy") == "Always":
        role = "sidecar"
    return ContainerRef(
        name=_text(spec.get("name"), f"{pointer}/name") or "",
        role=role,
        image=_text(spec.get("image"), f"{pointer}/image") or None,
        pointer=pointer,
        image_pointer=f"{pointer}/image",
        security=_mapping(spec.get("securityContext"), f"{pointer}/securityContext"),
        pull_policy=_text(spec.get("imagePullPolicy"), f"{pointer}/imagePullPolicy"),
        command=_words(spec.get("command"), f"{pointer}/command"),
        args=_words(spec.get("args"), f"{pointer}/args"),
        mounts=tuple(_mounts(spec, pointer, volumes)),
        **shared,
    )


def _image_volumes(spec: Mapping[str, Any], pointer: str, shared: dict[str, Any]) -> Iterator[ContainerRef]:
    for position, item in enumerate(_sequence(spec.get("volumes"), "volumes")):
        volume = _mapping(item, f"volumes/{position}")
        if "image" not in volume or volume["image"] is None:
            continue
        source = _mapping(volume["image"], f"volumes/{position}/image")
        here = f"{pointer}/volumes/{position}/image"
        yield ContainerRef(
            name=_text(volume.get("name"), f"{here}/name") or "",
            role="volume",
            image=_text(source.get("reference"), f"{here}/reference") or None,
            pointer=here,
            image_pointer=f"{here}/reference",
            pull_policy=_text(source.get("pullPolicy"), f"{here}/pullPolicy"),
            **shared,
        )


def _volumes(spec: Mapping[str, Any]) -> dict[str, tuple[str | None, str | None]]:
    """Volume name to (source type, medium of an emptyDir)."""
    found: dict[str, tuple[str | None, str | None]] = {}
    for position, item in enumerate(_sequence(spec.get("volumes"), "volumes")):
        volume = _mapping(item, f"volumes/{position}")
        source = next((key for key, value in volume.items() if key != "name" and value is not None), None)
        body = volume.get(source) if source else None
        medium = body.get("medium") if isinstance(body, Mapping) else None
        found[str(volume.get("name"))] = (source, medium if isinstance(medium, str) else None)
    return found


def _mounts(
    spec: Mapping[str, Any], pointer: str, volumes: Mapping[str, tuple[str | None, str | None]]
) -> Iterator[VolumeMount]:
    for position, item in enumerate(_sequence(spec.get("volumeMounts"), f"{pointer}/volumeMounts")):
        mount = _mapping(item, f"{pointer}/volumeMounts/{position}")
        name = str(mount.get("name"))
        source, medium = volumes.get(name, (None, None))
        yield VolumeMount(
            path=str(mount.get("mountPath")),
            name=name,
            source=source,
            medium=medium,
            read_only=mount.get("readOnly") is True,
        )


def _pull_secrets(spec: Mapping[str, Any]) -> tuple[str, ...]:
    names = (
        _mapping(item, "imagePullSecrets").get("name")
        for item in _sequence(spec.get("imagePullSecrets"), "imagePullSecrets")
    )
    return tuple(name for name in names if isinstance(name, str) and name)


def _is_windows(spec: Mapping[str, Any]) -> bool:
    """``spec.os.name`` decides; a node selector for Windows says the same for older manifests."""
    os = spec.get("os")
    if isinstance(os, Mapping) and os.get("name"):
        return bool(os["name"] == "windows")
    selector = spec.get("nodeSelector")
    return isinstance(selector, Mapping) and selector.get("kubernetes.io/os") == "windows"


def _spec(value: object, where: str) -> Mapping[str, Any]:
    if value is None:
        raise ManifestError(f"{where} is missing")
    return _mapping(value, where)


def _mapping(value: object, where: str) -> Mapping[str, Any]:
    """``value`` as an object; null is what the API calls "left out"."""
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise ManifestError(f"{where} is {_shape(value)} where an object is needed")
    return value


def _sequence(value: object, where: str) -> Sequence[Any]:
    """``value`` as a list; null is what the API calls "left out"."""
    if value is None:
        return []
    if not isinstance(value, list):
        raise ManifestError(f"{where} is {_shape(value)} where a list is needed")
    return value


def _text(value: object, where: str) -> str | None:
    if value is None or isinstance(value, str):
        return value
    raise ManifestError(f"{where} is {_shape(value)} where text is needed")


def _words(value: object, where: str) -> tuple[str, ...] | None:
    if value is None:
        return None
    return tuple(str(word) for word in _sequence(value, where))


def _shape(value: object) -> str:
    names = {dict: "an object", list: "a list", str: "text", bool: "a boolean", int: "a number", float: "a number"}
    return "missing" if value is None else names.get(type(value), "something else")
