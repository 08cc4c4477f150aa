"""The tables `dispatch` and `dispatch_settled`.

What belongs here: scheduling each auction asset on the forecast, the rows of rights that are used, and valuing what was
committed. What does not: the optimisation of one battery (`storage`), deciding a right (`rights`), states (`states`).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import numpy as np
import polars as pl

from energy_pipeline.book.published_forecast import published_forecast
from energy_pipeline.contracts import table
from energy_pipeline.desk import Desk
from energy_pipeline.desk.flexibility import Battery
from energy_pipeline.domain.delivery import FloatArray
from energy_pipeline.domain.errors import InfeasibleError, MissingDayError, SourceError
from energy_pipeline.flexibility.controller import Controller
from energy_pipeline.flexibility.orders import executed_blocks, planned, services_of
from energy_pipeline.flexibility.rights import Decision
from energy_pipeline.flexibility.storage import Schedule, SolverError, margin_eur, schedule, store_of
from energy_pipeline.information.archive import InformationSet
from energy_pipeline.information.resolution import frame_lookup, interval_values
from energy_pipeline.mathematics.stores import rules as simple_rules
from energy_pipeline.mathematics.stores.perfect_foresight import foresight
from energy_pipeline.mathematics.stores.policy import run_of

MARGIN_TOLERANCE = 1e-6
"""Relative room for the solver's own tolerance when margins are compared."""


def dispatch(info: InformationSet, price_forecasts: pl.DataFrame, decisions: Mapping[str, Decision] | None = None) -> pl.DataFrame:
    """Committed schedules of all assets with `information: auction` and of the rights' decisions, table `dispatch`.

    Each maximises its margin on the ensemble day-ahead forecast of its zone, with what its grid
    services hold back kept free. Assets with
    `information: sequential` have no committed schedule and no rows.

    Raises
    ------
    SourceError
        No ensemble forecast of an asset's zone.
    InfeasibleError
        Naming every asset whose limits conflict.
    """
    contract = table("dispatch")
    frames, failures = [], []
    for name, battery in info.desk.assets.items():
        if battery.information != "auction":
            continue
        try:
            frames.append(_scheduled(info, name, battery, price_forecasts))
        except InfeasibleError as error:
            failures.append((name, error))
    frames += [_right_rows(info, name, decision, price_forecasts) for name, decision in (decisions or {}).items()]
    if failures:
        raise InfeasibleError(
            f"dispatch, day {info.day.day}: " + "; ".join(f"{name}: {str(error).split(';', maxsplit=1)[0]}" for name, error in failures),
            [f"assets.{name}.{limit}" for name, error in failures for limit in error.conflicts],
            ", ".join(f"assets.{name}.{error.relaxation}" for name, error in failures),
        )
    return pl.concat(frames).sort(contract.key, maintain_order=True) if frames else contract.frame()


def _scheduled(info: InformationSet, name: str, battery: Battery, price_forecasts: pl.DataFrame) -> pl.DataFrame:
    rows = forecast_of(info, name, battery.zone, price_forecasts)
    minutes = int(rows["resolution_minutes"][0])
    prices = rows["price_eur_mwh"].to_numpy()
    best = planned(info.desk, name, battery, prices, minutes) if services_of(info.desk, name) else schedule(battery, prices, minutes)
    values = best.energy_value_eur_mwh if isinstance(best, Schedule) else None
    value = np.full(prices.size, np.nan) if values is None else values
    paid = sum((info.desk.services[n].capacity_eur_mw_h * mw for n, mw in getattr(best, "capacity_mw", {}).items()), np.zeros(prices.size))
    return rows.select(
        "delivery_day",
        pl.lit(name).alias("asset"),
        "zone",
        "delivery_start",
        "resolution_minutes",
        pl.Series("charge_mw", best.charge_mw),
        pl.Series("discharge_mw", best.discharge_mw),
        pl.Series("net_mw", best.discharge_mw - best.charge_mw),
        pl.Series("state_of_charge_mwh", best.state_of_charge_mwh),
        pl.Series("price_forecast_eur_mwh", prices),
        pl.Series("energy_value_eur_mwh", value, nan_to_null=True),
        pl.Series("cost_eur_h", battery.cycle_cost_eur_mwh * best.discharge_mw - paid),
    )


def forecast_of(info: InformationSet, name: str, zone: str, price_forecasts: pl.DataFrame) -> pl.DataFrame:
    """The published forecast an asset is scheduled on, whole.

    Raises
    ------
    SourceError
        Intervals are missing.
    """
    rows = published_forecast(price_forecasts, zone, info.day.day)
    minutes = info.desk.zones[zone].resolution_minutes(info.day.day)
    if rows.height != info.day.count(minutes):
        raise SourceError(
            f"dispatch, day {info.day.day}, asset {name}: {rows.height} ensemble day-ahead forecasts of {zone}, "
            f"the day has {info.day.count(minutes)} intervals -> make price_forecasts of the day first"
        )
    return rows


def _right_rows(info: InformationSet, name: str, decision: Decision, price_forecasts: pl.DataFrame) -> pl.DataFrame:
    """A right's power; generation and what a load gives up are positive."""
    nothing = pl.lit(None, pl.Float64)
    return forecast_of(info, name, info.desk.rights[name].zone, price_forecasts).select(
        "delivery_day",
        pl.lit(name).alias("asset"),
        "zone",
        "delivery_start",
        "resolution_minutes",
        pl.lit(0.0).alias("charge_mw"),
        pl.Series("discharge_mw", decision.power_mw),
        pl.Series("net_mw", decision.power_mw),
        nothing.alias("state_of_charge_mwh"),
        pl.col("price_eur_mwh").alias("price_forecast_eur_mwh"),
        nothing.alias("energy_value_eur_mwh"),
        pl.Series("cost_eur_h", decision.cost_eur_h),
    )


def settle_dispatch(
    desk: Desk,
    day: date,
    dispatch: pl.DataFrame,
    day_ahead_prices: pl.DataFrame,
    second_prices: pl.DataFrame | None = None,
    scenario_paths: pl.DataFrame | None = None,
    block_orders: pl.DataFrame | None = None,
    thresholds: pl.DataFrame | None = None,
    given: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """What the assets earned, beside simpler rules and the best that was possible, table `dispatch_settled`.

    Foresight knows the prices and keeps the same limits, so what was realised cannot exceed it. Where the energy left
    has a value (`terminal: curve`, `valued`) that holds, and the share is taken, with the change of what is stored on both sides:
    margins are cash, and a plan that empties the store may earn more cash than the best one.
    Sequential assets follow their thresholds, on the second price where the zone has one; without them they have no rows.

    Parameters
    ----------
    desk : Desk
        As it stood at the start of the day (`states.desk_of_day`).
    dispatch : DataFrame
        The day's `dispatch`.
    day_ahead_prices : DataFrame
        Raw prices that cover the day; the latest vintage counts.
    second_prices, scenario_paths, thresholds : DataFrame, optional
        For sequential assets.
    block_orders : DataFrame, optional
        The day's exclusive groups, to say what bidding them would have earned.
    given : DataFrame, optional
        The dispatch as executed (`execution`); without it all was done as planned.

    Raises
    ------
    MissingDayError
        A price of an asset's zone is not there.
    """
    contract = table("dispatch_settled")
    rows = [
        _settled(desk, day, part["asset"][0], part, part if given is None else given, day_ahead_prices, block_orders)
        for part in dispatch.filter(pl.col("delivery_day") == day).sort("asset", "delivery_start").partition_by("asset", maintain_order=True)
        if part["asset"][0] in desk.assets
    ]
    if scenario_paths is not None and second_prices is not None and thresholds is not None:
        rows += [
            _settled_sequential(desk, day, name, rules, prices_acted_on(desk, day, name, rules, day_ahead_prices, second_prices), scenario_paths)
            for name, battery in desk.assets.items()
            if battery.information == "sequential" and (rules := Controller.of(thresholds.filter(pl.col("asset") == name))) is not None
        ]
    return contract.frame(rows).sort(contract.key, maintain_order=True) if rows else contract.frame()


def prices_acted_on(desk: Desk, day: date, name: str, rules: Controller, day_ahead_prices: pl.DataFrame, second_prices: pl.DataFrame) -> FloatArray:
    """The prices a sequential asset saw and acted on [EUR/MWh]; the day-ahead ones where the zone has no second price.

    Raises
    ------
    MissingDayError
    """
    zone = desk.assets[name].zone
    kind = desk.zones[zone].second_price.kind
    raw = day_ahead_prices if kind == "none" else second_prices.filter(pl.col("price_kind") == kind)
    return _prices(day, zone, rules.starts_us, rules.minutes, raw, "day_ahead_prices" if kind == "none" else "second_prices")


def _settled_sequential(desk: Desk, day: date, name: str, rules: Controller, prices: FloatArray, scenario_paths: pl.DataFrame) -> dict[str, object]:
    """A store that followed its thresholds, beside its plan on expected prices, that plan rolled, and foresight."""
    from energy_pipeline.flexibility.asset_valuation import halves, sequential_paths

    battery = desk.assets[name]
    store, minutes = store_of(battery), rules.minutes
    learn, fresh = halves(sequential_paths(desk, battery.zone, "sequential", scenario_paths)[0])
    apart = learn - learn.mean(axis=0)
    decay = float(np.clip((apart[:, 1:] * apart[:, :-1]).sum() / max(float((apart[:, :-1] ** 2).sum()), 1e-9), 0.0, 0.999))
    outlook = simple_rules.Outlook(learn.mean(axis=0), decay, learn.std(axis=0))
    stored, charge, discharge = rules.run(store, prices[None])
    expected = store.margins_eur(*rules.run(store, fresh)[1:], fresh, minutes).sum(axis=1).mean()
    contents = (foresight(store, outlook.mean_eur_mwh, minutes).state_of_charge_mwh, simple_rules.rolling_intrinsic(store, outlook, prices, minutes))
    plan, rolling = (float(run_of(store, c[None], prices[None], minutes).margin_eur[0]) for c in contents)
    realised = float(store.margins_eur(charge, discharge, prices, minutes).sum())
    best = schedule(battery, prices, minutes)
    row = _row(day, name, battery, float(expected), (realised, _left(stored[0])), (best.margin_eur, _left(best.state_of_charge_mwh)))
    discharged = float(discharge.sum() * minutes / 60.0)
    return {**row, "margin_intrinsic_eur": plan, "margin_rolling_intrinsic_eur": rolling, "margin_blocks_eur": None, "discharged_mwh": discharged}


def _left(state_of_charge_mwh: FloatArray) -> float:
    """What is stored at the end of the day [MWh]."""
    return float(state_of_charge_mwh[-1])


def _row(day: date, name: str, battery: Battery, expected: float, committed: tuple[float, float], best: tuple[float, float]) -> dict[str, object]:
    """Columns all assets share; `committed` and `best` are the margin [EUR] and what is left in the store [MWh]."""
    (realised, left), (best_margin, best_left) = committed, best
    store = store_of(battery)
    start, end, best_end = store.end_eur(np.array([battery.initial_mwh, left, best_left])).tolist()
    earned, possible = realised + end - start, best_margin + best_end - start
    is_valued = bool(store.end_value_eur_mwh) or store.terminal in {"valued", "curve"}
    excess = earned - possible
    if excess > MARGIN_TOLERANCE * max(1.0, abs(possible)):
        raise SolverError(
            f"dispatch_settled, day {day}, asset {name}: realised margin is {excess:g} EUR above foresight -> report this: it cannot be"
        )
    possible = max(possible, earned)
    return {
        "delivery_day": day,
        "asset": name,
        "zone": battery.zone,
        "information": battery.information,
        "margin_expected_eur": expected,
        "margin_realised_eur": realised,
        "margin_foresight_eur": best_margin if is_valued else possible,
        "share_of_foresight": earned / possible if possible > MARGIN_TOLERANCE else None,
    }


def _settled(
    desk: Desk, day: date, name: str, plan: pl.DataFrame, given: pl.DataFrame, day_ahead_prices: pl.DataFrame, block_orders: pl.DataFrame | None
) -> dict[str, object]:
    battery, minutes = desk.assets[name], int(plan["resolution_minutes"][0])
    prices = _prices(day, battery.zone, plan["delivery_start"].cast(pl.Int64).to_numpy(), minutes, day_ahead_prices)
    did = given.filter(pl.col("delivery_day") == day, pl.col("asset") == name).sort("delivery_start")
    charge, discharge = did["charge_mw"].to_numpy(), did["discharge_mw"].to_numpy()
    realised = margin_eur(battery, charge, discharge, prices, minutes)
    planned = plan["charge_mw"].to_numpy(), plan["discharge_mw"].to_numpy()
    expected = margin_eur(battery, *planned, plan["price_forecast_eur_mwh"].to_numpy(), minutes)
    best = schedule(battery, prices, minutes)
    row = _row(
        day, name, battery, expected, (realised, _left(did["state_of_charge_mwh"].to_numpy())), (best.margin_eur, _left(best.state_of_charge_mwh))
    )
    discharged = float(discharge.sum() * minutes / 60.0)
    blocks = None if block_orders is None else block_orders.filter(pl.col("delivery_day") == day, pl.col("asset") == name)
    by_blocks = None
    if blocks is not None and blocks.height:
        by_blocks = margin_eur(battery, *executed_blocks(blocks, plan["delivery_start"], prices), prices, minutes)
    # Nothing is seen between the bids of a day: the committed plan is the intrinsic one, and rolling it changes nothing.
    return {
        **row,
        "margin_intrinsic_eur": realised,
        "margin_rolling_intrinsic_eur": realised,
        "margin_blocks_eur": by_blocks,
        "discharged_mwh": discharged,
    }


def _prices(
    day: date, zone: str, start_us: np.ndarray[tuple[int], np.dtype[np.int64]], minutes: int, raw: pl.DataFrame, source: str = "day_ahead_prices"
) -> FloatArray:
    prices = interval_values(frame_lookup(raw, zone=zone), "price_eur_mwh", start_us, minutes)
    if np.isnan(prices).any():
        missing = int(np.isnan(prices).sum())
        raise MissingDayError(source, [day], f"{missing} of {prices.size} prices of {zone} are missing: ingest the day before settling it")
    return prices
