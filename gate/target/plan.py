"""All targets of a run: arguments, else the builds of gate.yaml, else the current directory."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import msgspec

from gate.errors import TargetError
from gate.settings.model import Build, Written
from gate.target.classify import classify, shown
from gate.target.model import Plan, Target
from gate.target.search import failure, search


def plan(arguments: Sequence[str], settings: Written, *, cwd: Path) -> Plan:
    """What to judge, in the order asked for, each thing once. Arguments that cannot be read become failures."""
    if not arguments and settings.builds:
        return Plan(targets=[_of_build(build, settings.root) for build in settings.builds])
    result = Plan()
    root = settings.root
    for text in arguments or ["."]:
        try:
            target = classify(text, cwd=cwd, root=root)
        except TargetError as error:
            result.failures.append((text if text.strip() else f'"{text}"', error))
            continue
        if isinstance(target, Target):
            result.targets.extend(_with_builds(target, settings.builds))
        else:
            before = len(result.targets) + len(result.failures)
            _search(Path(target), settings, result)
            if len(result.targets) + len(result.failures) == before:
                result.empty.append(text)
    return msgspec.structs.replace(result, targets=list(_once(result.targets)))


def _search(folder: Path, settings: Written, result: Plan) -> None:
    root = settings.root
    folder = Path(os.path.normpath(folder))
    within = root if folder.is_relative_to(root) else folder
    for found in search(folder, root=root, exclude=settings.exclude, manifests=settings.manifests):
        name = shown(found.path, root)
        if found.what == "skipped":
            result.skipped.append(f"{name}: {found.reason}")
        elif found.what == "failed":
            result.failures.append((name, failure(found, root)))
        else:
            kind = "dockerfile" if found.what == "dockerfile" else "manifest"
            target = Target(kind=kind, text=name, name=name, path=found.path, root=within)  # type: ignore[arg-type]
            result.targets.extend(_with_builds(target, settings.builds))


def _of_build(build: Build, root: Path) -> Target:
    path = root / build.path
    return Target(kind="dockerfile", text=build.path, name=build.path, path=path, build=build, root=root)


def _with_builds(target: Target, builds: Sequence[Build]) -> Iterator[Target]:
    """One target for each way gate.yaml builds a Dockerfile, so that naming it changes nothing about its verdict."""
    own = [build for build in builds if target.kind == "dockerfile" and target.name == build.path]
    if not own:
        yield target
    for build in own:
        yield msgspec.structs.replace(target, build=build)


def _once(targets: Iterable[Target]) -> Iterator[Target]:
    seen: set[tuple[object, ...]] = set()
    for target in targets:
        key = (target.kind, target.path or target.name, target.reference, repr(target.build))
        if key not in seen:
            seen.add(key)
            yield target
