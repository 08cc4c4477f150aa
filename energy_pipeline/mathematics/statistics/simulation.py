"""Monte Carlo VaR and ES: GARCH margins under a copula, and linear books of any size.

What belongs here: draws and the measures read off them. What does not: estimates without
simulation (`estimators`), how a book's losses come about (`history`).

Each component of a book (a zone, say) has a series of past losses. Its volatility is a GARCH
model; its standardised residuals keep their own empirical distribution beyond which the normal
tail of the same spread is never thinner than the worst seen. The components are tied by a Student
t copula: correlation from Kendall's tau (sin(pi tau / 2)), degrees of freedom by maximum
likelihood on the ranks. A component's errors of several days are drawn day after day, each with
the volatility the day before left.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from energy_pipeline.domain.delivery import FloatArray
from energy_pipeline.mathematics.statistics.estimators import Estimate, RiskInputError, checked_losses
from energy_pipeline.mathematics.statistics.garch import Garch, garch_fit, garch_paths

DRAWS = 20_000
LEAST_EIGENVALUE = 1e-6
"""Of a copula's correlation, so that it has a Cholesky factor."""
TOLD_DISTANCE = 1e-4
"""Correlations moved farther than this are told in the note; below it is the room for the factor."""
NU_GRID = (3, 4, 6, 8, 12, 20, 50)


@dataclass(frozen=True)
class Copula:
    """Student t copula.

    Attributes
    ----------
    correlation : array, shape (k, k)
    nu : int
        Degrees of freedom.
    distance : float
        How far the pairs' correlations were moved to be those of one matrix, Frobenius norm; 0: they were.
    """

    correlation: FloatArray
    nu: int
    distance: float = 0.0


def kendall_correlation(series: FloatArray) -> tuple[FloatArray, float]:
    """sin(pi tau / 2) of every pair, shape (k, k), and how far it lay from a correlation matrix that can be factored.

    Pairs are estimated one by one, so together they may be no correlation matrix: the nearest one stands in.

    Parameters
    ----------
    series : array, shape (days, k)
    """
    from scipy import stats

    from energy_pipeline.mathematics.allocation.covariance import nearest_psd

    k = series.shape[1]
    found = np.eye(k)
    for i in range(k):
        for j in range(i):
            tau = float(stats.kendalltau(series[:, i], series[:, j]).statistic)
            found[i, j] = found[j, i] = np.sin(np.pi / 2 * (0.0 if np.isnan(tau) else tau))
    return nearest_psd(found, LEAST_EIGENVALUE)


def copula_fit(residuals: FloatArray) -> Copula:
    """Correlation from Kendall's tau, nu the best of a grid by the copula's likelihood on the ranks.

    Parameters
    ----------
    residuals : array, shape (days, k)
    """
    from scipy import stats

    correlation, distance = kendall_correlation(residuals)
    days, k = residuals.shape
    if k == 1:
        return Copula(correlation, NU_GRID[-1], distance)
    ranks = stats.rankdata(residuals, axis=0) / (days + 1.0)

    def log_likelihood(nu: int) -> float:
        x = stats.t.ppf(ranks, nu)
        joint = stats.multivariate_t(np.zeros(k), correlation, nu).logpdf(x)
        return float(np.sum(joint) - stats.t.logpdf(x, nu).sum())

    return Copula(correlation, max(NU_GRID, key=log_likelihood), distance)


def copula_uniforms(copula: Copula, shape: tuple[int, ...], rng: np.random.Generator) -> FloatArray:
    """Draws of the copula, shape (*shape, k), each in (0, 1)."""
    from scipy import special

    root = np.linalg.cholesky(copula.correlation)
    normals = rng.standard_normal((*shape, root.shape[0])) @ root.T
    mixing = np.sqrt(rng.chisquare(copula.nu, shape) / copula.nu)
    return np.asarray(np.clip(special.stdtr(copula.nu, normals / mixing[..., None]), 1e-12, 1 - 1e-12))


def empirical_quantile(residuals: FloatArray, uniforms: FloatArray) -> FloatArray:
    """Residuals at given uniforms: linear between order statistics, beyond them on exponential tails.

    The tails' mean excess is that of the outer tenth of the residuals, so that draws reach past the worst day seen.
    """
    ordered = np.sort(residuals)
    n = ordered.size
    positions = (np.arange(n) + 0.5) / n
    found = np.interp(uniforms, positions, ordered)
    tenth = max(n // 10, 2)
    for side, edge in ((1.0, ordered[-1]), (-1.0, ordered[0])):
        outer = np.sort(side * ordered)[-tenth:]
        excess = max(float(np.mean(outer - outer[0])), 1e-12)
        beyond = (uniforms > positions[-1]) if side > 0 else (uniforms < positions[0])
        share = np.where(beyond, (1.0 - uniforms if side > 0 else uniforms) / (0.5 / n), 1.0)
        found = np.where(beyond, edge - side * excess * np.log(share), found)
    return np.asarray(found)


@dataclass(frozen=True)
class Simulated:
    """Simulated losses of a book.

    Attributes
    ----------
    losses : array, shape (draws, components)
        Sums over the horizon [EUR], against expectation.
    note : str
    """

    losses: FloatArray
    note: str


def simulate(components: FloatArray, rng: np.random.Generator, draws: int = DRAWS, horizon_days: int = 1) -> Simulated:
    """Losses of the next days by component.

    Parameters
    ----------
    components : array, shape (days, k)
        Past losses of the current book by component, oldest first [EUR].
    horizon_days : int
        Days summed over. Only for a book that lives so long.

    Raises
    ------
    RiskInputError
        For too few days, values that are not finite, or a horizon under a day.
    """
    if components.ndim != 2 or components.shape[1] == 0:
        raise RiskInputError(f"components have shape {components.shape} -> days x components, at least one")
    checked_losses(components.ravel(), minimum=1)
    checked_losses(components[:, 0])
    if horizon_days < 1 or draws < 100:
        raise RiskInputError(f"horizon {horizon_days} day(s), {draws} draws -> at least 1 and 100")
    models = [garch_fit(np.ascontiguousarray(c)) for c in components.T]
    residuals = np.stack([m.residuals for m in models], axis=1)
    copula = copula_fit(residuals)
    uniforms = copula_uniforms(copula, (draws, horizon_days), rng)
    losses = np.stack([_component(m, uniforms[..., i]) for i, m in enumerate(models)], axis=1)
    notes = sorted({m.note for m in models if m.note})
    if copula.distance > TOLD_DISTANCE:
        notes.append(f"correlations of the pairs moved by {copula.distance:.2g} to the nearest positive semidefinite matrix")
    return Simulated(losses, "; ".join(notes))


def _component(model: Garch, uniforms: FloatArray) -> FloatArray:
    shocks = empirical_quantile(model.residuals, uniforms)
    return np.asarray(garch_paths(model, shocks - model.residuals.mean()).sum(axis=1))


def simulated_estimate(losses: FloatArray, level: float, method: str, note: str = "") -> Estimate:
    """VaR and ES of simulated losses with their Monte Carlo error (the draws are independent).

    Parameters
    ----------
    losses : array, shape (draws,)
    """
    from energy_pipeline.mathematics.statistics.estimators import _weighted

    found = _weighted(checked_losses(losses, level), level, 1.0, method)
    return Estimate(method, level, found.var_eur, found.es_eur, found.var_error_eur, found.es_error_eur, note or found.note)


def tail_of(losses: FloatArray, level: float) -> tuple[float, float]:
    """VaR and ES by partition: the conventions of `mathematics.statistics.tail` without a full sort. `losses` is reordered in place.

    >>> tail_of(np.arange(1.0, 101.0), 0.95)
    (95.0, 98.0)
    """
    n = losses.size
    mass = n * (1.0 - level)
    mass = round(mass) if abs(mass - round(mass)) < 1e-9 else mass
    rank = min(max(int(np.ceil(n * level - 1e-9)), 1), n)
    losses.partition(rank - 1)
    var = float(losses[rank - 1])
    worse = losses[rank:]
    return var, float((worse.sum() + (mass - worse.size) * var) / mass)


def historical_var(pnl: FloatArray, positions: FloatArray, level: float) -> tuple[float, float]:
    """VaR and ES of a linear book on scenarios of price changes.

    Parameters
    ----------
    pnl : array, shape (scenarios, contracts)
        P&L of one unit of each contract [EUR per MW or MWh].
    positions : array, shape (contracts,)
    """
    _require_linear(pnl.shape[1], positions, level)
    losses = pnl @ -positions
    if not np.isfinite(losses).all():
        bad = np.flatnonzero(~np.isfinite(pnl).all(axis=0))
        raise RiskInputError(f"scenarios of contract(s) {', '.join(map(str, bad[:5]))} are not finite -> repair them or take the contracts out")
    losses -= losses.mean()
    return tail_of(losses, level)


def normal_var(covariance: FloatArray, positions: FloatArray, level: float, rng: np.random.Generator, draws: int = 1_000_000) -> tuple[float, float]:
    """Monte Carlo VaR and ES of a linear book under a joint normal of any (also singular) covariance.

    The positions are carried through the factor once (L' w), so that a draw of k normals costs one dot
    product and no correlated scenario is ever made; blocks keep memory small.

    Parameters
    ----------
    covariance : array, shape (contracts, contracts)
    positions : array, shape (contracts,)

    Raises
    ------
    RiskInputError
        For a covariance that is not symmetric or not positive semi-definite.
    """
    _require_linear(covariance.shape[0], positions, level)
    exposures = covariance_factor(covariance).T @ -positions
    losses = np.empty(draws)
    block = 16_384
    buffer = np.empty((block, exposures.size))
    for first in range(0, draws, block):
        part = buffer[: min(block, draws - first)]
        rng.standard_normal(out=part)
        np.dot(part, exposures, out=losses[first : first + part.shape[0]])
    return tail_of(losses, level)


def covariance_factor(covariance: FloatArray) -> FloatArray:
    """L with L L' = covariance, also where it is singular.

    Raises
    ------
    RiskInputError
        For NaN, asymmetry, or a negative eigenvalue beyond rounding.
    """
    from energy_pipeline.mathematics.allocation.covariance import covariance_problems

    if covariance.ndim != 2 or covariance.shape[0] != covariance.shape[1] or not np.isfinite(covariance).all():
        raise RiskInputError(
            f"covariance of shape {covariance.shape} with {int((~np.isfinite(covariance)).sum())} value(s) not finite -> square and finite"
        )
    found = covariance_problems(covariance)
    if found:
        raise RiskInputError(f"{found[0]} -> it is no covariance; shrink it or repair the correlations")
    values, vectors = np.linalg.eigh(covariance)
    return np.asarray(vectors * np.sqrt(np.maximum(values, 0.0)))


def _require_linear(contracts: int, positions: FloatArray, level: float) -> None:
    if positions.shape != (contracts,) or not np.isfinite(positions).all():
        raise RiskInputError(f"positions have shape {positions.shape}, {contracts} contracts -> one finite position each")
    if not 0.5 < level < 1.0:
        raise RiskInputError(f"level is {level:g} -> a confidence between 0.5 and 1")
