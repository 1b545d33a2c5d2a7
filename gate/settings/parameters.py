"""Rules' parameters: from the description in a rule's METADATA to the shape that reads them.

The types are those of `gate.bundle.catalogue.PARAMETER_TYPES`; what arrives in the rule is

=================  ==========================  =================================================
``size``           ``300MB``                   bytes
``size-or-percent``  ``20MB``, ``10%``         ``{"bytes": n}`` or ``{"percent": n}``
``age``            ``90d``                     days
``patterns``       image patterns              compiled patterns (`gate.settings.patterns`)
``urls``           ``https://host/path/**``    ``{"url": text, "regex": anchored expression}``
``list``           mappings                    the same, each key read by its own type
=================  ==========================  =================================================
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from gate.errors import PolicyError
from gate.settings import patterns, units
from gate.settings.nodes import Node, Scalar
from gate.settings.reading import Reading, Shape
from gate.settings.shapes import Choice, Field, Flag, ImagePattern, ListOf, Number, Record, Text, duration, size


class ParameterLike(Protocol):
    """The part of a rule's parameter that settings need; `gate.bundle.catalogue.Parameter` is one."""

    @property
    def type(self) -> str: ...
    @property
    def description(self) -> str: ...
    @property
    def nullable(self) -> bool: ...
    @property
    def values(self) -> Sequence[str]: ...
    @property
    def items(self) -> Mapping[str, Any]: ...


class RuleLike(Protocol):
    """The part of a rule that settings need; `gate.bundle.catalogue.Rule` is one."""

    @property
    def id(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def kinds(self) -> Sequence[str]: ...
    @property
    def collection(self) -> str: ...
    @property
    def aliases(self) -> Sequence[str]: ...
    @property
    def parameters(self) -> Mapping[str, Any]: ...


def size_or_percent(text: str) -> dict[str, int]:
    """``{"bytes": n}`` or ``{"percent": n}``; `ValueError` says what is wrong."""
    number = text.removesuffix("%").rstrip(" ")
    if text.endswith("%"):
        if not (number.isascii() and number.isdigit() and len(number) < 5):
            raise ValueError(f'"{text}" is not a whole number of percent')
        return {"percent": int(number)}
    return {"bytes": units.parse_size(text)}


_SHAPES: dict[str, Callable[[], Shape]] = {
    "age": duration,
    "boolean": Flag,
    "integer": Number,
    "patterns": lambda: ListOf(ImagePattern()),
    "size": size,
    "size-or-percent": lambda: Text(size_or_percent, any_scalar=True),
    "string": Text,
    "strings": lambda: ListOf(Text()),
    "urls": lambda: ListOf(Text(patterns.compile_url)),
}


class Nullable:
    """A shape, or null, which switches a parameter off."""

    def __init__(self, shape: Shape) -> None:
        self._shape = shape

    def read(self, reading: Reading, node: Node, name: str) -> Any:
        if isinstance(node, Scalar) and node.type == "null":
            return None
        return self._shape.read(reading, node, name)

    def schema(self) -> dict[str, Any]:
        return {"anyOf": [self._shape.schema(), {"type": "null"}]}


def shape_of(parameter: ParameterLike, where: str) -> Shape:
    """The shape of one parameter; `PolicyError` for a type that is not known here."""
    if parameter.type == "choice":
        return Choice(*parameter.values)
    if parameter.type == "list":
        return ListOf(Record(fields_of(parameter.items, where)))
    make = _SHAPES.get(parameter.type)
    if make is None:
        raise PolicyError(f"parameter of the unknown type {parameter.type}", where=where)
    return make()


def fields_of(parameters: Mapping[str, ParameterLike], where: str, *, nullable: bool = False) -> dict[str, Field]:
    """The fields of a rule's parameters; with ``nullable`` every one may be null, as in a table of defaults."""
    fields = {}
    for name, parameter in parameters.items():
        shape = shape_of(parameter, f"{where}: {name}")
        if nullable or parameter.nullable:
            shape = Nullable(shape)
        fields[name] = Field(shape, doc=parameter.description)
    return fields
