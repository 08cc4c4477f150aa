"""The section about performance: what was earned over the last days, over how much risk, and what was added to the benchmark.

What belongs here: a table for each window. What does not: any measure (`risk.performance`).
"""

from __future__ import annotations

from typing import Any

from energy_pipeline.reporting.book_sections import NOT_SETTLED
from energy_pipeline.reporting.inputs import ReportInputs
from energy_pipeline.reporting.view import Cell, Head, Section, TableView, num, share_cell

HEADS = [
    *(Head("Of", numeric=False), Head("", numeric=False), Head("days"), Head("result", "¤"), Head("mean a day", "¤"), Head("deviation", "¤")),
    *(Head("deepest fall", "¤"), Head("days won"), Head("Sharpe"), Head("from"), Head("to"), Head("HAC t"), Head("Sortino"), Head("Calmar")),
    *(Head("Benchmark", numeric=False), Head("added", "¤"), Head("t of it"), Head("information ratio"), Head("beta")),
]
NOTES = [
    (
        "A book's result is mostly the price of what its plants make: its Sharpe ratio tells of the market, the columns after the benchmark of the "
        "desk. Ratios are a year's, with the resampled 95 % interval of the Sharpe ratio; under 20 days there are none."
    ),
    (
        "Hedges at declared proxy quotes are left out. expected output: the same output and costs, sold as expected, no hedge. An asset's result "
        "is its cash and inventory. A year and its rolling windows: dbt_like_sql/analyses/performance_rolling.sql."
    ),
]


def performance(inputs: ReportInputs) -> Section:
    """What book, zones, legs, strategies and assets earned over the last 30 and 90 days."""
    if not inputs.has("performance"):
        return Section("performance", "Performance", pending=NOT_SETTLED, narrow=True)
    rows = inputs.frame("performance").to_dicts()
    order = {"book": 0, "zone": 1, "leg": 2, "asset": 3, "strategy": 4}
    windows = sorted({r["window_days"] for r in rows})
    tables = [
        TableView(
            f"Last {window} days",
            HEADS,
            [_row(r) for r in sorted(rows, key=lambda r: (order[r["scope"]], r["name"])) if r["window_days"] == window],
        )
        for window in windows
    ]
    return Section("performance", "Performance", tables, notes=NOTES, sources=inputs.sources("performance"), narrow=True)


def _row(r: dict[str, Any]) -> list[Cell]:
    return [
        Cell(r["scope"], "muted"),
        Cell(r["name"].replace("_", " ") if r["scope"] == "leg" else r["name"]),
        num(r["days"]),
        num(r["result_eur"], tone="strong"),
        num(r["expectancy_eur"]),
        num(r["volatility_eur"]),
        num(r["max_drawdown_eur"]),
        share_cell(r["win_rate"]),
        num(r["sharpe"], 2),
        num(r["sharpe_low"], 1),
        num(r["sharpe_high"], 1),
        num(r["hac_t"], 2),
        num(r["sortino"], 2),
        num(r["calmar"], 2),
        Cell(r["benchmark"].replace("_", " "), "muted"),
        num(r["added_eur"]),
        num(r["added_hac_t"], 2),
        num(r["information_ratio"], 2),
        num(r["beta"], 2),
    ]
