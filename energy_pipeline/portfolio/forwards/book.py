"""The book as an allocation problem, and the answer as rows.

What belongs here: held positions, quotes, limits of a forward book, the best changes. What
does not: files (`files`), payoffs (`instruments`), solving (`allocation`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from energy_pipeline.domain.delivery import FloatArray
from energy_pipeline.mathematics import allocation as al
from energy_pipeline.mathematics.allocation.limits import Limit
from energy_pipeline.mathematics.allocation.objectives import Objective
from energy_pipeline.portfolio.forwards.instruments import Instrument, payoffs
from energy_pipeline.portfolio.forwards.market import Market


@dataclass(frozen=True)
class ForwardBook:
    """What may be traded and what is held.

    Attributes
    ----------
    instruments : tuple of Instrument
    bid, ask : arrays, shape (contracts,)
        Quotes per MWh (per t); NaN where there is none: the position cannot change.
    held : array, shape (contracts,)
        Units held, bought positive.
    cost_eur : float
        Cash paid for what is held (purchases less sales).
    """

    instruments: tuple[Instrument, ...]
    bid: FloatArray
    ask: FloatArray
    held: FloatArray
    cost_eur: float = 0.0

    @property
    def names(self) -> tuple[str, ...]:
        """Contract names in order."""
        return tuple(i.name for i in self.instruments)

    @property
    def is_quoted(self) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        """Where both sides are quoted."""
        return np.isfinite(self.bid) & np.isfinite(self.ask)


@dataclass(frozen=True)
class BookAnswer:
    """The best changes of a book.

    Attributes
    ----------
    solution : Solution
    problem : Problem
    book : ForwardBook
    before, after : mapping of str to float
        Expected P&L and risk of the book as it is and as it should be [EUR].
    """

    solution: al.Solution
    problem: al.Problem
    book: ForwardBook
    before: dict[str, float] = field(default_factory=dict)
    after: dict[str, float] = field(default_factory=dict)

    def rows(self) -> list[dict[str, object]]:
        """One row per contract: held, trade, price it is done at, what holds it."""
        found = []
        for k, one in enumerate(self.book.instruments):
            trade = float(self.solution.trades[k])
            price = self.book.ask[k] if trade > 0 else self.book.bid[k]
            held_by = [n for n in self.solution.binding if n.endswith(f": {one.name}") or n in _limits_of(self.problem, one.name)]
            found.append(
                {
                    "contract": one.name,
                    "held": float(self.book.held[k]),
                    "trade": 0.0 if abs(trade) < 1e-9 else trade,
                    "price": float(price) if abs(trade) >= 1e-9 else None,
                    "held_by": ", ".join(held_by),
                }
            )
        return found


def objective_of(name: str, risk_aversion: float, confidence: float) -> Objective:
    """An objective of `desk.forwards.ForwardObjective` by its name.

    Raises
    ------
    ValueError
    """
    found: dict[str, Objective] = {
        "mean_cvar": al.MeanCvar(risk_aversion, confidence),
        "min_cvar": al.MinCvar(confidence),
        "min_variance": al.MinVariance(),
        "max_mean": al.MaxMean(),
        "minimax": al.Minimax(),
        "min_mad": al.MeanDeviation(),
        "utility": al.Utility(risk_aversion),
    }
    if name not in found:
        raise ValueError(f"unknown objective {name!r}; objectives: {', '.join(found)}")
    return found[name]


def problem_of(book: ForwardBook, market: Market, limits: Sequence[Limit] = (), base: FloatArray | None = None) -> al.Problem:
    """Changes of the book at its quotes, over the market's scenarios.

    A contract without a quote keeps its position and is valued at its mean payoff: no view is taken on it.
    Trades stay within `max_trade`, lots are whole where the contract has them.
    """
    units = np.array([i.quantity(market) for i in book.instruments])
    values = payoffs(book.instruments, market)
    fair = values.mean(axis=0) / np.where(units > 0, units, 1.0)
    bid, ask = np.where(book.is_quoted, book.bid, fair), np.where(book.is_quoted, book.ask, fair)
    room = np.where(book.is_quoted, [i.max_trade for i in book.instruments], 0.0)
    own: list[Limit] = [al.Bounds("largest trade", book.held - room, book.held + room)]
    lots = {i.name: i.lot for i in book.instruments if i.lot > 0}
    own += [al.Lots("lots", lots)] if lots else []
    fields = {"base": base} if base is not None else {}
    return al.quoted_problem(book.names, values, bid * units, ask * units, book.held, *own, *limits, **fields)


def improve(
    book: ForwardBook,
    market: Market,
    objective: Objective,
    limits: Sequence[Limit] = (),
    base: FloatArray | None = None,
    confidence: float = 0.95,
    clock: Callable[[], float] | None = None,
) -> BookAnswer:
    """The best changes of a book under its limits.

    Parameters
    ----------
    base : array, shape (scenarios,), or None
        P&L of plants and whatever else is not for sale.

    Raises
    ------
    ConflictingLimitsError and the other typed answers of `allocation.solve`.
    """
    problem = problem_of(book, market, limits, base)
    solution = al.solve(problem, objective, clock)
    measured = [_measures(problem, x, confidence) for x in (book.held, solution.positions)]
    return BookAnswer(solution, problem, book, *measured)


def _measures(problem: al.Problem, x: FloatArray, confidence: float) -> dict[str, float]:
    pnl = problem.pnl(x)
    return {
        "expected_pnl_eur": float(problem.expected_pnl(x)),
        "volatility_eur": float(pnl.std(ddof=1)) if pnl.size > 1 else 0.0,
        "cvar_eur": al.evaluate(problem, al.MinCvar(confidence), x),
        "worst_eur": float(-pnl.min()),
    }


def _limits_of(problem: al.Problem, name: str) -> set[str]:
    """Limits that count a contract."""
    place = problem.names.index(name)
    found = set()
    for limit in problem.limits:
        weights = getattr(limit, "coefficients", getattr(limit, "weights", None))
        if weights is not None and problem.per_contract(weights, 0.0)[place] != 0.0:
            found.add(limit.name)
    return found


def select(instruments: Sequence[Instrument], wanted: dict[str, str]) -> list[Instrument]:
    """Contracts that match every given property: kind, zone, block, tenor, name."""
    return [i for i in instruments if all(str(getattr(i, key)) == value for key, value in wanted.items())]
