"""The figures of the worked example docs/examples/sugarcane.md.

What belongs here: drawing. What does not: any number of it (`sugarcane`).
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from energy_pipeline.domain.delivery import FloatArray
from energy_pipeline.studies.drawing import save
from energy_pipeline.studies.sugarcane import PRODUCTS, THOUSAND, TITLES, Mill, numbers, problem

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def draw(mill: Mill, out: Path, printed: dict[str, FloatArray], tails: dict[str, FloatArray]) -> None:
    """Four figures as SVG; the same bytes every time."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context({"svg.hashsalt": "sugarcane", "font.size": 9, "svg.fonttype": "none"}):
        for name, shown in (("printed", printed), ("tails", tails)):
            figure = Figure(figsize=(9, 2.8), layout="constrained")
            for axis, (title, x) in zip(figure.subplots(1, len(shown), sharey=True, squeeze=False)[0], shown.items(), strict=True):
                _histogram(axis, title, problem(mill).pnl(x))
            save(figure, out / f"sugarcane-{name}.svg")
        figure = Figure(figsize=(9, 3.2), layout="constrained")
        _products(figure.subplots(), mill, printed | tails)
        save(figure, out / "sugarcane-products.svg")
        figure = Figure(figsize=(9, 3.2), layout="constrained")
        _comparison(figure.subplots(), mill, printed | tails)
        save(figure, out / "sugarcane-comparison.svg")


def _histogram(axis: Axes, title: str, profit: FloatArray) -> None:
    axis.hist(profit, bins=20, color="tab:blue", alpha=0.6)
    axis.axvline(float(profit.mean()), color="tab:green", label="expected")
    axis.axvline(float(profit.min()), color="tab:red", label="minimum")
    axis.set_title(title)
    axis.set_xlabel("profit, M USD")
    axis.legend(fontsize=7)


def _products(axis: Axes, mill: Mill, runs: dict[str, FloatArray]) -> None:
    revenue = mill.profits.mean(axis=0) + np.array([mill.cost[p] for p in PRODUCTS]) / THOUSAND
    place = np.arange(len(runs))
    for k, product in enumerate(PRODUCTS):
        axis.bar(place + 0.2 * (k - 1.5), [x[k] * revenue[k] for x in runs.values()], width=0.2, label=TITLES[product])
    axis.set_xticks(place, list(runs))
    axis.set_ylabel("mean revenue, M USD")
    axis.legend(fontsize=7)


def _comparison(axis: Axes, mill: Mill, runs: dict[str, FloatArray]) -> None:
    for k, x in enumerate(runs.values()):
        n = numbers(mill, x)
        axis.bar(k, n["difference"], bottom=n["minimum"], color="tab:blue", alpha=0.5)
        axis.plot(k, n["expected"], "o", color="tab:green", label="expected" if k == 0 else None)
        axis.plot(k, n["minimum"], "o", color="tab:red", label="minimum" if k == 0 else None)
        axis.text(k, 15.0, f"{n['difference']:.2f}", ha="center")
    axis.set_xticks(range(len(runs)), list(runs))
    axis.set_ylabel("profit, M USD")
    axis.legend(fontsize=7)
