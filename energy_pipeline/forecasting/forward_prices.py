"""The hourly forward curve: the forecast's shape, moved so that the quoted blocks cost what they are quoted.

What belongs here: the curve of D and the days after it, and the projection that makes it.
What does not: the forecast, quotes or their proxies (ingestion), trading on them.

Definition: of all curves x of a day whose mean over every quoted block is the block's mid,
the one nearest to the forecast f: min ||x - f||^2 subject to A x = q, with A the blocks'
profiles over their lengths. So x = f + A'(A A')^-1 (q - A f): base and peak quotes move the
peak hours by one amount and the others by another, and the shape inside a block stays.
Buying the curve and selling the block then earns nothing, whichever blocks are quoted.
Three quotes (base, peak, off-peak) of a day bind each other: base is the mean of the others
by length. Where they miss that, the quotes move together, by their half-spreads' share, until
they agree; further apart than the half-spreads they are an arbitrage themselves and refused.
A day without quotes has the forecast as its curve, and says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from energy_pipeline.book.published_forecast import published_forecast
from energy_pipeline.contracts import table
from energy_pipeline.contracts.enforce import enforce
from energy_pipeline.domain.blocks import profile
from energy_pipeline.domain.delivery import DeliveryDay, FloatArray
from energy_pipeline.domain.errors import PipelineError
from energy_pipeline.information.archive import InformationSet

TOLERANCE = 1e-9


class QuoteArbitrageError(PipelineError):
    """Quotes of one day contradict each other by more than their spreads."""


@dataclass(frozen=True)
class BlockQuote:
    """Mid and half-spread of one block [EUR/MWh], and where it delivers, shape (intervals,)."""

    block: str
    mid_eur_mwh: float
    half_spread_eur_mwh: float
    profile: FloatArray


def forward_curve(info: InformationSet, price_forecasts: pl.DataFrame) -> pl.DataFrame:
    """Table forward_curve of D.

    Parameters
    ----------
    info : InformationSet
        Gives the quotes visible at the decision time.
    price_forecasts : DataFrame
        Table price_forecasts of D.

    Raises
    ------
    QuoteArbitrageError
        Naming every zone and day whose quotes contradict each other.
    """
    contract, desk, day = table("forward_curve"), info.desk, info.day.day
    quotes = info.frame("forward_quotes")
    frames, problems = [], []
    for zone in desk.zones:
        for lead in range(desk.forecast.horizon_days):
            target = info.day.shift(lead)
            part = published_forecast(price_forecasts, zone, day, lead=lead + 1)
            visible = quotes.filter(pl.col("zone") == zone, pl.col("delivery_day") == target.day)
            if part.height == 0:
                continue
            try:
                frames.append(_day_frame(part, target, visible))
            except QuoteArbitrageError as error:
                problems.append(f"{zone} {target.day}: {error}")
    if problems:
        raise QuoteArbitrageError(f"forward_curve {day}: {len(problems)} day(s)\n" + "\n".join(f"  - {p}" for p in problems))
    return enforce(contract, pl.concat([contract.frame(), *frames]), day)


def arbitrage_free(forecast_eur_mwh: FloatArray, quotes: Sequence[BlockQuote]) -> FloatArray:
    """The curve nearest to the forecast that reproduces the quotes, shape as the forecast [EUR/MWh].

    Raises
    ------
    QuoteArbitrageError
        When no prices lie within the half-spreads of all quotes.

    Examples
    --------
    >>> both, last = np.ones(3), np.array([0.0, 1.0, 1.0])
    >>> quotes = [BlockQuote("base", 40.0, 0.1, both), BlockQuote("peak", 50.0, 0.1, last)]
    >>> arbitrage_free(np.array([30.0, 40.0, 44.0]), quotes).round(6).tolist()
    [20.0, 48.0, 52.0]
    """
    forecast = np.asarray(forecast_eur_mwh, dtype=np.float64)
    delivering = [q for q in quotes if q.profile.any()]
    if not delivering:
        return forecast.copy()
    A = np.array([q.profile / q.profile.sum() for q in delivering])
    mids = _agreeing(A, delivering)
    return np.asarray(forecast + np.linalg.pinv(A) @ (mids - A @ forecast))


def _agreeing(A: FloatArray, quotes: Sequence[BlockQuote]) -> FloatArray:
    """The mids, moved by their half-spreads' share where they contradict each other."""
    mids = np.array([q.mid_eur_mwh for q in quotes])
    widths = np.array([q.half_spread_eur_mwh for q in quotes])
    left, sizes, _ = np.linalg.svd(A)
    ties = left[:, sizes < TOLERANCE * sizes[0]] if sizes.size == len(quotes) else left[:, sizes.size :]
    contradiction = ties.T @ mids
    if np.abs(contradiction).max(initial=0.0) < TOLERANCE:
        return mids
    # Least movement measured in half-spreads: a quote without a spread does not move.
    weighted = ties.T * widths
    share = np.linalg.pinv(weighted) @ -contradiction
    moved = mids + widths * share
    if np.abs(ties.T @ moved).max() > 1e-6 or np.abs(share).max() > 1 + TOLERANCE:
        told = ", ".join(f"{q.block} {q.mid_eur_mwh:g} +- {q.half_spread_eur_mwh:g}" for q in quotes)
        raise QuoteArbitrageError(f"no prices agree with {told} EUR/MWh -> correct the quotes or leave one out")
    return np.asarray(moved)


def _day_frame(forecast: pl.DataFrame, target: DeliveryDay, visible: pl.DataFrame) -> pl.DataFrame:
    minutes = int(forecast["resolution_minutes"][0])
    quotes = [
        BlockQuote(q["contract"], float(q["price_eur_mwh"]), float(q["half_spread_eur_mwh"]), profile(q["contract"], target, minutes))
        for q in visible.sort("contract").iter_rows(named=True)
    ]
    used = [q.block for q in quotes if q.profile.any()]
    proxies = visible.filter(pl.col("contract").is_in(used), pl.col("is_proxy")).height
    basis = "forecast" if not used else "proxy_quotes" if proxies else "quotes"
    values = forecast["price_eur_mwh"].to_numpy()
    return forecast.select(
        "delivery_day",
        "target_day",
        "zone",
        "delivery_start",
        "resolution_minutes",
        pl.Series("price_eur_mwh", arbitrage_free(values, quotes)),
        pl.col("price_eur_mwh").alias("forecast_eur_mwh"),
        pl.lit(basis).alias("basis"),
        pl.lit(", ".join(used)).alias("contracts"),
    )
