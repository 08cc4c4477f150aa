"""The forward book a desk holds beside the day's: its files and what it is improved by.

What belongs here: the model of `forward_book` in the desk file. What does not: reading the files (`portfolio.forwards`).
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from energy_pipeline.desk.layout import FileLayout

ForwardObjective = Literal["mean_cvar", "min_cvar", "min_variance", "max_mean", "minimax", "min_mad", "utility"]
"""What a forward book may be improved by."""


class ForwardBookSettings(FileLayout):
    """Files of a forward book (columns: portfolio/forwards/files.py); paths count from ENERGY_PIPELINE_DATA."""

    contracts: str = Field(min_length=1, description="File of the contracts that may be held.")
    quotes: str = Field(min_length=1, description="With known_at; quotes from after the decision do not count.")
    trades: str | None = Field(None, min_length=1, description="With traded_at; later trades do not count.")
    limits: str | None = Field(None, min_length=1, description="File of further limits on positions.")
    objective: ForwardObjective = Field("mean_cvar", description="What the book is improved by.")
    risk_aversion: float = Field(0.5, ge=0, description="Weight of risk against mean P&L.")
    confidence: float = Field(0.95, ge=0, lt=1, description="Confidence of CVaR.")
