"""The learnt correction: from physics to expected output and quantiles, learnt on the plant's meter.

What belongs here: fitting on past hours, applying to new ones, and the rule by which the correction
earns its weight. What does not: the inputs (`inputs`), cleaning, quantiles, where meters come from.

The correction is a kernel ridge regression of meter less physics on the inputs (random Fourier
features of a Gaussian kernel beside the inputs themselves), older hours counting less. Kernel width,
penalty and half-life are chosen per plant by forecasting the later parts of its own past from the
earlier ones; nobody tunes them by hand. Those held-out forecasts also say how much weight the
correction gets - none unless its daily squared error beats physics by more than a standard error, less where it lost lately -
and their errors make the quantiles. Under 50 metered days it is physics only.

Source: held-out errors by level of the forecast are a
split-conformal band made local (Lei et al. 2018).
"""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from itertools import product

import numpy as np

from energy_pipeline.domain.delivery import FloatArray
from energy_pipeline.domain.seeds import generator
from energy_pipeline.mathematics.regression.random_features import Learnt, RandomFeatures
from energy_pipeline.renewables.availability import Availability, fit_availability
from energy_pipeline.renewables.cleaning import Cleaned
from energy_pipeline.renewables.inputs import Rows
from energy_pipeline.renewables.quantiles import LEVELS, ErrorTable

VERSION = "renewables-correction-2"
MINIMUM_DAYS = 50
WINDOW_DAYS = 1092
BLOCK_DAYS = 28
"""A fit serves a calendar block of four weeks, and learns from whole blocks."""
WIDTHS = (1.0, 2.0)
"""Kernel widths in units of the typical distance of two hours, the square root of the number of inputs."""
PENALTIES = (10.0, 100.0)
HALF_LIVES_DAYS = (120.0, 365.0)
FOLD_EDGES = (0.4, 0.55, 0.7, 0.85, 1.0)
RECENT_DAYS = 56
"""Held-out days at the end of the past over which the correction may not be worse than physics."""
SPREAD_PARTS = 5
SMALLEST_SPREAD = 0.01


@dataclass(frozen=True, eq=False)
class Corrected:
    """What is expected of each hour, as shares of capacity.

    Attributes
    ----------
    mean : array, shape (n,)
        E[output]; NaN where physics is NaN.
    quantiles : array, shape (n, 19), or None
        At `quantiles.LEVELS`; None when too few errors are known.
    """

    mean: FloatArray
    quantiles: FloatArray | None


@dataclass(frozen=True, eq=False)
class Correction:
    """A fitted correction.

    Attributes
    ----------
    weight : float
        Share of the learnt part that is added to physics, 0 .. 1; 0 is physics only.
    metered_days : int
    reason : str
        Why the weight is what it is.
    choice : str
        Kernel width, penalty and half-life that were best on the plant's own past.
    held_out_physics, held_out_corrected : float
        Root mean squared error over the held-out past, share of capacity; NaN when none.
    """

    weight: float
    metered_days: int
    reason: str
    choice: str = ""
    held_out_physics: float = float("nan")
    held_out_corrected: float = float("nan")
    bias: Learnt | None = None
    spread: Learnt | None = None
    errors: ErrorTable | None = None
    availability: Availability = field(default_factory=Availability)

    @property
    def changes_nothing(self) -> bool:
        """Whether the expected output is that of physics."""
        return self.weight == 0.0 and self.availability.mean_still == 0.0

    def apply(self, rows: Rows) -> Corrected:
        """Expected output and quantiles of hours."""
        running = _bounded(rows.physical, self.bias(rows.inputs) if self.bias is not None else None, self.weight, rows.potential)
        mean = running * (1.0 - self.availability.still_share(rows.last_still))
        if self.errors is None or not self.errors.is_enough:
            return Corrected(mean, None)
        # Held-out errors hold standing still as well, so the band is taken around the mean it was measured at.
        centre = np.nan_to_num(mean)
        bands = self.errors.quantiles(centre, _spread(self.spread, rows.inputs), 1.0)
        dark = _dark(rows.potential)
        bands[dark] = 0.0
        bands[np.isnan(mean)] = np.nan
        return Corrected(mean, bands)

    def to_bytes(self) -> bytes:
        """For an artefact store; the same fit always gives the same bytes."""
        arrays: dict[str, FloatArray] = {}
        for name in ("bias", "spread"):
            learnt: Learnt | None = getattr(self, name)
            if learnt is not None:
                arrays |= {f"{name}.{k}": getattr(learnt, k) for k in ("centre", "scale", "waves", "phases", "coefficients")}
        if self.errors is not None:
            arrays |= {f"errors.{k}": getattr(self.errors, k) for k in ("expected", "error", "weight")}
        numbers = np.array(
            [
                self.weight,
                self.metered_days,
                self.held_out_physics,
                self.held_out_corrected,
                self.availability.mean_still,
                self.availability.persistence,
            ]
        )
        buffer = io.BytesIO()
        np.savez(buffer, allow_pickle=False, numbers=numbers, texts=np.array([VERSION, self.reason, self.choice]), **arrays)
        return buffer.getvalue()

    @classmethod
    def from_bytes(cls, data: bytes) -> Correction:
        """Back from an artefact store."""
        with np.load(io.BytesIO(data), allow_pickle=False) as stored:
            held = {name: stored[name] for name in stored.files}
        weight, days, physics, corrected, still, persistence = held["numbers"].tolist()

        def learnt(name: str) -> Learnt | None:
            if f"{name}.centre" not in held:
                return None
            return Learnt(*(held[f"{name}.{k}"] for k in ("centre", "scale", "waves", "phases", "coefficients")))

        errors = ErrorTable(*(held[f"errors.{k}"] for k in ("expected", "error", "weight"))) if "errors.error" in held else None
        _, reason, choice = held["texts"].tolist()
        return cls(weight, int(days), reason, choice, physics, corrected, learnt("bias"), learnt("spread"), errors, Availability(still, persistence))


def fit(rows: Rows, cleaned: Cleaned, seed_name: str) -> Correction:
    """Learn from a plant's past hours.

    Parameters
    ----------
    rows : Rows
        Past hours in order, each with the inputs its own day's decision had.
    cleaned : Cleaned
        Meter of the same hours as known when the fit is made.
    seed_name : str
        Names the random features; the plant's name.

    Returns
    -------
    Correction
        With weight 0 and the reason when it does not earn its place.
    """
    good = ~np.isnan(cleaned.share) & ~np.isnan(rows.physical) & ~_dark(rows.potential)
    days = np.unique(rows.day[good])
    availability = _availability(rows, cleaned)
    if days.size < MINIMUM_DAYS:
        return Correction(0.0, int(days.size), f"physics only: {days.size} metered days, {MINIMUM_DAYS} are needed", availability=availability)
    scored = good | (cleaned.is_down & ~np.isnan(rows.physical) & ~_dark(rows.potential))
    return _fit(rows, cleaned, good, scored, availability, int(days.size), seed_name)


def _fit(
    rows: Rows,
    cleaned: Cleaned,
    good: np.ndarray[tuple[int, ...], np.dtype[np.bool_]],
    scored: np.ndarray[tuple[int, ...], np.dtype[np.bool_]],
    availability: Availability,
    metered_days: int,
    seed_name: str,
) -> Correction:
    inputs, day = rows.inputs[good], rows.day[good]
    target = cleaned.share[good] - rows.physical[good]
    edges = _edges(day)
    problems = [RandomFeatures(inputs, target, day, edges, width, _draw(seed_name)) for width in WIDTHS]
    trials = [problem.trial(penalty, half_life) for problem, penalty, half_life in product(problems, PENALTIES, HALF_LIVES_DAYS)]
    best = min(trials, key=lambda trial: trial.squared_error)
    held = np.arange(target.size) >= edges[0]
    weight, reason = _weight(target[held], best.held_out[held], day[held])
    learnt = best.problem.learnt(best.penalty, best.half_life) if weight > 0 else None
    held_out = np.where(held, best.held_out, np.nan)
    full = np.full(rows.physical.size, np.nan)
    full[good] = held_out
    if weight > 0:
        # Still hours were not learnt from; their held-out value is the last fold's, which never saw them either.
        down = scored & ~good & (rows.day >= day[edges[0]])
        full[down] = best.problem.last_fold(best.penalty, best.half_life)(rows.inputs[down]) if down.any() else full[down]
    else:
        full[scored & (rows.day >= day[edges[0]])] = 0.0
    expected = _bounded(rows.physical, full, weight, rows.potential) * (1.0 - availability.still_share(rows.last_still))
    outcome = np.where(cleaned.is_down, 0.0, cleaned.share)
    used = scored & ~np.isnan(expected) & ~np.isnan(outcome)
    spread, own_spread = _fit_spread(rows.inputs[used], np.abs(outcome - expected)[used], rows.day[used], seed_name)
    age = (rows.day.max() - rows.day[used]).astype(np.float64)
    table = ErrorTable.of(expected[used], own_spread, outcome[used], age)
    error = (outcome - expected)[used]
    physics = (outcome - rows.physical)[used]
    return Correction(
        weight,
        metered_days,
        reason,
        f"width {best.problem.width:g}, penalty {best.penalty:g}, half-life {best.half_life:g} d",
        float(np.sqrt(np.mean(physics**2))),
        float(np.sqrt(np.mean(error**2))),
        learnt,
        spread,
        table,
        availability,
    )


def _draw(seed_name: str) -> np.random.Generator:
    return generator("renewables.correction", None, seed_name)


def _dark(potential: FloatArray) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    """Hours without any sun; an hour beside a sunlit one is not dark, for clocks of meters are off at times."""
    lit = potential > 0.0
    near = lit.copy()
    near[1:] |= lit[:-1]
    near[:-1] |= lit[1:]
    return ~near


def _bounded(physical: FloatArray, bias: FloatArray | None, weight: float, potential: FloatArray) -> FloatArray:
    value = physical if bias is None or weight == 0.0 else physical + weight * bias
    return np.asarray(np.where(_dark(potential), np.where(np.isnan(physical), np.nan, 0.0), np.clip(value, 0.0, 1.0)))


def _weight(target: FloatArray, held_out: FloatArray, day: np.ndarray[tuple[int, ...], np.dtype[np.int64]]) -> tuple[float, str]:
    """Share of the learnt part by least squares on held-out days, 0 unless it clearly pays."""
    power = float((held_out * held_out).sum())
    weight = min(max(float((target * held_out).sum()) / power, 0.0), 1.0) if power > 0 else 0.0
    gain = target**2 - (target - weight * held_out) ** 2
    _, index = np.unique(day, return_inverse=True)
    daily = np.bincount(index, gain) / np.bincount(index)
    mean, error = float(daily.mean()), float(daily.std(ddof=1) / np.sqrt(daily.size)) if daily.size > 1 else float("inf")
    if mean - error <= 0.0:
        return 0.0, f"physics only: the correction's gain over {daily.size} held-out days is {mean:.2g} +- {error:.1g}, not beyond one standard error"
    lately = day > day.max() - RECENT_DAYS
    if float(gain[lately].sum()) < 0.0:
        # What pays over the year but not lately waits: the last weeks' own share, none where it lost.
        recent = float((held_out[lately] ** 2).sum())
        weight = min(max(float((target[lately] * held_out[lately]).sum()) / recent, 0.0), weight) if recent > 0 else 0.0
        return weight, f"weight {weight:.2f}: worse than physics over the last {RECENT_DAYS} days, gain {mean:.2g} +- {error:.1g} over {daily.size}"
    return weight, f"weight {weight:.2f}: gain {mean:.2g} +- {error:.1g} over {daily.size} held-out days"


def _availability(rows: Rows, cleaned: Cleaned) -> Availability:
    """Learnt from the share of still hours by day."""
    first = int(rows.day.min())
    index = rows.day - first
    runnable = (~np.isnan(cleaned.share) | cleaned.is_down) & (rows.potential > 0)
    count = np.bincount(index[runnable], minlength=int(index.max()) + 1)
    down = np.bincount(index[runnable & cleaned.is_down], minlength=count.size)
    share = np.where(count > 0, down / np.maximum(count, 1), np.nan)
    last = np.full(count.size, np.nan)
    last[index] = rows.last_still
    return fit_availability(share, last)


def _edges(day: np.ndarray[tuple[int, ...], np.dtype[np.int64]]) -> list[int]:
    """First rows of the held-out parts, at day borders, and the end."""
    days = np.unique(day)
    at = [days[min(int(share * days.size), days.size - 1)] for share in FOLD_EDGES[:-1]]
    return [*(int(np.searchsorted(day, d)) for d in at), day.size]


def _fit_spread(
    inputs: FloatArray, size: FloatArray, day: np.ndarray[tuple[int, ...], np.dtype[np.int64]], seed_name: str
) -> tuple[Learnt | None, FloatArray]:
    """Expected absolute error from the inputs, and its value for each row from the other parts of the past only.

    A spread that has seen an error follows it; errors divided by such a spread would make bands too narrow.
    """
    if size.size < 10 * 24:
        return None, np.ones(size.size)
    days = np.unique(day)
    edges = [int(np.searchsorted(day, days[(days.size * part) // SPREAD_PARTS])) for part in range(1, SPREAD_PARTS)]
    problem = RandomFeatures(inputs, size, np.zeros(size.size, dtype=np.int64), [*edges, size.size], WIDTHS[-1], _draw(seed_name))
    learnt = problem.learnt(PENALTIES[-1], HALF_LIVES_DAYS[-1])
    return learnt, np.maximum(problem.by_others(PENALTIES[-1], HALF_LIVES_DAYS[-1]), SMALLEST_SPREAD)


def _spread(learnt: Learnt | None, inputs: FloatArray) -> FloatArray:
    if learnt is None:
        return np.ones(inputs.shape[0])
    return np.maximum(learnt(inputs), SMALLEST_SPREAD)


__all__ = ["LEVELS", "Corrected", "Correction", "fit"]
