"""Where each flexible asset and right begins a day: the state the day before left, settled, and corrected by the operator.

What belongs here: settling what acted on prices as far as they are known, and an operator's corrections. What does not:
rolling one day (`states`), reading the operator's file (`corrections`).

The state for the start of D is that of D - 1 in the lake, rolled from the last settled state known at the decision. What an
auction asset is to do on D - 1 stands since its auction, so its decided state is settled; what acts on prices as they come
is settled through the last day whose prices are known, and rolled on expected prices from there. Then the operator's
corrections known by then, each as the difference it makes on the day it is about, of each number the one about the latest day: a later
measurement holds what earlier ones found; in a roll that passes the end of that day,
as what was measured there. A day without the day before begins with the desk file's values and says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

import numpy as np
import polars as pl

from energy_pipeline.desk.flexibility import Battery
from energy_pipeline.domain.delivery import FloatArray
from energy_pipeline.domain.errors import SourceError
from energy_pipeline.flexibility.controller import Controller
from energy_pipeline.flexibility.execution import ASSUMED, Orders, executed
from energy_pipeline.flexibility.states import CORRECTED, LOOK_BACK_DAYS, AssetState, Before, acted, standing, state_numbers, used
from energy_pipeline.information.archive import InformationSet

OF_A_YEAR = ("starts_year", "cycles_year")
"""Counts that begin anew with a calendar year."""


@dataclass(frozen=True)
class Opening:
    """The start of an asset's day.

    Attributes
    ----------
    state : AssetState
    basis : str
        Where it comes from.
    rows : tuple of dict
        Rows of days before D that were settled or corrected on the way.
    """

    state: AssetState
    basis: str
    rows: tuple[dict[str, object], ...] = ()


def openings(info: InformationSet, before: Before) -> dict[str, Opening]:
    """Where every asset and right of the desk stands when D begins.

    Raises
    ------
    SourceError
        A correction names an asset that is not there, or sets what the asset does not have, or lies too far back.
    """
    day, desk = info.day.day, info.desk
    found: dict[str, Opening] = {}
    for name, asset in {**desk.assets, **desk.rights}.items():
        own = before.asset_states.filter(pl.col("asset") == name)
        last = own.filter(pl.col("delivery_day") == day - timedelta(days=1), pl.col("kind") == "decided").to_dicts()
        if not last:
            is_first = day == desk.first_delivery_day
            text = "desk file: the first day" if is_first else f"desk file: {day - timedelta(days=1)} was not decided with it"
            opening = Opening(AssetState.first(asset), text)
        elif isinstance(asset, Battery) and asset.information == "sequential":
            opening = _settled_sequential(info, name, asset, own, before, last[0])
        else:
            opening = _settled(info, last[0])
            if isinstance(asset, Battery):
                opening = _as_taken(info, name, asset, own, before, last[0]) or opening
        found[name] = opening
    return _corrected(info, found, before)


def _settled(info: InformationSet, last: Mapping[str, object]) -> Opening:
    """What was nominated for the day before stands since its auction."""
    yesterday = info.day.day - timedelta(days=1)
    row = {**last, "delivery_day": info.day.day, "kind": "settled", "basis": f"as nominated for {yesterday}", "predecessor": ""}
    return Opening(AssetState.of(last).in_year(info.day.day, yesterday), f"settled through {yesterday}", (row,))


def _as_taken(info: InformationSet, name: str, battery: Battery, own: pl.DataFrame, before: Before, last: Mapping[str, object]) -> Opening | None:
    """The day before as its auction took the orders; None where that is assumed to be what was planned."""
    day, yesterday = info.day.day, info.day.day - timedelta(days=1)
    plan = before.dispatch.filter(pl.col("asset") == name, pl.col("delivery_day") == yesterday).sort("delivery_start")
    opened = own.filter(pl.col("delivery_day") == yesterday, pl.col("kind") == "opening").to_dicts()
    sent, curves, blocks = (f.filter(pl.col("delivery_day") == yesterday) for f in (before.orders_sent, before.bid_curves, before.block_orders))
    known = before.accepted.filter(pl.col("known_at").is_null() | (pl.col("known_at") <= info.decision_time))
    if plan.is_empty() or not opened:
        return None
    begin = AssetState.of(opened[0])
    prices = info.values("day_ahead_prices", "price_eur_mwh", plan["delivery_start"].cast(pl.Int64).to_numpy(), zone=battery.zone)
    alone = info.desk.model_copy(update={"assets": {name: standing(battery, begin)}})
    found = executed(alone, plan, Orders(sent, curves, blocks, known), {name: prices})
    if found.basis.get(name, ASSUMED) == ASSUMED:
        return None
    given = found.dispatch.sort("delivery_start")
    discharged = float((given["discharge_mw"] * given["resolution_minutes"] / 60.0).sum())
    end, numbers = used(battery, begin, float(given["state_of_charge_mwh"][-1]), discharged)
    text = f"as the auction took the orders of {yesterday}, {found.basis[name]}"
    row = {**last, **numbers, "delivery_day": day, "kind": "settled", "basis": text, "predecessor": ""}
    return Opening(end.in_year(day, yesterday), f"settled through {yesterday}", (row,))


def _settled_sequential(info: InformationSet, name: str, battery: Battery, own: pl.DataFrame, before: Before, last: Mapping[str, object]) -> Opening:
    """Thresholds run on the prices that came, as far as they are known, and on expected ones from there; corrections where they belong."""
    yesterday, day = info.day.day - timedelta(days=1), info.day.day
    two_ago = day - timedelta(days=2)
    thresholds = before.asset_thresholds.filter(pl.col("asset") == name)
    said = {about: row for (asset, about), row in _said(info, before.corrections, every=True).items() if asset == name}
    opened = {row["state_day"]: AssetState.of(row) for row in own.filter(pl.col("kind") == "opening").to_dicts()}
    rules = Controller.of(thresholds.filter(pl.col("delivery_day") == two_ago))
    state, rows, basis = opened[yesterday], [], f"decided through {yesterday}"
    if two_ago in opened and rules is not None:
        prices = known_second_prices(info, battery.zone, rules.starts_us)
        settled = own.filter(pl.col("kind") == "settled", pl.col("state_day") == two_ago - timedelta(days=1)).sort("delivery_day").to_dicts()
        if np.isfinite(prices).all():
            begin = AssetState.of(settled[-1]).in_year(two_ago, two_ago - timedelta(days=1)) if settled else opened[two_ago]
            state, row = acted(battery, _moved_before(info, name, begin, own, before, two_ago), rules, prices)
            state = _measured(state, said.get(two_ago))
            basis = f"settled through {two_ago}, expected since"
            named = {"delivery_day": day, "asset": name, "state_day": two_ago, "kind": "settled", "zone": battery.zone, "asset_kind": "battery"}
            text = f"thresholds of {two_ago} on the prices that came" + (", then as measured" if two_ago in said else "")
            rows.append({**row, **_end_numbers(state), **named, "basis": text, "predecessor": ""})
    if not rows:
        state = _measured(_moved_before(info, name, state, own, before, two_ago), said.get(two_ago))
    state = state.in_year(yesterday, two_ago)
    rules = Controller.of(thresholds.filter(pl.col("delivery_day") == yesterday))
    state = AssetState.of(last) if rules is None else acted(battery, state, rules, rules.expected_eur_mwh)[0]
    return Opening(_measured(state, said.get(yesterday)).in_year(day, yesterday), basis, tuple(rows))


def _moved_before(info: InformationSet, name: str, state: AssetState, own: pl.DataFrame, before: Before, two_ago: date) -> AssetState:
    """A settled state moved by what has become known since the last decision of days before `two_ago`."""
    for (asset, about), row in _said(info, before.corrections).items():
        recorded = _recorded(own.to_dicts(), about)
        if asset == name and about < two_ago and recorded is not None:
            own_row = {n: v for n, v in row.items() if getattr(state, n, None) is not None}
            state = replace(state, **_changes(own_row, AssetState.of(recorded), state))
    return state


def _measured(state: AssetState, row: Mapping[str, object] | None) -> AssetState:
    """The state at the end of a day of which an operator's file tells; what it does not have is refused later."""
    known = {n: row[n] for n in CORRECTED if row.get(n) is not None and getattr(state, n) is not None} if row else {}
    return replace(state, **known)  # type: ignore[arg-type]


def _end_numbers(state: AssetState) -> dict[str, object]:
    """The columns of a state at the end of its day that are not about the day's begin."""
    return {n: v for n, v in state_numbers(state).items() if n not in {"content_start_mwh", "capacity_mwh", "cycles_day"}}


def known_second_prices(info: InformationSet, zone: str, starts_us: np.ndarray[tuple[int], np.dtype[np.int64]]) -> FloatArray:
    """Prices a sequential asset acted on as known at the decision [EUR/MWh]; NaN where not."""
    kind = info.desk.zones[zone].second_price.kind
    if kind == "none":
        return info.values("day_ahead_prices", "price_eur_mwh", starts_us, zone=zone)
    return info.values("second_prices", "price_eur_mwh", starts_us, zone=zone, price_kind=kind)


def _said(info: InformationSet, corrections: pl.DataFrame, *, every: bool = False) -> dict[tuple[str, date], dict[str, Any]]:
    """What the operator's file says by asset and day, of each number the last that is known; of all known, or since the last decision."""
    if corrections.is_empty():
        return {}
    day = info.day.day
    known = corrections.filter(pl.col("known_at") <= info.decision_time, pl.col("delivery_day") < day)
    new = known if every else known.filter(pl.col("known_at") > info.desk.decision_time(day - timedelta(days=1)))
    found: dict[tuple[str, date], dict[str, Any]] = {}
    for row in new.sort("delivery_day", "asset", "known_at", maintain_order=True).to_dicts():
        if any(row.get(name) is not None for name in CORRECTED):
            found.setdefault((str(row["asset"]), row["delivery_day"]), {}).update({k: v for k, v in row.items() if v is not None})
    return found if every else {key: _not_superseded(row, key, known, day.year) for key, row in found.items()}


def _not_superseded(row: dict[str, Any], key: tuple[str, date], known: pl.DataFrame, year: int) -> dict[str, Any]:
    """A correction without the numbers of which a later day was measured, and without counts of another year."""
    over = () if key[1].year == year else OF_A_YEAR
    later = known.filter(pl.col("asset") == key[0], pl.col("delivery_day") > key[1])
    return {k: v for k, v in row.items() if k not in over and (k not in CORRECTED or later[k].is_null().all())}


def _recorded(rows: Iterable[Mapping[str, object]], about: date) -> Mapping[str, object] | None:
    """The last row about the end of a day: decided, then settled, then corrected."""
    ranks = ("decided", "settled", "corrected")
    of_day = [r for r in rows if r["state_day"] == about and r["kind"] in ranks]
    return max(of_day, key=lambda r: (r["delivery_day"], ranks.index(str(r["kind"]))), default=None)


def _corrected(info: InformationSet, found: dict[str, Opening], before: Before) -> dict[str, Opening]:
    """Openings with the corrections that have become known since the last decision."""
    day, result, problems = info.day.day, dict(found), []
    for (name, about), row in _said(info, before.corrections).items():
        own = before.asset_states.filter(pl.col("asset") == name).to_dicts()
        recorded = _recorded(own, about)
        if name not in found:
            problems.append(f"{name}: no such asset or right")
        elif recorded is None:
            problems.append(f"{name}, {about}: no state of that day in the {LOOK_BACK_DAYS} days before {day}")
        else:
            asset, was = info.desk.assets.get(name), _believed(own, about, recorded)
            rolled = asset is not None and asset.information == "sequential" and not result[name].basis.startswith("desk file")
            try:
                result[name] = _with(result[name], row, recorded, was, day, moves=not rolled)
            except ValueError as error:
                problems.append(f"{name}, {about}: {error}")
    if problems:
        raise SourceError(f"asset_states, day {day}: state_corrections: " + "; ".join(problems) + " -> correct the operator's file")
    return result


def _believed(rows: Iterable[Mapping[str, object]], about: date, recorded: Mapping[str, object]) -> AssetState:
    """The state at the end of a day as the day after began with it: with the corrections known by then."""
    opened = [r for r in rows if r["kind"] == "opening" and r["delivery_day"] == about + timedelta(days=1)]
    return AssetState.of(opened[0] if opened else recorded)


def _changes(row: Mapping[str, Any], was: AssetState, now: AssetState) -> dict[str, Any]:
    """What a correction of an earlier day makes of a state: levels as said, the rest by the difference."""
    changes: dict[str, Any] = {}
    for name in CORRECTED:
        said = row.get(name)
        if said is None:
            continue
        old, current = getattr(was, name), getattr(now, name)
        if current is None:
            raise ValueError(f"it has no {name}")
        is_level = isinstance(current, bool) or name == "hours_so_far"
        changes[name] = said if is_level else max(current + (said - old), 0)
    return changes


def _with(opening: Opening, row: Mapping[str, Any], recorded: Mapping[str, object], was: AssetState, day: date, *, moves: bool) -> Opening:
    """An opening with a correction and its row; `moves` says whether the state has not got it yet."""
    now = opening.state
    changes = _changes(row, was, now)
    state = replace(now, **changes) if moves else now
    corrected = replace(AssetState.of(recorded), **{name: row[name] for name in changes})
    numbers = state_numbers(corrected) | {"content_start_mwh": recorded["content_start_mwh"], "capacity_mwh": recorded["capacity_mwh"]}
    named = {"delivery_day": day, "asset": recorded["asset"], "state_day": recorded["state_day"], "kind": "corrected"}
    named_ = ", ".join(f"{n} {row[n]}" for n in changes) or "measured later again"
    text = f"operator's file, known {row['known_at']:%Y-%m-%d %H:%M} UTC: {named_}"
    made = {**recorded, **numbers, **named, "basis": text, "predecessor": ""}
    return Opening(state, f"{opening.basis}; corrected for {recorded['state_day']}", (*opening.rows, made))
