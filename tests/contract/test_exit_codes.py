"""Section 4 of the design, from outside: every exit code, and which one counts where several hold."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import pytest

from tests.behaviour.command_line import gate

FOLDERS = {
    "pass": "FROM scratch\nCOPY app /app\nUSER 65532:65532\n",
    "denied": "FROM scratch\nCOPY app /app\nUSER root\n",
    "undecided": "FROM registry.example/acme/base:1\nUSER 65532:65532\n",
    "empty": None,
}
CODES = {"pass": 0, "empty": 4, "undecided": 3, "denied": 1, "missing": 2}
ORDER = list(CODES)  # the last that holds counts


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("exits")
    for name, text in FOLDERS.items():
        (root / name).mkdir()
        if text is not None:
            (root / name / "Dockerfile").write_text(text)
    (root / "gate.yaml").write_text('version: 1\napproved_bases: [scratch, "registry.example/**"]\n')
    return root


@pytest.mark.parametrize(
    "names", [each for size in (1, 2, 5) for each in itertools.combinations(ORDER, size)], ids=" ".join
)
def test_the_worst_that_holds_is_the_exit_code_and_the_report_is_written(folder: Path, names: tuple[str, ...]) -> None:
    done = gate("check", *names, "-o", "json", cwd=folder)
    assert done.code == CODES[max(names, key=ORDER.index)], done.err
    judged = [name for name in names if name not in ("empty", "missing")]
    assert [each["subject"]["name"] for each in done.report["results"]] == [f"{name}/Dockerfile" for name in judged]
    assert ("no Dockerfile in empty" in done.err) == ("empty" in names)
    assert ("missing: there is no such file" in done.err) == ("missing" in names)


@pytest.mark.parametrize(
    ("names", "code"),
    [(("denied",), 0), (("undecided",), 0), (("denied", "missing"), 2), (("denied", "empty"), 4), (("empty",), 4)],
)
def test_exit_zero_forgives_findings_and_nothing_else(folder: Path, names: tuple[str, ...], code: int) -> None:
    assert gate("check", "--exit-zero", *names, cwd=folder).code == code


def test_a_manifest_without_containers_is_no_missing_target(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "gate.yaml").write_text("version: 1\n")
    (tmp_path / "map.yaml").write_text("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n")
    (tmp_path / "Dockerfile").write_text(FOLDERS["pass"] or "")
    assert gate("check", "map.yaml", "Dockerfile", cwd=tmp_path).code == 0
    alone = gate("check", "map.yaml", cwd=tmp_path)
    assert (alone.code, alone.err) == (4, "gate: nothing to judge: no container in map.yaml\n")


FOREIGN = {"values.yaml": "replicas: 2\n", "chart.yaml": "{{- if .x }}\napiVersion: v1\n{{- end }}\n"}
BROKEN = {"cut.yaml": "a: [\n", "half.yaml": "apiVersion: v1\nkind: ConfigMap\n---\na: 1\n"}


def test_foreign_yaml_and_templates_under_manifests_are_skipped_and_counted(tmp_path: Path) -> None:
    (tmp_path / "gate.yaml").write_text('version: 1\nmanifests: ["*.yaml"]\n')
    for name, text in FOREIGN.items():
        (tmp_path / name).write_text(text)
    done = gate("check", ".", cwd=tmp_path)
    assert (done.code, done.err) == (4, "gate: nothing to judge: no container in . (3 skipped)\n")
    (tmp_path / "Dockerfile").write_text(FOLDERS["pass"] or "")
    done = gate("check", "-o", "json", cwd=tmp_path)
    assert (done.code, done.err, done.report["summary"]["skipped"]) == (0, "", 3)


@pytest.mark.parametrize("name", [*FOREIGN, *BROKEN])
def test_a_file_that_is_named_or_half_a_manifest_is_never_skipped(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text({**FOREIGN, **BROKEN}[name])
    assert gate("check", name, cwd=tmp_path).code == 2
    (tmp_path / "gate.yaml").write_text(f'version: 1\nmanifests: ["{name}"]\n')
    assert gate("check", cwd=tmp_path).code == (2 if name in BROKEN else 4)


def test_facts_exit_as_check_does_on_what_it_cannot_read(folder: Path) -> None:
    done = gate("facts", "pass", "empty", "-o", "json", cwd=folder)
    assert (done.code, len(json.loads(done.out))) == (4, 1)
    assert gate("facts", "pass", "missing", "-o", "json", cwd=folder).code == 2
