"""What weeks of scores say about the scenario sets.

What belongs here: the tests behind the asset checks of `scenario_scores`. What does not: the
scores of one day.

One day proves nothing about a distribution. Each test looks at the last `WINDOW_DAYS` settled
days and stays silent under `LEAST_DAYS`.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from energy_pipeline.mathematics.paths.quality import uniformity

WINDOW_DAYS = 91
LEAST_DAYS = 28
SIGNIFICANCE = 1e-4
"""Of the rank histogram: a dozen series are looked at every day, and days are not independent."""

TAIL_TOLERANCE = 3.0
"""Standard errors of the historical tail dependence that the simulated one may be off."""


def crooked_ranks(scores: pl.DataFrame) -> list[str]:
    """Series whose ranks are not uniform over the window."""
    found = []
    for kind, name, part in _series(scores):
        for column in ("rank_mean", "rank_multivariate"):
            p_value = uniformity(part[column].to_numpy())
            if p_value < SIGNIFICANCE:
                found.append(f"{kind} {name}: {column} over {part.height} days is not uniform (p = {p_value:.1g})")
    return found


def worthless_dependence(scores: pl.DataFrame) -> list[str]:
    """Series whose variogram score is no better than that of the set without dependence."""
    found = []
    for kind, name, part in _series(scores):
        own, other = (float(part[c].to_numpy().mean()) for c in ("variogram_score", "variogram_score_independent"))
        if own > other:
            found.append(f"{kind} {name}: variogram score {own:.4g} over {part.height} days, shuffled {other:.4g}")
    return found


def other_tails(scores: pl.DataFrame, history_days: int) -> list[str]:
    """Series that move together in the tail more or less than their past days did.

    Parameters
    ----------
    history_days : int
        Past days behind `tail_dependence_history`: a fifth of them are tail events.
    """
    tolerance = TAIL_TOLERANCE * float(np.sqrt(0.25 / max(0.2 * history_days, 1.0)))
    found = []
    for kind, name, part in _series(scores.drop_nulls(["tail_dependence", "tail_dependence_history"])):
        gap = float((part["tail_dependence"] - part["tail_dependence_history"]).to_numpy().mean())
        if abs(gap) > tolerance:
            found.append(f"{kind} {name}: tail dependence is {gap:+.2f} off that of past days, {tolerance:.2f} allowed")
    return found


def _series(scores: pl.DataFrame) -> list[tuple[str, str, pl.DataFrame]]:
    parts = scores.sort("kind", "name", "delivery_day").partition_by("kind", "name", maintain_order=True)
    return [(str(p["kind"][0]), str(p["name"][0]), p) for p in parts if p.height >= LEAST_DAYS]
