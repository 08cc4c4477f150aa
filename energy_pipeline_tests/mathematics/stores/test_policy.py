"""The policy on fresh paths of price models, against fine-grid dynamic programming that knows the model."""

import numpy as np

from energy_pipeline.mathematics.stores.perfect_foresight import foresight
from energy_pipeline.mathematics.stores.policy import train
from energy_pipeline.mathematics.stores.store import Store
from energy_pipeline_tests.mathematics.stores.oracles import Chain, best_policy, normal_transition, run_best
from energy_pipeline_tests.mathematics.stores.price_models import OrnsteinUhlenbeck, SchwartzLog, SpikeRegime, seasonal_gas

BATTERY = Store(1.0, 1.0, 4.0, charge_efficiency=0.93, discharge_efficiency=0.93, cycle_cost_eur_mwh=3.0)
SHAPE = 50 + 20 * np.sin(2 * np.pi * (np.arange(168) - 8) / 24)
HOURLY = OrnsteinUhlenbeck(SHAPE, 0.15, 8.0)
LOG = SchwartzLog(SHAPE, 0.1, 0.12)
SPIKES = SpikeRegime(OrnsteinUhlenbeck(SHAPE, 0.2, 6.0), 0.02, 0.4, 150.0)
GAS = seasonal_gas()
GAS_STORE = Store(4.0, 8.0, 6000.0, charge_efficiency=0.99, discharge_efficiency=0.99, cycle_cost_eur_mwh=0.3, charge_cost_eur_mwh=0.3)
TRAIN, FRESH = 8000, 3000


def share_of_best(store, model, states_of, prices_of, minutes=60, levels=161, points=41, paths=(TRAIN, FRESH)):
    """(ours on fresh paths, oracle's on the same, perfect foresight's on some of them and ours on those)."""
    grid = np.linspace(-4.5, 4.5, points) * model.step_deviation / np.sqrt(1 - model.decay**2)
    chain = Chain(prices_of(grid), normal_transition(grid, model.decay, model.step_deviation))
    contents, found = best_policy(store, chain, levels, minutes)
    learn, fresh = (model.states(n, np.random.default_rng(seed)) for n, seed in zip(paths, (1, 2), strict=True))
    policy = train(store, states_of(learn), minutes)
    ours = policy.run(states_of(fresh))
    best = run_best(store, contents, found, states_of(fresh), fresh, grid, minutes)
    bound = np.array([foresight(store, p, minutes).value_eur for p in states_of(fresh[:200])])
    return ours, best, bound


def holds(ours, best, bound, least):
    """At least `least` of the optimum, and below perfect foresight."""
    share = ours.value_eur.mean() / best.mean()
    assert share >= least, f"{share:.4%} of the optimum"
    apart = bound - ours.value_eur[: bound.size]
    assert apart.mean() > -3 * apart.std() / np.sqrt(bound.size)
    assert (apart > -1e-6).all(), "perfect foresight bounds every path"


def test_ornstein_uhlenbeck():
    holds(*share_of_best(BATTERY, HOURLY, lambda x: HOURLY.mean_eur_mwh + x, lambda g: SHAPE[:, None] + g), least=0.995)


def test_schwartz():
    holds(*share_of_best(BATTERY, LOG, LOG.prices, lambda g: LOG.prices(np.repeat(g[:, None], 168, axis=1)).T), least=0.995)


def test_spike_regime():
    base = SPIKES.base
    grid = np.linspace(-4.5, 4.5, 41) * base.step_deviation / np.sqrt(1 - base.decay**2)
    move = normal_transition(grid, base.decay, base.step_deviation)
    switch = np.array([[1 - SPIKES.begins, SPIKES.begins], [SPIKES.ends, 1 - SPIKES.ends]])
    price = np.concatenate([SHAPE[:, None] + grid, SHAPE[:, None] + grid + SPIKES.height_eur_mwh], axis=1)
    contents, found = best_policy(BATTERY, Chain(price, np.kron(switch, move)), 161)
    (x1, on1), (x2, on2) = (SPIKES.states(n, np.random.default_rng(seed)) for n, seed in ((TRAIN, 3), (FRESH, 4)))
    policy = train(BATTERY, SPIKES.prices(x1, on1), 60)
    ours = policy.run(SPIKES.prices(x2, on2))
    # The oracle sees x and the regime; the two halves of its states are interpolated apart.
    best = run_with_regime(BATTERY, contents, found, SPIKES.prices(x2, on2), x2, on2, grid)
    share = ours.value_eur.mean() / best.mean()
    assert share >= 0.995, f"{share:.4%} of the optimum"
    bound = np.array([foresight(BATTERY, p, 60).value_eur for p in SPIKES.prices(x2, on2)[:200]])
    assert (bound - ours.value_eur[:200] > -1e-6).all()


def run_with_regime(store, contents, found, prices, x, on, grid):
    """`run_best` with the nearest state of a fine refinement in x: both halves refined by interpolation."""
    fine = np.linspace(grid[0], grid[-1], 1201)
    k = np.clip(np.searchsorted(grid, fine) - 1, 0, grid.size - 2)
    share = (fine - grid[k]) / (grid[k + 1] - grid[k])
    n = grid.size
    state = np.clip(np.rint((x - fine[0]) / (fine[1] - fine[0])), 0, fine.size - 1).astype(int)
    halves = []
    for regime in (0, 1):
        part = found[:, :, regime * n : (regime + 1) * n]
        halves.append((1 - share) * part[:, :, k] + share * part[:, :, k + 1])
    return run_best(store, contents, np.concatenate(halves, axis=2), prices, state + fine.size * on, None)


def test_a_gas_store_for_a_year():
    prices_of = lambda g: GAS.prices(np.repeat(g[:, None], 365, axis=1)).T  # noqa: E731
    found = share_of_best(GAS_STORE, GAS, GAS.prices, prices_of, minutes=1440, levels=301, points=31, paths=(3000, 2000))
    holds(*found, least=0.99)
