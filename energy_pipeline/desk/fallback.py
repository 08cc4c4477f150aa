"""What the desk does when a day is not decided in time: which simpler decision stands in, and when.

What belongs here: the setting. What does not: the desk as such a decision sees it, and when that happens (`runner.deadline`).
"""

from __future__ import annotations

from datetime import timedelta
from typing import Literal

from pydantic import Field

from energy_pipeline.desk.base import DeskModel


class Fallback(DeskModel):
    """A simpler decision for a day that is not decided in time; it goes through the same optimiser and limits."""

    decision: Literal["yesterday", "naive", "flat"] = Field(
        description="yesterday: price models as they were last fitted, none is trained; the seasonal naive where none is there. "
        "naive: the seasonal naive stands in for the price models. flat: besides, only what is expected is sold: "
        "no deviation from it, no hedge, no strategy."
    )
    minutes_before_gate: int = Field(20, ge=1, le=720, description="Minutes before the earliest gate at which the day must be decided.")
    submit: bool = Field(False, description="Whether its nominations are submitted; otherwise they are in nomination_lines alone.")

    def problems(self, left: timedelta) -> list[str]:
        """What is wrong where so much time is left from the decision time to the earliest gate."""
        if left > timedelta(minutes=self.minutes_before_gate):
            return []
        least = f"the {left.seconds // 60} minutes from the decision time to the earliest gate"
        return [f"fallback.minutes_before_gate: {self.minutes_before_gate} is not less than {least}"]
