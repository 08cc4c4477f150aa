"""The pipeline on one screen: stages in order, flows, checks, schedules.

What belongs here: putting the parts together. What does not: any part.
"""

from __future__ import annotations

from pathlib import Path

import dagster as dg

import energy_pipeline.threads  # noqa: F401 - before numpy
from energy_pipeline.desk import Desk
from energy_pipeline.orchestration import freshness, late_vintages, policies
from energy_pipeline.orchestration.alarms import alarms
from energy_pipeline.orchestration.assets import (
    s01_ingestion,
    s02_features,
    s03_forecasting,
    s04_renewables,
    s05_scenarios,
    s06_flexibility,
    s07_strategies,
    s08_portfolio,
    s09_risk,
    s10_reporting,
)
from energy_pipeline.orchestration.assets.s10_reporting import DAY
from energy_pipeline.orchestration.checks import check_steps
from energy_pipeline.orchestration.factory import AssetFactory
from energy_pipeline.orchestration.jobs import jobs
from energy_pipeline.orchestration.resources import Clock, DeskRuntime, utc_now
from energy_pipeline.orchestration.schedules import schedules
from energy_pipeline.settings import Settings
from energy_pipeline.warehouse.sql_project import SqlProject


def assets(factory: AssetFactory, project: SqlProject, *, described: bool = True) -> list[dg.AssetsDefinition]:
    """Every asset, stage by stage."""
    return [
        *s01_ingestion.assets(factory),
        *s02_features.assets(factory),
        *s03_forecasting.assets(factory),
        *s04_renewables.assets(factory),
        *s05_scenarios.assets(factory),
        *s06_flexibility.assets(factory),
        *s07_strategies.assets(factory),
        *s08_portfolio.assets(factory),
        *s09_risk.assets(factory),
        *s10_reporting.assets(factory, project, described=described),
    ]


def build_definitions(
    *,
    settings: Settings | None = None,
    desk: Desk | None = None,
    lake: Path | None = None,
    now: Clock = utc_now,
    checks: bool = True,
    described: bool = True,
) -> dg.Definitions:
    """The whole graph for one desk and lake.

    Parameters
    ----------
    settings : Settings, optional
        Read from the environment when not given.
    desk : Desk, optional
        Instead of the desk file of the settings.
    lake : Path, optional
        Instead of the lake of the settings.
    now : callable
        The clock.
    checks : bool
        False leaves the asset checks out (benchmarks).
    described : bool
        False leaves out what only the web page shows of the marts: columns and their lineage.
    """
    found = settings or Settings.load()
    if lake is not None:
        found = found.model_copy(update={"lake": lake})
    runtime = DeskRuntime(found, desk, now)
    project = SqlProject(found.sql_root)
    running, flows = found.schedules == "running", jobs(list(project.marts))
    factory = AssetFactory(runtime.desk, freshness.policies(runtime.desk) if running else None)
    every, by_name = assets(factory, project, described=described), {job.name: job for job in flows}
    return dg.Definitions(
        assets=every,
        asset_checks=check_steps(list(project.marts), factory.partitions) if checks else [],
        jobs=flows,
        schedules=schedules(runtime.desk, by_name, running, runtime.lake.decisions().is_frozen),
        sensors=[*alarms(found), late_vintages.sensor(factory.steps, factory.made, by_name[DAY], running=running)],
        resources={"runtime": runtime},
        executor=policies.EXECUTOR,
    )


@dg.definitions
def defs() -> dg.Definitions:
    """What Dagster loads from this module: built when asked for, so that the command line, which builds its own, need not wait."""
    return build_definitions()
