"""Whether a backtest may be believed: splits that do not leak, the count of trials, the verdict.

What belongs here: walk-forward and purged cross-validation, and the rule that too good a result
fails until it is explained. What does not: the ratios and their tests (`mathematics.statistics.performance`,
`mathematics.statistics.significance`).

The rule (MARKET section 2): a net Sharpe ratio above 3, or significance at 1 % after the count of
trials, is more often a mistake than an edge. It is `unexplained` until the desk file says why it
is right; the asset check, the SQL test and the command fail on it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar

import numpy as np

from energy_pipeline.domain.delivery import FloatArray, IntArray
from energy_pipeline.domain.errors import PipelineError

SHARPE_CEILING = 3.0
SIGNIFICANCE = 0.01
MINIMUM_DAYS = 20
T = TypeVar("T")


class UnexplainedResultError(PipelineError):
    """A backtest is too good and nobody said why."""


def walk_forward(size: int, train: int, test: int, embargo: int = 0) -> Iterator[tuple[IntArray, IntArray]]:
    """Training window that ends `embargo` before its test window, moved on by one test window at a time.

    >>> [(a.tolist(), b.tolist()) for a, b in walk_forward(7, 3, 2)]
    [([0, 1, 2], [3, 4]), ([2, 3, 4], [5, 6])]
    """
    for begin in range(train + embargo, size - test + 1, test):
        yield np.arange(begin - embargo - train, begin - embargo), np.arange(begin, begin + test)


def purged_folds(begins: IntArray, ends: IntArray, folds: int, embargo: int = 0) -> Iterator[tuple[IntArray, IntArray]]:
    """K folds in time whose training rows never overlap the test rows' span.

    Parameters
    ----------
    begins, ends : array of int64, shape (rows,)
        First and last instant a row uses (look-back and outcome), rows in order of begin.
    embargo : int
        Further distance kept after a test span, in the same unit: what follows a test row remembers it.

    Yields
    ------
    (training rows, test rows)
    """
    for test in np.array_split(np.arange(begins.size), folds):
        if test.size == 0:
            continue
        first, last = begins[test].min(), ends[test].max() + embargo
        clear = (ends < first) | (begins > last)
        yield np.flatnonzero(clear), test


@dataclass(frozen=True)
class WalkForward:
    """What choosing on the past and trading the future gave.

    Attributes
    ----------
    chosen : list
        The parameter set of each test window.
    daily_eur : array
        Results of the test windows, in order: out of sample throughout.
    in_sample_sharpe, out_of_sample_sharpe : float
        Daily ratios: mean over windows of the chosen set's, and of `daily_eur`.
    trials : int
        Parameter sets compared.
    sharpe_spread : float
        Standard deviation over all sets and windows of the training ratios.
    """

    chosen: list[int]
    daily_eur: FloatArray
    in_sample_sharpe: float
    out_of_sample_sharpe: float
    trials: int
    sharpe_spread: float


def choose_and_trade(daily_eur: FloatArray, train: int, test: int, embargo: int = 0) -> WalkForward:
    """Walk forward over sets that are already backtested: the best of each training window trades the next test window.

    Parameters
    ----------
    daily_eur : array, shape (sets, days)
        Net results; a set's results may depend on its own past only.
    """
    chosen, parts, seen = [], [], []
    for learn, trade in walk_forward(daily_eur.shape[1], train, test, embargo):
        ratios = np.array([daily_sharpe(row[learn]) for row in daily_eur])
        best = int(np.argmax(ratios))
        chosen.append(best)
        parts.append(daily_eur[best, trade])
        seen.append(ratios)
    if not parts:
        raise ValueError(f"{daily_eur.shape[1]} days are too few for a training window of {train} and a test window of {test}")
    found, ratios = np.concatenate(parts), np.array(seen)
    spread = float(ratios.std(ddof=1)) if ratios.size > 1 else 0.0
    return WalkForward(chosen, found, float(ratios.max(axis=1).mean()), daily_sharpe(found), daily_eur.shape[0], spread)


def daily_sharpe(daily_eur: FloatArray) -> float:
    """Mean over standard deviation (divisor n - 1); 0 without spread."""
    spread = float(daily_eur.std(ddof=1)) if daily_eur.size > 1 else 0.0
    mean = float(daily_eur.mean()) if daily_eur.size else 0.0
    return mean / spread if spread > 1e-12 * abs(mean) and spread > 0 else 0.0


def stability(evaluate: Callable[[T], float], centre: T, neighbours: Mapping[str, Sequence[T]]) -> dict[str, list[float]]:
    """A figure at the chosen parameters and at their neighbours, by name: a lone peak is luck."""
    return {"chosen": [evaluate(centre)], **{name: [evaluate(v) for v in values] for name, values in neighbours.items()}}


@dataclass(frozen=True)
class Verdict:
    """What a backtest's daily net results say.

    Attributes
    ----------
    sharpe, low, high : float or None
        Annualised, with its 95 % interval by stationary bootstrap; None under 20 days or without spread.
    probability : float or None
        That the true ratio beats the best of `trials` worthless ones (deflated Sharpe ratio).
    status : str
        `plausible`, `too_short`, or for too good a result `explained` and `unexplained`.
    """

    sharpe: float | None
    low: float | None
    high: float | None
    probability: float | None
    trials: int
    status: Literal["plausible", "too_short", "explained", "unexplained"]


def verdict(
    daily_net_eur: FloatArray,
    rng: np.random.Generator,
    *,
    trials: int = 1,
    sharpe_spread: float | None = None,
    explanation: str = "",
    annualisation_days: int = 365,
    draws: int = 1000,
) -> Verdict:
    """Judge daily net results.

    Parameters
    ----------
    sharpe_spread : float, optional
        Standard deviation of the trials' daily ratios; 1 / sqrt(days), what worthless ones show, when not given.
    """
    from energy_pipeline.mathematics.statistics.significance import deflated_probability, sharpe_interval

    x = np.asarray(daily_net_eur, dtype=np.float64)
    if x.size < MINIMUM_DAYS or daily_sharpe(x) == 0.0:
        return Verdict(None, None, None, None, trials, "too_short" if x.size < MINIMUM_DAYS else "plausible")
    root = float(np.sqrt(annualisation_days))
    sharpe = daily_sharpe(x) * root
    low, high = sharpe_interval(x, rng, draws=draws)
    probability = deflated_probability(x, trials, 1.0 / np.sqrt(x.size) if sharpe_spread is None else sharpe_spread)
    suspicious = sharpe > SHARPE_CEILING or probability > 1.0 - SIGNIFICANCE
    status: Literal["plausible", "explained", "unexplained"] = "plausible" if not suspicious else "explained" if explanation else "unexplained"
    return Verdict(sharpe, low * root, high * root, probability, trials, status)


def require_explained(verdicts: Mapping[str, Verdict]) -> None:
    """Refuse results that are too good and not explained.

    Raises
    ------
    UnexplainedResultError
        Naming all of them.
    """
    bad = {n: v for n, v in verdicts.items() if v.status == "unexplained"}
    if bad:
        lines = [f"  - {n}: Sharpe {v.sharpe:.2f}, deflated probability {v.probability:.4f} after {v.trials} trial(s)" for n, v in bad.items()]
        raise UnexplainedResultError(
            f"{len(bad)} result(s) with a Sharpe above {SHARPE_CEILING:g} or significant at {SIGNIFICANCE:.0%} after the count of trials\n"
            + "\n".join(lines)
            + "\n-> look for a price that could not be had or was known too late; if it is right, say why in the strategy's `explanation`"
        )
