"""Steps of plants that may be switched off: what they are bid at, what of them an auction takes, and what they are paid.

What belongs here: the limit of a right's step, acceptance at prices that came, payments of its scheme. What does not: the bid
lines (`portfolio.nominations`), the P&L (`pnl`).

A plant with a renewable right is bid as one step at its marginal cost less what its scheme would pay for that MWh. Where the
payment hangs on neighbouring intervals the step is bid at cost without it. The plant's own `curtail_below_eur_mwh` raises the
limit: it is one step, and what it would give is discounted once. A price above the limit takes the step, one below
rejects it, at the limit the desk's rule holds (`flexibility.at_limit`). A rejected step has neither sale nor output.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from energy_pipeline.book.acceptance import share_of
from energy_pipeline.book.grid import Grid, on_grid
from energy_pipeline.desk import Desk
from energy_pipeline.desk.flexibility import AtLimit, RenewableRight
from energy_pipeline.domain.delivery import FloatArray

TICK_EUR_MWH = 0.01
AT_LIMIT: Mapping[AtLimit, float] = {"none": 0.0, "half": 0.5, "full": 1.0}


@dataclass(frozen=True)
class Step:
    """One plant's step.

    Attributes
    ----------
    right : str
        Name in the desk file.
    terms : RenewableRight
    limit_eur_mwh : float
        In ticks of the market; never below marginal cost less payment.
    """

    right: str
    terms: RenewableRight
    limit_eur_mwh: float


def limit_eur_mwh(right: RenewableRight) -> float:
    """Marginal cost less what the scheme pays for that MWh: the lowest price at which it is worth generating.

    Examples
    --------
    >>> right = RenewableRight(kind="renewable", zone="Z", plant="p", certificate_eur_mwh=4, variable_cost_eur_mwh=1)
    >>> limit_eur_mwh(right), limit_eur_mwh(right.model_copy(update={"scheme": "not_at_negative_prices"}))
    (-3.0, -0.01)
    """
    cost, paid = right.variable_cost_eur_mwh, payment_eur_mwh(right) - left_out_eur_mwh(right)
    if right.scheme == "not_at_negative_prices":
        return max(cost - paid, -TICK_EUR_MWH)  # at nothing it is paid still
    return cost - paid


def left_out_eur_mwh(right: RenewableRight) -> float:
    """What the scheme pays per MWh that the step's limit leaves out, because it hangs on neighbouring intervals."""
    return payment_eur_mwh(right) if right.scheme == "after_negative_intervals" else 0.0


def payment_eur_mwh(right: RenewableRight) -> float:
    """What the scheme pays per MWh where it pays."""
    if right.scheme == "capacity":
        return 0.0
    if right.scheme == "difference":
        return right.certificate_eur_mwh - right.reference_eur_mwh
    if right.scheme == "sliding_premium":
        return max(right.certificate_eur_mwh - right.reference_eur_mwh, 0.0)
    return right.certificate_eur_mwh


def paid_eur_mwh(right: RenewableRight, price: FloatArray) -> FloatArray:
    """What each MWh of an interval was paid by the scheme at the prices that came [EUR/MWh], shape as `price`: days along the last axis.

    Examples
    --------
    >>> terms = {"certificate_eur_mwh": 4, "scheme": "after_negative_intervals", "negative_intervals": 2}
    >>> right = RenewableRight(kind="renewable", zone="Z", plant="p", **terms)
    >>> paid_eur_mwh(right, np.array([-1.0, 5.0, -1.0, -2.0, 3.0])).tolist()
    [4.0, 4.0, 0.0, 0.0, 4.0]
    """
    paid = np.full(price.shape, payment_eur_mwh(right))
    negative = price < 0
    if right.scheme == "not_at_negative_prices":
        return np.where(negative, 0.0, paid)
    if right.scheme == "after_negative_intervals":
        if price.ndim > 1:
            return np.stack([paid_eur_mwh(right, row) for row in price])
        edges = np.flatnonzero(np.diff(np.concatenate([[0], negative.astype(np.int8), [0]])))
        for begin, end in zip(edges[::2], edges[1::2], strict=True):
            if end - begin >= right.negative_intervals:
                paid[begin:end] = 0.0
    return paid


def steps_of(desk: Desk, zone: str) -> dict[str, Step]:
    """The steps of a zone by plant; the desk file has one right a plant (`right_problems`)."""
    found: dict[str, Step] = {}
    for name, right in desk.rights.items():
        if isinstance(right, RenewableRight) and right.zone == zone:
            own = desk.plants[right.plant].curtail_below_eur_mwh
            limit = limit_eur_mwh(right) if own is None else max(limit_eur_mwh(right), own)
            found[right.plant] = Step(name, right, in_ticks(limit))
    return found


def in_ticks(limit_eur_mwh: float) -> float:
    """A selling limit in the market's ticks, never below; a buying one is that of its negative.

    >>> in_ticks(-3.001), -in_ticks(-47.238)
    (-3.0, 47.23)
    """
    return round(math.ceil(round(limit_eur_mwh / TICK_EUR_MWH, 6)) * TICK_EUR_MWH, 2)


def held_below_eur_mwh(desk: Desk, plant: str) -> float | None:
    """The price below which a plant is expected to stand still by its own rule; None without one, or where it is bid in a step."""
    own = desk.plants[plant]
    return None if own.curtail_below_eur_mwh is None or plant in steps_of(desk, own.zone) else own.curtail_below_eur_mwh


def cleared(limit: float | FloatArray, price: FloatArray, at_limit: AtLimit) -> FloatArray:
    """Share of a sell step that an auction takes at its prices, shape (intervals,).

    Examples
    --------
    >>> cleared(-3.0, np.array([-5.0, -3.0, 2.0]), "half").tolist()
    [0.0, 0.5, 1.0]
    """
    same = np.abs(price - limit) < TICK_EUR_MWH / 2
    return np.where(same, AT_LIMIT[at_limit], (price > limit).astype(np.float64))


def earned_eur(step: Step, hours: float, given_mw: FloatArray, price: FloatArray) -> FloatArray:
    """What a step's scheme pays for what its plant gave, less variable cost [EUR], shape (..., intervals)."""
    found: FloatArray = hours * given_mw * (paid_eur_mwh(step.terms, price) - step.terms.variable_cost_eur_mwh)
    return found


def taken_share(desk: Desk, step: Step, grid: Grid, price: FloatArray, accepted: pl.DataFrame | None) -> FloatArray:
    """Share of a plant's step that the auction took: as its file says, else as its prices do, shape (intervals,)."""
    by_price = cleared(step.limit_eur_mwh, price, desk.flexibility.at_limit)
    said = share_of(accepted, step.terms.zone, "step", step.right, grid)
    return by_price if said is None else np.where(np.isnan(said), by_price, said)


def not_sold_mw(desk: Desk, zone: str, grid: Grid, plant_output: pl.DataFrame, price: FloatArray, accepted: pl.DataFrame | None = None) -> FloatArray:
    """What of a zone's expected output was bid in steps that were rejected [MW], shape (intervals,)."""
    lost = np.zeros(grid.size)
    for plant, step in steps_of(desk, zone).items():
        expected = on_grid(plant_output.filter(pl.col("plant") == plant), "output_mw", grid)
        lost += np.nan_to_num(expected) * (1.0 - taken_share(desk, step, grid, price, accepted))
    return lost
