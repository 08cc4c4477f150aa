"""A desk without models: one table's step over the real factory, for tests of how steps record and fail."""

from datetime import date

import dagster as dg
import polars as pl

from energy_pipeline.contracts import table
from energy_pipeline.desk import load_desk
from energy_pipeline.domain.errors import PipelineError
from energy_pipeline.orchestration.factory import AssetFactory, DayContext
from energy_pipeline.orchestration.partitions import delivery_days
from energy_pipeline.orchestration.resources import DeskRuntime
from energy_pipeline.settings import Settings
from energy_pipeline_tests.integration.lakes import TINY

VAR = table("var_exceptions")


def exceptions(day: DayContext, bad: set[date]) -> pl.DataFrame:
    if day.day in bad:
        raise PipelineError(f"table var_exceptions, day {day.day}: planted")
    row = {"delivery_day": day.day, "level": 0.95, "var_eur": 1.0, "es_eur": 2.0, "pnl_eur": -3.0, "is_exception": True}
    return VAR.frame([row])


def definitions(lake, bad: set[date] = frozenset()) -> dg.Definitions:
    desk = load_desk(TINY)
    factory = AssetFactory(delivery_days(desk))
    asset = factory.table("var_exceptions", lambda day: exceptions(day, bad), [])
    runtime = DeskRuntime(Settings(desk=TINY, lake=lake), desk)
    return dg.Definitions(assets=[asset], jobs=[dg.define_asset_job("small", "*")], resources={"runtime": runtime}, executor=dg.in_process_executor)
