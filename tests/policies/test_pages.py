"""What is made from the policy is what is committed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.policies import rego

_DOCS = rego.POLICIES.parent / "docs"


@pytest.mark.parametrize("program", ["generate_rules.py", "generate_schema.py", "generate_catalogue.py"])
def test_generated_files_are_fresh(program: str) -> None:
    done = subprocess.run(
        [sys.executable, str(_DOCS / program), "--check"], capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.returncode) == ("fresh\n", 0), done.stdout + done.stderr


def test_every_rule_has_its_page_and_every_page_its_rule() -> None:
    assert {path.stem for path in Path(_DOCS, "rules").glob("*.md")} == {*rego.RULES, "README"}
