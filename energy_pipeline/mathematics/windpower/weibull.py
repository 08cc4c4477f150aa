"""Weibull wind: fit and expected yield.

What belongs here: the distribution's maximum-likelihood fit, and the mean output of a curve
under it in closed form. What does not: time series (`output`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from energy_pipeline.domain.delivery import FloatArray
from energy_pipeline.domain.errors import Finding
from energy_pipeline.mathematics.windpower.errors import raise_if_any
from energy_pipeline.mathematics.windpower.farm import WindFarm
from energy_pipeline.mathematics.windpower.smoothing import smoothed_curve
from energy_pipeline.mathematics.windpower.turbines import Turbine


@dataclass(frozen=True)
class Weibull:
    """Weibull distribution of wind speed, with a share of dead calm.

    Attributes
    ----------
    shape : float
        k; 1.5-2.5 at most sites.
    scale_ms : float
        lambda [m/s].
    calm_share : float
        Share of intervals at exactly 0, which the distribution itself cannot hold.
    """

    shape: float
    scale_ms: float
    calm_share: float = 0.0

    @property
    def mean_ms(self) -> float:
        """Mean speed, calms included [m/s]."""
        from scipy.special import gamma

        return (1.0 - self.calm_share) * self.scale_ms * float(gamma(1.0 + 1.0 / self.shape))


def weibull_fit(speed_ms: FloatArray) -> Weibull:
    """Maximum-likelihood fit; speeds of 0 are counted as calms and left out.

    Solves sum v^k ln v / sum v^k - 1/k = mean ln v for k by Newton's method (the left side
    rises in k, so the root is the only one); lambda = (mean v^k)^(1/k).

    Raises
    ------
    WindInputError
        Missing or negative speeds, or fewer than two different ones.

    >>> fit = weibull_fit(np.random.default_rng(1).weibull(2.0, 50_000) * 8.0)
    >>> round(fit.shape, 1), round(fit.scale_ms, 1)
    (2.0, 8.0)
    """
    speed = np.asarray(speed_ms, dtype=np.float64).ravel()
    wrong = np.flatnonzero(~(speed >= 0) | ~np.isfinite(speed))
    if wrong.size:
        examples = tuple(f"row {r}: {speed[r]}" for r in wrong[:3])
        raise_if_any("weibull_fit", [Finding("missing or negative", "speed_ms", wrong.size, examples, "run windpower.checked first")])
    moving = speed[speed > 0]
    if moving.size < 2 or moving.min() == moving.max():
        raise_if_any("weibull_fit", [Finding("needs two different speeds above 0", "speed_ms", moving.size)])
    # Scaled so that powers neither overflow nor vanish.
    top = float(moving.max())
    logs = np.log(moving / top)
    mean_log = logs.mean()
    k = min(1.2 / max(float(logs.std()), 1e-9), 1e3)
    for _ in range(100):
        weight = np.exp(k * logs)
        total, first, second = weight.sum(), (weight * logs).sum(), (weight * logs**2).sum()
        value = first / total - 1.0 / k - mean_log
        step = value / ((second * total - first**2) / total**2 + 1.0 / k**2)
        k = max(k - step, k / 4.0)
        if abs(step) < 1e-13 * k:
            break
    scale = top * float(np.exp(k * logs).mean() ** (1.0 / k))
    return Weibull(float(k), scale, 1.0 - moving.size / speed.size)


def expected_share(points_ms: FloatArray, power: FloatArray, wind: Weibull) -> float:
    """Mean of a curve that is linear between points and 0 outside, in the unit of `power`.

    Each piece a + b v has a closed integral with the incomplete gamma function.
    """
    from scipy.special import gamma, gammainc

    slope = np.diff(power) / np.diff(points_ms)
    offset = power[:-1] - slope * points_ms[:-1]
    z = (points_ms / wind.scale_ms) ** wind.shape
    probability = np.diff(-np.exp(-z))
    order = 1.0 + 1.0 / wind.shape
    moment = wind.scale_ms * gamma(order) * np.diff(gammainc(order, z))
    return float((1.0 - wind.calm_share) * (offset * probability + slope * moment).sum())


def expected_mw(subject: Turbine | WindFarm, wind: Weibull) -> float:
    """Mean output [MW] at standard density under Weibull wind at hub height.

    For a farm with turbulence smoothing, its number of machines and constant losses; layout
    wakes depend on direction and are not in it.

    >>> from energy_pipeline.mathematics.windpower.turbines import cubic_turbine
    >>> round(expected_mw(cubic_turbine(rated_mw=2.0), Weibull(2.0, 8.0)), 3)
    0.553
    """
    if isinstance(subject, Turbine):
        return expected_share(subject.speeds_ms, subject.power_mw, wind)
    points, power = smoothed_curve(subject.turbine, subject.turbulence_intensity, subject.spread_ms)
    return subject.machines * subject.retained_share * expected_share(points, power, wind)


def expected_energy_mwh(subject: Turbine | WindFarm, wind: Weibull, hours: float = 8760.0) -> float:
    """Expected yield of `hours` hours [MWh]."""
    return hours * expected_mw(subject, wind)


def capacity_factor(energy_mwh: float, capacity_mw: float, hours: float) -> float:
    """Energy over what full capacity would give in the same hours.

    The document's typical ranges (25-40 % on land, 35-50 % at sea) are no bounds: checks of a
    result against them would hide weak and strong years.

    >>> capacity_factor(8760.0, 2.0, 8760.0)
    0.5
    """
    if capacity_mw <= 0 or hours <= 0:
        raise ValueError(f"capacity_mw {capacity_mw} and hours {hours} must be positive")
    return energy_mwh / (capacity_mw * hours)
