"""The joint problem as data, and the exact value of any answer to it.

What belongs here: contracts, limits, the objective. What does not: solving.

P&L of scenario i [EUR], with b and s the MW bought and sold of each contract and one P&L vector
v_a for every asset:

    base_i + sum_k (g_ik - c_k) b_k + (-g_ik - c_k) s_k + sum_a v_ai

Factor exposures are expected MWh: of contracts per MW, of assets by what they are expected to
deliver where the factor looks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from energy_pipeline.domain.delivery import FloatArray
from energy_pipeline.domain.errors import PipelineError
from energy_pipeline.mathematics.statistics.tail import expected_shortfall


class JointBookError(PipelineError):
    """The joint book's programme stopped without an optimum."""


@dataclass(frozen=True)
class Contracts:
    """K contracts over N scenarios.

    Attributes
    ----------
    names : tuple of str, length K
    gain_eur_mw : array, shape (N, K)
        P&L per MW bought at mid.
    cost_eur_mw : array, shape (K,)
        Paid per MW traded either way.
    most_bought_mw, most_sold_mw : array, shape (K,)
        Position limits, not negative.
    margin_eur_mw : array, shape (K,)
        Initial margin per MW held either way.
    exposure_mwh : array, shape (F, K)
        Factor exposure per MW bought.
    gross_per_mw : array, shape (K,), optional
        What a MW traded adds to the gross position: 1 unless given, -1 for what closes an opening.
    """

    names: tuple[str, ...]
    gain_eur_mw: FloatArray
    cost_eur_mw: FloatArray
    most_bought_mw: FloatArray
    most_sold_mw: FloatArray
    margin_eur_mw: FloatArray
    exposure_mwh: FloatArray
    gross_per_mw: FloatArray | None = None

    @property
    def gross(self) -> FloatArray:
        """`gross_per_mw` with its default."""
        return np.ones(len(self.names)) if self.gross_per_mw is None else self.gross_per_mw


@dataclass(frozen=True)
class Limits:
    """Limits over contracts and assets together; None for no limit.

    Attributes
    ----------
    factors : tuple of str, length F
    exposure_low_mwh, exposure_high_mwh : arrays, shape (F,)
        +-inf for no limit.
    gross_mw, margin_eur : float or None
        Sum over contracts of what they add to the gross position, and of margin.
    """

    factors: tuple[str, ...] = ()
    exposure_low_mwh: FloatArray = field(default_factory=lambda: np.zeros(0))
    exposure_high_mwh: FloatArray = field(default_factory=lambda: np.zeros(0))
    gross_mw: float | None = None
    margin_eur: float | None = None


@dataclass(frozen=True)
class JointProblem:
    """max E[P&L] - risk_aversion CVaR.

    Attributes
    ----------
    base_eur : array, shape (N,)
        P&L of everything that is not decided here.
    risk_aversion, confidence : float
        Confidence of the CVaR; the tail is 1 - confidence.
    """

    base_eur: FloatArray
    contracts: Contracts
    limits: Limits
    risk_aversion: float
    confidence: float

    def __post_init__(self) -> None:
        """Refuse shapes that do not fit and limits that exclude every answer, all problems at once."""
        n, k, f = self.base_eur.size, len(self.contracts.names), len(self.limits.factors)
        shapes = {
            "gain_eur_mw": (self.contracts.gain_eur_mw, (n, k)),
            "cost_eur_mw": (self.contracts.cost_eur_mw, (k,)),
            "most_bought_mw": (self.contracts.most_bought_mw, (k,)),
            "most_sold_mw": (self.contracts.most_sold_mw, (k,)),
            "margin_eur_mw": (self.contracts.margin_eur_mw, (k,)),
            "exposure_mwh": (self.contracts.exposure_mwh, (f, k)),
            "gross_per_mw": (self.contracts.gross, (k,)),
            "exposure_low_mwh": (self.limits.exposure_low_mwh, (f,)),
            "exposure_high_mwh": (self.limits.exposure_high_mwh, (f,)),
        }
        problems = [f"{name} has shape {a.shape}, not {wanted}" for name, (a, wanted) in shapes.items() if a.shape != wanted]
        if not problems:
            crossed = self.limits.exposure_low_mwh > self.limits.exposure_high_mwh
            problems += [f"exposure {name}: low is above high" for name, bad in zip(self.limits.factors, crossed, strict=True) if bad]
            negative = (self.contracts.most_bought_mw < 0) | (self.contracts.most_sold_mw < 0) | (self.contracts.cost_eur_mw < 0)
            problems += [f"{name}: a limit or cost is negative" for name, bad in zip(self.contracts.names, negative, strict=True) if bad]
        if self.risk_aversion < 0 or not 0 < self.confidence < 1:
            problems.append(f"risk_aversion {self.risk_aversion:g} must not be negative, confidence {self.confidence:g} lie in (0, 1)")
        if problems:
            raise ValueError("joint problem: " + "; ".join(problems))

    def pnl_eur(self, bought_mw: FloatArray, sold_mw: FloatArray, assets_eur: Sequence[FloatArray]) -> FloatArray:
        """P&L per scenario, shape (N,)."""
        contracts = self.contracts
        hedged = np.einsum("nk,k->n", contracts.gain_eur_mw, bought_mw - sold_mw) - float(contracts.cost_eur_mw @ (bought_mw + sold_mw))
        return np.asarray(self.base_eur + hedged + sum(assets_eur, np.zeros(self.base_eur.size)))

    def value_eur(self, pnl_eur: FloatArray) -> float:
        """E[P&L] - risk_aversion CVaR; the boundary scenario is weighted where the tail is not a whole number of them."""
        return float(pnl_eur.mean()) - self.risk_aversion * expected_shortfall(-pnl_eur, self.confidence)
