"""Named stresses of the expected day, and what a book earns under them: shared by the decision, which keeps within them, and risk.

What belongs here: the standard list, the stresses a desk has, expected prices and output under them. What does not: past days as
stresses, repriced options (`risk`).
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from energy_pipeline.book.outlook import ZoneOutlook
from energy_pipeline.book.pnl import ZoneBook, zone_legs
from energy_pipeline.desk import Desk
from energy_pipeline.desk.risk import Stress, stress_of
from energy_pipeline.domain.delivery import FloatArray

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


def stressed_pnl_eur(stresses: tuple[Stress, ...], books: Mapping[str, ZoneBook], outlooks: Mapping[str, ZoneOutlook]) -> float:
    """P&L of the book on the expected day under stresses, each on its zones [EUR]."""
    return sum(float(_zone_pnl(stress_of(stresses, zone), book, outlooks[zone]).sum()) for zone, book in books.items())


def stressed_day(stress: Stress, outlook: ZoneOutlook) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Day-ahead and second price [EUR/MWh] and output [MW] of the expected day under a stress, shape (intervals,) each."""
    price = stressed_price(stress, outlook)
    second = stress.applied("second_price", outlook.second.mean(axis=0)) if outlook.has_second else price
    plants = (stress.applied("plant_output", p.output_mw, p.technology, p.capacity_mw) for p in outlook.plants)
    return price, second, outlook.schedule_mw + sum(plants, np.zeros(outlook.grid.size))


def stressed_price(stress: Stress, outlook: ZoneOutlook) -> FloatArray:
    """Day-ahead price of the expected day under a stress [EUR/MWh], shape (intervals,)."""
    return stress.applied("day_ahead_price", outlook.price.mean(axis=0))


def _zone_pnl(stress: Stress, book: ZoneBook, outlook: ZoneOutlook) -> FloatArray:
    expected = (outlook.scheme_eur + outlook.acted_eur).mean(axis=0)  # what a stress makes of them is the options' (`risk.option_stress`)
    found: FloatArray = zone_legs(book, *stressed_day(stress, outlook)).total() + expected
    return found
