"""Public market data as wall-clock days: what the risk studies read.

What belongs here: reading the files of the data folder into arrays of days by 24 slots, and the
walk-forward price forecasts made from them. What does not: the studies.

Days are local (Europe/Berlin, Europe/Madrid for ES) with 24 slots: of a double hour in autumn the
mean counts, a missing hour (spring, and the gaps the sets are known for) is interpolated; how many
slots that were is kept, so that a study can say it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl

from energy_pipeline.domain.delivery import FloatArray
from energy_pipeline.domain.errors import SourceError
from energy_pipeline.forecasting.panel import Panel
from energy_pipeline.forecasting.walk import member_days

GERMAN = "de_day_ahead_with_tso_forecasts_2015_2019/hourly.parquet"
EUROPE = "eu_dayahead_prices_entsoe/day_ahead_prices.parquet"
GENERATION = "eu_generation_by_type_2017_2020/generation_hourly.parquet"
MEMBERS = ("lear_56", "lear_84")


@dataclass(frozen=True)
class Days:
    """Columns of a market by day.

    Attributes
    ----------
    first : date
    values : dict of name to array, shape (days, 24)
    filled : dict of name to slots that were interpolated
    """

    first: date
    values: dict[str, FloatArray]
    filled: dict[str, int]

    @property
    def count(self) -> int:
        """Number of days."""
        return int(next(iter(self.values.values())).shape[0])

    @property
    def days(self) -> tuple[date, ...]:
        """The days."""
        return tuple(self.first + timedelta(days=i) for i in range(self.count))

    def since(self, first: date) -> Days:
        """From a later day on."""
        skip = (first - self.first).days
        return Days(first, {name: v[skip:] for name, v in self.values.items()}, self.filled)


def read(data: Path, name: str, columns: dict[str, str], first: date, last: date, zone: str | None = None, time_zone: str = "Europe/Berlin") -> Days:
    """Columns of a file as days.

    Parameters
    ----------
    data : Path
        The data folder.
    name : str
        The file in it; `ts_utc` is its time.
    columns : dict
        Name here to expression of column names joined by `+`.
    zone : str, optional
        Value of the file's column `zone`.

    Raises
    ------
    SourceError
        When the file or a column is missing, or there is no row in the span.
    """
    path = data / name
    if not path.exists():
        raise SourceError(f"{path} is not there -> set ENERGY_PIPELINE_DATA to the data folder")
    frame = pl.read_parquet(path)
    parts = {here: [c.strip() for c in text.split("+")] for here, text in columns.items()}
    missing = sorted({c for names in parts.values() for c in names} - set(frame.columns))
    if missing:
        raise SourceError(f"{name} lacks the column(s) {', '.join(missing)}; found {', '.join(frame.columns)}")
    local = pl.col("ts_utc").dt.convert_time_zone(time_zone).dt.replace_time_zone(None).dt.truncate("1h").alias("slot")
    rows = frame.filter(pl.col("zone") == zone) if zone else frame
    rows = rows.with_columns(local).filter(pl.col("slot").dt.date().is_between(first, last))
    if rows.height == 0:
        raise SourceError(f"{name}, zone {zone}: no row in {first} .. {last}")
    made = [pl.sum_horizontal([pl.col(c) for c in names]).cast(pl.Float64).mean().alias(here) for here, names in parts.items()]
    hourly = rows.group_by("slot", maintain_order=True).agg(made).sort("slot")
    stamps = pl.datetime_range(datetime(first.year, first.month, first.day), datetime(last.year, last.month, last.day, 23), "1h", eager=True)  # noqa: DTZ001
    whole = pl.DataFrame({"slot": stamps}).join(hourly, on="slot", how="left").sort("slot")
    filled = {here: int(whole[here].null_count()) for here in parts}
    whole = whole.with_columns(pl.exclude("slot").interpolate().forward_fill().backward_fill())
    return Days(first, {here: whole[here].to_numpy().reshape(-1, 24).copy() for here in parts}, filled)


def price_forecasts(prices: FloatArray, exog: list[FloatArray], first_day: date, first: date) -> FloatArray:
    """Mean of two LEAR windows (56 and 84 days), daily recalibration, from `first` to the end, shape (days, 24).

    A day's forecast uses prices of the days before it and exogenous forecasts through it.
    """
    columns = np.stack(exog) if exog else np.empty((0, *prices.shape))
    closed = np.concatenate([columns, np.full((columns.shape[0], 1, 24), np.nan)], axis=1)
    panel = Panel(first_day, prices, closed)
    last = first_day + timedelta(days=prices.shape[0] - 1)
    return np.array([np.mean(list(found.values.values()), axis=0) for found in member_days(panel, first, last, MEMBERS)])
