"""Wakes against PyWake, the table against the exact sweep, and what must hold for any layout."""

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from energy_pipeline.mathematics import windpower as wp
from energy_pipeline_tests.mathematics.windpower import cases

REFERENCE = Path(__file__).resolve().parent / "reference"
V80 = wp.Turbine("V80", 2.0, cases.V80_HUB, cases.V80_DIAMETER, cases.V80_SPEEDS, cases.V80_KW / 1000.0, thrust=cases.V80_CT)
POINT = 0.01
"""Percentage points allowed; the issue's limit is 0.5."""


def model(name):
    options: dict[str, Any] = {**cases.WAKE_CASES[name]}
    return {"jensen": wp.Jensen, "gaussian": wp.Gaussian}[options.pop("model")](**options)


def farm_of(layout, wake, **rules):
    x, y = cases.LAYOUTS[layout]
    return wp.WindFarm(V80, x_m=x, y_m=y, wake=wake, density_rule="none", **rules)


def reference_cases():
    frame = pl.read_parquet(REFERENCE / "pywake_farm.parquet")
    return list(frame.select("case", "layout").unique(maintain_order=True).iter_rows())


@pytest.mark.parametrize(("name", "layout"), reference_cases())
def test_farm_output_of_pywake(name, layout):
    rows = pl.read_parquet(REFERENCE / "pywake_farm.parquet").filter(case=name, layout=layout)
    speed, direction = rows["speed_ms"].to_numpy(), rows["direction_deg"].to_numpy()
    ours = wp.farm_flow(farm_of(layout, model(name)), speed, direction).power_mw.sum(axis=1)
    free = 25 * V80.power_at(speed)
    theirs = rows["farm_mw"].to_numpy()
    assert 100 * np.abs(ours - theirs).max() < POINT * free.min()
    # The whole rose, and as loss: these farms do lose.
    assert 1 - ours.sum() / free.sum() == pytest.approx(1 - theirs.sum() / free.sum(), abs=1e-6)
    assert 0.01 < 1 - ours.sum() / free.sum() < 0.2


@pytest.mark.parametrize(("name", "layout"), reference_cases())
def test_speed_at_every_machine_of_pywake(name, layout):
    rows = pl.read_parquet(REFERENCE / "pywake_machines.parquet").filter(case=name, layout=layout)
    for (direction,), part in rows.group_by("direction_deg"):
        ours = wp.farm_flow(farm_of(layout, model(name)), np.array([9.3]), np.array([direction])).speed_ms[0]
        np.testing.assert_allclose(ours, part.sort("machine")["speed_ms"].to_numpy(), rtol=0, atol=1e-6)


@pytest.mark.parametrize("wake", [wp.Jensen(), wp.Gaussian()], ids=["jensen", "gaussian"])
@pytest.mark.parametrize("layout", ["grid_3.5D", "grid_10D"])
def test_table_follows_the_exact_sweep(wake, layout):
    rng = np.random.default_rng(3)
    speed, direction = rng.uniform(5.0, 24.9, 1500), rng.uniform(0.0, 360.0, 1500)
    weather = wp.WindWeather(speed, cases.V80_HUB, direction_deg=direction)
    exact, read = (wp.output_mw(farm_of(layout, wake, wake_lookup=way), weather) for way in ("exact", "table"))
    points = 100 * (read - exact) / (25 * V80.power_at(speed))
    assert np.abs(points).max() < 1.0
    assert np.quantile(np.abs(points), 0.99) < 0.25
    assert abs(points.mean()) < 0.01


def test_one_wake_by_hand():
    """A machine 7 diameters downwind, full and half inside the wake of one that runs at Ct 0.8."""
    flat = wp.Turbine("flat", 0.3, 70.0, 80.0, [3.0, 25.0], [0.01, 0.3], thrust_speeds_ms=[3.0, 25.0], thrust=[0.8, 0.8])
    pair = wp.WindFarm(flat, x_m=[0.0, 0.0], y_m=[560.0, 0.0], wake=wp.Jensen(k=0.05, induction="momentum"))
    behind = wp.farm_flow(pair, np.array([10.0]), np.array([0.0])).speed_ms[0, 1]
    assert behind == pytest.approx(10 * (1 - (1 - np.sqrt(0.2)) * (40 / 68) ** 2), abs=1e-12)
    # Centres apart by the wake's radius: the rotor's lens, by counting points.
    aside = wp.WindFarm(flat, x_m=[0.0, 68.0], y_m=[560.0, 0.0], wake=wp.Jensen(k=0.05, induction="momentum"))
    deficit = 1 - wp.farm_flow(aside, np.array([10.0]), np.array([0.0])).speed_ms[0, 1] / 10
    grid = (np.arange(2000) + 0.5) / 2000 * 80 - 40
    x, y = np.meshgrid(grid, grid)
    rotor = np.hypot(x, y) < 40
    covered = (np.hypot(x + 68, y) < 68)[rotor].mean()
    assert deficit == pytest.approx((1 - np.sqrt(0.2)) * (40 / 68) ** 2 * covered, rel=1e-3)


winds = st.tuples(st.floats(3.0, 24.0), st.floats(0.0, 360.0))
wakes = st.sampled_from([wp.Jensen(), wp.Jensen(0.04, "linear", "momentum", "local"), wp.Gaussian(), wp.Gaussian(0.05, 0.25, 0.899, "max")])


@settings(max_examples=40)
@given(winds, wakes, st.integers(0, 50), st.integers(2, 12))
def test_wakes_never_gain(wind, wake, seed, machines):
    x, y = cases.scattered(seed, machines, 15.0)
    farm = wp.WindFarm(V80, x_m=x, y_m=y, wake=wake)
    flow = wp.farm_flow(farm, np.array([wind[0]]), np.array([wind[1]]))
    assert (flow.speed_ms >= 0).all()
    assert (flow.speed_ms <= wind[0]).all()
    assert flow.power_mw.sum() <= machines * V80.power_at(np.array([wind[0]]))[0] * (1 + 1e-12)
    # One machine sees the free wind.
    assert flow.speed_ms.max() == wind[0]


@settings(max_examples=40)
@given(winds, wakes, st.integers(0, 50), st.randoms(use_true_random=False))
def test_the_order_of_machines_does_not_matter(wind, wake, seed, random):
    x, y = cases.scattered(seed, 9, 12.0)
    mixed = list(range(9))
    random.shuffle(mixed)
    at = np.array([wind[0]]), np.array([wind[1]])
    plain = wp.farm_flow(wp.WindFarm(V80, x_m=x, y_m=y, wake=wake), *at).speed_ms[0]
    shuffled = wp.farm_flow(wp.WindFarm(V80, x_m=x[mixed], y_m=y[mixed], wake=wake), *at).speed_ms[0]
    np.testing.assert_allclose(shuffled, plain[mixed], rtol=0, atol=1e-9)


@settings(max_examples=40)
@given(winds, wakes, st.integers(0, 50), st.floats(0.0, 360.0), st.floats(-5000.0, 5000.0))
def test_turning_farm_and_wind_together_changes_nothing(wind, wake, seed, turn, shift):
    x, y = cases.scattered(seed, 9, 12.0)
    a = np.deg2rad(turn)
    # Directions run clockwise.
    x2, y2 = x * np.cos(a) + y * np.sin(a) + shift, -x * np.sin(a) + y * np.cos(a) - shift
    plain = wp.farm_flow(wp.WindFarm(V80, x_m=x, y_m=y, wake=wake), np.array([wind[0]]), np.array([wind[1]])).speed_ms
    turned = wp.farm_flow(wp.WindFarm(V80, x_m=x2, y_m=y2, wake=wake), np.array([wind[0]]), np.array([wind[1] + turn])).speed_ms
    np.testing.assert_allclose(turned, plain, rtol=0, atol=1e-6)


def test_rows_of_one_direction_share_geometry_without_changing_it():
    rng = np.random.default_rng(5)
    speed, direction = rng.uniform(4, 20, 60), np.repeat([10.0, 200.0, 10.0], 20)
    farm = farm_of("scattered_1", wp.Gaussian())
    together = wp.farm_flow(farm, speed, direction).speed_ms
    alone = np.array([wp.farm_flow(farm, speed[i : i + 1], direction[i : i + 1]).speed_ms[0] for i in range(60)])
    assert together.tobytes() == alone.tobytes()


def test_a_farm_too_windy_stands_even_where_waked_machines_might_run():
    weather = wp.WindWeather([24.9, 25.3], cases.V80_HUB, direction_deg=270.0)
    assert wp.output_mw(farm_of("grid_3.5D", wp.Jensen()), weather)[1] == 0.0
    assert wp.output_mw(farm_of("grid_3.5D", wp.Jensen(), wake_lookup="table"), weather)[1] == 0.0


def test_what_a_layout_needs():
    with pytest.raises(wp.WindInputError, match=r"closer than one rotor diameter in 1 row.*machines 0 and 1: 50 m"):
        wp.WindFarm(V80, x_m=[0.0, 50.0, 900.0], y_m=[0.0, 0.0, 0.0], wake=wp.Jensen())
    with pytest.raises(wp.WindInputError, match="needs a layout"):
        wp.WindFarm(V80, 5, wake=wp.Jensen())
    with pytest.raises(wp.WindInputError, match="direction_deg: missing"):
        wp.output_mw(farm_of("grid_5D", wp.Jensen()), wp.WindWeather([8.0], 70.0))
    with pytest.raises(wp.WindInputError, match="not one of squared, linear, max"):
        wp.WindFarm(V80, x_m=[0.0, 900.0], y_m=[0.0, 0.0], wake=wp.Jensen(superposition="sum"))
