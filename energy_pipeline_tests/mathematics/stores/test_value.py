"""Values and their sensitivities: against closed forms of single options, and finite differences."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import norm

from energy_pipeline.mathematics.stores.policy import train
from energy_pipeline.mathematics.stores.store import Store
from energy_pipeline.mathematics.stores.value import sensitivities, store_value, summarised

PATHS = 20_000
STORE = Store(1.0, 1.0, 2.0, charge_efficiency=0.93, discharge_efficiency=0.93, cycle_cost_eur_mwh=2.0)


def walks(paths, hours, seed, size=8.0):
    shape = 50 + 20 * np.sin(2 * np.pi * (np.arange(hours) - 8) / 24)
    return shape + size * np.random.default_rng(seed).standard_normal((paths, hours))


def call(strike):
    """A call on every interval: exercised where the price is above the strike."""
    return lambda _, fresh: np.maximum(fresh - strike, 0.0)


def test_a_call_has_the_delta_gamma_and_vega_of_bachelier():
    mean, deviation, strike = np.array([48.0, 55.0]), 10.0, 50.0
    draws = np.random.default_rng(1).standard_normal((200_000, 2))
    draws = (draws - draws.mean(axis=0)) / draws.std(axis=0)
    paths = mean + deviation * draws
    found = sensitivities(call(strike), paths, paths, {"first": np.array([True, False])})
    z = (mean - strike) / deviation
    assert found.delta_mwh["first"] == pytest.approx(norm.cdf(z[0]), abs=0.004)
    assert found.delta_mwh["all"] == pytest.approx(norm.cdf(z).sum(), abs=0.006)
    assert found.gamma_mwh_per_eur == pytest.approx((norm.pdf(z) / deviation).sum(), rel=0.03)
    assert found.vega_eur_per_percent == pytest.approx((norm.pdf(z) * deviation).sum() / 100, rel=0.02)


def test_a_store_that_must_discharge_now_is_a_strip_of_forwards():
    # Full, one interval, an empty end demanded: it sells 1 MWh at b whatever the price, so delta is b and nothing bends.
    store = replace(STORE, discharge_mw=2.0, initial_mwh=1.0, terminal="equal", terminal_mwh=0.0)
    paths = walks(2000, 1, 2)
    found = store_value(store, paths, paths, 60, blocks={"first": np.array([True])})
    assert found.value_eur == pytest.approx(0.93 * (paths.mean() - 2.0))
    assert found.sensitivities.delta_mwh["all"] == pytest.approx(0.93, abs=1e-9)
    assert found.sensitivities.gamma_mwh_per_eur == pytest.approx(0.0, abs=1e-7)
    assert found.sensitivities.vega_eur_per_percent == pytest.approx(0.0, abs=1e-9)


def test_a_full_store_with_two_intervals_left_is_the_option_on_the_dearer():
    # Independent normal prices, no buying: sell now above E[max(next, 0)], else later. Bermudan put-call by quadrature.
    store = Store(1e-6, 1.0, 1.0, initial_mwh=1.0)
    rng = np.random.default_rng(3)
    learn, fresh = (50 + 10 * rng.standard_normal((PATHS, 2)) for _ in range(2))
    later = 50.0  # E[next], prices far from nothing
    expected = later + 10 * norm.pdf(0.0)  # E[max(first, later)]
    found = store_value(store, learn, fresh, 60)
    assert found.value_eur == pytest.approx(expected, abs=3 * found.standard_error_eur)
    assert found.intrinsic_eur == pytest.approx(50.0, abs=3 * found.standard_error_eur)
    assert found.foresight_eur == pytest.approx(50 + 20 / np.sqrt(4 * np.pi), abs=0.6), "E[max of two] = mean + sigma / sqrt(pi)"
    assert found.shipped == "policy"


def test_delta_is_what_the_policy_sells_net():
    # Envelope theorem: a small parallel move earns the expected net energy; retraining changes nothing to first order.
    learn, fresh = walks(6000, 24, 4), walks(6000, 24, 5)
    peak = np.arange(24) >= 12
    found = store_value(STORE, learn, fresh, 60, blocks={"peak": peak})
    net = train(STORE, learn, 60).run(fresh).net_mw
    assert found.sensitivities.delta_mwh["all"] == pytest.approx(net.sum(axis=1).mean(), abs=0.02)
    assert found.sensitivities.delta_mwh["peak"] == pytest.approx(net[:, peak].sum(axis=1).mean(), abs=0.05)
    assert found.sensitivities.vega_eur_per_percent > 0, "an option gains from spread"
    assert found.energy_value is not None
    assert found.energy_value.delta_mwh["all"] == pytest.approx(1.0, abs=0.6), "V_0 moves with the level of prices"


def test_vega_is_the_finite_difference_of_values_on_the_same_draws():
    learn, fresh = walks(3000, 24, 6), walks(3000, 24, 7)
    found = store_value(STORE, learn, fresh, 60, blocks={})
    mean = learn.mean(axis=0)
    wide, narrow = (store_value(STORE, mean + s * (learn - mean), mean + s * (fresh - mean), 60).value_eur for s in (1.05, 0.95))
    assert found.sensitivities.vega_eur_per_percent == pytest.approx((wide - narrow) / 10.0, abs=1e-9)
    again = store_value(STORE, learn, fresh, 60, blocks={})
    assert again == found, "the same draws give the same numbers"


def test_summary_of_known_cash():
    cash = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0], [0.0, 1.0]])
    found = summarised(cash, 4.0, np.array([4.0, 8.0]), 60 * 24 * 365, 0.1)
    assert found.value_eur == pytest.approx(22 / 4)
    assert found.standard_error_eur == pytest.approx(np.std([3, 7, 11, 1], ddof=1) / 2)
    assert found.foresight_eur == pytest.approx(22 / 4 + 1.0)
    assert found.npv_eur == pytest.approx(9 / 4 / 1.1 + 13 / 4 / 1.21)
    assert found.earnings_at_risk_eur == pytest.approx(np.quantile([3, 7, 11, 1], 0.05))


def test_in_an_auction_the_plan_is_all_there_is():
    learn, fresh = walks(500, 24, 8), walks(500, 24, 9)
    found = store_value(STORE, learn, fresh, 60, information="auction")
    assert found.shipped == "intrinsic"
    assert found.value_eur == pytest.approx(found.intrinsic_eur)
    assert found.value_eur < found.foresight_eur
