"""Against SAM's Windpower and windpowerlib, hour by hour over a year (files made by make_reference.py)."""

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from energy_pipeline.mathematics import windpower as wp
from energy_pipeline_tests.mathematics.windpower import cases

REFERENCE = Path(__file__).resolve().parent / "reference"


@pytest.fixture(scope="module")
def years():
    spec = find_spec("pvlib")
    assert spec is not None
    assert spec.origin is not None
    typical = cases.typical_year(Path(spec.origin).parent / "data")
    return {"synthetic": cases.synthetic_year(), "typical": {**typical, "roughness": np.full(cases.HOURS, 0.15)}}


def at_hub(year, height):
    """Weather as SAM reads it: temperature and pressure are taken to be those at the hub."""
    return wp.WindWeather(year["speed"], height, temperature_c=year["celsius"], pressure_hpa=year["hpa"])


def at_ground(year, *, roughness=True):
    """Weather as windpowerlib's examples have it."""
    return wp.WindWeather(
        year["speed"],
        10.0,
        temperature_c=year["celsius"],
        temperature_height_m=2.0,
        pressure_hpa=year["hpa"],
        pressure_height_m=0.0,
        roughness_m=year["roughness"] if roughness else None,
    )


def sam_cases(years):
    farm = wp.WindFarm(wp.turbine("GE120/2750", 139.0), 8, shear_exponent=0.14, availability=0.97, electrical_loss_share=0.02, wake_loss_share=0.07)
    return {
        "at_hub": (wp.WindFarm(wp.turbine("E-126/4200", 99.0)), at_hub(years["synthetic"], 99.0)),
        "sheared": (wp.WindFarm(wp.turbine("S104/3400", 100.0), shear_exponent=0.2), at_hub(years["typical"], 75.0)),
        "farm_with_losses": (farm, at_hub(years["synthetic"], 120.0)),
    }


def windpowerlib_cases(years):
    density = {"density_rule": "windpowerlib_power_curve", "air": "barometric"}
    ideal = {"density_rule": "windpowerlib_power_curve", "air": "ideal_gas"}
    synthetic, typical = years["synthetic"], years["typical"]
    return {
        "log_plain": (wp.WindFarm(wp.turbine("E-126/4200", 135.0), density_rule="none"), at_ground(synthetic)),
        "log_density": (wp.WindFarm(wp.turbine("V112/3300", 94.0), **density), at_ground(synthetic)),
        "log_density_ideal": (wp.WindFarm(wp.turbine("ENO114/3500", 142.0), **ideal), at_ground(typical)),
        "power_density": (wp.WindFarm(wp.turbine("AD116/5000", 102.0), shear_exponent=0.2, **density), at_ground(synthetic, roughness=False)),
    }


@pytest.mark.parametrize("case", ["at_hub", "sheared", "farm_with_losses"])
def test_sam_windpower(case, years):
    farm, weather = sam_cases(years)[case]
    theirs = pl.read_parquet(REFERENCE / "sam.parquet")[case].to_numpy()
    ours = wp.output_mw(farm, weather)
    # The limit is 1e-4.
    assert ours.sum() == pytest.approx(theirs.sum(), rel=3e-5)
    # SAM keeps its last density until it has moved by 0.001 kg/m3, which an hour sees.
    assert np.abs(ours - theirs).max() < 6e-4 * farm.capacity_mw


@pytest.mark.parametrize("case", ["log_plain", "log_density", "log_density_ideal", "power_density"])
def test_windpowerlib(case, years):
    farm, weather = windpowerlib_cases(years)[case]
    theirs = pl.read_parquet(REFERENCE / "windpowerlib.parquet")[case].to_numpy()
    ours = wp.output_mw(farm, weather)
    # The limit is 1e-3; the file holds single precision.
    assert ours.sum() == pytest.approx(theirs.sum(), rel=1e-6)
    assert np.abs(ours - theirs).max() < 1e-6 * farm.capacity_mw


def test_density_rules_differ_where_density_does(years):
    """The rules are no synonyms: a thin-air site shows it."""
    thin = wp.WindWeather(years["synthetic"]["speed"], 94.0, temperature_c=25.0, pressure_hpa=850.0)
    energy = {
        rule: wp.output_mw(wp.WindFarm(wp.turbine("V112/3300", 94.0), density_rule=rule), thin).sum()
        for rule in ("none", "sam", "windpowerlib_power_curve")
    }
    assert energy["none"] > 1.03 * energy["sam"]
    assert energy["sam"] > 1.005 * energy["windpowerlib_power_curve"]
