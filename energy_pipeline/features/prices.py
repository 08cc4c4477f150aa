"""The table price_features: what the price models read for D and the days after it.

What belongs here: the named inputs of one zone and lead as a table, prices and calendar included. What does not: where the
arrays come from (`history`), statistics of them (`statistics`), scaling or selection by a model.

Prices of D-1 are known since noon of D-2. Levels of several days are null until half of their hours are known. Markets finer than the hour
are read by the hour and shaped inside it, so lowest, highest and last are of hours.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import polars as pl

from energy_pipeline.contracts import table
from energy_pipeline.contracts.enforce import enforce
from energy_pipeline.domain.delivery import DeliveryDay, FloatArray
from energy_pipeline.domain.public_holidays import is_holiday
from energy_pipeline.features.calendar import SATURDAY
from energy_pipeline.features.groups import SAME_SLOT_LAGS
from energy_pipeline.features.history import ZoneHistory, zone_history
from energy_pipeline.information.archive import InformationSet
from energy_pipeline.information.resolution import convert

WEEK = 7
CENTRE_DAYS, SPREAD_DAYS = 7, 28
HEAD = ("delivery_day", "target_day", "horizon_days", "zone", "delivery_start", "resolution_minutes")
FEATURES: tuple[str, ...] = tuple(c.name for c in table("price_features").columns if c.name not in HEAD)
"""Names of the feature columns in table order."""


@dataclass(frozen=True)
class FeatureDay:
    """Features of one zone for one target day.

    Attributes
    ----------
    minutes : int
        Resolution of the rows.
    values : mapping of feature to array, shape (target.count(minutes),)
        NaN where unknown; a feature nobody reads is absent.
    """

    minutes: int
    values: Mapping[str, FloatArray]

    def column(self, name: str) -> FloatArray:
        """One feature."""
        return self.values[name]


def zone_features(info: InformationSet, zone: str, lead: int = 1) -> FeatureDay:
    """Features of one zone for the day `lead - 1` after D."""
    history, target = zone_history(info, zone, lead), info.day.shift(lead - 1)
    slots = target.slots(history.minutes)
    calendar = _calendar(info, zone, target, history)
    read = {name: values[-1] for name, values in zip(history.names, history.columns, strict=True)}
    if "load_mw" in read and (renewable := [read[n] for n in ("wind_solar_mw", "wind_mw", "solar_mw") if n in read]):
        read["residual_load_mw"] = np.subtract.reduce([read["load_mw"], *renewable])
    found = {**price_levels(history.prices, lead, history.minutes), **calendar, **read}
    return FeatureDay(history.minutes, {name: values[slots] for name, values in found.items()})


def price_features(info: InformationSet) -> pl.DataFrame:
    """Table price_features of D, every zone and lead."""
    contract = table("price_features")
    leads = range(1, info.desk.forecast.horizon_days + 1)
    frames = [_frame(info, zone, lead) for zone in info.desk.zones for lead in leads]
    return enforce(contract, pl.concat([contract.frame(), *frames]), info.day.day)


def price_levels(prices: FloatArray, lead: int, minutes: int) -> dict[str, FloatArray]:
    """Lags and levels of past prices by slot [EUR/MWh], as members read them.

    Parameters
    ----------
    prices : array, shape (n, slots)
        Of the days before D.
    lead : int
        Lags of a week and more count from the target, to keep the weekday; the others from D.

    Examples
    --------
    >>> found = price_levels(np.arange(48.0).reshape(2, 24), 1, 60)
    >>> found["price_lag_2d_eur_mwh"][0], found["price_last_1d_eur_mwh"][0], bool(np.isnan(found["price_lag_3d_eur_mwh"]).all())
    (np.float64(0.0), np.float64(47.0), True)
    """
    slots = 1440 // minutes
    unknown = np.full(slots, np.nan)
    rows = {lag: lag - (lead - 1 if lag >= WEEK else 0) for lag in SAME_SLOT_LAGS}
    found = {f"price_lag_{lag}d_eur_mwh": prices[-back] if 0 < back <= len(prices) else unknown for lag, back in rows.items()}
    hours = convert(prices, minutes, 60)
    yesterday, before = (hours[-back] if len(hours) >= back else np.full(24, np.nan) for back in (1, 2))
    week, month = (_last(hours, days) for days in (CENTRE_DAYS, SPREAD_DAYS))
    levels = {
        "mean_1d": yesterday.mean(),
        "min_1d": yesterday.min(),
        "max_1d": yesterday.max(),
        "last_1d": yesterday[-1],
        "mean_2d": before.mean(),
        "median_7d": np.median(_known(week)),
        "mad_28d": max(float(np.abs(_known(month) - np.median(_known(month))).mean()), 1.0) if np.isfinite(_known(month)).all() else np.nan,
    }
    found |= {f"price_{name}_eur_mwh": np.full(slots, value) for name, value in levels.items()}
    found["price_mean_7d_same_slot_eur_mwh"] = _last(prices, CENTRE_DAYS).mean(axis=0)
    found["price_median_28d_same_slot_eur_mwh"] = np.median(_last(prices, SPREAD_DAYS), axis=0)
    return found


def _last(rows: FloatArray, days: int) -> FloatArray:
    """The last `days` rows; what is not there is NaN."""
    missing = np.full((max(days - len(rows), 0), rows.shape[1]), np.nan)
    return np.vstack([missing, rows[-days:]])


def _known(values: FloatArray) -> FloatArray:
    """The known values, or one NaN when fewer than half are."""
    known = values[np.isfinite(values)]
    return known if 2 * known.size >= values.size else np.full(1, np.nan)


def _calendar(info: InformationSet, zone: str, target: DeliveryDay, history: ZoneHistory) -> dict[str, FloatArray]:
    slots, day = 1440 // history.minutes, target.day
    own = day.weekday() if history.kinds is None else int(history.kinds[-1])
    found = {
        "hour_of_day": np.arange(slots) * (history.minutes / 60.0),
        "weekday": np.full(slots, float(own)),
        "day_of_year": np.full(slots, float((day - date(day.year, 1, 1)) / timedelta(days=1))),
    }
    if history.kinds is not None:
        holiday = is_holiday(info.desk.zones[zone].holidays, day)
        found["is_holiday"] = np.full(slots, float(holiday))
        found["is_bridge_day"] = np.full(slots, float(not holiday and own == SATURDAY != day.weekday()))
    return found


def _frame(info: InformationSet, zone: str, lead: int) -> pl.DataFrame:
    contract, found, target = table("price_features"), zone_features(info, zone, lead), info.day.shift(lead - 1)
    starts = target.interval_starts_us(found.minutes)
    constants = {
        "delivery_day": pl.lit(info.day.day),
        "target_day": pl.lit(target.day),
        "horizon_days": pl.lit(lead, dtype=pl.Int32()),
        "zone": pl.lit(zone),
        "resolution_minutes": pl.lit(found.minutes, dtype=pl.Int32()),
    }
    columns = {name: pl.Series(name, values, nan_to_null=True) for name, values in found.values.items()}
    absent = {name: pl.lit(None, dtype=contract.schema[name]) for name in FEATURES if name not in columns}
    typed = {name: (column != 0.0) if contract.schema[name] == pl.Boolean else column.cast(contract.schema[name]) for name, column in columns.items()}
    frame = pl.DataFrame({"delivery_start": pl.Series(starts).cast(pl.Datetime("us", "UTC")), **typed})
    return frame.with_columns(**constants, **absent).select(list(contract.schema))
