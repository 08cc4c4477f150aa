"""Contracts of the tables of the flexibility stage.

What belongs here: one `Table` per output of that stage, in flow order. What does not: raw
tables (`contracts.raw`) and BI marts (`dbt_like_sql/marts/schema.yml`).
"""

from __future__ import annotations

from energy_pipeline.contracts import columns as c
from energy_pipeline.contracts.model import Column, Table

DISPATCH = Table(
    name="dispatch",
    stage="flexibility",
    flow="decide",
    description="Committed day-ahead schedule of each flexible asset (information: auction): fixed before any price of D is known.",
    key=("asset", "delivery_start"),
    columns=(
        c.DELIVERY_DAY,
        c.text("asset", "Asset as named in the desk file."),
        c.ZONE,
        c.DELIVERY_START,
        c.RESOLUTION,
        c.power("charge_mw", "Power taken from the grid.", minimum=0.0),
        c.power("discharge_mw", "Power given to the grid.", minimum=0.0),
        c.power("net_mw", "Discharge less charge; generation is positive."),
        Column("state_of_charge_mwh", "f64", "Energy stored at the end of the interval.", "MWh", minimum=0.0, reason="a store"),
        c.price("price_forecast_eur_mwh", "The price it was scheduled on."),
        Column(
            "energy_value_eur_mwh",
            "f64",
            "Marginal value of stored energy (dual of the energy balance); null where the problem had binaries.",
            "EUR/MWh",
            True,
        ),
    ),
    may_be_empty=True,
)

DISPATCH_SETTLED = Table(
    name="dispatch_settled",
    stage="flexibility",
    flow="settle_final",
    description="What each flexible asset earned on the auction's prices, beside perfect foresight under the same limits.",
    key=("asset",),
    columns=(
        c.DELIVERY_DAY,
        c.text("asset", "Asset as named in the desk file."),
        c.ZONE,
        c.money("margin_expected_eur", "Margin on the forecast the schedule was made on."),
        c.money("margin_realised_eur", "Margin on the prices that came."),
        c.money("margin_foresight_eur", "Best margin on the prices that came."),
        Column("discharged_mwh", "f64", "Energy given to the grid.", "MWh", minimum=0.0, reason="an energy"),
        c.share("share_of_foresight", "Realised over foresight; null when foresight earns nothing.", nullable=True, minimum=None, maximum=1.000001),
    ),
    may_be_empty=True,
)

TABLES: tuple[Table, ...] = (
    DISPATCH,
    DISPATCH_SETTLED,
)
"""In flow order."""
