"""What a price forecast is worth in EUR: to a battery committed on it the day before.

What belongs here: the reference battery, its best schedule on given prices, the drift alarm.
What does not: the desk's own assets (flexibility), averages over days (marts).

Definition: 1 MW and 2 MWh, empty at both midnights, each way sqrt(0.85), at most 2 MWh taken
from the store a day (one cycle), no cycle cost, and not charging and discharging at once:
that can only pay at negative prices, so only those intervals get a binary variable. The
schedule is the best one for the forecast and is paid the true price. Every day stands alone.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from energy_pipeline.domain.delivery import FloatArray
from energy_pipeline.domain.errors import PipelineError
from energy_pipeline.domain.units import hours_of

POWER_MW = 1.0
ENERGY_MWH = 2.0
ONE_WAY_EFFICIENCY = 0.85**0.5
ALARM_DAYS = 20
RELATIVE_GAP = 1e-4
"""Of the reference battery's value: the solver's own default."""


def reference_schedule(prices_eur_mwh: FloatArray, minutes: int = 60) -> FloatArray:
    """Net discharge of the reference battery [MW], shape as `prices_eur_mwh`.

    Raises
    ------
    ValueError
        For prices that are not finite.

    Examples
    --------
    >>> reference_schedule(np.array([10.0, 50.0])).round(3).tolist()
    [-1.0, 0.85]
    """
    from scipy.optimize import Bounds

    from energy_pipeline.mathematics.stores.mixed_integer import solved

    prices = np.asarray(prices_eur_mwh, dtype=np.float64)
    if not np.isfinite(prices).all():
        raise ValueError("prices must be finite")
    negative = prices < 0
    count = prices.size
    constraints = [_limits(count, minutes)]
    objective = np.concatenate([prices, -prices])
    integrality, bounds = None, Bounds(0.0, POWER_MW)
    if negative.any():
        constraints = _one_way(constraints[0], negative)
        objective = np.concatenate([objective, np.zeros(int(negative.sum()))])
        integrality = np.concatenate([np.zeros(2 * count), np.ones(int(negative.sum()))])
    found = solved(objective, constraints, bounds, integrality, RELATIVE_GAP)
    if not found.success:
        raise PipelineError(f"reference battery on {count} prices: {found.message} -> report these prices as a defect")
    return np.asarray(found.x[count : 2 * count] - found.x[:count])


def value_eur(forecast_eur_mwh: FloatArray, outcome_eur_mwh: FloatArray, minutes: int = 60) -> float:
    """What the battery scheduled on the forecast earns at the outcome [EUR]."""
    return float(hours_of(minutes) * outcome_eur_mwh @ reference_schedule(forecast_eur_mwh, minutes))


def drift_alarm(model_eur: FloatArray, naive_eur: FloatArray, days: int = ALARM_DAYS) -> bool:
    """Whether the model earned no more than the naive on each of the last `days` known days, and less in all.

    A sum alone would be too quick: on a price-only market in a flat year the naive's shape
    can lead over 20 days while its prices are far worse. False while fewer days are known.

    >>> drift_alarm(np.full(20, 9.0), np.full(20, 10.0)), drift_alarm(np.full(19, 9.0), np.full(19, 10.0))
    (True, False)
    """
    known = np.isfinite(model_eur) & np.isfinite(naive_eur)
    model, naive = model_eur[known][-days:], naive_eur[known][-days:]
    return bool(model.size >= days and (model <= naive).all() and model.sum() < naive.sum())


@lru_cache(maxsize=32)
def _limits(count: int, minutes: int) -> Any:  # noqa: ANN401 - scipy has no types
    """Energy between empty and full, empty at the end, one cycle."""
    from scipy.optimize import LinearConstraint
    from scipy.sparse import csr_array

    delta = hours_of(minutes)
    stored = np.tril(np.ones((count, count))) * delta
    cycle = np.concatenate([np.zeros(count), np.full(count, delta / ONE_WAY_EFFICIENCY)])[None]
    matrix = np.vstack([np.hstack([stored * ONE_WAY_EFFICIENCY, -stored / ONE_WAY_EFFICIENCY]), cycle])
    low = np.concatenate([np.zeros(count), [-np.inf]])
    high = np.concatenate([np.full(count - 1, ENERGY_MWH), [0.0, ENERGY_MWH]])
    return LinearConstraint(csr_array(matrix), low, high)


def _one_way(base: Any, negative: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> list[Any]:  # noqa: ANN401
    """The same limits with a binary b per negative price: charge <= 1 - b, discharge <= b."""
    from scipy.optimize import LinearConstraint
    from scipy.sparse import csr_array, hstack

    count, binaries = negative.size, int(negative.sum())
    chosen = np.eye(count)[negative]
    nothing = np.zeros((binaries, count))
    charge = np.hstack([chosen, nothing, np.eye(binaries)])
    discharge = np.hstack([nothing, chosen, -np.eye(binaries)])
    wide = hstack([base.A, csr_array((base.A.shape[0], binaries))], format="csr")
    return [
        LinearConstraint(wide, base.lb, base.ub),
        LinearConstraint(csr_array(charge), -np.inf, 1.0),
        LinearConstraint(csr_array(discharge), -np.inf, 0.0),
    ]
