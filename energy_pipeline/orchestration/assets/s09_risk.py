"""Risk: measures, contributions, stress and limits of the decided book; VaR exceptions.

What belongs here: the four risk tables (decide) and `var_exceptions` (settle_final).
What does not: any measure.
"""

from __future__ import annotations

from collections.abc import Mapping

import dagster as dg
import polars as pl

from energy_pipeline.orchestration.factory import AssetFactory, DayContext

ASSESSED_ON = ("information_set", "positions", "portfolio_solution", "scenario_paths", "plant_output", "dispatch")
RISK_TABLES = ("risk_measures", "risk_contributions", "stress_results", "limits")


def assets(factory: AssetFactory) -> list[dg.AssetsDefinition]:
    """All assets of the stage."""
    return [
        factory.tables("risk", RISK_TABLES, risk, ASSESSED_ON),
        factory.table("var_exceptions", var_exceptions, ["risk_measures", "pnl"]),
    ]


def risk(day: DayContext) -> Mapping[str, pl.DataFrame]:
    """The book as decided, over the joint forecast errors it was decided on; nothing is optimised again."""
    from energy_pipeline import risk as stage
    from energy_pipeline.portfolio import Book

    book = Book.from_frames(day.read("positions"), day.read("portfolio_solution"))
    found = stage.assess(day.info, book, day.read("scenario_paths"), day.read("plant_output"), day.read("dispatch"))
    return {"risk_measures": found.measures, "risk_contributions": found.contributions, "stress_results": found.stress, "limits": found.limits}


def var_exceptions(day: DayContext) -> pl.DataFrame:
    """Whether the day's loss was larger than the VaR decided with."""
    from energy_pipeline import risk as stage

    return stage.var_exceptions(day.desk, day.day, day.read("risk_measures"), day.read("pnl"))
