"""What the desk does when a day is not decided in time: which simpler decision stands in, and when.

What belongs here: the setting, and the desk as such a decision sees it. What does not: when that happens (`runner.deadline`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from energy_pipeline.desk.base import DeskModel
from energy_pipeline.desk.sources import LateRule

if TYPE_CHECKING:
    from energy_pipeline.desk.model import Desk

NO_MEMBER = {"members": ("lear_1456",), "training_days": 28}
"""Forecast settings under which no member can be trained, and the seasonal naive stands in."""


class Fallback(DeskModel):
    """A simpler decision for a day that is not decided in time; it goes through the same optimiser and limits."""

    decision: Literal["naive", "flat"] = Field(
        description="naive: the seasonal naive stands in for the price models. flat: besides, only what is expected is sold: "
        "no deviation from it, no hedge, no strategy."
    )
    minutes_before_gate: int = Field(20, ge=1, le=720, description="Minutes before the earliest gate at which the day must be decided.")
    submit: bool = Field(False, description="Whether its nominations are submitted; otherwise they are in nomination_lines alone.")


def fallback_desk(desk: Desk, fallback: Fallback) -> Desk:
    """The desk as its fallback decision sees it: no model to train, no series to wait for; limits and assets are its own."""
    sources = desk.sources.model_copy(
        update={
            "late": {},
            "files": tuple(s.model_copy(update={"late": LateRule()}) for s in desk.sources.files),
            "live": tuple(s.model_copy(update={"late": LateRule()}) for s in desk.sources.live),
        }
    )
    update: dict[str, object] = {"sources": sources, "forecast": desk.forecast.model_copy(update=NO_MEMBER)}
    if fallback.decision == "flat":
        flat = desk.limits.model_copy(update={"day_ahead_deviation_mw": dict.fromkeys(desk.zones, 0.0)})
        update |= {"limits": flat, "contracts": (), "strategies": {}, "forward_book": None}
    return desk.model_copy(update=update)
