"""Sections about the book's rivals and its bids.

What belongs here: objectives side by side, regret, what hedges save, the hedge programme and views, the bids with their why. What does not: the
decided book (`book_sections`), numbers of its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from energy_pipeline.reporting.book_sections import not_computed
from energy_pipeline.reporting.inputs import ReportInputs
from energy_pipeline.reporting.view import Cell, Head, Section, TableView, bars, num, number, share_cell

SHOWN_BIDS = 12
MW = ("target_mw", "held_mw", "programme_mw")
JUDGED = ("tracking_error_eur", "judged_paths", "view_es_limit_eur")
TRUST = ("edge_eur_mwh", "trust", "skill_t")
EARNED = ("quote_eur_mwh", "settled_eur_mwh", "programme_mw", "view_mw", "programme_eur", "view_eur")


def rivals(inputs: ReportInputs) -> Section:
    """Every objective on the same scenarios, what it would have made, and regret over the settled days."""
    if not inputs.has("objective_comparison"):
        return Section("rivals", "The book against other objectives", pending=not_computed("objective_comparison"))
    results = {r["objective_name"]: r for r in inputs.frame("objective_results").to_dicts()}
    frame = inputs.frame("objective_comparison").sort("expected_pnl_eur", "objective_name", descending=[True, False])
    heads = [Head("Objective", numeric=False), Head("expected P&L", "¤"), Head("volatility", "¤"), Head("CVaR", "¤"), Head("worst", "¤")]
    heads += [Head("traded", "MW"), Head("ES limit", numeric=False)]
    heads += [Head("settled P&L", "¤"), Head("regret", "¤")] if results else []
    rows = []
    for r in frame.to_dicts():
        kept = Cell("kept", "ok", pill=True) if r["within_es_limit"] else Cell("broken", "bad", pill=True)
        measures = [num(r[c]) for c in ("expected_pnl_eur", "volatility_eur", "cvar_eur", "worst_eur")]
        settled = [num(results.get(r["objective_name"], {}).get(c)) for c in ("pnl_eur", "regret_eur")] if results else []
        rows.append([Cell(r["objective_name"], "strong" if r["objective_name"] == "desk" else ""), *measures, num(r["traded_mw"], 1), kept, *settled])
    tables = [TableView("Same scenarios, same limits, exact fees", heads, rows)]
    tables += [_scores(inputs)] if inputs.has("objective_scores") else []
    notes = ["Losses are positive in CVaR and worst. Regret is against the best decisions in hindsight under the same limits."]
    notes += [] if results else ["What each would have made, and its regret, follow once the day is settled."]
    return Section(
        "rivals",
        "The book against other objectives",
        tables,
        notes=notes,
        sources=inputs.sources("objective_comparison", "objective_results", "objective_scores"),
    )


def _scores(inputs: ReportInputs) -> TableView:
    frame = inputs.frame("objective_scores").sort("mean_regret_eur", "objective_name")
    heads = [
        Head("Objective", numeric=False),
        Head("days"),
        Head("mean P&L", "¤"),
        Head("mean regret", "¤"),
        Head("95 % interval", numeric=False),
    ]
    heads += [Head("desk ahead by", "¤"), Head("95 % interval", numeric=False), Head("", numeric=False)]
    rows = [
        [
            Cell(r["objective_name"]),
            num(r["days"]),
            num(r["mean_pnl_eur"]),
            num(r["mean_regret_eur"]),
            Cell(_interval(r["mean_regret_low_eur"], r["mean_regret_high_eur"]), "muted"),
            num(r["desk_ahead_eur"]),
            Cell(_interval(r["desk_ahead_low_eur"], r["desk_ahead_high_eur"]), "muted"),
            bar,
        ]
        for r, bar in zip(frame.to_dicts(), bars(frame["mean_regret_eur"].to_list()), strict=True)
    ]
    return TableView("Per settled day, block bootstrap of weeks", heads, rows)


def _interval(low: float | None, high: float | None) -> str:
    return "too few days" if low is None or high is None else f"{number(low)} .. {number(high)}"


def hedging(inputs: ReportInputs) -> Section:
    """What the contracts take off the risk and cost."""
    if not inputs.has("hedge_effectiveness"):
        return Section("hedging", "Hedge effectiveness", pending=not_computed("hedge_effectiveness"), narrow=True)
    heads = [Head("Scope", numeric=False), Head("volatility unhedged", "¤"), Head("hedged", "¤"), Head("variance taken off")]
    heads += [Head("CVaR unhedged", "¤"), Head("hedged", "¤"), Head("CVaR taken off"), Head("premium", "¤")]
    rows = [_hedged(r) for r in inputs.frame("hedge_effectiveness").to_dicts()]
    tables = [TableView("Physical book with its contracts against the physical book alone", heads, rows)]
    settled = inputs.frame("hedge_results").to_dicts()
    if settled:
        tables.append(TableView(f"The same over {settled[0]['days']} settled days", heads, [_hedged(r) for r in settled]))
    return Section(
        "hedging",
        "Hedge effectiveness",
        tables,
        notes=["CVaR is of the loss against the expected (settled: the mean) day. A negative premium is earned."],
        sources=inputs.sources("hedge_effectiveness", "hedge_results"),
    )


def programme(inputs: ReportInputs) -> Section:
    """The hedge programme and what it takes off, then the views beside it and what both earned."""
    if not inputs.has("hedge_programme"):
        reason = "The desk keeps no hedge programme." if inputs.given("hedge_programme") else not_computed("hedge_programme")
        return Section("programme", "Hedge programme and views", pending=reason)
    found = inputs.frame("hedge_programme").to_dicts()
    heads = [Head(n, numeric=False) for n in ("Zone", "Block", "Tenor")]
    heads += [Head("target", "MW"), Head("held before", "MW"), Head("traded", "MW"), Head("sold of output"), Head("note", numeric=False)]
    rows = [
        [*map(Cell, (r["zone"], r["block"], r["tenor"])), *(num(r[n], 1) for n in MW), share_cell(r["ratio"]), Cell(r["note"], "muted")]
        for r in found
    ]
    tables = [TableView("The programme", heads, rows), *_judged(found), *_views(found), *_earned(inputs.frame("view_results").to_dicts())]
    notes = [
        "The programme is chosen on every second path and judged on the others.",
        "A view is believed as far as past ones came true against the quote (k), and has a limit and a result of its own.",
    ]
    return Section("programme", "Hedge programme and views", tables, notes=notes, sources=inputs.sources("hedge_programme", "view_results"))


def _judged(found: Sequence[Mapping[str, Any]]) -> list[TableView]:
    heads = [Head("variance taken off"), Head("CVaR taken off"), Head("tracking error", "¤"), Head("paths"), Head("limit of the views' ES", "¤")]
    rows = [
        [*(share_cell(r[n]) for n in ("effectiveness", "tail_effectiveness")), *(num(r[n]) for n in JUDGED)]
        for r in found
        if r["judged_paths"] is not None
    ]
    return [TableView("On paths that did not choose it", heads, rows)] if rows else []


def _views(found: Sequence[Mapping[str, Any]]) -> list[TableView]:
    heads = [Head("Contract", numeric=False), Head("published mean less quote", "¤/MWh"), Head("k"), Head("t of the skill"), Head("days")]
    rows = [
        [Cell(f"{r['zone']} {r['block']}"), *(num(r[n], 2) for n in TRUST), num(r["skill_days"]), num(r["view_limit_mw"], 1)]
        for r in found
        if r["edge_eur_mwh"] is not None
    ]
    return [TableView("Views against the quotes", [*heads, Head("may trade", "MW")], rows)] if rows else []


def _earned(found: Sequence[Mapping[str, Any]]) -> list[TableView]:
    heads = [Head("Contract", numeric=False), Head("quote", "¤/MWh"), Head("settled", "¤/MWh"), Head("programme", "MW"), Head("view", "MW")]
    rows = [
        [Cell(f"{r['zone']} {r['block']}"), *(num(r[n], 2) for n in EARNED[:4]), *(num(r[n]) for n in EARNED[4:]), _proxy(r["is_proxy"])]
        for r in found
    ]
    more = [Head("programme earned", "¤"), Head("view earned", "¤"), Head("quote is a", numeric=False)]
    return [TableView("What they earned in the auction", [*heads, *more], rows)] if rows else []


def _proxy(is_proxy: bool) -> Cell:
    return Cell("proxy" if is_proxy else "", "warn")


def _hedged(r: Mapping[str, Any]) -> list[Cell]:
    """Unhedged, hedged and what it costs."""
    return [
        Cell(r["scope"]),
        num(r["volatility_unhedged_eur"]),
        num(r["volatility_hedged_eur"]),
        share_cell(r["variance_effectiveness"]),
        num(r["cvar_unhedged_eur"]),
        num(r["cvar_hedged_eur"]),
        share_cell(r["cvar_effectiveness"]),
        num(r["premium_eur"]),
    ]


def bids(inputs: ReportInputs) -> Section:
    """The bids whose next best alternative costs most, and what holds them."""
    if not inputs.has("nomination_lines"):
        reason = "Nothing is bid for this day." if inputs.given("nomination_lines") else not_computed("nomination_lines")
        return Section("bids", "Bids and their why", pending=reason)
    frame = inputs.frame("nomination_lines")
    top = frame.sort("next_best_costs_eur", "zone", "delivery_start", descending=[True, False, False], nulls_last=True).head(SHOWN_BIDS)
    heads = [
        Head("Zone", numeric=False),
        Head("Start", numeric=False),
        Head("Kind", numeric=False),
        Head("Side", numeric=False),
        Head("volume", "MW"),
    ]
    heads += [
        Head("limit", "¤/MWh"),
        Head("forecast", "¤/MWh"),
        Head("held by", numeric=False),
        Head("next best", numeric=False),
        Head("costs", "¤"),
    ]
    rows = [
        [
            Cell(r["zone"]),
            Cell(inputs.local(r["delivery_start"])),
            Cell(f"{r['kind'].replace('_', ' ')} {r['asset']}".strip(), "muted"),
            Cell(r["side"]),
            num(r["volume_mw"], 1),
            num(r["limit_price_eur_mwh"], 2),
            num(r["forecast_eur_mwh"], 2),
            Cell(r["binding_limit"], "muted"),
            Cell(r["next_best_action"], "muted"),
            num(r["next_best_costs_eur"], 2),
        ]
        for r in top.to_dicts()
    ]
    blocks = frame.filter(pl.col("kind") == "loop_block")["asset"].n_unique()
    notes = [f"{frame.height} lines, {blocks} loop block(s); shown are those whose next best bid would cost most."]
    return Section("bids", "Bids and their why", [TableView("Bids", heads, rows)], notes=notes, sources=inputs.sources("nomination_lines"))
