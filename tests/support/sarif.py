"""The official SARIF 2.1.0 schema, out of a pinned Go module (tests/tools/sarif), so that no copy is kept here."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

MODULE = Path(__file__).resolve().parent.parent / "tools" / "sarif"
NAME = "github.com/securego/gosec/v2"


def official_schema() -> dict[str, Any]:
    """The schema; skips the test where there is no Go, or no way to the module."""
    go = shutil.which("go") or ("/usr/local/go/bin/go" if Path("/usr/local/go/bin/go").exists() else None)
    if go is None:
        pytest.skip("Go is not installed: the official SARIF schema comes from a Go module")
    told = subprocess.run(  # noqa: PLW1510 - its exit code is looked at
        [go, "mod", "download", "-json", NAME],
        cwd=MODULE,
        env=os.environ | {"GOWORK": "off", "GOFLAGS": "-mod=readonly"},
        capture_output=True,
        text=True,
        timeout=240,
    )
    if told.returncode != 0:
        pytest.skip(
            f"the module with the official SARIF schema cannot be had: {told.stdout[-200:]}{told.stderr[-200:]}"
        )
    path = Path(json.loads(told.stdout)["Dir"]) / "report" / "sarif" / "testdata" / "sarif-schema-2.1.0.json"
    schema: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    assert schema["id"].endswith("/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json")
    return schema
