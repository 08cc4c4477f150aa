"""The table `scenario_summary`: mean, spread and quantiles of each series and interval.

What belongs here: statistics over scenarios. What does not: statistics over intervals or series.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from energy_pipeline.book.scenario_matrix import ScenarioMatrix, scenario_matrices
from energy_pipeline.contracts import table


def scenario_summary(paths: pl.DataFrame) -> pl.DataFrame:
    """Mean, standard deviation (divisor n) and quantiles over scenarios, in float64.

    Raises
    ------
    ContractError
        When the scenarios of a series have a hole or a row twice.
    """
    contract = table("scenario_summary")
    parts = paths.partition_by("kind", "name", maintain_order=True)
    series = scenario_matrices(paths)
    found = [_one(part, series[str(part["kind"][0]), str(part["name"][0])]) for part in parts]
    return pl.concat(found).select(list(contract.schema)).sort(contract.key, maintain_order=True)


def _one(rows: pl.DataFrame, series: ScenarioMatrix) -> pl.DataFrame:
    values = np.ascontiguousarray(series.values.T)
    low, median, high = np.quantile(values, [0.05, 0.5, 0.95], axis=1)
    head = rows.unique("delivery_start", keep="first", maintain_order=True).sort("delivery_start")
    head = head.select("delivery_day", "kind", "name", "delivery_start", "resolution_minutes", "unit")
    return head.with_columns(
        mean=pl.Series(values.mean(axis=1)),
        standard_deviation=pl.Series(values.std(axis=1)),
        q05=pl.Series(low),
        q50=pl.Series(median),
        q95=pl.Series(high),
        scenarios=pl.lit(values.shape[1], dtype=pl.Int64),
    )
