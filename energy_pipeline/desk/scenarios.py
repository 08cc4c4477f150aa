"""Settings of the scenario sets.

What belongs here: how paths of the day and the week are drawn, reduced and scored. What does
not: any draw (`scenarios`).
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from energy_pipeline.desk.base import DeskModel


class ScenarioSettings(DeskModel):
    """Settings of the scenario sets."""

    paths: int = Field(1000, ge=50, le=100_000, description="Paths of the day.")
    smoothing: float = Field(0.3, ge=0, lt=1, description="Share of variance drawn from the span of past errors instead of one past day.")
    marginals: Literal["quantiles", "errors"] = Field(
        "quantiles", description="Values of prices: the forecast's quantiles, or its mean plus past errors (also where quantiles are unknown)."
    )
    dependence: Literal["schaake", "gaussian", "t"] = Field("schaake", description="Copula of the day: that of past days, Gaussian, or Student t.")
    degrees_of_freedom: float = Field(5.0, gt=2, le=200, description="Of the t copula.")
    stress_share: float = Field(0.1, ge=0, lt=0.5, description="Share of t-copula paths drawn with the correlation of the farthest past days.")
    week_paths: int = Field(1000, ge=64, le=20_000, description="Paths of the week ahead, before reduction.")
    week_kept: int = Field(30, ge=2, le=500, description="Representative paths of the week that are stored.")
    kept: int = Field(20, ge=2, le=500, description="Representative paths of the day that are stored.")
