"""``gate check``: judge targets, write the reports, leave with the verdict."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from gate.cli import output
from gate.cli.options import asked, judging_options
from gate.errors import GateError, UsageError

if TYPE_CHECKING:
    from gate.cli.session import Session
    from gate.finding import Run
    from gate.target import Target


@click.command(
    "check",
    epilog="""\b
Examples:
  gate check                                  the builds of gate.yaml, else everything below this folder
  gate check services/api/Dockerfile          one Dockerfile, its last stage
  gate check --target runtime Dockerfile      the stage that docker build --target runtime would make
  gate check --build-arg BASE=alpine:3.20 .   with build arguments
  cat Dockerfile | gate check -               standard input
  gate check -o text -o sarif=gate.sarif      two reports in one run
  gate check --env dev                        another environment's levels
  gate check --diff                           what --fix would change
  gate check --baseline old.json              only what is new denies
  gate check --online deploy.yaml             a manifest with its images, as at admission
  gate check api:2 --against api:1            what changed between two images

\b
Exit codes: 0 pass, 1 denied, 2 usage or not readable, 3 could not decide, 4 nothing to judge, 5 a bug.
""",
)
@click.argument("targets", nargs=-1, metavar="[TARGET]...")
@click.option(
    "-o",
    "--output",
    "outputs",
    multiple=True,
    metavar="FORMAT[=FILE]",
    help="text, json, sarif, junit, github, gitlab or markdown; repeatable. [GATE_OUTPUT]",
)
@judging_options
@click.option("--baseline", metavar="REPORT", help="A JSON report of an earlier run: only new findings deny.")
@click.option("--against", metavar="IMAGE", help="A previous image: show what changed since, and bound growth.")
@click.option("--no-cache", is_flag=True, help="Neither use nor keep results of unchanged files.")
@click.option("--jobs", type=click.IntRange(1, 256), metavar="N", help="Processes for many files; else one a core.")
@click.option("--exit-zero", is_flag=True, help="Exit 0 whatever is found; what cannot be read still fails.")
@click.option("--fail-on", type=click.Choice(["deny", "warn"]), default="deny", help="What exit code 1 is for.")
@click.option("--fix", "fixing", is_flag=True, help="Edit Dockerfiles first, where the edit is certain and safe.")
@click.option("--diff", "diffing", is_flag=True, help="Print what --fix would change, and exit 1 if anything.")
@click.option("--unsafe-fixes", is_flag=True, help="Allow edits that may change or stop the build: see --diff.")
@click.option("-v", "--verbose", is_flag=True, help="Show subjects that pass, too.")
def command(targets: tuple[str, ...], outputs: tuple[str, ...], **values: Any) -> int:
    """Judge Dockerfiles, images and manifests.

    A TARGET is a Dockerfile, a folder that is searched for them, a manifest, or an image. Without one, the builds
    that gate.yaml names are judged, else the current folder. Files are judged offline; with --online, a manifest is
    judged with the images it names.
    """
    from gate import verdict
    from gate.cli.session import open_session, variables

    if values["unsafe_fixes"] and not (values["fixing"] or values["diffing"]):
        raise UsageError("--unsafe-fixes is for --fix and --diff", hint="Add one of them.")
    wanted = output.parse(outputs or _default_outputs(variables().output))
    session = open_session(asked(values), cached=not values["no_cache"])
    try:
        if values["fixing"] or values["diffing"]:
            from gate.cli.fix import fix_all

            write = values["fixing"] and not values["diffing"]
            changed = fix_all(session, targets, write=write, unsafe=values["unsafe_fixes"])
            if values["diffing"]:
                return 1 if changed else 0
        run = judge(session, targets, values["jobs"] or cores())
    finally:
        session.close()
    _complain(run, targets)
    code = verdict.exit_code(run, exit_zero=values["exit_zero"], fail_on=values["fail_on"])
    return max(_write(session, run, wanted, verbose=values["verbose"]), code, key=_SEVERITY.index)


# Where several exit codes hold, the one that is later here counts.
_SEVERITY = (0, 4, 3, 1, 2, 5)


_FILES = {"dockerfile", "manifest"}
"""Kinds of targets that are no images."""


def judge(session: Session, targets: Sequence[str], jobs: int) -> Run:
    """The run over some arguments."""
    from gate import __version__, verdict
    from gate.cli.judging import judge_all
    from gate.finding import Failure, Run
    from gate.target import plan

    session.baseline, session.lock  # noqa: B018 - what is wrong with either is said once, not for every target
    planned = plan(targets, session.settings.written, cwd=session.cwd)
    if session.asked.against and planned.targets and {target.kind for target in planned.targets} <= _FILES:
        raise UsageError("--against compares images, and there is none among the targets", hint="Leave it out.")
    results, failures = (
        [],
        [Failure(target=name, message=error.message, hint=error.hint) for name, error in planned.failures],
    )
    for outcome in judge_all(session, planned.targets, 1 if _shares_images(session, planned.targets) else jobs):
        results += [session.images.told(each) for each in outcome.results] if session.asked.against else outcome.results
        if outcome.failure:
            failures.append(outcome.failure)
        if outcome.skipped:
            planned.skipped.append(outcome.skipped)
    images = {target.kind for target in planned.targets} - _FILES
    return Run(
        gate=__version__,
        checkpoint="image" if images and len(images) == len({target.kind for target in planned.targets}) else "build",
        revision=session.bundle.revision,
        engine=session.engine_name,
        environment=session.environment,
        verdict=verdict.of_results(results, failures),
        inputs=session.inputs(),
        results=results,
        failures=failures,
        skipped=planned.skipped,
        empty=planned.empty,
        unused_exemptions=[
            *session.exemptions.leftovers(whole=not targets),
            *(one for result in results for one in result.leftovers),
        ],
    )


def _shares_images(session: Session, targets: Sequence[Target]) -> bool:
    """Whether what was read of images for one target is needed for others, so that one process judges all."""
    asked = session.asked
    return asked.against is not None or (asked.online and any(target.kind == "manifest" for target in targets))


def _default_outputs(variable: str | None) -> tuple[str, ...]:
    return tuple((variable or "text").replace(",", " ").split())


def cores() -> int:
    """The cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _complain(run: Run, targets: Sequence[str]) -> None:
    """Say on standard error what could not be read, whatever the report's format."""
    from gate.report import plain

    for failure in run.failures:
        hint = f"\n  {failure.hint}" if failure.hint else ""
        text = f"gate: {plain.line(failure.target)}: {failure.message}{hint}"
        print("\n".join(plain.line(line) for line in text.split("\n")), file=sys.stderr)
    left_out = f" ({len(run.skipped)} skipped)" if run.skipped else ""
    for folder in run.empty:
        where = plain.line(folder, 300) if targets else "this folder"
        print(f"gate: nothing to judge: no Dockerfile in {where}{left_out}", file=sys.stderr)
    if not run.results and not run.failures and not run.empty:
        where = plain.line(" ".join(targets), 300) or "this folder"
        print(f"gate: nothing to judge: no container in {where}{left_out}", file=sys.stderr)


def _write(session: Session, run: Run, wanted: Sequence[output.Output], *, verbose: bool) -> int:
    """Write every report; what cannot be written is said, and the others still are. The exit code this asks for."""
    from gate.cli.source import SourceText
    from gate.report import render
    from gate.report.context import Context

    context = Context(
        rules=session.bundle.catalogue, source=SourceText(session).lines, width=output.width(), verbose=verbose
    )
    secrets = session.all_build_args()
    code = 0
    for one in sorted(wanted, key=lambda each: each.path is None):
        if one == ("text", None) and not run.results:
            continue  # all there is to say has been said on standard error
        color = one.path is None and output.is_terminal() and not session.variables.no_color
        text = render(one.format, run, context._replace(color=color))
        if secrets:
            from gate.cli.secrets import hide

            text = hide(text, secrets)
        try:
            if one.path is None:
                output.write_stdout(text)
            else:
                output.write_file(one.path, text)
        except BrokenPipeError:
            output.silence(sys.stdout)
        except GateError as error:
            print(f"gate: {error.diagnostics()}", file=sys.stderr)
            code = error.exit_code
    return code
