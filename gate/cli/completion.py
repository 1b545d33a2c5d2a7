"""``gate completion SHELL``: the script that makes a shell complete gate's commands and options."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from gate.errors import UsageError

SHELLS = ("bash", "zsh", "fish")


@click.command(
    "completion",
    epilog="""\b
Examples:
  eval "$(gate completion bash)"                            this session
  gate completion bash > ~/.local/share/bash-completion/completions/gate
  gate completion fish > ~/.config/fish/completions/gate.fish
""",
)
@click.argument("shell", type=click.Choice(SHELLS))
def command(shell: str) -> None:
    """Print the completion script of a shell."""
    from gate.cli.main import gate

    kind = get_completion_class(shell)
    if kind is None:
        raise UsageError(f"there is no completion for {shell}")
    click.echo(kind(gate, {}, "gate", "_GATE_COMPLETE").source())
