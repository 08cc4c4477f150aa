"""What the desk says about values that cannot be.

What belongs here: settings of the check at ingest. What does not: thresholds (`ingestion.plausible_limits`), technical
price limits of markets (`domain.price_limits`).
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from energy_pipeline.desk.base import DeskModel

Judged = Literal[
    "day_ahead_prices",
    "second_prices",
    "load_actual",
    "load_forecast",
    "generation_actual",
    "generation_forecast",
    "weather_forecast",
    "weather_observed",
    "plant_meters",
]
"""Raw tables whose series of files are judged."""


class Plausibility(DeskModel):
    """Values that cannot be are held: neither decided on nor booked until the operator says what they are."""

    operator_file: str | None = Field(
        None, description="CSV of lines that release, replace, scale or hold values (docs/own-desk.md); below ENERGY_PIPELINE_DATA, or absolute."
    )
    not_judged: dict[Judged, Annotated[str, Field(min_length=1)]] = Field(
        default_factory=dict, description="Raw tables that are not judged, each with the reason."
    )
