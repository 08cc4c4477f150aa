"""The day's risk tables from the decided book and its scenarios.

What belongs here: putting measures, contributions, stresses and limits together. What
does not: the mathematics of each (its own module). Horizon: the delivery day, after which
every position here has expired; longer ones are refused by the desk file.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from energy_pipeline.contracts import table
from energy_pipeline.domain.delivery import DeliveryDay, FloatArray
from energy_pipeline.domain.information import InformationSet
from energy_pipeline.portfolio.outlook import ZoneOutlook, zone_outlooks
from energy_pipeline.portfolio.pnl import ZoneBook, at_fair_value, zone_legs
from energy_pipeline.portfolio.positions import Book, zone_books
from energy_pipeline.risk.limits import limit_table
from energy_pipeline.risk.measures import shortfall_contributions, summary, volatility_contributions
from energy_pipeline.risk.stress import stress_results

METHOD = "historical_errors"
PROXY_SCOPE = "proxy hedges"
"""Scope of the expected gain of proxy hedges against their declared quotes: no headline."""


@dataclass(frozen=True)
class RiskTables:
    """Frames of risk_measures, risk_contributions, stress_results and limits."""

    measures: pl.DataFrame
    contributions: pl.DataFrame
    stress: pl.DataFrame
    limits: pl.DataFrame


def assess(info: InformationSet, book: Book, scenario_paths: pl.DataFrame, plant_output: pl.DataFrame, dispatch: pl.DataFrame) -> RiskTables:
    """Risk of the decided book over the joint forecast errors.

    VaR and ES are of the loss against expectation, E[P&L] - P&L, so that the revenue a day
    is expected to bring hides no risk. ES is given at every VaR level too. Proxy hedges are
    marked to the scenarios' mean (`portfolio.pnl.at_fair_value`); what they are expected to
    earn against their quotes stands apart, as the scope `proxy hedges`.

    Parameters
    ----------
    info : InformationSet
        Of the delivery day.
    book : Book
        As decided, or read back with `Book.from_frames`.

    Raises
    ------
    MissingDayError
        When a zone with a position lacks scenarios, a plant its output or an asset its schedule.
    """
    desk, day = info.desk, info.day
    books = zone_books(desk, day, book.positions, dispatch)
    outlooks = zone_outlooks(desk, day, list(books), scenario_paths, plant_output, dispatch)
    fair = {zone: at_fair_value(held, outlooks[zone].price) for zone, held in books.items()}
    by_zone, by_leg = scenario_pnl(fair, outlooks, desk.scenarios.paths)
    view = sum(scenario_pnl(books, outlooks, desk.scenarios.paths)[0].values(), np.zeros(1)).mean() - sum(by_zone.values(), np.zeros(1)).mean()
    total = sum(by_zone.values(), np.zeros(next(iter(by_leg.values())).size))
    levels = sorted({*desk.risk.var_levels, *desk.risk.es_levels})
    stresses = stress_results(desk, day, fair, outlooks)
    return RiskTables(
        measures=_measures(day, {"book": total, **by_zone}, levels, float(view)),
        contributions=_contributions(day, {"zone": by_zone, "leg": by_leg}, sorted(set(desk.risk.es_levels))),
        stress=stresses,
        limits=limit_table(desk, day, book.positions, total, stresses, book.shadow_prices),
    )


def scenario_pnl(books: dict[str, ZoneBook], outlooks: dict[str, ZoneOutlook], paths: int) -> tuple[dict[str, FloatArray], dict[str, FloatArray]]:
    """P&L per scenario by zone and by leg [EUR], shape (scenarios,) each; `paths` is the count for an empty book."""
    by_zone: dict[str, FloatArray] = {}
    by_leg: dict[str, FloatArray] = {}
    for zone, book in books.items():
        outlook = outlooks[zone]
        legs = zone_legs(book, outlook.price, outlook.second, outlook.output_mw).by_leg()
        by_zone[zone] = sum(legs.values(), np.zeros(outlook.price.shape[0]))
        by_leg = {name: by_leg.get(name, 0.0) + values for name, values in legs.items()}
    return by_zone, by_leg or {"physical": np.zeros(paths)}


def _measures(day: DeliveryDay, scopes: dict[str, FloatArray], levels: list[float], view_eur: float) -> pl.DataFrame:
    rows = [
        {"delivery_day": day.day, "scope": scope, "method": METHOD, "scenarios": pnl.size, **row}
        for scope, pnl in scopes.items()
        for row in summary(pnl, levels)
    ]
    proxies = {"measure": "expected_pnl", "level": 0.0, "value_eur": view_eur, "standard_error_eur": None}
    rows.append({"delivery_day": day.day, "scope": PROXY_SCOPE, "method": METHOD, "scenarios": scopes["book"].size, **proxies})
    return table("risk_measures").frame(rows)


def _contributions(day: DeliveryDay, kinds: dict[str, dict[str, FloatArray]], es_levels: list[float]) -> pl.DataFrame:
    rows = []
    for kind, components in kinds.items():
        if not components:
            continue
        stacked = np.stack(list(components.values()))
        parts = [("volatility", 0.0, volatility_contributions(stacked))]
        parts += [("es", level, shortfall_contributions(stacked, level)) for level in es_levels]
        for measure, level, values in parts:
            whole = float(values.sum())
            for name, value in zip(components, values.tolist(), strict=True):
                row = {"measure": measure, "level": level, "component_kind": kind, "component": name}
                share = value / whole if whole != 0.0 else None
                rows.append({"delivery_day": day.day, **row, "contribution_eur": value, "share_of_total": share})
    return table("risk_contributions").frame(rows)
