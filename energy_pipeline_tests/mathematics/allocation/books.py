"""Random allocation problems for property tests.

What belongs here: problems as a function of a seed. What does not: checks.
"""

import numpy as np

from energy_pipeline.mathematics import allocation as al


def weights(seed, scenarios=200, contracts=8, *limits):
    """Long-only weights on correlated, skewed results."""
    draw = np.random.default_rng(seed)
    loadings = draw.normal(size=(contracts, 2))
    r = 0.01 * (
        draw.standard_t(4, size=(scenarios, 2)) @ loadings.T + draw.standard_t(4, size=(scenarios, contracts)) + 0.1 * draw.normal(size=contracts)
    )
    return al.weights_problem([f"c{k}" for k in range(contracts)], r, *limits)


def power_book(seed, scenarios=300, contracts=8, *limits):
    """Long and short MW against a physical book, with held positions, spreads, gross, turnover and a basis limit."""
    draw = np.random.default_rng(seed)
    pnl = draw.standard_t(4, size=(scenarios, 2)) @ draw.normal(size=(2, contracts)) * 8 + draw.normal(size=(scenarios, contracts)) * 6
    names = tuple(f"c{k}" for k in range(contracts))
    return al.Problem(
        names,
        pnl,
        held=draw.normal(size=contracts) * 4,
        buy_cost=np.full(contracts, 0.2),
        sell_cost=np.full(contracts, 0.3),
        base=pnl @ draw.normal(size=contracts) * 3 + draw.normal(size=scenarios) * 20,
        stress=2.5 * pnl[:6],
        limits=(
            al.Bounds("size", -20.0, 20.0),
            al.Gross("gross", 70.0),
            al.Turnover("turnover", 45.0),
            al.Linear("basis", {"c0": 1.0, "c1": -1.0}, -4.0, 4.0),
            *limits,
        ),
    )


def cvar_programme(problem, confidence, cost=None):
    """Least CVaR as scipy's linear programme, written out from the limits of `power_book` or `weights`."""
    from scipy.optimize import linprog

    from energy_pipeline.mathematics.allocation.space import build

    space = build(problem)
    s, n = problem.scenarios.shape
    d = space.size
    goal = np.concatenate([space.cost if cost is None else cost, [1.0], np.full(s, 1.0 / ((1 - confidence) * s))])
    gains = np.zeros((s, d))
    gains[:, :n] = problem.scenarios
    base = np.zeros(s) if problem.base is None else problem.base
    rows = np.hstack([-gains, -np.ones((s, 1)), -np.eye(s)])
    low, high = np.isfinite(space.row_low), np.isfinite(space.row_high)
    wide = np.hstack([space.rows, np.zeros((len(space.rows), s + 1))])
    upper = np.vstack([rows, wide[high], -wide[low]])
    right = np.concatenate([base, space.row_high[high], -space.row_low[low]])
    bounds = [*zip(space.low, space.high, strict=True), (None, None), *[(0, None)] * s]
    found = linprog(goal, upper, right, bounds=bounds, method="highs")
    assert found.success
    return found.fun
