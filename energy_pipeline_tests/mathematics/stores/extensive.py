"""The joint problem of schedules and hedges written out as one linear programme.

What belongs here: the exact reference for small cases. What does not: anything the flow runs.

All N scenarios have their CVaR row; every store's charge, discharge and content are variables
per interval. It shares no code with the column generation but the problem's data.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from energy_pipeline.domain.delivery import FloatArray
from energy_pipeline.domain.units import hours_of
from energy_pipeline.mathematics.stores.joint.columns import SchedulePolicies
from energy_pipeline.mathematics.stores.joint.problem import JointBookError, JointProblem


@dataclass(frozen=True)
class ExtensiveAnswer:
    """Its optimum.

    Attributes
    ----------
    value_eur : float
    hedge_mw : array, shape (K,)
    exposure_price_eur_mwh : array, shape (F,)
        As in `MasterAnswer`.
    """

    value_eur: float
    hedge_mw: FloatArray
    exposure_price_eur_mwh: FloatArray


def extensive(problem: JointProblem, assets: Sequence[SchedulePolicies]) -> ExtensiveAnswer:
    """Solve it with HiGHS.

    Stores without self-discharge, ratchets, cycle limits or valued energy only: the reference
    needs no more; charging and discharging at once is left possible, which is a relaxation that
    pays only at deeply negative weighted mean prices.

    Raises
    ------
    JointBookError
    """
    import scipy.sparse as sp
    from scipy.optimize import linprog

    solve: Any = linprog  # its stubs have an overload per method and accept no optional matrix

    contracts, limits = problem.contracts, problem.limits
    n, k, f = problem.base_eur.size, len(contracts.names), len(limits.factors)
    steps = [a.paths_eur_mwh.shape[1] for a in assets]
    # bought, sold | per asset charge, discharge, content | quantile, beyond
    per_asset = [3 * t for t in steps]
    tail = 2 * k + sum(per_asset)
    width = tail + 1 + n
    pnl: list[Any] = [sp.csr_array(contracts.gain_eur_mw - contracts.cost_eur_mw), sp.csr_array(-contracts.gain_eur_mw - contracts.cost_eur_mw)]
    exposure: list[Any] = [sp.csr_array(contracts.exposure_mwh), sp.csr_array(-contracts.exposure_mwh)]
    equal: list[Any] = []
    right: list[float] = []
    bounds: list[tuple[float | None, float | None]] = [(0.0, float(u)) for u in (*contracts.most_bought_mw, *contracts.most_sold_mw)]
    for a, t in zip(assets, steps, strict=True):
        hours, store = hours_of(a.minutes), a.store
        pnl += [
            sp.csr_array(-hours * (a.paths_eur_mwh + store.charge_cost_eur_mwh)),
            sp.csr_array(hours * (a.paths_eur_mwh - store.cycle_cost_eur_mwh)),
        ]
        pnl.append(sp.csr_array((n, t)))
        exposure += [sp.csr_array(-hours * a.factors), sp.csr_array(hours * a.factors), sp.csr_array((f, t))]
        balance = [-hours * store.charge_efficiency * sp.eye_array(t), hours / store.discharge_efficiency * sp.eye_array(t)]
        equal.append(sp.hstack([*balance, sp.eye_array(t) - sp.eye_array(t, k=-1)]))
        right += [store.initial_mwh, *np.zeros(t - 1)]
        low = np.full(t, store.minimum_mwh)
        low[-1] = max(store.minimum_mwh, store.end_range_mwh[0])
        high = np.full(t, store.energy_mwh)
        high[-1] = min(store.energy_mwh, store.end_range_mwh[1])
        bounds += [(0.0, store.charge_mw)] * t + [(0.0, store.discharge_mw)] * t + list(zip(low.tolist(), high.tolist(), strict=True))
    bounds += [(None, None)] + [(0.0, None)] * n
    gains = sp.hstack(pnl)
    loss_rows: Any = sp.hstack([-gains, sp.csr_array(-np.ones((n, 1))), -sp.eye_array(n)])
    factor_rows = sp.hstack([*exposure, sp.csr_array((f, 1 + n))])
    budget = np.zeros((2, width))
    budget[0, : 2 * k], budget[1, : 2 * k] = np.tile(contracts.gross, 2), np.tile(contracts.margin_eur_mw, 2)
    rows = sp.vstack([loss_rows, factor_rows, -factor_rows, sp.csr_array(budget)]).tocsr()
    caps = [np.inf if c is None else c for c in (limits.gross_mw, limits.margin_eur)]
    most = np.concatenate([problem.base_eur, limits.exposure_high_mwh, -limits.exposure_low_mwh, caps])
    kept = np.isfinite(most)
    mean = np.asarray(gains.sum(axis=0)).ravel() / n
    weight = problem.risk_aversion
    cost = np.concatenate([-mean, [weight], np.full(n, weight / (n * (1.0 - problem.confidence)))])
    balance_rows = sp.hstack([sp.csr_array((len(right), 2 * k)), sp.block_diag(equal), sp.csr_array((len(right), 1 + n))]) if assets else None
    found = solve(cost, A_ub=rows[kept], b_ub=most[kept], A_eq=balance_rows, b_eq=right or None, bounds=bounds, method="highs")
    if found.status != 0:
        raise JointBookError(f"extensive programme: {found.message}")
    marginals = np.zeros(most.size)
    marginals[kept] = -found.ineqlin.marginals
    prices = marginals[n : n + f] - marginals[n + f : n + 2 * f]
    return ExtensiveAnswer(float(problem.base_eur.mean() - found.fun), found.x[:k] - found.x[k : 2 * k], prices)
