"""Backtests: 1,000 parameter sets over five years of hours, against vectorbt in the same process.

What belongs here: the section `backtests` of the page: CPU time, growth with the number of sets,
memory. What does not: that both earn the same (tests of strategies).

The peer is in dependency group `peers`; without it the ratio is left out. It is handed ready
targets, which it is not charged for; ours is charged for the rules too. Prices are positive,
since the peer refuses others.
"""

import importlib.util
import resource
import time
import warnings

import numpy as np

from energy_pipeline.mathematics.backtester import engine
from energy_pipeline.mathematics.backtester.costs import Costs
from energy_pipeline.mathematics.backtester.indicators import z_score

HOURS, SETS, CHUNK, REPEATS = 43_800, 1000, 250, 5
GROWTH = (10, 100, 1000, 10_000)
WINDOWS = (24, 72, 168, 336)


def market() -> tuple[engine.Bars, np.ndarray]:
    """Hourly bars and one feature per window."""
    rng = np.random.default_rng(1)
    noise = rng.normal(0, 4, HOURS)
    price = np.empty(HOURS)
    level = 0.0
    for t in range(HOURS):
        level = 0.97 * level + noise[t]
        price[t] = level
    price = np.maximum(60 + price + 12 * np.sin(np.arange(HOURS) * np.pi / 12), 1.0)
    bars = engine.continuous_bars(np.arange(HOURS) * 3_600_000_000, 60, price)
    return bars, np.array([z_score(price, n) for n in WINDOWS])


def rules(count: int) -> list[engine.Rule]:
    """Entries, exits, stops and windows on a grid."""
    rng = np.random.default_rng(2)
    return [
        engine.Rule(e, e * x, e + 2.0, int(d), 10.0, 0.0, int(f))
        for e, x, d, f in zip(
            rng.uniform(1.0, 2.8, count), rng.uniform(0, 0.6, count), rng.choice([-1, 1], count), rng.integers(0, len(WINDOWS), count), strict=True
        )
    ]


def own(bars: engine.Bars, features: np.ndarray, count: int, terms: engine.Terms) -> tuple[float, np.ndarray]:
    """Least CPU seconds of several sweeps, and the gross P&L."""
    chosen, period, seconds = rules(count), np.arange(HOURS) // 24, []
    found = engine.sweep(bars, features, chosen[:1], period, terms)
    for _ in range(REPEATS):
        began = time.process_time()
        found = engine.sweep(bars, features, chosen, period, terms)
        seconds.append(time.process_time() - began)
    return min(seconds), found["gross_eur"]


def peer(bars: engine.Bars, features: np.ndarray) -> tuple[float, np.ndarray]:
    """CPU seconds of vectorbt over the same sets in parts that fit into memory, and its profit."""
    import pandas as pd
    import vectorbt as vbt

    price, spent, profits = pd.Series(bars.price_eur_mwh), 0.0, []
    warm = pd.DataFrame(np.zeros((100, 2)))
    vbt.Portfolio.from_orders(price[:100], size=warm, size_type="targetamount", init_cash=1e9).total_profit()
    for begin in range(0, SETS, CHUNK):
        targets = np.array([engine.rule_targets(features[r.feature], r) for r in rules(SETS)[begin : begin + CHUNK]]).T
        orders = pd.DataFrame(np.vstack([np.full((1, targets.shape[1]), np.nan), targets[:-1]]))
        began = time.process_time()
        portfolio = vbt.Portfolio.from_orders(price, size=orders, size_type="targetamount", direction="both", init_cash=1e9)
        profits.append(np.asarray(portfolio.total_profit()))
        spent += time.process_time() - began
        del portfolio, orders
    return spent, np.concatenate(profits)


def section() -> list[str]:
    """Markdown of the section."""
    warnings.simplefilter("ignore")
    bars, features = market()
    free, paid = (
        engine.Terms(),
        engine.Terms(Costs(half_spread_eur_mwh=0.1, impact_eur_mwh=1.0, daily_volume_mwh=5000, commission_fixed_eur=1.0)),
    )
    seconds, gross = own(bars, features, SETS, free)
    with_costs, _ = own(bars, features, SETS, paid)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    growth = {n: own(bars, features, n, free)[0] for n in GROWTH}
    grown_mb = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    lines = [
        "## Backtests",
        "",
        f"{SETS:,} threshold rules x {HOURS:,} hours, CPU seconds in one process, one thread. Peer vectorbt (`from_orders` on ready targets).",
        "",
        "| | CPU s | bar-steps per CPU-s |",
        "|---|---|---|",
    ]
    steps = SETS * HOURS
    rows = {"ours, no costs": seconds, "ours, spread + impact + fee per order": with_costs}
    if importlib.util.find_spec("vectorbt"):
        theirs, profit = peer(bars, features)
        rows["vectorbt, no costs"] = theirs
        worst = float(np.max(np.abs(profit - gross) / np.maximum(np.abs(gross), 1.0)))
        tail = (
            f"**{theirs / seconds:.0f} times** faster than the peer; with costs {theirs / with_costs:.0f} times. "
            f"Gross P&L differs by {worst:.1e} at most, relative."
        )
    else:
        tail = "The peer was not measured: `uv sync --group peers`."
    lines += [f"| {name} | {spent:.3f} | {steps / spent:.2e} |" for name, spent in rows.items()]
    per_set = ", ".join(f"{n:,}: {1e6 * s / n:.0f}" for n, s in growth.items())
    return [
        *lines,
        "",
        tail,
        f"CPU microseconds a set by number of sets: {per_set}. Memory grown by {max(GROWTH):,} sets: {max(grown_mb, 0.0):.0f} MB.",
    ]
