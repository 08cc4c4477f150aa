"""Limits on the whole book and the cheapest trades that bring it inside: the tables book_limits and book_repair.

What belongs here: open energy by tenor, shortfall of the marks, credit and concentration by counterparty; the programme of the trades.
What does not: limits of the day's book (`limits`), which bind when it is decided, solvers (`mathematics.allocation`).

Exposure to a counterparty is what it would owe: the marks of its deals, if in our favour, and what they may grow to over the longest
horizon of mark VaR (their shortfall, as a gain). Trades are in quoted contracts that have not begun to deliver, with a clearing house:
they mend open energy and shortfall, never credit or concentration.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from energy_pipeline.book.ledger import pieces
from energy_pipeline.contracts import table
from energy_pipeline.domain.delivery import FloatArray
from energy_pipeline.domain.errors import InfeasibleError
from energy_pipeline.domain.history import PriceVintages
from energy_pipeline.information.archive import InformationSet
from energy_pipeline.mathematics.allocation.errors import SolverError
from energy_pipeline.mathematics.allocation.limits import Limit
from energy_pipeline.mathematics.statistics.tail import expected_shortfall
from energy_pipeline.portfolio.term_curve import Calendar, Quote, term_quotes
from energy_pipeline.risk.limits import LimitUse
from energy_pipeline.risk.mark_risk import Period, QuoteHistory, moves_of
from energy_pipeline.risk.marks import week_end

if TYPE_CHECKING:
    from energy_pipeline.mathematics.allocation import Problem

BOOK = "the book as it is"
SMALLEST_MW = 1e-3
"""Smaller trades are not proposed."""


@dataclass(frozen=True)
class OpenBook:
    """The whole book for its limits.

    Attributes
    ----------
    rows : DataFrame
        mark_to_market with `last_day`, sorted.
    pnl : array, shape (dates, rows)
        Change of value of each row on past dates [EUR].
    """

    info: InformationSet
    rows: pl.DataFrame
    pnl: FloatArray
    vintages: Mapping[str, PriceVintages]
    history: QuoteHistory

    def shortfall(self, inside: np.ndarray[tuple[int], np.dtype[np.bool_]], sign: float = 1.0) -> float:
        """Expected shortfall of rows at the desk's level [EUR]; with -1 of the gain."""
        if not self.pnl.shape[0]:
            return 0.0
        gain = sign * self.pnl[:, inside].sum(axis=1)
        return max(expected_shortfall(gain.mean() - gain, self.info.desk.limits.es_level), 0.0)


def book_limits(
    info: InformationSet, marks: pl.DataFrame, vintages: Mapping[str, PriceVintages], quotes: pl.DataFrame | None = None
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Frames of book_limits and book_repair.

    Parameters
    ----------
    marks : frame of mark_to_market
    vintages : mapping of zone to PriceVintages
    quotes : frame of `portfolio.ledger_files.checked_quotes`, optional
    """
    rows = marks.with_columns(pl.coalesce("last_day", "target_day").alias("last_day")).sort("deal", "target_day")
    uses: list[LimitUse] = []
    if rows.height:
        history = QuoteHistory(info, quotes)
        moves = moves_of(info, _periods(rows), vintages, history, max(info.desk.risk.mark_horizons_days, default=1)).values
        book = OpenBook(info, rows, moves * rows["energy_mwh"].to_numpy(), vintages, history)
        uses = _uses(book)
    amber = info.desk.limits.amber_share
    red = [u for u in uses if u.status(amber) == "red"]
    repair, prices = _repair(book, red, quotes) if red else (table("book_repair").frame(), {})
    found = [
        {
            "delivery_day": info.day.day,
            "limit_name": u.limit_name,
            "scope": u.scope,
            "unit": u.unit,
            "used": u.used,
            "bound": u.bound,
            "use_share": u.share,
            "status": u.status(amber),
            "price_eur": prices.get((u.limit_name, u.scope)),
        }
        for u in uses
    ]
    return table("book_limits").frame(found or None), repair


def _periods(rows: pl.DataFrame) -> list[Period]:
    return list(zip(*(rows[name].to_list() for name in ("zone", "block", "target_day", "last_day")), strict=True))


def _uses(book: OpenBook) -> list[LimitUse]:
    desk, rows = book.info.desk, book.rows
    limits, every = desk.limits, np.ones(rows.height, dtype=bool)
    net = {t: float(rows.filter(pl.col("tenor") == t)["energy_mwh"].sum()) for t in limits.open_mwh}
    uses = [LimitUse("open_mwh", tenor, "MWh", abs(net[tenor]), bound) for tenor, bound in limits.open_mwh.items()]
    if limits.mark_es_eur is not None:
        uses.append(LimitUse("mark_es_eur", "book", desk.currency, book.shortfall(every), limits.mark_es_eur))
    gross = float(rows["energy_mwh"].abs().sum())
    for name, party in desk.ledger.counterparties.items() if desk.ledger is not None else ():
        inside = (rows["counterparty"] == name).to_numpy()
        own = rows.filter(pl.Series(inside))
        if party.credit_limit_eur is not None:
            exposure = max(float(own["value_eur"].sum()), 0.0) + book.shortfall(inside, sign=-1.0)
            uses.append(LimitUse("credit_limit_eur", name, desk.currency, exposure, party.credit_limit_eur))
        if limits.counterparty_share is not None and gross:
            share = float(own["energy_mwh"].abs().sum()) / gross
            uses.append(LimitUse("counterparty_share", name, "1", share, limits.counterparty_share))
    return uses


def _repair(book: OpenBook, red: list[LimitUse], quotes: pl.DataFrame | None) -> tuple[pl.DataFrame, dict[tuple[str, str], float]]:
    """The trades, and the price of each limit they mend."""
    from energy_pipeline.mathematics import allocation as al

    info, day = book.info, book.info.day.day
    told = ", ".join(f"{u.limit_name} [{u.scope}]" for u in red)
    mendable = [u for u in red if u.limit_name in ("open_mwh", "mark_es_eur")]
    offered = [(zone, q) for zone in info.desk.zones for q in term_quotes(info, zone, quotes) if zone in book.vintages]
    if not mendable or not offered:
        why = "no contract is quoted" if mendable else "only other deals with the counterparty mend it"
        return _frame(day, [("", 0.0, None, 0.0, f"{told} red: {why}")]), {}
    hours = np.array([_hours(info, q) for _, q in offered])
    names = tuple(f"{zone} {q.block} {q.first_day}..{q.last_day}" for zone, q in offered)
    half = hours * np.array([(q.ask - q.bid) / 2 for _, q in offered])
    problem = _problem(book, offered, names, hours, half)
    found = _cheapest(problem)
    if found is None:
        try:
            al.solve(problem, al.MaxMean())
        except InfeasibleError as error:
            return _frame(day, [("", 0.0, None, 0.0, f"no trades mend {told}: {error}")]), {}
        raise SolverError("book_repair: two solvers disagree whether trades can mend the book; report the day")
    positions, named = found
    lines: list[tuple[str, float, float | None, float, str]] = []
    count = len(names)
    trades = positions[:count] - positions[count:-1]
    for (_, quote), name, trade, cost in zip(offered, names, trades.tolist(), half.tolist(), strict=True):
        if abs(trade) >= SMALLEST_MW:
            lines.append((name, trade, quote.ask if trade > 0 else quote.bid, abs(trade) * cost, f"mends {told}"))
    prices = {(u.limit_name, u.scope): named.get(f"{u.limit_name} [{u.scope}]", 0.0) for u in mendable}
    return _frame(day, lines), prices


def _cheapest(problem: Problem) -> tuple[FloatArray, dict[str, float]] | None:
    """Positions of the least cost and the price of each limit; None where no trades suffice."""
    from energy_pipeline.mathematics import allocation as al
    from energy_pipeline.mathematics.allocation import highs

    dates, n = problem.scenarios.shape
    bounds = next(limit for limit in problem.limits if isinstance(limit, al.Bounds))
    # columns: positions, VaR, loss beyond it by date
    rows: list[FloatArray] = []
    sides: list[tuple[str, float, float]] = []
    for limit in problem.limits:
        if isinstance(limit, al.Linear):
            rows.append(np.concatenate([np.asarray(limit.coefficients), np.zeros(dates + 1)])[None, :])
            sides.append((limit.name, limit.low, limit.high))
        elif isinstance(limit, al.CvarLimit):
            each = np.full(dates, 1.0 / (dates * (1.0 - limit.confidence)))
            rows.append(np.concatenate([np.zeros(n), [1.0], each])[None, :])
            sides.append((limit.name, -np.inf, limit.high))
    rows.append(np.hstack([problem.scenarios, np.ones((dates, 1)), np.eye(dates)]))
    low, high = np.array([*(side[1] for side in sides), *np.zeros(dates)]), np.array([*(side[2] for side in sides), *np.full(dates, np.inf)])
    cost = np.concatenate([-np.asarray(problem.expected), np.zeros(dates + 1)])
    least = np.concatenate([np.asarray(bounds.low), [-np.inf], np.zeros(dates)])
    most = np.concatenate([np.asarray(bounds.high), np.full(dates + 1, np.inf)])
    answer = highs.solve(highs.Programme(cost, np.vstack(rows), low, high, least, most))
    if answer.status != highs.OPTIMAL:
        return None
    return answer.y[:n], {side[0]: abs(price) for side, price in zip(sides, answer.row_prices.tolist(), strict=False)}


def _hours(info: InformationSet, quote: Quote) -> float:
    calendar = Calendar.of(quote.first_day, (quote.last_day - quote.first_day).days + 1, info.desk.time_zone)
    return float(calendar.block_hours(quote.block).sum())


def _problem(book: OpenBook, offered: list[tuple[str, Quote]], names: tuple[str, ...], hours: FloatArray, half: FloatArray) -> Problem:
    """Least half-spread within the limits that trades can mend; the last column is the book as it is."""
    from energy_pipeline.mathematics import allocation as al

    info, desk = book.info, book.info.desk
    periods: list[Period] = [(zone, q.block, q.first_day, q.last_day) for zone, q in offered]
    both = moves_of(info, [*_periods(book.rows), *periods], book.vintages, book.history, max(desk.risk.mark_horizons_days, default=1)).values
    split = book.rows.height
    base = (both[:, :split] * book.rows["energy_mwh"].to_numpy()).sum(axis=1)
    per_mw, count = both[:, split:] * hours, len(names)
    # Purchases and sales are columns of their own, so that the half-spread is no part of the shortfall.
    scenarios = np.column_stack([per_mw, -per_mw, base]) if both.shape[0] else np.zeros((1, 2 * count + 1))
    room = np.full(2 * count, desk.ledger.max_trade_mw if desk.ledger is not None else 0.0)
    limits: list[Limit] = [al.Bounds("max_trade_mw", np.append(np.zeros(2 * count), 1.0), np.append(room, 1.0))]
    for tenor, bound in desk.limits.open_mwh.items():
        own = np.array([_energy(info, q, tenor) for _, q in offered])
        net = float(book.rows.filter(pl.col("tenor") == tenor)["energy_mwh"].sum())
        limits.append(al.Linear(f"open_mwh [{tenor}]", np.concatenate([own, -own, [net]]), -bound, bound))
    if desk.limits.mark_es_eur is not None:
        limits.append(al.CvarLimit("mark_es_eur [book]", desk.limits.mark_es_eur, desk.limits.es_level))
    return al.Problem(
        names=(*(f"{n}: bought" for n in names), *(f"{n}: sold" for n in names), BOOK),
        scenarios=scenarios - scenarios.mean(axis=0),
        expected=np.concatenate([-half - 1e-6, -half - 1e-6, [0.0]]),
        limits=tuple(limits),
    )


def _energy(info: InformationSet, quote: Quote, tenor: str) -> float:
    """MWh that a MW of a contract adds to a tenor."""
    day = info.day.day
    parts = [(a, b) for t, a, b in pieces(quote.first_day, quote.last_day, week_end(info.desk, day)) if t == tenor]
    return float(sum(_hours(info, Quote(quote.block, a, b, 0.0, 0.0, "")) for a, b in parts))


def _frame(day: object, lines: list[tuple[str, float, float | None, float, str]]) -> pl.DataFrame:
    names = ("quoted_contract", "trade_mw", "price_eur_mwh", "cost_eur", "note")
    return table("book_repair").frame([{"delivery_day": day, **dict(zip(names, line, strict=True))} for line in lines] or None)
