"""Values of flags: comma-separated fields and durations."""

from __future__ import annotations

import pytest
from gate.evidence.dockerfile.flags import check_flags, comma_fields, flag_values
from gate.evidence.dockerfile.syntax import DockerfileError


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ("a", ["a"]),
        ("a,b", ["a", "b"]),
        ("a,", ["a", ""]),
        (",", ["", ""]),
        (",a", ["", "a"]),
        ('"a,b",c', ["a,b", "c"]),
        ('"a""b"', ['a"b']),
        ('""', [""]),
        ('"",', ["", ""]),
        ('a,"b"', ["a", "b"]),
        (" a , b ", [" a ", " b "]),
        ("a\n", ["a"]),
        ("a\r\n", ["a"]),
        ("a=b c", ["a=b c"]),
    ],
)
def test_fields_are_split_at_commas_outside_quotes(text, fields):
    assert comma_fields(text) == fields


@pytest.mark.parametrize("text", ["", "\n", 'a"b', '"a', '"a"b', '"a" ,b', 'a,"', 'a,b"'])
def test_stray_quotes_and_empty_lists_are_refused(text):
    with pytest.raises(DockerfileError):
        comma_fields(text)


@pytest.mark.parametrize(
    "value",
    [
        "1ms",
        "1s",
        "1.5s",
        ".5s",
        "1.s",
        "1h2m3s",
        "1m30s",
        "0",
        "0s",
        "+1s",
        "-0s",
        "1000us",
        "1000µs",
        "1000μs",
        "1000000ns",
        "00001s",
        "1.000000000000000000001s",
        "2540400h",
        "",
    ],
)
def test_durations_as_go_writes_them_are_accepted(value):
    check_flags("HEALTHCHECK", (f"--interval={value}",))


@pytest.mark.parametrize(
    "value",
    [
        "1",
        "s",
        "1x",
        "1 s",
        "1s ",
        "-1s",
        "1us",
        "999us",
        ".s",
        ".",
        "+",
        "-",
        "1.5.5s",
        "1S",
        "2562048h",
        "９s",
        "1d",
        "1e3s",
    ],
)
def test_other_durations_are_refused(value):
    with pytest.raises(DockerfileError):
        check_flags("HEALTHCHECK", (f"--timeout={value}",))


@pytest.mark.parametrize("value", ["0", "3", "+3", "-0", "0003", "2147483647", ""])
def test_retries_are_a_number(value):
    check_flags("HEALTHCHECK", (f"--retries={value}",))


@pytest.mark.parametrize("value", ["-1", "x", "1.0", "2147483648", " 1", "1_0", "٣", "0x1"])
def test_other_retries_are_refused(value):
    with pytest.raises(DockerfileError):
        check_flags("HEALTHCHECK", (f"--retries={value}",))


def test_values_of_a_flag_come_in_order():
    flags = ("--mount=a", "--network=none", "--mount=b=c", "--link", "--mountx=d")
    assert (flag_values(flags, "mount"), flag_values(flags, "link"), flag_values(flags, "x")) == (
        ["a", "b=c"],
        ["true"],
        [],
    )
