"""A small random archive for the tiny desk: every raw series features and forecasts read.

What belongs here: a quick world with a known shape for tests. What does not: the
synthetic market of the package (ingestion), which has its own tests.
"""

from datetime import date, datetime, time, timedelta
from functools import lru_cache
from pathlib import Path

import numpy as np
import polars as pl

from energy_pipeline.contracts import table
from energy_pipeline.desk import Desk, load_desk
from energy_pipeline.domain.delivery import DeliveryDay, days_between, local_instant, to_us
from energy_pipeline.domain.seeds import generator
from energy_pipeline.information.archive import Archive, InformationSet
from energy_pipeline.information.artefacts import MemoryArtefacts

BERLIN = "Europe/Berlin"
DESK = load_desk(Path(__file__).parents[1] / "desks" / "tiny.yaml")
HOUR_US = 3_600_000_000


def rows(name: str, day: date, starts, minutes: int, known_us, **columns) -> pl.DataFrame:
    """Rows of one raw series and day; `known_us` is one instant or one per row."""
    contract = table(name)
    data = {
        "delivery_day": pl.repeat(day, len(starts), dtype=pl.Date(), eager=True),
        "delivery_start": _instants(np.asarray(starts)),
        "resolution_minutes": pl.repeat(minutes, len(starts), dtype=pl.Int32(), eager=True),
        "known_at": _instants(np.broadcast_to(np.asarray(known_us, dtype=np.int64), (len(starts),)).copy()),
        "source": pl.repeat("test", len(starts), eager=True),
    }
    for column, value in columns.items():
        data[column] = pl.Series(value) if np.ndim(value) else pl.repeat(value, len(starts), eager=True)
    unknown = {c.name: pl.repeat(None, len(starts), eager=True) for c in contract.columns if c.since > 1 and c.name not in data}
    return pl.DataFrame(data | unknown, schema=contract.schema)


def _instants(us) -> pl.Series:
    return pl.Series(us).cast(pl.Datetime("us")).dt.replace_time_zone("UTC")


def at(day: date, days: int, hour: int, minute: int = 0) -> int:
    """Microseconds of a wall-clock time `days` after `day`."""
    return to_us(local_instant(day + timedelta(days=days), time(hour, minute), BERLIN))


def _day(desk: Desk, day: date, frames: dict[str, list[pl.DataFrame]]) -> None:
    delivery = DeliveryDay(day, BERLIN)
    starts, slots = delivery.interval_starts_us(60), delivery.slots(60)
    late = at(day, -1, 18)
    for location in desk.weather:
        rng = generator("test-weather", day, location)
        wind = np.clip(7.0 + 3.0 * rng.standard_normal() + rng.standard_normal(starts.size), 0.0, 30.0)
        sun = np.clip(np.sin((slots - 6) / 12 * np.pi), 0.0, None) * 800.0 * rng.uniform(0.3, 1.0)
        for lead, noise in ((2, 1.0), (1, 0.0)):
            frames["weather_forecast"].append(
                rows(
                    "weather_forecast",
                    day,
                    starts,
                    60,
                    at(day, -lead, 8),
                    location=location,
                    issued_at=_instants(np.full(starts.size, at(day, -lead, 6))),
                    wind_speed_ms=np.clip(wind + noise * rng.standard_normal(starts.size), 0.0, 30.0),
                    temperature_c=np.full(starts.size, 12.0),
                    ghi_w_m2=sun,
                )
            )
        frames["_truth"].append(pl.DataFrame({"location": location, "wind": wind, "sun": sun}))
    for zone, settings in desk.zones.items():
        rng = generator("test-zone", day, zone)
        truth = next(f for f in frames["_truth"][::-1] if f["location"][0] == settings.weather_locations[0])
        load = 40_000 + 8_000 * np.sin((slots - 8) / 12 * np.pi) - 6_000 * (day.weekday() >= 5) + 800 * rng.standard_normal(starts.size)
        output = {
            "wind": settings.installed_wind_mw * np.minimum((truth["wind"].to_numpy() / 13.0) ** 3, 1.0),
            "solar": settings.installed_solar_mw * truth["sun"].to_numpy() / 1000.0,
        }
        after = starts + 2 * HOUR_US
        frames["load_actual"].append(rows("load_actual", day, starts, 60, after, zone=zone, load_mw=load))
        forecast = load + 500 * rng.standard_normal(starts.size)
        frames["load_forecast"].append(rows("load_forecast", day, starts, 60, at(day, -1, 10), zone=zone, load_mw=forecast))
        for technology, output_mw in output.items():
            spread = rng.uniform(0.9, 1.1, starts.size)
            key = {"zone": zone, "technology": technology}
            frames["generation_actual"].append(rows("generation_actual", day, starts, 60, after, **key, generation_mw=output_mw))
            published = late if zone == "SOUTH" else at(day, -1, 9)
            frames["generation_forecast"].append(rows("generation_forecast", day, starts, 60, published, **key, generation_mw=output_mw * spread))
        minutes = settings.resolution_minutes(day)
        residual = np.repeat(load - output["wind"] - output["solar"], 60 // minutes)
        price = residual / 400.0 + 5.0 * rng.standard_normal(residual.size) - 20.0
        own = delivery.interval_starts_us(minutes)
        frames["day_ahead_prices"].append(rows("day_ahead_prices", day, own, minutes, at(day, -1, 12, 45), zone=zone, price_eur_mwh=price))
        if settings.second_price.kind != "none":
            second = price + 2.0 + 6.0 * rng.standard_normal(price.size)
            known = own + 2 * HOUR_US
            frames["second_prices"].append(
                rows("second_prices", day, own, minutes, known, zone=zone, price_kind=settings.second_price.kind, price_eur_mwh=second)
            )
    if day.weekday() < 5:
        for commodity, level, unit in (("gas", 30.0, "EUR/MWh"), ("carbon", 70.0, "EUR/t")):
            frames["fuel_prices"].append(
                pl.DataFrame(
                    {
                        "delivery_day": [day],
                        "commodity": [commodity],
                        "price": [level + day.day / 10.0],
                        "unit": [unit],
                        "known_at": _instants(np.array([at(day, 0, 18)])),
                        "source": ["test"],
                    },
                    schema=table("fuel_prices").schema,
                )
            )


@lru_cache(maxsize=8)
def market(first: date, last: date) -> dict[str, pl.DataFrame]:
    """All raw frames of delivery days first..last; a day is the same in any range."""
    names = ("day_ahead_prices", "second_prices", "load_actual", "load_forecast", "generation_actual", "generation_forecast")
    frames: dict[str, list[pl.DataFrame]] = {n: [] for n in (*names, "weather_forecast", "fuel_prices", "_truth")}
    for day in days_between(first, last):
        _day(DESK, day, frames)
    return {name: pl.concat(parts) for name, parts in frames.items() if name != "_truth"}


SPRING = date(2026, 3, 29)  # 23 hours; NORTH has quarters
CHANGE = date(2025, 10, 2)  # NORTH: hours until 2025-09-30, quarters since
AUTUMN = date(2025, 10, 26)  # 25 hours


def frames_for(day: date) -> dict[str, pl.DataFrame]:
    """The season's market around one of the named days, with days after it."""
    if day > date(2025, 12, 1):
        return market(SPRING - timedelta(days=DESK.history_days + 4), SPRING + timedelta(days=2))
    return market(CHANGE - timedelta(days=DESK.history_days + 4), AUTUMN + timedelta(days=2))


def only(frames: dict[str, pl.DataFrame], first: date, last: date) -> dict[str, pl.DataFrame]:
    """The frames cut to delivery days first..last."""
    return {name: frame.filter(pl.col("delivery_day").is_between(first, last)) for name, frame in frames.items()}


def without(frames: dict[str, pl.DataFrame], *names: str) -> dict[str, pl.DataFrame]:
    """The frames less some tables."""
    return {name: frame for name, frame in frames.items() if name not in names}


def archive_for(day: date, desk: Desk = DESK) -> Archive:
    """An archive of the season around `day`."""
    return Archive(desk, frames_for(day))


STORE = MemoryArtefacts()
"""Fitted models of every test that is content with what another one fitted."""


@lru_cache(maxsize=8)
def clean(day: date) -> InformationSet:
    """What decide(`day`) may see of the season's market: one for all tests that leave it as it is.

    What one test computed of it the next one finds. A test that changes how values are read, or asks what a process without a past
    would compute, takes an archive of its own (`archive_for`).
    """
    return archive_for(day).at(day)


def price(frames: dict[str, pl.DataFrame], zone: str, start_us: int, name: str = "day_ahead_prices") -> float:
    """The price of one interval, found by a plain search."""
    found = frames[name].filter(pl.col("zone") == zone, pl.col("delivery_start").cast(pl.Int64) == int(start_us))
    return found["price_eur_mwh"].item()


def desk_with(zone: str, **settings: object) -> Desk:
    """The tiny desk with some settings of one zone replaced."""
    zones = {**DESK.zones, zone: DESK.zones[zone].model_copy(update=settings)}
    return DESK.model_copy(update={"zones": zones})


def poisoned(frames: dict[str, pl.DataFrame], cut: datetime) -> dict[str, pl.DataFrame]:
    """The frames with every number known after `cut` replaced, some such rows dropped and others added."""
    result = {}
    for name, frame in frames.items():
        numbers = [c.name for c in table(name).columns if c.dtype == "f64"]
        old, new = frame.filter(pl.col("known_at") <= cut), frame.filter(pl.col("known_at") > cut)
        noise = new.with_columns([(pl.col(c) * 0.5 + 17.0).alias(c) for c in numbers]).gather_every(2)
        late = pl.lit(cut).cast(pl.Datetime("us", "UTC")) + timedelta(seconds=1)
        added = old.with_columns(late.alias("known_at"), *[pl.lit(99.0).alias(c) for c in numbers])
        result[name] = pl.concat([noise, old, added])
    return result


def withheld(frames: dict[str, pl.DataFrame], name: str, cut: datetime, rows_: pl.Expr) -> dict[str, pl.DataFrame]:
    """The frames with the chosen rows of one table known only after `cut`."""
    late = pl.lit(cut + timedelta(seconds=1)).cast(pl.Datetime("us", "UTC"))
    moved = frames[name].with_columns(pl.when(rows_ & (pl.col("known_at") <= cut)).then(late).otherwise(pl.col("known_at")).alias("known_at"))
    return {**frames, name: moved}
