"""The fleet's section: energy, capacity factor and complementarity by plant, zone and portfolio.

What belongs here: from the day's `fleet_summary` to a table. What does not: single plants with
their bands and meters (`outlook_sections`), how sums are made (`renewables.fleet`).
"""

from __future__ import annotations

from energy_pipeline.reporting.book_sections import not_computed
from energy_pipeline.reporting.inputs import ReportInputs
from energy_pipeline.reporting.view import Cell, Head, Section, TableView, num, share_cell

LEVELS = ("portfolio", "zone", "plant")
COMPLEMENTARITY_NOTE = (
    "Complementarity is 1 - correlation of hourly wind and solar output over the last 28 known days:"
    " 0 they rise and fall together, 1 unrelated, 2 mirror images."
)


def fleet(inputs: ReportInputs) -> Section:
    """Expected energy of the fleet, summed up, with what low prices hold back."""
    if not inputs.has("fleet_summary"):
        reason = "The desk has no plant." if inputs.given("fleet_summary") else not_computed("fleet_summary")
        return Section("fleet", "Wind and solar fleet", pending=reason)
    rows = sorted(inputs.frame("fleet_summary").to_dicts(), key=lambda r: (LEVELS.index(r["level"]), r["name"], r["technology"]))
    heads = [
        Head("Level", numeric=False),
        Head("Name", numeric=False),
        Head("Technology", numeric=False),
        Head("expected", "MWh"),
        Head("held back", "MWh"),
        Head("capacity", "MW"),
        Head("capacity factor", "%"),
        Head("complementarity"),
    ]
    table = TableView(
        "Expected energy of the day",
        heads,
        [
            [
                Cell(r["level"]),
                Cell(r["name"]),
                Cell(r["technology"]),
                num(r["output_mwh"]),
                num(r["held_back_mwh"]),
                num(r["capacity_mw"]),
                share_cell(r["capacity_factor"]),
                num(r["complementarity"], 2),
            ]
            for r in rows
        ],
    )
    return Section("fleet", "Wind and solar fleet", [table], notes=[COMPLEMENTARITY_NOTE], sources=inputs.sources("fleet_summary"))
