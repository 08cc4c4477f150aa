"""How the desk chooses its book: objective, risk aversion, benchmark.

What belongs here: the model of `portfolio` in the desk file. What does not: limits (`model`), solving.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from energy_pipeline.desk.base import DeskModel

Objective = Literal[
    "mean_cvar",
    "min_cvar",
    "min_variance",
    "mean_variance",
    "black_litterman",
    "min_mad",
    "minimax",
    "max_mean",
    "max_sharpe",
    "tracking_error",
    "min_stress",
    "week_drawdown",
    "week_var",
    "risk_budget",
]
"""What the day's book may be chosen by (`portfolio.chosen`)."""
OF_DECISIONS = ("min_stress", "week_drawdown", "week_var", "risk_budget")
"""Those that are no function of the day's scenario losses."""


class RiskBudgets(DeskModel):
    """Shares of the expected shortfall of what the day decides."""

    by: Literal["zone", "purpose"] = Field("zone", description="zone: what is decided in each; purpose: spread (deviations), contracts.")
    shares: dict[str, Annotated[float, Field(gt=0)]] = Field(
        default_factory=dict, description="By zone or purpose, scaled to sum to 1; who is left out decides nothing. Empty: equal shares."
    )

    @model_validator(mode="after")
    def _known(self) -> RiskBudgets:
        unknown = sorted(set(self.shares) - {"spread", "contracts"}) if self.by == "purpose" else []
        if unknown:
            raise ValueError(f"shares: no purpose {', '.join(unknown)}; purposes: spread, contracts")
        return self

    def unknown_zones(self, zones: tuple[str, ...]) -> list[str]:
        """A sentence for each share of a zone that the desk does not declare."""
        named = self.shares if self.by == "zone" else {}
        return [f"portfolio.risk_budget.shares.{n}: zone {n!r} is not declared; zones: {', '.join(zones)}" for n in named if n not in zones]


class PortfolioSettings(DeskModel):
    """The objective of the day's book and what it needs."""

    objective: Objective = Field(
        "mean_cvar",
        description="mean_cvar: max E[P&L] - risk_aversion x CVaR at `confidence`; the others as in objective_comparison; "
        "max_sharpe: expected P&L over volatility, plant and all; tracking_error: to the benchmark book, its output sold forward (flat: not); "
        "min_stress: the worst of the desk's stresses; week_drawdown, week_var: CVaR of the falls, and VaR, over the week's paths; "
        "risk_budget: given shares of the expected shortfall. "
        "Positions, bids and everything after them follow it.",
    )
    risk_aversion: float = Field(0.5, ge=0, description="Weight of risk against mean P&L.")
    confidence: float = Field(0.95, gt=0.5, lt=1, description="Confidence of CVaR.")
    benchmark_book: Literal["flat", "expected_output"] = Field(
        "expected_output", description="What the book is compared with: nothing nominated, or expected output."
    )
    risk_budget: RiskBudgets = Field(default_factory=RiskBudgets, description="Of objective risk_budget, and of the rival of that name.")
    view_confidence: Annotated[float, Field(ge=0, le=1, description="How far Black-Litterman moves from the market's view to ours, 0..1.")] = 0.5

    @model_validator(mode="after")
    def _weighs(self) -> PortfolioSettings:
        if self.objective in {"mean_variance", "black_litterman"} and self.risk_aversion == 0:
            raise ValueError(f"{self.objective} weighs risk by risk_aversion, which is 0; give it a weight, or say objective: max_mean")
        return self
