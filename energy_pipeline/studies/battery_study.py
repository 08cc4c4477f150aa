"""`study battery`: a year of settled days of one battery on measured prices, every rule beside perfect foresight.

What belongs here: reading the two markets' files into whole days, forecasting day-ahead prices walk
forward, the page. What does not: the walk over days (`mathematics.stores.backtest`).

Days have 24 columns (96 for quarters) in the market's local time: in spring the missing hour repeats
the one before, in autumn the second of the doubled hours is left out. That is the convention of the
forecasting literature and of the German file itself.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl

from energy_pipeline.domain.delivery import FloatArray
from energy_pipeline.domain.errors import SourceError
from energy_pipeline.domain.seeds import generator
from energy_pipeline.mathematics.stores.backtest import HISTORY_DAYS, NAIVE, SHIPPED, Walk, auction_walk, sequential_walk
from energy_pipeline.mathematics.stores.store import Store

BATTERY = Store(10.0, 10.0, 20.0, charge_efficiency=0.93, discharge_efficiency=0.93, cycle_cost_eur_mwh=5.0)
"""10 MW, 20 MWh, 86.5 % there and back, 5 EUR (USD) per MWh discharged, no limit on cycles, empty at the start."""
MEMBERS = ("lear_84",)
"""Price models whose mean is the day-ahead forecast: one quick one, for this is no study of forecasts."""

FORECAST_DAYS = 92
"""Days the forecast needs before its first: 84 of training and the lags of a week."""


@dataclass(frozen=True)
class Market:
    """Whole days of one market.

    Attributes
    ----------
    first_day : date
    day_ahead : array, shape (days, 24)
    second : array, shape (days, 24 or 96)
    known : array, shape (series, days, 24)
        Forecasts of load, wind and solar known at the gate.
    """

    name: str
    currency: str
    first_day: date
    day_ahead: FloatArray
    second: FloatArray
    known: FloatArray


def german(data: Path) -> Market:
    """DE-LU: day-ahead and intraday prices, TSO forecasts of load, wind and solar (literature's convention: known at the gate)."""
    file = _there(data / "de_day_ahead_with_tso_forecasts_2015_2019" / "hourly.parquet")
    frame = pl.read_parquet(file)
    columns = ["price_da_eur_mwh", "price_id_eur_mwh", "load_de_forecast_da_mw", "wind_de_forecast_da_mw", "solar_de_forecast_da_mw"]
    first, days = _days(frame, columns, "Europe/Berlin", 24)
    return Market("DE-LU day-ahead and intraday", "EUR", first, days[0], days[1], days[2:])


def ercot(data: Path) -> Market:
    """ERCOT's hub average: day-ahead hours and real-time quarters, the demand forecast known at the gate."""
    folder = data / "ercot_hubavg_da_rt_2024_2025"
    hours = pl.read_parquet(_there(folder / "da_prices.parquet")).join(pl.read_parquet(_there(folder / "load.parquet")), on="ts_utc")
    first, days = _days(hours, ["price_usd_per_mwh", "da_demand_forecast_mw"], "America/Chicago", 24)
    quarters = pl.read_parquet(_there(folder / "rt_prices.parquet"))
    _, real = _days(quarters, ["price_usd_per_mwh"], "America/Chicago", 96)
    count = min(days.shape[1], real.shape[1])
    return Market("ERCOT day-ahead and real time", "USD", first, days[0, :count], real[0, :count], days[1:, :count])


MARKETS: dict[str, Callable[[Path], Market]] = {"de_lu": german, "ercot": ercot}


def _there(file: Path) -> Path:
    if not file.exists():
        raise SourceError(f"{file} is not there -> set ENERGY_PIPELINE_DATA to the folder of the market files")
    return file


def _days(frame: pl.DataFrame, columns: list[str], zone: str, slots: int) -> tuple[date, FloatArray]:
    """Whole local days, shape (columns, days, slots)."""
    stamp = next(c for c, kind in frame.schema.items() if isinstance(kind, pl.Datetime))
    minutes = 1440 // slots
    local = pl.col(stamp).dt.convert_time_zone(zone).dt.replace_time_zone(None).dt.cast_time_unit("us")
    rows = frame.select(local.alias("at"), *columns).unique("at", keep="first", maintain_order=True).sort("at")
    first, last = rows["at"][0].date(), rows["at"][-1].date()
    if rows["at"][0].hour or rows["at"][0].minute:
        first += timedelta(days=1)
    if rows["at"][-1].hour * 60 + rows["at"][-1].minute < 1440 - minutes:
        last -= timedelta(days=1)
    grid = pl.DataFrame({"at": pl.datetime_range(first, last + timedelta(days=1), f"{minutes}m", closed="left", eager=True, time_unit="us")})
    whole = grid.join(rows, on="at", how="left", maintain_order="left").select(pl.col(columns).forward_fill())
    return first, np.stack([whole[c].to_numpy().astype(np.float64).reshape(-1, slots) for c in columns])


def forecast_days(market: Market, first: int) -> FloatArray:
    """Day-ahead forecasts of days `first` .., made walk forward; the days before are NaN."""
    from energy_pipeline.forecasting.panel import Panel
    from energy_pipeline.forecasting.walk import member_days

    closed = np.concatenate([market.known, np.full((market.known.shape[0], 1, 24), np.nan)], axis=1)
    panel = Panel(market.first_day, market.day_ahead, closed)
    begin, end = (market.first_day + timedelta(days=n) for n in (first, market.day_ahead.shape[0] - 1))
    found = np.full(market.day_ahead.shape, np.nan)
    for n, day in enumerate(member_days(panel, begin, end, MEMBERS)):
        found[first + n] = np.mean(list(day.values.values()), axis=0)
    return found


def study(market: Market, first: date, last: date, store: Store = BATTERY, warranty_mwh: float | None = None) -> tuple[Walk, Walk]:
    """(day-ahead auction, second price seen interval by interval) over the days first .. last.

    Raises
    ------
    SourceError
        Too little history before `first`, or too few days.
    """
    begin, count = (first - market.first_day).days, (last - market.first_day).days + 1
    if begin < HISTORY_DAYS + FORECAST_DAYS or count > market.day_ahead.shape[0]:
        raise SourceError(
            f"{market.name}: days {first} .. {last} need {HISTORY_DAYS + FORECAST_DAYS} days before them; the file has {market.first_day} .. "
            f"{market.first_day + timedelta(days=market.day_ahead.shape[0] - 1)} -> choose days inside"
        )
    cut = Market(market.name, market.currency, market.first_day, market.day_ahead[:count], market.second[:count], market.known[:, :count])
    forecasts = forecast_days(cut, begin - HISTORY_DAYS)

    def seeded(d: int) -> np.random.Generator:
        return generator("flexibility", cut.first_day + timedelta(days=d), "battery_study")

    auction = auction_walk(store, cut.day_ahead, forecasts, begin, warranty_mwh)
    per_hour = cut.second.shape[1] // 24
    sequential = sequential_walk(store, cut.second, np.repeat(cut.day_ahead, per_hour, axis=1), begin, seeded, warranty_mwh)
    return auction, sequential


def page(market: Market, first: date, last: date, walks: tuple[Walk, Walk]) -> str:
    """The tables as Markdown."""
    lines = [f"### {market.name}, {first} .. {last}", ""]
    for title, walk in zip(("Day-ahead auction: bids before any price", "Second price: seen, then acted on"), walks, strict=True):
        days = walk.foresight_eur.size
        lines += [f"{title} ({days} days)", "", f"| rule | margin, {market.currency} | a day | share of perfect foresight |", "|---|---|---|---|"]
        lines += [
            f"| {rule} | {m.sum():,.0f} | {m.mean():,.0f} | {share:.1%} |"
            for (rule, m), share in zip(walk.margins_eur.items(), walk.shares().values(), strict=True)
        ]
        lines += [f"| perfect foresight | {walk.foresight_eur.sum():,.0f} | {walk.foresight_eur.mean():,.0f} | 100.0% |", ""]
        naive = max(NAIVE, key=lambda rule: walk.margins_eur[rule].sum())
        rng = generator("flexibility", last, "battery_study", "weeks")
        for over in ("intrinsic", naive):
            lead, low, high = walk.lead(SHIPPED, over, rng)
            lines.append(f"Shipped over {over}: {lead:+.1f} {market.currency} a day, 95 % of resampled weeks between {low:+.1f} and {high:+.1f}.")
        lines.append("")
    return "\n".join(lines)
