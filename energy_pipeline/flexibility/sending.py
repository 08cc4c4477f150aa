"""In which form the orders of auction batteries are sent: the table `orders_sent`, and the schedule that form plans.

What belongs here: choosing by the desk key `flexibility.orders`, what each form earns on the scenarios, the day's schedule of
what is sent. What does not: the orders themselves (`orders`), what an auction took of them (`execution`), the joint answer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np
import polars as pl

from energy_pipeline.book.clearing import cleared, in_ticks
from energy_pipeline.book.outlook import Acting
from energy_pipeline.contracts import table
from energy_pipeline.desk import Desk
from energy_pipeline.desk.flexibility import AtLimit, Battery, Orders
from energy_pipeline.domain.delivery import FloatArray
from energy_pipeline.domain.units import hours_of
from energy_pipeline.flexibility.asset_valuation import halves, sequential_paths
from energy_pipeline.flexibility.orders import executed_blocks, services_of
from energy_pipeline.flexibility.storage import store_of
from energy_pipeline.information.archive import InformationSet
from energy_pipeline.mathematics.stores.store import Store

Powers = tuple[FloatArray, FloatArray]
"""Charge and discharge [MW], shape (intervals,) each."""


@dataclass(frozen=True)
class JointSchedules:
    """The joint answer as schedules.

    Attributes
    ----------
    powers : mapping of asset to Powers
        Empty where it was not better.
    why : str
    """

    powers: Mapping[str, Powers]
    why: str


Joint = Callable[[InformationSet, pl.DataFrame, pl.DataFrame], JointSchedules]
"""From the desk as it stands, the planned dispatch and the thresholds of sequential stores."""


def walked(store: Store, charge_mw: FloatArray, discharge_mw: FloatArray, minutes: int) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Content after each interval [MWh], and what of charge and discharge the store can do from where it stands [MW].

    Examples
    --------
    >>> from energy_pipeline.mathematics.stores.store import Store
    >>> content, _, given = walked(Store(1.0, 1.0, 1.0), np.array([1.0, 0.0]), np.array([0.0, 2.0]), 60)
    >>> content.tolist(), given.tolist()
    ([1.0, 0.0], [0.0, 1.0])
    """
    delta, kept, now = hours_of(minutes), store.kept(minutes), store.initial_mwh
    content, into, out = (np.zeros(charge_mw.size) for _ in range(3))
    for t in range(charge_mw.size):
        now *= kept
        room = max(store.energy_mwh - now, 0.0) / (store.charge_efficiency * delta)
        stored = max(now - store.minimum_mwh, 0.0) * store.discharge_efficiency / delta
        into[t] = min(charge_mw[t], store.charge_mw, room) if charge_mw[t] > 0 else 0.0
        out[t] = min(discharge_mw[t], store.discharge_mw, stored) if discharge_mw[t] > 0 else 0.0
        now += delta * (into[t] * store.charge_efficiency - out[t] / store.discharge_efficiency)
        content[t] = now
    return content, into, out


def taken_of_curve(curve: pl.DataFrame, starts: pl.Series, prices_eur_mwh: FloatArray, at_limit: AtLimit) -> tuple[FloatArray, FloatArray]:
    """What prices take of an asset's `bid_curves`: bought and sold [MW], shape as the prices (..., intervals).

    Limits count in the market's ticks, to the safe side, and a buy step is a sell step at the price's negative.
    """
    found = []
    for side, sign in (("buy", -1.0), ("sell", 1.0)):
        rows = {r["delivery_start"]: r for r in curve.filter(pl.col("side") == side).to_dicts()}
        quantity = np.array([rows[s]["quantity_mw"] if s in rows else 0.0 for s in starts.to_list()])
        limits = [rows[s]["limit_eur_mwh"] if s in rows else None for s in starts.to_list()]
        limit = np.array([-np.inf if v is None else in_ticks(sign * v) for v in limits])
        found.append(quantity * cleared(limit, sign * prices_eur_mwh, at_limit))
    return found[0], found[1]


def sent(
    info: InformationSet, scheduled: pl.DataFrame, valued: Mapping[str, pl.DataFrame], scenario_paths: pl.DataFrame, joint: Joint | None = None
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The day's dispatch as it is sent, and the table `orders_sent`.

    Parameters
    ----------
    info : InformationSet
        Of the desk as it stands.
    scheduled : frame of dispatch
        As planned.
    valued : mapping of name to frame
        `bid_curves`, `block_orders`, `asset_thresholds` of the day.
    joint : function, optional
        With `flexibility.orders: joint`.
    """
    asked = info.desk.flexibility.orders
    answer = joint(info, scheduled, valued["asset_thresholds"]) if joint is not None and asked == "joint" else JointSchedules({}, "")
    rows = []
    for name, battery in info.desk.assets.items():
        plan = scheduled.filter(pl.col("asset") == name).sort("delivery_start")
        if battery.information != "auction" or plan.is_empty():
            continue
        own = {n: valued[n].filter(pl.col("asset") == name) for n in ("bid_curves", "block_orders")}
        form, why, powers = _chosen(info, name, asked, plan, own, answer)
        paths = halves(sequential_paths(info.desk, battery.zone, "auction", scenario_paths)[0])[1]
        earned = _expected(battery, plan, own, paths, info.desk.flexibility.at_limit)
        if powers is not None:
            scheduled = _with(scheduled, name, battery, plan, powers)
        by_form = {**earned, "joint": _Worth.of(battery, plan).eur(powers or _powers(plan), paths)}
        money = {"plan_eur": earned["plan"], "curve_eur": earned["curve"], "blocks_eur": earned["blocks"], "expected_eur": by_form[form]}
        rows.append({"delivery_day": info.day.day, "asset": name, "zone": battery.zone, "asked": asked, "form": form, **money, "why": why})
    contract = table("orders_sent")
    return scheduled, contract.frame(rows).sort(contract.key, maintain_order=True) if rows else contract.frame()


def _chosen(
    info: InformationSet, name: str, asked: Orders, plan: pl.DataFrame, own: Mapping[str, pl.DataFrame], answer: JointSchedules
) -> tuple[Orders, str, Powers | None]:
    """The form that is sent, why, and its schedule where it is not the plan's."""
    if asked == "plan":
        return "plan", "the desk asks for it", None
    if services_of(info.desk, name):
        return "plan", "its grid services rest on the plan", None
    starts = plan["delivery_start"]
    if asked == "curve":
        at_any_price = own["bid_curves"].with_columns(limit_eur_mwh=pl.lit(None, pl.Float64))
        return "curve", "the desk asks for it", taken_of_curve(at_any_price, starts, np.zeros(starts.len()), "none")
    if asked == "blocks":
        if own["block_orders"].is_empty():
            return "plan", "no whole fillings and emptyings fit it", None
        first_blocks = own["block_orders"].filter(pl.col("block_number") == 0)
        return "blocks", "the desk asks for it", executed_blocks(first_blocks, starts, np.zeros(starts.len()))
    powers = answer.powers.get(name)
    return ("plan" if powers is None else "joint"), answer.why, powers


def cleared_orders(desk: Desk, dispatch: pl.DataFrame, sent_orders: pl.DataFrame, curves: pl.DataFrame, blocks: pl.DataFrame) -> tuple[Acting, ...]:
    """Orders of the day that an auction clears by its prices, for the book's scenarios; whatever it takes can be delivered."""
    found = []
    for row in sent_orders.filter(pl.col("form").is_in(["curve", "blocks"])).to_dicts():
        name, battery = row["asset"], desk.assets[row["asset"]]
        plan = dispatch.filter(pl.col("asset") == name).sort("delivery_start")
        own = (curves if row["form"] == "curve" else blocks).filter(pl.col("asset") == name)
        hours = hours_of(int(plan["resolution_minutes"][0]))
        run = partial(_cleared, row["form"], own, plan["delivery_start"], desk.flexibility.at_limit, battery.cycle_cost_eur_mwh * hours)
        wear = battery.cycle_cost_eur_mwh * hours * plan["discharge_mw"].to_numpy()
        found.append(Acting(name, row["zone"], run, (plan["net_mw"].to_numpy(), wear)))
    return tuple(found)


def _cleared(
    form: str, own: pl.DataFrame, starts: pl.Series, at_limit: AtLimit, wear_eur_mw: float, prices_eur_mwh: FloatArray
) -> tuple[FloatArray, FloatArray]:
    if form == "curve":
        bought, sold = taken_of_curve(own, starts, prices_eur_mwh, at_limit)
    else:
        bought, sold = executed_blocks(own, starts, prices_eur_mwh)
    return sold - bought, wear_eur_mw * sold


def _powers(plan: pl.DataFrame) -> Powers:
    return plan["charge_mw"].to_numpy(), plan["discharge_mw"].to_numpy()


def _expected(battery: Battery, plan: pl.DataFrame, own: Mapping[str, pl.DataFrame], paths: FloatArray, at_limit: AtLimit) -> dict[str, float | None]:
    """Mean margin and energy left by form [EUR]; None where the battery has no such orders."""
    starts, worth = plan["delivery_start"], _Worth.of(battery, plan)
    curve = blocks = None
    if own["bid_curves"].height:
        bought, sold = taken_of_curve(own["bid_curves"], starts, paths, at_limit)
        curve = float(np.mean([worth.eur((b, s), p[None]) for b, s, p in zip(bought, sold, paths, strict=True)]))
    if own["block_orders"].height:
        bought, sold = executed_blocks(own["block_orders"], starts, paths)
        blocks = float(np.mean([worth.eur((b, s), p[None]) for b, s, p in zip(bought, sold, paths, strict=True)]))
    return {"plan": worth.eur(_powers(plan), paths), "curve": curve, "blocks": blocks}


@dataclass(frozen=True)
class _Worth:
    """What schedules of one battery are worth on its day; `paid_eur` is what grid services are paid for capacity, the same for all."""

    store: Store
    minutes: int
    paid_eur: float

    @classmethod
    def of(cls, battery: Battery, plan: pl.DataFrame) -> _Worth:
        minutes = int(plan["resolution_minutes"][0])
        paid = (battery.cycle_cost_eur_mwh * plan["discharge_mw"] - plan["cost_eur_h"]).to_numpy().sum() * hours_of(minutes)
        return cls(store_of(battery), minutes, paid)

    def eur(self, powers: Powers, paths: FloatArray) -> float:
        """Mean margin of fixed powers over price paths, with what is left and what is paid [EUR]."""
        content, charge, discharge = walked(self.store, *powers, self.minutes)
        margin = self.store.margins_eur(charge, discharge, paths.mean(axis=0), self.minutes).sum()
        return float(margin + self.store.end_eur(content[-1:])[0] + self.paid_eur)


def _with(scheduled: pl.DataFrame, name: str, battery: Battery, plan: pl.DataFrame, powers: Powers) -> pl.DataFrame:
    """The dispatch with another schedule of one battery."""
    content, charge, discharge = walked(store_of(battery), *powers, int(plan["resolution_minutes"][0]))
    other = plan.with_columns(
        charge_mw=pl.Series(charge),
        discharge_mw=pl.Series(discharge),
        net_mw=pl.Series(discharge - charge),
        state_of_charge_mwh=pl.Series(content),
        energy_value_eur_mwh=pl.lit(None, pl.Float64),
        cost_eur_h=pl.Series(battery.cycle_cost_eur_mwh * discharge),
    )
    contract = table("dispatch")
    return pl.concat([scheduled.filter(pl.col("asset") != name), other.select(scheduled.columns)]).sort(contract.key, maintain_order=True)
