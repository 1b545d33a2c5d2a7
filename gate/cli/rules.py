"""``gate rules``: which there are, whether a team's own hold, and a start for a new one."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gate.cli import output
from gate.cli.options import asked, policy_options
from gate.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gate.cli.session import Session

_ID = re.compile(r"[a-z][a-z0-9_]{1,40}")


@click.group("rules")
def command() -> None:
    """List the rules, test them, start a new one."""


@command.command(
    "list",
    epilog="""\b
Examples:
  gate rules list                 what is judged, and at which level
  gate rules list --env dev       in another environment
  gate rules list -o json         ids, aliases, controls, for scripts
""",
)
@policy_options
@click.option("-o", "--output", "form", type=click.Choice(["text", "json"]), default="text")
def list_(form: str, **values: Any) -> None:
    """List the rules with their level in an environment, their severity and what they judge.

    Under fix: safe where gate check --fix edits for a rule in some cases, unsafe where only with --unsafe-fixes.
    """
    from gate.cli.session import open_session
    from gate.fixes.decisions import kind

    session = open_session(asked(values))
    if form == "json":
        import msgspec

        rows = list(_rows(session))
        output.write_stdout(msgspec.json.format(msgspec.json.encode(rows), indent=2).decode() + "\n")
        return
    rules = session.bundle.catalogue.values()
    width = max(len(rule.id) for rule in rules)
    lines = [f"{'rule':<{width}}  {'level':<6}  {'severity':<8}  {'fix':<6}  what it finds ({session.environment})"]
    for rule in rules:
        level = session.settings.level(rule.id, session.environment)
        lines.append(f"{rule.id:<{width}}  {level:<6}  {rule.severity:<8}  {kind(rule.id) or '-':<6}  {rule.title}")
    output.write_stdout("\n".join(lines) + "\n")


def _rows(session: Session) -> Iterator[dict[str, Any]]:
    from gate.fixes.decisions import kind

    for rule in session.bundle.catalogue.values():
        yield {
            "id": rule.id,
            "title": rule.title,
            "level": session.settings.level(rule.id, session.environment),
            "severity": rule.severity,
            "collection": rule.collection,
            "kinds": rule.kinds,
            "needs": rule.needs,
            "settled_on": rule.settled_on,
            "aliases": rule.aliases,
            "controls": rule.controls,
            "since": rule.since,
            "fixable": kind(rule.id),
        }


@command.command(
    "new",
    epilog="""\b
Example:
  gate rules new owner_label --dir policies/custom
  gate rules test policies/custom
  gate check --policy policies/custom .
""",
)
@click.argument("name")
@click.option("--dir", "folder", default="custom-policies", metavar="DIR", help="Where; made if it is not there.")
def new(name: str, folder: str) -> None:
    """Start a custom rule: Rego with its METADATA, a test, and cases.

    NAME is letters, digits and underscores; the rule is then custom/NAME.
    """
    from gate.cli.scaffold import FILES

    if not _ID.fullmatch(name):
        raise UsageError(f'"{name}" cannot be a rule', hint="Letters, digits and _ only, a letter first: owner_label.")
    root = Path(folder)
    paths = {root / pattern.format(name=name): text for pattern, text in FILES.items()}
    for path in paths:
        if path.exists():
            raise UsageError("it is there already", where=str(path))
    try:
        root.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"cannot be made: {error.strerror}", where=folder) from None
    for path, text in paths.items():
        output.write_file(path, text.replace("NAME", name))
        click.echo(f"wrote {path}")
    click.echo(f"next: gate rules test {folder}, then gate check --policy {folder}")


@command.command("test")
@click.argument("folders", nargs=-1, required=True, metavar="DIR...")
@click.option("--timeout", type=click.IntRange(1, 3600), default=60, metavar="SECONDS", help="For all tests of a DIR.")
def test(folders: tuple[str, ...], timeout: int) -> int:
    """Compile custom rules, and run their Rego tests and their cases.

    Tests are the rules `test_...` of files that end in _test.rego. Cases are cases.yaml files: a Dockerfile, the
    settings, and the whole set of findings to expect.
    """
    from gate.cli.trials import compile_all, run_cases, run_rego_tests

    failed = run = 0
    for folder in folders:
        if not Path(folder).is_dir():
            raise UsageError("there is no such folder", where=folder)
        compile_all(Path(folder))
        for name, problem in [*run_rego_tests(Path(folder), timeout), *run_cases(Path(folder))]:
            run += 1
            click.echo(f"{'FAIL' if problem else 'ok  '}  {name}" + (f"\n      {problem}" if problem else ""))
            failed += problem is not None
    if not run:
        click.echo(f"gate: {' '.join(folders)}: the policies compile, and nothing tests them", err=True)
        click.echo("  write test_... rules in *_test.rego, or cases.yaml: gate rules new shows both", err=True)
        return 4
    return 1 if failed else 0
