"""What a photovoltaic plant is: place, size, mounting, modules, inverter, losses.

What belongs here: `PvSystem` with its checks, the module types, the losses. What does
not: weather (`weather`), the physics (`kernel`, `optics`, `cells`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from energy_pipeline.domain.errors import PipelineError

MOUNTINGS = ("fixed", "single_axis")
SETTINGS = ("sam_like", "stock")
TEMPERATURE_MODELS = ("noct", "noct_sam", "sapm")
SUN_RULES = ("middle", "sunlit_middle", "pvlib_middle")
MODULE_TYPES = ("standard", "premium", "thin_film")


class PvSystemError(PipelineError):
    """A plant's description is wrong; `problems` lists every mistake."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = tuple(problems)
        super().__init__(f"{len(problems)} problem(s) in a photovoltaic plant: " + "; ".join(problems))


@dataclass(frozen=True)
class PvSystem:
    """A photovoltaic plant.

    Attributes
    ----------
    latitude_deg, longitude_deg, altitude_m : float
        North, east and up are positive.
    dc_mw, ac_mw : float
        Module power at standard test conditions; what the inverter may give.
    mounting : {'fixed', 'single_axis'}
    tilt_deg, azimuth_deg : float
        Of the modules if fixed (azimuth from north: 90 east, 180 south); of the axis if tracked
        (axis tilt is usually 0, axis azimuth 180 or 0).
    limit_angle_deg : float
        How far a tracker turns to either side.
    ground_coverage_ratio : float
        Module length over row distance.
    backtracking : bool
        Trackers turn back so that rows never shade each other.
    row_self_shading : bool
        Rows shade each other and hide sky and ground from each other, by the ground coverage ratio.
        False: one open row or a roof.
    setting : {'sam_like', 'stock'}
        'sam_like': the steps of SAM's PVWatts v8 (Perez with SAM's limits, coated cover glass, DeSoto air-mass
        spectrum, single-diode module, Sandia inverter curve).
        'stock': pvlib's PVWatts functions (Perez, cover loss, linear module, PVWatts inverter curve).
    diffuse_cover_loss : bool
        The cover glass also takes from sky and ground light (it does). False: from the beam only, as
        ModelChain, which makes the year 1-2 % too good.
    module_type : {'standard', 'premium', 'thin_film'}
        As in PVWatts v8.
    temperature_coefficient_per_c : float or None
        Change of DC power per degree: a NEGATIVE number, such as -0.0037. None takes the module type's own.
    cell_temperature_model : {'noct_sam', 'noct', 'sapm'}
        SAM's (NOCT with wind and cover loss); the textbook's (no wind; on plane-of-array irradiance,
        not GHI as document 003 prints it); Sandia's for glass-polymer modules on open racks.
    noct_c : float
        Cell temperature at 800 W/m2, 20 degrees, 1 m/s: 45 on racks, 49 on roofs.
    losses_share : float or None
        All DC losses together, a share LOST (document 003's "0.85-0.95" are retained shares). None puts
        together the single losses below, each of what the others leave.
    poa_soiling_share : float
        Soiling taken off the plane-of-array irradiance, so that it also cools the cells; apart from the losses above.
    inverter_efficiency : float
        At rated power.
    ac_losses_share : float
        Transformer, lines and such behind the inverter.
    albedo : float
        Share of light the ground throws back.
    sun_rule : {'sunlit_middle', 'middle', 'pvlib_middle'}
        Where the sun stands in the intervals of sunrise and sunset; all others take their middle.
        'sunlit_middle': the middle of the sunlit part, as SAM with files of hourly means. 'middle': the
        interval's middle, no power if the sun is down then, as SAM with a minute column. 'pvlib_middle': the
        interval's middle even if the sun is down then, as ModelChain with labels moved by half an interval.
    snow : bool
        Take snow cover off (needs snow depth in the weather), after Marion et al. 2013.

    Examples
    --------
    >>> plant = PvSystem(latitude_deg=52.0, longitude_deg=13.0, dc_mw=1.2, ac_mw=1.0)
    >>> round(plant.lost_share, 4)
    0.1408
    """

    latitude_deg: float
    longitude_deg: float
    altitude_m: float = 0.0
    dc_mw: float = 1.0
    ac_mw: float = 1.0
    mounting: str = "fixed"
    tilt_deg: float = 30.0
    azimuth_deg: float = 180.0
    limit_angle_deg: float = 45.0
    ground_coverage_ratio: float = 0.4
    backtracking: bool = True
    row_self_shading: bool = True
    setting: str = "sam_like"
    diffuse_cover_loss: bool = True
    module_type: str = "standard"
    temperature_coefficient_per_c: float | None = None
    cell_temperature_model: str = "noct_sam"
    noct_c: float = 45.0
    losses_share: float | None = None
    soiling_share: float = 0.02
    shading_share: float = 0.03
    mismatch_share: float = 0.02
    wiring_share: float = 0.02
    connections_share: float = 0.005
    degradation_share: float = 0.015
    nameplate_share: float = 0.01
    availability_share: float = 0.03
    poa_soiling_share: float = 0.0
    inverter_efficiency: float = 0.96
    ac_losses_share: float = 0.0
    albedo: float = 0.2
    sun_rule: str = "sunlit_middle"
    snow: bool = False

    def __post_init__(self) -> None:
        problems = _problems(self)
        if problems:
            raise PvSystemError(problems)

    @property
    def lost_share(self) -> float:
        """DC losses together, as a share."""
        if self.losses_share is not None:
            return self.losses_share
        kept = 1.0
        for name in SINGLE_LOSSES:
            kept *= 1.0 - getattr(self, name)
        return 1.0 - kept

    def with_(self, **changes: Any) -> PvSystem:  # noqa: ANN401 - attributes of several types
        """The same plant with some attributes changed."""
        return replace(self, **changes)


SINGLE_LOSSES = (
    "soiling_share",
    "shading_share",
    "mismatch_share",
    "wiring_share",
    "connections_share",
    "degradation_share",
    "nameplate_share",
    "availability_share",
)
_RANGES = (
    ("latitude_deg", -90.0, 90.0),
    ("longitude_deg", -180.0, 180.0),
    ("altitude_m", -430.0, 9000.0),
    ("tilt_deg", 0.0, 90.0),
    ("azimuth_deg", 0.0, 360.0),
    ("limit_angle_deg", 0.0, 90.0),
    ("ground_coverage_ratio", 0.01, 0.99),
    ("noct_c", 20.0, 90.0),
    ("inverter_efficiency", 0.5, 1.0),
    ("albedo", 0.0, 1.0),
    ("poa_soiling_share", 0.0, 1.0),
    ("ac_losses_share", 0.0, 1.0),
    *((name, 0.0, 1.0) for name in SINGLE_LOSSES),
)


def _problems(system: PvSystem) -> list[str]:
    found = []
    for name, low, high in _RANGES:
        value = getattr(system, name)
        if not low <= value <= high:
            found.append(f"{name} is {value}, allowed {low} to {high}")
    if not -0.05 <= system.lost_share <= 1.0:
        found.append(f"losses_share is {system.lost_share}, allowed -0.05 to 1: a share lost, not retained")
    found.extend(f"{name} is {getattr(system, name)}, must be above 0" for name in ("dc_mw", "ac_mw") if not getattr(system, name) > 0.0)
    beta = system.temperature_coefficient_per_c
    if beta is not None and not -0.02 <= beta <= 0.0:
        found.append(f"temperature_coefficient_per_c is {beta}, must be -0.02 to 0: hot modules lose power, so the number is negative")
    for name, allowed in (
        ("mounting", MOUNTINGS),
        ("setting", SETTINGS),
        ("cell_temperature_model", TEMPERATURE_MODELS),
        ("sun_rule", SUN_RULES),
        ("module_type", MODULE_TYPES),
    ):
        if getattr(system, name) not in allowed:
            found.append(f"{name} is {getattr(system, name)!r}, allowed: {', '.join(allowed)}")
    return found
