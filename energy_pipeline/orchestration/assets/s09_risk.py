"""Risk: measures, methods, contributions, stress, limits and hedge proposals of the decided book; VaR exceptions.

What belongs here: the six risk tables (decide), `var_exceptions` and `var_backtests` (settle_final).
What does not: any measure.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

import dagster as dg
import polars as pl

from energy_pipeline.orchestration.factory import AssetFactory, DayContext
from energy_pipeline.orchestration.partitions import look_back

ASSESSED_ON = ("information_set", "positions", "portfolio_solution", "scenario_paths", "plant_output", "dispatch")
RISK_TABLES = ("risk_measures", "risk_methods", "risk_contributions", "stress_results", "limits", "hedge_proposals")
DECIDED_ON = ("positions", "scenario_paths", "plant_output", "dispatch")
WINDOW_DAYS = 99
"""Settled days the tests look back over, at most; an edge stays below Dagster's 100 partitions."""


def assets(factory: AssetFactory) -> list[dg.AssetsDefinition]:
    """All assets of the stage."""
    return [
        factory.tables("risk", RISK_TABLES, risk, ASSESSED_ON),
        factory.table("var_exceptions", var_exceptions, ["risk_measures", "pnl", *DECIDED_ON]),
        factory.table("var_backtests", var_backtests, [look_back("var_exceptions", 1 - WINDOW_DAYS)]),
    ]


def risk(day: DayContext) -> Mapping[str, pl.DataFrame]:
    """The book as decided, over the joint forecast errors it was decided on; nothing is optimised again."""
    from energy_pipeline import forecasting, renewables
    from energy_pipeline import risk as stage
    from energy_pipeline.portfolio import Book

    book = Book.from_frames(day.read("positions"), day.read("portfolio_solution"))
    errors = [*forecasting.price_errors(day.info, day.artefacts), *renewables.output_errors(day.info)]
    found = stage.assess(day.info, book, day.read("scenario_paths"), day.read("plant_output"), day.read("dispatch"), errors)
    return {
        "risk_measures": found.measures,
        "risk_methods": found.methods,
        "risk_contributions": found.contributions,
        "stress_results": found.stress,
        "limits": found.limits,
        "hedge_proposals": found.proposals,
    }


def var_exceptions(day: DayContext) -> pl.DataFrame:
    """Whether the day's loss was larger than the VaR decided with, and which leg fell short."""
    from energy_pipeline import risk as stage

    legs = stage.decided_legs(day.desk, day.day, *(day.read(t) for t in DECIDED_ON))
    return stage.var_exceptions(day.desk, day.day, day.read("risk_measures"), day.read("pnl"), legs)


def var_backtests(day: DayContext) -> pl.DataFrame:
    """Tests of VaR over the settled days up to D."""
    from energy_pipeline import risk as stage

    first = day.day - timedelta(days=min(day.desk.risk.backtest_days, WINDOW_DAYS) - 1)
    day.read("var_exceptions")  # a day that was never settled has no tests
    return stage.var_backtests(day.day, day.window("var_exceptions", first))
