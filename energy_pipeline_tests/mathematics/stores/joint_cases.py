"""Joint problems made of simulated prices, for tests and benchmarks.

What belongs here: the builder. What does not: tests.
"""

import numpy as np

from energy_pipeline.mathematics.stores.joint import Contracts, JointProblem, Limits
from energy_pipeline.mathematics.stores.store import Store

BATTERY = Store(5.0, 5.0, 10.0, charge_efficiency=0.93, discharge_efficiency=0.93, cycle_cost_eur_mwh=4.0)


def case(scenarios, hours, contracts, seed, *, risk_aversion=1.0, confidence=0.95, limited=True, stream=0):
    """Price paths (scenarios, hours), a problem with a short load of 10 MW, and where two factors look (2, hours).

    Another `stream` draws other paths of the same market.
    """
    premium = 0.3 * np.random.default_rng(seed).standard_normal(contracts)
    rng = np.random.default_rng((seed, stream))
    shape = 50 + 25 * np.sin(np.arange(hours) / 24 * 2 * np.pi)
    level = 12 * rng.standard_normal((scenarios, 1)) * np.sqrt(1 + rng.exponential(1, (scenarios, 1)))
    noise, shocks = np.zeros((scenarios, hours)), rng.standard_normal((scenarios, hours))
    for t in range(hours):
        noise[:, t] = (0.8 * noise[:, t - 1] if t else 0) + 8 * shocks[:, t]
    paths = shape + level + noise
    blocks = np.zeros((contracts, hours))
    for k in range(contracts):
        blocks[k, k * hours // contracts : (k + 1) * hours // contracts] = 1
    length = blocks.sum(axis=1)
    delivered = paths @ blocks.T
    gain = delivered - shape @ blocks.T + length * premium
    factors = np.zeros((2, hours))
    factors[0], factors[1, hours // 2 :] = 1, 1
    room = np.full(contracts, 12.0), np.full(contracts, 8.0)
    names = tuple(f"block {k}" for k in range(contracts))
    offered = Contracts(names, gain, 0.2 * length, *room, np.full(contracts, 30.0), factors @ blocks.T)
    far = np.full(2, np.inf)
    bounds = (np.array([-300.0, -200.0]), np.array([400.0, 100.0]), 40.0, 1200.0) if limited else (-far, far, None, None)
    base = 10 * (shape.sum() - paths.sum(axis=1))
    return paths, JointProblem(base, offered, Limits(("all", "late"), *bounds), risk_aversion, confidence), factors
