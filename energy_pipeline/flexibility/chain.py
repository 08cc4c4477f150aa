"""One day of the flexible assets, in the order in which it hangs together: state, end values, decisions, dispatch, values, state.

What belongs here: the tables of the stage that hang on the day before, made at once. What does not: how each is made.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import polars as pl

from energy_pipeline.book.published_forecast import published_forecast
from energy_pipeline.contracts import table
from energy_pipeline.desk.flexibility import Battery, CurtailableRight, RenewableRight, SwingRight, TollingRight
from energy_pipeline.domain.errors import InfeasibleError
from energy_pipeline.flexibility.asset_valuation import valuation
from energy_pipeline.flexibility.controller import Controller
from energy_pipeline.flexibility.dispatch_tables import dispatch, forecast_of
from energy_pipeline.flexibility.openings import Opening, openings
from energy_pipeline.flexibility.rights import Decision, decided_daily, decided_unit, has_fuels, unknown_unit
from energy_pipeline.flexibility.sending import Joint, sent
from energy_pipeline.flexibility.states import (
    ALWAYS_SO,
    AssetState,
    Before,
    acted,
    desk_standing,
    row_of,
    standing,
    used,
)
from energy_pipeline.flexibility.storage import store_of
from energy_pipeline.information.archive import InformationSet
from energy_pipeline.mathematics.stores.auction import week_curve

Row = dict[str, object]


def flexible_day(
    info: InformationSet, price_forecasts: pl.DataFrame, scenario_paths: pl.DataFrame, before: Before, joint: Joint | None = None
) -> dict[str, pl.DataFrame]:
    """All tables of the stage for D, by name: states, end values, decisions, dispatch, values and orders.

    Parameters
    ----------
    before : Before
        What the lake holds of the days before D.
    joint : function, optional
        The joint answer's schedules, for `flexibility.orders: joint`.

    Raises
    ------
    InfeasibleError, MissingDayError, SourceError
        As the tables' own functions say.
    """
    opened = openings(info, before)
    states = {name: opening.state for name, opening in opened.items()}
    curves = {n: c for n, b in info.desk.assets.items() if (c := end_curve(info, standing(b, states[n]), price_forecasts))}
    standing_info = info.with_desk(desk_standing(info.desk, states, {n: points for n, (points, _) in curves.items()}))
    decisions = decided(standing_info, price_forecasts)
    valued = valuation(_with_fuels(standing_info), price_forecasts, scenario_paths)
    scheduled, orders = sent(standing_info, dispatch(standing_info, price_forecasts, decisions), valued, scenario_paths, joint)
    ends = [
        {"delivery_day": info.day.day, "asset": n, "zone": info.desk.assets[n].zone, "content_mwh": content, "value_eur": value, "days": days}
        for n, (points, days) in curves.items()
        for content, value in points
    ]
    rows = _state_rows(info, opened, scheduled, decisions, valued["asset_thresholds"], before.predecessor(info.day.day))
    made = {"asset_states": rows, "end_values": ends, "right_decisions": _decision_rows(info, decisions)}
    frames = {n: table(n).frame(r).sort(table(n).key, maintain_order=True) if r else table(n).frame() for n, r in made.items()}
    return {**frames, "dispatch": scheduled, "orders_sent": orders, **valued}


def _with_fuels(info: InformationSet) -> InformationSet:
    """Without the units whose fuels have not settled: their row of `right_decisions` says so, and the rest of the desk has values."""
    if has_fuels(info):
        return info
    return info.with_desk(info.desk.model_copy(update={"rights": {n: r for n, r in info.desk.rights.items() if not isinstance(r, TollingRight)}}))


def end_curve(info: InformationSet, battery: Battery, price_forecasts: pl.DataFrame) -> tuple[tuple[tuple[float, float], ...], int] | None:
    """What a store's content is worth at the end of D, and the forecast days it rests on; None where the desk says what holds there."""
    if battery.terminal != "curve":
        return None
    if battery.end_curve:
        return battery.end_curve, 0
    days = []
    for lead in range(1, info.desk.forecast.horizon_days + 1):
        part = published_forecast(price_forecasts, battery.zone, info.day.day, lead=lead)
        if part.height:
            days.append((part["price_eur_mwh"].to_numpy(), int(part["resolution_minutes"][0])))
    if not days:
        return None
    # The days after D in their order; D itself stands for the day after the last one, so that a week is a week.
    after = [*days[1:], days[0]]
    return week_curve(store_of(battery), after), len(after)


def decided(info: InformationSet, price_forecasts: pl.DataFrame) -> dict[str, Decision]:
    """What every right does on D that is nominated for the day.

    Raises
    ------
    InfeasibleError
        Naming every right whose terms contradict each other.
    """
    found: dict[str, Decision] = {}
    failures: list[str] = []
    for name, right in info.desk.rights.items():
        if isinstance(right, RenewableRight):
            continue
        prices = forecast_of(info, name, right.zone, price_forecasts)
        try:
            if isinstance(right, TollingRight) and not has_fuels(info):
                found[name] = unknown_unit(prices.height)
            elif isinstance(right, TollingRight):
                found[name] = decided_unit(info, name, right, prices, price_forecasts)
            else:
                found[name] = decided_daily(info, name, right, prices, price_forecasts)
        except InfeasibleError as error:
            failures.append(f"{name}: {error}")
    if failures:
        raise InfeasibleError(f"right_decisions, day {info.day.day}: " + "; ".join(failures), list(failures), "see each right")
    return found


def _decision_rows(info: InformationSet, decisions: Mapping[str, Decision]) -> list[Row]:
    rows: list[Row] = []
    for name, right in info.desk.rights.items():
        if isinstance(right, RenewableRight):
            continue
        d = decisions.get(name)
        numbers = ("quantity_mwh", "considered_mwh", "payoff_eur", "cost_eur", "keeping_eur", "kept_eur")
        row: Row = {n: 0.0 if d is None else getattr(d, n) for n in numbers}
        row |= {"is_exercised": d is not None and d.is_exercised, "is_forced": d is not None and d.is_forced}
        why = "over: its days have passed" if d is None else d.why
        rows.append({"delivery_day": info.day.day, "asset": name, "zone": right.zone, "kind": right.kind, **row, "why": why})
    return rows


def _state_rows(
    info: InformationSet,
    opened: Mapping[str, Opening],
    scheduled: pl.DataFrame,
    decisions: Mapping[str, Decision],
    thresholds: pl.DataFrame,
    predecessor: str,
) -> list[Row]:
    day, rows = info.day.day, []
    for name, asset in {**info.desk.assets, **info.desk.rights}.items():
        opening = opened[name]
        rows += list(opening.rows)
        begin = opening.state
        numbers: Row = {}
        if isinstance(asset, Battery):
            begin = _within(asset, begin)
            end, numbers = _battery_end(asset, begin, scheduled.filter(pl.col("asset") == name), thresholds.filter(pl.col("asset") == name))
        else:
            end = _right_end(info, asset, begin, decisions.get(name))
        rows.append(row_of(day, name, asset, "opening", begin, opening.basis, predecessor=predecessor))
        numbers = {k: v for k, v in numbers.items() if k in {"content_start_mwh", "cycles_day", "capacity_mwh"}}
        rows.append(row_of(day, name, asset, "decided", end, opening.basis, predecessor=predecessor, **numbers))
    return rows


def _within(battery: Battery, begin: AssetState) -> AssetState:
    """The state with a content the store can hold."""
    return replace(begin, content_mwh=standing(battery, begin).initial_mwh)


def _battery_end(battery: Battery, begin: AssetState, scheduled: pl.DataFrame, thresholds: pl.DataFrame) -> tuple[AssetState, Row]:
    if scheduled.height:
        rows = scheduled.sort("delivery_start")
        discharged = float((rows["discharge_mw"] * rows["resolution_minutes"] / 60.0).sum())
        return used(battery, begin, float(rows["state_of_charge_mwh"][-1]), discharged)
    rules = Controller.of(thresholds)
    if rules is None:
        return used(battery, begin, float(begin.content_mwh or 0.0), 0.0)
    return acted(battery, begin, rules, rules.expected_eur_mwh)


def _right_end(
    info: InformationSet, right: SwingRight | CurtailableRight | TollingRight | RenewableRight, begin: AssetState, decision: Decision | None
) -> AssetState:
    """The state a right's day ends in."""
    if isinstance(right, SwingRight | CurtailableRight):
        over = (begin.days_used or 0) >= right.days
        passed = replace(begin, days_used=(begin.days_used or 0) + (0 if over else 1))
        if decision is None:
            return passed
        if isinstance(right, SwingRight):
            return replace(passed, take_mwh=(begin.take_mwh or 0.0) + decision.quantity_mwh)
        return replace(passed, calls_used=(begin.calls_used or 0) + int(decision.is_exercised))
    if isinstance(right, TollingRight) and decision is not None and decision.is_on is not None:
        on, hours = decision.is_on, info.day.count(60) / decision.is_on.size
        before = np.concatenate([[bool(begin.is_on)], on[:-1]])
        changes = np.flatnonzero(on != before)
        so_far = ALWAYS_SO if begin.hours_so_far is None else begin.hours_so_far
        since = float(on.size * hours + so_far) if changes.size == 0 else float((on.size - changes[-1]) * hours)
        starts = (begin.starts_year or 0) + int((on & ~before).sum())
        return replace(begin, is_on=bool(on[-1]), hours_so_far=min(since, ALWAYS_SO), starts_year=starts)
    return begin
