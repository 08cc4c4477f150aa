"""Contracts of the tables of the ingestion stage.

What belongs here: one `Table` per output of that stage, in flow order. What does not: raw
tables (`contracts.raw`) and marts that compute something (`dbt_like_sql/marts/`).
"""

from __future__ import annotations

from energy_pipeline.contracts import columns as c
from energy_pipeline.contracts.model import Column, Table

INFORMATION_SET = Table(
    name="information_set",
    stage="ingestion",
    flow="decide",
    description="What decide(D) was allowed to read: the instant, and a content hash per series and month. A record, not a copy.",
    key=("raw_table", "series", "month"),
    columns=(
        c.DELIVERY_DAY,
        c.text("raw_table", "Raw table."),
        c.text("series", "Series within the table, e.g. zone=FR."),
        Column("month", "date", "First day of the calendar month (UTC) the rows belong to."),
        c.count("rows", "Rows visible at the decision time."),
        c.text("content_hash", "BLAKE2b of the visible rows."),
        Column("last_known_at", "timestamp", "Latest known_at among them, UTC."),
        Column("decision_time", "timestamp", "The instant the decision was cut at, UTC."),
        c.text("status", "How the series stood at the decision time.", allowed=("on_time", "waited", "fallback")),
    ),
    is_mart=True,
)

DATA_QUALITY = Table(
    name="data_quality",
    stage="ingestion",
    flow="ingest",
    description="Per delivery day, raw table and series: what was expected, what was found, and what is wrong with it.",
    key=("raw_table", "series", "check"),
    columns=(
        c.DELIVERY_DAY,
        c.text("raw_table", "Raw table."),
        c.text("series", "Series within the table, e.g. zone=FR."),
        c.text("check", "Which check.", allowed=("coverage", "declared_absent", "disguised_forecast", "live_source", "plausibility")),
        c.text("status", "Outcome.", allowed=("ok", "gap", "absent", "error", "not_yet", "second_source", "held")),
        c.count("expected_count", "Intervals the day should have."),
        c.count("found_count", "Intervals with a value."),
        c.count("missing_count", "Intervals with no row at all."),
        c.count("null_count", "Intervals whose row says unknown."),
        c.count("outage_zero_count", "Intervals whose zero the desk reads as an outage (counted as null too)."),
        c.text("detail", "First gap, fallback or finding, in words."),
    ),
    ends_flow=True,
)

TABLES: tuple[Table, ...] = (
    INFORMATION_SET,
    DATA_QUALITY,
)
"""In flow order."""
