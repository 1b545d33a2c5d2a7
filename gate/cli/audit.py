"""``gate audit``: what already runs, what is stored, what will break; and the history of it."""

from __future__ import annotations

import asyncio
import datetime as dt
import os
import secrets
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gate.cli.options import asked, judging_options
from gate.errors import UsageError

if TYPE_CHECKING:
    from gate.audit.history import History
    from gate.audit.model import AuditReport

FORMATS = ("text", "json", "html", "csv", "markdown", "sarif", "prometheus")


@click.group(
    "audit",
    invoke_without_command=True,
    epilog="""\b
Examples:
  gate audit --tree . -o html=audit.html                     the Dockerfiles and manifests of a checkout, as a page
  gate audit --cluster -o html=audit.html                    what runs in the cluster of the current context
  gate audit --registry ghcr.io --repository acme/api        every tag of a repository
  gate audit --cluster --candidate stricter.yaml             what a stricter gate.yaml would refuse at restart
  gate audit --cluster --shards 4 --shard 0 --run nightly --store postgresql://...
                                                             a quarter of one run; the last shard writes the report
  gate audit history | gate audit diff | gate audit trend    what was found before

\b
Exit codes:
  0  everything was listed, read and judged, whatever was found
  1  with --fail-on: that was found
  2  gate.yaml, the candidate, the kubeconfig or the history cannot be used
  3  incomplete: something could not be listed or read; it is named
""",
)
@click.option("--tree", "trees", multiple=True, metavar="DIR", help="A checkout to audit; repeatable.")
@click.option("--cluster", is_flag=True, help="Audit what runs in a cluster.")
@click.option("--kubeconfig", metavar="FILE", help="How to reach it; else as kubectl does, or from inside a pod.")
@click.option("--context", metavar="NAME", help="The context of the kubeconfig.")
@click.option("--namespace", "namespaces", multiple=True, metavar="NS", help="Only these namespaces; repeatable.")
@click.option("--registry", "registries", multiple=True, metavar="HOST", help="A registry to audit; repeatable.")
@click.option("--repository", "repositories", multiple=True, metavar="REPO", help="Only these of it; else its catalog.")
@click.option("--tag", "tags", multiple=True, metavar="GLOB", help="Only tags that match; repeatable.")
@click.option("--candidate", metavar="FILE", help="A gate.yaml to come: what would it refuse at the next restart?")
@click.option("--candidate-policy", "candidate_policies", multiple=True, metavar="DIR", help="Custom rules to come.")
@click.option("--owner-label", "owner_labels", multiple=True, metavar="LABEL", help="Labels that name owners.")
@click.option(
    "--store", metavar="URL", help="History and shared facts: sqlite:///FILE or postgresql://. [GATE_STORE_URL]"
)
@click.option("--run", "run_id", metavar="ID", help="Name of the run; the same name goes on where it stopped.")
@click.option("--shards", type=click.IntRange(1, 1000), default=1, metavar="N", help="Divide the run into N parts.")
@click.option("--shard", type=click.IntRange(0, 999), metavar="I", help="Which part; else JOB_COMPLETION_INDEX.")
@click.option(
    "--workers",
    type=click.IntRange(1, 64),
    default=2,
    show_default=True,
    metavar="N",
    help="Processes that read layers, and that judge.",
)
@click.option("--keep", type=click.IntRange(1), metavar="N", help="Forget all but the newest N of the same sources.")
@click.option(
    "--write-reports", type=click.Choice(["policyreport", "openreports"]), help="Write failures to the cluster."
)
@click.option("--fail-on", type=click.Choice(["deny", "undecided"]), help="Exit 1 where that was found.")
@click.option(
    "-o", "--output", "outputs", multiple=True, metavar="FORMAT[=FILE]", help=f"{', '.join(FORMATS)}; repeatable."
)
@judging_options
@click.pass_context
def command(ctx: click.Context, /, **values: Any) -> int:
    """Judge everything that already runs or is stored.

    Sources can be mixed. Nothing is changed anywhere: clusters are asked to get and list, registries to read. What
    cannot be read is named, counted, and makes the run incomplete.
    """
    if ctx.invoked_subcommand is not None:
        return 0
    _require_extra()
    if not (values["trees"] or values["cluster"] or values["registries"]):
        raise UsageError("nothing to audit", hint="Name a source: --tree DIR, --cluster, --registry HOST.")
    _check_texts(values)
    from gate.audit.history_tables import scope_of
    from gate.cli.audit_run import run_audit

    outputs = _outputs(values["outputs"])
    history = open_history(values["store"])
    try:
        with _progress() as progress:
            report = asyncio.run(run_audit(values, asked(values), _run_id(values), progress, history is not None))
        if report is None:
            print("this shard is done; the last one writes the report", file=sys.stderr)
            return 0
        if history is not None:
            report = history.aged(report)
        _write(report, outputs, history)
        if history is not None:
            history.save(report)
            if values["keep"]:
                history.prune(values["keep"], scope_of(report))
    finally:
        if history is not None:
            history.close()
    if values["write_reports"]:
        _write_to_cluster(values, report)
    return _exit_code(report, values["fail_on"])


@command.command(
    "history",
    epilog="""\b
Examples:
  gate audit history --limit 5
  gate audit history --store postgresql://audit@db/gate     the history of a team
""",
)
@click.option("--store", metavar="URL", help="Its database, else SQLite in gate's cache folder. [GATE_STORE_URL]")
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True, help="How many at most.")
def history_command(store: str | None, limit: int) -> int:
    """List the runs, the newest first, with what each looked at."""
    from gate.audit import text

    history = open_history(store, needed=True)
    print(text.runs(history.list(limit)), end="")
    return 0


@command.command(
    "diff",
    epilog="""\b
Examples:
  gate audit diff                     the newest run against the one before it
  gate audit diff before              the newest run against one by name; see gate audit history
  gate audit diff before after --json
""",
)
@click.argument("before", required=False, metavar="[BEFORE]")
@click.argument("after", required=False, metavar="[AFTER]")
@click.option("--store", metavar="URL", help="The database of the history. [GATE_STORE_URL]")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def diff_command(before: str | None, after: str | None, store: str | None, as_json: bool) -> int:
    """What changed between two runs.

    Without AFTER the newest run; without BEFORE the one before it that looked at the same sources.
    """
    import msgspec

    from gate.audit import text
    from gate.audit.diff import compare

    history = open_history(store, needed=True)
    newer = history.load(after)
    if newer is None:
        what = f'there is no audit "{after}"' if after else "there is no audit yet"
        raise UsageError(what, hint="gate audit history lists them.")
    earlier = before or history.before(newer)
    if earlier is None:
        raise UsageError(
            f"there is no earlier run of the sources of {newer.run}", hint="gate audit history lists them."
        )
    older = history.load(earlier)
    if older is None:
        raise UsageError(f'there is no audit "{earlier}"', hint="gate audit history lists them.")
    found = compare(older, newer)
    print(msgspec.json.encode(found).decode() if as_json else text.difference(found), end="\n" if as_json else "")
    return 0


@command.command(
    "trend",
    epilog="""\b
Examples:
  gate audit trend                    of the sources of the newest run
  gate audit trend nightly-7          of the sources of that run
""",
)
@click.argument("run", required=False, metavar="[RUN]")
@click.option("--store", metavar="URL", help="The database of the history. [GATE_STORE_URL]")
@click.option("--limit", type=click.IntRange(2, 1_000), default=30, show_default=True, help="How many runs at most.")
def trend_command(run: str | None, store: str | None, limit: int) -> int:
    """Violations by rule over runs of the same sources.

    The oldest run first; the sources are those of RUN, else of the newest run.
    """
    from gate.audit import text

    history = open_history(store, needed=True)
    columns = history.list(1_000)
    chosen = next((row for row in columns if run in (None, row.run)), None)
    if chosen is None:
        what = f'there is no audit "{run}"' if run else "there is no audit yet"
        raise UsageError(what, hint="gate audit history lists them.")
    same = history.list(limit, chosen.scope)
    print(text.trend(same[::-1], history.trend(limit, chosen.scope)), end="")
    return 0


def _check_texts(values: dict[str, Any]) -> None:
    """Refuse names that no report can hold: those of folders may be any bytes."""
    for name in ("trees", "namespaces", "registries", "repositories", "tags", "candidate_policies"):
        for text in values[name]:
            try:
                text.encode()
            except UnicodeEncodeError:
                raise UsageError(
                    "is not UTF-8 text", where=ascii(text)[:200], hint="Rename it, or link to it."
                ) from None


def _outputs(given: Sequence[str]) -> list[tuple[str, Path | None]]:
    found = []
    for one in given or ("text",):
        name, _, file = one.partition("=")
        if name not in FORMATS:
            raise UsageError(f'there is no format "{name}"', hint=f"Formats are {', '.join(FORMATS)}.")
        found.append((name, Path(file) if file else None))
    return found


def _write(report: AuditReport, outputs: Sequence[tuple[str, Path | None]], history: History | None) -> None:
    from gate.cli import output

    for name, path in outputs:
        if name == "json":
            _write_json(report, path)
            continue
        text = _render(name, report, history)
        if path is None:
            output.write_stdout(text)
        else:
            output.write_file(path, text)


def _write_json(report: AuditReport, path: Path | None) -> None:
    from gate.audit import wire
    from gate.cli import output

    if path is not None:
        output.write_pieces(path, wire.indented(report))
        return
    for piece in wire.indented(report):
        output.write_stdout(piece.decode())


def _render(name: str, report: AuditReport, history: History | None) -> str:
    from gate.audit import text

    if name == "html":
        return _page(report, history)
    if name == "sarif":
        from gate.audit import sarif

        return sarif.render(report)
    renderers = {"text": text.text, "csv": text.as_csv, "markdown": text.markdown, "prometheus": text.prometheus}
    return renderers[name](report)


def _page(report: AuditReport, history: History | None) -> str:
    """The HTML page, with the runs of the same sources before this one."""
    from gate.audit import html
    from gate.audit.diff import compare
    from gate.audit.history_tables import scope_of

    if history is None:
        return html.render(report)
    before = history.before(report)
    older = history.load(before) if before is not None else None
    return html.render(report, history.list(60, scope_of(report)), compare(older, report) if older else None)


def open_history(url: str | None, *, needed: bool = False) -> Any:
    """The history of ``url``, of GATE_STORE_URL, or of gate's own folder; None where there is none."""
    from gate.audit.history import History, default_url
    from gate.cli.session import cache_folder, variables
    from gate.report import plain

    _require_extra()
    url = url or os.environ.get("GATE_STORE_URL")
    if url is None:
        folder = cache_folder(variables(), os.environ)
        if folder is None:
            if needed:
                raise UsageError("there is no home folder for a history", hint="Name one with --store.")
            return None
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            said = f"{folder}: no history can be kept there: {error.strerror}"
            if needed:
                raise UsageError(said, hint="Name one with --store.") from None
            print(f"gate: note: {plain.line(said)}", file=sys.stderr)
            return None
        url = default_url(folder)
    return History(url)


def _run_id(values: dict[str, Any]) -> str:
    if values["run_id"]:
        if not values["run_id"].isprintable() or len(values["run_id"]) > 90:
            raise UsageError("a run's name is up to 90 printable characters")
        return str(values["run_id"])
    if values["shards"] > 1:
        raise UsageError("--shards needs --run", hint="All shards of a run have one name.")
    return f"{dt.datetime.now(dt.UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"


def _exit_code(report: AuditReport, fail_on: str | None) -> int:
    totals = report.totals
    if fail_on == "deny" and totals.denied:
        return 1
    if fail_on == "undecided" and (totals.denied or totals.undecided):
        return 1
    return 0 if report.complete else 3


def _write_to_cluster(values: dict[str, Any], report: AuditReport) -> None:
    from gate.audit.reports import write_reports
    from gate.evidence.kubernetes.cluster import Cluster

    cluster = Cluster.connect(Path(values["kubeconfig"]) if values["kubeconfig"] else None, values["context"])
    try:
        counts: Counter[str] = write_reports(cluster, report, values["write_reports"])
    finally:
        cluster.close()
    told = ", ".join(f"{count} {what}" for what, count in sorted(counts.items()))
    print(f"reports in the cluster: {told or 'none'}", file=sys.stderr)


def _progress() -> Any:
    from gate.cli.progress import Progress

    return Progress(sys.stderr)


def _require_extra() -> None:
    from importlib.util import find_spec

    if find_spec("sqlalchemy") is None:
        hint = "Install it with `pip install 'gate-images[embedded,cluster]'`."
        raise UsageError("gate audit needs the cluster extra", hint=hint)
