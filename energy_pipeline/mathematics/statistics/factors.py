"""Factor model: what a book's P&L has to do with named things, beside principal components.

What belongs here: exposures over time, factor and idiosyncratic shares that add up, principal components,
the daily energy factors. What does not: reading factor files (commands), limits on factors (portfolio).

Changes y of contracts (or P&L by component) on factors f: y_i = a_i + sum_j beta_ij f_j + e_i, by least squares
with weights decay^age. A book w has exposures b = B' w and variance b' F b + w' S w, F the weighted covariance of
the factors and S that of the residuals (not only its diagonal, so that the parts add up to the book's variance
exactly). Contribution of factor j to volatility: b_j (F b)_j / sigma; the idiosyncratic one w' S w / sigma.

Daily factors (`energy_factors`), each a change from one day to the next: *hub* mean day-ahead price; *gas*, *coal*,
*carbon*; *wind*, *solar*, *load* (GW); *heating*, *cooling* degree days (base 15 and 22 degC); *basis* (zone less hub);
*shape* (peak less off-peak); *volatility* (log of the EWMA volatility of the hub).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from energy_pipeline.domain.delivery import FloatArray
from energy_pipeline.mathematics.statistics.estimators import RiskInputError, decay_weights, ewma_volatility

HEATING_BASE_C, COOLING_BASE_C = 15.0, 22.0
SINGULAR = 1e-10


@dataclass(frozen=True)
class FactorModel:
    """A fitted model.

    Attributes
    ----------
    names : tuple of str
    loadings : array, shape (contracts, factors)
    factor_covariance : array, shape (factors, factors)
    residual_covariance : array, shape (contracts, contracts)
    r_squared : array, shape (contracts,)
    """

    names: tuple[str, ...]
    loadings: FloatArray
    factor_covariance: FloatArray
    residual_covariance: FloatArray
    r_squared: FloatArray


@dataclass(frozen=True)
class FactorRisk:
    """A book's risk by factor, in the unit of its P&L.

    Attributes
    ----------
    exposures : dict of factor to P&L per unit of the factor
    contributions : dict of factor (and `idiosyncratic`) to part of the volatility; they add up to it
    factor_share : share of the variance the factors explain
    """

    volatility: float
    exposures: dict[str, float]
    contributions: dict[str, float]
    factor_share: float


def fit(changes: FloatArray, factors: FloatArray, names: Sequence[str], decay: float = 1.0) -> FactorModel:
    """Weighted least squares of every contract on all factors.

    Parameters
    ----------
    changes : array, shape (days, contracts)
    factors : array, shape (days, factors)
        Oldest first.

    Raises
    ------
    RiskInputError
        For shapes that differ, NaN, fewer days than factors + 2, or factors that repeat one another.
    """
    _check(changes, factors, names)
    weights = decay_weights(len(changes), decay)
    f, y = factors - weights @ factors, changes - weights @ changes
    covariance = (f * weights[:, None]).T @ f
    scale = np.sqrt(np.diag(covariance))
    flat = [n for n, s in zip(names, scale, strict=True) if s <= 1e-12]
    if flat:
        raise RiskInputError(f"factor(s) {', '.join(flat)} do not move -> leave them out")
    values, vectors = np.linalg.eigh(covariance / np.outer(scale, scale))
    if values[0] < SINGULAR:
        parts = np.flatnonzero(np.abs(vectors[:, 0]) > 0.1)
        raise RiskInputError(f"factors {', '.join(names[int(i)] for i in parts)} are multiples of one another -> leave one out")
    loadings = np.asarray(np.linalg.solve(covariance, (f * weights[:, None]).T @ y).T, dtype=np.float64)
    residual = y - f @ loadings.T
    explained: FloatArray = np.asarray(1.0 - (weights @ residual**2) / np.maximum(weights @ y**2, 1e-300))
    return FactorModel(tuple(names), loadings, covariance, (residual * weights[:, None]).T @ residual, explained)


def _check(changes: FloatArray, factors: FloatArray, names: Sequence[str]) -> None:
    problems = []
    if changes.ndim != 2 or factors.ndim != 2 or len(changes) != len(factors) or factors.shape[1] != len(names):
        problems.append(f"changes {changes.shape}, factors {factors.shape}, {len(names)} names -> days x contracts, days x factors, a name each")
    elif len(changes) < factors.shape[1] + 2:
        problems.append(f"{len(changes)} days for {factors.shape[1]} factors -> more days or fewer factors")
    if not (np.isfinite(changes).all() and np.isfinite(factors).all()):
        bad = [n for n, column in zip(names, factors.T, strict=False) if not np.isfinite(column).all()]
        problems.append(f"not finite: {', '.join(bad) or 'changes'} -> fill or leave out those days")
    if problems:
        raise RiskInputError("; ".join(problems))


def book_risk(model: FactorModel, positions: FloatArray) -> FactorRisk:
    """Risk of a book by factor.

    Parameters
    ----------
    positions : array, shape (contracts,)
    """
    exposure = model.loadings.T @ positions
    through = model.factor_covariance @ exposure
    own = float(positions @ model.residual_covariance @ positions)
    variance = float(exposure @ through) + own
    sigma = float(np.sqrt(max(variance, 0.0)))
    parts = exposure * through / sigma if sigma > 0 else np.zeros(exposure.size)
    contributions = dict(zip(model.names, parts.tolist(), strict=True)) | {"idiosyncratic": own / sigma if sigma > 0 else 0.0}
    share = 1.0 - own / variance if variance > 0 else 0.0
    return FactorRisk(sigma, dict(zip(model.names, exposure.tolist(), strict=True)), contributions, share)


def exposures_over_time(pnl: FloatArray, factors: FloatArray, names: Sequence[str], decay: float = 0.98, minimum_days: int = 60) -> FloatArray:
    """Exposures of a P&L series known after each day, weights decay^age; NaN before `minimum_days`, shape (days, factors).

    A day's row uses no later day.
    """
    _check(pnl[:, None], factors, names)
    found = np.full(factors.shape, np.nan)
    design = np.column_stack([np.ones(len(factors)), factors])
    gram, moments = np.zeros((design.shape[1],) * 2), np.zeros(design.shape[1])
    for t, (row, y) in enumerate(zip(design, pnl.tolist(), strict=True)):
        gram, moments = decay * gram + np.outer(row, row), decay * moments + row * y
        if t + 1 >= max(minimum_days, design.shape[1] + 1):
            found[t] = np.linalg.lstsq(gram, moments)[0][1:]
    return found


@dataclass(frozen=True)
class Principal:
    """Principal components of changes: loadings (contracts, components), share of variance each, scores (days, components)."""

    loadings: FloatArray
    shares: FloatArray
    scores: FloatArray


def principal_components(changes: FloatArray, count: int) -> Principal:
    """The `count` components of most variance; the sign makes the largest loading positive.

    >>> x = np.array([[1.0, 1.0], [-1.0, -1.0], [2.0, 2.0]])
    >>> principal_components(x, 1).shares.round(6).tolist()
    [1.0]
    """
    if not np.isfinite(changes).all() or len(changes) < 2 or not 1 <= count <= changes.shape[1]:
        raise RiskInputError(f"changes {changes.shape}, {count} components -> finite, two days, at most one component a contract")
    centred = changes - changes.mean(axis=0)
    _, singular, rows = np.linalg.svd(centred, full_matrices=False)
    loadings = rows[:count].T
    loadings = loadings * np.sign(loadings[np.abs(loadings).argmax(axis=0), np.arange(count)])
    total = float((singular**2).sum())
    shares = singular[:count] ** 2 / total if total > 0 else np.zeros(count)
    return Principal(loadings, shares, centred @ loadings)


def named_components(found: Principal, factors: FloatArray, names: Sequence[str]) -> list[dict[str, float]]:
    """Correlation of each component's scores with each named factor: what the components are."""
    result = []
    for score in found.scores.T:
        with np.errstate(invalid="ignore", divide="ignore"):
            result.append({n: float(np.corrcoef(score, f)[0, 1]) for n, f in zip(names, factors.T, strict=True)})
    return result


def energy_factors(daily: Mapping[str, FloatArray], zone: str = "") -> tuple[list[str], FloatArray]:
    """Names and changes of the factors that the given daily series allow, shape (days - 1, factors).

    Parameters
    ----------
    daily : mapping of name to array (days,)
        Any of `hub`, `gas`, `coal`, `carbon`, `wind_gw`, `solar_gw`, `load_gw`, `temperature_c`, `zone`, `peak`, `offpeak`.
    zone : str
        For the name of the basis.
    """
    levels: dict[str, FloatArray] = {n: daily[k] for n, k in PLAIN.items() if k in daily}
    if "temperature_c" in daily:
        levels["heating"] = np.maximum(HEATING_BASE_C - daily["temperature_c"], 0.0)
        levels["cooling"] = np.maximum(daily["temperature_c"] - COOLING_BASE_C, 0.0)
    if {"zone", "hub"} <= daily.keys():
        levels[f"basis {zone}".strip()] = daily["zone"] - daily["hub"]
    if {"peak", "offpeak"} <= daily.keys():
        levels["shape"] = daily["peak"] - daily["offpeak"]
    changes = {name: np.diff(values) for name, values in levels.items()}
    if "hub" in daily:
        sigma = ewma_volatility(np.diff(daily["hub"]))
        changes["volatility"] = np.diff(np.log(np.maximum(sigma, 1e-9)))
    return list(changes), np.column_stack(list(changes.values()))


PLAIN = {"hub": "hub", "gas": "gas", "coal": "coal", "carbon": "carbon", "wind": "wind_gw", "solar": "solar_gw", "load": "load_gw"}
