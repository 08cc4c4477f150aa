"""Mark VaR(h): what the whole book may lose in value over h days: the tables mark_risk and mark_contributions.

What belongs here: moves of every price the book is marked at, drawn from the same past dates, and the book's risk over them. What does
not: the P&L to delivery (`assessment`: delivery VaR). The two have two names and are never added.

A past date s moves every period of the marks at once. Inside the published week: the revision of our own forecast of that lead over h
days; what delivers within h, its outcome less the forecast. Beyond it: the change over h days of the quote of the contract that
covered the same time ahead; where none was quoted, of the mean of the last 28 days' prices, as the curve itself stands on it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import polars as pl

from energy_pipeline.contracts import table
from energy_pipeline.domain.blocks import profile
from energy_pipeline.domain.delivery import DeliveryDay, FloatArray
from energy_pipeline.domain.history import PriceVintages
from energy_pipeline.information.archive import InformationSet
from energy_pipeline.mathematics.statistics.decomposition import Measure
from energy_pipeline.mathematics.statistics.factor_risk import FactorRisk
from energy_pipeline.portfolio.term_curve import LEVEL_DAYS

BOOK = "book"
FEWEST_DATES = 10
"""Past dates under which no number is given."""
KINDS = ("zone", "block", "tenor", "counterparty", "deal")
Period = tuple[str, str, date, date]


@dataclass(frozen=True)
class Moves:
    """Changes of the price of each period over h days, from the same dates.

    Attributes
    ----------
    values : array, shape (dates, periods)
        [EUR/MWh]
    unquoted : int
        Periods beyond the week that move with past prices because nobody quoted them.
    """

    values: FloatArray
    unquoted: int


def book_mark_risk(
    info: InformationSet, marks: pl.DataFrame, vintages: Mapping[str, PriceVintages], quotes: pl.DataFrame | None = None
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Frames of mark_risk and mark_contributions.

    Parameters
    ----------
    marks : frame of mark_to_market
        Of the decision.
    vintages : mapping of zone to PriceVintages
    quotes : frame of `portfolio.ledger_files.checked_quotes`, optional
    """
    rows = marks.with_columns(pl.coalesce("last_day", "target_day").alias("last_day")).sort("deal", "target_day")
    if rows.height == 0:
        return table("mark_risk").frame(), table("mark_contributions").frame()
    where = list(zip(*(rows[name].to_list() for name in ("zone", "block", "target_day", "last_day")), strict=True))
    periods = sorted(set(where))
    place = {period: i for i, period in enumerate(periods)}
    factor, size = np.array([place[w] for w in where], dtype=np.int64), rows["energy_mwh"].to_numpy()
    history = _QuoteHistory(info, quotes)
    risks: list[dict[str, object]] = []
    parts: list[dict[str, object]] = []
    for horizon in info.desk.risk.mark_horizons_days:
        moves = moves_of(info, periods, vintages, history, horizon)
        if moves.values.shape[0] < FEWEST_DATES:
            risks.append(_refused(info.day.day, horizon, moves.values.shape[0]))
            continue
        whole = FactorRisk(moves.values, factor, size)
        own = {"delivery_day": info.day.day, "horizon_days": horizon}
        zones = [z for z in info.desk.zones if (rows["zone"] == z).any()]
        scopes = {BOOK: np.ones(rows.height, dtype=bool), **{z: (rows["zone"] == z).to_numpy() for z in zones}}
        for measure, level in _measures(info):
            for scope, inside in scopes.items():
                value = FactorRisk(moves.values, factor[inside], size[inside]).measured(measure, level)
                note = _note(moves, level) if scope == BOOK else ""
                risks.append(
                    {**own, "scope": scope, "measure": measure, "level": level, "value_eur": value, "dates": len(moves.values), "note": note}
                )
            parts += [{**own, "measure": measure, "level": level, **p} for p in _split(rows, whole.contributions(measure, level))]
    return table("mark_risk").frame(risks), table("mark_contributions").frame(parts or None)


def _measures(info: InformationSet) -> list[tuple[Measure, float]]:
    levels = sorted({*info.desk.risk.var_levels, *info.desk.risk.es_levels})
    found: list[tuple[Measure, float]] = [("volatility", 0.0)]
    for level in levels:
        found += [("var", level), ("es", level)]
    return found


def _note(moves: Moves, level: float) -> str:
    count = moves.values.shape[0]
    told = [f"{moves.unquoted} period(s) move with past prices: nobody quoted them"] if moves.unquoted else []
    told += [f"the tail holds {count * (1 - level):.1f} of {count} dates"] if level and count * (1 - level) < 1 else []
    return "; ".join(told)


def _refused(day: date, horizon: int, dates: int) -> dict[str, object]:
    own = {"delivery_day": day, "horizon_days": horizon, "scope": BOOK, "measure": "var", "level": 0.0}
    return {**own, "value_eur": None, "dates": dates, "note": f"{dates} past dates with every lead's outcome, at least {FEWEST_DATES} are needed"}


def _split(rows: pl.DataFrame, contributions: FloatArray) -> list[dict[str, object]]:
    """Contributions by each way to split the book."""
    valued = rows.with_columns(pl.Series("contribution_eur", contributions))
    total = float(contributions.sum())
    found: list[dict[str, object]] = []
    for kind in KINDS:
        summed = valued.group_by(kind, maintain_order=True).agg(pl.col("contribution_eur", "energy_mwh").sum()).sort(kind)
        for name, value, energy in summed.iter_rows():
            share = value / total if total else None
            found.append(
                {
                    "component_kind": kind,
                    "component": name or "opening book",
                    "contribution_eur": value,
                    "share_of_total": share,
                    "energy_mwh": energy,
                }
            )
    return found


def moves_of(info: InformationSet, periods: Sequence[Period], vintages: Mapping[str, PriceVintages], history: _QuoteHistory, horizon: int) -> Moves:
    """Changes over `horizon` days of the mean price of periods, on every date that has all of them."""
    day, week = info.day.day, info.desk.forecast.horizon_days
    any_zone = next(iter(vintages.values()))
    dates = [any_zone.first_day + timedelta(days=n) for n in range(min(any_zone.dates, (day - any_zone.first_day).days - horizon + 1))]
    columns, unquoted = [], 0
    for zone, block, first, last in periods:
        own = vintages[zone]
        lead = (first - day).days + 1
        if last == first and lead <= week:
            columns.append(_revisions(own, info.desk.delivery_day(first), block, lead, horizon, len(dates)))
            continue
        moved = _level_moves(own, dates, horizon)
        quoted = history.moves(zone, block, first, day, dates, horizon)
        if quoted is None:
            unquoted += 1
        columns.append(moved if quoted is None else quoted)
    values = np.column_stack(columns) if columns else np.zeros((0, 0))
    return Moves(values[np.isfinite(values).all(axis=1)], unquoted)


def _revisions(own: PriceVintages, target: DeliveryDay, block: str, lead: int, horizon: int, count: int) -> FloatArray:
    """Revision over the block's hours of the forecast of a lead, shape (count,); its error where it is delivered before."""
    weights = np.bincount(target.slots(60), weights=profile(block, target, 60), minlength=24)  # type: ignore[arg-type]
    rows = own.errors[:count, lead - 1]
    if lead > horizon:
        rows = rows - own.errors[horizon : count + horizon, lead - horizon - 1]
    known = np.isfinite(rows)
    hours = (known * weights).sum(axis=1)
    return np.where(hours > 0, (np.where(known, rows, 0.0) * weights).sum(axis=1) / np.maximum(hours, 1e-12), np.nan)


def _level_moves(own: PriceVintages, dates: Sequence[date], horizon: int) -> FloatArray:
    """Change of the mean of the last 28 days' prices, as known on a date and h days later, shape (dates,)."""
    begin = own.first_day - timedelta(days=len(own.daily) - own.errors.shape[0])
    known = np.isfinite(own.daily)
    sums, counts = (np.concatenate([[0.0], np.cumsum(v)]) for v in (np.where(known, own.daily, 0.0), known.astype(np.float64)))

    def level(at: int) -> float:
        low = max(at - LEVEL_DAYS, 0)
        n = counts[at] - counts[low]
        return float((sums[at] - sums[low]) / n) if n else float("nan")

    return np.array([level((d - begin).days + horizon) - level((d - begin).days) for d in dates])


class _QuoteHistory:
    """What contracts were quoted at on past decisions."""

    def __init__(self, info: InformationSet, quotes: pl.DataFrame | None) -> None:
        self.desk = info.desk
        self._by: dict[tuple[str, str], pl.DataFrame] = {}
        if quotes is not None:
            seen = quotes.filter(pl.col("known_at") <= info.decision_time).sort("known_at", maintain_order=True)
            mid = seen.with_columns(((pl.col("bid") + pl.col("ask")) / 2).alias("mid"))
            self._by = {(z, b): part for (z, b), part in mid.partition_by("zone", "block", as_dict=True, maintain_order=True).items()}
        self._ladders: dict[tuple[str, str, date], dict[tuple[date, date], float]] = {}

    def _ladder(self, zone: str, block: str, at: date) -> dict[tuple[date, date], float]:
        """The latest mid of every contract as the decision for a day knew it."""
        key = (zone, block, at)
        if key not in self._ladders:
            decided = self.desk.decision_time(at)
            oldest = decided - timedelta(days=self.desk.ledger.quote_days if self.desk.ledger is not None else 0)
            rows = self._by[zone, block].filter(pl.col("known_at") <= decided, pl.col("known_at") > oldest)
            self._ladders[key] = {(f, last): mid for f, last, mid in rows.select("first_day", "last_day", "mid").iter_rows()}
        return self._ladders[key]

    def moves(self, zone: str, block: str, first: date, day: date, dates: Sequence[date], horizon: int) -> FloatArray | None:
        """Changes of the shortest contract that was as far ahead on each date; None unless each date has one."""
        for quoted in dict.fromkeys((block, "base")):
            if (zone, quoted) not in self._by:
                continue
            found = [self._move(zone, quoted, first - (day - s), s, horizon) for s in dates]
            if found and not any(np.isnan(found)):
                return np.array(found)
        return None

    def _move(self, zone: str, block: str, target: date, at: date, horizon: int) -> float:
        before, after = self._ladder(zone, block, at), self._ladder(zone, block, at + timedelta(days=horizon))
        covering = [p for p in before if p[0] <= target <= p[1] and p in after]
        if not covering:
            return float("nan")
        shortest = min(covering, key=lambda p: (p[1] - p[0], p))
        return after[shortest] - before[shortest]
