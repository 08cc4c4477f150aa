"""What every test run shares: the order of tests.

What belongs here: hooks. What does not: fixtures of one folder.
"""

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whole flows first: with two workers the longest files must not be the last to start."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)
