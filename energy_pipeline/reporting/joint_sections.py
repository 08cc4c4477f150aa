"""Report sections of the joint book, the forward book and of the scenario sets' quality.

What belongs here: from the day's frames to view objects. What does not: any number of its own.
"""

from __future__ import annotations

from energy_pipeline.reporting.book_sections import not_computed
from energy_pipeline.reporting.inputs import ReportInputs
from energy_pipeline.reporting.view import Cell, Head, Section, TableView, num, number

NOT_SCORED = "Not scored yet: scenarios are scored once the day is settled."


def joint_book(inputs: ReportInputs) -> Section:
    """Value first, then hedge, against both at once."""
    rows = sorted(inputs.frame("joint_book").to_dicts(), key=lambda r: r["answer"], reverse=True)
    if not rows:
        return Section("joint-book", "Hedges and batteries in one book", pending=not_computed("joint_book"))
    head = [Head("answer", numeric=False), *(Head(t) for t in ("objective", "fresh objective", "fresh mean", "fresh CVaR", "policies"))]
    body = [
        [
            Cell(f"{r['answer']}{' (better)' if r['accepted'] else ''}", "ok" if r["accepted"] else ""),
            *(num(r[c]) for c in ("objective_eur", "objective_fresh_eur", "expected_pnl_fresh_eur", "cvar_fresh_eur", "policies")),
        ]
        for r in rows
    ]
    first = rows[0]
    note = (
        f"Joint less sequential on scenarios neither was made on: {number(first['advantage_eur'])} ¤, "
        f"standard error {number(first['advantage_error_eur'])} ¤. "
        "Bids follow the sequential book; this says what deciding both at once would change."
    )
    trades = [f"{r['answer']}: {r['trades'] or 'no trades'}" for r in rows]
    view = TableView("¤, over the day's scenarios", head, body)
    return Section("joint-book", "Hedges and batteries in one book", [view], notes=[note, *trades], sources=inputs.sources("joint_book"))


def forward_book(inputs: ReportInputs) -> Section:
    """What would improve the forward book."""
    title = "Forward book: best changes"
    if not inputs.has("forward_book_proposals"):
        reason = "The desk names no forward book." if inputs.given("forward_book_proposals") else not_computed("forward_book_proposals")
        return Section("forward-book", title, pending=reason, sources=inputs.sources("forward_book_proposals"))
    frame = inputs.frame("forward_book_proposals")
    heads = [Head("Contract", numeric=False), Head("Kind", numeric=False), Head("Delivery", numeric=False), Head("held"), Head("trade")]
    heads += [Head("at", "¤/MWh"), Head("costs", "¤"), Head("held by", numeric=False), Head("Note", numeric=False)]
    rows = [
        [
            Cell(r["contract"]),
            Cell(r["kind"].replace("_", " "), "muted"),
            Cell(f"{r['first_day']} .. {r['last_day']}", "muted"),
            num(r["held_units"], 1),
            num(r["trade_units"], 1, "strong"),
            num(r["price_eur_mwh"], 2),
            num(r["costs_eur"]),
            Cell(r["held_by"], "muted"),
            Cell(r["note"], "muted"),
        ]
        for r in frame.to_dicts()
        if r["kind"] != "book"
    ]
    notes = []
    for r in frame.to_dicts():
        if r["kind"] == "book":
            notes.append(f"{r['note']}.")
            if r["expected_pnl_change_eur"] is not None:
                notes.append(f"Expected P&L {number(r['expected_pnl_change_eur'])} ¤, CVaR {number(r['cvar_change_eur'])} ¤ by these trades.")
    view = TableView("A proposal: nothing is traded by it", heads, rows)
    return Section("forward-book", title, [view], notes=notes, sources=inputs.sources("forward_book_proposals"))


def scenario_scores(inputs: ReportInputs) -> Section:
    """Energy and variogram scores, ranks."""
    rows = inputs.frame("scenario_scores").to_dicts()
    if not rows:
        return Section("scenario-scores", "Scenario quality", pending=NOT_SCORED)
    titles = ("energy score", "shuffled", "variogram score", "shuffled", "rank of mean", "multivariate rank")
    columns = ("energy_score", "energy_score_independent", "variogram_score", "variogram_score_independent", "rank_mean", "rank_multivariate")
    head = [Head("series", numeric=False), *(Head(t) for t in titles)]
    body = [[Cell(f"{r['kind']} {r['name']}"), *(num(r[c], 2) for c in columns)] for r in rows]
    note = "Scores: smaller is better; shuffled: the same values without dependence. Ranks are uniform over many days where the set is right."
    view = TableView("The day's set against what came", head, body)
    return Section("scenario-scores", "Scenario quality", [view], notes=[note], sources=inputs.sources("scenario_scores"))
