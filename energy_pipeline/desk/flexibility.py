"""Flexible assets of the desk file: batteries, and contracts that are rights to decide later.

What belongs here: their pydantic models and rules within one of them. What does not: whether their
zones exist (`model`), what they are worth (flexibility).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import pairwise
from typing import Annotated, Literal

from pydantic import Field, model_validator

from energy_pipeline.desk.base import DeskModel
from energy_pipeline.desk.layout import FileLayout


class Battery(DeskModel):
    """A battery. Efficiencies are one-way; the cycle cost is per MWh discharged."""

    kind: Literal["battery"] = Field(description="A battery.")
    zone: str = Field(description="Zone of the desk (`zones`).")
    information: Literal["auction", "sequential"] = Field(
        "auction", description="auction: planned on the forecast and nominated. sequential: acts on prices as they come."
    )
    power_mw: float = Field(gt=0, description="Power at the grid while charging, and while discharging unless `discharge_mw` says otherwise [MW].")
    discharge_mw: float | None = Field(None, gt=0, description="Power while discharging, if it differs.")
    energy_mwh: float = Field(gt=0, description="Content when full [MWh].")
    minimum_mwh: float = Field(0.0, ge=0, description="Never emptied below this.")
    charge_efficiency: float = Field(0.92, gt=0, le=1, description="Stored per MWh taken from the grid, one way.")
    discharge_efficiency: float = Field(0.92, gt=0, le=1, description="Delivered per MWh taken from the store, one way.")
    cycle_cost_eur_mwh: float = Field(5.0, ge=0, description="Wear per MWh discharged [EUR/MWh].")
    self_discharge_per_day: float = Field(0.0, ge=0, lt=1, description="Share of the content lost in a day.")
    initial_mwh: float = Field(0.0, ge=0, description="Content at the start of the first day [MWh]; later days begin with what the day before left.")
    terminal: Literal["curve", "at_least", "equal", "valued"] = Field(
        "curve",
        description="What holds at the end of the day. curve: what is left is worth what the coming week makes of it; at_least: beyond "
        "terminal_mwh it is worth nothing; equal: exactly terminal_mwh; valued: each MWh is worth terminal_value_eur_mwh.",
    )
    end_curve: tuple[tuple[float, float], ...] = Field(
        (), description="With terminal: curve, own (MWh, EUR) points of a concave function; none: made each day from the forecasts of the week."
    )
    terminal_mwh: float = Field(0.0, ge=0, description="State of charge at the end of the day, at least (or exactly).")
    terminal_value_eur_mwh: float = Field(0.0, description="With terminal: valued, what each MWh left is worth.")
    cycles_per_day: float | None = Field(None, gt=0, description="Full cycles a day at most.")
    cycles_per_year: float | None = Field(None, gt=0, description="Full cycles a calendar year at most.")
    warranty_mwh: float | None = Field(None, gt=0, description="MWh discharged over its life at most.")
    fade_per_cycle: float = Field(0.0, ge=0, lt=0.01, description="Share of the capacity that a full cycle takes for good.")

    @model_validator(mode="after")
    def _charge(self) -> Battery:
        slopes = [(v - u) / (b - a) if b > a else math.nan for (a, u), (b, v) in pairwise(self.end_curve)]
        falls = all(after <= before + 1e-9 for before, after in zip([math.inf, *slopes], slopes, strict=False))
        if len(self.end_curve) == 1 or not falls:  # a content that does not rise has no slope, and no number is below none
            raise ValueError("end_curve needs points of rising content and falling slope (concave), at least two")
        for name in ("initial_mwh", "terminal_mwh", "minimum_mwh"):
            if getattr(self, name) > self.energy_mwh:
                raise ValueError(f"{name} {getattr(self, name):g} is more than energy_mwh {self.energy_mwh:g}")
        if self.initial_mwh < self.minimum_mwh:
            raise ValueError(f"initial_mwh {self.initial_mwh:g} is less than minimum_mwh {self.minimum_mwh:g}")
        return self


AtLimit = Literal["none", "half", "full"]
Scheme = Literal["per_mwh", "not_at_negative_prices", "after_negative_intervals", "difference", "sliding_premium", "capacity"]


class StateCorrections(FileLayout):
    """An operator's file of states: asset, delivery_day, known_at and what it corrects (flexibility/corrections.py)."""

    path: str = Field(min_length=1, description="Counts from ENERGY_PIPELINE_DATA; .parquet or .csv. Rows known after a decision do not count.")


class Acceptance(FileLayout):
    """The auction's answer: zone, kind, asset, delivery_start of bid lines, accepted_mw, perhaps known_at (flexibility/acceptance.py)."""

    path: str = Field(min_length=1, description="Counts from ENERGY_PIPELINE_DATA; .parquet or .csv. Lines it does not name are assumed.")


Orders = Literal["plan", "curve", "blocks", "joint"]


class FlexibilitySettings(DeskModel):
    """How flexible assets are kept and ordered."""

    orders: Orders = Field(
        "plan",
        description="How auction batteries bid. plan: their schedule, all or nothing; curve: quantities with limits by interval; blocks: exclusive "
        "groups; joint: the schedule decided with the contracts, on days on which that is better. What does not fit a battery is sent as its plan.",
    )
    acceptance: Acceptance | None = Field(None, description="What the auction took of the bids; without it acceptance is assumed, and said so.")
    at_limit: AtLimit = Field("none", description="What of a step is taken as accepted where the price is its limit.")
    state_corrections: StateCorrections | None = Field(None, description="What an operator measured of an asset's state, and when that was known.")


class GridService(DeskModel):
    """Capacity of an auction battery sold to the grid operator in bands, beside its energy."""

    asset: str = Field(description="The battery that provides it.")
    direction: Literal["up", "down", "both"] = Field(description="up: more generation; both: the same capacity each way (regulation).")
    capacity_eur_mw_h: float = Field(description="Expected capacity price per MW and hour.")
    hold_hours: float = Field(1.0, gt=0, description="Hours of full power that a band's calls may add up to, each way: energy held back.")
    call_share: float = Field(0.0, ge=0, le=1, description="Expected share of the capacity-hours called, each way.")
    premium_eur_mwh: float = Field(0.0, description="Paid on the spot price for energy called.")
    band_hours: float = Field(4.0, gt=0, le=24, description="Length of a band in which the capacity sold is the same [h].")
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

    kind: Literal["swing"] = Field(description="A swing contract.")
    zone: str = Field(description="Zone of the desk (`zones`).")
    days: int = Field(7, ge=1, le=7, description="Nominations left on the first day; the forecasts reach seven days.")
    daily_min_mwh: float = Field(0.0, ge=0, description="Taken on each day, at least [MWh].")
    daily_max_mwh: float = Field(gt=0, description="Taken on each day, at most [MWh].")
    total_min_mwh: float = Field(0.0, ge=0, description="Taken over all its days, at least [MWh].")
    total_max_mwh: float = Field(gt=0, description="Taken over all its days, at most [MWh].")
    strike_eur_mwh: float = Field(description="Price paid for what is taken [EUR/MWh].")
    penalty_eur_mwh: float | None = Field(None, ge=0, description="Per MWh short of total_min; none: falling short is not allowed.")


class CurtailableRight(DeskModel):
    """A load that may be called off on some of the coming days."""

    kind: Literal["curtailable"] = Field(description="A load that may be called off.")
    zone: str = Field(description="Zone of the desk (`zones`).")
    days: int = Field(7, ge=1, le=7, description="Days on which a call is possible, from the first day on.")
    power_mw: float = Field(gt=0, description="Load called off [MW].")
    hours: float = Field(gt=0, le=24, description="Hours of a call; the dearest of the day.")
    strike_eur_mwh: float = Field(description="Paid to the customer per MWh not delivered [EUR/MWh].")
    calls_left: int = Field(ge=0, description="Calls left on the first day.")


class RenewableRight(DeskModel):
    """The right to switch a plant of the desk off: it runs where price and certificate pay its variable cost."""

    kind: Literal["renewable"] = Field(description="A plant that may be switched off.")
    zone: str = Field(description="Zone of the desk (`zones`).")
    plant: str = Field(description="Plant of the desk (`plants`), in the same zone.")
    certificate_eur_mwh: float = Field(
        0.0, description="Renewable energy certificate or premium per MWh generated; of a difference or sliding premium its strike."
    )
    scheme: Scheme = Field(
        "per_mwh",
        description="When that is paid: for every MWh; not at negative prices; not in runs of negative_intervals and more; as the difference to "
        "reference_eur_mwh, of both signs or only of one; or for capacity, so nothing per MWh.",
    )
    negative_intervals: int = Field(6, ge=1, description="With after_negative_intervals: length of a run of negative prices that is not paid.")
    reference_eur_mwh: float = Field(0.0, description="With difference and sliding_premium: the reference price.")
    variable_cost_eur_mwh: float = Field(0.0, ge=0, description="Cost of each MWh generated [EUR/MWh].")
    meter: Literal["output", "available"] = Field(
        "output", description="What the plant's meter says: what it gave, or what it could have given (then a rejected step is taken off)."
    )


class TollingRight(DeskModel):
    """The right to run a gas plant on the coming day."""

    kind: Literal["tolling"] = Field(description="A gas plant that may be run.")
    zone: str = Field(description="Zone of the desk (`zones`).")
    power_mw: float = Field(gt=0, description="Power when fully on [MW].")
    minimum_mw: float = Field(0.0, ge=0, description="Least power while on [MW].")
    heat_rate: float = Field(gt=1, le=5, description="MWh of gas per MWh of power.")
    tonnes_per_mwh_fuel: float = Field(0.202, ge=0, description="CO2 per MWh of gas burnt [t/MWh].")
    vom_eur_mwh: float = Field(0.0, ge=0, description="Variable operation and maintenance per MWh of power [EUR/MWh].")
    start_cost_eur: float = Field(0.0, ge=0, description="Cost of a start [EUR].")
    minimum_up_hours: int = Field(1, ge=1, le=23, description="Hours it stays on once started.")
    minimum_down_hours: int = Field(1, ge=1, le=23, description="Hours it stays off once stopped.")
    is_on: bool = Field(False, description="Whether it runs when the first day begins.")
    hours_so_far: float = Field(10_000.0, gt=0, description="Hours it has been on or off by then; matters up to the minimum times.")
    starts_per_year: int | None = Field(None, ge=0, description="Starts a calendar year at most.")


Right = Annotated[SwingRight | CurtailableRight | TollingRight | RenewableRight, Field(discriminator="kind")]


def right_problems(rights: Mapping[str, Right], plant_zones: Mapping[str, str]) -> list[str]:
    """Renewable rights on plants that are not there, not in their zone, or bid by another right already: a plant is one step."""
    found, bid_by = [], dict[str, str]()
    for name, right in rights.items():
        if isinstance(right, RenewableRight) and (first := bid_by.setdefault(right.plant, name)) != name:
            found.append(f"rights.{name}.plant: {right.plant!r} is bid by rights.{first} already; a plant is one step -> keep one of both rights")
        if isinstance(right, RenewableRight) and plant_zones.get(right.plant) != right.zone:
            where = f"in {plant_zones[right.plant]}" if right.plant in plant_zones else "not declared"
            found.append(f"rights.{name}.plant: {right.plant!r} is {where}, the right is in {right.zone}; plants: {', '.join(plant_zones) or 'none'}")
    return found
