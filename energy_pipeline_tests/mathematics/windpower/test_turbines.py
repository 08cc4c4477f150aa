"""Turbines, library, Betz bound, smoothing, thrust, Weibull, the document's formulas."""

import numpy as np
import pytest
from scipy import integrate, stats

from energy_pipeline.mathematics import windpower as wp
from energy_pipeline_tests.mathematics.windpower import cases


def test_every_machine_of_the_library_is_sound():
    names = wp.turbine_names()
    assert len(names) > 50
    for name in names:
        machine = wp.turbine(name, 100.0)
        assert wp.power_coefficient(machine).max() < wp.BETZ_LIMIT
        assert 1.0 <= machine.cut_in_ms <= 4.5
        assert 18 <= machine.cut_out_ms <= 35
        assert machine.peak_mw <= 1.04 * machine.rated_mw
        thrust = wp.estimated_thrust(machine)
        assert ((thrust >= 0) & (thrust < 0.9)).all()


def test_library_names():
    with pytest.raises(wp.WindInputError, match=r"not in the library.*near: .*V112/3300"):
        wp.turbine("V112/3310")
    assert wp.turbine("E-126/4200").hub_height_m in wp.hub_heights_m("E-126/4200")
    with pytest.raises(wp.WindInputError, match="no hub height known"):
        wp.turbine("V112/3000")


def test_betz_names_the_speed():
    with pytest.raises(wp.WindInputError, match=r"above 16/27 in 1 row.*5 m/s: 0\.819"):
        wp.check_betz(wp.Turbine("too good", 0.5, 80.0, 80.0, [2.0, 3.0, 5.0, 9.0, 25.0], [0.0, 0.01, 0.315, 0.5, 0.5]))
    with pytest.raises(wp.WindInputError, match="above 16/27"):
        wp.WindFarm(wp.cubic_turbine(rated_mw=8.0, rotor_diameter_m=80.0))
    # Fine at every point, impossible between two of them; a coarse foot of a real curve passes.
    wp.check_betz(wp.Turbine("coarse", 2.0, 70.0, 80.0, [0.0, 4.0, *cases.V80_SPEEDS[2:]], [0.0, *cases.V80_KW[1:] / 1000]))
    gap = wp.Turbine("gap", 1.0, 80.0, 60.0, [3.0, 12.0, 25.0], [0.0, 1.0, 1.0])
    assert wp.power_coefficient(gap).max() < wp.BETZ_LIMIT
    with pytest.raises(wp.WindInputError, match="above 16/27 between points"):
        wp.check_betz(gap)


@pytest.mark.parametrize(
    ("speeds", "power", "message"),
    [
        ([3.0, 3.0, 12.0], [0.0, 0.1, 2.0], "speeds must rise"),
        ([3.0, 12.0], [0.0, 2000.0], "far above rated_mw.*MW, not kW"),
        ([3.0, 12.0], [-0.1, 2.0], "negative power"),
        ([3.0, 12.0], [0.0, np.nan], "not a number"),
        ([3.0, 12.0], [0.0, 0.0], "no output anywhere"),
        ([3.0], [0.0], "two or more points"),
    ],
)
def test_wrong_curves(speeds, power, message):
    with pytest.raises(wp.WindInputError, match=message):
        wp.Turbine("wrong", 2.0, 80.0, 80.0, speeds, power)


def test_limits_cut_the_curve():
    machine = wp.Turbine("cut", 2.0, 80.0, 80.0, [0.0, 12.0, 30.0], [0.0, 2.0, 2.0], cut_in_ms=4.0, cut_out_ms=20.0)
    assert machine.power_at(np.array([3.9, 4.0, 20.0, 20.1])).round(3).tolist() == [0.0, 0.667, 2.0, 0.0]


def test_cubic_turbine_is_the_documents_curve():
    speed = np.random.default_rng(0).uniform(0, 30, 4000)
    machine = wp.cubic_turbine(rated_mw=3.0, cut_in_ms=3.5, rated_ms=13.0, cut_out_ms=24.0)
    ours = wp.output_mw(wp.WindFarm(machine, density_rule="none"), wp.WindWeather(speed, 100.0))
    printed = 3.0 * (speed**3 - 3.5**3) / (13.0**3 - 3.5**3)
    printed = np.where((speed >= 3.5) & (speed < 24.0), np.where(speed < 13.0, printed, 3.0), 0.0)
    np.testing.assert_allclose(ours, printed, rtol=0, atol=3e-6 * 3.0)


def test_the_documents_curve_loses_much_of_the_energy():
    """The erratum's number: a real machine's yield against its cubic with the maker's rated speed."""
    real = wp.turbine("V112/3300", 100.0)
    cubic = wp.cubic_turbine(rated_mw=3.3, cut_in_ms=3.0, rated_ms=13.0, cut_out_ms=25.0)
    wind = wp.Weibull(2.0, 6.5)
    assert 0.5 < wp.expected_mw(cubic, wind) / wp.expected_mw(real, wind) < 0.75


@pytest.mark.parametrize(("intensity", "spread"), [(0.1, 0.0), (0.2, 0.0), (0.12, 0.6)])
def test_smoothing_is_the_gaussian_mean(intensity, spread):
    machine = wp.turbine("V112/3300", 100.0)
    speeds, power = wp.smoothed_curve(machine, intensity, spread)
    for v in (2.0, 4.0, 7.3, 11.0, 14.0, 24.0, 27.0):
        deviation = intensity * v + spread
        u = np.linspace(machine.speeds_ms[0], machine.speeds_ms[-1], 400_001)
        mean = np.trapezoid(machine.power_at(u) * stats.norm.pdf(u, v, deviation), u)
        assert power[np.argmin(np.abs(speeds - v))] == pytest.approx(mean, abs=2e-6)
    assert power.max() <= machine.peak_mw
    assert power[-1] < 1e-3 * machine.peak_mw


def test_smoothing_moves_energy_from_the_knee_to_the_foot():
    machine = wp.turbine("V112/3300", 100.0)
    speeds, power = wp.smoothed_curve(machine, 0.15)
    plain = machine.power_at(speeds)
    assert power[speeds == 6.0] > plain[speeds == 6.0]
    assert power[np.isclose(speeds, 12.0)] < plain[np.isclose(speeds, 12.0)]


def test_thrust_estimate_against_a_published_curve():
    v80 = wp.Turbine("V80", 2.0, 70.0, 80.0, cases.V80_SPEEDS, cases.V80_KW / 1000)
    apart = np.abs(wp.estimated_thrust(v80) - cases.V80_CT)
    middle = (cases.V80_SPEEDS == 11.0) | (cases.V80_SPEEDS == 12.0)
    assert apart[~middle].max() < 0.03
    assert apart[middle].max() < 0.17


@pytest.mark.parametrize(("shape", "scale"), [(1.4, 5.0), (2.0, 8.0), (3.1, 11.0)])
def test_weibull_fit_is_scipys(shape, scale):
    speed = stats.weibull_min.rvs(shape, scale=scale, size=8760, random_state=np.random.default_rng(4))
    fit = wp.weibull_fit(speed)
    k, _, lam = stats.weibull_min.fit(speed, floc=0)
    assert fit.shape == pytest.approx(k, rel=1e-3)
    assert fit.scale_ms == pytest.approx(lam, rel=1e-3)

    def likelihood(a, b):
        return stats.weibull_min.logpdf(speed, a, scale=b).sum()

    # A maximum: no worse than scipy's, and no step to a side is better.
    best = likelihood(fit.shape, fit.scale_ms)
    assert best >= likelihood(k, lam) - 1e-9
    assert all(best > likelihood(fit.shape * a, fit.scale_ms * b) for a, b in [(1.001, 1), (0.999, 1), (1, 1.001), (1, 0.999)])


def test_weibull_counts_calms_and_refuses_gaps():
    fit = wp.weibull_fit(np.concatenate([np.zeros(100), np.random.default_rng(1).weibull(2, 900) * 8]))
    assert fit.calm_share == pytest.approx(0.1)
    assert fit.mean_ms == pytest.approx(0.9 * fit.scale_ms * 0.8862, rel=0.01)
    with pytest.raises(wp.WindInputError, match=r"missing or negative in 2 row\(s\), e.g. row 1: nan"):
        wp.weibull_fit(np.array([5.0, np.nan, 4.0, -1.0]))


@pytest.mark.parametrize("name", ["V112/3300", "E-126/4200", "AD116/5000"])
def test_expected_yield_is_the_integral(name):
    machine, wind = wp.turbine(name, 100.0), wp.Weibull(1.9, 7.7)
    pieces = zip(machine.speeds_ms[:-1], machine.speeds_ms[1:], strict=True)
    density = stats.weibull_min(1.9, scale=7.7).pdf
    integral = sum(integrate.quad(lambda v: float(machine.power_at(np.array([v]))[0]) * density(v), a, b)[0] for a, b in pieces)
    assert wp.expected_mw(machine, wind) == pytest.approx(integral, rel=1e-9)
    farm = wp.WindFarm(machine, 10, availability=0.95)
    assert wp.expected_energy_mwh(farm, wind) == pytest.approx(8760 * 9.5 * integral, rel=1e-9)


def test_expected_yield_is_what_a_long_series_gives():
    farm = wp.WindFarm(wp.turbine("V112/3300", 100.0), density_rule="none", turbulence_intensity=0.1)
    speed = stats.weibull_min.ppf((np.arange(200_000) + 0.5) / 200_000, 2.0, scale=8.0)
    assert wp.output_mw(farm, wp.WindWeather(speed, 100.0)).mean() == pytest.approx(wp.expected_mw(farm, wp.Weibull(2.0, 8.0)), rel=1e-4)


def test_a_year_at_full_power_is_a_capacity_factor_of_its_share():
    assert wp.capacity_factor(8760.0, 2.0, 8760.0) == 0.5
