"""What every test run shares: the order of tests, and patience.

What belongs here: hooks and settings. What does not: fixtures of one folder.
"""

import pytest
from hypothesis import HealthCheck, settings

# A busy machine is no failure: speed is measured by benchmarks, never by tests.
settings.register_profile("patient", parent=settings.default, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whole flows first: with two workers the longest files must not be the last to start."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)
