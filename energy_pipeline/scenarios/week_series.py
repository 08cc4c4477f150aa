"""What each series of the week ahead may be: quantiles per hour, and past errors on one scale.

What belongs here: the rules by which a lead day's quantiles come about. What does not: paths.

Rules, all on what decide(D) knows, in hours:

- day-ahead price: the published distribution of each lead day, tails included.
- second price: those of its forecast for D; later days have D's mean difference to the day-ahead
  price by hour, and D's band widened by the ratio of the day-ahead bands of that day and D.
- load, wind, solar: on D the driver forecast and the quantiles of its past errors. Beyond D the forecast
  of that lead (`features.lead_drivers`: weather runs, else the climatology of four weeks) and the quantiles of its
  errors over the error window, the hour and its two neighbours together.
- gas, carbon: the last settlement times exp(s sqrt(k) z), k trading days ahead (5/7 of the days
  since its value date), s the standard deviation of the last month's log changes; one value a day.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

import numpy as np
import polars as pl

from energy_pipeline.book.published_forecast import published_distribution, published_forecast
from energy_pipeline.contracts.derived import QUANTILES
from energy_pipeline.domain.delivery import DeliveryDay, FloatArray
from energy_pipeline.domain.history import ErrorHistory
from energy_pipeline.features.alignment import DayReader, reader
from energy_pipeline.features.drivers import Driver, zone_drivers
from energy_pipeline.features.lead_drivers import lead_drivers
from energy_pipeline.information.archive import InformationSet
from energy_pipeline.information.resolution import by_slot, convert
from energy_pipeline.mathematics.statistics.quantiles import sample_quantiles

WeekKind = Literal["day_ahead_price", "second_price", "load", "wind", "solar", "gas", "carbon"]
Fuel = Literal["gas", "carbon"]
FUELS: tuple[Fuel, ...] = ("gas", "carbon")
LEVELS = np.array(QUANTILES)
CLIMATE_DAYS = 28
TRADING_SHARE = 5.0 / 7.0
FUEL_DAYS = 5
"""Fewer log changes make no fuel series."""


@dataclass(frozen=True)
class WeekSeries:
    """One series over the hours of the week.

    Attributes
    ----------
    kind, name : str
        `name` is the zone, or "" for fuels.
    quantiles : array, shape (hours, levels)
    errors : array, shape (past days, 24)
        Outcome less forecast of D's kind by wall-clock hour, on the days `past_days`; for fuels the
        day's log change in every hour. NaN where unknown.
    limits : (float, float)
    tails : array, shape (2, hours), or None
        Shapes of the lower and upper tails as published, of a price; else those of the past errors count.
    """

    kind: WeekKind
    name: str
    unit: str
    quantiles: FloatArray
    errors: FloatArray
    limits: tuple[float, float]
    tails: FloatArray | None = None


def past_days(info: InformationSet) -> list[date]:
    """D-1-error_days .. D-2, ascending: the days every error history covers."""
    last = info.day.day - timedelta(days=2)
    return [last - timedelta(days=lag) for lag in range(info.desk.forecast.error_days - 1, -1, -1)]


def week_days(info: InformationSet) -> list[DeliveryDay]:
    """D and the days after it up to the forecast horizon."""
    return [info.day.shift(lead) for lead in range(info.desk.forecast.horizon_days)]


def week_series(info: InformationSet, price_forecasts: pl.DataFrame, errors: Sequence[ErrorHistory]) -> list[WeekSeries]:
    """All series that can be drawn, zones in desk order, fuels last.

    A zone whose prices have no quantiles on every lead day, a driver without forecast or actuals
    and a fuel with fewer than five known changes are left out; fuels, too, where no zone is left.
    """
    found: list[WeekSeries] = []
    for zone in info.desk.zones:
        prices = _published(info, price_forecasts, zone, "day_ahead")
        if prices is None:
            continue
        found.append(_priced(info, "day_ahead_price", zone, prices, errors))
        second = _second(info, price_forecasts, zone, prices[0])
        if second is not None:
            found.append(_priced(info, "second_price", zone, second, errors))
        found += [s for driver in info.desk.zones[zone].drivers if (s := _driver(info, zone, driver)) is not None]
    return [*found, *(s for fuel in FUELS if (s := _fuel(info, fuel)) is not None)] if found else []


def _published(
    info: InformationSet, forecasts: pl.DataFrame, zone: str, kind: str, days: Sequence[DeliveryDay] | None = None
) -> tuple[FloatArray, FloatArray] | None:
    """Hourly quantiles, shape (hours, levels), and tail shapes, shape (2, hours): an hour's are the means of its intervals'.

    Then so is the hour's mean.
    """
    parts, tails = [], []
    for target in days or week_days(info):
        rows = published_forecast(forecasts, zone, info.day.day, kind, (target.day - info.day.day).days + 1)
        minutes = info.desk.zones[zone].resolution_minutes(target.day)
        found = published_distribution(rows) if rows.height == target.count(minutes) else None
        if found is None:
            return None
        parts.append(convert(found.quantiles[0].T, minutes, 60).T)
        tails.append(convert(np.concatenate([found.lower_xi, found.upper_xi]), minutes, 60))
    return np.maximum.accumulate(np.concatenate(parts), axis=1), np.concatenate(tails, axis=1)


def _second(info: InformationSet, forecasts: pl.DataFrame, zone: str, day_ahead: FloatArray) -> tuple[FloatArray, FloatArray] | None:
    found = _published(info, forecasts, zone, "second", [info.day])
    if found is None:
        return None
    own, tails = found
    middle, hours = LEVELS.size // 2, len(own)
    first = day_ahead[:hours]
    parts, start = [own], hours
    for target in week_days(info)[1:]:
        size = target.count(60)
        here = day_ahead[start : start + size]
        slot = np.minimum(np.arange(size), hours - 1)
        widening = np.maximum(_band(here) / np.maximum(_band(first[slot]), 1e-6), 1.0)
        offset = own[slot, middle] - first[slot, middle]
        parts.append((here[:, middle] + offset)[:, None] + widening[:, None] * (own[slot] - own[slot, middle][:, None]))
        start += size
    return np.concatenate(parts), np.repeat(tails[:, :1], start, axis=1)


def _band(quantiles: FloatArray) -> FloatArray:
    """Width between the second lowest and the second highest level."""
    return np.asarray(quantiles[:, -2] - quantiles[:, 1])


def _priced(info: InformationSet, kind: WeekKind, zone: str, published: tuple[FloatArray, FloatArray], errors: Sequence[ErrorHistory]) -> WeekSeries:
    days = past_days(info)
    history = next((h for h in errors if (h.kind, h.name) == (kind, zone)), None)
    past = np.full((len(days), 24), np.nan)
    if history is not None:
        rows = {d: convert(row, history.resolution_minutes, 60) for d, row in zip(history.days, history.errors, strict=True)}
        past = np.array([rows.get(d, past[0]) for d in days])
    bounds = info.desk.price_bounds(zone, "day_ahead" if kind == "day_ahead_price" else "second", info.day.day)
    return WeekSeries(kind, zone, "EUR/MWh", published[0], past, bounds, published[1])


def _driver(info: InformationSet, zone: str, driver: Driver) -> WeekSeries | None:
    actual = _actual(info, zone, driver)
    past, recent = past_days(info), [info.day.shift(-lag) for lag in range(CLIMATE_DAYS + 1, 1, -1)]
    came = np.array([by_slot(v, d, 60) for d, v in zip(recent, actual.days(recent, 60), strict=True)])
    expected = _hourly(info, zone, driver)
    if not np.isfinite(expected).all() or not np.isfinite(came).any(axis=0).all():
        return None
    targets = [info.desk.delivery_day(d) for d in past]
    outcome = np.array([by_slot(v, d, 60) for d, v in zip(targets, actual.days(targets, 60), strict=True)])
    errors = outcome - np.array([by_slot(_hourly(info.at(d), zone, driver), info.at(d).day, 60) for d in past])
    parts = [expected[:, None] + _pooled(errors)[info.day.slots(60)]]
    for lead, target in enumerate(week_days(info)[1:], start=2):
        ahead = lead_drivers(info, zone, lead)[driver]
        missed = (ahead.actual - ahead.values)[:-lead][-len(past) :]
        if not np.isfinite(ahead.values[-1][target.slots(60)]).all() or not np.isfinite(missed).any(axis=0).all():
            return None
        parts.append((ahead.values[-1][:, None] + _pooled(missed))[target.slots(60)])
    ceiling = {"wind": info.desk.zones[zone].installed_wind_mw, "solar": info.desk.zones[zone].installed_solar_mw}.get(driver)
    limits = (0.0, max(float(ceiling or 0.0), 1.2 * float(np.nanmax(came))))
    return WeekSeries(driver, zone, "MW", np.clip(np.concatenate(parts), *limits), errors, limits)


def _actual(info: InformationSet, zone: str, driver: Driver) -> DayReader:
    if driver == "load":
        return reader(info, "load_actual", "load_mw", zone=zone)
    return reader(info, "generation_actual", "generation_mw", zone=zone, technology=driver)


def _hourly(info: InformationSet, zone: str, driver: Driver) -> FloatArray:
    return convert(zone_drivers(info, zone)[driver].values_mw, info.desk.zones[zone].resolution_minutes(info.day.day), 60)


def _pooled(errors: FloatArray) -> FloatArray:
    """Quantiles of each hour's errors and its neighbours', shape (24, levels); 0 where none is known."""
    wide = np.concatenate([errors[:, -1:], errors, errors[:, :1]], axis=1)
    near = np.stack([wide[:, hour : hour + 3].ravel() for hour in range(24)])
    known = np.isfinite(near)
    if near.size and known.all():
        return np.ascontiguousarray(sample_quantiles(near, LEVELS).T)
    found = np.zeros((24, LEVELS.size))
    for hour in np.flatnonzero(known.any(axis=1)):
        found[hour] = sample_quantiles(near[hour, known[hour]], LEVELS)
    return found


def _fuel(info: InformationSet, fuel: Fuel) -> WeekSeries | None:
    from scipy.special import ndtri

    rows = info.history("fuel_prices").filter(pl.col("commodity") == fuel).sort("delivery_day")
    prices, days = rows["price"].to_numpy(), rows["delivery_day"].to_list()
    if len(days) <= FUEL_DAYS or (prices <= 0).any():
        return None
    changes = np.diff(np.log(prices))
    ahead = [(target.day - days[-1]).days * TRADING_SHARE for target in week_days(info)]
    moved = prices[-1] * np.exp(changes.std() * np.sqrt(ahead)[:, None] * ndtri(LEVELS))
    quantiles = np.concatenate([np.tile(row, (target.count(60), 1)) for row, target in zip(moved, week_days(info), strict=True)])
    known = dict(zip(days[1:], changes, strict=True))
    errors = np.array([[known.get(d, np.nan)] * 24 for d in past_days(info)])
    return WeekSeries(fuel, "", str(rows["unit"][-1]), quantiles, errors, (0.0, 2000.0))
