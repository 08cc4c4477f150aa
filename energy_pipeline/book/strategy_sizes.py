"""What strategies may trade: their signals at the size their record allows.

What belongs here: sizes of `strategy_states` put on the targets of `signals`, and what exceeds them. What does
not: the record (`strategies.record`), positions.
"""

from __future__ import annotations

import polars as pl

from energy_pipeline.book.positions import DAY_AHEAD, SAME_MW
from energy_pipeline.domain.errors import MissingDayError


def sized_signals(signals: pl.DataFrame, strategy_states: pl.DataFrame) -> pl.DataFrame:
    """The signals with `target_mw` times each strategy's size.

    Raises
    ------
    MissingDayError
        A strategy that wants something has no state.
    """
    sizes = strategy_states.select("strategy", "size")
    joined = signals.join(sizes, on="strategy", how="left", maintain_order="left")
    without = joined.filter(pl.col("size").is_null(), pl.col("target_mw") != 0.0)
    if without.height:
        names = ", ".join(without["strategy"].unique(maintain_order=True).to_list())
        raise MissingDayError("strategy_states", [without["delivery_day"][0]], f"no state of {names}; rerun strategies")
    return joined.with_columns(target_mw=pl.col("target_mw") * pl.col("size").fill_null(0.0) + 0.0).drop("size")


def beyond_the_record(positions: pl.DataFrame, signals: pl.DataFrame, strategy_states: pl.DataFrame) -> pl.DataFrame:
    """Day-ahead rows whose |s - E| is more than the zone's strategies may trade together, of one or several days."""
    sizes = strategy_states.select("delivery_day", "strategy", "size")
    sized = signals.join(sizes, on=["delivery_day", "strategy"], how="left", maintain_order="left")
    allowed = sized.group_by("zone", "delivery_start", maintain_order=True).agg(most=(pl.col("target_mw") * pl.col("size")).abs().sum())
    auction = positions.filter(pl.col("instrument") == DAY_AHEAD).join(allowed, on=["zone", "delivery_start"], how="left", maintain_order="left")
    return auction.filter((pl.col("position_mw") + pl.col("expected_output_mw")).abs() > pl.col("most").fill_null(0.0) + SAME_MW)
