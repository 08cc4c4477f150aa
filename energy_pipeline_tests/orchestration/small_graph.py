"""A desk without models: one table's step over the real factory, for tests of how steps record and fail."""

from collections.abc import Collection
from datetime import date

import dagster as dg
import polars as pl

from energy_pipeline.contracts import table
from energy_pipeline.desk import load_desk
from energy_pipeline.domain.errors import PipelineError
from energy_pipeline.orchestration.factory import AssetFactory, DayContext, Step
from energy_pipeline.orchestration.resources import DeskRuntime
from energy_pipeline.settings import Settings
from energy_pipeline_tests.contracts.legal_frames import legal_day
from energy_pipeline_tests.integration.lakes import TINY

VAR = table("var_exceptions")


def exceptions(day: DayContext, bad: set[date]) -> pl.DataFrame:
    if day.day in bad:
        raise PipelineError(f"table var_exceptions, day {day.day}: planted")
    return legal_day(VAR, day.day, rows=1)


def one_step(compute, *declared) -> Step:
    """The step `var_exceptions` of a factory, with these declarations."""
    factory = AssetFactory(load_desk(TINY))
    factory.table("var_exceptions", compute, *declared)
    return factory.steps["var_exceptions"]


def definitions(lake, bad: Collection[date] = frozenset()) -> dg.Definitions:
    desk = load_desk(TINY)
    factory = AssetFactory(desk)
    asset = factory.table("var_exceptions", lambda day: exceptions(day, bad))
    runtime = DeskRuntime(Settings(desk=TINY, lake=lake), desk)
    job = dg.define_asset_job("small", dg.AssetSelection.assets("var_exceptions"))
    return dg.Definitions(assets=[asset], jobs=[job], resources={"runtime": runtime}, executor=dg.in_process_executor)
