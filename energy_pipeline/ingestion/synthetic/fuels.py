"""Gas, coal and carbon of the synthetic market.

What belongs here: the price of a fuel at an instant. What does not: which day it is
published for (tables) or what power it makes (prices).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from energy_pipeline.ingestion.synthetic import noise

_OCTAVES: noise.Octaves = ((9000.0, 0.40), (3000.0, 0.32), (900.0, 0.18), (240.0, 0.07), (48.0, 0.03))
UNITS = {"gas": "EUR/MWh", "coal": "EUR/t", "carbon": "EUR/t"}
_LEVEL = {"gas": 32.0, "coal": 108.0, "carbon": 70.0}
_SPREAD = {"gas": 0.24, "coal": 0.14, "carbon": 0.13}
_COMMON_SHARE = 0.4


@dataclass(frozen=True)
class Fuels:
    """Gas [EUR/MWh thermal], coal [EUR/t], carbon [EUR/t]."""

    gas: float
    coal: float
    carbon: float

    @property
    def gas_turbine_eur_mwh(self) -> float:
        """Marginal cost of an open-cycle gas turbine: 38 % efficient, 0.53 t/MWh."""
        return self.gas / 0.38 + 0.53 * self.carbon

    @property
    def combined_cycle_eur_mwh(self) -> float:
        """Marginal cost of a combined-cycle plant: 56 % efficient, 0.36 t/MWh."""
        return self.gas / 0.56 + 0.36 * self.carbon

    @property
    def coal_plant_eur_mwh(self) -> float:
        """Marginal cost of a coal plant: 6.98 MWh/t, 42 % efficient, 0.81 t/MWh."""
        return self.coal / (6.98 * 0.42) + 0.81 * self.carbon


def fuels_at(seed: int, hour: float) -> Fuels:
    """Prices at an instant [hours since the epoch].

    >>> fuels_at(1, 480_000.0) == fuels_at(1, 480_000.0)
    True
    """
    names = noise.keys(seed, ["fuel|all", "fuel|gas", "fuel|coal", "fuel|carbon"])
    shared, *own = noise.field(names, np.array([hour]), _OCTAVES)[:, 0].tolist()
    moves = [_COMMON_SHARE**0.5 * shared + (1 - _COMMON_SHARE) ** 0.5 * o for o in own]
    gas, coal, carbon = (round(float(_LEVEL[f] * np.exp(_SPREAD[f] * m)), 2) for f, m in zip(_LEVEL, moves, strict=True))
    return Fuels(gas, coal, carbon)
