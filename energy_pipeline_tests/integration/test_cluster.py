"""A backfill on two workers of a broker gives what one gives, sooner; a worker that is killed costs its run only."""

import os
import signal
import time
from contextlib import ExitStack, contextmanager, suppress
from datetime import date, timedelta
from pathlib import Path

import dagster as dg
import pytest

from energy_pipeline.domain.delivery import days_between
from energy_pipeline.runner.instance import open_instance
from energy_pipeline_tests import servers
from energy_pipeline_tests.integration import processes
from energy_pipeline_tests.integration.long_runs import FLOWS, Place, contents, marts
from energy_pipeline_tests.integration.test_at_once import history

DAYS = int(os.environ.get("ENERGY_PIPELINE_CLUSTER_DAYS", "0"))
"""`make test-long` asks for 60."""
pytestmark = [pytest.mark.slow, pytest.mark.skipif(not DAYS, reason="ENERGY_PIPELINE_CLUSTER_DAYS is not set: make test-long")]
FIRST = date(2026, 1, 20)
SPAN = days_between(FIRST, FIRST + timedelta(days=DAYS - 1))
KILL_AT = 0.4
"""Of the time that two workers need: then one of them is killed."""


def descendants(pid: int) -> list[int]:
    """A process and all below it."""
    below: list[int] = []
    with suppress(FileNotFoundError, ProcessLookupError):  # some end while they are looked at
        below = [int(p) for task in Path(f"/proc/{pid}/task").glob("*/children") for p in task.read_text().split()]
    return [pid, *(one for child in below for one in descendants(child))]


def seconds_of(pids: list[int]) -> float:
    """CPU seconds of processes that are there, with those of their children that have ended."""
    ticks = 0
    for pid in pids:
        with suppress(FileNotFoundError, ProcessLookupError):
            ticks += sum(int(n) for n in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:15])
    return ticks / os.sysconf("SC_CLK_TCK")


@contextmanager
def crew(place: Place, names):
    """Workers under way, each with all its processes, killed at the end."""
    with ExitStack() as stack:
        found = []
        for name in names:
            words = place.words("a", "worker", "--name", name)
            worker = processes.begun(processes.energy_pipeline, *words, environment=place.environment, output=place.home / f"{name}.txt")
            stack.callback(end, worker)
            found.append(worker)
        yield found


def end(worker):
    for pid in descendants(worker.pid):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    worker.join()


def backfill(place: Place, workers, kill_after: float = 0.0):
    """Wall and CPU seconds of a backfill on the cluster; after so many seconds the last of the workers is killed."""
    words = place.words("a", "backfill", str(SPAN[0]), str(SPAN[-1]), "--cluster", "--no-audit")
    time.sleep(5)  # the workers listen
    began, before = time.monotonic(), sum(seconds_of(descendants(w.pid)) for w in workers)
    command = processes.begun(processes.energy_pipeline, *words, environment=place.environment, output=place.home / "backfill.txt")
    if kill_after:
        command.join(kill_after)
        assert command.exitcode is None, "the backfill was through before a worker was killed"
        end(workers[-1])
    command.join()
    assert command.exitcode == 0, (place.home / "backfill.txt").read_text()[-4000:]
    spent = sum(seconds_of(descendants(w.pid)) for w in workers if w.is_alive()) - before
    return time.monotonic() - began, spent


def test_two_workers_make_what_one_makes_and_a_killed_one_costs_its_run_only(tmp_path):
    with processes.library_server(), servers.redis(tmp_path / "redis") as broker, servers.postgres(tmp_path / "pg") as database:
        variables = {name: servers.another_database(database, name) | {"ENERGY_PIPELINE_BROKER": broker} for name in ("one", "two", "killed")}
        first = Place(tmp_path / "one", servers=variables["one"])
        servers.deployed_home(first.home / "dagster")
        processes.run(history, str(first.desk("a")), first.root, environment=first.environment | {"DAGSTER_HOME": str(tmp_path / "loading")})
        others = [first.copied(tmp_path / name, variables[name]) for name in ("two", "killed")]
        with crew(first, ["one"]) as workers:
            alone, alone_cpu = backfill(first, workers)
        with crew(others[0], ["two", "three"]) as workers:
            both, both_cpu = backfill(others[0], workers)
        with crew(others[1], ["four", "five"]) as workers:
            hurt, _ = backfill(others[1], workers, KILL_AT * both)
        right, published = contents(first.lake, SPAN, FLOWS), marts(first.warehouse)
        for place in others:
            assert contents(place.lake, SPAN, FLOWS) == right
            assert marts(place.warehouse) == published
            assert place.lake.unfinished().all() == []
        with pytest.MonkeyPatch.context() as patch:
            _ = [patch.setenv(name, value) for name, value in variables["killed"].items()]
            with open_instance(others[1].home / "dagster") as instance:
                failed = instance.get_runs(dg.RunsFilter(statuses=[dg.DagsterRunStatus.FAILURE]))
                assert instance.get_runs_count(dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED])) == 0
    assert len(failed) <= 1, "a killed worker costs more than the run it was at"
    load = os.getloadavg()[0]
    said = f"one worker {alone:.0f} s ({alone_cpu:.0f} CPU s), two {both:.0f} s ({both_cpu:.0f} CPU s): {alone / both:.2f} times"
    os.write(1, f"{DAYS} days: {said}; one of two killed: {hurt:.0f} s, {len(failed)} run failed; load {load:.0f}\n".encode())
