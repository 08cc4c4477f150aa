"""Dimensions of the warehouse: what the keys of the marts stand for.

What belongs here: which dimensions there are, with key, columns and units. What does not: filling them
(`warehouse.dimensions`), or facts.

Every key a mart holds is in its dimension: one that the desk file no longer names stays there with `is_current` false.
"""

from __future__ import annotations

from energy_pipeline.contracts.columns import text
from energy_pipeline.contracts.marts import Mart
from energy_pipeline.contracts.model import Column


def _label(name: str, description: str) -> Column:
    return Column(name, "str", description, nullable=True)


def _number(name: str, description: str, unit: str) -> Column:
    return Column(name, "f64", description, unit, nullable=True)


_CURRENT = Column("is_current", "bool", "Whether the desk file names it now.")
_ZONE = _label("zone", "Bidding zone (dim_zone).")

ZONE = Mart(
    "dim_zone",
    "Bidding zones.",
    ("zone",),
    (
        text("zone", "Bidding zone."),
        _label("market", "Day-ahead market."),
        _label("time_zone", "IANA time zone of the market: that of local columns."),
        _label("currency", "Currency of all money columns."),
        Column("market_time_unit_minutes", "i64", "Length of a market interval now.", "min", nullable=True),
        _label("second_price_kind", "Where deviations are traded: intraday, imbalance or none."),
        _number("imbalance_fee_eur_mwh", "Paid on each MWh of deviation.", "EUR/MWh"),
        _label("gate", "When bids close: days before delivery and local time."),
        _label("holidays", "Places whose public holidays count, separated by a comma and a blank."),
        _number("installed_wind_mw", "Wind capacity of the zone.", "MW"),
        _number("installed_solar_mw", "Solar capacity of the zone.", "MW"),
        _CURRENT,
    ),
)
CALENDAR = Mart(
    "dim_calendar",
    "Quarter-hours of each zone by UTC and by local time; an hourly fact joins the quarter-hour it begins with.",
    ("zone", "delivery_start"),
    (
        text("zone", "Bidding zone (dim_zone)."),
        Column("delivery_start", "timestamp", "Start of the quarter-hour, UTC."),
        Column("delivery_day", "date", "Delivery day, in the desk's time zone."),
        Column("delivery_month", "date", "First day of the month of the delivery day."),
        Column("local_start", "wall", "Wall clock at the start, in the market's time zone."),
        Column("local_day", "date", "Date on the wall."),
        Column("local_hour", "i64", "Hour on the wall, 0 to 23.", "h"),
        Column("is_repeated", "bool", "Second pass of an hour that the clock shows twice in autumn."),
        Column("utc_hour", "i64", "Hour of the day, UTC.", "h"),
        Column("weekday", "i64", "1 Monday to 7 Sunday, of the delivery day.", "1"),
        text("weekday_name", "Name of it."),
        Column("is_weekend", "bool", "Saturday or Sunday."),
        Column("is_holiday", "bool", "Public holiday of the zone's places; false where the desk file names none."),
        Column("is_peak", "bool", "Monday to Friday 08-20 in the desk's time zone, holidays included: the hours of peak contracts."),
        Column("interval_number", "i64", "Market interval of the delivery day it lies in, from 1.", "1"),
        Column("market_time_unit_minutes", "i64", "Length of that interval.", "min"),
    ),
)
PLANT = Mart(
    "dim_plant",
    "Wind and solar plants.",
    ("plant",),
    (
        text("plant", "Plant."),
        _ZONE,
        _label("technology", "wind or solar."),
        _label("plant_kind", "How its output is computed: wind, pv, share or metered."),
        _number("capacity_mw", "Greatest output at the grid; null for a share of the zone.", "MW"),
        _number("latitude_deg", "North is positive.", "deg"),
        _number("longitude_deg", "East is positive.", "deg"),
        _CURRENT,
    ),
)
ASSET = Mart(
    "dim_asset",
    "Batteries, flexible loads, gas plants and rights.",
    ("asset",),
    (
        text("asset", "Asset or right."),
        _ZONE,
        _label("asset_kind", "battery, swing, curtailable, renewable or tolling."),
        _label("information", "auction: one schedule a day; sequential: interval by interval."),
        _number("power_mw", "Power, of a battery while charging.", "MW"),
        _number("energy_mwh", "Content when full.", "MWh"),
        _number("cycles_per_day", "Full cycles a day at most.", "1"),
        _number("cycle_cost_eur_mwh", "Wear per MWh discharged.", "EUR/MWh"),
        _number("strike_eur_mwh", "Price of what is taken or not delivered.", "EUR/MWh"),
        _CURRENT,
    ),
)
CONTRACT = Mart(
    "dim_contract",
    "Block contracts the desk may trade or holds.",
    ("contract",),
    (
        text("contract", "Zone and block, as `hedge_proposals` writes it."),
        _ZONE,
        _label("block", "base, peak or offpeak."),
        _number("max_trade_mw", "Bought or sold a day at most; null for one that is only held.", "MW"),
        _CURRENT,
    ),
)
STRATEGY = Mart(
    "dim_strategy",
    "Trading rules.",
    ("strategy",),
    (
        text("strategy", "Trading rule."),
        _ZONE,
        _label("strategy_kind", "What it trades on."),
        _number("max_mw", "Largest position; null for a study of an index.", "MW"),
        _CURRENT,
    ),
)
DIMENSIONS: dict[str, Mart] = {dim.name: dim for dim in (ZONE, CALENDAR, PLANT, ASSET, CONTRACT, STRATEGY)}
"""Dimensions by name; a seventh, `dim_run`, is a question to the mart `runs`."""
