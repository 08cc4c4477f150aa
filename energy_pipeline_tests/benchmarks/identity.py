"""Two commits side by side on this machine: which columns of which tables and days differ, bit for bit.

    make identity BEFORE=36550fd [ARGUMENTS="--after HEAD --with COMMIT --only demo"]

What belongs here: checking both commits out, installing each from its own lock, running the demo's six
days and three real days in each, and comparing what the tables hold. What does not: a verdict; a
difference is listed with the fault that caused it in docs/identity.md. The table `runs` is left out: it tells
when and by which version a day was made.

`--with COMMIT` is picked into the earlier checkout first: the cure of a table whose bytes were not even
the same twice. Real days need ENERGY_PIPELINE_DATA.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
REAL_DAYS = ("2019-04-03", "2019-04-05")
LEFT_OUT = {"runs"}
HASHES = r"""
import hashlib, json, sys
import polars as pl
from energy_pipeline.contracts import TABLES
from energy_pipeline.lake import Lake

def bits(column):
    if column.dtype.is_float():
        return column.is_null().to_numpy().tobytes() + column.fill_null(0.0).to_numpy().tobytes()
    if column.dtype.is_integer() or column.dtype.is_temporal():
        whole = column.to_physical().cast(pl.Int64)
        return whole.is_null().to_numpy().tobytes() + whole.fill_null(0).to_numpy().tobytes()
    return repr(column.to_list()).encode()

found, lake = {}, Lake(sys.argv[1])
for name in TABLES:
    for day in lake.days(name):
        frame = lake.read(name, day, day)
        for column in frame.columns:
            found[f"{name} {day} {column}"] = hashlib.sha256(bits(frame[column])).hexdigest()
json.dump(found, sys.stdout)
"""


class Checkout:
    """One commit in a folder of its own, with its own environment, lake and Dagster home."""

    def __init__(self, folder: Path, commit: str, picked: str | None) -> None:
        self.folder = folder
        self._call("git", "worktree", "add", "--force", "--detach", str(folder), commit, cwd=ROOT)
        if picked:
            self._call("git", "cherry-pick", "--no-commit", picked)
        self._call("make", ".venv/.installed")

    def _call(self, *command: str, cwd: Path | None = None, **environment: str) -> str:
        done = subprocess.run(command, cwd=cwd or self.folder, env={**os.environ, **environment}, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(f"{' '.join(command)} in {cwd or self.folder}:\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}")
        return done.stdout

    def run(self, name: str, *arguments: str) -> dict[str, str]:
        """Hash by "table day column" after a command on a lake of its own."""
        lake = self.folder / f"lake_{name}"
        data = str(Path(os.environ.get("ENERGY_PIPELINE_DATA", ROOT.parent / "shared" / "data")).resolve())
        given = {"DAGSTER_HOME": str(self.folder / f"home_{name}"), "ENERGY_PIPELINE_DATA": data, "OPENBLAS_NUM_THREADS": "1"}
        self._call(str(self.folder / ".venv/bin/energy-pipeline"), *arguments, "--lake", str(lake), **given)
        return json.loads(self._call(str(self.folder / ".venv/bin/python"), "-c", HASHES, str(lake)))

    def remove(self) -> None:
        """Leave nothing behind."""
        self._call("git", "worktree", "remove", "--force", str(self.folder), cwd=ROOT)


def differences(before: dict[str, str], after: dict[str, str]) -> list[str]:
    """A line per table whose columns differ: which columns, on how many days; tables and columns that came or went."""
    tables: dict[str, dict[str, set[str]]] = {}
    for key in sorted({*before, *after}):
        table, day, column = key.split(" ")
        if table in LEFT_OUT or before.get(key) == after.get(key):
            continue
        kind = "new" if key not in before else "gone" if key not in after else "differs"
        tables.setdefault(table, {}).setdefault(f"{column} {kind}", set()).add(day)
    return [f"{table}: {', '.join(f'{what} ({len(days)} days)' for what, days in by.items())}" for table, by in tables.items()]


def main(arguments: list[str]) -> None:
    """Compare, print, and leave with 1 where anything differs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("before")
    parser.add_argument("--after", default="HEAD")
    parser.add_argument("--with", dest="picked")
    parser.add_argument("--only", choices=("demo", "real"))
    parser.add_argument("--keep", type=Path, help="Keep the checkouts in this folder.")
    given = parser.parse_args(arguments)
    desk = "energy_pipeline_tests/desks/europe.yaml"
    runs = {"demo": ("demo",), "real": ("backfill", *REAL_DAYS, "--desk", desk)}
    wanted = {name: command for name, command in runs.items() if given.only in (None, name)}
    with tempfile.TemporaryDirectory() as temporary, ThreadPoolExecutor(2) as both:
        folder = given.keep or Path(temporary)
        sides = list(both.map(lambda s: Checkout(folder / s[0], s[1], s[2]), [("before", given.before, given.picked), ("after", given.after, None)]))
        lines = []
        for name, command in wanted.items():
            old, new = both.map(lambda side, name=name, command=command: side.run(name, *command), sides)
            print(f"{name}: {len(new)} columns of days compared", flush=True)  # noqa: T201
            lines += [f"{name}  {line}" for line in differences(old, new)]
        if given.keep is None:
            for side in sides:
                side.remove()
    print("\n".join(lines) or "no difference")  # noqa: T201
    raise SystemExit(bool(lines))


if __name__ == "__main__":
    main(sys.argv[1:])
