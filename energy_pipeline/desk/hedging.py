"""The desk's hedge programme and its views on forwards, two things apart.

What belongs here: the models of `hedging` in the desk file. What does not: how a programme is chosen (`portfolio.hedge_programme`).
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from energy_pipeline.desk.base import DeskModel
from energy_pipeline.domain.blocks import Block


class HedgeTarget(DeskModel):
    """How much of one block is to be held sold for a tenor."""

    zone: str = Field(description="Zone of the desk (`zones`).")
    block: Block = Field("base", description="Hours of the contract.")
    tenor: Literal["day", "month", "quarter", "year"] = Field(
        "day",
        description="day: traded by the day's decision in its quoted contract; later ones are proposed where the ledger quotes them.",
    )
    ratio: float | None = Field(None, ge=0, le=1.5, description="Of the expected output of the block's hours that is to be sold (tenor day).")
    position_mw: float | None = Field(None, description="Or the position to hold [MW]; sold is negative.")

    @model_validator(mode="after")
    def _one(self) -> HedgeTarget:
        if (self.ratio is None) == (self.position_mw is None):
            raise ValueError("give ratio or position_mw, one of them")
        if self.ratio is not None and self.tenor != "day":
            raise ValueError(f"ratio needs an expected output, which no {self.tenor} has -> give position_mw")
        return self


class Views(DeskModel):
    """Trades for what a forward is expected to earn; none without them."""

    max_mw: float = Field(gt=0, description="Bought or sold of one contract at most, beside the programme [MW].")
    es_eur: float | None = Field(None, gt=0, description="Expected shortfall of all views together at most, at `limits.es_level`.")
    minimum_days: int = Field(20, ge=10, le=365, description="Settled days with a quote under which no view is taken.")
    minimum_t: float = Field(1.0, ge=0, description="t of the skill against the quote under which no view is taken.")


class Hedging(DeskModel):
    """Programme and views; with it the day's contracts are traded for these two alone."""

    programme: tuple[HedgeTarget, ...] = Field(min_length=1, description="Targets by zone, block and tenor.")
    objective: Literal["tracking_error", "least_variance"] = Field(
        "tracking_error",
        description="tracking_error: as near to the targets as limits allow. least_variance: of the book, and never beyond a target.",
    )
    views: Views | None = Field(None, description="Views beside the programme.")

    @model_validator(mode="after")
    def _once(self) -> Hedging:
        seen = [(t.zone, t.block, t.tenor) for t in self.programme]
        twice = sorted({f"{zone} {block} {tenor}" for zone, block, tenor in seen if seen.count((zone, block, tenor)) > 1})
        if twice:
            raise ValueError(f"{', '.join(twice)}: two targets -> one per zone, block and tenor")
        return self
