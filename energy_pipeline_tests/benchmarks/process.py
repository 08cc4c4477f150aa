"""A measured process.

What belongs here: running Python and accounting for its time and memory. What does not: what is run.
"""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@dataclass
class Measured:
    """One process: what it printed, its CPU seconds, its peak memory."""

    text: str
    cpu_s: float
    peak_mb: float


def measure(*arguments: str) -> Measured:
    """Run a Python process and account for it alone."""
    process = subprocess.Popen([sys.executable, *arguments], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    text = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    if status != 0:
        raise SystemExit(f"{' '.join(arguments)} failed with {os.waitstatus_to_exitcode(status)}")
    return Measured(text, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)
