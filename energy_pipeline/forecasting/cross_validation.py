"""Choosing a member's settings by time-series cross-validation.

What belongs here: folds that never see their future, and the error of every candidate on
them. What does not: when a desk searches and what it does with the result (`tuning`), the walk over a test period.

Each fold is a block of consecutive days; a candidate is fitted on the history before the block
and forecasts its days, each with what was known on that day, as a member that is fitted anew
every so many days does. The folds end before the panel's origin, so that a panel cut before a
test period cannot be tuned on it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import product

import numpy as np

from energy_pipeline.domain.delivery import FloatArray, days_between
from energy_pipeline.forecasting.committee import members
from energy_pipeline.forecasting.model import ModelUnavailableError
from energy_pipeline.forecasting.panel import Panel


@dataclass(frozen=True)
class Candidate:
    """One set of settings and how it did.

    Attributes
    ----------
    settings : mapping of setting to value
    fold_mae_eur_mwh : array, shape (folds,)
        Mean absolute error of each fold, oldest first.
    """

    settings: Mapping[str, float]
    fold_mae_eur_mwh: FloatArray

    @property
    def mae_eur_mwh(self) -> float:
        """Mean over the folds."""
        return float(self.fold_mae_eur_mwh.mean())


def fold_spans(origin: date, folds: int, fold_days: int, gap_days: int) -> list[tuple[date, date]]:
    """First and last day of each fold, oldest first; the last fold ends the day before `origin`.

    Parameters
    ----------
    gap_days : int
        Days from the start of one fold to that of the next, at least `fold_days`.

    Examples
    --------
    >>> fold_spans(date(2019, 1, 31), 2, 10, 15)
    [(datetime.date(2019, 1, 6), datetime.date(2019, 1, 15)), (datetime.date(2019, 1, 21), datetime.date(2019, 1, 30))]
    """
    if gap_days < fold_days:
        raise ValueError(f"folds of {fold_days} days every {gap_days} days overlap")
    starts = [origin - timedelta(days=fold_days + gap_days * i) for i in reversed(range(folds))]
    return [(start, start + timedelta(days=fold_days - 1)) for start in starts]


def cross_validate(
    panel: Panel,
    name: str,
    grid: Mapping[str, Sequence[float]],
    spans: Sequence[tuple[date, date]],
    progress: Callable[[int, int], None] = lambda *_: None,
) -> list[Candidate]:
    """Every combination of the grid on every fold, the best first.

    Parameters
    ----------
    panel : Panel
        History whose origin lies after the last fold.
    name : str
        Member.
    grid : mapping of setting to values
    spans : sequence of (first, last)
        Folds, as `fold_spans` gives them.

    Raises
    ------
    ModelUnavailableError
        When a fold leaves too little history.
    ValueError
        For an unknown setting, or a fold that reaches into the origin.
    """
    if any(last >= panel.origin for _, last in spans):
        raise ValueError(f"a fold reaches {max(last for _, last in spans)}; prices are known through {panel.origin - timedelta(days=1)}")
    settings = [dict(zip(grid, values, strict=True)) for values in product(*grid.values())]
    found = []
    for i, chosen in enumerate(settings):
        found.append(Candidate(chosen, np.array([_fold_mae(panel, name, chosen, *span) for span in spans])))
        progress(i + 1, len(settings))
    return sorted(found, key=lambda c: c.mae_eur_mwh)


def _fold_mae(panel: Panel, name: str, settings: Mapping[str, float], first: date, last: date) -> float:
    member = members([name], {name: settings})[0]
    history = panel.before(first).repaired()
    if history.days < member.history_days:
        raise ModelUnavailableError(f"{name}: {history.days} days before the fold of {first}, {member.history_days} are needed")
    fitted = member.fit(history)
    errors = []
    for day in days_between(first, last):
        known = panel.before(day)
        errors.append(np.abs(member.predict(known.repaired(), fitted) - panel.prices[known.days]).mean())
    return float(np.nanmean(errors))
