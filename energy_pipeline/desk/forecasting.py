"""How a desk forecasts prices: members, windows, groups of inputs.

What belongs here: the section `forecast` of a desk file. What does not: what a member or a group is (`forecasting.committee`,
`features.groups`).
"""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from energy_pipeline.desk.base import DeskModel

Member = Literal[
    "lear_56",
    "lear_84",
    "lear_364",
    "lear_728",
    "lear_1092",
    "lear_1456",
    "krr_364",
    "krr_728",
    "krr_1456",
    "krr_364a",
    "krr_728a",
    "krr_1456a",
    "xgboost",
    "mlp",
    "mlp_a",
    "network",
    "sarimax",
    "joint",
]
"""Names of price models (`forecasting.committee.MEMBERS`)."""

FeatureGroup = Literal[
    "drivers",
    "wind_and_solar_apart",
    "ramps",
    "holidays",
    "neighbour_prices",
    "neighbour_drivers",
    "fuels",
    "outages",
    "weather",
    "daylight",
    "merit_order",
]
"""Groups of inputs of the price models beside past prices and the calendar (`features.groups`)."""


class ForecastSettings(DeskModel):
    """Settings of the price models."""

    members: tuple[Member, ...] = Field(
        ("lear_56", "lear_84", "krr_1456", "xgboost", "network"),
        min_length=1,
        description="Members of the ensemble; one whose window exceeds the known history is left out.",
    )
    challengers: tuple[Member, ...] = Field(
        (),
        description="Price models that are forecast and scored beside the members and decide nothing; "
        "forecast_models says each day what the ensemble would have gained with them.",
    )
    overrides: dict[str, dict[str, int | float]] = Field(
        default_factory=dict, description="Settings of single members, e.g. xgboost: {refit_days: 28}; refit_days is the recalibration schedule."
    )
    new_fits: bool = Field(
        True,
        description="false: no price model is fitted; the last fit of each that is there forecasts, at most 31 days old "
        "(the desk's fallback `yesterday` sets it).",
    )
    training_days: int = Field(1463, ge=28, le=2200, description="Days of history the members may learn from.")
    weight_days: int = Field(84, ge=1, le=365, description="Past days that weight the families; equal weights under 28.")
    error_days: int = Field(182, ge=10, le=365, description="Past days whose forecast errors make quantiles and scenarios.")
    horizon_days: int = Field(7, ge=1, le=14, description="Delivery days forecast at each decision.")
    own_driver_days: int = Field(
        35,
        ge=35,
        le=1500,
        description="Days from which own forecasts of load, wind and solar are learnt where the operator's come after the gate. "
        "Raw history is needed for as many days more.",
    )
    features: tuple[FeatureGroup, ...] = Field(
        ("drivers", "holidays", "neighbour_drivers"),
        description="What the price models read beside past prices and the calendar: groups of columns of price_features "
        "(docs/forecast-features.md says what each gave). Neighbours and the merit order need their keys under `zones`.",
    )

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        twice = sorted({m for m in self.every_member if self.every_member.count(m) > 1})
        if twice:
            raise ValueError(f"{', '.join(twice)}: named more than once in members and challengers; a model is either, once")
        return self

    @property
    def every_member(self) -> tuple[Member, ...]:
        """Members and challengers: every price model that is fitted for D."""
        return self.members + self.challengers
