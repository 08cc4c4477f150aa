"""Convex quadratic objectives over the admissible set: solved, polished, certified.

What belongs here: variance, utility and tracking problems, and the largest Sharpe ratio,
with linear limits. What does not: boxes with a budget alone (`critical_line` is exact),
non-linear limits (`general`).

An interior-point answer is exact to about 1e-8. The limits it shows as active are then
taken as equations and solved directly, which leaves rounding only. The certificate does
not depend on either: a convex function lies above its tangent, and the tangent's least
value over the limits follows from any multipliers.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from energy_pipeline.domain.delivery import FloatArray
from energy_pipeline.mathematics.allocation import conic
from energy_pipeline.mathematics.allocation.covariance import FactorCovariance
from energy_pipeline.mathematics.allocation.errors import SolverError, UnboundedError
from energy_pipeline.mathematics.allocation.highs import Programme
from energy_pipeline.mathematics.allocation.space import Space

BoolArray = npt.NDArray[np.bool_]

ACTIVE_ROUNDS = 12


@dataclass(frozen=True)
class QuadraticOptimum:
    """A certified minimum of 1/2 x'Qx + cost.y.

    Attributes
    ----------
    y, row_prices, gradient : arrays
        As in `tail.TailOptimum`.
    value, bound : float
    polished : bool
    """

    y: FloatArray
    value: float
    bound: float
    row_prices: FloatArray
    gradient: FloatArray
    polished: bool


def times(matrix: FloatArray | FactorCovariance, x: FloatArray) -> FloatArray:
    """Covariance times a vector."""
    if isinstance(matrix, FactorCovariance):
        return matrix.times(x)
    result: FloatArray = matrix @ x
    return result


def dense(matrix: FloatArray | FactorCovariance) -> FloatArray:
    """The matrix itself."""
    return matrix.dense() if isinstance(matrix, FactorCovariance) else matrix


def minimise(space: Space, matrix: FloatArray | FactorCovariance, cost: FloatArray, factor: float = 1.0) -> QuadraticOptimum:
    """Minimise factor/2 x'Mx + cost.y over the set, x the positions in y.

    Raises
    ------
    UnboundedError
        Without a finite minimum.
    SolverError
        When Clarabel stops, or calls a set empty that is not (checked by the caller).
    """
    unit = _units(space, matrix)
    scaled = _scaled(space, unit)
    answer = _interior(scaled, matrix, unit, cost * unit, factor)
    if answer.status == "unbounded":
        raise UnboundedError([])
    if answer.status != "solved":
        raise SolverError(f"Clarabel finds the quadratic programme {answer.status}")
    y = np.clip(answer.y[: space.size] * unit, space.low, space.high)
    m = len(space.row_low)
    norm = _norms(space, unit)
    rough = _certified(space, matrix, cost, factor, y, answer.row_prices[:m] / norm, polished=False)
    fine = _polish(space, matrix, cost, factor, rough)
    return fine if fine.value - fine.bound <= rough.value - rough.bound else rough


def _units(space: Space, matrix: FloatArray | FactorCovariance) -> FloatArray:
    """Scale of each variable: one over its volatility, so that contracts in EUR/MWh and EUR/MW-year have like sizes."""
    variances = (
        np.einsum("ij,jk,ik->i", matrix.loadings, matrix.factor, matrix.loadings) + matrix.specific
        if isinstance(matrix, FactorCovariance)
        else np.diag(matrix)
    )
    known = variances > 1e-300
    usual = float(np.sqrt(np.median(variances[known]))) if known.any() else 1.0
    per = np.where(known, usual / np.sqrt(np.where(known, variances, 1.0)), 1.0)
    return per[space.owners]


def _norms(space: Space, unit: FloatArray) -> FloatArray:
    norm = np.abs(space.rows * unit).max(axis=1, initial=0.0)
    return np.where(norm > 0, norm, 1.0)


def _scaled(space: Space, unit: FloatArray) -> Space:
    norm = _norms(space, unit)
    return replace(
        space,
        rows=space.rows * unit / norm[:, None],
        row_low=space.row_low / norm,
        row_high=space.row_high / norm,
        low=space.low / unit,
        high=space.high / unit,
    )


def _interior(space: Space, matrix: FloatArray | FactorCovariance, unit: FloatArray, cost: FloatArray, factor: float) -> conic.ConicAnswer:
    """Clarabel on the scaled set; a factor covariance stays in factors (k more variables instead of a full matrix)."""
    import scipy.sparse as sp

    n, d = space.contracts, space.size
    if not isinstance(matrix, FactorCovariance):
        quadratic = np.zeros((d, d))
        quadratic[:n, :n] = factor * matrix * unit[:n] * unit[:n, None]
        return conic.solve(space.programme(cost), quadratic)
    k = len(matrix.factor)
    linked = np.zeros((k, d + k))
    linked[:, :n], linked[:, d:] = (matrix.loadings * unit[:n, None]).T, -np.eye(k)
    programme = Programme(
        cost=np.concatenate([cost, np.zeros(k)]),
        rows=np.vstack([np.hstack([space.rows, np.zeros((len(space.rows), k))]), linked]),
        row_low=np.concatenate([space.row_low, np.zeros(k)]),
        row_high=np.concatenate([space.row_high, np.zeros(k)]),
        low=np.concatenate([space.low, np.full(k, -np.inf)]),
        high=np.concatenate([space.high, np.full(k, np.inf)]),
    )
    specific = np.concatenate([factor * matrix.specific * unit[:n] ** 2, np.zeros(d - n)])
    return conic.solve(programme, sp.block_diag([sp.diags(specific), factor * matrix.factor], format="csc"))


def _certified(
    space: Space, matrix: FloatArray | FactorCovariance, cost: FloatArray, factor: float, y: FloatArray, prices: FloatArray, *, polished: bool
) -> QuadraticOptimum:
    pull = factor * times(matrix, y[: space.contracts])
    gradient = cost + space.lift(pull)
    value = 0.5 * float(y[: space.contracts] @ pull) + float(cost @ y)
    bound = value - float(gradient @ y) + space.dual_bound(gradient, prices, forgive=1e-7)
    return QuadraticOptimum(y, value, bound, prices, gradient, polished)


def _polish(space: Space, matrix: FloatArray | FactorCovariance, cost: FloatArray, factor: float, rough: QuadraticOptimum) -> QuadraticOptimum:
    """Solve the optimality equations of the limits that look active; add what is breached, drop what pulls the wrong way."""
    full = np.zeros((space.size, space.size))
    full[: space.contracts, : space.contracts] = factor * dense(matrix)
    scale = 1.0 + np.abs(rough.y)
    reduced = rough.gradient - rough.row_prices @ space.rows
    size = np.abs(rough.gradient).max() + 1e-300
    at_low = (rough.y - space.low) / scale < np.maximum(reduced / size, 1e-9)
    at_high = (space.high - rough.y) / scale < np.maximum(-reduced / size, 1e-9)
    value = space.rows @ rough.y
    row_scale = 1.0 + np.abs(value)
    price = rough.row_prices / (np.abs(rough.row_prices).max(initial=0.0) + 1e-300)
    equal = space.row_low == space.row_high
    row_low = equal | ((value - space.row_low) / row_scale < np.maximum(price, 1e-9))
    row_high = ~equal & ((space.row_high - value) / row_scale < np.maximum(-price, 1e-9))
    best = rough
    for _ in range(ACTIVE_ROUNDS):
        y, prices = _equations(space, full, cost, at_low, at_high, row_low, row_high)
        if y is None or prices is None:
            break
        clipped = np.clip(y, space.low, space.high)
        if space.violation(clipped) < 1e-9:
            trial = _certified(space, matrix, cost, factor, clipped, prices, polished=True)
            best = trial if trial.value - trial.bound < best.value - best.bound else best
        reduced = full @ y + cost - prices @ space.rows
        value = space.rows @ y
        tiny = 1e-12 * (np.abs(full @ y + cost).max() + 1e-300)
        new_low = (at_low & ~(reduced < -tiny)) | (y < space.low - 1e-13 * scale)
        new_high = (at_high & ~(reduced > tiny)) | (y > space.high + 1e-13 * scale)
        new_row_low = equal | (row_low & ~(prices < -1e-13)) | (value < space.row_low - 1e-13 * row_scale)
        new_row_high = ~equal & ((row_high & ~(prices > 1e-13)) | (value > space.row_high + 1e-13 * row_scale))
        same = all(np.array_equal(a, b) for a, b in ((new_low, at_low), (new_high, at_high), (new_row_low, row_low), (new_row_high, row_high)))
        at_low, at_high, row_low, row_high = new_low, new_high, new_row_low, new_row_high
        if same:
            break
    return best


def _equations(
    space: Space, full: FloatArray, cost: FloatArray, at_low: BoolArray, at_high: BoolArray, row_low: BoolArray, row_high: BoolArray
) -> tuple[FloatArray | None, FloatArray | None]:
    """Minimum with these sides held as equations; None where the equations are singular."""
    fixed = at_low | at_high
    y = np.where(at_low, space.low, np.where(at_high, space.high, 0.0))
    free = np.flatnonzero(~fixed)
    rows = np.flatnonzero(row_low | row_high)
    side = np.where(row_low, space.row_low, space.row_high)[rows]
    active = space.rows[np.ix_(rows, free)]
    size, k = free.size, rows.size
    unit = max(float(np.abs(np.diag(full)).max(initial=0.0)), 1e-300)
    system = np.zeros((size + k, size + k))
    system[:size, :size] = full[np.ix_(free, free)] / unit
    system[:size, size:], system[size:, :size] = active.T, active
    right = np.concatenate(
        [-(cost[free] + full[np.ix_(free, np.flatnonzero(fixed))] @ y[fixed]) / unit, side - space.rows[rows][:, fixed] @ y[fixed]]
    )
    firm = system.copy()
    firm[np.arange(size), np.arange(size)] += 1e-10
    firm[np.arange(size, size + k), np.arange(size, size + k)] -= 1e-10
    try:
        from scipy.linalg import lu_factor, lu_solve

        factors = lu_factor(firm, check_finite=False)
        found = lu_solve(factors, right)
        for _ in range(4):
            found += lu_solve(factors, right - system @ found)
    except (np.linalg.LinAlgError, ValueError):
        return None, None
    if not np.isfinite(found).all():
        return None, None
    y[free] = found[:size]
    prices = np.zeros(len(space.row_low))
    # the system holds  Qy + A'm = -c, so prices of rows are -m
    prices[rows] = -found[size:] * unit
    return y, prices


def largest_sharpe(space: Space, matrix: FloatArray | FactorCovariance, excess: FloatArray, constant: float) -> tuple[FloatArray, float]:
    """Positions of the largest (excess.y + constant) / volatility and a proven upper bound on the ratio.

    Charnes and Cooper: with y = u / k the ratio is 1 / sqrt(u'Cu) under excess.u + constant k = 1, and limits
    become limits on (u, k). The caller has made sure that some admissible y has a positive numerator.
    """
    n, d = space.contracts, space.size
    low_rows, high_rows = np.isfinite(space.row_low), np.isfinite(space.row_high)
    lows, highs = np.isfinite(space.low), np.isfinite(space.high)
    identity = np.eye(d)
    rows = np.vstack(
        [
            np.hstack([space.rows[low_rows], -space.row_low[low_rows, None]]),
            np.hstack([-space.rows[high_rows], space.row_high[high_rows, None]]),
            np.hstack([identity[lows], -space.low[lows, None]]),
            np.hstack([-identity[highs], space.high[highs, None]]),
            np.append(excess, constant)[None, :],
        ]
    )
    m = len(rows)
    cone = Space(
        contracts=n,
        rows=rows,
        row_low=np.append(np.zeros(m - 1), 1.0),
        row_high=np.append(np.full(m - 1, np.inf), 1.0),
        row_names=("",) * m,
        low=np.append(np.full(d, -np.inf), 0.0),
        high=np.full(d + 1, np.inf),
        low_names=("",) * (d + 1),
        high_names=("",) * (d + 1),
        cost=np.zeros(d + 1),
    )
    found = _minimise_ratio(cone, matrix)
    k = float(found.y[d])
    if k <= 1e-12 * float(np.abs(found.y).max()):
        raise UnboundedError([])
    least = max(2.0 * found.bound, 0.0)
    return found.y[:d] / k, (1.0 / np.sqrt(least) if least > 0 else np.inf)


def _minimise_ratio(cone: Space, matrix: FloatArray | FactorCovariance) -> QuadraticOptimum:
    """As `minimise`, on a set whose last variable is the scale."""
    n, d = cone.contracts, cone.size
    full = np.zeros((d, d))
    full[:n, :n] = dense(matrix)
    unit = np.ones(d)
    norm = _norms(cone, unit)
    scaled = replace(cone, rows=cone.rows / norm[:, None], row_low=cone.row_low / norm, row_high=cone.row_high / norm)
    answer = conic.solve(scaled.programme(np.zeros(d)), full)
    if answer.status != "solved":
        raise SolverError(f"Clarabel finds the Sharpe programme {answer.status}")
    rough = _certified(cone, matrix, np.zeros(d), 1.0, answer.y, answer.row_prices / norm, polished=False)
    fine = _polish(cone, matrix, np.zeros(d), 1.0, rough)
    return fine if fine.value - fine.bound <= rough.value - rough.bound else rough
