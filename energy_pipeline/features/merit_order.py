"""A small merit order: what the last plant that the residual load needs would cost.

What belongs here: technologies with their efficiencies and emissions, and the marginal cost of a load. What does not: which
plants a zone has (`zones.*.thermal_mw`), outages and fuels as read (`columns`), a price forecast.

Each technology's plants are spread evenly between its best and its worst efficiency, so its supply rises along a line; hydro runs
at what the dearest other plant costs and is left out. Capacity out is taken from all of a technology alike. Efficiencies and emissions
are usual values (net, lower heating value; IPCC 2006 for the emissions). Below the first plant the cost is 0, above the last the last one's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from energy_pipeline.domain.delivery import FloatArray

COAL_MWH_PER_T = 6.98


@dataclass(frozen=True)
class Technology:
    """A kind of thermal plant.

    Attributes
    ----------
    worst, best : float
        Efficiency of its plants, electricity per fuel.
    emission_t_mwh : float
        CO2 per MWh of fuel.
    other_eur_mwh : float
        Operating cost, and the fuel's where it has no quote [EUR/MWh of electricity].
    """

    worst: float
    best: float
    emission_t_mwh: float
    other_eur_mwh: float


KINDS = {
    "nuclear": Technology(0.33, 0.36, 0.0, 9.0),
    "lignite": Technology(0.31, 0.43, 0.40, 6.0),
    "coal": Technology(0.34, 0.46, 0.34, 2.0),
    "gas": Technology(0.36, 0.60, 0.20, 2.0),
    "other": Technology(0.30, 0.40, 0.27, 60.0),
}


def marginal_cost(
    residual_mw: FloatArray, capacity_mw: Mapping[str, float], out_mw: Mapping[str, FloatArray], fuels: Mapping[str, float]
) -> FloatArray:
    """Marginal cost by slot [EUR/MWh], shape of `residual_mw`.

    Parameters
    ----------
    residual_mw : array, shape (slots,)
        Load less wind and solar.
    capacity_mw : mapping of technology to float
        Installed, of `KINDS`.
    out_mw : mapping of technology to array, shape (slots,)
        Unavailable; unknown counts as nothing out.
    fuels : mapping
        gas [EUR/MWh], coal [EUR/t], carbon [EUR/t]; an unknown one that is needed makes the whole cost unknown.

    Examples
    --------
    >>> fuels = {"gas": 30.0, "coal": 100.0, "carbon": 70.0}
    >>> none = {"gas": np.zeros(3)}
    >>> marginal_cost(np.array([-5.0, 50.0, 900.0]), {"gas": 100.0}, none, fuels).round(1).tolist()
    [0.0, 96.3, 124.2]
    """
    costs: list[float] = []
    sizes: list[FloatArray] = []
    for name, capacity in capacity_mw.items():
        kind = KINDS[name]
        left = np.maximum(capacity - np.nan_to_num(out_mw.get(name, np.zeros(residual_mw.size))), 0.0)
        cheapest, dearest = (_cost(name, kind, efficiency, fuels) for efficiency in (kind.best, kind.worst))
        costs += np.linspace(cheapest, dearest, num=8).tolist()
        sizes += [left / 8] * 8
    order = np.argsort(costs, kind="stable")
    ladder, edges = np.array(costs)[order], np.cumsum(np.array(sizes)[order], axis=0)
    found = [np.interp(load, [0.0, *edges[:, slot]], [ladder[0], *ladder]) for slot, load in enumerate(residual_mw)]
    return np.where(np.isnan(residual_mw), np.nan, np.where(residual_mw <= 0, 0.0, found))


def _cost(name: str, kind: Technology, efficiency: float, fuels: Mapping[str, float]) -> float:
    fuel = {"gas": fuels["gas"], "coal": fuels["coal"] / COAL_MWH_PER_T}.get(name, 0.0)
    carbon = kind.emission_t_mwh * fuels["carbon"] if kind.emission_t_mwh else 0.0
    return (fuel + carbon) / efficiency + kind.other_eur_mwh
