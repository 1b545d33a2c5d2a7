"""``gate exempt``: the exemptions there are, and those it would take to pass as it is."""

from __future__ import annotations

import datetime
import re
from typing import TYPE_CHECKING, Any

import click

from gate.cli import output
from gate.cli.options import asked, day, judging_options, policy_options
from gate.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gate.audit.model import AuditReport
    from gate.settings.model import Exemption

_HEAD = "exemptions:\n"

SOON = datetime.timedelta(days=30)


@click.group("exempt")
def command() -> None:
    """List exemptions, or suggest them for what is found."""


@command.command("list")
@policy_options
@click.option("--today", metavar="DATE", help="The day to look from; else today, UTC.")
@click.option("-o", "--output", "form", type=click.Choice(["text", "json"]), default="text")
def list_(form: str, **values: Any) -> None:
    """List the exemptions of gate.yaml: what they waive, who answers for them, until when."""
    from gate.cli.session import open_session

    session = open_session(asked(values))
    exemptions = session.settings.written.exemptions
    if form == "json":
        import msgspec

        rows = [{**_row(each), "state": _state(each, session.today)} for each in exemptions]
        output.write_stdout(msgspec.json.format(msgspec.json.encode(rows), indent=2).decode() + "\n")
        return
    lines = [line for each in exemptions for line in _text(each, session.today)]
    output.write_stdout("\n".join(lines or ["no exemptions"]) + "\n")


@command.command(
    "suggest",
    epilog="""\b
Examples:
  gate exempt suggest --expires 30d --owner team-shop >> gate.yaml
  gate exempt suggest services/legacy --expires 2027-03-31
  gate exempt suggest --from nightly --expires 30d       for what an audit found; see gate audit history
""",
)
@click.argument("targets", nargs=-1, metavar="[TARGET]...")
@judging_options
@click.option("--expires", required=True, metavar="DATE|DAYS", help="A date, or a number of days such as 30d.")
@click.option("--from", "audit", metavar="RUN", help="For what this audit found, instead of targets.")
@click.option("--store", metavar="URL", help="The audit's history. [GATE_STORE_URL]")
@click.option("--owner", metavar="WHO", help="Who answers for them.")
@click.option("--reason", metavar="WHY", help="Why they may stay as they are.")
def suggest(
    targets: tuple[str, ...],
    expires: str,
    audit: str | None,
    store: str | None,
    owner: str | None,
    reason: str | None,
    **values: Any,
) -> None:
    """Print the exemptions under which the targets would pass, narrow and dated, for gate.yaml.

    What is not given is left empty, and gate refuses an exemption without an owner or a reason. With --from, the owners
    are those that the audit found.
    """
    from gate import exemptions
    from gate.cli.check import cores, judge
    from gate.cli.session import open_session

    session = open_session(asked(values))
    until = _until(expires, session.today)
    if audit is not None:
        if targets:
            raise UsageError("--from and targets are two different things", hint="Give one of them.")
        output.write_stdout(_for_audit(_report_of(audit, store), until, owner, reason))
        return
    try:
        run = judge(session, targets, cores())
    finally:
        session.close()
    if run.failures:
        first = run.failures[0]
        raise UsageError(first.message, where=first.target, hint=first.hint)
    output.write_stdout(exemptions.suggest(run.results, expires=until, owner=owner, reason=reason))


def _for_audit(report: AuditReport, until: datetime.date, owner: str | None, reason: str | None) -> str:
    """Exemptions for all that an audit found, by owner; those of ``owner`` where it is given."""
    from gate import exemptions
    from gate.audit.onboard import as_results, by_owner

    groups = {owner: list(as_results(report))} if owner else by_owner(report)
    texts = [exemptions.suggest(found, expires=until, owner=name, reason=reason) for name, found in groups.items()]
    body = "".join(text.removeprefix(_HEAD) for text in texts if text.startswith(_HEAD))
    return f"{_HEAD}{body}" if body else "exemptions: []\n"


def _report_of(run: str, store: str | None) -> AuditReport:
    from gate.cli.audit import open_history

    history = open_history(store, needed=True)
    try:
        report: AuditReport | None = history.load(run)
    finally:
        history.close()
    if report is None:
        raise UsageError(f'there is no audit "{run}"', hint="gate audit history lists them.")
    return report


def _until(text: str, today: datetime.date) -> datetime.date:
    found = re.fullmatch(r"(\d{1,4})d", text)
    until = today + datetime.timedelta(days=int(found[1])) if found else day(text)
    if until < today:
        raise UsageError(f"{until} is over", where="--expires")
    return until


def _state(exemption: Exemption, today: datetime.date) -> str:
    if exemption.expires < today:
        return "expired"
    return "expiring" if exemption.expires - today <= SOON else "active"


def _row(exemption: Exemption) -> dict[str, Any]:
    return {
        "rule": exemption.rule,
        "reason": exemption.reason,
        "owner": exemption.owner,
        "expires": exemption.expires.isoformat(),
        "ticket": exemption.ticket,
        "images": [pattern["image"] for pattern in exemption.images] if exemption.images is not None else None,
        "digests": exemption.digests,
        "source": exemption.source,
    }


def _text(exemption: Exemption, today: datetime.date) -> Iterator[str]:
    state = _state(exemption, today)
    ticket = f", {exemption.ticket}" if exemption.ticket else ""
    yield f"{exemption.rule}: {state}, until {exemption.expires} ({exemption.owner}{ticket})"
    yield f"  {exemption.reason}"
    if exemption.source:
        yield f"  {exemption.source}"
