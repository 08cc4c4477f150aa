"""Zones: where a desk trades, at which second price, and what its price models read there.

What belongs here: the keys of one zone. What does not: markets and their gates (`markets`), rules between places of the file (`model`).
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from energy_pipeline.desk.base import DeskModel
from energy_pipeline.desk.markets import MarketTimeUnit
from energy_pipeline.domain.errors import DeskError


class SecondPrice(DeskModel):
    """The price at which a deviation is traded back."""

    kind: Literal["intraday", "imbalance", "none"] = Field(
        "none", description="Where deviations are traded: intraday, imbalance, or none (only the fee is paid)."
    )
    imbalance_fee_eur_mwh: float = Field(
        0.0, ge=0, description="Paid on each MWh of deviation, either way [EUR/MWh]; more than 0 where there is no second price."
    )

    @model_validator(mode="after")
    def _fee(self) -> SecondPrice:
        if self.kind == "none" and self.imbalance_fee_eur_mwh <= 0:
            raise ValueError("a market without a second price needs imbalance_fee_eur_mwh > 0 (MARKET: R = P, c_imb > 0, s = E[g|gate])")
        return self


class Zone(DeskModel):
    """A bidding zone the desk trades in."""

    market: str = Field(description="Market of the desk (`markets`) whose gate and price hold here.")
    market_time_unit: tuple[MarketTimeUnit, ...] = Field(
        (MarketTimeUnit(first_day=date(1990, 1, 1), minutes=60),), description="Length of an interval over time, by first delivery day."
    )
    second_price: SecondPrice = Field(description="The price at which a deviation is traded back.")
    tso_res_forecast: Literal["strict", "epf_convention", "none"] = Field(
        "strict",
        description="Grid operator's wind and solar forecast: only when known at the gate, taken as known (as published studies do), or none.",
    )
    drivers: tuple[Literal["load", "wind", "solar"], ...] = Field(("load", "wind", "solar"), description="What the price models take as inputs.")
    holidays: tuple[str, ...] = Field(
        (),
        description="Countries, as two letters and perhaps a subdivision (DE, DE-BY), whose public holidays count as Sundays for the price models.",
    )
    neighbours: tuple[str, ...] = Field((), description="Zones of the desk whose prices and residual load the price models of this one read.")
    thermal_mw: dict[Literal["nuclear", "lignite", "coal", "gas", "other"], Annotated[float, Field(gt=0)]] = Field(
        default_factory=dict, description="Installed thermal capacity by technology [MW], for the merit order."
    )
    weather_locations: tuple[str, ...] = Field((), description="Places of `weather` that stand for the zone's wind and sun.")
    installed_wind_mw: float | None = Field(None, gt=0, description="Wind capacity of the zone [MW], for the driver models.")
    installed_solar_mw: float | None = Field(None, gt=0, description="Solar capacity of the zone [MW], for the driver models.")

    @field_validator("holidays")
    @classmethod
    def _countries(cls, places: tuple[str, ...]) -> tuple[str, ...]:
        if places:
            from holidays import list_supported_countries  # heavy: only where a desk names one

            known = list_supported_countries()
            unknown = [p for p in places if (c := p.split("-", 1))[0] not in known or (len(c) > 1 and c[1] not in known[c[0]])]
            if unknown:
                raise ValueError(f"no public holidays are known of {', '.join(unknown)}; write a country as DE, a subdivision as DE-BY")
        return places

    @field_validator("market_time_unit")
    @classmethod
    def _sorted(cls, units: tuple[MarketTimeUnit, ...]) -> tuple[MarketTimeUnit, ...]:
        if not units or list(units) != sorted(units, key=lambda u: u.first_day):
            raise ValueError("list the market time units by first_day, at least one")
        return units

    def resolution_minutes(self, day: date) -> int:
        """Market time unit on a delivery day [min]."""
        valid = [u.minutes for u in self.market_time_unit if u.first_day <= day]
        if not valid:
            problem = f"market_time_unit: no unit is declared for {day}; the first begins {self.market_time_unit[0].first_day}"
            raise DeskError(f"a zone of market {self.market}", [f"{problem} -> say which unit held before, histories look back further"])
        return valid[-1]
