"""``gate``: the one entry point, the commands by name, and every way out.

Commands live in modules of their own and are imported when they are run; a command is there when its module is.
Nothing that a user or a file can cause ends in a traceback.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module
from importlib.util import find_spec
from typing import Any, TextIO

import click

from gate import __version__
from gate.errors import GateError, InternalError

INTERRUPTED = 130

# name: (module, what it does in one line)
COMMANDS = {
    "check": ("gate.cli.check", "Judge Dockerfiles, images and manifests."),
    "facts": ("gate.cli.facts", "Show what is known about a target, and how."),
    "lock": ("gate.cli.lock", "Write down what the approved bases are, by digest."),
    "audit": ("gate.cli.audit", "Judge everything that already runs or is stored."),
    "serve": ("gate.cli.serve", "Judge workloads as Kubernetes admits them."),
    "rules": ("gate.cli.rules", "List the rules, test them, start a new one."),
    "bundle": ("gate.cli.bundle", "Give the policy to an OPA: as a file, or in a registry."),
    "explain": ("gate.cli.explain", "Say what a rule wants, why, and how to meet it."),
    "exempt": ("gate.cli.exempt", "List exemptions, or suggest them for what is found."),
    "completion": ("gate.cli.completion", "Print the completion script of a shell."),
}

EPILOG = """\b
Examples:
  gate check                        the Dockerfiles below this folder
  gate check Dockerfile             one Dockerfile
  gate check --target runtime .     the stage that ships
  gate facts Dockerfile             what the verdict rests on
  gate explain non-root             why, and what to write instead

\b
Exit codes:
  0 pass   1 denied   2 usage, or something could not be read
  3 could not decide   4 nothing to judge   5 a bug of gate's
"""


class InterruptedRunError(Exception):
    """Ctrl-C."""


class Commands(click.Group):
    """A group whose commands are imported when they are asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The commands whose modules are there."""
        return [name for name, (module, _) in COMMANDS.items() if find_spec(module) is not None]

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """The command of that name, or None."""
        if name not in self.list_commands(ctx):
            return None
        command: click.Command = import_module(COMMANDS[name][0]).command
        return command

    def invoke(self, ctx: click.Context) -> Any:
        """As click does it, but an interrupt is ours to answer: click would print an empty line first."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            raise InterruptedRunError from None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does it; for a name nobody knows, say what was probably meant."""
        name = args[0]
        known = self.list_commands(ctx)
        if not name.startswith("-") and name not in known:
            from difflib import get_close_matches

            close = get_close_matches(name, known, n=1)
            hint = f'did you mean "gate {close[0]}"?' if close else "see gate --help"
            raise click.UsageError(f'there is no command "{name}"; {hint}', ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of commands, without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, COMMANDS[name][1]) for name in self.list_commands(ctx)])


@click.command(
    cls=Commands,
    name="gate",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=EPILOG,
)
@click.version_option(__version__, prog_name="gate", message="%(prog)s %(version)s")
def gate() -> None:
    """Judge container images by one policy: before they are built, once they are, and where they run."""


def run(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and leave with its exit code.

    At once, for taking a thousand modules apart again takes as long as judging a file: everything that has to be
    closed is closed by whoever opened it.
    """
    code = exit_code(arguments)
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError, AttributeError):
            stream.flush()
    os._exit(code)


def exit_code(arguments: Sequence[str] | None = None) -> int:
    """The exit code of a command line; whatever goes wrong is said in one line on standard error."""
    try:
        answer = gate.main(arguments, prog_name="gate", standalone_mode=False)
        _flush()
    except BrokenPipeError:
        from gate.cli.output import silence

        silence(sys.stdout)
        return 0
    except (click.exceptions.Exit, click.ClickException, GateError) as error:
        return _known(error)
    except (KeyboardInterrupt, InterruptedRunError, click.Abort):
        _say("interrupted")
        return INTERRUPTED
    except Exception as error:  # noqa: BLE001 - the last fence: a bug is reported in short, never thrown at the user
        from gate.cli.bug import describe

        _say(describe(error))
        return InternalError.exit_code
    return answer if isinstance(answer, int) else 0


# What other tools call an option of ours, where the nearest spelling would be another one.
_ELSEWHERE = {
    "--format": "--output",
    "--environment": "--env",
    "--settings": "--config",
    "--rules": "--policy",
    "--policies": "--policy",
    "--file": "TARGET",
    "--stage": "--target",
}


def _flush() -> None:
    stream: TextIO | None = sys.stdout
    if stream is not None:
        stream.flush()


def _known(error: click.exceptions.Exit | click.ClickException | GateError) -> int:
    if isinstance(error, click.exceptions.Exit):
        return error.exit_code
    if isinstance(error, GateError):
        for each in (error, *getattr(error, "others", ())):
            _say(GateError.diagnostics(each))
        return error.exit_code
    context = getattr(error, "ctx", None)
    if isinstance(error, click.exceptions.NoArgsIsHelpError) and context is not None:
        click.echo(context.get_help(), err=True)  # a group without a command: all it could be told
        return GateError.exit_code
    message = " ".join(error.format_message().split())
    if isinstance(error, click.exceptions.NoSuchOption) and error.option_name in _ELSEWHERE:
        message = f"no such option '{error.option_name}'. Did you mean '{_ELSEWHERE[error.option_name]}'?"
    hint = f" (see {context.command_path} --help)" if context is not None and "--help" not in message else ""
    _say(message[:1].lower() + message[1:].rstrip(".") + hint)
    return GateError.exit_code


def _say(text: str) -> None:
    """One message on standard error, if anybody still listens."""
    from gate.cli.output import silence
    from gate.report import plain

    lines = [plain.line(line) for line in text.split("\n")]
    try:
        print("gate: " + "\n".join(lines), file=sys.stderr, flush=True)
    except (OSError, ValueError):
        silence(sys.stderr)
