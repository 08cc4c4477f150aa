"""Joint hourly paths of the week ahead: prices, wind, solar, load, gas and carbon.

What belongs here: putting series, model and draw together. What does not: the rules of the
single series (`week_series`), the recursion.

The set is a pure function of (information set, forecasts, stream), so whoever needs all its
paths makes them again; the lake holds only representatives (`sets`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import polars as pl

from energy_pipeline.domain.delivery import FloatArray, IntArray
from energy_pipeline.domain.history import ErrorHistory
from energy_pipeline.domain.seeds import generator
from energy_pipeline.information.archive import InformationSet
from energy_pipeline.mathematics.paths.copulas import ranks
from energy_pipeline.mathematics.paths.generator import Float32Array, generate
from energy_pipeline.mathematics.paths.marginals import Marginals, tail_shape
from energy_pipeline.mathematics.paths.path_model import PRIOR_DAYS, PathModel, fit
from energy_pipeline.scenarios.week_series import FUELS, LEVELS, WeekSeries, past_days, week_days, week_series

FUEL_PERSISTENCE = 0.993
"""Per hour: 0.85 a day, the correlation of a random walk some days after its last known value."""

LEAST_EIGENVALUE = 0.02


@dataclass(frozen=True)
class WeekSet:
    """Joint paths of the week.

    Attributes
    ----------
    series : list of WeekSeries
    starts_us : array, shape (hours,)
    values : array of float32, shape (series, hours, paths)
    """

    series: list[WeekSeries]
    starts_us: IntArray
    values: Float32Array

    def path(self, kind: str, name: str) -> Float32Array:
        """Paths of one series, shape (hours, paths)."""
        place = next(i for i, s in enumerate(self.series) if (s.kind, s.name) == (kind, name))
        found: Float32Array = self.values[place]
        return found


def week_set(
    info: InformationSet, price_forecasts: pl.DataFrame, errors: Sequence[ErrorHistory], *, paths: int | None = None, stream: str = ""
) -> WeekSet | None:
    """The set of D, or None where no zone has quantiles for the whole horizon.

    Parameters
    ----------
    errors : sequence of ErrorHistory
        Past price errors, as for the day's set.
    paths : int, optional
        The desk's `week_paths` unless given.
    stream : str
        Names another, independent set of the same day.
    """
    series = week_series(info, price_forecasts, errors)
    if not series:
        return None
    days = week_days(info)
    rng = generator("scenarios", info.day.day, "week", *([stream] if stream else []))
    marginals = _marginals(series)
    values = generate(week_model(info, series), marginals, paths or info.desk.scenarios.week_paths, rng)
    for place, one in enumerate(series):
        if one.tails is not None:  # a price: each path takes the mean of its rank's stratum, so the set has the published mean
            strata = marginals.one(place).strata(values.shape[2])[0]
            values[place] = np.take_along_axis(strata, ranks(values[place]), axis=1)
    edges = np.concatenate([[0], np.cumsum([d.count(60) for d in days])])
    for place, one in enumerate(series):
        if one.kind in FUELS:
            for first, last in pairwise(edges):
                values[place, first:last] = values[place, first]
    return WeekSet(series, np.concatenate([d.interval_starts_us(60) for d in days]), values)


def week_model(info: InformationSet, series: Sequence[WeekSeries]) -> PathModel:
    """Dependence fitted on the past errors; fuels are tied to the rest by their daily changes."""
    names = tuple(f"{s.kind} {s.name}".strip() for s in series)
    scores = np.stack([_standard(s.errors) for s in series], axis=2)
    fuels = np.array([s.kind in FUELS for s in series])
    free = np.flatnonzero(~fuels)
    base = fit(tuple(names[i] for i in free), scores[:, :, free])
    if not fuels.any():
        return base
    across = _daily(scores, len(past_days(info)))
    calm, stressed = (_joined(matrix, across, free) for matrix in (base.calm, base.stressed))
    persistence, alpha, beta = (np.zeros(len(series)) for _ in range(3))
    persistence[free], alpha[free], beta[free] = base.persistence, base.alpha, base.beta
    persistence[fuels] = FUEL_PERSISTENCE
    return PathModel(names, calm, stressed, base.stress_share, base.degrees, persistence, alpha, beta)


def _standard(errors: FloatArray) -> FloatArray:
    """Errors less their hour's mean over their hour's spread; unknown ones are 0."""
    known = np.isfinite(errors)
    count = np.maximum(known.sum(axis=0), 1)
    mean = np.where(known, errors, 0.0).sum(axis=0) / count
    centred = np.where(known, errors - mean, 0.0)
    spread = np.sqrt((centred**2).sum(axis=0) / count)
    # A spread far below the others' is rounding, not error (solar at night).
    return np.asarray(np.where(spread > 1e-3 * max(float(spread.max()), 1e-12), centred / np.maximum(spread, 1e-12), 0.0))


def _daily(scores: FloatArray, days: int) -> FloatArray:
    """Correlation of the days' mean scores, shrunk towards none."""
    means = scores.mean(axis=1)
    raw = np.einsum("di,dj->ij", means, means)
    size = np.sqrt(np.maximum(np.diag(raw), 1e-12))
    return np.asarray(raw / np.outer(size, size) * days / (days + PRIOR_DAYS))


def _joined(matrix: FloatArray, across: FloatArray, free: IntArray) -> FloatArray:
    """`across` with `matrix` among the free series, made positive definite."""
    whole = across.copy()
    whole[np.ix_(free, free)] = matrix
    np.fill_diagonal(whole, 1.0)
    roots, vectors = np.linalg.eigh(whole)
    lifted = np.einsum("ik,k,jk->ij", vectors, np.maximum(roots, LEAST_EIGENVALUE), vectors)
    size = np.sqrt(np.diag(lifted))
    return np.asarray(lifted / np.outer(size, size))


def _marginals(series: Sequence[WeekSeries]) -> Marginals:
    hours = len(series[0].quantiles)
    standard = [_standard(s.errors) for s in series]
    low, high = (np.array([np.full(hours, s.limits[side]) for s in series]) for side in (0, 1))
    own = [(tail_shape(-e[:, (e != 0).any(axis=0)]), tail_shape(e[:, (e != 0).any(axis=0)])) for e in standard]
    shapes = [np.array(o)[:, None].repeat(hours, axis=1) if s.tails is None else s.tails for s, o in zip(series, own, strict=True)]
    lower, upper = (np.stack([one[side] for one in shapes]) for side in (0, 1))
    return Marginals(LEVELS, np.clip(np.stack([s.quantiles for s in series]), low[:, :, None], high[:, :, None]), lower, upper, low, high)
