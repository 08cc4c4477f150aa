"""`benchmark score`: how good the forecasts of a forecast file were.

What belongs here: scores over many days of a file in the benchmark's format, and the page
and charts made of them. What does not: the walk (`forecast_benchmark`), single-day measures
(`forecasting.scores`), the test (`mathematics.statistics.comparison`).

Definitions. rMAE is the MAE over that of a naive on the same intervals: the weekly naive (the price
7 days before) or the standard one (the day before from Tuesday to Friday, else 7 days before).
Pinball is the mean over the levels 0.05 .. 0.95. Coverage is the share of outcomes inside the
90 % band; the volatility tercile of a day is that of the standard deviation of the prices of the
7 days before it, so it is known beforehand. The value is that of `forecasting.value`: what the
reference battery committed on the forecast earns, as a share of perfect foresight.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from energy_pipeline.domain.delivery import FloatArray
from energy_pipeline.domain.errors import SourceError
from energy_pipeline.forecasting.value import reference_schedule, value_eur
from energy_pipeline.mathematics.statistics.comparison import diebold_mariano
from energy_pipeline.studies.benchmark_file import market_panel, read_forecast_file, read_market_file

LOW, HIGH = "q0.05", "q0.95"
NOT_MODELS = ("timestamp", "fallback", "price")
ENSEMBLE = "_ensemble"
RIVALS_MEAN = "mean of the rivals' ensembles"
DAYS, FEWEST_WEEKS = 7, 8
PINBALL_LEVELS = tuple(round(0.05 * i, 2) for i in range(1, 20))


@dataclass(frozen=True)
class ForecastScores:
    """Scores of one forecast file against its market.

    Attributes
    ----------
    market : str
    days : int
    first, last : date
    rows : DataFrame
        One row per model (the forecast, its members, rivals, naives): mae_eur_mwh, rmae_weekly, rmae_standard,
        rmse_eur_mwh, smape, p_forecast_better (HAC Diebold-Mariano), value_share, losing_days, and value_more_eur with
        value_more_low_eur .. value_more_high_eur: EUR a day it earned more than the forecast, whole weeks resampled. Rivals' columns that end
        in `_ensemble` also give their mean.
    pinball_eur_mwh : float
    coverage_90 : float
    coverage_by_slot : array, shape (slots,)
    coverage_by_tercile : array, shape (3,)
        Calm, middle, wild.
    monthly : DataFrame
        month, rmae_weekly and coverage_90 of the forecast.
    """

    market: str
    days: int
    first: date
    last: date
    rows: pl.DataFrame
    pinball_eur_mwh: float
    coverage_90: float
    coverage_by_slot: FloatArray
    coverage_by_tercile: FloatArray
    monthly: pl.DataFrame


def score_file(data: Path, forecasts: Path, rivals: Path | None = None, *, with_value: bool = True) -> ForecastScores:
    """Score a forecast file.

    Parameters
    ----------
    data : Path
        Market file: timestamp, price.
    forecasts : Path
        Forecast file of `benchmark forecasts`, or of anyone: timestamp, forecast, q0.01 .. q0.99, further models.
    rivals : Path, optional
        Further models to compare with: timestamp and one column each.
    with_value : bool
        Solve the reference battery for every model and day, which takes a few milliseconds each.

    Raises
    ------
    SourceError
        When days of the forecasts are not whole, not in the market file, or hold values that are not finite.
    """
    panel = market_panel(read_market_file(data), data.name)
    found = read_forecast_file(forecasts).sort("timestamp")
    if rivals is not None:
        extra = read_forecast_file(rivals)
        committees = [c for c in extra.columns if c.endswith(ENSEMBLE)]
        if len(committees) > 1:
            extra = extra.with_columns(pl.mean_horizontal(committees).alias(RIVALS_MEAN))
        found = found.join(extra.drop("price", strict=False), on="timestamp", how="left", suffix="_rival")
    slots = panel.prices.shape[1]
    stamps = found["timestamp"].dt.date().unique().sort()
    index = np.array([(d - panel.first_day).days for d in stamps])
    if found.height != stamps.len() * slots or (index < 7).any() or (index >= panel.prices.shape[0]).any():
        raise SourceError(
            f"{forecasts.name}: {found.height} rows on {stamps.len()} days do not match {data.name} with {slots} rows a day -> same market?"
        )
    outcome = panel.prices[index]
    table = {c: found[c].to_numpy().reshape(-1, slots) for c in found.columns if c not in NOT_MODELS and not c.startswith("q0.")}
    bad = [c for c in ("forecast",) if not np.isfinite(table[c]).all()]
    if bad or not np.isfinite(outcome).all():
        raise SourceError(f"{forecasts.name}: values of {', '.join(bad) or 'the price'} are missing on the scored days -> score whole days only")
    weekly = panel.prices[index - 7]
    midweek = np.array([1 <= d.weekday() <= 4 for d in stamps])
    standard = np.where(midweek[:, None], panel.prices[index - 1], weekly)
    models = table | {"naive weekly": weekly, "naive standard": standard}
    rows = _rows(models, outcome, weekly, standard, with_value)
    hit = _hits(found, outcome)
    wild = np.array([np.nanstd(panel.prices[i - 7 : i]) for i in index])
    thirds = np.searchsorted(np.quantile(wild, [1 / 3, 2 / 3]), wild)
    return ForecastScores(
        data.stem,
        stamps.len(),
        stamps[0],
        stamps[-1],
        rows,
        _pinball(found, outcome),
        float(hit.mean()),
        hit.mean(axis=0),
        np.array([hit[thirds == k].mean() for k in range(3)]),
        _monthly(stamps, outcome, table["forecast"], weekly, hit),
    )


def _rows(models: dict[str, FloatArray], outcome: FloatArray, weekly: FloatArray, standard: FloatArray, with_value: bool) -> pl.DataFrame:
    own = np.abs(models["forecast"] - outcome).mean(axis=1)
    naive = {"rmae_weekly": np.abs(weekly - outcome).mean(), "rmae_standard": np.abs(standard - outcome).mean()}
    foresight = np.array([p @ reference_schedule(p, 1440 // p.size) for p in outcome]) if with_value else None
    rows = []
    ours = None if foresight is None else _earned(models["forecast"], outcome)
    for name, values in models.items():
        known = np.isfinite(values).all(axis=1)
        error = values[known] - outcome[known]
        size = np.abs(values[known]) + np.abs(outcome[known])
        mae = float(np.abs(error).mean())
        row: dict[str, object] = {"model": name, "days": int(known.sum()), "mae_eur_mwh": mae}
        # Relative to the naive of all scored days; a model with gaps has its own days only.
        row |= {k: mae / float(v) for k, v in naive.items()}
        row["rmse_eur_mwh"] = float(np.sqrt((error**2).mean()))
        row["smape"] = float(np.where(size > 0, 2 * np.abs(error) / np.where(size > 0, size, 1.0), 0.0).mean())
        row["p_forecast_better"] = None if name == "forecast" else diebold_mariano(own[known], np.abs(error).mean(axis=1))
        if foresight is not None and ours is not None:
            earned = _earned(values[known], outcome[known])
            hours = 24 / outcome.shape[1]
            row["value_share"] = float(earned.sum() / (foresight[known].sum() * hours))
            row["losing_days"] = int((earned < -1e-9).sum())
            more = earned - ours[known]
            row["value_more_eur"] = float(more.mean())
            row["value_more_low_eur"], row["value_more_high_eur"] = (None, None) if name == "forecast" else weekly_interval(more)
        rows.append(row)
    return pl.DataFrame(rows)


def _earned(forecasts: FloatArray, outcome: FloatArray) -> FloatArray:
    """What the reference battery earns on each day, shape (days,) [EUR]."""
    return np.array([value_eur(f, p, 1440 // p.size) for f, p in zip(forecasts, outcome, strict=True)])


def weekly_interval(daily: FloatArray, draws: int = 4000) -> tuple[float, float] | tuple[None, None]:
    """95 % interval of a mean of consecutive days, whole weeks resampled; None with fewer than eight weeks.

    >>> low, high = weekly_interval(np.random.default_rng(0).normal(1.0, 1.0, 700))
    >>> low < 1.0 < high, round(high - low, 1)
    (True, 0.1)
    """
    weeks = daily[: daily.size // DAYS * DAYS].reshape(-1, DAYS).mean(axis=1)
    if weeks.size < FEWEST_WEEKS:
        return None, None
    drawn = np.random.default_rng(0).integers(weeks.size, size=(draws, weeks.size))
    low, high = np.quantile(weeks[drawn].mean(axis=1), [0.025, 0.975])
    return float(low), float(high)


def _hits(found: pl.DataFrame, outcome: FloatArray) -> FloatArray:
    if LOW not in found.columns or HIGH not in found.columns:
        return np.full(outcome.shape, np.nan)
    low, high = (found[c].to_numpy().reshape(outcome.shape) for c in (LOW, HIGH))
    return ((low <= outcome) & (outcome <= high)).astype(np.float64)


def _pinball(found: pl.DataFrame, outcome: FloatArray) -> float:
    losses = []
    for level in PINBALL_LEVELS:
        if (name := f"q{level:g}") in found.columns:
            miss = outcome - found[name].to_numpy().reshape(outcome.shape)
            losses.append(np.maximum(level * miss, (level - 1) * miss).mean())
    return float(np.mean(losses)) if losses else float("nan")


def _monthly(days: pl.Series, outcome: FloatArray, forecast: FloatArray, weekly: FloatArray, hit: FloatArray) -> pl.DataFrame:
    frame = pl.DataFrame(
        {
            "month": days.dt.truncate("1mo"),
            "own": np.abs(forecast - outcome).mean(axis=1),
            "naive": np.abs(weekly - outcome).mean(axis=1),
            "hit": hit.mean(axis=1),
        }
    )
    sums = frame.group_by("month", maintain_order=True).agg(pl.col("own").sum(), pl.col("naive").sum(), pl.col("hit").mean())
    return sums.select("month", rmae_weekly=pl.col("own") / pl.col("naive"), coverage_90=pl.col("hit"))


def as_markdown(scores: ForecastScores) -> str:
    """The scores as a page."""
    rows = scores.rows
    with_value = "value_share" in rows.columns
    slots = scores.coverage_by_slot
    calm, middle, wild = (f"{100 * c:.1f}" for c in scores.coverage_by_tercile)
    text = [
        f"### {scores.market}: {scores.days} days, {scores.first} .. {scores.last}",
        "",
        (
            f"90 % band: {100 * scores.coverage_90:.1f} % overall, {100 * slots.min():.1f} to {100 * slots.max():.1f} % by time of day, "
            f"{calm} / {middle} / {wild} % on calm / middle / wild days. Mean pinball of 19 levels {scores.pinball_eur_mwh:.3f} EUR/MWh."
        ),
        "",
        "| model | MAE EUR/MWh | rMAE weekly | rMAE standard | RMSE | p forecast better |"
        + (" value, % of foresight | losing days | EUR a day more than the forecast, 95 % of weeks |" if with_value else ""),
        "|---|---|---|---|---|---|" + ("---|---|---|" if with_value else ""),
    ]
    for row in rows.sort("mae_eur_mwh").iter_rows(named=True):
        p = "" if row["p_forecast_better"] is None else f"{row['p_forecast_better']:.4f}"
        line = (
            f"| {row['model']} | {row['mae_eur_mwh']:.3f} | {row['rmae_weekly']:.4f} | {row['rmae_standard']:.4f} | {row['rmse_eur_mwh']:.3f} | {p} |"
        )
        text.append(line + (f" {100 * row['value_share']:.2f} | {row['losing_days']} | {_more(row)} |" if with_value else ""))
    return "\n".join(text) + "\n"


def _more(row: dict[str, Any]) -> str:
    if row["value_more_low_eur"] is None:
        return ""
    return f"{row['value_more_eur']:+.2f} ({row['value_more_low_eur']:+.2f} .. {row['value_more_high_eur']:+.2f})"


def draw(scores: ForecastScores, file: Path) -> None:
    """Three small charts as one SVG: error by month, coverage by time of day and tercile, error of each model."""
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"] = "energy_pipeline"
    mpl.rcParams["svg.fonttype"] = "none"
    from matplotlib import pyplot as plt

    figure, (left, centre, right) = plt.subplots(1, 3, figsize=(13, 3.4), layout="constrained")
    months = scores.monthly["month"].to_list()
    left.plot(months, scores.monthly["rmae_weekly"].to_list(), color="#1b5e8c", marker="o", markersize=3)
    left.set(title="rMAE by month (weekly naive = 1)", ylim=(0, None))
    left.tick_params(axis="x", rotation=45)
    hours = np.arange(scores.coverage_by_slot.size) * 24 / scores.coverage_by_slot.size
    centre.plot(hours, 100 * scores.coverage_by_slot, color="#1b5e8c", label="by hour")
    for share, name, colour in zip(scores.coverage_by_tercile, ("calm", "middle", "wild"), ("#9bbb59", "#e0a030", "#b03030"), strict=True):
        centre.axhline(100 * share, color=colour, linewidth=1, linestyle="--", label=f"{name} days")
    centre.axhspan(88, 92, color="#1b5e8c", alpha=0.12)
    centre.set(title="share inside the 90 % band, %", xlabel="hour of day", ylim=(80, 100))
    centre.legend(fontsize=7, ncols=2)
    ranked = scores.rows.filter(~pl.col("model").str.starts_with("naive")).sort("rmae_weekly", descending=True)
    right.barh(
        ranked["model"].to_list(), ranked["rmae_weekly"].to_list(), color=["#c46210" if m == "forecast" else "#8fa7b8" for m in ranked["model"]]
    )
    right.set(title="rMAE (weekly naive) of each model", xlim=(0, None))
    right.tick_params(axis="y", labelsize=7)
    figure.suptitle(f"{scores.market}, {scores.first} .. {scores.last}", fontsize=10)
    file.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(file, metadata={"Date": None})
    plt.close(figure)
