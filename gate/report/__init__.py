"""Reports: one module per format, with versioned wire types. A reporter is a pure function of a run."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gate.finding import Run
    from gate.report.context import Context

FORMATS = ("text", "json", "sarif", "junit", "github", "gitlab", "markdown")


def render(format_name: str, run: Run, context: Context) -> str:
    """The report of ``run`` in one of `FORMATS`, newline at the end; the module of a format is loaded when used."""
    if format_name not in FORMATS:
        raise ValueError(format_name)
    report: str = import_module(f"gate.report.{format_name}").render(run, context)
    return report
