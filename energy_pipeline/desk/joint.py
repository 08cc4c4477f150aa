"""Settings of the joint book.

What belongs here: limits and effort of the joint search. What does not: contracts, assets and
the other limits, which it shares with the portfolio.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from energy_pipeline.desk.base import DeskModel


class JointBookSettings(DeskModel):
    """Limits over hedges and flexible assets together, and how far the search goes."""

    margin_eur_mwh: float = Field(8.0, ge=0, description="Initial margin per MWh of a contract held either way.")
    margin_limit_eur: float | None = Field(None, gt=0, description="Margin of the day's trades at most.")
    zone_exposure_mwh: dict[str, Annotated[float, Field(ge=0)]] = Field(
        default_factory=dict, description="Per zone: |energy bought by the day's trades plus the assets' expected net output| at most."
    )
    rounds: int = Field(8, ge=1, le=100, description="Rounds of the search at most.")
    gap: float = Field(1e-6, gt=0, lt=1, description="Share of the value at which rounds end.")
