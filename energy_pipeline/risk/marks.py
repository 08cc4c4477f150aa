"""The whole book marked to the curve of a decision: the table mark_to_market.

What belongs here: the value of every open MWh, by deal and calendar period. What does not: the curve (`portfolio.term_curve`), why
marks change (`explained`), greeks of options (`attribution`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import polars as pl

from energy_pipeline.book.ledger import ONE_DAY, pieces
from energy_pipeline.contracts import table
from energy_pipeline.desk import Desk
from energy_pipeline.domain.blocks import Block, profile
from energy_pipeline.domain.delivery import DeliveryDay, FloatArray
from energy_pipeline.domain.errors import MissingDayError


@dataclass(frozen=True)
class BlockCurve:
    """A zone's curve of one block by day.

    Attributes
    ----------
    first : date
        Day of row 0.
    hours, price, error : arrays, shape (days,)
        Hours of the block [h], mean price [EUR/MWh], how far it may be off [EUR/MWh].
    level : array of str, shape (days,)
    contract : array of date, shape (days, 2)
        First and last day of the shortest contract of the block quoted over the day; None where none is.
    proxy : array of bool, shape (days,)
    """

    first: date
    hours: FloatArray
    price: FloatArray
    error: FloatArray
    level: np.ndarray[tuple[int], np.dtype[np.object_]]
    contract: np.ndarray[tuple[int, int], np.dtype[np.object_]]
    proxy: np.ndarray[tuple[int], np.dtype[np.bool_]]

    def span(self, first: date, last: date) -> slice:
        """Rows of some days; outside the curve there are none."""
        return slice(max((first - self.first).days, 0), max((last - self.first).days + 1, 0))

    def level_of(self, first: date, last: date) -> str:
        """mark_level of a period: quoted where contracts that lie inside it cover all of it."""
        at = self.span(first, last)
        delivers = self.hours[at] > 0
        levels, (begins, ends) = self.level[at][delivers], self.contract[at][delivers].T
        if all(b is not None and b >= first and e <= last for b, e in zip(begins, ends, strict=True)):
            return "quoted"
        return "model" if (levels == "model").any() else "interpolated"

    def covers(self, first: date, last: date) -> bool:
        """Whether every day has a row."""
        return self.first <= first and (last - self.first).days < self.hours.size


def block_curves(curve: pl.DataFrame) -> dict[tuple[str, str], BlockCurve]:
    """curve_days of one decision by zone and block; days on which a block does not deliver have 0 hours."""
    found = {}
    for part in curve.sort("zone", "block", "target_day").partition_by("zone", "block", maintain_order=True):
        first: date = curve["delivery_day"][0]
        at = (part["target_day"] - first).dt.total_days().to_numpy()
        n = int((curve.filter(pl.col("zone") == part["zone"][0])["target_day"].max() - first).days) + 1  # type: ignore[operator,union-attr]
        hours, price, error = np.zeros(n), np.zeros(n), np.zeros(n)
        level, proxy = np.full(n, "model", dtype=object), np.zeros(n, dtype=bool)
        hours[at], price[at], error[at] = part["hours"], part["price_eur_mwh"], part["error_eur_mwh"].fill_null(0.0)
        level[at], proxy[at] = part["mark_level"].to_numpy(), part["rests_on_proxy"].to_numpy()
        contract = np.full((n, 2), None, dtype=object)
        contract[at, 0], contract[at, 1] = part["quoted_from"].to_list(), part["quoted_to"].to_list()
        found[(part["zone"][0], part["block"][0])] = BlockCurve(first, hours, price, error, level, contract, proxy)
    return found


def mark_to_market(desk: Desk, day: DeliveryDay, deals: pl.DataFrame, curve: pl.DataFrame) -> pl.DataFrame:
    """Value of every open MWh of every deal.

    Parameters
    ----------
    deals, curve : frames of deals and curve_days
        Of the decision for `day`.

    Returns
    -------
    frame of the table mark_to_market

    Raises
    ------
    MissingDayError
        Naming the deals that the curve does not reach.
    """
    curves = block_curves(curve)
    rows: list[dict[str, object]] = []
    beyond: list[str] = []
    for deal in deals.to_dicts():
        own = curves.get((deal["zone"], deal["block"]))
        if own is None or not own.covers(max(deal["first_day"], day.day), deal["last_day"]):
            beyond.append(f"{deal['deal']} to {deal['last_day']}")
            continue
        rows += [{"delivery_day": day.day, **row} for row in _marks(deal, own, day.day, week_end(desk, day.day))]
    if beyond:
        raise MissingDayError("curve_days", [day.day], f"no curve for {', '.join(beyond)}; rerun curve_days of this decision")
    return table("mark_to_market").frame(rows or None)


def week_end(desk: Desk, day: date) -> date:
    """Last day of the published week of a decision."""
    return day + timedelta(days=desk.forecast.horizon_days - 1)


def _marks(deal: dict[str, object], own: BlockCurve, day: date, week: date) -> Iterator[dict[str, object]]:
    first, last, mw, entry = (deal[name] for name in ("first_day", "last_day", "position_mw", "price_eur_mwh"))
    assert isinstance(first, date) and isinstance(last, date) and isinstance(mw, float) and isinstance(entry, float)  # noqa: S101, PT018
    later_quotes = bool((own.level[own.span(week + ONE_DAY, date.max)] != "model").any())
    for tenor, begin, end in pieces(max(first, day), last, week):
        at = own.span(begin, end)
        hours = own.hours[at]
        if not hours.any():
            continue
        energy, price = mw * float(hours.sum()), float((hours * own.price[at]).sum() / hours.sum())
        level = own.level_of(begin, end)
        quoted = "proxy_quotes" if own.proxy[at].any() else "quotes"
        rest = {"tenor": tenor, "counterparty": deal["counterparty"], "mark_level": level, "is_proxy": deal["is_proxy"], "last_day": end}
        yield {
            **{name: deal[name] for name in ("deal", "zone", "block")},
            "target_day": begin,
            "energy_mwh": energy,
            "entry_price_eur_mwh": entry,
            "curve_price_eur_mwh": price,
            "value_eur": energy * (price - entry),
            "basis": quoted if level != "model" else "forecast" if end <= week else "quotes" if later_quotes else "past_prices",
            "error_eur": abs(energy) * float((hours * own.error[at]).sum() / hours.sum()),
            **rest,
        }


def block_mean(desk: Desk, target: date, block: Block, curve: pl.DataFrame) -> tuple[float, float] | None:
    """Mean of a day's curve over a block [EUR/MWh] and the block's hours; None where it does not deliver."""
    minutes = int(curve["resolution_minutes"][0])
    weights = profile(block, desk.delivery_day(target), minutes)
    if not weights.any():
        return None
    prices = curve.sort("delivery_start")["price_eur_mwh"].to_numpy()
    return float(np.sum(prices * weights) / weights.sum()), float(weights.sum()) * minutes / 60.0
