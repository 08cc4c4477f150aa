"""An allocation described by a file: every objective solved, measured on the same scenarios, and shown.

What belongs here: the file's limits and objectives as those of `mathematics.allocation`, and the measures of each answer. What does not:
keys (`desk.allocation`), data files (`allocation_data`), the page (`allocation_page`).

What is won is a scenario times an amount. VaR is the order statistic (the smallest loss that is not exceeded with the confidence), CVaR the
mean of the worst share with the scenario at its edge in part; both are told as losses, so a negative one is a profit.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import yaml
from pydantic import ValidationError

from energy_pipeline.desk.allocation import AllocationFile, LimitEntry, ObjectiveEntry
from energy_pipeline.desk.load import mistakes
from energy_pipeline.desk.written import read_yaml
from energy_pipeline.domain.delivery import FloatArray
from energy_pipeline.domain.errors import DeskError
from energy_pipeline.mathematics import allocation as al
from energy_pipeline.mathematics.allocation.limits import Limit
from energy_pipeline.mathematics.allocation.objectives import Objective
from energy_pipeline.studies.allocation_data import Inputs, read_inputs

WITHOUT_NUMBERS = ("max_mean", "min_variance", "mean_deviation", "minimax", "min_var", "min_cvar", "min_drawdown")
OF_WEIGHTS = ("max_sharpe", "inverse_volatility", "risk_parity")
"""Asked for by themselves where positions are weights."""
NO_ANSWER = (al.UnsupportedError, al.UnboundedError, al.NoExcessReturnError, al.SolverError)
"""Of one objective alone; the others are shown."""
NODES = 20_000
"""Of the search for the least VaR: nodes, not seconds, stop it at the same place everywhere."""


@dataclass(frozen=True)
class Answer:
    """One objective's answer.

    Attributes
    ----------
    objective : str
    positions : array, shape (n,), or None
        None where it has none; `said` tells why.
    gap : float
        How far its value may lie from the best.
    measures : dict of str to float
        expected, minimum, deviation, var, cvar (losses), sharpe.
    binding : tuple of str
    said : str
    """

    objective: str
    positions: FloatArray | None
    gap: float
    measures: dict[str, float]
    binding: tuple[str, ...]
    said: str


@dataclass(frozen=True)
class Study:
    """A file's answers, with what they were computed from."""

    asked: AllocationFile
    inputs: Inputs
    problem: al.Problem
    answers: tuple[Answer, ...]
    frontier: al.Frontier | None
    frontier_said: str = ""


def read_file(path: Path) -> AllocationFile:
    """The file's keys.

    Raises
    ------
    DeskError
        With every mistake, its place and its line.
    """
    try:
        written = read_yaml(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise DeskError(str(path), [f"cannot be read as YAML: {error}"]) from error
    problems = list(written.doubled)
    try:
        asked = AllocationFile.model_validate(written.data)
    except ValidationError as error:
        raise DeskError(str(path), [*problems, *mistakes(written, error)]) from error
    if problems:
        raise DeskError(str(path), problems)
    return asked


def study(path: Path, data: Path | None = None) -> Study:
    """Solve everything an allocation file asks for.

    Parameters
    ----------
    data : Path, optional
        Folder of the data files; left out, that of the file.

    Raises
    ------
    DeskError, SourceError
        Mistakes in the file; in its data.
    ConflictingLimitsError
        No positions keep the limits.
    """
    asked = read_file(path)
    inputs = read_inputs(asked, data or path.parent)
    problem = _problem(asked, inputs, str(path))
    asked_for = asked.objectives or tuple(ObjectiveEntry(objective=n) for n in (*WITHOUT_NUMBERS, *(OF_WEIGHTS if asked.budget == 1 else ())))
    answers = tuple(_answer(problem, entry, asked.confidence) for entry in asked_for)
    frontier, said = None, ""
    if asked.frontier_points:
        try:
            frontier = al.mean_cvar(problem, asked.confidence, asked.frontier_points)
        except NO_ANSWER as error:
            said = str(error)
    return Study(asked, inputs, problem, answers, frontier, said)


def _problem(asked: AllocationFile, inputs: Inputs, source: str) -> al.Problem:
    unknown = [
        f"limits: {entry.name}: no contract {name!r}; contracts: {', '.join(inputs.names)}"
        for entry in asked.limits
        for name in sorted(_named(entry) - {*inputs.names})
    ]
    if unknown:
        raise DeskError(source, unknown)
    return al.Problem(inputs.names, inputs.scenarios, budget=asked.budget, limits=tuple(_limit(entry, inputs.names) for entry in asked.limits))


def _named(entry: LimitEntry) -> set[str]:
    """Contracts that a limit names."""
    return {*entry.of, *(name for side in (entry.low, entry.high) if isinstance(side, dict) for name in side)}


def _limit(entry: LimitEntry, names: tuple[str, ...]) -> Limit:
    if entry.limit == "bounds":
        return al.Bounds(entry.name, -np.inf if entry.low is None else entry.low, np.inf if entry.high is None else entry.high)
    low, high = (x if isinstance(x, float | int) else other for x, other in ((entry.low, -np.inf), (entry.high, np.inf)))
    of = entry.of or dict.fromkeys(names, 1.0)
    if entry.limit == "sum":
        return al.Linear(entry.name, of, low, high)
    if entry.limit == "gross":
        return al.Gross(entry.name, high, [of.get(n, 0.0) for n in names])
    if entry.limit == "cvar":
        return al.CvarLimit(entry.name, high, entry.confidence)
    if entry.limit == "drawdown":
        return al.DrawdownLimit(entry.name, high, entry.confidence)
    return al.VolatilityLimit(entry.name, high) if entry.limit == "volatility" else al.MeanFloor(entry.name, low)


def _objective(entry: ObjectiveEntry, confidence: float) -> Objective:
    at = entry.confidence or confidence
    made: dict[str, Objective] = {
        "max_mean": al.MaxMean(), "min_variance": al.MinVariance(), "mean_deviation": al.MeanDeviation(), "minimax": al.Minimax(),
        "min_var": al.MinVar(at, seconds=np.inf, nodes=NODES), "min_cvar": al.MinCvar(at), "min_drawdown": al.MinDrawdown(at),
        "max_sharpe": al.MaxSharpe(entry.risk_free), "inverse_volatility": al.InverseVolatility(), "risk_parity": al.RiskBudget(),
        "mean_cvar": al.MeanCvar(entry.risk_aversion or 0.0, at), "utility": al.Utility(entry.risk_aversion or 0.0),
        "target_return": al.TargetReturn(entry.low or 0.0), "target_risk": al.TargetRisk(entry.volatility or 0.0),
    }  # fmt: skip
    return made[entry.objective]


def _answer(problem: al.Problem, entry: ObjectiveEntry, confidence: float) -> Answer:
    try:
        found = al.solve(problem, _objective(entry, confidence))
    except NO_ANSWER as error:
        return Answer(entry.label, None, np.nan, {}, (), str(error))
    return Answer(entry.label, found.positions, found.certificate.gap, measures(problem, found.positions, confidence), found.binding, found.solver)


def measures(problem: al.Problem, positions: FloatArray, confidence: float) -> dict[str, float]:
    """What positions show on the problem's scenarios, in its money.

    Examples
    --------
    >>> book = al.Problem(("a",), np.array([[1.0], [-1.0], [3.0]]))
    >>> {k: round(v, 3) for k, v in measures(book, np.array([2.0]), 0.9).items()}
    {'expected': 2.0, 'minimum': -2.0, 'deviation': 4.0, 'var': 2.0, 'cvar': 2.0, 'sharpe': 0.5}
    """
    won = problem.pnl(positions)
    deviation = float(won.std(ddof=1))
    return {
        "expected": float(won.mean()),
        "minimum": float(won.min()),
        "deviation": deviation,
        "var": al.evaluate(problem, al.MinVar(confidence), positions),
        "cvar": al.evaluate(problem, al.MinCvar(confidence), positions),
        "sharpe": float(won.mean()) / deviation if deviation > 0 else np.nan,
    }
