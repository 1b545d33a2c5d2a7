"""Environments chosen by a label of the namespace: the label, who may set it, and what makes such settings wrong.

A label that anybody with rights on a namespace can set would let them choose its rules. So settings name one label, and
the groups that may change it; the webhook refuses everybody else.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from gate.settings.model import Environment, EnvironmentLabel
from gate.settings.shapes import Field, ListOf, Record, Text

_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?")
_PREFIX = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*")
_OWN = "kubernetes.io/metadata.name"


def _key(text: str) -> str:
    prefix, slash, name = text.rpartition("/")
    if _NAME.fullmatch(name) is None or (slash and (len(prefix) > 253 or _PREFIX.fullmatch(prefix) is None)):
        raise ValueError(f'"{text}" is not the key of a label, such as acme.dev/environment')
    if text == _OWN:
        raise ValueError(f"{_OWN} is the namespace's own name; write names under namespaces:")
    return text


def _value(text: str) -> str:
    if _NAME.fullmatch(text) is None:
        raise ValueError(f'"{text}" is not the value of a label')
    return text


def _group(text: str) -> str:
    if "*" in text or text in {"system:authenticated", "system:unauthenticated"}:
        raise ValueError(f'"{text}" is everybody; name the groups that may choose the rules of a namespace')
    return text


VALUES = ListOf(Text(_value), least=1)


def environment_label() -> Record:
    """The label that chooses environments."""
    return Record(
        {
            "key": Field(Text(_key), True, "The label's key, such as acme.dev/environment."),
            "groups": Field(
                ListOf(Text(_group), least=1),
                True,
                "Groups of users who may set, change and remove it.",
                "without them anybody who may label a namespace chooses its rules",
            ),
        },
        EnvironmentLabel,
    )


def mistakes(environments: Sequence[Environment], label: EnvironmentLabel | None) -> Iterator[tuple[str, str]]:
    """What is wrong with labels of environments, and what to write instead."""
    seen: dict[str, Any] = {}
    for environment in environments:
        if environment.labels and label is None:
            yield (
                f'environment "{environment.name}" is chosen by a label that nobody guards',
                "name the label and who may set it: environment_label: {key: ..., groups: [...]}",
            )
        if environment.labels and _PREFIX.fullmatch(environment.name) is None:
            yield (
                f'environment "{environment.name}" is chosen by a label, and its name cannot be part of a path',
                'the API server takes lower case letters, digits, "-" and "." there',
            )
        for value in environment.labels:
            if value in seen:
                message = f'the label\'s value "{value}" is there twice, in "{seen[value]}" and "{environment.name}"'
                yield message, "a value chooses one environment"
            seen[value] = environment.name
