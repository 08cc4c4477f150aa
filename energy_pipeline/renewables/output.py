"""The table `plant_output`, and the past errors of what it holds.

What belongs here: the expected output of all plants with quantiles, and the error history
scenarios draw from. What does not: how one plant's output is computed (`expected`), sums over
plants (`fleet`), the rule for low prices (`curtailment`).
"""

from __future__ import annotations

import warnings
from datetime import date, timedelta
from functools import partial

import numpy as np
import polars as pl

from energy_pipeline.book.clearing import held_below_eur_mwh
from energy_pipeline.book.published_forecast import published_forecast
from energy_pipeline.contracts import table
from energy_pipeline.contracts.derived.renewables import OUTPUT_LEVELS, output_quantile_column
from energy_pipeline.contracts.derived.shared import QUANTILES, quantile_column
from energy_pipeline.desk.model import MeteredPlant, SharePlant
from energy_pipeline.domain.delivery import FloatArray
from energy_pipeline.domain.errors import SourceError
from energy_pipeline.domain.history import ErrorHistory
from energy_pipeline.information.archive import InformationSet
from energy_pipeline.information.artefacts import ArtefactStore
from energy_pipeline.information.resolution import by_slot, convert, information_lookup, interval_values, slot_starts_us, timestamps
from energy_pipeline.renewables.curtailment import held_back_probability, is_held_back, quantiles_with_stops, silent_below_eur_mwh
from energy_pipeline.renewables.driven import outcome_lookup
from energy_pipeline.renewables.expected import Expected, capacity_mw, expected_output, technology
from energy_pipeline.renewables.quantiles import LEVELS

MINIMUM_ERROR_DAYS = 5
"""Fewer known errors of a slot make no quantile: it is null."""


def plant_output(info: InformationSet, price_forecasts: pl.DataFrame | None = None, artefacts: ArtefactStore | None = None) -> pl.DataFrame:
    """Expected output of every plant of the desk for the day, table `plant_output`.

    Quantiles of plants computed from weather come from the errors their correction made on days it was not
    learnt from (`renewables.quantiles`); of all others, and where too little is known for that, they are the
    expected output plus quantiles of its past errors in the same slot, kept between 0 and capacity; null
    under five known errors.

    Parameters
    ----------
    price_forecasts : DataFrame, optional
        Table of that name for the day; needed for plants with `curtail_below_eur_mwh`.
    artefacts : ArtefactStore, optional
        Where fitted corrections are kept.

    Raises
    ------
    SourceError
        Naming every plant for which neither its inputs nor its own past is known, or whose rule for low
        prices lacks the zone's price forecast.
    """
    contract = table("plant_output")
    expected = {name: expected_output(info, name, artefacts) for name in info.desk.plants}
    problems = [_problem(info, name) + "".join(f"; {n}" for n in point.notes) for name, point in expected.items() if np.isnan(point.output_mw).any()]
    chances = {name: _held_back(info, name, price_forecasts) for name in expected}
    problems += [
        f"  - {name}: curtail_below_eur_mwh needs the ensemble's day-ahead forecast of {info.desk.plants[name].zone} -> make price_forecasts first"
        for name, chance in chances.items()
        if chance is None
    ]
    if problems:
        raise SourceError(f"plant_output, day {info.day.day}: {len(problems)} plant(s) cannot be computed\n" + "\n".join(problems))
    errors = dict(zip(expected, output_errors(info, artefacts), strict=True))
    frames = [_rows(info, name, expected[name], errors[name], chance) for name, chance in chances.items() if chance is not None]
    return pl.concat(frames).sort(contract.key, maintain_order=True) if frames else contract.frame()


def output_errors(info: InformationSet, artefacts: ArtefactStore | None = None) -> list[ErrorHistory]:
    """Outcome less expected output of each plant, in desk order, days D-1-error_days .. D-2.

    Each past forecast is the one that decide(d) would have made; outcomes are as known at
    this decision time. NaN where either was unknown, or where the price held the plant back: errors
    are those of what a plant could have made.
    """
    day, settings = info.day.day, info.desk.forecast
    days = tuple(day - timedelta(days=lag) for lag in range(settings.error_days + 1, 1, -1))
    return [info.cached("renewables.output_errors", name, make=partial(_errors, info, name, days, artefacts)) for name in info.desk.plants]


def _errors(info: InformationSet, name: str, days: tuple[date, ...], artefacts: ArtefactStore | None) -> ErrorHistory:
    plant = info.desk.plants[name]
    zone = info.desk.zones[plant.zone]
    minutes = zone.resolution_minutes(info.day.day)
    lookup, column, factor = outcome_lookup(info, name)
    starts = slot_starts_us(days, info.day.time_zone, minutes)
    outcome = interval_values(lookup, column, starts, minutes) * factor
    limit = silent_below_eur_mwh(info.desk, name)
    if limit is not None:
        price = interval_values(information_lookup(info, "day_ahead_prices", zone=plant.zone), "price_eur_mwh", starts, minutes)
        outcome = np.where(is_held_back(price, limit), np.nan, outcome)
    forecast = np.full(outcome.shape, np.nan)
    for row, day in enumerate(days):
        past = info.at(day)
        values = convert(expected_output(past, name, artefacts).output_mw, zone.resolution_minutes(day), minutes)
        forecast[row] = by_slot(values, past.day, minutes)
    return ErrorHistory("plant_output", name, minutes, days, outcome - forecast)


def _held_back(info: InformationSet, name: str, price_forecasts: pl.DataFrame | None) -> FloatArray | None:
    """Probability that the price holds the plant back, by interval; None without a price forecast."""
    plant = info.desk.plants[name]
    zone, minutes = plant.zone, info.desk.zones[plant.zone].resolution_minutes(info.day.day)
    count = info.day.count(minutes)
    limit = held_below_eur_mwh(info.desk, name)
    if limit is None:
        return np.zeros(count)
    if price_forecasts is None:
        return None
    rows = published_forecast(price_forecasts, zone, info.day.day)
    if rows.height != count:
        return None
    quantiles = rows.select([quantile_column(q) for q in QUANTILES]).cast(pl.Float64).fill_null(float("nan")).to_numpy()
    return held_back_probability(limit, rows["price_eur_mwh"].to_numpy(), np.array(QUANTILES), quantiles)


def _rows(info: InformationSet, name: str, point: Expected, errors: ErrorHistory, held_back: FloatArray) -> pl.DataFrame:
    contract, plant = table("plant_output"), info.desk.plants[name]
    starts = info.day.interval_starts_us(errors.resolution_minutes)
    ceiling = capacity_mw(info, plant)
    out = None if point.out_share is None or ceiling is None else point.out_share * ceiling
    bands = _quantiles(point, errors.aligned(info.day), np.full(starts.size, np.inf if ceiling is None else ceiling) - (0.0 if out is None else out))
    bands = quantiles_with_stops(LEVELS, bands, held_back)
    shown = [int(np.argmin(np.abs(LEVELS - level))) for level in OUTPUT_LEVELS]
    return pl.DataFrame(
        {
            "delivery_day": info.day.day,
            "plant": name,
            "zone": plant.zone,
            "technology": technology(plant),
            "delivery_start": timestamps(starts),
            "resolution_minutes": errors.resolution_minutes,
            "output_mw": point.output_mw * (1.0 - held_back),
            "available_mw": point.output_mw,
            **{output_quantile_column(q): pl.Series(bands[:, i], nan_to_null=True) for q, i in zip(OUTPUT_LEVELS, shown, strict=True)},
            "capacity_mw": pl.Series([ceiling] * starts.size, dtype=pl.Float64),
            "unavailable_mw": pl.Series([None] * starts.size if out is None else out, dtype=pl.Float64),
            "method": np.where(point.own_past, "persistence", point.method).tolist(),
            "is_fallback": point.is_fallback,
            "note": "; ".join(point.notes),
        },
        schema=contract.schema,
    )


def _quantiles(point: Expected, errors: FloatArray, ceiling: FloatArray) -> FloatArray:
    """At `LEVELS`, shape (intervals, 19): learnt ones where there are, else from the slot's past errors; `ceiling` by interval [MW]."""
    enough = (~np.isnan(errors)).sum(axis=0) >= MINIMUM_ERROR_DAYS
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # slots without any error are made null below
        moved = np.nanquantile(errors, LEVELS, axis=0).T if errors.shape[0] else np.full((point.output_mw.size, LEVELS.size), np.nan)
    by_slot_errors = np.where(enough[:, None], np.clip(point.output_mw[:, None] + moved, 0.0, ceiling[:, None]), np.nan)
    if point.quantiles_mw is None:
        return by_slot_errors
    return np.where(np.isnan(point.quantiles_mw) | point.own_past[:, None], by_slot_errors, np.clip(point.quantiles_mw, 0.0, ceiling[:, None]))


def _problem(info: InformationSet, name: str) -> str:
    plant, when = info.desk.plants[name], info.decision_time
    span = f"{info.day.day - timedelta(days=info.desk.max_lag_days)} .. {info.day.day - timedelta(days=2)}"
    if isinstance(plant, SharePlant):
        return (
            f"  - {name}: no driver forecast of {plant.technology} in {plant.zone} and no generation_actual of {span} known at {when}"
            " -> ingest generation_actual, or the driver's forecast or weather"
        )
    held = info.frame("held_hours").filter(pl.col("raw_table") == "plant_meters", pl.col("series") == f"plant={name}", pl.col("status") == "held")
    if isinstance(plant, MeteredPlant) and held.height:
        return (
            f"  - {name}: {held.height} values of its plant_meters are held, and no other of {span} is known at {when}: {held['detail'][0]}"
            " -> state the unit (`factor`) in the desk file, or say what they are in the operator's file (`plausibility.operator_file`)"
        )
    if isinstance(plant, MeteredPlant):
        return f"  - {name}: no plant_meters of {span} known at {when} -> ingest plant_meters of {name}"
    return (
        f"  - {name}: no weather_forecast of {plant.location} and no plant_meters of {span} known at {when}"
        f" -> ingest weather_forecast of {plant.location} or plant_meters of {name}"
    )
