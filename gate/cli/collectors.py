"""From a target to what is judged: evidence, or the reason why a Dockerfile does not build.

One function per kind of target; each imports what it needs when it is called.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from gate.errors import UsageError
from gate.evidence.model import Evidence, Subject
from gate.target import Target, ignore_file
from gate.target import read as read_target

if TYPE_CHECKING:
    from gate.bundle.load import Bundle
    from gate.cli.session import Session
    from gate.evidence.dockerfile.syntax import DockerfileError
    from gate.settings import Settings


class Broken(NamedTuple):
    """A Dockerfile that BuildKit refuses, or whose reading cannot be certain."""

    subject: Subject
    error: DockerfileError


def collect(session: Session, target: Target, data: bytes | None = None) -> Iterator[Evidence | Broken]:
    """Everything a target holds; raises `TargetError`. ``data`` is its text where it has been read already."""
    if target.kind == "dockerfile":
        yield _dockerfile(session, target, read_target(target) if data is None else data)
    elif target.kind == "manifest":
        yield from _manifest(session, target, data)
    else:
        yield from session.images.read(target)


def environment_of(session: Session, target: Target) -> str | None:
    """The environment a target is judged for: --env, else its build's in gate.yaml, else the default."""
    if session.asked.env or session.variables.env:
        return session.environment
    return target.build.environment if target.build else None


def foreign_inputs(bundle: Bundle, evidence: Evidence, data: bytes | None) -> dict[str, Any] | None:
    """A Dockerfile's text as the loaded policies of conftest and Trivy know it; None where there are none."""
    if not bundle.inputs or data is None or evidence.dockerfile is None:
        return None
    from gate.evidence.dockerfile.foreign import inputs

    return inputs(data, evidence.subject.name, sorted(bundle.inputs))


def evidence_of_text(data: bytes, settings: Settings) -> Evidence:
    """The evidence of a Dockerfile that stands in a case; raises `UsageError` where it does not build."""
    from gate.evidence.bases import TableLookup
    from gate.evidence.dockerfile.collect import BuildOptions
    from gate.evidence.dockerfile.collect import collect as collect_dockerfile
    from gate.evidence.dockerfile.syntax import DockerfileError

    try:
        return collect_dockerfile(
            data,
            path="Dockerfile",
            options=BuildOptions(target=None, build_args={}, platform="linux/amd64"),
            bases=TableLookup(settings.written.known_bases),
            approved_frontends=settings.parameters("approved-frontend", settings.named(None))["frontends"],
            image=None,
            ignore=None,
        )
    except DockerfileError as error:
        raise UsageError(error.message, where=f"Dockerfile:{error.line}") from None


def _manifest(session: Session, target: Target, data: bytes | None) -> Iterator[Evidence]:
    import shlex

    from gate.cli.manifests import containers, offline
    from gate.evidence.kubernetes.workloads import custom_resources
    from gate.settings.images import vendors_of

    text = session.stdin if data is None and target.is_stdin else data
    images = session.images.named if session.asked.online else offline(shlex.quote(target.text))
    yield from containers(
        read_target(target) if text is None else text,
        target.name,
        custom_resources(session.settings.written),
        images,
        vendors_of(session.settings),
    )


def _dockerfile(session: Session, target: Target, data: bytes) -> Evidence | Broken:
    from gate.evidence.dockerfile.collect import BuildOptions
    from gate.evidence.dockerfile.collect import collect as collect_dockerfile
    from gate.evidence.dockerfile.syntax import DockerfileError
    from gate.evidence.model import Ignore

    asked, build = session.asked, target.build
    stage = asked.target or (build.target if build else None)
    platform = asked.platform or (build.platform if build else None) or "linux/amd64"
    image = build.image if build else None
    ignore = None
    if target.path is not None:
        context = session.root / build.context if build and build.context else None
        found = ignore_file(target.path, context, target.root)
        ignore = Ignore(path=None if found.path is None else found.path.name, patterns=found.patterns)
    environment = environment_of(session, target) or session.environment
    try:
        return collect_dockerfile(
            data,
            path=target.name,
            options=BuildOptions(
                target=stage,
                build_args={**(build.args if build else {}), **dict(asked.build_args)},
                platform=platform,
                contexts={**(build.contexts if build else {}), **dict(asked.build_contexts)},
            ),
            bases=session.bases,
            approved_frontends=session.settings.parameters("approved-frontend", environment).get("frontends") or [],
            image=image,
            ignore=ignore,
        )
    except DockerfileError as error:
        return Broken(Subject(name=target.name, target=stage, platform=platform, image=image), error)
