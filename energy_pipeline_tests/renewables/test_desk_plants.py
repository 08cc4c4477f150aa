"""Plants as a desk file states them, against the reference engines; what is missing or wrong is said and stays with its plant and day."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from energy_pipeline.desk.load import load_desk
from energy_pipeline.desk.model import PvPlant, WeatherLocation, WindPlant
from energy_pipeline.domain.errors import DeskError
from energy_pipeline.mathematics import windpower
from energy_pipeline.renewables.sun_plants import pv_output
from energy_pipeline.renewables.wind_plants import farm_problems, wind_output
from energy_pipeline_tests.mathematics.photovoltaics.comparing import apart
from energy_pipeline_tests.mathematics.photovoltaics.make_pvwatts_reference import STEPS, snow_depth
from energy_pipeline_tests.mathematics.photovoltaics.typical_years import FILES, typical_year
from energy_pipeline_tests.mathematics.windpower import cases
from energy_pipeline_tests.renewables.hand_made import TINY, tiny_desk

REFERENCE = Path(__file__).resolve().parents[1] / "mathematics"
EPOCH_ORDINAL = 719163
HOUR_US = 3_600_000_000
CASE = "noj"
WIND = {"kind": "wind", "zone": "NORTH", "location": "coast", "capacity_mw": 10.0, "hub_height_m": 100.0}


def roof(year, **changes):
    """PVWatts' roof in the desk file's words: 1 MW of modules, 14.08 % of losses."""
    told = {"tilt_deg": 30, "azimuth_deg": 180, "noct_c": 49, "row_self_shading": False, "temperature_coefficient_per_c": -0.0037}
    kept = {"retained_share": 0.96 * (1.0 - 0.140757), "elevation_m": year.altitude_m, "peak_mw": 1.0, "inverter_mw": 1.0 / 1.2}
    return PvPlant(kind="pv", zone="Z", location="here", **(told | kept | changes))


def sun(year, *lights):
    """The year's weather with some of its lights."""
    light = {"ghi_w_m2": year.ghi, "dni_w_m2": year.dni, "dhi_w_m2": year.dhi}
    return {"temperature_c": year.temperature_c, "wind_speed_ms": year.wind_ms} | {name: light[name] for name in lights}


def of_sun(year, weather, plant=None, **options):
    place = WeatherLocation(latitude_deg=year.latitude_deg, longitude_deg=year.longitude_deg)
    return pv_output(plant or roof(year), place, year.start_us, 60, weather, day=year.start_us // (24 * HOUR_US) + EPOCH_ORDINAL, **options)


@pytest.mark.parametrize("site", FILES)
def test_a_desk_plant_is_pvwatts_with_three_lights_and_close_with_one(site):
    year, plant = typical_year(site), roof(typical_year(site))
    theirs = pl.read_parquet(REFERENCE / "photovoltaics" / "reference" / f"{site}.parquet")["roof"].to_numpy() / STEPS * plant.inverter_mw
    three = of_sun(year, sun(year, "ghi_w_m2", "dni_w_m2", "dhi_w_m2"), step_minutes=15)
    one = of_sun(year, sun(year, "ghi_w_m2"), step_minutes=15)
    assert three.method == "physical"
    assert all("replaced by direct and diffuse" in note for note in three.notes)
    assert one.method == "physical_split"
    assert "DISC" in one.notes[-1]
    for made, most_energy, most_rmse in ((three, 0.3, 0.25), (one, 0.3, 1.6 if site == "sand_point" else 1.05)):
        energy, rmse = apart(made.output_mw.reshape(-1, 4).mean(axis=1), theirs, plant.inverter_mw)
        assert abs(energy) < most_energy
        assert rmse < most_rmse


def test_one_row_too_bright_costs_its_day_and_a_hole_at_night_nothing_else():
    year = typical_year("miami")
    weather = sun(year, "ghi_w_m2", "dni_w_m2", "dhi_w_m2")
    whole = of_sun(year, weather).output_mw
    bright = {**weather, "ghi_w_m2": np.where(np.arange(8760) == 24 * 100 + 17, 2000.0, year.ghi)}
    spoilt = of_sun(year, {**bright, "dni_w_m2": np.full(8760, np.nan)})
    assert np.isnan(spoilt.output_mw).sum() <= 24
    assert "more than the sun gives" in " ".join(spoilt.notes)
    dark = np.isin(np.arange(8760), 24 * 50 + np.arange(4) + 5)  # 00 to 04 of a night
    holed = of_sun(year, {name: np.where(dark, np.nan, values) for name, values in weather.items()}).output_mw
    assert np.isnan(holed).sum() <= 24
    np.testing.assert_allclose(holed[~np.isnan(holed)], whole[~np.isnan(holed)], atol=1e-9)


def test_what_the_weather_lacks_is_said():
    year = typical_year("miami")
    weather = sun(year, "ghi_w_m2", "dni_w_m2", "dhi_w_m2")
    calm = of_sun(year, {k: v for k, v in weather.items() if k != "wind_speed_ms"})
    assert calm.method == "physical_assumed"
    assert "wind_speed_ms not known in 8760" in calm.notes[0]
    cold = of_sun(year, {k: v for k, v in weather.items() if k != "temperature_c"})
    assert np.isnan(cold.output_mw).all()
    assert cold.notes == ("no temperature_c in the weather",)


def test_snow_takes_what_pvwatts_says_where_the_desk_asks_for_it():
    year = typical_year("greensboro")
    plant = roof(year, noct_c=45, row_self_shading=True, snow_loss=True)
    weather = sun(year, "ghi_w_m2", "dni_w_m2", "dhi_w_m2")
    theirs = pl.read_parquet(REFERENCE / "photovoltaics" / "reference" / "greensboro.parquet")["rack@snow"].to_numpy() / STEPS * plant.inverter_mw
    snowy = of_sun(year, weather | {"snow_depth_cm": snow_depth(year)}, plant, step_minutes=15)
    energy, rmse = apart(snowy.output_mw.reshape(-1, 4).mean(axis=1), theirs, plant.inverter_mw)
    assert abs(energy) < 0.3
    assert rmse < 1.5  # a row slides an hour earlier or later
    unknown = of_sun(year, weather, plant)
    assert unknown.method == "physical_assumed"
    assert "snow_depth_cm not known in 8760" in unknown.notes[0]
    assert unknown.output_mw.sum() > 1.02 * snowy.output_mw.mean() * 8760


def farm(**changes):
    return WindPlant(**({**WIND, "retained_share": 1.0} | changes))


def blown(plant, speed, height=100.0, **weather):
    return wind_output(plant, np.full(speed.size, 738_000), {height: speed}, {k: np.broadcast_to(v, speed.shape) for k, v in weather.items()})


def test_a_turbine_or_curve_of_the_desk_is_windpowerlibs():
    rows = pl.read_parquet(REFERENCE / "windpower" / "reference" / "windpowerlib.parquet")
    assert {"speed_ms"} <= set(rows.columns) or rows.height  # the file is there
    speeds = np.linspace(0.0, 26.0, 521)
    machine = windpower.turbine("E-126/4200", 135.0)
    curve = tuple(zip(machine.speeds_ms.tolist(), machine.power_mw.tolist(), strict=True))
    for told in ({"turbine": "E-126/4200"}, {"power_curve": curve}):
        plant = farm(hub_height_m=135.0, capacity_mw=machine.peak_mw, turbines=1, density_rule="none", **told)
        found = blown(plant, speeds, 135.0)
        assert (found.method, found.notes) == ("physical", ())
        theirs = np.interp(speeds, machine.speeds_ms, machine.power_mw, left=0.0, right=0.0)  # windpowerlib's power_curve
        np.testing.assert_allclose(found.output_mw, theirs, rtol=1e-4, atol=1e-9)


def test_wakes_follow_the_hours_direction_as_in_pywake():
    frame = pl.read_parquet(REFERENCE / "windpower" / "reference" / "pywake_farm.parquet")
    name, layout = next((n, lay) for n, lay in frame.select("case", "layout").unique(maintain_order=True).iter_rows() if n == CASE)
    x, y = cases.LAYOUTS[layout]
    plant = farm(
        hub_height_m=cases.V80_HUB, capacity_mw=50.0, layout_m=tuple(zip(x.tolist(), y.tolist(), strict=True)), wake="jensen", density_rule="none",
        rotor_diameter_m=cases.V80_DIAMETER, power_curve=tuple(zip(cases.V80_SPEEDS, cases.V80_KW / 1000.0, strict=True)),
        thrust_curve=tuple(zip(cases.V80_SPEEDS, cases.V80_CT, strict=True)),
    )  # fmt: skip
    rows = frame.filter(case=name, layout=layout)
    speed, direction = rows["speed_ms"].to_numpy(), rows["direction_deg"].to_numpy()
    found = blown(plant, speed, cases.V80_HUB, direction_deg=direction)
    assert (found.method, found.notes) == ("physical", ())
    by_rose = blown(plant, speed, cases.V80_HUB)
    assert by_rose.method == "physical_assumed"
    assert "wakes are the rose's mean" in by_rose.notes[0]
    free = blown(plant.model_copy(update={"wake": "none"}), speed, cases.V80_HUB).output_mw
    off, off_by_rose = (100 * np.abs(made.output_mw - rows["farm_mw"].to_numpy()) / np.maximum(free, 1.0) for made in (found, by_rose))
    assert off.max() < 0.5 < off_by_rose.max()


def test_the_generic_curve_lies_among_the_machines_of_its_specific_power():
    speeds = np.arange(0.05, 30.0, 0.1)
    off = []
    for name in windpower.turbine_names():
        machine = windpower.turbine(name, 100.0)
        specific = machine.rated_mw * 1e6 / machine.swept_area_m2
        generic = windpower.generic_turbine(rated_mw=machine.rated_mw, hub_height_m=100.0, specific_power_w_m2=specific)
        often = speeds / 7.5**2 * np.exp(-np.pi / 4.0 * (speeds / 7.5) ** 2)
        off.append(float((generic.power_at(speeds) * often).sum() / (machine.power_at(speeds) * often).sum()) - 1.0)
    assert len(off) == 63
    assert abs(np.mean(off)) < 0.01
    assert np.mean(np.abs(off)) < 0.025


def test_a_farm_without_a_turbine_is_no_worse_than_the_machines_and_says_what_it_took():
    speeds = np.random.default_rng(1).weibull(2.0, 4000) * 7.2
    share = blown(farm(density_rule="none"), speeds)
    assert share.method == "physical_assumed"
    assert "generic curve of 320 W/m2" in share.notes[0]
    real = [float((windpower.turbine(n, 100.0).power_at(speeds) / windpower.turbine(n, 100.0).rated_mw).mean()) for n in windpower.turbine_names()]
    assert np.quantile(real, 0.25) < share.output_mw.mean() / 10.0 < np.quantile(real, 0.75)
    assert blown(farm(density_rule="none", specific_power_w_m2=320), speeds).method == "physical"


def test_thin_air_counts_by_default_and_an_unknown_temperature_is_said():
    speeds = np.full(4, 8.0)
    low, high = (blown(farm(turbine="generic", elevation_m=z), speeds, temperature_c=5.0).output_mw.mean() for z in (0.0, 1500.0))
    assert 0.80 < high / low < 0.88
    measured = blown(farm(turbine="generic", elevation_m=0.0), speeds, temperature_c=5.0, pressure_hpa=845.6).output_mw.mean()
    assert measured == pytest.approx(high, rel=1e-3)
    unknown = blown(farm(turbine="generic"), speeds)
    assert unknown.method == "physical_assumed"
    assert "temperature_c not known in 4" in unknown.notes[0]
    assert not np.isnan(unknown.output_mw).any()


def test_hub_wind_comes_from_the_nearest_heights_of_each_interval():
    plant = farm(turbine="generic", density_rule="none", hub_height_m=115.0)
    power_law = {h: 8.0 * (np.full(6, h) / 115.0) ** 0.2 for h in (10.0, 100.0, 120.0)}
    whole = wind_output(plant, np.full(6, 738_000), power_law, {})
    hub = blown(plant, np.full(6, 8.0), 115.0)
    np.testing.assert_allclose(whole.output_mw, hub.output_mw, rtol=1e-3)
    holed = {h: np.where((np.arange(6) == 2) & (h > 100.0), np.nan, v) for h, v in power_law.items()}
    found = wind_output(plant, np.full(6, 738_000), holed, {})
    np.testing.assert_allclose(found.output_mw, hub.output_mw, rtol=1e-3)
    assert found.method == "physical_assumed"
    assert "not known in 1 interval(s)" in found.notes[0]


@pytest.mark.parametrize(
    "wrong", [{"turbine": "V150/4200"}, {"turbine": "cubic", "rated_ms": 2.0}, {"turbine": "generic", "restart_ms": 30.0}], ids=lambda w: w["turbine"]
)
def test_a_mistake_in_one_plant_is_its_own_and_doctor_tells_it(wrong):
    desk = tiny_desk(plants={"good": WIND | {"turbine": "generic"}, "bad": WIND | wrong})
    (problem,) = farm_problems(desk)
    assert problem.startswith("plants.bad: ")
    found = blown(desk.plants["bad"], np.full(4, 8.0), temperature_c=15.0)
    assert found.is_stand_in
    assert "settings cannot be" in found.notes[0]
    assert found.output_mw.mean() > 1.0


def test_a_curve_beside_the_desk_file_is_read_and_a_bad_one_named(tmp_path):
    text = TINY.read_text(encoding="utf-8").replace("turbine: cubic", "power_curve: curve.csv")
    (tmp_path / "desk.yaml").write_text(text, encoding="utf-8")
    (tmp_path / "curve.csv").write_text("# made up\nwind_speed_ms;power_kw\n3;0\n12,5;4200\n25;4200\n", encoding="utf-8")
    assert load_desk(tmp_path / "desk.yaml").plants["coast_wind"].power_curve == ((3.0, 0.0), (12.5, 4.2), (25.0, 4.2))
    (tmp_path / "curve.csv").write_text("wind_speed_ms,power_kw\n3,0\n12,5,4200,0\n", encoding="utf-8")
    with pytest.raises(DeskError, match=r"row 3: '12,5,4200,0' has 4 cells, the head has 2"):  # not 12 m/s and 5 kW
        load_desk(tmp_path / "desk.yaml")
    (tmp_path / "curve.csv").write_text("speed,power\n3,0\n", encoding="utf-8")
    with pytest.raises(DeskError, match=r"plants\.coast_wind\.power_curve: .*curve\.csv: columns speed, power; needed are wind_speed_ms"):
        load_desk(tmp_path / "desk.yaml")


def test_a_wind_plant_needs_the_height_of_its_wind():
    with pytest.raises(DeskError, match=r"weather\.coast\.wind_height_m: missing; plants\.good is computed from wind at this height"):
        tiny_desk(plants={"good": WIND}, weather={n: {"latitude_deg": 50, "longitude_deg": 9} for n in ("coast", "valley")})
