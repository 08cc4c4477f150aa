"""`benchmark ablation`: what each group of inputs gives a desk's price forecasts.

What belongs here: walking a desk with all of its feature groups and with each one left out, and the page. What does not:
the walk (`desk_forecasts`), what a group is (`desk.model`).

The absolute error is that of the published median where one is published. p is one-sided, Newey-West with seven lags: that the
forecasts with the group are no better. A group that gives nothing has no place in the default desk, and the page says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path

import polars as pl

from energy_pipeline.desk import load_desk
from energy_pipeline.mathematics.statistics.comparison import diebold_mariano
from energy_pipeline.studies.desk_forecasts import error_column, run


def ablation(desk_path: Path, data: Path, first: date, last: date, zones: Sequence[str] = (), jobs: int = 2) -> str:
    """The table of gains as Markdown; arguments as `desk_forecasts.run`."""
    groups = load_desk(desk_path).forecast.features
    with_all = _daily(run(desk_path, data, first, last, zones, jobs=jobs).rows)
    lines = [
        f"### What each group of inputs gives, {first} .. {last}",
        "",
        "| zone | group | days | MAE with, EUR/MWh | MAE without | change by the group | p |",
        "|---|---|---|---|---|---|---|",
    ]
    for group in groups:
        left = tuple(g for g in groups if g != group)
        both = with_all.join(
            _daily(run(desk_path, data, first, last, zones, jobs=jobs, features=left).rows), on=["zone", "delivery_day"], suffix="_without"
        )
        for (zone,), part in both.sort("zone", "delivery_day").group_by("zone", maintain_order=True):
            own, other = part["mae"].to_numpy(), part["mae_without"].to_numpy()
            change, p = 100.0 * (float(own.mean()) / float(other.mean()) - 1.0), diebold_mariano(own, other)
            lines.append(f"| {zone} | {group} | {own.size} | {own.mean():.3f} | {other.mean():.3f} | {change:+.2f} % | {p:.3f} |")
    return "\n".join(lines) + "\n"


def _daily(rows: pl.DataFrame) -> pl.DataFrame:
    """Mean absolute error of the ensemble by zone and day."""
    own = rows.filter(pl.col("model") == "ensemble", pl.col("outcome_eur_mwh").is_not_null())
    return own.group_by("zone", "delivery_day", maintain_order=True).agg(mae=error_column().abs().mean())
