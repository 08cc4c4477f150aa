"""Limits of the desk beside box, gross room and shortfall, as rows of the day's programme.

What belongs here: what a MW of each variable uses of a stress's and the margin's room. What does not: solving (`cuts`), telling their
use (`risk.limits`).

A stress's loss against the expected day is linear in contracts. In a deviation x between 0 and u it holds the fee on |d - x|, which is
convex; the row has its chord over the box, so that the loss is never more than the row says: it errs on the safe side by less than
the fee on u.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from energy_pipeline.book.hedges import Hedge, block_profile, opening_positions
from energy_pipeline.book.outlook import ZoneOutlook
from energy_pipeline.book.pnl import ZoneBook, at_fair_value
from energy_pipeline.book.positions import SAME_MW
from energy_pipeline.book.stresses import hypothetical, stressed_day, stressed_pnl_eur
from energy_pipeline.desk import Desk
from energy_pipeline.desk.risk import NO_STRESS, Stress, stress_of
from energy_pipeline.domain.blocks import profile
from energy_pipeline.domain.delivery import BoolArray, DeliveryDay, FloatArray
from energy_pipeline.domain.errors import InfeasibleError
from energy_pipeline.portfolio.program import K_EUR, FurtherLimits, StressRows

Box = tuple[FloatArray, BoolArray]
"""The side of a zone's deviations away from 0 [MW], and where there is a choice, shape (intervals,) each."""


def further_limits(
    desk: Desk,
    day: DeliveryDay,
    outlooks: Mapping[str, ZoneOutlook],
    standing: Mapping[str, ZoneBook],
    boxes: Mapping[str, Box],
    hedges: Sequence[Hedge],
) -> FurtherLimits | None:
    """The further limits of a day; None for a desk without.

    Parameters
    ----------
    standing : mapping of zone to ZoneBook
        The book when nothing is decided.
    boxes : mapping of zone to Box
        In the order of the programme's deviations.
    hedges : sequence of Hedge
        All contracts of the day; those that can be traded are the programme's, in this order.
    """
    tradable = [h for h in hedges if h.max_trade_mw > 0]
    names: list[tuple[str, str]] = []
    rows: list[FloatArray] = []
    room: list[float] = []
    limit = desk.limits.worst_stress_eur
    if limit is not None:
        for name, used, constant in _stresses(desk, day, outlooks, standing, boxes, tradable):
            names.append(("worst_stress_eur", name))
            rows.append(used / K_EUR)
            room.append((limit - constant) / K_EUR)
    margin = desk.risk.margin
    if margin is None or margin.limit_eur is None or not tradable:
        return FurtherLimits(tuple(names), np.array(rows), np.array(room)) if rows else None
    size = sum(int(free.sum()) for _, free in boxes.values()) + 2 * len(tradable)
    mwh, later = _margined(desk, day, tradable)
    fixed = _margined(desk, day, [h for h in hedges if h.max_trade_mw <= 0])
    stuck = float(np.abs(fixed[0] * [h.opening_mw for h in hedges if h.max_trade_mw <= 0] + fixed[1]).sum())
    return FurtherLimits(tuple(names), np.array(rows).reshape(len(rows), size), np.array(room), mwh, later, margin.limit_eur / margin.eur_mwh - stuck)


def stress_rows(
    desk: Desk,
    day: DeliveryDay,
    outlooks: Mapping[str, ZoneOutlook],
    standing: Mapping[str, ZoneBook],
    boxes: Mapping[str, Box],
    hedges: Sequence[Hedge],
) -> StressRows | None:
    """The desk's stresses as rows of the programme, parameters as in `further_limits`; None for a desk without."""
    found = list(_stresses(desk, day, outlooks, standing, boxes, [h for h in hedges if h.max_trade_mw > 0]))
    if not found:
        return None
    return StressRows(tuple(f[0] for f in found), np.array([f[1] for f in found]) / K_EUR, np.array([f[2] for f in found]) / K_EUR)


def _stresses(
    desk: Desk,
    day: DeliveryDay,
    outlooks: Mapping[str, ZoneOutlook],
    standing: Mapping[str, ZoneBook],
    boxes: Mapping[str, Box],
    tradable: Sequence[Hedge],
) -> Iterator[tuple[str, FloatArray, float]]:
    """Name, loss per MW of each variable [EUR/MW] and loss when nothing is decided [EUR], against the expected day."""
    fair = {zone: at_fair_value(book, outlooks[zone].price) for zone, book in standing.items()}
    expected = stressed_pnl_eur((NO_STRESS,), fair, outlooks)
    for name, _, parts in hypothetical(desk, dict(outlooks)):
        used, constant = _stress_row(desk, parts, outlooks, boxes, tradable, day)
        yield name, used, constant - (stressed_pnl_eur(parts, fair, outlooks) - expected)


def _stress_row(
    desk: Desk,
    parts: tuple[Stress, ...],
    outlooks: Mapping[str, ZoneOutlook],
    boxes: Mapping[str, Box],
    tradable: Sequence[Hedge],
    day: DeliveryDay,
) -> tuple[FloatArray, float]:
    """Loss against the expected day per MW of each variable [EUR/MW], and what the chord adds at 0 [EUR]."""
    moved = {zone: (stressed_day(stress_of(parts, zone), o), stressed_day(NO_STRESS, o)) for zone, o in outlooks.items()}
    columns, constant = [np.zeros(0)], 0.0
    for zone, (side, free) in boxes.items():
        outlook, (then, now) = outlooks[zone], moved[zone]
        hours, fee = outlook.grid.hours, desk.zones[zone].second_price.imbalance_fee_eur_mwh
        gain = hours * ((then[0] - then[1]) - (now[0] - now[1]))[free]
        u, surprise, usual = side[free], (then[2] - outlook.expected_mw)[free], (now[2] - outlook.expected_mw)[free]
        way = np.sign(u)
        chord = (np.abs(surprise - u) - np.abs(surprise)) / u
        constant += hours * fee * float((way * usual + np.abs(usual)).sum())
        columns.append(hours * fee * (chord - way) - gain)
    contracts = []
    for h in tradable:
        then, now = moved[h.zone]
        contracts.append(-float((outlooks[h.zone].grid.hours * block_profile(h.block, day, outlooks[h.zone].grid.minutes)) @ (then[0] - now[0])))
    loss = np.array(contracts)
    return np.concatenate([*columns, loss, -loss]), constant


def _margined(desk: Desk, day: DeliveryDay, hedges: Sequence[Hedge]) -> tuple[FloatArray, FloatArray]:
    """MWh of D per MW of each contract, and what is held of it beyond D [MWh], as `risk.limits.margin_eur` counts them."""
    hours = np.array([float(profile(h.block, day, 60).sum()) for h in hedges])
    later = []
    for h in hedges:
        held = [o for o in opening_positions(desk, day, h.zone, h.block) if o.last_day > day.day]
        later.append(sum(o.position_mw * (o.last_day - day.day).days for o in held))
    return hours, np.array(later) * hours


def gross_room(desk: Desk, day: DeliveryDay, hedges: Sequence[Hedge]) -> float | None:
    """What tradable contracts may use of `gross_contracts_mw`, or an error when even the best trades break it."""
    limit = desk.limits.gross_contracts_mw
    if limit is None:
        return None
    fixed = sum(abs(h.opening_mw) for h in hedges if h.max_trade_mw <= 0)
    least = fixed + sum(max(0.0, abs(h.opening_mw) - h.max_trade_mw) for h in hedges if h.max_trade_mw > 0)
    if least > limit + SAME_MW:
        stuck = [h for h in hedges if abs(h.opening_mw) > h.max_trade_mw]
        conflicts = [
            "gross_contracts_mw",
            *(f"max_trade_mw of {h.scope}" if h.max_trade_mw > 0 else f"no quote or contract for {h.scope}" for h in stuck),
        ]
        relaxation = f"gross_contracts_mw from {limit:g} to {least:g} MW (+{least - limit:g} MW)"
        raise InfeasibleError(f"portfolio {day.day}: the opening book cannot be brought within its limit", conflicts, relaxation)
    return max(limit - fixed, 0.0)
