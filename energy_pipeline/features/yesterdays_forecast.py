"""Load, wind and solar of a zone where the operator's forecast of D comes after the gate: from its forecast of D-1, known since D-2.

What belongs here: the regression of a day on what was forecast for its eve, and on what came. What does not: the choice between
methods (`drivers`), a series nobody forecasts (`autoregression`).

Kernel ridge regression of all slots at once on the last `forecast.own_driver_days` days. Inputs, in means of three hours: the operator's
forecast of D-1, the output of D-2, the known morning of D-1, its last three hours, and how far they missed the forecast. Past days are
seen with the same hours of their eve known as D has. Of a load everything is taken as the departure from a week before.
k(z, z') = 2 z.z' / n + exp(-|z - z'|^2 / (10 n)), n inputs, ridge 0.1; no input is scaled by less than a tenth of the widest, for the sun
before dawn has hardly any spread. Chosen on July to December 2018, German wind and solar.
"""

from __future__ import annotations

import numpy as np

from energy_pipeline.domain.delivery import DeliveryDay, FloatArray
from energy_pipeline.features.alignment import DayReader
from energy_pipeline.features.autoregression import LAST_HOURS, MINIMUM_DAYS, WEEK, Kind
from energy_pipeline.features.day_prices import without_skipped
from energy_pipeline.features.threads import one_thread
from energy_pipeline.information.archive import InformationSet
from energy_pipeline.information.resolution import by_slot, convert

HOUR = 60
LINEAR, SHARPNESS, RIDGE, LEAST_SPREAD = 2.0, 0.1, 0.1, 0.1


def from_yesterdays(info: InformationSet, forecast: DayReader, actual: DayReader, kind: Kind, minutes: int) -> FloatArray:
    """The series for D [MW], shape (D.count(minutes),); NaN where yesterday's forecast or the past is not known well enough."""
    days = [info.day.shift(-lag) for lag in range(info.desk.forecast.own_driver_days, 0, -1)]
    unknown = np.full(info.day.count(minutes), np.nan)
    if not np.isfinite(forecast.day(days[-1], HOUR)).all():
        return unknown
    told, came = (_by_slot(series, days, unit) for series, unit in ((forecast, HOUR), (actual, minutes)))
    found = from_eves(told, came, kind)
    return unknown if found is None else found[info.day.slots(minutes)]


def _by_slot(series: DayReader, days: list[DeliveryDay], minutes: int) -> FloatArray:
    return np.stack([without_skipped(by_slot(v, d, minutes), d, minutes) for v, d in zip(series.days(days, minutes), days, strict=True)])


def from_eves(told: FloatArray, came: FloatArray, kind: Kind) -> FloatArray | None:
    """The day after the last row, by slot; None where too little is known.

    Parameters
    ----------
    told : array, shape (days, 24)
        What the operator forecast of each day [MW], the last one wholly known.
    came : array, shape (days, slots)
        Actuals [MW], NaN where unknown; of the last day the morning at most.
    kind : {"load", "output"}

    Examples
    --------
    Output that is forecast to go on as on its eve does so:

    >>> level = np.tile(1000.0 + 300 * np.sin(np.arange(40.0))[:, None], 24)
    >>> came = np.vstack([level[:1], level[:-1]])
    >>> came[-1, 9:] = np.nan
    >>> bool(abs(from_eves(level, came, "output") - level[-1]).max() < 30)
    True
    """
    base = np.zeros(came.shape[1])
    if kind == "load":
        base, week = came[-WEEK], came[:-WEEK]
        told, came = told[WEEK:] - _hourly(week), came[WEEK:] - week
    inputs = _inputs(told, _hourly(came))
    inputs = inputs[:, np.isfinite(inputs[-1])]
    outcome = came[2:]
    rows = np.isfinite(inputs[:-1]).all(axis=1) & np.isfinite(outcome).all(axis=1)
    if rows.sum() < MINIMUM_DAYS or not np.isfinite(base).all():
        return None
    found = base + _regressed(inputs[:-1][rows], outcome[rows], inputs[-1])
    # A slot that always had none has none tomorrow: the sun at night.
    return found if kind == "load" else np.where((outcome[rows] <= 0).all(axis=0), 0.0, np.maximum(found, 0.0))


def _hourly(values: FloatArray) -> FloatArray:
    return convert(values, 24 * HOUR // values.shape[1], HOUR)


def _inputs(told: FloatArray, came: FloatArray) -> FloatArray:
    """Of every day from the third to the one after the last, shape (days - 1, inputs); NaN where unknown."""
    known = np.isfinite(came[-1])
    eve, before, forecast = np.where(known, came, np.nan)[1:], came[:-1], told[1:]
    last = np.flatnonzero(known)[-LAST_HOURS:]
    missed = eve - forecast
    levels = [part[:, last].mean(axis=1) for part in (eve, missed)] + [missed[:, known].mean(axis=1)] if last.size else []
    return np.hstack([_thirds(forecast), _thirds(before), _thirds(eve), *(level[:, None] for level in levels)])


def _thirds(values: FloatArray) -> FloatArray:
    """Means of three hours."""
    return np.asarray(values.reshape(len(values), -1, 3).mean(axis=2))


def _regressed(inputs: FloatArray, outcome: FloatArray, target: FloatArray) -> FloatArray:
    from scipy.linalg import cho_factor, cho_solve

    spread = inputs.std(axis=0)
    scaled = (np.vstack([inputs, target]) - inputs.mean(axis=0)) / np.maximum(spread, LEAST_SPREAD * max(float(spread.max()), 1e-9))
    level = outcome.mean(axis=0)
    with one_thread():
        inner = scaled @ scaled[:-1].T / scaled.shape[1]
        length = np.einsum("ij,ij->i", scaled, scaled) / scaled.shape[1]
        kernel = LINEAR * inner + np.exp(-SHARPNESS * np.maximum(length[:, None] + length[None, :-1] - 2 * inner, 0.0))
        own = kernel[:-1] + RIDGE * np.eye(len(inputs))
        weights = cho_solve(cho_factor(own, lower=True, check_finite=False), kernel[-1], check_finite=False)
    return np.asarray(np.einsum("i,ij->j", weights, outcome - level) + level)
