"""Price forecasts: a recalibrated LEAR day against scikit-learn's, and the committee's day.

What belongs here: the section `forecasting` of the page. What does not: accuracy (docs/forecast-accuracy.md).
"""

import os
import resource
import tempfile
import warnings
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

import numpy as np
import polars as pl

from energy_pipeline.forecasting.committee import DEFAULT_MEMBERS
from energy_pipeline.forecasting.lear import Lear, scaled
from energy_pipeline.forecasting.panel import Panel
from energy_pipeline.forecasting.value import reference_schedule
from energy_pipeline.studies.benchmark_file import market_panel
from energy_pipeline.studies.forecast_benchmark import run

Result = TypeVar("Result")
WINDOWS = (56, 84, 1092, 1456)
WALKED_DAYS = 28
DATA = Path(os.environ.get("ENERGY_PIPELINE_DATA", "../shared/data")) / "epf" / "DE.parquet"


def section() -> list[str]:
    """Markdown of the section."""
    lines = ["## Price forecasts", ""]
    if not DATA.exists():
        return [*lines, f"Not measured: no data at {DATA} (ENERGY_PIPELINE_DATA)."]
    panel = market_panel(pl.read_parquet(DATA), DATA.name)
    return [*lines, *lear_rows(panel.before(panel.origin - timedelta(days=10))), "", *day_rows(), "", *value_rows(panel)]


def lear_rows(panel: Panel) -> list[str]:
    """One recalibrated day of LEAR on four windows, penalties chosen on the same day."""
    ours(panel, 56)  # compiles
    cost, forecast = timed(lambda: np.stack([ours(panel, w) for w in WINDOWS]))
    rows = [
        f"One recalibrated LEAR day of DE, 24 hours x windows of {', '.join(map(str, WINDOWS))} days, penalties chosen anew:",
        "",
        "| | CPU s | times ours | largest difference, EUR/MWh | of the mean of windows |",
        "|---|---|---|---|---|",
        f"| ours | {cost:.2f} | 1 | | |",
    ]
    for name, tolerance, most in (("scikit-learn, its defaults", 1e-4, 2500), ("scikit-learn, run to convergence", 1e-9, 100_000)):
        theirs_cost, theirs = timed(lambda t=tolerance, m=most: np.stack([scikit_learn(panel, w, t, m) for w in WINDOWS]))  # type: ignore[misc]
        apart, mean = np.abs(theirs - forecast).max(), np.abs(theirs.mean(axis=0) - forecast.mean(axis=0)).max()
        rows.append(f"| {name} | {theirs_cost:.2f} | {theirs_cost / cost:.0f} | {apart:.4f} | {mean:.4f} |")
    return rows


def ours(panel: Panel, window: int) -> np.ndarray:
    """Prices of the target by our kernel."""
    return Lear(window).predict(panel, Lear(window).fit(panel))


def scikit_learn(panel: Panel, window: int, tolerance: float, most: int) -> np.ndarray:
    """The same by LassoLarsIC and Lasso, one hour after the other."""
    from sklearn.linear_model import Lasso, LassoLarsIC

    X, Y, x, back = scaled(panel.cut(window))
    centred = X - X.mean(axis=0)
    length = np.linalg.norm(centred, axis=0)
    unit = centred / np.where(length > 1e-12, length, 1.0)
    found = np.empty(Y.shape[1])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # convergence of the default tolerance
        for h in range(Y.shape[1]):
            alpha = LassoLarsIC(criterion="aic", noise_variance=Y[:, h].var(), max_iter=2500).fit(unit, Y[:, h]).alpha_
            found[h] = Lasso(alpha=alpha, max_iter=most, tol=tolerance).fit(X, Y[:, h]).predict(x[None])[0]
    return back.prices(found)


def day_rows() -> list[str]:
    """A walk of the whole committee, single process."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out.parquet"
        cost, report = timed(lambda: run(DATA, out, DEFAULT_MEMBERS, WALKED_DAYS, jobs=1))
    days = WALKED_DAYS + 126
    return [
        f"The committee ({len(report.members)} members) on DE, daily recalibration, one process: {cost / days:.2f} CPU s per walked day",
        f"({days} days with the warm-up; {cost:.0f} CPU s).",
    ]


def value_rows(panel: Panel) -> list[str]:
    """The reference battery's schedule."""
    prices = panel.prices[-200:]
    cost, _ = timed(lambda: [reference_schedule(p) for p in prices])
    return [f"The reference battery's exact schedule for a day of 24 prices: {1000 * cost / len(prices):.1f} ms."]


def timed(work: Callable[[], Result]) -> tuple[float, Result]:
    """CPU seconds of this process and what came."""
    before = resource.getrusage(resource.RUSAGE_SELF)
    found = work()
    after = resource.getrusage(resource.RUSAGE_SELF)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, found
