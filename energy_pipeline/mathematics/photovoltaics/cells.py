"""Module efficiency over irradiance and cell temperature from the single-diode model.

What belongs here: the representative modules of PVWatts v8, their maximum power, and the
table the fused pass reads. What does not: irradiance and temperature themselves.

De Soto, Klein and Beckman 2006 (five parameters, sixth from the CEC fit); the modules'
parameters are those SAM documents for PVWatts v8's three module types.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from energy_pipeline.domain.delivery import FloatArray

BOLTZMANN_EV_K = 8.618e-5
GAP_EV = 1.12
GAP_PER_K = 0.0002677
STANDARD_K = 298.15
ROOT_STEP = 0.2
"""Table step in the square root of irradiance [sqrt(W/m2)]: fine where efficiency bends, at low light."""
ROOT_NODES = 251
COLDEST_C = -80.0
TEMPERATURE_STEP_C = 5.0
TEMPERATURE_NODES = 49


class Module(NamedTuple):
    """A representative module: power and area at standard conditions, six diode parameters."""

    area_m2: float
    voltage_v: float
    current_a: float
    current_per_c: float
    ideality_v: float
    light_a: float
    saturation_a: float
    series_ohm: float
    shunt_ohm: float
    adjust_percent: float
    coefficient_per_c: float
    nameplate_efficiency: float

    @property
    def power_w(self) -> float:
        """Maximum power at 1000 W/m2 and 25 degrees."""
        return self.voltage_v * self.current_a

    @property
    def efficiency(self) -> float:
        """Maximum power over the light that falls on the module."""
        return self.power_w / (1000.0 * self.area_m2)


MODULES = {
    "standard": Module(1.6864, 35.8, 9.01, 0.004755, 1.65916, 9.51393, 4.37813e-11, 0.269953, 654.059, 5.79586, -0.0037, 0.19),
    "premium": Module(1.6297, 54.7, 5.98, 0.0026, 2.45326, 6.4704, 2.01784e-11, 0.421231, 261.723, 9.56482, -0.0035, 0.21),
    "thin_film": Module(2.4751, 183.6, 2.37, 0.00102, 7.97293, 2.55475, 2.69243e-12, 4.60991, 2476.95, -2.49865, -0.0032, 0.18),
}


@lru_cache(maxsize=8)
def relative_efficiency(module_type: str) -> FloatArray:
    """Power per light over that at standard conditions, shape (ROOT_NODES, TEMPERATURE_NODES).

    Row i is irradiance (i ROOT_STEP)^2 W/m2, column j is COLDEST_C + j TEMPERATURE_STEP_C.
    """
    module = MODULES[module_type]
    light: FloatArray = (np.arange(ROOT_NODES, dtype=np.float64) * ROOT_STEP) ** 2
    light[0] = light[1] / 4
    cell: FloatArray = COLDEST_C + TEMPERATURE_STEP_C * np.arange(TEMPERATURE_NODES, dtype=np.float64)
    power = maximum_power_w(module, light[:, None], cell[None, :])
    return np.ascontiguousarray(power / (module.power_w * light[:, None] / 1000.0))


def maximum_power_w(module: Module, light_w_m2: FloatArray, cell_c: FloatArray) -> FloatArray:
    """Maximum power of a module [W]; arguments broadcast.

    The junction's voltage u is the unknown: current i(u) is explicit in it, terminal voltage is
    u - i Rs, and the power has one top between short and open circuit, found by halving on its slope.

    Examples
    --------
    >>> top = maximum_power_w(MODULES["standard"], np.array([1000.0]), np.array([25.0]))
    >>> bool(abs(top[0] / MODULES["standard"].power_w - 1) < 0.002)
    True
    """
    light, kelvin = np.broadcast_arrays(np.asarray(light_w_m2, dtype=np.float64), np.asarray(cell_c, dtype=np.float64) + 273.15)
    per_k = module.current_per_c * (1.0 - module.adjust_percent / 100.0)
    photo = np.maximum(light / 1000.0 * (module.light_a + per_k * (kelvin - STANDARD_K)), 0.0)
    gap = GAP_EV * (1.0 - GAP_PER_K * (kelvin - STANDARD_K))
    dark = module.saturation_a * (kelvin / STANDARD_K) ** 3 * np.exp((GAP_EV / STANDARD_K - gap / kelvin) / BOLTZMANN_EV_K)
    slope_v = module.ideality_v * kelvin / STANDARD_K
    leak = light / 1000.0 / module.shunt_ohm
    low, high = np.zeros_like(photo), slope_v * np.log1p(photo / dark)
    for _ in range(60):
        u = (low + high) / 2.0
        rise = dark * np.exp(u / slope_v)
        current = photo - (rise - dark) - leak * u
        fall = -rise / slope_v - leak
        climbing = current * (1.0 - fall * module.series_ohm) + (u - current * module.series_ohm) * fall > 0.0
        low, high = np.where(climbing, u, low), np.where(climbing, high, u)
    current = photo - dark * np.expm1(u / slope_v) - leak * u
    power: FloatArray = np.maximum(current * (u - current * module.series_ohm), 0.0)
    return power
