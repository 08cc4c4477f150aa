"""Tasks of a plan over a broker: to workers that listen, back with what came of them, and past those that are lost."""

import sys
from contextlib import nullcontext
from datetime import date, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest

from energy_pipeline.desk import load_desk
from energy_pipeline.domain.errors import MissingDayError
from energy_pipeline.runner import cluster, cluster_worker, instance, workers
from energy_pipeline.runner.cluster import present, run_on_cluster
from energy_pipeline.runner.cluster_worker import ClusterError
from energy_pipeline.runner.flows import FLOWS
from energy_pipeline.runner.results import SpanResult
from energy_pipeline.runner.spans import chunks
from energy_pipeline.runner.workers import WorkerDiedError
from energy_pipeline.settings import Settings
from energy_pipeline_tests import servers
from energy_pipeline_tests.integration.lakes import TINY

testing = pytest.importorskip("celery.contrib.testing.worker", reason="Celery is not installed (the extra `cluster`)")
FIRST = date(2026, 1, 1)
CHUNKS = list(chunks(FIRST, FIRST + timedelta(days=5), 2))
BAD = CHUNKS[1][0]
SETTINGS = Settings(desk=TINY, lake="lake")
pytestmark = pytest.mark.filterwarnings("ignore:Call to deprecated setex:DeprecationWarning")  # Celery's, of Redis


class Heard:
    """A listener that writes down."""

    def __init__(self):
        self.said = []

    def done(self, step, _day):
        self.said.append(step)


@pytest.fixture(scope="module")
def patch():
    with pytest.MonkeyPatch.context() as own:
        yield own


@pytest.fixture(scope="module")
def broker(tmp_path_factory):
    with servers.redis(tmp_path_factory.mktemp("redis")) as address:
        yield address


@pytest.fixture(scope="module")
def worked(patch, broker):
    """One worker for the queues of two, in a thread, and what it did instead of flows."""
    worked = []

    def done(_runner, task, _listener):
        worked.append(task)
        bad = task.part == "forecasts" and BAD in task.days
        error = str(MissingDayError("day_ahead_prices", [BAD], "fetch it"))
        return SpanResult([("decide", "positions", error)], {BAD}, ["a check"]) if bad else SpanResult()

    patch.setattr(workers, "done", done)
    patch.setattr(instance, "open_instance", lambda _home: nullcontext())
    patch.setattr(cluster_worker, "Runner", lambda settings, **_given: SimpleNamespace(desk=load_desk(settings.desk_path), settings=settings))
    patch.setattr(cluster, "LOOK_SECONDS", 0.02)
    patch.setattr(cluster, "ASK_SECONDS", 0.3)
    app = cluster_worker.listening(SETTINGS, Path("home"), broker)
    with testing.start_worker(app, pool="solo", perform_ping_check=False, hostname="one@a", queues=["one@a", "two@a"], shutdown_timeout=30):
        yield worked


@pytest.fixture
def made(worked):
    worked.clear()
    return worked


def test_the_tasks_of_a_plan_are_done_in_its_order_and_what_failed_comes_back(broker, made):
    heard = Heard()
    result = run_on_cluster(SETTINGS, broker, ["one@a", "two@a"], FLOWS, [CHUNKS], heard)
    assert result.failed_days == {BAD}
    assert (result.failed_checks, len(result.errors)) == (["a check"], 1)
    assert "day_ahead_prices" in result.errors[0][2]
    parts = [task.part for task in made]
    assert (parts[0], parts.count("forecasts"), parts.count("chain"), "reports" in parts) == ("raw", 3, 3, True)
    assert [task.days for task in made if task.part == "chain"][1] == [BAD + timedelta(days=1)]
    assert sorted(heard.said) == sorted(map(str, made))


def test_what_a_lost_worker_was_given_goes_to_one_that_answers(broker, made):
    assert present(broker) == ["one@a"]
    run_on_cluster(SETTINGS, broker, ["gone@a", "one@a"], FLOWS, [CHUNKS], Heard())
    assert [task.span for task in made if task.part == "chain"] == [CHUNKS[0], (BAD + timedelta(days=1),) * 2, CHUNKS[2]]
    with pytest.raises(WorkerDiedError, match=r"gone@a was the last worker.*energy-pipeline worker"):
        run_on_cluster(SETTINGS, broker, ["gone@a"], FLOWS, [CHUNKS], Heard())


def test_a_worker_with_another_desk_or_lake_refuses_and_a_silent_broker_is_told(broker, made):
    with pytest.raises(ClusterError, match=r"one@a.*lake lake here, other there"):
        run_on_cluster(Settings(desk=TINY, lake="other"), broker, ["one@a"], FLOWS, [CHUNKS], Heard())
    assert made == []
    with pytest.raises(ClusterError, match="does not answer"):
        present("redis://127.0.0.1:1/0")


def test_without_celery_the_command_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "celery", None)
    with pytest.raises(ClusterError, match=r"energy-pipeline\[cluster\]"):
        present("redis://127.0.0.1:1/0")
