"""The state of each flexible asset and right: where a day begins, and what it leaves to the next.

What belongs here: `AssetState`, rolling it by what was decided, settling what acted on prices as far as they are known,
an operator's corrections, the desk as it stands on a day, and the rows of `asset_states`. What does not: deciding
(`dispatch_tables`, `rights`), what is left is worth (`end_values`), reading files.

The state for the start of D is that of D - 1 in the lake, rolled from the last settled state known at the decision. What an
auction asset is to do on D - 1 stands since its auction, so its decided state is settled; what acts on prices as they come
is settled through the last day whose prices are known, and rolled on expected prices from there. Then the operator's
corrections known by then, each as the difference it makes on the day it is about. A day without the day before begins
with the desk file's values and says so.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import date, timedelta
from typing import Any

import numpy as np
import polars as pl

from energy_pipeline.contracts import table
from energy_pipeline.desk import Desk
from energy_pipeline.desk.flexibility import Battery, CurtailableRight, Right, SwingRight, TollingRight
from energy_pipeline.domain.delivery import FloatArray
from energy_pipeline.domain.errors import SourceError
from energy_pipeline.domain.units import hours_of
from energy_pipeline.flexibility.controller import Controller
from energy_pipeline.flexibility.storage import store_of
from energy_pipeline.information.archive import InformationSet

CORRECTED = ("content_mwh", "take_mwh", "calls_used", "is_on", "hours_so_far", "starts_year", "cycles_year", "throughput_mwh")
"""What an operator's file may set, beside asset, delivery_day and known_at."""
LOOK_BACK_DAYS = 8
"""Days before D that a correction may be about."""
ALWAYS_SO = 10_000.0
"""Hours: longer than any minimum time."""
FULL_CYCLE = 1e-12
SAME = 1e-6
"""Two contents this near [MWh] are one."""


@dataclass(frozen=True)
class AssetState:
    """What an asset has and has used at an instant; None where it has no such thing.

    Attributes
    ----------
    content_mwh, take_mwh, throughput_mwh : float or None
    calls_used, days_used, starts_year : int or None
    is_on : bool or None
    hours_so_far, cycles_year : float or None
    """

    content_mwh: float | None = None
    take_mwh: float | None = None
    calls_used: int | None = None
    days_used: int | None = None
    is_on: bool | None = None
    hours_so_far: float | None = None
    starts_year: int | None = None
    cycles_year: float | None = None
    throughput_mwh: float | None = None

    @classmethod
    def first(cls, asset: Battery | Right) -> AssetState:
        """The desk file's values: the state of the first day."""
        if isinstance(asset, Battery):
            return cls(content_mwh=asset.initial_mwh, cycles_year=0.0, throughput_mwh=0.0)
        if isinstance(asset, SwingRight):
            return cls(take_mwh=0.0, days_used=0)
        if isinstance(asset, CurtailableRight):
            return cls(calls_used=0, days_used=0)
        if isinstance(asset, TollingRight):
            return cls(is_on=asset.is_on, hours_so_far=float(asset.hours_so_far), starts_year=0)
        return cls()

    @classmethod
    def of(cls, row: Mapping[str, object]) -> AssetState:
        """The state at the end of a row's day; of an opening, at its begin."""
        content = "content_start_mwh" if row["kind"] == "opening" else "content_end_mwh"
        named = {f.name: row[content if f.name == "content_mwh" else f.name] for f in fields(cls)}
        return cls(**named)  # type: ignore[arg-type]

    def in_year(self, day: date, before: date) -> AssetState:
        """Counts of a calendar year begin anew with it."""
        if day.year == before.year:
            return self
        return replace(self, starts_year=None if self.starts_year is None else 0, cycles_year=None if self.cycles_year is None else 0.0)

    def capacity_mwh(self, battery: Battery) -> float:
        """Content when full, after what cycles have taken; never below what is always kept."""
        cycles = (self.throughput_mwh or 0.0) / battery.energy_mwh
        return max(battery.energy_mwh * float((1.0 - battery.fade_per_cycle) ** cycles), battery.minimum_mwh)


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


@dataclass(frozen=True)
class Before:
    """What the lake holds of the days before D, as this chain wrote it.

    Attributes
    ----------
    asset_states : frame
        Of up to LOOK_BACK_DAYS days.
    asset_thresholds : frame
        Of the two days before.
    dispatch : frame
        Of the day before.
    corrections : frame
        The operator's file: asset, delivery_day, known_at and any of CORRECTED; empty without one.
    """

    asset_states: pl.DataFrame
    asset_thresholds: pl.DataFrame
    dispatch: pl.DataFrame
    corrections: pl.DataFrame

    @classmethod
    def nothing(cls) -> Before:
        """Before the first day."""
        return cls(table("asset_states").frame(), table("asset_thresholds").frame(), table("dispatch").frame(), pl.DataFrame())

    def predecessor(self, day: date) -> str:
        """Hash of the day before D; empty where there is none."""
        return predecessor_of(day, self.asset_states, self.dispatch, self.asset_thresholds)


def predecessor_of(day: date, *frames: pl.DataFrame) -> str:
    """Hash of the rows of the day before `day`; empty where there is none."""
    yesterday = [frame.filter(pl.col("delivery_day") == day - timedelta(days=1)) for frame in frames]
    if not any(frame.height for frame in yesterday):
        return ""
    return hashlib.sha256("".join(frame.write_ndjson() for frame in yesterday).encode()).hexdigest()[:16]


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
            opening = _settled_sequential(info, name, asset, own, before.asset_thresholds, last[0])
        else:
            opening = _settled(info, last[0])
        found[name] = opening
    return _corrected(info, found, before)


def _settled(info: InformationSet, last: Mapping[str, object]) -> Opening:
    """What was nominated for the day before stands since its auction."""
    yesterday = info.day.day - timedelta(days=1)
    row = {**last, "delivery_day": info.day.day, "kind": "settled", "basis": f"as nominated for {yesterday}", "predecessor": ""}
    return Opening(AssetState.of(last).in_year(info.day.day, yesterday), f"settled through {yesterday}", (row,))


def _settled_sequential(
    info: InformationSet, name: str, battery: Battery, own: pl.DataFrame, thresholds: pl.DataFrame, last: Mapping[str, object]
) -> Opening:
    """Thresholds run on the prices that came, as far as they are known, and on expected ones from there."""
    yesterday, day = info.day.day - timedelta(days=1), info.day.day
    two_ago = day - timedelta(days=2)
    opened = {row["state_day"]: AssetState.of(row) for row in own.filter(pl.col("kind") == "opening").to_dicts()}
    rules = Controller.of(thresholds.filter(pl.col("asset") == name, pl.col("delivery_day") == two_ago))
    state, rows, basis = opened[yesterday], [], f"decided through {yesterday}"
    if two_ago in opened and rules is not None:
        prices = known_second_prices(info, battery.zone, rules.starts_us)
        settled = own.filter(pl.col("kind") == "settled", pl.col("state_day") == two_ago - timedelta(days=1)).sort("delivery_day").to_dicts()
        if np.isfinite(prices).all():
            begin = AssetState.of(settled[-1]).in_year(two_ago, two_ago - timedelta(days=1)) if settled else opened[two_ago]
            state, row = acted(battery, begin, rules, prices)
            basis = f"settled through {two_ago}, expected since"
            named = {"delivery_day": day, "asset": name, "state_day": two_ago, "kind": "settled", "zone": battery.zone, "asset_kind": "battery"}
            rows.append({**row, **named, "basis": f"thresholds of {two_ago} on the prices that came", "predecessor": ""})
            state = state.in_year(yesterday, two_ago)
    rules = Controller.of(thresholds.filter(pl.col("asset") == name, pl.col("delivery_day") == yesterday))
    if rules is None:
        return Opening(AssetState.of(last).in_year(day, yesterday), basis, tuple(rows))
    state, _ = acted(battery, state, rules, rules.expected_eur_mwh)
    return Opening(state.in_year(day, yesterday), basis, tuple(rows))


def acted(battery: Battery, begin: AssetState, rules: Controller, prices: FloatArray) -> tuple[AssetState, dict[str, object]]:
    """A day of a store that follows thresholds: the state it ends in, and its numbers."""
    store = store_of(standing(battery, begin))
    content, _, discharge = rules.run(store, prices[None])
    out = float(discharge.sum() * hours_of(rules.minutes))
    return used(battery, begin, float(content[0, -1]), out)


def used(battery: Battery, begin: AssetState, end_mwh: float, discharged_mwh: float) -> tuple[AssetState, dict[str, object]]:
    """The state after a day that ends with `end_mwh` and discharged so much, and its numbers."""
    capacity = begin.capacity_mwh(battery)
    cycles = discharged_mwh / max(capacity, FULL_CYCLE)
    year, life = (begin.cycles_year or 0.0) + cycles, (begin.throughput_mwh or 0.0) + discharged_mwh
    end = replace(begin, cycles_year=year, throughput_mwh=life)
    end = replace(end, content_mwh=min(end_mwh, end.capacity_mwh(battery)))  # what the day's cycles took of the capacity holds nothing
    return end, state_numbers(end) | {"content_start_mwh": begin.content_mwh, "capacity_mwh": capacity, "cycles_day": cycles}


def state_numbers(end: AssetState) -> dict[str, object]:
    """The columns of a state, at the end of its day."""
    found: dict[str, object] = {f.name: getattr(end, f.name) for f in fields(end) if f.name != "content_mwh"}
    return {**found, "content_end_mwh": end.content_mwh, "content_start_mwh": None, "capacity_mwh": None, "cycles_day": None}


def known_second_prices(info: InformationSet, zone: str, starts_us: np.ndarray[tuple[int], np.dtype[np.int64]]) -> FloatArray:
    """Prices a sequential asset acted on as known at the decision [EUR/MWh]; NaN where not."""
    kind = info.desk.zones[zone].second_price.kind
    if kind == "none":
        return info.values("day_ahead_prices", "price_eur_mwh", starts_us, zone=zone)
    return info.values("second_prices", "price_eur_mwh", starts_us, zone=zone, price_kind=kind)


def _corrected(info: InformationSet, found: dict[str, Opening], before: Before) -> dict[str, Opening]:
    """Openings with the corrections that have become known since the last decision."""
    if before.corrections.is_empty():
        return found
    day, result, problems = info.day.day, dict(found), []
    since = info.desk.decision_time(day - timedelta(days=1))
    new = before.corrections.filter(pl.col("known_at") > since, pl.col("known_at") <= info.decision_time, pl.col("delivery_day") < day)
    for row in new.sort("known_at", "delivery_day", "asset", maintain_order=True).to_dicts():
        name, about = str(row["asset"]), row["delivery_day"]
        own = before.asset_states.filter(pl.col("asset") == name, pl.col("state_day") == about).sort("delivery_day", "kind").to_dicts()
        if name not in found:
            problems.append(f"{name}: no such asset or right")
        elif not own:
            problems.append(f"{name}, {about}: no state of that day in the {LOOK_BACK_DAYS} days before {day}")
        else:
            try:
                result[name] = _with(result[name], row, own[-1], day)
            except ValueError as error:
                problems.append(f"{name}, {about}: {error}")
    if problems:
        raise SourceError(f"asset_states, day {day}: state_corrections: " + "; ".join(problems) + " -> correct the operator's file")
    return result


def _with(opening: Opening, row: Mapping[str, object], recorded: Mapping[str, object], day: date) -> Opening:
    was, now = AssetState.of(recorded), opening.state
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
    state = replace(now, **changes)
    corrected = replace(was, **{name: row[name] for name in changes})  # type: ignore[arg-type]
    numbers = state_numbers(corrected) | {"content_start_mwh": recorded["content_start_mwh"], "capacity_mwh": recorded["capacity_mwh"]}
    named = {"delivery_day": day, "asset": recorded["asset"], "state_day": recorded["state_day"], "kind": "corrected"}
    text = f"operator's file, known {row['known_at']:%Y-%m-%d %H:%M} UTC: " + ", ".join(f"{n} {row[n]}" for n in changes)
    made = {**recorded, **numbers, **named, "basis": text, "predecessor": ""}
    others = tuple(r for r in opening.rows if (r["state_day"], r["kind"]) != (made["state_day"], "corrected"))
    return Opening(state, f"{opening.basis}; corrected for {recorded['state_day']}", (*others, made))


def standing(battery: Battery, state: AssetState) -> Battery:
    """A battery as it stands: the same terms, with what is left of them."""
    return battery.model_copy(update=_left_of(battery, state))


def _left_of(asset: Battery | Right, state: AssetState) -> dict[str, object]:
    if isinstance(asset, Battery):
        capacity = state.capacity_mwh(asset)
        limits = [asset.cycles_per_day]
        if asset.cycles_per_year is not None:
            limits.append(max(asset.cycles_per_year - (state.cycles_year or 0.0), 0.0))
        if asset.warranty_mwh is not None:
            limits.append(max(asset.warranty_mwh - (state.throughput_mwh or 0.0), 0.0) / max(capacity, FULL_CYCLE))
        known = [limit for limit in limits if limit is not None]
        content = min(max(state.content_mwh or 0.0, asset.minimum_mwh), capacity)
        update: dict[str, object] = {"initial_mwh": content, "energy_mwh": capacity, "cycles_per_day": min(known) if known else None}
        return update | ({"terminal_mwh": min(asset.terminal_mwh, capacity)} if asset.terminal_mwh > capacity else {})
    if isinstance(asset, SwingRight):
        taken = state.take_mwh or 0.0
        left = {"total_min_mwh": max(asset.total_min_mwh - taken, 0.0), "total_max_mwh": max(asset.total_max_mwh - taken, 0.0)}
        return {**left, "days": asset.days - (state.days_used or 0)}
    if isinstance(asset, CurtailableRight):
        return {"days": asset.days - (state.days_used or 0), "calls_left": max(asset.calls_left - (state.calls_used or 0), 0)}
    if isinstance(asset, TollingRight):
        hours = ALWAYS_SO if state.hours_so_far is None else state.hours_so_far
        starts = None if asset.starts_per_year is None else max(asset.starts_per_year - (state.starts_year or 0), 0)
        return {"is_on": bool(state.is_on), "hours_so_far": max(hours, 0.0), "starts_per_year": starts}
    return {}


def desk_standing(desk: Desk, states: Mapping[str, AssetState], curves: Mapping[str, tuple[tuple[float, float], ...]] | None = None) -> Desk:
    """The desk with every asset and right as it stands; what is used up or over is not among its rights.

    Parameters
    ----------
    curves : mapping of asset to points, optional
        End values of stores, for those that take theirs from the forecasts.
    """
    assets = {n: standing(a, states[n]) if n in states else a for n, a in desk.assets.items()}
    given = curves or {}
    assets = {n: a.model_copy(update={"end_curve": given[n]}) if n in given and a.terminal == "curve" else a for n, a in assets.items()}
    rights = {n: r.model_copy(update=_left_of(r, states[n])) if n in states else r for n, r in desk.rights.items()}
    return desk.model_copy(update={"assets": assets, "rights": {n: r for n, r in rights.items() if not is_over(r)}})


def is_over(right: Right) -> bool:
    """Whether nothing of a daily right is left."""
    return isinstance(right, SwingRight | CurtailableRight) and right.days <= 0


def desk_of_day(desk: Desk, day: date, asset_states: pl.DataFrame, end_values: pl.DataFrame) -> Desk:
    """The desk as it stood at the start of a decided day, read back from its tables."""
    rows = asset_states.filter(pl.col("delivery_day") == day, pl.col("kind") == "opening").to_dicts()
    return desk_standing(desk, {str(r["asset"]): AssetState.of(r) for r in rows}, curves_of(end_values.filter(pl.col("delivery_day") == day)))


def curves_of(end_values: pl.DataFrame) -> dict[str, tuple[tuple[float, float], ...]]:
    """End values of one day by store, as points."""
    return {
        part["asset"][0]: tuple(zip(part["content_mwh"].to_list(), part["value_eur"].to_list(), strict=True))
        for part in end_values.sort("asset", "content_mwh").partition_by("asset", maintain_order=True)
    }


def discontinuities(asset_states: pl.DataFrame, day: date) -> list[str]:
    """What does not begin where the day before ended, though no row says it was settled or corrected otherwise."""
    before = day - timedelta(days=1)
    ended = {r["asset"]: r for r in asset_states.filter(pl.col("delivery_day") == before, pl.col("kind") == "decided").to_dicts()}
    today = asset_states.filter(pl.col("delivery_day") == day)
    said = {r["asset"] for r in today.filter(pl.col("kind") != "decided", pl.col("state_day") < day).to_dicts() if _is_news(r, ended)}
    found = []
    for row in today.filter(pl.col("kind") == "opening").to_dicts():
        end = ended.get(row["asset"])
        if end is None or row["asset"] in said:
            continue
        then, now = AssetState.of(end).in_year(day, before), AssetState.of(row)
        for name in (f.name for f in fields(now)):
            a, b = getattr(then, name), getattr(now, name)
            if (a is None) != (b is None) or (a is not None and abs(float(a) - float(b)) > SAME):
                found.append(f"{day} {row['asset']}: {name} is {b} at its begin, {a} at the end of {before}")
    return found


def _is_news(row: Mapping[str, object], ended: Mapping[str, Mapping[str, object]]) -> bool:
    """Whether a row of an earlier day says something else than what that day was decided to leave."""
    end = ended.get(str(row["asset"]))
    return row["kind"] == "corrected" or end is None or row["state_day"] != end["state_day"] or AssetState.of(row) != AssetState.of(end)


def row_of(day: date, name: str, asset: Battery | Right, kind: str, state: AssetState, basis: str, **numbers: object) -> dict[str, object]:
    """One row of `asset_states` about D itself."""
    own = state_numbers(state) | {"delivery_day": day, "asset": name, "state_day": day, "kind": kind, "zone": asset.zone}
    if kind == "opening":
        own |= {"content_start_mwh": state.content_mwh, "content_end_mwh": None}
    capacity = state.capacity_mwh(asset) if isinstance(asset, Battery) else None
    return own | {"asset_kind": asset.kind, "basis": basis, "predecessor": "", "capacity_mwh": capacity} | numbers
