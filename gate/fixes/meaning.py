"""Whether a file means the same after an edit, but for what the edit is there to change."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from gate.evidence.model import Dockerfile, Stage, StageConfig
from gate.fixes.source import Change, Source

# What an edit for a rule may change in the image's config.
_CONFIG = {
    "exec-form": {"cmd", "entrypoint"},
    "no-maintainer": {"labels"},
    "non-root": {"user"},
    "pipefail": {"cmd", "entrypoint", "healthcheck", "shell"},
    "tls-verify": {"env"},
    "user-numeric": {"user"},
    "workdir-absolute": {"workdir"},
}
# What it may change everywhere: values that an argument now has.
_VALUES = frozenset(("undefined-variable",))


def same(rule: str, before: Dockerfile, after: Dockerfile, source: Source, changes: tuple[Change, ...]) -> bool:
    """Whether stages are the same, instructions that were not edited are all there in their order, and the config is
    what it was, except where the rule is about just that. ``source`` is the text before."""
    if [_shape(rule, stage) for stage in before.stages] != [_shape(rule, stage) for stage in after.stages]:
        return False
    values = rule not in _VALUES
    left = iter(_instructions(after, values))
    if any(one not in left for one in _untouched(before, source, changes, values)):
        return False
    return not values or all(
        _config(rule, old.config) == _config(rule, new.config)
        for old, new in zip(before.stages, after.stages, strict=True)
    )


def _shape(rule: str, stage: Stage) -> tuple[Any, ...]:
    base = stage.base
    image = (base.registry, base.repository) if rule == "base-pinned" else (base.reference,)
    platform = None if rule == "platform-const" else base.platform
    return (stage.name, base.stage, image, platform, stage.reachable, stage.target)


def _instructions(dockerfile: Dockerfile, values: bool) -> list[tuple[Any, ...]]:
    return [key for _, key in _keyed(dockerfile, values)]


def _untouched(
    dockerfile: Dockerfile, source: Source, changes: tuple[Change, ...], values: bool
) -> Iterator[tuple[Any, ...]]:
    for lines, key in _keyed(dockerfile, values):
        start, end = source.start(lines[0]), source.start(lines[1] + 1)
        if not any(_touches(change, start, end) for change in changes):
            yield key


def _touches(change: Change, start: int, end: int) -> bool:
    if change.start == change.end:
        return start < change.start < end or (change.start == end and not change.text.endswith("\n"))
    return change.start < end and change.end > start


def _keyed(dockerfile: Dockerfile, values: bool) -> Iterable[tuple[tuple[int, int], tuple[Any, ...]]]:
    for stage in dockerfile.stages:
        for one in stage.instructions:
            key: tuple[Any, ...] = (stage.index, one.cmd, one.raw, one.flags, one.json)
            if values:
                key += (one.args, one.pairs, one.source_stage, one.source_image)
            yield (one.line, one.end_line), key


def _config(rule: str, config: StageConfig | None) -> dict[str, Any] | None:
    if config is None:
        return None
    may = _CONFIG.get(rule, ())
    return {name: getattr(config, name) for name in config.__struct_fields__ if name not in may}
