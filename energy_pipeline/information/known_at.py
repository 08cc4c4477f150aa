"""When a row could first be known: the desk's rule turned into an instant per row.

What belongs here: the arithmetic of `KnownAt`, and the convention of the forecasting
literature for TSO forecasts. What does not: reading the column a rule may point to.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import polars as pl

from energy_pipeline.desk import Desk
from energy_pipeline.desk.sources import KnownAt
from energy_pipeline.domain.delivery import local_instant

CONVENTION = KnownAt(
    anchor="delivery_day",
    days=-1,
    at=time(9, 30),
    basis="assumption",
    note="epf_convention: the TSO's wind and solar forecast stands for a vendor's that is known before the gate",
)


def market_time_zone(desk: Desk, key: Mapping[str, str]) -> str:
    """The time zone of a series' market: of its zone, its plant's zone, else the desk's."""
    zone = key.get("zone")
    if "plant" in key and key["plant"] in desk.plants:
        zone = desk.plants[key["plant"]].zone
    return desk.markets[desk.zones[zone].market].time_zone if zone in desk.zones else desk.time_zone


def rule_of(desk: Desk, table: str, key: Mapping[str, str], declared: KnownAt) -> KnownAt:
    """The rule that holds: the declared one, or the literature's convention where the zone chose it."""
    zone = key.get("zone")
    if table == "generation_forecast" and zone in desk.zones and desk.zones[zone].tso_res_forecast == "epf_convention":
        return CONVENTION
    return declared


def add_business_days(day: date, count: int) -> date:
    """The day `count` Monday-to-Friday days later.

    >>> add_business_days(date(2019, 4, 5), 1)
    datetime.date(2019, 4, 8)
    """
    while count > 0:
        day += timedelta(days=1)
        count -= day.weekday() < 5
    return day


def apply(rule: KnownAt, anchor: date | datetime, time_zone: str) -> datetime:
    """The instant (UTC) a row is known, from its anchor: a local day, or an instant.

    Examples
    --------
    >>> rule = KnownAt(anchor="delivery_day", days=-1, at="12:45", basis="assumption")
    >>> apply(rule, date(2019, 4, 3), "Europe/Berlin").isoformat()
    '2019-04-02T10:45:00+00:00'
    """
    if isinstance(anchor, datetime):
        if rule.at is None and not rule.days and not rule.business_days:
            return anchor + timedelta(minutes=rule.minutes)
        local = anchor.astimezone(ZoneInfo(time_zone))
        day, clock = local.date(), local.time()
    else:
        day, clock = anchor, time(0)
    day = add_business_days(day + timedelta(days=rule.days), rule.business_days)
    return local_instant(day, rule.at or clock, time_zone) + timedelta(minutes=rule.minutes)


def known_at(rule: KnownAt, frame: pl.DataFrame, minutes: int, time_zone: str) -> pl.Series:
    """`known_at` of each row.

    Parameters
    ----------
    rule : KnownAt
    frame : DataFrame
        With `delivery_day`; `delivery_start` for anchor interval_end; `anchor` (UTC, from
        the file's own column) for anchor column.
    minutes : int
        Length of an interval.
    time_zone : str
        The market's; wall clocks of the rule are in it.
    """
    if rule.anchor in ("delivery_day", "value_date"):
        anchors = frame["delivery_day"]
    elif rule.anchor == "interval_end":
        anchors = frame["delivery_start"].dt.offset_by(f"{minutes}m")
    else:
        anchors = frame["anchor"]
    if rule.anchor in ("interval_end", "column") and rule.at is None and not rule.days and not rule.business_days:
        return anchors.dt.offset_by(f"{rule.minutes}m").alias("known_at")
    distinct = anchors.unique().drop_nulls()
    table = pl.DataFrame({"a": distinct, "known_at": pl.Series([apply(rule, a, time_zone) for a in distinct], dtype=pl.Datetime("us", "UTC"))})
    return pl.DataFrame({"a": anchors}).join(table, on="a", how="left", maintain_order="left")["known_at"]
