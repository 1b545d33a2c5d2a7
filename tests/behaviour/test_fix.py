"""``gate check --fix`` and ``--diff``: files are written whole, diffs apply, and what is not certain is left alone."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.behaviour.command_line import COMMAND, environment, gate
from tests.support.fixing import counts, fixed, judging, worse
from tests.support.oracles import BuildkitOracle

ROOT = Path(__file__).parents[2]
SOURCE = 'FROM scratch\nCOPY a /a\nENTRYPOINT ["/a"]\n'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder to run gate in."""
    (tmp_path / ".home").mkdir()
    return tmp_path


def strict(folder: Path) -> None:
    """Switch every rule on."""
    (folder / "gate.yaml").write_text("version: 1\ncollection: strict\n")


@pytest.mark.go
@pytest.mark.parametrize(
    "path",
    [
        pytest.param(path, id=str(path.relative_to(ROOT)))
        for path in sorted(ROOT.glob("examples/*/Dockerfile*"))
        if path.suffix not in (".dockerignore", ".md")
    ],
)
def test_examples_are_fixed_by_all_rules_at_once_and_still_build(path: Path, buildkit_oracle: BuildkitOracle) -> None:
    judge, data = judging(), path.read_bytes()
    before = judge(data)
    if before is None:
        return
    found = fixed(data, judge, unsafe=True)
    assert worse(before, judge(found.data), found.rules) == {}
    assert fixed(found.data, judge, unsafe=True).data == found.data
    parsed = [buildkit_oracle.parse(text) for text in (data, found.data)]
    assert (parsed[1]["error"], parsed[1]["stages_error"]) == (None, None)
    assert [len(one["stages"]) for one in parsed[:1]] == [len(one["stages"]) for one in parsed[1:]]


def test_the_command_writes_the_file_and_then_judges_it(folder: Path) -> None:
    path = folder / "Dockerfile"
    path.write_text(SOURCE)
    path.chmod(0o640)
    shown = gate("check", "--diff", "Dockerfile", cwd=folder)
    assert (shown.code, "+USER 65532:65532" in shown.out) == (1, True)
    assert path.read_text() == SOURCE
    done = gate("check", "--fix", "Dockerfile", cwd=folder)
    assert (done.code, "gate: fixed Dockerfile: non-root" in done.err) == (0, True)
    assert "USER 65532:65532" in path.read_text() and path.stat().st_mode & 0o777 == 0o640
    assert gate("check", "--diff", "Dockerfile", cwd=folder) == (0, "", "")
    assert sorted(one.name for one in folder.iterdir()) == [".home", "Dockerfile"]


def test_standard_input_can_be_shown_and_not_written(folder: Path) -> None:
    assert "+USER 65532:65532" in gate("check", "--diff", "-", cwd=folder, stdin=SOURCE.encode()).out
    refused = gate("check", "--fix", "-", cwd=folder, stdin=SOURCE.encode())
    assert refused.code == 2 and "cannot be fixed in place" in refused.err


@pytest.mark.root
def test_a_file_stays_with_its_owner(folder: Path) -> None:
    path = folder / "Dockerfile"
    path.write_text(SOURCE)
    os.chown(path, 1234, 1235)
    assert gate("check", "--fix", "Dockerfile", cwd=folder).code == 0
    assert (path.stat().st_uid, path.stat().st_gid) == (1234, 1235)


def test_a_link_stays_a_link_and_its_file_is_fixed(folder: Path) -> None:
    (folder / "real").mkdir()
    (folder / "real" / "Dockerfile").write_text(SOURCE)
    (folder / "Dockerfile").symlink_to("real/Dockerfile")
    assert gate("check", "--fix", "Dockerfile", cwd=folder).code == 0
    assert (folder / "Dockerfile").is_symlink()
    assert "USER 65532:65532" in (folder / "real" / "Dockerfile").read_text()


def test_a_read_only_file_is_an_error_and_stays_as_it_is(folder: Path) -> None:
    path = folder / "Dockerfile"
    path.write_text(SOURCE)
    path.chmod(0o444)
    done = gate("check", "--fix", "Dockerfile", cwd=folder)
    assert done.code == 2
    assert "Dockerfile" in done.err and "is read-only, so it was not fixed" in done.err and "Traceback" not in done.err
    assert path.read_text() == SOURCE
    assert "+USER" in gate("check", "--diff", "Dockerfile", cwd=folder).out


def test_what_changes_the_build_waits_for_unsafe_fixes(folder: Path) -> None:
    strict(folder)
    text = "FROM debian:12-slim\nRUN apt-get update && apt-get install -y curl && rm -rf /var/lib/apt/lists/*\nUSER 7\n"
    (folder / "Dockerfile").write_text(text)
    held = gate("check", "--fix", "Dockerfile", cwd=folder)
    assert "gate: Dockerfile: --unsafe-fixes would also settle no-recommends\n" in held.err
    assert (folder / "Dockerfile").read_text() == text
    assert gate("check", "--diff", "Dockerfile", cwd=folder).out == ""
    shown = gate("check", "--diff", "--unsafe-fixes", "Dockerfile", cwd=folder)
    assert (shown.code, "+RUN apt-get update && apt-get install -y --no-install-recommends curl" in shown.out) == (
        1,
        True,
    )
    done = gate("check", "--fix", "--unsafe-fixes", "Dockerfile", cwd=folder)
    assert "gate: fixed Dockerfile: no-recommends\n" in done.err
    assert "--no-install-recommends" in (folder / "Dockerfile").read_text()


def test_unsafe_fixes_alone_is_a_mistake(folder: Path) -> None:
    done = gate("check", "--unsafe-fixes", cwd=folder)
    assert done.code == 2 and "--unsafe-fixes is for --fix and --diff" in done.err


def test_exempted_findings_are_not_fixed(folder: Path) -> None:
    text = f'# gate: ignore=non-root reason="a test" until=2999-01-01\n{SOURCE}'
    (folder / "Dockerfile").write_text(text)
    assert gate("check", "--diff", "Dockerfile", cwd=folder).out == ""


def test_digests_come_from_the_lock(folder: Path) -> None:
    digest = "sha256:" + "b" * 64
    (folder / "gate.yaml").write_text("version: 1\nrules: {base-pinned: {digest: true}}\n")
    (folder / "gate.lock").write_text(
        "version: 1\nbases:\n- reference: docker.io/library/alpine:3.20\n  digest: "
        f"{digest}\n  resolved: 2026-11-01\n  platforms:\n    linux/amd64: {{user: '', workdir: /srv}}\n"
    )
    (folder / "Dockerfile").write_text("FROM alpine:3.20\nWORKDIR app\nUSER 65532:65532\n")
    done = gate("check", "--fix", "Dockerfile", cwd=folder)
    assert "gate: fixed Dockerfile: workdir-absolute, base-pinned\n" in done.err
    assert (folder / "Dockerfile").read_text() == f"FROM alpine:3.20@{digest}\nWORKDIR /srv/app\nUSER 65532:65532\n"


def test_a_file_with_two_builds_has_one_diff(folder: Path) -> None:
    builds = "builds:\n- {path: Dockerfile, target: one}\n- {path: Dockerfile, target: two}\n"
    (folder / "gate.yaml").write_text(f"version: 1\n{builds}")
    (folder / "Dockerfile").write_text("FROM scratch AS one\nCOPY a /a\nFROM scratch AS two\nCOPY b /b\n")
    shown = gate("check", "--diff", cwd=folder)
    assert [line for line in shown.out.splitlines() if line.startswith(("---", "+"))] == [
        "--- a/Dockerfile", "+++ b/Dockerfile", "+USER 65532:65532", "+USER 65532:65532",
    ]  # fmt: skip
    done = gate("check", "--fix", cwd=folder)
    assert done.err.count("gate: fixed") == 1
    fixed = "FROM scratch AS one\nCOPY a /a\nUSER 65532:65532\nFROM scratch AS two\nCOPY b /b\nUSER 65532:65532\n"
    assert (folder / "Dockerfile").read_text() == fixed


DIFFED = {
    "plain": ("Dockerfile", b"FROM scratch\nCOPY a /a\n# end\n"),
    "no newline at the end": ("Dockerfile", b'FROM scratch\nCOPY a /a\nENTRYPOINT ["/a"]'),
    "changed where there is no newline": ("Dockerfile", b"FROM scratch\nCOPY a /a"),
    "carriage returns": ("Dockerfile", b"FROM scratch\r\nCOPY a /a\r\nexpose 8080\r\n"),
    "a byte order mark": ("Dockerfile", b"\xef\xbb\xbfFROM scratch\nCOPY a /a\nMAINTAINER \xc3\xa9\n"),
    "bytes that are not UTF-8": ("Dockerfile", b"FROM scratch\n# caf\xe9\nCOPY a /a\nENV b \xe9\n"),
    "a blank in the name": ("a b.Dockerfile", b"FROM scratch\nCOPY a /a\n"),
    "a quote and an accent in the name": ('"\u00e9".Dockerfile', b"FROM scratch\nCOPY a /a\n"),
}


@pytest.mark.parametrize("tool", ["git", "patch"])
@pytest.mark.parametrize("case", DIFFED)
def test_a_diff_applies_and_gives_what_fix_writes(case: str, tool: str, folder: Path) -> None:
    name, data = DIFFED[case]
    strict(folder)
    path = folder / name
    path.write_bytes(data)
    diff = _raw("check", "--diff", name, folder=folder)
    assert path.read_bytes() == data
    command = ["git", "apply", "-"] if tool == "git" else ["patch", "--binary", "-s", "-p1"]
    subprocess.run(command, input=diff, cwd=folder, check=True, capture_output=True)
    patched = path.read_bytes()
    path.write_bytes(data)
    gate("check", "--fix", name, cwd=folder)
    assert patched == path.read_bytes() != data


def _raw(*arguments: str, folder: Path) -> bytes:
    """What gate prints, to the byte."""
    home = environment(folder / ".home")
    done = subprocess.run([*COMMAND, *arguments], cwd=folder, env=home, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (1, b"")
    return done.stdout


def test_a_whole_tree_is_fixed_and_files_that_do_not_build_are_left(folder: Path) -> None:
    for name, text in {"a": SOURCE, "b": "FROM\n", "c": "FROM scratch\nUSER 7\n"}.items():
        (folder / name).mkdir()
        (folder / name / "Dockerfile").write_text(text)
    done = gate("check", "--fix", ".", cwd=folder)
    assert done.err.count("gate: fixed") == 1 and f"gate: fixed a{os.sep}Dockerfile: non-root" in done.err
    assert (folder / "b" / "Dockerfile").read_text() == "FROM\n"
    assert counts(judging(collection="essential")((folder / "a" / "Dockerfile").read_bytes()))["non-root"] == 0
