"""A battery's trained policy beside an earlier commit's, day by day on a market's second price: what each earned, and the paired t.

    make policies [ARGUMENTS="--market ercot --cycles-per-day 1 --before e05e57f"]

What belongs here: the same simulated prices for both builds, each build's policy trained on them every midnight and run on the prices that
came, contents carried over midnights. What does not: other rules (`study battery`), the price model (`mathematics.stores.backtest`).

The default commit is the last one whose policy kept a day's cycles by a cost found in a search; since then what is left of them is a
state. The earlier build runs with this one's libraries, in a process of its own.
"""

import argparse
import json
import os
import subprocess
import sys
import tarfile
import tempfile
from dataclasses import fields, replace
from datetime import date, timedelta
from io import BytesIO
from pathlib import Path

import numpy as np

from energy_pipeline.domain.seeds import generator
from energy_pipeline.mathematics.stores.backtest import HISTORY_DAYS, MINUTES_PER_DAY, simulated_second
from energy_pipeline.mathematics.stores.store import Store
from energy_pipeline.studies.battery_study import BATTERY, MARKETS

ROOT = Path(__file__).resolve().parents[2]
DATA = Path(os.environ.get("ENERGY_PIPELINE_DATA", ROOT.parent / "shared" / "data"))
DECAY_PER_HOUR, PATHS = 0.85, 500
EACH_DAY = """
import json, sys
from dataclasses import replace
import numpy as np
from energy_pipeline.mathematics.stores.policy import train
from energy_pipeline.mathematics.stores.store import Store

given = json.loads(sys.argv[1])
store, found = Store(**given["store"]), []
for day in range(given["days"]):
    held = np.load(f"{given['folder']}/{day}.npz")
    run = train(store, held["paths"], given["minutes"]).run(held["came"][None])
    found.append([float(run.margin_eur[0]), float(run.discharge_mw.sum()) * given["minutes"] / 60.0])
    left = float(run.state_of_charge_mwh[0, -1])
    store = replace(store, initial_mwh=min(max(left, store.minimum_mwh), store.energy_mwh))
print(json.dumps(found))
"""


def paired_t(apart: np.ndarray) -> float:
    """t of the mean difference, days taken as independent.

    >>> round(paired_t(np.array([1.0, 2.0, 3.0])), 2)
    3.46
    """
    return float(apart.mean() / (apart.std(ddof=1) / np.sqrt(apart.size)))


def simulated(market: str, first: date, last: date, folder: Path) -> tuple[int, int]:
    """Write each day's simulated second prices and those that came; (days, minutes of an interval)."""
    held = MARKETS[market](DATA)
    begin, count = (first - held.first_day).days, (last - first).days + 1
    if begin < HISTORY_DAYS:
        raise SystemExit(f"{held.name} begins on {held.first_day}: no {HISTORY_DAYS} days before {first}")
    minutes = MINUTES_PER_DAY // held.second.shape[1]
    ahead = np.repeat(held.day_ahead, held.second.shape[1] // 24, axis=1)
    decay = DECAY_PER_HOUR ** (minutes / 60.0)
    for n in range(count):
        rng = generator("flexibility", first + timedelta(days=n), "battery_study")
        paths = simulated_second(held.second, ahead, begin + n, decay, PATHS, rng)
        np.savez(folder / f"{n}.npz", paths=paths, came=held.second[begin + n])
    return count, minutes


def margins(code: Path, store: Store, days: int, minutes: int, folder: Path) -> np.ndarray:
    """Margin and MWh discharged of each day with the policy of the code in a folder, shape (days, 2)."""
    own = {field.name: value for field in fields(store) if (value := getattr(store, field.name)) != field.default}
    given = json.dumps({"store": own, "days": days, "minutes": minutes, "folder": str(folder)})
    environment = {**os.environ, "PYTHONPATH": str(code), "NUMBA_CACHE_DIR": str(folder / "kernels")}
    done = subprocess.run([sys.executable, "-c", EACH_DAY, given], cwd=code, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr[-4000:])
    return np.array(json.loads(done.stdout))


def main(arguments: list[str]) -> None:
    """Print what each earned, and the difference."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--market", choices=sorted(MARKETS), default="ercot")
    parser.add_argument("--first", type=date.fromisoformat, default=date(2024, 9, 1))
    parser.add_argument("--last", type=date.fromisoformat, default=date(2025, 8, 30))
    parser.add_argument("--cycles-per-day", type=float, default=1.0)
    parser.add_argument("--before", default="e05e57f")
    given = parser.parse_args(arguments)
    store = replace(BATTERY, cycles_per_day=given.cycles_per_day)
    with tempfile.TemporaryDirectory() as place:
        folder, old = Path(place) / "days", Path(place) / "code"
        folder.mkdir()
        archive = subprocess.run(["git", "archive", given.before, "energy_pipeline"], cwd=ROOT, capture_output=True, check=True).stdout
        with tarfile.open(fileobj=BytesIO(archive)) as packed:
            packed.extractall(old, filter="data")
        days, minutes = simulated(given.market, given.first, given.last, folder)
        before, after = (margins(code, store, days, minutes, folder) for code in (old, ROOT))
    for name, own in ((given.before, before), ("this build", after)):
        print(f"{name}: {own[:, 0].sum():,.0f} in {days} days, {own[:, 1].sum():,.0f} MWh discharged")  # noqa: T201
    apart = after[:, 0] - before[:, 0]
    print(f"this build less {given.before}: {apart.mean():+.1f} a day, paired t {paired_t(apart):+.2f}")  # noqa: T201


if __name__ == "__main__":
    main(sys.argv[1:])
