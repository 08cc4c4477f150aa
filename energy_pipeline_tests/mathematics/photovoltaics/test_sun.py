"""The sun against pvlib's SPA, and the rules at sunrise and sunset."""

import numpy as np
import pytest

from energy_pipeline.mathematics.photovoltaics import astronomy, sun_position, sunlit_share
from energy_pipeline.mathematics.photovoltaics.sun import track

HOUR_US = 3_600_000_000
PLACES = [(52.5, 13.4), (-33.9, 151.2), (0.0, -78.5), (69.6, 18.9), (-77.8, 166.7), (21.3, 179.9)]


def hours(first, count, minutes=60):
    return int(np.datetime64(first, "us").astype(np.int64)) + np.arange(count) * minutes * 60_000_000


def spa(start_us, place, minutes=60):
    from pvlib import spa as pvlib_spa

    # Arguments: height 0 m, 1013.25 hPa, 12 C, TT - UT 69 s, refraction at the horizon.
    return pvlib_spa.solar_position_numpy((start_us + minutes * 30_000_000) / 1e6, *place, 0.0, 1013.25, 12.0, 69.0, 0.5667, 1)


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("first", ["1985-01-01", "2004-02-27", "2026-06-15"])
def test_position_is_spa(place, first):
    start = hours(first, 24 * 40)
    ours, theirs = sun_position(*place, start, 60, rule="middle"), spa(start, place)
    zenith_off = np.abs(ours.zenith_deg - theirs[0])
    azimuth_off = np.abs((ours.azimuth_deg - theirs[4] + 180) % 360 - 180) * np.sin(np.radians(theirs[0]))
    # The refraction formula jumps to zero just below the horizon; both jump, at hours that may differ by rounding.
    assert np.percentile(zenith_off, 99.9) < 1e-4
    assert azimuth_off.max() < 1e-4


def test_fifteen_and_thirty_minutes_take_their_own_middles():
    for minutes in (15, 30):
        start = hours("2026-03-10", 24 * 60 // minutes, minutes)
        assert np.abs(sun_position(48.0, 11.0, start, minutes, rule="middle").zenith_deg - spa(start, (48.0, 11.0), minutes)[0]).max() < 1e-4


def test_at_sunrise_the_sun_stands_in_the_middle_of_the_sunlit_part():
    start = hours("2026-03-10", 24)
    fine = hours("2026-03-10", 24 * 60, 1)
    up = 90.0 - spa(fine, (48.0, 11.0), 1)[1]
    position = sun_position(48.0, 11.0, start, 60)
    for hour in range(24):
        lit = np.flatnonzero(up[hour * 60 : hour * 60 + 60] > -0.8333)
        assert position.sunlit[hour] == (len(lit) > 0)
        if 0 < len(lit) < 60:
            middle = fine[hour * 60] + (lit[0] + lit[-1] + 1) / 2 * 60_000_000
            expected = spa(np.array([middle - 1_800_000_000]), (48.0, 11.0))[0][0]
            assert position.zenith_deg[hour] == pytest.approx(expected, abs=0.2)


@pytest.mark.parametrize("place", PLACES)
def test_sunlit_share_is_the_share_of_minutes(place):
    start = hours("2026-01-20", 24 * 20)
    fine = hours("2026-01-20", 24 * 60 * 20, 1)
    lit = (90.0 - spa(fine, place, 1)[1] > -0.8333).reshape(-1, 60).mean(axis=1)
    assert np.abs(sunlit_share(place[0], place[1], start, 60) - lit).max() < 0.04


def test_polar_night_has_no_sun_and_polar_day_no_night():
    assert not sun_position(78.0, 15.0, hours("2026-12-15", 48), 60).sunlit.any()
    assert sun_position(78.0, 15.0, hours("2026-06-15", 48), 60).sunlit.all()


def test_bytes_do_not_depend_on_the_range():
    whole = track(hours("2025-12-01", 24 * 60), 60)
    day = track(hours("2025-12-25", 24), 60)
    for long, short in zip(whole[:5], day[:5], strict=True):
        assert long[24 * 24 : 25 * 24].tobytes() == short.tobytes()


def test_no_intervals_no_sun():
    assert len(sun_position(50.0, 10.0, np.empty(0, dtype=np.int64), 60).zenith_deg) == 0


def test_day_of_year():
    days = np.arange(-4000, 40_000, 7)
    dates = days.astype("datetime64[D]")
    wanted = (dates - dates.astype("datetime64[Y]").astype("datetime64[D]")).astype(int) + 1
    assert [astronomy._day_of_year(int(day)) for day in days] == wanted.tolist()
