"""The state of each flexible asset and right: where a day begins, and what it leaves to the next.

What belongs here: `AssetState`, rolling it by a day, the desk as it stands on a day, and the rows of `asset_states`. What
does not: where a day begins (`openings`), deciding (`dispatch_tables`, `rights`), what is left is worth (`end_values`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import date, timedelta

import polars as pl

from energy_pipeline.book.acceptance import nothing
from energy_pipeline.contracts import table
from energy_pipeline.desk import Desk
from energy_pipeline.desk.flexibility import Battery, CurtailableRight, Right, SwingRight, TollingRight
from energy_pipeline.domain.delivery import FloatArray
from energy_pipeline.domain.units import hours_of
from energy_pipeline.flexibility.controller import Controller
from energy_pipeline.flexibility.storage import store_of

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
    orders_sent, bid_curves, block_orders : frames
        Of the day before.
    accepted : frame
        The auction's answers (`book.acceptance`).
    """

    asset_states: pl.DataFrame
    asset_thresholds: pl.DataFrame
    dispatch: pl.DataFrame
    corrections: pl.DataFrame
    orders_sent: pl.DataFrame = field(default_factory=lambda: table("orders_sent").frame())
    bid_curves: pl.DataFrame = field(default_factory=lambda: table("bid_curves").frame())
    block_orders: pl.DataFrame = field(default_factory=lambda: table("block_orders").frame())
    accepted: pl.DataFrame = field(default_factory=nothing)

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
