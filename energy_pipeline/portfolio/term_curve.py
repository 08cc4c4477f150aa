"""The curve of the whole book: every day to the last one held or quoted, from quotes, the published mean and past prices.

What belongs here: hourly shape, levels between bid and ask, what each price rests on: the table curve_days. What does not: the
published week (`forecasting.forward_prices`), marks (`risk.marks`).

Level. Inside the week it is the week's curve; later the mean of the last 28 known days. Quotes move it: of all curves whose mean over
every quoted contract lies between bid and ask, the one nearest to the mids, smooth over time, that moves the published week least.
Beyond the last quote it stays at the last quoted level. Shape: what an hour of a working day, a Saturday or a Sunday (public holidays
count as Sundays) was above the week around it, by season where 21 days of it are known, else over all days.

`mark_level`: *quoted*, a contract of that very block and day; *interpolated*, inside or between longer or other contracts, which say
the level while the shape says the rest; *model*, what nobody quotes: published mean, past level, last quoted level.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import polars as pl

from energy_pipeline.contracts import table
from energy_pipeline.domain.blocks import PEAK_END_HOUR, PEAK_FIRST_HOUR
from energy_pipeline.domain.delivery import BoolArray, DeliveryDay, FloatArray, IntArray
from energy_pipeline.domain.errors import PipelineError
from energy_pipeline.features.calendar import day_kinds
from energy_pipeline.features.day_prices import day_prices
from energy_pipeline.information.archive import InformationSet
from energy_pipeline.mathematics.regression.bounded import ContradictionError, bounded_least_squares

HISTORY_DAYS, LEVEL_DAYS, SEASON_DAYS = 364, 28, 21
FIT, SMOOTH, WITHIN_DAY, WEEK, NEVER_ALONE = 1.0, 1e-4, 1e-4, 1e-1, 1e-10
"""Weights of: a quote's mid, a step between periods, peak against off-peak, moving a published day, moving at all."""
MAIN_BLOCKS = ("base", "peak", "offpeak")
QUOTED, INTERPOLATED, MODEL = "quoted", "interpolated", "model"
HOURS = np.arange(24)


class CurveError(PipelineError):
    """No curve can be: quotes cross each other, or there is nothing it could rest on."""


@dataclass(frozen=True)
class Calendar:
    """Consecutive days by wall-clock hour.

    Attributes
    ----------
    first : date
    hours : array, shape (days, 24)
        How often the hour is on the day: 0 where spring skips it, 2 where autumn repeats it.
    peak : array of bool, shape (days, 24)
    """

    first: date
    hours: FloatArray
    peak: BoolArray

    @classmethod
    def of(cls, first: date, days: int, time_zone: str) -> Calendar:
        """`days` days from `first`."""
        hours = np.ones((days, 24))
        for i in np.flatnonzero(_odd(first, days, time_zone)):
            hours[i] = np.bincount(DeliveryDay(first + timedelta(days=int(i)), time_zone).slots(60), minlength=24)
        working = (np.arange(days) + first.weekday()) % 7 < 5
        return cls(first, hours, working[:, None] & ((HOURS >= PEAK_FIRST_HOUR) & (HOURS < PEAK_END_HOUR))[None, :])

    @property
    def days(self) -> int:
        """How many."""
        return int(self.hours.shape[0])

    def block_hours(self, block: str) -> FloatArray:
        """Delivery hours of a block, shape (days, 24)."""
        if block == "base":
            return self.hours
        mask = self.peak if block == "peak" else ~self.peak if block == "offpeak" else np.broadcast_to(int(block[1:]) == HOURS, self.peak.shape)
        return np.where(mask, self.hours, 0.0)

    def at(self, day: date) -> int:
        """Row of a day."""
        return (day - self.first).days


def _odd(first: date, days: int, time_zone: str) -> BoolArray:
    """Days whose clock changes."""
    return np.array([DeliveryDay(first + timedelta(days=i), time_zone).hours != 24 for i in range(days)], dtype=bool)


@dataclass(frozen=True)
class Quote:
    """A contract's bid and ask [EUR/MWh] and where it is told."""

    block: str
    first_day: date
    last_day: date
    bid: float
    ask: float
    place: str
    is_proxy: bool = False


@dataclass(frozen=True)
class ZoneCurve:
    """A zone's curve by day and wall-clock hour.

    Attributes
    ----------
    calendar : Calendar
    prices : array, shape (days, 24)
        [EUR/MWh]
    quotes : tuple of Quote
        That it lies between.
    error_eur_mwh : float
        Standard deviation of past 28-day means: how far a level that nobody quotes may be off.
    week_days : int
        Days the published mean reaches.
    """

    calendar: Calendar
    prices: FloatArray
    quotes: tuple[Quote, ...]
    error_eur_mwh: float
    week_days: int

    def block_prices(self, block: str) -> tuple[FloatArray, FloatArray]:
        """Mean price of a block on each day and its hours, shape (days,) each; a day without hours has price 0."""
        hours = self.calendar.block_hours(block)
        total = hours.sum(axis=1)
        return np.divide((hours * self.prices).sum(axis=1), total, out=np.zeros(total.size), where=total > 0), total

    def levels(self, block: str) -> tuple[list[str], BoolArray]:
        """mark_level of a block on each day, and whether a proxy's quote is under it."""
        found = np.full(self.calendar.days, MODEL, dtype=object)
        proxy = np.zeros(self.calendar.days, dtype=bool)
        longer = [q for q in self.quotes if q.last_day > q.first_day]
        if longer:
            begin = max(self.week_days, min(self.calendar.at(q.first_day) for q in longer))
            found[begin : max(self.calendar.at(q.last_day) for q in longer) + 1] = INTERPOLATED
        for quote in self.quotes:
            found[self._days(quote)] = INTERPOLATED
            proxy[self._days(quote)] |= quote.is_proxy
        for quote in (q for q in self.quotes if q.block == block and q.first_day == q.last_day):
            found[self._days(quote)] = QUOTED
        return found.tolist(), proxy

    def contracts(self, block: str) -> tuple[list[date | None], list[date | None]]:
        """First and last day of the shortest contract of that very block that is quoted over each day; None where none is."""
        first: list[date | None] = [None] * self.calendar.days
        last = first.copy()
        for quote in sorted((q for q in self.quotes if q.block == block), key=lambda q: q.first_day - q.last_day):
            for i in range(*self._days(quote).indices(self.calendar.days)):
                first[i], last[i] = quote.first_day, quote.last_day
        return first, last

    def _days(self, quote: Quote) -> slice:
        return slice(self.calendar.at(quote.first_day), self.calendar.at(quote.last_day) + 1)


def curve_days(info: InformationSet, forward_curve: pl.DataFrame, deals: pl.DataFrame, quotes: pl.DataFrame | None = None) -> pl.DataFrame:
    """Frame of the table curve_days: base, peak, off-peak and the hours held, of each zone.

    Parameters
    ----------
    forward_curve, deals : frames
        Of the decision.
    quotes : frame of `portfolio.ledger_files.checked_quotes`, optional

    Raises
    ------
    CurveError
        Naming the quotes that cross, or the zone that has neither forecast, past price nor quote.
    """
    frames, problems = [table("curve_days").frame()], []
    for zone in info.desk.zones:
        own = deals.filter(pl.col("zone") == zone)
        try:
            curve = zone_curve(info, zone, forward_curve, own["last_day"].max(), quotes)  # type: ignore[arg-type]
        except CurveError as error:
            problems.append(str(error))
            continue
        if curve is not None:
            held = sorted({b for b in own["block"].to_list() if b not in MAIN_BLOCKS})
            frames += [_rows(info.day.day, zone, block, curve) for block in (*MAIN_BLOCKS, *held)]
    if problems:
        raise CurveError("\n".join([f"curve_days {info.day.day}: {len(problems)} zone(s)", *(f"  - {p}" for p in problems)]))
    return pl.concat(frames).sort("zone", "block", "target_day")


def _rows(day: date, zone: str, block: str, curve: ZoneCurve) -> pl.DataFrame:
    prices, hours = curve.block_prices(block)
    level, proxy = curve.levels(block)
    first, n = curve.calendar.first, curve.calendar.days
    quoted_from, quoted_to = curve.contracts(block)
    unsure = np.array([lv == MODEL and i >= curve.week_days for i, lv in enumerate(level)])
    data = {
        "delivery_day": [day] * n,
        "zone": [zone] * n,
        "block": [block] * n,
        "target_day": pl.date_range(first, first + timedelta(days=n - 1), eager=True),
        "hours": hours,
        "price_eur_mwh": prices,
        "mark_level": level,
        "quoted_from": quoted_from,
        "quoted_to": quoted_to,
        "rests_on_proxy": proxy,
        "error_eur_mwh": [curve.error_eur_mwh if u else None for u in unsure],
    }
    return table("curve_days").frame(data).filter(pl.col("hours") > 0)


def zone_curve(info: InformationSet, zone: str, forward_curve: pl.DataFrame, held_to: date | None, quotes: pl.DataFrame | None) -> ZoneCurve | None:
    """The curve of a zone; None where nothing is published, held or quoted.

    Parameters
    ----------
    held_to : date or None
        Last day that something held delivers on.

    Raises
    ------
    CurveError
    """
    first = info.day.day
    week = _published(info, forward_curve.filter(pl.col("zone") == zone))
    told = (*_day_quotes(info, zone, len(week)), *_term_quotes(info, zone, quotes))
    last = max([first + timedelta(days=len(week) - 1), *(q.last_day for q in told), *([held_to] if held_to is not None else [])])
    days = (last - first).days + 1
    if days <= 0:
        return None
    calendar = Calendar.of(first, days, info.desk.time_zone)
    told = tuple(q for q in told if calendar.block_hours(q.block)[calendar.at(q.first_day) : calendar.at(q.last_day) + 1].any())
    shape, level, error = _past(info, zone, calendar)
    if not np.isfinite(level):
        level = float(week.mean()) if week.size else 0.0
        if not week.size and not any(q.first_day <= first and q.last_day >= last for q in told) and not told:
            raise CurveError(
                f"{zone}: something is held to {last} and there is neither forecast, past price nor quote -> ingest prices or add quotes"
            )
    prior = level + shape
    prior[: len(week)] = week
    longer = tuple(q for q in told if q.last_day > q.first_day or calendar.at(q.first_day) >= len(week))
    prices = _between(zone, calendar, prior, told, len(week)) if longer else prior
    return ZoneCurve(calendar, prices, told, error, len(week))


def _published(info: InformationSet, curve: pl.DataFrame) -> FloatArray:
    """The week's curve by day and wall-clock hour, shape (days, 24); a skipped hour has the day's mean."""
    found = []
    for lead in range(info.desk.forecast.horizon_days):
        day = info.day.shift(lead)
        rows = curve.filter(pl.col("target_day") == day.day).sort("delivery_start")
        if rows.height == 0:
            break
        minutes = int(rows["resolution_minutes"][0])
        at = day.slots(minutes) * minutes // 60
        values = rows["price_eur_mwh"].to_numpy()
        counts = np.bincount(at, minlength=24)
        sums = np.bincount(at, weights=values, minlength=24)
        found.append(np.where(counts > 0, sums / np.maximum(counts, 1), values.mean()))
    return np.array(found).reshape(len(found), 24)


def _day_quotes(info: InformationSet, zone: str, week_days: int) -> list[Quote]:
    """Quotes of single days, as the week's curve has them."""
    rows = info.frame("forward_quotes").filter(pl.col("zone") == zone, pl.col("delivery_day") >= info.day.day)
    last = info.day.shift(week_days - 1).day
    return [
        Quote(
            q["contract"],
            q["delivery_day"],
            q["delivery_day"],
            q["price_eur_mwh"] - q["half_spread_eur_mwh"],
            q["price_eur_mwh"] + q["half_spread_eur_mwh"],
            f"forward_quotes {q['contract']} {q['delivery_day']}",
            q["is_proxy"],
        )
        for q in rows.filter(pl.col("delivery_day") <= last).sort("delivery_day", "contract").to_dicts()
    ]


def _term_quotes(info: InformationSet, zone: str, quotes: pl.DataFrame | None) -> list[Quote]:
    """The latest quote of each contract that has not begun to deliver, if it is young enough."""
    ledger = info.desk.ledger
    if quotes is None or ledger is None:
        return []
    oldest = info.decision_time - timedelta(days=ledger.quote_days)
    seen = quotes.filter(pl.col("zone") == zone, pl.col("known_at") <= info.decision_time, pl.col("known_at") > oldest)
    seen = seen.filter(pl.col("first_day") >= info.day.day)
    last = seen.sort("known_at", maintain_order=True).unique(["block", "first_day", "last_day"], keep="last", maintain_order=True)
    return [
        Quote(q["block"], q["first_day"], q["last_day"], q["bid"], q["ask"], f"{ledger.quotes} line {q['line']}")
        for q in last.sort("first_day", "last_day", "block").to_dicts()
    ]


def _past(info: InformationSet, zone: str, calendar: Calendar) -> tuple[FloatArray, float, float]:
    """Shape of each day [EUR/MWh] against its level, shape (days, 24); the past level; standard deviation of past levels."""
    begin = info.day.day - timedelta(days=HISTORY_DAYS)
    prices = day_prices(info, zone, "day_ahead_prices", begin, HISTORY_DAYS, 60)
    known = np.isfinite(prices).any(axis=1)
    if not known.any():
        return np.zeros((calendar.days, 24)), float("nan"), 0.0
    prices, begin = prices[np.argmax(known) :], begin + timedelta(days=int(np.argmax(known)))
    daily = np.array([np.nanmean(row) if np.isfinite(row).any() else np.nan for row in prices])
    around = _centred(daily, 7)
    above = prices - around[:, None]
    places = info.desk.zones[zone].holidays
    past, future = _kinds(places, begin, len(prices)), _kinds(places, calendar.first, calendar.days)
    shape = np.empty((calendar.days, 24))
    seasons, ahead = _seasons(begin, len(prices)), _seasons(calendar.first, calendar.days)
    for kind in range(3):
        pooled = _mean_rows(above[past == kind], np.zeros(24))
        for season in range(4):
            rows = above[(past == kind) & (seasons == season)]
            enough = len(above[seasons == season]) >= SEASON_DAYS and np.isfinite(rows).any()
            shape[(future == kind) & (ahead == season)] = _mean_rows(rows, pooled) if enough else pooled
    blocks = [np.nanmean(part) for part in np.array_split(daily, max(len(daily) // LEVEL_DAYS, 1)) if np.isfinite(part).any()]
    return shape, float(np.nanmean(daily[-LEVEL_DAYS:])), float(np.std(blocks, ddof=1)) if len(blocks) > 1 else 0.0


def _mean_rows(rows: FloatArray, default: FloatArray) -> FloatArray:
    seen = np.isfinite(rows)
    count = seen.sum(axis=0)
    return np.where(count > 0, np.where(seen, rows, 0.0).sum(axis=0) / np.maximum(count, 1), default)


def _centred(daily: FloatArray, width: int) -> FloatArray:
    """Mean of the days around each day, as far as they are known."""
    seen = np.isfinite(daily)
    window = np.ones(width)
    total, count = (np.convolve(v, window)[width // 2 : width // 2 + daily.size] for v in (np.where(seen, daily, 0.0), seen.astype(float)))
    return np.asarray(total / np.maximum(count, 1.0))


def _kinds(places: Sequence[str], first: date, days: int) -> IntArray:
    """0 working day, 1 Saturday (or bridge day), 2 Sunday (or holiday)."""
    weekdays = day_kinds(places, first, days)
    counted = (np.arange(days) + first.weekday()) % 7 if weekdays is None else weekdays
    return np.asarray(np.maximum(counted - 4, 0), dtype=np.int64)


def _seasons(first: date, days: int) -> IntArray:
    months = pl.date_range(first, first + timedelta(days=days - 1), eager=True).dt.month().to_numpy().astype(np.int64)
    return np.asarray((months % 12) // 3, dtype=np.int64)


def _between(zone: str, calendar: Calendar, prior: FloatArray, quotes: Sequence[Quote], week_days: int) -> FloatArray:
    """The prior moved by a level per period, in peak and off-peak hours, so that every quote is kept.

    Raises
    ------
    CurveError
    """
    cuts = set(range(min(week_days, calendar.days)))
    cuts |= {calendar.at(q.first_day) for q in quotes} | {calendar.at(q.last_day) + 1 for q in quotes}
    cuts |= {i for i in range(week_days, calendar.days) if (calendar.first + timedelta(days=i)).day == 1}
    starts = sorted(c for c in {*cuts, 0, week_days} if c < calendar.days)
    cell = np.searchsorted(starts, np.arange(calendar.days), side="right") - 1
    n = len(starts)
    variable = np.where(calendar.peak, cell[:, None], cell[:, None] + n)
    rows, ask, bid = np.zeros((len(quotes), 2 * n)), np.empty(len(quotes)), np.empty(len(quotes))
    for k, quote in enumerate(quotes):
        hours = calendar.block_hours(quote.block).copy()
        hours[: calendar.at(quote.first_day)] = 0.0
        hours[calendar.at(quote.last_day) + 1 :] = 0.0
        rows[k] = np.bincount(variable.ravel(), weights=hours.ravel(), minlength=2 * n) / hours.sum()
        mean = float((hours * prior).sum() / hours.sum())
        bid[k], ask[k] = quote.bid - mean, quote.ask - mean
    target = 0.5 * (bid + ask)
    H = FIT * rows.T @ rows + NEVER_ALONE * np.eye(2 * n)
    in_week = np.array([s < week_days for s in starts])
    H += np.diag(np.tile(np.where(in_week, WEEK, 0.0), 2))
    for a, b in _neighbours(in_week, n):
        step = np.zeros(2 * n)
        step[a], step[b] = 1.0, -1.0
        H += (WITHIN_DAY if abs(a - b) == n else SMOOTH) * np.outer(step, step)
    R = np.asarray(np.linalg.cholesky(H).T, dtype=np.float64)
    try:
        moved = bounded_least_squares(R, np.asarray(np.linalg.solve(R.T, FIT * rows.T @ target), dtype=np.float64), rows, bid, ask)
    except ContradictionError as error:
        told = "; ".join(
            f"{quotes[k].place}: {quotes[k].block} {quotes[k].first_day}..{quotes[k].last_day} {quotes[k].bid:g}/{quotes[k].ask:g}"
            for k in error.rows
        )
        raise CurveError(f"{zone}: no curve lies between bid and ask of {told} -> correct one of them or leave it out") from error
    return np.asarray(prior + moved[variable])


def _neighbours(in_week: BoolArray, n: int) -> list[tuple[int, int]]:
    """Levels that should be alike: next to each other beyond the week, and peak and off-peak of one period."""
    along = [(i, i + 1) for i in range(n - 1) if not in_week[i]]
    return [*along, *((a + n, b + n) for a, b in along), *((i, i + n) for i in range(n))]
