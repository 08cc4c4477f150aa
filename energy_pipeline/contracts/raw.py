"""Contracts of the raw tables: what the world published, every vintage of it.

What belongs here: tables whose rows carry `known_at`. What does not: anything computed.
"""

from __future__ import annotations

from typing import TypedDict, Unpack

from energy_pipeline.contracts import columns as c
from energy_pipeline.contracts.model import Column, Published, Table


class _Facts(TypedDict, total=False):
    """What steers a raw table, as in `Table`."""

    may_be_empty: bool
    published: Published
    awaited_days_before: int
    actual: str
    sparse: bool
    version: int
    is_mart: bool


def _raw(
    name: str, description: str, key: tuple[str, ...], columns: tuple[Column, ...], *, in_report: bool = False, **facts: Unpack[_Facts]
) -> Table:
    """A raw table: every row with its day, when it was known, and where it came from. The page reads what was made of it."""
    return Table(
        name=name,
        stage="ingestion",
        flow="ingest",
        description=description,
        key=key,
        columns=(c.DELIVERY_DAY, *columns, c.KNOWN_AT, c.SOURCE),
        vintages=True,
        in_report=in_report,
        **facts,
    )


def _series(name: str, description: str, key: tuple[Column, ...], values: tuple[Column, ...], **facts: Unpack[_Facts]) -> Table:
    """A raw table with one row per key, interval and vintage."""
    columns = (*key, c.DELIVERY_START, c.RESOLUTION, *values)
    return _raw(name, description, (*(k.name for k in key), "delivery_start"), columns, **facts)


TECHNOLOGY = c.text("technology", "Which weather-driven technology.", allowed=("wind", "solar"))
PRICE_KIND = c.text("price_kind", "At which second price a deviation is traded back.", allowed=("intraday", "imbalance"))
LOCATION = c.text("location", "Weather location as named in the desk file.")
PLANT = c.text("plant", "Plant as named in the desk file.")

_STORM = "strongest 10-min mean near ground is below 75 m/s"


def _further(name: str, description: str, unit: str, lowest: float, highest: float, reason: str) -> Column:
    """A column that weather has since its second version; null where a source does not give it."""
    return Column(name, "f64", description, unit, True, lowest, highest, reason, since=2)


_WEATHER = (
    Column(
        "wind_speed_ms",
        "f64",
        "Mean wind speed at the location's measuring height.",
        "m/s",
        True,
        0.0,
        75.0,
        _STORM,
    ),
    Column("temperature_c", "f64", "Air temperature at 2 m.", "degC", True, -70.0, 57.0, "the records of inhabited places; Kelvin would exceed it"),
    Column(
        "ghi_w_m2",
        "f64",
        "Global horizontal irradiance, mean of the interval.",
        "W/m2",
        True,
        -20.0,
        1500.0,
        "cloud enhancement rarely exceeds the solar constant 1361; pyranometers fall a little below zero at night",
    ),
    _further("dni_w_m2", "Direct irradiance on a plane that faces the sun, mean of the interval.", "W/m2", -20.0, 1500.0, "the sun gives 1361"),
    _further("dhi_w_m2", "Diffuse horizontal irradiance, mean of the interval.", "W/m2", -20.0, 1500.0, "not above global irradiance"),
    _further("wind_direction_deg", "Where the wind comes from, clockwise from north, at hub height or near it.", "deg", 0.0, 360.0, "a circle"),
    _further("pressure_hpa", "Air pressure at the ground (not reduced to sea level).", "hPa", 400.0, 1100.0, "7,000 m above the sea; record high"),
    _further("snow_depth_cm", "Depth of the snow that lies.", "cm", 0.0, 2000.0, "the deepest snow measured was 1,182 cm"),
    _further("wind_speed_2_ms", "Mean wind speed at the first of the location's `further_wind_heights_m`.", "m/s", 0.0, 75.0, _STORM),
    _further("wind_speed_3_ms", "Mean wind speed at the second of the location's `further_wind_heights_m`.", "m/s", 0.0, 75.0, _STORM),
)

RAW_TABLES: tuple[Table, ...] = (
    _series(
        "day_ahead_prices",
        "Day-ahead auction prices.",
        (c.ZONE,),
        (c.price("price_eur_mwh", "Clearing price of the interval."),),
        published="auction",
        awaited_days_before=1,
    ),
    _series(
        "second_prices",
        "Prices at which deviations from the day-ahead position are traded back: intraday index or imbalance price.",
        (c.ZONE, PRICE_KIND),
        (c.second_price("price_eur_mwh", "Price of the interval.", nullable=True),),
        may_be_empty=True,
        published="after_delivery",
    ),
    _series(
        "load_actual",
        "Metered load of the zone.",
        (c.ZONE,),
        (c.power("load_mw", "Mean load; net of what roofs feed in, where so published, and then below zero at times.", nullable=True),),
        may_be_empty=True,
        published="after_delivery",
        is_mart=True,
    ),
    _series(
        "load_forecast",
        "The TSO's day-ahead load forecast.",
        (c.ZONE,),
        (c.power("load_mw", "Forecast mean load; net loads go below zero.", nullable=True),),
        may_be_empty=True,
        awaited_days_before=0,
        actual="load_actual",
        is_mart=True,
    ),
    _series(
        "generation_actual",
        "Metered wind and solar output of the zone.",
        (c.ZONE, TECHNOLOGY),
        (c.power("generation_mw", "Mean output.", nullable=True, minimum=0.0),),
        may_be_empty=True,
        published="after_delivery",
        is_mart=True,
    ),
    _series(
        "generation_forecast",
        "The TSO's (or by convention a vendor's) day-ahead forecast of wind and solar.",
        (c.ZONE, TECHNOLOGY),
        (c.power("generation_mw", "Forecast mean output.", nullable=True, minimum=0.0),),
        may_be_empty=True,
        awaited_days_before=0,
        actual="generation_actual",
        is_mart=True,
    ),
    _raw(
        name="weather_forecast",
        description="Weather forecasts by issue time and valid time.",
        key=("location", "issued_at", "delivery_start"),
        columns=(
            LOCATION,
            Column("issued_at", "timestamp", "Start of the forecast run, UTC."),
            c.DELIVERY_START,
            c.RESOLUTION,
            *_WEATHER,
        ),
        may_be_empty=True,
        awaited_days_before=0,
        sparse=True,  # a forecast run covers the day from its issue on
        version=2,
        is_mart=True,
    ),
    _series(
        "weather_observed",
        "Observed weather at stations: lags only, never at valid time.",
        (LOCATION,),
        _WEATHER,
        may_be_empty=True,
        published="after_delivery",
        version=2,
        is_mart=True,
    ),
    _raw(
        name="fuel_prices",
        description="Daily settlements of gas, coal and carbon. The partition is the value date; known_at is the evening of the trading day.",
        key=("commodity",),
        columns=(
            c.text("commodity", "Which fuel.", allowed=("gas", "coal", "carbon")),
            Column(
                "price",
                "f64",
                "Settlement in `unit`.",
                "see unit",
                minimum=-50.0,
                maximum=2000.0,
                reason="highest European gas settlement was below 350 EUR/MWh; WTI was once negative",
            ),
            c.text("unit", "Unit of the price.", allowed=("EUR/MWh", "EUR/t", "USD/t", "USD/MMBtu")),
        ),
        may_be_empty=True,
        published="after_delivery",
        is_mart=True,
    ),
    _raw(
        name="forward_quotes",
        description="Quotes of block contracts for the delivery day: mid and half-spread.",
        key=("zone", "contract"),
        columns=(
            c.ZONE,
            c.text("contract", "Delivery block.", allowed=("base", "peak", "offpeak")),
            c.price("price_eur_mwh", "Mid quote."),
            Column(
                "half_spread_eur_mwh",
                "f64",
                "Half of bid-ask.",
                "EUR/MWh",
                minimum=0.0,
                maximum=c.WIDEST_PRICE / 10,
                reason="a wider market is no market",
            ),
            Column("is_proxy", "bool", "True: derived by a declared rule, not a quote."),
        ),
        may_be_empty=True,
        awaited_days_before=0,
    ),
    _raw(
        name="outages",
        description="Unavailability of generating units, a row per outage and delivery day touched.",
        key=("zone", "outage_id"),
        columns=(
            c.ZONE,
            c.text("outage_id", "Identifier of the outage."),
            c.text("fuel", "Fuel of the unit."),
            c.power("unavailable_mw", "Capacity not available.", minimum=0.0),
            Column("starts_at", "timestamp", "First instant of the outage, UTC."),
            Column("ends_at", "timestamp", "First instant after the outage as announced, UTC."),
        ),
        may_be_empty=True,
        is_mart=True,
    ),
    _series(
        "plant_meters",
        "Metered output of the desk's own plants.",
        (PLANT,),
        (c.power("output_mw", "Mean net output.", nullable=True),),
        may_be_empty=True,
        published="after_delivery",
        is_mart=True,
    ),
    _raw(
        name="held_hours",
        description="Values of other raw tables that cannot be, or that the desk's operator changed: held back, released, replaced.",
        key=("raw_table", "series", "value_column", "delivery_start"),
        columns=(
            c.text("raw_table", "Raw table of the value; its own row is null (or absent, where it may not be null) while it is held."),
            c.text("series", "Series within the table, e.g. plant=park."),
            c.text("value_column", "Column of the value."),
            c.text("zone", "Zone of the series, or of its plant; null for weather.", nullable=True),
            c.DELIVERY_START,
            c.RESOLUTION,
            c.text("check", "Which rule holds it.", allowed=("unit", "capacity", "level", "market_limit", "range", "operator")),
            Column("found_value", "f64", "What the source says, in the unit it was read in.", "see value_column"),
            Column("used_value", "f64", "What is used instead; null while held.", "see value_column", nullable=True),
            c.text("status", "corrected: the source no longer says it.", allowed=("held", "released", "replaced", "corrected")),
            c.text("detail", "Why, in words; of an operator's line: its reason."),
        ),
        may_be_empty=True,
        published="after_delivery",
        sparse=True,
        in_report=True,
    ),
)
