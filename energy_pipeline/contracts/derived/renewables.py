"""Contracts of the tables of the renewables stage.

What belongs here: one `Table` per output of that stage, in flow order. What does not: raw
tables (`contracts.raw`) and marts that compute something (`dbt_like_sql/marts/`).
"""

from __future__ import annotations

from energy_pipeline.contracts import columns as c
from energy_pipeline.contracts.model import Column, Table
from energy_pipeline.contracts.raw import TECHNOLOGY

OUTPUT_LEVELS: tuple[float, ...] = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95)
"""Quantile levels every plant's output carries."""

METHODS = (
    *(f"physical{kind}{corrected}" for kind in ("", "_split", "_assumed") for corrected in ("", "_corrected")),
    *("share_of_zone", "share_of_zone_corrected", "persistence", "driver_learnt", "climatology"),
)
"""How a plant's output may be made."""


def output_quantile_column(level: float) -> str:
    """Column name of a quantile of output.

    >>> output_quantile_column(0.05)
    'q05_mw'
    """
    return f"q{round(level * 100):02d}_mw"


CAPACITY = c.power("capacity_mw", "Installed capacity (share x zone capacity for shares); null when not known.", nullable=True, minimum=0.0)
FLEET_CAPACITY = c.power("capacity_mw", "Installed capacity; null when that of a plant is not known.", nullable=True, minimum=0.0)
LEVEL = c.text("level", "What is summed up.", allowed=("plant", "zone", "portfolio"))
FLEET_TECHNOLOGY = c.text("technology", "Which plants of it.", allowed=("wind", "solar", "all"))
FLEET_NAME = c.text("name", "Plant, zone, or the desk's name for the portfolio.")


def energy(name: str, description: str) -> Column:
    """Energy of an interval or day [MWh]."""
    return Column(name, "f64", description, "MWh", False, 0.0, 5_000_000.0, "200 GW over a day of 25 hours")


PLANT_OUTPUT = Table(
    name="plant_output",
    stage="renewables",
    flow="decide",
    description="Expected output of each plant for D at the decision time, E[g | gate].",
    version=2,
    key=("plant", "delivery_start"),
    columns=(
        c.DELIVERY_DAY,
        c.text("plant", "Plant as named in the desk file."),
        c.ZONE,
        TECHNOLOGY,
        c.DELIVERY_START,
        c.RESOLUTION,
        c.power("output_mw", "Expected output: available output times the chance that the price does not hold the plant back.", minimum=0.0),
        c.power("available_mw", "Expected output if no price held the plant back.", minimum=0.0),
        *(c.power(output_quantile_column(q), f"{q:.0%} quantile of output from past errors.", nullable=True, minimum=0.0) for q in OUTPUT_LEVELS),
        CAPACITY,
        Column(
            "unavailable_mw",
            "f64",
            "Announced to be out, as known at the gate; null: no outages named.",
            "MW",
            nullable=True,
            minimum=0.0,
            reason="it is a part of the capacity",
            since=2,
        ),
        c.text(
            "method",
            "How it was made; split: light split by DISC, assumed: an input is a stand-in (see note), driver_learnt: from the zone's driver.",
            allowed=METHODS,
        ),
        Column("is_fallback", "bool", "True when the first choice was not there."),
        c.text("note", "What was repaired or refused in the weather, why a plant without weather is not corrected; empty when nothing."),
    ),
    may_be_empty=True,
)

FLEET_OUTPUT = Table(
    name="fleet_output",
    stage="renewables",
    flow="decide",
    description="Expected output summed up: per plant, zone and portfolio, by technology and together.",
    key=("level", "name", "technology", "delivery_start"),
    columns=(
        c.DELIVERY_DAY,
        LEVEL,
        FLEET_NAME,
        FLEET_TECHNOLOGY,
        c.DELIVERY_START,
        c.RESOLUTION,
        c.power("output_mw", "Expected mean output of the interval.", minimum=0.0),
        energy("output_mwh", "Expected energy of the interval: output_mw x length."),
        c.power("held_back_mw", "Expected output that low prices hold back: available less expected.", minimum=0.0),
        FLEET_CAPACITY,
        c.share("capacity_factor", "output_mw / capacity_mw; null when the capacity is not known.", nullable=True),
    ),
    may_be_empty=True,
)

FLEET_SUMMARY = Table(
    name="fleet_summary",
    stage="renewables",
    flow="decide",
    description="The day of each plant, zone and portfolio: energy, capacity factor, complementarity of wind and solar.",
    key=("level", "name", "technology"),
    columns=(
        c.DELIVERY_DAY,
        LEVEL,
        FLEET_NAME,
        FLEET_TECHNOLOGY,
        energy("output_mwh", "Expected energy of the day."),
        energy("held_back_mwh", "Expected energy that low prices hold back."),
        FLEET_CAPACITY,
        c.share("capacity_factor", "Energy over capacity x hours of the day (23, 24 or 25); null when the capacity is not known.", nullable=True),
        c.share(
            "complementarity",
            "1 - correlation of hourly wind and solar output over the last 28 known days: 0 they rise and fall together, 1 unrelated,"
            " 2 mirror images. Null for one technology, or under 7 days known.",
            nullable=True,
            maximum=2.0,
        ),
    ),
    may_be_empty=True,
)

TABLES: tuple[Table, ...] = (PLANT_OUTPUT, FLEET_OUTPUT, FLEET_SUMMARY)
"""In flow order."""
