"""Whatever is put before gate: one clear line, the exit code of the contract, the others judged, no traceback."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.behaviour.command_line import COMMAND, environment, gate

GOOD = 'FROM scratch\nCOPY app /app\nUSER 65532:65532\nENTRYPOINT ["/app"]\n'
BAD_RULE = """\
# METADATA
# title: t
# description: d
# custom: {severity: low, kinds: [dockerfile], needs: [dockerfile], fix: f}
package custom.%s

import data.gate.lib.finding

"""


def _missing(path: Path) -> None:
    pass


def _folder(path: Path) -> None:
    path.mkdir()


def _large(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(100 << 20)


def _loop(path: Path) -> None:
    path.symlink_to(path.name)


def _fifo(path: Path) -> None:
    os.mkfifo(path)


UNREADABLE = {
    "there is no such file": _missing,
    "it is a directory": _folder,
    "it is larger than": _large,
    "it is a loop of symbolic links": _loop,
    "it is not a regular file": _fifo,
}


@pytest.mark.parametrize("reason", UNREADABLE)
def test_a_target_that_cannot_be_read_is_said_and_the_others_are_judged(reason: str, tmp_path: Path) -> None:
    UNREADABLE[reason](tmp_path / "Dockerfile.odd")
    (tmp_path / "Dockerfile").write_text(GOOD)
    done = gate("check", "-o", "json", "dockerfile:Dockerfile.odd", "Dockerfile", cwd=tmp_path)
    assert done.code == 2
    assert len(done.err.splitlines()) <= 2
    assert done.err.startswith("gate: ") and "Dockerfile.odd" in done.err and reason in done.err
    assert [each["target"] for each in done.report["failures"]] in (["Dockerfile.odd"], ["dockerfile:Dockerfile.odd"])
    assert [each["verdict"] for each in done.report["results"]] == ["pass"]
    assert done.report["verdict"] == "undecided"


REFUSED = {
    "empty": b"",
    "only a comment": b"# nothing\n",
    "binary": bytes(range(256)) * 40,
    "no FROM": b"RUN make\n",
    "unknown instruction": b"FRMO scratch\n",
    "unknown stage": b"FROM scratch\nCOPY --from=nowhere:: /a /b\n",
    "open heredoc": b"FROM scratch\nCOPY <<EOF /a\nx\n",
    "cut short": b'FROM scratch\nENV A="b\n',
}


@pytest.mark.parametrize("data", REFUSED.values(), ids=REFUSED)
def test_a_dockerfile_that_does_not_build_is_denied(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_bytes(data)
    done = gate("check", "-o", "json", "Dockerfile", cwd=tmp_path)
    assert done.code == 1
    assert done.err == ""
    assert {each["rule"] for each in done.report["results"][0]["findings"]} == {"dockerfile-valid"}
    assert gate("facts", "Dockerfile", cwd=tmp_path).code == 1


def test_nothing_to_judge_is_exit_code_four(tmp_path: Path) -> None:
    done = gate("check", cwd=tmp_path)
    assert (done.code, done.out) == (4, "")
    assert done.err == "gate: nothing to judge: no Dockerfile in this folder\n"
    assert gate("check", "-o", "json", cwd=tmp_path).report["summary"]["subjects"] == 0


USAGE = {
    "an unknown command": (["chekc"], 'there is no command "chekc"; did you mean "gate check"?'),
    "an unknown option": (["check", "--targt", "x"], "no such option"),
    "an unknown format": (["check", "-o", "jsn"], 'there is no report format "jsn"'),
    "two reports for standard output": (["check", "-o", "json", "-o", "text"], "two reports for standard output"),
    "two reports for one file": (["check", "-o", "json=a", "-o", "text=a"], "two reports for a"),
    "a report in no folder": (["check", "-o", "json=no/where.json"], "no such folder"),
    "a report over a folder": (["check", "-o", "json=."], "it is a folder"),
    "a date that is none": (["check", "--today", "soon"], '"soon" is no date'),
    "a build argument without a value": (["check", "--build-arg", "TOKEN"], 'build argument "TOKEN" has no value'),
    "an unknown environment": (["check", "--env", "prdo"], 'no environment is called "prdo"'),
    "an unknown rule": (["explain", "nonroot"], 'there is no rule "nonroot"'),
    "a policy folder that is not there": (["check", "--policy", "nowhere"], "no such directory"),
    "a baseline that is not there": (["check", "--baseline", "old.json"], "there is no such file"),
    "settings that are not there": (["check", "--config", "other.yaml"], "cannot be read"),
    "contradicting options": (["check", "--online", "--offline"], "contradict"),
    "a platform that is none": (["check", "--platform", "junk", "."], "is no platform"),
    "an OPA for another engine": (["check", "--engine", "regorus", "--opa-url", "http://x"], "--opa-url is for"),
    "an image without a tag": (["check", "api"], "there is no such file"),
}


@pytest.mark.parametrize(("arguments", "message"), USAGE.values(), ids=USAGE)
def test_a_mistake_on_the_command_line_is_one_line_and_a_hint(
    arguments: list[str], message: str, tmp_path: Path
) -> None:
    (tmp_path / "Dockerfile").write_text(GOOD)
    done = gate(*arguments, cwd=tmp_path)
    assert (done.code, done.out) == (2, "")
    assert message in done.err and done.err.startswith("gate: ") and "Traceback" not in done.err
    assert len(done.err.splitlines()) <= 2


SETTINGS = {
    "a key nobody knows": ("version: 1\nrulez: {}\n", 2),
    "a key twice": ("version: 1\nrules: {}\nrules: {}\n", 3),
    "a rule nobody knows": ("version: 1\nrules:\n  non-rot: deny\n", 3),
    "a level nobody knows": ("version: 1\nrules:\n  non-root: off\n", 3),
    "an exemption without an owner": (
        "version: 1\nexemptions:\n  - {rule: no-shell, paths: ['a'], reason: r, expires: 2027-01-01}\n",
        3,
    ),
    "no YAML": ("version: 1\nrules: [\n", 3),
}


@pytest.mark.parametrize(("text", "line"), SETTINGS.values(), ids=SETTINGS)
def test_a_mistake_in_gate_yaml_is_said_with_its_line(text: str, line: int, tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text(GOOD)
    (tmp_path / "gate.yaml").write_text(text)
    done = gate("check", cwd=tmp_path)
    assert (done.code, done.out) == (2, "")
    assert f"gate.yaml:{line}" in done.err and "Traceback" not in done.err


POLICIES = {
    "does not parse": ("violations contains {\n", "broken.rego:"),
    "calls what it may not": (
        'violations contains finding.at(null, "x") if http.send({"url": "http://127.0.0.1"})\n',
        "http.send is not a function that gate's policies may call",
    ),
}


@pytest.mark.parametrize(("body", "message"), POLICIES.values(), ids=POLICIES)
def test_a_policy_that_does_not_compile_is_said_with_file_and_line(body: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text(GOOD)
    (tmp_path / "custom").mkdir()
    (tmp_path / "custom" / "broken.rego").write_text(BAD_RULE % "broken" + body)
    done = gate("check", "--policy", "custom", "Dockerfile", cwd=tmp_path)
    assert (done.code, done.out) == (2, "")
    assert message in done.err and "Traceback" not in done.err and "backtrace" not in done.err
    assert len(done.err.splitlines()) <= 2


UNDECIDED = {
    "never ends": 'violations contains finding.at(null, "x") if count([1 | some a in numbers.range(1, 900000); some b in'
    " numbers.range(1, 900000); a == b]) == 1\n",
    "conflicts": 'value := 1 if input.evidence\n\nvalue := 2 if input.evidence\n\nviolations contains finding.at(null, "x") if'
    " value == 3\n",
}


@pytest.mark.parametrize("body", UNDECIDED.values(), ids=UNDECIDED)
def test_a_policy_that_fails_is_undecided_and_the_other_rules_hold(body: str, tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM scratch\nCOPY app /app\n")
    (tmp_path / "custom").mkdir()
    (tmp_path / "custom" / "odd.rego").write_text(BAD_RULE % "odd" + body)
    done = gate("check", "--no-cache", "-o", "json", "--policy", "custom", "Dockerfile", cwd=tmp_path)
    found = {
        (each["rule"], each["status"]) for each in done.report["results"][0]["findings"] if each["level"] == "deny"
    }
    assert done.code == 1
    assert found == {("custom/odd", "undecided"), ("non-root", "violation")}


def test_an_opa_that_is_down_is_said_once_and_no_target_passes(tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        (tmp_path / f"{name}.Dockerfile").write_text(GOOD)
    done = gate("check", "--no-cache", "-o", "json", "--opa-url", "http://127.0.0.1:9", cwd=tmp_path)
    assert done.code == 2
    assert done.report["results"] == []
    assert [each["target"] for each in done.report["failures"]] == ["a.Dockerfile", "2 more targets"]
    assert "Traceback" not in done.err


def test_a_reader_that_goes_away_costs_nothing_but_its_text(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM golang:1.23\n")
    command = [*COMMAND, "check", "--no-cache", "-o", "json=whole.json", "-o", "text", "Dockerfile"]
    with subprocess.Popen(
        command, cwd=tmp_path, env=environment(tmp_path), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None and process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(timeout=60) == 1
    assert json.loads((tmp_path / "whole.json").read_text())["verdict"] == "deny"


def test_an_interrupt_ends_it_with_one_line_and_nothing_half_written(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    command = [*COMMAND, "check", "--no-cache", "-o", "json=report.json", "-"]
    with subprocess.Popen(
        command, cwd=tmp_path, env=environment(tmp_path), stdin=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdin is not None and process.stderr is not None
        process.stdin.write(b"FROM scratch\n")
        process.stdin.flush()
        _wait_until_it_reads(process.pid)
        process.send_signal(signal.SIGINT)
        assert process.stderr.read() == b"gate: interrupted\n"
        assert process.wait(timeout=60) == 130
    assert sorted(path.name for path in tmp_path.iterdir() if path.name != "pipe") == []


def _wait_until_it_reads(pid: int) -> None:
    """Until the process waits for its standard input, as the kernel tells."""
    for _ in range(2_000):
        call = Path(f"/proc/{pid}/syscall")
        if call.exists() and call.read_text().split()[:2] == ["0", "0x0"]:
            return
        time.sleep(0.01)
    pytest.skip("the kernel does not tell what a process waits for")


def test_a_report_that_cannot_be_written_is_said_and_the_others_are_there(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text(GOOD)
    done = gate("check", "--no-cache", "-o", "sarif=/dev/full", "-o", "json=report.json", "Dockerfile", cwd=tmp_path)
    assert done.code == 2
    assert done.err == "gate: /dev/full: cannot be written: No space left on device\n"
    assert json.loads((tmp_path / "report.json").read_text())["verdict"] == "pass"


def test_a_bug_is_reported_in_short_and_the_others_are_judged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from gate.cli import judging
    from gate.cli.main import exit_code

    real: Callable[..., object] = judging.collect

    def collect(session: object, target: object, data: object = None) -> object:
        if "odd" in str(target):
            raise ZeroDivisionError("division by zero")
        return real(session, target, data)

    (tmp_path / "odd.Dockerfile").write_text(GOOD)
    (tmp_path / "even.Dockerfile").write_text(GOOD)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(judging, "collect", collect)
    code = exit_code(["check", "--no-cache", "-o", "json", "odd.Dockerfile", "even.Dockerfile"])
    told = capsys.readouterr()
    report = json.loads(told.out)
    assert code == 5
    assert [each["subject"]["name"] for each in report["results"]] == ["even.Dockerfile"]
    assert [each["internal"] for each in report["failures"]] == [True]
    assert "ZeroDivisionError" in told.err and "Traceback" not in told.err


def test_a_bug_outside_of_targets_is_reported_in_short(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from gate.cli import main, session

    def broken(*_: object, **__: object) -> object:
        raise AssertionError("cannot be")

    monkeypatch.setattr(session, "open_session", broken)
    assert main.exit_code(["rules", "list"]) == 5
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.startswith("gate: internal error: AssertionError: cannot be\n")
    assert len(told.err.splitlines()) == 3


@pytest.mark.parametrize("where", ["closed", "full"])
def test_standard_output_that_fails_is_no_traceback(where: str, tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM golang:1.23\n")
    shell = {"closed": ">&-", "full": ">/dev/full"}[where]
    done = subprocess.run(
        ["sh", "-c", f'"{sys.executable}" -m gate check --no-cache Dockerfile {shell}'],
        cwd=tmp_path,
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "Traceback" not in done.stderr
    assert (done.returncode, done.stderr.startswith("gate: standard output: cannot be written")) == (2, True)


@pytest.mark.parametrize(
    "text",
    [
        "".join(f"FROM scratch AS s{number}\n" for number in range(251)),
        "FROM scratch\nLABEL " + " ".join(f"a{number}=b" for number in range(2_001)) + "\n",
        "FROM scratch AS s\n" + "ONBUILD USER 5\n" * 200 + "".join(f"FROM s AS t{number}\n" for number in range(100)),
    ],
)
def test_a_dockerfile_too_large_for_the_rules_is_not_judged_and_the_others_are(text: str, tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text(text)
    (tmp_path / "Dockerfile.good").write_text("FROM scratch\nUSER 5\n")
    done = gate("check", "-o", "json", "Dockerfile", "Dockerfile.good", cwd=tmp_path)
    assert done.code == 2
    assert "too large to be judged" in done.err
    assert [each["subject"]["name"] for each in done.report["results"]] == ["Dockerfile.good"]
