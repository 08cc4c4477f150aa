"""The table `scenario_summary`: mean, spread and quantiles of each series and interval.

What belongs here: statistics over scenarios. What does not: statistics over intervals or series.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from energy_pipeline.contracts import table
from energy_pipeline.domain.delivery import FloatArray
from energy_pipeline.domain.errors import ContractError, Finding


def scenario_summary(paths: pl.DataFrame) -> pl.DataFrame:
    """Mean, standard deviation (divisor n) and quantiles over scenarios, in float64.

    Raises
    ------
    ContractError
        When an interval of a series has more or fewer scenarios than its others.
    """
    contract = table("scenario_summary")
    parts = paths.partition_by("kind", "name", maintain_order=True)
    return pl.concat([_one(part) for part in parts]).select(list(contract.schema)).sort(contract.key, maintain_order=True)


def _one(rows: pl.DataFrame) -> pl.DataFrame:
    starts = rows["delivery_start"].cast(pl.Int64).to_numpy()
    order = np.lexsort((rows["scenario"].to_numpy(), starts))
    first = np.unique(starts[order], return_index=True)[1]
    values = _matrix(rows, order, first.size)
    low, median, high = np.quantile(values, [0.05, 0.5, 0.95], axis=1)
    head = rows[order[first]].select("delivery_day", "kind", "name", "delivery_start", "resolution_minutes", "unit")
    return head.with_columns(
        mean=pl.Series(values.mean(axis=1)),
        standard_deviation=pl.Series(values.std(axis=1)),
        q05=pl.Series(low),
        q50=pl.Series(median),
        q95=pl.Series(high),
        scenarios=pl.lit(values.shape[1], dtype=pl.Int64),
    )


def _matrix(rows: pl.DataFrame, order: np.ndarray[tuple[int], np.dtype[np.int64]], intervals: int) -> FloatArray:
    values = rows["value"].to_numpy().astype(np.float64)[order]
    numbers = rows["scenario"].to_numpy()[order]
    paths = values.size // intervals
    if paths * intervals != values.size or not np.array_equal(numbers, np.tile(numbers[:paths], intervals)):
        name = f"{rows['kind'][0]} {rows['name'][0]}"
        raise ContractError(
            "scenario_paths",
            rows["delivery_day"][0],
            [Finding(f"intervals of {name} do not all have the same scenarios", "scenario", rows.height, next_step="draw the day again")],
        )
    return values.reshape(intervals, paths)
