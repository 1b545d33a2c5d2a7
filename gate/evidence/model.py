"""The evidence document, ``gate.evidence/v1``: what is known about one subject.

Rules, both engines and other tools read its JSON; the shapes here are that contract. Sizes are bytes.
A fact's ``state`` is ``known`` (read from the thing itself), ``assumed`` (true unless the build does
something odd; ``reason`` says why) or ``unknown`` (``reason`` says why). Kinds that do not apply are null.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

SCHEMA: Literal["gate.evidence/v1"] = "gate.evidence/v1"

State = Literal["known", "assumed", "unknown"]
Kind = Literal["dockerfile", "image", "container"]
Via = Literal["source", "layers", "self", "structure"]
Role = Literal["container", "init", "sidecar", "ephemeral", "volume"]


# --- where a fact comes from -------------------------------------------------------------------------------


class LineOrigin(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="line"):
    """Lines of a text file, 1-based and inclusive."""

    path: str
    line: int
    end_line: int


class LayerOrigin(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="layer"):
    """A layer by diff_id or digest; ``created_by`` is its author's text, a hint only."""

    digest: str
    created_by: str | None = None


class ConfigOrigin(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="config"):
    """A field of an image's config, for example ``User``."""

    field: str


class PointerOrigin(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="pointer"):
    """A JSON pointer into a manifest or an admitted object; ``line`` where the text is known."""

    path: str
    pointer: str
    line: int | None = None


class BaseOrigin(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="base"):
    """Inherited from an external base image."""

    reference: str


Origin = LineOrigin | LayerOrigin | ConfigOrigin | PointerOrigin | BaseOrigin


# --- facts ---------------------------------------------------------------------------------------------------


class UserFact(msgspec.Struct, frozen=True, kw_only=True):
    """The effective user.

    ``value`` is the text after expansion. ``root`` is null only when unknown; ``uid`` and ``gid`` may be null.
    ``numeric``: the user part is a number, so that the kubelet can check runAsNonRoot.
    ``overridable_by``: build args that can replace the value. ``exists``: false when the name cannot exist
    (scratch without a passwd), null when that is not known.
    """

    state: State
    reason: str | None = None
    platform: str | None = None
    value: str | None = None
    uid: int | None = None
    gid: int | None = None
    root: bool | None = None
    numeric: bool | None = None
    exists: bool | None = None
    overridable_by: list[str] = []
    origin: Origin | None = None


class Shell(msgspec.Struct, frozen=True, kw_only=True):
    """One shell: its path, the chain of links that leads to it, and what brought it."""

    path: str
    origin: Origin | None = None
    links: list[str] = []


class ShellFact(msgspec.Struct, frozen=True, kw_only=True):
    """Shells of the final filesystem. ``present`` is null only when unknown.

    ``shells`` may be listed while the state is unknown: each one is certain by itself.
    ``needed_by``: instructions of the final image that cannot start without a shell.
    """

    state: State
    reason: str | None = None
    platform: str | None = None
    present: bool | None = None
    shells: list[Shell] = []
    needed_by: list[Origin] = []


class Ancestor(msgspec.Struct, frozen=True, kw_only=True):
    """An image this one is built on. ``layers``: how many of its layers prove it; ``hinted_by``: what named it."""

    reference: str
    via: Via
    digest: str | None = None
    layers: int | None = None
    hinted_by: str | None = None


class BaseClaim(msgspec.Struct, frozen=True, kw_only=True):
    """What a label, annotation or attestation says the base is, and whether the layers agree.

    ``holds``: true proven, false contradicted, null not proven (``reason`` says why).
    ``differs_at``: index of the first differing layer.
    """

    source: str
    reference: str
    digest: str | None = None
    holds: bool | None = None
    differs_at: int | None = None
    reason: str | None = None


class BaseFact(msgspec.Struct, frozen=True, kw_only=True):
    """The external image under the target; ``reference`` fully normalized, ``scratch`` for scratch.

    ``created`` and ``supported_until`` are RFC 3339 dates where known.
    """

    state: State
    reason: str | None = None
    platform: str | None = None
    reference: str | None = None
    registry: str | None = None
    repository: str | None = None
    tag: str | None = None
    digest: str | None = None
    overridable_by: list[str] = []
    ancestors: list[Ancestor] = []
    claims: list[BaseClaim] = []
    created: str | None = None
    supported_until: str | None = None
    origin: Origin | None = None


class LayerSize(msgspec.Struct, frozen=True, kw_only=True):
    """One layer: bytes in the registry and on disk, and bytes deleted again by later layers."""

    digest: str | None = None
    diff_id: str | None = None
    compressed: int | None = None
    uncompressed: int | None = None
    wasted: int | None = None
    created_by: str | None = None


class SizeFact(msgspec.Struct, frozen=True, kw_only=True):
    """Bytes. ``at_least`` is certain even while the rest is unknown; ``previous`` is the image compared with."""

    state: State
    reason: str | None = None
    compressed: int | None = None
    uncompressed: int | None = None
    above_base: int | None = None
    at_least: int | None = None
    wasted: int | None = None
    previous: int | None = None
    platform: str | None = None
    layers: list[LayerSize] = []


class File(msgspec.Struct, frozen=True, kw_only=True):
    """A file of the final image, or of a lower layer when ``deleted``; ``detail`` says what makes it notable."""

    path: str
    detail: str | None = None
    deleted: bool = False
    size: int | None = None
    origin: Origin | None = None


class FilesystemFact(msgspec.Struct, frozen=True, kw_only=True):
    """What a full walk of the layers found. Lists are complete only when the state is known."""

    state: State
    reason: str | None = None
    platform: str | None = None
    setuid: list[File] = []
    package_managers: list[File] = []
    compilers: list[File] = []
    leftovers: list[File] = []
    world_writable: list[File] = []


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """The five facts of every subject."""

    user: UserFact
    shell: ShellFact
    base: BaseFact
    size: SizeFact
    filesystem: FilesystemFact


# --- the Dockerfile ------------------------------------------------------------------------------------------


class Command(msgspec.Struct, frozen=True, kw_only=True):
    """One simple command of a RUN, CMD, ENTRYPOINT or HEALTHCHECK.

    ``program`` is its base name as written; null where it is computed at run time or the text does not parse.
    ``opaque``: what it runs cannot be told (no program, eval, a script that is computed or comes through a pipe).
    ``wrappers``: sudo, env, sh, ... that were unwrapped around it, outermost first. ``line`` is in the file.
    ``piped_to``: program that reads its standard output. ``connector``: how it follows the command before it.
    """

    program: str | None
    args: list[str] = []
    line: int
    opaque: bool = False
    wrappers: list[str] = []
    env: dict[str, str] = {}
    piped_to: str | None = None
    connector: str | None = None
    redirects: list[str] = []


class Mount(msgspec.Struct, frozen=True, kw_only=True):
    """One ``RUN --mount``; ``stage`` is the index of a stage it reads, ``reference`` an image."""

    type: str
    target: str | None = None
    source: str | None = None
    from_: str | None = msgspec.field(name="from", default=None)
    stage: int | None = None
    reference: str | None = None
    id: str | None = None
    options: dict[str, str] = {}


class Heredoc(msgspec.Struct, frozen=True, kw_only=True):
    """A here-document of RUN, COPY or ADD."""

    name: str
    content: str
    expand: bool = True
    chomp: bool = False
    fd: int = 0
    line: int | None = None


class Instruction(msgspec.Struct, frozen=True, kw_only=True):
    """One instruction. ``cmd`` is upper case. ``args``: words after expansion (sources then destination for COPY
    and ADD, one string for RUN, CMD, ENTRYPOINT in shell form). ``json``: the exec form's list, else null.
    ``raw`` is the value as written, continuations joined. ``unresolved``: names of variables with no value.
    ``onbuild_from``: index of the stage whose ONBUILD brought it. ``pairs``: name and value of ENV, ARG, LABEL.
    ``source_stage``: the stage index a ``COPY --from`` reads, ``source_image`` the image.
    ``keyword``: as written, where that is not in capitals.
    """

    cmd: str
    line: int
    end_line: int
    flags: list[str] = []
    mounts: list[Mount] = []
    json: list[str] | None = None
    args: list[str] = []
    commands: list[Command] = []
    raw: str = ""
    heredocs: list[Heredoc] = []
    pairs: list[tuple[str, str | None]] = []
    sub: str | None = None
    unresolved: list[str] = []
    onbuild_from: int | None = None
    source_stage: int | None = None
    source_image: str | None = None
    comments: list[str] = []
    keyword: str | None = None


class StageBase(msgspec.Struct, frozen=True, kw_only=True):
    """What a stage is built on: an earlier stage (``stage``), an image (``reference``), or scratch.

    ``raw`` is the base as written, ``platform_raw`` its platform; ``unresolved``: names of variables in the base
    that have no value.
    """

    reference: str | None = None
    registry: str | None = None
    repository: str | None = None
    tag: str | None = None
    digest: str | None = None
    stage: int | None = None
    platform: str | None = None
    platform_raw: str | None = None
    raw: str = ""
    overridable_by: list[str] = []
    unresolved: list[str] = []


class StageConfig(msgspec.Struct, frozen=True, kw_only=True):
    """The image config a stage would have; null where it depends on an unknown base."""

    user: str | None = None
    env: dict[str, str] = {}
    workdir: str | None = None
    entrypoint: list[str] | None = None
    cmd: list[str] | None = None
    shell: list[str] | None = None
    healthcheck: list[str] | None = None
    labels: dict[str, str] = {}
    exposed_ports: list[str] = []
    volumes: list[str] = []
    stop_signal: str | None = None
    onbuild: list[str] = []


class Stage(msgspec.Struct, frozen=True, kw_only=True):
    """One FROM and what follows it. ``config`` is the effective one, the chain of bases included.

    ``keywords``: FROM, and where they are there AS and the stage's name, as written.
    """

    index: int
    name: str | None
    base: StageBase
    reachable: bool
    target: bool
    line: int
    end_line: int
    user: str | None = None
    libc: Literal["glibc", "musl", "none"] | None = None
    ships: Literal["runtime", "builder"] | None = None
    config: StageConfig | None = None
    keywords: list[str] = []
    instructions: list[Instruction] = []


class Input(msgspec.Struct, frozen=True, kw_only=True):
    """An external input: a base, an image copied or mounted from, a URL, a git repository, a frontend."""

    kind: Literal["from", "copy", "mount", "add", "frontend"]
    reference: str
    stage: int | None = None
    line: int
    end_line: int | None = None
    reachable: bool = True
    checksum: str | None = None
    overridable_by: list[str] = []
    registry: str | None = None
    repository: str | None = None
    tag: str | None = None
    digest: str | None = None


class Comment(msgspec.Struct, frozen=True, kw_only=True):
    """A comment line outside instructions' text; for inline exemptions."""

    line: int
    text: str


class Ignore(msgspec.Struct, frozen=True, kw_only=True):
    """The .dockerignore beside the build context: its lines, or null when there is none."""

    path: str | None
    patterns: list[str] = []


class Dockerfile(msgspec.Struct, frozen=True, kw_only=True):
    """The Dockerfile as BuildKit reads it. ``arguments``: global ARGs before the first FROM."""

    frontend: str | None = None
    frontend_line: int | None = None
    escape: str = "\\"
    stages: list[Stage] = []
    inputs: list[Input] = []
    arguments: list[Instruction] = []
    comments: list[Comment] = []
    directives: dict[str, str] = {}
    warnings: list[str] = []
    ignore: Ignore | None = None


# --- the image and the workload ------------------------------------------------------------------------------


class ImageLayer(msgspec.Struct, frozen=True, kw_only=True):
    """A layer as the manifest and config list it."""

    digest: str
    diff_id: str | None = None
    media_type: str | None = None
    compressed: int | None = None
    created_by: str | None = None


class Image(msgspec.Struct, frozen=True, kw_only=True):
    """The image for one platform. ``config`` is the OCI config document as published."""

    config: dict[str, Any] = {}
    manifest_digest: str | None = None
    index_digest: str | None = None
    layers: list[ImageLayer] = []
    annotations: dict[str, str] = {}


class VolumeMount(msgspec.Struct, frozen=True, kw_only=True):
    """A volume mounted into the container; ``source`` is the volume's type, for example ``emptyDir``."""

    path: str
    name: str
    source: str | None = None
    medium: str | None = None
    read_only: bool = False


class Refusal(msgspec.Struct, frozen=True, kw_only=True):
    """What the kubelet will refuse when it starts the container, and where the manifest says so."""

    message: str
    origin: Origin


class Workload(msgspec.Struct, frozen=True, kw_only=True):
    """One container of a workload. ``security``: the securityContext in force, pod and container combined.

    ``pinned``: the image is named by digest. ``command`` and ``args`` replace the image's ENTRYPOINT and CMD.
    ``shares_processes``: the pod's pause process reaps zombies. ``refusals``: predicted kubelet errors.
    """

    kind: str
    namespace: str | None = None
    name: str | None = None
    labels: dict[str, str] = {}
    container: str
    role: Role
    security: dict[str, Any] = {}
    image: str | None = None
    pinned: bool = False
    pull_policy: str | None = None
    command: list[str] | None = None
    args: list[str] | None = None
    mounts: list[VolumeMount] = []
    shares_processes: bool = False
    windows: bool = False
    refusals: list[Refusal] = []
    origin: PointerOrigin | None = None
    image_origin: PointerOrigin | None = None


class Subject(msgspec.Struct, frozen=True, kw_only=True):
    """One thing judged. ``name`` is what a report shows; ``image`` is what a Dockerfile is built as."""

    name: str
    target: str | None = None
    platform: str | None = None
    reference: str | None = None
    digest: str | None = None
    image: str | None = None


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """One document of ``gate.evidence/v1``."""

    schema: Literal["gate.evidence/v1"] = SCHEMA
    kind: Kind
    subject: Subject
    facts: Facts
    dockerfile: Dockerfile | None = None
    image: Image | None = None
    workload: Workload | None = None


def encode(evidence: Evidence | list[Evidence]) -> bytes:
    """JSON of one document or a list of them, stable in field order."""
    return msgspec.json.encode(evidence)


def decode(data: bytes) -> Evidence:
    """One document; raises ``msgspec.ValidationError`` where the shape is wrong."""
    return msgspec.json.decode(data, type=Evidence)
