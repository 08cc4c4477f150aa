"""SIGKILL at random moments: what readers see is whole or marked, nothing stays locked, and the same command again gives the undisturbed bytes."""

import os
import signal
import sys
import time
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


def test_after_a_kill_at_any_moment_days_are_whole_or_marked_and_run_again_to_the_same_bytes(tmp_path):
    with processes.library_server():
        place = Place(tmp_path / "home")
        place.home.mkdir()
        place.run("a", "run", str(DAY), "--no-audit")
        lasts, right, published = {}, {}, {}
        for twin in ("b", "a"):
            lasts |= {step: through(place, step, twin) for step in ORDER}
            right[twin], published[twin] = contents(place.lake), marts(place.home / "lake" / "warehouse.duckdb")
        assert sum(right["a"][key] != right["b"][key] for key in right["a"]) > 20, "the twins decide and earn alike: nothing would be seen"
        chance, kills, told, twin = np.random.default_rng(18), 0, {}, "a"
        while kills < KILLS:
            twin = "b" if twin == "a" else "a"
            for step in ORDER:
                before, moment = contents(place.lake), float(chance.random()) * lasts[step]
                hit = killed(place, step, twin, moment)
                kills += hit
                told.setdefault(step, []).append(round(moment / lasts[step], 2) if hit else "too late")
                assert broken_promises(place, before, right[twin]) == [], (step, moment)
                through(place, step, twin)
                assert no_run_is_open(place)
            assert contents(place.lake) == right[twin]
            assert marts(place.home / "lake" / "warehouse.duckdb") == published[twin]
            assert place.lake.unfinished().all() == []
        sys.stdout.write(f"{kills} kills, at shares of each step's time: {told}\n")
