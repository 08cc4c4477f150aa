"""Every deal that is open at a decision: the desk's opening book and its ledger, as one.

What belongs here: which deals are open, in which currency and at which rate, and the calendar pieces they cascade to. What does
not: reading files (`portfolio.ledger_files`), curves and marks (`risk`).

Cascading. What is left of a deal is cut into the longest calendar periods that fit: years, quarters, months, and single days
inside the published week. A year therefore becomes quarters and months as it is delivered, without a trade.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator
from datetime import date, datetime, timedelta

import polars as pl

from energy_pipeline.contracts import table
from energy_pipeline.desk import Desk
from energy_pipeline.desk.model import OpeningPosition
from energy_pipeline.domain.errors import SourceError

ONE_DAY = timedelta(days=1)
DESK, LEDGER = "desk", "ledger"
TENORS = ("day", "month", "quarter", "year")


def open_deals(
    desk: Desk,
    day: date,
    decided: datetime,
    trades: pl.DataFrame | None = None,
    rates: pl.DataFrame | None = None,
    before: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """What still delivers on `day` or later, as known at the decision.

    Parameters
    ----------
    trades, rates : frames of `portfolio.ledger_files`, optional
        Without them the opening book alone.
    before : frame of deals, optional
        Of an earlier decision: what it saw must still stand in the file.

    Returns
    -------
    frame of the table deals

    Raises
    ------
    SourceError
        Where a line that an earlier decision saw is gone or changed, or an exchange rate was not known.
    """
    rows: list[dict[str, object]] = []
    for number, held in enumerate(desk.opening_book, start=1):
        name = f"{held.zone} {held.block} #{number}"
        own: dict[str, object] = {"deal": name, "trade": name, "leg": 0, "source": DESK, "counterparty": "", "known_at": None}
        where = {name: getattr(held, name) for name in ("zone", "block", "first_day", "last_day", "position_mw", "is_proxy")}
        rows.append({**own, **where, "price": held.price_eur_mwh, "currency": desk.currency, "exchange_rate": 1.0})
    if trades is not None:
        _require_appended(desk, trades, before)
        latest = trades.filter(pl.col("known_at") <= decided)
        latest = latest.filter(pl.col("known_at") == pl.col("known_at").max().over("deal"), pl.col("position_mw") != 0.0)
        found = latest.filter(pl.col("last_day") >= day).sort("deal", "leg").to_dicts()
        known = _rates_at(rates, decided) | {desk.currency: 1.0}
        _require_rates(desk, found, known)
        many = set(latest.filter(pl.col("deal").is_duplicated())["deal"].to_list())
        rows += [
            {
                **r,
                "deal": f"{r['deal']}.{r['leg'] + 1}" if r["deal"] in many else r["deal"],
                "trade": r["deal"],
                "source": LEDGER,
                "is_proxy": False,
                "exchange_rate": known[r["currency"]],
            }
            for r in found
        ]
    kept = [{k: v for k, v in r.items() if k != "line"} for r in rows if _as_date(r["last_day"]) >= day]
    for r in kept:
        first, last = max(_as_date(r["first_day"]), day), _as_date(r["last_day"])
        r |= {"price_eur_mwh": float(str(r["price"])) * float(str(r["exchange_rate"])), "tenor": tenor_of(first, last), "delivery_day": day}
    return table("deals").frame(kept or None).sort("source", "deal", "leg", maintain_order=True)


def with_deals(desk: Desk, deals: pl.DataFrame) -> Desk:
    """The desk with the ledger's open deals in its opening book, so that whatever looks at held positions sees them."""
    rows = deals.filter(pl.col("source") == LEDGER)
    if rows.height == 0:
        return desk
    names = ("zone", "block", "position_mw", "price_eur_mwh", "first_day", "last_day", "is_proxy")
    held = tuple(OpeningPosition(**{name: r[name] for name in names}) for r in rows.to_dicts())
    return desk.model_copy(update={"opening_book": (*desk.opening_book, *held)})


def pieces(first: date, last: date, week_end: date) -> Iterator[tuple[str, date, date]]:
    """(tenor, first, last day) of the calendar periods that two days span; single days up to `week_end`.

    Examples
    --------
    >>> [(t, str(a), str(b)) for t, a, b in pieces(date(2026, 3, 30), date(2026, 12, 31), date(2026, 3, 31))]  # doctest: +NORMALIZE_WHITESPACE
    [('day', '2026-03-30', '2026-03-30'), ('day', '2026-03-31', '2026-03-31'), ('quarter', '2026-04-01', '2026-06-30'),
     ('quarter', '2026-07-01', '2026-09-30'), ('quarter', '2026-10-01', '2026-12-31')]
    """
    at = first
    while at <= last:
        end = min(at, last) if at <= week_end else _longest(at, last)
        yield ("day" if at <= week_end else tenor_of(at, end)), at, end
        at = end + ONE_DAY


def _longest(at: date, last: date) -> date:
    """The last day of the longest whole calendar period from a day that ends by `last`; else what is left of the month."""
    ends = []
    if at.day == 1:
        if at.month == 1:
            ends.append(date(at.year, 12, 31))
        if at.month % 3 == 1:
            ends.append(_month_end(at.year, at.month + 2))
    return next((end for end in ends if end <= last), min(_month_end(at.year, at.month), last))


def _month_end(year: int, month: int) -> date:
    return date(year, month, monthrange(year, month)[1])


def tenor_of(first: date, last: date) -> str:
    """The name of a period: what is left of a month, a quarter or a year keeps its name; what spans several is `other`.

    >>> tenor_of(date(2026, 4, 6), date(2026, 4, 30)), tenor_of(date(2026, 1, 1), date(2026, 12, 31)), tenor_of(date(2026, 4, 6), date(2026, 4, 12))
    ('month', 'year', 'week')
    """
    if first == last:
        return "day"
    if (last - first).days == 6 and first.weekday() == 0:
        return "week"
    if (first.year, first.month) == (last.year, last.month):
        return "month"
    if first.year == last.year and (first.month - 1) // 3 == (last.month - 1) // 3 and last == _month_end(last.year, last.month):
        return "quarter"
    return "year" if first.year == last.year and last == date(last.year, 12, 31) else "other"


def _as_date(value: object) -> date:
    assert isinstance(value, date)  # noqa: S101 - the contract's type
    return value


def _rates_at(rates: pl.DataFrame | None, decided: datetime) -> dict[str, float]:
    if rates is None:
        return {}
    seen = rates.filter(pl.col("known_at") <= decided).sort("known_at", maintain_order=True)
    return dict(zip(seen["currency"].to_list(), seen["rate"].to_list(), strict=True))


def _require_rates(desk: Desk, found: list[dict[str, object]], known: dict[str, float]) -> None:
    ledger = desk.ledger
    lacking = [r for r in found if r["currency"] not in known]
    if lacking and ledger is not None:
        file = ledger.exchange_rates or "ledger.exchange_rates"
        told = "\n".join(
            f"  - {ledger.trades} line {r['line']}, deal {r['deal']!r}: no rate of {r['currency']!r} to {desk.currency}" for r in lacking
        )
        step = f"add a line to {file} with a known_at before the decision"
        raise SourceError(f"{ledger.trades}: {len(lacking)} deal(s) in a currency without a known rate -> {step}\n{told}")


def _require_appended(desk: Desk, trades: pl.DataFrame, before: pl.DataFrame | None) -> None:
    """What an earlier decision saw still stands in the file."""
    if before is None or before.height == 0 or desk.ledger is None:
        return
    names = ["deal", "leg", "known_at", "counterparty", "zone", "block", "first_day", "last_day", "position_mw", "price", "currency"]
    seen = before.filter(pl.col("source") == LEDGER).with_columns(pl.col("trade").alias("deal"))
    gone = seen.select(names).join(trades.select(names), on=names, how="anti")
    if gone.height:
        at = trades.select("deal", "leg", "known_at", "line")
        told = [
            f"  - {desk.ledger.trades} "
            + (f"line {r['line']}" if r["line"] is not None else "(line gone)")
            + f", deal {r['deal']!r} of {r['known_at']}: "
            f"an earlier decision saw {r['position_mw']:g} MW at {r['price']:g} {r['currency']}"
            for r in gone.join(at, on=["deal", "leg", "known_at"], how="left").sort("deal", "leg").to_dicts()
        ]
        step = "put the lines back, and correct a deal by a new line with a later known_at"
        raise SourceError("\n".join([f"{desk.ledger.trades}: {gone.height} line(s) changed or gone; a ledger is only added to -> {step}", *told]))
