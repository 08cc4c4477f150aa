"""The search for the joint book, and the sequential answer it must beat.

What belongs here: column generation, the bound, shadow prices, judging on fresh scenarios. What
does not: the programme (`master`), the columns (`columns`).

Round by round: the master gives the best hedges and mix of known policies and the worth of one
EUR in each scenario, 1/N + lambda / ((1 - alpha) N) in the tail; every asset is retrained under
these weights; a policy worth more than the mix the asset has enters as a column. A mix is
physical: the asset is split. Value + what the best policies would still add is an upper bound; rounds
end when new policies add nothing.

The sequential answer values first (the policy with the best mean), then hedges what it earns
with the same limits and objective. It is the joint problem with one column per asset, so it can
only be worse on the scenarios both were made on; what counts is fresh ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from energy_pipeline.domain.delivery import FloatArray
from energy_pipeline.mathematics.statistics.tail import expected_shortfall
from energy_pipeline.mathematics.stores.joint.columns import Policies, Usage
from energy_pipeline.mathematics.stores.joint.master import Column, Master, MasterAnswer
from energy_pipeline.mathematics.stores.joint.problem import JointProblem

ROUNDS = 10
GAP = 1e-4
"""Share of the value at which rounds end, unless asked for more."""

USED = 1e-9


@dataclass(frozen=True)
class JointBook:
    """An answer.

    Attributes
    ----------
    answer : MasterAnswer
    used : tuple of (asset, share, Usage)
        The policies with a share.
    pnl_eur : array, shape (N,)
        On the scenarios it was made on.
    bound_eur : float
        Upper bound on the joint objective over all policies: under the last weights no asset is worth more than `Policies.bound_eur`.
        Proven by perfect foresight where training is approximate, and then as far from the optimum as foresight is.
    history_eur : tuple of float
        Value after each round.
    """

    answer: MasterAnswer
    used: tuple[tuple[int, float, Usage], ...]
    pnl_eur: FloatArray
    bound_eur: float
    history_eur: tuple[float, ...]

    def pnl_on(self, problem: JointProblem, paths_eur_mwh: Sequence[FloatArray]) -> FloatArray:
        """P&L on other scenarios: contracts and base of `problem`, price paths per asset."""
        assets = [share * usage.on(paths_eur_mwh[asset])[0] for asset, share, usage in self.used]
        return problem.pnl_eur(self.answer.bought_mw, self.answer.sold_mw, assets)


def joint_book(
    problem: JointProblem, assets: Sequence[Policies], *, rounds: int = ROUNDS, gap: float = GAP, start: Sequence[tuple[int, Usage]] = ()
) -> JointBook:
    """The joint answer by policy column generation.

    Parameters
    ----------
    problem : JointProblem
    assets : sequence of Policies
        Their paths are the problem's scenarios, in the same order.
    rounds : int
        At most.
    gap : float
        Rounds end when no asset's new policy adds more than this share of the value.
    start : sequence of (asset, Usage)
        Policies known from elsewhere, to begin with.

    Raises
    ------
    InfeasibleError
        Naming the limits that conflict, and the smallest relaxation.
    """
    master, usages = _begun(problem, assets, start)
    history: list[float] = []
    while True:
        answer = master.solve()
        history.append(answer.value_eur)
        for number, asset in enumerate(assets):
            usage = asset.train(answer.weights, answer.exposure_price_eur_mwh)
            column = _column(number, asset, usage)
            worth = float(answer.weights @ column.pnl_eur - answer.exposure_price_eur_mwh @ column.exposure_mwh)
            gain = worth - float(answer.asset_price_eur[number])
            if gain > gap * max(abs(answer.value_eur), 1.0) and len(history) < rounds:
                master.add(column)
                usages.append(usage)
        if len(master.columns) == len(answer.shares):
            return _book(problem, master, usages, answer, answer.value_eur + _missing_eur(answer, assets), history)


def _missing_eur(answer: MasterAnswer, assets: Sequence[Policies]) -> float:
    """What the best policies could add at most to the mix each asset has, by duality."""
    priced = [asset.bound_eur(answer.weights, answer.exposure_price_eur_mwh) for asset in assets]
    return float(np.maximum(np.array(priced) - answer.asset_price_eur[: len(priced)], 0.0).sum())


def risk_frontier(problem: JointProblem, assets: Sequence[Policies], risk_aversions: Sequence[float], *, rounds: int = ROUNDS) -> list[JointBook]:
    """The joint book at several risk aversions, over one set of policies.

    Every risk aversion first finds its own policies; then each is solved over all of them, so
    the answers are optima over one feasible set: mean and CVaR fall as risk aversion rises.
    """
    problems = [replace(problem, risk_aversion=value) for value in risk_aversions]
    pool: list[tuple[int, Usage]] = []
    for one in problems:
        pool += [(asset, usage) for asset, _, usage in joint_book(one, assets, rounds=rounds, start=pool).used]
    books = []
    for one in problems:
        master, usages = _begun(one, assets, pool)
        answer = master.solve()
        books.append(_book(one, master, usages, answer, answer.value_eur, [answer.value_eur]))
    return books


def sequential_book(problem: JointProblem, assets: Sequence[Policies]) -> JointBook:
    """Value first, then hedge: every asset at its best mean, the contracts around it."""
    master, usages = _begun(problem, assets)
    answer = master.solve()
    return _book(problem, master, usages, answer, answer.value_eur, [answer.value_eur])


def physical_prices_eur(answer: MasterAnswer, assets: Sequence[Policies]) -> dict[tuple[str, str], float]:
    """Shadow price of every physical limit: (limit, asset) -> EUR per MW or MWh more of it.

    By the envelope theorem: how much more the best policy under the final weights is worth when
    the limit is a little wider and everything else is priced as it is.
    """
    found = {}
    for asset in assets:
        here = _worth(answer, asset)
        for limit, size in asset.physical_limits.items():
            step = asset.limit_step
            found[limit, asset.name] = (_worth(answer, asset.resized(limit, 1.0 + step)) - here) / (step * size)
    return found


def measures(problem: JointProblem, pnl_eur: FloatArray) -> tuple[float, float, float]:
    """Objective, mean and CVaR of a P&L [EUR]."""
    return problem.value_eur(pnl_eur), float(pnl_eur.mean()), expected_shortfall(-pnl_eur, problem.confidence)


def _worth(answer: MasterAnswer, asset: Policies) -> float:
    pnl, exposure = asset.train(answer.weights, answer.exposure_price_eur_mwh).on(asset.paths_eur_mwh)
    return float(answer.weights @ pnl - answer.exposure_price_eur_mwh @ exposure)


def _begun(problem: JointProblem, assets: Sequence[Policies], start: Sequence[tuple[int, Usage]] = ()) -> tuple[Master, list[Usage]]:
    """A master with the best mean of every asset as first column, then those given."""
    master, usages = Master(problem, len(assets)), []
    even, free = np.full(problem.base_eur.size, 1.0 / problem.base_eur.size), np.zeros(len(problem.limits.factors))
    for number, asset in enumerate(assets):
        usages.append(asset.train(even, free))
        master.add(_column(number, asset, usages[-1]))
    for number, usage in start:
        usages.append(usage)
        master.add(_column(number, assets[number], usage))
    return master, usages


def _column(number: int, asset: Policies, usage: Usage) -> Column:
    pnl, exposure = usage.on(asset.paths_eur_mwh)
    return Column(number, pnl, exposure)


def _book(problem: JointProblem, master: Master, usages: Sequence[Usage], answer: MasterAnswer, bound: float, history: Sequence[float]) -> JointBook:
    used = tuple(
        (column.asset, float(share), usage) for column, share, usage in zip(master.columns, answer.shares, usages, strict=True) if share > USED
    )
    shares = [share * c.pnl_eur for share, c in zip(answer.shares, master.columns, strict=True)]
    return JointBook(answer, used, problem.pnl_eur(answer.bought_mw, answer.sold_mw, shares), bound, tuple(history))
