"""The bids to submit: the day-ahead part of the positions as CSV.

What belongs here: the text a trader uploads. What does not: sending it.
"""

from __future__ import annotations

import polars as pl

HEADER = "zone,delivery_start_utc,resolution_minutes,side,volume_mw"
TICK_MW = 0.1


def nominations_csv(positions: pl.DataFrame) -> str:
    """Price-independent day-ahead bids, one line per zone and interval, sorted.

    Volumes are rounded to 0.1 MW (at most 0.05 MW from the decided position); an interval
    whose volume rounds to zero has no line, because an auction takes no empty bid.

    Examples
    --------
    >>> from energy_pipeline.contracts import table
    >>> nominations_csv(table("positions").frame()).strip()
    'zone,delivery_start_utc,resolution_minutes,side,volume_mw'
    """
    rows = positions.filter(pl.col("instrument") == "day_ahead").sort("zone", "delivery_start")
    lines = [HEADER]
    for row in rows.select("zone", "delivery_start", "resolution_minutes", "traded_mw").iter_rows():
        zone, start, minutes, traded = row
        volume = f"{abs(traded):.1f}"
        if float(volume) > 0:
            lines.append(f"{zone},{start:%Y-%m-%dT%H:%M:%SZ},{minutes},{'buy' if traded > 0 else 'sell'},{volume}")
    return "\n".join(lines) + "\n"
