"""Bad weather: named or repaired with a statement, never a silent number."""

from dataclasses import replace

import numpy as np
import pytest

from energy_pipeline.mathematics.photovoltaics import Irradiance, PvSystem, WeatherError, checked, output_mw
from energy_pipeline_tests.mathematics.photovoltaics.comparing import weather
from energy_pipeline_tests.mathematics.photovoltaics.typical_years import FILES, typical_year

YEAR = typical_year("greensboro")
PLACE = {"latitude_deg": YEAR.latitude_deg, "longitude_deg": YEAR.longitude_deg}
GOOD = weather(YEAR)
NOON = 24 * 180 + 12
MIDNIGHT = 24 * 180


def spoilt(name, rows, value):
    values = np.array(getattr(GOOD, name), dtype=np.float64)
    values[rows] = value
    return replace(GOOD, **{name: values})


def findings(sky, **options):
    with pytest.raises(WeatherError) as caught:
        checked(sky, **PLACE, **options)
    return caught.value.findings


@pytest.mark.parametrize("site", FILES)
def test_good_weather_passes(site):
    year = typical_year(site)
    done = checked(weather(year), latitude_deg=year.latitude_deg, longitude_deg=year.longitude_deg)
    assert sum(repair.count for repair in done.repairs) <= 2
    assert done.weather.dni_w_m2.tobytes() == year.dni.tobytes()


@pytest.mark.parametrize(
    ("name", "rows", "value", "words"),
    [
        ("wind_speed_ms", 7, 133.0, "0..75 m/s"),
        ("wind_speed_ms", 7, -1.0, "0..75 m/s"),
        ("ghi_w_m2", NOON, -50.0, "below -10 W/m2"),
        ("dni_w_m2", MIDNIGHT, 300.0, "sun down"),
        ("ghi_w_m2", MIDNIGHT, 60.0, "sun down"),
        ("ghi_w_m2", NOON, 1900.0, "more than the sun gives"),
        ("dni_w_m2", NOON, 1500.0, "more than the sun gives"),
        ("temperature_c", 9, 288.0, "outside -90..60 C"),
        ("temperature_c", 9, 9999.0, "outside -90..60 C"),
        ("ghi_w_m2", slice(NOON, NOON + 6), np.nan, "missing for more than 3 hours"),
        ("temperature_c", 0, np.nan, "at an end"),
    ],
)
def test_what_cannot_be_repaired_is_named_with_row_value_and_next_step(name, rows, value, words):
    found = [f for f in findings(spoilt(name, rows, value)) if f.column == name and words in f.problem]
    assert len(found) == 1
    assert found[0].rows == (6 if isinstance(rows, slice) else 1)
    assert found[0].next_step
    first = rows.start if isinstance(rows, slice) else rows
    assert found[0].examples[0].startswith(f"row {first} (")
    assert "nan" in found[0].examples[0] or f"{value:g}" in found[0].examples[0]


def test_all_problems_are_listed_at_once():
    bad = spoilt("wind_speed_ms", [3, 4], 133.0)
    bad = replace(bad, temperature_c=np.where(np.arange(8760) == 70, 400.0, YEAR.temperature_c), ghi_w_m2=np.where(YEAR.ghi > 500, -99.0, YEAR.ghi))
    assert {f.column for f in findings(bad)} >= {"wind_speed_ms", "temperature_c", "ghi_w_m2"}


def test_kelvin_is_repaired_and_stated():
    done = checked(replace(GOOD, temperature_c=YEAR.temperature_c + 273.15), **PLACE)
    assert done.weather.temperature_c == pytest.approx(YEAR.temperature_c)
    assert [(r.rule, r.column, r.count) for r in done.repairs] == [("Kelvin made Celsius", "temperature_c", 8760)]
    assert "looks like Kelvin" in {f.problem for f in findings(replace(GOOD, temperature_c=YEAR.temperature_c + 273.15), repair=False)}


def test_pyranometer_offset_is_set_to_zero_and_stated():
    done = checked(spoilt("ghi_w_m2", [MIDNIGHT, MIDNIGHT + 1], -3.0), **PLACE)
    assert done.weather.ghi_w_m2[MIDNIGHT] == 0.0
    assert done.repairs[0].rows == (MIDNIGHT, MIDNIGHT + 1)


def test_a_short_hole_is_bridged_along_the_clear_sky():
    done = checked(spoilt("ghi_w_m2", [NOON, NOON + 1], np.nan), **PLACE)
    repair = next(r for r in done.repairs if r.rule == "hole bridged")
    assert (repair.column, repair.count, repair.rows) == ("ghi_w_m2", 2, (NOON, NOON + 1))
    assert np.isfinite(done.weather.ghi_w_m2).all()
    assert "missing" in {f.problem for f in findings(spoilt("ghi_w_m2", [NOON, NOON + 1], np.nan), repair=False)}


def test_hours_that_are_not_there_come_back():
    kept = np.delete(np.arange(8760), [NOON, NOON + 1])
    names = ("start_us", "temperature_c", "wind_speed_ms", "ghi_w_m2", "dni_w_m2", "dhi_w_m2")
    holed = replace(GOOD, **{name: np.asarray(getattr(GOOD, name))[kept] for name in names})
    done = checked(holed, **PLACE)
    assert len(done.weather) == 8760
    assert done.weather.start_us.tobytes() == GOOD.start_us.tobytes()
    assert {r.column for r in done.repairs if r.rule == "hole bridged"} == {"temperature_c", "wind_speed_ms", "ghi_w_m2", "dni_w_m2", "dhi_w_m2"}
    output_mw(PvSystem(**PLACE), done.weather)


def test_a_lost_day_is_an_error():
    kept = np.delete(np.arange(8760), np.arange(NOON, NOON + 24))
    names = ("start_us", "temperature_c", "wind_speed_ms", "ghi_w_m2", "dni_w_m2", "dhi_w_m2")
    found = findings(replace(GOOD, **{name: np.asarray(getattr(GOOD, name))[kept] for name in names}))
    assert {f.rows for f in found} == {24}


def test_components_that_do_not_add_up():
    done = checked(spoilt("ghi_w_m2", NOON, 100.0), **PLACE)
    assert [(r.rule, r.rows) for r in done.repairs] == [("global replaced by direct and diffuse", (NOON,))]
    found = findings(replace(GOOD, ghi_w_m2=YEAR.ghi * 0.5))
    assert any("is not global" in f.problem for f in found)


def test_labels_half_a_day_off_and_kilowatts_are_named():
    moved = replace(GOOD, start_us=YEAR.start_us + 12 * 3_600_000_000)
    assert any("sun down" in f.problem and "labels" in f.next_step for f in findings(moved))
    small = replace(GOOD, ghi_w_m2=YEAR.ghi / 1000, dni_w_m2=YEAR.dni / 1000, dhi_w_m2=YEAR.dhi / 1000)
    assert any("kW/m2" in f.next_step for f in findings(small))


def test_times_out_of_order_off_the_grid_and_lengths():
    swapped = YEAR.start_us.copy()
    swapped[[10, 11]] = swapped[[11, 10]]
    assert findings(replace(GOOD, start_us=swapped))[0].problem == "times repeat or go back"
    assert (
        findings(replace(GOOD, start_us=np.where(np.arange(8760) > 50, YEAR.start_us + 60_000_000, YEAR.start_us)))[0].problem == "times off the grid"
    )
    found = findings(replace(GOOD, temperature_c=YEAR.temperature_c[:-1], ghi_w_m2=None, dni_w_m2=None, dhi_w_m2=None))
    assert {f.column for f in found} == {"temperature_c", "irradiance"}


def test_nothing_is_fine():
    none = Irradiance(np.empty(0, dtype=np.int64), 60, np.empty(0), np.empty(0), ghi_w_m2=np.empty(0))
    assert len(checked(none, **PLACE).weather) == 0
