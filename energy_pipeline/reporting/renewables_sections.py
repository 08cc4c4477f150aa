"""The fleet's section: energy, capacity factor and complementarity by plant, zone and portfolio.

What belongs here: from the day's `fleet_summary` to a table. What does not: single plants with
their bands and meters (`outlook_sections`), how sums are made (`renewables.fleet`).
"""

from __future__ import annotations

import polars as pl

from energy_pipeline.reporting.book_sections import not_computed
from energy_pipeline.reporting.inputs import ReportInputs, mean, total
from energy_pipeline.reporting.view import MONEY, Cell, Head, Section, TableView, num, share_cell

LEVELS = ("portfolio", "zone", "plant")
EARNED_NOTE = "capture price: what a MWh of the plant earned at the day-ahead price. Fee, hedges and costs of the zone are the book's."
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
    ranges, earned = _ranges(inputs), _earned(inputs)
    more = [name for name, there in (("scenario_summary", ranges), ("plant_results", earned)) if there]
    notes = [COMPLEMENTARITY_NOTE, *([EARNED_NOTE] if earned else [])]
    return Section("fleet", "Wind and solar fleet", [table, *earned, *ranges], notes=notes, sources=inputs.sources("fleet_summary", *more))


def _earned(inputs: ReportInputs) -> list[TableView]:
    """What each plant earned on the settled day, and at what price beside that of the day."""
    rows = inputs.frame("plant_results")
    if rows.is_empty():
        return []
    heads = [Head("Plant", numeric=False), Head("Zone", numeric=False), Head("output", "MWh"), Head("capture price", f"{MONEY}/MWh")]
    heads += [Head("mean price", f"{MONEY}/MWh"), Head("at day-ahead", MONEY), Head("deviation", MONEY), Head("P&L", MONEY)]
    cells = []
    for part in rows.partition_by("plant", maintain_order=True):
        energy, physical, deviation = (total(part[name].to_list()) for name in ("output_mwh", "physical_eur", "deviation_eur"))
        captured = num(physical / energy if energy else None, 2)
        money = [num(physical), num(deviation), num(physical + deviation, tone="strong")]
        cells.append([Cell(part["plant"][0]), Cell(part["zone"][0]), num(energy), captured, num(mean(part["price_da_eur_mwh"].to_list()), 2), *money])
    return [TableView("What the plants earned", heads, cells)]


def _ranges(inputs: ReportInputs) -> list[TableView]:
    """Output of zones and the portfolio as the scenarios have it: what the plants make together."""
    if not inputs.has("scenario_summary"):
        return []
    rows = inputs.frame("scenario_summary").filter(pl.col("kind").is_in(["portfolio_output", "zone_output"]))
    means = rows.group_by("kind", "name", maintain_order=True).agg(pl.col("mean", "q05", "q50", "q95").mean()).sort("kind", "name")
    heads = [Head("Output of", numeric=False), *(Head(text, "MW") for text in ("mean", "5 %", "median", "95 %"))]
    cells = [[Cell(r["name"]), num(r["mean"]), num(r["q05"]), num(r["q50"]), num(r["q95"])] for r in means.to_dicts()]
    return [TableView("Plants together, by the scenarios: mean of the intervals' mean and quantiles", heads, cells)] if cells else []
