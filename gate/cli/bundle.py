"""``gate bundle``: the policy as a bundle of OPA's, as a file or in a registry."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gate.cli import output
from gate.cli.options import asked, policy_options

if TYPE_CHECKING:
    from gate.cli.session import Session
    from gate.evidence.image.publish import Published
    from gate.evidence.image.reference import Reference

REVISION = "dev.gate-images.policy.revision"
"""The annotation that says which policy an image holds."""


@click.group("bundle")
def command() -> None:
    """Give the policy to an OPA that does not fetch it from gate.

    The bundle holds the rules of this gate and of --policy folders. Every answer of OPA must name its revision, so that
    gate and OPA judge by the same policy or not at all.
    """


@command.command(
    "build",
    epilog="""\b
Examples:
  gate bundle build -o bundle.tar.gz                      for opa run --server --bundle bundle.tar.gz
  gate bundle build --policy policies/custom -o b.tar.gz  with a team's own rules
""",
)
@click.option("-o", "--output", "path", required=True, metavar="FILE", help="Where to write it: a .tar.gz.")
@policy_options
def build(path: str, **values: Any) -> None:
    """Write the policy as a bundle, and print its revision. Equal policies are equal files."""
    session, data = _made(values)
    output.write_bytes(Path(path), data)
    output.write_stdout(f"{path}: policy {session.bundle.revision}, {len(data)} bytes\n")


@command.command(
    "push",
    epilog="""\b
Examples:
  gate bundle push registry.acme.dev/policies/gate:0.1.0
  gate bundle push --policy policies/custom registry.acme.dev/policies/gate:2026-11

\b
Credentials are those of docker login. OPA then loads it so (charts/gate: opa.bundle.source oci):
  opa run --server --set services.policy.type=oci --set services.policy.url=https://registry.acme.dev
    --set bundles.gate.service=policy --set bundles.gate.resource=registry.acme.dev/policies/gate:0.1.0
""",
)
@click.argument("reference")
@policy_options
def push(reference: str, **values: Any) -> None:
    """Put the policy into a registry under REFERENCE, as OPA loads it, and print its digest and revision."""
    from gate.evidence.image.reference import parse

    wanted = parse(reference)
    session, data = _made(values)
    done = asyncio.run(_push(session, wanted, data))
    output.write_stdout(f"{done.reference}@{done.digest}: policy {session.bundle.revision}\n")


def _made(values: dict[str, Any]) -> tuple[Session, bytes]:
    """The bundle, of rules that compile."""
    from gate.bundle.archive import tarball
    from gate.cli.session import open_session

    session = open_session(asked(values))
    if session.bundle.custom_modules:
        session.engine  # noqa: B018 - compiling them says what is wrong with them
    return session, tarball(session.bundle)


async def _push(session: Session, reference: Reference, data: bytes) -> Published:
    from gate.cli.images import make_sources
    from gate.evidence.image.publish import publish_layer

    sources = make_sources(session)
    annotations = {
        "org.opencontainers.image.title": "gate's policy, a bundle for Open Policy Agent",
        REVISION: session.bundle.revision,
    }
    try:
        return await publish_layer(sources.client, reference, data, annotations)
    finally:
        await sources.close()
