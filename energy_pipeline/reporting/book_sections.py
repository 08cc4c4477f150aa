"""Sections about the book: P&L, positions, risk, stress, limits.

What belongs here: from the day's frames to view objects; every number is a column of a
table or a plain sum of one. What does not: layout (the template) or risk numbers of its own.
"""

from __future__ import annotations

import polars as pl

from energy_pipeline.reporting.inputs import ReportInputs, hours, mean, names, total
from energy_pipeline.reporting.view import UNKNOWN, Cell, Head, Section, TableView, Tone, bars, level, num, number, share_cell

NOT_SETTLED = "Not settled yet: this page was made at the decision, before the day was delivered and metered."
LIGHTS: dict[str, Tone] = {"green": "ok", "amber": "warn", "red": "bad"}
LEGS = {
    "physical_eur": "physical",
    "deviation_eur": "deviation",
    "speculative_eur": "speculative",
    "imbalance_fee_eur": "imbalance fee",
    "hedge_eur": "hedge",
    "hedge_proxy_eur": "hedge (proxy)",
    "costs_eur": "costs",
}


def not_computed(table: str) -> str:
    """Why a section of the decision is empty."""
    return f"Not available: table {table} has no rows for this delivery day."


def pnl(inputs: ReportInputs) -> Section:
    """P&L by zone in legs, once settled; the day-ahead part as soon as the auction is known."""
    section_tables, notes = [], []
    if inputs.has("pnl_day_ahead"):
        section_tables.append(_pnl_day_ahead(inputs))
    if inputs.has("pnl"):
        section_tables.insert(0, _pnl_final(inputs))
        frame = inputs.frame("pnl")
        as_of = frame["settled_as_of"].to_list()
        notes.append(f"Settled with data known at {inputs.local(max(as_of))}. Legs add up to the total.")
        estimated = frame.filter(pl.col("is_estimated"))
        if estimated.height:
            notes.append(
                f"Meters were missing in {estimated.height} interval(s) of {', '.join(names(estimated, 'zone'))}: expected output stands in."
            )
        if total(frame["hedge_proxy_eur"].to_list()):
            headline = total(frame["headline_eur"].to_list())
            notes.append(f"Hedges entered at declared proxy quotes stand apart; the headline without them: {number(headline)}.")
    elif inputs.has("pnl_day_ahead"):
        notes.append("Day-ahead result after the auction; deviations, fees and costs are not settled yet.")
    sources = inputs.sources("pnl", "pnl_day_ahead")
    return Section("pnl", "P&L of the day", section_tables, notes=notes, pending="" if section_tables else NOT_SETTLED, sources=sources)


def _pnl_final(inputs: ReportInputs) -> TableView:
    frame = inputs.frame("pnl")
    heads = [Head("Zone", numeric=False), *(Head(text, "¤") for text in LEGS.values()), Head("total", "¤"), Head("", numeric=False)]
    zones = names(frame, "zone")
    sums = {z: [total(frame.filter(pl.col("zone") == z)[c].to_list()) for c in (*LEGS, "total_eur")] for z in zones}
    drawn = bars([sums[z][-1] for z in zones])
    rows = [[Cell(z), *(num(v) for v in sums[z][:-1]), num(sums[z][-1], tone="strong"), bar] for z, bar in zip(zones, drawn, strict=True)]
    book = [total(frame[c].to_list()) for c in (*LEGS, "total_eur")]
    return TableView("Settled P&L by leg", heads, rows, [Cell("Book"), *(num(v) for v in book), Cell("")])


def _pnl_day_ahead(inputs: ReportInputs) -> TableView:
    frame = inputs.frame("pnl_day_ahead")
    heads = [
        Head("Zone", numeric=False),
        Head("Instrument", numeric=False),
        Head("revenue", "¤"),
        Head("half-spread cost", "¤"),
        Head("Quote", numeric=False),
    ]
    rows = []
    for (zone, instrument), part in groups(frame, "zone", "instrument"):
        proxy = Cell("proxy", "warn", pill=True) if part["is_proxy"].any() else Cell("", "muted")
        rows.append([Cell(zone), Cell(instrument), num(total(part["revenue_eur"].to_list())), num(total(part["cost_eur"].to_list())), proxy])
    return TableView("Known after the auction", heads, rows)


def groups(frame: pl.DataFrame, *columns: str) -> list[tuple[tuple[str, ...], pl.DataFrame]]:
    """Parts of a frame by text columns, in order of their values."""
    parts = frame.partition_by(list(columns), as_dict=True, maintain_order=True)
    return sorted(((tuple(str(v) for v in k), p) for k, p in parts.items()), key=lambda kp: kp[0])


def positions(inputs: ReportInputs) -> Section:
    """The decided book by zone and instrument, in MWh of base, peak and off-peak hours."""
    if not inputs.has("positions"):
        return Section("positions", "Positions", pending=not_computed("positions"))
    frame = inputs.frame("positions").with_columns(pl.Series("peak", inputs.peak(inputs.frame("positions"))))
    heads = [
        Head("Zone", numeric=False),
        Head("Instrument", numeric=False),
        Head("base", "MWh"),
        Head("peak", "MWh"),
        Head("off-peak", "MWh"),
        Head("traded today", "MWh"),
        Head("expected output", "MWh"),
        Head("mean reference price", "¤/MWh"),
        Head("", numeric=False),
    ]
    rows = [_position_row(zone, instrument, part) for (zone, instrument), part in groups(frame, "zone", "instrument")]
    notes = ["Bought is positive: a day-ahead sale of generation is negative. Base is all hours, peak Monday to Friday 08-20 local."]
    if frame["is_proxy"].any():
        notes.append("Positions marked proxy are valued at a declared proxy, not a quote.")
    notes += _solution_notes(inputs)
    return Section(
        "positions",
        "Positions by zone and block",
        [TableView("Net position", heads, rows)],
        notes=notes,
        sources=inputs.sources("positions", "portfolio_solution"),
    )


def _position_row(zone: str, instrument: str, part: pl.DataFrame) -> list[Cell]:
    length, power, peak = hours(part), part["position_mw"].to_list(), part["peak"].to_list()
    energy = [p * h for p, h in zip(power, length, strict=True)]
    at_peak = total(e for e, inside in zip(energy, peak, strict=True) if inside)
    traded = total(t * h for t, h in zip(part["traded_mw"].to_list(), length, strict=True))
    outputs = part["expected_output_mw"].to_list()
    output = total(g * h for g, h in zip(outputs, length, strict=True) if g is not None) if any(g is not None for g in outputs) else None
    return [
        Cell(zone),
        Cell(instrument),
        num(total(energy), 1, "strong"),
        num(at_peak, 1),
        num(total(energy) - at_peak, 1),
        num(traded, 1),
        num(output, 1),
        num(mean(part["reference_price_eur_mwh"].to_list()), 2),
        Cell("proxy", "warn", pill=True) if part["is_proxy"].any() else Cell(""),
    ]


def _solution_notes(inputs: ReportInputs) -> list[str]:
    notes = []
    for row in inputs.frame("portfolio_solution").to_dicts():
        gap = row["bound_eur"] - row["objective_eur"]
        notes.append(
            f"Optimisation ({row['objective_name']}, {row['solver']}): {row['status']}; E[P&L] {number(row['expected_pnl_eur'])} ¤, "
            f"CVaR {level(row['confidence'])} {number(row['cvar_eur'])} ¤, risk aversion {row['risk_aversion']:g}; "
            f"at most {number(max(gap, 0.0))} ¤ below the bound; binding limits: {row['binding_limits'] or 'none'}."
        )
    return notes


def contributions(inputs: ReportInputs) -> Section:
    """What makes the book's risk: Euler contributions that add up, and what diversification takes off."""
    if not inputs.has("risk_contributions"):
        return Section("contributions", "Risk by component", pending=not_computed("risk_contributions"), narrow=True)
    # The parts of VaR and the finer kinds stay in the table: the page shows where the tail comes from.
    frame = inputs.frame("risk_contributions").filter(
        pl.col("measure") != "var", pl.col("component_kind").is_in(["zone", "leg"]) | (pl.col("measure") == "es")
    )
    section_tables = []
    for (measure, confidence, kind), part in frame.partition_by(["measure", "level", "component_kind"], as_dict=True, maintain_order=True).items():
        ordered = part.sort("contribution_eur", "component", descending=[True, False])
        values = ordered["contribution_eur"].to_list()
        title = f"ES {level(confidence)}" if measure == "es" else "Volatility"
        rows = [
            [Cell(str(r["component"])), num(r["contribution_eur"]), share_cell(r["share_of_total"]), num(r["incremental_eur"]), bar]
            for r, bar in zip(ordered.to_dicts(), bars(values), strict=True)
        ]
        heads = [
            Head(str(kind).replace("_", " ").capitalize(), numeric=False),
            Head("contribution", "¤"),
            Head("share"),
            Head("book without it less", "¤"),
        ]
        heads.append(Head("", numeric=False))
        what = str(kind).replace("_", " ")
        section_tables.append(TableView(f"{title} by {what}", heads, rows, [Cell("Book"), num(total(values)), Cell(""), Cell(""), Cell("")]))
    return Section(
        "contributions",
        "Risk by component",
        section_tables,
        notes=[*_diversification(inputs), "Losses against the expected day are positive; a negative contribution hedges the book."],
        sources=inputs.sources("risk_contributions", "risk_measures"),
        narrow=True,
    )


def _diversification(inputs: ReportInputs) -> list[str]:
    measures = inputs.frame("risk_measures").filter(pl.col("measure") == "es")
    notes = []
    for confidence in sorted(set(measures["level"].to_list())):
        at = measures.filter(pl.col("level") == confidence)
        alone = total(at.filter(~pl.col("scope").is_in(["book", "proxy hedges"]))["value_eur"].to_list())
        book = at.filter(pl.col("scope") == "book")["value_eur"].to_list()
        if book and alone:
            notes.append(
                f"Zones alone add up to an ES {level(confidence)} of {number(alone)} ¤; diversification takes off {number(alone - book[0])} ¤."
            )
    return notes


def var_exceptions(inputs: ReportInputs) -> Section:
    """Whether the day fell short of its expectation by more than the VaR it was decided with."""
    if not inputs.has("var_exceptions"):
        return Section("exceptions", "VaR exception", pending=NOT_SETTLED, narrow=True)
    heads = [
        Head("Level", numeric=False),
        Head("VaR", "¤"),
        Head("ES", "¤"),
        Head("expected P&L", "¤"),
        Head("settled P&L", "¤"),
        Head("Outcome", numeric=False),
        Head("Leg furthest short", numeric=False),
        Head("by", "¤"),
    ]
    rows = [
        [
            Cell(level(r["level"])),
            num(r["var_eur"]),
            num(r["es_eur"]),
            num(r["expected_pnl_eur"]),
            num(r["pnl_eur"]),
            Cell("exception", "bad", pill=True) if r["is_exception"] else Cell("inside", "ok", pill=True),
            Cell((r["cause"] or UNKNOWN).replace("_", " ")),
            num(r["cause_eur"]),
        ]
        for r in inputs.frame("var_exceptions").to_dicts()
    ]
    return Section(
        "exceptions",
        "VaR exception",
        [TableView("Expected less settled P&L, against VaR", heads, rows)],
        sources=inputs.sources("var_exceptions"),
        narrow=True,
    )


def stress(inputs: ReportInputs) -> Section:
    """Stresses, worst first."""
    if not inputs.has("stress_results"):
        reason = "The desk declares no stress." if inputs.given("stress_results") else not_computed("stress_results")
        return Section("stress", "Stress", pending=reason, narrow=True)
    frame = inputs.frame("stress_results").with_columns(left=pl.coalesce("repriced_change_eur", "change_eur")).sort("left", "stress")
    heads = [Head("Stress", numeric=False), Head("What happens", numeric=False), Head("P&L", "¤"), Head("change", "¤")]
    heads += [Head("new schedules", "¤"), Head("options", "¤"), Head("repriced", "¤"), Head("", numeric=False)]
    rows = [
        [
            Cell(r["stress"]),
            Cell(r["description"], "muted"),
            num(r["pnl_eur"]),
            num(r["change_eur"]),
            num(r["redispatch_eur"]),
            num(r["options_eur"]),
            num(r["repriced_change_eur"], tone="strong"),
            bar,
        ]
        for r, bar in zip(frame.to_dicts(), bars(frame["left"].to_list()), strict=True)
    ]
    table = TableView("P&L of the day under stress", heads, rows)
    notes = ["Repriced: the change with batteries scheduled anew and options that are not nominated at their stressed value."]
    return Section("stress", "Stress, worst first", [table], notes=notes, sources=inputs.sources("stress_results"))


def limits(inputs: ReportInputs) -> Section:
    """Use of every limit, fullest first."""
    if not inputs.has("limits"):
        reason = "The desk declares no limit." if inputs.given("limits") else not_computed("limits")
        return Section("limits", "Limits", pending=reason)
    frame = inputs.frame("limits").sort("use_share", "limit_name", "scope", descending=[True, False, False])
    heads = [
        Head("Limit", numeric=False),
        Head("Scope", numeric=False),
        Head("used"),
        Head("bound"),
        Head("Unit", numeric=False),
        Head("use"),
        Head("", numeric=False),
        Head("Status", numeric=False),
        Head("worth of one more unit", "¤"),
    ]
    rows = [
        [
            Cell(r["limit_name"]),
            Cell(r["scope"]),
            num(r["used"], 1),
            num(r["bound"], 1),
            Cell(r["unit"], "muted"),
            share_cell(r["use_share"]),
            Cell("", LIGHTS[r["status"]], bar=min(max(r["use_share"], 0.0), 1.0)),
            Cell(r["status"], LIGHTS[r["status"]], pill=True),
            num(r["shadow_price_eur"], 2),
        ]
        for r in frame.to_dicts()
    ]
    return Section("limits", "Limits", [TableView("Use of limits, fullest first", heads, rows)], sources=inputs.sources("limits"))
