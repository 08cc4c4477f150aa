"""What every test run shares: the order of tests, and patience.

What belongs here: hooks and settings. What does not: fixtures of one folder.
"""

import pytest
from hypothesis import HealthCheck, settings

# A busy machine is no failure: speed is measured by benchmarks, never by tests.
settings.register_profile("patient", parent=settings.default, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
# The suite draws the same examples each time, so that red means a change; `make search` draws new and more ones.
settings.register_profile("searching", parent=settings.get_profile("patient"), derandomize=False, max_examples=500)
settings.load_profile("patient")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whole flows first: with two workers the longest files must not be the last to start."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)
