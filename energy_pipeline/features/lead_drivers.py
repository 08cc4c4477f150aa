"""Load, wind and solar of the days after D, from the weather runs known at the gate.

What belongs here: a driver's forecast per lead day, the same for past days at the same lead, and how it was made. What
does not: D itself (`drivers`), price models.

The regression of `weather_regression`, fitted on what the runs of that lead said: a run nine days old knows less, and
its regression leans less on it. Load is the mean of the same weekday of the last known weeks, put right for the
temperature. Where a run or its past is unknown the climatology stands in, and `method` says so: the hour's mean over the
last four known weeks, of a load that of the same weekday.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

import numpy as np
import polars as pl

from energy_pipeline.contracts import table as contract_of
from energy_pipeline.contracts.enforce import enforce
from energy_pipeline.domain.delivery import FloatArray, IntArray
from energy_pipeline.features.drivers import Driver
from energy_pipeline.features.weather_regression import MINIMUM_ROWS, ridge_predict, weather_terms
from energy_pipeline.information.archive import InformationSet
from energy_pipeline.information.resolution import convert, information_lookup, interval_values, slot_starts_us, timestamps

LeadMethod = Literal["weather_run", "climatology"]
HOUR = 60
WEEK = 7
CLIMATE_DAYS = 28
LAST_KNOWN = 2
"""Days before a decision whose actuals are wholly known."""
HEATING_BELOW_C, COOLING_ABOVE_C = 14.0, 22.0
BLOCK_DAYS = 16
READ: dict[Driver, tuple[str, ...]] = {"wind": ("wind_speed_ms",), "solar": ("ghi_w_m2", "temperature_c"), "load": ("temperature_c",)}
SHARE_OF_ROWS = 0.25
"""Fewer rows with a run of that lead are no past to learn from."""


@dataclass(frozen=True)
class LeadDriver:
    """One driver at one lead.

    Attributes
    ----------
    values : array, shape (days + lead, 24)
        Forecast of each day at this lead by wall-clock hour [MW], the last row that of the target; NaN where unknown.
    actual : array, same shape
        What came as known at D's decision.
    method : {"weather_run", "climatology"}
    """

    values: FloatArray
    actual: FloatArray
    method: LeadMethod


def lead_drivers(info: InformationSet, zone: str, lead: int) -> dict[Driver, LeadDriver]:
    """The drivers of the day `lead` - 1 after D, with the same forecasts of the training window's days."""
    return info.kept("lead_drivers", zone, lead, make=lambda: {d: _driver(info, zone, d, lead) for d in info.desk.zones[zone].drivers})


def driver_outlook(info: InformationSet) -> pl.DataFrame:
    """Table driver_outlook of D: every driver of every zone by hour of the days after D."""
    contract, told = contract_of("driver_outlook"), list[dict[str, object]]()
    starts, values = [np.empty(0, dtype=np.int64)], [np.empty(0)]
    for zone in info.desk.zones:
        for lead in range(2, info.desk.forecast.horizon_days + 1):
            target = info.day.shift(lead - 1)
            slots = target.slots(HOUR)
            for driver, found in lead_drivers(info, zone, lead).items():
                about = {"delivery_day": info.day.day, "target_day": target.day, "horizon_days": lead, "zone": zone, "driver": driver}
                told.append({**about, "resolution_minutes": HOUR, "method": found.method, "count": slots.size})
                starts.append(target.interval_starts_us(HOUR))
                values.append(found.values[-1][slots])
    if not told:
        return enforce(contract, contract.frame(), info.day.day)
    schema = {name: contract.schema.get(name, pl.Int64()) for name in told[0]}
    series = pl.DataFrame(told, schema=schema, orient="row")
    of = np.repeat(np.arange(len(told)), series["count"].to_numpy())
    own = [timestamps(np.concatenate(starts)), pl.Series("value_mw", np.concatenate(values), nan_to_null=True)]
    frame = pl.DataFrame([*(column.gather(of) for column in series.drop("count").get_columns()), *own]).select(list(contract.schema))
    return enforce(contract, frame.sort(contract.sort_key, maintain_order=True), info.day.day)


def lead_columns(info: InformationSet, zone: str, lead: int, minutes: int, days: int) -> dict[str, FloatArray]:
    """What price models of that lead read, shape (days + lead, slots) each: residual load where a load is told, else wind plus solar.

    Only drivers told by weather runs count: a climatology says nothing that past prices do not.
    """
    found = {name: driver.values[-days - lead :] for name, driver in lead_drivers(info, zone, lead).items() if driver.method == "weather_run"}
    supply = [found[name] for name in ("wind", "solar") if name in found]
    if "load" in found:
        return {"residual_load_mw": convert(np.subtract.reduce([found["load"], *supply]), HOUR, minutes)}
    return {"wind_solar_mw": convert(np.add.reduce(supply), HOUR, minutes)} if supply else {}


def _driver(info: InformationSet, zone: str, driver: Driver, lead: int) -> LeadDriver:
    past = info.desk.forecast.training_days
    days = [info.day.day - timedelta(days=past - i) for i in range(past + lead)]
    actual = np.concatenate([_actual(info, zone, driver, days[:past]), np.full((lead, 24), np.nan)])
    terms = _terms(info, zone, driver, days, lead)
    if terms is not None:
        if driver == "load":
            terms = np.concatenate([terms, terms - _climate(terms, driver, lead), _climate(actual, driver, lead)[:, :, None]], axis=2)
        predicted = _regressed(terms, actual)
        if predicted is not None:
            ceiling = {"wind": info.desk.zones[zone].installed_wind_mw, "solar": info.desk.zones[zone].installed_solar_mw}.get(driver)
            lowest = -np.inf if driver == "load" and np.nanmin(actual) < 0 else 0.0
            return LeadDriver(np.clip(predicted, lowest, ceiling or np.inf), actual, "weather_run")
    return LeadDriver(_climate(actual, driver, lead), actual, "climatology")


def _regressed(terms: FloatArray, actual: FloatArray) -> FloatArray | None:
    """Fitted values of every row, shape (days, 24); None where the target or the past is not known well enough."""
    there = np.isfinite(terms).all(axis=2)
    usable = there & np.isfinite(actual)
    if not np.isfinite(terms[-1]).all() or usable.sum() < max(MINIMUM_ROWS, SHARE_OF_ROWS * actual.size):
        return None
    found = np.full(actual.shape, np.nan)
    found[there] = ridge_predict(terms[usable], actual[usable], terms[there])
    if not actual[usable].min() > 0:  # sun: an hour that is never above zero has none
        dark = np.flatnonzero(np.where(usable, actual, 0.0).max(axis=0) <= 0)
        found[:, dark] = np.where(np.isfinite(found[:, dark]), 0.0, np.nan)
    return found


def _actual(info: InformationSet, zone: str, driver: Driver, days: Sequence[date]) -> FloatArray:
    """Actuals of the days before D by hour as known at the decision, shape (days, 24); one reading for all leads."""

    def make() -> FloatArray:
        starts = slot_starts_us(days, info.day.time_zone, HOUR)
        own = {"zone": zone} if driver == "load" else {"zone": zone, "technology": driver}
        table, column = ("load_actual", "load_mw") if driver == "load" else ("generation_actual", "generation_mw")
        return _filled(interval_values(information_lookup(info, table, **own), column, _told(starts), HOUR), starts < 0)

    return info.cached("lead_actual", zone, driver, make=make)


def _climate(values: FloatArray, driver: Driver, lead: int) -> FloatArray:
    """Mean by hour of the four weeks known at each row's own decision (load: of the same weekday); first axis days, shape as `values`."""
    first = lead - 1 + LAST_KNOWN
    total, count = np.zeros(values.shape), np.zeros(values.shape)
    for lag in range(first, min(first + CLIMATE_DAYS, len(values))):
        if driver != "load" or lag % WEEK == 0:
            part = values[:-lag]
            known = np.isfinite(part)
            total[lag:] += np.where(known, part, 0.0)
            count[lag:] += known
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def _terms(info: InformationSet, zone: str, driver: Driver, days: Sequence[date], lead: int) -> FloatArray | None:
    """What the runs known at each row's own decision say of the day, shape (days, 24, terms); None for a zone without places."""
    places = info.desk.zones[zone].weather_locations
    if not places:
        return None
    first = -days[0].toordinal() % BLOCK_DAYS  # whole blocks of the calendar are read at once, days at either end one by one
    last = max(len(days) - (days[-1].toordinal() + 1) % BLOCK_DAYS, first)
    parts = [days[i : i + BLOCK_DAYS] for i in range(first, last, BLOCK_DAYS)]
    singly = [[[day] for day in end] for end in (days[:first], days[last:])]
    return np.concatenate([_block(info, places, driver, part, lead) for part in (*singly[0], *parts, *singly[1])])


def _block(info: InformationSet, places: tuple[str, ...], driver: Driver, days: Sequence[date], lead: int) -> FloatArray:
    """Terms of successive days; those of the past are read once for all later decisions."""
    own = info.at(days[-1] - timedelta(days=lead - 1))

    def make() -> FloatArray:
        starts = slot_starts_us(days, info.day.time_zone, HOUR)
        cuts = np.array([[own.at(d - timedelta(days=lead - 1)).decision_us] for d in days])
        found: list[FloatArray] = []
        for place in places:
            read = {n: _filled(own.values("weather_forecast", n, _told(starts), cut_us=cuts, location=place), starts < 0) for n in READ[driver]}
            if driver == "load":
                warmth = read["temperature_c"]
                found += [np.maximum(HEATING_BELOW_C - warmth, 0.0), np.maximum(warmth - COOLING_ABOVE_C, 0.0)]
            else:
                found += weather_terms(driver, read)
        return np.stack(found, axis=2)

    return own.kept("lead_terms", places, driver, lead, len(days), make=make)


def _told(starts: IntArray) -> IntArray:
    """Starts with that of the slot before where spring skips one."""
    return np.asarray(np.maximum.accumulate(starts, axis=1))


def _filled(values: FloatArray, skipped: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> FloatArray:
    """The hour that spring skips takes its neighbours' mean."""
    for row, slot in np.argwhere(skipped):
        values[row, slot] = (values[row, slot - 1] + values[row, slot + 1]) / 2
    return values
