"""``gate facts TARGET``: what is known about a target and how, which is all that rules see."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from gate.cli import output
from gate.cli.options import asked, collecting_options

if TYPE_CHECKING:
    from gate.evidence.model import BaseFact, Evidence, FilesystemFact, Origin, ShellFact, SizeFact, UserFact

MB = 1_000_000


@click.command(
    "facts",
    epilog="""\b
Examples:
  gate facts Dockerfile                     in words
  gate facts Dockerfile -o json             the evidence, gate.evidence/v1, as rules see it
  gate facts --target build Dockerfile      of another stage
  gate facts Dockerfile -o json | jq '.[0].facts.user'
""",
)
@click.argument("targets", nargs=-1, required=True, metavar="TARGET...")
@click.option("-o", "--output", "outputs", multiple=True, metavar="FORMAT[=FILE]", help="text or json; repeatable.")
@collecting_options
def command(targets: tuple[str, ...], outputs: tuple[str, ...], **values: Any) -> int:
    """Show what is known about a TARGET, and how: user, shell, base, size, filesystem.

    The JSON form is a list of evidence documents; a rule sees one of them and nothing else.
    """
    from gate.cli.judging import collect_all
    from gate.cli.secrets import hide
    from gate.cli.session import open_session
    from gate.evidence.model import encode

    wanted = output.parse(outputs or ("text",), ("text", "json"))
    session = open_session(asked(values))
    try:
        documents, code = collect_all(session, targets)
    finally:
        session.close()
    for one in wanted:
        if one.format == "json":
            import msgspec

            text = msgspec.json.format(encode(documents), indent=2).decode() + "\n"
        else:
            text = "\n\n".join("\n".join(_text(document)) for document in documents) + "\n" if documents else ""
        text = hide(text, session.all_build_args())
        if one.path is None:
            output.write_stdout(text)
        else:
            output.write_file(one.path, text)
    return code


def _text(evidence: Evidence) -> Iterator[str]:
    from gate.report import plain

    subject, facts = evidence.subject, evidence.facts
    name = subject.name + (f" --target {subject.target}" if subject.target else "")
    yield plain.line(f"{name} ({evidence.kind}, {subject.platform or 'no platform'})")
    rows: dict[str, tuple[Any, str]] = {
        "user": (facts.user, _user(facts.user)),
        "shell": (facts.shell, _shell(facts.shell)),
        "base": (facts.base, _base(facts.base)),
        "size": (facts.size, _size(facts.size)),
        "filesystem": (facts.filesystem, _filesystem(facts.filesystem)),
    }
    fact: UserFact | ShellFact | BaseFact | SizeFact | FilesystemFact
    for title, (fact, text) in rows.items():
        reason = f"  ({fact.reason})" if fact.reason else ""
        place = _place(getattr(fact, "origin", None))
        yield plain.line(f"  {title:<11} {fact.state:<8} {text}{place}{reason}")
    if evidence.dockerfile:
        for one in evidence.dockerfile.inputs:
            unused = "" if one.reachable else ", in a stage that is not built"
            yield plain.line(f"  {'input':<11} {one.kind:<8} {one.reference}  at line {one.line}{unused}")


def _user(fact: UserFact) -> str:
    if fact.state == "unknown":
        return "?"
    uid = "" if fact.uid is None else f"uid {fact.uid}"
    value = repr(fact.value) if fact.value else "none set"
    parts = [value, uid, "root" if fact.root else "not root", "" if fact.numeric else "by name"]
    if fact.overridable_by:
        parts.append(f"replaceable by {', '.join(fact.overridable_by)}")
    return ", ".join(part for part in parts if part)


def _shell(fact: ShellFact) -> str:
    shells = ", ".join(shell.path for shell in fact.shells)
    if fact.present is None:
        return shells or "?"
    return shells or "yes" if fact.present else "none"


def _base(fact: BaseFact) -> str:
    ancestors = " < ".join(ancestor.reference for ancestor in fact.ancestors[1:])
    return (fact.reference or "?") + (f" < {ancestors}" if ancestors else "")


def _size(fact: SizeFact) -> str:
    if fact.uncompressed is not None:
        packed = f", {fact.compressed / MB:.1f} MB compressed" if fact.compressed is not None else ""
        return f"{fact.uncompressed / MB:.1f} MB{packed}"
    return f"at least {fact.at_least / MB:.1f} MB" if fact.at_least else "?"


def _filesystem(fact: FilesystemFact) -> str:
    if fact.state == "unknown":
        return "?"
    counts = {
        "setuid": len(fact.setuid),
        "package managers": len(fact.package_managers),
        "compilers": len(fact.compilers),
        "leftovers": len(fact.leftovers),
    }
    return ", ".join(f"{count} {what}" for what, count in counts.items() if count) or "nothing notable"


def _place(origin: Origin | None) -> str:
    line = getattr(origin, "line", None)
    if line:
        return f"  at line {line}"
    reference = getattr(origin, "reference", None) or getattr(origin, "field", None)
    return f"  from {reference}" if reference else ""
