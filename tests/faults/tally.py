"""How often the tests broke a connection, and what came of it: a line at the end of the run."""

from __future__ import annotations

from collections import Counter
from typing import Any

BREAKS = "breaks"


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Add up what the tests recorded, in whichever process they ran."""
    outcomes: Counter[str] = Counter()
    for state in ("passed", "failed"):
        for report in terminalreporter.stats.get(state, []):
            for name, value in report.user_properties:
                if name == BREAKS and report.when == "call":
                    outcomes.update(value)
    if outcomes:
        counts = ", ".join(f"{outcome}: {count}" for outcome, count in sorted(outcomes.items()))
        terminalreporter.line(f"broken connections: {outcomes.total()} ({counts})")
