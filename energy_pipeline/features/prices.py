"""Inputs of the price models for each interval of D, all known at the decision time.

What belongs here: price lags and statistics, residual load, fuels, the calendar, and
the table price_features. What does not: scaling or selection by a model.

Prices of D-1 are known since noon of D-2. Statistics are null until half of their
window is known. A zone without wind or solar among its drivers has none of it, so
its residual load is its load; a declared driver that is unknown makes it null.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from energy_pipeline.contracts import table
from energy_pipeline.contracts.enforce import enforce
from energy_pipeline.domain.blocks import profile
from energy_pipeline.domain.delivery import DeliveryDay, FloatArray
from energy_pipeline.features.alignment import reader, same_slot
from energy_pipeline.features.drivers import zone_drivers
from energy_pipeline.information.archive import InformationSet
from energy_pipeline.information.resolution import convert

LAGS = (1, 2, 3, 7)
MEDIAN_DAYS = 7
MAD_DAYS = 28
FUELS = {"gas": "EUR/MWh", "carbon": "EUR/t"}

FEATURES: tuple[str, ...] = tuple(c.name for c in table("price_features").columns if c.name not in table("price_features").key)[2:]
"""Names of the feature columns in table order."""


@dataclass(frozen=True)
class FeatureDay:
    """Features of one zone for D.

    Attributes
    ----------
    minutes : int
        Resolution of the rows.
    matrix : array, shape (D.count(minutes), len(FEATURES))
        NaN where unknown.
    """

    minutes: int
    matrix: FloatArray

    def column(self, name: str) -> FloatArray:
        """One feature, shape (D.count(minutes),)."""
        return self.matrix[:, FEATURES.index(name)]


def zone_features(info: InformationSet, zone: str) -> FeatureDay:
    """Features of one zone for D; computed once per day and zone."""
    return info.cached("zone_features", zone, make=lambda: _features(info, zone))


def price_features(info: InformationSet) -> pl.DataFrame:
    """Table price_features of D, every zone."""
    contract = table("price_features")
    frames = [_frame(info, zone) for zone in info.desk.zones]
    return enforce(contract, pl.concat([contract.frame(), *frames]), info.day.day)


def _features(info: InformationSet, zone: str) -> FeatureDay:
    day = info.day
    minutes = info.desk.zones[zone].resolution_minutes(day.day)
    named = {**_price_columns(info, zone, minutes), **_driver_columns(info, zone, minutes), **_calendar_columns(day, minutes)}
    fuels = info.cached("fuels", make=lambda: last_settlements(info))
    named |= {"gas_eur_mwh": fuels["gas"], "carbon_eur_t": fuels["carbon"]}
    matrix = np.empty((day.count(minutes), len(FEATURES)))
    for j, name in enumerate(FEATURES):
        matrix[:, j] = named[name]
    matrix.setflags(write=False)
    return FeatureDay(minutes, matrix)


def _price_columns(info: InformationSet, zone: str, minutes: int) -> dict[str, FloatArray | float]:
    day = info.day
    sources = [day.shift(-lag) for lag in range(1, MAD_DAYS + 1)]
    past = reader(info, "day_ahead_prices", "price_eur_mwh", zone=zone).days(sources, minutes)
    columns: dict[str, FloatArray | float] = {f"price_lag_{lag}d_eur_mwh": same_slot(day, sources[lag - 1], minutes, past[lag - 1]) for lag in LAGS}
    yesterday = past[0] if np.isfinite(past[0]).all() else np.full(1, np.nan)
    month = _known(np.concatenate(past))
    columns |= {
        "price_mean_1d_eur_mwh": float(yesterday.mean()),
        "price_min_1d_eur_mwh": float(yesterday.min()),
        "price_max_1d_eur_mwh": float(yesterday.max()),
        "price_last_1d_eur_mwh": float(past[0][-1]),
        "price_median_7d_eur_mwh": float(np.median(_known(np.concatenate(past[:MEDIAN_DAYS])))),
        "price_mad_28d_eur_mwh": float(np.median(np.abs(month - np.median(month)))),
    }
    return columns


def _known(values: FloatArray) -> FloatArray:
    """The known values, or one NaN when fewer than half are."""
    known = values[np.isfinite(values)]
    return known if 2 * known.size >= values.size else np.full(1, np.nan)


def _driver_columns(info: InformationSet, zone: str, minutes: int) -> dict[str, FloatArray | float]:
    day = info.day
    before = info.at(day.shift(-1).day)
    minutes_before = info.desk.zones[zone].resolution_minutes(before.day.day)
    residual = residual_load(info, zone)
    earlier = same_slot(day, before.day, minutes, convert(residual_load(before, zone), minutes_before, minutes))
    drivers = zone_drivers(info, zone)
    columns: dict[str, FloatArray | float] = {f"{d}_mw": drivers[d].values_mw if d in drivers else np.nan for d in ("load", "wind", "solar")}
    return columns | {"residual_load_mw": residual, "residual_load_change_1d_mw": residual - earlier}


def residual_load(info: InformationSet, zone: str) -> FloatArray:
    """Load less wind and solar of D's driver forecasts [MW], shape (D.count(resolution),); NaN where unknown."""
    drivers = zone_drivers(info, zone)
    count = info.day.count(info.desk.zones[zone].resolution_minutes(info.day.day))
    if "load" not in drivers:
        return np.full(count, np.nan)
    residual = drivers["load"].values_mw.copy()
    for name, driver in drivers.items():
        if name != "load":
            residual -= driver.values_mw
    return residual


def _calendar_columns(day: DeliveryDay, minutes: int) -> dict[str, FloatArray | float]:
    angle = 2.0 * np.pi * day.day.timetuple().tm_yday / 365.25
    hour: FloatArray = day.slots(minutes).astype(np.float64) * (minutes / 60.0)
    return {
        "hour_of_day": hour,
        "weekday": float(day.day.weekday()),
        "is_peak": profile("peak", day, minutes),
        "day_of_year_sin": float(np.sin(angle)),
        "day_of_year_cos": float(np.cos(angle)),
    }


def last_settlements(info: InformationSet) -> dict[str, float]:
    """Last visible settlement of gas [EUR/MWh] and carbon [EUR/t]; NaN where none is."""
    rows = info.frame("fuel_prices")
    found = dict.fromkeys(FUELS, np.nan)
    for commodity, unit, price in rows.sort("delivery_day", maintain_order=True).select("commodity", "unit", "price").iter_rows():
        if FUELS.get(commodity) == unit:
            found[commodity] = price
    return found


def _frame(info: InformationSet, zone: str) -> pl.DataFrame:
    contract, found = table("price_features"), zone_features(info, zone)
    starts = info.day.interval_starts_us(found.minutes)
    columns: dict[str, pl.Series] = {
        "delivery_day": pl.repeat(info.day.day, starts.size, eager=True, dtype=pl.Date()),
        "zone": pl.repeat(zone, starts.size, eager=True),
        "delivery_start": pl.Series(starts).cast(pl.Datetime("us")).dt.replace_time_zone("UTC"),
        "resolution_minutes": pl.repeat(found.minutes, starts.size, eager=True, dtype=pl.Int32()),
    }
    for name in FEATURES:
        column = pl.Series(name, found.column(name), nan_to_null=True)
        columns[name] = column != 0.0 if name == "is_peak" else column.cast(contract.schema[name])
    return pl.DataFrame(columns, schema=contract.schema)
