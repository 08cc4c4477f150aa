"""A whole day of the tiny desk, run once for all tests that look at it."""

from collections import Counter
from datetime import date

import dagster as dg
import pytest
from polars.lazyframe import engine

from energy_pipeline.runner.flows import FLOWS, Runner
from energy_pipeline.settings import Settings
from energy_pipeline_tests.integration.lakes import TINY
from energy_pipeline_tests.orchestration.recording import recorded

DAY = date(2026, 3, 29)
QUERIES = Counter()


@pytest.fixture(scope="session")
def recorded_day(tmp_path_factory):
    """One day, all flows, checks on; and what each step read."""
    root = tmp_path_factory.mktemp("lake")
    with dg.DagsterInstance.ephemeral() as instance:
        runner = Runner(Settings(desk=TINY, lake=root), instance=instance)
        with recorded() as reads, pytest.MonkeyPatch.context() as patched:
            runner.ensure_history(DAY)
            patched.setattr(engine._LocalEngine, "collect", _counted(engine._LocalEngine.collect))
            results = {flow: runner.run(flow, DAY).raise_if_failed() for flow in FLOWS}
        yield runner, results, instance, reads


@pytest.fixture(scope="session")
def queries_of_a_day(recorded_day):
    """How many questions all flows of that day put to polars."""
    return QUERIES.total()


def _counted(collect):
    def counted(*asked, **more):
        QUERIES["collected"] += 1
        return collect(*asked, **more)

    return counted
