"""What weeks of scores say about the scenario sets, and whether a day's sets have the published mean.

What belongs here: the tests behind the asset checks of `scenario_scores` and `scenario_sets`. What does not: the
scores of one day.

One day proves nothing about a distribution. Each test looks at the last `WINDOW_DAYS` settled
days and stays silent under `LEAST_DAYS`.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from energy_pipeline.book.published_forecast import MODEL, published_distribution
from energy_pipeline.mathematics.paths.quality import uniformity

WINDOW_DAYS = 91
LEAST_DAYS = 28
SIGNIFICANCE = 1e-4
"""Of the rank histogram: a dozen series are looked at every day, and days are not independent."""

TAIL_TOLERANCE = 3.0
"""Standard errors of the historical tail dependence that the simulated one may be off."""

TIED_EUR_MWH, TIED_SHARE = 0.05, 0.002
"""A set's mean may be off the published one by this, or by this share of the interval's q95 - q05."""

INTEGRAL_EUR_MWH = 1e-6
HOUR_US = 3_600_000_000


def two_expectations(forecasts: pl.DataFrame, summary: pl.DataFrame, sets: pl.DataFrame) -> list[str]:
    """Prices whose published mean is not the integral of what is published, or not the mean of an unconditional set.

    Parameters
    ----------
    forecasts, summary, sets : DataFrame
        `price_forecasts`, `scenario_summary` and `scenario_sets` of one day.
    """
    own = forecasts.filter(pl.col("model") == MODEL).sort("delivery_start")
    found = []
    for (zone, kind, lead), rows in own.group_by("zone", "price_kind", "horizon_days", maintain_order=True):
        said = published_distribution(rows) if rows["statistic"][0] == "mean" else None
        gap = 0.0 if said is None else float(np.abs(said.mean()[0] - rows["price_eur_mwh"].to_numpy()).max())
        if gap > INTEGRAL_EUR_MWH:
            found.append(f"price_forecasts {zone!s} {kind!s} lead {lead!s}: the mean is {gap:.4g} EUR/MWh off the integral of its distribution")
    width = TIED_SHARE * (pl.col("q95_eur_mwh") - pl.col("q05_eur_mwh"))
    published = own.select(
        (pl.col("price_kind") + "_price").alias("kind"),
        pl.col("zone").alias("name"),
        "target_day",
        "delivery_start",
        published="price_eur_mwh",
        allowed=pl.max_horizontal(TIED_EUR_MWH, width.fill_null(0.0)),
    )
    place = pl.col("delivery_start").cast(pl.Int64)
    first = place.min().over("kind", "name", "target_day")
    hour = (first + (place - first) // HOUR_US * HOUR_US).cast(pl.Datetime("us", "UTC")).alias("delivery_start")
    hourly = published.group_by("kind", "name", hour, maintain_order=True).agg(pl.col("published", "allowed").mean())
    weighted = (pl.col("probability") * pl.col("value").cast(pl.Float64)).sum() / pl.col("probability").sum()
    keys = ("kind", "name", "delivery_start")
    for name, means, goal in (
        ("paths", summary.select(*keys, "mean"), published),
        ("day", sets.filter(pl.col("set") == "day").group_by(keys, maintain_order=True).agg(mean=weighted), published),
        ("week", sets.filter(pl.col("set") == "week").group_by(keys, maintain_order=True).agg(mean=weighted), hourly),
    ):
        off = means.join(goal, on=keys, how="inner", maintain_order="left").with_columns(gap=(pl.col("mean") - pl.col("published")).abs())
        for (kind, zone), bad in off.filter(pl.col("gap") > pl.col("allowed")).group_by("kind", "name", maintain_order=True):
            most = max(bad["gap"].to_list())
            found.append(f"{name} {kind!s} {zone!s}: {bad.height} interval(s) off the published mean, by up to {most:.4g} EUR/MWh")
    return found


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
