"""The table `scenario_paths`: what prices and output may be on D, jointly.

What belongs here: lining up series, forecasts and errors, clipping to what is possible, the
long frame. What does not: the draw itself (`bootstrap`, `copulas`) or tails (`marginals`).

All series are drawn as one, so prices of different zones, second prices and plants keep their
joint behaviour although their interval lengths may differ. Single values of a price are the means of
equally likely strata of its published distribution, one stratum a path, so the paths' mean is the
published mean whatever their number; without a distribution they are the expected path plus drawn
past errors, moved to the same mean. A second price is drawn as the day-ahead price of the same path plus a spread of the
published distribution of spreads: that sets which of its strata the path takes. Plants are the expected path plus drawn past errors.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal

import numpy as np
import polars as pl

from energy_pipeline.book.clearing import held_below_eur_mwh
from energy_pipeline.book.published_forecast import published_distribution, published_forecast
from energy_pipeline.contracts import table
from energy_pipeline.contracts.derived import QUANTILES, quantile_column
from energy_pipeline.domain.delivery import FloatArray
from energy_pipeline.domain.errors import SourceError
from energy_pipeline.domain.history import ErrorHistory, SeriesKind
from energy_pipeline.domain.seeds import generator
from energy_pipeline.information.archive import InformationSet
from energy_pipeline.information.resolution import convert
from energy_pipeline.mathematics.paths.bootstrap import fill_unknown
from energy_pipeline.mathematics.paths.copulas import latent, ranks, uniforms
from energy_pipeline.mathematics.paths.marginals import DEFAULT_XI, Marginals

MINIMUM_DAYS = 5
"""Fewer shared past days make no scenario set."""


@dataclass(frozen=True)
class DaySeries:
    """One series of the set: its expected path and what values are possible."""

    kind: SeriesKind
    name: str
    resolution_minutes: int
    expected: FloatArray
    starts: pl.Series
    minimum: float
    maximum: FloatArray | float
    published: Marginals | None = None
    spread: Marginals | None = None
    """Of a second price: what it is less the day-ahead price of its zone."""

    @property
    def unit(self) -> str:
        """Of the values."""
        return "MW" if self.kind == "plant_output" else "EUR/MWh"


def scenario_paths(
    info: InformationSet,
    price_forecasts: pl.DataFrame,
    plant_output: pl.DataFrame,
    errors: Sequence[ErrorHistory],
    spreads: pl.DataFrame | None = None,
    *,
    stream: str = "",
) -> pl.DataFrame:
    """Joint day paths of all prices and plants of D, table `scenario_paths`.

    Parameters
    ----------
    price_forecasts, plant_output : DataFrame
        Tables of those names for D; of the forecasts the ensemble at horizon 1 is used.
    errors : sequence of ErrorHistory
        One per series. Unknown errors follow `bootstrap.fill_unknown`; a plant without any
        known error keeps its expected path in every scenario.
    spreads : DataFrame, optional
        Table spread_forecasts of D; without it a second price is drawn like any other series.
    stream : str
        Names another, independent set of the same day; the table's own is "".

    Raises
    ------
    SourceError
        A price without known past errors, a series without history or of another interval
        length, or fewer than five past days that all series share.
    """
    series = _with_spreads(day_series(info, price_forecasts, plant_output), spreads)
    drawn = _draw(info, series, errors, stream)
    contract = table("scenario_paths")
    return pl.concat([_frame(info.day.day, s, values) for s, values in zip(series, drawn, strict=True)], rechunk=True).select(list(contract.schema))


def day_series(info: InformationSet, price_forecasts: pl.DataFrame, plant_output: pl.DataFrame) -> list[DaySeries]:
    """Every series of the set, by kind and name."""
    return sorted([*_prices(info, price_forecasts), *_plants(plant_output)], key=lambda s: (s.kind, s.name))


def _with_spreads(series: Sequence[DaySeries], spreads: pl.DataFrame | None) -> list[DaySeries]:
    """The series, every second price with the published distribution of its spread where there is one."""
    if spreads is None:
        return list(series)
    found = []
    for s in series:
        rows = spreads.filter(pl.col("zone") == s.name).sort("delivery_start") if s.kind == "second_price" else spreads.clear()
        quantiles = rows.select(quantile_column(q) for q in QUANTILES).to_numpy().astype(np.float64)
        if s.published is not None and rows.height == s.expected.size and np.isfinite(quantiles).all():
            xi, free = np.full((1, rows.height), DEFAULT_XI), np.full((1, rows.height), np.inf)
            s = replace(s, spread=Marginals(np.array(QUANTILES), np.maximum.accumulate(quantiles, axis=1)[None], xi, xi, -free, free))  # noqa: PLW2901
        found.append(s)
    return found


def _prices(info: InformationSet, price_forecasts: pl.DataFrame) -> list[DaySeries]:
    zones = price_forecasts["zone"].unique().sort().to_list()
    kinds: tuple[tuple[Literal["day_ahead", "second"], SeriesKind], ...] = (("day_ahead", "day_ahead_price"), ("second", "second_price"))
    series = []
    for price_kind, kind in kinds:
        parts = [published_forecast(price_forecasts, zone, info.day.day, price_kind) for zone in zones]
        for part in (p for p in parts if p.height):
            low, high = info.desk.price_bounds(part["zone"][0], price_kind, info.day.day)
            expected = part["price_eur_mwh"].to_numpy()
            known = published_distribution(part)
            series.append(DaySeries(kind, part["zone"][0], part["resolution_minutes"][0], expected, part["delivery_start"], low, high, known))
    missing = sorted(set(info.desk.zones) - {s.name for s in series if s.kind == "day_ahead_price"})
    if missing:
        raise SourceError(
            f"scenario_paths, day {info.day.day}: no ensemble day-ahead forecast of {', '.join(missing)} -> make price_forecasts of the day first"
        )
    return series


def _plants(plant_output: pl.DataFrame) -> list[DaySeries]:
    ceiling = float(table("plant_output").column("output_mw").maximum or np.inf)
    series = []
    for part in plant_output.sort("plant", "delivery_start").partition_by("plant", maintain_order=True):
        most = (part["capacity_mw"].fill_null(ceiling) - part["unavailable_mw"].fill_null(0.0)).to_numpy()[:, None]
        expected = part["available_mw"].to_numpy()  # each path's own price decides what is held back
        series.append(DaySeries("plant_output", part["plant"][0], part["resolution_minutes"][0], expected, part["delivery_start"], 0.0, most))
    return series


def _draw(info: InformationSet, series: Sequence[DaySeries], errors: Sequence[ErrorHistory], stream: str) -> list[FloatArray]:
    settings = info.desk.scenarios
    if settings.marginals != "quantiles":
        series = [replace(s, spread=None) for s in series]
    blocks = _of_spreads(series, shared_errors(info, series, errors))
    filled, _ = fill_unknown(np.concatenate(blocks, axis=1))
    rng = generator("scenarios", info.day.day, *([stream] if stream else []))
    options = {"smoothing": settings.smoothing, "degrees": settings.degrees_of_freedom, "stress_share": settings.stress_share}
    drawn = latent(settings.dependence, filled, settings.paths, rng, **options)
    ends = np.cumsum([s.expected.size for s in series])[:-1]
    parts = zip(series, np.split(drawn, ends), np.split(filled, ends, axis=1), strict=True)
    values: list[FloatArray] = []
    for s, part, past in parts:
        if s.spread is not None and s.published is not None:
            first = next(v for one, v in zip(series, values, strict=False) if (one.kind, one.name) == ("day_ahead_price", s.name))
            part = first + np.take_along_axis(s.spread.strata(part.shape[1])[0], ranks(part), axis=1)  # noqa: PLW2901
        values.append(np.clip(_values(info, s, part, past), s.minimum, s.maximum))
    return _held_back(info, series, values)


def _of_spreads(series: Sequence[DaySeries], blocks: Sequence[FloatArray]) -> list[FloatArray]:
    """Past errors of each series, of a second price with a spread those of the spread: what it errs less what the day-ahead price errs."""
    ahead = {s.name: block for s, block in zip(series, blocks, strict=True) if s.kind == "day_ahead_price"}
    return [block if s.spread is None else block - ahead[s.name] for s, block in zip(series, blocks, strict=True)]


def _values(info: InformationSet, series: DaySeries, drawn: FloatArray, past: FloatArray) -> FloatArray:
    """Values of one series, shape (intervals, paths), with the ranks of what was drawn."""
    settings = info.desk.scenarios
    if series.published is not None and settings.marginals == "quantiles":
        return np.take_along_axis(series.published.strata(drawn.shape[1])[0], ranks(drawn), axis=1)
    errors = drawn
    if settings.dependence != "schaake":
        level = uniforms(drawn)
        errors = np.stack([np.quantile(past[:, t], level[t]) for t in range(level.shape[0])])
    if series.kind != "plant_output":  # a price has one expectation: the published mean
        errors = errors - errors.mean(axis=1, keepdims=True)
    return np.asarray(series.expected[:, None] + errors)


def shared_errors(info: InformationSet, series: Sequence[DaySeries], errors: Sequence[ErrorHistory]) -> list[FloatArray]:
    """Past errors of every series on the days that all share, shape (days, intervals) each."""
    histories = _histories(info, series, errors)
    shared = sorted(set.intersection(*({*h.days} for h in histories)))
    if len(shared) < MINIMUM_DAYS:
        raise SourceError(
            f"scenario_paths, day {info.day.day}: the series share {len(shared)} past day(s) of errors, {MINIMUM_DAYS} are needed"
            " -> ingest more history or lower forecast.error_days"
        )
    blocks = [h.aligned(info.day)[[h.days.index(d) for d in shared]] for h in histories]
    _refuse_unknown_prices(info, series, blocks)
    return blocks


def _held_back(info: InformationSet, series: Sequence[DaySeries], values: Sequence[FloatArray]) -> list[FloatArray]:
    """Plants with `curtail_below_eur_mwh` stand still where the path's own day-ahead price is below it."""
    prices = {s.name: (s.resolution_minutes, v) for s, v in zip(series, values, strict=True) if s.kind == "day_ahead_price"}
    found = []
    for s, v in zip(series, values, strict=True):
        limit = held_below_eur_mwh(info.desk, s.name) if s.kind == "plant_output" else None
        if limit is None:
            found.append(v)
            continue
        minutes, price = prices[info.desk.plants[s.name].zone]
        own = convert(price.T, minutes, s.resolution_minutes).T
        found.append(np.where(own < limit, 0.0, v))
    return found


def _histories(info: InformationSet, series: Sequence[DaySeries], errors: Sequence[ErrorHistory]) -> list[ErrorHistory]:
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


def _refuse_unknown_prices(info: InformationSet, series: Sequence[DaySeries], blocks: Sequence[FloatArray]) -> None:
    bad = [s.name for s, block in zip(series, blocks, strict=True) if s.kind != "plant_output" and np.isnan(block).all()]
    if bad:
        raise SourceError(
            f"scenario_paths, day {info.day.day}: no past forecast error of the price of {', '.join(bad)} is known at {info.decision_time}"
            " -> ingest more history of its prices"
        )


def _frame(day: date, series: DaySeries, values: FloatArray) -> pl.DataFrame:
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
