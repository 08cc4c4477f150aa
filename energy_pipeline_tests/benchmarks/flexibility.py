"""Stores: perfect foresight against cvxpy with HiGHS, policy training and running, in one process.

What belongs here: the section `flexibility` of the page. What does not: agreement of values (tests
of flexibility), the joint book.
"""

import time
from collections.abc import Callable

import numpy as np

from energy_pipeline.mathematics.stores.perfect_foresight import foresight
from energy_pipeline.mathematics.stores.policy import train
from energy_pipeline.mathematics.stores.store import Store
from energy_pipeline_tests.mathematics.stores.price_models import OrnsteinUhlenbeck

HOURS, PATHS, POLICY_HOURS = 8760, 10_000, 168
STORE = Store(1.0, 1.0, 2.0, charge_efficiency=0.93, discharge_efficiency=0.93, cycle_cost_eur_mwh=5.0)
FOUR_HOURS = Store(1.0, 1.0, 4.0, charge_efficiency=0.93, discharge_efficiency=0.93, cycle_cost_eur_mwh=3.0)


def year(level: float) -> np.ndarray:
    """A year of hourly prices with a daily shape and noise."""
    rng = np.random.default_rng(0)
    hours = np.arange(HOURS)
    return level + 18 * np.sin(2 * np.pi * (hours - 8) / 24) + 12 * rng.standard_normal(HOURS)


def by_cvxpy(prices: np.ndarray, *, binaries: bool) -> float:
    """The same problem as a user would write it."""
    import cvxpy as cp

    n = prices.size
    charge, discharge, stored = cp.Variable(n, nonneg=True), cp.Variable(n, nonneg=True), cp.Variable(n + 1, nonneg=True)
    rules = [charge <= 1.0, discharge <= 1.0, stored <= 2.0, stored[0] == 0.0, stored[1:] == stored[:-1] + 0.93 * charge - discharge / 0.93]
    if binaries:
        where = np.flatnonzero(prices < -5.0 * 0.93**2 / (1 - 0.93**2))
        on = cp.Variable(where.size, boolean=True)
        rules += [charge[where] <= on, discharge[where] <= 1 - on]
    problem = cp.Problem(cp.Maximize(prices @ (discharge - charge) - 5.0 * cp.sum(discharge)), rules)
    problem.solve(solver=cp.HIGHS)
    return float(problem.value)


def quickest(work: Callable[[], float], repeats: int) -> tuple[float, float]:
    """Least CPU seconds of several runs, and what the last returned."""
    seconds, found = [], 0.0
    for _ in range(repeats):
        began = time.process_time()
        found = work()
        seconds.append(time.process_time() - began)
    return min(seconds), found


def section() -> list[str]:
    """Markdown of the section."""
    lines = [
        "## Stores",
        "",
        f"CPU seconds, one process. A battery over {HOURS:,} hours with V_t; the peer is cvxpy with HiGHS.",
        "",
        "| | cvxpy + HiGHS | ours | times faster | optimum, ours / theirs - 1 |",
        "|---|---|---|---|---|",
    ]
    for title, level, binaries in (("a year of prices", 50.0, False), ("a year with deeply negative hours", 15.0, True)):
        prices = year(level)
        foresight(STORE, prices, 60)  # compiles
        own, found = quickest(lambda p=prices: foresight(STORE, p, 60).value_eur, 300)  # type: ignore[misc]
        theirs, other = quickest(lambda p=prices, b=binaries: by_cvxpy(p, binaries=b), 6)  # type: ignore[misc]
        lines.append(f"| {title} | {theirs:.3f} | {own:.5f} | {theirs / own:.0f} | {found / other - 1:.1e} |")
    shape = 50 + 20 * np.sin(2 * np.pi * (np.arange(POLICY_HOURS) - 8) / 24)
    model = OrnsteinUhlenbeck(shape, 0.15, 8.0)
    learn, fresh = (model.paths(PATHS, np.random.default_rng(seed)) for seed in (1, 2))
    train(FOUR_HOURS, learn[:200], 60).run(fresh[:200])  # compiles
    policy = train(FOUR_HOURS, learn, 60)
    training, _ = quickest(lambda: float(train(FOUR_HOURS, learn, 60).grid_mwh.size), 5)
    running, value = quickest(lambda: float(policy.run(fresh).value_eur.mean()), 5)
    both = training + running
    told = f"Policy of a four-hour battery, {PATHS:,} paths x {POLICY_HOURS} hours: training {training:.3f} s, running on as many fresh paths "
    return [*lines, "", told + f"{running:.3f} s, together {both:.3f} s; value {value:.1f} EUR."]
