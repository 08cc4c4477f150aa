"""Price models with known truth: what policies are trained and judged on when the process is given.

What belongs here: simulation of Ornstein-Uhlenbeck prices, Schwartz's one-factor log model, prices
with a spike regime, seasonal gas. What does not: estimation, scenarios of the desk's market
(`scenarios`).

All steps are exact transitions, not Euler's. The state of each path is given beside its price,
because a policy may see it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from energy_pipeline.domain.delivery import FloatArray


@dataclass(frozen=True)
class OrnsteinUhlenbeck:
    """Price = mean_t + x_t with x_{t+1} = e^-kappa x_t + noise, per step.

    Attributes
    ----------
    mean_eur_mwh : array, shape (steps,)
    reversion : float
        kappa per step.
    volatility : float
        sigma [EUR/MWh per square root of a step]; the stationary deviation is sigma / sqrt(2 kappa).
    """

    mean_eur_mwh: FloatArray
    reversion: float
    volatility: float

    @property
    def decay(self) -> float:
        """Share of x left after a step."""
        return float(np.exp(-self.reversion))

    @property
    def step_deviation(self) -> float:
        """Standard deviation of a step's noise."""
        return float(self.volatility * np.sqrt((1.0 - self.decay**2) / (2.0 * self.reversion)))

    def states(self, paths: int, rng: np.random.Generator, start: float = 0.0) -> FloatArray:
        """x, shape (paths, steps); `start` is its value one step before the first.

        >>> m = OrnsteinUhlenbeck(np.zeros(3), 0.1, 1.0)
        >>> m.states(2, np.random.default_rng(0)).shape
        (2, 3)
        """
        from scipy.signal import lfilter

        noise = self.step_deviation * rng.standard_normal((paths, self.mean_eur_mwh.size))
        noise[:, 0] += self.decay * start
        return np.asarray(lfilter([1.0], [1.0, -self.decay], noise, axis=1))

    def paths(self, paths: int, rng: np.random.Generator, start: float = 0.0) -> FloatArray:
        """Prices, shape (paths, steps) [EUR/MWh]."""
        return self.mean_eur_mwh + self.states(paths, rng, start)


@dataclass(frozen=True)
class SchwartzLog(OrnsteinUhlenbeck):
    """Price = mean_t exp(x_t - Var(x_t) / 2): never negative, with the given means.

    Schwartz, "The stochastic behavior of commodity prices", J. Finance 52, 1997, model 1.
    """

    def paths(self, paths: int, rng: np.random.Generator, start: float = 0.0) -> FloatArray:
        """Prices, shape (paths, steps) [EUR/MWh]."""
        return self.prices(self.states(paths, rng, start), start)

    def prices(self, states: FloatArray, start: float = 0.0) -> FloatArray:
        """Prices at given states; the last axis is the step."""
        after = np.arange(1, self.mean_eur_mwh.size + 1)
        decay = self.decay**after
        variance = self.step_deviation**2 * (1.0 - self.decay ** (2 * after)) / (1.0 - self.decay**2)
        return np.asarray(self.mean_eur_mwh * np.exp(states - decay * start - variance / 2.0))


@dataclass(frozen=True)
class SpikeRegime:
    """Ornstein-Uhlenbeck prices, and on top of them spikes that come and go as a two-state chain.

    Attributes
    ----------
    base : OrnsteinUhlenbeck
    begins, ends : float
        Chances per step that a spike begins, and that it ends.
    height_eur_mwh : float
        Added to the price while it lasts.
    """

    base: OrnsteinUhlenbeck
    begins: float
    ends: float
    height_eur_mwh: float

    def states(self, paths: int, rng: np.random.Generator) -> tuple[FloatArray, npt.NDArray[np.int64]]:
        """X and whether a spike is on (0 or 1), shape (paths, steps) each; none is on before the first step."""
        x = self.base.states(paths, rng)
        draws = rng.random(x.shape)
        on = np.zeros(x.shape, dtype=np.int64)
        now = np.zeros(paths, dtype=np.int64)
        for t in range(x.shape[1]):
            now = np.where(now == 1, draws[:, t] >= self.ends, draws[:, t] < self.begins).astype(np.int64)
            on[:, t] = now
        return x, on

    def prices(self, x: FloatArray, on: npt.NDArray[np.int64]) -> FloatArray:
        """Prices at given states [EUR/MWh]."""
        return self.base.mean_eur_mwh + x + self.height_eur_mwh * on


def seasonal_gas(
    days: int = 365, mean_eur_mwh: float = 25.0, swing_eur_mwh: float = 6.0, reversion: float = 0.05, volatility: float = 0.05
) -> SchwartzLog:
    """Daily gas prices: dear in winter, Schwartz's log model around the season. The year begins on 1 April.

    >>> m = seasonal_gas()
    >>> bool(m.mean_eur_mwh[290] > m.mean_eur_mwh[100])
    True
    """
    season = mean_eur_mwh - swing_eur_mwh * np.cos(2.0 * np.pi * (np.arange(days) - 105.0) / 365.0)
    return SchwartzLog(np.asarray(season), reversion, volatility)
