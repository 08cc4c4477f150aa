"""A large synthetic desk: CPU seconds and memory of its first day, and of the next one in a new process on the months left on disk.

    make scale                                        40 zones and 500 plants (an hour of CPU for the first day)
    make scale ARGUMENTS="--zones 4 --plants 20"      smaller, for a look

What belongs here: making the desk, the two processes, what they print. What does not: a verdict (docs/speed.md quotes a run).

The profile is of the second process, by function of this project; profiling makes Python's own work about twice as dear, so
that run is a third one and its seconds are shares only.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from datetime import date, timedelta
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import yaml

from energy_pipeline_tests.benchmarks.identity import ROOT

TINY = ROOT / "energy_pipeline_tests" / "desks" / "tiny.yaml"
PROGRAM = r"""
import cProfile, io, json, os, pstats, resource, sys, time
from datetime import date
from energy_pipeline.runner.flows import FLOWS, Runner
from energy_pipeline.runner.instance import home_of, open_instance
from energy_pipeline.runner.spans import run_span
from energy_pipeline.settings import Settings

day, profiled = date.fromisoformat(sys.argv[1]), sys.argv[2] == "profiled"
profile = cProfile.Profile(time.process_time)
with open_instance(home_of(os.environ)) as instance:
    runner = Runner(Settings.load(), instance=instance)
    began = time.process_time()
    if profiled:
        profile.enable()
    result = run_span(runner, list(FLOWS), day, day)
    profile.disable()
    assert not result.failed_days, result.errors
    spent = time.process_time() - began
told = io.StringIO()
if profiled:
    pstats.Stats(profile, stream=told).sort_stats("cumulative").print_stats(r"energy_pipeline.(?!orchestration|runner)", 40)
json.dump({"cpu_s": spent, "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, "profile": told.getvalue()}, sys.stdout)
"""


def large(zones: int, plants: int, paths: int) -> dict[str, Any]:
    """The smallest desk's zones and plants, repeated under other names."""
    desk = yaml.safe_load(TINY.read_text(encoding="utf-8"))
    names = [f"Z{number:02}" for number in range(zones)]
    places = {zone: islice(cycle(desk["weather"]), number, None) for number, zone in enumerate(names)}
    desk["zones"] = {
        zone: {
            "market": "continental",
            "second_price": {"kind": "intraday", "imbalance_fee_eur_mwh": 1.0},
            "weather_locations": [next(places[zone])],
            "installed_wind_mw": 5000 + 300 * number,
            "installed_solar_mw": 9000 + 200 * number,
        }
        for number, zone in enumerate(names)
    }
    kinds = [
        {"kind": "wind", "location": "coast", "capacity_mw": 100, "hub_height_m": 110},
        {"kind": "pv", "location": "valley", "peak_mw": 60, "inverter_mw": 50},
        {"kind": "share", "technology": "wind", "share_of_zone": 0.01},
    ]
    desk["plants"] = {f"P{number:03}": {**kinds[number % 3], "zone": names[number % zones]} for number in range(plants)}
    desk["assets"]["battery"]["zone"] = names[0]
    desk["contracts"] = [{"zone": zone, "block": "base", "max_trade_mw": 50} for zone in names]
    desk["opening_book"], desk["strategies"] = [], {}
    desk["limits"] = {"gross_contracts_mw": 60 * zones, "es_eur": 1e7}
    desk["sources"] = {"synthetic": {"seed": 7}}
    desk["scenarios"] = {"paths": paths}
    return desk


def run(folder: Path, day: date, how: str = "plain") -> dict[str, Any]:
    """A day through all flows in a new process."""
    given = {"DAGSTER_HOME": str(folder / "home"), "ENERGY_PIPELINE_LAKE": str(folder / "lake"), "ENERGY_PIPELINE_DESK": str(folder / "desk.yaml")}
    command = [sys.executable, "-W", "ignore", "-c", PROGRAM, day.isoformat(), how]
    done = subprocess.run(command, cwd=ROOT, env={**os.environ, **given, "OPENBLAS_NUM_THREADS": "1"}, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr[-4000:])
    return json.loads(done.stdout[done.stdout.rindex('{"cpu_s"') :])


def main(arguments: list[str]) -> None:
    """Print the two days and the profile of the day after."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--zones", type=int, default=40)
    parser.add_argument("--plants", type=int, default=500)
    parser.add_argument("--paths", type=int, default=200)
    parser.add_argument("--first", type=date.fromisoformat, default=date(2024, 6, 4))
    parser.add_argument("--profile", action="store_true")
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        (folder / "desk.yaml").write_text(yaml.safe_dump(large(given.zones, given.plants, given.paths)), encoding="utf-8")
        print("| day | CPU s | peak MB |\n|---|---|---|", flush=True)  # noqa: T201
        for number, what in enumerate(("first ever", "next, a new process")):
            found = run(folder, given.first + timedelta(days=number))
            print(f"| {what} | {found['cpu_s']:.1f} | {found['peak_mb']:,.0f} |", flush=True)  # noqa: T201
        if given.profile:
            print(run(folder, given.first + timedelta(days=2), "profiled")["profile"])  # noqa: T201


if __name__ == "__main__":
    main(sys.argv[1:])
