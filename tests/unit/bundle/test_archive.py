"""The policy as OPA's bundle."""

from __future__ import annotations

import io
import json
import subprocess
import tarfile
from pathlib import Path

import pytest
from gate.bundle.archive import files, tarball
from gate.bundle.load import load

from tests.unit.bundle.test_load import _write


def test_equal_policies_make_equal_bytes(tmp_path: Path) -> None:
    first = tarball(load([_write(tmp_path / "a")]))
    assert first == tarball(load([_write(tmp_path / "b")])) != tarball(load())


def test_the_manifest_carries_the_revision() -> None:
    bundle = load()
    with tarfile.open(fileobj=io.BytesIO(tarball(bundle))) as archive:
        manifest = archive.extractfile("/.manifest")
        assert manifest is not None
        assert json.load(manifest) == {"revision": bundle.revision, "roots": ["gate", "custom"]}
        assert {name.removeprefix("/") for name in archive.getnames()} == set(files(bundle))


@pytest.mark.go
def test_opa_reads_it(tmp_path: Path, opa_binary: Path) -> None:
    bundle = load([_write(tmp_path / "a")])
    (tmp_path / "bundle.tar.gz").write_bytes(tarball(bundle))
    done = subprocess.run(
        [str(opa_binary), "inspect", "-f", "json", str(tmp_path / "bundle.tar.gz")], capture_output=True, check=True
    )
    seen = json.loads(done.stdout)
    assert seen["manifest"]["revision"] == bundle.revision
    assert "data.custom.mine" in seen["namespaces"] and "data.gate.main" in seen["namespaces"]
