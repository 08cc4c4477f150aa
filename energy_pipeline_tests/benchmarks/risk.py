"""VaR of a linear book against the time of drawing the numbers, in one process.

What belongs here: the section `risk` of the page. What does not: whether the numbers are right
(energy_pipeline_tests/risk).

48 contracts, a million scenarios, 99 %. Drawing is `Generator.standard_normal` into memory that is already
there. Historical VaR reads the scenarios drawn; Monte Carlo VaR draws its own in blocks. CPU seconds, the
least of `REPEATS`.
"""

import resource
import time
from collections.abc import Callable

import numpy as np

from energy_pipeline.portfolio.tail import expected_shortfall, value_at_risk
from energy_pipeline.risk.estimators import METHODS, estimate
from energy_pipeline.risk.simulation import historical_var, normal_var, simulate

SCENARIOS, CONTRACTS, LEVEL, REPEATS = 1_000_000, 48, 0.99, 5


def least(work: Callable[[], object]) -> float:
    """CPU seconds of the fastest of a few runs."""
    seconds = []
    for _ in range(REPEATS):
        began = time.process_time()
        work()
        seconds.append(time.process_time() - began)
    return min(seconds)


def section() -> list[str]:
    """Markdown of the section."""
    rng = np.random.default_rng(1)
    root = rng.normal(size=(CONTRACTS, CONTRACTS))
    covariance, positions = root @ root.T, rng.normal(size=CONTRACTS)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    monte_carlo = least(lambda: normal_var(covariance, positions, LEVEL, rng, SCENARIOS))
    memory = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    scenarios = np.zeros((SCENARIOS, CONTRACTS))
    drawing = least(lambda: rng.standard_normal(out=scenarios))
    historical = least(lambda: historical_var(scenarios, positions, LEVEL))
    pnl = scenarios @ positions
    same = historical_var(scenarios, positions, LEVEL)
    loss = pnl.mean() - pnl
    apart = max(abs(a - b) for a, b in zip(same, (value_at_risk(loss, LEVEL), expected_shortfall(loss, LEVEL)), strict=True))
    year = rng.standard_t(5, 365) * 100.0
    every = least(lambda: [estimate(year, LEVEL, m) for m in METHODS])
    garch = least(lambda: simulate(year[:, None], rng, 10_000))
    return [
        "## VaR and expected shortfall",
        "",
        f"| {SCENARIOS:,} x {CONTRACTS}, {LEVEL:.0%} | CPU s | against drawing |",
        "|---|---|---|",
        f"| drawing the numbers | {drawing:.3f} | 1 |",
        f"| drawing and historical VaR and ES | {drawing + historical:.3f} | **{(drawing + historical) / drawing:.3f}** |",
        f"| Monte Carlo VaR and ES, drawing included | {monte_carlo:.3f} | **{monte_carlo / drawing:.3f}** |",
        "",
        f"Monte Carlo takes {memory:.0f} MB; historical VaR and ES differ from a full sort by {apart:.1e}. A year of losses:",
        f"five methods at one level {every * 1000:.0f} ms, GARCH Monte Carlo of 10,000 draws {garch * 1000:.0f} ms.",
    ]
