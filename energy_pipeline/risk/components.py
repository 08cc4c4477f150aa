"""What a book's P&L is made of, scenario by scenario: the parts that risk is split by.

What belongs here: cutting the P&L of the kernel by zone, leg, contract, block, asset and strategy, so
that the parts of every kind add up to the book. and the check that they do. What does not: measures of the parts (`decomposition`).

Kinds. *leg* and *zone* as in the market page. *contract*: each hedge, and what is left of the zone (spot).
*block*: peak hours (Mon-Fri 08-20) and the rest. *asset*: a plant earns P g + (R - P)(g - E), a zone's
flexible assets P x schedule, those that act on R at R; trades, hedges, fees and costs stand as the zone's trading. *strategy*: own
output, the hedging programme, the day-ahead position against the second price, flexible assets, costs.
*named_strategy*: the day-ahead position against the second price by the desk's strategies, each interval in proportion
to what they ask for (the optimiser decides their sum), and the rest of the book.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date

import numpy as np
import polars as pl

from energy_pipeline.book.outlook import ZoneOutlook
from energy_pipeline.book.pnl import Legs, ZoneBook
from energy_pipeline.book.valued import outlook_legs
from energy_pipeline.domain.blocks import profile
from energy_pipeline.domain.delivery import FloatArray

Parts = dict[str, FloatArray]
KINDS = ("zone", "leg", "contract", "block", "asset", "strategy")
NAMED = "named_strategy"
REST = "the rest of the book"


def components(
    books: Mapping[str, ZoneBook],
    outlooks: Mapping[str, ZoneOutlook],
    plant_paths: Mapping[str, FloatArray] | None = None,
    targets: Mapping[str, Mapping[str, FloatArray]] | None = None,
) -> dict[str, Parts]:
    """P&L per scenario of every part of every kind [EUR], shape (scenarios,) each.

    Parameters
    ----------
    plant_paths : mapping of plant to array (scenarios, intervals), optional
        Output paths by plant; without them a zone's plants are one part.
    targets : mapping of zone to strategy to array (intervals,), optional
        What each tradable strategy wants to buy [MW]; without them there are no named strategies.
    """
    found: dict[str, Parts] = {kind: {} for kind in KINDS}
    for zone, book in books.items():
        outlook = outlooks[zone]
        legs = outlook_legs(book, outlook)
        total = legs.total()
        found["zone"][zone] = total.sum(axis=-1)
        for name, values in legs.by_leg().items():
            _add(found["leg"], name, values)
        _contracts(found["contract"], zone, book, outlook, total.sum(axis=-1))
        peak = profile("peak", outlook.grid.day, outlook.grid.minutes) > 0
        _add(found["block"], "peak", total[..., peak].sum(axis=-1))
        _add(found["block"], "off-peak", total[..., ~peak].sum(axis=-1))
        flexible = (book.hours * (outlook.price * outlook.schedule_mw + outlook.second * outlook.acted_mw)).sum(axis=-1)
        _assets(found["asset"], zone, book, outlook, total.sum(axis=-1), flexible, plant_paths or {})
        _strategies(found["strategy"], legs, flexible)
        if targets:
            _named_strategies(found.setdefault(NAMED, {}), legs, targets.get(zone, {}))
    return found


def _add(parts: Parts, name: str, values: FloatArray) -> None:
    parts[name] = parts[name] + values if name in parts else np.asarray(values)


def _contracts(parts: Parts, zone: str, book: ZoneBook, outlook: ZoneOutlook, total: FloatArray) -> None:
    rest = total
    for leg in book.hedges:
        gain = (book.hours * leg.power_mw * (outlook.price - leg.price_eur_mwh)).sum(axis=-1)
        _add(parts, f"{zone} {leg.contract or 'contract'}", gain)
        rest = rest - gain
    _add(parts, f"{zone} spot", rest)


def _assets(
    parts: Parts, zone: str, book: ZoneBook, outlook: ZoneOutlook, total: FloatArray, flexible: FloatArray, paths: Mapping[str, FloatArray]
) -> None:
    spread, rest = outlook.second - outlook.price, total
    known = [p for p in outlook.plants if p.plant in paths]
    for plant in known:
        output = paths[plant.plant]
        gain = (book.hours * (outlook.price * output + spread * (output - plant.output_mw))).sum(axis=-1)
        parts[plant.plant] = gain
        rest = rest - gain
    if np.any(outlook.schedule_mw) or np.any(outlook.acted_mw):
        parts[f"{zone} flexible assets"] = flexible
        rest = rest - flexible
    parts[f"{zone} trading"] = rest


def _strategies(parts: Parts, legs: Legs, flexible: FloatArray) -> None:
    sums = legs.by_leg()
    _add(parts, "own output", sums["physical"] - flexible + sums["deviation"] + sums["imbalance_fee"])
    _add(parts, "flexible assets", flexible)
    _add(parts, "day-ahead against second price", sums["speculative"])
    _add(parts, "hedging programme", sums["hedge"] + sums["hedge_proxy"])
    _add(parts, "costs", sums["costs"])


def _named_strategies(parts: Parts, legs: Legs, targets: Mapping[str, FloatArray]) -> None:
    """The speculative leg by strategy; shares of an interval add up to one."""
    rest = legs.total().sum(axis=-1)
    wanted = np.sum(list(targets.values()), axis=0) if targets else np.zeros(1)
    for name, target in targets.items():
        share = np.divide(target, wanted, out=np.zeros(target.shape), where=wanted != 0.0)
        gain = (legs.speculative * share).sum(axis=-1)
        _add(parts, name, gain)
        rest = rest - gain
    _add(parts, REST, rest)


def contract_sizes_mw(books: Mapping[str, ZoneBook]) -> dict[str, float]:
    """MW held of every part of the kind `contract` that is a contract; longs and shorts of one block net."""
    found: dict[str, float] = {}
    for zone, book in books.items():
        for leg in book.hedges:
            name = f"{zone} {leg.contract or 'contract'}"
            found[name] = found.get(name, 0.0) + float(leg.power_mw[np.abs(leg.power_mw).argmax()])
    return found


Kind = tuple[date, str, float, str]
"""(delivery day, measure, level, kind of component)."""


def other_sums(parts: pl.DataFrame, measures: pl.DataFrame, tolerance_eur: float) -> dict[Kind, tuple[float, float | None]]:
    """Sums of contributions that are not the book's measure, with the measure (None: there is none)."""
    book = measures.filter(pl.col("scope") == "book")
    totals = {(r["delivery_day"], r["measure"], r["level"]): float(r["value_eur"]) for r in book.to_dicts()}
    sums: dict[Kind, list[float]] = {}
    for row in parts.to_dicts():
        sums.setdefault((row["delivery_day"], row["measure"], row["level"], row["component_kind"]), []).append(row["contribution_eur"])
    found = {k: (math.fsum(v), totals.get(k[:3])) for k, v in sums.items()}
    return {k: (s, t) for k, (s, t) in found.items() if t is None or abs(s - t) > tolerance_eur + 1e-9 * abs(t)}
