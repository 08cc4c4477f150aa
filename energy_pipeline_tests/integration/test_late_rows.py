"""A row that arrives after we looked for it is known from then on, not from when it should have come."""

from datetime import UTC, date, datetime, timedelta

import dagster as dg

from energy_pipeline.desk.load import desk_from
from energy_pipeline.runner.flows import Runner
from energy_pipeline.settings import Settings
from energy_pipeline_tests.integration.test_corrupt_input import DESK_DATA, of_day, rows, write

DAY = date(2026, 3, 30)
RULE = datetime(2026, 3, 29, 10, 45, tzinfo=UTC)  # D-1 12:45 in Berlin, in summer time already


def ingest(folder, instance, now):
    runner = Runner(Settings(lake=folder / "lake", data=folder), desk_from(DESK_DATA, "test"), instance, now=lambda: now, checks=False)
    runner.run("ingest", DAY - timedelta(days=1), DAY)
    return runner.runtime.lake.read("day_ahead_prices", DAY, DAY, missing="skip")


def test_rows_that_were_missing_when_we_looked_are_known_when_we_saw_them(tmp_path):
    everything = rows()
    spot = of_day(DAY)
    early, late = RULE + timedelta(minutes=30), RULE + timedelta(hours=5)
    with dg.DagsterInstance.ephemeral() as instance:
        write(tmp_path, [line for i, line in enumerate(everything) if i != spot[7]])
        first = ingest(tmp_path, instance, early)
        write(tmp_path, everything)
        second = ingest(tmp_path, instance, late)
    assert first.height == 23
    assert first["known_at"].unique().to_list() == [RULE]
    assert second.height == 24
    assert second.filter(second["known_at"] != RULE)["known_at"].to_list() == [late]
