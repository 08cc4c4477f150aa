"""CPU seconds of every test, for `durations.json`; a pytest plugin that only `make durations` loads.

What belongs here: taking the time, and the table it writes. What does not: which tests are slow (`conftest.py`).

CPU time and not wall time, since a busy machine must not move a test from one list to the other; children a test waits for count. What a
fixture of module or session scope costs is counted for every test that uses it: each of them would pay it when run alone. It is counted
once for the file that made it first, so that the files' lines add up to the suite. Files that were not run keep their lines.
"""

import os
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

from energy_pipeline_tests.durations import LISTED_FROM_S, file_of, read, replaced, write


def cpu_seconds() -> float:
    """CPU seconds of this process and of its finished children."""
    return sum(os.times()[:4])


class Meter:
    """Seconds per test: its own, and those of the shared fixtures it uses."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.own: dict[str, float] = defaultdict(float)
        self.shared: dict[str, float] = defaultdict(float)
        self.uses: dict[str, tuple[str, ...]] = {}
        self.files: dict[str, float] = defaultdict(float)
        self._shared_now = 0.0

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef: pytest.FixtureDef[object], request: pytest.FixtureRequest) -> Iterator[object]:
        """A fixture's own seconds, without those of the fixtures it asks for."""
        start, before = cpu_seconds(), self._shared_now
        found = yield
        if fixturedef.scope != "function":
            own = cpu_seconds() - start - (self._shared_now - before)
            self.shared[f"{fixturedef.baseid}:{fixturedef.argname}"] += own
            self.files[file_of(request._pyfuncitem.nodeid)] += own
            self._shared_now += own
        return found

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[object]:
        """A test's seconds without the shared fixtures it happened to set up."""
        start, before = cpu_seconds(), self._shared_now
        found = yield
        self.own[item.nodeid] = cpu_seconds() - start - (self._shared_now - before)
        self.files[file_of(item.nodeid)] += self.own[item.nodeid]
        info = getattr(item, "_fixtureinfo", None)
        definitions = [fixtures[-1] for fixtures in info.name2fixturedefs.values()] if info else []
        self.uses[item.nodeid] = tuple(f"{d.baseid}:{d.argname}" for d in definitions if d.scope != "function")
        return found

    def pytest_sessionfinish(self) -> None:
        """Write the list."""
        total = {test: own + sum(self.shared.get(name, 0.0) for name in self.uses[test]) for test, own in self.own.items()}
        measured = {file: seconds for file, seconds in self.files.items() if file_of(file).rpartition("/")[2].startswith("test_")}
        measured |= {test: seconds for test, seconds in total.items() if seconds >= LISTED_FROM_S}
        write(self.path, replaced(read(self.path), measured))


def pytest_addoption(parser: pytest.Parser) -> None:
    """Where to write."""
    parser.addoption("--measured-to", type=Path, required=False, help="write CPU seconds per test to this file")


def pytest_configure(config: pytest.Config) -> None:
    """Measure when asked."""
    if path := config.getoption("--measured-to"):
        config.pluginmanager.register(Meter(path))
