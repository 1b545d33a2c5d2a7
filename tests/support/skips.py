"""A pytest plugin: a skipped test proves nothing, so with CI=true it fails the run; elsewhere it is listed.

Also puts tests that share a heavy daemon on one worker (``pytest -n N --dist loadgroup``).
"""

from __future__ import annotations

import os
from collections import defaultdict

import pytest

ONE_WORKER = ("docker", "cluster", "browser")


def in_ci() -> bool:
    """Whether a skip is a failure."""
    return os.environ.get("CI", "").lower() in {"1", "true", "yes"}


def pytest_configure(config: pytest.Config) -> None:
    """Start with nothing skipped."""
    config.pluginmanager.register(Skips(), "skips-of-this-run")


def pytest_itemcollected(item: pytest.Item) -> None:
    """Give tests of one heavy daemon the same worker."""
    for name in ONE_WORKER:
        if item.get_closest_marker(name) and not item.get_closest_marker("xdist_group"):
            item.add_marker(pytest.mark.xdist_group(name))


class Skips:
    """The tests and modules skipped, by reason."""

    def __init__(self) -> None:
        self.by_reason: dict[str, list[str]] = defaultdict(list)

    def note(self, report: pytest.TestReport | pytest.CollectReport) -> None:
        """Remember a report of a skip; an expected failure is none."""
        if report.skipped and not hasattr(report, "wasxfail"):
            reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
            self.by_reason[reason.removeprefix("Skipped: ")].append(report.nodeid)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """A test, in this process or a worker."""
        self.note(report)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """A whole module."""
        self.note(report)

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """In CI, turn a run with skips into a failed one. Workers leave that to their controller."""
        is_worker = hasattr(session.config, "workerinput")
        if self.by_reason and in_ci() and not is_worker and exitstatus in {pytest.ExitCode.OK, 0}:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say what was skipped and why, a line a reason."""
        if not self.by_reason:
            return
        title = "SKIPPED TESTS FAIL IN CI" if in_ci() else "groups of tests that did not run"
        terminalreporter.section(title, red=in_ci(), yellow=not in_ci())
        for reason, tests in sorted(self.by_reason.items()):
            terminalreporter.write_line(f"{len(tests):5}  {reason}")
            if in_ci():
                for test in tests:
                    terminalreporter.write_line(f"         {test}")
