"""How strategies share the desk's risk, from their daily results.

What belongs here: the choice of strategies that may take part, and shares by risk parity, CVaR
or shrunk mean-variance. What does not: the optimisation (`mathematics.allocation`).

Index studies earn nothing and are left out, whatever they ask for; so is a result that is too
good and not explained, and one whose days do not vary.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from energy_pipeline.desk.strategies import Allocation
from energy_pipeline.domain.delivery import FloatArray
from energy_pipeline.strategies.results import Result

CONFIDENCE = 0.95
MINIMUM_DAYS = 20
"""Common days under which a covariance says nothing."""
HALF_LIFE_DAYS = 30.0


@dataclass(frozen=True)
class Shares:
    """Shares of the strategies that take part (they sum to 1), why others do not, and the mix's daily results.

    Attributes
    ----------
    shares : dict of str to float
    left_out : dict of str to str
    risk_shares : dict of str to float
        Each one's part of the mix's variance; they sum to 1. Empty under `MINIMUM_DAYS` common days.
    daily_eur : array
        Results of the mix on the days all have in common.
    """

    shares: dict[str, float]
    left_out: dict[str, str]
    risk_shares: dict[str, float]
    daily_eur: FloatArray


def allocate(allocation: Allocation, results: Mapping[str, Result], verdicts: Mapping[str, str]) -> Shares:
    """Shares by the desk's method, on the last `window_days` common days.

    `risk_parity`: every strategy the same part of the variance. `cvar`: least
    95 % CVaR of the mix. `mean_variance`: largest mean - variance / (2 x mean daily loss scale), the mean
    shrunk to zero: daily means of strategies are mostly noise. Covariances by `risk_model`. `none`, or fewer than `MINIMUM_DAYS` days in common:
    equal shares. Shares are not negative. `verdicts` holds each strategy's `validation.Verdict.status`.
    """
    left_out = {name: reason for name, r in results.items() if (reason := _excluded(r, verdicts.get(name)))}
    names = [n for n in results if n not in left_out]
    if not names:
        return Shares({}, left_out, {}, np.zeros(0))
    daily = _common(allocation, [results[n] for n in names])
    if len(daily) < MINIMUM_DAYS:
        equal = np.full(len(names), 1.0 / len(names))
        return Shares(dict(zip(names, equal.tolist(), strict=True)), left_out, {}, np.asarray(daily @ equal))
    weights = np.ones(1) if len(names) == 1 else _weights(allocation, names, daily)
    covariance = np.atleast_2d(np.cov(daily.T))
    parts = weights * (covariance @ weights)
    total = float(parts.sum())
    risk = parts / total if total > 0 else weights
    return Shares(
        dict(zip(names, weights.tolist(), strict=True)), left_out, dict(zip(names, risk.tolist(), strict=True)), np.asarray(daily @ weights)
    )


def _excluded(result: Result, verdict: str | None) -> str:
    if result.label != "tradable":
        return "index_only: earns nothing"
    if verdict == "unexplained":
        return "too good and not explained"
    if len(result.days) < 2 or float(np.ptp(result.net_eur)) == 0.0:
        return "no days that vary"
    return ""


def _common(allocation: Allocation, found: list[Result]) -> FloatArray:
    days = sorted(set.intersection(*(set(r.days) for r in found)))[-allocation.window_days :]
    columns = [dict(zip(r.days, r.net_eur.tolist(), strict=True)) for r in found]
    return np.array([[c[d] for c in columns] for d in days], dtype=np.float64).reshape(len(days), len(columns))


def _weights(allocation: Allocation, names: list[str], daily: FloatArray) -> FloatArray:
    from energy_pipeline.mathematics import allocation as problems

    if allocation.method == "none":
        return np.full(len(names), 1.0 / len(names))
    scale = float(daily.std()) or 1.0
    unit = daily / scale
    if allocation.method == "cvar":
        return np.asarray(problems.solve(problems.weights_problem(names, unit), problems.MinCvar(CONFIDENCE)).positions)
    covariance = _covariance(allocation.risk_model, unit)
    if allocation.method == "risk_parity":
        return np.asarray(problems.solve(problems.weights_problem(names, unit, covariance=covariance), problems.RiskBudget()).positions)
    mean = unit.mean(axis=0) * len(unit) / (len(unit) + allocation.mean_shrinkage_days)
    problem = problems.weights_problem(names, unit, covariance=covariance, expected=mean)
    return np.asarray(problems.solve(problem, problems.Utility(1.0)).positions)


def _covariance(model: str, daily: FloatArray) -> FloatArray:
    from energy_pipeline.mathematics.allocation import covariance

    if model == "sample":
        return covariance.sample(daily)
    return covariance.exponentially_weighted(daily, HALF_LIFE_DAYS) if model == "exponentially_weighted" else covariance.ledoit_wolf(daily)[0]
