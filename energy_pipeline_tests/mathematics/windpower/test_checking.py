"""Bad weather is refused with everything that is wrong, or repaired with a statement."""

import numpy as np
import pytest

from energy_pipeline.domain.errors import PipelineError
from energy_pipeline.mathematics import windpower as wp

N = 24 * 20


def good(**changes):
    rng = np.random.default_rng(8)
    speed = np.round(rng.weibull(2.0, N) * 7 + 0.05, 2)
    fields = {
        "speed_ms": speed,
        "speed_height_m": 10.0,
        "upper_speed_ms": np.round(speed * 1.3, 2),
        "upper_height_m": 100.0,
        "temperature_c": np.round(10 + rng.normal(0, 5, N), 1),
        "pressure_hpa": np.round(1000 + rng.normal(0, 8, N), 1),
        "direction_deg": np.round(rng.uniform(0, 360, N), 0),
        "roughness_m": 0.1,
    }
    return wp.WindWeather(**{**fields, **changes})


def changed(name, rows, value):
    values = getattr(good(), name).copy()
    values[rows] = value
    return good(**{name: values})


def test_good_weather_passes_untouched():
    done = wp.checked(good())
    assert done.repairs == ()
    assert not done.repaired.any()
    assert done.weather.speed_ms.tobytes() == good().speed_ms.tobytes()


BAD = [
    (changed("speed_ms", [5], np.nan), r"speed_ms: missing in 1 row\(s\), e.g. row 5"),
    (changed("speed_ms", [7], 133.0), r"speed_ms: outside 0 .. 75 m/s in 1 row\(s\), e.g. row 7: 133"),
    (changed("speed_ms", [7, 9], -999.0), r"outside 0 .. 75 m/s in 2 row\(s\), e.g. row 7: -999; row 9: -999"),
    (changed("upper_speed_ms", [3], -1.0), "upper_speed_ms: outside"),
    (good(temperature_c=good().temperature_c + 273.15), r"temperature_c: looks like Kelvin.*convert to degrees Celsius"),
    (good(temperature_c=good().temperature_c * 1.8 + 32), "temperature_c: looks like Fahrenheit"),
    (changed("temperature_c", [3], 99.0), "temperature_c: outside -80 .. 60 degrees Celsius in 1 row"),
    (good(pressure_hpa=good().pressure_hpa * 100), "pressure_hpa: looks like Pascal"),
    (good(pressure_hpa=good().pressure_hpa / 10), "pressure_hpa: looks like kilopascal"),
    (good(pressure_hpa=good().pressure_hpa / 1013.25), "pressure_hpa: looks like atmospheres"),
    (changed("pressure_hpa", [1], 12.0), "pressure_hpa: outside 400 .. 1100 hPa in 1 row"),
    (changed("direction_deg", [4], 365.0), "direction_deg: outside 0 .. 360 degrees in 1 row"),
    (changed("direction_deg", [4], -10.0), "direction_deg: outside"),
    (changed("speed_ms", slice(100, 130), 6.4), r"speed_ms: the same value for many intervals.* in 30 row\(s\)"),
    (changed("speed_ms", slice(100, 180), 0.0), r"the same value for many intervals.* in 80 row\(s\)"),
    (changed("upper_speed_ms", slice(0, 200), 3.0), r"less wind at 100 m than at 10 m for long|the same value"),
    (good(roughness_m=0.0), "roughness_m: outside"),
    (good(upper_speed_ms=good().speed_ms, speed_ms=good().upper_speed_ms + 3), "less wind at 100 m than at 10 m"),
]


@pytest.mark.parametrize(("weather", "message"), BAD, ids=range(len(BAD)))
def test_bad_weather_is_named(weather, message):
    with pytest.raises(wp.WindInputError, match=message) as caught:
        wp.checked(weather)
    assert isinstance(caught.value, PipelineError)
    assert all(f.next_step for f in caught.value.findings)


def test_all_problems_at_once():
    weather = changed("speed_ms", [2, 3], np.nan)
    weather = good(speed_ms=weather.speed_ms, temperature_c=weather.temperature_c + 273.15, pressure_hpa=weather.pressure_hpa * 100)
    with pytest.raises(wp.WindInputError) as caught:
        wp.checked(weather)
    assert {f.column for f in caught.value.findings} == {"speed_ms", "temperature_c", "pressure_hpa"}
    assert str(caught.value).startswith("weather: 3 problem(s)")


def test_repairs_are_stated_and_right():
    original = good()
    speed = original.speed_ms.copy()
    speed[10:12], speed[20], speed[30] = np.nan, 133.0, -0.2
    direction = original.direction_deg.copy()
    direction[5], direction[8] = -10.0, 370.0
    bad = good(speed_ms=speed, direction_deg=direction, temperature_c=original.temperature_c + 273.15, pressure_hpa=original.pressure_hpa * 100)
    done = wp.checked(bad, repair=True)
    np.testing.assert_allclose(done.weather.temperature_c, original.temperature_c)
    np.testing.assert_allclose(done.weather.pressure_hpa, original.pressure_hpa)
    expected = np.interp([10, 11], [9, 12], speed[[9, 12]])
    np.testing.assert_allclose(done.weather.speed_ms[10:12], expected)
    assert done.weather.speed_ms[20] == pytest.approx((speed[19] + speed[21]) / 2)
    assert done.weather.speed_ms[30] == 0.0
    assert done.weather.direction_deg[[5, 8]].tolist() == [350.0, 10.0]
    said = {(f.column, f.rows) for f in done.repairs}
    assert {("speed_ms", 2), ("temperature_c", N), ("pressure_hpa", N), ("direction_deg", 2)} <= said
    assert all(f.next_step.startswith("repaired: ") for f in done.repairs)
    assert done.repaired.all()
    # The weather that was handed in is as it was.
    assert bad.speed_ms[20] == 133.0


def test_fahrenheit_is_converted():
    done = wp.checked(good(temperature_c=good().temperature_c * 1.8 + 32), repair=True)
    np.testing.assert_allclose(done.weather.temperature_c, good().temperature_c)
    assert done.repairs[0].next_step == "repaired: Fahrenheit to Celsius"


def test_long_gaps_are_not_filled():
    with pytest.raises(wp.WindInputError, match=r"speed_ms: missing in 4 row"):
        wp.checked(changed("speed_ms", slice(40, 44), np.nan), repair=True)
    with pytest.raises(wp.WindInputError, match=r"missing in 1 row"):
        wp.checked(changed("speed_ms", [0], np.nan), repair=True)


def test_direction_gaps_go_the_short_way_round():
    direction = good().direction_deg.copy()
    direction[9], direction[10], direction[11] = 350.0, np.nan, 20.0
    done = wp.checked(good(direction_deg=direction), repair=True)
    assert done.weather.direction_deg[10] == pytest.approx(5.0)


def test_known_oddities_can_be_accepted():
    weather = changed("speed_ms", slice(100, 130), 6.4)
    assert wp.checked(weather, accept={"stuck"}).repairs == ()
    with pytest.raises(ValueError, match="unknown kinds"):
        wp.checked(weather, accept={"stuk"})


def test_times():
    hour = 3_600_000_000
    times = np.arange(N, dtype=np.int64) * hour
    wp.checked(good(), times_us=times)
    skipped = np.where(np.arange(N) >= 50, times + 2 * hour, times)
    with pytest.raises(wp.WindInputError, match=r"intervals missing before this row in 1 row\(s\), e.g. row 50 \(1970-01-03 04:00 UTC\)"):
        wp.checked(good(), times_us=skipped)
    repeated = times.copy()
    repeated[7] = repeated[6]
    with pytest.raises(wp.WindInputError, match="repeated or backward"):
        wp.checked(good(), times_us=repeated)


def test_output_refuses_what_cannot_be_by_itself():
    farm = wp.WindFarm(wp.turbine("V112/3300", 100.0))
    for weather, message in BAD[:11]:
        if "Fahrenheit" in message:
            continue  # only a suspicion while every value could be Celsius
        with pytest.raises(wp.WindInputError, match=message):
            wp.output_mw(farm, weather)


def test_shapes_and_heights():
    with pytest.raises(wp.WindInputError, match="does not fit the shape"):
        wp.WindWeather([5.0, 6.0], 10.0, temperature_c=[1.0, 2.0, 3.0])
    with pytest.raises(wp.WindInputError, match="the second one greater"):
        wp.WindWeather([5.0], 100.0, upper_speed_ms=[6.0], upper_height_m=10.0)
    with pytest.raises(wp.WindInputError, match="belong together"):
        wp.WindWeather([5.0], 100.0, upper_speed_ms=[6.0])
