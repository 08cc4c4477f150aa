"""What must hold for any plant and any weather."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from energy_pipeline.renewables.photovoltaics import Irradiance, PvSystem, output_mw, sun_position

START = int(np.datetime64("2026-01-01", "us").astype(np.int64))

plants = st.builds(
    PvSystem,
    latitude_deg=st.floats(-75, 75),
    longitude_deg=st.floats(-179, 179),
    altitude_m=st.floats(0, 3000),
    dc_mw=st.floats(0.01, 300),
    ac_mw=st.floats(0.01, 300),
    mounting=st.sampled_from(["fixed", "single_axis"]),
    tilt_deg=st.floats(0, 90),
    azimuth_deg=st.floats(0, 360),
    limit_angle_deg=st.floats(10, 80),
    ground_coverage_ratio=st.sampled_from([0.2, 0.4, 0.6]),
    backtracking=st.booleans(),
    row_self_shading=st.booleans(),
    setting=st.sampled_from(["sam_like", "stock"]),
    cell_temperature_model=st.sampled_from(["noct", "noct_sam", "sapm"]),
    module_type=st.sampled_from(["standard", "premium", "thin_film"]),
    losses_share=st.floats(0, 0.5),
    albedo=st.floats(0, 1),
    sun_rule=st.sampled_from(["middle", "sunlit_middle", "pvlib_middle"]),
)
days = st.integers(0, 365 * 3)
seeds = st.integers(0, 10_000)


def weather(day, seed, minutes=60, **given_names):
    """Any weather, sun or not: components are drawn without looking at the sun."""
    random = np.random.default_rng(seed)
    count = 24 * 60 // minutes
    columns = {"dni_w_m2": random.uniform(0, 1000, count), "dhi_w_m2": random.uniform(0, 500, count)} | given_names
    start = START + day * 86_400_000_000 + np.arange(count) * minutes * 60_000_000
    return Irradiance(start, minutes, random.uniform(-30, 45, count), random.uniform(0, 25, count), **columns)


@given(plants, days, seeds)
@settings(max_examples=150)
def test_never_negative_never_above_the_rating_always_finite(plant, day, seed):
    for sky in (weather(day, seed), weather(day, seed, dni_w_m2=None, dhi_w_m2=None, ghi_w_m2=np.random.default_rng(seed).uniform(0, 1300, 24))):
        mw = output_mw(plant, sky)
        assert np.isfinite(mw).all()
        assert mw.min() >= 0.0
        assert mw.max() <= plant.ac_mw


@given(plants, days, seeds)
@settings(max_examples=100)
def test_nothing_at_night(plant, day, seed):
    sky = weather(day, seed)
    edges = np.append(sky.start_us, sky.start_us[-1] + 3_600_000_000)
    down = sun_position(plant.latitude_deg, plant.longitude_deg, edges, 0, rule="middle").zenith_deg > 91.0
    middle = sun_position(plant.latitude_deg, plant.longitude_deg, sky.start_us, 60, rule="middle").zenith_deg > 91.0
    assert (output_mw(plant, sky)[down[:-1] & down[1:] & middle] == 0.0).all()


@given(plants, days, seeds, st.floats(0.0, 0.4), st.sampled_from(["losses_share", "poa_soiling_share", "ac_losses_share"]))
@settings(max_examples=100)
def test_more_losses_never_give_more(plant, day, seed, more, name):
    sky = weather(day, seed)
    base = plant.with_(**{name: 0.1})
    # Soil also cools the cells: at very low light that may win back a part in a thousand.
    slack = 1e-3 * plant.dc_mw if name == "poa_soiling_share" else 1e-12
    assert (output_mw(base.with_(**{name: 0.1 + more}), sky) <= output_mw(base, sky) + slack).all()


@given(plants, days, seeds)
@settings(max_examples=60)
def test_quarters_of_equal_weather_have_about_the_hours_energy(plant, day, seed):
    """The sun moves within the hour, so quarters differ; with diffuse light only they add up."""
    # More diffuse light than a low sun can give would make Perez' sky run away with the air mass.
    hourly = weather(day, seed, dni_w_m2=np.zeros(24), dhi_w_m2=np.random.default_rng(seed).uniform(0, 150, 24))
    start = hourly.start_us[:, None] + np.arange(4) * 900_000_000
    repeated = {name: np.repeat(getattr(hourly, name), 4) for name in ("dni_w_m2", "dhi_w_m2", "temperature_c", "wind_speed_ms")}
    quarters = output_mw(plant, Irradiance(start.reshape(-1), 15, **repeated)).reshape(-1, 4).mean(axis=1)
    place = sun_position(plant.latitude_deg, plant.longitude_deg, hourly.start_us, 60, rule="middle")
    high = place.zenith_deg < 70.0
    assert np.abs(quarters - output_mw(plant, hourly))[high].max(initial=0.0) < 0.02 * plant.dc_mw


@given(plants, days, seeds)
@settings(max_examples=60)
def test_same_input_same_bytes(plant, day, seed):
    sky = weather(day, seed)
    assert output_mw(plant, sky).tobytes() == output_mw(plant, sky).tobytes()


@given(plants, days, seeds, st.floats(-20, 20))
@settings(max_examples=60)
def test_a_warmer_day_gives_less(plant, day, seed, warmer):
    """The sign the document has wrong: power falls with temperature."""
    sky = weather(day, seed)
    hot = Irradiance(sky.start_us, 60, sky.temperature_c + abs(warmer), sky.wind_speed_ms, dni_w_m2=sky.dni_w_m2, dhi_w_m2=sky.dhi_w_m2)
    # Refraction is a little weaker in warm air: allow its share near the horizon.
    assert output_mw(plant, hot).sum() <= output_mw(plant, sky).sum() + 1e-3 * plant.dc_mw
