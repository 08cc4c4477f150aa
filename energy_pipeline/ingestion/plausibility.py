"""Whether a value can be: one series against capacity, sun, market limits and its own past.

What belongs here: pure rules over one series (numbers: `plausible_limits`). What does not: what happens to a held hour
(`holding`), errors no single hour shows, such as a shifted clock (`desk_plausibility`).

A value is judged by nothing that was published after it: its level is that of delivery days before both its own and the
one on which it was known. A level is a median of raw days, held ones among them, so that a day's verdict depends on
`REACH_DAYS` before it and on no earlier verdict.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Literal

import numpy as np
import polars as pl

from energy_pipeline.domain.delivery import FloatArray, IntArray
from energy_pipeline.domain.price_limits import PriceLimit
from energy_pipeline.ingestion.plausible_limits import LEVEL_DAYS, LEVEL_LEAST, limit

Quantity = Literal["output", "zone_output", "load", "price", "temperature", "ghi", "wind", "light", "direction", "pressure", "snow"]
SOLAR_CONSTANT_W_M2 = 1361.0
_TICKS_PER_UNIT = 100.0
RANGES: dict[Quantity, tuple[str, str, str]] = {
    "light": ("ghi_low", "ghi_high", "W/m2: J/m2 or kJ/m2?"),
    "direction": ("direction_low", "direction_high", "degrees: clockwise from north?"),
    "pressure": ("pressure_low", "pressure_high", "hPa: Pascal or kPa?"),
    "snow": ("snow_low", "snow_high", "cm: millimetres?"),
}
"""Lowest, highest (names of limits) and what a value beyond may be."""


@dataclass(frozen=True)
class Facts:
    """What the desk knows about a series.

    Attributes
    ----------
    quantity : str
    capacity_mw : float or None
        AC capacity of the plant, or what is installed in the zone.
    latitude_deg, height_m : float or None
        Of the weather location; height of its wind.
    price_limit : function of the day, optional
        The market's technical limit.
    """

    quantity: Quantity
    capacity_mw: float | None = None
    latitude_deg: float | None = None
    height_m: float = 10.0
    price_limit: Callable[[date], PriceLimit | None] | None = None


def judge(rows: pl.DataFrame, facts: Facts) -> pl.DataFrame:
    """Which values cannot be.

    Parameters
    ----------
    rows : frame
        One series: `row` (any id), `day`, `known_day` (local day its vintage was known), `value`; any order.
    facts : Facts

    Returns
    -------
    frame
        `row`, `check`, `detail`: one line for each value to hold, the first rule that claims it.

    Examples
    --------
    >>> day = [date(2024, 3, 5)] * 3
    >>> meter = pl.DataFrame({"row": [1, 2, 3], "day": day, "known_day": day, "value": [1800.0, 3.9, None]})
    >>> judge(meter, Facts("output", capacity_mw=4.0))["check"].to_list()
    ['unit', 'unit']
    """
    known = rows.filter(pl.col("value").is_finite()).with_columns(ref=pl.min_horizontal("day", "known_day"))
    if known.is_empty():
        return pl.DataFrame(schema={"row": rows.schema["row"], "check": pl.String, "detail": pl.String})
    if facts.quantity in RANGES:
        return _beyond(known, facts.quantity)
    daily = _daily(known)
    batches = _batches(known, daily)
    judged = known.join(batches, on=["day", "ref"], how="left", maintain_order="left")
    found = pl.coalesce(*(pl.when(bad).then(pl.concat_str(pl.lit(f"{check}|"), text)) for check, bad, text in _RULES[facts.quantity](facts, judged)))
    told = judged.select("row", found.alias("told")).drop_nulls("told").with_columns(pl.col("told").str.splitn("|", 2).alias("parts"))
    return told.select("row", pl.col("parts").struct[0].alias("check"), pl.col("parts").struct[1].alias("detail"))


def _beyond(known: pl.DataFrame, quantity: Quantity) -> pl.DataFrame:
    """Quantities that have no level of their own: only what can never be."""
    low, high, hint = RANGES[quantity]
    value = pl.col("value")
    text = pl.concat_str(value.cast(pl.String), pl.lit(f" {hint}"))
    return known.filter((value < limit(low)) | (value > limit(high))).select("row", check=pl.lit("unit"), detail=text)


_Rule = tuple[str, pl.Expr, pl.Expr]


def _stats() -> list[pl.Expr]:
    v = pl.col("value")
    ticks = v * _TICKS_PER_UNIT
    off = ((ticks - ticks.round()).abs() > 1e-6 * (1.0 + ticks.abs())).mean()
    finer = ((10.0 * ticks - (10.0 * ticks).round()).abs() > 1e-6 * (1.0 + 10.0 * ticks.abs())).mean()
    return [
        v.abs().max().alias("hi"),
        v.min().alias("lo"),
        v.abs().median().alias("mid"),
        v.mean().alias("mean"),
        off.alias("off"),
        finer.alias("finer"),
        pl.len().alias("rows_of_day"),
    ]


def _daily(known: pl.DataFrame) -> pl.DataFrame:
    """A row per calendar day: statistics of the day, and over the days up to and with it."""
    daily = known.group_by("day", maintain_order=True).agg(*_stats()).sort("day")
    every = pl.DataFrame({"day": pl.date_range(daily["day"][0], daily["day"][-1], "1d", eager=True)})
    daily = every.join(daily, on="day", how="left", maintain_order="left")

    def over(column: str, how: str, days: int, least: int) -> pl.Expr:
        rolled: pl.Expr = getattr(pl.col(column), f"rolling_{how}")(window_size=days, min_samples=least)
        return rolled

    return daily.select(
        "day",
        over("hi", "median", LEVEL_DAYS, LEVEL_LEAST).alias("level_hi"),
        over("mid", "median", LEVEL_DAYS, LEVEL_LEAST).alias("level_mid"),
        over("lo", "median", LEVEL_DAYS, LEVEL_LEAST).alias("level_lo"),
        over("hi", "max", LEVEL_DAYS, LEVEL_LEAST).alias("level_top"),
        over("hi", "max", int(limit("unit_days")), 1).alias("hi_3"),
        over("hi", "max", 2, 2).alias("hi_2"),
        over("hi", "max", 6, 3).alias("hi_6"),
        over("hi", "max", 13, 10).alias("hi_13"),
        over("hi", "max", 27, 14).alias("hi_27"),
        over("mean", "mean", 27, 20).alias("mean_27"),
        over("mean", "mean", LEVEL_DAYS, LEVEL_DAYS // 2).shift(27).alias("mean_level"),
        over("off", "mean", 13, 10).alias("off_13"),
        over("off", "mean", 2, 2).alias("off_2"),
    )


def _batches(known: pl.DataFrame, daily: pl.DataFrame) -> pl.DataFrame:
    """Statistics of each delivery day as published on one day, beside those of the days before that."""
    batches = known.group_by("day", "ref", maintain_order=True).agg(*_stats()).sort("ref", "day")
    # The last calendar day before `ref`; where the series has a hole there is no row, and the rolled numbers are those at its end.
    return batches.with_columns(before=pl.col("ref").dt.offset_by("-1d")).join_asof(
        daily.sort("day"), left_on="before", right_on="day", strategy="backward", tolerance="14d", suffix="_level", check_sortedness=False
    )


def _share(value: pl.Expr, of: float, what: str) -> pl.Expr:
    return pl.concat_str((value / of).round(3).cast(pl.String), pl.lit(f" x {what}"))


def _output(facts: Facts, _rows: pl.DataFrame) -> list[_Rule]:
    if facts.capacity_mw is None:
        return _own_level()
    high, unit, what = ("output_high", "output_unit", "capacity") if facts.quantity == "output" else ("zone_high", "zone_unit", "installed capacity")
    share = pl.col("value") / facts.capacity_mw
    beyond = limit(unit) * facts.capacity_mw
    highest = pl.concat_str(pl.lit("the day reaches "), _share(pl.col("hi"), facts.capacity_mw, f"{what} of {facts.capacity_mw:g} MW: kW for MW?"))
    before = pl.lit(f"the days before are beyond {limit(unit):g} x {what}: another unit, and a quiet day of it looks right")
    asleep = pl.max_horizontal("hi", "hi_27")
    return [
        ("unit", pl.col("hi") > beyond, highest),
        ("unit", pl.col("hi_3") > beyond, before),
        ("capacity", share > limit(high), _share(pl.col("value"), facts.capacity_mw, f"{what} of {facts.capacity_mw:g} MW")),
        ("capacity", share < limit("output_low"), _share(pl.col("value"), facts.capacity_mw, f"{what} of {facts.capacity_mw:g} MW")),
        (
            "unit",
            (asleep < limit("output_asleep") * facts.capacity_mw) & (asleep > 0.0) & pl.col("hi_27").is_not_null(),
            pl.lit(f"28 days below {limit('output_asleep'):.1%} of {what}, and not zero: GW or a share for MW?"),
        ),
        *_drop(),
    ]


def _drop() -> list[_Rule]:
    week = pl.max_horizontal("hi", "hi_6")
    fallen = (week < limit("output_drop") * pl.col("level_hi")) & (week > 0.0) & pl.col("hi_6").is_not_null()
    return [("unit", fallen, pl.lit("a week below a thousandth or so of its own level, and not zero: GW for MW?"))]


def _own_level() -> list[_Rule]:
    jump = pl.col("hi") > limit("output_jump") * pl.col("level_top")
    again = pl.col("hi_3") > limit("output_jump") * pl.col("level_hi") * 5.0
    return [
        (
            "unit",
            jump,
            pl.concat_str(pl.lit("the day reaches "), (pl.col("hi") / pl.col("level_top")).round(1).cast(pl.String), pl.lit(" x its highest")),
        ),
        ("unit", again, pl.lit("the days before are far beyond its level: another unit")),
        *_drop(),
    ]


def _load(_facts: Facts, _rows: pl.DataFrame) -> list[_Rule]:
    def times(value: str, of: str) -> pl.Expr:
        return pl.concat_str(pl.lit("the day is "), (pl.col(value) / pl.col(of)).round(4).cast(pl.String), pl.lit(" x its own level"))

    value, high, low = pl.col("value"), limit("load_high"), limit("load_low")
    steady = pl.col("level_lo") > 0.2 * pl.col("level_hi")
    return [
        ("unit", pl.col("mid") > high * pl.col("level_hi"), times("mid", "level_mid")),
        ("unit", pl.col("hi") < low * pl.col("level_hi"), times("hi", "level_hi")),
        ("level", value.abs() > high * pl.col("level_hi"), pl.lit("the hour is far above its own level")),
        ("level", steady & (value < limit("load_hour_low") * pl.col("level_lo")), pl.lit("the hour is far below its own level")),
    ]


def _price(facts: Facts, rows: pl.DataFrame) -> list[_Rule]:
    value, rules = pl.col("value"), list[_Rule]()
    days = rows["day"].unique().to_list()
    bounds = {day: facts.price_limit(day) for day in days} if facts.price_limit is not None else {}
    known = {day: bound for day, bound in bounds.items() if bound is not None}
    if known:
        lowest = pl.col("day").replace_strict({d: b.lowest for d, b in known.items()}, default=None, return_dtype=pl.Float64)
        highest = pl.col("day").replace_strict({d: b.highest for d, b in known.items()}, default=None, return_dtype=pl.Float64)
        text = pl.concat_str(
            value.cast(pl.String), pl.lit(" is beyond the market's "), lowest.cast(pl.String), pl.lit(" .. "), highest.cast(pl.String)
        )
        rules.append(("market_limit", (value < lowest) | (value > highest), text))
    three, weeks, month = pl.max_horizontal("hi", "hi_2"), pl.max_horizontal("hi", "hi_13"), pl.max_horizontal("hi", "hi_27")
    fine = (pl.col("off") > limit("off_tick")) & (pl.col("off_2") > limit("off_tick"))
    fine_long = fine & (pl.col("off_13") > limit("off_tick"))
    level, enough = pl.col("level_hi"), pl.col("hi_2").is_not_null()
    # Means and nodal prices have many digits at any level; hundredths of a price in hundredths have three.
    bound = pl.when(pl.col("finer") < 0.01).then(limit("price_cents")).otherwise(limit("price_cents_finer"))
    kwh, cents = "is the price per kWh?", "are these hundredths per kWh?"
    return [
        *rules,
        ("unit", enough & (three < limit("price_drop") * level) & (three > 0.0), pl.lit(f"3 days far below its own level: {kwh}")),
        (
            "unit",
            pl.col("hi_27").is_not_null() & (month < limit("price_asleep")) & (month > 0.0) & fine_long,
            pl.lit(f"28 days below {limit('price_asleep'):g}: {kwh}"),
        ),
        ("unit", enough & fine & (three < limit("price_cents_drop") * level), pl.lit(f"3 days far below its own level, finer than 0.01: {cents}")),
        (
            "unit",
            pl.col("hi_13").is_not_null() & fine_long & (weeks < bound),
            pl.lit(f"14 days below {limit('price_cents'):g}, finer than 0.01: {cents}"),
        ),
    ]


def _temperature(facts: Facts, rows: pl.DataFrame) -> list[_Rule]:
    value = pl.col("value")
    text = pl.concat_str(value.cast(pl.String), pl.lit(" degC: Kelvin or Fahrenheit?"))
    beyond = (value > limit("temperature_high")) | (value < limit("temperature_low"))
    rules: list[_Rule] = [("unit", beyond, text)]
    if facts.latitude_deg is not None and abs(facts.latitude_deg) > 35.0:
        low_sun = _by_day(rows, _noon_elevation_deg(facts.latitude_deg, rows)) < 40.0
        warm = low_sun & (pl.col("mean") > limit("temperature_low_sun"))
        rules.append(("unit", warm, pl.lit("too warm for the low sun of the season: Fahrenheit?")))
    return rules


def _ghi(facts: Facts, rows: pl.DataFrame) -> list[_Rule]:
    value = pl.col("value")
    beyond = (value > limit("ghi_high")) | (value < limit("ghi_low"))
    rules: list[_Rule] = [("unit", beyond, pl.concat_str(value.cast(pl.String), pl.lit(" W/m2: J/m2 or kJ/m2?")))]
    if facts.latitude_deg is None:
        return rules
    noon = np.maximum(np.sin(np.radians(_noon_elevation_deg(facts.latitude_deg, rows))), 0.0)
    day = _by_day(rows, limit("ghi_day") * _daily_extraterrestrial_w_m2(facts.latitude_deg, rows) + 5.0)
    peak = _by_day(rows, noon * SOLAR_CONSTANT_W_M2)
    three = pl.max_horizontal("hi", "hi_2")
    asleep = (three < limit("ghi_asleep") * peak) & (peak > 465.0) & (three > 0.0) & pl.col("hi_2").is_not_null()
    whole = pl.col("rows_of_day") >= 20
    return [
        *rules,
        ("unit", whole & (pl.col("mean") > day), pl.lit("the day has more light than falls on the air above it: kJ/m2 or J/m2?")),
        ("unit", asleep, pl.lit("3 days nearly without light while the sun is high: kW/m2?")),
    ]


def _wind(facts: Facts, _rows: pl.DataFrame) -> list[_Rule]:
    value, bound = pl.col("value"), limit("wind_mean") * (max(facts.height_m, 10.0) / 10.0) ** (1.0 / 7.0)
    month = (pl.col("mean_27") * 27.0 + pl.col("mean")) / 28.0
    return [
        ("range", (value > limit("wind_high")) | (value < 0.0), pl.concat_str(value.cast(pl.String), pl.lit(" m/s"))),
        ("unit", month > limit("wind_jump") * pl.col("mean_level"), pl.lit("28 days blow twice as hard as the half-year before: km/h or knots?")),
        ("unit", month > bound, pl.concat_str(pl.lit("mean of 28 days "), month.round(1).cast(pl.String), pl.lit(" m/s: km/h or knots?"))),
    ]


_RULES: dict[Quantity, Callable[[Facts, pl.DataFrame], list[_Rule]]] = {
    "output": _output,
    "zone_output": _output,
    "load": _load,
    "price": _price,
    "temperature": _temperature,
    "ghi": _ghi,
    "wind": _wind,
}


def _by_day(rows: pl.DataFrame, numbers: FloatArray) -> pl.Expr:
    return pl.lit(pl.Series("by_day", numbers, dtype=pl.Float64)) if rows.height else pl.lit(None, dtype=pl.Float64)


def _declination_rad(rows: pl.DataFrame) -> FloatArray:
    """Cooper's formula, good to a degree."""
    of_year: IntArray = rows["day"].dt.ordinal_day().cast(pl.Int64).to_numpy()
    return np.asarray(np.radians(23.45 * np.sin(2.0 * np.pi * (284.0 + of_year) / 365.0)))


def _noon_elevation_deg(latitude_deg: float, rows: pl.DataFrame) -> FloatArray:
    return np.asarray(90.0 - np.abs(latitude_deg - np.degrees(_declination_rad(rows))))


def _daily_extraterrestrial_w_m2(latitude_deg: float, rows: pl.DataFrame) -> FloatArray:
    """Mean over the day on a level plane above the air [W/m2], Duffie and Beckman, eq. 1.10.3."""
    latitude, declination = np.radians(latitude_deg), _declination_rad(rows)
    of_year = rows["day"].dt.ordinal_day().to_numpy()
    sunset = np.arccos(np.clip(-np.tan(latitude) * np.tan(declination), -1.0, 1.0))
    shape = np.cos(latitude) * np.cos(declination) * np.sin(sunset) + sunset * np.sin(latitude) * np.sin(declination)
    return np.asarray(SOLAR_CONSTANT_W_M2 * (1.0 + 0.033 * np.cos(2.0 * np.pi * of_year / 365.0)) / np.pi * shape)
