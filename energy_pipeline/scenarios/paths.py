"""The table `scenario_paths`: point forecasts plus jointly drawn past errors.

What belongs here: lining up series, forecasts and errors, clipping to what is possible, the
long frame. What does not: the draw itself (`bootstrap`).

All series share the past day a path draws, so prices of different zones, second prices and
plants keep their joint behaviour although their interval lengths may differ.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl

from energy_pipeline.contracts import table
from energy_pipeline.domain.delivery import FloatArray
from energy_pipeline.domain.errors import SourceError
from energy_pipeline.domain.history import ErrorHistory, SeriesKind
from energy_pipeline.domain.information import InformationSet
from energy_pipeline.domain.resolution import convert
from energy_pipeline.domain.seeds import generator
from energy_pipeline.scenarios.bootstrap import fill_unknown, smoothed_bootstrap

MINIMUM_DAYS = 5
"""Fewer shared past days make no scenario set."""


@dataclass(frozen=True)
class _Series:
    """One series of the set: its expected path and what values are possible."""

    kind: SeriesKind
    name: str
    resolution_minutes: int
    expected: FloatArray
    starts: pl.Series
    minimum: float
    maximum: FloatArray | float

    @property
    def unit(self) -> str:
        return "MW" if self.kind == "plant_output" else "EUR/MWh"


def scenario_paths(info: InformationSet, price_forecasts: pl.DataFrame, plant_output: pl.DataFrame, errors: Sequence[ErrorHistory]) -> pl.DataFrame:
    """Joint day paths of all prices and plants of D, table `scenario_paths`.

    Parameters
    ----------
    price_forecasts, plant_output : DataFrame
        Tables of those names for D; of the forecasts the ensemble at horizon 1 is used.
    errors : sequence of ErrorHistory
        One per series. Unknown errors follow `bootstrap.fill_unknown`; a plant without any
        known error keeps its expected path in every scenario.

    Raises
    ------
    SourceError
        A price without known past errors, a series without history or of another interval
        length, or fewer than five past days that all series share.
    """
    series = [*_prices(info, price_forecasts), *_plants(plant_output)]
    series.sort(key=lambda s: (s.kind, s.name))
    drawn = _draw(info, series, errors)
    contract = table("scenario_paths")
    return pl.concat([_frame(info.day.day, s, values) for s, values in zip(series, drawn, strict=True)], rechunk=True).select(list(contract.schema))


def _prices(info: InformationSet, price_forecasts: pl.DataFrame) -> list[_Series]:
    rows = price_forecasts.filter(pl.col("model") == "ensemble", pl.col("horizon_days") == 1, pl.col("target_day") == info.day.day)
    sources: tuple[tuple[str, SeriesKind, str], ...] = (
        ("day_ahead", "day_ahead_price", "day_ahead_prices"),
        ("second", "second_price", "second_prices"),
    )
    series = []
    for price_kind, kind, raw in sources:
        limits = table(raw).column("price_eur_mwh")
        for part in rows.filter(pl.col("price_kind") == price_kind).sort("zone", "delivery_start").partition_by("zone", maintain_order=True):
            low, high = float(limits.minimum or 0.0), float(limits.maximum or 0.0)
            expected = part["price_eur_mwh"].to_numpy()
            series.append(_Series(kind, part["zone"][0], part["resolution_minutes"][0], expected, part["delivery_start"], low, high))
    missing = sorted(set(info.desk.zones) - {s.name for s in series if s.kind == "day_ahead_price"})
    if missing:
        raise SourceError(
            f"scenario_paths, day {info.day.day}: no ensemble day-ahead forecast of {', '.join(missing)} -> make price_forecasts of the day first"
        )
    return series


def _plants(plant_output: pl.DataFrame) -> list[_Series]:
    ceiling = float(table("plant_output").column("output_mw").maximum or np.inf)
    series = []
    for part in plant_output.sort("plant", "delivery_start").partition_by("plant", maintain_order=True):
        most = part["capacity_mw"].fill_null(ceiling).to_numpy()[:, None]
        expected = part["available_mw"].to_numpy()  # each path's own price decides what is held back
        series.append(_Series("plant_output", part["plant"][0], part["resolution_minutes"][0], expected, part["delivery_start"], 0.0, most))
    return series


def _draw(info: InformationSet, series: Sequence[_Series], errors: Sequence[ErrorHistory]) -> list[FloatArray]:
    histories = _histories(info, series, errors)
    shared = sorted(set.intersection(*({*h.days} for h in histories)))
    if len(shared) < MINIMUM_DAYS:
        raise SourceError(
            f"scenario_paths, day {info.day.day}: the series share {len(shared)} past day(s) of errors, {MINIMUM_DAYS} are needed"
            " -> ingest more history or lower forecast.error_days"
        )
    blocks = [h.aligned(info.day)[[h.days.index(d) for d in shared]] for h in histories]
    _refuse_unknown_prices(info, series, blocks)
    filled, _ = fill_unknown(np.concatenate(blocks, axis=1))
    settings = info.desk.scenarios
    drawn = smoothed_bootstrap(filled, settings.paths, settings.smoothing, generator("scenarios", info.day.day))
    ends = np.cumsum([s.expected.size for s in series])[:-1]
    values = [np.clip(s.expected[:, None] + part, s.minimum, s.maximum) for s, part in zip(series, np.split(drawn, ends), strict=True)]
    return _held_back(info, series, values)


def _held_back(info: InformationSet, series: Sequence[_Series], values: Sequence[FloatArray]) -> list[FloatArray]:
    """Plants with `curtail_below_eur_mwh` stand still where the path's own day-ahead price is below it."""
    prices = {s.name: (s.resolution_minutes, v) for s, v in zip(series, values, strict=True) if s.kind == "day_ahead_price"}
    found = []
    for s, v in zip(series, values, strict=True):
        limit = info.desk.plants[s.name].curtail_below_eur_mwh if s.kind == "plant_output" else None
        if limit is None:
            found.append(v)
            continue
        minutes, price = prices[info.desk.plants[s.name].zone]
        own = convert(price.T, minutes, s.resolution_minutes).T
        found.append(np.where(own < limit, 0.0, v))
    return found


def _histories(info: InformationSet, series: Sequence[_Series], errors: Sequence[ErrorHistory]) -> list[ErrorHistory]:
    known = {(h.kind, h.name): h for h in errors}
    problems = []
    for s in series:
        history = known.get((s.kind, s.name))
        if history is None:
            problems.append(f"{s.kind} {s.name}: no past errors were given")
        elif history.resolution_minutes != s.resolution_minutes:
            problems.append(f"{s.kind} {s.name}: errors are in {history.resolution_minutes} min, the forecast in {s.resolution_minutes} min")
        elif s.expected.size != info.day.count(s.resolution_minutes):
            problems.append(f"{s.kind} {s.name}: {s.expected.size} intervals, the day has {info.day.count(s.resolution_minutes)}")
    if problems:
        text = "\n".join([f"{len(problems)} series cannot be drawn", *(f"  - {p}" for p in problems), "-> make their forecasts and errors again"])
        raise SourceError(f"scenario_paths, day {info.day.day}: {text}")
    return [known[s.kind, s.name] for s in series]


def _refuse_unknown_prices(info: InformationSet, series: Sequence[_Series], blocks: Sequence[FloatArray]) -> None:
    bad = [s.name for s, block in zip(series, blocks, strict=True) if s.kind != "plant_output" and np.isnan(block).all()]
    if bad:
        raise SourceError(
            f"scenario_paths, day {info.day.day}: no past forecast error of the price of {', '.join(bad)} is known at {info.decision_time}"
            " -> ingest more history of its prices"
        )


def _frame(day: date, series: _Series, values: FloatArray) -> pl.DataFrame:
    intervals, paths = values.shape
    rows = intervals * paths
    return pl.select(
        pl.repeat(day, rows, dtype=pl.Date).alias("delivery_day"),
        pl.repeat(series.kind, rows).alias("kind"),
        pl.repeat(series.name, rows).alias("name"),
        pl.lit(series.starts.gather(np.repeat(np.arange(intervals), paths))).alias("delivery_start"),
        pl.repeat(series.resolution_minutes, rows, dtype=pl.Int32).alias("resolution_minutes"),
        pl.lit(pl.Series(np.tile(np.arange(paths, dtype=np.int32), intervals))).alias("scenario"),
        pl.lit(pl.Series(values.astype(np.float32).reshape(-1))).alias("value"),
        pl.repeat(series.unit, rows).alias("unit"),
    )
