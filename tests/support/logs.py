"""A pytest plugin: a failed test shows the end of the logs of the daemons it used."""

from __future__ import annotations

from collections.abc import Generator

import pytest


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add a section a daemon to the report of a failed test."""
    report = yield
    if report.failed:
        for name, value in getattr(item, "funcargs", {}).items():
            log_tail = getattr(value, "log_tail", None)
            if callable(log_tail):
                report.sections.append((f"log of {name}", log_tail()))
    return report
