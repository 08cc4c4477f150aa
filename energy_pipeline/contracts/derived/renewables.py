"""Contracts of the tables of the renewables stage.

What belongs here: one `Table` per output of that stage, in flow order. What does not: raw
tables (`contracts.raw`) and BI marts (`dbt_like_sql/marts/schema.yml`).
"""

from __future__ import annotations

from energy_pipeline.contracts import columns as c
from energy_pipeline.contracts.model import Column, Table
from energy_pipeline.contracts.raw import TECHNOLOGY

PLANT_OUTPUT = Table(
    name="plant_output",
    stage="renewables",
    flow="decide",
    description="Expected output of each plant for D at the decision time, E[g | gate].",
    key=("plant", "delivery_start"),
    columns=(
        c.DELIVERY_DAY,
        c.text("plant", "Plant as named in the desk file."),
        c.ZONE,
        TECHNOLOGY,
        c.DELIVERY_START,
        c.RESOLUTION,
        c.power("output_mw", "Expected output.", minimum=0.0),
        c.power("q10_mw", "10 % quantile from past errors.", nullable=True, minimum=0.0),
        c.power("q90_mw", "90 % quantile from past errors.", nullable=True, minimum=0.0),
        c.power(
            "capacity_mw", "Installed capacity of the plant (share x zone capacity for shares); null when not known.", nullable=True, minimum=0.0
        ),
        c.text("method", "How it was made.", allowed=("physical", "share_of_zone", "persistence", "climatology")),
        Column("is_fallback", "bool", "True when the first choice was not there."),
    ),
    may_be_empty=True,
)

TABLES: tuple[Table, ...] = (PLANT_OUTPUT,)
"""In flow order."""
