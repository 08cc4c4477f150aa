"""Report sections of flexible assets: where they stand, what they are worth, when they act, what they sold, and what they earned.

What belongs here: from the day's `asset_states`, `right_decisions`, `orders_sent`, `asset_values`, `asset_thresholds`,
`block_orders`, `service_plans` and `dispatch_settled` to tables and charts. What does not: the committed schedule
(`outlook_sections.dispatch`), any number of its own.
"""

from __future__ import annotations

import polars as pl

from energy_pipeline.reporting.book_sections import NOT_SETTLED, groups, not_computed
from energy_pipeline.reporting.charts import Band, Steps, day_chart
from energy_pipeline.reporting.inputs import ReportInputs, starts_us
from energy_pipeline.reporting.view import Cell, ChartView, Head, Section, TableView, num, share_cell

VALUE_COLUMNS = (
    "value_eur",
    "standard_error_eur",
    "intrinsic_eur",
    "foresight_eur",
    "earnings_at_risk_eur",
    "npv_eur",
    "delta_base_mwh",
    "delta_peak_mwh",
    "gamma_mwh2_eur",
    "vega_eur_pct",
)
SETTLED_COLUMNS = (
    "margin_expected_eur",
    "margin_realised_eur",
    "margin_intrinsic_eur",
    "margin_rolling_intrinsic_eur",
    "margin_blocks_eur",
    "margin_foresight_eur",
)
ALWAYS_SO = 10_000.0
THRESHOLD_NOTE = "Thresholds of a half full store: it charges below the band, stands still inside it, discharges above; V_t at the median price."


def states(inputs: ReportInputs) -> Section:
    """Where each asset and right stands, and every right used or kept, with both of its numbers."""
    title = "States and rights"
    if not inputs.has("asset_states"):
        reason = "The desk has no flexible asset." if inputs.given("asset_states") else not_computed("asset_states")
        return Section("states", title, pending=reason)
    tables = [_states(inputs)]
    if inputs.has("right_decisions"):
        tables.append(_decisions(inputs))
    if inputs.has("orders_sent"):
        tables.append(_sent(inputs))
    notes = [
        "A day begins with what the day before left, and with what was known by the decision to have become of it.",
        "A right is used exactly when its payoff less its cost is at least what keeping it is worth.",
    ]
    return Section("states", title, tables, notes=notes, sources=inputs.sources("asset_states", "right_decisions", "orders_sent", "end_values"))


def _states(inputs: ReportInputs) -> TableView:
    heads = [
        Head("Asset", numeric=False),
        Head("begins", "MWh"),
        Head("ends", "MWh"),
        Head("an end MWh is worth", "¤/MWh"),
        Head("full", "MWh"),
        Head("cycles"),
        Head("of the year"),
        Head("taken", "MWh"),
        Head("calls used"),
        Head("days used"),
        Head("unit", numeric=False),
        Head("starts"),
        Head("Begin from", numeric=False),
    ]
    frame = inputs.frame("asset_states")
    begins = {r["asset"]: r for r in frame.filter(pl.col("kind") == "opening").to_dicts()}
    rows = []
    for r in frame.filter(pl.col("kind") == "decided").to_dicts():
        on = {True: "on", False: "off", None: ""}[r["is_on"]]
        since = "" if r["hours_so_far"] is None else f" for {r['hours_so_far']:g} h"
        curve = inputs.frame("end_values").filter(pl.col("asset") == r["asset"])
        rows.append(
            [
                Cell(r["asset"]),
                num(begins[r["asset"]]["content_start_mwh"], 1),
                num(r["content_end_mwh"], 1),
                num(_slope(curve, r["content_end_mwh"]), 1),
                num(r["capacity_mwh"], 1),
                num(r["cycles_day"], 2),
                num(r["cycles_year"], 2),
                num(r["take_mwh"], 0),
                num(r["calls_used"], 0),
                num(r["days_used"], 0),
                Cell(on + since if r["hours_so_far"] is None or r["hours_so_far"] < ALWAYS_SO else on),
                num(r["starts_year"], 0),
                Cell(r["basis"]),
            ]
        )
    return TableView("States", heads, rows)


def _slope(curve: pl.DataFrame, content: float | None) -> float | None:
    """What one more MWh at this content is worth by the day's end curve; one less where it is full."""
    if content is None or curve.height < 2:
        return None
    contents, values = curve["content_mwh"].to_list(), curve["value_eur"].to_list()
    at = max(n for n in range(len(contents) - 1) if contents[n] <= content + 1e-9 or n == 0)
    return float((values[at + 1] - values[at]) / (contents[at + 1] - contents[at]))


def _decisions(inputs: ReportInputs) -> TableView:
    heads = [
        Head("Right", numeric=False),
        Head("Kind", numeric=False),
        Head("energy", "MWh"),
        Head("payoff", "¤"),
        Head("cost", "¤"),
        Head("keeping", "¤"),
        Head("left after D", "¤"),
        Head("Decision", numeric=False),
    ]
    rows = [
        [
            Cell(r["asset"]),
            Cell(r["kind"]),
            num(r["quantity_mwh"], 0),
            *(num(r[c], 0) for c in ("payoff_eur", "cost_eur", "keeping_eur", "kept_eur")),
            Cell(r["why"]),
        ]
        for r in inputs.frame("right_decisions").to_dicts()
    ]
    return TableView("Rights used and kept", heads, rows)


def _sent(inputs: ReportInputs) -> TableView:
    """In which form each battery bids, and what every form would earn on the scenarios."""
    heads = [Head("Battery", numeric=False), Head("asked", numeric=False), Head("sent", numeric=False)]
    heads += [*(Head(t, "¤") for t in ("expected", "plan", "curve", "blocks")), Head("Why", numeric=False)]
    rows = [
        [
            *(Cell(r[n]) for n in ("asset", "asked", "form")),
            *(num(r[n], 0) for n in ("expected_eur", "plan_eur", "curve_eur", "blocks_eur")),
            Cell(r["why"]),
        ]
        for r in inputs.frame("orders_sent").to_dicts()
    ]
    return TableView("Orders sent, margin and energy left over the scenarios", heads, rows)


def flexibility(inputs: ReportInputs) -> Section:
    """What each asset and right is worth, the thresholds of sequential ones, capacity sold, blocks bid."""
    title = "Value of flexibility"
    if not inputs.has("asset_values"):
        reason = "The desk has no flexible asset." if inputs.given("asset_values") else not_computed("asset_values")
        return Section("flexibility", title, pending=reason)
    tables = [_values(inputs)]
    if inputs.has("block_orders"):
        tables.append(_blocks(inputs.frame("block_orders")))
    charts = [_threshold_chart(inputs, asset, part) for (asset,), part in groups(inputs.frame("asset_thresholds"), "asset")]
    for (asset,), part in groups(inputs.frame("service_plans"), "asset"):
        charts += _service_charts(inputs, asset, part)
    notes = ["Value is judged on paths the policy was not trained on; it lies between the plan on expected prices and perfect foresight."]
    if inputs.has("asset_thresholds"):
        notes.append(THRESHOLD_NOTE)
    if inputs.has("service_plans"):
        notes.append("Grid services: what is held back keeps every call deliverable; capacity payments are in the costs of the P&L, calls are not.")
    sources = inputs.sources("asset_values", "asset_thresholds", "block_orders", "service_plans")
    return Section("flexibility", title, tables, charts, notes, sources=sources)


def settled(inputs: ReportInputs) -> Section:
    """What the assets earned beside simpler rules and perfect foresight."""
    title = "Flexible assets, settled"
    if not inputs.has("dispatch_settled"):
        return Section("flexibility-settled", title, pending=NOT_SETTLED)
    heads = [
        Head("Asset", numeric=False),
        Head("Information", numeric=False),
        *(Head(t, "¤") for t in ("expected", "realised", "intrinsic", "rolling intrinsic", "block orders", "perfect foresight")),
        Head("share of foresight"),
    ]
    rows = [
        [
            Cell(r["asset"]),
            Cell(r["information"]),
            *(num(r[c], tone="strong" if c == "margin_realised_eur" else "") for c in SETTLED_COLUMNS),
            share_cell(r["share_of_foresight"]),
        ]
        for r in inputs.frame("dispatch_settled").to_dicts()
    ]
    note = (
        "In an auction nothing is seen between the bids, so realised, intrinsic and rolling intrinsic are one plan; "
        "block orders: what exclusive groups would have earned in its place."
    )
    tables = [TableView("Margins on the prices that came", heads, rows)]
    notes = [note]
    if inputs.has("asset_legs"):
        tables.append(_legs(inputs))
        notes += _saved(inputs)
    return Section("flexibility-settled", title, tables, notes=notes, sources=inputs.sources("dispatch_settled", "asset_legs"))


def _legs(inputs: ReportInputs) -> TableView:
    names = ("energy_eur", "cost_eur", "certificate_eur", "capacity_eur", "penalty_eur", "cash_eur", "inventory_eur", "total_eur")
    heads = [Head("Asset", numeric=False), Head("energy", "MWh"), *(Head(n.removesuffix("_eur"), "¤") for n in names)]
    heads += [Head("orders taken", numeric=False), Head("total if rejected", "¤")]
    rows = [
        [Cell(r["asset"]), num(r["energy_mwh"], 0), *(num(r[n], 0) for n in names), Cell(r["acceptance"]), num(r["rejected_eur"], 0)]
        for r in inputs.frame("asset_legs").to_dicts()
    ]
    return TableView("Cash of each asset and right, and what is left is worth more or less", heads, rows)


def _saved(inputs: ReportInputs) -> list[str]:
    rows = [r for r in inputs.frame("asset_legs").to_dicts() if max(r["saved_eur"], r["forgone_eur"]) >= 1.0]
    return [
        f"{r['asset']}: its step did not clear in every interval; standing still there saved {r['saved_eur']:,.0f} ¤"
        + (f" and forwent {r['forgone_eur']:,.0f} ¤ of payments its limit leaves out." if r["forgone_eur"] >= 1.0 else ".")
        for r in rows
    ]


def _values(inputs: ReportInputs) -> TableView:
    heads = [
        Head("Asset", numeric=False),
        Head("Kind", numeric=False),
        Head("Shipped", numeric=False),
        Head("days"),
        Head("value", "¤"),
        Head("error", "¤"),
        Head("plan", "¤"),
        Head("foresight", "¤"),
        Head("5 % quantile", "¤"),
        Head("NPV", "¤"),
        Head("delta base", "MWh"),
        Head("delta peak", "MWh"),
        Head("gamma", "MWh²/¤"),
        Head("vega", "¤/%"),
    ]
    rows = [
        [
            Cell(r["asset"]),
            Cell(f"{r['kind']}, {r['information']}"),
            Cell(r["shipped"]),
            num(r["horizon_days"]),
            *(num(r[c], 2 if c == "gamma_mwh2_eur" else 0, "strong" if c == "value_eur" else "") for c in VALUE_COLUMNS),
        ]
        for r in inputs.frame("asset_values").to_dicts()
    ]
    return TableView("What assets and rights are worth", heads, rows)


def _blocks(frame: pl.DataFrame) -> TableView:
    heads = [
        Head("Asset", numeric=False),
        Head("Window", numeric=False),
        Head("Side", numeric=False),
        Head("blocks"),
        Head("energy of a block", "MWh"),
    ]
    rows = []
    for (asset, number, side), part in groups(frame, "asset", "group_number", "side"):
        first = part.filter(pl.col("block_number") == 0)
        energy = sum(p * m / 60.0 for p, m in zip(first["quantity_mw"].to_list(), first["resolution_minutes"].to_list(), strict=True))
        rows.append([Cell(asset), Cell(str(number)), Cell(side), num(part["block_number"].n_unique()), num(energy, 1)])
    return TableView("Exclusive groups of block orders", heads, rows)


def _threshold_chart(inputs: ReportInputs, asset: str, part: pl.DataFrame) -> ChartView:
    """V_t and the prices between which a half full store stands still."""
    contents = sorted(part["content_mwh"].unique().to_list())
    half = part.filter(pl.col("content_mwh") == contents[len(contents) // 2]).sort("delivery_start")
    starts, minutes = starts_us(half), int(half["resolution_minutes"].to_list()[0])
    idle = Band("band wide", starts, minutes, half["charge_below_eur_mwh"].to_list(), half["discharge_above_eur_mwh"].to_list())
    value = Steps("line main", starts, minutes, half["energy_value_eur_mwh"].to_list())
    svg = day_chart(f"{asset} thresholds and V_t", "¤/MWh", inputs.delivery, [idle, value])
    return ChartView(f"{asset}, thresholds and V_t [¤/MWh]", svg, [("wide", "stands still: charges below, discharges above"), ("main", "V_t")])


def _service_charts(inputs: ReportInputs, asset: str, part: pl.DataFrame) -> list[ChartView]:
    """Content with what is held back of it, and the capacity sold."""
    one = part.filter(pl.col("service") == part["service"].min()).sort("delivery_start")
    starts, minutes = starts_us(one), int(one["resolution_minutes"].to_list()[0])
    stored, up, down = (one[c].to_list() for c in ("state_of_charge_mwh", "held_energy_up_mwh", "held_energy_down_mwh"))
    held = Band("band wide", starts, minutes, [s - u for s, u in zip(stored, up, strict=True)], [s + d for s, d in zip(stored, down, strict=True)])
    content = day_chart(f"{asset} content and what calls may make of it", "MWh", inputs.delivery, [held, Steps("line main", starts, minutes, stored)])
    charts = [ChartView(f"{asset}, content [MWh]", content, [("main", "if nothing is called"), ("wide", "whatever is called")])]
    for (service,), sold in groups(part, "service"):
        line = Steps("line main", starts_us(sold), minutes, sold["capacity_mw"].to_list())
        svg = day_chart(f"{service} capacity sold", "MW", inputs.delivery, [line], zero=True)
        charts.append(ChartView(f"{asset}, {service} [MW]", svg, [("main", "capacity sold")]))
    return charts
