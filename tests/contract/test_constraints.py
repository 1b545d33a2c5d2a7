"""The pinned dependencies: every one by hash, the same version in each file, no place to get them from."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FILES = ["constraints.txt", "constraints-cluster.txt", "constraints-dev.txt"]


def _pins(name: str) -> dict[str, str]:
    text = (ROOT / name).read_text(encoding="utf-8")
    return dict(re.findall(r"^([a-z0-9][a-z0-9._-]*)==(\S+)", text, re.MULTILINE))


def _names(requirements: list[str]) -> set[str]:
    found = (re.match(r"[A-Za-z0-9._-]+", text) for text in requirements)
    return {re.sub(r"[._-]+", "-", match[0]).lower() for match in found if match}


@pytest.mark.parametrize("name", FILES)
def test_every_pin_has_hashes_and_no_line_names_an_index(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    entries = re.split(r"\n(?=[a-z0-9])", text.split("\n", 1)[1].strip())
    assert [entry.split()[0] for entry in entries if "--hash=sha256:" not in entry] == []
    assert re.findall(r"https?://|--index|--find-links|--extra-index|--trusted", text) == []


def test_a_package_has_one_version() -> None:
    for name in FILES[:2]:
        differing = {key: pin for key, pin in _pins(name).items() if _pins("constraints-dev.txt").get(key) != pin}
        assert differing == {}


def test_everything_the_project_asks_for_is_pinned() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    base = _names(project["project"]["dependencies"])
    extras = {name: _names(asked) for name, asked in project["project"]["optional-dependencies"].items()}
    build = _names(project["build-system"]["requires"])
    assert base | extras["embedded"] | build <= set(_pins("constraints.txt"))
    assert base | extras["embedded"] | extras["cluster"] <= set(_pins("constraints-cluster.txt"))
    assert base | _names(project["dependency-groups"]["dev"]) <= set(_pins("constraints-dev.txt"))
