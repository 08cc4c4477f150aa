"""Seeded data that tests, benchmarks and the peers' script share.

What belongs here: numbers. What does not: any of our own code (the peers' environment has none of it).
"""

import numpy as np

NAMES = tuple(f"h{hour:02d}_{zone}" for zone in ("A", "B") for hour in range(24))


def returns(scenarios: int = 1000, contracts: int = 48, seed: int = 7) -> np.ndarray:
    """Results with common drivers and fat tails, shape (scenarios, contracts); some contracts lose on average."""
    draw = np.random.default_rng(seed)
    loadings = draw.normal(size=(contracts, 5))
    drivers = draw.standard_t(5, size=(scenarios, 5))
    own = draw.standard_t(4, size=(scenarios, contracts)) * (0.5 + draw.random(contracts))
    return 0.01 * (0.05 * draw.normal(size=contracts) + 0.3 * drivers @ loadings.T + own)


def prior(covariance: np.ndarray) -> np.ndarray:
    """Equilibrium of the equally weighted benchmark at risk aversion 2.5."""
    return 2.5 * covariance @ np.full(len(covariance), 1.0 / len(covariance))


VIEWS = {
    "one": [({"h08_A": 1.0}, 0.002, 0.5)],
    "relative": [({"h19_A": 1.0, "h04_A": -1.0}, 0.001, 0.75), ({"h12_B": 1.0}, -0.0005, 0.25)],
    "many": [({NAMES[k]: 1.0}, 0.0005 * ((-1) ** k), 0.6) for k in range(0, 48, 4)],
}
"""Views as (combination, value, confidence)."""
