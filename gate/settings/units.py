"""Sizes, durations and dates as people write them in gate.yaml.

MB is 10^6 bytes and MiB is 2^20, as everywhere in gate. Durations are whole days.
"""

from __future__ import annotations

import datetime
import re

UNITS = {
    "B": 1,
    "kB": 10**3,
    "KB": 10**3,
    "MB": 10**6,
    "GB": 10**9,
    "TB": 10**12,
    "KiB": 2**10,
    "MiB": 2**20,
    "GiB": 2**30,
    "TiB": 2**40,
}
SIZE_PATTERN = r"^[0-9]{1,15}(\.[0-9]{1,6})? ?(B|kB|KB|MB|GB|TB|KiB|MiB|GiB|TiB)$"
DURATION_PATTERN = r"^[0-9]{1,5}[dw]$"
DATE_PATTERN = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"

_LARGEST = 2**53 - 1
_SIZE = re.compile(r"([0-9]{1,15}(?:\.[0-9]{1,6})?) ?([A-Za-z]*)")


def parse_size(text: str) -> int:
    """Bytes of a size such as ``300MB``, ``1.5GiB`` or ``0B``; `ValueError` says what is wrong with it."""
    match = _SIZE.fullmatch(text)
    if match is None:
        raise ValueError(f'"{text}" is not a size; write a number and a unit, such as 300MB or 1.5GiB')
    number, unit = match.groups()
    if unit not in UNITS:
        close = [name for name in UNITS if name.lower() == unit.lower()]
        instead = f"write {number}{close[0]}" if close else "units are B, kB, MB, GB, TB, KiB, MiB, GiB and TiB"
        missing = "has no unit" if not unit else f'has the unknown unit "{unit}"'
        raise ValueError(f'size "{text}" {missing}; {instead}')
    whole, _, tenths = number.partition(".")
    parts: int = 10 ** len(tenths)
    size, rest = divmod(int(whole + tenths) * UNITS[unit], parts)
    if rest:
        raise ValueError(f'size "{text}" is not a whole number of bytes')
    if size > _LARGEST:
        raise ValueError(f'size "{text}" is larger than {_LARGEST} bytes')
    return size


def parse_duration(text: str) -> int:
    """Days of a duration such as ``90d`` or ``12w``; `ValueError` says what is wrong with it."""
    if re.fullmatch(r"[0-9]{1,5}[dw]", text) is None:
        raise ValueError(f'"{text}" is not a duration; write whole days or weeks, such as 90d or 12w')
    return int(text[:-1]) * (7 if text[-1] == "w" else 1)


def parse_date(text: str) -> datetime.date:
    """A day such as ``2027-03-31``; `ValueError` says what is wrong with it."""
    if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
        try:
            return datetime.date.fromisoformat(text)
        except ValueError:
            pass
    raise ValueError(f'"{text}" is not a day; write it as 2027-03-31')
