"""The table `asset_values` and what goes with it: `asset_thresholds` and the day's orders (`orders`).

What belongs here: paths for every asset and right of the desk, and the rows. What does not: the
valuation of one asset (`value`, `swing`, `tolling`), the committed schedule (`dispatch`).

Batteries and tolling plants are valued over the delivery day on the desk's scenario paths: auction
assets on the day-ahead price, sequential ones on the second price where the zone has one. Swing and
curtailable rights reach over the forecasts' horizon (`rights`).
Renewable rights run on the plant's own output scenarios. Half of the paths train, the other half judge.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import polars as pl

from energy_pipeline.book.clearing import paid_eur_mwh, steps_of
from energy_pipeline.book.scenario_matrix import ScenarioMatrix
from energy_pipeline.contracts import table
from energy_pipeline.desk import Desk
from energy_pipeline.desk.flexibility import Battery, CurtailableRight, RenewableRight, SwingRight, TollingRight
from energy_pipeline.domain.blocks import profile
from energy_pipeline.domain.delivery import FloatArray
from energy_pipeline.domain.errors import InfeasibleError, MissingDayError
from energy_pipeline.flexibility.orders import block_rows, hourly_rows, planned, service_rows, services_of
from energy_pipeline.flexibility.rights import daily_of, settled_fuels, tolling_of
from energy_pipeline.flexibility.storage import store_of
from energy_pipeline.information.archive import InformationSet
from energy_pipeline.mathematics.stores.policy import train
from energy_pipeline.mathematics.stores.services import per_mw_eur, stacked
from energy_pipeline.mathematics.stores.store import Store
from energy_pipeline.mathematics.stores.swing import swing_foresight_eur, train_swing
from energy_pipeline.mathematics.stores.tolling import commitment
from energy_pipeline.mathematics.stores.value import (
    BUMP_EUR_MWH,
    GAMMA_BUMP_EUR_MWH,
    PERCENT,
    VOLATILITY_BUMP,
    AssetValue,
    sensitivities,
    store_value,
    summarised,
)

TABLES = ("asset_values", "asset_thresholds", "bid_curves", "block_orders", "service_plans")
YEARLY_RATE = 0.05
MOST_PATHS = 600
BOUND_PATHS = 24
"""Paths on which energy and services are planned with foresight: each is a programme of its own."""
CONTENTS = 11
"""Contents thresholds are tabulated at, evenly from empty to full."""
DAY_MINUTES = 1440


def valuation(info: InformationSet, price_forecasts: pl.DataFrame, scenario_paths: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """All tables of the day, by name.

    Raises
    ------
    InfeasibleError
        Naming every asset and right whose terms contradict each other.
    MissingDayError
        No scenario paths of an asset's zone.
    """
    rows: dict[str, list[dict[str, object]]] = {name: [] for name in TABLES}
    failures: list[str] = []
    for name, asset in {**info.desk.assets, **info.desk.rights}.items():
        try:
            if isinstance(asset, Battery):
                _battery(info, name, asset, scenario_paths, rows)
            elif isinstance(asset, TollingRight):
                rows["asset_values"].append(_tolling(info, name, asset, scenario_paths))
            elif isinstance(asset, RenewableRight):
                rows["asset_values"].append(_renewable(info, name, asset, scenario_paths))
            else:
                rows["asset_values"].append(_daily(info, name, asset, price_forecasts))
        except InfeasibleError as error:
            failures.append(f"{name}: {error}")
    if failures:
        raise InfeasibleError(f"asset_values, day {info.day.day}: " + "; ".join(failures), list(failures), "see each asset")
    return {
        name: table(name).frame(found).sort(table(name).key, maintain_order=True) if found else table(name).frame() for name, found in rows.items()
    }


def sequential_paths(desk: Desk, zone: str, information: str, scenario_paths: pl.DataFrame) -> tuple[FloatArray, pl.Series, int]:
    """Price paths an asset acts on (paths, intervals), their interval starts and length [min].

    Raises
    ------
    MissingDayError
        No paths.
    ContractError
        Paths with a hole or a row twice.
    """
    second = information == "sequential" and desk.zones[zone].second_price.kind != "none"
    kind = "second_price" if second else "day_ahead_price"
    part = scenario_paths.filter(pl.col("kind") == kind, pl.col("name") == zone)
    if part.is_empty():
        raise MissingDayError("scenario_paths", [], f"no {kind} of {zone}: make scenario_paths of the day first")
    found = ScenarioMatrix.of(part, desk.delivery_day(part["delivery_day"][0]))
    return found.values, found.starts, found.minutes


def halves(paths: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Every other path to train on, the rest to judge."""
    return paths[0 : 2 * MOST_PATHS : 2], paths[1 : 2 * MOST_PATHS : 2]


def _battery(info: InformationSet, name: str, asset: Battery, scenario_paths: pl.DataFrame, rows: dict[str, list[dict[str, object]]]) -> None:
    paths, starts, minutes = sequential_paths(info.desk, asset.zone, asset.information, scenario_paths)
    store = store_of(asset)
    learn, fresh = halves(paths)
    common = {"delivery_day": info.day.day, "asset": name, "zone": asset.zone, "resolution_minutes": minutes}
    if services_of(info.desk, name):
        _with_services(info, name, asset, learn, fresh, minutes, starts, rows)
        return
    peak = np.asarray(profile("peak", info.day, minutes)) > 0
    found = store_value(store, learn, fresh, minutes, YEARLY_RATE, {"peak": peak}, information=asset.information)
    rows["asset_values"].append(_value_row(info, name, asset.zone, "battery", asset.information, 1, found))
    if asset.information == "sequential":
        rows["asset_thresholds"] += _thresholds(store, learn, minutes, starts, common)
    else:
        rows["bid_curves"] += hourly_rows(store, learn.mean(axis=0), minutes, starts, common)
        rows["block_orders"] += block_rows(store, paths, minutes, starts, common)


def _with_services(
    info: InformationSet,
    name: str,
    asset: Battery,
    learn: FloatArray,
    fresh: FloatArray,
    minutes: int,
    starts: pl.Series,
    rows: dict[str, list[dict[str, object]]],
) -> None:
    """One plan for energy and services on the expected prices: its value, and beside it the plan without services."""
    store, services = store_of(asset), services_of(info.desk, name)

    def cash(a: FloatArray, b: FloatArray) -> FloatArray:
        plan = stacked(store, services, a.mean(axis=0), minutes)
        found = store.margins_eur(plan.charge_mw, plan.discharge_mw, b, minutes)
        for service, capacity in plan.capacity_mw.items():
            found = found + capacity * per_mw_eur(store, services[service], b, minutes)
        found[:, -1] += float(store.end_eur(plan.state_of_charge_mwh[-1:])[0])
        return found

    plan, alone = planned(info.desk, name, asset, learn.mean(axis=0), minutes), stacked(store, {}, learn.mean(axis=0), minutes)
    plain = (
        store.margins_eur(alone.charge_mw, alone.discharge_mw, fresh, minutes).sum(axis=1).mean() + store.end_eur(alone.state_of_charge_mwh[-1:])[0]
    )
    known = [stacked(store, services, p, minutes) for p in fresh[:BOUND_PATHS]]
    bound = np.array([k.value_eur + float(store.end_eur(k.state_of_charge_mwh[-1:])[0]) for k in known])
    peak = np.asarray(profile("peak", info.day, minutes)) > 0
    found = summarised(cash(learn, fresh), float(plain), bound, minutes, YEARLY_RATE, "stacked")
    found = replace(found, sensitivities=sensitivities(cash, learn, fresh, {"peak": peak}))
    rows["asset_values"].append(_value_row(info, name, asset.zone, "battery", asset.information, 1, found))
    common = {"delivery_day": info.day.day, "asset": name, "zone": asset.zone, "resolution_minutes": minutes}
    rows["service_plans"] += service_rows(plan, starts, common)


def _thresholds(store: Store, learn: FloatArray, minutes: int, starts: pl.Series, common: dict[str, object]) -> list[dict[str, object]]:
    policy = train(store, learn, minutes)
    contents = np.linspace(store.minimum_mwh, store.energy_mwh, CONTENTS)
    below, above = policy.thresholds_eur_mwh(contents)
    values, expected = policy.energy_value_eur_mwh(np.median(learn, axis=0)), learn.mean(axis=0)
    at = np.clip(np.searchsorted(policy.grid_mwh, contents, side="right") - 1, 0, values.shape[1] - 1)
    return [
        {
            **common,
            "delivery_start": start,
            "content_mwh": float(content),
            "charge_below_eur_mwh": float(below[t, n]),
            "discharge_above_eur_mwh": float(above[t, n]),
            "energy_value_eur_mwh": float(values[t, at[n]]),
            "expected_price_eur_mwh": float(expected[t]),
        }
        for t, start in enumerate(starts)
        for n, content in enumerate(contents)
    ]


def _tolling(info: InformationSet, name: str, right: TollingRight, scenario_paths: pl.DataFrame) -> dict[str, object]:
    """The plant on D as it is nominated: committed on expected prices, from where it stands."""
    paths, _, minutes = sequential_paths(info.desk, right.zone, "auction", scenario_paths)
    plant = tolling_of(right, minutes)
    gas, carbon = (np.array(price) for price in settled_fuels(info, name))
    learn, fresh = halves(paths)

    def cash(a: FloatArray, b: FloatArray) -> FloatArray:
        on = commitment(plant, plant.margins_eur(a.mean(axis=0), gas, carbon, minutes)).on
        return np.asarray(on * plant.margins_eur(b, gas, carbon, minutes) - plant.start_cost_eur * _started(on, is_on=plant.is_on))

    margins = plant.margins_eur(fresh, gas, carbon, minutes)
    planned_cash = cash(learn, fresh)
    found = summarised(planned_cash, float(planned_cash.sum(axis=1).mean()), commitment(plant, margins).value_eur, minutes, YEARLY_RATE, "intrinsic")
    peak = np.asarray(profile("peak", info.day, minutes)) > 0
    found = replace(found, sensitivities=sensitivities(cash, learn, fresh, {"peak": peak}))
    return _value_row(info, name, right.zone, "tolling", "auction", 1, found)


def _started(on: npt.NDArray[np.bool_], *, is_on: bool) -> npt.NDArray[np.bool_]:
    """Intervals in which the plant starts, by path."""
    return np.asarray(on & ~np.concatenate([np.full((on.shape[0], 1), is_on), on[:, :-1]], axis=1))


def _renewable(info: InformationSet, name: str, right: RenewableRight, scenario_paths: pl.DataFrame) -> dict[str, object]:
    """Generation where the step is taken, with what its scheme pays there; the plan without the right runs always.

    Each interval stands alone, so an order with that limit price is the best there is, and equals foresight.
    """
    paths, _, minutes = sequential_paths(info.desk, right.zone, "auction", scenario_paths)
    part = scenario_paths.filter(pl.col("kind") == "plant_output", pl.col("name") == right.plant)
    if part.is_empty():
        raise MissingDayError("scenario_paths", [info.day.day], f"no output of {right.plant}: make scenario_paths of the day first")
    output = ScenarioMatrix.of(part, info.day)
    finer = np.repeat(output.values, max(1, output.minutes // minutes), axis=1).reshape(paths.shape[0], paths.shape[1], -1).mean(axis=2)
    energy, fresh, limit = finer[1::2] * minutes / 60.0, paths[1::2], steps_of(info.desk, right.zone)[right.plant].limit_eur_mwh

    def running(b: FloatArray) -> FloatArray:
        return np.asarray(energy * (b + (paid_eur_mwh(right, b) - right.variable_cost_eur_mwh)))

    def cash(_: FloatArray, b: FloatArray) -> FloatArray:
        return np.where(b > limit, running(b), 0.0)

    always = float(running(fresh).sum(axis=1).mean())
    found = summarised(cash(fresh, fresh), always, cash(fresh, fresh).sum(axis=1), minutes, YEARLY_RATE)
    peak = np.asarray(profile("peak", info.day, minutes)) > 0
    found = replace(found, sensitivities=sensitivities(cash, fresh, fresh, {"peak": peak}))
    return _value_row(info, name, right.zone, "renewable", "auction", 1, found)


def _daily(info: InformationSet, name: str, right: SwingRight | CurtailableRight, price_forecasts: pl.DataFrame) -> dict[str, object]:
    daily = daily_of(info, name, right, price_forecasts)
    swing, days = daily.swing, 1 + daily.learn.shape[1]
    value, cash = daily.value_eur()
    fresh = np.column_stack([np.full(daily.fresh.shape[0], daily.today_eur_mwh), daily.fresh])
    mean = fresh.mean(axis=0)
    _, plan = train_swing(swing, np.tile(mean, (2, 1))).run(mean[None])
    plain = float((plan * (fresh - swing.strike_eur_mwh)).sum(axis=1).mean())
    bound = np.array([swing_foresight_eur(swing, p) for p in fresh[:200]])
    found = summarised(cash, plain, bound, DAY_MINUTES, YEARLY_RATE)
    up, down = (daily.value_eur(moved)[0] for moved in (BUMP_EUR_MWH, -BUMP_EUR_MWH))
    wide, narrow = (daily.value_eur(stretched=1.0 + s)[0] for s in (VOLATILITY_BUMP, -VOLATILITY_BUMP))
    far_up, far_down = (daily.value_eur(moved)[0] for moved in (GAMMA_BUMP_EUR_MWH, -GAMMA_BUMP_EUR_MWH))
    return _value_row(info, name, right.zone, right.kind, "auction", days, found) | {
        "delta_base_mwh": (up - down) / (2 * BUMP_EUR_MWH),
        "gamma_mwh2_eur": (far_up - 2 * value + far_down) / GAMMA_BUMP_EUR_MWH**2,
        "vega_eur_pct": (wide - narrow) / (2 * VOLATILITY_BUMP * PERCENT),
    }


def _value_row(info: InformationSet, name: str, zone: str, kind: str, information: str, days: int, found: AssetValue) -> dict[str, object]:
    slopes, of_energy = found.sensitivities, found.energy_value
    return {
        "delivery_day": info.day.day,
        "asset": name,
        "zone": zone,
        "kind": kind,
        "information": information,
        "horizon_days": days,
        "value_eur": found.value_eur,
        "standard_error_eur": found.standard_error_eur,
        "intrinsic_eur": found.intrinsic_eur,
        "foresight_eur": found.foresight_eur,
        "earnings_at_risk_eur": found.earnings_at_risk_eur,
        "npv_eur": found.npv_eur,
        "shipped": found.shipped,
        "delta_base_mwh": None if slopes is None else slopes.delta_mwh["all"],
        "delta_peak_mwh": None if slopes is None else slopes.delta_mwh["peak"],
        "gamma_mwh2_eur": None if slopes is None else slopes.gamma_mwh_per_eur,
        "vega_eur_pct": None if slopes is None else slopes.vega_eur_per_percent,
        "energy_value_delta": None if of_energy is None else of_energy.delta_mwh["all"],
        "energy_value_gamma": None if of_energy is None else of_energy.gamma_mwh_per_eur,
        "energy_value_vega": None if of_energy is None else of_energy.vega_eur_per_percent,
    }
