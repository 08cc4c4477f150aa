"""Why the whole book changed from one decision to the next: the table book_explain.

What belongs here: legs by deal and tenor, with the cash of the day delivered between. What does not: marks (`marks`), why the settled
day earned what it did (`day_attribution`).

For a deal of mw at price K, curves F0 and F1 of the two decisions, exchange rates x0 and x1, auction price P of the day between:

    change = value(F1, days >= D) - value(F0, days >= D-1) + mw h (P - K x0)

| leg | holds |
|---|---|
| delivered | mw h (P - F0) on the day between |
| curve | mw h (F1 - F0) on each later day, by the tenor it is in today |
| exchange_rate | - mw h K (x1 - x0) |
| new, gone | deals that came or were closed, at the marks of today, and of before |
| amended | both, of a deal whose terms changed |
| late | cash of delivered days of a deal that nobody knew of then |
"""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta

import numpy as np
import polars as pl

from energy_pipeline.book.ledger import ONE_DAY, pieces
from energy_pipeline.contracts import table
from energy_pipeline.domain.blocks import profile
from energy_pipeline.domain.delivery import FloatArray
from energy_pipeline.information.archive import InformationSet
from energy_pipeline.information.resolution import information_lookup, interval_values
from energy_pipeline.risk.attribution import UNEXPLAINED_EUR, MarkError
from energy_pipeline.risk.marks import BlockCurve, block_curves, week_end

BOOK, ALL = "book", "all"
TERMS = ("zone", "block", "first_day", "last_day", "position_mw", "price", "currency")
ROUNDING_EUR = 1e-6
Deal = dict[str, object]
Legs = defaultdict[tuple[str, str], float]


def book_explain(info: InformationSet, deals: pl.DataFrame, curve: pl.DataFrame, marks: pl.DataFrame) -> pl.DataFrame:
    """Legs of every deal between the decision for D - 1 and that for D.

    Parameters
    ----------
    deals, curve, marks : frames of deals, curve_days and mark_to_market
        Of D - 1 and D; where D - 1 was not decided there is nothing to explain.

    Raises
    ------
    MarkError
        Where more than 1 EUR of a deal is left: marks, curve and deals are not of one decision.
    """
    day, before = info.day.day, info.day.shift(-1).day
    olds, news = ({r["deal"]: r for r in deals.filter(pl.col("delivery_day") == d).to_dicts()} for d in (before, day))
    curves = [block_curves(own) if (own := curve.filter(pl.col("delivery_day") == d)).height else {} for d in (before, day)]
    if not curves[0]:
        return table("book_explain").frame()
    worth = {
        d: dict(
            zip(*(own := marks.filter(pl.col("delivery_day") == d).group_by("deal", maintain_order=True).agg(pl.col("value_eur").sum())), strict=True)
        )
        for d in (before, day)
    }
    explained = _Explained(info, curves[0], curves[1])
    rows: list[dict[str, object]] = []
    for name in sorted({*olds, *news}):
        old, new = olds.get(name), news.get(name)
        legs, cash, note = explained.deal(old, new)
        change = worth[day].get(name, 0.0) - worth[before].get(name, 0.0) + cash
        legs[(ALL, "change")], legs[(ALL, "unexplained")] = change, change - float(np.sum(list(legs.values())))
        who = new or old or {}
        where = {k: who[k] for k in ("deal", "zone", "block", "counterparty")}
        rows += [
            {**where, "tenor": t, "leg": leg, "value_eur": v + 0.0, "note": note if leg in ("delivered", "late", "change") else ""}
            for (t, leg), v in legs.items()
        ]
    left = [r for r in rows if r["leg"] == "unexplained" and abs(float(str(r["value_eur"]))) > UNEXPLAINED_EUR]
    if left:
        told = ", ".join(f"{r['deal']} {float(str(r['value_eur'])):.2f} EUR" for r in left)
        raise MarkError(
            f"book_explain {day}: unexplained {told} -> deals, curve_days and mark_to_market are not of one decision; decide {before} and {day} again"
        )
    return _with_book(day, rows)


def _with_book(day: date, rows: list[dict[str, object]]) -> pl.DataFrame:
    totals: Legs = defaultdict(float)
    for r in rows:
        totals[(str(r["tenor"]), str(r["leg"]))] += float(str(r["value_eur"]))
    whole = {"deal": BOOK, "zone": "", "block": "", "counterparty": "", "note": ""}
    rows = [*rows, *({**whole, "tenor": t, "leg": leg, "value_eur": v} for (t, leg), v in totals.items())]
    kept = [r for r in rows if r["tenor"] == ALL or r["note"] or abs(float(str(r["value_eur"]))) > ROUNDING_EUR]
    return table("book_explain").frame([{"delivery_day": day, **r} for r in kept] or None).sort("deal", "tenor", "leg")


class _Explained:
    """Legs of deals between two curves."""

    def __init__(self, info: InformationSet, old: dict[tuple[str, str], BlockCurve], new: dict[tuple[str, str], BlockCurve]) -> None:
        self.info, self.day = info, info.day.day
        self.old, self.new = old, new
        self.week = week_end(info.desk, self.day)
        self._paid: dict[tuple[str, str, date], tuple[float, float]] = {}

    def deal(self, old: Deal | None, new: Deal | None) -> tuple[Legs, float, str]:
        """Legs by (tenor, leg), cash of delivered days, and what stands against them."""
        legs: Legs = defaultdict(float)
        cash, notes = 0.0, ""
        if old is not None:
            cash, delivered, notes = self._delivered(old)
            legs[("day", "delivered")] += delivered
        same = old is not None and new is not None and all(old[k] == new[k] for k in TERMS)
        if old is not None and new is not None and same:
            self._moved(legs, old, new)
            return legs, cash, notes
        if old is not None:
            self._whole(legs, "gone" if new is None else "amended", old, self.old, -1.0)
        if new is not None:
            self._whole(legs, "new" if old is None else "amended", new, self.new, 1.0)
        if new is not None and old is None:
            late, notes = self._late(new)
            legs[("day", "late")] += late
            cash += late
        return legs, cash, notes

    def _delivered(self, deal: Deal) -> tuple[float, float, str]:
        """Cash of the day between, its difference to the mark, and a note where the auction's price is not known."""
        between = self.day - ONE_DAY
        first, last, mw, entry = _terms(deal)
        own = self.old[_where(deal)]
        if not first <= between <= last or own.hours[0] == 0:
            return 0.0, 0.0, ""
        price, hours = self._auction(*_where(deal), between)
        if np.isnan(price):
            return mw * hours * (float(own.price[0]) - entry), 0.0, f"auction price of {between} not known: counted at the mark"
        return mw * hours * (price - entry), mw * hours * (price - float(own.price[0])), ""

    def _late(self, deal: Deal) -> tuple[float, str]:
        first, last, mw, entry = _terms(deal)
        total, unknown = 0.0, 0
        for n in range(max(0, (min(last, self.day - ONE_DAY) - first).days + 1)):
            price, hours = self._auction(*_where(deal), first + timedelta(days=n))
            unknown += int(np.isnan(price))
            total += 0.0 if np.isnan(price) else mw * hours * (price - entry)
        return total, f"auction prices of {unknown} day(s) not known: left out" if unknown else ""

    def _auction(self, zone: str, block: str, day: date) -> tuple[float, float]:
        """Mean price of a block on a day [EUR/MWh], NaN while unknown, and its hours; (0, 0) where it does not deliver."""
        if (zone, block, day) not in self._paid:
            delivery = self.info.desk.delivery_day(day)
            weights = profile(block, delivery, 60)  # type: ignore[arg-type]
            prices = interval_values(
                information_lookup(self.info, "day_ahead_prices", zone=zone), "price_eur_mwh", delivery.interval_starts_us(60), 60
            )
            hours = float(weights.sum())
            self._paid[(zone, block, day)] = (float(prices[weights > 0].sum() / hours), hours) if hours else (0.0, 0.0)
        return self._paid[(zone, block, day)]

    def _moved(self, legs: Legs, old: Deal, new: Deal) -> None:
        first, last, mw, entry = _terms(new)
        _, _, _, entry_before = _terms(old)
        before, now = self.old[_where(new)], self.new[_where(new)]
        for tenor, begin, end in pieces(max(first, self.day), last, self.week):
            at, then = now.span(begin, end), before.span(begin, end)
            hours: FloatArray = now.hours[at]
            legs[(tenor, "curve")] += mw * float((hours * (now.price[at] - before.price[then])).sum())
            if entry != entry_before:
                legs[(tenor, "exchange_rate")] -= mw * float(hours.sum()) * (entry - entry_before)

    def _whole(self, legs: Legs, leg: str, deal: Deal, curves: dict[tuple[str, str], BlockCurve], sign: float) -> None:
        """The value of what delivers on D or later at a decision's curve."""
        first, last, mw, entry = _terms(deal)
        own = curves[_where(deal)]
        for tenor, begin, end in pieces(max(first, self.day), last, self.week):
            at = own.span(begin, end)
            legs[(tenor, leg)] += sign * mw * float((own.hours[at] * (own.price[at] - entry)).sum())


def _where(deal: Deal) -> tuple[str, str]:
    return str(deal["zone"]), str(deal["block"])


def _terms(deal: Deal) -> tuple[date, date, float, float]:
    """First and last day, MW, price in the desk's currency."""
    first, last, mw, entry = (deal[name] for name in ("first_day", "last_day", "position_mw", "price_eur_mwh"))
    assert isinstance(first, date) and isinstance(last, date) and isinstance(mw, float) and isinstance(entry, float)  # noqa: S101, PT018
    return first, last, mw, entry
