"""GARCH(1,1) volatility of a series of losses, fitted fast.

What belongs here: the recursion, the quasi-maximum-likelihood fit, simulation. What does not:
copulas and books (`simulation`).

sigma_t^2 = omega + alpha x_{t-1}^2 + beta sigma_{t-1}^2 with x the losses less their mean;
omega, alpha, beta >= 0 and alpha + beta < 1. The variance starts at the sample's. omega is
found by the fit, not targeted. What is made largest is the Gaussian log-likelihood of x given
its first variance, - sum log(2 pi sigma_t^2) / 2 - sum x_t^2 / (2 sigma_t^2): arch's, but that
arch begins a step before the first day (the tests hold its answers).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from energy_pipeline.domain.delivery import FloatArray
from energy_pipeline.mathematics.compilation import kernel

MINIMUM_DAYS = 100
"""Under this a GARCH fit is noise; EWMA (alpha 0.06, beta 0.94) stands in, and says so."""


@dataclass(frozen=True)
class Garch:
    """A fitted model and its state.

    Attributes
    ----------
    omega, alpha, beta : float
    sigma : array, shape (days + 1,)
        Volatility known before each day and, last, for the next.
    residuals : array, shape (days,)
        x_t / sigma_t.
    note : str
        Empty, or what stands in and why.
    """

    omega: float
    alpha: float
    beta: float
    sigma: FloatArray
    residuals: FloatArray
    note: str = ""


@kernel(lambda t: (t.reads(1), *[t.number] * 4))
def _variances(x: FloatArray, omega: float, alpha: float, beta: float, first: float) -> FloatArray:
    out = np.empty(x.size + 1)
    out[0] = first
    for t in range(x.size):
        out[t + 1] = omega + alpha * x[t] * x[t] + beta * out[t]
    return out


@kernel(lambda t: (t.reads(1), *[t.number] * 4))
def _minus_log_likelihood(x: FloatArray, omega: float, alpha: float, beta: float, first: float) -> float:
    total, variance = 0.0, first
    for t in range(x.size):
        total += np.log(variance) + x[t] * x[t] / variance
        variance = omega + alpha * x[t] * x[t] + beta * variance
    return 0.5 * total / x.size


def garch_fit(losses: FloatArray) -> Garch:
    """Fit by Gaussian quasi-maximum likelihood from three starts.

    Under `MINIMUM_DAYS`, or where the losses have no spread, the declared stand-in is used.

    Examples
    --------
    >>> round(garch_fit(np.random.default_rng(0).normal(0, 10, 400)).sigma[-1])
    10
    """
    from scipy.optimize import minimize

    centred = losses - losses.mean()
    spread = float(centred.std())
    if spread == 0.0:
        return Garch(0.0, 0.0, 1.0, np.zeros(losses.size + 1), np.zeros(losses.size), "losses without spread")
    x = np.ascontiguousarray(centred / spread)
    if losses.size < MINIMUM_DAYS:
        return _state(x, spread, (0.0, 0.06, 0.94), f"{losses.size} days, under {MINIMUM_DAYS}: EWMA stands in for GARCH")

    def objective(p: FloatArray) -> float:
        persistence = 1.0 / (1.0 + np.exp(-p[1]))
        alpha = persistence / (1.0 + np.exp(-p[2]))
        return float(_minus_log_likelihood(x, np.exp(p[0]), alpha, persistence - alpha, 1.0))

    starts = [np.array(s) for s in ((np.log(0.1), 2.2, -2.2), (np.log(0.5), 0.0, -1.0), (np.log(0.03), 3.5, -2.9))]
    bounds = [(-12.0, 2.0), (-8.0, 6.9), (-8.0, 8.0)]
    best = min((minimize(objective, s, method="L-BFGS-B", bounds=bounds) for s in starts), key=lambda r: float(r.fun))
    persistence = 1.0 / (1.0 + np.exp(-best.x[1]))
    alpha = persistence / (1.0 + np.exp(-best.x[2]))
    return _state(x, spread, (float(np.exp(best.x[0])), float(alpha), float(persistence - alpha)), "")


def _state(x: FloatArray, spread: float, parameters: tuple[float, float, float], note: str) -> Garch:
    omega, alpha, beta = parameters
    sigma = np.sqrt(_variances(x, omega, alpha, beta, 1.0))
    return Garch(omega * spread**2, alpha, beta, sigma * spread, x / sigma[:-1], note)


def garch_paths(model: Garch, shocks: FloatArray) -> FloatArray:
    """Losses of the next days on given standardised shocks.

    Parameters
    ----------
    shocks : array, shape (paths, days)
        Standardised residuals to come.

    Returns
    -------
    array, shape (paths, days)
    """
    variance = np.full(shocks.shape[0], float(model.sigma[-1]) ** 2)
    found = np.empty_like(shocks)
    for day in range(shocks.shape[1]):
        found[:, day] = np.sqrt(variance) * shocks[:, day]
        variance = model.omega + model.alpha * found[:, day] ** 2 + model.beta * variance
    return found
