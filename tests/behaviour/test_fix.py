"""``gate check --fix``: what it writes still builds, means the same, and settles what it says."""

from __future__ import annotations

import datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from gate.bundle.load import load
from gate.engine import choose
from gate.evidence.bases import TableLookup
from gate.evidence.dockerfile.collect import BuildOptions, collect
from gate.evidence.dockerfile.syntax import DockerfileError
from gate.exemptions import Exemptions
from gate.finding import Result
from gate.fixes.apply import fix
from gate.fixes.edits import FIXABLE
from gate.judge import Judge
from gate.settings import Settings, parse_settings

from tests.behaviour.command_line import gate
from tests.support.oracles import BuildkitOracle

ROOT = Path(__file__).parents[2]
BUNDLE = load()
ENGINE = choose("regorus", modules=BUNDLE.modules, revision=BUNDLE.revision)


@cache
def judging(settings: str = "collection: strict") -> Any:
    written = parse_settings(f"version: 1\n{settings}\n".encode(), Path("gate.yaml"), BUNDLE.catalogue)
    chosen = Settings(written, BUNDLE.catalogue, BUNDLE.defaults)
    judge = Judge(
        catalogue=BUNDLE.catalogue, engine=ENGINE, settings=chosen, exemptions=Exemptions([], datetime.date.max)
    )
    frontends = chosen.parameters("approved-frontend", "prod")["frontends"]

    def run(data: bytes) -> Result | None:
        try:
            evidence = collect(
                data, path="Dockerfile", options=BuildOptions(), bases=TableLookup([]), approved_frontends=frontends,
                image=None, ignore=None,
            )  # fmt: skip
        except DockerfileError:
            return None
        return judge.judge(evidence)

    return run


def sources() -> list[Any]:
    """Every case of a fixable rule, and every example."""
    found = []
    for rule in sorted(FIXABLE & set(BUNDLE.catalogue)):
        cases = yaml.safe_load((ROOT / "policies" / "rules" / rule / "cases.yaml").read_text())
        found += [pytest.param(c["dockerfile"].encode(), id=f"{rule}: {c['name']}") for c in cases if "dockerfile" in c]
    found += [
        pytest.param(path.read_bytes(), id=str(path.relative_to(ROOT)))
        for path in sorted(ROOT.glob("examples/*/Dockerfile*"))
    ]
    return found


@pytest.mark.go
@pytest.mark.parametrize("data", sources())
def test_a_fixed_file_builds_with_the_same_stages_and_is_silent_where_it_says_so(
    data: bytes, buildkit_oracle: BuildkitOracle
) -> None:
    judge = judging()
    before = judge(data)
    if before is None:
        return
    fixed = fix(data, before, judge)
    after = judge(fixed.data)
    assert after is not None
    counts = [[sum(f.rule == rule for f in result.findings) for rule in fixed.rules] for result in (before, after)]
    assert all(now < was for was, now in zip(*counts, strict=True))
    again = fix(fixed.data, after, judge)
    assert (again.data, again.rules) == (fixed.data, [])
    parsed = [buildkit_oracle.parse(text) for text in (data, fixed.data)]
    froms = [[one["original"] for one in document["instructions"] if one["cmd"] == "from"] for document in parsed]
    assert froms[0] == froms[1]
    assert [line for line in data.splitlines() if line.lstrip().startswith(b"#")] == [
        line for line in fixed.data.splitlines() if line.lstrip().startswith(b"#")
    ]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("FROM scratch\nCOPY a /a\nENTRYPOINT [\"/a\"]\n", "FROM scratch\nCOPY a /a\nUSER 65532:65532\nENTRYPOINT [\"/a\"]\n"),
        ("FROM scratch\r\nCOPY a /a\r\n", "FROM scratch\r\nCOPY a /a\r\nUSER 65532:65532\r\n"),
        ("FROM scratch\nCOPY a /a", "FROM scratch\nCOPY a /a\nUSER 65532:65532"),
        ("\ufeffFROM scratch\nUSER 0\n", "\ufeffFROM scratch\nUSER 65532:65532\n"),
        ("FROM gcr.io/distroless/static-debian12:latest@sha256:" + "a" * 64 + "\nCOPY a /a\n",
         "FROM gcr.io/distroless/static-debian12:latest@sha256:" + "a" * 64 + "\nCOPY a /a\nUSER 65532:65532\n"),
    ],
)  # fmt: skip
def test_a_user_is_added_where_the_program_starts_and_layout_stays(before: str, after: str) -> None:
    judge = judging("collection: essential")
    result = judge(before.encode())
    assert result is not None
    assert fix(before.encode(), result, judge).data.decode() == after


@pytest.mark.parametrize(
    "text",
    [
        'FROM alpine:3.20\nCMD ["/a"]\n',
        "FROM scratch\nENTRYPOINT /a $PORT\n",
        "FROM scratch\nENTRYPOINT /a | /b\n",
        "FROM debian:12-slim\nRUN echo 'apt install x'\nUSER 7\n",
    ],
)
def test_what_is_not_certain_is_left_alone(text: str) -> None:
    judge = judging("rules: {non-root: ignore, user-numeric: ignore}")
    result = judge(text.encode())
    assert result is not None
    assert fix(text.encode(), result, judge).data.decode() == text


def test_the_command_writes_the_file_and_then_judges_it(tmp_path: Path) -> None:
    (tmp_path / ".home").mkdir()
    path = tmp_path / "Dockerfile"
    path.write_text('FROM scratch\nCOPY a /a\nENTRYPOINT ["/a"]\n')
    path.chmod(0o640)
    shown = gate("check", "--diff", "Dockerfile", cwd=tmp_path)
    assert (shown.code, "+USER 65532:65532" in shown.out) == (1, True)
    assert "USER" not in path.read_text()
    done = gate("check", "--fix", "Dockerfile", cwd=tmp_path)
    assert (done.code, "gate: fixed Dockerfile: non-root" in done.err) == (0, True)
    assert "USER 65532:65532" in path.read_text() and path.stat().st_mode & 0o777 == 0o640
    assert gate("check", "--diff", "Dockerfile", cwd=tmp_path) == (0, "", "")


def test_standard_input_can_be_shown_and_not_written(tmp_path: Path) -> None:
    (tmp_path / ".home").mkdir()
    text = b"FROM scratch\nCOPY a /a\n"
    assert "+USER 65532:65532" in gate("check", "--diff", "-", cwd=tmp_path, stdin=text).out
    refused = gate("check", "--fix", "-", cwd=tmp_path, stdin=text)
    assert refused.code == 2 and "cannot be fixed in place" in refused.err
