"""Sums over plants, capacity factors, complementarity."""

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from energy_pipeline.contracts import table
from energy_pipeline.contracts.enforce import enforce
from energy_pipeline.information.archive import Archive
from energy_pipeline.renewables import fleet_output, fleet_summary, plant_output
from energy_pipeline.renewables.fleet import complementarity
from energy_pipeline_tests.renewables.hand_made import ensemble, meters, tiny_desk, weather

AUTUMN, SPRING = date(2025, 10, 26), date(2026, 3, 29)
PLANTS = {
    "coast": {"kind": "wind", "zone": "NORTH", "location": "coast", "capacity_mw": 100, "hub_height_m": 100},
    "inland": {"kind": "wind", "zone": "SOUTH", "location": "coast", "capacity_mw": 40, "hub_height_m": 100},
    "valley": {"kind": "pv", "zone": "SOUTH", "location": "valley", "peak_mw": 60, "inverter_mw": 50},
}


def by_hour(shape):
    return lambda day, minutes: shape(np.repeat(day.slots(60), 60 // minutes) if minutes != 60 else day.slots(60))


@pytest.fixture(scope="module", params=[AUTUMN, SPRING], ids=["25 hours", "23 hours"])
def made(request):
    """A day whose wind is metered by night and whose sun by day."""
    day = request.param
    first, before = day - timedelta(days=70), day - timedelta(days=1)
    # The rule follows prices that are never below the limit but on the day itself.
    desk = tiny_desk(plants=PLANTS | {"inland": PLANTS["inland"] | {"curtail_below_eur_mwh": 0.0}})
    clear = by_hour(lambda h: np.clip(600 * np.sin(np.pi * (h - 7) / 12), 0, None) * ((h > 7) & (h < 18)))
    frames = {
        "weather_forecast": pl.concat([weather("coast", first, day, wind_speed_ms=9.0), weather("valley", first, day, ghi_w_m2=clear)]),
        "plant_meters": pl.concat(
            [
                meters("coast", first, before, 60, by_hour(lambda h: 30.0 - h)),
                meters("inland", first, before, 60, by_hour(lambda h: 30.0 - h)),
                meters("valley", first, before, 60, by_hour(lambda h: 1.0 * h)),
            ]
        ),
    }
    info = Archive(desk, frames).at(day)
    prices = ensemble(desk, day, {("NORTH", "day_ahead"): 50.0, ("SOUTH", "day_ahead"): lambda d, _: np.where(d.slots(60) == 12, -5.0, 40.0)})
    plants = enforce(table("plant_output"), plant_output(info, prices), day)
    fleet = enforce(table("fleet_output"), fleet_output(plants, desk.name), day)
    return info, plants, fleet, enforce(table("fleet_summary"), fleet_summary(info, fleet), day)


def part(frame, level, name, technology):
    return frame.filter(pl.col("level") == level, pl.col("name") == name, pl.col("technology") == technology)


def test_every_level_has_the_same_energy(made):
    info, plants, fleet, summary = made
    total = float((plants["output_mw"] * plants["resolution_minutes"] / 60).sum())
    whole = part(fleet, "portfolio", "tiny", "all")
    assert whole.height == info.day.count(15)
    assert float(whole["output_mwh"].sum()) == pytest.approx(total, rel=1e-12)
    for level, technologies in (("plant", ("wind", "solar")), ("zone", ("all",)), ("portfolio", ("wind", "solar"))):
        rows = summary.filter(pl.col("level") == level, pl.col("technology").is_in(technologies))
        assert float(rows["output_mwh"].sum()) == pytest.approx(total, rel=1e-12)


def test_hourly_zones_are_summed_with_quarter_hourly_ones_without_a_shift(made):
    _, plants, fleet, _ = made
    whole = part(fleet, "portfolio", "tiny", "wind").sort("delivery_start")
    quarter = plants.filter(pl.col("plant") == "coast").sort("delivery_start")["output_mw"].to_numpy()
    hourly = plants.filter(pl.col("plant") == "inland").sort("delivery_start")["output_mw"].to_numpy()
    np.testing.assert_allclose(whole["output_mw"].to_numpy(), quarter + np.repeat(hourly, 4), rtol=1e-12)


def test_capacity_factor_counts_the_days_own_hours(made):
    info, _, _, summary = made
    row = part(summary, "portfolio", "tiny", "all").row(0, named=True)
    assert row["capacity_mw"] == 190.0
    assert row["capacity_factor"] == pytest.approx(row["output_mwh"] / (190.0 * info.day.hours))


def test_held_back_hours_give_nothing_and_are_told(made):
    _, plants, fleet, summary = made
    noon = plants.filter(pl.col("plant") == "inland", pl.col("output_mw") == 0.0)
    assert noon.height == 1
    assert noon["available_mw"][0] > 5.0
    assert noon["q95_mw"].to_list() in ([0.0], [None])
    assert part(summary, "zone", "SOUTH", "wind")["held_back_mwh"][0] == pytest.approx(noon["available_mw"][0])
    assert part(fleet, "plant", "coast", "wind")["held_back_mw"].sum() == 0.0


def test_wind_by_night_and_sun_by_day_mirror_each_other(made):
    _, _, _, summary = made
    # Meters fall and rise by the hour, exact mirror images: the definition's upper end.
    assert part(summary, "portfolio", "tiny", "all")["complementarity"][0] == pytest.approx(2.0)
    assert part(summary, "zone", "NORTH", "all")["complementarity"].to_list() == [None]
    assert part(summary, "portfolio", "tiny", "wind")["complementarity"].to_list() == [None]


@given(st.lists(st.tuples(st.floats(0, 100), st.floats(0, 100)), min_size=200, max_size=220))
def test_complementarity_is_one_less_correlation_within_its_true_range(pairs):
    wind, solar = np.array(pairs).T
    found = complementarity(wind, solar)
    if found is None:
        assert min(np.ptp(wind), np.ptp(solar)) < 1e-6
        return
    assert 0.0 <= found <= 2.0
    if min(wind.std(), solar.std()) > 1e-6:
        assert found == pytest.approx(1.0 - np.corrcoef(wind, solar)[0, 1], abs=1e-6)


def test_too_little_or_nothing_that_varies_has_no_complementarity():
    day = np.arange(24.0)
    assert complementarity(day, day) is None
    assert complementarity(np.ones(200), np.arange(200.0)) is None
    assert complementarity(np.where(np.arange(200) < 100, np.nan, 1.0), np.arange(200.0)) is None
