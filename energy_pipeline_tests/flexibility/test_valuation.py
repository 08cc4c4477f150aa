"""Values, thresholds and bids of a desk's assets as tables, and the settling of a sequential battery."""

from datetime import date

import numpy as np
import polars as pl
import pytest

from energy_pipeline.contracts import table
from energy_pipeline.contracts.enforce import enforce
from energy_pipeline.domain.errors import InfeasibleError, MissingDayError
from energy_pipeline.flexibility import settle_dispatch, valuation
from energy_pipeline.information.archive import Archive
from energy_pipeline_tests.renewables.hand_made import day_before, ensemble, raw_rows, tiny_desk

D = date(2024, 3, 27)
BATTERY = {"kind": "battery", "zone": "NORTH", "power_mw": 2, "energy_mwh": 4}
ASSETS = {"bids": BATTERY, "acts": {**BATTERY, "information": "sequential"}}
LOAD = {"kind": "curtailable", "zone": "NORTH", "power_mw": 5, "hours": 4, "strike_eur_mwh": 60, "calls_left": 2, "days": 1}


def scenarios(desk, paths=80, seed=1):
    day = desk.delivery_day(D)
    starts = pl.Series(day.interval_starts_us(60)).cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
    rng = np.random.default_rng(seed)
    frames = []
    for kind in ("day_ahead_price", "second_price"):
        for zone in ("NORTH", "SOUTH"):
            values = 50 + 25 * np.sin(np.arange(24) / 4)[:, None] + np.cumsum(rng.standard_normal((24, paths)), axis=0) * 4
            frames.append(
                pl.DataFrame(
                    {
                        "delivery_day": pl.repeat(D, 24 * paths, eager=True),
                        "kind": kind,
                        "name": zone,
                        "delivery_start": starts.to_frame("s").select(pl.col("s").repeat_by(paths).explode())["s"],
                        "resolution_minutes": 60,
                        "scenario": np.tile(np.arange(paths), 24),
                        "value": values.ravel(),
                    }
                )
            )
    return pl.concat(frames)


def tables(desk, forecasts=None):
    made = ensemble(desk, D, {("NORTH", "day_ahead"): 55.0, ("SOUTH", "day_ahead"): 10.0}) if forecasts is None else forecasts
    return valuation(Archive(desk, {}).at(D), made, scenarios(desk))


def test_batteries_have_a_value_between_its_bounds_bids_and_thresholds():
    found = tables(tiny_desk(assets=ASSETS))
    values = enforce(table("asset_values"), found["asset_values"], D)
    assert values["asset"].to_list() == ["acts", "bids"]
    assert (values["value_eur"] <= values["foresight_eur"]).all()
    assert (values["npv_eur"] <= values["value_eur"] + 1e-9).all()
    acts = values.row(0, named=True)
    assert acts["value_eur"] >= acts["intrinsic_eur"] - 2 * acts["standard_error_eur"]
    assert acts["energy_value_delta"] is not None
    assert values.row(1, named=True)["energy_value_delta"] is None, "nothing is seen within an auction"
    limits = enforce(table("asset_thresholds"), found["asset_thresholds"], D)
    assert (limits["charge_below_eur_mwh"] <= limits["discharge_above_eur_mwh"]).all()
    bids = enforce(table("bid_curves"), found["bid_curves"], D)
    assert set(bids["asset"]) == {"bids"}
    assert set(bids["side"]) == {"buy", "sell"}


def test_rights_are_valued_and_what_contradicts_itself_is_named():
    desk = tiny_desk(assets={}, rights={"load": LOAD})
    rows = enforce(table("asset_values"), tables(desk)["asset_values"], D)
    assert rows["kind"].to_list() == ["curtailable"]
    swing = {"kind": "swing", "zone": "NORTH", "days": 1, "daily_max_mwh": 10, "total_min_mwh": 99, "total_max_mwh": 99, "strike_eur_mwh": 50}
    with pytest.raises(InfeasibleError, match=r"swing.*total_min"):
        tables(tiny_desk(assets={}, rights={"swing": swing, "load": LOAD}))


def test_without_scenarios_a_battery_is_not_valued():
    desk = tiny_desk(assets=ASSETS)
    with pytest.raises(MissingDayError, match="scenario_paths"):
        valuation(Archive(desk, {}).at(D), ensemble(desk, D, {("NORTH", "day_ahead"): 55.0}), scenarios(desk).clear())


def test_a_sequential_battery_settles_beside_intrinsic_rolling_and_foresight():
    desk = tiny_desk(assets={"acts": ASSETS["acts"]})
    rules = tables(desk)["asset_thresholds"]
    realised = []
    for seed in range(3, 11):  # days of the very kind the scenarios show: one alone may lose
        came = 50 + 25 * np.sin(np.arange(24) / 4) + np.cumsum(np.random.default_rng(seed).standard_normal(24)) * 4
        prices = raw_rows("day_ahead_prices", {"zone": "NORTH"}, {"price_eur_mwh": lambda *_, p=came: p}, D, D, 60, day_before(13))
        second = prices.with_columns(price_kind=pl.lit(desk.zones["NORTH"].second_price.kind))
        settled = settle_dispatch(desk, D, table("dispatch").frame(), prices, second, scenarios(desk), thresholds=rules)
        row = enforce(table("dispatch_settled"), settled, D).row(0, named=True)
        assert row["information"] == "sequential"
        for rule in ("realised", "intrinsic", "rolling_intrinsic"):
            assert row[f"margin_{rule}_eur"] <= row["margin_foresight_eur"] + 1e-6
        realised.append(row["margin_realised_eur"])
    assert np.mean(realised) > 0


@pytest.mark.parametrize(
    ("scheme", "paid", "limit"),
    [
        ({}, lambda _: 4.0, -3.0),
        ({"scheme": "not_at_negative_prices"}, lambda p: np.where(p < 0, 0.0, 4.0), -0.01),
        ({"scheme": "capacity"}, lambda _: 0.0, 1.0),
        ({"scheme": "difference", "reference_eur_mwh": 10}, lambda _: -6.0, 7.0),
        ({"scheme": "after_negative_intervals", "negative_intervals": 1}, lambda p: np.where(p < 0, 0.0, 4.0), 1.0),
    ],
)
def test_the_right_to_switch_off_is_worth_what_its_scheme_pays(scheme, paid, limit):
    terms = {"kind": "renewable", "zone": "SOUTH", "plant": "valley_solar", "certificate_eur_mwh": 4, "variable_cost_eur_mwh": 1}
    desk = tiny_desk(assets={}, rights={"off": {**terms, **scheme}})
    shifted = scenarios(desk).with_columns(value=pl.col("value") - 50.0)
    south = shifted.filter(pl.col("name") == "SOUTH", pl.col("kind") == "day_ahead_price")
    output = south.with_columns(kind=pl.lit("plant_output"), name=pl.lit("valley_solar"), value=pl.lit(10.0))
    made = valuation(Archive(desk, {}).at(D), ensemble(desk, D, {("SOUTH", "day_ahead"): 10.0}), pl.concat([shifted, output]))
    row = made["asset_values"].row(0, named=True)
    price = south.sort("delivery_start", "scenario")["value"].to_numpy().reshape(24, -1).T[1::2]
    earned = 10.0 * (price + paid(price) - 1.0)
    assert row["value_eur"] == pytest.approx(np.where(price > limit, earned, 0.0).sum(axis=1).mean())
    assert row["intrinsic_eur"] == pytest.approx(earned.sum(axis=1).mean())
