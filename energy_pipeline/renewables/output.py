"""The table `plant_output`, and the past errors of what it holds.

What belongs here: the expected output of all plants with quantiles, and the error history
scenarios draw from. What does not: how one plant's output is computed (`expected`).
"""

from __future__ import annotations

import warnings
from datetime import date, timedelta
from functools import partial

import numpy as np
import polars as pl

from energy_pipeline.contracts import table
from energy_pipeline.desk.model import MeteredPlant, SharePlant
from energy_pipeline.domain.delivery import FloatArray
from energy_pipeline.domain.errors import SourceError
from energy_pipeline.domain.history import ErrorHistory
from energy_pipeline.domain.information import InformationSet
from energy_pipeline.domain.resolution import by_slot, convert, interval_values, slot_starts_us, timestamps
from energy_pipeline.renewables.expected import Expected, capacity_mw, expected_output, outcome_lookup, technology

MINIMUM_ERROR_DAYS = 5
"""Fewer known errors of a slot make no quantile: it is null."""


def plant_output(info: InformationSet) -> pl.DataFrame:
    """Expected output of every plant of the desk for the day, table `plant_output`.

    Quantiles are the expected output plus the 10 % and 90 % quantiles of its past errors in
    the same slot, kept between 0 and capacity; null under five known errors.

    Raises
    ------
    SourceError
        Naming every plant for which neither its inputs nor its own past is known.
    """
    contract = table("plant_output")
    expected = {name: expected_output(info, name) for name in info.desk.plants}
    problems = [_problem(info, name) for name, point in expected.items() if np.isnan(point.output_mw).any()]
    if problems:
        raise SourceError(f"plant_output, day {info.day.day}: {len(problems)} plant(s) cannot be computed\n" + "\n".join(problems))
    frames = [_rows(info, name, expected[name], errors) for name, errors in zip(expected, output_errors(info), strict=True)]
    return pl.concat(frames).sort(contract.key, maintain_order=True) if frames else contract.frame()


def output_errors(info: InformationSet) -> list[ErrorHistory]:
    """Outcome less expected output of each plant, in desk order, days D-1-error_days .. D-2.

    Each past forecast is the one that decide(d) would have made; outcomes are as known at
    this decision time. NaN where either was unknown.
    """
    day, settings = info.day.day, info.desk.forecast
    days = tuple(day - timedelta(days=lag) for lag in range(settings.error_days + 1, 1, -1))
    return [info.cached("renewables.output_errors", name, make=partial(_errors, info, name, days)) for name in info.desk.plants]


def _errors(info: InformationSet, name: str, days: tuple[date, ...]) -> ErrorHistory:
    zone = info.desk.zones[info.desk.plants[name].zone]
    minutes = zone.resolution_minutes(info.day.day)
    lookup, column, factor = outcome_lookup(info, name)
    outcome = interval_values(lookup, column, slot_starts_us(days, info.day.time_zone, minutes), minutes) * factor
    forecast = np.full(outcome.shape, np.nan)
    for row, day in enumerate(days):
        past = info.at(day)
        values = convert(expected_output(past, name).output_mw, zone.resolution_minutes(day), minutes)
        forecast[row] = by_slot(values, past.day, minutes)
    return ErrorHistory("plant_output", name, minutes, days, outcome - forecast)


def _rows(info: InformationSet, name: str, point: Expected, errors: ErrorHistory) -> pl.DataFrame:
    contract, plant = table("plant_output"), info.desk.plants[name]
    starts = info.day.interval_starts_us(errors.resolution_minutes)
    ceiling = capacity_mw(info, plant)
    low, high = _quantiles(point.output_mw, errors.aligned(info.day), np.inf if ceiling is None else ceiling)
    return pl.DataFrame(
        {
            "delivery_day": info.day.day,
            "plant": name,
            "zone": plant.zone,
            "technology": technology(plant),
            "delivery_start": timestamps(starts),
            "resolution_minutes": errors.resolution_minutes,
            "output_mw": point.output_mw,
            "q10_mw": pl.Series(low, nan_to_null=True),
            "q90_mw": pl.Series(high, nan_to_null=True),
            "capacity_mw": pl.Series([ceiling] * starts.size, dtype=pl.Float64),
            "method": np.where(point.own_past, "persistence", point.method).tolist(),
            "is_fallback": point.is_fallback,
        },
        schema=contract.schema,
    )


def _quantiles(point: FloatArray, errors: FloatArray, ceiling: float) -> tuple[FloatArray, FloatArray]:
    enough = (~np.isnan(errors)).sum(axis=0) >= MINIMUM_ERROR_DAYS
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # slots without any error are made null below
        low, high = np.nanquantile(errors, [0.1, 0.9], axis=0) if errors.shape[0] else np.full((2, point.size), np.nan)
    return np.where(enough, np.clip(point + low, 0.0, ceiling), np.nan), np.where(enough, np.clip(point + high, 0.0, ceiling), np.nan)


def _problem(info: InformationSet, name: str) -> str:
    plant, when = info.desk.plants[name], info.decision_time
    span = f"{info.day.day - timedelta(days=info.desk.max_lag_days)} .. {info.day.day - timedelta(days=2)}"
    if isinstance(plant, SharePlant):
        return (
            f"  - {name}: no driver forecast of {plant.technology} in {plant.zone} and no generation_actual of {span} known at {when}"
            " -> ingest generation_actual, or the driver's forecast or weather"
        )
    if isinstance(plant, MeteredPlant):
        return f"  - {name}: no plant_meters of {span} known at {when} -> ingest plant_meters of {name}"
    return (
        f"  - {name}: no weather_forecast of {plant.location} and no plant_meters of {span} known at {when}"
        f" -> ingest weather_forecast of {plant.location} or plant_meters of {name}"
    )
