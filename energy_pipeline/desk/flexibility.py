"""Flexible assets of the desk file: batteries, and contracts that are rights to decide later.

What belongs here: their pydantic models and rules within one of them. What does not: whether their
zones exist (`model`), what they are worth (flexibility).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field, model_validator

from energy_pipeline.desk.base import DeskModel


class Battery(DeskModel):
    """A battery. Efficiencies are one-way; the cycle cost is per MWh discharged."""

    kind: Literal["battery"]
    zone: str
    information: Literal["auction", "sequential"] = "auction"
    power_mw: float = Field(gt=0)
    discharge_mw: float | None = Field(None, gt=0, description="Power while discharging, if it differs.")
    energy_mwh: float = Field(gt=0)
    minimum_mwh: float = Field(0.0, ge=0, description="Never emptied below this.")
    charge_efficiency: float = Field(0.92, gt=0, le=1)
    discharge_efficiency: float = Field(0.92, gt=0, le=1)
    cycle_cost_eur_mwh: float = Field(5.0, ge=0)
    self_discharge_per_day: float = Field(0.0, ge=0, lt=1, description="Share of the content lost in a day.")
    initial_mwh: float = Field(0.0, ge=0)
    terminal: Literal["at_least", "equal", "valued"] = Field("at_least", description="What must hold at the end of the day.")
    terminal_mwh: float = Field(0.0, ge=0, description="State of charge at the end of the day, at least (or exactly).")
    terminal_value_eur_mwh: float = Field(0.0, description="With terminal: valued, what each MWh left is worth.")
    cycles_per_day: float | None = Field(None, gt=0)

    @model_validator(mode="after")
    def _charge(self) -> Battery:
        for name in ("initial_mwh", "terminal_mwh", "minimum_mwh"):
            if getattr(self, name) > self.energy_mwh:
                raise ValueError(f"{name} {getattr(self, name):g} is more than energy_mwh {self.energy_mwh:g}")
        if self.initial_mwh < self.minimum_mwh:
            raise ValueError(f"initial_mwh {self.initial_mwh:g} is less than minimum_mwh {self.minimum_mwh:g}")
        return self


class GridService(DeskModel):
    """Capacity of an auction battery sold to the grid operator in bands, beside its energy."""

    asset: str = Field(description="The battery that provides it.")
    direction: Literal["up", "down", "both"] = Field(description="up: more generation; both: the same capacity each way (regulation).")
    capacity_eur_mw_h: float = Field(description="Expected capacity price per MW and hour.")
    hold_hours: float = Field(1.0, gt=0, description="Hours of full power that a band's calls may add up to, each way: energy held back.")
    call_share: float = Field(0.0, ge=0, le=1, description="Expected share of the capacity-hours called, each way.")
    premium_eur_mwh: float = Field(0.0, description="Paid on the spot price for energy called.")
    band_hours: float = Field(4.0, gt=0, le=24)
    max_mw: float = Field(gt=0, description="Prequalified capacity.")
    restored: bool = Field(True, description="Called energy is brought back by the end of the band.")

    @model_validator(mode="after")
    def _calls(self) -> GridService:
        if self.call_share * self.band_hours > self.hold_hours + 1e-12:
            raise ValueError(
                f"expected calls of {self.call_share * self.band_hours:g} h a band exceed hold_hours {self.hold_hours:g}: "
                f"call_share at most {self.hold_hours / self.band_hours:g}"
            )
        return self


def service_problems(services: Mapping[str, GridService], assets: Mapping[str, Battery]) -> list[str]:
    """Services of batteries that are not there, or that act on prices as they come: what is held back must be planned."""
    found = []
    for name, service in services.items():
        battery = assets.get(service.asset)
        if battery is None:
            found.append(f"services.{name}.asset: {service.asset!r} is not declared; assets: {', '.join(assets) or 'none'}")
        elif battery.information != "auction":
            found.append(f"services.{name}.asset: {service.asset} has information: {battery.information}; services need a plan (auction)")
    return found


class SwingRight(DeskModel):
    """The right to take base load at a strike over the coming days, within daily and total limits."""

    kind: Literal["swing"]
    zone: str
    days: int = Field(7, ge=1, le=7, description="Nominations left; the forecasts reach seven days.")
    daily_min_mwh: float = Field(0.0, ge=0)
    daily_max_mwh: float = Field(gt=0)
    total_min_mwh: float = Field(0.0, ge=0)
    total_max_mwh: float = Field(gt=0)
    strike_eur_mwh: float
    penalty_eur_mwh: float | None = Field(None, ge=0, description="Per MWh short of total_min; none: falling short is not allowed.")


class CurtailableRight(DeskModel):
    """A load that may be called off on some of the coming days."""

    kind: Literal["curtailable"]
    zone: str
    days: int = Field(7, ge=1, le=7)
    power_mw: float = Field(gt=0)
    hours: float = Field(gt=0, le=24, description="Hours of a call; the dearest of the day.")
    strike_eur_mwh: float
    calls_left: int = Field(ge=0, description="Of this month's.")


class RenewableRight(DeskModel):
    """The right to switch a plant of the desk off: it runs where price and certificate pay its variable cost."""

    kind: Literal["renewable"]
    zone: str
    plant: str
    certificate_eur_mwh: float = Field(0.0, description="Renewable energy certificate (or premium) earned per MWh generated.")
    variable_cost_eur_mwh: float = Field(0.0, ge=0)


class TollingRight(DeskModel):
    """The right to run a gas plant on the coming day."""

    kind: Literal["tolling"]
    zone: str
    power_mw: float = Field(gt=0)
    minimum_mw: float = Field(0.0, ge=0)
    heat_rate: float = Field(gt=1, le=5, description="MWh of gas per MWh of power.")
    tonnes_per_mwh_fuel: float = Field(0.202, ge=0)
    vom_eur_mwh: float = Field(0.0, ge=0)
    start_cost_eur: float = Field(0.0, ge=0)
    minimum_up_hours: int = Field(1, ge=1, le=23)
    minimum_down_hours: int = Field(1, ge=1, le=23)
    is_on: bool = False


Right = Annotated[SwingRight | CurtailableRight | TollingRight | RenewableRight, Field(discriminator="kind")]


def right_problems(rights: Mapping[str, Right], plant_zones: Mapping[str, str]) -> list[str]:
    """Renewable rights on plants that are not there, or not in their zone."""
    found = []
    for name, right in rights.items():
        if isinstance(right, RenewableRight) and plant_zones.get(right.plant) != right.zone:
            where = f"in {plant_zones[right.plant]}" if right.plant in plant_zones else "not declared"
            found.append(f"rights.{name}.plant: {right.plant!r} is {where}, the right is in {right.zone}; plants: {', '.join(plant_zones) or 'none'}")
    return found
