"""The desk's wind and solar plants.

What belongs here: the settings of each kind of plant. What does not: how output is computed
(`renewables`), where weather and meters come from (`sources`).
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from energy_pipeline.desk.base import DeskModel


class PvPlant(DeskModel):
    """A photovoltaic plant computed from weather."""

    kind: Literal["pv"]
    zone: str
    location: str
    peak_mw: float = Field(gt=0, description="DC peak power.")
    inverter_mw: float = Field(gt=0, description="AC limit.")
    tilt_deg: float = Field(30, ge=0, le=90)
    azimuth_deg: float = Field(180, ge=0, lt=360, description="180 is south.")
    retained_share: float = Field(0.86, gt=0, le=1, description="What losses leave, the inverter's at full load included.")
    temperature_coefficient_per_c: float = Field(-0.004, le=0, ge=-0.01)
    noct_c: float = Field(45, ge=20, le=80)
    mounting: Literal["fixed", "single_axis"] = Field("fixed", description="single_axis: tilt and azimuth are those of the axis.")
    limit_angle_deg: float = Field(45, gt=0, le=90)
    ground_coverage_ratio: float = Field(0.4, gt=0, lt=1)
    backtracking: bool = True
    row_self_shading: bool = Field(True, description="False: one open row, or a roof.")
    module_type: Literal["standard", "premium", "thin_film"] = "standard"
    inverter_efficiency: float = Field(0.96, ge=0.5, le=1)
    albedo: float = Field(0.2, ge=0, le=1)
    elevation_m: float = Field(0.0, ge=-430, le=9000)
    curtail_below_eur_mwh: float | None = Field(None, description="Held back while the price is below: minus the subsidy, plus the marginal cost.")


class WindPlant(DeskModel):
    """A wind farm computed from weather."""

    kind: Literal["wind"]
    zone: str
    location: str
    capacity_mw: float = Field(gt=0)
    hub_height_m: float = Field(gt=10, le=250)
    shear_exponent: float = Field(0.14, ge=0, le=0.6)
    cut_in_ms: float = 3.0
    rated_ms: float = 12.5
    cut_out_ms: float = 25.0
    restart_ms: float | None = Field(None, gt=0, description="After a storm stop the machines run again below this speed.")
    retained_share: float = Field(0.9, gt=0, le=1, description="What losses leave that no field below states.")
    turbine: str | None = Field(None, description="Name in the turbine library; None: the cubic curve of the three speeds.")
    turbines: int | None = Field(None, ge=1, description="Number of machines; None: capacity over the machine's rating, or the layout's.")
    layout_m: tuple[tuple[float, float], ...] = Field((), description="East and north of each machine, for `wake`.")
    wake: Literal["none", "jensen", "gaussian"] = "none"
    wind_rose: tuple[float, ...] = Field((), description="Shares of equal sectors from north clockwise, for the mean wake; empty: all alike.")
    wake_loss_share: float = Field(0.0, ge=0, lt=1)
    electrical_loss_share: float = Field(0.0, ge=0, lt=1)
    availability: float = Field(1.0, gt=0, le=1)
    turbulence_intensity: float = Field(0.0, ge=0, le=0.5)
    density_rule: Literal["none", "sam", "windpowerlib_power_curve"] = "none"
    elevation_m: float = Field(0.0, ge=-430, le=9000)
    upper_location: str | None = Field(None, description="Weather location with the wind at a second, greater height: then the shear is measured.")
    roughness_m: float | None = Field(None, gt=0, le=5, description="Given: log law instead of the power law.")
    curtail_below_eur_mwh: float | None = Field(None, description="Held back while the price is below: minus the subsidy, plus the marginal cost.")

    @model_validator(mode="after")
    def _machines(self) -> WindPlant:
        if self.wake != "none" and not self.layout_m:
            raise ValueError("wake: a wake model needs layout_m; or state wake_loss_share")
        if self.wake != "none" and self.turbine is None:
            raise ValueError("wake: a wake model needs a turbine from the library, whose rotor is known")
        if self.layout_m and self.turbines not in (None, len(self.layout_m)):
            raise ValueError(f"turbines: {self.turbines} differs from the {len(self.layout_m)} places of layout_m")
        if self.wind_rose and (min(self.wind_rose) < 0 or sum(self.wind_rose) <= 0):
            raise ValueError("wind_rose: shares are not negative and not all zero")
        return self


class SharePlant(DeskModel):
    """A fixed share of the zone's wind or solar output."""

    kind: Literal["share"]
    zone: str
    technology: Literal["wind", "solar"]
    share_of_zone: float = Field(gt=0, le=1)
    curtail_below_eur_mwh: float | None = Field(None, description="Held back while the price is below: minus the subsidy, plus the marginal cost.")


class MeteredPlant(DeskModel):
    """A plant known only by its meter; expected output from its own past."""

    kind: Literal["metered"]
    zone: str
    technology: Literal["wind", "solar"]
    capacity_mw: float = Field(gt=0)
    curtail_below_eur_mwh: float | None = Field(None, description="Held back while the price is below: minus the subsidy, plus the marginal cost.")


Plant = Annotated[PvPlant | WindPlant | SharePlant | MeteredPlant, Field(discriminator="kind")]
