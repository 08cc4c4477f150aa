"""What each flexible asset and right earned: its cash by leg, and what the energy and rights left are worth more or less than before.

What belongs here: the table `asset_legs`, and what sequential stores did at the prices that came. What does not: deciding
(flexibility), the book's own legs (`settle`), which hold the same cash by zone and interval.

P&L = cash + inventory. Inventory opens with what the day before closed with, so it telescopes over any span; it closes with
the content by the curve, and the right by the worth, known at the decision.

A store that acts, and what lacks of a least take, are settled with an operator's corrections known by the gate of the day after
the next: the last about a day counts, from that day's end on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
import polars as pl

from energy_pipeline.book.clearing import paid_eur_mwh, steps_of, taken_share
from energy_pipeline.book.grid import Grid, on_grid, zone_grid
from energy_pipeline.contracts import table
from energy_pipeline.desk import Desk
from energy_pipeline.desk.flexibility import Battery, RenewableRight, SwingRight
from energy_pipeline.domain.delivery import FloatArray
from energy_pipeline.flexibility.controller import Controller
from energy_pipeline.flexibility.execution import ASSUMED, Executed
from energy_pipeline.flexibility.states import AssetState, desk_of_day, used
from energy_pipeline.flexibility.storage import store_of
from energy_pipeline.portfolio.settle import Acted, Came, auction_price, plant_given, second_price

Row = dict[str, object]
CASH = ("energy_eur", "cost_eur", "certificate_eur", "capacity_eur", "penalty_eur")
NUMBERS = (*CASH, "saved_eur", "forgone_eur", "energy_mwh")


@dataclass(frozen=True)
class Decided:
    """What was decided about a day's assets: frames of the tables of that name.

    Attributes
    ----------
    asset_states, end_values, asset_thresholds, asset_values, right_decisions, dispatch, plant_output : frames
    """

    asset_states: pl.DataFrame
    end_values: pl.DataFrame
    asset_thresholds: pl.DataFrame
    asset_values: pl.DataFrame
    right_decisions: pl.DataFrame
    dispatch: pl.DataFrame
    plant_output: pl.DataFrame


def asset_legs(
    desk: Desk,
    day: date,
    decided: Decided,
    came: Came,
    before: pl.DataFrame,
    corrections: pl.DataFrame | None = None,
    executed: Executed | None = None,
) -> pl.DataFrame:
    """Cash and inventory of every asset and right of the desk that the day was decided with.

    Parameters
    ----------
    before : frame of asset_legs
        Of the days before as far as they are settled; the day before opens the inventory.
    corrections : frame, optional
        The operator's file (`flexibility.checked_corrections`).
    executed : Executed, optional
        Batteries' orders as the auction took them; without it all is as planned.

    Raises
    ------
    MissingDayError
        A zone with an asset lacks an auction price.
    """
    now = desk_of_day(desk, day, decided.asset_states, decided.end_values)
    last = {str(r["asset"]): r for r in before.filter(pl.col("delivery_day") == day - timedelta(days=1)).to_dicts()}
    said = measured(desk, day, corrections)
    acts = acted(now, day, decided.asset_thresholds, came, begins_mwh(desk, day, before, said))
    rows = []
    on_desk = set(decided.asset_states.filter(pl.col("kind") == "opening")["asset"].to_list())
    for name, asset in {**desk.assets, **desk.rights}.items():
        if name not in on_desk:  # it came to the desk after the decision, and did nothing that day
            continue
        grid = zone_grid(desk, desk.delivery_day(day), asset.zone)
        price = auction_price(came.day_ahead_prices, asset.zone, grid)
        row: Row = {"delivery_day": day, "asset": name, "zone": asset.zone, "kind": asset.kind, **dict.fromkeys(NUMBERS, 0.0)}
        own = (decided.dispatch if executed is None else executed.dispatch).filter(pl.col("asset") == name)
        if name in acts:
            row |= _acted_row(grid, acts[name])
        elif isinstance(asset, RenewableRight):
            row |= _switched(desk, name, asset, grid, price, decided.plant_output, came)
        elif own.height:
            row |= _scheduled(asset, grid, price, own)
        if executed is not None and isinstance(asset, Battery) and executed.basis.get(name, ASSUMED) != ASSUMED:
            row |= _taken(name, asset, grid, price, executed, decided, came)
            row["energy_eur"] = float(str(row["energy_eur"])) + float(str(row.pop("undelivered_eur")))
        row |= _stock(name, asset, now, decided, row, last.get(name))
        if isinstance(asset, SwingRight):
            owed, paid = _penalty_eur(name, asset, decided.asset_states), float(str(row["energy_mwh"]))
            penalty = _penalty_eur(name, asset, decided.asset_states, _taken_mwh(name, day, said, before, paid))
            row |= {"penalty_eur": 0.0 - penalty, "cost_eur": float(str(row["cost_eur"])) + owed}  # the schedule's cost holds both
        rows.append(_summed(row) | _acceptance(name, asset, now, executed, row))
    contract = table("asset_legs")
    return contract.frame(rows).sort(contract.key, maintain_order=True) if rows else contract.frame()


def _acceptance(name: str, asset: object, now: Desk, executed: Executed | None, row: Row) -> Row:
    """How it is known what the auction took of a battery's orders; where it is assumed, what rejecting them would have left."""
    basis = "" if executed is None else executed.basis.get(name, "")
    if basis != ASSUMED or not isinstance(asset, Battery):
        return {"acceptance": basis, "rejected_eur": None}
    store = store_of(now.assets[name])
    kept = float(str(row["content_start_mwh"])) * (1.0 - store.self_discharge_per_day)
    left = float(store.end_eur(np.array([max(kept, store.minimum_mwh)]))[0])
    return {"acceptance": basis, "rejected_eur": left - float(str(row["inventory_open_eur"]))}


def _summed(row: Row) -> Row:
    cash = sum(float(str(row[leg])) for leg in CASH)
    change = float(str(row["inventory_close_eur"])) - float(str(row["inventory_open_eur"]))
    return {**row, "cash_eur": cash, "inventory_eur": change, "total_eur": cash + change}


def measured(desk: Desk, day: date, corrections: pl.DataFrame | None) -> dict[str, list[dict[str, Any]]]:
    """What an operator measured of each asset through D and knew by the gate of D + 2: of each day the last, by day.

    `is_new` says whether it was known after the gate of D + 1, so when the day before was settled already.
    """
    if corrections is None or corrections.is_empty():
        return {}
    gates = [desk.decision_time(day + timedelta(days=n)) for n in (1, 2)]
    known = corrections.filter(pl.col("known_at") <= gates[1], pl.col("delivery_day") <= day).sort("delivery_day", "known_at", maintain_order=True)
    found: dict[str, dict[date, dict[str, Any]]] = {}
    for row in known.to_dicts():
        of_day = found.setdefault(str(row["asset"]), {}).setdefault(row["delivery_day"], {})
        of_day.update({k: v for k, v in row.items() if v is not None}, is_new=row["known_at"] > gates[0])
    return {name: list(days.values()) for name, days in found.items()}


def begins_mwh(desk: Desk, day: date, before: pl.DataFrame, said: Mapping[str, list[dict[str, Any]]]) -> dict[str, float]:
    """Content of each store when D begins, as settled and then measured; none where the day before was not settled."""
    rows = {(r["asset"], r["delivery_day"]): r for r in before.to_dicts()}
    yesterday, found = day - timedelta(days=1), dict[str, float]()
    for name in desk.assets:
        last = rows.get((name, yesterday), {}).get("content_end_mwh")
        own = [r for r in said.get(name, []) if r["delivery_day"] < day and r.get("content_mwh") is not None]
        if own and own[-1]["delivery_day"] == yesterday:
            last = own[-1]["content_mwh"]
        elif own and own[-1]["is_new"] and last is not None:  # of a day before: by what it says else than the day after it began with
            after = rows.get((name, own[-1]["delivery_day"] + timedelta(days=1)))
            last += own[-1]["content_mwh"] - after["content_start_mwh"] if after else 0.0
        if last is not None:
            found[name] = last
    return found


def _taken_mwh(name: str, day: date, said: Mapping[str, list[dict[str, Any]]], before: pl.DataFrame, today_mwh: float) -> float | None:
    """What has been taken by the end of D as measured, and from there as settled; None where nothing was measured."""
    own = [r for r in said.get(name, []) if r.get("take_mwh") is not None]
    if not own:
        return None
    since = before.filter(pl.col("asset") == name, pl.col("delivery_day") > own[-1]["delivery_day"])["energy_mwh"].sum()
    return float(own[-1]["take_mwh"]) + (0.0 if own[-1]["delivery_day"] == day else float(since) + today_mwh)


def acted(desk: Desk, day: date, thresholds: pl.DataFrame, came: Came, begins_mwh: Mapping[str, object]) -> dict[str, Acted]:
    """What the desk's sequential stores did: their thresholds run on the prices that came, from where they stood.

    Parameters
    ----------
    desk : Desk
        As it stood that day.
    begins_mwh : mapping of asset to content
        As settled; the state it was decided with where that is not known.
    """
    found = {}
    for name, battery in desk.assets.items():
        rules = Controller.of(thresholds.filter(pl.col("asset") == name))
        if battery.information != "sequential" or rules is None:
            continue
        grid = zone_grid(desk, desk.delivery_day(day), battery.zone)
        second = second_price(desk, battery.zone, grid, came.second_prices, auction_price(came.day_ahead_prices, battery.zone, grid))[0]
        begin = min(max(float(str(begins_mwh.get(name, battery.initial_mwh))), battery.minimum_mwh), battery.energy_mwh)
        stored, charge, discharge = rules.run(store_of(battery.model_copy(update={"initial_mwh": begin})), second[None])
        cost = battery.cycle_cost_eur_mwh * discharge[0] * grid.hours
        found[name] = Acted(battery.zone, discharge[0] - charge[0], cost, second, begin, float(stored[0, -1]))
    return found


def _acted_row(grid: Grid, did: Acted) -> Row:
    energy = did.net_mw * grid.hours
    cash: Row = {"energy_mwh": _sum(energy), "energy_eur": _sum(energy * did.price_eur_mwh), "cost_eur": 0.0 - _sum(did.cost_eur)}
    return {**cash, "content_start_mwh": did.begin_mwh, "content_end_mwh": did.end_mwh}


def _scheduled(asset: object, grid: Grid, price: FloatArray, own: pl.DataFrame) -> Row:
    energy, cost = on_grid(own, "net_mw", grid) * grid.hours, on_grid(own, "cost_eur_h", grid) * grid.hours
    wear = asset.cycle_cost_eur_mwh * on_grid(own, "discharge_mw", grid) * grid.hours if isinstance(asset, Battery) else cost
    return {"energy_mwh": _sum(energy), "energy_eur": _sum(energy * price), "cost_eur": 0.0 - _sum(wear), "capacity_eur": _sum(wear - cost)}


def _taken(name: str, battery: Battery, grid: Grid, price: FloatArray, executed: Executed, decided: Decided, came: Came) -> Row:
    """Content of a battery whose orders were taken otherwise than planned, and what it sold without giving, traded back at R [EUR]."""
    given, sold = (f.filter(pl.col("asset") == name).sort("delivery_start") for f in (executed.dispatch, executed.sold))
    opening = decided.asset_states.filter(pl.col("asset") == name, pl.col("kind") == "opening").to_dicts()[0]
    discharged = float((given["discharge_mw"] * given["resolution_minutes"] / 60.0).sum())
    end, _ = used(battery, AssetState.of(opening), float(given["state_of_charge_mwh"][-1]), discharged)
    second = on_grid(came.second_prices.filter(pl.col("zone") == battery.zone), "price_eur_mwh", grid)
    off = on_grid(given, "net_mw", grid) - on_grid(sold, "net_mw", grid)
    back = _sum(off * grid.hours * (np.where(np.isnan(second), price, second) - price))
    return {"content_start_mwh": opening["content_start_mwh"], "content_end_mwh": end.content_mwh, "undelivered_eur": back}


def _switched(desk: Desk, name: str, right: RenewableRight, grid: Grid, price: FloatArray, plant_output: pl.DataFrame, came: Came) -> Row:
    """Certificates and cost of what a plant gave, and what standing still saved; its energy is the plant's own."""
    step = steps_of(desk, right.zone).get(right.plant)
    if step is None or step.right != name:
        return {}
    given, possible, _ = plant_given(desk, right.plant, grid, plant_output, came, price)
    paid, off = paid_eur_mwh(right, price), possible * (1.0 - taken_share(desk, step, grid, price, came.accepted))
    energy = given * grid.hours
    loss = off * grid.hours * (right.variable_cost_eur_mwh - paid - price) * (right.meter == "available")
    cost = 0.0 - right.variable_cost_eur_mwh * _sum(energy)
    return {
        "energy_mwh": _sum(energy),
        "cost_eur": cost,
        "certificate_eur": _sum(energy * paid),
        "saved_eur": _sum(np.maximum(loss, 0.0)),
        "forgone_eur": _sum(np.maximum(-loss, 0.0)),
    }


def _stock(name: str, asset: object, now: Desk, decided: Decided, row: Row, last: Mapping[str, object] | None) -> Row:
    """Content, and what it or the right is worth when the day opens and closes."""
    if isinstance(asset, Battery):
        states = {r["kind"]: r for r in decided.asset_states.filter(pl.col("asset") == name).to_dicts()}
        start = row.get("content_start_mwh", states["opening"]["content_start_mwh"])
        end = row.get("content_end_mwh", states["decided"]["content_end_mwh"])
        opened, closed = store_of(now.assets[name]).end_eur(np.array([start, end], dtype=np.float64)).tolist()
        found: Row = {"content_start_mwh": start, "content_end_mwh": end}
    else:
        found = {"content_start_mwh": None, "content_end_mwh": None}
        worth = decided.asset_values.filter(pl.col("asset") == name)["value_eur"].to_list()
        left = decided.right_decisions.filter(pl.col("asset") == name, pl.col("kind") != "tolling")["kept_eur"].to_list()
        opened, closed = (float((worth or [0.0])[0]), float(left[0])) if left else (0.0, 0.0)
    if last is not None:
        opened = float(str(last["inventory_close_eur"]))
    return {**found, "inventory_open_eur": opened, "inventory_close_eur": closed}


def _penalty_eur(name: str, right: SwingRight, asset_states: pl.DataFrame, taken_mwh: float | None = None) -> float:
    """What lacks of the least take, on the right's last day: as decided, or with what was measured to be taken by then."""
    states = {r["kind"]: r for r in asset_states.filter(pl.col("asset") == name).to_dicts()}
    is_last = states["opening"]["days_used"] < right.days <= states["decided"]["days_used"]
    short = max(right.total_min_mwh - (float(states["decided"]["take_mwh"]) if taken_mwh is None else taken_mwh), 0.0)
    return (right.penalty_eur_mwh or 0.0) * short if is_last else 0.0


def _sum(values: FloatArray) -> float:
    return float(np.sum(values)) + 0.0
