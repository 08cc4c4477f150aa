"""One wind turbine: its power curve, size and limits.

What belongs here: the turbine, the document's cubic curve as a turbine, the Betz check. What
does not: the table of real machines (`library`), farms, anything that needs weather.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np

from energy_pipeline.domain.delivery import FloatArray
from energy_pipeline.domain.errors import Finding
from energy_pipeline.mathematics.windpower.errors import raise_if_any

STANDARD_DENSITY = 1.225
"""Air density power curves are stated at [kg/m3]."""
BETZ_LIMIT = 16.0 / 27.0
"""Largest share of the wind's power that a rotor can take."""


@dataclass(frozen=True, eq=False)
class Turbine:
    """A wind turbine.

    The power curve is linear between its points and 0 outside them, so a curve that ends at
    full power stops sharply there, and one that goes to 0 over half a metre per second does that.

    Attributes
    ----------
    name : str
    rated_mw : float
        Nominal power of one machine [MW].
    hub_height_m : float
    rotor_diameter_m : float or None
        None: no Betz check, no wakes.
    speeds_ms, power_mw : array, shape (points,)
        Power curve at 1.225 kg/m3, speeds rising.
    thrust_speeds_ms, thrust : array, shape (points,), or None
        Thrust coefficient; None where the maker does not tell (wakes then use `thrust.estimated_thrust`).
    cut_in_ms, cut_out_ms : float or None
        Given: no output below and above. None: taken from the curve.
    restart_ms : float or None
        After a storm stop the machine runs again below this speed; None: it runs again at once.

    Raises
    ------
    WindInputError
        Naming everything that is wrong with the curve.

    Examples
    --------
    >>> t = Turbine("two lines", 2.0, 80.0, 80.0, [3.0, 12.0, 25.0], [0.0, 2.0, 2.0])
    >>> t.power_at(np.array([2.0, 7.5, 13.0, 25.0, 25.1])).tolist()
    [0.0, 1.0, 2.0, 2.0, 0.0]
    """

    name: str
    rated_mw: float
    hub_height_m: float
    rotor_diameter_m: float | None
    speeds_ms: Any
    power_mw: Any
    thrust_speeds_ms: Any = None
    thrust: Any = None
    cut_in_ms: float | None = None
    cut_out_ms: float | None = None
    restart_ms: float | None = None

    def __post_init__(self) -> None:
        """Check, cut the curve to the limits, and freeze the arrays."""
        speeds, power = _frozen(self.speeds_ms), _frozen(self.power_mw)
        raise_if_any(f"turbine {self.name}", _curve_findings(self, speeds, power))
        low, high = self.cut_in_ms, self.cut_out_ms
        speeds, power = _cut(speeds, power, low, high)
        running = np.flatnonzero(power > 0)
        set_field = object.__setattr__
        set_field(self, "speeds_ms", speeds)
        set_field(self, "power_mw", power)
        set_field(self, "cut_in_ms", float(speeds[max(running[0] - 1, 0)]) if low is None else float(low))
        set_field(self, "cut_out_ms", float(speeds[running[-1]]) if high is None else float(high))
        if self.thrust is not None:
            set_field(self, "thrust_speeds_ms", _frozen(self.speeds_ms if self.thrust_speeds_ms is None else self.thrust_speeds_ms))
            set_field(self, "thrust", _frozen(self.thrust))
        raise_if_any(f"turbine {self.name}", _limit_findings(self))

    @property
    def peak_mw(self) -> float:
        """Highest output of one machine [MW]; some curves go a little above the nominal power."""
        return float(max(self.power_mw.max(), self.rated_mw))

    @property
    def swept_area_m2(self) -> float:
        """Rotor area [m2]; NaN without a diameter."""
        return float("nan") if self.rotor_diameter_m is None else float(np.pi / 4.0 * self.rotor_diameter_m**2)

    def power_at(self, speed_ms: FloatArray) -> FloatArray:
        """Output [MW] at hub-height speeds, standard density; shape as `speed_ms`."""
        return np.asarray(np.interp(speed_ms, self.speeds_ms, self.power_mw, left=0.0, right=0.0))

    def fingerprint(self) -> bytes:
        """Hash of everything that output depends on."""
        numbers = (self.rated_mw, self.hub_height_m, self.rotor_diameter_m, self.cut_in_ms, self.cut_out_ms, self.restart_ms)
        arrays = (self.speeds_ms, self.power_mw, self.thrust_speeds_ms, self.thrust)
        content = [repr(numbers).encode(), *(b"none" if a is None else np.asarray(a).tobytes() for a in arrays)]
        return hashlib.sha256(b"|".join(content)).digest()


def cubic_turbine(
    name: str = "cubic",
    *,
    rated_mw: float = 2.0,
    cut_in_ms: float = 3.0,
    rated_ms: float = 12.5,
    cut_out_ms: float = 25.0,
    hub_height_m: float = 100.0,
    rotor_diameter_m: float | None = None,
    restart_ms: float | None = None,
    step_ms: float = 0.02,
) -> Turbine:
    """The document's piecewise cubic curve as a turbine, sampled every `step_ms`.

    Between cut-in a and rated r the output is (v^3 - a^3) / (r^3 - a^3) of the rated power; 0
    from cut-out on. Erratum: with the maker's rated speed this loses up to half the energy of
    a real machine, whose power coefficient is highest at mid speeds; set `rated_ms` where the
    real curve flattens. Sampling costs less than 2e-6 of rated power.

    >>> t = cubic_turbine(rated_mw=3.0)
    >>> [round(float(p), 6) for p in t.power_at(np.array([2.9, 12.5, 24.99, 25.0]))]
    [0.0, 3.0, 3.0, 0.0]
    """
    rising = np.linspace(cut_in_ms, rated_ms, max(2, round((rated_ms - cut_in_ms) / step_ms) + 1))
    share = (rising**3 - cut_in_ms**3) / (rated_ms**3 - cut_in_ms**3)
    speeds = np.append(rising, np.nextafter(cut_out_ms, 0.0))
    power = rated_mw * np.append(share, 1.0)
    return Turbine(name, rated_mw, hub_height_m, rotor_diameter_m, speeds, power, cut_out_ms=cut_out_ms, restart_ms=restart_ms)


def power_coefficient(turbine: Turbine, density: float = STANDARD_DENSITY) -> FloatArray:
    """Share of the wind's power taken at each point of the curve, shape (points,)."""
    available_mw = 0.5e-6 * density * turbine.swept_area_m2 * turbine.speeds_ms**3
    return np.asarray(np.divide(turbine.power_mw, available_mw, out=np.zeros_like(available_mw), where=turbine.power_mw > 0))


def check_betz(turbine: Turbine, density: float = STANDARD_DENSITY) -> None:
    """Refuse a curve that takes more than 16/27 of the wind's power anywhere.

    Between two points the output is linear and the bound is convex, so a curve may pass at its
    points and fail between them: every 0.1 m/s is tested too, with 2 % of rated power of
    allowance for a coarse foot of the curve. A turbine without rotor diameter passes.

    Raises
    ------
    WindInputError
        Naming the speeds.

    >>> check_betz(cubic_turbine(rotor_diameter_m=80.0))
    >>> check_betz(Turbine("impossible", 1.0, 80.0, 80.0, [3.0, 5.0, 9.0, 25.0], [0.0, 0.25, 0.3, 1.0]))
    Traceback (most recent call last):
    ...
    energy_pipeline.mathematics.windpower.errors.WindInputError: turbine impossible: 1 problem(s)
      - power_mw: power coefficient above 16/27 in 1 row(s), e.g. 5 m/s: 0.65 -> see rotor, units, curve
    """
    if turbine.rotor_diameter_m is None:
        return
    between = np.arange(turbine.speeds_ms[0], turbine.speeds_ms[-1], 0.1)
    for where, speeds, allowance_mw in (("", turbine.speeds_ms, 0.0), (" between points", between, 0.02 * turbine.rated_mw)):
        power, available_mw = turbine.power_at(speeds), 0.5e-6 * density * turbine.swept_area_m2 * speeds**3
        rows = np.flatnonzero(power > BETZ_LIMIT * (1.0 + 1e-9) * available_mw + allowance_mw)
        if rows.size:
            share = power[rows] / np.maximum(available_mw[rows], 1e-12)
            shown = np.unique([0, int(np.argmax(share)), rows.size - 1])
            examples = tuple(f"{speeds[rows[k]]:.4g} m/s: {share[k]:.3g}" for k in shown)
            finding = Finding(f"power coefficient above 16/27{where}", "power_mw", rows.size, examples, "see rotor, units, curve")
            raise_if_any(f"turbine {turbine.name}", [finding])


def _frozen(values: Any) -> FloatArray:  # noqa: ANN401 - anything array-like
    array = np.array(values, dtype=np.float64)
    array.flags.writeable = False
    return array


def _curve_findings(turbine: Turbine, speeds: FloatArray, power: FloatArray) -> list[Finding]:
    found = []
    if speeds.ndim != 1 or speeds.shape != power.shape or speeds.size < 2:
        return [Finding("curve needs two or more points, as many powers as speeds", "speeds_ms", 0, (f"{speeds.shape}, {power.shape}",))]
    if not (np.isfinite(speeds).all() and np.isfinite(power).all()):
        found.append(Finding("not a number", "speeds_ms, power_mw", int((~np.isfinite(speeds) | ~np.isfinite(power)).sum())))
    if (np.diff(speeds) <= 0).any() or speeds[0] < 0:
        found.append(Finding("speeds must rise from 0 on", "speeds_ms", int((np.diff(speeds) <= 0).sum())))
    if (power < 0).any():
        found.append(Finding("negative power", "power_mw", int((power < 0).sum()), next_step="own consumption is no output: set 0"))
    if not (power > 0).any():
        found.append(Finding("no output anywhere", "power_mw", power.size))
    if not (turbine.rated_mw > 0 and turbine.hub_height_m > 0):
        found.append(Finding("must be positive", "rated_mw, hub_height_m", 0, (f"{turbine.rated_mw}, {turbine.hub_height_m}",)))
    elif power.max() > 1.2 * turbine.rated_mw:
        found.append(Finding("far above rated_mw", "power_mw", 1, (f"{power.max():.6g} MW",), "powers are MW, not kW or W"))
    return found


def _limit_findings(turbine: Turbine) -> list[Finding]:
    found = []
    low, high, again = float(turbine.cut_in_ms or 0.0), float(turbine.cut_out_ms or np.inf), turbine.restart_ms
    if not low < high:
        found.append(Finding("cut-in must be below cut-out", "cut_in_ms", 0, (f"{low} .. {high}",)))
    if again is not None and not low < again <= high:
        found.append(Finding("restart must lie between cut-in and cut-out", "restart_ms", 0, (f"{again}",)))
    if turbine.thrust is not None:
        at, values = turbine.thrust_speeds_ms, turbine.thrust
        if at.shape != values.shape or (np.diff(at) <= 0).any():
            found.append(Finding("as many thrust values as rising speeds", "thrust", 0, (f"{at.shape}, {values.shape}",)))
        elif not ((values >= 0) & (values <= 1.5)).all():
            found.append(Finding("thrust coefficient outside 0 .. 1.5", "thrust", int(((values < 0) | (values > 1.5)).sum())))
    return found


def _cut(speeds: FloatArray, power: FloatArray, low: float | None, high: float | None) -> tuple[FloatArray, FloatArray]:
    """The curve between the limits; a limit inside the curve becomes its end point."""
    first = speeds[0] if low is None else max(low, speeds[0])
    last = speeds[-1] if high is None else min(high, speeds[-1])
    if first >= last:
        return speeds, power
    inside = speeds[(speeds > first) & (speeds < last)]
    points = np.concatenate([[first], inside, [last]])
    return _frozen(points), _frozen(np.interp(points, speeds, power))
