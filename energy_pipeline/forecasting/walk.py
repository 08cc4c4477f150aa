"""Walking forward: one origin after the other, each with what was known there.

What belongs here: the loop that turns members' forecasts into ensemble and quantiles day
by day, and its memory. What does not: reading or writing files, scores.

The daily flow makes the ensemble and the published distribution of one day with the past it has recomputed (`ensemble_day`,
`bands`, `expectation.published`); the benchmark does it for one day after the other. Both therefore give the same numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

import numpy as np

from energy_pipeline.contracts.derived import QUANTILES
from energy_pipeline.domain.delivery import FloatArray, days_between
from energy_pipeline.forecasting.committee import LAST_FIT_DAYS, MemberForecasts, forecast_members, members
from energy_pipeline.forecasting.ensemble import WEIGHT_DAYS, combine
from energy_pipeline.forecasting.expectation import published
from energy_pipeline.forecasting.forecaster import Forecaster
from energy_pipeline.forecasting.panel import Panel
from energy_pipeline.forecasting.quantiles import PastForecasts, quantiles
from energy_pipeline.forecasting.value import ALARM_DAYS, drift_alarm, value_eur

ERROR_DAYS = 182
ALARM = f"drift alarm: on {ALARM_DAYS} days running the ensemble earned a battery less than the naive, which stands in"
LEVELS: FloatArray = np.array(QUANTILES)


@dataclass(frozen=True)
class PointDay:
    """The ensemble's point forecast of one day.

    Attributes
    ----------
    day : date
    values : array, shape (slots,)
        [EUR/MWh]
    members, families : mapping of name to array, shape (slots,)
    weights : mapping of family to share
    fallback : str
        Empty, or what stands in and why.
    """

    day: date
    values: FloatArray
    members: Mapping[str, FloatArray]
    families: Mapping[str, FloatArray]
    weights: Mapping[str, float]
    fallback: str


@dataclass(frozen=True)
class WalkDay:
    """The forecast of one day.

    Attributes
    ----------
    point : PointDay
    quantiles : array, shape (slots, len(LEVELS)), or None
        Of the published distribution; None while too few errors are known.
    mean : array, shape (slots,), or None
        Of the same distribution [EUR/MWh].
    """

    point: PointDay
    quantiles: FloatArray | None
    mean: FloatArray | None = None


def seasonal_naive(panel: Panel) -> FloatArray:
    """Prices of the last known day of the same kind: the weekday for Monday, Saturday and Sunday, else the last working day."""
    target = panel.days + panel.lead - 1
    kind = panel.target.weekday()
    for row in range(panel.days - 1, -1, -1):
        weekday = (panel.first_day + timedelta(days=row)).weekday()
        if (weekday == kind if kind in (0, 5, 6) else weekday < 5) and row < target:
            return np.array(panel.prices[row])
    return np.array(panel.prices[-1])


def next_day(panel: Panel, today: Mapping[str, FloatArray], notes: Sequence[str], past: Sequence[WalkDay], outcomes: FloatArray) -> WalkDay:
    """The ensemble and its quantiles from today's members and the past.

    Parameters
    ----------
    panel : Panel
        Repaired; its last prices make the naive that stands in when no member could forecast.
    today : mapping of member to array
    notes : sequence of str
    past : sequence of WalkDay
        Forecasts of the days whose prices are known, oldest first.
    outcomes : array, shape (len(past), slots)
        Their prices.
    """
    if not today:
        point = PointDay(panel.target, seasonal_naive(panel), {}, {}, {}, "; ".join(["seasonal naive stands in", *notes]))
    else:
        recent = past[-WEIGHT_DAYS:]
        point = ensemble_day(panel.target, today, [d.point.members for d in recent], outcomes[len(past) - len(recent) :], notes)
    return published_day(point, [d.point for d in past[-ERROR_DAYS:]], outcomes[-ERROR_DAYS:])


def published_day(point: PointDay, past: Sequence[PointDay], outcomes: FloatArray) -> WalkDay:
    """A day with the distribution that is published around its point; a benchmark's prices have no limits.

    Parameters
    ----------
    point : PointDay
    past : sequence of PointDay
        Forecasts of the days whose errors count, oldest first.
    outcomes : array, shape (len(past), slots)
    """
    found = bands(point, past, outcomes)
    if found is None:
        return WalkDay(point, None)
    points = np.array([d.values for d in past])
    one = published(point.values, outcomes - points, found, (-np.inf, np.inf), past=points)
    return WalkDay(point, one.quantiles, one.mean)


def ensemble_day(
    day: date, today: Mapping[str, FloatArray], past: Sequence[Mapping[str, FloatArray]], outcomes: FloatArray, notes: Sequence[str] = ()
) -> PointDay:
    """The ensemble of today's members, weighted by how the same members did.

    Parameters
    ----------
    today : mapping of member to array, shape (slots,)
        At least one.
    past : sequence of mapping
        Members of past days, oldest first.
    outcomes : array, shape (len(past), slots)
    """
    slots = next(iter(today.values())).size
    nothing = np.full(slots, np.nan)
    history = {m: np.array([d.get(m, nothing) for d in past]).reshape(-1, slots) for m in today}
    found = combine(today, history, outcomes)
    families = dict(zip(found.names, found.families, strict=True))
    return PointDay(day, found.values, today, families, dict(zip(found.names, found.weights.tolist(), strict=True)), "; ".join(notes))


def bands(point: PointDay, past: Sequence[PointDay], outcomes: FloatArray) -> FloatArray | None:
    """Quantiles of a day at `LEVELS` from how past days went, shape (slots, levels); None while too few are known."""
    if not past:
        return None
    nothing = np.full(point.values.size, np.nan)
    own = np.array([[d.families.get(f, nothing) for d in past] for f in point.families]).reshape(len(point.families), len(past), nothing.size)
    now = np.array(list(point.families.values())).reshape(len(point.families), nothing.size)
    return quantiles(PastForecasts(outcomes, np.array([d.values for d in past]), own), point.values, now, LEVELS)


def walk_forward(history: Panel, first: date, last: date, names: Sequence[str]) -> Iterator[WalkDay]:
    """Forecast each day with daily recalibration from a history that reaches through `last`.

    Parameters
    ----------
    history : Panel
        Its prices reach through `last` (those of a day are looked at only afterwards), lead 1.
    first, last : date
    names : sequence of str
        Members.
    """
    return combined_days(history, first, member_days(history, first, last, names))


def member_days(history: Panel, first: date, last: date, names: Sequence[str]) -> Iterator[MemberForecasts]:
    """The members' forecasts of each day; a day's do not depend on where the walk began."""
    chosen = members(names)
    fits: dict[tuple[str, date], bytes] = {}

    def fit(member: Forecaster, basis: Panel) -> bytes:
        key = (member.name, basis.origin)
        if key not in fits:
            for old in [k for k in fits if k[0] == member.name and k[1] < basis.origin - timedelta(days=LAST_FIT_DAYS)]:
                del fits[old]
            fits[key] = member.fit(basis)
        return fits[key]

    for day in days_between(first, last):
        yield forecast_members(history.before(day), chosen, _panels(history, day), fit)


def combined_days(history: Panel, first: date, found: Iterable[MemberForecasts]) -> Iterator[WalkDay]:
    """Ensemble and quantiles of consecutive days from `first` on."""
    past: list[WalkDay] = []
    earned: list[tuple[float, float]] = []
    for i, today in enumerate(found):
        panel = history.before(first + timedelta(days=i)).repaired()
        known = past[-max(ERROR_DAYS, WEIGHT_DAYS) :]
        outcomes = panel.prices[panel.days - len(known) :]
        result = next_day(panel, today.values, today.notes, known, outcomes)
        simple = PointDay(panel.target, seasonal_naive(panel), {}, {}, {}, ALARM)
        past.append(result)
        if drift_alarm(*np.array(earned[-ALARM_DAYS:]).reshape(-1, 2).T):
            naive_days = [replace(simple, values=seasonal_naive(history.before(d.point.day).repaired())) for d in known]
            yield published_day(simple, naive_days[-ERROR_DAYS:], outcomes[-ERROR_DAYS:])
        else:
            yield result
        # Learnt only after the day's forecast is out.
        came = history.prices[panel.days] if panel.days < history.days else np.full(panel.slots, np.nan)
        minutes = 1440 // panel.slots
        earned.append((_earned(result.point.values, came, minutes), _earned(simple.values, came, minutes)))


def _earned(forecast: FloatArray, came: FloatArray, minutes: int) -> float:
    """What the reference battery earns on a forecast; NaN where prices are unknown."""
    return value_eur(forecast, came, minutes) if np.isfinite(came).all() else float("nan")


def _panels(history: Panel, origin: date) -> Callable[[date], Panel]:
    def earlier(day: date) -> Panel:
        if day > origin:
            raise ValueError(f"a fit of {day} was asked for on {origin}")
        return history.before(day)

    return earlier
