"""Values for a world: synthetic load, wind, solar, weather and outages; prices synthetic or real.

What belongs here: made-up series, said to be made up, and when each value is out. What does not: formats, answers.

Prices are those of `eu_dayahead_prices_entsoe` where that folder is given and covers every interval (FR, ES and IT_NORD until the
end of 2025, in quarter-hours); else they are synthetic (DE_LU, of which the folder holds no 2025).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import numpy as np
import polars as pl

from energy_pipeline.domain.delivery import DeliveryDay, from_us
from energy_pipeline.ingestion.connectors.entsoe.areas import AREAS
from energy_pipeline_tests.fetching.generated import entsoe
from energy_pipeline_tests.fetching.generated.world import World

QUARTERS_FROM = date(2025, 10, 1)
LEVEL_MW = {"DE_LU": 55_000.0, "FR": 50_000.0}
TIME_ZONE = "Europe/Berlin"
_US = pl.Datetime("us", "UTC")


def world(first: date, last: date, zones: Sequence[str] = ("DE_LU", "FR"), prices: Path | None = None, now: datetime | None = None) -> World:
    """A world that knows delivery days first..last of the zones.

    Parameters
    ----------
    prices : Path, optional
        Folder with `eu_dayahead_prices_entsoe`; None makes prices up.
    now : datetime, optional
        Default: the end of the last day.
    """
    made = World(now or DeliveryDay(last, TIME_ZONE).end)
    days = [first + timedelta(days=i) for i in range((last - first).days + 1)]
    starts = np.concatenate([DeliveryDay(d, TIME_ZONE).interval_starts_us(15) for d in days])
    hour, season = _hour(starts), np.cos(2 * np.pi * (starts / 86_400e6 - 15) / 365.25)
    for zone in zones:
        rng = np.random.default_rng([ord(c) for c in zone])
        level = LEVEL_MW.get(zone, 8_000.0)
        weekend = np.array([from_us(int(t)).weekday() >= 5 for t in starts])
        daily = 1 + 0.15 * season - 0.15 * np.cos(2 * np.pi * (hour - 3) / 24) - 0.1 * weekend
        load = level * (daily + 0.01 * rng.standard_normal(len(starts)))
        wind = 0.35 * level * np.clip(0.5 + 0.3 * season + _slow(rng, len(starts)), 0.02, 1.0)
        sun = np.clip(np.sin(np.pi * (hour - 6) / 12), 0.0, None) * (hour > 6) * (hour < 18)
        solar = 0.6 * level * sun * np.clip(0.55 - 0.35 * season, 0.05, None)
        truth = {("load_actual", ""): load, ("generation_actual", "wind"): wind, ("generation_actual", "solar"): solar}
        for (table, technology), values in truth.items():
            made.series[table, zone, technology] = _after(starts, np.round(values, 2), 60)
            forecast = np.round(values * (1 + 0.03 * _slow(rng, len(starts))), 2)
            clock = time(9, 30) if table.startswith("load") else time(17, 30)
            made.series[table.replace("_actual", "_forecast"), zone, technology] = _before(starts, forecast, clock)
        made.series["day_ahead_prices", zone, ""] = _prices(zone, days, starts, load - wind - solar, level, prices)
        made.notices += _notices(zone, days)
    _weather(made, starts[::4], season[::4], hour[::4])
    return made


def _prices(zone: str, days: Sequence[date], starts: np.ndarray, residual: np.ndarray, level: float, folder: Path | None) -> pl.DataFrame:
    """Day-ahead prices, hours until September 2025 and quarter-hours after, out at 12:50 of D-1."""
    frame = pl.DataFrame({"delivery_start": pl.Series(starts).cast(_US), "value": np.round(20 + 110 * residual / level, 2)})
    if folder is not None:
        file = folder / "eu_dayahead_prices_entsoe" / "day_ahead_prices.parquet"
        real = pl.scan_parquet(file).filter(pl.col("zone") == zone).select(pl.col("ts_utc").cast(_US).alias("delivery_start"), "price_eur_mwh")
        hourly = frame.select("delivery_start").with_columns(hour=pl.col("delivery_start").dt.truncate("1h"))
        own = real.collect()
        exact = hourly.join(own, on="delivery_start", how="left", maintain_order="left")["price_eur_mwh"]
        mean = hourly.join(own.rename({"delivery_start": "hour"}), on="hour", how="left", maintain_order="left")["price_eur_mwh"]
        value = exact.fill_null(mean)
        frame = frame if value.null_count() else frame.with_columns(value=value)
    switch = DeliveryDay(QUARTERS_FROM, TIME_ZONE).start
    hours = frame.filter(pl.col("delivery_start") < switch).group_by_dynamic("delivery_start", every="1h").agg(pl.col("value").mean().round(2))
    parts = [hours.with_columns(resolution_minutes=pl.lit(60, pl.Int32))] if hours.height else []
    quarters = frame.filter(pl.col("delivery_start") >= switch).with_columns(resolution_minutes=pl.lit(15, pl.Int32))
    both = pl.concat([*parts, quarters], how="diagonal")
    return both.select("delivery_start", "resolution_minutes", "value").with_columns(known_at=_on_day_before(both["delivery_start"], time(12, 50)))


def _after(starts: np.ndarray, values: np.ndarray, minutes: int) -> pl.DataFrame:
    frame = _frame(starts, values)
    return frame.with_columns(known_at=pl.col("delivery_start") + pl.duration(minutes=15 + minutes))


def _before(starts: np.ndarray, values: np.ndarray, clock: time) -> pl.DataFrame:
    frame = _frame(starts, values)
    return frame.with_columns(known_at=_on_day_before(frame["delivery_start"], clock))


def _frame(starts: np.ndarray, values: np.ndarray) -> pl.DataFrame:
    frame = pl.DataFrame({"delivery_start": pl.Series(starts).cast(_US), "value": values})
    return frame.select("delivery_start", pl.lit(15, pl.Int32).alias("resolution_minutes"), "value")


def _on_day_before(moments: pl.Series, clock: time) -> pl.Series:
    """That wall clock on the day before delivery, in UTC."""
    local = moments.dt.convert_time_zone(TIME_ZONE).dt.date().dt.offset_by("-1d")
    return local.dt.combine(clock).dt.replace_time_zone(TIME_ZONE).dt.convert_time_zone("UTC").dt.cast_time_unit("us")


def _notices(zone: str, days: Sequence[date]) -> list[tuple[datetime, entsoe.Notice]]:
    """A notice each week: announced two days before, revised once, and every fourth one withdrawn."""
    found = []
    for number, day in enumerate(days[::7]):
        start = datetime.combine(day, time(6), tzinfo=UTC)
        told = (f"{zone}-notice-{number}", AREAS[zone].code, f"22W{zone}{number % 5:04}", f"UNIT {number % 5}", "B14", 900.0)
        for revision, (days_before, left, status) in enumerate(((2, 0.0, ""), (1, 300.0, "A09" if number % 4 == 3 else "")), 1):
            name, area, unit, title, kind, nominal = told
            notice = entsoe.Notice(name, revision, area, unit, title, kind, nominal, left, start, start + timedelta(days=3), status)
            found.append((start - timedelta(days=days_before), notice))
    return found


def _weather(made: World, starts: np.ndarray, season: np.ndarray, hour: np.ndarray) -> None:
    rng = np.random.default_rng(7)
    sun = np.clip(np.sin(np.pi * (hour - 6) / 12), 0.0, None) * (hour > 6) * (hour < 18)
    values = {"wind": 6 + 2 * season + 2 * _slow(rng, len(starts)), "temperature": 10 - 9 * season, "radiation": 700 * sun * (0.6 - 0.3 * season)}
    for kind, own in values.items():
        made.series["weather", "anywhere", kind] = _after(starts, np.round(np.clip(own, 0.0 if kind != "temperature" else -40.0, None), 2), 0)


def _hour(starts: np.ndarray) -> np.ndarray:
    return np.asarray((starts / 3_600e6 + 1) % 24)


def _slow(rng: np.random.Generator, count: int) -> np.ndarray:
    """A path that wanders within about a half, from a step every six hours."""
    steps = rng.uniform(-0.5, 0.5, count // 24 + 2)
    return np.interp(np.arange(count) / 24, np.arange(len(steps)), steps)
