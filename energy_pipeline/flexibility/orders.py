"""A day's orders: the tables `bid_curves`, `block_orders` and `service_plans`.

What belongs here: rows of what auction batteries bid and sell. What does not: how orders are found
(`auction`, `blocks`, `services`), what assets are worth (`valuation`).
"""

from __future__ import annotations

import numpy as np
import polars as pl

from energy_pipeline.desk import Desk
from energy_pipeline.desk.flexibility import Battery, GridService
from energy_pipeline.domain.delivery import FloatArray
from energy_pipeline.flexibility.storage import store_of
from energy_pipeline.mathematics.stores.auction import day_bids
from energy_pipeline.mathematics.stores.blocks import block_orders, fits
from energy_pipeline.mathematics.stores.services import Service, StackedPlan, stacked
from energy_pipeline.mathematics.stores.store import Store

Row = dict[str, object]


def service_of(service: GridService) -> Service:
    """A service of the desk file as numbers."""
    return Service(
        service.direction,
        service.capacity_eur_mw_h,
        service.hold_hours,
        service.call_share,
        service.premium_eur_mwh,
        service.band_hours,
        service.max_mw,
        service.restored,
    )


def services_of(desk: Desk, asset: str) -> dict[str, Service]:
    """Services a battery of the desk provides."""
    return {name: service_of(s) for name, s in desk.services.items() if s.asset == asset}


def planned(desk: Desk, asset: str, battery: Battery, prices_eur_mwh: FloatArray, minutes: int) -> StackedPlan:
    """The day plan of a battery with services."""
    return stacked(store_of(battery), services_of(desk, asset), prices_eur_mwh, minutes)


def hourly_rows(store: Store, mean_prices: FloatArray, minutes: int, starts: pl.Series, common: Row) -> list[Row]:
    """Quantities and limits by interval. The day stands alone: what is left is worth what the terminal condition says."""
    low, high = store.end_range_mwh
    bends = [content for content, _ in store.end_curve if low < content < high] if store.terminal == "curve" else []
    grid = np.array([low, *bends, high]) if high > low else np.array([low])
    bids = day_bids(store, mean_prices, minutes, grid, store.end_eur(grid), store.initial_mwh, limits=True)
    found: list[Row] = []
    for side, power, limit in (("buy", bids.charge_mw, bids.buy_limit_eur_mwh), ("sell", bids.discharge_mw, bids.sell_limit_eur_mwh)):
        for t in np.flatnonzero(power > 0):
            at = float(limit[t])
            row: Row = {"side": side, "quantity_mw": float(power[t]), "limit_eur_mwh": at if np.isfinite(at) else None}
            found.append({**common, "delivery_start": starts[int(t)], **row})
    return found


def block_rows(store: Store, scenarios: FloatArray, minutes: int, starts: pl.Series, common: Row) -> list[Row]:
    """Exclusive groups, one row per group, block and interval; none for a store they do not fit."""
    if not fits(store):
        return []
    try:
        orders = block_orders(store, scenarios, minutes)
    except ValueError:  # no whole fillings and emptyings meet the end of the day: it bids by interval
        return []
    return [
        {
            **common,
            "group_number": g,
            "block_number": b,
            "delivery_start": starts[group.begin + int(t)],
            "side": "buy" if group.charges else "sell",
            "quantity_mw": float(profile[t]),
        }
        for g, group in enumerate(orders.groups)
        for b, profile in enumerate(group.profiles_mw)
        for t in np.flatnonzero(profile > 0)
    ]


def executed_blocks(orders: pl.DataFrame, starts: pl.Series, prices_eur_mwh: FloatArray) -> tuple[FloatArray, FloatArray]:
    """What prices take of an asset's `block_orders`: bought and sold [MW], shape as the prices (..., intervals)."""
    bought, sold = np.zeros(prices_eur_mwh.shape), np.zeros(prices_eur_mwh.shape)
    at = {start: t for t, start in enumerate(starts.to_list())}
    for group in orders.sort("group_number", "block_number", "delivery_start").partition_by("group_number", maintain_order=True):
        side = group["side"][0]
        blocks = [
            (np.array([at[s] for s in b["delivery_start"].to_list()]), b["quantity_mw"].to_numpy())
            for b in group.partition_by("block_number", maintain_order=True)
        ]
        taken = bought if side == "buy" else sold
        for path in np.ndindex(prices_eur_mwh.shape[:-1]):
            paid = [float(quantity @ prices_eur_mwh[path][where]) for where, quantity in blocks]
            where, quantity = blocks[int(np.argmin(paid) if side == "buy" else np.argmax(paid))]
            taken[path][where] = quantity
    return bought, sold


def service_rows(plan: StackedPlan, starts: pl.Series, common: Row) -> list[Row]:
    """Capacity by service and interval, and what the battery holds back for all of them."""
    return [
        {
            **common,
            "service": name,
            "delivery_start": start,
            "capacity_mw": float(capacity[t]),
            "charge_mw": float(plan.charge_mw[t]),
            "discharge_mw": float(plan.discharge_mw[t]),
            "state_of_charge_mwh": float(plan.state_of_charge_mwh[t]),
            "held_power_up_mw": float(plan.held_power_up_mw[t]),
            "held_power_down_mw": float(plan.held_power_down_mw[t]),
            "held_energy_up_mwh": float(plan.held_energy_up_mwh[t]),
            "held_energy_down_mwh": float(plan.held_energy_down_mwh[t]),
        }
        for name, capacity in plan.capacity_mw.items()
        for t, start in enumerate(starts)
    ]
