"""Linear and mixed-integer programmes by HiGHS.

What belongs here: one call, its result in plain arrays, fixed settings. What does not:
what the rows mean.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from energy_pipeline.domain.delivery import FloatArray
from energy_pipeline.mathematics.allocation.errors import SolverError

INFEASIBLE, UNBOUNDED, OPTIMAL, STOPPED = "infeasible", "unbounded", "optimal", "stopped"


@dataclass(frozen=True)
class Programme:
    """min cost.y with row_low <= rows y <= row_high and low <= y <= high.

    Attributes
    ----------
    rows : array or scipy sparse matrix, shape (m, d)
    whole : array of bool, shape (d,), or None
        Which variables are integers.
    """

    cost: FloatArray
    rows: Any
    row_low: FloatArray
    row_high: FloatArray
    low: FloatArray
    high: FloatArray
    whole: Any = None


@dataclass(frozen=True)
class Answer:
    """What HiGHS found.

    Attributes
    ----------
    status : str
    y : array, shape (d,)
    value : float
        Cost of y.
    bound : float
        Proven lower bound (equal to value for a solved linear programme).
    row_prices : array, shape (m,)
        Change of the least cost per unit of the binding side of each row.
    """

    status: str
    y: FloatArray
    value: float
    bound: float
    row_prices: FloatArray


@dataclass(frozen=True)
class Effort:
    """When a search over integers ends: after the seconds, at the relative gap, after so many nodes."""

    seconds: float = np.inf
    gap: float = 0.0
    nodes: int | None = None


def solve(programme: Programme, seconds: float = np.inf, start: FloatArray | None = None, gap: float = 0.0, nodes: int | None = None) -> Answer:
    """Solve it; for integers, stop at the relative gap, or after the seconds or nodes.

    Raises
    ------
    SolverError
        When HiGHS stops for a reason other than optimality, infeasibility, unboundedness or time.
    """
    import highspy

    solver = _loaded(programme, seconds, gap, nodes)
    if start is not None:
        solution = highspy.HighsSolution()
        solution.col_value = start.tolist()
        solver.setSolution(solution)
    solver.run()
    status = solver.getModelStatus()
    if status == highspy.HighsModelStatus.kUnboundedOrInfeasible:
        solver.setOptionValue("presolve", "off")
        solver.run()
        status = solver.getModelStatus()
    word = {
        highspy.HighsModelStatus.kOptimal: OPTIMAL,
        highspy.HighsModelStatus.kInfeasible: INFEASIBLE,
        highspy.HighsModelStatus.kUnbounded: UNBOUNDED,
        highspy.HighsModelStatus.kTimeLimit: STOPPED,
        highspy.HighsModelStatus.kSolutionLimit: STOPPED,
    }.get(status)
    if word is None:
        raise SolverError(f"HiGHS stopped with status {status} on {programme.cost.size} variables and {len(programme.row_low)} rows")
    info, solution = solver.getInfo(), solver.getSolution()
    value = float(info.objective_function_value)
    return Answer(
        status=word,
        y=np.asarray(solution.col_value, dtype=np.float64),
        value=value,
        bound=value if programme.whole is None else float(info.mip_dual_bound),
        row_prices=np.asarray(solution.row_dual, dtype=np.float64),
    )


def _loaded(programme: Programme, seconds: float, gap: float, nodes: int | None) -> Any:  # noqa: ANN401 - highspy ships no types
    import highspy
    import scipy.sparse as sp

    matrix = sp.csr_matrix(programme.rows)
    model = highspy.HighsLp()
    model.num_col_, model.num_row_ = programme.cost.size, matrix.shape[0]
    model.col_cost_, model.col_lower_, model.col_upper_ = programme.cost, programme.low, programme.high
    model.row_lower_, model.row_upper_ = programme.row_low, programme.row_high
    model.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    model.a_matrix_.start_, model.a_matrix_.index_, model.a_matrix_.value_ = matrix.indptr, matrix.indices, matrix.data
    if programme.whole is not None:
        kinds = (highspy.HighsVarType.kContinuous, highspy.HighsVarType.kInteger)
        model.integrality_ = [kinds[int(w)] for w in programme.whole]
    solver = highspy.Highs()
    options: dict[str, object] = {
        "output_flag": False,
        "threads": 1,
        "random_seed": 0,
        "primal_feasibility_tolerance": 1e-9,
        "dual_feasibility_tolerance": 1e-9,
        "mip_feasibility_tolerance": 1e-9,
        "mip_rel_gap": gap,
        "mip_abs_gap": 0.0,
    }
    if np.isfinite(seconds):
        options["time_limit"] = seconds
    if nodes is not None:
        options["mip_max_nodes"] = nodes
    for key, setting in options.items():
        solver.setOptionValue(key, setting)
    solver.passModel(model)
    return solver
