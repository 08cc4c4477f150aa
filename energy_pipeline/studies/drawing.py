"""Saving a still chart so that its bytes are those of its numbers.

What belongs here: what every chart of the studies needs to be the same file each time. What does not: any chart.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any


def save(figure: Any, path: Path) -> None:  # noqa: ANN401 - matplotlib's figure
    """Write a figure as SVG without its date, and without the blanks that matplotlib leaves at line ends."""
    figure.savefig(path, metadata={"Date": None, "Creator": None})
    path.write_text("\n".join(line.rstrip() for line in path.read_text(encoding="utf-8").splitlines()) + "\n", encoding="utf-8")
