"""Whether gate gives a Dockerfile the meaning BuildKit does: both meanings brought to one shape and compared."""

from __future__ import annotations

from typing import Any

from gate.evidence.bases import BaseImage
from gate.evidence.dockerfile.blanks import well_formed
from gate.evidence.dockerfile.collect import collect
from gate.evidence.dockerfile.evaluate import evaluate
from gate.evidence.dockerfile.graph import BuildOptions, Graph
from gate.evidence.dockerfile.instructions import parse
from gate.evidence.dockerfile.syntax import DockerfileError
from gate.evidence.image.reference import Reference
from gate.evidence.model import StageConfig

Meaning = dict[str, Any]


class StubBases:
    """Gives each image the config that the oracle's resolver gives it: a user and a variable that name it."""

    def __init__(self, bases: dict[str, dict[str, Any]] | None = None) -> None:
        self._bases = bases or {}

    def lookup(self, reference: Reference, platform: str) -> BaseImage:
        """See `gate.evidence.bases.BaseLookup`."""
        name = tagged(reference)
        given = self._bases.get(name, {})
        env = given.get("env", [f"BASE_OF={name}"])
        user = given.get("user", f"base-user:{name}")
        config = StageConfig(
            user=user,
            env=_last(env),
            workdir=given.get("working_dir") or None,
            entrypoint=given.get("entrypoint"),
            cmd=given.get("cmd"),
            shell=given.get("shell"),
            labels=given.get("labels", {}),
            exposed_ports=given.get("exposed_ports", []),
            volumes=given.get("volumes", []),
            stop_signal=given.get("stop_signal"),
            onbuild=given.get("on_build", []),
        )
        return BaseImage(reference=name, state="known", user=user, config=config, env=config.env)


def _last(env: list[str]) -> dict[str, str]:
    return dict(each.split("=", 1) for each in env)


def tagged(reference: Reference) -> str:
    """The reference as BuildKit asks for it: ``latest`` where neither tag nor digest is given."""
    return reference.normalized if reference.tag or reference.digest else f"{reference.normalized}:latest"


def gate_meaning(data: bytes, options: BuildOptions, bases: dict[str, dict[str, Any]] | None = None) -> Meaning:
    """Our reading of one build."""
    lookup = StubBases(bases)
    try:
        graph = Graph(parse(data), options, lookup)
        done = evaluate(graph)
        collect(data, path="Dockerfile", bases=lookup, options=options)
    except DockerfileError as error:
        return {"refused": error.message, "lines": (error.line, error.end_line)}
    config = done[id(graph.target)].config.described()
    return {
        "refused": None,
        "user": config.user,
        "env": config.env,
        "workdir": config.workdir or "",
        "entrypoint": config.entrypoint,
        "cmd": config.cmd,
        "shell": config.shell,
        "labels": config.labels,
        "healthcheck": config.healthcheck,
        "ports": config.exposed_ports,
        "volumes": config.volumes,
        "stop_signal": config.stop_signal or "",
        "onbuild": config.onbuild,
        "inputs": sorted(
            {
                (tagged(node.reference), str(node.platform))
                for node in graph.nodes
                if node.asked and node.reference is not None
            }
        ),
    }


def reached_lines(data: bytes, options: BuildOptions, bases: dict[str, dict[str, Any]] | None = None) -> set[int]:
    """Lines of the stages that the target reaches."""
    evidence = collect(data, path="Dockerfile", bases=StubBases(bases), options=options)
    assert evidence.dockerfile is not None
    return {
        line
        for stage in evidence.dockerfile.stages
        if stage.reachable
        for line in range(stage.line, stage.end_line + 1)
    }


def buildkit_meaning(answer: Meaning) -> Meaning:
    """The oracle's answer to mode ``build`` in the same shape."""
    if answer["error"]:
        return {"refused": answer["error"]["message"], "lines": tuple(answer["error"].get("lines") or ())}
    config = answer["config"]
    return {
        "refused": None,
        "user": config["user"],
        "env": _last(config["env"]),
        "workdir": config["working_dir"],
        "entrypoint": config["entrypoint"],
        "cmd": config["cmd"],
        "shell": config["shell"],
        "labels": config["labels"],
        "healthcheck": config["healthcheck"]["test"] if config["healthcheck"] else None,
        "ports": config["exposed_ports"],
        "volumes": config["volumes"],
        "stop_signal": config["stop_signal"],
        "onbuild": config["on_build"],
        "inputs": sorted({(each["reference"], each["platform"]) for each in answer["inputs"]}),
    }


def differences(ours: Meaning, theirs: Meaning) -> list[str]:
    """What differs, by field; empty when both refuse or both mean the same."""
    if ours["refused"] or theirs["refused"]:
        if bool(ours["refused"]) == bool(theirs["refused"]):
            return []
        return [f"refused: gate {ours['refused']!r}, BuildKit {theirs['refused']!r}"]
    return [
        f"{name}: gate {ours[name]!r}, BuildKit {theirs[name]!r}"
        for name in ours
        if _plain(ours[name]) != _plain(theirs[name])
    ]


def _plain(value: Any) -> Any:
    if isinstance(value, str):
        return well_formed(value)
    if isinstance(value, dict):
        return {_plain(key): _plain(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(each) for each in value]
    return value
