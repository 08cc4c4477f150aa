"""SIGKILL at random moments: what readers see is whole or marked, nothing stays locked, and the same command again gives the undisturbed bytes."""

import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import dagster as dg
import numpy as np
import pytest

from energy_pipeline.runner.instance import open_instance
from energy_pipeline_tests.integration import long_runs, processes
from energy_pipeline_tests.integration.long_runs import DAY, Place, broken_promises, contents, marts

KILLS = int(os.environ.get("ENERGY_PIPELINE_KILLS", "0"))
"""`make test-long` asks for 100."""
pytestmark = [pytest.mark.slow, pytest.mark.skipif(not KILLS, reason="ENERGY_PIPELINE_KILLS is not set: make test-long")]
STEPS = {
    "decide": ("run", str(DAY), "--again", "--flows", "ingest,decide", "--no-audit"),
    "settle": ("run", str(DAY), "--again", "--flows", "settle_da,settle_final", "--no-audit"),
}
IN_A_ROW, PLACES = 3, 2
"""Kills of a step before it gets through, and lakes that are tried at the same time."""
ORDER = ("decide", "settle", "publish", "maintenance")


def publish(desk: str, lake: str) -> None:
    """Build the warehouse anew from the lake."""
    from energy_pipeline.desk import load_desk
    from energy_pipeline.settings import Settings
    from energy_pipeline.warehouse.publishing import publish as go

    settings = Settings(desk=Path(desk), lake=Path(lake))
    settings.warehouse.unlink(missing_ok=True)
    go(long_runs.Lake(lake), settings.warehouse, settings.sql_root, [DAY], desk=load_desk(Path(desk)))


def maintenance(desk: str, lake: str) -> None:
    """Merge closed months, sweep, forget: the job of each month."""
    from energy_pipeline.runner.flows import Runner
    from energy_pipeline.runner.instance import home_of
    from energy_pipeline.settings import Settings

    with open_instance(home_of(os.environ)) as instance:
        found = Runner(Settings(desk=Path(desk), lake=Path(lake)), instance=instance)._execute("maintenance", DAY, DAY, None)
        assert found.success, found.errors


def begun(place, step, twin):
    if step in STEPS:
        program, words = processes.energy_pipeline, place.words(twin, *STEPS[step])
    else:
        program, words = globals()[step], [str(place.desk(twin)), str(place.home / "lake")]
    return processes.begun(program, *words, environment=place.environment, output=place.home / "output.txt")


def through(place, step, twin):
    """Seconds of a step that nobody disturbs."""
    at = time.monotonic()
    process = begun(place, step, twin)
    process.join()
    assert process.exitcode == 0, (place.home / "output.txt").read_text()[-4000:]
    return time.monotonic() - at


def no_run_is_open(place):
    open_runs = [dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.STARTING]
    with open_instance(place.home / "dagster") as instance:
        return instance.get_runs_count(dg.RunsFilter(statuses=open_runs)) == 0


def killed(place, step, twin, seconds):
    """Kill a step after so many seconds; whether it was still there."""
    process = begun(place, step, twin)
    process.join(seconds)
    alive = process.exitcode is None
    if alive:
        os.kill(process.pid, signal.SIGKILL)
    process.join()
    return alive


def kill_over_and_over(place, kills, seed, lasts, right, published):
    """So many kills, each step killed `IN_A_ROW` times before it gets through; at which share of its time each hit."""
    chance, done, told, twin = np.random.default_rng(seed), 0, [], "a"
    while done < kills:
        twin = "b" if twin == "a" else "a"
        for step in ORDER:
            for _ in range(IN_A_ROW):
                before, share = contents(place.lake), float(chance.random())
                hit = killed(place, step, twin, share * lasts[step])
                told += [(step, round(share, 2))] if hit else []
                assert broken_promises(place, before, right[twin]) == [], (step, share)
                done += hit
            through(place, step, twin)
            assert no_run_is_open(place)
        assert contents(place.lake) == right[twin]
        assert marts(place.home / "lake" / "warehouse.duckdb") == published[twin]
        assert place.lake.unfinished().all() == []
    return told


def test_after_kills_at_any_moment_days_are_whole_or_marked_and_run_again_to_the_same_bytes(tmp_path):
    with processes.library_server():
        place = Place(tmp_path / "home0")
        place.home.mkdir()
        place.run("a", "run", str(DAY), "--no-audit")
        lasts, right, published = {}, {}, {}
        for twin in ("b", "a"):
            lasts |= {step: through(place, step, twin) for step in ORDER}
            right[twin], published[twin] = contents(place.lake), marts(place.home / "lake" / "warehouse.duckdb")
        assert sum(right["a"][key] != right["b"][key] for key in right["a"]) > 20, "the twins decide and earn alike: nothing would be seen"
        places = [place, *(place.copied(tmp_path / f"home{n}") for n in range(1, PLACES))]
        with ThreadPoolExecutor(PLACES) as pool:
            begun = [pool.submit(kill_over_and_over, own, KILLS / PLACES, seed, lasts, right, published) for seed, own in enumerate(places)]
            told = [one for under_way in begun for one in under_way.result()]
    shares = {step: sorted(share for name, share in told if name == step) for step in ORDER}
    os.write(1, f"{len(told)} kills, at shares of each step's time: {shares}; seconds: {lasts}\n".encode())
