"""VaR exceptions: settled losses larger than the decision said, and why; tests over the settled days.

What belongs here: the comparison for one day, its cause, and the table of tests over a window. What
does not: the tests themselves (`backtests`).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

import numpy as np
import polars as pl

from energy_pipeline.book.outlook import Acting
from energy_pipeline.book.valued import scenario_pnl, valued
from energy_pipeline.contracts import table
from energy_pipeline.desk import Desk
from energy_pipeline.domain.delivery import FloatArray
from energy_pipeline.domain.errors import MissingDayError
from energy_pipeline.mathematics.statistics.exception_tests import backtest, pit_test
from energy_pipeline.risk.assessment import PROXY_SCOPE

LEGS = ("physical", "deviation", "speculative", "imbalance_fee", "hedge", "hedge_proxy", "costs")
MINIMUM_PIT_DAYS = 20
MOVED = ("curve", "delivered", "exchange_rate")
"""Legs of book_explain that mark VaR is about."""
BASEL_DAYS = 250
"""Days the traffic light is defined for: below, its zones have no meaning."""


def decided_legs(
    desk: Desk,
    day: date,
    positions: pl.DataFrame,
    scenario_paths: pl.DataFrame,
    plant_output: pl.DataFrame,
    dispatch: pl.DataFrame,
    acting: Sequence[Acting] = (),
) -> dict[str, FloatArray]:
    """P&L per scenario by leg as decided, hedges at their quotes [EUR], shape (scenarios,) each."""
    held = valued(desk, desk.delivery_day(day), positions, scenario_paths, plant_output, dispatch, acting)
    return scenario_pnl(held.books, held.outlooks, desk.scenarios.paths)[1]


def var_exceptions(desk: Desk, day: date, measures: pl.DataFrame, pnl: pl.DataFrame, legs: dict[str, FloatArray] | None = None) -> pl.DataFrame:
    """Settled P&L of the book against its VaR, per level of the desk.

    Parameters
    ----------
    measures : frame of risk_measures
        As decided.
    pnl : frame of pnl
        As settled; without rows there is nothing to compare and the result is empty.
    legs : dict of leg to array, optional
        `decided_legs`: for the cause and the PIT, which are null without.

    Raises
    ------
    MissingDayError
        When the decision has no VaR or shortfall at a level the desk asks for.
    """
    contract = table("var_exceptions")
    if pnl.height == 0:
        return contract.frame()
    total = float(np.sum(pnl.sort("zone", "delivery_start")["total_eur"].to_numpy()))
    # The settled total holds proxy hedges at their quotes, so the expectation must too.
    expected = _measure(measures, day, "expected_pnl", 0.0) + _measure(measures, day, "expected_pnl", 0.0, PROXY_SCOPE)
    why = {"cause": None, "cause_eur": None, "pit": None} if legs is None else _why(pnl, legs, total)
    rows = []
    for level in sorted(set(desk.risk.var_levels)):
        var, es = (_measure(measures, day, name, level) for name in ("var", "es"))
        found = {"var_eur": var, "es_eur": es, "expected_pnl_eur": expected, "pnl_eur": total, "is_exception": expected - total > var}
        rows.append({"delivery_day": day, "level": level, **found, **why})
    return contract.frame(rows)


def _why(pnl: pl.DataFrame, legs: dict[str, FloatArray], total: float) -> dict[str, object]:
    """The leg that fell furthest short of its expectation, and where the day lies among the scenarios."""
    came = {name: float(np.sum(pnl.sort("zone", "delivery_start")[f"{name}_eur"].fill_null(0.0).to_numpy())) for name in LEGS}
    short = {name: float(legs[name].mean()) - came[name] for name in LEGS if name in legs}
    cause = max(short, key=lambda name: short[name])
    scenarios = np.sum(list(legs.values()), axis=0)
    above = float((scenarios > total).sum()) + 0.5 * float((scenarios == total).sum())
    return {"cause": cause, "cause_eur": short[cause], "pit": (above + 0.5) / (scenarios.size + 1.0)}


def _measure(measures: pl.DataFrame, day: date, name: str, level: float, scope: str = "book") -> float:
    found = measures.filter(pl.col("scope") == scope, pl.col("measure") == name, pl.col("level") == level)["value_eur"]
    if found.len() != 1:
        raise MissingDayError("risk_measures", [day], f"no {name} of the {scope} at level {level:g}; rerun risk with this desk")
    return float(found[0])


def var_backtests(day: date, exceptions: pl.DataFrame) -> pl.DataFrame:
    """Tests over the settled days of a window, one row a level; frame of the table var_backtests.

    Parameters
    ----------
    exceptions : frame of var_exceptions
        Of the window's days up to `day`.
    """
    past = exceptions.filter(pl.col("delivery_day") <= day).sort("level", "delivery_day")
    rows = [_tested(day, part) for part in past.partition_by("level", maintain_order=True)]
    return table("var_backtests").frame(rows or None)


def mark_var_exceptions(day: date, mark_risk: pl.DataFrame, explained: pl.DataFrame) -> pl.DataFrame:
    """The change of value since the decision before against its mark VaR(1); frame of the table mark_var_exceptions.

    Parameters
    ----------
    mark_risk, explained : frames of mark_risk (of D - 1) and book_explain (of D)
        Empty where one of the days was not decided: there is nothing to compare.
    """
    held = mark_risk.filter(pl.col("delivery_day") == day - timedelta(days=1), pl.col("scope") == "book", pl.col("horizon_days") == 1)
    values = {(r["measure"], r["level"]): r["value_eur"] for r in held.drop_nulls("value_eur").to_dicts()}
    legs = explained.filter(pl.col("deal") == "book", pl.col("leg").is_in(MOVED)).sort("tenor", "leg")
    rows = []
    if explained.height:
        change = float(np.sum(legs["value_eur"].to_numpy()))
        for level in sorted({level for measure, level in values if measure == "var"}):
            var, es = values["var", level], values["es", level]
            rows.append({"delivery_day": day, "level": level, "var_eur": var, "es_eur": es, "change_eur": change, "is_exception": -change > var})
    return table("mark_var_exceptions").frame(rows or None)


def mark_var_backtests(day: date, exceptions: pl.DataFrame) -> pl.DataFrame:
    """Tests over the decided days up to `day`, one row a level; frame of the table mark_var_backtests."""
    past = exceptions.filter(pl.col("delivery_day") <= day).sort("level", "delivery_day")
    today = past.filter(pl.col("delivery_day") == day)["level"].to_list()
    parts = [part for part in past.partition_by("level", maintain_order=True) if part["level"][0] in today]
    return table("mark_var_backtests").frame([_of_losses(day, part, -part["change_eur"].to_numpy()) for part in parts] or None)


def _tested(day: date, part: pl.DataFrame) -> dict[str, object]:
    pit = part["pit"].drop_nulls().to_numpy()
    tested = _of_losses(day, part, (part["expected_pnl_eur"] - part["pnl_eur"]).to_numpy())
    return {**tested, "pit_p": pit_test(pit).kolmogorov_p if pit.size >= MINIMUM_PIT_DAYS else None}


def _of_losses(day: date, part: pl.DataFrame, losses: FloatArray) -> dict[str, object]:
    es = part["es_eur"].to_numpy()
    found = backtest(losses, part["var_eur"].to_numpy(), float(part["level"][0]), es if (es > 0).all() else None)
    return {
        "delivery_day": day,
        "level": found.level,
        "days": found.days,
        "exceptions": found.exceptions,
        "expected_exceptions": found.expected,
        "kupiec_p": found.kupiec_p,
        "independence_p": found.independence_p,
        "conditional_p": found.conditional_p,
        "traffic_light": found.zone if found.days >= BASEL_DAYS else "too_few",
        "es_statistic": found.es_statistic,
    }
