"""Stresses: the expected day of the decided book, repriced when named things go wrong, worst first.

What belongs here: the shifts of prices and output, the standard list, past days that come again, and the
P&L under them. What does not: which stresses a desk adds (the desk file says).

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
from energy_pipeline.book.pnl import ZoneBook, zone_legs
from energy_pipeline.contracts import table
from energy_pipeline.desk import Desk
from energy_pipeline.desk.risk import NO_STRESS, Stress, stress_of
from energy_pipeline.domain.delivery import DeliveryDay, FloatArray
from energy_pipeline.risk.option_stress import OptionBook

_CHANGES = ("day_ahead_factor", "day_ahead_shift_eur_mwh", "second_shift_eur_mwh", "wind_factor", "solar_factor", "fuel_factor")
_LIST: tuple[tuple[str, str, tuple[float, float, float, float, float, float]], ...] = (
    ("scarcity", "Price spike: day-ahead +1000, second price +2000 EUR/MWh", (1.0, 1000, 2000, 1.0, 1.0, 1.0)),
    ("negative_price_regime", "Sunny, windy holiday: day-ahead -150, second -250 EUR/MWh, output +30 %", (1.0, -150, -250, 1.3, 1.3, 1.0)),
    ("gas_carbon_shock", "Gas and carbon up by half: prices x 1.5", (1.5, 0, 40, 1.0, 1.0, 1.5)),
    ("fuel_collapse", "Gas and carbon down by half: prices x 0.6", (0.6, 0, -25, 1.0, 1.0, 0.5)),
    ("wind_drought", "Wind at a tenth, prices x 1.8, deviations bought back dear", (1.8, 0, 120, 0.1, 1.0, 1.0)),
    ("cold_snap", "Cold evening peak: prices x 2, little sun", (2.0, 0, 100, 1.0, 0.3, 1.0)),
    ("heat_wave", "Heat: prices x 1.6, calm, panels hot", (1.6, 0, 60, 0.5, 0.9, 1.0)),
    ("outage", "Own plants trip after the gate: no output, second price +150 EUR/MWh", (1.0, 0, 150, 0.0, 0.0, 1.0)),
)
STANDARD: tuple[Stress, ...] = tuple(Stress(name=name, description=text, **dict(zip(_CHANGES, values, strict=True))) for name, text, values in _LIST)
"""The list `risk.standard_stresses` adds, beside `transmission_split` and `correlation_one`."""
SPLIT_EUR_MWH = 80.0
"""Transmission split: the dearest zone rises, the cheapest falls by this."""


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


def hypothetical(desk: Desk, outlooks: Mapping[str, ZoneOutlook]) -> list[tuple[str, str, tuple[Stress, ...]]]:
    """Name, description and the stresses applied together (each to its zones)."""
    own = {s.name for s in desk.stress}
    found: list[tuple[str, str, tuple[Stress, ...]]] = [(s.name, s.description, (s,)) for s in desk.stress]
    if not desk.risk.standard_stresses:
        return found
    found += [(s.name, s.description.replace("EUR", desk.currency), (s,)) for s in STANDARD if s.name not in own]
    if len(outlooks) > 1 and "transmission_split" not in own:
        means = {zone: float(o.price.mean()) for zone, o in outlooks.items()}
        dear, cheap = max(means, key=lambda z: means[z]), min(means, key=lambda z: means[z])
        shifts = {dear: SPLIT_EUR_MWH, cheap: -SPLIT_EUR_MWH}
        both = [
            Stress(name="split", description="split", zones=(zone,), day_ahead_shift_eur_mwh=shift, second_shift_eur_mwh=shift)
            for zone, shift in shifts.items()
        ]
        found.append(("transmission_split", f"Lines trip: {dear} +{SPLIT_EUR_MWH:g}, {cheap} -{SPLIT_EUR_MWH:g} {desk.currency}/MWh", tuple(both)))
    return found


def _from_history(desk: Desk, history: BookHistory) -> list[tuple[str, str, float]]:
    """Name, description and change of P&L [EUR]."""
    losses = history.book
    worst = np.argsort(-losses, kind="stable")[: desk.risk.worst_days].tolist()
    found = [(f"past day {history.days[i]}", "The forecast errors of that day come again", -float(losses[i])) for i in worst]
    if desk.risk.standard_stresses and len(history.by_zone) > 1 and losses.size:
        together = sum(float(own.max()) for own in history.by_zone.values())
        found.append(("correlation_one", "Every zone has its own worst past day at once", -together))
    return found


def stressed_pnl_eur(stresses: tuple[Stress, ...], books: Mapping[str, ZoneBook], outlooks: Mapping[str, ZoneOutlook]) -> float:
    """P&L of the book on the expected day under stresses, each on its zones [EUR]."""
    return sum(float(_zone_pnl(stress_of(stresses, zone), book, outlooks[zone]).sum()) for zone, book in books.items())


def stressed_price(stress: Stress, outlook: ZoneOutlook) -> FloatArray:
    """Day-ahead price of the expected day under a stress [EUR/MWh], shape (intervals,)."""
    return stress.applied("day_ahead_price", outlook.price.mean(axis=0))


def _zone_pnl(stress: Stress, book: ZoneBook, outlook: ZoneOutlook) -> FloatArray:
    price = stressed_price(stress, outlook)
    second = stress.applied("second_price", outlook.second.mean(axis=0)) if outlook.has_second else price
    plants = (stress.applied("plant_output", p.output_mw, p.technology, p.capacity_mw) for p in outlook.plants)
    output = outlook.schedule_mw + sum(plants, np.zeros(outlook.grid.size))
    expected = (outlook.scheme_eur + outlook.acted_eur).mean(axis=0)  # what a stress makes of them is the options' (`OptionBook`)
    found: FloatArray = zone_legs(book, price, second, output).total() + expected
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
