"""A whole day of the tiny desk, run once for all tests that look at it."""

from datetime import date

import dagster as dg
import pytest

from energy_pipeline.runner.flows import FLOWS, Runner
from energy_pipeline.settings import Settings
from energy_pipeline_tests.integration.lakes import TINY
from energy_pipeline_tests.orchestration.recording import recorded

DAY = date(2026, 3, 29)


@pytest.fixture(scope="session")
def recorded_day(tmp_path_factory):
    """One day, all flows, checks on; and what each step read."""
    root = tmp_path_factory.mktemp("lake")
    with dg.DagsterInstance.ephemeral() as instance:
        runner = Runner(Settings(desk=TINY, lake=root), instance=instance)
        with recorded() as reads:
            runner.ensure_history(DAY)
            results = {flow: runner.run(flow, DAY).raise_if_failed() for flow in FLOWS}
        yield runner, results, instance, reads
