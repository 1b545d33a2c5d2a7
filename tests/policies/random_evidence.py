"""Random evidence: strategies made from the msgspec types, with words in them that rules look for.

Hypothesis draws the shape of the document; of stages, layers and other bulk it draws a number that one value is made
from, or a document would take as long as ten evaluations.
"""

from __future__ import annotations

from random import Random
from typing import Any

import msgspec
from gate.bundle.load import load
from gate.evidence.model import BaseFact, Dockerfile, Evidence, FilesystemFact, Image, LayerSize, ShellFact, Workload
from gate.settings import patterns
from hypothesis import strategies as st

_REFERENCES = [
    "scratch",
    "docker.io/library/alpine:3.20",
    "docker.io/library/python:3.12",
    "docker.io/library/python:3.12-slim@sha256:" + "0" * 64,
    "gcr.io/distroless/static-debian12:debug",
    "ghcr.io/acme/ml-train",
    "localhost:5000/a/b",
    "alpine",
    "https://github.com/acme/x/v1.tgz",
]
_WORDS = [
    *_REFERENCES,
    *["", "root", "app", "0", "10001", "65532:65532", "latest", "3.20", "docker.io", "library/alpine", "sha256:00"],
    *["FROM", "RUN", "COPY", "ADD", "CMD", "ENTRYPOINT", "USER", "ENV", "ARG", "EXPOSE", "HEALTHCHECK", "WORKDIR"],
    *["apt-get", "apk", "pip", "npm", "curl", "wget", "bash", "sh", "sudo", "install", "update", "-y", "&&", "|"],
    *["/bin/sh", "/app", ".", "./", "/etc/passwd", "node", "--chown=1:1", "--from=build", "/tmp", "IfNotPresent"],
    *["MB", "é", "\u2028", '"quoted"', "back\\slash", "line\nbreak", "${X}", "%s %d", "😀", "a\x00b", "]]>", "'"],
]
# What rules wait for, so that they are roused often enough.
_WORDS += sorted({word.removesuffix("*") for words in load().triggers.values() for word in words} - set(_WORDS))
_NUMBERS = [0, 1, 4, 22, 80, 8080, 10_001, 300_000_000, 300_000_001, 2**31, 2**40, 2**53 - 1]
_BULK = {BaseFact, Dockerfile, FilesystemFact, Image, LayerSize, ShellFact, Workload}
_words = st.sampled_from(_WORDS) | st.text(
    max_size=6, alphabet=st.characters(codec="utf-8", exclude_categories=("Cs",))
)
_numbers = st.sampled_from(_NUMBERS)


def _made(kind: msgspec.inspect.Type, random: Random) -> Any:
    """Plain JSON data of one type, from a random generator."""
    match kind:
        case msgspec.inspect.StructType():
            made = {} if kind.tag_field is None else {kind.tag_field: kind.tag}
            return made | {field.encode_name: _made(field.type, random) for field in kind.fields}
        case msgspec.inspect.UnionType():
            return _made(random.choice(kind.types), random)
        case msgspec.inspect.ListType():
            return [_made(kind.item_type, random) for _ in range(random.choice((0, 1, 1, 2, 3)))]
        case msgspec.inspect.TupleType():
            return [_made(each, random) for each in kind.item_types]
        case msgspec.inspect.DictType():
            return {random.choice(_WORDS): _made(kind.value_type, random) for _ in range(random.randrange(3))}
        case msgspec.inspect.LiteralType():
            return random.choice(list(kind.values))
        case msgspec.inspect.NoneType():
            return None
        case msgspec.inspect.BoolType():
            return random.random() < 0.5
        case msgspec.inspect.IntType():
            return random.choice(_NUMBERS)
        case msgspec.inspect.StrType():
            return random.choice(_WORDS)
        case msgspec.inspect.AnyType():
            return random.choice([None, True, "x", [], ["a"], {}, {"add": ["NET_RAW"], "drop": ["ALL"]}])
    raise TypeError(kind)


def _strategy(kind: msgspec.inspect.Type, seen: dict[Any, st.SearchStrategy[Any]]) -> st.SearchStrategy[Any]:
    """Plain JSON data of one type."""
    match kind:
        case msgspec.inspect.StructType() if kind.cls in _BULK:
            return st.integers(0, 2**32).map(lambda number: _made(kind, Random(number)))
        case msgspec.inspect.StructType():
            if kind.cls not in seen:
                seen[kind.cls] = st.deferred(lambda: _struct(kind, seen))
            return seen[kind.cls]
        case msgspec.inspect.UnionType():
            return st.one_of([_strategy(each, seen) for each in kind.types])
        case msgspec.inspect.ListType():
            return st.lists(_strategy(kind.item_type, seen), max_size=3)
        case msgspec.inspect.TupleType():
            return st.tuples(*[_strategy(each, seen) for each in kind.item_types]).map(list)
        case msgspec.inspect.DictType():
            return st.dictionaries(_words, _strategy(kind.value_type, seen), max_size=2)
        case msgspec.inspect.LiteralType():
            return st.sampled_from(list(kind.values))
        case msgspec.inspect.NoneType():
            return st.none()
        case msgspec.inspect.BoolType():
            return st.booleans()
        case msgspec.inspect.IntType():
            return _numbers
        case msgspec.inspect.StrType():
            return _words
        case msgspec.inspect.AnyType():
            return st.none() | st.booleans() | _words | st.lists(_words, max_size=2)
    raise TypeError(kind)


def _struct(kind: msgspec.inspect.StructType, seen: dict[Any, st.SearchStrategy[Any]]) -> st.SearchStrategy[Any]:
    fields = {field.encode_name: _strategy(field.type, seen) for field in kind.fields}
    if kind.tag_field is not None:
        fields[kind.tag_field] = st.just(kind.tag)
    return st.fixed_dictionaries(fields)


def evidence() -> st.SearchStrategy[dict[str, Any]]:
    """Evidence as plain data, of any kind; what does not apply to the kind is null, as collectors have it."""
    whole = _strategy(msgspec.inspect.type_info(Evidence), {})
    return whole.map(_fitting)


_APPLIES = {"dockerfile": ("dockerfile",), "image": ("image",), "container": ("image", "workload")}


def _fitting(document: dict[str, Any]) -> dict[str, Any]:
    for name in ("dockerfile", "image", "workload"):
        if name not in _APPLIES[document["kind"]]:
            document[name] = None
    for number, stage in enumerate(reversed(document["dockerfile"]["stages"] if document["dockerfile"] else [])):
        stage["target"] = number == 0
    return document


_PATTERNS = [
    patterns.compile_image("scratch"),
    patterns.compile_image("docker.io/library/alpine"),
    patterns.compile_image("docker.io/library/python", tags=["*-slim*"]),
    patterns.compile_image("gcr.io/distroless/*", not_tags=["debug*"]),
    patterns.compile_image("ghcr.io/acme/ml-*"),
]


def parameter(declared: Any) -> st.SearchStrategy[Any]:
    """A value of a rule's parameter, as it arrives in the rule."""
    shapes: dict[str, st.SearchStrategy[Any]] = {
        "age": st.integers(0, 400),
        "boolean": st.booleans(),
        "integer": st.integers(0, 400),
        "patterns": st.lists(st.sampled_from(_PATTERNS), max_size=3),
        "size": _numbers,
        "size-or-percent": st.builds(lambda n: {"bytes": n}, _numbers)
        | st.builds(lambda n: {"percent": n}, st.integers(0, 200)),
        "string": _words,
        "strings": st.lists(_words, max_size=3),
        "urls": st.lists(st.just(patterns.compile_url("https://github.com/acme/**")), max_size=1),
    }
    if declared.type == "choice":
        made = st.sampled_from(declared.values)
    elif declared.type == "list":
        made = st.lists(st.fixed_dictionaries({n: parameter(p) for n, p in declared.items.items()}), max_size=2)
    else:
        made = shapes[declared.type]
    return st.none() | made if declared.nullable else made
