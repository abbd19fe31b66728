"""Where `CI` is set, a skipped test fails the run, unless the platform cannot do what it needs."""

from __future__ import annotations

import os
from typing import Any

import pytest

ALLOWED = "platform:"


def pytest_configure(config: pytest.Config) -> None:
    """Watch the run, in the process that sees all of it."""
    if is_ci(os.getenv("CI")) and not hasattr(config, "workerinput"):
        config.pluginmanager.register(NoSkips(), "no-skips")


def is_ci(value: str | None) -> bool:
    """Whether the value of `CI` says yes."""
    return (value or "").lower() not in ("", "0", "false", "no")


class NoSkips:
    """Collects what was skipped, and fails the run for it."""

    def __init__(self) -> None:
        self._skips: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note a test that was skipped, in its body or before it."""
        self._note(report)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Note a module that was skipped whole."""
        self._note(report)

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Turn a green run with skips into a failed one."""
        if self._skips and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Say which tests and why."""
        for skip in self._skips:
            terminalreporter.line(f"error: skipped in CI: {skip}", red=True)
        if self._skips:
            terminalreporter.line(
                f"hint: make it run, or begin the reason with `{ALLOWED}` "
                "if this platform can never run it"
            )

    def _note(self, report: pytest.TestReport | pytest.CollectReport) -> None:
        if not report.skipped or hasattr(report, "wasxfail"):
            return
        reason = _reason(report)
        if not reason.startswith(ALLOWED):
            self._skips.append(f"{report.nodeid}: {reason}")


def _reason(report: pytest.TestReport | pytest.CollectReport) -> str:
    where = report.longrepr
    text = where[2] if isinstance(where, tuple) else str(where)
    return text.removeprefix("Skipped: ")
