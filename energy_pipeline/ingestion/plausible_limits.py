"""Thresholds of plausibility, as data: number and reason.

What belongs here: every number by which a value is held, with the reason. What does not: the judging (`plausibility`),
or limits of prices (`domain.price_limits`).

How often the thresholds are wrong on real series, and which seeded errors they find:
`python -m energy_pipeline_tests.ingestion.plausibility_rates`.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Limit:
    """One threshold."""

    value: float
    unit: str
    reason: str


LEVEL_DAYS = 182
"""Days before that make a series' own level: half must be wrong, for three months, before a wrong unit becomes the level."""
LEVEL_LEAST = 28
"""Days with values below which a series has no level yet."""
REACH_DAYS = LEVEL_DAYS + 30
"""Delivery days before a day that its judgement may read."""

LIMITS: dict[str, Limit] = {
    "output_high": Limit(1.1, "share of capacity", "what learning calls impossible (renewables.cleaning); meters overshoot by a few per cent"),
    "output_low": Limit(-0.1, "share of capacity", "own consumption is a few per cent"),
    "output_unit": Limit(10.0, "share of capacity", "no overshoot but another unit: the whole day is held, and quiet days after it"),
    "unit_days": Limit(3.0, "days", "a calm day in a wrong unit looks right: it is held while the days before were in that unit"),
    "output_asleep": Limit(0.002, "share of capacity", "28 days below it and above zero: GW, or a share of capacity, for MW"),
    "zone_high": Limit(3.0, "share of installed capacity", "what a desk states as installed is years old"),
    "zone_unit": Limit(30.0, "share of installed capacity", "no growth of capacity explains it"),
    "output_jump": Limit(20.0, "times the highest of the level's days", "where no capacity is stated: a zone does not grow so in a day"),
    "output_drop": Limit(0.004, "share of the median day's highest value", "for a week, and not zero: a thousandth; calm weeks stay above 1 %"),
    "load_high": Limit(8.0, "times the median day", "load of a day is within 0.4 and 2 of its half-year's median"),
    "load_low": Limit(0.125, "share of the median day", "load of a day is within 0.4 and 2 of its half-year's median"),
    "load_hour_low": Limit(0.05, "share of the median day's lowest hour", "only where the median day's lowest is over a fifth of its highest"),
    "price_drop": Limit(1.0 / 60.0, "share of the median day's highest price", "for 3 days: EUR/kWh; the windiest days keep a few EUR"),
    "price_asleep": Limit(1.5, "per MWh", "28 days whose every price is below it, and not zero: the price is per kWh"),
    "price_cents": Limit(40.0, "per MWh", "14 days whose every price is below it, with a third digit after the point: hundredths per kWh"),
    "price_cents_finer": Limit(17.0, "per MWh", "the same where there are more than three digits after the point, as means and nodal prices have"),
    "price_cents_drop": Limit(0.2, "share of the median day's highest price", "for 3 days, with a third digit after the point"),
    "off_tick": Limit(0.3, "share of prices", "auctions clear in hundredths: a third digit after the point is a converted price"),
    "temperature_high": Limit(56.7, "degC", "the highest ever measured; Kelvin and most of Fahrenheit lie beyond"),
    "temperature_low": Limit(-68.0, "degC", "the lowest of an inhabited place"),
    "temperature_low_sun": Limit(28.0, "degC", "day's mean beyond 35 degrees of latitude with the noon sun below 40 degrees: Fahrenheit"),
    "ghi_high": Limit(1500.0, "W/m2", "cloud enhancement rarely exceeds the solar constant of 1361"),
    "ghi_low": Limit(-20.0, "W/m2", "pyranometers fall a little below zero at night"),
    "ghi_day": Limit(1.0, "share of the extraterrestrial day", "the clearest day lets four fifths through: kJ/m2 and J/m2 are beyond"),
    "ghi_asleep": Limit(0.02, "share of the extraterrestrial noon", "for 3 days with the sun above 20 degrees: kW/m2 or kWh/m2"),
    "direction_low": Limit(0.0, "degrees", "directions are counted from north, clockwise"),
    "direction_high": Limit(360.0, "degrees", "a circle"),
    "pressure_low": Limit(400.0, "hPa", "7,000 m above the sea; kPa lie below"),
    "pressure_high": Limit(1100.0, "hPa", "the record is 1,085; Pascal lie beyond"),
    "snow_low": Limit(0.0, "cm", "no snow is 0"),
    "snow_high": Limit(2000.0, "cm", "the deepest measured was 1,182"),
    "wind_high": Limit(75.0, "m/s", "the strongest ten-minute mean near ground is below"),
    "wind_jump": Limit(2.0, "times the mean of the half-year before", "mean of 28 days: storms of a season stay below; a switch to km/h or knots"),
    "wind_mean": Limit(10.5, "m/s at 10 m, by the power law with 1/7 above", "mean of 28 days: beyond every station but gale seasons; km/h or knots"),
}


def limit(name: str) -> float:
    """The number.

    >>> limit("output_high")
    1.1
    """
    return LIMITS[name].value
