"""Every format over every shape of run, as files that a reviewer reads."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from collections.abc import Callable

import pytest
from gate.finding import Run
from gate.report import FORMATS, render

from tests.golden import runs

SHAPES = ["well", "denied", "everything", "hostile", "nothing"]
ENDINGS = {"text": "txt", "markdown": "md", "junit": "xml", "github": "txt"}


def _run(shape: str) -> Run:
    made: Run = getattr(runs, shape)()
    return made


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", FORMATS)
def test_a_report_is_what_its_golden_file_says(name: str, shape: str, golden: Callable[[str, str], None]) -> None:
    golden(f"{name}/{shape}.{ENDINGS.get(name, 'json')}", render(name, _run(shape), runs.CONTEXT))


def test_colour_and_verbosity_are_what_their_golden_files_say(golden: Callable[[str, str], None]) -> None:
    golden("text/denied.color.txt", render("text", runs.denied(), runs.CONTEXT._replace(color=True)))
    golden("text/well.verbose.txt", render("text", runs.well(), runs.CONTEXT._replace(verbose=True)))
    golden("text/denied.narrow.txt", render("text", runs.denied(), runs.CONTEXT._replace(width=60)))


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", FORMATS)
def test_no_report_holds_anything_a_terminal_acts_on(name: str, shape: str) -> None:
    text = render(name, _run(shape), runs.CONTEXT)
    kept = "\n\u202e" if name == "json" else "\n"  # JSON keeps a file's own text, its controls escaped
    assert [character for character in text if not character.isprintable() and character not in kept] == []
    assert text.encode().endswith(b"\n")


def test_no_line_of_the_annotations_is_a_command_of_the_files_author() -> None:
    lines = render("github", runs.hostile(), runs.CONTEXT).splitlines()
    assert [line.split(" ")[0] for line in lines] == ["::error", "gate:"]


@pytest.mark.parametrize("shape", SHAPES)
def test_junit_counts_what_it_holds(shape: str) -> None:
    root = ET.fromstring(render("junit", _run(shape), runs.CONTEXT))
    assert {
        "tests": len(root.findall(".//testcase")),
        "failures": len(root.findall(".//failure")),
        "errors": len(root.findall(".//error")),
        "skipped": len(root.findall(".//skipped")),
    } == {name: int(root.get(name, "-1")) for name in ("tests", "failures", "errors", "skipped")}


@pytest.mark.parametrize("shape", SHAPES)
def test_code_quality_fingerprints_are_unique(shape: str) -> None:
    prints = [issue["fingerprint"] for issue in json.loads(render("gitlab", _run(shape), runs.CONTEXT))]
    assert len(prints) == len(set(prints))
