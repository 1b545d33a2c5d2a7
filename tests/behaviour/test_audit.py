"""``gate audit`` as a platform team runs it: trees, a real registry, history, shards over a real database, the page."""

from __future__ import annotations

import csv
import io
import json
import re
import sqlite3
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.behaviour.command_line import COMMAND, environment, gate
from tests.support.layered import PROGRAM, file, folder, image_of, layer, link
from tests.support.oci_images import Pusher
from tests.support.postgres import Postgres
from tests.support.registry import Registry

GOOD = 'FROM scratch\nCOPY server /server\nUSER 65532:65532\nENTRYPOINT ["/server"]\n'
BAD = 'FROM scratch\nCOPY server /server\nENTRYPOINT ["/server"]\n'


def program(layer_name: str) -> bytes:
    return layer(folder("app"), file(f"app/{layer_name}", PROGRAM))


@pytest.fixture(scope="module")
def images(docker_registry: Registry) -> Registry:
    """Two images that share a layer, one of them with a shell and as root; two tags of one."""
    push = Pusher(docker_registry.url)
    shared = layer(folder("bin"), file("bin/busybox", PROGRAM), link("bin/sh", "/bin/busybox"))
    labels = {
        "org.opencontainers.image.source": "https://git.example/acme/api",
        "org.opencontainers.image.revision": "abc",
    }
    bad = image_of(shared, program("api"), User="", Labels=labels, Entrypoint=["/app/api"])
    good = image_of(program("web"), User="65532", Entrypoint=["/app/web"])
    push.image("acme/api", "1", bad)
    push.image("acme/api", "latest", bad)
    push.image("acme/web", "1", good)
    return docker_registry


@pytest.fixture
def project(tmp_path: Path, docker_registry: Registry) -> Path:
    (tmp_path / ".home").mkdir()
    (tmp_path / "gate.yaml").write_text(
        f'version: 1\nregistries: [{{host: "{docker_registry.host}", insecure: true}}]\n'
        f"builds: [{{path: api/Dockerfile, image: {docker_registry.host}/acme/api}}, {{path: web/Dockerfile}}]\n"
        "rules: {max-size: warn}\n"
        "exemptions:\n- {rule: base-pinned, paths: [none/Dockerfile], reason: r, owner: o, expires: 2026-01-01}\n"
    )
    for name, text in (("api", BAD), ("web", GOOD)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "Dockerfile").write_text(text)
    (tmp_path / "CODEOWNERS").write_text("* @everybody\n/api/ @team-api\n")
    return tmp_path


def report(project: Path, *arguments: str, code: int = 0) -> dict[str, Any]:
    done = gate("audit", *arguments, "-o", "json", cwd=project)
    assert done.code == code, done.err
    return done.report


def verdicts(found: dict[str, Any]) -> set[tuple[str, str, str]]:
    return {(r["kind"], re.sub(r"127\.0\.0\.1:\d+/", "", r["name"]), r["verdict"]) for r in found["results"]}


def test_a_tree_is_judged_with_its_code_owners(project: Path) -> None:
    found = report(project, "--tree", ".")
    owners = {(Path(r["name"]).parent.name, r["verdict"], tuple(r["owners"])) for r in found["results"]}
    assert owners == {("api", "deny", ("@team-api",)), ("web", "pass", ("@everybody",))}
    assert found["complete"] and found["coverage"]["seen"] == {"files": 2}


@pytest.mark.registry
def test_a_registry_is_judged_by_digest_and_joined_with_the_dockerfile_to_change(
    project: Path, images: Registry
) -> None:
    found = report(
        project, "--tree", ".", "--registry", images.host, "--repository", "acme/api", "--repository", "acme/web"
    )
    assert verdicts(found) == {
        ("dockerfile", "api/Dockerfile", "deny"),
        ("dockerfile", "web/Dockerfile", "pass"),
        ("image", "acme/api:1", "deny"),
        ("image", "acme/web:1", "pass"),
    }
    (api,) = [r for r in found["results"] if r["kind"] == "image" and "api" in r["name"]]
    assert sorted(api["tags"]) == ["1", "latest"]
    assert (api["source"]["dockerfile"], api["source"]["joined_by"], api["source"]["revision"]) == (
        "api/Dockerfile",
        "builds",
        "abc",
    )
    assert {f["rule"] for f in api["findings"] if f["level"] == "deny" and f["status"] == "violation"} >= {
        "non-root",
        "no-shell",
    }
    assert api["size"]["layers"] and api["shells"]


@pytest.mark.registry
def test_a_repository_that_is_refused_makes_the_run_incomplete_and_hides_nothing(
    project: Path, images: Registry
) -> None:
    found = report(project, "--registry", images.host, "--repository", "acme/web", "--repository", "acme/none", code=3)
    assert not found["complete"]
    assert any("acme/none" in failure for failure in found["coverage"]["failures"])
    assert len(found["results"]) == 1


@pytest.mark.registry
def test_a_stricter_candidate_shows_what_it_would_refuse(project: Path, images: Registry) -> None:
    (project / "lenient.yaml").write_text(
        f'version: 1\nregistries: [{{host: "{images.host}", insecure: true}}]\n'
        "rules: {non-root: warn, no-shell: warn, approved-base: warn}\n"
    )
    (project / "strict.yaml").write_text(f'version: 1\nregistries: [{{host: "{images.host}", insecure: true}}]\n')
    found = report(
        project,
        "--config",
        "lenient.yaml",
        "--candidate",
        "strict.yaml",
        "--registry",
        images.host,
        "--repository",
        "acme/api",
    )
    (api,) = found["results"]
    assert (api["verdict"], api["at_restart"], found["totals"]["refused_at_restart"]) == ("pass", "deny", 1)
    assert {(one["rule"], one["was"], one["now"]) for one in found["loosened"]} >= {("non-root", "deny", "warn")}


def test_history_diff_and_trend_tell_what_changed(project: Path) -> None:
    assert gate("audit", "--tree", ".", cwd=project).code == 0
    (project / "api" / "Dockerfile").write_text(GOOD)
    assert gate("audit", "--tree", ".", "--run", "second", cwd=project).code == 0
    listed = gate("audit", "history", cwd=project)
    assert len(listed.out.splitlines()) == 3 and "second" in listed.out
    changed = gate("audit", "diff", "--json", cwd=project).report
    assert [(one["rule"], Path(one["name"]).parent.name) for one in changed["fixed"]] == [("non-root", "api")]
    assert changed["new"] == []
    assert "non-root" in gate("audit", "trend", cwd=project).out


def test_exemptions_suggested_from_an_audit_let_it_pass(project: Path) -> None:
    assert gate("audit", "--tree", ".", "--run", "first", cwd=project).code == 0
    asked = ["--from", "first", "--expires", "30d", "--owner", "o", "--reason", "onboarding"]
    suggested = gate("exempt", "suggest", *asked, cwd=project)
    assert (suggested.code, "rule: non-root" in suggested.out) == (0, True)
    text = (project / "gate.yaml").read_text()
    (project / "gate.yaml").write_text(text[: text.index("exemptions:")] + suggested.out)
    found = report(project, "--tree", ".")
    assert (found["totals"]["denied"], found["totals"]["exempted"]) == (0, 1)
    assert gate("exempt", "suggest", "--from", "none", "--expires", "30d", cwd=project).code == 2


def test_exemptions_suggested_from_an_audit_have_the_owners_it_found(project: Path) -> None:
    (project / "web" / "Dockerfile").write_text(BAD)
    assert gate("audit", "--tree", ".", "--run", "first", cwd=project).code == 0
    suggested = gate("exempt", "suggest", "--from", "first", "--expires", "30d", "--reason", "onboarding", cwd=project)
    found = yaml.safe_load(suggested.out)["exemptions"]
    rows = {(one["owner"], one["rule"], path) for one in found for path in one["paths"]}
    assert rows >= {("@team-api", "non-root", "api/Dockerfile"), ("@everybody", "non-root", "web/Dockerfile")}
    text = (project / "gate.yaml").read_text()
    (project / "gate.yaml").write_text(text[: text.index("exemptions:")] + suggested.out)
    assert report(project, "--tree", ".")["totals"]["denied"] == 0
    both = gate("exempt", "suggest", "web", "--from", "first", "--expires", "30d", cwd=project)
    assert (both.code, "--from" in both.err) == (2, True)


def test_every_format_is_written_in_one_run(project: Path) -> None:
    outputs = [f"{name}=out.{name}" for name in ("json", "html", "csv", "markdown", "sarif", "prometheus")]
    done = gate("audit", "--tree", ".", *(part for one in outputs for part in ("-o", one)), cwd=project)
    assert (done.code, done.out) == (0, "")
    rows = list(csv.DictReader(io.StringIO((project / "out.csv").read_text())))
    assert {(row["rule"], row["verdict"]) for row in rows} >= {("non-root", "deny"), ("", "pass")} or len(rows) >= 2
    assert 'gate_audit_subjects{verdict="deny"} 1' in (project / "out.prometheus").read_text()
    sarif = json.loads((project / "out.sarif").read_text())
    assert {result["ruleId"] for result in sarif["runs"][0]["results"]} >= {"non-root"}
    assert "**1 denied**" in (project / "out.markdown").read_text()


def test_a_cell_that_looks_like_a_formula_is_text() -> None:
    from gate.audit.text import _formula_free

    assert [_formula_free(value) for value in ("=1+1", "@x", "-1", "plain")] == ["'=1+1", "'@x", "'-1", "plain"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "nothing to audit"),
        (["--tree", "none"], "none: no such folder"),
        (["--tree", ".", "-o", "pdf"], 'no format "pdf"'),
        (["--tree", ".", "--shards", "2"], "--shards needs --run"),
        (["--tree", ".", "--store", "nonsense://"], "database"),
        (["--cluster", "--kubeconfig", "none"], "cannot load the cluster's configuration"),
        (["--cluster", "--kubeconfig", "garbage"], "cannot load the cluster's configuration"),
        (["--tree", ".", "--candidate", "none.yaml"], "none.yaml: cannot be read"),
        (["--tree", ".", "--candidate", "garbage"], "garbage:1"),
        (["--tree", ".", "--candidate-policy", "broken"], "broken/x.rego"),
        (["--tree", ".", "--candidate-policy", "none"], "none"),
        (["--tree", ".", "--store", "postgresql://127.0.0.1:1/x"], "the history's database fails"),
        (["--tree", ".", "--store", "sqlite:////nowhere/at/all.db"], "the history's database fails"),
        (["--tree", ".", "--store", "sqlite:///newer.sqlite"], "schema 99"),
        (["--tree", ".", "-o", "html=/nowhere/x.html"], "/nowhere/x.html"),
        (["diff", "none"], "there is no audit"),
        (["trend", "none"], "there is no audit"),
    ],
)
def test_bad_input_is_one_clear_line(project: Path, arguments: list[str], said: str) -> None:
    (project / "garbage").write_text("{{{")
    (project / "broken").mkdir()
    (project / "broken" / "x.rego").write_text("package custom.x\nfoo {\n")
    with sqlite3.connect(project / "newer.sqlite") as connection:
        connection.execute("CREATE TABLE gate_schema (version INTEGER NOT NULL)")
        connection.execute("INSERT INTO gate_schema VALUES (99)")
    done = gate("audit", *arguments, cwd=project)
    assert done.code == (3 if arguments == ["--tree", "none"] else 2)
    assert said in done.out + done.err
    assert "Traceback" not in done.err


def test_an_api_server_that_is_gone_makes_the_run_incomplete_by_name(project: Path) -> None:
    config = {
        "clusters": [{"name": "c", "cluster": {"server": "https://127.0.0.1:1"}}], "current-context": "c",
        "users": [{"name": "u", "user": {"token": "t"}}],
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
    }  # fmt: skip
    (project / "kubeconfig").write_text(json.dumps({"apiVersion": "v1", "kind": "Config", **config}))
    found = report(project, "--cluster", "--kubeconfig", "kubeconfig", code=3)
    assert (found["complete"], found["results"]) == (False, [])
    assert any("https://127.0.0.1:1" in failure for failure in found["coverage"]["failures"])


def _shard(project: Path, url: str, run: str, index: int, registry: str) -> subprocess.Popen[bytes]:
    command = [
        *COMMAND,
        "audit",
        "--registry",
        registry,
        "--store",
        url,
        "--run",
        run,
        "--shards",
        "3",
        "-o",
        f"json={index}.json",
    ]
    variables = environment(project / ".home", JOB_COMPLETION_INDEX=str(index))
    return subprocess.Popen(command, cwd=project, env=variables, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


@pytest.mark.registry
@pytest.mark.postgres
def test_shards_over_a_shared_database_add_up_to_one_run(project: Path, images: Registry, postgres: Postgres) -> None:
    url = postgres.new_database()
    scope = ["--registry", images.host]
    whole = report(project, *scope, "--store", url, "--run", "whole", code=0)
    shards = [_shard(project, url, "parts", index, images.host) for index in range(3)]
    assert [shard.wait(60) for shard in shards] == [0, 0, 0], [shard.communicate() for shard in shards]
    merged = [
        json.loads(path.read_text()) for path in (project / f"{index}.json" for index in range(3)) if path.exists()
    ]
    assert merged, "the last shard writes the report"
    for one in merged:
        assert (one["results"], one["totals"], one["coverage"]) == (
            whole["results"],
            whole["totals"],
            whole["coverage"],
        )
