"""Risk parity and risk budgets: positions whose shares of the variance are given.

What belongs here: the solver, inverse volatility, risk shares. What does not: limits other
than long (or given signs): with those no portfolio has the wanted shares in general.

The positions minimise 1/2 x'Cx - sum budget_i ln x_i (Spinu 2013), which is strictly
convex. Coordinates are solved one after another in closed form on the correlation matrix;
Newton steps by conjugate gradients bring the last digits. The certificate is the largest
deviation of a risk share from its budget.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from energy_pipeline.domain.delivery import FloatArray
from energy_pipeline.mathematics.allocation.covariance import require_covariance
from energy_pipeline.mathematics.allocation.errors import BadProblemError, SolverError
from energy_pipeline.mathematics.compilation import ANY_ORDER, kernel

MAX_SWEEPS = 6


@dataclass(frozen=True)
class RiskBudgetResult:
    """Positions that sum (with their signs) to one in size, and how exact they are.

    Attributes
    ----------
    positions : array, shape (n,)
        Sum of absolute values 1.
    shares : array, shape (n,)
        Share of each in the variance; sums to 1.
    deviation : float
        Largest |share - budget| / budget.
    sweeps, newton_steps : int
    """

    positions: FloatArray
    shares: FloatArray
    deviation: float
    sweeps: int
    newton_steps: int


def risk_shares(covariance: FloatArray, positions: FloatArray) -> FloatArray:
    """Euler shares of the variance, shape (n,); they sum to one.

    Raises
    ------
    BadProblemError
        The covariance is none.

    Examples
    --------
    >>> risk_shares(np.diag([1.0, 4.0]), np.array([2.0, 1.0])).tolist()
    [0.5, 0.5]
    """
    require_covariance(covariance)
    contribution = positions * (covariance @ positions)
    result: FloatArray = contribution / contribution.sum()
    return result


def inverse_volatility(covariance: FloatArray) -> FloatArray:
    """Weights in proportion to 1 / volatility, summing to one, shape (n,).

    Raises
    ------
    BadProblemError
        When a contract has no risk, or the covariance is none.
    """
    require_covariance(covariance)
    sigma = np.sqrt(np.diag(covariance))
    if not (sigma > 0).all():
        raise BadProblemError([f"{int((~(sigma > 0)).sum())} contract(s) without risk have no inverse volatility"])
    result: FloatArray = (1.0 / sigma) / (1.0 / sigma).sum()
    return result


def risk_budget(
    covariance: FloatArray, budgets: FloatArray | None = None, signs: FloatArray | None = None, tolerance: float = 1e-10
) -> RiskBudgetResult:
    """Positions with the given shares of the variance.

    Parameters
    ----------
    covariance : array, shape (n, n)
    budgets : array, shape (n,), or None
        Positive shares (scaled to sum to one); None: equal, which is risk parity.
    signs : array, shape (n,), or None
        +1 long, -1 short; None: all long.

    Raises
    ------
    BadProblemError
        A contract without risk, a budget that is not positive, a covariance that is none.
    SolverError
        When the shares cannot be reached: contracts (nearly) cancel each other.

    Examples
    --------
    >>> risk_budget(np.diag([1.0, 4.0])).positions.round(6).tolist()
    [0.666667, 0.333333]
    """
    require_covariance(covariance)
    return budgeted(covariance, budgets, signs, tolerance)


def budgeted(covariance: FloatArray, budgets: FloatArray | None, signs: FloatArray | None, tolerance: float = 1e-10) -> RiskBudgetResult:
    """`risk_budget` on what is known to be a covariance (a problem's has been checked)."""
    n = len(covariance)
    sigma = np.sqrt(np.diag(covariance))
    if not (sigma > 0).all():
        raise BadProblemError([f"{int((~(sigma > 0)).sum())} contract(s) have no risk; no share of risk can be given to them"])
    wanted = np.full(n, 1.0 / n) if budgets is None else budgets / budgets.sum()
    if not (wanted > 0).all():
        raise BadProblemError(["every risk budget must be positive; leave a contract out to give it none"])
    direction = np.ones(n) if signs is None else np.sign(signs)
    scale = direction / sigma
    correlation = np.ascontiguousarray(covariance * scale)
    correlation *= scale[:, None]
    x, sweeps = _sweeps(correlation, np.ascontiguousarray(wanted), 1e-2, MAX_SWEEPS)
    x, newton = _polish(correlation, wanted, x, tolerance)
    shares = x * (correlation @ x)
    deviation = float(np.abs(shares / shares.sum() / wanted - 1.0).max())
    if not deviation <= 1e-6:
        raise SolverError(f"risk budgets missed by a relative {deviation:.3g}: some contracts all but cancel each other")
    positions = x * scale
    return RiskBudgetResult(positions / np.abs(positions).sum(), shares / shares.sum(), deviation, int(sweeps), newton)


def _polish(correlation: FloatArray, wanted: FloatArray, x: FloatArray, tolerance: float) -> tuple[FloatArray, int]:
    """Newton steps on the convex function; its Hessian C + diag(wanted / x^2) is applied, not factored."""
    steps = 0
    best, best_error = x, np.inf
    for _ in range(60):
        image = correlation @ x
        error = float(np.abs(x * image / wanted - 1.0).max())
        if error < best_error:
            best, best_error = x, error
        if error <= tolerance:
            break
        step = _conjugate_gradients(correlation, wanted / x**2, wanted / x - image, max(0.1 * min(0.1, error), 0.1 * tolerance / error))
        # never more than nine tenths of the way to a zero position
        x = x + step * min(1.0, 0.9 / max(float((-step / x).max()), 1e-300))
        steps += 1
    return best, steps


def _conjugate_gradients(correlation: FloatArray, extra: FloatArray, right: FloatArray, accuracy: float) -> FloatArray:
    """Solve (C + diag(extra)) step = right, scaled by its diagonal, to a relative accuracy."""
    diagonal = np.diag(correlation) + extra
    solution = np.zeros_like(right)
    residual = right.copy()
    search = residual / diagonal
    size = float(residual @ search)
    goal = accuracy**2 * size
    for _ in range(500):
        if size <= goal or size == 0.0:
            break
        image = correlation @ search + extra * search
        length = size / float(search @ image)
        solution += length * search
        residual -= length * image
        ready = residual / diagonal
        new = float(residual @ ready)
        search = ready + (new / size) * search
        size = new
    return solution


@kernel(lambda t: (t.reads(2), t.reads(1), t.number, t.count), sums=ANY_ORDER)
def _sweeps(C: FloatArray, wanted: FloatArray, tolerance: float, max_sweeps: int) -> tuple[FloatArray, int]:
    n = wanted.size
    x = np.sqrt(wanted / max(C.sum() / n, 0.05))
    image = np.dot(C, x)
    for sweep in range(max_sweeps):
        worst = 0.0
        for i in range(n):
            rest = image[i] - C[i, i] * x[i]
            # the stable root of C_ii x^2 + rest x = wanted
            root = np.sqrt(rest * rest + 4.0 * C[i, i] * wanted[i])
            new = 2.0 * wanted[i] / (rest + root) if rest > 0.0 else (root - rest) / (2.0 * C[i, i])
            move = new - x[i]
            worst = max(worst, abs(move) / new)
            x[i] = new
            row = C[i]
            for j in range(n):
                image[j] += move * row[j]
        if worst < tolerance:
            return x, sweep + 1
        # the walk's length is fixed by one scalar: x'Cx must be the sum of the budgets
        scale = np.sqrt(wanted.sum() / np.dot(x, image))
        x *= scale
        image *= scale
    return x, max_sweeps
