"""The log of breaches: runs of decided days on which a limit was red.

What belongs here: from the limits of many days to runs. What does not: the limits of one day (`limits`).
"""

from __future__ import annotations

from datetime import date

import polars as pl

from energy_pipeline.contracts import table


def limit_breaches(day: date, limits: pl.DataFrame) -> pl.DataFrame:
    """Breaches that ended or still last, newest window; frame of the table limit_breaches.

    Parameters
    ----------
    limits : frame of limits
        Of the decided days up to `day`. A day that was not decided is no end of a breach: nobody looked.

    Examples
    --------
    >>> limit_breaches(date(2025, 1, 2), table("limits").frame()).height
    0
    """
    seen = limits.filter(pl.col("delivery_day") <= day).sort("limit_name", "scope", "delivery_day")
    rows = [row for part in seen.partition_by("limit_name", "scope", maintain_order=True) for row in _runs(part)]
    return table("limit_breaches").frame([{"delivery_day": day, **row} for row in rows] or None)


def _runs(part: pl.DataFrame) -> list[dict[str, object]]:
    """Breaches of one limit, in order."""
    numbered = part.with_columns(run=(pl.col("status") == "red").rle_id())
    found = []
    for run in numbered.partition_by("run", maintain_order=True):
        if run["status"][0] != "red":
            continue
        worst = run.sort("use_share", "delivery_day", descending=[True, False]).row(0, named=True)
        row = {"limit_name": worst["limit_name"], "scope": worst["scope"], "unit": worst["unit"]}
        row |= {"first_day": run["delivery_day"][0], "last_day": run["delivery_day"][-1], "days": run.height}
        row |= {"worst_used": worst["used"], "worst_bound": worst["bound"], "worst_use_share": worst["use_share"], "worst_day": worst["delivery_day"]}
        found.append({**row, "is_cleared": run["delivery_day"][-1] < part["delivery_day"][-1]})
    return found
