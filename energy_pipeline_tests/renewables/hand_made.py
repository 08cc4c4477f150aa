"""Hand-made raw frames and desks for the tests of the stages after the forecasts.

What belongs here: builders of raw rows and of desk variants. What does not: tests.
"""

from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import yaml

from energy_pipeline.contracts import table
from energy_pipeline.desk import Desk
from energy_pipeline.desk.load import desk_from
from energy_pipeline.domain.delivery import DeliveryDay, days_between
from energy_pipeline.information.resolution import timestamps

BERLIN = "Europe/Berlin"
TINY = Path(__file__).resolve().parents[1] / "desks" / "tiny.yaml"
Values = float | Callable[[DeliveryDay, int], np.ndarray]


def tiny_desk(**changes: Any) -> Desk:
    """The tiny desk with some top-level keys replaced."""
    return desk_from({**yaml.safe_load(TINY.read_text(encoding="utf-8")), **changes}, "tiny")


def raw_rows(
    name: str,
    key: Mapping[str, str],
    values: Mapping[str, Values],
    first: date,
    last: date,
    minutes: int,
    known_at: Callable[[DeliveryDay], datetime],
    **constants: object,
) -> pl.DataFrame:
    """Rows of a raw table for a span of days."""
    parts = []
    for one in days_between(first, last):
        day = DeliveryDay(one, BERLIN)
        starts = day.interval_starts_us(minutes)
        columns = {k: (v(day, minutes) if callable(v) else np.full(starts.size, v)) for k, v in values.items()}
        parts.append(
            pl.DataFrame(
                {
                    "delivery_day": one,
                    "delivery_start": timestamps(starts),
                    "resolution_minutes": minutes,
                    "known_at": known_at(day),
                    "source": "test",
                }
                | dict(key)
                | constants
                | {k: pl.Series(v, nan_to_null=True) for k, v in columns.items()}
            )
        )
    rows = pl.concat(parts)
    return rows.select([(pl.col(k) if k in rows.columns else pl.lit(None)).cast(t).alias(k) for k, t in table(name).schema.items()])


def day_before(hour: int) -> Callable[[DeliveryDay], datetime]:
    """Known at that hour after local midnight of D-1."""
    return lambda day: day.shift(-1).start + timedelta(hours=hour)


def day_after(hour: int) -> Callable[[DeliveryDay], datetime]:
    """Known at that hour after local midnight of D+1."""
    return lambda day: day.end + timedelta(hours=hour)


def weather(location: str, first: date, last: date, minutes: int = 60, **values: Values) -> pl.DataFrame:
    """Weather forecasts issued at midnight of D-1 and known at 06:00."""
    given = {"wind_speed_ms": 8.0, "temperature_c": 15.0, "ghi_w_m2": 0.0} | values
    parts = [
        raw_rows("weather_forecast", {"location": location}, given, d, d, minutes, day_before(6), issued_at=DeliveryDay(d, BERLIN).shift(-1).start)
        for d in days_between(first, last)
    ]
    return pl.concat(parts)


def meters(plant: str, first: date, last: date, minutes: int, output_mw: Values) -> pl.DataFrame:
    """Plant meters known on D+1 at 08:00."""
    return raw_rows("plant_meters", {"plant": plant}, {"output_mw": output_mw}, first, last, minutes, day_after(8))


def ensemble(desk: Desk, day: date, prices: Mapping[tuple[str, str], Values]) -> pl.DataFrame:
    """Table price_forecasts with only the ensemble, by (zone, price_kind)."""
    parts = []
    for (zone, kind), value in prices.items():
        minutes = desk.zones[zone].resolution_minutes(day)
        delivery = desk.delivery_day(day)
        starts = delivery.interval_starts_us(minutes)
        quantiles = {c: None for c in table("price_forecasts").schema if c.startswith("q")}
        parts.append(
            pl.DataFrame(
                {
                    "delivery_day": day,
                    "target_day": day,
                    "horizon_days": 1,
                    "zone": zone,
                    "price_kind": kind,
                    "model": "ensemble",
                    "delivery_start": timestamps(starts),
                    "resolution_minutes": minutes,
                    "price_eur_mwh": value(delivery, minutes) if callable(value) else np.full(starts.size, value),
                    "fallback": "",
                    "artefact": "",
                    "statistic": "forecast",
                    "tail_lower": None,
                    "tail_upper": None,
                    "lowest_eur_mwh": None,
                    "highest_eur_mwh": None,
                }
                | quantiles
            ).select([pl.col(k).cast(t) for k, t in table("price_forecasts").schema.items()])
        )
    return pl.concat(parts)
