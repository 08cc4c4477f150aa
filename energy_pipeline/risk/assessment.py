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

from energy_pipeline.book.grid import on_grid
from energy_pipeline.book.history import book_history
from energy_pipeline.book.outlook import Acting
from energy_pipeline.book.positions import Book
from energy_pipeline.book.valued import ValuedBook, scenario_pnl, valued
from energy_pipeline.contracts import table
from energy_pipeline.desk import Desk
from energy_pipeline.domain.delivery import DeliveryDay, FloatArray
from energy_pipeline.domain.history import ErrorHistory
from energy_pipeline.information.archive import InformationSet
from energy_pipeline.mathematics.statistics.decomposition import Contribution, Measure, decompose
from energy_pipeline.mathematics.statistics.measures import summary
from energy_pipeline.portfolio.forwards.daily import HeldForwards
from energy_pipeline.risk.components import Parts, components, contract_sizes_mw
from energy_pipeline.risk.exposures import factor_exposures
from energy_pipeline.risk.hedging import hedge_proposal
from energy_pipeline.risk.limits import limit_table, view_uses
from energy_pipeline.risk.marks import mark_to_market
from energy_pipeline.risk.methods import living_mw, risk_methods
from energy_pipeline.risk.option_stress import OptionBook
from energy_pipeline.risk.stress import stress_results

METHOD = "historical_errors"
PROXY_SCOPE = "proxy hedges"
"""Scope of the expected gain of proxy hedges against their declared quotes: no headline."""


@dataclass(frozen=True)
class RiskTables:
    """Frames of risk_measures, risk_contributions, stress_results, limits, risk_methods, hedge_proposals, factor_exposures and mark_to_market."""

    measures: pl.DataFrame
    contributions: pl.DataFrame
    stress: pl.DataFrame
    limits: pl.DataFrame
    methods: pl.DataFrame
    proposals: pl.DataFrame
    exposures: pl.DataFrame
    marks: pl.DataFrame


@dataclass(frozen=True)
class MoreInputs:
    """What some of the tables need beside the book and its scenarios; without it they are empty or their columns null.

    Attributes
    ----------
    forward_curve, signals, deals, curve_days, programme : frames of those tables (programme: hedge_programme)
    factor_returns : DataFrame
        The desk's own factor file (`factor_file.checked_factors`).
    forwards : HeldForwards
        The desk's forward book: its options are repriced in stresses.
    acting : tuple of Acting
        Stores that act on prices as they come.
    """

    forward_curve: pl.DataFrame | None = None
    signals: pl.DataFrame | None = None
    factor_returns: pl.DataFrame | None = None
    forwards: HeldForwards | None = None
    acting: tuple[Acting, ...] = ()
    deals: pl.DataFrame | None = None
    curve_days: pl.DataFrame | None = None
    programme: pl.DataFrame | None = None


def assess(
    info: InformationSet,
    book: Book,
    scenario_paths: pl.DataFrame,
    plant_output: pl.DataFrame,
    dispatch: pl.DataFrame,
    errors: Sequence[ErrorHistory] = (),
    more: MoreInputs = MoreInputs(),
) -> RiskTables:
    """Risk of the decided book over the joint forecast errors.

    VaR and ES are of the loss against expectation, E[P&L] - P&L, so that the revenue a day
    is expected to bring hides no risk. ES is given at every VaR level too. Proxy hedges are
    marked to the scenarios' mean (`book.pnl.at_fair_value`); what they are expected to
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
    more : MoreInputs

    Raises
    ------
    MissingDayError
        When a zone with a position lacks scenarios, a plant its output or an asset its schedule.
    """
    desk, day = info.desk, info.day
    held = valued(desk, day, book.positions, scenario_paths, plant_output, dispatch, more.acting)
    by_zone, _ = scenario_pnl(held.fair, held.outlooks, desk.scenarios.paths)
    total = held.pnl
    view = sum(scenario_pnl(held.books, held.outlooks, desk.scenarios.paths)[0].values(), np.zeros(1)).mean() - total.mean()
    levels = sorted({*desk.risk.var_levels, *desk.risk.es_levels})
    history = book_history(held.fair, held.outlooks, errors)
    options = None if more.forward_curve is None else OptionBook(info, held.outlooks, more.forward_curve, more.forwards)
    stresses = stress_results(desk, day, held.fair, held.outlooks, history if history.days else None, options)
    exposures = factor_exposures(info, history, errors, more.factor_returns)
    views = [] if more.programme is None else view_uses(desk, day, book.positions, more.programme, held.outlooks)
    limits = limit_table(desk, day, book.positions, total, stresses, book.shadow_prices, exposures, views)
    return RiskTables(
        measures=_measures(day, {"book": total, **by_zone}, levels, float(view)),
        contributions=_contributions(desk, day, _parts(held, more.signals, total), contract_sizes_mw(held.fair)),
        stress=stresses,
        limits=limits,
        methods=risk_methods(desk, day, history, _living(held, errors)),
        proposals=hedge_proposal(held, limits, info),
        exposures=exposures,
        marks=_marks(desk, day, more),
    )


def _parts(held: ValuedBook, signals: pl.DataFrame | None, total: FloatArray) -> dict[str, Parts]:
    """P&L by part; tradable strategies by name where the signals are given."""
    if not held.fair:
        return {"leg": {"physical": total}}
    targets: dict[str, dict[str, FloatArray]] = {}
    rows = table("signals").frame() if signals is None else signals.filter(pl.col("label") == "tradable", pl.col("zone").is_in(list(held.fair)))
    for part in rows.sort("zone", "strategy", "delivery_start").partition_by("zone", "strategy", maintain_order=True):
        zone = part["zone"][0]
        targets.setdefault(zone, {})[part["strategy"][0]] = np.nan_to_num(on_grid(part, "target_mw", held.outlooks[zone].grid))
    return components(held.fair, held.outlooks, targets=targets)


def _marks(desk: Desk, day: DeliveryDay, more: MoreInputs) -> pl.DataFrame:
    known = more.deals is not None and more.curve_days is not None
    return mark_to_market(desk, day, more.deals, more.curve_days) if known else table("mark_to_market").frame()  # type: ignore[arg-type]


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


def _contributions(desk: Desk, day: DeliveryDay, kinds: dict[str, Parts], sizes_mw: dict[str, float]) -> pl.DataFrame:
    wanted: list[tuple[Measure, float]] = [("volatility", 0.0)]
    wanted += [("var", level) for level in sorted(set(desk.risk.var_levels))] + [("es", level) for level in sorted(set(desk.risk.es_levels))]
    rows = []
    for kind, parts in kinds.items():
        for measure, level in wanted if parts else []:
            found = contributions_of(parts, measure, level, sizes_mw if kind == "contract" else {})
            whole = sum((c.euler_eur for c in found), 0.0)
            for own in found:
                row: dict[str, object] = {
                    "measure": measure,
                    "level": level,
                    "component_kind": kind,
                    "component": own.component,
                    "contribution_eur": own.euler_eur,
                }
                row |= {"share_of_total": own.euler_eur / whole if whole != 0.0 else None}
                row |= {"incremental_eur": own.incremental_eur, "marginal_eur_mw": own.marginal_eur_per_unit}
                rows.append({"delivery_day": day.day, **row})
    return table("risk_contributions").frame(rows)


def contributions_of(parts: Parts, measure: Measure, level: float, sizes: dict[str, float]) -> list[Contribution]:
    """`decompose`; one scenario has no risk to split."""
    if next(iter(parts.values())).size > 1:
        return decompose(parts, measure, level, sizes)
    return [Contribution(name, 0.0, 0.0, None) for name in parts]
