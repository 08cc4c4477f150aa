"""How prices hang together: hedge ratios, cointegration, mean reversion and the spreads of the field.

What belongs here: statistics of one series (Ornstein-Uhlenbeck) or of several, and the named
spreads. What does not: rules that trade on them (`rules`).

Test statistics are ours, so that a rolling test costs a matrix product; p-values and critical
values are statsmodels' response surfaces (MacKinnon 1994, 2010; Osterwald-Lenum tables).

On a day-ahead index none of this is money: cointegration says two series stay together, not
that either can be held (MARKET section 2).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from energy_pipeline.domain.delivery import FloatArray
from energy_pipeline.mathematics.backtester.indicators import checked


@dataclass(frozen=True)
class HedgeRatio:
    """first = intercept + ratio x second + residual, by least squares."""

    ratio: float
    intercept_eur_mwh: float
    residual_eur_mwh: FloatArray


@dataclass(frozen=True)
class OrnsteinUhlenbeck:
    """dp = speed (mean - p) dt + volatility dW, from the exact discretisation of a fitted AR(1).

    Attributes
    ----------
    persistence : float
        Slope b of p(t) = a + b p(t-1); speed = -ln b per step.
    half_life_steps : float
        ln 2 / speed = -ln 2 / ln b; infinite when b >= 1, NaN when b <= 0 (the series alternates:
        no diffusion has that autocorrelation).
    """

    persistence: float
    speed_per_step: float
    mean_eur_mwh: float
    volatility_eur_mwh: float
    half_life_steps: float


@dataclass(frozen=True)
class EngleGranger:
    """Two-step test: statistic of the residual's unit root, its p-value, critical values at 1, 5 and 10 %."""

    statistic: float
    p_value: float
    critical: tuple[float, float, float]
    lags: int
    hedge: HedgeRatio


@dataclass(frozen=True)
class Johansen:
    """Eigenvalues falling, weights by column; trace and maximum-eigenvalue statistics with critical values at 90, 95 and 99 %."""

    eigenvalues: FloatArray
    weights: FloatArray
    trace: FloatArray
    maximum: FloatArray
    trace_critical: FloatArray
    maximum_critical: FloatArray

    def rank(self, level: Literal[90, 95, 99] = 95) -> int:
        """Number of cointegrating relations the trace test does not reject."""
        column = {90: 0, 95: 1, 99: 2}[level]
        beaten = self.trace > self.trace_critical[:, column]
        return int(beaten.size if beaten.all() else np.argmin(beaten))


def hedge_ratio(first: FloatArray, second: FloatArray) -> HedgeRatio:
    """Cov(first, second) / Var(second), with intercept.

    Raises
    ------
    ValueError
        The second series does not vary.

    Examples
    --------
    >>> round(hedge_ratio(np.array([1.0, 3.0, 5.0]), np.array([0.0, 1.0, 2.0])).ratio, 9)
    2.0
    """
    y, x = checked(first), checked(second)
    xc = x - x.mean()
    power = float(xc @ xc)
    if power <= 1e-12 * max(1.0, float(x @ x)):
        raise ValueError(f"the second series of a hedge ratio does not vary over {x.size} values -> give a longer window or another leg")
    ratio = float(xc @ (y - y.mean())) / power
    intercept = float(y.mean() - ratio * x.mean())
    return HedgeRatio(ratio, intercept, y - intercept - ratio * x)


def rolling_hedge_ratio(first: FloatArray, second: FloatArray, n: int) -> tuple[FloatArray, FloatArray]:
    """Ratio and intercept over the last n values at each t; NaN before n values, or where the second leg does not vary.

    Each window is summed by itself: no running sums, so a value never depends on the span.
    """
    y, x = checked(first, n), checked(second, n)
    ratio, intercept = np.full(x.size, np.nan), np.full(x.size, np.nan)
    if x.size < n:
        return ratio, intercept
    xs, ys = sliding_window_view(x, n), sliding_window_view(y, n)
    xm, ym = xs.mean(axis=1), ys.mean(axis=1)
    xc = xs - xm[:, None]
    power = (xc * xc).sum(axis=1)
    varies = power > 1e-12 * np.maximum(1.0, (xs * xs).sum(axis=1))
    slope = np.where(varies, (xc * (ys - ym[:, None])).sum(axis=1) / np.where(varies, power, 1.0), np.nan)
    ratio[n - 1 :], intercept[n - 1 :] = slope, ym - slope * xm
    return ratio, intercept


def ornstein_uhlenbeck(values: FloatArray) -> OrnsteinUhlenbeck:
    """Fit by least squares of p(t) on p(t-1), then exactly: speed = -ln b, not the Euler step's 1 - b."""
    x = checked(values)
    if x.size < 3:
        raise ValueError(f"an Ornstein-Uhlenbeck fit needs 3 values or more, got {x.size}")
    fit = hedge_ratio(x[1:], x[:-1])
    b = fit.ratio
    variance = float(fit.residual_eur_mwh @ fit.residual_eur_mwh) / max(x.size - 3, 1)
    mean = fit.intercept_eur_mwh / (1.0 - b) if b < 1.0 else float("nan")
    if not 0.0 < b < 1.0:
        half = float("inf") if b >= 1.0 else float("nan")
        return OrnsteinUhlenbeck(b, 0.0 if b >= 1.0 else float("nan"), mean, float("nan"), half)
    speed = -math.log(b)
    volatility = math.sqrt(variance * 2.0 * speed / (1.0 - b * b))
    return OrnsteinUhlenbeck(b, speed, mean, volatility, math.log(2.0) / speed)


def _least_squares(y: FloatArray, X: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Coefficients, residuals, (X'X)^-1."""
    inverse = np.linalg.pinv(X.T @ X)
    beta = np.linalg.lstsq(X, y, rcond=None)[0]
    return np.asarray(beta), np.asarray(y - X @ beta), np.asarray(inverse)


def _lagged(values: FloatArray, lags: int) -> tuple[FloatArray, FloatArray]:
    """Changes, and the level before beside `lags` earlier changes."""
    moves = np.diff(values, axis=0)
    rows = moves.shape[0] - lags
    earlier = [moves[lags - k : lags - k + rows] for k in range(1, lags + 1)]
    return moves[lags:], np.column_stack([values[lags : lags + rows], *earlier])


def unit_root_statistic(values: FloatArray, lags: int | None = None) -> tuple[float, int]:
    """Augmented Dickey-Fuller t-value without constant, and its lags; by AIC up to 12 (n/100)^(1/4) when not given."""
    x = checked(values)
    if lags is None:
        most = min(math.ceil(12.0 * (x.size / 100.0) ** 0.25), x.size // 2 - 1)
        y, X = _lagged(x, most)
        criteria = []
        for k in range(1, most + 2):
            residual = _least_squares(y, X[:, :k])[1]
            criteria.append(y.size * math.log(float(residual @ residual) / y.size) + 2 * k)
        lags = int(np.argmin(criteria))
    y, X = _lagged(x, lags)
    beta, residual, inverse = _least_squares(y, X)
    scale = float(residual @ residual) / (y.size - X.shape[1])
    return float(beta[0] / math.sqrt(scale * inverse[0, 0])), lags


def engle_granger(first: FloatArray, second: FloatArray, lags: int | None = None) -> EngleGranger:
    """Whether first - ratio x second returns: regress, then test the residual for a unit root (constant in step one)."""
    from statsmodels.tsa.adfvalues import mackinnoncrit, mackinnonp

    hedge = hedge_ratio(first, second)
    statistic, used = unit_root_statistic(hedge.residual_eur_mwh, lags)
    critical = mackinnoncrit(N=2, regression="c", nobs=np.size(first) - 1)
    one, five, ten = (float(v) for v in critical)
    return EngleGranger(statistic, float(mackinnonp(statistic, regression="c", N=2)), (one, five, ten), used, hedge)


def johansen(prices: FloatArray, constant: bool = True, lags: int = 1) -> Johansen:
    """Johansen's test of several series.

    Parameters
    ----------
    prices : array, shape (times, series)
    constant : bool
        Series are taken less their means.
    lags : int
        Lagged changes.
    """
    from statsmodels.tsa.coint_tables import c_sja, c_sjt

    x = np.asarray(prices, dtype=np.float64)
    order = 0 if constant else -1

    def centred(values: FloatArray) -> FloatArray:
        return values - values.mean(axis=0) if constant and values.size else values

    x = centred(x)
    moves = np.diff(x, axis=0)
    rows = moves.shape[0] - lags
    earlier = [moves[lags - k : lags - k + rows] for k in range(1, lags + 1)]
    z = centred(np.column_stack(earlier)) if lags else np.empty((rows, 0))
    changes, levels = centred(moves[lags:]), centred(x[1 : x.shape[0] - lags])
    if lags:
        changes, levels = (v - z @ np.linalg.lstsq(z, v, rcond=None)[0] for v in (changes, levels))
    s00, skk, sk0 = changes.T @ changes / rows, levels.T @ levels / rows, levels.T @ changes / rows
    root = np.linalg.cholesky(skk)
    half = np.linalg.solve(root, sk0)
    values, vectors = np.linalg.eigh(half @ np.linalg.solve(s00, half.T))
    values, weights = values[::-1], np.linalg.solve(root.T, vectors[:, ::-1])
    weights = weights * np.sign(weights[0, 0]) if weights[0, 0] else weights
    gains, n = -rows * np.log(1.0 - values), values.size
    tables = (np.array([table(n - i, order) for i in range(n)]) for table in (c_sjt, c_sja))
    return Johansen(values, weights, np.cumsum(gains[::-1])[::-1].copy(), gains, *tables)


def spark_spread(power_eur_mwh: FloatArray, gas_eur_mwh: FloatArray, heat_rate: float = 2.0, vom_eur_mwh: float = 0.0) -> FloatArray:
    """Power less gas at a heat rate [MWh gas per MWh power] less variable O&M [EUR/MWh].

    >>> spark_spread(np.array([70.0]), np.array([25.0]), 2.0, 3.0).tolist()
    [17.0]
    """
    return power_eur_mwh - heat_rate * gas_eur_mwh - vom_eur_mwh


def clean_spark_spread(
    power_eur_mwh: FloatArray, gas_eur_mwh: FloatArray, carbon_eur_t: FloatArray, heat_rate: float = 2.0, tonnes_per_mwh: float = 0.37
) -> FloatArray:
    """Spark spread less carbon; 0.37 t of CO2 per MWh of power is a gas plant of 55 % efficiency [EUR/MWh]."""
    return spark_spread(power_eur_mwh, gas_eur_mwh, heat_rate) - tonnes_per_mwh * carbon_eur_t


def dark_spread(
    power_eur_mwh: FloatArray, coal_eur_t: FloatArray, heat_rate: float = 2.6, coal_mwh_t: float = 6.98, vom_eur_mwh: float = 0.0
) -> FloatArray:
    """Power less coal: `heat_rate` MWh of coal per MWh of power, API2 coal has 6.98 MWh a tonne [EUR/MWh]."""
    return power_eur_mwh - heat_rate * coal_eur_t / coal_mwh_t - vom_eur_mwh


def crack_spread_321(gasoline_usd_bbl: FloatArray, distillate_usd_bbl: FloatArray, crude_usd_bbl: FloatArray) -> FloatArray:
    """3:2:1 crack per barrel of crude: (2 gasoline + 1 distillate - 3 crude) / 3.

    >>> crack_spread_321(np.array([90.0]), np.array([100.0]), np.array([70.0])).round(2).tolist()
    [23.33]
    """
    return (2.0 * gasoline_usd_bbl + distillate_usd_bbl - 3.0 * crude_usd_bbl) / 3.0


def location_spread(first_eur_mwh: FloatArray, second_eur_mwh: FloatArray) -> FloatArray:
    """Price of one zone less that of another [EUR/MWh]; tradable only with transmission rights or both zones' forwards."""
    return first_eur_mwh - second_eur_mwh


def calendar_spread(near_eur_mwh: FloatArray, far_eur_mwh: FloatArray) -> FloatArray:
    """Near delivery less far delivery [EUR/MWh]."""
    return near_eur_mwh - far_eur_mwh
