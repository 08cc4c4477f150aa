"""The day's risk tables from the decided book and its scenarios.

What belongs here: putting measures, contributions, stresses and limits together. What
does not: the mathematics of each (its own module). Horizon: the delivery day, after which
every position here has expired; longer ones are refused by the desk file.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from energy_pipeline.contracts import table
from energy_pipeline.desk import Desk
from energy_pipeline.domain.delivery import DeliveryDay, FloatArray
from energy_pipeline.domain.history import ErrorHistory
from energy_pipeline.domain.information import InformationSet
from energy_pipeline.portfolio.positions import Book
from energy_pipeline.risk.components import Parts, components
from energy_pipeline.risk.decomposition import Measure, euler
from energy_pipeline.risk.hedging import hedge_proposal
from energy_pipeline.risk.history import book_history
from energy_pipeline.risk.limits import limit_table
from energy_pipeline.risk.measures import summary
from energy_pipeline.risk.methods import living_mw, risk_methods
from energy_pipeline.risk.stress import stress_results
from energy_pipeline.risk.valued import ValuedBook, scenario_pnl, valued

METHOD = "historical_errors"
PROXY_SCOPE = "proxy hedges"
"""Scope of the expected gain of proxy hedges against their declared quotes: no headline."""


@dataclass(frozen=True)
class RiskTables:
    """Frames of risk_measures, risk_contributions, stress_results, limits, risk_methods and hedge_proposals."""

    measures: pl.DataFrame
    contributions: pl.DataFrame
    stress: pl.DataFrame
    limits: pl.DataFrame
    methods: pl.DataFrame
    proposals: pl.DataFrame


def assess(
    info: InformationSet,
    book: Book,
    scenario_paths: pl.DataFrame,
    plant_output: pl.DataFrame,
    dispatch: pl.DataFrame,
    errors: Sequence[ErrorHistory] = (),
) -> RiskTables:
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
    errors : sequence of ErrorHistory
        Past joint errors, for the methods that need days in their order and for past days as
        stresses; without them those tables are empty.

    Raises
    ------
    MissingDayError
        When a zone with a position lacks scenarios, a plant its output or an asset its schedule.
    """
    desk, day = info.desk, info.day
    held = valued(desk, day, book.positions, scenario_paths, plant_output, dispatch)
    by_zone, _ = scenario_pnl(held.fair, held.outlooks, desk.scenarios.paths)
    total = held.pnl
    view = sum(scenario_pnl(held.books, held.outlooks, desk.scenarios.paths)[0].values(), np.zeros(1)).mean() - total.mean()
    levels = sorted({*desk.risk.var_levels, *desk.risk.es_levels})
    history = book_history(held.fair, held.outlooks, errors)
    stresses = stress_results(desk, day, held.fair, held.outlooks, history if history.days else None)
    limits = limit_table(desk, day, book.positions, total, stresses, book.shadow_prices)
    return RiskTables(
        measures=_measures(day, {"book": total, **by_zone}, levels, float(view)),
        contributions=_contributions(desk, day, components(held.fair, held.outlooks) if held.fair else {"leg": {"physical": total}}),
        stress=stresses,
        limits=limits,
        methods=risk_methods(desk, day, history, _living(held, errors)),
        proposals=hedge_proposal(held, limits, info),
    )


def _living(held: ValuedBook, errors: Sequence[ErrorHistory]) -> dict[int, FloatArray]:
    found = {}
    for horizon in held.desk.risk.living_book_days:
        mw = living_mw(held.desk, held.day, horizon)
        found[horizon] = book_history(held.fair, held.outlooks, errors, mw).living if mw else np.zeros(0)
    return found


def _measures(day: DeliveryDay, scopes: dict[str, FloatArray], levels: list[float], view_eur: float) -> pl.DataFrame:
    rows = [
        {"delivery_day": day.day, "scope": scope, "method": METHOD, "scenarios": pnl.size, **row}
        for scope, pnl in scopes.items()
        for row in summary(pnl, levels)
    ]
    proxies = {"measure": "expected_pnl", "level": 0.0, "value_eur": view_eur, "standard_error_eur": None}
    rows.append({"delivery_day": day.day, "scope": PROXY_SCOPE, "method": METHOD, "scenarios": scopes["book"].size, **proxies})
    return table("risk_measures").frame(rows)


def _contributions(desk: Desk, day: DeliveryDay, kinds: dict[str, Parts]) -> pl.DataFrame:
    wanted: list[tuple[Measure, float]] = [("volatility", 0.0)]
    wanted += [("var", level) for level in sorted(set(desk.risk.var_levels))] + [("es", level) for level in sorted(set(desk.risk.es_levels))]
    rows = []
    for kind, parts in kinds.items():
        if not parts:
            continue
        stacked = np.stack(list(parts.values()))
        for measure, level in wanted:
            values = euler(stacked, measure, level) if stacked.shape[1] > 1 else np.zeros(len(parts))
            whole = float(values.sum())
            for name, value in zip(parts, values.tolist(), strict=True):
                row = {"measure": measure, "level": level, "component_kind": kind, "component": name}
                share = value / whole if whole != 0.0 else None
                rows.append({"delivery_day": day.day, **row, "contribution_eur": value, "share_of_total": share})
    return table("risk_contributions").frame(rows)
