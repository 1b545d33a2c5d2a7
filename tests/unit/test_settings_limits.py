"""``limits:`` of gate.yaml: what may be written, and that the defaults in words are those of the code."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from gate.errors import SettingsError
from gate.evidence.image.bounds import bounds_of
from gate.settings import parse_settings
from gate.settings.limits import TABLE, Limits
from gate.settings.units import parse_size


def parsed(text: str) -> Limits:
    return parse_settings(f"version: 1\n{text}\n".encode(), Path("gate.yaml"), None).limits


def in_bytes(value: int | str) -> int:
    return value if isinstance(value, int) else parse_size(value)


def test_every_key_reaches_the_bound_it_names_and_its_default_is_the_one_in_words() -> None:
    for section, keys in TABLE.items():
        for key, bound in keys.items():
            most = bounds_of(Limits(**{section: {key: in_bytes(bound.most)}}))
            changed = differences(bounds_of(Limits()), most)
            assert changed == {key: (in_bytes(bound.default), in_bytes(bound.most))}, (section, key)
            assert in_bytes(bound.least) <= in_bytes(bound.default) <= in_bytes(bound.most)


def differences(one: object, other: object) -> dict[str, tuple[int, int]]:
    """The numbers that differ between two documents of one shape, by the last part of their names."""
    left, right = msgspec.to_builtins(one), msgspec.to_builtins(other)
    found: dict[str, tuple[int, int]] = {}

    def walk(name: str, a: object, b: object) -> None:
        if isinstance(a, dict) and isinstance(b, dict):
            for key in a:
                walk(key, a[key], b[key])
        elif isinstance(a, list | tuple) and isinstance(b, list | tuple):
            for first, second in zip(a, b, strict=True):
                walk(name, first, second)
        elif a != b:
            found[name] = (a, b)  # type: ignore[assignment]

    walk("", left, right)
    return found


def test_sizes_are_written_for_people_and_counts_as_numbers() -> None:
    found = parsed(
        "limits:\n  documents: {manifest: 8MiB, depth: 2}\n  archive: {bytes: 1GB}\n  image: {layers: 500}\n"
        "  layer: {uncompressed: 20GiB, seconds: 900, path: 8KiB}"
    )
    bounds = bounds_of(found)
    assert (bounds.documents.manifest, bounds.documents.depth, bounds.archive.bytes) == (8 << 20, 2, 10**9)
    assert (bounds.image.layers, bounds.image.layer.uncompressed, bounds.image.layer.seconds) == (500, 20 << 30, 900)
    assert bounds.image.layer.tar.path == 8192


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("limits: {layer: {uncompresed: 1GiB}}", 'limits.layer has no key "uncompresed"'),
        ("limits: {layers: 3}", 'limits has no key "layers"'),
        ("limits: {layer: {uncompressed: 10}}", 'size "10" has no unit'),
        ("limits: {layer: {uncompressed: 1B}}", "limits.layer.uncompressed must be between 1KiB and 8TiB"),
        ("limits: {layer: {seconds: 0}}", "limits.layer.seconds must be between 1 and 86400"),
        ("limits: {layer: {seconds: 5m}}", "limits.layer.seconds must be a whole number"),
        ("limits: {image: {layers: 1001}}", "limits.image.layers must be between 1 and 1000"),
        ("limits: {layer: {links: 10}}", 'limits.layer has no key "links"'),
        ("limits: none", "limits must be a mapping"),
        ("limits: {layer: }", "limits.layer has no value"),
    ],
)
def test_a_bound_that_makes_no_sense_is_a_mistake_at_its_line(text: str, message: str) -> None:
    with pytest.raises(SettingsError) as caught:
        parsed(text)
    assert str(caught.value).startswith("gate.yaml:2: ") and message in str(caught.value)
