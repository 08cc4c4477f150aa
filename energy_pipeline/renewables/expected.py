"""Expected output of one plant for one day, by the first method its inputs allow.

What belongs here: which inputs a plant is computed from and what stands in when they are
not there. What does not: the physics (`pv`, `wind`) and errors or quantiles (`output`).

Order: weather (PV, wind) or the zone's driver forecast (shares); where an interval of that
is unknown, the plant's own past, flagged as a fallback. Metered plants are their own past.
"Own past" is the mean of the same wall-clock slot over its last 7 known days, D-2 backwards.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

import numpy as np
import numpy.typing as npt
import polars as pl

from energy_pipeline.desk.model import MeteredPlant, Plant, PvPlant, SharePlant, WindPlant
from energy_pipeline.domain.delivery import MICROSECONDS_PER_MINUTE, FloatArray
from energy_pipeline.domain.errors import PipelineError
from energy_pipeline.domain.information import InformationSet
from energy_pipeline.domain.resolution import Lookup, convert, information_lookup, interval_values, slot_starts_us
from energy_pipeline.renewables.pv import STEP_MINUTES, pv_output_mw, spread_hourly, sun
from energy_pipeline.renewables.wind import wind_output_mw

PERSISTENCE_DAYS = 7
Method = Literal["physical", "share_of_zone", "persistence", "climatology"]


@dataclass(frozen=True)
class Expected:
    """A plant's expected output over the intervals of a day, in the zone's resolution.

    Attributes
    ----------
    output_mw : array, shape (intervals,)
        NaN where no method had its inputs.
    method : Method
        The plant's first choice; rows flagged `own_past` were made by persistence.
    is_fallback : array of bool
        The first choice, or an input of it, was not there.
    own_past : array of bool
        The plant's own past stands in.
    """

    output_mw: FloatArray
    method: Method
    is_fallback: npt.NDArray[np.bool_]
    own_past: npt.NDArray[np.bool_]


def expected_output(info: InformationSet, name: str) -> Expected:
    """E[g | decision time] of plant `name` for the day of `info`; computed once per day and run."""
    return info.cached("renewables.expected_output", name, make=lambda: _expected_output(info, name))


def technology(plant: Plant) -> Literal["wind", "solar"]:
    """What drives the plant."""
    if isinstance(plant, SharePlant | MeteredPlant):
        return plant.technology
    return "solar" if isinstance(plant, PvPlant) else "wind"


def capacity_mw(info: InformationSet, plant: Plant) -> float | None:
    """AC capacity of the plant; None for a share of a zone whose capacity the desk does not state."""
    if isinstance(plant, SharePlant):
        zone = info.desk.zones[plant.zone]
        installed = zone.installed_wind_mw if plant.technology == "wind" else zone.installed_solar_mw
        return None if installed is None else plant.share_of_zone * installed
    return plant.inverter_mw if isinstance(plant, PvPlant) else plant.capacity_mw


def outcome_lookup(info: InformationSet, name: str) -> tuple[Lookup, str, float]:
    """Where the plant's actual output is read: look-up, column and factor."""
    plant = info.desk.plants[name]
    if isinstance(plant, SharePlant):
        return information_lookup(info, "generation_actual", zone=plant.zone, technology=plant.technology), "generation_mw", plant.share_of_zone
    return information_lookup(info, "plant_meters", plant=name), "output_mw", 1.0


def _expected_output(info: InformationSet, name: str) -> Expected:
    plant = info.desk.plants[name]
    minutes = info.desk.zones[plant.zone].resolution_minutes(info.day.day)
    first, input_fell_back, method = _first_choice(info, plant, minutes)
    unknown = np.isnan(first)
    if unknown.any():
        first = np.where(unknown, own_past_mw(info, name, minutes), first)
    ceiling = capacity_mw(info, plant)
    output = np.clip(first, 0.0, np.inf if ceiling is None else ceiling)
    fallback = input_fell_back | (unknown & (not isinstance(plant, MeteredPlant)))
    return Expected(output, method, fallback, unknown)


def _first_choice(info: InformationSet, plant: Plant, minutes: int) -> tuple[FloatArray, npt.NDArray[np.bool_], Method]:
    count = info.day.count(minutes)
    good = np.zeros(count, dtype=np.bool_)
    if isinstance(plant, PvPlant):
        return _pv(info, plant, minutes), good, "physical"
    if isinstance(plant, WindPlant):
        return _wind(info, plant, minutes), good, "physical"
    if isinstance(plant, SharePlant):
        values, fell_back = _share(info, plant, minutes)
        return values, fell_back, "share_of_zone"
    return np.full(count, np.nan), good, "persistence"


def _pv(info: InformationSet, plant: PvPlant, minutes: int) -> FloatArray:
    lookup = information_lookup(info, "weather_forecast", location=plant.location)
    starts = info.day.interval_starts_us(STEP_MINUTES)
    ghi = interval_values(lookup, "ghi_w_m2", starts, STEP_MINUTES)
    temperature = interval_values(lookup, "temperature_c", starts, STEP_MINUTES)
    position = sun(info.desk.weather[plant.location], info.day)
    hour_starts = starts - starts % (60 * MICROSECONDS_PER_MINUTE)
    is_hourly = lookup("resolution_minutes", hour_starts) == 60
    ghi = np.where(is_hourly, spread_hourly(ghi, position.clear_sky_ghi_w_m2), ghi)
    return convert(pv_output_mw(plant, position, ghi, temperature, info.day.day), STEP_MINUTES, minutes)


def _wind(info: InformationSet, plant: WindPlant, minutes: int) -> FloatArray:
    # Quarter-hours even in an hourly zone: the curve is not linear, so power is averaged, not speed.
    lookup = information_lookup(info, "weather_forecast", location=plant.location)
    speed = interval_values(lookup, "wind_speed_ms", info.day.interval_starts_us(STEP_MINUTES), STEP_MINUTES)
    return convert(wind_output_mw(plant, info.desk.weather[plant.location].wind_height_m, speed), STEP_MINUTES, minutes)


def _share(info: InformationSet, plant: SharePlant, minutes: int) -> tuple[FloatArray, npt.NDArray[np.bool_]]:
    count = info.day.count(minutes)
    rows = _driver_forecasts(info)
    if rows is not None:
        rows = rows.filter(pl.col("zone") == plant.zone, pl.col("driver") == plant.technology).sort("delivery_start")
    if rows is None or rows.height != count:
        return np.full(count, np.nan), np.ones(count, dtype=np.bool_)
    values = rows["value_mw"].fill_null(float("nan")).to_numpy() * plant.share_of_zone
    return values, rows["is_fallback"].to_numpy()


def _driver_forecasts(info: InformationSet) -> pl.DataFrame | None:
    """The zone drivers of the day; None when they cannot be made, which the plant's fallback then covers."""
    from energy_pipeline.features import driver_forecasts

    def make() -> pl.DataFrame | None:
        try:
            return driver_forecasts(info)
        except PipelineError:
            return None

    return info.cached("renewables.driver_forecasts", make=make)


def own_past_mw(info: InformationSet, name: str, minutes: int) -> FloatArray:
    """Mean of the same slot over the plant's last 7 known days, shape (intervals,); NaN where none is known.

    Looks at D-2 .. D-max_lag_days: meters of D-1 are at best half known.
    """
    lookup, column, factor = outcome_lookup(info, name)
    days = [info.day.day - timedelta(days=lag) for lag in range(2, info.desk.max_lag_days + 1)]
    starts = slot_starts_us(days, info.day.time_zone, minutes)[:, info.day.slots(minutes)]
    values = interval_values(lookup, column, starts, minutes) * factor
    known = ~np.isnan(values)
    used = known & (np.cumsum(known, axis=0) <= PERSISTENCE_DAYS)
    count = used.sum(axis=0)
    total = np.where(used, values, 0.0).sum(axis=0)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)
