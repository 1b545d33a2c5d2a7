"""``gate explain RULE``: what a rule wants, why, and how to meet it, offline."""

from __future__ import annotations

import sys
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

import click

from gate.cli.options import asked, policy_options
from gate.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from gate.bundle.catalogue import Parameter, Rule
    from gate.cli.session import Session


@click.command(
    "explain",
    epilog="""\b
Examples:
  gate explain non-root      by its id
  gate explain DL3002        by another tool's id for the same fault
  gate explain --env dev no-shell
""",
)
@click.argument("rule")
@policy_options
def command(rule: str, **values: Any) -> None:
    """Say what a RULE wants, why, and how to meet it.

    RULE is an id, or what hadolint, Trivy, Checkov or Docker call the same fault.
    """
    from gate.cli.session import open_session
    from gate.finding import REFUSED

    session = open_session(asked(values))
    found = find(rule, session.bundle.catalogue)
    if not found:
        if rule.casefold() in ("dockerfile-valid", *(alias.casefold() for alias in REFUSED)):
            _print(_VALID)
            return
        close = get_close_matches(rule, session.bundle.catalogue, n=1)
        hint = f'Did you mean "{close[0]}"?' if close else "gate rules list shows them all."
        raise UsageError(f'there is no rule "{rule}"', hint=hint)
    _print("\n\n".join("\n".join(_explained(each, session)) for each in found))


_VALID = """\
dockerfile-valid: The Dockerfile does not build (high)

  BuildKit would refuse this file, or two readers of it would not agree on what it says. The other
  rules are not run on it. It is built in: it cannot be set to warn, ignored or exempted.

fix
  Correct it until `docker build` accepts the file."""


def find(text: str, catalogue: Mapping[str, Rule]) -> list[Rule]:
    """The rules of that id, or with that alias in any spelling."""
    if text in catalogue:
        return [catalogue[text]]
    wanted = text.casefold()
    return [rule for rule in catalogue.values() if wanted in {alias.casefold() for alias in rule.aliases}]


def _edits(rule: str) -> Iterator[str]:
    """What --fix does about it, where it does something."""
    from gate.fixes.decisions import DECISIONS

    found = DECISIONS.get(rule)
    if found and found.kind != "no":
        yield ""
        yield "gate check --fix" + (" --unsafe-fixes" if found.kind == "unsafe" else "")
        yield from _wrapped(found.told)


def _explained(rule: Rule, session: Session) -> Iterator[str]:
    environment = session.environment
    level = session.settings.level(rule.id, environment)
    yield f"{rule.id}: {rule.title} ({rule.severity})"
    yield ""
    yield from _wrapped(rule.description)
    yield ""
    yield "fix"
    yield from _wrapped(rule.fix)
    yield from _edits(rule.id)
    yield ""
    yield f"level       {level} in {environment}"
    yield f"judges      {', '.join(rule.kinds)}"
    yield f"rests on    {', '.join(rule.needs) or 'nothing but the text'}"
    if rule.settled_on:
        yield f"settled on  {', '.join(rule.settled_on)}"
    yield f"collection  {rule.collection}"
    if rule.aliases:
        yield f"also known  {', '.join(rule.aliases)}"
    if rule.controls:
        yield f"controls    {', '.join(rule.controls)}"
    if rule.parameters:
        yield ""
        yield f"parameters (rules.{rule.id} in gate.yaml)"
        own = session.settings.parameters(rule.id, environment)
        for parameter in rule.parameters.values():
            yield from _parameter(parameter, own.get(parameter.name))
    for page in rule.related:
        yield ""
        yield f"see {page.ref}" + (f" ({page.description})" if page.description else "")


def _parameter(parameter: Parameter, value: Any) -> Iterator[str]:
    yield f"  {parameter.name}: {_shown(value)}"
    for line in _wrapped(parameter.description):
        yield f"  {line}"


def _shown(value: Any) -> str:
    """A parameter's value in short; patterns by their text."""
    if isinstance(value, list):
        parts = [
            str(each.get("image") or each.get("url") or each) if isinstance(each, dict) else str(each) for each in value
        ]
        return "[" + ", ".join(parts[:6]) + (f", … {len(parts) - 6} more" if len(parts) > 6 else "") + "]"
    return "none" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def _wrapped(text: str) -> list[str]:
    from textwrap import wrap

    return [f"  {line}" for line in wrap(" ".join(text.split()), 94)]


def _print(text: str) -> None:
    from gate.cli.output import write_stdout

    write_stdout(text + "\n")
    sys.stdout.flush()
