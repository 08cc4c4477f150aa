"""Load, wind and solar of each zone for D as known at the decision time.

What belongs here: the order of methods per driver and the table driver_forecasts.
What does not: the regressions themselves.

Order of methods, applied interval by interval so that one gap does not discard a day:

- load: the TSO's forecast, else the regression on the TSO's forecast of D-1, else that on its own past; persistence is the last resort.
- wind and solar, `tso_res_forecast: strict`: the TSO's forecast where it was known at
  the decision time, else the weather regression, else the regression on the TSO's forecast of D-1, which is known by
  then; own past and persistence are fallbacks.
- `epf_convention`: the forecast that stands for a vendor's; everything else is a fallback.
- `none`: the weather regression; own past and persistence are fallbacks.

Persistence of load is the same slot of D-7, else D-14, D-21, D-28, D-2, D-3. Of wind
and solar it is the mean of the same slot over D-4 .. D-2 (of D-1 only the morning is
known). With nothing known the value is null and the method `none`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any, Literal, cast

import numpy as np
import polars as pl

from energy_pipeline.contracts import table
from energy_pipeline.contracts.enforce import enforce
from energy_pipeline.desk import Desk
from energy_pipeline.domain.delivery import DeliveryDay, FloatArray
from energy_pipeline.features.alignment import DayReader, reader, same_slot
from energy_pipeline.features.autoregression import own_forecast
from energy_pipeline.features.weather_regression import weather_output
from energy_pipeline.features.yesterdays_forecast import from_yesterdays
from energy_pipeline.information.archive import InformationSet
from energy_pipeline.information.cut_keys import Reads
from energy_pipeline.information.past_days import Past, pack, unpack

Driver = Literal["load", "wind", "solar"]
Method = Literal["tso", "vendor_convention", "weather_regression", "yesterdays_forecast", "autoregression", "persistence", "none"]

LOAD_LAGS = (7, 14, 21, 28, 2, 3)
OUTPUT_LAGS = (2, 3, 4)


@dataclass(frozen=True)
class DriverDay:
    """One driver of one zone for D.

    Attributes
    ----------
    values_mw : array, shape (D.count(resolution),)
        NaN where nothing was known.
    methods : tuple of str
        Per interval, as in the table.
    is_fallback : array of bool, same shape
    """

    values_mw: FloatArray
    methods: tuple[Method, ...]
    is_fallback: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]


def zone_drivers(info: InformationSet, zone: str) -> dict[Driver, DriverDay]:
    """The drivers of one zone for D at the zone's resolution, in the desk's order."""
    drivers: tuple[Driver, ...] = info.desk.zones[zone].drivers

    def past() -> Past[dict[Driver, DriverDay]]:
        return Past("features", zone, driver_reads(info.desk, zone), info.desk.own_lag_days + 1, _packed, _unpacked)

    return info.kept("zone_drivers", zone, make=lambda: {driver: _driver(info, zone, driver) for driver in drivers}, past=past)


def published_since(info: InformationSet, zone: str) -> dict[Driver, DriverDay]:
    """The drivers of the day before D as decide(D) knows them: with the operator's forecasts that came after that day's own gate."""
    return info.kept("published_since", zone, make=lambda: _published_since(info, zone))


def _published_since(info: InformationSet, zone: str) -> dict[Driver, DriverDay]:
    before, settings = info.at(info.day.shift(-1).day), info.desk.zones[zone]
    found = dict(zone_drivers(before, zone))
    minutes = settings.resolution_minutes(before.day.day)
    for driver in found if settings.tso_res_forecast != "none" else ():
        name, column = ("load_forecast", "load_mw") if driver == "load" else ("generation_forecast", "generation_mw")
        key = {"zone": zone} if driver == "load" else {"zone": zone, "technology": driver}
        told = reader(info, name, column, **key).day(before.day, minutes)
        found[driver] = replace(found[driver], values_mw=np.where(np.isfinite(told), told, found[driver].values_mw))
    return found


def driver_reads(desk: Desk, zone: str) -> tuple[Reads, ...]:
    """The raw series a zone's drivers are made of."""
    own = (("zone", zone),)
    tables = ("load_forecast", "load_actual", "generation_forecast", "generation_actual")
    return (*(Reads(name, own) for name in tables), *(Reads("weather_forecast", (("location", at),)) for at in desk.zones[zone].weather_locations))


def _packed(found: Mapping[Driver, DriverDay]) -> bytes:
    arrays = {f"{name}|{part}": values for name, day in found.items() for part, values in (("mw", day.values_mw), ("fallback", day.is_fallback))}
    return pack(arrays, {name: [[method, len(list(run))] for method, run in groupby(day.methods)] for name, day in found.items()})


def _unpacked(data: bytes) -> dict[Driver, DriverDay]:
    arrays, runs = unpack(data)
    methods = {name: tuple(method for method, count in found for _ in range(count)) for name, found in cast("dict[Driver, Any]", runs).items()}
    return {name: DriverDay(arrays[f"{name}|mw"], own, arrays[f"{name}|fallback"].astype(np.bool_)) for name, own in methods.items()}


def driver_forecasts(info: InformationSet) -> pl.DataFrame:
    """Table driver_forecasts of D: every driver of every zone [MW].

    Raises
    ------
    ContractError
        When a source's value is not a possible load or output.
    """
    frames = [_frame(info, zone, driver, found) for zone in info.desk.zones for driver, found in zone_drivers(info, zone).items()]
    contract = table("driver_forecasts")
    return enforce(contract, pl.concat([contract.frame(), *frames]), info.day.day)


def _driver(info: InformationSet, zone: str, driver: Driver) -> DriverDay:
    minutes = info.desk.zones[zone].resolution_minutes(info.day.day)
    count = info.day.count(minutes)
    values = np.full(count, np.nan)
    chosen = np.full(count, "none", dtype=object)
    fallback = np.ones(count, dtype=np.bool_)
    for method, is_fallback, make in _cascade(info, zone, driver, minutes):
        open_ = ~np.isfinite(values)
        if not open_.any():
            break
        found = make()
        filled = open_ & np.isfinite(found)
        values[filled], chosen[filled], fallback[filled] = found[filled], method, is_fallback
    return DriverDay(values, tuple(chosen.tolist()), fallback)


def _cascade(info: InformationSet, zone: str, driver: Driver, minutes: int) -> list[tuple[Method, bool, Callable[[], FloatArray]]]:
    """Methods in order: name, whether it is a fallback, how to compute it."""
    if driver == "load":
        forecast = reader(info, "load_forecast", "load_mw", zone=zone)
        actual = reader(info, "load_actual", "load_mw", zone=zone)
        return [
            ("tso", False, lambda: forecast.day(info.day, minutes)),
            ("yesterdays_forecast", True, lambda: from_yesterdays(info, forecast, actual, "load", minutes)),
            ("autoregression", True, lambda: own_forecast(info, actual, "load", minutes)),
            ("persistence", True, lambda: _last_known(actual, info.day, minutes)),
        ]
    technology = driver
    rule = info.desk.zones[zone].tso_res_forecast
    forecast = reader(info, "generation_forecast", "generation_mw", zone=zone, technology=technology)
    actual = reader(info, "generation_actual", "generation_mw", zone=zone, technology=technology)
    steps: list[tuple[Method, bool, Callable[[], FloatArray]]] = [
        ("weather_regression", rule == "epf_convention", lambda: weather_output(info, zone, technology, minutes)),
        ("autoregression", True, lambda: own_forecast(info, actual, "output", minutes)),
        ("persistence", True, lambda: _recent_mean(actual, info.day, minutes)),
    ]
    if rule == "none":
        return steps
    steps.insert(1, ("yesterdays_forecast", True, lambda: from_yesterdays(info, forecast, actual, "output", minutes)))
    first: Method = "tso" if rule == "strict" else "vendor_convention"
    return [(first, False, lambda: forecast.day(info.day, minutes)), *steps]


def _last_known(actual: DayReader, day: DeliveryDay, minutes: int) -> FloatArray:
    """Same slot of the first of `LOAD_LAGS` that is known, per interval."""
    result = np.full(day.count(minutes), np.nan)
    for lag in LOAD_LAGS:
        source = day.shift(-lag)
        result = np.where(np.isfinite(result), result, same_slot(day, source, minutes, actual.day(source, minutes)))
        if np.isfinite(result).all():
            break
    return result


def _recent_mean(actual: DayReader, day: DeliveryDay, minutes: int) -> FloatArray:
    """Mean of the same slot over those of `OUTPUT_LAGS` that are known, per interval."""
    sources = [day.shift(-lag) for lag in OUTPUT_LAGS]
    past = np.vstack([same_slot(day, s, minutes, v) for s, v in zip(sources, actual.days(sources, minutes), strict=True)])
    known = np.isfinite(past)
    count = known.sum(axis=0)
    return np.where(count > 0, np.where(known, past, 0.0).sum(axis=0) / np.maximum(count, 1), np.nan)


def _frame(info: InformationSet, zone: str, driver: Driver, found: DriverDay) -> pl.DataFrame:
    minutes = info.desk.zones[zone].resolution_minutes(info.day.day)
    starts = info.day.interval_starts_us(minutes)
    return pl.DataFrame(
        {
            "delivery_day": pl.repeat(info.day.day, starts.size, eager=True, dtype=pl.Date()),
            "zone": pl.repeat(zone, starts.size, eager=True),
            "driver": pl.repeat(driver, starts.size, eager=True),
            "delivery_start": pl.Series(starts).cast(pl.Datetime("us", "UTC")),
            "resolution_minutes": pl.repeat(minutes, starts.size, eager=True, dtype=pl.Int32()),
            "value_mw": pl.Series(found.values_mw, nan_to_null=True),
            "method": list(found.methods),
            "is_fallback": found.is_fallback,
        },
        schema=table("driver_forecasts").schema,
    )
