"""The energy factors of the days whose forecast errors the risk of a book is measured on.

What belongs here: daily factor moves from what the decision may know, which of them can be used together.
What does not: the regression (`factors`), the table (`exposures`), factor files (`factor_file`).

Risk here is the loss against expectation, so a factor is what nobody expected: outcome less forecast where
there is a forecast, else the change from the day before. Everything is read at the decision of D:

| factor | move of day t | unit |
|---|---|---|
| hub | error of the day-ahead price forecast, mean of the day, first zone with one | EUR/MWh |
| shape | the same, 08-20 less the other hours | EUR/MWh |
| basis Z | error of zone Z less that of the hub | EUR/MWh |
| spread Z | error of the second price of Z less that of its day-ahead price | EUR/MWh |
| wind, solar, load | outcome less forecast, all zones; a zone without a forecast: change from the day before | GW |
| gas, coal, carbon | last settlement known at the decision for t + 1 less that known for t | unit of the settlement |
| heating, cooling | change of the degree days (base 15 and 22 degC) of the mean observed temperature | K |
| volatility | change of the log of the EWMA volatility of the hub | 1 |
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import polars as pl

from energy_pipeline.domain.delivery import FloatArray
from energy_pipeline.domain.history import ErrorHistory
from energy_pipeline.information.archive import InformationSet
from energy_pipeline.mathematics.statistics.estimators import ewma_volatility
from energy_pipeline.mathematics.statistics.factors import COOLING_BASE_C, HEATING_BASE_C

KNOWN_SHARE = 0.8
"""A factor known on fewer of the days is left out."""
KNOWN_OF_DAY = 0.9
"""A day whose outcome is known for fewer of its intervals counts as unknown."""
DAYS_PER_FACTOR = 3
REPEATS = 1e-6
"""Variance left of a factor after the ones before it, as a share, below which it repeats them."""


@dataclass(frozen=True)
class DayFactors:
    """Moves of named factors.

    Attributes
    ----------
    names, units : tuple of str
    moves : array, shape (days, factors)
        No NaN.
    kept : array of bool, shape (all days,)
        Days on which every factor is known.
    left_out : str
        Factors that were left out, and why; empty if none.
    """

    names: tuple[str, ...]
    units: tuple[str, ...]
    moves: FloatArray
    kept: np.ndarray[tuple[int], np.dtype[np.bool_]]
    left_out: str


def energy_moves(info: InformationSet, errors: Sequence[ErrorHistory], days: Sequence[date]) -> dict[str, tuple[str, FloatArray]]:
    """Unit and moves of every factor the desk's data allow, NaN where unknown, shape (days,) each; the order is that of the table above."""
    found: dict[str, tuple[str, FloatArray]] = {}
    known = {(h.kind, h.name): h for h in errors}
    zones = [z for z in info.desk.zones if ("day_ahead_price", z) in known]
    if zones:
        hub = _slots(known["day_ahead_price", zones[0]], days)
        found["hub"] = (f"{info.desk.currency}/MWh", _mean(hub))
        found["shape"] = (f"{info.desk.currency}/MWh", _peak_less_rest(hub))
    for zone in zones[1:]:
        found[f"basis {zone}"] = (f"{info.desk.currency}/MWh", _mean(_slots(known["day_ahead_price", zone], days)) - found["hub"][1])
    for zone in zones:
        if ("second_price", zone) in known:
            own = _mean(_slots(known["day_ahead_price", zone], days))
            found[f"spread {zone}"] = (f"{info.desk.currency}/MWh", _mean(_slots(known["second_price", zone], days)) - own)
    for technology in ("wind", "solar"):
        found[technology] = ("GW", _surprise_gw(info, days, "generation", "generation_mw", technology))
    found["load"] = ("GW", _surprise_gw(info, days, "load", "load_mw", None))
    found |= _fuels(info, days)
    temperature = _temperature(info, days)
    found["heating"] = ("K", np.maximum(HEATING_BASE_C - temperature[1:], 0.0) - np.maximum(HEATING_BASE_C - temperature[:-1], 0.0))
    found["cooling"] = ("K", np.maximum(temperature[1:] - COOLING_BASE_C, 0.0) - np.maximum(temperature[:-1] - COOLING_BASE_C, 0.0))
    if "hub" in found and np.isfinite(found["hub"][1]).all() and len(days) > 1 and found["hub"][1].std() > 0:
        found["volatility"] = ("1", np.diff(np.log(np.maximum(ewma_volatility(found["hub"][1]), 1e-9))))
    return found


def usable(moves: Mapping[str, tuple[str, FloatArray]], count: int) -> DayFactors:
    """The factors that can be used together, in their order: known, moving, and no repetition of earlier ones.

    At most one factor for every three of the `count` days.
    """
    names: list[str] = []
    why: dict[str, list[str]] = {}
    kept = np.ones(count, dtype=bool)
    for name, (_, values) in moves.items():
        reason = _reason(values, kept, np.column_stack([moves[n][1] for n in names]) if names else np.zeros((count, 0)))
        if reason is None and len(names) >= count // DAYS_PER_FACTOR:
            reason = "too few days"
        if reason is None:
            names.append(name)
            kept = kept & np.isfinite(values)
        else:
            why.setdefault(reason, []).append(name)
    stacked = np.column_stack([moves[n][1] for n in names])[kept] if names else np.zeros((count, 0))
    told = "; ".join(f"{reason}: {', '.join(which)}" for reason, which in why.items())
    return DayFactors(tuple(names), tuple(moves[n][0] for n in names), stacked, kept, told)


def _reason(values: FloatArray, kept: np.ndarray[tuple[int], np.dtype[np.bool_]], before: FloatArray) -> str | None:
    """Why a factor cannot join those before it."""
    known = np.isfinite(values)
    if known.mean() < KNOWN_SHARE or (kept & known).sum() < KNOWN_SHARE * known.size:
        return "not known"
    both = kept & known
    centred = values[both] - values[both].mean()
    whole = float(centred @ centred)
    if whole <= 1e-18 * both.sum():
        return "does not move"
    others = before[both] - before[both].mean(axis=0)
    rest = centred - others @ np.linalg.lstsq(others, centred)[0] if others.shape[1] else centred
    return "repeats others" if float(rest @ rest) <= REPEATS * whole else None


def _slots(history: ErrorHistory, days: Sequence[date]) -> FloatArray:
    """Errors by slot of the days asked for, NaN where there are none."""
    where = {d: i for i, d in enumerate(history.days)}
    found = np.full((len(days), history.errors.shape[1]), np.nan)
    for i, d in enumerate(days):
        if d in where:
            found[i] = history.errors[where[d]]
    return found


def _mean(values: FloatArray) -> FloatArray:
    """Mean over the known values of each day, NaN where too few are known."""
    known = np.isfinite(values)
    enough = known.mean(axis=1) >= KNOWN_OF_DAY
    sums = np.where(known, values, 0.0).sum(axis=1)
    return np.where(enough, sums / np.maximum(known.sum(axis=1), 1), np.nan)


def _peak_less_rest(values: FloatArray) -> FloatArray:
    """Mean of the slots 08-20 less that of the others."""
    hour = np.arange(values.shape[1]) * 24 / values.shape[1]
    peak = (hour >= 8) & (hour < 20)
    return _mean(values[:, peak]) - _mean(values[:, ~peak])


def _surprise_gw(info: InformationSet, days: Sequence[date], name: str, column: str, technology: str | None) -> FloatArray:
    """Outcome less forecast of all zones [GW], shape (days,)."""
    total, any_zone = np.zeros(len(days)), False
    for zone in info.desk.zones:
        key = {"zone": zone} | ({"technology": technology} if technology else {})

        def values(day: date, table: str, zone: str = zone, key: dict[str, str] = key) -> FloatArray:
            delivery = info.desk.delivery_day(day)
            starts = delivery.interval_starts_us(info.desk.zones[zone].resolution_minutes(day))
            return info.values(table, column, starts, cut_us=None, **key)

        moves = _one_surprise(values, days, f"{name}_actual", f"{name}_forecast")
        if np.isfinite(moves).any():
            total, any_zone = total + moves / 1000.0, True
    return total if any_zone else np.full(len(days), np.nan)


def _one_surprise(values: Callable[[date, str], FloatArray], days: Sequence[date], actual: str, forecast: str) -> FloatArray:
    """Of one series: outcome less forecast, or the change of the outcome where forecasts are mostly unknown."""
    came = {d: values(d, actual) for d in {*days, *(d - timedelta(days=1) for d in days)}}
    against = _mean_rows([came[d] - values(d, forecast) for d in days])
    if np.isfinite(against).mean() >= KNOWN_SHARE:
        return against
    return _mean_rows([came[d] for d in days]) - _mean_rows([came[d - timedelta(days=1)] for d in days])


def _mean_rows(rows: Sequence[FloatArray]) -> FloatArray:
    """Mean of each row, of any length; NaN where too few values are known."""
    return np.array([float(_mean(row[None, :])[0]) for row in rows])


def _fuels(info: InformationSet, days: Sequence[date]) -> dict[str, tuple[str, FloatArray]]:
    """Settlements of each commodity as known at the decisions, as moves."""
    last = info.day.day
    wanted = sorted({*days, *(min(d + timedelta(days=1), last) for d in days)})
    levels = {d: _settlements(info.at(d)) for d in wanted}
    units = {name: unit for found in levels.values() for name, (_, unit) in found.items()}
    result: dict[str, tuple[str, FloatArray]] = {}
    for name in ("gas", "coal", "carbon"):
        if name in units:
            price = {d: found[name][0] if name in found else np.nan for d, found in levels.items()}
            result[name] = (units[name], np.array([price[min(d + timedelta(days=1), last)] - price[d] for d in days]))
    return result


def _settlements(info: InformationSet) -> dict[str, tuple[float, str]]:
    """Last known settlement and unit by commodity."""

    def make() -> dict[str, tuple[float, str]]:
        rows = info.history("fuel_prices").filter(pl.col("price").is_not_null()).sort("commodity", "delivery_day")
        return {r["commodity"]: (float(r["price"]), str(r["unit"])) for r in rows.group_by("commodity", maintain_order=True).last().to_dicts()}

    return info.cached("factor_settlements", make=make)


def _temperature(info: InformationSet, days: Sequence[date]) -> FloatArray:
    """Mean observed temperature of all locations [degC], of the day before the first day and of each day, shape (days + 1,)."""
    if not days:
        return np.zeros(1)
    wanted = [days[0] - timedelta(days=1), *days]
    by_place = []
    for place in info.desk.weather:
        rows = [info.values("weather_observed", "temperature_c", info.desk.delivery_day(d).interval_starts_us(60), location=place) for d in wanted]
        found = _mean_rows(rows)
        if np.isfinite(found).mean() >= KNOWN_SHARE:
            by_place.append(found)
    return np.mean(by_place, axis=0) if by_place else np.full(len(wanted), np.nan)
