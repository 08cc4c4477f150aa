"""The table `risk_methods`: VaR and ES of the decided book by every method, and over longer horizons.

What belongs here: which method is used on which losses, and the rows. What does not: the methods
(`estimators`, `simulation`), the past losses (`history`).

Horizons beyond the day are of the contracts held on every one of those days (the *living* book): the
day's own positions expire with the delivery. Side by side: scaled by the square root of time, and
simulated day after day with GARCH volatility. Each day's loss counts one-day-ahead errors. A book that
does not live so long has no value there and the note says so.
"""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import polars as pl

from energy_pipeline.book.history import BookHistory
from energy_pipeline.contracts import table
from energy_pipeline.desk import Desk
from energy_pipeline.domain.blocks import profile
from energy_pipeline.domain.delivery import DeliveryDay, FloatArray
from energy_pipeline.domain.seeds import generator
from energy_pipeline.mathematics.statistics.estimators import METHODS, MINIMUM_DAYS, Estimate, estimate
from energy_pipeline.mathematics.statistics.simulation import simulate, simulated_estimate

MONTE_CARLO = "monte_carlo"


def living_mw(desk: Desk, day: DeliveryDay, horizon_days: int) -> dict[str, FloatArray]:
    """MW by zone and interval of D of contracts held from D through D + horizon - 1."""
    last = day.day + timedelta(days=horizon_days - 1)
    found: dict[str, FloatArray] = {}
    for held in desk.opening_book:
        if held.first_day <= day.day and held.last_day >= last:
            minutes = desk.zones[held.zone].resolution_minutes(day.day)
            mw = held.position_mw * profile(held.block, day, minutes)
            found[held.zone] = found[held.zone] + mw if held.zone in found else mw
    return found


def risk_methods(desk: Desk, day: DeliveryDay, history: BookHistory, living: dict[int, FloatArray]) -> pl.DataFrame:
    """Rows of the table.

    Parameters
    ----------
    living : dict of horizon to array (days,)
        Daily losses of what is held so long; empty array: nothing is.
    """
    levels = sorted({*desk.risk.var_levels, *desk.risk.es_levels})
    rows = [_row(day, "book", 1, "none", e, len(history.days)) for e in _one_day(desk, day, history, levels)]
    for horizon, losses in living.items():
        rows += _longer(desk, day, horizon, losses, levels)
    return table("risk_methods").frame(rows or None)


def _one_day(desk: Desk, day: DeliveryDay, history: BookHistory, levels: list[float]) -> list[Estimate]:
    if len(history.days) < MINIMUM_DAYS:
        return []
    losses = history.book
    found = [estimate(losses, level, method, desk.risk.decay) for method in METHODS for level in levels]
    drawn = simulate(history.components, generator("risk", day.day, MONTE_CARLO), desk.risk.draws)
    return found + [simulated_estimate(drawn.losses.sum(axis=1), level, MONTE_CARLO, drawn.note) for level in levels]


def _longer(desk: Desk, day: DeliveryDay, horizon: int, losses: FloatArray, levels: list[float]) -> list[dict[str, object]]:
    if losses.size < MINIMUM_DAYS or not losses.any():
        why = "refused: nothing held lives so long" if losses.size == 0 or not losses.any() else f"refused: {losses.size} days of errors"
        nothing = [Estimate(MONTE_CARLO, level, 0.0, 0.0, None, None, why, refused=True) for level in levels]
        return [_row(day, "living book", horizon, "none", e, losses.size) for e in nothing]
    root = float(np.sqrt(horizon))
    drawn = simulate(losses[:, None], generator("risk", day.day, MONTE_CARLO, horizon), desk.risk.draws, horizon)
    rows = []
    for level in levels:
        one = estimate(losses, level, "historical", desk.risk.decay)
        var_error, es_error = (None if e is None else e * root for e in (one.var_error_eur, one.es_error_eur))
        scaled = Estimate("historical", level, one.var_eur * root, one.es_eur * root, var_error, es_error, one.note)
        rows.append(_row(day, "living book", horizon, "sqrt_time", scaled, losses.size))
        simulated = simulated_estimate(drawn.losses[:, 0], level, MONTE_CARLO, drawn.note)
        rows.append(_row(day, "living book", horizon, "simulated", simulated, losses.size))
    return rows


def _row(day: DeliveryDay, scope: str, horizon: int, scaling: str, e: Estimate, days: int) -> dict[str, object]:
    values = {"var_eur": e.var_eur, "es_eur": e.es_eur, "var_error_eur": e.var_error_eur, "es_error_eur": e.es_error_eur}
    keys = {"scope": scope, "method": e.method, "horizon_days": horizon, "scaling": scaling, "level": e.level}
    return {"delivery_day": day.day, **keys, **(dict.fromkeys(values) if e.refused else values), "error_days": days, "note": e.note}
