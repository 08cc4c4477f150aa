"""Measure the sections named, or all, and write them into docs/benchmarks.md.

What belongs here: the list of sections and the page. What does not: what a section measures;
each is a module of this folder with a function `section`, that gives its lines of Markdown.

A section is measured in a process of its own and replaces its part of the page, so that one
that changed can be measured alone: `energy-pipeline bench forecasting`.
"""

import importlib
import os
import platform
import re
import subprocess
import sys

from energy_pipeline_tests.benchmarks.process import ROOT

PAGE = ROOT / "docs" / "benchmarks.md"
SECTIONS = (
    "daily",
    "allocation",
    "forecasting",
    "risk",
    "pv_fleet",
    "wind_fleet",
    "scenarios",
    "joint_book",
    "backtests",
    "flexibility",
    "kernels",
    "entsoe",
    "warehouse",
)


def main() -> None:
    """Measure and write."""
    names = sys.argv[1:] or list(SECTIONS)
    if unknown := [n for n in names if n not in SECTIONS]:
        raise SystemExit(f"no section {', '.join(unknown)}; sections: {', '.join(SECTIONS)}")
    if len(names) > 1:
        for name in names:
            subprocess.run([sys.executable, "-m", "energy_pipeline_tests.benchmarks", name], cwd=ROOT, check=True)
        return
    found = importlib.import_module(f"energy_pipeline_tests.benchmarks.{names[0]}").section()
    parts = dict(re.findall(r"<!-- (\w+) -->\n(.*?)(?=<!-- |\Z)", PAGE.read_text(encoding="utf-8") if PAGE.exists() else "", re.DOTALL))
    parts[names[0]] = "\n".join(found).strip() + "\n\n"
    head = [
        "# Benchmarks",
        "",
        "Written by `make bench`; do not edit. Single runs on one machine: read ratios and orders, not digits.",
        f"Machine: {os.cpu_count()} cores, {platform.system()} {platform.machine()}, Python {platform.python_version()}.",
        "",
        "",
    ]
    body = "".join(f"<!-- {name} -->\n{parts[name]}" for name in SECTIONS if name in parts)
    PAGE.write_text("\n".join(head) + body.rstrip() + "\n", encoding="utf-8")
    print(PAGE)  # noqa: T201 - where the result is


if __name__ == "__main__":
    main()
