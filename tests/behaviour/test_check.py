"""gate check as its contract says: outputs, options, environments, exemptions, the cache, several processes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.behaviour.command_line import COMMAND, environment, gate

SCRATCH = 'FROM scratch\nCOPY app /app\nUSER 65532:65532\nENTRYPOINT ["/app"]\n'
ROOT_ON_SCRATCH = 'FROM scratch\nCOPY app /app\nENTRYPOINT ["/app"]\n'
NAMED = 'FROM gcr.io/distroless/static-debian12:nonroot\nCOPY app /app\nUSER nonroot:nonroot\nENTRYPOINT ["/app"]\n'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a Dockerfile that is denied by non-root alone."""
    (tmp_path / "Dockerfile").write_text(ROOT_ON_SCRATCH)
    return tmp_path


# --- outputs ------------------------------------------------------------------------------------------------------


def test_several_reports_are_written_in_one_run(folder: Path) -> None:
    done = gate("check", "-o", "json=r.json", "-o", "sarif=r.sarif", "-o", "text", cwd=folder)
    assert done.code == 1
    assert done.out.startswith("Dockerfile: denied (prod)\n")
    assert json.loads((folder / "r.json").read_text())["verdict"] == "deny"
    assert json.loads((folder / "r.sarif").read_text())["version"] == "2.1.0"
    assert sorted(path.name for path in folder.iterdir()) == [".home", "Dockerfile", "r.json", "r.sarif"]


def test_a_report_replaces_the_old_one_whole_and_keeps_its_mode_and_link(folder: Path) -> None:
    (folder / "real.json").write_text("old")
    (folder / "real.json").chmod(0o640)
    (folder / "r.json").symlink_to("real.json")
    gate("check", "-o", "json=r.json", cwd=folder)
    assert (folder / "r.json").is_symlink()
    assert json.loads((folder / "real.json").read_text())["version"] == "1"
    assert (folder / "real.json").stat().st_mode & 0o777 == 0o640


def test_the_output_variable_is_used_and_the_option_beats_it(folder: Path) -> None:
    assert gate("check", cwd=folder, variables={"GATE_OUTPUT": "json"}).report["verdict"] == "deny"
    text = gate("check", "-o", "text", cwd=folder, variables={"GATE_OUTPUT": "json"}).out
    assert text.startswith("Dockerfile: denied")


def test_one_line_when_all_is_well(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text(SCRATCH)
    done = gate("check", cwd=tmp_path)
    assert (done.code, done.err, done.out.count("\n")) == (0, "", 1)
    assert done.out.startswith("Dockerfile: pass (prod)")


def test_there_is_no_colour_but_on_a_terminal(folder: Path) -> None:
    assert "\x1b" not in gate("check", cwd=folder).out
    pty = "import pty, sys; sys.exit(pty.spawn(sys.argv[1:]) >> 8)"
    for variables, colour in (({}, True), ({"NO_COLOR": "1"}, False)):
        done = subprocess.run(
            [sys.executable, "-c", pty, *COMMAND, "check", "--no-cache"],
            cwd=folder,
            env=environment(folder, TERM="xterm", **variables),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )
        assert (b"\x1b[1;31m" in done.stdout) is colour
        assert done.returncode == 1


# --- what is judged -----------------------------------------------------------------------------------------------


def test_a_dockerfile_on_standard_input(tmp_path: Path) -> None:
    done = gate("check", "-o", "json", "-", cwd=tmp_path, stdin=ROOT_ON_SCRATCH.encode())
    assert done.code == 1
    assert [finding["rule"] for finding in done.report["results"][0]["findings"]] == ["non-root"]
    facts = gate("facts", "-o", "json", "-", cwd=tmp_path, stdin=ROOT_ON_SCRATCH.encode())
    assert json.loads(facts.out)[0]["facts"]["user"]["root"] is True
    shown = gate("check", "-", cwd=tmp_path, stdin=ROOT_ON_SCRATCH.encode()).out
    assert "1 | FROM scratch" in shown


def test_the_builds_of_gate_yaml_are_judged_as_they_say(tmp_path: Path) -> None:
    (tmp_path / "web").mkdir()
    (tmp_path / "web" / "Dockerfile").write_text(
        "ARG BASE=golang:1.23\nFROM ${BASE} AS final\nUSER 65532\nFROM scratch\n"
    )
    (tmp_path / "gate.yaml").write_text(
        "version: 1\nbuilds:\n"
        "  - {path: web/Dockerfile, target: final, args: {BASE: scratch}, image: ghcr.io/acme/web, environment: dev}\n"
    )
    report = gate("check", "-o", "json", cwd=tmp_path).report
    assert [
        (each["subject"]["target"], each["subject"]["image"], each["environment"]) for each in report["results"]
    ] == [("final", "ghcr.io/acme/web", "dev")]
    assert report["verdict"] == "pass"
    again = gate("check", "-o", "json", "--env", "prod", "--build-arg", "BASE=golang:1.23", cwd=tmp_path).report
    assert (again["results"][0]["environment"], again["verdict"]) == ("prod", "deny")


def test_gate_yaml_is_found_upwards_and_names_are_relative_to_it(tmp_path: Path) -> None:
    below = tmp_path / "services" / "api"
    below.mkdir(parents=True)
    (tmp_path / "gate.yaml").write_text("version: 1\nrules: {non-root: warn}\n")
    (below / "Dockerfile").write_text(ROOT_ON_SCRATCH)
    report = gate("check", "-o", "json", cwd=below).report
    assert report["results"][0]["subject"]["name"] == "services/api/Dockerfile"
    assert report["verdict"] == "pass"
    assert "1 | FROM scratch" in gate("check", cwd=below).out


def test_ignored_files_are_not_searched(tmp_path: Path) -> None:
    for name in ("kept", "ignored", "excluded"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "Dockerfile").write_text(SCRATCH)
    (tmp_path / ".gitignore").write_text("ignored/\n")
    (tmp_path / "gate.yaml").write_text("version: 1\nexclude: [excluded/**]\n")
    report = gate("check", "-o", "json", cwd=tmp_path).report
    assert [each["subject"]["name"] for each in report["results"]] == ["kept/Dockerfile"]


# --- verdicts -----------------------------------------------------------------------------------------------------


def test_environments_levels_and_exit_codes(folder: Path) -> None:
    assert gate("check", cwd=folder).code == 1
    assert gate("check", "--env", "dev", cwd=folder).code == 0
    assert gate("check", "--env", "dev", "--fail-on", "warn", cwd=folder).code == 1
    assert gate("check", "--exit-zero", cwd=folder).code == 0
    assert gate("check", cwd=folder, variables={"GATE_ENV": "dev"}).code == 0
    assert gate("check", "--exit-zero", "missing/Dockerfile", cwd=folder).code == 2


def test_what_cannot_be_known_is_exit_code_three(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM registry.acme.dev/base/app:1\nCOPY app /app\n")
    (tmp_path / "gate.yaml").write_text("version: 1\napproved_bases: ['registry.acme.dev/base/*']\n")
    done = gate("check", "-o", "json", cwd=tmp_path)
    assert done.code == 3
    assert done.report["verdict"] == "undecided"
    assert {each["rule"] for each in done.report["results"][0]["findings"] if each["status"] == "undecided"} == {
        "non-root",
        "no-shell",
    }
    (tmp_path / "gate.yaml").write_text("version: 1\nundecided: warn\napproved_bases: ['registry.acme.dev/base/*']\n")
    assert gate("check", cwd=tmp_path).code == 0


def test_an_exemption_waives_through_its_last_day(folder: Path) -> None:
    (folder / "gate.yaml").write_text(
        "version: 1\nexemptions:\n"
        "  - {rule: non-root, paths: [Dockerfile], reason: until the port, owner: team-shop, expires: 2027-03-31}\n"
    )
    held = gate("check", "-o", "json", "--today", "2027-03-31", cwd=folder)
    assert (held.code, held.report["summary"]["exempted"]) == (0, 1)
    assert held.report["results"][0]["findings"][0]["exemption"]["owner"] == "team-shop"
    over = gate("check", "-o", "json", "--today", "2027-04-01", cwd=folder)
    assert (over.code, over.report["unused_exemptions"][0]["state"]) == (1, "expired")
    listed = gate("exempt", "list", "--today", "2027-03-20", cwd=folder)
    assert listed.out.startswith("non-root: expiring, until 2027-03-31 (team-shop)")


def test_suggested_exemptions_make_it_pass(folder: Path) -> None:
    suggested = gate("exempt", "suggest", "--expires", "2027-01-31", "--owner", "me", "--reason", "for now", cwd=folder)
    assert suggested.code == 0
    (folder / "gate.yaml").write_text("version: 1\n" + suggested.out)
    assert gate("check", "--today", "2026-12-01", cwd=folder).code == 0


def test_only_findings_that_are_not_in_the_baseline_deny(folder: Path) -> None:
    gate("check", "-o", "json=old.json", cwd=folder)
    assert gate("check", "--baseline", "old.json", cwd=folder).code == 0
    (folder / "Dockerfile").write_text("# moved\n" + ROOT_ON_SCRATCH)
    assert gate("check", "--baseline", "old.json", cwd=folder).code == 0
    (folder / "Dockerfile").write_text(ROOT_ON_SCRATCH.replace("scratch", "golang:1.23"))
    again = gate("check", "-o", "json", "--baseline", "old.json", cwd=folder)
    assert again.code == 1


OUT_OF_THE_BOX = {
    "FROM python:3.12\n": {"non-root", "no-shell", "approved-base", "max-size"},
    'FROM alpine:3.20\nCOPY app /app\nUSER 10001:10001\nENTRYPOINT ["/app"]\n': {"no-shell"},
    'FROM gcr.io/distroless/static-debian13:nonroot\nCOPY app /app\nENTRYPOINT ["/app"]\n': set(),
    'FROM scratch\nCOPY app /app\nENTRYPOINT ["/app"]\n': {"non-root"},
}


@pytest.mark.parametrize(("text", "rules"), OUT_OF_THE_BOX.items(), ids=["python", "alpine", "distroless", "scratch"])
def test_what_denies_without_any_settings(text: str, rules: set[str], tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text(text)
    done = gate("check", "-o", "json", cwd=tmp_path)
    denied = {each["rule"] for each in done.report["results"][0]["findings"] if each["level"] == "deny"}
    assert (done.code, denied) == (1 if rules else 0, rules)


def test_four_denials_have_one_fix(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM python:3.12\n")
    text = gate("check", cwd=tmp_path).out
    assert text.count("FROM gcr.io/distroless/python3-debian13:nonroot") == 1
    assert "[approved-base, no-shell, non-root, max-size]" in " ".join(text.split())


def test_a_base_is_suggested_for_what_ships_and_not_for_what_built_it(tmp_path: Path) -> None:
    site = "FROM node:22.1.0-alpine AS build\nFROM nginx:1.27.2-alpine\nCOPY --from=build /dist /usr/share/nginx/html\n"
    (tmp_path / "Dockerfile").write_text(site)
    assert "distroless/nodejs" not in gate("check", cwd=tmp_path).out
    (tmp_path / "Dockerfile").write_text(site.replace("nginx:1.27.2-alpine", "debian:12"))
    assert "distroless/nodejs" in gate("check", cwd=tmp_path).out


def test_no_base_is_suggested_that_would_be_denied_again(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM python:3.12\n")
    (tmp_path / "gate.yaml").write_text("version: 1\napproved_bases: ['registry.acme.dev/base/*']\n")
    assert "distroless/python3" not in gate("check", cwd=tmp_path).out


# --- secrets ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["text", "json", "sarif", "junit", "github", "gitlab", "markdown"])
def test_a_secret_build_argument_is_in_no_report(form: str, tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text(
        "ARG NPM_TOKEN\nARG HOST=docker.io\nFROM ${HOST}/library/golang:${NPM_TOKEN}\nARG NPM_TOKEN\nUSER ${NPM_TOKEN}\n"
    )
    arguments = ["--build-arg", "NPM_TOKEN=hunter2-hunter2", "--build-arg", "HOST=quay.io"]
    done = gate("check", "-v", "-o", form, *arguments, cwd=tmp_path)
    assert done.code == 1
    assert "hunter2" not in done.out + done.err
    if form == "json":
        assert done.report["inputs"]["build_args"] == {"NPM_TOKEN": "[redacted]", "HOST": "quay.io"}
    facts = gate("facts", "-o", "json", *arguments, "Dockerfile", cwd=tmp_path)
    assert facts.code == 0
    assert "hunter2" not in facts.out


# --- many files ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sixty Dockerfiles of several verdicts, one unreadable, and exemptions."""
    root = tmp_path_factory.mktemp("many")
    for index in range(60):
        text = [SCRATCH, ROOT_ON_SCRATCH, NAMED, "FROM golang:1.23\n", "FRMO x\n"][index % 5]
        (root / f"{index:02}.Dockerfile").write_text(f"# {index}\n{text}")
    (root / "60.Dockerfile").write_bytes(b"#" * (5 << 20))
    (root / "gate.yaml").write_text(
        "version: 1\nexemptions:\n"
        "  - {rule: non-root, paths: ['01.Dockerfile'], reason: r, owner: o, expires: 2027-03-31}\n"
        "  - {rule: no-shell, paths: ['00.Dockerfile'], reason: r, owner: o, expires: 2027-03-31}\n"
    )
    return root


def test_several_processes_give_the_report_that_one_gives(many: Path) -> None:
    one, four = (
        gate("check", "--no-cache", "--today", "2026-12-01", "-o", "json", "--jobs", jobs, cwd=many) for jobs in "14"
    )
    counts = {name: count for name, count in one.report["summary"].items() if name != "warnings"}
    assert counts == {"subjects": 60, "denied": 35, "undecided": 0, "passed": 25, "exempted": 1, "skipped": 0}
    assert (one.code, one.report, one.err) == (four.code, four.report, four.err)


def test_remembered_results_are_the_ones_of_the_first_time(many: Path) -> None:
    arguments = ["check", "--today", "2026-12-01", "-o", "json", "-o", "text=report.txt"]
    first = gate(*arguments, cwd=many)
    text = (many / "report.txt").read_text()
    second = gate(*arguments, cwd=many)
    assert first.report == second.report
    assert (many / "report.txt").read_text() == text
    assert first.report == gate(*arguments, "--no-cache", cwd=many).report


def test_a_result_is_not_remembered_across_what_it_rests_on(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text(ROOT_ON_SCRATCH)
    cache = {"GATE_CACHE_DIR": str(tmp_path / "cache")}
    assert gate("check", cwd=tmp_path, variables=cache).code == 1
    assert gate("check", cwd=tmp_path, variables=cache).code == 1
    assert gate("check", "--env", "dev", cwd=tmp_path, variables=cache).code == 0
    assert gate("check", "--build-arg", "A=b", cwd=tmp_path, variables=cache).code == 1
    (tmp_path / "gate.yaml").write_text("version: 1\nrules: {non-root: warn}\n")
    assert gate("check", cwd=tmp_path, variables=cache).code == 0
    (tmp_path / "gate.yaml").unlink()
    (tmp_path / "Dockerfile").write_text(SCRATCH)
    assert gate("check", cwd=tmp_path, variables=cache).code == 0
    custom = tmp_path / "custom"
    assert gate("rules", "new", "labels", "--dir", "custom", cwd=tmp_path).code == 0
    assert gate("check", "--policy", "custom", cwd=tmp_path, variables=cache).code == 1
    rule = custom / "labels.rego"
    rule.write_text(rule.read_text().replace("stage.target\n", "stage.target == null\n"))
    assert gate("check", "--policy", "custom", cwd=tmp_path, variables=cache).code == 0


def test_a_damaged_or_foreign_cache_is_worked_around(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text(ROOT_ON_SCRATCH)
    cache = tmp_path / "cache"
    variables = {"GATE_CACHE_DIR": str(cache)}
    whole = gate("check", "-o", "json", cwd=tmp_path, variables=variables)
    entries = [path for path in cache.rglob("*") if path.is_file() and path.stat().st_size]
    assert entries
    for path in entries:
        path.write_bytes(path.read_bytes()[:-3] + b"xyz")
    assert gate("check", "-o", "json", cwd=tmp_path, variables=variables) == whole
    cache.chmod(0o777)
    assert gate("check", "-o", "json", cwd=tmp_path, variables=variables) == whole
    assert gate("check", "-o", "json", cwd=tmp_path, variables={"GATE_CACHE_DIR": "/dev/null/x"}) == whole


# --- start-up -----------------------------------------------------------------------------------------------------

HEAVY = ("kubernetes", "docker", "aiohttp", "requests", "rich", "opa_client", "sqlalchemy", "cryptography", "asyncio")
PROBE = """\
import sys
from gate.cli.main import exit_code
code = exit_code(sys.argv[1:])
import re
# Not ru_maxrss: it starts with the peak of the process that forked this one.
peak = re.search(r"VmHWM:\\s+([0-9]+) kB", open("/proc/self/status").read())[1]
print(sorted(set(sys.modules) & {names!r}), peak, code, file=sys.stderr)
"""


def test_a_dockerfile_is_judged_without_heavy_imports_in_little_memory(folder: Path) -> None:
    (folder / "Dockerfile").write_text("FROM golang:1.23 AS build\nRUN go build ./...\nFROM alpine:3.20\nUSER app\n")
    done = subprocess.run(
        [sys.executable, "-c", PROBE.format(names=set(HEAVY)), "check", "--no-cache", "Dockerfile"],
        cwd=folder,
        env=environment(folder),
        capture_output=True,
        text=True,
        check=False,
    )
    modules, memory, code = done.stderr.rsplit(" ", 2)
    assert (modules, code) == ("[]", "1\n")
    assert int(memory) < 80_000, "kilobytes"


def test_help_shows_examples_and_every_command_that_is_there(tmp_path: Path) -> None:
    done = gate("--help", cwd=tmp_path)
    assert done.code == 0
    assert {"check", "facts", "rules", "explain", "exempt", "completion"} <= set(done.out.split())
    assert "gate check Dockerfile" in done.out
    for command in ("check", "facts", "explain", "exempt", "rules"):
        assert "Usage: gate " + command in gate(command, "--help", cwd=tmp_path).out


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_completes_commands(shell: str, tmp_path: Path) -> None:
    assert "_GATE_COMPLETE" in gate("completion", shell, cwd=tmp_path).out
    variables = {"_GATE_COMPLETE": f"{shell}_complete", "COMP_WORDS": "gate exp", "COMP_CWORD": "1"}
    if shell == "fish":
        variables["COMP_CWORD"] = "exp"  # fish passes the word itself
    assert "explain" in gate(cwd=tmp_path, variables=variables).out
