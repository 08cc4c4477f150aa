"""The value of a flexible asset: expectation with its error, bounds, risk, present value, sensitivities.

What belongs here: what every asset reports, from paths. What does not: how an asset is operated.

Definitions. *Value* is the mean of what the policy earns on paths it was not trained on; its
standard error is that of this mean. Lower bound: the intrinsic plan on the same paths (if it is
better, it is what is shipped); upper bound: perfect foresight on them. *Earnings at risk* is the
5 % quantile of what is earned. *NPV* discounts each interval's cash at the given yearly rate.
Sensitivities bump the paths and train again with the same random numbers: delta per block [MWh] is
dV / dF when all prices of a block move together, gamma [MWh per EUR/MWh] its second derivative to a
parallel move, vega [EUR per %] the gain when deviations from the mean path grow by 1 %.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt

from energy_pipeline.domain.delivery import FloatArray
from energy_pipeline.domain.units import hours_of
from energy_pipeline.mathematics.stores.bounds import foresight_values_eur
from energy_pipeline.mathematics.stores.perfect_foresight import foresight
from energy_pipeline.mathematics.stores.policy import PolicyRun, run_of, train
from energy_pipeline.mathematics.stores.store import Store

HOURS_PER_YEAR = 8760.0
RISK_SHARE = 0.05
BUMP_EUR_MWH, GAMMA_BUMP_EUR_MWH = 0.5, 3.0
"""A second difference divides what retraining leaves of noise by the bump's square, so gamma takes a larger one."""
VOLATILITY_BUMP = 0.05
PERCENT = 100.0
BOUND_PATHS = 400

Cash = Callable[[FloatArray, FloatArray], FloatArray]
"""Trains on the first paths, gives the cash by path and interval on the second."""


@dataclass(frozen=True)
class Sensitivities:
    """Derivatives by common random numbers.

    Attributes
    ----------
    delta_mwh : dict of str to float
        By block; "all" is a parallel move.
    gamma_mwh_per_eur : float
    vega_eur_per_percent : float
    """

    delta_mwh: dict[str, float]
    gamma_mwh_per_eur: float
    vega_eur_per_percent: float


@dataclass(frozen=True)
class AssetValue:
    """What an asset is worth.

    Attributes
    ----------
    value_eur, standard_error_eur : float
        On fresh paths.
    intrinsic_eur, foresight_eur : float
        Bounds on the same paths; the upper bound's on up to BOUND_PATHS of them, corrected by the
        policy's difference between those and all (a control variate).
    earnings_at_risk_eur : float
        5 % quantile of what is earned.
    npv_eur : float
    shipped : str
        "policy" or "intrinsic": whichever is better on the training paths.
    sensitivities : Sensitivities or None
    energy_value : Sensitivities or None
        The same of V_0, the value of one more MWh at the start [EUR/MWh]; stores only.
    """

    value_eur: float
    standard_error_eur: float
    intrinsic_eur: float
    foresight_eur: float
    earnings_at_risk_eur: float
    npv_eur: float
    shipped: str
    sensitivities: Sensitivities | None = None
    energy_value: Sensitivities | None = None


def summarised(
    cash_eur: FloatArray, intrinsic_eur: float, bound_eur: FloatArray, minutes: int, yearly_rate: float, shipped: str = "policy"
) -> AssetValue:
    """Value from cash by path and interval, the last interval including what is left.

    Parameters
    ----------
    bound_eur : array
        Perfect foresight on the first of the same paths.
    """
    earned = cash_eur.sum(axis=1)
    count = bound_eur.size
    years = (np.arange(cash_eur.shape[1]) + 1.0) * hours_of(minutes) / HOURS_PER_YEAR
    return AssetValue(
        value_eur=float(earned.mean()),
        standard_error_eur=float(earned.std(ddof=1) / np.sqrt(earned.size)),
        intrinsic_eur=intrinsic_eur,
        foresight_eur=float(earned.mean() + (bound_eur - earned[:count]).mean()),
        earnings_at_risk_eur=float(np.quantile(earned, RISK_SHARE)),
        npv_eur=float((cash_eur * (1.0 + yearly_rate) ** -years).sum(axis=1).mean()),
        shipped=shipped,
    )


def store_value(
    store: Store,
    learn_eur_mwh: FloatArray,
    fresh_eur_mwh: FloatArray,
    minutes: int,
    yearly_rate: float = 0.0,
    blocks: Mapping[str, npt.NDArray[np.bool_]] | None = None,
    information: Literal["auction", "sequential"] = "sequential",
) -> AssetValue:
    """Value of a store: the better of its policy and the intrinsic plan, judged on fresh paths.

    In an auction of one day nothing is seen between the bids, so the intrinsic plan is the best there is.

    Parameters
    ----------
    learn_eur_mwh, fresh_eur_mwh : arrays, shape (paths, intervals)
        To train on, and to judge on.
    blocks : dict of str to bool array, optional
        Intervals of each block; given, sensitivities are computed too.

    Raises
    ------
    InfeasibleError
    """
    store.check(learn_eur_mwh.shape[1], minutes)
    rule = "intrinsic" if information == "auction" else shipped(store, learn_eur_mwh, minutes)
    cash = _store_cash(store, minutes, rule)
    plan = _fixed_run(store, learn_eur_mwh, fresh_eur_mwh, minutes)
    bound = foresight_values_eur(store, fresh_eur_mwh[:BOUND_PATHS], minutes)
    found = summarised(cash(learn_eur_mwh, fresh_eur_mwh), float(plan.value_eur.mean()), bound, minutes, yearly_rate, rule)
    if blocks is None:
        return found
    own = sensitivities(cash, learn_eur_mwh, fresh_eur_mwh, blocks)
    if information == "auction":
        return replace(found, sensitivities=own)
    return replace(found, sensitivities=own, energy_value=_of_energy(store, learn_eur_mwh, minutes, blocks))


def shipped(store: Store, learn: FloatArray, minutes: int) -> str:
    """Which earns more on the training paths: the policy, or the plan on their mean."""
    policy = float(train(store, learn, minutes).run(learn).value_eur.mean())
    return "policy" if policy >= float(_fixed_run(store, learn, learn, minutes).value_eur.mean()) else "intrinsic"


def _fixed_run(store: Store, learn: FloatArray, paths: FloatArray, minutes: int) -> PolicyRun:
    """The plan that is best on the training paths' mean, kept whatever comes."""
    plan = foresight(store, learn.mean(axis=0), minutes)
    return run_of(store, np.broadcast_to(plan.state_of_charge_mwh, paths.shape), paths, minutes)


def _store_cash(store: Store, minutes: int, rule: str) -> Cash:
    def cash(learn: FloatArray, fresh: FloatArray) -> FloatArray:
        run = train(store, learn, minutes).run(fresh) if rule == "policy" else _fixed_run(store, learn, fresh, minutes)
        found = store.margins_eur(run.charge_mw, run.discharge_mw, fresh, minutes)
        found[:, -1] += run.value_eur - run.margin_eur
        return found

    return cash


def sensitivities(cash: Cash, learn: FloatArray, fresh: FloatArray, blocks: Mapping[str, npt.NDArray[np.bool_]]) -> Sensitivities:
    """Delta per block, gamma and vega of any asset's value, trained anew on bumped paths with the same draws."""
    return _derivatives(lambda a, b: float(cash(a, b).sum(axis=1).mean()), learn, fresh, blocks)


def _derivatives(
    value: Callable[[FloatArray, FloatArray], float], learn: FloatArray, fresh: FloatArray, blocks: Mapping[str, npt.NDArray[np.bool_]]
) -> Sensitivities:
    base, delta = value(learn, fresh), {}
    wide_up, wide_down = (value(learn + bump, fresh + bump) for bump in (GAMMA_BUMP_EUR_MWH, -GAMMA_BUMP_EUR_MWH))
    gamma = (wide_up - 2 * base + wide_down) / GAMMA_BUMP_EUR_MWH**2
    for name, where in {**blocks, "all": np.ones(learn.shape[1], dtype=bool)}.items():
        shift = BUMP_EUR_MWH * where
        up, down = value(learn + shift, fresh + shift), value(learn - shift, fresh - shift)
        delta[name] = (up - down) / (2 * BUMP_EUR_MWH)
    mean = learn.mean(axis=0)
    wide, narrow = (value(mean + (1.0 + s) * (learn - mean), mean + (1.0 + s) * (fresh - mean)) for s in (VOLATILITY_BUMP, -VOLATILITY_BUMP))
    return Sensitivities(delta, gamma, (wide - narrow) / (2 * VOLATILITY_BUMP * PERCENT))


def _of_energy(store: Store, learn: FloatArray, minutes: int, blocks: Mapping[str, npt.NDArray[np.bool_]]) -> Sensitivities:
    """Sensitivities of V_0 at the initial content: mean over the states seen first."""

    def value(a: FloatArray, _: FloatArray) -> float:
        policy = train(store, a, minutes)
        first = np.median(a[:, 0])
        slopes = np.diff([np.interp(first, policy.knots[0], policy.continuation_eur[0][:, c]) for c in range(policy.grid_mwh.size)])
        if policy.knots2.shape[1] > 1:
            raise ValueError("V_0 of a policy that sees two numbers needs both")
        at = min(max(int(np.searchsorted(policy.grid_mwh, store.initial_mwh, side="right")) - 1, 0), slopes.size - 1)
        return float(slopes[at] / np.diff(policy.grid_mwh)[at])

    return _derivatives(value, learn, learn, blocks)
