"""What the report says of a subject's facts: user, shells, base and lineage, size by layer, when it was made."""

from __future__ import annotations

import msgspec

from gate.audit.model import AncestorOf, AuditResult, SizeOf
from gate.evidence.model import Dockerfile, Evidence, Image, LayerSize, Stage


def with_facts(result: AuditResult, evidence: Evidence) -> AuditResult:
    """The result with the facts of the evidence that it rests on."""
    facts = evidence.facts
    base, size = facts.base, facts.size
    return msgspec.structs.replace(
        result,
        user=facts.user.value,
        shells=[shell.path for shell in facts.shell.shells],
        base=base.reference,
        base_digest=base.digest,
        base_created=base.created,
        supported_until=base.supported_until,
        ancestors=[ancestor.reference for ancestor in base.ancestors],
        lineage=[
            AncestorOf(reference=one.reference, via=one.via, digest=one.digest, layers=one.layers)
            for one in base.ancestors
        ],
        size=SizeOf(
            uncompressed=size.uncompressed,
            compressed=size.compressed,
            wasted=size.wasted,
            layers=[_layer(layer) for layer in size.layers],
        ),
        created=_created(evidence.image),
        stages=_stages(evidence.dockerfile),
    )


def _layer(layer: LayerSize) -> tuple[str, int, str]:
    return layer.diff_id or layer.digest or "", layer.uncompressed or layer.compressed or 0, layer.created_by or ""


def _created(image: Image | None) -> str | None:
    """The day an image says it was made; builds that leave it out write the first day of a clock."""
    created = image.config.get("created") if image is not None else None
    day = created[:10] if isinstance(created, str) else ""
    return day if len(day) == 10 and day > "2001" else None


def _stages(dockerfile: Dockerfile | None) -> list[str]:
    """Names of the target's stages, the lowest first; stages without a name by number."""
    stages = dockerfile.stages if dockerfile is not None else []
    at: Stage | None = next((stage for stage in stages if stage.target), None)
    found: list[str] = []
    while at is not None and len(found) < len(stages):
        found.append(at.name or str(at.index))
        below = at.base.stage
        at = next((stage for stage in stages if stage.index == below), None) if below is not None else None
    return found[::-1]
