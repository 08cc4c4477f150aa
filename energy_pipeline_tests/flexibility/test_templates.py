"""Every desk template loads into a desk and is worth something; renewable rights against their closed form."""

import numpy as np
import polars as pl
import pytest

from energy_pipeline.contracts import table
from energy_pipeline.contracts.enforce import enforce
from energy_pipeline.desk.templates import TEMPLATES, template_text, with_template
from energy_pipeline.domain.errors import DeskError
from energy_pipeline.flexibility import dispatch, settle_dispatch, valuation
from energy_pipeline.information.archive import Archive
from energy_pipeline_tests.flexibility.test_valuation import D, scenarios
from energy_pipeline_tests.renewables.hand_made import day_before, ensemble, raw_rows, tiny_desk

SHAPE = 45 + 40 * np.sin((np.arange(24) - 15) / 24 * 2 * np.pi * 2)


def desk_with(name):
    plain = tiny_desk(assets={}, rights={})
    return with_template(plain, name, "NORTH", "coast_wind" if "PLANT" in template_text(name) else None)


def with_output(paths, minutes=60):
    """Scenario paths with a plant's output beside the prices."""
    prices = paths.filter(pl.col("kind") == "day_ahead_price", pl.col("name") == "NORTH")
    output = np.random.default_rng(3).uniform(0, 100, prices.height)
    return pl.concat([paths, prices.with_columns(kind=pl.lit("plant_output"), name=pl.lit("coast_wind"), value=pl.Series(output))])


def valued(desk, shift=0.0):
    """All tables on scenarios moved by `shift` (a number, or one by hour)."""
    by_hour = pl.col("delivery_start").dt.convert_time_zone("Europe/Berlin").dt.hour().replace_strict(range(24), np.full(24, 0.0) + shift)
    paths = with_output(scenarios(desk).with_columns(value=pl.col("value") + by_hour))
    forecasts = ensemble(desk, D, {("NORTH", "day_ahead"): lambda *_: SHAPE, ("SOUTH", "day_ahead"): 10.0})
    return valuation(Archive(desk, {}).at(D), forecasts, paths), paths, forecasts


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_template_loads_and_is_valued(name):
    desk = desk_with(name)
    found, _, _ = valued(desk)
    values = enforce(table("asset_values"), found["asset_values"], D)
    assert sorted(values["asset"]) == sorted([*desk.assets, *desk.rights])
    assert (values["value_eur"] > 0).all()
    assert (values["value_eur"] <= values["foresight_eur"] + 1e-6).all()
    for rows in ("bid_curves", "block_orders", "service_plans", "asset_thresholds"):
        enforce(table(rows), found[rows], D)


@pytest.mark.parametrize("certificate", [0.0, 30.0])
def test_a_renewable_right_runs_down_to_cost_less_certificate(certificate):
    right = {"kind": "renewable", "zone": "NORTH", "plant": "coast_wind", "certificate_eur_mwh": certificate, "variable_cost_eur_mwh": 4.0}
    desk = tiny_desk(assets={}, rights={"right": right})
    found, paths, _ = valued(desk, shift=-50.0)
    row = found["asset_values"].row(0, named=True)
    fresh = paths.filter(pl.col("name").is_in(["NORTH", "coast_wind"]), pl.col("scenario") % 2 == 1, pl.col("kind") != "second_price")
    wide = fresh.pivot("kind", index=["delivery_start", "scenario"], values="value")
    earned = wide["plant_output"] * (wide["day_ahead_price"] + certificate - 4.0)
    assert row["value_eur"] == pytest.approx(earned.clip(0, None).sum() / 40)
    assert row["intrinsic_eur"] == pytest.approx(earned.sum() / 40)
    assert row["value_eur"] > row["intrinsic_eur"]


def test_what_services_hold_back_is_kept_free_in_the_committed_schedule():
    desk = desk_with("grid_services")
    found, _, forecasts = valued(desk)
    plans = found["service_plans"].sort("service", "delivery_start")
    assert set(plans["service"]) == {"regulation", "reserve"}
    battery = desk.assets["service_battery"]
    rows = enforce(table("dispatch"), dispatch(Archive(desk, {}).at(D), forecasts), D)
    one = plans.filter(pl.col("service") == "reserve")
    assert (one["discharge_mw"] - one["charge_mw"] + one["held_power_up_mw"]).max() <= battery.power_mw + 1e-6
    assert (one["state_of_charge_mwh"] - one["held_energy_up_mwh"]).min() >= -1e-6
    assert (one["state_of_charge_mwh"] + one["held_energy_down_mwh"]).max() <= battery.energy_mwh + 1e-6
    assert plans["capacity_mw"].max() > 0
    assert rows["energy_value_eur_mwh"].null_count() == 24
    value = found["asset_values"].row(0, named=True)
    assert value["shipped"] == "stacked"
    assert value["value_eur"] > value["intrinsic_eur"], "services pay more than the energy they cost here"


def test_blocks_are_settled_beside_the_committed_schedule():
    desk = desk_with("duck_curve")
    found, _, forecasts = valued(desk, shift=2 * (SHAPE - 45))
    came = SHAPE + 15 * np.random.default_rng(5).standard_normal(24)
    prices = raw_rows("day_ahead_prices", {"zone": "NORTH"}, {"price_eur_mwh": lambda *_: came}, D, D, 60, day_before(13))
    settled = settle_dispatch(desk, D, dispatch(Archive(desk, {}).at(D), forecasts), prices, None, None, found["block_orders"])
    row = enforce(table("dispatch_settled"), settled, D).row(0, named=True)
    assert row["margin_blocks_eur"] <= row["margin_foresight_eur"] + 1e-6
    assert row["margin_blocks_eur"] > 0


def test_what_does_not_fit_is_named():
    desk = tiny_desk()
    with pytest.raises(DeskError, match="is not one of"):
        with_template(desk, "magic", "NORTH")
    with pytest.raises(DeskError, match="needs a plant"):
        with_template(desk, "rec_arbitrage", "NORTH")
    with pytest.raises(DeskError, match="valley_solar"):
        with_template(desk, "rec_arbitrage", "NORTH", "valley_solar")
    with pytest.raises(DeskError, match="zone 'EAST' is not declared"):
        with_template(desk, "duck_curve", "EAST")
    once = with_template(desk, "duck_curve", "NORTH")
    with pytest.raises(DeskError, match="already in the desk"):
        with_template(once, "duck_curve", "NORTH")
    service = {"asset": "acts", "direction": "up", "capacity_eur_mw_h": 1, "max_mw": 1}
    acts = {"kind": "battery", "zone": "NORTH", "information": "sequential", "power_mw": 1, "energy_mwh": 1}
    with pytest.raises(DeskError, match=r"services\.s\.asset: acts has information: sequential"):
        tiny_desk(assets={"acts": acts}, services={"s": service})
    with pytest.raises(DeskError, match="'none' is not declared"):
        tiny_desk(services={"s": {**service, "asset": "none"}})


def test_deltas_of_rights_are_their_expected_energy():
    plant = {"kind": "renewable", "zone": "NORTH", "plant": "coast_wind", "certificate_eur_mwh": 500.0}
    found, paths, _ = valued(tiny_desk(assets={}, rights={"always": plant}))
    output = paths.filter(pl.col("name") == "coast_wind", pl.col("scenario") % 2 == 1)["value"].sum() / 40
    row = found["asset_values"].row(0, named=True)
    assert row["delta_base_mwh"] == pytest.approx(output), "it always runs"
    assert row["gamma_mwh2_eur"] == pytest.approx(0.0, abs=1e-6)
    services = valued(desk_with("grid_services"))[0]["asset_values"].row(0, named=True)
    assert abs(services["vega_eur_pct"]) < 1.0, "one plan on the mean: spread earns nothing but what sampling makes of it"
    assert services["delta_peak_mwh"] is not None
