"""Risk of many positions on few factors, without the product of positions and paths.

What belongs here: measures and Euler contributions of positions that are linear in factors. What does not: where moves come from.

P&L of a path is moves . (sizes summed by factor): the work is paths x factors, and a contribution is the position's size times what
its factor loses in the book's tail. A dense product of 2,000 positions and 10,000 paths would hold 160 MB.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from energy_pipeline.domain.delivery import FloatArray, IntArray
from energy_pipeline.mathematics.statistics.decomposition import Measure
from energy_pipeline.mathematics.statistics.measures import var_scenario_weights, volatility
from energy_pipeline.mathematics.statistics.tail import expected_shortfall, tail_weights, value_at_risk


@dataclass(frozen=True)
class FactorRisk:
    """A book's P&L by path, and what each factor's unit adds to its risk.

    Attributes
    ----------
    moves : array, shape (paths, factors)
        Change of a unit of each factor [EUR/MWh].
    factor : array of int, shape (positions,)
        Which factor each position is on.
    size : array, shape (positions,)
        Units of it [MWh].
    """

    moves: FloatArray
    factor: IntArray
    size: FloatArray

    @property
    def pnl(self) -> FloatArray:
        """P&L by path [EUR], shape (paths,)."""
        net = np.bincount(self.factor, weights=self.size, minlength=self.moves.shape[1])
        # einsum rather than BLAS: its sums do not depend on the number of threads
        return np.asarray(np.einsum("ij,j->i", self.moves, net))

    def measured(self, measure: Measure, level: float = 0.0) -> float:
        """Volatility, or VaR or shortfall of the loss against expectation [EUR]."""
        pnl = self.pnl
        if measure == "volatility":
            return volatility(pnl)
        loss = pnl.mean() - pnl
        return value_at_risk(loss, level) if measure == "var" else expected_shortfall(loss, level)

    def contributions(self, measure: Measure, level: float = 0.0) -> FloatArray:
        """Euler contributions of the positions [EUR], shape (positions,); they add up to the measure.

        Examples
        --------
        >>> book = FactorRisk(np.array([[1.0], [-1.0], [2.0], [-2.0]]), np.array([0, 0]), np.array([3.0, -1.0]))
        >>> book.measured("es", 0.75), book.contributions("es", 0.75).tolist()
        (4.0, [6.0, -2.0])
        """
        pnl = self.pnl
        loss = pnl.mean() - pnl
        if measure == "volatility":
            sigma = volatility(pnl)
            weights = np.zeros(pnl.size) if sigma == 0.0 else loss / sigma / (pnl.size - 1)
        else:
            weights = tail_weights(loss, level) if measure == "es" else var_scenario_weights(loss, level)
        centred = self.moves.mean(axis=0) * weights.sum() - np.einsum("ij,i->j", self.moves, weights)
        return np.asarray(self.size * centred[self.factor])
