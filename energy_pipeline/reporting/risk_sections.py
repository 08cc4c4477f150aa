"""Sections about risk beyond the day's measures: methods, tests, factors, marks, attribution, proposals, breaches.

What belongs here: those sections. What does not: contributions, stresses and limits (`book_sections`), numbers of its own.
"""

from __future__ import annotations

import polars as pl

from energy_pipeline.reporting.book_sections import NOT_SETTLED, not_computed
from energy_pipeline.reporting.inputs import ReportInputs
from energy_pipeline.reporting.view import MONEY, Cell, Head, Section, TableView, bars, level, num, number, share_cell

LEG_ORDER = (
    *("delta", "shape", "rejected", "volume", "gamma", "vega", "time", "deviation", "speculative", "imbalance_fee", "new_deals", "gone_deals", "fx"),
    *("physical", "hedge", "hedge_proxy", "costs", "unexplained", "change"),
)
PARTS = {
    "delivered": "From the curve of the decision to the settlement",
    "options": "Assets and rights between two valuations",
    "restated": "What later vintages changed",
}
TESTS_OK = 0.05


def methods(inputs: ReportInputs) -> Section:
    """VaR and shortfall by every method, and over longer horizons."""
    if not inputs.has("risk_methods"):
        reason = "Too few days of forecast errors." if inputs.given("risk_methods") else not_computed("risk_methods")
        return Section("methods", "VaR by method", pending=reason, sources=inputs.sources("risk_methods"))
    frame = inputs.frame("risk_methods").sort("scope", "horizon_days", "method", "scaling", "level")
    heads = [Head("Book", numeric=False), Head("Method", numeric=False), Head("days"), Head("Level", numeric=False)]
    heads += [Head("VaR", "¤"), Head("+-", "¤"), Head("ES", "¤"), Head("+-", "¤"), Head("Note", numeric=False)]
    rows = [
        [
            Cell(r["scope"]),
            Cell(r["method"].replace("_", " ") + ("" if r["scaling"] == "none" else f", {r['scaling'].replace('_', ' ')}")),
            num(r["horizon_days"]),
            Cell(level(r["level"])),
            num(r["var_eur"], tone="strong"),
            num(r["var_error_eur"]),
            num(r["es_eur"]),
            num(r["es_error_eur"]),
            Cell(r["note"], "muted"),
        ]
        for r in frame.to_dicts()
    ]
    days = max(frame["error_days"].to_list())
    notes = [f"On the joint forecast errors of {days} past days; losses against the expected day. +- is the sampling error."]
    return Section("methods", "VaR by method", [TableView("VaR and ES by method", heads, rows)], notes=notes, sources=inputs.sources("risk_methods"))


def backtests(inputs: ReportInputs) -> Section:
    """Whether VaR and shortfall held over the settled days."""
    if not inputs.has("var_backtests"):
        return Section("backtests", "VaR over the settled days", pending=NOT_SETTLED, narrow=True)
    table = _tests(inputs, "var_backtests", "Exceptions against what the level allows")
    notes = ["The traffic light needs 250 settled days; under them there is no verdict."]
    notes += ["A p below .05 speaks against the model. Z2 is 0 when the shortfall is right and negative when it is too small."]
    return Section("backtests", "VaR over the settled days", [table], notes=notes, sources=inputs.sources("var_backtests"), narrow=True)


def _tests(inputs: ReportInputs, name: str, title: str) -> TableView:
    """Tests of exceptions; under 250 days nothing is called bad."""
    heads = [Head("Level", numeric=False), Head("days"), Head("exceptions"), Head("expected"), Head("Kupiec p"), Head("independence p")]
    heads += [Head("both p"), Head("ES Z2"), Head("PIT p"), Head("Basel", numeric=False)]
    light = {"green": "ok", "yellow": "warn", "red": "bad", "too_few": "muted"}
    rows = [
        [
            Cell(level(r["level"])),
            num(r["days"]),
            num(r["exceptions"], tone="strong"),
            num(r["expected_exceptions"], 1),
            *(
                num(r[p], 3, "bad" if r["traffic_light"] != "too_few" and r[p] < TESTS_OK else "")
                for p in ("kupiec_p", "independence_p", "conditional_p")
            ),
            num(r["es_statistic"], 2),
            num(r.get("pit_p"), 3),
            Cell(r["traffic_light"].replace("_", " "), light[r["traffic_light"]], pill=True),  # type: ignore[arg-type]
        ]
        for r in inputs.frame(name).to_dicts()
    ]
    return TableView(title, heads, rows)


def expectation(inputs: ReportInputs) -> Section:
    """Whether what was expected came: P&L of the book, and the published mean by zone and lead."""
    if not inputs.has("expectation_record"):
        return Section("expectation", "Expected against settled", pending=NOT_SETTLED, narrow=True)
    heads = [Head("Of", numeric=False), Head("Zone", numeric=False), Head("Expected", numeric=False), Head("days"), Head("expected"), Head("settled")]
    heads += [
        Head("difference"),
        Head("Unit", numeric=False),
        Head("HAC t"),
        Head("p"),
        Head("p of all"),
        Head("RMSE"),
        Head("of the naive"),
        Head("skill"),
        Head("t of it"),
    ]
    heads += [Head("allowed bias")]
    heads += [Head("", numeric=False)]
    tones = {"inside": "ok", "outside": "bad", "too_short": "muted", "untested": "muted"}
    rows = [
        [
            Cell(r["quantity"].replace("_", " ")),
            Cell(r["zone"]),
            Cell(r["lead_group"]),
            num(r["days"]),
            num(r["expected"], 2),
            num(r["settled"], 2),
            num(r["difference"], 2, "strong"),
            Cell(r["unit"].replace("EUR", MONEY), "muted"),
            num(r["hac_t"], 2),
            num(r["p_value"], 3),
            num(r["p_holm"], 3, "bad" if r["p_holm"] is not None and r["p_holm"] < TESTS_OK else ""),
            num(r["rmse"], 2),
            num(r["rmse_naive"], 2),
            share_cell(r["skill"]),
            num(r["skill_t"], 2),
            num(r["allowed"], 2),
            Cell(r["verdict"].replace("_", " "), tones[r["verdict"]], pill=True),  # type: ignore[arg-type]
        ]
        for r in inputs.frame("expectation_record").to_dicts()
    ]
    notes = ["The mean is the integral of the published distribution; p of all is Holm's over the rows. Under 14 days nothing is tested."]
    table = TableView("Mean of the settled days", heads, rows)
    return Section("expectation", "Expected against settled", [table], notes=notes, sources=inputs.sources("expectation_record"), narrow=True)


def factors(inputs: ReportInputs) -> Section:
    """What the book's risk goes with."""
    if not inputs.has("factor_exposures"):
        reason = "Too few days of forecast errors." if inputs.given("factor_exposures") else not_computed("factor_exposures")
        return Section("factors", "Risk by factor", pending=reason, sources=inputs.sources("factor_exposures"))
    frame = inputs.frame("factor_exposures").filter(pl.col("scope") == "book")
    tables, notes = [], []
    titles = {"named": "Named factors", "component": "Principal components of the price factors", "file": "The desk's own factors"}
    for kind, title in titles.items():
        part = frame.filter(pl.col("factor_kind") == kind).sort(pl.col("contribution_eur").abs(), "factor", descending=[True, False])
        if part.is_empty():
            continue
        heads = [Head("Factor", numeric=False), Head("per unit", "¤"), Head("earlier", "¤"), Head("Unit", numeric=False), Head("moves by")]
        heads += [Head("part of volatility", "¤"), Head("share"), Head("", numeric=False)]
        rows = [
            [
                Cell(r["factor"]),
                num(r["exposure_eur"]),
                num(r["exposure_earlier_eur"]),
                Cell(r["unit"], "muted"),
                num(r["factor_volatility"], 2),
                num(r["contribution_eur"], tone="strong"),
                share_cell(r["share_of_variance"]),
                bar,
            ]
            for r, bar in zip(part.to_dicts(), bars(part["contribution_eur"].to_list()), strict=True)
        ]
        tables.append(TableView(f"{title}, {part['days'][0]} days", heads, rows))
        notes += [f"{r['factor']}: {r['note']}." for r in part.to_dicts() if r["note"]]
    notes.append("P&L against expectation per unit of the factor's surprise, the others held; earlier: the same book on the first half of the days.")
    return Section("factors", "Risk by factor", tables, notes=notes, sources=inputs.sources("factor_exposures"))


def attribution(inputs: ReportInputs) -> Section:
    """Why the day earned what it did, and why what is held changed."""
    if not inputs.has("pnl_attribution"):
        return Section("attribution", "P&L attribution", pending=NOT_SETTLED)
    frame, tables = inputs.frame("pnl_attribution"), []
    for part, title in PARTS.items():
        own = frame.filter(pl.col("part") == part)
        if own.is_empty():
            continue
        scopes = [s for s in dict.fromkeys(own["scope"].to_list()) if s != "book"]
        scopes = [*scopes, "book"] if len(scopes) > 1 or not scopes else scopes
        values = {(r["scope"], r["leg"]): r["value_eur"] for r in own.to_dicts()}
        legs = [leg for leg in LEG_ORDER if any((s, leg) in values for s in scopes)]
        heads = [Head("Leg", numeric=False), *(Head(s, "¤") for s in scopes)]
        rows = [[Cell(leg.replace("_", " "), "strong" if leg == "change" else ""), *(num(values.get((s, leg)), 2) for s in scopes)] for leg in legs]
        tables.append(TableView(title, heads, rows))
    notes = [
        _change_against_expectation(inputs),
        "delta, volume and gamma split the physical leg at the curve of the decision; unexplained stays below one euro or the day fails.",
    ]
    notes += [f"{r['scope']}, {r['leg']}: {r['note']}." for r in frame.filter(pl.col("note") != "").to_dicts()]
    return Section("attribution", "P&L attribution", tables, notes=notes, sources=inputs.sources("pnl_attribution"))


def _change_against_expectation(inputs: ReportInputs) -> str:
    """How the attribution's change goes with the headline's settled less expected: they start from two prices."""
    change = inputs.frame("pnl_attribution").filter(pl.col("part") == "delivered", pl.col("scope") == "book", pl.col("leg") == "change")
    day = inputs.frame("var_exceptions").head(1)
    if change.is_empty() or day.is_empty():
        return "change: from the value on the curve of the decision to the settlement."
    gap = float(day["pnl_eur"][0]) - float(day["expected_pnl_eur"][0])
    value = float(change["value_eur"][0])
    return (
        f"change {number(value)}: from the value on the curve of the decision to the settlement. Settled less expected {number(gap)}: from the mean "
        f"of the scenarios, which lies {number(abs(value - gap))} {'above' if value >= gap else 'below'} the value on the curve."
    )


def marks(inputs: ReportInputs) -> Section:
    """The whole book on the curve, and why it changed since the decision before."""
    names = ("mark_to_market", "book_explain", "mark_risk", "mark_contributions", "book_limits", "book_repair", "mark_var_backtests")
    if not inputs.has("mark_to_market"):
        reason = "Nothing is held." if inputs.given("mark_to_market") else not_computed("mark_to_market")
        return Section("marks", "Mark to market", pending=reason, sources=inputs.sources(*names), narrow=True)
    frame = inputs.frame("mark_to_market")
    tables = [
        _marks_by(frame, "deal", "Deal", "Every open MWh by deal"),
        _marks_by(frame, "tenor", "Tenor", "By tenor"),
    ]
    if frame["counterparty"].n_unique() > 1 or frame["counterparty"][0]:
        tables.append(_marks_by(frame, "counterparty", "Counterparty", "By counterparty"))
    notes = ["quoted: a quote of that very period; interpolated: quotes around it and the shape of past prices; model: nobody quotes it."]
    if inputs.has("book_explain"):
        own = inputs.frame("book_explain").filter(pl.col("deal") == "book")
        heads = [Head("Tenor", numeric=False), Head("Leg", numeric=False), Head("value", "¤")]
        rows = [
            [Cell(r["tenor"]), Cell(r["leg"].replace("_", " ")), num(r["value_eur"], 2)]
            for r in own.sort(pl.col("tenor") == "all", "tenor", "leg").to_dicts()
        ]
        tables.append(TableView("Since the decision before, with the cash of the day delivered", heads, rows))
        notes += [f"{r['deal']}, {r['leg']}: {r['note']}." for r in inputs.frame("book_explain").filter(pl.col("note") != "").to_dicts()]
    tables += [
        *_mark_risk(inputs),
        *_whole_limits(inputs),
        *([_tests(inputs, "mark_var_backtests", "Mark VaR(1) against the next decision's marks")] if inputs.has("mark_var_backtests") else []),
    ]
    notes.append("Mark VaR is of the value of all open MWh, delivery VaR of the P&L to delivery: two numbers, never added.")
    notes += [f"{r['measure']} {level(r['level'])}: {r['note']}." for r in inputs.frame("mark_risk").filter(pl.col("note") != "").to_dicts()]
    return Section("marks", "Mark to market", tables, notes=notes, sources=inputs.sources(*names), narrow=True)


def _mark_risk(inputs: ReportInputs) -> list[TableView]:
    """What the value of everything open may lose, and by which tenor."""
    if not inputs.has("mark_risk"):
        return []
    frame = inputs.frame("mark_risk").filter(pl.col("scope") == "book")
    heads = [Head("Mark", numeric=False), Head("days"), Head("Level", numeric=False), Head("loss", "¤"), Head("dates")]
    rows = [
        [
            Cell(r["measure"]),
            num(r["horizon_days"]),
            Cell(level(r["level"]) if r["level"] else ""),
            num(r["value_eur"], tone="strong"),
            num(r["dates"]),
        ]
        for r in frame.to_dicts()
    ]
    found = [TableView("What the value of everything open may lose", heads, rows)]
    parts = inputs.frame("mark_contributions").filter(pl.col("measure") == "es", pl.col("component_kind") == "tenor")
    parts = parts.filter(pl.col("level") == pl.col("level").max(), pl.col("horizon_days") == pl.col("horizon_days").min())
    if parts.height:
        heads = [Head("Tenor", numeric=False), Head("open", "MWh"), Head("part", "¤"), Head("share")]
        cells = [[Cell(r["component"]), num(r["energy_mwh"]), num(r["contribution_eur"]), share_cell(r["share_of_total"])] for r in parts.to_dicts()]
        found.append(TableView(f"Mark ES {level(parts['level'][0])} by tenor", heads, cells))
    return found


def _whole_limits(inputs: ReportInputs) -> list[TableView]:
    """Limits of the whole book, and the trades that would keep them."""
    found = []
    if inputs.has("book_limits"):
        light = {"green": "ok", "amber": "warn", "red": "bad"}
        heads = [Head("Limit", numeric=False), Head("Scope", numeric=False), Head("used"), Head("bound"), Head("Unit", numeric=False)]
        heads += [Head("a unit saves", "¤"), Head("", numeric=False)]
        rows = [
            [
                *(Cell(r["limit_name"]), Cell(r["scope"]), num(r["used"], 2), num(r["bound"], 2), Cell(r["unit"], "muted")),
                *(num(r["price_eur"], 4), Cell(r["status"], light[r["status"]], pill=True)),  # type: ignore[arg-type]
            ]
            for r in inputs.frame("book_limits").to_dicts()
        ]
        found.append(TableView("Limits of the whole book", heads, rows))
    if inputs.has("book_repair"):
        heads = [Head("Contract", numeric=False), Head("trade", "MW"), Head("price", "¤/MWh"), Head("half-spread", "¤"), Head("", numeric=False)]
        rows = [
            [Cell(r["quoted_contract"]), num(r["trade_mw"], 2), num(r["price_eur_mwh"], 2), num(r["cost_eur"], 0), Cell(r["note"], "muted")]
            for r in inputs.frame("book_repair").to_dicts()
        ]
        found.append(TableView("Cheapest trades that bring it inside; nothing is traded", heads, rows))
    return found


def _marks_by(frame: pl.DataFrame, key: str, head: str, title: str) -> TableView:
    """Sums of the marks by one of their columns; proxies' entries are in no headline and have their own line."""
    heads = [
        Head(head, numeric=False),
        Head("to", numeric=False),
        Head("energy", "MWh"),
        Head("entry", "¤/MWh"),
        Head("curve", "¤/MWh"),
        Head("value", "¤"),
    ]
    heads += [Head("may be off by", "¤"), Head("Rests on", numeric=False)]
    rows = []
    for part in frame.sort(key, "is_proxy", "target_day").partition_by(key, "is_proxy", maintain_order=True):
        energy = float(part["energy_mwh"].sum())
        entry, curve = (float((part["energy_mwh"] * part[f"{n}_price_eur_mwh"]).sum()) / energy if energy else None for n in ("entry", "curve"))
        name = (str(part[key][0]) or "opening book") + (" (proxy entry)" if part["is_proxy"][0] else "")
        last = part.select(pl.coalesce("last_day", "target_day").max()).item()
        off = float(part["error_eur"].fill_null(0.0).sum())
        rests = Cell(", ".join(sorted(set(part["mark_level"].to_list()))), "muted")
        value = num(float(part["value_eur"].sum()), tone="strong")
        rows.append([Cell(name), Cell(str(last)), num(energy, 1), num(entry, 2), num(curve, 2), value, num(off), rests])
    return TableView(title, heads, rows)


def proposals(inputs: ReportInputs) -> Section:
    """The cheapest trades that turn red limits green."""
    if not inputs.has("hedge_proposals"):
        reason = "No limit that trades could repair is red." if inputs.given("hedge_proposals") else not_computed("hedge_proposals")
        return Section("proposals", "Hedge proposal", pending=reason, sources=inputs.sources("hedge_proposals"), narrow=True)
    heads = [Head("Contract", numeric=False), Head("trade", "MW"), Head("costs", "¤"), Head("Why", numeric=False)]
    rows = [
        [Cell(r["contract"] or "none"), num(r["trade_mw"], 1, "strong"), num(r["cost_eur"]), Cell(r["note"], "muted")]
        for r in inputs.frame("hedge_proposals").to_dicts()
    ]
    table = TableView("A proposal: nothing is traded by it", heads, rows)
    return Section("proposals", "Hedge proposal", [table], sources=inputs.sources("hedge_proposals"), narrow=True)


def breaches(inputs: ReportInputs) -> Section:
    """The log of breaches."""
    if not inputs.has("limit_breaches"):
        reason = "No limit was red in the window." if inputs.given("limit_breaches") else NOT_SETTLED
        return Section("breaches", "Breaches", pending=reason, sources=inputs.sources("limit_breaches"), narrow=True)
    heads = [Head("Limit", numeric=False), Head("Scope", numeric=False), Head("from", numeric=False), Head("to", numeric=False), Head("days")]
    heads += [Head("worst use"), Head("used"), Head("bound"), Head("on", numeric=False), Head("State", numeric=False)]
    rows = [
        [
            Cell(r["limit_name"]),
            Cell(r["scope"]),
            Cell(r["first_day"].isoformat()),
            Cell(r["last_day"].isoformat()),
            num(r["days"]),
            share_cell(r["worst_use_share"]),
            num(r["worst_used"], 1),
            Cell(f"{number(r['worst_bound'], 1)} {r['unit']}"),
            Cell(r["worst_day"].isoformat(), "muted"),
            Cell("cleared", "ok", pill=True) if r["is_cleared"] else Cell("open", "bad", pill=True),
        ]
        for r in inputs.frame("limit_breaches").sort("first_day", "limit_name", "scope", descending=[True, False, False]).to_dicts()
    ]
    return Section("breaches", "Breaches", [TableView("Newest first", heads, rows)], sources=inputs.sources("limit_breaches"), narrow=True)
