"""The committed list of what tests cost, and what of it is called slow.

What belongs here: reading and writing `durations.json`, the threshold. What does not: measuring (`measuring.py`).
"""

import json
from pathlib import Path

LISTED = Path(__file__).with_name("durations.json")

LISTED_FROM_S = 0.3
"""Tests below this are not listed: they are fast, and so is a test that was never measured."""

SLOW_FROM_S = 0.5
"""CPU seconds from which a test is left out of `make check` and `make fast`."""


def read(path: Path = LISTED) -> dict[str, float]:
    """CPU seconds per test, by pytest's name of it; empty before the first measurement."""
    return dict(json.loads(path.read_text(encoding="utf-8"))) if path.is_file() else {}


def write(path: Path, seconds: dict[str, float]) -> None:
    """One test a line, by name, so that a new measurement is a short diff."""
    listed = {test: round(value, 1) for test, value in sorted(seconds.items())}
    path.write_text(json.dumps(listed, indent=0, ensure_ascii=False) + "\n", encoding="utf-8")


def is_slow(test: str, seconds: dict[str, float]) -> bool:
    """Whether a test is left out of the fast ones."""
    return seconds.get(test, 0.0) >= SLOW_FROM_S
