"""The table `scenario_sets`: past days, stresses, and representatives of day and week.

What belongs here: the small sets beside the simulated one. What does not: the simulated paths
(`paths`, `week`), or how representatives are chosen (`reduction`).

- historical: the expected path of D plus the errors of each past day that all series share; those of a price less their mean.
- stressed: the expected path under each stress of the desk, prices and output as risk's stresses
  shift them; probability 0.
- day, week: representatives of the simulated paths with the probability of those they stand for;
  distances are between paths of one-hour (day) or four-hour (week) means, every column over its spread.
  Prices are moved, interval by interval, so that the weighted mean is that of all paths: the published mean.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import polars as pl

from energy_pipeline.book.scenario_matrix import ScenarioMatrix, scenario_matrices
from energy_pipeline.contracts import table
from energy_pipeline.desk.risk import Stress
from energy_pipeline.domain.delivery import FloatArray
from energy_pipeline.domain.history import ErrorHistory
from energy_pipeline.information.archive import InformationSet
from energy_pipeline.information.resolution import timestamps
from energy_pipeline.mathematics.paths.bootstrap import fill_unknown
from energy_pipeline.mathematics.paths.reduction import Reduction, reduce
from energy_pipeline.scenarios.paths import DaySeries, day_series, shared_errors
from energy_pipeline.scenarios.week import week_set

AnyFloats = FloatArray | npt.NDArray[np.float32]
WEEK_STEP_HOURS = 4
PRICES = ("day_ahead_price", "second_price")


def scenario_sets(
    info: InformationSet, price_forecasts: pl.DataFrame, plant_output: pl.DataFrame, errors: Sequence[ErrorHistory], paths: pl.DataFrame
) -> pl.DataFrame:
    """All small sets of D, table `scenario_sets`.

    Parameters
    ----------
    price_forecasts, plant_output, errors
        As for `scenario_paths`.
    paths : DataFrame
        The day's `scenario_paths`.
    """
    contract = table("scenario_sets")
    series = day_series(info, price_forecasts, plant_output)
    frames = [
        contract.frame(),
        *_historical(info, series, errors),
        *_stressed(info, series, plant_output),
        *_day(info, series, paths),
        *_week(info, price_forecasts, errors),
    ]
    return pl.concat(frames).sort(contract.key, maintain_order=True)


def _historical(info: InformationSet, series: Sequence[DaySeries], errors: Sequence[ErrorHistory]) -> list[pl.DataFrame]:
    blocks = shared_errors(info, series, errors)
    histories = {(h.kind, h.name): h for h in errors}
    days = sorted(set.intersection(*({*histories[s.kind, s.name].days} for s in series)))
    labels, even = [d.isoformat() for d in days], np.full(len(days), 1.0 / len(days))
    values = []
    for s, block in zip(series, blocks, strict=True):
        past = fill_unknown(block)[0].T
        centred = past if s.kind == "plant_output" else past - past.mean(axis=1, keepdims=True)
        values.append(np.clip(s.expected[:, None] + centred, s.minimum, s.maximum))
    return [_rows(info, "historical", s, v, labels, even, 0.0) for s, v in zip(series, values, strict=True)]


def _stressed(info: InformationSet, series: Sequence[DaySeries], plant_output: pl.DataFrame) -> list[pl.DataFrame]:
    stresses = info.desk.stress
    if not stresses:
        return []
    technology = dict(plant_output.select("plant", "technology").unique(maintain_order=True).iter_rows())
    labels, none = [s.name for s in stresses], np.zeros(len(stresses))
    return [
        _rows(
            info,
            "stressed",
            s,
            np.clip(np.stack([_hit(info, stress, s, technology.get(s.name, "")) for stress in stresses], axis=1), s.minimum, s.maximum),
            labels,
            none,
            0.0,
        )
        for s in series
    ]


def _hit(info: InformationSet, stress: Stress, series: DaySeries, technology: str) -> FloatArray:
    """The expected path of one series under one stress."""
    zone = info.desk.plants[series.name].zone if series.kind == "plant_output" else series.name
    return stress.applied(series.kind, series.expected, technology) if stress.concerns(zone) else series.expected


def _day(info: InformationSet, series: Sequence[DaySeries], paths: pl.DataFrame) -> list[pl.DataFrame]:
    matrices = scenario_matrices(paths, info.day)
    values = [_by_interval(matrices[s.kind, s.name]) for s in series]
    found = reduce(_features([_means(v, 60 // s.resolution_minutes) for v, s in zip(values, series, strict=True)]), info.desk.scenarios.kept)
    labels, chosen = _labels(found)
    kept = [_tied(v, chosen, found.probabilities, s.kind, (s.minimum, s.maximum)) for s, v in zip(series, values, strict=True)]
    return [_rows(info, "day", s, v, labels, found.probabilities, found.relative) for s, v in zip(series, kept, strict=True)]


def _week(info: InformationSet, price_forecasts: pl.DataFrame, errors: Sequence[ErrorHistory]) -> list[pl.DataFrame]:
    week = week_set(info, price_forecasts, errors)
    if week is None:
        return []
    found = reduce(_features([_means(v, WEEK_STEP_HOURS) for v in week.values]), info.desk.scenarios.week_kept)
    labels, chosen = _labels(found)
    starts = timestamps(week.starts_us)
    frames = []
    for one, values in zip(week.series, week.values, strict=True):
        head = (one.kind, one.name or info.desk.name, 60, starts, one.unit)
        kept = _tied(values, chosen, found.probabilities, one.kind, one.limits)
        frames.append(_long(info, "week", head, kept, labels, found.probabilities, found.relative))
    return frames


def _tied(values: AnyFloats, chosen: npt.NDArray[np.int64], weights: FloatArray, kind: str, limits: tuple[float, FloatArray | float]) -> AnyFloats:
    """The chosen paths, shape (intervals, kept); a price's moved to the mean of all paths.

    Price limits may stop a path: the others then move further, as often as it takes (a pass takes one more path to the limit).
    """
    kept = np.asarray(values[:, chosen], dtype=np.float64)
    if kind not in PRICES:
        return values[:, chosen]
    goal = values.mean(axis=1, dtype=np.float64)
    for _ in range(len(weights)):
        gap = goal - kept @ weights
        if np.abs(gap).max() < 1e-9:
            break
        room = np.where(gap[:, None] > 0, kept < limits[1], kept > limits[0])
        share = (room * weights).sum(axis=1)
        kept = np.clip(kept + np.where(room, (gap / np.where(share > 0, share, 1.0))[:, None], 0.0), *limits)
    return kept


def _by_interval(series: ScenarioMatrix) -> AnyFloats:
    """Values as (intervals, paths), in the table's own precision."""
    return np.ascontiguousarray(series.values.T, dtype=np.float32)


def _means(values: AnyFloats, size: int) -> AnyFloats:
    """Means of `size` steps after one another; a rest at the end is left out."""
    whole = values.shape[0] // size * size
    return np.asarray(values[:whole].reshape(-1, size, values.shape[1]).mean(axis=1))


def _features(parts: Sequence[AnyFloats]) -> FloatArray:
    """Paths as points: every series over the mean spread of its steps, shape (paths, columns); one without spread tells none apart."""
    spreads = [float(p.std(axis=1).mean()) for p in parts]
    return np.concatenate([p / spread if spread > 0 else np.zeros((1, p.shape[1])) for p, spread in zip(parts, spreads, strict=True)]).T


def _labels(found: Reduction) -> tuple[list[str], npt.NDArray[np.int64]]:
    return [str(k) for k in found.kept.tolist()], found.kept


def _rows(
    info: InformationSet, name: str, series: DaySeries, values: AnyFloats, labels: Sequence[str], probabilities: FloatArray, error: float
) -> pl.DataFrame:
    return _long(info, name, (series.kind, series.name, series.resolution_minutes, series.starts, series.unit), values, labels, probabilities, error)


def _long(
    info: InformationSet,
    name: str,
    head: tuple[str, str, int, pl.Series, str],
    values: AnyFloats,
    labels: Sequence[str],
    probabilities: FloatArray,
    error: float,
) -> pl.DataFrame:
    kind, series, minutes, starts, unit = head
    intervals, paths = values.shape
    rows = intervals * paths
    return pl.select(
        pl.repeat(info.day.day, rows, dtype=pl.Date).alias("delivery_day"),
        pl.repeat(name, rows).alias("set"),
        pl.repeat(kind, rows).alias("kind"),
        pl.repeat(series, rows).alias("name"),
        pl.lit(starts.gather(np.repeat(np.arange(intervals), paths))).alias("delivery_start"),
        pl.repeat(minutes, rows, dtype=pl.Int32).alias("resolution_minutes"),
        pl.lit(pl.Series(np.tile(np.arange(paths, dtype=np.int32), intervals))).alias("scenario"),
        pl.lit(pl.Series(list(labels) * intervals)).alias("label"),
        pl.lit(pl.Series(np.tile(probabilities, intervals))).alias("probability"),
        pl.lit(pl.Series(np.ascontiguousarray(values, dtype=np.float32).reshape(-1))).alias("value"),
        pl.repeat(unit, rows).alias("unit"),
        pl.repeat(error, rows, dtype=pl.Float64).alias("reduction_error"),
    )
