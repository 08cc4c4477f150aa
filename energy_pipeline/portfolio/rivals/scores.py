"""Rivals over the settled days: result, risk, regret, with intervals.

What belongs here: the window's statistics and the block bootstrap. What does not: one
day's results (`settle`).
"""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl

from energy_pipeline.contracts import table
from energy_pipeline.desk import Desk
from energy_pipeline.domain.delivery import FloatArray, IntArray
from energy_pipeline.domain.seeds import generator
from energy_pipeline.mathematics.statistics.tail import expected_shortfall
from energy_pipeline.portfolio.rivals.goals import DESK

BLOCK_DAYS = 7
DRAWS = 2000
INTERVAL = (0.025, 0.975)
MIN_DAYS = 2 * BLOCK_DAYS
"""Fewer days than two blocks have no interval: resampling would repeat one stretch."""


def objective_scores(desk: Desk, day: date, results: pl.DataFrame) -> pl.DataFrame:
    """Every rival over the settled days up to D.

    Parameters
    ----------
    results : frame of objective_results
        Days of the window, D included.

    Returns
    -------
    frame of the table objective_scores
        Days on which every rival has a result. Intervals are 95 %, from a circular block bootstrap of whole weeks;
        the same draws serve every rival, so that differences are of like with like.
    """
    contract = table("objective_scores")
    today = sorted(results.filter(pl.col("delivery_day") == day)["objective_name"].to_list())
    if not today:
        return contract.frame()
    pnl, regret = (_by_day(results, today, column) for column in ("pnl_eur", "regret_eur"))
    draws = block_draws(len(pnl), BLOCK_DAYS, DRAWS, generator("portfolio", day, "regret"))
    own = pnl[:, today.index(DESK)]
    rows = []
    for k, name in enumerate(today):
        ahead = own - pnl[:, k]
        row = {"delivery_day": day, "objective_name": name, "days": len(pnl), **_level(pnl[:, k], desk.portfolio.confidence)}
        row |= _interval("mean_regret", regret[:, k], draws) | _interval("desk_ahead", ahead, draws)
        rows.append(row)
    return contract.frame(rows)


def _by_day(results: pl.DataFrame, names: list[str], column: str) -> FloatArray:
    """Days in order and rivals in order, shape (days, rivals); days that lack a rival are left out."""
    wide = results.filter(pl.col("objective_name").is_in(names)).pivot(on="objective_name", index="delivery_day", values=column)
    return wide.sort("delivery_day").drop_nulls().select(names).to_numpy()


def _level(pnl: FloatArray, confidence: float) -> dict[str, float | None]:
    many = pnl.size > 1
    return {
        "pnl_eur": float(pnl.sum()),
        "mean_pnl_eur": float(pnl.mean()),
        "volatility_eur": float(pnl.std(ddof=1)) if many else None,
        "cvar_eur": expected_shortfall(-pnl, confidence) if many else None,
    }


def _interval(name: str, values: FloatArray, draws: IntArray) -> dict[str, float | None]:
    low, high = (None, None)
    if values.size >= MIN_DAYS:
        means = values[draws].mean(axis=1)
        low, high = (float(q) for q in np.quantile(means, INTERVAL))
    return {f"{name}_eur": float(values.mean()), f"{name}_low_eur": low, f"{name}_high_eur": high}


def block_draws(count: int, block: int, draws: int, random: np.random.Generator) -> IntArray:
    """Positions 0..count-1 resampled in blocks that wrap around, shape (draws, count).

    >>> block_draws(5, 2, 1, np.random.default_rng(0)).shape
    (1, 5)
    """
    blocks = -(-count // block)
    starts = random.integers(0, count, size=(draws, blocks))
    places = (starts[:, :, None] + np.arange(block)) % count
    result: IntArray = places.reshape(draws, blocks * block)[:, :count]
    return result
