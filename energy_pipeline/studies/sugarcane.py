"""The worked example docs/examples/sugarcane.md: a sugarcane mill's product portfolio under six risk measures.

What belongs here: reading its five files, the mill as an allocation problem, its runs. What does
not: solving (`mathematics.allocation`), the page (`sugarcane_page`), figures (`sugarcane_figures`).

Run with `energy-pipeline study sugarcane DATA`. Money is in
million USD, amounts in thousand tonnes, m3 and MWh, so that both are of like size.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from energy_pipeline.domain.delivery import FloatArray
from energy_pipeline.mathematics.allocation import (
    Bounds,
    Linear,
    MaxMean,
    MeanDeviation,
    MinCvar,
    Minimax,
    MinVar,
    MinVariance,
    Problem,
    Solution,
    SolverError,
    evaluate,
    general,
    highs,
    solve,
    tail,
    value_at_risk,
)
from energy_pipeline.mathematics.allocation.covariance import sample
from energy_pipeline.mathematics.allocation.space import build

PRODUCTS = ("sug", "eth", "fre", "reg")
TITLES = {"sug": "sugar", "eth": "ethanol", "fre": "electricity, free market", "reg": "electricity, regulated"}
CANE_T = 3_000_000.0
ELECTRICITY_MWH_PER_T_CANE = 0.053
REGULATED_USD_MWH = 72.5
CONFIDENCE = 0.9
THOUSAND = 1e3
PRINTED = {
    "No risk": (64.78, -39.00, 103.78, 64_780_608.4, 159_000.0),
    "Mean-variance": (56.80, -34.87, 91.68, 56_801_237.35, 1_976.55),
    "MAD": (50.67, -39.02, 89.68, 50_666_115.0, 891.43),
}
"""Expected, minimum, difference [M USD], expected profit [USD] and electricity to the free market [MWh], as printed in the source."""


@dataclass(frozen=True)
class Mill:
    """The files as numbers.

    Attributes
    ----------
    prices : array, shape (868, 3)
        fre [USD/MWh], sug [USD/t], eth [USD/m3] by week.
    cost : mapping
        Production cost by product [USD per unit].
    juice_t : float
        Juice of the year [t].
    sugar_per_juice, ethanol_per_juice, ethanol_per_sugar : float
    factory_t, distillery_t : float
        Capacities [t juice].
    """

    prices: FloatArray
    cost: dict[str, float]
    juice_t: float
    sugar_per_juice: float
    ethanol_per_juice: float
    ethanol_per_sugar: float
    factory_t: float
    distillery_t: float

    @property
    def electricity_mwh(self) -> float:
        """Electricity of the year [MWh]."""
        return CANE_T * ELECTRICITY_MWH_PER_T_CANE

    @property
    def profits(self) -> FloatArray:
        """Profit per thousand units by week [M USD], shape (868, 4), in the order of PRODUCTS."""
        free, sugar, ethanol = self.prices.T
        revenue = np.column_stack([sugar, ethanol, free, np.full(len(free), REGULATED_USD_MWH)])
        result: FloatArray = (revenue - np.array([self.cost[p] for p in PRODUCTS])) / THOUSAND
        return result

    @property
    def returns(self) -> FloatArray:
        """Relative price changes, shape (867, 3), in the order fre, sug, eth."""
        result: FloatArray = np.diff(self.prices, axis=0) / self.prices[:-1]
        return result


def load(folder: Path) -> Mill:
    """Read the five files (they begin with a byte order mark).

    Raises
    ------
    FileNotFoundError
        When one is missing.
    """
    prices = np.array([[float(r[c]) for c in ("fre", "sug", "eth")] for r in _rows(folder / "historicalprices.csv")])
    conversion = {(r["resource"], r["process"]): r for r in _rows(folder / "conversions.csv")}
    capacity = {r["process"]: float(r["capacity"]) for r in _rows(folder / "Capacity.csv")}
    generation = {r["process"]: r for r in _rows(folder / "generation.csv")}
    return Mill(
        prices=prices,
        cost={r["saleable_product"]: float(r["cost"]) for r in _rows(folder / "OPEX.csv")},
        juice_t=CANE_T * float(conversion["cane", "mill"]["jui"]),
        sugar_per_juice=float(conversion["jui", "fact"]["sug"]),
        ethanol_per_juice=float(conversion["jui", "dist"]["eth"]),
        ethanol_per_sugar=float(generation["fact"]["mol"]) * float(conversion["mol", "dist"]["eth"]),
        factory_t=capacity["fact"],
        distillery_t=capacity["dist"],
    )


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def problem(mill: Mill, covariance: FloatArray | None = None) -> Problem:
    """The mill: four products, two degrees of freedom (sugar against ethanol, free against regulated electricity)."""
    per_sugar, per_ethanol = 1.0 / mill.sugar_per_juice, 1.0 / mill.ethanol_per_juice
    distilled = {"sug": -mill.ethanol_per_sugar * per_ethanol, "eth": per_ethanol}
    juice = {"sug": per_sugar + distilled["sug"], "eth": per_ethanol}
    electricity = mill.electricity_mwh / THOUSAND
    limits = (
        Bounds("not negative", 0.0),
        Linear("juice balance", juice, mill.juice_t / THOUSAND, mill.juice_t / THOUSAND),
        Linear("sugar factory", {"sug": per_sugar}, 0.0, mill.factory_t / THOUSAND),
        Linear("distillery", distilled, 0.0, mill.distillery_t / THOUSAND),
        Linear("electricity balance", {"fre": 1.0, "reg": 1.0}, electricity, electricity),
    )
    return Problem(PRODUCTS, mill.profits, limits=limits, covariance=covariance)


def printed_covariance(mill: Mill) -> FloatArray:
    """The source's covariance of relative returns in the order of PRODUCTS, regulated electricity without risk, shape (4, 4)."""
    full = sample(mill.returns)
    order = [1, 2, 0]
    result = np.zeros((4, 4))
    result[:3, :3] = full[np.ix_(order, order)]
    return result


def printed_mad(mill: Mill) -> FloatArray:
    """Optimum of the source's MAD [thousand units]: relative returns times amounts, 867 rows divided by 868, centred by their sum over 868."""
    returns = mill.returns[:, [1, 2, 0]]
    centred = returns - returns.sum(axis=0) / len(mill.prices)
    rows = np.column_stack([centred, np.zeros(len(centred))])
    both = tail.Tail(np.vstack([rows, -rows]), None, None, 1.0 / len(mill.prices), level=False)
    space = build(problem(mill))
    start = solve(problem(mill), MaxMean()).positions
    return tail.minimise(space, np.zeros(space.size), 1.0, both, start).y


def as_printed(mill: Mill) -> dict[str, FloatArray]:
    """The three runs the source printed: amounts in thousand units, shape (4,)."""
    return {
        "No risk": solve(problem(mill), MaxMean()).positions,
        "Mean-variance": solve(problem(mill, printed_covariance(mill)), MinVariance()).positions,
        "MAD": printed_mad(mill),
    }


def risk_optima(mill: Mill) -> dict[str, Solution]:
    """Risk of the profit itself, in money: variance, MAD, minimax, VaR, CVaR."""
    mine = problem(mill)
    return {
        "Variance of profit": solve(mine, MinVariance()),
        "MAD of profit": solve(mine, MeanDeviation()),
        "Minimax": solve(mine, Minimax()),
        "VaR": solve(mine, MinVar(CONFIDENCE, seconds=120.0)),
        "CVaR": solve(mine, MinCvar(CONFIDENCE)),
    }


def second_proof(mill: Mill, tolerance: float = 1e-7) -> dict[str, tuple[float, float, str]]:
    """Each tail optimum by another method: value, proven bound [M USD of loss], method."""
    mine = problem(mill)
    space = build(mine)
    found: dict[str, tuple[float, float, str]] = {}
    for name, measure in (("CVaR", tail.cvar_tail(mine.scenarios, None, CONFIDENCE, None)), ("Minimax", tail.worst_tail(mine.scenarios, None))):
        assembly = general.Assembly(space)
        best = general.solve(assembly, assembly.tail(measure))
        if best.status != highs.OPTIMAL:
            raise SolverError(f"HiGHS found the full programme of {name} {best.status}")
        found[name] = (best.value, best.bound, "full linear programme, HiGHS")
    low, high, scenarios, base = reduced(mill)
    _, value, bound = value_at_risk.by_boxes(low, high, scenarios, base, CONFIDENCE, tolerance)
    found["VaR"] = (value, bound, f"subdivision of the two degrees of freedom to {tolerance:g}")
    return found


def reduced(mill: Mill) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """The two degrees of freedom (sugar, free electricity): box, profit per unit, profit at zero [M USD, thousand units]."""
    p = mill.profits
    # ethanol = a + b sugar, regulated = total - free
    a = mill.ethanol_per_juice * mill.juice_t / THOUSAND
    b = mill.ethanol_per_sugar - mill.ethanol_per_juice / mill.sugar_per_juice
    total = mill.electricity_mwh / THOUSAND
    least_juice = max(mill.juice_t - mill.distillery_t, 0.0)
    low = np.array([mill.sugar_per_juice * least_juice / THOUSAND, 0.0])
    high = np.array([mill.sugar_per_juice * min(mill.factory_t, mill.juice_t) / THOUSAND, total])
    return low, high, np.column_stack([p[:, 0] + b * p[:, 1], p[:, 2] - p[:, 3]]), a * p[:, 1] + total * p[:, 3]


def numbers(mill: Mill, x: FloatArray) -> dict[str, float]:
    """Profit measures of amounts [M USD], losses as profits with their sign."""
    mine = problem(mill)
    profit = mine.pnl(x)
    return {
        "expected": float(profit.mean()),
        "minimum": float(profit.min()),
        "difference": float(profit.mean() - profit.min()),
        "VaR": -evaluate(mine, MinVar(CONFIDENCE), x),
        "CVaR": -evaluate(mine, MinCvar(CONFIDENCE), x),
        "deviation": float(profit.std(ddof=1)),
    }


@dataclass(frozen=True)
class Runs:
    """Everything the page shows: the printed runs, the optima of the profit's risk, their second proofs."""

    printed: dict[str, FloatArray]
    optima: dict[str, Solution]
    second: dict[str, tuple[float, float, str]]

    @property
    def tails(self) -> dict[str, FloatArray]:
        """Amounts of the tail optima."""
        return {name: s.positions for name, s in self.optima.items() if name in {"Minimax", "VaR", "CVaR"}}


def runs_of(mill: Mill) -> Runs:
    """Compute them all."""
    return Runs(as_printed(mill), risk_optima(mill), second_proof(mill))
