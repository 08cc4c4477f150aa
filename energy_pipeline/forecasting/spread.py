"""The spread of the second price to the day-ahead price: what a deviation is expected to cost or earn.

What belongs here: its forecast with quantiles and the table of it. What does not: trading on it
(strategies), the second price itself (`point`).

Definition: spread = second price less day-ahead price. Both are unknown at the gate, so the
quantiles are of their joint past errors, not the difference of two bands: spreads are far
narrower than either price is uncertain. They are moved so that their mean is the difference of the two published means.
"""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import polars as pl

from energy_pipeline.book.published_forecast import published_forecast
from energy_pipeline.contracts import table
from energy_pipeline.contracts.derived import QUANTILES, quantile_column
from energy_pipeline.contracts.enforce import enforce
from energy_pipeline.domain.delivery import FloatArray
from energy_pipeline.forecasting.expectation import moved
from energy_pipeline.forecasting.market import day_prices
from energy_pipeline.forecasting.point import past_days
from energy_pipeline.forecasting.second_price import NOTHING, expected_spread
from energy_pipeline.forecasting.walk import PointDay, bands
from energy_pipeline.information.archive import InformationSet
from energy_pipeline.mathematics.paths.marginals import DEFAULT_XI


def spread_forecasts(info: InformationSet, price_forecasts: pl.DataFrame) -> pl.DataFrame:
    """Table spread_forecasts of D: zones that have a second price.

    Parameters
    ----------
    price_forecasts : DataFrame
        Table price_forecasts of D: the published means whose difference is expected.
    """
    contract = table("spread_forecasts")
    zones = [z for z, settings in info.desk.zones.items() if settings.second_price.kind != "none"]
    return enforce(contract, pl.concat([contract.frame(), *(_zone_frame(info, zone, price_forecasts) for zone in zones)]), info.day.day)


def _zone_frame(info: InformationSet, zone: str, price_forecasts: pl.DataFrame) -> pl.DataFrame:
    minutes = info.desk.zones[zone].resolution_minutes(info.day.day)
    known = expected_spread(info, zone).known
    first, second = (published_forecast(price_forecasts, zone, info.day.day, kind)["price_eur_mwh"].to_numpy() for kind in ("day_ahead", "second"))
    values = second - first
    found = spread_quantiles(info, zone, minutes)
    slots = info.day.slots(minutes)
    nothing = np.full((values.size, len(QUANTILES)), np.nan)
    rows = nothing if found is None else moved(found[slots], values, (DEFAULT_XI, DEFAULT_XI), (-np.inf, np.inf)).quantiles
    columns = {quantile_column(level): pl.Series(rows[:, j], nan_to_null=True) for j, level in enumerate(QUANTILES)}
    # The share of the distribution above zero, read between the levels.
    positive = (
        np.array([1 - np.interp(0.0, row, QUANTILES, left=0.0, right=1.0) for row in rows]) if found is not None else np.full(values.size, np.nan)
    )
    starts = pl.Series(info.day.interval_starts_us(minutes)).cast(pl.Datetime("us", "UTC"))
    frame = pl.DataFrame({"delivery_start": starts, "spread_eur_mwh": values, "p_positive": pl.Series(positive, nan_to_null=True), **columns})
    constants = {
        "delivery_day": pl.lit(info.day.day),
        "zone": pl.lit(zone),
        "resolution_minutes": pl.lit(minutes, dtype=pl.Int32()),
        "fallback": pl.lit("" if known else NOTHING),
    }
    return frame.with_columns(**constants).select(list(table("spread_forecasts").schema))


def spread_quantiles(info: InformationSet, zone: str, minutes: int) -> FloatArray | None:
    """Quantiles of D's spread by slot, shape (slots, levels); None while fewer than 35 past days are known."""
    # The second price of D-1 is known in part only.
    days = [d - timedelta(days=1) for d in past_days(info, 1, info.desk.forecast.error_days)]
    came = [day_prices(info, zone, name, days[0], len(days), minutes) for name in ("second_prices", "day_ahead_prices")]
    past = [PointDay(d, expected_spread(info.at(d), zone).by_slot(minutes), {}, {}, {}, "") for d in days]
    return bands(PointDay(info.day.day, expected_spread(info, zone).by_slot(minutes), {}, {}, {}, ""), past, came[0] - came[1])
