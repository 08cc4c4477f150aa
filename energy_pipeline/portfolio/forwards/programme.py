"""Trades that the hedge programme's later targets lack, as rows of forward_book_proposals.

What belongs here: the quoted contract of a target's tenor, what is held of its period, the trade and its price. What does not: targets of
the day, which the day's decision trades (`portfolio.hedge_programme`), changes of the forward book (`daily`).
"""

from __future__ import annotations

import polars as pl

from energy_pipeline.book.ledger import tenor_of
from energy_pipeline.desk.hedging import HedgeTarget
from energy_pipeline.information.archive import InformationSet
from energy_pipeline.portfolio.term_curve import Calendar, Quote, term_quotes

SMALLEST_MW = 1e-3
"""Smaller trades are not proposed."""
WHOSE = "hedge programme"


def programme_proposals(info: InformationSet, deals: pl.DataFrame, quotes: pl.DataFrame | None) -> list[dict[str, object]]:
    """A row for each later target: the trade in the nearest quoted period of its tenor that has not begun; without a quote, that there is none.

    Parameters
    ----------
    deals : frame of deals
    quotes : frame of `portfolio.ledger_files.checked_quotes`, or None
        Of any time; those known at the decision and young enough count.
    """
    hedging = info.desk.hedging
    targets = [] if hedging is None else [t for t in hedging.programme if t.tenor != "day"]
    return [_proposal(info, target, deals, quotes) for target in targets]


def _proposal(info: InformationSet, target: HedgeTarget, deals: pl.DataFrame, quotes: pl.DataFrame | None) -> dict[str, object]:
    wanted = float(target.position_mw or 0.0)
    named = f"{target.zone} {target.block} {target.tenor}"
    row: dict[str, object] = {"contract": f"{WHOSE} {named}", "kind": "forward", "zone": target.zone, "block": target.block, "held_by": ""}
    quote = _nearest(info, target, quotes)
    if quote is None:
        return row | {"trade_units": 0.0, "note": f"target {wanted:g} MW; no {target.tenor} of {target.block} is quoted"}
    held = _held_mw(deals.filter(pl.col("zone") == target.zone, pl.col("block") == target.block), quote)
    most = info.desk.ledger.max_trade_mw if info.desk.ledger is not None else 0.0
    trade = min(max(wanted - held, -most), most)
    row |= {"first_day": quote.first_day, "last_day": quote.last_day, "held_units": held, "note": f"target {wanted:g} MW; {quote.place}"}
    if abs(trade) < SMALLEST_MW:
        return row | {"trade_units": 0.0}
    calendar = Calendar.of(quote.first_day, (quote.last_day - quote.first_day).days + 1, info.desk.time_zone)
    costs = abs(trade) * float(calendar.block_hours(quote.block).sum()) * (quote.ask - quote.bid) / 2.0
    held_by = "ledger.max_trade_mw" if abs(wanted - held) > most else ""
    return row | {"trade_units": trade, "price_eur_mwh": quote.ask if trade > 0 else quote.bid, "costs_eur": costs, "held_by": held_by}


def _held_mw(deals: pl.DataFrame, quote: Quote) -> float:
    """Mean over the days of the quoted period; months of a quarter count with their part."""
    rows = ((max(r["first_day"], quote.first_day), min(r["last_day"], quote.last_day), float(r["position_mw"])) for r in deals.to_dicts())
    days = (quote.last_day - quote.first_day).days + 1
    return sum((mw * max((last - first).days + 1, 0) for first, last, mw in rows), 0.0) / days


def _nearest(info: InformationSet, target: HedgeTarget, quotes: pl.DataFrame | None) -> Quote | None:
    later = (q for q in term_quotes(info, target.zone, quotes) if q.block == target.block and q.first_day > info.day.day)
    return next((q for q in later if tenor_of(q.first_day, q.last_day) == target.tenor), None)
