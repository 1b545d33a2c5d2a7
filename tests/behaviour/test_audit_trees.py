"""``gate audit --tree``: every file of a checkout once, as what it is, with its owners, by both policies."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from gate.sqlstore import SqlStore

from tests.behaviour.command_line import gate

STAGES = """FROM alpine:3.20 AS build
RUN true
FROM build AS prod
USER 1000
FROM build AS debug
CMD ["sh"]
"""
MANIFEST = """apiVersion: apps/v1
kind: Deployment
metadata: {name: api, namespace: shop}
spec:
  selector: {matchLabels: {app: api}}
  template:
    metadata: {labels: {app: api}}
    spec:
      initContainers: [{name: init, image: ghcr.io/acme/api}]
      containers: [{name: a, image: ghcr.io/acme/api}, {name: b, image: ghcr.io/acme/api}]
"""
SETTINGS = """version: 1
manifests: ["deploy.yaml"]
builds:
- {path: svc/Dockerfile, target: prod, image: ghcr.io/acme/api}
- {path: svc/Dockerfile, target: debug, image: ghcr.io/acme/api-debug}
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / ".home").mkdir()
    (tmp_path / "svc").mkdir()
    (tmp_path / "svc" / "Dockerfile").write_text(STAGES)
    (tmp_path / "deploy.yaml").write_text(MANIFEST)
    (tmp_path / "gate.yaml").write_text(SETTINGS)
    (tmp_path / "CODEOWNERS").write_text("* @all\n/svc/ @svc\n")
    return tmp_path


def report(project: Path, *arguments: str | Path, code: int = 0) -> dict[str, Any]:
    done = gate("audit", *arguments, "-o", "json", cwd=project)
    assert done.code == code, done.err
    return done.report


@pytest.mark.parametrize("absolute", [False, True])
def test_each_build_and_each_container_is_a_row_with_a_key_of_its_own(project: Path, absolute: bool) -> None:
    found = report(project, "--tree", project if absolute else ".")
    rows = {(r["kind"], r["name"], tuple(r["owners"])) for r in found["results"]}
    assert rows == {
        ("dockerfile", "svc/Dockerfile (prod)", ("@svc",)),
        ("dockerfile", "svc/Dockerfile (debug)", ("@svc",)),
        ("manifest", "deploy.yaml: shop/deployment/api:a", ("@all",)),
        ("manifest", "deploy.yaml: shop/deployment/api:b", ("@all",)),
        ("manifest", "deploy.yaml: shop/deployment/api:init (init)", ("@all",)),
    }
    assert len({r["key"] for r in found["results"]}) == 5
    assert {r["places"][0]["path"] for r in found["results"]} == {"svc/Dockerfile", "deploy.yaml"}
    assert found["coverage"]["seen"] == {"files": 2, "manifests": 3}


def test_a_dockerfile_tells_its_chain_of_stages_and_its_base(project: Path) -> None:
    for _ in range(2):  # the second time results are remembered, and facts must not be missing
        found = report(project, "--tree", ".")
        chains = {r["name"]: (r["stages"], r["base"], r["user"]) for r in found["results"] if r["kind"] == "dockerfile"}
        base = "docker.io/library/alpine:3.20"
        assert chains == {
            "svc/Dockerfile (prod)": (["build", "prod"], base, "1000"),
            "svc/Dockerfile (debug)": (["build", "debug"], base, ""),
        }
        (node,) = found["lineage"]
        assert (node["name"], len(node["dockerfiles"]), node["parent"]) == (base, 2, None)


def test_a_long_path_keeps_a_key_of_its_own(project: Path) -> None:
    deep = project / "/".join(["d" * 60] * 4)
    for name in ("a", "b"):
        (deep / name).mkdir(parents=True)
        (deep / name / "Dockerfile").write_text("FROM scratch\n")
    found = report(project, "--tree", ".")
    keys = [r["key"] for r in found["results"]]
    assert len(set(keys)) == len(keys) == 7 and max(map(len, keys)) <= 200


def test_a_candidate_judges_files_as_well(project: Path) -> None:
    (project / "lenient.yaml").write_text(
        "version: 1\nundecided: ignore\nrules: {non-root: warn, no-shell: warn, approved-base: warn}\n"
    )
    (project / "strict.yaml").write_text("version: 1\n")
    found = report(project, "--tree", ".", "--config", "lenient.yaml", "--candidate", "strict.yaml")
    rows = {(r["verdict"], r["at_restart"]) for r in found["results"] if r["kind"] == "dockerfile"}
    assert rows == {("pass", "deny")}
    assert found["totals"]["refused_at_restart"] >= 1


def test_what_the_history_refuses_is_still_reported(project: Path) -> None:
    """A database that takes no more must not cost the hours that were spent judging."""
    done = gate("audit", "--tree", ".", "--run", "r" * 90, "-o", "json=out.json", cwd=project)
    assert done.code == 0
    store = next((project / ".home").rglob("history.sqlite"))
    import sqlite3

    with sqlite3.connect(store) as connection:
        connection.execute("CREATE TRIGGER full BEFORE INSERT ON gate_runs BEGIN SELECT RAISE(ABORT, 'disk full'); END")
    done = gate("audit", "--tree", ".", "-o", "json=again.json", cwd=project)
    assert (done.code, (project / "again.json").exists()) == (2, True)
    assert "disk full" in done.err and "Traceback" not in done.err


@pytest.mark.parametrize("place", [".git/config", ".github/CODEOWNERS"])
def test_a_checkout_whose_files_are_none_is_judged_all_the_same(project: Path, place: str) -> None:
    names = {row["name"] for row in report(project, "--tree", ".")["results"]}
    (project / place).parent.mkdir()
    os.mkfifo(project / place)
    assert {row["name"] for row in report(project, "--tree", ".")["results"]} == names


def test_a_home_that_takes_no_history_is_said_and_keeps_no_report_back(project: Path) -> None:
    variables = {"GATE_CACHE_DIR": "/proc/none"}
    done = gate("audit", "--tree", ".", "-o", "json", cwd=project, variables=variables)
    assert (done.code, bool(done.report["results"])) == (0, True)
    assert "/proc/none" in done.err and "no history" in done.err
    done = gate("audit", "history", cwd=project, variables=variables)
    assert (done.code, "/proc/none" in done.err, "internal error" in done.err) == (2, True, False)


@pytest.mark.parametrize(
    "other",
    [
        ["--tree", ".", "--shards", "3"],
        ["--tree", "svc", "--shards", "2"],
        ["--tree", ".", "--shards", "2", "--env", "dev"],
    ],
)
def test_parts_of_a_run_that_was_asked_otherwise_are_never_put_together(project: Path, other: list[str]) -> None:
    asked = ["--run", "one", "-o", "json"]
    first = gate("audit", "--tree", ".", "--shards", "2", "--shard", "0", *asked, cwd=project)
    assert (first.code, first.out) == (0, "")
    for shard in ("1", "2") if "3" in other else ("1",):
        done = gate("audit", *other, "--shard", shard, *asked, cwd=project)
        assert (done.code, done.out) == (0, "")
    last = gate("audit", "--tree", ".", "--shards", "2", "--shard", "1", *asked, cwd=project)
    assert (last.code, last.report["complete"]) == (0, True)


def test_what_runs_leave_in_a_store_does_not_grow_for_ever(project: Path) -> None:
    part = ["audit", "--tree", ".", "--run", "one", "--shards", "2", "--shard", "0"]
    assert gate(*part, cwd=project).code == 0
    assert list((project / ".home").rglob("swept"))  # the folder was looked at, and brought back to its size
    store = SqlStore(f"sqlite:///{project / 'team.sqlite'}")
    for namespace in ("audit-subject", "audit-part", "layer"):
        store.put(namespace, "old", b"x")
    store.close()
    with sqlite3.connect(project / "team.sqlite") as connection:
        connection.execute("UPDATE gate_store SET written = written - 40 * 86400")
    assert gate(*part, "--store", "sqlite:///team.sqlite", cwd=project).code == 0
    with sqlite3.connect(project / "team.sqlite") as connection:
        rows = connection.execute("SELECT namespace, count(*) FROM gate_store GROUP BY namespace").fetchall()
    assert sorted(rows) == [("audit-part", 1), ("layer", 1)]


def test_a_folder_whose_name_is_no_text_is_refused_in_one_line(project: Path) -> None:
    (project / os.fsdecode(b"d\xff")).symlink_to("svc")
    done = gate("audit", "--tree", os.fsdecode(b"d\xff"), "-o", "json", cwd=project)
    assert (done.code, done.out) == (2, "")
    assert "is not UTF-8 text" in done.err and "internal error" not in done.err


def test_a_folder_without_anything_to_judge_is_no_pass(project: Path) -> None:
    (project / "empty").mkdir()
    found = report(project, "--tree", "empty", code=3)
    assert found["coverage"]["failures"] == ["empty: no Dockerfile or manifest was found"]


def test_what_is_left_out_is_counted_by_its_reason(project: Path) -> None:
    for name in ("Dockerfile.j2", "Dockerfile.tmpl"):
        (project / "svc" / name).write_text("FROM {{ base }}\n")
    found = report(project, "--tree", "svc")
    assert list(found["coverage"]["skipped"].values()) == [2]
    assert "svc" not in next(iter(found["coverage"]["skipped"]))


def test_exemptions_written_in_dockerfiles_are_listed_with_their_use(project: Path) -> None:
    (project / "svc" / "Dockerfile").write_text(
        '# gate: ignore=non-root reason="port below 1024" until=2026-12-01 owner=team-svc\n'
        '# gate: ignore=no-shell reason="debugging" until=2026-01-01 owner=team-svc\n'
        'FROM scratch\nCOPY server /\nENTRYPOINT ["/server"]\n'
    )
    (project / "gate.yaml").write_text("version: 1\n")
    for _ in range(2):
        found = report(project, "--tree", "svc", "--today", "2026-11-21")["exemptions"]
        assert {(one["rule"], one["owner"], one["source"], tuple(one["states"]), one["used"]) for one in found} == {
            ("non-root", "team-svc", "svc/Dockerfile:1", ("expiring",), 1),
            ("no-shell", "team-svc", "svc/Dockerfile:2", ("expired",), 0),
        }
