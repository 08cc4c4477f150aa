"""The auction policy on fresh days, against fine-grid dynamic programming over days that knows the model."""

from dataclasses import replace

import numpy as np
import pytest

from energy_pipeline.mathematics.stores.auction import train_auction
from energy_pipeline.mathematics.stores.perfect_foresight import foresight
from energy_pipeline.mathematics.stores.policy import run_of
from energy_pipeline.mathematics.stores.store import Store
from energy_pipeline_tests.mathematics.stores.oracles import normal_transition
from energy_pipeline_tests.mathematics.stores.price_models import OrnsteinUhlenbeck

DAYS, HOURS = 6, 24
STORE = Store(1.0, 1.0, 6.0, charge_efficiency=0.93, discharge_efficiency=0.93, cycle_cost_eur_mwh=3.0)
HOUR_SHAPE = 12 * np.sin(2 * np.pi * (np.arange(HOURS) - 8) / 24)
DAY_LEVEL = np.array([50.0, 44.0, 60.0, 52.0, 70.0, 55.0])
MODEL = OrnsteinUhlenbeck((DAY_LEVEL[:, None] + HOUR_SHAPE).ravel(), 0.02, 4.0)


def days(paths, seed):
    """Prices, paths x days x hours, and x in the hour before each day: what is seen at its gate."""
    x = MODEL.states(paths, np.random.default_rng(seed))
    seen = np.concatenate([np.zeros((paths, 1)), x[:, HOURS - 1 : -1 : HOURS]], axis=1)
    return (MODEL.mean_eur_mwh + x).reshape(paths, DAYS, HOURS), seen


def oracle(levels=161, points=17):
    """Value at midnight by content and x, and a function giving the best day's contents."""
    deviation = MODEL.step_deviation / np.sqrt(1 - MODEL.decay**2)
    xs = np.linspace(-4, 4, points) * deviation
    decay = MODEL.decay**HOURS
    move = normal_transition(xs, decay, deviation * np.sqrt(1 - decay**2))
    grid = np.linspace(0, STORE.energy_mwh, levels)
    fade = MODEL.decay ** np.arange(1, HOURS + 1)
    value, expected = np.zeros((levels, points)), []
    for d in range(DAYS - 1, -1, -1):
        expected.append(value @ move.T)
        prices = DAY_LEVEL[d] + HOUR_SHAPE[:, None] + fade[:, None] * xs
        value = expected[-1]
        for t in range(HOURS - 1, -1, -1):
            value = hour_before(grid, value, prices[t])
    return grid, xs, fade, expected[::-1]


def hour_before(grid, value, price):
    """One hour of the store on known prices, on the grid; a column per state."""
    buy, sell = price / 0.93, 0.93 * (price - 3.0)
    up, down = grid[np.argmax(value - buy * grid[:, None], axis=0)], grid[np.argmax(value - sell * grid[:, None], axis=0)]
    y = grid[:, None]
    z = np.where(y < up, np.minimum(up, y + 0.93), np.where(y > down, np.maximum(down, y - 1 / 0.93), y))
    kept = np.stack([np.interp(z[:, j], grid, value[:, j]) for j in range(value.shape[1])], axis=1)
    return kept - np.where(z > y, buy * (z - y), sell * (z - y))


def oracle_run(prices, seen):
    """Contents the oracle chooses on the given days."""
    grid, xs, fade, expected = oracle()
    content, stored = np.zeros(prices.shape[0]), []
    for d in range(DAYS):
        k = np.clip(np.searchsorted(xs, seen[:, d]) - 1, 0, xs.size - 2)
        share = (seen[:, d] - xs[k]) / (xs[k + 1] - xs[k])
        value = (1 - share) * expected[d][:, k] + share * expected[d][:, k + 1]
        mean = DAY_LEVEL[d] + HOUR_SHAPE[:, None] + fade[:, None] * seen[:, d]
        values = [value]
        for t in range(HOURS - 1, 0, -1):
            values.append(hour_before(grid, values[-1], mean[t]))
        for t, after in enumerate(reversed(values)):
            buy, sell = mean[t] / 0.93, 0.93 * (mean[t] - 3.0)
            up, down = grid[np.argmax(after - buy * grid[:, None], axis=0)], grid[np.argmax(after - sell * grid[:, None], axis=0)]
            content = np.where(content < up, np.minimum(up, content + 0.93), np.where(content > down, np.maximum(down, content - 1 / 0.93), content))
            stored.append(content)
    return np.stack(stored, axis=1)


@pytest.fixture(scope="module")
def trained():
    return train_auction(STORE, *days(2000, 1), try_paths=80)


def test_the_auction_policy_reaches_the_oracle_and_stays_below_foresight(trained):
    prices, seen = days(150, 2)
    best = run_of(STORE, oracle_run(prices, seen), prices.reshape(150, -1), 60)
    plain = replace(trained, limits=False).run(prices, seen)
    assert plain.value_eur.mean() >= 0.995 * best.value_eur.mean()
    bound = np.array([foresight(STORE, p, 60).value_eur for p in prices.reshape(150, -1)])
    assert (plain.value_eur <= bound + 1e-6).all()


def test_limits_are_used_if_they_earn_more_and_what_is_accepted_can_be_delivered(trained):
    prices, seen = days(150, 3)
    plain, bold = (replace(trained, limits=flag).run(prices, seen) for flag in (False, True))
    gain = bold.value_eur - plain.value_eur
    assert trained.limits == (gain.mean() > 0)
    for run in (plain, bold):
        assert run.state_of_charge_mwh.min() >= 0
        assert run.state_of_charge_mwh.max() <= STORE.energy_mwh
        assert max(run.charge_mw.max(), run.discharge_mw.max()) <= 1.0 + 1e-9


def test_quantities_do_not_depend_on_the_days_own_prices(trained):
    prices, seen = days(20, 4)
    changed = prices.copy()
    changed[:, -1] += 500.0
    plain = replace(trained, limits=False)
    np.testing.assert_array_equal(plain.run(prices, seen).state_of_charge_mwh, plain.run(changed, seen).state_of_charge_mwh)


def test_a_days_cycle_limit_is_met_exactly_as_the_programme_would():
    from energy_pipeline.mathematics.stores.auction import day_bids

    store = replace(STORE, cycles_per_day=0.5)
    prices = DAY_LEVEL[0] + 3 * HOUR_SHAPE
    bids = day_bids(store, prices, 60, np.array([0.0, 6.0]), np.zeros(2), 0.0, limits=False)
    margin = store.margins_eur(bids.charge_mw, bids.discharge_mw, prices, 60).sum()
    assert bids.discharge_mw.sum() <= 3.0 + 1e-6
    assert margin == pytest.approx(foresight(store, prices, 60).value_eur, rel=1e-6)


def test_the_terminal_condition_over_days_is_met():
    store = replace(STORE, initial_mwh=2.0, terminal="equal", terminal_mwh=2.0)
    prices, seen = days(40, 5)
    policy = train_auction(store, *days(500, 6), try_paths=20)
    run = policy.run(prices, seen)
    np.testing.assert_allclose(run.state_of_charge_mwh[:, -1], 2.0, atol=1e-6)
