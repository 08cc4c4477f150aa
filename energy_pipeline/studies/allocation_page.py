"""The page of an allocation file: tables, charts, and the numbers as CSV.

What belongs here: the words and pictures around the numbers. What does not: the numbers (`allocation_file`).
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from energy_pipeline.studies.allocation_file import Answer, Study
from energy_pipeline.studies.drawing import save

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SHOWN = {"expected": "expected", "minimum": "minimum", "deviation": "std. deviation", "var": "VaR", "cvar": "CVaR", "sharpe": "mean / deviation"}
SMALL = 1e-6
MANY = 30
"""So many contracts are a table's rows; more are shown by those that are held."""


def write(study: Study, out: Path, name: str) -> Path:
    """Write NAME.md, its charts and NAME-positions.csv into a folder; the page's path."""
    out.mkdir(parents=True, exist_ok=True)
    charts = _draw(study, out, name)
    path = out / f"{name}.md"
    path.write_text("\n".join(page(study, charts, name)) + "\n", encoding="utf-8")
    _positions(study).write_csv(out / f"{name}-positions.csv")
    return path


def page(study: Study, charts: dict[str, str], name: str) -> list[str]:
    """Markdown."""
    asked, inputs = study.asked, study.inputs
    span = f"{inputs.rows[0]} .. {inputs.rows[-1]}"
    lines = [f"# {asked.title}", "", f"Written by `energy-pipeline allocate {name}.yaml`; do not edit.", ""]
    lines += [f"{len(inputs.names)} contracts, {len(inputs.scenarios):,} scenarios ({asked.variable}, {span}); money in {asked.money}, amounts in "]
    lines[-1] += f"{asked.amount}; {asked.side}. VaR and CVaR at {asked.confidence:g} are losses: a negative one is a profit."
    lines += [f"Left out or stood in: {note}." for note in inputs.notes]
    heads = ["objective", *SHOWN.values(), "gap to the bound", "limits that bind"]
    lines += ["", "## Objectives on the same scenarios", "", f"| {' | '.join(heads)} |", "|---" * len(heads) + "|"]
    lines += [_row(a) for a in study.answers if a.positions is not None]
    lines += ["", *(f"`{a.objective}` has no answer: {' '.join(a.said.split())}." for a in study.answers if a.positions is None)]
    lines += ["## Positions", "", *_position_table(study), ""]
    if study.frontier is not None:
        f = study.frontier
        lines += ["## Mean against CVaR", "", f"| expected, {asked.money} | CVaR | gap |", "|---|---|---|"]
        lines += [f"| {m:,.6g} | {r:,.6g} | {g:.1e} |" for m, r, g in zip(f.expected, f.risk, f.gaps, strict=True)]
    elif study.frontier_said:
        lines += [f"There is no frontier of mean against CVaR: {' '.join(study.frontier_said.split())}."]
    lines += ["", "## Charts", "", *(f"![{title}]({file})\n" for title, file in charts.items())]
    return lines


def _row(answer: Answer) -> str:
    cells = [f"{answer.measures[key]:,.6g}" for key in SHOWN]
    return f"| {answer.objective} | {' | '.join(cells)} | {answer.gap:.1e} | {', '.join(dict.fromkeys(answer.binding)) or '-'} |"


def _position_table(study: Study) -> list[str]:
    solved = [a for a in study.answers if a.positions is not None]
    held = np.array([np.abs(a.positions) for a in solved if a.positions is not None]).max(axis=0, initial=0.0)
    which = np.arange(held.size) if held.size <= MANY else np.flatnonzero(held > SMALL)
    lines = [f"| contract | {' | '.join(a.objective for a in solved)} |", "|---" * (len(solved) + 1) + "|"]
    for i in which:
        cells = (f"{a.positions[i]:,.6g}" if a.positions is not None and abs(a.positions[i]) > SMALL else "0" for a in solved)
        lines.append(f"| {study.inputs.names[i]} | {' | '.join(cells)} |")
    return lines


def _positions(study: Study) -> pl.DataFrame:
    solved = {a.objective: a.positions for a in study.answers if a.positions is not None}
    return pl.DataFrame({"contract": study.inputs.names, **solved})


def _draw(study: Study, out: Path, name: str) -> dict[str, str]:
    """Charts by title; the same bytes every time."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    made: dict[str, str] = {}
    parts = {
        "Prices that go in": _prices,
        "What is won, by objective": _won,
        "Expected and worst, by objective": _ranges,
        "Mean against CVaR": _frontier,
    }
    with mpl.rc_context({"svg.hashsalt": name, "font.size": 9, "svg.fonttype": "none"}):
        for number, (title, draw) in enumerate(parts.items(), start=1):
            if draw is _frontier and study.frontier is None:
                continue
            figure = Figure(figsize=(9, 3.2), layout="constrained")
            draw(figure.subplots(), study)
            made[title] = f"{name}-{number}.svg"
            save(figure, out / made[title])
    return made


def _prices(axis: Axes, study: Study) -> None:
    names, prices = study.inputs.names, study.inputs.prices
    if len(names) <= 8:
        for i, contract in enumerate(names):
            axis.plot(prices[:, i], linewidth=0.7, label=contract)
        axis.set_xlabel("row of the files")
    else:
        for exchange in study.asked.exchanges or ("",):
            own = [i for i, n in enumerate(names) if n.startswith(exchange)]
            axis.plot(range(len(own)), prices[:, own].mean(axis=0), marker=".", label=f"{exchange} mean of the contract")
            low, high = np.quantile(prices[:, own], (0.05, 0.95), axis=0)
            axis.fill_between(range(len(own)), low, high, alpha=0.15, label="5 to 95 %")
        axis.set_xlabel("contract (local hour)")
    axis.set_ylabel("price less cost")
    axis.legend(fontsize=7)


def _won(axis: Axes, study: Study) -> None:
    solved = [a for a in study.answers if a.positions is not None]
    values = [study.problem.pnl(a.positions) for a in solved if a.positions is not None]
    axis.boxplot(values, whis=(5, 95), showfliers=False, tick_labels=[a.objective for a in solved])
    axis.tick_params(axis="x", rotation=25)
    axis.set_ylabel(study.asked.money)


def _ranges(axis: Axes, study: Study) -> None:
    solved = [a for a in study.answers if a.positions is not None]
    for k, a in enumerate(solved):
        axis.bar(k, a.measures["expected"] - a.measures["minimum"], bottom=a.measures["minimum"], color="tab:blue", alpha=0.5)
        axis.plot(k, a.measures["expected"], "o", color="tab:green", label="expected" if k == 0 else None)
        axis.plot(k, -a.measures["cvar"], "_", color="tab:red", markersize=16, label="minus CVaR" if k == 0 else None)
    axis.set_xticks(range(len(solved)), [a.objective for a in solved], rotation=25)
    axis.set_ylabel(study.asked.money)
    axis.legend(fontsize=7)


def _frontier(axis: Axes, study: Study) -> None:
    if study.frontier is not None:
        axis.plot(study.frontier.risk, study.frontier.expected, marker=".")
    for a in study.answers:
        if a.positions is not None:
            axis.plot(a.measures["cvar"], a.measures["expected"], "x", label=a.objective)
    axis.set_xlabel(f"CVaR, {study.asked.money}")
    axis.set_ylabel(f"expected, {study.asked.money}")
    axis.legend(fontsize=6)
