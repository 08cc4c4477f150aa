"""The bids to submit, with their why: the day-ahead part of the positions, in the market's steps.

What belongs here: bid lines, block orders of batteries, reasons, the text a trader uploads.
What does not: deciding positions (`optimise`), sending bids.

Plant output and deviations are price-independent bids per interval; a plant that may be switched off is a step at its marginal
cost less what it would be paid (`book.clearing`). A battery's schedule is
a loop block: its purchases and sales are accepted together or not at all, with limit
prices that make the block break even, so that a day without a spread costs nothing.
Settlement takes the block as accepted; where prices would have refused it, the settled
loss is one the bid would have spared.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from energy_pipeline.book.clearing import in_ticks, left_out_eur_mwh, limit_eur_mwh, payment_eur_mwh, steps_of
from energy_pipeline.book.grid import Grid, on_grid, zone_grid
from energy_pipeline.book.outlook import schedule_on
from energy_pipeline.book.positions import DAY_AHEAD, SAME_MW
from energy_pipeline.contracts import table
from energy_pipeline.desk import Desk
from energy_pipeline.desk.flexibility import Battery
from energy_pipeline.domain.delivery import FloatArray
from energy_pipeline.flexibility.execution import Orders
from energy_pipeline.flexibility.rounding import in_steps_mw
from energy_pipeline.flexibility.storage import store_of
from energy_pipeline.portfolio.chosen import Worth, worth_of
from energy_pipeline.portfolio.decision import Case
from energy_pipeline.portfolio.program import K_EUR, Program

TICK_EUR_MWH = 0.01
PRICE_INDEPENDENT, LOOP_BLOCK, STEP, BLOCK = "price_independent", "loop_block", "step", "block"
CSV_COLUMNS = (
    "zone",
    "delivery_start_utc",
    "resolution_minutes",
    "side",
    "volume_mw",
    "limit_price_eur_mwh",
    "kind",
    "asset",
    "forecast_eur_mwh",
    "binding_limit",
    "next_best_action",
    "next_best_costs_eur",
)


@dataclass(frozen=True)
class Why:
    """Why an interval is bid as it is, shape (intervals,): what holds it, the next best decision and what that would cost.

    `left_out_eur_mwh` is what a step's limit leaves out of its scheme (`book.clearing`).
    """

    binding: list[str]
    action: list[str]
    costs_eur: list[float | None]
    left_out_eur_mwh: float = 0.0


def nomination_lines(
    case: Case, positions: pl.DataFrame, dispatch: pl.DataFrame, whys: Mapping[str, str] | None = None, orders: Orders | None = None
) -> pl.DataFrame:
    """Bid lines of the decided book, one per zone and interval and one per asset and interval; none for 0.0 MW.

    Volumes are rounded to 0.1 MW (at most 0.05 MW from the decision; a store's by a step more where it could not do
    all that is rounded up), limit prices to 0.01 EUR/MWh on the safe side.

    Parameters
    ----------
    whys : mapping of right to text, optional
        Why each right is used (`right_decisions`).
    orders : Orders, optional
        In which form each battery's orders are sent; without it all send their plan.

    Returns
    -------
    frame of the table nomination_lines
    """
    frames = [table("nomination_lines").frame()]
    reasons = _reasons(case, positions)
    auction = positions.filter(pl.col("instrument") == DAY_AHEAD)
    for zone in [z for z in case.desk.zones if z in set(auction["zone"].to_list())]:
        grid = zone_grid(case.desk, case.day, zone)
        rows = auction.filter(pl.col("zone") == zone)
        schedule = schedule_on(dispatch, zone, grid)
        forecast = on_grid(rows, "reference_price_eur_mwh", grid)
        stepped = _steps(case, zone, grid, forecast)
        given = sum((mw for _, mw, _, _ in stepped), np.zeros(grid.size))
        bought = on_grid(rows, "traded_mw", grid) + schedule + given
        why = reasons.get(zone, Why([""] * grid.size, [""] * grid.size, [None] * grid.size))
        frames.append(_lines(zone, "", PRICE_INDEPENDENT, grid, bought, np.full(grid.size, np.nan), forecast, why))
        frames += [_lines(zone, name, STEP, grid, -mw, limit, forecast, why) for name, mw, limit, why in stepped]
        frames += _assets(case.desk, zone, grid, forecast, dispatch, whys or {}, orders)
    return pl.concat(frames).sort("zone", "kind", "asset", "delivery_start")


def _steps(case: Case, zone: str, grid: Grid, forecast: FloatArray) -> list[tuple[str, FloatArray, FloatArray, Why]]:
    """Name of the right, expected output [MW], limit and why of each plant that may be switched off."""
    found = []
    expected = {p.plant: p.output_mw for p in case.outlooks[zone].plants}
    for plant, step in steps_of(case.desk, zone).items():
        mw, right = expected.get(plant, np.zeros(grid.size)), step.terms
        text = f"{plant}: cost {right.variable_cost_eur_mwh:g} less {right.variable_cost_eur_mwh - limit_eur_mwh(right):g} paid"
        if (own := case.desk.plants[plant].curtail_below_eur_mwh) is not None and step.limit_eur_mwh <= own + TICK_EUR_MWH / 2:
            text = f"{plant}: stands still below {own:g} by its own rule"
        elif left_out_eur_mwh(right):
            text = f"{plant}: cost without the {payment_eur_mwh(right):g} that hang on the intervals beside it"
        saved = np.maximum(step.limit_eur_mwh - forecast, 0.0) * mw * grid.hours
        why = Why([text] * grid.size, ["switch it off" if s > 0 else "" for s in saved], [None] * grid.size, left_out_eur_mwh(right))
        found.append((step.right, mw, np.full(grid.size, step.limit_eur_mwh), why))
    return found


def _assets(
    desk: Desk, zone: str, grid: Grid, forecast: FloatArray, dispatch: pl.DataFrame, whys: Mapping[str, str], orders: Orders | None
) -> list[pl.DataFrame]:
    """The orders of each battery of the zone in their form, and the volume of each right that is used, with its why."""
    frames = []
    forms = {} if orders is None else dict(zip(orders.orders_sent["asset"].to_list(), orders.orders_sent["form"].to_list(), strict=True))
    for part in dispatch.filter(pl.col("zone") == zone).sort("asset", "delivery_start").partition_by("asset", maintain_order=True):
        name = part["asset"][0]
        net = on_grid(part, "net_mw", grid)
        if name not in desk.assets:
            why = Why([whys.get(name, "")] * grid.size, [""] * grid.size, [None] * grid.size)
            frames.append(_lines(zone, name, PRICE_INDEPENDENT, grid, -net, np.full(grid.size, np.nan), forecast, why))
            continue
        if name not in {s.asset for s in desk.services.values()}:  # what services hold back is planned with the power as it is
            net = _in_steps(desk.assets[name], part, grid, orders if forms.get(name) == "curve" else None)
        if orders is not None and forms.get(name) in {"curve", "blocks"}:
            frames += _curve(zone, name, grid, forecast, orders, net) if forms[name] == "curve" else _groups(zone, name, grid, forecast, orders)
            continue
        buy, sell = loop_limits(net * grid.hours, forecast, float(getattr(desk.assets[name], "cycle_cost_eur_mwh", 0.0)))
        limit = np.where(net < 0, np.nan if buy is None else buy, np.nan if sell is None else sell)
        text = "break-even of the block" if buy is not None else ""
        why = Why([text] * grid.size, ["leave the store as it is" if buy is not None else ""] * grid.size, [None] * grid.size)
        frames.append(_lines(zone, name, LOOP_BLOCK, grid, -net, limit, forecast, why))
    return frames


def _in_steps(battery: Battery, plan: pl.DataFrame, grid: Grid, orders: Orders | None) -> FloatArray:
    """The schedule in steps of power that the store can do, whatever of its conditional orders fails [MW]."""
    store, rows = store_of(battery), plan.sort("delivery_start")
    first, minutes = rows.row(0, named=True), int(rows["resolution_minutes"][0])
    moved = grid.hours * (first["charge_mw"] * store.charge_efficiency - first["discharge_mw"] / store.discharge_efficiency)
    begin = (float(first["state_of_charge_mwh"]) - moved) / store.kept(minutes)
    full = max(float(rows["state_of_charge_mwh"].max()), begin) if battery.fade_per_cycle > 0 else store.energy_mwh  # type: ignore[arg-type]
    conditional = None
    if orders is not None:
        limited = orders.bid_curves.filter(pl.col("asset") == rows["asset"][0], pl.col("limit_eur_mwh").is_not_null())
        conditional = ~np.isnan(on_grid(limited, "quantity_mw", grid))
    stood = replace(store, initial_mwh=min(max(begin, store.minimum_mwh), store.energy_mwh), energy_mwh=min(full, store.energy_mwh))
    return in_steps_mw(stood, on_grid(rows, "net_mw", grid), minutes, conditional)


def _curve(zone: str, name: str, grid: Grid, forecast: FloatArray, orders: Orders, net_mw: FloatArray) -> list[pl.DataFrame]:
    """Quantities with limits: a purchase or a sale that may fail is a step, the rest goes at any price."""
    found = []
    for side, sign in (("buy", 1.0), ("sell", -1.0)):
        rows = orders.bid_curves.filter(pl.col("asset") == name, pl.col("side") == side)
        limit = on_grid(rows, "limit_eur_mwh", grid)
        ticks = np.array([np.nan if np.isnan(v) else -sign * in_ticks(-sign * float(v)) for v in limit])
        why = Why(["worth of the energy left"] * grid.size, ["keep the energy" if sign < 0 else "leave it"] * grid.size, [None] * grid.size)
        found.append(_lines(zone, name, STEP, grid, sign * np.maximum(-sign * net_mw, 0.0), ticks, forecast, why))
    return found


def _groups(zone: str, name: str, grid: Grid, forecast: FloatArray, orders: Orders) -> list[pl.DataFrame]:
    """Exclusive groups: each block by the name battery/group.block."""
    own, found = orders.block_orders.filter(pl.col("asset") == name), []
    for part in own.sort("group_number", "block_number", "delivery_start").partition_by("group_number", "block_number", maintain_order=True):
        label = f"{name}/{part['group_number'][0]}.{part['block_number'][0]}"
        sign = 1.0 if part["side"][0] == "buy" else -1.0
        why = Why(["one block of its group"] * grid.size, ["another block of it"] * grid.size, [None] * grid.size)
        power = sign * np.nan_to_num(on_grid(part, "quantity_mw", grid))
        found.append(_lines(zone, label, BLOCK, grid, power, np.full(grid.size, np.nan), forecast, why))
    return found


def loop_limits(energy_mwh: FloatArray, forecast: FloatArray, cost_eur_mwh: float) -> tuple[float | None, float | None]:
    """Highest buying and lowest selling price of a loop block that breaks even together.

    Each side stands off its forecast by the expected margin per MWh moved: at any prices, the block's surplus
    over its limits is its margin after the cycle cost, so it is accepted exactly when it earns.

    Parameters
    ----------
    energy_mwh : array
        Net energy given to the grid per interval; purchases are negative.
    cost_eur_mwh : float
        Per MWh sold.

    Returns
    -------
    tuple of float or None
        None where the block has one side only or loses on the forecast: then it goes at any price, as it was decided.

    Examples
    --------
    >>> loop_limits(np.array([-10.0, 8.0]), np.array([20.0, 60.0]), 5.0)
    (33.33, 46.67)
    """
    bought, sold = -energy_mwh[energy_mwh < 0].sum(), energy_mwh[energy_mwh > 0].sum()
    if bought <= 0 or sold <= 0:
        return None, None
    paid = -float((energy_mwh * forecast)[energy_mwh < 0].sum())
    earned = float((energy_mwh * forecast)[energy_mwh > 0].sum())
    margin = earned - paid - cost_eur_mwh * float(sold)
    if margin < 0:
        return None, None
    off = margin / float(bought + sold)
    buy, sell = paid / float(bought) + off, earned / float(sold) - off
    return round(math.floor(round(buy / TICK_EUR_MWH, 6)) * TICK_EUR_MWH, 2), round(math.ceil(round(sell / TICK_EUR_MWH, 6)) * TICK_EUR_MWH, 2)


def _lines(zone: str, asset: str, kind: str, grid: Grid, bought_mw: FloatArray, limit: FloatArray, forecast: FloatArray, why: Why) -> pl.DataFrame:
    volume = [float(f"{abs(v):.1f}") for v in bought_mw]
    data = {
        "delivery_day": [grid.day.day] * grid.size,
        "zone": [zone] * grid.size,
        "kind": [kind] * grid.size,
        "asset": [asset] * grid.size,
        "delivery_start": grid.starts(),
        "resolution_minutes": [grid.minutes] * grid.size,
        "side": ["buy" if v > 0 else "sell" for v in bought_mw],
        "volume_mw": volume,
        "limit_price_eur_mwh": [None if np.isnan(v) else float(v) for v in limit],
        "forecast_eur_mwh": forecast,
        "binding_limit": why.binding,
        "next_best_action": why.action,
        "next_best_costs_eur": why.costs_eur,
        "left_out_eur_mwh": why.left_out_eur_mwh,
    }
    return table("nomination_lines").frame(data).filter(pl.col("volume_mw") > 0)


def _reasons(case: Case, positions: pl.DataFrame) -> dict[str, Why]:
    """Per zone with an auction position: what binds each interval and the next best decision."""
    x, parts = case.decided(positions), {}
    actions, costs = next_best(case.program, x, worth_of(case.desk, case.program))
    first = 0
    for zone, deviation in case.deviations.items():
        size = deviation.free.size
        binding, action = ["no tradable signal"] * size, [""] * size
        cost: list[float | None] = [None] * size
        for j in np.flatnonzero(deviation.free).tolist():
            at_side = min(abs(x[first] - deviation.lower_mw[j]), abs(x[first] - deviation.upper_mw[j])) < SAME_MW and abs(x[first]) > SAME_MW
            binding[j] = "" if not at_side else "day_ahead_deviation_mw" if deviation.by_limit[j] else "size of the signal"
            action[j], cost[j] = actions[first], costs[first]
            first += 1
        parts[zone] = Why(binding, action, cost)
    return parts


def next_best(program: Program, x: FloatArray, worth: Worth) -> tuple[list[str], list[float]]:
    """For each deviation: the best of the other bids (expected output, full deviation), and what the objective would lose [EUR].

    One interval is changed at a time, everything else as decided; the loss is that of the desk's objective, with the exact fee.
    """
    losses = program.losses(x)
    best = worth(losses)
    names, costs = [], []
    for j in range(program.deviations):
        options = {"sell the expected output": 0.0, "sell the full deviation": program.upper[j], "buy the full deviation": program.lower[j]}
        found: dict[str, float] = {}
        for name, value in options.items():
            if abs(value - x[j]) < SAME_MW or (value == 0.0 and name != "sell the expected output"):
                continue
            if worth.measure is not None:
                found[name] = worth.measure(x) - worth.measure(np.where(np.arange(x.size) == j, value, x))
                continue
            fee = program.fee[j] * (np.abs(program.surprise[:, j] - value) - np.abs(program.surprise[:, j] - x[j]))
            tilt = 0.0 if worth.tilt is None else float(worth.tilt[j]) * (value - x[j])
            found[name] = best - worth(losses - program.slope[:, j] * (value - x[j]) + fee) - tilt
        name = min(found, key=lambda k: found[k])
        names.append(name)
        costs.append(K_EUR * found[name])
    return names, costs


def nominations_csv(lines: pl.DataFrame, currency: str = "EUR") -> str:
    """Bid lines as the text a trader uploads; the reasons stand behind the bid, and the heads name the desk's currency.

    Examples
    --------
    >>> nominations_csv(table("nomination_lines").frame()).strip().split(",")[:4]
    ['zone', 'delivery_start_utc', 'resolution_minutes', 'side']
    """
    rows = lines.sort("zone", "kind", "asset", "delivery_start").select(
        "zone",
        pl.col("delivery_start").dt.strftime("%Y-%m-%dT%H:%M:%SZ").alias("delivery_start_utc"),
        "resolution_minutes",
        "side",
        _fixed("volume_mw", 1),
        _fixed("limit_price_eur_mwh", 2),
        "kind",
        "asset",
        _fixed("forecast_eur_mwh", 2),
        "binding_limit",
        "next_best_action",
        _fixed("next_best_costs_eur", 2),
    )
    heads = {name: name.replace("_eur", f"_{currency.lower()}") for name in CSV_COLUMNS}
    words = pl.col("zone", "asset", "binding_limit", "next_best_action")
    text: str = rows.select(CSV_COLUMNS).with_columns(_no_formula(words)).rename(heads).write_csv(null_value="")
    return text


def _no_formula(words: pl.Expr) -> pl.Expr:
    """Words that no spreadsheet takes for a formula: a quote stands before a first = + - @ or tab."""
    return words.str.replace(r"^([=+\-@\t\r])", "'$1")


def _fixed(column: str, decimals: int) -> pl.Expr:
    """A number as text with so many decimals."""
    return pl.col(column).map_elements(lambda v: f"{v + 0.0:.{decimals}f}", return_dtype=pl.String)
