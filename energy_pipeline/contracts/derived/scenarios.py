"""Contracts of the tables of the scenarios stage.

What belongs here: one `Table` per output of that stage, in flow order. What does not: raw
tables (`contracts.raw`) and BI marts (`dbt_like_sql/marts/schema.yml`).
"""

from __future__ import annotations

from energy_pipeline.contracts import columns as c
from energy_pipeline.contracts.derived.shared import SCENARIO_KIND, SCENARIO_UNIT
from energy_pipeline.contracts.model import Column, Table

SCENARIO_PATHS = Table(
    name="scenario_paths",
    stage="scenarios",
    flow="decide",
    description="Joint day paths of day-ahead and second price and plant output; scenario i belongs together across all series.",
    key=("kind", "name", "delivery_start", "scenario"),
    columns=(
        c.DELIVERY_DAY,
        SCENARIO_KIND,
        c.text("name", "Zone or plant."),
        c.DELIVERY_START,
        c.RESOLUTION,
        Column("scenario", "i32", "Number of the path.", "1", minimum=0, reason="a number"),
        Column("value", "f32", "Value in `unit`.", "see unit", minimum=-9999.0, maximum=200_000.0, reason="second-price limits and zone power"),
        SCENARIO_UNIT,
    ),
)

SCENARIO_SUMMARY = Table(
    name="scenario_summary",
    stage="scenarios",
    flow="decide",
    description="Mean, spread and quantiles of the scenario set per series and interval.",
    key=("kind", "name", "delivery_start"),
    columns=(
        c.DELIVERY_DAY,
        SCENARIO_KIND,
        c.text("name", "Zone or plant."),
        c.DELIVERY_START,
        c.RESOLUTION,
        SCENARIO_UNIT,
        Column("mean", "f64", "Mean over scenarios.", "see unit"),
        Column("standard_deviation", "f64", "Standard deviation over scenarios.", "see unit", minimum=0.0, reason="a spread"),
        Column("q05", "f64", "5 % quantile.", "see unit"),
        Column("q50", "f64", "Median.", "see unit"),
        Column("q95", "f64", "95 % quantile.", "see unit"),
        c.count("scenarios", "Number of paths."),
    ),
)

TABLES: tuple[Table, ...] = (
    SCENARIO_PATHS,
    SCENARIO_SUMMARY,
)
"""In flow order."""
