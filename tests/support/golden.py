"""A pytest plugin: texts kept in files, compared as a whole, rewritten only with --update-golden."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

GOLDEN = Path(__file__).resolve().parent.parent / "golden"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add --update-golden."""
    parser.addoption("--update-golden", action="store_true", help="rewrite the golden files; read the diff")


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """``golden("text/denied.txt", text)`` fails where the text is not the file's."""

    def compare(name: str, text: str) -> None:
        path = GOLDEN / name
        if request.config.getoption("--update-golden"):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text.encode("utf-8", "surrogateescape"))
        expected = path.read_bytes().decode("utf-8", "surrogateescape") if path.exists() else ""
        assert text == expected, f"{name} differs; if that is meant, run pytest with --update-golden and read the diff"

    return compare
