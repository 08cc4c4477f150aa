"""The committed list of what tests cost: a line for each file, and one for each test that costs something.

What belongs here: reading and writing `durations.json`, the threshold. What does not: measuring (`measuring.py`).
"""

import json
from pathlib import Path

LISTED = Path(__file__).with_name("durations.json")

LISTED_FROM_S = 0.3
"""Tests below this are not listed: they are fast."""

SLOW_FROM_S = 0.5
"""CPU seconds from which a test is left out of `make check` and `make fast`."""


def file_of(test: str) -> str:
    """The file of a test, by pytest's name of the test; a file's own line has no more than that."""
    return test.partition("::")[0]


def read(path: Path = LISTED) -> dict[str, float]:
    """CPU seconds per file and per test, by pytest's name of it; empty before the first measurement."""
    return dict(json.loads(path.read_text(encoding="utf-8"))) if path.is_file() else {}


def write(path: Path, seconds: dict[str, float]) -> None:
    """One test a line, by name, so that a new measurement is a short diff."""
    listed = {test: round(value, 1) for test, value in sorted(seconds.items())}
    path.write_text(json.dumps(listed, indent=0, ensure_ascii=False) + "\n", encoding="utf-8")


def replaced(listed: dict[str, float], measured: dict[str, float]) -> dict[str, float]:
    """The list with the files that were measured anew in the place of what it said of them."""
    files = {file_of(test) for test in measured}
    return {test: seconds for test, seconds in listed.items() if file_of(test) not in files} | measured


def is_unmeasured(test: str, seconds: dict[str, float]) -> bool:
    """Whether nobody knows what a test costs; a doctest, which lies in no file of tests, is an example and fast."""
    return Path(file_of(test)).name.startswith("test_") and file_of(test) not in seconds


def is_slow(test: str, seconds: dict[str, float]) -> bool:
    """Whether a test is left out of the fast ones; what was never measured is, so that these keep their time."""
    return is_unmeasured(test, seconds) or seconds.get(test, 0.0) >= SLOW_FROM_S
