"""The wheel is whole: installed into an empty environment it judges from any folder with the policy it ships."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built by the build tools that are installed, without asking an index."""
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)],
        check=True,
        capture_output=True,
    )
    (built,) = folder.glob("gate_images-*.whl")
    return built


def test_the_wheel_holds_the_code_and_the_policy_and_nothing_else(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {name.split("/")[0] for name in names} == {"gate", "gate_images-0.1.0.dist-info"}
    shipped = {name.removeprefix("gate/_policies/") for name in names if name.startswith("gate/_policies/")}
    policies = {
        path.relative_to(ROOT / "policies").as_posix() for path in (ROOT / "policies").rglob("*") if path.is_file()
    }
    assert shipped == policies
    assert {"gate/py.typed", "gate/evidence/known_bases.yaml"} <= names


@pytest.mark.slow
def test_the_installed_wheel_judges_from_another_folder(wheel: Path, tmp_path: Path) -> None:
    """The dependencies are those of this environment, put on the path of one that has only the wheel."""
    environment = tmp_path / "venv"
    venv.create(environment, with_pip=False)
    python = environment / "bin" / "python"
    installed = subprocess.run(
        [sys.executable, "-m", "pip", "--python", str(python), "install", "--no-index", "--no-deps", str(wheel)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert installed.returncode == 0, installed.stderr
    (site,) = (environment / "lib").glob("python*/site-packages")
    own = [path for path in sys.path if path.endswith("site-packages")]
    (site / "dependencies.pth").write_text("\n".join(own))
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    (folder / "Dockerfile").write_text("FROM golang:1.23\n")
    variables = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "GATE_"))}
    done = subprocess.run(
        [environment / "bin" / "gate", "check", "--no-cache", "-o", "json", "Dockerfile"],
        cwd=folder,
        env={**variables, "HOME": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    report = json.loads(done.stdout)
    assert (done.returncode, report["verdict"], done.stderr) == (1, "deny", "")
    where = subprocess.run(
        [python, "-c", "import gate; from gate.bundle.load import shipped; print(gate.__file__, shipped())"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    )
    assert all(path.startswith(str(site)) for path in where.stdout.split())
    assert "_policies" in where.stdout
