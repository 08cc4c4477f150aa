"""What one day's decision had of each named input beside prices: load, wind, sun, fuels, outages, neighbours, weather, daylight.

What belongs here: the columns of each group for one delivery day by wall-clock slot, and the raw series they are made of.
What does not: names and groups (`groups`), prices and many days (`history`), drivers themselves (`drivers`).

A value that is not known is NaN, never a guess: where a desk has no outages at all they are unknown, where it has them and
none is announced they are 0. A column over several neighbours is unknown where one of them is.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

import numpy as np
import polars as pl

from energy_pipeline.desk import Desk
from energy_pipeline.domain.blocks import profile
from energy_pipeline.domain.delivery import MICROSECONDS_PER_MINUTE, FloatArray, IntArray
from energy_pipeline.features.alignment import reader
from energy_pipeline.features.day_prices import day_prices, without_skipped
from energy_pipeline.features.drivers import driver_reads, published_since, zone_drivers
from energy_pipeline.features.groups import TECHNOLOGIES
from energy_pipeline.features.merit_order import marginal_cost
from energy_pipeline.information.archive import InformationSet
from energy_pipeline.information.cut_keys import Reads
from energy_pipeline.information.resolution import by_slot, convert

FUELS = {"gas": "EUR/MWh", "coal": "EUR/t", "carbon": "EUR/t"}
WEATHER = {"temperature_c": "temperature_c", "wind_speed_ms": "wind_speed_ms", "irradiance_w_m2": "ghi_w_m2"}
_SAME = {"hard coal": "coal", "fossil gas": "gas", "natural gas": "gas", "run of river": "hydro", "reservoir": "hydro", "pumped storage": "hydro"}

Columns = dict[str, FloatArray]


def day_columns(info: InformationSet, zone: str, minutes: int) -> Columns:
    """The columns of D that the price models read, in their order, each of shape (1440 / minutes,); computed once a day and zone."""
    return info.kept("panel_columns", zone, minutes, make=lambda: _day_columns(info, zone, minutes))


def _day_columns(info: InformationSet, zone: str, minutes: int) -> Columns:
    found: Columns = {}
    groups = info.desk.forecast.features
    if "drivers" in groups:
        found |= _drivers(info, zone, minutes, apart="wind_and_solar_apart" in groups)
    makers = {
        "ramps": _ramps,
        "neighbour_prices": _neighbour_prices,
        "neighbour_drivers": _neighbour_drivers,
        "fuels": _fuels,
        "outages": _outages,
        "weather": _weather,
        "daylight": _daylight,
        "merit_order": _merit_order,
    }
    for group, make in makers.items():
        if group in groups:
            found |= make(info, zone, minutes)
    return found


def columns_since(info: InformationSet, zone: str, minutes: int) -> Columns:
    """The columns of the day before D as decide(D) knows them: its drivers with what operators published after that day's own gate."""

    def make() -> Columns:
        before, groups = info.at(info.day.day - timedelta(days=1)), info.desk.forecast.features
        found = dict(day_columns(before, zone, minutes))
        if "drivers" in groups:
            found |= _drivers(before, zone, minutes, apart="wind_and_solar_apart" in groups, later=info)
        return found | (_neighbour_drivers(before, zone, minutes, later=info) if "neighbour_drivers" in groups else {})

    return info.kept("columns_since", zone, minutes, make=make)


def column_reads(desk: Desk, zone: str) -> tuple[Reads, ...]:
    """The raw series the columns of a zone are made of."""
    groups, own, near = desk.forecast.features, (("zone", zone),), desk.zones[zone].neighbours
    found = dict.fromkeys(driver_reads(desk, zone))
    if "neighbour_prices" in groups:
        found |= dict.fromkeys(Reads("day_ahead_prices", (("zone", n),)) for n in near)
    if "neighbour_drivers" in groups:
        found |= dict.fromkeys(read for n in near for read in driver_reads(desk, n))
    if {"fuels", "merit_order"} & set(groups):
        found[Reads("fuel_prices")] = None
    if {"outages", "merit_order"} & set(groups):
        found[Reads("outages", own)] = None
    return tuple(found)


def _slots(info: InformationSet, values: FloatArray, minutes: int) -> FloatArray:
    """A day's intervals by wall-clock slot; the one that spring skips is the mean of its neighbours."""
    return without_skipped(by_slot(values, info.day, minutes), info.day, minutes)


def driver_slots(info: InformationSet, zone: str, minutes: int, later: InformationSet | None = None) -> Columns:
    """Load, wind and solar of D as decide(D), or with `later` decide(D+1), has them, by wall-clock slot [MW]."""
    own = info.desk.zones[zone].resolution_minutes(info.day.day)
    drivers = zone_drivers(info, zone) if later is None else published_since(later, zone)
    return {name: _slots(info, convert(found.values_mw, own, minutes), minutes) for name, found in drivers.items()}


def _drivers(info: InformationSet, zone: str, minutes: int, *, apart: bool, later: InformationSet | None = None) -> Columns:
    found = driver_slots(info, zone, minutes, later)
    columns: Columns = {"load_mw": found["load"]} if "load" in found else {}
    renewable = [name for name in ("wind", "solar") if name in found]
    if len(renewable) > 1 and not apart:
        return columns | {"wind_solar_mw": found["wind"] + found["solar"]}
    return columns | {f"{name}_mw": found[name] for name in renewable}


def residual_slots(info: InformationSet, zone: str, minutes: int, later: InformationSet | None = None) -> FloatArray:
    """Load less wind and solar of D by wall-clock slot [MW]; NaN without a load."""
    found = driver_slots(info, zone, minutes, later)
    if "load" not in found:
        return np.full(1440 // minutes, np.nan)
    residual = found["load"].copy()
    for name in ("wind", "solar"):
        residual -= found.get(name, 0.0)
    return residual


def _ramps(info: InformationSet, zone: str, minutes: int) -> Columns:
    residual = residual_slots(info, zone, minutes)
    before = residual_slots(info.at(info.day.day - timedelta(days=1)), zone, minutes)
    return {"residual_load_ramp_mw": residual - np.concatenate([before[-1:], residual[:-1]]), "residual_load_change_1d_mw": residual - before}


def _neighbour_prices(info: InformationSet, zone: str, minutes: int) -> Columns:
    near = info.desk.zones[zone].neighbours
    yesterday = info.day.day - timedelta(days=1)
    rows = [day_prices(info, n, "day_ahead_prices", yesterday, 1, minutes)[0] for n in near]
    return {"neighbour_price_lag_1d_eur_mwh": np.mean(rows, axis=0)} if rows else {}


def _neighbour_drivers(info: InformationSet, zone: str, minutes: int, later: InformationSet | None = None) -> Columns:
    rows = [residual_slots(info, n, minutes, later) for n in info.desk.zones[zone].neighbours]
    return {"neighbour_residual_load_mw": np.sum(rows, axis=0)} if rows else {}


def last_settlements(info: InformationSet) -> dict[str, float]:
    """Last visible settlement of gas [EUR/MWh], coal and carbon [EUR/t]; NaN where none is."""
    rows = info.frame("fuel_prices")
    found = dict.fromkeys(FUELS, np.nan)
    for commodity, unit, price in rows.sort("delivery_day", maintain_order=True).select("commodity", "unit", "price").iter_rows():
        if FUELS.get(commodity) == unit:
            found[commodity] = price
    return found


def _fuels(info: InformationSet, zone: str, minutes: int) -> Columns:  # noqa: ARG001 - as the others
    found = info.cached("fuels", make=lambda: last_settlements(info))
    units = {"gas": "gas_eur_mwh", "coal": "coal_eur_t", "carbon": "carbon_eur_t"}
    return {column: np.full(1440 // minutes, found[fuel]) for fuel, column in units.items()}


def unavailable_mw(info: InformationSet, zone: str, minutes: int) -> Mapping[str, FloatArray]:
    """Capacity announced to be out on D by technology and slot, mean over the slot [MW]; NaN where the desk has no outages at all."""
    rows = info.cached("outages", make=lambda: info.frame("outages"))
    known = np.full(1440 // minutes, np.nan if rows.is_empty() else 0.0)
    found = {technology: known.copy() for technology in TECHNOLOGIES}
    starts = info.day.interval_starts_us(minutes)
    length = minutes * MICROSECONDS_PER_MINUTE
    own = rows.filter(pl.col("zone") == zone).select("fuel", "unavailable_mw", pl.col("starts_at", "ends_at").cast(pl.Int64))
    for fuel, mw, begin, end in own.iter_rows():
        share = np.clip(np.minimum(starts + length, end) - np.maximum(starts, begin), 0, None) / length
        if share.any():
            found[_technology(fuel)] += mw * _slots(info, share, minutes)
    return found


def _technology(fuel: str) -> str:
    """The column an outage's fuel counts in.

    >>> _technology("hard coal"), _technology("Gas"), _technology("peat")
    ('coal', 'gas', 'other')
    """
    name = _SAME.get(fuel.lower(), fuel.lower())
    return name if name in TECHNOLOGIES else "other"


def _outages(info: InformationSet, zone: str, minutes: int) -> Columns:
    return {f"unavailable_{technology}_mw": mw for technology, mw in unavailable_mw(info, zone, minutes).items()}


def _weather(info: InformationSet, zone: str, minutes: int) -> Columns:
    places = info.desk.zones[zone].weather_locations
    if not places:
        return {}
    return {
        name: _slots(info, np.mean([reader(info, "weather_forecast", raw, location=at).day(info.day, minutes) for at in places], axis=0), minutes)
        for name, raw in WEATHER.items()
    }


def _daylight(info: InformationSet, zone: str, minutes: int) -> Columns:
    places = [info.desk.weather[at] for at in info.desk.zones[zone].weather_locations]
    columns: Columns = {"is_peak": _slots(info, profile("peak", info.day, minutes), minutes)}
    if places:
        middle = info.day.interval_starts_us(minutes) + minutes * MICROSECONDS_PER_MINUTE // 2
        latitude, longitude = (float(np.mean([getattr(p, name) for p in places])) for name in ("latitude_deg", "longitude_deg"))
        columns["daylight"] = _slots(info, sun_height(middle, latitude, longitude), minutes)
    return columns


def sun_height(at_us: IntArray, latitude_deg: float, longitude_deg: float) -> FloatArray:
    """Sine of the sun's elevation, 0 at night; the usual first-order formula, good to about a degree (Cooper 1969).

    >>> noon = np.array([1718971200 * 1_000_000])  # 21 June 2024, 12:00 UTC
    >>> float(sun_height(noon, 23.45, 0.0).round(3)[0]), float(sun_height(noon, -89.0, 0.0)[0])
    (1.0, 0.0)
    """
    hours = np.asarray(at_us, dtype=np.float64) / (60 * MICROSECONDS_PER_MINUTE)
    of_year = np.mod(hours / 24 + 10, 365.2425)  # days since the winter solstice; 1970 began on 1 January
    declination = np.deg2rad(-23.45) * np.cos(2 * np.pi * of_year / 365.2425)
    angle = np.deg2rad(15 * (np.mod(hours, 24) - 12) + longitude_deg)
    latitude = np.deg2rad(latitude_deg)
    height = np.sin(latitude) * np.sin(declination) + np.cos(latitude) * np.cos(declination) * np.cos(angle)
    return np.asarray(np.maximum(height, 0.0))


def _merit_order(info: InformationSet, zone: str, minutes: int) -> Columns:
    plants = info.desk.zones[zone].thermal_mw
    if not plants:
        return {}
    return {"merit_order_eur_mwh": merit_order(info, zone, minutes)}


def merit_order(info: InformationSet, zone: str, minutes: int) -> FloatArray:
    """Marginal cost of the plants that D's residual load needs, by slot [EUR/MWh]; NaN where something is unknown."""
    out = unavailable_mw(info, zone, minutes)
    fuels = info.cached("fuels", make=lambda: last_settlements(info))
    return marginal_cost(residual_slots(info, zone, minutes), dict(info.desk.zones[zone].thermal_mw.items()), out, fuels)
