"""Fleets: the same bytes alone, together, by chunks, by days; never above a rating; plants' mistakes."""

import numpy as np
import pytest

from energy_pipeline.mathematics.photovoltaics import Irradiance, PvSystem, PvSystemError, WeatherError, detail, fleet_output_mw, output_mw
from energy_pipeline_tests.mathematics.photovoltaics.comparing import weather
from energy_pipeline_tests.mathematics.photovoltaics.typical_years import typical_year

YEAR = typical_year("greensboro")
NAMES = {"dni_w_m2": YEAR.dni, "dhi_w_m2": YEAR.dhi, "temperature_c": YEAR.temperature_c, "wind_speed_ms": YEAR.wind_ms}


def fleet(count):
    random = np.random.default_rng(5)
    return [
        PvSystem(
            latitude_deg=36.0 + random.uniform(-1, 1),
            longitude_deg=-80.0 + random.uniform(-1, 1),
            dc_mw=float(random.uniform(0.7, 1.6)),
            ac_mw=float(random.choice([0.1, 0.7, 1.0])),
            tilt_deg=float(random.uniform(0, 60)),
            azimuth_deg=float(random.uniform(90, 270)),
            mounting=str(random.choice(["fixed", "single_axis"])),
            setting=str(random.choice(["sam_like", "stock"])),
        )
        for _ in range(count)
    ]


def days(first, count):
    return slice(24 * first, 24 * (first + count))


def rows(part, sites):
    random = np.random.default_rng(9)
    factors = random.uniform(0.7, 1.0, sites)[:, None]
    return {name: (values[part] * factors if name.endswith("w_m2") else np.tile(values[part], (sites, 1))) for name, values in NAMES.items()}


def test_a_plant_in_a_fleet_is_the_plant_alone():
    systems, part = fleet(6), days(100, 20)
    arrays = rows(part, 6)
    together = fleet_output_mw(systems, arrays, YEAR.start_us[part], 60)
    assert together.dtype == np.float32
    for k, system in enumerate(systems):
        one = Irradiance(YEAR.start_us[part], 60, **{name: array[k] for name, array in arrays.items()})
        alone = fleet_output_mw([system], [one], YEAR.start_us[part], 60)
        assert alone[0].tobytes() == together[k].tobytes()
        assert together[k] == pytest.approx(output_mw(system, one), rel=1e-6, abs=1e-7)


def test_a_day_alone_has_the_bytes_it_has_in_the_range():
    systems = fleet(4)
    whole = fleet_output_mw(systems, rows(days(0, 365), 4), YEAR.start_us, 60)
    alone = output_mw(systems[0], weather(YEAR))
    for first in (0, 59, 200, 364):
        part = days(first, 1)
        arrays = {name: array[:, part] for name, array in rows(days(0, 365), 4).items()}
        assert fleet_output_mw(systems, arrays, YEAR.start_us[part], 60).tobytes() == np.ascontiguousarray(whole[:, part]).tobytes()
        one = Irradiance(YEAR.start_us[part], 60, YEAR.temperature_c[part], YEAR.wind_ms[part], dni_w_m2=YEAR.dni[part], dhi_w_m2=YEAR.dhi[part])
        assert output_mw(systems[0], one).tobytes() == alone[part].tobytes()


def test_chunks_change_nothing():
    systems, part = fleet(3), days(30, 10)
    sizes = [fleet_output_mw(systems, rows(part, 3), YEAR.start_us[part], 60, chunk_intervals=size) for size in (7, 24, 10_000)]
    assert sizes[0].tobytes() == sizes[1].tobytes() == sizes[2].tobytes()


def test_shared_weather_and_given_output(tmp_path):
    systems, part = fleet(3), days(200, 5)
    shared = {name: values[part] for name, values in NAMES.items()}
    out = np.memmap(tmp_path / "out.f4", dtype=np.float32, mode="w+", shape=(3, 120))
    fleet_output_mw(systems, shared, YEAR.start_us[part], 60, out=out)
    each = fleet_output_mw(systems, {name: np.tile(v, (3, 1)) for name, v in shared.items()}, YEAR.start_us[part], 60)
    assert out.tobytes() == each.tobytes()


def test_single_precision_does_not_exceed_the_rating():
    system = PvSystem(latitude_deg=36.0, longitude_deg=-80.0, dc_mw=1.0, ac_mw=0.1)
    mw = fleet_output_mw([system], NAMES, YEAR.start_us, 60)
    assert mw.max() > 0.0999999
    assert float(mw.max()) <= 0.1


def test_snow_goes_by_chunks_as_in_one_piece():
    systems = [fleet(1)[0].with_(snow=True, mounting="fixed", tilt_deg=30.0)]
    part = days(0, 60)
    depth = np.floor(np.arange(1440) / 24.0) % 7.0 * 5.0
    arrays = {name: values[part] for name, values in NAMES.items()} | {"snow_depth_cm": depth}
    pieces = [fleet_output_mw(systems, arrays, YEAR.start_us[part], 60, chunk_intervals=size) for size in (100, 5000)]
    assert pieces[0].tobytes() == pieces[1].tobytes()
    bare = fleet_output_mw([systems[0].with_(snow=False)], arrays, YEAR.start_us[part], 60)
    assert pieces[0].sum() < 0.9 * bare.sum()
    with pytest.raises(WeatherError, match="snow_depth_cm"):
        fleet_output_mw(systems, {name: values[part] for name, values in NAMES.items()}, YEAR.start_us[part], 60)


def test_missing_weather_is_an_error_with_rows():
    holed = YEAR.temperature_c.copy()
    holed[[5, 17]] = np.nan
    with pytest.raises(WeatherError, match="temperature_c: not finite in 2 row") as caught:
        output_mw(fleet(1)[0], weather(YEAR, temperature_c=holed))
    assert "row 5" in str(caught.value)
    with pytest.raises(WeatherError, match="plant 1"):
        fleet_output_mw(fleet(2), NAMES | {"temperature_c": np.vstack([YEAR.temperature_c, holed])}, YEAR.start_us, 60)


def test_weather_over_other_intervals_is_an_error():
    systems = fleet(2)
    moved = weather(YEAR, start_us=YEAR.start_us + 3_600_000_000)
    with pytest.raises(WeatherError, match="plant 1: other intervals"):
        fleet_output_mw(systems, [weather(YEAR), moved], YEAR.start_us, 60)
    with pytest.raises(WeatherError, match="one row per plant"):
        fleet_output_mw(systems, NAMES | {"dni_w_m2": np.zeros((3, 8760))}, YEAR.start_us, 60)
    with pytest.raises(WeatherError, match="one Irradiance per plant"):
        fleet_output_mw(systems, [weather(YEAR)], YEAR.start_us, 60)


def test_read_only_arrays_are_fine():
    part = days(180, 2)
    arrays = {name: values[part].copy() for name, values in NAMES.items()}
    writable = fleet_output_mw(fleet(1), arrays, YEAR.start_us[part], 60)
    for values in arrays.values():
        values.setflags(write=False)
    assert fleet_output_mw(fleet(1), arrays, YEAR.start_us[part], 60).tobytes() == writable.tobytes()


def test_no_irradiance_is_an_error():
    with pytest.raises(WeatherError, match="give ghi_w_m2"):
        output_mw(fleet(1)[0], weather(YEAR, ghi_w_m2=None, dni_w_m2=None))


def test_detail_adds_up():
    system = PvSystem(latitude_deg=36.1, longitude_deg=-79.95)
    steps = detail(system, weather(YEAR))
    assert steps["ac_mw"].tobytes() == output_mw(system, weather(YEAR)).tobytes()
    assert (steps["ac_mw"] <= steps["dc_mw"] + 1e-12).all()
    assert steps["plane_w_m2"].max() > 900


def test_all_mistakes_of_a_plant_are_named_at_once():
    with pytest.raises(PvSystemError) as caught:
        PvSystem(latitude_deg=95.0, longitude_deg=0.0, dc_mw=0.0, temperature_coefficient_per_c=0.004, losses_share=1.2, mounting="floating")
    assert len(caught.value.problems) == 5
    assert "negative" in str(caught.value)
