"""What gate says when a command line or a file is wrong: once, in one line with a place, and what to do next."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.behaviour.command_line import gate

GOOD = "FROM scratch\nCOPY app /app\nUSER 65532:65532\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three Dockerfiles."""
    for name in ("a", "b", "c"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "Dockerfile").write_text(GOOD)
    return tmp_path


@pytest.mark.parametrize("group", [[], ["rules"], ["exempt"]])
def test_a_group_without_a_command_shows_its_help_and_is_a_usage_error(folder: Path, group: list[str]) -> None:
    done = gate(*group, cwd=folder)
    assert (done.code, done.out) == (2, "")
    assert done.err == gate(*group, "--help", cwd=folder).out


@pytest.mark.parametrize(
    ("arguments", "start"),
    [
        (["check", "--baseline", "no.json"], "gate: no.json: cannot be read: there is no such file"),
        (["check", "--baseline", "a/Dockerfile"], "gate: a/Dockerfile: is not a report of gate check"),
        (["check", "--config", "no.yaml"], "gate: "),
        (["check", "--policy", "no"], "gate: no: no such directory"),
    ],
)
def test_what_is_wrong_with_the_run_is_said_once_and_not_for_every_target(
    folder: Path, arguments: list[str], start: str
) -> None:
    done = gate(*arguments, cwd=folder)
    assert done.code == 2
    assert done.err.startswith(start)
    assert done.err.count("gate: ") == 1


@pytest.mark.parametrize("command", ["check", "facts"])
def test_a_broken_lock_is_said_once(folder: Path, command: str) -> None:
    (folder / "gate.lock").write_text("{")
    done = gate(command, ".", cwd=folder)
    assert (done.code, done.err.count("gate.lock:")) == (2, 1)


def test_the_address_of_an_opa_is_shown_without_its_secrets(folder: Path) -> None:
    done = gate("check", "a", "--opa-url", "ftp://user:geheim@host/x?token=geheim", cwd=folder)
    assert done.code == 2
    assert "ftp://host: not the URL of an OPA" in done.err and "geheim" not in done.err


def test_every_mistake_of_gate_yaml_is_said_once_with_its_line(folder: Path) -> None:
    path = folder / "gate.yaml"
    path.write_text("version: 1\nrulse: {}\nrules: {no-shel: deny}\n")
    done = gate("check", cwd=folder)
    assert (done.code, done.err) == (
        2,
        f'gate: {path}:2: gate.yaml has no key "rulse"\n  did you mean "rules"?\n'
        f'gate: {path}:3: no rule is called "no-shel"\n  did you mean "no-shell"?\n',
    )


def test_a_registry_has_one_row(folder: Path) -> None:
    (folder / "gate.yaml").write_text(
        "version: 1\nregistries: [{host: x.example}, {host: x.example, insecure: true}]\n"
    )
    done = gate("check", cwd=folder)
    assert (done.code, done.err) == (2, f'gate: {folder}/gate.yaml:2: registry "x.example" is there twice\n')


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("", 'gate: "": a target without a name\n  leave it out to judge the current folder\n'),
        ("  ", 'gate: "  ": a target without a name\n  leave it out to judge the current folder\n'),
        ("oci:nothing", "gate: oci:nothing: there is no such file\n"),
        ("nothing", "gate: nothing: there is no such file\n  did you mean docker://nothing?\n"),
        ("x\ngate: all is well", "gate: x gate: all is well: there is no such file\n"),
        (
            "http://host/x",
            "gate: http://host/x: gate judges no URLs\n  for an image write docker://HOST/REPOSITORY:TAG\n",
        ),
    ],
)
def test_a_target_that_is_none_is_one_message(folder: Path, target: str, message: str) -> None:
    done = gate("check", target, cwd=folder)
    assert (done.code, done.out, done.err) == (2, "", message)


@pytest.mark.parametrize(
    ("option", "meant"),
    [("--format", "--output"), ("--environment", "--env"), ("--outptu", "--output"), ("--plattform", "--platform")],
)
def test_an_option_that_is_called_otherwise_is_named(folder: Path, option: str, meant: str) -> None:
    done = gate("check", option, "x", cwd=folder)
    assert (done.code, done.err) == (
        2,
        f"gate: no such option '{option}'. Did you mean '{meant}'? (see gate check --help)\n",
    )


def test_a_platform_that_is_none_is_said_before_anybody_is_asked(folder: Path) -> None:
    for command in (["check"], ["facts", "a"], ["lock"]):
        done = gate(*command, "--platform", "x", cwd=folder)
        assert (done.code, done.err) == (2, 'gate: "x" is no platform\n  Write it as linux/amd64.\n')


def test_a_lock_that_would_say_nothing_is_not_written(folder: Path) -> None:
    (folder / "a" / "Dockerfile").write_text("FROM registry.invalid/x:1\n")
    assert gate("lock", "a", cwd=folder).code == 2
    assert gate("lock", "missing", cwd=folder).code == 2
    assert not (folder / "gate.lock").exists()


def test_against_is_for_images(folder: Path) -> None:
    done = gate("check", "a", "--against", "docker://x.invalid/y:1", cwd=folder)
    assert (done.code, done.err) == (
        2,
        "gate: --against compares images, and there is none among the targets\n  Leave it out.\n",
    )


@pytest.mark.parametrize(
    "url", ["foo://x", "x", "sqlite://", "postgresql://u:geheim@[::1", "mysql://u:geheim@host/x", "postgresql://h:x/y"]
)
def test_a_store_that_is_no_database_is_said_without_its_secrets(folder: Path, url: str) -> None:
    for command in (["audit", "--tree", "."], ["audit", "history"]):
        done = gate(*command, "--store", url, cwd=folder)
        assert (done.code, done.err) == (
            2,
            "gate: that is not the URL of a database\n  Write sqlite:///FILE or postgresql://USER@HOST/NAME.\n",
        )
