"""Black and Litterman: expected results from the market's own and from our views.

What belongs here: equilibrium, full and partial views, confidences, the posterior. What
does not: where views come from (our forecasts), the allocation itself.

Named convention: the posterior of the mean has covariance M; a book is exposed to the
results, so its covariance is sigma + M, never M alone. The "market portfolio" of a power
book is the benchmark book the caller names.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from energy_pipeline.domain.delivery import FloatArray
from energy_pipeline.mathematics.allocation.covariance import require_covariance
from energy_pipeline.mathematics.allocation.errors import BadProblemError
from energy_pipeline.mathematics.allocation.problem import spread


@dataclass(frozen=True)
class View:
    """combination . results = value, held with a confidence or a variance.

    Attributes
    ----------
    combination : mapping of contract to weight
        {"base": 1} for an absolute view, {"peak": 1, "base": -1} for a relative one.
    value : float
        Expected result of the combination.
    confidence : float or None
        0..1, Idzorek's: 1 moves the combination's mean all the way to the view, 0.5 half of it.
    variance : float or None
        Of the view's error; None and no confidence: the prior's own (He and Litterman).
    """

    combination: Mapping[str, float]
    value: float
    confidence: float | None = None
    variance: float | None = None


@dataclass(frozen=True)
class Posterior:
    """After the views.

    Attributes
    ----------
    prior, mean : arrays, shape (n,)
    mean_covariance : array, shape (n, n)
        Of the estimate of the mean.
    covariance : array, shape (n, n)
        Of the results: sigma plus that.
    """

    prior: FloatArray
    mean: FloatArray
    mean_covariance: FloatArray
    covariance: FloatArray


def equilibrium(covariance: FloatArray, benchmark: FloatArray, risk_aversion: float, risk_free: float = 0.0) -> FloatArray:
    """Expected results that make the benchmark book optimal, shape (n,).

    Raises
    ------
    BadProblemError
        The covariance is none.
    """
    require_covariance(covariance)
    result: FloatArray = risk_aversion * covariance @ benchmark + risk_free
    return result


def posterior(names: Sequence[str], prior: FloatArray, covariance: FloatArray, views: Sequence[View], tau: float = 0.05) -> Posterior:
    """Prior and views combined.

    Parameters
    ----------
    prior : array, shape (n,)
        Equilibrium, or any other starting point.
    tau : float
        Uncertainty of the prior mean in units of the covariance.

    Raises
    ------
    BadProblemError
        Unknown contracts, a confidence outside 0..1, a view of nothing, a covariance that is none.

    Examples
    --------
    Half confidence moves half way:

    >>> p = posterior(["a", "b"], np.zeros(2), np.eye(2), [View({"a": 1.0}, 0.10, confidence=0.5)])
    >>> p.mean.round(6).tolist()
    [0.05, 0.0]
    """
    require_covariance(covariance, names)
    if not views:
        spread_of_mean = tau * covariance
        return Posterior(prior, prior, spread_of_mean, covariance + spread_of_mean)
    _check(names, views)
    picks = np.array([spread(tuple(names), v.combination, 0.0) for v in views])
    values = np.array([v.value for v in views])
    cross = tau * covariance @ picks.T
    inner = picks @ cross
    errors = np.array([_variance(v, float(inner[k, k])) for k, v in enumerate(views)])
    # gain instead of inverses: a certain view (variance 0) and a singular covariance need no special case
    system = inner + np.diag(errors)
    gain = np.linalg.lstsq(system, cross.T, rcond=1e-13)[0].T
    mean = prior + gain @ (values - picks @ prior)
    left = tau * covariance - gain @ cross.T
    left = (left + left.T) / 2.0
    return Posterior(prior, mean, left, covariance + left)


def _variance(view: View, own: float) -> float:
    if view.variance is not None:
        return view.variance
    if view.confidence is None:
        return own
    # confidence 0: a view not held; its variance is set so large that it moves nothing
    return own * (1.0 / view.confidence - 1.0) if view.confidence > 0 else own * 1e18


def _check(names: Sequence[str], views: Sequence[View]) -> None:
    found = []
    for k, view in enumerate(views):
        unknown = sorted(set(view.combination) - set(names))
        found += [f"view {k + 1} names unknown contracts: {', '.join(unknown)}"] if unknown else []
        found += [f"view {k + 1} is a view of nothing"] if not any(view.combination.values()) else []
        if view.confidence is not None and not 0.0 <= view.confidence <= 1.0:
            found.append(f"view {k + 1}: confidence {view.confidence} is not in 0..1")
        if view.variance is not None and not view.variance >= 0.0:
            found.append(f"view {k + 1}: variance {view.variance} is negative or NaN")
        if not np.isfinite(view.value):
            found.append(f"view {k + 1}: value {view.value} is not finite")
    if found:
        raise BadProblemError(found)
