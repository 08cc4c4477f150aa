"""Against SAM's PVWatts v8 (outputs in `reference`, made by `make_pvwatts_reference`) on three climates.

The issue asks for 0.3 % of the year and 0.25 % RMSE in the SAM-like setting, 2.1 % and 0.8 % in the
stock setting. The SAM-like bounds here are tighter: what is left is SAM's shorter sun algorithm.
"""

import json
from functools import cache
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from energy_pipeline.mathematics.photovoltaics import Irradiance, output_mw
from energy_pipeline_tests.mathematics.photovoltaics.comparing import apart, plant, weather
from energy_pipeline_tests.mathematics.photovoltaics.make_pvwatts_reference import STEPS, snow_depth
from energy_pipeline_tests.mathematics.photovoltaics.typical_years import FILE_MODE, FILES, SETUPS, typical_year

REFERENCE = Path(__file__).parent / "reference"


@cache
def year(site):
    return typical_year(site)


@cache
def columns(site):
    return pl.read_parquet(REFERENCE / f"{site}.parquet")


def reference_mw(site, run, system):
    return columns(site)[run].to_numpy() / STEPS * system.ac_mw


@pytest.mark.parametrize("site", FILES)
@pytest.mark.parametrize("name", SETUPS)
def test_sam_like_setting_is_pvwatts(site, name):
    system = plant(year(site), SETUPS[name], sun_rule="middle")
    energy, rmse = apart(output_mw(system, weather(year(site))), reference_mw(site, name, system), system.ac_mw)
    assert abs(energy) < 0.05
    assert rmse < 0.05


@pytest.mark.parametrize("site", FILES)
@pytest.mark.parametrize("name", FILE_MODE)
def test_default_sun_rule_is_pvwatts_reading_the_file(site, name):
    system = plant(year(site), SETUPS[name])
    energy, rmse = apart(output_mw(system, weather(year(site))), reference_mw(site, f"{name}@file", system), system.ac_mw)
    assert abs(energy) < 0.06
    assert rmse < 0.08


@pytest.mark.parametrize("site", FILES)
@pytest.mark.parametrize("name", ["rack", "roof", "rack_default_gcr_flat_ratio"])
def test_either_sun_rule_is_within_the_issues_bounds_of_either_way_to_run_pvwatts(site, name):
    for rule in ("middle", "sunlit_middle"):
        system = plant(year(site), SETUPS[name], sun_rule=rule)
        for run in {name, f"{name}@file"} & set(columns(site).columns):
            energy, rmse = apart(output_mw(system, weather(year(site))), reference_mw(site, run, system), system.ac_mw)
            assert abs(energy) < 0.3
            assert rmse < 0.25


@pytest.mark.parametrize("site", FILES)
@pytest.mark.parametrize("name", ["rack", "roof", "rack_default_gcr_flat_ratio"])
def test_stock_setting(site, name):
    system = plant(year(site), SETUPS[name], setting="stock", sun_rule="middle")
    energy, rmse = apart(output_mw(system, weather(year(site))), reference_mw(site, name, system), system.ac_mw)
    assert abs(energy) < 2.1
    assert rmse < 0.8


@pytest.mark.parametrize("site", FILES)
def test_snow_is_pvwatts_snow(site):
    depth = snow_depth(year(site))
    system = plant(year(site), SETUPS["rack"], snow=True, sun_rule="middle")
    theirs = reference_mw(site, "rack@snow", system)
    energy, rmse = apart(output_mw(system, weather(year(site), snow_depth_cm=depth)), theirs, system.ac_mw)
    assert theirs.sum() < 0.98 * reference_mw(site, "rack", system).sum()
    assert abs(energy) < 0.05
    assert rmse < 0.05


@pytest.mark.parametrize("site", FILES)
def test_albedo_of_the_weather_is_used(site):
    system = plant(year(site), SETUPS["rack"])
    ours = output_mw(system, weather(year(site), albedo=year(site).albedo))
    energy, rmse = apart(ours, reference_mw(site, "rack@file_albedo", system), system.ac_mw)
    assert abs(energy) < 0.06
    assert rmse < 0.08


@pytest.mark.parametrize("site", FILES)
def test_labels_half_an_hour_off_are_seen(site):
    """The test above can fail: the sun half an hour late costs what the research notes say."""
    system = plant(year(site), SETUPS["roof"], sun_rule="middle")
    late = weather(year(site), start_us=year(site).start_us + 1_800_000_000)
    _, rmse = apart(output_mw(system, late), reference_mw(site, "roof", system), system.ac_mw)
    assert rmse > 1.0


def test_global_on_the_plane_is_not_global_on_the_ground():
    """Document 003 takes GHI for the modules' irradiance; a tilted plant differs by several percent."""
    flat = plant(year("greensboro"), SETUPS["roof"], tilt_deg=0.0)
    tilted = plant(year("greensboro"), SETUPS["roof"])
    both = [output_mw(system, weather(year("greensboro"))).sum() for system in (flat, tilted)]
    assert both[1] > 1.05 * both[0]


@pytest.mark.parametrize("site", FILES)
def test_reference_files_hold_the_engines_energy(site):
    """Rounding in the stored hours loses nothing that matters."""
    stated = json.loads((REFERENCE / "pvwatts.json").read_text(encoding="utf-8"))["full_load_hours"][site]
    for name, hours in stated.items():
        assert columns(site)[name].cast(pl.Float64).sum() / STEPS == pytest.approx(hours, rel=2e-5)


@pytest.mark.parametrize("site", FILES)
def test_global_alone_stays_close(site):
    """Erbs' split of measured global irradiance: the year within 4 % of the measured components."""
    system = plant(year(site), SETUPS["rack"])
    split = output_mw(system, weather(year(site), dni_w_m2=None, dhi_w_m2=None))
    energy, _ = apart(split, output_mw(system, weather(year(site))), system.ac_mw)
    assert abs(energy) < 4.0


@pytest.mark.parametrize("site", FILES)
def test_two_of_three_irradiances_give_the_third(site):
    system = plant(year(site), SETUPS["rack"])
    full = weather(year(site))
    for missing in ("dni_w_m2", "dhi_w_m2"):
        energy, rmse = apart(output_mw(system, weather(year(site), **{missing: None})), output_mw(system, full), system.ac_mw)
        assert abs(energy) < 1.5
        assert rmse < 1.5


@pytest.mark.parametrize("site", FILES)
@pytest.mark.parametrize("minutes", [30, 15])
def test_finer_intervals_keep_the_years_energy(site, minutes):
    system = plant(year(site), SETUPS["rack"])
    parts = 60 // minutes
    start = (year(site).start_us[:, None] + np.arange(parts) * minutes * 60_000_000).reshape(-1)
    columns = ("dni", "dhi", "temperature_c", "wind_ms")
    dni, dhi, air, wind = (np.repeat(getattr(year(site), name), parts) for name in columns)
    fine = output_mw(system, Irradiance(start, minutes, air, wind, dni_w_m2=dni, dhi_w_m2=dhi)).reshape(-1, parts).mean(axis=1)
    energy, rmse = apart(fine, output_mw(system, weather(year(site))), system.ac_mw)
    assert abs(energy) < 0.5
    assert rmse < 0.8
