"""The published price forecast of a zone: which rows of `price_forecasts` it is, and the distribution they say.

What belongs here: the one selection of the ensemble's rows of a zone, price and target day, and the one reading of their quantiles
and tails. `price_eur_mwh` of these rows is the mean of that distribution: whoever decides or values in EUR takes it from here.
What does not: making forecasts, what a stage does where one is missing.
"""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import polars as pl

from energy_pipeline.contracts.derived import QUANTILES, quantile_column
from energy_pipeline.domain.delivery import FloatArray
from energy_pipeline.mathematics.paths.marginals import DEFAULT_XI, Marginals

MODEL = "ensemble"
"""The model whose forecast is published; the others are shown beside it."""


def published_forecast(price_forecasts: pl.DataFrame, zone: str, day: date, kind: str = "day_ahead", lead: int = 1) -> pl.DataFrame:
    """Rows of the forecast decided for `day`, sorted by delivery_start; empty where there is none.

    Parameters
    ----------
    price_forecasts : DataFrame
        Of one or several decisions.
    day : date
        Delivery day of the decision.
    kind : {"day_ahead", "second"}
        Which price.
    lead : int
        1 is the forecast of the delivery day itself, 2 that of the day after it.

    Examples
    --------
    >>> row = {"zone": "NORTH", "price_kind": "day_ahead", "model": "ensemble", "delivery_start": 0, "price_eur_mwh": 50.0}
    >>> rows = [{**row, "horizon_days": n, "target_day": date(2026, 1, n)} for n in (1, 2)]
    >>> published_forecast(pl.DataFrame(rows), "NORTH", date(2026, 1, 1)).height
    1
    """
    return price_forecasts.filter(
        pl.col("zone") == zone,
        pl.col("price_kind") == kind,
        pl.col("model") == MODEL,
        pl.col("horizon_days") == lead,
        pl.col("target_day") == day + timedelta(days=lead - 1),
    ).sort("delivery_start")


def published_distribution(rows: pl.DataFrame) -> Marginals | None:
    """The distribution that rows of one zone and price kind say, one series; None where a quantile is unknown.

    Parameters
    ----------
    rows : DataFrame
        Of `published_forecast`, sorted by delivery_start.
    """
    quantiles = np.array([_numbers(rows, quantile_column(q), np.nan) for q in QUANTILES]).T
    if rows.is_empty() or not np.isfinite(quantiles).all():
        return None
    low, high = _numbers(rows, "lowest_eur_mwh", -np.inf)[None], _numbers(rows, "highest_eur_mwh", np.inf)[None]
    held = np.clip(np.maximum.accumulate(quantiles, axis=1), low.T, high.T)
    lower, upper = (_numbers(rows, side, DEFAULT_XI)[None] for side in ("tail_lower", "tail_upper"))
    return Marginals(np.array(QUANTILES), held[None], lower, upper, low, high)


def _numbers(rows: pl.DataFrame, column: str, unknown: float) -> FloatArray:
    values = rows[column].to_numpy().astype(np.float64)
    return np.where(np.isnan(values), unknown, values)
