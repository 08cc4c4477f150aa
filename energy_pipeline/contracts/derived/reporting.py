"""Contracts of the tables of the reporting stage.

What belongs here: one `Table` per output of that stage, in flow order. What does not: raw
tables (`contracts.raw`) and marts that compute something (`dbt_like_sql/marts/`).
"""

from __future__ import annotations

from energy_pipeline.contracts import columns as c
from energy_pipeline.contracts.model import Column, Table

RUNS = Table(
    name="runs",
    stage="reporting",
    flow="operate",
    description="Which run wrote what, when. The only table that may differ between two runs of the same day.",
    key=("run_flow", "run_id"),
    columns=(
        c.DELIVERY_DAY,
        c.text("run_flow", "Flow.", allowed=("ingest", "decide", "settle_da", "settle_final")),
        c.text("run_id", "Dagster run."),
        Column("recorded_at", "timestamp", "When the run recorded itself, UTC."),
        Column("decision_time", "timestamp", "The instant the flow was cut at, UTC.", nullable=True),
        c.text("desk", "Desk name."),
        c.text("desk_hash", "Content hash of the desk file."),
        c.text("code_version", "Version of this package, with the commit where it is known; .dirty: with changes that are in no commit."),
        Column(
            "state",
            "str",
            "written: the flow is through. unfinished: the run began to write this day at recorded_at and was killed or failed; "
            "until a later row says written, tables of the day are of several runs. fallback: through, by what the desk decides when time is short.",
            allowed=("written", "unfinished", "fallback"),
            since=2,
            default="written",
        ),
    ),
    version=2,
    may_be_empty=True,
    additive=True,
    in_report=False,
    is_mart=True,
)

DECISION_EVENTS = Table(
    name="decision_events",
    stage="reporting",
    flow="decide",
    description="What people did with the day's decision: approved, sent, acknowledged, overridden, opened again; by whom and when.",
    key=("event_number",),
    columns=(
        c.DELIVERY_DAY,
        c.count("event_number", "Order of the day's events, from 1."),
        c.text(
            "event",
            "approved: released by a person. sent: the bids left the house; from then on no run writes the decision anew. acknowledged: the other "
            "side has them. overridden: done although something stood against it (note). reopened: a sent decision is made anew.",
            allowed=("approved", "sent", "acknowledged", "overridden", "reopened"),
        ),
        Column("event_at", "timestamp", "When, UTC."),
        c.text("person", "Who."),
        c.text("decision_hash", "Content of positions and bids that the event is about: the same content, the same hash."),
        c.text("nomination", "For sent: the file of bids in the lake.", nullable=True),
        c.text("reason", "Why something was overridden or opened again.", nullable=True),
        c.text("note", "For acknowledged: the other side's reference. For overridden: what stood against it.", nullable=True),
    ),
    may_be_empty=True,
    in_report=False,
    is_mart=True,
)

TABLES: tuple[Table, ...] = (DECISION_EVENTS, RUNS)
"""In flow order."""
