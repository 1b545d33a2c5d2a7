"""What a value in gate.yaml may be: one description that both reads it and is its JSON Schema.

A shape's ``read`` takes a node and returns the value, or raises `SettingsError` at its line; `Record` and `ListOf`
go on after an error in one entry, so that one run reports every mistake in the file.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from gate.settings import patterns, units
from gate.settings.nodes import Fields, Items, Node, Scalar
from gate.settings.reading import Reading, Shape, suggest, text_of


class Text:
    """Text; ``parse`` may check or convert it and raises `ValueError` with the reason.

    ``any_scalar``: a bare number or boolean is taken as it is written. ``empty``: "" is a value too.
    """

    def __init__(
        self,
        parse: Callable[[str], Any] | None = None,
        *,
        pattern: str | None = None,
        any_scalar: bool = False,
        empty: bool = False,
    ) -> None:
        self._parse = parse
        self._empty = empty
        self._pattern = pattern
        self._any_scalar = any_scalar

    def read(self, reading: Reading, node: Node, name: str) -> Any:
        if self._any_scalar and isinstance(node, Scalar) and node.type != "null":
            text = node.text
        else:
            text = text_of(reading, node, name)
        if not text.strip() and not (self._empty and not text):
            raise reading.error(node, f"{name} is empty")
        if len(text) > 4096 or any(ord(character) < 32 and character not in "\n\t" for character in text):
            raise reading.error(node, f"{name} is too long or holds control characters")
        if self._parse is None:
            return text
        try:
            return self._parse(text)
        except ValueError as error:
            raise reading.error(node, f"{name}: {error}") from None

    def schema(self) -> dict[str, Any]:
        kind = {"type": ["string", "number", "boolean"] if self._any_scalar and not self._pattern else "string"}
        length = {} if self._empty else {"minLength": 1}
        return kind | length | ({"pattern": self._pattern} if self._pattern else {})


def size() -> Text:
    """A size; bytes."""
    return Text(units.parse_size, pattern=units.SIZE_PATTERN, any_scalar=True)


def duration() -> Text:
    """A duration; whole days."""
    return Text(units.parse_duration, pattern=units.DURATION_PATTERN, any_scalar=True)


def date() -> Text:
    """A day."""
    return Text(units.parse_date, pattern=units.DATE_PATTERN, any_scalar=True)


class Flag:
    """``true`` or ``false``; YAML's other spellings are mistakes."""

    def read(self, reading: Reading, node: Node, name: str) -> bool:
        if isinstance(node, Scalar) and node.type == "bool" and node.text in ("true", "false"):
            return node.text == "true"
        raise reading.error(node, f"{name} must be true or false")

    def schema(self) -> dict[str, Any]:
        return {"type": "boolean"}


class Number:
    """A whole number between two bounds."""

    def __init__(self, least: int = 0, most: int = 2**53 - 1) -> None:
        self._least = least
        self._most = most

    def read(self, reading: Reading, node: Node, name: str) -> int:
        text = node.text if isinstance(node, Scalar) and node.type == "int" else ""
        digits = text.removeprefix("-")
        if not (digits.isascii() and digits.isdigit() and len(digits) < 17 and (digits == "0" or digits[0] != "0")):
            raise reading.error(node, f"{name} must be a whole number")
        value = int(text)
        if not self._least <= value <= self._most:
            raise reading.error(node, f"{name} must be between {self._least} and {self._most}")
        return value

    def schema(self) -> dict[str, Any]:
        return {"type": "integer", "minimum": self._least, "maximum": self._most}


class Choice:
    """One of a few words. ``off`` and its kind get a hint of their own."""

    def __init__(self, *words: str, instead: Mapping[str, str] | None = None) -> None:
        self._words = words
        self._instead = instead or {}

    def read(self, reading: Reading, node: Node, name: str) -> Any:
        text = node.text if isinstance(node, Scalar) else ""
        if text in self._words and isinstance(node, Scalar) and node.type == "str":
            return text
        shown = f'"{text}"' if text else "this"
        hint = f"write {self._instead[text.lower()]}" if text.lower() in self._instead else suggest(text, self._words)
        raise reading.error(node, f"{name} is one of {', '.join(self._words)}, not {shown}", hint)

    def schema(self) -> dict[str, Any]:
        return {"enum": list(self._words)}


class ListOf:
    """A list of one shape."""

    def __init__(self, item: Shape, *, least: int = 0) -> None:
        self._item = item
        self._least = least

    def read(self, reading: Reading, node: Node, name: str) -> list[Any]:
        if not isinstance(node, Items):
            raise reading.error(node, f"{name} must be a list", "write it as [a, b] or as lines that start with -")
        if len(node.items) < self._least:
            raise reading.error(node, f"{name} must hold at least {self._least} entry")
        before = len(reading.mistakes)
        values = [reading.attempt(self._item, item, f"{name}[{index}]") for index, item in enumerate(node.items)]
        return values if len(reading.mistakes) == before else []

    def schema(self) -> dict[str, Any]:
        least = {"minItems": self._least} if self._least else {}
        return {"type": "array", "items": self._item.schema(), **least}


class MapOf:
    """A mapping with free keys and one shape of value."""

    def __init__(self, item: Shape) -> None:
        self._item = item

    def read(self, reading: Reading, node: Node, name: str) -> dict[str, Any]:
        entries = entries_of(reading, node, name)
        return {key: reading.attempt(self._item, value, f"{name}.{key}") for key, (_, value) in entries.items()}

    def schema(self) -> dict[str, Any]:
        return {"type": "object", "additionalProperties": self._item.schema()}


def entries_of(reading: Reading, node: Node, name: str) -> dict[str, tuple[Scalar, Node]]:
    """The entries of a mapping; a key written twice is a mistake at its second line."""
    if isinstance(node, Scalar) and node.type == "null":
        raise reading.error(node, f"{name} has no value", "leave the key out, or give it a value")
    if not isinstance(node, Fields):
        raise reading.error(node, f"{name} must be a mapping", "write it as key: value")
    entries: dict[str, tuple[Scalar, Node]] = {}
    for key, value in node.entries:
        if key.text in entries:
            first = entries[key.text][0].line
            reading.mistakes.append(reading.error(key, f'{name} says "{key.text}" twice', f"first on line {first}"))
            continue
        entries[key.text] = (key, value)
    return entries


class Field(NamedTuple):
    """One key of a record."""

    shape: Shape
    required: bool = False
    doc: str = ""
    missing: str | None = None


class Record:
    """A mapping with known keys; ``make`` builds the value from those that are there."""

    def __init__(self, fields: Mapping[str, Field], make: Callable[..., Any] = dict, *, doc: str = "") -> None:
        self.fields = dict(fields)
        self._make = make
        self._doc = doc

    def read(self, reading: Reading, node: Node, name: str) -> Any:
        before = len(reading.mistakes)
        entries = entries_of(reading, node, name)
        values: dict[str, Any] = {}
        for key, (at, value) in entries.items():
            field = self.fields.get(key)
            if field is None:
                reading.mistakes.append(reading.error(at, f'{name} has no key "{key}"', suggest(key, self.fields)))
                continue
            values[key] = reading.attempt(field.shape, value, key if name == reading.title else f"{name}.{key}")
        for key, field in self.fields.items():
            if field.required and key not in entries:
                reading.mistakes.append(reading.error(node, f'{name} lacks "{key}"', field.missing))
        if len(reading.mistakes) > before:
            return None
        try:
            return self._make(**values)
        except ValueError as error:
            raise reading.error(node, f"{name}: {error}") from None

    def schema(self) -> dict[str, Any]:
        properties = {}
        for key, field in self.fields.items():
            properties[key] = field.shape.schema() | ({"description": field.doc} if field.doc else {})
        required = [key for key, field in self.fields.items() if field.required]
        return {
            "type": "object",
            **({"description": self._doc} if self._doc else {}),
            "properties": properties,
            **({"required": required} if required else {}),
            "additionalProperties": False,
        }


class ImagePattern:
    """A pattern of images: a repository pattern, or ``{image, tags, not_tags, max_age}``; compiled."""

    def __init__(self) -> None:
        tags = ListOf(Text(_checked(patterns.tag_regex)), least=1)
        self._record = Record(
            {
                "image": Field(Text(_checked(patterns.image_regex)), True, "A repository, with * and a last **."),
                "tags": Field(tags, doc="Tags that count; any when left out."),
                "not_tags": Field(tags, doc="Tags that do not count."),
                "max_age": Field(duration(), doc="How old the image may be, such as 90d."),
            },
            patterns.compile_image,
        )
        self._text = Text(patterns.compile_image)

    def read(self, reading: Reading, node: Node, name: str) -> dict[str, Any] | None:
        shape: Shape = self._record if isinstance(node, Fields) else self._text
        value: dict[str, Any] | None = shape.read(reading, node, name)
        return value

    def schema(self) -> dict[str, Any]:
        return {"$ref": "#/$defs/pattern"}

    def definition(self) -> dict[str, Any]:
        """The schema that ``$ref`` means."""
        return {"anyOf": [self._text.schema(), self._record.schema()]}


def _checked(compile_: Callable[[str], str]) -> Callable[[str], str]:
    """The text itself, once it compiles."""

    def check(text: str) -> str:
        compile_(text)
        return text

    return check
