"""From hourly forecasts to the half and quarter-hours of a finer market.

What belongs here: the hourly panel of a finer one, and the shape inside the hour. What
does not: hourly models.

Definition: in slot s of hour h the price is the hour's mean plus a_s + b_s r_h, with
r_h half the difference between the next and the last hour's mean. a and b come from a ridge
regression, slot by slot, on the last `SHAPE_DAYS` days whose slots differ at all; within an hour the
terms are centred, so that the hourly mean is kept. A market that has only just gone
from hours to quarters has no such days, and repeats the hour.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from energy_pipeline.domain.delivery import FloatArray
from energy_pipeline.forecasting.panel import Panel

HOURS = 24
SHAPE_DAYS = 56
LEAST_DAYS = 7
PRIOR_DAYS = 7.0


def hourly_panel(panel: Panel) -> Panel:
    """The same history in hourly means."""

    def mean(values: FloatArray) -> FloatArray:
        return np.asarray(values.reshape(*values.shape[:-1], HOURS, values.shape[-1] // HOURS).mean(axis=-1))

    return replace(panel, prices=mean(panel.prices), exog=mean(panel.exog), since=None if panel.since is None else mean(panel.since))


def shaped(panel: Panel, hourly: FloatArray) -> FloatArray:
    """An hourly forecast on the slots of the panel.

    Parameters
    ----------
    panel : Panel
        Repaired, of 48 or 96 slots.
    hourly : array, shape (24,)

    Returns
    -------
    array, shape (slots,)
        Its hourly means are `hourly`.
    """
    parts = panel.slots // HOURS
    past = panel.prices[-SHAPE_DAYS:].reshape(-1, HOURS, parts)
    past = past[np.ptp(past, axis=2).max(axis=1) > 1e-9]
    base = np.repeat(hourly[:, None], parts, axis=1)
    if len(past) < LEAST_DAYS:
        return base.ravel()
    means = past.mean(axis=2)
    deviation, ramp = past - means[:, :, None], _ramp(means)
    n = len(past)
    offset = deviation.sum(axis=0) / (n + PRIOR_DAYS)
    centred = ramp - ramp.mean(axis=0)
    power = (centred**2).sum(axis=0) + PRIOR_DAYS * (ramp**2).mean() + 1e-9
    slope = (centred[:, :, None] * deviation).sum(axis=0) / power[:, None]
    shape = offset + slope * (_ramp(hourly[None])[0] - ramp.mean(axis=0))[:, None]
    return np.asarray((base + shape - shape.mean(axis=1, keepdims=True)).ravel())


def _ramp(means: FloatArray) -> FloatArray:
    padded = np.concatenate([means[:, :1], means, means[:, -1:]], axis=1)
    return np.asarray((padded[:, 2:] - padded[:, :-2]) / 2)
