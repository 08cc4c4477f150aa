"""PV and wind against closed forms and an independent sun."""

from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from energy_pipeline.desk.model import PvPlant, WeatherLocation, WindPlant
from energy_pipeline.domain.delivery import DeliveryDay
from energy_pipeline.renewables.pv import plane_of_array_w_m2, pv_output_mw, spread_hourly, sun
from energy_pipeline.renewables.wind import power_curve_share, wind_output_mw

PLACE = WeatherLocation(latitude_deg=48.3, longitude_deg=11.6)
JUNE = DeliveryDay(date(2025, 6, 21), "Europe/Berlin")


def plant(**changes):
    settings = {"kind": "pv", "zone": "Z", "location": "here", "peak_mw": 10.0, "inverter_mw": 8.0, "tilt_deg": 0.0, "retained_share": 0.9} | changes
    return PvPlant(**settings)


def almanac_zenith_deg(day: DeliveryDay, place: WeatherLocation) -> np.ndarray:
    """The sun by the Astronomical Almanac's low-precision formulas (Michalsky 1988), without refraction."""
    n = (day.interval_starts_us(15) / 60e6 + 7.5) / 1440 + 2440587.5 - 2451545.0
    hours = (n + 0.5) % 1 * 24
    anomaly = np.radians(357.528 + 0.9856003 * n)
    ecliptic = np.radians(280.460 + 0.9856474 * n + 1.915 * np.sin(anomaly) + 0.020 * np.sin(2 * anomaly))
    tilt = np.radians(23.439 - 4e-7 * n)
    ascension = np.arctan2(np.cos(tilt) * np.sin(ecliptic), np.cos(ecliptic))
    declination = np.arcsin(np.sin(tilt) * np.sin(ecliptic))
    hour_angle = np.radians((6.697375 + 0.0657098242 * n + hours) * 15 + place.longitude_deg) - ascension
    latitude = np.radians(place.latitude_deg)
    return np.degrees(np.arccos(np.sin(latitude) * np.sin(declination) + np.cos(latitude) * np.cos(declination) * np.cos(hour_angle)))


@pytest.mark.parametrize("day", [date(2025, 3, 30), date(2025, 6, 21), date(2025, 10, 26), date(2025, 12, 21)])
def test_the_sun_stands_at_the_middle_of_the_interval(day):
    delivery = DeliveryDay(day, "Europe/Berlin")
    position = sun(PLACE, delivery)
    reference = almanac_zenith_deg(delivery, PLACE)
    up = reference < 80  # refraction is small there
    assert position.apparent_zenith_deg.shape == (delivery.count(15),)
    # Half an interval is up to 1.9 degrees of zenith: a wrong label would not pass.
    assert np.abs(position.apparent_zenith_deg - reference)[up].max() < 0.1


def test_a_horizontal_plane_sees_the_horizontal_irradiance_and_the_chain_is_its_formula():
    position = sun(PLACE, JUNE)
    ghi = 0.7 * position.clear_sky_ghi_w_m2
    flat = plant(temperature_coefficient_per_c=-0.005, noct_c=46)
    up = position.apparent_zenith_deg < 80
    np.testing.assert_allclose(plane_of_array_w_m2(flat, position, ghi, JUNE.day)[up], ghi[up], rtol=1e-9)
    cell = 20 + 26 * ghi / 800
    expected = np.minimum(10 * ghi / 1000 * (1 - 0.005 * (cell - 25)) * 0.9, 8.0)
    np.testing.assert_allclose(pv_output_mw(flat, position, ghi, np.full(ghi.size, 20.0), JUNE.day)[up], expected[up], rtol=1e-9)


def test_hot_modules_lose_power_and_the_inverter_clips():
    position = sun(PLACE, JUNE)
    ghi = position.clear_sky_ghi_w_m2
    cold, hot = (pv_output_mw(plant(inverter_mw=50), position, ghi, np.full(ghi.size, t), JUNE.day) for t in (0.0, 35.0))
    assert (hot <= cold).all()
    assert hot.sum() < 0.92 * cold.sum()
    clipped = pv_output_mw(plant(inverter_mw=4), position, ghi, np.full(ghi.size, 0.0), JUNE.day)
    assert clipped.max() == 4.0
    np.testing.assert_array_equal(clipped, np.minimum(cold, 4.0))


def test_an_east_plane_peaks_before_noon_and_a_west_plane_after():
    position = sun(PLACE, JUNE)
    ghi, warm = position.clear_sky_ghi_w_m2, np.full(96, 20.0)
    east, south, west = (
        pv_output_mw(plant(tilt_deg=40, azimuth_deg=a, inverter_mw=50), position, ghi, warm, JUNE.day).argmax() for a in (90, 180, 270)
    )
    assert east < south < west
    assert abs(int(south) - 53) <= 3  # solar noon at 11.6 degrees east is about 13:15 summer time


def test_night_is_zero_and_unknown_weather_is_unknown():
    position = sun(PLACE, JUNE)
    ghi = position.clear_sky_ghi_w_m2.copy()
    ghi[50] = np.nan
    output = pv_output_mw(plant(), position, ghi, np.full(ghi.size, 20.0), JUNE.day)
    assert (output[:12] == 0).all()
    assert np.isnan(output[50])
    assert np.isnan(output).sum() == 1


@given(st.lists(st.floats(0, 1000), min_size=2, max_size=2), st.lists(st.floats(0, 900), min_size=8, max_size=8))
def test_spreading_keeps_the_hourly_mean(hours, clear):
    spread = spread_hourly(np.repeat(hours, 4), np.array(clear))
    np.testing.assert_allclose(spread.reshape(2, 4).mean(axis=1), hours, rtol=1e-9, atol=1e-9)
    assert (spread >= 0).all()


def test_wind_matches_the_cubic_at_hub_height():
    farm = WindPlant(kind="wind", zone="Z", location="l", capacity_mw=50, hub_height_m=120, shear_exponent=0.2, retained_share=0.8)
    speed = np.array([0.0, 2.0, 6.0, 10.0, 15.0, 24.5, np.nan])
    hub = speed * 1.2**0.2
    share = (hub**3 - 27) / (12.5**3 - 27)
    output = wind_output_mw(farm, 100.0, speed)
    np.testing.assert_allclose(output[2:4], 50 * 0.8 * share[2:4], rtol=1e-12)
    assert output[[0, 1]].tolist() == [0.0, 0.0]
    assert output[4] == 40.0
    assert output[5] == 0.0, "24.5 m/s at 100 m is above the cut-out at 120 m"
    assert np.isnan(output[6])


@given(st.floats(0, 24.99), st.floats(0, 24.99))
def test_more_wind_is_never_less_power_below_the_cut_out(a, b):
    low, high = power_curve_share(np.array(sorted((a, b))), 3.0, 12.5, 25.0)
    assert 0 <= low <= high <= 1
