"""Risk: measures, methods, contributions, stress, limits, hedge proposals, factors and marks of the decided book; what came of it.

What belongs here: the eight risk tables (decide), `var_exceptions`, `var_backtests`, `pnl_attribution` and `limit_breaches`
(settle_final). What does not: any measure.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

import dagster as dg
import polars as pl

from energy_pipeline.contracts import TABLES
from energy_pipeline.orchestration.assets.s05_scenarios import past_errors
from energy_pipeline.orchestration.assets.s08_portfolio import held_forwards
from energy_pipeline.orchestration.factory import AssetFactory, DayContext
from energy_pipeline.orchestration.partitions import look_back

ASSESSED_ON = (
    "information_set",
    "positions",
    "portfolio_solution",
    "scenario_paths",
    "plant_output",
    "dispatch",
    "forward_curve",
    "signals",
    "price_forecasts",
)
RISK_TABLES = (
    "risk_measures",
    "risk_methods",
    "risk_contributions",
    "stress_results",
    "limits",
    "hedge_proposals",
    "factor_exposures",
    "mark_to_market",
)
DECIDED_ON = ("positions", "scenario_paths", "plant_output", "dispatch")
SETTLED_ON = ("pnl", "positions", "plant_output", "dispatch", "day_ahead_prices", "second_prices", "plant_meters", "generation_actual")
MARKED_ON = ("forward_curve", "mark_to_market", "asset_values", "price_forecasts")
"""Tables of D - 1 and D that say why what is still held changed."""
WINDOW_DAYS = 99
"""Settled days the tests look back over, at most; an edge stays below Dagster's 100 partitions."""


def assets(factory: AssetFactory) -> list[dg.AssetsDefinition]:
    """All assets of the stage."""
    return [
        factory.tables("risk", RISK_TABLES, risk, ASSESSED_ON),
        factory.table("var_exceptions", var_exceptions, ["risk_measures", "pnl", *DECIDED_ON]),
        factory.table("var_backtests", var_backtests, [look_back("var_exceptions", 1 - WINDOW_DAYS)]),
        factory.table("pnl_attribution", pnl_attribution, [*SETTLED_ON, *(look_back(name, -1) for name in MARKED_ON)]),
        factory.table("limit_breaches", limit_breaches, [look_back("limits", 1 - WINDOW_DAYS)]),
    ]


def risk(day: DayContext) -> Mapping[str, pl.DataFrame]:
    """The book as decided, over the joint forecast errors it was decided on; nothing is optimised again."""
    from energy_pipeline import risk as stage
    from energy_pipeline.book.positions import Book

    book = Book.from_frames(day.read("positions"), day.read("portfolio_solution"))
    more = stage.MoreInputs(day.read("forward_curve"), day.read("signals"), factor_returns(day), held_forwards(day))
    found = stage.assess(day.info, book, day.read("scenario_paths"), day.read("plant_output"), day.read("dispatch"), past_errors(day), more)
    return {
        "risk_measures": found.measures,
        "risk_methods": found.methods,
        "risk_contributions": found.contributions,
        "stress_results": found.stress,
        "limits": found.limits,
        "hedge_proposals": found.proposals,
        "factor_exposures": found.exposures,
        "mark_to_market": found.marks,
    }


def factor_returns(day: DayContext) -> pl.DataFrame | None:
    """The desk's own factor file; None where it names none."""
    from energy_pipeline.risk.factor_file import checked_factors

    file = day.desk.risk.factors.file
    return None if file is None else checked_factors(day.session.runtime.sources.load(file.path), file)


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


def pnl_attribution(day: DayContext) -> pl.DataFrame:
    """Why the day earned what it did, why the living book changed, and what later vintages changed."""
    from energy_pipeline import portfolio
    from energy_pipeline import risk as stage

    settled = day.read("pnl")
    positions, plant_output, dispatch = (day.read(t) for t in SETTLED_ON[1:4])
    raw = [first_vintages(day.raw(t), t) for t in SETTLED_ON[4:]]
    known = max((m for f in raw if (m := f["known_at"].max()) is not None), default=settled["settled_as_of"].max())
    first = portfolio.settle_final(day.desk, day.day, positions, plant_output, dispatch, *raw, known)  # type: ignore[call-arg, arg-type]
    before = day.day - timedelta(days=1)
    return stage.pnl_attribution(day.desk, day.day, settled, first, positions, *(day.window(t, before) for t in MARKED_ON))


def first_vintages(rows: pl.DataFrame, name: str) -> pl.DataFrame:
    """The first vintage of every row of a raw table."""
    return rows.sort(*TABLES[name].key, "known_at", maintain_order=True).unique(subset=list(TABLES[name].key), keep="first", maintain_order=True)


def limit_breaches(day: DayContext) -> pl.DataFrame:
    """Runs of red days up to D."""
    from energy_pipeline import risk as stage

    day.read("limits")  # a day that was never decided has no log
    return stage.limit_breaches(day.day, day.window("limits", day.day - timedelta(days=day.desk.risk.breach_days - 1)))
