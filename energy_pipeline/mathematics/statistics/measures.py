"""Risk measures of scenario P&L and their contributions.

What belongs here: volatility, VaR, expected shortfall, their sampling errors, and Euler
contributions. What does not: what the scenarios or components are.

Conventions of VaR and expected shortfall: `mathematics.statistics.tail`. Sampling errors treat the
scenarios as independent draws; they say nothing on the past errors the scenarios are
drawn from, of which there are fewer.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from energy_pipeline.domain.delivery import FloatArray
from energy_pipeline.mathematics.statistics.tail import expected_shortfall, other_value_at_risk, tail_weights, value_at_risk, var_rank


def volatility(pnl: FloatArray) -> float:
    """Standard deviation over scenarios (n - 1), same unit as `pnl`."""
    return float(np.std(pnl, ddof=1)) if pnl.size > 1 else 0.0


def summary(pnl: FloatArray, levels: Iterable[float]) -> list[dict[str, object]]:
    """Expected P&L, volatility, and VaR and ES at each level, with standard errors [EUR].

    VaR and ES are of the loss against expectation, E[P&L] - P&L: what the forecast errors
    can cost, whatever the day is expected to earn. A row of a VaR also has `other_value_eur`
    (`tail.other_value_at_risk`).

    The errors of VaR and ES are the standard deviation of their influence values over
    sqrt(n), the estimated expectation included; the density at the VaR comes from the order
    statistics one binomial standard deviation beside it, and the error of the ES is null
    where fewer than two losses lie beyond the VaR. That of the volatility follows from the
    fourth moment.

    Examples
    --------
    >>> [row["measure"] for row in summary(np.array([1.0, -1.0]), [0.9])]
    ['expected_pnl', 'volatility', 'var', 'es']
    """
    root = float(np.sqrt(pnl.size))
    sigma = volatility(pnl)
    rows: list[dict[str, object]] = [
        {"measure": "expected_pnl", "level": 0.0, "value_eur": float(pnl.mean()), "standard_error_eur": sigma / root},
        {"measure": "volatility", "level": 0.0, "value_eur": sigma, "standard_error_eur": _volatility_error(pnl, sigma)},
    ]
    for level in levels:
        loss = pnl.mean() - pnl
        var = value_at_risk(loss, level)
        other = other_value_at_risk(loss, level)
        rows.append(
            {"measure": "var", "level": level, "value_eur": var, "standard_error_eur": _var_error(loss, var, level), "other_value_eur": other}
        )
        rows.append(
            {"measure": "es", "level": level, "value_eur": expected_shortfall(loss, level), "standard_error_eur": _es_error(loss, var, level)}
        )
    return rows


def _volatility_error(pnl: FloatArray, sigma: float) -> float:
    if sigma == 0.0:
        return 0.0
    fourth = float(np.mean((pnl - pnl.mean()) ** 4))
    return float(np.sqrt(max(fourth - sigma**4, 0.0) / pnl.size) / (2.0 * sigma))


def _var_error(loss: FloatArray, var: float, level: float) -> float:
    ordered, rank = np.sort(loss), var_rank(loss.size, level)
    step = int(np.ceil(np.sqrt(loss.size * level * (1.0 - level))))
    low, high = max(rank - 1 - step, 0), min(rank - 1 + step, loss.size - 1)
    per_density = loss.size * float(ordered[high] - ordered[low]) / max(high - low, 1)
    # - loss: a scenario that earns more lifts the expectation all losses are counted from
    return volatility(per_density * (loss > var) - loss) / float(np.sqrt(loss.size))


def _es_error(loss: FloatArray, var: float, level: float) -> float | None:
    beyond = np.maximum(loss - var, 0.0)
    if np.count_nonzero(beyond) < 2:
        return None
    return volatility(beyond / (1.0 - level) - loss) / float(np.sqrt(loss.size))


def volatility_contributions(components: FloatArray) -> FloatArray:
    """cov(component, total) / volatility(total), shape (components,); they add to the volatility.

    Parameters
    ----------
    components : array, shape (components, scenarios)
        P&L by component.

    Examples
    --------
    >>> volatility_contributions(np.array([[1.0, -1.0], [0.0, 0.0]])).round(6).tolist()
    [1.414214, 0.0]
    """
    total = components.sum(axis=0)
    sigma = volatility(total)
    if sigma == 0.0:
        return np.zeros(components.shape[0])
    centred = components - components.mean(axis=1, keepdims=True)
    result: FloatArray = (centred * (total - total.mean())).sum(axis=1) / (total.size - 1) / sigma
    return result


def shortfall_contributions(components: FloatArray, level: float) -> FloatArray:
    """Mean loss against expectation of each component in the book's tail, shape (components,); they add to the ES.

    >>> shortfall_contributions(np.array([[-4.0, 1.0], [1.0, 1.0]]), 0.5).tolist()
    [2.5, 0.0]
    """
    weights = tail_weights(-components.sum(axis=0), level)
    result: FloatArray = ((components.mean(axis=1, keepdims=True) - components) * weights).sum(axis=1)
    return result


def var_contributions(components: FloatArray, level: float) -> FloatArray:
    """Mean loss against expectation of each component where the book loses about its VaR, shape (components,); they add to the VaR.

    The VaR is one scenario, and its split by that scenario alone is noise. So the scenarios within a
    binomial standard deviation of its rank count, nearer ones more, and the result is scaled by VaR over
    their mean loss (left as it is where that mean is 0).

    >>> var_contributions(np.array([[-4.0, 0.0, 1.0], [0.0, 0.0, 0.0]]), 0.6).round(6).tolist()
    [-1.0, 0.0]
    """
    losses = components.mean(axis=1, keepdims=True) - components
    total = losses.sum(axis=0)
    weights, at_var = _near_var(total, level)
    near: FloatArray = losses @ weights
    var, mean = float(total[at_var]), float(near.sum())
    if abs(mean) <= 1e-3 * float(np.abs(near).sum()) or mean * var <= 0:
        return np.asarray(losses[:, at_var])
    return np.asarray(near * (var / mean))


def _near_var(losses: FloatArray, level: float) -> tuple[FloatArray, int]:
    """Weights of the scenarios near the VaR, shape (n,), and which scenario it is."""
    order, rank = np.argsort(losses, kind="stable"), var_rank(losses.size, level)
    width = max(int(np.sqrt(losses.size * level * (1.0 - level))), 0)
    distance = np.abs(np.arange(1, losses.size + 1) - rank)
    weights = np.zeros(losses.size)
    weights[order] = np.maximum(1.0 - (distance / (width + 1.0)) ** 2, 0.0)
    return weights / weights.sum(), int(order[rank - 1])


def var_scenario_weights(losses: FloatArray, level: float) -> FloatArray:
    """Weight of each scenario in the split of the VaR, shape (n,): weights . losses is the VaR.

    >>> losses = np.arange(1.0, 101.0)
    >>> bool(np.isclose(var_scenario_weights(losses, 0.9) @ losses, 90.0))
    True
    """
    weights, at_var = _near_var(losses, level)
    var, mean = float(losses[at_var]), float(weights @ losses)
    if mean * var <= 0:
        weights = np.zeros(losses.size)
        weights[at_var], mean = 1.0, var
    return weights if var == mean else np.asarray(weights * (var / mean))
