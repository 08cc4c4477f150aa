"""Rows that satisfy a contract, over days of 23 and 24 hours.

What belongs here: sound frames for the tests of the suites. What does not: a whole legal day of every table (`legal_frames`).
"""

from datetime import UTC, date, datetime
from statistics import fmean

import numpy as np
import polars as pl

from energy_pipeline.contracts import table
from energy_pipeline.domain.delivery import DeliveryDay

DAYS = [date(2019, 3, 30), date(2019, 3, 31), date(2019, 4, 1)]  # the middle one has 23 hours


def starts(day, minutes=60):
    return pl.from_epoch(pl.Series(DeliveryDay(day, "Europe/Berlin").interval_starts_us(minutes)), "us").dt.replace_time_zone("UTC").to_list()


def example(column):
    """A legal value of a column."""
    if column.allowed is not None:
        return column.allowed[0]
    low = 0.0 if column.minimum is None else column.minimum
    high = low + 1 if column.maximum is None else column.maximum
    values = {
        "f64": fmean((low, high)),
        "f32": fmean((low, high)),
        "i32": int(low) or 1,
        "i64": int(low) + 1,
        "str": "x",
        "bool": False,
        "date": DAYS[0],
    }
    return values.get(column.dtype, datetime(2019, 3, 29, 9, tzinfo=UTC))


def sound(name, days=DAYS):
    """Rows that satisfy the contract: one series over the days, or one row a day."""
    contract = table(name)
    random = np.random.default_rng(1)
    rows = []
    for day in days:
        base = {c.name: example(c) for c in contract.columns} | {"delivery_day": day}
        if "delivery_start" not in contract.schema:
            rows.append(base)
            continue
        nearest = next((int(c.minimum) for c in contract.columns if c.name == "horizon_days" and c.minimum is not None), 1)
        fixed = {"instrument": "day_ahead", "resolution_minutes": 60, "horizon_days": nearest, "unit": "EUR/MWh"}
        varied = [c.name for c in contract.columns if c.dtype in ("f64", "f32") and c.maximum is not None]
        for start in starts(day):
            noise = {n: base[n] * (1 - 0.1 * random.random()) for n in varied}
            rows.append(base | {k: v for k, v in fixed.items() if k in base} | noise | {"delivery_start": start})
    return contract.frame(rows)


def paths(scenarios=1500):
    """A day and its successor of a big table."""
    one = sound("scenario_paths", DAYS[:2])
    return pl.concat([one.with_columns(pl.lit(i, pl.Int32).alias("scenario")) for i in range(scenarios)]).cast(one.schema)
