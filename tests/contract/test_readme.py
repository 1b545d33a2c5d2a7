"""What README shows is what gate says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.behaviour.command_line import gate

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")
SHOWN = re.findall(r"^```console\n\$ gate (check examples/\S+)\n(.+?)^```$", TEXT, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize(("command", "output"), SHOWN, ids=[command for command, _ in SHOWN])
def test_the_output_in_the_readme_is_the_output(command: str, output: str) -> None:
    assert gate(*command.split(), "--no-cache", cwd=ROOT).out == output


def test_the_readme_shows_output() -> None:
    assert len(SHOWN) == 2


def test_every_command_and_format_is_in_the_readme() -> None:
    from gate.cli.main import COMMANDS
    from gate.report import FORMATS

    assert [name for name in FORMATS if f"`{name}`" not in TEXT] == []
    later = {"completion", "lock", "serve", "audit"}
    assert [name for name in COMMANDS if name not in later and f"gate {name}" not in TEXT] == []


def test_every_link_of_the_documentation_leads_somewhere() -> None:
    pages = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "SECURITY.md", *(ROOT / "docs").rglob("*.md")]
    broken = []
    for page in pages:
        for link in re.findall(r"\]\(([^)#\s]+)", page.read_text(encoding="utf-8")):
            if "://" not in link and not (page.parent / link).exists():
                broken.append((page.name, link))
    assert broken == []
