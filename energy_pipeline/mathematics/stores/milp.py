"""The store as a linear or mixed-integer programme, for limits that tie hours together.

What belongs here: cycle limits and ratchets, solved by HiGHS. What does not: stores without
them (`foresight` solves those without a solver).

Charging and discharging at once. Where both are positive, lower c by x and d by eta x with
eta = a b: every s stays as it is, no limit tightens, and the objective changes by
delta x (p (1 - eta) + j + k eta). That is not negative unless p < -(j + k eta) / (1 - eta), so only
such intervals get a binary variable; in all others an optimum without overlap exists, and
`_without_overlap` makes it. With eta = 1 no interval needs one.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from energy_pipeline.domain.delivery import FloatArray
from energy_pipeline.domain.errors import InfeasibleError, PipelineError
from energy_pipeline.domain.units import hours_of
from energy_pipeline.mathematics.stores.store import HOURS_PER_DAY, Ratchet, Store, end_segments

DAYS_PER_WEEK = 7
RELATIVE_GAP = 1e-9


class SolverError(PipelineError):
    """The solver stopped without an optimum although the problem has one."""


def needs_binary(store: Store, prices_eur_mwh: FloatArray) -> npt.NDArray[np.bool_]:
    """Intervals where charging and discharging at once could pay.

    >>> needs_binary(Store(1, 1, 1, charge_efficiency=0.9, discharge_efficiency=0.9, cycle_cost_eur_mwh=10), np.array([-43.0, -42.0])).tolist()
    [True, False]
    """
    eta = store.round_trip
    if eta >= 1.0:
        return np.zeros(prices_eur_mwh.size, dtype=np.bool_)
    return prices_eur_mwh < -(store.charge_cost_eur_mwh + store.cycle_cost_eur_mwh * eta) / (1.0 - eta)


def solve(store: Store, prices: FloatArray, minutes: int) -> tuple[FloatArray, FloatArray, FloatArray | None, str]:
    """Charge and discharge [MW], V_t [EUR/MWh] unless binaries were needed, and the method's name.

    Variables in order: c, d, s, u, e; u is 1 where the store may charge, one per binary interval; e are the pieces of a curved end.

    Raises
    ------
    InfeasibleError
        Cycle limits leave no way to the terminal condition.
    SolverError
    """
    from scipy.optimize import Bounds, LinearConstraint, linprog

    from energy_pipeline.mathematics.stores.mixed_integer import solved

    if store.terminal == "penalised":
        raise InfeasibleError("store: a penalised end goes with neither cycle limits nor ratchets", ["terminal"], "terminal: valued")
    n, delta = prices.size, hours_of(minutes)
    binary = needs_binary(store, prices)
    m = int(binary.sum())
    rows, most = _inequalities(store, n, minutes, binary)
    balance, start = _balance(store, n, m, minutes)
    lowest, highest = np.full(n, store.minimum_mwh), np.full(n, store.energy_mwh)
    lowest[-1], highest[-1] = store.end_range_mwh
    slopes, lengths = end_pieces(store)
    # What is left is the least allowed and the pieces above it; slopes fall, so the pieces fill in order.
    rows, balance, start = *with_pieces(rows, balance, lengths.size, 3 * n - 1), np.concatenate([start, lowest[-1:]] if lengths.size else [start])
    end = np.zeros(n)
    end[-1] = 0.0 if lengths.size else -store.end_value_eur_mwh
    costs = np.concatenate([delta * (prices + store.charge_cost_eur_mwh), delta * (store.cycle_cost_eur_mwh - prices), end, np.zeros(m), -slopes])
    low = np.concatenate([np.zeros(2 * n), lowest, np.zeros(m + lengths.size)])
    high = np.concatenate([np.full(n, store.charge_mw), np.full(n, store.discharge_mw), highest, np.ones(m), lengths])
    run: Any = linprog
    if m:
        constraints = [LinearConstraint(balance, start, start), LinearConstraint(rows, -np.inf, most)]
        kinds = np.concatenate([np.zeros(3 * n), np.ones(m), np.zeros(lengths.size)])
        result: Any = solved(costs, constraints, Bounds(low, high), kinds, RELATIVE_GAP)
    else:
        bounds = np.column_stack([low, high])
        result = run(costs, A_ub=rows, b_ub=most, A_eq=balance, b_eq=start, bounds=bounds, method="highs")
    if result.status == 2:
        names = [name for name in ("cycles_per_day", "cycles_per_week", "cycles_in_all") if getattr(store, name) is not None]
        raise InfeasibleError("store: the terminal condition cannot be met within the cycle limits", [*names, "terminal_mwh"], "a larger cycle limit")
    if result.status != 0:
        raise SolverError(f"HiGHS: {result.message} ({n} intervals, {m} binaries) -> check the store's settings and the prices")
    # The dual is of the minimisation: one more MWh on the right-hand side lowers the cost by its value.
    values = None if m else -np.asarray(result.eqlin.marginals[:n])
    charge, discharge = _without_overlap(store, np.asarray(result.x[:n]), np.asarray(result.x[n : 2 * n]), binary)
    return charge, discharge, values, _method(result.mip_gap) if m else "linear programme"


def _method(gap: float) -> str:
    """The method's name, with the distance to the bound where the search ended before the proof."""
    return "mixed-integer programme" + (f", within {gap:.1e} of the best" if gap > RELATIVE_GAP else "")


def end_pieces(store: Store) -> tuple[FloatArray, FloatArray]:
    """Slopes and lengths of a curved end; none for an end that is one number."""
    return end_segments(store) if store.terminal == "curve" else (np.zeros(0), np.zeros(0))


def with_pieces(rows: Any, balance: Any, pieces: int, last: int) -> tuple[Any, Any]:  # noqa: ANN401 - scipy has no types
    """Inequalities and balance with columns for the pieces of a curved end, and the row content less pieces = least content.

    Parameters
    ----------
    last : int
        Column of the content after the last interval.
    """
    from scipy.sparse import csr_array, hstack, vstack

    if not pieces:
        return rows, balance
    width = balance.shape[1] + pieces
    columns = np.concatenate([[last], np.arange(balance.shape[1], width)])
    ties = csr_array((np.concatenate([[1.0], -np.ones(pieces)]), (np.zeros(pieces + 1, dtype=np.int64), columns)), shape=(1, width))
    wider = [hstack([a, csr_array((a.shape[0], pieces))], format="csr") for a in (rows, balance)]
    return wider[0], vstack([wider[1], ties], format="csr")


def _balance(store: Store, n: int, m: int, minutes: int) -> tuple[Any, FloatArray]:
    from scipy.sparse import csr_array, diags_array, eye_array, hstack

    delta, kept = hours_of(minutes), store.kept(minutes)
    bands: Any = [np.ones(n), np.full(n - 1, -kept)]
    stored = diags_array(bands, offsets=[0, -1])
    one = eye_array(n)
    start = np.zeros(n)
    start[0] = kept * store.initial_mwh
    blocks = [-delta * store.charge_efficiency * one, delta / store.discharge_efficiency * one, stored, csr_array((n, m))]
    return hstack(blocks, format="csr"), start


def _inequalities(store: Store, n: int, minutes: int, binary: npt.NDArray[np.bool_]) -> tuple[Any, FloatArray]:
    """Cycle limits, ratchets, and no overlap where it could pay."""
    from scipy.sparse import coo_array, vstack

    m, delta = int(binary.sum()), hours_of(minutes)
    width = 3 * n + m
    blocks, most = [], []
    hours = np.arange(n) * delta
    for limit, span in ((store.cycles_per_day, HOURS_PER_DAY), (store.cycles_per_week, HOURS_PER_DAY * DAYS_PER_WEEK), (store.cycles_in_all, np.inf)):
        if limit is not None:
            group = np.floor(hours / span + 1e-9).astype(np.int64)
            blocks.append(coo_array((np.full(n, delta), (group, n + np.arange(n))), shape=(int(group[-1]) + 1, width)))
            most.append(np.full(int(group[-1]) + 1, limit * store.energy_mwh))
    for offset, ratchet in ((0, store.charge_ratchet), (n, store.discharge_ratchet)):
        for slope, level in _cuts(ratchet):
            blocks.append(_below_ratchet(n, width, offset, slope))
            most.append(np.where(np.arange(n) == 0, level + slope * store.initial_mwh, level))
    if m:
        row, where = np.arange(m), np.flatnonzero(binary)
        ones = np.ones(m)
        entries = np.concatenate([ones, -store.charge_mw * ones])
        blocks.append(coo_array((entries, (np.tile(row, 2), np.concatenate([where, 3 * n + row]))), shape=(m, width)))
        entries = np.concatenate([ones, store.discharge_mw * ones])
        blocks.append(coo_array((entries, (np.tile(row, 2), np.concatenate([n + where, 3 * n + row]))), shape=(m, width)))
        most += [np.zeros(m), np.full(m, store.discharge_mw)]
    if not blocks:
        return coo_array((0, width)).tocsr(), np.zeros(0)
    return vstack(blocks, format="csr"), np.concatenate(most)


def _below_ratchet(n: int, width: int, offset: int, slope: float) -> Any:  # noqa: ANN401 - scipy has no types
    """power_t - slope s_{t-1} <= level."""
    from scipy.sparse import coo_array

    row = np.arange(n)
    entries = np.concatenate([np.ones(n), np.full(n - 1, -slope)])
    columns = np.concatenate([offset + row, 2 * n + row[:-1]])
    return coo_array((entries, (np.concatenate([row, row[1:]]), columns)), shape=(n, width))


def _cuts(ratchet: Ratchet) -> list[tuple[float, float]]:
    """(slope, level at zero energy) of each piece, for a ratchet that is concave in the energy."""
    if not ratchet:
        return []
    levels, powers = np.array(ratchet).T
    slopes = np.diff(powers) / np.diff(levels)
    if (np.diff(slopes) > 1e-12).any():
        text = "store: a ratchet is not concave, so no linear programme describes it"
        raise InfeasibleError(text, ["charge_ratchet", "discharge_ratchet"], "its concave hull")
    flat = [(0.0, float(powers.max()))]
    return flat + [(float(s), float(p - s * x)) for s, p, x in zip(slopes, powers[:-1], levels[:-1], strict=True)]


def _without_overlap(store: Store, charge: FloatArray, discharge: FloatArray, binary: npt.NDArray[np.bool_]) -> tuple[FloatArray, FloatArray]:
    """Take the overlap out where that costs nothing; clear the solver's noise where a binary forbids it."""
    charge, discharge = np.clip(charge, 0.0, store.charge_mw), np.clip(discharge, 0.0, store.discharge_mw)
    eta = store.round_trip
    both = np.where(binary, 0.0, np.minimum(charge, discharge / eta))
    charge, discharge = charge - both, discharge - eta * both
    smaller = np.minimum(charge, discharge)
    return np.where(binary & (charge <= smaller), 0.0, charge), np.where(binary & (discharge < charge), 0.0, discharge)
