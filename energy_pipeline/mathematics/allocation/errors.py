"""Typed answers to problems that have no ordinary answer.

What belongs here: the error classes of allocation and how they word themselves. What does
not: the checks that raise them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from energy_pipeline.domain.errors import InfeasibleError, PipelineError


class AllocationError(PipelineError):
    """Base of every error the allocation package raises on purpose."""


class BadProblemError(AllocationError):
    """The data of a problem are wrong; `problems` lists every mistake found."""

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        super().__init__(f"{len(self.problems)} mistake(s) in the problem: " + "; ".join(self.problems))


class ConflictingLimitsError(AllocationError, InfeasibleError):
    """No position satisfies the limits.

    Attributes
    ----------
    conflicts : tuple of str
        Names of limits that cannot hold together; without any one of them the others can.
    amounts : mapping of str to float
        The smallest relaxation: how far each limit would have to give way, in its own unit.
    """

    def __init__(self, message: str, conflicts: Sequence[str], amounts: Mapping[str, float]) -> None:
        self.amounts = dict(amounts)
        text = ", ".join(f"{name} by {amount:.6g}" for name, amount in self.amounts.items())
        InfeasibleError.__init__(self, message, conflicts, text)


class UnboundedError(AllocationError):
    """The objective can be improved without end; `contracts` names positions that may grow without end."""

    def __init__(self, contracts: Sequence[str]) -> None:
        self.contracts = tuple(contracts)
        shown = ", ".join(self.contracts[:5]) + (", ..." if len(self.contracts) > 5 else "")
        super().__init__(f"the objective has no finite optimum: nothing limits {shown}; add bounds or a gross limit")


class NoExcessReturnError(AllocationError):
    """No admissible position is expected to earn more than the risk-free rate, so no Sharpe ratio is positive.

    Attributes
    ----------
    best : float
        The highest expected result any admissible position has.
    risk_free : float
    """

    def __init__(self, best: float, risk_free: float) -> None:
        self.best = best
        self.risk_free = risk_free
        super().__init__(
            f"highest expected result {best:.6g} does not exceed the risk-free {risk_free:.6g}: the largest Sharpe ratio is not an investment; "
            "hold cash, or minimise variance instead"
        )


class UnsupportedError(AllocationError):
    """The combination asked for has no method here; the text says which would."""


class SolverError(AllocationError):
    """A solver stopped without an answer; the text says which, how, and what was tried."""
