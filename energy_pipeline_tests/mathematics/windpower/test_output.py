"""Time series: the fused pass against plain numpy, bytes of days and ranges, storms, fleets, bounds."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from energy_pipeline.mathematics import windpower as wp
from energy_pipeline_tests.mathematics.windpower import cases

YEAR = cases.synthetic_year()
N = 1300
"""Not a multiple of the pass's blocks."""
RULES = [
    {},
    {"density_rule": "none", "profile": "power", "shear_exponent": 0.22},
    {"air": "ideal_gas", "profile": "log"},
    {"air": "barometric", "density_rule": "windpowerlib_power_curve"},
    {"density_rule": "windpowerlib_power_curve", "turbulence_intensity": 0.12, "wake_loss_share": 0.05},
]


def weather(first=0, stop=N, **more):
    part = slice(first, stop)
    return wp.WindWeather(
        YEAR["speed"][part],
        10.0,
        upper_speed_ms=YEAR["upper"][part],
        upper_height_m=80.0,
        temperature_c=YEAR["celsius"][part],
        temperature_height_m=2.0,
        pressure_hpa=YEAR["hpa"][part],
        pressure_height_m=-150.0,
        direction_deg=YEAR["direction"][part],
        roughness_m=YEAR["roughness"][part],
        **{"day": np.arange(cases.HOURS)[part] // 24, **more},
    )


def by_numpy(farm, series):
    """The same rules written plainly."""
    speed, density = wp.hub_speed_ms(farm, series), wp.air_density(farm, series)
    at, power = wp.smoothed_curve(farm.turbine, farm.turbulence_intensity, farm.spread_ms)
    if farm.density_rule == "sam":
        mw = np.interp(speed * (density / 1.225) ** (1 / 3), at, power, left=0, right=0)
    elif farm.density_rule == "none":
        mw = np.interp(speed, at, power, left=0, right=0)
    else:
        stretch = np.interp(at, [7.5, 12.5], [1 / 3, 2 / 3])
        mw = np.array([np.interp(v, at * (1.225 / rho) ** stretch, power, left=0, right=0) for v, rho in zip(speed, density, strict=True)])
    return mw * farm.machines * farm.retained_share


@pytest.mark.parametrize("rules", RULES)
@pytest.mark.parametrize("hub", [60.0, 99.0, 140.0])
def test_the_pass_computes_the_plain_rules(rules, hub):
    farm = wp.WindFarm(wp.turbine("E-82/2300", hub), 3, availability=0.98, electrical_loss_share=0.02, **rules)
    np.testing.assert_allclose(wp.output_mw(farm, weather()), by_numpy(farm, weather()), rtol=1e-6, atol=1e-6 * farm.capacity_mw)


def test_points_between_cells_are_honoured():
    """A curve with points off every grid, and very close ones."""
    odd = wp.Turbine("odd", 2.0, 80.0, 90.0, [2.9171, 7.30013, 7.30019, 11.9999, 23.333], [0.01, 0.5, 0.6, 2.0, 1.9])
    speed = np.sort(np.concatenate([np.random.default_rng(0).uniform(0, 25, 5000), odd.speeds_ms, np.nextafter(odd.speeds_ms, 99)]))
    ours = wp.output_mw(wp.WindFarm(odd, density_rule="none"), wp.WindWeather(speed, 80.0))
    np.testing.assert_allclose(ours, odd.power_at(speed), rtol=0, atol=1e-9)


def farms():
    base = wp.turbine("V112/3300", 119.0)
    storm = dataclasses.replace(base, cut_out_ms=14.0, restart_ms=11.0)
    x, y = cases.grid(5.0, 3)
    return {
        "sam": wp.WindFarm(base),
        "stretched": wp.WindFarm(base, density_rule="windpowerlib_power_curve", air="barometric"),
        "log": wp.WindFarm(base, profile="log"),
        "storm": wp.WindFarm(storm),
        "swept": wp.WindFarm(base, x_m=x * 2, y_m=y * 2, wake=wp.Gaussian()),
        "table": wp.WindFarm(storm, x_m=x * 2, y_m=y * 2, wake=wp.Jensen(), wake_lookup="table"),
    }


@pytest.mark.parametrize("name", list(farms()))
def test_a_day_alone_has_the_bytes_of_the_day_in_a_range(name):
    farm = farms()[name]
    whole = wp.output_mw(farm, weather(0, 24 * 60))
    alone = np.concatenate([wp.output_mw(farm, weather(24 * d, 24 * d + 24)) for d in range(60)])
    assert whole.tobytes() == alone.tobytes()
    assert 0 < (whole > 0).sum() < whole.size
    quarter = np.concatenate([wp.output_mw(farm, weather(24 * d, 24 * d + 24 * 4)) for d in range(0, 60, 4)])
    assert whole.tobytes() == quarter.tobytes()


def test_constant_series_give_the_bytes_of_numbers():
    farm, speed = wp.WindFarm(wp.turbine("V112/3300", 119.0)), YEAR["speed"][:100]
    full = {"temperature_c": np.full(100, 8.0), "pressure_hpa": np.full(100, 990.0), "roughness_m": np.full(100, 0.1)}
    single = {"temperature_c": 8.0, "pressure_hpa": 990.0, "roughness_m": 0.1}
    given_whole, given_single = (wp.output_mw(farm, wp.WindWeather(speed, 10.0, **fields)) for fields in (full, single))
    assert given_whole.tobytes() == given_single.tobytes()
    varied = {**full, "roughness_m": np.append(np.full(99, 0.1), 0.2)}
    assert wp.output_mw(farm, wp.WindWeather(speed, 10.0, **varied))[:99].tobytes() == given_whole[:99].tobytes()


def test_storm_hysteresis():
    machine = wp.cubic_turbine(rated_mw=2.0, cut_out_ms=25.0, restart_ms=20.0)
    farm = wp.WindFarm(machine, density_rule="none")
    speed = [24.0, 25.5, 24.0, 21.0, 19.9, 24.0, 25.1, 22.0, 22.0]
    day = [0, 0, 0, 0, 0, 0, 0, 0, 1]
    output = wp.output_mw(farm, wp.WindWeather(speed, 100.0, day=day))
    # Stops above 25, waits for less than 20; the new day starts running.
    assert output.round(6).tolist() == [2.0, 0.0, 0.0, 0.0, 2.0, 2.0, 0.0, 0.0, 2.0]
    at_once = wp.WindFarm(dataclasses.replace(machine, restart_ms=None), density_rule="none")
    assert wp.output_mw(at_once, wp.WindWeather(speed, 100.0)).round(6).tolist() == [2.0, 0.0, 2.0, 2.0, 2.0, 2.0, 0.0, 2.0, 2.0]
    with pytest.raises(wp.WindInputError, match=r"day: missing.*starts anew"):
        wp.output_mw(farm, wp.WindWeather(speed, 100.0))


def test_hub_speed_rules():
    farm = wp.WindFarm(wp.turbine("V112/3300", 119.0))
    pair = wp.WindWeather([5.0, 5.0, 6.0, 0.0], 10.0, upper_speed_ms=[8.0, 30.0, 5.0, 0.0], upper_height_m=80.0)
    measured = wp.hub_speed_ms(farm, pair)
    # From the upper height, as it is nearer; exponents outside 0 .. 0.6 are cut.
    exponent = np.log(8 / 5) / np.log(8)
    np.testing.assert_allclose(measured, [8 * (119 / 80) ** exponent, 30 * (119 / 80) ** 0.6, 5.0, 0.0])
    between = wp.WindFarm(wp.turbine("V112/3300", 40.0))
    # Between the heights the law interpolates, whatever the exponent.
    inside = wp.hub_speed_ms(between, pair)[:3]
    assert ((inside > [5, 5, 5]) & (inside < [8, 30, 6])).all()
    assert wp.profile_of(farm, wp.WindWeather([5.0], 10.0, roughness_m=0.1)) == "log"
    assert wp.profile_of(farm, wp.WindWeather([5.0], 10.0)) == "power"


def test_pressure_of_the_standard_atmosphere_stands_in():
    mountain = wp.WindFarm(wp.turbine("V112/3300", 119.0), elevation_m=1500.0)
    low = wp.WindFarm(wp.turbine("V112/3300", 119.0))
    no_pressure = wp.WindWeather([8.0], 119.0, temperature_c=5.0)
    assert wp.air_density(mountain, no_pressure) == pytest.approx(wp.air_density(low, no_pressure) * 0.834, rel=2e-3)
    assert wp.output_mw(mountain, no_pressure)[0] < wp.output_mw(low, no_pressure)[0]


def test_a_fleet_is_its_sites():
    names = ["V112/3300", "E-82/2300", "N117/2400", "SWT130/3600"]
    farms_ = [wp.WindFarm(wp.turbine(name, 100.0), count=k + 1) for k, name in enumerate(names)]
    rng = np.random.default_rng(2)
    speed = np.ascontiguousarray(rng.weibull(2.0, (4, N)) * 6).astype(np.float32)
    fleet = wp.WindWeather(speed, 10.0, temperature_c=YEAR["celsius"][:N], pressure_hpa=np.full((4, 1), 980.0)[0, 0])
    together = wp.fleet_output_mw(farms_, fleet)
    assert together.dtype == np.float32
    assert together.shape == (4, N)
    singles = [wp.output_mw(farm, fleet.site(k)) for k, farm in enumerate(farms_)]
    assert together.tobytes() == np.array(singles).astype(np.float32).tobytes()
    lazily = wp.fleet_output_mw(farms_, (fleet.site(k) for k in range(4)), out=np.empty((4, N), dtype=np.float32))
    assert lazily.tobytes() == together.tobytes()


def test_a_fleet_lists_every_bad_site():
    farms_ = [wp.WindFarm(wp.turbine("V112/3300", 100.0), density_rule="none")] * 3
    speed = np.full((3, 5), 8.0)
    speed[0, 2], speed[2, 4] = -999.0, np.nan
    with pytest.raises(wp.WindInputError) as caught:
        wp.fleet_output_mw(farms_, wp.WindWeather(speed, 100.0))
    assert "site 0: speed_ms: outside 0 .. 75 m/s in 1 row(s), e.g. row 2: -999" in str(caught.value)
    assert "site 2: speed_ms: missing in 1 row(s), e.g. row 4" in str(caught.value)
    with pytest.raises(wp.WindInputError, match="one weather series per farm"):
        wp.fleet_output_mw(farms_, wp.WindWeather(np.full((2, 5), 8.0), 100.0))


@settings(max_examples=60)
@given(
    st.lists(st.floats(0.0, 60.0), min_size=2, max_size=40),
    st.sampled_from(["V112/3300", "E-126/4200", "AD116/5000", "S126/6150"]),
    st.sampled_from(RULES[:1] + RULES[3:]),
    st.floats(-30.0, 45.0),
    st.floats(700.0, 1050.0),
)
def test_output_is_within_capacity(speeds, name, rules, celsius, hpa):
    farm = wp.WindFarm(wp.turbine(name, 100.0), 2, **rules)
    output = wp.output_mw(farm, wp.WindWeather(speeds, 100.0, temperature_c=celsius, pressure_hpa=hpa))
    assert (output >= 0).all()
    assert (output <= farm.capacity_mw * (1 + 1e-12)).all()


@settings(max_examples=60)
@given(st.sampled_from(wp.turbine_names()), st.sampled_from(RULES[:1] + RULES[3:]), st.floats(-20.0, 35.0), st.floats(800.0, 1050.0))
def test_more_wind_is_no_less_output_below_rated(name, rules, celsius, hpa):
    machine = wp.turbine(name, 100.0)
    top = machine.speeds_ms[np.argmax(machine.power_mw)]
    rising = machine.speeds_ms[1:][np.diff(machine.power_mw) < 0]
    top = min([top, *rising])
    speed = np.linspace(0.0, 0.85 * top, 400)
    output = wp.output_mw(wp.WindFarm(machine, **rules), wp.WindWeather(speed, 100.0, temperature_c=celsius, pressure_hpa=hpa))
    # Smoothing sees what lies beyond the top: only the unsmoothed curve must rise.
    if "turbulence_intensity" not in rules:
        assert (np.diff(output) >= -1e-12).all()


def test_denser_air_gives_no_less_below_rated():
    for rule in ("sam", "windpowerlib_power_curve"):
        farm = wp.WindFarm(wp.turbine("V112/3300", 100.0), density_rule=rule)
        speed = np.linspace(3.5, 10.0, 50)
        thin, dense = (wp.output_mw(farm, wp.WindWeather(speed, 100.0, temperature_c=15.0, pressure_hpa=p)) for p in (900.0, 1030.0))
        assert (dense > thin).all()


def test_missing_may_stay_missing_but_nothing_else():
    farm = wp.WindFarm(wp.turbine("V112/3300", 100.0))
    speed, warm = np.array([8.0, np.nan, 8.0]), np.array([10.0, 10.0, np.nan])
    output = wp.output_mw(farm, wp.WindWeather(speed, 100.0, temperature_c=warm, pressure_hpa=1000.0), missing="nan")
    assert np.isnan(output).tolist() == [False, True, True]
    with pytest.raises(wp.WindInputError, match="missing in 1 row"):
        wp.output_mw(farm, wp.WindWeather(speed, 100.0, temperature_c=10.0, pressure_hpa=1000.0))
    with pytest.raises(wp.WindInputError, match="looks like Kelvin"):
        wp.output_mw(farm, wp.WindWeather(speed, 100.0, temperature_c=283.0, pressure_hpa=1000.0), missing="nan")
