"""Which code runs: the version, and the commit where it is known.

What belongs here: asking git in a clone, reading what the build wrote into a wheel. What does not: the version number (`pyproject.toml`).

`.ci/hatch_build.py` loads this file while a wheel is built, before the package is installed: it imports the standard library only.
"""

from __future__ import annotations

import subprocess
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

BAKED = "code_version.txt"
"""Beside this file in a wheel; never in a clone."""

SHIPPED = ("energy_pipeline", "dbt_like_sql", "pyproject.toml", "uv.lock")
"""A change of anything else is not a change of the code that runs."""


@lru_cache(maxsize=1)
def code_version() -> str:
    """Version of the code that runs.

    Returns
    -------
    str
        In a clone `0.1.0+g1a2b3c4d`, with `.dirty` where shipped files differ from the commit. In a wheel the same, as of its build.
        The bare number where neither git nor a build knows more.
    """
    baked = Path(__file__).with_name(BAKED)
    if baked.is_file():
        return baked.read_text(encoding="utf-8").strip()
    return f"{_number()}{local_part(Path(__file__).parents[2])}"


def local_part(root: Path) -> str:
    """`+g<commit>[.dirty]` of the clone at `root`, empty where there is none or git is not installed."""
    if not (root / ".git").exists():
        return ""
    try:
        commit = _git(root, "rev-parse", "--short=8", "HEAD")
        changed = _git(root, "status", "--porcelain", "--", *SHIPPED)
    except (OSError, subprocess.CalledProcessError):
        return ""
    return f"+g{commit}{'.dirty' if changed else ''}"


def _git(root: Path, *arguments: str) -> str:
    command = ["git", "-C", str(root), "--no-optional-locks", *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout.strip()  # noqa: S603 - our own arguments


def _number() -> str:
    try:
        return version("energy-pipeline")
    except PackageNotFoundError:
        return "source"
