"""The desk's wind and solar plants.

What belongs here: the settings of each kind of plant. What does not: how output is computed
(`renewables`), where weather and meters come from (`sources`).
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from energy_pipeline.desk.base import DeskModel

LARGEST_MACHINE_MW = 40.0
OutageIds = Annotated[
    tuple[Annotated[str, Field(min_length=2)], ...],
    Field(description="`outage_id`s of the table outages that are this plant's; one that ends in * stands for all that begin so."),
]


class PvPlant(DeskModel):
    """A photovoltaic plant computed from weather."""

    kind: Literal["pv"] = Field(description="A photovoltaic plant computed from weather.")
    zone: str = Field(description="Zone of the desk (`zones`).")
    location: str = Field(description="Weather location of the desk (`weather`).")
    peak_mw: float = Field(gt=0, description="DC peak power.")
    inverter_mw: float = Field(gt=0, description="AC limit.")
    tilt_deg: float = Field(30, ge=0, le=90, description="Of the modules against the ground [degrees].")
    azimuth_deg: float | None = Field(None, ge=0, lt=360, description="180 is south; none: towards the equator.")
    retained_share: float = Field(0.86, gt=0, le=1, description="What losses leave, the inverter's at full load included.")
    temperature_coefficient_per_c: float = Field(
        -0.004, le=0, ge=-0.01, description="Change of power per degree of cell temperature, as a share [1/C]."
    )
    noct_c: float = Field(45, ge=20, le=80, description="Nominal operating cell temperature [C].")
    mounting: Literal["fixed", "single_axis"] = Field("fixed", description="single_axis: tilt and azimuth are those of the axis.")
    limit_angle_deg: float = Field(45, gt=0, le=90, description="Greatest turn of a tracker from flat [degrees].")
    ground_coverage_ratio: float = Field(0.4, gt=0, lt=1, description="Module width over the distance of rows.")
    backtracking: bool = Field(True, description="A tracker turns back when rows would shade each other.")
    row_self_shading: bool = Field(True, description="False: one open row, or a roof.")
    module_type: Literal["standard", "premium", "thin_film"] = Field("standard", description="Glass and coating of the modules.")
    inverter_efficiency: float = Field(0.96, ge=0.5, le=1, description="AC over DC power at full load.")
    albedo: float = Field(0.2, ge=0, le=1, description="Share of light that the ground throws back.")
    elevation_m: float = Field(0.0, ge=-430, le=9000, description="Above sea level [m].")
    snow_loss: bool = Field(False, description="Snow covers the modules and slides off (Marion et al. 2013, as PVWatts has it); needs snow_depth_cm.")
    curtail_below_eur_mwh: float | None = Field(None, description="Held back while the price is below: minus the subsidy, plus the marginal cost.")
    outages: OutageIds = ()

    def azimuth_at(self, latitude_deg: float) -> float:
        """Stated azimuth, else towards the equator: 180 (south) north of it, 0 (north) south of it [degrees]."""
        if self.azimuth_deg is not None:
            return self.azimuth_deg
        return 180.0 if latitude_deg >= 0.0 else 0.0


class WindPlant(DeskModel):
    """A wind farm computed from weather."""

    kind: Literal["wind"] = Field(description="A wind farm computed from weather.")
    zone: str = Field(description="Zone of the desk (`zones`).")
    location: str = Field(description="Weather location of the desk (`weather`).")
    capacity_mw: float = Field(gt=0, description="Rated power of the farm [MW].")
    hub_height_m: float = Field(gt=10, le=250, description="Hub above ground [m].")
    shear_exponent: float = Field(0.14, ge=0, le=0.6, description="Of the power law that carries wind to hub height.")
    cut_in_ms: float = Field(3.0, description="Wind speed at which machines start [m/s].")
    rated_ms: float = Field(12.5, description="Wind speed of full power [m/s], of the cubic curve.")
    cut_out_ms: float = Field(25.0, description="Wind speed at which machines stop [m/s].")
    restart_ms: float | None = Field(None, gt=0, description="After a storm stop the machines run again below this speed.")
    retained_share: float = Field(0.9, gt=0, le=1, description="What losses leave that no field below states.")
    turbine: str | None = Field(
        None, description="Name in the turbine library; `generic`, also when not stated: the curve of its specific power; `cubic`: document 003's."
    )
    power_curve: tuple[tuple[Annotated[float, Field(ge=0, le=60)], Annotated[float, Field(ge=0)]], ...] = Field(
        (), description="Curve of one machine: [m/s, MW] pairs, or the path of a CSV beside the desk file (wind_speed_ms, power_mw or power_kw)."
    )
    thrust_curve: tuple[tuple[Annotated[float, Field(ge=0, le=60)], Annotated[float, Field(ge=0, le=1.5)]], ...] = Field(
        (), description="Thrust coefficient of `power_curve`'s machine, [m/s, 1] pairs, for wakes; without it it is estimated from the curve."
    )
    specific_power_w_m2: float | None = Field(None, ge=100, le=800, description="Rating over rotor area of the generic curve [W/m2].")
    rotor_diameter_m: float | None = Field(None, gt=1, le=300, description="Of a machine that the library does not know [m].")
    turbines: int | None = Field(None, ge=1, description="Number of machines; None: capacity over the machine's rating, or the layout's.")
    layout_m: tuple[tuple[float, float], ...] = Field((), description="East and north of each machine, for `wake`.")
    wake: Literal["none", "jensen", "gaussian"] = Field("none", description="Model of the wakes within the farm; needs `layout_m` and `turbine`.")
    wind_rose: tuple[float, ...] = Field((), description="Shares of equal sectors from north clockwise, for the mean wake; empty: all alike.")
    wake_loss_share: float = Field(0.0, ge=0, lt=1, description="Share of output lost to wakes, where no model computes it.")
    electrical_loss_share: float = Field(0.0, ge=0, lt=1, description="Share of output lost in cables and transformers.")
    availability: float = Field(1.0, gt=0, le=1, description="Share of machines that can run.")
    turbulence_intensity: float = Field(0.0, ge=0, le=0.5, description="Standard deviation of wind over its mean, which smooths the power curve.")
    density_rule: Literal["none", "sam", "windpowerlib_power_curve"] = Field(
        "sam", description="How thin air changes output; pressure is the weather's, else that of the elevation."
    )
    elevation_m: float = Field(0.0, ge=-430, le=9000, description="Above sea level [m].")
    upper_location: str | None = Field(None, description="Weather location with the wind at a second, greater height: then the shear is measured.")
    roughness_m: float | None = Field(None, gt=0, le=5, description="Given: log law instead of the power law.")
    curtail_below_eur_mwh: float | None = Field(None, description="Held back while the price is below: minus the subsidy, plus the marginal cost.")
    outages: OutageIds = ()

    @model_validator(mode="after")
    def _machines(self) -> WindPlant:
        told = next((text for wrong, text in (*self._layout_rules(), *self._curve_rules()) if wrong), None)
        if told is not None:
            raise ValueError(told)
        return self

    def _layout_rules(self) -> list[tuple[bool, str]]:
        """(is broken, what to do) of machines and where they stand."""
        places = len(self.layout_m)
        return [
            (self.wake != "none" and not places, "wake: a wake model needs layout_m; or state wake_loss_share"),
            (places > 0 and self.turbines not in (None, places), f"turbines: {self.turbines} differs from the {places} places of layout_m"),
            (
                bool(self.wind_rose) and (min(self.wind_rose) < 0 or sum(self.wind_rose) <= 0),
                "wind_rose: shares are not negative and not all zero",
            ),
        ]

    def _curve_rules(self) -> list[tuple[bool, str]]:
        """(is broken, what to do) of the power curve: the library's, the stated, the generic or the cubic one."""
        curve, rotor = bool(self.power_curve), self.rotor_diameter_m is not None
        in_library, cubic = self.turbine not in (None, "generic", "cubic"), self.turbine == "cubic"
        no_rotor = (curve or cubic) and not rotor
        not_generic = in_library or cubic or curve or rotor
        return [
            (self.wake != "none" and no_rotor, "wake: a wake model needs the rotor: state rotor_diameter_m"),
            (
                curve and max((power for _, power in self.power_curve), default=0.0) > LARGEST_MACHINE_MW,
                f"power_curve: a machine of more than {LARGEST_MACHINE_MW:g} MW; pairs are m/s and MW, of one machine",
            ),
            (bool(self.thrust_curve) and not curve, "thrust_curve: belongs to power_curve"),
            (curve and self.turbine is not None, "power_curve: state it or turbine, not both"),
            (rotor and in_library, "rotor_diameter_m: the library knows the rotor of its turbines"),
            (
                self.specific_power_w_m2 is not None and not_generic,
                "specific_power_w_m2: belongs to the generic curve, and rotor_diameter_m says the same",
            ),
            ("rated_ms" in self.model_fields_set and not cubic, "rated_ms: belongs to `turbine: cubic`; other curves have their own"),
        ]


class SharePlant(DeskModel):
    """A fixed share of the zone's wind or solar output."""

    kind: Literal["share"] = Field(description="A share of the zone's output.")
    zone: str = Field(description="Zone of the desk (`zones`).")
    technology: Literal["wind", "solar"] = Field(description="Which of the zone's outputs.")
    share_of_zone: float = Field(gt=0, le=1, description="Share of the zone's output that is the desk's.")
    curtail_below_eur_mwh: float | None = Field(None, description="Held back while the price is below: minus the subsidy, plus the marginal cost.")


class MeteredPlant(DeskModel):
    """A plant known only by its meter; expected output from its own past."""

    kind: Literal["metered"] = Field(description="A plant known by its meter.")
    zone: str = Field(description="Zone of the desk (`zones`).")
    technology: Literal["wind", "solar"] = Field(description="What it runs on.")
    capacity_mw: float = Field(gt=0, description="Rated power [MW].")
    curtail_below_eur_mwh: float | None = Field(None, description="Held back while the price is below: minus the subsidy, plus the marginal cost.")
    outages: OutageIds = ()


Plant = Annotated[PvPlant | WindPlant | SharePlant | MeteredPlant, Field(discriminator="kind")]
