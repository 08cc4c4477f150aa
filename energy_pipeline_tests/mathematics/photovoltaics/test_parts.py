"""Module, cover glass, indices, decomposition and the document's formulas against independent solutions."""

import numpy as np
import pytest

from energy_pipeline.mathematics.photovoltaics import (
    WeatherError,
    cells,
    clear_sky_ghi_w_m2,
    clear_sky_index,
    clearness_index,
    ghi_from_cloud_cover,
    optics,
    split_global,
    starts_us,
    sun_position,
)
from energy_pipeline_tests.mathematics.photovoltaics.typical_years import typical_year

JUNE = int(np.datetime64("2026-06-15", "us").astype(np.int64)) + np.arange(48) * 3_600_000_000


@pytest.mark.parametrize("kind", cells.MODULES)
def test_maximum_power_is_pvlibs(kind):
    from pvlib.pvsystem import calcparams_cec, max_power_point

    module = cells.MODULES[kind]
    light, cell = (grid.reshape(-1) for grid in np.meshgrid([5.0, 50.0, 200.0, 600.0, 1000.0, 1300.0], [-20.0, 10.0, 45.0, 80.0]))
    five = calcparams_cec(
        light,
        cell,
        module.current_per_c,
        module.ideality_v,
        module.light_a,
        module.saturation_a,
        module.shunt_ohm,
        module.series_ohm,
        module.adjust_percent,
        EgRef=cells.GAP_EV,
        dEgdT=-cells.GAP_PER_K,
    )
    # pvlib's Boltzmann constant has more digits than SAM's 8.618e-5 eV/K.
    assert cells.maximum_power_w(module, light, cell) == pytest.approx(max_power_point(*five)["p_mp"], rel=2e-3)


def test_efficiency_table_reads_back_the_curve():
    table = cells.relative_efficiency("standard")
    light, cell = np.array([37.0, 333.0, 951.0]), np.array([3.0, 31.0, 57.0])
    x, y = np.sqrt(light) / cells.ROOT_STEP, (cell - cells.COLDEST_C) / cells.TEMPERATURE_STEP_C
    k, m, f, g = x.astype(int), y.astype(int), x % 1, y % 1
    read = (1 - f) * ((1 - g) * table[k, m] + g * table[k, m + 1]) + f * ((1 - g) * table[k + 1, m] + g * table[k + 1, m + 1])
    module = cells.MODULES["standard"]
    assert read == pytest.approx(cells.maximum_power_w(module, light, cell) / (module.power_w * light / 1000), rel=3e-5)


def test_bare_glass_is_pvlibs_physical_cover():
    from pvlib.iam import physical

    cosines = np.linspace(0.0, 1.0, optics.BEAM_NODES)[1:]
    assert optics.bare_glass().beam[1:] == pytest.approx(physical(np.degrees(np.arccos(cosines))), abs=2e-5)


def test_visible_sky_is_whole_when_rows_are_far_or_flat():
    assert optics.visible_sky(0.011)[120] == pytest.approx(1.0, abs=0.01)
    assert optics.visible_sky(0.6)[0] == 1.0
    upto_45 = slice(0, 181)
    assert (optics.visible_sky(0.6)[upto_45] <= optics.visible_sky(0.3)[upto_45]).all()


def test_split_is_disc_and_keeps_the_global_light():
    from pvlib.irradiance import disc

    year = typical_year("greensboro")
    part = slice(24 * 150, 24 * 170)
    ghi, start = year.ghi[part], year.start_us[part]
    quarters = (start[:, None] + np.arange(4) * 900_000_000).reshape(-1)
    ours = split_global(ghi, year.latitude_deg, year.longitude_deg, start, 60)
    fine = split_global(np.repeat(ghi, 4), year.latitude_deg, year.longitude_deg, quarters, 15)
    place = sun_position(year.latitude_deg, year.longitude_deg, quarters, 15)
    days = quarters.astype("datetime64[us]").astype("datetime64[D]")
    day_of_year = (days - days.astype("datetime64[Y]").astype("datetime64[D]")).astype(int) + 1
    theirs = np.asarray(disc(np.repeat(ghi, 4), place.zenith_deg, day_of_year)["dni"])
    high = place.zenith_deg < 80.0
    assert fine.dni_w_m2[high] == pytest.approx(theirs[high], rel=1e-6, abs=1e-6)
    hours = sun_position(year.latitude_deg, year.longitude_deg, start, 60)
    lit = hours.sunlit & (hours.zenith_deg < 80.0)
    assert (ours.dni_w_m2 * np.cos(np.radians(hours.zenith_deg)) + ours.dhi_w_m2)[lit] == pytest.approx(ghi[lit])
    assert (ours.dni_w_m2[~hours.sunlit] == 0).all()


def test_the_two_indices_are_different_things():
    year = typical_year("miami")
    clear = clear_sky_ghi_w_m2(year.latitude_deg, year.longitude_deg, year.start_us, 60)
    ratio = clear_sky_index(year.ghi, clear)
    outside = clearness_index(year.ghi, year.latitude_deg, year.longitude_deg, year.start_us, 60)
    day = clear > 100
    assert (ratio[day] > 1).mean() > 0.03
    assert np.nanmax(outside[day]) < 1.0
    assert (outside[day] < ratio[day]).all()
    assert np.isnan(ratio[clear < 1]).all()


def test_ineichen_is_pvlibs():
    from pvlib.clearsky import ineichen

    place = sun_position(40.0, 5.0, JUNE, 60)
    high = place.zenith_deg < 85
    from pvlib.atmosphere import get_relative_airmass

    mass = get_relative_airmass(place.zenith_deg[high]) * np.exp(-500.0 / 8000.0)
    from energy_pipeline.mathematics.photovoltaics.sun import track

    theirs = ineichen(place.zenith_deg[high], mass, 3.0, altitude=500.0, dni_extra=track(JUNE, 60).extra_w_m2[high])["ghi"]
    ours = clear_sky_ghi_w_m2(40.0, 5.0, JUNE, 60, altitude_m=500.0, linke_turbidity=3.0)
    assert ours[high] == pytest.approx(theirs, rel=1e-6)


def test_cloud_cover_is_a_share():
    with pytest.raises(WeatherError, match="oktas"):
        ghi_from_cloud_cover(np.full(48, 8.0), 50.0, 10.0, JUNE, 60)
    less = [ghi_from_cloud_cover(np.full(48, n), 50.0, 10.0, JUNE, 60).sum() for n in (0.0, 0.5, 1.0)]
    assert less[0] > less[1] > less[2] > 0.2 * less[0]


def test_labels_become_starts():
    labels = np.array([3_600_000_000])
    assert [int(starts_us(labels, 30, label)[0]) for label in ("start", "middle", "end")] == [3_600_000_000, 2_700_000_000, 1_800_000_000]
