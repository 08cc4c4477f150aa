"""Spreads between fuels and power, and options on a spread.

What belongs here: clean spark and dark spreads, the exact value of a spread option by
quadrature, the closed forms it is checked with. What does not: dispatch of a plant (`tolling`).

A spread option pays max(S1 - h S2 - K, 0). With both prices lognormal no closed form exists for
K != 0 (Kirk's formula errs by up to 0.009); given the normal draw z of the second price the first
is lognormal still, so the value is one integral of Black's formula over z, split where the
payoff changes sign, exact to rounding. Black, "The pricing of commodity contracts", J. Financial
Economics 3, 1976; Margrabe, "The value of an option to exchange one asset for another", J. Finance
33, 1978.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from energy_pipeline.domain.delivery import FloatArray

REACH = 9.0
"""Standard deviations integrated over: beyond lies 1e-19 of the mass."""
PANELS, NODES = 24, 16


def clean_spread_eur_mwh(
    power_eur_mwh: FloatArray,
    fuel_eur_mwh: FloatArray,
    carbon_eur_t: FloatArray,
    heat_rate: float,
    tonnes_per_mwh_fuel: float,
    vom_eur_mwh: float = 0.0,
) -> FloatArray:
    """Margin of a MWh: power less fuel, carbon and variable cost. Spark with gas, dark with coal.

    Parameters
    ----------
    heat_rate : float
        MWh of fuel per MWh of power (1 / efficiency).
    tonnes_per_mwh_fuel : float
        CO2 per MWh of fuel: natural gas about 0.202, hard coal about 0.34.

    Examples
    --------
    >>> clean_spread_eur_mwh(np.array([60.0]), np.array([20.0]), np.array([25.0]), 2.0, 0.2, 1.0).tolist()
    [9.0]
    """
    return np.asarray(power_eur_mwh - heat_rate * (fuel_eur_mwh + tonnes_per_mwh_fuel * carbon_eur_t) - vom_eur_mwh)


def black(forward: FloatArray, strike: FloatArray, deviation: float) -> FloatArray:
    """E[max(S - K, 0)] of a lognormal S with mean `forward` and log deviation `deviation` (sigma sqrt(T)).

    >>> black(np.array([1.0]), np.array([1.0]), 0.2).round(6).tolist()
    [0.079656]
    """
    from scipy.special import ndtr

    forward, strike = np.broadcast_arrays(np.asarray(forward, dtype=np.float64), np.asarray(strike, dtype=np.float64))
    certain = np.maximum(forward - strike, 0.0)
    plain = (strike > 0.0) & (deviation > 1e-12)
    d = np.log(forward / np.where(plain, strike, 1.0)) / max(deviation, 1e-12) + deviation / 2.0
    return np.where(plain, forward * ndtr(d) - strike * ndtr(d - deviation), certain)


def margrabe(first: float, second: float, deviation: float) -> float:
    """E[max(S1 - S2, 0)]; `deviation` is that of log(S1 / S2)."""
    return float(black(np.array(first), np.array(second), deviation))


def bachelier(spread: float, deviation: float) -> float:
    """E[max(X, 0)] of a normal X: a spread option on prices that may be negative.

    >>> round(bachelier(0.0, 1.0), 6)
    0.398942
    """
    from scipy.stats import norm

    if deviation <= 0:
        return max(spread, 0.0)
    d = spread / deviation
    return float(spread * norm.cdf(d) + deviation * norm.pdf(d))


def spread_option(
    first_eur_mwh: float,
    second_eur_mwh: float,
    strike_eur_mwh: float,
    first_deviation: float,
    second_deviation: float,
    correlation: float,
    heat_rate: float = 1.0,
) -> float:
    """E[max(S1 - heat_rate S2 - K, 0)] of two lognormal prices [EUR/MWh], undiscounted.

    Parameters
    ----------
    first_eur_mwh, second_eur_mwh : float
        Forwards, positive.
    strike_eur_mwh : float
        K; may be negative.
    first_deviation, second_deviation : float
        Of the log prices: sigma sqrt(T).
    correlation : float
        Of the log prices.

    Raises
    ------
    ValueError
        A forward is not positive (use `bachelier`), or the correlation is not in [-1, 1].

    Examples
    --------
    >>> abs(spread_option(60.0, 50.0, 0.0, 0.3, 0.2, 0.5) - margrabe(60.0, 50.0, (0.3**2 + 0.2**2 - 0.06) ** 0.5)) < 1e-12
    True
    """
    if min(first_eur_mwh, second_eur_mwh) <= 0:
        raise ValueError("lognormal prices need positive forwards; for prices through zero use bachelier")
    if not -1.0 <= correlation <= 1.0:
        raise ValueError(f"correlation {correlation} is not in [-1, 1]")
    own = first_deviation * np.sqrt(1.0 - correlation**2)
    shared = first_deviation * correlation

    def forward(z: FloatArray) -> FloatArray:
        return np.asarray(first_eur_mwh * np.exp(shared * z - 0.5 * shared**2))

    def strike(z: FloatArray) -> FloatArray:
        return np.asarray(strike_eur_mwh + heat_rate * second_eur_mwh * np.exp(second_deviation * z - 0.5 * second_deviation**2))

    edges = _edges(lambda z: forward(z) - strike(z), strike)
    nodes, mass = np.polynomial.legendre.leggauss(NODES)
    half = np.diff(edges)[:, None] / 2.0
    z = edges[:-1, None] + half * (nodes + 1.0)
    density = np.exp(-0.5 * z**2) / np.sqrt(2.0 * np.pi)
    return float((half * mass * density * black(forward(z), strike(z), float(own))).sum())


def _edges(*functions: Callable[[FloatArray], FloatArray]) -> FloatArray:
    """Even panels, and the places where a function changes sign: the integrand bends there."""
    from scipy.optimize import brentq

    look = np.linspace(-REACH, REACH, 600)
    found = [np.linspace(-REACH, REACH, PANELS + 1)]
    for function in functions:
        values = function(look)
        crossings = np.flatnonzero(values[:-1] * values[1:] < 0)
        roots = [brentq(lambda x, f=function: float(f(np.array(x))), look[i], look[i + 1], xtol=1e-14) for i in crossings]
        found.append(np.array(roots))
    return np.unique(np.concatenate(found))
