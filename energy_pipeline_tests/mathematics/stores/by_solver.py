"""The store as a mixed-integer programme, written apart from the product: a binary in every interval."""

import numpy as np
from scipy import sparse
from scipy.optimize import Bounds, LinearConstraint, milp


def value_by_solver(store, prices, minutes, gap=1e-9, binaries=True):
    """Best margin plus the value of what is left. Variables: charge, discharge, content, charging?."""
    n, h = prices.size, minutes / 60
    kept = (1 - store.self_discharge_per_day) ** (h / 24)
    eye, none = sparse.identity(n), sparse.csr_matrix((n, n))
    shift = sparse.eye(n, k=-1) * kept
    balance = sparse.hstack([-h * store.charge_efficiency * eye, h / store.discharge_efficiency * eye, eye - shift, none])
    begin = np.zeros(n)
    begin[0] = kept * store.initial_mwh
    rules = [LinearConstraint(balance, begin, begin)]
    if binaries:
        rules.append(LinearConstraint(sparse.hstack([eye, none, none, -store.charge_mw * eye]), -np.inf, 0))
        rules.append(LinearConstraint(sparse.hstack([none, eye, none, store.discharge_mw * eye]), -np.inf, store.discharge_mw))
    for limit, hours in ((store.cycles_per_day, 24), (store.cycles_per_week, 168), (store.cycles_in_all, 10**9)):
        if limit is not None:
            groups = (np.arange(n) * h) // hours
            for g in np.unique(groups):
                row = np.zeros(4 * n)
                row[n : 2 * n] = h * (groups == g)
                rules.append(LinearConstraint(row[None], -np.inf, limit * store.energy_mwh))
    low = np.concatenate([np.zeros(2 * n), np.full(n, store.minimum_mwh), np.zeros(n)])
    high = np.concatenate([np.full(n, store.charge_mw), np.full(n, store.discharge_mw), np.full(n, store.energy_mwh), np.ones(n)])
    low[3 * n - 1] = max(store.minimum_mwh, store.terminal_mwh)
    if store.terminal == "equal":
        high[3 * n - 1] = store.terminal_mwh
    cost = np.concatenate([h * (prices + store.charge_cost_eur_mwh), h * (store.cycle_cost_eur_mwh - prices), np.zeros(2 * n)])
    cost[3 * n - 1] = -(store.terminal_value_eur_mwh if store.terminal == "valued" else 0.0)
    kinds = np.concatenate([np.zeros(3 * n), np.full(n, float(binaries))])
    found = milp(cost, constraints=rules, bounds=Bounds(low, high), integrality=kinds, options={"mip_rel_gap": gap})
    assert found.status == 0, found.message
    return -found.fun
