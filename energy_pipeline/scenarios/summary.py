"""The table `scenario_summary`: mean, spread and quantiles of each series and interval.

What belongs here: statistics over scenarios, of each series and of the output of plants together. What does not: over intervals.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date

import numpy as np
import polars as pl

from energy_pipeline.book.scenario_matrix import ScenarioMatrix, scenario_matrices
from energy_pipeline.contracts import table
from energy_pipeline.desk import Desk
from energy_pipeline.information.resolution import convert

_UNITS = {
    "day_ahead_price": "EUR/MWh",
    "second_price": "EUR/MWh",
    "plant_output": "MW",
    "zone_output": "MW",
    "portfolio_output": "MW",
}


def scenario_summary(paths: pl.DataFrame, desk: Desk | None = None) -> pl.DataFrame:
    """Mean, standard deviation (divisor n) and quantiles over scenarios, in float64.

    With a desk also of the output of its plants together, by zone and of the portfolio: path by path, so that the
    quantiles of sums hold the paths' own dependence. Zones with other interval lengths are added up at the finest.

    Raises
    ------
    ContractError
        When the scenarios of a series have a hole or a row twice.
    """
    contract = table("scenario_summary")
    series = scenario_matrices(paths)
    sums = [] if desk is None else _sums(desk, series)
    found = [_one(paths["delivery_day"][0], matrix, _UNITS[matrix.kind]) for matrix in [*series.values(), *sums]]
    return pl.concat([contract.frame(), *found]).sort(contract.key, maintain_order=True)


def _sums(desk: Desk, series: Mapping[tuple[str, str], ScenarioMatrix]) -> list[ScenarioMatrix]:
    plants = {name: matrix for (kind, name), matrix in series.items() if kind == "plant_output" and name in desk.plants}
    groups: dict[tuple[str, str], list[ScenarioMatrix]] = {}
    for name, matrix in sorted(plants.items()):
        for key in (("zone_output", desk.plants[name].zone), ("portfolio_output", desk.name)):
            groups.setdefault(key, []).append(matrix)
    return [_added(kind, name, members) for (kind, name), members in groups.items()]


def _added(kind: str, name: str, members: list[ScenarioMatrix]) -> ScenarioMatrix:
    finest = min(members, key=lambda matrix: matrix.minutes)
    total = np.zeros_like(finest.values)
    for matrix in members:  # in order of names: the last bit must not depend on how they are grouped
        total += convert(matrix.values, matrix.minutes, finest.minutes)
    return replace(finest, kind=kind, name=name, values=total)


def _one(day: date, series: ScenarioMatrix, unit: str) -> pl.DataFrame:
    values = np.ascontiguousarray(series.values.T)
    low, median, high = np.quantile(values, [0.05, 0.5, 0.95], axis=1)
    found = {
        "delivery_day": day,
        "kind": series.kind,
        "name": series.name,
        "delivery_start": series.starts,
        "resolution_minutes": series.minutes,
        "unit": unit,
        "mean": values.mean(axis=1),
        "standard_deviation": values.std(axis=1),
        "q05": low,
        "q50": median,
        "q95": high,
        "scenarios": values.shape[1],
    }
    return pl.DataFrame(found, schema=table("scenario_summary").schema)
