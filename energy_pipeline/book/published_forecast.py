"""The published price forecast of a zone: which rows of `price_forecasts` it is.

What belongs here: the one selection of the ensemble's rows of a zone, price and target day. What does not: making forecasts,
what a stage does where one is missing.
"""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl

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
