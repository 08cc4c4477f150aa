"""What every test run shares: which tests are slow, their order, and patience.

What belongs here: hooks and settings. What does not: fixtures of one folder.
"""

import pytest
from hypothesis import HealthCheck, settings

from energy_pipeline_tests import durations

# A busy machine is no failure: speed is measured by benchmarks, never by tests.
settings.register_profile("patient", parent=settings.default, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
# The suite draws the same examples each time, so that red means a change; `make search` draws new and more ones.
settings.register_profile("searching", parent=settings.get_profile("patient"), derandomize=False, max_examples=500)
settings.load_profile("patient")

UNMEASURED: set[str] = set()
"""Files of tests that durations.json does not know, of those collected."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what is slow; the longest files first: with two workers they must not be the last to start."""
    seconds = durations.read()
    for item in items:
        if durations.is_slow(item.nodeid, seconds):
            item.add_marker("slow")
        if durations.is_unmeasured(item.nodeid, seconds):
            UNMEASURED.add(durations.file_of(item.nodeid))
    items.sort(key=lambda item: -seconds.get(durations.file_of(item.nodeid), 0.0))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Name what `make check` leaves out because nobody measured it."""
    for file in sorted(UNMEASURED):
        terminalreporter.write_line(f"{file} was never measured and counts as slow -> make durations ONLY={file}")
