"""What an auction took of the batteries' orders, and what they then gave: the day's dispatch as executed.

What belongs here: acceptance by file, else by prices, else assumed; the store walking what was taken. What does not: making
orders (`orders`, `sending`), steps of plants (`book.clearing`), the P&L.

A plan (or a joint schedule) is a block: the file says whether it was taken, without one it is assumed to be. Quantities with
limits and exclusive groups are taken by the prices that came where the file does not say. What was taken and cannot be
delivered, because other orders were not taken, is sold all the same: its deviation is settled like any other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from energy_pipeline.book.acceptance import nothing
from energy_pipeline.desk import Desk
from energy_pipeline.desk.flexibility import Battery
from energy_pipeline.domain.delivery import FloatArray
from energy_pipeline.flexibility.orders import executed_blocks
from energy_pipeline.flexibility.sending import taken_of_curve, walked
from energy_pipeline.flexibility.storage import store_of

ASSUMED, BY_PRICE, BY_FILE = "assumed", "by price", "by file"


@dataclass(frozen=True)
class Orders:
    """What was sent for a day: frames of the tables of that name, and the auction's answer.

    Attributes
    ----------
    orders_sent, bid_curves, block_orders : frames
    accepted : frame
        Rows of the file of acceptance.
    """

    orders_sent: pl.DataFrame
    bid_curves: pl.DataFrame
    block_orders: pl.DataFrame
    accepted: pl.DataFrame = field(default_factory=nothing)


@dataclass(frozen=True)
class Executed:
    """A day as executed.

    Attributes
    ----------
    planned, dispatch, sold : frames of dispatch
        What was planned, what was given, and what was sold for it.
    basis : dict of asset to text
        How it is known what was taken.
    """

    planned: pl.DataFrame
    dispatch: pl.DataFrame
    sold: pl.DataFrame
    basis: dict[str, str]

    @property
    def is_as_planned(self) -> bool:
        """Whether nothing is known to have been taken otherwise."""
        return all(basis == ASSUMED for basis in self.basis.values())


def executed(desk: Desk, dispatch: pl.DataFrame, orders: Orders, prices_eur_mwh: Mapping[str, FloatArray]) -> Executed:
    """The day as the auction took it.

    Parameters
    ----------
    desk : Desk
        As it stood at the start of the day.
    dispatch : frame
        Of one day, as decided.
    prices_eur_mwh : mapping of asset to array (intervals,)
        Auction prices on the dispatch's intervals; needed for quantities with limits and exclusive groups.
    """
    forms = dict(zip(orders.orders_sent["asset"].to_list(), orders.orders_sent["form"].to_list(), strict=True))
    given, sold, basis = [], [], {}
    for plan in dispatch.sort("asset", "delivery_start").partition_by("asset", maintain_order=True):
        name = plan["asset"][0]
        battery = desk.assets.get(name)
        if battery is None or name not in forms:
            given.append(plan)
            sold.append(plan)
            continue
        powers, basis[name] = _taken(plan, name, forms[name], orders, prices_eur_mwh.get(name), desk)
        given.append(_as_given(battery, plan, *powers))
        sold.append(plan.with_columns(net_mw=pl.Series(powers[1] - powers[0])) if basis[name] != ASSUMED else plan)
    if not given:
        return Executed(dispatch, dispatch, dispatch, basis)
    key = ("asset", "delivery_start")
    return Executed(dispatch, pl.concat(given).sort(key, maintain_order=True), pl.concat(sold).sort(key, maintain_order=True), basis)


def _taken(
    plan: pl.DataFrame, name: str, form: str, orders: Orders, prices: FloatArray | None, desk: Desk
) -> tuple[tuple[FloatArray, FloatArray], str]:
    """Bought and sold [MW], and how that is known."""
    starts, planned = plan["delivery_start"], (plan["charge_mw"].to_numpy(), plan["discharge_mw"].to_numpy())
    own = orders.accepted.filter(pl.col("delivery_start").is_between(starts[0], starts[-1]), pl.col("zone") == plan["zone"][0])
    if form in {"plan", "joint"}:
        block = own.filter(pl.col("kind") == "loop_block", pl.col("asset") == name)
        if block.is_empty():
            return planned, ASSUMED
        none = np.zeros(starts.len())
        return (planned if float(block["accepted_mw"].sum()) > 0 else (none, none)), BY_FILE
    if prices is None or not np.isfinite(prices).all():
        return planned, ASSUMED
    if form == "curve":
        bought, sold = taken_of_curve(orders.bid_curves.filter(pl.col("asset") == name), starts, prices, desk.flexibility.at_limit)
        rows = dict(zip(*(own.filter(kind="step", asset=name)[n].to_list() for n in ("delivery_start", "accepted_mw")), strict=True))
        said = np.array([rows.get(s, np.nan) for s in starts.to_list()])
        bought, sold = (np.where(np.isnan(said), v, np.where(p > 0, said, 0.0)) for v, p in zip((bought, sold), planned, strict=True))
        return (bought, sold), BY_FILE if rows else BY_PRICE
    return _blocks(orders.block_orders.filter(pl.col("asset") == name), name, own.filter(pl.col("kind") == "block"), starts, prices)


def _blocks(orders: pl.DataFrame, name: str, own: pl.DataFrame, starts: pl.Series, prices: FloatArray) -> tuple[tuple[FloatArray, FloatArray], str]:
    """Exclusive groups of which the file says the block that was taken; of the others the one with the largest surplus."""
    label = pl.concat_str(pl.lit(f"{name}/"), pl.col("group_number"), pl.lit("."), pl.col("block_number"))
    named = orders.with_columns(label=label, group=pl.concat_str(pl.lit(f"{name}/"), pl.col("group_number")))
    told = set(own["asset"].str.replace(r"\.\d+$", "").to_list()) & set(named["group"].to_list())
    taken = own.filter(pl.col("accepted_mw") > 0)["asset"].unique().to_list()
    left = named.filter(~pl.col("group").is_in(sorted(told)) | pl.col("label").is_in(taken))
    return executed_blocks(left.select(orders.columns), starts, prices), BY_FILE if told else BY_PRICE


def _as_given(battery: Battery, plan: pl.DataFrame, charge: FloatArray, discharge: FloatArray) -> pl.DataFrame:
    """The rows of a battery that does what was taken, as far as it can."""
    if np.array_equal(charge, plan["charge_mw"].to_numpy()) and np.array_equal(discharge, plan["discharge_mw"].to_numpy()):
        return plan
    content, into, out = walked(store_of(battery), charge, discharge, int(plan["resolution_minutes"][0]))
    wear = battery.cycle_cost_eur_mwh * (out - plan["discharge_mw"].to_numpy())
    changed = {"charge_mw": into, "discharge_mw": out, "net_mw": out - into, "state_of_charge_mwh": content}
    return plan.with_columns(**{n: pl.Series(v) for n, v in changed.items()}, cost_eur_h=pl.col("cost_eur_h") + pl.Series(wear))
