"""Stresses: the expected day of the decided book, repriced when named things go wrong, worst first.

What belongs here: the table, past days that come again, new schedules. What does not: the stresses and the P&L under them
(`book.stresses`), which a desk adds (the desk file says).

The expected day has the scenario means as prices and the expected outputs. A stress
multiplies and shifts the day-ahead price, shifts the second price (it does not follow the
day-ahead price by itself; where a zone has none, R = P moves along), and scales wind and
solar plants, at most to their capacity. Sales, schedules and hedges stay as decided; what
flexible assets would gain by a new schedule on the stressed prices stands beside
(`redispatch_eur`): a stress that is seen before the gate costs an option less. So does the change of
value of options that are not nominated (`option_stress`); `repriced_change_eur` is all three, and the order.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import polars as pl

from energy_pipeline.book.history import BookHistory
from energy_pipeline.book.outlook import ZoneOutlook
from energy_pipeline.book.pnl import ZoneBook
from energy_pipeline.book.stresses import hypothetical, stressed_pnl_eur, stressed_price
from energy_pipeline.contracts import table
from energy_pipeline.desk import Desk
from energy_pipeline.desk.risk import NO_STRESS, Stress, stress_of
from energy_pipeline.domain.delivery import DeliveryDay
from energy_pipeline.risk.option_stress import OptionBook


def stress_results(
    desk: Desk,
    day: DeliveryDay,
    books: Mapping[str, ZoneBook],
    outlooks: Mapping[str, ZoneOutlook],
    history: BookHistory | None = None,
    options: OptionBook | None = None,
    *,
    repriced: bool = True,
) -> pl.DataFrame:
    """P&L of the day under every stress, worst first; frame of the table stress_results.

    Parameters
    ----------
    history : BookHistory, optional
        For the past days on whose errors the book loses most, and for "correlation one".
    options : OptionBook, optional
        What is not nominated.
    repriced : bool
        False leaves new schedules and options out, which takes no time: their columns are null.
    """
    expected = stressed_pnl_eur((NO_STRESS,), books, outlooks)
    rows: list[dict[str, object]] = []
    for name, description, parts in hypothetical(desk, outlooks):
        pnl = stressed_pnl_eur(parts, books, outlooks)
        row: dict[str, object] = {"stress": name, "description": description, "pnl_eur": pnl, "change_eur": pnl - expected}
        gain = redispatch_gain_eur(desk, parts, outlooks) if repriced else None
        other = options.change_eur(parts) if repriced and options is not None else None
        rows.append({**row, "redispatch_eur": gain, "options_eur": other, "repriced_change_eur": pnl - expected + (gain or 0.0) + (other or 0.0)})
    for name, description, change in _from_history(desk, history) if history is not None else []:
        row = {"stress": name, "description": description, "pnl_eur": expected + change, "change_eur": change}
        rows.append({**row, "redispatch_eur": None, "options_eur": None, "repriced_change_eur": change})
    ordered = sorted(rows, key=lambda r: (float(str(r["repriced_change_eur"])), str(r["stress"])))
    return table("stress_results").frame([{"delivery_day": day.day, **r} for r in ordered] or None)


def _from_history(desk: Desk, history: BookHistory) -> list[tuple[str, str, float]]:
    """Name, description and change of P&L [EUR]."""
    losses = history.book
    worst = np.argsort(-losses, kind="stable")[: desk.risk.worst_days].tolist()
    found = [(f"past day {history.days[i]}", "The forecast errors of that day come again", -float(losses[i])) for i in worst]
    if desk.risk.standard_stresses and len(history.by_zone) > 1 and losses.size:
        together = sum(float(own.max()) for own in history.by_zone.values())
        found.append(("correlation_one", "Every zone has its own worst past day at once", -together))
    return found


def redispatch_gain_eur(desk: Desk, stresses: tuple[Stress, ...], outlooks: Mapping[str, ZoneOutlook]) -> float | None:
    """What batteries with a committed schedule would gain by the best schedule on stressed instead of expected prices [EUR].

    Both schedules are the best of their prices and valued on the stressed ones; null without such an asset.
    """
    from energy_pipeline.desk.flexibility import Battery
    from energy_pipeline.flexibility.storage import margin_eur, schedule

    total, any_asset = 0.0, False
    for asset in desk.assets.values():
        if not isinstance(asset, Battery) or asset.information != "auction" or asset.zone not in outlooks:
            continue
        outlook, any_asset = outlooks[asset.zone], True
        minutes = outlook.grid.minutes
        before, after = outlook.price.mean(axis=0), stressed_price(stress_of(stresses, asset.zone), outlook)
        if np.array_equal(before, after):
            continue
        old, new = (schedule(asset, prices, minutes) for prices in (before, after))
        old_value, new_value = (margin_eur(asset, s.charge_mw, s.discharge_mw, after, minutes) for s in (old, new))
        total += new_value - old_value
    return total if any_asset else None
