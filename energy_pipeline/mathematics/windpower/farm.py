"""A wind farm: machines, where they stand, and the rules its output is computed by.

What belongs here: the choices, their checks, the wake models' parameters. What does not: the
computation (`output`, `wakes`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from energy_pipeline.domain.delivery import FloatArray
from energy_pipeline.domain.errors import Finding
from energy_pipeline.mathematics.windpower.errors import raise_if_any
from energy_pipeline.mathematics.windpower.turbines import Turbine, check_betz

Superposition = Literal["squared", "linear", "max"]
Induction = Literal["madsen", "momentum"]
DENSITY_RULES = ("sam", "windpowerlib_power_curve", "none")
AIR_LAWS = ("hypsometric", "barometric", "ideal_gas")
LOOKUPS = ("exact", "table")
PROFILES = ("auto", "measured", "log", "power")


@dataclass(frozen=True)
class Jensen:
    """Top-hat wake that widens linearly (Jensen 1983), weighted by the rotor area it covers.

    Defaults are those of PyWake's NOJ. Common values of `k`: 0.075 on land, 0.04 at sea.

    Attributes
    ----------
    k : float
        Growth of the wake's radius per metre downwind.
    superposition : {"squared", "linear", "max"}
        How deficits of several wakes add.
    induction : {"madsen", "momentum"}
        From thrust to axial induction: the fit of Madsen et al. (2020), or (1 - sqrt(1 - Ct)) / 2.
    reference : {"free", "local"}
        Wind the deficit is a share of: the farm's free wind, or the waked wind at its source.
    """

    k: float = 0.1
    superposition: Superposition = "squared"
    induction: Induction = "madsen"
    reference: Literal["free", "local"] = "free"


@dataclass(frozen=True)
class Gaussian:
    """Gaussian wake of Bastankhah and Porte-Agel (2014), at the centre of the rotor.

    Width sigma = k * distance + epsilon * sqrt(beta) * D, beta = (1 + s) / (2 s), s = sqrt(1 - Ct),
    Ct capped at `thrust_limit`. Defaults are those of PyWake's BastankhahGaussian.

    Attributes
    ----------
    k, epsilon, thrust_limit : float
    superposition, induction, reference
        As in `Jensen`.
    """

    k: float = 0.0324555
    epsilon: float = 0.2
    thrust_limit: float = 0.899
    superposition: Superposition = "squared"
    induction: Induction = "madsen"
    reference: Literal["free", "local"] = "free"


@dataclass(frozen=True, eq=False)
class WindFarm:
    """Equal turbines at one site.

    Attributes
    ----------
    turbine : Turbine
    count : int
        Number of machines; with a layout it may be left out.
    x_m, y_m : array, shape (count,), optional
        Positions east and north. Needed for `wake`.
    wake : Jensen or Gaussian, optional
        Wake model of the layout; needs wind direction.
    wake_lookup : {"exact", "table"}
        Sweep the layout for every interval, or read a table over direction and speed (`wake_table`).
    wake_loss_share, electrical_loss_share : float
        Constant shares lost, 0 .. 1.
    availability : float
        Share of machines that can run, 0 .. 1.
    turbulence_intensity : float
        Above 0 the curve is smoothed with standard deviation intensity * speed + `spread_ms`.
    spread_ms : float
        Constant part of that standard deviation [m/s], for speeds that differ across a region.
    density_rule : {"sam", "windpowerlib_power_curve", "none"}
        sam: P(v (rho / 1.225)^(1/3)). windpowerlib_power_curve: the curve's speeds times
        (1.225 / rho)^p with p from 1/3 at 7.5 m/s to 2/3 at 12.5 m/s.
    air : {"hypsometric", "barometric", "ideal_gas"}
        How pressure falls to hub height: hypsometric exactly, the others by 1/8 hPa per metre and,
        for barometric, with the standard state 1013.3 hPa and 288.15 K (windpowerlib's two).
    profile : {"auto", "measured", "log", "power"}
        Speed at hub height: exponent measured between two heights, log law with roughness, or power
        law with `shear_exponent`. auto takes the first of these that the weather allows.
    shear_exponent : float
    shear_bounds : (float, float)
        A measured exponent is kept within these when the hub lies outside the two heights.
    elevation_m : float
        Gives the pressure of the standard atmosphere where none is measured.

    Raises
    ------
    WindInputError
        Naming every choice that cannot be.
    """

    turbine: Turbine
    count: int | None = None
    x_m: Any = None
    y_m: Any = None
    wake: Jensen | Gaussian | None = None
    wake_lookup: Literal["exact", "table"] = "exact"
    wake_loss_share: float = 0.0
    availability: float = 1.0
    electrical_loss_share: float = 0.0
    turbulence_intensity: float = 0.0
    spread_ms: float = 0.0
    density_rule: Literal["sam", "windpowerlib_power_curve", "none"] = "sam"
    air: Literal["hypsometric", "barometric", "ideal_gas"] = "hypsometric"
    profile: Literal["auto", "measured", "log", "power"] = "auto"
    shear_exponent: float = 1.0 / 7.0
    shear_bounds: tuple[float, float] = (0.0, 0.6)
    elevation_m: float = 0.0

    def __post_init__(self) -> None:
        """Fill the count, freeze the layout, check everything at once."""
        for name in ("x_m", "y_m"):
            if getattr(self, name) is not None:
                array = np.array(getattr(self, name), dtype=np.float64)
                array.flags.writeable = False
                object.__setattr__(self, name, array)
        if self.count is None:
            object.__setattr__(self, "count", 1 if self.x_m is None else int(self.x_m.size))
        raise_if_any("wind farm", [*_choice_findings(self), *_number_findings(self), *_layout_findings(self)])
        check_betz(self.turbine)

    @property
    def machines(self) -> int:
        """Number of machines."""
        return int(self.count or 1)

    @property
    def capacity_mw(self) -> float:
        """Highest output of all machines together, without losses [MW]."""
        return self.machines * self.turbine.peak_mw

    @property
    def retained_share(self) -> float:
        """What constant losses and availability leave."""
        return self.availability * (1.0 - self.electrical_loss_share) * (1.0 - self.wake_loss_share)

    def layout(self) -> tuple[FloatArray, FloatArray]:
        """Positions (x, y); an error without them."""
        if self.x_m is None or self.y_m is None:
            raise_if_any("wind farm", [Finding("no layout", "x_m, y_m", 0, (), "pass positions in metres")])
        return self.x_m, self.y_m


def _choice_findings(farm: WindFarm) -> list[Finding]:
    choices = {"density_rule": DENSITY_RULES, "air": AIR_LAWS, "profile": PROFILES, "wake_lookup": LOOKUPS}
    wrong = [(name, getattr(farm, name), allowed) for name, allowed in choices.items() if getattr(farm, name) not in allowed]
    if farm.wake is not None:
        allowed = {"superposition": ("squared", "linear", "max"), "induction": ("madsen", "momentum"), "reference": ("free", "local")}
        wrong += [(f"wake.{name}", getattr(farm.wake, name), options) for name, options in allowed.items() if getattr(farm.wake, name) not in options]
    return [Finding(f"not one of {', '.join(allowed)}", name, 0, (str(value),)) for name, value, allowed in wrong]


def _number_findings(farm: WindFarm) -> list[Finding]:
    shares = ("wake_loss_share", "availability", "electrical_loss_share", "turbulence_intensity")
    found = [
        Finding("outside 0 .. 1", name, 0, (f"{getattr(farm, name)}",), "shares, not percent") for name in shares if not 0 <= getattr(farm, name) <= 1
    ]
    if farm.machines < 1:
        found.append(Finding("needs a machine", "count", 0, (str(farm.count),)))
    if not farm.shear_bounds[0] <= farm.shear_bounds[1]:
        found.append(Finding("bounds are reversed", "shear_bounds", 0, (str(farm.shear_bounds),)))
    if not -1.0 < farm.shear_exponent < 2.0:
        found.append(Finding("no shear exponent", "shear_exponent", 0, (str(farm.shear_exponent),)))
    if farm.spread_ms < 0:
        found.append(Finding("negative", "spread_ms", 0, (str(farm.spread_ms),)))
    if farm.wake is not None and farm.wake.k <= 0:
        found.append(Finding("must be positive", "wake.k", 0, (str(farm.wake.k),)))
    return found


def _layout_findings(farm: WindFarm) -> list[Finding]:
    if (farm.x_m is None) != (farm.y_m is None):
        return [Finding("x and y belong together", "x_m, y_m", 0)]
    if farm.x_m is None:
        return [] if farm.wake is None else [Finding("a wake model needs a layout", "wake", 0, (), "pass x_m and y_m, or wake_loss_share instead")]
    x, y, diameter = farm.x_m, farm.y_m, farm.turbine.rotor_diameter_m
    if x.shape != y.shape or x.shape != (farm.machines,) or not (np.isfinite(x).all() and np.isfinite(y).all()):
        return [Finding("needs one finite x and y per machine", "x_m, y_m", 0, (f"{x.shape}, {y.shape}, count {farm.count}",))]
    if farm.wake is None:
        return []
    if diameter is None:
        return [Finding("a wake model needs it", "rotor_diameter_m", 0)]
    apart = np.hypot(x[:, None] - x, y[:, None] - y)
    apart[np.diag_indices_from(apart)] = np.inf
    close = np.argwhere(np.triu(apart < diameter))
    examples = tuple(f"machines {i} and {j}: {apart[i, j]:.4g} m" for i, j in close[:3])
    return [Finding("closer than one rotor diameter", "x_m, y_m", len(close), examples, "positions are metres")] if len(close) else []
