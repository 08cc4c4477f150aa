"""Whether each price model earns its place: the ensemble of past days, without a member or with a challenger.

What belongs here: the error of the ensemble on the weighting days as its list is, and as it would be with one model less or
more, every day weighted by the days before it only. What does not: today's ensemble (`point`), tables (`model_card`), or a
change of the desk: `forecast.members` is edited by people.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from energy_pipeline.domain.delivery import BoolArray, FloatArray
from energy_pipeline.forecasting.ensemble import LEAST_DAYS, POWER, SHRINKAGE, family, family_means
from energy_pipeline.mathematics.statistics.comparison import diebold_mariano


@dataclass(frozen=True)
class Trial:
    """A changed list of members beside the list as it is.

    Attributes
    ----------
    days : int
        Days on which both could forecast.
    ensemble_mae, changed_mae : float
        Mean absolute errors over them [EUR/MWh].
    p : float
        One-sided p-value that the changed list is no better, with the autocorrelation of a week (Diebold, Mariano 1995).
    """

    days: int
    ensemble_mae: float
    changed_mae: float
    p: float


def trials(
    past: Mapping[str, FloatArray], outcomes: FloatArray, members: Sequence[str], judged: int, weighting: int, earning: Collection[str] = ()
) -> dict[str, Trial]:
    """Each model's trial over the last days: a member's without it, any other's with it.

    Parameters
    ----------
    past : mapping of model to array, shape (days, slots)
        What each forecast for past days, oldest first; NaN where it did not [EUR/MWh].
    outcomes : array, shape (days, slots)
    members : sequence of str
        Models that decide.
    judged : int
        Last days that are judged.
    weighting : int
        Days before each that weight its families.
    earning : collection of str
        Families without weight until they have forecast `LEAST_DAYS` days; others have a typical one from the first.

    Returns
    -------
    mapping of model to Trial
        None for models whose change leaves no list, or fewer than two days to judge.

    Examples
    --------
    >>> noise = np.random.default_rng(1).standard_normal((3, 60, 24))
    >>> past = {"lear_56": noise[0], "krr_364": noise[1], "xgboost": 9 * noise[2]}
    >>> found = trials(past, np.zeros((60, 24)), ["lear_56", "xgboost"], judged=20, weighting=28)
    >>> {name: trial.changed_mae < trial.ensemble_mae for name, trial in sorted(found.items())}
    {'krr_364': True, 'lear_56': False, 'xgboost': True}
    """
    own = [m for m in past if m in members]
    as_it_is = daily_errors({m: past[m] for m in own}, outcomes, judged, weighting, earning)
    found = {}
    for name in past:
        changed = [m for m in own if m != name] if name in own else [*own, name]
        if not changed:
            continue
        other = daily_errors({m: past[m] for m in changed}, outcomes, judged, weighting, earning)
        both = np.isfinite(as_it_is) & np.isfinite(other)
        # A challenger is judged on the days it forecast; where it did not, both lists are the same.
        both &= np.isfinite(past[name][-as_it_is.size :]).any(axis=1)
        if both.sum() >= 2:
            before, after = as_it_is[both], other[both]
            found[name] = Trial(int(both.sum()), float(before.mean()), float(after.mean()), diebold_mariano(after, before))
    return found


def daily_errors(past: Mapping[str, FloatArray], outcomes: FloatArray, judged: int, weighting: int, earning: Collection[str] = ()) -> FloatArray:
    """Mean absolute error of each judged day's ensemble, by the rules of `ensemble.weights`; NaN where there is none, shape (judged,).

    Parameters
    ----------
    past : mapping of member to array, shape (days, slots)
    outcomes : array, shape (days, slots)
    judged, weighting, earning
        As in `trials`.
    """
    days = outcomes.shape[0]
    judged = min(judged, days)
    names = tuple(dict.fromkeys(family(m) for m in past))
    means = family_means(past, names) if past else np.full((0, *outcomes.shape), np.nan)
    errors = np.abs(means - outcomes)
    known: BoolArray = np.asarray(np.isfinite(errors))
    parts = (np.where(known, errors, 0.0).sum(axis=2), known.sum(axis=2), known.any(axis=2))
    totals = [_windows(np.asarray(part, dtype=np.float64), judged, weighting) for part in parts]
    mean = np.maximum(totals[0] / np.maximum(totals[1], 1), 1e-9)
    today = means[:, days - judged :]
    here: BoolArray = np.asarray(np.isfinite(today).all(axis=2))
    scored = here & (totals[2] >= LEAST_DAYS)
    early = here & ~scored & np.array([name in earning for name in names], dtype=np.bool_)[:, None]
    here = np.where((here & ~early).any(axis=0), here & ~early, here)
    best = np.where(scored, mean, np.inf).min(axis=0, initial=np.inf)
    earned = np.where(scored, (np.where(np.isfinite(best), best, 1.0) / mean) ** POWER, 0.0)
    typical = np.where(scored.any(axis=0), earned.sum(axis=0) / np.maximum(scored.sum(axis=0), 1), 1.0)
    raw = np.where(scored, earned, np.where(here, typical, 0.0))
    share = (1 - SHRINKAGE) * raw / np.maximum(raw.sum(axis=0), 1e-300) + SHRINKAGE * here / np.maximum(here.sum(axis=0), 1)
    combined = (share[:, :, None] * np.where(here[:, :, None], today, 0.0)).sum(axis=0)
    off = np.abs(combined - outcomes[days - judged :])
    counted = np.isfinite(off) & np.asarray(here.any(axis=0))[:, None]
    number = counted.sum(axis=1)
    return np.where(number > 0, np.where(counted, off, 0.0).sum(axis=1) / np.maximum(number, 1), np.nan)


def _windows(daily: FloatArray, judged: int, weighting: int) -> FloatArray:
    """Sums over the days before each judged day, at most `weighting` of them, shape (families, judged)."""
    sums = np.concatenate([np.zeros((daily.shape[0], 1)), np.cumsum(daily, axis=1)], axis=1)
    ends = np.arange(daily.shape[1] - judged, daily.shape[1])
    return np.asarray(sums[:, ends] - sums[:, np.maximum(ends - weighting, 0)])
