"""Sizes, durations and days as people write them."""

from __future__ import annotations

import datetime
import re
from fractions import Fraction

import pytest
from gate.settings.units import (
    DATE_PATTERN,
    DURATION_PATTERN,
    SIZE_PATTERN,
    UNITS,
    parse_date,
    parse_duration,
    parse_size,
)
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0B", 0),
        ("300MB", 300_000_000),
        ("300 MB", 300_000_000),
        ("512MiB", 512 * 2**20),
        ("1.5GB", 1_500_000_000),
        ("1.5GiB", 3 * 2**29),
        ("800kB", 800_000),
        ("800KB", 800_000),
        ("0.001kB", 1),
        ("9TB", 9 * 10**12),
    ],
)
def test_mb_is_a_million_and_mib_is_two_to_the_twenty(text: str, expected: int) -> None:
    assert parse_size(text) == expected


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("300", "has no unit"),
        ("300mb", "write 300MB"),
        ("300M", 'the unknown unit "M"'),
        ("-1MB", "is not a size"),
        ("1e3MB", "is not a size"),
        ("1,5GB", "is not a size"),
        ("MB", "is not a size"),
        ("", "is not a size"),
        ("0.5B", "is not a whole number of bytes"),
        ("10000TB", "is larger than"),
        ("9" * 5000 + "MB", "is not a size"),
        ("٣MB", "is not a size"),
    ],
)
def test_what_is_no_size_is_refused_with_the_reason(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=re.escape(reason)):
        parse_size(text)


@given(st.integers(0, 10**6), st.integers(0, 999_999), st.sampled_from(sorted(UNITS)))
def test_fractions_are_exact(whole: int, tenths: int, unit: str) -> None:
    text = f"{whole}.{tenths:06}{unit}"
    exact = Fraction(f"{whole}.{tenths:06}") * UNITS[unit]
    if exact.denominator == 1 and exact < 2**53:
        assert parse_size(text) == exact
        assert re.fullmatch(SIZE_PATTERN.strip("^$"), text)
    else:
        with pytest.raises(ValueError):
            parse_size(text)


def test_durations_are_whole_days() -> None:
    assert [parse_duration(text) for text in ("0d", "90d", "12w")] == [0, 90, 84]
    for text in ("", "90", "36h", "1.5d", "-1d", "90 d", "1d\n", "999999d"):
        assert re.fullmatch(DURATION_PATTERN, text) is None or text == "1d\n"
        with pytest.raises(ValueError, match="is not a duration"):
            parse_duration(text)


def test_days_are_of_the_calendar() -> None:
    assert parse_date("2028-02-29") == datetime.date(2028, 2, 29)
    for text in ("2027-02-29", "20270301", "2027-3-1", "2027-03-31T00:00:00Z", "tomorrow", "2027-03-31\n"):
        with pytest.raises(ValueError, match="is not a day"):
            parse_date(text)
    assert re.fullmatch(DATE_PATTERN, "2027-03-31")
